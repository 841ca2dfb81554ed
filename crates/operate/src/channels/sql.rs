//! The table of channels.

use jiff::Timestamp;
use netwarden_store::{
    ConnectionTrait, StoreError, Tx, execute, from_micros, query_all, query_one, to_micros, values,
};

use super::definition::ChannelDefinition;
use crate::error::OperateError;

/// A channel as it is stored, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChannel {
    /// Its name.
    pub name: String,
    /// What it is.
    pub definition: ChannelDefinition,
    /// True where the vault has its secret.
    pub has_secret: bool,
    /// When it was last defined.
    pub changed_at: Timestamp,
}

const SELECT: &str = "SELECT name, definition, has_secret, changed_at FROM channels";

/// The vault's name for a channel's secret.
pub(super) fn secret_name(name: &str) -> String {
    format!("channel/{name}")
}

pub(super) async fn all<C: ConnectionTrait>(connection: &C) -> Result<Vec<StoredChannel>, OperateError> {
    let rows = query_all(connection, &format!("{SELECT} ORDER BY name"), []).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    name: &str,
) -> Result<Option<StoredChannel>, OperateError> {
    let row = query_one(connection, &format!("{SELECT} WHERE name = $1"), values![name]).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn put(tx: &Tx, channel: &StoredChannel) -> Result<(), OperateError> {
    let definition = serde_json::to_string(&channel.definition)
        .map_err(|_| OperateError::Failed("the channel cannot be written down".to_owned()))?;
    let sql = "INSERT INTO channels (name, definition, has_secret, changed_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, \
               has_secret = excluded.has_secret, changed_at = excluded.changed_at";
    let row = values![channel.name.as_str(), definition, channel.has_secret, to_micros(channel.changed_at)];
    execute(tx, sql, row).await?;
    Ok(())
}

pub(super) async fn delete(tx: &Tx, name: &str) -> Result<(), OperateError> {
    execute(tx, "DELETE FROM channels WHERE name = $1", values![name]).await?;
    Ok(())
}

fn read(row: &netwarden_store::QueryResult) -> Result<StoredChannel, OperateError> {
    let name: String = row.try_get_by_index(0).map_err(StoreError::from)?;
    let definition: String = row.try_get_by_index(1).map_err(StoreError::from)?;
    let definition = serde_json::from_str(&definition)
        .map_err(|error| StoreError::Unreadable(format!("channel '{name}': {error}")))?;
    Ok(StoredChannel {
        name,
        definition,
        has_secret: row.try_get_by_index(2).map_err(StoreError::from)?,
        changed_at: from_micros(row.try_get_by_index(3).map_err(StoreError::from)?)?,
    })
}
