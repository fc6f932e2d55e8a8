//! The ceiling: a framed echo on bare tokio, as fast as we know how to write it, with no session and no promises.
//!
//! One task per connection and end. Callers queue into one buffer; the connection's task yields once before it
//! writes, so that every ready caller joins the same write; a caller that is alone writes by itself.

mod caller;
mod driver;
mod echo;
mod frame;
mod line;

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

pub use self::caller::RawCaller;
pub use self::echo::RawAnswerer;
use crate::contender::{Contender, Server};
use crate::failure::Failure;
use crate::plan::Direction;

/// The raw echo as a contender.
#[derive(Debug, Clone, Copy)]
pub struct Raw;

impl Contender for Raw {
    type Server = RawServer;
    type Client = RawCaller;
    type Answerer = RawAnswerer;

    fn name(self) -> &'static str {
        "raw"
    }

    async fn serve(self, at: SocketAddr, calls: Direction) -> Result<RawServer, Failure> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let role = match calls {
            Direction::ToServer => {
                Role::Answers(AbortOnDropHandle::new(tokio::spawn(echo::accept(listener))))
            }
            Direction::ToClient | Direction::Push => Role::Speaks(listener),
        };
        Ok(RawServer { address, role, audience: Vec::new() })
    }

    async fn connect(self, to: SocketAddr) -> Result<RawCaller, Failure> {
        RawCaller::over(TcpStream::connect(to).await?)
    }

    async fn join(self, to: SocketAddr) -> Result<RawAnswerer, Failure> {
        RawAnswerer::over(TcpStream::connect(to).await?)
    }
}

/// The raw listening end.
#[derive(Debug)]
pub struct RawServer {
    address: SocketAddr,
    role: Role,
    /// Whom it pushes to.
    audience: Vec<RawCaller>,
}

/// What the listening end does with whoever connects.
#[derive(Debug)]
enum Role {
    /// Echoes; held only so that dropping the server ends its task.
    Answers(#[expect(dead_code, reason = "held for its drop")] AbortOnDropHandle<()>),
    /// Waits to be asked for callers, or for its audience.
    Speaks(TcpListener),
}

impl Server for RawServer {
    type Caller = RawCaller;

    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn clients(&mut self, wanted: usize) -> Result<Vec<RawCaller>, Failure> {
        let Role::Speaks(listener) = &self.role else { return Err(Failure::CannotCallClients) };
        let mut callers = Vec::with_capacity(wanted);
        while callers.len() < wanted {
            let (stream, _) = listener.accept().await?;
            callers.push(RawCaller::over(stream)?);
        }
        Ok(callers)
    }

    async fn audience(&mut self, wanted: usize) -> Result<(), Failure> {
        self.audience = self.clients(wanted).await?;
        Ok(())
    }

    async fn push(&self, body: &[u8]) -> Result<(), Failure> {
        let mut encoded = Vec::new();
        frame::put(&mut encoded, frame::PUSH, body)?;
        self.audience.iter().try_for_each(|client| client.push(&encoded))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use tokio::time::timeout;

    use super::*;
    use crate::contender::{Answerer, Caller};

    const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    #[tokio::test]
    async fn what_is_sent_comes_back() {
        let server = Raw.serve(ANY, Direction::ToServer).await.unwrap();
        let client = Raw.connect(server.address()).await.unwrap();
        assert_eq!(client.echo(&Bytes::from_static(b"hello")).await, Ok(5));
        assert_eq!(client.echo(&Bytes::from_static(b"")).await, Ok(0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_in_flight_each_get_their_own_bytes() {
        let server = Raw.serve(ANY, Direction::ToServer).await.unwrap();
        let client = Raw.connect(server.address()).await.unwrap();
        let bodies: Vec<Bytes> = (0..300_usize).map(|i| vec![i as u8; i * 7].into()).collect();
        for _ in 0..5 {
            // The caller compares the bytes, so `Ok` says that they were its own.
            let replies = join_all(bodies.iter().map(|body| client.echo(body))).await;
            assert!(replies.iter().zip(&bodies).all(|(reply, body)| reply == &Ok(body.len())), "{replies:?}");
        }
    }

    #[tokio::test]
    async fn a_body_larger_than_every_buffer_comes_back() {
        let server = Raw.serve(ANY, Direction::ToServer).await.unwrap();
        let client = Raw.connect(server.address()).await.unwrap();
        let body = vec![7; 3 << 20].into();
        let echoes = join_all([client.echo(&body), client.echo(&body)]);
        let replies = timeout(Duration::from_secs(10), echoes).await.unwrap();
        assert_eq!(replies, [Ok(body.len()), Ok(body.len())]);
    }

    #[tokio::test]
    async fn a_dropped_call_disturbs_nobody() {
        let server = Raw.serve(ANY, Direction::ToServer).await.unwrap();
        let client = Raw.connect(server.address()).await.unwrap();
        for _ in 0..100 {
            assert_eq!(client.echo(&Bytes::from_static(b"dropped")).now_or_never(), None);
            assert_eq!(client.echo(&Bytes::from_static(b"kept, and longer")).await, Ok(16));
        }
    }

    #[tokio::test]
    async fn the_server_calls_who_joined() {
        let mut server = Raw.serve(ANY, Direction::ToClient).await.unwrap();
        let _joined = [Raw.join(server.address()).await.unwrap(), Raw.join(server.address()).await.unwrap()];
        for caller in server.clients(2).await.unwrap() {
            assert_eq!(caller.echo(&Bytes::from_static(b"are you there?")).await, Ok(14));
        }
    }

    #[tokio::test]
    async fn pushes_reach_everyone_and_are_counted() {
        let mut server = Raw.serve(ANY, Direction::Push).await.unwrap();
        let joined = [Raw.join(server.address()).await.unwrap(), Raw.join(server.address()).await.unwrap()];
        server.audience(2).await.unwrap();
        for _ in 0..1_000 {
            server.push(&[7; 64]).await.unwrap();
        }
        let all_here = async {
            while joined.iter().any(|client| client.received() < 1_000) {
                tokio::task::yield_now().await;
            }
        };
        assert!(timeout(Duration::from_secs(10), all_here).await.is_ok());
        assert!(joined.iter().all(|client| client.received() == 1_000));
    }

    #[tokio::test]
    async fn a_client_that_left_is_a_failed_push() {
        let mut server = Raw.serve(ANY, Direction::Push).await.unwrap();
        let leaves = Raw.join(server.address()).await.unwrap();
        server.audience(1).await.unwrap();
        drop(leaves);
        let failed = timeout(Duration::from_secs(10), async {
            while server.push(b"x").await.is_ok() {
                tokio::task::yield_now().await;
            }
        });
        assert!(failed.await.is_ok());
    }

    #[tokio::test]
    async fn a_server_that_vanishes_is_a_lost_connection() {
        let server = Raw.serve(ANY, Direction::ToServer).await.unwrap();
        let client = Raw.connect(server.address()).await.unwrap();
        assert_eq!(client.echo(&Bytes::from_static(b"x")).await, Ok(1));
        drop(server);
        let ended = timeout(Duration::from_secs(5), async {
            while client.echo(&Bytes::from_static(b"x")).await.is_ok() {}
        })
        .await;
        assert!(ended.is_ok());
        assert_eq!(client.echo(&Bytes::from_static(b"x")).await, Err(Failure::Lost));
    }
}
