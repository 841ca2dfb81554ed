//! Properties of the codec: what is written is read back; whatever comes, nothing panics; what is cut
//! off is an error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests, which the exemption for tests does not reach"
)]

use netwarden_snmp::generator::{AgentConfig, AgentOptions, CommandGenerator, Operation, Security};
use netwarden_snmp::message::{
    CommunityVersion, Message, ScopedData, ScopedPdu, V3Header, encode_community, encode_v3,
};
use netwarden_snmp::pdu::{AnyPdu, PduKind, encode_bindings, encode_pdu};
use netwarden_snmp::receiver::{NotificationReceiver, ReceiverConfig};
use netwarden_snmp::usm::{AuthProtocol, MasterKey, PrivProtocol, SecurityLevel, UsmUser};
use netwarden_snmp::{Oid, Value, VarBind, ber::Reader};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};
use std::time::Instant;
use zeroize::Zeroizing;

fn oid() -> impl Strategy<Value = Oid> {
    (0_u32..3, 0_u32..40, proptest::collection::vec(any::<u32>(), 0..20))
        .prop_map(|(first, second, rest)| Oid::new([vec![first, second], rest].concat()))
}

fn value() -> impl Strategy<Value = Value> {
    let octets = || proptest::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        octets().prop_map(Value::OctetString),
        Just(Value::Null),
        oid().prop_map(Value::from),
        any::<[u8; 4]>().prop_map(|octets| Value::IpAddress(octets.into())),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        octets().prop_map(Value::Opaque),
        any::<u64>().prop_map(Value::Counter64),
        Just(Value::NoSuchObject),
        Just(Value::NoSuchInstance),
        Just(Value::EndOfMibView),
    ]
}

fn bindings() -> impl Strategy<Value = Vec<VarBind>> {
    proptest::collection::vec((oid(), value()).prop_map(|(oid, value)| VarBind::new(oid, value)), 0..8)
}

fn kind() -> impl Strategy<Value = PduKind> {
    prop::sample::select(vec![
        PduKind::Get,
        PduKind::GetNext,
        PduKind::Response,
        PduKind::Set,
        PduKind::GetBulk,
        PduKind::Inform,
        PduKind::TrapV2,
        PduKind::Report,
    ])
}

/// A user of every protocol; making the keys takes a while.
static USERS: LazyLock<Vec<UsmUser>> = LazyLock::new(|| {
    let mut users = vec![UsmUser::without_keys(b"user")];
    for auth in AuthProtocol::ALL {
        let key = Arc::new(MasterKey::from_password(auth, b"a long password").unwrap());
        users.push(UsmUser::with_keys(b"user", Arc::clone(&key), None));
        for privacy in PrivProtocol::ALL {
            users.push(UsmUser::with_keys(b"user", Arc::clone(&key), Some((privacy, Arc::clone(&key)))));
        }
    }
    users
});

const ENGINE: &[u8] = b"\x80\x00\x00\x00\x04engine";

fn v3(user: &UsmUser, msg_id: i32, salt: u64, kind: PduKind, bindings: &[VarBind]) -> Vec<u8> {
    let mut datagram = Vec::new();
    let header = V3Header {
        msg_id,
        reportable: kind.is_confirmed(),
        level: user.level(),
        engine_id: ENGINE,
        boots: 3,
        time: 70_000,
        user: user.name(),
        context_engine_id: ENGINE,
        context_name: b"vlan-10",
        salt,
    };
    encode_v3(&mut datagram, &header, &user.localise(ENGINE), |w| {
        encode_pdu(w, kind, msg_id, 0, 0, |w| encode_bindings(w, bindings))
    })
    .unwrap();
    datagram
}

