//! Events and what is frozen into them; the masquerade detector (NAC-07, NAC-08).
//!
//! A MAC that shows up on a second access port has moved, until the first port learns it again: then it
//! is in both places. A bridge keeps one row for a MAC and overwrites it with every frame, so two users
//! of one MAC show as rows that go back and forth, faster than anyone walks. Where the two are in
//! separate broadcast domains both rows stay, longer than a stale one could. (In one domain rows that
//! stay only say that one port leads to the other.)

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::event::NacPayload;
use netwarden_model::event::nac::SpoofingReason;
use netwarden_model::{EndpointFacts, EventKind, Mac, NeId, NewEvent, Outcome, Payload, PortName, Subject};

use crate::changes::PollWhat;
use crate::endpoint::{Endpoint, Place};
use crate::plan::Draft;
use crate::roles::later;

/// After a move both ports are read again after so many seconds, and once more when no stale row can be left.
const REREADS_S: [i64; 6] = [1, 3, 7, 15, 30, 60];

/// ieee8023adLag (IANAifType-MIB).
const IF_TYPE_LAG: u32 = 161;

/// A MAC that may be in two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) known: Place,
    pub(crate) found: Place,
    pub(crate) since: Timestamp,
    pub(crate) last_flip: Timestamp,
    pub(crate) at: Place,
    pub(crate) known_again: bool,
    pub(crate) confirmed: bool,
    /// When each of the two elements last showed it on its port of the two.
    pub(crate) shown: BTreeMap<NeId, Timestamp>,
}

/// An IP address that two MACs claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contest {
    /// Whose it was before.
    pub(crate) known: Mac,
    pub(crate) announced: bool,
    pub(crate) quiet_until: Timestamp,
}

