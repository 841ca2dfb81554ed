//! Backups: consistent copies of the database in one folder of the server, by name (NEM-05).
//!
//! A copy holds the database's row of the root key's components and never the key file, which lies
//! outside the data: what is sealed in it cannot be opened with the copy alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use netwarden_audit::{Outcome, Value};
use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_store::{Store, StoreError};
use uuid::Uuid;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::jobs::Progress;
use crate::ports::require_reason;
use crate::said::{Said, Thing};

/// How a backup's file ends.
const SUFFIX: &str = ".db";
/// Characters of a backup's name, at most.
const LONGEST: usize = 64;

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// Octets.
    pub octets: u64,
    /// When it was completed.
    pub made: Timestamp,
}

impl Desk {
    /// Starts a backup; the job's result names it. Where no name is given it is the time.
    pub async fn create_backup(&self, caller: &Caller, name: Option<String>) -> Result<Uuid, OperateError> {
        let permit = self.permit_backup(caller, Operation::BackupCreate, name.clone()).await?;
        let folder = self.backup_folder()?.to_owned();
        let name = name.unwrap_or_else(|| permit.at.strftime("netwarden-%Y%m%dT%H%M%SZ").to_string());
        let path = path_of(&folder, &name)?;
        if path.exists() {
            let what = Said::called(Thing::Backup, format!("'{name}'")).into();
            return Err(OperateError::Conflict(Said::IsThere { what }));
        }
        make_folder(&folder)?;
        let mut record = permit.record(None, Some(Value::text(&*name)), "");
        record.object.id = Some(name.clone());
        let opened = self.open_record(record).await?;
        let keep = self.parameters_now().backups_kept();
        let desk = self.clone();
        let what = Said::BackupOf { name: name.clone() };
        let work = move |progress: Arc<Progress>| async move {
            let made = copy(&desk.store, &path, &progress).await;
            let (outcome, details) = match &made {
                Ok(()) => (Outcome::Success, None),
                Err(reason) => (Outcome::Failure, Some(reason.clone())),
            };
            let completed = desk.complete(opened, outcome, details).await;
            made?;
            completed.map_err(|error| error.said())?;
            let pruned = prune(&folder, keep, &name);
            let found = read(&path).ok_or("the backup is not there any longer")?;
            Ok::<_, Said>(serde_json::json!({
                "name": found.name,
                "octets": found.octets,
                "removed": pruned,
                "beside": "the key file is not in it: keep a copy of that elsewhere",
            }))
        };
        Ok(self.jobs.start(what, Operation::BackupCreate, owner(caller), permit.at, work))
    }

    /// Backups, the latest first.
    pub async fn backups(&self, caller: &Caller) -> Result<Vec<Backup>, OperateError> {
        self.permit_backup(caller, Operation::BackupRead, None).await?;
        Ok(found(self.backup_folder()?))
    }

