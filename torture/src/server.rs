//! The server under torture: `netwarden serve` with a configuration of its own, in a folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use netwarden_api::Client;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::shim::Shim;

/// How long a start may take; the machine may be busy with other tests.
const START: Duration = Duration::from_secs(60);

/// The program that a rule's command runs.
pub const PROGRAM: &str = "note";

/// Where everything of one run stands.
#[derive(Debug)]
pub struct Home {
    /// The server's folder: configuration, key and data; watched by the shim.
    pub root: PathBuf,
    /// What the command of a rule appends to.
    pub commands: PathBuf,
    /// What the server writes to standard error.
    pub log: PathBuf,
    /// Where traps are heard.
    pub traps: SocketAddr,
    binary: PathBuf,
}

impl Home {
    /// Below `folder`, for the server `binary`.
    pub fn new(folder: &Path, binary: &Path) -> anyhow::Result<Self> {
        let root = folder.join("server");
        std::fs::create_dir_all(&root).context("the server's folder")?;
        let root = root.canonicalize().context("the server's folder")?;
        let home = Self {
            commands: folder.join("commands"),
            log: folder.join("netwarden.log"),
            traps: free_udp_port()?,
            // It is started in another folder.
            binary: binary.canonicalize().with_context(|| format!("there is no {}", binary.display()))?,
            root,
        };
        home.lay_program(&folder.join("programs"))?;
        std::fs::write(&home.commands, "").context("the command's file")?;
        let text = format!(
            "data_dir = 'data'\nkey_file = 'netwarden.key'\nlisten = '127.0.0.1:0'\ntraps = '{}'\n\
             command_folder = '{}'\n",
            home.traps,
            folder.join("programs").display()
        );
        std::fs::write(home.config(), text).context("the configuration")?;
        Ok(home)
    }

    /// The program that a rule's command runs: it writes its argument as a line.
    fn lay_program(&self, programs: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt;

        std::fs::create_dir_all(programs).context("the folder of programs")?;
        let program = programs.join(PROGRAM);
        let text = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", self.commands.display());
        std::fs::write(&program, text).context("the program")?;
        for path in [programs, &program] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).context("the program")?;
        }
        Ok(())
    }

    fn config(&self) -> PathBuf {
        self.root.join("netwarden.toml")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("data/netwarden.db")
    }

    /// The local socket.
    pub fn socket(&self) -> PathBuf {
        self.root.join("data/netwarden.sock")
    }

    /// The last lines of the server's log.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
    }

    /// Starts the server under the shim; `record` is where its operations are recorded.
    pub fn start(&self, shim: &Shim, record: Option<&Path>) -> anyhow::Result<Server> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .context("the server's log")?;
        // What was committed is needed only where it is held against a record.
        let level = if record.is_some() { "warn,netwarden_store::writer=trace" } else { "warn" };
        let child = Command::new(&self.binary)
            .args(["--log", level, "serve", "--config"])
            .arg(self.config())
            .envs(shim.environment(record))
            .env("NO_COLOR", "1")
            .current_dir("/")
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.binary.display()))?;
        Ok(Server { child })
    }
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By SIGKILL, as planned.
    Killed,
    /// By itself, with this code.
    ByItself(Option<i32>),
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

impl Server {
    /// Until the local socket answers; an error where the process ended before.
    pub async fn ready(&mut self, home: &Home) -> anyhow::Result<Client> {
        let began = Instant::now();
        while began.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at its start with {status}:\n{}", home.log_tail());
            }
            if let Ok(client) = Client::local(&home.socket())
                && client.get::<Value>("/system/status", &[]).await.is_ok()
            {
                return Ok(client);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the server did not answer within {} s:\n{}", START.as_secs(), home.log_tail())
    }

    /// The end of the process, if it comes within `limit`.
    pub async fn ends_within(&mut self, limit: Duration) -> anyhow::Result<Option<Ended>> {
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(Some(how(status?))),
            Err(_) => Ok(None),
        }
    }

    /// Kills it at once, as kill -9 does.
    pub async fn kill(mut self) -> anyhow::Result<Ended> {
        self.child.start_kill().context("the server cannot be killed")?;
        Ok(how(self.child.wait().await?))
    }

    /// Ends it in order.
    pub async fn stop(mut self, home: &Home) -> anyhow::Result<()> {
        let pid = self.child.id().context("the server has ended already")?;
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).context("a process id")?);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).context("SIGTERM")?;
        match self.ends_within(START).await? {
            Some(Ended::ByItself(Some(0))) => Ok(()),
            other => bail!("the server did not end in order: {other:?}\n{}", home.log_tail()),
        }
    }
}

fn how(status: std::process::ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt;
    if status.signal() == Some(9) { Ended::Killed } else { Ended::ByItself(status.code()) }
}

/// A UDP port that was free a moment ago: traps must come to the same one after every start.
fn free_udp_port() -> anyhow::Result<SocketAddr> {
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).context("no UDP port is free")?;
    Ok(socket.local_addr()?)
}
