//! Devices made by hand, one for each way in which real ones differ from the MIBs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)] // tests

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use netwarden_collect::{Outcome, Part, ReadError, discovery, read};
use netwarden_model::element::Method;
use netwarden_model::reading::{FdbStatus, Quirk, Reading};
use netwarden_model::{IfIndex, VlanId};
use netwarden_reach::{Snmp, SnmpError, VlanContext, WalkQuirk, Walked};
use netwarden_snmp::{Oid, Value, VarBind};

const IF_DESCR: &str = "1.3.6.1.2.1.2.2.1.2";
const IF_TYPE: &str = "1.3.6.1.2.1.2.2.1.3";
const IF_NAME: &str = "1.3.6.1.2.1.31.1.1.1.1";
const BASE_PORT_IF_INDEX: &str = "1.3.6.1.2.1.17.1.4.1.2";
const D_FDB_PORT: &str = "1.3.6.1.2.1.17.4.3.1.2";
const Q_FDB_PORT: &str = "1.3.6.1.2.1.17.7.1.2.2.1.2";
const Q_FDB_STATUS: &str = "1.3.6.1.2.1.17.7.1.2.2.1.3";
const Q_FDB_ID: &str = "1.3.6.1.2.1.17.7.1.4.2.1.3";
const Q_EGRESS: &str = "1.3.6.1.2.1.17.7.1.4.2.1.4";
const Q_UNTAGGED: &str = "1.3.6.1.2.1.17.7.1.4.2.1.5";
const Q_NAME: &str = "1.3.6.1.2.1.17.7.1.4.3.1.1";
const Q_PVID: &str = "1.3.6.1.2.1.17.7.1.4.5.1.1";
const VTP_NAME: &str = "1.3.6.1.4.1.9.9.46.1.3.1.1.4";
const AGG_ATTACHED: &str = "1.2.840.10006.300.43.1.2.1.1.13";
const SYSTEM: &str = "1.3.6.1.2.1.1";

/// A device whose tables are set cell by cell.
#[derive(Debug, Clone, Default)]
struct Device {
    cells: BTreeMap<Oid, Value>,
    contexts: BTreeMap<VlanId, BTreeMap<Oid, Value>>,
    /// Columns that are answered with silence.
    silent: Vec<Oid>,
    /// Columns that end early with a quirk.
    unordered: Vec<Oid>,
    /// Columns that are answered with genErr.
    failing: Vec<Oid>,
    /// Contexts that give no answer.
    mute: Vec<VlanId>,
    /// The agent pays no heed to contexts.
    ignores_contexts: bool,
    /// First column of every walk, in order, with `@VLAN` in a context.
    walks: Arc<Mutex<Vec<String>>>,
    context: Option<VlanId>,
}

impl Device {
    fn new(object_id: &str) -> Self {
        let mut device = Self::default();
        device.put(SYSTEM, "1.0", Value::OctetString(b"made by hand".to_vec()));
        device.put(SYSTEM, "2.0", object_id.parse::<Oid>().unwrap().into());
        device.put(SYSTEM, "3.0", Value::TimeTicks(1000));
        device
    }

    fn put(&mut self, column: &str, index: &str, value: Value) {
        self.cells.insert(format!("{column}.{index}").parse().unwrap(), value);
    }

    fn number(&mut self, column: &str, index: &str, n: i32) {
        self.put(column, index, Value::Integer(n));
    }

    fn text(&mut self, column: &str, index: &str, text: &str) {
        self.put(column, index, Value::OctetString(text.as_bytes().to_vec()));
    }

    /// Interfaces `100 + n` behind bridge ports `n`.
    fn with_ports(mut self, ports: std::ops::RangeInclusive<i32>) -> Self {
        for n in ports {
            self.text(IF_NAME, &(100 + n).to_string(), &format!("Gi0/{n}"));
            self.number(IF_TYPE, &(100 + n).to_string(), 6);
            self.number(BASE_PORT_IF_INDEX, &n.to_string(), 100 + n);
        }
        self
    }

