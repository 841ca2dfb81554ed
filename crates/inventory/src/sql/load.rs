//! The whole network from its tables, at the start.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::element::{Element, Method};
use netwarden_model::{
    Compliance, Configuration, CredentialId, EndpointStatus, IfIndex, Mac, NeId, PortName, PortRef, VlanId,
};
use netwarden_store::{
    ConnectionTrait, QueryResult, StoreError, Value, from_micros, query_all, query_one, values,
};
use serde::de::DeserializeOwned;

use super::{ip_from_bytes, mac_from_key, mac_key};
use crate::changes::Claim;
use crate::element::{
    ElementBase, ElementState, Live, MaintenanceWindow, NeighbourAt, Port, PortId, PortTable, Reachability,
};
use crate::endpoint::{Endpoint, OpenSighting, Place};
use crate::network::Network;
use crate::settings::Settings;
use crate::table::{ArpTable, Fdb, Row};

/// Rows read at a time: a long read holds up the checkpoint, and all rows at once would take several times
/// the memory of what is made of them. Few in tests, so that there are several chunks.
const CHUNK: usize = if cfg!(test) { 2 } else { 5_000 };

/// Every element as it is administered, by id: for those who act while no server runs.
pub async fn elements<C: ConnectionTrait>(connection: &C) -> Result<Vec<ElementBase>, StoreError> {
    let rows = query_all(connection, "SELECT * FROM network_elements ORDER BY id", []).await?;
    rows.iter().map(|row| element(row).map(|state| state.base)).collect()
}

/// True where an endpoint is authorised as the store has it by now.
pub async fn is_authorised<C: ConnectionTrait>(connection: &C, mac: Mac) -> Result<bool, StoreError> {
    let sql = "SELECT mac FROM endpoints WHERE mac = $1 AND status = $2";
    let authorised = EndpointStatus::Authorised.as_str();
    Ok(query_one(connection, sql, values![mac_key(mac), authorised]).await?.is_some())
}

/// The network as it was left. Forwarding tables begin with what the open sightings say; what was only
/// seen behind uplinks counts as silent from `now` on, until a table shows it again.
pub async fn load<C: ConnectionTrait>(
    connection: &C,
    settings: Settings,
    now: Timestamp,
) -> Result<Network, StoreError> {
    let mut net = Network::new(settings);
    let mut places: HashMap<i64, Place> = HashMap::new();
    for row in query_all(connection, "SELECT * FROM network_elements ORDER BY id", []).await? {
        let element = element(&row)?;
        net.elements.insert(element.base.element.id, element);
    }
    for row in query_all(connection, "SELECT * FROM ne_polls", []).await? {
        if let Some(element) = net.elements.get_mut(&NeId(row.try_get("", "ne")?)) {
            polls(&row, &mut element.live)?;
        }
    }
    let mut ports: BTreeMap<NeId, Vec<Port>> = BTreeMap::new();
    let mut chunks = Chunks::new("SELECT * FROM ports", None, &["id"]);
    while let Some(row) = chunks.next(connection).await? {
        let (ne, port) = port(&row)?;
        net.next_port = net.next_port.max(port.id.0.saturating_add(1));
        let list = ports.entry(ne).or_default();
        if let Ok(slot) = u32::try_from(list.len()) {
            places.insert(port.id.0, Place { ne, slot });
        }
        list.push(port);
    }
    for (ne, list) in ports {
        if let Some(element) = net.elements.get_mut(&ne) {
            element.ports = Arc::new(PortTable::from_ports(list));
        }
    }
    neighbours(connection, &mut net, &places).await?;
    let mut chunks = Chunks::new("SELECT * FROM endpoints", None, &["mac"]);
    while let Some(row) = chunks.next(connection).await? {
        let mut endpoint = endpoint(&row)?;
        let port: Option<i64> = row.try_get("", "port_id")?;
        endpoint.place = port.and_then(|port| places.get(&port)).copied();
        net.endpoints.insert(endpoint.mac, endpoint);
    }
    sightings(connection, &mut net).await?;
    bindings(connection, &mut net).await?;
    for (ne, own) in net.elements.iter().map(|(ne, e)| (*ne, e.live.own_macs.clone())).collect::<Vec<_>>() {
        net.replace_own_macs(ne, &own);
    }
    for endpoint in net.endpoints.values_mut() {
        if endpoint.online && endpoint.place.is_none() && endpoint.silent_since.is_none() {
            endpoint.silent_since = Some(now);
            endpoint.last_seen = endpoint.last_seen.max(Some(now));
        }
        if endpoint.silent_since.is_some() && (endpoint.online || endpoint.place.is_some()) {
            net.silent.insert(endpoint.mac);
        }
    }
    net.settled =
        net.elements.values().any(|element| element.live.last_good.contains_key(&Method::Forwarding));
    Ok(net)
}

