use std::rc::Rc;

use farcall_server::route;

#[route]
async fn sum(x: i64, y: i64) -> i64 {
    let x = Rc::new(x);
    std::future::ready(()).await;
    *x + y
}

fn main() {}
