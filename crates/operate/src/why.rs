//! Why an endpoint's, or a port's, access is what it is: the chain of cause, newest first.
//!
//! read back ← set ← request ← rule or person ← event ← sighting. Each link is a time, a sentence and
//! where to read more; what is not known is left out.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_actions::{Attempt, Chain, DesiredPort, Purpose, RequestState};
use netwarden_audit::{AuditQuery, ListedRecord, Reach};
use netwarden_identity::{AuditReach, Object, ObjectKind, Operation, audit_reach};
use netwarden_inventory::sql::{SightingView, Where, sightings_at};
use netwarden_inventory::{Network, Role};
use netwarden_model::access::Progress;
use netwarden_model::action::Originator;
use netwarden_model::{
    Action, EndpointStatus, Event, EventSeq, Mac, NeId, PortRef, RuleId, RuleRevision, Subject,
};
use netwarden_spine::EventQuery;
use netwarden_store::{Condition, FilterValue, Page};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::lists::{access_words, no_endpoint, wanted};

/// Requests that are told of.
const REQUESTS: u32 = 10;
/// Events that are told of where no request was made.
const EVENTS: u64 = 5;
/// Changes by people that are told of.
const CHANGES: u64 = 5;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The present access, in one sentence.
    pub access: String,
    /// The links, newest first.
    pub chain: Vec<Link>,
}

/// What a link is; in the order of cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// An endpoint was seen on a port.
    Sighting,
    /// Something happened.
    Event,
    /// A rule matched it.
    Rule,
    /// A person wanted it.
    Person,
    /// It was asked for.
    Request,
    /// It was sent to the element.
    Set,
    /// The element's own values were read.
    ReadBack,
}

impl Stage {
    /// The word in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Sighting => "sighting",
            Stage::Event => "event",
            Stage::Rule => "rule",
            Stage::Person => "person",
            Stage::Request => "request",
            Stage::Set => "set",
            Stage::ReadBack => "read_back",
        }
    }
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub stage: Stage,
    /// When.
    pub at: Timestamp,
    /// One sentence.
    pub text: String,
    /// Where to read more.
    pub target: Option<Target>,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An event.
    Event(EventSeq),
    /// A rule's revision.
    Rule(RuleId, RuleRevision),
    /// A record of the trail.
    Record(u64),
    /// Where an endpoint was.
    History(Mac),
}

impl Desk {
    /// Why an endpoint's access is what it is.
    pub async fn why_endpoint(&self, caller: &Caller, mac: Mac) -> Result<Why, OperateError> {
        let place = self.engine.keeper().picture().read().location(mac);
        let object = Object::placed(ObjectKind::Endpoint, place.as_ref().map(|port| port.ne));
        self.permit(caller, Operation::EndpointExplain, &object, Some(mac.to_string())).await?;
        let (read, scope) = (self.store.read(), caller.scope());
        let held = self.held_ports().await?;
        let of_endpoint = held.values().find(|row| row.endpoint == Some(mac));
        let desired = of_endpoint.or_else(|| place.as_ref().and_then(|port| held.get(port)));
        let stopped = netwarden_actions::global_stop(read).await?.is_some();
        let access = {
            let network = self.engine.keeper().picture().read();
            endpoint_access(&network, mac, desired, stopped).ok_or_else(|| no_endpoint(mac))?
        };
        let mut chains = netwarden_actions::why_endpoint(read, mac, &scope, REQUESTS).await?;
        // A release names the port alone: it belongs to the endpoint because of which the port was held.
        if let Some(port) = chains.iter().find_map(|chain| port_of(&chain.request.request.action).cloned()) {
            let first = chains.iter().map(|chain| chain.request.request.at).min();
            let of_port = netwarden_actions::why_port(read, &port, REQUESTS).await?;
            let known: BTreeSet<_> = chains.iter().map(|chain| chain.request.request.id).collect();
            chains.extend(of_port.into_iter().filter(|chain| {
                let request = &chain.request.request;
                let release = matches!(request.action, Action::ReleasePort { .. });
                release && !known.contains(&request.id) && Some(request.at) >= first
            }));
        }
        let mut links = self.links(caller, &chains, Some(mac)).await?;
        links.extend(self.changes_of(caller, mac).await?);
        if chains.is_empty() {
            links.extend(self.latest_of(caller, Subject::Mac(mac), mac).await?);
        }
        Ok(Why { access, chain: ordered(links) })
    }

