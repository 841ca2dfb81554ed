//! Users, roles, passwords, tokens and sessions, and the one function that decides access.
//!
//! Beside the flow: `operate` asks here who the caller is and whether the operation is allowed, then
//! records and acts. The deciding parts ([`decide`](mod@decide), [`operation`], [`role`], [`grant`], [`domain`], [`factor`], [`admission`],
//! [`password`], [`secret`], [`lockout`]) are pure: time and randomness are arguments. [`Identity`]
//! reads accounts, tokens and sessions from the store; the changes in [`accounts`] take the caller's
//! transaction, so that `operate` records them in the trail in the same one. This crate never
//! returns a stored password, token or session id, and never acts on the network.

pub mod accounts;
pub mod admission;
pub mod blocklist;
pub mod blocklists;
pub mod condition;
pub mod crowd;
pub mod decide;
pub mod domain;
pub mod domains;
mod error;
pub mod factor;
pub mod factors;
pub mod grant;
mod lanes;
mod listed;
pub mod lockout;
pub mod login;
pub mod login_policies;
pub mod operation;
pub mod passkey;
pub mod password;
mod passwords;
mod rights;
pub mod role;
pub mod roles;
mod schema;
pub mod secret;
mod service;
pub mod sharing;
mod sharings;
mod sql;
pub mod tenant;
pub mod tenants;
#[cfg(test)]
mod tests;

pub use accounts::{ADMIN, Keep, NewToken, NewUser, TokenWish};
pub use admission::{AccountPolicy, Attributes, AttributesEdit, Bar, LoginMode, Unused, UnusedAct};
pub use blocklist::{Blocklist, Denied, ListedKind, NoResource, Resource};
pub use blocklists::{BLOCKLIST, ListedDevice, ListedEntry, NewEntry};
pub use condition::{Asking, CIRCUMSTANCES, Circumstance, RoleCondition};
pub use decide::{
    AuditReach, Because, Circumstances, Decision, Identified, Object, Place, SecondFactor, Subject,
    TenantScope, Through, TokenLimits, audit_reach, decide, decide_named,
};
pub use domain::{Domain, DomainError, Members, Standing};
pub use domains::{DOMAINS, ListedDomain};
pub use error::IdentityError;
pub use factor::TotpSecret;
pub use factors::{FACTORS, Factor, FactorKind};
pub use grant::{Grant, Grants, has_whole};
pub use listed::{ACCOUNTS, Account, LOGINS, ListedLogin, ListedSession, SESSIONS, TOKENS, Token};
pub use lockout::{Limit, LockoutPolicy};
pub use login::{Admitted, Attempt, Checked, LoginResult, Notice, Presence, Refused};
pub use login_policies::{LOGIN_POLICIES, LoginPolicy, PolicyKind};
pub use netwarden_model::Plane;
pub use operation::{Access, Declaration, OPERATIONS, ObjectKind, Operation, Reach, UnknownOperation};
pub use passkey::{PasskeyError, Passkeys, Signed};
pub use passwords::{Contact, DictionaryEntry, OwnPassword};
pub use role::{BUILT_IN, Role, Roles, Separation};
pub use roles::{CUSTOM_ROLES, CustomRole, RoleText};
pub use schema::MIGRATIONS;
pub use service::{Identity, IdentityPolicy};
pub use sharing::{Coordinates, Sharing, SharingKind, SharingPolicy};
pub use sharings::{ListedSharing, SHARINGS, Suspect, note as note_sharing};
pub use tenant::{TenantKind, TenantOf, TenantPath};
pub use tenants::{NewTenant, TENANTS, Tenant};
