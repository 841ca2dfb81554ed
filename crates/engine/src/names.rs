//! The keeper of names: asks the sources that are to be asked, takes what others send, and gives the
//! endpoints the names that follow.
//!
//! ```text
//!   schedule ──► runs (DNS, directories, Infoblox) ──┐
//!   operate ───► leases of agents, uploads ──────────┤
//!                                                    ▼
//!                    rows in the store → book in memory → keeper: T0 (names of endpoints)
//! ```
//!
//! What the sources told is durable before an endpoint is named by it, and every name can be found again
//! from it: once a minute all endpoints are held against the book, so a run that was cut short leaves no
//! lasting gap.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use netwarden_audit::{AuditError, Record};
use netwarden_inventory::{NameFact, NameKind};
use netwarden_model::{Clock, Mac};
use netwarden_names::book::{Book, Difference, SourceId, Verdict};
use netwarden_names::dns::reverse::Outcome;
use netwarden_names::dns::zone::Zone;
use netwarden_names::sql::{self, Run};
use netwarden_names::{Kind, Lease, LeaseState, Parsed, Source, fetch};
use netwarden_store::{Store, StoreError};
use netwarden_vault::{Vault, Zeroizing};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::failures::Trouble;
use crate::keeper::KeeperHandle;

/// How often the schedule is looked at; look-ups go in batches of one such step.
const TICK: Duration = Duration::from_secs(1);
/// How often all endpoints are held against the book.
const SWEEP: SignedDuration = SignedDuration::from_secs(60);
/// Endpoints that are named in one transaction.
const NAMED_AT_ONCE: usize = 500;
/// Inputs that wait.
const QUEUE: usize = 64;

/// Under which name the vault keeps a source's secret.
pub fn secret_name(source: SourceId) -> String {
    format!("names/{source}")
}

/// Why what was sent was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NamesError {
    /// There is no such source, or it is switched off.
    #[error("{0}")]
    Refused(String),
    /// It could not be written.
    #[error("what the source told could not be written")]
    Store(#[from] StoreError),
    /// It could not be recorded, so it was not taken.
    #[error("what the source told cannot be recorded, so it was not taken")]
    Audit(#[from] AuditError),
    /// The loop has ended.
    #[error("the names are closed")]
    Closed,
}

/// What a source sends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentLeases {
    /// It replaces all that the source has told.
    pub whole: bool,
    /// New and changed leases.
    pub leases: Vec<Lease>,
    /// Addresses without a lease.
    pub gone: Vec<IpAddr>,
    /// Rows of the source that could not be read.
    pub dropped: u64,
}

enum Input {
    Changed(oneshot::Sender<()>),
    Run(SourceId, oneshot::Sender<Result<(), NamesError>>),
    Sent(SourceId, Box<SentLeases>, Box<Record>, oneshot::Sender<Result<u64, NamesError>>),
}

/// Talks to the keeper of names.
#[derive(Debug, Clone)]
pub struct NamesHandle(mpsc::Sender<Input>);

impl NamesHandle {
    /// Sources were added, changed or removed; answers when that is heard.
    pub async fn changed(&self) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(Input::Changed(reply)).await.is_ok() {
            let _ = answer.await;
        }
    }

    /// Asks a source now.
    ///
    /// # Errors
    /// Where it is none that is asked.
    pub async fn run(&self, source: SourceId) -> Result<(), NamesError> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Input::Run(source, reply)).await.map_err(|_| NamesError::Closed)?;
        answer.await.map_err(|_| NamesError::Closed)?
    }

    /// Takes what a source sends, with its record in the same transaction; answers with how many rows
    /// that changed.
    ///
    /// # Errors
    /// Where the source is none that sends, or nothing could be written.
    pub async fn take(&self, source: SourceId, sent: SentLeases, record: Record) -> Result<u64, NamesError> {
        let (reply, answer) = oneshot::channel();
        let input = Input::Sent(source, Box::new(sent), Box::new(record), reply);
        self.0.send(input).await.map_err(|_| NamesError::Closed)?;
        answer.await.map_err(|_| NamesError::Closed)?
    }
}

