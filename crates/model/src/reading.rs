//! What one reading of a network element tells: the result of `probe` and the input of `inventory`.
//!
//! The field names are the keys of `netwarden probe --format json` and part of the interface.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{IfIndex, Mac, VlanId};

/// Everything that was read from one element. Parts that were not asked for are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// system group (RFC 3418) and identity.
    pub system: System,
    /// ifTable and ifXTable (RFC 2863), by ifIndex.
    pub interfaces: Vec<Interface>,
    /// VLANs, by id.
    pub vlans: Vec<Vlan>,
    /// Forwarding table, by VLAN, MAC.
    pub fdb: Vec<FdbEntry>,
    /// ARP and ND caches.
    pub arp: Vec<ArpEntry>,
    /// LLDP and CDP neighbours.
    pub neighbours: Vec<Neighbour>,
    /// 802.1X and MAC authentication sessions.
    pub sessions: Vec<Session>,
    /// Oddities met, with the rows dropped for each.
    pub quirks: Vec<QuirkCount>,
}

/// The system group (RFC 3418) and what identifies the agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// sysDescr.
    pub descr: Option<String>,
    /// sysObjectID in dotted form.
    pub object_id: Option<String>,
    /// sysName.
    pub name: Option<String>,
    /// sysLocation.
    pub location: Option<String>,
    /// sysContact.
    pub contact: Option<String>,
    /// sysUpTime in hundredths of a second.
    pub up_time_cs: Option<u64>,
    /// dot1dBaseBridgeAddress.
    pub bridge_address: Option<Mac>,
    /// lldpLocChassisId (LLDP-MIB), where it is a MAC address: by it neighbours know the device.
    #[serde(default)]
    pub chassis_mac: Option<Mac>,
    /// snmpEngineID in hexadecimal, where SNMPv3 was spoken.
    pub engine_id: Option<String>,
    /// snmpEngineBoots, where SNMPv3 was spoken.
    pub engine_boots: Option<u32>,
}

impl System {
    /// The address inside snmpEngineID, where the engine makes its id of one (RFC 3411, SnmpEngineID
    /// format 3: the enterprise's number with the highest bit set, the octet 3, six octets).
    pub fn engine_mac(&self) -> Option<Mac> {
        let digits = self.engine_id.as_deref().filter(|id| id.len() == 22 && id.is_ascii())?;
        let enterprise = u32::from_str_radix(digits.get(..8)?, 16).ok()?;
        let format_3 = enterprise & 0x8000_0000 != 0 && digits.get(8..10)? == "03";
        format_3.then(|| digits.get(10..)?.parse().ok()).flatten()
    }
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// ifIndex.
    pub if_index: IfIndex,
    /// ifName, else ifDescr, else None.
    pub name: Option<String>,
    /// ifDescr.
    pub descr: Option<String>,
    /// ifAlias.
    pub alias: Option<String>,
    /// ifPhysAddress, where it is six octets and not all zeros.
    pub mac: Option<Mac>,
    /// ifType's number (IANAifType-MIB).
    #[serde(rename = "type")]
    pub if_type: Option<u32>,
    /// ifType's name, for instance `ethernetCsmacd`.
    pub type_name: Option<String>,
    /// ifAdminStatus: `up`, `down`, `testing`.
    pub admin_status: Option<String>,
    /// ifOperStatus: `up`, `down`, `testing`, `unknown`, `dormant`, `notPresent`, `lowerLayerDown`.
    pub oper_status: Option<String>,
    /// ifHighSpeed × 10⁶, else ifSpeed; bit/s.
    pub speed: Option<u64>,
    /// Bridge port number (dot1dBasePort) that stands for it.
    pub base_port: Option<u32>,
    /// PVID (dot1qPvid, or the vendor's equal).
    pub pvid: Option<VlanId>,
    /// ifIndex of the aggregate that it is a member of (IEEE8023-LAG-MIB or ifStackTable).
    pub lag: Option<IfIndex>,
    /// True where the vendor's MIB says trunk, false where it says access.
    pub trunk: Option<bool>,
}

/// One VLAN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// Its id.
    pub id: VlanId,
    /// Its name.
    pub name: Option<String>,
    /// ifIndexes of the egress ports, tagged and untagged.
    pub egress: Vec<IfIndex>,
    /// ifIndexes of the untagged ports.
    pub untagged: Vec<IfIndex>,
    /// ifIndexes of the ports that have it as their PVID.
    pub pvid_of: Vec<IfIndex>,
    /// False where no table names it and only learned addresses show it.
    pub configured: bool,
}

/// One row of a forwarding table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdbEntry {
    /// The learned address.
    pub mac: Mac,
    /// Where; None where the bridge port cannot be mapped to an interface.
    pub if_index: Option<IfIndex>,
    /// ifName of that interface.
    pub if_name: Option<String>,
    /// In which VLAN; None where the device does not tell.
    pub vlan: Option<VlanId>,
    /// How it got there.
    pub status: FdbStatus,
}

/// dot1qTpFdbStatus (RFC 4363), dot1dTpFdbStatus (RFC 4188).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FdbStatus {
    /// Neither of the others.
    Other,
    /// Aged out, not yet removed.
    Invalid,
    /// Learned and in use.
    Learned,
    /// The device's own address.
    #[serde(rename = "self")]
    Own,
    /// Configured (static, sticky, port security).
    Mgmt,
    /// The device gave no status column.
    Unknown,
}

/// One pairing of an ARP or ND cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArpEntry {
    /// The network address.
    pub ip: IpAddr,
    /// The link-layer address.
    pub mac: Mac,
    /// The interface of the cache.
    pub if_index: Option<IfIndex>,
    /// ifName of that interface.
    pub if_name: Option<String>,
}

