//! Any datagram as an SNMP message; what can be read as owned is written and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netwarden_snmp::message::{CommunityVersion, Message, encode_community};
use netwarden_snmp::pdu::{AnyPdu, Bindings, PduKind, encode_bindings, encode_pdu};

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

fuzz_target!(|datagram: &[u8]| {
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
});