    /// Opens a backup to be taken away, which leaves a record: it holds the accounts.
    pub async fn open_backup(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(Backup, tokio::fs::File), OperateError> {
        let permit = self.permit_backup(caller, Operation::BackupDownload, Some(name.to_owned())).await?;
        let path = path_of(self.backup_folder()?, name)?;
        let missing = || OperateError::not_found(Thing::Backup, format!("'{name}'"));
        let backup = read(&path).ok_or_else(missing)?;
        let file = tokio::fs::File::open(&path).await.map_err(|_| missing())?;
        self.record(permit.record(None, Some(Value::text(format!("{} octets", backup.octets))), "")).await?;
        Ok((backup, file))
    }

    /// Removes a backup.
    pub async fn delete_backup(&self, caller: &Caller, name: &str, reason: &str) -> Result<(), OperateError> {
        let permit = self.permit_backup(caller, Operation::BackupDelete, Some(name.to_owned())).await?;
        require_reason(reason)?;
        let path = path_of(self.backup_folder()?, name)?;
        let missing = || OperateError::not_found(Thing::Backup, format!("'{name}'"));
        let backup = read(&path).ok_or_else(missing)?;
        self.record(permit.record(Some(Value::text(format!("{} octets", backup.octets))), None, reason))
            .await?;
        tokio::fs::remove_file(&path).await.map_err(|_| missing())
    }

    fn backup_folder(&self) -> Result<&Path, OperateError> {
        let none = || OperateError::Conflict(Said::NoBackupFolder);
        self.backups.as_deref().ok_or_else(none)
    }

    async fn permit_backup(
        &self,
        caller: &Caller,
        operation: Operation,
        name: Option<String>,
    ) -> Result<Permit, OperateError> {
        let named = name.map(|name| name.chars().take(LONGEST).collect());
        self.permit(caller, operation, &Object::of(ObjectKind::Backup), named).await
    }
}

async fn copy(store: &Store, path: &Path, progress: &Arc<Progress>) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = {
        let (progress, stop) = (Arc::clone(progress), Arc::clone(&stop));
        move |done, total| {
            progress.set_total(total);
            progress.set_done(done);
            stop.store(progress.is_cancelled(), Ordering::Relaxed);
        }
    };
    match store.backup_with(path, &stop, told).await {
        Ok(()) => Ok(()),
        Err(StoreError::Cancelled) => Err("cancelled; nothing was kept".to_owned()),
        // The operating system's words name the path, which is the server's own affair.
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a backup failed");
            Err("the copy could not be written; the log of the server says why".to_owned())
        }
    }
}

/// The file of a backup. A name is letters, digits, `.`, `_` and `-`, and begins with a letter or digit,
/// so that it can lead nowhere else.
fn path_of(folder: &Path, name: &str) -> Result<PathBuf, OperateError> {
    let fits = !name.is_empty()
        && name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !fits {
        return Err(OperateError::Invalid(Said::BackupName { most: LONGEST }));
    }
    Ok(folder.join(format!("{name}{SUFFIX}")))
}

fn make_folder(folder: &Path) -> Result<(), OperateError> {
    use std::os::unix::fs::DirBuilderExt;

    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| OperateError::Failed(format!("{} cannot be made: {error}", folder.display())))
}

fn read(path: &Path) -> Option<Backup> {
    let name = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?.to_owned();
    // A link would lead elsewhere.
    let data = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let made = Timestamp::try_from(data.modified().ok()?).ok()?;
    Some(Backup { name, octets: data.len(), made })
}

fn found(folder: &Path) -> Vec<Backup> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<Backup> = entries.filter_map(|entry| read(&entry.ok()?.path())).collect();
    found.sort_by(|a, b| (b.made, &b.name).cmp(&(a.made, &a.name)));
    found
}

/// Removes the oldest backups beyond `keep` (0 keeps all), never `but`.
fn prune(folder: &Path, keep: usize, but: &str) -> Vec<String> {
    if keep == 0 {
        return Vec::new();
    }
    let old = found(folder).into_iter().filter(|backup| backup.name != but).skip(keep.saturating_sub(1));
    old.filter(|backup| std::fs::remove_file(folder.join(format!("{}{SUFFIX}", backup.name))).is_ok())
        .map(|backup| backup.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        let folder = Path::new("/var/backups/netwarden");
        assert_eq!(path_of(folder, "before-upgrade_1.2").unwrap(), folder.join("before-upgrade_1.2.db"));
        let long = "x".repeat(65);
        for name in
            ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", ".hidden", "-rf", "a b", "a\0b", "ü", &long]
        {
            assert!(matches!(path_of(folder, name), Err(OperateError::Invalid(_))), "{name:?}");
        }
    }

    #[test]
    fn the_oldest_go_and_links_are_no_backups() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(format!("{name}.db")), name).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("passwd.db")).unwrap();
        std::fs::write(folder.path().join("half.db.partial"), "").unwrap();
        let names = || found(folder.path()).into_iter().map(|backup| backup.name).collect::<Vec<_>>();
        assert_eq!(names(), ["c", "b", "a"]);
        assert!(prune(folder.path(), 0, "c").is_empty());
        assert_eq!(prune(folder.path(), 2, "c"), ["a"]);
        assert_eq!(names(), ["c", "b"]);
    }
}
