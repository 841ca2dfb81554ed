//! The transactions around an act on a port: T2 opens it, T3 concludes it. Outcome, read-back, audit
//! and event are written together or not at all.
//!
//! An attempt is closed once: who finds it closed writes nothing, so every attempt has one outcome
//! and one event.

use jiff::Timestamp;
use netwarden_audit::{Completion, Kind, ObjectRef, OpenedRecord, Record, RecordIndex};
use netwarden_model::action::{Cause, Originator};
use netwarden_model::event::NacPayload;
use netwarden_model::{
    Action, ActionRequest, EndpointFacts, EventKind, EventSeq, NewEvent, Outcome, Payload, Severity, Subject,
};
use netwarden_spine::Spine;
use netwarden_store::{Store, StoreError, Tx};

use crate::ActionError;
use crate::desired::Told;
use crate::sql::{self, Attempt, Closing, DesiredPort, Progressed, Purpose, RequestRow, RequestState};

/// An attempt that stands between T2 and T3, with the times of its steps.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub attempt: i64,
    pub audit: RecordIndex,
    pub set_at: Option<Timestamp>,
    pub read_at: Option<Timestamp>,
}

/// How a way ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub told: Told,
    pub wanted: String,
    pub is_release: bool,
    pub opened: Option<Opened>,
    pub endpoint: Option<EndpointFacts>,
}

/// A record about a request, with its originator as the actor.
pub(crate) fn record_of(
    now: Timestamp,
    request: &ActionRequest,
    operation: &str,
    object: ObjectRef,
    outcome: netwarden_audit::Outcome,
) -> Record {
    let mut record = Record::new(now, Kind::Operation, operation, object, outcome);
    record.request = Some(request.id.to_string());
    match &request.originator {
        Originator::Rule { rule, revision, name, event } => {
            record.cause = Some(format!("rule {rule} '{name}' revision {revision} on event {event}"));
        }
        Originator::Person { user, reason } => {
            record.user = Some(user.clone());
            record.cause = Some(reason.clone());
        }
        Originator::System { reason } => record.cause = Some(reason.clone()),
    }
    record
}

fn port_object(row: &DesiredPort) -> ObjectRef {
    ObjectRef::new("port", row.port.to_string())
}

fn operation(is_release: bool) -> &'static str {
    if is_release { "port.release" } else { "port.enforce" }
}

/// T2's part beside the desired state: attempts that an interruption left open are closed, the leaf
/// is opened, the new attempt recorded.
pub(crate) async fn open(
    tx: &Tx,
    now: Timestamp,
    row: &DesiredPort,
    request: &ActionRequest,
    purpose: Purpose,
    wanted: &str,
) -> Result<Opened, ActionError> {
    let left = "interrupted before the outcome was recorded; the element was not as wanted";
    close_interrupted(tx, now, row, "interrupted", left, None).await?;
    let unknown_yet = netwarden_audit::Outcome::Opened;
    let name = operation(purpose == Purpose::Release);
    let mut record = record_of(now, request, name, port_object(row), unknown_yet);
    record.old =
        row.earlier.as_ref().map(serde_json::to_string).transpose()?.map(netwarden_audit::Value::Text);
    record.new = Some(netwarden_audit::Value::text(wanted));
    let audit = netwarden_audit::open(tx, &record).await?.index();
    let attempt = sql::insert_attempt(tx, now, row, purpose, wanted, audit).await?;
    let opened = Progressed { state: RequestState::Opened, note: "", audit: Some(audit), outcome: None };
    sql::set_request(tx, now, row.request, opened).await?;
    Ok(Opened { attempt, audit, set_at: None, read_at: None })
}

/// Writes the state if nobody has changed it meanwhile; a newer wish wins.
pub(crate) async fn save(store: &Store, row: &DesiredPort) -> Result<(), ActionError> {
    let row = row.clone();
    store
        .write_essential(move |tx| {
            let row = row.clone();
            Box::pin(async move { sql::save_desired(tx, &row).await.map(drop) })
        })
        .await
}

/// T3: closes the attempt, completes the leaf, appends the event, writes request and state.
pub(crate) async fn conclude(
    store: &Store,
    spine: &Spine,
    now: Timestamp,
    row: DesiredPort,
    request: RequestRow,
    end: End,
) -> Result<(), ActionError> {
    let spine = spine.clone();
    let shown = row.clone();
    let told = end.told;
    store
        .write_essential(move |tx| {
            let (spine, row, request, end) = (spine.clone(), row.clone(), request.clone(), end.clone());
            Box::pin(async move { conclude_in(tx, &spine, now, &row, &request, &end).await })
        })
        .await?;
    let (port, note) = (&shown.port, &shown.standing.note);
    match told {
        Told::Done => tracing::info!(%port, progress = ?shown.standing.progress, "enforcement is done"),
        Told::Failed => tracing::error!(%port, note, "enforcement has failed"),
        Told::Held { .. } => tracing::warn!(%port, note, "enforcement is held"),
        Told::Observed => tracing::info!(%port, note, "enforcement is off; nothing was sent"),
    }
    Ok(())
}

