//! Keeps panic messages readable while the screen is taken over.
//!
//! A panic on the drawing thread gives the terminal back first. One on another thread (a task the runtime catches) must
//! not end the view nor write across it: its message waits here until the screen is left. Decides nothing else.

use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

/// From now on until [`screen_left`], `give_back` runs before the message of a panic on the drawing thread.
pub(super) fn screen_entered(give_back: fn()) {
    HOOKED.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if must_print(info) {
                usual(info);
            }
        }));
    });
    *watch() = Some(Watch { drawing: thread::current().id(), give_back, held: Vec::new(), more: 0 });
}

/// Names the calling thread as the one that draws; tasks may move between threads.
pub(super) fn drawing_here() {
    if let Some(watch) = watch().as_mut() {
        watch.drawing = thread::current().id();
    }
}

/// Ends what [`screen_entered`] began and returns the messages that waited.
pub(super) fn screen_left() -> Vec<String> {
    let Some(left) = watch().take() else { return Vec::new() };
    let mut held = left.held;
    if left.more > 0 {
        held.push(format!("and {} more panics", left.more));
    }
    held
}

/// Runs in the panic hook. True: the terminal is ours to print on now.
fn must_print(info: &PanicHookInfo) -> bool {
    let mut slot = watch();
    let Some(watch) = slot.as_mut() else { return true };
    // Where panics abort, nobody comes back to give the terminal back later.
    if cfg!(panic = "abort") || watch.drawing == thread::current().id() {
        (watch.give_back)();
        return true;
    }
    if watch.held.len() < HELD_MAX {
        let name = thread::current().name().unwrap_or("unnamed").to_owned();
        watch.held.push(format!("thread '{name}': {info}"));
    } else {
        watch.more += 1;
    }
    false
}

struct Watch {
    drawing: ThreadId,
    give_back: fn(),
    held: Vec<String>,
    /// Messages beyond the bound, only counted.
    more: u64,
}

fn watch() -> MutexGuard<'static, Option<Watch>> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

static HOOKED: Once = Once::new();
static WATCH: Mutex<Option<Watch>> = Mutex::new(None);
const HELD_MAX: usize = 16;
