//! What can go wrong with accounts. Refused logins are no errors: they are recorded and counted.

use netwarden_store::StoreError;

use crate::admission::hours::TextError;
use crate::password::words::DictionaryError;
use crate::password::{Breach, PasswordError, PolicyError};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The database failed.
    #[error("the accounts cannot be used")]
    Store(#[source] StoreError),
    /// More logins wait than can be worked on soon.
    #[error("too many people log in at present: try again in a minute")]
    Busy,
    /// Something is wrong with a password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A new password breaks these rules.
    #[error("the password is refused: {}", told(.0))]
    Refused(Vec<Breach>),
    /// Something is wrong with settings of passwords.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Something is wrong with a dictionary.
    #[error(transparent)]
    Dictionary(#[from] DictionaryError),
    /// A name that no user can have.
    #[error("'{0}' is no user name: 1 to 64 lower-case letters, digits, '.', '_', '-' and '@' are allowed")]
    BadName(String),
    /// What is no mobile number.
    #[error("'{0}' is no mobile number: at least 5 digits are needed, with '+', '-', '/', '.', '(' and ')'")]
    BadMobile(String),
    /// What is no mail address.
    #[error("'{0}' is no mail address: one '@' with something before and behind it is needed")]
    BadMail(String),
    /// A number that an attribute of an account does not take.
    #[error("{attribute} takes {least} to {most}, not {given}")]
    AttributeRange {
        /// Which.
        attribute: &'static str,
        /// Least.
        least: u32,
        /// Most.
        most: u32,
        /// What was given.
        given: u32,
    },
    /// A text that is too long for an attribute of an account.
    #[error("{attribute} has at most {most} characters")]
    AttributeText {
        /// Which.
        attribute: &'static str,
        /// Most.
        most: usize,
    },
    /// What cannot become of an unused account.
    #[error("'{0}' cannot become of an unused account: none, disable and delete can")]
    BadUnusedAct(String),
    /// A name that no login policy can have.
    #[error("a login policy needs a name of 1 to 64 characters")]
    BadPolicyName,
    /// The lines of a login policy say nothing that can be followed.
    #[error(transparent)]
    PolicyText(#[from] TextError),
    /// Another login policy has the name.
    #[error("there is a login policy '{0}' already")]
    PolicyNameTaken(String),
    /// There is no such login policy.
    #[error("there is no login policy '{0}'")]
    NoSuchPolicy(String),
    /// A policy of addresses was given for hours, or the other way round.
    #[error("the login policy '{name}' is of the kind {found}, not {wanted}")]
    PolicyKind {
        /// Which.
        name: String,
        /// Its kind.
        found: &'static str,
        /// The kind that is needed.
        wanted: &'static str,
    },
    /// Accounts follow the policy.
    #[error("{0} accounts follow this login policy; give them another one first")]
    PolicyInUse(u64),
    /// Another user has the name.
    #[error("there is a user '{0}' already")]
    NameTaken(String),
    /// There is no such user.
    #[error("there is no user {0}")]
    NoSuchUser(String),
    /// There is no such token.
    #[error("there is no token {0}")]
    NoSuchToken(i64),
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSuchSession(i64),
    /// The built-in account must stay usable.
    #[error("the built-in user 'admin' cannot be disabled, deleted or lose the role superuser")]
    AdminStays,
    /// The built-in account must be able to come in whenever it is needed.
    #[error("the built-in user 'admin' cannot be limited in time, sessions or logins")]
    AdminComesIn,
    /// A role that cannot be given.
    #[error("there is no role '{0}'")]
    NoSuchRole(String),
    /// The role of the built-in user.
    #[error("the role 'superuser' is that of the built-in user 'admin' alone")]
    AdminsRole,
    /// A name that no role can have.
    #[error(
        "'{0}' is no name of a role: 1 to 64 lower-case letters, digits, '_' and '-' are allowed, and no built-in one"
    )]
    BadRoleName(String),
    /// Another role has the name.
    #[error("there is a role '{0}' already")]
    RoleNameTaken(String),
    /// A role would be good for nothing.
    #[error("a role needs at least one operation")]
    RoleWithout,
    /// The condition of a role cannot be used.
    #[error("the condition of the role, {0}")]
    Condition(#[from] netwarden_conditions::ConditionError),
    /// The local user is known as somebody else.
    #[error("the local user {0} is known as another account: unmap it there first")]
    UidTaken(i64),
    /// A label that no account can have.
    #[error("'{0}' is no label: 1 to 64 letters, digits, '_', '-' and '.' are allowed")]
    BadLabel(String),
    /// Too many labels.
    #[error("an account has at most {0} labels")]
    MostLabels(usize),
    /// An operation that no role gives: everybody may do it, to what is their own or at all.
    #[error("'{0}' is given by no role: everybody may do it to what is their own")]
    NotForRoles(String),
    /// Accounts have the role.
    #[error("{0} accounts have this role; give them another one first")]
    RoleInUse(u64),
    /// A domain that cannot be.
    #[error(transparent)]
    Domain(#[from] crate::domain::DomainError),
    /// A name that no domain can have.
    #[error("'{0}' is no name of a domain: 1 to 64 lower-case letters, digits, '_' and '-' are allowed")]
    BadDomainName(String),
    /// Another domain has the name.
    #[error("there is a domain '{0}' already")]
    DomainNameTaken(String),
    /// There is no such domain.
    #[error("there is no domain '{0}'")]
    NoSuchDomain(String),
    /// Accounts or tokens are confined to the domain.
    #[error(
        "{0} accounts or tokens are confined to this domain; give them other roles and revoke those first"
    )]
    DomainInUse(u64),
    /// A name that no tenant can have.
    #[error("'{0}' is no name of a tenant: 1 to 64 lower-case letters, digits, '_' and '-' are allowed")]
    BadTenantName(String),
    /// Another tenant has the name.
    #[error("there is a tenant '{0}' already")]
    TenantNameTaken(String),
    /// There is no such tenant.
    #[error("there is no tenant '{0}'")]
    NoSuchTenant(String),
    /// Tenants are kept by agencies alone.
    #[error("only an agency keeps other tenants")]
    NoAgency,
    /// Too many agencies, one above the other.
    #[error("at most {0} agencies stand one above the other")]
    AgenciesAbove(usize),
    /// The agency keeps tenants.
    #[error("{0} tenants belong to this agency; delete them first")]
    TenantKeepsOthers(u64),
    /// The built-in account must be able to come in whenever it is needed.
    #[error("the built-in user 'admin' is never on the blocklist")]
    AdminListed,
    /// What is to be listed is no address.
    #[error("'{0}' is no address, range or network")]
    NoAddress(String),
    /// What is to be listed is no MAC address.
    #[error("'{0}' is no MAC address")]
    NoDevice(String),
    /// The device is on the list.
    #[error("entry {0} of the blocklist keeps this device out already")]
    DeviceListed(i64),
    /// An entry that denies nothing.
    #[error("an entry of the blocklist denies at least one thing")]
    DeniesNothing,
    /// What was named cannot be denied.
    #[error(transparent)]
    NoResource(#[from] crate::blocklist::NoResource),
    /// An entry that has ended before it begins.
    #[error("an entry of the blocklist ends in the future")]
    EndsBefore,
    /// Too many entries.
    #[error("the blocklist has at most {0} entries")]
    MostEntries(usize),
    /// There is no such entry.
    #[error("there is no entry {0} on the blocklist")]
    NoSuchEntry(i64),
    /// Whose account it is to be was not said.
    #[error("an account on the tenants' plane belongs to a tenant")]
    TenantNeeded,
    /// Tenants have users on their own plane alone.
    #[error("only accounts on the tenants' plane belong to a tenant")]
    NoTenantHere,
    /// Somebody gave the account other roles meanwhile.
    #[error("the account was given other roles meanwhile; look again")]
    GrantsChanged,
    /// A label that no second factor can have.
    #[error("a second factor needs a label of 1 to 64 characters")]
    FactorLabel,
    /// Too many second factors.
    #[error("an account has at most {0} second factors")]
    MostFactors(i64),
    /// There is no such second factor.
    #[error("there is no second factor {0}")]
    NoSuchFactor(i64),
    /// A user needs a role.
    #[error("a user needs at least one role")]
    NoRole,
    /// A token that is good for nothing.
    #[error("a token needs at least one operation")]
    NoOperation,
    /// A token would be good for more than the one that makes it.
    #[error("a token cannot make one that is good for more, or longer, than itself")]
    WiderToken,
    /// A token that ends in the past or too far away.
    #[error("a token must end in the future, and within {0} days")]
    TokenEnd(i64),
    /// The old password given was wrong, or the account is locked.
    #[error("the old password is not right")]
    OldPassword,
    /// The work in the background was lost.
    #[error("the password could not be worked on; the system is ending")]
    Background,
}

fn told(breaches: &[Breach]) -> String {
    breaches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<StoreError> for IdentityError {
    fn from(error: StoreError) -> Self {
        IdentityError::Store(error)
    }
}

impl From<sea_orm::DbErr> for IdentityError {
    fn from(error: sea_orm::DbErr) -> Self {
        IdentityError::Store(error.into())
    }
}
