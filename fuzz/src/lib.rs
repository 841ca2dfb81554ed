//! The bodies of the fuzz targets: octets from anywhere into each decoder, and what must hold of what comes
//! out.
//!
//! Beside the flow. libFuzzer calls these functions (`cargo xtask fuzz`); the ordinary tests replay the
//! committed corpus through them (`tests/corpus.rs`). A target asserts more than that nothing panics: what
//! was accepted encodes to the same again, what goes out holds no line of its own making, and nothing is
//! larger or slower than its input allows. It never talks to a network.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target reports what it found by a panic"
)]

mod command_line;
mod console;
mod imports;
mod leases;
mod messages;
mod mib;
mod passkeys;
mod recording;
mod rest;
mod rules;
mod script;
mod served;
mod snmp;
mod stored;
mod trail;
mod words;

// The command line's own decoders stand in a program, which is no library.
#[path = "../../apps/netwarden/src/config.rs"]
#[allow(dead_code)]
mod config;
#[path = "../../apps/netwarden/src/output.rs"]
#[allow(dead_code)]
mod output;
#[path = "../../apps/netwarden/src/probe/targets.rs"]
#[allow(dead_code)]
mod targets;
#[path = "../../apps/netwarden/src/verbs/when.rs"]
#[allow(dead_code)]
mod when;

/// One decoder, or several of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its program and of its folder in `corpus`.
    pub name: &'static str,
    /// Takes an input; panics where something does not hold.
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($module:ident::$name:ident,)*) => {
        $(pub use $module::$name;)*

        /// Every target.
        pub const TARGETS: &[Target] = &[$(Target { name: stringify!($name), run: $module::$name }),*];
    };
}

targets! {
    snmp::snmp_message,
    snmp::snmp_scoped_pdu,
    snmp::snmp_trap,
    snmp::snmp_answer,
    mib::mib_reading,
    mib::notification,
    words::words,
    words::octets,
    imports::csv_import,
    rules::condition,
    rules::rule,
    trail::tlog,
    trail::audit_export,
    stored::event_body,
    stored::list_query,
    recording::recording,
    messages::messages,
    command_line::command_line,
    rest::rest,
    console::console,
    leases::leases,
    passkeys::passkey,
}
