//! An agent that answers whatever it likes: the bindings of its Responses come from the fuzzer, the ids
//! are right. Every operation must come to an end.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use netwarden_snmp::Oid;
use netwarden_snmp::ber::tag;
use netwarden_snmp::generator::{AgentConfig, AgentOptions, CommandGenerator, Event, Operation, Security};
use netwarden_snmp::message::{CommunityVersion, Message, encode_community};
use netwarden_snmp::pdu::{AnyPdu, PduKind};
use zeroize::Zeroizing;

fuzz_target!(|octets: &[u8]| {
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
            let Ok(Message::Community(message)) = Message::decode(&datagram) else { panic!("our own request") };
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
});