    fn walked(&self) -> Vec<String> {
        std::mem::take(&mut self.walks.lock().unwrap())
    }
}

fn timeout() -> SnmpError {
    SnmpError::Timeout { agent: "hand".into(), attempts: 4, timeout_ms: 1000 }
}

impl Snmp for Device {
    async fn get(&self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        if oids.iter().any(|oid| self.silent.iter().any(|s| oid.starts_with(s))) {
            return Err(timeout());
        }
        let value = |oid| self.cells.get(oid).cloned().unwrap_or(Value::NoSuchObject);
        Ok(oids.iter().map(|oid| VarBind::new(oid.clone(), value(oid))).collect())
    }

    async fn walk(&self, columns: &[Oid]) -> Result<Walked, SnmpError> {
        let first = columns.first().map(Oid::to_string).unwrap_or_default();
        let place = self.context.map(|vlan| format!("@{vlan}")).unwrap_or_default();
        self.walks.lock().unwrap().push(format!("{first}{place}"));
        if columns.iter().any(|column| self.silent.iter().any(|s| column.starts_with(s))) {
            return Err(timeout());
        }
        if let Some(oid) = columns.iter().find(|column| self.failing.contains(column)) {
            return Err(SnmpError::Status {
                agent: "hand".into(),
                status: "genErr".into(),
                oid: oid.clone(),
            });
        }
        if self.context.is_some_and(|vlan| self.mute.contains(&vlan)) {
            return Err(timeout());
        }
        let empty = BTreeMap::new();
        let cells = match self.context.filter(|_| !self.ignores_contexts) {
            None => &self.cells,
            Some(vlan) => self.contexts.get(&vlan).unwrap_or(&empty),
        };
        let (mut bindings, mut quirks) = (Vec::new(), Vec::new());
        for column in columns {
            let below = cells.range(column.clone()..).take_while(|(oid, _)| oid.starts_with(column));
            bindings.extend(below.map(|(oid, v)| VarBind::new(oid.clone(), v.clone())));
            if self.unordered.contains(column) {
                quirks.push(WalkQuirk::NotIncreasing { column: column.clone(), at: column.child([1]) });
            }
        }
        Ok(Walked { quirks, ..bindings.into_iter().collect() })
    }

    async fn set(&self, _bindings: &[VarBind]) -> Result<Vec<VarBind>, SnmpError> {
        panic!("a reader never sets anything");
    }

    fn in_vlan_context(&self, context: VlanContext) -> Self {
        Self { context: Some(context.0), ..self.clone() }
    }
}

async fn all(device: &Device) -> Outcome {
    read(device, &Method::ALL, None).await.unwrap()
}

fn vlan(id: i64) -> VlanId {
    VlanId::new(id).unwrap()
}

/// Last octet of the address, ifIndex, VLAN.
fn fdb(reading: &Reading) -> Vec<(u8, Option<u32>, Option<u16>)> {
    let mut rows: Vec<_> = reading
        .fdb
        .iter()
        .map(|f| (f.mac.octets()[5], f.if_index.map(|i| i.0), f.vlan.map(VlanId::get)))
        .collect();
    rows.sort_unstable();
    rows
}

fn quirk(reading: &Reading, quirk: Quirk) -> (u64, u64) {
    reading.quirks.iter().find(|q| q.quirk == quirk).map_or((0, 0), |q| (q.rows, q.dropped))
}

