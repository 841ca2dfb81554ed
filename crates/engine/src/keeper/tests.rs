//! Readings become the picture before they are on disk; what could not be written does not stay in it.

use jiff::SignedDuration;
use netwarden_inventory::{ElementBase, Settings, sql};
use netwarden_model::element::{Element, Method};
use netwarden_model::reading::{FdbEntry, FdbStatus, Interface, System};
use netwarden_model::{IfIndex, Mac};
use netwarden_store::execute;
use netwarden_store::testing::TestStore;
use netwarden_testkit::VirtualClock;

use super::*;

const SCHEMA: &[&[netwarden_store::Migration]] = &[
    netwarden_spine::MIGRATIONS,
    sql::MIGRATIONS,
    netwarden_names::MIGRATIONS,
    netwarden_actions::MIGRATIONS,
    netwarden_audit::MIGRATIONS,
];

const PORTS: u32 = 24;

struct Bench {
    test: TestStore,
    clock: Arc<VirtualClock>,
    keeper: KeeperHandle,
    ne: NeId,
    spine: Spine,
}

async fn bench() -> Bench {
    let test = TestStore::sqlite(SCHEMA).await.unwrap();
    let store = test.store.clone();
    let clock = Arc::new(VirtualClock::at("2026-03-02T08:00:00Z".parse().unwrap()));
    let element = Element {
        id: NeId(0),
        name: "sw1".to_owned(),
        address: "192.0.2.1:161".parse().unwrap(),
        credential: None,
        enforcement: false,
        allow_v2c: false,
        quarantine_vlan: None,
        voice_vlan: None,
    };
    let base = ElementBase::new(element, clock.now());
    let ne: Result<NeId, StoreError> =
        store.write(move |tx| Box::pin(async move { sql::insert_element(tx, &base).await })).await;
    let spine = Spine::open(store.clone()).await.unwrap();
    let network = sql::load(store.read(), Settings::default(), clock.now()).await.unwrap();
    let (orders, _) = mpsc::unbounded_channel();
    let (keeper, handle) = Keeper::new(
        store,
        spine.clone(),
        Arc::clone(&clock) as Arc<dyn Clock>,
        Picture::new(network),
        orders,
        Wake::default(),
    );
    tokio::spawn(keeper.run());
    Bench { test, clock, keeper: handle, ne: ne.unwrap(), spine }
}

fn mac(n: u32) -> Mac {
    let [a, b, c, d] = n.to_be_bytes();
    Mac::new([0x02, 0x10, a, b, c, d])
}

fn reading(endpoints: u32) -> Reading {
    let interface = |index: u32| Interface {
        if_index: IfIndex(index),
        name: Some(format!("p{index}")),
        descr: None,
        alias: None,
        mac: None,
        if_type: Some(6),
        type_name: None,
        admin_status: Some("up".to_owned()),
        oper_status: Some("up".to_owned()),
        speed: None,
        base_port: Some(index),
        pvid: None,
        lag: None,
        trunk: None,
    };
    let seen = |n: u32| FdbEntry {
        mac: mac(n),
        if_index: Some(IfIndex(1 + n % PORTS)),
        if_name: Some(format!("p{}", 1 + n % PORTS)),
        vlan: None,
        status: FdbStatus::Learned,
    };
    Reading {
        system: System { up_time_cs: Some(1_000_000), ..System::default() },
        interfaces: (1..=PORTS).map(interface).collect(),
        fdb: (0..endpoints).map(seen).collect(),
        ..Reading::default()
    }
}

impl Bench {
    /// `endpoints` are seen in a reading a minute later.
    async fn read(&self, endpoints: u32) {
        self.clock.advance(SignedDuration::from_mins(1));
        let read = Read::Methods(Method::ALL.to_vec());
        self.keeper.read(self.ne, read, reading(endpoints), self.clock.now()).await;
    }

    /// Waits for what was given before.
    async fn settled(&self) {
        self.keeper.adjust(|_| {}).await.unwrap();
    }

    async fn execute(&self, text: &'static str) {
        let done: Result<(), StoreError> = self
            .test
            .store
            .write(move |tx| Box::pin(async move { execute(tx, text, []).await.map(drop) }))
            .await;
        done.unwrap();
    }

    /// Endpoints in the picture, and in the store.
    async fn endpoints(&self) -> (usize, usize) {
        let store = self.test.store.read();
        let stored = sql::load(store, Settings::default(), self.clock.now()).await.unwrap();
        (self.keeper.picture().read().counters().endpoints, stored.counters().endpoints)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_that_follow_one_another_are_all_kept() {
    let bench = bench().await;
    for endpoints in 1..=200 {
        bench.read(endpoints).await;
    }
    bench.settled().await;
    assert_eq!(bench.endpoints().await, (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_leaves_the_picture_and_is_found_again() {
    let bench = bench().await;
    bench.read(10).await;
    bench.settled().await;
    let events = bench.spine.latest().await.unwrap();
    bench
        .execute(
            "CREATE TRIGGER no_more BEFORE INSERT ON endpoints WHEN NEW.mac IS NOT NULL \
             BEGIN SELECT RAISE(ABORT, 'a disk that fails'); END",
        )
        .await;
    for endpoints in 11..=40 {
        bench.read(endpoints).await;
    }
    bench.settled().await;
    assert_eq!(bench.endpoints().await, (10, 10), "the picture is ahead of what is on disk");
    assert_eq!(bench.spine.latest().await.unwrap(), events, "events without their rows");
    bench.execute("DROP TRIGGER no_more").await;
    bench.read(40).await;
    bench.settled().await;
    assert_eq!(bench.endpoints().await, (40, 40));
    assert!(bench.spine.latest().await.unwrap() > events, "the difference was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_closes_over_a_reading_does_not_hold_the_keeper() {
    let bench = bench().await;
    let store = &bench.test.store;
    // The first periodic review is over.
    bench.read(1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    bench.settled().await;
    // The writer is busy while its end and, behind that, a reading take their places in its queue.
    let busy = store.write::<_, StoreError, _>(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(())
        })
    });
    let reading = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.read(10).await;
        tokio::time::timeout(Duration::from_secs(5), bench.keeper.adjust(|_| {})).await
    };
    let (busy, closed, settled) = tokio::join!(busy, store.close(), reading);
    busy.unwrap();
    closed.unwrap();
    settled.expect("the keeper waits for a store that was closed").unwrap();
    let left = bench.keeper.picture().read().counters().endpoints;
    assert_eq!(left, 10, "nothing is loaded from a store that was closed");
}
