//! The vault, unlocked.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use netwarden_store::Store;
use zeroize::Zeroizing;

use crate::components::{ITERATIONS, KeyFile, SALT_LENGTH, derive_root, refuse_inside, settle};
use crate::files::read_any;
use crate::keyring::{KEY_LENGTH, Key, KeyOwner, Keyring, random, wrap_one};
use crate::sql::{self, RootRow};
use crate::{Sealed, VaultError};

/// Where the components of the root key are.
#[derive(Debug, Clone)]
pub struct VaultConfig {
    /// The key file; made at the first start, mode 0600.
    pub key_file: PathBuf,
    /// The folder of the database, which must not contain the key file; None where there is none.
    pub data_folder: Option<PathBuf>,
    /// The credential that systemd passes: see [`crate::systemd_credential`].
    pub credential: Option<PathBuf>,
}

/// Seals and opens. Clones share the keys, which are wiped with the last of them.
#[derive(Clone)]
pub struct Vault {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) config: VaultConfig,
    keyring: RwLock<Keyring>,
    /// Held while keys are made or rotated.
    pub(crate) rotating: Arc<tokio::sync::Mutex<()>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Vault {
    /// Unlocks the vault in `store`, which was opened with [`crate::MIGRATIONS`]. At the first start
    /// key file, root key and the first working key are made. `now` is the time that new keys bear.
    ///
    /// # Errors
    /// Where a component is missing, exposed or does not belong to the others; each in one sentence.
    pub async fn unlock(store: Store, config: VaultConfig, now: Timestamp) -> Result<Self, VaultError> {
        if let Some(data_folder) = &config.data_folder {
            refuse_inside(&config.key_file, data_folder)?;
        }
        let keyring = match sql::root(store.read()).await? {
            Some(row) => {
                let root = root_key(&config, row).await?;
                Keyring::unwrap(&root, sql::keys(store.read()).await?)?
            }
            None => found(&store, &config, now).await?,
        };
        let rotating = Arc::default();
        Ok(Self { inner: Arc::new(Inner { store, config, keyring: RwLock::new(keyring), rotating }) })
    }

    /// Seals `plaintext` under the system's present working key. It opens only for the same `purpose` (a word
    /// for the kind of secret) and `aad` (what ties it to its place, such as the row's id).
    pub fn seal(&self, purpose: &str, aad: &[u8], plaintext: &[u8]) -> Result<Sealed, VaultError> {
        self.keyring(|keyring| keyring.seal(KeyOwner::SYSTEM, purpose, aad, plaintext))
    }

    /// Opens what [`Vault::seal`] made, also under a working key that was rotated since.
    pub fn open(&self, purpose: &str, aad: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.keyring(|keyring| keyring.open(purpose, aad, sealed))
    }

    /// The same secret under the present working key; None where it is under that already. For the
    /// owners of sealed columns, after [`Vault::rotate_working`].
    pub fn reseal(&self, purpose: &str, aad: &[u8], sealed: &Sealed) -> Result<Option<Sealed>, VaultError> {
        self.keyring(|keyring| keyring.reseal(purpose, aad, sealed))
    }

    pub(crate) fn keyring<T>(&self, work: impl FnOnce(&Keyring) -> T) -> T {
        work(&self.inner.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change_keyring(&self, change: impl FnOnce(&mut Keyring)) {
        change(&mut self.inner.keyring.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn replace_keyring(&self, keyring: Keyring) {
        *self.inner.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring;
    }
}

/// The present root key, from its components.
pub(crate) async fn root_key(config: &VaultConfig, row: RootRow) -> Result<Key, VaultError> {
    let config = config.clone();
    in_background(move || {
        let file = settle(&config.key_file, row.generation)?;
        let credential = if row.with_credential {
            Some(credential(&config)?.ok_or(VaultError::CredentialMissing)?)
        } else {
            None
        };
        derive(&file, &row, credential.as_ref().map(|credential| credential.as_slice()))
    })
    .await
}

/// A new database component. With it and `file` comes the root key.
pub(crate) async fn new_root(config: &VaultConfig, file: KeyFile) -> Result<(RootRow, Key), VaultError> {
    let config = config.clone();
    in_background(move || {
        let credential = credential(&config)?;
        let row = RootRow {
            generation: file.generation,
            component: Zeroizing::new(random::<KEY_LENGTH>()?.to_vec()),
            salt: random::<SALT_LENGTH>()?.to_vec(),
            iterations: ITERATIONS,
            with_credential: credential.is_some(),
        };
        let root = derive(&file, &row, credential.as_ref().map(|credential| credential.as_slice()))?;
        Ok((row, root))
    })
    .await
}

/// First start: makes what is missing. A key file that is there already is used, since a crash may have
/// come between it and the database.
async fn found(store: &Store, config: &VaultConfig, now: Timestamp) -> Result<Keyring, VaultError> {
    let path = config.key_file.clone();
    let file = in_background(move || {
        if let Some(file) = KeyFile::read(&path)? {
            return Ok(file);
        }
        let file = KeyFile::new(1)?;
        file.write(&path)?;
        Ok(file)
    })
    .await?;
    let (row, root) = new_root(config, file).await?;
    let key: Key = random()?;
    let wrapped = wrap_one(&root, 1, KeyOwner::SYSTEM, &key)?;
    store
        .write::<_, VaultError, _>(move |tx| {
            Box::pin(async move {
                sql::insert_root(tx, &row, now).await?;
                Ok(sql::insert_key(tx, 1, KeyOwner::SYSTEM, &wrapped, now).await?)
            })
        })
        .await?;
    tracing::info!(key_file = %config.key_file.display(), "keys were made");
    Ok(Keyring::new(1, key))
}

fn derive(file: &KeyFile, row: &RootRow, credential: Option<&[u8]>) -> Result<Key, VaultError> {
    let mut parts = vec![file.secret.as_slice(), row.component.as_slice()];
    parts.extend(credential);
    derive_root(&parts, &row.salt, row.iterations)
}

/// systemd itself guards its folder of credentials, by an ACL that shows as group rights.
fn credential(config: &VaultConfig) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    match &config.credential {
        Some(path) => read_any(path),
        None => Ok(None),
    }
}

/// Files and derivations are waited for off the runtime's workers.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(VaultError::Crypto("the derivation was interrupted")),
    }
}
