//! lldpd on the ports of a switch or router; it gives LLDP-MIB to the node's snmpd by AgentX (RFC 2741).
//!
//! It listens beside Open vSwitch on the same interfaces: the switch itself neither forwards nor answers
//! LLDP frames, because their address is reserved for bridges (IEEE 802.1Q section 8.6.3).

use std::path::Path;

use anyhow::Context;

use crate::process::Running;

/// Starts lldpd on `ports` of `namespace`; `agentx` is the socket of its snmpd.
pub fn start(
    namespace: &str,
    dir: &Path,
    name: &str,
    ports: &[&str],
    agentx: &Path,
) -> anyhow::Result<Running> {
    std::fs::create_dir_all(dir)?;
    let chassis = ports.first().context("lldpd without a port")?;
    // A second between frames: neighbours are known before the first poll. lldpd does not know Open vSwitch for
    // a bridge, and would not tell an address that is on none of its ports.
    let commands = format!(
        "configure system hostname {name}\nconfigure lldp tx-interval 1\n\
         configure system capabilities enabled bridge\n\
         configure system ip management pattern 10.77.255.*\n"
    );
    std::fs::write(dir.join("lldpd.conf"), commands)?;
    let text = dir.display();
    Running::start(
        namespace,
        &format!(
            "lldpd -d -u {text}/lldpd.sock -p {text}/lldpd.pid -O {text}/lldpd.conf -X unix:{} -C {chassis} -I {} -S {name}",
            agentx.display(),
            ports.join(",")
        ),
        &[("MIBS", "")],
        &dir.join("lldpd.log"),
    )
}
