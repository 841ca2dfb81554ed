//! Moves by Q-BRIDGE-MIB (RFC 4363): dot1qPvid of the bridge port, and its bits in
//! dot1qVlanStaticEgressPorts and dot1qVlanStaticUntaggedPorts of every VLAN concerned.
//!
//! The port joins the new VLAN first, then its PVID changes, then it leaves the old ones: agents
//! refuse a PVID whose VLAN the port is no member of, and untagged ports that are no egress ports.

use std::collections::BTreeMap;

use netwarden_model::VlanId;
use netwarden_snmp::{Oid, Value, VarBind};
use serde::{Deserialize, Serialize};

use super::{Expect, PlanError, port_list};

/// What dot1qPvid is called to people.
pub const PVID: &str = "the PVID";
/// RowStatus `active` (RFC 2579).
const ACTIVE: i64 = 1;

/// dot1qPvid of a bridge port.
pub fn pvid_oid(base_port: u32) -> Oid {
    Oid::from([1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1, 1, base_port])
}

/// A column of dot1qVlanStaticTable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// dot1qVlanStaticEgressPorts.
    Egress = 2,
    /// dot1qVlanForbiddenEgressPorts.
    Forbidden = 3,
    /// dot1qVlanStaticUntaggedPorts.
    Untagged = 4,
    /// dot1qVlanStaticRowStatus.
    RowStatus = 5,
}

impl Column {
    /// Those that a plan needs.
    pub const ALL: [Column; 4] = [Column::Egress, Column::Forbidden, Column::Untagged, Column::RowStatus];

    /// The column's own OID.
    pub fn oid(self) -> Oid {
        Oid::from([1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1, self as u32])
    }

    /// The instance for one VLAN (dot1qVlanIndex).
    pub fn of(self, vlan: VlanId) -> Oid {
        self.oid().child([u32::from(vlan.get())])
    }
}

/// One row of dot1qVlanStaticTable, as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VlanRow {
    /// dot1qVlanStaticEgressPorts.
    pub egress: Vec<u8>,
    /// dot1qVlanForbiddenEgressPorts; empty where the agent does not show it.
    pub forbidden: Vec<u8>,
    /// dot1qVlanStaticUntaggedPorts.
    pub untagged: Vec<u8>,
    /// dot1qVlanStaticRowStatus; None where the agent does not show it.
    pub row_status: Option<i64>,
}

/// What the element shows of the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// dot1dBasePort of the port.
    pub base_port: u32,
    /// dot1qPvid.
    pub pvid: i64,
    /// dot1qVlanStaticTable by VLAN.
    pub vlans: BTreeMap<VlanId, VlanRow>,
}

impl State {
    /// From a walk of [`Column::ALL`]. Rows whose index is no VLAN id, and VLANs without
    /// egress ports' column, are left out: nothing can be set there.
    pub fn from_walk(base_port: u32, pvid: i64, bindings: &[VarBind]) -> Self {
        let mut rows: BTreeMap<VlanId, (bool, VlanRow)> = BTreeMap::new();
        for column in Column::ALL {
            let prefix = column.oid();
            for binding in bindings {
                let Some(&[index]) = binding.oid.index_below(&prefix) else { continue };
                let Ok(vlan) = VlanId::new(i64::from(index)) else { continue };
                let (shown, row) = rows.entry(vlan).or_default();
                match (column, &binding.value) {
                    (Column::Egress, Value::OctetString(list)) => {
                        *shown = true;
                        row.egress.clone_from(list);
                    }
                    (Column::Forbidden, Value::OctetString(list)) => row.forbidden.clone_from(list),
                    (Column::Untagged, Value::OctetString(list)) => row.untagged.clone_from(list),
                    (Column::RowStatus, value) => row.row_status = value.as_i64(),
                    _ => {}
                }
            }
        }
        let vlans = rows.into_iter().filter(|(_, (shown, _))| *shown).map(|(vlan, (_, row))| (vlan, row));
        Self { base_port, pvid, vlans: vlans.collect() }
    }

