//! How frames travel (IEEE 802.1Q clause 8): ingress by PVID or tag, learning, forwarding by the
//! tables, egress by the VLANs' sets, and what routers learn from what reaches them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use netwarden_model::Mac;

use super::device::{ArpRow, DeviceNo, FdbRow, Kind, Place, PortNo};
use super::endpoint::EndpointNo;
use super::{Effect, FDB_AGEING, World};
use crate::time::SimTime;

/// Bridges allow no path longer than this; a guard against a layout with a loop.
const MAX_HOPS: usize = 40;

/// Where a frame is to be received: a port, with the tag that the receiver expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receiver {
    /// The port.
    pub place: Place,
    /// The VLAN tag; None: untagged.
    pub tag: Option<u16>,
}

/// How far a frame came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// It left the receiver's port as the receiver expects it.
    pub received: bool,
    /// Routers on whose subinterface in the frame's VLAN it ended.
    pub routers: Vec<(DeviceNo, u16)>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    source: Mac,
    destination: Option<Mac>,
}

impl World {
    /// The VLAN into which a port takes a frame: its tag, or the PVID of an untagged one. None where
    /// the port is down or ingress filtering drops it (IEEE 802.1Q 8.6.2).
    pub fn ingress_vlan(&self, place: Place, tag: Option<u16>) -> Option<u16> {
        let device = self.device(place.device)?;
        let port = device.port(place.port)?;
        if device.rebooting || !port.forwards() {
            return None;
        }
        let vlan = tag.unwrap_or(port.pvid);
        let row = device.vlans.get(&vlan)?;
        (!device.model.ingress_filtering || row.egress.contains(place.port)).then_some(vlan)
    }

    /// Carries a frame from a port into the network. With `learn`, every bridge on the way learns its
    /// source; without, nothing changes.
    fn carry(
        &mut self,
        ingress: Place,
        tag: Option<u16>,
        frame: Frame,
        receiver: Option<Receiver>,
        learn: bool,
    ) -> Carried {
        let mut carried = Carried::default();
        let mut waiting = vec![(ingress, tag, 0usize)];
        while let Some((at, tag, hops)) = waiting.pop() {
            let Some(device) = self.device(at.device) else { continue };
            if device.rebooting || hops > MAX_HOPS {
                continue;
            }
            if device.kind == Kind::Router {
                if let Some(vlan) = tag
                    && device.subinterfaces.iter().any(|s| s.vlan == vlan)
                    && device.port(at.port).is_some_and(|p| p.forwards())
                {
                    carried.routers.push((at.device, vlan));
                }
                continue;
            }
            let Some(vlan) = self.ingress_vlan(at, tag) else { continue };
            if learn {
                self.learn(at, vlan, frame.source);
            }
            carried.received |= self.fan_out(at.device, Some(at.port), vlan, frame, receiver, |next, tag| {
                waiting.push((next, tag, hops + 1));
            });
        }
        carried
    }

    /// Sends a frame of the device's own processor, or one that came in on `ingress`, out of the ports
    /// that its VLAN and the forwarding table give.
    fn fan_out(
        &self,
        device_no: DeviceNo,
        ingress: Option<PortNo>,
        vlan: u16,
        frame: Frame,
        receiver: Option<Receiver>,
        mut on_trunk: impl FnMut(Place, Option<u16>),
    ) -> bool {
        let Some(device) = self.device(device_no) else { return false };
        let Some(row) = device.vlans.get(&vlan) else { return false };
        let known = frame
            .destination
            .and_then(|mac| device.fdb.get(&(vlan, mac)))
            .filter(|row| self.now.since(row.seen) <= FDB_AGEING)
            .map(|row| row.port);
        let goes_out = |port: PortNo| {
            ingress != Some(port)
                && known.is_none_or(|known| known == port)
                && row.egress.contains(port)
                && device.port(port).is_some_and(|p| p.forwards())
        };
        let tag_on = |port: PortNo| (!row.untagged.contains(port)).then_some(vlan);
        for trunk in &device.trunks {
            if goes_out(*trunk)
                && let Some(peer) = device.port(*trunk).and_then(|p| p.peer)
            {
                on_trunk(peer, tag_on(*trunk));
            }
        }
        // A port that several endpoints share passes frames between them by itself.
        receiver.is_some_and(|r| {
            r.place.device == device_no && goes_out(r.place.port) && tag_on(r.place.port) == r.tag
        })
    }

    fn learn(&mut self, at: Place, vlan: u16, mac: Mac) {
        let now = self.now;
        let Some(device) = self.device_mut(at.device) else { return };
        if !mac.is_endpoint() || mac == device.base_mac {
            return;
        }
        let before = device.fdb.insert((vlan, mac), FdbRow { port: at.port, seen: now });
        if before.is_some_and(|row| row.port == at.port) {
            return;
        }
        device.touch();
        if let Some(row) = before {
            self.effect(Effect::Forgotten { place: Place { port: row.port, ..at }, vlan, mac });
        }
        self.effect(Effect::Learned { place: at, vlan, mac });
    }

