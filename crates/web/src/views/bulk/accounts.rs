//! Many accounts: switched on or off, unlocked, given a role or relieved of one, deleted.

use futures::future::BoxFuture;
use netwarden_identity::{ADMIN, Grant, Operation, Role};
use netwarden_operate::{AccountEdit, Desk, OperateError, Said, account_version};

use super::{Asked, Kind, Verb, verb};
use crate::address::escaped;
use crate::refusal::Refusal;
use crate::views::act::{Given, Input};
use crate::views::language::Language;
use crate::views::table::{Cell, Columns};
use crate::views::visitor::Visitor;

/// An account, by its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::views) struct Account(String);

/// The field with the role that is given or taken.
const ROLE: &str = "role";

impl Kind for Account {
    const LIST: &'static str = "/system/accounts";
    // A name of an account may be that of an act.
    const ACTS: &'static str = "/system/many-accounts";
    const NAME: &'static str = "account";
    const BACK: &'static str = "bulk-back-accounts";
    const CRUMB: &'static str = "accounts";
    const RESULTS: Columns = &[("column-user", None), ("column-outcome", None), ("column-what", None)];
    const VERBS: &'static [Verb] = &[
        verb(
            "enable",
            Operation::UserEnable,
            "bulk-enable",
            ["bulk-enable-title", "bulk-enable-told", "bulk-enabled"],
            false,
            Some("disable"),
        ),
        verb(
            "disable",
            Operation::UserDisable,
            "bulk-disable",
            ["bulk-disable-title", "bulk-disable-told", "bulk-disabled"],
            true,
            Some("enable"),
        ),
        verb(
            "unlock",
            Operation::UserUnlock,
            "account-unlock",
            ["bulk-unlock-title", "bulk-unlock-told", "bulk-unlocked"],
            false,
            None,
        ),
        verb(
            "give",
            Operation::UserSetRoles,
            "bulk-give",
            ["bulk-give-title", "bulk-give-told", "bulk-given"],
            false,
            None,
        ),
        verb(
            "take",
            Operation::UserSetRoles,
            "bulk-take",
            ["bulk-take-title", "bulk-take-told", "bulk-taken"],
            true,
            None,
        ),
        verb(
            "delete",
            Operation::UserDelete,
            "act-remove",
            ["bulk-delete-title", "bulk-delete-told", "bulk-deleted"],
            true,
            None,
        ),
    ];
    type Wish = Option<Grant>;

    fn read(text: &str) -> Result<Self, Refusal> {
        Ok(Self(text.chars().take(64).collect()))
    }

    fn written(&self) -> String {
        self.0.clone()
    }

    fn asked<'a>(
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        all: &'a [Self],
    ) -> BoxFuture<'a, Result<Asked, Refusal>> {
        Box::pin(async move {
            let l = visitor.language();
            let mut asked = Asked::default();
            for Self(name) in all {
                asked.names.push(desk.user(visitor.caller(), name).await?.name);
            }
            if matches!(verb.name, "disable" | "delete") && asked.names.iter().any(|name| name == ADMIN) {
                asked.affected.push(l.t("bulk-admin-stays"));
            }
            if matches!(verb.name, "give" | "take") {
                let roles = match visitor.may(desk, Operation::RoleRead) {
                    true => desk.roles(visitor.caller()).await?.into_iter().map(|role| role.name).collect(),
                    false => Role::built_in(visitor.caller().plane()).map(ToString::to_string).collect(),
                };
                let roles: Vec<String> = roles;
                let can_be_given = roles.iter().filter(|role| *role != Role::Superuser.as_str());
                let hint = can_be_given.cloned().collect::<Vec<_>>().join(", ");
                let input = Input::new(ROLE, l.t("column-role"), "text");
                asked.inputs = vec![input.hinted(l.t1("bulk-role-hint", "roles", hint))];
            }
            Ok(asked)
        })
    }

    fn wish(_: Language, verb: &Verb, given: &Given) -> Result<Option<Grant>, Refusal> {
        if !matches!(verb.name, "give" | "take") {
            return Ok(None);
        }
        let role = given.text(ROLE).map(|role| role.trim().to_lowercase()).filter(|role| !role.is_empty());
        let role = role.ok_or_else(|| OperateError::Invalid(Said::NoSuchRole { name: String::new() }))?;
        Ok(Some(Grant::from(role.as_str())))
    }

    fn act<'a>(
        &'a self,
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        wish: &'a Option<Grant>,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OperateError>> {
        Box::pin(async move {
            let (caller, Self(name)) = (visitor.caller(), self);
            let edit = match verb.name {
                "unlock" => return desk.unlock_user(caller, name, reason).await,
                "delete" => return desk.delete_user(caller, name, reason, None).await,
                "enable" | "disable" => {
                    AccountEdit { enabled: Some(verb.name == "enable"), ..AccountEdit::default() }
                }
                _ => {
                    let (account, contact) = desk.user_with_contact(caller, name).await?;
                    let expected = Some(account_version(&account, &contact));
                    let mut grants = account.grants;
                    if let Some(grant) = wish {
                        if verb.name == "give" {
                            grants.insert(grant.clone());
                        } else {
                            grants.remove(grant);
                        }
                    }
                    AccountEdit { grants: Some(grants), expected, ..AccountEdit::default() }
                }
            };
            desk.edit_user(caller, name, edit, reason).await.map(drop)
        })
    }

    fn cell<'a>(&'a self, _: &'a Desk, _: &'a Visitor) -> BoxFuture<'a, Cell> {
        let href = format!("{}/{}", Self::LIST, escaped(&self.0));
        Box::pin(async move { Cell::Link { text: self.0.clone(), href } })
    }
}
