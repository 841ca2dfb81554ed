//! Which ports lead to other elements (NAC-03).
//!
//! Evidence, strongest first: an LLDP/CDP neighbour that forwards or is an element of ours; another
//! element's own address learned on the port; two reasonings from forwarding tables alone; a count. Who
//! claims to be an element of ours has to be it: see `corroborate.rs`.
//!
//! The reasonings hold in any loop-free topology, per VLAN. (1) If port p of A shows x and y, and B has
//! x and y on two different ports, then B lies behind p: were B in another direction, A's frames from
//! both would come to B through one port. (2) If B knows the direction of A, and has x elsewhere, then
//! x is beyond B as seen from A, so A's port for x leads to B. Both need rows that describe the same
//! moment: a row stays for the ageing time after its endpoint has moved, so only rows count that have
//! existed side by side for longer than that, or whose age is unknown (first readings). Addresses that
//! are in two places at once count for nothing, lest an attacker turn an access port into an uplink.

use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use netwarden_model::event::nac::UplinkReason;
use netwarden_model::{Mac, NeId, VlanId};

use crate::corroborate::{Claimant, Verdict};
use crate::element::UplinkBy;
use crate::endpoint::Place;
use crate::plan::{Draft, Seen};
use crate::table::{AGE_UNKNOWN, NO_PORT};

/// Why `seen` on `place` says something about another element's port.
struct Witness {
    other: Place,
    vlan: Option<VlanId>,
    mac: Mac,
    aged: bool,
}

/// What forwarding tables say about a port.
enum Tables {
    /// It leads to another element.
    Uplink(UplinkBy),
    /// Nothing; `waiting` where rows that are too young may say more later.
    Silent { waiting: bool },
}

