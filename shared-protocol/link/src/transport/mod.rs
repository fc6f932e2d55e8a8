//! What a session can run over: any ordered stream of bytes. TCP and memory live here; each is complete without
//! the other, and nothing above knows which it has.

pub mod memory;
pub mod tcp;

use tokio::io::{AsyncRead, AsyncWrite};

/// An ordered, reliable stream of bytes in both directions.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport for T {}