    fn membership(&self, row: &VlanRow) -> Membership {
        Membership {
            egress: port_list::contains(&row.egress, self.base_port),
            untagged: port_list::contains(&row.untagged, self.base_port),
        }
    }
}

/// Our port's two bits in one VLAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// In dot1qVlanStaticEgressPorts.
    pub egress: bool,
    /// In dot1qVlanStaticUntaggedPorts.
    pub untagged: bool,
}

impl Membership {
    const NONE: Membership = Membership { egress: false, untagged: false };
    const UNTAGGED: Membership = Membership { egress: true, untagged: true };

    fn is_any(self) -> bool {
        self.egress || self.untagged
    }
}

/// What one VLAN's sets were before the first change, exactly as the agent gave them. Release
/// restores our own port's bits from them and leaves the others, which may have changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierVlan {
    /// Which VLAN.
    pub vlan: VlanId,
    /// dot1qVlanStaticEgressPorts, in hexadecimal.
    pub egress: String,
    /// dot1qVlanStaticUntaggedPorts, in hexadecimal.
    pub untagged: String,
}

/// The earlier values of a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// dot1dBasePort at that time: the bit that the lists were read for.
    pub base_port: u32,
    /// dot1qPvid.
    pub pvid: i64,
    /// Every VLAN of which a set is touched.
    pub vlans: Vec<EarlierVlan>,
}

impl Earlier {
    fn membership(&self, vlan: &EarlierVlan) -> Membership {
        Membership {
            egress: port_list::contains(&from_hex(&vlan.egress), self.base_port),
            untagged: port_list::contains(&from_hex(&vlan.untagged), self.base_port),
        }
    }
}

/// SETs and expectations of a move or a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// In order; empty where all is as wanted.
    pub sets: Vec<VarBind>,
    /// What must hold afterwards.
    pub expect: Vec<Expect>,
}

/// Makes the port an untagged member of `target` and of no other VLAN; `keep_tagged` (the voice VLAN)
/// stays where the port is its tagged member, so that a telephone behind the same port goes on
/// working. `stored` is what an earlier plan for the same wish has kept: its values stand, and only
/// VLANs that are touched for the first time are added.
pub fn move_to(
    state: &State,
    target: VlanId,
    keep_tagged: Option<VlanId>,
    stored: Option<&Earlier>,
) -> Result<(Earlier, Steps), PlanError> {
    let row = state.vlans.get(&target).ok_or(PlanError::VlanMissing(target))?;
    if row.row_status.is_some_and(|status| status != ACTIVE) {
        return Err(PlanError::VlanNotActive(target));
    }
    if port_list::contains(&row.forbidden, state.base_port) {
        return Err(PlanError::VlanForbidden(target));
    }
    let mut wanted = BTreeMap::new();
    for (vlan, row) in &state.vlans {
        let is = state.membership(row);
        if *vlan == target {
            wanted.insert(*vlan, Membership::UNTAGGED);
        } else if is.is_any() && (is.untagged || keep_tagged != Some(*vlan)) {
            wanted.insert(*vlan, Membership::NONE);
        }
    }
    // What an earlier plan took away stays away, and is checked again, though it is away by now.
    for vlan in stored.iter().flat_map(|stored| &stored.vlans) {
        let kept = keep_tagged == Some(vlan.vlan) && !wanted.contains_key(&vlan.vlan);
        if state.vlans.contains_key(&vlan.vlan) && !kept {
            wanted.entry(vlan.vlan).or_insert(Membership::NONE);
        }
    }
    let earlier = absorb(state, stored, wanted.keys().copied());
    Ok((earlier, steps(state, i64::from(target.get()), &wanted)))
}

/// Gives the port back what `earlier` holds: its PVID and its own bits, nobody else's.
pub fn restore(state: &State, earlier: &Earlier) -> Result<Steps, PlanError> {
    let mut wanted = BTreeMap::new();
    for vlan in &earlier.vlans {
        let was = earlier.membership(vlan);
        if state.vlans.contains_key(&vlan.vlan) {
            wanted.insert(vlan.vlan, was);
        } else if was.is_any() {
            return Err(PlanError::VlanMissing(vlan.vlan));
        }
    }
    Ok(steps(state, earlier.pvid, &wanted))
}

