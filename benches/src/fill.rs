//! A large database: as many endpoints, sightings, pairings and events as ninety days of a large network
//! leave behind. Rows are written many to a statement; events through the log's own `append`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use netwarden_inventory::ElementBase;
use netwarden_model::element::Element;
use netwarden_model::{EndpointStatus, NeId};
use netwarden_spine::Spine;
use netwarden_store::{
    Store, StoreConfig, StoreError, Tx, Value, execute, insert_many, query_all, to_micros, values,
};
use serde_json::json;

use crate::events::{Endpoint, Past};
use crate::judging;
use crate::tree::{self, End};

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Network elements, 48 ports each.
    pub elements: usize,
    /// Endpoints.
    pub endpoints: usize,
    /// Events.
    pub events: usize,
}

/// Intervals during which each endpoint was somewhere; the last goes on for those who are there.
const SIGHTINGS: usize = 5;

/// Rows in one transaction.
const BATCH: usize = 4_000;

const ENDPOINT_COLUMNS: [&str; 23] = [
    "mac",
    "status",
    "owner",
    "note",
    "group_name",
    "dns_name",
    "host_name",
    "user_name",
    "vendor",
    "compliance",
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
    "custom1",
];

const PORT_COLUMNS: [&str; 11] = [
    "id",
    "ne",
    "name",
    "if_index",
    "alias",
    "admin_status",
    "oper_status",
    "speed",
    "pvid",
    "protected",
    "role",
];

/// See the module.
pub async fn run(database: &Path, sizes: Sizes) -> anyhow::Result<serde_json::Value> {
    let store = Store::open(StoreConfig::sqlite(database), netwarden_operate::SCHEMA).await?;
    let started = Instant::now();
    elements(&store, sizes.elements).await?;
    rows(&store, "ports", &PORT_COLUMNS, sizes.elements * 48, port).await?;
    let links = tree::links(sizes.elements);
    // Of each link the lower end, then the upper one.
    let ends: Vec<(End, End)> = links.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]).collect();
    let first = integer(sizes.elements * 48) + 1;
    let id = |n: usize| first + integer(n);
    rows(&store, "ports", &PORT_COLUMNS, ends.len(), |n| {
        ends.get(n).map_or(vec![], |(end, _)| end.row(id(n)))
    })
    .await?;
    rows(&store, "neighbours", &["ne", "place", "port_id", "body"], ends.len(), |n| {
        let Some((end, other)) = ends.get(n) else { return Vec::new() };
        let body = serde_json::to_string(&end.told_of(*other)).unwrap_or_default();
        values![integer(end.ne), integer(end.port), id(n), body].into()
    })
    .await?;
    rows(&store, "endpoints", &ENDPOINT_COLUMNS, sizes.endpoints, move |n| endpoint(n, sizes)).await?;
    rows(
        &store,
        "sightings",
        &["id", "mac", "port_id", "vlan", "started", "ended", "user_name"],
        sizes.endpoints * SIGHTINGS,
        move |n| sighting(n, sizes),
    )
    .await?;
    rows(
        &store,
        "ip_bindings",
        &["id", "ip", "mac", "ne", "started", "ended"],
        sizes.endpoints * 2,
        move |n| binding(n, sizes),
    )
    .await?;
    let inventory = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let spine = Spine::open(store.clone()).await?;
    let indexes = drop_indexes(&store, "spine_events").await?;
    for first in (0..sizes.events).step_by(BATCH) {
        judging::append(&store, &spine, first, BATCH.min(sizes.events - first), sizes.events).await?;
    }
    for index in indexes {
        store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { execute(tx, index, []).await }))
            .await?;
    }
    let events = started.elapsed().as_secs_f64();
    store.close().await?;
    Ok(json!({
        "elements": sizes.elements, "endpoints": sizes.endpoints, "events": sizes.events,
        "sightings": sizes.endpoints * SIGHTINGS,
        "inventory_seconds": inventory, "events_seconds": events,
        "bytes": std::fs::metadata(database)?.len(),
    }))
}

/// Takes the indexes of `table` away and yields how they are made: sorted once they cost a tenth.
async fn drop_indexes(store: &Store, table: &'static str) -> anyhow::Result<Vec<String>> {
    let sql =
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL";
    let mut made = Vec::new();
    for row in query_all(store.read(), sql, values![table]).await? {
        let (name, how): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        made.push(how);
        let drop = format!("DROP INDEX {name}");
        store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { execute(tx, drop, []).await }))
            .await?;
    }
    Ok(made)
}

/// Where an element would be asked.
pub fn address(number: usize) -> SocketAddr {
    let [_, second, third, fourth] = u32::try_from(number).unwrap_or(0).to_be_bytes();
    ([127, second.wrapping_add(100), third, fourth], 161).into()
}

