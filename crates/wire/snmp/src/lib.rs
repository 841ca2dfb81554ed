//! SNMP v1, v2c and v3 (USM) as codecs and state machines without I/O.
//!
//! Lowest in the flow: `reach` drives it with sockets and timers, `collect` and `actions` read and
//! write objects with [`Oid`] and [`Value`]. It never opens a socket, reads a clock or draws a random
//! number: datagrams, instants and seeds are arguments.

pub mod ber;
pub mod column;
pub mod encode;
pub mod generator;
pub mod message;
pub mod oid;
pub mod pdu;
mod random;
pub mod receiver;
pub mod stats;
pub mod usm;
pub mod value;

pub use column::Column;
pub use oid::{Oid, ParseOidError};
pub use pdu::ValueRef;
pub use value::{Value, VarBind};
