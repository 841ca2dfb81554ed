//! Why an operation was not done: one type for REST, pages and the command line.

use netwarden_actions::ActionError;
use netwarden_audit::AuditError;
use netwarden_engine::KeeperError;
use netwarden_identity::password::{PasswordError, PolicyError};
use netwarden_identity::{Bar, Because, IdentityError, Operation};
use netwarden_rules::sql::RuleStoreError;
use netwarden_spine::SpineError;
use netwarden_store::{ListError, StoreError};
use netwarden_vault::VaultError;

use crate::parameters::ParameterError;
use crate::said::{Said, Thing, Word};

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperateError {
    /// The caller may not do it.
    #[error("{operation} is not permitted: {because}")]
    Denied {
        /// What was asked for.
        operation: Operation,
        /// Why not.
        because: Because,
    },
    /// The caller is not known.
    #[error("{0}")]
    NotIdentified(String),
    /// Name and password were right, and something else stands in the way of a session.
    #[error("the login was refused: {0}")]
    Barred(Bar),
    /// There is no such thing.
    #[error("{0} does not exist")]
    NotFound(Said),
    /// What was given makes no sense.
    #[error("{0}")]
    Invalid(Said),
    /// It is not so any more, or already so.
    #[error("{0}")]
    Conflict(Said),
    /// Somebody else has changed it since the caller read it.
    #[error("{0}")]
    Outdated(Said),
    /// More is under way than can be done soon; later it may be.
    #[error("{0}")]
    Busy(Said),
    /// Nothing can be recorded, so nothing is done.
    #[error(transparent)]
    Unrecorded(AuditError),
    /// A part of the system failed.
    #[error("{0}")]
    Failed(String),
}

impl OperateError {
    /// There is no such thing.
    pub(crate) fn not_found(thing: Thing, id: impl std::fmt::Display) -> Self {
        Self::NotFound(Said::called(thing, id))
    }

    /// What `Display` says, as a sentence that interfaces can tell in other languages. Of a part that failed it
    /// says no more than that: what lies beneath may name paths and statements.
    pub fn said(&self) -> Said {
        match self {
            Self::Denied { operation, because } => {
                Said::NotPermitted { operation: *operation, because: Said::from(because).into() }
            }
            Self::NotIdentified(why) => why.clone().into(),
            Self::Barred(bar) => Said::LoginRefused { because: Said::from(*bar).into() },
            Self::NotFound(what) => Said::DoesNotExist { what: what.clone().into() },
            Self::Invalid(said) | Self::Conflict(said) | Self::Outdated(said) | Self::Busy(said) => {
                said.clone()
            }
            Self::Unrecorded(AuditError::Full) => Said::NothingRecorded,
            Self::Unrecorded(error) => error.to_string().into(),
            Self::Failed(_) => Said::PartFailed,
        }
    }

    /// A part of the system failed: its own words and those of what lies beneath.
    pub fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Failed(chain(error))
    }
}

/// An error and what lies beneath it, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let beneath = std::iter::successors(error.source(), |error| error.source());
    beneath.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<StoreError> for OperateError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::List(error) => error.into(),
            StoreError::DiskFull => Self::Unrecorded(AuditError::Full),
            error => Self::failed(&error),
        }
    }
}

impl From<ListError> for OperateError {
    fn from(error: ListError) -> Self {
        Self::Invalid(error.to_string().into())
    }
}

impl From<AuditError> for OperateError {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::List(error) => error.into(),
            AuditError::Full => Self::Unrecorded(error),
            error => Self::failed(&error),
        }
    }
}

impl From<SpineError> for OperateError {
    fn from(error: SpineError) -> Self {
        match error {
            SpineError::Store(error) => error.into(),
            SpineError::BadCursor(_) => Self::Invalid(error.to_string().into()),
            error => Self::failed(&error),
        }
    }
}

impl From<KeeperError> for OperateError {
    fn from(error: KeeperError) -> Self {
        match error {
            KeeperError::Unknown(unknown) => Self::not_found(Thing::NetworkElement, unknown.0),
            KeeperError::Refused(why) => Self::Conflict(why.into()),
            KeeperError::Outdated(why) => Self::Outdated(why.into()),
            KeeperError::Store(error) => error.into(),
            KeeperError::Audit(error) => error.into(),
            KeeperError::Spine(error) => error.into(),
            KeeperError::Action(error) => error.into(),
            error @ KeeperError::Closed => Self::failed(&error),
        }
    }
}

