//! Rehearsal (NAC-17): the same judgement over recorded events, and what it would have done.
//!
//! Nothing is requested. The caller reads history in chunks, so that no read lasts long, and feeds
//! them; between chunks it shows progress and may cancel.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::access::PortAccess;
use netwarden_model::{Action, Event, EventKind, EventSeq, PortRef, RuleId, Subject};
use serde::{Deserialize, Serialize};

use crate::compiled::CompiledRule;
use crate::judge::{Decision, Held, Match, judge};
use crate::set::{RuleSet, Settings};
use crate::state::RuleState;
use crate::view::View;

/// Most events, ports, subjects and failures that a report lists one by one; the counts go on.
pub const MAX_LISTED: usize = 1_000;

/// Most events per chunk: a long read keeps the store from tidying its log.
pub const CHUNK: usize = 5_000;

/// What a rehearsal found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Events read.
    pub events: u64,
    /// Events that at least one rule matched.
    pub matched_events: u64,
    /// The first [`MAX_LISTED`] of them.
    pub matched: Vec<EventSeq>,
    /// What each rule would have done, by its id.
    pub rules: Vec<RuleReport>,
    /// What would have happened to whom: one for each match, the first [`MAX_LISTED`] of them.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// Time of the first and last event read.
    pub span: Option<(Timestamp, Timestamp)>,
    /// It was cancelled: the report covers the beginning only.
    pub cancelled: bool,
}

/// What one rule would have done about one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The event.
    pub seq: EventSeq,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Whom it is about.
    pub subject: Subject,
    /// The name that the endpoint had then.
    pub name: Option<String>,
    /// The port on which the endpoint was.
    pub port: Option<PortRef>,
    /// Which rule, by its id; 0 where it is not stored yet.
    pub rule: i64,
    /// What it would have asked for, in this order.
    pub actions: Vec<String>,
    /// Its period or its schedule would have held it back.
    pub held: bool,
}

/// What one rule would have done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleReport {
    /// Its id; 0 where it is not stored yet.
    pub rule: i64,
    /// Its revision; 0 where it is not stored yet.
    #[serde(default)]
    pub revision: i64,
    /// Its name.
    pub name: String,
    /// Events that its condition matched.
    pub matches: u64,
    /// Of these, those that its schedule or period held back.
    pub held: u64,
    /// Reactions on ports that were left out because the event was an effect of the rule itself.
    pub own_effects: u64,
    /// How often it would have asked for each action.
    pub actions: BTreeMap<String, u64>,
    /// Ports that it would have shut, at most [`MAX_LISTED`].
    pub shut: BTreeSet<PortRef>,
    /// Ports that it would have moved to another VLAN, at most [`MAX_LISTED`].
    pub moved: BTreeSet<PortRef>,
    /// Whom it would have matched, at most [`MAX_LISTED`].
    pub subjects: BTreeSet<Subject>,
    /// Time of the first match.
    pub first: Option<Timestamp>,
    /// Time of the last match.
    pub last: Option<Timestamp>,
    /// How often it, or a reaction of it, failed.
    pub failures: u64,
    /// The different reasons of that, at most ten.
    pub reasons: BTreeSet<String>,
}

/// A rehearsal under way.
#[derive(Debug)]
pub struct Rehearsal {
    set: RuleSet,
    state: RuleState,
    report: Report,
    rules: BTreeMap<RuleId, RuleReport>,
}

impl Rehearsal {
    /// Of these rules, enabled or not, from an empty state.
    pub fn new(rules: Vec<Arc<CompiledRule>>, settings: Settings) -> Self {
        let set = RuleSet::new(rules, settings);
        let rules = set
            .rules()
            .iter()
            .map(|rule| {
                let report = RuleReport {
                    rule: rule.rule().id.0,
                    revision: rule.rule().revision.0,
                    name: rule.rule().name.clone(),
                    ..RuleReport::default()
                };
                (rule.rule().id, report)
            })
            .collect();
        Self { set, state: RuleState::default(), report: Report::default(), rules }
    }

