//! Who lives on the campus: PCs behind phones and alone, printers, cameras, access points with
//! wireless clients, hypervisors with virtual machines, servers, and a small unmanaged switch.

use std::net::Ipv6Addr;

use super::{CAMERAS, GUESTS, MANAGEMENT, PRINTERS, SERVERS, USERS, VOICE, mac_of};
use crate::time::SimTime;
use crate::world::World;
use crate::world::attach::address_in;
use crate::world::device::{DeviceNo, Place, PortNo};
use crate::world::endpoint::{Addressing, Endpoint, EndpointKind, EndpointNo, LldpSpeaker};

/// LLDP capability bits (IEEE 802.1AB 8.5.8.1), as the MIB's BITS show them.
const CAP_BRIDGE: u8 = 0x20;
const CAP_WLAN: u8 = 0x10;
const CAP_TELEPHONE: u8 = 0x04;

struct Settler<'w> {
    world: &'w mut World,
    everybody: bool,
    hosts: u16,
}

/// Creates the endpoints. Those that stay overnight are connected; with `everybody`, all are.
pub(crate) fn settle_in(world: &mut World, everybody: bool) {
    let mut s = Settler { world, everybody, hosts: 0x0100 };
    let floors = ["acc-a1", "acc-a2", "acc-a3", "acc-b1", "acc-b2", "acc-b3"];
    let mut pcs = 0u32;
    for (floor, name) in (0u64..).zip(floors) {
        let Some(device) = s.world.device_named(name) else { continue };
        let mut ports = PortCursor::new(s.world, device);
        // 8 phones with a PC behind each, 8 PCs alone, 2 printers, 2 cameras, 1 access point.
        for n in 0..8u32 {
            let Some(place) = ports.next() else { break };
            let number = floor as u32 * 8 + n;
            s.phone(number, place);
            pcs += 1;
            s.pc(pcs, place, true);
        }
        for _ in 0..8 {
            let Some(place) = ports.next() else { break };
            pcs += 1;
            s.pc(pcs, place, false);
        }
        for n in 0..2 {
            if let Some(place) = ports.next() {
                s.printer(floor as u32 * 2 + n + 1, place);
            }
        }
        for n in 0..2 {
            if let Some(place) = ports.next() {
                s.camera(floor as u32 * 2 + n + 1, place);
            }
        }
        if let Some(place) = ports.next() {
            s.access_point(floor as u32 + 1, place);
        }
    }
    if let Some(device) = s.world.device_named("stack-b") {
        let mut ports = PortCursor::new(s.world, device);
        for n in 0..12 {
            let Some(place) = ports.next() else { break };
            s.phone(48 + n, place);
            pcs += 1;
            s.pc(pcs, place, true);
        }
        for _ in 0..14 {
            let Some(place) = ports.next() else { break };
            pcs += 1;
            s.pc(pcs, place, false);
        }
        if let Some(place) = ports.next() {
            s.access_point(7, place);
        }
    }
    if let Some(device) = s.world.device_named("acc-c1") {
        let mut ports = PortCursor::new(s.world, device);
        // A meeting room's small switch: five PCs on one port.
        if let Some(place) = ports.next() {
            s.world.set_alias(place, "small switch, meeting room C1");
            if let Some(port) = s.world.device_mut(device).and_then(|d| d.port_mut(place.port)) {
                port.kept_up = true;
            }
            for _ in 0..5 {
                pcs += 1;
                s.pc(pcs, place, true);
            }
        }
        for n in 13..=16 {
            if let Some(place) = ports.next() {
                s.camera(n, place);
            }
        }
        for n in 13..=14 {
            if let Some(place) = ports.next() {
                s.printer(n, place);
            }
        }
        if let Some(place) = ports.next() {
            s.access_point(8, place);
        }
    }
    if let Some(device) = s.world.device_named("acc-c2") {
        let mut ports = PortCursor::new(s.world, device);
        for n in 17..=20 {
            if let Some(place) = ports.next() {
                s.camera(n, place);
            }
        }
        for _ in 0..4 {
            if let Some(place) = ports.next() {
                pcs += 1;
                s.pc(pcs, place, false);
            }
        }
    }
    if let Some(device) = s.world.device_named("dist-c") {
        let mut ports = PortCursor::starting_at(s.world, device, 15);
        for n in 1..=2 {
            if let Some(place) = ports.next() {
                s.hypervisor(n, place);
            }
        }
        for n in 1..=12 {
            if let Some(place) = ports.next() {
                s.server(n, place);
            }
        }
    }
    s.wireless(50);
}

