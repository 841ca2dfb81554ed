#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| netwarden_fuzz::passkey(octets));