fn absorb(state: &State, stored: Option<&Earlier>, touched: impl Iterator<Item = VlanId>) -> Earlier {
    let mut earlier = match stored {
        // The lists were read for another bit (the element renumbered its bridge ports): our bits are
        // carried over to the number that the port has now.
        Some(stored) if stored.base_port != state.base_port => renumber(stored, state.base_port),
        Some(stored) => stored.clone(),
        None => Earlier { base_port: state.base_port, pvid: state.pvid, vlans: Vec::new() },
    };
    for vlan in touched {
        let known = earlier.vlans.iter().any(|known| known.vlan == vlan);
        if let (false, Some(row)) = (known, state.vlans.get(&vlan)) {
            let (egress, untagged) = (to_hex(&row.egress), to_hex(&row.untagged));
            earlier.vlans.push(EarlierVlan { vlan, egress, untagged });
        }
    }
    earlier
}

fn renumber(stored: &Earlier, base_port: u32) -> Earlier {
    let vlans = stored.vlans.iter().map(|vlan| {
        let was = stored.membership(vlan);
        let moved = |list: &str, set| {
            let without = port_list::with(&from_hex(list), stored.base_port, false);
            to_hex(&port_list::with(&without, base_port, set))
        };
        EarlierVlan {
            vlan: vlan.vlan,
            egress: moved(&vlan.egress, was.egress),
            untagged: moved(&vlan.untagged, was.untagged),
        }
    });
    Earlier { base_port, pvid: stored.pvid, vlans: vlans.collect() }
}

fn steps(state: &State, pvid: i64, wanted: &BTreeMap<VlanId, Membership>) -> Steps {
    let mut joins = Vec::new();
    let mut leaves = Vec::new();
    let mut expect = Vec::new();
    for (vlan, want) in wanted {
        let Some(row) = state.vlans.get(vlan) else { continue };
        let bit = |column: Column, list: &[u8], set: bool| {
            (port_list::contains(list, state.base_port) != set).then(|| {
                let list = port_list::with(list, state.base_port, set);
                VarBind::new(column.of(*vlan), Value::OctetString(list))
            })
        };
        let egress = bit(Column::Egress, &row.egress, want.egress);
        let untagged = bit(Column::Untagged, &row.untagged, want.untagged);
        // An untagged port must be an egress port at every moment: egress first when joining, last
        // when leaving.
        if want.egress {
            joins.extend(egress.into_iter().chain(untagged));
        } else {
            leaves.extend(untagged.into_iter().chain(egress));
        }
        for (column, set, of) in
            [(Column::Egress, want.egress, "egress"), (Column::Untagged, want.untagged, "untagged")]
        {
            expect.push(Expect::PortBit {
                oid: column.of(*vlan),
                base_port: state.base_port,
                set,
                what: format!("{of} ports of VLAN {vlan}"),
            });
        }
    }
    let oid = pvid_oid(state.base_port);
    expect.push(Expect::Number { oid: oid.clone(), value: pvid, what: PVID.to_owned() });
    let mut sets = joins;
    if state.pvid != pvid {
        // dot1qPvid is Unsigned32 (VlanIndex), which shares its encoding with Gauge32.
        let value = u32::try_from(pvid).unwrap_or_default();
        sets.push(VarBind::new(oid, Value::Gauge32(value)));
    }
    sets.extend(leaves);
    Steps { sets, expect }
}

fn to_hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Reads what [`to_hex`] wrote; what is no hexadecimal digit counts as an empty list.
fn from_hex(text: &str) -> Vec<u8> {
    let nibbles: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let octet = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    };
    nibbles.and_then(|nibbles| nibbles.chunks(2).map(octet).collect()).unwrap_or_default()
}

#[cfg(test)]
#[path = "q_bridge_tests.rs"]
mod tests;
