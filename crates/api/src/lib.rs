//! The versioned types of the REST interface (`/api/v1`) and the client that the command line uses.
//!
//! At the edge of the flow. It has no server code, no database types and no decisions: `web` fills these
//! types from what `operate` answers, and the OpenAPI document is made from them.

pub mod account;
pub mod audit;
pub mod channel;
pub mod client;
pub mod domain;
pub mod endpoint;
pub mod event;
pub mod factor;
pub mod name;
pub mod network;
pub mod page;
pub mod password;
pub mod pin;
pub mod problem;
pub mod role;
pub mod rule;
pub mod sse;
pub mod system;
pub mod tenant;
pub mod topology;

pub use client::{Client, ClientError};
pub use page::{Page, Total};
pub use problem::Problem;