/// The rows of a table by their keys, some thousand at a time.
struct Chunks {
    select: &'static str,
    condition: Option<&'static str>,
    /// Columns that together are unique, in the order of an index.
    keys: &'static [&'static str],
    read: std::vec::IntoIter<QueryResult>,
    after: Vec<Value>,
    ended: bool,
}

impl Chunks {
    fn new(select: &'static str, condition: Option<&'static str>, keys: &'static [&'static str]) -> Self {
        Self { select, condition, keys, read: Vec::new().into_iter(), after: Vec::new(), ended: false }
    }

    async fn next<C: ConnectionTrait>(&mut self, connection: &C) -> Result<Option<QueryResult>, StoreError> {
        if let Some(row) = self.read.next() {
            return Ok(Some(row));
        }
        if self.ended {
            return Ok(None);
        }
        let keys = self.keys.join(", ");
        let mut conditions: Vec<String> = self.condition.map(str::to_owned).into_iter().collect();
        if !self.after.is_empty() {
            let marks: Vec<String> = (1..=self.after.len()).map(|at| format!("${at}")).collect();
            conditions.push(format!("({keys}) > ({})", marks.join(", ")));
        }
        let place = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let sql = format!("{}{place} ORDER BY {keys} LIMIT {CHUNK}", self.select);
        let rows = query_all(connection, sql, std::mem::take(&mut self.after)).await?;
        self.ended = rows.len() < CHUNK;
        if let Some(last) = rows.last() {
            for key in self.keys {
                self.after.push(match *key {
                    "ip" => last.try_get::<Vec<u8>>("", key)?.into(),
                    _ => last.try_get::<i64>("", key)?.into(),
                });
            }
        }
        self.read = rows.into_iter();
        Ok(self.read.next())
    }
}

fn element(row: &QueryResult) -> Result<ElementState, StoreError> {
    let address: String = row.try_get("", "address")?;
    let window = (time(row, "maintenance_from")?, time(row, "maintenance_until")?);
    let base = ElementBase {
        element: Element {
            id: NeId(row.try_get("", "id")?),
            name: row.try_get("", "name")?,
            address: address.parse().map_err(|_| unreadable("address of an element", &address))?,
            credential: row.try_get::<Option<i64>>("", "credential")?.map(CredentialId),
            enforcement: row.try_get("", "enforcement")?,
            allow_v2c: row.try_get("", "allow_v2c")?,
            quarantine_vlan: vlan(row, "quarantine_vlan")?,
            voice_vlan: vlan(row, "voice_vlan")?,
        },
        class: row.try_get("", "class")?,
        groups: json(row, "groups_json")?,
        region: row.try_get("", "region")?,
        device_sets: json(row, "device_sets")?,
        scans_off: json(row, "scans_off")?,
        schedules: json(row, "schedules")?,
        maintenance: match window {
            (Some(from), Some(until)) => Some(MaintenanceWindow { from, until }),
            _ => None,
        },
        added: time(row, "added")?.unwrap_or(Timestamp::UNIX_EPOCH),
    };
    let status: String = row.try_get("", "status")?;
    let live = Live {
        reachability: Reachability::from_word(&status),
        steady_since: time(row, "steady_since")?,
        engine_boots: number(row, "engine_boots")?,
        indexes_valid: row.try_get("", "indexes_valid")?,
        system: json(row, "system")?,
        own_macs: json::<BTreeSet<Mac>>(row, "own_macs")?,
        ..Live::default()
    };
    Ok(ElementState { live, ..ElementState::new(base) })
}

fn polls(row: &QueryResult, live: &mut Live) -> Result<(), StoreError> {
    for (method, column) in [
        (Method::Inventory, "inventory_at"),
        (Method::Forwarding, "forwarding_at"),
        (Method::Addresses, "addresses_at"),
    ] {
        if let Some(at) = time(row, column)? {
            live.last_good.insert(method, at);
        }
    }
    live.up_time = time(row, "up_time_at")?.zip(number(row, "up_time_cs")?);
    Ok(())
}

