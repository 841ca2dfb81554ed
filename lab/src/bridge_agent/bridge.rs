//! The bridge's VLAN sets as Q-BRIDGE-MIB has them, kept in step with Open vSwitch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::mib::{self, Oid, Value};
use crate::ovs::{Port, Switch};

/// How long a snapshot of the switch may be used: one walk, not longer.
const FRESH: Duration = Duration::from_millis(150);

/// VLANs that exist although no port is in them.
const CONFIGURED: [u16; 2] = [10, 666];

/// A port's part of the VLAN sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// dot1qPvid.
    pub pvid: u16,
    /// VLANs in whose egress set it is.
    pub egress: BTreeSet<u16>,
    /// VLANs in whose untagged set it is.
    pub untagged: BTreeSet<u16>,
}

/// The whole bridge.
pub struct Bridge {
    switch: Switch,
    ports: Vec<Port>,
    members: BTreeMap<u32, Member>,
    snapshot: BTreeMap<Oid, Value>,
    taken: Option<Instant>,
}

impl Bridge {
    /// Reads the switch's present configuration.
    pub fn start(switch: Switch) -> anyhow::Result<Self> {
        let ports = switch.ports()?;
        let members = ports
            .iter()
            .map(|port| {
                let untagged: BTreeSet<u16> = port.tag.into_iter().collect();
                let egress = port.trunks.union(&untagged).copied().collect();
                (port.number, Member { pvid: port.tag.unwrap_or(1), egress, untagged })
            })
            .collect();
        Ok(Self { switch, ports, members, snapshot: BTreeMap::new(), taken: None })
    }

    /// The value of exactly this variable.
    pub fn get(&mut self, oid: &Oid) -> Option<Value> {
        self.refresh().get(oid).cloned()
    }

    /// The variable behind this one.
    pub fn next(&mut self, oid: &Oid) -> Option<(Oid, Value)> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.refresh()
            .range::<Oid, _>((Excluded(oid), Unbounded))
            .next()
            .map(|(oid, value)| (oid.clone(), value.clone()))
    }

    /// Changes a variable, and the switch with it.
    pub fn set(&mut self, oid: &Oid, value: &Value) -> Result<(), &'static str> {
        let change = mib::parse_set(oid, value)?;
        let vlan_exists = |vlan: u16| self.vlans().contains(&vlan);
        match change {
            mib::Set::Pvid { port, vlan } => {
                if !vlan_exists(vlan) {
                    return Err("inconsistent-value");
                }
                self.members.get_mut(&port).ok_or("no-creation")?.pvid = vlan;
            }
            mib::Set::Egress { vlan, ports } => {
                if !vlan_exists(vlan) {
                    return Err("no-creation");
                }
                for (number, member) in &mut self.members {
                    change_membership(&mut member.egress, vlan, ports.contains(number));
                }
            }
            mib::Set::Untagged { vlan, ports } => {
                if !vlan_exists(vlan) {
                    return Err("no-creation");
                }
                for (number, member) in &mut self.members {
                    change_membership(&mut member.untagged, vlan, ports.contains(number));
                }
            }
        }
        self.taken = None;
        self.apply().map_err(|error| {
            self.switch.log().complain(&error);
            "commit-failed"
        })
    }

    /// VLANs by id.
    pub fn vlans(&self) -> BTreeSet<u16> {
        let used = self.members.values().flat_map(|m| m.egress.iter().copied());
        used.chain(CONFIGURED).collect()
    }

    /// Members by bridge port.
    pub fn members(&self) -> &BTreeMap<u32, Member> {
        &self.members
    }

    /// Ports by number.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn apply(&mut self) -> anyhow::Result<()> {
        let current = self.switch.ports().context("the ports cannot be read")?;
        let mut changed = false;
        for port in &current {
            let Some(member) = self.members.get(&port.number) else { continue };
            let tagged: BTreeSet<u16> =
                member.egress.iter().copied().filter(|vlan| *vlan != member.pvid).collect();
            let untagged_elsewhere = tagged.intersection(&member.untagged).count() > 0;
            // Between the SETs of a move a port is untagged in two VLANs, which Open vSwitch cannot be:
            // it follows the PVID and waits for the sets to agree.
            let trunks = if untagged_elsewhere { port.trunks.clone() } else { tagged };
            if port.tag != Some(member.pvid) || port.trunks != trunks {
                let mut egress = trunks;
                egress.insert(member.pvid);
                self.switch.set_vlans(&port.name, member.pvid, &egress)?;
                changed = true;
            }
        }
        if changed {
            self.switch.flush()?;
        }
        Ok(())
    }

    fn refresh(&mut self) -> &BTreeMap<Oid, Value> {
        if self.taken.is_none_or(|taken| taken.elapsed() > FRESH) {
            // Without the forwarding table the configuration is still known.
            let learned = self.switch.learned().unwrap_or_else(|error| {
                self.switch.log().complain(&error);
                Vec::new()
            });
            self.snapshot = mib::snapshot(self, &learned);
            self.taken = Some(Instant::now());
        }
        &self.snapshot
    }
}

fn change_membership(vlans: &mut BTreeSet<u16>, vlan: u16, member: bool) {
    if member {
        vlans.insert(vlan);
    } else {
        vlans.remove(&vlan);
    }
}
