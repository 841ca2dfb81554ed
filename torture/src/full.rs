//! The disk fills up while the server runs, on a small file system of its own where mounting is permitted, otherwise
//! with a shim that answers ENOSPC.
//!
//! ```text
//! two rogues shut out ─▶ disk full ─▶ said plainly; new acts refused; a third rogue waits
//!     ├─▶ a switch restarts with its start-up configuration ─▶ its port is shut out again
//!     ├─▶ the other port is released ─▶ it comes back
//!     └─▶ space comes back ─▶ the third rogue is shut out, acts are done again, nothing recorded is lost
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use netwarden_api::Client;
use netwarden_api::client::ClientError;
use netwarden_api::endpoint::{Authorise, Reason};
use netwarden_model::Mac;
use netwarden_simulator::Chance;
use serde_json::Value;

use crate::check;
use crate::kills;
use crate::observed::{self, Observed};
use crate::receivers::Receiver;
use crate::server::Home;
use crate::shim::Shim;
use crate::stage::{QUARANTINE, Stage};

/// Octets of the small file system: the reserve, what its making needs beside, and the database.
const SIZE: u64 = 64 << 20;

/// How long anything may take here.
const LIMIT: Duration = Duration::from_secs(90);

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How the disk was filled.
    pub medium: &'static str,
    /// Milliseconds from the full disk to the answer that says so.
    pub said_after_ms: u128,
    /// Milliseconds from the switch's restart to its port being shut out again.
    pub reasserted_after_ms: u128,
    /// Milliseconds from the release to the port being as before.
    pub released_after_ms: u128,
    /// Everything that is wrong; empty where all is well.
    pub wrong: Vec<String>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "full disk ({}): said after {} ms, re-asserted after {} ms, released after {} ms; {} wrong",
            self.medium,
            self.said_after_ms,
            self.reasserted_after_ms,
            self.released_after_ms,
            self.wrong.len()
        )
    }
}

/// How the disk is filled.
enum Medium {
    /// A file system in memory.
    Mounted { folder: PathBuf },
    /// The shim.
    Shim,
}

impl Medium {
    /// A small file system on `folder`, or the shim and a line that says why.
    fn new(folder: &Path, say: &mut dyn FnMut(&str)) -> Self {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE},mode=0700"), "tmpfs"])
            .arg(folder)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Medium::Mounted { folder: folder.to_owned() },
            Ok(output) => {
                let why = String::from_utf8_lossy(&output.stderr);
                say(&format!("no file system can be mounted ({}): the shim answers ENOSPC", why.trim()));
                Medium::Shim
            }
            Err(error) => {
                say(&format!("mount cannot be started ({error}): the shim answers ENOSPC"));
                Medium::Shim
            }
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Medium::Mounted { .. } => "tmpfs",
            Medium::Shim => "shim",
        }
    }

    fn ballast(folder: &Path) -> PathBuf {
        folder.join("ballast")
    }

    fn fill(&self, shim: &Shim) -> anyhow::Result<()> {
        match self {
            Medium::Shim => shim.limit_space(Some(0)),
            Medium::Mounted { folder } => {
                use std::io::Write;
                let mut file = std::fs::File::create(Self::ballast(folder)).context("the ballast")?;
                let mut piece = vec![1_u8; 1 << 16];
                while !piece.is_empty() {
                    match file.write(&piece) {
                        Ok(0) => bail!("the ballast does not grow"),
                        Ok(_) => {}
                        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                            // The last pages too.
                            piece.truncate(if piece.len() > 4096 { 4096 } else { 0 });
                        }
                        Err(error) => return Err(error).context("the ballast"),
                    }
                }
                Ok(())
            }
        }
    }

    fn empty(&self, shim: &Shim) -> anyhow::Result<()> {
        match self {
            Medium::Shim => shim.limit_space(None),
            Medium::Mounted { folder } => std::fs::remove_file(Self::ballast(folder)).context("the ballast"),
        }
    }
}

impl Drop for Medium {
    fn drop(&mut self) {
        if let Medium::Mounted { folder } = self {
            // What still holds it open is about to end; it goes with the last of them.
            let _ = Command::new("umount").arg("-l").arg(folder).status();
        }
    }
}

