//! The player: talks with the server for so long, then compares what each has sent with what the other has seen.

use std::time::Duration;

use farcall_client::{Client, ClientConfig, ClientEvent, Limits, State, States, route};
use farcall_protocol::contracts;
use tokio::time::{Instant, sleep_until};

use crate::tally::{Account, Book, Guest, Hall as _};

/// What it does.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the server is.
    #[arg(long)]
    server: String,
    /// What to call this run.
    #[arg(long)]
    name: String,
    /// How long to talk.
    #[arg(long)]
    seconds: u64,
    /// How long each message is, besides its number.
    #[arg(long)]
    filler_bytes: u32,
    /// What must have become of the connection.
    #[arg(long)]
    connection: Connection,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Connection {
    /// Neither end has taken the other for gone.
    Kept,
    /// The session has gone on over another.
    Resumed,
    /// And that from another address.
    Moved,
}

#[route(Guest::asked)]
fn asked(book: State<Book>, number: u32) -> u32 {
    book.open().asks.take(number);
    number
}

#[route(Guest::told)]
fn told(book: State<Book>, number: u32, _filler: Vec<u8>) {
    book.open().notes.take(number);
}

/// Talks, then prints one line.
///
/// # Errors
/// The first promise that was broken, in words.
#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> Result<(), String> {
    let book = Book::default();
    let config = ClientConfig::new(&arguments.server, "ann").map_err(|error| error.to_string())?;
    let config = ClientConfig {
        serves: contracts![Guest],
        states: States::new().with(book.clone()),
        limits: Limits { deadline_default: Duration::from_secs(60), ..Limits::default() },
        ..config
    };
    let server = Client::connect(config).await.map_err(|error| error.to_string())?;
    tokio::spawn(watch(server.clone(), book.clone()));
    server.begin(arguments.filler_bytes).await.map_err(|error| error.to_string())?;
    let end = async {
        sleep_until(Instant::now() + Duration::from_secs(arguments.seconds)).await;
        book.close();
    };
    let filler = vec![0_u8; arguments.filler_bytes as usize];
    let ask = |number| {
        let call = server.ask(number);
        async { call.await.ok() }
    };
    tokio::join!(book.talk(|number| server.note(number, &filler), ask), end);
    let theirs = server.stop().await.map_err(|error| match server.session().closed_reason() {
        Some(reason) => format!("{}: the session is over: {reason:?}", arguments.name),
        None => format!("{}: {error}", arguments.name),
    })?;
    let ours = book.open().clone();
    compare(&arguments, &ours, &theirs)
}

/// Counts what becomes of the connection.
async fn watch(server: Client, book: Book) {
    let mut events = server.session().events();
    while let Some(event) = events.next().await {
        match event {
            ClientEvent::Detached(why) => book.open().detached.push(why.code.name().to_owned()),
            ClientEvent::Resumed { .. } => book.open().resumed += 1,
            _ => {}
        }
    }
}

/// Prints what has happened, and says what should not have.
fn compare(arguments: &Arguments, ours: &Account, theirs: &Account) -> Result<(), String> {
    let Arguments { name, seconds, connection, .. } = arguments;
    let ways = [(ours, theirs), (theirs, ours)];
    let sum = |count: fn(&Account, &Account) -> u32| -> u32 {
        ways.iter().map(|(sender, taker)| count(sender, taker)).sum()
    };
    let lost = sum(|sender, taker| {
        taker.notes.missing(sender.notes_sent) + taker.asks.missing(sender.asks_answered)
    });
    let repeated = sum(|_, taker| taker.notes.repeated + taker.asks.repeated);
    let failed = sum(|sender, _| sender.asks_failed);
    let (messages, calls) = (sum(|sender, _| sender.notes_sent), sum(|sender, _| sender.asks_answered));
    println!(
        "{name:<8} {seconds:>3} s  {messages:>5} messages {calls:>5} calls  slowest {:>5} ms  {lost} lost  \
         {repeated} repeated  {failed} failed\n         detached: {} (server), {} (player)  resumed {}  from {}",
        ours.slowest_ms.max(theirs.slowest_ms),
        reasons(theirs),
        reasons(ours),
        ours.resumed,
        theirs.addresses.join(", then "),
    );
    if lost + repeated + failed > 0 || messages == 0 || calls == 0 {
        return Err(format!("{name}: not everything arrived once: {ours:?} {theirs:?}"));
    }
    let detached = ours.detached.len() + theirs.detached.len();
    let fits = match connection {
        Connection::Kept => detached == 0,
        Connection::Resumed => detached > 0 && ours.resumed > 0,
        Connection::Moved => ours.resumed > 0 && theirs.addresses.len() > 1,
    };
    if fits { Ok(()) } else { Err(format!("{name}: the connection was not {connection:?}")) }
}

/// Why one end has lost its connections.
fn reasons(account: &Account) -> String {
    if account.detached.is_empty() { "never".to_owned() } else { account.detached.join(", ") }
}
