//! Large networks: a tree of switches with endpoints on its access ports, tables filled as if every
//! endpoint had just spoken to the gateway at the root. For the property test of location and for
//! benchmarks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use netwarden_model::{Clock, Mac, Reading};

use crate::agent::handler::{DeviceHandler, SharedWorld};
use crate::agent::{
    AgentSetup, BootCounts, Community, Credentials, DEFAULT_MESSAGE_SIZE, EngineId, RunningAgent,
    SimulatorError,
};
use crate::reading::reading;
use crate::time::{Chance, SimTime};
use crate::world::device::{FdbRow, Kind, Place, PortNo};
use crate::world::endpoint::{Addressing, EndpointKind};
use crate::world::layout::people::endpoint;
use crate::world::layout::{
    ACCESS, ACCESS_OLD, CORE, DISTRIBUTION, DeviceBuilder, MANAGEMENT, Numbering, USERS, mac_of,
};
use crate::world::truth::Truth;
use crate::world::{DeviceNo, World};

/// What kind of network.
#[derive(Debug, Clone, Copy)]
pub struct GenerateOptions {
    /// The same seed gives the same network.
    pub seed: u64,
    /// Switches; the first is the root of the tree.
    pub switches: u16,
    /// Access ports of each.
    pub ports: u16,
    /// Endpoints, spread over all access ports at random: some ports get several.
    pub endpoints: u32,
    /// Switches below one switch, at most.
    pub fan_out: u16,
    /// Of 100 uplinks, so many are aggregates of two cables.
    pub lag_percent: u8,
    /// Of 100 switches, so many speak LLDP.
    pub lldp_percent: u8,
    /// Broadcasts of so many endpoints have reached every switch; at most all of them.
    pub broadcasts: u32,
    /// Endpoints have spoken to nobody beyond their own switch: all tables have about the same size.
    pub local: bool,
    /// How long each agent takes over a request that reads.
    pub delay: Duration,
}

impl Default for GenerateOptions {
    /// 500 switches of 24 ports with 5,000 endpoints; a quarter of the uplinks aggregates.
    fn default() -> Self {
        Self {
            seed: 1,
            switches: 500,
            ports: 24,
            endpoints: 5_000,
            fan_out: 8,
            lag_percent: 25,
            lldp_percent: 100,
            broadcasts: 20,
            local: false,
            delay: Duration::ZERO,
        }
    }
}

/// A generated network.
#[derive(Debug)]
pub struct Generated {
    world: World,
    seed: u64,
    delay: Duration,
}

impl Generated {
    /// Builds it.
    pub fn new(options: GenerateOptions) -> Self {
        let mut world = World::new(options.seed, SimTime::at(12, 0, 0));
        let mut chance = Chance::new(options.seed ^ 0x9e4e);
        let parents = build_tree(&mut world, &options, &mut chance);
        world.refresh_links();
        populate(&mut world, &options, &mut chance, &parents);
        world.take_effects();
        Self { world, seed: options.seed, delay: options.delay }
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Switch and ifName at which an address really is.
    pub fn truth(&self, mac: Mac) -> Option<(String, String)> {
        self.world.truth(mac).pop().map(|l| (l.device, l.if_name))
    }

    /// Everybody, with switch and ifName.
    pub fn located(&self) -> Vec<(Mac, String, String)> {
        self.world.located().into_iter().map(|l| (l.mac, l.device, l.if_name)).collect()
    }

    /// True where the port leads to another switch.
    pub fn is_uplink(&self, switch: &str, if_name: &str) -> bool {
        self.world.is_uplink(switch, if_name)
    }

    /// What a poll of each switch would bring, in the order of the switches.
    pub fn readings(&self) -> Vec<Reading> {
        self.world.devices().filter_map(|(number, _)| reading(&self.world, number)).collect()
    }

    /// Starts an agent per switch on free ports of loopback. A process needs as many file descriptors
    /// as there are switches, and some.
    pub async fn serve(
        self,
        users: &[Credentials],
        communities: &[Community],
        clock: Arc<dyn Clock>,
    ) -> Result<ServedNetwork, SimulatorError> {
        let keys = users.iter().map(Credentials::keys).collect::<Result<Vec<_>, _>>()?;
        let devices: Vec<(DeviceNo, String, Mac)> =
            self.world.devices().map(|(n, d)| (n, d.name.clone(), d.base_mac)).collect();
        let shared = Arc::new(SharedWorld::still(self.world, clock));
        let counts = BootCounts::in_memory();
        let mut agents = Vec::with_capacity(devices.len());
        for (device, name, mac) in devices {
            let id = EngineId::of_device(self.seed, mac);
            let engine = counts.boot(&id)?;
            let handler = DeviceHandler::new(Arc::clone(&shared), device, id, engine.engine_boots())
                .with_delay(self.delay);
            let setup = AgentSetup {
                name: name.clone(),
                bind: SocketAddr::from(([127, 0, 0, 1], 0)),
                users: keys.clone(),
                communities: communities.to_vec(),
                engine,
                target: None,
                max_message_size: DEFAULT_MESSAGE_SIZE,
            };
            agents.push((name, RunningAgent::start(setup, Arc::new(handler)).await?));
        }
        Ok(ServedNetwork { shared, agents })
    }
}

/// A generated network that answers.
pub struct ServedNetwork {
    shared: Arc<SharedWorld>,
    agents: Vec<(String, RunningAgent)>,
}

impl ServedNetwork {
    /// sysName and address of every agent.
    pub fn agents(&self) -> Vec<(String, SocketAddr)> {
        self.agents.iter().map(|(name, agent)| (name.clone(), agent.address())).collect()
    }