    /// Why a port is as it is.
    pub async fn why_port(&self, caller: &Caller, port: &PortRef) -> Result<Why, OperateError> {
        self.permit_port(caller, Operation::PortRead, port).await?;
        let read = self.store.read();
        let desired = netwarden_actions::desired_port(read, port).await?;
        let desired = desired.filter(|row| row.standing.progress != Progress::Released);
        let stopped = netwarden_actions::global_stop(read).await?.is_some();
        let access = {
            let network = self.engine.keeper().picture().read();
            port_access(&network, port, desired.as_ref(), stopped).ok_or_else(|| OperateError::NotFound {
                what: "port",
                id: format!("{} of network element {}", port.port, port.ne),
            })?
        };
        let chains = netwarden_actions::why_port(read, port, REQUESTS).await?;
        let links = self.links(caller, &chains, None).await?;
        Ok(Why { access, chain: ordered(links) })
    }

    pub(crate) async fn links(
        &self,
        caller: &Caller,
        chains: &[Chain],
        mac: Option<Mac>,
    ) -> Result<Vec<Link>, OperateError> {
        let mut links = Vec::new();
        let (mut told, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for chain in chains {
            let request = &chain.request.request;
            for attempt in &chain.attempts {
                links.extend(attempt_links(attempt));
            }
            links.push(request_link(chain, &self.name_of(port_of(&request.action))));
            let event = match &request.originator {
                Originator::Rule { rule, revision, name, event } => {
                    links.push(Link {
                        stage: Stage::Rule,
                        at: request.at,
                        text: format!("rule '{name}' (revision {revision}) matched event {event}"),
                        target: Some(Target::Rule(*rule, *revision)),
                    });
                    Some(*event)
                }
                Originator::Person { user, reason } => {
                    links.push(Link {
                        stage: Stage::Person,
                        at: request.at,
                        text: format!("{user} asked for it: {reason}"),
                        target: chain.request.audit.map(|index| Target::Record(index.0)),
                    });
                    None
                }
                Originator::System { reason } => {
                    links.push(Link {
                        stage: Stage::Request,
                        at: request.at,
                        text: format!("the system asked for it: {reason}"),
                        target: None,
                    });
                    None
                }
            };
            // One event may have caused several requests.
            let Some(seq) = event.filter(|seq| told.insert(*seq)) else { continue };
            let Some(event) = self.spine.get(seq).await? else { continue };
            links.push(event_link(&event));
            let whom = mac.or(match &event.subject {
                Subject::Mac(mac) => Some(*mac),
                _ => None,
            });
            if let Some(whom) = whom {
                for sighting in
                    sightings_at(self.store.read(), &caller.scope(), &Where::Mac(whom), event.at).await?
                {
                    if seen.insert(sighting.id) {
                        links.push(sighting_link(&sighting));
                    }
                }
            }
        }
        Ok(links)
    }

    /// The last events about something of which nothing was asked, and where it is.
    async fn latest_of(
        &self,
        caller: &Caller,
        subject: Subject,
        mac: Mac,
    ) -> Result<Vec<Link>, OperateError> {
        let query = EventQuery { subject: Some(subject), ..EventQuery::default() };
        let events = self.spine.list(&query, &caller.scope(), &Page::first(EVENTS)).await?;
        let mut links: Vec<Link> = events.items.iter().map(event_link).collect();
        let now = self.clock.now();
        let sightings = sightings_at(self.store.read(), &caller.scope(), &Where::Mac(mac), now).await?;
        links.extend(sightings.iter().map(sighting_link));
        Ok(links)
    }

    /// What people have said of an endpoint, as far as the caller may read it.
    async fn changes_of(&self, caller: &Caller, mac: Mac) -> Result<Vec<Link>, OperateError> {
        let reach = match audit_reach(&caller.subject) {
            AuditReach::Nothing => return Ok(Vec::new()),
            AuditReach::EndpointsOnly => Reach::endpoints(),
            AuditReach::All => Reach::all(),
        };
        let changes = [
            Operation::EndpointAuthorise,
            Operation::EndpointBlock,
            Operation::EndpointModify,
            Operation::EndpointImport,
            Operation::EndpointDelete,
            Operation::AdoptionAccept,
        ];
        let changes = changes.map(|operation| FilterValue::from(operation.name())).to_vec();
        let query = AuditQuery {
            filters: vec![
                ("object".to_owned(), Condition::Eq(FilterValue::from(mac.to_string()))),
                ("operation".to_owned(), Condition::In(changes)),
                ("outcome".to_owned(), Condition::Eq("success".into())),
            ],
            page: Page::first(CHANGES),
            ..AuditQuery::default()
        };
        let listed = self.trail.list(&reach, query).await?;
        Ok(listed.items.iter().filter_map(change_link).collect())
    }

    fn name_of(&self, port: Option<&PortRef>) -> String {
        let network = self.engine.keeper().picture().read();
        port.map_or_else(String::new, |port| port_words(&network, port))
    }
}

/// Newest first; at one time the effect stands before its cause.
pub(crate) fn ordered(mut links: Vec<Link>) -> Vec<Link> {
    links.sort_by_key(|link| std::cmp::Reverse((link.at, link.stage)));
    links.dedup();
    links
}

pub(crate) fn port_of(action: &Action) -> Option<&PortRef> {
    match action {
        Action::SetPortAccess { port, .. } | Action::ReleasePort { port } => Some(port),
        _ => None,
    }
}

fn ne_name(network: &Network, ne: NeId) -> String {
    network.element(ne).map_or_else(|| format!("NE {ne}"), |element| element.base.element.name.clone())
}

fn port_words(network: &Network, port: &PortRef) -> String {
    format!("{} port {}", ne_name(network, port.ne), port.port)
}

const fn status_word(status: EndpointStatus) -> &'static str {
    match status {
        EndpointStatus::New => "new, not judged by anybody yet",
        EndpointStatus::Authorised => "authorised",
        EndpointStatus::Unauthorised => "refused",
    }
}

