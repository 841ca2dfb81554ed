//! `netwarden audit …`: who did what, and the proof that nobody touched the record.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use netwarden_api::audit::{Key, Record, Verification};
use netwarden_api::client::Method;
use netwarden_audit::{Report, VerifyingKey, verify_export};
use serde::Deserialize;

use super::fault::{Fault, failed};
use super::job;
use super::list::{Filters, Paging, Tabular, list, show};
use super::session::{Connection, Printer, Session};
use super::when::Sense;
use crate::output::{Cell, Format, Rows};

/// Verbs of the trail.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists records of the trail, newest first.
    List(Box<ListArguments>),
    /// Shows one record.
    Show {
        /// Its index.
        index: u64,
    },
    /// Writes records as JSON lines that `audit verify FILE` verifies without a server.
    Export(ExportArguments),
    /// Prints the public key with which exports are verified; keep it where the server cannot change it.
    Key,
    /// Verifies the trail: every record, its place in the chain, and the signed checkpoints. With FILE an
    /// exported file, by the public key alone and without a server.
    Verify(VerifyArguments),
}

/// Filters of the list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Found in details, object, old or new value.
    text: Option<String>,
    /// security, operation, system or ne.
    #[arg(long)]
    kind: Option<String>,
    /// Name of the user.
    #[arg(long)]
    user: Option<String>,
    /// Operation, for instance endpoint.authorise.
    #[arg(long)]
    operation: Option<String>,
    /// What it was done to.
    #[arg(long)]
    object: Option<String>,
    /// opened, success, failure, denied or unknown.
    #[arg(long)]
    outcome: Option<String>,
    /// From then on: 2026-11-22, '2026-11-22 14:05', RFC 3339, or a span such as 2h.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to then.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// What to export.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// File to be made; standard output where missing.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// First record; 0 where missing.
    #[arg(long, value_name = "INDEX")]
    from: Option<u64>,
    /// One past the last record; all there are where missing.
    #[arg(long, value_name = "INDEX")]
    until: Option<u64>,
}

/// What to verify.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// An exported file; the server's own trail where missing.
    #[arg(requires = "key")]
    file: Option<PathBuf>,
    /// The trail's public key (name+hash+base64), or a file that holds it. Take it from where the server
    /// cannot change it.
    #[arg(long, requires = "file")]
    key: Option<String>,
    /// Do not wait: print the job's id.
    #[arg(long, conflicts_with = "file")]
    detach: bool,
}

impl Verb {
    /// Whether it works on files alone.
    pub const fn is_offline(&self) -> bool {
        matches!(self, Verb::Verify(VerifyArguments { file: Some(_), .. }))
    }
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List(arguments) => {
            let time = |text: &Option<String>, sense| {
                text.as_deref().map(|text| session.out.time(text, sense)).transpose()
            };
            let filters = Filters::default()
                .with("from", time(&arguments.from, Sense::PastFrom)?)
                .with("until", time(&arguments.until, Sense::PastUntil)?)
                .with("text", arguments.text)
                .with("kind", arguments.kind)
                .with("user", arguments.user)
                .with("operation", arguments.operation)
                .with("object", arguments.object)
                .with("outcome", arguments.outcome);
            list::<Record>(session, "/audit", filters, &arguments.paging).await
        }
        Verb::Show { index } => {
            show::<Record>(&session.out, session.client.get(&format!("/audit/{index}"), &[]).await?)
        }
        Verb::Verify(arguments) => {
            let started: job::Started = session.client.post("/audit/verify", &serde_json::json!({})).await?;
            job::finish(session, &started, arguments.detach, |out, found| {
                let found =
                    Verification::deserialize(found).context("the server answered something unknown")?;
                print(out, &found)
            })
            .await
        }
        Verb::Key => {
            let key: Key = session.client.get("/audit/key", &[]).await?;
            match session.out.format {
                Format::Json => session.out.json(&key),
                _ => session.out.write(&format!("{}\n", crate::output::plain(&key.key))),
            }
        }
        Verb::Export(arguments) => {
            let number = |name, value: Option<u64>| value.map(|value| (name, value.to_string()));
            let query: Vec<_> = [number("from", arguments.from), number("until", arguments.until)]
                .into_iter()
                .flatten()
                .collect();
            let request = session.client.request(Method::GET, "/audit/export").query(&query);
            super::save::save(session, request, arguments.output.as_deref()).await
        }
    }
}

/// Verifies an exported file.
pub fn run_offline(connection: &Connection, verb: &Verb) -> Result<(), Fault> {
    let Verb::Verify(VerifyArguments { file: Some(file), key: Some(key), .. }) = verb else {
        return Err(Fault::Usage("audit verify FILE needs --key".to_owned()));
    };
    let key = read_key(key)?;
    let name = file.display();
    let opened = File::open(file).with_context(|| format!("{name} cannot be read"))?;
    let report =
        verify_export(BufReader::new(opened), &key).with_context(|| format!("{name} cannot be read"))?;
    print(&connection.printer(), &verification(&report))
}

/// The key itself, or the one that a file holds.
fn read_key(given: &str) -> Result<VerifyingKey, Fault> {
    if let Ok(key) = given.parse() {
        return Ok(key);
    }
    let path = Path::new(given);
    if !path.is_file() {
        return Err(Fault::Usage(format!(
            "--key {given}: neither a key (name+hash+base64) nor a file with one"
        )));
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{given} cannot be read"))?;
    text.trim().parse().map_err(|error| failed(format!("{given} holds no key: {error}")))
}

fn verification(report: &Report) -> Verification {
    Verification {
        leaves: report.records,
        checkpoints: report.checkpoints as _,
        erased: report.erased,
        fault: report.problem.as_ref().map(ToString::to_string),
    }
}

fn print(out: &Printer, found: &Verification) -> Result<(), Fault> {
    match out.format {
        Format::Json => out.json(found)?,
        Format::Csv => {
            let mut rows = Rows::new(&["records", "checkpoints", "erased", "fault"]);
            rows.push_cells([
                found.leaves.into(),
                found.checkpoints.into(),
                found.erased.into(),
                found.fault.clone().into(),
            ]);
            out.rows(&rows)?;
        }
        Format::Table if found.fault.is_none() => {
            let erased = match found.erased {
                0 => String::new(),
                count => format!(", but for {count} texts about persons who were erased"),
            };
            out.write(&format!(
                "{} records and {} signed checkpoints are as they were recorded{erased}\n",
                found.leaves, found.checkpoints
            ))?;
        }
        Format::Table => {}
    }
    match &found.fault {
        None => Ok(()),
        Some(fault) => Err(Fault::Bad(format!("the trail is not whole: {fault}"))),
    }
}

impl Tabular for Record {
    const COLUMNS: &'static [&'static str] = &[
        "index",
        "at",
        "user",
        "operation",
        "object",
        "outcome",
        "details",
        "terminal",
        "kind",
        "old",
        "new",
    ];
    const BRIEF: usize = 8;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.index.into(),
            self.at.into(),
            Cell::from(&self.user),
            Cell::from(&self.operation),
            Cell::from(&self.object),
            Cell::from(&self.outcome),
            Cell::from(&self.details),
            self.terminal.clone().into(),
            Cell::from(&self.kind),
            self.old.clone().into(),
            self.new.clone().into(),
        ]
    }
}
