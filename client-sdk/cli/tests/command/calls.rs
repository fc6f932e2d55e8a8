//! `list`, `describe` and `call` as they are meant.

use tokio::io::AsyncWriteExt;

use super::*;

#[tokio::test]
async fn list_shows_both_sides_aligned() {
    let (_server, address) = lobby().await;
    let ran = run(&["list", &address]).await;
    assert_eq!((ran.code, &ran.err[..]), (0, ""));
    let expected = format!(
        "{address} serves:
  Lobby.chat(text: String)                 notify: Says something to everybody.
  Lobby.enqueue(mode: Mode) -> Result<Ticket, EnqueueError>
                                           Enters the queue for a match.
  Lobby.leaderboard() -> Vec<Rank>         The best players, best first.
  Lobby.steer(dx: f32, dy: f32)            notify(latest): Steering: a newer one
                                           replaces an unsent older one.
  Lobby.sum(x: i64, y: i64) -> i64         Adds two numbers.
  Trials.ask_me() -> Result<bool, String>  Asks the player who calls it whether
                                           it is ready.
  Trials.hang()                            Never answers.
  Trials.kick_me()                         Closes the caller's session.
  Trials.panic()                           Panics.
  Trials.whoami() -> String                Who the server takes you for.

It calls on its players:
  Player.chat(line: ChatLine)            notify: Somebody said something.
  Player.ready_check(game: u32) -> bool  A match is found: are you there?
"
    );
    assert_eq!(ran.out, expected);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
}

#[tokio::test]
async fn describe_says_everything_with_an_example_that_works() {
    let (_server, address) = lobby().await;
    let ran = run(&["describe", &address, "Lobby.enqueue"]).await;
    let place = ran.out.lines().find(|line| line.contains("  handler")).unwrap().to_owned();
    assert!(place.contains("game.rs:"), "{place}");
    let expected = format!(
        "Lobby.enqueue(mode: Mode) -> Result<Ticket, EnqueueError>
  Enters the queue for a match.

  A duel is never full.

  served by  server
  delivery   call
  arguments  mode: Mode
  reply      Ticket
  error      EnqueueError
{place}

  enum Mode {{ Duel, Team {{ size: u8 }} }}
  struct Ticket(u32)
  enum EnqueueError {{ Full {{ waiting: u32 }} }}

  farcall call {address} Lobby.enqueue '[\"Duel\"]'
"
    );
    assert_eq!((ran.code, ran.out), (0, expected));
    assert_eq!(run(&["call", &address, "Lobby.enqueue", "[\"Duel\"]"]).await.out, "7\n");
    let asked = run(&["describe", &address, "Player.ready_check"]).await;
    assert!(asked.out.contains("--answer Player.ready_check='true'"), "{}", asked.out);
}

#[tokio::test]
async fn call_prints_the_answer() {
    let (_server, address) = lobby().await;
    assert_eq!(run(&["call", &address, "Lobby.sum", "[2,3]"]).await, ran(0, "5\n", ""));
    assert_eq!(run(&["call", &address, "Lobby.sum", " [ 2 , -3 ] "]).await, ran(0, "-1\n", ""));
    let whoami = ["call", &address, "Trials.whoami"];
    assert_eq!(run(&[&whoami[..], &["[]", "--uid", "ann"]].concat()).await, ran(0, "\"ann\"\n", ""));
    assert_eq!(run(&[&["--uid", "bob"], &whoami[..]].concat()).await.out, "\"bob\"\n");
    let evil = run(&[&whoami[..], &["--uid", "é\u{1b}[2J"]].concat()).await;
    assert_eq!(evil.code, 2);
    assert!(evil.err.contains("a uid has no control characters"), "{evil:?}");
    let names = [run(&whoami).await, run(&whoami).await];
    assert!(names[0] != names[1], "runs beside each other must not close each other's sessions: {names:?}");
    let board = run(&["call", &address, "Lobby.leaderboard"]).await.out;
    assert_eq!(board.lines().count(), 4, "{board}");
    let sent = run(&["call", &address, "Lobby.chat", "[\"hi\"]"]).await;
    assert_eq!(sent, ran(0, "sent: nobody answers this route\n", ""));
}

#[tokio::test]
async fn scripts_read_json() {
    let (_server, address) = lobby().await;
    assert_eq!(run(&["call", &address, "Lobby.sum", "[2,3]", "--json"]).await, ran(0, "5\n", ""));
    let board = run(&["call", &address, "Lobby.leaderboard", "--json"]).await.out;
    assert_eq!(board.lines().count(), 1);
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    assert_eq!(board[1]["player"], "bob");
    let table: serde_json::Value =
        serde_json::from_str(&run(&["list", &address, "--json"]).await.out).unwrap();
    assert_eq!(table["routes"][4]["name"], "Lobby.sum");
    let sum: serde_json::Value =
        serde_json::from_str(&run(&["describe", &address, "Lobby.sum", "--json"]).await.out).unwrap();
    assert_eq!(sum["arguments"][1], serde_json::json!({"name": "y", "shape": "i64"}));
    assert_eq!(run(&["call", &address, "Lobby.chat", "[\"hi\"]", "--json"]).await, ran(0, "null\n", ""));
}

#[tokio::test]
async fn arguments_may_come_from_standard_input() {
    let (_server, address) = lobby().await;
    let mut command = farcall(&["call", &address, "Lobby.sum", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    bounded(child.stdin.take().unwrap().write_all(b"[40,\n2]\n")).await.unwrap();
    assert_eq!(end(child).await, ran(0, "42\n", ""));
    let nothing = run(&["call", &address, "Lobby.sum", "-"]).await;
    assert_eq!(nothing.code, 2, "{nothing:?}");
}
