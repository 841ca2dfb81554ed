//! An agent whose tables come from the input, read like any other and handed to the inventory; and
//! notifications.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use netwarden_collect::convention::is_host_address;
use netwarden_collect::mib::{
    access_sessions, alcatel, bridge, cdp, cisco, cisco_auth, hp_auth, huawei, interfaces, ip, juniper, lag,
    lldp, mikrotik, q_bridge, rapid_city, timetra, tplink,
};
use netwarden_collect::notification::{Notice, NoticedPort, decode};
use netwarden_collect::{DeviceProfile, read};
use netwarden_inventory::traps::MacNotice;
use netwarden_inventory::{ElementBase, Network, Read, Settings};
use netwarden_model::element::{Element, Method};
use netwarden_model::{IfIndex, NeId, Reading};
use netwarden_reach::{Snmp, SnmpError, VlanContext, WalkQuirk, Walked};
use netwarden_snmp::{Oid, Value, VarBind};

use crate::script::Script;

/// Every column that a reader asks for.
const COLUMNS: &[&[&[u32]]] = &[
    interfaces::COLUMNS,
    bridge::BASE_PORT_COLUMNS,
    bridge::FDB_COLUMNS,
    q_bridge::FDB_COLUMNS,
    q_bridge::VLAN_COLUMNS,
    ip::COLUMNS,
    lldp::REMOTE_COLUMNS,
    lldp::DETAIL_COLUMNS,
    cdp::COLUMNS,
    lag::COLUMNS,
    bridge::FDB_ADDRESS_COLUMNS,
    q_bridge::IEEE_VLAN_COLUMNS,
    q_bridge::IEEE_FDB_COLUMNS,
    lag::CISCO_COLUMNS,
    lag::STACK_COLUMNS,
    access_sessions::HUAWEI_COLUMNS,
    access_sessions::ARUBA_COLUMNS,
    access_sessions::ALCATEL_COLUMNS,
    cisco::COLUMNS,
    hp_auth::COLUMNS,
    mikrotik::COLUMNS,
    lldp::V2_REMOTE_COLUMNS,
    lldp::V2_DETAIL_COLUMNS,
    alcatel::VLAN_COLUMNS_6,
    alcatel::VLAN_COLUMNS_7,
    alcatel::FDB_COLUMNS_6,
    alcatel::FDB_COLUMNS_7,
    rapid_city::COLUMNS,
    timetra::FDB_COLUMNS,
    ip::IPV6_COLUMNS,
    ip::CISCO_COLUMNS,
    cisco_auth::COLUMNS,
    tplink::COLUMNS,
    huawei::MEMBER_COLUMNS,
    huawei::FDB_COLUMNS,
    huawei::VLAN_COLUMNS,
    cdp::FOUNDRY_COLUMNS,
    juniper::COLUMNS,
    interfaces::NAME_COLUMNS,
];

/// Makers whose tables differ, as what follows 1.3.6.1.4.1 in sysObjectID.
const MAKERS: &[&[u32]] = &[
    &[8072, 3],
    &[9, 1, 1],
    &[9, 6, 1, 83],
    &[2636, 1],
    &[2011, 2],
    &[25506, 1],
    &[11, 2, 3, 7, 11, 1],
    &[47196, 4],
    &[6486, 801, 1],
    &[6486, 800],
    &[45, 3],
    &[2272, 30],
    &[1991, 1],
    &[11863, 5],
    &[14988, 1],
    &[6527, 1],
];

/// Rows by context; None is the default one.
type Rows = BTreeMap<Option<u16>, Vec<VarBind>>;

/// An agent that answers from the input.
struct Agent {
    rows: Arc<Rows>,
    context: Option<u16>,
    /// Every so many walks goes wrong; 0 for none.
    fails_every: u32,
    walks: Arc<AtomicU32>,
}

impl Agent {
    fn rows(&self) -> &[VarBind] {
        self.rows.get(&self.context).map_or(&[], Vec::as_slice)
    }

