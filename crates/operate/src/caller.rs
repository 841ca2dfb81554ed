//! Who asks, and the proof that they may.

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_audit::{Kind, ObjectRef, Outcome, Record, Value};
use netwarden_identity::{
    Grant, Operation, Presence, Role, Subject, TenantPath, TenantScope, Through, has_whole,
};
use netwarden_model::{Plane, Scope, Severity};

/// A caller as the edge has identified them.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub subject: Subject,
    /// From where; None on the local socket.
    pub address: Option<IpAddr>,
    /// Whether an open page asks by itself.
    pub presence: Presence,
}

impl Caller {
    /// The user's name, where the caller is identified.
    pub fn name(&self) -> Option<&str> {
        match &self.subject {
            Subject::Unidentified => None,
            Subject::User(user) => Some(&user.name),
        }
    }

    /// The user space to which the caller belongs; who is not identified asks for something of the network's.
    pub fn plane(&self) -> Plane {
        match &self.subject {
            Subject::Unidentified => Plane::Om,
            Subject::User(user) => user.plane(),
        }
    }

    /// The tenant to which the caller belongs.
    pub fn tenant(&self) -> Option<&TenantPath> {
        match &self.subject {
            Subject::Unidentified => None,
            Subject::User(user) => user.tenant.as_ref(),
        }
    }

    /// Which tenants' accounts the lists of an operation show.
    pub(crate) fn tenants(&self, operation: Operation) -> TenantScope {
        match &self.subject {
            Subject::Unidentified => TenantScope::None,
            Subject::User(user) => user.tenants(operation),
        }
    }

    /// All grants of the caller, whether they count now or not; none of `admin`, whose rights nothing changes.
    pub(crate) fn held(&self) -> Vec<&Grant> {
        match &self.subject {
            Subject::User(user) if !has_whole(&user.grants, &Role::Superuser) => {
                user.grants.iter().chain(user.dormant.iter()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// In what part of the network the caller may do the operation, or see what it shows; nowhere for one who
    /// is not identified.
    pub fn scope(&self, operation: Operation) -> Scope {
        match &self.subject {
            Subject::Unidentified => Scope::Elements(Default::default()),
            Subject::User(user) => user.scope(operation),
        }
    }

    fn session(&self) -> Option<String> {
        match &self.subject {
            Subject::Unidentified => None,
            Subject::User(user) => Some(match &user.through {
                Through::Session(id) => format!("session {id}"),
                Through::Token { id, .. } => format!("token {id}"),
                Through::LocalUid(uid) => format!("local uid {uid}"),
            }),
        }
    }

    /// A record of what this caller did, or tried.
    pub(crate) fn record(&self, operation: Operation, object: ObjectRef, at: Timestamp) -> Record {
        Record {
            at,
            kind: kind_of(operation),
            level: Severity::Info,
            user: self.name().map(str::to_owned),
            plane: self.plane(),
            operation: operation.name().to_owned(),
            object,
            address: self.address.map(|address| address.to_string()),
            session: self.session(),
            request: None,
            old: None,
            new: None,
            outcome: Outcome::Success,
            details: None,
            cause: None,
        }
    }
}

/// The proof that a caller may do an operation to an object; only [`crate::Desk::permit`] makes one, and
/// only with one is a change recorded.
#[derive(Debug)]
pub struct Permit {
    pub(crate) caller: Caller,
    pub(crate) operation: Operation,
    pub(crate) object: ObjectRef,
    pub(crate) at: Timestamp,
}

impl Permit {
    /// The record of the change that is being made, with the caller's reason.
    pub fn record(&self, old: Option<Value>, new: Option<Value>, reason: &str) -> Record {
        let details = (!reason.is_empty()).then(|| reason.to_owned());
        Record { old, new, details, ..self.caller.record(self.operation, self.object.clone(), self.at) }
    }

    /// [`Permit::record`] of what changes who may do what, or takes something away: at the level of a warning.
    pub fn warning(&self, old: Option<Value>, new: Option<Value>, reason: &str) -> Record {
        Record { level: Severity::Warning, ..self.record(old, new, reason) }
    }

    /// Whose permit it is.
    pub fn user(&self) -> &str {
        self.caller.name().unwrap_or_default()
    }
}

fn kind_of(operation: Operation) -> Kind {
    use netwarden_identity::ObjectKind::{
        Blocklist, Domain, Factor, Policy, Role, Session, Tenant, Token, User,
    };

    match operation.object() {
        Blocklist | Domain | Factor | Policy | Role | Session | Tenant | Token | User => Kind::Security,
        _ => Kind::Operation,
    }
}