/// A source as the schedule has it.
#[derive(Debug)]
struct Kept {
    source: Source,
    due: Timestamp,
    running: bool,
    zones: BTreeMap<String, Zone>,
    /// Addresses whose look-up failed: not before.
    waiting: BTreeMap<IpAddr, Timestamp>,
    told: Option<Run>,
    trouble: Trouble,
}

/// What a run brought.
enum Brought {
    Leases(Parsed),
    Zones { zones: Vec<(String, Zone)>, failed: Vec<String> },
    Looked(Vec<(IpAddr, Result<Outcome, String>)>),
}

struct Ended {
    source: Source,
    brought: Result<Brought, String>,
}

/// The keeper itself.
#[derive(Debug)]
pub struct NameKeeper {
    store: Store,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    keeper: KeeperHandle,
    inputs: mpsc::Receiver<Input>,
    book: Book,
    sources: BTreeMap<SourceId, Kept>,
    runs: JoinSet<Ended>,
    swept: Option<Timestamp>,
    loaded: bool,
    trouble: Trouble,
}

impl NameKeeper {
    /// A keeper that names through `keeper`.
    pub fn new(
        store: Store,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        keeper: KeeperHandle,
    ) -> (Self, NamesHandle) {
        let (sender, inputs) = mpsc::channel(QUEUE);
        let names = Self {
            store,
            vault,
            clock,
            keeper,
            inputs,
            book: Book::default(),
            sources: BTreeMap::new(),
            runs: JoinSet::new(),
            swept: None,
            loaded: false,
            trouble: Trouble::default(),
        };
        (names, NamesHandle(sender))
    }

