//! Tables of the sources and of what they told.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::Mac;
use netwarden_store::{
    ConnectionTrait, Migration, QueryResult, StoreError, Tx, execute, from_micros, query_all, query_one,
    to_micros, upsert_many, values,
};

use crate::book::Difference;
use crate::lease::Lease;
use crate::source::{Settings, Source};

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "names-0001-sources",
    up: "CREATE TABLE name_sources (
    id {id},
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    interval_s BIGINT NOT NULL,
    enabled {bool} NOT NULL,
    settings TEXT NOT NULL,
    has_secret {bool} NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE TABLE name_runs (
    source BIGINT NOT NULL PRIMARY KEY,
    ran_at BIGINT NOT NULL,
    good_at BIGINT,
    outcome TEXT NOT NULL,
    entries BIGINT NOT NULL,
    dropped BIGINT NOT NULL
);
CREATE TABLE name_leases (
    source BIGINT NOT NULL,
    ip {bytes} NOT NULL,
    mac BIGINT,
    client_id TEXT,
    host_name TEXT,
    domain TEXT,
    starts BIGINT,
    ends BIGINT,
    state TEXT NOT NULL,
    PRIMARY KEY (source, ip)
);
",
}];

/// How a source's last run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// When it ended.
    pub ran_at: Timestamp,
    /// When one last succeeded.
    pub good_at: Option<Timestamp>,
    /// In one sentence.
    pub outcome: String,
    /// Addresses that the source knows.
    pub entries: u64,
    /// Rows that were left out.
    pub dropped: u64,
}

const COLUMNS: &str = "id, name, kind, address, interval_s, enabled, settings, has_secret";

/// All sources, by name.
pub async fn sources<C: ConnectionTrait>(connection: &C) -> Result<Vec<Source>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM name_sources ORDER BY name");
    query_all(connection, sql, []).await?.iter().map(source_of).collect()
}

/// One source.
pub async fn source<C: ConnectionTrait>(connection: &C, id: i64) -> Result<Option<Source>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM name_sources WHERE id = $1");
    query_one(connection, sql, values![id]).await?.as_ref().map(source_of).transpose()
}

fn source_of(row: &QueryResult) -> Result<Source, StoreError> {
    let unreadable = |what: &str| StoreError::Unreadable(format!("the {what} of a source of names is none"));
    let kind: String = row.try_get_by_index(2)?;
    let interval: i64 = row.try_get_by_index(4)?;
    let settings: String = row.try_get_by_index(6)?;
    Ok(Source {
        id: row.try_get_by_index(0)?,
        name: row.try_get_by_index(1)?,
        kind: kind.parse().map_err(|_| unreadable("kind"))?,
        address: row.try_get_by_index(3)?,
        interval: Duration::from_secs(u64::try_from(interval).map_err(|_| unreadable("interval"))?),
        enabled: row.try_get_by_index(5)?,
        settings: serde_json::from_str::<Settings>(&settings).map_err(|_| unreadable("settings"))?,
        has_secret: row.try_get_by_index(7)?,
    })
}

fn written(source: &Source, at: Timestamp) -> Result<[netwarden_store::Value; 8], StoreError> {
    let settings = serde_json::to_string(&source.settings)
        .map_err(|error| StoreError::Unreadable(format!("settings cannot be written: {error}")))?;
    Ok(values![
        source.name.as_str(),
        source.kind.as_str(),
        source.address.as_str(),
        i64::try_from(source.interval.as_secs()).unwrap_or(i64::MAX),
        source.enabled,
        settings,
        source.has_secret,
        to_micros(at),
    ])
}

