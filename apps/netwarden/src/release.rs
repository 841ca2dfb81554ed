//! `netwarden release --all`: restores every port from the stored earlier values, even while the server is
//! down.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use netwarden_actions::SessionError;
use netwarden_model::action::Originator;
use netwarden_model::element::Element;
use netwarden_model::{Clock, NeId, RequestId};
use netwarden_reach::{Credentials, EngineConfig, SessionOptions, SnmpEngine, SnmpSession};
use netwarden_vault::Vault;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::serve::ConfigArgument;

/// What `release` is asked for.
#[derive(Args)]
pub struct ReleaseArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Every port that Netwarden holds.
    #[arg(long, required = true)]
    all: bool,
    /// Why, for the record.
    #[arg(long, default_value = "released from the command line")]
    reason: String,
}

/// Releases without a server; exit code 1 where a port could not be restored.
pub async fn run(arguments: ReleaseArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.config.config)?;
    if tokio::net::UnixStream::connect(config.socket()).await.is_ok() {
        bail!(
            "the server is running: let it do this with `netwarden system release-all` (it answers at {})",
            config.socket().display()
        );
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (store, vault) = crate::wire::open(&crate::serve::options(&config)?, clock.as_ref()).await?;
    let elements = netwarden_inventory::sql::elements(store.read()).await.context("the elements")?;
    let sessions = Direct {
        engine: SnmpEngine::start(EngineConfig::default()).context("no UDP socket can be opened")?,
        vault,
        elements: elements.into_iter().map(|base| (base.element.id, base.element)).collect(),
    };
    let user = format!("local uid {}", nix::unistd::geteuid());
    let originator = Originator::Person { user, reason: arguments.reason.clone() };
    let new_id = || RequestId(uuid::Uuid::now_v7());
    let released =
        netwarden_actions::release_all_offline(&store, sessions, clock, originator, new_id).await?;
    for port in &released.released {
        println!("released {port}");
    }
    for (port, reason) in &released.failed {
        eprintln!("netwarden: {port} is not released: {reason}");
    }
    if released.released.is_empty() && released.failed.is_empty() {
        eprintln!("netwarden: no port is held, there is nothing to release");
    }
    store.close().await?;
    Ok(if released.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sessions from the stored elements and credentials alone.
struct Direct {
    engine: SnmpEngine,
    vault: Arc<Vault>,
    elements: BTreeMap<NeId, Element>,
}

impl netwarden_actions::Sessions for Direct {
    type Session = SnmpSession;

    async fn session(&self, ne: NeId) -> Result<SnmpSession, SessionError> {
        let element = self.elements.get(&ne);
        let found = element.and_then(|element| Some((element, element.credential?)));
        let (element, credential) =
            found.ok_or_else(|| SessionError(format!("network element {ne} has no credentials")))?;
        let address = element.address;
        let open = async {
            let secret = self.vault.credential_secret(credential).await?;
            let credentials: Credentials = serde_json::from_slice(&secret)?;
            if !element.allow_v2c && !credentials.is_protected() {
                bail!("{} has no exception for {}", element.name, credentials.kind());
            }
            anyhow::Ok(self.engine.session(address, &credentials, SessionOptions::default())?)
        };
        open.await.map_err(|error| SessionError(format!("{address}: {error:#}")))
    }
}
