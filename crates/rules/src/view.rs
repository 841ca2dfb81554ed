//! An event as conditions and templates see it: properties are read on demand, nothing is copied
//! that is not asked for.

use jiff::Timestamp;
use netwarden_model::access::PortAccess;
use netwarden_model::event::nac::SpoofingReason;
use netwarden_model::event::{NacPayload, PeoplePayload};
use netwarden_model::{
    EndpointFacts, Event, Mac, NeId, Outcome, Payload, PortName, PortRef, Subject, VlanId,
};

use crate::properties::{MAX_LIST, MAX_TEXT, Property};
use netwarden_conditions::{Reads, Value};

/// Reads properties from one event.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    event: &'a Event,
}

impl<'a> View<'a> {
    /// A view of `event`.
    pub const fn new(event: &'a Event) -> Self {
        Self { event }
    }

    /// The event behind it.
    pub const fn event(&self) -> &'a Event {
        self.event
    }

    /// The element that the event is about or was shown by.
    pub fn element(&self) -> Option<NeId> {
        match (&self.event.subject, self.event.ne) {
            (Subject::Ne(ne), _) => Some(*ne),
            (_, Some(ne)) => Some(ne),
            _ => self.facts().and_then(|facts| facts.ne),
        }
    }

    /// The port on which the event's endpoint is attached: for a masquerade the port where the MAC was
    /// found, else the endpoint's access port, else the port that showed the event.
    pub fn port(&self) -> Option<PortRef> {
        let attached =
            |ne: Option<NeId>, port: Option<&PortName>| Some(PortRef { ne: ne?, port: port?.clone() });
        match &self.event.payload {
            Payload::Nac(NacPayload::MacSpoofing { found, .. }) => return Some(found.clone()),
            Payload::Nac(NacPayload::Enforcement { port, .. }) => return Some(port.clone()),
            Payload::Nac(_) | Payload::People(_) => {}
        }
        self.facts()
            .and_then(|facts| attached(facts.ne, facts.port.as_ref()))
            .or_else(|| attached(self.event.ne, self.event.port.as_ref()))
    }

    /// The endpoint that the event is about.
    pub fn endpoint(&self) -> Option<Mac> {
        match &self.event.subject {
            Subject::Mac(mac) => Some(*mac),
            _ => self.facts().map(|facts| facts.mac),
        }
    }

    fn facts(&self) -> Option<&'a EndpointFacts> {
        self.event.event.facts.as_ref()
    }

    /// The value of `property`; texts are at most [`MAX_TEXT`] octets, lists at most [`MAX_LIST`] items.
    pub fn get(&self, property: Property) -> Value<'a> {
        let event = &self.event.event;
        match property {
            Property::EventSeq => Value::Int(self.event.seq.0),
            Property::EventKind => Value::text(event.kind.as_str()),
            Property::EventAt => time(event.at),
            Property::EventSeverity => Value::text(event.severity.as_str()),
            Property::EventSeverityLevel => Value::Int(event.severity as i64),
            Property::EventOutcome => Value::text(match event.outcome {
                Outcome::Success => "success",
                Outcome::Failure => "failure",
                Outcome::Unknown => "unknown",
            }),
            Property::EventSubject => Value::owned(cut(event.subject.to_string())),
            Property::EventNe => ne(event.ne),
            Property::EventPort => port(event.port.as_ref()),
            Property::EventDepth => {
                Value::Int(event.cause.as_ref().map_or(0, |cause| i64::from(cause.depth)))
            }
            Property::NeId => ne(self.element()),
            Property::NeName => match self.facts() {
                Some(facts) if facts.ne.is_some() && facts.ne == self.element() => {
                    text(facts.ne_name.as_deref())
                }
                _ => Value::text(""),
            },
            Property::Now => time(self.event.recorded_at),
            Property::EventEnabled => match &event.payload {
                Payload::Nac(NacPayload::RuleSetChanged { enabled, .. }) => Value::Bool(*enabled),
                Payload::Nac(_) | Payload::People(_) => Value::Bool(false),
            },
            _ => match self.facts() {
                _ if property.name().starts_with("event.") => detail(&event.payload, property),
                Some(facts) => endpoint(facts, property),
                None => absent(property),
            },
        }
    }
}

impl<'a> Reads<'a, Property> for View<'a> {
    fn get(&self, property: Property) -> Value<'a> {
        View::get(self, property)
    }
}

