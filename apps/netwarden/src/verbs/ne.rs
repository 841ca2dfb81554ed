//! `netwarden ne …`: network elements.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Subcommand};
use netwarden_api::network::{
    Discover, Element, ElementChange, Maintenance, NewElement, PreflightWish, Schedule, ScheduleChange,
};
use netwarden_model::element::{Method, Scan};
use serde::Deserialize;
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, everything, list, show};
use super::session::{Printer, Session};
use super::when::Sense;
use super::{element, import, job, topology};
use crate::output::{Cell, Format, Rows};

/// Verbs of network elements.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists network elements.
    List(ListArguments),
    /// Shows one element.
    Show(Named),
    /// Adds an element; its credentials are found by trying the sets in order.
    Add(AddArguments),
    /// Changes an element: enforcement, VLANs, how it is polled, where it belongs.
    Set(SetArguments),
    /// Takes an element out; ports that we hold are released first.
    Remove(RemoveArguments),
    /// Reads an element now.
    Poll(Named),
    /// Asks every address of a subnet with the credentials in order; Ctrl-C ends the search.
    Discover(DiscoverArguments),
    /// Lists what LLDP and CDP show next to our elements and is no element yet.
    Neighbours,
    /// Lists what joins elements, by LLDP, CDP and forwarding tables.
    Topology,
    /// Shows an element's VLANs, its neighbours and how its polls go.
    Detail(Named),
    /// Tells of each port of an element whether enforcement would work there, what it would change, and whether
    /// it would cut our own path. The present PVID of one port is set to itself.
    Preflight(PreflightArguments),
    /// Takes elements from a CSV file with a head line: address, name, port, credential, class, groups, region,
    /// device_sets, quarantine_vlan, voice_vlan; several groups or sets by commas, in quotation marks.
    Import(ImportArguments),
}

/// A preflight.
#[derive(Debug, Args)]
pub struct PreflightArguments {
    /// Name or id.
    ne: String,
    /// The VLAN that ports would be moved to; the element's quarantine VLAN where missing.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,
    /// Do not wait: print the job's id.
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Filters of the list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Found in name, address, description or location.
    text: Option<String>,
    /// unknown, reachable or unreachable.
    #[arg(long)]
    status: Option<String>,
    /// Device class.
    #[arg(long)]
    class: Option<String>,
    /// Region.
    #[arg(long)]
    region: Option<String>,
    /// Group.
    #[arg(long)]
    group: Option<String>,
    /// Device set.
    #[arg(long)]
    device_set: Option<String>,
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
    /// Device class; switch where missing.
    #[arg(long)]
    class: Option<String>,
    /// Its groups, by commas.
    #[arg(long, value_name = "NAME,...", default_value = "")]
    groups: String,
    /// Region in which it stands.
    #[arg(long)]
    region: Option<String>,
    /// Device sets that it belongs to, by commas.
    #[arg(long, value_name = "NAME,...", default_value = "")]
    device_sets: String,
    /// VLAN into which its ports are quarantined.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    quarantine_vlan: Option<u16>,
    /// VLAN of telephones.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    voice_vlan: Option<u16>,
    /// Allow less than SNMPv3 authPriv (v1, v2c, v3 without authentication or privacy): an exception that is
    /// recorded.
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
    .args(["name", "address", "class", "groups", "region", "device_sets", "enforcement", "credential",
        "quarantine_vlan", "voice_vlan", "allow_v2c", "forwarding_interval", "interval", "timeout", "retries",
        "scan", "maintenance", "end_maintenance"])))]