impl Draft<'_> {
    /// Looks at `ports` again, and at those whose evidence hangs on them; yields the MACs that are to be
    /// located anew.
    pub(crate) fn reconsider_roles(&mut self, ports: BTreeSet<(NeId, u32)>) -> BTreeSet<Mac> {
        let mut queue: VecDeque<(NeId, u32)> = ports.into_iter().collect();
        let mut queued: BTreeSet<(NeId, u32)> = queue.iter().copied().collect();
        let mut relocate = BTreeSet::new();
        let mut uplinks = BTreeSet::new();
        while let Some((ne, slot)) = queue.pop_front() {
            queued.remove(&(ne, slot));
            if slot == NO_PORT || self.ports(ne).is_none_or(|ports| ports.stands_for(slot) != slot) {
                continue;
            }
            let place = Place { ne, slot };
            let was_uplink = self.is_uplink(place);
            let evidence = self.evidence(place);
            let names = evidence.as_ref().and_then(UplinkBy::element);
            self.apply_evidence(place, evidence);
            let is_uplink = self.is_uplink(place);
            let base = self.element(ne).is_some_and(|element| {
                element.ports.get(slot).is_some_and(|port| (port.role() == crate::Role::Uplink) != is_uplink)
            });
            if was_uplink != is_uplink || base {
                relocate.extend(self.fdb(ne).map_or(&[][..], |fdb| fdb.macs_on(slot)));
                if is_uplink {
                    uplinks.insert(place);
                }
            }
            if was_uplink == is_uplink {
                continue;
            }
            // A direction became known: what that element's other ports show can be reasoned upon now.
            if let Some(other) = names {
                let slots: Vec<u32> = self.fdb(other).map_or_else(Vec::new, |fdb| fdb.slots().collect());
                for slot in slots {
                    if !self.is_uplink(Place { ne: other, slot }) && queued.insert((other, slot)) {
                        queue.push_back((other, slot));
                    }
                }
            }
        }
        for place in &uplinks {
            self.tell_uplink(*place);
        }
        // Silent endpoints are in no table any more, and had their place there all the same.
        if !uplinks.is_empty() {
            relocate.extend(self.net.silent.iter().copied().filter(|mac| {
                let place = self.endpoint(*mac).and_then(|endpoint| endpoint.place);
                place.is_some_and(|place| uplinks.contains(&place))
            }));
        }
        relocate
    }

    /// Why `place` leads to another element, if it does.
    fn evidence(&mut self, place: Place) -> Option<UplinkBy> {
        let mut doubted = None;
        let mut found = self.neighbour_evidence(place, &mut doubted);
        found = found.or_else(|| self.element_mac_evidence(place, &mut doubted));
        found = found.or_else(|| self.evidence_of_tables(place));
        if found.is_some() {
            self.end_doubt(place);
        } else {
            self.doubt(place, doubted);
        }
        found
    }

    /// What forwarding tables alone say.
    fn evidence_of_tables(&mut self, place: Place) -> Option<UplinkBy> {
        // What the tables said before is looked at first: it mostly still holds, and one element is soon asked.
        if let Some(UplinkBy::Behind { ne }) = self.known_evidence(place)
            && let Tables::Uplink(found) = self.table_evidence(place, Some(ne))
        {
            return Some(found);
        }
        match self.table_evidence(place, None) {
            Tables::Uplink(found) => Some(found),
            Tables::Silent { waiting } => {
                if waiting {
                    self.recheck_later(place);
                }
                None
            }
        }
    }

    fn known_evidence(&self, place: Place) -> Option<UplinkBy> {
        self.ports(place.ne)?.get(place.slot)?.uplink.clone()
    }

    fn neighbour_evidence(
        &self,
        place: Place,
        doubted: &mut Option<(Claimant, Verdict)>,
    ) -> Option<UplinkBy> {
        self.neighbours(place.ne).iter().filter(|at| at.slot == Some(place.slot)).find_map(|at| {
            let neighbour = &at.neighbour;
            let claimed = self.managed(place.ne, neighbour);
            let verdict = claimed.map(|ne| self.verdict(place, ne, neighbour.chassis_mac));
            let ne = claimed.filter(|_| verdict == Some(Verdict::Believed));
            // Phones bridge for the PC behind them, access points for their clients: both announce
            // `bridge`, and what is behind them is at home here.
            let for_endpoints = neighbour.capabilities.iter().any(|c| c == "telephone" || c == "wlan_ap");
            let forwards =
                neighbour.forwards() && !for_endpoints && self.net.settings.trust_unmanaged_neighbours;
            let name =
                neighbour.system_name.clone().or_else(|| neighbour.chassis_id.clone()).unwrap_or_default();
            if ne.is_none()
                && doubted.is_none()
                && let (Some(claimed), Some(verdict)) = (claimed, verdict)
            {
                let because = UplinkReason::Neighbour;
                *doubted = Some((Claimant { ne: claimed, because, shown: name.clone() }, verdict));
            }
            (ne.is_some() || forwards).then_some(UplinkBy::Neighbour { name, ne })
        })
    }

    /// Our element that a neighbour is: by an address of its own, or by its management address.
    fn managed(&self, ne: NeId, neighbour: &netwarden_model::reading::Neighbour) -> Option<NeId> {
        let by_mac = neighbour.chassis_mac.and_then(|mac| self.other_forwarder(ne, mac));
        by_mac.or_else(|| {
            let found = self.net.elements.iter().find(|(other, element)| {
                **other != ne
                    && element.base.class != "host"
                    && neighbour.addresses.contains(&element.base.element.address.ip())
            });
            found
                .filter(|(_, element)| self.has_address_alone(element.base.element.address.ip()))
                .map(|(other, _)| *other)
        })
    }

    /// The element other than `ne`, and not a host, whose own address `mac` is.
    fn other_forwarder(&self, ne: NeId, mac: Mac) -> Option<NeId> {
        let owners = self.owners(mac);
        if owners.contains(&ne) {
            return None;
        }
        owners
            .into_iter()
            .find(|owner| self.element(*owner).is_some_and(|element| element.base.class != "host"))
    }

    fn element_mac_evidence(
        &self,
        place: Place,
        doubted: &mut Option<(Claimant, Verdict)>,
    ) -> Option<UplinkBy> {
        let fdb = self.fdb(place.ne)?;
        let known = self.ports(place.ne)?.get(place.slot)?.uplink.as_ref();
        if let Some(UplinkBy::ElementMac { mac, ne }) = known
            && fdb.has(place.slot, *mac)
            && self.owners(*mac).contains(ne)
        {
            return known.cloned();
        }
        fdb.macs_on(place.slot).iter().find_map(|mac| {
            let ne = self.other_forwarder(place.ne, *mac)?;
            let verdict = self.verdict(place, ne, Some(*mac));
            if verdict != Verdict::Believed {
                let because = UplinkReason::ElementMac;
                doubted.get_or_insert_with(|| (Claimant { ne, because, shown: mac.to_string() }, verdict));
                return None;
            }
            Some(UplinkBy::ElementMac { mac: *mac, ne })
        })
    }

    /// Rows of other elements (of `only`, if given) for the MACs on `place`, in the same VLAN.
    fn witnesses(&self, place: Place, only: Option<NeId>) -> impl Iterator<Item = Witness> {
        let macs = self.fdb(place.ne).map_or(&[][..], |fdb| fdb.macs_on(place.slot));
        macs.iter().flat_map(move |mac| self.witnesses_of(*mac, place, only))
    }

    fn witnesses_of(&self, mac: Mac, place: Place, only: Option<NeId>) -> Vec<Witness> {
        let elements = only.map_or_else(|| self.seen_by(mac), |ne| vec![ne]);
        let suspicion = self.suspicion(mac);
        let confirmed = suspicion.is_some_and(|suspicion| suspicion.confirmed);
        let alone = only.is_none() && elements.len() < 2;
        let Some(fdb) = self.fdb(place.ne).filter(|_| !alone && !confirmed && !mac.is_virtual_router())
        else {
            return Vec::new();
        };
        let bound = self.endpoint(mac).and_then(|endpoint| endpoint.bound_to.as_ref());
        if bound.and_then(|port| self.place_of(port)) == Some(place) || self.is_own(mac) {
            return Vec::new();
        }
        let mut witnesses = Vec::new();
        for here in fdb.rows_of(mac).iter().filter(|row| row.slot == place.slot) {
            for other in elements.iter().filter(|ne| **ne != place.ne) {
                let rows = self.fdb(*other).map_or(&[][..], |fdb| fdb.rows_of(mac));
                for there in rows.iter().filter(|row| row.vlan() == here.vlan() && row.slot != NO_PORT) {
                    if suspicion.is_some() && !self.share_domain(place.ne, *other, there.vlan(), mac) {
                        continue;
                    }
                    let at = Place { ne: *other, slot: there.slot };
                    let seen = Seen { place: at, vlan: there.vlan(), since: there.since };
                    let aged = self.side_by_side(place.ne, here.since, &seen);
                    witnesses.push(Witness { other: at, vlan: seen.vlan, mac, aged });
                }
            }
        }
        witnesses
    }

    /// True where two rows have existed side by side for longer than a stale one could.
    fn side_by_side(&self, ne: NeId, since: i64, other: &Seen) -> bool {
        let newest = since.max(other.since);
        if newest == AGE_UNKNOWN {
            return true;
        }
        let ageing = i64::try_from(self.net.settings.fdb_ageing.as_micros()).unwrap_or(i64::MAX);
        let read = self.last_read(ne).min(self.last_read(other.place.ne));
        read.is_some_and(|read| read.as_microsecond() >= newest.saturating_add(ageing))
    }

    /// True where the two elements have other addresses than `but` in common in `vlan`: they are in one
    /// broadcast domain there, so that a frame from `but` passes, and is learned by, both.
    pub(crate) fn share_domain(&self, one: NeId, other: NeId, vlan: Option<VlanId>, but: Mac) -> bool {
        let (Some(one), Some(other)) = (self.fdb(one), self.fdb(other)) else { return false };
        let (few, many) = if one.rows().len() <= other.rows().len() { (one, other) } else { (other, one) };
        few.rows()
            .iter()
            .filter(|row| row.vlan() == vlan)
            .filter_map(crate::table::Row::mac)
            .filter(|mac| *mac != but && self.suspicion(*mac).is_none())
            .any(|mac| many.rows_of(mac).iter().any(|row| row.vlan() == vlan))
    }

    /// What the forwarding tables (that of `only`, if given, and this element's) say about `place`.
    fn table_evidence(&self, place: Place, only: Option<NeId>) -> Tables {
        let here = self.fdb(place.ne).map_or(0, |fdb| fdb.macs_on(place.slot).len());
        let mut first: HashMap<(NeId, Option<VlanId>), u32> = HashMap::new();
        let mut beyond: HashMap<NeId, BTreeSet<Mac>> = HashMap::new();
        let mut towards: HashMap<NeId, Option<u32>> = HashMap::new();
        let mut elsewhere = BTreeSet::new();
        let mut waiting = false;
        for witness in self.witnesses(place, only) {
            if !witness.aged {
                waiting = true;
                continue;
            }
            let Place { ne, slot } = witness.other;
            if *first.entry((ne, witness.vlan)).or_insert(slot) != slot {
                return Tables::Uplink(UplinkBy::Behind { ne });
            }
            let direction = *towards.entry(ne).or_insert_with(|| self.direction(ne, place.ne));
            if direction.is_some_and(|direction| direction != slot) {
                let macs = beyond.entry(ne).or_default();
                macs.insert(witness.mac);
                // One address alone is enough only where it is all that the port has.
                if macs.len() >= 2 || here == 1 {
                    return Tables::Uplink(UplinkBy::Behind { ne });
                }
            }
            if !self.is_uplink(witness.other) {
                elsewhere.insert(witness.mac);
            }
        }
        let many = only.is_none() && here >= self.net.settings.uplink_count.max(2);
        if many && elsewhere.len() * 2 >= here {
            return Tables::Uplink(UplinkBy::Count { macs: here });
        }
        Tables::Silent { waiting }
    }

    /// Through which port `from` reaches `to`, as far as evidence names it.
    pub(crate) fn direction(&self, from: NeId, to: NeId) -> Option<u32> {
        let ports = self.ports(from)?;
        let named =
            ports.iter().find(|(_, port)| port.uplink.as_ref().and_then(UplinkBy::element) == Some(to));
        if let Some((slot, _)) = named {
            return Some(ports.stands_for(slot));
        }
        let fdb = self.fdb(from)?;
        let macs = &self.live(to)?.own_macs;
        macs.iter().flat_map(|mac| fdb.rows_of(*mac)).map(|row| row.slot).find(|slot| *slot != NO_PORT)
    }

    fn apply_evidence(&mut self, place: Place, evidence: Option<UplinkBy>) {
        let now = self.now;
        let memory = SignedDuration::try_from(self.net.settings.uplink_memory).unwrap_or(SignedDuration::MAX);
        let Some(port) = self.ports(place.ne).and_then(|ports| ports.get(place.slot)) else { return };
        let (uplink, lost) = match (&port.uplink, evidence) {
            (None, evidence) => (evidence, None),
            (Some(_), Some(found @ UplinkBy::Neighbour { .. })) => (Some(found), None),
            // As long as there is any, the reason shown does not wander from one switch to the next.
            (Some(known), Some(_)) => (Some(known.clone()), None),
            (Some(known), None) => match port.uplink_lost {
                Some(lost) if now.duration_since(lost) >= memory => (None, None),
                lost => (Some(known.clone()), Some(lost.unwrap_or(now))),
            },
        };
        if (&uplink, lost) == (&port.uplink, port.uplink_lost) {
            return;
        }
        if let Some(port) = self.ports_mut(place.ne).and_then(|ports| ports.get_mut(place.slot)) {
            port.uplink = uplink;
            port.uplink_lost = lost;
        }
    }

    fn recheck_later(&mut self, place: Place) {
        let key = (place.ne, place.slot);
        let planned = self.net.recheck.get(&key).is_some_and(|due| *due > self.now);
        if planned || self.changes.recheck.contains_key(&key) {
            return;
        }
        let due = later(self.now, self.net.settings.fdb_ageing + std::time::Duration::from_secs(60));
        self.changes.recheck.insert(key, Some(due));
    }
}

impl UplinkBy {
    /// Our element that the evidence names.
    pub fn element(&self) -> Option<NeId> {
        match self {
            UplinkBy::Neighbour { ne, .. } => *ne,
            UplinkBy::ElementMac { ne, .. } | UplinkBy::Behind { ne } => Some(*ne),
            UplinkBy::Count { .. } => None,
        }
    }
}

pub(crate) fn later(now: Timestamp, by: std::time::Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
