//! The demo's campus: two cores, three distribution switches, eight access switches and a stack, two
//! routers, and some 300 endpoints.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use netwarden_model::Mac;

use super::World;
use super::attach::{address_in, address6_in};
use super::device::{
    Device, DeviceNo, FdbIds, Kind, Model, Place, Port, PortKind, PortNo, Subinterface, VlanRow,
};
use super::port_set::PortSet;
use crate::time::SimTime;

pub mod people;

/// The VLAN in which network elements are managed.
pub const MANAGEMENT: u16 = 99;
/// The VLAN of PCs, and the PVID of unused access ports.
pub const USERS: u16 = 10;
/// The phones' VLAN.
pub const VOICE: u16 = 20;
/// The printers' VLAN.
pub const PRINTERS: u16 = 30;
/// The servers' VLAN.
pub const SERVERS: u16 = 40;
/// The cameras' VLAN.
pub const CAMERAS: u16 = 50;
/// The guests' VLAN.
pub const GUESTS: u16 = 60;
/// Where enforcement puts what it does not know.
pub const QUARANTINE: u16 = 666;
/// All VLANs with their names.
pub const VLANS: [(u16, &str); 9] = [
    (1, "default"),
    (USERS, "users"),
    (VOICE, "voice"),
    (PRINTERS, "printers"),
    (SERVERS, "servers"),
    (CAMERAS, "cameras"),
    (GUESTS, "guests"),
    (MANAGEMENT, "management"),
    (QUARANTINE, "quarantine"),
];

/// Large chassis: bridge port equals ifIndex, VLAN ids as FDB ids.
pub const CORE: Model = Model {
    descr: "Simulated core switch CX-8400, software 16.10",
    object_id: &[1, 3, 6, 1, 4, 1, 99_999, 1, 1],
    fdb_ids: FdbIds::VlanId,
    lldp_by_if_index: true,
    ingress_filtering: true,
    self_in_fdb: false,
    dot1d_fdb: true,
    ip_net_to_physical: true,
    dot3ad: true,
    renumbers: false,
};

/// Distribution: bridge ports count anew, FDB ids are running numbers.
pub const DISTRIBUTION: Model = Model {
    descr: "Simulated distribution switch DX-520, software 7.1",
    object_id: &[1, 3, 6, 1, 4, 1, 99_999, 1, 2],
    fdb_ids: FdbIds::Ordinal,
    lldp_by_if_index: true,
    ingress_filtering: true,
    self_in_fdb: true,
    dot1d_fdb: false,
    ip_net_to_physical: false,
    dot3ad: true,
    renumbers: false,
};

/// Access switch of the common kind.
pub const ACCESS: Model = Model {
    descr: "Simulated access switch AX-2448, software 4.22",
    object_id: &[1, 3, 6, 1, 4, 1, 99_999, 1, 3],
    fdb_ids: FdbIds::VlanId,
    lldp_by_if_index: false,
    ingress_filtering: true,
    self_in_fdb: true,
    dot1d_fdb: true,
    ip_net_to_physical: false,
    dot3ad: false,
    renumbers: false,
};

/// Older access switch: running FDB ids, no ingress filtering.
pub const ACCESS_OLD: Model = Model {
    descr: "Simulated access switch LX-24, software 2.9",
    object_id: &[1, 3, 6, 1, 4, 1, 99_999, 1, 4],
    fdb_ids: FdbIds::Ordinal,
    lldp_by_if_index: true,
    ingress_filtering: false,
    self_in_fdb: false,
    dot1d_fdb: true,
    ip_net_to_physical: false,
    dot3ad: true,
    renumbers: false,
};

/// Stack: gives ifIndex anew at every boot; ifName stays.
pub const STACK: Model = Model {
    descr: "Simulated stackable switch SX-3650, software 12.2",
    object_id: &[1, 3, 6, 1, 4, 1, 99_999, 1, 5],
    fdb_ids: FdbIds::VlanId,
    lldp_by_if_index: false,
    ingress_filtering: true,
    self_in_fdb: false,
    dot1d_fdb: false,
    ip_net_to_physical: false,
    dot3ad: true,
    renumbers: true,
};

/// Router.
pub const ROUTER: Model = Model {
    descr: "Simulated router RX-1000, software 9.4",
    object_id: &[1, 3, 6, 1, 4, 1, 99_999, 1, 6],
    fdb_ids: FdbIds::VlanId,
    lldp_by_if_index: true,
    ingress_filtering: true,
    self_in_fdb: false,
    dot1d_fdb: false,
    ip_net_to_physical: true,
    dot3ad: false,
    renumbers: false,
};

