//! Endpoints come, go, sleep and move; links follow.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use netwarden_model::Mac;

use super::device::{DeviceNo, Place, PortKind, PortNo};
use super::endpoint::{Addressing, Endpoint, EndpointNo};
use super::{Effect, World};

impl World {
    /// Adds an endpoint that is away for now.
    pub fn add_endpoint(&mut self, endpoint: Endpoint) -> EndpointNo {
        let number = EndpointNo(u32::try_from(self.endpoints.len()).unwrap_or(u32::MAX));
        self.endpoints.push(endpoint);
        number
    }

    /// Connects an endpoint to a port, from wherever it was; its first frame follows at once.
    pub fn attach(&mut self, endpoint: EndpointNo, place: Place) {
        self.detach(endpoint);
        self.put(endpoint, place);
        self.refresh_port(place);
        self.endpoint_sends(endpoint);
    }

    /// Connects without recomputing links and without a frame: for building a world.
    pub(crate) fn put(&mut self, endpoint: EndpointNo, place: Place) {
        let Some(e) = self.endpoint_mut(endpoint) else { return };
        e.place = Some(place);
        e.awake = true;
        e.fresh = true;
        if e.home.is_none() {
            e.home = Some(place);
        }
        self.attached.entry(place).or_default().push(endpoint);
        if let Some(device) = self.device_mut(place.device) {
            device.touch_config(); // it may be a neighbour
        }
        let wait = Duration::from_millis(500 + self.chance().below(2_000));
        self.schedule(endpoint, wait);
    }

    /// Takes an endpoint off its port.
    pub fn detach(&mut self, endpoint: EndpointNo) {
        let Some(e) = self.endpoint_mut(endpoint) else { return };
        let Some(place) = e.place.take() else { return };
        if let Some(there) = self.attached.get_mut(&place) {
            there.retain(|n| *n != endpoint);
        }
        if let Some(device) = self.device_mut(place.device) {
            device.touch_config();
        }
        self.refresh_port(place);
    }

    /// Puts an endpoint to sleep (its link stays up) or wakes it.
    pub fn set_awake(&mut self, endpoint: EndpointNo, awake: bool) {
        let Some(e) = self.endpoint_mut(endpoint) else { return };
        if e.awake == awake {
            return;
        }
        e.awake = awake;
        if awake {
            e.fresh = true;
            self.endpoint_sends(endpoint);
            self.schedule(endpoint, Duration::from_secs(2));
        }
    }

    /// From now on the endpoint answers for an address that is another's, starting at once with a
    /// gratuitous announcement.
    pub fn claim(&mut self, endpoint: EndpointNo, ip: Ipv4Addr) {
        if let Some(e) = self.endpoint_mut(endpoint) {
            if !e.claims.contains(&ip) {
                e.claims.push(ip);
            }
            e.fresh = true;
        }
        self.endpoint_sends(endpoint);
    }

    /// Ends the claim.
    pub fn unclaim(&mut self, endpoint: EndpointNo, ip: Ipv4Addr) {
        if let Some(e) = self.endpoint_mut(endpoint) {
            e.claims.retain(|claimed| *claimed != ip);
        }
    }

    /// The other router becomes the master of every VLAN in which both have a subinterface.
    pub fn fail_over(&mut self) {
        for device in &mut self.devices {
            for interface in &mut device.subinterfaces {
                if interface.isolated {
                    continue;
                }
                interface.master = !interface.master;
                if interface.master {
                    // The address is its own now.
                    device.arp.remove(&interface.virtual_ip.into());
                }
            }
            device.touch();
        }
        let routers: Vec<DeviceNo> =
            self.devices().filter(|(_, d)| !d.subinterfaces.is_empty()).map(|(n, _)| n).collect();
        for router in routers {
            self.device_sends(router);
        }
    }

    /// Gives the endpoint the address that it gets in this VLAN.
    pub(crate) fn lease(&mut self, endpoint: EndpointNo, vlan: u16) {
        let Some(e) = self.endpoint_mut(endpoint) else { return };
        e.ip = match e.addressing {
            Addressing::Static(ip) => Some(ip),
            Addressing::Lease(host) => Some(address_in(vlan, host)),
            Addressing::None => None,
        };
        if e.ip6.is_some() {
            e.ip6 = Some(address6_in(vlan, e.mac));
        }
    }

    /// Computes a port's link anew, and its aggregate's.
    pub(crate) fn refresh_port(&mut self, place: Place) {
        let Some(device) = self.device(place.device) else { return };
        let Some(port) = device.port(place.port) else { return };
        let up = port.admin_up && !device.rebooting && self.has_link(place);
        let (was, aggregate) = (port.oper_up, port.member_of);
        if up != was {
            self.set_oper(place, up);
        }
        if let Some(aggregate) = aggregate {
            self.refresh_port(Place { port: aggregate, ..place });
        }
    }

