//! A switch in memory that speaks through the `Snmp` trait, with faults, and a directory of facts.
#![allow(dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use netwarden_actions::guard::{ElementFacts, PortFacts, PresentEndpoint, Settings};
use netwarden_actions::plan::q_bridge::{Column, pvid_oid};
use netwarden_actions::plan::{Shown, admin_status, port_list};
use netwarden_actions::{ActionError, Directory, Enforcer, Pace, SessionError, Sessions};
use netwarden_model::access::PortAccess;
use netwarden_model::action::Originator;
use netwarden_model::{
    Action, ActionRequest, Clock, EndpointFacts, EndpointStatus, EventSeq, Mac, NeId, PortName, PortRef,
    RequestId, RequestKey, RuleId, RuleRevision, VlanId,
};
use netwarden_reach::{Snmp, SnmpError, VlanContext, Walked};
use netwarden_snmp::{Oid, Value, VarBind};
use netwarden_spine::Spine;
use netwarden_store::testing::TestStore;
use netwarden_testkit::VirtualClock;
use uuid::Uuid;

pub const IF_NAME: [u32; 11] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
const BASE_PORT: [u32; 11] = [1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2];

/// What goes wrong with the next SETs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    #[default]
    None,
    /// The SET is refused and changes nothing.
    Refuse,
    /// The SET takes effect and the answer is lost.
    LoseAnswer,
    /// SETs of more than one variable are refused.
    OneByOne,
    /// The SET is answered well and changes nothing.
    Ignore,
    /// Nothing is answered at all.
    Silent,
    /// The SET takes effect and its answer never comes: who waits must be dropped.
    Hang,
}

#[derive(Debug, Default)]
struct Inner {
    objects: BTreeMap<Oid, Value>,
    startup: BTreeMap<Oid, Value>,
    fault: Fault,
    /// Requests that changed at least one object.
    changing: Vec<Vec<VarBind>>,
    sets: usize,
}

/// A switch with ports `p1`... (ifIndex 101..., bridge port 1...), VLAN 10 untagged on all, VLAN 20
/// tagged on port 1, VLAN 99 empty.
#[derive(Debug, Clone, Default)]
pub struct FakeSwitch(Arc<Mutex<Inner>>);

