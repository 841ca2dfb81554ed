//! Connections, the one writer, transactions, dialects, migrations and paging.
//!
//! Under every stage that keeps something: [`Store::open`] brings the schema up to date,
//! [`Store::write`] runs a job in the writer's present transaction and answers only after COMMIT,
//! [`Store::read`] gives connections that cannot write, [`ListQuery`] makes the SQL of lists.
//!
//! It knows no domain type but `Scope` and sealed bytes: a capability's tables and SQL stand in that
//! capability's own crate, in `sql.rs`. It never does anything outside the database and its reserve.

mod config;
mod connect;
mod cursor;
mod error;
mod insert;
mod job;
mod list;
mod migrate;
mod migration;
mod reserve;
mod scope;
mod sql;
mod store;
mod time;
mod tx;
mod writer;

#[cfg(feature = "testing")]
pub mod testing;

pub use config::{Location, StoreConfig};
pub use cursor::CursorError;
pub use error::StoreError;
pub use insert::{insert_many, insert_many_or_ignore, upsert_many};
pub use job::{Chain, Pending};
pub use list::{
    COUNT_LIMIT, Column, ColumnKind, Condition, Count, Direction, FilterValue, HeldColumn, HeldList,
    HeldQuery, ListError, ListQuery, ListTable, Listed, PAGE_LIMIT, Page,
};
pub use migration::{Dialect, Migration};
pub use reserve::Space;
pub use scope::scope_condition;
pub use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Value};
pub use sql::{dialect_of, execute, query_all, query_one, statement};
pub use store::Store;
pub use time::{from_micros, to_micros};
pub use tx::Tx;

/// Rows that one chunk of a long read may have: longer read transactions hold up the checkpoint.
pub const READ_CHUNK: u64 = 5_000;

/// The values of a statement's placeholders, each turned into [`Value`].
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::Value::from($value)),*] };
}