pub struct SetArguments {
    /// Name or id.
    ne: String,
    /// Its new name.
    #[arg(long)]
    name: Option<String>,
    /// HOST[:PORT] of its SNMP agent.
    #[arg(long)]
    address: Option<String>,
    /// Device class, for instance switch, router, host.
    #[arg(long)]
    class: Option<String>,
    /// Its groups, by commas; an empty text for none.
    #[arg(long, value_name = "NAME,...")]
    groups: Option<String>,
    /// Region in which it stands; an empty text for none.
    #[arg(long)]
    region: Option<String>,
    /// Device sets that it belongs to, by commas; an empty text for none.
    #[arg(long, value_name = "NAME,...")]
    device_sets: Option<String>,
    /// Seconds between two polls of a method (inventory, forwarding, addresses); can be given several times.
    #[arg(long, value_name = "METHOD=SECONDS", value_parser = of_method)]
    interval: Vec<(String, u64)>,
    /// Milliseconds until a request of a method counts as lost; can be given several times.
    #[arg(long, value_name = "METHOD=MS", value_parser = of_method)]
    timeout: Vec<(String, u64)>,
    /// Retransmissions after the first loss, by method; can be given several times.
    #[arg(long, value_name = "METHOD=COUNT", value_parser = of_method)]
    retries: Vec<(String, u64)>,
    /// Switch a scan (vlans, neighbours, forwarding, sessions, arp) on or off; can be given several times.
    #[arg(long, value_name = "SCAN=on|off", value_parser = of_scan)]
    scan: Vec<(String, bool)>,
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
    /// Allow less than SNMPv3 authPriv (v1, v2c, v3 without authentication or privacy): an exception that is
    /// recorded.
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
    /// Try credentials of less than SNMPv3 authPriv too.
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
            let filters = Filters::default()
                .with("text", arguments.text)
                .with("status", arguments.status)
                .with("class", arguments.class)
                .with("region", arguments.region)
                .with("groups", arguments.group)
                .with("device_sets", arguments.device_set);
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
                class: arguments.class,
                groups: words(&arguments.groups),
                region: arguments.region,
                device_sets: words(&arguments.device_sets),
                quarantine_vlan: arguments.quarantine_vlan,
                voice_vlan: arguments.voice_vlan,
                allow_v2c: arguments.allow_v2c,
                unanswered: arguments.unanswered,
                reason: arguments.reason,
            };
            show::<Element>(&session.out, session.client.post("/elements", &body).await?)
        }
        Verb::Set(arguments) => set(session, arguments).await,
        Verb::Remove(RemoveArguments { ne, reason }) => {
            let path = path(session, &ne, "").await?;
            let query = [("reason", reason.get()?)];
            let request = session.client.request(netwarden_api::client::Method::DELETE, &path).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        Verb::Poll(Named { ne }) => {
            let path = path(session, &ne, "/poll").await?;
            answer(&session.out, &session.client.post::<_, Value>(&path, &serde_json::json!({})).await?)
        }
        Verb::Discover(arguments) => discover(session, arguments).await,
        Verb::Neighbours => {
            let started: job::Started =
                session.client.post("/elements/discover", &Discover::default()).await?;
            job::finish(session, &started, false, found).await
        }
        Verb::Topology => topology::run(session).await,
        Verb::Detail(Named { ne }) => element::detail(session, &path(session, &ne, "/detail").await?).await,
        Verb::Preflight(PreflightArguments { ne, vlan, detach, reason }) => {
            let wish = PreflightWish { vlan, reason: reason.get()? };
            element::preflight(session, &path(session, &ne, "/preflight").await?, &wish, detach).await
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
    let mut schedules: BTreeMap<String, ScheduleChange> = BTreeMap::new();
    for (method, seconds) in arguments.interval {
        schedules.entry(method).or_default().interval_s = Some(seconds);
    }
    for (method, ms) in arguments.timeout {
        schedules.entry(method).or_default().timeout_ms = Some(ms);
    }
    for (method, count) in arguments.retries {
        schedules.entry(method).or_default().retries = Some(u8::try_from(count).unwrap_or(u8::MAX));
    }
    let body = ElementChange {
        reason: arguments.reason.get()?,
        name: arguments.name,
        address: arguments.address,
        class: arguments.class,
        groups: arguments.groups.as_deref().map(words),
        region: arguments.region,
        device_sets: arguments.device_sets.as_deref().map(words),
        schedules,
        scans: arguments.scan.into_iter().collect(),
        enforcement: arguments.enforcement,
        quarantine_vlan: arguments.quarantine_vlan,
        voice_vlan: arguments.voice_vlan,
        allow_v2c: arguments.allow_v2c,
        forwarding_interval_s: arguments.forwarding_interval,
        credential: arguments.credential,
        maintenance,
        end_maintenance: arguments.end_maintenance,
    };
    show::<Element>(&session.out, session.client.patch(&path, &body).await?)
}

/// Words by commas.
fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn of_method(text: &str) -> Result<(String, u64), String> {
    let wrong = || format!("'{text}' is no METHOD=NUMBER (inventory, forwarding, addresses)");
    let (method, number) = text.split_once('=').ok_or_else(wrong)?;
    let known = Method::from_word(method).ok_or_else(wrong)?;
    Ok((known.as_str().to_owned(), number.parse().map_err(|_| wrong())?))
}

fn of_scan(text: &str) -> Result<(String, bool), String> {
    let wrong = || format!("'{text}' is no SCAN=on|off (vlans, neighbours, forwarding, sessions, arp)");
    let (scan, state) = text.split_once('=').ok_or_else(wrong)?;
    let known = Scan::from_word(scan).ok_or_else(wrong)?;
    match state {
        "on" => Ok((known.as_str().to_owned(), true)),
        "off" => Ok((known.as_str().to_owned(), false)),
        _ => Err(wrong()),
    }
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
    job::finish(session, &started, arguments.detach, found).await
}

/// The id of an element that was named by id, name or address.
pub async fn resolve(session: &Session, named: &str) -> Result<i64, Fault> {
    if let Ok(id) = named.parse::<i64>() {
        return Ok(id);
    }
    let found: Vec<Element> = everything(session, "/elements", &[("text", named.to_owned())]).await?;
    let is_it = |element: &&Element| {
        element.name == named
            || element.address == named
            || element.address.strip_suffix(":161") == Some(named)
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
        "id",
        "name",
        "address",
        "status",
        "enforcement",
        "quarantine vlan",
        "voice vlan",
        "credential",
        "last poll",
        "location",
        "class",
        "groups",
        "maintenance until",
        "region",
        "device sets",
        "polls",
        "scans off",
        "v2c allowed",
        "description",
        "read in part",
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
            self.region.clone().into(),
            (!self.device_sets.is_empty()).then(|| self.device_sets.join(", ")).into(),
            polls(&self.schedules).into(),
            (!self.scans_off.is_empty()).then(|| self.scans_off.join(", ")).into(),
            self.allow_v2c.into(),
            self.descr.clone().into(),
            missing(&self.incomplete).into(),
        ]
    }
}