    /// Looks at the world or changes it. Time stands still in it.
    pub fn with_world<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        self.shared.with(act)
    }

    /// Stops all agents.
    pub async fn stop(self) {
        for (_, agent) in self.agents {
            agent.stop().await;
        }
    }
}

/// Builds switches and cables; returns for each switch the parent's port that leads to it.
fn build_tree(world: &mut World, options: &GenerateOptions, chance: &mut Chance) -> Vec<Option<Place>> {
    let fan_out = options.fan_out.max(1);
    let mut parents: Vec<Option<Place>> = Vec::new();
    let mut lags: Vec<bool> = Vec::new();
    for number in 0..options.switches {
        lags.push(number > 0 && chance.percent(u64::from(options.lag_percent)));
    }
    for number in 0..options.switches {
        let first_child = u32::from(number) * u32::from(fan_out) + 1;
        let children: Vec<u16> = (first_child..first_child + u32::from(fan_out))
            .filter_map(|c| u16::try_from(c).ok())
            .filter(|c| *c < options.switches)
            .collect();
        let model = match number % 4 {
            0 => CORE,
            1 => DISTRIBUTION,
            2 => ACCESS,
            _ => ACCESS_OLD,
        };
        // The models' own ways of counting: ifIndex as the bridge port, or a number of its own.
        let first_if_index = if number % 2 == 0 { 1 } else { 10_101 };
        let ports = |name, skip: u16| Numbering {
            name,
            first_if_index: first_if_index + u32::from(skip),
            unit_step: 0,
            first_base: 1 + u32::from(skip),
        };
        let mut b = DeviceBuilder::new(&format!("sw-{number:04}"), Kind::Switch, model, number, world.now());
        b.ethernet(ports("port", 0), 1, u32::from(options.ports), 1000);
        let links = 2 + 2 * u32::try_from(children.len()).unwrap_or(0);
        b.ethernet(ports("uplink", options.ports), 1, links, 10_000);
        let link = |which: u16| PortNo(options.ports + which);
        let mut aggregates = Vec::new();
        let own_lag = lags.get(usize::from(number)).copied().unwrap_or(false);
        aggregates.extend(own_lag.then_some((0, 0)));
        for (child, slot) in children.iter().zip(1u16..) {
            let is_lag = lags.get(usize::from(*child)).copied().unwrap_or(false);
            aggregates.extend(is_lag.then_some((slot, slot * 2)));
        }
        for (slot, first) in aggregates {
            let base = u32::from(options.ports) + links + 1 + u32::from(slot);
            let members = [link(first), link(first + 1)];
            b.aggregate(&format!("lag{slot}"), 20_000 + u32::from(slot), base, &members);
        }
        b.vlans(USERS);
        b.management_interface(30_000);
        let mut device = b.done();
        device.speaks_lldp = chance.percent(u64::from(options.lldp_percent));
        let device = world.add_device(device);
        let parent = number.checked_sub(1).map(|n| (DeviceNo(n / fan_out), 1 + n % fan_out));
        parents.push(parent.map(|(parent, slot)| {
            for cable in 0..if own_lag { 2 } else { 1 } {
                world.cable(
                    Place { device, port: link(cable) },
                    Place { device: parent, port: link(slot * 2 + cable) },
                );
            }
            let down = world.device(parent).map_or(link(slot * 2), |p| p.logical(link(slot * 2)));
            for (device, port) in [(device, link(0)), (parent, down)] {
                let port = world.device(device).map_or(port, |d| d.logical(port));
                world.trunk(Place { device, port });
            }
            Place { device: parent, port: down }
        }));
    }
    parents
}

