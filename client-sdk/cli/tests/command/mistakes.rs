//! What people and servers get wrong: each with its exit code and a sentence that says what to do.

use super::*;

#[tokio::test]
async fn a_handler_that_refuses_is_1() {
    let (_server, address) = lobby().await;
    let full = ["call", &address, "Lobby.enqueue", "[{\"Team\":{\"size\":3}}]"];
    let said = "farcall: Lobby.enqueue refused: {\"Full\": {\"waiting\": 3}}\n";
    assert_eq!(run(&full).await, ran(1, "", said));
    let refused = run(&[&full[..], &["--json"]].concat()).await;
    let error: serde_json::Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!((refused.code, &refused.out[..]), (1, ""));
    assert_eq!((&error["error"], &error["value"]["Full"]["waiting"]), (&"refused".into(), &3.into()));
}

#[tokio::test]
async fn arguments_of_the_wrong_shape_are_2_and_say_what_the_route_takes() {
    let (_server, address) = lobby().await;
    let call = async |route, arguments| run(&["call", &address, route, arguments]).await;
    let takes = "  it takes (x: i64, y: i64)\n  for example '[0, 0]'\n";
    assert_eq!(
        call("Lobby.sum", "[2]").await,
        ran(2, "", &format!("farcall: `Lobby.sum` takes 2 arguments, 1 given\n{takes}"))
    );
    assert_eq!(
        call("Lobby.sum", "[2,\"3\"]").await,
        ran(2, "", &format!("farcall: the arguments are not what `Lobby.sum` takes\n{takes}"))
    );
    assert_eq!(
        call("Lobby.enqueue", "[\"Duo\"]").await.err,
        "farcall: the arguments are not what `Lobby.enqueue` takes\n  it takes (mode: Mode)\n  for example '[\"Duel\"]'\n  \
         enum Mode { Duel, Team { size: u8 } }\n"
    );
    assert_eq!(
        call("Trials.whoami", "[1]").await.err,
        "farcall: `Trials.whoami` takes no arguments, 1 given\n  it takes no arguments\n  for example '[]'\n"
    );
    assert_eq!(call("Lobby.chat", "[]").await.code, 2, "also where nobody answers");
}

#[tokio::test]
async fn what_is_not_a_json_array_is_2_before_anybody_is_called() {
    // Nobody listens there: it would be 3.
    let call = async |arguments| run(&["call", "127.0.0.1:1", "Lobby.sum", arguments]).await;
    for (arguments, said) in [
        ("2", "did you mean '[2]'?"),
        ("{\"x\":2}", "did you mean '[{\"x\":2}]'?"),
        ("null", "one JSON array"),
        ("[2,", "not JSON: EOF while parsing"),
        ("", "not JSON"),
        ("[two]", "not JSON"),
        ("['2']", "not JSON"),
        ("[1] [2]", "not JSON: trailing characters"),
        ("-1", "did you mean '[-1]'?"),
    ] {
        let ran = call(arguments).await;
        assert_eq!(ran.code, 2, "{arguments}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments}: {ran:?}");
    }
    let deep = "[".repeat(50_000);
    assert_eq!(call(&deep).await.code, 2);
}

