//! The working keys while the vault is unlocked.

use std::collections::BTreeMap;

use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::sealed::{open, seal};
use crate::{Sealed, VaultError};

pub(crate) const KEY_LENGTH: usize = 32;

/// 256 bits, wiped when dropped.
pub(crate) type Key = Zeroizing<[u8; KEY_LENGTH]>;

const WRAPPING: &str = "working key";

/// Random octets from the operating system, by way of AWS-LC.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, VaultError> {
    let mut octets = Zeroizing::new([0; N]);
    rand::fill(octets.as_mut_slice()).map_err(|_| VaultError::Crypto("no random numbers"))?;
    Ok(octets)
}

/// All working keys; the one with the highest id seals, all open.
#[derive(Clone)]
pub(crate) struct Keyring {
    keys: BTreeMap<u32, Key>,
}

impl Keyring {
    pub(crate) fn new(id: u32, key: Key) -> Self {
        Self { keys: BTreeMap::from([(id, key)]) }
    }

    /// Unwraps stored keys.
    pub(crate) fn unwrap(root: &Key, wrapped: Vec<(u32, Sealed)>) -> Result<Self, VaultError> {
        let mut keys = BTreeMap::new();
        for (id, wrapped) in wrapped {
            let octets = open(root, WRAPPING, &id.to_be_bytes(), &wrapped);
            let octets = octets.map_err(|_| VaultError::WrongComponents)?;
            let mut key = Zeroizing::new([0; KEY_LENGTH]);
            if octets.len() != KEY_LENGTH {
                return Err(VaultError::WrongComponents);
            }
            key.copy_from_slice(&octets);
            keys.insert(id, key);
        }
        if keys.is_empty() {
            return Err(VaultError::WrongComponents);
        }
        Ok(Self { keys })
    }

    /// All keys, wrapped for storing.
    pub(crate) fn wrap(&self, root: &Key) -> Result<Vec<(u32, Sealed)>, VaultError> {
        self.keys.iter().map(|(id, key)| Ok((*id, wrap_one(root, *id, key)?))).collect()
    }

    pub(crate) fn current_id(&self) -> u32 {
        self.keys.last_key_value().map_or(0, |(id, _)| *id)
    }

    pub(crate) fn insert(&mut self, id: u32, key: Key) {
        self.keys.insert(id, key);
    }

    pub(crate) fn seal(&self, purpose: &str, aad: &[u8], plaintext: &[u8]) -> Result<Sealed, VaultError> {
        let (id, key) = self.keys.last_key_value().ok_or(VaultError::UnknownKey(0))?;
        seal(key, *id, *random::<NONCE_LEN>()?, purpose, aad, plaintext)
    }

    pub(crate) fn open(
        &self,
        purpose: &str,
        aad: &[u8],
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let id = sealed.key_id().ok_or(VaultError::NotSealed)?;
        let key = self.keys.get(&id).ok_or(VaultError::UnknownKey(id))?;
        open(key, purpose, aad, sealed)
    }
}

pub(crate) fn wrap_one(root: &Key, id: u32, key: &Key) -> Result<Sealed, VaultError> {
    // The id of the wrapping key is 0: the root key has none.
    seal(root, 0, *random::<NONCE_LEN>()?, WRAPPING, &id.to_be_bytes(), key.as_slice())
}
