//! A small game server to try the command `farcall` on: `cargo run -p farcall-cli --example lobby -- 127.0.0.1:7000`.

mod game;

use std::time::Duration;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7000".into());
    let server = game::start(&address, true).await?;
    println!("a lobby at {address}; Ctrl-C ends it");
    let chatting = async {
        let mut tick = tokio::time::interval(Duration::from_millis(700));
        loop {
            tick.tick().await;
            game::greet_everyone(&server).await;
        }
    };
    tokio::select! {
        () = chatting => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
