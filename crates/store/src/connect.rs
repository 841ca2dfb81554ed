//! Pools: one connection that writes, several that cannot.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};

use crate::{Dialect, Location, StoreConfig, StoreError};

/// How long to wait for another process that holds the database.
pub(crate) const BUSY: Duration = Duration::from_secs(5);
const ACQUIRE: Duration = Duration::from_secs(30);
/// Rows that SQLite's thread reads before those that it has read are taken.
const ROWS_AHEAD: usize = 1_024;

/// Makes connections; kept by the writer, which makes itself a new one when its own is in doubt.
#[derive(Clone)]
pub(crate) struct Connector {
    location: Location,
    readers: u32,
    max_pages: Option<u32>,
}

impl Connector {
    pub(crate) fn new(config: &StoreConfig) -> Self {
        Self {
            location: config.location.clone(),
            readers: config.readers.max(1),
            max_pages: config.max_pages,
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self.location {
            Location::Sqlite(_) => Dialect::Sqlite,
            Location::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The database's file, where it is one.
    pub(crate) fn database_path(&self) -> Option<PathBuf> {
        match &self.location {
            Location::Sqlite(path) => Some(path.clone()),
            Location::Postgres(_) => None,
        }
    }

    /// The write-ahead log's file.
    pub(crate) fn wal(&self) -> Option<PathBuf> {
        match &self.location {
            Location::Sqlite(path) => Some(beside(path, "-wal")),
            Location::Postgres(_) => None,
        }
    }

    /// Makes the file with mode 0600 before SQLite would make it with another; its companions
    /// (log and index of the log) get the same mode from SQLite.
    pub(crate) fn prepare(&self) -> Result<(), StoreError> {
        let Location::Sqlite(path) = &self.location else { return Ok(()) };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !folder.exists()
        {
            make_private_folder(folder)
                .map_err(|error| StoreError::file(folder, "making the folder", error))?;
        }
        make_private_file(path).map_err(|error| StoreError::file(path, "opening the database", error))
    }

    pub(crate) async fn writer(&self) -> Result<DatabaseConnection, StoreError> {
        match &self.location {
            Location::Sqlite(path) => {
                let mut options = sqlite(path)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    // Checkpoints are the writer's own, between transactions.
                    .pragma("wal_autocheckpoint", "0")
                    // What was deleted, or moved to another page, is overwritten: secrets and persons are to be gone.
                    .pragma("secure_delete", "ON")
                    .pragma("cache_size", "-65536");
                // Only a new database can be given it; told again, SQLite writes the header again at each start.
                if std::fs::metadata(path).is_ok_and(|about| about.len() == 0) {
                    options = options.auto_vacuum(SqliteAutoVacuum::Incremental);
                }
                if let Some(pages) = self.max_pages {
                    options = options.pragma("max_page_count", pages.to_string());
                }
                let pool = SqlitePoolOptions::new()
                    .max_connections(1)
                    .min_connections(1)
                    .acquire_timeout(ACQUIRE)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .test_before_acquire(false)
                    .connect_with(options)
                    .await;
                Ok(pool.map_err(connection_error)?.into())
            }
            Location::Postgres(url) => {
                let pool = PgPoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(ACQUIRE)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .connect_with(postgres(url)?)
                    .await;
                Ok(pool.map_err(connection_error)?.into())
            }
        }
    }

    pub(crate) async fn readers(&self) -> Result<DatabaseConnection, StoreError> {
        match &self.location {
            Location::Sqlite(path) => {
                // A page of rows is handed over without its reader and its thread waiting for each other.
                let options = sqlite(path).pragma("query_only", "ON").pragma("cache_size", "-8192");
                let options = options.row_buffer_size(ROWS_AHEAD);
                let pool = SqlitePoolOptions::new()
                    .max_connections(self.readers)
                    .acquire_timeout(ACQUIRE)
                    .test_before_acquire(false)
                    .connect_with(options)
                    .await;
                Ok(pool.map_err(connection_error)?.into())
            }
            Location::Postgres(url) => {
                let options = postgres(url)?.options([("default_transaction_read_only", "on")]);
                let pool = PgPoolOptions::new()
                    .max_connections(self.readers)
                    .acquire_timeout(ACQUIRE)
                    .connect_with(options)
                    .await;
                Ok(pool.map_err(connection_error)?.into())
            }
        }
    }

    /// A connection to the SQLite file that is none of the pools', for VACUUM INTO.
    pub(crate) async fn for_backup(&self) -> Result<sqlx::SqlitePool, StoreError> {
        let Location::Sqlite(path) = &self.location else {
            return Err(StoreError::Unsupported(
                "a PostgreSQL database is backed up with PostgreSQL's own means (pg_dump, pg_basebackup)",
            ));
        };
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(sqlite(path)).await;
        pool.map_err(connection_error)
    }
}

fn sqlite(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

fn postgres(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(connection_error)?;
    Ok(options.application_name("netwarden").disable_statement_logging())
}

fn connection_error(error: sqlx::Error) -> StoreError {
    DbErr::Conn(RuntimeErr::SqlxError(error.into())).into()
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes `path` with mode 0600, or takes group's and others' rights from an existing one.
pub(crate) fn make_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mut permissions = file.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            file.set_permissions(permissions)?;
        }
    }
    drop(file);
    Ok(())
}
