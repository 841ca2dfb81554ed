//! Tenants (IAM-21): customers with users and keys of their own, kept by the operator and by agencies.

use std::sync::Arc;

use netwarden_audit::{ObjectRef, Record, Value};
use netwarden_identity::accounts::create_user;
use netwarden_identity::factors::secret_name;
use netwarden_identity::tenants::{self, SecretOf, tenant_name, users_of};
use netwarden_identity::{
    Grants, NewTenant, NewUser, Object, ObjectKind, Operation, Role, TENANTS, Tenant, TenantKind, TenantOf,
    TenantPath, TenantScope,
};
use netwarden_model::Plane;
use netwarden_store::{Condition, ListQuery, Tx};
use netwarden_vault::KeyOwner;
use serde_json::json;
use zeroize::Zeroizing;

use crate::accounts::{contact_name, forget_user};
use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::EDITING;
use crate::error::OperateError;
use crate::lists::{Counted, Filters, ListWish, Reads, filled};
use crate::people::random;
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};
use crate::version::{Version, met};

/// Accounts that are deleted with their tenant at once, at most: it is one transaction.
const MOST_DELETED: u32 = 1_000;
const FILTERS: Filters =
    &[("name", Reads::Part), ("kind", Reads::Text), ("agency", Reads::Text), ("enabled", Reads::Truth)];

/// A tenant that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantWish {
    /// Its name: 1 to 64 lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// What it is: `agency`, `company` or `basic`.
    pub kind: String,
    /// The agency that keeps it; None for the operator, or where an agency asks, for itself.
    pub agency: Option<String>,
    /// Who that is, at most 1,000 characters.
    pub description: String,
}

/// What shall be different of a tenant; None leaves it alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TenantEdit {
    /// Who that is.
    pub description: Option<String>,
    /// False where none of its users may come in.
    pub enabled: Option<bool>,
    /// The version that the edit was made on.
    pub expected: Option<Version>,
}

/// The version of what can be edited of a tenant.
pub fn tenant_version(tenant: &Tenant) -> Version {
    Version::of(&(&tenant.path, &tenant.name, &tenant.description, tenant.enabled))
}

/// Under whose key the data of an account is sealed.
pub(crate) fn key_owner(tenant: Option<&TenantPath>) -> KeyOwner {
    tenant.map_or(KeyOwner::SYSTEM, |tenant| KeyOwner(tenant.id().0))
}

fn object(tenant: Option<TenantPath>) -> Object {
    Object::of(ObjectKind::Tenant).of_tenant(tenant)
}

/// Who of the operator's staff has changed it is not for tenants.
fn as_seen_by(caller: &Caller, tenant: Tenant) -> Tenant {
    match caller.tenant() {
        Some(_) => Tenant { changed_by: String::new(), ..tenant },
        None => tenant,
    }
}

