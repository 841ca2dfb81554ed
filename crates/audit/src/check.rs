//! The pure check of a run of leaves: rows in, the first problem out.
//!
//! Three things bind a record: its leaf's own index and hash, the hash of the leaf before it that
//! every leaf holds, and the signed checkpoints over the tree. The chain says which record was
//! touched; the signature says that nobody rewrote chain and all. One row of look-ahead tells an
//! altered record from an altered reference to it.

use std::collections::{BTreeMap, HashSet, VecDeque};

use netwarden_tlog::{Checkpoint, Frontier, Hash, VerifyingKey};
use serde::Serialize;

use crate::codec::{Content, Entry, decode};
use crate::record::{Outcome, Value};

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the key, which is the trail's.
    pub origin: String,
    /// Index of the first record that was verified.
    pub first: u64,
    /// Records that were verified, up to the problem.
    pub records: u64,
    /// Signed checkpoints that hold, up to the problem.
    pub checkpoints: u64,
    /// Records from 0 on that the last such checkpoint signs; later ones are chained, not signed.
    pub signed_up_to: u64,
    /// Values about persons who were erased: only their hashes are left. Of a whole trail each is named by a record of
    /// the erasure; that of an export may lie behind it.
    pub erased: u64,
    /// Root of the tree over the verified records, in hexadecimal.
    pub root: String,
    /// The first thing that is wrong; None where all is as it was recorded.
    pub problem: Option<Problem>,
}

/// What is wrong with a trail, and where first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// Not what was recorded.
    #[error("record {index} was altered: {what}")]
    Altered {
        /// Which.
        index: u64,
        /// How it shows.
        what: String,
    },
    /// Not there.
    #[error("record {index} is missing")]
    Missing {
        /// Which.
        index: u64,
    },
    /// In another's place.
    #[error("record {found} stands where record {index} belongs")]
    Reordered {
        /// The place.
        index: u64,
        /// What stands there.
        found: u64,
    },
    /// Was never recorded.
    #[error("a record was inserted at {index}")]
    Inserted {
        /// Where.
        index: i64,
    },
    /// The end is gone.
    #[error("the trail ends after {found} records, there were {expected}")]
    Truncated {
        /// Records that there were.
        expected: u64,
        /// Records that there are.
        found: u64,
    },
    /// The chain holds, but it is not the one that was signed.
    #[error("records between {from} and {to} were rewritten: they are not what was signed")]
    Rewritten {
        /// First record that may have been touched.
        from: u64,
        /// One past the last.
        to: u64,
    },
    /// A large value beside the trail is not what the record refers to.
    #[error("a value of record {index} was {what}: its hash is {sha256}")]
    Value {
        /// Which record.
        index: u64,
        /// `altered` or `missing`.
        what: String,
        /// The hash in the record, in hexadecimal.
        sha256: String,
    },
    /// A checkpoint does not verify.
    #[error("the checkpoint over {size} records is not genuine: {reason}")]
    Checkpoint {
        /// Records that it is said to sign.
        size: i64,
        /// Why.
        reason: String,
    },
    /// A checkpoint is not there, although a later one refers to it.
    #[error("the checkpoint over {size} records is missing")]
    CheckpointMissing {
        /// Records that it signed.
        size: u64,
    },
    /// The state by which the trail goes on does not fit the records.
    #[error("the state of the tree does not fit the records: {0}")]
    State(String),
}

/// Reads a checkpoint and the size of the one before it, which its extension line names.
pub(crate) fn genuine(note: &str, key: &VerifyingKey) -> Result<(Checkpoint, u64), String> {
    let checkpoint = Checkpoint::open(note, key).map_err(|error| {
        let source = std::error::Error::source(&error).map(|s| format!(": {s}")).unwrap_or_default();
        format!("{error}{source}")
    })?;
    let previous = checkpoint
        .extensions
        .iter()
        .find_map(|line| line.strip_prefix("previous "))
        .and_then(|size| size.parse().ok())
        .ok_or_else(|| "it does not name the checkpoint before it".to_owned())?;
    Ok((checkpoint, previous))
}

