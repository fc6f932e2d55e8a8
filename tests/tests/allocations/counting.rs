//! An allocator that counts allocations by thread. Only for tests that are alone in their process.

#![allow(unsafe_code, reason = "an allocator that counts cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts requests for memory: new, and larger than before. What is given back costs nothing that was not counted.
struct Counting;

thread_local! {
    /// Where this thread's requests are counted; nowhere until it has said so.
    static COUNTER: Cell<Option<&'static AtomicU64>> = const { Cell::new(None) };
}

/// From now on this thread's requests are counted here.
pub fn count_in(counter: &'static AtomicU64) {
    COUNTER.set(Some(counter));
}

fn count() {
    // A thread that ends has no locals any more, and still gives its last things up.
    let counter = COUNTER.try_with(Cell::get).ok().flatten();
    if let Some(counter) = counter {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every request goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promised to us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promised to us.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promised to us.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised to us.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;
