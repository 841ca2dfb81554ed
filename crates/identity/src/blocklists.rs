//! The blocklist as it is kept.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use netwarden_model::{Mac, Plane, TenantId};
use netwarden_store::{
    Column, ColumnKind, ConnectionTrait, ListQuery, ListTable, Listed, StoreError, Tx, execute, from_micros,
    query_all, query_one, values,
};
use serde::Serialize;

use crate::accounts::{ADMIN, user_name};
use crate::admission::Addresses;
use crate::blocklist::{Blocklist, Comer, Entry, ListedKind, MOST_ENTRIES, NoResource, Resource, Who};
use crate::error::IdentityError;
use crate::service::Identity;
use crate::sql;

/// Characters of a reason, at most.
const MOST_CHARACTERS: usize = 1_000;

/// The blocklist, at a version of the rights.
pub(crate) type BlocklistAt = (i64, Arc<Blocklist>);

/// An entry as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedEntry {
    /// Its row.
    pub id: i64,
    /// What it is about: `user`, `address`, `tenant`, `source`, `device`.
    pub kind: String,
    /// Who is listed: a name (`tenant/` before it for a user of a tenant), a tenant, or an address, range or network.
    pub who: String,
    /// What they are denied.
    pub denies: BTreeSet<String>,
    /// It holds until then; None for until somebody takes it away.
    pub ends: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub made: Timestamp,
    /// By whom.
    pub made_by: String,
}

/// The list of entries; columns `id`, `kind`, `who`, `denies`, `reason`, `ends`, `made`, `made_by`.
pub static BLOCKLIST: ListTable = ListTable {
    from: "identity_blocklist b LEFT JOIN identity_tenant t ON t.id = b.tenant",
    id: Column::new("id", "b.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "b.id", ColumnKind::Integer).sorts(),
        Column::new("kind", "b.kind", ColumnKind::Text).sorts(),
        Column::new("who", "COALESCE(t.name, b.who)", ColumnKind::Text).sorts(),
        Column::new("denies", "b.denies", ColumnKind::Text),
        Column::new("reason", "b.reason", ColumnKind::Text),
        Column::new("ends", "b.ends", ColumnKind::Integer).nullable().sorts(),
        Column::new("made", "b.made_at", ColumnKind::Integer).sorts(),
        Column::new("made_by", "b.made_by", ColumnKind::Text).sorts(),
    ],
    scope: None,
};

/// An entry that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// What it is about.
    pub kind: ListedKind,
    /// Who, as people write it.
    pub who: String,
    /// What they are denied; of a source it is that it is heard.
    pub denies: BTreeSet<Resource>,
    /// It holds until then.
    pub ends: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// Before the name of a user of a tenant.
const OF_TENANT: &str = "tenant/";

/// Who is meant by what people write.
async fn meant<C: ConnectionTrait>(
    connection: &C,
    kind: ListedKind,
    text: &str,
    now: Timestamp,
) -> Result<(Who, String), IdentityError> {
    let text = text.trim();
    let shown = || text.chars().take(64).collect::<String>();
    Ok(match kind {
        ListedKind::User => {
            let lower = text.to_lowercase();
            let (plane, name) = match lower.strip_prefix(OF_TENANT) {
                Some(name) => (Plane::Tenant, name),
                None => (Plane::Om, lower.as_str()),
            };
            let name = user_name(name)?;
            if name == ADMIN {
                return Err(IdentityError::AdminListed);
            }
            let who = format!("{}{name}", if plane == Plane::Tenant { OF_TENANT } else { "" });
            (Who::User(plane, name), who)
        }
        ListedKind::Address | ListedKind::Source => {
            let one = Some(text).filter(|text| !text.contains(['\n', '#']) && !text.starts_with("at "));
            let addresses = one.and_then(|text| Addresses::parse(text).ok());
            let addresses = addresses.ok_or_else(|| IdentityError::NoAddress(shown()))?;
            // As it was written: a network is not shown as a range.
            match kind {
                ListedKind::Source => (Who::Source(addresses), text.to_owned()),
                _ => (Who::Address(addresses), text.to_owned()),
            }
        }
        ListedKind::Device => {
            let mac = text.parse().ok().filter(|mac: &Mac| mac.is_endpoint());
            let mac: Mac = mac.ok_or_else(|| IdentityError::NoDevice(shown()))?;
            let sql = "SELECT id FROM identity_blocklist WHERE kind = $1 AND who = $2 AND (ends IS NULL OR ends > $3)";
            let held = values![kind.as_str(), mac.to_string(), now.as_microsecond()];
            if let Some(row) = query_one(connection, sql, held).await? {
                return Err(IdentityError::DeviceListed(row.try_get_by_index(0)?));
            }
            (Who::Device(mac), mac.to_string())
        }
        ListedKind::Tenant => {
            let sql = "SELECT path, name FROM identity_tenant WHERE name = $1";
            let row = query_one(connection, sql, values![text.to_lowercase()]).await?;
            let row = row.ok_or_else(|| IdentityError::NoSuchTenant(shown()))?;
            let path: String = row.try_get_by_index(0)?;
            (Who::Tenant(sql::read_tenant(&path)?), row.try_get_by_index(1)?)
        }
    })
}

