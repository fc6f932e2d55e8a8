//! For programs without a runtime of their own, such as a game engine's loop: sessions run on a thread of the library's,
//! and nothing here is `async`.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::client::{Client, ConnectError, ServerSession};
use crate::config::ClientConfig;

/// A client on its way to its server: ask with [`poll`](Self::poll), once a frame, or wait. Dropping it gives the attempt up.
#[derive(Debug)]
#[must_use = "dropping it gives the attempt up"]
pub struct Starting {
    arrival: oneshot::Receiver<Result<Client, ConnectError>>,
}

impl Client {
    /// Connects as [`connect`](Self::connect) does, on a thread of the library's own: for programs without a runtime.
    pub fn start(config: ClientConfig) -> Starting {
        let address = config.address.clone();
        Starting::begin(&address, Self::connect(config))
    }
}

impl Starting {
    /// Begins to connect on the library's thread; `address` is for whom it cannot be told otherwise.
    pub(crate) fn begin(
        address: &str,
        connecting: impl Future<Output = Result<Client, ConnectError>> + Send + 'static,
    ) -> Self {
        let (arrives, arrival) = oneshot::channel();
        match runtime() {
            Ok(runtime) => {
                runtime.spawn(async {
                    let mut arrives = arrives;
                    tokio::select! {
                        biased;
                        // Whoever has dropped the receiver does not want it any more.
                        () = arrives.closed() => {}
                        client = connecting => {
                            let _ = arrives.send(client);
                        }
                    }
                });
            }
            Err(error) => {
                let _ = arrives.send(Err(ConnectError::Address { address: address.to_owned(), error }));
            }
        }
        Self { arrival }
    }

    /// Whether it has got there, or why not; `None` as long as it is on its way, and when it has said so before.
    pub fn poll(&mut self) -> Option<Result<Client, ConnectError>> {
        self.arrival.try_recv().ok()
    }

    /// Waits until it has got there. Not from within a runtime, whose thread it would block.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn wait(self) -> Result<Client, ConnectError> {
        let ended = |_| ConnectError::Address {
            address: String::new(),
            error: io::Error::other("the thread that connects has ended"),
        };
        self.arrival.blocking_recv().map_err(ended)?
    }
}

impl ServerSession<'_> {
    /// Ends the session in order and waits until it is over, for at most so long: what a program without a runtime does
    /// last. Not from within a runtime, nor from a frame handler.
    pub fn leave_and_wait(self, time: Duration) {
        if let Ok(runtime) = runtime() {
            // Made within the runtime, whose clock it needs.
            let _ = runtime.block_on(async { tokio::time::timeout(time, self.leave()).await });
        }
    }
}

/// One for all clients of the program, for as long as it runs.
fn runtime() -> io::Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime =
        Builder::new_multi_thread().worker_threads(1).thread_name("farcall").enable_all().build()?;
    // Two that begin together: one runtime is kept, the other has nothing to do and ends.
    Ok(RUNTIME.get_or_init(|| runtime))
}
