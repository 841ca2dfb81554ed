//! Multi-row inserts: what makes appending fast on both databases.

use sea_orm::{ConnectionTrait, DbBackend, Value};

use crate::{StoreError, execute};

/// Rows of one statement, largest first. Few different lengths mean few different texts, which the
/// connection then has prepared already; longer ones gain nothing more.
const LENGTHS: [usize; 5] = [256, 64, 16, 4, 1];
/// Rows that are taken at a time.
const GATHERED: usize = 1_024;
/// Placeholders in one statement: SQLite's SQLITE_MAX_VARIABLE_NUMBER is 32,766, PostgreSQL's 65,535.
const VARIABLES: usize = 32_000;

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

/// As [`insert_many`], but where a row with the same key exists, it is replaced. The key is the first
/// `keys` columns; none may stand in `rows` twice.
pub async fn upsert_many<C: ConnectionTrait>(
    connection: &C,
    table: &'static str,
    columns: &[&'static str],
    keys: usize,
    rows: impl IntoIterator<Item = Vec<Value>>,
) -> Result<u64, StoreError> {
    let Some((key, others)) = columns.split_at_checked(keys) else {
        return Err(StoreError::Unsupported("a key has more columns than the row"));
    };
    let set: Vec<String> = others.iter().map(|column| format!("{column} = excluded.{column}")).collect();
    let tail = format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), set.join(", "));
    insert(connection, table, columns, rows, &tail).await
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
    let numbered = connection.get_database_backend() == DbBackend::Postgres;
    let most = VARIABLES / width;
    let mut rows = rows.into_iter();
    let mut inserted = 0;
    loop {
        let gathered: Vec<Vec<Value>> = rows.by_ref().take(GATHERED).collect();
        if gathered.is_empty() {
            return Ok(inserted);
        }
        if gathered.iter().any(|row| row.len() != width) {
            return Err(StoreError::Unsupported(
                "a row to insert has not as many values as there are columns",
            ));
        }
        let mut left = gathered.len();
        let mut gathered = gathered.into_iter();
        for length in LENGTHS.into_iter().filter(|length| *length <= most.max(1)) {
            while left >= length {
                left -= length;
                let values = gathered.by_ref().take(length).flatten();
                inserted += execute(connection, text(table, columns, length, tail, numbered), values).await?;
            }
        }
    }
}

/// The statement. SQLite gets bare placeholders: it and its driver look each numbered one up in a list
/// of all, which takes seconds where there are many thousand.
fn text(table: &str, columns: &[&str], rows: usize, tail: &str, numbered: bool) -> String {
    let width = columns.len();
    let line = |row: usize| {
        let mark = |column: usize| match numbered {
            true => format!("${}", row * width + column),
            false => "?".to_owned(),
        };
        format!("({})", (1..=width).map(mark).collect::<Vec<_>>().join(", "))
    };
    let lines: Vec<String> = (0..rows).map(line).collect();
    format!("INSERT INTO {table} ({}) VALUES {}{tail}", columns.join(", "), lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_counts_placeholders_through() {
        let text = |numbered| text("t", &["a", "b"], 2, " ON CONFLICT DO NOTHING", numbered);
        assert_eq!(text(true), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
        assert_eq!(text(false), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING");
    }
}
