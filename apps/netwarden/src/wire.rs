//! The server, put together: database, vault, trail, engine, desk, listeners.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Context;
use netwarden_actions::Pace;
use netwarden_audit::{CheckpointPolicy, SignError, Signer, Trail};
use netwarden_engine::{Engine, Machine, OwnEngine, Parts};
use netwarden_identity::{ADMIN, Identity, IdentityPolicy};
use netwarden_inventory::Settings;
use netwarden_model::Clock;
use netwarden_operate::{Desk, Inner, Jobs, Outside};
use netwarden_reach::{EngineConfig, SnmpEngine};
use netwarden_spine::Spine;
use netwarden_store::{Store, StoreConfig, Tx};
use netwarden_vault::{SigningKey, Vault, VaultConfig, systemd_credential};
use rand::Rng;
use zeroize::Zeroizing;

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
}

/// A server that runs.
pub struct Server {
    /// Its operations.
    pub desk: Desk,
    /// The one-time password of `admin`, at the first start.
    pub first_password: Option<Zeroizing<String>>,
    upkeep: tokio::task::JoinHandle<()>,
    statistics: tokio::task::JoinHandle<()>,
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
        let interrupted = trail.start(now).await.context("the audit trail")?;
        if !interrupted.is_empty() {
            tracing::warn!(records = interrupted.len(), "acts were interrupted; their outcome is unknown");
        }
        let outside = Outside::new(options.host_name, options.command_folder);
        let (channels, exceptions) = netwarden_operate::load_channels(&store, &vault, &outside).await?;
        for sentence in &exceptions {
            tracing::warn!("{sentence}");
        }
        netwarden_operate::record_exceptions(&store, &exceptions, now).await?;
        let parameters = netwarden_operate::load_parameters(&store).await?;
        let identity = Identity::new(store.clone(), parameters.identity(IdentityPolicy::default()));
        let first_password = identity.first_start(&random(), now).await.context("the first user")?;
        map_own_uid(&store, &identity).await.context("the local socket's user")?;

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
        let upkeep = tokio::spawn(keep_trail(trail.clone(), Arc::clone(&clock)));
        let desk = Desk::new(Inner {
            store,
            spine,
            trail,
            identity,
            vault,
            engine,
            clock,
            jobs: Jobs::default(),
            parameters: RwLock::new(parameters),
            outside,
            backups: options.backup_dir,
            started: now,
        });
        let statistics = tokio::spawn(netwarden_operate::keep_statistics(desk.clone()));
        Ok(Self { desk, first_password, upkeep, statistics })
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
        Ok(desk.engine.listen(bind, OwnEngine { id, boots }).await?)
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
        self.desk.trail.checkpoint(self.desk.clock.now()).await.context("the last checkpoint")?;
        self.desk.store.close().await.context("closing the database")
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

/// Whoever runs the server, and root, act as `admin` on the local socket, by name and recorded.
async fn map_own_uid(store: &Store, identity: &Identity) -> anyhow::Result<()> {
    let admin = identity.find_user(ADMIN).await?.user;
    for uid in [nix::unistd::geteuid().as_raw(), 0] {
        if identity.authenticate_local(uid).await?.is_none() {
            store
                .write::<_, netwarden_identity::IdentityError, _>(move |tx: &Tx| {
                    Box::pin(netwarden_identity::accounts::map_local_uid(tx, uid, Some(admin)))
                })
                .await?;
        }
    }
    Ok(())
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
