//! Tables of the vault and the SQL on them. Nothing in them opens without the key file.

use jiff::Timestamp;
use netwarden_store::{
    ConnectionTrait, Migration, StoreError, Tx, execute, query_all, query_one, to_micros, values,
};
use zeroize::Zeroizing;

use crate::{KeyOwner, Place, Sealed, VaultError};

/// The vault's schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "vault-0001-keys",
        up: "CREATE TABLE vault_root (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    generation BIGINT NOT NULL,
    component {bytes} NOT NULL,
    salt {bytes} NOT NULL,
    iterations BIGINT NOT NULL,
    with_credential {bool} NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE TABLE vault_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    wrapped {bytes} NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE TABLE vault_secrets (
    purpose TEXT NOT NULL PRIMARY KEY,
    sealed {bytes} NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE TABLE vault_credentials (
    id {id},
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    position BIGINT NOT NULL,
    sealed {bytes} NOT NULL,
    changed_at BIGINT NOT NULL
);
",
    },
    // Whose values a key seals: those of the system itself, or of one owner.
    Migration {
        name: "vault-0002-owners",
        up: "ALTER TABLE vault_keys ADD COLUMN owner BIGINT NOT NULL DEFAULT 0;
",
    },
];

/// The database's component of the root key, and what else its derivation needs.
pub(crate) struct RootRow {
    pub(crate) generation: i64,
    pub(crate) component: Zeroizing<Vec<u8>>,
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    pub(crate) with_credential: bool,
}

pub(crate) async fn root<C: ConnectionTrait>(connection: &C) -> Result<Option<RootRow>, VaultError> {
    let sql = "SELECT generation, component, salt, iterations, with_credential FROM vault_root";
    let Some(row) = query_one(connection, sql, []).await? else { return Ok(None) };
    let iterations: i64 = row.try_get_by_index(3)?;
    Ok(Some(RootRow {
        generation: row.try_get_by_index(0)?,
        component: Zeroizing::new(row.try_get_by_index(1)?),
        salt: row.try_get_by_index(2)?,
        iterations: u32::try_from(iterations).map_err(|_| VaultError::WeakParameters)?,
        with_credential: row.try_get_by_index(4)?,
    }))
}

/// Stores the first root row.
pub(crate) async fn insert_root(tx: &Tx, root: &RootRow, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO vault_root (id, generation, component, salt, iterations, with_credential, made_at) \
               VALUES (1, $1, $2, $3, $4, $5, $6)";
    execute(tx, sql, root_values(root, now)).await.map(drop)
}

/// Replaces the root row of the generation before; false where that is not the present one.
pub(crate) async fn replace_root(tx: &Tx, root: &RootRow, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "UPDATE vault_root SET generation = $1, component = $2, salt = $3, iterations = $4, \
               with_credential = $5, made_at = $6 WHERE generation = $1 - 1";
    Ok(execute(tx, sql, root_values(root, now)).await? == 1)
}

fn root_values(root: &RootRow, now: Timestamp) -> [netwarden_store::Value; 6] {
    values![
        root.generation,
        root.component.to_vec(),
        root.salt.clone(),
        i64::from(root.iterations),
        root.with_credential,
        to_micros(now),
    ]
}

pub(crate) async fn keys<C: ConnectionTrait>(
    connection: &C,
) -> Result<Vec<(u32, KeyOwner, Sealed)>, VaultError> {
    let rows = query_all(connection, "SELECT id, wrapped, owner FROM vault_keys ORDER BY id", []).await?;
    rows.iter()
        .map(|row| {
            let id: i64 = row.try_get_by_index(0)?;
            let id = u32::try_from(id).map_err(|_| VaultError::WrongComponents)?;
            let owner = KeyOwner(row.try_get_by_index(2)?);
            Ok((id, owner, Sealed::from(row.try_get_by_index::<Vec<u8>>(1)?)))
        })
        .collect()
}

pub(crate) async fn insert_key(
    tx: &Tx,
    id: u32,
    owner: KeyOwner,
    wrapped: &Sealed,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO vault_keys (id, wrapped, made_at, owner) VALUES ($1, $2, $3, $4)";
    let values = values![i64::from(id), wrapped.as_bytes().to_vec(), to_micros(now), owner.0];
    execute(tx, sql, values).await.map(drop)
}

