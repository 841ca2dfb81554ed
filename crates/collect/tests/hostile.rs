//! Decoders survive whatever an agent sends: random bindings below the very columns they read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)] // tests

mod recorded;

use netwarden_collect::mib::interfaces::Names;
use netwarden_collect::mib::lldp::LocalPorts;
use netwarden_collect::mib::q_bridge::Ports;
use netwarden_collect::mib::*;
use netwarden_collect::table::Table;
use netwarden_collect::{Vendor, read};
use netwarden_model::element::Method;
use netwarden_model::reading::QuirkTally;
use netwarden_snmp::{Oid, Value, VarBind};
use proptest::prelude::*;
use recorded::RecordedDevice;

/// Every column that any reader asks for.
fn columns() -> Vec<Vec<u32>> {
    [
        interfaces::COLUMNS,
        bridge::BASE_PORT_COLUMNS,
        bridge::FDB_COLUMNS,
        bridge::FDB_ADDRESS_COLUMNS,
        q_bridge::VLAN_COLUMNS,
        q_bridge::FDB_COLUMNS,
        q_bridge::IEEE_VLAN_COLUMNS,
        q_bridge::IEEE_FDB_COLUMNS,
        ip::COLUMNS,
        ip::IPV6_COLUMNS,
        ip::CISCO_COLUMNS,
        lldp::REMOTE_COLUMNS,
        lldp::DETAIL_COLUMNS,
        lldp::V2_REMOTE_COLUMNS,
        lldp::V2_DETAIL_COLUMNS,
        cdp::COLUMNS,
        cdp::FOUNDRY_COLUMNS,
        cisco::COLUMNS,
        cisco_auth::COLUMNS,
        hp_auth::COLUMNS,
        juniper::COLUMNS,
        huawei::FDB_COLUMNS,
        huawei::VLAN_COLUMNS,
        huawei::MEMBER_COLUMNS,
        alcatel::VLAN_COLUMNS_6,
        alcatel::VLAN_COLUMNS_7,
        alcatel::FDB_COLUMNS_6,
        alcatel::FDB_COLUMNS_7,
        rapid_city::COLUMNS,
        tplink::COLUMNS,
        mikrotik::COLUMNS,
        timetra::FDB_COLUMNS,
        access_sessions::HUAWEI_COLUMNS,
        access_sessions::ARUBA_COLUMNS,
        access_sessions::ALCATEL_COLUMNS,
        access_sessions::ALCATEL_6_COLUMNS,
        vendor_lldp::TIMETRA_COLUMNS,
        &[vendor_lldp::TIMETRA_ADDRESSES],
        vendor_lldp::TPLINK_COLUMNS,
        dhcp_snooping::COLUMNS,
        screenos::COLUMNS,
        ciena::COLUMNS,
        mikrotik::SCRIPT_COLUMNS,
        lag::CISCO_COLUMNS,
        lag::STACK_COLUMNS,
    ]
    .concat()
    .into_iter()
    .map(<[u32]>::to_vec)
    .chain(vendor_lldp::nms_columns(3320))
    .collect()
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..10_u32, 2 => 0..300_u32, 1 => any::<u32>()]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        (0..8_i32).prop_map(Value::Integer),
        prop::collection::vec(any::<u8>(), 0..24).prop_map(Value::OctetString),
        "[0-9a-f:,/ -]{0,24}".prop_map(|t| Value::OctetString(t.into_bytes())),
        Just(Value::Null),
        prop::collection::vec(number(), 0..6).prop_map(|v| Oid::new(v).into()),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        any::<u64>().prop_map(Value::Counter64),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Value::Opaque),
        Just(Value::NoSuchInstance),
        Just(Value::EndOfMibView),
    ]
}

fn index() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![
        prop::collection::vec(number(), 0..4),
        prop::collection::vec(number(), 0..24),
        // an FDB id or ifIndex, and an address
        (number(), prop::collection::vec(0..256_u32, 6..8)).prop_map(|(n, rest)| {
            let mut index = vec![n];
            index.extend(rest);
            index
        }),
    ]
}