async fn conclude_in(
    tx: &Tx,
    spine: &Spine,
    now: Timestamp,
    row: &DesiredPort,
    request: &RequestRow,
    end: &End,
) -> Result<(), ActionError> {
    let note = match (end.told, row.standing.note.is_empty()) {
        (Told::Done, true) if !end.wanted.is_empty() => format!("read back: {}", end.wanted),
        _ => row.standing.note.clone(),
    };
    let saved = sql::save_desired(tx, row).await?;
    // Without an attempt of its own, an outcome belongs to the state alone: if a newer wish has
    // changed that, it will have its own outcome.
    let left = sql::open_attempts(tx, &row.port).await?;
    if end.opened.is_none() && left.is_empty() && !saved {
        return Ok(());
    }
    let seq = append(tx, spine, now, outcome_event(now, row, request, end, &note)).await?;
    let word = if end.told == Told::Done { "done" } else { "failed" };
    if let Some(opened) = &end.opened {
        let closing = Closing {
            at: now,
            set_at: opened.set_at,
            read_at: opened.read_at,
            outcome: word,
            note: &note,
            event: Some(seq),
        };
        if sql::close_attempt(tx, opened.attempt, closing).await? {
            complete(tx, now, opened.audit, audit_outcome(end.told), &note).await?;
        }
    }
    let word = if end.told == Told::Done { "done" } else { "interrupted" };
    close_interrupted(tx, now, row, word, &note, Some(seq)).await?;
    if end.opened.is_none() && left.is_empty() {
        let operation = operation(end.is_release);
        let mut record =
            record_of(now, &request.request, operation, port_object(row), audit_outcome(end.told));
        record.details = Some(note.clone());
        netwarden_audit::record(tx, &record).await?;
    }
    if !saved {
        return Ok(());
    }
    let state = match end.told {
        Told::Done => RequestState::Done,
        Told::Failed => RequestState::Failed,
        Told::Held { .. } => RequestState::Held,
        Told::Observed => RequestState::Observed,
    };
    let progressed = Progressed { state, note: &note, audit: None, outcome: Some(seq) };
    sql::set_request(tx, now, row.request, progressed).await
}

fn audit_outcome(told: Told) -> netwarden_audit::Outcome {
    match told {
        Told::Done => netwarden_audit::Outcome::Success,
        Told::Failed => netwarden_audit::Outcome::Failure,
        Told::Held { .. } | Told::Observed => netwarden_audit::Outcome::Denied,
    }
}

/// Closes the attempts that an interruption left open on the port.
async fn close_interrupted(
    tx: &Tx,
    now: Timestamp,
    row: &DesiredPort,
    outcome: &'static str,
    note: &str,
    event: Option<EventSeq>,
) -> Result<(), ActionError> {
    for Attempt { id, audit, set_at, read_at, .. } in sql::open_attempts(tx, &row.port).await? {
        sql::close_attempt(tx, id, Closing { at: now, set_at, read_at, outcome, note, event }).await?;
        let how = match outcome {
            "done" => netwarden_audit::Outcome::Success,
            _ => netwarden_audit::Outcome::Unknown,
        };
        complete(tx, now, audit, how, note).await?;
    }
    Ok(())
}

/// Completes a leaf. After a restart the audit itself may have said `unknown` of it already; what is
/// known now is in the attempt and in the next leaf.
pub(crate) async fn complete(
    tx: &Tx,
    now: Timestamp,
    audit: RecordIndex,
    outcome: netwarden_audit::Outcome,
    details: &str,
) -> Result<(), ActionError> {
    let completion = Completion { at: now, outcome, new: None, details: Some(details.to_owned()) };
    match netwarden_audit::complete(tx, OpenedRecord::at(audit), &completion).await {
        Ok(_) => Ok(()),
        Err(netwarden_audit::AuditError::NotOpen(_)) => {
            let object = ObjectRef::new("audit_record", audit.to_string());
            let mut record = Record::new(now, Kind::System, "action.reconcile", object, outcome);
            record.details = Some(details.to_owned());
            netwarden_audit::record(tx, &record).await?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Appends one event.
pub(crate) async fn append(
    tx: &Tx,
    spine: &Spine,
    now: Timestamp,
    event: NewEvent,
) -> Result<EventSeq, ActionError> {
    let seqs = spine.append(tx, now, std::slice::from_ref(&event)).await?;
    seqs.first()
        .copied()
        .ok_or_else(|| StoreError::Unreadable("an appended event has no place".into()).into())
}

fn outcome_event(now: Timestamp, row: &DesiredPort, request: &RequestRow, end: &End, note: &str) -> NewEvent {
    let kind = match end.told {
        Told::Done => EventKind::EnforcementDone,
        Told::Failed => EventKind::EnforcementFailed,
        Told::Held { .. } => EventKind::EnforcementHeld,
        Told::Observed => EventKind::EnforcementObserved,
    };
    let severity = match end.told {
        Told::Held { alarm: true } => Severity::Major,
        _ => kind.default_severity(),
    };
    NewEvent {
        at: now,
        kind,
        subject: row.endpoint.map_or(Subject::Ne(row.port.ne), Subject::Mac),
        ne: Some(row.port.ne),
        port: Some(row.port.port.clone()),
        severity,
        outcome: if end.told == Told::Failed { Outcome::Failure } else { Outcome::Success },
        facts: end.endpoint.clone(),
        payload: Payload::Nac(NacPayload::Enforcement {
            request: request.request.id,
            port: row.port.clone(),
            access: (!end.is_release).then(|| row.access.clone()),
            note: note.to_owned(),
        }),
        cause: Some(cause_of(&request.request)),
    }
}

/// The cause that stands in events about a request's effect.
pub(crate) fn cause_of(request: &ActionRequest) -> Cause {
    let rule = match &request.originator {
        Originator::Rule { rule, .. } => Some(*rule),
        Originator::Person { .. } | Originator::System { .. } => None,
    };
    Cause { request: request.id, rule, depth: request.depth.saturating_add(1) }
}

/// The port that a request is about.
pub fn port_of(action: &Action) -> Option<&netwarden_model::PortRef> {
    match action {
        Action::SetPortAccess { port, .. } | Action::ReleasePort { port } => Some(port),
        _ => None,
    }
}
