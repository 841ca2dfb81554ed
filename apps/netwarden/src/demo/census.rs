//! The picture against the campus: nobody stands on an uplink, no access port is called one, and whoever
//! has stayed for a while is found where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netwarden_inventory::Network;
use netwarden_inventory::Role;
use netwarden_model::{EventKind, Mac, PortName, PortRef};
use serde::Serialize;
use tokio::time::Instant;

use super::campus::Stage;
use crate::wire::Server;

/// How often they are compared.
const EVERY: Duration = Duration::from_secs(2);
/// Whoever has not moved for so long was read several times meanwhile.
const STEADY: Duration = Duration::from_secs(20);

/// What the day brings, and therefore must have been seen.
const EXPECTED: [EventKind; 6] = [
    EventKind::NewEndpoint,
    EventKind::EndpointMoved,
    EventKind::MacSpoofing,
    EventKind::ArpSpoofing,
    EventKind::NeRebooted,
    EventKind::EnforcementDone,
];

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Census {
    /// Comparisons made.
    pub comparisons: u64,
    /// Endpoints that were found where they are, over all comparisons.
    pub placed: u64,
    /// Endpoints that stood on an uplink.
    pub on_uplinks: BTreeSet<String>,
    /// Ports with an endpoint that were called uplinks.
    pub called_uplinks: BTreeSet<String>,
    /// Endpoints that stood elsewhere although they had stayed for long.
    pub elsewhere: BTreeSet<String>,
    /// Events of the day by kind.
    pub events: BTreeMap<String, u64>,
    /// Kinds of events that the day brings and nobody saw.
    pub unseen: Vec<String>,
}

impl Census {
    /// True where nothing is wrong.
    pub fn is_right(&self) -> bool {
        self.comparisons > 0
            && self.placed > 0
            && self.on_uplinks.is_empty()
            && self.called_uplinks.is_empty()
            && self.elsewhere.is_empty()
            && self.unseen.is_empty()
    }
}

/// True places of an address, and since when they are these.
struct Stay {
    places: BTreeSet<PortRef>,
    since: Instant,
}

/// Compares until it is dropped or `until` comes; the counts are in `census`.
pub async fn watch(server: &Server, stage: &Stage, until: Instant, census: &mut Census) {
    let mut stays: BTreeMap<Mac, Stay> = BTreeMap::new();
    let mut tick = tokio::time::interval(EVERY);
    while Instant::now() < until {
        tick.tick().await;
        note_stays(stage, &mut stays);
        let picture = server.desk.engine.keeper().picture().read();
        compare(stage, &picture, &stays, census);
    }
}

/// Counts the events so far, and what is missing among them.
pub async fn count_events(server: &Server, census: &mut Census) -> anyhow::Result<()> {
    let mut position = netwarden_model::EventSeq(0);
    loop {
        let events = server.desk.spine.read_from(position, 1_000).await?;
        let Some(last) = events.last() else { break };
        position = last.seq;
        for event in &events {
            *census.events.entry(event.kind.as_str().to_owned()).or_default() += 1;
        }
    }
    census.unseen = EXPECTED
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .filter(|kind| !census.events.contains_key(kind))
        .collect();
    Ok(())
}

fn note_stays(stage: &Stage, stays: &mut BTreeMap<Mac, Stay>) {
    let mut places: BTreeMap<Mac, BTreeSet<PortRef>> = BTreeMap::new();
    for located in stage.campus.located().into_iter().filter(|located| located.awake) {
        let Some((ne, _)) = stage.names.iter().find(|(_, name)| **name == located.device) else { continue };
        let port = PortRef { ne: *ne, port: PortName(located.if_name) };
        places.entry(located.mac).or_default().insert(port);
    }
    stays.retain(|mac, _| places.contains_key(mac));
    for (mac, places) in places {
        match stays.get(&mac) {
            Some(stay) if stay.places == places => {}
            _ => {
                stays.insert(mac, Stay { places, since: Instant::now() });
            }
        }
    }
}

fn compare(stage: &Stage, picture: &Network, stays: &BTreeMap<Mac, Stay>, census: &mut Census) {
    census.comparisons += 1;
    let told = |mac: &Mac, port: &PortRef| {
        let ne = stage.names.get(&port.ne).map_or("?", String::as_str);
        format!("{mac} on {ne} port {}", port.port)
    };
    for endpoint in picture.endpoints() {
        let Some(found) = picture.location(endpoint.mac) else { continue };
        let ne = stage.names.get(&found.ne).map_or("", String::as_str);
        if stage.campus.is_uplink(ne, &found.port.0) {
            census.on_uplinks.insert(told(&endpoint.mac, &found));
        }
        let Some(stay) = stays.get(&endpoint.mac) else { continue };
        if stay.places.contains(&found) {
            census.placed += 1;
        } else if endpoint.online && stay.since.elapsed() > STEADY {
            census.elsewhere.insert(told(&endpoint.mac, &found));
        }
    }
    for (mac, stay) in stays {
        for port in stay.places.iter().filter(|port| picture.role(port) == Some(Role::Uplink)) {
            census.called_uplinks.insert(told(mac, port));
        }
    }
}