#[tokio::test]
async fn a_wrong_command_line_is_2() {
    for wrong in [
        &[][..],
        &["dance", "127.0.0.1:1"],
        &["list"],
        &["list", "localhost"],
        &["list", "127.0.0.1:0"],
        &["list", "127.0.0.1:1", "--within", "0"],
        &["list", "127.0.0.1:1", "--within", "121"],
        &["list", "127.0.0.1:1", "--uid", ""],
        &["list", "127.0.0.1:1", "--key", "a", "--token", "b"],
        &["list", "127.0.0.1:1", "--answer", "x=1"],
        &["listen", "127.0.0.1:1", "--answer", "Player.ready_check"],
        &["listen", "127.0.0.1:1", "--answer", "Player.ready_check=yes"],
        &["listen", "127.0.0.1:1", "--count", "0"],
        &["listen", "127.0.0.1:1", "--for", "soon"],
        &["call", "127.0.0.1:1"],
    ] {
        let ran = run(wrong).await;
        assert_eq!((ran.code, &ran.out[..]), (2, ""), "{wrong:?}: {ran:?}");
        assert!(!ran.err.is_empty(), "{wrong:?}");
    }
    let uid = "x".repeat(65);
    assert!(run(&["list", "127.0.0.1:1", "--uid", &uid]).await.err.contains("at most 64 bytes"));
    let ran = run(&["list", "localhost", "--json"]).await;
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, &error["error"]), (2, &"usage".into()));
    for asked in ["--help", "--version"] {
        assert_eq!(run(&[asked, "--json"]).await.code, 0);
    }
}

#[tokio::test]
async fn no_such_route_is_4_with_the_nearest_name() {
    let (_server, address) = lobby().await;
    let said =
        |route: &str, hint: &str| ran(4, "", &format!("farcall: there is no route `{route}`\n  {hint}\n"));
    for verb in ["call", "describe"] {
        let run = async |route| run(&[verb, &address, route]).await;
        assert_eq!(run("Lobby.smu").await, said("Lobby.smu", "did you mean `Lobby.sum`?"));
        assert_eq!(run("sum").await, said("sum", "did you mean `Lobby.sum`?"));
        assert_eq!(run("Lobby::sum").await, said("Lobby::sum", "did you mean `Lobby.sum`?"));
        assert_eq!(run("Arena.attack").await, said("Arena.attack", "`farcall list` shows what there is"));
    }
    let other_side = run(&["call", &address, "Player.chat", "[]"]).await;
    assert_eq!(other_side.code, 4);
    assert!(other_side.err.contains("is called by the server on its players"), "{other_side:?}");
    let evil = run(&["call", &address, "\u{1b}[2J"]).await;
    assert!(!evil.err.contains('\u{1b}'), "{evil:?}");
}

#[tokio::test]
async fn every_other_ending_is_5() {
    let (_server, address) = lobby().await;
    let hung = run(&["call", &address, "Trials.hang", "--within", "2"]).await;
    let said =
        "farcall: Trials.hang did not answer within 2 s; it may have run\n  --within SECONDS waits longer\n";
    assert_eq!(hung, ran(5, "", said));
    let panicked = run(&["call", &address, "Trials.panic"]).await;
    assert_eq!(panicked, ran(5, "", "farcall: Trials.panic failed: the handler panicked\n"));
    let kicked = run(&["call", &address, "Trials.kick_me"]).await;
    assert_eq!(kicked.code, 5);
    assert!(kicked.err.ends_with("the game removed the player: as you wish\n"), "{kicked:?}");
}

#[tokio::test]
async fn too_much_is_2_here_already() {
    let (_server, address) = lobby().await;
    let large = format!("[\"{}\"]", "x".repeat(70_000));
    let ran = run(&["call", &address, "Lobby.chat", &large]).await;
    assert_eq!(
        (ran.code, &ran.err[..]),
        (2, "farcall: Lobby.chat: 70004 bytes of arguments, the peer takes 65536\n")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_line_that_is_not_unicode_is_2() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = farcall(&["--json", "list"]);
    command.arg(std::ffi::OsStr::from_bytes(b"\xff"));
    let ran = end(command.spawn().unwrap()).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(serde_json::from_str::<serde_json::Value>(&ran.err).is_ok(), "{ran:?}");
}

#[tokio::test]
async fn errors_that_nobody_reads_keep_their_exit_code() {
    for more in [&[][..], &["--json"]] {
        let mut child =
            farcall(&[&["call", "127.0.0.1:1", "Lobby.sum", "2"], more].concat()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(end(child).await.code, 2);
    }
}
