//! The User-based Security Model: keys, digests and encryption (RFC 3414, RFC 3826, RFC 7860).
//!
//! HMAC-MD5-96 and DES are left out on purpose: neither protects anything any more.

mod auth;
mod clock;
mod keys;
mod privacy;

pub use auth::{AuthKey, AuthProtocol};
pub use clock::{EngineClock, Timeliness, is_timely_for_us};
pub use keys::{KeyCache, MasterKey, PasswordTooShort};
pub use privacy::{PrivKey, PrivProtocol};

use std::fmt;
use std::sync::Arc;

/// Seconds by which a message's time may differ from the engine's (RFC 3414 section 2.2.3).
pub const TIME_WINDOW: u32 = 150;
/// The highest snmpEngineBoots, at which an engine no longer accepts anything (RFC 3414 section 2.2.2).
pub const MAX_BOOTS: u32 = 2_147_483_647;

/// A name of no protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no {1} protocol offered (MD5 and DES are left out on purpose)")]
pub struct UnknownProtocol(pub String, pub &'static str);

/// How far a message is protected (RFC 3411 section 3.4.3), lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecurityLevel {
    /// Neither authenticated nor encrypted.
    NoAuthNoPriv,
    /// Authenticated.
    AuthNoPriv,
    /// Authenticated and encrypted.
    AuthPriv,
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAuthNoPriv => "noAuthNoPriv",
            Self::AuthNoPriv => "authNoPriv",
            Self::AuthPriv => "authPriv",
        })
    }
}

/// A user with the keys made from their passwords, not yet bound to an engine.
#[derive(Clone)]
pub struct UsmUser {
    name: Arc<[u8]>,
    auth: Option<Arc<MasterKey>>,
    privacy: Option<(PrivProtocol, Arc<MasterKey>)>,
}

impl UsmUser {
    /// A user whose messages are neither authenticated nor encrypted.
    pub fn without_keys(name: &[u8]) -> Self {
        Self { name: name.into(), auth: None, privacy: None }
    }

    /// A user with an authentication key and, perhaps, a privacy key made with the same hash.
    pub fn with_keys(
        name: &[u8],
        auth: Arc<MasterKey>,
        privacy: Option<(PrivProtocol, Arc<MasterKey>)>,
    ) -> Self {
        Self { name: name.into(), auth: Some(auth), privacy }
    }

    /// msgUserName.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The level that the user's keys give.
    pub fn level(&self) -> SecurityLevel {
        match (&self.auth, &self.privacy) {
            (None, _) => SecurityLevel::NoAuthNoPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
        }
    }

    /// The key that verifies messages of `engine_id`: two short hashes.
    pub fn localise_auth(&self, engine_id: &[u8]) -> Option<AuthKey> {
        self.auth.as_ref().map(|master| master.auth_key(engine_id))
    }

    /// The key that decrypts messages of `engine_id`. Reeder's extension costs a second hash of 1 MiB
    /// for an engine seen the first time, so call it only for messages that are verified.
    pub fn localise_privacy(&self, engine_id: &[u8]) -> Option<PrivKey> {
        self.privacy.as_ref().and_then(|(protocol, master)| master.priv_key(*protocol, engine_id))
    }

    /// Both keys.
    pub fn localise(&self, engine_id: &[u8]) -> LocalisedUser {
        LocalisedUser { auth: self.localise_auth(engine_id), privacy: self.localise_privacy(engine_id) }
    }
}

impl fmt::Debug for UsmUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsmUser")
            .field("name", &String::from_utf8_lossy(&self.name))
            .field("level", &self.level())
            .finish_non_exhaustive()
    }
}

/// A user's keys for one engine (RFC 3414 section 2.6).
#[derive(Clone, Default)]
pub struct LocalisedUser {
    auth: Option<AuthKey>,
    privacy: Option<PrivKey>,
}

impl LocalisedUser {
    /// From keys that were localised one after the other.
    pub fn new(auth: Option<AuthKey>, privacy: Option<PrivKey>) -> Self {
        Self { auth, privacy }
    }

    /// The authentication key.
    pub fn auth(&self) -> Option<&AuthKey> {
        self.auth.as_ref()
    }

    /// The privacy key.
    pub fn privacy(&self) -> Option<&PrivKey> {
        self.privacy.as_ref()
    }
}

impl fmt::Debug for LocalisedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalisedUser").finish_non_exhaustive()
    }
}
