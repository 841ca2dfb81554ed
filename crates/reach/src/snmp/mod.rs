//! SNMP towards one element: the seam that readers and performers use ([`Snmp`]), and what stands behind
//! it: an engine of few sockets for all agents ([`SnmpEngine`]), sessions ([`SnmpSession`]) and a
//! receiver of notifications ([`TrapReceiver`]).

mod credentials;
mod engine;
mod lane;
mod receiver;
mod session;
mod socket;

pub use credentials::{AuthProtocol, Credentials, CredentialsError, PrivProtocol, Secret};
pub use engine::{EngineConfig, SnmpEngine};
pub use netwarden_snmp::generator::{WalkQuirk, Walked};
pub use netwarden_snmp::receiver::{Notification, Principal, ReceiverStats};
pub use netwarden_snmp::stats::Stats;
pub use receiver::{TrapPrincipals, TrapReceiver, TrapReceiverConfig, TrapReceiverError, TrapUser};
pub use session::{SessionOptions, SnmpSession};

use std::future::Future;

use netwarden_model::VlanId;
use netwarden_snmp::{Oid, VarBind};

/// A session with one agent. `collect` and `actions` know agents through this alone, so that recorded
/// devices and faulty ones can stand in for the network.
pub trait Snmp: Send + Sync {
    /// GET of any number of variables (split over as many requests as need be), in the order asked for.
    /// Variables that the agent does not have come with an exception as their value.
    fn get(&self, oids: &[Oid]) -> impl Future<Output = Result<Vec<VarBind>, SnmpError>> + Send;

    /// Walks several columns (or subtrees) side by side with GETBULK.
    fn walk(&self, columns: &[Oid]) -> impl Future<Output = Result<Walked, SnmpError>> + Send;

    /// SET of all bindings in one request; answers with what the agent echoed.
    fn set(&self, bindings: &[VarBind]) -> impl Future<Output = Result<Vec<VarBind>, SnmpError>> + Send;

    /// The same agent seen through another context: per-VLAN tables of devices that need it.
    fn in_vlan_context(&self, context: VlanContext) -> Self
    where
        Self: Sized;
}

/// How some devices (Cisco's) show one VLAN's bridge: community `NAME@VLAN` in v1 and v2c, context
/// `vlan-N` in v3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VlanContext(pub VlanId);

/// Why an agent could not be read or set; each names the agent.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum SnmpError {
    /// No answer within the time and the retransmissions given. A wrong community or privacy
    /// password looks the same: agents stay silent then.
    #[error("{agent}: no answer after {attempts} attempts of {timeout_ms} ms")]
    Timeout {
        /// Host and port.
        agent: String,
        /// Datagrams sent.
        attempts: u32,
        /// Time given to each, in milliseconds.
        timeout_ms: u64,
    },
    /// The agent refused the user, the digest or the security level (RFC 3414 section 3.2 reports).
    #[error("{agent}: {reason}")]
    Security {
        /// Host and port.
        agent: String,
        /// In words: unknown user name, wrong digest, unsupported security level, ...
        reason: String,
    },
    /// The agent answered with an error status (RFC 3416 section 3).
    #[error("{agent}: {status} at {oid}")]
    Status {
        /// Host and port.
        agent: String,
        /// The status's name: `noAccess`, `wrongValue`, `commitFailed`, ...
        status: String,
        /// The variable that error-index points at.
        oid: Oid,
    },
    /// Datagrams that are no SNMP, or no answer to what was asked.
    #[error("{agent}: unreadable answer: {reason}")]
    Garbage {
        /// Host and port.
        agent: String,
        /// What was wrong with it, and where.
        reason: String,
    },
    /// The socket failed.
    #[error("{agent}: {reason}")]
    Io {
        /// Host and port.
        agent: String,
        /// The operating system's words.
        reason: String,
    },
}