/// A row to check.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Where it stands.
    pub(crate) position: i64,
    /// The hash that stands beside it, where one does.
    pub(crate) hash: Option<Vec<u8>>,
    /// Its bytes.
    pub(crate) leaf: Vec<u8>,
}

/// The operation whose record names, by their hashes, the values that it has erased.
pub(crate) const ERASES: &str = "user.erase";

/// What a record of an erasure says that it has erased.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct ErasedValues {
    pub(crate) erased: Vec<String>,
}

impl ErasedValues {
    /// As it stands in the record.
    pub(crate) fn told(&self) -> Value {
        Value::Text(serde_json::json!({ "erased": self.erased }).to_string())
    }
}

/// Values that are gone, and those whose erasure was recorded.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    missing: BTreeMap<u64, HashSet<Hash>>,
    named: HashSet<Hash>,
}

impl Erasures {
    /// What an entry says that it has erased, as it stands in its value.
    pub(crate) fn told_by(entry: &Entry) -> Option<&Value> {
        match &entry.content {
            Content::Record(record) if record.operation == ERASES && record.outcome == Outcome::Success => {
                record.new.as_ref()
            }
            _ => None,
        }
    }

    pub(crate) fn name(&mut self, text: &str) {
        if let Ok(ErasedValues { erased }) = serde_json::from_str(text) {
            self.named.extend(erased.iter().filter_map(|hash| Hash::from_hex(hash)));
        }
    }

    pub(crate) fn miss(&mut self, index: u64, hash: Hash) {
        self.missing.entry(index).or_default().insert(hash);
    }

    fn count(&self) -> u64 {
        self.missing.values().map(|hashes| hashes.len() as u64).sum()
    }

    /// The first value that is gone although no record says that it was erased.
    pub(crate) fn unnamed(&self) -> Option<Problem> {
        let all =
            self.missing.iter().flat_map(|(index, hashes)| hashes.iter().map(move |hash| (*index, *hash)));
        all.into_iter().find(|(_, hash)| !self.named.contains(hash)).map(|(index, hash)| Problem::Value {
            index,
            what: "missing".to_owned(),
            sha256: hash.to_string(),
        })
    }
}

/// Checks rows one by one.
#[derive(Debug)]
pub(crate) struct Checker {
    edge: Frontier,
    first: u64,
    /// Hash of the leaf before; None at the beginning of a run whose predecessor is not at hand.
    last: Option<Hash>,
    /// Genuine checkpoints still to be met, by size.
    ahead: VecDeque<Checkpoint>,
    met: u64,
    signed_up_to: u64,
    pub(crate) erasures: Erasures,
    waiting: Option<Row>,
}

/// A row that was found good, and what it says.
#[derive(Debug)]
pub(crate) struct Good {
    pub(crate) entry: Entry,
}

impl Checker {
    /// From `edge` on, meeting the genuine `checkpoints` (by size) on the way.
    pub(crate) fn new(edge: Frontier, checkpoints: impl IntoIterator<Item = Checkpoint>) -> Self {
        let first = edge.size();
        let ahead = checkpoints.into_iter().filter(|c| c.size > first).collect();
        Self {
            edge,
            first,
            last: None,
            ahead,
            met: 0,
            signed_up_to: 0,
            erasures: Erasures::default(),
            waiting: None,
        }
    }

