//! Typed ids: one type per entity, so that one cannot be passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(
    /// A network element in the inventory.
    NeId
);
integer_id!(
    /// An endpoint in the inventory.
    EndpointId
);
integer_id!(
    /// A group of endpoints.
    GroupId
);
integer_id!(
    /// A set of credentials in the vault.
    CredentialId
);
integer_id!(
    /// A rule, whatever its revision.
    RuleId
);
integer_id!(
    /// One revision of a rule; counts from 1.
    RuleRevision
);
integer_id!(
    /// A user account.
    UserId
);
integer_id!(
    /// A tenant: a customer with users of its own.
    TenantId
);
integer_id!(
    /// The place of an event in its node's log; counts from 1 without gaps.
    EventSeq
);

/// An action request (UUIDv7, so that requests sort by the time at which they were made).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
