//! Walking 1,000 agents: ours, a C client on net-snmp's asynchronous library, prometheus-snmp-exporter.
//!
//! All ask the same agents for the same columns with the same max-repetitions; what the two clients read
//! is compared by a hash. They run in turn, A B A B, and the middle run counts, since the agents share
//! the processors with them. The delay is inside the agents: each answers a request later, and others
//! meanwhile.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::number;
use super::run::{self, Running, Simulators, build, median, target};
use crate::shell;

/// Agents, and what makes their tables some 800 variables.
const AGENTS: usize = 1_000;
const ENDPOINTS: &str = "90000";

/// ifType to ifOperStatus, ifName, ifHighSpeed, ifAlias, dot1dBasePortIfIndex, dot1qPvid, dot1qTpFdbPort,
/// dot1qTpFdbStatus.
const COLUMNS: [&str; 13] = [
    "1.3.6.1.2.1.2.2.1.3",
    "1.3.6.1.2.1.2.2.1.4",
    "1.3.6.1.2.1.2.2.1.5",
    "1.3.6.1.2.1.2.2.1.6",
    "1.3.6.1.2.1.2.2.1.7",
    "1.3.6.1.2.1.2.2.1.8",
    "1.3.6.1.2.1.31.1.1.1.1",
    "1.3.6.1.2.1.31.1.1.1.15",
    "1.3.6.1.2.1.31.1.1.1.18",
    "1.3.6.1.2.1.17.1.4.1.2",
    "1.3.6.1.2.1.17.7.1.4.5.1.1",
    "1.3.6.1.2.1.17.7.1.2.2.1.2",
    "1.3.6.1.2.1.17.7.1.2.2.1.3",
];
const REPETITIONS: &str = "25";
const RUNS: usize = 3;

const V2C: &[&str] = &["v2c", "public"];
const V3: &[&str] = &["v3", "netwarden", "simulated-auth", "simulated-priv"];

/// See the module.
pub fn run(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden-simulator", "--bins"])?;
    build(root, &["--package", "netwarden-reach", "--example", "walk"])?;
    let folder = tempfile::tempdir()?;
    let peer = c_client(root, folder.path());
    let ours = target(root).join("release/examples/walk");
    println!("\n## Walking {AGENTS} agents, {} columns, max-repetitions {REPETITIONS}", COLUMNS.len());
    for delay in ["0", "10"] {
        let arguments = [
            "--ports",
            "48",
            "--endpoints",
            ENDPOINTS,
            "--local",
            "--delay-ms",
            delay,
            "--community",
            "public",
        ];
        let simulators = Simulators::start(root, folder.path(), AGENTS, &arguments)?;
        let race = Race { agents: &simulators.agents, ours: &ours, peer: peer.as_deref(), delay };
        race.run("v2c", V2C, "100", "100")?;
        race.run("authPriv", V3, "100", "100")?;
        if delay == "10" {
            for agents in ["5", "20"] {
                let several = format!("{agents}x4");
                race.run(&format!("v2c, {agents} agents at once"), V2C, agents, agents)?;
                let name = format!("v2c, {agents} agents at once, ours with up to 4 requests to each");
                race.run(&name, V2C, agents, &several)?;
            }
            race.run("v2c, all agents at once", V2C, "1000", "1000")?;
        } else {
            exporter(root, folder.path(), &simulators.agents, &ours)?;
        }
    }
    Ok(())
}

struct Race<'p> {
    agents: &'p Path,
    ours: &'p Path,
    peer: Option<&'p Path>,
    delay: &'p str,
}

impl Race<'_> {
    fn run(&self, name: &str, security: &[&str], peers: &str, own: &str) -> anyhow::Result<()> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            if let Some(peer) = self.peer {
                theirs.push(self.walk(peer, security, peers)?);
            }
            ours.push(self.walk(self.ours, security, own)?);
        }
        let middle = |runs: &[Value], path: &str| median(runs.iter().map(|run| number(run, path)).collect());
        let per_million = |runs: &[Value]| {
            median(
                runs.iter()
                    .map(|run| number(run, "/cpu_seconds") / number(run, "/variables") * 1e6)
                    .collect(),
            )
        };
        let variables = middle(&ours, "/variables");
        let rate = variables / middle(&ours, "/seconds");
        let failures = middle(&ours, "/failures");
        let mut line = format!(
            "{name}, {} ms: {variables:.0} variables, {failures:.0} failures; ours {rate:.0}/s, {:.0} requests, {:.2} s of CPU a million",
            self.delay,
            middle(&ours, "/requests"),
            per_million(&ours)
        );
        if !theirs.is_empty() {
            let peer = middle(&theirs, "/variables") / middle(&theirs, "/seconds");
            let _ = write!(
                line,
                "; C client {peer:.0}/s, {:.0} failures, {:.0} requests, {:.2} s of CPU a million; rate {:.2}, CPU {:.2}",
                middle(&theirs, "/failures"),
                middle(&theirs, "/requests"),
                per_million(&theirs),
                rate / peer,
                per_million(&ours) / per_million(&theirs)
            );
            let hashes: Vec<_> = ours.iter().chain(&theirs).filter_map(|run| run.get("hash")).collect();
            line.push_str(match hashes.windows(2).all(|pair| matches!(pair, [a, b] if a == b)) {
                true => "; the same hash",
                false => "; DIFFERENT HASHES",
            });
        }
        println!("{line}");
        Ok(())
    }

    fn walk(&self, client: &Path, security: &[&str], in_flight: &str) -> anyhow::Result<Value> {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 65536 2>/dev/null; exec \"$0\" \"$@\""]).arg(client).arg(self.agents);
        command.args([REPETITIONS, in_flight]).args(security).args(COLUMNS);
        run::json(command)
    }
}

