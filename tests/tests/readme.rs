//! README's code is the code: what it shows as the smallest game is the file that is compiled.
//! `BLESS=1 cargo test -p farcall-tests --test readme` copies it over.

use std::path::Path;

const BEGIN: &str = "<!-- hello -->\n";
const END: &str = "<!-- /hello -->\n";

#[test]
fn the_smallest_game_in_readme_is_the_one_that_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let hello = std::fs::read_to_string(root.join("demo-game/hello/main.rs")).expect("hello");
    let path = root.join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let (before, rest) = readme.split_once(BEGIN).expect("where hello begins");
    let (shown, after) = rest.split_once(END).expect("where hello ends");
    let expected = format!("```rust\n{hello}```\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).expect("write README.md");
    } else {
        assert_eq!(shown, expected, "run with BLESS=1 to copy hello into README.md");
    }
    assert!(hello.lines().count() <= 60, "the smallest game has grown");
}

/// What README opens with, as a program: its lines stand here in the same order.
mod opening {
    use farcall_client::route;
    use farcall_protocol::contract;
    use farcall_server::{Group, Server};

    const fn secs(secs: u64) -> std::time::Duration {
        std::time::Duration::from_secs(secs)
    }

    #[contract(served_by = client)]
    pub trait Hero {
        async fn choose(question: String) -> bool;
        #[notify]
        fn loot(gold: u32);
    }

    #[route(Hero::choose)]
    fn choose(question: String) -> bool {
        question.ends_with("share it?")
    }

    pub async fn share(server: &Server, room: &Group, gold: u32) -> Result<(), Box<dyn std::error::Error>> {
        let player = server.player("ann")?;
        if player.choose("100 gold: share it?").within(secs(10)).await? {
            room.loot(gold);
        }
        Ok(())
    }
}

#[test]
fn the_lines_that_readme_opens_with_compile() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```rust\n").expect("the opening");
    let (shown, _) = rest.split_once("```").expect("its end");
    let source = include_str!("readme.rs");
    let mut compiled = source.lines().map(str::trim);
    for line in shown.lines() {
        let code = line.split("//").next().unwrap_or_default().trim();
        assert!(code.is_empty() || compiled.any(|line| line == code), "README opens with `{code}`");
    }
}

#[tokio::test(start_paused = true)]
async fn the_opening_runs_as_it_stands_there() {
    let game = farcall_tests::TestServer::new(vec![]);
    let config = farcall_client::ClientConfig::new("in memory", "ann").expect("a uid");
    let ann = game.player_with(config).await;
    ann.answer(opening::Hero.choose, |question: String| question.ends_with("share it?"));
    let mut loot = ann.hear(opening::Hero.loot);
    let server = game.server().await;
    let room = server.group("room:7");
    room.members().add("ann").expect("she is here");
    opening::share(server, &room, 100).await.expect("she shares");
    assert_eq!(loot.next().await, 100);
}
