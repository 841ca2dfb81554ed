//! Events in words: whom or what one is about, and what it tells beside its kind.

use jiff::SignedDuration;
use netwarden_identity::Operation;
use netwarden_inventory::Network;
use netwarden_model::event::nac::{SpoofingReason, UplinkReason};
use netwarden_model::event::{NacPayload, Payload, PeoplePayload};
use netwarden_model::{Event, EventKind, NeId, PortRef, Scope, Subject};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::said::{Clause, Said, Thing, Word};
use crate::why::{in_vlan, ne_name};

/// Whom or what an event is about, and where that was.
pub fn event_text(event: &Event) -> Said {
    if let Payload::People(payload) = &event.payload {
        return Said::called(Thing::User, format!("'{}'", payload.user()));
    }
    let subject = match &event.subject {
        Subject::Mac(mac) => mac.to_string().into(),
        Subject::Ne(ne) => Said::Element { ne: *ne },
        Subject::System(part) => Said::Part { part: Word::new("part", part.as_str()) },
    };
    let Some(facts) = &event.facts else { return subject };
    let status = Word::new("status", facts.status.as_str());
    let what = Said::WithStatus { what: subject.into(), status };
    let ne = facts.ne_name.clone().map(Said::from).or(facts.ne.map(|ne| Said::Element { ne }));
    let (Some(ne), Some(port)) = (ne, &facts.port) else { return what };
    let place = in_vlan(Said::PortOf { ne: ne.into(), port: port.clone() }, facts.vlan);
    Said::At { what: what.into(), place: place.into() }
}

impl Desk {
    /// All that an event tells beside its kind: [`event_text`], and its details where it has some.
    pub fn event_told(&self, caller: &Caller, event: &Event) -> Said {
        let what = event_text(event);
        match self.event_details(caller, event) {
            Some(details) => Said::Told { what: what.into(), details: details.into() },
            None => what,
        }
    }

    /// What an event tells beside its kind and [`event_text`]; None where that is all. Elements outside the
    /// caller's scope stay numbers.
    pub fn event_details(&self, caller: &Caller, event: &Event) -> Option<Said> {
        let network = self.engine.keeper().picture().read();
        details(&Names { network: &network, scope: &caller.scope(Operation::EventRead) }, event)
    }
}

/// Names of elements, as far as a caller may see them.
struct Names<'n> {
    network: &'n Network,
    scope: &'n Scope,
}

impl Names<'_> {
    fn ne(&self, ne: NeId) -> Clause {
        let is_seen = self.scope.contains(Some(ne));
        if is_seen { ne_name(self.network, ne).into() } else { Said::Element { ne }.into() }
    }

    fn port(&self, port: &PortRef) -> Clause {
        Said::PortOf { ne: self.ne(port.ne), port: port.port.clone() }.into()
    }
}

fn of_people(payload: &PeoplePayload) -> Said {
    let from = payload.address().map_or(Said::LocalSocket, |address| address.to_string().into());
    match payload {
        PeoplePayload::LoginFailures { failures, .. } => {
            Said::LoginsFailed { count: i64::from(*failures), from: from.into() }
        }
        PeoplePayload::SharedAccount { because, .. } => because.clone().into(),
        PeoplePayload::OperationRefused { operation, object, because, .. } => {
            let what = if object.is_empty() { operation.clone() } else { format!("{operation} {object}") };
            Said::WasRefused { what, from: from.into(), because: because.clone() }
        }
    }
}

