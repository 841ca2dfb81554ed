//! `netwarden release --all`: restores every port from the stored earlier values. While the server is down it
//! does so itself; otherwise the server does, since two who change the same ports would undo each other's work.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use netwarden_actions::SessionError;
use netwarden_api::endpoint::Reason;
use netwarden_api::network::Port;
use netwarden_api::system::ReleasedPorts;
use netwarden_api::{Client, Page};
use netwarden_model::action::Originator;
use netwarden_model::element::Element;
use netwarden_model::{Clock, NeId, PortName, PortRef, RequestId};
use netwarden_reach::{Credentials, EngineConfig, SessionOptions, SnmpEngine, SnmpSession};
use netwarden_vault::Vault;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::serve::ConfigArgument;

/// How long the server is waited for; an element that does not answer takes longer, and is named.
const SERVER_HAS: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
const NOTHING_HELD: &str = "netwarden: no port is held, there is nothing to release";

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

/// Releases through the server, or without one; exit code 1 where a port could not be restored.
pub async fn run(arguments: ReleaseArguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.config.config)?;
    if tokio::net::UnixStream::connect(config.socket()).await.is_ok() {
        return through_server(&config, arguments.reason).await;
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
        eprintln!("{NOTHING_HELD}");
    }
    store.close().await?;
    Ok(if released.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks the running server, and waits until it has given the ports back.
async fn through_server(config: &Config, reason: String) -> anyhow::Result<ExitCode> {
    let client = Client::local(&config.socket())?;
    let asked: ReleasedPorts = client.post("/system/release-all", &Reason { reason }).await?;
    if asked.ports.is_empty() {
        eprintln!("{NOTHING_HELD}");
        return Ok(ExitCode::SUCCESS);
    }
    let began = tokio::time::Instant::now();
    let mut left: BTreeSet<String> = asked.ports.into_iter().collect();
    loop {
        let held = held_ports(&client).await?;
        let (still, released): (BTreeSet<String>, BTreeSet<String>) =
            left.into_iter().partition(|port| held.contains_key(port));
        for port in released {
            println!("released {port}");
        }
        left = still;
        if left.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        if began.elapsed() > SERVER_HAS {
            for port in &left {
                let stands = held.get(port).map_or("", String::as_str);
                eprintln!("netwarden: {port} is not released yet: {stands}; the server goes on trying");
            }
            return Ok(ExitCode::FAILURE);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the server holds, or is releasing, with where that stands, by the name that `release-all` gives it.
async fn held_ports(client: &Client) -> anyhow::Result<BTreeMap<String, String>> {
    let mut held = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("enforced", "true".to_owned()), ("limit", "1000".to_owned())];
        query.extend(after.map(|after| ("after", after)));
        let page: Page<Port> = client.get("/ports", &query).await?;
        for port in page.items {
            let name = PortRef { ne: NeId(port.ne_id), port: PortName(port.name) }.to_string();
            held.insert(name, port.enforcement.unwrap_or_default());
        }
        after = page.next;
        if after.is_none() {
            return Ok(held);
        }
    }
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
