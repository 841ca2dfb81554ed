//! What time alone changes: endpoints that stay away, authorisations that end, evidence that fades.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::event::NacPayload;
use netwarden_model::{EndpointStatus, EventKind, Mac};

use crate::changes::Changes;
use crate::element::Reachability;
use crate::network::Network;
use crate::plan::Draft;
use crate::roles::later;

impl Network {
    /// What is due at `now`; to be called about once a minute.
    pub fn plan_tick(&self, now: Timestamp) -> Changes {
        let mut draft = Draft::new(self, now);
        let mut relocate = draft.fade_evidence();
        if !self.settled && draft.is_settled_with(None) {
            relocate.extend(draft.settle());
        }
        for mac in relocate {
            draft.relocate(mac);
        }
        for mac in &self.silent {
            draft.give_up_waiting(*mac);
        }
        for (mac, since) in &self.pending {
            if draft.is_settled() && later(*since, self.settings.locate_grace) <= now {
                draft.report_unlocated(*mac);
            }
        }
        let mut ended: Vec<Mac> = self
            .endpoints
            .values()
            .filter(|e| {
                e.status == EndpointStatus::Authorised && e.valid_until.is_some_and(|until| until <= now)
            })
            .map(|endpoint| endpoint.mac)
            .collect();
        ended.sort_unstable();
        for mac in ended {
            if draft.expire(mac) && draft.endpoint(mac).is_some_and(|endpoint| endpoint.online) {
                draft.endpoint_event(EventKind::Unauthorised, mac, NacPayload::Unauthorised);
            }
        }
        for (mac, suspicion) in &self.suspicions {
            let span = if suspicion.confirmed {
                self.settings.arp_quiet
            } else {
                self.settings.fdb_ageing + self.settings.verify_window
            };
            if later(suspicion.last_flip, span) < now && !draft.changes.suspicions.contains_key(mac) {
                draft.changes.suspicions.insert(*mac, None);
            }
        }
        draft.finish()
    }

    /// How long an endpoint may stay away before it is offline.
    pub fn offline_after(&self, endpoint: &crate::Endpoint) -> Duration {
        let by_group = || self.settings.offline_after_by_group.get(endpoint.group.as_ref()?).copied();
        endpoint.offline_after.or_else(by_group).unwrap_or(self.settings.offline_after)
    }
}

impl Draft<'_> {
    /// Ports whose evidence has been missing for long, and those whose rows can be relied on by now.
    fn fade_evidence(&mut self) -> BTreeSet<Mac> {
        let mut ports = BTreeSet::new();
        for (ne, element) in &self.net.elements {
            // While an element cannot be read, nothing about it has changed that we knew of.
            if element.live.reachability == Reachability::Reachable {
                let lost = element.ports.iter().filter(|(_, port)| port.uplink_lost.is_some());
                ports.extend(lost.map(|(slot, _)| (*ne, slot)));
            }
        }
        ports.extend(self.doubts_due());
        for (port, due) in &self.net.recheck {
            if *due <= self.now {
                self.changes.recheck.insert(*port, None);
                ports.insert(*port);
            }
        }
        // A port that still waits is noted again by the look at it.
        for port in &ports {
            self.changes.recheck.remove(port);
        }
        let due: Vec<_> = ports
            .iter()
            .copied()
            .filter(|port| self.net.recheck.get(port).is_some_and(|d| *d <= self.now))
            .collect();
        let relocate = self.reconsider_roles(ports);
        for port in due {
            self.changes.recheck.entry(port).or_insert(None);
        }
        relocate
    }

    /// mac_offline, where its element was read well and did not show it for long enough.
    fn give_up_waiting(&mut self, mac: Mac) {
        let Some(endpoint) = self.endpoint(mac) else { return };
        let Some(silent) = endpoint.silent_since else { return };
        let after = self.net.offline_after(endpoint);
        let (place, online, last_seen) =
            (endpoint.place, endpoint.online, endpoint.last_seen.unwrap_or(silent));
        let due = match place {
            Some(place) => {
                let Some(live) = self.live(place.ne) else { return };
                // After a restart or an outage of the element its silence begins anew.
                let since = live.steady_since.map_or(silent, |steady| steady.max(silent));
                let read = self.last_read(place.ne);
                live.reachability == Reachability::Reachable
                    && read.is_some_and(|read| read >= later(since, after))
            }
            None => later(silent, after) <= self.now,
        };
        if !due {
            return;
        }
        if self.rows_of(mac).is_empty() {
            if online {
                let silent_for_s = self.now.duration_since(last_seen).unsigned_abs().as_secs();
                self.endpoint_event(EventKind::MacOffline, mac, NacPayload::MacOffline { silent_for_s });
            }
            self.leave(mac);
            let endpoint = self.endpoint_mut(mac);
            endpoint.online = false;
            endpoint.silent_since = None;
        } else {
            // Other elements still show it behind their uplinks: present, and its place unknown.
            self.leave(mac);
            self.endpoint_mut(mac).silent_since = None;
        }
    }

    /// Says that an endpoint is in the network although no access port shows it.
    fn report_unlocated(&mut self, mac: Mac) {
        self.changes.pending.insert(mac, None);
        // Seen behind uplinks alone it is what it seems: the routers' own, whoever of them is master.
        if mac.is_virtual_router() {
            return;
        }
        if self.endpoint(mac).is_some_and(|endpoint| endpoint.online) || self.is_own(mac) {
            return;
        }
        if self.endpoint(mac).is_none_or(|endpoint| endpoint.first_seen.is_none()) {
            let since = self.net.pending.get(&mac).copied();
            self.endpoint_mut(mac).first_seen = since.or(Some(self.now));
        }
        self.announce(mac);
        if !self.rows_of(mac).is_empty() {
            self.endpoint_mut(mac).online = true;
            self.endpoint_event(EventKind::MacOnline, mac, NacPayload::MacOnline);
        }
        self.refused_if_refused(mac);
    }
}
