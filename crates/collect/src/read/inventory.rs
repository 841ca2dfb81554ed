//! What changes seldom: interfaces, bridge ports, VLANs, aggregates, neighbours.

use netwarden_model::Reading;
use netwarden_model::reading::{Neighbour, Quirk};
use netwarden_reach::Snmp;

use super::{Columns, Part, Reader};
use crate::mib::interfaces::{self, Names};
use crate::mib::lldp::LocalPorts;
use crate::mib::q_bridge::{self, Ports};
use crate::mib::vlan::VlanTables;
use crate::mib::{
    alcatel, bridge, cdp, ciena, cisco, huawei, juniper, lag, lldp, mikrotik, rapid_city, tplink, vendor_lldp,
};
use crate::profile::Vendor;
use crate::table::Table;

impl<S: Snmp> Reader<'_, S> {
    /// Fills interfaces and neighbours, renews the profile's maps, and gives the VLANs.
    pub(super) async fn inventory(&mut self, reading: &mut Reading) -> VlanTables {
        let table = self.walk(Part::Interfaces, "ifTable", interfaces::COLUMNS).await;
        reading.interfaces = interfaces::decode(&table, &mut self.tally);
        if !reading.interfaces.is_empty() {
            self.profile.names = Names::of(&reading.interfaces);
        }
        self.base_ports(Part::Interfaces).await;
        self.number_ports(reading);
        let vlans = self.vlans(Part::Vlans).await;
        vlans.settle(&mut reading.interfaces);
        self.aggregates(reading).await;
        reading.neighbours = self.neighbours(reading).await;
        self.profile.misfit_ports.clear();
        self.profile.misfit_fdb_ids.clear();
        self.fresh = true;
        vlans
    }

    /// The tables that an inventory asks for whatever the others bring.
    pub(super) fn inventory_tables(&self) -> Vec<(Part, Columns)> {
        let mut tables = vec![
            (Part::Interfaces, interfaces::COLUMNS),
            (Part::Interfaces, bridge::BASE_PORT_COLUMNS),
            (Part::Vlans, q_bridge::VLAN_COLUMNS),
            (Part::Interfaces, self.aggregate_columns()),
            (Part::Neighbours, cdp::COLUMNS),
        ];
        tables.extend(self.vendor_vlan_table().map(|(_, columns)| (Part::Vlans, columns)));
        if !matches!(self.vendor, Vendor::Timetra | Vendor::Bdcom | Vendor::TpLink) {
            tables.push((Part::Neighbours, lldp::REMOTE_COLUMNS));
        }
        tables
    }

    /// Writes the bridge ports' numbers into the interfaces.
    pub(super) fn number_ports(&self, reading: &mut Reading) {
        for (port, if_index) in self.profile.base_ports.iter() {
            let interface = reading.interfaces.iter_mut().find(|i| i.if_index.0 == if_index);
            // of several bridge ports of one interface, the last stands for it
            if let Some(interface) = interface {
                interface.base_port = Some(port);
            }
        }
    }

    /// dot1dBasePortTable; the known map stays where the walk fails.
    pub(super) async fn base_ports(&mut self, part: Part) {
        let table = self.walk(part, "dot1dBasePortTable", bridge::BASE_PORT_COLUMNS).await;
        if !table.is_empty() {
            self.profile.base_ports = bridge::base_ports(&table, &mut self.tally);
        }
        let leads_nowhere =
            self.profile.base_ports.iter().all(|(_, if_index)| !self.profile.names.has(if_index));
        if self.vendor == Vendor::TpLink && leads_nowhere {
            self.profile.base_ports = tplink::base_ports(&self.profile.names);
        }
    }

    /// VLANs of the standard MIB and of the maker's; leaves FDB ids and contexts in the profile.
    pub(super) async fn vlans(&mut self, part: Part) -> VlanTables {
        let table = self.walk(part, "dot1qVlanCurrentTable", q_bridge::VLAN_COLUMNS).await;
        let ports =
            Ports { base_ports: &self.profile.base_ports, names: &self.profile.names, vendor: self.vendor };
        let mut tables = q_bridge::vlans(&table, ports, &mut self.tally);
        if let Some(own) = self.vendor_vlans(part).await {
            for _ in own.vlans.keys().filter(|id| !tables.vlans.contains_key(id)) {
                self.tally.met(Quirk::VendorVlanMib);
            }
            tables.merge(own);
        }
        if self.vendor == Vendor::Huawei && tables.vlans.values().all(|row| row.egress.is_empty()) {
            let table = self.walk(part, "hwL2IfTrunkPortTable", huawei::MEMBER_COLUMNS).await;
            huawei::members(&table, &mut tables);
        }
        if tables.vlans.is_empty() || self.vendor == Vendor::ArubaCx {
            let table = self.walk(part, "ieee8021QBridgeVlanStaticTable", q_bridge::IEEE_VLAN_COLUMNS).await;
            let ports = Ports {
                base_ports: &self.profile.base_ports,
                names: &self.profile.names,
                vendor: self.vendor,
            };
            tables.merge(q_bridge::ieee_vlans(&table, ports, &mut self.tally));
        }
        if tables.fdb_ids != Default::default() {
            self.profile.fdb_ids = tables.fdb_ids.clone();
        }
        tables
    }

    /// The table in which the maker keeps its VLANs.
    fn vendor_vlan_table(&self) -> Option<(&'static str, Columns)> {
        Some(match self.vendor {
            Vendor::Cisco => ("vtpVlanTable", cisco::COLUMNS),
            Vendor::Juniper => ("jnxL2aldVlanTable", juniper::COLUMNS),
            Vendor::Huawei => ("hwL2VlanMIBTable", huawei::VLAN_COLUMNS),
            Vendor::AlcatelAos6 => ("vlanTable", alcatel::VLAN_COLUMNS_6),
            Vendor::AlcatelAos7 => ("vlanTable", alcatel::VLAN_COLUMNS_7),
            Vendor::RapidCity => ("rcVlanTable", rapid_city::COLUMNS),
            Vendor::TpLink => ("vlanConfigTable", tplink::COLUMNS),
            Vendor::Ciena => ("wwpLeosVlanTable", ciena::COLUMNS),
            Vendor::MikroTik => ("mtxrScriptTable", mikrotik::SCRIPT_COLUMNS),
            _ => return None,
        })
    }

    async fn vendor_vlans(&mut self, part: Part) -> Option<VlanTables> {
        let (name, columns) = self.vendor_vlan_table()?;
        let table = self.walk(part, name, columns).await;
        if self.vendor == Vendor::MikroTik {
            return self.script_vlans(part, &table).await;
        }
        let (base_ports, names) = (&self.profile.base_ports, &self.profile.names);
        Some(match self.vendor {
            Vendor::Cisco => {
                self.profile.contexts = cisco::contexts(&table);
                cisco::vlans(&table, names, &mut self.tally)
            }
            Vendor::Juniper => juniper::vlans(&table, base_ports, names, &mut self.tally),
            Vendor::Huawei => huawei::vlans(&table, base_ports, names, &mut self.tally),
            Vendor::RapidCity => rapid_city::vlans(&table, names, &mut self.tally),
            Vendor::TpLink => tplink::vlans(&table, &mut self.tally),
            Vendor::Ciena => ciena::vlans(&table, base_ports, names, &mut self.tally),
            _ => alcatel::vlans(&table, names, &mut self.tally),
        })
    }

    /// VLANs of RouterOS that a script of the administrator's prints.
    async fn script_vlans(&mut self, part: Part, table: &Table) -> Option<VlanTables> {
        let output = mikrotik::vlan_script(table)?;
        match self.session.get(&[output]).await {
            Ok(bindings) => {
                let value = bindings.first()?.value.borrowed();
                Some(mikrotik::vlans(value, &self.profile.names))
            }
            Err(error) => {
                self.lacks(part, "mtxrScriptRunTable", error.to_string());
                None
            }
        }
    }

    fn aggregate_columns(&self) -> Columns {
        if self.vendor == Vendor::Cisco { lag::CISCO_COLUMNS } else { lag::COLUMNS }
    }

    async fn aggregates(&mut self, reading: &mut Reading) {
        let table = self.walk(Part::Interfaces, "dot3adAggPortTable", self.aggregate_columns()).await;
        let mut members = lag::attached(&table, &self.profile.names);
        if members.is_empty() && reading.interfaces.iter().any(lag::may_be_aggregate) {
            let table = self.walk(Part::Interfaces, "ifStackTable", lag::STACK_COLUMNS).await;
            members = lag::stacked(&table, &reading.interfaces);
        }
        lag::settle(&members, &mut reading.interfaces);
    }

    async fn neighbours(&mut self, reading: &Reading) -> Vec<Neighbour> {
        let part = Part::Neighbours;
        let mut found = self.vendor_lldp(part, reading).await;
        if found.is_empty() {
            found = self.lldp(part, reading).await;
        }
        let table = self.walk(part, "cdpCacheTable", cdp::COLUMNS).await;
        found.extend(cdp::neighbours(&table, &self.profile.names, &mut self.tally));
        if self.vendor == Vendor::Foundry {
            let table = self.walk(part, "snFdpCacheTable", cdp::FOUNDRY_COLUMNS).await;
            found.extend(cdp::foundry_neighbours(&table, &self.profile.names, &mut self.tally));
        }
        found
    }

    /// LLDP-MIB, else LLDP-V2-MIB.
    async fn lldp(&mut self, part: Part, reading: &Reading) -> Vec<Neighbour> {
        let remote = self.walk(part, "lldpRemTable", lldp::REMOTE_COLUMNS).await;
        if remote.is_empty() {
            let remote = self.walk(part, "lldpV2RemTable", lldp::V2_REMOTE_COLUMNS).await;
            if remote.is_empty() {
                return Vec::new();
            }
            let details = self.walk(part, "lldpV2RemManAddrTable", lldp::V2_DETAIL_COLUMNS).await;
            return lldp::v2_neighbours(&remote, &details, &self.profile.names, &mut self.tally);
        }
        let details = self.walk(part, "lldpLocPortTable", lldp::DETAIL_COLUMNS).await;
        let by_row = if self.vendor == Vendor::MikroTik {
            mikrotik::ports(&self.walk(part, "mtxrNeighborTable", mikrotik::COLUMNS).await)
        } else {
            Default::default()
        };
        let ports = LocalPorts::new(&reading.interfaces, &self.profile.base_ports, &self.profile.names);
        let ports = if self.vendor == Vendor::MikroTik { ports.numbered_by_if_index() } else { ports };
        lldp::neighbours(&remote, &details, &ports, &by_row, &mut self.tally)
    }

    /// LLDP neighbours of the makers that have a MIB of their own for them.
    async fn vendor_lldp(&mut self, part: Part, reading: &Reading) -> Vec<Neighbour> {
        match self.vendor {
            Vendor::Timetra => {
                let remote = self.walk(part, "tmnxLldpRemTable", vendor_lldp::TIMETRA_COLUMNS).await;
                if remote.is_empty() {
                    return Vec::new();
                }
                let columns = &[vendor_lldp::TIMETRA_ADDRESSES];
                let details = self.walk(part, "tmnxLldpRemManAddrTable", columns).await;
                vendor_lldp::timetra(&remote, &details, &self.profile.names, &mut self.tally)
            }
            Vendor::Bdcom => {
                let object_id = reading.system.object_id.as_deref().unwrap_or_default();
                let Some(enterprise) = object_id.split('.').nth(6).and_then(|n| n.parse().ok()) else {
                    return Vec::new();
                };
                let columns = vendor_lldp::nms_columns(enterprise);
                let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
                let remote = self.walk(part, "NMS-LLDP-MIB lldpRemTable", &columns).await;
                vendor_lldp::nms(&remote, &columns, &self.profile.names, &mut self.tally)
            }
            Vendor::TpLink => {
                let table = self.walk(part, "lldpNeighborInfoTable", vendor_lldp::TPLINK_COLUMNS).await;
                vendor_lldp::tplink(&table, &self.profile.names, &mut self.tally)
            }
            _ => Vec::new(),
        }
    }
}
