//! SNMPv3 users (RFC 3414) and their keys, derived from the passwords once for all agents.

use std::fmt;

use async_snmp::{AuthProtocol, CryptoResult, MasterKeys, PrivProtocol, UsmConfig};

use super::SimulatorError;

/// HMAC of the authentication (RFC 3414, RFC 7860).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AuthAlgorithm {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl AuthAlgorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// As net-snmp's `-a` takes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    const fn protocol(self) -> AuthProtocol {
        match self {
            Self::Sha1 => AuthProtocol::Sha1,
            Self::Sha224 => AuthProtocol::Sha224,
            Self::Sha256 => AuthProtocol::Sha256,
            Self::Sha384 => AuthProtocol::Sha384,
            Self::Sha512 => AuthProtocol::Sha512,
        }
    }
}

/// Cipher of the privacy (RFC 3826; longer keys by Blumenthal's or Reeder's extension).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum PrivacyAlgorithm {
    Aes128,
    Aes192Blumenthal,
    Aes256Blumenthal,
    Aes192Reeder,
    Aes256Reeder,
}

impl PrivacyAlgorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Aes128,
        Self::Aes192Blumenthal,
        Self::Aes256Blumenthal,
        Self::Aes192Reeder,
        Self::Aes256Reeder,
    ];

    /// As net-snmp's `-x` takes it; Reeder's extension is its `AES-192-C` and `AES-256-C`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes128 => "AES",
            Self::Aes192Blumenthal => "AES-192",
            Self::Aes256Blumenthal => "AES-256",
            Self::Aes192Reeder => "AES-192-C",
            Self::Aes256Reeder => "AES-256-C",
        }
    }

    const fn protocol(self) -> PrivProtocol {
        match self {
            Self::Aes128 => PrivProtocol::Aes128,
            Self::Aes192Blumenthal => PrivProtocol::Aes192Blumenthal,
            Self::Aes256Blumenthal => PrivProtocol::Aes256Blumenthal,
            Self::Aes192Reeder => PrivProtocol::Aes192Reeder,
            Self::Aes256Reeder => PrivProtocol::Aes256Reeder,
        }
    }
}

/// An SNMPv3 user with passwords, authPriv. Debug output leaves the passwords out.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Authentication.
    pub auth: AuthAlgorithm,
    /// Its password, at least 8 octets.
    pub auth_password: String,
    /// Privacy.
    pub privacy: PrivacyAlgorithm,
    /// Its password, at least 8 octets.
    pub privacy_password: String,
}

impl Credentials {
    /// SHA-256 and AES-128: what the campus uses unless told otherwise.
    pub fn usual(user: &str, auth_password: &str, privacy_password: &str) -> Self {
        Self {
            user: user.to_owned(),
            auth: AuthAlgorithm::Sha256,
            auth_password: auth_password.to_owned(),
            privacy: PrivacyAlgorithm::Aes128,
            privacy_password: privacy_password.to_owned(),
        }
    }

    /// Derives the keys (RFC 3414 A.2: a megabyte of hashing each).
    pub fn keys(&self) -> Result<Keys, SimulatorError> {
        let derive = || -> CryptoResult<MasterKeys> {
            MasterKeys::new(self.auth.protocol(), self.auth_password.as_bytes())?
                .with_privacy(self.privacy.protocol(), self.privacy_password.as_bytes())
        };
        let master = derive()
            .map_err(|e| SimulatorError::Credentials { user: self.user.clone(), reason: e.to_string() })?;
        Ok(Keys { user: self.user.clone(), master })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("auth", &self.auth)
            .field("privacy", &self.privacy)
            .finish_non_exhaustive()
    }
}

/// A user's keys before localisation.
#[derive(Clone)]
pub struct Keys {
    user: String,
    master: MasterKeys,
}

impl Keys {
    /// User name.
    pub fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn master(&self) -> &MasterKeys {
        &self.master
    }

    pub(crate) fn usm_config(&self) -> CryptoResult<UsmConfig> {
        UsmConfig::new(self.user.clone()).with_master_keys(self.master.clone())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("user", &self.user).finish_non_exhaustive()
    }
}
