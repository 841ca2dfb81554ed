//! What comes out of decryption: any octets as a scopedPDU.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netwarden_snmp::ber::Reader;
use netwarden_snmp::message::ScopedPdu;
use netwarden_snmp::pdu::AnyPdu;

fuzz_target!(|octets: &[u8]| {
    match ScopedPdu::decode(&mut Reader::new(octets)) {
        Ok(scoped) => match scoped.pdu {
            AnyPdu::Pdu(pdu) => drop(pdu.bindings.to_owned()),
            AnyPdu::TrapV1(trap) => drop((trap.enterprise.to_owned(), trap.bindings.to_owned())),
        },
        Err(error) => assert!(error.offset <= octets.len()),
    }
});