    /// Has an endpoint send a frame now: a broadcast where it is the first since its link came up or
    /// by chance (address resolution, discovery), else one to its gateway. Nothing happens where it is
    /// away.
    pub fn endpoint_sends(&mut self, endpoint: EndpointNo) {
        let Some(e) = self.endpoint(endpoint) else { return };
        let Some(place) = e.place else { return };
        let (mac, tag, fresh, claims) = (e.mac, e.tag, e.fresh, !e.claims.is_empty());
        let Some(vlan) = self.ingress_vlan(place, tag) else { return };
        if fresh {
            self.lease(endpoint, vlan);
        }
        // A claim on another's address is a gratuitous ARP, which everybody in the VLAN hears.
        let broadcast = fresh || claims || self.chance().percent(10);
        let gateway = if broadcast { None } else { self.gateway_of(vlan).map(|(_, mac)| mac) };
        let frame = Frame { source: mac, destination: gateway };
        let carried = self.carry(place, tag, frame, None, true);
        if let Some(e) = self.endpoint_mut(endpoint) {
            e.fresh = false;
        }
        for (router, vlan) in carried.routers {
            self.router_hears(router, vlan, endpoint);
        }
        if !broadcast && let Some((router, gateway)) = self.gateway_of(vlan) {
            self.router_answers(router, vlan, gateway, mac);
        }
    }

    /// An endpoint says something to another's address: both switches on the way learn it.
    pub fn endpoint_sends_to(&mut self, from: EndpointNo, to: Mac) {
        let Some(e) = self.endpoint(from) else { return };
        let Some(place) = e.place else { return };
        let (frame, tag) = (Frame { source: e.mac, destination: Some(to) }, e.tag);
        self.carry(place, tag, frame, None, true);
    }

    /// A device's own processor sends: switches from their base address in the management VLAN, routers
    /// an advertisement in every VLAN in which they have a subinterface.
    pub(crate) fn device_sends(&mut self, number: DeviceNo) {
        let Some(device) = self.device(number) else { return };
        if device.rebooting {
            return;
        }
        match device.kind {
            Kind::Switch => {
                let (vlan, source) = (device.management_vlan, device.base_mac);
                let ip = IpAddr::V4(device.management);
                let routers = self.flood_own(number, vlan, source);
                for (router, vlan) in routers {
                    self.resolve(router, vlan, ip, source);
                }
            }
            Kind::Router => {
                let interfaces = device.subinterfaces.clone();
                for interface in interfaces {
                    let own = self.device(number).and_then(|d| d.port(interface.port)).map(|port| port.mac);
                    for (source, ip) in [
                        (interface.master.then_some(interface.virtual_mac), interface.virtual_ip),
                        (own, interface.ip),
                    ] {
                        let Some(source) = source else { continue };
                        for (router, vlan) in self.flood_router(number, interface.vlan, source) {
                            self.resolve(router, vlan, IpAddr::V4(ip), source);
                        }
                    }
                }
            }
        }
    }

    fn flood_own(&mut self, from: DeviceNo, vlan: u16, source: Mac) -> Vec<(DeviceNo, u16)> {
        let frame = Frame { source, destination: None };
        let mut next = Vec::new();
        self.fan_out(from, None, vlan, frame, None, |place, tag| next.push((place, tag)));
        let mut routers = Vec::new();
        for (place, tag) in next {
            routers.extend(self.carry(place, tag, frame, None, true).routers);
        }
        routers
    }

    fn flood_router(&mut self, router: DeviceNo, vlan: u16, source: Mac) -> Vec<(DeviceNo, u16)> {
        let Some(peer) = self.router_trunk(router) else { return Vec::new() };
        let frame = Frame { source, destination: None };
        self.carry(peer, Some(vlan), frame, None, true).routers
    }

    /// The switch port at the other end of a router's trunk, while that is up.
    fn router_trunk(&self, router: DeviceNo) -> Option<Place> {
        let device = self.device(router).filter(|d| !d.rebooting)?;
        device.trunks.iter().filter_map(|t| device.port(*t)).find(|p| p.forwards()).and_then(|p| p.peer)
    }

    /// The master router of a VLAN and the address that endpoints send to.
    pub fn gateway_of(&self, vlan: u16) -> Option<(DeviceNo, Mac)> {
        self.devices().filter(|(_, d)| !d.rebooting).find_map(|(number, d)| {
            d.subinterfaces.iter().find(|s| s.vlan == vlan && s.master).map(|s| (number, s.virtual_mac))
        })
    }

    /// What a router learns from a frame of an endpoint that reached it: its pairings, and those that
    /// it claims.
    fn router_hears(&mut self, router: DeviceNo, vlan: u16, endpoint: EndpointNo) {
        let Some(e) = self.endpoint(endpoint) else { return };
        let (mac, claims) = (e.mac, e.claims.clone());
        let own: Vec<IpAddr> = e.ip.map(IpAddr::V4).into_iter().chain(e.ip6.map(IpAddr::V6)).collect();
        for ip in own.into_iter().chain(claims.into_iter().map(IpAddr::V4)) {
            self.resolve(router, vlan, ip, mac);
        }
    }