// proves: NAC-01
#[tokio::test]
async fn the_standard_tables_make_one_reading() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=3);
    device.text(Q_NAME, "10", "office");
    for column in [Q_EGRESS, Q_UNTAGGED] {
        device.put(column, "0.10", Value::OctetString(vec![0b1100_0000]));
    }
    device.put(Q_EGRESS, "7.10", Value::OctetString(vec![0b1110_0000]));
    device.number(Q_FDB_ID, "0.10", 3);
    device.number(Q_PVID, "1", 10);
    device.number(Q_FDB_PORT, "3.2.0.0.0.0.1", 1);
    device.number(Q_FDB_STATUS, "3.2.0.0.0.0.1", 3);
    device.number(Q_FDB_PORT, "3.2.0.0.0.0.2", 0);
    device.number(Q_FDB_PORT, "4.2.0.0.0.0.3", 2);
    device.number(Q_FDB_PORT, "3.1.0.94.0.0.1", 2);
    device.number(Q_FDB_PORT, "3.6.2.0.0.0.0.4", 3);
    device.number(Q_FDB_PORT, "3.2.0.0.0.0.5", 9);
    device.number("1.3.6.1.2.1.4.22.1.2", "101.192.0.2", 7);
    let Outcome { reading, incomplete, .. } = all(&device).await;
    assert_eq!(incomplete, []);
    assert_eq!(
        fdb(&reading),
        [(1, Some(101), Some(10)), (3, Some(102), None), (4, Some(103), Some(10)), (5, None, Some(10))]
    );
    assert_eq!(reading.fdb.iter().filter(|f| f.status == FdbStatus::Learned).count(), 1);
    let [ten] = reading.vlans.as_slice() else { panic!("{:?}", reading.vlans) };
    assert_eq!((ten.name.as_deref(), ten.configured), (Some("office"), true));
    assert_eq!(ten.egress, [IfIndex(101), IfIndex(102), IfIndex(103)], "the newest row counts");
    assert_eq!(ten.untagged, [IfIndex(101), IfIndex(102)]);
    assert_eq!(ten.pvid_of, [IfIndex(101)]);
    assert_eq!(reading.interfaces[0].pvid, Some(vlan(10)));
    assert_eq!(reading.interfaces[0].base_port, Some(1));
    assert_eq!(quirk(&reading, Quirk::BridgePortZero), (1, 1));
    assert_eq!(quirk(&reading, Quirk::NotAnEndpoint), (1, 1));
    assert_eq!(quirk(&reading, Quirk::FdbIdUnknown), (1, 0));
    assert_eq!(quirk(&reading, Quirk::BasePortUnmapped), (1, 0));
    assert_eq!(quirk(&reading, Quirk::BasePortNotIfIndex), (3, 0));
    assert_eq!(quirk(&reading, Quirk::MacIndexWithLength), (1, 0));
    assert_eq!(quirk(&reading, Quirk::IndexMalformed), (1, 1));
}

#[tokio::test]
async fn without_a_map_ports_are_interfaces_and_without_vlans_none_is_named() {
    let mut device = Device::new("1.3.6.1.4.1.99999");
    device.text(IF_DESCR, "5", "port five");
    device.number(D_FDB_PORT, "2.0.0.0.0.1", 5);
    device.number(D_FDB_PORT, "2.0.0.0.0.2", 6);
    let reading = all(&device).await.reading;
    assert_eq!(fdb(&reading), [(1, Some(5), None), (2, None, None)]);
    assert_eq!(reading.fdb[0].if_name.as_deref(), Some("port five"));
    assert_eq!(quirk(&reading, Quirk::NoBasePortMap), (2, 0));
    assert_eq!(quirk(&reading, Quirk::InterfaceUnknown), (1, 0));
}

#[tokio::test]
async fn a_database_that_vlans_share_tells_no_vlan() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=1);
    device.number(Q_FDB_ID, "0.10", 1);
    device.number(Q_FDB_ID, "0.20", 1);
    device.number(Q_FDB_PORT, "1.2.0.0.0.0.1", 1);
    let reading = all(&device).await.reading;
    assert_eq!(fdb(&reading), [(1, Some(101), None)]);
    assert_eq!(quirk(&reading, Quirk::FdbIdShared), (1, 0));
}