    #[allow(clippy::result_large_err, reason = "the trait's own error")]
    fn walked(&self, columns: &[Oid]) -> Result<Walked, SnmpError> {
        let walk = self.walks.fetch_add(1, Ordering::Relaxed) + 1;
        let mut quirks = Vec::new();
        if self.fails_every > 0 && walk.is_multiple_of(self.fails_every) {
            let agent = "192.0.2.1:161".to_owned();
            match walk % 4 {
                0 => return Err(SnmpError::Timeout { agent, attempts: 3, timeout_ms: 500 }),
                1 => return Err(SnmpError::Garbage { agent, reason: "offset 3: no tag".to_owned() }),
                2 => quirks.push(WalkQuirk::TooBig { max_repetitions: 1 }),
                _ => {
                    quirks.extend(columns.first().map(|column| WalkQuirk::NotIncreasing {
                        column: column.clone(),
                        at: column.clone(),
                    }))
                }
            }
        }
        let wanted = |row: &&VarBind| columns.iter().any(|column| row.oid.starts_with(column));
        Ok(Walked { quirks, ..self.rows().iter().filter(wanted).cloned().collect() })
    }
}

impl Snmp for Agent {
    fn get(&self, oids: &[Oid]) -> impl Future<Output = Result<Vec<VarBind>, SnmpError>> + Send {
        let value = |oid: &Oid| {
            let row = self.rows().iter().find(|row| row.oid == *oid);
            row.map_or(Value::NoSuchInstance, |row| row.value.clone())
        };
        let found = oids.iter().map(|oid| VarBind::new(oid.clone(), value(oid))).collect();
        std::future::ready(Ok(found))
    }

    fn walk(&self, columns: &[Oid]) -> impl Future<Output = Result<Walked, SnmpError>> + Send {
        std::future::ready(self.walked(columns))
    }

    fn set(&self, bindings: &[VarBind]) -> impl Future<Output = Result<Vec<VarBind>, SnmpError>> + Send {
        std::future::ready(Ok(bindings.to_vec()))
    }

    fn in_vlan_context(&self, context: VlanContext) -> Self {
        Self {
            rows: Arc::clone(&self.rows),
            context: Some(context.0.get()),
            fails_every: self.fails_every,
            walks: Arc::clone(&self.walks),
        }
    }
}

/// Drives a reading, which waits for nobody here.
fn driven<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("a reading has no end");
}

/// An index as the MIBs build them, or any.
fn index(script: &mut Script<'_>) -> Vec<u32> {
    let arcs = |octets: &[u8]| octets.iter().map(|octet| u32::from(*octet)).collect::<Vec<u32>>();
    match script.byte() % 12 {
        0 => arcs(script.take(1)),
        1 => arcs(script.take(2)),
        2 => arcs(script.take(6)),
        3 => arcs(script.take(7)),
        4 => [vec![6], arcs(script.take(6))].concat(),
        5 => [arcs(script.take(1)), vec![1, 4], arcs(script.take(4))].concat(),
        6 => [arcs(script.take(1)), vec![2, 16], arcs(script.take(16))].concat(),
        7 => [vec![0], arcs(script.take(2))].concat(),
        8 => [vec![0], arcs(script.take(2)), vec![1, 4], arcs(script.take(4))].concat(),
        9 => arcs(script.octets()),
        10 => (0..script.byte() % 24).map(|_| script.number()).collect(),
        _ => vec![script.number(), script.number()],
    }
}

fn value(script: &mut Script<'_>) -> Value {
    match script.byte() % 16 {
        0..=2 => Value::Integer(i32::from(script.byte())),
        3 => Value::Integer(script.number().cast_signed()),
        4 | 5 => Value::OctetString(script.octets().to_vec()),
        6 => Value::OctetString(script.take(6).to_vec()),
        7 => Value::OctetString(script.take(4).to_vec()),
        8 => Value::Gauge32(script.number()),
        9 => Value::Counter32(script.number()),
        10 => Value::Counter64(script.long()),
        11 => Value::TimeTicks(script.number()),
        12 => Value::IpAddress(Ipv4Addr::from(script.number())),
        13 => Oid::new(index(script)).into(),
        14 => Value::Opaque(script.octets().to_vec()),
        _ => [Value::NoSuchInstance, Value::NoSuchObject, Value::EndOfMibView, Value::Null]
            [usize::from(script.byte() % 4)]
        .clone(),
    }
}

