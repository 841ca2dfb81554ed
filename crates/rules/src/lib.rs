//! Rules: pure decisions. An event and the rules' own state in, action requests out.
//!
//! `collect → spine → [rules] → actions → audit`. The judging shell reads events in order, calls
//! [`RuleBook::judge`] and stores, in one transaction (T1): its cursor, the changed rows of
//! [`RuleState`], and one action request for each [`Decision`].
//!
//! Conditions are CEL over the declared [`properties`], read from events by [`view`]; the language itself is
//! `netwarden_conditions`. The tests hold every evaluation against the interpreter of the `cel` crate. Only `sql` knows
//! the store. The rest knows no socket, file, database, clock or random source: time is the event's,
//! and time zones are compiled in. A condition that fails on an event matches nothing and is reported;
//! it never stops the others.

pub mod book;
pub mod compiled;
pub mod explain;
pub mod judge;
pub mod properties;
pub mod rehearse;
pub mod rule;
pub mod set;
pub mod sql;
pub mod starter;
pub mod state;
pub mod template;
pub mod view;

/// A condition over what is known of an event.
pub type Condition = netwarden_conditions::Condition<properties::Property>;

pub use book::{RuleBook, RuleChange, Step};
pub use compiled::{CompiledRule, QuarantineVlans, RuleError, RulePart};
pub use explain::{Explanation, explain};
pub use judge::{ALARM, Decision, Held, Judgement, Match, RuleFailure, judge};
pub use netwarden_conditions::{ConditionError, EvaluationError, FUNCTIONS, cost, value};
pub use rehearse::{Rehearsal, Report, rehearse};
pub use rule::{Day, Destination, Period, Reaction, Rule, Schedule};
pub use set::{RuleSet, Settings};
pub use starter::starter_rules;
pub use state::{Last, RuleState, StateKey, StateRow};
