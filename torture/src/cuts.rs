//! The power is cut at every write and fsync of a run.
//!
//! A run of the server is recorded once. Then, for every point between two operations, the files are made
//! that may be left on the disk, and opened by SQLite. The content of the database must be exactly what the
//! writer had committed last, or what it was just committing: nothing acknowledged is lost, nothing is
//! there in half. Every such content is then opened once as the server does it: store, keys, certificate, trail,
//! rules against the reference calculation, recovery.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use netwarden_actions::notify::Channels;
use netwarden_actions::{ActionError, EndpointChange, Endpoints, Finish, Performer, TxFuture};
use netwarden_model::{ActionRequest, Clock, Mac};
use netwarden_simulator::Chance;
use netwarden_spine::Spine;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use crate::disk::{Disk, Files, Loss};
use crate::observed::{self, Observed};
use crate::receivers::Receiver;
use crate::server::Home;
use crate::shim::Shim;
use crate::stage::Stage;
use crate::trace::{self, Operation};
use crate::{SystemClock, check, kills};

const DATABASE: &str = "/data/netwarden.db";

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The same seed gives the same losses.
    pub seed: u64,
    /// So many points, chosen by the seed; None for all.
    pub points: Option<usize>,
    /// So many of the different contents are opened as the server does it; None for all.
    pub opened: Option<usize>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Operations in the record.
    pub operations: usize,
    /// Transactions that the writer acknowledged.
    pub commits: usize,
    /// Points at which the power was cut.
    pub points: usize,
    /// States of the disk that were recovered from.
    pub states: usize,
    /// Different contents that were opened as the server does it.
    pub opened: usize,
    /// Everything that is wrong; empty where all is well.
    pub wrong: Vec<String>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} operations with {} commits: cut at {} points, {} states recovered, {} contents opened; {} wrong",
            self.operations,
            self.commits,
            self.points,
            self.states,
            self.opened,
            self.wrong.len()
        )
    }
}

/// Records a run: first start, adoption, rogues, an authorisation, an orderly end, and a second start with
/// another rogue. Answers with the operations.
pub async fn record(binary: &Path, folder: &Path, seed: u64) -> anyhow::Result<Vec<Operation>> {
    let (mail, webhook) = (Receiver::mail().await?, Receiver::webhook().await?);
    let home = Home::new(folder, binary)?;
    let shim = Shim::build(folder, &home.root)?;
    let mut stage = Stage::start(&home, seed).await?;
    let mut chance = Chance::new(seed);
    let recorded = folder.join("operations");
    for start in 0..2 {
        let mut server = home.start(&shim, Some(&recorded))?;
        let client = server.ready(&home).await?;
        if start == 0 {
            stage
                .adopt(&client, mail.address, webhook.address)
                .await
                .with_context(|| format!("adoption; {}", home.log_tail()))?;
        }
        for _ in 0..2 {
            stage.rogue_arrives(&mut chance).context("no port is free")?;
        }
        kills::wait_until_settled(&home, &client, &stage).await?;
        let first = stage.unaccepted().first().copied().context("there is no rogue")?;
        stage.authorise(&client, first, "promise of the record", false).await?;
        kills::wait_until_settled(&home, &client, &stage).await?;
        server.stop(&home).await?;
    }
    stage.stop().await;
    let operations = trace::read(&recorded)?;
    is_complete(&operations, &home.root)?;
    Ok(operations)
}

/// The record is complete: done again, it gives the files that are there, octet by octet.
fn is_complete(operations: &[Operation], root: &Path) -> anyhow::Result<()> {
    let mut disk = Disk::default();
    operations.iter().for_each(|operation| disk.apply(operation));
    let files = disk.now();
    for (path, content) in &files {
        let there = std::fs::read(root.join(path.trim_start_matches('/')))
            .with_context(|| format!("{path} is in the record, but not there"))?;
        if there != *content {
            bail!("the record of {path} is not complete: its content differs");
        }
    }
    for entry in std::fs::read_dir(root.join("data")).context("the data folder")? {
        let entry = entry?;
        let path = format!("/data/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_file() && !path.ends_with("-shm") && !files.contains_key(&path) {
            bail!("{path} is there, but not in the record");
        }
    }
    Ok(())
}

