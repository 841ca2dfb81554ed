//! Rotation of both layers, without loss at any moment of a crash.
//!
//! A new working key seals from the next value on. What was sealed before is sealed anew in small steps, each a
//! transaction of its own, so that nobody waits for the writer; values are opened by whichever key they name, and what a
//! crash has left under an older key is found by asking ([`Vault::sealed_before`]).

use jiff::Timestamp;

use crate::components::{KeyFile, next_path};
use crate::files::rename;
use crate::keyring::{Key, random, wrap_one};
use crate::vault::{in_background, new_root, root_key};
use crate::{KeyOwner, Vault, VaultError, credentials, signing, sql};

impl Vault {
    /// Makes new components and a new root key, and wraps the working keys anew. A credential that
    /// systemd passes by now becomes a component, one that it no longer passes ceases to be one.
    pub async fn rotate_root(&self, now: Timestamp) -> Result<(), VaultError> {
        let _alone = self.inner.rotating.lock().await;
        let config = &self.inner.config;
        let old = sql::root(self.inner.store.read()).await?.ok_or(VaultError::WrongComponents)?;
        let generation = old.generation + 1;
        // The old components must be here and right: who cannot open the keys cannot rotate them.
        let old_root = root_key(config, old).await?;
        let keyring = crate::keyring::Keyring::unwrap(&old_root, sql::keys(self.inner.store.read()).await?)?;
        let file = KeyFile::new(generation)?;
        let path = config.key_file.clone();
        let file = in_background(move || file.write(&next_path(&path)).map(|()| file)).await?;
        let (row, root) = new_root(config, file).await?;
        let wrapped = keyring.wrap(&root)?;
        // Should this fail, or the process die in it, the next start finds out by the generation
        // whether the database has the new root, and takes or clears away the waiting key file.
        self.inner
            .store
            .write::<_, VaultError, _>(move |tx| {
                Box::pin(async move {
                    if !sql::replace_root(tx, &row, now).await? {
                        return Err(VaultError::RotatedElsewhere);
                    }
                    for (id, wrapped) in &wrapped {
                        if !sql::rewrap_key(tx, *id, wrapped).await? {
                            return Err(VaultError::RotatedElsewhere);
                        }
                    }
                    // A key added meanwhile would be lost under the old root.
                    if sql::keys(tx).await?.len() != wrapped.len() {
                        return Err(VaultError::RotatedElsewhere);
                    }
                    Ok(())
                })
            })
            .await?;
        let path = config.key_file.clone();
        in_background(move || rename(&next_path(&path), &path)).await?;
        tracing::info!(generation, "the root key was rotated");
        Ok(())
    }

    /// Makes a new working key for each owner, under which everything of theirs is sealed from now on; what was sealed before is sealed anew
    /// by [`Vault::reseal_some`]. Older keys stay, for what others have sealed: see [`Vault::reseal`].
    pub async fn rotate_working(&self, now: Timestamp) -> Result<(), VaultError> {
        let _alone = self.inner.rotating.lock().await;
        let row = sql::root(self.inner.store.read()).await?.ok_or(VaultError::WrongComponents)?;
        let generation = row.generation;
        let root = root_key(&self.inner.config, row).await?;
        let mut keyring = crate::keyring::Keyring::unwrap(&root, sql::keys(self.inner.store.read()).await?)?;
        let owners: Vec<KeyOwner> = keyring.owners().collect();
        let mut fresh = Vec::with_capacity(owners.len());
        for owner in owners {
            let id = keyring.last_id().saturating_add(1);
            let key: Key = random()?;
            fresh.push((id, owner, wrap_one(&root, id, owner, &key)?));
            keyring.insert(id, owner, key);
        }
        self.inner
            .store
            .write::<_, VaultError, _>(move |tx| {
                Box::pin(async move {
                    let present = sql::root(tx).await?.map(|row| row.generation);
                    if present != Some(generation) {
                        return Err(VaultError::RotatedElsewhere);
                    }
                    for (id, owner, wrapped) in &fresh {
                        sql::insert_key(tx, *id, *owner, wrapped, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        tracing::info!(key = keyring.last_id(), "new working keys are in use");
        self.replace_keyring(keyring);
        Ok(())
    }

    /// How many credentials and secrets of the vault are sealed under an older working key than the present one.
    pub async fn sealed_before(&self) -> Result<u64, VaultError> {
        let under = sql::sealed_under(self.inner.store.read()).await?;
        let older = under.iter().filter(|(begins, _)| self.keyring(|keyring| !keyring.is_current(begins)));
        Ok(older.map(|(_, count)| count).sum())
    }

    /// Looks at up to `most` values from `place` on, in one transaction, and seals anew what is under an older key.
    pub async fn reseal_some(&self, place: Place, most: u32) -> Result<Resealed, VaultError> {
        let vault = self.clone();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    // As it is in the writer's order: another rotation may have come before.
                    let keyring = vault.keyring(Clone::clone);
                    let rows = sql::sealed_from(tx, &place, most).await?;
                    let next = match rows.last() {
                        Some((last, _)) => Some(last.clone()),
                        None => place.table_after(),
                    };
                    let mut resealed = Resealed { next, done: 0, unreadable: Vec::new() };
                    for (place, sealed) in rows {
                        let (purpose, aad) = place.bound_to();
                        match keyring.reseal(purpose, &aad, &sealed) {
                            Ok(Some(sealed)) => sql::put_sealed(tx, &place, sealed).await?,
                            Ok(None) => continue,
                            // It could not be opened before either: it stays as it is, and is told.
                            Err(_) => resealed.unreadable.push(place.to_string()),
                        }
                        resealed.done += 1;
                    }
                    Ok(resealed)
                })
            })
            .await
    }
}

/// How far resealing has come: what comes after this is still to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A secret, by its purpose; the first comes after the empty one.
    Secret(String),
    /// A credential, by its id.
    Credential(i64),
}

impl Default for Place {
    fn default() -> Self {
        Self::Secret(String::new())
    }
}

impl Place {
    /// Where to go on once a table has nothing more.
    const fn table_after(&self) -> Option<Self> {
        match self {
            Self::Secret(_) => Some(Self::Credential(i64::MIN)),
            Self::Credential(_) => None,
        }
    }

    /// What its value is sealed for, and tied to.
    fn bound_to(&self) -> (&'static str, Vec<u8>) {
        match self {
            Self::Secret(purpose) => (signing::PURPOSE, signing::aad(purpose).to_vec()),
            Self::Credential(id) => (credentials::PURPOSE, id.to_be_bytes().to_vec()),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret(purpose) => f.write_str(purpose),
            Self::Credential(id) => write!(f, "credential {id}"),
        }
    }
}

/// What a step has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// From where the next step goes on; None where nothing is left.
    pub next: Option<Place>,
    /// Values that were under an older key.
    pub done: u64,
    /// Those that could not be opened, and stay as they are.
    pub unreadable: Vec<String>,
}
