//! Changes as rows, and the few statements that write them.

use netwarden_model::element::Method;
use netwarden_model::{Configuration, Mac, NeId};
use netwarden_store::{
    ConnectionTrait, StoreError, Value, execute, insert_many, to_micros, upsert_many, values,
};

use super::{ip_bytes, mac_key};
use crate::changes::{Changes, Heartbeat};
use crate::element::{Live, Port, PortTable, Role};
use crate::endpoint::Endpoint;
use crate::names::NameRow;
use crate::network::Network;

pub(super) const PORT_COLUMNS: [&str; 19] = [
    "id",
    "ne",
    "name",
    "if_index",
    "raw_name",
    "alias",
    "mac",
    "if_type",
    "admin_status",
    "oper_status",
    "speed",
    "pvid",
    "lag",
    "trunk",
    "role_override",
    "protected",
    "role",
    "uplink",
    "uplink_lost",
];
pub(super) const ENDPOINT_COLUMNS: [&str; 30] = [
    "mac",
    "status",
    "valid_until",
    "owner",
    "note",
    "group_name",
    "bound_ne",
    "bound_port",
    "custom1",
    "custom2",
    "dns_name",
    "host_name",
    "user_name",
    "vendor",
    "compliance",
    "fingerprint",
    "configuration",
    "offline_after_s",
    "first_seen",
    "last_seen",
    "announced",
    "online",
    "silent_since",
    "ne",
    "port_id",
    "vlan",
    "ips",
    "name",
    "seen_order",
    "search_text",
];
const SIGHTING_COLUMNS: [&str; 7] = ["id", "mac", "port_id", "vlan", "started", "ended", "user_name"];
const BINDING_COLUMNS: [&str; 6] = ["id", "ip", "mac", "ne", "started", "ended"];
const POLL_COLUMNS: [&str; 6] =
    ["ne", "inventory_at", "forwarding_at", "addresses_at", "up_time_at", "up_time_cs"];

/// Sorts present endpoints after all that were seen at some time.
const PRESENT: i64 = i64::MAX;

/// Everything that changes want written, independent of the state they were planned on.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    live: Vec<Vec<Value>>,
    heartbeats: Vec<Heartbeat>,
    ports: Vec<Vec<Value>>,
    neighbours: Vec<(i64, Vec<Vec<Value>>)>,
    endpoints: Vec<Vec<Value>>,
    sightings: Vec<Vec<Value>>,
    bindings: Vec<Vec<Value>>,
    names: Vec<NameRow>,
    forgotten: Vec<(i64, i64)>,
    removed: Option<NeId>,
}

impl Rows {
    /// The rows of `changes`, planned on `net` and not committed to it yet.
    pub fn of(net: &Network, changes: &Changes) -> Result<Self, StoreError> {
        let mut rows = Self { removed: changes.removed, ..Self::default() };
        for ne in &changes.live_written {
            if let Some(live) = changes.live.get(ne) {
                rows.live.push(live_row(*ne, live)?);
            }
        }
        rows.heartbeats.extend(changes.heartbeat.clone());
        rows.names.clone_from(&changes.names);
        rows.forgotten = changes.forgotten.iter().map(|mac| (mac_key(*mac), to_micros(changes.at))).collect();
        for (ne, table) in &changes.ports {
            let before = net.elements.get(ne).map(|element| &*element.ports);
            for (slot, port) in table.iter() {
                let role = role_of(table, slot);
                let same = before.is_some_and(|b| b.get(slot) == Some(port) && role_of(b, slot) == role);
                if !same {
                    rows.ports.push(port_row(*ne, port, role)?);
                }
            }
        }
        for (ne, neighbours) in &changes.neighbours {
            let table = changes.ports.get(ne).or_else(|| net.elements.get(ne).map(|element| &*element.ports));
            let mut lines = Vec::new();
            for (place, at) in (0_i64..).zip(neighbours) {
                let port = at.slot.and_then(|slot| Some(table?.get(slot)?.id.0));
                lines.push(values![ne.0, place, port, json(&at.neighbour)?].into());
            }
            rows.neighbours.push((ne.0, lines));
        }
        for endpoint in changes.endpoints.values() {
            let place = endpoint.place.and_then(|place| {
                let table =
                    changes.ports.get(&place.ne).or_else(|| net.elements.get(&place.ne).map(|e| &*e.ports));
                Some((place.ne.0, table?.get(place.slot)?.id.0))
            });
            rows.endpoints.push(endpoint_row(endpoint, place));
        }
        for row in changes.sightings.values() {
            rows.sightings.push(
                values![
                    row.id,
                    mac_key(row.mac),
                    row.port.0,
                    row.vlan.map(|vlan| i64::from(vlan.get())),
                    to_micros(row.started),
                    row.ended.map(to_micros),
                    row.user.clone(),
                ]
                .into(),
            );
        }
        for row in changes.bindings.values() {
            let ended = row.ended.map(to_micros);
            let line =
                values![row.id, ip_bytes(row.ip), mac_key(row.mac), row.ne.0, to_micros(row.started), ended];
            rows.bindings.push(line.into());
        }
        Ok(rows)
    }

