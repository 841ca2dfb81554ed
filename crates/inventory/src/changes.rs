//! What a plan would change: rows to write, events to append, reads to ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::element::Method;
use netwarden_model::{Mac, NeId, NewEvent, PortName, VlanId};

use crate::corroborate::Doubt;
use crate::detect::{Contest, Suspicion};
use crate::element::{Live, NeighbourAt, PortId, PortTable};
use crate::endpoint::Endpoint;
use crate::names::NameRow;
use crate::table::{ArpTable, Fdb};

/// The differences that one input makes. The caller writes them together with the events, then hands
/// them to [`crate::Network::commit`]; they are valid only for the state they were planned on.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The time handed to the plan.
    pub at: Timestamp,
    /// What happened, in order.
    pub events: Vec<NewEvent>,
    /// Reads that would settle an open question or catch up with a change.
    pub polls: Vec<PollWish>,
    /// The element whose poll succeeded, and what it told that changes with every poll.
    pub heartbeat: Option<Heartbeat>,
    /// Sightings opened, changed or closed, by id: of one opened and closed by one plan the later state.
    pub sightings: BTreeMap<i64, SightingRow>,
    /// IP bindings opened or closed, by id.
    pub bindings: BTreeMap<i64, BindingRow>,
    /// Names that endpoints got or lost.
    pub names: Vec<NameRow>,
    pub(crate) live: BTreeMap<NeId, Live>,
    pub(crate) live_written: BTreeSet<NeId>,
    pub(crate) ports: BTreeMap<NeId, PortTable>,
    pub(crate) neighbours: BTreeMap<NeId, Vec<NeighbourAt>>,
    pub(crate) fdb: BTreeMap<NeId, (Arc<Fdb>, Vec<Mac>)>,
    pub(crate) fdb_read: Option<NeId>,
    pub(crate) arp: BTreeMap<NeId, Arc<ArpTable>>,
    pub(crate) arp_read: Option<NeId>,
    pub(crate) endpoints: BTreeMap<Mac, Endpoint>,
    /// Those that turned out to be elements' own addresses.
    pub(crate) forgotten: BTreeSet<Mac>,
    pub(crate) pending: BTreeMap<Mac, Option<Timestamp>>,
    pub(crate) suspicions: BTreeMap<Mac, Option<Suspicion>>,
    pub(crate) contests: BTreeMap<(IpAddr, Mac, Mac), Contest>,
    pub(crate) claims: BTreeMap<IpAddr, Vec<Claim>>,
    /// MACs that became or ceased to be an element's own.
    pub(crate) reconsider: BTreeSet<Mac>,
    /// Ports to look at again once their rows are old enough to be relied on.
    pub(crate) recheck: BTreeMap<(NeId, u32), Option<Timestamp>>,
    /// Claims at ports that are not believed (any more).
    pub(crate) doubts: BTreeMap<(NeId, u32), Option<Doubt>>,
    pub(crate) next_port: Option<i64>,
    pub(crate) next_row: Option<i64>,
    pub(crate) settled: bool,
    pub(crate) removed: Option<NeId>,
}

impl Changes {
    /// True where nothing but the element's last good poll would be written. Such changes may be
    /// committed at once and their heartbeats written later, many in one statement: last seen is
    /// computed from them, and a few lost seconds lose no event.
    pub fn only_heartbeat(&self) -> bool {
        self.events.is_empty()
            && self.sightings.is_empty()
            && self.bindings.is_empty()
            && self.names.is_empty()
            && self.live_written.is_empty()
            && self.ports.is_empty()
            && self.neighbours.is_empty()
            && self.endpoints.is_empty()
            && self.forgotten.is_empty()
            && self.removed.is_none()
    }
}

/// What an element's good poll leaves behind even where nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The element.
    pub ne: NeId,
    /// Last good poll by method.
    pub last_good: BTreeMap<Method, Timestamp>,
    /// When sysUpTime was read, and it in hundredths of a second.
    pub up_time: Option<(Timestamp, u64)>,
}

/// A sighting's row as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightingRow {
    /// Its key.
    pub id: i64,
    /// Whose.
    pub mac: Mac,
    /// The port.
    pub port: PortId,
    /// The VLAN; None where the element does not tell.
    pub vlan: Option<VlanId>,
    /// Since when.
    pub started: Timestamp,
    /// Until when; None while it goes on.
    pub ended: Option<Timestamp>,
    /// User of the 802.1X session.
    pub user: Option<String>,
}

/// A binding's row as it shall be: this MAC owned this address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingRow {
    /// Its key.
    pub id: i64,
    /// The address.
    pub ip: IpAddr,
    /// Its owner.
    pub mac: Mac,
    /// The element that showed it first.
    pub ne: NeId,
    /// Since when.
    pub started: Timestamp,
    /// Until when; None while it goes on.
    pub ended: Option<Timestamp>,
}

/// A pairing that caches show now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) binding: i64,
    pub(crate) mac: Mac,
    pub(crate) since: Timestamp,
    pub(crate) first_ne: NeId,
    pub(crate) shown_by: BTreeSet<NeId>,
}

/// A read that the inventory asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollWish {
    /// From which element.
    pub ne: NeId,
    /// What.
    pub what: PollWhat,
    /// Not earlier than this.
    pub due: Timestamp,
}

/// What shall be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PollWhat {
    /// Whole methods.
    Methods(Vec<Method>),
    /// The forwarding rows of one address, a few GETs; its result is handed in as [`crate::Read::Macs`].
    Mac {
        /// The address.
        mac: Mac,
        /// The VLAN in which it was seen, where known.
        vlan: Option<VlanId>,
        /// The port in question, for the log.
        port: Option<PortName>,
    },
}
