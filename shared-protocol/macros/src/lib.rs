//! Farcall's macros: `#[contract]`, `#[derive(Message)]` and the two flavours of `#[route]`.
//!
//! Each is read in three steps, each in files of its own: *parse* (the user's tokens, noting every mistake on the
//! token it is about), *model* (what was said, without syntax), *expand* (code that only calls ordinary
//! functions). Not here: anything that runs, and whatever only the compiler can know; that is checked by trait
//! bounds in the expansions, whose messages stand at the traits in `farcall-protocol`.
//!
//! Use them through `farcall_protocol`, `farcall_server` and `farcall_client`.

mod contract;
mod docs;
mod errors;
mod message;
mod names;
mod route;
mod types;
mod words;

use proc_macro::TokenStream;

/// States what one side of a session may call on the other.
///
/// ```
/// use farcall_protocol::{Message, contract};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Message)]
/// pub enum Mode {
///     Duel,
///     Teams { size: u8 },
/// }
///
/// /// What players may call on the server.
/// #[contract(served_by = server)]
/// pub trait Lobby {
///     /// Enters the queue for a match.
///     async fn enqueue(mode: Mode) -> Result<u64, String>;
///     /// No reply; a newer one makes an unsent older one pointless.
///     #[notify(latest)]
///     fn steer(x: f32, y: f32);
/// }
///
/// assert_eq!(Lobby.enqueue.descriptor().name, "Lobby.enqueue");
/// ```
///
/// The trait becomes stubs on every handle that leads to the serving side: `server.enqueue(Mode::Duel).await`.
/// The constant of the same name has a field for each route, which `#[route(Lobby::enqueue)]` implements and
/// `contracts![Lobby]` lists.
///
/// * `async fn` is a call; its reply may be a `Result` whose error the caller gets typed.
/// * `#[notify] fn` has no reply; `#[notify(latest)]`: only the newest unsent one matters;
///   `#[notify(droppable)]`: dropped rather than queued behind a busy socket.
/// * `#[contract(name = "...")]` and `#[route(name = "...")]` on a method set the names on the wire, so that
///   renaming in Rust breaks no player. Together they have at most 64 bytes.
/// * `#[secret]` on an argument keeps it out of logs.
#[proc_macro_attribute]
pub fn contract(attribute: TokenStream, item: TokenStream) -> TokenStream {
    contract::contract(attribute.into(), item.into()).into()
}

/// Lets a struct or an enum travel as an argument or a reply. Stands beside serde's two derives.
///
/// ```
/// use farcall_protocol::Message;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Message)]
/// struct Login {
///     name: String,
///     #[message(secret)] // kept out of logs
///     password: String,
/// }
///
/// #[derive(Serialize, Deserialize, Message)]
/// struct Page<T> {
///     items: Vec<T>,
///     next: Option<u32>,
/// }
/// ```
///
/// `#[message(as = [f32; 3])]` on a field of a foreign type states the shape that its bytes have; call
/// `farcall_protocol::check_shape` in a test, which compares it with what serde writes. A bound on a text or a list
/// is a type: `Bounded<String, 24>`.
///
/// Refused, each with its way out: types that contain themselves, `union`s, `usize` and `isize`, borrowed data,
/// and serde attributes that change the bytes unseen (allowed are `default`, `alias`, `bound`, `crate`,
/// `deny_unknown_fields`, `expecting`).
#[proc_macro_derive(Message, attributes(message))]
pub fn message(item: TokenStream) -> TokenStream {
    message::message(item.into()).into()
}

/// Makes a function the handler of a route, on the server: `farcall_server::route`.
///
/// ```ignore
/// use farcall_server::{Context, State, route};
///
/// #[route(Lobby::sum)] // a contract's route: the compiler checks that the signatures are the same
/// fn sum(x: i64, y: i64) -> i64 {
///     x + y
/// }
///
/// #[route(Lobby::enqueue)] // `async` is the handler's own choice
/// async fn enqueue(ctx: Context, queue: State<Matchmaker>, mode: Mode) -> Result<u64, String> {
///     queue.enter(ctx.uid(), mode).await
/// }
///
/// #[route] // no contract: its name on the wire and its types are the function's
/// fn motd() -> String {
///     "welcome".into()
/// }
/// ```
///
/// What it takes from us is known by its type and comes before the arguments from the wire, in any order:
///
/// * `Context`: who calls, until when, the way back; `State<T>`: a value given at start; `Session<T>`: what
///   admission made for this session.
/// * `Reply<R>`: the right to answer later, from anywhere. The function then returns nothing; a `Reply` that is
///   dropped answers as abandoned.
/// * `&mut T` as the first of all makes a *frame handler*: it runs only inside `poll(&mut frame, budget)`, on the
///   thread that polls, in order of arrival.
///
/// ```ignore
/// #[route(Lobby::vote)] // answered when somebody decides
/// fn vote(world: &mut World, ctx: Context, reply: Reply<bool>, question: String) {
///     world.votes.push((ctx.uid().clone(), question, reply));
/// }
///
/// #[route] // each method with `&self` is a route on `State<Calculator>`: `Calculator.add`
/// impl Calculator {
///     fn add(&self, x: i64, y: i64) -> i64 {
///         self.count();
///         x + y
///     }
///
///     #[route(skip)] // not this one
///     fn count(&self) {
///         self.calls.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// ```
///
/// On an `impl`, `#[route(Lobby)]` ties the methods to the contract's routes of their names, and
/// `#[route(Lobby::sum)]` on a method to that one. Without a contract `#[route(name = "Calc")]` on the `impl` and
/// `#[route(name = "plus")]` on a method name the two parts around the dot. Private methods are routes, too.
///
/// The function itself stays as it is, to be called and tested. An `async fn` gives a future that is `Send`.
/// `#[route(name = "...")]` names a route that has no contract; a contract names its own.
///
/// Linking a handler exposes nothing: a server serves the contracts in `serves`, and routes without one only
/// when asked to.
#[proc_macro_attribute]
pub fn server_route(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::route(route::Flavour::Server, attribute.into(), item.into()).into()
}

/// Makes a function the handler of a route, on the client: `farcall_client::route`.
///
/// ```ignore
/// use farcall_client::{State, route};
///
/// #[route(Player::ready_check)]
/// fn ready_check(settings: State<Settings>, game: u64) -> bool {
///     settings.always_ready
/// }
/// ```
///
/// All that is said at the server's holds; routes without a contract are served by the client.
#[proc_macro_attribute]
pub fn client_route(attribute: TokenStream, item: TokenStream) -> TokenStream {
    route::route(route::Flavour::Client, attribute.into(), item.into()).into()
}