struct PortCursor {
    device: DeviceNo,
    ports: std::vec::IntoIter<PortNo>,
}

impl PortCursor {
    fn new(world: &World, device: DeviceNo) -> Self {
        Self::starting_at(world, device, 0)
    }

    fn starting_at(world: &World, device: DeviceNo, skip: usize) -> Self {
        let ports: Vec<PortNo> = world.free_ports(device).into_iter().skip(skip).collect();
        Self { device, ports: ports.into_iter() }
    }

    fn next(&mut self) -> Option<Place> {
        self.ports.next().map(|port| Place { device: self.device, port })
    }
}

impl Settler<'_> {
    fn host(&mut self) -> u16 {
        self.hosts = self.hosts.wrapping_add(1);
        self.hosts
    }

    fn add(&mut self, mut endpoint: Endpoint, place: Place, overnight: bool) -> EndpointNo {
        endpoint.home = Some(place);
        endpoint.period_s = u16::try_from(self.world.chance().between(45, 110)).unwrap_or(60);
        let number = self.world.add_endpoint(endpoint);
        if overnight || self.everybody {
            self.world.put(number, place);
        }
        number
    }

    fn pc(&mut self, number: u32, place: Place, behind: bool) {
        let mac = mac_of(0x00_14_22_00_00_00 + u64::from(number) * 0x101 + 7);
        if !behind {
            self.world.access(place, USERS, &[]);
        }
        let mut e = endpoint(format!("pc-{number:03}"), EndpointKind::Pc, mac);
        e.addressing = Addressing::Lease(self.host());
        e.ip6 = Some(Ipv6Addr::UNSPECIFIED);
        e.holds_link = !behind;
        // Every eighth is never switched off.
        self.add(e, place, number.is_multiple_of(8));
    }

    fn phone(&mut self, number: u32, place: Place) {
        let mac = mac_of(0x00_04_0d_00_00_00 + u64::from(number) * 0x203 + 3);
        self.world.access(place, USERS, &[VOICE]);
        let mut e = endpoint(format!("phone-{number:03}"), EndpointKind::Phone, mac);
        e.tag = Some(VOICE);
        e.addressing = Addressing::Lease(self.host());
        e.lldp = Some(LldpSpeaker {
            // Phones with a second socket announce the bridge that they are.
            capabilities: CAP_BRIDGE | CAP_TELEPHONE,
            descr: "Simulated IP phone, firmware 5.2",
            port_id: Some("WAN PORT"),
        });
        self.add(e, place, true);
    }

    fn printer(&mut self, number: u32, place: Place) {
        let mac = mac_of(0x00_1b_78_00_00_00 + u64::from(number) * 0x311 + 5);
        self.world.access(place, PRINTERS, &[]);
        self.world.set_alias(place, "printer");
        let mut e = endpoint(format!("printer-{number:02}"), EndpointKind::Printer, mac);
        e.addressing = Addressing::Static(address_in(PRINTERS, 0x0a00 + number as u16));
        self.add(e, place, true);
    }

    fn camera(&mut self, number: u32, place: Place) {
        let mac = mac_of(0x00_40_8c_00_00_00 + u64::from(number) * 0x407 + 1);
        self.world.access(place, CAMERAS, &[]);
        self.world.set_alias(place, "camera");
        let mut e = endpoint(format!("camera-{number:02}"), EndpointKind::Camera, mac);
        e.addressing = Addressing::Static(address_in(CAMERAS, 0x0a00 + number as u16));
        self.add(e, place, true);
    }

    fn access_point(&mut self, number: u32, place: Place) {
        let mac = mac_of(0x00_0b_86_00_00_00 + u64::from(number) * 0x509 + 2);
        self.world.access(place, MANAGEMENT, &[USERS, GUESTS]);
        self.world.set_alias(place, "access point");
        let mut e = endpoint(format!("ap-{number}"), EndpointKind::AccessPoint, mac);
        e.addressing = Addressing::Static(address_in(MANAGEMENT, 0x0b00 + number as u16));
        e.lldp = Some(LldpSpeaker {
            capabilities: CAP_BRIDGE | CAP_WLAN,
            descr: "Simulated access point, firmware 8.10",
            port_id: None,
        });
        self.add(e, place, true);
    }

    fn hypervisor(&mut self, number: u32, place: Place) {
        let mac = mac_of(0x00_25_90_00_f0_00 | u64::from(number));
        self.world.access(place, MANAGEMENT, &[SERVERS]);
        self.world.set_alias(place, "hypervisor");
        let mut e = endpoint(format!("hypervisor-{number}"), EndpointKind::Hypervisor, mac);
        e.addressing = Addressing::Static(address_in(MANAGEMENT, 0x0c00 + number as u16));
        self.add(e, place, true);
        for vm in 1..=6u32 {
            let mac = mac_of(0x00_50_56_00_00_00 | u64::from(number * 0x1000 + vm * 17));
            let mut e = endpoint(format!("vm-{number}{vm}"), EndpointKind::VirtualMachine, mac);
            e.tag = Some(SERVERS);
            e.addressing = Addressing::Static(address_in(SERVERS, 0x0d00 + (number * 16 + vm) as u16));
            e.holds_link = false;
            self.add(e, place, true);
        }
    }

    fn server(&mut self, number: u32, place: Place) {
        let mac = mac_of(0x00_25_90_00_00_00 + u64::from(number) * 0x1d);
        self.world.access(place, SERVERS, &[]);
        self.world.set_alias(place, "server");
        let mut e = endpoint(format!("server-{number:02}"), EndpointKind::Server, mac);
        e.addressing = Addressing::Static(address_in(SERVERS, 0x0a00 + number as u16));
        e.ip6 = Some(Ipv6Addr::UNSPECIFIED);
        self.add(e, place, true);
    }

    /// Wireless clients: most with a randomised address, some guests; they start at an access point
    /// that chance picks.
    fn wireless(&mut self, count: u32) {
        let points: Vec<Place> = self
            .world
            .endpoints()
            .filter(|(_, e)| e.kind == EndpointKind::AccessPoint)
            .filter_map(|(_, e)| e.home)
            .collect();
        for number in 1..=count {
            let bits = self.world.chance().next_u64();
            let mac = if number % 5 == 0 {
                mac_of(0x3c_22_fb_00_00_00 | bits & 0xff_ffff)
            } else {
                // Locally administered, not a group address: second bit of the first octet set, first clear.
                mac_of(bits & 0xfcff_ffff_ffff | 0x0200_0000_0000)
            };
            let guest = number % 3 == 0;
            let mut e = endpoint(format!("wlan-{number:02}"), EndpointKind::WirelessClient, mac);
            e.tag = Some(if guest { GUESTS } else { USERS });
            e.addressing = Addressing::Lease(self.host());
            e.ip6 = Some(Ipv6Addr::UNSPECIFIED);
            e.holds_link = false;
            if let Some(place) = self.world.chance().pick(&points).copied() {
                self.add(e, place, false);
            }
        }
    }
}

/// An endpoint with the usual habits, away.
pub(crate) fn endpoint(name: String, kind: EndpointKind, mac: netwarden_model::Mac) -> Endpoint {
    Endpoint {
        name,
        kind,
        mac,
        tag: None,
        addressing: Addressing::None,
        ip: None,
        ip6: None,
        place: None,
        home: None,
        awake: true,
        holds_link: true,
        lldp: None,
        claims: Vec::new(),
        fresh: true,
        next: SimTime::ZERO,
        period_s: 60,
    }
}
