//! `netwarden probe`: reads elements over SNMP without a server and without storing anything.

mod access;
mod many;
pub mod preflight;
pub mod table;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use netwarden_collect::Outcome;
use netwarden_model::Reading;
use netwarden_model::element::Method;
use netwarden_reach::{Credentials, EngineConfig, SessionOptions, SnmpEngine, SnmpSession};
use serde::Serialize;

use crate::output::Format;
use access::AccessArguments;
use targets::Target;

/// What `probe` is asked for.
#[derive(Args)]
pub struct ProbeArguments {
    /// The element, as HOST or HOST:PORT (port 161 unless given).
    #[arg(required_unless_present = "targets", conflicts_with = "targets")]
    host: Option<String>,
    /// Reads every element of this file: a line each with host, port and credentials, as in
    /// `192.0.2.1 161 v2c public` or `sw1:161 v3 ops SHA-256 PASSWORD AES-128 PASSWORD`; the options'
    /// credentials hold where a line has none.
    #[arg(long)]
    targets: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArguments,
    /// Milliseconds given to one request before it counts as lost.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    timeout: u64,
    /// Further attempts after the first.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=20))]
    retries: u32,
    /// Elements read at the same time, with --targets.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    in_flight: u32,
    /// Tells whether enforcement would work, on --port or on every access port.
    #[arg(long, conflicts_with = "targets")]
    preflight: bool,
    /// With --preflight: the port, by ifName or ifIndex.
    #[arg(long, requires = "preflight")]
    port: Option<String>,
    /// With --preflight: the quarantine VLAN.
    #[arg(long, requires = "preflight", default_value_t = 666, value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: u16,
    /// With --preflight: MAC addresses on our own path besides those found here (server, gateway).
    #[arg(long, requires = "preflight", value_delimiter = ',')]
    own_mac: Vec<netwarden_model::Mac>,
    /// With --preflight: the VLAN in which the element is managed; found by itself where its interface is
    /// called `VlanN`.
    #[arg(long, requires = "preflight", value_parser = clap::value_parser!(u16).range(1..=4094))]
    management_vlan: Option<u16>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// Runs the command.
pub async fn run(arguments: ProbeArguments) -> anyhow::Result<ExitCode> {
    if arguments.format == Format::Csv {
        bail!("--format csv: a reading is no single table; take table or json");
    }
    let engine = SnmpEngine::start(EngineConfig::default()).context("no UDP socket can be opened")?;
    if let Some(path) = &arguments.targets {
        return many::run(&engine, path, &arguments).await;
    }
    let (host, port) = Target::parse_host(arguments.host.as_deref().unwrap_or_default())?;
    let target = Target { host, port, access: None };
    let credentials = arguments
        .access
        .credentials()?
        .with_context(|| format!("no credentials for {}: give --community or --v3-user", target.host))?;
    let session = open(&engine, &target, credentials, arguments.options())?;
    if arguments.preflight {
        return preflight::run(&session, &arguments).await;
    }
    let outcome = read(&session).await?;
    for incomplete in &outcome.incomplete {
        eprintln!("netwarden: {incomplete}");
    }
    match arguments.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&Printed::from(&outcome))?),
        Format::Table | Format::Csv => print!("{}", table::render(&outcome.reading)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A reading and what it lacks, as it is printed.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    reading: &'a Reading,
    /// Tables that could not be read, or not to their end, each in a sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    incomplete: Vec<String>,
}

impl<'a> From<&'a Outcome> for Printed<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        let incomplete = outcome.incomplete.iter().map(ToString::to_string).collect();
        Self { reading: &outcome.reading, incomplete }
    }
}

impl ProbeArguments {
    fn options(&self) -> SessionOptions {
        SessionOptions {
            timeout: Duration::from_millis(self.timeout),
            retries: self.retries,
            ..SessionOptions::default()
        }
    }
}

fn open(
    engine: &SnmpEngine,
    target: &Target,
    credentials: Credentials,
    options: SessionOptions,
) -> anyhow::Result<SnmpSession> {
    Ok(engine.session(target.resolve()?, &credentials, options)?)
}

/// Reads everything, and adds what only the session knows.
async fn read(session: &SnmpSession) -> anyhow::Result<Outcome> {
    let mut outcome = netwarden_collect::read(session, &Method::ALL, None).await?;
    let system = &mut outcome.reading.system;
    system.engine_id = session.engine_id().map(|id| id.iter().map(|octet| format!("{octet:02x}")).collect());
    system.engine_boots = session.engine_boots();
    Ok(outcome)
}
