//! The inventory's tables, and the SQL on them.
//!
//! | table | one row | written |
//! |---|---|---|
//! | `network_elements` | element as administered, and what changes seldom | by `operate`, and by changes |
//! | `ne_polls` | last good polls of an element | heartbeats, many in one statement |
//! | `ports`, `neighbours` | as last read | on change |
//! | `endpoints` | an endpoint with its present place | on change |
//! | `sightings` | an interval of (endpoint, port, VLAN) | opened, closed |
//! | `ip_bindings` | an interval of (IP, endpoint) | opened, closed |
//! | `endpoint_names` | an interval of (name, endpoint), with its source | opened, closed |
//!
//! While a sighting is open, its last sight is the element's last good poll of the forwarding table.
//!
//! [`Rows::of`] turns changes into rows without touching the database; [`write`] puts them into the
//! caller's transaction, beside the events.

mod admin;
mod history;
mod list;
mod load;
mod names;
mod rows;

use netwarden_store::Migration;

pub use admin::{Group, delete_group, groups, insert_element, put_group, update_element};
pub use history::{BindingView, SightingView, Where, bindings_of_ip, sightings_at, sightings_of};
pub use list::{
    ELEMENTS, ENDPOINTS, ElementView, EndpointRow, EndpointView, GROUPS, PORTS, PortView, SIGHTINGS,
    having_ip, list_elements, list_endpoints, list_groups, list_ports, list_sightings,
};
pub use load::{elements, is_authorised, load};
pub use names::{NameView, names_of};
pub use rows::{Rows, write, write_heartbeats};

/// The inventory's schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
    name: "inventory-0001-network",
    up: "CREATE TABLE network_elements (
    id {id},
    name TEXT NOT NULL,
    address TEXT NOT NULL UNIQUE,
    credential BIGINT,
    enforcement {bool} NOT NULL,
    allow_v2c {bool} NOT NULL,
    quarantine_vlan BIGINT,
    voice_vlan BIGINT,
    class TEXT NOT NULL,
    groups_json TEXT NOT NULL,
    schedules TEXT NOT NULL,
    maintenance_from BIGINT,
    maintenance_until BIGINT,
    added BIGINT NOT NULL,
    status TEXT NOT NULL DEFAULT 'unknown',
    steady_since BIGINT,
    engine_boots BIGINT,
    indexes_valid {bool} NOT NULL DEFAULT TRUE,
    system TEXT NOT NULL DEFAULT '{}',
    own_macs TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX network_elements_name ON network_elements (name, id);