/// What the last polls did not give, in words.
fn missing(incomplete: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let word = |(scan, reasons): (&String, &Vec<String>)| format!("{scan} ({})", reasons.join("; "));
    (!incomplete.is_empty()).then(|| incomplete.iter().map(word).collect::<Vec<_>>().join(", "))
}

/// How methods are polled, in words.
fn polls(schedules: &BTreeMap<String, Schedule>) -> Option<String> {
    let word = |(method, schedule): (&String, &Schedule)| {
        let Schedule { interval_s, timeout_ms, retries } = schedule;
        format!("{method} every {interval_s} s ({timeout_ms} ms, {retries} retries)")
    };
    let words: Vec<String> = schedules.iter().map(word).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Prints what a search found: what may be added, and what was.
fn found(out: &Printer, result: &Value) -> Result<(), Fault> {
    let items = result.get("found").and_then(Value::as_array);
    let Some(items) = items.filter(|_| out.format != Format::Json) else {
        return answer(out, result);
    };
    let mut rows = Rows::new(&["address", "name", "found by", "credential", "added", "description"]);
    for item in items {
        let candidate: Candidate =
            serde_json::from_value(item.clone()).context("the search found something unknown")?;
        rows.push_cells(candidate.cells());
    }
    out.rows(&rows)?;
    out.note(&format!("{} found", items.len()));
    Ok(())
}

/// What may be an element.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Candidate {
    found_by: Option<String>,
    address: Option<String>,
    addresses: Vec<String>,
    name: Option<String>,
    credential: Option<String>,
    descr: Option<String>,
    added: Option<i64>,
    not_added: Option<String>,
}

impl Candidate {
    fn cells(self) -> [Cell; 6] {
        let addresses = if self.addresses.is_empty() { self.address } else { Some(self.addresses.join(" ")) };
        let added = match (self.added, self.not_added) {
            (Some(id), _) => Some(format!("as {id}")),
            (None, Some(reason)) => Some(format!("no: {reason}")),
            (None, None) => None,
        };
        [
            addresses.into(),
            self.name.into(),
            self.found_by.into(),
            self.credential.into(),
            added.into(),
            self.descr.into(),
        ]
    }
}