/// Adds a source; answers with its id.
///
/// # Errors
/// [`StoreError::is_duplicate`] where the name is taken.
pub async fn insert_source(tx: &Tx, source: &Source, at: Timestamp) -> Result<i64, StoreError> {
    let sql = "INSERT INTO name_sources (name, kind, address, interval_s, enabled, settings, has_secret, changed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let row = query_one(tx, sql, written(source, at)?).await?;
    let row = row.ok_or_else(|| StoreError::Unreadable("a new source of names has no id".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}

/// Changes a source; false where there is none.
///
/// # Errors
/// [`StoreError::is_duplicate`] where the name is taken.
pub async fn update_source(tx: &Tx, source: &Source, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE name_sources SET name = $1, kind = $2, address = $3, interval_s = $4, enabled = $5, \
               settings = $6, has_secret = $7, changed_at = $8 WHERE id = $9";
    let mut values: Vec<netwarden_store::Value> = written(source, at)?.into();
    values.push(source.id.into());
    Ok(execute(tx, sql, values).await? > 0)
}

/// Removes a source and what it told; false where there is none. What it named stays named.
pub async fn delete_source(tx: &Tx, id: i64) -> Result<bool, StoreError> {
    execute(tx, "DELETE FROM name_leases WHERE source = $1", values![id]).await?;
    execute(tx, "DELETE FROM name_runs WHERE source = $1", values![id]).await?;
    Ok(execute(tx, "DELETE FROM name_sources WHERE id = $1", values![id]).await? > 0)
}

/// How the last runs went, by source.
pub async fn runs<C: ConnectionTrait>(connection: &C) -> Result<Vec<(i64, Run)>, StoreError> {
    let sql = "SELECT source, ran_at, good_at, outcome, entries, dropped FROM name_runs ORDER BY source";
    let rows = query_all(connection, sql, []).await?;
    rows.iter()
        .map(|row| {
            let run = Run {
                ran_at: time(row.try_get_by_index(1)?)?,
                good_at: row.try_get_by_index::<Option<i64>>(2)?.map(time).transpose()?,
                outcome: row.try_get_by_index(3)?,
                entries: u64::try_from(row.try_get_by_index::<i64>(4)?).unwrap_or(0),
                dropped: u64::try_from(row.try_get_by_index::<i64>(5)?).unwrap_or(0),
            };
            Ok((row.try_get_by_index(0)?, run))
        })
        .collect()
}

/// Notes how a run went; one that failed leaves the time of the last good one.
pub async fn put_run(tx: &Tx, source: i64, run: &Run) -> Result<(), StoreError> {
    // A source that was removed meanwhile has no runs.
    let sql = "INSERT INTO name_runs (source, ran_at, good_at, outcome, entries, dropped) \
               SELECT id, $2, $3, $4, $5, $6 FROM name_sources WHERE id = $1 \
               ON CONFLICT (source) DO UPDATE SET ran_at = excluded.ran_at, \
               good_at = COALESCE(excluded.good_at, name_runs.good_at), outcome = excluded.outcome, \
               entries = excluded.entries, dropped = excluded.dropped";
    let outcome: String = run.outcome.chars().take(1_000).collect();
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let values = values![
        source,
        to_micros(run.ran_at),
        run.good_at.map(to_micros),
        outcome,
        count(run.entries),
        count(run.dropped)
    ];
    execute(tx, sql, values).await.map(drop)
}

/// Writes what changed of a source's rows.
pub async fn put_difference(tx: &Tx, source: i64, difference: &Difference) -> Result<(), StoreError> {
    for chunk in difference.gone.chunks(400) {
        let marks: Vec<String> = (2..chunk.len() + 2).map(|at| format!("${at}")).collect();
        let sql = format!("DELETE FROM name_leases WHERE source = $1 AND ip IN ({})", marks.join(", "));
        let ips = chunk.iter().map(|ip| ip_bytes(*ip).into());
        execute(tx, sql, std::iter::once(source.into()).chain(ips)).await?;
    }
    let columns = &["source", "ip", "mac", "client_id", "host_name", "domain", "starts", "ends", "state"];
    let rows = difference.put.iter().map(|lease| {
        values![
            source,
            ip_bytes(lease.ip),
            lease.mac.map(|mac| i64::try_from(mac.to_u64()).unwrap_or(i64::MAX)),
            lease.client_id.clone(),
            lease.host_name.clone(),
            lease.domain.clone(),
            lease.starts.map(to_micros),
            lease.ends.map(to_micros),
            lease.state.as_str(),
        ]
        .to_vec()
    });
    upsert_many(tx, "name_leases", columns, 2, rows.collect::<Vec<_>>()).await.map(drop)
}

/// What a source has told, by address.
pub async fn leases<C: ConnectionTrait>(connection: &C, source: i64) -> Result<Vec<Lease>, StoreError> {
    let sql = "SELECT ip, mac, client_id, host_name, domain, starts, ends, state FROM name_leases \
               WHERE source = $1 ORDER BY ip";
    let rows = query_all(connection, sql, values![source]).await?;
    rows.iter()
        .map(|row| {
            let ip: Vec<u8> = row.try_get_by_index(0)?;
            let unreadable = |what: &str| StoreError::Unreadable(format!("the {what} of a lease is none"));
            let octets: [u8; 16] = ip.try_into().map_err(|_| unreadable("address"))?;
            let state: String = row.try_get_by_index(7)?;
            let mac = row.try_get_by_index::<Option<i64>>(1)?;
            let mac =
                mac.map(|bits| u64::try_from(bits).ok().and_then(Mac::from_u64).ok_or(unreadable("MAC")));
            Ok(Lease {
                ip: IpAddr::from(octets).to_canonical(),
                mac: mac.transpose()?,
                client_id: row.try_get_by_index(2)?,
                host_name: row.try_get_by_index(3)?,
                domain: row.try_get_by_index(4)?,
                starts: row.try_get_by_index::<Option<i64>>(5)?.map(time).transpose()?,
                ends: row.try_get_by_index::<Option<i64>>(6)?.map(time).transpose()?,
                state: state.parse().map_err(|_| unreadable("state"))?,
            })
        })
        .collect()
}

/// 16 octets, IPv4 as mapped (RFC 4291 section 2.5.5.2).
fn ip_bytes(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn time(micros: i64) -> Result<Timestamp, StoreError> {
    from_micros(micros)
}

#[cfg(test)]
mod tests {
    use netwarden_store::testing::TestStore;

    use super::*;
    use crate::lease::LeaseState;
    use crate::source::Kind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn lease(ip: &str, host_name: &str) -> Lease {
        Lease {
            ip: ip.parse().unwrap(),
            mac: "00:1b:21:3a:4f:5e".parse().ok(),
            client_id: None,
            host_name: Some(host_name.to_owned()),
            domain: None,
            starts: Some(at(10)),
            ends: None,
            state: LeaseState::Active,
        }
    }

    // proves: NAC-05
    #[tokio::test]
    async fn sources_their_runs_and_what_they_told_are_kept_on_both_databases() {
        for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
            let store = &test.store;
            let source = Source {
                id: 0,
                name: "office".into(),
                kind: Kind::ReverseDns,
                address: "192.0.2.53".into(),
                interval: Duration::from_secs(600),
                enabled: true,
                settings: Settings { per_second: Some(5), ..Settings::default() },
                has_secret: false,
            };
            let insert = async |row: Source| {
                store
                    .write(move |tx: &Tx| Box::pin(async move { insert_source(tx, &row, at(1)).await }))
                    .await
            };
            let id = insert(source.clone()).await.unwrap();
            assert!(insert(source.clone()).await.unwrap_err().is_duplicate(), "the name is taken");
            let changed = Source { id, enabled: false, ..source.clone() };
            let row = changed.clone();
            let good =
                Run { ran_at: at(2), good_at: Some(at(2)), outcome: "2".into(), entries: 2, dropped: 0 };
            let bad = Run { ran_at: at(3), good_at: None, outcome: "no answer".into(), ..good.clone() };
            let told = [lease("192.0.2.7", "pc7"), lease("2001:db8::7", "pc7")];
            let (first, again) = (told.to_vec(), lease("192.0.2.7", "pc8"));
            let gone = vec![told[1].ip];
            let runs_of = [good, bad.clone()];
            store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        assert!(update_source(tx, &row, at(2)).await?);
                        for run in &runs_of {
                            put_run(tx, id, run).await?;
                        }
                        put_run(tx, id + 1, &runs_of[0]).await?;
                        put_difference(tx, id, &Difference { put: first, gone: Vec::new() }).await?;
                        put_difference(tx, id, &Difference { put: vec![again], gone }).await
                    })
                })
                .await
                .unwrap();
            assert_eq!(sources(store.read()).await.unwrap(), std::slice::from_ref(&changed));
            assert_eq!(super::source(store.read(), id).await.unwrap(), Some(changed));
            let kept = Run { good_at: Some(at(2)), ..bad };
            assert_eq!(runs(store.read()).await.unwrap(), [(id, kept)], "the last good one stays");
            assert_eq!(leases(store.read(), id).await.unwrap(), [lease("192.0.2.7", "pc8")]);
            let removed =
                store.write(move |tx: &Tx| Box::pin(async move { delete_source(tx, id).await })).await;
            assert!(removed.unwrap());
            assert!(runs(store.read()).await.unwrap().is_empty());
            assert!(leases(store.read(), id).await.unwrap().is_empty());
        }
    }
}
