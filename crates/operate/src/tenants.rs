//! Tenants (IAM-21): customers with users and keys of their own, kept by the operator and by agencies.

use std::sync::Arc;

use netwarden_audit::Value;
use netwarden_identity::accounts::create_user;
use netwarden_identity::tenants::{self, tenant_name, users_of};
use netwarden_identity::{
    NewTenant, NewUser, Object, ObjectKind, Operation, Role, TENANTS, Tenant, TenantKind, TenantPath,
    TenantScope,
};
use netwarden_model::Plane;
use netwarden_store::{Condition, ListQuery, Tx};
use netwarden_vault::KeyOwner;
use serde_json::json;
use zeroize::Zeroizing;

use crate::accounts::forget_user;
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
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// One tenant.
    pub async fn tenant(&self, caller: &Caller, name: &str) -> Result<Tenant, OperateError> {
        Ok(self.permit_tenant(caller, Operation::TenantRead, name).await?.0)
    }

    /// Makes a tenant, with a key of its own.
    pub async fn create_tenant(
        &self,
        caller: &Caller,
        wish: TenantWish,
        reason: &str,
    ) -> Result<Tenant, OperateError> {
        let above = match &wish.agency {
            Some(agency) => Some(self.tenant_or_denied(caller, Operation::TenantCreate, agency).await?.path),
            None => caller.tenant().cloned(),
        };
        let named = wish.name.trim().chars().take(64).collect();
        let permit =
            self.permit(caller, Operation::TenantCreate, &object(above.clone()), Some(named)).await?;
        require_reason(reason)?;
        let name = tenant_name(&wish.name)?;
        let given = || Said::NoTenantKind { given: wish.kind.chars().take(32).collect() };
        let kind = TenantKind::of_word(&wish.kind).ok_or_else(|| OperateError::Invalid(given()))?;
        let made = json!({ "kind": kind, "agency": wish.agency, "description": wish.description });
        let record = permit.warning(None, as_value(&made), reason);
        let tenant = NewTenant { name: name.clone(), kind, above, description: wish.description };
        let (by, at, vault) = (permit.user().to_owned(), permit.at, Arc::clone(&self.vault));
        let fresh = self.vault.fresh_key().await?;
        let added = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let path = tenants::create(tx, &tenant, &by, at).await?;
                    let added = vault.put_key(tx, fresh, key_owner(Some(&path)), at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>(added)
                })
            })
            .await?;
        self.vault.take_key(added);
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
        let (_, permit) = self.permit_tenant(caller, Operation::TenantModify, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let kept = self.tenant_named(name).await?;
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
        let (_, permit) = self.permit_tenant(caller, Operation::TenantDelete, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let kept = self.tenant_named(name).await?;
        met(expected.as_ref(), &tenant_version(&kept), Said::called(Thing::Tenant, Said::quoted(name)))?;
        let owner = key_owner(Some(&kept.path));
        let old = json!({ "kind": kept.kind, "agency": kept.agency, "users": kept.users });
        let record = permit.warning(as_value(&old), None, reason);
        let vault = Arc::clone(&self.vault);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let users = users_of(tx, &kept.path, MOST_DELETED + 1).await?;
                    if users.len() > MOST_DELETED as usize {
                        return Err(OperateError::Conflict(Said::TenantTooLarge {
                            most: MOST_DELETED.into(),
                        }));
                    }
                    for user in users {
                        forget_user(tx, &vault, user).await?;
                    }
                    tenants::delete(tx, &kept).await?;
                    vault.delete_keys(tx, owner).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok(())
                })
            })
            .await?;
        self.vault.forget_keys(owner);
        Ok(())
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
        let new = json!({ "user": user.trim().to_lowercase(), "roles": [&role] });
        let record = permit.warning(None, as_value(&new), reason);
        let (name, grants, at) = (user.to_owned(), [role.into()].into(), permit.at);
        let tenant = Some(tenant.path);
        let user =
            NewUser { plane: Plane::Tenant, name, tenant, grants, password, must_change_password: true };
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    create_user(tx, &user, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        Ok(shown)
    }

    /// Gives a key to the tenants that have none: to those of a release that knew no tenants.
    pub async fn keep_tenant_keys(&self) -> Result<(), OperateError> {
        for tenant in self.identity.tenant_ids().await? {
            let (owner, at) = (KeyOwner(tenant.0), self.clock.now());
            if self.vault.has_key(owner) {
                continue;
            }
            let (fresh, vault) = (self.vault.fresh_key().await?, Arc::clone(&self.vault));
            let added = self
                .store
                .write(move |tx: &Tx| {
                    Box::pin(async move { Ok::<_, OperateError>(vault.put_key(tx, fresh, owner, at).await?) })
                })
                .await?;
            self.vault.take_key(added);
        }
        Ok(())
    }

    /// The tenant to which a new account of the caller's plane is to belong.
    pub(crate) async fn tenant_of_new(
        &self,
        caller: &Caller,
        named: Option<&str>,
        like: Option<&TenantPath>,
    ) -> Result<Option<TenantPath>, OperateError> {
        match named.map(str::trim).filter(|name| !name.is_empty()) {
            Some(_) if caller.plane() != Plane::Tenant => Err(OperateError::Invalid(Said::NoTenantHere)),
            Some(name) => {
                let tenant = self.tenant_named(name).await;
                if tenant.is_err() {
                    let everywhere = Object::everywhere(ObjectKind::User);
                    self.permit(caller, Operation::UserCreate, &everywhere, None).await?;
                }
                Ok(Some(tenant?.path))
            }
            None => Ok(like.or(caller.tenant()).cloned()),
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

    async fn tenant_named(&self, name: &str) -> Result<Tenant, OperateError> {
        let wanted = name.trim().to_lowercase();
        let query = ListQuery::unscoped(&TENANTS).filter("name", Condition::Eq(wanted.as_str().into()))?;
        let mut listed = self.identity.list_tenants(&query).await?;
        listed.items.pop().ok_or_else(|| OperateError::not_found(Thing::Tenant, Said::quoted(name)))
    }
}
