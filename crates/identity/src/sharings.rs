//! Findings of shared accounts: looked for in what is stored of sessions, logins and proofs, and kept.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::{Plane, UserId};
use netwarden_store::{
    Column, ColumnKind, ListQuery, ListTable, Listed, Tx, execute, from_micros, query_all, query_one, values,
};
use sea_orm::QueryResult;
use serde::Serialize;

use crate::error::IdentityError;
use crate::role::Roles;
use crate::service::Identity;
use crate::sharing::{Sharing, Use, Uses, found};
use crate::sql;

/// The same finding is no news for so long.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Logins that are looked at.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(24);
/// Findings of one account that are kept.
const MOST_KEPT: i64 = 100;

/// An account that seems to be shared, and by what that is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The account.
    pub user: UserId,
    /// Its user space.
    pub plane: Plane,
    /// Its name.
    pub name: String,
    /// What was found.
    pub sharing: Sharing,
    /// The address of its latest use.
    pub address: Option<IpAddr>,
}

/// A finding as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedSharing {
    /// Its row.
    pub id: i64,
    /// Whose account.
    pub user: String,
    /// When it was found.
    pub at: Timestamp,
    /// `at_once`, `travel` or `factors`.
    pub kind: String,
    /// The evidence, in one sentence.
    pub told: String,
}

/// The list of findings; columns `id`, `plane`, `user_id`, `user`, `at`, `kind`, `told`.
pub static SHARINGS: ListTable = ListTable {
    from: "identity_sharing s JOIN identity_user u ON u.id = s.user_id \
           LEFT JOIN identity_tenant te ON te.id = u.tenant",
    id: Column::new("id", "s.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "s.id", ColumnKind::Integer).sorts(),
        Column::new("plane", "u.plane", ColumnKind::Text),
        Column::new("tenant_id", "u.tenant", ColumnKind::Integer).nullable(),
        Column::new("tenant_path", "te.path", ColumnKind::Text).nullable(),
        Column::new("user_id", "s.user_id", ColumnKind::Integer),
        Column::new("user", "u.name", ColumnKind::Text).sorts(),
        Column::new("at", "s.at", ColumnKind::Integer).sorts(),
        Column::new("kind", "s.kind", ColumnKind::Text).sorts(),
        Column::new("told", "s.told", ColumnKind::Text),
    ],
    scope: None,
};

/// Whose uses are looked at.
#[derive(Debug, Default)]
struct Seen {
    plane: Plane,
    name: String,
    uses: Uses,
}

impl Identity {
    /// Accounts that seem to be shared at `now`, whether that is news or not.
    pub async fn shared_accounts(&self, now: Timestamp) -> Result<Vec<Suspect>, IdentityError> {
        let policy = self.policy().accounts.sharing;
        let since =
            |span: SignedDuration| now.saturating_sub(span).unwrap_or(Timestamp::MIN).as_microsecond();
        let roles = self.roles(Plane::Om).await?;
        let mut seen: BTreeMap<UserId, Seen> = BTreeMap::new();
        let reader = self.store.read();
        if let Some(within) = policy.within {
            let sessions = "SELECT u.id, u.plane, u.name, s.last_used, s.address, s.device FROM identity_session s \
                            JOIN identity_user u ON u.id = s.user_id WHERE s.last_used > $1 \
                            ORDER BY s.last_used DESC";
            for row in query_all(reader, sessions, values![since(within)]).await? {
                let one = used(&row, &roles)?;
                of(&mut seen, &row)?.uses.sessions.push(one);
            }
            let proofs = "SELECT u.id, u.plane, u.name, p.at, p.factor FROM identity_proof p \
                          JOIN identity_user u ON u.id = p.user_id WHERE p.at > $1 ORDER BY p.at";
            let span = within.checked_mul(2).unwrap_or(within);
            for row in query_all(reader, proofs, values![since(span)]).await? {
                let proof = (from_micros(row.try_get_by_index(3)?)?, row.try_get_by_index(4)?);
                of(&mut seen, &row)?.uses.proofs.push(proof);
            }
        }
        if policy.fastest_kmh > 0 {
            let logins = "SELECT u.id, u.plane, u.name, l.at, l.address, l.device FROM identity_login l \
                          JOIN identity_user u ON u.id = l.user_id WHERE l.at > $1 AND l.refused = '' \
                          ORDER BY l.at";
            for row in query_all(reader, logins, values![since(LOOKED_BACK)]).await? {
                let one = used(&row, &roles)?;
                of(&mut seen, &row)?.uses.logins.push(one);
            }
        }
        let suspects = seen.into_iter().flat_map(|(user, Seen { plane, name, uses })| {
            let latest = uses.sessions.first().or(uses.logins.last());
            let address = latest.and_then(|latest| latest.address.parse().ok());
            let found = found(&uses, &policy, now).into_iter();
            found.map(move |sharing| Suspect { user, plane, name: name.clone(), sharing, address })
        });
        Ok(suspects.collect())
    }

    /// The findings that `query` over [`SHARINGS`] asks for.
    pub async fn list_sharings(&self, query: &ListQuery) -> Result<Listed<ListedSharing>, IdentityError> {
        let select = "s.id AS id, u.name AS name, s.at AS at, s.kind AS kind, s.told AS told";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            Ok(ListedSharing {
                id: row.try_get("", "id")?,
                user: row.try_get("", "name")?,
                at: from_micros(row.try_get("", "at")?)?,
                kind: row.try_get("", "kind")?,
                told: row.try_get("", "told")?,
            })
        })
    }
}

fn of<'s>(seen: &'s mut BTreeMap<UserId, Seen>, row: &QueryResult) -> Result<&'s mut Seen, IdentityError> {
    let plane: String = row.try_get_by_index(1)?;
    let (user, plane) = (UserId(row.try_get_by_index(0)?), sql::read_plane(&plane)?);
    let name = row.try_get_by_index(2)?;
    Ok(seen.entry(user).or_insert_with(|| Seen { plane, name, uses: Uses::default() }))
}

fn used(row: &QueryResult, roles: &Arc<Roles>) -> Result<Use, IdentityError> {
    let address: String = row.try_get_by_index(4)?;
    let place = address.parse().ok().and_then(|address| roles.whereabouts(address));
    Ok(Use { at: from_micros(row.try_get_by_index(3)?)?, address, device: row.try_get_by_index(5)?, place })
}

/// Keeps a finding in the caller's transaction; false where it is no news.
pub async fn note(tx: &Tx, suspect: &Suspect, now: Timestamp) -> Result<bool, IdentityError> {
    let Suspect { user, sharing, .. } = suspect;
    let (kind, since) = (sharing.kind.as_str(), now.saturating_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN));
    let known =
        "SELECT id FROM identity_sharing WHERE user_id = $1 AND kind = $2 AND about = $3 AND at > $4 LIMIT 1";
    let about = values![user.0, kind, sharing.key.as_str(), since.as_microsecond()];
    if query_one(tx, known, about).await?.is_some() {
        return Ok(false);
    }
    let insert = "INSERT INTO identity_sharing (user_id, at, kind, about, told) VALUES ($1, $2, $3, $4, $5)";
    let row = values![user.0, now.as_microsecond(), kind, sharing.key.as_str(), sharing.told.as_str()];
    execute(tx, insert, row).await?;
    let forget = "DELETE FROM identity_sharing WHERE user_id = $1 AND id NOT IN \
                  (SELECT id FROM identity_sharing WHERE user_id = $1 ORDER BY id DESC LIMIT $2)";
    execute(tx, forget, values![user.0, MOST_KEPT]).await?;
    Ok(true)
}
