//! Every check is shown an altered input: what it says nothing about, it does not prove.

use std::collections::BTreeMap;

use netwarden_model::event::NacPayload;
use netwarden_model::{
    EndpointFacts, Event, EventKind, EventSeq, Mac, NeId, NewEvent, Outcome, Payload, PortName, RuleId,
    RuleRevision, Severity, Subject, VlanId,
};
use netwarden_rules::{QuarantineVlans, Rule, Settings};
use netwarden_simulator::{SetChange, SetRecord, SimTime};

use super::*;
use crate::observed::{Asked, Wanted};

const REQUEST: &str = "00000000-0000-0000-0000-00000000000a";
const HOOK: &str = "00000000-0000-0000-0000-00000000000b";

fn event(seq: i64, kind: EventKind, payload: NacPayload) -> Event {
    let mac: Mac = "00:1b:21:00:00:01".parse().unwrap();
    // From JSON, so that a new property of endpoints is none of this test's business.
    let facts: EndpointFacts = serde_json::from_value(serde_json::json!({
        "mac": mac, "status": "new", "ne": 1, "port": "1/1", "mac_randomised": false, "ips": [],
        "compliance": "unknown", "port_endpoints": 1,
        "first_seen": "2026-01-01T00:00:00Z", "last_seen": "2026-01-01T00:00:00Z",
    }))
    .unwrap();
    let at = jiff::Timestamp::from_second(1_700_000_000 + seq).unwrap();
    Event {
        seq: EventSeq(seq),
        recorded_at: at,
        event: NewEvent {
            at,
            kind,
            subject: Subject::Mac(mac),
            ne: Some(NeId(1)),
            port: Some(PortName("1/1".into())),
            severity: Severity::Info,
            outcome: Outcome::Success,
            facts: Some(facts),
            payload: Payload::Nac(payload),
            cause: None,
        },
    }
}

fn port() -> (String, String) {
    ("sw".into(), "1/1".into())
}

fn asked(id: &str, key: &str, action: &str, port: Option<(String, String)>) -> Asked {
    Asked {
        id: id.into(),
        key: key.into(),
        action: action.into(),
        state: "done".into(),
        note: String::new(),
        batch: None,
        port,
        outcome: Some(2),
    }
}

/// One rogue, quarantined and told, all of it well.
fn well() -> (Observed, Outside) {
    let rule: Rule = serde_json::from_value(serde_json::json!({
        "id": 1, "revision": 1, "name": "r", "on": ["new_endpoint"], "enabled": true,
        "reactions": [{ "do": "quarantine", "bounce": false }, { "do": "webhook", "name": "soc" }],
        "period": { "every": "1h" },
    }))
    .unwrap();
    let changed = NacPayload::RuleSetChanged { rule: RuleId(1), revision: RuleRevision(1), enabled: true };
    let vlan = VlanId::new(666).unwrap();
    let vlans = QuarantineVlans { default: None, by_element: BTreeMap::from([(NeId(1), vlan)]) };
    let mut observed = Observed {
        events: vec![
            event(1, EventKind::RuleSetChanged, changed),
            event(2, EventKind::NewEndpoint, NacPayload::NewEndpoint),
        ],
        judged: 2,
        revisions: vec![rule],
        settings: Settings { vlans, ..Settings::default() },
        requests: vec![
            // A rule's reactions are numbered from 1: number 0 is its alarm.
            asked(REQUEST, "rule:2:1:1:1", "move_port", Some(port())),
            asked(HOOK, "rule:2:1:1:2", "webhook", None),
        ],
        wanted: vec![Wanted { port: port(), progress: "verified".into(), note: String::new() }],
        recorded: BTreeMap::from([(REQUEST.into(), 1), (HOOK.into(), 1)]),
        acts: vec![("endpoint.authorise".into(), "x".into(), "promise 1 of torture".into())],
        records: 5,
        ..Observed::default()
    };
    observed.state = calculate(&observed).state;
    let change = |object, instance: &str, before: &str, after: &str| SetChange {
        object,
        instance: instance.into(),
        before: before.into(),
        after: after.into(),
    };
    let set = SetRecord {
        at: jiff::Timestamp::UNIX_EPOCH,
        sim_time: SimTime::ZERO,
        device: "sw".into(),
        changes: vec![
            change("dot1qPvid", "1/1", "10", "666"),
            change("dot1qVlanStaticEgressPorts", "666", "1/9", "1/1,1/9"),
        ],
    };
    let outside = Outside {
        sets: vec![set],
        webhooks: vec![HOOK.into()],
        promised: vec!["promise 1 of torture".into()],
        ports: BTreeMap::from([(port(), (666, true))]),
        quarantined: BTreeSet::from([port()]),
        quarantine: 666,
        ..Outside::default()
    };
    (observed, outside)
}

/// What the checks say after `alter` has spoiled something.
fn said(alter: impl FnOnce(&mut Observed, &mut Outside)) -> Vec<String> {
    let (mut observed, mut outside) = well();
    alter(&mut observed, &mut outside);
    settled(&observed, &outside)
}

