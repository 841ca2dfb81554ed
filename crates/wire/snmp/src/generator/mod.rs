//! The command generator (RFC 3413 section 3.1): many agents, many requests, no socket and no clock.
//!
//! The shell hands in datagrams ([`CommandGenerator::handle_input`]) and the present instant
//! ([`CommandGenerator::handle_timeout`]), sends what [`CommandGenerator::poll_transmit`] writes, and
//! reads [`Event`]s. An answer belongs to the request whose id it carries, wherever it comes from; in
//! SNMPv3 its digest must be right before it is looked at.

mod agent;
mod engine;
mod incoming;
mod sizing;
mod task;
mod walk;

pub use agent::{AgentConfig, AgentId, AgentOptions, EngineInfo, Security};
pub use task::{Failure, Operation, Outcome, SecurityReport, WalkQuirk, Walked};

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::encode::EncodeError;
use crate::message::{CommunityVersion, V3Header, encode_community, encode_v3};
use crate::random::Random;
use crate::stats::Stats;
use crate::usm::SecurityLevel;
use agent::Agent;
use task::{Get, Set, Task};
use walk::{Walk, WalkLimits};

/// An operation under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestHandle(u64);

/// What the shell is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An operation is over.
    Done {
        /// Which.
        request: RequestHandle,
        /// Of which agent.
        agent: AgentId,
        /// What came of it.
        result: Result<Outcome, Failure>,
    },
    /// Something worth telling about an agent.
    Notice {
        /// Which.
        agent: AgentId,
        /// Its address.
        address: SocketAddr,
        /// What.
        notice: Notice,
    },
}

/// What is worth telling about an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The agent's engine was discovered.
    EngineDiscovered {
        /// snmpEngineID.
        engine_id: Vec<u8>,
    },
    /// Another engine answers at the address: a device was swapped, or made itself a new id.
    EngineChanged {
        /// snmpEngineID as it was.
        from: Vec<u8>,
        /// snmpEngineID now.
        to: Vec<u8>,
    },
    /// The engine has booted since (snmpEngineBoots went up), shown by an authentic message.
    Rebooted {
        /// snmpEngineBoots now.
        boots: u32,
    },
    /// snmpEngineBoots went down: the agent lost them.
    BootsWentBack {
        /// snmpEngineBoots now.
        boots: u32,
    },
    /// The agent answers from another address than it was asked at.
    AnswersFromElsewhere {
        /// Where the answer came from.
        from: SocketAddr,
    },
}

/// A request of one message, under way or waiting.
#[derive(Debug)]
struct Pending {
    agent: AgentId,
    handle: RequestHandle,
    task: Task,
    /// Community (v1, v2c) or contextName (v3) in place of the agent's own.
    context: Option<Arc<[u8]>>,
    /// Datagrams sent for the present message.
    attempts: u32,
    deadline: Instant,
    sent_at: Instant,
    /// Discoveries and resynchronisations spent on this message.
    repairs: u8,
    /// What an unusable answer was like, and how many came.
    garbage: Option<String>,
    garbage_count: u8,
}

/// Discoveries and resynchronisations that one message may cost.
const MAX_REPAIRS: u8 = 3;
/// Unusable answers to one message, after which the operation is given up.
const MAX_GARBAGE: u8 = 2;

/// See the module.
#[derive(Debug)]
pub struct CommandGenerator {
    agents: HashMap<AgentId, Agent>,
    by_address: HashMap<SocketAddr, AgentId>,
    under_way: HashMap<i32, Box<Pending>>,
    timers: BinaryHeap<Reverse<(Instant, i32)>>,
    to_send: VecDeque<i32>,
    events: VecDeque<Event>,
    random: Random,
    next_agent: u64,
    next_request: u64,
    salt: u64,
    stats: Stats,
    /// Where scopedPDUs are decrypted.
    scratch: Vec<u8>,
}

impl CommandGenerator {
    /// `seed` makes ids, salts and jitter; take it from the system's random source.
    pub fn new(seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        Self {
            agents: HashMap::new(),
            by_address: HashMap::new(),
            under_way: HashMap::new(),
            timers: BinaryHeap::new(),
            to_send: VecDeque::new(),
            events: VecDeque::new(),
            salt: random.next_u64(),
            random,
            next_agent: 0,
            next_request: 0,
            stats: Stats::default(),
            scratch: Vec::new(),
        }
    }

