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

/// Whose values a working key seals. Each owner's are sealed under keys of their own, and are lost with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyOwner(pub i64);

impl KeyOwner {
    /// The system itself.
    pub const SYSTEM: Self = Self(0);
}

/// All working keys; of each owner the one with the highest id seals, all open.
#[derive(Clone, Default)]
pub(crate) struct Keyring {
    keys: BTreeMap<u32, (KeyOwner, Key)>,
    current: BTreeMap<KeyOwner, u32>,
}

impl Keyring {
    pub(crate) fn new(id: u32, key: Key) -> Self {
        let mut keyring = Self::default();
        keyring.insert(id, KeyOwner::SYSTEM, key);
        keyring
    }

    /// Unwraps stored keys.
    pub(crate) fn unwrap(root: &Key, wrapped: Vec<(u32, KeyOwner, Sealed)>) -> Result<Self, VaultError> {
        let mut keyring = Self::default();
        for (id, owner, wrapped) in wrapped {
            let octets = open(root, WRAPPING, &bound(id, owner), &wrapped);
            let octets = octets.map_err(|_| VaultError::WrongComponents)?;
            let mut key = Zeroizing::new([0; KEY_LENGTH]);
            if octets.len() != KEY_LENGTH {
                return Err(VaultError::WrongComponents);
            }
            key.copy_from_slice(&octets);
            keyring.insert(id, owner, key);
        }
        if keyring.current_id(KeyOwner::SYSTEM).is_none() {
            return Err(VaultError::WrongComponents);
        }
        Ok(keyring)
    }

    /// All keys, wrapped for storing.
    pub(crate) fn wrap(&self, root: &Key) -> Result<Vec<(u32, Sealed)>, VaultError> {
        self.keys.iter().map(|(id, (owner, key))| Ok((*id, wrap_one(root, *id, *owner, key)?))).collect()
    }

    /// The key under which an owner's values are sealed; None where it has none.
    pub(crate) fn current_id(&self, owner: KeyOwner) -> Option<u32> {
        self.current.get(&owner).copied()
    }

    /// The highest id there is.
    pub(crate) fn last_id(&self) -> u32 {
        self.keys.last_key_value().map_or(0, |(id, _)| *id)
    }

    pub(crate) fn owners(&self) -> impl Iterator<Item = KeyOwner> {
        self.current.keys().copied()
    }

    pub(crate) fn insert(&mut self, id: u32, owner: KeyOwner, key: Key) {
        self.keys.insert(id, (owner, key));
        let current = self.current.entry(owner).or_insert(id);
        *current = id.max(*current);
    }

    /// Forgets an owner's keys: what they have sealed stays shut for good.
    pub(crate) fn remove(&mut self, owner: KeyOwner) {
        self.keys.retain(|_, (of, _)| *of != owner);
        self.current.remove(&owner);
    }

    /// Under whose key a value is sealed.
    pub(crate) fn owner_of(&self, sealed: &Sealed) -> Option<KeyOwner> {
        self.keys.get(&sealed.key_id()?).map(|(owner, _)| *owner)
    }

    /// True where a value is sealed under the present key of whose it is.
    pub(crate) fn is_current(&self, sealed: &Sealed) -> bool {
        let Some(id) = sealed.key_id() else { return false };
        self.keys.get(&id).is_some_and(|(owner, _)| self.current_id(*owner) == Some(id))
    }

    pub(crate) fn seal(
        &self,
        owner: KeyOwner,
        purpose: &str,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Sealed, VaultError> {
        let id = self.current_id(owner).ok_or(VaultError::NoKeyOf(owner.0))?;
        let (_, key) = self.keys.get(&id).ok_or(VaultError::UnknownKey(id))?;
        seal(key, id, *random::<NONCE_LEN>()?, purpose, aad, plaintext)
    }

    pub(crate) fn open(
        &self,
        purpose: &str,
        aad: &[u8],
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let id = sealed.key_id().ok_or(VaultError::NotSealed)?;
        let (_, key) = self.keys.get(&id).ok_or(VaultError::UnknownKey(id))?;
        open(key, purpose, aad, sealed)
    }

    /// The same value under the present key of whose it is; None where it is under that already.
    pub(crate) fn reseal(
        &self,
        purpose: &str,
        aad: &[u8],
        sealed: &Sealed,
    ) -> Result<Option<Sealed>, VaultError> {
        if self.is_current(sealed) {
            return Ok(None);
        }
        let id = sealed.key_id().ok_or(VaultError::NotSealed)?;
        let (owner, _) = self.keys.get(&id).ok_or(VaultError::UnknownKey(id))?;
        let plaintext = self.open(purpose, aad, sealed)?;
        self.seal(*owner, purpose, aad, &plaintext).map(Some)
    }
}

/// What a wrapped key is tied to: its id, and whose it is where that is not the system.
fn bound(id: u32, owner: KeyOwner) -> Vec<u8> {
    let mut bound = id.to_be_bytes().to_vec();
    if owner != KeyOwner::SYSTEM {
        bound.extend(owner.0.to_be_bytes());
    }
    bound
}

pub(crate) fn wrap_one(root: &Key, id: u32, owner: KeyOwner, key: &Key) -> Result<Sealed, VaultError> {
    // The id of the wrapping key is 0: the root key has none.
    seal(root, 0, *random::<NONCE_LEN>()?, WRAPPING, &bound(id, owner), key.as_slice())
}
