//! Export of a run of records as JSON lines that verify offline.
//!
//! The first line is a header: the run, the right edge of the tree before it, the subtrees between
//! it and the signed checkpoint that follows it, and all checkpoints from its start to there. Then
//! one line a record: its leaf in base64, which is what is verified, the large values that it refers
//! to, and the record in words, which verification compares with the leaf.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use netwarden_store::{READ_CHUNK, Store};
use netwarden_tlog::range::subtrees;
use netwarden_tlog::{Checkpoint, Frontier, Hash, VerifyingKey};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::codec::{Content, decode};
use crate::error::AuditError;
use crate::record::{Completion, Record};
use crate::sql;

pub(crate) const FORMAT: &str = "netwarden-audit-export";
pub(crate) const VERSION: u32 = 2;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// First record.
    pub(crate) start: u64,
    /// One past the last.
    pub(crate) end: u64,
    /// Right edge of the tree before `start`, in base64.
    pub(crate) before: String,
    /// Roots of the subtrees from `end` to the last checkpoint, in hexadecimal.
    pub(crate) after: Vec<String>,
    /// Hash of the last record's leaf, in hexadecimal.
    pub(crate) last: Option<String>,
    /// Checkpoints from `start` on; the last one covers `end`.
    pub(crate) checkpoints: Vec<String>,
}

/// A further line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) index: u64,
    /// The leaf, in base64.
    pub(crate) leaf: String,
    /// The values beside the trail that it refers to, in base64, in the order of the record's fields; null for one about
    /// a person who was erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<Option<String>>,
    /// What the leaf says.
    pub(crate) says: Says,
}

/// A leaf in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Says {
    Record(Box<Record>),
    Completion { of: u64, completion: Completion },
}

impl From<Content> for Says {
    fn from(content: Content) -> Self {
        match content {
            Content::Record(record) => Says::Record(record),
            Content::Completion { of, completion } => Says::Completion { of, completion },
        }
    }
}

/// Writes the records of `range` to `file`.
pub(crate) async fn export(
    store: &Store,
    range: Range<u64>,
    file: &mut (impl AsyncWrite + Unpin),
) -> Result<(), AuditError> {
    let Range { start, end } = range;
    let size = sql::tree(store.read()).await?.frontier.size();
    if start > end || end > size {
        return Err(AuditError::NoSuchRange { start, end, size });
    }
    let Some(covering) = sql::checkpoint_from(store.read(), end).await? else {
        let signed = sql::last_checkpoint(store.read()).await?.map_or(0, |row| row.size.unsigned_abs());
        return Err(AuditError::NotSigned { end, signed });
    };
    let signed = covering.size.unsigned_abs();
    let before = edge_at(store, start).await?;
    let mut after = Vec::new();
    for subtree in subtrees(end..signed) {
        after.push(root_of(store, subtree.leaves()).await?.to_string());
    }
    let last = match end.checked_sub(1).filter(|_| end > start) {
        Some(last) => Some(hash_at(store, last).await?.to_string()),
        None => None,
    };
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        start,
        end,
        before: STANDARD.encode(before.to_bytes()),
        after,
        last,
        checkpoints: sql::checkpoints(store.read())
            .await?
            .into_iter()
            .filter(|row| row.size > sql::as_i64(start) && row.size < sql::as_i64(end))
            .map(|row| row.note)
            .chain([covering.note])
            .collect(),
    };
    write_line(file, &header).await?;
    let mut at = start;
    while at < end {
        let rows = sql::leaves(store.read(), sql::as_i64(at), READ_CHUNK.min(end - at)).await?;
        if rows.is_empty() {
            return Err(AuditError::Damaged("records are missing"));
        }
        for row in rows {
            let entry = decode(&row.leaf).map_err(|source| AuditError::Leaf { index: at, source })?;
            if row.position != sql::as_i64(at) {
                return Err(AuditError::Damaged("records are missing"));
            }
            let mut values = Vec::new();
            for beside in entry.beside() {
                match sql::value(store.read(), &beside.hash).await? {
                    Some(value) => values.push(Some(STANDARD.encode(value))),
                    None if beside.is_personal => values.push(None),
                    None => return Err(AuditError::Damaged("a value is missing")),
                }
            }
            let leaf = STANDARD.encode(&row.leaf);
            write_line(file, &Line { index: at, leaf, values, says: entry.content.into() }).await?;
            at += 1;
        }
    }
    file.flush().await?;
    Ok(())
}

async fn write_line(file: &mut (impl AsyncWrite + Unpin), line: &impl Serialize) -> Result<(), AuditError> {
    let mut text = serde_json::to_vec(line).map_err(std::io::Error::from)?;
    text.push(b'\n');
    Ok(file.write_all(&text).await?)
}

/// As [`edge_at`] for what is to be signed: the checkpoint that it starts from must be genuine.
pub(crate) async fn edge_signed(
    store: &Store,
    key: &VerifyingKey,
    size: u64,
) -> Result<Frontier, AuditError> {
    if let Some(row) = sql::checkpoint_before(store.read(), size).await? {
        let edge = Frontier::from_bytes(&row.frontier)?;
        let signed = Checkpoint::open(&row.note, key);
        if !signed.is_ok_and(|signed| signed.size == edge.size() && signed.root == edge.root()) {
            return Err(AuditError::Damaged("the last checkpoint is not genuine"));
        }
    }
    edge_at(store, size).await
}

/// The right edge of the tree of the first `size` leaves, from the last checkpoint before it.
async fn edge_at(store: &Store, size: u64) -> Result<Frontier, AuditError> {
    let mut edge = match sql::checkpoint_before(store.read(), size).await? {
        Some(row) => Frontier::from_bytes(&row.frontier)?,
        None => Frontier::new(),
    };
    while edge.size() < size {
        let chunk = READ_CHUNK.min(size - edge.size());
        grow(store, &mut edge, chunk).await?;
    }
    Ok(edge)
}

/// Merkle Tree Hash of a complete subtree's leaves.
async fn root_of(store: &Store, leaves: Range<u64>) -> Result<Hash, AuditError> {
    let mut tree = Frontier::new();
    while tree.size() < leaves.end - leaves.start {
        let at = leaves.start + tree.size();
        let chunk = READ_CHUNK.min(leaves.end - at);
        let rows = sql::leaves(store.read(), sql::as_i64(at), chunk).await?;
        if rows.is_empty() {
            return Err(AuditError::Damaged("records are missing"));
        }
        for row in rows {
            tree.push(Hash::of_leaf(&row.leaf))?;
        }
    }
    Ok(tree.root())
}

async fn grow(store: &Store, edge: &mut Frontier, chunk: u64) -> Result<(), AuditError> {
    let rows = sql::leaves(store.read(), sql::as_i64(edge.size()), chunk).await?;
    if rows.is_empty() {
        return Err(AuditError::Damaged("records are missing"));
    }
    for row in rows {
        edge.push(Hash::of_leaf(&row.leaf))?;
    }
    Ok(())
}

async fn hash_at(store: &Store, index: u64) -> Result<Hash, AuditError> {
    let rows = sql::leaves(store.read(), sql::as_i64(index), 1).await?;
    let row = rows.first().ok_or(AuditError::Damaged("records are missing"))?;
    Ok(Hash::of_leaf(&row.leaf))
}
