//! What rules remember from event to event: plain rows that are stored with what they decided.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use netwarden_model::{PortRef, RuleId, Subject};

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
    /// When.
    pub last: Last,
}

/// When something last was, and until when that counts. The period is the one of the revision that
/// matched: a later revision's period counts from its own first match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// The time of the event.
    pub at: Timestamp,
    /// Events before this time are repetitions; equal to `at` for changes of ports.
    pub until: Timestamp,
}

/// All rows, and which of them changed since they were last taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleState {
    rows: BTreeMap<StateKey, Last>,
    changed: BTreeSet<StateKey>,
}

impl RuleState {
    /// From stored rows.
    pub fn load(rows: impl IntoIterator<Item = StateRow>) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.key, row.last)).collect(), changed: BTreeSet::new() }
    }

    /// When that last was.
    pub fn last(&self, key: &StateKey) -> Option<Last> {
        self.rows.get(key).copied()
    }

    pub(crate) fn set(&mut self, key: StateKey, last: Last) {
        self.changed.insert(key.clone());
        self.rows.insert(key, last);
    }

    /// Takes the rows that changed since the last call, to be stored with the decisions (T1).
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        std::mem::take(&mut self.changed)
            .into_iter()
            .filter_map(|key| self.rows.get(&key).map(|last| StateRow { last: *last, key: key.clone() }))
            .collect()
    }

    /// Every row, by key.
    pub fn rows(&self) -> impl Iterator<Item = StateRow> {
        self.rows.iter().map(|(key, last)| StateRow { key: key.clone(), last: *last })
    }

    /// Drops what no longer says anything at `now`: matches whose period is over. That changes no decision
    /// on events from `now` on. Answers with the keys, whose rows can be deleted; rows about ports stay.
    pub fn expire(&mut self, now: Timestamp) -> Vec<StateKey> {
        let over: Vec<StateKey> = self
            .rows
            .iter()
            .filter(|(key, last)| !key.about.starts_with("port:") && last.until <= now)
            .map(|(key, _)| key.clone())
            .collect();
        for key in &over {
            self.rows.remove(key);
            self.changed.remove(key);
        }
        over
    }
}
