//! From a reading to changes: the draft that every plan fills, and the order of its steps.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::element::{Method, Scan};
use netwarden_model::event::NacPayload;
use netwarden_model::reading::{FdbStatus, Interface, System};
use netwarden_model::{EventKind, IfIndex, Mac, NeId, PortName, PortRef, Reading, VlanId};

use crate::changes::{Changes, Heartbeat, PollWhat, PollWish};
use crate::element::{
    ElementState, Gap, Live, NeighbourAt, Port, PortId, PortTable, Reachability, Role, UplinkBy,
};
use crate::endpoint::{Endpoint, Place};
use crate::network::{Network, Read, UnknownElement, essential};
use crate::reboot::restarted;
use crate::table::{AGE_UNKNOWN, Fdb, NO_PORT, Row};

/// An agent that has lost its way in every table of a scan says so for so many of them.
const MOST_REASONS: usize = 4;

/// A row of some element's table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) place: Place,
    pub(crate) vlan: Option<VlanId>,
    pub(crate) since: i64,
}

/// The state as it would be with the changes made so far.
pub(crate) struct Draft<'a> {
    pub(crate) net: &'a Network,
    pub(crate) now: Timestamp,
    pub(crate) changes: Changes,
}

impl Network {
    /// What a good reading of `ne` at `now` changes. Parts that `read` does not cover are left alone.
    pub fn plan_reading(
        &self,
        ne: NeId,
        read: &Read,
        reading: &Reading,
        now: Timestamp,
    ) -> Result<Changes, UnknownElement> {
        let element = self.elements.get(&ne).ok_or(UnknownElement(ne))?;
        let mut draft = Draft::new(self, now);
        draft.element_answered(ne, element, read, reading);
        let mut moved: BTreeSet<Mac> = BTreeSet::new();
        let mut ports: BTreeSet<(NeId, u32)> = BTreeSet::new();
        if read.covers(Method::Inventory) {
            draft.read_inventory(ne, reading, &mut moved, &mut ports);
        }
        let table = match read {
            Read::Macs(macs) => Some(draft.read_macs(ne, macs, reading)),
            _ if read.covers(Method::Forwarding) => Some(draft.read_forwarding(ne, reading)),
            _ => None,
        };
        if let Some(changed) = table {
            // Until everything was read, nothing is concluded from tables: settling looks at every port.
            if self.settled {
                draft.ports_of_macs(&changed, Some(ne), &mut ports);
                moved.extend(changed.into_iter().filter(|mac| !draft.only_passes(ne, *mac)));
            } else {
                moved.extend(changed);
            }
        }
        if self.settled {
            ports.extend(draft.doubts_about(ne));
            moved.extend(draft.reconsider_roles(ports));
        } else if draft.is_settled_with(read.covers(Method::Forwarding).then_some(ne)) {
            moved.extend(draft.settle());
        }
        // Addresses before locations, so that the events of a new endpoint carry them; contests after, since
        // they turn on who is present.
        let contests =
            if read.covers(Method::Addresses) { draft.read_addresses(ne, reading) } else { Vec::new() };
        for mac in moved {
            draft.relocate(mac);
        }
        // After the locations: a session is with the port on which its endpoint is.
        if read.covers(Method::Forwarding) {
            draft.note_sessions(ne, read, reading);
        }
        draft.confirm_suspicions(ne);
        for contest in contests {
            draft.judge_contest(contest);
        }
        Ok(draft.finish())
    }

    /// What a failed poll of `ne` changes: nothing until the threshold, and never an endpoint's presence.
    pub fn plan_failure(&self, ne: NeId, reason: &str, now: Timestamp) -> Result<Changes, UnknownElement> {
        let element = self.elements.get(&ne).ok_or(UnknownElement(ne))?;
        let mut draft = Draft::new(self, now);
        let mut live = element.live.clone();
        live.failures = live.failures.saturating_add(1);
        live.trouble = Some((now, reason.to_owned()));
        let threshold = self.settings.unreachable_after.max(1);
        if live.failures >= threshold && live.reachability != Reachability::Unreachable {
            live.reachability = Reachability::Unreachable;
            draft.changes.live.insert(ne, live);
            draft.ne_event(
                EventKind::NeUnreachable,
                ne,
                NacPayload::NeUnreachable { reason: reason.to_owned() },
            );
        } else {
            draft.changes.live.insert(ne, live);
        }
        if !self.settled && draft.is_settled_with(None) {
            for mac in draft.settle() {
                draft.relocate(mac);
            }
        }
        Ok(draft.finish())
    }

