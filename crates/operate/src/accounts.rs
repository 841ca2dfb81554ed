//! Accounts as their administrator keeps them: roles, password resets, locks, sessions of others (IAM-04).

use std::sync::Arc;

use netwarden_audit::{Redacted, Value};
use netwarden_identity::accounts::{
    delete_user, end_session, map_local_uid, owner_of_session, set_attributes, set_enabled, set_grants,
    set_login_policies, set_password, still_has,
};
use netwarden_identity::password::Rule;
use netwarden_identity::{
    ACCOUNTS, Account, Attributes, AttributesEdit, Contact, Grants, Identity, IdentityError, Keep,
    ListedSession, Object, ObjectKind, Operation, SESSIONS, SecondFactor, Subject, TenantPath, TenantScope,
    Through, factors,
};
use netwarden_model::{Plane, UserId};
use netwarden_store::{Condition, ListQuery, Listed, Tx, values};
use netwarden_vault::Vault;
use rand::Rng;
use zeroize::Zeroizing;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::{EDITING, owner};
use crate::error::OperateError;
use crate::lists::{Counted, ListWish};
use crate::online::Doing;
use crate::people::random;
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};
use crate::tenants::key_owner;
use crate::version::{Version, met};

/// What shall be different of an account; None leaves it alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
pub struct AccountEdit {
    /// Other roles.
    pub grants: Option<Grants>,
    /// Switched on or off; off ends its sessions and stops its tokens.
    pub enabled: Option<bool>,
    /// The local user (uid) who is this account on the socket is mapped to it, or no longer.
    pub local_uid: Option<(u32, bool)>,
    /// Another mobile number; empty for none.
    pub mobile: Option<String>,
    /// Another mail address; empty for none.
    pub mail: Option<String>,
    /// What else is set of it.
    pub attributes: AttributesEdit,
    /// Another policy that says from where it may be used; an inner None for none.
    pub address_policy: Option<Option<String>>,
    /// Another policy that says when it may be used; an inner None for none.
    pub hours_policy: Option<Option<String>>,
    /// The version that the edit was made on.
    pub expected: Option<Version>,
}

/// What the trail calls the person behind an account: names of tenants' users are given again to somebody of another.
pub(crate) fn person_name(tenant: Option<&TenantPath>, name: &str) -> String {
    match tenant {
        Some(tenant) => format!("{}/{name}", tenant.id()),
        None => name.to_owned(),
    }
}

/// The name under which the vault keeps how a user is reached.
pub(crate) fn contact_name(user: UserId) -> String {
    format!("contact/{}", user.0)
}

