//! Judgement: index, period, schedule, cause, revisions, replay, rehearsal.

use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::SignedDuration;
use netwarden_model::access::PortAccess;
use netwarden_model::*;
use netwarden_rules::*;
use proptest::prelude::*;

use crate::events::{
    self, caused, changed, new_endpoint, rule, settings_changed, spoofing, tick, unreachable,
};

const QUARANTINE: Reaction = Reaction::Quarantine { vlan: None, bounce: true };

fn settings() -> Settings {
    let vlan = |id| VlanId::new(id).unwrap();
    Settings {
        vlans: QuarantineVlans {
            default: None,
            by_element: [(NeId(3), vlan(999)), (NeId(4), vlan(998))].into(),
        },
        ..Settings::default()
    }
}

fn set(rules: Vec<Rule>) -> RuleSet {
    RuleSet::compile_with(rules, settings()).unwrap()
}

fn every(rule: Rule, seconds: i64) -> Rule {
    let every = Some(SignedDuration::from_secs(seconds));
    Rule { period: Some(Period { every, schedule: None }), ..rule }
}

// proves: NAC-11
#[test]
fn a_match_raises_the_alarm_and_takes_its_actions() {
    let rule = Rule {
        alarm: Some(Destination::Syslog { name: "siem".into() }),
        ..rule(
            7,
            &[EventKind::NewEndpoint],
            "endpoint.status == 'new'",
            vec![QUARANTINE, Reaction::SetStatus { status: EndpointStatus::Unauthorised }],
        )
    };
    let mut state = RuleState::default();
    let judgement = judge(&set(vec![rule]), &mut state, &new_endpoint(5, 0, 7));
    let [alarm, port, status] = judgement.decisions.as_slice() else { panic!("{judgement:?}") };
    assert_eq!(alarm.reaction, ALARM);
    assert!(matches!(&alarm.action, Action::Syslog { name, message }
        if name == "siem" && message.contains("new_endpoint of 00:1b:21:00:00:07")));
    assert_eq!(port.key, RequestKey::of_rule(EventSeq(5), RuleId(7), RuleRevision(1), 1));
    assert_eq!(
        port.action,
        Action::SetPortAccess {
            port: events::port(3, 7),
            access: PortAccess::Vlan { vlan: VlanId::new(999).unwrap(), bounce: true },
            endpoint: Some(events::mac(7)),
        }
    );
    assert_eq!(
        status.action,
        Action::SetStatus { endpoint: events::mac(7), status: EndpointStatus::Unauthorised }
    );
    assert_eq!((port.depth, &judgement.failures), (0, &vec![]));
    assert_eq!(state.take_changes().len(), 1, "the port that it changed");
}

#[test]
fn a_masquerade_is_shut_where_it_was_found() {
    let rule = rule(1, &[EventKind::MacSpoofing], "", vec![Reaction::ShutPort]);
    let judgement = judge(&set(vec![rule]), &mut RuleState::default(), &spoofing(1, 0, 7));
    assert!(
        matches!(&judgement.decisions[0].action, Action::SetPortAccess { port, access: PortAccess::Shut, .. }
        if *port == events::port(4, 40))
    );
}

#[test]
fn what_cannot_be_done_is_said_and_the_rest_goes_on() {
    let mut event = new_endpoint(1, 0, 7);
    event.event.ne = Some(NeId(9));
    event.event.facts.as_mut().unwrap().ne = Some(NeId(9));
    let failing = rule(1, &[EventKind::NewEndpoint], "100 / (event.ne - 9) > 1", vec![Reaction::ShutPort]);
    let other =
        rule(2, &[EventKind::NewEndpoint], "", vec![QUARANTINE, Reaction::Webhook { name: "w".into() }]);
    let judgement = judge(&set(vec![failing, other]), &mut RuleState::default(), &event);
    assert_eq!(judgement.decisions.len(), 1);
    assert_eq!(judgement.matches.len(), 1);
    assert_eq!(judgement.failures[0].reason, "'/' divides by zero");
    assert_eq!(judgement.failures[0].reaction, None);
    assert_eq!(judgement.failures[1].reason, "NE 9 has no quarantine VLAN, and the rule names none");
    assert_eq!(judgement.failures[1].reaction, Some(1));
}

