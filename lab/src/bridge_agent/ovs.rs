//! What Open vSwitch says and does, through its own commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

/// One bridge of one Open vSwitch instance.
pub struct Switch {
    run_dir: PathBuf,
    bridge: String,
}

/// Where the program complains: a file beside the switch's own logs.
pub struct Log(PathBuf);

impl Log {
    /// Adds a line.
    pub fn complain(&self, error: &anyhow::Error) {
        use std::io::Write;

        let file = fs::OpenOptions::new().create(true).append(true).open(&self.0);
        // Where not even that can be written there is nobody left to tell.
        let _ = file.and_then(|mut file| writeln!(file, "{error:#}"));
    }
}

/// A port of the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Interface name.
    pub name: String,
    /// OpenFlow port number; dot1dBasePort here.
    pub number: u32,
    /// ifIndex of the interface.
    pub if_index: u32,
    /// VLAN of untagged frames.
    pub tag: Option<u16>,
    /// VLANs carried tagged.
    pub trunks: BTreeSet<u16>,
}

/// A learned address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Learned {
    /// VLAN.
    pub vlan: u16,
    /// Address.
    pub mac: [u8; 6],
    /// OpenFlow port number.
    pub port: u32,
}

impl Switch {
    /// The bridge `bridge` of the instance whose sockets are in `run_dir`.
    pub fn new(run_dir: PathBuf, bridge: String) -> Self {
        Self { run_dir, bridge }
    }

    /// Where to complain.
    pub fn log(&self) -> Log {
        Log(self.run_dir.join("bridge.log"))
    }

    /// The ports, by number; the bridge's own internal port is left out.
    pub fn ports(&self) -> anyhow::Result<Vec<Port>> {
        let interfaces = self.table("Interface", "name,ofport")?;
        let ports = self.table("Port", "name,tag,trunks")?;
        let mut found = Vec::new();
        for port in ports {
            let [Value::String(name), tag, trunks] = port.as_slice() else { continue };
            if *name == self.bridge {
                continue;
            }
            let number = interfaces.iter().find_map(|row| match row.as_slice() {
                [Value::String(interface), Value::Number(number)] if interface == name => number.as_u64(),
                _ => None,
            });
            let Some(number) = number.and_then(|n| u32::try_from(n).ok()) else { continue };
            let if_index = fs::read_to_string(format!("/sys/class/net/{name}/ifindex"))
                .with_context(|| format!("{name} has no ifindex here"))?;
            found.push(Port {
                name: name.clone(),
                number,
                if_index: if_index.trim().parse()?,
                tag: numbers(tag).first().copied(),
                trunks: numbers(trunks).into_iter().collect(),
            });
        }
        found.sort_by_key(|port| port.number);
        Ok(found)
    }

    /// The forwarding table, without what the switch itself sends from.
    pub fn learned(&self) -> anyhow::Result<Vec<Learned>> {
        let text = self.run("ovs-appctl", &["fdb/show", &self.bridge])?;
        let mut learned: Vec<Learned> = text.lines().skip(1).filter_map(parse_learned).collect();
        learned.sort();
        Ok(learned)
    }

    /// Makes the port a member of `egress`, untagged in `pvid`.
    pub fn set_vlans(&self, port: &str, pvid: u16, egress: &BTreeSet<u16>) -> anyhow::Result<()> {
        let tagged: Vec<String> = egress.iter().filter(|vlan| **vlan != pvid).map(u16::to_string).collect();
        let tag = format!("tag={pvid}");
        let mut arguments = vec!["set", "port", port, tag.as_str()];
        let trunks = format!("trunks={}", tagged.join(","));
        if tagged.is_empty() {
            arguments.push("vlan_mode=access");
        } else {
            arguments.extend(["vlan_mode=native-untagged", trunks.as_str()]);
        }
        self.vsctl(&arguments)?;
        if tagged.is_empty() {
            self.vsctl(&["clear", "port", port, "trunks"])?;
        }
        Ok(())
    }

    /// Forgets what was learned, as switches do for a port that changes its VLAN.
    pub fn flush(&self) -> anyhow::Result<()> {
        self.run("ovs-appctl", &["fdb/flush", &self.bridge]).map(drop)
    }

    fn vsctl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let database = format!("--db=unix:{}/db.sock", self.run_dir.display());
        let mut all = vec![database.as_str(), "--timeout=5"];
        all.extend(arguments);
        self.run("ovs-vsctl", &all)
    }

    fn table(&self, table: &str, columns: &str) -> anyhow::Result<Vec<Vec<Value>>> {
        let text = self.vsctl(&["--format=json", &format!("--columns={columns}"), "list", table])?;
        let parsed: Value = serde_json::from_str(&text).with_context(|| format!("{table} is no JSON"))?;
        Ok(parsed
            .get("data")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|row| row.as_array().cloned())
            .collect())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(program)
            .args(arguments)
            .env("OVS_RUNDIR", &self.run_dir)
            .output()
            .with_context(|| format!("{program} cannot be started"))?;
        if !output.status.success() {
            bail!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A column that holds a number or OVSDB's `["set", [...]]`.
fn numbers(value: &Value) -> Vec<u16> {
    let single = |value: &Value| value.as_u64().and_then(|n| u16::try_from(n).ok());
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(kind), Value::Array(members)]) if kind == "set" => {
            members.iter().filter_map(single).collect()
        }
        _ => single(value).into_iter().collect(),
    }
}

/// A line ` port  VLAN  MAC                Age` of `fdb/show`.
fn parse_learned(line: &str) -> Option<Learned> {
    let mut words = line.split_whitespace();
    let port = words.next()?.parse().ok()?;
    let vlan = words.next()?.parse().ok()?;
    let mut mac = [0u8; 6];
    let mut octets = words.next()?.split(':');
    for octet in &mut mac {
        *octet = u8::from_str_radix(octets.next()?, 16).ok()?;
    }
    Some(Learned { vlan, mac, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_fdb_show() {
        let learned = parse_learned("    3    10  0a:00:00:00:00:01    4").unwrap();
        assert_eq!(learned, Learned { vlan: 10, mac: [10, 0, 0, 0, 0, 1], port: 3 });
        assert_eq!(parse_learned("LOCAL     0  0a:00:00:00:00:01    4"), None);
    }

    #[test]
    fn sets_and_single_numbers() {
        assert_eq!(numbers(&serde_json::json!(["set", [10, 666]])), [10, 666]);
        assert_eq!(numbers(&serde_json::json!(10)), [10]);
        assert!(numbers(&serde_json::json!(["set", []])).is_empty());
    }
}
