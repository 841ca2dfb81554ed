//! The trail's tables and statements.

use netwarden_store::{Migration, StoreError, Tx, execute, insert_many, query_all, query_one, values};
use netwarden_tlog::{Frontier, Hash};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::AuditError;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "audit-0001-trail",
    up: "CREATE TABLE audit_leaf (
{sqlite} idx INTEGER PRIMARY KEY,
{postgres} idx BIGINT PRIMARY KEY,
  hash {bytes} NOT NULL,
  leaf {bytes} NOT NULL
);
CREATE TABLE audit_value (
  hash {bytes} NOT NULL PRIMARY KEY,
  value {bytes} NOT NULL
);
CREATE TABLE audit_tree (
  id BIGINT NOT NULL PRIMARY KEY,
  frontier {bytes} NOT NULL,
  last {bytes} NOT NULL
);
CREATE TABLE audit_open (
{sqlite} idx INTEGER PRIMARY KEY
{postgres} idx BIGINT PRIMARY KEY
);
CREATE TABLE audit_checkpoint (
{sqlite} size INTEGER PRIMARY KEY,
{postgres} size BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  note TEXT NOT NULL,
  frontier {bytes} NOT NULL
);
CREATE TABLE audit_search (
{sqlite} idx INTEGER PRIMARY KEY,
{postgres} idx BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  level BIGINT NOT NULL,
  user_name TEXT NOT NULL,
  plane TEXT NOT NULL,
  operation TEXT NOT NULL,
  object_kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  address TEXT NOT NULL,
  session TEXT NOT NULL,
  request TEXT NOT NULL,
  outcome TEXT NOT NULL,
  completed BIGINT,
  words TEXT NOT NULL
);
CREATE INDEX audit_search_at ON audit_search (at, idx);
CREATE INDEX audit_search_kind ON audit_search (kind, idx);
CREATE INDEX audit_search_user ON audit_search (user_name, idx);
CREATE INDEX audit_search_operation ON audit_search (operation, idx);
CREATE INDEX audit_search_object ON audit_search (object_kind, object_id, idx);
CREATE INDEX audit_search_object_id ON audit_search (object_id, idx);
CREATE INDEX audit_search_address ON audit_search (address, idx);
CREATE INDEX audit_search_outcome ON audit_search (outcome, idx);
CREATE TABLE audit_cursor (
  id BIGINT NOT NULL PRIMARY KEY,
  next BIGINT NOT NULL
);
{sqlite} CREATE VIRTUAL TABLE audit_words USING fts5(words, tokenize='trigram', content='audit_search', content_rowid='idx');
",
}, Migration {
    // Each plane reads its own records.
    name: "audit-0002-planes",
    up: "CREATE INDEX audit_search_plane ON audit_search (plane, idx);
",
}, Migration {
    // Whose values stand in the side table, so that a person can be erased.
    name: "audit-0003-personal",
    up: "CREATE TABLE audit_personal (
  person TEXT NOT NULL,
  hash {bytes} NOT NULL,
  PRIMARY KEY (person, hash)
);
",
}];

/// The tree as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeState {
    pub(crate) frontier: Frontier,
    /// Hash of the last leaf.
    pub(crate) last: Option<Hash>,
}

/// A row of the leaves' table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeafRow {
    pub(crate) position: i64,
    pub(crate) hash: Vec<u8>,
    pub(crate) leaf: Vec<u8>,
}

/// A checkpoint's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckpointRow {
    pub(crate) size: i64,
    pub(crate) at: i64,
    pub(crate) note: String,
    pub(crate) frontier: Vec<u8>,
}

