//! Traps and informs of all elements, from one socket.
//!
//! ```text
//!  socket ──▶ task `listen` (NotificationReceiver) ──▶ channel of notifications
//!     ▲                  │ answers to informs, reports
//!     └──────────────────┘
//! ```
//! The channel is bounded: where nobody reads it, notifications are dropped and counted, informs among
//! them unanswered, so that their senders try again.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use netwarden_snmp::receiver::{Notification, NotificationReceiver, ReceiverConfig, ReceiverStats};
use netwarden_snmp::usm::{KeyCache, UsmUser};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::credentials::{AuthProtocol, CredentialsError, PrivProtocol, Secret, usm_user};
use super::socket;

/// Notifications that wait for their reader.
const QUEUE: usize = 8_192;
/// Datagrams taken from the socket before others have their turn.
const BATCH: usize = 128;
/// The largest datagram of UDP.
const MAX_DATAGRAM: usize = 65_536;

/// A user of SNMPv3 who may send notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrapUser {
    /// User name.
    pub name: String,
    /// Authentication protocol and password.
    pub auth: Option<(AuthProtocol, Secret)>,
    /// Privacy protocol and password.
    pub privacy: Option<(PrivProtocol, Secret)>,
}

/// Who may send notifications.
#[derive(Debug, Clone, Default)]
pub struct TrapPrincipals {
    /// Communities of v1 and v2c, each with the name that stands for it in notifications.
    pub communities: Vec<(String, Secret)>,
    /// Users of v3. What is protected less than a user's keys allow is dropped.
    pub users: Vec<TrapUser>,
}

/// How the receiver is set up.
#[derive(Debug, Clone)]
pub struct TrapReceiverConfig {
    /// Where it listens; the standard's port is 162.
    pub bind: SocketAddr,
    /// Octets of the socket's buffers, as far as the system allows.
    pub buffer_octets: usize,
    /// Our snmpEngineID, 5 to 32 octets; stored, the same for ever.
    pub engine_id: Vec<u8>,
    /// Our snmpEngineBoots; stored, one more with each start.
    pub engine_boots: u32,
    /// Who may send.
    pub principals: TrapPrincipals,
}

/// Why a receiver cannot start or change.
#[derive(Debug, thiserror::Error)]
pub enum TrapReceiverError {
    /// The socket cannot be bound.
    #[error("cannot listen for SNMP notifications at {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A user's credentials cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// RFC 3411 section 5.
    #[error("an snmpEngineID has 5 to 32 octets, not {0}")]
    EngineId(usize),
}

#[derive(Debug)]
struct State {
    machine: NotificationReceiver,
    /// Notifications dropped because their reader was too slow.
    overflowed: u64,
}

/// Receives notifications until it is dropped.
#[derive(Debug)]
pub struct TrapReceiver {
    state: Arc<Mutex<State>>,
    keys: KeyCache,
    task: JoinHandle<()>,
    notifications: mpsc::Receiver<Notification>,
    local: SocketAddr,
}

impl TrapReceiver {
    /// Binds the socket and starts to listen, on the present tokio runtime.
    pub fn bind(config: TrapReceiverConfig) -> Result<Self, TrapReceiverError> {
        if !(5..=32).contains(&config.engine_id.len()) {
            return Err(TrapReceiverError::EngineId(config.engine_id.len()));
        }
        let keys = KeyCache::default();
        let (communities, users) = principals(&keys, &config.principals)?;
        let failed = |source| TrapReceiverError::Bind { address: config.bind, source };
        let socket = socket::bind(config.bind, config.buffer_octets).map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let machine = NotificationReceiver::new(
            ReceiverConfig { engine_id: config.engine_id, boots: config.engine_boots, communities, users },
            Instant::now(),
            rand::random(),
        );
        let state = Arc::new(Mutex::new(State { machine, overflowed: 0 }));
        let (sender, notifications) = mpsc::channel(QUEUE);
        let task = tokio::spawn(listen(socket, Arc::clone(&state), sender));
        Ok(Self { state, keys, task, notifications, local })
    }

    /// The next notification.
    pub async fn recv(&mut self) -> Option<Notification> {
        self.notifications.recv().await
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Counters since the start.
    pub fn stats(&self) -> ReceiverStats {
        lock(&self.state).machine.stats()
    }

    /// Notifications dropped because they were not read in time.
    pub fn overflowed(&self) -> u64 {
        lock(&self.state).overflowed
    }

    /// Takes other users and communities from now on.
    pub fn set_principals(&self, to: &TrapPrincipals) -> Result<(), TrapReceiverError> {
        let (communities, users) = principals(&self.keys, to)?;
        lock(&self.state).machine.set_principals(communities, users);
        Ok(())
    }

    /// snmpEngineID, boots and time of the senders seen; store them and give them back after a restart,
    /// so that what was recorded before cannot be replayed.
    pub fn sender_clocks(&self) -> Vec<(Vec<u8>, u32, u32)> {
        lock(&self.state).machine.sender_clocks(Instant::now())
    }

    /// Takes up what [`TrapReceiver::sender_clocks`] gave.
    pub fn remember_sender(&self, engine_id: &[u8], boots: u32, time: u32) {
        lock(&self.state).machine.remember_sender(engine_id, boots, time, Instant::now());
    }
}

impl Drop for TrapReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Principals = (Vec<(String, Zeroizing<Vec<u8>>)>, Vec<UsmUser>);

fn principals(keys: &KeyCache, from: &TrapPrincipals) -> Result<Principals, CredentialsError> {
    let communities = from.communities.iter();
    let communities = communities
        .map(|(name, community)| (name.clone(), Zeroizing::new(community.expose().to_vec())))
        .collect();
    let users = from.users.iter();
    let users = users
        .map(|user| usm_user(keys, &user.name, user.auth.as_ref(), user.privacy.as_ref()))
        .collect::<Result<_, _>>()?;
    Ok((communities, users))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(socket: UdpSocket, state: Arc<Mutex<State>>, to: mpsc::Sender<Notification>) {
    let mut inbox = vec![0_u8; MAX_DATAGRAM];
    loop {
        if let Err(error) = socket.readable().await {
            tracing::error!(%error, "the SNMP notification socket cannot be read");
            return;
        }
        for _ in 0..BATCH {
            match socket.try_recv_from(&mut inbox) {
                Ok((octets, from)) => {
                    let mut state = lock(&state);
                    // An inform that could not be handed on must not be answered.
                    if to.capacity() == 0 {
                        state.overflowed += 1;
                        continue;
                    }
                    if let Some(datagram) = inbox.get(..octets) {
                        state.machine.handle_input(Instant::now(), from, datagram);
                    }
                    while let Some(notification) = state.machine.poll_notification() {
                        if to.try_send(notification).is_err() {
                            state.overflowed += 1;
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => tracing::trace!(%error, "SNMP notification socket"),
            }
        }
        loop {
            let next = lock(&state).machine.poll_transmit();
            let Some((address, datagram)) = next else { break };
            if let Err(error) = socket.send_to(&datagram, address).await {
                tracing::debug!(%error, %address, "cannot answer an SNMP inform");
            }
        }
    }
}
