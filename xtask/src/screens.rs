//! `cargo xtask screens`: the pictures of README.md, taken of the demo.

use std::path::Path;

use crate::{packages, shell};

/// Where the pictures are kept.
const SCREENS: &str = "docs/screens";

/// Builds the product and lets `tests/browser/screens.mjs` look at its demo in Chromium.
pub fn run(root: &Path) -> anyhow::Result<()> {
    packages::install(root);
    let suite = root.join("tests/browser");
    shell::run(root, "cargo", &["build", "--locked", "--package", "netwarden", "--bin", "netwarden"])?;
    shell::run(&suite, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let (binary, folder) = (target.join("debug/netwarden"), root.join(SCREENS));
    shell::run(&suite, "node", &["screens.mjs", &binary.display().to_string(), &folder.display().to_string()])
}
