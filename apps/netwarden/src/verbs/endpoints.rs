//! `netwarden endpoints …`: the reference list, where endpoints are and were, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use netwarden_api::ClientError;
use netwarden_api::client::{Method, segment};
use netwarden_api::endpoint::{
    Authorise, BoundTo, Endpoint, EndpointChange, Group, GroupChange, Move, NewGroup, Posture, Reason,
    Setting, Sighting, Why,
};
use netwarden_model::Mac;
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{self, Filters, Paging, Part, Tabular, answer, list, requested, show};
use super::session::Session;
use super::when::Sense;
use super::{TimeSpan, import, ne, why};
use crate::output::Cell;

/// Verbs of endpoints.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists endpoints.
    List(ListArguments),
    /// Shows everything that is known of one endpoint.
    Show(Named),
    /// Says why an endpoint has the access that it has: effect, request, rule, event, sighting.
    Why(Named),
    /// Says where an endpoint was, and when.
    History(HistoryArguments),
    /// Lets an endpoint connect.
    Authorise(AuthoriseArguments),
    /// Refuses an endpoint.
    Block(Judged),
    /// Moves the port on which an endpoint is into another VLAN.
    Move(MoveArguments),
    /// Changes what is noted of an endpoint; an empty text clears.
    Set(SetArguments),
    /// Takes an endpoint off the reference list: it is judged anew.
    Forget(Judged),
    /// Tells what was found of an endpoint: its fingerprint and its security configuration.
    Report(ReportArguments),
    /// Lists the groups of endpoints.
    Groups(Paging),
    /// Makes a group, or changes the one of this name.
    Group(GroupArguments),
    /// Removes a group that nobody is in any longer.
    RemoveGroup {
        /// Its name.
        name: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Takes endpoints from a CSV file with a head line: mac, status, valid_until, owner, note, group,
    /// ne, port, custom1, custom2.
    Import(ImportArguments),
}

/// Filters of the list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Found in MAC, IP, names, vendor, owner or note.
    text: Option<String>,
    /// new, authorised or unauthorised.
    #[arg(long)]
    status: Option<String>,
    /// Group's name.
    #[arg(long)]
    group: Option<String>,
    /// Network element, by name or id.
    #[arg(long)]
    ne: Option<String>,
    /// VLAN id.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,
    /// Only those that are seen at present.
    #[arg(long, conflicts_with = "offline")]
    online: bool,
    /// Only those that are not seen at present.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    paging: Paging,
}

/// One endpoint.
#[derive(Debug, Args)]
pub struct Named {
    /// MAC address, in every spelling.
    mac: Mac,
}

/// One endpoint and a reason.
#[derive(Debug, Args)]
pub struct Judged {
    /// MAC address, in every spelling.
    mac: Mac,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Whose history.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// MAC address in every spelling, IP address, or name.
    who: String,
    /// It is the name of a user, as 802.1X sessions give it.
    #[arg(long)]
    user: bool,
    #[command(flatten)]
    span: TimeSpan,
    #[command(flatten)]
    part: Part,
}

