//! The lab's network.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::mail::MailServer;
use crate::process::{Running, run};
use crate::switch::{Switch, wait_for};
use crate::syslog::SyslogServer;
use crate::{lldp, snmpd};

/// The agents' SNMPv3 user: SHA-256 and AES-128.
pub const AGENT_USER: &str = "netwarden";
/// Its password, for authentication and privacy.
pub const AGENT_PASSWORD: &str = "lab-password-of-the-agents";

const USER_VLAN: u16 = 10;
const QUARANTINE_VLAN: u16 = 666;

/// An agent of the lab.
#[derive(Debug, Clone)]
pub struct Agent {
    /// sysName.
    pub name: &'static str,
    /// Management address.
    pub address: Ipv4Addr,
}

/// The running lab.
pub struct Lab {
    prefix: String,
    namespaces: Vec<String>,
    running: Vec<Running>,
    switches: Vec<Switch>,
    mail: Option<MailServer>,
    syslog: Option<SyslogServer>,
    dir: TempDir,
}

/// Nodes with a namespace of their own.
const NODES: [&str; 10] = ["mgmt", "services", "sw1", "sw2", "router", "pc1", "pc2", "pc3", "pc4", "rogue"];

/// Programs without which there is no lab.
const PROGRAMS: [&str; 12] = [
    "ip",
    "ss",
    "ethtool",
    "ping",
    "ovs-vsctl",
    "ovs-vswitchd",
    "ovsdb-server",
    "snmpd",
    "snmptrap",
    "lldpd",
    "exim4",
    "rsyslogd",
];

/// How many labs and attempts this process has made: each has names of its own.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Why the lab cannot run on this machine, or None where it can.
pub fn why_not() -> Option<String> {
    for program in PROGRAMS {
        let found = std::env::var_os("PATH")
            .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
            .unwrap_or_default()
            .into_iter()
            .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
            .any(|dir| dir.join(program).exists());
        if !found {
            return Some(format!("{program} is not installed"));
        }
    }
    let module = |dir: &Path| dir.join("rsyslog/lmnsd_gtls.so").exists();
    let mut libraries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    if !libraries.any(|entry| module(&entry.path())) {
        return Some("rsyslog-gnutls is not installed".to_owned());
    }
    let name = format!("nwtry{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    match run(&format!("ip netns add {name}")) {
        Ok(_) => {
            let _ = run(&format!("ip netns del {name}"));
            None
        }
        Err(error) => Some(format!("network namespaces are not permitted: {error:#}")),
    }
}

