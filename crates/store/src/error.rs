//! What can go wrong with the database, sorted by what the caller can do about it.

use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

use crate::list::ListError;

/// Why the store could not do what was asked. Cheap to clone: a failed COMMIT answers every job in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// SQLITE_FULL, ENOSPC, or PostgreSQL's 53100.
    #[error("the disk that holds the database is full: nothing new can be recorded until space is freed")]
    DiskFull,
    /// The operating system failed to read or write.
    #[error("the database's disk failed to read or write; nothing of this was recorded")]
    Disk(#[source] DbErr),
    /// The file is no database, or a damaged one.
    #[error("the database file is damaged or is no database")]
    Corrupt(#[source] DbErr),
    /// Another process holds the database, longer than the time given.
    #[error("the database is held by another process")]
    Busy(#[source] DbErr),
    /// There is such a row already (unique or primary key).
    #[error("there is such a row already")]
    Duplicate(#[source] DbErr),
    /// A row that this one refers to does not exist, or others still refer to this one.
    #[error("a row that is referred to is missing, or this one is still referred to")]
    Reference(#[source] DbErr),
    /// No connection could be had.
    #[error("the database cannot be reached")]
    Unreachable(#[source] DbErr),
    /// Any other failure of a statement.
    #[error("the database refused a statement")]
    Statement(#[source] DbErr),
    /// A stored value cannot be what it should be.
    #[error("the database holds a value that cannot be read: {0}")]
    Unreadable(String),
    /// A file beside the database (the database itself before it opens, its reserve, a backup).
    #[error("{path}: {doing} failed")]
    File {
        /// Which file.
        path: PathBuf,
        /// What was tried, in words.
        doing: &'static str,
        /// The operating system's words.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// A migration failed; it was rolled back.
    #[error("migration {name}, statement {statement}, failed")]
    Migration {
        /// Its name.
        name: String,
        /// Counts from 1.
        statement: usize,
        /// Why.
        #[source]
        source: DbErr,
    },
    /// The text of a migration differs from the one that was applied.
    #[error("migration {0} was applied with another text: the schema is not the one this version expects")]
    MigrationAltered(String),
    /// The database has had a migration that this version does not know.
    #[error("the database was written by a newer version: migration {0} is unknown to this one")]
    MigrationUnknown(String),
    /// Two migrations bear one name.
    #[error("two migrations are called {0}")]
    MigrationTwice(String),
    /// Whoever wanted it does so no longer; nothing of it was kept.
    #[error("it was cancelled")]
    Cancelled,
    /// A job took longer than it may; it was rolled back.
    #[error("a write took longer than {0} s and was rolled back")]
    TooSlow(u64),
    /// A job panicked; it was rolled back alone.
    #[error("a write failed by a programming error and was rolled back")]
    Panicked,
    /// A write of the same chain that this one builds on has failed, so this one was not made.
    #[error("a write that this one builds on has failed")]
    BuiltOnFailed,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Asked for something that this database does not offer.
    #[error("{0}")]
    Unsupported(&'static str),
    /// A list was asked for in a way that it does not offer.
    #[error(transparent)]
    List(#[from] ListError),
}

impl StoreError {
    /// True where freeing space is what helps.
    pub const fn is_disk_full(&self) -> bool {
        matches!(self, StoreError::DiskFull)
    }

    /// True where such a row existed already.
    pub const fn is_duplicate(&self) -> bool {
        matches!(self, StoreError::Duplicate(_))
    }

    pub(crate) fn file(path: &std::path::Path, doing: &'static str, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return StoreError::DiskFull;
        }
        StoreError::File { path: path.to_owned(), doing, source: Arc::new(source) }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return StoreError::Duplicate(error),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return StoreError::Reference(error),
            _ => {}
        }
        match &error {
            DbErr::ConnectionAcquire(_) => StoreError::Unreachable(error),
            DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause) => match class_of(cause) {
                Class::Full => StoreError::DiskFull,
                Class::Disk => StoreError::Disk(error),
                Class::Corrupt => StoreError::Corrupt(error),
                Class::Busy => StoreError::Busy(error),
                Class::Unreachable => StoreError::Unreachable(error),
                Class::Other => StoreError::Statement(error),
            },
            DbErr::Type(what) => StoreError::Unreadable(what.clone()),
            _ => StoreError::Statement(error),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Full,
    Disk,
    Corrupt,
    Busy,
    Unreachable,
    Other,
}

fn class_of(cause: &RuntimeErr) -> Class {
    let RuntimeErr::SqlxError(cause) = cause else { return Class::Other };
    match cause.as_ref() {
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Class::Full,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => Class::Unreachable,
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Class::Unreachable,
        sqlx::Error::Database(error) => class_of_code(error.code().as_deref().unwrap_or_default()),
        _ => Class::Other,
    }
}

/// SQLite's extended result codes are decimal numbers, PostgreSQL's SQLSTATEs have five characters.
fn class_of_code(code: &str) -> Class {
    match code {
        "53100" => return Class::Full,
        "58030" => return Class::Disk,
        "57P01" | "57P02" | "57P03" | "53300" => return Class::Unreachable,
        "55P03" => return Class::Busy,
        _ if code.len() == 5 => return Class::Other,
        _ => {}
    }
    // SQLITE_IOERR_SHMSIZE: the shared-memory file could not grow, which is what ENOSPC looks like there.
    const IOERR_SHMSIZE: u32 = 10 | (19 << 8);
    match code.parse::<u32>() {
        Ok(IOERR_SHMSIZE) => Class::Full,
        Ok(number) => match number & 0xff {
            13 => Class::Full,
            10 => Class::Disk,
            11 | 26 => Class::Corrupt,
            5 | 6 => Class::Busy,
            14 => Class::Unreachable,
            _ => Class::Other,
        },
        Err(_) => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_helps() {
        for (code, class) in [
            ("13", Class::Full),
            ("4874", Class::Full),
            ("53100", Class::Full),
            ("778", Class::Disk),
            ("1034", Class::Disk),
            ("58030", Class::Disk),
            ("11", Class::Corrupt),
            ("26", Class::Corrupt),
            ("5", Class::Busy),
            ("517", Class::Busy),
            ("1", Class::Other),
            ("42P01", Class::Other),
            ("", Class::Other),
            ("-7", Class::Other),
        ] {
            assert_eq!(class_of_code(code), class, "{code}");
        }
    }
}
