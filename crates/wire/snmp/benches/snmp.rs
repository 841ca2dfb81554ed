//! Cost of a variable: decoding a full GETBULK answer, owned and borrowed, and a whole walk through the
//! command generator with an agent that costs nothing (its answers are made beforehand).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netwarden_snmp::generator::{AgentConfig, AgentOptions, CommandGenerator, Event, Operation, Security};
use netwarden_snmp::message::{CommunityVersion, Message, V3Header, encode_community, encode_v3};
use netwarden_snmp::pdu::{AnyPdu, PduKind, encode_bindings, encode_pdu};
use netwarden_snmp::usm::{AuthProtocol, KeyCache, LocalisedUser, PrivProtocol, UsmUser};
use netwarden_snmp::{Oid, Value, VarBind};
use zeroize::Zeroizing;

const ROWS: u32 = 50;
const ENGINE: &[u8] = b"\x80\0\0\0\x04bench";

fn column() -> Oid {
    Oid::new([1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2])
}

fn bindings() -> Vec<VarBind> {
    (0..ROWS)
        .map(|row| {
            VarBind::new(
                column().child([10, 0, 80, 86, 1, 2, row]),
                Value::Integer(i32::try_from(row).unwrap_or(0)),
            )
        })
        .collect()
}

fn user() -> UsmUser {
    let key = KeyCache::default().master_key(AuthProtocol::Sha1, b"bench password").unwrap();
    UsmUser::with_keys(b"bench", Arc::clone(&key), Some((PrivProtocol::Aes128, key)))
}

fn community(id: i32, bindings: &[VarBind]) -> Vec<u8> {
    let mut datagram = Vec::new();
    encode_community(&mut datagram, CommunityVersion::V2c, b"public", |w| {
        encode_pdu(w, PduKind::Response, id, 0, 0, |w| encode_bindings(w, bindings))
    })
    .unwrap();
    datagram
}

fn v3(id: i32, kind: PduKind, user: &UsmUser, keys: &LocalisedUser, bindings: &[VarBind]) -> Vec<u8> {
    let mut datagram = Vec::new();
    let header = V3Header {
        msg_id: id,
        reportable: false,
        level: if kind == PduKind::Report {
            netwarden_snmp::usm::SecurityLevel::NoAuthNoPriv
        } else {
            user.level()
        },
        engine_id: ENGINE,
        boots: 1,
        time: 1,
        user: user.name(),
        context_engine_id: ENGINE,
        context_name: b"",
        salt: 7,
    };
    encode_v3(&mut datagram, &header, keys, |w| {
        encode_pdu(w, kind, id, 0, 0, |w| encode_bindings(w, bindings))
    })
    .unwrap();
    datagram
}

fn decode(c: &mut Criterion) {
    let datagram = community(7, &bindings());
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("borrowed", |b| {
        let mut name = Vec::new();
        b.iter(|| {
            let Ok(Message::Community(message)) = Message::decode(black_box(&datagram)) else { panic!() };
            let AnyPdu::Pdu(pdu) = message.pdu else { panic!() };
            for binding in pdu.bindings {
                let binding = binding.unwrap();
                binding.name.read_into(&mut name).unwrap();
                black_box((&name, binding.value));
            }
        });
    });
    group.bench_function("owned", |b| {
        b.iter(|| {
            let Ok(Message::Community(message)) = Message::decode(black_box(&datagram)) else { panic!() };
            let AnyPdu::Pdu(pdu) = message.pdu else { panic!() };
            black_box(pdu.bindings.to_owned().unwrap())
        });
    });
    group.finish();
}

/// One GETBULK of 50 rows through the whole machine; the answer is encoded beside it, which is measured
/// on its own to be taken off.
fn walk(c: &mut Criterion) {
    let mut group = c.benchmark_group("walk");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    let mut rows = bindings();
    rows.push(VarBind::new(Oid::new([1, 3, 6, 1, 3]), Value::EndOfMibView));
    let rows = rows;
    let from = ([192, 0, 2, 1], 161).into();
    let user = user();
    let keys = user.localise(ENGINE);
    let v2c = Security::V2c { community: Zeroizing::new(b"public".to_vec()) };
    let usm = Security::V3 { user: user.clone(), context: Vec::new() };
    for (name, security) in [("v2c", v2c), ("authPriv", usm)] {
        group.bench_function(name, |b| {
            let mut generator = CommandGenerator::new([1; 32]);
            let options = AgentOptions { max_repetitions: 64, adapt: false, ..AgentOptions::default() };
            let agent =
                generator.add_agent(AgentConfig { address: from, security: security.clone(), options });
            let mut datagram = Vec::new();
            let now = Instant::now();
            b.iter(|| {
                generator.submit(now, agent, Operation::Walk(vec![column()]), None);
                loop {
                    while generator.poll_transmit(now, &mut datagram).is_some() {
                        let answer = match Message::decode(&datagram).unwrap() {
                            Message::Community(message) => match message.pdu {
                                AnyPdu::Pdu(pdu) => community(pdu.request_id, &rows),
                                AnyPdu::TrapV1(_) => panic!(),
                            },
                            Message::V3(message) if message.usm.engine_id.is_empty() => {
                                let report = [VarBind::new(
                                    Oid::new([1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0]),
                                    Value::Counter32(1),
                                )];
                                v3(message.msg_id, PduKind::Report, &user, &keys, &report)
                            }
                            Message::V3(message) => {
                                v3(message.msg_id, PduKind::Response, &user, &keys, &rows)
                            }
                        };
                        generator.handle_input(now, from, &answer);
                    }
                    match generator.poll_event() {
                        Some(Event::Done { result, .. }) => break black_box(result.unwrap()),
                        Some(Event::Notice { .. }) => {}
                        None => panic!("nothing to do"),
                    }
                }
            });
        });
    }
    group.bench_function("answer v2c", |b| b.iter(|| black_box(community(7, &rows))));
    group.bench_function("answer authPriv", |b| {
        b.iter(|| black_box(v3(7, PduKind::Response, &user, &keys, &rows)));
    });
    group.finish();
}

criterion_group!(benches, decode, walk);
criterion_main!(benches);