impl Desk {
    /// Tenants that the caller may see.
    pub async fn list_tenants(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<Tenant>, OperateError> {
        self.permit_of(caller, Operation::TenantRead).await?;
        let all = ListQuery::unscoped(&TENANTS);
        let seen = match caller.tenants(Operation::TenantRead) {
            TenantScope::All => all,
            TenantScope::Within(outer) => {
                all.filter("path", Condition::Prefix(outer.to_string().as_str().into()))?
            }
            TenantScope::Only(only) => all.filter("id", Condition::Eq(only.id().0.into()))?,
            TenantScope::None => all.filter("id", Condition::Eq((-1).into()))?,
        };
        let query = filled(seen, FILTERS, &["name", "description"], self.paged(wish))?;
        let listed = self.identity.list_tenants(&query).await?;
        let items = listed.items.into_iter().map(|tenant| as_seen_by(caller, tenant)).collect();
        Ok(Counted { count: query.count(self.store.read()).await?, items, next: listed.next })
    }

    /// One tenant.
    pub async fn tenant(&self, caller: &Caller, name: &str) -> Result<Tenant, OperateError> {
        Ok(as_seen_by(caller, self.permit_tenant(caller, Operation::TenantRead, name).await?.0))
    }

    /// Makes a tenant, with a key of its own.
    pub async fn create_tenant(
        &self,
        caller: &Caller,
        wish: TenantWish,
        reason: &str,
    ) -> Result<Tenant, OperateError> {
        let agency = match (&wish.agency, caller.tenant()) {
            (Some(agency), _) => Some(self.tenant_or_denied(caller, Operation::TenantCreate, agency).await?),
            (None, Some(own)) => self.tenant_at(own).await?,
            (None, None) => None,
        };
        let above = agency.as_ref().map(|agency| agency.path.clone());
        let named = wish.name.trim().chars().take(64).collect();
        let permit =
            self.permit(caller, Operation::TenantCreate, &object(above.clone()), Some(named)).await?;
        require_reason(reason)?;
        let name = tenant_name(&wish.name)?;
        let given = || Said::NoTenantKind { given: wish.kind.chars().take(32).collect() };
        let kind = TenantKind::of_word(&wish.kind).ok_or_else(|| OperateError::Invalid(given()))?;
        let made = json!({ "kind": kind, "agency": agency.map(|agency| agency.name), "description": wish.description });
        let record = permit.warning(None, as_value(&made), reason);
        let tenant = NewTenant { name: name.clone(), kind, above, description: wish.description };
        let (by, at, vault) = (permit.user().to_owned(), permit.at, Arc::clone(&self.vault));
        let fresh = self.vault.fresh_key().await?;
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let path = tenants::create(tx, &tenant, &by, at).await?;
                    vault.put_key(tx, fresh, key_owner(Some(&path)), at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.tenant_named(&name).await
    }

    /// Describes a tenant otherwise, or lets its users in or not, from their next request on.
    pub async fn change_tenant(
        &self,
        caller: &Caller,
        name: &str,
        edit: TenantEdit,
        reason: &str,
    ) -> Result<Tenant, OperateError> {
        let (permitted, permit) = self.permit_tenant(caller, Operation::TenantModify, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let kept = self.tenant_still(&permitted).await?;
        met(edit.expected.as_ref(), &tenant_version(&kept), Said::called(Thing::Tenant, Said::quoted(name)))?;
        let description = edit.description.unwrap_or_else(|| kept.description.clone());
        let enabled = edit.enabled.unwrap_or(kept.enabled);
        if description.trim() == kept.description && enabled == kept.enabled {
            return Err(OperateError::Invalid(Said::NothingToChange));
        }
        let told = |description: &str, enabled: bool| -> Option<Value> {
            as_value(&json!({ "description": description, "enabled": enabled }))
        };
        let (old, new) = (told(&kept.description, kept.enabled), told(description.trim(), enabled));
        let record = permit.warning(old, new, reason);
        let (by, at) = (permit.user().to_owned(), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    tenants::change(tx, &kept, &description, enabled, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.tenant_named(name).await
    }

    /// Deletes a tenant that keeps no others, with its accounts, at most 1,000, and with its keys: what they have sealed
    /// stays shut in backups, too, unless these hold the keys.
    pub async fn delete_tenant(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let (permitted, permit) = self.permit_tenant(caller, Operation::TenantDelete, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let kept = self.tenant_still(&permitted).await?;
        met(expected.as_ref(), &tenant_version(&kept), Said::called(Thing::Tenant, Said::quoted(name)))?;
        let owner = key_owner(Some(&kept.path));
        let old = json!({ "kind": kept.kind, "agency": kept.agency, "users": kept.users });
        let record = permit.warning(as_value(&old), None, reason);
        // As if each had been deleted where it was.
        let why = format!("with the tenant '{}'", kept.name);
        let deleted = move |name: String, grants: &Grants| Record {
            plane: Plane::Tenant,
            operation: Operation::UserDelete.name().to_owned(),
            object: ObjectRef::new("user", name),
            ..permit.warning(as_value(grants), None, &why)
        };
        let vault = Arc::clone(&self.vault);
        let held = vault.hold_keys().await;
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let users = users_of(tx, &kept.path, MOST_DELETED + 1).await?;
                    if users.len() > MOST_DELETED as usize {
                        return Err(OperateError::Conflict(Said::TenantTooLarge {
                            most: MOST_DELETED.into(),
                        }));
                    }
                    let mut records = vec![record];
                    for (user, name, grants) in users {
                        forget_user(tx, &vault, user).await?;
                        records.push(deleted(name, &grants));
                    }
                    tenants::delete(tx, &kept).await?;
                    vault.delete_keys(tx, held, owner).await?;
                    netwarden_audit::record_many(tx, &records).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Gives a tenant an administrator: an account that keeps the tenant's users, and with an agency the tenants below
    /// it. Its one-time password is to be changed at the first login.
    pub async fn add_tenant_administrator(
        &self,
        caller: &Caller,
        tenant: &str,
        user: &str,
        reason: &str,
    ) -> Result<Zeroizing<String>, OperateError> {
        let (tenant, permit) = self.permit_tenant(caller, Operation::TenantAddAdministrator, tenant).await?;
        require_reason(reason)?;
        let role = match tenant.kind {
            TenantKind::Agency => Role::Agency,
            TenantKind::Company | TenantKind::Basic => Role::CompanyTenant,
        };
        let (shown, password) = self.identity.one_time_password(&random()).await?;
        let named = user.trim().to_lowercase();
        let new = json!({ "user": named, "roles": [&role] });
        let record = permit.warning(None, as_value(&new), reason);
        // The account is of another plane than whoever keeps tenants in the network's.
        let made = Record {
            plane: Plane::Tenant,
            operation: Operation::UserCreate.name().to_owned(),
            object: ObjectRef::new("user", named),
            ..permit.warning(None, as_value(&json!({ "roles": [&role], "tenant": tenant.name })), reason)
        };
        let (name, grants, at) = (user.to_owned(), [role.into()].into(), permit.at);
        let tenant = Some(tenant.path);
        let user =
            NewUser { plane: Plane::Tenant, name, tenant, grants, password, must_change_password: true };
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    create_user(tx, &user, at).await?;
                    netwarden_audit::record_many(tx, &[record, made]).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        Ok(shown)
    }

    /// Gives a key to the tenants that have none: to those of a release that knew no tenants.
    pub async fn keep_tenant_keys(&self) -> Result<(), OperateError> {
        for tenant in self.identity.tenants_by_path().await? {
            let (owner, at) = (key_owner(Some(&tenant)), self.clock.now());
            if self.vault.has_key(owner) {
                continue;
            }
            let (fresh, vault, of) = (self.vault.fresh_key().await?, Arc::clone(&self.vault), tenant.clone());
            self.store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        // It may have been deleted meanwhile.
                        if tenants::is_there(tx, &of).await? {
                            vault.put_key(tx, fresh, owner, at).await?;
                        }
                        Ok::<(), OperateError>(())
                    })
                })
                .await?;
        }
        Ok(())
    }

    /// Seals what is kept of tenants' users under keys of their own, where an earlier release has sealed it otherwise.
    /// What cannot be opened stays as it is.
    pub async fn seal_for_tenants(&self) -> Result<(), OperateError> {
        for tenant in self.identity.tenants_by_path().await? {
            self.seal_for(&tenant).await?;
        }
        Ok(())
    }

    async fn seal_for(&self, tenant: &TenantPath) -> Result<(), OperateError> {
        let (owner, at) = (key_owner(Some(tenant)), self.clock.now());
        for name in self.identity.secrets_of(tenant).await? {
            let name = match name {
                SecretOf::Contact(user) => contact_name(user),
                SecretOf::Factor(factor) => secret_name(factor),
            };
            let secret = match self.vault.named_secret_of_another(owner, &name).await {
                Ok(Some(secret)) => secret,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, name, "what is sealed of a tenant's user cannot be opened");
                    continue;
                }
            };
            let vault = Arc::clone(&self.vault);
            self.store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        Ok::<(), OperateError>(vault.put_secret(tx, owner, &name, &secret, at).await?)
                    })
                })
                .await?;
        }
        Ok(())
    }

    /// The tenant to which a new account of the caller's plane is to belong.
    pub(crate) async fn tenant_of_new(
        &self,
        caller: &Caller,
        named: Option<&str>,
        like: Option<&TenantOf>,
    ) -> Result<Option<(TenantPath, String)>, OperateError> {
        match named.map(str::trim).filter(|name| !name.is_empty()) {
            Some(_) if caller.plane() != Plane::Tenant => Err(OperateError::Invalid(Said::NoTenantHere)),
            Some(name) => {
                let tenant = self.tenant_named(name).await;
                if tenant.is_err() {
                    let everywhere = Object::everywhere(ObjectKind::User);
                    self.permit(caller, Operation::UserCreate, &everywhere, None).await?;
                }
                let tenant = tenant?;
                Ok(Some((tenant.path, tenant.name)))
            }
            None => match (like, caller.tenant()) {
                (Some(like), _) => Ok(Some((like.path.clone(), like.name.clone()))),
                (None, Some(own)) => Ok(self.tenant_at(own).await?.map(|own| (own.path, own.name))),
                (None, None) => Ok(None),
            },
        }
    }

    async fn permit_tenant(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<(Tenant, Permit), OperateError> {
        let tenant = self.tenant_or_denied(caller, operation, name).await?;
        let of = object(Some(tenant.path.clone()));
        let permit = self.permit(caller, operation, &of, Some(tenant.name.clone())).await?;
        Ok((tenant, permit))
    }

    /// The tenant, for those who may do `operation` at all: others do not learn which there are.
    async fn tenant_or_denied(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<Tenant, OperateError> {
        let found = self.tenant_named(name).await;
        if found.is_err() {
            let named = name.chars().take(64).collect();
            let everywhere = Object::everywhere(ObjectKind::Tenant);
            self.permit(caller, operation, &everywhere, Some(named)).await?;
        }
        found
    }

    /// The tenant in this place.
    async fn tenant_at(&self, path: &TenantPath) -> Result<Option<Tenant>, OperateError> {
        let query = ListQuery::unscoped(&TENANTS).filter("id", Condition::Eq(path.id().0.into()))?;
        Ok(self.identity.list_tenants(&query).await?.items.pop())
    }

    /// The tenant that something was permitted for, as it is now: another may have got its name meanwhile.
    async fn tenant_still(&self, permitted: &Tenant) -> Result<Tenant, OperateError> {
        let kept = self.tenant_at(&permitted.path).await?;
        kept.ok_or_else(|| OperateError::not_found(Thing::Tenant, Said::quoted(&permitted.name)))
    }

    async fn tenant_named(&self, name: &str) -> Result<Tenant, OperateError> {
        let wanted = name.trim().to_lowercase();
        let query = ListQuery::unscoped(&TENANTS).filter("name", Condition::Eq(wanted.as_str().into()))?;
        let mut listed = self.identity.list_tenants(&query).await?;
        listed.items.pop().ok_or_else(|| OperateError::not_found(Thing::Tenant, Said::quoted(name)))
    }
}
