//! The project's tasks: what a shell script would hold elsewhere (`cargo xtask --help`).
#![allow(clippy::print_stdout, reason = "a command line that reports on standard output")]

mod bench;
mod conformance;
mod fuzz;
mod lab;
mod layers;
mod oui;
mod packages;
mod screens;
mod shell;
mod test;
mod torture;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Tasks of the Netwarden project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what the tests need (Debian, as root), then runs every check and every test.
    Test,
    /// Prints one line a requirement: proven, claimed or open, and the tests that carry it.
    Conformance,
    /// Checks that crates depend on one another only along the flow.
    CheckLayers,
    /// Runs the fuzz targets, one after the other; all of them where none is named.
    Fuzz {
        /// One of `--list`.
        target: Option<String>,
        /// How long each runs.
        #[arg(long, default_value_t = 10)]
        minutes: u64,
        /// Only names the targets.
        #[arg(long)]
        list: bool,
        /// Afterwards replaces fuzz/corpus by the fewest inputs that reach the same code.
        #[arg(long)]
        keep: bool,
    },
    /// Starts a real network in namespaces with Netwarden attached, until Ctrl-C (Debian, as root).
    Lab {
        /// Measure so many times from a trap to the read-back quarantine instead.
        #[arg(long, value_name = "RUNS")]
        latency: Option<u16>,
        /// Build with optimisation, as users do.
        #[arg(long)]
        release: bool,
    },
    /// Kills the server, cuts its power and fills its disk, and checks what is left.
    Torture(torture::Wish),
    /// Measures speed and size, beside peers where there are any; the figures go to docs/benchmarks.md by hand.
    Bench {
        /// What is measured.
        #[arg(value_enum, default_value_t = bench::Which::All)]
        which: bench::Which,
    },
    /// Takes the pictures of README.md of the demo in Chromium, into docs/screens.
    Screens,
    /// Makes the table of vendors' MAC prefixes from Debian's ieee-data.
    Oui {
        /// Folder with oui.txt, mam.txt and oui36.txt.
        #[arg(long, default_value = "/usr/share/ieee-data")]
        from: PathBuf,
        /// The table to write.
        #[arg(long, default_value = "crates/inventory/data/oui.bin")]
        to: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let root = workspace_root();
    match Arguments::parse().task {
        Task::Test => test::run(&root),
        Task::Conformance => conformance::run(&root),
        Task::CheckLayers => layers::run(&root),
        Task::Fuzz { target, minutes, list, keep } => {
            fuzz::run(&root, &fuzz::Wish { target, minutes, list, keep })
        }
        Task::Lab { latency, release } => lab::run(&root, latency, release),
        Task::Torture(wish) => torture::run(&root, wish),
        Task::Bench { which } => bench::run(&root, which),
        Task::Screens => screens::run(&root),
        Task::Oui { from, to } => oui::generate(&from, &root.join(to)),
    }
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}