#[test]
fn a_period_counts_for_each_subject_by_itself() {
    let set = set(vec![every(rule(1, &[EventKind::NewEndpoint], "", vec![Reaction::ShutPort]), 600)]);
    let mut state = RuleState::default();
    let mut fired =
        |seq, second, n| !judge(&set, &mut state, &new_endpoint(seq, second, n)).decisions.is_empty();
    assert!(fired(1, 0, 1));
    assert!(!fired(2, 599, 1));
    assert!(fired(3, 10, 2), "another subject");
    assert!(fired(4, 600, 1));
    assert!(!fired(5, 1199, 1));
    assert!(fired(6, -100_000, 1), "a clock set back does not silence a rule");
}

#[test]
fn a_schedule_follows_its_time_zone_over_midnight_and_on_its_days() {
    // the start is Thursday, 2026-01-01 10:00 UTC, 11:00 in Berlin
    let on = |schedule: &str, second: i64| {
        let text = format!(
            "name = 'n'\non = ['tick']\nenabled = true\nreactions = [{{ do = 'webhook', name = 'w' }}]\n[period.schedule]\n{schedule}"
        );
        let rule: Rule = toml::from_str(&text).unwrap();
        let judgement = judge(&set(vec![rule]), &mut RuleState::default(), &tick(1, second));
        !judgement.decisions.is_empty()
    };
    let berlin = "days = ['thu']\nfrom = '11:00:00'\nto = '12:00:00'\ntime_zone = 'Europe/Berlin'";
    assert!(on(berlin, 0) && on(berlin, 3599));
    assert!(!on(berlin, -1) && !on(berlin, 3600) && !on(berlin, 86_400));
    let night = "days = ['thu']\nfrom = '22:00:00'\nto = '06:00:00'";
    assert!(!on(night, 0));
    assert!(on(night, 12 * 3600) && on(night, 19 * 3600), "Thursday evening and Friday morning");
    assert!(!on(night, -5 * 3600) && !on(night, 20 * 3600), "not Thursday morning");
    assert!(on("days = ['thu']", 0) && !on("days = ['fri']", 0));
}

#[test]
fn effects_of_our_own_end_at_the_depth_of_cause() {
    let rule = rule(1, &[EventKind::NewEndpoint], "", vec![Reaction::Webhook { name: "w".into() }]);
    let set = set(vec![rule]);
    for depth in 0..5 {
        let event = caused(new_endpoint(1, 0, 1), depth);
        let judgement = judge(&set, &mut RuleState::default(), &event);
        assert_eq!(judgement.decisions.len(), usize::from(depth < 3), "depth {depth}");
        assert_eq!(judgement.too_deep, depth >= 3);
        assert!(judgement.decisions.iter().all(|decision| decision.depth == depth));
    }
}

#[test]
fn a_bounce_does_not_feed_the_rule_that_bounced() {
    let kinds = [EventKind::NewEndpoint, EventKind::MacOnline];
    let webhook = Reaction::Webhook { name: "w".into() };
    let set = set(vec![
        rule(1, &kinds, "", vec![QUARANTINE, webhook]),
        rule(2, &kinds, "", vec![Reaction::ShutPort]),
    ]);
    let mut state = RuleState::default();
    assert_eq!(
        judge(&set, &mut state, &caused(new_endpoint(1, 0, 1), 1)).decisions.len(),
        3,
        "nobody changed it yet"
    );
    let bounced = judge(&set, &mut state, &caused(new_endpoint(2, 5, 1), 1));
    assert!(matches!(bounced.decisions.as_slice(), [one] if one.reaction == 2), "{bounced:?}");
    assert_eq!(bounced.matches[0].held, [Held::OwnEffect { reaction: 1, port: events::port(3, 1) }]);
    assert_eq!(judge(&set, &mut state, &caused(new_endpoint(3, 6, 2), 1)).decisions.len(), 3, "another port");
    assert_eq!(judge(&set, &mut state, &new_endpoint(4, 7, 1)).decisions.len(), 3, "from outside");
}

#[test]
fn the_index_leaves_few_candidates_and_loses_none() {
    let mut rules: Vec<Rule> = (1..=60)
        .map(|n| {
            rule(
                n,
                &[EventKind::NewEndpoint],
                &format!("endpoint.ne == {n} && endpoint.vlan > 1"),
                vec![Reaction::ShutPort],
            )
        })
        .collect();
    rules.push(rule(
        61,
        &[EventKind::NewEndpoint],
        "endpoint.status in ['new', 'unauthorised', 'new']",
        vec![Reaction::ShutPort],
    ));
    rules.push(rule(62, &[EventKind::NewEndpoint], "endpoint.mac_randomised", vec![Reaction::ShutPort]));
    rules.push(rule(
        63,
        &[EventKind::NewEndpoint],
        "endpoint.vlan == 20 || endpoint.ne == 5",
        vec![Reaction::ShutPort],
    ));
    rules.push(rule(64, &[EventKind::NewEndpoint], "endpoint.group == null", vec![Reaction::ShutPort]));
    rules.push(rule(65, &[EventKind::MacSpoofing], "", vec![Reaction::ShutPort]));
    let set = set(rules);
    let event = new_endpoint(1, 0, 1);
    let ids = |set: &RuleSet| -> Vec<i64> {
        set.candidates(view::View::new(&event)).iter().map(|rule| rule.rule().id.0).collect()
    };
    assert_eq!(ids(&set), [3, 61, 63, 64]);
    let judged: Vec<i64> =
        judge(&set, &mut RuleState::default(), &event).matches.iter().map(|m| m.rule.0).collect();
    assert_eq!(judged, [3, 61, 63, 64]);
}

