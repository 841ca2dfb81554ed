//! Rules (NAC-10): kept, enabled, rehearsed (NAC-17).

use std::sync::Arc;

use jiff::Timestamp;
use netwarden_audit::ObjectRef;
use netwarden_identity::{Object, ObjectKind, Operation, Subject};
use netwarden_model::event::NacPayload;
use netwarden_model::{
    EventKind, EventSeq, NewEvent, Outcome, Payload, RuleId, RuleRevision, Subject as EventSubject,
};
use netwarden_rules::rehearse::RuleReport;
use netwarden_rules::sql::{self, ListedRule, Revision};
use netwarden_rules::{CompiledRule, Rehearsal, Report, Rule};
use netwarden_store::{ListQuery, Listed, Tx};
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::jobs::{Job, Progress, State};
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};
use crate::version::{Version, met};

impl Desk {
    /// A page of rules; `query` is made on [`sql::list_query`].
    pub async fn rules(
        &self,
        caller: &Caller,
        query: &ListQuery,
    ) -> Result<Listed<ListedRule>, OperateError> {
        self.permit_of(caller, Operation::RuleRead).await?;
        Ok(sql::list(self.store.read(), query).await?)
    }

    /// A rule by its id or its name.
    pub async fn rule(&self, caller: &Caller, named: &str) -> Result<ListedRule, OperateError> {
        self.permit_of(caller, Operation::RuleRead).await?;
        let id = self.rule_id(named).await?;
        Ok(sql::show(self.store.read(), id).await?)
    }

    /// Every revision of a rule, the oldest first.
    pub async fn rule_revisions(&self, caller: &Caller, named: &str) -> Result<Vec<Revision>, OperateError> {
        self.permit_of(caller, Operation::RuleRead).await?;
        let id = self.rule_id(named).await?;
        Ok(sql::revisions(self.store.read(), id).await?)
    }

    /// Checks a rule without keeping it.
    pub async fn check_rule(&self, caller: &Caller, rule: Rule) -> Result<(), OperateError> {
        self.permit_of(caller, Operation::RuleRead).await?;
        CompiledRule::compile(rule).map_err(|error| OperateError::Invalid(error.to_string().into()))?;
        Ok(())
    }

