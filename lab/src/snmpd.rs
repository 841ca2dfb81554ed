//! net-snmp's agent in a namespace.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::process::Running;
use crate::topology::{AGENT_PASSWORD, AGENT_USER};

/// Where other programs of the node register their parts of the MIB with snmpd (AgentX).
pub fn agentx(dir: &Path) -> PathBuf {
    dir.join("agentx")
}

/// Starts snmpd on `address`; where `bridge` names a program, it serves dot1dBridge.
pub fn start(
    namespace: &str,
    dir: &Path,
    address: &str,
    name: &str,
    bridge: Option<&str>,
) -> anyhow::Result<Running> {
    std::fs::create_dir_all(dir)?;
    let text = dir.to_str().context("the folder's name is no UTF-8")?;
    let pass = bridge.map(|program| format!("pass_persist .1.3.6.1.2.1.17 {program}\n")).unwrap_or_default();
    let configuration = format!(
        "agentaddress udp:{address}:161\n\
         sysName {name}\n\
         createUser {AGENT_USER} SHA-256 \"{AGENT_PASSWORD}\" AES \"{AGENT_PASSWORD}\"\n\
         rwuser {AGENT_USER} priv\n\
         master agentx\n\
         agentXSocket unix:{}\n{pass}",
        agentx(dir).display()
    );
    std::fs::write(dir.join("snmpd.conf"), configuration)?;
    Running::start(
        namespace,
        &format!("snmpd -f -Lf {text}/snmpd.log -C -c {text}/snmpd.conf -p {text}/snmpd.pid"),
        &[("SNMP_PERSISTENT_DIR", text), ("MIBS", "")],
        &dir.join("snmpd.out"),
    )
}
