use farcall_server::{State, route};

#[route]
fn sum(x: i64, y: i64, offset: State<i64>) -> i64 {
    drop(offset);
    x + y
}

fn main() {}
