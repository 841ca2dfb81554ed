//! One Open vSwitch with the userspace datapath, in a namespace of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::process::{Running, run, wait_until};

/// A running switch.
pub struct Switch {
    pub(crate) run_dir: PathBuf,
    _server: Running,
    _switch: Running,
}

impl Switch {
    /// Starts the database and the switch in `namespace` and makes bridge `br0`.
    pub fn start(namespace: &str, dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let run_dir = dir.to_path_buf();
        let text = dir.to_str().context("the folder's name is no UTF-8")?;
        let environment = [("OVS_RUNDIR", text), ("OVS_DBDIR", text), ("OVS_LOGDIR", text)];
        run(&format!("ovsdb-tool create {text}/conf.db /usr/share/openvswitch/vswitch.ovsschema"))?;
        let server = Running::start(
            namespace,
            &format!(
                "ovsdb-server {text}/conf.db --remote=punix:{text}/db.sock --pidfile={text}/ovsdb-server.pid --unixctl={text}/ovsdb-server.ctl"
            ),
            &environment,
            &dir.join("ovsdb-server.log"),
        )?;
        wait_for(&dir.join("db.sock"))?;
        // The socket's file is there a moment before anybody answers on it.
        let init = format!("ovs-vsctl --db=unix:{text}/db.sock --no-wait init");
        wait_until("the switch's database answers", Duration::from_secs(5), || Ok(run(&init).is_ok()))?;
        // The pid file's name and place are how `ovs-appctl` finds the switch in OVS_RUNDIR.
        let switch = Running::start(
            namespace,
            &format!("ovs-vswitchd unix:{text}/db.sock --pidfile={text}/ovs-vswitchd.pid"),
            &environment,
            &dir.join("ovs-vswitchd.log"),
        )?;
        let started = Self { run_dir, _server: server, _switch: switch };
        started.vsctl("add-br br0 -- set bridge br0 datapath_type=netdev")?;
        Ok(started)
    }

    /// Adds an interface of the namespace as an access port.
    pub fn add_access_port(&self, name: &str, vlan: u16) -> anyhow::Result<()> {
        self.vsctl(&format!("add-port br0 {name} tag={vlan} -- set port {name} vlan_mode=access")).map(drop)
    }

    /// Adds an interface of the namespace as a trunk of these VLANs.
    pub fn add_trunk(&self, name: &str, vlans: &str) -> anyhow::Result<()> {
        self.vsctl(&format!("add-port br0 {name} trunks={vlans} -- set port {name} vlan_mode=trunk"))
            .map(drop)
    }

    /// The VLAN of a port's untagged frames, as the switch itself has it.
    pub fn tag(&self, port: &str) -> anyhow::Result<u16> {
        let tag = self.vsctl(&format!("get port {port} tag"))?;
        tag.trim().parse().with_context(|| format!("the tag of {port} is '{}'", tag.trim()))
    }

    fn vsctl(&self, arguments: &str) -> anyhow::Result<String> {
        run(&format!("ovs-vsctl --db=unix:{}/db.sock --timeout=10 {arguments}", self.run_dir.display()))
    }
}

/// Waits until a socket or file is there, five seconds at most.
pub fn wait_for(path: &Path) -> anyhow::Result<()> {
    wait_until(&format!("{} is there", path.display()), Duration::from_secs(5), || Ok(path.exists()))
}