/// Deletes an owner's keys; how many there were.
pub(crate) async fn delete_keys(tx: &Tx, owner: KeyOwner) -> Result<u64, StoreError> {
    execute(tx, "DELETE FROM vault_keys WHERE owner = $1", values![owner.0]).await
}

pub(crate) async fn rewrap_key(tx: &Tx, id: u32, wrapped: &Sealed) -> Result<bool, StoreError> {
    let sql = "UPDATE vault_keys SET wrapped = $1 WHERE id = $2";
    Ok(execute(tx, sql, values![wrapped.as_bytes().to_vec(), i64::from(id)]).await? == 1)
}

pub(crate) async fn secret<C: ConnectionTrait>(
    connection: &C,
    purpose: &str,
) -> Result<Option<Sealed>, StoreError> {
    let sql = "SELECT sealed FROM vault_secrets WHERE purpose = $1";
    let row = query_one(connection, sql, values![purpose]).await?;
    Ok(row.map(|row| row.try_get_by_index::<Vec<u8>>(0)).transpose()?.map(Sealed::from))
}

pub(crate) async fn insert_secret(
    tx: &Tx,
    purpose: &str,
    sealed: Sealed,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO vault_secrets (purpose, sealed, made_at) VALUES ($1, $2, $3)";
    execute(tx, sql, values![purpose, sealed.into_bytes(), to_micros(now)]).await.map(drop)
}

/// How many values there are under each key, by how they begin.
pub(crate) async fn sealed_under<C: ConnectionTrait>(
    connection: &C,
) -> Result<Vec<(Sealed, u64)>, StoreError> {
    let sql = "SELECT begins, COUNT(*) FROM (SELECT substr(sealed, 1, 5) AS begins FROM vault_secrets \
               UNION ALL SELECT substr(sealed, 1, 5) FROM vault_credentials) s GROUP BY begins";
    let rows = query_all(connection, sql, []).await?;
    rows.iter()
        .map(|row| {
            let count: i64 = row.try_get_by_index(1)?;
            let begins = Sealed::from(row.try_get_by_index::<Vec<u8>>(0)?);
            Ok((begins, u64::try_from(count).unwrap_or(0)))
        })
        .collect()
}

/// Up to `most` values in the table of `place`, after it, in order.
pub(crate) async fn sealed_from(
    tx: &Tx,
    place: &Place,
    most: u32,
) -> Result<Vec<(Place, Sealed)>, StoreError> {
    let rows = match place {
        Place::Secret(purpose) => {
            let sql =
                "SELECT purpose, sealed FROM vault_secrets WHERE purpose > $1 ORDER BY purpose LIMIT $2";
            query_all(tx, sql, values![purpose.as_str(), i64::from(most)]).await?
        }
        Place::Credential(id) => {
            let sql = "SELECT id, sealed FROM vault_credentials WHERE id > $1 ORDER BY id LIMIT $2";
            query_all(tx, sql, values![*id, i64::from(most)]).await?
        }
    };
    rows.iter()
        .map(|row| {
            let found = match place {
                Place::Secret(_) => Place::Secret(row.try_get_by_index(0)?),
                Place::Credential(_) => Place::Credential(row.try_get_by_index(0)?),
            };
            Ok((found, Sealed::from(row.try_get_by_index::<Vec<u8>>(1)?)))
        })
        .collect()
}

/// Puts a value that was sealed anew into its place.
pub(crate) async fn put_sealed(tx: &Tx, place: &Place, sealed: Sealed) -> Result<(), StoreError> {
    let sealed = sealed.into_bytes();
    match place {
        Place::Secret(purpose) => {
            let sql = "UPDATE vault_secrets SET sealed = $1 WHERE purpose = $2";
            execute(tx, sql, values![sealed, purpose.as_str()]).await?
        }
        Place::Credential(id) => {
            execute(tx, "UPDATE vault_credentials SET sealed = $1 WHERE id = $2", values![sealed, *id])
                .await?
        }
    };
    Ok(())
}
