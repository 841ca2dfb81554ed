//! Sessions that exist: who one is, and ending them; jobs.

use std::net::IpAddr;

use netwarden_audit::{Kind, ObjectRef, Outcome, Record, Value};
use netwarden_identity::accounts::end_session;
use netwarden_identity::{
    Circumstances, Identified, Object, ObjectKind, Operation, Presence, Subject, Through, decide,
};
use netwarden_model::{Plane, Severity};
use netwarden_store::Tx;
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::jobs::{Job, State};
use crate::said::{Said, Thing};

impl Desk {
    /// Whom a session's secret or a token belongs to; unidentified where it is none that holds.
    pub async fn identify_bearer(
        &self,
        secret: &str,
        address: Option<IpAddr>,
    ) -> Result<Caller, OperateError> {
        self.identify_present(secret, address, Presence::Acts).await
    }

    /// [`Desk::identify_bearer`], where it may be a page that looks by itself.
    pub async fn identify_present(
        &self,
        secret: &str,
        address: Option<IpAddr>,
        presence: Presence,
    ) -> Result<Caller, OperateError> {
        let now = self.clock.now();
        let mut subject = self.identity.authenticate_session(secret, address, presence, now).await?;
        if subject.is_none() {
            subject = self.identity.authenticate_token(secret, address, now).await?;
        }
        let subject = self.placed(subject.unwrap_or(Subject::Unidentified)).await?;
        Ok(Caller { subject, address, presence })
    }

    /// Whom the uid of the local socket's peer is mapped to in a plane.
    pub async fn identify_local(&self, plane: Plane, uid: u32) -> Result<Caller, OperateError> {
        let subject = self.identity.authenticate_local(plane, uid, self.clock.now()).await?;
        let subject = self.placed(subject.unwrap_or(Subject::Unidentified)).await?;
        Ok(Caller { subject, address: None, presence: Presence::Acts })
    }

    /// Records that somebody who could not be identified wanted something: the first failure from an
    /// address in a minute whole, the others counted.
    pub async fn refuse_unidentified(
        &self,
        plane: Plane,
        from: &str,
        wanted: &str,
    ) -> Result<(), OperateError> {
        let now = self.clock.now();
        if !self.trail.is_failure_recorded(now, from) {
            return Ok(());
        }
        let operation = Operation::SessionLogin.name();
        let record = Record {
            plane,
            level: Severity::Warning,
            address: Some(from.to_owned()),
            details: Some(format!("not identified: {}", wanted.chars().take(200).collect::<String>())),
            ..Record::new(now, Kind::Security, operation, ObjectRef::any("session"), Outcome::Denied)
        };
        self.record(record).await
    }

    /// Who the caller is.
    pub async fn own_session<'c>(&self, caller: &'c Caller) -> Result<&'c Identified, OperateError> {
        self.permit_own(caller, ObjectKind::Session, Operation::SessionReadOwn).await?;
        known(caller)
    }

    /// Ends the caller's session.
    pub async fn logout(&self, caller: &Caller) -> Result<(), OperateError> {
        let permit = self.permit_own(caller, ObjectKind::Session, Operation::SessionLogout).await?;
        let Through::Session(id) = known(caller)?.through else {
            return Err(OperateError::Conflict(Said::NoSession));
        };
        let record = permit.record(None, None, "");
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    end_session(tx, id).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Jobs of this process that the caller may see.
    pub async fn all_jobs(&self, caller: &Caller) -> Result<Vec<Job>, OperateError> {
        self.permit_of(caller, Operation::JobRead).await?;
        Ok(self.jobs.list().into_iter().filter(|job| self.may_see(caller, job)).collect())
    }

    /// What a job has found is for those who could have started it, and for who did.
    fn may_see(&self, caller: &Caller, job: &Job) -> bool {
        let circumstances = Circumstances { at: self.clock.now(), address: caller.address };
        let may = |operation, object| decide(&caller.subject, operation, &object, &circumstances).allowed;
        let own = job.owner.map(|whose| Object::owned(ObjectKind::Job, whose));
        // What a job has found may be of any element.
        own.is_some_and(|own| may(Operation::JobReadOwn, own))
            || may(job.operation, Object::everywhere(job.operation.object()))
    }

    /// One job: one's own, or with the right to, anybody's.
    pub async fn job(&self, caller: &Caller, id: Uuid) -> Result<Job, OperateError> {
        let found = self.jobs.get(id);
        let whose = found.as_ref().and_then(|job| job.owner).filter(|whose| owner(caller) == Some(*whose));
        match whose {
            Some(whose) => {
                let object = Object::owned(ObjectKind::Job, whose);
                self.permit(caller, Operation::JobReadOwn, &object, Some(id.to_string())).await?;
            }
            None => {
                self.permit_of(caller, Operation::JobRead).await?;
            }
        }
        let job = found.ok_or_else(|| no_job(id))?;
        if !self.may_see(caller, &job) {
            let object = Object::everywhere(job.operation.object());
            self.permit(caller, job.operation, &object, Some(id.to_string())).await?;
        }
        Ok(job)
    }

    /// Asks a job to end: one's own, or with the right to, anybody's.
    pub async fn cancel_job(&self, caller: &Caller, id: Uuid) -> Result<(), OperateError> {
        let found = self.jobs.get(id);
        let whose = found.as_ref().and_then(|job| job.owner);
        let own = whose.is_some() && whose == owner(caller);
        let operation = if own { Operation::JobCancelOwn } else { Operation::JobCancel };
        let object = Object::owned(ObjectKind::Job, whose.unwrap_or(netwarden_model::UserId(-1)));
        let permit = self.permit(caller, operation, &object, Some(id.to_string())).await?;
        let job = found.ok_or_else(|| no_job(id))?;
        if job.state != State::Running {
            return Err(OperateError::Conflict(Said::JobEnded { id }));
        }
        self.record(permit.record(None, Some(Value::text("cancelled")), &job.what.to_string())).await?;
        self.jobs.cancel(id);
        Ok(())
    }

    async fn permit_own(
        &self,
        caller: &Caller,
        kind: ObjectKind,
        operation: Operation,
    ) -> Result<crate::Permit, OperateError> {
        let user = owner(caller).unwrap_or(netwarden_model::UserId(-1));
        self.permit(caller, operation, &Object::owned(kind, user), caller.name().map(str::to_owned)).await
    }
}

fn known(caller: &Caller) -> Result<&Identified, OperateError> {
    match &caller.subject {
        Subject::User(user) => Ok(user),
        Subject::Unidentified => {
            Err(OperateError::NotIdentified("log in first, or present a token".to_owned()))
        }
    }
}

fn no_job(id: Uuid) -> OperateError {
    OperateError::not_found(Thing::Job, id)
}
