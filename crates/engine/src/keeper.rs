//! The keeper of the picture: all changes of the inventory go through it, one after the other.
//!
//! Every input is planned against the picture in memory and written with its events in one transaction
//! (T0). What people and reactions want becomes the picture only then. Readings, of which a full cycle
//! brings thousands, do not wait for one another's COMMIT: each becomes the picture when it is planned,
//! and its write builds on those before it ([`Chain`]). Where one fails, so do those behind it, and the
//! picture is loaded anew from what is on disk: the next readings yield the same differences again.
//!
//! ```text
//! reading ──▶ plan ──▶ picture          (at most MOST_BEHIND ahead of the disk)
//!                 └──▶ T0 of the chain ──▶ COMMIT ──▶ done; failed ──▶ picture from the store
//! edit ──▶ wait until nothing is behind ──▶ plan ──▶ T0 ──▶ COMMIT ──▶ picture ──▶ answer
//! ```

#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use jiff::Timestamp;
use netwarden_actions::{ActionError, Finish, TxFuture, Wake};
use netwarden_audit::{AuditError, Record};
use netwarden_inventory::sql::Rows;
use netwarden_inventory::{Changes, Heartbeat, Network, Read, UnknownElement};
use netwarden_model::{Clock, EventKind, NeId, NewEvent, Reading};
use netwarden_spine::{Spine, SpineError};
use netwarden_store::{Chain, Pending, Space, Store, StoreError, Tx};
use tokio::sync::{mpsc, oneshot};

use crate::poller::Order;

/// How often time alone is considered: absences, expiries, fading evidence.
const TICK: Duration = Duration::from_secs(5);

/// Inputs that wait; pollers pause when the keeper is behind.
const QUEUE: usize = 1024;

/// Readings that are the picture already and not yet on disk, at most.
const MOST_BEHIND: usize = 64;

/// How long to wait before the picture is loaded once more, where that failed.
const RELOAD: Duration = Duration::from_secs(1);

/// Heartbeats of unchanged polls that are written together.
const HEARTBEATS: usize = 512;

/// Why a change of the inventory was not made.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The element is not in the inventory.
    #[error(transparent)]
    Unknown(#[from] UnknownElement),
    /// The input makes no sense for the present picture.
    #[error("{0}")]
    Refused(String),
    /// Somebody else was faster: what the caller has read is no longer so.
    #[error("{0}")]
    Outdated(String),
    /// It could not be written.
    #[error("the inventory could not be written")]
    Store(#[from] StoreError),
    /// Its events could not be written.
    #[error("the events could not be written")]
    Spine(#[from] SpineError),
    /// The change could not be recorded, so it was not made.
    #[error("the change cannot be recorded, so it was not made")]
    Audit(#[from] AuditError),
    /// What we want of a restarted element could not be noted.
    #[error("the ports of a restarted element could not be noted")]
    Action(#[from] ActionError),
    /// The keeper has ended.
    #[error("the inventory is closed")]
    Closed,
}

/// The picture, shared for reading.
#[derive(Debug, Clone)]
pub struct Picture(Arc<RwLock<Network>>);

impl Picture {
    /// A picture of `network`, as loaded from the store.
    pub fn new(network: Network) -> Self {
        Self(Arc::new(RwLock::new(network)))
    }

    /// Reads the picture; do not hold it across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, Network> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, network: Network) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = network;
    }

    fn commit(&self, changes: Changes) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).commit(changes);
    }
}

/// A change that an operation plans against the picture.
type Edit = Box<dyn FnOnce(&Network, Timestamp) -> Result<Changes, KeeperError> + Send>;
/// What else is written in the transaction of a change. The picture is still as it was before it.
pub type With = Box<dyn for<'t> FnOnce(&'t Tx) -> TxFuture<'t, Result<(), KeeperError>> + Send>;
type Reply = oneshot::Sender<Result<(), KeeperError>>;

enum Input {
    /// An element was read.
    Read { ne: NeId, read: Read, reading: Box<Reading>, at: Timestamp },
    /// It could not be read.
    Failed { ne: NeId, reason: String, at: Timestamp },
    /// An operation wants a change.
    Edit(Edit, With, Reply),
    /// A reaction wants a change, and concludes in its transaction.
    React(Edit, Box<Finish>, Reply),
    /// A setting that lives outside the rows changed.
    Adjust(Box<dyn FnOnce(&mut Network) + Send>, oneshot::Sender<()>),
}