    /// What taking an element out of the inventory changes: its sightings end, its endpoints are located anew.
    pub fn plan_removal(&self, ne: NeId, now: Timestamp) -> Result<Changes, UnknownElement> {
        let element = self.elements.get(&ne).ok_or(UnknownElement(ne))?;
        let mut draft = Draft::new(self, now);
        let macs: BTreeSet<Mac> = element
            .fdb
            .rows()
            .iter()
            .filter_map(Row::mac)
            .chain(self.endpoints.values().filter(|e| e.place.is_some_and(|p| p.ne == ne)).map(|e| e.mac))
            .collect();
        let mut live = element.live.clone();
        live.own_macs.clear();
        draft.changes.live.insert(ne, live);
        draft.changes.fdb.insert(ne, (Arc::default(), macs.iter().copied().collect()));
        for mac in &macs {
            if self.endpoints.get(mac).and_then(|endpoint| endpoint.place).is_some_and(|place| place.ne == ne)
            {
                draft.leave(*mac);
            }
        }
        let mut ports = BTreeSet::new();
        let list: Vec<Mac> = macs.iter().chain(&element.live.own_macs).copied().collect();
        draft.ports_of_macs(&list, None, &mut ports);
        let mut moved = draft.reconsider_roles(ports);
        moved.extend(list);
        for mac in moved {
            draft.relocate(mac);
        }
        draft.forget_addresses(ne);
        draft.changes.removed = Some(ne);
        Ok(draft.finish())
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn new(net: &'a Network, now: Timestamp) -> Self {
        Self { net, now, changes: Changes { at: now, ..Changes::default() } }
    }

    pub(crate) fn element(&self, ne: NeId) -> Option<&'a ElementState> {
        self.net.elements.get(&ne)
    }

    pub(crate) fn live(&self, ne: NeId) -> Option<&Live> {
        self.changes.live.get(&ne).or_else(|| self.element(ne).map(|element| &element.live))
    }

    pub(crate) fn ports(&self, ne: NeId) -> Option<&PortTable> {
        self.changes.ports.get(&ne).or_else(|| self.element(ne).map(|element| &*element.ports))
    }

    pub(crate) fn ports_mut(&mut self, ne: NeId) -> Option<&mut PortTable> {
        if !self.changes.ports.contains_key(&ne) {
            let ports = PortTable::clone(&self.element(ne)?.ports);
            self.changes.ports.insert(ne, ports);
        }
        self.changes.ports.get_mut(&ne)
    }

    pub(crate) fn neighbours(&self, ne: NeId) -> &[NeighbourAt] {
        match self.changes.neighbours.get(&ne) {
            Some(neighbours) => neighbours,
            None => self.element(ne).map_or(&[], |element| element.neighbours.as_slice()),
        }
    }

    pub(crate) fn fdb(&self, ne: NeId) -> Option<&Fdb> {
        self.changes
            .fdb
            .get(&ne)
            .map(|(fdb, _)| &**fdb)
            .or_else(|| self.element(ne).map(|element| &*element.fdb))
    }

    pub(crate) fn endpoint(&self, mac: Mac) -> Option<&Endpoint> {
        let known = || self.net.endpoints.get(&mac).filter(|_| !self.changes.forgotten.contains(&mac));
        self.changes.endpoints.get(&mac).or_else(known)
    }

    /// The endpoint, made if it is not known.
    pub(crate) fn endpoint_mut(&mut self, mac: Mac) -> &mut Endpoint {
        let net = self.net;
        let forgotten = self.changes.forgotten.remove(&mac);
        self.changes.endpoints.entry(mac).or_insert_with(|| match net.endpoints.get(&mac) {
            Some(known) if !forgotten => known.clone(),
            _ => Endpoint::new(mac, (net.vendor_of)(mac)),
        })
    }

    /// Takes an endpoint out of the inventory; its history stays.
    pub(crate) fn forget(&mut self, mac: Mac) {
        self.leave(mac);
        self.changes.endpoints.remove(&mac);
        if self.net.endpoints.contains_key(&mac) {
            self.changes.forgotten.insert(mac);
        }
    }