impl From<netwarden_engine::NamesError> for OperateError {
    fn from(error: netwarden_engine::NamesError) -> Self {
        use netwarden_engine::NamesError;
        match error {
            NamesError::Refused(why) => Self::Conflict(why.into()),
            NamesError::Store(error) => error.into(),
            NamesError::Audit(error) => error.into(),
            error @ NamesError::Closed => Self::failed(&error),
        }
    }
}

impl From<ParameterError> for OperateError {
    fn from(error: ParameterError) -> Self {
        Self::Invalid(error.to_string().into())
    }
}

impl From<ActionError> for OperateError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Store(error) => error.into(),
            ActionError::Audit(error) => error.into(),
            ActionError::List(error) => error.into(),
            error => Self::failed(&error),
        }
    }
}

impl From<RuleStoreError> for OperateError {
    fn from(error: RuleStoreError) -> Self {
        match error {
            RuleStoreError::Store(error) => error.into(),
            RuleStoreError::Rule(error) => Self::Invalid(error.to_string().into()),
            RuleStoreError::NoRule(id) => Self::not_found(Thing::Rule, id),
            RuleStoreError::NoRevision(..) => Self::not_found(Thing::Revision, error),
            RuleStoreError::NameTaken(_) => Self::Conflict(error.to_string().into()),
            RuleStoreError::Outdated { rule, given, present } => {
                Self::Outdated(Said::RuleMovedOn { rule, present, given })
            }
        }
    }
}

