//! Where was this MAC, IP, name or user at a time; what was on this port then (NAC-16).

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::{Mac, NeId, PortName, PortRef, Scope, VlanId};
use netwarden_store::{
    ConnectionTrait, Direction, ListError, ListQuery, PAGE_LIMIT, Page, QueryResult, StoreError, Value,
    query_all, scope_condition, to_micros, values,
};

use super::list::{SIGHTINGS, list_sightings};
use super::load::{time, vlan};
use super::{ip_bytes, ip_from_bytes, mac_from_key, mac_key};

/// Answers that are not paged have at most so many rows.
const LIMIT: u64 = PAGE_LIMIT;

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
    let query = sightings_of(scope, whom, at, at)?.page(Page::first(LIMIT));
    Ok(list_sightings(connection, &query).await?.items)
}

/// The intervals that touch the time from `from` to `until`, or the moment where these are equal; the
/// latest first, to be paged and counted as every list.
pub fn sightings_of(
    scope: &Scope,
    whom: &Where,
    from: Timestamp,
    until: Timestamp,
) -> Result<ListQuery, ListError> {
    let from = to_micros(from);
    let until = to_micros(until).max(from.saturating_add(1));
    let (condition, values): (&'static str, Vec<Value>) = match whom {
        Where::Mac(mac) => ("s.mac = ?", values![mac_key(*mac)].into()),
        // The pairing and the sighting must overlap, and both the time asked for.
        Where::Ip(ip) => (
            "EXISTS (SELECT 1 FROM ip_bindings b WHERE b.ip = ? AND b.mac = s.mac AND b.started < ? \
             AND (b.ended IS NULL OR b.ended > ?) AND (s.ended IS NULL OR b.started < s.ended) \
             AND (b.ended IS NULL OR b.ended > s.started)) AND s.mac IN (SELECT mac FROM ip_bindings WHERE ip = ?)",
            values![ip_bytes(*ip), until, from, ip_bytes(*ip)].into(),
        ),
        Where::Name(name) => {
            let name = name.to_lowercase();
            (
                "s.mac IN (SELECT mac FROM endpoints WHERE lower(dns_name) = ? OR lower(host_name) = ? \
                 UNION SELECT mac FROM endpoint_names WHERE name_key = ? AND started < ? \
                 AND (ended IS NULL OR ended > ?))",
                values![name.clone(), name.clone(), name, until, from].into(),
            )
        }
        Where::User(user) => ("s.user_name = ?", values![user.as_str()].into()),
        Where::Port(port) => ("p.ne = ? AND p.name = ?", values![port.ne.0, port.port.0.as_str()].into()),
    };
    ListQuery::new(&SIGHTINGS, scope)
        .and("s.started < ? AND (s.ended IS NULL OR s.ended > ?)", values![until, from].into())?
        .and(condition, values)?
        .sort("started", Direction::Descending)
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
