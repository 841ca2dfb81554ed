//! This machine in the network that it manages: by which addresses it and its gateways are known there.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;

use netwarden_collect::preflight::OwnPath;
use netwarden_model::Mac;

/// RTF_UP and RTF_GATEWAY (Linux, include/uapi/linux/route.h): a route in use whose next hop is a router.
const USED_GATEWAY: u32 = 0x1 | 0x2;
/// ATF_COM (Linux, include/uapi/linux/if_arp.h): the neighbour has answered.
const ANSWERED: u32 = 0x2;

/// Where the kernel tells about this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// A folder an interface, each with its `address`.
    pub interfaces: PathBuf,
    /// IPv4 routes.
    pub routes: PathBuf,
    /// IPv6 routes.
    pub routes_v6: PathBuf,
    /// The cache of ARP.
    pub neighbours: PathBuf,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            interfaces: "/sys/class/net".into(),
            routes: "/proc/net/route".into(),
            routes_v6: "/proc/net/ipv6_route".into(),
            neighbours: "/proc/net/arp".into(),
        }
    }
}

impl Machine {
    /// MACs of its interfaces. What cannot be read is left out.
    pub fn macs(&self) -> BTreeSet<Mac> {
        let Ok(interfaces) = std::fs::read_dir(&self.interfaces) else { return BTreeSet::new() };
        interfaces
            .flatten()
            .filter_map(|interface| std::fs::read_to_string(interface.path().join("address")).ok())
            .filter_map(|address| address.trim().parse::<Mac>().ok())
            .filter(|mac| mac.is_endpoint())
            .collect()
    }

    /// Routers that its routes lead through.
    pub fn gateways(&self) -> BTreeSet<IpAddr> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let (v4, v6) = (read(&self.routes), read(&self.routes_v6));
        let v4 = v4.lines().filter_map(gateway_v4).map(IpAddr::V4);
        v4.chain(v6.lines().filter_map(gateway_v6).map(IpAddr::V6)).collect()
    }

    /// Who is behind addresses of its own subnets, as far as it has spoken with them. IPv4 alone: the
    /// kernel tells others over a socket of its own.
    pub fn neighbours(&self) -> BTreeMap<IpAddr, Mac> {
        let cache = std::fs::read_to_string(&self.neighbours).unwrap_or_default();
        cache.lines().filter_map(neighbour).collect()
    }

    /// What this machine's kernel says of the way to `target`, for a preflight of what is behind a port.
    pub fn path_to(&self, target: SocketAddr) -> OwnPath {
        let gateways = self.gateways();
        let neighbours = self.neighbours();
        OwnPath {
            server_macs: self.macs().into_iter().collect(),
            server_ips: local_address(target).into_iter().collect(),
            gateway_macs: gateways.iter().filter_map(|ip| neighbours.get(ip).copied()).collect(),
            gateway_ips: gateways.into_iter().collect(),
            management_vlan: None,
        }
    }
}

/// The address that this machine would send from; no datagram leaves for it. None where no route leads
/// there, or where the target is this machine itself.
pub(crate) fn local_address(target: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

/// `Iface Destination Gateway Flags ...`: addresses as the kernel's own 32-bit words in hexadecimal.
fn gateway_v4(line: &str) -> Option<Ipv4Addr> {
    let mut words = line.split_whitespace().skip(2);
    let gateway = u32::from_str_radix(words.next()?, 16).ok()?;
    let flags = u32::from_str_radix(words.next()?, 16).ok()?;
    let address = Ipv4Addr::from(gateway.to_ne_bytes());
    (flags & USED_GATEWAY == USED_GATEWAY && !address.is_unspecified()).then_some(address)
}

/// `address type flags MAC mask device`.
fn neighbour(line: &str) -> Option<(IpAddr, Mac)> {
    let mut words = line.split_whitespace();
    let address = words.next()?.parse().ok()?;
    let flags = u32::from_str_radix(words.nth(1)?.strip_prefix("0x")?, 16).ok()?;
    let mac = words.next()?.parse().ok().filter(|mac: &Mac| mac.is_endpoint())?;
    (flags & ANSWERED != 0).then_some((address, mac))
}

/// `destination length source length gateway metric references use flags interface`, in network order.
fn gateway_v6(line: &str) -> Option<Ipv6Addr> {
    let mut words = line.split_whitespace().skip(4);
    let gateway = u128::from_str_radix(words.next()?, 16).ok()?;
    let flags = u32::from_str_radix(words.nth(3)?, 16).ok()?;
    let address = Ipv6Addr::from(gateway);
    (flags & USED_GATEWAY == USED_GATEWAY && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_the_next_hops_of_routes_in_use() {
        let word = |ip: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(ip));
        let route = |gateway: [u8; 4], flags: &str| {
            format!("eth0\t00000000\t{}\t{flags}\t0\t0\t0\t00000000\t0\t0\t0", word(gateway))
        };
        assert_eq!(gateway_v4("Iface\tDestination\tGateway \tFlags\tRefCnt"), None);
        assert_eq!(gateway_v4(&route([192, 0, 2, 1], "0003")), Some([192, 0, 2, 1].into()));
        assert_eq!(gateway_v4(&route([192, 0, 2, 1], "0002")), None, "the route is down");
        assert_eq!(gateway_v4(&route([0, 0, 0, 0], "0001")), None, "no router is between");
        let zero = "0".repeat(32);
        let hop = "20010db8000000000000000000000001";
        let line = |gateway: &str, flags: &str| {
            format!("{zero} 00 {zero} 00 {gateway} 00000400 00000001 00000000 {flags}     eth0")
        };
        assert_eq!(gateway_v6(&line(hop, "00000003")), "2001:db8::1".parse().ok());
        assert_eq!(gateway_v6(&line(&zero, "00000001")), None);
        assert_eq!(gateway_v6("nonsense"), None);
    }

    #[test]
    fn neighbours_are_those_that_have_answered() {
        let line = |flags: &str| format!("192.0.2.1  0x1  {flags}  00:1b:21:3a:4f:5e  *  eth0");
        let found = neighbour(&line("0x2")).unwrap();
        assert_eq!(found, ("192.0.2.1".parse().unwrap(), "00:1b:21:3a:4f:5e".parse().unwrap()));
        assert_eq!(neighbour(&line("0x0")), None, "nobody has answered");
        assert_eq!(neighbour("IP address  HW type  Flags  HW address  Mask  Device"), None);
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let no = || PathBuf::from("/no/such");
        let gone = Machine { interfaces: no(), routes: no(), routes_v6: no(), neighbours: no() };
        assert!(gone.macs().is_empty() && gone.gateways().is_empty() && gone.neighbours().is_empty());
        assert_eq!(local_address(([127, 0, 0, 1], 161).into()), None, "an element on this machine itself");
    }
}
