//! The reference calculation: what the rules make of the event log, from its first event on, in one go.
//!
//! Rules are pure, so whatever interrupted the judge in between, what it has stored must equal this.

use std::collections::BTreeMap;

use netwarden_rules::{RuleBook, RuleState, StateRow};

use crate::observed::Observed;

/// What should be stored when every event up to the judge's cursor was judged exactly once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// Key and action of every request.
    pub requests: BTreeMap<String, String>,
    /// What rules remember, by key.
    pub state: Vec<StateRow>,
    /// Decisions made; more than keys where one key was asked for twice.
    pub decisions: usize,
}

/// Judges the log up to the cursor.
pub fn calculate(observed: &Observed) -> Expected {
    let mut book = RuleBook::load(observed.settings.clone(), observed.revisions.clone(), Vec::new());
    let mut state = RuleState::default();
    let mut expected = Expected::default();
    for event in observed.events.iter().take_while(|event| event.seq.0 <= observed.judged) {
        for decision in book.judge(&mut state, event).judgement.decisions {
            expected.decisions += 1;
            expected.requests.insert(decision.key.0, decision.action.name().to_owned());
        }
    }
    expected.state = state.rows().collect();
    expected
}