/// How a switch's ports are named and numbered.
#[derive(Debug, Clone, Copy)]
pub struct Numbering {
    /// ifName is this and the port's number, with `{unit}` replaced by the stack's unit.
    pub name: &'static str,
    /// ifIndex of port 1 of unit 1, and the step from unit to unit.
    pub first_if_index: u32,
    /// Added per unit of a stack.
    pub unit_step: u32,
    /// Bridge port of port 1 of unit 1 (a unit has room for 64).
    pub first_base: u32,
}

/// Builds devices port by port.
pub(crate) struct DeviceBuilder {
    device: Device,
    next_mac: u64,
}

impl DeviceBuilder {
    pub(crate) fn new(name: &str, kind: Kind, model: Model, number: u16, now: SimTime) -> Self {
        let base = 0x00_1b_c5_00_00_00 | u64::from(number) << 12;
        let base_mac = mac_of(base);
        let [high, low] = (10 + number).to_be_bytes();
        Self {
            device: Device {
                name: name.to_owned(),
                location: String::new(),
                kind,
                model,
                management: Ipv4Addr::new(10, 99, high, low),
                base_mac,
                management_vlan: MANAGEMENT,
                ports: Vec::new(),
                vlans: BTreeMap::new(),
                fdb: HashMap::new(),
                arp: BTreeMap::new(),
                subinterfaces: Vec::new(),
                booted: now,
                up_before_s: 86_400 * (11 + u64::from(number) * 7),
                speaks_lldp: true,
                rebooting: false,
                version: 1,
                config_version: 1,
                trunks: Vec::new(),
            },
            next_mac: base + 1,
        }
    }

    pub(crate) fn add(
        &mut self,
        name: String,
        if_index: u32,
        base_port: Option<u32>,
        kind: PortKind,
        speed_mbps: u32,
    ) -> PortNo {
        let number = PortNo(u16::try_from(self.device.ports.len()).unwrap_or(u16::MAX));
        let mac = mac_of(self.next_mac);
        self.next_mac += 1;
        self.device.ports.push(Port {
            name,
            if_index,
            base_port,
            alias: String::new(),
            mac,
            kind,
            speed_mbps,
            admin_up: true,
            oper_up: false,
            last_change: self.device.booted,
            member_of: None,
            cable: None,
            peer: None,
            blocked: false,
            pvid: 1,
            kept_up: false,
            notifies: false,
        });
        number
    }

    /// `count` Ethernet ports of unit `unit` (from 1).
    pub(crate) fn ethernet(&mut self, n: Numbering, unit: u32, count: u32, speed_mbps: u32) {
        for port in 0..count {
            let name = format!("{}{}", n.name.replace("{unit}", &unit.to_string()), port + 1);
            let if_index = n.first_if_index + (unit - 1) * n.unit_step + port;
            let base = n.first_base + (unit - 1) * 64 + port;
            self.add(name, if_index, Some(base), PortKind::Ethernet, speed_mbps);
        }
    }

    /// An aggregate of earlier ports, which stop being bridge ports themselves.
    pub(crate) fn aggregate(&mut self, name: &str, if_index: u32, base: u32, members: &[PortNo]) -> PortNo {
        let speed: u32 = members.iter().filter_map(|m| self.device.port(*m)).map(|p| p.speed_mbps).sum();
        let aggregate = self.add(name.to_owned(), if_index, Some(base), PortKind::Aggregate, speed);
        for member in members {
            if let Some(port) = self.device.port_mut(*member) {
                port.member_of = Some(aggregate);
                port.base_port = None;
            }
        }
        aggregate
    }

    /// The VLANs, with every present bridge port an untagged member of `default_vlan`.
    pub(crate) fn vlans(&mut self, default_vlan: u16) {
        let bridged: Vec<PortNo> =
            self.device.numbered_ports().filter(|(_, p)| p.base_port.is_some()).map(|(n, _)| n).collect();
        for (ordinal, (id, name)) in (1u32..).zip(VLANS) {
            let members: PortSet =
                if id == default_vlan { bridged.iter().copied().collect() } else { PortSet::new() };
            let fdb_id = match self.device.model.fdb_ids {
                FdbIds::VlanId => u32::from(id),
                FdbIds::Ordinal => ordinal,
            };
            let row = VlanRow { name: name.to_owned(), fdb_id, egress: members.clone(), untagged: members };
            self.device.vlans.insert(id, row);
        }
        for port in &mut self.device.ports {
            port.pvid = default_vlan;
            port.notifies = port.base_port.is_some();
        }
    }

