//! Configured commands: a program, its fixed arguments, then the event's arguments, each as one. No
//! shell reads any of it; the environment is empty but for what is configured; what takes too long is
//! killed with all that it has started.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::{Delivery, chain};

/// A command as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Absolute path, below `folder`.
    pub path: PathBuf,
    /// The only folder whose programs may be run; whoever defines a command cannot choose it.
    pub folder: PathBuf,
    /// Arguments before the event's.
    pub args: Vec<String>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
    /// Time that it may take.
    pub time_limit: Duration,
    /// Octets of its output that are kept, of stdout and stderr each.
    pub output_limit: usize,
}

/// The program's real path, if it may be run: a file of `folder` itself, executable, that only its
/// owner (root or our own user) can change.
pub fn runnable(folder: &Path, path: &Path) -> Result<PathBuf, String> {
    let name = path.display();
    if !path.is_absolute() || !folder.is_absolute() {
        return Err(format!("{name} is no absolute path"));
    }
    let real = |what: &Path| {
        std::fs::canonicalize(what).map_err(|error| format!("{} cannot be used: {error}", what.display()))
    };
    let (folder, file) = (real(folder)?, real(path)?);
    if file.parent() != Some(folder.as_path()) {
        return Err(format!("{name} does not lie in {}: it is not run", folder.display()));
    }
    for part in [&folder, &file] {
        let meta = part.metadata().map_err(|error| format!("{} cannot be used: {error}", part.display()))?;
        if meta.mode() & 0o022 != 0 {
            return Err(format!("{} can be changed by others: nothing of it is run", part.display()));
        }
        if ![0, nix::unistd::geteuid().as_raw()].contains(&meta.uid()) {
            return Err(format!("{} belongs to another user: nothing of it is run", part.display()));
        }
        if part == &file && (!meta.is_file() || meta.mode() & 0o111 == 0) {
            return Err(format!("{name} is no program"));
        }
    }
    Ok(file)
}

/// Runs the program once, with `args` after its fixed arguments.
pub async fn run(program: &Program, args: &[String]) -> Delivery {
    let name = program.path.display();
    // Asked each time: a link may have been laid since the command was defined.
    let path = match runnable(&program.folder, &program.path) {
        Ok(path) => path,
        Err(why) => return Delivery::Failed(why),
    };
    let spawned = Command::new(&path)
        .args(&program.args)
        .args(args)
        .env_clear()
        .envs(&program.environment)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that its children end with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Delivery::Failed(format!("{name} cannot be started: {}", chain(&error))),
    };
    let group = Group(child.id());
    let limit = program.output_limit;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = tokio::time::timeout(program.time_limit, async {
        tokio::join!(keep(out, limit), keep(err, limit), child.wait())
    })
    .await;
    match ended {
        Ok((out, err, Ok(status))) => {
            group.forget();
            let said = said(&out, &err);
            if status.success() {
                Delivery::Done(format!("{name} ended well{said}"))
            } else {
                Delivery::Failed(format!("{name} ended with {status}{said}"))
            }
        }
        Ok((_, _, Err(error))) => Delivery::Failed(format!("{name}: {}", chain(&error))),
        Err(_) => {
            drop(group);
            reap(&mut child).await;
            Delivery::Failed(format!("{name} took longer than {:?} and was killed", program.time_limit))
        }
    }
}

/// The process group, killed when this is dropped: also when the one who waits is.
struct Group(Option<u32>);

impl Group {
    /// Its leader has ended and nobody holds its output open: there is nothing to kill, and the number
    /// may soon be another's.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(id) = self.0.and_then(|id| i32::try_from(id).ok()) else { return };
        // That it has ended by itself meanwhile is no error.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
    }
}

async fn reap(child: &mut Child) {
    // Killed above: it ends at once.
    let _ = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
}

/// The first `limit` octets; the rest is read and dropped, so that the program does not block.
async fn keep<R: AsyncRead + Unpin>(from: Option<R>, limit: usize) -> Vec<u8> {
    let Some(mut from) = from else { return Vec::new() };
    let mut kept = Vec::new();
    let mut buffer = [0_u8; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let room = limit.saturating_sub(kept.len());
        kept.extend_from_slice(buffer.get(..read.min(room)).unwrap_or_default());
    }
    kept
}

