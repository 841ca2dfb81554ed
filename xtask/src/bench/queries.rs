//! Lists, searches and history over HTTPS: `netwarden serve` with 200,000 endpoints and 10 million events.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::number;
use super::run::{self, Running, build};
use super::start::pss;

/// See the module.
pub fn run(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden", "--package", "netwarden-benches", "--bins"])?;
    println!("\n## Questions at 200,000 endpoints and 10 million events, over HTTPS");
    let folder = match std::env::var_os("NETWARDEN_BENCH_DATA") {
        Some(folder) => Place::Kept(PathBuf::from(folder)),
        None => Place::Passing(tempfile::tempdir()?),
    };
    let server = Server::init(root, folder.path())?;
    if !server.database().exists() {
        // The first start makes the tables and the first user.
        server.start()?.end()?;
        std::fs::write(folder.path().join("one-time"), server.one_time()?)?;
        let filled = server.fill(&[])?;
        println!(
            "filled in {:.0} s: {:.1} GiB",
            number(&filled, "/inventory_seconds") + number(&filled, "/events_seconds"),
            number(&filled, "/bytes") / f64::from(1 << 30)
        );
    }
    let started = Instant::now();
    let running = server.start()?;
    println!(
        "start with this database: {:.1} s, {:.0} MiB PSS",
        started.elapsed().as_secs_f64(),
        pss(running.id())?
    );
    let mut ask = run::release(root, "netwarden-bench");
    let one_time = std::fs::read_to_string(folder.path().join("one-time"))?;
    ask.args(["ask", "--server", &server.url, "--fingerprint", &server.fingerprint])
        .args(["--one-time", &one_time, "--database"])
        .arg(server.database());
    let found = run::json(ask)?;
    println!(
        "| question | rows | cold p50 | cold longest | warm p50 | warm p99 |\n|---|---|---|---|---|---|"
    );
    let (mut all, mut worst) = (0, 0.0_f64);
    for question in found.pointer("/questions").and_then(|q| q.as_array()).into_iter().flatten() {
        let name = question.get("name").and_then(|n| n.as_str()).unwrap_or("?");
        all += 1;
        worst = worst.max(number(question, "/warm/p99_ms"));
        println!(
            "| {name} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} |",
            number(question, "/rows"),
            number(question, "/cold/p50_ms"),
            number(question, "/cold/max_ms"),
            number(question, "/warm/p50_ms"),
            number(question, "/warm/p99_ms"),
        );
    }
    println!(
        "{all} questions, milliseconds; the worst warm p99 is {worst:.1}; {:.0} MiB PSS after them",
        pss(running.id())?
    );
    println!("\n| page of the console | KiB | p50 | p99 |\n|---|---|---|---|");
    for page in found.pointer("/pages").and_then(|pages| pages.as_array()).into_iter().flatten() {
        println!(
            "| {} | {:.0} | {:.1} | {:.1} |",
            page.get("name").and_then(|name| name.as_str()).unwrap_or("?"),
            number(page, "/octets") / 1024.0,
            number(page, "/warm/p50_ms"),
            number(page, "/warm/p99_ms"),
        );
    }
    running.end()
}

enum Place {
    Kept(PathBuf),
    Passing(tempfile::TempDir),
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Place::Kept(folder) => folder,
            Place::Passing(folder) => folder.path(),
        }
    }
}

/// A server of our own on loopback.
pub struct Server {
    root: PathBuf,
    /// Of its configuration, database and key.
    pub folder: PathBuf,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// https://HOST:PORT
    pub url: String,
    port: u16,
}

impl Server {
    /// Makes the configuration, unless it is there, and finds a free port.
    pub fn init(root: &Path, folder: &Path) -> anyhow::Result<Self> {
        let config = folder.join("netwarden.toml");
        std::fs::create_dir_all(folder)?;
        let kept = folder.join("fingerprint");
        if !config.exists() {
            let mut init = run::release(root, "netwarden");
            let made = init.arg("init").arg("--config").arg(&config).stderr(Stdio::inherit()).output()?;
            if !made.status.success() {
                bail!("netwarden init ended with {}", made.status);
            }
            std::fs::write(&kept, &made.stdout)?;
        }
        let fingerprint = std::fs::read_to_string(&kept)?.trim().to_owned();
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let url = format!("https://localhost:{port}");
        Ok(Self { root: root.to_path_buf(), folder: folder.to_path_buf(), fingerprint, url, port })
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.folder.join("data/netwarden.db")
    }

    /// Fills the database; the server is down, and has been started once.
    pub fn fill(&self, sizes: &[&str]) -> anyhow::Result<Value> {
        let mut fill = run::release(&self.root, "netwarden-bench");
        fill.args(["fill", "--database"]).arg(self.database()).args(sizes);
        run::json(fill)
    }

    /// The password of `admin` that the first start has printed.
    fn one_time(&self) -> anyhow::Result<String> {
        let log = std::fs::read_to_string(self.folder.join("serve.log"))?;
        let found = log.split("one-time password ").nth(1).and_then(|rest| rest.split_whitespace().next());
        Ok(found.context("the first start printed no one-time password")?.to_owned())
    }

    /// Starts it and waits for the first answer over HTTPS.
    pub fn start(&self) -> anyhow::Result<Running> {
        let mut serve = run::release(&self.root, "netwarden");
        serve
            .arg("serve")
            .arg("--config")
            .arg(self.folder.join("netwarden.toml"))
            .env("NETWARDEN_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("NETWARDEN_TRAPS", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.folder.join("serve.log"))?);
        let mut running = Running::start(serve)?;
        let limit = Instant::now() + Duration::from_secs(300);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if !running.runs() || Instant::now() > limit {
                let log = std::fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default();
                bail!("the server does not answer: {log}");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let ready = Command::new("curl")
            .args(["--silent", "--fail", "--insecure", "--max-time", "60", "--output", "/dev/null"])
            .arg(format!("{}/readyz", self.url))
            .status()
            .context("curl")?;
        if !ready.success() {
            bail!("{}/readyz: curl ended with {ready}", self.url);
        }
        Ok(running)
    }
}
