//! The one decision: may this subject do this operation to this object, now?
//!
//! Pure and total. What is not allowed by a line of the table is denied, and every answer says why.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::{NeId, Plane, Scope, UserId};

use crate::blocklist::Denied;
use crate::domain::Members;
use crate::grant::{Grant, Grants};
use crate::operation::{Access, OPERATIONS, ObjectKind, Operation, Reach};
use crate::role::{Role, Roles};
use crate::tenant::TenantPath;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A caller who has not been identified.
    Unidentified,
    /// A user whom the session, token or socket has been shown to belong to.
    User(Identified),
}

/// An identified user, with all of their account that decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The account.
    pub user: UserId,
    /// Its name, as the trail names it.
    pub name: String,
    /// The tenant to which the user belongs; None of everybody else.
    pub tenant: Option<TenantPath>,
    /// What the user is, and where, under these circumstances.
    pub grants: Grants,
    /// What the user is under others: nothing comes of it now.
    pub dormant: Arc<Grants>,
    /// The roles of the user's plane.
    pub roles: Arc<Roles>,
    /// The elements of the domains; without them a grant that is confined to one is good for nothing.
    pub members: Arc<Members>,
    /// False for an account that was switched off.
    pub enabled: bool,
    /// The password was set by somebody else, or has come to its end: nothing else is done before it is
    /// changed.
    pub must_change_password: bool,
    /// When the password ends, where that is soon or past; of sessions alone.
    pub password_ends: Option<Timestamp>,
    /// There is something that the user was to be told after the login and has not acknowledged; of sessions
    /// alone.
    pub has_notice: bool,
    /// How the session stands as far as a second factor goes.
    pub second_factor: SecondFactor,
    /// What the blocklist denies the user, there from where they come.
    pub denied: Arc<Denied>,
    /// By what the user was identified.
    pub through: Through,
    /// The version of the rights that this was read at.
    pub policy_version: i64,
}

impl Identified {
    /// The user space to which the user belongs.
    pub fn plane(&self) -> Plane {
        self.roles.plane()
    }

    /// The grants of the user that have the right to the operation, wherever they count.
    pub fn grants_with(&self, operation: Operation) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| self.roles.has(&grant.role, operation))
    }

    /// In what part of the network the user may do the operation, or see what it shows.
    pub fn scope(&self, operation: Operation) -> Scope {
        let mut inside: Option<Arc<BTreeSet<NeId>>> = None;
        for grant in self.grants_with(operation) {
            let Some(domain) = &grant.domain else { return Scope::All };
            let Some(members) = self.members.get(domain) else { continue };
            match &mut inside {
                None => inside = Some(Arc::clone(members)),
                Some(inside) => Arc::make_mut(inside).extend(members.iter()),
            }
        }
        Scope::Elements(inside.unwrap_or_default())
    }

    /// True where the user has every right that the grant gives, wherever it gives it: nobody gives or takes
    /// what they do not have.
    fn covers(&self, given: &Grant) -> bool {
        let domain = given.domain.as_deref();
        let has = |operation| self.grants_with(operation).any(|grant| grant.reaches(domain));
        let mut lines = OPERATIONS.iter().filter(|line| self.roles.has(&given.role, line.operation));
        self.grants.contains(given) || lines.all(|line| has(line.operation))
    }

    /// True where what belongs to a tenant is for a user with this grant: of a tenant's user it is what is the tenant's,
    /// and of an agency's also what is that of the tenants below (IAM-21).
    fn reaches_tenant(&self, grant: &Grant, tenant: Option<&TenantPath>) -> bool {
        match (&self.tenant, tenant) {
            // On the tenants' plane there is nobody else without a tenant.
            (None, _) => self.plane() != Plane::Tenant || grant.role == Role::Superuser,
            (Some(own), Some(tenant)) => {
                tenant == own || (grant.role == Role::Agency && tenant.is_within(own))
            }
            (Some(_), None) => false,
        }
    }

    /// Which tenants' accounts the lists of an operation show.
    pub fn tenants(&self, operation: Operation) -> TenantScope {
        let mut grants = self.grants_with(operation);
        match &self.tenant {
            None if self.plane() != Plane::Tenant => TenantScope::All,
            None if grants.any(|grant| grant.role == Role::Superuser) => TenantScope::All,
            None => TenantScope::None,
            Some(own) if grants.any(|grant| grant.role == Role::Agency) => TenantScope::Within(own.clone()),
            Some(own) => TenantScope::Only(own.clone()),
        }
    }

    /// True where the user keeps the rights of others without having them: duties are separated (S3 6.1.1). What
    /// `admin` has is nobody's to give.
    pub fn manages(&self, given: &Grant) -> bool {
        let manages = |grant: &Grant| {
            let is_of_tenants = matches!(grant.role, Role::Agency | Role::CompanyTenant);
            let manages = grant.role == Role::SmManagers || (is_of_tenants && self.tenant.is_some());
            // Who keeps their own tenant gives nobody the keeping of others.
            let keeps_others = || {
                OPERATIONS.iter().any(|line| {
                    line.change
                        && line.object == ObjectKind::Tenant
                        && self.roles.has(&given.role, line.operation)
                })
            };
            let manages = manages && (grant.role != Role::CompanyTenant || !keeps_others());
            manages && self.roles.knows(&grant.role) && grant.reaches(given.domain.as_deref())
        };
        given.role != Role::Superuser && self.grants.iter().any(manages)
    }
}

