//! Names of endpoints as intervals.

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::Mac;
use netwarden_store::{ConnectionTrait, StoreError, execute, query_all, to_micros, values};

use super::load::time;
use super::{ip_bytes, ip_from_bytes, mac_key};
use crate::names::NameRow;

/// Answers have at most so many rows.
const LIMIT: u32 = 1_000;

/// An interval during which an endpoint had a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameView {
    /// `dns` or `dhcp`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The source that told it.
    pub source: String,
    /// The address by which it was named.
    pub ip: Option<IpAddr>,
    /// Since when.
    pub started: Timestamp,
    /// Until when; None while it has it.
    pub ended: Option<Timestamp>,
}

pub(super) async fn write<C: ConnectionTrait>(connection: &C, rows: Vec<NameRow>) -> Result<(), StoreError> {
    for NameRow { fact, at } in rows {
        let sql = "UPDATE endpoint_names SET ended = $3 WHERE mac = $1 AND kind = $2 AND ended IS NULL";
        execute(connection, sql, values![mac_key(fact.mac), fact.kind.as_str(), to_micros(at)]).await?;
        let Some(name) = fact.name else { continue };
        let sql = "INSERT INTO endpoint_names (mac, kind, name, name_key, source, ip, started) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let key = name.to_lowercase();
        let values = values![
            mac_key(fact.mac),
            fact.kind.as_str(),
            name,
            key,
            fact.source,
            fact.ip.map(ip_bytes),
            to_micros(at)
        ];
        execute(connection, sql, values).await?;
    }
    Ok(())
}

/// The names of an endpoint, the latest first, at most 1,000.
pub async fn names_of<C: ConnectionTrait>(connection: &C, mac: Mac) -> Result<Vec<NameView>, StoreError> {
    let sql = format!(
        "SELECT kind, name, source, ip, started, ended FROM endpoint_names WHERE mac = $1 \
         ORDER BY started DESC, id DESC LIMIT {LIMIT}"
    );
    let rows = query_all(connection, sql, values![mac_key(mac)]).await?;
    rows.iter()
        .map(|row| {
            let ip: Option<Vec<u8>> = row.try_get("", "ip")?;
            Ok(NameView {
                kind: row.try_get("", "kind")?,
                name: row.try_get("", "name")?,
                source: row.try_get("", "source")?,
                ip: ip.as_deref().and_then(ip_from_bytes),
                started: time(row, "started")?.unwrap_or(Timestamp::UNIX_EPOCH),
                ended: time(row, "ended")?,
            })
        })
        .collect()
}
