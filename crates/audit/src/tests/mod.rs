//! Tests of the trail on a real database file.

mod appending;
mod erasing;
mod exporting;
mod listing;
mod tampering;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::Timestamp;
use netwarden_store::{Store, StoreConfig};
use netwarden_tlog::{SignError, Signer};

use crate::{AuditError, CheckpointPolicy, Kind, MIGRATIONS, ObjectRef, Outcome, Record, Report, Trail};

/// A key from a fixed seed.
pub struct Key(&'static str, Ed25519KeyPair);

pub fn key(seed: u8) -> Arc<Key> {
    Arc::new(Key("netwarden/test", Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()))
}

impl Signer for Key {
    fn key_name(&self) -> &str {
        self.0
    }
    fn public_key(&self) -> [u8; 32] {
        self.1.public_key().as_ref().try_into().unwrap()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.1.sign(message).as_ref().try_into().unwrap())
    }
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

pub fn sample(n: u64) -> Record {
    let object = ObjectRef::new("endpoint", format!("00:1b:21:00:{:02x}:{:02x}", n / 256 % 256, n % 256));
    Record {
        user: Some("alice".to_owned()),
        details: Some(format!("record number {n}")),
        ..Record::new(at(n as i64), Kind::Operation, "endpoint.authorise", object, Outcome::Success)
    }
}

/// A database in a folder of its own.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("test.db")
    }

    pub async fn open(&self) -> (Store, Trail) {
        let config = StoreConfig { reserve_bytes: 0, ..StoreConfig::sqlite(self.path()) };
        let store = Store::open(config, &[MIGRATIONS]).await.unwrap();
        let trail = Trail::new(store.clone(), key(1), CheckpointPolicy::default()).unwrap();
        (store, trail)
    }
}

pub async fn append(store: &Store, records: Vec<Record>) -> u64 {
    store
        .write(move |tx| {
            Box::pin(async move { Ok::<_, AuditError>(crate::record_many(tx, &records).await?.0) })
        })
        .await
        .unwrap()
}

pub async fn verify(trail: &Trail) -> Report {
    trail.verify(&[], &mut |_, _| ControlFlow::Continue(())).await.unwrap()
}

/// Runs SQL on the database file behind the store's back.
pub async fn tamper(path: &Path, statements: &[&str]) {
    let url = format!("sqlite://{}?mode=rw", path.display());
    let database = sea_orm::Database::connect(url).await.unwrap();
    for statement in statements {
        sea_orm::ConnectionTrait::execute_unprepared(&database, statement).await.unwrap();
    }
    database.close().await.unwrap();
}

pub fn is_full(error: &AuditError) -> bool {
    matches!(error, AuditError::Full)
}

impl Place {
    /// As [`Place::open`], keeping the folder until the process ends.
    pub async fn into_open(self) -> (Store, Trail) {
        let opened = self.open().await;
        std::mem::forget(self.dir);
        opened
    }
}
