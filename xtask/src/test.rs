//! `cargo xtask test`: everything that must be true before a change lands.

use std::path::Path;

use crate::{conformance, layers, packages, shell};

/// Runs the checks in the order in which they fail fastest; stops at the first that fails, except that
/// the matrix of requirements is printed even after failing tests.
pub fn run(root: &Path) -> anyhow::Result<()> {
    packages::install(root);
    packages::test_runner(root)?;
    shell::run(root, "cargo", &["fmt", "--all", "--check"])?;
    layers::run(root)?;
    shell::run(
        root,
        "cargo",
        &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
    )?;
    // Integration tests run the binaries; with the tests beside them they are built of the same parts.
    shell::run(root, "cargo", &["build", "--workspace", "--bins", "--tests", "--locked"])?;
    let tests =
        shell::run(root, "cargo", &["nextest", "run", "--workspace", "--locked", "--no-tests", "pass"]);
    let matrix = conformance::run(root);
    tests.and(matrix)
}
