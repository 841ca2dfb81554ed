//! Databases for tests: SQLite always, PostgreSQL where its programs are installed.
//!
//! Behind the feature `testing`, which only `[dev-dependencies]` turn on.

use std::io::{Error, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Migration, Store, StoreConfig, StoreError};

const START: Duration = Duration::from_secs(30);

/// A store that is thrown away with its database.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    // After the store, so that the store's connections are gone first.
    _postgres: Option<PostgresServer>,
    folder: TempDir,
}

impl TestStore {
    /// SQLite in a folder of its own.
    pub async fn sqlite(migrations: &[&[Migration]]) -> Result<Self, StoreError> {
        let folder = folder()?;
        let mut config = StoreConfig::sqlite(folder.path().join("test.db"));
        config.reserve_bytes = 64 << 10;
        let store = Store::open(config, migrations).await?;
        Ok(Self { store, _postgres: None, folder })
    }

    /// A PostgreSQL server of its own; None, and a line that says why, where there is none to start.
    pub async fn postgres(migrations: &[&[Migration]]) -> Result<Option<Self>, StoreError> {
        let test = Self::on_postgres(migrations).await?;
        if test.is_none() {
            say("skipped: it is about PostgreSQL alone");
        }
        Ok(test)
    }

    async fn on_postgres(migrations: &[&[Migration]]) -> Result<Option<Self>, StoreError> {
        let Some(server) = PostgresServer::start()? else { return Ok(None) };
        let store = Store::open(StoreConfig::postgres(&server.url), migrations).await?;
        Ok(Some(Self { store, _postgres: Some(server), folder: folder()? }))
    }

    /// One of each, as far as there are.
    pub async fn all(migrations: &[&[Migration]]) -> Result<Vec<Self>, StoreError> {
        let mut all = vec![Self::sqlite(migrations).await?];
        all.extend(Self::on_postgres(migrations).await?);
        Ok(all)
    }

    /// A folder that lives as long as the store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A PostgreSQL server in a temporary folder, on a free port of the loopback address.
#[derive(Debug)]
pub struct PostgresServer {
    /// Where it answers.
    pub url: String,
    process: Child,
    _folder: TempDir,
}

impl PostgresServer {
    /// Starts one; None, and a line that says why, where the programs are missing.
    pub fn start() -> Result<Option<Self>, StoreError> {
        let Some(programs) = programs() else {
            say("skipped in part: PostgreSQL: no /usr/lib/postgresql/*/bin/initdb");
            return Ok(None);
        };
        let as_root =
            std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
        if as_root && !run(Command::new("runuser").args(["-u", "postgres", "--", "true"])).is_ok_and(|ok| ok)
        {
            say("skipped in part: PostgreSQL: running as root without a user 'postgres'");
            return Ok(None);
        }
        let folder = folder()?;
        let data = folder.path().join("data");
        let file_error = |error| StoreError::file(&data, "starting PostgreSQL", error);
        std::fs::create_dir(&data).map_err(file_error)?;
        if as_root {
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(folder.path(), open).map_err(file_error)?;
            run(Command::new("chown").arg("postgres").arg(&data)).map_err(file_error)?;
        }
        let mut initdb = as_user(as_root, &programs.join("initdb"));
        initdb
            .args(["-U", "netwarden", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data);
        if !run(&mut initdb).map_err(file_error)? {
            return Err(file_error(Error::other("initdb failed")));
        }
        let port = free_port().map_err(file_error)?;
        let mut process = as_user(as_root, &programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", "", "-F"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(file_error)?;
        let started = Instant::now();
        let mut isready = Command::new(programs.join("pg_isready"));
        isready.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        while !run(&mut isready).map_err(file_error)? {
            let ended = process.try_wait().map_err(file_error)?.is_some();
            if ended || started.elapsed() > START {
                let _ = process.kill();
                return Err(file_error(Error::other("the server does not answer")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let url = format!("postgres://netwarden@127.0.0.1:{port}/postgres");
        Ok(Some(Self { url, process, _folder: folder }))
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // runuser passes SIGTERM on; PostgreSQL then waits for clients, SIGINT (fast) would not reach it
        // through a SIGKILL of runuser, so the server itself is told.
        let pid_file = self._folder.path().join("data/postmaster.pid");
        let mut text = String::new();
        let read = std::fs::File::open(pid_file).and_then(|mut file| file.read_to_string(&mut text));
        if read.is_ok()
            && let Some(pid) = text.lines().next()
        {
            let _ = run(Command::new("kill").args(["-INT", pid]));
        }
        let _ = self.process.wait();
    }
}

fn folder() -> Result<TempDir, StoreError> {
    tempfile::tempdir().map_err(|error| StoreError::file(&std::env::temp_dir(), "making a folder", error))
}

fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions.flatten().map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists())
}

fn as_user(as_root: bool, program: &Path) -> Command {
    if !as_root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    command
}

/// True where the program ended well.
fn run(command: &mut Command) -> Result<bool, Error> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(quiet.status()?.success())
}

fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}
