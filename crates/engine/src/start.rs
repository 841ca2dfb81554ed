//! Starting the loops, and what is held of them afterwards.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use netwarden_actions::notify::Channels;
use netwarden_actions::{Directory as _, Enforcer, Pace, Performer, Wake};
use netwarden_inventory::Network;
use netwarden_model::access::PortAccess;
use netwarden_model::{Clock, NeId, PortRef, VlanId};
use netwarden_reach::{SnmpEngine, TrapPrincipals, TrapReceiver, TrapReceiverConfig, TrapReceiverError};
use netwarden_rules::QuarantineVlans;
use netwarden_spine::Spine;
use netwarden_store::Store;
use netwarden_vault::Vault;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::directory::{Directory, GuardSettings, WriteSessions};
use crate::endpoints::KeptEndpoints;
use crate::failures::Failures;
use crate::judge::Judge;
use crate::keeper::{Keeper, KeeperHandle, Picture};
use crate::machine::Machine;
use crate::names::{NameKeeper, NamesHandle};
use crate::poller::{Order, PollStats, Poller};
use crate::sessions::{SessionError, Sessions};
use crate::traps::{Deaf, Traps};

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
    /// Where the kernel tells which is our own path to the network.
    pub machine: Machine,
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
    /// What is kept of senders.
    #[error("the clocks of senders of traps cannot be read")]
    Store(#[from] netwarden_store::StoreError),
}

/// The part that [`Engine::listen`] starts.
pub const TRAPS: &str = "traps";

/// Octets of the receive buffer for traps: a storm of them comes at once.
const TRAP_BUFFER: usize = 4 << 20;

/// The running loops; they end when this is dropped.
#[derive(Debug)]
pub struct Engine {
    keeper: KeeperHandle,
    orders: mpsc::UnboundedSender<Order>,
    sessions: Arc<Sessions>,
    enforcer: Wake,
    names: NamesHandle,
    guard: GuardSettings,
    directory: Directory,
    rules: watch::Sender<netwarden_rules::Settings>,
    channels: watch::Sender<Arc<Channels>>,
    in_flight: watch::Sender<usize>,
    polls: watch::Receiver<PollStats>,
    principals: watch::Sender<TrapPrincipals>,
    unprotected: Arc<AtomicU64>,
    unheard: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    store: Store,
    failures: Failures,
    parts: Mutex<Vec<&'static str>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Starts keeper, poller, judge and reconciler, and puts every element on the agenda.
    pub fn start(parts: Parts) -> Self {
        let Parts { store, spine, vault, clock, snmp, network, guard, channels, in_flight, pace, machine } =
            parts;
        let mut tasks = JoinSet::new();
        let failures = Failures::new(store.clone(), spine.clone(), Arc::clone(&clock));
        let mut parts = Vec::new();
        let mut run = |part, runs: BoxFuture<'static, ()>| {
            parts.push(part);
            tasks.spawn(failures.clone().watch(part, runs));
        };
        let picture = Picture::new(network);
        let sessions = Arc::new(Sessions::new(snmp, Arc::clone(&vault), picture.clone()));

        let settings = GuardSettings::default();
        settings.set(guard);
        let kept = store.clone();
        let directory = Directory::new(picture.clone(), store.clone(), settings.clone(), machine);
        let reconciler = Enforcer::new(
            store.clone(),
            spine.clone(),
            WriteSessions(Arc::clone(&sessions)),
            directory.clone(),
            Arc::clone(&clock),
            pace,
        );
        let enforcer = reconciler.wake();
        run("enforcement", Arc::new(reconciler).run().boxed());

        let (orders, taken) = mpsc::unbounded_channel();
        let (keeper, handle) = Keeper::new(
            store.clone(),
            spine.clone(),
            Arc::clone(&clock),
            picture,
            orders.clone(),
            enforcer.clone(),
        );
        directory.tell(handle.clone());
        run("inventory", keeper.run().boxed());

        let (channels, configured) = watch::channel(Arc::new(channels));
        let performer = Performer::new(
            store.clone(),
            spine.clone(),
            Arc::new(KeptEndpoints { keeper: handle.clone(), enforcer: enforcer.clone() }),
            configured,
            Arc::clone(&clock),
        );
        let wakes = vec![enforcer.clone(), performer.wake()];
        run("reactions", Arc::new(performer).run().boxed());

        let (names, names_handle) = NameKeeper::new(store.clone(), vault, Arc::clone(&clock), handle.clone());
        run("names", names.run().boxed());

        let (in_flight, flight) = watch::channel(in_flight);
        let (poller, polls) =
            Poller::new(Arc::clone(&sessions), handle.clone(), Arc::clone(&clock), flight, taken);
        run("polling", poller.run().boxed());

