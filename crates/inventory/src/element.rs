//! Network elements and their ports as the inventory keeps them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::element::{Element, Method, Scan, Schedule};
use netwarden_model::reading::{Neighbour, System};
use netwarden_model::{IfIndex, Mac, NeId, PortName, VlanId};
use serde::{Deserialize, Serialize};

use crate::table::{ArpTable, Fdb};

/// What an administrator has entered or accepted about an element (NEM-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElementBase {
    /// Name, address, credentials, enforcement.
    #[serde(flatten)]
    pub element: Element,
    /// Device class: `switch`, `router`, `host`, ...; a `host` forwards nobody's frames, so its address
    /// behind a port makes no uplink.
    pub class: String,
    /// Groups, for lists and domains.
    pub groups: Vec<String>,
    /// Region in which it stands, for lists and domains.
    #[serde(default)]
    pub region: Option<String>,
    /// Device sets that it belongs to, for lists and domains.
    #[serde(default)]
    pub device_sets: Vec<String>,
    /// Scans that are switched off here.
    #[serde(default)]
    pub scans_off: BTreeSet<Scan>,
    /// Own intervals by method; the default applies where one is missing (NAC-02).
    pub schedules: BTreeMap<Method, Schedule>,
    /// When its work is being done on: nothing is enforced then.
    pub maintenance: Option<MaintenanceWindow>,
    /// When it was added.
    pub added: Timestamp,
}

impl ElementBase {
    /// A switch with defaults, observed only.
    pub fn new(element: Element, added: Timestamp) -> Self {
        Self {
            element,
            class: "switch".to_owned(),
            groups: Vec::new(),
            region: None,
            device_sets: Vec::new(),
            scans_off: BTreeSet::new(),
            schedules: BTreeMap::new(),
            maintenance: None,
            added,
        }
    }

    /// True where something of `method` is to be read here.
    pub fn polls(&self, method: Method) -> bool {
        Scan::ALL.into_iter().any(|scan| scan.method() == method && !self.scans_off.contains(&scan))
    }

    /// How `method` is polled here.
    pub fn schedule(&self, method: Method) -> Schedule {
        self.schedules.get(&method).copied().unwrap_or_else(|| Schedule::default_for(method))
    }
}

/// A span of time in which an element is being worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceWindow {
    /// First moment inside.
    pub from: Timestamp,
    /// First moment after it.
    pub until: Timestamp,
}

impl MaintenanceWindow {
    /// True inside the window.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// Does its agent answer?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachability {
    /// Never read.
    Unknown,
    /// The last poll succeeded, or too few have failed since.
    Reachable,
    /// As many polls failed in a row as the setting says.
    Unreachable,
}

impl Reachability {
    /// The word used in interfaces and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reachability::Unknown => "unknown",
            Reachability::Reachable => "reachable",
            Reachability::Unreachable => "unreachable",
        }
    }

    /// The reverse of [`Reachability::as_str`].
    pub fn from_word(word: &str) -> Self {
        match word {
            "reachable" => Self::Reachable,
            "unreachable" => Self::Unreachable,
            _ => Self::Unknown,
        }
    }
}

/// What readings have told about an element as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Does it answer?
    pub reachability: Reachability,
    /// Failed polls since the last good one; counts up to the threshold.
    pub failures: u32,
    /// When the last of them was, and why it failed; None after a good poll.
    pub trouble: Option<(Timestamp, String)>,
    /// Last good poll by method.
    pub last_good: BTreeMap<Method, Timestamp>,
    /// sysUpTime in hundredths of a second, and when it was read.
    pub up_time: Option<(Timestamp, u64)>,
    /// snmpEngineBoots.
    pub engine_boots: Option<u32>,
    /// System group of the last inventory poll; its volatile parts are in the fields above.
    pub system: System,
    /// Its own addresses: bridge, interfaces, and what its forwarding table calls its own.
    pub own_macs: BTreeSet<Mac>,
    /// Since when its tables can be relied on: the last restart or return that was noticed.
    pub steady_since: Option<Timestamp>,
    /// False after a restart until interfaces are read again: ifIndexes may mean other ports.
    pub indexes_valid: bool,
    /// Scans that their last poll did not bring to their end; nothing of it outlives the process.
    pub gaps: BTreeMap<Scan, Gap>,
}

