//! `list`, `describe` and `call` as they are meant.

use std::io::Write;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn list_shows_both_sides_aligned() {
    let (_server, address) = lobby().await;
    let ran = run(&["list", &address]);
    assert_eq!((ran.code, &ran.err[..]), (0, ""));
    let expected = format!(
        "{address} serves:
  Lobby.ask_me() -> Result<bool, String>  Asks the player who calls it whether it is ready, and answers what it says.
  Lobby.chat(text: String)                notify: Says something to everybody.
  Lobby.enqueue(mode: Mode) -> Result<Ticket, EnqueueError>
                                          Enters the queue for a match.
  Lobby.hang()                            Never answers.
  Lobby.kick_me()                         Closes the caller's session.
  Lobby.leaderboard() -> Vec<Rank>        The best players, best first.
  Lobby.panic()                           Panics.
  Lobby.steer(dx: f32, dy: f32)           notify(latest): Steering: a newer one replaces an unsent older one.
  Lobby.sum(x: i64, y: i64) -> i64        Adds two numbers.
  Lobby.whoami() -> String                Who the server takes you for.

It calls on its players:
  Player.chat(line: ChatLine)            notify: Somebody said something.
  Player.ready_check(game: u32) -> bool  A match is found: are you there?
"
    );
    assert_eq!(ran.out, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn describe_says_everything_with_an_example_that_works() {
    let (_server, address) = lobby().await;
    let ran = run(&["describe", &address, "Lobby.enqueue"]);
    let place = ran.out.lines().find(|line| line.contains("stands in")).unwrap().to_owned();
    assert!(place.contains("game.rs:"), "{place}");
    let expected = format!(
        "Lobby.enqueue(mode: Mode) -> Result<Ticket, EnqueueError>
  Enters the queue for a match.

  A duel is never full.

  served by  the server
  delivered  call
  takes      mode: Mode
  answers    Ticket
  refuses    EnqueueError
{place}

  enum Mode {{ Duel, Team {{ size: u8 }} }}
  struct Ticket(u32)
  enum EnqueueError {{ Full {{ waiting: u32 }} }}

  farcall call {address} Lobby.enqueue '[\"Duel\"]'
"
    );
    assert_eq!((ran.code, ran.out), (0, expected));
    assert_eq!(run(&["call", &address, "Lobby.enqueue", "[\"Duel\"]"]).out, "7\n");
    let asked = run(&["describe", &address, "Player.ready_check"]);
    assert!(asked.out.contains("--answer Player.ready_check='true'"), "{}", asked.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn call_prints_the_answer() {
    let (_server, address) = lobby().await;
    assert_eq!(run(&["call", &address, "Lobby.sum", "[2,3]"]), ran(0, "5\n", ""));
    assert_eq!(run(&["call", &address, "Lobby.sum", " [ 2 , -3 ] "]), ran(0, "-1\n", ""));
    assert_eq!(run(&["call", &address, "Lobby.whoami"]), ran(0, "\"tool\"\n", ""));
    assert_eq!(run(&["call", &address, "Lobby.whoami", "[]", "--uid", "ann"]), ran(0, "\"ann\"\n", ""));
    assert_eq!(run(&["--uid", "bob", "call", &address, "Lobby.whoami", "null"]).code, 2);
    let board = run(&["call", &address, "Lobby.leaderboard"]).out;
    assert_eq!(board.lines().count(), 5, "{board}");
    assert!(board.contains("é\\u001b[2J"), "{board}");
    let sent = run(&["call", &address, "Lobby.chat", "[\"hi\"]"]);
    assert_eq!(sent, ran(0, "sent: nobody answers this route\n", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_read_json() {
    let (_server, address) = lobby().await;
    assert_eq!(run(&["call", &address, "Lobby.sum", "[2,3]", "--json"]), ran(0, "5\n", ""));
    let board = run(&["call", &address, "Lobby.leaderboard", "--json"]).out;
    assert_eq!(board.lines().count(), 1);
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    assert_eq!(board[1]["player"], "bob");
    let table: serde_json::Value = serde_json::from_str(&run(&["list", &address, "--json"]).out).unwrap();
    assert_eq!(table["routes"][8]["name"], "Lobby.sum");
    let sum: serde_json::Value =
        serde_json::from_str(&run(&["describe", &address, "Lobby.sum", "--json"]).out).unwrap();
    assert_eq!(sum["arguments"][1], serde_json::json!({"name": "y", "shape": "i64"}));
    assert_eq!(run(&["call", &address, "Lobby.chat", "[\"hi\"]", "--json"]), ran(0, "null\n", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_may_come_from_standard_input() {
    let (_server, address) = lobby().await;
    let mut child = farcall(&["call", &address, "Lobby.sum", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"[40,\n2]\n").unwrap();
    assert_eq!(Ran::from(child.wait_with_output().unwrap()).out, "42\n");
}

pub fn ran(code: i32, out: &str, err: &str) -> Ran {
    Ran { code, out: out.to_owned(), err: err.to_owned() }
}
