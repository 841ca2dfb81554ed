//! The server is killed, again and again, and started over the same folder.
//!
//! ```text
//! rogue arrives ─▶ start ─▶ (killed at its n-th operation while it starts and recovers)
//!                     └──▶ answers ─▶ rogue arrives, somebody authorises another one
//!                                        └─▶ killed at its n-th operation from there, or at some time
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use netwarden_api::Client;
use netwarden_model::Mac;
use netwarden_simulator::Chance;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

use crate::check::{Outside, settled};
use crate::observed::{self, Observed};
use crate::receivers::Receiver;
use crate::server::{Ended, Home, Server};
use crate::shim::{KillAt, Shim};
use crate::stage::{QUARANTINE, Stage};

/// What to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How often the server is killed.
    pub kills: u32,
    /// The same seed gives the same plan.
    pub seed: u64,
    /// `netwarden`.
    pub binary: PathBuf,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Kills at an operation on the server's files.
    pub at_operations: u32,
    /// Kills at a time.
    pub at_times: u32,
    /// Of all kills, those before the server answered.
    pub while_starting: u32,
    /// Rogues that arrived.
    pub rogues: usize,
    /// Events in the log.
    pub events: usize,
    /// Requests that the rules made.
    pub requests: usize,
    /// Requests about which nobody knows whether they happened.
    pub unknown: usize,
    /// SETs that changed something.
    pub changing_sets: usize,
    /// Acts of a person that were answered with yes.
    pub promised: usize,
    /// Records of the trail, all verified.
    pub records: u64,
    /// Everything that is wrong; empty where all is well.
    pub wrong: Vec<String>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} kills ({} at operations, {} at times, {} while starting): {} rogues, {} events, {} requests, \
             {} unknown, {} changing SETs, {} promises, {} records; {} wrong",
            self.at_operations + self.at_times,
            self.at_operations,
            self.at_times,
            self.while_starting,
            self.rogues,
            self.events,
            self.requests,
            self.unknown,
            self.changing_sets,
            self.promised,
            self.records,
            self.wrong.len()
        )
    }
}

/// How long a kill at an operation is waited for; then it comes at that time.
const PATIENCE: Duration = Duration::from_secs(6);
/// Operations from a rogue's arrival to the last outcome, about.
const CHAIN: u64 = 500;
/// How long the server may take to finish everything in the end.
const SETTLE: Duration = Duration::from_secs(240);

struct Run<'a> {
    home: &'a Home,
    shim: &'a Shim,
    stage: Stage,
    chance: Chance,
    starting: u64,
    /// Rogues that somebody tried to authorise without an answer.
    tried: BTreeSet<Mac>,
    promised: Vec<String>,
    acts: u32,
    report: Report,
}

/// Kills the server as planned, in `folder`; `say` is told how far it is.
pub async fn run(plan: &Plan, folder: &Path, say: &mut dyn FnMut(&str)) -> anyhow::Result<Report> {
    let (mail, webhook) = (Receiver::mail().await?, Receiver::webhook().await?);
    let home = Home::new(folder, &plan.binary)?;
    let shim = Shim::build(folder, &home.root)?;
    let stage = Stage::start(&home, plan.seed).await?;
    let mut server = home.start(&shim, None)?;
    let client = server.ready(&home).await?;
    stage
        .adopt(&client, mail.address, webhook.address)
        .await
        .with_context(|| format!("adoption; {}", home.log_tail()))?;
    server.stop(&home).await?;
    let starting = operations_of_a_start(&home, &shim).await?;
    let mut run = Run {
        home: &home,
        shim: &shim,
        stage,
        chance: Chance::new(plan.seed),
        starting,
        tried: BTreeSet::new(),
        promised: Vec::new(),
        acts: 0,
        report: Report::default(),
    };
    let began = Instant::now();
    for kill in 1..=plan.kills {
        run.kill_once().await.with_context(|| format!("kill {kill} of seed {}", plan.seed))?;
        if kill % 10 == 0 || kill == plan.kills {
            say(&format!("{kill} of {} kills after {} s", plan.kills, began.elapsed().as_secs()));
        }
    }
    run.settle().await?;
    let Run { stage, promised, mut report, .. } = run;
    let store = observed::open(&home.database(), 16 << 20).await?;
    let key = observed::trail_key(&store, &home.root).await?;
    let observed = Observed::read(&store, &key).await?;
    store.close().await?;
    let outside = seen_outside(&stage, &home, &mail, &webhook, promised)?;
    stage.stop().await;
    report.rogues = outside.ports.len().max(report.rogues);
    report.events = observed.events.len();
    report.requests = observed.requests.len();
    report.unknown = observed.requests.iter().filter(|asked| asked.state == "unknown").count();
    report.changing_sets = outside.sets.iter().filter(|set| !set.changes.is_empty()).count();
    report.promised = outside.promised.len();
    report.records = observed.records;
    report.wrong = settled(&observed, &outside);
    Ok(report)
}

/// What the world outside saw.
pub fn seen_outside(
    stage: &Stage,
    home: &Home,
    mail: &Receiver,
    webhook: &Receiver,
    promised: Vec<String>,
) -> anyhow::Result<Outside> {
    let commands = std::fs::read_to_string(&home.commands).context("what the command wrote")?;
    let quarantined = stage.rogues().values().filter(|rogue| !rogue.authorised);
    Ok(Outside {
        sets: stage.sets(),
        mails: mail.taken.all(),
        webhooks: webhook.taken.all(),
        commands: commands.lines().map(str::to_owned).collect(),
        promised,
        ports: stage.ports(),
        quarantined: quarantined.map(|rogue| (rogue.device.clone(), rogue.port.clone())).collect(),
        quarantine: QUARANTINE,
    })
}

