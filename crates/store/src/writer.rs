//! The one task that writes.
//!
//! ```text
//! callers ──(bounded queue)──▶ BEGIN IMMEDIATE
//!                                SAVEPOINT, job, RELEASE      a job that fails is rolled back alone
//!                                SAVEPOINT, job, RELEASE      ... while jobs wait, 2 ms, or enough
//!                              COMMIT ──▶ hooks ──▶ answers   a COMMIT that fails fails them all
//!                              checkpoint when the log is large
//! ```

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};

use crate::connect::{BUSY, Connector};
use crate::job::Job;
use crate::reserve::Reserve;
use crate::tx::Hook;
use crate::{Dialect, StoreConfig, StoreError, Tx, query_one};

/// When nothing was asked for so long, what is left in the log is brought into the database.
const IDLE: Duration = Duration::from_secs(5);
/// A checkpoint does not wait longer than this for readers of an old state.
const CHECKPOINT_WAIT: Duration = Duration::from_millis(50);
/// Log size relative to the threshold at which readers that hold it up are reported.
const LOG_ALARM_FACTOR: u64 = 16;

pub(crate) enum Command {
    Write(Box<dyn Job>),
    Checkpoint(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<()>),
}

pub(crate) struct Writer {
    connector: Connector,
    database: Option<DatabaseConnection>,
    queue: mpsc::Receiver<Command>,
    reserve: Arc<Reserve>,
    wal: Option<PathBuf>,
    gather: Duration,
    jobs_per_commit: usize,
    rows_per_commit: u64,
    checkpoint_bytes: u64,
    job_limit: Duration,
    written: bool,
    /// Transactions committed since the start.
    commits: u64,
    /// The next checkpoint by size: doubles while readers hold it up.
    next_checkpoint: u64,
}

impl Writer {
    pub(crate) fn new(
        config: &StoreConfig,
        connector: Connector,
        database: DatabaseConnection,
        queue: mpsc::Receiver<Command>,
        reserve: Arc<Reserve>,
    ) -> Self {
        Self {
            wal: connector.wal(),
            connector,
            database: Some(database),
            queue,
            reserve,
            gather: config.gather,
            jobs_per_commit: config.jobs_per_commit.max(1),
            rows_per_commit: config.rows_per_commit.max(1),
            checkpoint_bytes: config.checkpoint_bytes,
            job_limit: config.job_limit,
            written: false,
            commits: 0,
            next_checkpoint: config.checkpoint_bytes,
        }
    }

    pub(crate) async fn run(mut self) {
        let mut next = None;
        loop {
            let command = match next.take() {
                Some(command) => Some(command),
                None => match tokio::time::timeout(IDLE, self.queue.recv()).await {
                    Ok(command) => command,
                    Err(_) => {
                        self.rest().await;
                        continue;
                    }
                },
            };
            match command {
                Some(Command::Write(job)) => next = self.transaction(job).await,
                Some(Command::Checkpoint(reply)) => {
                    let _ = reply.send(self.checkpoint().await);
                }
                Some(Command::Close(reply)) => {
                    self.end().await;
                    let _ = reply.send(());
                    return;
                }
                None => {
                    self.end().await;
                    return;
                }
            }
        }
    }