fn port(row: &QueryResult) -> Result<(NeId, Port), StoreError> {
    let port = Port {
        id: PortId(row.try_get("", "id")?),
        name: PortName(row.try_get("", "name")?),
        if_index: number(row, "if_index")?.map(IfIndex),
        raw_name: row.try_get("", "raw_name")?,
        alias: row.try_get("", "alias")?,
        mac: row.try_get::<Option<i64>>("", "mac")?.map(mac_from_key).transpose()?,
        if_type: number(row, "if_type")?,
        admin_status: row.try_get("", "admin_status")?,
        oper_status: row.try_get("", "oper_status")?,
        speed: number(row, "speed")?,
        pvid: vlan(row, "pvid")?,
        lag: row.try_get::<Option<String>>("", "lag")?.map(PortName),
        trunk: row.try_get("", "trunk")?,
        role_override: optional_json(row, "role_override")?,
        protected: row.try_get("", "protected")?,
        uplink: optional_json(row, "uplink")?,
        uplink_lost: time(row, "uplink_lost")?,
    };
    Ok((NeId(row.try_get("", "ne")?), port))
}

async fn neighbours<C: ConnectionTrait>(
    connection: &C,
    net: &mut Network,
    places: &HashMap<i64, Place>,
) -> Result<(), StoreError> {
    let mut all: BTreeMap<NeId, Vec<NeighbourAt>> = BTreeMap::new();
    for row in query_all(connection, "SELECT * FROM neighbours ORDER BY ne, place", []).await? {
        let port: Option<i64> = row.try_get("", "port_id")?;
        let slot = port.and_then(|port| places.get(&port)).map(|place| place.slot);
        let at = NeighbourAt { slot, neighbour: json(&row, "body")? };
        all.entry(NeId(row.try_get("", "ne")?)).or_default().push(at);
    }
    for (ne, list) in all {
        if let Some(element) = net.elements.get_mut(&ne) {
            element.neighbours = Arc::new(list);
        }
    }
    Ok(())
}

fn endpoint(row: &QueryResult) -> Result<Endpoint, StoreError> {
    let mac = mac_from_key(row.try_get("", "mac")?)?;
    let status: String = row.try_get("", "status")?;
    let compliance: String = row.try_get("", "compliance")?;
    let bound: (Option<i64>, Option<String>) = (row.try_get("", "bound_ne")?, row.try_get("", "bound_port")?);
    Ok(Endpoint {
        status: [EndpointStatus::New, EndpointStatus::Authorised, EndpointStatus::Unauthorised]
            .into_iter()
            .find(|known| known.as_str() == status)
            .ok_or_else(|| unreadable("status of an endpoint", &status))?,
        compliance: [Compliance::Unknown, Compliance::Compliant, Compliance::NonCompliant]
            .into_iter()
            .find(|known| known.as_str() == compliance)
            .ok_or_else(|| unreadable("compliance of an endpoint", &compliance))?,
        valid_until: time(row, "valid_until")?,
        owner: row.try_get("", "owner")?,
        note: row.try_get("", "note")?,
        group: row.try_get("", "group_name")?,
        bound_to: match bound {
            (Some(ne), Some(port)) => Some(PortRef { ne: NeId(ne), port: PortName(port) }),
            _ => None,
        },
        custom1: row.try_get("", "custom1")?,
        custom2: row.try_get("", "custom2")?,
        dns_name: row.try_get("", "dns_name")?,
        host_name: row.try_get("", "host_name")?,
        user: row.try_get("", "user_name")?,
        fingerprint: row.try_get("", "fingerprint")?,
        configuration: configuration(row)?,
        offline_after: number(row, "offline_after_s")?.map(Duration::from_secs),
        first_seen: time(row, "first_seen")?,
        last_seen: time(row, "last_seen")?,
        announced: row.try_get("", "announced")?,
        online: row.try_get("", "online")?,
        silent_since: time(row, "silent_since")?,
        ..Endpoint::new(mac, row.try_get("", "vendor")?)
    })
}

fn configuration(row: &QueryResult) -> Result<Configuration, StoreError> {
    let Some(text) = row.try_get::<Option<String>>("", "configuration")? else {
        return Ok(Configuration::new());
    };
    serde_json::from_str(&text).map_err(|_| unreadable("configuration of an endpoint", &text))
}