fn said(out: &[u8], err: &[u8]) -> String {
    let mut said = String::new();
    for (what, octets) in [("output", out), ("errors", err)] {
        if !octets.is_empty() {
            said.push_str(&format!("; {what}: {}", String::from_utf8_lossy(octets).trim_end()));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &str, args: &[&str]) -> Program {
        Program {
            path: path.into(),
            folder: Path::new(path).parent().unwrap_or(Path::new("/")).into(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            environment: BTreeMap::new(),
            time_limit: Duration::from_secs(5),
            output_limit: 1000,
        }
    }

    #[tokio::test]
    async fn hostile_arguments_are_arguments() {
        let hostile = ["; rm -rf /tmp/x", "$(id)", "`id`", "a b", "| cat", "--\n-n"].map(str::to_owned);
        let done = run(&program("/bin/echo", &["fixed"]), &hostile).await;
        let expected = "/bin/echo ended well; output: fixed ; rm -rf /tmp/x $(id) `id` a b | cat --\n-n";
        assert_eq!(done, Delivery::Done(expected.into()));
        let nul = run(&program("/bin/echo", &[]), &["a\0b".to_owned()]).await;
        assert!(matches!(nul, Delivery::Failed(why) if why.contains("cannot be started")));
    }

    #[tokio::test]
    async fn only_programs_of_the_named_folder_run() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let made = tempfile::tempdir().unwrap();
        let (folder, other) = (made.path().join("commands"), made.path().join("other"));
        for dir in [&folder, &other] {
            std::fs::create_dir(dir).unwrap();
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let file = |path: &Path, mode| {
            std::fs::write(path, "#!/bin/sh\necho ran\n").unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        file(&folder.join("good"), 0o755);
        file(&folder.join("plain"), 0o644);
        file(&folder.join("open"), 0o777);
        file(&other.join("outside"), 0o755);
        symlink(other.join("outside"), folder.join("link")).unwrap();
        symlink("/bin/sh", folder.join("sh")).unwrap();
        let attempt = |path: PathBuf| {
            let mut program = program("/bin/true", &[]);
            program.folder = folder.clone();
            program.path = path;
            async move { run(&program, &[]).await }
        };
        assert!(matches!(attempt(folder.join("good")).await, Delivery::Done(said) if said.contains("ran")));
        let refused = [
            (folder.join("plain"), "is no program"),
            (folder.join("open"), "can be changed by others"),
            (folder.join("link"), "does not lie in"),
            (folder.join("sh"), "does not lie in"),
            (folder.join("../other/outside"), "does not lie in"),
            (other.join("outside"), "does not lie in"),
            (folder.join("absent"), "cannot be used"),
            (PathBuf::from("good"), "no absolute path"),
        ];
        for (path, why) in refused {
            let ended = attempt(path.clone()).await;
            assert!(matches!(&ended, Delivery::Failed(said) if said.contains(why)), "{path:?}: {ended:?}");
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(attempt(folder.join("good")).await, Delivery::Failed(_)));
    }

    #[tokio::test]
    async fn the_environment_is_empty_but_for_what_is_configured() {
        let mut env = program("/usr/bin/env", &[]);
        env.environment.insert("SITE".into(), "north".into());
        assert_eq!(
            run(&env, &[]).await,
            Delivery::Done("/usr/bin/env ended well; output: SITE=north".into())
        );
    }

    #[tokio::test]
    async fn what_takes_too_long_is_killed_with_its_children() {
        let mut slow = program("/bin/sh", &["-c", "sleep 61 & echo started; sleep 62"]);
        slow.time_limit = Duration::from_millis(300);
        let ended = run(&slow, &[]).await;
        assert!(matches!(ended, Delivery::Failed(ref why) if why.contains("was killed")), "{ended:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            assert!(!line.contains("sleep\u{0}61") && !line.contains("sleep\u{0}62"), "{line}");
        }
    }

    #[tokio::test]
    async fn output_is_kept_up_to_the_limit_and_failure_is_said() {
        let mut long =
            program("/bin/sh", &["-c", "head -c 100000 /dev/zero | tr '\\0' x; echo wrong >&2; exit 3"]);
        long.output_limit = 10;
        let ended = run(&long, &[]).await;
        let expected = "/bin/sh ended with exit status: 3; output: xxxxxxxxxx; errors: wrong";
        assert_eq!(ended, Delivery::Failed(expected.into()));
        assert!(
            matches!(run(&program("echo", &[]), &[]).await, Delivery::Failed(why) if why.contains("absolute"))
        );
    }
}
