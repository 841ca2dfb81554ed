//! Judging on one core, and rehearsal of what a store has recorded.

use std::time::Instant;

use anyhow::ensure;
use netwarden_model::{Event, EventKind, EventSeq, RuleId, RuleRevision, Severity};
use netwarden_rules::rehearse::CHUNK;
use netwarden_rules::view::View;
use netwarden_rules::{Reaction, Rehearsal, Rule, RuleSet, RuleState, Settings, judge};
use netwarden_spine::{Spine, SpineError};
use netwarden_store::{Store, StoreConfig, Tx};
use serde_json::json;

use crate::events::{Endpoint, Past};
use crate::numbers::cpu_seconds;

/// Events appended in one transaction.
const BATCH: usize = 4_000;

/// See the module.
pub async fn run(events: usize) -> anyhow::Result<serde_json::Value> {
    let set = RuleSet::compile(rules())?;
    let judged: Vec<Event> = (0..events.min(100_000)).map(|n| recorded(n, events)).collect();
    let five = judged.iter().filter(|event| set.candidates(View::new(event)).len() == 5).count();
    ensure!(five == judged.len(), "{five} of {} events have 5 candidates", judged.len());
    let mut state = RuleState::default();
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    let mut decisions = 0;
    for event in &judged {
        decisions += judge(&set, &mut state, event).decisions.len();
        state.take_changes();
    }
    let (judging, judging_cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu);

    let folder = tempfile::tempdir()?;
    let config = StoreConfig::sqlite(folder.path().join("events.db"));
    let store = Store::open(config, &[netwarden_spine::MIGRATIONS]).await?;
    let spine = Spine::open(store.clone()).await?;
    let started = Instant::now();
    for first in (0..events).step_by(BATCH) {
        append(&store, &spine, first, BATCH.min(events - first), events).await?;
    }
    let recording = started.elapsed().as_secs_f64();
    store.checkpoint().await?;

    let mut rehearsal = Rehearsal::new(set.rules().to_vec(), Settings::default());
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    let mut position = EventSeq(0);
    loop {
        let chunk = spine.read_from(position, u64::try_from(CHUNK)?).await?;
        let Some(last) = chunk.last() else { break };
        position = last.seq;
        for event in &chunk {
            rehearsal.feed(event);
        }
    }
    let report = rehearsal.finish(false);
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    store.close().await?;
    Ok(json!({
        "judging": {
            "events": judged.len(), "rules": 100, "candidates": 5, "decisions": decisions,
            "events_per_s": rate(judged.len(), judging), "events_per_cpu_s": rate(judged.len(), judging_cpu),
        },
        "recording": { "events": events, "events_per_s": rate(events, recording) },
        "rehearsal": {
            "events": report.events, "rules": 100, "matched": report.matched_events,
            "seconds": seconds, "cpu_seconds": cpu,
        },
    }))
}

fn rate(count: usize, seconds: f64) -> f64 {
    (count as f64 / seconds.max(1e-9)).round()
}

/// Appends `count` events from the `first`th of `all`, each batch at its own time.
pub async fn append(
    store: &Store,
    spine: &Spine,
    first: usize,
    count: usize,
    all: usize,
) -> anyhow::Result<()> {
    let past = Past::new();
    let events: Vec<_> =
        (first..first + count).map(|n| of(n, 200_000, 1_000).event(n, past.at(n, all))).collect();
    let (spine, now) = (spine.clone(), past.at(first + count, all));
    store
        .write::<_, SpineError, _>(move |tx: &Tx| {
            Box::pin(async move { spine.append(tx, now, &events).await.map(|_| ()) })
        })
        .await?;
    Ok(())
}

/// Whom the `n`th event is about.
fn of(n: usize, endpoints: usize, elements: usize) -> Endpoint {
    // A step that shares no divisor with the number of endpoints reaches all of them.
    Endpoint { number: n.wrapping_mul(7_919) % endpoints, elements }
}

fn recorded(n: usize, all: usize) -> Event {
    let at = Past::new().at(n, all);
    let seq = EventSeq(i64::try_from(n).unwrap_or(0) + 1);
    Event { seq, recorded_at: at, event: of(n, 200_000, 1_000).event(n, at) }
}

/// 95 rules for one VLAN each, of which one is a candidate, 4 for every event, 1 for another kind.
fn rules() -> Vec<Rule> {
    let kinds = [
        EventKind::MacOnline,
        EventKind::MacOffline,
        EventKind::NewEndpoint,
        EventKind::Unauthorised,
        EventKind::EndpointMoved,
        EventKind::MacSpoofing,
    ];
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
    // First-level equality is what rules are indexed by. 40 of the VLANs are there.
    let mut rules: Vec<Rule> = (1..=95)
        .map(|id| {
            let vlan = 9 + id;
            rule(
                id,
                &kinds,
                format!("endpoint.vlan == {vlan} && endpoint.port_endpoints > 3 && !endpoint.mac_randomised"),
            )
        })
        .collect();
    rules.extend([
        rule(96, &kinds, "endpoint.host_name.startsWith('server') && endpoint.port_endpoints > 1".into()),
        rule(97, &kinds, "endpoint.ips.exists(ip, in_subnet(ip, '198.51.100.0/24'))".into()),
        rule(98, &kinds, "hour(event.at, 'Europe/Berlin') < 6 && !(endpoint.group in ['staff', 'visitors']) && endpoint.port_endpoints > 3".into()),
        rule(99, &kinds, "endpoint.vendor.matches('(?i)espressif|tuya') || endpoint.mac.startsWith('02:27:eb')".into()),
    ]);
    let log = Reaction::Syslog { name: "log".to_owned(), message: String::new() };
    // About no endpoint, so that no reaction on one makes sense.
    rules.push(Rule { reactions: vec![log], ..rule(100, &[EventKind::NeRebooted], String::new()) });
    rules
}