impl Desk {
    /// One account, and how its user is reached.
    pub async fn user_with_contact(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(Account, Contact), OperateError> {
        let account = self.user(caller, name).await?;
        let contact = self.contact_of(account.id).await?;
        Ok((account, contact))
    }

    pub(crate) async fn contact_of(&self, user: UserId) -> Result<Contact, OperateError> {
        let Some(sealed) = self.vault.named_secret(&contact_name(user)).await? else {
            return Ok(Contact::default());
        };
        serde_json::from_slice(&sealed).map_err(|_| {
            OperateError::Failed("what is stored of how a user is reached cannot be read".into())
        })
    }

    /// One account.
    pub async fn user(&self, caller: &Caller, name: &str) -> Result<Account, OperateError> {
        let account = match self.account(caller.plane(), name).await {
            Ok(account) => account,
            Err(error) => {
                let named = name.chars().take(64).collect();
                let object = Object::everywhere(ObjectKind::User);
                self.permit(caller, Operation::UserRead, &object, Some(named)).await?;
                return Err(error);
            }
        };
        let object = account.object(ObjectKind::User);
        self.permit(caller, Operation::UserRead, &object, Some(account.name.clone())).await?;
        Ok(account)
    }

    /// Changes an account. Each kind of change has a right and a record of its own.
    pub async fn edit_user(
        &self,
        caller: &Caller,
        name: &str,
        edit: AccountEdit,
        reason: &str,
    ) -> Result<(Account, Contact), OperateError> {
        let mut operations = Vec::new();
        operations.extend(edit.grants.is_some().then_some(Operation::UserSetRoles));
        operations.extend(
            edit.enabled.map(|enabled| if enabled { Operation::UserEnable } else { Operation::UserDisable }),
        );
        operations.extend(edit.local_uid.is_some().then_some(Operation::UserMapLocal));
        let contact_is_edited = edit.mobile.is_some() || edit.mail.is_some();
        let follows_another = edit.address_policy.is_some() || edit.hours_policy.is_some();
        let is_modified = contact_is_edited || follows_another || !edit.attributes.is_empty();
        operations.extend(is_modified.then_some(Operation::UserModify));
        let first = operations.first().copied().unwrap_or(Operation::UserModify);
        let account = self.account_or_denied(caller, first, name).await?;
        if operations.is_empty() {
            return Err(OperateError::Invalid(Said::NothingToChange));
        }
        let mut touched = account.grants.clone();
        touched.extend(edit.grants.iter().flatten().cloned());
        let mut permits = Vec::new();
        for operation in operations {
            let object = Object { grants: touched.clone(), ..account.object(ObjectKind::User) };
            let permit = self.permit(caller, operation, &object, Some(account.name.clone())).await?;
            permits.push((operation, permit));
        }
        if follows_another {
            let present = [&account.address_policy, &account.hours_policy];
            self.permit_policies(caller, present, [&edit.address_policy, &edit.hours_policy]).await?;
        }
        require_reason(reason)?;
        // Conditions of roles ask for labels: nobody sets their own.
        let is_own = owner(caller) == Some(account.id) && !caller.held().is_empty();
        if let Some((_, permit)) = permits.first().filter(|_| is_own && edit.attributes.labels.is_some()) {
            return Err(self.own_rights(permit).await);
        }
        let _one_at_a_time = EDITING.lock().await;
        let (present, reached) =
            (self.account(account.plane, name).await?, self.contact_of(account.id).await?);
        met(
            edit.expected.as_ref(),
            &account_version(&present, &reached),
            Said::called(Thing::User, format!("'{name}'")),
        )?;
        let now = self.clock.now();
        let modified = Modified::of(&present, &edit, contact_is_edited, now)?;
        let mut records = Vec::new();
        for (operation, permit) in permits {
            let (old, new) = match operation {
                Operation::UserSetRoles => (as_value(&present.grants), as_value(&edit.grants)),
                Operation::UserMapLocal => (None, as_value(&edit.local_uid)),
                Operation::UserModify => {
                    if !edit.attributes.is_empty() {
                        let own = |value| {
                            let value: Option<Value> = as_value(value);
                            let person = person_name(
                                account.tenant.as_ref().map(|tenant| &tenant.path),
                                &account.name,
                            );
                            value.map(|value| value.personal(account.plane, &person, random()))
                        };
                        records.push(permit.warning(own(&modified.own.0), own(&modified.own.1), reason));
                    }
                    if !contact_is_edited && !follows_another {
                        continue;
                    }
                    (as_value(&modified.ways.0), as_value(&modified.ways.1))
                }
                _ => (as_value(&present.enabled), as_value(&edit.enabled)),
            };
            records.push(permit.warning(old, new, reason));
        }
        let contact = contact_is_edited.then(|| {
            let mobile = edit.mobile.as_deref().unwrap_or(&reached.mobile);
            Contact::new(mobile, edit.mail.as_deref().unwrap_or(&reached.mail))
        });
        let contact = contact.transpose()?;
        let sealed = contact.as_ref().map(serde_json::to_vec).transpose();
        let sealed = sealed.map_err(|error| OperateError::failed(&error))?.map(Zeroizing::new);
        let (id, vault) = (account.id, Arc::clone(&self.vault));
        let owner = key_owner(account.tenant.as_ref().map(|tenant| &tenant.path));
        let permitted = account.grants;
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    still_has(tx, id, &permitted).await?;
                    if let Some(grants) = &edit.grants {
                        set_grants(tx, id, grants).await?;
                    }
                    if let Some(enabled) = edit.enabled {
                        set_enabled(tx, id, enabled, now).await?;
                    }
                    if let Some((uid, mapped)) = edit.local_uid {
                        map_local_uid(tx, uid, id, mapped).await?;
                    }
                    if !edit.attributes.is_empty() {
                        set_attributes(tx, id, edit.attributes, now).await?;
                    }
                    if follows_another {
                        set_login_policies(tx, id, edit.address_policy, edit.hours_policy).await?;
                    }
                    if let Some(contact) = sealed {
                        vault.put_secret(tx, owner, &contact_name(id), &contact, now).await?;
                    }
                    netwarden_audit::record_many(tx, &records).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        Ok((self.account(account.plane, name).await?, contact.unwrap_or(reached)))
    }

    /// Gives an account a one-time password, which must be changed at the next login; ends its sessions,
    /// unless the rule for that is off, and revokes its tokens, since the reset says that the account was in
    /// other hands.
    pub async fn reset_password(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
    ) -> Result<Zeroizing<String>, OperateError> {
        let (account, permit) = self.permit_account(caller, Operation::UserResetPassword, name).await?;
        require_reason(reason)?;
        let mut fresh = [0u8; 36];
        rand::rng().fill_bytes(&mut fresh);
        let (password, hash) = self.identity.one_time_password(&fresh).await?;
        let record = permit.warning(Some(Redacted.into()), Some(Redacted.into()), reason);
        let (id, at, permitted) = (account.id, permit.at, account.grants);
        let (plane, name) = (account.plane, account.name);
        let logs_out = self.identity.policy().passwords.rules.is_on(Rule::LogoutOnReset);
        let keep = if logs_out { Keep::Nothing } else { Keep::Everything };
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    still_has(tx, id, &permitted).await?;
                    set_password(tx, id, &hash, true, keep, at).await?;
                    // Who forgot a password has often locked the account in trying.
                    Identity::unlock(tx, plane, &name).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        Ok(password)
    }

    /// Lifts the lock that failed logins have brought upon an account; addresses stay locked.
    pub async fn unlock_user(&self, caller: &Caller, name: &str, reason: &str) -> Result<(), OperateError> {
        let (account, permit) = self.permit_account(caller, Operation::UserUnlock, name).await?;
        require_reason(reason)?;
        let record = permit.warning(None, Some(Value::text("unlocked")), reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    still_has(tx, account.id, &account.grants).await?;
                    Identity::unlock(tx, account.plane, &account.name).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Deletes an account with its tokens and sessions; what it did stays in the trail.
    pub async fn delete_user(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let (account, permit) = self.permit_account(caller, Operation::UserDelete, name).await?;
        require_reason(reason)?;
        let present = account_version(&account, &self.contact_of(account.id).await?);
        met(expected.as_ref(), &present, Said::called(Thing::User, format!("'{name}'")))?;
        let vault = Arc::clone(&self.vault);
        let record = permit.warning(as_value(&account.grants), None, reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    still_has(tx, account.id, &account.grants).await?;
                    forget_user(tx, &vault, account.id).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Erases a person (SEC-08): the account, where there still is one, with all that is kept of it, and its attributes
    /// in the trail; how many texts of those. What the account did, from where, and when, stays in the trail under its name,
    /// and the trail verifies as before.
    pub async fn erase_user(&self, caller: &Caller, name: &str, reason: &str) -> Result<u64, OperateError> {
        let (plane, name) = (caller.plane(), name.trim().to_lowercase());
        let account = match self.account(plane, &name).await {
            Ok(account) => Some(account),
            Err(OperateError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        let object = match &account {
            Some(one) => one.object(ObjectKind::User),
            None => Object::everywhere(ObjectKind::User),
        };
        let named = name.chars().take(64).collect();
        let permit = self.permit(caller, Operation::UserErase, &object, Some(named)).await?;
        require_reason(reason)?;
        let vault = Arc::clone(&self.vault);
        // What the account could do is no text about its user.
        let had = account.as_ref().and_then(|account| as_value(&account.grants));
        let mut record = permit.warning(had, None, reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let is_there = account.is_some();
                    let persons = match account {
                        Some(account) => {
                            still_has(tx, account.id, &account.grants).await?;
                            forget_user(tx, &vault, account.id).await?;
                            let tenant = account.tenant.map(|tenant| tenant.path);
                            vec![netwarden_audit::person(plane, &person_name(tenant.as_ref(), &name))]
                        }
                        // Somebody else's texts must not go because they have got the name meanwhile.
                        None if netwarden_identity::accounts::is_taken(tx, plane, &name).await? => {
                            return Err(OperateError::Conflict(Said::UserIsThere { name }));
                        }
                        None => netwarden_audit::persons_called(tx, plane, &name).await?,
                    };
                    let erased = netwarden_audit::erase_persons(tx, &persons).await?;
                    if !is_there && erased.texts == 0 {
                        return Err(OperateError::not_found(Thing::User, format!("'{name}'")));
                    }
                    record.new = Some(erased.told);
                    netwarden_audit::record(tx, &record).await?;
                    Ok(erased.texts)
                })
            })
            .await
    }

    /// Sessions that hold, everybody's.
    pub async fn list_sessions(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ListedSession>, OperateError> {
        self.permit_of(caller, Operation::SessionRead).await?;
        self.identity.end_idle_sessions(self.clock.now()).await?;
        let query = of_seen_accounts(caller, Operation::SessionRead, ListQuery::unscoped(&SESSIONS))?;
        let query = crate::lists::session_query(query, self.paged(wish))?;
        let listed = self.identity.list_sessions(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// What a session did last, for whoever may see the session; to what, not for a tenant's user: it may be of a tenant
    /// that their colleague keeps.
    pub fn doing(&self, caller: &Caller, session: i64) -> Option<Doing> {
        let doing = self.online.of(session)?;
        Some(if caller.tenant().is_some() { Doing { object: None, ..doing } } else { doing })
    }

    /// One session that holds.
    pub async fn session(&self, caller: &Caller, id: i64) -> Result<ListedSession, OperateError> {
        self.permit_of(caller, Operation::SessionRead).await?;
        let query = of_seen_accounts(caller, Operation::SessionRead, ListQuery::unscoped(&SESSIONS))?;
        let query = query.filter("id", Condition::Eq(id.into()))?;
        let mut listed = self.identity.list_sessions(&query).await?;
        listed.items.pop().ok_or_else(|| OperateError::not_found(Thing::Session, id))
    }

    /// Ends a session: one's own, or with the right to, anybody's.
    pub async fn end_session(&self, caller: &Caller, id: i64, reason: &str) -> Result<(), OperateError> {
        // What is nobody's needs the same right, so that nobody learns which sessions there are.
        let whose = owner_of_session(self.store.read(), id).await;
        let own =
            whose.as_ref().is_ok_and(|whose| owner(caller) == Some(*whose)) && !is_of_others(caller, id);
        let object = self.object_of(ObjectKind::Session, whose.as_ref().ok().copied()).await?;
        let operation = if own { Operation::SessionLogout } else { Operation::SessionEnd };
        let permit = self.permit(caller, operation, &object, Some(id.to_string())).await?;
        if !own {
            require_reason(reason)?;
        }
        whose?;
        let record = permit.warning(None, Some(Value::text("ended")), reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    end_session(tx, id).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// What belongs to an account, with the account's grants; of nobody's it is what is all over.
    pub(crate) async fn object_of(
        &self,
        kind: ObjectKind,
        whose: Option<UserId>,
    ) -> Result<Object, OperateError> {
        let Some(whose) = whose else { return Ok(Object::everywhere(kind)) };
        let query = ListQuery::unscoped(&ACCOUNTS).filter("id", Condition::Eq(whose.0.into()))?;
        Ok(match self.identity.list_users(&query).await?.items.pop() {
            Some(account) => account.object(kind),
            None => Object::everywhere(kind),
        })
    }

    async fn account(&self, plane: Plane, name: &str) -> Result<Account, OperateError> {
        let name = name.trim().to_lowercase();
        let query = of_plane(ListQuery::unscoped(&ACCOUNTS), plane)?
            .filter("name", Condition::Eq(name.as_str().into()))?;
        let Listed { mut items, .. } = self.identity.list_users(&query).await?;
        items.pop().ok_or_else(|| IdentityError::NoSuchUser(name.chars().take(64).collect()).into())
    }

    /// The account, for those who may do `operation` at all: others do not learn which accounts there are.
    pub(crate) async fn account_or_denied(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<Account, OperateError> {
        let found = self.account(caller.plane(), name).await;
        if found.is_err() {
            let named = name.chars().take(64).collect();
            // Who is confined to a domain is answered as of an account outside it.
            self.permit(caller, operation, &Object::everywhere(operation.object()), Some(named)).await?;
        }
        found
    }

    /// Refuses a tenant's user who wants another login policy than the one that is followed, or none: they are the
    /// operator's.
    pub(crate) async fn permit_policies(
        &self,
        caller: &Caller,
        present: [&Option<String>; 2],
        wanted: [&Option<Option<String>>; 2],
    ) -> Result<(), OperateError> {
        let names_another = |(present, wanted): (&Option<String>, &Option<Option<String>>)| {
            wanted.as_ref().is_some_and(|wanted| wanted != present)
        };
        if caller.tenant().is_some() && present.into_iter().zip(wanted).any(names_another) {
            self.permit_of(caller, Operation::PolicyRead).await?;
        }
        Ok(())
    }

    async fn permit_account(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<(Account, Permit), OperateError> {
        let account = self.account_or_denied(caller, operation, name).await?;
        let object = account.object(ObjectKind::User);
        let permit = self.permit(caller, operation, &object, Some(account.name.clone())).await?;
        Ok((account, permit))
    }
}

/// What an edit makes of an account, before and after, as the trail keeps it.
struct Modified {
    /// What is said of its user, which can be erased with them.
    own: (serde_json::Value, serde_json::Value),
    /// From where and when it may be used, and that its user is reached otherwise.
    ways: (serde_json::Value, serde_json::Value),
}

impl Modified {
    fn of(
        account: &Account,
        edit: &AccountEdit,
        contact_is_edited: bool,
        now: jiff::Timestamp,
    ) -> Result<Self, OperateError> {
        // How a user is reached need nobody learn who reads the trail.
        let contact = contact_is_edited.then_some("redacted");
        let own = |attributes: &Attributes| serde_json::json!({ "attributes": attributes });
        let ways = |addresses: &Option<String>, hours: &Option<String>| {
            serde_json::json!({
                "address_policy": addresses,
                "hours_policy": hours,
                "contact": contact,
            })
        };
        let attributes = account.attributes.edited(edit.attributes.clone(), now)?;
        let addresses = edit.address_policy.as_ref().unwrap_or(&account.address_policy);
        let hours = edit.hours_policy.as_ref().unwrap_or(&account.hours_policy);
        Ok(Self {
            own: (own(&account.attributes), own(&attributes)),
            ways: (ways(&account.address_policy, &account.hours_policy), ways(addresses, hours)),
        })
    }
}

/// Takes an account away, with all that is kept of it elsewhere.
pub(crate) async fn forget_user(tx: &Tx, vault: &Vault, user: UserId) -> Result<(), OperateError> {
    crate::charts::forget_charts(tx, user).await?;
    for factor in factors::remove_all(tx, user).await? {
        vault.remove_secret(tx, &factors::secret_name(factor)).await?;
    }
    delete_user(tx, user).await?;
    vault.remove_secret(tx, &contact_name(user)).await?;
    Ok(())
}

/// True for a session other than the caller's own while they have proven no more than a password: the others may
/// be those of who has.
fn is_of_others(caller: &Caller, session: i64) -> bool {
    let Subject::User(user) = &caller.subject else { return true };
    user.second_factor == SecondFactor::Missing && user.through != Through::Session(session)
}

/// What belongs to accounts of a plane.
pub(crate) fn of_plane(query: ListQuery, plane: Plane) -> Result<ListQuery, OperateError> {
    Ok(query.filter("plane", Condition::Eq(plane.as_str().into()))?)
}

/// What belongs to the accounts of the caller's plane, and there to those of the tenants that the operation shows.
pub(crate) fn of_seen_accounts(
    caller: &Caller,
    operation: Operation,
    query: ListQuery,
) -> Result<ListQuery, OperateError> {
    let query = of_plane(query, caller.plane())?;
    Ok(match caller.tenants(operation) {
        TenantScope::All => query,
        TenantScope::Within(outer) => {
            query.filter("tenant_path", Condition::Prefix(outer.to_string().as_str().into()))?
        }
        TenantScope::Only(only) => query.filter("tenant_id", Condition::Eq(only.id().0.into()))?,
        TenantScope::None => query.filter("tenant_id", Condition::Eq((-1).into()))?,
    })
}

/// The accounts that the caller may see: of their plane those that are confined to a domain of theirs, or all.
pub(crate) fn seen_by(caller: &Caller, query: ListQuery) -> Result<ListQuery, OperateError> {
    let query = of_seen_accounts(caller, Operation::UserRead, query)?;
    let Subject::User(user) = &caller.subject else { return Ok(query) };
    let domains: Option<Vec<&String>> =
        user.grants_with(Operation::UserRead).map(|grant| grant.domain.as_ref()).collect();
    // One that is not confined sees all.
    let Some(domains) = domains else { return Ok(query) };
    // Every grant, each of which ends with a blank here, ends with the domain's name.
    const CONFINED: &str = "length(u.roles || ' ') - length(replace(u.roles || ' ', ' ', '')) = \
                            (length(u.roles || ' ') - length(replace(u.roles || ' ', ?, ''))) / length(?)";
    let ends = domains.into_iter().map(|domain| format!("@{domain} "));
    let any: Vec<(&'static str, Vec<_>)> =
        ends.map(|end| (CONFINED, values![end.as_str(), end.as_str()].to_vec())).collect();
    Ok(query.any(any)?)
}

/// The version of what can be edited of an account.
pub fn account_version(account: &Account, contact: &Contact) -> Version {
    let policies = (&account.address_policy, &account.hours_policy);
    let of_account = (account.id.0, &account.name, &account.grants, account.enabled);
    Version::of(&(of_account, &account.attributes, policies, contact))
}
