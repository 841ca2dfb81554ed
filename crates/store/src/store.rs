//! The store as the other crates hold it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::sqlx::{self, SqlitePool};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use tokio::sync::{mpsc, oneshot, watch};

use crate::connect::{Connector, beside, make_private_file};
use crate::job::{Chain, Pending, TypedJob};
use crate::migrate::migrate;
use crate::reserve::Reserve;
use crate::writer::{Command, Writer};
use crate::{Dialect, Location, Migration, Space, StoreConfig, StoreError, Tx};

/// A database that is open. Clones share it; the writer ends with the last of them, or at
/// [`Store::close`].
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    connector: Connector,
    queue: mpsc::Sender<Command>,
    readers: DatabaseConnection,
    reserve: Arc<Reserve>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, made anew where there is none, and applies those of `migrations` (one list
    /// a crate, in flow order) that it has not had. Needs a tokio runtime, which then runs the writer.
    ///
    /// # Errors
    /// Where the database cannot be opened, was written by a newer version, or a migration fails.
    pub async fn open(config: StoreConfig, migrations: &[&[Migration]]) -> Result<Self, StoreError> {
        let connector = Connector::new(&config);
        connector.prepare()?;
        let reserve = match &config.location {
            Location::Sqlite(path) => Some((beside(path, ".reserve"), config.reserve_bytes)),
            Location::Postgres(_) => None,
        };
        let reserve_path = reserve.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
        let (database, readers) = match connect(&connector, migrations).await {
            // Whoever starts on a full disk needs the reserve to start at all.
            Err(StoreError::DiskFull) if reserve_path.exists() => {
                std::fs::remove_file(&reserve_path)
                    .map_err(|error| StoreError::file(&reserve_path, "using the reserve", error))?;
                connect(&connector, migrations).await?
            }
            connected => connected?,
        };
        let reserve = in_background(move || Reserve::open(reserve))
            .await?
            .map_err(|error| StoreError::file(&reserve_path, "making the reserve", error))?;
        let reserve = Arc::new(reserve);
        let (queue, commands) = mpsc::channel(config.queue.max(1));
        let writer = Writer::new(&config, connector.clone(), database, commands, Arc::clone(&reserve));
        tokio::spawn(writer.run());
        Ok(Self { shared: Arc::new(Shared { connector, queue, readers, reserve }) })
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.shared.connector.dialect()
    }

    /// Runs `job` in the writer's present transaction and answers after that was committed.
    ///
    /// Jobs of several callers share a transaction; a job that returns an error is rolled back alone.
    /// A job must do nothing outside the database and not wait for anything else: see [`Tx`].
    /// Dropping the future before the job has begun withdraws it; later, its outcome is unknown.
    ///
    /// The error type is the job's own; where `?` follows at once, it has to be named:
    ///
    /// ```ignore
    /// let deleted = store
    ///     .write::<_, StoreError, _>(|tx| Box::pin(async move { execute(tx, "DELETE FROM t", []).await }))
    ///     .await?;
    /// ```
    ///
    /// # Errors
    /// The job's own, or [`StoreError`] turned into it; [`StoreError::DiskFull`] at once while only the
    /// reserve is left.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.shared.reserve.space() == Space::OnReserve && self.restore(false).await? == Space::OnReserve {
            return Err(StoreError::DiskFull.into());
        }
        self.enqueue(job).await
    }

    /// As [`Store::write`], for what must be recorded although the disk is full: re-assertion and
    /// release of enforcement. On a full disk the reserve is given up and the job run once more, so
    /// it must be able to run twice.
    pub async fn write_essential<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let first = self.enqueue(job.clone()).await;
        let was_refused = first.is_err() && self.shared.reserve.space() == Space::OnReserve;
        if !was_refused {
            return first;
        }
        // It may be that an attempt to make the reserve again had the space just then.
        let reserve = Arc::clone(&self.shared.reserve);
        in_background(move || {
            reserve.wait();
            Ok(())
        })
        .await?
        .map_err(|error| self.reserve_error(error))?;
        self.enqueue(job).await
    }

    /// As [`Store::write`], without waiting for the end: answers as soon as the job has its place in the
    /// queue, with a future of its outcome. Jobs of a [`Chain`] are done in the order in which they were
    /// given; a job that fails takes those behind it with it.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] at once while only the reserve is left; [`StoreError::Closed`].
    pub async fn write_behind<T, E, F>(&self, chain: &Chain, job: F) -> Result<Pending<T, E>, E>
    where
        F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if self.shared.reserve.space() == Space::OnReserve {
            return Err(StoreError::DiskFull.into());
        }
        let (job, answer) = TypedJob::new(job);
        self.send(Command::Write(Box::new(job.chained(chain.clone())))).await?;
        Ok(Pending(answer))
    }

    /// Connections that read and cannot write; each statement may run on another one. Long reads go in
    /// chunks of at most [`crate::READ_CHUNK`] rows.
    pub fn read(&self) -> &DatabaseConnection {
        &self.shared.readers
    }

    /// Whether there is space, and every change of that.
    pub fn space(&self) -> watch::Receiver<Space> {
        self.shared.reserve.watch()
    }

    /// Gives the reserve up, so that [`Store::write_essential`] has space. The writer does this by
    /// itself when it meets a full disk.
    pub async fn use_reserve(&self) -> Result<(), StoreError> {
        let reserve = Arc::clone(&self.shared.reserve);
        in_background(move || reserve.release()).await?.map_err(|error| self.reserve_error(error))
    }

    /// Tries to make the reserve again; ordinary writes do so by themselves every ten seconds.
    pub async fn restore_reserve(&self) -> Result<Space, StoreError> {
        self.restore(true).await
    }

    /// Brings SQLite's write-ahead log into the database, as far as readers allow.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Checkpoint(reply)).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Writes a consistent copy of the SQLite database to `path` (mode 0600), which must not exist.
    /// It appears under that name only when it is complete and on disk.
    pub async fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        self.backup_with(path, &Arc::default(), |_, _| {}).await
    }

    /// As [`Store::backup_to`]; `told` hears a few times a second how many octets of how many are
    /// written, and once `stop` is true it ends with [`StoreError::Cancelled`] and leaves nothing.
    pub async fn backup_with(
        &self,
        path: &Path,
        stop: &Arc<AtomicBool>,
        told: impl Fn(u64, u64) + Send,
    ) -> Result<(), StoreError> {
        if path.exists() {
            let exists = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(StoreError::file(path, "writing the backup", exists));
        }
        let partial = beside(path, ".partial");
        let pool = self.shared.connector.for_backup().await?;
        let file_error = |error| StoreError::file(&partial, "writing the backup", error);
        match std::fs::remove_file(&partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file_error(error)),
            _ => {}
        }
        // VACUUM INTO accepts an empty file, whose mode it keeps.
        make_private_file(&partial).map_err(file_error)?;
        let Some(target) = partial.to_str() else {
            return Err(StoreError::Unsupported("the path of a backup must be UTF-8"));
        };
        let copied = copy_into(&pool, target, stop, || {
            let octets = |path: &Path| std::fs::metadata(path).map_or(0, |data| data.len());
            let total = self.shared.connector.database_path().map_or(0, |path| octets(&path));
            told(octets(&partial).min(total), total);
        })
        .await;
        pool.close().await;
        if let Err(error) = copied {
            let _ = std::fs::remove_file(&partial);
            return Err(if stop.load(Ordering::Relaxed) { StoreError::Cancelled } else { error });
        }
        let (from, to) = (partial.clone(), path.to_owned());
        in_background(move || {
            std::fs::File::open(&from)?.sync_all()?;
            std::fs::rename(&from, &to)?;
            match to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                Some(folder) => std::fs::File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        })
        .await?
        .map_err(file_error)
    }

    /// Gives free pages of the SQLite file back to the file system, `pages` at most.
    pub async fn reclaim(&self, pages: u32) -> Result<(), StoreError> {
        if self.dialect() != Dialect::Sqlite {
            return Ok(());
        }
        self.write(move |tx| {
            Box::pin(async move {
                crate::query_all(tx, format!("PRAGMA incremental_vacuum({pages})"), []).await.map(drop)
            })
        })
        .await
    }

    /// Ends the writer after the jobs that wait already, and closes all connections. Further writes
    /// are refused with [`StoreError::Closed`].
    pub async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.send(Command::Close(reply)).await.is_ok() {
            answer.await.map_err(|_| StoreError::Closed)?;
        }
        Ok(self.shared.readers.close_by_ref().await?)
    }

    async fn enqueue<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = TypedJob::new(job);
        self.send(Command::Write(Box::new(job))).await?;
        match answer.await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Closed.into()),
        }
    }

    async fn send(&self, command: Command) -> Result<(), StoreError> {
        self.shared.queue.send(command).await.map_err(|_| StoreError::Closed)
    }

    async fn restore(&self, at_once: bool) -> Result<Space, StoreError> {
        let reserve = Arc::clone(&self.shared.reserve);
        in_background(move || reserve.restore(at_once)).await?.map_err(|error| self.reserve_error(error))
    }

    fn reserve_error(&self, error: std::io::Error) -> StoreError {
        let path = self.shared.connector.database_path().unwrap_or_default();
        StoreError::file(&beside(&path, ".reserve"), "using the reserve", error)
    }
}