    fn resolve(&mut self, router: DeviceNo, vlan: u16, ip: IpAddr, mac: Mac) {
        let now = self.now;
        let Some(device) = self.device_mut(router) else { return };
        let Some(interface) = device.subinterfaces.iter().find(|s| s.vlan == vlan) else { return };
        let on_link = match ip {
            IpAddr::V4(ip) => same_16(ip, interface.ip),
            IpAddr::V6(ip) => ip.octets().get(..8) == interface.ip6.octets().get(..8),
        };
        let own = ip == IpAddr::V4(interface.ip)
            || ip == IpAddr::V6(interface.ip6)
            || (interface.master && ip == IpAddr::V4(interface.virtual_ip));
        if !on_link || own {
            return;
        }
        let row = ArpRow { mac, port: interface.port, seen: now };
        if device.arp.insert(ip, row).is_none_or(|before| before.mac != mac) {
            device.touch();
        }
    }

    fn router_answers(&mut self, router: DeviceNo, vlan: u16, source: Mac, to: Mac) {
        if let Some(place) = self.router_trunk(router) {
            let frame = Frame { source, destination: Some(to) };
            self.carry(place, Some(vlan), frame, None, true);
        }
    }

    /// Would a ping between these endpoints pass? Both must be there and have an address; inside one
    /// VLAN both directions must be bridged, else both must reach the gateway of their own VLAN and be
    /// reached from it, and neither VLAN may be isolated.
    pub fn reachable(&mut self, a: EndpointNo, b: EndpointNo) -> bool {
        let (Some(ra), Some(rb)) = (self.receiver(a), self.receiver(b)) else { return false };
        let (Some(va), Some(vb)) = (self.ingress_vlan(ra.place, ra.tag), self.ingress_vlan(rb.place, rb.tag))
        else {
            return false;
        };
        let (Some(ia), Some(ib)) = (self.endpoint(a).and_then(|e| e.ip), self.endpoint(b).and_then(|e| e.ip))
        else {
            return false;
        };
        if same_16(ia, ib) {
            return va == vb && self.bridged(ra, rb) && self.bridged(rb, ra);
        }
        self.routed(va, ra, ia, vb, rb) && self.routed(vb, rb, ib, va, ra)
    }

    fn receiver(&self, endpoint: EndpointNo) -> Option<Receiver> {
        let e = self.endpoint(endpoint).filter(|e| e.awake)?;
        Some(Receiver { place: e.place?, tag: e.tag })
    }

    fn bridged(&mut self, from: Receiver, to: Receiver) -> bool {
        if from == to {
            return true; // behind the same small switch, phone or access point
        }
        // Unknown unicast: found by flooding, whatever the tables say at the moment.
        let frame = Frame { source: Mac::new([0; 6]), destination: None };
        self.carry(from.place, from.tag, frame, Some(to), false).received
    }

    fn routed(&mut self, va: u16, from: Receiver, ip: Ipv4Addr, vb: u16, to: Receiver) -> bool {
        let Some((router, _)) = self.gateway_of(va) else { return false };
        let frame = Frame { source: Mac::new([0; 6]), destination: None };
        if !self.carry(from.place, from.tag, frame, None, false).routers.contains(&(router, va)) {
            return false;
        }
        let Some(device) = self.device(router) else { return false };
        let interface = |vlan: u16| device.subinterfaces.iter().find(|s| s.vlan == vlan);
        let (Some(incoming), Some(outgoing)) = (interface(va), interface(vb)) else { return false };
        if incoming.isolated || outgoing.isolated || !same_16(incoming.ip, ip) {
            return false;
        }
        let Some(trunk) = self.router_trunk(router) else { return false };
        self.carry(trunk, Some(vb), frame, Some(to), false).received
    }

    /// The forwarding row of an address, for tests and the ground truth.
    pub fn fdb_row(&self, device: DeviceNo, vlan: u16, mac: Mac) -> Option<(PortNo, SimTime)> {
        self.device(device)?.fdb.get(&(vlan, mac)).map(|row| (row.port, row.seen))
    }

    /// Every endpoint that is there sends once, every device too: tables are full at once.
    pub fn settle(&mut self) {
        let endpoints: Vec<EndpointNo> =
            self.endpoints().filter(|(_, e)| e.place.is_some() && e.awake).map(|(n, _)| n).collect();
        let devices: Vec<DeviceNo> = self.devices().map(|(n, _)| n).collect();
        for device in devices {
            self.device_sends(device);
        }
        for endpoint in endpoints {
            self.endpoint_sends(endpoint);
            let wait = self.chance().below(60_000);
            self.schedule(endpoint, Duration::from_millis(wait));
        }
    }
}

/// True where both lie in one /16: every VLAN's network is one.
pub(crate) fn same_16(a: Ipv4Addr, b: Ipv4Addr) -> bool {
    u32::from(a) >> 16 == u32::from(b) >> 16
}