#[tokio::test]
async fn a_vlan_that_only_learned_addresses_show_is_marked() {
    // Huawei names the VLAN in the index of its own table
    let mut device = Device::new("1.3.6.1.4.1.2011.2.23").with_ports(1..=1);
    device.text(Q_NAME, "10", "office");
    device.number("1.3.6.1.4.1.2011.5.25.42.2.1.3.1.4", "2.0.0.0.0.1.20.1.48", 101);
    let reading = all(&device).await.reading;
    let seen: Vec<_> = reading.vlans.iter().map(|v| (v.id.get(), v.configured)).collect();
    assert_eq!(seen, [(10, true), (20, false)]);
    assert_eq!(fdb(&reading), [(1, Some(101), Some(20))]);
}

#[tokio::test]
async fn a_column_of_zeros_is_no_mapping_and_makes_no_vlans() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=1);
    for id in ["1", "2", "3"] {
        device.number(Q_FDB_ID, id, 0);
    }
    device.text(Q_NAME, "2", "two");
    device.number(Q_FDB_PORT, "2.2.0.0.0.0.1", 1);
    let reading = all(&device).await.reading;
    assert_eq!(fdb(&reading), [(1, Some(101), Some(2))]);
    assert_eq!(reading.vlans.len(), 1);
}

fn cisco() -> Device {
    let mut device = Device::new("1.3.6.1.4.1.9.1.1").with_ports(1..=2);
    for (id, name) in [(1, "default"), (10, "office"), (20, "lab"), (1003, "token-ring-default")] {
        device.text(VTP_NAME, &format!("1.{id}"), name);
    }
    for (id, octet, port) in [(10, 1, 1), (20, 2, 7)] {
        let cell = |t: &str, n| (t.parse::<Oid>().unwrap(), Value::Integer(n));
        device.contexts.insert(
            vlan(id),
            [
                cell(&format!("{D_FDB_PORT}.2.0.0.0.0.{octet}"), port),
                cell(&format!("{BASE_PORT_IF_INDEX}.{port}"), 102),
            ]
            .into(),
        );
    }
    device.text(IF_NAME, "107", "Gi0/7");
    device
}

#[tokio::test]
async fn cisco_shows_each_vlan_in_its_own_context() {
    let device = cisco();
    let whole = all(&device).await;
    let contexts: Vec<_> = device.walked().into_iter().filter(|w| w.contains('@')).collect();
    assert_eq!(contexts.len(), 3, "VLANs 1, 10 and 20, never 1003: {contexts:?}");
    assert_eq!(fdb(&whole.reading), [(1, Some(101), Some(10)), (2, Some(102), Some(20))]);
    assert_eq!(quirk(&whole.reading, Quirk::PerVlanContext), (2, 0));
    // a poll asks the contexts and nothing else of the bridge
    let poll = read(&device, &[Method::Forwarding], Some(&whole.profile)).await.unwrap();
    assert_eq!(poll.reading.fdb, whole.reading.fdb);
    let walks = device.walked();
    assert!(walks.iter().all(|w| w.contains('@') || w.starts_with("1.3.6.1.4.1.9.9.656")), "{walks:?}");
}

#[tokio::test]
async fn a_context_without_an_answer_costs_its_own_rows_and_is_left_out_of_polls() {
    let mut device = cisco();
    device.mute = vec![vlan(1), vlan(20)];
    let whole = all(&device).await;
    assert_eq!(fdb(&whole.reading), [(1, Some(101), Some(10))]);
    assert!(!whole.is_complete(Part::Fdb));
    assert_eq!(quirk(&whole.reading, Quirk::TableIncomplete), (2, 0));
    device.walked();
    let poll = read(&device, &[Method::Forwarding], Some(&whole.profile)).await.unwrap();
    assert_eq!(poll.reading.fdb, whole.reading.fdb);
    let contexts: Vec<_> = device.walked().into_iter().filter(|w| w.contains('@')).collect();
    assert_eq!(contexts, [format!("{D_FDB_PORT}@10")]);
    // where none answers, not all 500 are waited for
    for id in 100..600 {
        device.text(VTP_NAME, &format!("1.{id}"), "v");
        device.mute.push(vlan(id));
    }
    device.mute.push(vlan(10));
    assert!(all(&device).await.reading.fdb.is_empty());
    let contexts = device.walked().into_iter().filter(|w| w.contains('@')).count();
    assert!(contexts < 60, "{contexts}");
}

