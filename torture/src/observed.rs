//! What the database holds when the server is down, as plain data for the checks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use netwarden_audit::{CheckpointPolicy, SignError, Signer, Trail};
use netwarden_model::{Event, EventSeq};
use netwarden_rules::{QuarantineVlans, Rule, Settings, StateRow};
use netwarden_spine::Spine;
use netwarden_store::{Store, StoreConfig, query_all, query_one};
use netwarden_vault::{Vault, VaultConfig};

use crate::SystemClock;

/// A request, as its row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: String,
    /// What makes it unique.
    pub key: String,
    /// The word of its action.
    pub action: String,
    /// `pending`, `opened`, `done`, `failed`, `unknown`, `held`, `observed`.
    pub state: String,
    /// Why it stands there.
    pub note: String,
    /// The one-shot with which it went.
    pub batch: Option<String>,
    /// The port that it is about: element's name and port.
    pub port: Option<(String, String)>,
    /// The event that told its outcome.
    pub outcome: Option<i64>,
}

/// What a port is wanted to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Element's name and port.
    pub port: (String, String),
    /// How far it has come.
    pub progress: String,
    /// Why it stands there.
    pub note: String,
}

/// All that the checks look at.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The event log, oldest first.
    pub events: Vec<Event>,
    /// How far the judge has come.
    pub judged: i64,
    /// Every revision of every rule.
    pub revisions: Vec<Rule>,
    /// What rules remember.
    pub state: Vec<StateRow>,
    /// What holds for all rules.
    pub settings: Settings,
    /// All requests, oldest first.
    pub requests: Vec<Asked>,
    /// All desired states.
    pub wanted: Vec<Wanted>,
    /// How often a rule's request stands in the audit trail, by the request's id.
    pub recorded: BTreeMap<String, i64>,
    /// Operation, object, outcome and cause of every act of a person in the trail.
    pub acts: Vec<(String, String, String)>,
    /// Records that are opened and have no outcome.
    pub open_records: i64,
    /// Attempts at ports without outcome.
    pub open_attempts: i64,
    /// Records in the trail.
    pub records: u64,
    /// What is wrong with the trail; None where it verifies.
    pub fault: Option<String>,
}

/// The public key of the trail alone: enough to verify, not to sign.
#[derive(Debug, Clone)]
pub struct PublicKey(pub [u8; 32]);

impl Signer for PublicKey {
    fn key_name(&self) -> &str {
        "netwarden/node-1"
    }

    fn public_key(&self) -> [u8; 32] {
        self.0
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignError> {
        let reason = "this reader has the public key alone".to_owned();
        Err(SignError { key: self.key_name().to_owned(), reason })
    }
}

/// Opens the database of a server that is down, as the server does, but with a small reserve or none.
pub async fn open(database: &Path, reserve_bytes: u64) -> anyhow::Result<Store> {
    let mut config = StoreConfig::sqlite(database);
    config.reserve_bytes = reserve_bytes;
    config.readers = 1;
    Store::open(config, netwarden_operate::SCHEMA).await.context("the database does not open")
}

/// The public key of the trail in the database of the server at `root`.
pub async fn trail_key(store: &Store, root: &Path) -> anyhow::Result<PublicKey> {
    use netwarden_model::Clock;

    let config = VaultConfig {
        key_file: root.join("netwarden.key"),
        data_folder: Some(root.join("data")),
        credential: None,
    };
    let vault = Vault::unlock(store.clone(), config, SystemClock.now()).await.context("the vault")?;
    let key = vault.signing_key("audit", SystemClock.now()).await.context("the trail's key")?;
    Ok(PublicKey(key.public_key()))
}

/// The trail of a store, for verifying.
pub fn trail(store: &Store, key: &PublicKey) -> anyhow::Result<Trail> {
    Trail::new(store.clone(), Arc::new(key.clone()), CheckpointPolicy::default()).context("the trail")
}

impl Observed {
    /// Reads it all; brings the trail's search index up, which the server does by itself.
    pub async fn read(store: &Store, key: &PublicKey) -> anyhow::Result<Self> {
        let trail = trail(store, key)?;
        trail.catch_up().await.context("the trail's index")?;
        let report = trail.verify(&[], &mut |_, _| std::ops::ControlFlow::Continue(())).await?;
        let spine = Spine::open(store.clone()).await?;
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(EventSeq(0), |event| event.seq);
            let chunk = spine.read_from(after, netwarden_store::READ_CHUNK).await?;
            if chunk.is_empty() {
                break;
            }
            events.extend(chunk);
        }
        let judged = spine.consumers().await?.into_iter().find(|consumer| consumer.name == "judge");
        let mut revisions = Vec::new();
        for rule in netwarden_rules::sql::all(store.read()).await? {
            for revision in netwarden_rules::sql::revisions(store.read(), rule.rule.id).await? {
                revisions.push(revision.rule);
            }
        }
        let elements = netwarden_inventory::sql::elements(store.read()).await?;
        let names: BTreeMap<i64, String> =
            elements.iter().map(|base| (base.element.id.0, base.element.name.clone())).collect();
        let by_element =
            elements.iter().filter_map(|base| Some((base.element.id, base.element.quarantine_vlan?)));
        let vlans = QuarantineVlans { default: None, by_element: by_element.collect() };
        Ok(Self {
            judged: judged.map_or(0, |consumer| consumer.position.0),
            revisions,
            state: netwarden_rules::sql::state(store.read()).await?,
            settings: Settings { vlans, ..Settings::default() },
            requests: requests(store, &names).await?,
            wanted: wanted(store, &names).await?,
            recorded: recorded(store).await?,
            acts: acts(store).await?,
            open_records: number(store, "SELECT count(*) FROM audit_open").await?,
            open_attempts: number(store, "SELECT count(*) FROM port_attempts WHERE outcome IS NULL").await?,
            records: report.records,
            fault: report.problem.map(|problem| problem.to_string()),
            events,
        })
    }

