//! Full cycles of the real engine: poll, difference, events, stored.
//!
//! All agents' elements are put into an inventory on a real file, then everything is polled at once. The
//! first cycle meets every endpoint for the first time, which is the most that a cycle can bring; in
//! those that follow nothing has changed. A cycle has ended when every element was read after its
//! beginning and the keeper has worked off what came before.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::Timestamp;
use netwarden_actions::Pace;
use netwarden_actions::notify::Channels;
use netwarden_engine::{Engine, Machine, Order, Parts, Picture};
use netwarden_inventory::{ElementBase, PollWhat, PollWish, Settings};
use netwarden_model::element::{Element, Method, Schedule};
use netwarden_model::{Clock, NeId};
use netwarden_reach::{AuthProtocol, Credentials, EngineConfig, PrivProtocol, Secret, SnmpEngine};
use netwarden_spine::Spine;
use netwarden_store::{Store, StoreConfig, Tx};
use netwarden_vault::{Vault, VaultConfig, VaultError};
use serde_json::json;

use crate::numbers::{SystemClock, cpu_seconds};

/// Longer than this no cycle may take.
const LIMIT: Duration = Duration::from_secs(300);

/// The keeper writes heartbeats at its next periodic review at the latest.
const HEARTBEATS: Duration = Duration::from_secs(6);

/// See the module.
pub async fn run(
    agents: &Path,
    endpoints: usize,
    in_flight: usize,
    unchanged: usize,
) -> anyhow::Result<serde_json::Value> {
    let agents = read_agents(agents)?;
    let folder = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = folder.path().join("data").join("netwarden.db");
    let store = Store::open(StoreConfig::sqlite(&database), netwarden_operate::SCHEMA).await?;
    let config = VaultConfig { key_file: folder.path().join("key"), data_folder: None, credential: None };
    let vault = Arc::new(Vault::unlock(store.clone(), config, clock.now()).await?);
    put_elements(&store, &vault, &agents, clock.now()).await?;
    let network = netwarden_inventory::sql::load(store.read(), Settings::default(), clock.now()).await?;
    let elements: Vec<NeId> = network.elements().map(|(ne, _)| ne).collect();
    let spine = Spine::open(store.clone()).await?;
    let snmp = SnmpEngine::start(EngineConfig::default())?;
    let log = LogMeter::start(database.with_file_name("netwarden.db-wal"));

    let begin = clock.now();
    let (started, cpu, requests) = (Instant::now(), cpu_seconds()?, snmp.stats());
    let engine = Engine::start(Parts {
        store: store.clone(),
        spine: spine.clone(),
        vault,
        clock: Arc::clone(&clock),
        snmp: snmp.clone(),
        network,
        guard: netwarden_actions::guard::Settings::default(),
        channels: Channels::default(),
        in_flight,
        pace: Pace::default(),
        machine: Machine::default(),
    });
    let picture = engine.keeper().picture().clone();
    until_read(&engine, &picture, begin, Some(endpoints)).await?;
    let first = json!({
        "seconds": started.elapsed().as_secs_f64(),
        "cpu_seconds": cpu_seconds()? - cpu,
        "events": spine.latest().await?.0,
        "log_bytes": log.total(),
        "requests": snmp.stats().requests - requests.requests,
        "retransmits": snmp.stats().retransmits - requests.retransmits,
        "variables": snmp.stats().variables - requests.variables,
        "online": picture.read().counters().online,
        "rows": picture.read().counters().rows,
    });

    let mut later = Vec::new();
    for _ in 0..unchanged {
        tokio::time::sleep(HEARTBEATS).await;
        store.checkpoint().await?;
        let (before, events) = (log.total(), spine.latest().await?.0);
        let (begin, started, cpu) = (clock.now(), Instant::now(), cpu_seconds()?);
        for ne in &elements {
            let what = PollWhat::Methods(Method::ALL.to_vec());
            engine.order(Order::Wish(PollWish { ne: *ne, what, due: begin }));
        }
        until_read(&engine, &picture, begin, None).await?;
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
        tokio::time::sleep(HEARTBEATS).await;
        later.push(json!({
            "seconds": seconds,
            "cpu_seconds": cpu,
            "events": spine.latest().await?.0 - events,
            "log_bytes": log.total() - before,
        }));
    }
    drop(engine);
    store.close().await?;
    Ok(json!({ "agents": agents.len(), "in_flight": in_flight, "first": first, "unchanged": later }))
}

