//! A small game server to try the command `farcall` on: `cargo run -p farcall-cli --example lobby -- 127.0.0.1:7000`.

mod game;

use std::time::Duration;

use farcall_server::{Admission, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7000".into());
    let server = Server::bind(game::config(&address), Admission::anonymous()).await?;
    let address = server.local_addr().ok_or("not listening")?;
    println!("a lobby at {address}; Ctrl-C ends it");
    let chatting = async {
        let mut tick = tokio::time::interval(Duration::from_millis(700));
        loop {
            tick.tick().await;
            for (uid, ready) in game::greet_everyone(&server).await {
                println!("{uid} is ready: {ready}");
            }
        }
    };
    tokio::select! {
        () = chatting => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
