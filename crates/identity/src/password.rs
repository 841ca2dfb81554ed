//! Passwords: PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2), never readable again.
//!
//! Encoded form: `$pbkdf2-sha256$v=1$i=<iterations>$<salt>$<hash>`, salt and hash in base64 without
//! padding.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Fewest iterations that are accepted (IAM-16).
pub const MIN_ITERATIONS: u32 = 10_000;
/// Most iterations that are accepted, so that a planted row cannot keep a core busy for minutes.
pub const MAX_ITERATIONS: u32 = 10_000_000;
/// Iterations of new hashes (OWASP's advice for HMAC-SHA256).
pub const DEFAULT_ITERATIONS: u32 = 600_000;
/// Fewest characters of a new password.
pub const MIN_CHARS: usize = 8;
/// Most octets of a password; more are refused before any work is done with them.
pub const MAX_OCTETS: usize = 1024;

const PREFIX: &str = "$pbkdf2-sha256$v=1$i=";
/// Letters and digits that are not taken for one another when read aloud or from a screen.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// What a hash was, or is to be, made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    iterations: u32,
}

impl Params {
    /// With [`MIN_ITERATIONS`] to [`MAX_ITERATIONS`] iterations.
    pub fn new(iterations: u32) -> Result<Self, PasswordError> {
        if (MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            Ok(Self { iterations })
        } else {
            Err(PasswordError::Iterations(iterations))
        }
    }

    /// The iterations.
    pub const fn iterations(self) -> u32 {
        self.iterations
    }
}

impl Default for Params {
    fn default() -> Self {
        Self { iterations: DEFAULT_ITERATIONS }
    }
}

/// What is wrong with a password or its stored hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too few or too many iterations.
    #[error("{0} iterations are outside {MIN_ITERATIONS} to {MAX_ITERATIONS}")]
    Iterations(u32),
    /// The stored text is no hash that this release knows.
    #[error("the stored password hash cannot be read: {0}")]
    Encoding(&'static str),
    /// A new password is too short.
    #[error("the password needs at least {MIN_CHARS} characters")]
    TooShort,
    /// A password is too long.
    #[error("the password has more than {MAX_OCTETS} octets")]
    TooLong,
    /// A new password is the user name.
    #[error("the password must not hold the user name")]
    HoldsUserName,
    /// A new password is the old one.
    #[error("the password must differ from the one before")]
    Unchanged,
}

/// A password's hash with its salt and parameters. `Debug` shows the parameters only.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    params: Params,
    salt: [u8; 16],
    hash: [u8; 32],
}

impl PasswordHash {
    /// Hashes `password` with 16 octets of fresh randomness. Takes a core for a good while: call it
    /// where that does no harm.
    pub fn make(password: &str, salt: [u8; 16], params: Params) -> Self {
        Self { params, salt, hash: derive(password, &salt, params) }
    }

    /// A hash that no password has, to spend the same time on users who do not exist (IAM-14).
    pub const fn dummy(params: Params) -> Self {
        Self { params, salt: [0; 16], hash: [0; 32] }
    }

    /// True where `password` is the one; takes the same time either way.
    pub fn verify(&self, password: &str) -> bool {
        let found = Zeroizing::new(derive(password, &self.salt, self.params));
        // The dummy's hash of all zeros is nobody's: finding a preimage of it is as hard as any.
        let same: bool = found.ct_eq(&self.hash).into();
        same && password.len() <= MAX_OCTETS
    }

    /// True where it was made with other parameters than are wanted now.
    pub fn needs_rehash(&self, wanted: Params) -> bool {
        self.params != wanted
    }

    /// What it was made with.
    pub const fn params(&self) -> Params {
        self.params
    }

    /// The text for the store.
    pub fn encode(&self) -> String {
        let salt = STANDARD_NO_PAD.encode(self.salt);
        let hash = STANDARD_NO_PAD.encode(self.hash);
        format!("{PREFIX}{}${salt}${hash}", self.params.iterations)
    }

    /// Reads the store's text.
    pub fn decode(text: &str) -> Result<Self, PasswordError> {
        let wrong = PasswordError::Encoding;
        let rest = text.strip_prefix(PREFIX).ok_or(wrong("its kind or version is unknown"))?;
        let mut parts = rest.split('$');
        let (Some(iterations), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("it does not have three parts"));
        };
        let iterations = iterations.parse().map_err(|_| wrong("the iterations are no number"))?;
        let octets = |part: &str| STANDARD_NO_PAD.decode(part).map_err(|_| wrong("it is not base64"));
        Ok(Self {
            params: Params::new(iterations)?,
            salt: octets(salt)?.try_into().map_err(|_| wrong("the salt does not have 16 octets"))?,
            hash: octets(hash)?.try_into().map_err(|_| wrong("the hash does not have 32 octets"))?,
        })
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("params", &self.params).finish_non_exhaustive()
    }
}

/// What every new password must keep to.
pub fn check_new(password: &str, user_name: &str) -> Result<(), PasswordError> {
    if password.len() > MAX_OCTETS {
        return Err(PasswordError::TooLong);
    }
    if password.chars().count() < MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    if !user_name.is_empty() && password.to_lowercase().contains(&user_name.to_lowercase()) {
        return Err(PasswordError::HoldsUserName);
    }
    Ok(())
}

/// A one-time password from fresh randomness: four groups of five characters, 100 bits.
pub fn one_time(random: &[u8; 20]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(23));
    for (at, octet) in random.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32, so the remainder favours no character.
        if let Some(character) = READABLE.get(usize::from(octet % 32)) {
            text.push(char::from(*character));
        }
    }
    text
}

fn derive(password: &str, salt: &[u8; 16], params: Params) -> [u8; 32] {
    // A password beyond the limit is never hashed: its beginning stands in, so that refusing it
    // takes the same time, and `verify` refuses it whatever the hash.
    let octets = password.as_bytes();
    let octets = octets.get(..MAX_OCTETS).unwrap_or(octets);
    pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(octets, salt, params.iterations)
}
