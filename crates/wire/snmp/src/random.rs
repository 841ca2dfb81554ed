//! Numbers that follow from a seed: message ids, salts, jitter.

use sha2::{Digest, Sha256};

/// Hash of seed and counter: what went before does not tell what comes, so that nobody can make up an
/// answer to a request that they have not seen.
#[derive(Clone)]
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0, block: [0; 32], used: 32 }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        if self.used >= 32 {
            self.counter += 1;
            self.block = Sha256::new()
                .chain_update(self.seed)
                .chain_update(self.counter.to_be_bytes())
                .finalize()
                .into();
            self.used = 0;
        }
        let octets =
            self.block.get(self.used..self.used + 8).and_then(|octets| <[u8; 8]>::try_from(octets).ok());
        self.used += 8;
        octets.map_or(0, u64::from_be_bytes)
    }

    /// From 1 to 2147483647.
    pub(crate) fn next_id(&mut self) -> i32 {
        let [a, b, c, d, ..] = self.next_u64().to_be_bytes();
        (i32::from_be_bytes([a, b, c, d]) & i32::MAX).max(1)
    }

    /// From 0 to 1.
    pub(crate) fn next_unit(&mut self) -> f64 {
        let [a, b, c, d, ..] = self.next_u64().to_be_bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}
