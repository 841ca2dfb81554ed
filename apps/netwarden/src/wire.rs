//! The server, put together: database, vault, trail, engine, desk, listeners.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Context;
use netwarden_actions::Pace;
use netwarden_audit::{CheckpointPolicy, SignError, Signer, Trail};
use netwarden_engine::{Engine, Machine, OwnEngine, Parts};
use netwarden_identity::{Identity, IdentityPolicy, Passkeys};
use netwarden_inventory::Settings;
use netwarden_model::Clock;
use netwarden_operate::{Desk, Inner, Jobs, Outside, Turn};
use netwarden_reach::{EngineConfig, SnmpEngine};
use netwarden_spine::Spine;
use netwarden_store::{Store, StoreConfig};
use netwarden_vault::{SigningKey, Vault, VaultConfig, systemd_credential};
use rand::Rng;
use zeroize::Zeroizing;

use crate::system_log::SystemLog;

/// How a server differs from the usual one.
#[derive(Debug)]
pub struct Options {
    /// URL of the database.
    pub database: String,
    /// Key component outside the data.
    pub key_file: std::path::PathBuf,
    /// Folder of the data; None where there is none on this machine.
    pub data_dir: Option<std::path::PathBuf>,
    /// Folder of backups; None where none are made.
    pub backup_dir: Option<std::path::PathBuf>,
    /// Location and detection, where they differ from what is stored.
    pub inventory: Option<Settings>,
    /// How the reconciler of ports works.
    pub pace: Pace,
    /// Our name in messages to the outside.
    pub host_name: String,
    /// The only folder whose programs may be commands; None for no commands.
    pub command_folder: Option<std::path::PathBuf>,
    /// Where the start and the stop of the audit are told besides; None where nowhere.
    pub system_log: Option<SystemLog>,
}

/// A server that runs.
pub struct Server {
    /// Its operations.
    pub desk: Desk,
    /// The one-time password of `admin`, at the first start.
    pub first_password: Option<Zeroizing<String>>,
    upkeep: tokio::task::JoinHandle<()>,
    statistics: tokio::task::JoinHandle<()>,
    accounts: tokio::task::JoinHandle<()>,
    system_log: Option<SystemLog>,
}

/// Opens the database and unlocks the vault: what also works beside a server that is down.
pub async fn open(options: &Options, clock: &dyn Clock) -> anyhow::Result<(Store, Arc<Vault>)> {
    if let Some(dir) = &options.data_dir {
        private_folder(dir)?;
    }
    let store = Store::open(StoreConfig::from_url(&options.database), netwarden_operate::SCHEMA)
        .await
        .context("the database cannot be opened")?;
    let config = VaultConfig {
        key_file: options.key_file.clone(),
        data_folder: options.data_dir.clone(),
        credential: systemd_credential(),
    };
    let vault = Vault::unlock(store.clone(), config, clock.now()).await.context("the vault stays locked")?;
    Ok((store, Arc::new(vault)))
}

