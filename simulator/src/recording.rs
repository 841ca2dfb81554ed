//! Serves a recorded walk of a real device (`.snmprec`) as an agent.
//!
//! SNMPv1 and v2c are answered here with any community; where the community or the SNMPv3 context
//! names a VLAN (`x@10`, `vlan-10`) and `NAME@10.snmprec` lies beside the file, that one is served.
//! SNMPv3 goes on to an agent of the crate on a port of its own. The device is read-only.

pub mod parse;
mod respond;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_snmp::handler::{BoxFuture, GetNextResult, GetResult, HandlerResult, MibHandler, RequestContext};
use async_snmp::{Oid, VarBind};
use netwarden_model::Mac;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

pub use parse::{Recording, Reject};

use crate::agent::{AgentSetup, BootCounts, Credentials, EngineId, RunningAgent, SimulatorError};
use crate::fault::{Backend, Fault};

/// Some recorded values are larger than an Ethernet frame; the SNMPv3 side sends fragments for them.
const LARGEST_MESSAGE: usize = 16_384;

/// An agent whose answers are well-formed and nonsense. All of them apply to SNMPv1 and v2c.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Oddity {
    /// None.
    #[default]
    None,
    /// After the last variable the same object goes on for ever with rising instances.
    Endless,
    /// GETNEXT of every variable after this many from the beginning answers with itself.
    StandsStill {
        /// How many variables come in order.
        after: usize,
    },
    /// After the last variable the first one comes again.
    Loops,
    /// GETBULK with more repetitions is answered with tooBig.
    TooBigAbove {
        /// The largest number of repetitions that is answered.
        repetitions: u32,
    },
    /// Answers carry another request-id.
    WrongRequestId,
    /// Answers end in the middle.
    Truncated,
    /// Every request is answered with genErr.
    GeneralError,
}

/// Where one recording is served from.
#[derive(Debug)]
pub struct RecordedAgent {
    address: SocketAddr,
    rejects: Vec<Reject>,
    variables: usize,
    task: JoinHandle<()>,
    agent: RunningAgent,
}

impl std::fmt::Debug for RunningAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningAgent").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// The recordings of one device: the device's own, and those of its VLANs.
#[derive(Debug, Default)]
pub(crate) struct Device {
    main: Recording,
    vlans: BTreeMap<u16, Recording>,
}

impl Device {
    /// The recording that a community or a context asks for.
    fn view(&self, name: &[u8]) -> &Recording {
        let text = std::str::from_utf8(name).unwrap_or("");
        let vlan = text.rsplit_once('@').map(|(_, vlan)| vlan).or_else(|| text.strip_prefix("vlan-"));
        vlan.and_then(|v| v.parse().ok()).and_then(|v: u16| self.vlans.get(&v)).unwrap_or(&self.main)
    }
}

/// The SNMPv3 user of recorded agents unless told otherwise.
pub fn usual_user() -> Credentials {
    Credentials::usual("netwarden", "simulated-auth", "simulated-priv")
}

impl RecordedAgent {
    /// Serves the file on `bind` with the usual SNMPv3 user ([`usual_user`]).
    pub async fn start(path: &Path, bind: SocketAddr) -> Result<Self, SimulatorError> {
        Self::start_odd(path, bind, &[usual_user()], Oddity::None).await
    }

    /// Serves the file with these SNMPv3 users and an oddity.
    pub async fn start_odd(
        path: &Path,
        bind: SocketAddr,
        users: &[Credentials],
        oddity: Oddity,
    ) -> Result<Self, SimulatorError> {
        let (main, rejects) = read(path)?;
        let mut device = Device { main, vlans: BTreeMap::new() };
        let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(folder) = path.parent() {
            for (vlan, path) in siblings(folder, &name)? {
                device.vlans.insert(vlan, read(&path)?.0);
            }
        }
        Self::serve(&name, device, rejects, bind, users, oddity).await
    }

    /// Serves rows that come from no file.
    pub async fn start_rows(
        name: &str,
        recording: Recording,
        bind: SocketAddr,
        oddity: Oddity,
    ) -> Result<Self, SimulatorError> {
        let device = Device { main: recording, vlans: BTreeMap::new() };
        Self::serve(name, device, Vec::new(), bind, &[usual_user()], oddity).await
    }

