//! What a client's own program is told of its session, and what a handler knows of the call it answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use farcall_client::{ClientEvent, CloseCode};
use farcall_protocol::{contract, contracts};
use farcall_server::{Address, Admission, Context, ServerConfig, State, States, route};
use farcall_tests::{Over, Table, over_both_transports};
use tokio::sync::mpsc;

use crate::hall::hall;

/// What players call here.
#[contract(served_by = server)]
pub trait Desk {
    /// Notes what is known of the call.
    async fn note() -> bool;
    /// The same for a message.
    #[notify]
    fn drop_by();
}

/// What a handler knows of its call.
#[derive(Debug, Clone)]
struct Known {
    uid: String,
    session: String,
    address: Address,
    left: Duration,
}

impl Known {
    fn of(ctx: &Context) -> Self {
        let (uid, session) = (ctx.uid().to_string(), ctx.session_id().to_string());
        let left = ctx.deadline().saturating_duration_since(Instant::now());
        Self { uid, session, address: ctx.address(), left }
    }
}

#[route(Desk::note)]
async fn note(ctx: Context, known: State<mpsc::Sender<Known>>) -> bool {
    known.try_send(Known::of(&ctx)).is_ok()
}

#[route(Desk::drop_by)]
fn drop_by(known: State<mpsc::Sender<Known>>, ctx: Context) {
    known.try_send(Known::of(&ctx)).expect("room");
}

over_both_transports! {
    async fn a_handler_knows_who_calls_from_where_and_until_when(over: Over) {
        let (sender, mut known) = mpsc::channel::<Known>(9);
        let states = States::new().with(sender);
        let config = ServerConfig { serves: contracts![Desk], states, ..ServerConfig::default() };
        let table = Table::start(over, config, Admission::anonymous()).await;
        let ann = table.connect(table.player("ann")).await.unwrap();
        assert_eq!(ann.note().within(Duration::from_secs(100)).await, Ok(true));
        ann.drop_by();
        assert_eq!(ann.note().await, Ok(true));
        let most = [100, 10, 10].map(Duration::from_secs);
        for most in most {
            let known = known.recv().await.expect("a note");
            assert_eq!((&known.uid[..], known.session), ("ann", ann.session().id().to_string()));
            assert!(known.left <= most && known.left > most - Duration::from_secs(9), "{:?}", known.left);
            match (over, known.address) {
                (Over::Memory, Address::Memory) => {}
                (Over::Tcp, Address::Socket(SocketAddr::V4(at))) => assert!(at.ip().is_loopback()),
                (_, other) => panic!("{other}"),
            }
        }
    }

    async fn a_client_is_told_of_its_opening_and_once_of_its_end(over: Over) {
        let hall = hall(over).await;
        let (ann, _) = hall.enter("ann").await;
        let (mut events, more) = (ann.session().events(), ann.session().events());
        assert_eq!(events.next().await, Some(ClientEvent::Opened));
        // Giving up waiting loses nothing.
        let soon = tokio::time::timeout(Duration::from_millis(5), events.next()).await;
        assert!(soon.is_err(), "{soon:?}");
        hall.table.server.kick("ann", "no shouting");
        let Some(ClientEvent::Closed(reason)) = events.next().await else { panic!("it is over") };
        assert_eq!((reason.code, &reason.message[..], reason.by_peer), (CloseCode::Kicked, "no shouting", true));
        assert_eq!(events.next().await, None);
        // Whoever asks late is told the same.
        for mut events in [more, ann.session().events()] {
            assert_eq!(events.next().await, Some(ClientEvent::Opened));
            assert_eq!(events.next().await, Some(ClientEvent::Closed(reason.clone())));
            assert_eq!((events.next().await, events.next().await), (None, None));
        }
    }
}