async fn sightings<C: ConnectionTrait>(connection: &C, net: &mut Network) -> Result<(), StoreError> {
    let mut tables: BTreeMap<NeId, Vec<Row>> = BTreeMap::new();
    let mut chunks = Chunks::new("SELECT * FROM sightings", Some("ended IS NULL"), &["mac", "id"]);
    while let Some(row) = chunks.next(connection).await? {
        let mac = mac_from_key(row.try_get("", "mac")?)?;
        let started = time(&row, "started")?.unwrap_or(Timestamp::UNIX_EPOCH);
        let sighting = OpenSighting { id: row.try_get("", "id")?, vlan: vlan(&row, "vlan")?, started };
        let Some(endpoint) = net.endpoints.get_mut(&mac) else { continue };
        if let (Some(place), None) = (endpoint.place, endpoint.silent_since) {
            let line = Row::new(mac, sighting.vlan, place.slot, started.as_microsecond());
            tables.entry(place.ne).or_default().push(line);
            let seen = net.seen.entry(mac).or_default();
            if !seen.contains(&place.ne) {
                seen.push(place.ne);
            }
        }
        endpoint.sightings.push(sighting);
        endpoint.sightings.sort_by_key(|sighting| sighting.vlan);
    }
    for (ne, rows) in tables {
        if let Some(element) = net.elements.get_mut(&ne) {
            element.fdb = Arc::new(Fdb::new(rows));
        }
    }
    for table in ["sightings", "ip_bindings"] {
        let sql = format!("SELECT max(id) AS last FROM {table}");
        for row in query_all(connection, sql, []).await? {
            let last: Option<i64> = row.try_get("", "last")?;
            net.next_row = net.next_row.max(last.unwrap_or(0).saturating_add(1));
        }
    }
    Ok(())
}

async fn bindings<C: ConnectionTrait>(connection: &C, net: &mut Network) -> Result<(), StoreError> {
    let mut tables: BTreeMap<NeId, ArpTable> = BTreeMap::new();
    let mut chunks = Chunks::new("SELECT * FROM ip_bindings", Some("ended IS NULL"), &["ip", "id"]);
    while let Some(row) = chunks.next(connection).await? {
        let bytes: Vec<u8> = row.try_get("", "ip")?;
        let ip =
            ip_from_bytes(&bytes).ok_or_else(|| unreadable("address of a binding", &format!("{bytes:?}")))?;
        let mac = mac_from_key(row.try_get("", "mac")?)?;
        let ne = NeId(row.try_get("", "ne")?);
        let claim = Claim {
            binding: row.try_get("", "id")?,
            mac,
            since: time(&row, "started")?.unwrap_or(Timestamp::UNIX_EPOCH),
            first_ne: ne,
            shown_by: BTreeSet::from([ne]),
        };
        net.claims.entry(ip).or_default().push(claim);
        tables.entry(ne).or_default().insert(ip, mac);
        if let Some(endpoint) = net.endpoints.get_mut(&mac) {
            endpoint.ips.insert(ip);
        }
    }
    for (ne, arp) in tables {
        if let Some(element) = net.elements.get_mut(&ne) {
            element.arp = Arc::new(arp);
        }
    }
    Ok(())
}

pub(super) fn time(row: &QueryResult, column: &str) -> Result<Option<Timestamp>, StoreError> {
    row.try_get::<Option<i64>>("", column)?.map(from_micros).transpose()
}

pub(super) fn vlan(row: &QueryResult, column: &str) -> Result<Option<VlanId>, StoreError> {
    let id: Option<i64> = row.try_get("", column)?;
    id.map(|id| VlanId::new(id).map_err(|error| StoreError::Unreadable(error.to_string()))).transpose()
}

fn number<T: TryFrom<i64>>(row: &QueryResult, column: &str) -> Result<Option<T>, StoreError> {
    let number: Option<i64> = row.try_get("", column)?;
    number.map(|n| T::try_from(n).map_err(|_| unreadable(column, &n.to_string()))).transpose()
}

fn json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<T, StoreError> {
    let text: String = row.try_get("", column)?;
    serde_json::from_str(&text).map_err(|error| StoreError::Unreadable(format!("column {column}: {error}")))
}

fn optional_json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get("", column)?;
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map_err(|error| StoreError::Unreadable(format!("column {column}: {error}")))
}

fn unreadable(what: &str, text: &str) -> StoreError {
    StoreError::Unreadable(format!("{what}: '{text}' cannot be read"))
}