    /// Runs until every handle is gone.
    pub async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.reload().await;
        loop {
            tokio::select! {
                input = self.inputs.recv() => match input {
                    Some(input) => self.input(input).await,
                    None => return,
                },
                Some(ended) = self.runs.join_next() => match ended {
                    Ok(ended) => self.ended(ended).await,
                    // It fell; its source stays marked as running until the next look at all of them.
                    Err(error) => {
                        tracing::error!(%error, "a source of names could not be asked");
                        self.sources.values_mut().for_each(|kept| kept.running = false);
                    }
                },
                _ = tick.tick() => self.tick().await,
            }
        }
    }

    async fn input(&mut self, input: Input) {
        match input {
            Input::Changed(reply) => {
                self.reload().await;
                let _ = reply.send(());
            }
            Input::Run(id, reply) => {
                let now = self.clock.now();
                let asked = match self.sources.get_mut(&id) {
                    Some(kept) if !kept.source.enabled => Err(off(&kept.source)),
                    Some(kept) if kept.source.kind.is_asked() => {
                        kept.due = now;
                        kept.waiting.clear();
                        Ok(())
                    }
                    Some(kept) => Err(NamesError::Refused(format!(
                        "source '{}' is not asked: its leases are sent here",
                        kept.source.name
                    ))),
                    None => Err(NamesError::Refused(format!("there is no source {id}"))),
                };
                let _ = reply.send(asked);
                self.tick().await;
            }
            Input::Sent(id, sent, record, reply) => {
                let taken = self.sent(id, *sent, *record).await;
                let _ = reply.send(taken);
            }
        }
    }

    /// Reads the sources anew, and what they told where that is not known yet.
    async fn reload(&mut self) {
        let sources = match sql::sources(self.store.read()).await {
            Ok(sources) => sources,
            Err(error) => {
                if self.trouble.failed(self.clock.now()) {
                    tracing::error!(%error, "the sources of names cannot be read");
                }
                return;
            }
        };
        self.trouble.over();
        let now = self.clock.now();
        let gone: Vec<SourceId> = self
            .sources
            .keys()
            .filter(|id| !sources.iter().any(|source| source.id == **id))
            .copied()
            .collect();
        for id in gone {
            self.sources.remove(&id);
            self.book.close(id);
        }
        for source in sources {
            let id = source.id;
            let is_new = !self.sources.contains_key(&id);
            self.book.open(id, source.kind);
            if is_new {
                match sql::leases(self.store.read(), id).await {
                    Ok(rows) => {
                        let known = self.book.difference(id, rows, &[], true);
                        self.book.apply(id, known);
                    }
                    Err(error) => {
                        tracing::error!(source = source.name, %error, "what a source told cannot be read");
                        self.book.close(id);
                        continue;
                    }
                }
            }
            let kept = self.sources.entry(id).or_insert_with(|| Kept {
                source: source.clone(),
                due: now,
                running: false,
                zones: BTreeMap::new(),
                waiting: BTreeMap::new(),
                told: None,
                trouble: Trouble::default(),
            });
            if kept.source != source {
                *kept = Kept {
                    source,
                    due: now,
                    running: kept.running,
                    zones: BTreeMap::new(),
                    waiting: BTreeMap::new(),
                    told: None,
                    trouble: Trouble::default(),
                };
            }
        }
        self.loaded = true;
        self.swept = None;
    }

    async fn tick(&mut self) {
        if !self.loaded {
            return self.reload().await;
        }
        let now = self.clock.now();
        let due: Vec<SourceId> = self
            .sources
            .iter()
            .filter(|(_, kept)| kept.source.enabled && kept.source.kind.is_asked() && !kept.running)
            .filter(|(_, kept)| kept.due <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.start(id, now).await;
        }
        if self.swept.is_none_or(|at| now.duration_since(at) >= SWEEP) {
            self.swept = Some(now);
            self.forget_unused(now).await;
            self.name_all(|_, _| true).await;
        }
    }

    /// Answers about addresses that nobody has any more are dropped when they end.
    async fn forget_unused(&mut self, now: Timestamp) {
        let asked = self.sources.iter().filter(|(_, kept)| kept.source.kind == Kind::ReverseDns);
        let asked: Vec<SourceId> = asked.map(|(id, _)| *id).collect();
        if asked.is_empty() {
            return;
        }
        let used: BTreeSet<IpAddr> = {
            let picture = self.keeper.picture().read();
            picture.endpoints().flat_map(|endpoint| endpoint.ips.iter().copied()).collect()
        };
        for id in asked {
            let gone = self.book.unused(id, &used, now);
            if let Err(error) = self.keep(id, Difference { put: Vec::new(), gone }, None).await {
                tracing::error!(%error, "answers about unused addresses could not be dropped");
            }
        }
    }

    async fn start(&mut self, id: SourceId, now: Timestamp) {
        let Some(kept) = self.sources.get(&id) else { return };
        let source = kept.source.clone();
        let wanted = match source.kind {
            Kind::ReverseDns => {
                let most = usize::try_from(source.per_second()).unwrap_or(1);
                let used: Vec<IpAddr> = {
                    let picture = self.keeper.picture().read();
                    let ips = picture.endpoints().flat_map(|endpoint| endpoint.ips.iter().copied());
                    ips.filter(|ip| kept.waiting.get(ip).is_none_or(|at| *at <= now)).collect()
                };
                self.book.due(id, used.into_iter(), now, most)
            }
            _ => Vec::new(),
        };
        if source.kind == Kind::ReverseDns && wanted.is_empty() {
            return;
        }
        let secret = match source.has_secret {
            true => match self.secret(id).await {
                Ok(secret) => Some(secret),
                Err(reason) => {
                    if let Some(kept) = self.sources.get_mut(&id) {
                        kept.due = later(now, source.interval);
                    }
                    return self.tell(&source, Err(reason), 0).await;
                }
            },
            false => None,
        };
        let Some(kept) = self.sources.get_mut(&id) else { return };
        kept.running = true;
        let zones = kept.zones.clone();
        self.runs.spawn(async move {
            let brought = ask(&source, secret, zones, wanted, now).await;
            Ended { source, brought }
        });
    }

    async fn secret(&self, id: SourceId) -> Result<Zeroizing<String>, String> {
        let octets = self.vault.named_secret(&secret_name(id)).await;
        let octets = octets.map_err(|error| format!("the source's secret cannot be opened: {error}"))?;
        let octets = octets.ok_or("the source's secret is not in the vault")?;
        let text = std::str::from_utf8(&octets).map_err(|_| "the source's secret is no text")?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    async fn ended(&mut self, ended: Ended) {
        let now = self.clock.now();
        let id = ended.source.id;
        let Some(kept) = self.sources.get_mut(&id) else { return };
        kept.running = false;
        // It was changed meanwhile: it is due again, as it is now.
        if kept.source != ended.source {
            return;
        }
        let source = ended.source;
        let mut dropped = 0;
        let (rows, gone, whole, outcome) = match ended.brought {
            Err(reason) => {
                kept.due = later(now, source.interval);
                return self.tell(&source, Err(reason), 0).await;
            }
            Ok(Brought::Leases(parsed)) => {
                kept.due = later(now, source.interval);
                dropped = u64::try_from(parsed.dropped.len()).unwrap_or(u64::MAX);
                let reason =
                    parsed.dropped.first().map_or_else(String::new, |row| format!(", the first: {row}"));
                let said = format!("{} leases, {dropped} rows left out{reason}", parsed.leases.len());
                (parsed.leases, Vec::new(), true, Ok(said))
            }
            Ok(Brought::Zones { zones, failed }) => {
                kept.due = later(now, source.interval);
                kept.zones.extend(zones);
                let names = kept.zones.values().flat_map(Zone::names);
                let rows: Vec<Lease> = names.map(|(ip, name)| named(ip, Some(name), now, None)).collect();
                // What a zone said that could not be transferred since the start still counts.
                let whole = source.settings.zones.iter().all(|zone| kept.zones.contains_key(zone));
                let said = match failed.first() {
                    None => Ok(format!("{} zones, {} addresses", kept.zones.len(), rows.len())),
                    Some(first) => Err(format!("{} zones could not be transferred: {first}", failed.len())),
                };
                (rows, Vec::new(), whole, said)
            }
            Ok(Brought::Looked(looked)) => looked_up(kept, looked, now),
        };
        let rows = keep_since(&self.book, id, rows);
        let difference = self.book.difference(id, rows, &gone, whole);
        if let Err(error) = self.keep(id, difference, None).await {
            tracing::error!(source = source.name, %error, "what a source told could not be kept");
            return;
        }
        self.tell(&source, outcome, dropped).await;
    }

    async fn sent(&mut self, id: SourceId, sent: SentLeases, record: Record) -> Result<u64, NamesError> {
        let kept =
            self.sources.get(&id).ok_or_else(|| NamesError::Refused(format!("there is no source {id}")))?;
        let source = kept.source.clone();
        if !source.enabled {
            return Err(off(&source));
        }
        if source.kind.is_asked() {
            return Err(NamesError::Refused(format!(
                "source '{}' is asked by this system: nothing is sent to it",
                source.name
            )));
        }
        let difference = self.book.difference(id, sent.leases, &sent.gone, sent.whole);
        let count = u64::try_from(difference.put.len() + difference.gone.len()).unwrap_or(u64::MAX);
        self.keep(id, difference, Some(record)).await?;
        self.tell(
            &source,
            Ok(format!("{count} leases changed, {} rows left out", sent.dropped)),
            sent.dropped,
        )
        .await;
        Ok(count)
    }

    /// Store, book, endpoints: in this order.
    async fn keep(
        &mut self,
        id: SourceId,
        difference: Difference,
        record: Option<Record>,
    ) -> Result<(), NamesError> {
        if difference.is_empty() && record.is_none() {
            return Ok(());
        }
        let rows = difference.clone();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    sql::put_difference(tx, id, &rows).await?;
                    if let Some(record) = record {
                        netwarden_audit::record(tx, &record).await?;
                    }
                    Ok::<(), NamesError>(())
                })
            })
            .await?;
        let ips: BTreeSet<IpAddr> =
            difference.put.iter().map(|lease| lease.ip).chain(difference.gone.iter().copied()).collect();
        let macs: BTreeSet<Mac> = difference.put.iter().filter_map(|lease| lease.mac).collect();
        self.book.apply(id, difference);
        self.name_all(|mac, of| macs.contains(&mac) || of.iter().any(|ip| ips.contains(ip))).await;
        Ok(())
    }

    /// Gives the endpoints that `concerns` picks the names that follow from the book.
    async fn name_all(&self, concerns: impl Fn(Mac, &BTreeSet<IpAddr>) -> bool) {
        if self.sources.is_empty() {
            return;
        }
        let now = self.clock.now();
        let mut facts = Vec::new();
        {
            let picture = self.keeper.picture().read();
            for endpoint in picture.endpoints().filter(|endpoint| concerns(endpoint.mac, &endpoint.ips)) {
                let verdicts = [
                    (NameKind::Dns, self.book.dns_name(&endpoint.ips), &endpoint.dns_name),
                    (
                        NameKind::Dhcp,
                        self.book.host_name(endpoint.mac, &endpoint.ips, now),
                        &endpoint.host_name,
                    ),
                ];
                for (kind, verdict, present) in verdicts {
                    let (name, source, ip) = match verdict {
                        Verdict::Unknown => continue,
                        Verdict::Absent => (None, String::new(), None),
                        Verdict::Named { name, source, ip } => {
                            let source = self.sources.get(&source).map(|kept| kept.source.name.clone());
                            (Some(name), source.unwrap_or_default(), Some(ip))
                        }
                    };
                    if *present != name {
                        facts.push(NameFact { mac: endpoint.mac, kind, name, source, ip });
                    }
                }
            }
        }
        for chunk in facts.chunks(NAMED_AT_ONCE) {
            let chunk = chunk.to_vec();
            let learned = self.keeper.learn(move |network, now| network.plan_names(&chunk, now)).await;
            if let Err(error) = learned {
                tracing::error!(%error, "names of endpoints could not be kept");
                return;
            }
        }
    }

    /// Notes how a run went, where it went otherwise than the last, or that is long ago.
    async fn tell(&mut self, source: &Source, outcome: Result<String, String>, dropped: u64) {
        let now = self.clock.now();
        let (good, outcome) = match outcome {
            Ok(said) => (true, said),
            Err(reason) => (false, reason),
        };
        if let Some(kept) = self.sources.get_mut(&source.id) {
            if good && kept.trouble.over().is_some() {
                tracing::info!(source = source.name, "a source of names answers again");
            } else if !good && kept.trouble.failed(now) {
                tracing::warn!(source = source.name, reason = outcome, "a source of names brought nothing");
            }
        }
        let entries = u64::try_from(self.book.len(source.id)).unwrap_or(u64::MAX);
        let run = Run { ran_at: now, good_at: good.then_some(now), outcome, entries, dropped };
        let Some(kept) = self.sources.get_mut(&source.id) else { return };
        let is_news = kept.told.as_ref().is_none_or(|told| {
            (told.good_at.is_some() != good)
                || (source.kind != Kind::ReverseDns)
                || now.duration_since(told.ran_at) >= SWEEP
        });
        if !is_news {
            return;
        }
        kept.told = Some(run.clone());
        let id = source.id;
        let written: Result<(), StoreError> =
            self.store.write(move |tx| Box::pin(async move { sql::put_run(tx, id, &run).await })).await;
        if let Err(error) = written {
            tracing::error!(source = source.name, %error, "how a source of names went could not be kept");
        }
    }
}

