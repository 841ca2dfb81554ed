//! `cargo xtask fuzz`: builds the fuzz targets with libFuzzer's coverage and runs them.
//!
//! The compiler of the workspace does: coverage is a stable option, and what has no `unsafe` gains little from
//! a sanitizer. Only our own crates are instrumented (`fuzz/instrumented.sh`), so the libraries are built
//! once. `cargo fuzz run --sanitizer none --features libfuzzer TARGET` does the same with more options.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::shell;

/// Octets of an input, at most.
const LONGEST: u32 = 4096;

/// Inputs that stay in the committed corpus of one target, at most.
const MOST_KEPT: usize = 40;

/// What an input's name begins with that stays whatever else reaches the same: one that made a target fail,
/// one that was written by hand.
const STAY: [&str; 2] = ["found-", "seed-"];

/// What is wanted.
pub struct Wish {
    /// One target; all of them, one after the other, where none is named.
    pub target: Option<String>,
    /// Minutes for each.
    pub minutes: u64,
    /// Only name them.
    pub list: bool,
    /// Afterwards put a minimised corpus into `fuzz/corpus`.
    pub keep: bool,
}

/// Runs what is wanted; fails where a target fails, after the others have run.
pub fn run(root: &Path, wish: &Wish) -> anyhow::Result<()> {
    let all = targets(root)?;
    if wish.list {
        all.iter().for_each(|target| println!("{target}"));
        return Ok(());
    }
    let chosen: Vec<&String> =
        match &wish.target {
            None => all.iter().collect(),
            Some(name) => vec![all.iter().find(|target| *target == name).with_context(|| {
                format!("there is no fuzz target '{name}'; there are {}", all.join(", "))
            })?],
        };
    build(root)?;
    let mut failed = Vec::new();
    for target in chosen {
        let outcome = fuzz(root, target, wish.minutes)
            .and_then(|()| if wish.keep { keep(root, target) } else { Ok(()) });
        if let Err(error) = outcome {
            println!("{target}: {error:#}");
            failed.push(target.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("{} failed: what did it lies in fuzz/artifacts", failed.join(", "));
    }
    Ok(())
}

/// The programs in `fuzz/fuzz_targets`, by name.
fn targets(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let listed =
        std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut names = Vec::new();
    for entry in listed {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

fn build(root: &Path) -> anyhow::Result<()> {
    let arguments = [
        "build",
        "--package",
        "netwarden-fuzz",
        "--features",
        "libfuzzer",
        "--bins",
        "--target-dir",
        "target/fuzz",
        "--config",
        "profile.dev.opt-level=2",
    ];
    println!("$ cargo {}", arguments.join(" "));
    let built = Command::new("cargo")
        .args(arguments)
        .env("RUSTC_WORKSPACE_WRAPPER", root.join("fuzz/instrumented.sh"))
        .env("CARGO_INCREMENTAL", "0")
        .current_dir(root)
        .status()
        .context("cargo cannot be started")?;
    if !built.success() {
        bail!("the fuzz targets do not build");
    }
    Ok(())
}

/// Runs one target from the committed corpus on; what it finds grows in `target/fuzz/corpus`.
fn fuzz(root: &Path, target: &str, minutes: u64) -> anyhow::Result<()> {
    let grown = root.join("target/fuzz/corpus").join(target);
    let artifacts = root.join("fuzz/artifacts").join(target);
    for folder in [&grown, &artifacts] {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let committed = format!("fuzz/corpus/{target}");
    shell::run(
        root,
        &format!("target/fuzz/debug/{target}"),
        &[
            &grown.to_string_lossy(),
            &committed,
            &format!("-max_total_time={}", minutes.saturating_mul(60)),
            &format!("-max_len={LONGEST}"),
            &format!("-artifact_prefix={}/", artifacts.display()),
            "-timeout=25",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ],
    )
}

/// Replaces the committed corpus by a few inputs that reach the same code.
fn keep(root: &Path, target: &str) -> anyhow::Result<()> {
    let committed = root.join("fuzz/corpus").join(target);
    let smallest = root.join("target/fuzz/smallest").join(target);
    if smallest.exists() {
        std::fs::remove_dir_all(&smallest)?;
    }
    std::fs::create_dir_all(&smallest)?;
    shell::run(
        root,
        &format!("target/fuzz/debug/{target}"),
        &[
            "-set_cover_merge=1",
            "-use_counters=0",
            &format!("-max_len={LONGEST}"),
            &smallest.to_string_lossy(),
            &committed.to_string_lossy(),
            &format!("target/fuzz/corpus/{target}"),
        ],
    )?;
    for entry in std::fs::read_dir(&committed)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !STAY.iter().any(|stays| name.starts_with(stays)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&smallest)? {
        let entry = entry?;
        found.push((std::cmp::Reverse(entry.metadata()?.len()), entry.path(), entry.file_name()));
    }
    // Large inputs reach most.
    found.sort();
    for (_, path, name) in found.iter().take(MOST_KEPT) {
        std::fs::copy(path, committed.join(name))?;
    }
    Ok(())
}
