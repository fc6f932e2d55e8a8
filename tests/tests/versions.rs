//! A new version beside the old one: clients of another build at one server, what they may still call, and how one
//! that is too old is turned away.

use farcall_client::{CallError, ClientConfig, ConnectError, LoginError, LoginFailed, NotExecuted, Refusal};
use farcall_protocol::handshake::Metadata;
use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, ServerConfig, route};
use farcall_tests::kept::Kept;
use farcall_tests::{Over, Table, over_both_transports};

/// What the server of yesterday serves.
#[contract(served_by = server)]
pub trait Tavern {
    /// Adds two numbers.
    async fn sum(x: i64, y: i64) -> i64;
    /// Brings a drink.
    async fn order(drink: String) -> u32;
}

/// The same contract as the client of today has it.
mod today {
    use farcall_protocol::contract;

    /// Renamed in Rust, and not on the wire.
    #[contract(served_by = server, name = "Tavern")]
    pub trait Inn {
        /// Renamed in Rust, too.
        #[route(name = "sum")]
        async fn add(x: i64, y: i64) -> i64;
        /// Takes more than it did.
        async fn order(drink: String, size: u8) -> u32;
        /// New.
        async fn pay(coins: u32) -> u32;
    }
}

#[route(Tavern::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x + y
}

#[route(Tavern::order)]
fn order(drink: String) -> u32 {
    drink.len() as u32
}

/// The builds and facts that admission has seen.
type Seen = Kept<(u32, Metadata)>;

/// A server that takes builds from 3 on.
async fn tavern(over: Over) -> (Table, Seen) {
    let seen = Seen::default();
    let seeing = seen.clone();
    let admission = Admission::new(move |arrival| {
        seeing.add((arrival.build, arrival.metadata.clone()));
        async move {
            if arrival.build < 3 {
                let (message, url) = ("build 3 or newer".into(), "https://game.example/update".into());
                return Err(Refusal::UpdateRequired { message, url });
            }
            Ok(arrival.uid)
        }
    });
    let config = ServerConfig { serves: contracts![Tavern], ..ServerConfig::default() };
    (Table::start(over, config, admission).await, seen)
}

over_both_transports! {
    async fn an_old_build_is_told_where_the_new_one_is(over: Over) {
        let (table, seen) = tavern(over).await;
        let facts = |os: &str| vec![("os".to_owned(), os.to_owned()), ("store".into(), "none".into())];
        let with = |build, metadata| ClientConfig { build, metadata, ..table.player("ann") };
        let refused = table.connect(with(2, facts("plan9"))).await.map(drop).unwrap_err();
        let ConnectError::Login(LoginFailed::Login(LoginError::Refused(refusal))) = refused else {
            panic!("{refused:?}")
        };
        let Refusal::UpdateRequired { message, url } = refusal else { panic!("{refusal:?}") };
        assert_eq!((&message[..], &url[..]), ("build 3 or newer", "https://game.example/update"));
        let ann = table.connect(with(3, facts("linux"))).await.unwrap();
        assert_eq!(ann.sum(2, 3).await, Ok(5));
        assert_eq!(seen.all(), [(2, facts("plan9")), (3, facts("linux"))]);
    }

    async fn only_what_has_changed_can_no_longer_be_called(over: Over) {
        use today::Inn;
        let (table, _) = tavern(over).await;
        let ann = table.connect(ClientConfig { build: 3, ..table.player("ann") }).await.unwrap();
        assert_eq!(ann.add(2, 3).await, Ok(5), "other names in Rust, the same on the wire");
        let changed = Inn::order(&ann, "ale", 2).await.unwrap_err();
        // As the server sees it: its own is what it serves.
        let (ours, theirs) = (Inn.order.descriptor().signature, Tavern.order.descriptor().signature);
        assert_eq!(changed, CallError::NotExecuted(NotExecuted::SignatureMismatch { ours, theirs }));
        let new = ann.pay(1).await.unwrap_err();
        assert_eq!(new, CallError::NotExecuted(NotExecuted::UnknownRoute));
        for error in [changed, new] {
            assert!(!error.may_have_run(), "{error}");
        }
        assert_eq!(ann.add(2, 4).await, Ok(6), "the session goes on");
    }
}
