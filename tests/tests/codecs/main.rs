//! Peers of different codecs at one server: chosen at the login, encoded once for each codec in use, hostile text
//! refused call by call; and calls whose types the caller does not know.

mod raw;

use std::sync::atomic::{AtomicUsize, Ordering};

use farcall_client::{Client, ClientConfig, Codec, ConnectError, LoginError, LoginFailed};
use farcall_protocol::{Message, Shape, contract, contracts};
use farcall_server::{Admission, CallError, CloseCode, ServerConfig, State, States};
use farcall_tests::kept::Kept;
use farcall_tests::{Over, Table, over_both_transports, waiting::until};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// Why nobody gets a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Message)]
pub enum Full {
    /// So many wait already.
    Waiting {
        /// How many.
        ahead: u32,
    },
}

/// Who sits where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Message)]
pub struct Place {
    /// The player.
    pub who: String,
    /// Where, unless they stand.
    pub seat: Option<u8>,
}

/// What players call.
#[contract(served_by = server)]
pub trait Inn {
    /// Adds two numbers.
    async fn sum(x: i64, y: i64) -> i64;
    /// Takes a place.
    async fn sit(place: Place) -> Result<Place, Full>;
    /// Takes nothing.
    async fn motd() -> String;
    /// Says something.
    #[notify]
    fn say(text: String);
}

/// What the server calls.
#[contract(served_by = client)]
pub trait Drinker {
    /// Cheers.
    async fn cheers(to: String) -> bool;
    /// A number that counts how often it is encoded.
    #[notify]
    fn toast(counted: Counted);
}

/// Counts its encodings, by codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted(u64);

/// Encodings of each kind of number: only one test sends those of one kind.
static ENCODED: [[AtomicUsize; 2]; 4] = [const { [const { AtomicUsize::new(0) }; 2] }; 4];

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let codec = usize::from(serializer.is_human_readable());
        ENCODED[self.0 as usize][codec].fetch_add(1, Ordering::SeqCst);
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

impl Message for Counted {
    const SHAPE: &'static Shape = &Shape::U64;
}

fn encoded(kind: usize) -> [usize; 2] {
    [0, 1].map(|codec| ENCODED[kind][codec].swap(0, Ordering::SeqCst))
}

/// What a side was told.
type Told = Kept<String>;

#[farcall_server::route(Inn::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x.wrapping_add(y)
}

#[farcall_server::route(Inn::sit)]
fn sit(place: Place) -> Result<Place, Full> {
    if place.seat == Some(13) { Err(Full::Waiting { ahead: 2 }) } else { Ok(place) }
}

#[farcall_server::route(Inn::motd)]
fn motd() -> String {
    "ale".into()
}

#[farcall_server::route(Inn::say)]
fn say(told: State<Told>, text: String) {
    told.add(text);
}

#[farcall_client::route(Drinker::cheers)]
fn cheers(to: String) -> bool {
    to == "life"
}

#[farcall_client::route(Drinker::toast)]
fn toast(told: State<Told>, counted: Counted) {
    told.add(counted.0.to_string());
}

async fn inn(over: Over) -> (Table, Told) {
    let told = Told::default();
    let states = States::new().with(told.clone());
    let config = ServerConfig {
        serves: contracts![Inn],
        calls: contracts![Drinker],
        introspection: true,
        states,
        ..ServerConfig::default()
    };
    (Table::start(over, config, Admission::anonymous()).await, told)
}

async fn guest(table: &Table, uid: &str, codecs: &[Codec]) -> (Client, Told) {
    let told = Told::default();
    let states = States::new().with(told.clone());
    let codecs = codecs.to_vec();
    let config = ClientConfig { serves: contracts![Drinker], states, codecs, ..table.player(uid) };
    (table.connect(config).await.expect("a login"), told)
}

over_both_transports! {
    async fn peers_of_both_codecs_at_one_server(over: Over) {
        let (table, told) = inn(over).await;
        for (uid, codec) in [("ann", Codec::Bincode), ("bob", Codec::Json)] {
            let (client, _) = guest(&table, uid, &[codec]).await;
            assert_eq!(client.session().codec(), codec);
            assert_eq!(client.sum(2, i64::MIN).await, Ok(2 + i64::MIN));
            assert_eq!(client.motd().await.as_deref(), Ok("ale"));
            let place = Place { who: "é\"\n".into(), seat: None };
            assert_eq!(client.sit(&place).await, Ok(place));
            let unlucky = Place { who: "x".into(), seat: Some(13) };
            assert_eq!(client.sit(unlucky).await, Err(CallError::Handler(Full::Waiting { ahead: 2 })));
            client.say(uid);
            let player = table.server.player(uid).unwrap();
            assert_eq!(player.cheers("life").await, Ok(true));
            assert_eq!(player.cheers("death").await, Ok(false));
        }
        until(|| told.all() == ["ann", "bob"]).await;
    }

    async fn a_client_that_offers_both_speaks_the_first(over: Over) {
        let (table, _) = inn(over).await;
        let (first, _) = guest(&table, "ann", Codec::ALL).await;
        assert_eq!(first.session().codec(), Codec::Bincode);
        let (second, _) = guest(&table, "bob", &[Codec::Json, Codec::Bincode]).await;
        assert_eq!(second.session().codec(), Codec::Json);
    }

    async fn a_client_that_offers_nothing_is_turned_away(over: Over) {
        let (table, _) = inn(over).await;
        let config = ClientConfig { codecs: vec![], ..table.player("ann") };
        let refused = table.connect(config).await;
        let Err(ConnectError::Login(LoginFailed::Login(LoginError::Closed { code, .. }))) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(code, CloseCode::NoCommonCodec);
    }
}

/// The kind of number that a test over one transport sends.
fn kind(over: Over, first: usize) -> usize {
    first + usize::from(over == Over::Tcp)
}

over_both_transports! {
    async fn a_push_is_encoded_once_for_each_codec_in_use(over: Over) {
        let (table, _) = inn(over).await;
        let group = table.server.group("bar");
        let number = Counted(kind(over, 0) as u64);
        let mut guests = Vec::new();
        for at in 0..6 {
            let codec = [Codec::Bincode, Codec::Json][at % 2];
            let uid = at.to_string();
            guests.push(guest(&table, &uid, &[codec]).await);
            let _ = encoded(number.0 as usize);
            group.toast(number);
            let members = [at.div_ceil(2).min(1), (at / 2).min(1)];
            assert_eq!(encoded(number.0 as usize), members, "with {at} members");
            group.members().add(&uid).unwrap();
        }
        group.toast(number);
        assert_eq!(encoded(number.0 as usize), [1, 1]);
        table.server.everyone().toast(number);
        assert_eq!(encoded(number.0 as usize), [1, 1]);
        for odd in ["1", "3", "5"] {
            group.members().remove(odd);
        }
        group.toast(number);
        assert_eq!(encoded(number.0 as usize), [1, 0], "nobody speaks JSON any more");
        for (_, told) in &guests {
            until(|| told.all().len() >= 2).await;
        }
    }

    async fn a_call_to_many_is_encoded_once_for_each_codec(over: Over) {
        let (table, _) = inn(over).await;
        let (_ann, _) = guest(&table, "ann", &[Codec::Bincode]).await;
        let (_bob, _) = guest(&table, "bob", &[Codec::Json]).await;
        let answers = table.server.everyone().cheers("life").await;
        assert_eq!(answers.len(), 2);
        assert!(answers.iter().all(|(_, answer)| *answer == Ok(true)), "{answers:?}");
    }
}