/// Whose accounts somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantScope {
    /// All there are on the plane.
    All,
    /// Those of this tenant and of what is below it.
    Within(TenantPath),
    /// Those of this tenant.
    Only(TenantPath),
    /// None.
    None,
}

/// How a session stands as far as a second factor goes (IAM-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// The account has none, and none of its roles demands one.
    NotAsked,
    /// A role demands one, and the account has none yet: nothing else is done before.
    ToBeMade,
    /// The account has one, and it was not proven in this session: nothing else is done before.
    Missing,
    /// It was proven.
    Proven {
        /// Until then for what is dangerous, too.
        until: Timestamp,
    },
}

impl SecondFactor {
    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            SecondFactor::NotAsked => "not_asked",
            SecondFactor::ToBeMade => "to_be_made",
            SecondFactor::Missing => "missing",
            SecondFactor::Proven { .. } => "proven",
        }
    }
}

/// By what a user was identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Through {
    /// A session after login; its row.
    Session(i64),
    /// A token, which narrows the user's rights.
    Token {
        /// Its row.
        id: i64,
        /// To what.
        limits: Arc<TokenLimits>,
    },
    /// The local socket, whose peer has this uid.
    LocalUid(u32),
}

/// What a token may be used for at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLimits {
    /// The operations; the empty set is good for nothing.
    pub operations: BTreeSet<Operation>,
    /// The domains to which it is confined; none where it goes as far as its owner.
    pub domains: BTreeSet<String>,
    /// When it ends.
    pub expires: Timestamp,
}

/// Where an object stands in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is data of the system, or a list that is confined by the subject's scope itself.
    System,
    /// It belongs to this element.
    Ne(NeId),
    /// It belongs to no known element: an endpoint never located.
    Unplaced,
    /// It may belong to any element.
    Everywhere,
    /// It is not chosen yet: only whether it can be done to anything at all is asked.
    Somewhere,
}

/// What the operation is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its kind, which must be the operation's.
    pub kind: ObjectKind,
    /// Where it stands.
    pub place: Place,
    /// Whose it is, for sessions, tokens, jobs and accounts.
    pub owner: Option<UserId>,
    /// For accounts and what belongs to them: the grants that the account has and is to have.
    pub grants: Grants,
    /// For accounts and what belongs to them: the plane to which the account belongs.
    pub plane: Option<Plane>,
    /// The tenant itself, or the one to which the account belongs.
    pub tenant: Option<TenantPath>,
}

impl Object {
    /// Data of the system, or a list.
    pub const fn of(kind: ObjectKind) -> Self {
        Self { kind, place: Place::System, owner: None, grants: Grants::new(), plane: None, tenant: None }
    }

