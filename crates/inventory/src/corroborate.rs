//! Whether somebody who shows an address or the name of an element of ours is that element (NAC-03).
//!
//! Anybody can send a frame from a switch's address, or announce its chassis id. Were that enough, an
//! endpoint could make its access port an uplink: it would have no place any more, and nothing could be
//! enforced on it. So a claim makes an uplink only where something bears it out that the claimant does not
//! write:
//!
//! 1. The element's own LLDP or CDP table names our port. Where it names other ports of ours only, the claim
//!    is refuted.
//! 2. Else nothing shows the element behind another uplink of ours,
//! 3. and its own forwarding table shows an address of ours, unless it has no table that could: a router, or
//!    an element that was never read.
//!
//! What the forwarding tables say together (`roles.rs`) needs no claim, and overrules a doubt. Before a doubt
//! is told both elements are read again: a cable may have been moved to that port a moment ago.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::element::Method;
use netwarden_model::event::NacPayload;
use netwarden_model::event::nac::UplinkReason;
use netwarden_model::reading::Neighbour;
use netwarden_model::{EventKind, Mac, NeId, Subject};

use crate::changes::PollWhat;
use crate::element::UplinkBy;
use crate::endpoint::Place;
use crate::plan::Draft;
use crate::roles::later;
use crate::table::NO_PORT;

/// So many addresses of an element are looked up to find out where it is.
const ENOUGH: usize = 256;

/// Who is behind a port, by its own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claimant {
    /// The element that it claims to be.
    pub(crate) ne: NeId,
    /// By what.
    pub(crate) because: UplinkReason,
    /// What it shows.
    pub(crate) shown: String,
}

/// A claim that is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) ne: NeId,
    pub(crate) since: Timestamp,
    /// Something speaks against it.
    pub(crate) refuted: bool,
    pub(crate) told: bool,
}

/// What is to be thought of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Believed,
    /// Nothing bears it out.
    Unsupported,
    /// Something speaks against it.
    Refuted,
}

/// Where an element's neighbour table sees the claimed link.
enum SeenThere {
    Here,
    Elsewhere,
    Nowhere,
}

