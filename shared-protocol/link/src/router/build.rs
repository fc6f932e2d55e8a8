//! Building a router, and everything that can be wrong with one: found at start, all at once, each with the place
//! in the source it concerns.

use std::collections::hash_map::Entry as MapEntry;
use std::fmt;
use std::sync::Arc;

use farcall_protocol::{ContractDescriptor, Delivery, RouteId, Side};

use super::introspection::About;
use super::{ByRoute, Entry, Need, NeedOf, Place, Registration, Router, Routes, States};

/// Which bare routes (those of no contract) to serve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Bare {
    /// None: what is merely linked is not exposed.
    #[default]
    None,
    /// Those of these names.
    Named(Vec<&'static str>),
    /// All that are linked for this side.
    All,
}

/// Why a peer cannot start: everything that is wrong with what it was asked to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError(Vec<Problem>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    WrongSide { contract: &'static str, served_by: Side },
    EmptyRegistry { side: Side, contract: &'static str },
    EmptyModule { side: Side, contract: &'static str, module: &'static str },
    NoHandler { route: &'static str },
    TwoHandlers { route: Arc<str>, places: [Place; 2] },
    UnknownBare { route: &'static str },
    SameHash { routes: [Arc<str>; 2], places: [Place; 2] },
    NoState { route: &'static str, state: &'static str, place: Place },
    NoSessionData { route: &'static str, wanted: &'static str, given: &'static str, place: Place },
    NoServer { route: &'static str, place: Place },
    TwoFrames { route: &'static str, wanted: &'static str, other: &'static str, place: Place },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongSide { contract, served_by } => write!(
                f,
                "`{contract}` is served by the {served_by}; the {} cannot serve it",
                served_by.other()
            ),
            Self::EmptyRegistry { side, contract } => write!(
                f,
                "`{contract}` is to be served, but no #[route] function of the {side} is linked at all: name the \
                 crate that has them once, as in `use game_routes as _;`"
            ),
            Self::EmptyModule { side, contract, module } => write!(
                f,
                "`{contract}` is to be served, but no #[route] function of the {side} is linked from `{module}`, which \
                 `handlers_in` names: a module path begins with the crate, as `module_path!()` gives it"
            ),
            Self::NoHandler { route } => {
                write!(
                    f,
                    "`{route}` is to be served and has no handler: write one with #[route({})]",
                    path(route)
                )
            }
            Self::TwoHandlers { route, places: [one, other] } => {
                write!(
                    f,
                    "`{route}` has two handlers: {one} and {other}; if they belong to peers of different kinds, say in \
                     `handlers_in` which module's this peer takes"
                )
            }
            Self::UnknownBare { route } => write!(f, "there is no bare route `{route}` to serve"),
            Self::SameHash { routes: [one, other], places: [here, there] } => write!(
                f,
                "`{one}` ({here}) and `{other}` ({there}) have the same 64-bit hash: give one of them another wire \
                 name"
            ),
            Self::NoSessionData { route, wanted, given, place } => write!(
                f,
                "`{route}` ({place}) takes a `Session<{wanted}>`, and admission gives each session {given}"
            ),
            Self::NoServer { route, place } => {
                write!(f, "`{route}` ({place}) takes a `Server`, which a client does not have")
            }
            Self::TwoFrames { route, wanted, other, place } => write!(
                f,
                "`{route}` ({place}) takes `&mut {wanted}` and another route takes `&mut {other}`: one loop polls with \
                 one type"
            ),
            Self::NoState { route, state, place } => write!(
                f,
                "`{route}` ({place}) takes a `State<{state}>` and none was given: add it to the `states` of the \
                 configuration"
            ),
        }
    }
}

fn path(route: &str) -> String {
    route.replace('.', "::")
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [one] => one.fmt(f),
            many => {
                write!(f, "{} things are wrong with what is to be served:", many.len())?;
                many.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl std::error::Error for StartError {}

/// A router in the making.
struct Build<'a> {
    side: Side,
    registrations: Vec<&'a Registration>,
    handlers_in: Option<&'static str>,
    routes: ByRoute,
    states: &'a States,
    /// What admission gives each session.
    session: Option<Need>,
    /// What the first frame handler found takes.
    frame: Option<Need>,
    problems: Vec<Problem>,
}

/// What a peer is to serve, as its configuration says it.
#[derive(Debug)]
pub struct Served<'a> {
    /// Which side this peer is.
    pub side: Side,
    /// The contracts to serve.
    pub contracts: &'a [&'static ContractDescriptor],
    /// The routes of no contract to serve.
    pub bare: Bare,
    /// Take handlers from this module and those below it only.
    pub handlers_in: Option<&'static str>,
    /// Routes added by hand.
    pub routes: Routes,
    /// What handlers take as `State`.
    pub states: States,
    /// What admission gives each session.
    pub session: Option<Need>,
}

impl Router {
    /// Collects what a peer is to serve: the handlers of its contracts and of the bare routes asked for, and
    /// routes added by hand.
    ///
    /// # Errors
    /// [`StartError`], with everything that is wrong.
    pub fn collect(served: Served<'_>) -> Result<Self, StartError> {
        Self::from_registrations(inventory::iter::<Registration>.into_iter(), served)
    }

    fn from_registrations<'r>(
        linked: impl Iterator<Item = &'r Registration>,
        served: Served<'_>,
    ) -> Result<Self, StartError> {
        let Served { side, contracts, bare, handlers_in, routes, states, session } = served;
        let meant = |found: &&Registration| {
            found.route.side == side && handlers_in.is_none_or(|module| found.is_in(module))
        };
        let mut build = Build {
            side,
            registrations: linked.filter(meant).collect(),
            handlers_in,
            routes: ByRoute::default(),
            states: &states,
            session,
            frame: None,
            problems: Vec::new(),
        };
        let Routes { closures, fallback } = routes;
        for closure in closures {
            let entry = closure.into_entry();
            build.insert(RouteId::of(&entry.name), entry);
        }
        for contract in contracts {
            build.contract(contract);
        }
        build.bare(&bare);
        let Build { routes, frame, problems, .. } = build;
        if problems.is_empty() {
            Ok(Self { routes, frame, states: Arc::new(states), fallback })
        } else {
            Err(StartError(problems))
        }
    }
}