/// A scan that is not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Which tables are missing and why, a sentence each.
    pub reasons: Vec<String>,
    /// For how many polls in a row.
    pub polls: u32,
    /// That it stays so was told.
    pub told: bool,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            reachability: Reachability::Unknown,
            failures: 0,
            trouble: None,
            last_good: BTreeMap::new(),
            up_time: None,
            engine_boots: None,
            system: System::default(),
            own_macs: BTreeSet::new(),
            steady_since: None,
            indexes_valid: true,
            gaps: BTreeMap::new(),
        }
    }
}

impl Live {
    /// What is written when it changes; the rest comes with every poll.
    pub(crate) fn stored(
        &self,
    ) -> (Reachability, Option<u32>, &System, &BTreeSet<Mac>, Option<Timestamp>, bool) {
        (
            self.reachability,
            self.engine_boots,
            &self.system,
            &self.own_macs,
            self.steady_since,
            self.indexes_valid,
        )
    }
}

/// Key of a port in the store; allocated by the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PortId(pub i64);

/// What an administrator says a port is, whatever the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleOverride {
    /// Inter-switch port.
    Uplink,
    /// Access port.
    Access,
}

/// What a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Endpoints are located here.
    Access,
    /// It leads to other elements; nothing is located here and it is never shut.
    Uplink,
    /// An aggregate that leads to no element, or a member of one: endpoints are located here, and it is never
    /// shut or moved by itself.
    Aggregate,
    /// An interface that is no port, by its ifType: of a VLAN, a loopback, a tunnel. It is never shut or moved.
    Logical,
}

/// ifTypes (IANAifType-MIB) of interfaces that are no ports: softwareLoopback, propVirtual, virtualIpAddress,
/// tunnel, l2vlan, l3ipvlan, l3ipxvlan, mplsTunnel, mpls, bridge.
const LOGICAL: [u32; 10] = [24, 53, 112, 131, 135, 136, 137, 150, 166, 209];
/// ifTypes of aggregates: propMultiplexor, ieee8023adLag.
const AGGREGATES: [u32; 2] = [54, 161];

impl Role {
    /// The word used in interfaces and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Access => "access",
            Role::Uplink => "uplink",
            Role::Aggregate => "aggregate",
            Role::Logical => "logical",
        }
    }
}

/// Why a port is taken for an uplink.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum UplinkBy {
    /// An LLDP/CDP neighbour that forwards, or that is an element of ours.
    Neighbour {
        /// Its system name or chassis id.
        name: String,
        /// Our element, where it is one.
        ne: Option<NeId>,
    },
    /// An address of another element is learned here.
    ElementMac {
        /// The address.
        mac: Mac,
        /// The element.
        ne: NeId,
    },
    /// The addresses learned here are on different ports of another element, so that one lies behind.
    Behind {
        /// The element.
        ne: NeId,
    },
    /// Many addresses, most of them at home on other elements' access ports.
    Count {
        /// How many.
        macs: usize,
    },
}

