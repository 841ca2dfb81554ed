//! From the rogue's first frame to the read-back quarantine: 100 runs of the demo, a process each.
//!
//! The first frame comes before the trap, so this is a little more than from the trap's receipt.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::number;
use super::run::{self, build};

const RUNS: usize = 100;

/// See the module.
pub fn run(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden", "--bins"])?;
    println!("\n## From the first frame to the read-back quarantine: {RUNS} runs of `demo --once`");
    let runs = std::env::var("NETWARDEN_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let mut times = Vec::new();
    for _ in 0..runs {
        let mut demo = run::release(root, "netwarden");
        demo.args(["demo", "--once", "--format", "json"]);
        let output = demo.output().context("netwarden demo")?;
        if !output.status.success() {
            bail!("a run ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        let timeline: Value = serde_json::from_slice(&output.stdout).context("the demo's timeline")?;
        times.push(number(&timeline, "/total_ms"));
    }
    times.sort_by(f64::total_cmp);
    let rank = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1));
    println!(
        "{runs} runs: p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms",
        rank(50).copied().unwrap_or(f64::NAN),
        rank(99).copied().unwrap_or(f64::NAN),
        times.last().copied().unwrap_or(f64::NAN),
    );
    Ok(())
}
