//! The state in memory, and the two steps in which it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::element::{Method, Scan};
use netwarden_model::{EndpointStatus, Mac, NeId, PortName, PortRef};

use crate::changes::{Changes, Claim};
use crate::corroborate::Doubt;
use crate::detect::{Contest, Suspicion};
use crate::element::{ElementBase, ElementState, Port, Role};
use crate::endpoint::{Endpoint, Place};
use crate::settings::Settings;

/// What a reading covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// These methods were read as a whole: what is not in the reading is not there.
    Methods(Vec<Method>),
    /// These methods were asked for, and this could not be read, or not to its end.
    Partly(Vec<Method>, Vec<Lack>),
    /// Only the forwarding rows of these addresses were asked for (a targeted re-read); nothing is said
    /// about others.
    Macs(Vec<Mac>),
}

/// A table that a reading lacks, or has in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// To what it belongs.
    pub scan: Scan,
    /// Which table, and why, in one sentence.
    pub reason: String,
}

impl Read {
    /// The methods that were asked for.
    pub fn asked(&self) -> &[Method] {
        match self {
            Read::Methods(methods) | Read::Partly(methods, _) => methods,
            Read::Macs(_) => &[],
        }
    }

    /// What could not be read.
    pub fn lacks(&self) -> &[Lack] {
        match self {
            Read::Partly(_, lacks) => lacks,
            Read::Methods(_) | Read::Macs(_) => &[],
        }
    }

    /// True where `scan` was read to its end: what is not in the reading is not there.
    pub fn has(&self, scan: Scan) -> bool {
        self.asked().contains(&scan.method()) && self.lacks().iter().all(|lack| lack.scan != scan)
    }

    /// True where that of `method` was read to its end without which it is no evidence.
    pub fn covers(&self, method: Method) -> bool {
        self.has(essential(method))
    }
}

/// The scan without which a method's reading is no evidence that something is gone.
pub(crate) const fn essential(method: Method) -> Scan {
    match method {
        Method::Inventory => Scan::Interfaces,
        Method::Forwarding => Scan::Forwarding,
        Method::Addresses => Scan::Arp,
    }
}

/// A reading of an element that the inventory does not have (any more).
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("network element {0} is not in the inventory")]
pub struct UnknownElement(pub NeId);

/// Sizes, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Elements.
    pub elements: usize,
    /// Endpoints, seen or on the reference list.
    pub endpoints: usize,
    /// Endpoints that are online.
    pub online: usize,
    /// Forwarding rows held in memory.
    pub rows: usize,
}

/// Everything the inventory knows.
#[derive(Debug, Clone)]
pub struct Network {
    pub(crate) settings: Settings,
    pub(crate) vendor_of: fn(Mac) -> Option<String>,
    pub(crate) elements: BTreeMap<NeId, ElementState>,
    pub(crate) endpoints: HashMap<Mac, Endpoint>,
    /// Which elements have rows for a MAC, ascending.
    pub(crate) seen: HashMap<Mac, Vec<NeId>>,
    /// Whose own address a MAC is.
    pub(crate) own: HashMap<Mac, BTreeSet<NeId>>,
    /// Online or located, but not seen: candidates for mac_offline.
    pub(crate) silent: BTreeSet<Mac>,
    /// Seen, not located and not reported yet; since when.
    pub(crate) pending: BTreeMap<Mac, Timestamp>,
    pub(crate) suspicions: BTreeMap<Mac, Suspicion>,
    pub(crate) recheck: BTreeMap<(NeId, u32), Timestamp>,
    /// Ports where somebody claims to be an element and is not believed.
    pub(crate) doubts: BTreeMap<(NeId, u32), Doubt>,
    pub(crate) contests: BTreeMap<(IpAddr, Mac, Mac), Contest>,
    pub(crate) claims: HashMap<IpAddr, Vec<Claim>>,
    pub(crate) next_port: i64,
    pub(crate) next_row: i64,
    /// Rises with every change of what is administered of the elements.
    pub(crate) elements_version: u64,
    /// Whom nobody authorises: the devices on the blocklist.
    pub(crate) kept_out: BTreeSet<Mac>,
    /// Every element has been read, or has had the time for it: locations can be told.
    pub(crate) settled: bool,
}

