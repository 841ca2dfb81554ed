//! What all VLAN MIBs come down to, whichever maker's they are.

use std::collections::{BTreeMap, BTreeSet};

use netwarden_model::reading::{FdbEntry, Interface, Quirk, QuirkTally, Vlan};
use netwarden_model::{IfIndex, VlanId};
use serde::{Deserialize, Serialize};

/// VLANs, their ports (by ifIndex) and the ports' own settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VlanTables {
    /// By VLAN id.
    pub vlans: BTreeMap<VlanId, VlanRow>,
    /// PVID of each port, by ifIndex.
    pub pvids: BTreeMap<u32, VlanId>,
    /// Trunk or access, by ifIndex, where the MIB says so.
    pub trunk: BTreeMap<u32, bool>,
    /// FDB ids.
    pub fdb_ids: FdbIds,
}

/// One VLAN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VlanRow {
    /// Its name.
    pub name: Option<String>,
    /// Ports that send it, tagged or not.
    pub egress: BTreeSet<u32>,
    /// Ports that send it untagged.
    pub untagged: BTreeSet<u32>,
}

impl VlanTables {
    /// The row of a VLAN, made if need be.
    pub fn row(&mut self, id: VlanId) -> &mut VlanRow {
        self.vlans.entry(id).or_default()
    }

    /// Makes `port` a member.
    pub fn member(&mut self, id: VlanId, port: u32, untagged: bool) {
        let row = self.row(id);
        row.egress.insert(port);
        if untagged {
            row.untagged.insert(port);
        }
    }

    /// Adds what another MIB of the same device tells. Its names and settings win; memberships
    /// are united.
    pub fn merge(&mut self, other: VlanTables) {
        for (id, row) in other.vlans {
            let mine = self.row(id);
            mine.name = row.name.or_else(|| mine.name.take());
            mine.egress.extend(row.egress);
            mine.untagged.extend(row.untagged);
        }
        self.pvids.extend(other.pvids);
        self.trunk.extend(other.trunk);
        self.fdb_ids.merge(other.fdb_ids);
    }

    /// Writes PVID and trunk into the interfaces.
    pub fn settle(&self, interfaces: &mut [Interface]) {
        for interface in interfaces {
            interface.pvid = self.pvids.get(&interface.if_index.0).copied();
            interface.trunk = self.trunk.get(&interface.if_index.0).copied();
        }
    }

    /// The VLANs of the reading: the configured ones, and those that only learned addresses show.
    pub fn into_vlans(self, fdb: &[FdbEntry]) -> Vec<Vlan> {
        let mut pvid_of: BTreeMap<VlanId, Vec<IfIndex>> = BTreeMap::new();
        for (port, id) in &self.pvids {
            pvid_of.entry(*id).or_default().push(IfIndex(*port));
        }
        let list = |ports: BTreeSet<u32>| ports.into_iter().map(IfIndex).collect::<Vec<_>>();
        let seen: BTreeSet<VlanId> = fdb.iter().filter_map(|entry| entry.vlan).collect();
        let mut rows: BTreeMap<VlanId, (VlanRow, bool)> =
            self.vlans.into_iter().map(|(id, row)| (id, (row, true))).collect();
        for id in seen {
            rows.entry(id).or_insert_with(|| (VlanRow::default(), false));
        }
        rows.into_iter()
            .map(|(id, (row, configured))| Vlan {
                id,
                name: row.name,
                egress: list(row.egress),
                untagged: list(row.untagged),
                pvid_of: pvid_of.remove(&id).unwrap_or_default(),
                configured,
            })
            .collect()
    }
}

/// Which VLANs use which filtering database (dot1qVlanFdbId, RFC 4363), and which VLAN ids exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdbIds {
    map: BTreeMap<u32, BTreeSet<VlanId>>,
    known: BTreeSet<VlanId>,
}

