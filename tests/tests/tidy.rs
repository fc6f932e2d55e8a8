//! Rules about the code itself that a machine can check: what each crate may know, how files open and how long they
//! get, and that every dependency and every exception has its reason.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file: its path from the workspace's root, and its text.
struct Source {
    path: String,
    text: String,
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const LINES_MAX: usize = 500;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files of that ending, except what was built and the compile-fail cases, which are written as a user would.
fn files(ending: &str) -> Vec<Source> {
    let mut folders = vec![PathBuf::from(ROOT)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let (path, name) = (entry.path(), entry.file_name().into_string().expect("a plain name"));
            if path.is_dir() {
                if !name.starts_with('.') && !["target", "compile_fail", "corpus"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                let short = path.strip_prefix(ROOT).expect("below the root").display().to_string();
                found.push(Source { path: short, text: fs::read_to_string(path).expect("text") });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn sources() -> Vec<Source> {
    let found = files(".rs");
    assert!(found.len() > 100, "only {} source files found", found.len());
    found
}

impl Source {
    fn is_test(&self) -> bool {
        let tests = ["tests/", "/tests/", "tests.rs", "_tests.rs"];
        tests.iter().any(|part| self.path.contains(part)) || self.path.starts_with("fuzz/")
    }

    /// Its lines of code: without comments and without what follows a `#[cfg(test)]` module's opening.
    fn code(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.lines().map(str::trim);
        lines.take_while(|line| *line != "mod tests {").filter(|line| !line.starts_with("//"))
    }
}

/// Fails with all that was found, not only the first.
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Files in which a line of code has this, unless the file is allowed to.
fn naming(part: &str, within: &str, allowed: &[&str]) -> Vec<String> {
    sources()
        .iter()
        .filter(|source| source.path.starts_with(within) && !source.is_test())
        .filter(|source| !allowed.contains(&source.path.as_str()))
        .filter(|source| source.code().any(|line| line.contains(part)))
        .map(|source| source.path.clone())
        .collect()
}

/// The dependencies a manifest names under one heading.
fn dependencies(manifest: &str, heading: &str) -> Vec<String> {
    let text = read(manifest);
    let lines = text.lines().skip_while(|line| *line != format!("[{heading}]")).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_pure_crate_depends_on_no_runtime_no_randomness_and_no_registry() {
    let known = dependencies("shared-protocol/Cargo.toml", "dependencies");
    assert!(known.contains(&"bytes".to_owned()), "{known:?}");
    let banned = ["tokio", "tokio-util", "getrandom", "inventory", "socket2", "futures-util", "tracing"];
    none("not pure", known.into_iter().filter(|name| banned.contains(&name.as_str())).collect());
}

#[test]
fn the_pure_crate_reads_no_clock() {
    for clock in ["Instant::now", "SystemTime", ".elapsed()", "std::thread", "std::net"] {
        none(clock, naming(clock, "shared-protocol/src/", &[]));
    }
}

#[test]
fn server_and_client_do_not_know_each_other() {
    for (one, other) in [("server", "farcall-client"), ("client-sdk", "farcall-server")] {
        let known = dependencies(&format!("{one}/Cargo.toml"), "dependencies");
        assert!(known.contains(&"farcall-protocol".to_owned()), "{known:?}");
        assert!(!known.contains(&other.to_owned()), "{one} depends on {other}");
    }
}

#[test]
fn bincode_is_named_in_one_file() {
    let allowed = ["shared-protocol/src/codec/bincode.rs", "shared-protocol/src/codec/mod.rs"];
    none("names bincode", naming("bincode::", "", &allowed));
    none(
        "depends on it",
        files("Cargo.toml")
            .iter()
            .filter(|manifest| {
                !["Cargo.toml", "shared-protocol/Cargo.toml"].contains(&manifest.path.as_str())
            })
            .filter(|manifest| manifest.text.lines().any(|line| line.starts_with("bincode")))
            .map(|manifest| manifest.path.clone())
            .collect(),
    );
}

#[test]
fn every_file_says_what_it_is_and_refuses() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    none("does not open with `//!`", silent.map(|source| source.path).collect());
}

#[test]
fn no_file_is_named_after_nothing() {
    let empty = ["utils", "util", "common", "helpers", "helper", "misc"];
    let nameless = sources()
        .into_iter()
        .filter(|source| source.path.split('/').any(|part| empty.contains(&part.trim_end_matches(".rs"))));
    none("a name that says nothing", nameless.map(|source| source.path).collect());
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let long = sources().into_iter().filter(|source| source.text.lines().count() > LINES_MAX);
    none("over 500 lines", long.map(|source| source.path).collect());
}

#[test]
fn no_test_is_ignored_or_waits_blindly() {
    // Put together here so that this file does not name them.
    for banned in [concat!("#[", "ignore"), concat!("sle", "ep("), concat!("sle", "ep_ms(")] {
        // On a paused clock a pause is an instant of its own, and takes no time.
        let found = sources().into_iter().filter(|source| source.is_test());
        let found = found.filter(|source| !source.text.contains("start_paused = true"));
        let found = found.filter(|source| source.code().any(|line| line.contains(banned)));
        none(banned, found.map(|source| source.path).collect());
    }
}

#[test]
fn nothing_is_left_to_do_and_no_channel_is_unbounded() {
    for banned in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")] {
        let found = sources().into_iter().filter(|source| source.text.contains(banned));
        none(banned, found.map(|source| source.path).collect());
    }
    none("an unbounded channel", naming("unbounded", "", &[]));
    none("an unbounded channel", naming("mpsc::channel()", "", &[]));
}

#[test]
fn the_games_rules_know_nothing_of_the_network_and_what_users_copy_is_short() {
    let arena = sources().into_iter().filter(|source| source.path.starts_with("demo-game/src/arena"));
    let found = arena.filter(|source| source.code().any(|line| line.contains("farcall")));
    none("rules that know of Farcall", found.map(|source| source.path).collect());
    let copied = ["contract", "handlers", "bots"];
    let lines: usize =
        copied.iter().map(|name| read(&format!("demo-game/src/{name}.rs")).lines().count()).sum();
    assert!(lines <= 360, "contract, handlers and bots have {lines} lines");
}

#[test]
fn the_architecture_is_a_page_and_readme_has_no_rule_numbers() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= 250, "ARCHITECTURE.md has {lines} lines");
    let is_rule = |word: &str| {
        word.strip_prefix("P-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let readme = read("README.md");
    let found = readme.split(|c: char| c.is_whitespace() || c == '(').filter(|word| is_rule(word));
    none("a rule's number in README.md", found.map(str::to_owned).collect());
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let lines = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let bare = lines.filter(|line| line.contains('=') && !line.contains("path =") && !line.contains(" # "));
    none("no reason given", bare.map(str::to_owned).collect());
}

#[test]
fn members_do_not_choose_versions_of_their_own() {
    let own = files("Cargo.toml").into_iter().filter(|manifest| manifest.path != "Cargo.toml");
    // Workspaces of their own have nobody to inherit from.
    let own = own.filter(|manifest| !manifest.text.lines().any(|line| line == "[workspace]"));
    let own = own.filter(|manifest| {
        let all = ["dependencies", "dev-dependencies", "build-dependencies"];
        let text = all.iter().flat_map(|heading| {
            manifest
                .text
                .lines()
                .skip_while(move |line| *line != format!("[{heading}]"))
                .skip(1)
                .take_while(|line| !line.starts_with('['))
        });
        text.filter(|line| line.contains('=') && !line.starts_with('#'))
            .any(|line| !line.contains("workspace = true"))
    });
    none("a version or path of its own", own.map(|manifest| manifest.path).collect());
}
