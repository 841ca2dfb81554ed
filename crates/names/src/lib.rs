//! Names of endpoints: from DNS by reverse look-up and by zone transfer, and from the leases of DHCP
//! servers by files, exports, directories and web interfaces (NAC-05).
//!
//! Beside `collect` at the head of the flow: what it learns goes through `engine`'s keeper into the
//! inventory, as any other fact. [`format`] holds pure parsers (octets in, leases and dropped rows out),
//! [`dns`] pure machines for look-ups and transfers, [`book`] says which name an endpoint has by all that
//! is known; [`fetch`] are the shells that speak to servers, [`sql`] the tables.
//!
//! It never decides who may connect: a name is whatever a device or an administrator of another system
//! wrote, so it eases identification and nothing else. It never puts a device on the list of endpoints:
//! names are given to those that were seen. It takes the time as an argument.

pub mod agent;
pub mod book;
pub mod dns;
pub mod fetch;
pub mod format;
mod lease;
mod name;
mod source;
pub mod sql;

pub use lease::{Dropped, Lease, LeaseState, Parsed};
pub use name::{Written, written};
pub use source::{Kind, LdapAttributes, Settings, Source, SourceError, TsigAlgorithm};
pub use sql::MIGRATIONS;
