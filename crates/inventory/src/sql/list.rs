//! Lists of elements, ports, endpoints and sightings: filtered, sorted, paged by key, inside a scope.

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::element::Method;
use netwarden_model::{IfIndex, Mac, NeId, PortName, VlanId};
use netwarden_store::ColumnKind::{Bool, Integer, Text};
use netwarden_store::{
    Column, ConnectionTrait, ListError, ListQuery, ListTable, Listed, QueryResult, StoreError, values,
};

use super::admin::Group;
use super::history::{SIGHTING_FROM, SIGHTING_SELECT, SightingView, sighting};
use super::load::{time, vlan};
use super::{ip_bytes, mac_from_key};
use crate::element::PortId;
use crate::network::Network;

/// Elements. `status` is `unknown`, `reachable` or `unreachable`.
pub static ELEMENTS: ListTable = ListTable {
    from: "network_elements n LEFT JOIN ne_polls l ON l.ne = n.id",
    id: Column::new("id", "n.id", Integer),
    columns: &[
        Column::new("id", "n.id", Integer).sorts(),
        Column::new("name", "n.name", Text).sorts(),
        Column::new("address", "n.address", Text).sorts(),
        Column::new("class", "n.class", Text),
        Column::new("status", "n.status", Text),
        Column::new("enforcement", "n.enforcement", Bool),
        Column::new("groups", "n.groups_json", Text),
        Column::new("region", "n.region", Text).nullable(),
        Column::new("device_sets", "n.device_sets", Text),
        Column::new("system", "n.system", Text),
    ],
    scope: Some("n.id"),
};

/// Ports. `role` is `access`, `uplink`, `aggregate` or `logical`, a LAG's members as their aggregate.
pub static PORTS: ListTable = ListTable {
    from: "ports p JOIN network_elements n ON n.id = p.ne",
    id: Column::new("id", "p.id", Integer),
    columns: &[
        Column::new("id", "p.id", Integer).sorts(),
        Column::new("ne", "p.ne", Integer).sorts(),
        Column::new("ne_name", "n.name", Text),
        Column::new("name", "p.name", Text).sorts(),
        Column::new("if_index", "p.if_index", Integer).nullable().sorts(),
        Column::new("alias", "p.alias", Text).nullable(),
        Column::new("role", "p.role", Text),
        Column::new("protected", "p.protected", Bool),
        Column::new("oper_status", "p.oper_status", Text).nullable(),
        Column::new("admin_status", "p.admin_status", Text).nullable(),
        Column::new("pvid", "p.pvid", Integer).nullable(),
    ],
    scope: Some("p.ne"),
};

/// Endpoints. `text` searches addresses, names, vendor, people and notes at once; `last_seen` sorts
/// those who are present after all others.
pub static ENDPOINTS: ListTable = ListTable {
    from: "endpoints e LEFT JOIN ports p ON p.id = e.port_id LEFT JOIN network_elements n ON n.id = e.ne \
           LEFT JOIN ne_polls l ON l.ne = e.ne",
    id: Column::new("mac", "e.mac", Integer),
    columns: &[
        Column::new("mac", "e.mac", Integer).sorts(),
        Column::new("text", "e.search_text", Text).trigram("endpoints_text"),
        Column::new("status", "e.status", Text).sorts(),
        Column::new("compliance", "e.compliance", Text),
        Column::new("group", "e.group_name", Text).nullable().sorts().few("endpoints", "group_name"),
        Column::new("vendor", "e.vendor", Text).nullable().sorts().few("endpoints", "vendor"),
        Column::new("name", "e.name", Text).nullable().sorts().trigram_among("endpoints_text"),
        Column::new("ne", "e.ne", Integer).nullable(),
        Column::new("port", "p.name", Text).nullable(),
        Column::new("port_id", "e.port_id", Integer).nullable(),
        Column::new("vlan", "e.vlan", Integer).nullable(),
        Column::new("online", "e.online", Bool),
        Column::new("first_seen", "e.first_seen", Integer).nullable().sorts(),
        Column::new("last_seen", "e.seen_order", Integer).sorts(),
        Column::new("valid_until", "e.valid_until", Integer).nullable(),
        Column::new("owner", "e.owner", Text).nullable().trigram_among("endpoints_text"),
    ],
    scope: Some("e.ne"),
};

/// Groups of endpoints.
pub static GROUPS: ListTable = ListTable {
    from: "endpoint_groups",
    id: Column::new("name", "name", Text),
    columns: &[Column::new("name", "name", Text).sorts(), Column::new("description", "description", Text)],
    scope: None,
};

