//! The proxy itself, between two plain sockets: what its faults look like to whoever reads.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A client's end and a server's, with the proxy between them.
async fn pair(prepare: impl FnOnce(&Proxy)) -> (Proxy, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::to(listener.local_addr().unwrap()).await.unwrap();
    prepare(&proxy);
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (proxy, client, server)
}

/// All that comes until the end, and how it ends.
async fn rest(from: &mut TcpStream) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut all = Vec::new();
    let end = from.read_to_end(&mut all).await;
    (all, end.map(|_| ()).map_err(|error| error.kind()))
}

#[tokio::test]
async fn everything_passes_both_ways_and_so_do_ends() {
    let (proxy, mut client, mut server) = pair(|_| ()).await;
    let sent: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
    let (to_server, to_client) = (sent.clone(), sent.clone());
    let talk = async {
        let (mut read, mut write) = client.split();
        let write = async {
            write.write_all(&to_server).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        tokio::join!(write, read.read_to_end(&mut all)).1.unwrap();
        all
    };
    let reply = async {
        let (all, end) = rest(&mut server).await;
        // One way has ended; the other has not.
        server.write_all(&to_client).await.unwrap();
        server.shutdown().await.unwrap();
        (all, end)
    };
    let (heard, (told, end)) = tokio::join!(talk, reply);
    assert!(heard == sent && told == sent && end.is_ok());
    assert_eq!((proxy.carried(Towards::Server), proxy.carried(Towards::Client)), (300_000, 300_000));
    assert_eq!((proxy.connections(), proxy.failed()), (1, 0));
}

#[tokio::test]
async fn a_fin_comes_after_exactly_so_many_bytes() {
    for bytes in [0, 1, 7, 20_000] {
        let (proxy, mut client, mut server) =
            pair(|proxy| proxy.fail_after(Fault::Fin, Towards::Server, bytes)).await;
        client.write_all(&[1; 20_001]).await.unwrap();
        assert_eq!(rest(&mut server).await, (vec![1; bytes as usize], Ok(())));
        assert_eq!(rest(&mut client).await, (vec![], Ok(())));
        assert_eq!(proxy.failed(), 1);
    }
}

#[tokio::test]
async fn a_reset_reaches_both_ends() {
    let (_proxy, mut client, mut server) =
        pair(|proxy| proxy.fail_after(Fault::Rst, Towards::Client, 5)).await;
    server.write_all(b"hello world").await.unwrap();
    let (read, end) = rest(&mut client).await;
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
    assert!(b"hello".starts_with(&read[..]), "{read:?}");
    assert_eq!(rest(&mut server).await, (vec![], Err(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn in_a_black_hole_nothing_passes_and_nobody_is_told() {
    let (proxy, mut client, mut server) =
        pair(|proxy| proxy.fail_after(Fault::BlackHole, Towards::Server, 3)).await;
    client.write_all(b"lost").await.unwrap();
    let mut three = [0; 3];
    server.read_exact(&mut three).await.unwrap();
    until(|| proxy.failed() == 1).await;
    server.write_all(b"lost as well").await.unwrap();
    client.write_all(b"and more").await.unwrap();
    let silence = tokio::time::timeout(ms(100), async {
        tokio::select! { heard = server.read_u8() => heard, heard = client.read_u8() => heard }
    });
    assert!(silence.await.is_err());
    // The proxy holds the sockets no longer than it is held itself.
    drop(proxy);
    assert!(rest(&mut client).await.0.is_empty() && rest(&mut server).await.0.is_empty());
}

#[tokio::test]
async fn what_is_held_goes_on_and_what_is_refused_is_reset() {
    let (proxy, mut client, mut server) = pair(|_| ()).await;
    proxy.hold(Towards::Server, true);
    client.write_all(b"late").await.unwrap();
    server.write_all(b"soon").await.unwrap();
    let (mut soon, mut late) = ([0; 4], [0; 4]);
    client.read_exact(&mut soon).await.unwrap();
    assert!(tokio::time::timeout(ms(50), server.read_u8()).await.is_err());
    proxy.hold(Towards::Server, false);
    server.read_exact(&mut late).await.unwrap();
    assert_eq!((&soon, &late), (b"soon", b"late"));
    proxy.refuse(true);
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(rest(&mut refused).await.1, Err(ErrorKind::ConnectionReset));
    proxy.fail(Fault::Fin);
    assert_eq!(rest(&mut client).await, (vec![], Ok(())));
    assert_eq!((proxy.connections(), proxy.failed()), (1, 1));
}
