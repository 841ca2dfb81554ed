//! Conditions: CEL over the properties of something, checked for names, types and cost when they are saved, and
//! evaluated as often as one likes within a bound.
//!
//! Beside the flow: `rules` asks them of events, `identity` of whoever wants something. What a condition may speak of
//! is a vocabulary ([`Property`]), which its user declares; where values come from is [`Reads`]. Pure: knows no socket,
//! file, database, clock or random source, and time zones are compiled in. Why we evaluate ourselves: ADR 3. The tests
//! of `rules` hold every evaluation against the interpreter of the `cel` crate.

pub mod condition;
pub mod cost;
mod evaluate;
pub mod explain;
mod lower;
mod node;
pub mod property;
pub mod value;

pub use condition::{Condition, ConditionError, Key};
pub use evaluate::EvaluationError;
pub use explain::Part;
pub use lower::{FUNCTIONS, unknown_property, zone};
pub use node::Zone;
pub use property::{Choice, Property, PropertyType, Reads};
pub use value::Value;
