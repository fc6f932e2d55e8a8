//! A server whose process has run out of descriptors: it takes nobody new while that lasts, and everybody after.
//! The lack is real, so it happens in a process of its own: this program once more, with few descriptors.

#![cfg(unix)]

use std::process::Command;

use farcall_protocol::{contract, contracts};
use farcall_server::{Admission, ServerConfig, route};
use farcall_tests::waiting::until;
use farcall_tests::{Over, Table};

/// What players call.
#[contract(served_by = server)]
pub trait House {
    /// Doubles.
    async fn double(x: u32) -> u32;
}

#[route(House::double)]
fn double(x: u32) -> u32 {
    x * 2
}

/// Set for the process with few descriptors.
const FEW: &str = "FARCALL_FEW_DESCRIPTORS";
const SURVIVED: &str = "it goes on taking players";

#[test]
fn a_lack_of_descriptors_does_not_end_the_accept_loop() {
    let program = std::env::current_exe().expect("this program");
    let few = Command::new("sh")
        .args(["-c", r#"ulimit -n 64 && exec "$0" --exact with_few_descriptors --nocapture"#])
        .arg(program)
        .env(FEW, "1")
        .output()
        .expect("a shell");
    let told = String::from_utf8_lossy(&few.stdout);
    assert!(
        few.status.success() && told.contains(SURVIVED),
        "{told}\n{}",
        String::from_utf8_lossy(&few.stderr)
    );
}

#[tokio::test]
async fn with_few_descriptors() {
    if std::env::var_os(FEW).is_none() {
        // Says nothing of a process that has as many as it likes.
        return;
    }
    let config = ServerConfig { serves: contracts![House], ..ServerConfig::default() };
    let table = Table::start(Over::Tcp, config, Admission::anonymous()).await;
    let server = &table.server;
    let address = server.local_addr().expect("an address");
    let ann = table.connect(table.player("ann")).await.expect("a login");
    for round in 1..=3 {
        let (before, mut held) = (server.stats().accept_errors, Vec::new());
        until(|| {
            held.extend(std::net::TcpStream::connect(address));
            server.stats().accept_errors > before
        })
        .await;
        assert!(held.len() > 20, "{} connections were all there was", held.len());
        assert_eq!(ann.double(round).await, Ok(round * 2), "who is here stays");
        drop(held);
        let bob = table.connect(table.player("bob")).await.expect("a login after the lack");
        assert_eq!(bob.double(round).await, Ok(round * 2));
        until(|| server.stats().logins_pending == 0).await;
    }
    println!("{SURVIVED}");
}
