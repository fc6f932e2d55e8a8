use std::sync::Arc;

use farcall_server::route;

pub struct Calculator {
    sum: i64,
}

#[route]
impl Calculator {
    fn add(&mut self, x: i64) -> i64 {
        self.sum += x;
        self.sum
    }

    fn end(self) -> i64 {
        self.sum
    }

    fn shared(self: Arc<Self>) -> i64 {
        self.sum
    }

    #[route(name = "new")]
    fn new() -> i64 {
        0
    }
}

fn main() {}
