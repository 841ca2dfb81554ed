//! The judge: events behind the cursor go through the rules; what comes of them is written all or nothing.
//!
//! T1 of `docs/durability`: the cursor moves, the rules' own state, the requests and their audit leaves in
//! one transaction. If it fails, nothing of it happened: the judge loads what is stored and judges the
//! same events again, with the same result.

use std::collections::BTreeSet;
use std::sync::Arc;

use netwarden_actions::{ActionError, Readmission, Requested, Wake};
use netwarden_audit::{AuditError, Kind, ObjectRef, Outcome, Plane, Record, Value};
use netwarden_model::{
    Action, ActionRequest, Clock, EndpointStatus, Event, EventSeq, Mac, RequestId, RequestKey, Severity,
    Subject,
};
use netwarden_rules::{Decision, RuleBook, RuleFailure, RuleState};
use netwarden_spine::{Claim, Spine, SpineError, Start};
use netwarden_store::{Store, StoreError, Tx};

use crate::failures::{PAUSE, Trouble};

/// Name of the judge's cursor.
pub const CONSUMER: &str = "judge";

/// Events judged in one transaction.
const BATCH: u64 = 500;

/// Why events could not be judged now.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The event log.
    #[error("the event log cannot be used")]
    Spine(#[from] SpineError),
    /// The rules' tables.
    #[error("the rules cannot be read")]
    Rules(#[from] netwarden_rules::sql::RuleStoreError),
    /// The store.
    #[error("what the rules decided cannot be written")]
    Store(#[from] StoreError),
    /// The requests' tables.
    #[error("requests cannot be written")]
    Action(#[from] ActionError),
    /// The audit trail.
    #[error("the audit trail cannot be written")]
    Audit(#[from] AuditError),
}

/// The judge.
#[derive(Debug)]
pub struct Judge {
    store: Store,
    spine: Spine,
    clock: Arc<dyn Clock>,
    wakes: Vec<Wake>,
}

/// What the judge carries from batch to batch.
struct Session {
    claim: Claim,
    book: RuleBook,
    state: RuleState,
}

/// All that one batch leads to.
#[derive(Default)]
struct Batch {
    requests: Vec<ActionRequest>,
    /// Those that cut off an endpoint which the event shows as not authorised.
    cut_off: Vec<(ActionRequest, Mac)>,
    records: Vec<Record>,
    rows: Vec<netwarden_rules::StateRow>,
    changes: Vec<netwarden_rules::RuleChange>,
}

impl Judge {
    /// A judge that wakes `wakes` after every transaction with requests.
    pub fn new(store: Store, spine: Spine, clock: Arc<dyn Clock>, wakes: Vec<Wake>) -> Self {
        Self { store, spine, clock, wakes }
    }

    /// Runs until the task is ended. Failures are told and tried again.
    pub async fn run(self) {
        let mut trouble = Trouble::default();
        loop {
            if let Err(error) = self.judge_on(&mut trouble).await {
                if trouble.failed(self.clock.now()) {
                    let reason = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(%error, reason, "judging stopped; it goes on from its cursor");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn judge_on(&self, trouble: &mut Trouble) -> Result<(), JudgeError> {
        let mut latest = self.spine.subscribe();
        let mut session = self.load().await?;
        loop {
            while session.claim.position < *latest.borrow_and_update() {
                self.judge_batch(&mut session).await?;
                if let Some(failures) = trouble.over() {
                    tracing::info!(failures, "judging goes on");
                }
            }
            if latest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn load(&self) -> Result<Session, JudgeError> {
        let claim = self.spine.claim(CONSUMER, Start::Beginning).await?;
        let revisions = netwarden_rules::sql::judging_revisions(self.store.read()).await?;
        let changes = netwarden_rules::sql::changes(self.store.read()).await?;
        let rows = netwarden_rules::sql::state(self.store.read()).await?;
        // What the log said up to the cursor; later events bring their own changes.
        let settings = crate::settings::recorded(&self.spine, Some(claim.position)).await?;
        let settings = settings.unwrap_or_default();
        Ok(Session {
            claim,
            book: RuleBook::load(settings, revisions, changes),
            state: RuleState::load(rows),
        })
    }

    async fn judge_batch(&self, session: &mut Session) -> Result<(), JudgeError> {
        let events = self.spine.read_from(session.claim.position, BATCH).await?;
        let Some(last) = events.last().map(|event| event.seq) else { return Ok(()) };
        let mut batch = Batch::default();
        for event in &events {
            self.learn(session, event).await?;
            self.judge_event(session, event, &mut batch);
        }
        batch.rows = session.state.take_changes();
        let asks = !batch.requests.is_empty();
        self.write(session.claim, last, batch).await?;
        session.claim.position = last;
        if asks {
            self.wakes.iter().for_each(Wake::now);
        }
        Ok(())
    }

    /// The text of a revision that was written since the judge began.
    async fn learn(&self, session: &mut Session, event: &Event) -> Result<(), JudgeError> {
        let Some((rule, revision)) = session.book.missing(event) else { return Ok(()) };
        let found = netwarden_rules::sql::revision(self.store.read(), rule, revision).await?;
        session.book.learn(found.rule);
        Ok(())
    }

    fn judge_event(&self, session: &mut Session, event: &Event, batch: &mut Batch) {
        let step = session.book.judge(&mut session.state, event);
        batch.changes.extend(step.change);
        let now = self.clock.now();
        for decision in step.judgement.decisions {
            let request = ActionRequest {
                id: RequestId(uuid::Uuid::now_v7()),
                key: decision.key.clone(),
                at: now,
                originator: decision.originator.clone(),
                depth: decision.depth,
                action: decision.action.clone(),
            };
            batch.records.push(record_of(&decision, &request, event));
            if let Action::SetPortAccess { endpoint: Some(mac), .. } = &request.action
                && event.facts.as_ref().is_some_and(|facts| facts.status != EndpointStatus::Authorised)
            {
                batch.cut_off.push((request.clone(), *mac));
            }
            batch.requests.push(request);
        }
        for failure in step.judgement.failures {
            tracing::warn!(rule = %failure.rule, event = %failure.event, reason = failure.reason, "a rule failed");
            batch.records.push(record_of_failure(&failure, event, now));
        }
    }

    /// T1.
    async fn write(&self, claim: Claim, to: EventSeq, batch: Batch) -> Result<(), JudgeError> {
        let spine = self.spine.clone();
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    spine.advance(tx, CONSUMER, claim.epoch, claim.position, to).await?;
                    netwarden_rules::sql::store_step(tx, &batch.rows, &batch.changes).await?;
                    for request in &batch.requests {
                        if netwarden_actions::request(tx, request).await? == Requested::Repeated {
                            tracing::debug!(key = request.key.0, "asked for before");
                        }
                    }
                    if !batch.records.is_empty() {
                        netwarden_audit::record_many(tx, &batch.records).await?;
                    }
                    for (request, mac) in &batch.cut_off {
                        // Whoever authorised it between its event and this judgement found no port to give
                        // back yet.
                        if netwarden_inventory::sql::is_authorised(tx, *mac).await? {
                            give_back(tx, request, *mac).await?;
                        }
                    }
                    Ok::<(), JudgeError>(())
                })
            })
            .await
    }
}

/// Asks for the release of the ports that are held because of an endpoint which is authorised by now.
async fn give_back(tx: &Tx, request: &ActionRequest, mac: Mac) -> Result<(), JudgeError> {
    let readmission = Readmission {
        at: request.at,
        originator: request.originator.clone(),
        depth: request.depth,
        key: RequestKey(format!("late:{}", request.key.0)),
        endpoints: BTreeSet::from([mac]),
        scope: netwarden_model::Scope::All,
        since: None,
    };
    let id = || RequestId(uuid::Uuid::now_v7());
    for (mac, release) in netwarden_actions::readmit(tx, &readmission, |_| None, id).await? {
        netwarden_audit::record(tx, &crate::endpoints::record_of(mac, &release)).await?;
    }
    Ok(())
}

fn record_of(decision: &Decision, request: &ActionRequest, event: &Event) -> Record {
    Record {
        at: request.at,
        kind: Kind::System,
        level: Severity::Info,
        user: None,
        plane: Plane::Om,
        operation: format!("rule.{}", decision.action.name()),
        object: object_of(&decision.action, event),
        address: None,
        session: None,
        request: Some(request.id.to_string()),
        old: None,
        new: serde_json::to_string(&decision.action).ok().map(Value::text),
        outcome: Outcome::Success,
        details: Some(format!("rule '{}' asked for it", decision.name)),
        cause: Some(format!("rule {} revision {} on event {}", decision.rule, decision.revision, event.seq)),
    }
}

fn record_of_failure(failure: &RuleFailure, event: &Event, at: jiff::Timestamp) -> Record {
    Record {
        at,
        kind: Kind::System,
        level: Severity::Warning,
        user: None,
        plane: Plane::Om,
        operation: "rule.judge".to_owned(),
        object: ObjectRef::new("rule", failure.rule.to_string()),
        address: None,
        session: None,
        request: None,
        old: None,
        new: None,
        outcome: Outcome::Failure,
        details: Some(failure.reason.clone()),
        cause: Some(format!("event {}", event.seq)),
    }
}

fn object_of(action: &Action, event: &Event) -> ObjectRef {
    match action {
        Action::SetPortAccess { port, .. } | Action::ReleasePort { port } => {
            ObjectRef::new("port", format!("{}/{}", port.ne, port.port))
        }
        Action::SetStatus { endpoint, .. } | Action::SetGroup { endpoint, .. } => {
            ObjectRef::new("endpoint", endpoint.to_string())
        }
        _ => match &event.subject {
            Subject::Mac(mac) => ObjectRef::new("endpoint", mac.to_string()),
            Subject::Ne(ne) => ObjectRef::new("ne", ne.to_string()),
            Subject::System(part) => ObjectRef::new("system", part.clone()),
        },
    }
}
