//! The preloaded shim: compiled here, steered through a few shared numbers.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

const SOURCE: &str = include_str!("../trace/iotrace.c");

/// When the process ends at an operation on its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KillAt {
    /// At the operation of this number, from 1; since the control was last cleared.
    pub operation: u64,
    /// After it was done, otherwise before.
    pub after: bool,
}

/// The compiled shim and the numbers that it shares with the server.
#[derive(Debug)]
pub struct Shim {
    library: PathBuf,
    control: PathBuf,
    file: File,
    root: PathBuf,
}

impl Shim {
    /// Compiles the shim into `folder`; it watches the files below `root`, which must exist.
    pub fn build(folder: &Path, root: &Path) -> anyhow::Result<Self> {
        let (source, library) = (folder.join("iotrace.c"), folder.join("iotrace.so"));
        std::fs::write(&source, SOURCE).context("the shim's source")?;
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-o"])
            .arg(&library)
            .arg(&source)
            .output()
            .context("`cc` cannot be started: a C compiler is needed")?;
        if !compiled.status.success() {
            bail!("the shim does not compile: {}", String::from_utf8_lossy(&compiled.stderr));
        }
        let control = folder.join("control");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&control)
            .context("the shim's control")?;
        let root = root.canonicalize().context("the watched folder")?;
        let shim = Self { library, control, file, root };
        shim.clear()?;
        Ok(shim)
    }

    /// What the server's environment needs; with `record`, every operation is recorded there.
    pub fn environment(&self, record: Option<&Path>) -> Vec<(&'static str, PathBuf)> {
        let mut all = vec![
            ("LD_PRELOAD", self.library.clone()),
            ("IOTRACE_ROOT", self.root.clone()),
            ("IOTRACE_CONTROL", self.control.clone()),
        ];
        all.extend(record.map(|path| ("IOTRACE_OUT", path.to_owned())));
        all
    }

    /// No operations yet, no kill, no limit of space.
    pub fn clear(&self) -> anyhow::Result<()> {
        for (at, number) in [(0, 0), (1, 0), (2, 0), (3, -1)] {
            self.set(at, number)?;
        }
        Ok(())
    }

    /// Operations since the last [`Shim::clear`].
    pub fn operations(&self) -> anyhow::Result<u64> {
        let mut octets = [0; 8];
        self.file.read_exact_at(&mut octets, 0).context("the shim's control")?;
        Ok(u64::try_from(i64::from_le_bytes(octets)).unwrap_or(0))
    }

    /// The process ends at that operation.
    pub fn kill_at(&self, kill: KillAt) -> anyhow::Result<()> {
        self.set(2, i64::from(kill.after))?;
        self.set(1, i64::try_from(kill.operation).unwrap_or(i64::MAX))
    }

    /// Files may grow by `octets` more, then the disk is full; None: without limit.
    pub fn limit_space(&self, octets: Option<u64>) -> anyhow::Result<()> {
        self.set(3, octets.map_or(-1, |octets| i64::try_from(octets).unwrap_or(i64::MAX)))
    }

    fn set(&self, at: u64, number: i64) -> anyhow::Result<()> {
        self.file.write_all_at(&number.to_le_bytes(), at * 8).context("the shim's control")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_ends_at_its_operation_and_meets_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let shim = Shim::build(folder.path(), &root).unwrap();
        let run = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]).current_dir("/").envs(shim.environment(None));
            command.output().unwrap()
        };
        let file = root.canonicalize().unwrap().join("a");
        let script = format!("for n in 1 2 3 4; do printf x >> {}; done", file.display());
        shim.kill_at(KillAt { operation: 4, after: false }).unwrap();
        let ended = run(&script);
        assert!(!ended.status.success(), "{ended:?}");
        // Created, three times written; the fourth operation was not done.
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "xx");
        assert_eq!(shim.operations().unwrap(), 4);
        shim.clear().unwrap();
        shim.limit_space(Some(1)).unwrap();
        // `dd` tells what the system answered; shells have words of their own for it.
        let dd =
            format!("LC_ALL=C dd if=/dev/zero bs=1 count=4 oflag=append conv=notrunc of={}", file.display());
        let ended = run(&dd);
        assert!(!ended.status.success(), "{ended:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("No space left"), "{ended:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "xx\0");
    }
}