/// Cuts the power at the points of `plan` and says what is wrong.
pub async fn judge(
    operations: &[Operation],
    plan: &Plan,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Report> {
    let bench = Bench::new()?;
    let mut report = Report { operations: operations.len(), ..Report::default() };
    let committed = committed(operations, &bench).await?;
    report.commits = committed.len();
    let points = points(operations, plan);
    let mut chance = Chance::new(plan.seed);
    let mut disk = Disk::default();
    let (mut commits, mut done) = (0, 0);
    let mut images = BTreeMap::new();
    let mut contents: BTreeMap<u64, Files> = BTreeMap::new();
    for (at, operation) in operations.iter().enumerate() {
        if points.contains(&at) {
            report.points += 1;
            for loss in losses(&mut chance) {
                let files = disk.after_cut(loss);
                let image = digest(&database_files(&files));
                let content = match images.get(&image) {
                    Some(content) => *content,
                    None => {
                        let recovered = bench.recover(&files).await;
                        report.states += 1;
                        match recovered {
                            Ok(content) => *images.entry(image).or_insert(content),
                            Err(error) => {
                                report.wrong.push(format!("operation {at}, {loss:?}: {error:#}"));
                                continue;
                            }
                        }
                    }
                };
                if let Some(wrong) = lost(&committed, commits, content) {
                    report.wrong.push(format!(
                        "operation {at} ({operation_of}), {loss:?}: {wrong}",
                        operation_of = name(operation)
                    ));
                }
                let whole = digest(&(content, digest(&other_files(&files))));
                contents.entry(whole).or_insert(files);
            }
            done += 1;
            if done % 500 == 0 {
                say(&format!("{done} of {} points", points.len()));
            }
        }
        if matches!(operation, Operation::Committed(_)) {
            commits += 1;
        }
        disk.apply(operation);
    }
    let all: Vec<&Files> = contents.values().collect();
    let wanted = plan.opened.unwrap_or(all.len()).min(all.len());
    let mut chosen = BTreeSet::new();
    while chosen.len() < wanted {
        chosen.insert(usize::try_from(chance.below(all.len() as u64)).unwrap_or(0));
    }
    for files in chosen.into_iter().filter_map(|at| all.get(at)) {
        report.opened += 1;
        if let Err(error) = bench.open(files, &mut report.wrong).await {
            report.wrong.push(format!("a content that a cut left cannot be opened: {error:#}"));
        }
        if report.opened.is_multiple_of(100) {
            say(&format!("{} of {wanted} contents opened", report.opened));
        }
    }
    Ok(report)
}

/// The content of the database after each commit, as a digest.
async fn committed(operations: &[Operation], bench: &Bench) -> anyhow::Result<Vec<u64>> {
    let mut disk = Disk::default();
    let mut all = Vec::new();
    for operation in operations {
        if matches!(operation, Operation::Committed(_)) {
            all.push(bench.recover(&disk.now()).await.context("what was just committed")?);
        }
        disk.apply(operation);
    }
    Ok(all)
}

/// What is wrong with finding `content` after `commits` acknowledged ones; None where nothing is.
fn lost(committed: &[u64], commits: usize, content: u64) -> Option<String> {
    // Before the first commit of the writer there are only migrations, which nobody was told of.
    let last = commits.checked_sub(1)?;
    // The one that is under way may be there already.
    if committed.get(last) == Some(&content) || committed.get(commits) == Some(&content) {
        return None;
    }
    Some(match committed.iter().position(|known| *known == content) {
        Some(found) => format!("commit {commits} was acknowledged, the disk holds commit {}", found + 1),
        None => format!("commit {commits} was acknowledged, the disk holds what was never committed"),
    })
}

fn points(operations: &[Operation], plan: &Plan) -> BTreeSet<usize> {
    let all: Vec<usize> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| operation.changes_disk())
        .map(|(at, _)| at)
        .collect();
    let Some(wanted) = plan.points.filter(|wanted| *wanted < all.len()) else {
        return all.into_iter().collect();
    };
    let mut chance = Chance::new(plan.seed ^ 0x5eed);
    let mut chosen = BTreeSet::new();
    while chosen.len() < wanted {
        chosen.extend(chance.pick(&all));
    }
    chosen
}

