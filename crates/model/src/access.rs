//! What a port's access is to be: the intent that enforcement reconciles with the element.

use serde::{Deserialize, Serialize};

use crate::VlanId;

/// The access that someone (a rule or a person) wants a port to give.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum PortAccess {
    /// Untagged member of this VLAN only: quarantine, or any other move.
    Vlan {
        /// The VLAN to move the port to.
        vlan: VlanId,
        /// Take the link down and up after the move, so that the client renews its lease.
        bounce: bool,
    },
    /// ifAdminStatus down.
    Shut,
    /// ifAdminStatus up, where somebody else had shut it.
    Open,
}

/// How far the reconciler has come with a desired state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Wanted; nothing has been sent yet.
    Pending,
    /// The element is observe-only: nothing is sent, what would have been done is recorded.
    ObserveOnly,
    /// A guard rail (budget, global stop, maintenance window) holds it back.
    Held,
    /// The earlier values are stored and the attempt is recorded: the SETs may have been sent.
    Attempted,
    /// The element's own values were read back and are as wanted.
    Verified,
    /// Release was asked for; the earlier values are to be restored.
    Releasing,
    /// The earlier values were read back.
    Released,
    /// Refused or failed; the reason stands beside it, and it is retried where that can help.
    Failed,
}