/// By which protocol a neighbour announced itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourProtocol {
    /// IEEE 802.1AB.
    Lldp,
    /// Cisco Discovery Protocol.
    Cdp,
}

/// One neighbour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Local interface.
    pub if_index: Option<IfIndex>,
    /// ifName of that interface.
    pub if_name: Option<String>,
    /// LLDP or CDP.
    pub protocol: NeighbourProtocol,
    /// lldpRemChassisId as text (a MAC in colon form where it is one), or cdpCacheDeviceId.
    pub chassis_id: Option<String>,
    /// The chassis id, where it is a MAC.
    pub chassis_mac: Option<Mac>,
    /// lldpRemPortId as text, or cdpCacheDevicePort.
    pub port_id: Option<String>,
    /// lldpRemPortDesc.
    pub port_descr: Option<String>,
    /// lldpRemSysName, or cdpCacheSysName, or the device id.
    pub system_name: Option<String>,
    /// lldpRemSysDesc, or cdpCacheVersion.
    pub system_descr: Option<String>,
    /// cdpCachePlatform.
    pub platform: Option<String>,
    /// Management addresses.
    pub addresses: Vec<IpAddr>,
    /// Enabled capabilities: `bridge`, `router`, `wlan_ap`, `telephone`, `station`, `repeater`, `docsis`, `other`.
    pub capabilities: Vec<String>,
}

impl Neighbour {
    /// True where it forwards others' frames: its port is an inter-switch port.
    pub fn forwards(&self) -> bool {
        self.capabilities.iter().any(|c| matches!(c.as_str(), "bridge" | "router" | "repeater"))
    }
}

/// One 802.1X or MAB session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The port.
    pub if_index: Option<IfIndex>,
    /// ifName of the port.
    pub if_name: Option<String>,
    /// The client's address.
    pub mac: Option<Mac>,
    /// The client's network address.
    pub ip: Option<IpAddr>,
    /// User name, as the authenticator gives it.
    pub user: Option<String>,
    /// The VLAN it was put into.
    pub vlan: Option<VlanId>,
    /// `single`, `multi_host`, `multi_auth`, `multi_domain`.
    pub host_mode: Option<String>,
    /// `data` or `voice`.
    pub domain: Option<String>,
    /// `dot1x`, `mab`, `web_auth`.
    pub method: Option<String>,
    /// Authorisation status, in the MIB's word.
    pub status: Option<String>,
    /// Seconds since the session began.
    pub age_s: Option<u64>,
    /// Seconds until it ends or is re-authenticated.
    pub time_left_s: Option<u64>,
}

/// How often a quirk was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuirkCount {
    /// Which.
    pub quirk: Quirk,
    /// Rows in which it was met.
    pub rows: u64,
    /// How many of them were dropped for it.
    pub dropped: u64,
}

/// Known ways in which real devices differ from the MIBs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// A forwarding row for bridge port 0: the port is not known to the device.
    BridgePortZero,
    /// dot1dBasePort differs from ifIndex somewhere.
    BasePortNotIfIndex,
    /// A bridge port that dot1dBasePortIfIndex does not list.
    BasePortUnmapped,
    /// The device has no base-port map at all; bridge ports are taken for ifIndexes.
    NoBasePortMap,
    /// An FDB id that no VLAN has; the id is no VLAN.
    FdbIdUnknown,
    /// An FDB id that several VLANs share: the VLAN cannot be told.
    FdbIdShared,
    /// A MAC index of seven parts with a leading 6 (its length).
    MacIndexWithLength,
    /// An index that cannot be read as its MIB says.
    IndexMalformed,
    /// A value of another type than its MIB says.
    ValueMalformed,
    /// A row that names an interface which the device does not have.
    InterfaceUnknown,
    /// A group or all-zero address in a table of endpoints.
    NotAnEndpoint,
    /// The device needs one community or context per VLAN.
    PerVlanContext,
    /// VLANs come from a vendor's MIB, not from Q-BRIDGE-MIB.
    VendorVlanMib,
    /// The same row came twice.
    DuplicateRow,
    /// An OID that did not increase: the walk of that column was ended.
    OidNotIncreasing,
    /// An agent answered tooBig: fewer repetitions were asked for.
    TooBig,
    /// A table that could not be read, or not to its end; `rows` counts tables.
    TableIncomplete,
}

/// Counts quirks while a reading is made.
#[derive(Debug, Clone, Default)]
pub struct QuirkTally(BTreeMap<Quirk, (u64, u64)>);

impl QuirkTally {
    /// A row in which `quirk` was met and that could be used all the same.
    pub fn met(&mut self, quirk: Quirk) {
        self.0.entry(quirk).or_default().0 += 1;
    }

    /// A row that was dropped because of `quirk`.
    pub fn dropped(&mut self, quirk: Quirk) {
        let (rows, dropped) = self.0.entry(quirk).or_default();
        *rows += 1;
        *dropped += 1;
    }

    /// The counts, by quirk.
    pub fn into_counts(self) -> Vec<QuirkCount> {
        self.0.into_iter().map(|(quirk, (rows, dropped))| QuirkCount { quirk, rows, dropped }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_id_of_format_3_names_an_address() {
        for (engine_id, expected) in [
            ("800000090300001bc5005000", None), // one octet too long
            ("8000000903001bc5005000", Some("00:1b:c5:00:50:00")),
            ("0000000903001bc5005000", None), // the form before RFC 3411
            ("8000000904001bc5005000", None), // text
            ("80000009030\u{e9}1bc500500", None),
            ("", None),
        ] {
            let system = System { engine_id: Some(engine_id.to_owned()), ..System::default() };
            assert_eq!(system.engine_mac().map(|mac| mac.to_string()).as_deref(), expected, "{engine_id}");
        }
    }
}
