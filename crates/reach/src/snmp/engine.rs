//! The engine: few sockets and tasks for all agents.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use netwarden_snmp::generator::AgentConfig;
use netwarden_snmp::stats::Stats;
use netwarden_snmp::usm::KeyCache;
use tokio::task::JoinHandle;

use super::credentials::{Credentials, CredentialsError};
use super::lane::{Lane, Sockets, drive};
use super::session::{SessionOptions, SnmpSession};
use super::socket;

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Local IPv4 address that requests are sent from; None: no IPv4.
    pub bind_v4: Option<Ipv4Addr>,
    /// Local IPv6 address that requests are sent from; None: no IPv6. A system without IPv6 is no error.
    pub bind_v6: Option<Ipv6Addr>,
    /// Octets of each socket's receive and send buffers, as far as the system allows.
    pub buffer_octets: usize,
    /// Sockets (of each family) and tasks that the agents are spread over.
    pub lanes: usize,
    /// From which message ids, salts and jitter are made; None: from the system's random source. Give
    /// one in tests alone.
    pub seed: Option<[u8; 32]>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            bind_v4: Some(Ipv4Addr::UNSPECIFIED),
            bind_v6: Some(Ipv6Addr::UNSPECIFIED),
            buffer_octets: 8 << 20,
            lanes: 1,
            seed: None,
        }
    }
}

struct Running {
    lanes: Vec<Arc<Lane>>,
    tasks: Vec<JoinHandle<()>>,
    next: AtomicUsize,
    keys: KeyCache,
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// SNMP towards all agents. Cheap to clone; runs until it and all its sessions are dropped.
#[derive(Clone)]
pub struct SnmpEngine {
    running: Arc<Running>,
}

impl SnmpEngine {
    /// Binds the sockets and starts the tasks, on the present tokio runtime.
    pub fn start(config: EngineConfig) -> io::Result<Self> {
        let mut lanes = Vec::new();
        let mut tasks = Vec::new();
        for number in 0..config.lanes.max(1) {
            let mut seed = config.seed.unwrap_or_else(rand::random);
            if let Some(first) = seed.first_mut() {
                *first = first.wrapping_add(number.to_le_bytes()[0]);
            }
            let lane = Lane::new(seed);
            tasks.push(tokio::spawn(drive(Arc::clone(&lane), sockets(&config)?)));
            lanes.push(lane);
        }
        let running = Running { lanes, tasks, next: AtomicUsize::new(0), keys: KeyCache::default() };
        Ok(Self { running: Arc::new(running) })
    }

    /// A session with one agent; nothing is sent yet. A password seen the first time costs some
    /// milliseconds of CPU.
    pub fn session(
        &self,
        target: SocketAddr,
        credentials: &Credentials,
        options: SessionOptions,
    ) -> Result<SnmpSession, CredentialsError> {
        let security = credentials.security(&self.running.keys)?;
        let turn = self.running.next.fetch_add(1, Ordering::Relaxed);
        let lanes = &self.running.lanes;
        let lane = lanes
            .iter()
            .cycle()
            .nth(turn % lanes.len().max(1))
            .cloned()
            .unwrap_or_else(|| Lane::new([0; 32]));
        let id = lane.add_agent(AgentConfig { address: target, security, options: options.into() });
        Ok(SnmpSession::new(self.clone(), lane, id, target, credentials, options))
    }

    /// Counters of all agents since the start.
    pub fn stats(&self) -> Stats {
        let mut total = Stats::default();
        for lane in &self.running.lanes {
            total += lane.stats();
        }
        total
    }
}

impl fmt::Debug for SnmpEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnmpEngine").field("lanes", &self.running.lanes.len()).finish_non_exhaustive()
    }
}

fn sockets(config: &EngineConfig) -> io::Result<Sockets> {
    let bind = |ip: IpAddr| socket::bind(SocketAddr::new(ip, 0), config.buffer_octets);
    let v4 = config.bind_v4.map(|ip| bind(ip.into())).transpose()?;
    let v6 = match config.bind_v6 {
        None => None,
        Some(ip) => match bind(ip.into()) {
            Ok(socket) => Some(socket),
            Err(error) if ip.is_unspecified() => {
                tracing::info!(%error, "no IPv6 for SNMP");
                None
            }
            Err(error) => return Err(error),
        },
    };
    Ok(Sockets { v4, v6 })
}