fn populate(world: &mut World, options: &GenerateOptions, chance: &mut Chance, parents: &[Option<Place>]) {
    let now = world.now();
    let row = |port: PortNo| FdbRow { port, seen: now };
    let switches: Vec<DeviceNo> = world.devices().map(|(n, _)| n).collect();
    let mut flooded: Vec<(Mac, u16, DeviceNo, Option<PortNo>)> = Vec::new();
    for number in 0..options.endpoints {
        let device = DeviceNo(u16::try_from(chance.below(u64::from(options.switches))).unwrap_or(0));
        let port = PortNo(u16::try_from(chance.below(u64::from(options.ports))).unwrap_or(0));
        let mac = mac_of(0x00_14_22_00_00_00 + u64::from(number) * 3 + 1);
        let mut e = endpoint(format!("e-{number}"), EndpointKind::Pc, mac);
        e.addressing = Addressing::Lease((number % 60_000) as u16);
        e.place = Some(Place { device, port });
        let endpoint = world.add_endpoint(e);
        world.attached.entry(Place { device, port }).or_default().push(endpoint);
        if let Some(p) = world.device_mut(device).and_then(|d| d.port_mut(port)) {
            p.oper_up = true;
        }
        let way = if options.local { &[] } else { parents };
        learn_to_root(world, way, (mac, USERS), device, Some(port), now);
        if number < options.broadcasts {
            flooded.push((mac, USERS, device, Some(port)));
        }
    }
    // Every switch's own address in the management VLAN, on the way to the root.
    for device in &switches {
        let Some(mac) = world.device(*device).map(|d| d.base_mac) else { continue };
        learn_to_root(world, parents, (mac, MANAGEMENT), *device, None, now);
    }
    // The gateway behind the root, and what was broadcast, on everybody else's way up.
    let gateway = Mac::new([0, 0, 0x5e, 0, 1, 10]);
    for device in &switches {
        let Some(d) = world.device(*device) else { continue };
        let Some(up) =
            d.trunks.iter().copied().find(|t| is_way_up(parents, *device, d.port(*t).and_then(|p| p.peer)))
        else {
            continue;
        };
        let root = switches.first().and_then(|r| world.device(*r)).map(|r| r.base_mac);
        if let Some(d) = world.device_mut(*device) {
            d.fdb.insert((USERS, gateway), row(up));
            if let Some(root) = root {
                d.fdb.insert((MANAGEMENT, root), row(up));
            }
            for (mac, vlan, _, _) in &flooded {
                d.fdb.entry((*vlan, *mac)).or_insert(row(up));
            }
            d.touch_config();
        }
    }
}

fn is_way_up(parents: &[Option<Place>], device: DeviceNo, peer: Option<Place>) -> bool {
    parents.get(usize::from(device.0)).copied().flatten().is_some_and(|up| peer == Some(up))
}

/// Every switch from `device` to the root learns the address on the port that leads to it.
fn learn_to_root(
    world: &mut World,
    parents: &[Option<Place>],
    (mac, vlan): (Mac, u16),
    device: DeviceNo,
    port: Option<PortNo>,
    now: SimTime,
) {
    let mut at = port.map(|port| Place { device, port });
    let mut next = parents.get(usize::from(device.0)).copied().flatten();
    loop {
        if let Some(place) = at
            && let Some(d) = world.device_mut(place.device)
        {
            d.fdb.insert((vlan, mac), FdbRow { port: place.port, seen: now });
            d.touch_config();
        }
        let Some(up) = next else { return };
        at = Some(up);
        next = parents.get(usize::from(up.device.0)).copied().flatten();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::world::device::PortKind;

    #[test]
    fn every_address_is_learned_on_the_way_to_the_root_and_at_its_port() {
        let network = Generated::new(GenerateOptions { lldp_percent: 50, ..GenerateOptions::default() });
        let located: HashMap<Mac, (String, String)> =
            network.located().into_iter().map(|(m, d, p)| (m, (d, p))).collect();
        assert_eq!(located.len(), 5_000);
        let mut at_home = 0;
        let mut aggregates = 0;
        for (_, device) in network.world().devices() {
            for ((_, mac), row) in &device.fdb {
                let port = device.port(row.port).unwrap();
                aggregates += u32::from(port.kind == PortKind::Aggregate);
                assert_eq!(port.member_of, None);
                if network.is_uplink(&device.name, &port.name) {
                    assert_ne!(located.get(mac), Some(&(device.name.clone(), port.name.clone())));
                } else {
                    assert_eq!(located.get(mac), Some(&(device.name.clone(), port.name.clone())));
                    at_home += 1;
                }
            }
        }
        assert_eq!(at_home, 5_000);
        assert!(aggregates > 1_000);
        let root = network.world().device(DeviceNo(0)).unwrap();
        assert_eq!(root.fdb.len(), 5_000 + 499);
    }

    #[test]
    fn readings_are_complete_and_neighbours_mutual() {
        let network =
            Generated::new(GenerateOptions { switches: 40, endpoints: 200, ..GenerateOptions::default() });
        let readings = network.readings();
        assert_eq!(readings.len(), 40);
        let cables: usize = readings.iter().map(|r| r.neighbours.len()).sum();
        assert!(cables >= 78 && cables.is_multiple_of(2), "{cables}");
        for reading in &readings {
            for entry in &reading.fdb {
                assert!(entry.if_name.is_some());
            }
        }
    }

    #[test]
    fn a_thousand_switches_are_no_burden() {
        let network = Generated::new(GenerateOptions {
            switches: 1_000,
            ports: 48,
            endpoints: 40_000,
            ..GenerateOptions::default()
        });
        let rows: usize = network.world().devices().map(|(_, d)| d.fdb.len()).sum();
        assert!((100_000..400_000).contains(&rows), "{rows}");
    }
}