/// What was found of an endpoint.
#[derive(Debug, Args)]
#[group(id = "told", required = true, multiple = true, args = ["fingerprint", "found", "expected", "clear"])]
pub struct ReportArguments {
    /// MAC address, in every spelling.
    mac: Mac,
    /// Fingerprint; another one than the known raises fingerprint_changed.
    #[arg(long, value_name = "TEXT")]
    fingerprint: Option<String>,
    /// A property of its configuration as it is, such as firewall=off. All of them together replace what was
    /// reported before.
    #[arg(long, value_name = "PROPERTY=VALUE", value_parser = pair)]
    found: Vec<(String, String)>,
    /// What such a property should be, such as firewall=on.
    #[arg(long, value_name = "PROPERTY=VALUE", value_parser = pair)]
    expected: Vec<(String, String)>,
    /// Takes back the configuration that was reported.
    #[arg(long, conflicts_with_all = ["found", "expected"])]
    clear: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What an authorisation says.
#[derive(Debug, Args)]
pub struct AuthoriseArguments {
    /// MAC address, in every spelling.
    mac: Mac,
    /// Until then (a date counts to its end; `30d` from now on); for ever where missing.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Who answers for it.
    #[arg(long)]
    owner: Option<String>,
    /// A note.
    #[arg(long)]
    note: Option<String>,
    /// Put it into this group.
    #[arg(long)]
    group: Option<String>,
    /// Leave its port as it is, even where we had quarantined it.
    #[arg(long)]
    keep_port: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Where to.
#[derive(Debug, Args)]
pub struct MoveArguments {
    /// MAC address, in every spelling.
    mac: Mac,
    /// The VLAN; the element's quarantine VLAN where missing.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,
    /// Take the link down and up, so that the client renews its lease.
    #[arg(long)]
    bounce: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What to change.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["owner", "note", "group", "bind", "unbind", "custom1", "custom2", "offline_after"])))]
pub struct SetArguments {
    /// MAC address, in every spelling.
    mac: Mac,
    /// Who answers for it.
    #[arg(long)]
    owner: Option<String>,
    /// A note.
    #[arg(long)]
    note: Option<String>,
    /// Its group.
    #[arg(long)]
    group: Option<String>,
    /// The port where it belongs; seen elsewhere it is a masquerade.
    #[arg(long, num_args = 2, value_names = ["NE", "PORT"], conflicts_with = "unbind")]
    bind: Option<Vec<String>>,
    /// It belongs to no port any longer.
    #[arg(long)]
    unbind: bool,
    /// First column of your own.
    #[arg(long)]
    custom1: Option<String>,
    /// Second column of your own.
    #[arg(long)]
    custom2: Option<String>,
    /// Seconds without sight until it is offline; 0 for the system's own setting.
    #[arg(long, value_name = "SECONDS")]
    offline_after: Option<u64>,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// A group.
#[derive(Debug, Args)]
pub struct GroupArguments {
    /// Its name.
    name: String,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// Seconds without sight until its members are offline; 0 for the system's own setting.
    #[arg(long, value_name = "SECONDS")]
    offline_after: Option<u64>,
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
            let online = match (arguments.online, arguments.offline) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            };
            let filters = Filters::default()
                .with("text", arguments.text)
                .with("status", arguments.status)
                .with("group", arguments.group)
                .with("ne", ne::id_of_filter(session, arguments.ne).await?)
                .with("vlan", arguments.vlan)
                .with("online", online);
            list::<Endpoint>(session, "/endpoints", filters, &arguments.paging).await
        }
        Verb::Show(Named { mac }) => {
            show::<Endpoint>(&session.out, session.client.get(&path(mac, ""), &[]).await?)
        }
        Verb::Why(Named { mac }) => {
            let chain: Why = session.client.get(&path(mac, "/why"), &[]).await?;
            why::print(&session.out, &format!("Endpoint {mac}"), &chain)
        }
        Verb::History(arguments) => {
            let span = arguments.span.filters(&session.out)?;
            let who = arguments.who.trim();
            if let Ok(mac) = who.parse::<Mac>() {
                return list::part::<Sighting>(session, &path(mac, "/history"), span, &arguments.part).await;
            }
            let by = match who.parse::<std::net::IpAddr>() {
                _ if arguments.user => "user",
                Ok(_) => "ip",
                Err(_) => "name",
            };
            let filters = span.with(by, Some(who));
            list::part::<Sighting>(session, "/history", filters, &arguments.part).await
        }
        Verb::Authorise(arguments) => authorise(session, arguments).await,
        Verb::Block(Judged { mac, reason }) => {
            let body = Reason { reason: reason.get()? };
            requested(&session.out, &session.client.post::<_, Value>(&path(mac, "/block"), &body).await?)
        }
        Verb::Move(arguments) => {
            let body =
                Move { reason: arguments.reason.get()?, vlan: arguments.vlan, bounce: arguments.bounce };
            requested(
                &session.out,
                &session.client.post::<_, Value>(&path(arguments.mac, "/move"), &body).await?,
            )
        }
        Verb::Set(arguments) => set(session, arguments).await,
        Verb::Forget(Judged { mac, reason }) => {
            let query = [("reason", reason.get()?)];
            let request = session.client.request(Method::DELETE, &path(mac, "")).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        Verb::Report(arguments) => report(session, arguments).await,
        Verb::Group(arguments) => group(session, arguments).await,
        Verb::RemoveGroup { name, reason } => {
            let query = [("reason", reason.get()?)];
            let path = format!("/groups/{}", segment(&name));
            let request = session.client.request(Method::DELETE, &path).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        Verb::Groups(paging) => list::<Group>(session, "/groups", Filters::default(), &paging).await,
        Verb::Import(arguments) => {
            let reason = arguments.reason.get()?;
            import::run(session, import::Kind::Endpoints, &arguments.file, reason).await
        }
    }
}