async fn elements(store: &Store, count: usize) -> anyhow::Result<()> {
    store
        .write::<_, StoreError, _>(move |tx: &Tx| {
            Box::pin(async move {
                for number in 1..=count {
                    let element = Element {
                        id: NeId(0),
                        name: format!("sw-{number:04}"),
                        address: address(number),
                        // Without credentials it is not polled: the server has nothing else to do.
                        credential: None,
                        enforcement: false,
                        allow_v2c: false,
                        quarantine_vlan: None,
                        voice_vlan: None,
                    };
                    let mut base = ElementBase::new(element, Past::new().begin);
                    base.groups = vec![format!("site-{:02}", number % 40)];
                    base.region = Some(format!("region {}", number % 12));
                    base.scans_off = netwarden_model::element::Scan::ALL.into_iter().collect();
                    netwarden_inventory::sql::insert_element(tx, &base).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(())
}

async fn rows(
    store: &Store,
    table: &'static str,
    columns: &'static [&'static str],
    count: usize,
    row: impl Fn(usize) -> Vec<Value>,
) -> anyhow::Result<()> {
    for first in (0..count).step_by(BATCH) {
        let part: Vec<Vec<Value>> = (first..count.min(first + BATCH)).map(&row).collect();
        store
            .write::<_, StoreError, _>(move |tx: &Tx| {
                Box::pin(async move { insert_many(tx, table, columns, part).await.map(|_| ()) })
            })
            .await?;
    }
    Ok(())
}

fn integer(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn port_id(ne: i64, port: usize) -> i64 {
    (ne - 1) * 48 + integer(port)
}

fn port(n: usize) -> Vec<Value> {
    let (ne, port) = (n / 48 + 1, n % 48 + 1);
    let up = if n.is_multiple_of(3) { "down" } else { "up" };
    values![
        integer(n) + 1,
        integer(ne),
        format!("GigabitEthernet1/0/{port}"),
        10_100 + integer(port),
        format!("room {:03}-{:02}", n % 997, port),
        "up",
        up,
        1_000_000_000_i64,
        integer(10 + n % 40),
        false,
        "access",
    ]
    .into()
}

fn end() -> Timestamp {
    Past::new().at(1, 1)
}

fn endpoint(n: usize, sizes: Sizes) -> Vec<Value> {
    let e = Endpoint { number: n, elements: sizes.elements };
    let (mac, name) = (e.mac(), format!("{}.example.net", e.host_name()));
    let first_seen = to_micros(Past::new().at(n % 977, 1_000));
    let last_seen = to_micros(Past::new().at(900 + n % 100, 1_000));
    let place = e.online() || !n.is_multiple_of(2);
    let colons = mac.to_string();
    let bare = colons.replace(':', "");
    let note = (n.is_multiple_of(11)).then(|| format!("replaced {}", n % 365));
    let search = [
        Some(colons),
        Some(bare),
        Some(e.ip().to_string()),
        Some(e.vendor().to_owned()),
        Some(e.owner()),
        note.clone(),
        e.group().map(str::to_owned),
        Some(name.clone()),
        Some(e.host_name()),
        e.user(),
    ];
    let new = e.status() == EndpointStatus::New;
    values![
        i64::try_from(mac.to_u64()).unwrap_or(0),
        e.status().as_str(),
        (!new).then(|| e.owner()),
        note,
        e.group().map(str::to_owned),
        name.clone(),
        e.host_name(),
        e.user(),
        e.vendor().to_owned(),
        "unknown",
        first_seen,
        last_seen,
        true,
        e.online(),
        (!e.online()).then_some(last_seen),
        place.then(|| e.ne(0)),
        place.then(|| port_id(e.ne(0), e.port(0))),
        i64::from(e.vlan()),
        e.ip().to_string(),
        name,
        if e.online() { i64::MAX } else { last_seen },
        search.into_iter().flatten().collect::<Vec<_>>().join(" | "),
        Option::<String>::None,
    ]
    .into()
}

fn sighting(n: usize, sizes: Sizes) -> Vec<Value> {
    // Oldest first for all endpoints, as time would have it.
    let (which, number) = (n / sizes.endpoints, n % sizes.endpoints);
    let e = Endpoint { number, elements: sizes.elements };
    let moves = SIGHTINGS - 1 - which;
    let whole = sizes.endpoints * SIGHTINGS;
    let started = Past::new().at(n, whole);
    let last = which + 1 == SIGHTINGS;
    let ended = Past::new().at((n + sizes.endpoints * 4 / 5).min(whole), whole);
    values![
        integer(n) + 1,
        i64::try_from(e.mac().to_u64()).unwrap_or(0),
        port_id(e.ne(moves), e.port(moves)),
        i64::from(e.vlan()),
        to_micros(started),
        (!(last && e.online())).then(|| to_micros(ended)),
        e.user(),
    ]
    .into()
}

fn binding(n: usize, sizes: Sizes) -> Vec<Value> {
    let (which, number) = (n / sizes.endpoints, n % sizes.endpoints);
    let e = Endpoint { number, elements: sizes.elements };
    // Before, somebody else had the address.
    let had = if which == 0 { Endpoint { number: (number + 1) % sizes.endpoints, ..e } } else { e };
    let octets = match had.ip() {
        std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().octets().to_vec(),
        std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let (started, ended) = if which == 0 {
        (Past::new().at(number, sizes.endpoints * 2), Some(Past::new().at(1, 2)))
    } else {
        (Past::new().at(sizes.endpoints + number, sizes.endpoints * 2), (!e.online()).then(end))
    };
    values![
        integer(n) + 1,
        octets,
        i64::try_from(e.mac().to_u64()).unwrap_or(0),
        e.ne(0),
        to_micros(started),
        ended.map(to_micros),
    ]
    .into()
}