    /// Which elements have rows for `mac`.
    pub(crate) fn seen_by(&self, mac: Mac) -> Vec<NeId> {
        let mut elements = self.net.seen.get(&mac).cloned().unwrap_or_default();
        for (ne, (fdb, _)) in &self.changes.fdb {
            match (elements.binary_search(ne), !fdb.rows_of(mac).is_empty()) {
                (Err(at), true) => elements.insert(at, *ne),
                (Ok(at), false) => {
                    elements.remove(at);
                }
                _ => {}
            }
        }
        elements
    }

    /// All rows for `mac`.
    pub(crate) fn rows_of(&self, mac: Mac) -> Vec<Seen> {
        let mut rows = Vec::new();
        for ne in self.seen_by(mac) {
            for row in self.fdb(ne).map_or(&[][..], |fdb| fdb.rows_of(mac)) {
                rows.push(Seen { place: Place { ne, slot: row.slot }, vlan: row.vlan(), since: row.since });
            }
        }
        rows
    }

    /// The elements whose own address `mac` is.
    pub(crate) fn owners(&self, mac: Mac) -> BTreeSet<NeId> {
        let mut owners = self.net.own.get(&mac).cloned().unwrap_or_default();
        for (ne, live) in &self.changes.live {
            if live.own_macs.contains(&mac) {
                owners.insert(*ne);
            } else {
                owners.remove(ne);
            }
        }
        owners
    }

    pub(crate) fn is_own(&self, mac: Mac) -> bool {
        !self.owners(mac).is_empty()
    }

    /// True for whom nobody authorises.
    pub(crate) fn is_kept_out(&self, mac: Mac) -> bool {
        self.net.kept_out.contains(&mac)
    }

    /// True where nothing is located: inter-switch ports, and rows whose port cannot be told.
    pub(crate) fn is_uplink(&self, place: Place) -> bool {
        place.slot == NO_PORT
            || self
                .ports(place.ne)
                .and_then(|ports| ports.get(place.slot))
                .is_none_or(|port| port.role() == Role::Uplink)
    }

    pub(crate) fn port_ref(&self, place: Place) -> Option<PortRef> {
        Some(PortRef { ne: place.ne, port: self.ports(place.ne)?.get(place.slot)?.name.clone() })
    }

    /// The place that a lasting name means, a LAG's member as its aggregate.
    pub(crate) fn place_of(&self, port: &PortRef) -> Option<Place> {
        let ports = self.ports(port.ne)?;
        Some(Place { ne: port.ne, slot: ports.stands_for(ports.slot_of(&port.port)?) })
    }

    /// The last good reading of an element's forwarding table.
    pub(crate) fn last_read(&self, ne: NeId) -> Option<Timestamp> {
        self.live(ne)?.last_good.get(&Method::Forwarding).copied()
    }

    pub(crate) fn next_row(&mut self) -> i64 {
        let id = self.changes.next_row.unwrap_or(self.net.next_row);
        self.changes.next_row = Some(id.saturating_add(1));
        id
    }

    /// Reachability, restart, heartbeat.
    fn element_answered(&mut self, ne: NeId, element: &ElementState, read: &Read, reading: &Reading) {
        let mut live = element.live.clone();
        live.failures = 0;
        live.trouble = None;
        if live.reachability == Reachability::Unreachable {
            live.steady_since = Some(self.now);
            self.ne_event(EventKind::NeReachable, ne, NacPayload::NeReachable);
        }
        live.reachability = Reachability::Reachable;
        if restarted(&live, &reading.system, self.now) {
            live.steady_since = Some(self.now);
            live.indexes_valid = false;
            let up_for_s = reading.system.up_time_cs.unwrap_or(0) / 100;
            self.ne_event(EventKind::NeRebooted, ne, NacPayload::NeRebooted { up_for_s });
            if !read.covers(Method::Inventory) {
                self.wish(ne, PollWhat::Methods(Method::ALL.to_vec()), SignedDuration::ZERO);
            }
        }
        if let Some(up_time) = reading.system.up_time_cs {
            live.up_time = Some((self.now, up_time));
        }
        live.engine_boots = reading.system.engine_boots.or(live.engine_boots);
        let covered = read.asked().iter().filter(|method| read.covers(**method));
        live.last_good.extend(covered.map(|method| (*method, self.now)));
        self.note_gaps(ne, element, read, &mut live);
        if read.covers(Method::Inventory) {
            live.indexes_valid = true;
            live.system = System { up_time_cs: None, engine_boots: None, ..reading.system.clone() };
            live.own_macs = reading
                .system
                .bridge_address
                .into_iter()
                .chain(reading.system.chassis_mac)
                .chain(reading.system.engine_mac())
                .chain(reading.interfaces.iter().filter_map(|interface| interface.mac))
                .filter(|mac| mac.is_endpoint() && !mac.is_virtual_router())
                .collect();
        }
        if read.covers(Method::Inventory) || read.covers(Method::Forwarding) {
            let own = reading.fdb.iter().filter(|row| row.status == FdbStatus::Own).map(|row| row.mac);
            live.own_macs.extend(own.filter(|mac| mac.is_endpoint() && !mac.is_virtual_router()));
        }
        self.changes.heartbeat =
            Some(Heartbeat { ne, last_good: live.last_good.clone(), up_time: live.up_time });
        let appeared: Vec<Mac> =
            live.own_macs.symmetric_difference(&element.live.own_macs).copied().collect();
        self.changes.live.insert(ne, live);
        for mac in appeared {
            self.changes.reconsider.insert(mac);
        }
    }