/// Fills the disk of a running server and says what is wrong. `mount` false leaves it to the shim.
pub async fn run(
    binary: &Path,
    folder: &Path,
    seed: u64,
    mount: bool,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Report> {
    let (mail, webhook) = (Receiver::mail().await?, Receiver::webhook().await?);
    let root = folder.join("server");
    std::fs::create_dir_all(&root).context("the server's folder")?;
    let medium = if mount { Medium::new(&root, say) } else { Medium::Shim };
    let home = Home::new(folder, binary)?;
    let shim = Shim::build(folder, &home.root)?;
    let mut stage = Stage::start(&home, seed).await?;
    let mut chance = Chance::new(seed);
    let mut report = Report { medium: medium.name(), ..Report::default() };

    let mut server = home.start(&shim, None)?;
    let client = server.ready(&home).await?;
    stage
        .adopt(&client, mail.address, webhook.address)
        .await
        .with_context(|| format!("adoption; {}", home.log_tail()))?;
    let configuration = stage.configuration();
    let held = stage.rogue_arrives(&mut chance).context("no port is free")?;
    let freed = stage.rogue_arrives(&mut chance).context("no port is free")?;
    kills::wait_until_settled(&home, &client, &stage).await?;
    let before = status(&client).await?;

    medium.fill(&shim)?;
    let began = Instant::now();
    let waiting = stage.rogue_arrives(&mut chance).context("no port is free")?;
    let full = until(async || is(&client, "disk_full", true).await).await;
    report.said_after_ms = began.elapsed().as_millis();
    if !full {
        report.wrong.push("`system status` does not say that the disk is full".to_owned());
    }
    said_plainly(&home, &client, &mut report.wrong).await?;
    refused(&client, held, &mut report.wrong).await;

    let began = Instant::now();
    stage.loses_configuration(held, &configuration)?;
    let again = until(async || stage.pvid(held) == Some(QUARANTINE)).await;
    report.reasserted_after_ms = began.elapsed().as_millis();
    if !again {
        report
            .wrong
            .push(format!("after its restart {:?} was not shut out again", stage.rogues().get(&held)));
    }

    let began = Instant::now();
    let reason = "promise of the full disk";
    if let Err(error) = release(&client, &stage, freed, reason).await {
        report.wrong.push(format!("the release was refused: {error:#}"));
    }
    let back = until(async || stage.pvid(freed).is_some_and(|vlan| vlan != QUARANTINE)).await;
    report.released_after_ms = began.elapsed().as_millis();
    if !back {
        report.wrong.push(format!("{:?} was not released", stage.rogues().get(&freed)));
    }
    stage.accepted(freed);
    let during = status(&client).await?;
    if number(&during, "audit_records") <= number(&before, "audit_records") {
        report.wrong.push("what was done on the full disk is not recorded".to_owned());
    }
    if stage.pvid(waiting) == Some(QUARANTINE) {
        report.wrong.push("a new act was done although nothing could be recorded".to_owned());
    }

    medium.empty(&shim)?;
    if !until(async || is(&client, "disk_full", false).await).await {
        report.wrong.push("space came back, and the server still says that the disk is full".to_owned());
    }
    if !until(async || stage.pvid(waiting) == Some(QUARANTINE)).await {
        report.wrong.push("after space came back the rogue that had waited was not shut out".to_owned());
    }
    let after = "promise after the full disk";
    stage.authorise(&client, waiting, after, false).await.context("an act after space came back")?;
    kills::wait_until_settled(&home, &client, &stage).await?;
    server.stop(&home).await?;

    let store = observed::open(&home.database(), 0).await?;
    let key = observed::trail_key(&store, &home.root).await?;
    let observed = Observed::read(&store, &key).await?;
    store.close().await?;
    let promised = vec![reason.to_owned(), after.to_owned()];
    let outside = kills::seen_outside(&stage, &home, &mail, &webhook, promised)?;
    stage.stop().await;
    report.wrong.extend(check::always(&observed));
    report.wrong.extend(check::finished(&observed));
    report.wrong.extend(check::one_shots(&observed, &outside));
    report.wrong.extend(check::access(&observed, &outside));
    report.wrong.extend(check::promises(&observed, &outside));
    drop(medium);
    Ok(report)
}

/// The log names it, and an event tells it.
async fn said_plainly(home: &Home, client: &Client, wrong: &mut Vec<String>) -> anyhow::Result<()> {
    let told = until(async || {
        let events: Result<Value, _> = client.get("/events", &[("limit", "20".to_owned())]).await;
        events.is_ok_and(|events| {
            let text = events.to_string();
            text.contains("critical_system_failure") && text.contains("disk that holds the database is full")
        })
    })
    .await;
    if !told {
        wrong.push("no event tells that the disk is full".to_owned());
    }
    if !std::fs::read_to_string(&home.log).unwrap_or_default().contains("disk is full") {
        wrong.push("the log does not say that the disk is full".to_owned());
    }
    Ok(())
}

/// A new act is refused with the reason.
async fn refused(client: &Client, mac: Mac, wrong: &mut Vec<String>) {
    let wish = Authorise { reason: "on a full disk".into(), ..Authorise::default() };
    match client.post::<_, Value>(&format!("/endpoints/{mac}/authorise"), &wish).await {
        Err(ClientError::Problem(problem)) if problem.detail.contains("full") => {}
        other => wrong.push(format!("a new act on a full disk was answered with {other:?}")),
    }
}

async fn release(client: &Client, stage: &Stage, mac: Mac, reason: &str) -> anyhow::Result<()> {
    let rogue = stage.rogues().get(&mac).context("no such rogue")?;
    let elements: Value = client.get("/elements", &[]).await?;
    let items = elements.get("items").and_then(Value::as_array).context("no elements")?;
    let of = |element: &&Value| element.get("name").and_then(Value::as_str) == Some(rogue.device.as_str());
    let ne = items.iter().find(of).and_then(|element| element.get("id")).context("no such element")?;
    let path = format!("/ports/{ne}/{}/release", netwarden_api::client::segment(&rogue.port));
    client.post::<_, Value>(&path, &Reason { reason: reason.to_owned() }).await?;
    Ok(())
}

async fn status(client: &Client) -> anyhow::Result<BTreeMap<String, Value>> {
    Ok(client.get("/system/status", &[]).await?)
}

async fn is(client: &Client, name: &str, wanted: bool) -> bool {
    status(client).await.is_ok_and(|status| status.get(name) == Some(&Value::Bool(wanted)))
}

fn number(status: &BTreeMap<String, Value>, name: &str) -> u64 {
    status.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// True as soon as `so` is, false where it is not so in time.
async fn until(mut so: impl AsyncFnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < LIMIT {
        if so().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}
