//! Sessions to network elements: SNMP now, SSH and NETCONF later.
//!
//! Lies under `collect` and `actions`: they say what to read or set, this crate gets it there and back
//! over sockets, with retransmission, pacing and discovery. It decides nothing about the network.

pub mod snmp;

pub use snmp::{
    AuthProtocol, Credentials, CredentialsError, EngineConfig, Notification, Principal, PrivProtocol,
    ReceiverStats, Secret, SessionOptions, Snmp, SnmpEngine, SnmpError, SnmpSession, Stats, TrapPrincipals,
    TrapReceiver, TrapReceiverConfig, TrapReceiverError, TrapUser, VlanContext, WalkQuirk, Walked,
};