/// Sightings, by time.
pub static SIGHTINGS: ListTable = ListTable {
    from: SIGHTING_FROM,
    id: Column::new("id", "s.id", Integer),
    columns: &[
        Column::new("id", "s.id", Integer).sorts(),
        Column::new("mac", "s.mac", Integer).sorts(),
        Column::new("ne", "p.ne", Integer),
        Column::new("ne_name", "n.name", Text).nullable().sorts(),
        Column::new("port", "p.name", Text).sorts(),
        // What the endpoint is found by.
        Column::new("text", "COALESCE(e.search_text, '')", Text),
        Column::new("vlan", "s.vlan", Integer).nullable(),
        Column::new("user", "s.user_name", Text).nullable().sorts(),
        Column::new("started", "s.started", Integer).sorts(),
        Column::new("ended", "s.ended", Integer).nullable(),
    ],
    scope: Some("p.ne"),
};

/// An element in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementView {
    /// Its id.
    pub id: NeId,
    /// Its name.
    pub name: String,
    /// Address and UDP port.
    pub address: String,
    /// Device class.
    pub class: String,
    /// `unknown`, `reachable` or `unreachable`.
    pub status: String,
    /// Changes may be sent.
    pub enforcement: bool,
    /// Last good poll of the forwarding table.
    pub last_good: Option<Timestamp>,
}

/// A port in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortView {
    /// Its key.
    pub id: i64,
    /// The element.
    pub ne: NeId,
    /// The element's name.
    pub ne_name: String,
    /// Its lasting name.
    pub name: PortName,
    /// ifIndex of the present boot.
    pub if_index: Option<IfIndex>,
    /// ifAlias.
    pub alias: Option<String>,
    /// `access` or `uplink`.
    pub role: String,
    /// Why it is an uplink, as JSON.
    pub uplink: Option<String>,
    /// Never shut or moved.
    pub protected: bool,
    /// ifAdminStatus.
    pub admin_status: Option<String>,
    /// ifOperStatus.
    pub oper_status: Option<String>,
    /// bit/s.
    pub speed: Option<i64>,
    /// PVID.
    pub pvid: Option<VlanId>,
}

/// An endpoint in a list; the words are those of `EndpointFacts`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct EndpointView {
    pub mac: Mac,
    pub vendor: Option<String>,
    pub status: String,
    pub compliance: String,
    pub group: Option<String>,
    pub ne: Option<NeId>,
    pub ne_name: Option<String>,
    pub port: Option<PortName>,
    pub port_alias: Option<String>,
    pub if_index: Option<IfIndex>,
    pub vlan: Option<VlanId>,
    pub ips: Vec<IpAddr>,
    pub dns_name: Option<String>,
    pub host_name: Option<String>,
    pub user_name: Option<String>,
    pub fingerprint: Option<String>,
    pub owner: Option<String>,
    pub note: Option<String>,
    pub valid_until: Option<Timestamp>,
    pub online: bool,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
    pub custom1: Option<String>,
    pub custom2: Option<String>,
}

/// Confines a list of [`ENDPOINTS`] to those who have `ip` now.
pub fn having_ip(query: ListQuery, ip: IpAddr) -> Result<ListQuery, ListError> {
    let condition = "e.mac IN (SELECT b.mac FROM ip_bindings b WHERE b.ip = ? AND b.ended IS NULL)";
    query.and(condition, values![ip_bytes(ip)].into())
}

/// A page of [`ELEMENTS`].
pub async fn list_elements<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<ElementView>, StoreError> {
    let select = "n.id AS id, n.name AS name, n.address AS address, n.class AS class, n.status AS status, \
                  n.enforcement AS enforcement, l.forwarding_at AS forwarding_at";
    query.fetch(connection, select).await?.try_map(|row| {
        Ok(ElementView {
            id: NeId(row.try_get("", "id")?),
            name: row.try_get("", "name")?,
            address: row.try_get("", "address")?,
            class: row.try_get("", "class")?,
            status: row.try_get("", "status")?,
            enforcement: row.try_get("", "enforcement")?,
            last_good: time(&row, "forwarding_at")?,
        })
    })
}

/// A page of [`PORTS`].
pub async fn list_ports<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<PortView>, StoreError> {
    let select = "p.id AS id, p.ne AS ne, n.name AS ne_name, p.name AS name, p.if_index AS if_index, \
                  p.alias AS alias, p.role AS role, p.uplink AS uplink, p.protected AS protected, \
                  p.admin_status AS admin_status, p.oper_status AS oper_status, p.speed AS speed, p.pvid AS pvid";
    query.fetch(connection, select).await?.try_map(|row| {
        Ok(PortView {
            id: row.try_get("", "id")?,
            ne: NeId(row.try_get("", "ne")?),
            ne_name: row.try_get("", "ne_name")?,
            name: PortName(row.try_get("", "name")?),
            if_index: if_index(&row)?,
            alias: row.try_get("", "alias")?,
            role: row.try_get("", "role")?,
            uplink: row.try_get("", "uplink")?,
            protected: row.try_get("", "protected")?,
            admin_status: row.try_get("", "admin_status")?,
            oper_status: row.try_get("", "oper_status")?,
            speed: row.try_get("", "speed")?,
            pvid: vlan(&row, "pvid")?,
        })
    })
}

