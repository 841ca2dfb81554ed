//! Conditions and rules on events that an attacker has filled.

use std::collections::BTreeMap;

use jiff::Timestamp;
use netwarden_model::action::Cause;
use netwarden_model::event::NacPayload;
use netwarden_model::event::nac::SpoofingReason;
use netwarden_model::{
    Action, Compliance, EndpointFacts, EndpointStatus, Event, EventKind, EventSeq, IfIndex, Mac, NeId,
    NewEvent, Outcome, Payload, PortName, PortRef, RuleId, Severity, Subject, VlanId,
};
use netwarden_rules::cost::{MAX_COST, MAX_SOURCE};
use netwarden_rules::view::View;
use netwarden_rules::{
    Condition, QuarantineVlans, Reaction, Rule, RuleSet, RuleState, Settings, explain, judge,
};

use crate::script::Script;

/// An event with `texts` in every place that something outside can fill.
fn event(kind: EventKind, payload: NacPayload, texts: &mut Script<'_>) -> Event {
    let at: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
    let mac = Mac::new([0, 0x1b, 0x21, 0, 0, 7]);
    let port = PortName(texts.text());
    let facts = EndpointFacts {
        mac,
        vendor: texts.text_if(),
        mac_randomised: texts.byte() % 2 == 1,
        ne: Some(NeId(3)),
        ne_name: texts.text_if(),
        port: Some(port.clone()),
        if_index: Some(IfIndex(texts.number())),
        port_alias: texts.text_if(),
        vlan: VlanId::new(i64::from(texts.byte())).ok(),
        ips: (0..texts.byte()).map(|last| [192, 0, 2, last].into()).collect(),
        dns_name: texts.text_if(),
        host_name: texts.text_if(),
        group: texts.text_if(),
        status: EndpointStatus::New,
        compliance: Compliance::Unknown,
        fingerprint: texts.text_if(),
        configuration: Default::default(),
        bound_to: texts.text_if().map(PortName),
        port_endpoints: texts.number(),
        first_seen: Timestamp::MIN,
        last_seen: Timestamp::MAX,
        custom1: texts.text_if(),
        custom2: texts.text_if(),
    };
    Event {
        seq: EventSeq(7),
        recorded_at: at,
        event: NewEvent {
            at,
            kind,
            subject: Subject::Mac(mac),
            ne: Some(NeId(3)),
            port: Some(port),
            severity: Severity::Minor,
            outcome: Outcome::Success,
            facts: Some(facts),
            payload: Payload::Nac(payload),
            cause: None::<Cause>,
        },
    }
}

fn events(texts: Script<'_>) -> Vec<Event> {
    let mut all = texts;
    let port = |name: String| PortRef { ne: NeId(i64::MIN), port: PortName(name) };
    let payloads = [
        (EventKind::NewEndpoint, NacPayload::NewEndpoint),
        (EventKind::MacOffline, NacPayload::MacOffline { silent_for_s: u64::MAX }),
        (EventKind::NeUnreachable, NacPayload::NeUnreachable { reason: all.text() }),
        (
            EventKind::MacSpoofing,
            NacPayload::MacSpoofing {
                known: port(all.text()),
                found: port(all.text()),
                because: SpoofingReason::ClassChanged { was: all.text(), is: all.text() },
            },
        ),
    ];
    let mut events: Vec<Event> =
        payloads.into_iter().map(|(kind, payload)| event(kind, payload, &mut all.clone())).collect();
    let mut bare = events[0].clone();
    bare.event.facts = None;
    bare.event.port = None;
    bare.event.subject = Subject::System(all.text());
    events.push(bare);
    events
}

/// A text as a condition, the rest (after a NUL) as what stands in the events. What is accepted is bounded:
/// it takes no more steps than were counted when it was saved, and no more stack than a thread has.
pub fn condition(octets: &[u8]) {
    let at = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let (source, texts) = octets.split_at(at);
    let source = String::from_utf8_lossy(source);
    // A worker's stack holds 2 MiB.
    let small = std::thread::Builder::new().stack_size(2 << 20);
    std::thread::scope(|scope| small.spawn_scoped(scope, || judged(&source, texts)).unwrap().join().unwrap());
}

