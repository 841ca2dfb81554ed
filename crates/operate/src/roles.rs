//! Roles, and who may do what (IAM-03, IAM-05): the roles that were made here, the rights of an account with the
//! role that gives each, and the accounts that have a right.

use std::collections::BTreeSet;

use netwarden_identity::{
    Access, Account, CUSTOM_ROLES, CustomRole, Declaration, Grant, IdentityError, OPERATIONS, Object,
    ObjectKind, Operation, Reach, Role, RoleText, Roles, Subject, roles,
};
use netwarden_store::{Condition, ListQuery, PAGE_LIMIT, Page, Tx};

use crate::accounts::of_plane;
use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::EDITING;
use crate::error::OperateError;
use crate::lists::{Counted, ListWish};
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};
use crate::version::{Version, met};

/// A role that is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleWish {
    /// What it is for.
    pub description: String,
    /// Names of what it gives the right to.
    pub operations: Vec<String>,
    /// When it counts; empty for always.
    pub condition: String,
}

/// What shall be different of a role; None leaves it alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleEdit {
    /// What it is for.
    pub description: Option<String>,
    /// Names of what it gives the right to.
    pub operations: Option<Vec<String>>,
    /// When it counts; empty for always.
    pub condition: Option<String>,
    /// The version that the edit was made on.
    pub expected: Option<Version>,
}

/// A role as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRole {
    /// Its name.
    pub name: String,
    /// It is built in, and stays as it is.
    pub built_in: bool,
    /// What it is for; empty for what is built in.
    pub description: String,
    /// What it gives the right to.
    pub operations: BTreeSet<Operation>,
    /// When it counts; empty for always.
    pub condition: String,
    /// When it was made here or changed last, and by whom.
    pub changed: Option<(jiff::Timestamp, String)>,
}

/// An operation, and which of somebody's roles give the right to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The operation.
    pub operation: Operation,
    /// The roles, each with the domain to which it is confined; for what everybody may do to what is their own
    /// there are none.
    pub through: Vec<Grant>,
}

/// An account, and which of its roles give it a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its name.
    pub user: String,
    /// False for an account that is switched off: it has the right and cannot use it.
    pub enabled: bool,
    /// The roles, each with the domain to which it is confined.
    pub through: Vec<Grant>,
}

/// The version of what can be edited of a role.
pub fn role_version(role: &CustomRole) -> Version {
    Version::of(&(role.id, &role.name, &role.description, &role.operations, &role.condition))
}

impl From<CustomRole> for ShownRole {
    fn from(role: CustomRole) -> Self {
        Self {
            name: role.name,
            built_in: false,
            description: role.description,
            operations: role.operations,
            condition: role.condition,
            changed: Some((role.changed, role.changed_by)),
        }
    }
}

fn built_in(roles: &Roles, role: &Role) -> ShownRole {
    let has = |line: &&Declaration| roles.has(role, line.operation);
    ShownRole {
        name: role.to_string(),
        built_in: true,
        description: String::new(),
        operations: OPERATIONS.iter().filter(has).map(|line| line.operation).collect(),
        condition: String::new(),
        changed: None,
    }
}