/// One port (interface) of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its key in the store.
    pub id: PortId,
    /// Its lasting identity.
    pub name: PortName,
    /// ifIndex since the present boot; None where the element no longer lists it.
    pub if_index: Option<IfIndex>,
    /// ifName or ifDescr as given, by which forwarding rows name it.
    pub raw_name: Option<String>,
    /// ifAlias.
    pub alias: Option<String>,
    /// ifPhysAddress.
    pub mac: Option<Mac>,
    /// ifType.
    pub if_type: Option<u32>,
    /// ifAdminStatus.
    pub admin_status: Option<String>,
    /// ifOperStatus.
    pub oper_status: Option<String>,
    /// bit/s.
    pub speed: Option<u64>,
    /// PVID.
    pub pvid: Option<VlanId>,
    /// The port that stands for its aggregate: the aggregate's own interface, else the first member.
    pub lag: Option<PortName>,
    /// The vendor's word: trunk or access.
    pub trunk: Option<bool>,
    /// The administrator's word.
    pub role_override: Option<RoleOverride>,
    /// Never shut or moved.
    pub protected: bool,
    /// Why it is an uplink; None for an access port.
    pub uplink: Option<UplinkBy>,
    /// Since when that evidence has been missing.
    pub uplink_lost: Option<Timestamp>,
}

impl Port {
    /// What the port is, by override, evidence or ifType. A LAG's member is what [`PortTable::role`] says.
    pub fn role(&self) -> Role {
        match (self.role_override, &self.uplink, self.if_type) {
            (Some(RoleOverride::Uplink), ..) | (None, Some(_), _) => Role::Uplink,
            (Some(RoleOverride::Access), ..) => Role::Access,
            (None, None, Some(kind)) if AGGREGATES.contains(&kind) => Role::Aggregate,
            (None, None, Some(kind)) if LOGICAL.contains(&kind) => Role::Logical,
            (None, None, _) => Role::Access,
        }
    }

    /// True where it leads to another element.
    pub fn is_uplink(&self) -> bool {
        self.role() == Role::Uplink
    }
}

/// A neighbour and the port at which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighbourAt {
    /// The local port; None where it cannot be told.
    pub slot: Option<u32>,
    /// What it announced.
    pub neighbour: Neighbour,
}

/// The ports of one element. A port's place (`slot`) never changes while the process runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortTable {
    ports: Vec<Port>,
    by_name: HashMap<PortName, u32>,
    by_index: HashMap<IfIndex, u32>,
    by_raw: HashMap<String, Option<u32>>,
    stands_for: Vec<u32>,
    /// Whether each stands for others.
    leads: Vec<bool>,
}

impl PortTable {
    /// From ports in the order of their slots.
    pub fn from_ports(ports: Vec<Port>) -> Self {
        let mut table = Self { ports, ..Self::default() };
        table.reindex();
        table
    }

