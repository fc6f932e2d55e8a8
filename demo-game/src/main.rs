//! Runs the demo.
fn main() {}
