//! Lengths that a peer only claims cost nothing: what is allocated follows the bytes that came. Alone in its
//! process, because it counts every allocation in it.

#[path = "memory/counting.rs"]
mod counting;

use std::sync::atomic::Ordering;

use counting::{IN_USE, LARGEST};
use farcall_server::{Admission, ServerConfig};
use farcall_tests::waiting::until;
use farcall_tests::{Over, Table};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 500;

fn login(uid: &str) -> Vec<u8> {
    let mut hello = b"FARCALL".to_vec();
    hello.extend([1, 0, 1, 0]);
    hello.extend([0; 32]);
    hello.extend([1, 1]);
    for number in [128_u32, 192, 65_536] {
        hello.extend(number.to_le_bytes());
    }
    let auth = [&[0, uid.len() as u8][..], uid.as_bytes(), &[0; 7]].concat();
    let frame = |kind: u8, payload: &[u8]| {
        [&(payload.len() as u32 + 2).to_le_bytes()[..], &[kind, 0], payload].concat()
    };
    [frame(1, &hello), frame(3, &auth)].concat()
}

async fn connect(table: &Table) -> TcpStream {
    let address = table.server.local_addr().expect("an address");
    TcpStream::connect(address).await.expect("a connection")
}

/// Bytes in use beyond `before`, for each connection.
fn each_since(before: usize) -> usize {
    IN_USE.load(Ordering::SeqCst).saturating_sub(before) / CONNECTIONS
}

#[tokio::test]
async fn a_claimed_length_reserves_nothing() {
    let table = Table::start(Over::Tcp, ServerConfig::default(), Admission::anonymous()).await;
    let server = &table.server;

    // Before the login: the largest length that is not refused at once, and not one byte of it.
    let before = IN_USE.load(Ordering::SeqCst);
    let mut strangers = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stranger = connect(&table).await;
        stranger.write_all(&[0, 16, 0, 0, 1, 0, b'F']).await.expect("sent");
        strangers.push(stranger);
    }
    until(|| server.stats().logins_pending == CONNECTIONS as u64).await;
    let each = each_since(before);
    assert!(each < 16 << 10, "{each} bytes for each connection that has not logged in (L5: 16 KiB)");

    // 4 GiB: refused from the header alone.
    LARGEST.store(0, Ordering::SeqCst);
    for stranger in &mut strangers {
        *stranger = connect(&table).await;
        stranger.write_all(&[0xff; 6]).await.expect("sent");
    }
    until(|| server.stats().logins_pending == 0).await;
    let largest = LARGEST.load(Ordering::SeqCst);
    assert!(largest < 64 << 10, "{largest} bytes were asked for at once");
    drop(strangers);

    // In a session: a frame as large as is allowed, of which only the header ever comes.
    let before = IN_USE.load(Ordering::SeqCst);
    LARGEST.store(0, Ordering::SeqCst);
    let mut players = Vec::new();
    for n in 0..CONNECTIONS {
        let mut player = connect(&table).await;
        player.write_all(&login(&format!("p{n}"))).await.expect("sent");
        let mut welcome = [0; 512];
        assert!(player.read(&mut welcome).await.expect("an answer") > 0);
        let len = (65_536_u32 + 2_048).to_le_bytes();
        player.write_all(&[&len[..], &[0x12, 0, 1, 2, 3]].concat()).await.expect("sent");
        players.push(player);
    }
    until(|| server.stats().sessions == CONNECTIONS as u64).await;
    let (each, largest) = (each_since(before), LARGEST.load(Ordering::SeqCst));
    assert!(each < 16 << 10, "{each} bytes for each session that claims a large frame");
    // The one read buffer of a thread is 256 KiB.
    assert!(largest <= 256 << 10, "{largest} bytes were asked for at once");

    drop(players);
    until(|| server.stats().sessions == 0).await;
}
