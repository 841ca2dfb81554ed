//! Why an endpoint's, or a port's, access is what it is: the chain of cause, newest first.
//!
//! read back ← set ← request ← rule or person ← event ← sighting. Each link is a time, a sentence and
//! where to read more; what is not known is left out.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_actions::{Attempt, Chain, DesiredPort, Purpose, RequestState};
use netwarden_audit::{AuditQuery, ListedRecord};
use netwarden_identity::{AuditReach, Object, ObjectKind, Operation, audit_reach};
use netwarden_inventory::sql::{SightingView, Where, sightings_at};
use netwarden_inventory::{Network, Role};
use netwarden_model::access::Progress;
use netwarden_model::action::Originator;
use netwarden_model::{
    Action, EndpointStatus, Event, EventSeq, Mac, NeId, PortRef, RuleId, RuleRevision, Subject, VlanId,
};
use netwarden_spine::EventQuery;
use netwarden_store::{Condition, FilterValue, Page};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::happened::event_text;
use crate::lists::{no_endpoint, wanted};
use crate::ports::not_known;
use crate::said::{Said, Word};

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
    pub access: Said,
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
    pub text: Said,
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
        let (read, scope) = (self.store.read(), caller.scope(Operation::EndpointExplain));
        let mut held = self.held_ports().await?;
        held.retain(|port, _| scope.contains(Some(port.ne)));
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
            port_access(&network, port, desired.as_ref(), stopped).ok_or_else(|| not_known(port))?
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
            links.push(request_link(chain, self.name_of(port_of(&request.action))));
            let event = match &request.originator {
                Originator::Rule { rule, revision, name, event } => {
                    links.push(Link {
                        stage: Stage::Rule,
                        at: request.at,
                        text: Said::RuleMatched { name: name.clone(), revision: *revision, event: *event },
                        target: Some(Target::Rule(*rule, *revision)),
                    });
                    Some(*event)
                }
                Originator::Person { user, reason } => {
                    links.push(Link {
                        stage: Stage::Person,
                        at: request.at,
                        text: Said::PersonAsked { user: user.clone(), reason: reason.clone() },
                        target: chain.request.audit.map(|index| Target::Record(index.0)),
                    });
                    None
                }
                Originator::System { reason } => {
                    links.push(Link {
                        stage: Stage::Request,
                        at: request.at,
                        text: Said::SystemAsked { reason: reason.clone() },
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
                for sighting in sightings_at(
                    self.store.read(),
                    &caller.scope(Operation::EndpointExplain),
                    &Where::Mac(whom),
                    event.at,
                )
                .await?
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
        let events =
            self.spine.list(&query, &caller.scope(Operation::EndpointExplain), &Page::first(EVENTS)).await?;
        let mut links: Vec<Link> = events.items.iter().map(event_link).collect();
        let now = self.clock.now();
        let sightings =
            sightings_at(self.store.read(), &caller.scope(Operation::EndpointExplain), &Where::Mac(mac), now)
                .await?;
        links.extend(sightings.iter().map(sighting_link));
        Ok(links)
    }

    /// What people have said of an endpoint, as far as the caller may read it.
    async fn changes_of(&self, caller: &Caller, mac: Mac) -> Result<Vec<Link>, OperateError> {
        if audit_reach(&caller.subject) == AuditReach::Nothing {
            return Ok(Vec::new());
        }
        let reach = crate::system::reach(caller);
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

    fn name_of(&self, port: Option<&PortRef>) -> Said {
        let network = self.engine.keeper().picture().read();
        port.map_or_else(|| "".into(), |port| port_words(&network, port))
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

/// An element by its name; by its number where that is not known.
pub(crate) fn ne_name(network: &Network, ne: NeId) -> Said {
    network.element(ne).map_or(Said::Element { ne }, |element| element.base.element.name.clone().into())
}

fn port_words(network: &Network, port: &PortRef) -> Said {
    Said::PortOf { ne: ne_name(network, port.ne).into(), port: port.port.clone() }
}

/// A place, with the VLAN where that is known.
pub(crate) fn in_vlan(place: Said, vlan: Option<VlanId>) -> Said {
    match vlan {
        Some(vlan) => Said::InVlan { place: place.into(), vlan },
        None => place,
    }
}

/// The present access of an endpoint; None where it is not known at all.
fn endpoint_access(
    network: &Network,
    mac: Mac,
    desired: Option<&DesiredPort>,
    stopped: bool,
) -> Option<Said> {
    let endpoint = network.endpoint(mac)?;
    let status = match endpoint.status {
        EndpointStatus::New => Said::IsNew,
        EndpointStatus::Authorised => Said::IsAuthorised,
        EndpointStatus::Unauthorised => Said::IsRefused,
    };
    let place = match network.location(mac) {
        Some(port) => {
            let vlan = endpoint.sightings.iter().find_map(|sighting| sighting.vlan);
            let place = port_words(network, &port).into();
            in_vlan(if endpoint.online { Said::On { place } } else { Said::LastOn { place } }, vlan)
        }
        None if endpoint.online => Said::NoPortShowsIt,
        None => Said::NotPresent,
    };
    let standing = standing(network, desired, stopped).into();
    Some(Said::EndpointIs { mac, status: status.into(), place: place.into(), standing })
}

/// The present access that a port gives; None where the port is not known.
fn port_access(
    network: &Network,
    port: &PortRef,
    desired: Option<&DesiredPort>,
    stopped: bool,
) -> Option<Said> {
    let found = network.element(port.ne)?.port(&port.port)?;
    let mut role = match network.role(port) {
        Some(Role::Uplink) => Said::AnUplink,
        Some(Role::Aggregate) => Said::AnAggregate,
        Some(Role::Logical) => Said::ALogicalInterface,
        _ => Said::AnAccessPort,
    };
    if let Some(vlan) = found.pvid {
        role = Said::WithPvid { role: role.into(), vlan };
    }
    if let Some(status) = &found.oper_status {
        role = Said::WithLink { role: role.into(), link: Word::new("state", status.as_str()) };
    }
    if found.protected {
        role = Said::Protected { role: role.into() };
    }
    let standing = standing(network, desired, stopped).into();
    Some(Said::PortIs { port: port_words(network, port).into(), role: role.into(), standing })
}

fn standing(network: &Network, desired: Option<&DesiredPort>, stopped: bool) -> Said {
    let Some(row) = desired else { return Said::NothingOfOurs };
    let held = Said::Holds { port: port_words(network, &row.port).into(), wanted: wanted(row).into() };
    if stopped { Said::AllStopped { standing: held.into() } } else { held }
}

fn attempt_links(attempt: &Attempt) -> Vec<Link> {
    let target = || Some(Target::Record(attempt.audit.0));
    let mut links = Vec::new();
    if let Some(at) = attempt.set_at {
        let (port, values) = (attempt.port.port.clone(), attempt.wanted.clone());
        let text = match attempt.purpose {
            Purpose::Set => Said::ValuesSet { port, values },
            Purpose::Reassert => Said::ValuesSetAgain { port, values },
            Purpose::Release => Said::ValuesRestored { port, values },
        };
        links.push(Link { stage: Stage::Set, at, text, target: target() });
    }
    let outcome = attempt.outcome.as_deref();
    if let Some(at) = attempt.read_at.or(attempt.closed_at.filter(|_| outcome.is_some())) {
        let note = attempt.note.clone();
        let text = match outcome {
            // The note says itself that it was read back.
            Some("done") => Said::AsWanted { note },
            Some("interrupted") => Said::Interrupted { note },
            Some(_) => Said::ItFailed { note },
            None => Said::ReadBack { note },
        };
        let event = attempt.outcome_event.map(Target::Event);
        links.push(Link { stage: Stage::ReadBack, at, text, target: event.or_else(target) });
    }
    links
}

fn request_link(chain: &Chain, port: Said) -> Link {
    let row = &chain.request;
    let port = port.into();
    let what = match &row.request.action {
        Action::SetPortAccess { access, .. } => Said::PortToBe { port, access: Said::from(access).into() },
        Action::ReleasePort { .. } => Said::PortToBeReleased { port },
        Action::SetStatus { status, .. } => Said::StatusToBe { status: Word::new("status", status.as_str()) },
        Action::SetGroup { group, .. } => Said::GroupToBe { group: group.clone() },
        Action::Mail { .. } => Said::MailAsked,
        Action::Webhook { .. } => Said::WebhookAsked,
        Action::Syslog { .. } => Said::SyslogAsked,
        Action::Command { .. } => Said::CommandAsked,
    };
    let state = match row.state {
        RequestState::Pending => Said::NotBegun,
        RequestState::Opened => Said::UnderWay,
        RequestState::Done => Said::Done,
        RequestState::Failed => Said::Failed.noted(&row.note),
        RequestState::Unknown => Said::PerhapsDone.noted(&row.note),
        RequestState::Held => Said::Held.noted(&row.note),
        RequestState::Observed => Said::ObservedOnly.noted(&row.note),
    };
    Link {
        stage: Stage::Request,
        at: row.request.at,
        text: Said::Request { what: what.into(), state: state.into() },
        target: row.outcome_event.map(Target::Event).or(row.audit.map(|index| Target::Record(index.0))),
    }
}

fn event_link(event: &Event) -> Link {
    let (kind, what) = (Word::new("kind", event.kind.as_str()), event_text(event).into());
    Link {
        stage: Stage::Event,
        at: event.at,
        text: Said::Happened { kind, what },
        target: Some(Target::Event(event.seq)),
    }
}

pub(crate) fn sighting_link(sighting: &SightingView) -> Link {
    let ne = sighting.ne_name.clone().map_or(Said::Element { ne: sighting.port.ne }, Said::from);
    let port = Said::PortOf { ne: ne.into(), port: sighting.port.port.clone() };
    Link {
        stage: Stage::Sighting,
        at: sighting.started,
        text: Said::Seen { mac: sighting.mac, place: in_vlan(port, sighting.vlan).into() },
        target: Some(Target::History(sighting.mac)),
    }
}

fn change_link(listed: &ListedRecord) -> Option<Link> {
    let record = &listed.record;
    let user = record.user.clone()?;
    let done = match record.operation.parse().ok()? {
        Operation::EndpointAuthorise => Said::PersonAuthorised { user },
        Operation::EndpointBlock => Said::PersonRefused { user },
        Operation::EndpointImport => Said::PersonImported { user },
        Operation::EndpointDelete => Said::PersonRemoved { user },
        Operation::AdoptionAccept => Said::PersonAdopted { user },
        _ => Said::PersonChanged { user },
    };
    Some(Link {
        stage: Stage::Person,
        at: record.at,
        text: done.noted(record.details.as_deref().unwrap_or_default()),
        target: Some(Target::Record(listed.index.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(stage: Stage, second: i64) -> Link {
        Link { stage, at: Timestamp::from_second(second).unwrap(), text: "".into(), target: None }
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
