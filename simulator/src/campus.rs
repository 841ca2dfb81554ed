//! The campus with its agents: a world, one agent per device, a driver that lets time pass.
//!
//! ```text
//!   agents (async-snmp) ──GET──► Tables ◄── SharedWorld ◄── driver: script, advance, effects
//!        └─────────────SET──► SharedWorld ──changed──► driver ──► notifications ──► manager
//! ```
//!
//! The driver is one tokio task. It wakes every [`TICK`] and after every SET, applies what the script
//! has due, advances the world, sends the notifications of what happened and restarts agents.

mod driver;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::{Clock, Mac, Reading};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

use crate::agent::handler::{DeviceHandler, SetRecord, SharedWorld};
use crate::agent::{
    AgentSetup, BootCounts, Community, Credentials, DEFAULT_MESSAGE_SIZE, EngineId, Keys, NotificationTarget,
    RunningAgent, SimulatorError,
};
use crate::day::{Happening, Script};
use crate::fault::{Fault, Relay};
use crate::reading::reading;
use crate::time::SimTime;
use crate::world::device::{Kind, Place};
use crate::world::truth::{Located, Truth};
use crate::world::{DeviceNo, EndpointNo, World};

/// How often the driver lets time pass.
pub const TICK: Duration = Duration::from_millis(20);

/// What kind of campus.
#[derive(Debug, Clone)]
pub struct CampusOptions {
    /// The same seed gives the same campus and the same day.
    pub seed: u64,
    /// Simulated seconds in a real one: 210 makes a working day last four minutes.
    pub speed: f64,
    /// What happens.
    pub script: Script,
    /// SNMPv3 users of every agent.
    pub users: Vec<Credentials>,
    /// SNMPv2c communities of every agent; none: SNMPv3 only.
    pub communities: Vec<Community>,
    /// Where notifications go; None: none are sent.
    pub notifications: Option<NotificationTarget>,
    /// Where agents answer.
    pub ip: IpAddr,
    /// Port of the first agent, the others follow; None takes free ones.
    pub first_port: Option<u16>,
    /// Keeps boot counts over restarts of the process.
    pub boot_file: Option<PathBuf>,
    /// Faults of some agents, by sysName.
    pub faults: HashMap<String, Fault>,
    /// The clock that stamps announcements and the log of SETs.
    pub clock: Arc<dyn Clock>,
}

impl CampusOptions {
    /// A still campus with everybody there, at real speed, user `netwarden`, on free ports.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            script: Script::Still,
            users: vec![Credentials::usual("netwarden", "simulated-auth", "simulated-priv")],
            communities: Vec::new(),
            notifications: None,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            first_port: None,
            boot_file: None,
            faults: HashMap::new(),
            clock,
        }
    }
}

/// An agent of the campus.
#[derive(Debug, Clone)]
pub struct CampusAgent {
    /// sysName.
    pub name: String,
    /// Switch or router.
    pub kind: Kind,
    /// sysLocation.
    pub location: String,
    /// Where it answers, for as long as the campus runs.
    pub address: SocketAddr,
    /// snmpEngineID.
    pub engine_id: EngineId,
    /// Users that it knows.
    pub users: Vec<Credentials>,
}

/// Something that has happened.
#[derive(Debug, Clone)]
pub struct Announcement {
    /// When.
    pub at: Timestamp,
    /// When, on the campus.
    pub sim_time: SimTime,
    /// What.
    pub happening: Happening,
    /// The address of the endpoint it is about, where there is one.
    pub mac: Option<Mac>,
    /// In a plain sentence.
    pub sentence: String,
}

/// A running campus.
pub struct Campus {
    shared: Arc<SharedWorld>,
    agents: Vec<CampusAgent>,
    announcements: broadcast::Sender<Announcement>,
    history: Arc<Mutex<Vec<Announcement>>>,
    stop: watch::Sender<bool>,
    driver: JoinHandle<()>,
    relays: Vec<Relay>,
}

struct Booter {
    setups: Vec<DeviceSetup>,
    counts: BootCounts,
    keys: Vec<Keys>,
    communities: Vec<Community>,
    target: Option<(NotificationTarget, Keys)>,
    shared: Arc<SharedWorld>,
}

struct DeviceSetup {
    name: String,
    device: DeviceNo,
    engine: EngineId,
    bind: SocketAddr,
}

