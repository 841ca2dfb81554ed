//! `cargo xtask lab`: the lab for a developer, with the product attached.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::{packages, shell};

/// Builds what the lab runs and becomes the lab: a Ctrl-C then reaches it alone, and it removes the network
/// before it ends. Where namespaces are not permitted it says so and ends as skipped.
pub fn run(root: &Path, latency: Option<u16>, release: bool) -> anyhow::Result<()> {
    packages::install(root);
    let profile = if release { "release" } else { "dev" };
    shell::run(
        root,
        "cargo",
        &["build", "--profile", profile, "--package", "netwarden", "--package", "netwarden-lab", "--bins"],
    )?;
    let mut lab = Command::new("cargo");
    lab.current_dir(root);
    lab.args([
        "run",
        "--quiet",
        "--profile",
        profile,
        "--package",
        "netwarden-lab",
        "--bin",
        "netwarden-lab",
    ]);
    if let Some(runs) = latency {
        lab.args(["--", "--latency", &runs.to_string()]);
    }
    Err(lab.exec()).context("cargo cannot be started")
}
