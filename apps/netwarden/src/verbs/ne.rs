//! `netwarden ne …`: network elements.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Subcommand};
use netwarden_api::client::Method;
use netwarden_api::network::{Discover, Element, ElementChange, Maintenance, NewElement};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, everything, list, show};
use super::session::Session;
use super::when::Sense;
use super::{import, job};
use crate::output::Cell;

/// Verbs of network elements.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists network elements.
    List(ListArguments),
    /// Shows one element.
    Show(Named),
    /// Adds an element; its credentials are found by trying the sets in order.
    Add(AddArguments),
    /// Changes an element: enforcement, VLANs, intervals.
    Set(SetArguments),
    /// Takes an element out; ports that we hold are released first.
    Remove(RemoveArguments),
    /// Reads an element now.
    Poll(Named),
    /// Asks every address of a subnet with the credentials in order.
    Discover(DiscoverArguments),
    /// Lists what LLDP and CDP show next to our elements and is no element yet.
    Neighbours(NeighboursArguments),
    /// Takes elements from a CSV file with a head line: address, name, port, credential, class, groups,
    /// quarantine_vlan, voice_vlan.
    Import(ImportArguments),
}

/// Filters of the list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Found in name, address, description or location.
    text: Option<String>,
    /// unknown, reachable or unreachable.
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// One element.
#[derive(Debug, Args)]
pub struct Named {
    /// Name or id.
    ne: String,
}

/// A new element.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// HOST[:PORT] of its SNMP agent.
    address: String,
    /// Its name; sysName where missing.
    #[arg(long)]
    name: Option<String>,
    /// Name of its credentials; the sets are tried in order where missing.
    #[arg(long)]
    credential: Option<String>,
    /// VLAN into which its ports are quarantined.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    quarantine_vlan: Option<u16>,
    /// VLAN of telephones.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    voice_vlan: Option<u16>,
    /// Allow SNMPv2c: an exception that is recorded.
    #[arg(long)]
    allow_v2c: bool,
    /// Keep it with the named credentials even if it does not answer now.
    #[arg(long, requires = "credential")]
    unanswered: bool,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// What to change.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["name", "enforcement", "credential", "quarantine_vlan", "voice_vlan", "allow_v2c", "forwarding_interval",
        "maintenance", "end_maintenance"])))]
pub struct SetArguments {
    /// Name or id.
    ne: String,
    /// Its new name.
    #[arg(long)]
    name: Option<String>,
    /// Switch enforcement on or off; off only says what would have been done.
    #[arg(long, value_name = "on|off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    enforcement: Option<bool>,
    /// Name of other credentials.
    #[arg(long)]
    credential: Option<String>,
    /// VLAN into which its ports are quarantined; 0 for none.
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=4094))]
    quarantine_vlan: Option<u16>,
    /// VLAN of telephones; 0 for none.
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=4094))]
    voice_vlan: Option<u16>,
    /// Allow SNMPv2c: an exception that is recorded.
    #[arg(long, value_name = "on|off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    allow_v2c: Option<bool>,
    /// Seconds between polls of the forwarding table.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(5..=86_400))]
    forwarding_interval: Option<u64>,
    /// It is being worked on until then (`2h`: from now on): nothing is enforced meanwhile.
    #[arg(long, value_name = "UNTIL", conflicts_with = "end_maintenance")]
    maintenance: Option<String>,
    /// The work ends now.
    #[arg(long)]
    end_maintenance: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Which, and why.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    /// Name or id.
    ne: String,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Where to look.
