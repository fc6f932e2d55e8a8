//! The smallest game: a player opens a chest on the server, and the server asks that player what to do with it.

/// The contract, shared by both sides.
mod shared {
    use farcall_protocol::contract;

    #[contract(served_by = server)]
    pub trait Dungeon {
        async fn open_chest(keys: u32) -> Result<u32, String>;
    }

    #[contract(served_by = client)]
    pub trait Hero {
        async fn choose(question: String) -> bool;
    }
}

/// What the server does when a player calls.
mod server {
    use super::shared::Dungeon;
    use farcall_server::route;

    #[route(Dungeon::open_chest)]
    fn open_chest(keys: u32) -> Result<u32, String> {
        if keys > 0 { Ok(100) } else { Err("it is locked".into()) }
    }
}

/// What the player does when the server calls.
mod client {
    use super::shared::Hero;
    use farcall_client::route;

    #[route(Hero::choose)]
    fn choose(question: String) -> bool {
        question.ends_with("share it?")
    }
}

use farcall_client::{Client, ClientConfig};
use farcall_protocol::contracts;
use farcall_server::{Admission, Server, ServerConfig};
use shared::{Dungeon, Hero};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ServerConfig { serves: contracts![Dungeon], ..ServerConfig::default() };
    let server = Server::bind(config, Admission::anonymous()).await?;
    let address = server.local_addr().ok_or("not listening")?.to_string();

    let config = ClientConfig { serves: contracts![Hero], ..ClientConfig::new(address, "ann")? };
    let ann = Client::connect(config).await?;
    println!("ann → server: open_chest(1) → {}", ann.open_chest(1).await?);

    let player = server.player("ann")?;
    println!("server → ann: choose → {}", player.choose("100 gold: share it?").await?);
    Ok(())
}