impl Booter {
    async fn boot(&self, device: DeviceNo) -> Result<RunningAgent, SimulatorError> {
        let setup = self
            .setups
            .get(usize::from(device.0))
            .ok_or_else(|| SimulatorError::Unknown { what: "device", name: device.0.to_string() })?;
        let engine = self.counts.boot(&setup.engine)?;
        let handler = DeviceHandler::new(
            Arc::clone(&self.shared),
            setup.device,
            setup.engine.clone(),
            engine.engine_boots(),
        );
        let setup = AgentSetup {
            name: setup.name.clone(),
            bind: setup.bind,
            users: self.keys.clone(),
            communities: self.communities.clone(),
            engine,
            target: self.target.clone(),
            max_message_size: DEFAULT_MESSAGE_SIZE,
        };
        RunningAgent::start(setup, Arc::new(handler)).await
    }
}

impl Campus {
    /// Starts all agents and the driver.
    pub async fn start(options: CampusOptions) -> Result<Self, SimulatorError> {
        let world = World::campus(options.seed, options.script.begin(), options.script.begins_full());
        let script = options.script.happenings(options.seed, &world);
        let shared = Arc::new(SharedWorld::new(world, options.speed, Arc::clone(&options.clock)));
        let keys = options.users.iter().map(Credentials::keys).collect::<Result<Vec<_>, _>>()?;
        let target = match &options.notifications {
            Some(target) => Some((target.clone(), target.credentials.keys()?)),
            None => None,
        };
        let counts = match &options.boot_file {
            Some(path) => BootCounts::in_file(path)?,
            None => BootCounts::in_memory(),
        };
        let described: Vec<(DeviceNo, String, Kind, String, Mac)> = shared.with(|world| {
            world
                .devices()
                .map(|(n, d)| (n, d.name.clone(), d.kind, d.location.clone(), d.base_mac))
                .collect()
        });
        let mut booter =
            Booter { setups: Vec::new(), counts, keys, communities: options.communities, target, shared };
        let mut running = Vec::new();
        let mut agents = Vec::new();
        let mut relays = Vec::new();
        for (device, name, kind, location, mac) in described {
            let engine = EngineId::of_device(options.seed, mac);
            let fault = options.faults.get(&name);
            let port = options.first_port.map_or(0, |first| first.saturating_add(device.0));
            // A fault needs a relay in front; the agent itself then answers on another port.
            let bind = SocketAddr::new(options.ip, if fault.is_some() { 0 } else { port });
            let setup = DeviceSetup { name: name.clone(), device, engine: engine.clone(), bind };
            booter.setups.push(setup);
            let agent = booter.boot(device).await?;
            let mut address = agent.address();
            if let Some(setup) = booter.setups.last_mut() {
                setup.bind = address; // reboots come back on the same port
            }
            if let Some(fault) = fault {
                let relay =
                    Relay::start(SocketAddr::new(options.ip, port), address, fault.clone(), options.seed)
                        .await?;
                address = relay.address();
                relays.push(relay);
            }
            running.push(Some(agent));
            agents.push(CampusAgent {
                name,
                kind,
                location,
                address,
                engine_id: engine,
                users: options.users.clone(),
            });
        }
        let (announcements, _) = broadcast::channel(4096);
        let history = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::clone(&booter.shared);
        let driver = driver::Driver {
            booter,
            running,
            script: script.into(),
            announcements: announcements.clone(),
            history: Arc::clone(&history),
            mac_histories: HashMap::new(),
            senders: HashMap::new(),
        };
        let driver = tokio::spawn(driver.run(stopped));
        Ok(Self { shared, agents, announcements, history, stop, driver, relays })
    }

    /// All agents, in the order in which the campus is built.
    pub fn agents(&self) -> &[CampusAgent] {
        &self.agents
    }

    /// The agent of this sysName.
    pub fn agent(&self, name: &str) -> Option<&CampusAgent> {
        self.agents.iter().find(|a| a.name == name)
    }

