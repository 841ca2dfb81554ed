//! With which parameters a password is worked on for a name that nobody has.

use sha2::{Digest, Sha256};

use super::hash::{Params, PasswordHash};

/// The parameters of the hashes there are, and a key that nobody outside knows.
#[derive(Clone, PartialEq, Eq)]
pub struct StandIns {
    params: Vec<Params>,
    key: [u8; 32],
}

impl StandIns {
    /// Of the stored hashes of all accounts, the oldest account's first: `admin`'s, which is the key because
    /// it is secret and seldom another.
    ///
    /// A hash that cannot be read is left out: one account's fault must not shut out everybody.
    pub fn of(stored: &[String]) -> Self {
        let params = stored.iter().filter_map(|text| Some(PasswordHash::decode(text).ok()?.params()));
        let key = Sha256::new().chain_update("netwarden stand-in ").chain_update(match stored.first() {
            Some(first) => first.as_bytes(),
            None => &[],
        });
        Self { params: params.collect(), key: key.finalize().into() }
    }

    /// Those of one of the accounts, the same each time; None where there is no account.
    pub fn of_name(&self, name: &str) -> Option<Params> {
        let digest = Sha256::new().chain_update(self.key).chain_update(name).finalize();
        let number = digest.iter().take(8).fold(0u64, |number, octet| number << 8 | u64::from(*octet));
        let count = u64::try_from(self.params.len()).ok().filter(|count| *count > 0)?;
        self.params.get(usize::try_from(number % count).ok()?).copied()
    }
}

impl std::fmt::Debug for StandIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StandIns").field("params", &self.params).finish_non_exhaustive()
    }
}
