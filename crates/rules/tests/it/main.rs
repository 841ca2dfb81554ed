//! Tests of the rules from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod conditions;
mod events;
mod judging;
mod reference;
mod rules;
mod sql;
