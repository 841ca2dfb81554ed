//! The transaction that a job sees.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use crate::{Dialect, StoreError};

pub(crate) type Hook = Box<dyn FnOnce() + Send>;

/// One job's part (a SAVEPOINT) of the writer's present transaction. All of SeaORM works through it.
///
/// What a job returns is answered to its caller only after the whole transaction was committed. A job
/// must therefore do nothing outside the database: it may be rolled back with others, and everybody
/// else's writes wait for it. What is to happen once it is durable goes into [`Tx::after_commit`].
pub struct Tx {
    inner: DatabaseTransaction,
    dialect: Dialect,
    rows: AtomicU64,
    disk_full: AtomicBool,
    hooks: Mutex<Vec<Hook>>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl Tx {
    pub(crate) fn new(inner: DatabaseTransaction, dialect: Dialect) -> Self {
        Self {
            inner,
            dialect,
            rows: AtomicU64::new(0),
            disk_full: AtomicBool::new(false),
            hooks: Mutex::new(Vec::new()),
        }
    }

    /// Which database this is.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Calls `hook` once the job's changes are durable, and never if they are rolled back. Hooks are
    /// called on the writer's task, in the order of the jobs, before callers are answered: they must
    /// not wait (waking somebody is what they are for).
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(hook));
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(crate) fn met_full_disk(&self) -> bool {
        self.disk_full.load(Ordering::Relaxed)
    }

    pub(crate) async fn keep(self) -> Result<Vec<Hook>, DbErr> {
        let hooks = self.hooks.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.inner.commit().await.map(|()| hooks)
    }

    pub(crate) async fn discard(self) -> Result<(), DbErr> {
        self.inner.rollback().await
    }

    fn note(&self, error: DbErr) -> DbErr {
        if StoreError::from(error.clone()).is_disk_full() {
            self.disk_full.store(true, Ordering::Relaxed);
        }
        error
    }

    fn count(&self, result: ExecResult) -> ExecResult {
        self.rows.fetch_add(result.rows_affected(), Ordering::Relaxed);
        result
    }
}

#[async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = self.inner.execute_raw(statement).await;
        result.map(|result| self.count(result)).map_err(|error| self.note(error))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let result = self.inner.execute_unprepared(sql).await;
        result.map(|result| self.count(result)).map_err(|error| self.note(error))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await.map_err(|error| self.note(error))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await.map_err(|error| self.note(error))
    }
}
