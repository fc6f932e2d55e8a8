//! What the pipe's two ends say to each other: one enum, encoded by postcard into one binary WebSocket message.

use bytes::Bytes;
use farcall_load::Failure;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;

/// One message. The body is borrowed from the bytes that it was read from.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub enum Frame<'a> {
    /// Asks for a reply that bears the same id.
    Call {
        /// Of the calling end's choice.
        id: u32,
        /// The argument.
        #[serde(borrow, with = "serde_bytes")]
        body: &'a [u8],
    },
    /// Answers a call.
    Reply {
        /// The call's.
        id: u32,
        /// What the call returns.
        #[serde(borrow, with = "serde_bytes")]
        body: &'a [u8],
    },
    /// Wants no answer.
    Push {
        /// The news.
        #[serde(borrow, with = "serde_bytes")]
        body: &'a [u8],
    },
}

impl<'a> Frame<'a> {
    /// As a message.
    pub fn encode(&self) -> Result<Message, Failure> {
        let bytes = postcard::to_stdvec(self).map_err(|_| Failure::TooLarge)?;
        Ok(Message::Binary(bytes.into()))
    }

    /// Of what a binary message brought.
    pub fn decode(bytes: &'a Bytes) -> Result<Frame<'a>, Failure> {
        postcard::from_bytes(bytes).map_err(|_| Failure::Malformed)
    }
}
