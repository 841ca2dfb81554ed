//! Secrets that machines carry: API tokens and session ids. 256 random bits, stored as SHA-256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What a secret is for; its text says so, so that leaked ones can be found and told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// `nwt_...`
    Token,
    /// `nws_...`
    Session,
}

impl SecretKind {
    /// What the text begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            SecretKind::Token => "nwt_",
            SecretKind::Session => "nws_",
        }
    }
}

/// SHA-256 of a secret's text; all that is stored. The secret has 256 random bits, so that a plain
/// hash cannot be searched back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest(pub(crate) [u8; 32]);

/// The text of a new secret, to be shown once, from fresh randomness.
pub fn make(kind: SecretKind, random: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(random)))
}

/// The digest by which a presented secret is looked up; None for what cannot be one.
pub fn digest(kind: SecretKind, presented: &str) -> Option<SecretDigest> {
    let body = presented.strip_prefix(kind.prefix())?;
    let octets = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).ok()?);
    (octets.len() == 32).then(|| SecretDigest(Sha256::digest(presented.as_bytes()).into()))
}
