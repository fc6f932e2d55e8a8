//! The server: answers, talks when it is asked to, and accounts for both. For one player, once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use farcall_protocol::contracts;
use farcall_server::{Admission, Context, Limits, Server, ServerConfig, SessionEvent, State, States, route};
use tokio::task::JoinHandle;

use crate::tally::{Account, Book, Guest as _, Hall};

/// How it is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen.
    #[arg(long)]
    listen: String,
    /// How often it pings.
    #[arg(long)]
    heartbeat_ms: u64,
    /// The silence after which a peer is taken for gone.
    #[arg(long)]
    silence_ms: u64,
}

/// What the server says by itself, while it does.
#[derive(Debug, Default)]
struct Talking(Mutex<Option<JoinHandle<()>>>);

#[route(Hall::ask)]
fn ask(ctx: Context, book: State<Book>, number: u32) -> u32 {
    book.seen_at(&ctx.address());
    book.open().asks.take(number);
    number
}

#[route(Hall::note)]
fn note(book: State<Book>, number: u32, _filler: Vec<u8>) {
    book.open().notes.take(number);
}

#[route(Hall::begin)]
fn begin(ctx: Context, book: State<Book>, talking: State<Talking>, filler_bytes: u32) {
    let (player, book) = (ctx.peer().session().owned(), Book::clone(&book));
    let talk = tokio::spawn(async move {
        let filler = vec![0_u8; filler_bytes as usize];
        let ask = |number| {
            let call = player.asked(number);
            async { call.await.ok() }
        };
        book.talk(|number| player.told(number, &filler), ask).await;
    });
    *talking.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(talk);
}

#[route(Hall::stop)]
async fn stop(book: State<Book>, talking: State<Talking>) -> Account {
    book.close();
    let talk = talking.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(talk) = talk {
        // A panic in it shows in what it has not counted.
        let _ = talk.await;
    }
    let account = book.open();
    account.clone()
}

/// Serves until it is killed. Says where it listens as soon as it does.
#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    let book = Book::default();
    let limits = Limits {
        heartbeat: Duration::from_millis(arguments.heartbeat_ms),
        silence_max: Duration::from_millis(arguments.silence_ms),
        deadline_default: Duration::from_secs(60),
        ..Limits::default()
    };
    let config = ServerConfig {
        address: arguments.listen,
        serves: contracts![Hall],
        states: States::new().with(book.clone()).with(Talking::default()),
        limits,
        ..ServerConfig::default()
    };
    let admission = Admission::anonymous().changed(move |_, event| match event {
        SessionEvent::Detached(why) => book.open().detached.push(why.code.name().to_owned()),
        SessionEvent::Resumed { .. } => book.open().resumed += 1,
        _ => {}
    });
    let server = Server::bind(config, admission).await.map_err(|error| error.to_string())?;
    println!("listening on {}", server.local_addr().ok_or("not listening")?);
    std::future::pending().await
}