/// Two losses a point: the worst, and one by chance.
fn losses(chance: &mut Chance) -> [Loss; 2] {
    let seed = chance.next_u64();
    let other = match chance.below(4) {
        0 => Loss::Nothing,
        1 => Loss::TornEnd(seed),
        _ => Loss::Some(seed),
    };
    [Loss::All, other]
}

fn name(operation: &Operation) -> String {
    match operation {
        Operation::Create(path) => format!("create {path}"),
        Operation::Write(path, offset, data) => format!("write {path} {offset}+{}", data.len()),
        Operation::Zeros(path, offset, length) => format!("zeros {path} {offset}+{length}"),
        Operation::Truncate(path, length) => format!("truncate {path} {length}"),
        Operation::Sync(path) => format!("sync {path}"),
        Operation::Unlink(path) => format!("unlink {path}"),
        Operation::Rename(from, to) => format!("rename {from} {to}"),
        Operation::Folder(path) => format!("mkdir {path}"),
        Operation::Committed(number) => format!("committed {number}"),
    }
}

fn digest<T: Hash>(of: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The database with its logs; the reserve is only so many zeros.
fn database_files(files: &Files) -> BTreeMap<&str, &[u8]> {
    let ours = |path: &str| path.starts_with(DATABASE) && !path.ends_with(".reserve");
    files
        .iter()
        .filter(|(path, _)| ours(path))
        .map(|(path, content)| (path.as_str(), content.as_slice()))
        .collect()
}

fn other_files(files: &Files) -> BTreeMap<&str, &[u8]> {
    let others = files.iter().filter(|(path, _)| !path.starts_with(DATABASE));
    others.map(|(path, content)| (path.as_str(), content.as_slice())).collect()
}

/// Where states of the disk are made and opened: in memory, if the system has such a folder.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Ok(Self { folder: folder.context("a folder for the disk's states")? })
    }

    fn lay_out(&self, files: &BTreeMap<&str, &[u8]>) -> anyhow::Result<PathBuf> {
        let root = self.folder.path().join("root");
        if root.exists() {
            std::fs::remove_dir_all(&root).context("the state before")?;
        }
        std::fs::create_dir_all(root.join("data")).context("a state of the disk")?;
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode;
        for (path, content) in files {
            let path = root.join(path.trim_start_matches('/'));
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, content)?;
            // Modes are set when a file is made; the model does not carry them.
            std::fs::set_permissions(&path, private(0o600))?;
        }
        std::fs::set_permissions(root.join("data"), private(0o700))?;
        Ok(root)
    }

    /// Lets SQLite recover and answers with a digest of what the database then holds.
    async fn recover(&self, files: &Files) -> anyhow::Result<u64> {
        let root = self.lay_out(&database_files(files))?;
        let path = root.join(DATABASE.trim_start_matches('/'));
        if !path.exists() {
            return Ok(0);
        }
        let database = Database::connect(format!("sqlite://{}?mode=rw", path.display()))
            .await
            .context("the database does not open")?;
        let first = async |sql: &str| {
            let row = database.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
            anyhow::Ok(row.context("no answer")?)
        };
        let sound: String = first("PRAGMA integrity_check").await?.try_get_by_index(0)?;
        if sound != "ok" {
            bail!("the database is damaged: {sound}");
        }
        let held_up: i64 = first("PRAGMA wal_checkpoint(TRUNCATE)").await?.try_get_by_index(0)?;
        database.close().await?;
        if held_up != 0 {
            bail!("the log could not be brought into the database");
        }
        Ok(digest(&std::fs::read(&path)?))
    }

    /// Opens what is left as the server does: database, keys, certificate, trail, rules, recovery.
    async fn open(&self, files: &Files, wrong: &mut Vec<String>) -> anyhow::Result<()> {
        let mut all = database_files(files);
        all.extend(other_files(files));
        let root = self.lay_out(&all)?;
        let now = SystemClock.now();
        let store = observed::open(&root.join(DATABASE.trim_start_matches('/')), 0).await?;
        let key = observed::trail_key(&store, &root).await?;
        netwarden_vault::server_certificate(&root.join("data"), Some("localhost"), now)
            .context("the certificate")?;
        let before = Observed::read(&store, &key).await?;
        wrong.extend(check::always(&before));
        observed::trail(&store, &key)?.start(now).await.context("settling the trail")?;
        let spine = Spine::open(store.clone()).await?;
        let (_channels, channels) = tokio::sync::watch::channel(Arc::new(Channels::default()));
        let performer =
            Performer::new(store.clone(), spine, Arc::new(NoEndpoints), channels, Arc::new(SystemClock));
        tokio::time::timeout(Duration::from_secs(60), performer.recover()).await.context("recovery")??;
        let after = Observed::read(&store, &key).await?;
        wrong.extend(check::always(&after));
        wrong.extend(recovered(&before, &after));
        store.close().await?;
        Ok(())
    }
}

