//! The netwarden binary.
fn main() {}
