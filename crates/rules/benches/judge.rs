//! Judging and rehearsal: 100 rules of which 5 are candidates for each event.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netwarden_model::event::NacPayload;
use netwarden_model::*;
use netwarden_rules::view::View;
use netwarden_rules::*;

const EVENTS: usize = 10_000;

fn event(n: usize) -> Event {
    let at = jiff::Timestamp::from_second(1_767_261_600 + n as i64).unwrap();
    let kinds =
        [EventKind::MacOnline, EventKind::MacOffline, EventKind::NewEndpoint, EventKind::Unauthorised];
    let ne = NeId((n % 90) as i64 + 1);
    let mac = Mac::from_u64(0x001b_2100_0000 + (n % 4000) as u64).unwrap();
    let kind = kinds.into_iter().cycle().nth(n % 4).unwrap();
    let payload = match kind {
        EventKind::MacOnline => NacPayload::MacOnline,
        EventKind::MacOffline => NacPayload::MacOffline { silent_for_s: 900 },
        EventKind::NewEndpoint => NacPayload::NewEndpoint,
        _ => NacPayload::Unauthorised,
    };
    let port = PortName(format!("GigabitEthernet1/0/{}", n % 48 + 1));
    Event {
        seq: EventSeq(n as i64 + 1),
        recorded_at: at,
        event: NewEvent {
            at,
            kind,
            subject: Subject::Mac(mac),
            ne: Some(ne),
            port: Some(port.clone()),
            severity: kind.default_severity(),
            outcome: Outcome::Success,
            facts: Some(EndpointFacts {
                mac,
                vendor: Some("Intel Corporate".into()),
                mac_randomised: false,
                ne: Some(ne),
                ne_name: Some(format!("sw-{ne}")),
                port: Some(port),
                if_index: Some(IfIndex(10_100)),
                port_alias: Some("office".into()),
                vlan: VlanId::new(20).ok(),
                ips: vec!["192.0.2.17".parse().unwrap(), "2001:db8::17".parse().unwrap()],
                dns_name: Some("pc17.example.net".into()),
                host_name: Some("pc17".into()),
                group: Some("staff".into()),
                status: EndpointStatus::Authorised,
                compliance: Compliance::Unknown,
                fingerprint: None,
                configuration: Default::default(),
                bound_to: None,
                port_endpoints: 1,
                first_seen: at,
                last_seen: at,
                custom1: None,
                custom2: None,
            }),
            payload: Payload::Nac(payload),
            cause: None,
        },
    }
}

/// 90 rules for one element each, of which one is a candidate, 4 for every event, 6 for other kinds.
fn rules() -> Vec<Rule> {
    let all = [EventKind::MacOnline, EventKind::MacOffline, EventKind::NewEndpoint, EventKind::Unauthorised];
    let rule = |id: i64, on: &[EventKind], condition: String| Rule {
        id: RuleId(id),
        revision: RuleRevision(1),
        name: format!("rule {id}"),
        description: String::new(),
        enabled: true,
        on: on.to_vec(),
        condition,
        period: None,
        severity: Severity::Minor,
        alarm: None,
        reactions: vec![Reaction::ShutPort],
    };
    let mut rules: Vec<Rule> = (1..=90)
        .map(|ne| {
            rule(ne, &all, format!("endpoint.ne == {ne} && endpoint.vlan > 1000 && !endpoint.mac_randomised"))
        })
        .collect();
    rules.extend([
        rule(91, &all, "endpoint.host_name.startsWith('server') && endpoint.port_endpoints > 1".into()),
        rule(92, &all, "endpoint.ips.exists(ip, in_subnet(ip, '198.51.100.0/24'))".into()),
        rule(93, &all, "hour(event.at, 'Europe/Berlin') < 6 && !(endpoint.group in ['staff', 'visitors']) && endpoint.vlan != 30".into()),
        rule(94, &all, "endpoint.vendor.matches('(?i)raspberry|espressif') || endpoint.mac.startsWith('b8:27:eb')".into()),
    ]);
    rules.extend((95..=100).map(|id| rule(id, &[EventKind::MacSpoofing], String::new())));
    rules
}

fn benches(c: &mut Criterion) {
    let events: Vec<Event> = (0..EVENTS).map(event).collect();
    let set = RuleSet::compile(rules()).unwrap();
    for event in &events {
        assert_eq!(set.candidates(View::new(event)).len(), 5);
    }
    let mut group = c.benchmark_group("rules");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("judge 100 rules, 5 candidates", |b| {
        let mut state = RuleState::default();
        b.iter(|| {
            for event in &events {
                black_box(judge(&set, &mut state, event));
            }
        });
    });
    group.bench_function("rehearse 100 rules", |b| {
        b.iter(|| {
            let compiled: Vec<Arc<CompiledRule>> = set.rules().to_vec();
            let mut rehearsal = Rehearsal::new(compiled, Settings::default());
            for event in &events {
                rehearsal.feed(event);
            }
            black_box(rehearsal.finish(false))
        });
    });
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
