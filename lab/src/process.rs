//! Programs of the lab: run to their end, or kept until the lab ends.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

/// Runs a command line (split at blanks) to its end; an error says what it printed.
pub fn run(line: &str) -> anyhow::Result<String> {
    let mut words = line.split_whitespace();
    let program = words.next().context("an empty command")?;
    let output = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} cannot be started"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A program that runs beside the lab; it is ended by its id when dropped.
pub struct Running(Child);

impl Running {
    /// Starts a command line in a namespace, its output going to `log`.
    pub fn start(
        namespace: &str,
        line: &str,
        environment: &[(&str, &str)],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let file = std::fs::File::create(log).with_context(|| format!("{}", log.display()))?;
        let child = Command::new("ip")
            .args(["netns", "exec", namespace])
            .args(line.split_whitespace())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("`{line}` cannot be started"))?;
        Ok(Self(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `ip netns exec` replaces itself by the program, so the id is the program's own.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