impl Build<'_> {
    fn contract(&mut self, contract: &'static ContractDescriptor) {
        if contract.side != self.side {
            let served_by = contract.side;
            return self.problems.push(Problem::WrongSide { contract: contract.name, served_by });
        }
        for route in contract.routes {
            let found: Vec<&Registration> =
                self.registrations.iter().filter(|found| found.route.name == route.name).copied().collect();
            if found.is_empty() && !self.routes.contains_key(&route.id) {
                let problem = if self.registrations.is_empty() && self.routes.is_empty() {
                    // Once is enough: every other route would say the same.
                    return self.problems.push(self.nothing_linked(contract.name));
                } else {
                    Problem::NoHandler { route: route.name }
                };
                self.problems.push(problem);
            }
            if let (true, Some(closure)) = (found.is_empty(), self.routes.get_mut(&route.id)) {
                // The contract knows its arguments' names and docs.
                closure.about = About::Descriptor(route);
            }
            found.into_iter().for_each(|registration| self.register(registration));
        }
    }

    fn nothing_linked(&self, contract: &'static str) -> Problem {
        match self.handlers_in {
            None => Problem::EmptyRegistry { side: self.side, contract },
            Some(module) => Problem::EmptyModule { side: self.side, contract, module },
        }
    }

    fn bare(&mut self, bare: &Bare) {
        let linked = self.registrations.iter().filter(|found| !found.contract);
        let linked: Vec<&Registration> = linked.copied().collect();
        match bare {
            Bare::None => {}
            Bare::All => linked.into_iter().for_each(|found| self.register(found)),
            Bare::Named(names) => {
                for &route in names {
                    let found = linked.iter().filter(|found| found.route.name == route);
                    let found: Vec<&Registration> = found.copied().collect();
                    if found.is_empty() {
                        self.problems.push(Problem::UnknownBare { route });
                    }
                    found.into_iter().for_each(|registration| self.register(registration));
                }
            }
        }
    }

    fn register(&mut self, registration: &Registration) {
        let Registration { route, handler, needs, place, .. } = *registration;
        for &need in needs.iter().flatten() {
            self.require(need, route.name, place);
        }
        let (name, handler) = (Arc::from(route.name), Box::new(handler));
        let answers = route.delivery == Delivery::Call;
        self.insert(
            route.id,
            Entry {
                name,
                signature: route.signature,
                answers,
                handler,
                place,
                about: About::Descriptor(route),
            },
        );
    }

    fn require(&mut self, need: Need, route: &'static str, place: Place) {
        let wanted = (need.name)();
        let problem = match need.of {
            NeedOf::State if self.states.has(need) => None,
            NeedOf::State => Some(Problem::NoState { route, state: wanted, place }),
            NeedOf::Session if self.session.is_some_and(|given| given.is(need)) => None,
            NeedOf::Session => {
                let given = self.session.map_or("nothing", |given| (given.name)());
                Some(Problem::NoSessionData { route, wanted, given, place })
            }
            NeedOf::Server if self.side == Side::Server => None,
            NeedOf::Server => Some(Problem::NoServer { route, place }),
            NeedOf::Frame => {
                let first = *self.frame.get_or_insert(need);
                let other = (first.name)();
                (!first.is(need)).then_some(Problem::TwoFrames { route, wanted, other, place })
            }
        };
        self.problems.extend(problem);
    }

    /// Takes the id apart from the name, so that a test can make two names collide.
    fn insert(&mut self, id: RouteId, entry: Entry) {
        match self.routes.entry(id) {
            MapEntry::Vacant(vacant) => {
                vacant.insert(entry);
            }
            MapEntry::Occupied(occupied) => {
                let first = occupied.get();
                let places = [first.place, entry.place];
                self.problems.push(if first.name == entry.name {
                    Problem::TwoHandlers { route: entry.name, places }
                } else {
                    Problem::SameHash { routes: [first.name.clone(), entry.name], places }
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
