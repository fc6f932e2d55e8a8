//! Every problem at start, by its own sentence.

use farcall_protocol::{Delivery, RouteDescriptor, Shape, Signature};

use super::*;
use crate::router::introspection::About;
use crate::router::{Invocation, Parameter, Session, State, Step};

static SUM: RouteDescriptor = route("Lobby.sum", Side::Server);
static STEER: RouteDescriptor = route("Lobby.steer", Side::Server);
static MOTD: RouteDescriptor = route("motd", Side::Server);
static LOBBY: ContractDescriptor =
    ContractDescriptor { name: "Lobby", side: Side::Server, routes: &[&SUM, &STEER] };
static PLAYER: ContractDescriptor = ContractDescriptor { name: "Player", side: Side::Client, routes: &[] };

const fn route(name: &'static str, side: Side) -> RouteDescriptor {
    RouteDescriptor::new(name, side, Delivery::Call, &[], &Shape::Unit, None, "")
}

fn handler(call: Invocation<'_>) -> Step {
    call.run(|()| ())
}

const fn registered(route: &'static RouteDescriptor, line: u32) -> Registration {
    let contract = route.name.len() > 4;
    Registration { route, contract, handler, needs: &[], place: Place { file: "game.rs", line } }
}

fn start(
    found: &[Registration],
    serves: &[&'static ContractDescriptor],
    bare: &Bare,
) -> Result<Router, String> {
    let found = found.iter().collect();
    Router::from_registrations(found, Side::Server, serves, bare, Routes::new(), States::new(), None)
        .map_err(|error| error.to_string())
}

fn refusal(found: &[Registration], serves: &[&'static ContractDescriptor]) -> String {
    start(found, serves, &Bare::None).expect_err("it started")
}

#[test]
fn linking_exposes_nothing_that_is_not_served() {
    let linked = [registered(&SUM, 1), registered(&STEER, 2), registered(&MOTD, 3)];
    assert_eq!(start(&linked, &[], &Bare::None).unwrap().names(), Vec::<&str>::new());
    assert_eq!(start(&linked, &[&LOBBY], &Bare::None).unwrap().names(), ["Lobby.steer", "Lobby.sum"]);
    assert_eq!(start(&linked, &[], &Bare::All).unwrap().names(), ["motd"]);
    assert_eq!(start(&linked, &[], &Bare::Named(vec!["motd"])).unwrap().names(), ["motd"]);
}

#[test]
fn a_served_contract_without_a_handler_for_one_of_its_routes() {
    let why = refusal(&[registered(&SUM, 1)], &[&LOBBY]);
    assert_eq!(
        why,
        "`Lobby.steer` is to be served and has no handler: write one with #[route(Lobby::steer)]"
    );
}

#[test]
fn two_handlers_for_one_route_are_both_named() {
    let why = refusal(&[registered(&SUM, 1), registered(&SUM, 9), registered(&STEER, 2)], &[&LOBBY]);
    assert_eq!(why, "`Lobby.sum` has two handlers: game.rs:1 and game.rs:9");
}

#[test]
fn an_empty_registry_says_how_to_link_the_handlers() {
    let why = refusal(&[], &[&LOBBY]);
    assert!(why.contains("name the crate that has them once, as in `use game_routes as _;`"), "{why}");
}

#[test]
fn a_contract_of_the_other_side_cannot_be_served_here() {
    let why = refusal(&[registered(&SUM, 1)], &[&PLAYER]);
    assert_eq!(why, "`Player` is served by the client; the server cannot serve it");
}

#[test]
fn a_missing_state_names_route_type_and_place() {
    let needy = Registration { needs: &[<State<u8> as Parameter>::NEED], ..registered(&SUM, 4) };
    let why = refusal(&[needy, registered(&STEER, 2)], &[&LOBBY]);
    assert!(why.starts_with("`Lobby.sum` (game.rs:4) takes a `State<u8>` and none was given"), "{why}");
}

#[test]
fn session_data_that_admission_does_not_give() {
    let needy = Registration { needs: &[<Session<u8> as Parameter>::NEED], ..registered(&MOTD, 4) };
    let why = start(&[needy], &[], &Bare::All).expect_err("it started");
    assert_eq!(why, "`motd` (game.rs:4) takes a `Session<u8>`, and admission gives each session nothing");
}

#[test]
fn frame_handlers_of_two_types() {
    const SMALL: &[Option<Need>] = &[Some(Need::frame::<u8>())];
    const LARGE: &[Option<Need>] = &[Some(Need::frame::<u16>())];
    let on = |needs, route, line| Registration { needs, ..registered(route, line) };
    let found = [on(SMALL, &SUM, 1), on(LARGE, &STEER, 2)];
    let why = refusal(&found, &[&LOBBY]);
    assert!(
        why.starts_with("`Lobby.steer` (game.rs:2) takes `&mut u16` and another route takes `&mut u8`"),
        "{why}"
    );
}

#[test]
fn two_names_with_one_hash_are_refused() {
    let states = States::new();
    let mut build = Build {
        side: Side::Server,
        registrations: vec![],
        routes: ByRoute::default(),
        states: &states,
        session: None,
        frame: None,
        problems: vec![],
    };
    // No two short names collide under FNV-1a 64, so the test hands in the same number for both.
    for (name, line) in [("one", 1), ("other", 2)] {
        let place = Place { file: "game.rs", line };
        let entry = Entry {
            name: Arc::from(name),
            signature: Signature(0),
            answers: true,
            handler: Box::new(handler),
            place,
            about: About::Fallback,
        };
        build.insert(RouteId(7), entry);
    }
    assert_eq!(
        StartError(build.problems).to_string(),
        "`one` (game.rs:1) and `other` (game.rs:2) have the same 64-bit hash: give one of them another wire name"
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let why = refusal(&[registered(&SUM, 1), registered(&SUM, 2)], &[&LOBBY, &PLAYER]);
    assert!(why.starts_with("3 things are wrong with what is to be served:\n  - "), "{why}");
}

#[test]
fn a_bare_route_asked_for_by_a_wrong_name() {
    let why = start(&[registered(&MOTD, 1)], &[], &Bare::Named(vec!["mtod"])).expect_err("it started");
    assert_eq!(why, "there is no bare route `mtod` to serve");
}