impl Desk {
    /// Every role of the caller's plane: those that are built in, then those that were made here.
    pub async fn roles(&self, caller: &Caller) -> Result<Vec<ShownRole>, OperateError> {
        self.permit_of(caller, Operation::RoleRead).await?;
        let (plane, roles) = (caller.plane(), self.identity.roles(caller.plane()).await?);
        let mut all: Vec<ShownRole> = Role::built_in(plane).map(|role| built_in(&roles, role)).collect();
        let query = of_plane(ListQuery::unscoped(&CUSTOM_ROLES), plane)?;
        let mut page = Page::first(PAGE_LIMIT);
        loop {
            let listed = self.identity.list_roles(&query.clone().page(page.clone())).await?;
            all.extend(listed.items.into_iter().map(ShownRole::from));
            match listed.next {
                Some(next) => page.after = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// One role.
    pub async fn role(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(ShownRole, Option<Version>), OperateError> {
        self.permit_of(caller, Operation::RoleRead).await?;
        let role = Role::from(name.trim().to_lowercase().as_str());
        if Role::built_in(caller.plane()).any(|built_in| *built_in == role) {
            let roles = self.identity.roles(caller.plane()).await?;
            return Ok((built_in(&roles, &role), None));
        }
        let role = self.role_named(caller, name).await?;
        let version = role_version(&role);
        Ok((role.into(), Some(version)))
    }

    /// Makes a role of operations that the caller may do all, unless they keep the rights of others.
    pub async fn create_role(
        &self,
        caller: &Caller,
        name: &str,
        wish: RoleWish,
        reason: &str,
    ) -> Result<(), OperateError> {
        let permit = self.permit_role(caller, Operation::RoleCreate, name).await?;
        require_reason(reason)?;
        let operations = operations(&wish.operations)?;
        self.permit_all(caller, name, &operations).await?;
        let wanted = RoleText { description: wish.description, operations, condition: wish.condition };
        let record = permit.warning(None, told(&wanted.operations, &wanted.condition), reason);
        let (by, at, name) = (permit.user().to_owned(), permit.at, name.to_owned());
        let plane = caller.plane();
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    roles::create(tx, plane, &name, &wanted, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Gives a role another description, other operations or another condition. Whoever has it may do what it
    /// says from their next action on.
    pub async fn change_role(
        &self,
        caller: &Caller,
        name: &str,
        edit: RoleEdit,
        reason: &str,
    ) -> Result<(), OperateError> {
        let permit = self.permit_role(caller, Operation::RoleModify, name).await?;
        require_reason(reason)?;
        let wanted = edit.operations.map(|names| operations(&names)).transpose()?;
        let _one_at_a_time = EDITING.lock().await;
        let role = self.role_named(caller, name).await?;
        let wanted = RoleText {
            description: edit.description.unwrap_or_else(|| role.description.clone()),
            operations: wanted.unwrap_or_else(|| role.operations.clone()),
            condition: edit.condition.unwrap_or_else(|| role.condition.clone()),
        };
        met(edit.expected.as_ref(), &role_version(&role), Said::called(Thing::Role, Said::quoted(name)))?;
        // Another condition gives or takes all that the role says.
        let touched: BTreeSet<Operation> = match wanted.condition.trim() == role.condition {
            true => role.operations.symmetric_difference(&wanted.operations).copied().collect(),
            false => role.operations.union(&wanted.operations).copied().collect(),
        };
        // Nobody keeps a role of their own, also while its condition does not hold.
        if caller.held().iter().any(|grant| grant.role == Role::Other(role.name.clone())) {
            return Err(self.own_rights(&permit).await);
        }
        self.permit_all(caller, &role.name, &touched).await?;
        if touched.is_empty() && role.description == wanted.description.trim() {
            return Err(OperateError::Invalid(Said::NothingToChange));
        }
        let old = told(&role.operations, &role.condition);
        let record = permit.warning(old, told(&wanted.operations, &wanted.condition), reason);
        let (by, at) = (permit.user().to_owned(), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    roles::change(tx, &role, &wanted, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Deletes a role that no account has.
    pub async fn delete_role(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_role(caller, Operation::RoleDelete, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let role = self.role_named(caller, name).await?;
        met(expected.as_ref(), &role_version(&role), Said::called(Thing::Role, Said::quoted(name)))?;
        let record = permit.warning(told(&role.operations, &role.condition), None, reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    roles::delete(tx, &role).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// What an account may do, and through which of its roles.
    pub async fn rights_of(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(Account, Vec<Right>), OperateError> {
        let account = self.user(caller, name).await?;
        let roles = self.identity.roles(account.plane).await?;
        let right = |line: &Declaration| {
            let through: Vec<Grant> = account
                .grants
                .iter()
                .filter(|grant| roles.has(&grant.role, line.operation) && counts(grant, line.operation))
                .cloned()
                .collect();
            let is_known = |grant: &Grant| roles.knows(&grant.role);
            let is_own = line.access == Access::Own
                && line.operation.is_in(account.plane)
                && account.grants.iter().any(is_known);
            (is_own || !through.is_empty()).then_some(Right { operation: line.operation, through })
        };
        let rights = OPERATIONS.iter().filter_map(right).collect();
        Ok((account, rights))
    }

    /// The accounts that may do an operation, by name, and through which of their roles.
    pub async fn who_may(
        &self,
        caller: &Caller,
        operation: &str,
        wish: ListWish,
    ) -> Result<Counted<Holder>, OperateError> {
        let operation = one(operation)?;
        let mut wish = wish;
        // Of a domain all count who may do it there: those who are confined to it, and those who are not at all.
        let at = wish.filters.iter().position(|(name, _)| name == "domain");
        let domain = at.map(|at| wish.filters.remove(at).1);
        let roles = self.identity.roles(caller.plane()).await?;
        // Every account is looked at: a page of accounts is not a page of those that have the right.
        let mut holders = Vec::new();
        let mut page =
            ListWish { sort: Some("name".to_owned()), limit: Some(PAGE_LIMIT), ..ListWish::default() };
        loop {
            let listed = self.users(caller, page.clone()).await?;
            holders.extend(listed.items.into_iter().filter_map(|account| {
                let has = |grant: &&Grant| {
                    roles.has(&grant.role, operation)
                        && counts(grant, operation)
                        && domain.as_deref().is_none_or(|domain| grant.reaches(Some(domain)))
                };
                let through: Vec<Grant> = account.grants.iter().filter(has).cloned().collect();
                (!through.is_empty()).then_some(Holder {
                    user: account.name,
                    enabled: account.enabled,
                    through,
                })
            }));
            match listed.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        self.holders_page(holders, wish)
    }

    async fn permit_role(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<Permit, OperateError> {
        let named = name.chars().take(64).collect();
        self.permit(caller, operation, &Object::of(ObjectKind::Role), Some(named)).await
    }

    /// Nobody gives, or takes, what they may not do themselves, unless they keep the rights of others.
    async fn permit_all(
        &self,
        caller: &Caller,
        role: &str,
        operations: &BTreeSet<Operation>,
    ) -> Result<(), OperateError> {
        let role = Role::Other(role.to_owned());
        if let Subject::User(user) = &caller.subject
            && user.manages(&role.into())
        {
            return Ok(());
        }
        for operation in operations {
            self.permit(
                caller,
                *operation,
                &Object::everywhere(operation.object()),
                Some("for a role".into()),
            )
            .await?;
        }
        Ok(())
    }

    async fn role_named(&self, caller: &Caller, name: &str) -> Result<CustomRole, OperateError> {
        let wanted = name.trim().to_lowercase();
        let query = of_plane(ListQuery::unscoped(&CUSTOM_ROLES), caller.plane())?;
        let query = query.filter("name", Condition::Eq(wanted.as_str().into()))?;
        let mut listed = self.identity.list_roles(&query).await?;
        listed.items.pop().ok_or_else(|| OperateError::not_found(Thing::Role, Said::quoted(name)))
    }
}

/// True where a grant is good for the operation: what concerns the whole is not for one who is confined.
fn counts(grant: &Grant, operation: Operation) -> bool {
    grant.is_whole() || operation.reach() != Reach::Whole
}

/// What the trail keeps of a role.
fn told(operations: &BTreeSet<Operation>, condition: &str) -> Option<netwarden_audit::Value> {
    match condition.trim() {
        "" => as_value(operations),
        condition => as_value(&serde_json::json!({ "operations": operations, "condition": condition })),
    }
}

fn one(name: &str) -> Result<Operation, OperateError> {
    let none = || OperateError::Invalid(Said::NoSuchOperation { name: name.chars().take(64).collect() });
    name.trim().parse().map_err(|_| none())
}

fn operations(names: &[String]) -> Result<BTreeSet<Operation>, OperateError> {
    let operations: BTreeSet<Operation> = names.iter().map(|name| one(name)).collect::<Result<_, _>>()?;
    // What no role gives is refused before anybody is asked whether they may do it.
    let own = operations.iter().find(|one| !matches!(one.declaration().access, Access::Roles(_)));
    match own {
        Some(own) => Err(IdentityError::NotForRoles(own.name().to_owned()).into()),
        None if operations.is_empty() => Err(IdentityError::RoleWithout.into()),
        None => Ok(operations),
    }
}
