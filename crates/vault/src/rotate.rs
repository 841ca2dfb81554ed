//! Rotation of both layers, without loss at any moment of a crash.

use jiff::Timestamp;

use crate::components::{KeyFile, next_path};
use crate::files::rename;
use crate::keyring::{Key, random, wrap_one};
use crate::vault::{in_background, new_root, reseal, root_key};
use crate::{Vault, VaultError, credentials, signing, sql};

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

    /// Makes a new working key and seals all credentials and secrets of the vault under it. Older keys
    /// stay, for what others have sealed: see [`Vault::reseal`].
    pub async fn rotate_working(&self, now: Timestamp) -> Result<(), VaultError> {
        let _alone = self.inner.rotating.lock().await;
        let row = sql::root(self.inner.store.read()).await?.ok_or(VaultError::WrongComponents)?;
        let generation = row.generation;
        let root = root_key(&self.inner.config, row).await?;
        let mut keyring = crate::keyring::Keyring::unwrap(&root, sql::keys(self.inner.store.read()).await?)?;
        let id = keyring.current_id().saturating_add(1);
        let key: Key = random()?;
        let wrapped = wrap_one(&root, id, &key)?;
        keyring.insert(id, key);
        let new = keyring.clone();
        self.inner
            .store
            .write::<_, VaultError, _>(move |tx| {
                Box::pin(async move {
                    let present = sql::root(tx).await?.map(|row| row.generation);
                    if present != Some(generation) {
                        return Err(VaultError::RotatedElsewhere);
                    }
                    sql::insert_key(tx, id, &wrapped, now).await?;
                    for (purpose, sealed) in sql::secrets(tx).await? {
                        let aad = signing::aad(&purpose);
                        if let Some(sealed) = reseal(&new, signing::PURPOSE, aad, &sealed)? {
                            sql::reseal_secret(tx, &purpose, sealed).await?;
                        }
                    }
                    credentials::reseal_all(tx, &new).await
                })
            })
            .await?;
        self.replace_keyring(keyring);
        tracing::info!(key = id, "a new working key is in use");
        Ok(())
    }
}
