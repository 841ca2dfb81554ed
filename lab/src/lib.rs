//! A real network on one machine: Open vSwitch switches, net-snmp agents, a router and endpoints, each in
//! a network namespace of its own. Needs root; everything is removed again when the [`Lab`] is dropped.
//!
//! ```text
//!   mgmt (10.77.255.1)──────┬───────────────┬────────────────┐      management network
//!                        sw1 (.11)       sw2 (.12)       router (.13)
//!                      p1 p2 p3 └── trunk ──┘ p1 p2 p3         │      VLAN 10: 10.77.10.0/24
//!                      │  │  └────────────────┼──┼──┼──────────┘      VLAN 666: quarantine
//!                    pc1 pc2                pc3 rogue pc4
//! ```
//!
//! No LLDP is spoken: uplinks must be told from the tables alone.

mod process;
mod snmpd;
mod switch;
mod topology;

pub use topology::{AGENT_PASSWORD, AGENT_USER, Agent, Lab, why_not};