impl Server {
    /// Starts everything but the listeners for people.
    pub async fn start(options: Options, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let (store, vault) = open(&options, clock.as_ref()).await?;
        let now = clock.now();
        let key = vault.signing_key("audit", now).await.context("the audit trail's key")?;
        let trail = Trail::new(store.clone(), Arc::new(TrailKey(key)), CheckpointPolicy::default())
            .context("the audit trail's key")?;
        netwarden_operate::record_audit_turn(&store, Turn::Start, now).await.context("the audit trail")?;
        if let Some(log) = &options.system_log {
            log.tell(now, "the audit service has started");
        }
        let interrupted = trail.start(now).await.context("the audit trail")?;
        if !interrupted.is_empty() {
            tracing::warn!(records = interrupted.len(), "acts were interrupted; their outcome is unknown");
        }
        let passkeys = Passkeys::new(&options.host_name);
        let outside = Outside::new(options.host_name, options.command_folder);
        let (channels, exceptions) = netwarden_operate::load_channels(&store, &vault, &outside).await?;
        for sentence in &exceptions {
            tracing::warn!("{sentence}");
        }
        netwarden_operate::record_exceptions(&store, &exceptions, now).await?;
        let parameters = netwarden_operate::load_parameters(&store).await?;
        let policy = IdentityPolicy { accounts: parameters.accounts(), ..IdentityPolicy::default() };
        let identity = Identity::new(store.clone(), policy);
        identity.load_settings().await.context("the settings of accounts")?;
        // Whoever runs the server, and root, act as `admin` on the local socket.
        let uids = BTreeSet::from([nix::unistd::geteuid().as_raw(), 0]);
        let first_password = netwarden_operate::first_start(&store, &identity, uids, &mut random, now)
            .await
            .context("the first user")?;

        let settings = match options.inventory.clone() {
            Some(settings) => settings,
            None => netwarden_operate::inventory_settings(&store, &parameters).await?,
        };
        let network = netwarden_inventory::sql::load(store.read(), settings, now)
            .await
            .context("the inventory cannot be loaded")?;
        let spine = Spine::open(store.clone()).await.context("the event log")?;
        let snmp = SnmpEngine::start(EngineConfig::default()).context("no UDP socket can be opened")?;
        let engine = Engine::start(Parts {
            store: store.clone(),
            spine: spine.clone(),
            vault: Arc::clone(&vault),
            clock: Arc::clone(&clock),
            snmp,
            network,
            guard: parameters.guard(),
            channels,
            in_flight: parameters.polls_in_flight(),
            pace: options.pace,
            machine: Machine::default(),
        });
        engine.set_rules_depth(parameters.rules_depth());
        netwarden_operate::record_parts_turn(&store, Turn::Start, &engine.parts(), now).await?;
        let upkeep = tokio::spawn(keep_trail(trail.clone(), Arc::clone(&clock)));
        let desk = Desk::new(Inner {
            store,
            spine,
            trail,
            identity,
            passkeys,
            turned_away: AtomicU64::default(),
            vault,
            engine,
            clock,
            jobs: Jobs::default(),
            domains: netwarden_operate::Placing::default(),
            online: netwarden_operate::Online::default(),
            refusals: netwarden_operate::Refusals::default(),
            parameters: RwLock::new(parameters),
            outside,
            backups: options.backup_dir,
            started: now,
        });
        if let Err(error) = desk.keep_tenant_keys().await {
            tracing::warn!(%error, "a tenant of an earlier release has no key yet");
        }
        let sealing = desk.clone();
        tokio::spawn(async move {
            if let Err(error) = sealing.seal_for_tenants().await {
                tracing::warn!(%error, "what is kept of tenants' users could not be sealed anew");
            }
            if let Err(error) = sealing.finish_resealing().await {
                tracing::warn!(%error, "what older keys have sealed could not be sealed anew");
            }
        });
        let statistics = tokio::spawn(netwarden_operate::keep_statistics(desk.clone()));
        let accounts = tokio::spawn(netwarden_operate::keep_accounts(desk.clone()));
        Ok(Self { desk, first_password, upkeep, statistics, accounts, system_log: options.system_log })
    }

    /// Listens to traps and informs; answers with the address.
    pub async fn listen(&self, bind: SocketAddr) -> anyhow::Result<SocketAddr> {
        let desk = &self.desk;
        let octets = desk
            .vault
            .random_secret("snmp-engine", 12, desk.clock.now())
            .await
            .context("our snmpEngineID")?;
        // RFC 3411 section 5: enterprise number with the first bit set, format 5 (octets).
        let mut id = vec![0x80, 0, 0xff, 0xff, 5];
        id.extend_from_slice(&octets);
        let boots =
            netwarden_operate::count_engine_start(&desk.store).await.context("our snmpEngineBoots")?;
        let (identity, clock) = (desk.identity.clone(), Arc::clone(&desk.clock));
        let deaf = Arc::new(move |source| identity.is_deaf_to(source, clock.now()));
        let address = desk.engine.listen(bind, OwnEngine { id, boots }, deaf).await?;
        let parts = [netwarden_engine::TRAPS];
        netwarden_operate::record_parts_turn(&desk.store, Turn::Start, &parts, desk.clock.now()).await?;
        Ok(address)
    }

    /// Waits until a part of the engine has ended by itself, which it must not; says which and why.
    pub async fn failure(&self) -> String {
        let mut ended = self.desk.engine.ended();
        let failed = ended.wait_for(Option::is_some).await;
        failed.ok().and_then(|part| part.clone()).unwrap_or_else(|| "the engine has ended".to_owned())
    }

