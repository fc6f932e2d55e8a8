//! README's code is the code: what it shows as the smallest game is the file that is compiled.
//! `BLESS=1 cargo test -p farcall-tests --test readme` copies it over.

use std::path::Path;

const BEGIN: &str = "<!-- hello -->\n";
const END: &str = "<!-- /hello -->\n";

#[test]
fn the_smallest_game_in_readme_is_the_one_that_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let hello = std::fs::read_to_string(root.join("demo-game/hello/main.rs")).expect("hello");
    let path = root.join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let (before, rest) = readme.split_once(BEGIN).expect("where hello begins");
    let (shown, after) = rest.split_once(END).expect("where hello ends");
    let expected = format!("```rust\n{hello}```\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).expect("write README.md");
    } else {
        assert_eq!(shown, expected, "run with BLESS=1 to copy hello into README.md");
    }
    assert!(hello.lines().count() <= 60, "the smallest game has grown");
}
