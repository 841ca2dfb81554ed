//! Switches and routers that do not exist: a campus that forwards by its VLAN sets, with agents that
//! speak real SNMPv3 on loopback.
//!
//! Used by the demo, by tests and by benchmarks, in place of the network that the product manages;
//! no crate of the product depends on it for its own work. The agents' side is the crate `async-snmp`,
//! so that our own manager is proven against an implementation that is not ours. [`world`] and [`mib`]
//! are pure: time and chance are arguments; [`campus`] and [`agent`] are the shell around them.

pub mod agent;
pub mod campus;
pub mod day;
pub mod fault;
pub mod generate;
pub mod mib;
pub mod reading;
pub mod recording;
pub mod time;
pub mod world;

pub use agent::handler::{SetChange, SetRecord};
pub use agent::{
    AuthAlgorithm, Community, Credentials, NotificationTarget, PrivacyAlgorithm, SimulatorError,
};
pub use campus::{Announcement, Campus, CampusAgent, CampusOptions};
pub use day::{Happening, Script};
pub use fault::{Fault, Relay};
pub use recording::{Oddity, RecordedAgent, Recording};
pub use time::{Chance, SimTime};
pub use world::World;
