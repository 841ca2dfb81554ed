//! Forwarding tables and address caches, kept sorted and immutable so that comparing is cheap.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netwarden_model::{Mac, VlanId};

/// ARP and ND caches of one element: which MAC owns which address.
pub type ArpTable = BTreeMap<IpAddr, Mac>;

/// The age of a row that was there in the first reading: how long before is not known.
pub const AGE_UNKNOWN: i64 = i64::MIN;

/// The slot of a row whose port cannot be told.
pub const NO_PORT: u32 = u32::MAX;

/// One learned address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    key: u64,
    /// The port (a LAG's members as their aggregate).
    pub slot: u32,
    /// Since when it has been on this port, in microseconds UTC, or [`AGE_UNKNOWN`].
    pub since: i64,
}

impl Row {
    /// A row; VLAN None where the element does not tell.
    pub fn new(mac: Mac, vlan: Option<VlanId>, slot: u32, since: i64) -> Self {
        Self { key: (mac.to_u64() << 16) | vlan.map_or(0, |v| u64::from(v.get())), slot, since }
    }

    /// The same on another port.
    pub fn at(self, slot: u32) -> Self {
        Self { slot, ..self }
    }

    /// The address.
    pub fn mac(&self) -> Option<Mac> {
        Mac::from_u64(self.key >> 16)
    }

    /// The VLAN.
    pub fn vlan(&self) -> Option<VlanId> {
        VlanId::new(i64::try_from(self.key & 0xffff).unwrap_or(0)).ok()
    }
}

/// A forwarding table, by MAC and VLAN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fdb {
    rows: Vec<Row>,
    by_port: Vec<Vec<Mac>>,
}

impl Fdb {
    /// From rows in any order; of several with the same MAC and VLAN the one with the lowest slot stays.
    pub fn new(mut rows: Vec<Row>) -> Self {
        rows.sort_unstable_by_key(|row| (row.key, row.slot));
        rows.dedup_by_key(|row| row.key);
        let mut by_port: Vec<Vec<Mac>> = Vec::new();
        for row in rows.iter().filter(|row| row.slot != NO_PORT) {
            let (Some(mac), Ok(at)) = (row.mac(), usize::try_from(row.slot)) else { continue };
            if by_port.len() <= at {
                by_port.resize_with(at + 1, Vec::new);
            }
            if let Some(macs) = by_port.get_mut(at)
                && macs.last() != Some(&mac)
            {
                macs.push(mac);
            }
        }
        Self { rows, by_port }
    }

    /// All rows, by MAC and VLAN.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows of one MAC.
    pub fn rows_of(&self, mac: Mac) -> &[Row] {
        let low = mac.to_u64() << 16;
        let from = self.rows.partition_point(|row| row.key < low);
        let rest = self.rows.get(from..).unwrap_or(&[]);
        let to = rest.partition_point(|row| row.key <= low | 0xffff);
        rest.get(..to).unwrap_or(&[])
    }

    /// The MACs on a port, ascending.
    pub fn macs_on(&self, slot: u32) -> &[Mac] {
        usize::try_from(slot).ok().and_then(|at| self.by_port.get(at)).map_or(&[], Vec::as_slice)
    }

    /// True where `mac` is on `slot`.
    pub fn has(&self, slot: u32, mac: Mac) -> bool {
        self.macs_on(slot).binary_search(&mac).is_ok()
    }

    /// Slots that have learned anything.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.by_port).filter(|(_, macs)| !macs.is_empty()).map(|(slot, _)| slot)
    }

    /// Rows with their ages taken over from `old` where MAC, VLAN and port are the same, and the MACs
    /// whose rows differ. None where nothing differs. Rows that `old` does not have are of age `now`,
    /// unless `first` says that there is no earlier reading to compare with.
    pub fn successor(old: &Fdb, mut rows: Vec<Row>, now: i64, first: bool) -> Option<(Fdb, Vec<Mac>)> {
        rows.sort_unstable_by_key(|row| (row.key, row.slot));
        rows.dedup_by_key(|row| row.key);
        let mut changed = Vec::new();
        let mut before = old.rows.iter().peekable();
        for row in &mut rows {
            while let Some(gone) = before.next_if(|b| b.key < row.key) {
                changed.extend(gone.mac());
            }
            match before.next_if(|b| b.key == row.key) {
                Some(same) if same.slot == row.slot => row.since = same.since,
                moved => {
                    row.since = if first && moved.is_none() { AGE_UNKNOWN } else { now };
                    changed.extend(row.mac());
                }
            }
        }
        changed.extend(before.filter_map(Row::mac));
        if changed.is_empty() {
            return None;
        }
        changed.sort_unstable();
        changed.dedup();
        Some((Fdb::new(rows), changed))
    }
}
