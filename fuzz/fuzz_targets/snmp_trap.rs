//! Any datagrams, one after the other, into the notification receiver. The first octet of each says how
//! long it is.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use netwarden_snmp::receiver::{NotificationReceiver, ReceiverConfig};
use netwarden_snmp::usm::UsmUser;
use zeroize::Zeroizing;

fuzz_target!(|octets: &[u8]| {
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
});
