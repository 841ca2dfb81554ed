//! UDP sockets with room for bursts.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

/// Binds with buffers of `buffer_octets`, as far as the system allows: with the default of some 200 KiB,
/// the answers of a thousand agents that come at once are lost.
pub(super) fn bind(address: SocketAddr, buffer_octets: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    enlarge(&socket, buffer_octets);
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

fn enlarge(socket: &Socket, octets: usize) {
    // The system cuts silently at its maximum (net.core.rmem_max); a refusal is no reason to give up.
    if let Err(error) = socket.set_recv_buffer_size(octets).and_then(|()| socket.set_send_buffer_size(octets))
    {
        tracing::warn!(%error, octets, "SNMP socket keeps its small buffers");
    }
}