async fn authorise(session: &Session, arguments: AuthoriseArguments) -> Result<(), Fault> {
    let until = arguments.until.as_deref().map(|text| session.out.time(text, Sense::Future)).transpose()?;
    let body = Authorise {
        reason: arguments.reason.get()?,
        until,
        owner: arguments.owner,
        note: arguments.note,
        group: arguments.group,
        release: Some(!arguments.keep_port),
    };
    requested(
        &session.out,
        &session.client.post::<_, Value>(&path(arguments.mac, "/authorise"), &body).await?,
    )
}

async fn report(session: &Session, arguments: ReportArguments) -> Result<(), Fault> {
    let ReportArguments { mac, fingerprint, found, expected, clear, reason } = arguments;
    let mut configuration: BTreeMap<String, Setting> = BTreeMap::new();
    for (property, found) in found {
        configuration.insert(property, Setting { found, expected: None });
    }
    for (property, wanted) in expected {
        let setting = configuration.get_mut(&property).ok_or_else(|| {
            Fault::Usage(format!("--expected {property}: there is no --found {property} beside it"))
        })?;
        setting.expected = Some(wanted);
    }
    let body = Posture {
        fingerprint,
        configuration: (clear || !configuration.is_empty()).then_some(configuration),
        reason: reason.get()?,
    };
    show::<Endpoint>(&session.out, session.client.put(&path(mac, "/posture"), &body).await?)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (property, value) = text.split_once('=').ok_or("it is PROPERTY=VALUE, such as firewall=on")?;
    Ok((property.to_owned(), value.to_owned()))
}

async fn group(session: &Session, arguments: GroupArguments) -> Result<(), Fault> {
    let reason = arguments.reason.get()?;
    let path = format!("/groups/{}", segment(&arguments.name));
    let present = session.client.request(Method::GET, &path).send_tagged::<Value>().await;
    let sent = match present {
        Ok((_, tag)) => {
            let body = GroupChange {
                reason,
                description: arguments.description,
                offline_after_s: arguments.offline_after,
            };
            let request = session.client.request(Method::PATCH, &path).json(&body);
            tag.iter().fold(request, |request, tag| request.if_match(tag)).send::<Value>().await?
        }
        Err(ClientError::Problem(problem)) if problem.status == 404 => {
            let body = NewGroup {
                reason,
                name: arguments.name,
                description: arguments.description.unwrap_or_default(),
                offline_after_s: arguments.offline_after.filter(|silence| *silence > 0),
            };
            session.client.post("/groups", &body).await?
        }
        Err(error) => return Err(error.into()),
    };
    show::<Group>(&session.out, sent)
}