#[derive(Debug, Args)]
pub struct DiscoverArguments {
    /// The subnet, as 192.0.2.0/24.
    subnet: String,
    /// UDP port of the agents.
    #[arg(long, default_value_t = 161, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Try credentials of SNMPv1 and v2c too.
    #[arg(long)]
    allow_v2c: bool,
    /// Add what answers.
    #[arg(long)]
    add: bool,
    /// Do not wait: print the job's id.
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Filters of the neighbours.
#[derive(Debug, Args)]
pub struct NeighboursArguments {
    /// Only those next to this element, by name or id.
    #[arg(long)]
    ne: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// What to import.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The CSV file; `-` for standard input.
    file: PathBuf,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List(arguments) => {
            let filters =
                Filters::default().with("text", arguments.text).with("status", arguments.status);
            list::<Element>(session, "/elements", filters, &arguments.paging).await
        }
        Verb::Show(Named { ne }) => {
            let path = path(session, &ne, "").await?;
            show::<Element>(&session.out, session.client.get(&path, &[]).await?)
        }
        Verb::Add(arguments) => {
            let body = NewElement {
                name: arguments.name,
                address: arguments.address,
                credential: arguments.credential,
                quarantine_vlan: arguments.quarantine_vlan,
                voice_vlan: arguments.voice_vlan,
                allow_v2c: arguments.allow_v2c,
                unanswered: arguments.unanswered,
                reason: arguments.reason,
            };
            answer(&session.out, &session.client.post::<_, Value>("/elements", &body).await?)
        }
        Verb::Set(arguments) => set(session, arguments).await,
        Verb::Remove(RemoveArguments { ne, reason }) => {
            let path = path(session, &ne, "").await?;
            let query = [("reason", reason.get()?)];
            let request = session.client.request(Method::DELETE, &path).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        Verb::Poll(Named { ne }) => {
            let path = path(session, &ne, "/poll").await?;
            answer(&session.out, &session.client.post::<_, Value>(&path, &serde_json::json!({})).await?)
        }
        Verb::Discover(arguments) => discover(session, arguments).await,
        Verb::Neighbours(arguments) => {
            let filters =
                Filters::default().with("ne", id_of_filter(session, arguments.ne).await?);
            super::list::list::<Neighbour>(session, "/elements/neighbours", filters, &arguments.paging).await
        }
        Verb::Import(arguments) => {
            let reason = arguments.reason.get()?;
            import::run(session, import::Kind::Elements, &arguments.file, reason).await
        }
    }
}

async fn set(session: &Session, arguments: SetArguments) -> Result<(), Fault> {
    let maintenance = match arguments.maintenance.as_deref() {
        None => None,
        Some(until) => Some(Maintenance {
            from: session.out.time("now", Sense::Future)?,
            until: session.out.time(until, Sense::Future)?,
        }),
    };
    let path = path(session, &arguments.ne, "").await?;
    let body = ElementChange {
        reason: arguments.reason.get()?,
        name: arguments.name,
        enforcement: arguments.enforcement,
        quarantine_vlan: arguments.quarantine_vlan,
        voice_vlan: arguments.voice_vlan,
        allow_v2c: arguments.allow_v2c,
        forwarding_interval_s: arguments.forwarding_interval,
        credential: arguments.credential,
        maintenance,
        end_maintenance: arguments.end_maintenance,
    };
    let (_, tag): (Value, _) = session.client.request(Method::GET, &path).send_tagged().await?;
    let mut request = session.client.request(Method::PATCH, &path).json(&body);
    if let Some(tag) = tag {
        request = request.if_match(&tag);
    }
    answer(&session.out, &request.send::<Value>().await?)
}

async fn discover(session: &Session, arguments: DiscoverArguments) -> Result<(), Fault> {
    let reason = if arguments.add { arguments.reason.get()? } else { String::new() };
    let body = Discover {
        subnet: arguments.subnet,
        port: Some(arguments.port),
        allow_v2c: arguments.allow_v2c,
        add: arguments.add,
        reason,
    };
    let started: job::Started = session.client.post("/elements/discover", &body).await?;
    job::finish(session, &started, arguments.detach, answer).await
}

/// The id of an element that was named by id, name or address.
pub async fn resolve(session: &Session, named: &str) -> Result<i64, Fault> {
    if let Ok(id) = named.parse::<i64>() {
        return Ok(id);
    }
    let found: Vec<Element> = everything(session, "/elements", &[("text", named.to_owned())]).await?;
    let is_it = |element: &&Element| {
        element.name == named || element.address == named || element.address.strip_suffix(":161") == Some(named)
    };
    match found.iter().find(is_it) {
        Some(element) => Ok(element.id),
        None => Err(Fault::NotFound { what: "network element", name: named.to_owned() }),
    }
}

/// As [`resolve`], for filters that may be absent.
pub async fn id_of_filter(session: &Session, named: Option<String>) -> Result<Option<i64>, Fault> {
    match named {
        None => Ok(None),
        Some(named) => resolve(session, &named).await.map(Some),
    }
}

async fn path(session: &Session, named: &str, below: &str) -> Result<String, Fault> {
    Ok(format!("/elements/{}{below}", resolve(session, named).await?))
}

impl Tabular for Element {
    const COLUMNS: &'static [&'static str] = &[
        "id", "name", "address", "status", "enforcement", "quarantine vlan", "voice vlan", "credential", "last poll",
        "location", "class", "groups", "maintenance until", "interval s", "v2c allowed", "description",
    ];
    const BRIEF: usize = 10;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.name),
            Cell::from(&self.address),
            Cell::from(&self.status),
            self.enforcement.into(),
            self.quarantine_vlan.into(),
            self.voice_vlan.into(),
            self.credential.clone().into(),
            self.last_poll.into(),
            self.location.clone().into(),
            Cell::from(&self.class),
            (!self.groups.is_empty()).then(|| self.groups.join(", ")).into(),
            self.maintenance.as_ref().map(|window| window.until).into(),
            self.forwarding_interval_s.into(),
            self.allow_v2c.into(),
            self.descr.clone().into(),
        ]
    }
}

/// What stands next to an element and is none of ours yet.
#[derive(Debug, serde::Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Neighbour {
    ne: Option<String>,
    port: Option<String>,
    protocol: Option<String>,
    name: Option<String>,
    remote_port: Option<String>,
    addresses: Vec<String>,
    platform: Option<String>,
}

impl Tabular for Neighbour {
    const COLUMNS: &'static [&'static str] =
        &["ne", "port", "by", "neighbour", "its port", "addresses", "platform"];
    const BRIEF: usize = 7;

    fn cells(&self) -> Vec<Cell> {
        let addresses = (!self.addresses.is_empty()).then(|| self.addresses.join(" "));
        vec![
            self.ne.clone().into(),
            self.port.clone().into(),
            self.protocol.clone().into(),
            self.name.clone().into(),
            self.remote_port.clone().into(),
            addresses.into(),
            self.platform.clone().into(),
        ]
    }
}
