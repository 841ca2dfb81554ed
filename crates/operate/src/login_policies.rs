//! Login policies: from where, and when, accounts may be used (IAM-11). Accounts follow them by name.

use netwarden_identity::{
    LOGIN_POLICIES, LoginPolicy, Object, ObjectKind, Operation, PolicyKind, Subject, login_policies,
};
use netwarden_store::{Condition, ListQuery, Tx};

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::EDITING;
use crate::error::OperateError;
use crate::lists::{Counted, ListWish};
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};
use crate::version::{Version, met};

/// A login policy that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPolicyWish {
    /// Its name, 1 to 64 characters.
    pub name: String,
    /// What it is about: `addresses` or `hours`.
    pub kind: String,
    /// What it says, one entry a line.
    pub lines: String,
}

/// The version of what can be edited of a login policy.
pub fn login_policy_version(policy: &LoginPolicy) -> Version {
    Version::of(&(policy.id, &policy.name, &policy.lines))
}

impl Desk {
    /// Login policies; filters `name`, `kind`.
    pub async fn login_policies(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<LoginPolicy>, OperateError> {
        self.permit_of(caller, Operation::PolicyRead).await?;
        let query = crate::lists::login_policy_query(self.paged(wish))?;
        let listed = self.identity.list_login_policies(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// One login policy.
    pub async fn login_policy(&self, caller: &Caller, name: &str) -> Result<LoginPolicy, OperateError> {
        self.permit_of(caller, Operation::PolicyRead).await?;
        self.policy_named(name).await
    }

    /// Makes a login policy.
    pub async fn create_login_policy(
        &self,
        caller: &Caller,
        wish: LoginPolicyWish,
        reason: &str,
    ) -> Result<(), OperateError> {
        let permit = self.permit_policy(caller, Operation::PolicyCreate, &wish.name).await?;
        require_reason(reason)?;
        let kind = PolicyKind::of_word(&wish.kind);
        let kind = kind.ok_or_else(|| {
            OperateError::Invalid(Said::NoLoginPolicyKind { given: wish.kind.chars().take(32).collect() })
        })?;
        if kind == PolicyKind::Addresses && asks_for_places(caller) {
            return Err(self.own_rights(&permit).await);
        }
        let record = permit.warning(None, as_value(&(kind.as_str(), &wish.lines)), reason);
        let (by, at) = (permit.user().to_owned(), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    login_policies::create(tx, &wish.name, kind, &wish.lines, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Gives a login policy other lines; the accounts that follow it have them from their next request on.
    pub async fn change_login_policy(
        &self,
        caller: &Caller,
        name: &str,
        lines: String,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<LoginPolicy, OperateError> {
        let permit = self.permit_policy(caller, Operation::PolicyModify, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let policy = self.policy_named(name).await?;
        met(
            expected.as_ref(),
            &login_policy_version(&policy),
            Said::called(Thing::LoginPolicy, Said::quoted(name)),
        )?;
        if policy.lines == lines {
            return Err(OperateError::Invalid(Said::NothingToChange));
        }
        if policy.kind == PolicyKind::Addresses && asks_for_places(caller) {
            return Err(self.own_rights(&permit).await);
        }
        let record = permit.warning(as_value(&policy.lines), as_value(&lines), reason);
        let (by, at) = (permit.user().to_owned(), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    login_policies::change(tx, &policy, &lines, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.policy_named(name).await
    }

    /// Deletes a login policy that no account follows.
    pub async fn delete_login_policy(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_policy(caller, Operation::PolicyDelete, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let policy = self.policy_named(name).await?;
        met(
            expected.as_ref(),
            &login_policy_version(&policy),
            Said::called(Thing::LoginPolicy, Said::quoted(name)),
        )?;
        if policy.kind == PolicyKind::Addresses && asks_for_places(caller) {
            return Err(self.own_rights(&permit).await);
        }
        let record = permit.warning(as_value(&policy.lines), None, reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    login_policies::delete(tx, &policy).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    async fn permit_policy(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<Permit, OperateError> {
        let named = format!("login policy {}", name.chars().take(64).collect::<String>());
        self.permit(caller, operation, &Object::of(ObjectKind::Policy), Some(named)).await
    }

    async fn policy_named(&self, name: &str) -> Result<LoginPolicy, OperateError> {
        let query = ListQuery::unscoped(&LOGIN_POLICIES).filter("name", Condition::Eq(name.trim().into()))?;
        let mut listed = self.identity.list_login_policies(&query).await?;
        listed.items.pop().ok_or_else(|| OperateError::not_found(Thing::LoginPolicy, Said::quoted(name)))
    }
}

/// True where a role of the caller's own counts in some places only: they do not say where these are.
fn asks_for_places(caller: &Caller) -> bool {
    let Subject::User(user) = &caller.subject else { return false };
    caller.held().iter().any(|grant| user.roles.condition(&grant.role).contains("request.places"))
}
