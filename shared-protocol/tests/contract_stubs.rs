//! What `#[contract]` makes, seen from a game: stubs that encode their arguments, routes as constants, and which
//! handle may call what. Nothing is sent here: the handles only write down what they were asked to do.

use std::cell::RefCell;

use farcall_protocol::codec::Codec;
use farcall_protocol::{
    Answer, Caller, Contract, Delivery, Message, Reaches, RouteDescriptor, ServedByClient, ServedByServer,
    Shape, Side, contract, contracts,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Message)]
pub(crate) struct World {
    tick: u32,
    discs: Vec<(f32, f32)>,
}

#[derive(Debug, Serialize, Deserialize, Message)]
enum Refused {
    Full,
    Banned { reason: String },
}

/// What players may call on the server.
#[contract(served_by = server)]
trait Lobby {
    /// Adds two numbers.
    ///
    /// Exactly.
    async fn sum(x: i64, y: i64) -> i64;
    async fn enqueue(mode: u8, #[secret] ticket: String) -> Result<u32, Refused>;
    async fn names(names: Vec<String>);
    async fn r#type() -> String;
    #[notify(latest)]
    fn steer(x: f32, y: f32);
    #[notify(droppable)]
    fn hint(x: f32);
    /// On both sides' contracts: only the handle decides which is meant.
    #[notify]
    fn chat(line: String);
    // The names of `Caller`'s own functions.
    async fn call(number: u8) -> u8;
    #[notify]
    fn notify(number: u8);
    #[route(name = "bye")]
    async fn farewell();
}

#[contract(served_by = client, name = "P")]
pub(crate) trait Player {
    async fn ready_check(game: u64) -> bool;
    #[notify(latest)]
    fn snapshot(world: World);
    #[notify]
    fn chat(line: String);
}

mod private {
    //! A contract need not be public, nor may its names clash with what stands around it.
    #[super::contract(served_by = server)]
    pub(super) trait Contract {
        async fn descriptor(route: u8) -> Option<u8>;
    }
}

/// What a handle was asked to do.
#[derive(Debug, PartialEq)]
struct Asked {
    route: &'static str,
    awaits_reply: bool,
    bytes: Vec<u8>,
}

/// A handle that leads to the server (or to a player) and writes down what it is asked.
#[derive(Default)]
struct Handle<S> {
    asked: RefCell<Vec<Asked>>,
    _to: std::marker::PhantomData<S>,
}

impl<S> Handle<S> {
    fn ask<A: Serialize>(&self, route: &'static RouteDescriptor, awaits_reply: bool, arguments: &A) {
        let mut bytes = Vec::new();
        Codec::Bincode.encode(arguments, &mut bytes).expect("messages can be encoded");
        self.asked.borrow_mut().push(Asked { route: route.name, awaits_reply, bytes });
    }

    fn last(&self) -> Asked {
        self.asked.borrow_mut().pop().expect("something was asked")
    }
}

impl<S> Caller for Handle<S> {
    type Call<R: Answer> = std::marker::PhantomData<R>;
    type Notified = ();

    fn call<A: Serialize, R: Answer>(&self, route: &'static RouteDescriptor, arguments: &A) -> Self::Call<R> {
        self.ask(route, true, arguments);
        std::marker::PhantomData
    }

