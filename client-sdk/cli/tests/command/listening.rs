//! `listen`: prints what is sent, answers what is asked, and knows when to leave.

use std::io::{BufRead, BufReader};

use farcall_protocol::Uid;
use farcall_server::NotExecuted;
use farcall_tests::waiting::until;

use super::game::{ChatLine, Player};
use super::*;

/// Starts it and waits until it is logged in.
async fn listening(server: &Server, arguments: &[&str]) -> std::process::Child {
    let address = server.local_addr().unwrap().to_string();
    // Whatever a test forgets, it leaves in the end.
    let arguments = [&["listen", &address, "--for", "120"], arguments].concat();
    let child = farcall(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until(|| server.player("tool").is_ok()).await;
    child
}

fn line(text: &str) -> ChatLine {
    ChatLine { from: Uid::new("ann").unwrap(), text: text.to_owned() }
}

/// The lines without their times.
fn told(out: &str) -> Vec<&str> {
    out.lines().map(|line| line.split_once(" s  ").expect("a time").1).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_messages_and_answers_calls() {
    let (server, _) = lobby().await;
    let child = listening(&server, &["--answer", "Player.ready_check=true", "--count", "3"]).await;
    let player = server.player("tool").unwrap();
    player.chat(line("hi"));
    assert_eq!(player.ready_check(7).await, Ok(true));
    player.chat(line("\u{9b}2J"));
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        told(&ran.out),
        [
            r#"Player.chat({"from": "ann", "text": "hi"})"#,
            "Player.ready_check(7) → true",
            r#"Player.chat({"from": "ann", "text": "\u{9b}2J"})"#,
        ]
    );
    assert!(ran.err.starts_with("listening as tool at 127.0.0.1:"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_has_no_answer_for_is_refused_as_unknown() {
    let (server, _) = lobby().await;
    let child = listening(&server, &["--answer", "Player.redy_check=true", "--count", "1"]).await;
    let asked = server.player("tool").unwrap().ready_check(7).await;
    assert_eq!(asked, Err(NotExecuted::UnknownRoute.into()));
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(told(&ran.out), ["Player.ready_check(7) → not answered: no --answer for it"]);
    let note =
        "note: the server does not say that it calls `Player.redy_check`; did you mean `Player.ready_check`?";
    assert!(ran.err.contains(note), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_wrong_shape_fails_the_servers_call_only() {
    let (server, _) = lobby().await;
    let child = listening(&server, &["--answer", "Player.ready_check=\"maybe\"", "--count", "2"]).await;
    let player = server.player("tool").unwrap();
    assert_eq!(
        player.ready_check(7).await,
        Err(farcall_server::CallError::Failed(farcall_server::Failed::BadReply))
    );
    player.chat(line("still here"));
    assert_eq!(Ran::from(child.wait_with_output().unwrap()).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_read_a_line_for_each_event() {
    let (server, _) = lobby().await;
    let child = listening(&server, &["--json", "--answer", "Player.ready_check=false", "--count", "2"]).await;
    let player = server.player("tool").unwrap();
    player.chat(line("hi"));
    assert_eq!(player.ready_check(7).await, Ok(false));
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!((ran.code, &ran.err[..]), (0, ""));
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["kind"], &lines[0]["arguments"][0]["text"]), (&"message".into(), &"hi".into()));
    assert_eq!((&lines[1]["route"], &lines[1]["answer"]), (&"Player.ready_check".into(), &false.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_when_its_time_is_up_and_says_why_when_the_server_ends_it() {
    let (server, address) = lobby().await;
    assert_eq!(run(&["listen", &address, "--for", "0.1"]).code, 0);
    let child = listening(&server, &[]).await;
    assert!(server.kick("tool", "closing time"));
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 5);
    assert!(ran.err.ends_with("the session is over: the game removed the player: closing time\n"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_is_no_error() {
    let (server, _) = lobby().await;
    let mut child = listening(&server, &[]).await;
    server.player("tool").unwrap().chat(line("hi"));
    let mut out = BufReader::new(child.stdout.take().unwrap());
    tokio::task::block_in_place(|| out.read_line(&mut String::new())).unwrap();
    drop(out);
    until(|| {
        server.everyone().chat(line("anybody?"));
        child.try_wait().unwrap().is_some()
    })
    .await;
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