/// How many operations a start takes until the server answers.
async fn operations_of_a_start(home: &Home, shim: &Shim) -> anyhow::Result<u64> {
    shim.clear()?;
    let mut server = home.start(shim, None)?;
    server.ready(home).await?;
    let operations = shim.operations()?;
    server.stop(home).await?;
    Ok(operations.max(1))
}

impl Run<'_> {
    async fn kill_once(&mut self) -> anyhow::Result<()> {
        self.shim.clear()?;
        if self.chance.percent(40) && self.stage.rogue_arrives(&mut self.chance).is_some() {
            self.report.rogues += 1;
        }
        let after = self.chance.percent(50);
        if self.chance.percent(30) {
            // A little beyond the first answer: that is when recovered work is done.
            let operation = 1 + self.chance.below(self.starting + self.starting / 2);
            self.shim.kill_at(KillAt { operation, after })?;
            let server = self.home.start(self.shim, None)?;
            self.report.while_starting += 1;
            return self.end(server, PATIENCE).await;
        }
        let mut server = self.home.start(self.shim, None)?;
        let client = server.ready(self.home).await?;
        if self.stage.rogue_arrives(&mut self.chance).is_some() {
            self.report.rogues += 1;
        }
        let patience = if self.chance.percent(20) {
            Duration::from_millis(self.chance.below(2500))
        } else {
            // Early ones more often: the first transactions are the ones with the rules' decisions.
            let reach = if self.chance.percent(50) { CHAIN / 4 } else { CHAIN };
            let operation = self.shim.operations()? + 1 + self.chance.below(reach);
            self.shim.kill_at(KillAt { operation, after })?;
            PATIENCE
        };
        // With every arrival somebody else is accepted, so that ports come free again.
        let waiting = self.stage.unaccepted();
        if waiting.len() > 6 || (waiting.len() > 1 && self.chance.percent(50)) {
            let mac = waiting.first().copied();
            let leaves = self.chance.percent(70);
            if let Some(mac) = mac {
                let act = self.authorise(&client, mac, leaves);
                // The answer may never come.
                let _ = tokio::time::timeout(PATIENCE, act).await;
            }
        }
        self.end(server, patience).await
    }

    /// Until the server was killed by the shim; by us where it takes too long.
    async fn end(&mut self, mut server: Server, patience: Duration) -> anyhow::Result<()> {
        let ended = match server.ends_within(patience).await? {
            Some(Ended::Killed) => {
                self.report.at_operations += 1;
                return Ok(());
            }
            None => server.kill().await?,
            Some(ended) => ended,
        };
        match ended {
            Ended::Killed => {
                self.report.at_times += 1;
                Ok(())
            }
            Ended::ByItself(code) => {
                bail!("the server ended by itself with {code:?}:\n{}", self.home.log_tail())
            }
        }
    }

    async fn authorise(&mut self, client: &Client, mac: Mac, leaves: bool) -> bool {
        self.acts += 1;
        let reason = format!("promise {} of torture", self.acts);
        self.tried.insert(mac);
        let answered = self.stage.authorise(client, mac, &reason, leaves).await.is_ok();
        if answered {
            self.tried.remove(&mac);
            self.promised.push(reason);
        }
        answered
    }

    /// Lets the server finish: every rogue found, every request ended, every port as wanted.
    async fn settle(&mut self) -> anyhow::Result<()> {
        self.shim.clear()?;
        let mut server = self.home.start(self.shim, None)?;
        let client = server.ready(self.home).await?;
        for mac in self.tried.clone() {
            // Known to the harness, perhaps not to the server yet.
            let began = Instant::now();
            while !self.authorise(&client, mac, true).await {
                if began.elapsed() > SETTLE {
                    bail!("{mac} cannot be authorised:\n{}", self.home.log_tail());
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        wait_until_settled(self.home, &client, &self.stage).await?;
        server.stop(self.home).await
    }
}

/// Until every rogue is known and nothing is left to do, three looks in a row; what is left then is for the
/// checks to name.
pub async fn wait_until_settled(home: &Home, client: &Client, stage: &Stage) -> anyhow::Result<()> {
    let database = Database::connect(format!("sqlite://{}?mode=ro", home.database().display())).await?;
    let began = Instant::now();
    let mut quiet = 0;
    while quiet < 3 && began.elapsed() < SETTLE {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let mut known = true;
        for mac in stage.rogues().iter().filter(|(_, rogue)| rogue.plugged).map(|(mac, _)| *mac) {
            known = known && stage.is_known(client, mac).await;
        }
        quiet = if known && left_to_do(&database).await? == 0 { quiet + 1 } else { 0 };
    }
    database.close().await?;
    Ok(())
}

async fn left_to_do(database: &DatabaseConnection) -> anyhow::Result<i64> {
    let sql = "SELECT (SELECT count(*) FROM action_requests WHERE state IN ('pending', 'opened', 'held') \
                       AND NOT (action = 'mail' AND state = 'pending')) \
               + (SELECT count(*) FROM desired_ports WHERE progress NOT IN ('verified', 'released')) \
               + (SELECT coalesce(max(seq), 0) FROM spine_events) \
               - (SELECT position FROM spine_cursors WHERE consumer = 'judge')";
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, sql);
    let row = database.query_one_raw(statement).await?.context("a count without a row")?;
    Ok(row.try_get_by_index(0)?)
}