    /// Ends the loops in order: nothing that was acknowledged is lost.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.upkeep.abort();
        self.statistics.abort();
        self.accounts.abort();
        let Inner { trail, store, engine, clock, .. } = &*self.desk;
        engine.stop().await;
        let last = async {
            // Those of the minute that is not over yet.
            trail.flush_failures(clock.now(), true).await.context("failures that were counted")?;
            let parts = engine.parts();
            netwarden_operate::record_parts_turn(store, Turn::Stop, &parts, clock.now()).await?;
            netwarden_operate::record_audit_turn(store, Turn::Stop, clock.now()).await?;
            trail.checkpoint(clock.now()).await.context("the last checkpoint")?;
            anyhow::Ok(())
        };
        // What could not be recorded any more keeps the database from being closed least of all.
        let recorded = last.await;
        store.close().await.context("closing the database")?;
        if let Some(log) = &self.system_log {
            log.tell(clock.now(), "the audit service has stopped");
        }
        recorded
    }
}

/// The trail's signing key, kept by the vault.
struct TrailKey(SigningKey);

impl Signer for TrailKey {
    fn key_name(&self) -> &str {
        "netwarden/node-1"
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        self.0
            .sign(message)
            .map_err(|error| SignError { key: self.key_name().to_owned(), reason: error.to_string() })
    }
}

/// Checkpoints and the search index, every second.
async fn keep_trail(trail: Trail, clock: Arc<dyn Clock>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tick.tick().await;
        if let Err(error) = trail.tick(clock.now()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the audit trail cannot be kept up");
        }
    }
}

/// Makes a folder that only its owner may look into.
pub fn private_folder(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("{} cannot be made", dir.display()))
}

