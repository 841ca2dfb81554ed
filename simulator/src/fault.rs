//! Agents that misbehave: a relay in front of an agent that loses, delays, bends or invents datagrams.
//!
//! What happens to plain SNMPv2c datagrams can go into their content; of SNMPv3 the relay sees only the
//! envelope, so faults of the content need a handler of their own ([`crate::agent`] with
//! [`crate::odd`]).

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
        let state = Arc::new(State { fault, chance: Mutex::new(Chance::new(seed)), agent, back });
        let task = tokio::spawn(relay(front, state));
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

/// One socket towards the agent per manager, so that answers find their way back.
async fn relay(front: Arc<UdpSocket>, state: Arc<State>) {
    let mut towards: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut tasks = JoinSet::new();
    let mut buffer = vec![0u8; 65_536];
    loop {
        let (length, manager) = match front.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "relay: receive failed");
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
        };
        if state.fault.silent || state.happens(state.fault.drop_percent) {
            continue;
        }
        let socket = match towards.get(&manager) {
            Some(socket) => Arc::clone(socket),
            None => match open(&state, manager, &mut tasks).await {
                Ok(socket) => {
                    towards.insert(manager, Arc::clone(&socket));
                    socket
                }
                Err(error) => {
                    tracing::warn!(%error, "relay: no socket towards the agent");
                    continue;
                }
            },
        };
        if let Some(datagram) = buffer.get(..length)
            && let Err(error) = socket.send(datagram).await
        {
            tracing::debug!(%error, "relay: the agent is not there");
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
