//! A Farcall client whose connection the tool can cut (R). The session's way back is all Farcall's own.

use std::net::SocketAddr;

use bytes::Bytes;
use farcall_client::{Client, ClientEvent, Events};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use super::client::{failed, settings};
use super::contract::Mirror;
use super::same;
use super::wire::Hold;
use crate::contender::Severable;
use crate::failure::Failure;

/// Connects one.
pub(super) async fn connect(to: SocketAddr) -> Result<Box<dyn Severable>, Failure> {
    let hold = Hold::default();
    let dial = {
        let hold = hold.clone();
        move || hold.clone().dial(to)
    };
    let client = Client::connect_by(dial, settings(to)).await.map_err(failed)?;
    let events = Mutex::new(client.session().events());
    Ok(Box::new(Held { client, events, hold }))
}

struct Held {
    client: Client,
    events: Mutex<Events>,
    hold: Hold,
}

impl Severable for Held {
    fn echo<'a>(&'a self, body: &'a Bytes) -> BoxFuture<'a, Result<usize, Failure>> {
        async move { same(body, self.client.echo(body).await) }.boxed()
    }

    fn cut(&self) {
        self.hold.cut();
    }

    fn back(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async {
            let mut events = self.events.lock().await;
            loop {
                match events.next().await {
                    Some(ClientEvent::Resumed { .. }) => return Ok(()),
                    Some(ClientEvent::Closed(_)) | None => return Err(Failure::Lost),
                    Some(_) => {}
                }
            }
        }
        .boxed()
    }
}