/// Makes an entry; its row, with who is meant by it.
pub async fn create(
    tx: &Tx,
    entry: &NewEntry,
    by: &str,
    now: Timestamp,
) -> Result<(i64, Entry), IdentityError> {
    let (who, text) = meant(tx, entry.kind, &entry.who, now).await?;
    let denies = match entry.kind {
        ListedKind::Source => [Resource::Notifications].into(),
        ListedKind::Device => [Resource::Network].into(),
        _ => entry.denies.clone(),
    };
    let is_of_things = |resource: &Resource| matches!(resource, Resource::Notifications | Resource::Network);
    let is_of_people = !matches!(entry.kind, ListedKind::Source | ListedKind::Device);
    if let Some(thing) = denies.iter().find(|resource| is_of_people && is_of_things(resource)) {
        return Err(NoResource(thing.to_string()).into());
    }
    if denies.is_empty() {
        return Err(IdentityError::DeniesNothing);
    }
    if entry.ends.is_some_and(|ends| ends <= now) {
        return Err(IdentityError::EndsBefore);
    }
    if entry.reason.chars().count() > MOST_CHARACTERS {
        return Err(IdentityError::AttributeText { attribute: "reason", most: MOST_CHARACTERS });
    }
    // What has ended makes room.
    let over = "DELETE FROM identity_blocklist WHERE ends <= $1 AND was IS NULL AND \
                (SELECT COUNT(*) FROM identity_blocklist) >= $2";
    let most = i64::try_from(MOST_ENTRIES).unwrap_or(i64::MAX);
    execute(tx, over, values![now.as_microsecond(), most]).await?;
    let row = query_one(tx, "SELECT COUNT(*) FROM identity_blocklist", []).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if count >= most {
        return Err(IdentityError::MostEntries(MOST_ENTRIES));
    }
    let tenant = match &who {
        Who::Tenant(tenant) => Some(tenant.id().0),
        _ => None,
    };
    let sql = "INSERT INTO identity_blocklist (kind, who, tenant, denies, ends, reason, made_at, made_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let ends = entry.ends.map(Timestamp::as_microsecond);
    let words = denies.iter().map(Resource::to_string).collect();
    let values = values![
        entry.kind.as_str(),
        text,
        tenant,
        sql::write_names(&words),
        ends,
        entry.reason.as_str(),
        now.as_microsecond(),
        by
    ];
    let row = query_one(tx, sql, values).await?.ok_or(IdentityError::Background)?;
    sql::bump_policy(tx).await?;
    let id = row.try_get_by_index(0)?;
    Ok((id, Entry { id, who, denies, ends: entry.ends }))
}

/// Takes an entry away.
pub async fn delete(tx: &Tx, id: i64) -> Result<(), IdentityError> {
    match execute(tx, "DELETE FROM identity_blocklist WHERE id = $1", values![id]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchEntry(id)),
    }
}

/// A device that is kept out of the network, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDevice {
    /// The entry's row.
    pub id: i64,
    /// Which device.
    pub device: Mac,
    /// Since when.
    pub made: Timestamp,
    /// Until when; None for until somebody takes it away.
    pub ends: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// What was said of the device before it was kept out, as was noted; None while it is not.
    pub was: Option<String>,
}

/// Notes what was said of a device before it is kept out; None once that holds again. False where there is no such
/// entry any more.
pub async fn note_device(tx: &Tx, id: i64, was: Option<&str>) -> Result<bool, IdentityError> {
    let sql = "UPDATE identity_blocklist SET was = $2 WHERE id = $1";
    Ok(execute(tx, sql, values![id, was]).await? == 1)
}