/// The present access of an endpoint; None where it is not known at all.
fn endpoint_access(
    network: &Network,
    mac: Mac,
    desired: Option<&DesiredPort>,
    stopped: bool,
) -> Option<String> {
    let endpoint = network.endpoint(mac)?;
    let status = status_word(endpoint.status);
    let place = match network.location(mac) {
        Some(port) => {
            let vlan = endpoint.sightings.iter().find_map(|sighting| sighting.vlan);
            let vlan = vlan.map_or_else(String::new, |vlan| format!(" in VLAN {vlan}"));
            let was = if endpoint.online { "on" } else { "last on" };
            format!("{was} {}{vlan}", port_words(network, &port))
        }
        None if endpoint.online => "present, but no access port shows it".to_owned(),
        None => "not present".to_owned(),
    };
    Some(format!("{mac} is {status}, {place}; {}", standing(network, desired, stopped)))
}

/// The present access that a port gives; None where the port is not known.
fn port_access(
    network: &Network,
    port: &PortRef,
    desired: Option<&DesiredPort>,
    stopped: bool,
) -> Option<String> {
    let found = network.element(port.ne)?.port(&port.port)?;
    let role = match network.role(port) {
        Some(Role::Uplink) => "an uplink",
        _ => "an access port",
    };
    let vlan = found.pvid.map_or_else(String::new, |vlan| format!(" with PVID {vlan}"));
    let link = found.oper_status.as_deref().map_or_else(String::new, |status| format!(", {status}"));
    let protected = if found.protected { ", protected" } else { "" };
    Some(format!(
        "{} is {role}{vlan}{link}{protected}; {}",
        port_words(network, port),
        standing(network, desired, stopped)
    ))
}

fn standing(network: &Network, desired: Option<&DesiredPort>, stopped: bool) -> String {
    match desired {
        None => "nothing of ours is on its port".to_owned(),
        Some(row) => {
            let stop = if stopped { " (all enforcement is stopped)" } else { "" };
            format!("{} is {}{stop}", port_words(network, &row.port), wanted(row))
        }
    }
}

fn attempt_links(attempt: &Attempt) -> Vec<Link> {
    let what = match attempt.purpose {
        Purpose::Set => "set",
        Purpose::Reassert => "set again",
        Purpose::Release => "restored",
    };
    let target = || Some(Target::Record(attempt.audit.0));
    let mut links = Vec::new();
    if let Some(at) = attempt.set_at {
        let text = format!("the values of port {} were {what}: {}", attempt.port.port, attempt.wanted);
        links.push(Link { stage: Stage::Set, at, text, target: target() });
    }
    let outcome = attempt.outcome.as_deref();
    if let Some(at) = attempt.read_at.or(attempt.closed_at.filter(|_| outcome.is_some())) {
        let note = &attempt.note;
        let text = match outcome {
            // The note says itself that it was read back.
            Some("done") => format!("as wanted: {note}"),
            Some("interrupted") => format!("it was interrupted, nobody knows how far it came: {note}"),
            Some(_) => format!("it failed: {note}"),
            None => format!("read back: {note}"),
        };
        let event = attempt.outcome_event.map(Target::Event);
        links.push(Link { stage: Stage::ReadBack, at, text, target: event.or_else(target) });
    }
    links
}

