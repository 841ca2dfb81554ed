//! From the rogue's first frame to the quarantine that is read back, step by step.

use anyhow::{Context, bail};
use jiff::Timestamp;
use netwarden_model::{EventKind, EventSeq, Mac, Scope, Subject};
use netwarden_simulator::{Chance, Happening};
use serde::Serialize;

use super::campus::Stage;
use crate::output::Rows;
use crate::wire::Server;

/// The timeline.
#[derive(Debug, Serialize)]
pub struct Timeline {
    /// The rogue's address.
    pub rogue: Mac,
    /// The switch.
    pub element: String,
    /// The port.
    pub port: String,
    /// First frame, seen, event, rule, request, set, read back.
    pub steps: Vec<Step>,
    /// From the first frame to the read-back, in milliseconds.
    pub total_ms: i64,
}

/// One step.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Which.
    pub step: &'static str,
    /// When.
    pub at: Timestamp,
    /// Milliseconds since the first frame.
    pub after_ms: i64,
    /// What, in a sentence.
    pub what: String,
}

impl Timeline {
    /// As a table.
    pub fn to_table(&self) -> String {
        let mut rows = Rows::new(&["step", "after", "at", "what"]);
        for step in &self.steps {
            rows.push([
                step.step.to_owned(),
                format!("{} ms", step.after_ms),
                step.at.to_string(),
                step.what.clone(),
            ]);
        }
        rows.to_table()
    }
}

/// Plugs the rogue in and waits until its port was read back.
pub async fn rogue(server: &Server, stage: &Stage, seed: u64) -> anyhow::Result<Timeline> {
    let spine = &server.desk.spine;
    let mut latest = spine.subscribe();
    let mut position = *latest.borrow_and_update();
    let mut announcements = stage.campus.subscribe();
    let place = stage
        .campus
        .with_world(|world| netwarden_simulator::day::rogue_port(world, &mut Chance::new(seed), "acc-a2"))
        .context("the campus has no free port for the rogue")?;
    let mac = netwarden_simulator::day::rogue_mac(&mut Chance::new(seed));
    stage.campus.inject(Happening::RogueArrives { mac, place });
    let arrival = announcements.recv().await.context("the campus has ended")?;

    let (mut appeared, mut event): (Option<(EventSeq, Timestamp, Timestamp)>, _) = (None, None);
    while event.is_none() {
        for found in spine.read_from(position, 1000).await? {
            position = found.seq;
            if found.subject != Subject::Mac(mac) {
                continue;
            }
            match found.kind {
                EventKind::NewEndpoint if appeared.is_none() => {
                    appeared = Some((found.seq, found.at, found.recorded_at));
                }
                EventKind::EnforcementDone => event = Some(found),
                EventKind::EnforcementFailed | EventKind::EnforcementHeld => {
                    bail!("the rogue's port was not quarantined: {:?}", found.payload);
                }
                _ => {}
            }
        }
        if event.is_none() && latest.changed().await.is_err() {
            bail!("the server has ended");
        }
    }
    let (seq, seen, recorded) = appeared.context("the rogue was quarantined without ever being new")?;
    let chains = netwarden_actions::why_endpoint(server.desk.store.read(), mac, &Scope::All, 5).await?;
    let chain = chains.into_iter().next().context("no request stands behind the quarantine")?;
    let request = &chain.request.request;
    let attempt = chain.attempts.last().context("no attempt stands behind the quarantine")?;
    let netwarden_model::action::Originator::Rule { name, revision, .. } = &request.originator else {
        bail!("the request was made by something other than a rule");
    };
    let port = attempt.port.clone();
    let element = stage.names.get(&port.ne).cloned().unwrap_or_default();

    let first = arrival.at;
    let step = |step, at: Timestamp, what: String| Step {
        step,
        at,
        after_ms: i64::try_from(at.duration_since(first).as_millis()).unwrap_or(i64::MAX),
        what,
    };
    let set = attempt.set_at.context("the SETs have no time")?;
    let read_back = attempt.read_at.context("the read-back has no time")?;
    let steps = vec![
        step("first_frame", first, arrival.sentence.clone()),
        step("seen", seen, format!("{mac} is learned on {element} port {}", port.port)),
        step("event", recorded, format!("new_endpoint is event {seq} in the log")),
        step("rule", request.at, format!("rule '{name}' revision {revision} matches")),
        step("request", request.at, format!("request {} is written", request.id)),
        step("set", set, format!("PVID, egress and untagged sets of {} are set", port.port)),
        step("read_back", read_back, "the element shows the quarantine VLAN".to_owned()),
    ];
    still_cut_off(stage, mac)?;
    let total_ms = steps.last().map_or(0, |last| last.after_ms);
    Ok(Timeline { rogue: mac, element, port: port.port.0, steps, total_ms })
}

/// What the switch says is one thing, whether frames pass another: the campus knows.
fn still_cut_off(stage: &Stage, rogue: Mac) -> anyhow::Result<()> {
    let others: Vec<Mac> =
        stage.campus.located().iter().map(|located| located.mac).filter(|m| *m != rogue).collect();
    match others.iter().find(|other| stage.campus.reachable(rogue, **other)) {
        Some(other) => bail!("the rogue was quarantined and still reaches {other}"),
        None => Ok(()),
    }
}
