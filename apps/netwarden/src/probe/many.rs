//! `probe --targets`: many elements at once, then totals.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use futures::StreamExt;
use netwarden_reach::SnmpEngine;
use serde::Serialize;

use super::{ProbeArguments, Target, access, open, read};
use crate::output::{Format, Rows};

#[derive(Serialize)]
struct Totals {
    devices: usize,
    read: usize,
    failed: usize,
    seconds: f64,
    devices_per_second: f64,
    variables: u64,
    variables_per_second: f64,
    requests: u64,
    retransmits: u64,
    losses: u64,
    failures: BTreeMap<String, String>,
}

/// One element's result in a line.
#[derive(Serialize)]
struct Line {
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<netwarden_model::Reading>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Reads every target; exit code 1 where one failed.
pub async fn run(engine: &SnmpEngine, path: &Path, arguments: &ProbeArguments) -> anyhow::Result<ExitCode> {
    let targets = load(path)?;
    let fallback = arguments.access.credentials()?;
    let started = Instant::now();
    let mut results = futures::stream::iter(targets.iter().map(|target| {
        let fallback = fallback.clone();
        async move {
            let outcome = async {
                let credentials = match (&target.access, fallback) {
                    (Some(own), _) => access::of_line(own)?,
                    (None, Some(fallback)) => fallback,
                    (None, None) => bail!("no credentials, neither in the file nor as options"),
                };
                read(&open(engine, target, credentials, arguments.options())?).await
            };
            (format!("{}:{}", target.host, target.port), outcome.await)
        }
    }))
    .buffer_unordered(usize::try_from(arguments.in_flight)?);

    let mut failures = BTreeMap::new();
    let mut rows =
        Rows::new(&["element", "name", "interfaces", "VLANs", "addresses", "ARP", "neighbours", "quirks"]);
    let mut read_well = 0;
    while let Some((target, outcome)) = results.next().await {
        let line = match outcome {
            Ok(outcome) => {
                read_well += 1;
                let reading = outcome.reading;
                rows.push([
                    target.clone(),
                    reading.system.name.clone().unwrap_or_default(),
                    reading.interfaces.len().to_string(),
                    reading.vlans.len().to_string(),
                    reading.fdb.len().to_string(),
                    reading.arp.len().to_string(),
                    reading.neighbours.len().to_string(),
                    reading.quirks.len().to_string(),
                ]);
                Line { target, reading: Some(reading), error: None }
            }
            Err(error) => {
                let reason = format!("{error:#}");
                failures.insert(target.clone(), reason.clone());
                Line { target, reading: None, error: Some(reason) }
            }
        };
        if arguments.format == Format::Json {
            println!("{}", serde_json::to_string(&line)?);
        }
    }
    drop(results);
    let seconds = started.elapsed().as_secs_f64();
    let stats = engine.stats();
    let totals = Totals {
        devices: targets.len(),
        read: read_well,
        failed: failures.len(),
        seconds,
        devices_per_second: rate(read_well as u64, seconds),
        variables: stats.variables,
        variables_per_second: rate(stats.variables, seconds),
        requests: stats.requests,
        retransmits: stats.retransmits,
        losses: stats.losses,
        failures,
    };
    match arguments.format {
        Format::Json => println!("{}", serde_json::to_string(&serde_json::json!({ "totals": totals }))?),
        Format::Table | Format::Csv => print!("{}{}", rows.to_table(), describe(&totals)),
    }
    Ok(if totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn load(path: &Path) -> anyhow::Result<Vec<Target>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut targets = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let parsed =
            Target::parse_line(line).with_context(|| format!("{} line {}", path.display(), number + 1))?;
        targets.extend(parsed);
    }
    if targets.is_empty() {
        bail!("{} names no target", path.display());
    }
    Ok(targets)
}

#[allow(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { (count as f64 / seconds * 10.0).round() / 10.0 } else { 0.0 }
}

fn describe(totals: &Totals) -> String {
    let mut text = format!(
        "\n{} of {} elements read in {:.2} s: {} elements/s, {} variables ({}/s), {} requests, {} retransmits, {} losses\n",
        totals.read,
        totals.devices,
        totals.seconds,
        totals.devices_per_second,
        totals.variables,
        totals.variables_per_second,
        totals.requests,
        totals.retransmits,
        totals.losses,
    );
    for (target, reason) in &totals.failures {
        text.push_str(&format!("failed: {target}: {reason}\n"));
    }
    text
}
