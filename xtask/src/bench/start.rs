//! Start to the first answer, memory after the demo's day, size of the binary.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::queries::Server;
use super::run::{self, Running, build};

/// Starts that are timed.
const STARTS: usize = 11;

/// The demo's day and five idle minutes after it.
const DAY: Duration = Duration::from_secs(240);
const IDLE: Duration = Duration::from_secs(300);

/// See the module.
pub fn run(root: &Path) -> anyhow::Result<()> {
    build(root, &["--package", "netwarden", "--bins"])?;
    println!("\n## Start, memory, size");
    let folder = tempfile::tempdir()?;
    let server = Server::init(root, folder.path())?;
    let mut times = Vec::new();
    for number in 0..STARTS {
        let started = Instant::now();
        let running = server.start()?;
        let time = started.elapsed();
        // The first one makes the tables, keys and the first user.
        if number == 0 {
            println!(
                "first start of all, to the first answer at /readyz: {:.0} ms",
                time.as_secs_f64() * 1e3
            );
        } else {
            times.push(time.as_secs_f64() * 1e3);
        }
        running.end()?;
    }
    println!(
        "start to the first answer at /readyz: {:.0} ms, the middle of {}",
        run::median(times),
        STARTS - 1
    );

    let binary = run::target(root).join("release/netwarden");
    let stripped = folder.path().join("stripped");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(&binary).status();
    let mib = |path: &Path| std::fs::metadata(path).map_or(f64::NAN, |m| m.len() as f64 / 1_048_576.0);
    match strip {
        Ok(done) if done.success() => {
            println!("binary: {:.1} MiB, {:.1} MiB stripped", mib(&binary), mib(&stripped));
        }
        _ => println!("binary: {:.1} MiB (no strip(1) here)", mib(&binary)),
    }
    memory(root)
}

fn memory(root: &Path) -> anyhow::Result<()> {
    let mut demo = run::release(root, "netwarden");
    demo.arg("demo").stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running::start(demo)?;
    let (day, idle) = match std::env::var("NETWARDEN_BENCH_QUICK") {
        Ok(_) => (Duration::from_secs(30), Duration::from_secs(10)),
        Err(_) => (DAY, IDLE),
    };
    std::thread::sleep(Duration::from_secs(15) + day);
    let after_day = pss(running.id())?;
    std::thread::sleep(idle);
    if !running.runs() {
        bail!("the demo has ended before it was measured");
    }
    let at_rest = pss(running.id())?;
    println!(
        "memory of the demo, simulated agents included: {after_day:.1} MiB PSS after {} s of its day, {at_rest:.1} MiB \
         {} s later",
        day.as_secs(),
        idle.as_secs()
    );
    running.end()
}

/// Proportional set size in MiB (proc(5), smaps_rollup).
pub fn pss(process: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    Ok(kib.with_context(|| format!("{path} has no Pss"))? / 1_024.0)
}
