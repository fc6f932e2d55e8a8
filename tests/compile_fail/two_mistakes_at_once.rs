use farcall_server::{Context, route};

#[route(serail)]
fn greet(name: &str, ctx: Context) -> String {
    drop(ctx);
    name.into()
}

fn main() {}