    /// Which scans were not read to their end. One without which its method is no evidence is told of, once,
    /// where it stays so for as many polls as make an element unreachable: it answers, and tells nothing.
    fn note_gaps(&mut self, ne: NeId, element: &ElementState, read: &Read, live: &mut Live) {
        for scan in Scan::ALL.into_iter().filter(|scan| read.asked().contains(&scan.method())) {
            let known = live.gaps.remove(&scan);
            if read.has(scan) || element.base.scans_off.contains(&scan) {
                continue;
            }
            let lacks = read.lacks().iter().filter(|lack| lack.scan == scan);
            let reasons: Vec<String> = lacks.take(MOST_REASONS).map(|lack| lack.reason.clone()).collect();
            let (polls, told) = known.map_or((0, false), |gap| (gap.polls, gap.told));
            let polls = polls.saturating_add(1);
            let tell = !told
                && essential(scan.method()) == scan
                && polls >= self.net.settings.unreachable_after.max(1);
            if tell {
                let part = scan.as_str().to_owned();
                let reason = reasons.join("; ");
                self.ne_event(EventKind::NeIncomplete, ne, NacPayload::NeIncomplete { part, reason });
            }
            live.gaps.insert(scan, Gap { reasons, polls, told: told || tell });
        }
    }

    /// Interfaces and neighbours; ports and MACs whose role or location may have changed are added.
    fn read_inventory(
        &mut self,
        ne: NeId,
        reading: &Reading,
        moved: &mut BTreeSet<Mac>,
        dirty: &mut BTreeSet<(NeId, u32)>,
    ) {
        let Some(before) = self.element(ne).map(|element| Arc::clone(&element.ports)) else { return };
        let mut ports = self.merge_interfaces(&before, &reading.interfaces);
        ports.reindex();
        let lags_changed = ports.iter().any(|(slot, _)| before.stands_for(slot) != ports.stands_for(slot));
        if ports != *before {
            self.changes.ports.insert(ne, ports.clone());
        }
        if lags_changed && let Some(fdb) = self.element(ne).map(|element| Arc::clone(&element.fdb)) {
            let rows = fdb.rows().iter().map(|row| row.at(ports.stands_for(row.slot))).collect();
            if let Some((fdb, changed)) = Fdb::successor(&fdb, rows, self.now.as_microsecond(), false) {
                moved.extend(&changed);
                self.changes.fdb.insert(ne, (Arc::new(fdb), changed));
            }
        }
        let neighbours: Vec<NeighbourAt> = reading
            .neighbours
            .iter()
            .map(|neighbour| NeighbourAt {
                slot: ports
                    .resolve(neighbour.if_index, neighbour.if_name.as_deref(), true)
                    .map(|s| ports.stands_for(s)),
                neighbour: neighbour.clone(),
            })
            .collect();
        if self.neighbours(ne) != neighbours {
            self.changes.neighbours.insert(ne, neighbours);
        }
        if self.changes.ports.contains_key(&ne) || self.changes.neighbours.contains_key(&ne) {
            dirty.extend(ports.iter().map(|(slot, _)| (ne, slot)));
        }
        let own: Vec<Mac> = self.changes.reconsider.iter().copied().collect();
        if self.net.settled {
            self.ports_of_macs(&own, None, dirty);
        }
        moved.extend(own);
    }

