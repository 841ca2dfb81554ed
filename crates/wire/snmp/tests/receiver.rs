//! The notification receiver: replay, time windows, discovery by informers; time is virtual.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests, which the exemption for tests does not reach"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use netwarden_snmp::message::{Message, ScopedData, ScopedPdu, V3Header, encode_v3};
use netwarden_snmp::pdu::{AnyPdu, Pdu, PduKind, encode_bindings, encode_pdu};
use netwarden_snmp::receiver::{NotificationReceiver, Principal, ReceiverConfig};
use netwarden_snmp::usm::{AuthProtocol, KeyCache, PrivProtocol, SecurityLevel, UsmUser};
use netwarden_snmp::{Oid, Value, VarBind, ber::Reader};

const OWN: &[u8] = b"\x80\0\0\0\x04receiver";
const THEIRS: &[u8] = b"\x80\0\0\0\x04sender";
const OWN_BOOTS: u32 = 12;

fn from() -> SocketAddr {
    ([192, 0, 2, 7], 50_000).into()
}

fn user() -> UsmUser {
    let keys = KeyCache::default();
    let key = keys.master_key(AuthProtocol::Sha256, b"authpassword").unwrap();
    UsmUser::with_keys(b"trap", key.clone(), Some((PrivProtocol::Aes256Reeder, key)))
}

fn receiver(now: Instant) -> NotificationReceiver {
    let config = ReceiverConfig {
        engine_id: OWN.to_vec(),
        boots: OWN_BOOTS,
        communities: Vec::new(),
        users: vec![user()],
    };
    NotificationReceiver::new(config, now, [3; 32])
}

fn link_down() -> Vec<VarBind> {
    vec![
        VarBind::new(Oid::new([1, 3, 6, 1, 2, 1, 1, 3, 0]), Value::TimeTicks(500)),
        VarBind::new(
            Oid::new([1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0]),
            Oid::new([1, 3, 6, 1, 6, 3, 1, 1, 5, 3]).into(),
        ),
        VarBind::new(Oid::new([1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 7]), Value::Integer(7)),
    ]
}

struct Sent<'a> {
    kind: PduKind,
    level: SecurityLevel,
    engine_id: &'a [u8],
    boots: u32,
    time: u32,
    msg_id: i32,
}

impl Sent<'_> {
    fn datagram(&self) -> Vec<u8> {
        let user = user();
        let mut datagram = Vec::new();
        let header = V3Header {
            msg_id: self.msg_id,
            reportable: self.kind.is_confirmed(),
            level: self.level,
            engine_id: self.engine_id,
            boots: self.boots,
            time: self.time,
            user: user.name(),
            context_engine_id: THEIRS,
            context_name: b"",
            salt: u64::from(self.msg_id.unsigned_abs()),
        };
        encode_v3(&mut datagram, &header, &user.localise(self.engine_id), |w| {
            encode_pdu(w, self.kind, self.msg_id, 0, 0, |w| encode_bindings(w, &link_down()))
        })
        .unwrap();
        datagram
    }
}

const TRAP: Sent<'_> = Sent {
    kind: PduKind::TrapV2,
    level: SecurityLevel::AuthPriv,
    engine_id: THEIRS,
    boots: 4,
    time: 5_000,
    msg_id: 1,
};

const INFORM: Sent<'_> = Sent { kind: PduKind::Inform, engine_id: OWN, boots: OWN_BOOTS, time: 0, ..TRAP };

fn notifications(receiver: &mut NotificationReceiver) -> usize {
    std::iter::from_fn(|| receiver.poll_notification()).count()
}

