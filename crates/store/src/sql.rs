//! Statements with `$1`, `$2`, ... as placeholders, which both databases understand.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use crate::{Dialect, StoreError};

/// A statement of `sql` (placeholders `$1` ...) for the database behind `connection`.
///
/// Integers are to be `i64` (a `u64` beyond `i64::MAX` is not storable), octets `Vec<u8>`.
pub fn statement<C: ConnectionTrait>(
    connection: &C,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

/// Executes `sql`; answers with the number of rows changed.
pub async fn execute<C: ConnectionTrait>(
    connection: &C,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    let statement = statement(connection, sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// All rows of `sql`.
pub async fn query_all<C: ConnectionTrait>(
    connection: &C,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    let statement = statement(connection, sql, values);
    Ok(connection.query_all_raw(statement).await?)
}

/// The first row of `sql`, if there is one.
pub async fn query_one<C: ConnectionTrait>(
    connection: &C,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, StoreError> {
    let statement = statement(connection, sql, values);
    Ok(connection.query_one_raw(statement).await?)
}

/// Which database is behind `connection`.
pub fn dialect_of<C: ConnectionTrait>(connection: &C) -> Dialect {
    match connection.get_database_backend() {
        DbBackend::Postgres => Dialect::Postgres,
        _ => Dialect::Sqlite,
    }
}
