//! A real network on one machine: Open vSwitch switches, net-snmp agents, a router and endpoints, each in
//! a network namespace of its own. Needs root; everything is removed again when the [`Lab`] is dropped.
//!
//! ```text
//!   mgmt (10.77.255.1)──────┬───────────────┬────────────────┬─────────────────┐   management network
//!                        sw1 (.11)       sw2 (.12)       router (.13)    services (.20)
//!                      p1 p2 p3 └── trunk ──┘ p1 p2 p3         │         Exim, rsyslog
//!                      │  │  └────────────────┼──┼──┼──────────┘      VLAN 10: 10.77.10.0/24
//!                    pc1 pc2                pc3 rogue pc4             VLAN 666: quarantine
//! ```
//!
//! Switches and router speak LLDP on their ports (lldpd, LLDP-MIB by AgentX). The [`product::Product`] runs
//! in the management network and is driven by its command line. This crate decides nothing: it is the world
//! in which the whole flow collect → spine → rules → actions → audit is tried.

mod certificates;
pub mod latency;
mod lldp;
pub mod mail;
pub mod process;
pub mod product;
mod snmpd;
mod switch;
pub mod syslog;
mod topology;

pub use topology::{AGENT_PASSWORD, AGENT_USER, Agent, Lab, why_not};
