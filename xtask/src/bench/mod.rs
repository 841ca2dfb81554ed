//! `cargo xtask bench`: how fast and how large, with peers in the same run where there are any.
//!
//! Nothing here judges: it prints figures, and `docs/benchmarks.md` says what they were and what was
//! wanted. Machines differ, so ratios to a peer in the same run say more than seconds.

mod cycle;
mod demo;
mod map;
mod queries;
mod run;
mod start;
mod walk;

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use run::build;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Which {
    /// Walking 1,000 agents, beside a C client on net-snmp's library and prometheus-snmp-exporter.
    Walk,
    /// Full cycles of 1,000 switches with 40,000 endpoints.
    Cycle,
    /// Judging, and rehearsal of 1 million recorded events.
    Rules,
    /// The access decision with 10,000 users and 100,000 elements, and lists that are kept to a domain.
    Rights,
    /// Logins: alone, many at once, and while strangers guess.
    Logins,
    /// Lists, searches and history at 200,000 endpoints and 10 million events, over HTTPS.
    Queries,
    /// The map of 500 switches, drawn in Chromium.
    Map,
    /// Start to the first answer, memory after the demo's day, size of the binary.
    Start,
    /// From the rogue's first frame to the read-back quarantine, 100 runs of the demo.
    Demo,
    /// All of them.
    All,
}

/// Runs one or all of them; what cannot be run says so and the others go on.
pub fn run(root: &Path, which: Which) -> anyhow::Result<()> {
    println!("{}", machine());
    let wanted = |one: Which| which == one || which == Which::All;
    if wanted(Which::Walk) {
        walk::run(root)?;
    }
    if wanted(Which::Cycle) {
        cycle::run(root)?;
    }
    if wanted(Which::Rules) {
        rules(root)?;
    }
    if wanted(Which::Rights) {
        rights(root)?;
    }
    if wanted(Which::Logins) {
        logins(root)?;
    }
    if wanted(Which::Queries) {
        queries::run(root)?;
    }
    if wanted(Which::Map) {
        map::run(root)?;
    }
    if wanted(Which::Start) {
        start::run(root)?;
    }
    if wanted(Which::Demo) {
        demo::run(root)?;
    }
    Ok(())
}

fn rules(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden-benches", "--bin", "netwarden-bench"])?;
    println!("\n## Rules: 100 of them, 5 candidates an event");
    let mut bench = run::release(root, "netwarden-bench");
    bench.arg("rules");
    // One core, as the goal is stated for one.
    let found = run::pinned(bench, 0).context("rules")?;
    println!("judging: {:.0} events/s on one core", number(&found, "/judging/events_per_s"));
    println!("recording: {:.0} events/s", number(&found, "/recording/events_per_s"));
    println!(
        "rehearsal of {:.0} recorded events, reading included: {:.1} s ({:.1} s of CPU)",
        number(&found, "/rehearsal/events"),
        number(&found, "/rehearsal/seconds"),
        number(&found, "/rehearsal/cpu_seconds")
    );
    Ok(())
}

fn rights(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden-benches", "--bin", "netwarden-bench"])?;
    println!("\n## Rights: 10,000 users, 500 roles, 200 domains, 100,000 elements");
    let mut bench = run::release(root, "netwarden-bench");
    bench.arg("rights");
    // One core, as the goal is stated for one.
    let found = run::pinned(bench, 0).context("rights")?;
    println!("decisions: {:.0}/s on one core", number(&found, "/decisions_per_second"));
    println!("finding out what belongs to the domains: {:.2} s", number(&found, "/placing_seconds"));
    println!(
        "| elements of the domain | page, count p50 | p99 | with a text p50 | p99 |\n|---|---|---|---|---|"
    );
    for list in found.pointer("/lists").and_then(|lists| lists.as_array()).into_iter().flatten() {
        println!(
            "| {:.0} | {:.1} | {:.1} | {:.1} | {:.1} |",
            number(list, "/elements"),
            number(list, "/first_page/p50_ms"),
            number(list, "/first_page/p99_ms"),
            number(list, "/by_text/p50_ms"),
            number(list, "/by_text/p99_ms"),
        );
    }
    println!("without a domain: {:.1} ms p50", number(&found, "/without_domain/p50_ms"));
    Ok(())
}

fn logins(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden-benches", "--bin", "netwarden-bench"])?;
    println!("\n## Logins");
    let mut bench = run::release(root, "netwarden-bench");
    bench.arg("logins");
    let found = run::json(bench).context("logins")?;
    let ms = |at: &str| number(&found, at);
    let (alone, per_s) = (ms("/alone/p50_ms"), ms("/per_second"));
    println!("one after the other: {alone:.1} ms each");
    println!("16 at once: {per_s:.1}/s, {:.2} times as many as one after the other", per_s * alone / 1e3);
    println!(
        "| 200 strangers guess | guesses/s | request of a session p50, p99 | login of a known user p50, p99 |\n|---|---|---|---|"
    );
    for (told, at, guesses) in [("no", "/quiet", 0.0), ("yes", "/guessed", ms("/guessed/guesses_per_second"))]
    {
        let of = |what: &str| ms(&format!("{at}/{what}"));
        println!(
            "| {told} | {guesses:.0} | {:.1}, {:.1} ms | {:.0}, {:.0} ms |",
            of("requests/p50_ms"),
            of("requests/p99_ms"),
            of("logins/p50_ms"),
            of("logins/p99_ms"),
        );
    }
    Ok(())
}

/// Processors, memory and kernel, as figures mean little without them.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map_or(0, |kib| kib >> 20);
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().next().unwrap_or("?");
    format!(
        "{processors} processors, {memory} GiB, Linux {}, load {load} before the run",
        read("/proc/sys/kernel/osrelease").trim()
    )
}

/// A number at `path` of a line of JSON.
fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
}
