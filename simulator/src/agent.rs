//! A device's SNMP agent: the crate `async-snmp` answering on UDP from a handler of ours.
//!
//! One tokio task runs per agent; it ends with [`RunningAgent::stop`]. Requests of SNMPv3 need authPriv;
//! communities exist only where they are named.

pub mod credentials;
pub mod engine;
pub mod handler;
pub mod notify;
pub mod set;

use std::net::SocketAddr;
use std::sync::Arc;

use async_snmp::agent::{Agent, SecurityModel};
use async_snmp::handler::MibHandler;
use async_snmp::message::SecurityLevel;
use async_snmp::{Auth, AuthoritativeEngine, NotificationSinkId, Oid};
use tokio::task::JoinHandle;

pub use credentials::{AuthAlgorithm, Credentials, Keys, PrivacyAlgorithm};
pub use engine::{BootCounts, EngineId};

/// Why an agent or a campus could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The agent could not be built: mostly an address in use.
    #[error("agent {agent} cannot start: {reason}")]
    Agent {
        /// Which agent.
        agent: String,
        /// The library's words.
        reason: String,
    },
    /// User names or passwords that SNMPv3 does not allow.
    #[error("SNMPv3 user {user}: {reason}")]
    Credentials {
        /// The user.
        user: String,
        /// The library's words.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file's content makes no sense.
    #[error("{path}: {reason}")]
    Content {
        /// Which file.
        path: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A name that the campus does not have.
    #[error("there is no {what} named {name}")]
    Unknown {
        /// device, port, endpoint.
        what: &'static str,
        /// The name asked for.
        name: String,
    },
    /// A socket failed.
    #[error("socket {address}")]
    Socket {
        /// Its address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A community of SNMPv2c.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// Its name.
    pub name: String,
    /// SET is allowed.
    pub write: bool,
}

/// Where notifications go.
#[derive(Debug, Clone)]
pub struct NotificationTarget {
    /// The receiver.
    pub address: SocketAddr,
    /// The user in whose name they are sent: authPriv.
    pub credentials: Credentials,
    /// Informs, which the receiver confirms; else traps.
    pub inform: bool,
}

/// What an agent needs.
#[derive(Debug, Clone)]
pub struct AgentSetup {
    /// Name in logs and errors.
    pub name: String,
    /// Where it answers; port 0 takes a free one.
    pub bind: SocketAddr,
    /// SNMPv3 users, all with read and write access at authPriv.
    pub users: Vec<Keys>,
    /// SNMPv2c communities.
    pub communities: Vec<Community>,
    /// Its engine, booted.
    pub engine: AuthoritativeEngine,
    /// Where notifications go, with the user's keys.
    pub target: Option<(NotificationTarget, Keys)>,
    /// Largest message that it sends or takes, octets.
    pub max_message_size: usize,
}

/// Largest message of an agent unless said otherwise: one Ethernet frame.
pub const DEFAULT_MESSAGE_SIZE: usize = 1472;

/// An agent that answers.
pub struct RunningAgent {
    agent: Agent,
    inform: bool,
    task: JoinHandle<()>,
}

impl RunningAgent {
    /// Starts an agent on a handler that serves all of its variables.
    pub async fn start(setup: AgentSetup, handler: Arc<dyn MibHandler>) -> Result<Self, SimulatorError> {
        let name = setup.name.clone();
        let failed = |reason: String| SimulatorError::Agent { agent: name.clone(), reason };
        let mut builder = Agent::builder()
            .bind(setup.bind.to_string())
            .max_message_size(setup.max_message_size)
            .authoritative_engine(setup.engine)
            .without_builtin_handlers()
            // Every object lies under iso(1); there is one handler, so GETNEXT asks no other.
            .handler(Oid::from_slice(&[1]), handler);
        for community in &setup.communities {
            builder = builder.community(community.name.as_str());
        }
        for keys in &setup.users {
            builder = builder
                .usm_user(keys.user().to_owned(), |user| user.with_master_keys(keys.master().clone()))
                .map_err(|e| failed(e.to_string()))?;
        }
        builder = builder.vacm(|vacm| {
            let mut vacm = vacm.view("all", |v| v.include(Oid::from_slice(&[1])));
            for community in &setup.communities {
                let group = if community.write { "writers" } else { "readers" };
                vacm = vacm.group(community.name.clone(), SecurityModel::V2c, group);
            }
            for keys in &setup.users {
                vacm = vacm.group(keys.user().to_owned(), SecurityModel::Usm, "operators");
            }
            if let Some((_, keys)) = &setup.target
                && !setup.users.iter().any(|u| u.user() == keys.user())
            {
                vacm = vacm.group(keys.user().to_owned(), SecurityModel::Usm, "notifiers");
            }
            vacm.access("readers", SecurityModel::V2c, SecurityLevel::NoAuthNoPriv, |a| a.read_view("all"))
                .access("writers", SecurityModel::V2c, SecurityLevel::NoAuthNoPriv, |a| {
                    a.read_view("all").write_view("all")
                })
                .access("operators", SecurityModel::Usm, SecurityLevel::AuthPriv, |a| {
                    a.context_match_prefix().read_view("all").write_view("all").notify_view("all")
                })
                .access("notifiers", SecurityModel::Usm, SecurityLevel::AuthPriv, |a| a.notify_view("all"))
        });
        let mut inform = false;
        if let Some((target, keys)) = &setup.target {
            inform = target.inform;
            let id = NotificationSinkId::new("manager").map_err(|e| failed(e.to_string()))?;
            let auth = Auth::Usm(keys.usm_config().map_err(|e| failed(e.to_string()))?);
            builder = builder.trap_sink(id, target.address.to_string(), auth);
        }
        let agent = builder.build().await.map_err(|e| failed(e.to_string()))?;
        let running = agent.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = running.run().await {
                tracing::error!(agent = name, %error, "agent ended");
            }
        });
        Ok(Self { agent, inform, task })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.agent.local_addr()
    }

    /// snmpEngineBoots and snmpEngineTime.
    pub fn engine_boots_time(&self) -> (u32, u32) {
        self.agent.engine_boots_time().unwrap_or((0, 0))
    }

    /// A handle that sends notifications from another task.
    pub fn notifier(&self) -> Notifier {
        Notifier { agent: self.agent.clone(), inform: self.inform }
    }

    /// Stops answering and gives the port free.
    pub async fn stop(self) {
        self.agent.cancel();
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "agent's task failed");
        }
    }
}

/// Sends notifications of an agent.
#[derive(Clone)]
pub struct Notifier {
    agent: Agent,
    inform: bool,
}

impl Notifier {
    /// Sends a notification to the configured receiver, if there is one. A trap is gone when this
    /// returns; an inform is confirmed or given up.
    pub async fn notify(&self, notification: &notify::Notification) {
        let bindings = notification.bindings();
        let (oid, up_time) = (notification.oid(), notification.up_time_cs);
        if self.inform {
            self.agent.send_inform_best_effort(&oid, up_time, bindings).await;
        } else {
            self.agent.send_trap_best_effort(&oid, up_time, bindings).await;
        }
    }
}
