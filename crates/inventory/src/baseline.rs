//! Adoption: accepting what is present, by group and with review, before anything is enforced.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::{EndpointStatus, Mac, NeId, PortRef, VlanId};
use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::edit::{EditError, EndpointEdit};
use crate::endpoint::Endpoint;
use crate::network::Network;
use crate::plan::Draft;

/// Which of the endpoints that are present shall be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaselineFilter {
    /// On these elements only; empty for all.
    pub elements: BTreeSet<NeId>,
    /// In these VLANs only; empty for all.
    pub vlans: BTreeSet<VlanId>,
    /// Locally administered addresses as well: they change, so accepting them accepts little.
    pub randomised: bool,
    /// Those whose port is not known as well.
    pub unlocated: bool,
    /// Those that were refused as well.
    pub unauthorised: bool,
    /// Of these groups only, None for those in none; empty for all.
    pub groups: BTreeSet<Option<String>>,
    /// Not these.
    pub except: BTreeSet<Mac>,
    /// Only those who had been seen by then: who came after a review has been reviewed by nobody.
    pub seen_by: Option<Timestamp>,
}

impl Default for BaselineFilter {
    fn default() -> Self {
        Self {
            elements: BTreeSet::new(),
            vlans: BTreeSet::new(),
            randomised: true,
            unlocated: true,
            unauthorised: false,
            groups: BTreeSet::new(),
            except: BTreeSet::new(),
            seen_by: None,
        }
    }
}

impl BaselineFilter {
    /// `pending` is since when it waits for its place, before which its first sight is not kept with it.
    fn leaves_out(&self, endpoint: &Endpoint, pending: Option<&Timestamp>) -> bool {
        let first_seen = endpoint.first_seen.or(pending.copied());
        let came_later = |by| first_seen.is_none_or(|first| first > by);
        (!self.groups.is_empty() && !self.groups.contains(&endpoint.group))
            || self.except.contains(&endpoint.mac)
            || self.seen_by.is_some_and(came_later)
    }
}

/// One endpoint that would be authorised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineEntry {
    /// Its address.
    pub mac: Mac,
    /// Organisation of its prefix.
    pub vendor: Option<String>,
    /// Locally administered.
    pub mac_randomised: bool,
    /// Where it is.
    pub port: Option<PortRef>,
    /// In which VLAN.
    pub vlan: Option<VlanId>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Its name, from DNS or DHCP.
    pub name: Option<String>,
    /// Its status now.
    pub status: EndpointStatus,
    /// How many endpoints share its port: bind with care where there are several.
    pub port_endpoints: u32,
}

impl Network {
    /// Who is present and not authorised, by group (None for those in none), by MAC.
    pub fn baseline(&self, filter: &BaselineFilter) -> BTreeMap<Option<String>, Vec<BaselineEntry>> {
        let draft = Draft::new(self, Timestamp::UNIX_EPOCH);
        let mut groups: BTreeMap<Option<String>, Vec<BaselineEntry>> = BTreeMap::new();
        for endpoint in self.endpoints.values() {
            let vlan = endpoint.sightings.iter().find_map(|sighting| sighting.vlan);
            let ne = endpoint.place.map(|place| place.ne);
            let wanted = match endpoint.status {
                EndpointStatus::New => true,
                EndpointStatus::Unauthorised => filter.unauthorised,
                EndpointStatus::Authorised => false,
            };
            let present = endpoint.online || self.pending.contains_key(&endpoint.mac);
            // Learned before the element that it belongs to was read: it is taken off the list soon.
            let own = draft.is_own(endpoint.mac);
            if !wanted
                || self.kept_out.contains(&endpoint.mac)
                || !present
                || own
                || filter.leaves_out(endpoint, self.pending.get(&endpoint.mac))
                || (endpoint.mac.is_locally_administered() && !filter.randomised)
                || (ne.is_none() && !filter.unlocated)
                || (!filter.elements.is_empty() && ne.is_none_or(|ne| !filter.elements.contains(&ne)))
                || (!filter.vlans.is_empty() && vlan.is_none_or(|vlan| !filter.vlans.contains(&vlan)))
            {
                continue;
            }
            let facts = draft.facts(endpoint.mac);
            groups.entry(endpoint.group.clone()).or_default().push(BaselineEntry {
                mac: endpoint.mac,
                vendor: facts.vendor,
                mac_randomised: facts.mac_randomised,
                port: endpoint.place.and_then(|place| self.port_ref(place)),
                vlan,
                ips: facts.ips,
                name: facts.dns_name.or(facts.host_name),
                status: endpoint.status,
                port_endpoints: facts.port_endpoints,
            });
        }
        for entries in groups.values_mut() {
            entries.sort_by_key(|entry| entry.mac);
        }
        groups
    }

    /// Authorises `macs`; `bind` to the ports where they are, None as the setting says. Endpoints without
    /// a known place, with a randomised address or behind an access point are not bound.
    pub fn plan_baseline(
        &self,
        macs: &[Mac],
        group: Option<&str>,
        bind: Option<bool>,
        now: Timestamp,
    ) -> Result<Changes, EditError> {
        let bind = bind.unwrap_or(self.settings.bind_on_baseline);
        let mut draft = Draft::new(self, now);
        for mac in macs {
            let place = self.endpoints.get(mac).and_then(|endpoint| endpoint.place);
            let place =
                place.filter(|place| bind && !mac.is_locally_administered() && !draft.is_wireless(*place));
            let edit = EndpointEdit {
                status: Some(EndpointStatus::Authorised),
                group: group.map(|group| Some(group.to_owned())),
                bound_to: place.and_then(|place| self.port_ref(place)).map(Some),
                ..EndpointEdit::default()
            };
            draft.edit_endpoint(*mac, &edit)?;
        }
        Ok(draft.finish())
    }
}
