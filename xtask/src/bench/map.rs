//! The map of a network of 500 switches, as `tests/browser/map.mjs` sees it in Chromium.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use super::queries::Server;
use super::run::build;
use crate::{packages, shell};

/// See the module.
pub fn run(root: &Path) -> anyhow::Result<()> {
    packages::install(root);
    build(root, &["--package", "netwarden", "--package", "netwarden-benches", "--bins"])?;
    let suite = root.join("tests/browser");
    shell::run(&suite, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    println!(
        "\n## The map of 500 switches with 100,000 endpoints, from the request for the page until it stands there"
    );
    let folder = tempfile::tempdir()?;
    let server = Server::init(root, folder.path())?;
    // The first start makes the tables and the first user.
    server.start()?.end()?;
    server.fill(&["--elements", "500", "--endpoints", "100000", "--events", "1000"])?;
    let running = server.start()?;
    let seen = Command::new("node")
        .arg("map.mjs")
        .args([&server.url, &server.fingerprint])
        .arg(folder.path().join("data/netwarden.sock"))
        .current_dir(&suite)
        .status()?;
    running.end()?;
    if !seen.success() {
        bail!("map.mjs ended with {seen}");
    }
    Ok(())
}
