//! Multi-row inserts: what makes appending fast on both databases.

use std::fmt::Write;

use sea_orm::{ConnectionTrait, Value};

use crate::{StoreError, execute};

/// Placeholders in one statement: SQLite's SQLITE_MAX_VARIABLE_NUMBER is 32,766, PostgreSQL's 65,535.
const VARIABLES: usize = 32_000;
/// Longer statements gain nothing more.
const ROWS: usize = 512;

/// Inserts `rows`, each with one value per column, in as few statements as the databases allow.
/// Answers with the number of rows inserted. Names of table and columns come from the source alone.
pub async fn insert_many<C: ConnectionTrait>(
    connection: &C,
    table: &'static str,
    columns: &[&'static str],
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Result<u64, StoreError> {
    insert(connection, table, columns, rows, "").await
}

/// As [`insert_many`], but rows whose unique key exists already are left as they are.
pub async fn insert_many_or_ignore<C: ConnectionTrait>(
    connection: &C,
    table: &'static str,
    columns: &[&'static str],
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Result<u64, StoreError> {
    insert(connection, table, columns, rows, " ON CONFLICT DO NOTHING").await
}

async fn insert<C: ConnectionTrait>(
    connection: &C,
    table: &'static str,
    columns: &[&'static str],
    rows: impl IntoIterator<Item = Vec<Value>>,
    tail: &str,
) -> Result<u64, StoreError> {
    let width = columns.len();
    if width == 0 {
        return Err(StoreError::Unsupported("an insert needs at least one column"));
    }
    let chunk = (VARIABLES / width).clamp(1, ROWS);
    let mut values = Vec::with_capacity(width * chunk);
    let mut waiting = 0;
    let mut inserted = 0;
    for row in rows {
        if row.len() != width {
            return Err(StoreError::Unsupported(
                "a row to insert has not as many values as there are columns",
            ));
        }
        values.extend(row);
        waiting += 1;
        if waiting == chunk {
            let full = std::mem::replace(&mut values, Vec::with_capacity(width * chunk));
            inserted += execute(connection, text(table, columns, waiting, tail), full).await?;
            waiting = 0;
        }
    }
    if waiting > 0 {
        inserted += execute(connection, text(table, columns, waiting, tail), values).await?;
    }
    Ok(inserted)
}

fn text(table: &str, columns: &[&str], rows: usize, tail: &str) -> String {
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut number = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            number += 1;
            // Writing to a String cannot fail.
            let _ = write!(sql, "{}${number}", if column == 0 { "" } else { ", " });
        }
        sql.push(')');
    }
    sql.push_str(tail);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_counts_placeholders_through() {
        assert_eq!(
            text("t", &["a", "b"], 2, " ON CONFLICT DO NOTHING"),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
    }
}
