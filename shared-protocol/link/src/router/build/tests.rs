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
    Registration {
        route,
        contract,
        handler,
        needs: &[],
        module: "game",
        place: Place { file: "game.rs", line },
    }
}

fn start(
    found: &[Registration],
    serves: &[&'static ContractDescriptor],
    bare: &Bare,
) -> Result<Router, String> {
    let served = Served { contracts: serves, bare: bare.clone(), ..served() };
    Router::from_registrations(found.iter(), served).map_err(|error| error.to_string())
}

/// A server that serves nothing.
fn served() -> Served<'static> {
    Served {
        side: Side::Server,
        contracts: &[],
        bare: Bare::None,
        handlers_in: None,
        routes: Routes::new(),
        states: States::new(),
        session: None,
    }
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
    assert!(why.starts_with("`Lobby.sum` has two handlers: game.rs:1 and game.rs:9;"), "{why}");
}

#[test]
fn handlers_of_peers_of_different_kinds_are_told_apart_by_module() {
    let of = |module, line| Registration { module, ..registered(&MOTD, line) };
    let linked = [of("game::bots", 1), of("game::person::screen", 2), of("game::botsy", 3)];
    let place = |module| {
        let served = Served { bare: Bare::All, handlers_in: module, ..served() };
        Router::from_registrations(linked.iter(), served)
            .map(|router| router.table_in_words().concat())
            .map_err(|error| error.to_string())
    };
    assert!(place(Some("game::bots")).expect("that module's alone").ends_with("game.rs:1"));
    assert!(place(Some("game::person")).expect("a module below it").ends_with("game.rs:2"));
    let why = place(None).expect_err("all are meant");
    assert!(why.contains("say in `handlers_in` which module's this peer takes"), "{why}");
}

#[test]
fn a_module_without_handlers_is_named() {
    let linked = [registered(&SUM, 1), registered(&STEER, 2)];
    let served = Served { contracts: &[&LOBBY], handlers_in: Some("play"), ..served() };
    let why = Router::from_registrations(linked.iter(), served).expect_err("it started").to_string();
    assert!(why.contains("linked from `play`, which `handlers_in` names"), "{why}");
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
        handlers_in: None,
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