/// Indexes and sizes stay below 2^63.
pub(crate) fn as_i64(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

pub(crate) async fn tree<C: ConnectionTrait>(connection: &C) -> Result<TreeState, AuditError> {
    let row = query_one(connection, "SELECT frontier, last FROM audit_tree WHERE id = 1", []).await?;
    match row {
        None => Ok(TreeState { frontier: Frontier::new(), last: None }),
        Some(row) => read_tree(&row),
    }
}

fn read_tree(row: &QueryResult) -> Result<TreeState, AuditError> {
    let frontier: Vec<u8> = row.try_get_by_index(0)?;
    let last: Vec<u8> = row.try_get_by_index(1)?;
    let last = match last.as_slice() {
        [] => None,
        octets => Some(Hash::from_slice(octets).ok_or(AuditError::Damaged("the last hash is no hash"))?),
    };
    Ok(TreeState { frontier: Frontier::from_bytes(&frontier)?, last })
}

/// The tree and the highest position in the leaves' table, as of one moment.
pub(crate) async fn tree_and_end<C: ConnectionTrait>(
    connection: &C,
) -> Result<(Result<TreeState, AuditError>, Option<i64>), AuditError> {
    let sql = "SELECT t.frontier, t.last, (SELECT max(idx) FROM audit_leaf) AS highest \
               FROM audit_tree t WHERE t.id = 1";
    if let Some(row) = query_one(connection, sql, []).await? {
        return Ok((read_tree(&row), row.try_get_by_index(2)?));
    }
    let row = query_one(connection, "SELECT max(idx) FROM audit_leaf", []).await?;
    let highest: Option<i64> = row.map_or(Ok(None), |row| row.try_get_by_index(0))?;
    let state = match highest {
        None => Ok(TreeState { frontier: Frontier::new(), last: None }),
        Some(_) => Err(AuditError::Damaged("the state of the tree is missing")),
    };
    Ok((state, highest))
}

pub(crate) async fn set_tree(tx: &Tx, state: &TreeState) -> Result<(), StoreError> {
    let last = state.last.map_or_else(Vec::new, |hash| hash.as_bytes().to_vec());
    execute(
        tx,
        "INSERT INTO audit_tree (id, frontier, last) VALUES (1, $1, $2) \
         ON CONFLICT (id) DO UPDATE SET frontier = excluded.frontier, last = excluded.last",
        values![state.frontier.to_bytes(), last],
    )
    .await
    .map(drop)
}

pub(crate) async fn insert_leaves(tx: &Tx, rows: Vec<(u64, Hash, Vec<u8>)>) -> Result<(), StoreError> {
    let rows = rows
        .into_iter()
        .map(|(index, hash, leaf)| values![as_i64(index), hash.as_bytes().to_vec(), leaf].to_vec());
    insert_many(tx, "audit_leaf", &["idx", "hash", "leaf"], rows).await.map(drop)
}

/// At most `limit` leaves from position `from` on.
pub(crate) async fn leaves<C: ConnectionTrait>(
    connection: &C,
    from: i64,
    limit: u64,
) -> Result<Vec<LeafRow>, AuditError> {
    let sql = "SELECT idx, hash, leaf FROM audit_leaf WHERE idx >= $1 ORDER BY idx LIMIT $2";
    query_all(connection, sql, values![from, as_i64(limit)])
        .await?
        .iter()
        .map(|row| {
            Ok(LeafRow {
                position: row.try_get_by_index(0)?,
                hash: row.try_get_by_index(1)?,
                leaf: row.try_get_by_index(2)?,
            })
        })
        .collect()
}

/// The value in the side table.
pub(crate) async fn value<C: ConnectionTrait>(
    connection: &C,
    hash: &Hash,
) -> Result<Option<Vec<u8>>, AuditError> {
    let sql = "SELECT value FROM audit_value WHERE hash = $1";
    let row = query_one(connection, sql, values![hash.as_bytes().to_vec()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// All checkpoints by size; there is one for some thousand records.
pub(crate) async fn checkpoints<C: ConnectionTrait>(
    connection: &C,
) -> Result<Vec<CheckpointRow>, AuditError> {
    let sql = "SELECT size, at, note, frontier FROM audit_checkpoint ORDER BY size";
    query_all(connection, sql, []).await?.iter().map(read_checkpoint).collect()
}

pub(crate) async fn last_checkpoint<C: ConnectionTrait>(
    connection: &C,
) -> Result<Option<CheckpointRow>, AuditError> {
    let sql = "SELECT size, at, note, frontier FROM audit_checkpoint ORDER BY size DESC LIMIT 1";
    query_one(connection, sql, []).await?.as_ref().map(read_checkpoint).transpose()
}

/// The smallest checkpoint of at least `size` records.
pub(crate) async fn checkpoint_from<C: ConnectionTrait>(
    connection: &C,
    size: u64,
) -> Result<Option<CheckpointRow>, AuditError> {
    let sql = "SELECT size, at, note, frontier FROM audit_checkpoint WHERE size >= $1 ORDER BY size LIMIT 1";
    query_one(connection, sql, values![as_i64(size)]).await?.as_ref().map(read_checkpoint).transpose()
}

/// The largest checkpoint of at most `size` records.
pub(crate) async fn checkpoint_before<C: ConnectionTrait>(
    connection: &C,
    size: u64,
) -> Result<Option<CheckpointRow>, AuditError> {
    let sql =
        "SELECT size, at, note, frontier FROM audit_checkpoint WHERE size <= $1 ORDER BY size DESC LIMIT 1";
    query_one(connection, sql, values![as_i64(size)]).await?.as_ref().map(read_checkpoint).transpose()
}

pub(crate) async fn insert_checkpoint(tx: &Tx, row: CheckpointRow) -> Result<(), StoreError> {
    execute(
        tx,
        "INSERT INTO audit_checkpoint (size, at, note, frontier) VALUES ($1, $2, $3, $4) \
         ON CONFLICT DO NOTHING",
        values![row.size, row.at, row.note, row.frontier],
    )
    .await
    .map(drop)
}

fn read_checkpoint(row: &QueryResult) -> Result<CheckpointRow, AuditError> {
    Ok(CheckpointRow {
        size: row.try_get_by_index(0)?,
        at: row.try_get_by_index(1)?,
        note: row.try_get_by_index(2)?,
        frontier: row.try_get_by_index(3)?,
    })
}