impl Network {
    /// An empty network, with vendors from the built-in table.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            vendor_of: crate::oui::vendor_of,
            elements: BTreeMap::new(),
            endpoints: HashMap::new(),
            seen: HashMap::new(),
            own: HashMap::new(),
            silent: BTreeSet::new(),
            kept_out: BTreeSet::new(),
            pending: BTreeMap::new(),
            suspicions: BTreeMap::new(),
            recheck: BTreeMap::new(),
            doubts: BTreeMap::new(),
            contests: BTreeMap::new(),
            claims: HashMap::new(),
            next_port: 1,
            next_row: 1,
            elements_version: 0,
            settled: false,
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Puts other settings into force, from the next plan on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Adds an element, or changes what is administered of a known one. Its rows are `operate`'s to write.
    pub fn put_element(&mut self, base: ElementBase) {
        self.elements_version += 1;
        match self.elements.get_mut(&base.element.id) {
            Some(known) => known.base = base,
            None => {
                self.elements.insert(base.element.id, ElementState::new(base));
            }
        }
    }

    /// A number that rises with every change of what is administered of the elements.
    pub const fn elements_version(&self) -> u64 {
        self.elements_version
    }

    /// One element.
    pub fn element(&self, ne: NeId) -> Option<&ElementState> {
        self.elements.get(&ne)
    }

    /// All elements, by id.
    pub fn elements(&self) -> impl Iterator<Item = (NeId, &ElementState)> {
        self.elements.iter().map(|(ne, state)| (*ne, state))
    }

    /// One endpoint.
    pub fn endpoint(&self, mac: Mac) -> Option<&Endpoint> {
        self.endpoints.get(&mac)
    }

    /// From now on nobody authorises these, whoever asks; what is said of them otherwise stays.
    pub fn keep_out(&mut self, devices: BTreeSet<Mac>) {
        self.kept_out = devices;
    }

    /// Whom nobody authorises.
    pub const fn kept_out(&self) -> &BTreeSet<Mac> {
        &self.kept_out
    }

    /// All endpoints, in no order.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// The access port on which an endpoint is; None where that is unknown.
    pub fn location(&self, mac: Mac) -> Option<PortRef> {
        self.port_ref(self.endpoints.get(&mac)?.place?)
    }

    /// The port at a place.
    pub fn port_at(&self, place: Place) -> Option<&Port> {
        self.elements.get(&place.ne)?.ports.get(place.slot)
    }

    /// The lasting name of a place.
    pub fn port_ref(&self, place: Place) -> Option<PortRef> {
        Some(PortRef { ne: place.ne, port: self.port_at(place)?.name.clone() })
    }

    /// What a port is; None where the port is unknown.
    pub fn role(&self, port: &PortRef) -> Option<Role> {
        self.elements.get(&port.ne)?.role(&port.port)
    }

    /// Endpoints located on a port (a LAG's member counts as its aggregate), by MAC.
    pub fn endpoints_on(&self, ne: NeId, port: &PortName) -> Vec<&Endpoint> {
        let Some(element) = self.elements.get(&ne) else { return Vec::new() };
        let Some(slot) = element.ports.slot_of(port).map(|slot| element.ports.stands_for(slot)) else {
            return Vec::new();
        };
        let place = Some(Place { ne, slot });
        element
            .fdb
            .macs_on(slot)
            .iter()
            .filter_map(|mac| self.endpoints.get(mac))
            .filter(|endpoint| endpoint.place == place)
            .collect()
    }

    /// Somebody on a port who may not connect, though those of `newly` may: the least address.
    pub fn not_authorised_on(&self, port: &PortRef, newly: &BTreeSet<Mac>) -> Option<Mac> {
        let present = self.endpoints_on(port.ne, &port.port).into_iter();
        let refused = present.filter(|endpoint| endpoint.status != EndpointStatus::Authorised);
        refused.map(|endpoint| endpoint.mac).filter(|mac| !newly.contains(mac)).min()
    }

    /// Every address that the forwarding table shows on a port (a LAG's member counts as its aggregate),
    /// endpoint or not, ascending.
    pub fn learned_on(&self, ne: NeId, port: &PortName) -> &[Mac] {
        let Some(element) = self.elements.get(&ne) else { return &[] };
        let slot = element.ports.slot_of(port).map(|slot| element.ports.stands_for(slot));
        slot.map_or(&[], |slot| element.fdb.macs_on(slot))
    }

    /// The MAC to which an IP address belongs. Where it is contested (NAC-08) that is the owner from before,
    /// for the other may be an attacker.
    pub fn owner_of(&self, ip: IpAddr) -> Option<Mac> {
        let contests = self.contests.iter().filter(|((of, ..), contest)| *of == ip && contest.announced);
        let known = contests.map(|(_, contest)| contest.known).next();
        let claims = || self.claims.get(&ip)?.iter().min_by_key(|claim| claim.since).map(|claim| claim.mac);
        known.or_else(claims)
    }

    /// Last time an endpoint was seen: the element's last good poll while a sighting goes on.
    pub fn last_seen(&self, endpoint: &Endpoint) -> Option<Timestamp> {
        if endpoint.silent_since.is_some() {
            return endpoint.last_seen;
        }
        let polled = endpoint
            .place
            .and_then(|place| self.elements.get(&place.ne))
            .and_then(|element| element.live.last_good.get(&Method::Forwarding).copied());
        endpoint.last_seen.max(polled)
    }