    fn notify<A: Serialize>(&self, route: &'static RouteDescriptor, arguments: &A) {
        self.ask(route, false, arguments);
    }
}

impl Reaches<ServedByServer> for Handle<ServedByServer> {}
impl Reaches<ServedByClient> for Handle<ServedByClient> {}

fn server() -> Handle<ServedByServer> {
    Handle { asked: RefCell::default(), _to: std::marker::PhantomData }
}

fn player() -> Handle<ServedByClient> {
    Handle { asked: RefCell::default(), _to: std::marker::PhantomData }
}

fn asked(route: &'static str, awaits_reply: bool, bytes: &[u8]) -> Asked {
    Asked { route, awaits_reply, bytes: bytes.to_vec() }
}

#[test]
fn literals_take_the_types_of_the_contract() {
    let server = server();
    let _: std::marker::PhantomData<i64> = server.sum(2, 3);
    assert_eq!(server.last(), asked("Lobby.sum", true, &[4, 6]));
    server.steer(1.5, 0.0);
    assert_eq!(server.last(), asked("Lobby.steer", false, &[0, 0, 192, 63, 0, 0, 0, 0]));
}

#[test]
fn arguments_may_be_owned_or_borrowed() {
    let (server, player) = (server(), player());
    for _ in 0..2 {
        server.chat("hi");
        assert_eq!(server.last(), asked("Lobby.chat", false, &[2, b'h', b'i']));
    }
    let line = String::from("hi");
    server.chat(&line);
    server.chat(line);
    assert_eq!(server.last(), server.last());

    let world = World { tick: 7, discs: vec![(0.0, 0.0)] };
    player.snapshot(&world);
    player.snapshot(world);
    assert_eq!(player.last(), player.last());

    let names = vec![String::from("ann"), String::from("bo")];
    server.names(&names[..1]);
    assert_eq!(server.last(), asked("Lobby.names", true, &[1, 3, b'a', b'n', b'n']));
    server.names(&names);
    server.names(names);
    assert_eq!(server.last(), server.last());
}

#[test]
fn a_stub_without_arguments_sends_none() {
    let server = server();
    let _: std::marker::PhantomData<String> = server.r#type();
    assert_eq!(server.last(), asked("Lobby.type", true, &[]));
    let _: std::marker::PhantomData<()> = server.farewell();
    assert_eq!(server.last(), asked("Lobby.bye", true, &[]));
}

#[test]
fn stubs_named_like_the_callers_own_functions_call_the_route() {
    let server = server();
    Lobby::call(&server, 1);
    assert_eq!(server.last(), asked("Lobby.call", true, &[1]));
    Lobby::notify(&server, 2);
    assert_eq!(server.last(), asked("Lobby.notify", false, &[2]));
}

#[test]
fn a_method_of_both_sides_contracts_is_chosen_by_the_handle() {
    let (server, player) = (server(), player());
    server.chat("hi");
    player.chat("hi");
    assert_eq!(server.last().route, "Lobby.chat");
    assert_eq!(player.last().route, "P.chat");
}

#[test]
fn a_generic_helper_can_ask_for_a_handle_by_side() {
    fn greet<H: Reaches<ServedByServer>>(handle: &H) {
        handle.chat("hello");
    }
    let server = server();
    greet(&server);
    assert_eq!(server.last().route, "Lobby.chat");
}

#[test]
fn a_private_contract_named_like_our_own_trait_is_one() {
    use private::Contract as Mine;
    let server = server();
    server.descriptor(3);
    assert_eq!(server.last(), asked("Contract.descriptor", true, &[3]));
    assert_eq!(Contract::descriptor(&Mine).routes[0].name, "Contract.descriptor");
}

#[test]
fn a_descriptor_says_everything_the_contract_says() {
    let enqueue = Lobby.enqueue.descriptor();
    assert_eq!(enqueue.name, "Lobby.enqueue");
    assert_eq!(enqueue.side, Side::Server);
    assert_eq!(enqueue.delivery, Delivery::Call);
    assert_eq!(enqueue.ok, &Shape::U32);
    assert_eq!(enqueue.err, Some(Refused::SHAPE));
    let arguments = enqueue.arguments.iter().map(|it| (it.name, it.shape, it.secret)).collect::<Vec<_>>();
    assert_eq!(arguments, [("mode", &Shape::U8, false), ("ticket", &Shape::Str, true)]);

    assert_eq!(Lobby.sum.descriptor().docs, "Adds two numbers.\n\nExactly.");
    assert_eq!(Lobby.sum.descriptor().err, None);
    let steer = Lobby.steer.descriptor();
    assert_eq!((steer.delivery, steer.ok, steer.err), (Delivery::Latest, &Shape::Unit, None));
    assert_eq!(Lobby.hint.descriptor().delivery, Delivery::Droppable);
    assert_eq!(Lobby.chat.descriptor().delivery, Delivery::Notify);
    assert_eq!(Player.ready_check.descriptor().side, Side::Client);
}

#[test]
fn contracts_are_listed_by_name() {
    let [lobby, player] = contracts![Lobby, Player].try_into().unwrap();
    assert_eq!((lobby.name, lobby.side), ("Lobby", Side::Server));
    assert_eq!((player.name, player.side), ("P", Side::Client));
    let names = lobby.routes.iter().map(|route| route.name).collect::<Vec<_>>();
    let of_the_trait = ["sum", "enqueue", "names", "type", "steer", "hint", "chat", "call", "notify", "bye"];
    assert_eq!(names, of_the_trait.map(|method| format!("Lobby.{method}")));
}

#[test]
fn signatures_are_golden() {
    // A change here breaks every peer in the field.
    let signature = |route: &RouteDescriptor| route.signature.to_string();
    assert_eq!(signature(Lobby.sum.descriptor()), "b32487c41dc384f7");
    assert_eq!(signature(Lobby.enqueue.descriptor()), "2cd93313b7421c9f");
    assert_eq!(signature(Lobby.steer.descriptor()), "bf9673339f561a51");
    assert_eq!(signature(Player.snapshot.descriptor()), "e9979a5ec39afb04");
}
