//! Rules that are being written: examined as they are typed, with what properties have held lately, and
//! the starter set for those who begin.

use std::collections::BTreeMap;

use netwarden_identity::Operation;
use netwarden_model::{Event, EventKind};
use netwarden_rules::cost::MAX_COST;
use netwarden_rules::properties::PROPERTIES;
use netwarden_rules::view::View;
use netwarden_rules::{CompiledRule, Condition, ConditionError, Rule, RuleError, sql, starter_rules};
use netwarden_store::Tx;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::lists::ListWish;
use crate::ports::{as_value, require_reason};

/// Events that are looked through for values of properties.
const LOOKED_THROUGH: u64 = 50;

/// What the check of a condition told: it can be saved as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Most steps that one evaluation takes.
    pub cost: u64,
    /// As many are permitted.
    pub limit: u64,
    /// As it was understood: CEL with every guard against missing numbers written out.
    pub understood: String,
}

impl Desk {
    /// Checks a condition as saving it does.
    pub async fn examine_condition(
        &self,
        caller: &Caller,
        source: &str,
    ) -> Result<Result<Examined, ConditionError>, OperateError> {
        self.permit_of(caller, Operation::RuleRead).await?;
        Ok(Condition::compile(source).map(|condition| Examined {
            cost: condition.cost(),
            limit: MAX_COST,
            understood: condition.canonical(),
        }))
    }

    /// Checks a rule as saving it does, and tells which part of it is wrong.
    pub async fn examine_rule(
        &self,
        caller: &Caller,
        rule: Rule,
    ) -> Result<Result<(), RuleError>, OperateError> {
        self.permit_of(caller, Operation::RuleRead).await?;
        Ok(CompiledRule::compile(rule).map(|_| ()))
    }

    /// What properties have held at the latest events of these kinds that the caller may see, by their
    /// names; those that had no value are left out.
    pub async fn property_samples(
        &self,
        caller: &Caller,
        kinds: &[EventKind],
    ) -> Result<BTreeMap<&'static str, String>, OperateError> {
        let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let filters = match words.is_empty() {
            true => Vec::new(),
            false => vec![("kind".to_owned(), words.join(","))],
        };
        let wish = ListWish { filters, limit: Some(LOOKED_THROUGH), ..ListWish::default() };
        Ok(values_of(&self.list_events(caller, wish).await?.items))
    }

    /// The starter set, as it is written; nothing of it is kept yet. `told` says its names and descriptions in
    /// the reader's language.
    pub async fn starter_rules(
        &self,
        caller: &Caller,
        told: impl Fn(&str) -> String,
    ) -> Result<Vec<Rule>, OperateError> {
        self.permit_of(caller, Operation::RuleRead).await?;
        Ok(starter_rules_in(told))
    }

    /// Keeps those rules of the starter set whose names are free, all disabled; returns how many.
    pub async fn add_starter_rules(
        &self,
        caller: &Caller,
        told: impl Fn(&str) -> String,
        reason: &str,
    ) -> Result<usize, OperateError> {
        let permit = self.permit_of(caller, Operation::RuleCreate).await?;
        require_reason(reason)?;
        let (at, by, reason) = (permit.at, permit.user().to_owned(), reason.to_owned());
        let rules = starter_rules_in(told);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let mut records = Vec::new();
                    for rule in rules {
                        if sql::find(tx, &rule.name).await?.is_some() {
                            continue;
                        }
                        let kept = sql::add(tx, rule, at, &by).await?;
                        let mut record = permit.record(None, as_value(&kept), &reason);
                        record.object.id = Some(kept.name);
                        records.push(record);
                    }
                    if !records.is_empty() {
                        netwarden_audit::record_many(tx, &records).await?;
                    }
                    Ok::<_, OperateError>(records.len())
                })
            })
            .await
    }
}

fn starter_rules_in(told: impl Fn(&str) -> String) -> Vec<Rule> {
    let told = |rule: Rule| Rule { name: told(&rule.name), description: told(&rule.description), ..rule };
    starter_rules().into_iter().map(told).collect()
}

/// The first value that each property has in `events`, the newest of which is first.
fn values_of(events: &[Event]) -> BTreeMap<&'static str, String> {
    let mut values = BTreeMap::new();
    for known in PROPERTIES {
        let mut found = events.iter().map(|event| View::new(event).get(known.property).to_string());
        // What is unknown reads as nothing.
        if let Some(value) = found.find(|value| !value.is_empty()) {
            values.insert(known.name, value);
        }
    }
    values
}