    /// What belongs to an element, or to none that is known.
    pub const fn placed(kind: ObjectKind, ne: Option<NeId>) -> Self {
        let place = match ne {
            Some(ne) => Place::Ne(ne),
            None => Place::Unplaced,
        };
        Self { kind, place, owner: None, grants: Grants::new(), plane: None, tenant: None }
    }

    /// What belongs to a user: a session, a token, a job.
    pub const fn owned(kind: ObjectKind, owner: UserId) -> Self {
        Self {
            kind,
            place: Place::System,
            owner: Some(owner),
            grants: Grants::new(),
            plane: None,
            tenant: None,
        }
    }

    /// What is still to be chosen; when it is, the decision is asked for again.
    pub const fn some(kind: ObjectKind) -> Self {
        Self { kind, place: Place::Somewhere, owner: None, grants: Grants::new(), plane: None, tenant: None }
    }

    /// What is found all over the network, and cannot be told apart.
    pub const fn everywhere(kind: ObjectKind) -> Self {
        Self { kind, place: Place::Everywhere, owner: None, grants: Grants::new(), plane: None, tenant: None }
    }

    /// Belonging to a tenant.
    #[must_use]
    pub fn of_tenant(self, tenant: Option<TenantPath>) -> Self {
        Self { tenant, ..self }
    }

    /// An account, or what belongs to it, with the grants that the account has and is to have.
    pub const fn account(kind: ObjectKind, owner: UserId, plane: Plane, grants: Grants) -> Self {
        Self { kind, place: Place::System, owner: Some(owner), grants, plane: Some(plane), tenant: None }
    }

    /// An account that is to be made with these grants.
    pub const fn new_account(plane: Plane, grants: Grants) -> Self {
        Self {
            kind: ObjectKind::User,
            place: Place::System,
            owner: None,
            grants,
            plane: Some(plane),
            tenant: None,
        }
    }
}

/// What else the decision depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The time.
    pub at: Timestamp,
    /// Where the caller is; None on the local socket.
    pub address: Option<IpAddr>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// May it be done?
    pub allowed: bool,
    /// Why, or why not; what the trail records of a denial.
    pub because: Because,
}