fn details(names: &Names<'_>, event: &Event) -> Option<Said> {
    let payload = match &event.payload {
        Payload::Nac(payload) => payload,
        Payload::People(payload) => return Some(of_people(payload)),
    };
    Some(match payload {
        NacPayload::MacOnline
        | NacPayload::NewEndpoint
        | NacPayload::Unauthorised
        | NacPayload::WrongTpmSignature
        | NacPayload::NowCompliant
        | NacPayload::NeReachable
        | NacPayload::Tick { .. } => return None,
        NacPayload::MacOffline { silent_for_s } => Said::SilentFor { span: span(*silent_for_s) },
        NacPayload::EndpointMoved { from, to } => {
            Said::MovedFrom { from: names.port(from), to: names.port(to) }
        }
        NacPayload::MacSpoofing { known, found, because } => {
            let because = match because {
                SpoofingReason::BoundElsewhere => Said::BoundElsewhere,
                SpoofingReason::TwiceAtOnce => Said::TwiceAtOnce,
                SpoofingReason::ClassChanged { was, is } => {
                    Said::ClassChanged { was: was.clone(), is: is.clone() }
                }
            };
            Said::Spoofed { known: names.port(known), found: names.port(found), because: because.into() }
        }
        NacPayload::ArpSpoofing { ip, known, found } => {
            Said::AddressClaimed { ip: *ip, known: *known, found: *found }
        }
        NacPayload::FingerprintChanged { known, found } => {
            Said::FingerprintWas { known: known.clone(), found: found.clone() }
        }
        NacPayload::NowNoncompliant { property, expected, found } => Said::NotCompliant {
            property: property.clone(),
            found: found.clone(),
            expected: expected.clone(),
        },
        NacPayload::NeUnreachable { reason } => reason.clone().into(),
        NacPayload::NeRebooted { up_for_s } => Said::Restarted { span: span(*up_for_s) },
        NacPayload::CriticalSystemFailure { component, reason } => {
            Said::Part { part: Word::new("part", component.as_str()) }.noted(reason)
        }
        NacPayload::Enforcement { port, access, note, .. } => {
            let port = names.port(port);
            let is_done = event.kind == EventKind::EnforcementDone;
            let access: Option<Clause> = access.as_ref().map(|access| Said::from(access).into());
            let what = match (access, is_done) {
                (Some(access), true) => Said::PortWas { port, access },
                (Some(access), false) => Said::PortToBe { port, access },
                (None, true) => Said::PortWasReleased { port },
                (None, false) => Said::PortToBeReleased { port },
            };
            what.noted(note)
        }
        NacPayload::Reaction { note, .. } => Some(note.clone()).filter(|note| !note.is_empty())?.into(),
        NacPayload::RuleSetChanged { rule, revision, enabled } => {
            let (rule, revision) = (*rule, *revision);
            if *enabled { Said::RuleJudges { rule, revision } } else { Said::RuleRests { rule, revision } }
        }
        NacPayload::RuleSettingsChanged { quarantine, max_depth } => {
            Said::RulesSet { elements: quarantine.len(), depth: *max_depth }
        }
        NacPayload::PortBecameUplink { because, neighbour, element, endpoints, believed } => {
            let neighbour = neighbour.clone();
            // Of a neighbour that is no element of ours there is but what it shows.
            let ne = element.map_or_else(|| Said::from(neighbour.clone()).into(), |ne| names.ne(ne));
            if !believed {
                return Some(Said::NotBelieved { neighbour, ne });
            }
            let because = match because {
                UplinkReason::Neighbour => Said::NeighbourBehind { neighbour },
                UplinkReason::ElementMac => Said::ElementLearned { mac: neighbour, ne },
                UplinkReason::Behind => Said::ElementBehind { ne },
                UplinkReason::Count => Said::ManyLearned,
            };
            Said::HomesLost { because: because.into(), endpoints: *endpoints }
        }
        NacPayload::NeIncomplete { part, reason } => Said::from(part.as_str()).noted(reason),
    })
}