    /// Runs `first` and what waits behind it in one transaction. Answers with a command other than a
    /// write that was met in the queue.
    async fn transaction(&mut self, first: Box<dyn Job>) -> Option<Command> {
        let begun = match self.begin().await {
            Ok(begun) => begun,
            Err(error) => {
                self.note(&error);
                first.finish(Err(error));
                return None;
            }
        };
        let started = Instant::now();
        let mut batch = Batch::default();
        let mut other = None;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            if job.is_wanted() {
                batch.run(&begun, job, self.connector.dialect(), self.job_limit).await;
            }
            if batch.broken.is_some()
                || batch.done.len() >= self.jobs_per_commit
                || batch.rows >= self.rows_per_commit
                || started.elapsed() >= self.gather
            {
                break;
            }
            next = self.next_job(&mut other).await;
        }
        let end = match batch.broken.take() {
            None => begun.commit().await.map_err(StoreError::from),
            Some(error) => {
                // Whether this succeeds does not matter: the connection is not used again.
                let _ = begun.rollback().await;
                Err(error)
            }
        };
        match &end {
            Ok(()) => {
                self.written = true;
                self.commits += 1;
                // The tests of write cuts hold what is on disk against this line.
                tracing::trace!(commit = self.commits, jobs = batch.done.len(), "committed");
                for hook in batch.hooks {
                    hook();
                }
            }
            Err(error) => {
                tracing::error!(%error, jobs = batch.done.len(), "a transaction was rolled back");
                self.note(error);
                self.disconnect().await;
            }
        }
        if batch.met_full_disk && end.is_ok() {
            self.note(&StoreError::DiskFull);
        }
        for (job, fault) in batch.done {
            job.finish(match fault {
                Some(fault) => Err(fault),
                None => end.clone(),
            });
        }
        if end.is_ok() {
            self.checkpoint_if_large().await;
        }
        other
    }

    /// The next job that waits already. Callers that were answered by the last transaction get one
    /// turn to come back, so that they share this one.
    async fn next_job(&mut self, other: &mut Option<Command>) -> Option<Box<dyn Job>> {
        let command = match self.queue.try_recv() {
            Ok(command) => command,
            Err(_) => {
                tokio::task::yield_now().await;
                self.queue.try_recv().ok()?
            }
        };
        match command {
            Command::Write(job) => Some(job),
            command => {
                *other = Some(command);
                None
            }
        }
    }

    /// Begins; where that fails, once more on a new connection (the server may have been restarted).
    async fn begin(&mut self) -> Result<DatabaseTransaction, StoreError> {
        match self.try_begin().await {
            Err(StoreError::Busy(error)) => Err(StoreError::Busy(error)),
            Err(error) => {
                tracing::warn!(%error, "the writer connects anew");
                self.disconnect().await;
                self.try_begin().await
            }
            begun => begun,
        }
    }

    async fn try_begin(&mut self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.connection().await?.begin_with_options(options).await?)
    }

    async fn connection(&mut self) -> Result<DatabaseConnection, StoreError> {
        if let Some(database) = &self.database {
            return Ok(database.clone());
        }
        let database = self.connector.writer().await?;
        self.database = Some(database.clone());
        Ok(database)
    }

    async fn disconnect(&mut self) {
        if let Some(database) = self.database.take()
            && let Err(error) = database.close().await
        {
            tracing::warn!(%error, "the writer's connection did not close");
        }
    }

    fn note(&self, error: &StoreError) {
        if !error.is_disk_full() {
            return;
        }
        match self.reserve.release() {
            Ok(()) => {
                tracing::error!("the disk is full: the reserve was given up, only essential writes go on")
            }
            Err(error) => tracing::error!(%error, "the disk is full and the reserve cannot be given up"),
        }
    }

    async fn rest(&mut self) {
        if !std::mem::take(&mut self.written) || self.wal_bytes() == 0 {
            return;
        }
        if let Err(error) = self.checkpoint().await {
            tracing::warn!(%error, "checkpoint failed");
        }
    }

    async fn checkpoint_if_large(&mut self) {
        let before = self.wal_bytes();
        if before < self.next_checkpoint {
            return;
        }
        if let Err(error) = self.checkpoint().await {
            tracing::warn!(%error, "checkpoint failed");
        }
        if self.wal_bytes() < before {
            self.next_checkpoint = self.checkpoint_bytes;
            return;
        }
        self.next_checkpoint = before.saturating_mul(2);
        if before >= self.checkpoint_bytes.saturating_mul(LOG_ALARM_FACTOR) {
            tracing::warn!(wal_bytes = before, "a long read keeps the write-ahead log from shrinking");
        }
    }

    fn wal_bytes(&self) -> u64 {
        let Some(wal) = &self.wal else { return 0 };
        std::fs::metadata(wal).map(|metadata| metadata.len()).unwrap_or(0)
    }

    /// Brings the log into the database and truncates it, unless readers of an old state hold it up.
    async fn checkpoint(&mut self) -> Result<(), StoreError> {
        if self.connector.dialect() != Dialect::Sqlite {
            return Ok(());
        }
        let database = self.connection().await?;
        let wait = |limit: Duration| format!("PRAGMA busy_timeout = {}", limit.as_millis());
        database.execute_unprepared(&wait(CHECKPOINT_WAIT)).await?;
        let result = query_one(&database, "PRAGMA wal_checkpoint(TRUNCATE)", []).await;
        database.execute_unprepared(&wait(BUSY)).await?;
        if let Some(row) = result? {
            let held_up: i64 = row.try_get_by_index(0)?;
            tracing::debug!(held_up = held_up != 0, "checkpoint");
        }
        Ok(())
    }

    async fn end(&mut self) {
        self.queue.close();
        while let Ok(command) = self.queue.try_recv() {
            match command {
                Command::Write(job) => job.finish(Err(StoreError::Closed)),
                Command::Checkpoint(reply) => {
                    let _ = reply.send(Err(StoreError::Closed));
                }
                Command::Close(reply) => {
                    let _ = reply.send(());
                }
            }
        }
        if self.written
            && let Err(error) = self.checkpoint().await
        {
            tracing::warn!(%error, "the last checkpoint failed");
        }
        self.disconnect().await;
    }
}

/// What one transaction holds so far.
#[derive(Default)]
struct Batch {
    /// Each with what is answered instead of the transaction's end, if anything.
    done: Vec<(Box<dyn Job>, Option<StoreError>)>,
    hooks: Vec<Hook>,
    rows: u64,
    met_full_disk: bool,
    /// Savepoints no longer work: nothing of the transaction can be kept.
    broken: Option<StoreError>,
}

impl Batch {
    async fn run(
        &mut self,
        begun: &DatabaseTransaction,
        mut job: Box<dyn Job>,
        dialect: Dialect,
        limit: Duration,
    ) {
        let tx = match begun.begin().await {
            Ok(savepoint) => Tx::new(savepoint, dialect),
            Err(error) => {
                self.broken = Some(error.into());
                self.done.push((job, None));
                return;
            }
        };
        let ran = tokio::time::timeout(limit, AssertUnwindSafe(job.run(&tx)).catch_unwind()).await;
        self.rows += tx.rows();
        self.met_full_disk |= tx.met_full_disk();
        let (keep, fault) = match ran {
            Ok(Ok(keep)) => (keep, None),
            Ok(Err(_)) => (false, Some(StoreError::Panicked)),
            Err(_) => (false, Some(StoreError::TooSlow(limit.as_secs()))),
        };
        if fault.is_some() {
            job.broke_off();
        }
        let ended =
            if keep { tx.keep().await.map(|hooks| self.hooks.extend(hooks)) } else { tx.discard().await };
        if let Err(error) = ended {
            // SQLite rolls the whole transaction back by itself on SQLITE_FULL and SQLITE_IOERR; then
            // there is no savepoint any more.
            self.broken = Some(if self.met_full_disk { StoreError::DiskFull } else { error.into() });
        }
        self.done.push((job, fault));
    }
}