impl From<IdentityError> for OperateError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Store(error) => error.into(),
            IdentityError::NoSuchUser(name) => Self::not_found(Thing::User, name),
            IdentityError::NoSuchToken(id) => Self::not_found(Thing::Token, id),
            IdentityError::NoSuchSession(id) => Self::not_found(Thing::Session, id),
            IdentityError::NameTaken(name) => Self::Conflict(Said::UserIsThere { name }),
            IdentityError::AdminStays => Self::Conflict(Said::AdminStays),
            IdentityError::Busy => Self::Busy(Said::LoginsBusy),
            IdentityError::Background
            | IdentityError::Password(PasswordError::Memory | PasswordError::Encoding(_))
            | IdentityError::Policy(PolicyError::Stored(_)) => Self::failed(&error),
            IdentityError::BadName(name) => Self::Invalid(Said::BadUserName { name }),
            IdentityError::NoRole => Self::Invalid(Said::NoRole),
            IdentityError::NoOperation => Self::Invalid(Said::NoOperation),
            IdentityError::WiderToken => Self::Invalid(Said::WiderToken),
            IdentityError::Refused(breaches) => Self::Invalid(breaches.as_slice().into()),
            IdentityError::Password(error) => Self::Invalid((&error).into()),
            IdentityError::Policy(error) => Self::Invalid((&error).into()),
            IdentityError::Dictionary(error) => Self::Invalid((&error).into()),
            IdentityError::OldPassword => Self::Invalid(Said::OldPassword),
            IdentityError::AdminComesIn => Self::Conflict(Said::AdminComesIn),
            IdentityError::AttributeRange { attribute, least, most, given } => {
                let attribute = Word::new("attribute", attribute);
                Self::Invalid(Said::AttributeRange { attribute, least, most, given })
            }
            IdentityError::AttributeText { attribute, most } => {
                Self::Invalid(Said::AttributeText { attribute: Word::new("attribute", attribute), most })
            }
            IdentityError::BadRoleName(name) => Self::Invalid(Said::BadRoleName { name }),
            IdentityError::RoleNameTaken(name) => Self::Conflict(Said::RoleIsThere { name }),
            IdentityError::AdminsRole => Self::Conflict(Said::AdminsRole),
            IdentityError::RoleWithout => Self::Invalid(Said::RoleWithout),
            IdentityError::NotForRoles(name) => Self::Invalid(Said::NotForRoles { name }),
            IdentityError::NoSuchRole(name) => Self::Invalid(Said::NoSuchRole { name }),
            IdentityError::RoleInUse(count) => {
                Self::Conflict(Said::RoleInUse { count: i64::try_from(count).unwrap_or(i64::MAX) })
            }
            IdentityError::GrantsChanged => Self::Conflict(Said::GrantsChanged),
            IdentityError::FactorLabel => Self::Invalid(Said::FactorLabel),
            IdentityError::MostFactors(most) => Self::Conflict(Said::MostFactors { most }),
            IdentityError::NoSuchFactor(id) => Self::Invalid(Said::NoSuchFactor { id }),
            IdentityError::BadDomainName(name) => Self::Invalid(Said::BadDomainName { name }),
            IdentityError::DomainNameTaken(name) => Self::Conflict(Said::DomainIsThere { name }),
            IdentityError::NoSuchDomain(name) => Self::Invalid(Said::NoSuchDomain { name }),
            IdentityError::DomainInUse(count) => {
                Self::Conflict(Said::DomainInUse { count: i64::try_from(count).unwrap_or(i64::MAX) })
            }
            IdentityError::BadTenantName(name) => Self::Invalid(Said::BadTenantName { name }),
            IdentityError::TenantNameTaken(name) => Self::Conflict(Said::TenantIsThere { name }),
            IdentityError::NoSuchTenant(name) => Self::Invalid(Said::NoSuchTenant { name }),
            IdentityError::NoAgency => Self::Invalid(Said::NoAgency),
            IdentityError::AgenciesAbove(most) => {
                Self::Invalid(Said::AgenciesAbove { most: i64::try_from(most).unwrap_or(i64::MAX) })
            }
            IdentityError::TenantKeepsOthers(count) => {
                Self::Conflict(Said::TenantKeepsOthers { count: i64::try_from(count).unwrap_or(i64::MAX) })
            }
            IdentityError::AdminListed => Self::Invalid(Said::AdminListed),
            IdentityError::NoAddress(given) => Self::Invalid(Said::NoListedAddress { given }),
            IdentityError::DeviceListed(entry) => Self::Conflict(Said::DeviceListed { entry }),
            IdentityError::NoDevice(given) => Self::Invalid(Said::NoListedDevice { given }),
            IdentityError::NoResource(netwarden_identity::NoResource(given)) => {
                Self::Invalid(Said::NoResource { given })
            }
            IdentityError::DeniesNothing => Self::Invalid(Said::DeniesNothing),
            IdentityError::EndsBefore => Self::Invalid(Said::EndsBefore),
            IdentityError::MostEntries(most) => {
                Self::Conflict(Said::MostEntries { most: i64::try_from(most).unwrap_or(i64::MAX) })
            }
            IdentityError::NoSuchEntry(id) => Self::not_found(Thing::BlocklistEntry, id),
            IdentityError::TenantNeeded => Self::Invalid(Said::TenantNeeded),
            IdentityError::NoTenantHere => Self::Invalid(Said::NoTenantHere),
            IdentityError::BadUnusedAct(given) => Self::Invalid(Said::NoUnusedAct { given }),
            IdentityError::BadPolicyName => Self::Invalid(Said::LoginPolicyName),
            IdentityError::PolicyText(error) => Self::Invalid((&error).into()),
            IdentityError::PolicyNameTaken(name) => Self::Conflict(Said::LoginPolicyIsThere { name }),
            IdentityError::NoSuchPolicy(name) => Self::not_found(Thing::LoginPolicy, format!("'{name}'")),
            IdentityError::PolicyKind { name, found, wanted } => {
                let word = |kind| Word::new("policy-kind", kind);
                Self::Invalid(Said::LoginPolicyKind { name, found: word(found), wanted: word(wanted) })
            }
            IdentityError::PolicyInUse(count) => {
                Self::Conflict(Said::LoginPolicyInUse { count: i64::try_from(count).unwrap_or(i64::MAX) })
            }
            IdentityError::BadMobile(given) => Self::Invalid(Said::NoMobile { given }),
            IdentityError::BadMail(given) => Self::Invalid(Said::NoMail { given }),
            error => Self::Invalid(error.to_string().into()),
        }
    }
}

