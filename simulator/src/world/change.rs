//! What a manager can set (RFC 2863 ifAdminStatus; RFC 4363 dot1qPvid, dot1qVlanStaticEgressPorts,
//! dot1qVlanStaticUntaggedPorts), applied all or nothing.

use super::World;
use super::device::{Device, DeviceNo, Place, PortNo};
use super::port_set::PortSet;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// ifAdminStatus.
    Admin {
        /// The interface.
        port: PortNo,
        /// up(1), else down(2).
        up: bool,
    },
    /// dot1qPvid.
    Pvid {
        /// The port.
        port: PortNo,
        /// The VLAN.
        vlan: u16,
    },
    /// dot1qVlanStaticEgressPorts.
    Egress {
        /// The VLAN.
        vlan: u16,
        /// Its egress ports.
        ports: PortSet,
    },
    /// dot1qVlanStaticUntaggedPorts.
    Untagged {
        /// The VLAN.
        vlan: u16,
        /// Its untagged ports.
        ports: PortSet,
    },
}

/// Why a set of changes is refused; nothing of it was applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The device or port is not there.
    #[error("no such port")]
    NoSuchPort,
    /// The VLAN is not configured on the device.
    #[error("VLAN {0} is not configured")]
    NoSuchVlan(u16),
    /// Untagged ports have to be egress ports.
    #[error("VLAN {0} would be untagged on a port that is not in its egress set")]
    UntaggedOutsideEgress(u16),
}

/// What [`World::apply`] did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Changes whose value differed from what was there, each with the earlier value.
    pub changed: Vec<(Change, Change)>,
    undo: Configuration,
}

impl World {
    /// Applies all changes or none, and lets forwarding follow at once.
    pub fn apply(&mut self, number: DeviceNo, changes: &[Change]) -> Result<Applied, ChangeError> {
        let device = self.device(number).ok_or(ChangeError::NoSuchPort)?;
        let undo = device.configuration();
        let mut after = undo.clone();
        let mut changed = Vec::new();
        // Egress before untagged: bindings of one request take effect as if at once (RFC 3416 4.2.5).
        let is_untagged = |c: &&Change| matches!(c, Change::Untagged { .. });
        let ordered = changes.iter().filter(|c| !is_untagged(c)).chain(changes.iter().filter(is_untagged));
        for change in ordered {
            // Against the state before the request: an egress change that takes a port out of the
            // untagged set must not hide or fake a change of that set.
            let before = undo.clone().set(change)?;
            after.set(change)?;
            if before != *change {
                changed.push((before, change.clone()));
            }
        }
        for (vlan, row) in &after.vlans {
            if !row.untagged.is_subset(&row.egress) {
                return Err(ChangeError::UntaggedOutsideEgress(*vlan));
            }
        }
        if !changed.is_empty() {
            self.adopt(number, after);
        }
        Ok(Applied { changed, undo })
    }

    /// Puts the configuration back as it was before `applied`.
    pub fn undo(&mut self, number: DeviceNo, applied: Applied) {
        self.adopt(number, applied.undo);
    }

    /// Takes over a configuration: flushes what no longer belongs, computes links, wakes clients.
    fn adopt(&mut self, number: DeviceNo, after: Configuration) {
        let Some(device) = self.device_mut(number) else { return };
        let mut left: Vec<(PortNo, u16)> = Vec::new();
        let mut touched: Vec<PortNo> = Vec::new();
        for (vlan, row) in &device.vlans {
            let Some(new) = after.vlans.get(vlan) else { continue };
            left.extend(row.egress.iter().filter(|p| !new.egress.contains(*p)).map(|p| (p, *vlan)));
            touched.extend(new.egress.iter().filter(|p| !row.egress.contains(*p)));
        }
        let mut relinked = Vec::new();
        for (index, (port, (up, pvid))) in device.ports.iter_mut().zip(&after.ports).enumerate() {
            let Ok(index) = u16::try_from(index) else { break };
            if port.admin_up != *up {
                relinked.push(PortNo(index));
            }
            if port.pvid != *pvid {
                touched.push(PortNo(index));
                left.push((PortNo(index), port.pvid));
            }
            port.admin_up = *up;
            port.pvid = *pvid;
        }
        device.vlans = after.vlans;
        device.touch_config();
        for (port, vlan) in left {
            self.flush(Place { device: number, port }, |v| v == vlan);
        }
        for port in relinked {
            let place = Place { device: number, port };
            self.refresh_port(place);
            // The other end loses or regains its link even where ours had none to lose.
            if let Some(peer) = self.device(number).and_then(|d| d.port(port)).and_then(|p| p.cable) {
                self.refresh_port(peer);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for port in touched {
            let there = self.at(Place { device: number, port }).to_vec();
            for endpoint in there {
                self.nudge(endpoint);
            }
        }
    }
}

/// The part of a device that a manager can change.
#[derive(Debug, Clone)]
struct Configuration {
    ports: Vec<(bool, u16)>,
    vlans: std::collections::BTreeMap<u16, super::device::VlanRow>,
}

impl Device {
    fn configuration(&self) -> Configuration {
        Configuration {
            ports: self.ports.iter().map(|p| (p.admin_up, p.pvid)).collect(),
            vlans: self.vlans.clone(),
        }
    }
}

impl Configuration {
    /// Applies one change; returns the one that undoes it.
    fn set(&mut self, change: &Change) -> Result<Change, ChangeError> {
        match change {
            Change::Admin { port, up } => {
                let slot = self.ports.get_mut(usize::from(port.0)).ok_or(ChangeError::NoSuchPort)?;
                let before = std::mem::replace(&mut slot.0, *up);
                Ok(Change::Admin { port: *port, up: before })
            }
            Change::Pvid { port, vlan } => {
                if !self.vlans.contains_key(vlan) {
                    return Err(ChangeError::NoSuchVlan(*vlan));
                }
                let slot = self.ports.get_mut(usize::from(port.0)).ok_or(ChangeError::NoSuchPort)?;
                let before = std::mem::replace(&mut slot.1, *vlan);
                Ok(Change::Pvid { port: *port, vlan: before })
            }
            Change::Egress { vlan, ports } => {
                let row = self.vlans.get_mut(vlan).ok_or(ChangeError::NoSuchVlan(*vlan))?;
                let before = std::mem::replace(&mut row.egress, ports.clone());
                // A port that leaves the egress set leaves the untagged set with it.
                row.untagged.intersect(ports);
                Ok(Change::Egress { vlan: *vlan, ports: before })
            }
            Change::Untagged { vlan, ports } => {
                let row = self.vlans.get_mut(vlan).ok_or(ChangeError::NoSuchVlan(*vlan))?;
                let before = std::mem::replace(&mut row.untagged, ports.clone());
                Ok(Change::Untagged { vlan: *vlan, ports: before })
            }
        }
    }
}
