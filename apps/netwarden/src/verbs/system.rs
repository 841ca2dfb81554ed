//! `netwarden system …`: the state of the whole, parameters, stop, baseline, backup.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use netwarden_api::client::{Method, segment};
use netwarden_api::endpoint::Reason;
use netwarden_api::network::{Baseline, BaselineEntry, BaselineResult};
use netwarden_api::system::{
    Backup, Health, NewBackup, OwnCharts, Parameter, ParameterChange, RotateKeys, Series, Statistics, Status,
};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list, show, whole};
use super::session::Session;
use super::when::Sense;
use super::{job, ne};
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
        #[command(flatten)]
        paging: Paging,
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
    /// Asks for the release of every port that we hold.
    ReleaseAll(ReasonArgument),
    /// Accepts who is present, so that the first rules do not take them for new.
    Baseline(BaselineArguments),
    /// Shows how every part of the system is.
    Health,
    /// Shows a series of statistics over time; without a name lists the series.
    Statistics {
        /// The series, for instance endpoints.online.
        series: Option<String>,
        /// From then on; a day ago where missing.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Up to then; now where missing.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Seconds that a row stands for; at most 500 rows are shown.
        #[arg(long, value_name = "SECONDS")]
        step: Option<u64>,
    },
    /// Shows the charts of one's own start page, or chooses others.
    Charts {
        /// Series, in their order, for instance endpoints.online.
        series: Vec<String>,
        /// Go back to the usual ones.
        #[arg(long, conflicts_with = "series")]
        usual: bool,
    },
    /// Makes new keys: root (components and root key) or working (the key that seals secrets).
    RotateKeys {
        /// Which.
        #[arg(value_parser = ["root", "working"])]
        layer: String,
        #[command(flatten)]
        reason: ReasonArgument,
        /// Do not wait: print the job's id.
        #[arg(long)]
        detach: bool,
    },
    /// Writes a consistent copy of the database into the server's folder of backups; the key file is never
    /// in it. Ctrl-C ends it.
    Backup {
        /// Its name: letters, digits, '.', '_', '-'; the time where missing.
        name: Option<String>,
        /// Do not wait: print the job's id.
        #[arg(long)]
        detach: bool,
    },
    /// Lists the backups in the server's folder.
    Backups(Paging),
    /// Takes a backup away from the server.
    FetchBackup {
        /// Its name.
        name: String,
        /// File to be made; standard output where missing.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Removes a backup.
    RemoveBackup {
        /// Its name.
        name: String,
        #[command(flatten)]
        reason: ReasonArgument,
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
    /// Only who is in this group, an empty name for who is in none; can be given several times.
    #[arg(long = "of-group", value_name = "NAME")]
    of_groups: Vec<String>,
    /// Not this MAC address; can be given several times.
    #[arg(long, value_name = "MAC")]
    except: Vec<String>,
    /// Only who had been seen by then, as the time of the review.
    #[arg(long, value_name = "TIME")]
    seen_by: Option<String>,
    /// Put them into this group.
    #[arg(long)]
    group: Option<String>,
    /// Bind each endpoint to the port on which it is: seen elsewhere it is a masquerade. Without --bind and
    /// --no-bind the parameter inventory.bind_on_baseline decides.
    #[arg(long, conflicts_with = "no_bind")]
    bind: bool,
    /// Bind nobody, whatever the parameter says.
    #[arg(long)]
    no_bind: bool,
    /// Leave out locally administered addresses: they change, so accepting them accepts little.
    #[arg(long)]
    without_randomised: bool,
    /// Leave out those whose port is not known.
    #[arg(long)]
    without_unlocated: bool,
    /// Take those that were refused as well.
    #[arg(long)]
    with_unauthorised: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::Status => show::<Status>(out, client.get("/system/status", &[]).await?),
        Verb::Parameters { name: None, paging } => {
            list::<Parameter>(session, "/system/parameters", Filters::default(), &paging).await
        }
        Verb::Parameters { name: Some(name), .. } => {
            let path = format!("/system/parameters/{}", segment(&name));
            show::<Parameter>(out, client.get(&path, &[]).await?)
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
        Verb::ReleaseAll(reason) => {
            let body = Reason { reason: reason.get()? };
            answer(out, &client.post::<_, Value>("/system/release-all", &body).await?)
        }
        Verb::Baseline(arguments) => baseline(session, arguments).await,
        Verb::Health => {
            let health: Health = client.get("/system/health", &[]).await?;
            if out.format == Format::Json {
                return out.json(&health);
            }
            let mut rows = Rows::new(&["part", "state", "text"]);
            for part in &health.parts {
                rows.push_cells([Cell::from(&part.name), Cell::from(&part.state), Cell::from(&part.text)]);
            }
            out.rows(&rows)
        }
        Verb::Statistics { series: None, .. } => {
            whole::<Series>(session, "/statistics", Filters::default()).await
        }
        Verb::Statistics { series: Some(series), from, until, step } => {
            let time = |text: Option<String>, sense| text.map(|text| out.time(&text, sense)).transpose();
            let query: Vec<(&str, String)> = [
                ("from", time(from, Sense::PastFrom)?.map(|at| at.to_string())),
                ("until", time(until, Sense::PastUntil)?.map(|at| at.to_string())),
                ("step_s", step.map(|step| step.to_string())),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
            let found: Statistics = client.get(&format!("/statistics/{}", segment(&series)), &query).await?;
            if out.format == Format::Json {
                return out.json(&found);
            }
            let number = |value: f64| Cell::Number(format!("{value:.1}"));
            let mut rows = Rows::new(&["from", "min", "mean", "max"]);
            for point in &found.points {
                rows.push_cells([point.at.into(), number(point.min), number(point.mean), number(point.max)]);
            }
            out.rows(&rows)?;
            out.note(&format!("{} rows of {} s", rows.len(), found.step_s));
            Ok(())
        }
        Verb::Charts { series, usual } if series.is_empty() && !usual => {
            let own: OwnCharts = client.get("/users/own/charts", &[]).await?;
            if out.format == Format::Json {
                return out.json(&own);
            }
            let mut rows = Rows::new(&["series"]);
            own.charts.iter().for_each(|name| rows.push_cells([Cell::from(name)]));
            out.rows(&rows)
        }
        Verb::Charts { series: charts, .. } => {
            answer(out, &client.put::<_, Value>("/users/own/charts", &OwnCharts { charts }).await?)
        }
        Verb::RotateKeys { layer, reason, detach } => {
            let body = RotateKeys { reason: reason.get()?, layer };
            let started: job::Started = client.post("/system/rotate-keys", &body).await?;
            job::finish(session, &started, detach, answer).await
        }
        Verb::Backup { name, detach } => {
            let started: job::Started = client.post("/system/backups", &NewBackup { name }).await?;
            job::finish(session, &started, detach, answer).await
        }
        Verb::Backups(paging) => {
            list::<Backup>(session, "/system/backups", Filters::default(), &paging).await
        }
        Verb::FetchBackup { name, output } => {
            let request = client.request(Method::GET, &format!("/system/backups/{}", segment(&name)));
            super::save::save(session, request, output.as_deref()).await
        }
        Verb::RemoveBackup { name, reason } => {
            let query = [("reason", reason.get()?)];
            let path = format!("/system/backups/{}", segment(&name));
            let request = client.request(Method::DELETE, &path).query(&query);
            answer(out, &request.send::<Value>().await?)
        }
    }
}

async fn baseline(session: &Session, arguments: BaselineArguments) -> Result<(), Fault> {
    let reason = if arguments.review { String::new() } else { arguments.reason.get()? };
    let seen_by = arguments.seen_by.map(|text| session.out.time(&text, Sense::PastUntil)).transpose()?;
    let body = Baseline {
        reason,
        ne_id: ne::id_of_filter(session, arguments.ne).await?,
        vlan: arguments.vlan,
        group: arguments.group,
        bind: (arguments.bind || arguments.no_bind).then_some(arguments.bind),
        randomised: arguments.without_randomised.then_some(false),
        unlocated: arguments.without_unlocated.then_some(false),
        unauthorised: arguments.with_unauthorised.then_some(true),
        groups: arguments.of_groups,
        except: arguments.except,
        seen_by,
        review: arguments.review,
    };
    let result: BaselineResult = session.client.post("/adoption/baseline", &body).await?;
    if session.out.format == Format::Json {
        return session.out.json(&result);
    }
    let mut rows = Rows::new(BaselineEntry::COLUMNS);
    for entry in &result.entries {
        rows.push_cells(entry.cells());
    }
    session.out.rows(&rows)?;
    let count = result.endpoints.len();
    session.out.note(&match result.accepted {
        true => format!("{count} endpoints accepted"),
        // Who comes between the review and its acceptance has been looked at by nobody.
        false => {
            format!("{count} endpoints would be accepted; to accept none but these: --seen-by {}", result.at)
        }
    });
    Ok(())
}

impl Tabular for BaselineEntry {
    const COLUMNS: &'static [&'static str] = &[
        "group",
        "mac",
        "status",
        "vendor",
        "name",
        "ne",
        "port",
        "on port",
        "vlan",
        "ips",
        "randomised",
        "ne id",
    ];
    const BRIEF: usize = 11;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.group.clone().into(),
            Cell::from(&self.mac),
            Cell::from(&self.status),
            self.vendor.clone().into(),
            self.name.clone().into(),
            self.ne.clone().into(),
            self.port.clone().into(),
            self.port_endpoints.into(),
            self.vlan.into(),
            (!self.ips.is_empty()).then(|| self.ips.join(" ")).into(),
            self.mac_randomised.into(),
            self.ne_id.into(),
        ]
    }
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

impl Tabular for Series {
    const COLUMNS: &'static [&'static str] = &["series", "description"];
    const BRIEF: usize = 2;

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::from(&self.name), Cell::from(&self.description)]
    }
}

impl Tabular for Backup {
    const COLUMNS: &'static [&'static str] = &["name", "octets", "made"];
    const BRIEF: usize = 3;

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::from(&self.name), self.octets.into(), self.made_at.into()]
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