    /// How many rows there are, heartbeats counted.
    pub fn len(&self) -> usize {
        self.live.len()
            + self.heartbeats.len()
            + self.ports.len()
            + self.neighbours.iter().map(|(_, rows)| rows.len() + 1).sum::<usize>()
            + self.endpoints.len()
            + self.sightings.len()
            + self.bindings.len()
            + self.names.len()
            + self.forgotten.len()
            + usize::from(self.removed.is_some())
    }

    /// True where nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Writes rows in the caller's transaction.
pub async fn write<C: ConnectionTrait>(connection: &C, rows: Rows) -> Result<(), StoreError> {
    for row in rows.live {
        let sql = "UPDATE network_elements SET status = $2, steady_since = $3, engine_boots = $4, \
                   indexes_valid = $5, system = $6, own_macs = $7 WHERE id = $1";
        execute(connection, sql, row).await?;
    }
    write_heartbeats(connection, &rows.heartbeats).await?;
    upsert_many(connection, "ports", &PORT_COLUMNS, 1, rows.ports).await?;
    for (ne, lines) in rows.neighbours {
        execute(connection, "DELETE FROM neighbours WHERE ne = $1", values![ne]).await?;
        insert_many(connection, "neighbours", &["ne", "place", "port_id", "body"], lines).await?;
    }
    upsert_many(connection, "endpoints", &ENDPOINT_COLUMNS, 1, rows.endpoints).await?;
    upsert_many(connection, "sightings", &SIGHTING_COLUMNS, 1, rows.sightings).await?;
    upsert_many(connection, "ip_bindings", &BINDING_COLUMNS, 1, rows.bindings).await?;
    super::names::write(connection, rows.names).await?;
    for (mac, at) in rows.forgotten {
        execute(connection, "DELETE FROM endpoints WHERE mac = $1", values![mac]).await?;
        let sql = "UPDATE endpoint_names SET ended = $2 WHERE mac = $1 AND ended IS NULL";
        execute(connection, sql, values![mac, at]).await?;
    }
    if let Some(ne) = rows.removed {
        // Its ports stay: closed sightings are history and name them.
        for sql in [
            "DELETE FROM neighbours WHERE ne = $1",
            "DELETE FROM ne_polls WHERE ne = $1",
            "DELETE FROM network_elements WHERE id = $1",
        ] {
            execute(connection, sql, values![ne.0]).await?;
        }
    }
    Ok(())
}

/// Writes the last good polls of many elements in one statement.
pub async fn write_heartbeats<C: ConnectionTrait>(
    connection: &C,
    heartbeats: &[Heartbeat],
) -> Result<(), StoreError> {
    let rows = heartbeats.iter().map(|heartbeat| {
        let at = |method| heartbeat.last_good.get(&method).copied().map(to_micros);
        let up_time =
            heartbeat.up_time.map(|(at, cs)| (to_micros(at), i64::try_from(cs).unwrap_or(i64::MAX)));
        values![
            heartbeat.ne.0,
            at(Method::Inventory),
            at(Method::Forwarding),
            at(Method::Addresses),
            up_time.map(|(at, _)| at),
            up_time.map(|(_, cs)| cs),
        ]
        .into()
    });
    upsert_many(connection, "ne_polls", &POLL_COLUMNS, 1, rows.collect::<Vec<_>>()).await.map(drop)
}

fn live_row(ne: NeId, live: &Live) -> Result<Vec<Value>, StoreError> {
    Ok(values![
        ne.0,
        live.reachability.as_str(),
        live.steady_since.map(to_micros),
        live.engine_boots.map(i64::from),
        live.indexes_valid,
        json(&live.system)?,
        json(&live.own_macs)?,
    ]
    .into())
}

fn role_of(table: &PortTable, slot: u32) -> Role {
    table.role(slot).unwrap_or(Role::Access)
}

fn port_row(ne: NeId, port: &Port, role: Role) -> Result<Vec<Value>, StoreError> {
    Ok(values![
        port.id.0,
        ne.0,
        port.name.0.clone(),
        port.if_index.map(|index| i64::from(index.0)),
        port.raw_name.clone(),
        port.alias.clone(),
        port.mac.map(mac_key),
        port.if_type.map(i64::from),
        port.admin_status.clone(),
        port.oper_status.clone(),
        port.speed.map(|speed| i64::try_from(speed).unwrap_or(i64::MAX)),
        port.pvid.map(|vlan| i64::from(vlan.get())),
        port.lag.as_ref().map(|lag| lag.0.clone()),
        port.trunk,
        port.role_override.map(|role| json(&role)).transpose()?,
        port.protected,
        role.as_str(),
        port.uplink.as_ref().map(json).transpose()?,
        port.uplink_lost.map(to_micros),
    ]
    .into())
}

fn endpoint_row(endpoint: &Endpoint, place: Option<(i64, i64)>) -> Vec<Value> {
    let present = endpoint.online && endpoint.silent_since.is_none();
    let seen_order = if present { PRESENT } else { endpoint.last_seen.map_or(0, to_micros) };
    let ips: Vec<String> = endpoint.ips.iter().map(ToString::to_string).collect();
    values![
        mac_key(endpoint.mac),
        endpoint.status.as_str(),
        endpoint.valid_until.map(to_micros),
        endpoint.owner.clone(),
        endpoint.note.clone(),
        endpoint.group.clone(),
        endpoint.bound_to.as_ref().map(|port| port.ne.0),
        endpoint.bound_to.as_ref().map(|port| port.port.0.clone()),
        endpoint.custom1.clone(),
        endpoint.custom2.clone(),
        endpoint.dns_name.clone(),
        endpoint.host_name.clone(),
        endpoint.user.clone(),
        endpoint.vendor.clone(),
        endpoint.compliance.as_str(),
        endpoint.fingerprint.clone(),
        configuration_text(&endpoint.configuration),
        endpoint.offline_after.map(|after| i64::try_from(after.as_secs()).unwrap_or(i64::MAX)),
        endpoint.first_seen.map(to_micros),
        endpoint.last_seen.map(to_micros),
        endpoint.announced,
        endpoint.online,
        endpoint.silent_since.map(to_micros),
        place.map(|(ne, _)| ne),
        place.map(|(_, port)| port),
        endpoint.sightings.iter().find_map(|sighting| sighting.vlan).map(|vlan| i64::from(vlan.get())),
        ips.join(" "),
        endpoint.dns_name.clone().or_else(|| endpoint.host_name.clone()),
        seen_order,
        search_text(endpoint, &ips),
    ]
    .into()
}

/// The store's form; None where nothing was reported.
fn configuration_text(configuration: &Configuration) -> Option<String> {
    (!configuration.is_empty()).then(|| serde_json::to_string(configuration).unwrap_or_default())
}

/// What a text search looks through: the address in its usual spellings, names, people, notes.
fn search_text(endpoint: &Endpoint, ips: &[String]) -> String {
    let mac = spellings(endpoint.mac);
    let texts = [
        &endpoint.vendor,
        &endpoint.owner,
        &endpoint.note,
        &endpoint.group,
        &endpoint.dns_name,
        &endpoint.host_name,
        &endpoint.user,
        &endpoint.custom1,
        &endpoint.custom2,
    ];
    let words = mac.iter().map(String::as_str).chain(ips.iter().map(String::as_str));
    words.chain(texts.into_iter().filter_map(|text| text.as_deref())).collect::<Vec<_>>().join(" | ")
}

fn spellings(mac: Mac) -> [String; 2] {
    let colons = mac.to_string();
    let bare = colons.replace(':', "");
    [colons, bare]
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Unreadable(format!("a value cannot be written as JSON: {error}")))
}
