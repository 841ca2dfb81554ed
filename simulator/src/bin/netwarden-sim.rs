//! The simulator from the shell.
fn main() {}
