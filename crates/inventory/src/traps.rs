//! Which targeted poll a notification calls for (NAC-15). A notification is a hint and never a finding:
//! what it says is read back before it becomes an observation.

use jiff::{SignedDuration, Timestamp};
use netwarden_model::element::Method;
use netwarden_model::{IfIndex, Mac, NeId, VlanId};

use crate::changes::{PollWhat, PollWish};
use crate::network::Network;
use crate::plan::Draft;
use crate::table::NO_PORT;

/// After linkUp the first frame may take a while: 802.1X, DHCP, a slow start.
const AFTER_LINK_UP_MS: [i64; 4] = [0, 500, 2_000, 10_000];

/// An agent may tell of an address before its own table shows it: it answers from a copy.
const AFTER_MAC_LEARNED_MS: [i64; 3] = [0, 400, 3_000];

/// One row of a MAC notification (CISCO-MAC-NOTIFICATION-MIB and its like).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacNotice {
    /// The address.
    pub mac: Mac,
    /// In which VLAN.
    pub vlan: Option<VlanId>,
    /// On which interface.
    pub if_index: Option<IfIndex>,
    /// Learned, else removed.
    pub learned: bool,
}

impl Network {
    /// linkUp or linkDown (RFC 2863). Up: who is there now? Down: the tables are flushed, so one read
    /// shows who has gone. An interface that we do not know, or an uplink, means that the inventory is old.
    pub fn on_link_change(
        &self,
        ne: NeId,
        if_index: Option<IfIndex>,
        up: bool,
        now: Timestamp,
    ) -> Vec<PollWish> {
        let mut draft = Draft::new(self, now);
        let Some(element) = self.elements.get(&ne) else { return Vec::new() };
        let port = if_index
            .and_then(|index| element.ports.slot_at(index))
            .map(|slot| element.ports.stands_for(slot));
        let port = port.and_then(|slot| element.ports.get(slot));
        if port.is_none_or(crate::Port::is_uplink) {
            draft.wish(
                ne,
                PollWhat::Methods(vec![Method::Inventory, Method::Forwarding]),
                SignedDuration::ZERO,
            );
            return draft.changes.polls;
        }
        let delays: &[i64] = if up { &AFTER_LINK_UP_MS } else { &[500] };
        for delay in delays {
            draft.wish(ne, PollWhat::Methods(vec![Method::Forwarding]), SignedDuration::from_millis(*delay));
        }
        draft.changes.polls
    }

    /// MAC notification. What is learned on an access port is read back at once, and again for those that lag; an uplink's news are no
    /// news, its endpoint is found where it is; what is removed may wait for the next cycle.
    pub fn on_mac_notification(&self, ne: NeId, notices: &[MacNotice], now: Timestamp) -> Vec<PollWish> {
        let mut draft = Draft::new(self, now);
        let Some(element) = self.elements.get(&ne) else { return Vec::new() };
        for notice in notices.iter().filter(|notice| notice.learned && notice.mac.is_endpoint()) {
            let slot = notice.if_index.map(|index| element.ports.slot_at(index).unwrap_or(NO_PORT));
            let port = slot.and_then(|slot| element.ports.get(element.ports.stands_for(slot)));
            if port.is_some_and(crate::Port::is_uplink) || draft.is_own(notice.mac) {
                continue;
            }
            if slot == Some(NO_PORT) {
                draft.wish(ne, PollWhat::Methods(vec![Method::Inventory]), SignedDuration::ZERO);
            }
            let port = port.map(|port| port.name.clone());
            for delay in AFTER_MAC_LEARNED_MS {
                let what = PollWhat::Mac { mac: notice.mac, vlan: notice.vlan, port: port.clone() };
                draft.wish(ne, what, SignedDuration::from_millis(delay));
            }
        }
        draft.changes.polls
    }

    /// A port-security or authentication notification for an address.
    pub fn on_port_security(&self, ne: NeId, notice: MacNotice, now: Timestamp) -> Vec<PollWish> {
        self.on_mac_notification(ne, &[MacNotice { learned: true, ..notice }], now)
    }
}
