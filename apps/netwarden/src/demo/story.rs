//! The day in plain words: what happens on the campus, and what the server makes of it.

use netwarden_model::event::NacPayload;
use netwarden_model::{EndpointStatus, Event, EventKind, EventSeq, Payload, Subject};
use netwarden_simulator::{Announcement, Happening};
use tokio::sync::broadcast::error::RecvError;

use super::campus::Stage;
use crate::wire::Server;

/// Tells until the campus ends.
pub async fn tell(server: &Server, stage: &Stage) -> anyhow::Result<()> {
    let mut announcements = stage.campus.subscribe();
    let mut latest = server.desk.spine.subscribe();
    let mut position = *latest.borrow_and_update();
    let mut arrivals = 0u32;
    loop {
        tokio::select! {
            announcement = announcements.recv() => match announcement {
                Ok(announcement) => happened(&announcement, &mut arrivals),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            changed = latest.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                position = noticed(server, stage, position).await?;
            }
        }
    }
}

/// Comings and goings are many: they are counted; the rest is told.
fn happened(announcement: &Announcement, arrivals: &mut u32) {
    match announcement.happening {
        Happening::Arrives(_)
        | Happening::Leaves(_)
        | Happening::FallsAsleep(_)
        | Happening::WakesUp(_)
        | Happening::Roams { .. } => {
            *arrivals += 1;
            if arrivals.is_multiple_of(50) {
                eprintln!(
                    "{}  campus     {arrivals} comings, goings and roamings so far",
                    announcement.sim_time
                );
            }
        }
        _ => eprintln!("{}  campus     {}", announcement.sim_time, announcement.sentence),
    }
}

async fn noticed(server: &Server, stage: &Stage, mut position: EventSeq) -> anyhow::Result<EventSeq> {
    loop {
        let events = server.desk.spine.read_from(position, 500).await?;
        let Some(last) = events.last() else { return Ok(position) };
        position = last.seq;
        for event in &events {
            if let Some(sentence) = sentence(stage, event) {
                eprintln!("{}  netwarden  {sentence}", stage.campus.sim_now());
            }
        }
    }
}

fn sentence(stage: &Stage, event: &Event) -> Option<String> {
    let who = match &event.subject {
        Subject::Mac(mac) => match event.facts.as_ref().and_then(|facts| facts.vendor.as_deref()) {
            Some(vendor) => format!("{mac} ({vendor})"),
            None => mac.to_string(),
        },
        Subject::Ne(ne) => stage.names.get(ne).cloned().unwrap_or_else(|| ne.to_string()),
        Subject::System(part) => part.clone(),
    };
    let place = |port: &netwarden_model::PortRef| {
        format!("{} port {}", stage.names.get(&port.ne).map_or("?", String::as_str), port.port)
    };
    let Payload::Nac(payload) = &event.payload else { return None };
    Some(match (event.kind, payload) {
        // Who is on the reference list and comes for the first time is no news.
        (EventKind::NewEndpoint, _)
            if event.facts.as_ref().is_some_and(|f| f.status == EndpointStatus::New) =>
        {
            let at = event
                .facts
                .as_ref()
                .and_then(|facts| Some((facts.ne_name.as_deref()?, facts.port.as_ref()?)));
            let at = at.map_or_else(
                || "its port is not known".to_owned(),
                |(ne, port)| format!("on {ne} port {port}"),
            );
            format!("{who} was never seen before, {at}")
        }
        (_, NacPayload::MacSpoofing { known, found, .. }) => {
            format!("{who} belongs to {} and is also used on {}: a masquerade", place(known), place(found))
        }
        (_, NacPayload::ArpSpoofing { ip, known, found }) => {
            format!("{found} answers for {ip}, which is {known}'s: a stolen pairing")
        }
        (EventKind::EnforcementDone, NacPayload::Enforcement { port, access, .. }) => {
            let what =
                if access.is_some() { "is quarantined, and was read back so" } else { "is as it was before" };
            format!("{} {what}", place(port))
        }
        (
            EventKind::EnforcementHeld | EventKind::EnforcementFailed,
            NacPayload::Enforcement { port, note, .. },
        ) => {
            format!("{} is not changed: {note}", place(port))
        }
        (_, NacPayload::NeRebooted { .. }) => format!("{who} has restarted; nobody is offline because of it"),
        (_, NacPayload::NeUnreachable { reason }) => format!("{who} does not answer: {reason}"),
        (_, NacPayload::NeIncomplete { part, reason }) => {
            format!("{who} has not given its {part} for several polls: {reason}")
        }
        (_, NacPayload::PortBecameUplink { neighbour, believed, .. }) => {
            let port = event.port.as_ref().map_or("?", |port| port.0.as_str());
            if *believed {
                format!("{who} port {port} leads to {neighbour} now: nobody is at home on it any more")
            } else {
                format!("on {who} port {port} somebody claims to be {neighbour}, and nothing bears it out")
            }
        }
        (_, NacPayload::NeReachable) => format!("{who} answers again"),
        _ => return None,
    })
}
