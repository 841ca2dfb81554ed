//! Where an endpoint is, and what follows when that changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use netwarden_model::event::NacPayload;
use netwarden_model::{EndpointStatus, EventKind, Mac, PortRef, VlanId};

use crate::changes::SightingRow;
use crate::endpoint::{OpenSighting, Place};
use crate::plan::{Draft, Seen};
use crate::table::AGE_UNKNOWN;

/// One access port on which a MAC is learned.
struct Candidate {
    place: Place,
    since: i64,
}

impl Draft<'_> {
    /// Locates `mac` anew: sightings and events follow.
    pub(crate) fn relocate(&mut self, mac: Mac) {
        if self.is_own(mac) {
            match self.endpoint(mac) {
                Some(known) if !known.is_administered() => self.forget(mac),
                Some(known) if known.online => {
                    self.leave(mac);
                    self.endpoint_mut(mac).online = false;
                }
                _ => self.leave(mac),
            }
            self.settled_pending(mac);
            return;
        }
        if self.seen_by(mac).is_empty() {
            self.fall_silent(mac);
            // Its last port turned out to lead to another element: it was somewhere behind that.
            if self.endpoint(mac).and_then(|e| e.place).is_some_and(|place| self.is_uplink(place)) {
                self.leave(mac);
            }
            return;
        }
        if !self.is_settled() {
            self.await_location(mac);
            return;
        }
        let rows = self.rows_of(mac);
        match self.choose(mac, &rows) {
            Some(place) => {
                let vlans: BTreeSet<Option<VlanId>> =
                    rows.iter().filter(|seen| seen.place == place).map(|seen| seen.vlan).collect();
                if self.endpoint(mac).is_some_and(|endpoint| endpoint.silent_since.is_some()) {
                    self.endpoint_mut(mac).silent_since = None;
                }
                self.rebind_returned(mac, place);
                self.settle_at(mac, place, &vlans);
            }
            None => self.seen_without_place(mac),
        }
    }

    /// The access port where `mac` is; None where that cannot be told.
    fn choose(&self, mac: Mac, rows: &[Seen]) -> Option<Place> {
        let mut by_place: BTreeMap<Place, i64> = BTreeMap::new();
        for seen in rows.iter().filter(|seen| !self.is_uplink(seen.place)) {
            let since = by_place.entry(seen.place).or_insert(seen.since);
            *since = seen.since.max(*since);
        }
        let mut found: Vec<Candidate> =
            by_place.into_iter().map(|(place, since)| Candidate { place, since }).collect();
        if found.len() > 1 {
            // A port whose other addresses are at home on other elements is more likely one that leads there.
            let contested: Vec<bool> = found.iter().map(|c| self.is_contested(c.place, mac)).collect();
            if contested.contains(&false) {
                let mut keep = contested.iter();
                found.retain(|_| keep.next() == Some(&false));
            }
        }
        // The latest to learn it is right: the others' rows are about to age out. First readings tell no age.
        let newest = found.iter().map(|c| c.since).max()?;
        if newest != AGE_UNKNOWN {
            found.retain(|c| c.since == newest);
        }
        let present = self.endpoint(mac).and_then(|endpoint| endpoint.place);
        if let Some(present) = present
            && found.iter().any(|c| c.place == present)
        {
            return Some(present);
        }
        let macs = |c: &Candidate| self.fdb(c.place.ne).map_or(0, |fdb| fdb.macs_on(c.place.slot).len());
        let fewest = found.iter().map(macs).min()?;
        found.retain(|c| macs(c) == fewest);
        match found.as_slice() {
            [one] => Some(one.place),
            _ => None,
        }
    }

    /// True where another MAC on `place` is also on an access port of another element.
    fn is_contested(&self, place: Place, but: Mac) -> bool {
        let macs = self.fdb(place.ne).map_or(&[][..], |fdb| fdb.macs_on(place.slot));
        macs.iter().filter(|mac| **mac != but).take(64).any(|mac| {
            self.rows_of(*mac).iter().any(|seen| seen.place.ne != place.ne && !self.is_uplink(seen.place))
        })
    }

    fn settle_at(&mut self, mac: Mac, place: Place, vlans: &BTreeSet<Option<VlanId>>) {
        let (before, was_online) =
            self.endpoint(mac).map_or((None, false), |endpoint| (endpoint.place, endpoint.online));
        let seen_since = self.net.pending.get(&mac).copied().unwrap_or(self.now);
        self.settled_pending(mac);
        if self.endpoint(mac).is_none_or(|endpoint| endpoint.first_seen.is_none()) {
            let ips = if mac.is_virtual_router() { self.claimed_by(mac) } else { BTreeSet::new() };
            let endpoint = self.endpoint_mut(mac);
            endpoint.first_seen = Some(seen_since);
            endpoint.ips.extend(ips);
        }
        if before == Some(place) {
            self.update_sightings(mac, place, vlans);
            if !was_online {
                self.appear(mac, place);
            } else {
                self.suspicion_moves(mac, place);
            }
            return;
        }
        // Where its old port turned out to lead here, it has not moved: we know better now.
        let refined = before.filter(|place| self.is_uplink(*place));
        let from = before.and_then(|place| self.port_ref(place));
        self.close_sightings(mac, self.now);
        let endpoint = self.endpoint_mut(mac);
        endpoint.place = Some(place);
        if refined.is_none() {
            // Its session was with the port where it was.
            endpoint.user = None;
        }
        self.update_sightings(mac, place, vlans);
        if let Some(old) = refined {
            self.rebind(mac, old, place);
        }
        match (from, before) {
            (Some(from), Some(old)) if was_online && refined.is_none() => self.moved(mac, from, old, place),
            _ => self.appear(mac, place),
        }
    }

    /// Follows a binding from a port that turned out to be an uplink to the access port behind it.
    fn rebind(&mut self, mac: Mac, old: Place, place: Place) {
        let bound = self.endpoint(mac).and_then(|endpoint| endpoint.bound_to.clone());
        if bound.is_some_and(|bound| self.place_of(&bound) == Some(old)) {
            self.endpoint_mut(mac).bound_to = self.port_ref(place);
        }
    }

    /// The same for one that lost its place when its port turned out to be an uplink and is still online,
    /// unless the bound port's element shows it in another direction.
    fn rebind_returned(&mut self, mac: Mac, place: Place) {
        let Some(endpoint) = self.endpoint(mac).filter(|e| e.online && e.place.is_none()) else { return };
        let bound = endpoint.bound_to.as_ref().and_then(|bound| self.place_of(bound));
        let Some(old) = bound.filter(|bound| self.is_uplink(*bound)) else { return };
        if self.rows_of(mac).iter().all(|seen| seen.place.ne != old.ne || seen.place == old) {
            self.rebind(mac, old, place);
        }
    }

    /// Events of an endpoint that is on an access port now and was on none, or not online.
    fn appear(&mut self, mac: Mac, place: Place) {
        self.announce(mac);
        if !self.endpoint(mac).is_some_and(|endpoint| endpoint.online) {
            self.endpoint_mut(mac).online = true;
            self.endpoint_event(EventKind::MacOnline, mac, NacPayload::MacOnline);
        }
        self.refused_if_refused(mac);
        self.check_binding(mac, place);
    }

    fn moved(&mut self, mac: Mac, from: PortRef, old: Place, place: Place) {
        if self.continues_suspicion(mac, place) {
            self.suspicion_moves(mac, place);
            return;
        }
        let Some(to) = self.port_ref(place) else { return };
        if mac.is_virtual_router() {
            return;
        }
        self.endpoint_event(EventKind::EndpointMoved, mac, NacPayload::EndpointMoved { from, to });
        self.refused_if_refused(mac);
        let known = self.check_binding(mac, place);
        self.suspect(mac, old, place, known);
    }

    /// new_endpoint, once in a MAC's life.
    pub(crate) fn announce(&mut self, mac: Mac) {
        if !self.endpoint(mac).is_some_and(|endpoint| endpoint.announced) {
            self.endpoint_mut(mac).announced = true;
            self.endpoint_event(EventKind::NewEndpoint, mac, NacPayload::NewEndpoint);
        }
    }

    /// unauthorised, for whoever is in the network without being allowed to.
    pub(crate) fn refused_if_refused(&mut self, mac: Mac) {
        self.expire(mac);
        if self.endpoint(mac).is_some_and(|endpoint| endpoint.status != EndpointStatus::Authorised) {
            self.endpoint_event(EventKind::Unauthorised, mac, NacPayload::Unauthorised);
        }
    }

    /// Ends an authorisation whose time is up; true where it did.
    pub(crate) fn expire(&mut self, mac: Mac) -> bool {
        let over = self.endpoint(mac).is_some_and(|endpoint| {
            endpoint.status == EndpointStatus::Authorised
                && endpoint.valid_until.is_some_and(|until| until <= self.now)
        });
        if over {
            self.endpoint_mut(mac).status = EndpointStatus::Unauthorised;
        }
        over
    }

    /// No table shows it any more.
    fn fall_silent(&mut self, mac: Mac) {
        let Some(endpoint) = self.endpoint(mac) else { return };
        if endpoint.silent_since.is_some() || !(endpoint.online || endpoint.place.is_some()) {
            return;
        }
        let seen = self.last_sight(mac);
        let now = self.now;
        let endpoint = self.endpoint_mut(mac);
        endpoint.silent_since = Some(now);
        endpoint.last_seen = endpoint.last_seen.max(seen);
    }

    /// It is seen, but on no access port, or on several that nothing tells apart.
    fn seen_without_place(&mut self, mac: Mac) {
        let (place, silent) =
            self.endpoint(mac).map_or((None, None), |endpoint| (endpoint.place, endpoint.silent_since));
        let Some(place) = place else {
            if silent.is_some() {
                self.endpoint_mut(mac).silent_since = None;
            }
            self.await_location(mac);
            return;
        };
        if self.is_uplink(place) {
            // It was never there. It is somewhere behind that port.
            self.leave(mac);
            self.await_location(mac);
        } else if silent.is_none() {
            // Its access port has lost it while other tables still show it: silent there, until it speaks.
            self.fall_silent(mac);
        }
    }

    fn settled_pending(&mut self, mac: Mac) {
        if self.net.pending.contains_key(&mac) || self.changes.pending.contains_key(&mac) {
            self.changes.pending.insert(mac, None);
        }
    }

    pub(crate) fn await_location(&mut self, mac: Mac) {
        let online = self.endpoint(mac).is_some_and(|endpoint| endpoint.online);
        if !online && !self.net.pending.contains_key(&mac) {
            self.changes.pending.insert(mac, Some(self.now));
        }
    }

    /// When the tables that showed it before this plan were last read.
    fn last_sight(&self, mac: Mac) -> Option<Timestamp> {
        use netwarden_model::element::Method::Forwarding;
        let seen = self.net.seen.get(&mac).map_or(&[][..], Vec::as_slice);
        let place = self.endpoint(mac).and_then(|endpoint| endpoint.place).map(|place| place.ne);
        seen.iter()
            .copied()
            .chain(place)
            .filter_map(|ne| self.element(ne)?.live.last_good.get(&Forwarding).copied())
            .filter(|read| *read <= self.now)
            .max()
    }

    /// Ends its sightings and forgets its place.
    pub(crate) fn leave(&mut self, mac: Mac) {
        let Some(endpoint) = self.endpoint(mac) else { return };
        if endpoint.place.is_none() && endpoint.sightings.is_empty() {
            return;
        }
        let ended = endpoint.silent_since.and(endpoint.last_seen).unwrap_or(self.now);
        self.close_sightings(mac, ended);
        let endpoint = self.endpoint_mut(mac);
        endpoint.place = None;
        endpoint.user = None;
    }

    fn close_sightings(&mut self, mac: Mac, at: Timestamp) {
        let Some(endpoint) = self.endpoint(mac) else { return };
        let Some(place) = endpoint.place else { return };
        // A silent endpoint was last there when it was last seen, not when we gave up waiting.
        let at = endpoint.silent_since.and(endpoint.last_seen).map_or(at, |seen| seen.min(at));
        let open = endpoint.sightings.clone();
        for sighting in open {
            self.write_sighting(mac, place, &sighting, Some(at.max(sighting.started)));
        }
        self.endpoint_mut(mac).sightings.clear();
    }

    fn update_sightings(&mut self, mac: Mac, place: Place, vlans: &BTreeSet<Option<VlanId>>) {
        let Some(endpoint) = self.endpoint(mac) else { return };
        let open = endpoint.sightings.clone();
        if open.len() == vlans.len() && open.iter().all(|sighting| vlans.contains(&sighting.vlan)) {
            return;
        }
        let (mut kept, gone): (Vec<_>, Vec<_>) = open.into_iter().partition(|s| vlans.contains(&s.vlan));
        for sighting in gone {
            self.write_sighting(mac, place, &sighting, Some(self.now.max(sighting.started)));
        }
        for vlan in vlans {
            if kept.iter().any(|sighting| sighting.vlan == *vlan) {
                continue;
            }
            let sighting = OpenSighting { id: self.next_row(), vlan: *vlan, started: self.now };
            self.write_sighting(mac, place, &sighting, None);
            kept.push(sighting);
        }
        kept.sort_by_key(|sighting| sighting.vlan);
        self.endpoint_mut(mac).sightings = kept;
    }

    /// Whose session its endpoint has is another now: the sightings until now end as that of the one before.
    /// Those that began since sessions were last asked for (at `looked`) with nobody known are its from
    /// their beginning.
    pub(crate) fn change_user(&mut self, mac: Mac, user: Option<String>, looked: Option<Timestamp>) {
        let Some(endpoint) = self.endpoint(mac) else { return };
        let Some(place) = endpoint.place else { return };
        let nobody = endpoint.user.is_none();
        let mut open = endpoint.sightings.clone();
        for sighting in &mut open {
            let unasked = nobody && looked.is_none_or(|looked| sighting.started > looked);
            if sighting.started < self.now && !unasked {
                self.write_sighting(mac, place, sighting, Some(self.now));
                *sighting = OpenSighting { id: self.next_row(), vlan: sighting.vlan, started: self.now };
            }
        }
        let endpoint = self.endpoint_mut(mac);
        endpoint.user = user;
        endpoint.sightings.clone_from(&open);
        for sighting in &open {
            self.write_sighting(mac, place, sighting, None);
        }
    }

    fn write_sighting(&mut self, mac: Mac, place: Place, sighting: &OpenSighting, ended: Option<Timestamp>) {
        let Some(port) = self.ports(place.ne).and_then(|ports| ports.get(place.slot)).map(|port| port.id)
        else {
            return;
        };
        let row = SightingRow {
            id: sighting.id,
            mac,
            port,
            vlan: sighting.vlan,
            started: sighting.started,
            ended,
            user: self.endpoint(mac).and_then(|endpoint| endpoint.user.clone()),
        };
        self.changes.sightings.insert(row.id, row);
    }
}
