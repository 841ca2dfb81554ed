//! Appending: the leaf goes into the transaction that does what it tells of.

use jiff::Timestamp;
use netwarden_model::Plane;
use netwarden_store::{Tx, execute, insert_many_or_ignore, query_all, values};
use netwarden_tlog::Hash;

use crate::AuditError;
use crate::check::ErasedValues;
use crate::codec::Pending;
use crate::record::{Completion, Outcome, Record, Value};
use crate::sql::{self, TreeState, as_i64};

/// Place of a record in the trail; counts from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RecordIndex(pub u64);

impl std::fmt::Display for RecordIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A record whose act is about to be done. It must be completed; one that never is reads `unknown`.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an opened record is to be completed when the outcome is known"]
pub struct OpenedRecord {
    index: RecordIndex,
}

impl OpenedRecord {
    /// Its place in the trail, to be kept with the attempt.
    pub const fn index(&self) -> RecordIndex {
        self.index
    }

    /// The opened record at a place that was kept with the attempt.
    pub const fn at(index: RecordIndex) -> Self {
        Self { index }
    }
}

/// Appends a record to the trail, in the transaction of the change that it tells of.
///
/// # Errors
/// [`AuditError::Full`] and all others mean that it is not recorded: the act must not be done, and
/// its transaction is to be given up by returning the error from the job.
pub async fn record(tx: &Tx, record: &Record) -> Result<RecordIndex, AuditError> {
    append(tx, vec![Pending::record(record)?]).await
}

/// As [`record`] for several at once, which is cheaper; the index is that of the first.
pub async fn record_many(tx: &Tx, records: &[Record]) -> Result<RecordIndex, AuditError> {
    append(tx, records.iter().map(Pending::record).collect::<Result<_, _>>()?).await
}

/// Appends a record with the outcome `opened`, to be committed before an act outside the database.
pub async fn open(tx: &Tx, record: &Record) -> Result<OpenedRecord, AuditError> {
    let opened = Record { outcome: Outcome::Opened, ..record.clone() };
    let index = append(tx, vec![Pending::record(&opened)?]).await?;
    execute(tx, "INSERT INTO audit_open (idx) VALUES ($1)", values![as_i64(index.0)]).await?;
    Ok(OpenedRecord { index })
}

/// Appends the completion of an opened record: what came of it.
///
/// # Errors
/// [`AuditError::NotOpen`] where it was completed before; then nothing is recorded twice.
pub async fn complete(
    tx: &Tx,
    opened: OpenedRecord,
    completion: &Completion,
) -> Result<RecordIndex, AuditError> {
    let index = opened.index.0;
    let closed = execute(tx, "DELETE FROM audit_open WHERE idx = $1", values![as_i64(index)]).await?;
    if closed != 1 {
        return Err(AuditError::NotOpen(index));
    }
    append(tx, vec![Pending::completion(index, completion)?]).await
}

/// Erases what was written of the accounts of these names ([`crate::person`]). Hashes of it stay in the leaves, so that the
/// trail verifies as before, and nobody finds the texts from them. What is returned has to stand as the new value in the
/// record of the erasure (`user.erase`): the verification takes no other word for it.
pub async fn erase_persons(tx: &Tx, persons: &[String]) -> Result<Erased, AuditError> {
    let mut erased = Vec::new();
    for person in persons {
        let person = person.as_str();
        let rows =
            query_all(tx, "SELECT hash FROM audit_personal WHERE person = $1", values![person]).await?;
        for row in rows {
            let hash: Vec<u8> = row.try_get_by_index(0)?;
            let hash = Hash::from_slice(&hash).ok_or(AuditError::Damaged("a hash is no hash"))?;
            erased.push(hash.to_string());
        }
        let values =
            "DELETE FROM audit_value WHERE hash IN (SELECT hash FROM audit_personal WHERE person = $1)";
        execute(tx, values, values![person]).await?;
        execute(tx, "DELETE FROM audit_personal WHERE person = $1", values![person]).await?;
    }
    let texts = erased.len() as u64;
    Ok(Erased { texts, told: ErasedValues { erased }.told() })
}

/// The persons of a plane who were called so, each in another place of it.
pub async fn persons_called(tx: &Tx, plane: Plane, name: &str) -> Result<Vec<String>, AuditError> {
    let all = format!("{plane}/");
    let sql = "SELECT DISTINCT person FROM audit_personal WHERE person LIKE $1";
    let rows = query_all(tx, sql, values![format!("{all}%")]).await?;
    let persons = rows.iter().map(|row| row.try_get_by_index::<String>(0));
    // SQLite's LIKE knows no case of letters: what it gives is looked at again.
    let is_called = |person: &String| person.starts_with(&all) && person.rsplit('/').next() == Some(name);
    let persons: Vec<String> = persons.collect::<Result<_, _>>()?;
    Ok(persons.into_iter().filter(is_called).collect())
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// How many texts.
    pub texts: u64,
    /// Which, for the record.
    pub told: Value,
}

/// Says `unknown` of every record that was opened and not completed: to be called once at start,
/// before anything is done. Returns their places.
pub async fn settle_interrupted(tx: &Tx, now: Timestamp) -> Result<Vec<RecordIndex>, AuditError> {
    let open: Vec<u64> = query_all(tx, "SELECT idx FROM audit_open ORDER BY idx", [])
        .await?
        .iter()
        .map(|row| Ok(u64::try_from(row.try_get_by_index::<i64>(0)?).unwrap_or_default()))
        .collect::<Result<_, AuditError>>()?;
    let completion = Completion {
        at: now,
        outcome: Outcome::Unknown,
        new: None,
        details: Some("interrupted: the system ended before the outcome was known".to_owned()),
    };
    let pending =
        open.iter().map(|index| Pending::completion(*index, &completion)).collect::<Result<_, _>>()?;
    append(tx, pending).await?;
    execute(tx, "DELETE FROM audit_open", []).await?;
    Ok(open.into_iter().map(RecordIndex).collect())
}

async fn append(tx: &Tx, pending: Vec<Pending>) -> Result<RecordIndex, AuditError> {
    let TreeState { mut frontier, mut last } = sql::tree(tx).await?;
    let first = frontier.size();
    if pending.is_empty() {
        return Ok(RecordIndex(first));
    }
    let mut leaves = Vec::with_capacity(pending.len());
    let (mut large, mut persons) = (Vec::new(), Vec::new());
    for mut pending in pending {
        let leaf = pending.encode(frontier.size(), last)?;
        let hash = Hash::of_leaf(&leaf);
        let index = frontier.push(hash)?;
        leaves.push((index, hash, leaf));
        large.append(&mut pending.values);
        persons.append(&mut pending.persons);
        last = Some(hash);
    }
    sql::insert_leaves(tx, leaves).await?;
    if !large.is_empty() {
        let rows = large.into_iter().map(|(hash, value)| values![hash.as_bytes().to_vec(), value].to_vec());
        insert_many_or_ignore(tx, "audit_value", &["hash", "value"], rows).await?;
    }
    if !persons.is_empty() {
        let rows =
            persons.into_iter().map(|(person, hash)| values![person, hash.as_bytes().to_vec()].to_vec());
        insert_many_or_ignore(tx, "audit_personal", &["person", "hash"], rows).await?;
    }
    sql::set_tree(tx, &TreeState { frontier, last }).await?;
    Ok(RecordIndex(first))
}
