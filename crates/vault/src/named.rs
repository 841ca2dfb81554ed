//! Secrets that people give by name: the key of a webhook, the password of a mail server.

use jiff::Timestamp;
use netwarden_store::{Tx, execute, to_micros, values};
use zeroize::Zeroizing;

use crate::signing::{PURPOSE, aad};
use crate::{KeyOwner, Vault, VaultError, sql};

/// Keeps them apart from the secrets that the system makes for itself.
fn row(name: &str) -> String {
    format!("given/{name}")
}

impl Vault {
    /// Keeps `secret` under `name`, in place of an earlier one, sealed under the key of whose it is.
    pub async fn put_secret(
        &self,
        tx: &Tx,
        owner: KeyOwner,
        name: &str,
        secret: &[u8],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let name = row(name);
        let sealed = self.keyring(|keyring| keyring.seal(owner, PURPOSE, aad(&name), secret))?;
        let sql = "INSERT INTO vault_secrets (purpose, sealed, made_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (purpose) DO UPDATE SET sealed = excluded.sealed, made_at = excluded.made_at";
        execute(tx, sql, values![name, sealed.into_bytes(), to_micros(now)]).await?;
        Ok(())
    }

    /// The secret kept under `name`; None where there is none. Wiped from memory when dropped.
    pub async fn named_secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let name = row(name);
        let Some(sealed) = sql::secret(self.inner.store.read(), &name).await? else { return Ok(None) };
        self.open(PURPOSE, aad(&name), &sealed).map(Some)
    }

    /// [`Vault::named_secret`], where it is sealed under the key of somebody else than `owner`; None also where it is
    /// theirs already.
    pub async fn named_secret_of_another(
        &self,
        owner: KeyOwner,
        name: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let name = row(name);
        let Some(sealed) = sql::secret(self.inner.store.read(), &name).await? else { return Ok(None) };
        if self.keyring(|keyring| keyring.owner_of(&sealed)) == Some(owner) {
            return Ok(None);
        }
        self.open(PURPOSE, aad(&name), &sealed).map(Some)
    }

    /// Forgets the secret kept under `name`, if there is one.
    pub async fn remove_secret(&self, tx: &Tx, name: &str) -> Result<(), VaultError> {
        execute(tx, "DELETE FROM vault_secrets WHERE purpose = $1", values![row(name)]).await?;
        Ok(())
    }
}
