//! The raw answering end: one task per connection sends back what it reads. Looks at frames only to find their ends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::frame::Inbox;

/// Answers everyone who connects, until dropped; its connections end with it.
pub(super) async fn accept(listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A connection without it still answers, only slower; the caller's figures will show it.
                let _ = stream.set_nodelay(true);
                connections.spawn(answer(stream));
            }
            // Out of descriptors, as a rule: those who leave make room, spinning does not.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Answers one connection: everything that one read brought goes back in one write.
/// Awaiting the whole write is safe only because the calling end never stops reading.
pub(super) async fn answer(mut stream: TcpStream) {
    let mut inbox = Inbox::new();
    loop {
        match stream.read(inbox.room()).await {
            Ok(0) | Err(_) => return,
            Ok(bytes) => inbox.arrived(bytes),
        }
        let Ok(answers) = inbox.whole() else { return };
        if !answers.is_empty() && stream.write_all(answers).await.is_err() {
            return;
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