    /// Takes the next row; gives back the row before it, found good.
    pub(crate) fn push(&mut self, row: Row) -> Result<Option<Good>, Problem> {
        match self.waiting.replace(row) {
            Some(previous) => {
                let next = self.waiting.take();
                let good = self.check(&previous, next.as_ref(), None);
                self.waiting = next;
                good.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Checks the last row. `last` is the hash of the last leaf as it is kept elsewhere.
    pub(crate) fn flush(&mut self, last: Option<Hash>) -> Result<Option<Good>, Problem> {
        match self.waiting.take() {
            Some(row) => self.check(&row, None, last).map(Some),
            None => Ok(None),
        }
    }

    /// The tree over what was found good.
    pub(crate) const fn edge(&self) -> &Frontier {
        &self.edge
    }

    /// Hash of the last good leaf.
    pub(crate) const fn last(&self) -> Option<Hash> {
        self.last
    }

    /// Where the records begin that no met checkpoint signs.
    pub(crate) fn unsigned_from(&self) -> u64 {
        self.signed_up_to.max(self.first)
    }

    /// Counts a checkpoint over `size` records that was verified from outside.
    pub(crate) fn meet(&mut self, size: u64) {
        self.met += 1;
        self.signed_up_to = self.signed_up_to.max(size);
    }

    /// The report.
    pub(crate) fn report(&self, origin: &str, problem: Option<Problem>) -> Report {
        Report {
            origin: origin.to_owned(),
            first: self.first,
            records: self.edge.size() - self.first,
            checkpoints: self.met,
            signed_up_to: self.signed_up_to,
            erased: self.erasures.count(),
            root: self.edge.root().to_string(),
            problem,
        }
    }

    fn check(&mut self, row: &Row, next: Option<&Row>, known_last: Option<Hash>) -> Result<Good, Problem> {
        let index = self.edge.size();
        let altered = |index, what: &str| Problem::Altered { index, what: what.to_owned() };
        match u64::try_from(row.position) {
            Ok(position) if position == index => {}
            Ok(position) if position > index => {
                let swapped = next.is_some_and(|next| u64::try_from(next.position) == Ok(index));
                return Err(if swapped {
                    Problem::Reordered { index, found: position }
                } else {
                    Problem::Missing { index }
                });
            }
            Ok(found) if row.position >= 0 => return Err(Problem::Reordered { index, found }),
            _ => return Err(Problem::Inserted { index: row.position }),
        }
        let hash = Hash::of_leaf(&row.leaf);
        let beside = row.hash.as_ref().is_none_or(|beside| beside.as_slice() == hash.as_bytes());
        let entry = match decode(&row.leaf) {
            Ok(entry) if beside => entry,
            Ok(_) => return Err(altered(index, "its hash is another one than was kept with it")),
            Err(error) => return Err(altered(index, &error.to_string())),
        };
        let next_entry = next.and_then(|next| decode(&next.leaf).ok());
        if entry.index != index {
            let found = entry.index;
            let next_found = next_entry.as_ref().map(|next| next.index);
            return Err(if found == index + 1 && next_found.is_none_or(|next| next == index + 2) {
                Problem::Missing { index }
            } else if found + 1 == index && next_found.is_none_or(|next| next == index) {
                Problem::Inserted { index: row.position - 1 }
            } else {
                Problem::Reordered { index, found }
            });
        }
        // Who comes after says what this leaf was: the next leaf, or the kept hash of the last one.
        let vouched = match (&next_entry, known_last) {
            (Some(next), _) if next.index == index + 1 => Some(next.previous == Some(hash)),
            (None, Some(last)) if next.is_none() => Some(last == hash),
            _ => None,
        };
        let chained = match (self.last, index) {
            (_, 0) => entry.previous.is_none(),
            (Some(last), _) => entry.previous == Some(last),
            (None, _) => true,
        };
        if !chained {
            let before_is_wrong = vouched == Some(true) && index > self.first;
            return Err(if before_is_wrong {
                altered(index - 1, "the record after it refers to another content")
            } else {
                altered(index, "it does not refer to the record before it")
            });
        }
        let from = self.unsigned_from();
        if self.edge.push(hash).is_err() {
            return Err(Problem::State("there are more records than a tree can have".to_owned()));
        }
        self.last = Some(hash);
        let size = self.edge.size();
        while let Some(checkpoint) = self.ahead.front().filter(|c| c.size == size) {
            if checkpoint.root != self.edge.root() {
                return Err(if vouched == Some(false) {
                    altered(index, "the record after it refers to another content")
                } else {
                    Problem::Rewritten { from, to: size }
                });
            }
            self.ahead.pop_front();
            self.meet(size);
        }
        Ok(Good { entry })
    }
}