#[tokio::test]
async fn an_agent_that_ignores_contexts_tells_no_vlan() {
    let mut device = cisco();
    device.ignores_contexts = true;
    for octet in [1, 2] {
        device.number(D_FDB_PORT, &format!("2.0.0.0.0.{octet}"), octet);
    }
    let whole = all(&device).await;
    assert_eq!(fdb(&whole.reading), [(1, Some(101), None), (2, Some(102), None)]);
    let poll = read(&device, &[Method::Forwarding], Some(&whole.profile)).await.unwrap();
    assert_eq!(poll.reading.fdb, whole.reading.fdb);
}

#[tokio::test]
async fn a_column_that_fails_does_not_lose_its_table() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=1);
    device.number(Q_FDB_PORT, "1.2.0.0.0.0.1", 1);
    device.failing = vec![IF_TYPE.parse().unwrap(), Q_FDB_STATUS.parse().unwrap()];
    let outcome = all(&device).await;
    assert_eq!(outcome.reading.interfaces[0].name.as_deref(), Some("Gi0/1"));
    assert_eq!(outcome.reading.interfaces[0].if_type, None);
    assert_eq!(outcome.reading.fdb[0].status, FdbStatus::Unknown);
    assert_eq!(quirk(&outcome.reading, Quirk::TableIncomplete), (2, 0));
    let said = outcome.incomplete[0].to_string();
    assert!(said.starts_with(&format!("interfaces: ifTable: column {IF_TYPE}: hand: genErr")), "{said}");
}

#[tokio::test]
async fn makers_with_tables_of_their_own_are_asked_for_them() {
    let octets = |bytes: &[u8]| Value::OctetString(bytes.to_vec());
    // FASTPATH: DHCP snooping stands in for a forwarding table that is not there, and adds to the cache
    let mut fastpath = Device::new("1.3.6.1.4.1.4413").with_ports(1..=1);
    let binding = "1.3.6.1.4.1.4413.1.1.1.2.8.23.11.1";
    fastpath.number(&format!("{binding}.1"), "2.0.0.0.0.9", 101);
    fastpath.number(&format!("{binding}.2"), "2.0.0.0.0.9", 30);
    fastpath.put(&format!("{binding}.4"), "2.0.0.0.0.9", Value::IpAddress([192, 0, 2, 9].into()));
    let whole = all(&fastpath).await;
    assert_eq!(fdb(&whole.reading), [(9, Some(101), Some(30))]);
    assert_eq!(whole.reading.arp[0].if_name.as_deref(), Some("Gi0/1"));
    fastpath.number(Q_FDB_PORT, "1.2.0.0.0.0.1", 1);
    assert_eq!(fdb(&all(&fastpath).await.reading), [(1, Some(101), None)], "a real table goes before it");

    let mut bdcom = Device::new("1.3.6.1.4.1.3320.1.357.0").with_ports(1..=1);
    bdcom.number("1.3.6.1.4.1.3320.127.1.4.1.1.2", "0.1", 101);
    bdcom.text("1.3.6.1.4.1.3320.127.1.4.1.1.9", "0.1", "core");
    let reading = all(&bdcom).await.reading;
    assert_eq!(reading.neighbours[0].system_name.as_deref(), Some("core"));
    assert_eq!(reading.neighbours[0].if_name.as_deref(), Some("Gi0/1"));

    let mut screenos = Device::new("1.3.6.1.4.1.3224.1.51").with_ports(1..=1);
    screenos.put("1.3.6.1.4.1.3224.17.1.3.1.2", "0", Value::IpAddress([192, 0, 2, 8].into()));
    screenos.put("1.3.6.1.4.1.3224.17.1.3.1.3", "0", octets(&[2, 0, 0, 0, 0, 8]));
    screenos.number("1.3.6.1.4.1.3224.17.1.3.1.5", "0", 16);
    screenos.number("1.3.6.1.4.1.3224.9.1.1.21", "101", 16);
    assert_eq!(all(&screenos).await.reading.arp[0].if_index, Some(IfIndex(101)));

    let mut routeros = Device::new("1.3.6.1.4.1.14988.1").with_ports(1..=2);
    routeros.text("1.3.6.1.4.1.14988.1.1.8.1.1.2", "3", "LNMS_vlans");
    routeros.text("1.3.6.1.4.1.14988.1.1.18.1.1.2", "3", "T,40,Gi0/1\nU,40,Gi0/2\n");
    let reading = all(&routeros).await.reading;
    assert_eq!(reading.vlans[0].id, vlan(40));
    assert_eq!(reading.vlans[0].egress, [IfIndex(101), IfIndex(102)]);
    assert_eq!(reading.vlans[0].untagged, [IfIndex(102)]);
    let walks = routeros.walked();
    assert!(!walks.iter().any(|w| w.contains("14988.1.1.18")), "a walk of it would run every script");
}