impl FakeSwitch {
    pub fn new(ports: u32) -> Self {
        let mut objects = BTreeMap::new();
        let mut all = Vec::new();
        for port in 1..=ports {
            let if_index = 100 + port;
            objects.insert(
                Oid::from(IF_NAME).child([if_index]),
                Value::OctetString(format!("p{port}").into_bytes()),
            );
            objects.insert(admin_status::oid(if_index), Value::Integer(1));
            objects
                .insert(Oid::from(BASE_PORT).child([port]), Value::Integer(i32::try_from(if_index).unwrap()));
            objects.insert(pvid_oid(port), Value::Gauge32(10));
            all = port_list::with(&all, port, true);
        }
        let voice = port_list::with(&[], 1, true);
        for (vlan, egress, untagged) in [(10, all.clone(), all), (20, voice, vec![]), (99, vec![], vec![])] {
            let vlan = VlanId::new(vlan).unwrap();
            objects.insert(Column::Egress.of(vlan), Value::OctetString(egress));
            objects.insert(Column::Untagged.of(vlan), Value::OctetString(untagged));
            objects.insert(Column::RowStatus.of(vlan), Value::Integer(1));
        }
        let inner = Inner { startup: objects.clone(), objects, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    pub fn fault(&self, fault: Fault) {
        self.0.lock().unwrap().fault = fault;
    }

    /// Back to the start-up configuration.
    pub fn reboot(&self) {
        let mut inner = self.0.lock().unwrap();
        inner.objects = inner.startup.clone();
    }

    /// Back to the start-up configuration, with other ifIndexes than before (50 more).
    pub fn renumber(&self) {
        let mut inner = self.0.lock().unwrap();
        let admin = admin_status::oid(0);
        let columns = [Oid::from(IF_NAME), Oid::from(&admin.sub_ids()[..admin.sub_ids().len() - 1])];
        let mut objects = BTreeMap::new();
        for (oid, value) in &inner.startup {
            let (last, head) = oid.sub_ids().split_last().unwrap();
            if columns.contains(&Oid::from(head)) {
                objects.insert(Oid::from(head).child([last + 50]), value.clone());
            } else if oid.starts_with(&Oid::from(BASE_PORT)) {
                let moved = i32::try_from(value.as_i64().unwrap() + 50).unwrap();
                objects.insert(oid.clone(), Value::Integer(moved));
            } else {
                objects.insert(oid.clone(), value.clone());
            }
        }
        inner.objects = objects;
    }

    pub fn pvid(&self, port: u32) -> i64 {
        self.value(&pvid_oid(port)).as_i64().unwrap()
    }

    pub fn admin(&self, if_index: u32) -> i64 {
        self.value(&admin_status::oid(if_index)).as_i64().unwrap()
    }

    pub fn member(&self, vlan: i64, port: u32) -> (bool, bool) {
        let vlan = VlanId::new(vlan).unwrap();
        let of = |column: Column| {
            let list = self.value(&column.of(vlan));
            port_list::contains(list.as_bytes().unwrap(), port)
        };
        (of(Column::Egress), of(Column::Untagged))
    }

    pub fn value(&self, oid: &Oid) -> Value {
        self.0.lock().unwrap().objects.get(oid).cloned().unwrap_or(Value::NoSuchInstance)
    }

    /// By the hand of an administrator of the switch.
    pub fn by_hand(&self, oid: Oid, value: Value) {
        self.0.lock().unwrap().objects.insert(oid, value);
    }

    /// Everything but what is ours to compare before and after.
    pub fn snapshot(&self) -> BTreeMap<String, String> {
        let inner = self.0.lock().unwrap();
        let text = |value: &Value| match value {
            // Lists may have grown by zeros.
            Value::OctetString(list) => {
                let end = list.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
                format!("{:?}", &list[..end])
            }
            value => format!("{value:?}"),
        };
        inner.objects.iter().map(|(oid, value)| (oid.to_string(), text(value))).collect()
    }

    /// How many SET requests changed something.
    pub fn changing(&self) -> usize {
        self.0.lock().unwrap().changing.len()
    }

    /// How many SET requests came.
    pub fn sets(&self) -> usize {
        self.0.lock().unwrap().sets
    }

    fn silent() -> SnmpError {
        SnmpError::Timeout { agent: "fake:161".into(), attempts: 3, timeout_ms: 500 }
    }

    fn refused(oid: &Oid) -> SnmpError {
        SnmpError::Status { agent: "fake:161".into(), status: "genErr".into(), oid: oid.clone() }
    }
}

impl Snmp for FakeSwitch {
    async fn get(&self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        // A network lies between: who waits may be dropped here.
        tokio::task::yield_now().await;
        let inner = self.0.lock().unwrap();
        if inner.fault == Fault::Silent {
            return Err(Self::silent());
        }
        let value = |oid: &Oid| inner.objects.get(oid).cloned().unwrap_or(Value::NoSuchInstance);
        Ok(oids.iter().map(|oid| VarBind::new(oid.clone(), value(oid))).collect())
    }

    async fn walk(&self, columns: &[Oid]) -> Result<Walked, SnmpError> {
        tokio::task::yield_now().await;
        let inner = self.0.lock().unwrap();
        if inner.fault == Fault::Silent {
            return Err(Self::silent());
        }
        let below = |oid: &Oid| columns.iter().any(|column| oid.starts_with(column));
        let bindings = inner.objects.iter().filter(|(oid, _)| below(oid));
        Ok(bindings.map(|(oid, value)| VarBind::new(oid.clone(), value.clone())).collect())
    }

    async fn set(&self, bindings: &[VarBind]) -> Result<Vec<VarBind>, SnmpError> {
        tokio::task::yield_now().await;
        let fault = {
            let mut inner = self.0.lock().unwrap();
            inner.sets += 1;
            let fault = inner.fault;
            match fault {
                Fault::Silent => return Err(Self::silent()),
                Fault::Refuse => return Err(Self::refused(&bindings[0].oid)),
                Fault::OneByOne if bindings.len() > 1 => return Err(Self::refused(&bindings[0].oid)),
                Fault::Ignore => return Ok(bindings.to_vec()),
                _ => {}
            }
            if let Some(unknown) = bindings.iter().find(|set| !inner.objects.contains_key(&set.oid)) {
                return Err(Self::refused(&unknown.oid));
            }
            if bindings.iter().any(|set| inner.objects.get(&set.oid) != Some(&set.value)) {
                inner.changing.push(bindings.to_vec());
            }
            for set in bindings {
                inner.objects.insert(set.oid.clone(), set.value.clone());
            }
            fault
        };
        tokio::task::yield_now().await;
        match fault {
            Fault::LoseAnswer => Err(Self::silent()),
            Fault::Hang => std::future::pending().await,
            _ => Ok(bindings.to_vec()),
        }
    }

    fn in_vlan_context(&self, _: VlanContext) -> Self {
        self.clone()
    }
}

/// Switches by element.
#[derive(Debug, Clone, Default)]
pub struct Network(pub Arc<Mutex<BTreeMap<NeId, FakeSwitch>>>);

impl Sessions for Network {
    type Session = FakeSwitch;

    async fn session(&self, ne: NeId) -> Result<FakeSwitch, SessionError> {
        let switches = self.0.lock().unwrap();
        switches.get(&ne).cloned().ok_or_else(|| SessionError(format!("NE {ne} has no credentials")))
    }
}

/// Facts that a test sets.
#[derive(Debug, Clone, Default)]
pub struct Facts(pub Arc<Mutex<Known>>);

#[derive(Debug, Clone, Default)]
pub struct Known {
    pub settings: Settings,
    pub off: BTreeSet<NeId>,
    pub uplinks: BTreeSet<PortRef>,
    pub unknown: BTreeSet<PortRef>,
    pub voice: Option<VlanId>,
    /// What acts have read back, in this order.
    pub shown: Vec<(PortRef, Shown)>,
}

impl Directory for Facts {
    async fn settings(&self) -> Result<Settings, ActionError> {
        Ok(self.0.lock().unwrap().settings.clone())
    }

    async fn element(&self, ne: NeId) -> Result<Option<ElementFacts>, ActionError> {
        let known = self.0.lock().unwrap();
        Ok(Some(ElementFacts {
            ne,
            name: format!("sw-{ne}"),
            enforcement: !known.off.contains(&ne),
            maintenance: vec![],
            vlans: None,
            voice_vlan: known.voice,
        }))
    }

    async fn port(&self, port: &PortRef) -> Result<Option<PortFacts>, ActionError> {
        let known = self.0.lock().unwrap();
        let endpoint = PresentEndpoint { mac: rogue(), status: EndpointStatus::New, voice: false };
        let facts = PortFacts {
            uplink: known.uplinks.contains(port),
            endpoints: vec![endpoint],
            ..PortFacts::default()
        };
        Ok((!known.unknown.contains(port)).then_some(facts))
    }

    async fn endpoint(&self, _: Mac) -> Result<Option<EndpointFacts>, ActionError> {
        Ok(None)
    }

    async fn shown(&self, port: &PortRef, shown: Shown) {
        self.0.lock().unwrap().shown.push((port.clone(), shown));
    }
}

pub fn rogue() -> Mac {
    "00:1b:21:3a:4f:5e".parse().unwrap()
}

/// A store with all tables, a network of one switch (NE 1, 8 ports), a reconciler.
pub struct Bench {
    pub test: TestStore,
    pub clock: Arc<VirtualClock>,
    pub network: Network,
    pub switch: FakeSwitch,
    pub facts: Facts,
    pub enforcer: Arc<Enforcer<Network, Facts>>,
    next: std::sync::atomic::AtomicU64,
}

impl Bench {
    pub async fn new() -> Self {
        Self::on(TestStore::sqlite(&Self::migrations()).await.unwrap()).await
    }

    /// On PostgreSQL, where there is one.
    pub async fn postgres() -> Option<Self> {
        let test = TestStore::postgres(&Self::migrations()).await.unwrap()?;
        Some(Self::on(test).await)
    }

    fn migrations() -> [&'static [netwarden_store::Migration]; 3] {
        [netwarden_spine::MIGRATIONS, netwarden_audit::MIGRATIONS, netwarden_actions::MIGRATIONS]
    }

    async fn on(test: TestStore) -> Self {
        let clock = Arc::new(VirtualClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
        let switch = FakeSwitch::new(8);
        let network = Network::default();
        network.0.lock().unwrap().insert(NeId(1), switch.clone());
        let facts = Facts::default();
        let enforcer = Self::reconciler(&test, &network, &facts, &clock).await;
        Self { test, clock, network, switch, facts, enforcer, next: 1.into() }
    }

    async fn reconciler(
        test: &TestStore,
        network: &Network,
        facts: &Facts,
        clock: &Arc<VirtualClock>,
    ) -> Arc<Enforcer<Network, Facts>> {
        let pace = Pace {
            period: std::time::Duration::from_millis(20),
            bounce: std::time::Duration::from_millis(1),
        };
        let spine = Spine::open(test.store.clone()).await.unwrap();
        let clock: Arc<dyn Clock> = clock.clone();
        Arc::new(Enforcer::new(test.store.clone(), spine, network.clone(), facts.clone(), clock, pace))
    }

    /// A new process on the same store.
    pub async fn restart(&mut self) {
        self.enforcer = Self::reconciler(&self.test, &self.network, &self.facts, &self.clock).await;
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn later(&self, seconds: i64) {
        self.clock.advance(jiff::SignedDuration::from_secs(seconds));
    }

    pub fn id(&self) -> RequestId {
        let n = self.next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        RequestId(Uuid::from_u64_pair(0x0195_0000_0000_7000, n))
    }

    pub fn request(&self, action: Action) -> ActionRequest {
        let id = self.id();
        let originator = Originator::Rule {
            rule: RuleId(1),
            revision: RuleRevision(1),
            name: "rogue".into(),
            event: EventSeq(7),
        };
        ActionRequest { id, key: RequestKey(format!("k{id}")), at: self.now(), originator, depth: 0, action }
    }

    /// Hands a request in.
    pub async fn ask(&self, action: Action) -> RequestId {
        let request = self.request(action);
        let id = request.id;
        self.test
            .store
            .write(move |tx| {
                Box::pin(async move { netwarden_actions::request(tx, &request).await.map(drop) })
            })
            .await
            .unwrap_or_else(|error: ActionError| panic!("{error}"));
        id
    }

    pub async fn state_of(&self, id: RequestId) -> (netwarden_actions::RequestState, String) {
        let row = netwarden_actions::request_by_id(self.test.store.read(), id).await.unwrap();
        (row.state, row.note)
    }

    pub async fn desired(&self, port_name: &str) -> netwarden_actions::DesiredPort {
        netwarden_actions::desired_port(self.test.store.read(), &port(port_name)).await.unwrap().unwrap()
    }

    /// Kinds of all events in the log.
    pub async fn events(&self) -> Vec<i64> {
        let rows = netwarden_store::query_all(
            self.test.store.read(),
            "SELECT CAST(kind AS BIGINT) AS kind FROM spine_events ORDER BY seq",
            [],
        )
        .await
        .unwrap();
        rows.iter().map(|row| row.try_get("", "kind").unwrap()).collect()
    }

    /// Attempts that nobody has closed.
    pub async fn open_attempts(&self) -> i64 {
        self.count("SELECT count(*) AS n FROM port_attempts WHERE outcome IS NULL").await
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let row = netwarden_store::query_one(self.test.store.read(), sql, []).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }
}

/// A process that is killed at its `polls`-th step: the future is dropped where it stands. True where
/// it had ended before.
pub async fn killed_after<F: Future>(polls: u32, work: F) -> bool {
    let mut work = Box::pin(work);
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return std::task::Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(cx).map(|_| true)
    })
    .await
}

pub fn port(name: &str) -> PortRef {
    PortRef { ne: NeId(1), port: PortName(name.to_owned()) }
}

pub fn quarantine(name: &str) -> Action {
    let access = PortAccess::Vlan { vlan: VlanId::new(99).unwrap(), bounce: false };
    Action::SetPortAccess { port: port(name), access, endpoint: Some(rogue()) }
}

pub fn bounced(name: &str) -> Action {
    let access = PortAccess::Vlan { vlan: VlanId::new(99).unwrap(), bounce: true };
    Action::SetPortAccess { port: port(name), access, endpoint: Some(rogue()) }
}

pub fn shut(name: &str) -> Action {
    Action::SetPortAccess { port: port(name), access: PortAccess::Shut, endpoint: Some(rogue()) }
}

pub fn release(name: &str) -> Action {
    Action::ReleasePort { port: port(name) }
}