fn read_agents(path: &Path) -> anyhow::Result<Vec<(SocketAddr, String)>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let agents: Vec<(SocketAddr, String)> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
        })
        .collect();
    if agents.is_empty() {
        bail!("{} names no agents", path.display());
    }
    Ok(agents)
}

async fn put_elements(
    store: &Store,
    vault: &Arc<Vault>,
    agents: &[(SocketAddr, String)],
    now: Timestamp,
) -> anyhow::Result<()> {
    let credentials = Credentials::V3 {
        user: "netwarden".to_owned(),
        auth: Some((AuthProtocol::Sha256, Secret::new("simulated-auth"))),
        privacy: Some((PrivProtocol::Aes128, Secret::new("simulated-priv"))),
        context: String::new(),
    };
    let secret = serde_json::to_vec(&credentials)?;
    let keeper = Arc::clone(vault);
    let credential = store
        .write::<_, VaultError, _>(move |tx: &Tx| {
            Box::pin(
                async move { keeper.create_credential(tx, "simulated", "v3 authPriv", &secret, now).await },
            )
        })
        .await?;
    // Polled when the cycle asks for it, and not by time.
    let seldom =
        Schedule { interval: Duration::from_secs(86_400), timeout: Duration::from_secs(3), retries: 3 };
    let bases: Vec<ElementBase> = agents
        .iter()
        .map(|(address, name)| {
            let element = Element {
                id: NeId(0),
                name: name.clone(),
                address: *address,
                credential: Some(credential),
                enforcement: false,
                allow_v2c: false,
                quarantine_vlan: None,
                voice_vlan: None,
            };
            let mut base = ElementBase::new(element, now);
            base.schedules = BTreeMap::from(Method::ALL.map(|method| (method, seldom)));
            base
        })
        .collect();
    store
        .write::<_, netwarden_store::StoreError, _>(move |tx: &Tx| {
            Box::pin(async move {
                for base in &bases {
                    netwarden_inventory::sql::insert_element(tx, base).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(())
}

/// Until every element was read after `begin`, with `online` endpoints where that is asked for, and the
/// keeper is through with what came before.
async fn until_read(
    engine: &Engine,
    picture: &Picture,
    begin: Timestamp,
    online: Option<usize>,
) -> anyhow::Result<()> {
    let limit = Instant::now() + LIMIT;
    loop {
        let (waiting, found) = {
            let network = picture.read();
            let read = |last: &BTreeMap<Method, Timestamp>| {
                Method::ALL.iter().all(|method| last.get(method).is_some_and(|at| *at >= begin))
            };
            let waiting = network.elements().filter(|(_, element)| !read(&element.live.last_good)).count();
            (waiting, if waiting == 0 { network.counters().online } else { 0 })
        };
        if waiting == 0 && online.is_none_or(|wanted| found >= wanted) {
            engine.keeper().adjust(|_| {}).await?;
            return Ok(());
        }
        if Instant::now() > limit {
            bail!("{waiting} elements were not read and {found} endpoints are online after {LIMIT:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Octets that were written to SQLite's write-ahead log: the sum of its growth, for every checkpoint
/// cuts it to nothing.
struct LogMeter {
    total: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl LogMeter {
    fn start(path: std::path::PathBuf) -> Self {
        let meter = Self { total: Arc::default(), stop: Arc::default() };
        let (total, stop) = (Arc::clone(&meter.total), Arc::clone(&meter.stop));
        std::thread::spawn(move || {
            let mut last = 0;
            while !stop.load(Ordering::Relaxed) {
                let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
                let grown = if length >= last { length - last } else { length };
                total.fetch_add(grown, Ordering::Relaxed);
                last = length;
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        meter
    }

    fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

impl Drop for LogMeter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
