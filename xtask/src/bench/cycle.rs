//! Full cycles: poll, difference, events, stored, by the real engine, with the simulators beside it.

use std::path::Path;

use super::number;
use super::run::{self, Simulators, build};

/// See the module.
pub fn run(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden-benches", "--package", "netwarden-simulator", "--bins"])?;
    println!("\n## Full cycle: 1,000 switches of 48 ports, 40,000 endpoints, authPriv");
    let folder = tempfile::tempdir()?;
    let simulators =
        Simulators::start(root, folder.path(), 1_000, &["--ports", "48", "--endpoints", "40000"])?;
    let mut bench = run::release(root, "netwarden-bench");
    bench.args(["cycle", "--endpoints", "40000", "--agents"]).arg(&simulators.agents);
    let found = run::json(bench)?;
    println!(
        "first, all new: {:.2} s, {:.2} s of CPU; {:.0} variables, {:.0} requests, {:.0} again; {:.0} events, \
         {:.0} endpoints online, {:.1} MiB of log",
        number(&found, "/first/seconds"),
        number(&found, "/first/cpu_seconds"),
        number(&found, "/first/variables"),
        number(&found, "/first/requests"),
        number(&found, "/first/retransmits"),
        number(&found, "/first/events"),
        number(&found, "/first/online"),
        number(&found, "/first/log_bytes") / 1_048_576.0,
    );
    for unchanged in found.pointer("/unchanged").and_then(|u| u.as_array()).into_iter().flatten() {
        println!(
            "unchanged: {:.2} s, {:.2} s of CPU, {:.0} events, {:.3} MiB of log",
            number(unchanged, "/seconds"),
            number(unchanged, "/cpu_seconds"),
            number(unchanged, "/events"),
            number(unchanged, "/log_bytes") / 1_048_576.0,
        );
    }
    Ok(())
}
