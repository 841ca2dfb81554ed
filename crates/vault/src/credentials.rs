//! Credential sets for network elements, as sealed octets: what is inside belongs to `reach`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_model::CredentialId;
use netwarden_store::{ConnectionTrait, StoreError, Tx, execute, query_all, query_one, to_micros, values};
use zeroize::Zeroizing;

use crate::{Sealed, Vault, VaultError};

pub(crate) const PURPOSE: &str = "credential";

/// A credential set without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialEntry {
    /// Its id.
    pub id: CredentialId,
    /// Its name, unique.
    pub name: String,
    /// What it is for: `snmpv3`, `snmpv2c`, `ssh`, ...
    pub kind: String,
    /// In which order sets are tried, from 1.
    pub position: i64,
    /// When its secret was last set, in microseconds since 1970.
    pub changed_at_us: i64,
}

impl Vault {
    /// Stores a new set behind the others, sealed.
    pub async fn create_credential(
        &self,
        tx: &Tx,
        name: &str,
        kind: &str,
        secret: &[u8],
        now: Timestamp,
    ) -> Result<CredentialId, VaultError> {
        let sql = "INSERT INTO vault_credentials (name, kind, position, sealed, changed_at) \
                   SELECT $1, $2, coalesce(max(position), 0) + 1, $3, $4 FROM vault_credentials RETURNING id";
        // The secret is tied to the row's id, which is known only once the row is there.
        let row = query_one(tx, sql, values![name, kind, Vec::<u8>::new(), to_micros(now)]).await;
        let row = row.map_err(|error| name_taken(error, name))?;
        let row = row.ok_or_else(|| StoreError::Unreadable("a new credential set has no id".to_owned()))?;
        let id = CredentialId(row.try_get_by_index(0)?);
        self.change_secret(tx, id, secret, now).await?;
        Ok(id)
    }

    /// Replaces the secret of a set.
    pub async fn change_secret(
        &self,
        tx: &Tx,
        id: CredentialId,
        secret: &[u8],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let sealed = self.seal(PURPOSE, &id.0.to_be_bytes(), secret)?;
        let sql = "UPDATE vault_credentials SET sealed = $1, changed_at = $2 WHERE id = $3";
        changed(execute(tx, sql, values![sealed.into_bytes(), to_micros(now), id.0]).await?, id)
    }

    /// Renames a set.
    pub async fn rename_credential(&self, tx: &Tx, id: CredentialId, name: &str) -> Result<(), VaultError> {
        let sql = "UPDATE vault_credentials SET name = $1 WHERE id = $2";
        let renamed = execute(tx, sql, values![name, id.0]).await;
        changed(renamed.map_err(|error| name_taken(error, name))?, id)
    }

    /// Removes a set.
    pub async fn delete_credential(&self, tx: &Tx, id: CredentialId) -> Result<(), VaultError> {
        let sql = "DELETE FROM vault_credentials WHERE id = $1";
        changed(execute(tx, sql, values![id.0]).await?, id)
    }

    /// Sets the order in which sets are tried; `order` names each of them once.
    pub async fn order_credentials(&self, tx: &Tx, order: &[CredentialId]) -> Result<(), VaultError> {
        let present: BTreeSet<CredentialId> = entries(tx).await?.into_iter().map(|entry| entry.id).collect();
        let named: BTreeSet<CredentialId> = order.iter().copied().collect();
        if named != present || named.len() != order.len() {
            return Err(VaultError::BadOrder);
        }
        for (position, id) in (1_i64..).zip(order) {
            let sql = "UPDATE vault_credentials SET position = $1 WHERE id = $2";
            execute(tx, sql, values![position, id.0]).await?;
        }
        Ok(())
    }

    /// All sets in the order in which they are tried, without their secrets.
    pub async fn credentials(&self) -> Result<Vec<CredentialEntry>, VaultError> {
        entries(self.inner.store.read()).await
    }

    /// One set without its secret.
    pub async fn credential(&self, id: CredentialId) -> Result<CredentialEntry, VaultError> {
        let found = self.credentials().await?.into_iter().find(|entry| entry.id == id);
        found.ok_or(VaultError::NoSuchCredential(id))
    }

    /// The secret of a set; wiped from memory when dropped.
    pub async fn credential_secret(&self, id: CredentialId) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let sql = "SELECT sealed FROM vault_credentials WHERE id = $1";
        let row = query_one(self.inner.store.read(), sql, values![id.0]).await?;
        let row = row.ok_or(VaultError::NoSuchCredential(id))?;
        let sealed = Sealed::from(row.try_get_by_index::<Vec<u8>>(0)?);
        self.open(PURPOSE, &id.0.to_be_bytes(), &sealed)
    }
}

async fn entries<C: ConnectionTrait>(connection: &C) -> Result<Vec<CredentialEntry>, VaultError> {
    let sql = "SELECT id, name, kind, position, changed_at FROM vault_credentials ORDER BY position, id";
    let rows = query_all(connection, sql, []).await?;
    rows.iter()
        .map(|row| {
            Ok(CredentialEntry {
                id: CredentialId(row.try_get_by_index(0)?),
                name: row.try_get_by_index(1)?,
                kind: row.try_get_by_index(2)?,
                position: row.try_get_by_index(3)?,
                changed_at_us: row.try_get_by_index(4)?,
            })
        })
        .collect()
}

fn changed(rows: u64, id: CredentialId) -> Result<(), VaultError> {
    if rows == 0 { Err(VaultError::NoSuchCredential(id)) } else { Ok(()) }
}

fn name_taken(error: StoreError, name: &str) -> VaultError {
    if error.is_duplicate() { VaultError::NameTaken(name.to_owned()) } else { error.into() }
}
