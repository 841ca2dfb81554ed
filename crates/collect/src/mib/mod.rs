//! One file a MIB: which columns to ask for, and a pure decoder of what came.
//!
//! Decoders take any bindings whatever: what cannot be read is dropped and counted.

pub mod access_sessions;
pub mod alcatel;
pub mod bridge;
pub mod cdp;
pub mod ciena;
pub mod cisco;
pub mod cisco_auth;
pub mod dhcp_snooping;
pub mod hp_auth;
pub mod huawei;
pub mod if_type;
pub mod interfaces;
pub mod ip;
pub mod juniper;
pub mod lag;
pub mod lldp;
pub mod mikrotik;
pub mod q_bridge;
pub mod rapid_city;
pub mod screenos;
pub mod system;
pub mod timetra;
pub mod tplink;
pub mod vendor_lldp;
pub mod vlan;