impl Draft<'_> {
    /// All properties of `mac` as they are now (NAC-09).
    pub(crate) fn facts(&self, mac: Mac) -> EndpointFacts {
        let unknown;
        let endpoint = match self.endpoint(mac) {
            Some(endpoint) => endpoint,
            None => {
                unknown = Endpoint::new(mac, (self.net.vendor_of)(mac));
                &unknown
            }
        };
        let element = endpoint.place.and_then(|place| self.element(place.ne));
        let port = endpoint.place.and_then(|place| self.ports(place.ne)?.get(place.slot));
        let last_seen = if endpoint.silent_since.is_some() { endpoint.last_seen } else { Some(self.now) };
        EndpointFacts {
            mac,
            vendor: endpoint.vendor.clone(),
            mac_randomised: mac.is_locally_administered(),
            ne: element.map(|element| element.base.element.id),
            ne_name: element.map(|element| element.base.element.name.clone()),
            port: port.map(|port| port.name.clone()),
            if_index: port.and_then(|port| port.if_index),
            port_alias: port.and_then(|port| port.alias.clone()).filter(|alias| !alias.is_empty()),
            vlan: endpoint.sightings.iter().find_map(|sighting| sighting.vlan),
            ips: endpoint.ips.iter().copied().collect(),
            dns_name: endpoint.dns_name.clone(),
            host_name: endpoint.host_name.clone(),
            group: endpoint.group.clone(),
            status: endpoint.status,
            compliance: endpoint.compliance,
            fingerprint: endpoint.fingerprint.clone(),
            configuration: endpoint.configuration.clone(),
            bound_to: endpoint.bound_to.as_ref().map(|port| port.port.clone()),
            port_endpoints: endpoint.place.map_or(0, |place| self.sharers(place)),
            first_seen: endpoint.first_seen.unwrap_or(self.now),
            last_seen: last_seen.unwrap_or(self.now),
            custom1: endpoint.custom1.clone(),
            custom2: endpoint.custom2.clone(),
        }
    }

    /// How many endpoints share a port; those seen in the voice VLAN only do not count.
    fn sharers(&self, place: Place) -> u32 {
        let voice = self.element(place.ne).and_then(|element| element.base.element.voice_vlan);
        let Some(fdb) = self.fdb(place.ne) else { return 0 };
        let counted = fdb.macs_on(place.slot).iter().filter(|mac| {
            !self.is_own(**mac)
                && fdb
                    .rows_of(**mac)
                    .iter()
                    .any(|r| r.slot == place.slot && (voice.is_none() || r.vlan() != voice))
        });
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }

    /// An event about an endpoint, at its port.
    pub(crate) fn endpoint_event(&mut self, kind: EventKind, mac: Mac, payload: NacPayload) {
        let facts = self.facts(mac);
        let shown_by = self.changes.heartbeat.as_ref().map(|heartbeat| heartbeat.ne);
        let (ne, port) = (facts.ne.or(shown_by), facts.port.clone());
        self.event(kind, Subject::Mac(mac), ne, port, Some(facts), payload);
    }

    /// An event about an element.
    pub(crate) fn ne_event(&mut self, kind: EventKind, ne: NeId, payload: NacPayload) {
        self.event(kind, Subject::Ne(ne), Some(ne), None, None, payload);
    }

    pub(crate) fn event(
        &mut self,
        kind: EventKind,
        subject: Subject,
        ne: Option<NeId>,
        port: Option<PortName>,
        facts: Option<EndpointFacts>,
        payload: NacPayload,
    ) {
        self.changes.events.push(NewEvent {
            at: self.now,
            kind,
            subject,
            ne,
            port,
            severity: kind.default_severity(),
            outcome: Outcome::Success,
            facts,
            payload: Payload::Nac(payload),
            cause: None,
        });
    }

    pub(crate) fn suspicion(&self, mac: Mac) -> Option<&Suspicion> {
        match self.changes.suspicions.get(&mac) {
            Some(suspicion) => suspicion.as_ref(),
            None => self.net.suspicions.get(&mac),
        }
    }

    /// True where `mac` is bound to another port than `place`; says so.
    pub(crate) fn check_binding(&mut self, mac: Mac, place: Place) -> bool {
        let Some(known) = self.endpoint(mac).and_then(|endpoint| endpoint.bound_to.clone()) else {
            return false;
        };
        let bound = self.place_of(&known);
        if bound == Some(place) || mac.is_virtual_router() {
            return false;
        }
        let roams = self.is_wireless(place) && bound.is_some_and(|bound| self.is_wireless(bound));
        let (false, Some(found)) = (roams, self.port_ref(place)) else { return false };
        let because = SpoofingReason::BoundElsewhere;
        self.endpoint_event(EventKind::MacSpoofing, mac, NacPayload::MacSpoofing { known, found, because });
        true
    }

    /// After a move: is it still in the old place as well? `confirmed` where the masquerade has been said.
    pub(crate) fn suspect(&mut self, mac: Mac, known: Place, found: Place, confirmed: bool) {
        let roams = mac.is_locally_administered() || self.is_wireless(known) || self.is_wireless(found);
        // A host with one leg on each of two switches that act as one shows on both aggregates by design.
        let multi_homed = self.is_aggregate(known) && self.is_aggregate(found);
        if mac.is_virtual_router() || (!confirmed && (roams || multi_homed)) {
            self.changes.suspicions.insert(mac, None);
            return;
        }
        let now = self.now;
        let suspicion = Suspicion {
            known,
            found,
            since: now,
            last_flip: now,
            at: found,
            known_again: false,
            confirmed,
            shown: BTreeMap::new(),
        };
        self.changes.suspicions.insert(mac, Some(suspicion));
        if confirmed {
            return;
        }
        let ageing = i64::try_from(self.net.settings.fdb_ageing.as_secs()).unwrap_or(i64::MAX / 2);
        for after in REREADS_S.into_iter().chain([ageing.saturating_add(10), ageing.saturating_add(40)]) {
            for place in [known, found] {
                let vlan = self
                    .rows_of(mac)
                    .iter()
                    .find(|seen| seen.place.ne == place.ne)
                    .and_then(|seen| seen.vlan);
                let port = self.port_ref(place).map(|port| port.port);
                self.wish(place.ne, PollWhat::Mac { mac, vlan, port }, SignedDuration::from_secs(after));
            }
        }
    }

    /// True where a move to `place` belongs to an open suspicion, and is no walk back to the desk.
    pub(crate) fn continues_suspicion(&self, mac: Mac, place: Place) -> bool {
        self.suspicion(mac).is_some_and(|suspicion| {
            let window = if suspicion.confirmed {
                self.net.settings.arp_quiet
            } else {
                self.net.settings.verify_window
            };
            (suspicion.known == place || suspicion.found == place)
                && within(suspicion.last_flip, self.now, window)
        })
    }

    /// Follows a suspected MAC to `place`.
    pub(crate) fn suspicion_moves(&mut self, mac: Mac, place: Place) {
        let Some(mut suspicion) = self.suspicion(mac).cloned() else { return };
        if suspicion.at == place || (place != suspicion.known && place != suspicion.found) {
            return;
        }
        let quick = within(suspicion.last_flip, self.now, self.net.settings.verify_window);
        suspicion.at = place;
        suspicion.last_flip = self.now;
        suspicion.known_again = quick && (place == suspicion.known || suspicion.known_again);
        let twice = suspicion.known_again && place == suspicion.found && !suspicion.confirmed;
        self.changes.suspicions.insert(mac, Some(suspicion));
        if twice {
            self.confirm(mac);
        }
    }

    /// Both rows have stayed for longer than a stale one does: two devices in separate broadcast domains.
    pub(crate) fn confirm_suspicions(&mut self, ne: NeId) {
        let open: Vec<Mac> = self
            .net
            .suspicions
            .iter()
            .filter(|(_, s)| {
                !s.confirmed && s.known.ne != s.found.ne && (s.known.ne == ne || s.found.ne == ne)
            })
            .map(|(mac, _)| *mac)
            .collect();
        for mac in open {
            let Some(mut suspicion) = self.suspicion(mac).cloned().filter(|s| !s.confirmed) else { continue };
            let here = if suspicion.known.ne == ne { suspicion.known } else { suspicion.found };
            if !self.fdb(ne).is_some_and(|fdb| fdb.has(here.slot, mac)) || self.is_uplink(here) {
                continue;
            }
            suspicion.shown.insert(ne, self.now);
            let outlasting = later(suspicion.last_flip, self.net.settings.fdb_ageing);
            let both = [suspicion.known.ne, suspicion.found.ne]
                .iter()
                .all(|ne| suspicion.shown.get(ne).is_some_and(|shown| *shown > outlasting));
            let other = if here == suspicion.known { suspicion.found } else { suspicion.known };
            let still =
                self.fdb(other.ne).is_some_and(|fdb| fdb.has(other.slot, mac)) && !self.is_uplink(other);
            self.changes.suspicions.insert(mac, Some(suspicion));
            if both && still && self.in_separate_domains(mac, here, other) {
                self.confirm(mac);
            }
        }
    }

    /// True where frames of `mac` on one port cannot be learned by the other's element. Where they can,
    /// rows that stay mean that one port leads to the other.
    fn in_separate_domains(&self, mac: Mac, one: Place, other: Place) -> bool {
        let vlans = |place: Place| {
            let rows = self.fdb(place.ne).map_or(&[][..], |fdb| fdb.rows_of(mac));
            rows.iter().filter(|row| row.slot == place.slot).map(|row| row.vlan()).collect::<Vec<_>>()
        };
        let (here, there) = (vlans(one), vlans(other));
        here.iter().all(|vlan| !there.contains(vlan) || !self.share_domain(one.ne, other.ne, *vlan, mac))
    }

    fn confirm(&mut self, mac: Mac) {
        let Some(mut suspicion) = self.suspicion(mac).cloned() else { return };
        suspicion.confirmed = true;
        let refs = (self.port_ref(suspicion.known), self.port_ref(suspicion.found));
        self.changes.suspicions.insert(mac, Some(suspicion));
        if let (Some(known), Some(found)) = refs {
            let because = SpoofingReason::TwiceAtOnce;
            self.endpoint_event(
                EventKind::MacSpoofing,
                mac,
                NacPayload::MacSpoofing { known, found, because },
            );
        }
    }

    /// True where an access point is: its clients roam.
    pub(crate) fn is_wireless(&self, place: Place) -> bool {
        self.neighbours(place.ne).iter().any(|at| {
            at.slot == Some(place.slot)
                && at.neighbour.capabilities.iter().any(|capability| capability == "wlan_ap")
        })
    }

    fn is_aggregate(&self, place: Place) -> bool {
        self.ports(place.ne).is_some_and(|ports| {
            ports.members(place.slot).next().is_some()
                || ports.get(place.slot).is_some_and(|port| port.if_type == Some(IF_TYPE_LAG))
        })
    }
}

fn within(from: Timestamp, to: Timestamp, span: Duration) -> bool {
    to.duration_since(from).unsigned_abs() <= span
}