    /// All ports, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Port)> {
        self.ports.iter().zip(0u32..).map(|(port, slot)| (slot, port))
    }

    /// The port in `slot`.
    pub fn get(&self, slot: u32) -> Option<&Port> {
        self.ports.get(usize::try_from(slot).ok()?)
    }

    /// The port in `slot`, for changes that leave identity and ifIndex alone.
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Port> {
        self.ports.get_mut(usize::try_from(slot).ok()?)
    }

    /// By lasting identity.
    pub fn slot_of(&self, name: &PortName) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// By ifIndex of the present boot.
    pub fn slot_at(&self, index: IfIndex) -> Option<u32> {
        self.by_index.get(&index).copied()
    }

    /// The port that a table's row means: by ifIndex, unless the row's ifName says that it now belongs
    /// to another port (the element has renumbered since the interfaces were read).
    pub fn resolve(&self, index: Option<IfIndex>, name: Option<&str>, indexes_valid: bool) -> Option<u32> {
        let at_index = index.and_then(|index| self.slot_at(index));
        let Some(name) = name else {
            return at_index.filter(|_| indexes_valid);
        };
        if let Some(slot) = at_index
            && self.get(slot).and_then(|port| port.raw_name.as_deref()) == Some(name)
        {
            return Some(slot);
        }
        self.by_raw.get(name).copied().flatten()
    }

    /// The slot that stands for `slot`: its aggregate's for a LAG member, else itself.
    pub fn stands_for(&self, slot: u32) -> u32 {
        usize::try_from(slot).ok().and_then(|at| self.stands_for.get(at)).copied().unwrap_or(slot)
    }

    /// What the port in `slot` is; a LAG's member as its aggregate.
    pub fn role(&self, slot: u32) -> Option<Role> {
        let leads = usize::try_from(slot).ok().and_then(|at| self.leads.get(at)).copied();
        let is_of_lag = self.get(slot)?.lag.is_some() || leads == Some(true);
        let one = self.get(self.stands_for(slot))?;
        Some(match one.role() {
            // The first member stands for an aggregate that has no interface of its own.
            Role::Access if is_of_lag && one.role_override.is_none() => Role::Aggregate,
            role => role,
        })
    }

    /// The LAG members for which `slot` stands, itself not counted.
    pub fn members(&self, slot: u32) -> impl Iterator<Item = u32> {
        self.iter().map(|(member, _)| member).filter(move |m| *m != slot && self.stands_for(*m) == slot)
    }

    /// Rebuilds the look-ups after identities, ifIndexes or LAGs changed.
    pub fn reindex(&mut self) {
        self.by_name.clear();
        self.by_index.clear();
        self.by_raw.clear();
        for (slot, port) in (0u32..).zip(&self.ports) {
            self.by_name.insert(port.name.clone(), slot);
            let Some(index) = port.if_index else { continue };
            self.by_index.insert(index, slot);
            if let Some(raw) = &port.raw_name {
                // A name that two interfaces share tells nothing.
                self.by_raw.entry(raw.clone()).and_modify(|found| *found = None).or_insert(Some(slot));
            }
        }
        self.stands_for = (0u32..)
            .zip(&self.ports)
            .map(|(slot, port)| {
                port.lag.as_ref().and_then(|lag| self.by_name.get(lag)).copied().unwrap_or(slot)
            })
            .collect();
        self.leads = vec![false; self.ports.len()];
        for (slot, stands_for) in (0u32..).zip(&self.stands_for) {
            let leader = usize::try_from(*stands_for).ok().and_then(|at| self.leads.get_mut(at));
            if let Some(leads) = leader.filter(|_| slot != *stands_for) {
                *leads = true;
            }
        }
    }
}

/// Everything that is known of one element.
#[derive(Debug, Clone)]
pub struct ElementState {
    /// As administered.
    pub base: ElementBase,
    /// As read.
    pub live: Live,
    /// Its ports.
    pub(crate) ports: Arc<PortTable>,
    /// Its neighbours.
    pub neighbours: Arc<Vec<NeighbourAt>>,
    /// Its forwarding table.
    pub(crate) fdb: Arc<Fdb>,
    /// Its ARP and ND caches.
    pub(crate) arp: Arc<ArpTable>,
    /// True once the forwarding table was read since the process started.
    pub(crate) fdb_read: bool,
    /// True once the caches were read since the process started.
    pub(crate) arp_read: bool,
}

impl ElementState {
    /// A newly added or loaded element.
    pub fn new(base: ElementBase) -> Self {
        Self {
            base,
            live: Live::default(),
            ports: Arc::default(),
            neighbours: Arc::default(),
            fdb: Arc::default(),
            arp: Arc::default(),
            fdb_read: false,
            arp_read: false,
        }
    }

    /// Its ports, in the order in which they were first seen.
    pub fn ports(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().map(|(_, port)| port)
    }

    /// A port by its lasting identity.
    pub fn port(&self, name: &PortName) -> Option<&Port> {
        self.ports.get(self.ports.slot_of(name)?)
    }

    /// What the port is, a LAG's members taken together with their aggregate.
    pub fn role(&self, name: &PortName) -> Option<Role> {
        self.ports.role(self.ports.slot_of(name)?)
    }

    /// True where an administrator protected the port or its aggregate.
    pub fn is_protected(&self, name: &PortName) -> bool {
        self.ports.slot_of(name).is_some_and(|slot| {
            [slot, self.ports.stands_for(slot)]
                .into_iter()
                .any(|slot| self.ports.get(slot).is_some_and(|port| port.protected))
        })
    }
}
