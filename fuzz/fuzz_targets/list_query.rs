#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| netwarden_fuzz::list_query(octets));
