//! The search index: follows the trail at a distance, and says how far behind it is.
//!
//! It can be thrown away and made again; what readers are shown is read from the leaves.

use netwarden_model::Severity;
use netwarden_store::{Dialect, Store, StoreError, Tx, execute, insert_many, query_one, values};
use sea_orm::ConnectionTrait;

use crate::codec::{Content, decode};
use crate::error::AuditError;
use crate::record::{Outcome, Record, Value};
use crate::sql::{self, as_i64};

/// Records indexed in one transaction.
const BATCH: u64 = 1_000;

/// How far the index is behind the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Lag {
    /// Records that can be searched.
    pub indexed: u64,
    /// Records that there are.
    pub records: u64,
}

impl Lag {
    /// Records that cannot be searched yet.
    pub const fn behind(&self) -> u64 {
        self.records.saturating_sub(self.indexed)
    }
}

pub(crate) async fn lag<C: ConnectionTrait>(connection: &C) -> Result<Lag, AuditError> {
    let indexed = cursor(connection).await?;
    Ok(Lag { indexed, records: sql::tree(connection).await?.frontier.size() })
}

/// Indexes the next records, a thousand at most; tells how far it came.
pub(crate) async fn advance(store: &Store) -> Result<Lag, AuditError> {
    let before = lag(store.read()).await?;
    if before.behind() == 0 {
        return Ok(before);
    }
    store.write(|tx| Box::pin(index_batch(tx))).await
}

/// Empties the index, so that it is made again from the first record.
pub(crate) async fn forget(store: &Store) -> Result<(), AuditError> {
    store
        .write(|tx| {
            Box::pin(async move {
                if tx.dialect() == Dialect::Sqlite {
                    execute(tx, "INSERT INTO audit_words (audit_words) VALUES ('delete-all')", []).await?;
                }
                execute(tx, "DELETE FROM audit_search", []).await?;
                execute(tx, "DELETE FROM audit_cursor", []).await?;
                Ok(())
            })
        })
        .await
}

async fn index_batch(tx: &Tx) -> Result<Lag, AuditError> {
    let from = cursor(tx).await?;
    let mut next = from;
    let mut rows = Vec::new();
    let mut words = Vec::new();
    let mut completions = Vec::new();
    for row in sql::leaves(tx, as_i64(from), BATCH).await? {
        let position = u64::try_from(row.position).unwrap_or(from);
        next = position + 1;
        // A record that cannot be read is `audit verify`'s to report; the others stay searchable.
        let Ok(entry) = decode(&row.leaf) else {
            tracing::error!(record = position, "audit record cannot be read and is not searchable");
            continue;
        };
        match entry.content {
            Content::Record(record) => {
                words.push((row.position, words_of(&record)));
                rows.push(search_row(row.position, &record));
            }
            Content::Completion { of, completion } => {
                completions.push((as_i64(of), row.position, completion));
            }
        }
    }
    insert_many(tx, "audit_search", COLUMNS, rows).await?;
    if tx.dialect() == Dialect::Sqlite {
        let rows = words.into_iter().map(|(position, words)| values![position, words].to_vec());
        insert_many(tx, "audit_words", &["rowid", "words"], rows).await?;
    }
    for (of, position, completion) in completions {
        execute(
            tx,
            "UPDATE audit_search SET outcome = $1, completed = $2 WHERE idx = $3 AND completed IS NULL",
            values![completion.outcome.as_str(), position, of],
        )
        .await?;
        let mut added = completion.details.unwrap_or_default();
        push_value(&mut added, completion.new.as_ref());
        if !added.is_empty() {
            add_words(tx, of, &added).await?;
        }
    }
    execute(
        tx,
        "INSERT INTO audit_cursor (id, next) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET next = excluded.next",
        values![as_i64(next)],
    )
    .await?;
    let records = sql::tree(tx).await?.frontier.size();
    Ok(Lag { indexed: next, records })
}

/// Adds the words of a completion to those of its record.
async fn add_words(tx: &Tx, of: i64, added: &str) -> Result<(), StoreError> {
    let Some(row) = query_one(tx, "SELECT words FROM audit_search WHERE idx = $1", values![of]).await? else {
        return Ok(());
    };
    let old: String = row.try_get_by_index(0)?;
    let new = format!("{old} {added}");
    if tx.dialect() == Dialect::Sqlite {
        // An index over another table's content is told what to forget (FTS5, section 4.4.3).
        let forget = "INSERT INTO audit_words (audit_words, rowid, words) VALUES ('delete', $1, $2)";
        execute(tx, forget, values![of, old]).await?;
        execute(tx, "INSERT INTO audit_words (rowid, words) VALUES ($1, $2)", values![of, new.clone()])
            .await?;
    }
    execute(tx, "UPDATE audit_search SET words = $1 WHERE idx = $2", values![new, of]).await.map(drop)
}

async fn cursor<C: ConnectionTrait>(connection: &C) -> Result<u64, AuditError> {
    let row = query_one(connection, "SELECT next FROM audit_cursor WHERE id = 1", []).await?;
    let next: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(u64::try_from(next).unwrap_or(0))
}

const COLUMNS: &[&str] = &[
    "idx",
    "at",
    "kind",
    "level",
    "user_name",
    "plane",
    "operation",
    "object_kind",
    "object_id",
    "address",
    "session",
    "request",
    "outcome",
    "words",
];

fn search_row(position: i64, record: &Record) -> Vec<sea_orm::Value> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    // Until its completion is met, nobody knows how an opened act went.
    let outcome = match record.outcome {
        Outcome::Opened => Outcome::Unknown,
        outcome => outcome,
    };
    values![
        position,
        record.at.as_microsecond(),
        record.kind.as_str(),
        level_rank(record.level),
        text(&record.user),
        record.plane.as_str(),
        record.operation.clone(),
        record.object.kind.clone(),
        text(&record.object.id),
        text(&record.address),
        text(&record.session),
        text(&record.request),
        outcome.as_str(),
        words_of(record),
    ]
    .to_vec()
}

/// Levels sort by how bad they are.
pub(crate) const fn level_rank(level: Severity) -> i64 {
    match level {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Minor => 2,
        Severity::Major => 3,
        Severity::Critical => 4,
    }
}

fn words_of(record: &Record) -> String {
    let mut words = record.details.clone().unwrap_or_default();
    for part in [&record.object.id, &record.cause].into_iter().flatten() {
        words.push(' ');
        words.push_str(part);
    }
    push_value(&mut words, record.old.as_ref());
    push_value(&mut words, record.new.as_ref());
    words
}

fn push_value(words: &mut String, value: Option<&Value>) {
    if let Some(Value::Text(text)) = value {
        words.push(' ');
        words.push_str(text);
    }
}
