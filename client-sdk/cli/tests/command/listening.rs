//! `listen`: prints what is sent, answers what is asked, and knows when to leave.

use farcall_protocol::Uid;
use farcall_server::{CallError, Failed, NotExecuted, Notified};
use farcall_tests::waiting::until;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::game::{ChatLine, Player};
use super::*;

/// Starts it as the player `tool` and waits until it is logged in.
async fn listening(server: &Server, arguments: &[&str]) -> Child {
    // Of a player who leaves, the server may not know it yet.
    until(|| server.player("tool").is_err()).await;
    let address = server.local_addr().unwrap().to_string();
    let child = farcall(&[&["listen", &address, "--uid", "tool"], arguments].concat()).spawn().unwrap();
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

#[tokio::test]
async fn it_prints_messages_and_answers_calls() {
    let (server, _) = lobby().await;
    let child = listening(&server, &["--answer", "Player.ready_check=true", "--count", "3"]).await;
    let player = server.player("tool").unwrap();
    player.chat(line("hi"));
    assert_eq!(player.ready_check(7).await, Ok(true));
    player.chat(line("\u{9b}2J"));
    let ran = end(child).await;
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

#[tokio::test]
async fn what_it_has_no_answer_for_is_refused_as_unknown() {
    let (server, _) = lobby().await;
    let answers = ["--answer", "Player.redy_check=true", "--answer", "Player.chat=1", "--count", "1"];
    let child = listening(&server, &answers).await;
    let asked = server.player("tool").unwrap().ready_check(7).await;
    assert_eq!(asked, Err(NotExecuted::UnknownRoute.into()));
    let ran = end(child).await;
    assert_eq!(told(&ran.out), ["Player.ready_check(7) → not answered: no --answer for it"]);
    let note =
        "note: the server does not say that it calls `Player.redy_check`; did you mean `Player.ready_check`?";
    assert!(ran.err.contains(note), "{ran:?}");
    assert!(ran.err.contains("note: the server awaits no answer to `Player.chat`\n"), "{ran:?}");
}

#[tokio::test]
async fn an_answer_of_the_wrong_shape_fails_the_servers_call_only() {
    let (server, _) = lobby().await;
    let child = listening(&server, &["--answer", "Player.ready_check=\"maybe\"", "--count", "2"]).await;
    let player = server.player("tool").unwrap();
    assert_eq!(player.ready_check(7).await, Err(CallError::Failed(Failed::BadReply)));
    player.chat(line("still here"));
    assert_eq!(end(child).await.code, 0);
}

#[tokio::test]
async fn scripts_read_a_line_for_each_event() {
    let (server, _) = lobby().await;
    let child = listening(&server, &["--json", "--answer", "Player.ready_check=false", "--count", "2"]).await;
    let player = server.player("tool").unwrap();
    player.chat(line("hi"));
    assert_eq!(player.ready_check(7).await, Ok(false));
    let ran = end(child).await;
    assert_eq!((ran.code, &ran.err[..]), (0, ""));
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["kind"], &lines[0]["arguments"][0]["text"]), (&"message".into(), &"hi".into()));
    assert_eq!((&lines[1]["route"], &lines[1]["answer"]), (&"Player.ready_check".into(), &false.into()));
}

#[tokio::test]
async fn it_leaves_when_its_time_is_up_and_says_why_when_the_server_ends_it() {
    let (server, address) = lobby().await;
    assert_eq!(run(&["listen", &address, "--uid", "tool", "--for", "0.1"]).await.code, 0);
    let child = listening(&server, &[]).await;
    assert!(server.kick("tool", "closing time"));
    let ran = end(child).await;
    assert_eq!(ran.code, 5);
    assert!(ran.err.ends_with("the session is over: the game removed the player: closing time\n"), "{ran:?}");
}

#[tokio::test]
async fn a_reader_that_leaves_is_no_error() {
    let (server, _) = lobby().await;
    let mut child = listening(&server, &[]).await;
    server.player("tool").unwrap().chat(line("hi"));
    let mut out = BufReader::new(child.stdout.take().unwrap());
    bounded(out.read_line(&mut String::new())).await.unwrap();
    drop(out);
    until(|| {
        server.everyone().chat(line("anybody?"));
        child.try_wait().unwrap().is_some()
    })
    .await;
    assert_eq!(end(child).await.code, 0);
}

#[tokio::test]
async fn a_reader_that_is_slow_misses_lines_and_delays_nobody() {
    const SENT: usize = 3_000;
    let (server, _) = lobby().await;
    let child = listening(&server, &["--json", "--answer", "Player.ready_check=true"]).await;
    let player = server.player("tool").unwrap();
    for _ in 0..SENT {
        assert_eq!(player.chat(line(&"x".repeat(100))), Notified::Sent);
    }
    // Answered although nobody has read a line.
    assert_eq!(player.ready_check(7).await, Ok(true));
    server.kick("tool", "enough");
    let ran = end(child).await;
    assert_eq!(ran.code, 5);
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let missed: u64 = lines.iter().filter_map(|line| line["missed"].as_u64()).sum();
    let printed = lines.iter().filter(|line| line["kind"].is_string()).count();
    assert!(missed > 0, "the pipe and the queue held {printed}");
    assert_eq!(printed + missed as usize, SENT + 1);
}

#[tokio::test]
async fn it_leaves_in_time_although_nobody_reads() {
    let (server, _) = lobby().await;
    let mut child = listening(&server, &["--for", "1"]).await;
    let player = server.player("tool").unwrap();
    for _ in 0..2_000 {
        player.chat(line(&"x".repeat(100)));
    }
    let status = bounded(child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
}
