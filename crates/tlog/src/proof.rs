//! Inclusion and consistency proofs (RFC 9162 sections 2.1.3 and 2.1.4).
//!
//! Making a proof asks `roots` for Merkle Tree Hashes of runs of leaves, `D[k1:k2]` in the RFC's
//! words, so that the caller decides where the leaves are.

use std::ops::Range;

use crate::Hash;

/// Why a proof does not show what it is said to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such leaf, or the older tree is the larger one.
    #[error("position {index} is outside a tree of {size} leaves")]
    Outside {
        /// Leaf index, or the size of the older tree.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// Hashes are missing from the proof, or there are too many.
    #[error("the proof has {0} hashes, which is not the number that trees of these sizes need")]
    Length(usize),
    /// The proof leads to another root.
    #[error("the proof does not lead to the root of the tree of {size} leaves")]
    Root {
        /// Leaves of the tree whose root is not met.
        size: u64,
    },
}

/// The path that proves leaf `index` in the tree of the first `size` leaves (2.1.3.1).
pub fn inclusion<E: From<ProofError>>(
    index: u64,
    size: u64,
    mut roots: impl FnMut(Range<u64>) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if index >= size {
        return Err(ProofError::Outside { index, size }.into());
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(roots(middle..end)?);
            end = middle;
        } else {
            path.push(roots(start..middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `first` leaves is the beginning of the tree of `second` (2.1.4.1).
pub fn consistency<E: From<ProofError>>(
    first: u64,
    second: u64,
    mut roots: impl FnMut(Range<u64>) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if first > second {
        return Err(ProofError::Outside { index: first, size: second }.into());
    }
    if first == 0 || first == second {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, second);
    // True while the subtree at hand begins where the older tree begins, so that its root is known
    // to the verifier once the subtree is complete.
    let mut whole = true;
    let mut path = Vec::new();
    while first != end {
        let middle = start + split(end - start);
        if first <= middle {
            path.push(roots(middle..end)?);
            end = middle;
        } else {
            path.push(roots(start..middle)?);
            start = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(roots(start..end)?);
    }
    path.reverse();
    Ok(path)
}

/// Verifies that the leaf with hash `leaf` stands at `index` of the tree with `root` (2.1.3.2).
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let mut node = index;
    let mut last = size - 1;
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length(path.len()));
        }
        if node & 1 == 1 || node == last {
            hash = Hash::of_node(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::of_node(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length(path.len()));
    }
    if hash != root {
        return Err(ProofError::Root { size });
    }
    Ok(())
}

/// Verifies that the tree of `first` leaves is the beginning of that of `second` (2.1.4.2).
pub fn verify_consistency(
    first: u64,
    first_root: Hash,
    second: u64,
    second_root: Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if first > second {
        return Err(ProofError::Outside { index: first, size: second });
    }
    if first == 0 || first == second {
        if !path.is_empty() {
            return Err(ProofError::Length(path.len()));
        }
        let expected = if first == 0 { Hash::empty_root() } else { second_root };
        return if first_root == expected { Ok(()) } else { Err(ProofError::Root { size: first }) };
    }
    let mut hashes = path.iter().copied();
    // A complete older tree is a subtree of the newer one, and its root is known: it is left out.
    let seed = if first.is_power_of_two() {
        first_root
    } else {
        hashes.next().ok_or(ProofError::Length(path.len()))?
    };
    let mut node = first - 1;
    let mut last = second - 1;
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut older, mut newer) = (seed, seed);
    for sibling in hashes {
        if last == 0 {
            return Err(ProofError::Length(path.len()));
        }
        if node & 1 == 1 || node == last {
            older = Hash::of_node(&sibling, &older);
            newer = Hash::of_node(&sibling, &newer);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            newer = Hash::of_node(&newer, &sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length(path.len()));
    }
    if older != first_root {
        return Err(ProofError::Root { size: first });
    }
    if newer != second_root {
        return Err(ProofError::Root { size: second });
    }
    Ok(())
}

/// The largest power of two smaller than `leaves`, which is at least 2.
const fn split(leaves: u64) -> u64 {
    1 << (63 - (leaves - 1).leading_zeros())
}
