//! A network in memory that is fed with readings, and checks what comes out.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::element::{Element, Method};
use netwarden_model::event::NacPayload;
use netwarden_model::reading::{
    ArpEntry, FdbEntry, FdbStatus, Interface, Neighbour, NeighbourProtocol, Session, System,
};
use netwarden_model::{EventKind, IfIndex, Mac, NeId, NewEvent, Payload, PortName, PortRef, Reading, VlanId};

use crate::{Changes, ElementBase, Network, PollWish, Read, Settings, SightingRow};

/// The network under test, its clock, and the events since the last look.
pub struct Lab {
    pub net: Network,
    pub now: Timestamp,
    pub events: Vec<NewEvent>,
    pub polls: Vec<PollWish>,
    pub sightings: Vec<SightingRow>,
    /// What each element would tell now.
    pub readings: BTreeMap<NeId, Reading>,
}

pub fn mac(n: u32) -> Mac {
    let [_, a, b, c] = n.to_be_bytes();
    Mac::new([0x00, 0x1b, 0x21, a, b, c])
}

pub fn vlan(id: i64) -> VlanId {
    VlanId::new(id).unwrap()
}

pub fn port(ne: i64, name: &str) -> PortRef {
    PortRef { ne: NeId(ne), port: PortName::from(name) }
}

/// The element's own address.
pub fn own_mac(ne: NeId) -> Mac {
    let [.., a, b] = ne.0.to_be_bytes();
    Mac::new([0x00, 0x00, 0x0c, 0xaa, a, b])
}

pub fn interface(index: u32, name: &str) -> Interface {
    Interface {
        if_index: IfIndex(index),
        name: Some(name.to_owned()),
        descr: Some(format!("port {name}")),
        alias: None,
        mac: None,
        if_type: Some(6),
        type_name: Some("ethernetCsmacd".into()),
        admin_status: Some("up".into()),
        oper_status: Some("up".into()),
        speed: Some(1_000_000_000),
        base_port: None,
        pvid: None,
        lag: None,
        trunk: None,
    }
}

pub fn fdb_row(mac: Mac, index: u32, name: &str, vlan: Option<VlanId>) -> FdbEntry {
    FdbEntry {
        mac,
        if_index: Some(IfIndex(index)),
        if_name: Some(name.into()),
        vlan,
        status: FdbStatus::Learned,
    }
}

pub fn neighbour(index: u32, name: &str, capabilities: &[&str]) -> Neighbour {
    Neighbour {
        if_index: Some(IfIndex(index)),
        if_name: None,
        protocol: NeighbourProtocol::Lldp,
        chassis_id: None,
        chassis_mac: None,
        port_id: None,
        port_descr: None,
        system_name: Some(name.into()),
        system_descr: None,
        platform: None,
        addresses: Vec::new(),
        capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
    }
}

pub fn session(mac: Mac, user: &str) -> Session {
    Session {
        if_index: None,
        if_name: None,
        mac: Some(mac),
        ip: None,
        user: Some(user.to_owned()),
        vlan: None,
        host_mode: None,
        domain: Some("data".to_owned()),
        method: Some("dot1x".to_owned()),
        status: Some("authorizationSuccess".to_owned()),
        age_s: None,
        time_left_s: None,
    }
}

impl Lab {
    pub fn empty(settings: Settings) -> Self {
        Self {
            net: Network::new(settings),
            now: "2026-03-02T08:00:00Z".parse().unwrap(),
            events: Vec::new(),
            polls: Vec::new(),
            sightings: Vec::new(),
            readings: BTreeMap::new(),
        }
    }

    /// Switches 1 to `count` with 24 ports each, called "p1" to "p24", nothing learned; all read once.
    pub fn switches(count: i64) -> Self {
        let mut lab = Self::unread_switches(count);
        lab.poll_all();
        lab.events.clear();
        lab
    }

    fn unread_switches(count: i64) -> Self {
        let mut lab = Self::empty(Settings::default());
        for ne in 1..=count {
            lab.add(ne, (1..=24).map(|p| interface(p, &format!("p{p}"))).collect());
        }
        lab
    }

    pub fn add(&mut self, ne: i64, interfaces: Vec<Interface>) {
        let id = NeId(ne);
        let element = Element {
            id,
            name: format!("sw{ne}"),
            address: format!("10.0.{}.{}:161", ne / 250, ne % 250 + 1).parse().unwrap(),
            credential: None,
            enforcement: false,
            allow_v2c: false,
            quarantine_vlan: None,
            voice_vlan: Some(vlan(200)),
        };
        self.net.put_element(ElementBase::new(element, self.now));
        let system = System {
            name: Some(format!("sw{ne}")),
            up_time_cs: Some(1_000_000),
            bridge_address: Some(own_mac(id)),
            engine_boots: Some(3),
            ..System::default()
        };
        self.readings.insert(id, Reading { system, interfaces, ..Reading::default() });
    }

    pub fn reading(&mut self, ne: i64) -> &mut Reading {
        self.readings.get_mut(&NeId(ne)).unwrap()
    }

    /// `mac` is on this port of `ne` and on none else of it.
    pub fn learn(&mut self, ne: i64, mac: Mac, port: u32) {
        self.learn_in(ne, mac, port, 10);
    }

