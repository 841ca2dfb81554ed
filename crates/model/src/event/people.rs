//! Payloads of people: what somebody did, or tried, with this system itself.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What an event about a user has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "detail", rename_all = "snake_case")]
pub enum PeoplePayload {
    /// More logins of a user failed in a row than the account policy allows without an alarm (IAM-08).
    LoginFailures {
        /// The user's name.
        user: String,
        /// Failures since the last success.
        failures: u32,
        /// From where the last one came; None for the local socket.
        address: Option<IpAddr>,
    },
    /// An account seems to be used by two people (IAM-10).
    SharedAccount {
        /// The account's name.
        user: String,
        /// By what that is seen, in words.
        because: String,
        /// From where it was used last; None for the local socket.
        address: Option<IpAddr>,
    },
    /// A user wanted what they have no right to (AUD-14). Told once a minute and user.
    OperationRefused {
        /// The user's name.
        user: String,
        /// The operation, `<object>.<verb>`.
        operation: String,
        /// What it was wanted of; empty for a list or the system.
        object: String,
        /// Why it was refused, in words.
        because: String,
        /// From where; None for the local socket.
        address: Option<IpAddr>,
    },
}

impl PeoplePayload {
    /// The user whom the event is about.
    pub fn user(&self) -> &str {
        match self {
            PeoplePayload::LoginFailures { user, .. }
            | PeoplePayload::SharedAccount { user, .. }
            | PeoplePayload::OperationRefused { user, .. } => user,
        }
    }

    /// From where; None for the local socket.
    pub const fn address(&self) -> Option<IpAddr> {
        match self {
            PeoplePayload::LoginFailures { address, .. }
            | PeoplePayload::SharedAccount { address, .. }
            | PeoplePayload::OperationRefused { address, .. } => *address,
        }
    }
}