fn judged(source: &str, texts: &[u8]) {
    let condition = match Condition::compile(source) {
        Ok(condition) => condition,
        Err(error) => {
            assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty(), "{error:?}");
            assert!(!error.message.contains('\n'), "{error:?}");
            return;
        }
    };
    assert!(source.chars().count() <= MAX_SOURCE && condition.cost() <= MAX_COST);
    let canonical = condition.canonical();
    let again = Condition::compile(&canonical);
    for event in events(Script(texts)) {
        let view = View::new(&event);
        let (holds, steps) = condition.holds_counting(view);
        assert!(steps <= condition.cost(), "{steps} steps, {} were counted: {source}", condition.cost());
        if let Ok(again) = &again {
            assert_eq!(again.holds(view), holds, "{source} is not {canonical}");
        }
    }
}

const NAMES: &[&str] =
    &["{{ endpoint.host_name }}", "{{endpoint.port}}", "{{ event.reason }}", "{{ event.found }}"];

/// A text for a template: its parts are the administrator's, what is inserted is the attacker's.
fn template(script: &mut Script<'_>) -> String {
    let mut text = String::new();
    for _ in 0..script.byte() % 4 {
        text.push_str(
            ["-", "--to=", "a ", "{{ endpoint.mac }}", " {{ endpoint.first_seen }}", "x"]
                [usize::from(script.byte() % 6)],
        );
        text.push_str(NAMES[usize::from(script.byte()) % NAMES.len()]);
    }
    text
}

/// A rule as JSON or TOML, or one with templates on events that an attacker has filled: what is done holds
/// nothing that would be a line, a header or an option of its own.
pub fn rule(octets: &[u8]) {
    let mut script = Script(octets);
    match script.byte() % 3 {
        0 => {
            let Ok(rule) = serde_json::from_slice::<Rule>(script.0) else { return };
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
            let _ = act(rule, &events(Script(b"\x05evil\n")));
        }
        1 => {
            let Ok(rule) = toml::from_str::<Rule>(&String::from_utf8_lossy(script.0)) else { return };
            let _ = act(rule, &events(Script(b"\x05evil\n")));
        }
        _ => templates(&mut script),
    }
}

fn templates(script: &mut Script<'_>) {
    let args: Vec<String> = (0..script.byte() % 5).map(|_| template(script)).collect();
    let reactions = vec![
        Reaction::Mail {
            to: vec!["soc@example.org".into()],
            subject: template(script),
            body: template(script),
        },
        Reaction::Syslog { name: "s".into(), message: template(script) },
        Reaction::Command { name: "c".into(), args: args.clone() },
        Reaction::Webhook { name: "w".into() },
    ];
    let rule = serde_json::json!({
        "id": 1, "revision": 1, "name": "r", "enabled": true,
        "on": ["new_endpoint", "mac_offline", "ne_unreachable", "mac_spoofing"],
        "alarm": { "to": "mail", "addresses": ["soc@example.org"] },
        "reactions": serde_json::to_value(&reactions).unwrap(),
    });
    let rule: Rule = serde_json::from_value(rule).unwrap();
    let actions = act(rule, &events(*script)).expect("the templates are good ones");
    let one_line =
        |text: &str| !text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    for action in actions {
        match action {
            Action::Mail { to, subject, body } => {
                assert_eq!(to, ["soc@example.org"]);
                assert!(one_line(&subject), "{subject:?}");
                assert!(!body.contains(|c: char| c.is_control() && c != '\n'), "{body:?}");
            }
            Action::Syslog { message, .. } => assert!(one_line(&message), "{message:?}"),
            Action::Command { args: made, .. } => {
                assert_eq!(made.len(), args.len());
                for (made, template) in made.iter().zip(&args) {
                    assert!(one_line(made), "{made:?}");
                    assert!(!made.starts_with('-') || template.starts_with('-'), "{template} made {made:?}");
                }
            }
            _ => {}
        }
    }
}

/// What the rule asks for on these events; None where it was refused.
fn act(rule: Rule, events: &[Event]) -> Option<Vec<Action>> {
    let settings = Settings {
        vlans: QuarantineVlans { default: VlanId::new(666).ok(), by_element: BTreeMap::new() },
        ..Settings::default()
    };
    let enabled = Rule { enabled: true, id: RuleId(1), ..rule };
    let set = match RuleSet::compile_with(vec![enabled], settings) {
        Ok(set) => set,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let mut actions = Vec::new();
    let mut state = RuleState::default();
    for event in events {
        let judgement = judge(&set, &mut state, event);
        actions.extend(judgement.decisions.into_iter().map(|decision| decision.action));
        if let Some(rule) = set.rules().first() {
            assert!(explain(rule, event).parts.len() <= 200);
        }
    }
    Some(actions)
}
