//! Performers and reconcilers: requests in, effects on the network out, read back, recorded.
//!
//! Stands between `rules` (and `operate`), which hand in durable requests ([`request()`]), and
//! `audit`. What a request means for the network is worked out by pure modules ([`plan`], [`guard`],
//! [`desired`]); the shells around them ([`enforce`], [`perform`]) commit what they are about to do, do it, read it
//! back, and commit the outcome.
//!
//! It never acts without a request, never sends anything from inside a transaction, never repeats a
//! one-shot whose outcome is unknown, and never decides what ought to be done.

pub mod desired;
pub mod enforce;
mod error;
pub mod guard;
pub mod notify;
mod outcome;
pub mod perform;
pub mod plan;
mod release;
mod request;
pub mod sql;
pub mod switch;

pub use enforce::{Directory, Enforcer, Pace, Wake};
pub use error::ActionError;
pub use outcome::port_of;
pub use perform::{EndpointChange, Endpoints, Finish, Performer, TxFuture};
pub use release::{Released, release_all_offline};
pub use request::{
    Readmission, Requested, readmit, reassert, reconsider, release_all, request, set_global_stop,
};
pub use sql::{
    Attempt, Chain, DesiredPort, MIGRATIONS, Purpose, RequestRow, RequestState, attempts_of, desired_port,
    enforced_since, global_stop, list_desired, list_requests, request_by_id, request_by_key, why_endpoint,
    why_port,
};
pub use switch::{SessionError, Sessions, SwitchError};