CREATE TABLE ne_polls (
    ne BIGINT NOT NULL PRIMARY KEY,
    inventory_at BIGINT,
    forwarding_at BIGINT,
    addresses_at BIGINT,
    up_time_at BIGINT,
    up_time_cs BIGINT
);
CREATE TABLE ports (
    id BIGINT NOT NULL PRIMARY KEY,
    ne BIGINT NOT NULL,
    name TEXT NOT NULL,
    if_index BIGINT,
    raw_name TEXT,
    alias TEXT,
    mac BIGINT,
    if_type BIGINT,
    admin_status TEXT,
    oper_status TEXT,
    speed BIGINT,
    pvid BIGINT,
    lag TEXT,
    trunk {bool},
    role_override TEXT,
    protected {bool} NOT NULL,
    role TEXT NOT NULL,
    uplink TEXT,
    uplink_lost BIGINT
);
CREATE UNIQUE INDEX ports_name ON ports (ne, name);
CREATE TABLE neighbours (
    ne BIGINT NOT NULL,
    place BIGINT NOT NULL,
    port_id BIGINT,
    body TEXT NOT NULL,
    PRIMARY KEY (ne, place)
);
CREATE TABLE endpoint_groups (
    name TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    offline_after_s BIGINT
);
CREATE TABLE endpoints (
    {sqlite} mac INTEGER PRIMARY KEY,
    {postgres} mac BIGINT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    valid_until BIGINT,
    owner TEXT,
    note TEXT,
    group_name TEXT,
    bound_ne BIGINT,
    bound_port TEXT,
    custom1 TEXT,
    custom2 TEXT,
    dns_name TEXT,
    host_name TEXT,
    user_name TEXT,
    vendor TEXT,
    compliance TEXT NOT NULL,
    fingerprint TEXT,
    offline_after_s BIGINT,
    first_seen BIGINT,
    last_seen BIGINT,
    announced {bool} NOT NULL,
    online {bool} NOT NULL,
    silent_since BIGINT,
    ne BIGINT,
    port_id BIGINT,
    vlan BIGINT,
    ips TEXT NOT NULL,
    name TEXT,
    seen_order BIGINT NOT NULL,
    search_text TEXT NOT NULL
);
CREATE INDEX endpoints_status ON endpoints (status, mac);
CREATE INDEX endpoints_vendor ON endpoints (vendor, mac);
CREATE INDEX endpoints_name ON endpoints (name, mac);
CREATE INDEX endpoints_first_seen ON endpoints (first_seen, mac);
CREATE INDEX endpoints_seen_order ON endpoints (seen_order, mac);
CREATE INDEX endpoints_group ON endpoints (group_name, mac);
CREATE INDEX endpoints_ne ON endpoints (ne, mac);
CREATE INDEX endpoints_port ON endpoints (port_id, mac);
{sqlite} CREATE VIRTUAL TABLE endpoints_text USING fts5(search_text, content='endpoints', content_rowid='mac', tokenize='trigram');
{sqlite} CREATE TRIGGER endpoints_text_new AFTER INSERT ON endpoints BEGIN
{sqlite}   INSERT INTO endpoints_text (rowid, search_text) VALUES (new.mac, new.search_text);
{sqlite} END;
{sqlite} CREATE TRIGGER endpoints_text_changed AFTER UPDATE OF search_text ON endpoints WHEN old.search_text <> new.search_text BEGIN
{sqlite}   INSERT INTO endpoints_text (endpoints_text, rowid, search_text) VALUES ('delete', old.mac, old.search_text);
{sqlite}   INSERT INTO endpoints_text (rowid, search_text) VALUES (new.mac, new.search_text);
{sqlite} END;
{sqlite} CREATE TRIGGER endpoints_text_gone AFTER DELETE ON endpoints BEGIN
{sqlite}   INSERT INTO endpoints_text (endpoints_text, rowid, search_text) VALUES ('delete', old.mac, old.search_text);
{sqlite} END;
CREATE TABLE sightings (
    {sqlite} id INTEGER PRIMARY KEY,
    {postgres} id BIGINT NOT NULL PRIMARY KEY,
    mac BIGINT NOT NULL,
    port_id BIGINT NOT NULL,
    vlan BIGINT,
    started BIGINT NOT NULL,
    ended BIGINT,
    user_name TEXT
);
CREATE INDEX sightings_mac ON sightings (mac, started);
CREATE INDEX sightings_port ON sightings (port_id, started);
CREATE INDEX sightings_open ON sightings (mac) WHERE ended IS NULL;
CREATE INDEX sightings_user ON sightings (user_name, started) WHERE user_name IS NOT NULL;
CREATE TABLE ip_bindings (
    {sqlite} id INTEGER PRIMARY KEY,
    {postgres} id BIGINT NOT NULL PRIMARY KEY,
    ip {bytes} NOT NULL,
    mac BIGINT NOT NULL,
    ne BIGINT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX ip_bindings_ip ON ip_bindings (ip, started);
CREATE INDEX ip_bindings_mac ON ip_bindings (mac, started);
CREATE INDEX ip_bindings_open ON ip_bindings (ip) WHERE ended IS NULL;
",
    },
    Migration {
        name: "inventory-0002-places",
        up: "ALTER TABLE network_elements ADD COLUMN region TEXT;
ALTER TABLE network_elements ADD COLUMN device_sets TEXT NOT NULL DEFAULT '[]';
ALTER TABLE network_elements ADD COLUMN scans_off TEXT NOT NULL DEFAULT '[]';
",
    },
    Migration {
        name: "inventory-0003-names",
        up: "CREATE TABLE endpoint_names (
    id {id},
    mac BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    source TEXT NOT NULL,
    ip {bytes},
    started BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX endpoint_names_mac ON endpoint_names (mac, started);
CREATE INDEX endpoint_names_key ON endpoint_names (name_key, started);
CREATE INDEX endpoint_names_open ON endpoint_names (mac, kind) WHERE ended IS NULL;
",
    },
    Migration {
        name: "inventory-0004-questions",
        // Filters without an index of their own walk endpoints_filters, which is a tenth of the table.
        up: "CREATE INDEX endpoints_filters ON endpoints (mac, status, compliance, group_name, vendor, name, ne, port_id, vlan, online, first_seen, seen_order, valid_until, owner);
CREATE INDEX endpoints_vlan ON endpoints (vlan, mac);
CREATE INDEX endpoints_dns_key ON endpoints (lower(dns_name));
CREATE INDEX endpoints_host_key ON endpoints (lower(host_name));
",
    },
    Migration {
        name: "inventory-0005-group-by-vendor",
        up: "CREATE INDEX endpoints_group_vendor ON endpoints (group_name, vendor, mac);
",
    },
    Migration {
        name: "inventory-0006-status-and-presence",
        // New and online: what an operator looks at first, and what is few of many.
        up: "CREATE INDEX endpoints_status_online ON endpoints (status, online, mac);
",
    },
    Migration {
        name: "inventory-0007-roles",
        // Aggregates and interfaces that are no ports counted as access ports. From here on a port's row says so
        // whenever it is written.
        up: "UPDATE ports SET role = 'aggregate' WHERE role = 'access' AND role_override IS NULL AND (lag IS NOT NULL OR if_type IN (54, 161));
UPDATE ports SET role = 'logical' WHERE role = 'access' AND role_override IS NULL AND if_type IN (24, 53, 112, 131, 135, 136, 137, 150, 166, 209);
",
    },
    Migration {
        name: "inventory-0008-configuration",
        up: "ALTER TABLE endpoints ADD COLUMN configuration TEXT;
",
    },
];

/// Addresses as 16 octets, IPv4 as mapped (RFC 4291 section 2.5.5.2), so that all sort together.
pub(crate) fn ip_bytes(ip: std::net::IpAddr) -> Vec<u8> {
    match ip {
        std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().octets().to_vec(),
        std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The reverse of [`ip_bytes`].
pub(crate) fn ip_from_bytes(bytes: &[u8]) -> Option<std::net::IpAddr> {
    let octets: [u8; 16] = bytes.try_into().ok()?;
    Some(std::net::IpAddr::V6(octets.into()).to_canonical())
}

/// A MAC as the store's key: 48 bits always fit.
pub(crate) fn mac_key(mac: netwarden_model::Mac) -> i64 {
    i64::try_from(mac.to_u64()).unwrap_or(i64::MAX)
}

/// The reverse of [`mac_key`].
pub(crate) fn mac_from_key(key: i64) -> Result<netwarden_model::Mac, netwarden_store::StoreError> {
    u64::try_from(key)
        .ok()
        .and_then(netwarden_model::Mac::from_u64)
        .ok_or_else(|| netwarden_store::StoreError::Unreadable(format!("{key} is no MAC address")))
}
