//! The desk: everything an operation needs, and the one way through which it passes.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

use netwarden_audit::{ObjectRef, Outcome, Trail};
use netwarden_engine::Engine;
use netwarden_identity::{
    Because, Circumstances, Identity, Object, ObjectKind, Operation, Passkeys, Presence, Subject, Through,
    decide,
};
use netwarden_model::event::PeoplePayload;
use netwarden_model::{Clock, EventKind, NewEvent, RequestId, Severity};
use netwarden_spine::Spine;
use netwarden_store::{Store, Tx};
use netwarden_vault::Vault;

use crate::caller::{Caller, Permit};
use crate::channels::Outside;
use crate::domains::Placing;
use crate::error::OperateError;
use crate::jobs::Jobs;
use crate::online::{Doing, Online};
use crate::parameters::Parameters;
use crate::refusals::Refusals;

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
    /// Passkeys that are being made or proven.
    pub passkeys: Passkeys,
    /// Secrets.
    pub vault: Arc<Vault>,
    /// The running loops.
    pub engine: Engine,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Long work.
    pub jobs: Jobs,
    /// Which elements belong to which domain.
    pub domains: Placing,
    /// What the users who are online did last.
    pub online: Online,
    /// Requests and connections that were turned away at the limits since the start.
    pub turned_away: AtomicU64,
    /// Which refusals became events.
    pub refusals: Refusals,
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
            self.note(caller, operation, &object, at);
            return Ok(Permit { caller: caller.clone(), operation, object, at });
        }
        // Boxed, since every operation holds it, and few of them are refused.
        Box::pin(self.refuse(caller, operation, object, decision.because, at)).await
    }

    /// Records a refusal, and raises its event.
    async fn refuse(
        &self,
        caller: &Caller,
        operation: Operation,
        object: ObjectRef,
        because: Because,
        at: jiff::Timestamp,
    ) -> Result<Permit, OperateError> {
        // Who is not identified could fill the trail: such refusals are coalesced at the edge.
        if caller.subject != Subject::Unidentified {
            let mut record = caller.record(operation, object.clone(), at);
            record.outcome = Outcome::Denied;
            record.level = Severity::Warning;
            record.details = Some(because.to_string());
            let alarm = self.alarm(caller, operation, &object, &because, at);
            let spine = self.spine.clone();
            self.store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        netwarden_audit::record(tx, &record).await?;
                        if let Some(alarm) = alarm {
                            spine.append(tx, at, &[alarm]).await?;
                        }
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

    /// Refuses, with a record, what would change the caller's own rights.
    pub(crate) async fn own_rights(&self, permit: &Permit) -> OperateError {
        let because = Because::OwnRights;
        let mut record = permit.record(None, None, &because.to_string());
        (record.outcome, record.level) = (Outcome::Denied, Severity::Warning);
        match self.record(record).await {
            Ok(()) => OperateError::Denied { operation: permit.operation, because },
            Err(error) => error,
        }
    }

    /// Notes what a session does, but for what every page asks by itself.
    fn note(&self, caller: &Caller, operation: Operation, object: &ObjectRef, at: jiff::Timestamp) {
        let by_itself = matches!(operation, Operation::SessionReadOwn | Operation::SystemStatus);
        if let Subject::User(user) = &caller.subject
            && let Through::Session(id) = user.through
            && !by_itself
            && caller.presence == Presence::Acts
        {
            self.online.note(id, Doing { operation, object: object.id.clone(), at });
        }
    }

    /// The event of a refusal; None where the user has had one a moment ago.
    fn alarm(
        &self,
        caller: &Caller,
        operation: Operation,
        object: &ObjectRef,
        because: &Because,
        at: jiff::Timestamp,
    ) -> Option<NewEvent> {
        let Subject::User(user) = &caller.subject else { return None };
        let payload = PeoplePayload::OperationRefused {
            user: crate::people::named_in(user.plane(), &user.name),
            operation: operation.name().to_owned(),
            object: object.id.clone().unwrap_or_default(),
            because: because.to_string(),
            address: caller.address,
        };
        let is_told = self.refusals.is_told(user.user, at);
        is_told.then(|| crate::events::of_people(EventKind::OperationRefused, payload, at))
    }

    /// [`Desk::permit`] for data of the system or a list.
    pub async fn permit_of(&self, caller: &Caller, operation: Operation) -> Result<Permit, OperateError> {
        let kind: ObjectKind = operation.object();
        self.permit(caller, operation, &Object::of(kind), None).await
    }

    /// [`Desk::permit`] for what is still to be chosen: whether it is offered at all. The act itself asks again.
    pub async fn permit_some(&self, caller: &Caller, operation: Operation) -> Result<Permit, OperateError> {
        self.permit(caller, operation, &Object::some(operation.object()), None).await
    }

    /// Whether the caller may do it to something at all, as pages ask before they offer it; nothing is recorded. What
    /// asks for a fresh proof counts: it will be asked for when it is done.
    pub fn may(&self, caller: &Caller, operation: Operation) -> bool {
        let circumstances = Circumstances { at: self.clock.now(), address: caller.address };
        let object = Object::some(operation.object());
        let decision = decide(&caller.subject, operation, &object, &circumstances);
        decision.allowed || decision.because == Because::ProofTooOld
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
