//! Applies migrations: each once, each in its own transaction.

use std::collections::BTreeSet;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::{Dialect, Migration, StoreError, dialect_of, execute, query_all, query_one, values};

// The whole text is kept, not a digest: it says exactly what the schema was made of.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS store_migrations (\
    name TEXT NOT NULL PRIMARY KEY, position BIGINT NOT NULL, applied_text TEXT NOT NULL)";

/// Number of PostgreSQL's advisory lock under which nodes migrate one after the other ("netw").
const LOCK: i64 = 0x6e65_7477;

/// Brings the schema up to date; done twice without harm, also by two processes at once.
pub(crate) async fn migrate(
    database: &DatabaseConnection,
    migrations: &[&[Migration]],
) -> Result<(), StoreError> {
    let mut known = BTreeSet::new();
    for migration in migrations.iter().copied().flatten() {
        if !known.insert(migration.name) {
            return Err(StoreError::MigrationTwice(migration.name.to_owned()));
        }
    }
    let begun = begin(database).await?;
    execute(&begun, TABLE, []).await?;
    begun.commit().await?;

    for row in query_all(database, "SELECT name FROM store_migrations ORDER BY position", []).await? {
        let name: String = row.try_get_by_index(0)?;
        if !known.contains(name.as_str()) {
            return Err(StoreError::MigrationUnknown(name));
        }
    }
    for migration in migrations.iter().copied().flatten() {
        apply(database, migration).await?;
    }
    Ok(())
}

async fn apply(database: &DatabaseConnection, migration: &Migration) -> Result<(), StoreError> {
    let dialect = dialect_of(database);
    let begun = begin(database).await?;
    let applied = "SELECT applied_text FROM store_migrations WHERE name = $1";
    if let Some(row) = query_one(&begun, applied, values![migration.name]).await? {
        let text: String = row.try_get_by_index(0)?;
        begun.rollback().await?;
        return if text == migration.up {
            Ok(())
        } else {
            Err(StoreError::MigrationAltered(migration.name.to_owned()))
        };
    }
    for (number, sql) in migration.statements(dialect).iter().enumerate() {
        if let Err(source) = begun.execute_unprepared(sql).await {
            let classed = StoreError::from(source.clone());
            begun.rollback().await?;
            return Err(match classed {
                StoreError::Statement(_) => {
                    StoreError::Migration { name: migration.name.to_owned(), statement: number + 1, source }
                }
                other => other,
            });
        }
    }
    let record = "INSERT INTO store_migrations (name, position, applied_text) \
                  SELECT $1, coalesce(max(position), 0) + 1, $2 FROM store_migrations";
    execute(&begun, record, values![migration.name, migration.up]).await?;
    begun.commit().await?;
    tracing::info!(migration = migration.name, "schema changed");
    Ok(())
}

async fn begin(database: &DatabaseConnection) -> Result<sea_orm::DatabaseTransaction, StoreError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let begun = database.begin_with_options(options).await?;
    if dialect_of(&begun) == Dialect::Postgres {
        query_one(&begun, "SELECT pg_advisory_xact_lock($1)", values![LOCK]).await?;
    }
    Ok(begun)
}