        let (rules, rule_settings) = watch::channel(rule_settings(handle.picture()));
        run("disk space", crate::space::tell(store.clone(), spine.clone(), Arc::clone(&clock)).boxed());
        let recording = (store.clone(), spine.clone(), Arc::clone(&clock));
        run(
            "rule settings",
            crate::settings::keep(recording.0, recording.1, recording.2, rule_settings).boxed(),
        );
        run("ticks", crate::ticks::keep(store.clone(), spine.clone(), Arc::clone(&clock)).boxed());
        let judge = Judge::new(store, spine, Arc::clone(&clock), wakes);
        run("rules", judge.run().boxed());

        let engine = Self {
            keeper: handle,
            orders,
            sessions,
            enforcer,
            names: names_handle,
            guard: settings,
            directory,
            rules,
            channels,
            in_flight,
            polls,
            principals: watch::channel(TrapPrincipals::default()).0,
            unprotected: Arc::default(),
            unheard: Arc::default(),
            clock,
            store: kept,
            failures,
            parts: Mutex::new(parts),
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

    /// The keeper of names.
    pub fn names(&self) -> &NamesHandle {
        &self.names
    }

    /// Says which part has ended and why, once one has. Nothing works rightly then: whoever runs the engine
    /// ends, and is started again by the service manager; what was not finished is found in the store.
    pub fn ended(&self) -> watch::Receiver<Option<String>> {
        self.failures.ended()
    }

    /// Traps and informs that were dropped because they were protected less than SNMPv3 authPriv does and
    /// came from elements without an exception.
    pub fn unprotected_notifications(&self) -> u64 {
        self.unprotected.load(Ordering::Relaxed)
    }

    /// Traps and informs that were dropped because their sources are not to be heard.
    pub fn unheard_notifications(&self) -> u64 {
        self.unheard.load(Ordering::Relaxed)
    }

    /// The parts that run, by the names under which they are told of.
    pub fn parts(&self) -> Vec<&'static str> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends every part, wherever it is: what was not finished is found again from what is stored.
    pub async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }

    /// Counters of the poller.
    pub fn polls(&self) -> PollStats {
        *self.polls.borrow()
    }

    /// Listens to traps and informs from now on, of the users and communities in the vault, but for those of sources
    /// to which it is to be `deaf`. Answers with the address.
    ///
    /// # Errors
    /// Where the socket cannot be bound or the vault's credentials cannot be used.
    pub async fn listen(
        &self,
        bind: SocketAddr,
        own: OwnEngine,
        deaf: Deaf,
    ) -> Result<SocketAddr, ListenError> {
        let principals = self.sessions.trap_principals().await?;
        let receiver = TrapReceiver::bind(TrapReceiverConfig {
            bind,
            buffer_octets: TRAP_BUFFER,
            engine_id: own.id,
            engine_boots: own.boots,
            principals: principals.clone(),
        })?;
        crate::senders::restore(&self.store, &receiver).await?;
        let address = receiver.local_addr();
        let senders = self.principals.subscribe();
        self.principals.send_replace(principals);
        let traps = Traps::new(
            receiver,
            self.keeper.picture().clone(),
            self.orders.clone(),
            senders,
            Arc::clone(&self.clock),
            self.store.clone(),
        )
        .counting(Arc::clone(&self.unprotected))
        .deaf_to(deaf, Arc::clone(&self.unheard));
        let watched = self.failures.clone().watch(TRAPS, traps.run());
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(TRAPS);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(watched);
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
                let polled = methods.into_iter().filter(|method| state.base.polls(*method));
                let intervals = polled.map(|method| (method, state.base.schedule(method).interval));
                Order::Put(ne, intervals.collect::<BTreeMap<_, _>>())
            }
            None => Order::Remove(ne),
        };
        // Before it is read: what is found on it is judged by what holds for it.
        let max_depth = self.rules.borrow().max_depth;
        self.rules
            .send_replace(netwarden_rules::Settings { max_depth, ..rule_settings(self.keeper.picture()) });
        self.order(order);
    }

    /// Events with so many of our own requests behind them are judged no more.
    pub fn set_rules_depth(&self, max_depth: u8) {
        self.rules.send_modify(|settings| settings.max_depth = max_depth);
    }

    /// What holds for all rules now: where each element quarantines.
    pub fn rule_settings(&self) -> netwarden_rules::Settings {
        self.rules.borrow().clone()
    }

    /// Why a port is never given that access, whoever asks; None where it may be asked for, or where
    /// element or port are not known.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn refusal(
        &self,
        port: &PortRef,
        access: &PortAccess,
    ) -> Result<Option<netwarden_actions::guard::Never>, netwarden_actions::ActionError> {
        let settings = self.directory.settings().await?;
        let (element, facts) = (self.directory.element(port.ne).await?, self.directory.port(port).await?);
        let (Some(element), Some(facts)) = (element, facts) else { return Ok(None) };
        Ok(netwarden_actions::guard::refusal(&settings, &element, &facts, port, access))
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