    /// The ports of `ne` with what was read now; identities survive a renumbering of ifIndex.
    fn merge_interfaces(&mut self, before: &PortTable, interfaces: &[Interface]) -> PortTable {
        let names = lasting_names(interfaces);
        let mut ports: Vec<Port> =
            before.iter().map(|(_, port)| Port { if_index: None, ..port.clone() }).collect();
        for interface in interfaces {
            let Some(name) = names.get(&interface.if_index) else { continue };
            let slot = before.slot_of(name).and_then(|slot| usize::try_from(slot).ok());
            let known = slot.and_then(|slot| ports.get_mut(slot));
            let lag = stand_in(interface, interfaces)
                .and_then(|index| names.get(&index))
                .filter(|lag| *lag != name);
            let (id, kept) = match &known {
                Some(port) => (
                    port.id,
                    Some((port.role_override, port.protected, port.uplink.clone(), port.uplink_lost)),
                ),
                None => (self.next_port(), None),
            };
            let (role_override, protected, uplink, uplink_lost) = kept.unwrap_or((None, false, None, None));
            let port = Port {
                id,
                name: name.clone(),
                if_index: Some(interface.if_index),
                raw_name: interface.name.clone().or_else(|| interface.descr.clone()),
                alias: interface.alias.clone(),
                mac: interface.mac,
                if_type: interface.if_type,
                admin_status: interface.admin_status.clone(),
                oper_status: interface.oper_status.clone(),
                speed: interface.speed,
                pvid: interface.pvid,
                lag: lag.cloned(),
                trunk: interface.trunk,
                role_override,
                protected,
                uplink,
                uplink_lost,
            };
            match known {
                Some(known) => *known = port,
                None => ports.push(port),
            }
        }
        PortTable::from_ports(ports)
    }

    fn next_port(&mut self) -> PortId {
        let id = self.changes.next_port.unwrap_or(self.net.next_port);
        self.changes.next_port = Some(id.saturating_add(1));
        PortId(id)
    }

    fn row(&self, ne: NeId, entry: &netwarden_model::reading::FdbEntry) -> Option<Row> {
        if matches!(entry.status, FdbStatus::Invalid | FdbStatus::Own) || !entry.mac.is_endpoint() {
            return None;
        }
        let valid = self.live(ne).is_some_and(|live| live.indexes_valid);
        let ports = self.ports(ne)?;
        let slot = ports
            .resolve(entry.if_index, entry.if_name.as_deref(), valid)
            .map_or(NO_PORT, |slot| ports.stands_for(slot));
        Some(Row::new(entry.mac, entry.vlan, slot, AGE_UNKNOWN))
    }

    /// The whole forwarding table; yields the MACs whose rows changed.
    fn read_forwarding(&mut self, ne: NeId, reading: &Reading) -> Vec<Mac> {
        self.changes.fdb_read = Some(ne);
        let Some(element) = self.element(ne) else { return Vec::new() };
        let rows: Vec<Row> = reading.fdb.iter().filter_map(|entry| self.row(ne, entry)).collect();
        if rows.iter().any(|row| row.slot == NO_PORT) && !self.live(ne).is_some_and(|live| live.indexes_valid)
        {
            self.wish(ne, PollWhat::Methods(Method::ALL.to_vec()), SignedDuration::ZERO);
        }
        self.replace_fdb(ne, rows, !element.fdb_read)
    }

    /// The rows of some addresses only.
    fn read_macs(&mut self, ne: NeId, macs: &[Mac], reading: &Reading) -> Vec<Mac> {
        let asked: BTreeSet<Mac> = macs.iter().copied().collect();
        let Some(fdb) = self.fdb(ne) else { return Vec::new() };
        let mut rows: Vec<Row> = fdb
            .rows()
            .iter()
            .filter(|row| row.mac().is_none_or(|mac| !asked.contains(&mac)))
            .copied()
            .collect();
        rows.extend(
            reading
                .fdb
                .iter()
                .filter(|entry| asked.contains(&entry.mac))
                .filter_map(|entry| self.row(ne, entry)),
        );
        self.replace_fdb(ne, rows, false)
    }