    /// Judges one event as if it came now.
    pub fn feed(&mut self, event: &Event) {
        self.report.events += 1;
        self.report.span = Some(match self.report.span {
            None => (event.at, event.at),
            Some((first, last)) => (first.min(event.at), last.max(event.at)),
        });
        let judgement = judge(&self.set, &mut self.state, event);
        self.state.take_changes();
        if !judgement.matches.is_empty() {
            self.report.matched_events += 1;
            if self.report.matched.len() < MAX_LISTED {
                self.report.matched.push(event.seq);
            }
        }
        for matched in &judgement.matches {
            if self.report.effects.len() < MAX_LISTED {
                self.report.effects.push(effect(event, matched, &judgement.decisions));
            }
        }
        for matched in judgement.matches {
            let Some(report) = self.rules.get_mut(&matched.rule) else { continue };
            report.matches += 1;
            report.first = Some(report.first.map_or(event.at, |first| first.min(event.at)));
            report.last = Some(report.last.map_or(event.at, |last| last.max(event.at)));
            list(&mut report.subjects, &event.subject);
            for held in &matched.held {
                match held {
                    Held::Schedule | Held::Period => report.held += 1,
                    Held::OwnEffect { .. } => report.own_effects += 1,
                }
            }
        }
        for decision in judgement.decisions {
            let Some(report) = self.rules.get_mut(&decision.rule) else { continue };
            *report.actions.entry(decision.action.name().to_owned()).or_default() += 1;
            match &decision.action {
                Action::SetPortAccess { port, access: PortAccess::Shut, .. } => {
                    list(&mut report.shut, port);
                }
                Action::SetPortAccess { port, .. } => list(&mut report.moved, port),
                _ => {}
            }
        }
        self.follow(event);
        for failure in judgement.failures {
            let Some(report) = self.rules.get_mut(&failure.rule) else { continue };
            report.failures += 1;
            if report.reasons.len() < 10 {
                report.reasons.insert(failure.reason);
            }
        }
    }

    /// From the next event on, what the log says that held then.
    fn follow(&mut self, event: &Event) {
        if let Some(settings) = Settings::of(event) {
            self.set = RuleSet::new(self.set.rules().to_vec(), settings);
        }
    }

    /// How many events were judged so far.
    pub const fn events(&self) -> u64 {
        self.report.events
    }

    /// The report; `cancelled` says that history was not read to its end.
    pub fn finish(mut self, cancelled: bool) -> Report {
        self.report.cancelled = cancelled;
        self.report.rules = self.rules.into_values().collect();
        self.report
    }
}

/// Rehearses over chunks of recorded events. `progress` is told the number of events judged after each
/// chunk, and may stop it. A chunk that cannot be read ends it with the reader's error.
pub fn rehearse<E>(
    mut rehearsal: Rehearsal,
    chunks: impl IntoIterator<Item = Result<Vec<Event>, E>>,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Report, E> {
    for chunk in chunks {
        for event in &chunk? {
            rehearsal.feed(event);
        }
        if progress(rehearsal.events()).is_break() {
            return Ok(rehearsal.finish(true));
        }
    }
    Ok(rehearsal.finish(false))
}

fn effect(event: &Event, matched: &Match, decisions: &[Decision]) -> Effect {
    let facts = event.facts.as_ref();
    let name = facts.and_then(|facts| facts.dns_name.as_ref().or(facts.host_name.as_ref()));
    let own = decisions.iter().filter(|decision| decision.rule == matched.rule);
    Effect {
        seq: event.seq,
        at: event.at,
        kind: event.kind,
        subject: event.subject.clone(),
        name: name.cloned(),
        port: View::new(event).port(),
        rule: matched.rule.0,
        actions: own.map(|decision| decision.action.name().to_owned()).collect(),
        held: matched.held.iter().any(|held| matches!(held, Held::Schedule | Held::Period)),
    }
}

fn list<T: Ord + Clone>(all: &mut BTreeSet<T>, one: &T) {
    if all.len() < MAX_LISTED && !all.contains(one) {
        all.insert(one.clone());
    }
}
