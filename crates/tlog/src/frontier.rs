//! The right edge of a tree: all that is needed to append to it and to know its root.

use crate::Hash;

/// The roots of the largest complete subtrees that a tree of `size` leaves consists of, from left to
/// right: one for each bit set in `size`. At most 64 hashes, however many leaves there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// Why a right edge cannot be read or grown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The number of hashes does not fit the number of leaves.
    #[error("the right edge of a tree of {size} leaves has {expected} hashes, {found} were given")]
    Count {
        /// Leaves.
        size: u64,
        /// Bits set in `size`.
        expected: u32,
        /// Hashes given.
        found: usize,
    },
    /// Bytes that do not hold a size and whole hashes.
    #[error("{0} bytes are no right edge of a tree: 8 for the size and 32 for each hash are expected")]
    Length(usize),
    /// A subtree that does not begin where such a subtree can begin.
    #[error("a subtree of 2^{level} leaves cannot begin at leaf {size}")]
    Alignment {
        /// Height of the subtree.
        level: u32,
        /// Leaves so far.
        size: u64,
    },
    /// More leaves than can be counted.
    #[error("the tree is full: it cannot have more than 2^63 leaves")]
    Full,
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The tree without leaves.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// From the number of leaves and the peaks, left to right.
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Result<Self, FrontierError> {
        if size > 1 << 63 {
            return Err(FrontierError::Full);
        }
        if peaks.len() != size.count_ones() as usize {
            return Err(FrontierError::Count { size, expected: size.count_ones(), found: peaks.len() });
        }
        Ok(Self { size, peaks })
    }

    /// Number of leaves.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The peaks, left to right.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf by its hash and tells its index.
    pub fn push(&mut self, leaf: Hash) -> Result<u64, FrontierError> {
        let index = self.size;
        self.push_subtree(0, leaf)?;
        Ok(index)
    }

    /// Appends a complete subtree of 2^`level` leaves by its root.
    pub fn push_subtree(&mut self, level: u32, root: Hash) -> Result<(), FrontierError> {
        let leaves = 1u64.checked_shl(level).ok_or(FrontierError::Full)?;
        if !self.size.is_multiple_of(leaves) {
            return Err(FrontierError::Alignment { level, size: self.size });
        }
        let size =
            self.size.checked_add(leaves).filter(|size| *size <= 1 << 63).ok_or(FrontierError::Full)?;
        // Two complete subtrees of one height become one of the next, as in binary addition.
        let mut rest = self.size >> level;
        let mut hash = root;
        while rest & 1 == 1 {
            let Some(left) = self.peaks.pop() else {
                return Err(FrontierError::Count {
                    size: self.size,
                    expected: self.size.count_ones(),
                    found: 0,
                });
            };
            hash = Hash::of_node(&left, &hash);
            rest >>= 1;
        }
        self.peaks.push(hash);
        self.size = size;
        Ok(())
    }

    /// The root: Merkle Tree Hash of all leaves (RFC 9162 section 2.1.1).
    pub fn root(&self) -> Hash {
        self.peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| Hash::of_node(&left, &right))
            .unwrap_or_else(Hash::empty_root)
    }

    /// The size as 8 octets, big end first, then the peaks.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for peak in &self.peaks {
            bytes.extend_from_slice(peak.as_bytes());
        }
        bytes
    }

    /// The reverse of [`Frontier::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let wrong = || FrontierError::Length(bytes.len());
        let (size, peaks) = bytes.split_first_chunk::<8>().ok_or_else(wrong)?;
        if !peaks.len().is_multiple_of(32) {
            return Err(wrong());
        }
        let peaks = peaks.chunks_exact(32).filter_map(Hash::from_slice).collect();
        Self::from_parts(u64::from_be_bytes(*size), peaks)
    }
}
