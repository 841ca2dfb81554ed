//! The words that every stage shares: typed ids, MAC addresses, ports, events, action requests.
//!
//! Lowest in the flow, used by all. It holds data and its parsing, nothing that decides: no I/O, no
//! clock, no random source. Payloads of events are one file a capability (`event/nac.rs`).

pub mod access;
pub mod action;
pub mod clock;
pub mod element;
pub mod endpoint;
pub mod event;
pub mod ids;
pub mod mac;
pub mod plane;
pub mod port;
pub mod reading;
pub mod scope;
pub mod severity;
pub mod vlan;

pub use action::{Action, ActionRequest, Cause, RequestKey};
pub use clock::Clock;
pub use endpoint::{Compliance, Configuration, EndpointFacts, EndpointStatus, Setting, compliance_of};
pub use event::{Event, EventKind, NewEvent, Outcome, Payload, Subject};
pub use ids::{
    CredentialId, EndpointId, EventSeq, GroupId, NeId, RequestId, RuleId, RuleRevision, TenantId, UserId,
};
pub use mac::{Mac, ParseMacError};
pub use plane::{Plane, UnknownPlane};
pub use port::{IfIndex, PortName, PortRef};
pub use reading::Reading;
pub use scope::Scope;
pub use severity::Severity;
pub use vlan::{InvalidVlanId, VlanId};
