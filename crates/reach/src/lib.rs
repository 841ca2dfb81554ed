//! Sessions to network elements: SNMP now, SSH and NETCONF later.
//!
//! Lies under `collect` and `actions`: they say what to read or set, this crate gets it there and back
//! over sockets, with retransmission, pacing and discovery. It decides nothing about the network.

pub mod snmp;

use std::net::{IpAddr, SocketAddr, UdpSocket};

pub use snmp::{
    AuthProtocol, Credentials, CredentialsError, EngineConfig, Notification, Principal, PrivProtocol,
    ReceiverStats, Secret, SessionOptions, Snmp, SnmpEngine, SnmpError, SnmpSession, Stats, TrapPrincipals,
    TrapReceiver, TrapReceiverConfig, TrapReceiverError, TrapUser, VlanContext, WalkQuirk, Walked,
};

/// The address that this machine would send to `target` from; no datagram leaves for it. None where there is
/// no way, or where `target` is this machine.
pub fn own_address(target: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}
