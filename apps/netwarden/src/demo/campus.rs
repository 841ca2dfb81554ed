//! The stage: the campus, its elements in the inventory, its rule.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use netwarden_identity::{Plane, Presence, Subject};
use netwarden_inventory::baseline::BaselineFilter;
use netwarden_inventory::edit::EndpointEdit;
use netwarden_inventory::{ElementBase, Network};
use netwarden_model::element::{Element, Method, Schedule};
use netwarden_model::{Clock, CredentialId, EndpointStatus, Mac, NeId, VlanId};
use netwarden_operate::{Caller, OperateError};
use netwarden_reach::{AuthProtocol, Credentials, PrivProtocol, Secret};
use netwarden_simulator::agent::NotificationTarget;
use netwarden_simulator::{Campus, CampusAgent, CampusOptions, Script};
use netwarden_store::Tx;

use crate::wire::Server;

/// The agents' SNMPv3 user; it exists on loopback for as long as the demo runs.
const USER: &str = "netwarden";
const AUTH_PASSWORD: &str = "simulated-auth";
const PRIV_PASSWORD: &str = "simulated-priv";

const QUARANTINE_RULE: &str = "quarantine new endpoints";

/// A campus that a server watches.
pub struct Stage {
    /// The campus.
    pub campus: Campus,
    /// Whoever runs the demo.
    pub caller: Caller,
    /// Elements' names by id.
    pub names: BTreeMap<NeId, String>,
}

impl Stage {
    /// Starts the campus, and puts its agents into the server's inventory with enforcement on.
    pub async fn set(
        server: &Server,
        script: Script,
        speed: f64,
        seed: u64,
        clock: &Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let desk = &server.desk;
        let uid = nix::unistd::geteuid().as_raw();
        let subject = desk
            .identity
            .authenticate_local(Plane::Om, uid, desk.clock.now())
            .await?
            .unwrap_or(Subject::Unidentified);
        let caller = Caller { subject, address: None, presence: Presence::Acts };
        let credential = keep_credential(server).await?;
        let traps = server.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let user = netwarden_simulator::agent::Credentials::usual(USER, AUTH_PASSWORD, PRIV_PASSWORD);
        let campus = Campus::start(CampusOptions {
            seed,
            speed,
            script,
            users: vec![user.clone()],
            notifications: Some(NotificationTarget { address: traps, credentials: user, inform: false }),
            ..CampusOptions::new(Arc::clone(clock))
        })
        .await
        .context("the simulated campus")?;
        let mut names = BTreeMap::new();
        for agent in campus.agents() {
            let ne = add_element(server, agent, credential, clock).await?;
            names.insert(ne, agent.name.clone());
        }
        Ok(Self { campus, caller, names })
    }

    /// Until every element was read, forwarding tables too, and locations are told.
    pub async fn wait_until_read(&self, server: &Server) -> anyhow::Result<()> {
        let read = |network: &Network| {
            network
                .elements()
                .all(|(_, element)| Method::ALL.iter().all(|m| element.live.last_good.contains_key(m)))
                && network.endpoints().any(|endpoint| endpoint.online)
        };
        while !read(&server.desk.engine.keeper().picture().read()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// The baseline step of adoption: accepts whoever is present; again until nobody new turns up, since
    /// quiet endpoints show themselves late.
    pub async fn accept_present(&self, server: &Server) -> anyhow::Result<usize> {
        let mut accepted = 0;
        let mut quiet = 0;
        while quiet < 3 {
            let filter = BaselineFilter::default();
            let macs = server
                .desk
                .accept_baseline(&self.caller, &filter, None, Some(false), "the campus as the demo begins")
                .await?;
            accepted += macs.len();
            quiet = if macs.is_empty() { quiet + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        Ok(accepted)
    }

    /// Puts every endpoint that belongs to the campus on the reference list before the day begins.
    pub async fn import_reference_list(&self, server: &Server) -> anyhow::Result<usize> {
        let macs: Vec<Mac> = self.campus.with_world(|world| world.endpoints().map(|(_, e)| e.mac).collect());
        let edit = EndpointEdit { status: Some(EndpointStatus::Authorised), ..EndpointEdit::default() };
        let count = macs.len();
        for mac in macs {
            let done = server
                .desk
                .edit_endpoint(
                    &self.caller,
                    netwarden_identity::Operation::EndpointAuthorise,
                    mac,
                    edit.clone(),
                    "the campus's reference list",
                    None,
                )
                .await;
            match done {
                // Routers answer with addresses of their own, which are no endpoints.
                Ok(()) | Err(OperateError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(count)
    }

    /// Keeps the starter set of rules and lets the one that quarantines new endpoints judge.
    pub async fn enable_quarantine(&self, server: &Server) -> anyhow::Result<()> {
        for rule in netwarden_rules::starter_rules() {
            // Nobody is there to hear alarms of what acts; it is told on the terminal.
            let alarm = if rule.reactions.is_empty() { rule.alarm.clone() } else { None };
            let rule = netwarden_rules::Rule { alarm, ..rule };
            server.desk.add_rule(&self.caller, rule, "the starter set").await?;
        }
        server.desk.enable_rule(&self.caller, QUARANTINE_RULE, true, "what the demo shows", None).await?;
        Ok(())
    }
}

async fn keep_credential(server: &Server) -> anyhow::Result<CredentialId> {
    let credentials = Credentials::V3 {
        user: USER.to_owned(),
        auth: Some((AuthProtocol::Sha256, Secret::new(AUTH_PASSWORD))),
        privacy: Some((PrivProtocol::Aes128, Secret::new(PRIV_PASSWORD))),
        context: String::new(),
    };
    let secret = serde_json::to_vec(&credentials)?;
    let (vault, now) = (Arc::clone(&server.desk.vault), server.desk.clock.now());
    let id = server
        .desk
        .store
        .write::<_, netwarden_vault::VaultError, _>(move |tx: &Tx| {
            Box::pin(async move { vault.create_credential(tx, "campus", "v3 authPriv", &secret, now).await })
        })
        .await?;
    Ok(id)
}

async fn add_element(
    server: &Server,
    agent: &CampusAgent,
    credential: CredentialId,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<NeId> {
    let element = Element {
        id: NeId(0),
        name: agent.name.clone(),
        address: agent.address,
        credential: Some(credential),
        enforcement: true,
        allow_v2c: false,
        quarantine_vlan: Some(VlanId::new(666)?),
        voice_vlan: Some(VlanId::new(20)?),
    };
    let schedule = |seconds| Schedule {
        interval: Duration::from_secs(seconds),
        timeout: Duration::from_secs(1),
        retries: 3,
    };
    let mut base = ElementBase::new(element, clock.now());
    base.schedules = BTreeMap::from([
        (Method::Inventory, schedule(20)),
        (Method::Forwarding, schedule(3)),
        (Method::Addresses, schedule(4)),
    ]);
    let row = base.clone();
    let id = server
        .desk
        .store
        .write::<_, netwarden_store::StoreError, _>(move |tx: &Tx| {
            Box::pin(async move { netwarden_inventory::sql::insert_element(tx, &row).await })
        })
        .await?;
    base.element.id = id;
    server.desk.engine.keeper().adjust(move |network| network.put_element(base)).await?;
    server.desk.engine.element_changed(id);
    Ok(id)
}