#[tokio::test]
async fn contexts_are_left_alone_where_the_bridge_answers_or_the_maker_is_another() {
    let mut device = cisco();
    device.number(Q_FDB_PORT, "10.2.0.0.0.0.9", 1);
    let reading = all(&device).await.reading;
    assert_eq!(fdb(&reading), [(9, Some(101), Some(10))]);
    assert!(!device.walked().iter().any(|w| w.contains('@')));
    let mut other = cisco();
    other.put(SYSTEM, "2.0", "1.3.6.1.4.1.99999".parse::<Oid>().unwrap().into());
    all(&other).await;
    let walks = other.walked();
    let makers: Vec<_> = walks
        .iter()
        .filter(|w| w.contains('@') || w.starts_with("1.3.6.1.4.1") && !w.contains("9.9.23"))
        .collect();
    assert!(makers.is_empty(), "trees of other makers: {makers:?}");
}

#[tokio::test]
async fn a_table_that_fails_does_not_lose_the_others() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=1);
    device.number(D_FDB_PORT, "2.0.0.0.0.1", 1);
    device.silent = vec!["1.3.6.1.2.1.4.22.1.2".parse().unwrap()];
    let outcome = all(&device).await;
    assert_eq!(outcome.reading.interfaces.len(), 1);
    assert_eq!(outcome.reading.fdb.len(), 1);
    assert!(outcome.is_complete(Part::Fdb));
    assert!(!outcome.is_complete(Part::Arp));
    assert!(outcome.incomplete[0].to_string().starts_with("arp: ipNetToPhysicalTable: hand: no answer"));
}

#[tokio::test]
async fn an_agent_that_falls_silent_is_not_asked_on_and_on() {
    let mut device = Device::new("1.3.6.1.4.1.99999");
    let tables =
        ["1.3.6.1.2.1.2", "1.3.6.1.2.1.4", "1.3.6.1.2.1.17.1.4", "1.3.6.1.2.1.17.4", "1.3.6.1.2.1.17.7"];
    let others = ["1.3.6.1.2.1.31", "1.0.8802.1.1.2.1.4", "1.2.840", "1.3.111", "1.3.6.1.4.1"];
    device.silent = tables.iter().chain(&others).map(|oid| oid.parse().unwrap()).collect();
    let outcome = all(&device).await;
    // Two in a row end it; others were under way at the same time.
    let walked = device.walked();
    assert!((2..=5).contains(&walked.len()), "{walked:?}");
    for part in [Part::Interfaces, Part::Vlans, Part::Fdb, Part::Arp, Part::Neighbours] {
        assert!(!outcome.is_complete(part), "{part:?}");
    }
    device.silent = vec![SYSTEM.parse().unwrap()];
    assert!(matches!(read(&device, &Method::ALL, None).await, Err(ReadError::System(_))));
    assert!(matches!(read(&Device::default(), &Method::ALL, None).await, Err(ReadError::NothingVisible)));
}