async fn set(session: &Session, arguments: SetArguments) -> Result<(), Fault> {
    let bound_to = match arguments.bind.as_deref() {
        Some([element, port]) => {
            Some(BoundTo { ne_id: ne::resolve(session, element).await?, port: port.clone() })
        }
        _ => None,
    };
    let body = EndpointChange {
        reason: arguments.reason.get()?,
        owner: arguments.owner,
        note: arguments.note,
        group: arguments.group,
        bound_to,
        unbind: arguments.unbind,
        custom1: arguments.custom1,
        custom2: arguments.custom2,
        offline_after_s: arguments.offline_after,
    };
    show::<Endpoint>(&session.out, session.client.patch(&path(arguments.mac, ""), &body).await?)
}

fn path(mac: Mac, below: &str) -> String {
    format!("/endpoints/{}{below}", segment(&mac.to_string()))
}

impl Tabular for Endpoint {
    const COLUMNS: &'static [&'static str] = &[
        "mac",
        "status",
        "online",
        "ne",
        "port",
        "vlan",
        "ips",
        "name",
        "vendor",
        "group",
        "owner",
        "last seen",
        "first seen",
        "valid until",
        "bound to",
        "note",
        "compliance",
        "randomised",
        "dns name",
        "host name",
        "user",
        "fingerprint",
        "configuration",
        "ne id",
        "port alias",
        "if index",
        "custom1",
        "custom2",
    ];
    const BRIEF: usize = 12;

    fn cells(&self) -> Vec<Cell> {
        let ips = (!self.ips.is_empty()).then(|| self.ips.join(" "));
        vec![
            Cell::from(&self.mac),
            Cell::from(&self.status),
            self.online.into(),
            self.ne.clone().into(),
            self.port.clone().into(),
            self.vlan.into(),
            ips.into(),
            self.dns_name.clone().or_else(|| self.host_name.clone()).into(),
            self.vendor.clone().into(),
            self.group.clone().into(),
            self.owner.clone().into(),
            self.last_seen.into(),
            self.first_seen.into(),
            self.valid_until.into(),
            self.bound_to.clone().into(),
            self.note.clone().into(),
            Cell::from(&self.compliance),
            self.mac_randomised.into(),
            self.dns_name.clone().into(),
            self.host_name.clone().into(),
            self.user.clone().into(),
            self.fingerprint.clone().into(),
            configuration(&self.configuration).into(),
            self.ne_id.into(),
            self.port_alias.clone().into(),
            self.if_index.into(),
            self.custom1.clone().into(),
            self.custom2.clone().into(),
        ]
    }
}

/// `firewall=off (should be on), os=Debian 13`; None where nothing was reported.
fn configuration(all: &BTreeMap<String, Setting>) -> Option<String> {
    let shown = |(name, setting): (&String, &Setting)| match &setting.expected {
        Some(expected) if setting.differs() => {
            format!("{name}={} (should be {expected})", setting.found)
        }
        _ => format!("{name}={}", setting.found),
    };
    (!all.is_empty()).then(|| all.iter().map(shown).collect::<Vec<_>>().join(", "))
}

impl Tabular for Group {
    const COLUMNS: &'static [&'static str] = &["name", "description", "endpoints", "offline after s"];
    const BRIEF: usize = 4;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            Cell::from(&self.description),
            self.endpoints.into(),
            self.offline_after_s.into(),
        ]
    }
}

impl Tabular for Sighting {
    const COLUMNS: &'static [&'static str] =
        &["from", "until", "last seen", "mac", "ne", "port", "vlan", "user", "ne id"];
    const BRIEF: usize = 8;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.from.into(),
            self.until.into(),
            self.last_seen.into(),
            Cell::from(&self.mac),
            Cell::from(&self.ne),
            Cell::from(&self.port),
            self.vlan.into(),
            self.user.clone().into(),
            self.ne_id.into(),
        ]
    }
}