/// Gives inputs to the keeper.
#[derive(Debug, Clone)]
pub struct KeeperHandle {
    inputs: mpsc::Sender<Input>,
    picture: Picture,
}

impl KeeperHandle {
    /// The picture.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// An element was read at `at`.
    pub async fn read(&self, ne: NeId, read: Read, reading: Reading, at: Timestamp) {
        let _ = self.inputs.send(Input::Read { ne, read, reading: Box::new(reading), at }).await;
    }

    /// An element could not be read.
    pub async fn failed(&self, ne: NeId, reason: String, at: Timestamp) {
        let _ = self.inputs.send(Input::Failed { ne, reason, at }).await;
    }

    /// Plans a change against the present picture and answers when it is durable, with its record in the
    /// same transaction.
    pub async fn edit<F>(&self, record: Record, plan: F) -> Result<(), KeeperError>
    where
        F: FnOnce(&Network, Timestamp) -> Result<Changes, KeeperError> + Send + 'static,
    {
        self.edit_many(vec![record], plan).await
    }

    /// As [`KeeperHandle::edit`] for a change of many things at once, each with a record of its own.
    pub async fn edit_many<F>(&self, records: Vec<Record>, plan: F) -> Result<(), KeeperError>
    where
        F: FnOnce(&Network, Timestamp) -> Result<Changes, KeeperError> + Send + 'static,
    {
        self.edit_with(recorded(records), plan).await
    }

    /// As [`KeeperHandle::edit`] where more than records belongs into the transaction of the change.
    pub async fn edit_with<F>(&self, with: With, plan: F) -> Result<(), KeeperError>
    where
        F: FnOnce(&Network, Timestamp) -> Result<Changes, KeeperError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let input = Input::Edit(Box::new(plan), with, reply);
        self.inputs.send(input).await.map_err(|_| KeeperError::Closed)?;
        answer.await.map_err(|_| KeeperError::Closed)?
    }

    /// Plans a change that nobody asked for but that was learned, such as names of endpoints.
    pub async fn learn<F>(&self, plan: F) -> Result<(), KeeperError>
    where
        F: FnOnce(&Network, Timestamp) -> Changes + Send + 'static,
    {
        self.edit_many(Vec::new(), move |network, now| Ok(plan(network, now))).await
    }

    /// As [`KeeperHandle::edit`] for a reaction: `finish` is run in the same transaction, and alone where
    /// the change is refused.
    pub async fn react<F>(&self, plan: F, finish: Finish) -> Result<(), KeeperError>
    where
        F: FnOnce(&Network, Timestamp) -> Result<Changes, KeeperError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let input = Input::React(Box::new(plan), Box::new(finish), reply);
        self.inputs.send(input).await.map_err(|_| KeeperError::Closed)?;
        answer.await.map_err(|_| KeeperError::Closed)?
    }

    /// Changes the picture where no row is behind it: an element that was just stored, settings.
    pub async fn adjust(
        &self,
        change: impl FnOnce(&mut Network) + Send + 'static,
    ) -> Result<(), KeeperError> {
        let (reply, answer) = oneshot::channel();
        self.inputs.send(Input::Adjust(Box::new(change), reply)).await.map_err(|_| KeeperError::Closed)?;
        answer.await.map_err(|_| KeeperError::Closed)
    }
}

/// The keeper itself.
#[derive(Debug)]
pub struct Keeper {
    store: Store,
    spine: Spine,
    clock: Arc<dyn Clock>,
    picture: Picture,
    inputs: mpsc::Receiver<Input>,
    orders: mpsc::UnboundedSender<Order>,
    enforcer: Wake,
    heartbeats: Vec<Heartbeat>,
    chain: Chain,
    behind: FuturesOrdered<Pending<(), KeeperError>>,
}

impl Keeper {
    /// A keeper of `picture`; wishes for re-reads go to `orders`, and `enforcer`
    /// is woken where an element's restart makes it look at its ports again.
    pub fn new(
        store: Store,
        spine: Spine,
        clock: Arc<dyn Clock>,
        picture: Picture,
        orders: mpsc::UnboundedSender<Order>,
        enforcer: Wake,
    ) -> (Self, KeeperHandle) {
        let (sender, inputs) = mpsc::channel(QUEUE);
        let handle = KeeperHandle { inputs: sender, picture: picture.clone() };
        let keeper = Self {
            store,
            spine,
            clock,
            picture,
            inputs,
            orders,
            enforcer,
            heartbeats: Vec::new(),
            chain: Chain::default(),
            behind: FuturesOrdered::new(),
        };
        (keeper, handle)
    }