impl Draft<'_> {
    /// Whether `ne` is behind `place`, as an address of its (`by`) or an announcement there claims.
    pub(crate) fn verdict(&self, place: Place, ne: NeId, by: Option<Mac>) -> Verdict {
        // An uplink is none the less one: what made it that is asked no more while anything speaks for it.
        if self.ports(place.ne).and_then(|ports| ports.get(place.slot)).is_some_and(|p| p.uplink.is_some()) {
            return Verdict::Believed;
        }
        match self.seen_there(place, ne) {
            SeenThere::Here => return Verdict::Believed,
            SeenThere::Elsewhere => return Verdict::Refuted,
            SeenThere::Nowhere => {}
        }
        // Who was refuted a moment ago has not become credible by taking the address of the true one.
        let refuted = self.doubt_at(place).is_some_and(|doubt| {
            doubt.ne == ne && doubt.refuted && self.now < later(doubt.since, self.net.settings.uplink_memory)
        });
        if refuted || self.is_elsewhere(place, ne, by) {
            return Verdict::Refuted;
        }
        if self.bridges(ne) && !self.shows(ne, place.ne) { Verdict::Unsupported } else { Verdict::Believed }
    }

    /// Notes that the claim at `place` is not believed, or that there is none (any more).
    pub(crate) fn doubt(&mut self, place: Place, claim: Option<(Claimant, Verdict)>) {
        let key = (place.ne, place.slot);
        let known = self.doubt_at(place).cloned();
        // Where an administrator says that it is an uplink, nothing hangs on the claim.
        let claim = claim.filter(|_| !self.is_uplink(place));
        let Some((claimant, verdict)) = claim else {
            // Who comes and goes is told of once in that time.
            let over = |doubt: &Doubt| {
                !doubt.told || later(doubt.since, self.net.settings.uplink_memory) <= self.now
            };
            if known.as_ref().is_some_and(over) {
                self.changes.doubts.insert(key, None);
            }
            return;
        };
        // At first adoption the order of the readings decides what is known: nothing is told of that.
        let new = || Doubt { ne: claimant.ne, since: self.now, refuted: false, told: !self.net.settled };
        let mut doubt = known.clone().unwrap_or_else(new);
        // Who claims to be one element after the other is told of like who claims to be one.
        let other = doubt.ne != claimant.ne;
        if known.is_none() || other {
            for ne in [claimant.ne, place.ne] {
                let what = PollWhat::Methods(vec![Method::Inventory, Method::Forwarding]);
                self.wish(ne, what, SignedDuration::ZERO);
            }
        }
        let over = later(doubt.since, self.net.settings.uplink_memory) <= self.now;
        if over {
            doubt.since = self.now;
        }
        doubt.ne = claimant.ne;
        doubt.refuted = verdict == Verdict::Refuted || (doubt.refuted && !other && !over);
        let asked = [claimant.ne, place.ne].into_iter().all(|ne| {
            let last_good = self.live(ne).map(|live| &live.last_good);
            [Method::Inventory, Method::Forwarding].iter().all(|method| {
                last_good.and_then(|good| good.get(method)).is_some_and(|at| *at >= doubt.since)
            })
        });
        let tell = !doubt.told && (asked || later(doubt.since, self.net.settings.locate_grace) <= self.now);
        doubt.told |= tell;
        if known.as_ref() != Some(&doubt) {
            self.changes.doubts.insert(key, Some(doubt));
        }
        if tell {
            let endpoints = self.at_home(place);
            self.uplink_event(place, claimant.because, claimant.shown, Some(claimant.ne), endpoints, false);
        }
    }

    /// The port leads to another element by better evidence than a claim.
    pub(crate) fn end_doubt(&mut self, place: Place) {
        if self.doubt_at(place).is_some() {
            self.changes.doubts.insert((place.ne, place.slot), None);
        }
    }

    /// Ports with a claim to be `ne` that is not believed.
    pub(crate) fn doubts_about(&self, ne: NeId) -> impl Iterator<Item = (NeId, u32)> {
        self.net.doubts.iter().filter(move |(_, doubt)| doubt.ne == ne).map(|(port, _)| *port)
    }

    /// Ports whose doubts time alone may end, or make worth telling.
    pub(crate) fn doubts_due(&self) -> impl Iterator<Item = (NeId, u32)> {
        let settings = &self.net.settings;
        self.net
            .doubts
            .iter()
            .filter(|(_, doubt)| {
                let wait = if doubt.told { settings.uplink_memory } else { settings.locate_grace };
                later(doubt.since, wait) <= self.now
            })
            .map(|(port, _)| *port)
    }

    /// Says that endpoints have lost their port, or had it, to one that leads to another element.
    pub(crate) fn tell_uplink(&mut self, place: Place) {
        let was_access = self
            .element(place.ne)
            .is_some_and(|element| element.ports.get(place.slot).is_some_and(|port| !port.is_uplink()));
        if !was_access || !self.is_uplink(place) {
            return;
        }
        let endpoints = self.at_home(place);
        let by = self.ports(place.ne).and_then(|ports| ports.get(place.slot)?.uplink.clone());
        let (Some(by), true) = (by, endpoints > 0) else { return };
        let (because, shown) = match &by {
            UplinkBy::Neighbour { name, .. } => (UplinkReason::Neighbour, name.clone()),
            UplinkBy::ElementMac { mac, .. } => (UplinkReason::ElementMac, mac.to_string()),
            UplinkBy::Behind { ne } => {
                let name = self.element(*ne).map(|element| element.base.element.name.clone());
                (UplinkReason::Behind, name.unwrap_or_else(|| ne.to_string()))
            }
            UplinkBy::Count { macs } => (UplinkReason::Count, format!("{macs} addresses")),
        };
        self.uplink_event(place, because, shown, by.element(), endpoints, true);
    }

    fn uplink_event(
        &mut self,
        place: Place,
        because: UplinkReason,
        neighbour: String,
        element: Option<NeId>,
        endpoints: u32,
        believed: bool,
    ) {
        let port = self.port_ref(place).map(|port| port.port);
        let payload = NacPayload::PortBecameUplink { because, neighbour, element, endpoints, believed };
        let kind = EventKind::PortBecameUplink;
        self.event(kind, Subject::Ne(place.ne), Some(place.ne), port, None, payload);
    }

    /// How many endpoints were on `place` before this plan, or are bound to it.
    fn at_home(&self, place: Place) -> u32 {
        let before = self.element(place.ne).map_or(&[][..], |element| element.fdb.macs_on(place.slot));
        let now = self.fdb(place.ne).map_or(&[][..], |fdb| fdb.macs_on(place.slot));
        let mut macs: BTreeSet<Mac> = before.iter().chain(now).chain(&self.net.silent).copied().collect();
        macs.retain(|mac| {
            !self.is_own(*mac) && self.net.endpoints.get(mac).is_some_and(|e| e.place == Some(place))
        });
        // Before locations are told at all, a binding comes from a list and says nothing of this port.
        if self.net.settled {
            let bound = self.net.endpoints.values().filter(|endpoint| {
                let port = endpoint.bound_to.as_ref().filter(|port| port.ne == place.ne);
                port.is_some_and(|port| self.place_of(port) == Some(place))
            });
            macs.extend(bound.map(|endpoint| endpoint.mac));
        }
        u32::try_from(macs.len()).unwrap_or(u32::MAX)
    }

    fn doubt_at(&self, place: Place) -> Option<&Doubt> {
        match self.changes.doubts.get(&(place.ne, place.slot)) {
            Some(doubt) => doubt.as_ref(),
            None => self.net.doubts.get(&(place.ne, place.slot)),
        }
    }

    /// Where the neighbour table of `ne` sees its links with us.
    fn seen_there(&self, place: Place, ne: NeId) -> SeenThere {
        let mut elsewhere = false;
        let mut unnamed = BTreeSet::new();
        for at in self.neighbours(ne).iter().filter(|at| self.is_announced_by(&at.neighbour, place.ne)) {
            match self.announced_port(&at.neighbour, place.ne) {
                Some(slot) if slot == place.slot => return SeenThere::Here,
                Some(_) => elsewhere = true,
                None => {
                    unnamed.insert(at.slot);
                }
            }
        }
        // Port ids that we cannot read: as many links with it as it sees are believed.
        if unnamed.len() > self.ports_towards(place, ne).count() {
            SeenThere::Here
        } else if elsewhere || !unnamed.is_empty() {
            SeenThere::Elsewhere
        } else {
            SeenThere::Nowhere
        }
    }

    /// True where `neighbour` is what `ne` announces: one of its addresses, or its management address.
    fn is_announced_by(&self, neighbour: &Neighbour, ne: NeId) -> bool {
        let Some(element) = self.element(ne) else { return false };
        let own = self.live(ne).map(|live| &live.own_macs);
        let ip = element.base.element.address.ip();
        neighbour.chassis_mac.is_some_and(|mac| own.is_some_and(|own| own.contains(&mac)))
            || (neighbour.addresses.contains(&ip) && self.has_address_alone(ip))
    }

    /// False where several agents share an address and differ by port: that tells nothing.
    pub(crate) fn has_address_alone(&self, ip: std::net::IpAddr) -> bool {
        self.net.elements.values().filter(|e| e.base.element.address.ip() == ip).take(2).count() == 1
    }

    /// The port of `ne` that an announcement of its names, by name or address.
    fn announced_port(&self, neighbour: &Neighbour, ne: NeId) -> Option<u32> {
        let ports = self.ports(ne)?;
        let named = |text: &str| {
            let mac: Option<Mac> = text.parse().ok();
            let mut found = ports.iter().filter(|(_, port)| {
                port.name.0 == text
                    || port.raw_name.as_deref() == Some(text)
                    || (mac.is_some() && port.mac == mac)
            });
            let (slot, _) = found.next()?;
            found.next().is_none().then(|| ports.stands_for(slot))
        };
        [&neighbour.port_id, &neighbour.port_descr].into_iter().flatten().find_map(|text| named(text.trim()))
    }

    /// False for a port from which the cable was pulled: what was behind it may be anywhere.
    fn is_plugged(&self, ne: NeId, slot: u32) -> bool {
        let port = self.ports(ne).and_then(|ports| ports.get(slot));
        let status = port.and_then(|port| port.oper_status.as_deref());
        !matches!(status, Some("down" | "lowerLayerDown" | "notPresent"))
    }

    /// Our uplinks but `place` that are known to lead to `ne`.
    fn ports_towards(&self, place: Place, ne: NeId) -> impl Iterator<Item = u32> {
        let ports = self.ports(place.ne);
        ports.into_iter().flat_map(move |ports| {
            ports
                .iter()
                .filter(move |(slot, port)| {
                    *slot != place.slot
                        && ports.stands_for(*slot) == *slot
                        && port.is_uplink()
                        && port.uplink.as_ref().and_then(UplinkBy::element) == Some(ne)
                        && self.is_plugged(place.ne, *slot)
                })
                .map(|(slot, _)| slot)
        })
    }

    /// True where `ne` is known to be behind another uplink than `place`. What bridges is behind one port
    /// alone; a router may have a cable in many, each with an address of its own.
    fn is_elsewhere(&self, place: Place, ne: NeId, by: Option<Mac>) -> bool {
        let other_uplink = |slot: u32| {
            slot != place.slot
                && slot != NO_PORT
                && self.is_uplink(Place { ne: place.ne, slot })
                && self.is_plugged(place.ne, slot)
        };
        let shown = |mac: &Mac| {
            let before = self.element(place.ne).map_or(&[][..], |element| element.fdb.rows_of(*mac));
            let now = self.fdb(place.ne).map_or(&[][..], |fdb| fdb.rows_of(*mac));
            self.owners(*mac).len() == 1 && before.iter().chain(now).any(|row| other_uplink(row.slot))
        };
        if !self.bridges(ne) {
            return by.is_some_and(|mac| shown(&mac));
        }
        self.ports_towards(place, ne).next().is_some()
            || self.live(ne).is_some_and(|live| live.own_macs.iter().take(ENOUGH).any(shown))
            || self.has_its_endpoints_elsewhere(place, ne)
    }

    /// True where more of what `ne` has on its other sides is behind other uplinks of ours than behind `place`.
    fn has_its_endpoints_elsewhere(&self, place: Place, ne: NeId) -> bool {
        let (Some(direction), Some(there), Some(here)) =
            (self.direction(ne, place.ne), self.fdb(ne), self.fdb(place.ne))
        else {
            return false;
        };
        let beyond = there.rows().iter().filter(|row| row.slot != direction && row.slot != NO_PORT);
        let (mut behind, mut elsewhere) = (0_usize, 0_usize);
        for row in beyond.take(ENOUGH) {
            let Some(mac) = row.mac().filter(|mac| !self.is_own(*mac) && self.suspicion(*mac).is_none())
            else {
                continue;
            };
            for ours in here.rows_of(mac).iter().filter(|ours| ours.vlan() == row.vlan()) {
                if ours.slot == place.slot {
                    behind += 1;
                } else if ours.slot != NO_PORT && self.is_uplink(Place { ne: place.ne, slot: ours.slot }) {
                    elsewhere += 1;
                }
            }
        }
        elsewhere > behind
    }

    /// False where `ne` has no forwarding table, in which we could stand: it is a router, or was never read.
    fn bridges(&self, ne: NeId) -> bool {
        let Some(element) = self.element(ne) else { return false };
        let read = element.fdb_read || self.changes.fdb_read == Some(ne);
        let unread = !read && element.live.last_good.contains_key(&Method::Forwarding);
        unread || self.fdb(ne).is_some_and(|fdb| !fdb.rows().is_empty())
    }

    /// True where the forwarding table of `ne` has an address of `whom`.
    fn shows(&self, ne: NeId, whom: NeId) -> bool {
        let (Some(fdb), Some(live)) = (self.fdb(ne), self.live(whom)) else { return false };
        live.own_macs.iter().any(|mac| fdb.rows_of(*mac).iter().any(|row| row.slot != NO_PORT))
    }
}
