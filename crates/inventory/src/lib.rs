//! What is in the network and where: readings and state in, differences and events out.
//!
//! Between `collect`, whose readings it takes, and `spine`, to which its events go. Everything but
//! `sql.rs` is pure: no I/O, no clock, no random source. The state in memory ([`Network`]) changes in
//! two steps: a `plan_*` method says in [`Changes`] what would be different and which events that
//! yields, the caller writes both in one transaction (T0 of `durability.md`), and only then
//! [`Network::commit`] makes it the new state. Were the write to fail, the next reading yields the
//! same differences and events again, so none is lost.
//!
//! It never decides what is done about an event, never talks to an element (it asks for re-reads in
//! [`Changes::polls`]), and never guesses a location: an endpoint that is seen on inter-switch ports
//! only has none.

mod arp;
pub mod baseline;
mod changes;
mod corroborate;
mod detect;
pub mod edit;
mod element;
mod endpoint;
mod facts;
pub mod import;
mod links;
mod locate;
mod names;
mod network;
pub mod oui;
mod plan;
mod posture;
mod reboot;
mod roles;
mod settings;
pub mod sql;
mod table;
mod tick;
pub mod traps;

#[cfg(test)]
mod tests;

pub use changes::{BindingRow, Changes, Heartbeat, PollWhat, PollWish, SightingRow};
pub use element::{
    ElementBase, ElementState, Gap, Live, MaintenanceWindow, NeighbourAt, Port, PortId, Reachability, Role,
    RoleOverride, UplinkBy,
};
pub use endpoint::{Endpoint, OpenSighting, Place};
pub use links::{End, Joint, Link, LinkBy, LinkStatus, Links, Stranger};
pub use names::{NameFact, NameKind, NameRow};
pub use network::{Counters, Lack, Network, Read, UnknownElement};
pub use posture::{Posture, PostureError};
pub use settings::Settings;
