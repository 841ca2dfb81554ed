//! The trail as the product holds it: signs, indexes, lists, exports, verifies.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use netwarden_store::{Count, Listed, Store};
use netwarden_tlog::{Checkpoint, Hash, NoteError, Signer, VerifyingKey};
use tokio::io::AsyncWrite;

use crate::append::{record_many, settle_interrupted};
use crate::coalesce::{Coalescer, Verdict};
use crate::error::AuditError;
use crate::list::{AuditQuery, ListedRecord, Reach};
use crate::sql::{CheckpointRow, as_i64};
use crate::{Lag, Record, RecordIndex, Report, export, list, search, sql, verify};

/// When a checkpoint is signed: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointPolicy {
    /// After so many new records.
    pub records: u64,
    /// After so long, if there is a new record.
    pub every: SignedDuration,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self { records: 1_000, every: SignedDuration::from_secs(60) }
    }
}

/// A signed checkpoint, worth keeping elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SignedCheckpoint {
    /// Records that it signs.
    pub size: u64,
    /// When it was signed.
    pub at: Timestamp,
    /// The signed note (C2SP tlog-checkpoint).
    pub note: String,
}

/// What one step of the upkeep did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// How far the search index is.
    pub lag: Lag,
    /// The checkpoint that was due.
    pub checkpoint: Option<SignedCheckpoint>,
}

/// Operation under which further failures of unidentified callers are recorded.
const UNIDENTIFIED: &str = "session.login";

/// The trail of this node.
#[derive(Clone)]
pub struct Trail {
    store: Store,
    signer: Arc<dyn Signer>,
    policy: CheckpointPolicy,
    key: VerifyingKey,
    failures: Arc<Mutex<Coalescer>>,
}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trail").field("key", &self.key.to_string()).finish_non_exhaustive()
    }
}

impl Trail {
    /// Over a store that has [`crate::MIGRATIONS`], signed by a key called `netwarden/<node>`.
    pub fn new(store: Store, signer: Arc<dyn Signer>, policy: CheckpointPolicy) -> Result<Self, NoteError> {
        let key = VerifyingKey::of(signer.as_ref())?;
        Ok(Self { store, signer, policy, key, failures: Arc::default() })
    }

    /// The public key, to be kept elsewhere: it is all that verification needs.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// To be called once at start, before anything is done: says `unknown` of acts that were
    /// interrupted.
    pub async fn start(&self, now: Timestamp) -> Result<Vec<RecordIndex>, AuditError> {
        self.store.write(move |tx| Box::pin(settle_interrupted(tx, now))).await
    }

    /// Whether the failure of a caller who is not identified is to be recorded whole; otherwise it was
    /// counted, and [`Trail::tick`] records how many there were.
    pub fn is_failure_recorded(&self, now: Timestamp, address: &str) -> bool {
        self.failures().failure(now, address) == Verdict::Record
    }

    /// Records the counts of failures whose minute is over; with `all` every count, before the end.
    pub async fn flush_failures(&self, now: Timestamp, all: bool) -> Result<(), AuditError> {
        let due = self.failures().due(now, all);
        if due.is_empty() {
            return Ok(());
        }
        let records: Vec<Record> = due.iter().map(|more| more.record(now, UNIDENTIFIED)).collect();
        let written = self
            .store
            .write(move |tx| Box::pin(async move { record_many(tx, &records).await.map(drop) }))
            .await;
        if written.is_err() {
            // They are recorded with those of the minutes to come.
            self.failures().give_back(due);
        }
        written
    }

    /// One step of the upkeep, to be called every second or so: records counted failures, indexes up
    /// to a thousand records, signs a checkpoint where one is due.
    pub async fn tick(&self, now: Timestamp) -> Result<Tick, AuditError> {
        self.flush_failures(now, false).await?;
        let lag = search::advance(&self.store).await?;
        let last = sql::last_checkpoint(self.store.read()).await?;
        let signed = last.as_ref().map_or(0, |row| row.size.unsigned_abs());
        let new = lag.records.saturating_sub(signed);
        let waited = last.is_none_or(|row| {
            Timestamp::from_microsecond(row.at)
                .is_ok_and(|at| now.duration_since(at).abs() >= self.policy.every)
        });
        let due = new > 0 && (new >= self.policy.records || waited);
        let checkpoint = if due { self.checkpoint(now).await? } else { None };
        Ok(Tick { lag, checkpoint })
    }

