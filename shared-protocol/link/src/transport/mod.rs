//! What a session can run over: any ordered stream of bytes. TCP and memory live here; each is complete without
//! the other, and nothing above knows which it has.

pub mod memory;
pub mod tcp;

use std::any::Any;
use std::io::{self, IoSlice};

use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::tcp::OwnedWriteHalf;

use crate::writing::{Joined, Writing};

/// An ordered, reliable stream of bytes in both directions. Whatever reads and writes is one.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The way past the connection's own task, where it has one. There is one, for whoever asks first.
    #[doc(hidden)]
    fn take_shortcut(&mut self) -> Option<Shortcut>;

    /// The same connection, woken by the runtime in which this is called. To be done before anything else holds a part of it.
    ///
    /// # Errors
    /// Of the system, or of a runtime that cannot watch it: the connection is gone then.
    #[doc(hidden)]
    fn moved_here(self: Box<Self>) -> io::Result<Box<dyn Transport>>;
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport for T {
    fn take_shortcut(&mut self) -> Option<Shortcut> {
        let this: &mut dyn Any = self;
        if let Some(boxed) = this.downcast_mut::<Box<dyn Transport>>() {
            return (**boxed).take_shortcut();
        }
        this.downcast_mut::<tcp::Stream>().and_then(tcp::Stream::take_shortcut)
    }

    fn moved_here(self: Box<Self>) -> io::Result<Box<dyn Transport>> {
        let this: Box<dyn Any> = self;
        let this = match this.downcast::<Box<dyn Transport>>() {
            Ok(boxed) => return (*boxed).moved_here(),
            Err(this) => this,
        };
        match this.downcast::<tcp::Stream>() {
            Ok(stream) => Ok(Box::new(stream.registered_here()?)),
            // No other kind has a runtime of its own that this crate knows of: it goes on being woken as it was.
            Err(this) => {
                this.downcast::<T>().map(|same| same as _).map_err(|_| io::ErrorKind::Unsupported.into())
            }
        }
    }
}

/// Writes to a connection from outside of its task: an optimisation of TCP, without which every transport is right.
#[derive(Debug)]
pub struct Shortcut(Option<OwnedWriteHalf>);

impl Shortcut {
    /// Writes what the connection takes at once.
    pub(crate) fn write(&self, writing: &Writing) -> io::Result<usize> {
        let Some(write) = &self.0 else { return Ok(0) };
        let mut joined = Joined::new();
        match writing.in_one(&mut joined) {
            Some(piece) => write.try_write(piece),
            None => {
                let pieces: SmallVec<[IoSlice<'_>; 4]> =
                    writing.rest().iter().map(|piece| IoSlice::new(piece)).collect();
                write.try_write_vectored(&pieces)
            }
        }
    }
}

impl Drop for Shortcut {
    fn drop(&mut self) {
        // By itself it would end the connection's writing, which goes on without a shortcut.
        if let Some(write) = self.0.take() {
            write.forget();
        }
    }
}
