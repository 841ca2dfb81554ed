//! Hashes of leaves and nodes (RFC 9162 section 2.1.1), SHA-256.

use std::fmt;

use sha2::{Digest, Sha256};

/// A SHA-256 hash: of a leaf, of a node, or the root of a tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// From its 32 octets.
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// From exactly 32 octets.
    pub fn from_slice(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() != 64 {
            return None;
        }
        let mut octets = [0; 32];
        for (octet, pair) in octets.iter_mut().zip(text.chunks_exact(2)) {
            let digits = std::str::from_utf8(pair).ok()?;
            if !digits.bytes().all(|d| d.is_ascii_hexdigit()) {
                return None;
            }
            *octet = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(octets))
    }

    /// Its 32 octets.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    pub fn empty_root() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The hash of a leaf's bytes: SHA-256(0x00 || leaf).
    pub fn of_leaf(leaf: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0x00]);
        hasher.update(leaf);
        Self(hasher.finalize().into())
    }

    /// The hash of a node over its two children: SHA-256(0x01 || left || right).
    pub fn of_node(left: &Hash, right: &Hash) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0x01]);
        hasher.update(left.0);
        hasher.update(right.0);
        Self(hasher.finalize().into())
    }

    /// Plain SHA-256 of `bytes`, for values that stand beside the tree.
    pub fn of_value(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}