    /// Adds an agent. Several may share an address (other users, other communities).
    pub fn add_agent(&mut self, config: AgentConfig) -> AgentId {
        self.next_agent += 1;
        let id = AgentId(self.next_agent);
        self.by_address.insert(config.address, id);
        self.agents.insert(id, Agent::new(config));
        id
    }

    /// Forgets an agent; its operations end with [`Failure::Closed`].
    pub fn remove_agent(&mut self, id: AgentId) {
        let Some(agent) = self.agents.remove(&id) else { return };
        if self.by_address.get(&agent.config.address) == Some(&id) {
            self.by_address.remove(&agent.config.address);
        }
        for pending in agent.waiting {
            self.done(&pending, Err(Failure::Closed));
        }
        let mut closed: Vec<Box<Pending>> =
            self.under_way.extract_if(|_, pending| pending.agent == id).map(|(_, pending)| pending).collect();
        closed.retain(|pending| !matches!(pending.task, Task::Discovery));
        for pending in closed {
            self.done(&pending, Err(Failure::Closed));
        }
    }

    /// Starts an operation; its end is an [`Event::Done`]. `context` stands in for the agent's own
    /// community or contextName.
    pub fn submit(
        &mut self,
        now: Instant,
        agent_id: AgentId,
        operation: Operation,
        context: Option<Arc<[u8]>>,
    ) -> RequestHandle {
        self.next_request += 1;
        let handle = RequestHandle(self.next_request);
        let Some(agent) = self.agents.get_mut(&agent_id) else {
            self.events.push_back(Event::Done {
                request: handle,
                agent: agent_id,
                result: Err(Failure::Closed),
            });
            return handle;
        };
        let options = &agent.config.options;
        let (task, empty) = match operation {
            Operation::Get(oids) => {
                let mut get = Get::new(oids, options.max_get);
                let empty = get.is_done().then(|| get.finish());
                (Task::Get(get), empty)
            }
            Operation::Set(bindings) => {
                let empty = bindings.is_empty().then(|| Outcome::Bindings(Vec::new()));
                (Task::Set(Set { bindings }), empty)
            }
            Operation::Walk(columns) => {
                let limits = WalkLimits { max_columns: options.max_columns, max_rows: options.max_rows };
                let bulk = !matches!(agent.config.security, Security::V1 { .. });
                let mut walk = Walk::new(&columns, bulk, limits, &agent.sizing);
                let empty = walk.is_done().then(|| Outcome::Walked(walk.finish()));
                (Task::Walk(walk), empty)
            }
        };
        if let Some(outcome) = empty {
            self.events.push_back(Event::Done { request: handle, agent: agent_id, result: Ok(outcome) });
            return handle;
        }
        agent.waiting.push_back(Box::new(Pending {
            agent: agent_id,
            handle,
            task,
            context,
            attempts: 0,
            deadline: now,
            sent_at: now,
            repairs: 0,
            garbage: None,
            garbage_count: 0,
        }));
        self.start_waiting(now, agent_id);
        handle
    }

    /// Ends an operation without an event: nobody waits for it any more.
    pub fn cancel(&mut self, now: Instant, agent_id: AgentId, handle: RequestHandle) {
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        let waiting = agent.waiting.len();
        agent.waiting.retain(|pending| pending.handle != handle);
        if agent.waiting.len() < waiting {
            return;
        }
        let id = self.under_way.iter().find(|(_, pending)| pending.handle == handle).map(|(id, _)| *id);
        if let Some(id) = id {
            self.under_way.remove(&id);
            agent.in_flight = agent.in_flight.saturating_sub(1);
            self.start_waiting(now, agent_id);
        }
    }