#[test]
fn a_backlog_is_judged_by_the_revisions_then_valid() {
    let version = |revision, reaction| Rule {
        revision: RuleRevision(revision),
        ..rule(1, &[EventKind::NewEndpoint], "", vec![reaction])
    };
    let mut book = RuleBook::new(settings());
    let mut state = RuleState::default();
    let log = [
        new_endpoint(1, 0, 1),
        changed(2, 1, 1, 1, true),
        new_endpoint(3, 2, 1),
        changed(4, 3, 1, 2, true),
        new_endpoint(5, 4, 1),
        changed(6, 5, 1, 2, false),
        new_endpoint(7, 6, 1),
    ];
    assert_eq!(book.missing(&log[1]), Some((RuleId(1), RuleRevision(1))));
    book.learn(version(1, Reaction::ShutPort));
    book.learn(version(2, QUARANTINE));
    assert_eq!(book.missing(&log[1]), None);
    let mut decided = Vec::new();
    let mut changes = Vec::new();
    for event in &log {
        let step = book.judge(&mut state, event);
        decided.extend(
            step.judgement.decisions.into_iter().map(|d| (event.seq.0, d.revision.0, d.action.name())),
        );
        changes.extend(step.change);
    }
    assert_eq!(decided, [(3, 1, "shut_port"), (5, 2, "move_port")]);
    assert_eq!(changes.len(), 3);
    for (seq, revision) in
        [(1, None), (2, None), (3, Some(1)), (4, Some(1)), (5, Some(2)), (6, Some(2)), (7, None)]
    {
        let set = book.at(EventSeq(seq));
        assert_eq!(set.rules().first().map(|rule| rule.rule().revision.0), revision, "event {seq}");
    }
    let again = RuleBook::load(settings(), [version(1, Reaction::ShutPort), version(2, QUARANTINE)], changes);
    assert_eq!(again.at(EventSeq(5)).rules().len(), 1);
    assert!(again.current().rules().is_empty());
}

fn moved_to(judgement: &Judgement) -> Vec<u16> {
    let vlan = |decision: &Decision| match &decision.action {
        Action::SetPortAccess { access: PortAccess::Vlan { vlan, .. }, .. } => Some(vlan.get()),
        _ => None,
    };
    judgement.decisions.iter().filter_map(vlan).collect()
}

#[test]
fn a_backlog_is_judged_by_the_quarantine_vlans_then_valid() {
    let quarantine = Reaction::Quarantine { vlan: None, bounce: false };
    let mut judged = rule(1, &[EventKind::NewEndpoint], "", vec![quarantine]);
    judged.enabled = true;
    let ne = new_endpoint(2, 2, 1).ne.unwrap();
    let at = |vlan: u16| Settings {
        vlans: QuarantineVlans { default: None, by_element: [(ne, vlan.try_into().unwrap())].into() },
        ..Settings::default()
    };
    let log = [
        settings_changed(1, 1, &at(666)),
        new_endpoint(2, 2, 1),
        settings_changed(3, 3, &at(777)),
        new_endpoint(4, 4, 2),
    ];
    let change = RuleChange { seq: EventSeq(0), rule: RuleId(1), revision: judged.revision, enabled: true };
    let mut book = RuleBook::load(Settings::default(), [judged.clone()], vec![change]);
    let mut state = RuleState::default();
    let vlans: Vec<u16> =
        log.iter().flat_map(|event| moved_to(&book.judge(&mut state, event).judgement)).collect();
    assert_eq!(vlans, [666, 777]);
    // A rehearsal follows the log in the same way, whatever holds now.
    let compiled = vec![Arc::new(CompiledRule::compile(judged).unwrap())];
    let mut rehearsal = Rehearsal::new(compiled, Settings::default());
    log.iter().for_each(|event| rehearsal.feed(event));
    assert_eq!(rehearsal.finish(false).rules[0].failures, 0);
    // The payload says all of it.
    assert_eq!(Settings::of(&log[2]), Some(at(777)));
}