    /// Runs until every handle is gone.
    pub async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let is_free = self.behind.len() < MOST_BEHIND;
            tokio::select! {
                Some(written) = self.behind.next() => self.written(written).await,
                input = self.inputs.recv(), if is_free => match input {
                    Some(input) => self.take(input).await,
                    None => break,
                },
                _ = tick.tick() => {
                    self.settle().await;
                    let now = self.clock.now();
                    let changes = self.picture.read().plan_tick(now);
                    self.log_failure("the periodic review", self.apply(changes, nothing()).await);
                    self.write_heartbeats().await;
                }
            }
        }
        self.settle().await;
        self.write_heartbeats().await;
    }

    async fn take(&mut self, input: Input) {
        if !matches!(input, Input::Read { .. }) {
            self.settle().await;
        }
        match input {
            Input::Read { ne, read, reading, at } => {
                let planned = self.picture.read().plan_reading(ne, &read, &reading, at);
                match planned {
                    Ok(changes) if changes.only_heartbeat() => self.keep_heartbeat(changes).await,
                    Ok(changes) => self.keep_reading(changes).await,
                    // It was taken out of the inventory while it was being read.
                    Err(error) => tracing::debug!(%error, "reading dropped"),
                }
            }
            Input::Failed { ne, reason, at } => {
                let planned = self.picture.read().plan_failure(ne, &reason, at);
                match planned {
                    Ok(changes) => self.log_failure("a failed poll", self.apply(changes, nothing()).await),
                    Err(error) => tracing::debug!(%error, "failed poll dropped"),
                }
            }
            Input::Edit(plan, with, reply) => {
                let now = self.clock.now();
                let planned = plan(&self.picture.read(), now);
                let outcome = match planned {
                    Ok(changes) => self.apply(changes, with).await,
                    Err(error) => Err(error),
                };
                let _ = reply.send(outcome);
            }
            Input::React(plan, finish, reply) => {
                let now = self.clock.now();
                let planned = plan(&self.picture.read(), now);
                let outcome = match planned {
                    Ok(changes) => {
                        let with: With = Box::new(move |tx| {
                            Box::pin(async move { Ok(finish(tx, Ok("done".to_owned())).await?) })
                        });
                        self.apply(changes, with).await
                    }
                    Err(KeeperError::Refused(why)) => {
                        let store = self.store.clone();
                        store.write(move |tx| Box::pin(async move { Ok(finish(tx, Err(why)).await?) })).await
                    }
                    Err(error) => Err(error),
                };
                let _ = reply.send(outcome);
            }
            Input::Adjust(change, reply) => {
                change(&mut self.picture.0.write().unwrap_or_else(PoisonError::into_inner));
                let _ = reply.send(());
            }
        }
    }

    /// T0: rows and events in one transaction, then the picture, then what the plan wants read.
    async fn apply(&self, mut changes: Changes, with: With) -> Result<(), KeeperError> {
        let t0 = self.t0(&mut changes)?;
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    with(tx).await?;
                    t0.write(tx).await
                })
            })
            .await?;
        self.became(changes);
        Ok(())
    }

    /// T0 of a reading, behind those that are being written. On a full disk one that shows a restart is
    /// written all the same, from the reserve: what is wanted of the element's ports has to be set again.
    async fn keep_reading(&mut self, mut changes: Changes) {
        if *self.store.space().borrow() != Space::Enough {
            self.settle().await;
            let restarted = changes.events.iter().any(|event| event.kind == EventKind::NeRebooted);
            let kept = if restarted {
                self.apply_essential(changes).await
            } else {
                self.apply(changes, nothing()).await
            };
            return self.log_failure("a reading", kept);
        }
        let t0 = match self.t0(&mut changes) {
            Ok(t0) => t0,
            Err(error) => return self.log_failure("a reading", Err(error)),
        };
        let job = self.store.write_behind(&self.chain, move |tx| Box::pin(async move { t0.write(tx).await }));
        match job.await {
            Ok(job) => {
                self.became(changes);
                self.behind.push_back(job);
            }
            Err(error) => self.log_failure("a reading", Err(error)),
        }
    }

    async fn apply_essential(&self, mut changes: Changes) -> Result<(), KeeperError> {
        let t0 = self.t0(&mut changes)?;
        self.store
            .write_essential(move |tx| {
                let t0 = t0.clone();
                Box::pin(async move { t0.write(tx).await })
            })
            .await?;
        self.became(changes);
        Ok(())
    }

    /// Waits until the picture is what is on disk.
    async fn settle(&mut self) {
        while let Some(written) = self.behind.next().await {
            self.written(written).await;
        }
    }

    async fn written(&mut self, outcome: Result<(), KeeperError>) {
        // A store that was closed has nothing to load from: the server is ending.
        let is_closed = matches!(&outcome, Err(KeeperError::Store(StoreError::Closed)));
        let is_lost = outcome.is_err();
        self.log_failure("a reading", outcome);
        if !is_lost || is_closed {
            return;
        }
        // Those behind it were refused, or will be; what they planned is in the picture and nowhere else.
        while self.behind.next().await.is_some() {}
        self.chain = Chain::default();
        let (settings, kept_out) = {
            let network = self.picture.read();
            (network.settings().clone(), network.kept_out().clone())
        };
        loop {
            let loaded =
                netwarden_inventory::sql::load(self.store.read(), settings.clone(), self.clock.now()).await;
            match loaded {
                Ok(mut network) => {
                    network.keep_out(kept_out);
                    return self.picture.replace(network);
                }
                Err(error) => self.log_failure("the picture of what is on disk", Err(error.into())),
            }
            tokio::time::sleep(RELOAD).await;
        }
    }

    /// The events move into it, the picture needs none.
    fn t0(&self, changes: &mut Changes) -> Result<T0, KeeperError> {
        Ok(T0 {
            spine: self.spine.clone(),
            enforcer: self.enforcer.clone(),
            at: self.clock.now(),
            rows: Rows::of(&self.picture.read(), changes)?,
            events: std::mem::take(&mut changes.events),
        })
    }

    /// What was written is the picture now.
    fn became(&self, changes: Changes) {
        for wish in &changes.polls {
            let _ = self.orders.send(Order::Wish(wish.clone()));
        }
        self.picture.commit(changes);
    }

    /// An unchanged poll becomes the picture at once; its row is written with many others, since last
    /// seen is computed from it and a few lost seconds lose no event.
    async fn keep_heartbeat(&mut self, changes: Changes) {
        for wish in &changes.polls {
            let _ = self.orders.send(Order::Wish(wish.clone()));
        }
        self.heartbeats.extend(changes.heartbeat.clone());
        self.picture.commit(changes);
        if self.heartbeats.len() >= HEARTBEATS {
            self.write_heartbeats().await;
        }
    }

    async fn write_heartbeats(&mut self) {
        if self.heartbeats.is_empty() {
            return;
        }
        let heartbeats = std::mem::take(&mut self.heartbeats);
        let written = self
            .store
            .write(move |tx| {
                Box::pin(async move {
                    netwarden_inventory::sql::write_heartbeats(tx, &heartbeats).await?;
                    Ok::<(), KeeperError>(())
                })
            })
            .await;
        self.log_failure("the times of the last polls", written);
    }

    /// A write that failed is told and not retried here: the next reading finds the same difference.
    fn log_failure(&self, what: &str, outcome: Result<(), KeeperError>) {
        if let Err(error) = outcome {
            let reason = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, reason, "{what} could not be kept");
        }
    }
}

/// Rows and events of one change, to be written together.
#[derive(Clone)]
struct T0 {
    spine: Spine,
    enforcer: Wake,
    at: Timestamp,
    rows: Rows,
    events: Vec<NewEvent>,
}

impl T0 {
    async fn write(self, tx: &Tx) -> Result<(), KeeperError> {
        netwarden_inventory::sql::write(tx, self.rows).await?;
        self.spine.append(tx, self.at, &self.events).await?;
        // What a restarted element holds now may be its start-up configuration.
        for rebooted in self.events.iter().filter(|event| event.kind == EventKind::NeRebooted) {
            if let Some(ne) = rebooted.ne
                && netwarden_actions::reassert(tx, self.at, ne).await? > 0
            {
                let enforcer = self.enforcer.clone();
                tx.after_commit(move || enforcer.now());
            }
        }
        Ok(())
    }
}

fn nothing() -> With {
    Box::new(|_| Box::pin(async { Ok(()) }))
}

fn recorded(records: Vec<Record>) -> With {
    Box::new(move |tx| {
        Box::pin(async move {
            if !records.is_empty() {
                netwarden_audit::record_many(tx, &records).await?;
            }
            Ok(())
        })
    })
}