    /// When [`CommandGenerator::handle_timeout`] wants to be called, if nothing comes before.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, id))) = self.timers.peek() {
            if self.under_way.get(id).is_some_and(|pending| pending.deadline == *at) {
                return Some(*at);
            }
            self.timers.pop();
        }
        None
    }

    /// Retransmits and gives up what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while self.poll_timeout().is_some_and(|at| at <= now) {
            let Some(Reverse((_, id))) = self.timers.pop() else { return };
            self.expired(now, id);
        }
    }

    /// What the shell is to be told, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Writes the next datagram over what `buffer` held, and says where it goes.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Option<Transmit> {
        while let Some(id) = self.to_send.pop_front() {
            match self.encode(now, id, buffer) {
                Ok(Some(to)) => return Some(Transmit { to, request: TransmitId(id) }),
                Ok(None) => {}
                Err(error) => self.fail(now, id, Failure::Encode(error)),
            }
        }
        None
    }

    /// The datagram could not be sent for a reason that waiting does not mend.
    pub fn transmit_failed(&mut self, now: Instant, request: TransmitId, reason: String) {
        self.fail(now, request.0, Failure::Unsendable(reason));
    }

    /// Counters of all agents, those removed included.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Counters of one agent.
    pub fn agent_stats(&self, agent: AgentId) -> Stats {
        self.agents.get(&agent).map(|agent| agent.stats).unwrap_or_default()
    }

    /// What is known of an agent's engine.
    pub fn engine(&self, now: Instant, agent: AgentId) -> Option<EngineInfo> {
        let engine = self.agents.get(&agent)?.engine.as_ref()?;
        Some(EngineInfo {
            id: engine.id.clone(),
            boots: engine.clock.boots(),
            time: engine.clock.time_at(now),
        })
    }

    /// Requests under way, for all agents.
    pub fn in_flight(&self) -> usize {
        self.under_way.len()
    }

    fn done(&mut self, pending: &Pending, result: Result<Outcome, Failure>) {
        if matches!(pending.task, Task::Discovery) {
            return;
        }
        self.events.push_back(Event::Done { request: pending.handle, agent: pending.agent, result });
    }

    fn count(&mut self, agent: AgentId, change: impl Fn(&mut Stats)) {
        change(&mut self.stats);
        if let Some(agent) = self.agents.get_mut(&agent) {
            change(&mut agent.stats);
        }
    }

    /// Moves waiting operations under way, as many as the agent may have; discovers its engine first.
    fn start_waiting(&mut self, now: Instant, agent_id: AgentId) {
        loop {
            let Some(agent) = self.agents.get_mut(&agent_id) else { return };
            if agent.waiting.is_empty() || agent.in_flight >= agent.config.options.max_in_flight.max(1) {
                return;
            }
            if agent.needs_discovery() {
                self.discover(now, agent_id);
                return;
            }
            let Some(pending) = agent.waiting.pop_front() else { return };
            agent.in_flight += 1;
            self.launch(now, pending);
        }
    }

    /// Asks for the engine's id, unless that is asked already (RFC 3414 section 4).
    fn discover(&mut self, now: Instant, agent_id: AgentId) {
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        if agent.discovering {
            return;
        }
        agent.discovering = true;
        self.launch(
            now,
            Box::new(Pending {
                agent: agent_id,
                handle: RequestHandle(0),
                task: Task::Discovery,
                context: None,
                attempts: 0,
                deadline: now,
                sent_at: now,
                repairs: 0,
                garbage: None,
                garbage_count: 0,
            }),
        );
    }

    /// Gives a message its id and sends it for the first time.
    fn launch(&mut self, now: Instant, mut pending: Box<Pending>) {
        pending.attempts = 0;
        pending.repairs = 0;
        pending.garbage_count = 0;
        pending.garbage = None;
        let id = loop {
            // RFC 3412 section 6.2: 0 to 2147483647, and not one in use.
            let id = self.random.next_id();
            if !self.under_way.contains_key(&id) {
                break id;
            }
        };
        self.count(pending.agent, |stats| stats.requests += 1);
        self.under_way.insert(id, pending);
        self.queue(now, id);
    }

    /// Queues a message to be sent (again) and sets its deadline.
    fn queue(&mut self, now: Instant, id: i32) {
        let Some(pending) = self.under_way.get_mut(&id) else { return };
        let Some(agent) = self.agents.get(&pending.agent) else { return };
        let is_set = matches!(pending.task, Task::Set(_));
        let wait = agent.wait(pending.attempts, is_set);
        // A tenth to either side, so that a thousand losses do not come back at once.
        let jittered = wait.mul_f64(0.9 + 0.2 * self.random.next_unit());
        pending.attempts += 1;
        pending.sent_at = now;
        pending.deadline = now + jittered.max(Duration::from_millis(1));
        self.timers.push(Reverse((pending.deadline, id)));
        self.to_send.push_back(id);
    }

    fn expired(&mut self, now: Instant, id: i32) {
        let Some(pending) = self.under_way.get_mut(&id) else { return };
        let agent_id = pending.agent;
        let Some(agent) = self.agents.get_mut(&agent_id) else { return };
        if pending.attempts > agent.config.options.retries {
            let timeout = agent.config.options.timeout;
            // Octets that could not be read came from there while it was asked.
            let unreadable =
                agent.unreadable.take().filter(|(at, _)| *at >= pending.sent_at).map(|(_, why)| why);
            let failure = match pending.garbage.take().or(unreadable) {
                Some(reason) => Failure::Garbage(reason),
                None => Failure::Timeout { attempts: pending.attempts, timeout },
            };
            self.count(agent_id, |stats| stats.losses += 1);
            self.fail(now, id, failure);
            return;
        }
        // The first loss is taken for just that: a smaller answer would cost more requests for good.
        if pending.attempts >= 2
            && let Task::Walk(walk) = &mut pending.task
        {
            walk.before_retransmit(&mut agent.sizing);
        }
        // An agent whose engine id has changed may well stay silent: ask for it beside the second
        // retransmission.
        let suspect =
            pending.attempts >= 2 && agent.engine.is_some() && !matches!(pending.task, Task::Discovery);
        self.count(agent_id, |stats| stats.retransmits += 1);
        self.queue(now, id);
        if suspect {
            self.discover(now, agent_id);
        }
    }

    /// Ends the operation that a message belongs to. Without an engine id nothing that waits can go on.
    fn fail(&mut self, now: Instant, id: i32, failure: Failure) {
        let Some(pending) = self.under_way.remove(&id) else { return };
        let agent_id = pending.agent;
        if matches!(pending.task, Task::Discovery) {
            let Some(agent) = self.agents.get_mut(&agent_id) else { return };
            agent.discovering = false;
            if agent.engine.is_none() {
                for waiting in std::mem::take(&mut agent.waiting) {
                    self.done(&waiting, Err(failure.clone()));
                }
            }
            return;
        }
        if let Some(agent) = self.agents.get_mut(&agent_id) {
            agent.in_flight = agent.in_flight.saturating_sub(1);
        }
        self.done(&pending, Err(failure));
        self.start_waiting(now, agent_id);
    }

    fn encode(
        &mut self,
        now: Instant,
        id: i32,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<SocketAddr>, EncodeError> {
        let Some(pending) = self.under_way.get(&id) else { return Ok(None) };
        let Some(agent) = self.agents.get_mut(&pending.agent) else { return Ok(None) };
        let pdu = |w: &mut crate::encode::Writer<'_>| pending.task.encode(id, w);
        match &agent.config.security {
            Security::V1 { community } => {
                let community = pending.context.as_deref().unwrap_or(community);
                encode_community(buffer, CommunityVersion::V1, community, pdu)?;
            }
            Security::V2c { community } => {
                let community = pending.context.as_deref().unwrap_or(community);
                encode_community(buffer, CommunityVersion::V2c, community, pdu)?;
            }
            Security::V3 { user, context } => {
                self.salt = self.salt.wrapping_add(1);
                let discovery = matches!(pending.task, Task::Discovery);
                let engine = agent.engine.as_ref().filter(|_| !discovery);
                let none = crate::usm::LocalisedUser::default();
                let engine_id = engine.map_or(&[][..], |engine| &engine.id);
                let header = V3Header {
                    msg_id: id,
                    // RFC 3412 section 6.4: set for the confirmed class.
                    reportable: true,
                    level: if discovery { SecurityLevel::NoAuthNoPriv } else { user.level() },
                    engine_id,
                    boots: engine.map_or(0, |engine| engine.clock.boots()),
                    time: engine.map_or(0, |engine| engine.clock.time_at(now)),
                    user: if discovery { b"" } else { user.name() },
                    context_engine_id: engine_id,
                    context_name: pending.context.as_deref().unwrap_or(context),
                    salt: self.salt,
                };
                encode_v3(buffer, &header, engine.map_or(&none, |engine| &engine.keys), pdu)?;
            }
        }
        let to = agent.config.address;
        let octets = buffer.len() as u64;
        agent.stats.octets_out += octets;
        self.stats.octets_out += octets;
        Ok(Some(to))
    }
}

/// Names a datagram towards [`CommandGenerator::transmit_failed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransmitId(i32);

/// Where a datagram goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    /// The agent's address.
    pub to: SocketAddr,
    /// Its name.
    pub request: TransmitId,
}