/// Endpoints of a list, without the names of their places: see [`EndpointRow::placed`].
pub async fn list_endpoints<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<EndpointRow>, StoreError> {
    let select = "e.mac AS mac, e.vendor AS vendor, e.status AS status, e.compliance AS compliance, \
                  e.group_name AS group_name, e.ne AS ne, e.port_id AS port_id, e.vlan AS vlan, e.ips AS ips, \
                  e.dns_name AS dns_name, e.host_name AS host_name, e.user_name AS user_name, \
                  e.fingerprint AS fingerprint, e.owner AS owner, e.note AS note, e.valid_until AS valid_until, \
                  e.online AS online, e.first_seen AS first_seen, e.last_seen AS last_seen, \
                  e.silent_since AS silent_since, e.custom1 AS custom1, e.custom2 AS custom2";
    query.fetch(connection, select).await?.try_map(|row| endpoint(&row))
}

/// An endpoint's row. The names of its element and port are not in it: the network in memory has them, and
/// a page of endpoints would read a row of three other tables for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRow {
    view: EndpointView,
    port: Option<PortId>,
    is_silent: bool,
}

impl EndpointRow {
    /// Its address.
    pub fn mac(&self) -> Mac {
        self.view.mac
    }

    /// As it is shown.
    pub fn placed(self, network: &Network) -> EndpointView {
        let Self { mut view, port, is_silent } = self;
        let Some(element) = view.ne.and_then(|ne| network.element(ne)) else { return view };
        view.ne_name = Some(element.base.element.name.clone());
        let Some(port) = element.ports().find(|known| Some(known.id) == port) else { return view };
        view.port = Some(port.name.clone());
        view.port_alias.clone_from(&port.alias);
        view.if_index = port.if_index;
        if !is_silent {
            // A sighting goes on: it was there at the last good poll.
            view.last_seen = view.last_seen.max(element.live.last_good.get(&Method::Forwarding).copied());
        }
        view
    }
}

fn if_index(row: &QueryResult) -> Result<Option<IfIndex>, StoreError> {
    let index: Option<i64> = row.try_get("", "if_index")?;
    Ok(index.and_then(|index| u32::try_from(index).ok()).map(IfIndex))
}

fn endpoint(row: &QueryResult) -> Result<EndpointRow, StoreError> {
    let ips: String = row.try_get("", "ips")?;
    let view = EndpointView {
        mac: mac_from_key(row.try_get("", "mac")?)?,
        vendor: row.try_get("", "vendor")?,
        status: row.try_get("", "status")?,
        compliance: row.try_get("", "compliance")?,
        group: row.try_get("", "group_name")?,
        ne: row.try_get::<Option<i64>>("", "ne")?.map(NeId),
        ne_name: None,
        port: None,
        port_alias: None,
        if_index: None,
        vlan: vlan(row, "vlan")?,
        ips: ips.split(' ').filter_map(|ip| ip.parse().ok()).collect(),
        dns_name: row.try_get("", "dns_name")?,
        host_name: row.try_get("", "host_name")?,
        user_name: row.try_get("", "user_name")?,
        fingerprint: row.try_get("", "fingerprint")?,
        owner: row.try_get("", "owner")?,
        note: row.try_get("", "note")?,
        valid_until: time(row, "valid_until")?,
        online: row.try_get("", "online")?,
        first_seen: time(row, "first_seen")?,
        last_seen: time(row, "last_seen")?,
        custom1: row.try_get("", "custom1")?,
        custom2: row.try_get("", "custom2")?,
    };
    Ok(EndpointRow {
        view,
        port: row.try_get::<Option<i64>>("", "port_id")?.map(PortId),
        is_silent: row.try_get::<Option<i64>>("", "silent_since")?.is_some(),
    })
}

/// A page of [`SIGHTINGS`].
pub async fn list_sightings<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<SightingView>, StoreError> {
    query.fetch(connection, SIGHTING_SELECT).await?.try_map(|row| sighting(&row))
}

/// A page of [`GROUPS`].
pub async fn list_groups<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<Group>, StoreError> {
    query.fetch(connection, "name, description, offline_after_s").await?.try_map(|row| {
        Ok(Group {
            name: row.try_get("", "name")?,
            description: row.try_get("", "description")?,
            offline_after_s: row.try_get("", "offline_after_s")?,
        })
    })
}
