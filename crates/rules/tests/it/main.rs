//! Tests of the rules from outside.

mod cases;
mod conditions;
mod events;
mod judging;
mod reference;
mod rules;
mod sql;
