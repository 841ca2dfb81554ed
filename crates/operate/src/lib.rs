//! Every operation of the product once: decide → record → transaction → request.
//!
//! At the end of the flow's inner part: pages, REST and the command line call it, and nothing else
//! changes anything. Each operation begins with [`Desk::permit`], which decides and records a refusal,
//! and ends with its record in the transaction of its change. It knows no HTTP and no command line.

mod caller;
mod desk;
mod endpoints;
mod error;
mod jobs;
pub mod parameters;
mod people;
mod ports;
mod rules;
mod sql;
mod system;

pub use caller::{Caller, Permit};
pub use desk::{Desk, Inner};
pub use endpoints::Authorisation;
pub use error::OperateError;
pub use jobs::{Job, Jobs, State as JobState};
pub use people::Opened;
pub use ports::PortWish;
pub use sql::MIGRATIONS;
pub use system::{Status, load_parameters};