    /// The device's own interface in the management VLAN.
    pub(crate) fn management_interface(&mut self, if_index: u32) {
        let vlan = self.device.management_vlan;
        let port = self.add(format!("Vlan{vlan}"), if_index, None, PortKind::Vlan(vlan), 1000);
        let mac = self.device.base_mac;
        if let Some(port) = self.device.port_mut(port) {
            port.mac = mac;
        }
    }

    pub(crate) fn done(self) -> Device {
        self.device
    }
}

impl World {
    /// Adds a device.
    pub(crate) fn add_device(&mut self, device: Device) -> DeviceNo {
        let number = DeviceNo(u16::try_from(self.devices.len()).unwrap_or(u16::MAX));
        self.devices.push(device);
        let wait = Duration::from_millis(self.chance().below(30_000));
        self.schedule_device(number, wait);
        number
    }

    /// Connects two ports by a cable. Members of aggregates carry their aggregates.
    pub(crate) fn cable(&mut self, a: Place, b: Place) {
        for (here, there) in [(a, b), (b, a)] {
            let far = self.device(there.device).map(|d| d.logical(there.port)).unwrap_or(there.port);
            let Some(device) = self.device_mut(here.device) else { continue };
            let logical = device.logical(here.port);
            if let Some(port) = device.port_mut(here.port) {
                port.cable = Some(there);
                port.notifies = false;
            }
            if let Some(port) = device.port_mut(logical) {
                port.peer = Some(Place { device: there.device, port: far });
                port.notifies = false;
            }
            if !device.trunks.contains(&logical) {
                device.trunks.push(logical);
            }
        }
    }

    /// Makes a port a trunk: tagged member of every VLAN but 1, which is its untagged one.
    pub(crate) fn trunk(&mut self, place: Place) {
        let Some(device) = self.device_mut(place.device) else { return };
        for (id, row) in &mut device.vlans {
            row.egress.insert(place.port);
            if *id == 1 {
                row.untagged.insert(place.port);
            } else {
                row.untagged.remove(place.port);
            }
        }
        if let Some(port) = device.port_mut(place.port) {
            port.pvid = 1;
        }
    }

    /// Makes a port an access port of `vlan`, with these VLANs tagged beside it.
    pub(crate) fn access(&mut self, place: Place, vlan: u16, tagged: &[u16]) {
        let Some(device) = self.device_mut(place.device) else { return };
        for (id, row) in &mut device.vlans {
            let untagged_here = *id == vlan;
            if untagged_here || tagged.contains(id) {
                row.egress.insert(place.port);
            } else {
                row.egress.remove(place.port);
            }
            if untagged_here {
                row.untagged.insert(place.port);
            } else {
                row.untagged.remove(place.port);
            }
        }
        if let Some(port) = device.port_mut(place.port) {
            port.pvid = vlan;
        }
    }

    pub(crate) fn set_alias(&mut self, place: Place, alias: &str) {
        if let Some(port) = self.device_mut(place.device).and_then(|d| d.port_mut(place.port)) {
            port.alias = alias.to_owned();
        }
    }
}

const CORE_PORTS: Numbering = Numbering { name: "1/1/", first_if_index: 1, unit_step: 0, first_base: 1 };
const DIST_PORTS: Numbering =
    Numbering { name: "Ten-GigabitEthernet1/0/", first_if_index: 10_101, unit_step: 0, first_base: 1 };
const ACCESS_PORTS: Numbering =
    Numbering { name: "GigabitEthernet0/", first_if_index: 10_101, unit_step: 0, first_base: 1 };
const OLD_PORTS: Numbering = Numbering { name: "port", first_if_index: 1, unit_step: 0, first_base: 1 };
const STACK_PORTS: Numbering =
    Numbering { name: "GigabitEthernet{unit}/0/", first_if_index: 10_101, unit_step: 500, first_base: 1 };

