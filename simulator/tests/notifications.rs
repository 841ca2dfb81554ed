//! Traps and informs of the campus' agents, received by the crate's own receiver.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_snmp::{AuthProtocol, AuthoritativeEngine, NotificationReceiver, PrivProtocol, Value, VarBind};
use netwarden_model::{Clock, Mac};
use netwarden_simulator::{Campus, CampusOptions, Credentials, Happening, NotificationTarget, Script};

#[derive(Debug)]
struct WallClock;

impl Clock for WallClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

async fn receiver() -> NotificationReceiver {
    let engine =
        AuthoritativeEngine::install(b"receiver-engine".to_vec(), |_| Ok::<(), Infallible>(())).unwrap();
    NotificationReceiver::builder()
        .bind("127.0.0.1:0")
        .authoritative_engine(engine)
        .usm_user("traps", |u| {
            u.auth_priv(AuthProtocol::Sha256, b"trap-authentication", PrivProtocol::Aes128, b"trap-privacy")
        })
        .unwrap()
        .acceptance_policy(|_: &_| async_snmp::NotificationAcceptance::Accept)
        .build()
        .await
        .unwrap()
}

fn options(receiver: &NotificationReceiver, inform: bool) -> CampusOptions {
    CampusOptions {
        notifications: Some(NotificationTarget {
            address: receiver.local_addr(),
            credentials: Credentials::usual("traps", "trap-authentication", "trap-privacy"),
            inform,
        }),
        ..CampusOptions::new(Arc::new(WallClock))
    }
}

async fn until(receiver: &NotificationReceiver, what: impl Fn(&str, &[VarBind]) -> bool) -> Vec<VarBind> {
    tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let received = receiver.recv().await.unwrap();
            let oid = received.notification.trap_oid().unwrap().to_string();
            let bindings = received.notification.varbinds().to_vec();
            if what(&oid, &bindings) {
                return bindings;
            }
        }
    })
    .await
    .expect("a notification within ten seconds")
}

fn mac_message(bindings: &[VarBind]) -> Vec<u8> {
    match &bindings[0].value {
        Value::OctetString(octets) => octets.to_vec(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rogue_is_told_by_link_and_mac_traps_at_once() {
    for inform in [false, true] {
        let receiver = receiver().await;
        let campus = Campus::start(options(&receiver, inform)).await.unwrap();
        let mac: Mac = "b8:27:eb:0a:0b:0c".parse().unwrap();
        campus.rogue_arrives("acc-a2", "GigabitEthernet0/40", mac).unwrap();
        let link = until(&receiver, |oid, _| oid == "1.3.6.1.6.3.1.1.5.4").await;
        assert_eq!(link[0].oid.to_string(), "1.3.6.1.2.1.2.2.1.1.10140");
        assert_eq!(link[3].value.as_str(), Some("GigabitEthernet0/40"));
        let told = until(&receiver, |oid, _| oid == "1.3.6.1.4.1.9.9.215.2.0.1").await;
        // operation 1, VLAN 10, the address, bridge port 40, end
        assert_eq!(mac_message(&told), [1, 0, 10, 0xb8, 0x27, 0xeb, 0x0a, 0x0b, 0x0c, 0, 40, 0]);
        campus.unplug(mac);
        let gone = until(&receiver, |oid, _| oid == "1.3.6.1.4.1.9.9.215.2.0.1").await;
        assert_eq!(mac_message(&gone)[0], 2);
        campus.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_of_the_demo_brings_a_rogue_and_a_reboot_says_cold_start() {
    let receiver = receiver().await;
    let campus = Campus::start(CampusOptions {
        script: Script::Once { warm_up_s: 60 },
        speed: 60.0,
        ..options(&receiver, false)
    })
    .await
    .unwrap();
    let mut heard = campus.subscribe();
    let said = tokio::time::timeout(Duration::from_secs(10), heard.recv()).await.unwrap().unwrap();
    let Happening::RogueArrives { mac, .. } = said.happening else { panic!("{said:?}") };
    assert_eq!(said.mac, Some(mac));
    assert_eq!(campus.truth(mac)[0].device, "acc-a2");
    assert_eq!(campus.history().len(), 1);
    let octets = mac.octets();
    until(&receiver, |oid, bindings| {
        oid == "1.3.6.1.4.1.9.9.215.2.0.1" && mac_message(bindings).windows(6).any(|w| w == octets)
    })
    .await;
    let device = campus.with_world(|w| w.device_named("acc-b1")).unwrap();
    campus.inject(Happening::Reboots(device));
    until(&receiver, |oid, _| oid == "1.3.6.1.6.3.1.1.5.1").await;
    campus.stop().await;
}