    /// Signs the trail as it stands; None where the last checkpoint signs all of it already.
    pub async fn checkpoint(&self, now: Timestamp) -> Result<Option<SignedCheckpoint>, AuditError> {
        let state = sql::tree(self.store.read()).await?;
        let size = state.frontier.size();
        let previous =
            sql::last_checkpoint(self.store.read()).await?.map_or(0, |row| row.size.unsigned_abs());
        if size <= previous {
            return Ok(None);
        }
        // What is signed is the trail, not what somebody put into its state: from the checkpoint
        // before, which must be genuine, the records themselves have to lead to it.
        if export::edge_signed(&self.store, &self.key, size).await? != state.frontier {
            return Err(AuditError::Damaged("its state does not fit its records"));
        }
        let extensions = vec![format!("time {now}"), format!("previous {previous}")];
        let note = Checkpoint::of(self.key.name(), &state.frontier, extensions).sign(self.signer.as_ref())?;
        let row = CheckpointRow {
            size: as_i64(size),
            at: now.as_microsecond(),
            note: note.clone(),
            frontier: state.frontier.to_bytes(),
        };
        self.store
            .write(move |tx| {
                Box::pin(async move { Ok::<_, AuditError>(sql::insert_checkpoint(tx, row).await?) })
            })
            .await?;
        Ok(Some(SignedCheckpoint { size, at: now, note }))
    }

    /// The last checkpoint.
    pub async fn last_checkpoint(&self) -> Result<Option<SignedCheckpoint>, AuditError> {
        let Some(row) = sql::last_checkpoint(self.store.read()).await? else { return Ok(None) };
        let at = Timestamp::from_microsecond(row.at).map_err(|_| AuditError::Damaged("a time is none"))?;
        Ok(Some(SignedCheckpoint { size: row.size.unsigned_abs(), at, note: row.note }))
    }

    /// How far the search index is behind.
    pub async fn lag(&self) -> Result<Lag, AuditError> {
        search::lag(self.store.read()).await
    }

    /// Brings the search index up to the trail.
    pub async fn catch_up(&self) -> Result<Lag, AuditError> {
        loop {
            let lag = search::advance(&self.store).await?;
            if lag.behind() == 0 {
                return Ok(lag);
            }
        }
    }

    /// Throws the search index away; [`Trail::tick`] makes it again.
    pub async fn rebuild_index(&self) -> Result<(), AuditError> {
        search::forget(&self.store).await
    }

    /// Records that the reader may see, as far as they are indexed.
    pub async fn list(&self, reach: &Reach, query: AuditQuery) -> Result<Listed<ListedRecord>, AuditError> {
        list::list(&self.store, reach, query).await
    }

    /// How many those are.
    pub async fn count(&self, reach: &Reach, query: AuditQuery) -> Result<Count, AuditError> {
        list::count(&self.store, reach, query).await
    }

    /// A large value by the hash that stands in a record; None where there is none such, or where it
    /// was altered.
    pub async fn large_value(&self, sha256: &str) -> Result<Option<String>, AuditError> {
        let Some(hash) = Hash::from_hex(sha256) else { return Ok(None) };
        let value = sql::value(self.store.read(), &hash).await?;
        Ok(value
            .filter(|value| Hash::of_value(value) == hash)
            .and_then(|value| String::from_utf8(value).ok()))
    }

    /// Verifies the whole trail with the public key; `kept` are checkpoints that were kept elsewhere.
    /// `progress` is told how many of how many were verified, and may break.
    pub async fn verify(
        &self,
        kept: &[String],
        progress: &mut (dyn FnMut(u64, u64) -> ControlFlow<()> + Send),
    ) -> Result<Report, AuditError> {
        verify::verify_store(&self.store, &self.key, kept, progress).await
    }

    /// Writes the records of `range` as JSON lines that [`crate::verify_export`] verifies. Signs a
    /// checkpoint first where the range is not under one.
    pub async fn export(
        &self,
        range: Range<u64>,
        now: Timestamp,
        file: &mut (impl AsyncWrite + Unpin),
    ) -> Result<(), AuditError> {
        if sql::checkpoint_from(self.store.read(), range.end).await?.is_none() {
            self.checkpoint(now).await?;
        }
        export::export(&self.store, range, file).await
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, Coalescer> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of records.
    pub async fn size(&self) -> Result<u64, AuditError> {
        Ok(sql::tree(self.store.read()).await?.frontier.size())
    }
}
