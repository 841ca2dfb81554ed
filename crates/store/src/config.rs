//! Where the database is and how it is used.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Which database.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite's; its log, index of the log and reserve stand beside it.
    Sqlite(PathBuf),
    /// A PostgreSQL server: `postgres://user:password@host:port/database`.
    Postgres(String),
}

impl fmt::Debug for Location {
    // The URL holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Location::Postgres(url) => {
                let after = url.rsplit_once('@').map_or("...", |(_, host)| host);
                write!(f, "postgres://...@{after}")
            }
        }
    }
}

/// How a store is opened; [`StoreConfig::sqlite`] and [`StoreConfig::postgres`] give the defaults.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Which database.
    pub location: Location,
    /// Connections for reading at once; default 4.
    pub readers: u32,
    /// Octets of the preallocated file that is given up when the disk is full; SQLite only, default
    /// 16 MiB, 0 for none.
    pub reserve_bytes: u64,
    /// Jobs that may wait for the writer; further callers wait for a place. Default 1,024.
    pub queue: usize,
    /// How long a transaction stays open for further jobs while there are any; default 2 ms.
    pub gather: Duration,
    /// Jobs in one transaction at most; default 512.
    pub jobs_per_commit: usize,
    /// Rows changed in one transaction after which it is committed; default 4,096.
    pub rows_per_commit: u64,
    /// Size of SQLite's write-ahead log, in octets, from which the writer checkpoints; default 8 MiB.
    pub checkpoint_bytes: u64,
    /// How long one job may take before it is rolled back; default 30 s.
    pub job_limit: Duration,
    /// Pages that the SQLite database may have; None for no limit but the disk.
    pub max_pages: Option<u32>,
}

impl StoreConfig {
    /// A SQLite database in `path`.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::new(Location::Sqlite(path.into()))
    }

    /// A PostgreSQL database at `url`.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::new(Location::Postgres(url.into()))
    }

    /// From the configuration's words: `postgres://...`, `sqlite:PATH`, or a path.
    pub fn from_url(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::postgres(url);
        }
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        Self::sqlite(path.strip_prefix("//").unwrap_or(path))
    }

    fn new(location: Location) -> Self {
        Self {
            location,
            readers: 4,
            reserve_bytes: 16 << 20,
            queue: 1_024,
            gather: Duration::from_millis(2),
            jobs_per_commit: 512,
            rows_per_commit: 4_096,
            checkpoint_bytes: 8 << 20,
            job_limit: Duration::from_secs(30),
            max_pages: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_paths() {
        for (url, path) in [("sqlite:a.db", "a.db"), ("sqlite:///var/a.db", "/var/a.db"), ("/b.db", "/b.db")]
        {
            assert_eq!(StoreConfig::from_url(url).location, Location::Sqlite(path.into()));
        }
        let config = StoreConfig::from_url("postgres://u:secret@h:5432/d");
        assert!(matches!(config.location, Location::Postgres(_)));
        assert!(!format!("{config:?}").contains("secret"), "{config:?}");
    }
}
