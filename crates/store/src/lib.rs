//! Connections, the one writer, transactions, dialects and migrations.
//!
//! Under every stage that keeps something. It knows no domain type but `Scope` and sealed bytes: a
//! capability's tables and SQL stand in that capability's own crate, in `sql.rs`.

mod migration;

pub use migration::{Dialect, Migration};
