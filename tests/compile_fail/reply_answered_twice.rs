use farcall_client::{Reply, route};

#[route]
fn ready_check(reply: Reply<bool>) {
    reply.answer(true);
    reply.answer(false);
}

fn main() {}
