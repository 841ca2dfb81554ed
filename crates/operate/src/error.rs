//! Why an operation was not done: one type for REST, pages and the command line.

use netwarden_actions::ActionError;
use netwarden_audit::AuditError;
use netwarden_engine::KeeperError;
use netwarden_identity::{Because, IdentityError, Operation};
use netwarden_rules::sql::RuleStoreError;
use netwarden_spine::SpineError;
use netwarden_store::{ListError, StoreError};
use netwarden_vault::VaultError;

use crate::parameters::ParameterError;

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
    /// There is no such thing.
    #[error("{what} {id} does not exist")]
    NotFound {
        /// Kind of thing.
        what: &'static str,
        /// Which.
        id: String,
    },
    /// What was given makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It is not so any more, or already so.
    #[error("{0}")]
    Conflict(String),
    /// Somebody else has changed it since the caller read it.
    #[error("{0}")]
    Outdated(String),
    /// Nothing can be recorded, so nothing is done.
    #[error(transparent)]
    Unrecorded(AuditError),
    /// A part of the system failed.
    #[error("{0}")]
    Failed(String),
}

impl OperateError {
    /// A part of the system failed: its own words and those of what lies beneath.
    pub fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self::Failed(text)
    }
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
        Self::Invalid(error.to_string())
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
            SpineError::BadCursor(_) => Self::Invalid(error.to_string()),
            error => Self::failed(&error),
        }
    }
}

impl From<KeeperError> for OperateError {
    fn from(error: KeeperError) -> Self {
        match error {
            KeeperError::Unknown(unknown) => {
                Self::NotFound { what: "network element", id: unknown.0.to_string() }
            }
            KeeperError::Refused(why) => Self::Conflict(why),
            KeeperError::Outdated(why) => Self::Outdated(why),
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
            NamesError::Refused(why) => Self::Conflict(why),
            NamesError::Store(error) => error.into(),
            NamesError::Audit(error) => error.into(),
            error @ NamesError::Closed => Self::failed(&error),
        }
    }
}

impl From<ParameterError> for OperateError {
    fn from(error: ParameterError) -> Self {
        Self::Invalid(error.to_string())
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
            RuleStoreError::Rule(error) => Self::Invalid(error.to_string()),
            RuleStoreError::NoRule(id) => Self::NotFound { what: "rule", id: id.to_string() },
            RuleStoreError::NoRevision(..) => Self::NotFound { what: "revision", id: error.to_string() },
            RuleStoreError::NameTaken(_) => Self::Conflict(error.to_string()),
            RuleStoreError::Outdated { .. } => Self::Outdated(error.to_string()),
        }
    }
}

impl From<IdentityError> for OperateError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Store(error) => error.into(),
            IdentityError::NoSuchUser(name) => Self::NotFound { what: "user", id: name },
            IdentityError::NoSuchToken(id) => Self::NotFound { what: "token", id: id.to_string() },
            IdentityError::NoSuchSession(id) => Self::NotFound { what: "session", id: id.to_string() },
            IdentityError::NameTaken(_) | IdentityError::AdminStays => Self::Conflict(error.to_string()),
            IdentityError::Background => Self::failed(&error),
            error => Self::Invalid(error.to_string()),
        }
    }
}

impl From<VaultError> for OperateError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            VaultError::NoSuchCredential(id) => Self::NotFound { what: "credential set", id: id.to_string() },
            VaultError::NameTaken(_) => Self::Conflict(error.to_string()),
            VaultError::BadOrder => Self::Invalid(error.to_string()),
            error => Self::failed(&error),
        }
    }
}
