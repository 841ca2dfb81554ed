//! Durability under torture: the real server, killed, cut off and out of space, against simulated switches
//! and receivers that outlive it.
//!
//! Never a part of the product: it drives `netwarden serve` from outside, by its configuration, its local
//! socket and a preloaded shim, and reads the database only when the server is down. Three torments:
//!
//! - [`kills`]: the process is killed at seeded operations on its files and at seeded times, and started
//!   again over the same folder. At the end [`check`] holds what is stored against what a reference
//!   calculation makes of the event log, and against what switches, mail server, webhook and command saw.
//! - [`cuts`]: every write and fsync of a run is recorded. For every point between two of them, the files
//!   are made that a power cut may leave ([`disk`]: all that was synced, and any part of what was not), and
//!   opened. What comes out must be exactly one of the states that the writer committed, and none before
//!   the last that it had acknowledged.
//! - [`full`]: the disk fills up, switches restart, ports are released, space comes back.
//!
//! The shim (`trace/iotrace.c`) is compiled by the harness with `cc`; SQLite inside the server calls the C
//! library dynamically, so nothing of the server is built differently for this.
//!
//! Every invariant is a function over plain data with a test that feeds it an altered input: a check that
//! cannot fail proves nothing. The same seed gives the same plan; what the threads make of it may differ,
//! so a failure prints the seed and keeps the folder.

pub mod check;
pub mod cuts;
pub mod disk;
pub mod full;
pub mod kills;
pub mod observed;
pub mod receivers;
pub mod reference;
pub mod server;
pub mod shim;
pub mod stage;
pub mod trace;

/// The operating system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl netwarden_model::Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the harness runs in real time")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}
