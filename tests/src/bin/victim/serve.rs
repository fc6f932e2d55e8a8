//! The server that is killed: handlers that write down every call before they do anything about it, and hooks that write
//! down what happens to sessions.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use farcall_protocol::contracts;
use farcall_server::{
    Admission, BindError, Context, Limits, Server, ServerConfig, SessionEvent, State, States, route,
};
use farcall_tests::victim::{Entry, Held, Mill, Miller, flour, name};
use farcall_tests::waiting::until;
use tokio::time::{Instant, sleep_until, timeout};

use crate::journal::Journal;

/// A server.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen; port 0 lets the system choose.
    #[arg(long)]
    address: String,
    /// Which life of the server this is: part of every answer.
    #[arg(long)]
    life: u32,
    /// How long sessions wait for their players, in milliseconds.
    #[arg(long)]
    window_ms: u64,
}

/// How long the address may still be taken when a life begins: only by the life before, whose sockets the system closes.
const FREE_WITHIN: Duration = Duration::from_secs(5);
/// How long a server may take to let everything go that nobody needs any more (P22).
const REST_WITHIN: Duration = Duration::from_secs(5);
/// What calls in flight get when it ends in order.
const GRACE: Duration = Duration::from_secs(1);

/// What handlers know.
#[derive(Debug)]
struct Life {
    number: u32,
    journal: Arc<Journal>,
}

/// A handler at work: says so if it is stopped before it has answered.
struct Work<'a> {
    life: &'a Life,
    number: u64,
    is_done: bool,
}

impl Life {
    fn start(&self, number: u64) -> Work<'_> {
        self.journal.write(&Entry::Started(number));
        Work { life: self, number, is_done: false }
    }
}

impl Work<'_> {
    fn answer(mut self) -> u64 {
        self.is_done = true;
        self.life.journal.write(&Entry::Returned(self.number));
        flour(self.life.number, self.number)
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.life.journal.write(&Entry::Stopped(self.number));
        }
    }
}

#[route(Mill::grind)]
async fn grind(life: State<Life>, number: u64, micros: u32) -> u64 {
    let work = life.start(number);
    sleep_until(Instant::now() + Duration::from_micros(micros.into())).await;
    work.answer()
}

#[route(Mill::grind_together)]
async fn grind_together(ctx: Context, life: State<Life>, number: u64) -> u64 {
    let work = life.start(number);
    // Whether help came shows at the other end.
    let _ = ctx.peer().help(number).await;
    work.answer()
}

#[route(Mill::note)]
fn note(life: State<Life>, number: u64) {
    life.journal.write(&Entry::Noted(number));
}

impl Serve {
    /// Serves until it is killed, or until `told_to_end`: then it waits until nothing is held any more, says what is, and
    /// ends.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub async fn run(self, told_to_end: impl Future) -> Result<(), Box<dyn Error>> {
        let journal = Arc::new(Journal::on_stdout()?);
        let server = self.listen(&journal).await?;
        journal.write(&Entry::Listening(server.local_addr().ok_or("not listening")?));
        told_to_end.await;
        // Nothing but what is still held comes of it if it never rests.
        let _ = timeout(REST_WITHIN, until(|| held(&server) == Held::default())).await;
        journal.write(&Entry::Rest(held(&server)));
        server.shutdown(GRACE).await;
        Ok(())
    }

    async fn listen(&self, journal: &Arc<Journal>) -> Result<Server, BindError> {
        let until = Instant::now() + FREE_WITHIN;
        loop {
            match Server::bind(self.config(journal), admission(journal)).await {
                Err(BindError::Address { .. }) if Instant::now() < until => {
                    sleep_until(Instant::now() + Duration::from_millis(5)).await;
                }
                bound => return bound,
            }
        }
    }

    fn config(&self, journal: &Arc<Journal>) -> ServerConfig {
        ServerConfig {
            address: self.address.clone(),
            serves: contracts![Mill],
            states: States::new().with(Life { number: self.life, journal: journal.clone() }),
            limits: Limits { resume_window: Duration::from_millis(self.window_ms), ..Limits::default() },
            ..ServerConfig::default()
        }
    }
}

fn admission(journal: &Arc<Journal>) -> Admission {
    let (opens, changes, closes) = (journal.clone(), journal.clone(), journal.clone());
    Admission::anonymous()
        .opened(move |player| {
            let session = player.session();
            opens.write(&Entry::Opened { uid: session.uid().to_string(), session: name(&session) });
        })
        .changed(move |player, event| {
            let session = name(&player.session());
            match event {
                SessionEvent::Detached(_) => changes.write(&Entry::Detached(session)),
                SessionEvent::Resumed { .. } => changes.write(&Entry::Resumed(session)),
                other => unreachable!("{other:?}"),
            }
        })
        .closed(move |ended| {
            let (session, code) = (name(&ended.player.session()), ended.reason.code);
            closes.write(&Entry::Closed(session, code.name().to_owned()));
            std::future::ready(())
        })
}

fn held(server: &Server) -> Held {
    let stats = server.stats();
    Held {
        sessions: stats.sessions,
        players: stats.players,
        logins_pending: stats.logins_pending,
        calls: stats.calls_to_players + stats.calls_of_players,
        bytes: stats.bytes_held,
    }
}