/// An address with its DNS name as a row of the book.
fn named(ip: IpAddr, name: Option<String>, now: Timestamp, holds: Option<Duration>) -> Lease {
    Lease {
        host_name: name,
        starts: Some(now),
        ends: holds.map(|holds| later(now, holds)),
        ..Lease::new(ip, LeaseState::Active)
    }
}

/// A row of DNS that says the same as before keeps its beginning, so that it is no difference.
fn keep_since(book: &Book, id: SourceId, mut rows: Vec<Lease>) -> Vec<Lease> {
    for row in rows.iter_mut().filter(|row| row.mac.is_none()) {
        if let Some(before) = book.row(id, row.ip)
            && before.host_name == row.host_name
            && before.client_id == row.client_id
        {
            row.starts = before.starts.min(row.starts);
        }
    }
    rows
}

type Rows = (Vec<Lease>, Vec<IpAddr>, bool, Result<String, String>);

/// Answers become rows; who did not answer is asked again after the interval.
fn looked_up(kept: &mut Kept, looked: Vec<(IpAddr, Result<Outcome, String>)>, now: Timestamp) -> Rows {
    let (mut rows, mut failed) = (Vec::new(), None);
    let all = looked.len();
    for (ip, answer) in looked {
        match answer {
            Ok(Outcome::Name { name, holds }) => rows.push(named(ip, Some(name), now, Some(holds))),
            Ok(Outcome::Absent { holds }) => rows.push(named(ip, None, now, Some(holds))),
            Ok(Outcome::Truncated) => {}
            Err(reason) => {
                kept.waiting.insert(ip, later(now, kept.source.interval));
                failed = Some(format!("{ip}: {reason}"));
            }
        }
    }
    kept.waiting.retain(|_, until| *until > now);
    // Where nobody answers at all, the servers are left in peace for a while.
    if rows.is_empty() && failed.is_some() {
        kept.due = later(now, kept.source.interval);
    }
    let said = match failed {
        Some(reason) if rows.is_empty() => Err(reason),
        Some(reason) => Ok(format!("{} of {all} look-ups answered; {reason}", rows.len())),
        None => Ok(format!("{} look-ups answered", rows.len())),
    };
    (rows, Vec::new(), false, said)
}

