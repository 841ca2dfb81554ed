//! Who owns which IP address, and who says so wrongly (NAC-08, arp_spoofing).
//!
//! A changed pairing is an attack while the former owner is present: an address that DHCP gives to
//! another endpoint after its owner has left is none, nor one whose owner has taken another since.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netwarden_model::event::NacPayload;
use netwarden_model::{EventKind, Mac, NeId, Reading, VlanId};

use crate::changes::{BindingRow, Claim};
use crate::detect::Contest;
use crate::element::Reachability;
use crate::plan::Draft;
use crate::roles::later;
use crate::table::ArpTable;

/// An address whose pairing differs from what was known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contested {
    ip: IpAddr,
    known: Mac,
    found: Mac,
}

impl Draft<'_> {
    /// Takes over the caches of `ne`; yields the pairings that contradict others.
    pub(crate) fn read_addresses(&mut self, ne: NeId, reading: &Reading) -> Vec<Contested> {
        self.changes.arp_read = Some(ne);
        let Some(before) = self.element(ne).map(|element| &*element.arp) else { return Vec::new() };
        let mut contested = Vec::new();
        let mut table = ArpTable::new();
        for entry in
            reading.arp.iter().filter(|entry| entry.mac.is_endpoint() && is_endpoint_address(entry.ip))
        {
            let known = *table.entry(entry.ip).or_insert(entry.mac);
            if known == entry.mac {
                continue;
            }
            // Two owners in one reading: the one that was known before stays, the other contests.
            let (known, found) = if before.get(&entry.ip) == Some(&entry.mac) {
                (entry.mac, known)
            } else {
                (known, entry.mac)
            };
            table.insert(entry.ip, known);
            contested.push(Contested { ip: entry.ip, known, found });
        }
        if *before == table {
            return contested;
        }
        for (ip, mac) in before.iter().filter(|(ip, mac)| table.get(ip) != Some(mac)) {
            // A changed pairing is contested by its successor before it is given up.
            if let Some(found) = table.get(ip) {
                contested.push(Contested { ip: *ip, known: *mac, found: *found });
            }
        }
        for (ip, mac) in table.iter().filter(|(ip, mac)| before.get(ip) != Some(mac)) {
            let others = self
                .claims(*ip)
                .iter()
                .filter(|claim| claim.mac != *mac && before.get(ip) != Some(&claim.mac));
            contested.extend(others.map(|claim| Contested { ip: *ip, known: claim.mac, found: *mac }));
        }
        for (ip, mac) in before.iter().filter(|(ip, mac)| table.get(ip) != Some(mac)) {
            self.unclaim(*ip, *mac, ne);
        }
        for (ip, mac) in table.iter().filter(|(ip, mac)| before.get(ip) != Some(mac)) {
            self.claim(*ip, *mac, ne);
        }
        self.changes.arp.insert(ne, std::sync::Arc::new(table));
        contested
    }

    /// Gives up everything that only `ne` shows.
    pub(crate) fn forget_addresses(&mut self, ne: NeId) {
        let Some(element) = self.element(ne) else { return };
        let pairs: BTreeMap<IpAddr, Mac> = (*element.arp).clone();
        for (ip, mac) in pairs {
            self.unclaim(ip, mac, ne);
        }
    }

    /// Says so where a contested pairing is an attack.
    pub(crate) fn judge_contest(&mut self, contested: Contested) {
        let Contested { ip, known, found } = contested;
        let exempt = found.is_virtual_router() || self.is_own(found) || is_link_local(ip);
        if exempt || self.apart(known, found) || self.took_another(known, ip) {
            return;
        }
        let key = (ip, known.min(found), known.max(found));
        let past = self.changes.contests.get(&key).or_else(|| self.net.contests.get(&key)).cloned();
        let past = past.filter(|contest| contest.quiet_until > self.now);
        if past.as_ref().is_some_and(|contest| contest.announced) {
            return;
        }
        // Without a forwarding table that knows the owner, only a pairing that flips back shows two owners.
        let announced = match self.presence(known) {
            Presence::Here => true,
            Presence::Gone => return,
            Presence::Unknown => past.is_some(),
        };
        let quiet_until = later(self.now, self.net.settings.arp_quiet);
        self.changes.contests.insert(key, Contest { known, announced, quiet_until });
        if announced {
            self.endpoint_event(EventKind::ArpSpoofing, found, NacPayload::ArpSpoofing { ip, known, found });
        }
    }

    fn presence(&self, mac: Mac) -> Presence {
        let owners = self.owners(mac);
        if !owners.is_empty() {
            let reachable =
                |ne: &NeId| self.live(*ne).is_some_and(|live| live.reachability == Reachability::Reachable);
            return if owners.iter().any(reachable) { Presence::Here } else { Presence::Gone };
        }
        // A virtual router is wherever its master is: that some table shows it is all that can be told.
        if mac.is_virtual_router() && !self.rows_of(mac).is_empty() {
            return Presence::Here;
        }
        match self.endpoint(mac) {
            Some(endpoint) if endpoint.online && endpoint.silent_since.is_none() => Presence::Here,
            Some(endpoint) if endpoint.online || endpoint.last_seen.is_some() => Presence::Gone,
            _ => Presence::Unknown,
        }
    }

    /// True where the two are known to be in different VLANs: the same private address in two routed
    /// domains is no contest.
    fn apart(&self, one: Mac, other: Mac) -> bool {
        let vlans = |mac: Mac| -> BTreeSet<VlanId> {
            self.rows_of(mac).iter().filter_map(|seen| seen.vlan).collect()
        };
        let (one, other) = (vlans(one), vlans(other));
        !one.is_empty() && !other.is_empty() && one.is_disjoint(&other)
    }

    /// True where `mac` has taken another address of the same family since it had `ip`.
    fn took_another(&self, mac: Mac, ip: IpAddr) -> bool {
        let since = |ip: IpAddr| {
            let now = self.claims(ip).iter().find(|claim| claim.mac == mac).map(|claim| claim.since);
            let before =
                || self.net.claims.get(&ip)?.iter().find(|claim| claim.mac == mac).map(|claim| claim.since);
            now.or_else(before)
        };
        let Some(had) = since(ip) else { return false };
        let addresses = self.endpoint(mac).map(|endpoint| endpoint.ips.clone()).unwrap_or_default();
        addresses
            .into_iter()
            .filter(|other| *other != ip && other.is_ipv4() == ip.is_ipv4() && !is_link_local(*other))
            .any(|other| since(other).is_some_and(|since| since > had))
    }

    fn claims(&self, ip: IpAddr) -> &[Claim] {
        match self.changes.claims.get(&ip) {
            Some(claims) => claims,
            None => self.net.claims.get(&ip).map_or(&[], Vec::as_slice),
        }
    }

    /// The addresses that caches show `mac` to own.
    pub(crate) fn claimed_by(&self, mac: Mac) -> BTreeSet<IpAddr> {
        let ips = self.net.claims.keys().chain(self.changes.claims.keys()).copied();
        ips.filter(|ip| self.claims(*ip).iter().any(|claim| claim.mac == mac)).collect()
    }

    fn claim(&mut self, ip: IpAddr, mac: Mac, ne: NeId) {
        let mut claims = self.claims(ip).to_vec();
        match claims.iter_mut().find(|claim| claim.mac == mac) {
            Some(claim) => {
                claim.shown_by.insert(ne);
            }
            None => {
                let binding = self.next_row();
                let claim =
                    Claim { binding, mac, since: self.now, first_ne: ne, shown_by: BTreeSet::from([ne]) };
                self.write_binding(ip, &claim, false);
                claims.push(claim);
            }
        }
        self.changes.claims.insert(ip, claims);
        // Routers' own addresses, shared ones included, are no endpoints unless an access port shows them.
        if self.is_own(mac) || (mac.is_virtual_router() && self.endpoint(mac).is_none()) {
            return;
        }
        let now = self.now;
        let endpoint = self.endpoint_mut(mac);
        endpoint.first_seen.get_or_insert(now);
        endpoint.ips.insert(ip);
        if !endpoint.announced {
            self.await_location(mac);
        }
    }

    fn unclaim(&mut self, ip: IpAddr, mac: Mac, ne: NeId) {
        let mut claims = self.claims(ip).to_vec();
        let Some(at) = claims.iter().position(|claim| claim.mac == mac) else { return };
        let gone = claims.get_mut(at).is_some_and(|claim| {
            claim.shown_by.remove(&ne);
            claim.shown_by.is_empty()
        });
        if gone {
            let claim = claims.remove(at);
            self.write_binding(ip, &claim, true);
            if self.endpoint(mac).is_some_and(|endpoint| endpoint.ips.contains(&ip)) {
                self.endpoint_mut(mac).ips.remove(&ip);
            }
        }
        self.changes.claims.insert(ip, claims);
    }

    fn write_binding(&mut self, ip: IpAddr, claim: &Claim, ended: bool) {
        let row = BindingRow {
            id: claim.binding,
            ip,
            mac: claim.mac,
            ne: claim.first_ne,
            started: claim.since,
            ended: ended.then_some(self.now),
        };
        self.changes.bindings.insert(row.id, row);
    }
}

enum Presence {
    Here,
    Gone,
    Unknown,
}

fn is_endpoint_address(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() || broadcast)
}

/// fe80::/10 and 169.254.0.0/16: the same address may be in use on every link.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.segments().first().is_some_and(|first| first & 0xffc0 == 0xfe80),
    }
}