impl From<VaultError> for OperateError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            VaultError::NoSuchCredential(id) => Self::not_found(Thing::CredentialSet, id),
            VaultError::NameTaken(name) => Self::Conflict(Said::CredentialIsThere { name }),
            VaultError::BadOrder => Self::Invalid(error.to_string().into()),
            error => Self::failed(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use netwarden_identity::admission::hours::TextError;

    use super::*;

    #[test]
    fn accounts_and_credential_sets_say_it_in_the_same_words() {
        for error in [
            || IdentityError::NameTaken("ann".into()),
            || IdentityError::BadName("Ann".into()),
            || IdentityError::AdminStays,
            || IdentityError::NoRole,
            || IdentityError::NoOperation,
            || IdentityError::WiderToken,
            || IdentityError::OldPassword,
            || IdentityError::Refused(vec![netwarden_identity::password::Breach::Empty]),
            || IdentityError::AdminComesIn,
            || IdentityError::BadRoleName("x y".into()),
            || IdentityError::RoleNameTaken("x".into()),
            || IdentityError::AdminsRole,
            || IdentityError::RoleWithout,
            || IdentityError::NotForRoles("x".into()),
            || IdentityError::NoSuchRole("x".into()),
            || IdentityError::RoleInUse(2),
            || IdentityError::GrantsChanged,
            || IdentityError::FactorLabel,
            || IdentityError::MostFactors(8),
            || IdentityError::NoSuchFactor(7),
            || IdentityError::BadDomainName("x y".into()),
            || IdentityError::DomainNameTaken("x".into()),
            || IdentityError::NoSuchDomain("x".into()),
            || IdentityError::DomainInUse(2),
            || IdentityError::BadTenantName("x y".into()),
            || IdentityError::TenantNameTaken("x".into()),
            || IdentityError::NoSuchTenant("x".into()),
            || IdentityError::NoAgency,
            || IdentityError::AgenciesAbove(7),
            || IdentityError::TenantKeepsOthers(2),
            || IdentityError::AdminListed,
            || IdentityError::NoDevice("x".into()),
            || IdentityError::DeviceListed(7),
            || IdentityError::NoAddress("x".into()),
            || IdentityError::NoResource(netwarden_identity::NoResource("x".into())),
            || IdentityError::DeniesNothing,
            || IdentityError::EndsBefore,
            || IdentityError::MostEntries(2),
            || IdentityError::TenantNeeded,
            || IdentityError::NoTenantHere,
            || IdentityError::AttributeRange { attribute: "idle_s", least: 1, most: 2, given: 3 },
            || IdentityError::AttributeText { attribute: "welcome", most: 1 },
            || IdentityError::BadUnusedAct("x".into()),
            || IdentityError::BadPolicyName,
            || IdentityError::PolicyNameTaken("office".into()),
            || IdentityError::PolicyKind { name: "x".into(), found: "hours", wanted: "addresses" },
            || IdentityError::PolicyInUse(2),
            || IdentityError::PolicyText(TextError::Address { line: 1, text: "x".into() }),
            || IdentityError::PolicyText(TextError::Hours { line: 1, text: "x".into() }),
            || IdentityError::PolicyText(TextError::Zone { line: 1, text: "x".into() }),
            || IdentityError::PolicyText(TextError::Backwards),
            || IdentityError::PolicyText(TextError::Empty),
            || IdentityError::PolicyText(TextError::TooLong(2)),
        ] {
            assert_eq!(OperateError::from(error()).to_string(), error().to_string());
        }
        let taken = || VaultError::NameTaken("core".into());
        assert_eq!(OperateError::from(taken()).to_string(), taken().to_string());
    }

    #[test]
    fn what_is_said_is_what_is_displayed_but_for_what_lies_beneath_a_failure() {
        let denied = OperateError::Denied { operation: Operation::PortOff, because: Because::OutsideScope };
        for error in [
            denied,
            OperateError::NotIdentified("log in first, or present a token".to_owned()),
            OperateError::Barred(Bar::Hours),
            OperateError::not_found(Thing::CredentialSet, "'core'"),
            OperateError::Invalid(Said::ReasonNeeded),
            OperateError::Conflict("free text".into()),
            OperateError::Outdated(Said::Outdated { what: Said::called(Thing::Rule, "'x'").into() }),
            OperateError::Unrecorded(AuditError::Full),
            OperateError::Unrecorded(AuditError::NotOpen(7)),
        ] {
            assert_eq!(error.said().to_string(), error.to_string());
        }
        let failed = OperateError::Failed("/var/lib/netwarden/db is gone".to_owned());
        assert_eq!(failed.said(), Said::PartFailed);
    }
}
