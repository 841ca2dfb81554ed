//! What rules remember from event to event: plain rows that are stored with what they decided.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use netwarden_model::{PortRef, RuleId, Subject};

use crate::set::RuleSet;

/// About whom a rule remembers something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey {
    /// The rule, whatever its revision.
    pub rule: RuleId,
    /// `mac:...`, `ne:...`, `system:...` for the last match, `port:<ne>:<name>` for the last change of a
    /// port that it asked for.
    pub about: String,
}

impl StateKey {
    /// The key of a rule's last match for `subject`.
    pub fn matched(rule: RuleId, subject: &Subject) -> Self {
        let about = match subject {
            Subject::Mac(mac) => format!("mac:{mac}"),
            Subject::Ne(ne) => format!("ne:{ne}"),
            Subject::System(part) => format!("system:{part}"),
        };
        Self { rule, about }
    }

    /// The key of a rule's last change of `port`.
    pub fn changed(rule: RuleId, port: &PortRef) -> Self {
        Self { rule, about: format!("port:{}:{}", port.ne, port.port) }
    }
}

/// One row: when it last was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRow {
    /// About whom.
    pub key: StateKey,
    /// The time of the event.
    pub at: Timestamp,
}

/// All rows, and which of them changed since they were last taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleState {
    rows: BTreeMap<StateKey, Timestamp>,
    changed: BTreeSet<StateKey>,
}

impl RuleState {
    /// From stored rows.
    pub fn load(rows: impl IntoIterator<Item = StateRow>) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.key, row.at)).collect(), changed: BTreeSet::new() }
    }

    /// When that last was.
    pub fn last(&self, key: &StateKey) -> Option<Timestamp> {
        self.rows.get(key).copied()
    }

    pub(crate) fn set(&mut self, key: StateKey, at: Timestamp) {
        self.changed.insert(key.clone());
        self.rows.insert(key, at);
    }

    /// Takes the rows that changed since the last call, to be stored with the decisions (T1).
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        std::mem::take(&mut self.changed)
            .into_iter()
            .filter_map(|key| self.rows.get(&key).map(|at| StateRow { at: *at, key: key.clone() }))
            .collect()
    }

    /// Every row, by key.
    pub fn rows(&self) -> impl Iterator<Item = StateRow> {
        self.rows.iter().map(|(key, at)| StateRow { key: key.clone(), at: *at })
    }

    /// Drops what no longer says anything at `now`: matches longer ago than the period of their rule.
    /// Dropping it changes no decision on events from `now` on. Answers with the keys, whose rows can be
    /// deleted; rows about ports stay, as do those of rules that `set` does not hold.
    pub fn expire(&mut self, set: &RuleSet, now: Timestamp) -> Vec<StateKey> {
        let over: Vec<StateKey> = self
            .rows
            .iter()
            .filter(|(key, at)| {
                let every = set.rule(key.rule).map(|rule| rule.every());
                !key.about.starts_with("port:")
                    && every.is_some_and(|every| every.is_none_or(|every| now.duration_since(**at) >= every))
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in &over {
            self.rows.remove(key);
            self.changed.remove(key);
        }
        over
    }
}