    /// Computes all links anew: members before aggregates.
    pub(crate) fn refresh_links(&mut self) {
        let mut places: Vec<(bool, Place)> = Vec::new();
        for (device, d) in self.devices() {
            for (port, p) in d.numbered_ports() {
                places.push((p.kind == PortKind::Aggregate, Place { device, port }));
            }
        }
        places.sort_unstable();
        for (_, place) in places {
            self.refresh_port(place);
        }
    }

    fn has_link(&self, place: Place) -> bool {
        let Some(device) = self.device(place.device) else { return false };
        let Some(port) = device.port(place.port) else { return false };
        match port.kind {
            PortKind::Vlan(_) => true,
            PortKind::Aggregate => device
                .numbered_ports()
                .any(|(_, member)| member.member_of == Some(place.port) && member.oper_up),
            PortKind::Ethernet => match port.cable {
                Some(peer) => self
                    .device(peer.device)
                    .is_some_and(|d| !d.rebooting && d.port(peer.port).is_some_and(|p| p.admin_up)),
                None => {
                    port.kept_up
                        || self.at(place).iter().any(|n| self.endpoint(*n).is_some_and(|e| e.holds_link))
                }
            },
        }
    }

    fn set_oper(&mut self, place: Place, up: bool) {
        let now = self.now();
        let Some(device) = self.device_mut(place.device) else { return };
        let quiet = device.rebooting;
        let Some(port) = device.port_mut(place.port) else { return };
        port.oper_up = up;
        port.last_change = now;
        let cable = port.cable;
        device.touch_config();
        if !quiet {
            // Its own agent speaks first, then the one at the other end of the cable.
            self.effect(if up { Effect::LinkUp(place) } else { Effect::LinkDown(place) });
        }
        if !up {
            self.flush(place, |_| true);
        }
        if let Some(peer) = cable {
            self.refresh_port(peer);
        }
        if up {
            self.renew(place);
        }
    }

    /// Endpoints on a port notice that something changed and talk again shortly; with a new link also
    /// with a new lease.
    fn renew(&mut self, place: Place) {
        let there: Vec<EndpointNo> = self.at(place).to_vec();
        for endpoint in there {
            if let Some(e) = self.endpoint_mut(endpoint) {
                e.fresh = true;
            }
            self.nudge(endpoint);
        }
    }

    /// An endpoint talks again within two seconds.
    pub(crate) fn nudge(&mut self, endpoint: EndpointNo) {
        let wait = Duration::from_millis(200 + self.chance().below(1_800));
        self.schedule(endpoint, wait);
    }

    /// Forgets what was learned on a port in the VLANs that `which` names.
    pub(crate) fn flush(&mut self, place: Place, which: impl Fn(u16) -> bool) {
        let Some(device) = self.device_mut(place.device) else { return };
        let mut forgotten: Vec<(u16, Mac)> = device
            .fdb
            .iter()
            .filter(|((vlan, _), row)| row.port == place.port && which(*vlan))
            .map(|(key, _)| *key)
            .collect();
        if forgotten.is_empty() {
            return;
        }
        forgotten.sort_unstable();
        for key in &forgotten {
            device.fdb.remove(key);
        }
        device.touch();
        for (vlan, mac) in forgotten {
            self.effect(Effect::Forgotten { place, vlan, mac });
        }
    }

    /// The ports of a device on which an endpoint could be connected: up in the configuration, not an
    /// uplink, nobody on it.
    pub fn free_ports(&self, device: DeviceNo) -> Vec<PortNo> {
        let Some(d) = self.device(device) else { return Vec::new() };
        d.numbered_ports()
            .filter(|(number, p)| {
                p.kind == PortKind::Ethernet
                    && p.admin_up
                    && !p.is_uplink()
                    && p.member_of.is_none()
                    && !p.kept_up
                    && self.at(Place { device, port: *number }).is_empty()
            })
            .map(|(number, _)| number)
            .collect()
    }
}

/// The address number `host` of a VLAN's network, 10.VLAN.0.0/16 with the VLAN folded into an octet.
pub fn address_in(vlan: u16, host: u16) -> Ipv4Addr {
    let [high, low] = host.to_be_bytes();
    let second = match u8::try_from(vlan) {
        Ok(octet) => octet,
        Err(_) => 250 - (vlan % 50) as u8,
    };
    Ipv4Addr::new(10, second, high, low)
}

/// The address with interface identifier EUI-64 (RFC 4291 appendix A) in a VLAN's network.
pub fn address6_in(vlan: u16, mac: Mac) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac.octets();
    let word = |high: u8, low: u8| u16::from_be_bytes([high, low]);
    Ipv6Addr::new(0x2001, 0xdb8, 0, vlan, word(a ^ 2, b), word(c, 0xff), word(0xfe, d), word(e, f))
}