/// Why something is allowed or denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// Allowed: it is one of the few things that need no identification.
    OpenToAnyone,
    /// Allowed: it is the user's own.
    IsOwn,
    /// Allowed: this role, confined or not, has the right.
    RoleHas(Grant),
    /// Denied: the caller is not identified.
    NotIdentified,
    /// Denied: there is no such operation.
    NoSuchOperation(String),
    /// Denied: it is nothing that users of this plane do.
    NotInPlane(Plane),
    /// Denied: the operation is not for such an object.
    WrongObject {
        /// What the operation is for.
        expected: ObjectKind,
        /// What it was asked for.
        found: ObjectKind,
    },
    /// Denied: this entry of the blocklist does.
    Listed(i64),
    /// Denied: the account is switched off.
    AccountDisabled,
    /// Denied: the password must be changed first.
    PasswordMustChange,
    /// Denied: the second factor must be proven first.
    SecondFactorMissing,
    /// Denied: a second factor must be set up first.
    SecondFactorToBeMade,
    /// Denied: it is dangerous, and the second factor was proven too long ago.
    ProofTooOld,
    /// Denied: the token has ended.
    TokenExpired,
    /// Denied: the token is not for this operation.
    TokenNotForThis,
    /// Denied: none of the user's roles has the right.
    NoRoleHas,
    /// Denied: this role has the right, and its condition does not hold.
    NotNow(String),
    /// Denied: it is somebody else's.
    NotOwn,
    /// Denied: the object lies outside what the user may see.
    OutsideScope,
    /// Denied: the right is confined to this domain, and the operation concerns more than that.
    ConfinedTo(String),
    /// Denied: the account has, or is to have, a role that is neither built in nor made here.
    ForeignRole(String),
    /// Denied: the account has, or is to have, a role with more rights than the subject's.
    WiderRole(String),
    /// Denied: it belongs to a tenant that the user does not keep, or to no tenant alone.
    OtherTenant,
    /// Denied: the account belongs to another plane.
    OtherPlane(Plane),
    /// Denied: who keeps the rights of others does not give any to themselves.
    OwnRights,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Because::OpenToAnyone => f.write_str("it needs no identification"),
            Because::IsOwn => f.write_str("it is the user's own"),
            Because::RoleHas(role) => write!(f, "the role {role} has the right"),
            Because::NotIdentified => f.write_str("the caller is not identified"),
            Because::NoSuchOperation(name) => write!(f, "there is no operation '{name}'"),
            Because::NotInPlane(plane) => write!(f, "it is nothing that users of the plane '{plane}' do"),
            Because::WrongObject { expected, found } => {
                write!(f, "the operation is for a {}, not for a {}", expected.as_str(), found.as_str())
            }
            Because::Listed(entry) => write!(f, "entry {entry} of the blocklist denies it"),
            Because::AccountDisabled => f.write_str("the account is switched off"),
            Because::PasswordMustChange => f.write_str("the password must be changed first"),
            Because::SecondFactorMissing => f.write_str("the second factor must be proven first"),
            Because::SecondFactorToBeMade => f.write_str("a second factor must be set up first"),
            Because::ProofTooOld => {
                f.write_str("it is dangerous: the second factor must be proven once more")
            }
            Because::TokenExpired => f.write_str("the token has ended"),
            Because::TokenNotForThis => f.write_str("the token is not for this operation"),
            Because::NoRoleHas => f.write_str("none of the user's roles has the right"),
            Because::NotNow(role) => write!(f, "the condition of the role '{role}' does not hold now"),
            Because::NotOwn => f.write_str("it belongs to somebody else"),
            Because::OutsideScope => f.write_str("it lies outside the part of the network the user may see"),
            Because::ConfinedTo(domain) => {
                write!(f, "the right is confined to the domain '{domain}', and this concerns more than that")
            }
            Because::ForeignRole(role) => write!(f, "accounts with the role '{role}' are managed elsewhere"),
            Because::OtherTenant => f.write_str("it is not for users of this tenant"),
            Because::OtherPlane(plane) => write!(f, "the account belongs to the plane '{plane}'"),
            Because::OwnRights => f.write_str("nobody gives rights to their own account"),
            Because::WiderRole(role) => write!(f, "the role '{role}' has more rights than one's own"),
        }
    }
}

/// Decides. Every route, command and page asks here and nowhere else.
pub fn decide(
    subject: &Subject,
    operation: Operation,
    object: &Object,
    circumstances: &Circumstances,
) -> Decision {
    match judge(subject, operation, object, circumstances) {
        Ok(because) => Decision { allowed: true, because },
        Err(because) => Decision { allowed: false, because },
    }
}

/// As [`decide`] for an operation by its name; a name that is not in the table is denied.
pub fn decide_named(
    subject: &Subject,
    operation: &str,
    object: &Object,
    circumstances: &Circumstances,
) -> Decision {
    match operation.parse() {
        Ok(operation) => decide(subject, operation, object, circumstances),
        Err(_) => Decision { allowed: false, because: Because::NoSuchOperation(operation.to_owned()) },
    }
}

/// Which audit records a subject may read (S4 table 10; S3 6.1.1), from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditReach {
    /// None.
    Nothing,
    /// Those about endpoints and groups of endpoints.
    EndpointsOnly,
    /// All but those of users, their rights and their logins.
    NoSecurity,
    /// All of the plane.
    All,
}

/// Which audit records `subject` may read; [`Operation::AuditRead`] must be allowed besides.
pub fn audit_reach(subject: &Subject) -> AuditReach {
    let Subject::User(user) = subject else { return AuditReach::Nothing };
    // The trail is one: a role that is confined to a domain reads none of it, nor does a tenant.
    if user.tenant.is_some() {
        return AuditReach::Nothing;
    }
    let whole = user.grants_with(Operation::AuditRead).filter(|grant| grant.is_whole());
    let reach = whole.map(|grant| match grant.role {
        Role::Helpdesk => AuditReach::EndpointsOnly,
        Role::Administrators => AuditReach::NoSecurity,
        // A role that was made here reads all or nothing.
        _ => AuditReach::All,
    });
    reach.max().unwrap_or(AuditReach::Nothing)
}