// proves: NAC-10
#[test]
fn period_limits_repetition_and_schedules_on_recorded_ticks() {
    let daily = Period {
        every: Some(SignedDuration::from_hours(24)),
        schedule: Some(Schedule {
            days: vec![],
            from: "08:00:00".parse().unwrap(),
            to: "20:00:00".parse().unwrap(),
            time_zone: "UTC".into(),
        }),
    };
    let mail = Reaction::Syslog { name: "default".into(), message: "it is {{ event.kind }}".into() };
    let mut scheduled = rule(1, &[EventKind::Tick], "", vec![mail]);
    scheduled.period = Some(daily);
    let quarter = 15 * 60;
    // A week of ticks; for a day nobody was there to record any.
    let log: Vec<Event> = (0..7 * 96)
        .filter(|n| !(2 * 96..3 * 96).contains(n))
        .map(|n| tick(i64::from(n) + 1, i64::from(n) * quarter))
        .collect();
    let rules = set(vec![scheduled.clone()]);
    let mut state = RuleState::default();
    let fired: Vec<_> = log
        .iter()
        .filter(|event| judge(&rules, &mut state, event).decisions.iter().any(|d| d.reaction > 0))
        .map(|event| event.at)
        .collect();
    assert!((5..=7).contains(&fired.len()), "{fired:?}");
    for pair in fired.windows(2) {
        assert!(pair[1].duration_since(pair[0]) >= SignedDuration::from_hours(24), "{fired:?}");
    }
    for at in &fired {
        let hour = at.to_zoned(jiff::tz::TimeZone::UTC).hour();
        assert!((8..20).contains(&hour), "{at}");
    }
    let compiled = vec![Arc::new(CompiledRule::compile(scheduled).unwrap())];
    let mut rehearsal = Rehearsal::new(compiled, Settings::default());
    log.iter().for_each(|event| rehearsal.feed(event));
    let report = rehearsal.finish(false);
    assert_eq!(report.rules[0].actions["syslog"], fired.len() as u64);
}

#[test]
fn a_revision_that_cannot_be_used_says_so() {
    let mut book = RuleBook::new(settings());
    book.learn(rule(1, &[EventKind::NewEndpoint], "endpoint.gone == 1", vec![Reaction::ShutPort]));
    let step = book.judge(&mut RuleState::default(), &changed(1, 0, 1, 1, true));
    assert!(step.judgement.failures[0].reason.contains("no property 'endpoint.gone'"), "{step:?}");
    let step = book.judge(&mut RuleState::default(), &changed(2, 0, 8, 1, true));
    assert!(step.judgement.failures[0].reason.contains("is missing"), "{step:?}");
}

