//! Programs of the lab: run to their end, or kept until the lab ends.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Time that a program gets to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// Time that a server gets until it listens, on a machine that is busy with other things.
pub const START_LIMIT: Duration = Duration::from_secs(30);

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

/// Waits until something is so, `limit` at most.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut holds: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    while !holds()? {
        if started.elapsed() > limit {
            bail!("not within {} s: {what}", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
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
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("{}", log.display()))?;
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

    /// SIGKILL, as if the power had gone.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// True until it has ended by itself.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `ip netns exec` replaces itself by the program, so the id is the program's own. Programs that
        // have children of their own end them when they are asked to end.
        if self.is_alive() && run(&format!("kill {}", self.0.id())).is_ok() {
            let _ = wait_until("the end of a program", GRACE, || Ok(!self.is_alive()));
        }
        self.kill();
    }
}
