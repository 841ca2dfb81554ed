//! Domains as they are kept (IAM-05): made, changed and deleted by those who may, and read anew when the rights
//! have changed.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use netwarden_store::{Column, ColumnKind, ListQuery, ListTable, Listed, Tx, execute, query_all, values};
use serde::Serialize;

use crate::domain::Domain;
use crate::error::IdentityError;
use crate::grant::read_grants;
use crate::roles::plain_name;
use crate::service::Identity;
use crate::sql;

/// Characters of a description, at most.
const MOST_CHARACTERS: usize = 1_000;

/// The domains, at a version of the rights.
pub(crate) type DomainsAt = (i64, Arc<BTreeMap<String, Domain>>);

/// A domain as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedDomain {
    /// Its row.
    pub id: i64,
    /// Its name: 1 to 64 lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for, at most 1,000 characters.
    pub description: String,
    /// What belongs to it.
    pub domain: Domain,
    /// When it was changed last.
    pub changed: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// The list of domains; columns `id`, `name`, `description`, `definition`, `changed`.
pub static DOMAINS: ListTable = ListTable {
    from: "identity_domain",
    id: Column::new("id", "id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "id", ColumnKind::Integer).sorts(),
        Column::new("name", "name", ColumnKind::Text).sorts(),
        Column::new("description", "description", ColumnKind::Text),
        Column::new("definition", "definition", ColumnKind::Text),
        Column::new("changed", "changed_at", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

fn checked(description: &str, domain: &Domain) -> Result<(String, String), IdentityError> {
    domain.check()?;
    let description = description.trim();
    if description.chars().count() > MOST_CHARACTERS {
        return Err(IdentityError::AttributeText { attribute: "description", most: MOST_CHARACTERS });
    }
    let definition = serde_json::to_string(domain).map_err(|_| IdentityError::Background)?;
    Ok((description.to_owned(), definition))
}

/// Makes a domain.
pub async fn create(
    tx: &Tx,
    name: &str,
    description: &str,
    domain: &Domain,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let name = plain_name(name).map_err(IdentityError::BadDomainName)?;
    let (description, definition) = checked(description, domain)?;
    let sql = "INSERT INTO identity_domain (name, description, definition, changed_at, changed_by) \
               VALUES ($1, $2, $3, $4, $5)";
    match execute(tx, sql, values![name.as_str(), description, definition, now.as_microsecond(), by]).await {
        Ok(_) => sql::bump_policy(tx).await,
        Err(error) if error.is_duplicate() => Err(IdentityError::DomainNameTaken(name)),
        Err(error) => Err(error.into()),
    }
}

/// Says otherwise what belongs to a domain; it counts from the next action of whoever is confined to it.
pub async fn change(
    tx: &Tx,
    kept: &ListedDomain,
    description: &str,
    domain: &Domain,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let (description, definition) = checked(description, domain)?;
    let sql = "UPDATE identity_domain SET description = $2, definition = $3, changed_at = $4, changed_by = $5 \
               WHERE id = $1";
    match execute(tx, sql, values![kept.id, description, definition, now.as_microsecond(), by]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchDomain(kept.name.clone())),
    }
}

/// Deletes a domain to which no account, and no token that is still good, is confined.
pub async fn delete(tx: &Tx, kept: &ListedDomain, now: Timestamp) -> Result<(), IdentityError> {
    let rows = query_all(tx, "SELECT roles FROM identity_user", []).await?;
    let mut users = 0u64;
    for row in rows {
        let grants: String = row.try_get_by_index(0)?;
        let mut grants = read_grants(&grants).into_iter();
        let is_in = grants.any(|grant| grant.domain.as_deref() == Some(kept.name.as_str()));
        users = users.saturating_add(is_in.into());
    }
    let good = "SELECT domains FROM identity_token WHERE domains <> '' AND revoked IS NULL AND ends > $1";
    for row in query_all(tx, good, values![now.as_microsecond()]).await? {
        let domains: String = row.try_get_by_index(0)?;
        users = users.saturating_add(sql::read_names(&domains).contains(&kept.name).into());
    }
    if users > 0 {
        return Err(IdentityError::DomainInUse(users));
    }
    match execute(tx, "DELETE FROM identity_domain WHERE id = $1", values![kept.id]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchDomain(kept.name.clone())),
    }
}

impl Identity {
    /// The domains as of a version of the rights: read anew when that has risen.
    pub async fn domains_at(&self, version: i64) -> Result<Arc<BTreeMap<String, Domain>>, IdentityError> {
        let known = self.domains.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, domains)) = known
            && at == version
        {
            return Ok(domains);
        }
        let domains = Arc::new(sql::domains(self.store.read()).await?);
        *self.domains.write().unwrap_or_else(PoisonError::into_inner) = Some((version, Arc::clone(&domains)));
        Ok(domains)
    }

    /// The domains that `query` over [`DOMAINS`] asks for.
    pub async fn list_domains(&self, query: &ListQuery) -> Result<Listed<ListedDomain>, IdentityError> {
        let select = "id, name, description, definition, changed_at, changed_by";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let definition: String = row.try_get("", "definition")?;
            Ok(ListedDomain {
                id: row.try_get("", "id")?,
                name: row.try_get("", "name")?,
                description: row.try_get("", "description")?,
                domain: sql::read_domain(&definition)?,
                changed: netwarden_store::from_micros(row.try_get("", "changed_at")?)?,
                changed_by: row.try_get("", "changed_by")?,
            })
        })
    }
}