// proves: NAC-17
#[test]
fn rehearsal_tells_what_a_disabled_rule_would_have_done() {
    let disabled = Rule {
        enabled: false,
        ..every(rule(1, &[EventKind::NewEndpoint], "endpoint.status == 'new'", vec![QUARANTINE]), 3600)
    };
    let shutting =
        Rule { enabled: false, ..rule(2, &[EventKind::MacSpoofing], "", vec![Reaction::ShutPort]) };
    let rules = [disabled, shutting].map(|rule| Arc::new(CompiledRule::compile(rule).unwrap()));
    let history = [
        new_endpoint(1, 0, 1),
        unreachable(2, 60, 3),
        new_endpoint(3, 120, 2),
        new_endpoint(4, 180, 1),
        spoofing(5, 240, 3),
    ];
    let chunks = || history.chunks(2).map(|chunk| Ok::<_, String>(chunk.to_vec()));
    let mut seen = Vec::new();
    let report = rehearse(Rehearsal::new(rules.to_vec(), settings()), chunks(), |events| {
        seen.push(events);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(seen, [2, 4, 5]);
    assert_eq!((report.events, report.matched_events, report.cancelled), (5, 4, false));
    assert_eq!(report.matched, [1, 3, 4, 5].map(EventSeq));
    let [first, second] = report.rules.as_slice() else { panic!() };
    assert_eq!((first.matches, first.held), (3, 1));
    assert_eq!(first.moved, [events::port(3, 1), events::port(3, 2)].into());
    assert_eq!((first.first, first.last), (Some(events::at(0)), Some(events::at(180))));
    assert_eq!(first.subjects.len(), 2);
    assert_eq!(second.shut, [events::port(4, 40)].into());
    assert_eq!(second.actions["shut_port"], 1);
    let effects: Vec<_> = report
        .effects
        .iter()
        .map(|effect| (effect.seq.0, effect.rule, effect.actions.join(" "), effect.held))
        .collect();
    let moved = "move_port".to_owned();
    assert_eq!(
        effects,
        [
            (1, 1, moved.clone(), false),
            (3, 1, moved, false),
            (4, 1, String::new(), true),
            (5, 2, "shut_port".to_owned(), false)
        ]
    );
    assert_eq!(report.effects[3].port, Some(events::port(4, 40)));
    let cancelled =
        rehearse(Rehearsal::new(rules.to_vec(), settings()), chunks(), |_| ControlFlow::Break(())).unwrap();
    assert_eq!((cancelled.events, cancelled.cancelled), (2, true));
    let broken = [Ok(history.to_vec()), Err("no such chunk")];
    assert_eq!(
        rehearse(Rehearsal::new(rules.to_vec(), settings()), broken, |_| ControlFlow::Continue(())),
        Err("no such chunk")
    );
}

#[test]
fn an_explanation_names_the_part_that_failed() {
    let rule = CompiledRule::compile(rule(
        1,
        &[EventKind::NewEndpoint],
        "endpoint.status == 'new' && (endpoint.vlan == 30 || endpoint.group == 'printers')",
        vec![Reaction::ShutPort],
    ))
    .unwrap();
    let why = explain(&rule, &new_endpoint(1, 0, 1));
    assert_eq!(
        why.summary,
        "rule 'rule 1' does not match: endpoint.vlan == 30 is false, since endpoint.vlan is 20"
    );
    let shown: Vec<(usize, &str)> = why.parts.iter().map(|part| (part.depth, part.result.as_str())).collect();
    assert_eq!(shown, [(0, "false"), (1, "true"), (1, "false"), (2, "false"), (2, "false")]);
    assert_eq!(why.parts[4].because, ["endpoint.group is not known"]);
    let other = explain(&rule, &unreachable(1, 0, 3));
    assert_eq!(other.summary, "rule 'rule 1' does not look at ne_unreachable, only at new_endpoint");
}

fn some_log() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec((0u8..7, 1u8..5, 0i64..400, 0u8..4), 1..60).prop_map(|steps| {
        let mut second = 0;
        steps
            .into_iter()
            .enumerate()
            .map(|(place, (what, n, pause, depth))| {
                second += pause;
                let seq = i64::try_from(place).unwrap() + 1;
                match what {
                    0 => spoofing(seq, second, n),
                    1 => tick(seq, second),
                    2 => changed(seq, second, i64::from(n.min(2)), 1 + i64::from(depth % 2), pause % 3 != 0),
                    3 => caused(new_endpoint(seq, second, n), depth),
                    _ => new_endpoint(seq, second, n),
                }
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn decisions_are_the_same_at_once_and_in_any_split(log in some_log(), cuts in proptest::collection::vec(0usize..60, 0..5)) {
        let mut texts = Vec::new();
        for revision in 1..=2 {
            for id in 1..=2 {
                let one = rule(id, &[EventKind::NewEndpoint, EventKind::MacSpoofing, EventKind::Tick][..1 + id as usize], "event.depth < 2", vec![
                    if id == 1 { QUARANTINE } else { Reaction::Webhook { name: "w".into() } },
                ]);
                texts.push(Rule { revision: RuleRevision(revision), ..every(one, 300 * revision) });
            }
        }
        let mut whole = (RuleBook::load(settings(), texts.clone(), vec![]), RuleState::default());
        let at_once: Vec<Step> = log.iter().map(|event| whole.0.judge(&mut whole.1, event)).collect();

        // after every cut: as if restarted, from what was stored
        let mut stored: (Vec<RuleChange>, std::collections::BTreeMap<StateKey, StateRow>) = Default::default();
        let mut book = RuleBook::load(settings(), texts.clone(), vec![]);
        let mut state = RuleState::default();
        let mut split = Vec::new();
        for (place, event) in log.iter().enumerate() {
            if cuts.contains(&place) {
                book = RuleBook::load(settings(), texts.clone(), stored.0.clone());
                state = RuleState::load(stored.1.values().cloned());
                state.expire(event.at);
            }
            let step = book.judge(&mut state, event);
            stored.0.extend(step.change);
            stored.1.extend(state.take_changes().into_iter().map(|row| (row.key.clone(), row)));
            split.push(step);
        }
        prop_assert_eq!(at_once, split);
    }
}