    pub fn learn_in(&mut self, ne: i64, mac: Mac, port: u32, vlan_id: i64) {
        self.forget(ne, mac);
        let row = fdb_row(mac, port, &format!("p{port}"), Some(vlan(vlan_id)));
        self.reading(ne).fdb.push(row);
    }

    pub fn forget(&mut self, ne: i64, mac: Mac) {
        self.reading(ne).fdb.retain(|row| row.mac != mac);
    }

    pub fn pair(&mut self, ne: i64, ip: &str, mac: Mac) {
        let ip = ip.parse().unwrap();
        let arp = &mut self.reading(ne).arp;
        arp.retain(|entry| entry.ip != ip);
        arp.push(ArpEntry { ip, mac, if_index: None, if_name: None });
    }

    pub fn take(&mut self, changes: Changes) {
        self.events.extend(changes.events.clone());
        self.sightings.extend(changes.sightings.values().cloned());
        self.polls.extend(changes.polls.clone());
        self.net.commit(changes);
    }

    /// A full poll of one element.
    pub fn poll(&mut self, ne: i64) {
        let reading = self.readings[&NeId(ne)].clone();
        let changes = self
            .net
            .plan_reading(NeId(ne), &Read::Methods(Method::ALL.to_vec()), &reading, self.now)
            .unwrap();
        self.take(changes);
    }

    /// A targeted read of one address.
    pub fn reread(&mut self, ne: i64, mac: Mac) {
        let mut reading = Reading { system: self.readings[&NeId(ne)].system.clone(), ..Reading::default() };
        reading.fdb.extend(self.readings[&NeId(ne)].fdb.iter().filter(|row| row.mac == mac).cloned());
        let changes = self.net.plan_reading(NeId(ne), &Read::Macs(vec![mac]), &reading, self.now).unwrap();
        self.take(changes);
    }

    pub fn fail(&mut self, ne: i64) {
        let changes = self.net.plan_failure(NeId(ne), "no answer", self.now).unwrap();
        self.take(changes);
    }

    pub fn poll_all(&mut self) {
        let all: Vec<i64> = self.readings.keys().map(|ne| ne.0).collect();
        for ne in all {
            self.poll(ne);
        }
    }

    pub fn tick(&mut self) {
        let changes = self.net.plan_tick(self.now);
        self.take(changes);
    }

    /// Time passes for the clock and for every sysUpTime.
    pub fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        for reading in self.readings.values_mut() {
            let up_time = reading.system.up_time_cs.as_mut().unwrap();
            *up_time += u64::try_from(seconds).unwrap() * 100;
        }
    }

    /// Switches that nobody manages are not taken at their word.
    pub fn distrust_unmanaged_neighbours(&mut self) {
        let settings = Settings { trust_unmanaged_neighbours: false, ..self.net.settings().clone() };
        self.net.set_settings(settings);
    }

    /// Minute after minute, all are polled and the tick is given.
    pub fn minutes(&mut self, count: u32) {
        for _ in 0..count {
            self.wait(60);
            self.poll_all();
            self.tick();
        }
    }

    /// The kinds of the events since the last look.
    pub fn kinds(&mut self) -> Vec<EventKind> {
        std::mem::take(&mut self.events).into_iter().map(|event| event.kind).collect()
    }

    /// The payloads of one kind since the last look; the others are forgotten.
    pub fn payloads(&mut self, kind: EventKind) -> Vec<NacPayload> {
        std::mem::take(&mut self.events)
            .into_iter()
            .filter(|event| event.kind == kind)
            .map(|event| match event.payload {
                Payload::Nac(payload) => payload,
                Payload::People(payload) => panic!("{payload:?}"),
            })
            .collect()
    }

    pub fn place(&self, mac: Mac) -> Option<PortRef> {
        self.net.location(mac)
    }

    pub fn authorise(&mut self, mac: Mac) {
        let edit = crate::edit::EndpointEdit {
            status: Some(netwarden_model::EndpointStatus::Authorised),
            ..Default::default()
        };
        let changes = self.net.plan_edit(mac, &edit, self.now).unwrap();
        self.take(changes);
    }

    pub fn bind(&mut self, mac: Mac, to: PortRef) {
        let edit = crate::edit::EndpointEdit { bound_to: Some(Some(to)), ..Default::default() };
        let changes = self.net.plan_edit(mac, &edit, self.now).unwrap();
        self.take(changes);
    }

    /// Two switches joined by p24 of each, with endpoint 1 on p1 of switch 1 and 2 on p1 of switch 2,
    /// both authorised; enough else that the trunk is recognised by the tables.
    pub fn pair_of_switches() -> Self {
        let mut lab = Self::unread_switches(2);
        for (ne, other) in [(1, 2), (2, 1)] {
            for p in 1..=3_u32 {
                let here = mac(u32::try_from(ne).unwrap() + (p - 1) * 10);
                lab.learn(ne, here, p);
                lab.learn(other, here, 24);
            }
        }
        lab.minutes(2);
        for n in [1, 11, 21, 2, 12, 22] {
            lab.authorise(mac(n));
        }
        lab.events.clear();
        lab.polls.clear();
        lab
    }
}
