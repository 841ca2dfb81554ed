//! The desk: everything an operation needs, and the one way through which it passes.

use std::sync::{Arc, PoisonError, RwLock};

use netwarden_audit::{ObjectRef, Outcome, Trail};
use netwarden_engine::Engine;
use netwarden_identity::{Because, Circumstances, Identity, Object, ObjectKind, Operation, Subject, decide};
use netwarden_model::{Clock, RequestId, Severity};
use netwarden_spine::Spine;
use netwarden_store::{Store, Tx};
use netwarden_vault::Vault;

use crate::caller::{Caller, Permit};
use crate::channels::Outside;
use crate::error::OperateError;
use crate::jobs::Jobs;
use crate::parameters::Parameters;

/// What operations work on. Clones share it.
#[derive(Debug, Clone)]
pub struct Desk(Arc<Inner>);

/// The parts; see [`Desk::new`].
#[derive(Debug)]
pub struct Inner {
    /// The database.
    pub store: Store,
    /// The event log.
    pub spine: Spine,
    /// The audit trail.
    pub trail: Trail,
    /// Users, sessions, tokens.
    pub identity: Identity,
    /// Secrets.
    pub vault: Arc<Vault>,
    /// The running loops.
    pub engine: Engine,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Long work.
    pub jobs: Jobs,
    /// System parameters in force.
    pub parameters: RwLock<Parameters>,
    /// What the configuration file says of channels to the outside.
    pub outside: Outside,
    /// Folder of backups; None where this server makes none.
    pub backups: Option<std::path::PathBuf>,
    /// When the process was started.
    pub started: jiff::Timestamp,
}

impl std::ops::Deref for Desk {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Desk {
    /// A desk over these parts.
    pub fn new(parts: Inner) -> Self {
        Self(Arc::new(parts))
    }

    /// Decides, and records a refusal (AUD-14). Everything begins here: without a permit nothing is
    /// answered and nothing is changed.
    ///
    /// # Errors
    /// [`OperateError::Denied`]; or that the refusal could not be recorded.
    pub async fn permit(
        &self,
        caller: &Caller,
        operation: Operation,
        object: &Object,
        named: Option<String>,
    ) -> Result<Permit, OperateError> {
        let at = self.clock.now();
        let circumstances = Circumstances { at, address: caller.address };
        let decision = decide(&caller.subject, operation, object, &circumstances);
        let object = ObjectRef { kind: object.kind.as_str().to_owned(), id: named };
        if decision.allowed {
            return Ok(Permit { caller: caller.clone(), operation, object, at });
        }
        let because = decision.because;
        // Who is not identified could fill the trail: such refusals are coalesced at the edge.
        if caller.subject != Subject::Unidentified {
            let mut record = caller.record(operation, object, at);
            record.outcome = Outcome::Denied;
            record.level = Severity::Warning;
            record.details = Some(because.to_string());
            self.store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        netwarden_audit::record(tx, &record).await?;
                        Ok::<(), OperateError>(())
                    })
                })
                .await?;
        }
        if because == Because::NotIdentified {
            return Err(OperateError::NotIdentified("log in first, or present a token".to_owned()));
        }
        Err(OperateError::Denied { operation, because })
    }

    /// [`Desk::permit`] for data of the system or a list.
    pub async fn permit_of(&self, caller: &Caller, operation: Operation) -> Result<Permit, OperateError> {
        let kind: ObjectKind = operation.object();
        self.permit(caller, operation, &Object::of(kind), None).await
    }

    /// A new id for a request.
    pub(crate) fn request_id() -> RequestId {
        RequestId(uuid::Uuid::now_v7())
    }

    /// The parameters in force.
    pub(crate) fn parameters_now(&self) -> Parameters {
        self.parameters.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
