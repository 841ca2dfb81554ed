//! Why the vault refuses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use netwarden_model::CredentialId;
use netwarden_store::StoreError;

/// Why the vault could not do what was asked. None of the texts holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VaultError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database has keys, but the key file is gone.
    #[error("the key file {0} is missing: without it the stored secrets cannot be opened")]
    KeyFileMissing(PathBuf),
    /// Group or others have rights on a file that only its owner may read.
    #[error("{path} has mode {mode:04o}, but only its owner may have access: run 'chmod 600' on it")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode's lower twelve bits.
        mode: u32,
    },
    /// A backup of the data folder would hold the key file too.
    #[error("the key file {key_file} lies inside the data folder {data_folder}: keep them apart")]
    KeyFileInside {
        /// The key file.
        key_file: PathBuf,
        /// The data folder.
        data_folder: PathBuf,
    },
    /// The key file's content.
    #[error("{0} is no key file of Netwarden's")]
    KeyFileMalformed(PathBuf),
    /// Key file and database are of different ages.
    #[error("the key file {path} is of generation {file}, the database of generation {database}")]
    Generation {
        /// The key file.
        path: PathBuf,
        /// Its generation.
        file: i64,
        /// The database's.
        database: i64,
    },
    /// The root key needs the credential that systemd passes.
    #[error("the root key needs the systemd credential 'netwarden', which was not passed")]
    CredentialMissing,
    /// The components are readable, but the key that they yield opens nothing.
    #[error(
        "the stored keys cannot be opened: key file, database and systemd credential do not belong together"
    )]
    WrongComponents,
    /// The database's row of the root key was tampered with.
    #[error("the stored parameters of the root key are not acceptable")]
    WeakParameters,
    /// Sealed bytes that are none.
    #[error("what should be a sealed value is none")]
    NotSealed,
    /// Sealed under a key that is not here.
    #[error("a sealed value needs key {0}, which does not exist here")]
    UnknownKey(u32),
    /// Whose values are to be sealed has no key, or none any more.
    #[error("there is no key for what belongs to owner {0}")]
    NoKeyOf(i64),
    /// Authentication failed.
    #[error("a sealed value for '{purpose}' was altered, or was sealed for something else")]
    Altered {
        /// What it was opened for.
        purpose: String,
    },
    /// There is no such credential set.
    #[error("there is no credential set {0}")]
    NoSuchCredential(CredentialId),
    /// Names are unique.
    #[error("there is a credential set called '{0}' already")]
    NameTaken(String),
    /// The new order does not name each set once.
    #[error("an order of credential sets must name each of them once")]
    BadOrder,
    /// Somebody else rotated the keys at the same time.
    #[error("the keys were rotated by somebody else at the same time")]
    RotatedElsewhere,
    /// The library refused.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    /// A certificate or its key.
    #[error("{path}: {reason}")]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read or written.
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
}

impl VaultError {
    pub(crate) fn file(path: &Path, doing: &'static str, source: std::io::Error) -> Self {
        VaultError::File { path: path.to_owned(), doing, source: Arc::new(source) }
    }
}

impl From<sea_orm::DbErr> for VaultError {
    fn from(error: sea_orm::DbErr) -> Self {
        VaultError::Store(error.into())
    }
}