/// How often the progress of a backup is told.
const TOLD_EVERY: Duration = Duration::from_millis(100);
/// Steps of SQLite's machine between two looks at whether a backup is still wanted: some milliseconds.
const STEPS: i32 = 20_000;

/// VACUUM INTO `target`, interrupted once `stop` is true.
async fn copy_into(
    pool: &SqlitePool,
    target: &str,
    stop: &Arc<AtomicBool>,
    tell: impl Fn(),
) -> Result<(), StoreError> {
    let failed = |error: sqlx::Error| StoreError::from(DbErr::Exec(RuntimeErr::SqlxError(error.into())));
    let mut connection = pool.acquire().await.map_err(failed)?;
    let wanted = Arc::clone(stop);
    connection
        .lock_handle()
        .await
        .map_err(failed)?
        .set_progress_handler(STEPS, move || !wanted.load(Ordering::Relaxed));
    let copying = sqlx::query("VACUUM INTO ?1").bind(target).execute(&mut *connection);
    tokio::pin!(copying);
    loop {
        tell();
        tokio::select! {
            copied = &mut copying => return copied.map(drop).map_err(failed),
            () = tokio::time::sleep(TOLD_EVERY) => {}
        }
    }
}

/// The writer's connection, on a schema that is up to date, and the readers'.
async fn connect(
    connector: &Connector,
    migrations: &[&[Migration]],
) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    let database = connector.writer().await?;
    migrate(&database, migrations).await?;
    let readers = connector.readers().await?;
    Ok((database, readers))
}

/// Files are waited for off the runtime's workers.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<std::io::Result<T>, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Panicked)
}