/// Recovery leaves no one-shot and no record without outcome, and forgets nothing.
fn recovered(before: &Observed, after: &Observed) -> Vec<String> {
    let mut wrong = Vec::new();
    for asked in &before.requests {
        let now = after.request(&asked.id).map(|now| now.state.as_str());
        let is_port = asked.port.is_some();
        let fine = match (asked.state.as_str(), now) {
            ("opened", Some("unknown")) => !is_port,
            (state, Some(now)) => state == now && (state != "opened" || is_port),
            (_, None) => false,
        };
        if !fine {
            wrong.push(format!("recovery made {now:?} of {} that was {}", asked.action, asked.state));
        }
    }
    if after.open_records != 0 {
        wrong.push(format!("recovery left {} records without outcome", after.open_records));
    }
    if after.events.len() < before.events.len() || after.records < before.records {
        wrong.push("recovery forgot events or records".to_owned());
    }
    wrong
}

/// Recovery changes no endpoint.
#[derive(Debug)]
struct NoEndpoints;

impl Endpoints for NoEndpoints {
    fn change<'a>(
        &'a self,
        _: &'a ActionRequest,
        _: Mac,
        _: EndpointChange,
        _: Finish,
    ) -> TxFuture<'a, Result<(), ActionError>> {
        Box::pin(async { Err(ActionError::Facts("nothing is performed here".to_owned())) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Asked;

    #[test]
    fn a_lost_and_an_invented_commit_are_named() {
        let committed = [11, 22, 33];
        assert_eq!(lost(&committed, 0, 99), None);
        assert_eq!(lost(&committed, 2, 22), None);
        assert_eq!(lost(&committed, 2, 33), None);
        assert!(lost(&committed, 2, 11).unwrap().contains("holds commit 1"));
        assert!(lost(&committed, 2, 99).unwrap().contains("never committed"));
    }

    #[test]
    fn a_recovery_that_leaves_or_repeats_something_is_named() {
        let asked = |state: &str| Asked {
            id: "1".into(),
            key: "k".into(),
            action: "mail".into(),
            state: state.into(),
            note: String::new(),
            batch: None,
            port: None,
            outcome: None,
        };
        let of = |state: &str| Observed { requests: vec![asked(state)], ..Observed::default() };
        assert!(recovered(&of("opened"), &of("unknown")).is_empty());
        for (before, after) in [("opened", "opened"), ("opened", "pending"), ("done", "pending")] {
            assert_eq!(recovered(&of(before), &of(after)).len(), 1, "{before} {after}");
        }
        assert_eq!(recovered(&of("done"), &Observed::default()).len(), 1);
        let open = Observed { open_records: 1, ..of("done") };
        assert_eq!(recovered(&of("done"), &open).len(), 1);
    }
}
