use farcall_client::{Reply, route};

pub struct Verdict;

#[route]
fn judge(reply: Reply<Verdict>) {
    let _ = reply;
}

fn main() {}
