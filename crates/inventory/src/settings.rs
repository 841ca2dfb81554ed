//! What an administrator can tune in location and detection.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// System parameters of the inventory (NEM-09). Defaults suit a campus network polled once a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// An endpoint that was not seen for so long is offline. At least the forwarding tables' ageing time
    /// is sensible, since a quiet endpoint drops out of them.
    pub offline_after: Duration,
    /// The same by group's name, for devices that sleep.
    pub offline_after_by_group: BTreeMap<String, Duration>,
    /// So many polls must fail in a row until an element is unreachable; at least 1.
    pub unreachable_after: u32,
    /// How long bridges keep a silent address (IEEE 802.1Q, Ageing Time: default 300 s).
    pub fdb_ageing: Duration,
    /// A port remains an uplink for so long after the evidence for it has gone.
    pub uplink_memory: Duration,
    /// From so many addresses on a port may be an uplink by count, if at least half of them are also
    /// learned on other elements' access ports.
    pub uplink_count: usize,
    /// An LLDP/CDP neighbour that says it forwards makes an uplink even if it is no element of ours. On, so
    /// that routers and switches of others are not taken for endpoints; but whoever sends such a frame leaves
    /// the access ports behind, which an event tells. Off, what nobody manages is an endpoint, or several.
    pub trust_unmanaged_neighbours: bool,
    /// An endpoint that no access port shows is reported without a location after so long.
    pub locate_grace: Duration,
    /// At first adoption locations wait until every element has been read, but no longer than this.
    pub settle_limit: Duration,
    /// Two places of one MAC that alternate within this time are no walk from desk to desk.
    pub verify_window: Duration,
    /// The same contest for an IP address is reported again after so long at the earliest.
    pub arp_quiet: Duration,
    /// The baseline step binds what it authorises to the ports where it is.
    pub bind_on_baseline: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            offline_after: Duration::from_secs(15 * 60),
            offline_after_by_group: BTreeMap::new(),
            unreachable_after: 3,
            fdb_ageing: Duration::from_secs(300),
            uplink_memory: Duration::from_secs(3600),
            uplink_count: 50,
            trust_unmanaged_neighbours: true,
            locate_grace: Duration::from_secs(180),
            settle_limit: Duration::from_secs(600),
            verify_window: Duration::from_secs(120),
            arp_quiet: Duration::from_secs(3600),
            bind_on_baseline: false,
        }
    }
}