    fn replace_fdb(&mut self, ne: NeId, rows: Vec<Row>, first: bool) -> Vec<Mac> {
        let Some(before) = self.fdb(ne) else { return Vec::new() };
        let Some((fdb, mut changed)) = Fdb::successor(before, rows, self.now.as_microsecond(), first) else {
            return Vec::new();
        };
        // An inventory part of the same reading may have changed the table already.
        if let Some((_, earlier)) = self.changes.fdb.remove(&ne) {
            changed.extend(earlier);
            changed.sort_unstable();
            changed.dedup();
        }
        self.changes.fdb.insert(ne, (Arc::new(fdb), changed.clone()));
        changed
    }

    /// Users of 802.1X sessions with `ne`. Who logs on or off, or follows another, begins another sighting,
    /// so that each says whose it was (NAC-16).
    fn note_sessions(&mut self, ne: NeId, read: &Read, reading: &Reading) {
        let mut users: BTreeMap<Mac, (bool, &str)> = BTreeMap::new();
        for session in &reading.sessions {
            let (Some(mac), Some(user)) = (session.mac, session.user.as_deref()) else { continue };
            // Who was turned away has only claimed that name.
            let status = session.status.as_deref();
            if status.is_some_and(|status| status.ends_with("Failed")) {
                continue;
            }
            // Where an address has several, the one that was let in names its user.
            let let_in = status.is_none_or(|status| status == "authorizationSuccess");
            let known = users.entry(mac).or_insert((let_in, user));
            if let_in && !known.0 {
                *known = (let_in, user);
            }
        }
        let mut named: BTreeMap<Mac, Option<String>> =
            users.into_iter().map(|(mac, (_, user))| (mac, Some(user.to_owned()))).collect();
        if read.has(Scan::Sessions)
            && let Some(fdb) = self.fdb(ne)
        {
            let macs = fdb.slots().filter(|slot| !self.is_uplink(Place { ne, slot: *slot }));
            for mac in macs.flat_map(|slot| fdb.macs_on(slot)) {
                if self.endpoint(*mac).is_some_and(|endpoint| endpoint.user.is_some()) {
                    named.entry(*mac).or_default();
                }
            }
        }
        let looked = self.element(ne).and_then(|e| e.live.last_good.get(&Method::Forwarding)).copied();
        for (mac, user) in named {
            let here = self.endpoint(mac).is_some_and(|endpoint| {
                endpoint.place.is_some_and(|place| place.ne == ne)
                    && endpoint.silent_since.is_none()
                    && endpoint.user != user
            });
            if here {
                self.change_user(mac, user, looked);
            }
        }
    }

    /// Adds every port that shows, or until now showed, one of `macs`. Where only rows of `at` have changed,
    /// uplinks of others are left out whose evidence does not turn on them: what is broadcast is in
    /// everybody's table, on an uplink nearly everywhere.
    pub(crate) fn ports_of_macs(&self, macs: &[Mac], at: Option<NeId>, ports: &mut BTreeSet<(NeId, u32)>) {
        for mac in macs {
            let shown = self.rows_of(*mac).into_iter().map(|seen| seen.place);
            ports.extend(
                shown
                    .filter(|place| at.is_none_or(|at| self.turns_on(at, *place)))
                    .map(|place| (place.ne, place.slot)),
            );
            for ne in self.changes.fdb.keys() {
                let before = self.element(*ne).map_or(&[][..], |element| element.fdb.rows_of(*mac));
                ports.extend(before.iter().map(|row| (*ne, row.slot)));
            }
        }
    }

    /// True where what `place` is may hang on the table of `at`.
    fn turns_on(&self, at: NeId, place: Place) -> bool {
        let port = self.ports(place.ne).and_then(|ports| ports.get(place.slot));
        match port.map(|port| (&port.uplink, port.uplink_lost)) {
            _ if place.ne == at => true,
            Some((Some(UplinkBy::Neighbour { .. } | UplinkBy::ElementMac { .. }), None)) => false,
            Some((Some(UplinkBy::Behind { ne }), None)) => *ne == at,
            _ => true,
        }
    }

    /// True where `mac` is present elsewhere, and `ne` shows and showed it on ports to other elements only:
    /// that says nothing about where it is.
    fn only_passes(&self, ne: NeId, mac: Mac) -> bool {
        let elsewhere = self.endpoint(mac).is_some_and(|endpoint| {
            let place = endpoint.place.filter(|place| place.ne != ne && !self.is_uplink(*place));
            endpoint.online && endpoint.silent_since.is_none() && place.is_some()
        });
        let before = self.element(ne).map_or(&[][..], |element| element.fdb.rows_of(mac));
        let now = self.fdb(ne).map_or(&[][..], |fdb| fdb.rows_of(mac));
        elsewhere && before.iter().chain(now).all(|row| self.is_uplink(Place { ne, slot: row.slot }))
    }

