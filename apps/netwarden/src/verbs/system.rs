//! `netwarden system …`: the state of the whole, parameters, stop, baseline, backup.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use netwarden_api::client::segment;
use netwarden_api::endpoint::Reason;
use netwarden_api::network::{Baseline, BaselineResult};
use netwarden_api::system::{Backup, Parameter, ParameterChange, Status};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Tabular, answer, show, whole};
use super::ne;
use super::session::Session;
use crate::output::{Cell, Format, Rows};

/// Verbs of the system.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Shows the state of the whole, and what needs attention.
    Status,
    /// Lists the system parameters with their values.
    Parameters {
        /// Only this one.
        name: Option<String>,
    },
    /// Sets a system parameter; it counts at once.
    Set {
        /// The parameter's name.
        name: String,
        /// Its new value.
        #[arg(allow_hyphen_values = true)]
        value: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Stops all enforcement at once; releases still work.
    Stop(ReasonArgument),
    /// Lets enforcement go on.
    Resume(ReasonArgument),
    /// Accepts who is present, so that the first rules do not take them for new.
    Baseline(BaselineArguments),
    /// Writes a consistent copy of the database on the server.
    Backup {
        /// File on the server that is to be made; its whole path, with --server.
        file: PathBuf,
    },
}

/// Whom to accept.
#[derive(Debug, Args)]
pub struct BaselineArguments {
    /// Only say who would be accepted.
    #[arg(long)]
    review: bool,
    /// Only who is on this network element, by name or id.
    #[arg(long)]
    ne: Option<String>,
    /// Only who is in this VLAN.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,
    /// Put them into this group.
    #[arg(long)]
    group: Option<String>,
    /// Bind each endpoint to the port on which it is: seen elsewhere it is a masquerade.
    #[arg(long)]
    bind: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::Status => show::<Status>(out, client.get("/system/status", &[]).await?),
        Verb::Parameters { name: None } => {
            whole::<Parameter>(session, "/system/parameters", Filters::default()).await
        }
        Verb::Parameters { name: Some(name) } => {
            let all: Vec<Value> = super::list::everything(session, "/system/parameters", &[]).await?;
            let found = all
                .into_iter()
                .find(|parameter| parameter.get("name").and_then(Value::as_str) == Some(name.as_str()));
            show::<Parameter>(out, found.ok_or(Fault::NotFound { what: "parameter", name })?)
        }
        Verb::Set { name, value, reason } => {
            let path = format!("/system/parameters/{}", segment(&name));
            let body = ParameterChange { reason: reason.get()?, value };
            answer(out, &client.put::<_, Value>(&path, &body).await?)
        }
        Verb::Stop(reason) => {
            let body = Reason { reason: reason.get()? };
            answer(out, &client.post::<_, Value>("/system/stop", &body).await?)
        }
        Verb::Resume(reason) => {
            let body = Reason { reason: reason.get()? };
            answer(out, &client.post::<_, Value>("/system/resume", &body).await?)
        }
        Verb::Baseline(arguments) => baseline(session, arguments).await,
        Verb::Backup { file } => {
            // Through the local socket the server sees the same folders as we do.
            let file =
                std::path::absolute(&file).with_context(|| format!("{} is no path", file.display()))?;
            let body = Backup { to: Some(file.display().to_string()) };
            answer(out, &client.post::<_, Value>("/system/backup", &body).await?)
        }
    }
}

async fn baseline(session: &Session, arguments: BaselineArguments) -> Result<(), Fault> {
    let reason = if arguments.review { String::new() } else { arguments.reason.get()? };
    let body = Baseline {
        reason,
        ne_id: ne::id_of_filter(session, arguments.ne).await?,
        vlan: arguments.vlan,
        group: arguments.group,
        bind: arguments.bind,
        review: arguments.review,
    };
    let result: BaselineResult = session.client.post("/adoption/baseline", &body).await?;
    if session.out.format == Format::Json {
        return session.out.json(&result);
    }
    let mut rows = Rows::new(&["mac"]);
    for mac in &result.endpoints {
        rows.push_cells([Cell::from(mac)]);
    }
    session.out.rows(&rows)?;
    let verb = if result.accepted { "accepted" } else { "would be accepted" };
    session.out.note(&format!("{} endpoints {verb}", result.endpoints.len()));
    Ok(())
}

impl Tabular for Status {
    const COLUMNS: &'static [&'static str] = &[
        "version",
        "started",
        "global stop",
        "elements",
        "elements unreachable",
        "endpoints",
        "endpoints online",
        "endpoints new",
        "endpoints unauthorised",
        "ports enforced",
        "latest event",
        "events not judged yet",
        "polls good",
        "polls failed",
        "audit records",
        "disk full",
    ];
    const BRIEF: usize = 16;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.version),
            self.started_at.into(),
            self.global_stop.into(),
            self.elements.into(),
            self.elements_unreachable.into(),
            self.endpoints.into(),
            self.endpoints_online.into(),
            self.endpoints_new.into(),
            self.endpoints_unauthorised.into(),
            self.ports_enforced.into(),
            self.latest_event.into(),
            self.judging_behind.into(),
            self.polls_good.into(),
            self.polls_failed.into(),
            self.audit_records.into(),
            self.disk_full.into(),
        ]
    }
}

impl Tabular for Parameter {
    const COLUMNS: &'static [&'static str] = &["name", "value", "default", "description"];
    const BRIEF: usize = 4;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            Cell::from(&self.value),
            Cell::from(&self.default),
            Cell::from(&self.description),
        ]
    }
}