impl Lab {
    /// The server's address in the management network.
    pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 255, 1);

    /// The address of the mail and syslog server.
    pub const SERVICES: Ipv4Addr = Ipv4Addr::new(10, 77, 255, 20);

    /// The agents: two switches and a router.
    pub const AGENTS: [Agent; 3] = [
        Agent { name: "sw1", address: Ipv4Addr::new(10, 77, 255, 11) },
        Agent { name: "sw2", address: Ipv4Addr::new(10, 77, 255, 12) },
        Agent { name: "router", address: Ipv4Addr::new(10, 77, 255, 13) },
    ];

    /// The hosts whose cables are in, with switch and port; the rogue's place is sw2 p2.
    pub const HOSTS: [(&str, &str, &str); 4] =
        [("pc1", "sw1", "p1"), ("pc2", "sw1", "p2"), ("pc3", "sw2", "p1"), ("pc4", "sw2", "p3")];

    /// Builds the network and starts the agents. `bridge_program` is the path of
    /// `netwarden-lab-bridge`, `trap_port` the port of the server's trap receiver.
    pub fn start(bridge_program: &Path, trap_port: u16) -> anyhow::Result<Self> {
        let prefix = format!("nw{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut lab = Self {
            prefix,
            namespaces: Vec::new(),
            running: Vec::new(),
            switches: Vec::new(),
            mail: None,
            syslog: None,
            dir: tempfile::tempdir()?,
        };
        // Exim and lldpd look into it as users of their own; the product's secrets are 0600 and 0700.
        std::fs::set_permissions(lab.dir.path(), std::fs::Permissions::from_mode(0o755))?;
        lab.management()?;
        lab.services()?;
        for switch in ["sw1", "sw2"] {
            let namespace = lab.namespace(switch);
            lab.switches.push(Switch::start(&namespace, &lab.dir.path().join(switch))?);
        }
        lab.cable("sw1", "trunk", "sw2", "trunk")?;
        lab.plug("sw2", "trunk")?;
        for switch in &lab.switches {
            switch.add_trunk("trunk", &format!("{USER_VLAN},{QUARANTINE_VLAN}"))?;
        }
        lab.host("sw1", 0, "p1", "pc1", "10.77.10.101/24")?;
        lab.host("sw1", 0, "p2", "pc2", "10.77.10.102/24")?;
        lab.host("sw1", 0, "p3", "router", "10.77.10.1/24")?;
        lab.host("sw2", 1, "p1", "pc3", "10.77.10.103/24")?;
        lab.host("sw2", 1, "p2", "rogue", "10.77.10.66/24")?;
        lab.host("sw2", 1, "p3", "pc4", "10.77.10.104/24")?;
        for host in ["pc1", "pc2", "pc3", "pc4", "router"] {
            lab.plug(host, "eth0")?;
        }
        lab.agents(bridge_program, trap_port)?;
        lab.mail()?.wait_until_ready()?;
        lab.syslog()?.wait_until_ready()?;
        Ok(lab)
    }

    /// The SMTP server.
    pub fn mail(&self) -> anyhow::Result<&MailServer> {
        self.mail.as_ref().context("the lab has no mail server")
    }

    /// The syslog server.
    pub fn syslog(&self) -> anyhow::Result<&SyslogServer> {
        self.syslog.as_ref().context("the lab has no syslog server")
    }

    /// The certificate authority of the services, PEM.
    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("certificates/authority.pem")
    }

    /// Name of the namespace of `node`, for `ip netns exec`.
    pub fn namespace(&self, node: &str) -> String {
        format!("{}-{node}", self.prefix)
    }

    /// A folder that goes with the lab.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What agents and senders of MAC notifications have complained of.
    pub fn complaints(&self) -> String {
        let mut all = String::new();
        for agent in Self::AGENTS {
            let name = agent.name;
            for file in [
                format!("{name}/bridge.log"),
                format!("snmpd-{name}/watch.log"),
                format!("snmpd-{name}/snmpd.out"),
                format!("snmpd-{name}/snmpd.log"),
            ] {
                let path = self.dir.path().join(&file);
                let said = std::fs::read_to_string(path).unwrap_or_default();
                if !said.is_empty() {
                    all.push_str(&format!("--- {file}\n{said}"));
                }
            }
        }
        all
    }

    /// Plugs a host's cable in.
    pub fn link_up(&self, host: &str) -> anyhow::Result<()> {
        self.plug(host, "eth0")
    }

    /// Pulls a host's cable.
    pub fn link_down(&self, host: &str) -> anyhow::Result<()> {
        run(&format!("ip -n {} link set eth0 down", self.namespace(host))).map(drop)
    }

    /// Pulls an agent's cable to the management network.
    pub fn cut_off(&self, agent: &str) -> anyhow::Result<()> {
        run(&format!("ip -n {} link set mgmt0 down", self.namespace(agent))).map(drop)
    }

    /// Gives a host whose cable is out another MAC address.
    pub fn set_mac(&self, host: &str, mac: &str) -> anyhow::Result<()> {
        run(&format!("ip -n {} link set eth0 address {mac}", self.namespace(host))).map(drop)
    }

    /// The VLAN of a switch's port, as the switch itself has it and not as SNMP tells it.
    pub fn port_vlan(&self, switch: &str, port: &str) -> anyhow::Result<u16> {
        let at = Self::AGENTS.iter().position(|agent| agent.name == switch).context("no such switch")?;
        self.switches.get(at).context("no such switch")?.tag(port)
    }

    /// The MAC address of a host.
    pub fn mac(&self, host: &str) -> anyhow::Result<String> {
        let text = run(&format!("ip netns exec {} cat /sys/class/net/eth0/address", self.namespace(host)))?;
        Ok(text.trim().to_owned())
    }

    /// True where one ping from `host` is answered within a second.
    pub fn pings(&self, host: &str, to: &str) -> bool {
        Command::new("ip")
            .args(["netns", "exec", &self.namespace(host), "ping", "-c1", "-W1", "-q", to])
            .output()
            .is_ok_and(|output| output.status.success())
    }

    fn management(&mut self) -> anyhow::Result<()> {
        for node in NODES {
            let namespace = self.namespace(node);
            run(&format!("ip netns add {namespace}"))?;
            self.namespaces.push(namespace.clone());
            run(&format!("ip -n {namespace} link set lo up"))?;
        }
        let mgmt = self.namespace("mgmt");
        run(&format!("ip -n {mgmt} link add br0 type bridge"))?;
        run(&format!("ip -n {mgmt} addr add {}/24 dev br0", Self::SERVER))?;
        run(&format!("ip -n {mgmt} link set br0 up"))?;
        let agents = Self::AGENTS.iter().map(|agent| (agent.name, agent.address));
        for (node, address) in agents.chain([("services", Self::SERVICES)]) {
            let namespace = self.namespace(node);
            run(&format!("ip -n {mgmt} link add to-{node} type veth peer name mgmt0 netns {namespace}"))?;
            run(&format!("ip -n {mgmt} link set to-{node} master br0 up"))?;
            run(&format!("ip -n {namespace} addr add {address}/24 dev mgmt0"))?;
            run(&format!("ip -n {namespace} link set mgmt0 up"))?;
        }
        Ok(())
    }

    fn plug(&self, node: &str, port: &str) -> anyhow::Result<()> {
        run(&format!("ip -n {} link set {port} up", self.namespace(node))).map(drop)
    }

    /// Lays a cable; it is plugged in at `a`.
    fn cable(&self, a: &str, port_a: &str, b: &str, port_b: &str) -> anyhow::Result<()> {
        let (a, b) = (self.namespace(a), self.namespace(b));
        run(&format!("ip -n {a} link add {port_a} type veth peer name {port_b} netns {b}"))?;
        run(&format!("ip -n {a} link set {port_a} up"))?;
        for (namespace, port) in [(&a, port_a), (&b, port_b)] {
            // The userspace datapath does not fill in check sums that a veth leaves to the hardware.
            run(&format!("ip netns exec {namespace} ethtool -K {port} tx off"))?;
        }
        Ok(())
    }

    fn host(&self, switch: &str, at: usize, port: &str, host: &str, address: &str) -> anyhow::Result<()> {
        self.cable(switch, port, host, "eth0")?;
        run(&format!("ip -n {} addr add {address} dev eth0", self.namespace(host)))?;
        self.switches.get(at).context("no such switch")?.add_access_port(port, USER_VLAN)
    }

    fn agents(&mut self, bridge_program: &Path, trap_port: u16) -> anyhow::Result<()> {
        let program = bridge_program.to_str().context("the program's path is no UTF-8")?;
        for (at, agent) in Self::AGENTS.iter().enumerate() {
            let namespace = self.namespace(agent.name);
            let dir = self.dir.path().join(format!("snmpd-{}", agent.name));
            let bridge =
                self.switches.get(at).map(|s| format!("{program} --run-dir {}", s.run_dir.display()));
            let serve = bridge.as_ref().map(|command| format!("{command} serve"));
            let address = agent.address.to_string();
            self.running.push(snmpd::start(&namespace, &dir, &address, agent.name, serve.as_deref())?);
            if let Some(command) = bridge {
                let log = dir.join("watch.log");
                self.running.push(watch(&namespace, &command, trap_port, &dir, &log)?);
            }
            let ports: &[&str] =
                if at < self.switches.len() { &["trunk", "p1", "p2", "p3"] } else { &["eth0"] };
            let agentx = snmpd::agentx(&dir);
            wait_for(&agentx)?;
            let dir = self.dir.path().join(format!("lldpd-{}", agent.name));
            self.running.push(lldp::start(&namespace, &dir, agent.name, ports, &agentx)?);
        }
        Ok(())
    }

    fn services(&mut self) -> anyhow::Result<()> {
        let namespace = self.namespace("services");
        let dir = self.dir.path();
        let certificates = Certificates::make(&dir.join("certificates"), Self::SERVICES.into())?;
        let mail = MailServer::start(&namespace, &dir.join("mail"), Self::SERVICES, &certificates)?;
        let syslog = SyslogServer::start(&namespace, &dir.join("syslog"), Self::SERVICES, &certificates)?;
        (self.mail, self.syslog) = (Some(mail), Some(syslog));
        Ok(())
    }
}

/// Starts the watcher through a file of arguments, since the user's options hold blanks.
fn watch(namespace: &str, command: &str, trap_port: u16, dir: &Path, log: &Path) -> anyhow::Result<Running> {
    let script = dir.join("watch.sh");
    let user =
        format!("-u {AGENT_USER} -l authPriv -a SHA-256 -A {AGENT_PASSWORD} -x AES -X {AGENT_PASSWORD}");
    let sink = format!("{}:{trap_port}", Lab::SERVER);
    std::fs::write(&script, format!("exec {command} watch --sink {sink} --user '{user}'\n"))?;
    let persistent = dir.join("traps");
    std::fs::create_dir_all(&persistent)?;
    let persistent = persistent.to_str().context("the folder's name is no UTF-8")?;
    Running::start(
        namespace,
        &format!("sh {}", script.display()),
        &[("SNMP_PERSISTENT_DIR", persistent), ("MIBS", "")],
        log,
    )
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.mail = None;
        self.syslog = None;
        self.running.clear();
        self.switches.clear();
        for namespace in &self.namespaces {
            let _ = run(&format!("ip netns del {namespace}"));
        }
    }
}
