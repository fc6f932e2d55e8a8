//! How such a server begins: a listener for each thread, on an address that is its alone. And when it cannot: `bind` says why, and
//! nothing is left running. The lack of descriptors is real, so it happens in a process of its own: this program once more, with
//! few.

use farcall_server::BindError;

use super::*;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn each_thread_has_a_listener_of_its_own() {
    let _alone = alone().await;
    for (threads, listeners) in [(Threads::Shared, 1), (Threads::Own(1), 1), (Threads::Own(3), 3)] {
        let place = place(threads).await;
        // LISTEN is 0A; addresses are in hexadecimal.
        let own = format!(":{:04X} 00000000:0000 0A ", place.server.local_addr().unwrap().port());
        let sockets = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        assert_eq!(sockets.lines().filter(|socket| socket.contains(&own)).count(), listeners, "{threads:?}");
        place.server.shutdown(LONG).await;
    }
}

#[tokio::test]
async fn two_servers_never_share_an_address() {
    let _alone = alone().await;
    for (first, second) in [
        (Threads::Own(3), Threads::Own(3)),
        (Threads::Own(3), Threads::Shared),
        (Threads::Shared, Threads::Own(3)),
    ] {
        let place = place(first).await;
        let address = place.server.local_addr().unwrap().to_string();
        let config = ServerConfig { address, ..config(second) };
        let taken = Server::bind(config, Admission::anonymous()).await;
        assert!(matches!(taken, Err(BindError::Address { .. })), "{first:?}, {second:?}: {taken:?}");
        place.server.shutdown(LONG).await;
    }
}

#[tokio::test]
async fn a_server_of_no_threads_does_not_start() {
    let refused = Server::bind(config(Threads::Own(0)), Admission::anonymous()).await.expect_err("no thread");
    assert_eq!(refused.to_string(), "cannot start thread 0 of 0: sessions need at least one");
    assert!(Server::in_memory(config(Threads::Own(0)), Admission::anonymous()).is_err());
}

#[test]
fn there_is_a_thread_for_each_cpu() {
    let cpus = std::thread::available_parallelism().expect("a number").get();
    assert_eq!(Threads::per_core(), Threads::Own(cpus));
}

/// Set for the process with few descriptors.
#[cfg(target_os = "linux")]
const FEW: &str = "FARCALL_FEW_DESCRIPTORS";
#[cfg(target_os = "linux")]
const AFTERWARDS: &str = "a smaller server starts";

#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_cannot_start_is_an_error_that_names_it() {
    let few = std::process::Command::new("sh")
        .args(["-c", r#"ulimit -n 64 && exec "$0" --exact starting::with_few_descriptors --nocapture"#])
        .arg(std::env::current_exe().expect("this program"))
        .env(FEW, "1")
        .output()
        .expect("a shell");
    let told = String::from_utf8_lossy(&few.stdout);
    let complained = String::from_utf8_lossy(&few.stderr);
    assert!(few.status.success() && told.contains(AFTERWARDS), "{told}\n{complained}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn with_few_descriptors() {
    if std::env::var_os(FEW).is_none() {
        // Says nothing of a process that has as many as it likes.
        return;
    }
    let _alone = alone().await;
    let failed = Server::bind(config(Threads::Own(60)), Admission::anonymous()).await;
    let Err(BindError::Thread { number, of: 60, error }) = failed else { panic!("{failed:?}") };
    assert!((2..60).contains(&number), "{number}: {error}");
    farcall_tests::waiting::until(|| crew() == 0).await;
    let smaller = Server::bind(config(Threads::Own(2)), Admission::anonymous()).await.expect("a server");
    smaller.shutdown(LONG).await;
    println!("{AFTERWARDS}");
}