    async fn serve(
        name: &str,
        device: Device,
        rejects: Vec<Reject>,
        bind: SocketAddr,
        users: &[Credentials],
        oddity: Oddity,
    ) -> Result<Self, SimulatorError> {
        let variables = device.main.len();
        let device = Arc::new(device);
        let keys = users.iter().map(Credentials::keys).collect::<Result<Vec<_>, _>>()?;
        // FNV-1a of the name: recordings served side by side have different engine ids.
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
        let [.., a, b, c, d, e, f] = seed.rotate_left(17).to_be_bytes();
        let engine = EngineId::of_device(seed, Mac::new([a, b, c, d, e, f]));
        let setup = AgentSetup {
            name: name.to_owned(),
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            users: keys,
            communities: Vec::new(),
            engine: BootCounts::in_memory().boot(&engine)?,
            target: None,
            max_message_size: LARGEST_MESSAGE,
        };
        let agent = RunningAgent::start(setup, Arc::new(Handler(Arc::clone(&device)))).await?;
        let socket_error = |source| SimulatorError::Socket { address: bind, source };
        let front = Arc::new(UdpSocket::bind(bind).await.map_err(socket_error)?);
        let address = front.local_addr().map_err(socket_error)?;
        let backend = Backend::new(agent.address(), Arc::clone(&front), Fault::default(), seed);
        let task = tokio::spawn(answer(front, device, oddity, backend));
        Ok(Self { address, rejects, variables, task, agent })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lines of the file that could not be used.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// How many variables it serves.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// Stops answering.
    pub async fn stop(self) {
        self.task.abort();
        drop(self.task.await); // cancelled is what we asked for
        self.agent.stop().await;
    }
}

fn read(path: &Path) -> Result<(Recording, Vec<Reject>), SimulatorError> {
    let octets = std::fs::read(path)
        .map_err(|source| SimulatorError::File { path: path.display().to_string(), source })?;
    Ok(Recording::parse(&octets))
}

/// `NAME@VLAN.snmprec` beside the file.
fn siblings(folder: &Path, name: &str) -> Result<Vec<(u16, std::path::PathBuf)>, SimulatorError> {
    // A bare file name has the empty path as its parent.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let failed = |source| SimulatorError::File { path: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let vlan = file
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('@'))
            .and_then(|rest| rest.strip_suffix(".snmprec"))
            .and_then(|vlan| vlan.parse().ok());
        found.extend(vlan.map(|vlan| (vlan, path)));
    }
    Ok(found)
}

async fn answer(front: Arc<UdpSocket>, device: Arc<Device>, oddity: Oddity, mut backend: Backend) {
    let mut buffer = vec![0u8; 65_536];
    loop {
        let (length, manager) = match front.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "recording: receive failed");
                tokio::time::sleep(Duration::from_millis(1)).await;
                continue;
            }
        };
        let datagram = buffer.get(..length).unwrap_or(&[]);
        if respond::is_v3(datagram) {
            backend.forward(manager, datagram).await;
            continue;
        }
        match respond::respond(datagram, &device, oddity) {
            Ok(response) => {
                if let Err(error) = front.send_to(&response, manager).await {
                    tracing::debug!(%error, "recording: the manager is not there");
                }
            }
            // Agents are silent about what is no SNMP (RFC 3417 section 4).
            Err(error) => tracing::debug!(%error, %manager, "recording: unreadable request"),
        }
    }
}

/// The SNMPv3 side.
struct Handler(Arc<Device>);

impl MibHandler for Handler {
    fn get<'a>(&'a self, ctx: &'a RequestContext, oid: &'a Oid) -> BoxFuture<'a, HandlerResult<GetResult>> {
        let result = match self.0.view(ctx.context_name()).get(oid) {
            Some(value) => GetResult::Value(value.clone()),
            None => GetResult::NoSuchInstance,
        };
        Box::pin(std::future::ready(Ok(result)))
    }

    fn get_next<'a>(
        &'a self,
        ctx: &'a RequestContext,
        oid: &'a Oid,
    ) -> BoxFuture<'a, HandlerResult<GetNextResult>> {
        let result = match self.0.view(ctx.context_name()).next(oid) {
            Some((next, value)) => GetNextResult::Value(VarBind::new(next.clone(), value.clone())),
            None => GetNextResult::EndOfMibView,
        };
        Box::pin(std::future::ready(Ok(result)))
    }
}