fn judge(
    subject: &Subject,
    operation: Operation,
    object: &Object,
    circumstances: &Circumstances,
) -> Result<Because, Because> {
    let line = operation.declaration();
    if object.kind != line.object {
        return Err(Because::WrongObject { expected: line.object, found: object.kind });
    }
    if line.access == Access::Anyone {
        return Ok(Because::OpenToAnyone);
    }
    let Subject::User(user) = subject else { return Err(Because::NotIdentified) };
    if !user.enabled {
        return Err(Because::AccountDisabled);
    }
    if let Some(entry) = user.denied.operation(operation) {
        return Err(Because::Listed(entry));
    }
    if !operation.is_in(user.plane()) {
        return Err(Because::NotInPlane(user.plane()));
    }
    if let Some(other) = object.plane.filter(|plane| *plane != user.plane()) {
        return Err(Because::OtherPlane(other));
    }
    if let Through::Token { limits, .. } = &user.through {
        if circumstances.at >= limits.expires {
            return Err(Because::TokenExpired);
        }
        // A second factor is set up and taken away in sessions, which have proven one.
        let is_of_sessions = line.object == ObjectKind::Factor && line.access == Access::Own;
        // What is its owner's may be of more than the domains to which it is confined.
        let is_of_more = !limits.domains.is_empty()
            && matches!(
                operation,
                Operation::JobReadOwn
                    | Operation::JobCancelOwn
                    | Operation::SessionLogout
                    | Operation::TokenRevokeOwn
                    | Operation::UserChangeOwnPassword
            );
        if is_of_sessions || is_of_more || !limits.operations.contains(&operation) {
            return Err(Because::TokenNotForThis);
        }
    }
    match user.second_factor {
        SecondFactor::Missing if !before_proof(operation) => return Err(Because::SecondFactorMissing),
        SecondFactor::ToBeMade if !before_factor(operation) => return Err(Because::SecondFactorToBeMade),
        SecondFactor::Proven { until } if operation.is_dangerous() && circumstances.at >= until => {
            return Err(Because::ProofTooOld);
        }
        _ => {}
    }
    // Who comes by the local socket was not identified by the password.
    let by_password = !matches!(user.through, Through::LocalUid(_));
    if user.must_change_password && by_password && !before_new_password(operation) {
        return Err(Because::PasswordMustChange);
    }
    let because = match line.access {
        Access::Anyone => Because::OpenToAnyone,
        // An account without any role of this plane has nothing here, not even its own things.
        Access::Own
            if !user.grants.iter().chain(user.dormant.iter()).any(|grant| user.roles.knows(&grant.role)) =>
        {
            return Err(Because::NoRoleHas);
        }
        // What is still to be chosen is so among one's own.
        Access::Own if object.owner == Some(user.user) || object.place == Place::Somewhere => Because::IsOwn,
        Access::Own => return Err(Because::NotOwn),
        Access::Roles(_) => Because::RoleHas(granted(user, operation, object)?.clone()),
    };
    // Ending a session or a token gives nobody anything.
    let ends_only = matches!(operation, Operation::SessionEnd | Operation::TokenRevoke);
    if line.change && line.access != Access::Own && !ends_only {
        separated(user, operation, object, &because)?;
    }
    Ok(because)
}

/// Separation of duty: nobody comes to rights by giving them, or by taking over an account that has them; and the
/// administrator of network access control keeps the accounts of its roles alone.
fn separated(
    user: &Identified,
    operation: Operation,
    object: &Object,
    because: &Because,
) -> Result<(), Because> {
    let others = user.grants_with(operation).any(|grant| grant.role != Role::Administrator);
    let by_nac = matches!(because, Because::RoleHas(grant) if grant.role == Role::Administrator) && !others;
    let foreign = |grant: &&Grant| {
        let is_of_others = by_nac && grant.role.is_built_in() && !grant.role.is_nac();
        is_of_others || !user.roles.knows(&grant.role)
    };
    if let Some(foreign) = object.grants.iter().find(foreign) {
        return Err(Because::ForeignRole(foreign.role.as_str().to_owned()));
    }
    for given in object.grants.iter().filter(|grant| !user.covers(grant)) {
        // A token is in the hands of who makes it: keeping rights for others is no way to have them.
        if operation == Operation::TokenCreate || !user.manages(given) {
            return Err(Because::WiderRole(given.to_string()));
        }
        // Labels are what conditions ask for.
        let gives = matches!(operation, Operation::UserSetRoles | Operation::UserModify);
        if object.owner == Some(user.user) && gives {
            return Err(Because::OwnRights);
        }
    }
    Ok(())
}

