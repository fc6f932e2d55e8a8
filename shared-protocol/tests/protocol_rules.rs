//! PROTOCOL.md and the code speak of the same rules: each rule defined there is cited by the code and by a test,
//! and each one cited is defined.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn protocol() -> String {
    std::fs::read_to_string(root().join("PROTOCOL.md")).expect("PROTOCOL.md")
}

/// Every `P-nn` in a text; `P-10 to P-19` cites what is between, too.
fn cited(text: &str) -> BTreeSet<u32> {
    let mut rules = BTreeSet::new();
    let numbers: Vec<(usize, u32)> = text
        .match_indices("P-")
        .filter_map(|(at, _)| Some((at, text.get(at + 2..at + 4)?.parse().ok()?)))
        .collect();
    for (place, &(at, rule)) in numbers.iter().enumerate() {
        rules.insert(rule);
        if let Some(&(next, last)) = numbers.get(place + 1)
            && text.get(at + 4..next) == Some(" to ")
        {
            rules.extend(rule..=last);
        }
    }
    rules
}

/// Rules are defined by a bold number at the start of a paragraph.
fn defined(text: &str) -> Vec<u32> {
    text.lines().filter_map(|line| line.strip_prefix("**P-")?.get(..2)?.parse().ok()).collect()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// All citations in Rust sources below a folder: in code, and in tests.
fn citations(folder: &Path, code: &mut BTreeSet<u32>, tests: &mut BTreeSet<u32>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") {
            citations(&path, code, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("protocol_rules.rs")
        {
            let text = std::fs::read_to_string(&path).expect("a source");
            if is_test(&path) { &mut *tests } else { &mut *code }.extend(cited(&text));
        }
    }
}

#[test]
fn every_rule_is_cited_by_code_and_by_a_test_and_every_cited_one_is_defined() {
    let defined: BTreeSet<u32> = defined(&protocol()).into_iter().collect();
    let (mut code, mut tests) = (BTreeSet::new(), BTreeSet::new());
    citations(&root().join("shared-protocol"), &mut code, &mut tests);
    let missing = |cited: &BTreeSet<u32>| defined.difference(cited).copied().collect::<Vec<_>>();
    assert_eq!(missing(&code), [], "rules that no code cites");
    assert_eq!(missing(&tests), [], "rules that no test cites");
    let undefined: Vec<&u32> = code.union(&tests).filter(|rule| !defined.contains(rule)).collect();
    assert!(undefined.is_empty(), "cited and not defined: {undefined:?}");
}

#[test]
fn rules_are_defined_once_and_in_order() {
    let rules = defined(&protocol());
    assert!(rules.len() > 30 && rules.is_sorted_by(|a, b| a < b), "{rules:?}");
    let inside: BTreeSet<u32> = cited(&protocol());
    assert!(inside.iter().all(|rule| rules.contains(rule)), "PROTOCOL.md cites a rule it does not have");
}
