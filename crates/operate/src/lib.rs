//! Every operation of the product once: decide → record → transaction → request.
//!
//! At the end of the flow's inner part: pages, REST and the command line call it, and nothing else
//! changes anything. Each operation begins with [`Desk::permit`], which decides and records a refusal,
//! and ends with its record in the transaction of its change. It knows no HTTP and no command line.

mod caller;
mod credentials;
mod desk;
mod elements;
mod endpoints;
mod error;
mod imports;
mod jobs;
mod lists;
pub mod parameters;
mod people;
mod ports;
mod rules;
mod sessions;
mod sql;
mod system;
mod why;

pub use caller::{Caller, Permit};
pub use credentials::CredentialWish;
pub use desk::{Desk, Inner};
pub use elements::{ElementEdit, ElementWish, Search, ShownElement};
pub use endpoints::Authorisation;
pub use error::OperateError;
pub use imports::ImportOutcome;
pub use jobs::{Job, Jobs, State as JobState};
pub use lists::{Counted, ListWish, ShownEndpoint, ShownPort, port_ref, vlan};
pub use netwarden_audit::{ListedRecord, Report, Value as AuditValue};
pub use netwarden_inventory::baseline::BaselineFilter;
pub use netwarden_inventory::edit::{EndpointEdit, PortEdit};
pub use netwarden_inventory::sql::Where;
pub use netwarden_inventory::{MaintenanceWindow, RoleOverride};
pub use netwarden_rules::Rule;
pub use netwarden_store::{Count, Listed};
pub use people::Opened;
pub use ports::PortWish;
pub use sql::MIGRATIONS;
pub use system::{Status, count_engine_start, load_parameters, record_exceptions};
pub use why::{Link, Stage, Target, Why, event_text};
