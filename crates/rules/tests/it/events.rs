//! Events for tests.

use jiff::Timestamp;
use netwarden_model::action::Cause;
use netwarden_model::event::NacPayload;
use netwarden_model::event::nac::SpoofingReason;
use netwarden_model::*;

pub const START: i64 = 1_767_261_600; // 2026-01-01T10:00:00Z, a Thursday

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

pub fn mac(n: u8) -> Mac {
    Mac::new([0x00, 0x1b, 0x21, 0, 0, n])
}

pub fn port(ne: i64, n: u32) -> PortRef {
    PortRef { ne: NeId(ne), port: PortName(format!("Gi1/0/{n}")) }
}

pub fn facts(n: u8) -> EndpointFacts {
    EndpointFacts {
        mac: mac(n),
        vendor: Some("Intel Corporate".into()),
        mac_randomised: false,
        ne: Some(NeId(3)),
        ne_name: Some("sw-floor-2".into()),
        port: Some(PortName(format!("Gi1/0/{n}"))),
        if_index: Some(IfIndex(10_100 + u32::from(n))),
        port_alias: Some("reception".into()),
        vlan: Some(VlanId::new(20).unwrap()),
        ips: vec!["192.0.2.17".parse().unwrap(), "2001:db8::17".parse().unwrap()],
        dns_name: Some("pc17.example.net".into()),
        host_name: Some("pc17".into()),
        group: None,
        status: EndpointStatus::New,
        compliance: Compliance::Unknown,
        fingerprint: None,
        configuration: Default::default(),
        bound_to: None,
        port_endpoints: 1,
        first_seen: at(-3600),
        last_seen: at(0),
        custom1: None,
        custom2: None,
    }
}

/// An event about endpoint `n`, `second` seconds after the start.
pub fn endpoint_event(seq: i64, second: i64, n: u8, kind: EventKind, payload: NacPayload) -> Event {
    Event {
        seq: EventSeq(seq),
        recorded_at: at(second + 1),
        event: NewEvent {
            at: at(second),
            kind,
            subject: Subject::Mac(mac(n)),
            ne: Some(NeId(3)),
            port: Some(PortName(format!("Gi1/0/{n}"))),
            severity: kind.default_severity(),
            outcome: Outcome::Success,
            facts: Some(facts(n)),
            payload: Payload::Nac(payload),
            cause: None,
        },
    }
}

pub fn new_endpoint(seq: i64, second: i64, n: u8) -> Event {
    endpoint_event(seq, second, n, EventKind::NewEndpoint, NacPayload::NewEndpoint)
}

pub fn unreachable(seq: i64, second: i64, ne: i64) -> Event {
    Event {
        seq: EventSeq(seq),
        recorded_at: at(second),
        event: NewEvent {
            at: at(second),
            kind: EventKind::NeUnreachable,
            subject: Subject::Ne(NeId(ne)),
            ne: Some(NeId(ne)),
            port: None,
            severity: Severity::Minor,
            outcome: Outcome::Failure,
            facts: None,
            payload: Payload::Nac(NacPayload::NeUnreachable { reason: "no reply within 4 s".into() }),
            cause: None,
        },
    }
}

pub fn tick(seq: i64, second: i64) -> Event {
    Event {
        seq: EventSeq(seq),
        recorded_at: at(second),
        event: NewEvent {
            at: at(second),
            kind: EventKind::Tick,
            subject: Subject::System("clock".into()),
            ne: None,
            port: None,
            severity: Severity::Info,
            outcome: Outcome::Success,
            facts: None,
            payload: Payload::Nac(NacPayload::Tick { ne: None }),
            cause: None,
        },
    }
}

pub fn settings_changed(seq: i64, second: i64, settings: &netwarden_rules::Settings) -> Event {
    let mut event = tick(seq, second);
    event.event.kind = EventKind::RuleSettingsChanged;
    event.event.payload = Payload::Nac(settings.payload());
    event
}

pub fn changed(seq: i64, second: i64, rule: i64, revision: i64, enabled: bool) -> Event {
    Event {
        seq: EventSeq(seq),
        recorded_at: at(second),
        event: NewEvent {
            kind: EventKind::RuleSetChanged,
            payload: Payload::Nac(NacPayload::RuleSetChanged {
                rule: RuleId(rule),
                revision: RuleRevision(revision),
                enabled,
            }),
            subject: Subject::System("rules".into()),
            ..tick(seq, second).event
        },
    }
}

pub fn spoofing(seq: i64, second: i64, n: u8) -> Event {
    let payload = NacPayload::MacSpoofing {
        known: port(3, n.into()),
        found: port(4, 40),
        because: SpoofingReason::TwiceAtOnce,
    };
    endpoint_event(seq, second, n, EventKind::MacSpoofing, payload)
}

pub fn arp(seq: i64, second: i64, n: u8) -> Event {
    let payload = NacPayload::ArpSpoofing { ip: "192.0.2.1".parse().unwrap(), known: mac(1), found: mac(n) };
    endpoint_event(seq, second, n, EventKind::ArpSpoofing, payload)
}

/// The same, caused by a request of ours.
pub fn caused(mut event: Event, depth: u8) -> Event {
    event.event.cause = Some(Cause { request: RequestId(uuid::Uuid::nil()), rule: None, depth });
    event
}

pub fn rule(
    id: i64,
    on: &[EventKind],
    condition: &str,
    reactions: Vec<netwarden_rules::Reaction>,
) -> netwarden_rules::Rule {
    netwarden_rules::Rule {
        id: RuleId(id),
        revision: RuleRevision(1),
        name: format!("rule {id}"),
        description: String::new(),
        enabled: true,
        on: on.to_vec(),
        condition: condition.into(),
        period: None,
        severity: Severity::Minor,
        alarm: None,
        reactions,
    }
}
