//! Credentials of SNMP. Their serialised form holds the secrets in clear: it exists for the vault, which
//! seals it, and for nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use netwarden_snmp::generator::Security;
use netwarden_snmp::usm::{KeyCache, UsmUser};

pub use netwarden_snmp::usm::{AuthProtocol, PrivProtocol};

/// A community or password; wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// From its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The octets as SNMP uses them. Not for logs.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How to identify oneself to an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "version", rename_all = "lowercase")]
pub enum Credentials {
    /// SNMPv1.
    V1 {
        /// community.
        community: Secret,
    },
    /// SNMPv2c.
    V2c {
        /// community.
        community: Secret,
    },
    /// SNMPv3 with the User-based Security Model. The level is what the keys give: noAuthNoPriv,
    /// authNoPriv or authPriv; nothing lower is ever used or accepted.
    V3 {
        /// User name.
        user: String,
        /// Authentication protocol and password (eight characters or more).
        auth: Option<(AuthProtocol, Secret)>,
        /// Privacy protocol and password (eight characters or more); needs `auth`.
        privacy: Option<(PrivProtocol, Secret)>,
        /// contextName, usually empty.
        #[serde(default)]
        context: String,
    },
}

/// Credentials that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// RFC 3414 section 11.2.
    #[error("the {0} password of SNMPv3 user '{1}' is shorter than 8 characters")]
    PasswordTooShort(&'static str, String),
    /// RFC 3411 section 3.4.3 knows no privacy without authentication.
    #[error("SNMPv3 user '{0}' has a privacy password and no authentication password")]
    PrivacyWithoutAuth(String),
    /// RFC 3414 section 2.4: 1 to 32 octets.
    #[error("an SNMPv3 user name has 1 to 32 octets, '{0}' has not")]
    UserName(String),
}

impl Credentials {
    /// Version and security level in words, without secrets: for tables and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::V1 { .. } => "v1",
            Self::V2c { .. } => "v2c",
            Self::V3 { auth: None, .. } => "v3 noAuthNoPriv",
            Self::V3 { privacy: None, .. } => "v3 authNoPriv",
            Self::V3 { .. } => "v3 authPriv",
        }
    }

    /// Authenticated and encrypted: SNMPv3 authPriv. All else needs an exception (SEC-02).
    pub const fn is_protected(&self) -> bool {
        matches!(self, Self::V3 { auth: Some(_), privacy: Some(_), .. })
    }

    /// The keys are made here unless `keys` has them: some milliseconds of CPU for a new password.
    pub(super) fn security(&self, keys: &KeyCache) -> Result<Security, CredentialsError> {
        Ok(match self {
            Self::V1 { community } => Security::V1 { community: Zeroizing::new(community.expose().to_vec()) },
            Self::V2c { community } => {
                Security::V2c { community: Zeroizing::new(community.expose().to_vec()) }
            }
            Self::V3 { context, .. } => {
                Security::V3 { user: self.usm_user(keys)?, context: context.as_bytes().to_vec() }
            }
        })
    }

    fn usm_user(&self, keys: &KeyCache) -> Result<UsmUser, CredentialsError> {
        let Self::V3 { user, auth, privacy, .. } = self else {
            return Err(CredentialsError::UserName(String::new()));
        };
        usm_user(keys, user, auth.as_ref(), privacy.as_ref())
    }
}

/// A user with the keys of their passwords.
pub(super) fn usm_user(
    keys: &KeyCache,
    user: &str,
    auth: Option<&(AuthProtocol, Secret)>,
    privacy: Option<&(PrivProtocol, Secret)>,
) -> Result<UsmUser, CredentialsError> {
    if !(1..=32).contains(&user.len()) {
        return Err(CredentialsError::UserName(user.to_owned()));
    }
    let Some((auth_protocol, password)) = auth else {
        return match privacy {
            Some(_) => Err(CredentialsError::PrivacyWithoutAuth(user.to_owned())),
            None => Ok(UsmUser::without_keys(user.as_bytes())),
        };
    };
    let key = |secret: &Secret, which| {
        keys.master_key(*auth_protocol, secret.expose())
            .map_err(|_| CredentialsError::PasswordTooShort(which, user.to_owned()))
    };
    let auth_key = key(password, "authentication")?;
    let privacy_key = match privacy {
        Some((protocol, password)) => Some((*protocol, key(password, "privacy")?)),
        None => None,
    };
    Ok(UsmUser::with_keys(user.as_bytes(), auth_key, privacy_key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v3(auth: Option<&str>, privacy: Option<&str>) -> Credentials {
        Credentials::V3 {
            user: "watch".into(),
            auth: auth.map(|text| (AuthProtocol::Sha256, text.into())),
            privacy: privacy.map(|text| (PrivProtocol::Aes256Blumenthal, text.into())),
            context: String::new(),
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown =
            format!("{:?} {:?}", v3(Some("open sesame"), Some("close sesame")), Secret::new("sesame"));
        assert!(!shown.contains("sesame"), "{shown}");
        let keys = KeyCache::default();
        let shown = format!("{:?}", v3(Some("open sesame"), Some("close sesame")).security(&keys).unwrap());
        assert!(!shown.contains("sesame"), "{shown}");
        let community = Credentials::V2c { community: "sesame".into() };
        assert!(!format!("{community:?} {:?}", community.security(&keys).unwrap()).contains("sesame"));
    }

    #[test]
    fn the_vault_gets_back_what_it_sealed() {
        let all = [
            Credentials::V1 { community: "a".into() },
            Credentials::V2c { community: "b".into() },
            v3(None, None),
            v3(Some("password"), None),
            v3(Some("password"), Some("wordpass")),
        ];
        for credentials in all {
            let text = serde_json::to_string(&credentials).unwrap();
            assert_eq!(serde_json::from_str::<Credentials>(&text).unwrap(), credentials, "{text}");
        }
    }

    #[test]
    fn unusable_credentials_say_why() {
        let keys = KeyCache::default();
        let reason = |credentials: Credentials| credentials.security(&keys).unwrap_err().to_string();
        assert_eq!(
            reason(v3(Some("short"), None)),
            "the authentication password of SNMPv3 user 'watch' is shorter than 8 characters"
        );
        assert!(reason(v3(Some("long enough"), Some("short"))).contains("privacy password"));
        assert!(reason(v3(None, Some("long enough"))).contains("no authentication password"));
    }
}
