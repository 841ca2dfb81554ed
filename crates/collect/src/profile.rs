//! What is remembered of a device between readings, so that a poll asks for what changes and no more.

use std::collections::BTreeSet;

use netwarden_model::VlanId;
use serde::{Deserialize, Serialize};

use crate::mib::bridge::BasePorts;
use crate::mib::interfaces::Names;
use crate::mib::vlan::FdbIds;

/// What an inventory reading leaves for the polls of forwarding and address tables that follow it.
/// Keep it beside the element and hand it to the next [`crate::read`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceProfile {
    /// sysObjectID in dotted form; another one means another device.
    pub object_id: Option<String>,
    /// sysUpTime of the last reading in hundredths of a second; a lower one means a restart, after
    /// which ifIndexes may have changed (RFC 2863 section 3.1.5).
    pub up_time_cs: Option<u64>,
    /// ifIndex and name of every interface.
    pub names: Names,
    /// dot1dBasePortIfIndex.
    pub base_ports: BasePorts,
    /// FDB ids and the VLANs that use them.
    pub fdb_ids: FdbIds,
    /// Where its forwarding table was found.
    pub fdb_source: Option<FdbSource>,
    /// VLANs that must be read each in its own context.
    pub contexts: Vec<VlanId>,
    /// Bridge ports that no fresh map explained: no reason to read the maps again.
    pub misfit_ports: BTreeSet<u32>,
    /// FDB ids that no fresh map explained.
    pub misfit_fdb_ids: BTreeSet<u32>,
}

impl DeviceProfile {
    /// True where the maps were read from this very device since it last started.
    pub fn fits(&self, object_id: Option<&str>, up_time_cs: Option<u64>) -> bool {
        let restarted = match (self.up_time_cs, up_time_cs) {
            (Some(before), Some(now)) => now < before,
            _ => false,
        };
        !self.names.is_empty() && self.object_id.as_deref() == object_id && !restarted
    }
}

/// Which tables tell where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FdbSource {
    /// dot1qTpFdbTable (RFC 4363).
    QBridge,
    /// dot1dTpFdbTable (RFC 4188): no VLANs.
    Bridge,
    /// dot1qTpFdbTable, completed by dot1dTpFdbTable.
    QBridgeAndBridge,
    /// dot1dTpFdbTable in a context per VLAN.
    PerVlan,
    /// ieee8021QBridgeTpFdbTable (IEEE8021-Q-BRIDGE-MIB).
    Ieee8021,
    /// hwDynFdbTable (HUAWEI-L2MAM-MIB).
    Huawei,
    /// alaSlMacAddressGlobalTable or slMacAddressTable (ALCATEL-IND1-MAC-ADDRESS-MIB).
    Alcatel,
    /// tlsFdbInfoTable (TIMETRA-SERV-MIB).
    Timetra,
    /// agentDynamicDsBindingTable (FASTPATH-SWITCHING-MIB): DHCP snooping, for want of a forwarding table.
    DhcpSnooping,
}

/// Makers whose devices need tables of their own, by the enterprise number in sysObjectID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// Cisco IOS, IOS XE, NX-OS.
    Cisco,
    /// Juniper.
    Juniper,
    /// Huawei VRP.
    Huawei,
    /// HP and Aruba switches of the ProCurve line.
    Hp,
    /// HPE Aruba CX.
    ArubaCx,
    /// H3C and HPE Comware.
    Comware,
    /// Alcatel OmniSwitch, release 6.
    AlcatelAos6,
    /// Alcatel OmniSwitch, release 7 and later.
    AlcatelAos7,
    /// Avaya and Nortel ERS (BayStack) and VSP (Passport).
    RapidCity,
    /// Brocade and Foundry.
    Foundry,
    /// TP-Link.
    TpLink,
    /// MikroTik RouterOS.
    MikroTik,
    /// Nokia service routers.
    Timetra,
    /// BDCOM, and FS and PBN switches built by it.
    Bdcom,
    /// ScreenOS firewalls.
    NetScreen,
    /// Broadcom FASTPATH under its own enterprise number: EdgeSwitch and others.
    Fastpath,
    /// Ciena service delivery switches.
    Ciena,
    /// All others: the standard MIBs.
    Other,
}

impl Vendor {
    /// From sysObjectID.
    pub fn of(object_id: &[u32]) -> Self {
        let Some(enterprise) = object_id.strip_prefix(&[1, 3, 6, 1, 4, 1]) else {
            return Vendor::Other;
        };
        match enterprise {
            // 9.6.1: small business, made by others; they speak the standard MIBs
            [9, 6, 1, ..] => Vendor::Other,
            [9 | 5842, ..] => Vendor::Cisco,
            [2636 | 1411, ..] => Vendor::Juniper,
            [2011 | 56813, ..] => Vendor::Huawei,
            [25506 | 43, ..] => Vendor::Comware,
            // HP's own OIDs of devices that it had from H3C lie below 11.2.3.7.11 as well, and answer
            // the standard MIBs like the others
            [11, ..] => Vendor::Hp,
            [47196, ..] => Vendor::ArubaCx,
            [6486, 801, ..] => Vendor::AlcatelAos7,
            [6486, ..] => Vendor::AlcatelAos6,
            [45 | 2272, ..] => Vendor::RapidCity,
            [1991 | 1588, ..] => Vendor::Foundry,
            [11863, ..] => Vendor::TpLink,
            [14988, ..] => Vendor::MikroTik,
            [6527, ..] => Vendor::Timetra,
            [3320 | 52642 | 11606, ..] => Vendor::Bdcom,
            [3224, ..] => Vendor::NetScreen,
            [4413, ..] => Vendor::Fastpath,
            [6141, ..] => Vendor::Ciena,
            _ => Vendor::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_by_enterprise_number() {
        assert_eq!(Vendor::of(&[1, 3, 6, 1, 4, 1, 9, 1, 1006]), Vendor::Cisco);
        assert_eq!(Vendor::of(&[1, 3, 6, 1, 4, 1, 9, 6, 1, 83]), Vendor::Other);
        assert_eq!(Vendor::of(&[1, 3, 6, 1, 4, 1, 6486, 801, 1]), Vendor::AlcatelAos7);
        assert_eq!(Vendor::of(&[1, 3, 6, 1, 4, 1]), Vendor::Other);
        assert_eq!(Vendor::of(&[]), Vendor::Other);
    }

    #[test]
    fn a_restart_or_another_device_makes_a_profile_stale() {
        let mut profile = DeviceProfile {
            object_id: Some("1.3".into()),
            up_time_cs: Some(1000),
            ..DeviceProfile::default()
        };
        assert!(!profile.fits(Some("1.3"), Some(2000)), "it has no interfaces yet");
        profile.names.insert(1, Some("1".into()));
        assert!(profile.fits(Some("1.3"), Some(2000)));
        assert!(profile.fits(Some("1.3"), None));
        assert!(!profile.fits(Some("1.3"), Some(999)));
        assert!(!profile.fits(Some("1.4"), Some(2000)));
    }
}