    /// Hears what happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Announcement> {
        self.announcements.subscribe()
    }

    /// What has happened so far.
    pub fn history(&self) -> Vec<Announcement> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The simulated time.
    pub fn sim_now(&self) -> SimTime {
        self.shared.sim_now()
    }

    /// Looks at the world.
    pub fn with_world<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        self.shared.with(look)
    }

    /// Makes something happen now. Returns the address of the endpoint it is about, if any.
    pub fn inject(&self, happening: Happening) -> Option<Mac> {
        let now = self.shared.sim_now();
        let announcement = self.shared.with(|world| {
            world.advance(now);
            perform(world, happening, self.shared.wall_time())
        });
        let mac = announcement.mac;
        self.history.lock().unwrap_or_else(PoisonError::into_inner).push(announcement.clone());
        // Nobody listening is fine.
        drop(self.announcements.send(announcement));
        self.shared.changed.notify_one();
        mac
    }

    /// The port of this ifName on the switch of this sysName.
    pub fn place(&self, device: &str, if_name: &str) -> Result<Place, SimulatorError> {
        self.shared
            .with(|world| world.place(device, if_name))
            .ok_or_else(|| SimulatorError::Unknown { what: "port", name: format!("{device} {if_name}") })
    }

    /// The endpoint of this name.
    pub fn endpoint(&self, name: &str) -> Result<EndpointNo, SimulatorError> {
        self.shared
            .with(|world| world.endpoint_named(name))
            .ok_or_else(|| SimulatorError::Unknown { what: "endpoint", name: name.to_owned() })
    }

    /// Plugs a device with this address, unknown so far, into a port.
    pub fn rogue_arrives(&self, device: &str, if_name: &str, mac: Mac) -> Result<(), SimulatorError> {
        let place = self.place(device, if_name)?;
        self.inject(Happening::RogueArrives { mac, place });
        Ok(())
    }

    /// Takes all endpoints with this address off their ports.
    pub fn unplug(&self, mac: Mac) {
        for who in self.shared.with(|world| world.with_mac(mac)) {
            self.inject(Happening::Leaves(who));
        }
    }

    /// Takes everything off one port.
    pub fn unplug_port(&self, device: &str, if_name: &str) -> Result<(), SimulatorError> {
        let place = self.place(device, if_name)?;
        for who in self.shared.with(|world| world.at(place).to_vec()) {
            self.inject(Happening::Leaves(who));
        }
        Ok(())
    }

    /// Connects the endpoint with this address to another port.
    pub fn move_to(&self, mac: Mac, device: &str, if_name: &str) -> Result<(), SimulatorError> {
        let to = self.place(device, if_name)?;
        let who = self.with_address(mac)?;
        self.inject(Happening::Moves { who, to });
        Ok(())
    }

    /// Another device uses this address at a port, while its owner stays where it is.
    pub fn spoof(&self, mac: Mac, device: &str, if_name: &str) -> Result<(), SimulatorError> {
        let place = self.place(device, if_name)?;
        let victim = self.with_address(mac)?;
        self.inject(Happening::MacUsedElsewhere { victim, place });
        Ok(())
    }

    /// The endpoint with this address answers for an IP address that is another's.
    pub fn steal_arp(&self, thief: Mac, ip: Ipv4Addr) -> Result<(), SimulatorError> {
        let thief = self.with_address(thief)?;
        self.inject(Happening::ArpStolen { thief, ip });
        Ok(())
    }

    fn with_address(&self, mac: Mac) -> Result<EndpointNo, SimulatorError> {
        self.shared
            .with(|world| world.with_mac(mac).first().copied())
            .ok_or_else(|| SimulatorError::Unknown { what: "endpoint", name: mac.to_string() })
    }

    /// What a perfect poll of each device would bring now, with its sysName.
    pub fn readings(&self) -> Vec<(String, Reading)> {
        self.shared.with(|world| {
            world
                .devices()
                .filter_map(|(number, d)| Some((d.name.clone(), reading(world, number)?)))
                .collect()
        })
    }

    /// Where everybody really is.
    pub fn located(&self) -> Vec<Located> {
        self.shared.with(|world| world.located())
    }

    /// All places at which this address is used.
    pub fn truth(&self, mac: Mac) -> Vec<Located> {
        self.shared.with(|world| world.truth(mac))
    }

    /// True where the port leads to another network element.
    pub fn is_uplink(&self, device: &str, if_name: &str) -> bool {
        self.shared.with(|world| world.is_uplink(device, if_name))
    }

    /// Would a ping pass between the endpoints that use these addresses (any of them, where several do)?
    pub fn reachable(&self, a: Mac, b: Mac) -> bool {
        let now = self.shared.sim_now();
        self.shared.with(|world| {
            world.advance(now);
            let (from, to) = (world.with_mac(a), world.with_mac(b));
            from.iter().any(|a| to.iter().any(|b| world.reachable(*a, *b)))
        })
    }

    /// All SET requests that agents carried out.
    pub fn set_log(&self) -> Vec<SetRecord> {
        self.shared.set_log()
    }

    /// Stops all agents and the driver.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.driver.await {
            tracing::warn!(%error, "the campus' driver failed");
        }
        for relay in self.relays {
            relay.stop().await;
        }
    }
}

fn perform(world: &mut World, happening: Happening, at: Timestamp) -> Announcement {
    let sentence = happening.describe(world);
    let brought = happening.apply(world);
    let about = match &happening {
        Happening::Arrives(who)
        | Happening::Leaves(who)
        | Happening::FallsAsleep(who)
        | Happening::WakesUp(who)
        | Happening::Roams { who, .. }
        | Happening::Moves { who, .. }
        | Happening::ArpStolen { thief: who, .. }
        | Happening::ArpReturned { thief: who, .. } => Some(*who),
        _ => brought,
    };
    let mac = about.and_then(|who| world.endpoint(who)).map(|e| e.mac);
    Announcement { at, sim_time: world.now(), happening, mac, sentence }
}