#[track_caller]
fn named(alter: impl FnOnce(&mut Observed, &mut Outside), words: &str) {
    let wrong = said(alter);
    assert!(wrong.iter().any(|sentence| sentence.contains(words)), "'{words}' is not in {wrong:#?}");
}

#[test]
fn where_all_is_well_nothing_is_said() {
    assert_eq!(said(|_, _| {}), Vec::<String>::new());
}

#[test]
fn events_that_were_lost_or_judged_twice_or_never_are_named() {
    named(|o, _| drop(o.events.remove(0)), "stands where event 1 belongs");
    named(|o, _| o.judged = 7, "the log ends at 2");
    named(|o, _| o.judged = 1, "follows from no event");
    named(|o, _| drop(o.requests.remove(1)), "rule:2:1:1:2 (webhook) should be there");
    named(|o, _| o.requests[1].action = "mail".into(), "it should be webhook");
    named(|o, _| o.requests[0].key = "rule:2:1:1:0".into(), "rule:2:1:1:0 follows from no event");
    named(|o, _| o.state.clear(), "the rules remember 0 things");
    named(|o, _| o.state[0].last.at = jiff::Timestamp::UNIX_EPOCH, "first difference");
    named(
        |o, _| o.requests.push(asked("c", "rule:2:1:1:3", "mail", None)),
        "rule:2:1:1:3 follows from no event",
    );
}

#[test]
fn keys_and_leaves_that_are_there_twice_are_named() {
    named(|o, _| o.requests[1].key = o.requests[0].key.clone(), "is not unique");
    named(|o, _| o.recorded = BTreeMap::from([(HOOK.into(), 2)]), "Some(2) times in the trail");
    named(|o, _| o.recorded.clear(), "None times in the trail");
    named(|o, _| o.recorded.extend([("z".into(), 1)]), "request z, which does not exist");
    named(|o, _| o.fault = Some("record 3 is missing".into()), "does not verify: record 3");
}

#[test]
fn what_is_left_half_done_is_named() {
    named(|o, _| o.requests[0].state = "opened".into(), "is still opened");
    named(|o, _| o.wanted[0].progress = "attempted".into(), "is still attempted");
    named(|o, _| o.open_records = 1, "1 records of the trail");
    named(|o, _| o.open_attempts = 1, "1 attempts at ports");
    named(|o, _| o.judged = 1, "the judge stands at event 1 of 2");
}

#[test]
fn one_shots_that_came_twice_or_never_or_unasked_are_named() {
    named(|_, s| s.webhooks.push(HOOK.into()), "came twice");
    named(|_, s| s.webhooks.clear(), "it was not seen outside");
    named(|_, s| s.webhooks.push("z".into()), "nobody asked for it");
    named(|_, s| s.mails = vec!["<1@x>".into(), "<1@x>".into()], "Message-ID <1@x> came twice");
    named(|_, s| s.commands = vec!["mac 9".into(), "mac 9".into()], "the command ran twice");
    named(|o, _| o.requests[1].state = "pending".into(), "it was seen outside");
    named(|o, _| o.requests[1].state = "failed".into(), "is failed");
    named(|o, _| o.requests[1].outcome = None, "no event tells");
    // Interrupted: nobody knows, and both are well.
    for seen in [vec![HOOK.to_owned()], vec![]] {
        let wrong = said(|o, s| {
            o.requests[1].state = "unknown".into();
            s.webhooks = seen;
        });
        assert_eq!(wrong, Vec::<String>::new());
    }
}

#[test]
fn a_second_changing_set_is_named() {
    named(|_, s| s.sets.push(s.sets[0].clone()), "dot1qPvid of (\"sw\", \"1/1\") was changed 2 times");
    named(|_, s| s.sets.push(s.sets[0].clone()), "dot1qVlanStaticEgressPorts");
    let back = |s: &mut Outside| {
        let mut back = s.sets[0].clone();
        back.changes[0].before = "666".into();
        back.changes[0].after = "10".into();
        back.changes.truncate(1);
        s.sets.push(back);
    };
    named(|_, s| back(s), "(OutOf) for 0 wishes");
    let down = |s: &mut Outside, times: usize| {
        let change = SetChange {
            object: "ifAdminStatus",
            instance: "1/1".into(),
            before: "up".into(),
            after: "down".into(),
        };
        let record = SetRecord { changes: vec![change], ..s.sets[0].clone() };
        s.sets.extend(std::iter::repeat_n(record, times));
    };
    named(|_, s| down(s, 2), "ifAdminStatus");
    assert_eq!(said(|_, s| down(s, 1)), Vec::<String>::new(), "one bounce is what was wanted");
    // A SET that changes nothing is no changing one.
    assert_eq!(
        said(|_, s| s.sets.push(SetRecord { changes: vec![], ..s.sets[0].clone() })),
        Vec::<String>::new()
    );
}

#[test]
fn ports_in_the_wrong_state_and_broken_promises_are_named() {
    named(|_, s| s.ports.extend([(port(), (10, true))]), "should be in quarantine");
    named(|_, s| s.quarantined.clear(), "should not be");
    named(|_, s| s.ports.extend([(port(), (666, false))]), "was left shut");
    named(|o, _| o.acts.clear(), "was answered with yes");
}
