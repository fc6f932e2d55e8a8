use std::rc::Rc;

use farcall_server::route;

pub struct Calculator;

#[route]
impl Calculator {
    async fn slow(&self, x: i64) -> i64 {
        let x = Rc::new(x);
        std::future::ready(()).await;
        *x
    }
}

fn main() {}
