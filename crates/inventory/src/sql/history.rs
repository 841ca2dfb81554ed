//! Where was this MAC, IP, name or user at a time; what was on this port then (NAC-16).

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::{Mac, NeId, PortName, PortRef, Scope, VlanId};
use netwarden_store::{
    ConnectionTrait, QueryResult, StoreError, Value, query_all, scope_condition, to_micros, values,
};

use super::load::{time, vlan};
use super::{ip_bytes, ip_from_bytes, mac_from_key, mac_key};

/// Answers have at most so many rows.
const LIMIT: u32 = 1_000;

/// Whom or what a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// An endpoint.
    Mac(Mac),
    /// Whoever had this address at that time.
    Ip(IpAddr),
    /// Endpoints with this DNS or host name now or at that time, whatever the case of letters.
    Name(String),
    /// The user of an 802.1X session.
    User(String),
    /// A port.
    Port(PortRef),
}

/// An interval during which an endpoint was on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightingView {
    /// Its key; ascending with time.
    pub id: i64,
    /// The endpoint.
    pub mac: Mac,
    /// The port.
    pub port: PortRef,
    /// The element's name; None where it has been removed.
    pub ne_name: Option<String>,
    /// The VLAN; None where the element does not tell.
    pub vlan: Option<VlanId>,
    /// User of the 802.1X session.
    pub user: Option<String>,
    /// Since when.
    pub started: Timestamp,
    /// Until when; None while it goes on.
    pub ended: Option<Timestamp>,
    /// Last sight: the end, else when it fell silent, else the element's last good poll.
    pub last_seen: Option<Timestamp>,
}

/// An interval during which an endpoint had an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingView {
    /// The address.
    pub ip: IpAddr,
    /// The endpoint.
    pub mac: Mac,
    /// The element whose cache showed it.
    pub ne: NeId,
    /// Since when.
    pub started: Timestamp,
    /// Until when; None while it goes on.
    pub ended: Option<Timestamp>,
}

pub(super) const SIGHTING_SELECT: &str = "s.id AS id, s.mac AS mac, p.ne AS ne, p.name AS port, n.name AS ne_name, \
    s.vlan AS vlan, s.user_name AS user_name, s.started AS started, s.ended AS ended, \
    COALESCE(s.ended, CASE WHEN e.silent_since IS NULL THEN l.forwarding_at ELSE e.last_seen END) AS seen";
pub(super) const SIGHTING_FROM: &str = "sightings s JOIN ports p ON p.id = s.port_id \
    LEFT JOIN network_elements n ON n.id = p.ne LEFT JOIN endpoints e ON e.mac = s.mac \
    LEFT JOIN ne_polls l ON l.ne = p.ne";

/// What was where at `at`: intervals that had begun and not ended, the latest first, at most 1,000.
pub async fn sightings_at<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
    whom: &Where,
    at: Timestamp,
) -> Result<Vec<SightingView>, StoreError> {
    let after = to_micros(at);
    find(connection, scope, whom, after, after.saturating_add(1)).await
}

/// The intervals that touch the time from `from` to `until`, the latest first, at most 1,000.
pub async fn sightings_of<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
    whom: &Where,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<SightingView>, StoreError> {
    find(connection, scope, whom, to_micros(from), to_micros(until)).await
}

async fn find<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
    whom: &Where,
    from: i64,
    until: i64,
) -> Result<Vec<SightingView>, StoreError> {
    let (condition, subject): (&str, Vec<Value>) = match whom {
        Where::Mac(mac) => ("s.mac = $3", values![mac_key(*mac)].into()),
        // The pairing and the sighting must overlap, and both the time asked for.
        Where::Ip(ip) => (
            "EXISTS (SELECT 1 FROM ip_bindings b WHERE b.ip = $3 AND b.mac = s.mac AND b.started < $2 \
             AND (b.ended IS NULL OR b.ended > $1) AND (s.ended IS NULL OR b.started < s.ended) \
             AND (b.ended IS NULL OR b.ended > s.started)) AND s.mac IN (SELECT mac FROM ip_bindings WHERE ip = $3)",
            values![ip_bytes(*ip)].into(),
        ),
        Where::Name(name) => (
            "s.mac IN (SELECT mac FROM endpoints WHERE lower(dns_name) = $3 OR lower(host_name) = $3 \
             UNION SELECT mac FROM endpoint_names WHERE name_key = $3 AND started < $2 AND (ended IS NULL OR ended > $1))",
            values![name.to_lowercase()].into(),
        ),
        Where::User(user) => ("s.user_name = $3", values![user.as_str()].into()),
        Where::Port(port) => ("p.ne = $3 AND p.name = $4", values![port.ne.0, port.port.0.as_str()].into()),
    };
    let scoped = scope_condition("p.ne", scope).map_or_else(String::new, |scoped| format!(" AND {scoped}"));
    let sql = format!(
        "SELECT {SIGHTING_SELECT} FROM {SIGHTING_FROM} WHERE s.started < $2 AND (s.ended IS NULL OR s.ended > $1) \
         AND {condition}{scoped} ORDER BY s.started DESC, s.id DESC LIMIT {LIMIT}"
    );
    let rows = query_all(connection, sql, values![from, until].into_iter().chain(subject)).await?;
    rows.iter().map(sighting).collect()
}

/// Who had `ip` from `from` to `until`, the latest first, at most 1,000.
pub async fn bindings_of_ip<C: ConnectionTrait>(
    connection: &C,
    scope: &Scope,
    ip: IpAddr,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<BindingView>, StoreError> {
    let scoped = scope_condition("ne", scope).map_or_else(String::new, |scoped| format!(" AND {scoped}"));
    let sql = format!(
        "SELECT ip, mac, ne, started, ended FROM ip_bindings WHERE ip = $1 AND started < $3 \
         AND (ended IS NULL OR ended > $2){scoped} ORDER BY started DESC, id DESC LIMIT {LIMIT}"
    );
    let rows = query_all(connection, sql, values![ip_bytes(ip), to_micros(from), to_micros(until)]).await?;
    rows.iter()
        .map(|row| {
            let bytes: Vec<u8> = row.try_get("", "ip")?;
            Ok(BindingView {
                ip: ip_from_bytes(&bytes).unwrap_or(ip),
                mac: mac_from_key(row.try_get("", "mac")?)?,
                ne: NeId(row.try_get("", "ne")?),
                started: time(row, "started")?.unwrap_or(from),
                ended: time(row, "ended")?,
            })
        })
        .collect()
}

pub(super) fn sighting(row: &QueryResult) -> Result<SightingView, StoreError> {
    Ok(SightingView {
        id: row.try_get("", "id")?,
        mac: mac_from_key(row.try_get("", "mac")?)?,
        port: PortRef { ne: NeId(row.try_get("", "ne")?), port: PortName(row.try_get("", "port")?) },
        ne_name: row.try_get("", "ne_name")?,
        vlan: vlan(row, "vlan")?,
        user: row.try_get("", "user_name")?,
        started: time(row, "started")?.unwrap_or(Timestamp::UNIX_EPOCH),
        ended: time(row, "ended")?,
        last_seen: time(row, "seen")?,
    })
}