proptest! {
    #[test]
    fn community_messages_are_read_back(
        v2c in any::<bool>(), community in proptest::collection::vec(any::<u8>(), 0..40), kind in kind(),
        id in any::<i32>(), a in any::<i32>(), b in any::<i32>(), bindings in bindings(),
    ) {
        let version = if v2c { CommunityVersion::V2c } else { CommunityVersion::V1 };
        let mut datagram = Vec::new();
        encode_community(&mut datagram, version, &community, |w| {
            encode_pdu(w, kind, id, a, b, |w| encode_bindings(w, &bindings))
        }).unwrap();
        let Ok(Message::Community(message)) = Message::decode(&datagram) else { panic!("{datagram:?}") };
        prop_assert_eq!(message.version, version);
        prop_assert_eq!(message.community, &community[..]);
        let AnyPdu::Pdu(pdu) = message.pdu else { panic!() };
        prop_assert_eq!((pdu.kind, pdu.request_id, pdu.error_status, pdu.error_index), (kind, id, a, b));
        prop_assert_eq!(pdu.bindings.to_owned().unwrap(), bindings);
        for cut in 0..datagram.len() {
            prop_assert!(Message::decode(&datagram[..cut]).is_err(), "cut at {}", cut);
        }
    }

    #[test]
    fn v3_messages_are_read_back(
        user in prop::sample::select(USERS.clone()), id in 0..i32::MAX, salt in any::<u64>(), kind in kind(),
        bindings in bindings(),
    ) {
        let datagram = v3(&user, id, salt, kind, &bindings);
        let Ok(Message::V3(message)) = Message::decode(&datagram) else { panic!("{datagram:?}") };
        let keys = user.localise(ENGINE);
        prop_assert_eq!(message.level(), Some(user.level()));
        prop_assert_eq!(message.is_reportable(), kind.is_confirmed());
        prop_assert_eq!((message.usm.engine_id, message.usm.boots, message.usm.time), (ENGINE, 3, 70_000));
        if let Some(auth) = keys.auth() {
            prop_assert!(auth.verify(message.whole, message.usm.auth_offset, message.usm.auth));
        }
        let mut clear = Vec::new();
        let scoped = match message.data {
            ScopedData::Plain(scoped) => scoped,
            ScopedData::Encrypted(octets) => {
                prop_assert_eq!(user.level(), SecurityLevel::AuthPriv);
                clear.extend_from_slice(octets);
                let key = keys.privacy().unwrap();
                prop_assert!(key.decrypt(message.usm.boots, message.usm.time, message.usm.privacy, &mut clear));
                ScopedPdu::decode(&mut Reader::new(&clear)).unwrap()
            }
        };
        prop_assert_eq!(scoped.context_name, b"vlan-10");
        let AnyPdu::Pdu(pdu) = scoped.pdu else { panic!() };
        prop_assert_eq!((pdu.kind, pdu.request_id), (kind, id));
        prop_assert_eq!(pdu.bindings.to_owned().unwrap(), bindings);
        for cut in 0..datagram.len() {
            prop_assert!(Message::decode(&datagram[..cut]).is_err(), "cut at {}", cut);
        }
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        read_all(&octets);
    }

    /// Closer to the bone: a good message with some octets changed.
    #[test]
    fn no_change_makes_it_panic(
        bindings in bindings(), user in prop::sample::select(USERS.clone()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut datagram = v3(&user, 7, 8, PduKind::TrapV2, &bindings);
        let mut community = Vec::new();
        encode_community(&mut community, CommunityVersion::V2c, b"c", |w| {
            encode_pdu(w, PduKind::Response, 7, 0, 0, |w| encode_bindings(w, &bindings))
        }).unwrap();
        for octets in [&mut datagram, &mut community] {
            for (at, octet) in &changes {
                let at = at.index(octets.len());
                octets[at] = *octet;
            }
            read_all(octets);
        }
    }
}

fn read_all(octets: &[u8]) {
    if let Ok(Message::Community(message)) = Message::decode(octets) {
        match message.pdu {
            AnyPdu::Pdu(pdu) => drop(pdu.bindings.to_owned()),
            AnyPdu::TrapV1(trap) => drop((trap.bindings.to_owned(), trap.enterprise.to_owned())),
        }
    }
    let _ = ScopedPdu::decode(&mut Reader::new(octets));
    let now = Instant::now();
    let from = ([192, 0, 2, 1], 161).into();
    let mut receiver = NotificationReceiver::new(
        ReceiverConfig {
            engine_id: ENGINE.to_vec(),
            boots: 3,
            communities: vec![("c".to_owned(), Zeroizing::new(b"c".to_vec()))],
            users: USERS[..2].to_vec(),
        },
        now,
        [1; 32],
    );
    receiver.handle_input(now, from, octets);
    let mut generator = CommandGenerator::new([2; 32]);
    let security = Security::V3 { user: USERS[1].clone(), context: Vec::new() };
    let agent =
        generator.add_agent(AgentConfig { address: from, security, options: AgentOptions::default() });
    generator.submit(now, agent, Operation::Get(vec![Oid::new([1, 3, 6])]), None);
    generator.handle_input(now, from, octets);
}