async fn ask(
    source: &Source,
    secret: Option<Zeroizing<String>>,
    known: BTreeMap<String, Zone>,
    wanted: Vec<IpAddr>,
    now: Timestamp,
) -> Result<Brought, String> {
    match source.kind {
        Kind::ReverseDns => {
            let servers: Arc<[_]> = source.servers().map_err(|error| error.to_string())?.into();
            let mut questions = JoinSet::new();
            for ip in wanted {
                let servers = Arc::clone(&servers);
                questions.spawn(async move {
                    let answer = fetch::dns::name_of(&servers, ip, rand::random).await;
                    (ip, answer.map_err(|error| error.to_string()))
                });
            }
            Ok(Brought::Looked(questions.join_all().await))
        }
        Kind::Zone => {
            let (mut zones, mut failed) = (Vec::new(), Vec::new());
            for zone in &source.settings.zones {
                let before = known.get(zone);
                match fetch::dns::transfer(source, zone, before, secret.as_ref(), now, rand::random).await {
                    Ok(Some(new)) => zones.push((zone.clone(), new)),
                    Ok(None) => {}
                    Err(error) => failed.push(error.to_string()),
                }
            }
            Ok(Brought::Zones { zones, failed })
        }
        Kind::Ldap => {
            let read = fetch::ldap::leases(source, secret.as_ref()).await;
            read.map(Brought::Leases).map_err(|error| error.to_string())
        }
        Kind::Infoblox => {
            let secret = secret.ok_or("an Infoblox needs a secret")?;
            let read = fetch::infoblox::leases(source, &secret).await;
            read.map(Brought::Leases).map_err(|error| error.to_string())
        }
        Kind::Leases(_) => Err("its leases are sent here".to_owned()),
    }
}

fn off(source: &Source) -> NamesError {
    NamesError::Refused(format!("source '{}' is switched off", source.name))
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| from.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
