//! Rules over time: every revision, and from which event on it judges.
//!
//! A change of a rule is an event in the log. So a backlog is judged by the revisions that were valid
//! at each of its events, whatever has been edited since.

use std::collections::BTreeMap;
use std::sync::Arc;

use netwarden_model::event::NacPayload;
use netwarden_model::{Event, EventSeq, Payload, RuleId, RuleRevision};

use crate::compiled::{CompiledRule, RuleError};
use crate::judge::{Judgement, RuleFailure, judge};
use crate::rule::Rule;
use crate::set::{RuleSet, Settings};
use crate::state::RuleState;

/// From the event after `seq` on, this revision of the rule judges, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleChange {
    /// The event that says so.
    pub seq: EventSeq,
    /// Which rule.
    pub rule: RuleId,
    /// Which revision.
    pub revision: RuleRevision,
    /// Whether it judges.
    pub enabled: bool,
}

impl RuleChange {
    /// The change that an event tells of.
    pub fn of(event: &Event) -> Option<Self> {
        match event.payload {
            Payload::Nac(NacPayload::RuleSetChanged { rule, revision, enabled }) => {
                Some(Self { seq: event.seq, rule, revision, enabled })
            }
            Payload::Nac(_) | Payload::People(_) => None,
        }
    }
}

/// Every revision that judges or judged.
#[derive(Debug, Clone)]
pub struct RuleBook {
    revisions: BTreeMap<(RuleId, RuleRevision), Result<Arc<CompiledRule>, RuleError>>,
    changes: Vec<RuleChange>,
    settings: Settings,
    current: RuleSet,
}

/// What came of one event, and the change of the book that it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What came of it.
    pub judgement: Judgement,
    /// To be stored with it.
    pub change: Option<RuleChange>,
}

impl RuleBook {
    /// An empty book.
    pub fn new(settings: Settings) -> Self {
        Self {
            revisions: BTreeMap::new(),
            changes: Vec::new(),
            current: RuleSet::new(Vec::new(), settings.clone()),
            settings,
        }
    }

    /// From what was stored: the revisions, and the changes of all events judged so far.
    pub fn load(
        settings: Settings,
        revisions: impl IntoIterator<Item = Rule>,
        mut changes: Vec<RuleChange>,
    ) -> Self {
        let mut book = Self::new(settings);
        for rule in revisions {
            book.learn(rule);
        }
        changes.sort_by_key(|change| change.seq);
        book.changes = changes;
        book.current = book.set_before(None);
        book
    }

    /// Takes in the text of a revision. One that cannot be used (written by another version of this
    /// program) judges nothing, and every event says so among its failures.
    pub fn learn(&mut self, rule: Rule) {
        self.revisions.insert((rule.id, rule.revision), CompiledRule::compile(rule).map(Arc::new));
    }

    /// The revision whose text must be learned before `event` is judged.
    pub fn missing(&self, event: &Event) -> Option<(RuleId, RuleRevision)> {
        RuleChange::of(event)
            .filter(|change| change.enabled)
            .map(|change| (change.rule, change.revision))
            .filter(|wanted| !self.revisions.contains_key(wanted))
    }

    /// Changes what holds for all rules, from the next event on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
        self.current = self.set_before(None);
    }

    /// The set that judges the next event.
    pub const fn current(&self) -> &RuleSet {
        &self.current
    }

    /// The set that judges the event `seq`.
    pub fn at(&self, seq: EventSeq) -> RuleSet {
        self.set_before(Some(seq))
    }

    /// Judges the next event of the log, and takes in the change of rules or settings that it may be.
    pub fn judge(&mut self, state: &mut RuleState, event: &Event) -> Step {
        let mut judgement = judge(&self.current, state, event);
        let change = RuleChange::of(event);
        if let Some(change) = change {
            self.apply(change);
            if change.enabled
                && let Some(reason) = self.unusable(change)
            {
                judgement.failures.push(RuleFailure {
                    rule: change.rule,
                    revision: change.revision,
                    name: String::new(),
                    event: event.seq,
                    reaction: None,
                    reason,
                });
            }
        }
        if let Some(settings) = Settings::of(event) {
            self.set_settings(settings);
        }
        Step { judgement, change }
    }

    fn unusable(&self, change: RuleChange) -> Option<String> {
        match self.revisions.get(&(change.rule, change.revision)) {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(format!("it cannot be used: {error}")),
            None => Some(format!("the text of its revision {} is missing", change.revision)),
        }
    }

    fn apply(&mut self, change: RuleChange) {
        self.changes.push(change);
        self.current = self.set_before(None);
    }

    fn set_before(&self, seq: Option<EventSeq>) -> RuleSet {
        let mut last = BTreeMap::new();
        for change in self.changes.iter().filter(|change| seq.is_none_or(|seq| change.seq < seq)) {
            last.insert(change.rule, *change);
        }
        let rules = last
            .into_values()
            .filter(|change| change.enabled)
            .filter_map(|change| self.revisions.get(&(change.rule, change.revision)))
            .filter_map(|revision| revision.as_ref().ok().cloned())
            .collect();
        RuleSet::new(rules, self.settings.clone())
    }
}
