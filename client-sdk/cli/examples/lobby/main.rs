//! A small game server to try the command `farcall` on: `cargo run -p farcall-cli --example lobby -- 127.0.0.1:7000`.

mod game;

use std::time::Duration;

use farcall_protocol::Uid;
use farcall_server::{NotExecuted, Server};
use game::{ChatLine, Player};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7000".into());
    let server = game::start(&address, true).await?;
    println!("a lobby at {address}; Ctrl-C ends it");
    let chatting = async {
        let mut tick = tokio::time::interval(Duration::from_millis(700));
        loop {
            tick.tick().await;
            greet_everyone(&server).await;
        }
    };
    tokio::select! {
        () = chatting => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}

/// Says hello to everybody, and asks who is ready.
async fn greet_everyone(server: &Server) {
    if let Ok(from) = Uid::new("server") {
        server.everyone().chat(ChatLine { from, text: "welcome".into() });
    }
    for (uid, ready) in server.everyone().ready_check(3).within(Duration::from_millis(300)).await {
        let answers = ready != Err(NotExecuted::UnknownRoute.into());
        if answers {
            println!("{uid} is ready: {ready:?}");
        }
    }
}