#[tokio::test]
async fn a_column_out_of_order_is_said() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=1);
    device.number(Q_FDB_PORT, "1.2.0.0.0.0.1", 1);
    device.unordered = vec![Q_FDB_PORT.parse().unwrap()];
    let outcome = all(&device).await;
    assert_eq!(outcome.reading.fdb.len(), 1);
    assert!(!outcome.is_complete(Part::Fdb));
    assert_eq!(quirk(&outcome.reading, Quirk::OidNotIncreasing), (1, 0));
}

#[tokio::test]
async fn a_poll_reads_the_maps_again_only_where_a_row_does_not_fit() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=2);
    device.text(Q_NAME, "10", "office");
    device.number(Q_FDB_PORT, "10.2.0.0.0.0.1", 1);
    device.number(Q_FDB_PORT, "10.2.0.0.0.0.2", 9);
    let whole = all(&device).await;
    device.walked();
    let poll = read(&device, &[Method::Forwarding], Some(&whole.profile)).await.unwrap();
    assert_eq!(device.walked(), [Q_FDB_PORT], "port 9 is a known misfit: one walk is all");
    assert_eq!(poll.reading.fdb, whole.reading.fdb);
    assert_eq!(poll.profile, whole.profile);

    let mut grown = device.clone().with_ports(3..=3);
    grown.number(Q_FDB_PORT, "10.2.0.0.0.0.3", 3);
    let poll = read(&grown, &[Method::Forwarding], Some(&whole.profile)).await.unwrap();
    assert!(grown.walked().len() > 1, "the maps were read again");
    assert_eq!(fdb(&poll.reading)[2], (3, Some(103), Some(10)));
    let again = read(&grown, &[Method::Forwarding], Some(&poll.profile)).await.unwrap();
    assert_eq!(grown.walked(), [Q_FDB_PORT]);
    assert_eq!(again.reading.fdb, poll.reading.fdb);

    grown.put(SYSTEM, "3.0", Value::TimeTicks(5));
    read(&grown, &[Method::Forwarding], Some(&poll.profile)).await.unwrap();
    assert!(grown.walked().len() > 1, "a restart: ifIndexes may have changed");
}

#[tokio::test]
async fn lag_members_know_their_aggregate() {
    let mut device = Device::new("1.3.6.1.4.1.99999").with_ports(1..=2);
    device.text(IF_NAME, "500", "Po1");
    device.number(IF_TYPE, "500", 161);
    let mut by_stack = device.clone();
    device.number(AGG_ATTACHED, "101", 500);
    device.number(AGG_ATTACHED, "102", 102);
    let lags =
        |reading: &Reading| -> Vec<_> { reading.interfaces.iter().map(|i| i.lag.map(|l| l.0)).collect() };
    assert_eq!(lags(&all(&device).await.reading), [Some(500), None, None]);
    by_stack.number("1.3.6.1.2.1.31.1.2.1.3", "500.102", 1);
    by_stack.number("1.3.6.1.2.1.31.1.2.1.3", "0.500", 1);
    by_stack.number("1.3.6.1.2.1.31.1.2.1.3", "101.0", 1);
    assert_eq!(lags(&all(&by_stack).await.reading), [None, Some(500), None]);
}

#[tokio::test]
async fn credentials_are_tried_in_order_until_one_is_answered() {
    let open = |name: &'static str| async move {
        match name {
            "broken" => Err(timeout()),
            "wrong" => {
                let mut device = Device::new("1.3.6.1.4.1.99999");
                device.silent = vec![SYSTEM.parse().unwrap()];
                Ok(device)
            }
            _ => Ok(Device::new("1.3.6.1.4.1.99999")),
        }
    };
    let found = discovery::try_credentials(["broken", "wrong", "right", "never"], open).await.unwrap();
    assert_eq!(found.set, 2);
    assert_eq!(found.system.descr.as_deref(), Some("made by hand"));
    let failures = discovery::try_credentials(["wrong", "broken"], open).await.unwrap_err();
    assert_eq!(failures.len(), 2);
}