    /// True where every element has been read (`ne` just now), does not answer, or had its time.
    pub(crate) fn is_settled_with(&self, ne: Option<NeId>) -> bool {
        self.net.elements.iter().all(|(id, element)| {
            let unreachable =
                self.live(*id).is_some_and(|live| live.reachability == Reachability::Unreachable);
            let waited = self.now.duration_since(element.base.added).unsigned_abs();
            element.fdb_read || ne == Some(*id) || unreachable || waited >= self.net.settings.settle_limit
        })
    }

    /// From now on locations are told; yields every MAC that is seen anywhere.
    pub(crate) fn settle(&mut self) -> BTreeSet<Mac> {
        self.changes.settled = true;
        let mut all = BTreeSet::new();
        let mut ports = BTreeSet::new();
        for ne in self.net.elements.keys() {
            let (Some(fdb), Some(table)) = (self.fdb(*ne), self.ports(*ne)) else { continue };
            all.extend(fdb.rows().iter().filter_map(Row::mac));
            all.extend(self.live(*ne).into_iter().flat_map(|live| &live.own_macs));
            ports.extend(table.iter().map(|(slot, _)| (*ne, slot)));
        }
        all.extend(self.reconsider_roles(ports));
        all
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.net.settled || self.changes.settled
    }

    pub(crate) fn wish(&mut self, ne: NeId, what: PollWhat, after: SignedDuration) {
        let due = self.now.checked_add(after).unwrap_or(self.now);
        let wish = PollWish { ne, what, due };
        if !self.changes.polls.contains(&wish) {
            self.changes.polls.push(wish);
        }
    }

    /// Drops overlays that differ in nothing, so that an unchanged cycle writes nothing.
    pub(crate) fn finish(mut self) -> Changes {
        let net = self.net;
        self.changes.endpoints.retain(|mac, endpoint| net.endpoints.get(mac) != Some(endpoint));
        self.changes
            .ports
            .retain(|ne, ports| net.elements.get(ne).is_none_or(|element| *element.ports != *ports));
        self.changes.live_written = self
            .changes
            .live
            .iter()
            .filter(|(ne, live)| {
                net.elements.get(ne).is_none_or(|element| element.live.stored() != live.stored())
            })
            .map(|(ne, _)| *ne)
            .collect();
        self.changes
    }
}

/// The interface that stands for a LAG member: the aggregate's own, else the lowest member.
fn stand_in(interface: &Interface, all: &[Interface]) -> Option<IfIndex> {
    let aggregate = interface.lag?;
    if all.iter().any(|other| other.if_index == aggregate) {
        return Some(aggregate);
    }
    all.iter().filter(|other| other.lag == Some(aggregate)).map(|other| other.if_index).min()
}

/// Names of interfaces that last: ifName; where several share it, or there is none, ifDescr; else the
/// ifIndex, which is all that is left.
pub(crate) fn lasting_names(interfaces: &[Interface]) -> HashMap<IfIndex, PortName> {
    let count = |of: &dyn Fn(&Interface) -> Option<String>| {
        let mut counts = HashMap::<String, u32>::new();
        for interface in interfaces {
            if let Some(name) = of(interface) {
                *counts.entry(name).or_default() += 1;
            }
        }
        counts
    };
    let names = count(&|interface| interface.name.clone());
    let descrs = count(&|interface| interface.descr.clone());
    let once = |counts: &HashMap<String, u32>, name: &Option<String>| {
        name.clone().filter(|name| !name.is_empty() && counts.get(name) == Some(&1))
    };
    let mut taken = BTreeSet::new();
    let mut lasting = HashMap::new();
    for interface in interfaces {
        let name = once(&names, &interface.name)
            .or_else(|| once(&descrs, &interface.descr).filter(|descr| !names.contains_key(descr)))
            .filter(|name| taken.insert(name.clone()))
            .unwrap_or_else(|| format!("ifIndex {}", interface.if_index));
        lasting.insert(interface.if_index, PortName(name));
    }
    lasting
}