/// The grant of the user that has the right to the operation on this object.
fn granted<'u>(user: &'u Identified, operation: Operation, object: &Object) -> Result<&'u Grant, Because> {
    let of_tenant = |grant: &&Grant| match object.place {
        // The trail and the roles are the plane's as a whole.
        _ if user.tenant.is_some() && matches!(object.kind, ObjectKind::Audit | ObjectKind::Role) => false,
        Place::Somewhere => true,
        // Lists show what is the tenant's.
        Place::System if is_list(operation, object) => true,
        // Who keeps a tenant is above it.
        _ if is_own_tenant(user, operation, object) => false,
        _ => user.reaches_tenant(grant, object.tenant.as_ref()),
    };
    let reaches = |grant: &&Grant| {
        let Some(domain) = &grant.domain else { return true };
        match (operation.reach(), object.place) {
            (Reach::Elements | Reach::Accounts, Place::Somewhere) => true,
            // A list shows what lies inside.
            (Reach::Elements, Place::System) => !operation.is_change(),
            (Reach::Elements, Place::Ne(ne)) => user.members.contains(domain, ne),
            (Reach::Accounts, Place::System) if object.grants.is_empty() => {
                !operation.is_change() && object.owner.is_none()
            }
            // Accounts belong to a domain where nothing of theirs reaches beyond it.
            (Reach::Accounts, Place::System) => {
                object.grants.iter().all(|theirs| theirs.domain.as_ref() == Some(domain))
            }
            _ => false,
        }
    };
    let (mut confined, mut elsewhere) = (None, false);
    for grant in user.grants_with(operation) {
        if !of_tenant(&grant) {
            elsewhere = true;
            continue;
        }
        if reaches(&grant) {
            return Ok(grant);
        }
        confined = grant.domain.as_ref();
    }
    if elsewhere {
        return Err(Because::OtherTenant);
    }
    let has_right = |grant: &&Grant| user.roles.has(&grant.role, operation);
    Err(match (confined, object.place) {
        (None, _) => match user.dormant.iter().find(has_right) {
            Some(grant) => Because::NotNow(grant.role.to_string()),
            None => Because::NoRoleHas,
        },
        (Some(_), Place::Ne(_) | Place::Unplaced) => Because::OutsideScope,
        (Some(domain), _) => Because::ConfinedTo(domain.clone()),
    })
}

/// True for what is read, and is no single thing of somebody's.
fn is_list(operation: Operation, object: &Object) -> bool {
    !operation.is_change() && object.owner.is_none() && object.plane.is_none() && object.tenant.is_none()
}

/// True for what is done to the very tenant to which the user belongs.
fn is_own_tenant(user: &Identified, operation: Operation, object: &Object) -> bool {
    let is_done_to_it = matches!(
        operation,
        Operation::TenantModify | Operation::TenantDelete | Operation::TenantAddAdministrator
    );
    is_done_to_it && user.tenant.is_some() && user.tenant == object.tenant
}

/// What may be done in a session before its second factor was proven.
const fn before_proof(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::SessionProve
            | Operation::SessionReadOwn
            | Operation::SessionLogout
            | Operation::UserReadOwn
    )
}

/// What may be done before there is the second factor that a role demands. The password comes first where it must
/// be changed.
const fn before_factor(operation: Operation) -> bool {
    before_proof(operation)
        || before_new_password(operation)
        || matches!(operation, Operation::FactorReadOwn | Operation::FactorAddOwn)
}

/// What a user with a password set by somebody else may do.
const fn before_new_password(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::UserChangeOwnPassword
            | Operation::UserReadOwn
            | Operation::SessionReadOwn
            | Operation::SessionLogout
    )
}