    /// Keeps a new rule, disabled unless it says otherwise.
    pub async fn add_rule(&self, caller: &Caller, rule: Rule, reason: &str) -> Result<Rule, OperateError> {
        let permit = self.permit_rule(caller, Operation::RuleCreate, &rule.name).await?;
        // To keep a rule and to let it judge are two rights, and leave two records.
        let enabling = match rule.enabled {
            true => Some(self.permit_rule(caller, Operation::RuleEnable, &rule.name).await?),
            false => None,
        };
        require_reason(reason)?;
        let mut records = vec![permit.record(None, as_value(&rule), reason)];
        records.extend(enabling.map(|enabling| enabling.record(None, as_value(&true), reason)));
        let (spine, at, by) = (self.spine.clone(), permit.at, permit.user().to_owned());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let kept = sql::add(tx, rule, at, &by).await?;
                    netwarden_audit::record_many(tx, &records).await?;
                    if kept.enabled {
                        spine.append(tx, at, &[changed(&kept, true, at)]).await?;
                    }
                    Ok::<_, OperateError>(kept)
                })
            })
            .await
    }

    /// Keeps a new revision of a rule; it judges from the next event on where the rule is enabled.
    /// `enabled`, where given, must be as it is.
    pub async fn edit_rule(
        &self,
        caller: &Caller,
        named: &str,
        rule: Rule,
        enabled: Option<bool>,
        reason: &str,
    ) -> Result<Rule, OperateError> {
        let permit = self.permit_rule(caller, Operation::RuleModify, named).await?;
        require_reason(reason)?;
        let id = self.rule_id(named).await?;
        let old = sql::show(self.store.read(), id).await?.rule;
        // Who names the revision that was read is told where somebody else was faster.
        let revision = if rule.revision.0 == 0 { old.revision } else { rule.revision };
        if enabled.is_some_and(|enabled| enabled != old.enabled) {
            return Err(OperateError::Invalid(if old.enabled {
                Said::EditDisables
            } else {
                Said::EditEnables
            }));
        }
        let rule = Rule { id, revision, enabled: old.enabled, ..rule };
        let record = permit.record(as_value(&old), as_value(&rule), reason);
        let (spine, at, by) = (self.spine.clone(), permit.at, permit.user().to_owned());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let kept = sql::edit(tx, rule, at, &by).await?;
                    netwarden_audit::record(tx, &record).await?;
                    if kept.enabled {
                        spine.append(tx, at, &[changed(&kept, true, at)]).await?;
                    }
                    Ok::<_, OperateError>(kept)
                })
            })
            .await
    }

    /// Lets a rule judge from the next event on, or no longer.
    pub async fn enable_rule(
        &self,
        caller: &Caller,
        named: &str,
        enabled: bool,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<Rule, OperateError> {
        let operation = if enabled { Operation::RuleEnable } else { Operation::RuleDisable };
        let permit = self.permit_rule(caller, operation, named).await?;
        require_reason(reason)?;
        let id = self.rule_id(named).await?;
        let mut record = permit.record(as_value(&!enabled), as_value(&enabled), reason);
        record.object = ObjectRef::new("rule", named);
        let (spine, at, what) =
            (self.spine.clone(), permit.at, Said::called(Thing::Rule, format!("'{named}'")));
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    if expected.is_some() {
                        let present = sql::show(tx, id).await?.rule.revision;
                        met(expected.as_ref(), &Version::counted(present.0), what)?;
                    }
                    let (rule, was_changed) = sql::set_enabled(tx, id, enabled, at).await?;
                    if was_changed {
                        netwarden_audit::record(tx, &record).await?;
                        spine.append(tx, at, &[changed(&rule, enabled, at)]).await?;
                    }
                    Ok::<_, OperateError>(rule)
                })
            })
            .await
    }

    /// Takes a rule away; its revisions stay, for what they have caused.
    pub async fn delete_rule(
        &self,
        caller: &Caller,
        named: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_rule(caller, Operation::RuleDelete, named).await?;
        require_reason(reason)?;
        let id = self.rule_id(named).await?;
        let old = sql::show(self.store.read(), id).await?.rule;
        met(
            expected.as_ref(),
            &Version::counted(old.revision.0),
            Said::called(Thing::Rule, format!("'{named}'")),
        )?;
        let record = permit.record(as_value(&old), None, reason);
        let (spine, at) = (self.spine.clone(), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let gone = sql::delete(tx, id, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    if old.enabled {
                        spine.append(tx, at, &[changed(&gone, false, at)]).await?;
                    }
                    Ok::<_, OperateError>(())
                })
            })
            .await
    }

    /// Starts a rehearsal of a rule, enabled or not, on the events recorded in a span of time; the job's
    /// result is the rehearsal's report.
    pub async fn rehearse_rule(
        &self,
        caller: &Caller,
        rule: Rule,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Uuid, OperateError> {
        let permit = self.permit_of(caller, Operation::RuleRehearse).await?;
        let what = Said::RehearsalOf { name: rule.name.clone() };
        let compiled =
            CompiledRule::compile(rule).map_err(|error| OperateError::Invalid(error.to_string().into()))?;
        let first = match from {
            // The event before the first one of the span.
            Some(from) => self.spine.seq_at(from - jiff::SignedDuration::from_micros(1)).await?,
            None => EventSeq(0),
        };
        let last = match until {
            Some(until) => self.spine.seq_at(until).await?,
            None => self.spine.latest().await?,
        };
        let owner = match &caller.subject {
            Subject::User(user) => Some(user.user),
            Subject::Unidentified => None,
        };
        let (spine, rules) = (self.spine.clone(), vec![Arc::new(compiled)]);
        // What held when the span began; from there on the log says it.
        let settings = netwarden_engine::recorded_rule_settings(&self.spine, Some(first)).await?;
        let settings = settings.unwrap_or_else(|| self.engine.rule_settings());
        Ok(self.jobs.start(what, Operation::RuleRehearse, owner, permit.at, move |progress| {
            rehearse(spine, rules, settings, first, last, progress)
        }))
    }

    /// [`Desk::rehearse_rule`] of a kept rule.
    pub async fn rehearse_named(
        &self,
        caller: &Caller,
        named: &str,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Uuid, OperateError> {
        self.permit_rule(caller, Operation::RuleRehearse, named).await?;
        let id = self.rule_id(named).await?;
        let kept = sql::show(self.store.read(), id).await?;
        self.rehearse_rule(caller, kept.rule, from, until).await
    }

    /// The latest rehearsal of this revision of a rule that has ended and is still known, with what it
    /// found.
    pub async fn last_rehearsal(
        &self,
        caller: &Caller,
        rule: RuleId,
        revision: RuleRevision,
    ) -> Result<Option<(Job, Report)>, OperateError> {
        let found = self.all_jobs(caller).await?.into_iter().find_map(|job| {
            let report = report_of(&job)?;
            let is_of = |rehearsed: &RuleReport| rehearsed.rule == rule.0 && rehearsed.revision == revision.0;
            report.rules.iter().any(is_of).then_some((job, report))
        });
        Ok(found)
    }

    async fn rule_id(&self, named: &str) -> Result<RuleId, OperateError> {
        if let Ok(id) = named.parse::<i64>() {
            return Ok(RuleId(id));
        }
        let found = sql::find(self.store.read(), named).await?;
        found.ok_or_else(|| OperateError::not_found(Thing::Rule, format!("'{named}'")))
    }

    async fn permit_rule(
        &self,
        caller: &Caller,
        operation: Operation,
        named: &str,
    ) -> Result<crate::Permit, OperateError> {
        self.permit(caller, operation, &Object::of(ObjectKind::Rule), Some(named.to_owned())).await
    }
}

/// What a job has found, where it was a rehearsal that has come to an end.
pub fn report_of(job: &Job) -> Option<Report> {
    let (State::Done(found) | State::Cancelled(Some(found))) = &job.state else { return None };
    if job.operation != Operation::RuleRehearse {
        return None;
    }
    serde_json::from_value(found.clone()).ok()
}

async fn rehearse(
    spine: netwarden_spine::Spine,
    rules: Vec<Arc<CompiledRule>>,
    settings: netwarden_rules::Settings,
    first: EventSeq,
    last: EventSeq,
    progress: Arc<Progress>,
) -> Result<serde_json::Value, Said> {
    progress.set_total(u64::try_from(last.0 - first.0).unwrap_or(0));
    let mut rehearsal = Rehearsal::new(rules, settings);
    let mut position = first;
    while position < last && !progress.is_cancelled() {
        let events = spine
            .read_from(position, netwarden_rules::rehearse::CHUNK as u64)
            .await
            .map_err(|error| error.to_string())?;
        let Some(end) = events.last().map(|event| event.seq) else { break };
        for event in events.iter().filter(|event| event.seq <= last) {
            rehearsal.feed(event);
        }
        position = end;
        progress.set_done(u64::try_from(position.0 - first.0).unwrap_or(0));
        tokio::task::yield_now().await;
    }
    serde_json::to_value(rehearsal.finish(progress.is_cancelled())).map_err(|error| error.to_string().into())
}

fn changed(rule: &Rule, enabled: bool, at: Timestamp) -> NewEvent {
    let (rule, revision): (RuleId, RuleRevision) = (rule.id, rule.revision);
    let kind = EventKind::RuleSetChanged;
    NewEvent {
        at,
        kind,
        subject: EventSubject::System("rules".to_owned()),
        ne: None,
        port: None,
        severity: kind.default_severity(),
        outcome: Outcome::Success,
        facts: None,
        payload: Payload::Nac(NacPayload::RuleSetChanged { rule, revision, enabled }),
        cause: None,
    }
}