fn request_link(chain: &Chain, port: &str) -> Link {
    let row = &chain.request;
    let what = match &row.request.action {
        Action::SetPortAccess { access, .. } => format!("{port} is to be {}", access_words(access)),
        Action::ReleasePort { .. } => format!("{port} is to be released"),
        Action::SetStatus { status, .. } => format!("its status is to be {}", status.as_str()),
        Action::SetGroup { group, .. } => format!("its group is to be '{group}'"),
        other => format!("{} was asked for", other.name()),
    };
    let note = if row.note.is_empty() { String::new() } else { format!(": {}", row.note) };
    let state = match row.state {
        RequestState::Pending => "not begun".to_owned(),
        RequestState::Opened => "under way".to_owned(),
        RequestState::Done => "done".to_owned(),
        RequestState::Failed => format!("failed{note}"),
        RequestState::Unknown => format!("interrupted, nobody knows whether it happened{note}"),
        RequestState::Held => format!("held{note}"),
        RequestState::Observed => format!("observed only, nothing was sent{note}"),
    };
    Link {
        stage: Stage::Request,
        at: row.request.at,
        text: format!("{what} ({state})"),
        target: row.outcome_event.map(Target::Event).or(row.audit.map(|index| Target::Record(index.0))),
    }
}

/// An event in one sentence.
pub fn event_text(event: &Event) -> String {
    let at_port = event.facts.as_ref().and_then(|facts| {
        let name = facts.ne_name.clone().or(facts.ne.map(|ne| format!("NE {ne}")))?;
        let port = facts.port.as_ref()?;
        let vlan = facts.vlan.map_or_else(String::new, |vlan| format!(" in VLAN {vlan}"));
        Some(format!(" on {name} port {port}{vlan}"))
    });
    let status = event.facts.as_ref().map_or("", |facts| match facts.status {
        EndpointStatus::New => " (new)",
        EndpointStatus::Authorised => " (authorised)",
        EndpointStatus::Unauthorised => " (unauthorised)",
    });
    format!("{}{status}{}", event.subject, at_port.unwrap_or_default())
}

fn event_link(event: &Event) -> Link {
    Link {
        stage: Stage::Event,
        at: event.at,
        text: format!("{}: {}", event.kind, event_text(event)),
        target: Some(Target::Event(event.seq)),
    }
}

pub(crate) fn sighting_link(sighting: &SightingView) -> Link {
    let name = sighting.ne_name.clone().unwrap_or_else(|| format!("NE {}", sighting.port.ne));
    let vlan = sighting.vlan.map_or_else(String::new, |vlan| format!(" in VLAN {vlan}"));
    Link {
        stage: Stage::Sighting,
        at: sighting.started,
        text: format!("{} was seen on {name} port {}{vlan}", sighting.mac, sighting.port.port),
        target: Some(Target::History(sighting.mac)),
    }
}

fn change_link(listed: &ListedRecord) -> Option<Link> {
    let record = &listed.record;
    let user = record.user.as_deref()?;
    let done = match record.operation.parse().ok()? {
        Operation::EndpointAuthorise => "authorised it",
        Operation::EndpointBlock => "refused it",
        Operation::EndpointImport => "imported it",
        Operation::EndpointDelete => "took it off the reference list",
        Operation::AdoptionAccept => "authorised it with the baseline of what was present",
        _ => "changed it",
    };
    let reason = record.details.as_deref().map_or_else(String::new, |details| format!(": {details}"));
    Some(Link {
        stage: Stage::Person,
        at: record.at,
        text: format!("{user} {done}{reason}"),
        target: Some(Target::Record(listed.index.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(stage: Stage, second: i64) -> Link {
        Link { stage, at: Timestamp::from_second(second).unwrap(), text: String::new(), target: None }
    }

    #[test]
    fn the_effect_stands_before_its_cause() {
        let links = [
            link(Stage::Sighting, 1),
            link(Stage::ReadBack, 3),
            link(Stage::Request, 2),
            link(Stage::Set, 3),
            link(Stage::Rule, 2),
            link(Stage::Event, 1),
        ];
        let stages: Vec<Stage> = ordered(links.to_vec()).into_iter().map(|link| link.stage).collect();
        let expected =
            [Stage::ReadBack, Stage::Set, Stage::Request, Stage::Rule, Stage::Event, Stage::Sighting];
        assert_eq!(stages, expected);
    }
}
