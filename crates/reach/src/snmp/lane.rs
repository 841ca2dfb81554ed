//! One lane of the engine: a state machine, its sockets, and the task that drives them.
//!
//! ```text
//!  SnmpSession ──submit──▶ Mutex<CommandGenerator> ◀──── task `drive` ◀──▶ sockets (IPv4, IPv6)
//!       ▲                                                     │
//!       └────────────── oneshot: result of the request ───────┘
//! ```
//! A session puts its request into the machine and wakes the task; only the task touches the sockets.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netwarden_snmp::generator::{
    AgentConfig, AgentId, CommandGenerator, EngineInfo, Event, Failure, Notice, Operation, Outcome,
    RequestHandle, Transmit,
};
use netwarden_snmp::stats::Stats;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot};

/// Datagrams taken from a socket before others have their turn.
const BATCH: usize = 128;
/// The largest datagram of UDP.
const MAX_DATAGRAM: usize = 65_536;

/// What came of an operation.
pub(super) type OperationResult = Result<Outcome, Failure>;

#[derive(Debug)]
struct State {
    machine: CommandGenerator,
    answers: HashMap<RequestHandle, oneshot::Sender<OperationResult>>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Lane {
    state: Mutex<State>,
    wake: Notify,
}

impl Lane {
    pub(super) fn new(seed: [u8; 32]) -> Arc<Self> {
        let state = State { machine: CommandGenerator::new(seed), answers: HashMap::new() };
        Arc::new(Self { state: Mutex::new(state), wake: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add_agent(&self, config: AgentConfig) -> AgentId {
        self.lock().machine.add_agent(config)
    }

    pub(super) fn remove_agent(&self, agent: AgentId) {
        self.lock().machine.remove_agent(agent);
        self.wake.notify_one();
    }

    pub(super) fn stats(&self) -> Stats {
        self.lock().machine.stats()
    }

    pub(super) fn agent_stats(&self, agent: AgentId) -> Stats {
        self.lock().machine.agent_stats(agent)
    }

    pub(super) fn engine(&self, agent: AgentId) -> Option<EngineInfo> {
        self.lock().machine.engine(Instant::now(), agent)
    }

    /// Runs an operation; dropping the future cancels it.
    pub(super) async fn run(
        &self,
        agent: AgentId,
        operation: Operation,
        context: Option<Arc<[u8]>>,
    ) -> OperationResult {
        let (answer, answered) = oneshot::channel();
        let handle = {
            let mut state = self.lock();
            let handle = state.machine.submit(Instant::now(), agent, operation, context);
            state.answers.insert(handle, answer);
            handle
        };
        let _guard = CancelOnDrop { lane: self, agent, handle };
        self.wake.notify_one();
        answered.await.unwrap_or(Err(Failure::Closed))
    }
}

/// Takes an operation back that nobody waits for.
struct CancelOnDrop<'a> {
    lane: &'a Lane,
    agent: AgentId,
    handle: RequestHandle,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.lock();
        if state.answers.remove(&self.handle).is_some() {
            state.machine.cancel(Instant::now(), self.agent, self.handle);
            drop(state);
            self.lane.wake.notify_one();
        }
    }
}

/// The sockets of a lane; IPv6 may be absent.
#[derive(Debug)]
pub(super) struct Sockets {
    pub v4: Option<UdpSocket>,
    pub v6: Option<UdpSocket>,
}

impl Sockets {
    fn to(&self, address: SocketAddr) -> Option<&UdpSocket> {
        if address.is_ipv4() { self.v4.as_ref() } else { self.v6.as_ref() }
    }
}

/// Drives a lane until it is aborted.
pub(super) async fn drive(lane: Arc<Lane>, sockets: Sockets) {
    let mut inbox = vec![0_u8; MAX_DATAGRAM];
    let mut outbox = Vec::with_capacity(2_048);
    let far = Duration::from_secs(3_600);
    let sleep = tokio::time::sleep(far);
    tokio::pin!(sleep);
    loop {
        transmit(&lane, &sockets, &mut outbox).await;
        let deadline = {
            let mut state = lane.lock();
            deliver(&mut state);
            state.machine.poll_timeout()
        };
        let deadline = deadline.unwrap_or_else(|| Instant::now() + far);
        if sleep.deadline().into_std() != deadline {
            sleep.as_mut().reset(deadline.into());
        }
        tokio::select! {
            ready = readable(sockets.v4.as_ref()) => receive(&lane, sockets.v4.as_ref(), ready, &mut inbox),
            ready = readable(sockets.v6.as_ref()) => receive(&lane, sockets.v6.as_ref(), ready, &mut inbox),
            () = lane.wake.notified() => {}
            () = &mut sleep => lane.lock().machine.handle_timeout(Instant::now()),
        }
    }
}

async fn readable(socket: Option<&UdpSocket>) -> io::Result<()> {
    match socket {
        Some(socket) => socket.readable().await,
        None => std::future::pending().await,
    }
}

/// Takes what the socket holds, up to a batch.
fn receive(lane: &Lane, socket: Option<&UdpSocket>, ready: io::Result<()>, inbox: &mut [u8]) {
    let Some(socket) = socket else { return };
    if let Err(error) = ready {
        tracing::error!(%error, "SNMP socket cannot be read");
        return;
    }
    let now = Instant::now();
    let mut state = lane.lock();
    for _ in 0..BATCH {
        match socket.try_recv_from(inbox) {
            Ok((octets, from)) => {
                if let Some(datagram) = inbox.get(..octets) {
                    state.machine.handle_input(now, from, datagram);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // What an ICMP message said about an earlier datagram; time-outs tell the rest.
            Err(error) => tracing::trace!(%error, "SNMP socket"),
        }
    }
    // The lock is held over the batch, so results wait no longer than it takes.
    state.machine.handle_timeout(now);
}

/// Sends all that is to be sent.
async fn transmit(lane: &Lane, sockets: &Sockets, outbox: &mut Vec<u8>) {
    loop {
        let now = Instant::now();
        let next = lane.lock().machine.poll_transmit(now, outbox);
        let Some(Transmit { to, request }) = next else { return };
        let Some(socket) = sockets.to(to) else {
            let family = if to.is_ipv4() { "IPv4" } else { "IPv6" };
            lane.lock().machine.transmit_failed(now, request, format!("no {family} socket is bound"));
            continue;
        };
        let sent = match socket.try_send_to(outbox, to) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.send_to(outbox, to).await,
            sent => sent,
        };
        if let Err(error) = sent {
            lane.lock().machine.transmit_failed(now, request, error.to_string());
        }
    }
}

/// Hands results to whom they belong.
fn deliver(state: &mut State) {
    while let Some(event) = state.machine.poll_event() {
        match event {
            Event::Done { request, result, .. } => {
                if let Some(answer) = state.answers.remove(&request) {
                    // Nobody waits any more: that is theirs to decide.
                    let _ = answer.send(result);
                }
            }
            Event::Notice { address, notice, .. } => log(address, &notice),
        }
    }
}

fn log(agent: SocketAddr, notice: &Notice) {
    match notice {
        Notice::EngineDiscovered { engine_id } => {
            tracing::debug!(%agent, engine_id = %hex(engine_id), "SNMP engine discovered");
        }
        Notice::EngineChanged { from, to } => {
            tracing::warn!(%agent, from = %hex(from), to = %hex(to), "another SNMP engine answers at this address");
        }
        Notice::Rebooted { boots } => tracing::info!(%agent, boots, "SNMP agent has rebooted"),
        Notice::BootsWentBack { boots } => {
            tracing::warn!(%agent, boots, "SNMP agent has lost its snmpEngineBoots");
        }
        Notice::AnswersFromElsewhere { from } => {
            tracing::warn!(%agent, %from, "SNMP agent answers from another address than asked");
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
