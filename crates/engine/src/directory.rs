//! What the reconciler of ports asks about the network, answered from the picture.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use netwarden_actions::guard::{self, ElementFacts, PortFacts, PresentEndpoint};
use netwarden_actions::plan::Shown;
use netwarden_actions::{ActionError, SessionError};
use netwarden_inventory::{Network, Role};
use netwarden_model::{EndpointFacts, Mac, NeId, PortRef};
use netwarden_reach::SnmpSession;
use netwarden_store::Store;

use crate::keeper::{KeeperHandle, Picture};
use crate::machine::Machine;
use crate::own_path::OwnPath;
use crate::sessions::Sessions;

/// IANAifType ieee8023adLag.
const LAG_TYPE: u32 = 161;

/// Settings of the guard rails, as an administrator left them; shared with who changes them.
#[derive(Debug, Clone, Default)]
pub struct GuardSettings(Arc<RwLock<guard::Settings>>);

impl GuardSettings {
    /// Replaces them.
    pub fn set(&self, settings: guard::Settings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    fn get(&self) -> guard::Settings {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The picture as the reconciler sees it.
#[derive(Debug, Clone)]
pub struct Directory {
    picture: Picture,
    store: Store,
    settings: GuardSettings,
    own_path: OwnPath,
    /// Known once the keeper runs, which is made after the reconciler.
    keeper: Arc<OnceLock<KeeperHandle>>,
}

impl Directory {
    /// Answers from `picture`, and from `machine` what our own path is.
    pub fn new(picture: Picture, store: Store, settings: GuardSettings, machine: Machine) -> Self {
        Self { picture, store, settings, own_path: OwnPath::new(machine), keeper: Arc::default() }
    }

    /// Hands what acts have read back to `keeper` from here on.
    pub fn tell(&self, keeper: KeeperHandle) {
        let _ = self.keeper.set(keeper);
    }
}

impl netwarden_actions::Directory for Directory {
    async fn settings(&self) -> Result<guard::Settings, ActionError> {
        let stopped = netwarden_actions::global_stop(self.store.read()).await?;
        let mut settings = self.settings.get();
        settings.global_stop = stopped.is_some();
        let elements = self.picture.read().elements().map(|(_, state)| state.base.element.address).collect();
        let ourselves = self.own_path.towards(elements).await;
        let network = self.picture.read();
        settings.protected = protected(&network);
        settings.own_path.extend(&ourselves.macs);
        let owner = |ip| network.owner_of(ip).or_else(|| ourselves.neighbours.get(&ip).copied());
        settings.own_path.extend(ourselves.addresses.iter().filter_map(|ip| owner(*ip)));
        Ok(settings)
    }

    async fn element(&self, ne: NeId) -> Result<Option<ElementFacts>, ActionError> {
        Ok(self.picture.read().element(ne).map(|state| {
            let base = &state.base;
            ElementFacts {
                ne,
                name: base.element.name.clone(),
                enforcement: base.element.enforcement,
                maintenance: base.maintenance.iter().map(|window| (window.from, window.until)).collect(),
                // The VLANs are read when the move is planned; a VLAN that is missing is refused there.
                vlans: None,
                voice_vlan: base.element.voice_vlan,
            }
        }))
    }

    async fn port(&self, port: &PortRef) -> Result<Option<PortFacts>, ActionError> {
        let network = self.picture.read();
        let Some(state) = network.element(port.ne) else { return Ok(None) };
        let Some(found) = state.port(&port.port) else { return Ok(None) };
        let voice = state.base.element.voice_vlan;
        let endpoints = network.endpoints_on(port.ne, &port.port);
        Ok(Some(PortFacts {
            if_index: found.if_index.map(|index| index.0),
            uplink: network.role(port) == Some(Role::Uplink),
            logical: network.role(port) == Some(Role::Logical),
            trunk: found.trunk == Some(true),
            // Also where the first member stands for an aggregate that shows no interface.
            lag: found.lag.is_some()
                || found.if_type == Some(LAG_TYPE)
                || network.role(port) == Some(Role::Aggregate),
            learned: network.learned_on(port.ne, &port.port).to_vec(),
            endpoints: endpoints
                .into_iter()
                .map(|endpoint| PresentEndpoint {
                    mac: endpoint.mac,
                    status: endpoint.status,
                    voice: voice.is_some()
                        && endpoint.sightings.iter().all(|sighting| sighting.vlan == voice),
                })
                .collect(),
        }))
    }

    async fn endpoint(&self, mac: Mac) -> Result<Option<EndpointFacts>, ActionError> {
        Ok(self.picture.read().facts(mac))
    }

    async fn shown(&self, port: &PortRef, shown: Shown) {
        let Some(keeper) = self.keeper.get() else { return };
        let at = port.clone();
        let shown = netwarden_inventory::edit::Shown { pvid: shown.pvid, admin_up: shown.admin_up };
        if let Err(error) = keeper.learn(move |network, now| network.plan_shown(&at, shown, now)).await {
            // The next poll says it.
            tracing::warn!(%port, %error, "what was read back of a port could not be kept");
        }
    }
}

fn protected(network: &Network) -> std::collections::BTreeSet<PortRef> {
    let ports = network.elements().flat_map(|(ne, state)| {
        state.ports().filter(|port| port.protected).map(move |port| PortRef { ne, port: port.name.clone() })
    });
    ports.collect()
}

/// Sessions for writing, as the reconciler wants them.
#[derive(Debug, Clone)]
pub struct WriteSessions(pub Arc<Sessions>);

impl netwarden_actions::Sessions for WriteSessions {
    type Session = SnmpSession;

    async fn session(&self, ne: NeId) -> Result<SnmpSession, SessionError> {
        self.0.session(ne, None).await.map_err(|error| {
            let source =
                std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            SessionError(format!("{error}{source}"))
        })
    }
}
