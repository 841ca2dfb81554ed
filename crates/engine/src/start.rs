//! Starting the loops, and what is held of them afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use netwarden_actions::notify::Channels;
use netwarden_actions::{Enforcer, Pace, Performer, Wake};
use netwarden_inventory::Network;
use netwarden_model::{Clock, NeId, VlanId};
use netwarden_reach::{SnmpEngine, TrapPrincipals, TrapReceiver, TrapReceiverConfig, TrapReceiverError};
use netwarden_rules::QuarantineVlans;
use netwarden_spine::Spine;
use netwarden_store::Store;
use netwarden_vault::Vault;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::directory::{Directory, GuardSettings, WriteSessions};
use crate::endpoints::KeptEndpoints;
use crate::judge::Judge;
use crate::keeper::{Keeper, KeeperHandle, Picture};
use crate::poller::{Order, PollStats, Poller};
use crate::sessions::{SessionError, Sessions};
use crate::traps::Traps;

/// What the engine runs on.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The event log.
    pub spine: Spine,
    /// Keys and credentials.
    pub vault: Arc<Vault>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Sockets.
    pub snmp: SnmpEngine,
    /// The inventory as loaded.
    pub network: Network,
    /// Settings of the guard rails.
    pub guard: netwarden_actions::guard::Settings,
    /// Where mails, webhooks, syslog messages and commands go.
    pub channels: Channels,
    /// Elements polled at the same time.
    pub in_flight: usize,
    /// How the reconciler of ports works.
    pub pace: Pace,
}

/// Our own SNMP engine, as informs need it (RFC 3411 section 5, RFC 3414 section 2.2).
#[derive(Debug, Clone)]
pub struct OwnEngine {
    /// snmpEngineID, the same for ever.
    pub id: Vec<u8>,
    /// snmpEngineBoots, one more with each start.
    pub boots: u32,
}