/// What a property that has no value is: null for numbers, else empty.
fn absent<'a>(property: Property) -> Value<'a> {
    use crate::properties::PropertyType as T;
    match property.kind() {
        T::Bool => Value::Bool(false),
        T::Number | T::Time => Value::Null,
        T::Ips | T::Texts => Value::List(Vec::new()),
        T::Text | T::Mac | T::Ip | T::Choice(_) => Value::text(""),
    }
}

fn endpoint(facts: &EndpointFacts, property: Property) -> Value<'_> {
    match property {
        Property::EndpointMac => Value::owned(facts.mac.to_string()),
        Property::EndpointVendor => text(facts.vendor.as_deref()),
        Property::EndpointMacRandomised => Value::Bool(facts.mac_randomised),
        Property::EndpointNe => ne(facts.ne),
        Property::EndpointNeName => text(facts.ne_name.as_deref()),
        Property::EndpointPort => port(facts.port.as_ref()),
        Property::EndpointIfIndex => facts.if_index.map_or(Value::Null, |index| Value::Int(index.0.into())),
        Property::EndpointPortAlias => text(facts.port_alias.as_deref()),
        Property::EndpointVlan => vlan(facts.vlan),
        Property::EndpointIps => {
            Value::List(facts.ips.iter().take(MAX_LIST).map(|ip| Value::owned(ip.to_string())).collect())
        }
        Property::EndpointDnsName => text(facts.dns_name.as_deref()),
        Property::EndpointHostName => text(facts.host_name.as_deref()),
        Property::EndpointGroup => text(facts.group.as_deref()),
        Property::EndpointStatus => Value::text(facts.status.as_str()),
        Property::EndpointCompliance => Value::text(facts.compliance.as_str()),
        Property::EndpointFingerprint => text(facts.fingerprint.as_deref()),
        Property::EndpointConfiguration => {
            let shown = |(name, setting): (&String, &netwarden_model::Setting)| {
                let mut text = format!("{name}={}", setting.found);
                text.truncate(text.floor_char_boundary(MAX_TEXT));
                Value::owned(text)
            };
            Value::List(facts.configuration.iter().take(MAX_LIST).map(shown).collect())
        }
        Property::EndpointBoundTo => port(facts.bound_to.as_ref()),
        Property::EndpointPortEndpoints => Value::Int(facts.port_endpoints.into()),
        Property::EndpointFirstSeen => time(facts.first_seen),
        Property::EndpointLastSeen => time(facts.last_seen),
        Property::EndpointCustom1 => text(facts.custom1.as_deref()),
        Property::EndpointCustom2 => text(facts.custom2.as_deref()),
        other => absent(other),
    }
}

fn detail(payload: &Payload, property: Property) -> Value<'_> {
    match payload {
        Payload::Nac(payload) => detail_of_nac(payload, property),
        Payload::People(payload) => detail_of_people(payload, property),
    }
}

fn detail_of_people(payload: &PeoplePayload, property: Property) -> Value<'_> {
    match (property, payload) {
        (Property::EventUser, payload) => text(Some(payload.user())),
        (Property::EventIp, payload) => {
            payload.address().map_or(Value::text(""), |address| Value::owned(address.to_string()))
        }
        (Property::EventFailures, PeoplePayload::LoginFailures { failures, .. }) => {
            Value::Int((*failures).into())
        }
        (Property::EventOperation, PeoplePayload::OperationRefused { operation, .. }) => {
            text(Some(operation))
        }
        (Property::EventObject, PeoplePayload::OperationRefused { object, .. }) => text(Some(object)),
        (
            Property::EventReason,
            PeoplePayload::OperationRefused { because, .. } | PeoplePayload::SharedAccount { because, .. },
        ) => text(Some(because)),
        (other, _) => absent(other),
    }
}