/// An agent with any tables: what is read of it is in order and makes sense in itself, reading it once
/// more with what was learned gives the same forwarding table, and the inventory takes it.
pub fn mib_reading(octets: &[u8]) {
    let mut script = Script(octets);
    let maker = *script.choose(MAKERS);
    let fails_every = u32::from(script.byte() % 16);
    let mut rows = Rows::new();
    rows.entry(None).or_default().extend([
        VarBind::new(
            Oid::new([1, 3, 6, 1, 2, 1, 1, 2, 0]),
            Oid::new([&[1, 3, 6, 1, 4, 1], maker].concat()).into(),
        ),
        VarBind::new(Oid::new([1, 3, 6, 1, 2, 1, 1, 3, 0]), Value::TimeTicks(1000)),
    ]);
    let mut size = 0;
    while !script.is_done() && size < 4_000 {
        let context = match script.byte() % 8 {
            0 => Some(u16::from(script.byte())),
            1 => Some(1),
            _ => None,
        };
        let table = *script.choose(COLUMNS);
        let column = *script.choose(table);
        let oid = Oid::new([column, &index(&mut script)].concat());
        rows.entry(context).or_default().push(VarBind::new(oid, value(&mut script)));
        size += 1;
    }
    let agent =
        Agent { rows: Arc::new(rows), context: None, fails_every, walks: Arc::new(AtomicU32::new(0)) };
    let Ok(first) = driven(read(&agent, &Method::ALL, None)) else { panic!("the system group is there") };
    sensible(&first.reading, octets.len(), size);
    let profile = serde_json::to_string(&first.profile).unwrap();
    let kept: DeviceProfile = serde_json::from_str(&profile).expect("a profile is read as it was written");
    assert_eq!(kept, first.profile);
    let again = driven(read(&agent, &[Method::Forwarding, Method::Addresses], Some(&kept))).unwrap();
    sensible(&again.reading, octets.len(), size);
    if fails_every == 0 {
        assert!(first.incomplete.is_empty(), "{:?}", first.incomplete);
        let fresh = driven(read(&agent, &Method::ALL, None)).unwrap();
        assert_eq!(fresh.reading, first.reading, "the same agent, read twice");
    }
    taken(&first.reading);
}

fn sensible(reading: &Reading, octets: usize, rows: usize) {
    let json = serde_json::to_string(reading).unwrap();
    assert_eq!(serde_json::from_str::<Reading>(&json).unwrap(), *reading);
    // A bit of a port list makes a number of ten digits at most; contexts show a row once each.
    assert!(json.len() < 4096 + 1024 * (octets + rows), "{} octets made {}", octets, json.len());
    assert!(reading.interfaces.is_sorted_by(|a, b| a.if_index < b.if_index));
    assert!(reading.vlans.is_sorted_by(|a, b| a.id < b.id));
    for vlan in &reading.vlans {
        for list in [&vlan.egress, &vlan.untagged, &vlan.pvid_of] {
            assert!(list.is_sorted_by(|a, b| a < b), "{vlan:?}");
        }
    }
    for row in &reading.fdb {
        assert!(row.mac.is_endpoint(), "{row:?}");
        assert!(row.if_index != Some(IfIndex(0)), "{row:?}");
    }
    assert!(reading.fdb.is_sorted_by(|a, b| (a.vlan, a.mac) <= (b.vlan, b.mac)));
    for pairing in &reading.arp {
        assert!(is_host_address(pairing.ip) && pairing.mac.is_endpoint(), "{pairing:?}");
    }
    plain(&serde_json::to_value(reading).unwrap());
    for quirk in &reading.quirks {
        assert!(quirk.dropped <= quirk.rows, "{quirk:?}");
    }
}

/// No text holds a control character other than line feeds, which descriptions have.
fn plain(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        }
        serde_json::Value::Array(items) => items.iter().for_each(plain),
        serde_json::Value::Object(fields) => fields.values().for_each(plain),
        _ => {}
    }
}

