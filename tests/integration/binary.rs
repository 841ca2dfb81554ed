//! The binaries under test.

use std::path::PathBuf;
use std::process::{Child, Command, Output};

/// A process that was started, ended when dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A binary of the workspace, beside this test's own; built first where it is not there.
pub fn path(name: &str, package: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().and_then(|deps| deps.parent()).unwrap().join(name);
    if !path.exists() {
        let status =
            Command::new("cargo").args(["build", "--package", package, "--bin", name]).status().unwrap();
        assert!(status.success(), "{name} cannot be built");
    }
    path
}

/// `netwarden`, as a command.
pub fn netwarden() -> Command {
    Command::new(path("netwarden", "netwarden"))
}

/// Runs it; its output is shown where a test then fails.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    println!(
        "{command:?} ended with {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