/// The PDU of an answer, after its digest and its encryption.
fn understood(datagram: &[u8], level: SecurityLevel, check: impl FnOnce(&Pdu<'_>)) {
    let Ok(Message::V3(message)) = Message::decode(datagram) else { panic!("{datagram:?}") };
    assert_eq!(message.level(), Some(level));
    assert_eq!((message.usm.engine_id, message.usm.boots), (OWN, OWN_BOOTS));
    assert!(!message.is_reportable());
    let keys = user().localise(OWN);
    if level >= SecurityLevel::AuthNoPriv {
        assert!(keys.auth().unwrap().verify(message.whole, message.usm.auth_offset, message.usm.auth));
    }
    let mut clear = Vec::new();
    let scoped = match message.data {
        ScopedData::Plain(scoped) => scoped,
        ScopedData::Encrypted(octets) => {
            clear.extend_from_slice(octets);
            let key = keys.privacy().unwrap();
            assert!(key.decrypt(message.usm.boots, message.usm.time, message.usm.privacy, &mut clear));
            ScopedPdu::decode(&mut Reader::new(&clear)).unwrap()
        }
    };
    let AnyPdu::Pdu(pdu) = scoped.pdu else { panic!() };
    check(&pdu);
}

fn report(datagram: &[u8], level: SecurityLevel, which: u32) {
    understood(datagram, level, |pdu| {
        assert_eq!(pdu.kind, PduKind::Report);
        let bindings = pdu.bindings.to_owned().unwrap();
        assert_eq!(bindings[0].oid, Oid::new([1, 3, 6, 1, 6, 3, 15, 1, 1, which, 0]));
        assert_eq!(bindings[0].value, Value::Counter32(1));
    });
}

#[test]
fn a_trap_is_understood() {
    let now = Instant::now();
    let mut receiver = receiver(now);
    receiver.handle_input(now, from(), &TRAP.datagram());
    let notification = receiver.poll_notification().unwrap();
    assert_eq!(notification.source, from());
    assert_eq!(notification.trap_oid, Oid::new([1, 3, 6, 1, 6, 3, 1, 1, 5, 3]));
    assert_eq!(notification.up_time, Some(500));
    assert_eq!(notification.bindings, link_down()[2..]);
    assert!(!notification.confirmed);
    let Principal::User { name, level, engine_id, .. } = notification.principal else { panic!() };
    assert_eq!((name.as_str(), level, &engine_id[..]), ("trap", SecurityLevel::AuthPriv, THEIRS));
    assert_eq!(receiver.poll_transmit(), None);
}

#[test]
fn a_replayed_trap_is_dropped_and_counted() {
    let now = Instant::now();
    let mut receiver = receiver(now);
    let trap = TRAP.datagram();
    receiver.handle_input(now, from(), &trap);
    receiver.handle_input(now + Duration::from_secs(100), from(), &trap);
    assert_eq!((notifications(&mut receiver), receiver.stats().replays), (1, 1));
    // Later than the window, it is the time that gives it away.
    receiver.handle_input(now + Duration::from_secs(151), from(), &trap);
    assert_eq!(receiver.stats().not_in_time_windows, 1);
    // The engine has booted since: what was recorded before is old.
    let rebooted = Sent { boots: 5, time: 10, msg_id: 2, ..TRAP }.datagram();
    receiver.handle_input(now, from(), &rebooted);
    receiver.handle_input(now, from(), &Sent { time: 5_010, msg_id: 3, ..TRAP }.datagram());
    assert_eq!((notifications(&mut receiver), receiver.stats().not_in_time_windows), (1, 2));
}

#[test]
fn what_was_remembered_outlives_a_restart() {
    let now = Instant::now();
    let mut before = receiver(now);
    before.handle_input(now, from(), &TRAP.datagram());
    let mut after = receiver(now);
    for (engine_id, boots, time) in before.sender_clocks(now + Duration::from_secs(600)) {
        after.remember_sender(&engine_id, boots, time, now);
    }
    after.handle_input(now, from(), &Sent { msg_id: 9, ..TRAP }.datagram());
    assert_eq!((notifications(&mut after), after.stats().not_in_time_windows), (0, 1));
}

#[test]
fn a_changed_octet_is_a_wrong_digest() {
    let now = Instant::now();
    let trap = TRAP.datagram();
    for at in [20, trap.len() / 2, trap.len() - 1] {
        let mut receiver = receiver(now);
        let mut changed = trap.clone();
        changed[at] ^= 1;
        receiver.handle_input(now, from(), &changed);
        assert_eq!(notifications(&mut receiver), 0, "octet {at}");
        receiver.handle_input(now, from(), &trap);
        assert_eq!(notifications(&mut receiver), 1, "and it leaves no trace");
    }
}

#[test]
fn less_protection_than_the_user_has_keys_for_is_dropped() {
    let now = Instant::now();
    let mut receiver = receiver(now);
    for (msg_id, level) in [(1, SecurityLevel::NoAuthNoPriv), (2, SecurityLevel::AuthNoPriv)] {
        receiver.handle_input(now, from(), &Sent { level, msg_id, ..TRAP }.datagram());
        receiver.handle_input(now, from(), &Sent { level, msg_id, ..INFORM }.datagram());
    }
    assert_eq!((notifications(&mut receiver), receiver.stats().too_low_level), (0, 4));
    assert_eq!(receiver.poll_transmit(), None);
}

#[test]
fn an_informer_discovers_us_synchronises_and_is_answered() {
    let start = Instant::now();
    let mut receiver = receiver(start);
    let now = start + Duration::from_secs(1_000);
    // Without our engine id: told.
    receiver.handle_input(
        now,
        from(),
        &Sent { engine_id: b"", level: SecurityLevel::NoAuthNoPriv, ..INFORM }.datagram(),
    );
    let (to, answer) = receiver.poll_transmit().unwrap();
    assert_eq!(to, from());
    report(&answer, SecurityLevel::NoAuthNoPriv, 4);
    // Without our time: told, with a digest.
    receiver.handle_input(now, from(), &Sent { boots: 0, time: 0, msg_id: 2, ..INFORM }.datagram());
    report(&receiver.poll_transmit().unwrap().1, SecurityLevel::AuthNoPriv, 2);
    assert_eq!(notifications(&mut receiver), 0);
    // With both: answered like it was asked.
    let inform = Sent { time: 1_000, msg_id: 3, ..INFORM }.datagram();
    receiver.handle_input(now, from(), &inform);
    let answered = |datagram: &[u8]| {
        understood(datagram, SecurityLevel::AuthPriv, |pdu| {
            assert_eq!((pdu.kind, pdu.request_id, pdu.error_status), (PduKind::Response, 3, 0));
            assert_eq!(pdu.bindings.to_owned().unwrap(), link_down());
        });
    };
    answered(&receiver.poll_transmit().unwrap().1);
    assert_eq!(notifications(&mut receiver), 1);
    // The same again, because our answer was lost: answered, not handed on.
    receiver.handle_input(now, from(), &inform);
    answered(&receiver.poll_transmit().unwrap().1);
    assert_eq!((notifications(&mut receiver), receiver.stats().replays), (0, 1));
    // Much later: refused.
    receiver.handle_input(now + Duration::from_secs(151), from(), &inform);
    let (_, refusal) = receiver.poll_transmit().unwrap();
    let Ok(Message::V3(message)) = Message::decode(&refusal) else { panic!() };
    assert_eq!(message.level(), Some(SecurityLevel::AuthNoPriv));
    assert_eq!((notifications(&mut receiver), receiver.stats().not_in_time_windows), (0, 2));
}

#[test]
fn requests_are_not_for_us() {
    let now = Instant::now();
    let mut receiver = receiver(now);
    for kind in [PduKind::Get, PduKind::Set, PduKind::Response] {
        receiver.handle_input(now, from(), &Sent { kind, msg_id: kind as i32, ..INFORM }.datagram());
    }
    // An inform for another engine than ours, with the flag of a trap, neither.
    assert_eq!((notifications(&mut receiver), receiver.stats().unexpected), (0, 3));
    assert_eq!(receiver.poll_transmit(), None);
}