/// The access switches and the distribution switch that each hangs on.
const ACCESS_SWITCHES: [(&str, &str, bool, &str); 8] = [
    ("acc-a1", "dist-a", false, "Building A, floor 1"),
    ("acc-a2", "dist-a", false, "Building A, floor 2"),
    ("acc-a3", "dist-a", true, "Building A, floor 3"),
    ("acc-b1", "dist-b", false, "Building B, floor 1"),
    ("acc-b2", "dist-b", true, "Building B, floor 2"),
    ("acc-b3", "dist-b", false, "Building B, floor 3"),
    ("acc-c1", "dist-c", false, "Building C, workshop"),
    ("acc-c2", "dist-c", true, "Building C, warehouse"),
];

impl World {
    /// The demo's campus at `now`, everybody connected who stays overnight or, with `everybody`,
    /// everybody there is. Tables are filled.
    pub fn campus(seed: u64, now: SimTime, everybody: bool) -> World {
        let mut world = World::new(seed, now);
        world.build_backbone();
        world.build_access();
        world.refresh_links();
        people::settle_in(&mut world, everybody);
        world.refresh_links();
        world.settle();
        world.settle(); // the second round finds gateways and switches learned
        world.take_effects();
        world
    }

    fn build_backbone(&mut self) {
        let now = self.now();
        let mut cores = Vec::new();
        for (name, location) in [("core-1", "Building A, basement"), ("core-2", "Building B, basement")] {
            let mut b = DeviceBuilder::new(name, Kind::Switch, CORE, self.devices.len() as u16, now);
            b.ethernet(CORE_PORTS, 1, 24, 10_000);
            b.aggregate("lag1", 1001, 1001, &[PortNo(0), PortNo(1)]);
            b.aggregate("lag2", 1002, 1002, &[PortNo(2), PortNo(3)]);
            b.vlans(1);
            b.management_interface(2099);
            let mut device = b.done();
            device.location = location.to_owned();
            cores.push(self.add_device(device));
        }
        let mut dists = Vec::new();
        for (name, location) in [
            ("dist-a", "Building A, ground floor"),
            ("dist-b", "Building B, ground floor"),
            ("dist-c", "Building C, server room"),
        ] {
            let mut b = DeviceBuilder::new(name, Kind::Switch, DISTRIBUTION, self.devices.len() as u16, now);
            b.ethernet(DIST_PORTS, 1, 32, 10_000);
            b.aggregate("Bridge-Aggregation1", 11_001, 513, &[PortNo(0), PortNo(1)]);
            b.aggregate("Bridge-Aggregation2", 11_002, 514, &[PortNo(4), PortNo(5)]);
            b.vlans(1);
            b.management_interface(12_099);
            let mut device = b.done();
            device.location = location.to_owned();
            dists.push(self.add_device(device));
        }
        let (&[core1, core2], &[dist_a, dist_b, dist_c]) = (cores.as_slice(), dists.as_slice()) else {
            return;
        };
        // core-1 and core-2 by an aggregate of two cables, dist-a and dist-b likewise below them.
        for (a, b, ports) in [
            (core1, core2, [(0, 0), (1, 1)]),
            (core1, dist_a, [(2, 0), (3, 1)]),
            (core2, dist_b, [(2, 0), (3, 1)]),
        ] {
            for (pa, pb) in ports {
                self.cable(Place { device: a, port: PortNo(pa) }, Place { device: b, port: PortNo(pb) });
            }
        }
        // dist-c by one cable, and dist-a's way to core-2, which the spanning tree blocks.
        self.cable(Place { device: core1, port: PortNo(6) }, Place { device: dist_c, port: PortNo(2) });
        self.cable(Place { device: core2, port: PortNo(8) }, Place { device: dist_a, port: PortNo(2) });
        for place in [Place { device: dist_a, port: PortNo(2) }, Place { device: core2, port: PortNo(8) }] {
            if let Some(port) = self.device_mut(place.device).and_then(|d| d.port_mut(place.port)) {
                port.blocked = true;
            }
        }
        for (number, (name, core)) in [("rtr-1", core1), ("rtr-2", core2)].into_iter().enumerate() {
            let router = self.router(name, number);
            self.cable(Place { device: router, port: PortNo(0) }, Place { device: core, port: PortNo(10) });
        }
        let backbone: Vec<Place> = self.trunk_places();
        for place in backbone {
            self.trunk(place);
            self.set_alias(place, "uplink");
        }
    }