impl FdbIds {
    /// `vlan` uses the database `fdb_id`.
    pub fn insert(&mut self, fdb_id: u32, vlan: VlanId) {
        self.map.entry(fdb_id).or_default().insert(vlan);
        self.known.insert(vlan);
    }

    /// `vlan` exists.
    pub fn know(&mut self, vlan: VlanId) {
        self.known.insert(vlan);
    }

    /// Adds another MIB's.
    pub fn merge(&mut self, other: FdbIds) {
        for (id, vlans) in other.map {
            self.map.entry(id).or_default().extend(vlans);
        }
        self.known.extend(other.known);
    }

    /// The databases in which an address of `vlan` may be learned; all of them for None.
    pub fn databases(&self, vlan: Option<VlanId>) -> Vec<u32> {
        if self.map.is_empty() {
            return self
                .known
                .iter()
                .filter(|id| vlan.is_none_or(|v| v == **id))
                .map(|id| u32::from(id.get()))
                .collect();
        }
        let using = self.map.iter().filter(|(_, vlans)| vlan.is_none_or(|v| vlans.contains(&v)));
        using.map(|(id, _)| *id).collect()
    }

    /// True where `fdb_id` can be told.
    pub fn explains(&self, fdb_id: u32) -> bool {
        match self.map.get(&fdb_id) {
            Some(vlans) => !vlans.is_empty(),
            None => self.unmapped(fdb_id).is_some(),
        }
    }

    /// The VLAN of a database that the mapping lacks. Most devices number their databases by VLAN id;
    /// that is believed of those without a mapping, and of those whose mapping says just that of the
    /// VLANs that it has.
    fn unmapped(&self, fdb_id: u32) -> Option<VlanId> {
        let numbered_by_vlan = self
            .map
            .iter()
            .all(|(id, vlans)| vlans.len() == 1 && vlans.iter().all(|vlan| u32::from(vlan.get()) == *id));
        VlanId::new(i64::from(fdb_id)).ok().filter(|id| numbered_by_vlan && self.known.contains(id))
    }

    /// The VLAN of a database; None, and counted, where it is not known or where several share it.
    pub fn vlan(&self, fdb_id: u32, tally: &mut QuirkTally) -> Option<VlanId> {
        match self.map.get(&fdb_id) {
            Some(vlans) if vlans.len() == 1 => vlans.first().copied(),
            Some(_) => {
                tally.met(Quirk::FdbIdShared);
                None
            }
            None => {
                let vlan = self.unmapped(fdb_id);
                if vlan.is_none() {
                    tally.met(Quirk::FdbIdUnknown);
                }
                vlan
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vlan(id: i64) -> VlanId {
        VlanId::new(id).unwrap()
    }

    #[test]
    fn an_fdb_id_is_told_only_where_it_can_be() {
        let mut ids = FdbIds::default();
        let mut tally = QuirkTally::default();
        assert_eq!(ids.vlan(10, &mut tally), None, "no VLAN 10 is known");
        ids.know(vlan(10));
        assert_eq!(ids.vlan(10, &mut tally), Some(vlan(10)), "no mapping: the id of a known VLAN");
        let mut by_id = ids.clone();
        by_id.insert(7, vlan(7));
        assert_eq!(by_id.vlan(10, &mut tally), Some(vlan(10)), "the mapping numbers them by VLAN id");
        ids.insert(3, vlan(20));
        assert_eq!(ids.vlan(3, &mut tally), Some(vlan(20)));
        assert_eq!(ids.vlan(10, &mut tally), None, "there is a mapping, and it does not have it");
        ids.insert(3, vlan(30));
        assert_eq!(ids.vlan(3, &mut tally), None, "shared");
        let counts: Vec<_> = tally.into_counts().iter().map(|c| (c.quirk, c.rows, c.dropped)).collect();
        assert_eq!(counts, [(Quirk::FdbIdUnknown, 2, 0), (Quirk::FdbIdShared, 1, 0)]);
    }
}