/// Seconds as people read them: `1h 30m`.
fn span(seconds: u64) -> String {
    format!("{:#}", SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use netwarden_inventory::Settings;
    use netwarden_model::access::PortAccess;
    use netwarden_model::event::{NewEvent, Outcome};
    use netwarden_model::{EventSeq, RequestId, Severity, VlanId};

    use super::*;

    fn event(kind: EventKind, payload: NacPayload) -> Event {
        let at = "2026-03-02T08:00:00Z".parse().unwrap();
        let event = NewEvent {
            at,
            kind,
            subject: Subject::Ne(NeId(1)),
            ne: Some(NeId(1)),
            port: None,
            severity: Severity::Info,
            outcome: Outcome::Success,
            facts: None,
            payload: Payload::Nac(payload),
            cause: None,
        };
        Event { seq: EventSeq(1), recorded_at: at, event }
    }

    fn told(kind: EventKind, payload: NacPayload) -> Option<String> {
        let network = Network::new(Settings::default());
        let names = Names { network: &network, scope: &Scope::All };
        details(&names, &event(kind, payload)).map(|said| said.to_string())
    }

    #[test]
    fn what_an_event_tells_is_one_sentence_and_nothing_where_its_kind_says_it_all() {
        let port = |name: &str| PortRef { ne: NeId(1), port: name.into() };
        let enforcement = |access| NacPayload::Enforcement {
            request: RequestId(uuid::Uuid::nil()),
            port: port("7"),
            access,
            note: "PVID 666".to_owned(),
        };
        let quarantine = || Some(PortAccess::Vlan { vlan: VlanId::new(666).unwrap(), bounce: true });
        let uplink = |because, believed| NacPayload::PortBecameUplink {
            because,
            neighbour: "core1".to_owned(),
            element: Some(NeId(1)),
            endpoints: 3,
            believed,
        };
        for (kind, payload, expected) in [
            (EventKind::MacOnline, NacPayload::MacOnline, None),
            (
                EventKind::MacOffline,
                NacPayload::MacOffline { silent_for_s: 5_400 },
                Some("not seen for 1h 30m"),
            ),
            (
                EventKind::EndpointMoved,
                NacPayload::EndpointMoved { from: port("7"), to: port("8") },
                Some("moved from NE 1 port 7 to NE 1 port 8"),
            ),
            (
                EventKind::EnforcementDone,
                enforcement(quarantine()),
                Some("NE 1 port 7 was moved to VLAN 666: PVID 666"),
            ),
            (
                EventKind::EnforcementHeld,
                enforcement(quarantine()),
                Some("NE 1 port 7 is to be moved to VLAN 666: PVID 666"),
            ),
            (EventKind::EnforcementDone, enforcement(None), Some("NE 1 port 7 was released: PVID 666")),
            (
                EventKind::PortBecameUplink,
                uplink(UplinkReason::Neighbour, true),
                Some("LLDP or CDP shows core1 behind it; endpoints that were at home there: 3"),
            ),
            (
                EventKind::PortBecameUplink,
                uplink(UplinkReason::Neighbour, false),
                Some("core1 claims to be NE 1, and nothing bears it out: the port stays what it was"),
            ),
        ] {
            assert_eq!(told(kind, payload).as_deref(), expected);
        }
    }

    #[test]
    fn elements_that_the_reader_may_not_see_stay_numbers() {
        let mut network = Network::new(Settings::default());
        let element = netwarden_model::element::Element {
            id: NeId(1),
            name: "sw1".to_owned(),
            address: "192.0.2.1:161".parse().unwrap(),
            credential: None,
            enforcement: false,
            allow_v2c: false,
            quarantine_vlan: None,
            voice_vlan: None,
        };
        let at = "2026-03-02T08:00:00Z".parse().unwrap();
        network.put_element(netwarden_inventory::ElementBase::new(element, at));
        let port = PortRef { ne: NeId(1), port: "7".into() };
        let told = |scope: &Scope| Names { network: &network, scope }.port(&port).to_string();
        assert_eq!(told(&Scope::All), "sw1 port 7");
        assert_eq!(told(&Scope::from([NeId(2)])), "NE 1 port 7");
    }
}