    /// Sizes, for metrics.
    pub fn counters(&self) -> Counters {
        Counters {
            elements: self.elements.len(),
            endpoints: self.endpoints.len(),
            online: self.endpoints.values().filter(|endpoint| endpoint.online).count(),
            rows: self.elements.values().map(|element| element.fdb.rows().len()).sum(),
        }
    }

    /// Makes planned changes the state; call it only after they were written.
    pub fn commit(&mut self, changes: Changes) {
        for (ne, live) in changes.live {
            self.replace_own_macs(ne, &live.own_macs);
            if let Some(element) = self.elements.get_mut(&ne) {
                element.live = live;
            }
        }
        for (ne, mut ports) in changes.ports {
            ports.reindex();
            if let Some(element) = self.elements.get_mut(&ne) {
                element.ports = Arc::new(ports);
            }
        }
        for (ne, neighbours) in changes.neighbours {
            if let Some(element) = self.elements.get_mut(&ne) {
                element.neighbours = Arc::new(neighbours);
            }
        }
        for (ne, (fdb, changed)) in changes.fdb {
            for mac in changed {
                self.note_seen(mac, ne, !fdb.rows_of(mac).is_empty());
            }
            if let Some(element) = self.elements.get_mut(&ne) {
                element.fdb = fdb;
            }
        }
        for (ne, arp) in changes.arp {
            if let Some(element) = self.elements.get_mut(&ne) {
                element.arp = arp;
            }
        }
        if let Some(element) = changes.fdb_read.and_then(|ne| self.elements.get_mut(&ne)) {
            element.fdb_read = true;
        }
        if let Some(element) = changes.arp_read.and_then(|ne| self.elements.get_mut(&ne)) {
            element.arp_read = true;
        }
        for mac in changes.forgotten {
            self.silent.remove(&mac);
            self.endpoints.remove(&mac);
        }
        for (mac, endpoint) in changes.endpoints {
            if endpoint.silent_since.is_some() && (endpoint.online || endpoint.place.is_some()) {
                self.silent.insert(mac);
            } else {
                self.silent.remove(&mac);
            }
            self.endpoints.insert(mac, endpoint);
        }
        for (mac, since) in changes.pending {
            match since {
                Some(since) => self.pending.insert(mac, since),
                None => self.pending.remove(&mac),
            };
        }
        for (mac, suspicion) in changes.suspicions {
            match suspicion {
                Some(suspicion) => self.suspicions.insert(mac, suspicion),
                None => self.suspicions.remove(&mac),
            };
        }
        for (port, due) in changes.recheck {
            match due {
                Some(due) => self.recheck.insert(port, due),
                None => self.recheck.remove(&port),
            };
        }
        for (port, doubt) in changes.doubts {
            match doubt {
                Some(doubt) => self.doubts.insert(port, doubt),
                None => self.doubts.remove(&port),
            };
        }
        self.contests.retain(|_, contest| contest.quiet_until > changes.at);
        self.contests.extend(changes.contests);
        for (ip, claims) in changes.claims {
            if claims.is_empty() {
                self.claims.remove(&ip);
            } else {
                self.claims.insert(ip, claims);
            }
        }
        self.next_port = changes.next_port.unwrap_or(self.next_port);
        self.next_row = changes.next_row.unwrap_or(self.next_row);
        self.settled |= changes.settled;
        if let Some(ne) = changes.removed {
            self.replace_own_macs(ne, &BTreeSet::new());
            self.elements.remove(&ne);
            self.elements_version += 1;
            self.doubts.retain(|(at, _), doubt| *at != ne && doubt.ne != ne);
        }
    }

    fn note_seen(&mut self, mac: Mac, ne: NeId, there: bool) {
        let elements = self.seen.entry(mac).or_default();
        match (elements.binary_search(&ne), there) {
            (Err(at), true) => elements.insert(at, ne),
            (Ok(at), false) => {
                elements.remove(at);
            }
            _ => {}
        }
        if elements.is_empty() {
            self.seen.remove(&mac);
        }
    }

    pub(crate) fn replace_own_macs(&mut self, ne: NeId, now: &BTreeSet<Mac>) {
        let Some(before) = self.elements.get(&ne).map(|element| element.live.own_macs.clone()) else {
            return;
        };
        for mac in before.difference(now) {
            if let Some(owners) = self.own.get_mut(mac) {
                owners.remove(&ne);
                if owners.is_empty() {
                    self.own.remove(mac);
                }
            }
        }
        for mac in now {
            self.own.entry(*mac).or_default().insert(ne);
        }
    }
}
