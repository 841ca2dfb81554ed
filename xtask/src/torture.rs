//! `cargo xtask torture`: the whole of what CI runs a sample of; see the crate `netwarden-torture`.

use std::path::Path;

use crate::shell;

/// What is wanted of it.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Wish {
    /// How often the server is killed.
    #[arg(long, default_value_t = 500)]
    kills: u32,
    /// Points at which the power is cut; every write and fsync of a run where absent.
    #[arg(long)]
    cuts: Option<u32>,
    /// The same number gives the same plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Builds server and harness, and runs all three torments.
pub fn run(root: &Path, wish: Wish) -> anyhow::Result<()> {
    let packages = ["--package", "netwarden", "--package", "netwarden-torture"];
    shell::run(root, "cargo", &[&["build", "--locked"][..], &packages[..]].concat())?;
    let binary = root.join("target/debug/netwarden").display().to_string();
    let (kills, seed) = (wish.kills.to_string(), wish.seed.to_string());
    let mut arguments = vec!["--binary", &binary, "--kills", &kills, "--seed", &seed];
    let cuts = wish.cuts.map(|cuts| cuts.to_string());
    if let Some(cuts) = &cuts {
        arguments.extend(["--cuts", cuts]);
    }
    shell::run(root, "target/debug/netwarden-torture", &arguments)
}
