//! The contracts and handlers of the attacked game.

use farcall_protocol::contract;
use farcall_server::{State, route};

use crate::game::Counter;

/// What players call on the server.
#[contract(served_by = server)]
pub trait Yard {
    /// Adds two numbers.
    async fn sum(x: i64, y: i64) -> i64;
    /// Never answers.
    async fn hang() -> u32;
    /// Panics.
    async fn panics() -> u32;
    /// Panics after having waited.
    async fn panics_later() -> u32;
    /// Counts the note.
    #[notify]
    fn note(text: String);
    /// Panics.
    #[notify]
    fn note_panics();
}

/// What the server calls on players.
#[contract(served_by = client)]
pub trait Dog {
    /// Brings it back.
    async fn fetch(stick: u32) -> u32;
    /// One of many.
    #[notify]
    fn bark(text: String);
    /// The newest.
    #[notify(latest)]
    fn wag(text: String);
    /// May be lost.
    #[notify(droppable)]
    fn sniff(text: String);
}

/// How many `hang` handlers run, how many ran at once, and how many notes were taken.
#[derive(Debug, Clone, Default)]
pub struct Running {
    now: Counter,
    most: Counter,
    notes: Counter,
}

impl Running {
    pub fn now(&self) -> usize {
        self.now.get()
    }

    pub fn most(&self) -> usize {
        self.most.get()
    }

    pub fn notes(&self) -> usize {
        self.notes.get()
    }
}

struct Stay(State<Running>);

impl Drop for Stay {
    fn drop(&mut self) {
        self.0.now.sub();
    }
}

#[route(Yard::sum)]
fn sum(x: i64, y: i64) -> i64 {
    x.wrapping_add(y)
}

#[route(Yard::hang)]
async fn hang(running: State<Running>) -> u32 {
    running.now.add();
    running.most.raise_to(running.now.get());
    let _stay = Stay(running);
    std::future::pending().await
}

#[route(Yard::panics)]
fn panics() -> u32 {
    panic!("on purpose")
}

#[route(Yard::panics_later)]
async fn panics_later() -> u32 {
    tokio::task::yield_now().await;
    panic!("on purpose, later")
}

#[route(Yard::note)]
fn note(running: State<Running>, text: String) {
    assert!(text.len() < 1_000, "on purpose: only short notes");
    running.notes.add();
}

#[route(Yard::note_panics)]
fn note_panics() {
    panic!("on purpose, in a note")
}

#[route(Dog::fetch)]
fn fetch(stick: u32) -> u32 {
    stick + 1
}

#[route(Dog::bark)]
fn bark(_text: String) {}

#[route(Dog::wag)]
fn wag(_text: String) {}

#[route(Dog::sniff)]
fn sniff(_text: String) {}