fn element(ne: NeId, now: Timestamp) -> ElementBase {
    let element = Element {
        id: ne,
        name: "sw1".into(),
        address: SocketAddr::from(([192, 0, 2, 1], 161)),
        credential: None,
        enforcement: false,
        allow_v2c: false,
        quarantine_vlan: None,
        voice_vlan: None,
    };
    ElementBase::new(element, now)
}

/// The inventory takes any reading, and the same one again tells nothing new.
fn taken(reading: &Reading) {
    let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
    let mut network = Network::new(Settings::default());
    network.put_element(element(NeId(1), now));
    let all = Read::Methods(Method::ALL.to_vec());
    for second in [0, 1] {
        let at = now.checked_add(SignedDuration::from_secs(second)).unwrap();
        let changes = network.plan_reading(NeId(1), &all, reading, at).unwrap();
        if second > 0 {
            assert!(changes.events.is_empty(), "the same reading again tells {:?}", changes.events);
        }
        network.commit(changes);
    }
    let counters = network.counters();
    assert!(counters.rows <= reading.fdb.len());
    for endpoint in network.endpoints() {
        assert!(endpoint.mac.is_endpoint());
    }
}

const TRAPS: &[&[u32]] = &[
    &[1, 3, 6, 1, 6, 3, 1, 1, 5, 1],
    &[1, 3, 6, 1, 6, 3, 1, 1, 5, 3],
    &[1, 3, 6, 1, 6, 3, 1, 1, 5, 4],
    &[1, 3, 6, 1, 4, 1, 9, 9, 215, 2, 0, 1],
    &[1, 3, 6, 1, 4, 1, 9, 9, 315, 0, 0, 1],
    &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 66, 0, 1],
];
const TRAP_COLUMNS: &[&[u32]] = &[
    &[1, 3, 6, 1, 2, 1, 2, 2, 1, 1],
    &[1, 3, 6, 1, 2, 1, 2, 2, 1, 7],
    &[1, 3, 6, 1, 4, 1, 9, 9, 215, 1, 1, 8, 1, 2],
    &[1, 3, 6, 1, 4, 1, 9, 9, 315, 1, 2, 1, 1, 10],
    &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 66, 1, 3, 1],
    &[],
];

/// Any bindings under the notifications that are understood: no more is told than was sent, and each hint
/// asks for a few polls.
pub fn notification(octets: &[u8]) {
    let mut script = Script(octets);
    let trap = match script.byte() % 8 {
        7 => Oid::new(index(&mut script)),
        known => Oid::from(TRAPS[usize::from(known) % TRAPS.len()]),
    };
    let mut bindings = Vec::new();
    while !script.is_done() && bindings.len() < 200 {
        let column = *script.choose(TRAP_COLUMNS);
        let oid = Oid::new([column, &index(&mut script)].concat());
        bindings.push(VarBind::new(oid, value(&mut script)));
    }
    let notices = decode(&trap, &bindings);
    assert!(notices.len() <= 1 + octets.len(), "{} octets told {} things", octets.len(), notices.len());
    let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
    let mut network = Network::new(Settings::default());
    network.put_element(element(NeId(1), now));
    for notice in notices {
        let polls = match notice {
            Notice::Started => continue,
            Notice::Link { if_index, up } => {
                assert!(if_index != Some(IfIndex(0)));
                network.on_link_change(NeId(1), if_index, up, now)
            }
            Notice::Mac { mac, vlan, port, learned } => {
                let if_index = match port {
                    NoticedPort::Base(port) => Some(IfIndex(port)),
                    NoticedPort::Interface(if_index) => Some(if_index),
                    NoticedPort::Unknown => None,
                };
                let notice = MacNotice { mac, vlan, if_index, learned };
                network.on_mac_notification(NeId(1), &[notice], now)
            }
            Notice::PortSecurity { mac, if_index } => {
                let notice = MacNotice { mac, vlan: None, if_index, learned: true };
                network.on_port_security(NeId(1), notice, now)
            }
        };
        assert!(polls.len() <= 8, "{polls:?}");
    }
}
