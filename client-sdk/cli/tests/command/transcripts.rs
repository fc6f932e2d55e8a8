//! README's transcripts are what the command prints: each line after a `$` is typed in a shell against the example's
//! lobby, and what comes is compared. `BLESS=1 cargo test -p farcall-cli --test command transcripts` writes it instead.
#![cfg(unix)]

use std::path::Path;

use farcall_tests::waiting::until;

use super::*;

/// Where the lobby seems to be, and as whom `listen` listens.
const SHOWN: &str = "127.0.0.1:7000";
const LISTENER: &str = "ann";

#[tokio::test]
async fn readme_shows_what_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let mut readme = std::fs::read_to_string(&path).expect("README.md");
    for verb in ["list", "describe", "call", "listen"] {
        let [begin, end] = [format!("<!-- farcall {verb} -->\n"), format!("<!-- /farcall {verb} -->\n")];
        let (before, rest) = readme.split_once(&begin).expect(&begin);
        let (shown, after) = rest.split_once(&end).expect(&end);
        let printed = transcript(shown).await;
        if std::env::var_os("BLESS").is_none() {
            assert_eq!(shown, printed, "BLESS=1 writes it into README.md");
        }
        readme = format!("{before}{begin}{printed}{end}{after}");
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, readme).expect("write README.md");
    }
}

/// The same commands with what they print now.
async fn transcript(shown: &str) -> String {
    let mut lines = vec!["```console".to_owned()];
    for command in shown.lines().filter_map(|line| line.strip_prefix("$ ")) {
        lines.push(format!("$ {command}"));
        lines.extend(typed(command).await.lines().map(str::to_owned));
    }
    assert!(lines.len() > 1, "no command in {shown}");
    lines.push("```\n".to_owned());
    lines.join("\n")
}

/// What a shell shows when this is typed.
async fn typed(command: &str) -> String {
    let (server, address) = start(game::config("127.0.0.1:0"), Admission::anonymous()).await;
    let folder = Path::new(env!("CARGO_BIN_EXE_farcall")).parent().expect("a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path))).expect("a PATH");
    // `exec`: no shell is left between the test and the command that it ends.
    let script = format!("exec {} 2>&1", command.replace(SHOWN, &address));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env("PATH", path);
    let shell = alone(shell).spawn().expect("a shell");
    let listens = command.starts_with("farcall listen");
    let ran = match listens {
        true => tokio::join!(end(shell), greet_the_listener(&server)).0,
        false => end(shell).await,
    };
    // Where the test found the example's file: the example itself names it without the detour.
    let text = ran.out.replace(&address, SHOWN).replace("tests/command/../../", "");
    if listens { with_even_times(&text) } else { text }
}

/// Greets as the example does, once: `--count` says after how much the listener leaves.
async fn greet_the_listener(server: &Server) {
    until(|| server.player(LISTENER).is_ok()).await;
    game::greet_everyone(server).await;
}

/// Times differ from run to run: README shows a second for each line.
fn with_even_times(text: &str) -> String {
    let mut seconds = 0;
    let line = |line: &str| match line.split_once(" s  ") {
        Some((_, said)) => {
            seconds += 1;
            format!("{seconds:>4}.000 s  {said}\n")
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}
