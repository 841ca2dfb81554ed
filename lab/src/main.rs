//! The lab for a developer, with the product attached: `cargo xtask lab`.
#![allow(clippy::print_stdout, reason = "a command line that reports on standard output")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use netwarden_lab::latency::measure;
use netwarden_lab::product::{ALARM, ALARM_TO, Product, QUARANTINE, TRAP_PORT};
use netwarden_lab::{AGENT_PASSWORD, AGENT_USER, Lab, why_not};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(about = "A real network on this machine, with Netwarden attached; needs root")]
struct Arguments {
    /// Measure so many times from a trap to the read-back quarantine, print the percentiles and end.
    #[arg(long, value_name = "RUNS", value_parser = clap::value_parser!(u16).range(1..))]
    latency: Option<u16>,
    /// Path of `netwarden`; beside this program where missing.
    #[arg(long)]
    netwarden: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(reason) = why_not() {
        println!("skipped: {reason}");
        println!("1 skipped");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // From here on a Ctrl-C ends nothing by itself: the network must be removed first.
    let (mut interrupt, mut terminate) = {
        let _runtime = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let own = std::env::current_exe()?;
    let beside = own.parent().context("this program is in no folder")?;
    let netwarden = arguments.netwarden.unwrap_or_else(|| beside.join("netwarden"));

    println!("Building the network ...");
    let lab = Lab::start(&beside.join("netwarden-lab-bridge"), TRAP_PORT)?;
    let mut product = Product::install(&lab, &netwarden)?;
    product.start()?;
    println!("Adopting it ...");
    product.adopt(&lab)?;
    product.add_rule(QUARANTINE)?;
    product.enforce()?;
    if let Some(runs) = arguments.latency {
        return report(&lab, &product, runs);
    }
    product.add_rule(ALARM)?;
    explain(&lab, &product, &netwarden);
    runtime.block_on(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    println!("Removing everything ...");
    Ok(())
}

fn report(lab: &Lab, product: &Product, runs: u16) -> anyhow::Result<()> {
    let latency = measure(lab, product, runs, |run, took| println!("run {:3}: {took:.1?}", run + 1))?;
    let shown = |percent| latency.percentile(percent).map_or_else(|| "-".to_owned(), |t| format!("{t:.1?}"));
    println!(
        "trap to quarantine, from receipt to the GET that shows VLAN 666: {} runs, p50 {}, p99 {}, longest {}",
        latency.times.len(),
        shown(50),
        shown(99),
        shown(100)
    );
    if latency.found_by_poll > 0 {
        println!("{} more were found by a poll before the trap came", latency.found_by_poll);
    }
    let goal = Duration::from_secs(1);
    anyhow::ensure!(latency.percentile(99).is_some_and(|p99| p99 < goal), "p99 is not under {goal:?}");
    Ok(())
}

fn explain(lab: &Lab, product: &Product, netwarden: &Path) {
    println!(
        "\nThe lab is running. Agents (SNMPv3 user {AGENT_USER}, SHA-256 and AES-128, both passwords {AGENT_PASSWORD}):"
    );
    for agent in Lab::AGENTS {
        println!("  {:8} {}   ip netns exec {} ...", agent.name, agent.address, lab.namespace(agent.name));
    }
    println!("Hosts, all in VLAN 10 (10.77.10.0/24):");
    for (host, switch, port) in Lab::HOSTS {
        println!("  {host:8} on {switch} {port}   ip netns exec {} ...", lab.namespace(host));
    }
    println!("Mail for {ALARM_TO}: {}/mail/mail/new", lab.dir().display());
    println!("Syslog: {}/syslog/received", lab.dir().display());
    println!("Server: https://{}:8443/api/v1, log {}/netwarden.log", Lab::SERVER, lab.dir().display());
    for (word, what) in [("certificate", "Fingerprint"), ("one-time password", "One-time password of admin")]
    {
        if let Some(said) = product.said(word) {
            println!("{what}: {said}");
        }
    }
    let mgmt = lab.namespace("mgmt");
    println!("\nThe command line, as admin by the local socket:");
    println!("  export NETWARDEN_CONFIG={}", product.config().display());
    println!("  {} endpoints list", netwarden.display());
    println!("Remote, with a token of your own:");
    println!(
        "  ip netns exec {mgmt} {} login --change-password --server https://{}:8443 --fingerprint ...",
        netwarden.display(),
        Lab::SERVER
    );
    let rogue = lab.namespace("rogue");
    println!("Plug the rogue in (sw2 p2), see it shut out, and why:");
    println!("  ip -n {rogue} link set eth0 up; ip netns exec {rogue} ping 10.77.10.103");
    if let Ok(mac) = lab.mac("rogue") {
        println!("  {} endpoints why {mac}", netwarden.display());
        println!("  {} endpoints authorise {mac} --reason 'it is the new printer'", netwarden.display());
    }
    println!("\nCtrl-C ends the lab and removes everything.");
}