/// Why traps cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The credentials.
    #[error(transparent)]
    Credentials(#[from] SessionError),
    /// The socket.
    #[error(transparent)]
    Receiver(#[from] TrapReceiverError),
}

/// Octets of the receive buffer for traps: a storm of them comes at once.
const TRAP_BUFFER: usize = 4 << 20;

/// The running loops; they end when this is dropped.
#[derive(Debug)]
pub struct Engine {
    keeper: KeeperHandle,
    orders: mpsc::UnboundedSender<Order>,
    sessions: Arc<Sessions>,
    enforcer: Wake,
    guard: GuardSettings,
    rules: watch::Sender<netwarden_rules::Settings>,
    channels: watch::Sender<Arc<Channels>>,
    in_flight: watch::Sender<usize>,
    polls: watch::Receiver<PollStats>,
    principals: watch::Sender<TrapPrincipals>,
    clock: Arc<dyn Clock>,
    tasks: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Starts keeper, poller, judge and reconciler, and puts every element on the agenda.
    pub fn start(parts: Parts) -> Self {
        let Parts { store, spine, vault, clock, snmp, network, guard, channels, in_flight, pace } = parts;
        let mut tasks = JoinSet::new();
        let picture = Picture::new(network);
        let sessions = Arc::new(Sessions::new(snmp, vault, picture.clone()));

        let settings = GuardSettings::default();
        settings.set(guard);
        let reconciler = Enforcer::new(
            store.clone(),
            spine.clone(),
            WriteSessions(Arc::clone(&sessions)),
            Directory::new(picture.clone(), store.clone(), settings.clone()),
            Arc::clone(&clock),
            pace,
        );
        let enforcer = reconciler.wake();
        tasks.spawn(Arc::new(reconciler).run());

        let (orders, taken) = mpsc::unbounded_channel();
        let (keeper, handle) = Keeper::new(
            store.clone(),
            spine.clone(),
            Arc::clone(&clock),
            picture,
            orders.clone(),
            enforcer.clone(),
        );
        tasks.spawn(keeper.run());

        let (channels, configured) = watch::channel(Arc::new(channels));
        let performer = Performer::new(
            store.clone(),
            spine.clone(),
            Arc::new(KeptEndpoints(handle.clone())),
            configured,
            Arc::clone(&clock),
        );
        let wakes = vec![enforcer.clone(), performer.wake()];
        tasks.spawn(Arc::new(performer).run());

        let (in_flight, flight) = watch::channel(in_flight);
        let (poller, polls) =
            Poller::new(Arc::clone(&sessions), handle.clone(), Arc::clone(&clock), flight, taken);
        tasks.spawn(poller.run());

        let (rules, rule_settings) = watch::channel(rule_settings(handle.picture()));
        let judge = Judge::new(store, spine, Arc::clone(&clock), rule_settings, wakes);
        tasks.spawn(judge.run());

        let engine = Self {
            keeper: handle,
            orders,
            sessions,
            enforcer,
            guard: settings,
            rules,
            channels,
            in_flight,
            polls,
            principals: watch::channel(TrapPrincipals::default()).0,
            clock,
            tasks: Mutex::new(tasks),
        };
        let elements: Vec<NeId> = engine.keeper.picture().read().elements().map(|(ne, _)| ne).collect();
        for ne in elements {
            engine.element_changed(ne);
        }
        engine
    }

    /// Changes of the inventory go through it.
    pub fn keeper(&self) -> &KeeperHandle {
        &self.keeper
    }

    /// Sessions with elements.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Wakes the reconciler of ports.
    pub fn enforcer(&self) -> &Wake {
        &self.enforcer
    }

    /// Counters of the poller.
    pub fn polls(&self) -> PollStats {
        *self.polls.borrow()
    }

    /// Listens to traps and informs from now on, of the users and communities in the vault. Answers with
    /// the address.
    ///
    /// # Errors
    /// Where the socket cannot be bound or the vault's credentials cannot be used.
    pub async fn listen(&self, bind: SocketAddr, own: OwnEngine) -> Result<SocketAddr, ListenError> {
        let principals = self.sessions.trap_principals().await?;
        let receiver = TrapReceiver::bind(TrapReceiverConfig {
            bind,
            buffer_octets: TRAP_BUFFER,
            engine_id: own.id,
            engine_boots: own.boots,
            principals: principals.clone(),
        })?;
        let address = receiver.local_addr();
        let senders = self.principals.subscribe();
        self.principals.send_replace(principals);
        let traps = Traps::new(
            receiver,
            self.keeper.picture().clone(),
            self.orders.clone(),
            senders,
            Arc::clone(&self.clock),
        );
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(traps.run());
        Ok(address)
    }

    /// Credentials were added, changed or removed: who may send traps follows.
    ///
    /// # Errors
    /// Where the vault's credentials cannot be read.
    pub async fn credentials_changed(&self) -> Result<(), SessionError> {
        self.principals.send_replace(self.sessions.trap_principals().await?);
        Ok(())
    }

    /// Gives the poller an order.
    pub fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// An element was added or changed: its intervals and credentials, and where it quarantines.
    pub fn element_changed(&self, ne: NeId) {
        let order = match self.keeper.picture().read().element(ne) {
            Some(state) => {
                let methods = netwarden_model::element::Method::ALL;
                let intervals = methods.map(|method| (method, state.base.schedule(method).interval));
                Order::Put(ne, BTreeMap::from(intervals))
            }
            None => Order::Remove(ne),
        };
        self.order(order);
        self.rules.send_replace(rule_settings(self.keeper.picture()));
    }

    /// What holds for all rules now: where each element quarantines.
    pub fn rule_settings(&self) -> netwarden_rules::Settings {
        self.rules.borrow().clone()
    }

    /// New settings of the guard rails.
    pub fn set_guard(&self, settings: netwarden_actions::guard::Settings) {
        self.guard.set(settings);
    }

    /// Where mails, webhooks, syslog messages and commands go from now on.
    pub fn set_channels(&self, channels: Channels) {
        self.channels.send_replace(Arc::new(channels));
    }

    /// Elements that may be polled at the same time.
    pub fn set_in_flight(&self, in_flight: usize) {
        self.in_flight.send_replace(in_flight);
    }
}

/// Where rules quarantine: each element's own VLAN.
fn rule_settings(picture: &Picture) -> netwarden_rules::Settings {
    let by_element: BTreeMap<NeId, VlanId> = picture
        .read()
        .elements()
        .filter_map(|(ne, state)| Some((ne, state.base.element.quarantine_vlan?)))
        .collect();
    netwarden_rules::Settings {
        vlans: QuarantineVlans { default: None, by_element },
        ..netwarden_rules::Settings::default()
    }
}