    fn router(&mut self, name: &str, which: usize) -> DeviceNo {
        let number = self.devices.len() as u16;
        let mut b = DeviceBuilder::new(name, Kind::Router, ROUTER, number, self.now());
        b.add("ge-0/0/0".to_owned(), 501, None, PortKind::Ethernet, 10_000);
        let mut interfaces = Vec::new();
        for (index, (vlan, _)) in VLANS.iter().enumerate().skip(1) {
            // Quarantine ends at the first router alone, and leads nowhere.
            if *vlan == QUARANTINE && which != 0 {
                continue;
            }
            let port =
                b.add(format!("ge-0/0/0.{vlan}"), 510 + index as u32, None, PortKind::Vlan(*vlan), 10_000);
            let first_is_master = !matches!(*vlan, SERVERS | PRINTERS | CAMERAS | MANAGEMENT);
            let own = 2 + which as u16;
            interfaces.push(Subinterface {
                vlan: *vlan,
                port,
                ip: address_in(*vlan, own),
                ip6: address6_in(*vlan, mac_of(0x00_1b_c5_fe_00_00 | u64::from(own))),
                virtual_ip: address_in(*vlan, 1),
                virtual_mac: Mac::new([0, 0, 0x5e, 0, 1, (*vlan % 255) as u8]),
                master: *vlan == QUARANTINE || first_is_master == (which == 0),
                isolated: *vlan == QUARANTINE,
            });
        }
        let mut device = b.done();
        device.management = address_in(MANAGEMENT, 2 + which as u16);
        device.location = "Building A, basement".to_owned();
        device.subinterfaces = interfaces;
        self.add_device(device)
    }

    fn build_access(&mut self) {
        let now = self.now();
        let mut next_downlink: HashMap<&str, u16> = HashMap::new();
        let mut uplinks = Vec::new();
        for (name, above, old, location) in ACCESS_SWITCHES {
            let number = self.devices.len() as u16;
            let mut b = if old {
                let mut b = DeviceBuilder::new(name, Kind::Switch, ACCESS_OLD, number, now);
                b.ethernet(OLD_PORTS, 1, 48, 1000);
                b.ethernet(
                    Numbering { name: "uplink", first_if_index: 49, unit_step: 0, first_base: 49 },
                    1,
                    2,
                    10_000,
                );
                b
            } else {
                let mut b = DeviceBuilder::new(name, Kind::Switch, ACCESS, number, now);
                b.ethernet(ACCESS_PORTS, 1, 48, 1000);
                b.ethernet(
                    Numbering {
                        name: "TenGigabitEthernet0/",
                        first_if_index: 10_149,
                        unit_step: 0,
                        first_base: 49,
                    },
                    1,
                    2,
                    10_000,
                );
                b
            };
            b.vlans(USERS);
            b.management_interface(if old { 600 } else { 5099 });
            let mut device = b.done();
            device.location = location.to_owned();
            let device = self.add_device(device);
            let Some(dist) = self.device_named(above) else { continue };
            let downlink = next_downlink.entry(above).or_insert(10);
            uplinks
                .push((Place { device, port: PortNo(48) }, Place { device: dist, port: PortNo(*downlink) }));
            *downlink += 1;
        }
        // The stack of three: its uplink is an aggregate over two units.
        let number = self.devices.len() as u16;
        let mut b = DeviceBuilder::new("stack-b", Kind::Switch, STACK, number, now);
        for unit in 1..=3 {
            b.ethernet(STACK_PORTS, unit, 26, 1000);
        }
        b.aggregate("Port-channel1", 15_001, 769, &[PortNo(24), PortNo(50)]);
        b.vlans(USERS);
        b.management_interface(16_099);
        let mut device = b.done();
        device.location = "Building B, open-plan office".to_owned();
        let device = self.add_device(device);
        if let Some(dist) = self.device_named("dist-b") {
            for (near, far) in [(24, 4), (50, 5)] {
                uplinks
                    .push((Place { device, port: PortNo(near) }, Place { device: dist, port: PortNo(far) }));
            }
        }
        for (near, far) in uplinks {
            self.cable(near, far);
        }
        let trunks = self.trunk_places();
        for place in trunks {
            self.trunk(place);
            self.set_alias(place, "uplink");
        }
    }

    fn trunk_places(&self) -> Vec<Place> {
        self.devices()
            .flat_map(|(device, d)| d.trunks.iter().map(move |port| Place { device, port: *port }))
            .collect()
    }
}

pub(crate) fn mac_of(bits: u64) -> Mac {
    Mac::from_u64(bits & 0xffff_ffff_ffff).unwrap_or(Mac::new([0; 6]))
}
