//! SNMP messages, what is decrypted of them, notifications, and agents that answer whatever they like.

use std::time::{Duration, Instant};

use netwarden_snmp::Oid;
use netwarden_snmp::ber::{Reader, tag};
use netwarden_snmp::generator::{AgentConfig, AgentOptions, CommandGenerator, Event, Operation, Security};
use netwarden_snmp::message::{CommunityVersion, Message, ScopedPdu, encode_community};
use netwarden_snmp::pdu::{AnyPdu, Bindings, PduKind, encode_bindings, encode_pdu};
use netwarden_snmp::receiver::{NotificationReceiver, ReceiverConfig};
use netwarden_snmp::usm::UsmUser;
use zeroize::Zeroizing;

/// Any datagram as an SNMP message; what can be read as owned is written and read back.
pub fn snmp_message(datagram: &[u8]) {
    match Message::decode(datagram) {
        Ok(Message::Community(message)) => match message.pdu {
            AnyPdu::Pdu(pdu) => again(pdu.bindings),
            AnyPdu::TrapV1(trap) => {
                let _ = trap.enterprise.to_owned();
                again(trap.bindings);
            }
        },
        Ok(Message::V3(message)) => {
            let _ = (message.level(), message.is_reportable());
            assert!(message.usm.auth_offset + message.usm.auth.len() <= message.whole.len());
        }
        Err(error) => assert!(error.offset <= datagram.len()),
    }
}

fn again(bindings: Bindings<'_>) {
    let Ok(owned) = bindings.to_owned() else { return };
    let mut datagram = Vec::new();
    let written = encode_community(&mut datagram, CommunityVersion::V2c, b"c", |w| {
        encode_pdu(w, PduKind::Response, 1, 0, 0, |w| encode_bindings(w, &owned))
    });
    // Names of one sub-identifier or none cannot come from the wire but as an empty one.
    if written.is_err() || owned.iter().any(|binding| binding.oid.sub_ids().len() < 2) {
        return;
    }
    let Ok(Message::Community(message)) = Message::decode(&datagram) else { panic!("unreadable: {owned:?}") };
    let AnyPdu::Pdu(pdu) = message.pdu else { panic!("another PDU") };
    let read = pdu.bindings.to_owned().expect("what was written is read");
    for (before, after) in owned.iter().zip(&read) {
        assert_eq!(before.oid, after.oid);
    }
    assert_eq!(owned.len(), read.len());
}

/// What comes out of decryption: any octets as a scopedPDU.
pub fn snmp_scoped_pdu(octets: &[u8]) {
    match ScopedPdu::decode(&mut Reader::new(octets)) {
        Ok(scoped) => match scoped.pdu {
            AnyPdu::Pdu(pdu) => drop(pdu.bindings.to_owned()),
            AnyPdu::TrapV1(trap) => drop((trap.enterprise.to_owned(), trap.bindings.to_owned())),
        },
        Err(error) => assert!(error.offset <= octets.len()),
    }
}

/// Any datagrams, one after the other, into the notification receiver. The first octet of each says how
/// long it is.
pub fn snmp_trap(octets: &[u8]) {
    let now = Instant::now();
    let mut receiver = NotificationReceiver::new(
        ReceiverConfig {
            engine_id: b"\x80\0\0\0\x04fuzz".to_vec(),
            boots: 1,
            communities: vec![("public".to_owned(), Zeroizing::new(b"public".to_vec()))],
            users: vec![UsmUser::without_keys(b"plain")],
        },
        now,
        [0; 32],
    );
    let from = ([192, 0, 2, 1], 162).into();
    let mut rest = octets;
    while let Some((length, behind)) = rest.split_first() {
        let (datagram, next) = behind.split_at(usize::from(*length).min(behind.len()));
        receiver.handle_input(now, from, datagram);
        while receiver.poll_transmit().is_some() {}
        while receiver.poll_notification().is_some() {}
        rest = next;
    }
}

/// An agent that answers whatever it likes: the bindings of its Responses come from the input, the ids are
/// right. Every operation must come to an end.
pub fn snmp_answer(octets: &[u8]) {
    let mut now = Instant::now();
    let mut generator = CommandGenerator::new([0; 32]);
    let address = ([192, 0, 2, 1], 161).into();
    let security = Security::V2c { community: Zeroizing::new(b"c".to_vec()) };
    let options = AgentOptions { max_rows: 100, ..AgentOptions::default() };
    let agent = generator.add_agent(AgentConfig { address, security, options });
    let columns = vec![Oid::new([1, 3, 6, 1]), Oid::new([1, 3, 7]), Oid::new([1, 4])];
    generator.submit(now, agent, Operation::Walk(columns.clone()), None);
    generator.submit(now, agent, Operation::Get(columns), None);
    let mut rest = octets;
    let mut datagram = Vec::new();
    let mut open = 2;
    for _ in 0..20_000 {
        while generator.poll_transmit(now, &mut datagram).is_some() {
            let Ok(Message::Community(message)) = Message::decode(&datagram) else {
                panic!("our own request")
            };
            let AnyPdu::Pdu(pdu) = message.pdu else { panic!("our own request") };
            let Some(([length, status, index], behind)) = rest.split_first_chunk() else { continue };
            let (bindings, next) = behind.split_at(usize::from(*length).min(behind.len()));
            rest = next;
            let mut answer = Vec::new();
            let written = encode_community(&mut answer, CommunityVersion::V2c, b"c", |w| {
                w.wrap(PduKind::Response as u8, |w| {
                    w.octets(tag::SEQUENCE, bindings);
                    w.integer(i32::from(*index));
                    w.integer(i32::from(*status));
                    w.integer(pdu.request_id);
                    Ok(())
                })
            });
            if written.is_ok() {
                generator.handle_input(now, address, &answer);
            }
        }
        while let Some(event) = generator.poll_event() {
            if matches!(event, Event::Done { .. }) {
                open -= 1;
            }
        }
        if open == 0 {
            return;
        }
        now += Duration::from_millis(100);
        generator.handle_timeout(now);
    }
    panic!("an operation has no end");
}