    /// The requests whose ids these are not.
    pub fn request(&self, id: &str) -> Option<&Asked> {
        self.requests.iter().find(|asked| asked.id == id)
    }
}

fn place(names: &BTreeMap<i64, String>, ne: Option<i64>, port: Option<String>) -> Option<(String, String)> {
    let (ne, port) = ne.zip(port)?;
    Some((names.get(&ne).cloned().unwrap_or_else(|| format!("element {ne}")), port))
}

fn id(octets: Vec<u8>) -> anyhow::Result<String> {
    Ok(uuid::Uuid::from_slice(&octets).context("a request's id")?.to_string())
}

async fn requests(store: &Store, names: &BTreeMap<i64, String>) -> anyhow::Result<Vec<Asked>> {
    let sql = "SELECT id, request_key, action, state, note, batch, ne, port, outcome_seq \
               FROM action_requests ORDER BY id";
    let mut all = Vec::new();
    for row in query_all(store.read(), sql, []).await? {
        let batch: Option<Vec<u8>> = row.try_get_by_index(5)?;
        all.push(Asked {
            id: id(row.try_get_by_index(0)?)?,
            key: row.try_get_by_index(1)?,
            action: row.try_get_by_index(2)?,
            state: row.try_get_by_index(3)?,
            note: row.try_get_by_index(4)?,
            batch: batch.map(id).transpose()?,
            port: place(names, row.try_get_by_index(6)?, row.try_get_by_index(7)?),
            outcome: row.try_get_by_index(8)?,
        });
    }
    Ok(all)
}

async fn wanted(store: &Store, names: &BTreeMap<i64, String>) -> anyhow::Result<Vec<Wanted>> {
    let mut all = Vec::new();
    for row in query_all(store.read(), "SELECT ne, port, progress, note FROM desired_ports", []).await? {
        let port = place(names, Some(row.try_get_by_index(0)?), Some(row.try_get_by_index(1)?));
        all.push(Wanted {
            port: port.unwrap_or_default(),
            progress: row.try_get_by_index(2)?,
            note: row.try_get_by_index(3)?,
        });
    }
    Ok(all)
}

async fn recorded(store: &Store) -> anyhow::Result<BTreeMap<String, i64>> {
    let sql = "SELECT request, count(*) FROM audit_search \
               WHERE operation LIKE 'rule.%' AND operation <> 'rule.judge' AND request <> '' \
               AND user_name = '' GROUP BY request";
    let rows = query_all(store.read(), sql, []).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

async fn acts(store: &Store) -> anyhow::Result<Vec<(String, String, String)>> {
    let sql = "SELECT operation, object_id, words FROM audit_search WHERE user_name <> '' ORDER BY idx";
    let rows = query_all(store.read(), sql, []).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?)))
        .collect()
}

async fn number(store: &Store, sql: &str) -> anyhow::Result<i64> {
    let row = query_one(store.read(), sql, []).await?.context("a count without a row")?;
    Ok(row.try_get_by_index(0)?)
}