/// Fresh random octets.
pub fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0u8; N];
    rand::rng().fill_bytes(&mut octets);
    octets
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use netwarden_audit::{AuditQuery, ListedRecord, Reach};
    use netwarden_identity::Plane;
    use netwarden_identity::accounts::map_local_uid;
    use netwarden_store::{Page, Tx};

    use super::*;
    use crate::clock::SystemClock;

    fn options(folder: &Path) -> Options {
        Options {
            database: format!("sqlite://{}", folder.join("data/netwarden.db").display()),
            key_file: folder.join("netwarden.key"),
            data_dir: Some(folder.join("data")),
            backup_dir: None,
            inventory: None,
            pace: Pace::default(),
            host_name: "localhost".to_owned(),
            command_folder: None,
            system_log: Some(SystemLog::at(&folder.join("log"))),
        }
    }

    async fn started(folder: &Path) -> Server {
        Server::start(options(folder), Arc::new(SystemClock)).await.unwrap()
    }

    /// Every record, oldest first.
    async fn records(server: &Server) -> Vec<ListedRecord> {
        let trail = &server.desk.trail;
        trail.tick(SystemClock.now()).await.unwrap();
        let query = AuditQuery { page: Page::first(1_000), ..AuditQuery::default() };
        let mut listed = trail.list(&Reach::all(), query).await.unwrap().items;
        listed.sort_by_key(|listed| listed.index);
        listed
    }

    fn is(listed: &ListedRecord, operation: &str) -> bool {
        listed.record.operation == operation
    }

    // proves: AUD-01
    #[tokio::test]
    async fn start_and_stop_are_recorded_and_told_to_the_operating_system() {
        let folder = tempfile::tempdir().unwrap();
        let log = UnixDatagram::bind(folder.path().join("log")).unwrap();
        log.set_nonblocking(true).unwrap();
        let said = || {
            let mut octets = [0; 512];
            log.recv(&mut octets).map(|length| String::from_utf8_lossy(&octets[..length]).into_owned())
        };
        let server = started(folder.path()).await;
        server.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let line = said().unwrap();
        assert!(line.starts_with("<85>") && line.contains("netwarden["), "{line}");
        assert!(line.ends_with("the audit service has started"), "{line}");
        server.stop().await.unwrap();
        assert!(said().unwrap().ends_with("the audit service has stopped"));

        let server = started(folder.path()).await;
        let all = records(&server).await;
        let first = &all.first().unwrap().record;
        assert_eq!(first.operation, "audit.start");
        assert_eq!(first.plane, Plane::Management);
        let parts = |operation: &str| -> Vec<String> {
            let of = all.iter().filter(|listed| is(listed, operation));
            of.filter_map(|listed| listed.record.object.id.clone()).collect()
        };
        let (begun, ended) = (parts("system.start"), parts("system.stop"));
        let parts = server.desk.engine.parts();
        assert_eq!(ended, [parts.clone(), vec!["traps"]].concat(), "all that had started");
        assert_eq!(begun.len(), ended.len() + parts.len(), "the second run does not listen");
        for part in ["rules", "enforcement", "polling", "traps"] {
            assert!(begun.contains(&part.to_owned()), "{part}");
        }
        // The last of a run and the first of the next stand side by side.
        let stop = all.iter().position(|listed| is(listed, "audit.stop")).unwrap();
        assert!(is(&all[stop + 1], "audit.start"), "{:?}", all[stop + 1]);
        server.stop().await.unwrap();
    }

    // proves: AUD-01
    #[tokio::test]
    async fn failures_that_were_only_counted_are_recorded_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let server = started(folder.path()).await;
        for _ in 0..5 {
            server.desk.refuse_unidentified(Plane::Om, "192.0.2.66", "GET /api/v1/users").await.unwrap();
        }
        let told = |all: &[ListedRecord]| {
            all.iter().filter(|listed| listed.record.address.as_deref() == Some("192.0.2.66")).count()
        };
        assert_eq!(told(&records(&server).await), 1, "the others are counted");
        server.stop().await.unwrap();
        let server = started(folder.path()).await;
        let all = records(&server).await;
        assert_eq!(told(&all), 2, "the count was lost");
        let count = all.iter().rfind(|listed| listed.record.address.is_some()).unwrap();
        assert!(count.record.details.as_deref().unwrap().starts_with('4'), "{count:?}");
        server.stop().await.unwrap();
    }

    // proves: IAM-01
    #[tokio::test]
    async fn every_plane_has_its_admin_and_the_others_stay_shut_until_root_opens_them() {
        let folder = tempfile::tempdir().unwrap();
        let server = started(folder.path()).await;
        let desk = &server.desk;
        let shown = server.first_password.clone().unwrap();
        assert!(desk.login(Plane::Om, "admin", shown.clone(), None).await.is_ok());
        for plane in [Plane::Management, Plane::Tenant] {
            assert!(
                desk.login(plane, "admin", shown.clone(), None).await.is_err(),
                "{plane}: the same password"
            );
            let root = desk.identify_local(plane, 0).await.unwrap();
            assert_eq!(root.plane(), plane);
            let given = desk.reset_password(&root, "admin", "opening it").await.unwrap();
            let opened = desk.login(plane, "admin", given.clone(), None).await.unwrap();
            assert!(opened.must_change_password, "{plane}");
            assert!(desk.login(Plane::Om, "admin", given, None).await.is_err(), "{plane}: only there");
        }
        let all = records(&server).await;
        let made: Vec<Plane> =
            all.iter().filter(|listed| is(listed, "user.create")).map(|listed| listed.record.plane).collect();
        assert_eq!(made, Plane::ALL, "one in each, with a record there");
        server.stop().await.unwrap();
    }

    // proves: AUD-01
    #[tokio::test]
    async fn local_users_are_mapped_once_with_a_record_and_stay_unmapped() {
        let folder = tempfile::tempdir().unwrap();
        let server = started(folder.path()).await;
        assert!(server.first_password.is_some());
        let identity = &server.desk.identity;
        assert!(identity.authenticate_local(Plane::Om, 0, server.desk.clock.now()).await.unwrap().is_some());
        let all = records(&server).await;
        let mapped: Vec<&ListedRecord> = all.iter().filter(|listed| is(listed, "user.map_local")).collect();
        assert!(!mapped.is_empty() && all.iter().any(|listed| is(listed, "user.create")));
        assert_eq!(mapped[0].record.object.id.as_deref(), Some("admin"));
        let admin = identity.find_user(Plane::Om, "admin").await.unwrap().user;
        let unmap = server.desk.store.write(move |tx: &Tx| Box::pin(map_local_uid(tx, 0, admin, false)));
        unmap.await.unwrap();
        server.stop().await.unwrap();

        let server = started(folder.path()).await;
        assert!(server.first_password.is_none());
        let (identity, now) = (&server.desk.identity, server.desk.clock.now());
        assert!(identity.authenticate_local(Plane::Om, 0, now).await.unwrap().is_none(), "mapped again");
        server.stop().await.unwrap();
    }
}
