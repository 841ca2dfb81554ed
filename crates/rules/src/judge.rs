//! The decision: one event and the rules' own state in, action requests out.
//!
//! Pure: the same events give the same decisions, whether judged at once or in any split, live or
//! replayed. Time is the event's; ids of requests are made by who stores them.

use jiff::Timestamp;
use netwarden_model::action::Originator;
use netwarden_model::{Action, Event, EventSeq, PortRef, RequestKey, RuleId, RuleRevision, Severity};

use crate::compiled::CompiledRule;
use crate::set::RuleSet;
use crate::state::{Last, RuleState, StateKey};
use crate::view::View;

/// The number under which a rule's alarm is decided; its reactions follow from 1.
pub const ALARM: usize = 0;

/// One action that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Which rule.
    pub rule: RuleId,
    /// Which revision of it.
    pub revision: RuleRevision,
    /// Its name at that revision.
    pub name: String,
    /// [`ALARM`], or the reaction's number from 1.
    pub reaction: usize,
    /// What is wanted.
    pub action: Action,
    /// What makes the request unique.
    pub key: RequestKey,
    /// Who wants it.
    pub originator: Originator,
    /// How many of our own requests lie between it and something from outside.
    pub depth: u8,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Which rule.
    pub rule: RuleId,
    /// Which revision of it.
    pub revision: RuleRevision,
    /// Its name at that revision.
    pub name: String,
    /// How bad the rule calls it.
    pub severity: Severity,
    /// Why nothing, or less, came of it.
    pub held: Vec<Held>,
}

/// Why a match had less effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It is not the time for it.
    Schedule,
    /// It matched the same subject within its period.
    Period,
    /// The event is our own effect, and the rule already changed this port: what it does must not
    /// feed it.
    OwnEffect {
        /// Which reaction was left out.
        reaction: usize,
        /// Which port.
        port: PortRef,
    },
}

/// A rule, or a reaction of it, that could not be judged or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFailure {
    /// Which rule.
    pub rule: RuleId,
    /// Which revision of it.
    pub revision: RuleRevision,
    /// Its name at that revision.
    pub name: String,
    /// On which event.
    pub event: EventSeq,
    /// Which reaction; None for the condition.
    pub reaction: Option<usize>,
    /// Why, in one sentence.
    pub reason: String,
}

/// All that came of one event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What is to be done, by rule, then reaction.
    pub decisions: Vec<Decision>,
    /// Which rules matched, by rule.
    pub matches: Vec<Match>,
    /// What failed.
    pub failures: Vec<RuleFailure>,
    /// Not judged, since too many of our own requests lie behind the event.
    pub too_deep: bool,
}

/// Judges one event. The rows of `state` that change are taken by [`RuleState::take_changes`].
pub fn judge(set: &RuleSet, state: &mut RuleState, event: &Event) -> Judgement {
    let mut judgement = Judgement::default();
    let depth = event.cause.as_ref().map_or(0, |cause| cause.depth);
    if depth >= set.settings().max_depth {
        judgement.too_deep = true;
        return judgement;
    }
    let view = View::new(event);
    for rule in set.candidates(view) {
        match rule.condition().holds(view) {
            Ok(false) => {}
            Ok(true) => matched(set, state, rule, view, depth, &mut judgement),
            Err(error) => judgement.failures.push(failure(rule, event, None, error.to_string())),
        }
    }
    judgement
}

fn matched(
    set: &RuleSet,
    state: &mut RuleState,
    rule: &CompiledRule,
    view: View<'_>,
    depth: u8,
    judgement: &mut Judgement,
) {
    let event = view.event();
    let text = rule.rule();
    let mut held = Vec::new();
    if !rule.is_on_schedule(event.at) {
        held.push(Held::Schedule);
    } else if is_repetition(rule, state, event) {
        held.push(Held::Period);
    } else {
        if let Some(every) = rule.every() {
            let until = event.at.checked_add(every).unwrap_or(Timestamp::MAX);
            state.set(StateKey::matched(text.id, &event.subject), Last { at: event.at, until });
        }
        for reaction in 0..rule.reactions() {
            let port = if rule.is_of_port(reaction) { view.port() } else { None };
            let key = port.as_ref().map(|port| StateKey::changed(text.id, port));
            if let (Some(port), Some(key)) = (&port, &key)
                && event.cause.is_some()
                && state.last(key).is_some()
            {
                held.push(Held::OwnEffect { reaction, port: port.clone() });
                continue;
            }
            match rule.action(reaction, view, &set.settings().vlans) {
                Ok(None) => {}
                Ok(Some(action)) => {
                    if let Some(key) = key {
                        state.set(key, Last { at: event.at, until: event.at });
                    }
                    judgement.decisions.push(decision(rule, event, reaction, action, depth));
                }
                Err(reason) => judgement.failures.push(failure(rule, event, Some(reaction), reason)),
            }
        }
    }
    judgement.matches.push(Match {
        rule: text.id,
        revision: text.revision,
        name: text.name.clone(),
        severity: text.severity,
        held,
    });
}

/// Whether the rule matched the same subject less than its period away. A last time that lies further
/// ahead than the period comes from a clock that was set back, and does not hold.
fn is_repetition(rule: &CompiledRule, state: &RuleState, event: &Event) -> bool {
    if rule.every().is_none() {
        return false;
    }
    let key = StateKey::matched(rule.rule().id, &event.subject);
    state
        .last(&key)
        .is_some_and(|last| event.at.duration_since(last.at).abs() < last.until.duration_since(last.at))
}

fn decision(rule: &CompiledRule, event: &Event, reaction: usize, action: Action, depth: u8) -> Decision {
    let text = rule.rule();
    Decision {
        rule: text.id,
        revision: text.revision,
        name: text.name.clone(),
        reaction,
        action,
        key: RequestKey::of_rule(event.seq, text.id, text.revision, reaction),
        originator: Originator::Rule {
            rule: text.id,
            revision: text.revision,
            name: text.name.clone(),
            event: event.seq,
        },
        depth,
    }
}

fn failure(rule: &CompiledRule, event: &Event, reaction: Option<usize>, reason: String) -> RuleFailure {
    let text = rule.rule();
    RuleFailure {
        rule: text.id,
        revision: text.revision,
        name: text.name.clone(),
        event: event.seq,
        reaction,
        reason,
    }
}