fn detail_of_nac(payload: &NacPayload, property: Property) -> Value<'_> {
    match (property, payload) {
        (Property::EventSilentFor, NacPayload::MacOffline { silent_for_s }) => seconds(*silent_for_s),
        (Property::EventUpFor, NacPayload::NeRebooted { up_for_s }) => seconds(*up_for_s),
        (Property::EventFromNe, NacPayload::EndpointMoved { from, .. }) => ne(Some(from.ne)),
        (Property::EventFromPort, NacPayload::EndpointMoved { from, .. }) => port(Some(&from.port)),
        (Property::EventToNe, NacPayload::EndpointMoved { to, .. }) => ne(Some(to.ne)),
        (Property::EventToPort, NacPayload::EndpointMoved { to, .. }) => port(Some(&to.port)),
        (Property::EventKnown, NacPayload::MacSpoofing { known, .. }) => Value::owned(cut(known.to_string())),
        (Property::EventFound, NacPayload::MacSpoofing { found, .. }) => Value::owned(cut(found.to_string())),
        (Property::EventKnownNe, NacPayload::MacSpoofing { known, .. }) => ne(Some(known.ne)),
        (Property::EventKnownPort, NacPayload::MacSpoofing { known, .. }) => port(Some(&known.port)),
        (Property::EventFoundNe, NacPayload::MacSpoofing { found, .. }) => ne(Some(found.ne)),
        (Property::EventFoundPort, NacPayload::MacSpoofing { found, .. }) => port(Some(&found.port)),
        (Property::EventBecause, NacPayload::MacSpoofing { because, .. }) => Value::text(match because {
            SpoofingReason::BoundElsewhere => "bound_elsewhere",
            SpoofingReason::TwiceAtOnce => "twice_at_once",
            SpoofingReason::ClassChanged { .. } => "class_changed",
        }),
        (Property::EventIp, NacPayload::ArpSpoofing { ip, .. }) => Value::owned(ip.to_string()),
        (Property::EventKnown, NacPayload::ArpSpoofing { known, .. }) => Value::owned(known.to_string()),
        (Property::EventFound, NacPayload::ArpSpoofing { found, .. }) => Value::owned(found.to_string()),
        (Property::EventKnown, NacPayload::FingerprintChanged { known, .. }) => text(Some(known)),
        (Property::EventFound, NacPayload::FingerprintChanged { found, .. }) => text(Some(found)),
        (Property::EventProperty, NacPayload::NowNoncompliant { property, .. }) => text(Some(property)),
        (Property::EventExpected, NacPayload::NowNoncompliant { expected, .. }) => text(Some(expected)),
        (Property::EventFound, NacPayload::NowNoncompliant { found, .. }) => text(Some(found)),
        (
            Property::EventReason,
            NacPayload::NeUnreachable { reason }
            | NacPayload::NeIncomplete { reason, .. }
            | NacPayload::CriticalSystemFailure { reason, .. },
        ) => text(Some(reason)),
        (Property::EventComponent, NacPayload::NeIncomplete { part, .. }) => text(Some(part)),
        (Property::EventFound, NacPayload::PortBecameUplink { neighbour, .. }) => text(Some(neighbour)),
        (Property::EventFoundNe, NacPayload::PortBecameUplink { element, .. }) => ne(*element),
        (Property::EventBecause, NacPayload::PortBecameUplink { because, .. }) => {
            Value::text(because.as_str())
        }
        (Property::EventBelieved, NacPayload::PortBecameUplink { believed, .. }) => Value::Bool(*believed),
        (Property::EventComponent, NacPayload::CriticalSystemFailure { component, .. }) => {
            text(Some(component))
        }
        (Property::EventNote, NacPayload::Enforcement { note, .. } | NacPayload::Reaction { note, .. }) => {
            text(Some(note))
        }
        (Property::EventAccess, NacPayload::Enforcement { access, .. }) => Value::text(match access {
            Some(PortAccess::Vlan { .. }) => "vlan",
            Some(PortAccess::Shut) => "shut",
            Some(PortAccess::Open) => "open",
            None => "release",
        }),
        (
            Property::EventAccessVlan,
            NacPayload::Enforcement { access: Some(PortAccess::Vlan { vlan: id, .. }), .. },
        ) => vlan(Some(*id)),
        (Property::EventRule, NacPayload::RuleSetChanged { rule, .. }) => Value::Int(rule.0),
        (Property::EventRevision, NacPayload::RuleSetChanged { revision, .. }) => Value::Int(revision.0),
        (other, _) => absent(other),
    }
}

fn time<'a>(at: Timestamp) -> Value<'a> {
    Value::Int(at.as_second())
}

fn seconds<'a>(seconds: u64) -> Value<'a> {
    Value::Int(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn ne<'a>(ne: Option<NeId>) -> Value<'a> {
    ne.map_or(Value::Null, |ne| Value::Int(ne.0))
}

fn vlan<'a>(vlan: Option<VlanId>) -> Value<'a> {
    vlan.map_or(Value::Null, |vlan| Value::Int(vlan.get().into()))
}

fn port(port: Option<&PortName>) -> Value<'_> {
    text(port.map(|port| port.0.as_str()))
}

fn text(text: Option<&str>) -> Value<'_> {
    let text = text.unwrap_or("");
    Value::text(text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or(text))
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT));
    text
}