fn bindings(most: usize) -> impl Strategy<Value = Vec<VarBind>> {
    let cell = (prop::sample::select(columns()), index(), value())
        .prop_map(|(column, index, value)| VarBind::new(Oid::new(column).child(index), value));
    prop::collection::vec(cell, 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every decoder, on the same garbage: none panics, and none brings an address that no endpoint has.
    #[test]
    fn no_decoder_is_broken_by_garbage(given in bindings(120)) {
        let table = Table::new(given.clone());
        let mut tally = QuirkTally::default();
        let found = interfaces::decode(&table, &mut tally);
        let names = Names::of(&found);
        let base_ports = bridge::base_ports(&table, &mut tally);
        for vendor in [Vendor::Other, Vendor::Juniper, Vendor::Foundry] {
            let ports = Ports { base_ports: &base_ports, names: &names, vendor };
            q_bridge::vlans(&table, ports, &mut tally).into_vlans(&[]);
            q_bridge::ieee_vlans(&table, ports, &mut tally);
        }
        bridge::forwarding(&table, &mut tally);
        q_bridge::forwarding(&table, &mut tally);
        q_bridge::ieee_forwarding(&table, &mut tally);
        huawei::forwarding(&table, &mut tally);
        alcatel::forwarding(&table, &mut tally);
        cisco::vlans(&table, &names, &mut tally);
        cisco::contexts(&table);
        juniper::vlans(&table, &base_ports, &names, &mut tally);
        let mut of_huawei = huawei::vlans(&table, &base_ports, &names, &mut tally);
        huawei::members(&table, &mut of_huawei);
        tplink::base_ports(&names);
        alcatel::vlans(&table, &names, &mut tally);
        rapid_city::vlans(&table, &names, &mut tally);
        tplink::vlans(&table, &mut tally);
        cisco_auth::sessions(&table, &names, &mut tally);
        hp_auth::sessions(&table, &names, &mut tally);
        access_sessions::huawei(&table, &names, &mut tally);
        access_sessions::aruba(&table, &names, &mut tally);
        access_sessions::alcatel(&table, &names, &mut tally);
        access_sessions::alcatel_6(&table, &names, &mut tally);
        timetra::forwarding(&table, &mut tally);
        dhcp_snooping::forwarding(&table, &mut tally);
        ciena::vlans(&table, &base_ports, &names, &mut tally);
        vendor_lldp::timetra(&table, &table, &names, &mut tally);
        vendor_lldp::tplink(&table, &names, &mut tally);
        let nms = vendor_lldp::nms_columns(3320);
        vendor_lldp::nms(&table, &nms.iter().map(Vec::as_slice).collect::<Vec<_>>(), &names, &mut tally);
        mikrotik::vlan_script(&table);
        for binding in &given {
            mikrotik::vlans(binding.value.borrowed(), &names);
        }
        cdp::neighbours(&table, &names, &mut tally);
        cdp::foundry_neighbours(&table, &names, &mut tally);
        let by_row = mikrotik::ports(&table);
        let local = LocalPorts::new(&found, &base_ports, &names);
        lldp::neighbours(&table, &table, &local, &by_row, &mut tally);
        lldp::v2_neighbours(&table, &table, &names, &mut tally);
        lag::attached(&table, &names);
        lag::stacked(&table, &found);
        let mut pairings = ip::Pairings::default();
        pairings.add(&table, &names, &mut tally);
        dhcp_snooping::pairings(&table, &mut pairings, &names, &mut tally);
        screenos::pairings(&table, &mut pairings, &names, &mut tally);
        for entry in pairings.into_entries() {
            prop_assert!(entry.mac.is_endpoint());
        }
        system::decode(&given);
    }

    /// A whole reading of a device made of garbage ends, keeps its promises, and can be repeated with
    /// the profile that it left.
    #[test]
    fn a_reading_of_garbage_keeps_its_promises(
        given in bindings(200),
        enterprise in prop::sample::select(vec![9_u32, 11, 45, 1991, 2011, 2636, 6486, 11863, 14988, 47196, 6527, 3320, 3224, 4413, 6141, 1]),
    ) {
        let mut given = given;
        let object_id = Oid::new([1, 3, 6, 1, 4, 1, enterprise, 800]);
        let name: Oid = "1.3.6.1.2.1.1.2.0".parse().unwrap();
        given.push(VarBind::new(name, object_id.into()));
        let device = RecordedDevice::of(given);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let whole = runtime.block_on(read(&device, &Method::ALL, None)).unwrap();
        for entry in &whole.reading.fdb {
            prop_assert!(entry.mac.is_endpoint());
            prop_assert!(entry.if_index.is_none_or(|i| i.0 != 0));
        }
        for vlan in &whole.reading.vlans {
            prop_assert!(vlan.untagged.iter().all(|port| vlan.egress.contains(port)));
        }
        let poll = runtime.block_on(read(&device, &[Method::Forwarding], Some(&whole.profile))).unwrap();
        prop_assert_eq!(&poll.reading.fdb, &whole.reading.fdb);
        let json = serde_json::to_string(&whole.reading).unwrap();
        let back: netwarden_model::Reading = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back, whole.reading);
    }
}