/// All entries, ended ones too. Words of another release deny nothing of this one.
pub(crate) async fn read<C: ConnectionTrait>(connection: &C) -> Result<Blocklist, IdentityError> {
    let sql = "SELECT b.id, b.kind, b.who, t.path, b.denies, b.ends FROM identity_blocklist b \
               LEFT JOIN identity_tenant t ON t.id = b.tenant ORDER BY b.id";
    let unreadable = || StoreError::Unreadable("an entry of the blocklist".into());
    let mut entries = Vec::new();
    for row in query_all(connection, sql, []).await? {
        let (kind, who, path): (String, String, Option<String>) =
            (row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let (denies, ends): (String, Option<i64>) = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
        let addresses = |who: &str| Addresses::parse(who).map_err(|_| unreadable());
        let who = match ListedKind::of_word(&kind).ok_or_else(unreadable)? {
            ListedKind::User => match who.strip_prefix(OF_TENANT) {
                Some(name) => Who::User(Plane::Tenant, name.to_owned()),
                None => Who::User(Plane::Om, who),
            },
            ListedKind::Address => Who::Address(addresses(&who)?),
            ListedKind::Source => Who::Source(addresses(&who)?),
            ListedKind::Device => Who::Device(who.parse().map_err(|_| unreadable())?),
            // Its tenant was deleted, and its users with it.
            ListedKind::Tenant => match path {
                Some(path) => Who::Tenant(sql::read_tenant(&path)?),
                None => continue,
            },
        };
        let denies = denies.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
        let ends = ends.map(from_micros).transpose()?;
        entries.push(Entry { id: row.try_get_by_index(0)?, who, denies, ends });
    }
    Ok(Blocklist::of(entries))
}

/// Entries about an account go with it: its name may be somebody else's next.
pub(crate) async fn forget_user(tx: &Tx, plane: Plane, name: &str) -> Result<(), IdentityError> {
    let who = match plane {
        Plane::Om => name.to_owned(),
        Plane::Tenant => format!("{OF_TENANT}{name}"),
        Plane::Management => return Ok(()),
    };
    let sql = "DELETE FROM identity_blocklist WHERE kind = $1 AND who = $2";
    execute(tx, sql, values![ListedKind::User.as_str(), who]).await?;
    Ok(())
}

/// Entries about a tenant go with it.
pub(crate) async fn forget_tenant(tx: &Tx, tenant: TenantId) -> Result<(), IdentityError> {
    execute(tx, "DELETE FROM identity_blocklist WHERE tenant = $1", values![tenant.0]).await?;
    Ok(())
}

impl Identity {
    /// The blocklist as of a version of the rights: read anew when that has risen.
    pub(crate) async fn blocklist_at(&self, version: i64) -> Result<Arc<Blocklist>, IdentityError> {
        let known = self.blocklist.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, blocklist)) = known
            && at == version
        {
            return Ok(blocklist);
        }
        let blocklist = Arc::new(read(self.store.read()).await?);
        let mut kept = self.blocklist.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever was slower must not bring back an earlier one.
        if kept.as_ref().is_none_or(|(at, _)| *at <= version) {
            *kept = Some((version, Arc::clone(&blocklist)));
        }
        Ok(blocklist)
    }

    /// The blocklist of this moment.
    pub async fn blocklist(&self) -> Result<Arc<Blocklist>, IdentityError> {
        self.blocklist_at(self.policy_version().await?).await
    }

    /// The entry by which nobody comes in from there in a plane, as of when the blocklist was last read: that is at each
    /// change of it and at each request of somebody who is identified.
    pub fn shut_out(&self, plane: Plane, address: IpAddr, now: Timestamp) -> Option<i64> {
        let comer = Comer { plane, name: None, tenant: None, address: Some(address) };
        let known = self.blocklist.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().and_then(|(_, blocklist)| blocklist.denied(comer, now).everything())
    }

    /// True where notifications from there are not to be heard, as of when the blocklist was last read.
    pub fn is_deaf_to(&self, source: IpAddr, now: Timestamp) -> bool {
        let known = self.blocklist.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().is_some_and(|(_, blocklist)| blocklist.is_deaf_to(source, now))
    }

    /// The devices on it, and those whose entry has ended.
    pub async fn listed_devices(&self) -> Result<Vec<ListedDevice>, IdentityError> {
        let sql =
            "SELECT id, who, ends, reason, was, made_at FROM identity_blocklist WHERE kind = $1 ORDER BY id";
        let kind = values![ListedKind::Device.as_str()];
        let unreadable = || StoreError::Unreadable("a device on the blocklist".into());
        query_all(self.store.read(), sql, kind)
            .await?
            .iter()
            .map(|row| {
                let (who, ends): (String, Option<i64>) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
                Ok(ListedDevice {
                    id: row.try_get_by_index(0)?,
                    device: who.parse().map_err(|_| unreadable())?,
                    ends: ends.map(from_micros).transpose()?,
                    reason: row.try_get_by_index(3)?,
                    was: row.try_get_by_index(4)?,
                    made: from_micros(row.try_get_by_index(5)?)?,
                })
            })
            .collect()
    }

    /// The entries that `query` over [`BLOCKLIST`] asks for.
    pub async fn list_blocklist(&self, query: &ListQuery) -> Result<Listed<ListedEntry>, IdentityError> {
        let select = "b.id AS id, b.kind AS kind, COALESCE(t.name, b.who) AS who, b.denies AS denies, \
                      b.ends AS ends, b.reason AS reason, b.made_at AS made_at, b.made_by AS made_by";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let (denies, ends): (String, Option<i64>) =
                (row.try_get("", "denies")?, row.try_get("", "ends")?);
            Ok(ListedEntry {
                id: row.try_get("", "id")?,
                kind: row.try_get("", "kind")?,
                who: row.try_get("", "who")?,
                denies: sql::read_names(&denies),
                ends: ends.map(from_micros).transpose()?,
                reason: row.try_get("", "reason")?,
                made: from_micros(row.try_get("", "made_at")?)?,
                made_by: row.try_get("", "made_by")?,
            })
        })
    }
}
