//! `cargo xtask torture`: kills, write cuts and a full disk, with progress and a closing line.
#![allow(clippy::print_stdout, reason = "a command line that reports on standard output")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use netwarden_torture::{cuts, full, kills};

/// Torments the server and checks what is left.
#[derive(Parser)]
struct Arguments {
    /// The server.
    #[arg(long)]
    binary: PathBuf,
    /// How often it is killed; 0 for not at all.
    #[arg(long, default_value_t = 500)]
    kills: u32,
    /// Points at which the power is cut; all where absent, 0 for none.
    #[arg(long)]
    cuts: Option<usize>,
    /// The same seed gives the same plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leaves the full disk out.
    #[arg(long)]
    no_full_disk: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let mut wrong = Vec::new();
    let mut closing = Vec::new();
    let mut say = |line: &str| println!("{line}");
    let folder = |what: &str| {
        let folder = tempfile::Builder::new().prefix(&format!("netwarden-torture-{what}-")).tempdir();
        folder.context("a folder for the run")
    };
    if arguments.kills > 0 {
        let at = folder("kills")?.keep();
        say(&format!("kills: seed {}, in {}", arguments.seed, at.display()));
        let plan =
            kills::Plan { kills: arguments.kills, seed: arguments.seed, binary: arguments.binary.clone() };
        let report = kills::run(&plan, &at, &mut say).await?;
        say(&report.to_string());
        closing.push(report.to_string());
        forget(&at, &report.wrong);
        wrong.extend(report.wrong);
    }
    if arguments.cuts != Some(0) {
        let at = folder("cuts")?.keep();
        say(&format!("write cuts: seed {}, in {}", arguments.seed, at.display()));
        let operations = cuts::record(&arguments.binary, &at, arguments.seed).await?;
        let plan = cuts::Plan { seed: arguments.seed, points: arguments.cuts, opened: None };
        let report = cuts::judge(&operations, &plan, &mut say).await?;
        say(&report.to_string());
        closing.push(report.to_string());
        forget(&at, &report.wrong);
        wrong.extend(report.wrong);
    }
    if !arguments.no_full_disk {
        let at = folder("full")?.keep();
        say(&format!("full disk, in {}", at.display()));
        let report = full::run(&arguments.binary, &at, arguments.seed, true, &mut say).await?;
        say(&report.to_string());
        closing.push(report.to_string());
        forget(&at, &report.wrong);
        wrong.extend(report.wrong);
    }
    for sentence in wrong.iter().take(200) {
        println!("WRONG: {sentence}");
    }
    println!("torture: {} in {} s", closing.join(" | "), began.elapsed().as_secs());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What went well needs not be looked at; what did not stays.
fn forget(folder: &std::path::Path, wrong: &[String]) {
    if wrong.is_empty()
        && let Err(error) = std::fs::remove_dir_all(folder)
    {
        println!("{} could not be removed: {error}", folder.display());
    }
}
