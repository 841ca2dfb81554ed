//! Building, starting and ending the programs that are measured.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::shell;

/// Builds with optimisation what is to be measured.
pub fn build(root: &Path, what: &[&str]) -> anyhow::Result<()> {
    let mut arguments = vec!["build", "--release", "--locked"];
    arguments.extend(what);
    shell::run(root, "cargo", &arguments)
}

/// Cargo's folder of what it has built.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// A program built by [`build`], as a command.
pub fn release(root: &Path, name: &str) -> Command {
    Command::new(target(root).join("release").join(name))
}

/// Runs a program and reads the line of JSON that it prints last.
pub fn json(mut command: Command) -> anyhow::Result<Value> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().rev().find(|line| line.starts_with('{'));
    match line.map(serde_json::from_str) {
        Some(Ok(found)) => Ok(found),
        _ => bail!("{command:?} ended with {} and printed no figures: {text}", output.status),
    }
}

/// As [`json`], on one processor (taskset of util-linux).
pub fn pinned(command: Command, processor: usize) -> anyhow::Result<Value> {
    let mut pinned = Command::new("taskset");
    pinned.arg("--cpu-list").arg(processor.to_string()).arg(command.get_program()).args(command.get_args());
    json(pinned)
}

/// A program that runs until this is dropped.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts it with its output discarded but for what `until` reads of it.
    pub fn start(mut command: Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
        Ok(Self { child })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// True while it runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub fn end(mut self) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("kill")?;
        self.child.wait().context("waiting for a program's end")?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Simulated switches that answer on loopback.
pub struct Simulators {
    _running: Running,
    /// One `HOST:PORT NAME` a line.
    pub agents: PathBuf,
}

impl Simulators {
    /// Starts `netwarden-sim network` and waits until all `count` agents answer; their addresses are
    /// written to a file in `folder`.
    pub fn start(root: &Path, folder: &Path, count: usize, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = release(root, "netwarden-sim");
        command.args(["network", "--switches", &count.to_string()]).args(arguments);
        command.stdout(Stdio::piped());
        // A socket an agent; the usual limit of 1,024 files is too low for a thousand of them.
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "ulimit -n 65536 2>/dev/null || ulimit -n $(ulimit -H -n); exec \"$0\" \"$@\""])
            .arg(command.get_program())
            .args(command.get_args())
            .stdout(Stdio::piped());
        let mut running = Running::start(limited)?;
        let output = running.child.stdout.take().context("the simulator has no output")?;
        let mut lines = Vec::new();
        for line in BufReader::new(output).lines() {
            let line = line?;
            if line.starts_with("-v3") {
                break;
            }
            lines.push(line);
        }
        if lines.len() != count {
            bail!("{} of {count} simulated agents have started", lines.len());
        }
        let agents = folder.join("agents");
        std::fs::write(&agents, lines.join("\n") + "\n")?;
        Ok(Self { _running: running, agents })
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
