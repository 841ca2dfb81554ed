//! Readers that turn one network element's MIBs into a [`netwarden_model::Reading`].
//!
//! First stage of the flow: `reach` holds the session, this crate asks and decodes, `inventory` compares
//! with what was known. It never opens a socket, never reads a clock, stores nothing and decides
//! nothing: the agent is known through [`netwarden_reach::Snmp`] alone, and every decoder below
//! [`mib`] is a pure function of the bindings that a walk brought.
//!
//! - [`read`] orchestrates: which tables, in which order, what to keep when one fails.
//! - [`DeviceProfile`] is what a later, cheaper poll needs to know of the device.
//! - [`discovery`] lists addresses to try and finds the credentials that work.
//! - [`preflight`] says beforehand whether enforcement on a port would work.

pub mod convention;
pub mod discovery;
pub mod mib;
pub mod notification;
pub mod preflight;
pub mod profile;
pub mod read;
pub mod table;

pub use profile::{DeviceProfile, Vendor};
pub use read::{Incomplete, Outcome, Part, ReadError, read, read_macs, read_without};
