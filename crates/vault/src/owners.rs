//! Keys of owners: a tenant's values are sealed under keys of its own (IAM-21), and cannot be opened any more once these
//! are deleted, whoever has a copy of the database without its keys.

use jiff::Timestamp;
use netwarden_store::Tx;
use tokio::sync::OwnedMutexGuard;

use crate::keyring::{Key, random, wrap_one};
use crate::vault::root_key;
use crate::{KeyOwner, Vault, VaultError, sql};

/// What a new key is wrapped with. While there is one, no other key is made or rotated.
pub struct FreshKey {
    key: Key,
    root: Key,
    generation: i64,
    alone: OwnedMutexGuard<()>,
}

impl std::fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FreshKey").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// A key that was stored, to be taken into use once its transaction is committed.
pub struct AddedKey {
    id: u32,
    owner: KeyOwner,
    key: Key,
    _alone: OwnedMutexGuard<()>,
}

impl std::fmt::Debug for AddedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AddedKey").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Vault {
    /// True where the owner has a key.
    pub fn has_key(&self, owner: KeyOwner) -> bool {
        self.keyring(|keyring| keyring.current_id(owner).is_some())
    }

    /// Makes a key, outside of any transaction: the root key that is to wrap it is derived, which takes some tenths of a
    /// second.
    pub async fn fresh_key(&self) -> Result<FreshKey, VaultError> {
        let alone = std::sync::Arc::clone(&self.inner.rotating).lock_owned().await;
        let row = sql::root(self.inner.store.read()).await?.ok_or(VaultError::WrongComponents)?;
        let generation = row.generation;
        let root = root_key(&self.inner.config, row).await?;
        Ok(FreshKey { key: random()?, root, generation, alone })
    }

    /// Stores it as an owner's, in the caller's transaction; [`Vault::take_key`] comes after that.
    pub async fn put_key(
        &self,
        tx: &Tx,
        fresh: FreshKey,
        owner: KeyOwner,
        now: Timestamp,
    ) -> Result<AddedKey, VaultError> {
        let FreshKey { key, root, generation, alone } = fresh;
        if sql::root(tx).await?.map(|row| row.generation) != Some(generation) {
            return Err(VaultError::RotatedElsewhere);
        }
        let last = sql::keys(tx).await?.last().map_or(0, |(id, ..)| *id);
        let id = last.saturating_add(1);
        sql::insert_key(tx, id, owner, &wrap_one(&root, id, owner, &key)?, now).await?;
        Ok(AddedKey { id, owner, key, _alone: alone })
    }

    /// Takes a key into use whose transaction was committed.
    pub fn take_key(&self, added: AddedKey) {
        let AddedKey { id, owner, key, _alone } = added;
        self.change_keyring(|keyring| keyring.insert(id, owner, key));
    }

    /// Deletes the keys of an owner, in the caller's transaction; [`Vault::forget_keys`] comes after that.
    pub async fn delete_keys(&self, tx: &Tx, owner: KeyOwner) -> Result<(), VaultError> {
        if owner != KeyOwner::SYSTEM {
            sql::delete_keys(tx, owner).await?;
        }
        Ok(())
    }

    /// Forgets the keys of an owner that were deleted.
    pub fn forget_keys(&self, owner: KeyOwner) {
        if owner != KeyOwner::SYSTEM {
            self.change_keyring(|keyring| keyring.remove(owner));
        }
    }
}
