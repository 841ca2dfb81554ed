//! Agents that misbehave: a relay in front of an agent that loses, delays, bends or invents datagrams.
//!
//! The relay leaves the datagrams' content alone (of SNMPv3 it sees only the envelope); agents that
//! answer nonsense in good SNMP are [`crate::recording::Oddity`].

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::{JoinHandle, JoinSet};

use crate::agent::SimulatorError;
use crate::time::Chance;

/// What is wrong with the way to an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// Of 100 datagrams in each direction, so many are lost.
    pub drop_percent: u8,
    /// Answers take this much longer.
    pub delay: Duration,
    /// Nothing is ever answered.
    pub silent: bool,
    /// Answers are random octets.
    pub garbage: bool,
    /// Of 100 answers, so many come twice.
    pub duplicate_percent: u8,
    /// Answers come from another port than the one asked.
    pub other_address: bool,
}

/// A relay between managers and one agent.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Relay {
    /// Listens on `bind` for an agent at `agent`.
    pub async fn start(
        bind: SocketAddr,
        agent: SocketAddr,
        fault: Fault,
        seed: u64,
    ) -> Result<Self, SimulatorError> {
        let socket_error = |address| move |source| SimulatorError::Socket { address, source };
        let front = Arc::new(UdpSocket::bind(bind).await.map_err(socket_error(bind))?);
        let address = front.local_addr().map_err(socket_error(bind))?;
        let any_port = SocketAddr::new(bind.ip(), 0);
        let back = if fault.other_address {
            Arc::new(UdpSocket::bind(any_port).await.map_err(socket_error(any_port))?)
        } else {
            Arc::clone(&front)
        };
        let task = tokio::spawn(relay(front, Backend::new(agent, back, fault, seed)));
        Ok(Self { address, task })
    }

    /// Where managers send.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops relaying.
    pub async fn stop(self) {
        self.task.abort();
        // Cancelled is what we asked for.
        drop(self.task.await);
    }
}

/// The way to one agent: a socket per manager, so that answers find their way back.
pub(crate) struct Backend {
    state: Arc<State>,
    towards: HashMap<SocketAddr, Arc<UdpSocket>>,
    tasks: JoinSet<()>,
}

/// Managers that a relay remembers; the sockets of earlier ones are given up.
const MANAGERS: usize = 512;

impl Backend {
    /// Towards `agent`; answers leave from `back`.
    pub(crate) fn new(agent: SocketAddr, back: Arc<UdpSocket>, fault: Fault, seed: u64) -> Self {
        let state = Arc::new(State { fault, chance: Mutex::new(Chance::new(seed)), agent, back });
        Self { state, towards: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Passes a manager's datagram on, if it is not to be lost.
    pub(crate) async fn forward(&mut self, manager: SocketAddr, datagram: &[u8]) {
        if self.state.fault.silent || self.state.happens(self.state.fault.drop_percent) {
            return;
        }
        if self.towards.len() >= MANAGERS && !self.towards.contains_key(&manager) {
            self.towards.clear();
            self.tasks.abort_all();
        }
        let socket = match self.towards.get(&manager) {
            Some(socket) => Arc::clone(socket),
            None => match open(&self.state, manager, &mut self.tasks).await {
                Ok(socket) => {
                    self.towards.insert(manager, Arc::clone(&socket));
                    socket
                }
                Err(error) => {
                    tracing::warn!(%error, "relay: no socket towards the agent");
                    return;
                }
            },
        };
        if let Err(error) = socket.send(datagram).await {
            tracing::debug!(%error, "relay: the agent is not there");
        }
    }
}

struct State {
    fault: Fault,
    chance: Mutex<Chance>,
    agent: SocketAddr,
    back: Arc<UdpSocket>,
}

impl State {
    fn happens(&self, percent: u8) -> bool {
        percent > 0 && self.chance.lock().unwrap_or_else(PoisonError::into_inner).percent(u64::from(percent))
    }

    fn noise(&self) -> Vec<u8> {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let length = chance.between(1, 200);
        (0..length).map(|_| chance.next_u64() as u8).collect()
    }
}

async fn relay(front: Arc<UdpSocket>, mut backend: Backend) {
    let mut buffer = vec![0u8; 65_536];
    loop {
        match front.recv_from(&mut buffer).await {
            Ok((length, manager)) => {
                backend.forward(manager, buffer.get(..length).unwrap_or(&[])).await;
            }
            Err(error) => {
                tracing::debug!(%error, "relay: receive failed");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

async fn open(
    state: &Arc<State>,
    manager: SocketAddr,
    tasks: &mut JoinSet<()>,
) -> std::io::Result<Arc<UdpSocket>> {
    let socket = Arc::new(UdpSocket::bind(SocketAddr::new(state.agent.ip(), 0)).await?);
    socket.connect(state.agent).await?;
    let (answers, state) = (Arc::clone(&socket), Arc::clone(state));
    tasks.spawn(async move {
        let mut buffer = vec![0u8; 65_536];
        loop {
            match answers.recv(&mut buffer).await {
                Ok(length) => {
                    let datagram = if state.fault.garbage {
                        state.noise()
                    } else {
                        buffer.get(..length).unwrap_or(&[]).to_vec()
                    };
                    answer(&state, manager, datagram).await;
                }
                // The agent restarts: its port is closed for a while.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
    Ok(socket)
}

async fn answer(state: &Arc<State>, manager: SocketAddr, datagram: Vec<u8>) {
    if state.happens(state.fault.drop_percent) {
        return;
    }
    let copies = if state.happens(state.fault.duplicate_percent) { 2 } else { 1 };
    let state = Arc::clone(state);
    let send = async move {
        if !state.fault.delay.is_zero() {
            tokio::time::sleep(state.fault.delay).await;
        }
        for _ in 0..copies {
            if let Err(error) = state.back.send_to(&datagram, manager).await {
                tracing::debug!(%error, "relay: the manager is not there");
            }
        }
    };
    // Delays must not add up: each answer waits by itself.
    tokio::spawn(send);
}
