//! A session with one agent.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use netwarden_snmp::generator::{AgentId, AgentOptions, Failure, Operation, Outcome};
use netwarden_snmp::stats::Stats;
use netwarden_snmp::{Oid, VarBind};

use super::credentials::Credentials;
use super::engine::SnmpEngine;
use super::lane::Lane;
use super::{Snmp, SnmpError, VlanContext, Walked};

/// How an agent is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// The longest wait for an answer; the first retransmissions come much earlier.
    pub timeout: Duration,
    /// Retransmissions after the first datagram.
    pub retries: u32,
    /// Wait before the first retransmission while the round trip is not known; doubled with each.
    pub first_wait: Duration,
    /// max-repetitions of the first GETBULK.
    pub max_repetitions: u32,
    /// Whether max-repetitions follows the agent's answers.
    pub adapt: bool,
    /// Octets that answers of GETBULK shall fill.
    pub reply_octets: u32,
    /// Columns asked for in one request.
    pub max_columns: usize,
    /// Rows read of one column before its walk is ended as endless.
    pub max_rows: usize,
    /// Requests under way to the agent at once.
    pub max_in_flight: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        let options = AgentOptions::default();
        Self {
            timeout: options.timeout,
            retries: options.retries,
            first_wait: options.first_wait,
            max_repetitions: options.max_repetitions,
            adapt: options.adapt,
            reply_octets: options.reply_octets,
            max_columns: options.max_columns,
            max_rows: options.max_rows,
            max_in_flight: options.max_in_flight,
        }
    }
}

impl From<SessionOptions> for AgentOptions {
    fn from(options: SessionOptions) -> Self {
        Self {
            timeout: options.timeout,
            retries: options.retries,
            first_wait: options.first_wait.min(options.timeout),
            max_repetitions: options.max_repetitions,
            adapt: options.adapt,
            reply_octets: options.reply_octets,
            max_columns: options.max_columns,
            max_rows: options.max_rows,
            max_in_flight: options.max_in_flight,
            ..Self::default()
        }
    }
}

/// What all clones of a session share.
struct Shared {
    /// Keeps the tasks alive.
    _engine: SnmpEngine,
    lane: Arc<Lane>,
    id: AgentId,
    target: SocketAddr,
    /// In whose place a VLAN's community or context stands.
    contexts: Contexts,
    options: SessionOptions,
}

enum Contexts {
    Community(super::Secret),
    Name,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.lane.remove_agent(self.id);
    }
}

/// A session with one agent; cheap to clone. Clones and VLAN contexts share what was learnt of the
/// agent, its counters and its limit of requests under way.
#[derive(Clone)]
pub struct SnmpSession {
    shared: Arc<Shared>,
    context: Option<Arc<[u8]>>,
}

impl SnmpSession {
    pub(super) fn new(
        engine: SnmpEngine,
        lane: Arc<Lane>,
        id: AgentId,
        target: SocketAddr,
        credentials: &Credentials,
        options: SessionOptions,
    ) -> Self {
        let contexts = match credentials {
            Credentials::V1 { community } | Credentials::V2c { community } => {
                Contexts::Community(community.clone())
            }
            Credentials::V3 { .. } => Contexts::Name,
        };
        let shared = Shared { _engine: engine, lane, id, target, contexts, options };
        Self { shared: Arc::new(shared), context: None }
    }

    /// Host and port of the agent.
    pub fn target(&self) -> SocketAddr {
        self.shared.target
    }

    /// How the agent is asked.
    pub fn options(&self) -> SessionOptions {
        self.shared.options
    }

    /// Counters of this agent since the session began.
    pub fn stats(&self) -> Stats {
        self.shared.lane.agent_stats(self.shared.id)
    }

    /// snmpEngineID, once the agent has answered in SNMPv3.
    pub fn engine_id(&self) -> Option<Vec<u8>> {
        self.shared.lane.engine(self.shared.id).map(|engine| engine.id)
    }

    /// snmpEngineBoots, once the agent has answered in SNMPv3.
    pub fn engine_boots(&self) -> Option<u32> {
        self.shared.lane.engine(self.shared.id).map(|engine| engine.boots)
    }

    async fn run(&self, operation: Operation) -> Result<Outcome, SnmpError> {
        let Shared { lane, id, .. } = self.shared.as_ref();
        lane.run(*id, operation, self.context.clone()).await.map_err(|failure| self.error(failure))
    }

    fn error(&self, failure: Failure) -> SnmpError {
        let agent = self.shared.target.to_string();
        match failure {
            Failure::Timeout { attempts, timeout } => {
                let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
                SnmpError::Timeout { agent, attempts, timeout_ms }
            }
            Failure::Security(report) => SnmpError::Security { agent, reason: report.to_string() },
            Failure::Status { status, oid } => SnmpError::Status { agent, status: status.to_string(), oid },
            Failure::Garbage(reason) => SnmpError::Garbage { agent, reason },
            Failure::Encode(error) => SnmpError::Io { agent, reason: error.to_string() },
            Failure::Unsendable(reason) => SnmpError::Io { agent, reason },
            Failure::Closed => SnmpError::Io { agent, reason: failure.to_string() },
        }
    }

    /// An outcome of another operation than was asked for cannot come; if it did, it would say so.
    fn mixed_up(&self) -> SnmpError {
        SnmpError::Io {
            agent: self.shared.target.to_string(),
            reason: "the result of another operation".to_owned(),
        }
    }
}

impl Snmp for SnmpSession {
    async fn get(&self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        match self.run(Operation::Get(oids.to_vec())).await? {
            Outcome::Bindings(bindings) => Ok(bindings),
            Outcome::Walked(_) => Err(self.mixed_up()),
        }
    }

    async fn walk(&self, columns: &[Oid]) -> Result<Walked, SnmpError> {
        match self.run(Operation::Walk(columns.to_vec())).await? {
            Outcome::Walked(walked) => Ok(walked),
            Outcome::Bindings(_) => Err(self.mixed_up()),
        }
    }

    async fn set(&self, bindings: &[VarBind]) -> Result<Vec<VarBind>, SnmpError> {
        match self.run(Operation::Set(bindings.to_vec())).await? {
            Outcome::Bindings(bindings) => Ok(bindings),
            Outcome::Walked(_) => Err(self.mixed_up()),
        }
    }

    fn in_vlan_context(&self, context: VlanContext) -> Self {
        let VlanContext(vlan) = context;
        let context = match &self.shared.contexts {
            Contexts::Community(community) => {
                [community.expose(), b"@", vlan.to_string().as_bytes()].concat()
            }
            Contexts::Name => format!("vlan-{vlan}").into_bytes(),
        };
        Self { shared: Arc::clone(&self.shared), context: Some(context.into()) }
    }
}

impl fmt::Debug for SnmpSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnmpSession").field("target", &self.shared.target).finish_non_exhaustive()
    }
}
