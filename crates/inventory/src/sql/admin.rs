//! Elements as administered, and groups of endpoints.

use netwarden_model::NeId;
use netwarden_store::{ConnectionTrait, StoreError, Value, execute, query_all, query_one, to_micros, values};

use super::rows::json;
use crate::element::ElementBase;

/// A group of endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Unique.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Own time-out for mac_offline, in seconds.
    pub offline_after_s: Option<i64>,
}

const COLUMNS: &str = "name, address, credential, enforcement, allow_v2c, quarantine_vlan, voice_vlan, class, \
                       groups_json, schedules, maintenance_from, maintenance_until, added, region, device_sets, scans_off";

fn row(base: &ElementBase) -> Result<Vec<Value>, StoreError> {
    let element = &base.element;
    Ok(values![
        element.name.clone(),
        element.address.to_string(),
        element.credential.map(|credential| credential.0),
        element.enforcement,
        element.allow_v2c,
        element.quarantine_vlan.map(|vlan| i64::from(vlan.get())),
        element.voice_vlan.map(|vlan| i64::from(vlan.get())),
        base.class.clone(),
        json(&base.groups)?,
        json(&base.schedules)?,
        base.maintenance.map(|window| to_micros(window.from)),
        base.maintenance.map(|window| to_micros(window.until)),
        to_micros(base.added),
        base.region.clone(),
        json(&base.device_sets)?,
        json(&base.scans_off)?,
    ]
    .into())
}

/// Adds an element (the id in `base` is ignored) and answers with its id. An address that another
/// element has is refused by the unique key ([`StoreError::is_duplicate`]).
pub async fn insert_element<C: ConnectionTrait>(
    connection: &C,
    base: &ElementBase,
) -> Result<NeId, StoreError> {
    let sql = format!(
        "INSERT INTO network_elements ({COLUMNS}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id"
    );
    let inserted = query_one(connection, sql, row(base)?).await?;
    let id = inserted.map(|row| row.try_get_by_index(0)).transpose()?;
    id.map(NeId).ok_or_else(|| StoreError::Unreadable("an insert answered without an id".to_owned()))
}

/// Writes what is administered of a known element; false where there is none.
pub async fn update_element<C: ConnectionTrait>(
    connection: &C,
    base: &ElementBase,
) -> Result<bool, StoreError> {
    let sql = "UPDATE network_elements SET name = $1, address = $2, credential = $3, enforcement = $4, \
               allow_v2c = $5, quarantine_vlan = $6, voice_vlan = $7, class = $8, groups_json = $9, \
               schedules = $10, maintenance_from = $11, maintenance_until = $12, added = $13, \
               region = $14, device_sets = $15, scans_off = $16 WHERE id = $17";
    let mut values = row(base)?;
    values.push(base.element.id.0.into());
    Ok(execute(connection, sql, values).await? > 0)
}

/// Adds a group or changes it.
pub async fn put_group<C: ConnectionTrait>(connection: &C, group: &Group) -> Result<(), StoreError> {
    let sql = "INSERT INTO endpoint_groups (name, description, offline_after_s) VALUES ($1, $2, $3) \
               ON CONFLICT (name) DO UPDATE SET description = excluded.description, \
               offline_after_s = excluded.offline_after_s";
    let values = values![group.name.clone(), group.description.clone(), group.offline_after_s];
    execute(connection, sql, values).await.map(|_| ())
}

/// Removes a group; false where there is none. Its endpoints keep its name until they are edited.
pub async fn delete_group<C: ConnectionTrait>(connection: &C, name: &str) -> Result<bool, StoreError> {
    Ok(execute(connection, "DELETE FROM endpoint_groups WHERE name = $1", values![name]).await? > 0)
}

/// All groups, by name.
pub async fn groups<C: ConnectionTrait>(connection: &C) -> Result<Vec<Group>, StoreError> {
    let sql = "SELECT name, description, offline_after_s FROM endpoint_groups ORDER BY name";
    query_all(connection, sql, [])
        .await?
        .iter()
        .map(|row| {
            Ok(Group {
                name: row.try_get_by_index(0)?,
                description: row.try_get_by_index(1)?,
                offline_after_s: row.try_get_by_index(2)?,
            })
        })
        .collect()
}