/// The C client, compiled; None, with the reason said, where it cannot be.
fn c_client(root: &Path, folder: &Path) -> Option<PathBuf> {
    if !installed(root, "/usr/include/net-snmp/net-snmp-config.h", "libsnmp-dev") {
        return None;
    }
    let client = folder.join("walk");
    let source = root.join("benches/peers/walk.c");
    let made = Command::new("cc").arg("-O2").arg("-o").arg(&client).arg(source).arg("-lnetsnmp").status();
    match made {
        Ok(done) if done.success() => Some(client),
        other => {
            println!("skipped: the C client cannot be compiled ({other:?})");
            None
        }
    }
}

/// True where `path` is there, or is after its package was installed (Debian, as root).
fn installed(root: &Path, path: &str, package: &str) -> bool {
    if Path::new(path).exists() {
        return true;
    }
    let install =
        ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends", package];
    let done = shell::run(root, "apt-get", &["update", "--quiet=2"])
        .and_then(|()| shell::run(root, "env", &install));
    if let Err(error) = &done {
        println!("skipped: {package} is not there and cannot be installed: {error:#}");
    }
    done.is_ok()
}

/// Scrapes every agent once through prometheus-snmp-exporter, 100 at a time, and walks them ourselves.
fn exporter(root: &Path, folder: &Path, agents: &Path, ours: &Path) -> anyhow::Result<()> {
    const PROGRAM: &str = "/usr/bin/prometheus-snmp-exporter";
    if !installed(root, PROGRAM, "prometheus-snmp-exporter") {
        return Ok(());
    }
    let config = folder.join("snmp.yml");
    std::fs::write(&config, exporter_module())?;
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut command = Command::new(PROGRAM);
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("exporter.log"))?);
    let mut running = Running::start(command)?;
    let limit = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if !running.runs() || Instant::now() > limit {
            let log = std::fs::read_to_string(folder.join("exporter.log")).unwrap_or_default();
            println!("skipped: prometheus-snmp-exporter does not start: {log}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut urls = String::new();
    for line in std::fs::read_to_string(agents)?.lines() {
        let agent = line.split_whitespace().next().unwrap_or_default();
        let _ = writeln!(urls, "url = \"http://127.0.0.1:{port}/snmp?target={agent}&module=walk\"");
    }
    let list = folder.join("urls");
    std::fs::write(&list, urls)?;
    let started = Instant::now();
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--parallel", "--parallel-max", "100", "--config"])
        .arg(&list)
        .output()
        .context("curl")?;
    let seconds = started.elapsed().as_secs_f64();
    if !output.status.success() {
        bail!("curl ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let read: f64 = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("snmp_scrape_pdus_returned")?.split_whitespace().last()?.parse::<f64>().ok()
        })
        .sum();
    let scraped = text.lines().filter(|line| line.starts_with("snmp_scrape_pdus_returned")).count();
    let cpu = cpu_seconds(running.id())?;
    let race = Race { agents, ours, peer: None, delay: "0" };
    let own = race.walk(ours, V2C, "100")?;
    let rate = number(&own, "/variables") / number(&own, "/seconds");
    println!(
        "prometheus-snmp-exporter, v2c, 0 ms: {scraped} agents, {read:.0} variables, {:.0}/s, {:.2} s of CPU a million; ours \
         {rate:.0}/s, {:.2}; rate {:.1}",
        read / seconds,
        cpu / read * 1e6,
        number(&own, "/cpu_seconds") / number(&own, "/variables") * 1e6,
        rate / (read / seconds)
    );
    running.end()
}

/// User and system time of another process so far, in seconds.
fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| path)?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok()).unwrap_or(0);
    Ok(f64::from(ticks(11) + ticks(12)) / 100.0)
}

/// The same columns as a module of the exporter's; a metric for each, so that all of it is written out.
fn exporter_module() -> String {
    let mut text = format!(
        "walk:\n  version: 2\n  max_repetitions: {REPETITIONS}\n  timeout: 10s\n  auth:\n    community: public\n  walk:\n"
    );
    for column in COLUMNS {
        let _ = writeln!(text, "  - {column}");
    }
    text.push_str("  metrics:\n");
    for (number, column) in COLUMNS.iter().enumerate() {
        let kind = match *column {
            "1.3.6.1.2.1.2.2.1.6" => "PhysAddress48",
            "1.3.6.1.2.1.31.1.1.1.1" | "1.3.6.1.2.1.31.1.1.1.18" => "DisplayString",
            _ => "gauge",
        };
        let _ = writeln!(text, "  - name: column{number}\n    oid: {column}\n    type: {kind}");
        // Rows of dot1qTpFdbTable: FDB id and the six octets of an address.
        let labels: &[(&str, &str, u8)] = if column.starts_with("1.3.6.1.2.1.17.7.1.2.2.") {
            &[("fdb", "gauge", 0), ("mac", "PhysAddress48", 6)]
        } else {
            &[("index", "gauge", 0)]
        };
        text.push_str("    indexes:\n");
        for (label, kind, size) in labels {
            let _ = writeln!(text, "    - labelname: {label}\n      type: {kind}");
            if *size > 0 {
                let _ = writeln!(text, "      fixed_size: {size}");
            }
        }
    }
    text
}
