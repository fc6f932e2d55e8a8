//! The parts of PROTOCOL.md that are made from the code: a dialogue in hex, the tables of kinds, statuses and
//! close codes (P-80), worked signatures (P-20, P-21) and values (P-23). `BLESS=1` writes them; without it the
//! test compares.

#![allow(clippy::panic, clippy::expect_used, reason = "a test that cannot go on says so")]

mod dialogue;
mod names;
mod tables;

use std::path::Path;

#[test]
fn protocol_md_says_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../PROTOCOL.md");
    let text = std::fs::read_to_string(&path).expect("PROTOCOL.md");
    let blocks = [
        ("dialogue", dialogue::annotated()),
        ("kinds", tables::kinds()),
        ("signatures", names::signatures()),
        ("values", names::values()),
        ("statuses", tables::statuses()),
        ("close codes", tables::close_codes()),
    ];
    let generated = blocks.iter().fold(text.clone(), |text, (name, block)| replaced(&text, name, block));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &generated).expect("PROTOCOL.md is writable");
    } else if text != generated {
        let pair = text.lines().zip(generated.lines()).find(|(is, should)| is != should);
        let (is, should) = pair.unwrap_or(("(its end)", "(its end)"));
        panic!("PROTOCOL.md says\n  {is}\nand the code does\n  {should}\nBLESS=1 rewrites it");
    }
}

/// The text with what stands between a block's marks replaced.
fn replaced(text: &str, name: &str, block: &str) -> String {
    let begin = format!("<!-- generated: {name} -->\n");
    let from = text.find(&begin).unwrap_or_else(|| panic!("no mark {begin}")) + begin.len();
    let to = from + text[from..].find("<!-- end -->").expect("an end mark");
    format!("{}{block}{}", &text[..from], &text[to..])
}

/// Bytes as PROTOCOL.md shows them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
