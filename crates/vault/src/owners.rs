//! Keys of owners: a tenant's values are sealed under keys of its own (IAM-21), and cannot be opened any more once these
//! are deleted, whoever has a copy of the database without its keys.

use std::sync::Arc;

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

/// While there is one, no key is made or rotated.
#[derive(Debug)]
pub struct HeldKeys(#[allow(dead_code, reason = "it is there to be dropped")] OwnedMutexGuard<()>);

impl Vault {
    /// True where the owner has a key.
    pub fn has_key(&self, owner: KeyOwner) -> bool {
        self.keyring(|keyring| keyring.current_id(owner).is_some())
    }

    /// Makes a key, outside of any transaction: the root key that is to wrap it is derived, which takes some tenths of a
    /// second.
    pub async fn fresh_key(&self) -> Result<FreshKey, VaultError> {
        let alone = Arc::clone(&self.inner.rotating).lock_owned().await;
        let row = sql::root(self.inner.store.read()).await?.ok_or(VaultError::WrongComponents)?;
        let generation = row.generation;
        let root = root_key(&self.inner.config, row).await?;
        Ok(FreshKey { key: random()?, root, generation, alone })
    }

    /// Stores it as an owner's, in the caller's transaction; it is in use once that is committed.
    pub async fn put_key(
        &self,
        tx: &Tx,
        fresh: FreshKey,
        owner: KeyOwner,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let FreshKey { key, root, generation, alone } = fresh;
        if sql::root(tx).await?.map(|row| row.generation) != Some(generation) {
            return Err(VaultError::RotatedElsewhere);
        }
        let last = sql::keys(tx).await?.last().map_or(0, |(id, ..)| *id);
        let id = last.saturating_add(1);
        sql::insert_key(tx, id, owner, &wrap_one(&root, id, owner, &key)?, now).await?;
        let vault = self.clone();
        // Also where nobody waits for it any longer.
        tx.after_commit(move || {
            vault.change_keyring(|keyring| keyring.insert(id, owner, key));
            drop(alone);
        });
        Ok(())
    }

    /// Waits until no keys are made or rotated, and holds that up.
    pub async fn hold_keys(&self) -> HeldKeys {
        HeldKeys(Arc::clone(&self.inner.rotating).lock_owned().await)
    }

    /// Deletes the keys of an owner, in the caller's transaction; they are forgotten once that is committed.
    pub async fn delete_keys(&self, tx: &Tx, held: HeldKeys, owner: KeyOwner) -> Result<(), VaultError> {
        if owner == KeyOwner::SYSTEM {
            return Ok(());
        }
        sql::delete_keys(tx, owner).await?;
        let vault = self.clone();
        tx.after_commit(move || {
            vault.change_keyring(|keyring| keyring.remove(owner));
            drop(held);
        });
        Ok(())
    }
}
