//! That a run of leaves, and nothing else, stands at its place in a tree whose root is known.
//!
//! An exported run `[start, end)` carries the right edge of what lies before it and the complete
//! subtrees between it and a signed tree of `size` leaves. Who has them and the leaves can compute
//! the signed root; an altered, missing, moved or added leaf leads to another one.

use std::ops::Range;

use crate::{Frontier, FrontierError, Hash};

/// A complete subtree: its height (it has 2^level leaves) and the index of its first leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtree {
    /// Height.
    pub level: u32,
    /// First leaf.
    pub start: u64,
}

impl Subtree {
    /// The indexes of its leaves.
    pub const fn leaves(&self) -> Range<u64> {
        self.start..self.start + (1 << self.level)
    }
}

/// What a run of leaves needs beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeProof {
    /// The right edge of the leaves before the run; its size is where the run begins.
    pub before: Frontier,
    /// The roots of the subtrees of [`subtrees`]`(end..size)`, in that order.
    pub after: Vec<Hash>,
}

/// Why a run of leaves is not what stands in the tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The run goes beyond the tree.
    #[error("leaves up to {end} do not fit into a tree of {size}")]
    Beyond {
        /// One past the last leaf of the run.
        end: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// Hashes are missing, or there are too many.
    #[error("{expected} hashes are needed from leaf {end} to {size}, {found} were given")]
    Count {
        /// One past the last leaf of the run.
        end: u64,
        /// Leaves of the tree.
        size: u64,
        /// Needed.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// The right edge does not take the hashes.
    #[error("the run of leaves cannot be joined to the tree")]
    Frontier(#[from] FrontierError),
    /// The leaves lead to another root.
    #[error("the leaves {start}..{end} do not lead to the root of the tree of {size} leaves")]
    Root {
        /// First leaf of the run.
        start: u64,
        /// One past its last.
        end: u64,
        /// Leaves of the tree.
        size: u64,
    },
}

/// The fewest complete subtrees that cover `leaves`, left to right.
pub fn subtrees(leaves: Range<u64>) -> Vec<Subtree> {
    let mut start = leaves.start;
    let mut found = Vec::new();
    while start < leaves.end {
        let aligned = start.trailing_zeros().min(63);
        let fitting = 63 - (leaves.end - start).leading_zeros();
        let level = aligned.min(fitting);
        found.push(Subtree { level, start });
        start += 1 << level;
    }
    found
}

impl RangeProof {
    /// Verifies that `leaves` (their hashes, in order) stand from `self.before.size()` on in the tree
    /// of `size` leaves with `root`.
    pub fn verify(
        &self,
        leaves: impl IntoIterator<Item = Hash>,
        size: u64,
        root: Hash,
    ) -> Result<(), RangeError> {
        let mut edge = self.before.clone();
        for leaf in leaves {
            edge.push(leaf)?;
        }
        self.finish(edge, size, root)
    }

    /// As [`RangeProof::verify`] for a caller that has already pushed the leaves onto `before`, chunk
    /// by chunk.
    pub fn finish(&self, mut edge: Frontier, size: u64, root: Hash) -> Result<(), RangeError> {
        let (start, end) = (self.before.size(), edge.size());
        if end > size {
            return Err(RangeError::Beyond { end, size });
        }
        let needed = subtrees(end..size);
        if needed.len() != self.after.len() {
            return Err(RangeError::Count { end, size, expected: needed.len(), found: self.after.len() });
        }
        for (subtree, hash) in needed.iter().zip(&self.after) {
            edge.push_subtree(subtree.level, *hash)?;
        }
        if edge.root() != root {
            return Err(RangeError::Root { start, end, size });
        }
        Ok(())
    }
}
