//! How passwords are kept: PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2) or Argon2id (RFC 9106), never
//! readable again (IAM-16).
//!
//! Encoded forms, salt and hash in base64 without padding:
//!
//! ```text
//! $pbkdf2-sha256$v=1$i=<iterations>$<salt>$<hash>
//! $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Fewest iterations of PBKDF2 that are accepted (IAM-16).
pub const MIN_ITERATIONS: u32 = 10_000;
/// Most iterations that are accepted, so that a planted row cannot keep a core busy for minutes.
pub const MAX_ITERATIONS: u32 = 10_000_000;
/// Iterations of new hashes (OWASP's advice for HMAC-SHA256).
pub const DEFAULT_ITERATIONS: u32 = 600_000;
/// Most octets of a password; more are refused before any work is done with them.
pub const MAX_OCTETS: usize = 1024;
/// Memory of Argon2id in KiB: from OWASP's least with several passes to what a planted row may take.
const MEMORY: std::ops::RangeInclusive<u32> = 7_168..=262_144;
/// Passes of Argon2id.
const PASSES: std::ops::RangeInclusive<u32> = 1..=16;
/// Lanes of Argon2id.
const LANES: std::ops::RangeInclusive<u32> = 1..=4;

const PBKDF2: &str = "$pbkdf2-sha256$v=1$";
const ARGON2ID: &str = "$argon2id$v=19$";

/// What a hash was, or is to be, made with. Its text is `pbkdf2-sha256,i=600000` or
/// `argon2id,m=19456,t=2,p=1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Params {
    /// PBKDF2-HMAC-SHA256.
    Pbkdf2(Iterations),
    /// Argon2id.
    Argon2id(Cost),
}

/// Iterations of PBKDF2, [`MIN_ITERATIONS`] to [`MAX_ITERATIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Iterations(u32);

/// The cost of Argon2id, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// PBKDF2 with [`MIN_ITERATIONS`] to [`MAX_ITERATIONS`] iterations.
    pub fn new(iterations: u32) -> Result<Self, PasswordError> {
        if (MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            Ok(Self::Pbkdf2(Iterations(iterations)))
        } else {
            Err(PasswordError::Iterations(iterations))
        }
    }

    /// Argon2id with so many KiB of memory, passes and lanes.
    pub fn argon2id(memory: u32, passes: u32, lanes: u32) -> Result<Self, PasswordError> {
        if MEMORY.contains(&memory) && PASSES.contains(&passes) && LANES.contains(&lanes) {
            Ok(Self::Argon2id(Cost { memory, passes, lanes }))
        } else {
            Err(PasswordError::Cost { memory, passes, lanes })
        }
    }

    /// Argon2id as OWASP advises it: 19 MiB, two passes, one lane.
    pub const fn usual_argon2id() -> Self {
        Self::Argon2id(Cost { memory: 19_456, passes: 2, lanes: 1 })
    }

    /// `pbkdf2-sha256` or `argon2id`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Pbkdf2(_) => "pbkdf2-sha256",
            Self::Argon2id(_) => "argon2id",
        }
    }

    /// The iterations of PBKDF2; None for Argon2id.
    pub const fn iterations(self) -> Option<u32> {
        match self {
            Self::Pbkdf2(Iterations(iterations)) => Some(iterations),
            Self::Argon2id(_) => None,
        }
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::Pbkdf2(Iterations(DEFAULT_ITERATIONS))
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pbkdf2(Iterations(iterations)) => write!(f, "{},i={iterations}", self.kind()),
            Self::Argon2id(Cost { memory, passes, lanes }) => {
                write!(f, "{},m={memory},t={passes},p={lanes}", self.kind())
            }
        }
    }
}

impl FromStr for Params {
    type Err = PasswordError;

    /// A kind alone is one with its usual cost.
    fn from_str(text: &str) -> Result<Self, PasswordError> {
        let wrong = || PasswordError::Kind(text.chars().take(64).collect());
        match text.split_once(',') {
            None if text == Self::default().kind() => Ok(Self::default()),
            None if text == Self::usual_argon2id().kind() => Ok(Self::usual_argon2id()),
            Some(("pbkdf2-sha256", cost)) => Self::new(number(cost, "i=").ok_or_else(wrong)?),
            Some(("argon2id", cost)) => cost_of(cost).unwrap_or_else(|| Err(wrong())),
            _ => Err(wrong()),
        }
    }
}

/// A number behind its name, without sign and blanks.
fn number(text: &str, name: &str) -> Option<u32> {
    let digits = text.strip_prefix(name)?;
    digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// `m=…,t=…,p=…`; None where it is something else.
fn cost_of(text: &str) -> Option<Result<Params, PasswordError>> {
    let mut parts = text.split(',');
    let (memory, passes, lanes) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some(Params::argon2id(number(memory, "m=")?, number(passes, "t=")?, number(lanes, "p=")?))
}

/// What is wrong with a stored hash, or with what one is to be made with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too few or too many iterations.
    #[error("{0} iterations are outside {MIN_ITERATIONS} to {MAX_ITERATIONS}")]
    Iterations(u32),
    /// Argon2id would cost too little or too much.
    #[error(
        "Argon2id takes 7168 to 262144 KiB of memory, 1 to 16 passes and 1 to 4 lanes, \
         not m={memory},t={passes},p={lanes}"
    )]
    Cost {
        /// KiB.
        memory: u32,
        /// Passes.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// Something else than the two kinds of hashes.
    #[error("'{0}' is no way to hash passwords: pbkdf2-sha256,i=600000 and argon2id,m=19456,t=2,p=1 are")]
    Kind(String),
    /// Argon2id needs more memory than there is.
    #[error("there is not enough memory to hash a password")]
    Memory,
    /// The stored text is no hash that this release knows.
    #[error("the stored password hash cannot be read: {0}")]
    Encoding(&'static str),
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
    ///
    /// # Errors
    /// [`PasswordError::Memory`]: Argon2id needs more than there is.
    pub fn make(password: &str, salt: [u8; 16], params: Params) -> Result<Self, PasswordError> {
        let hash = derive(password, &salt, params).ok_or(PasswordError::Memory)?;
        Ok(Self { params, salt, hash })
    }

    /// A hash that no password has, to spend the same time on users who do not exist (IAM-14).
    pub const fn dummy(params: Params) -> Self {
        Self { params, salt: [0; 16], hash: [0; 32] }
    }

    /// True where `password` is the one; takes the same time either way.
    pub fn verify(&self, password: &str) -> bool {
        let Some(found) = derive(password, &self.salt, self.params).map(Zeroizing::new) else { return false };
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
        match self.params {
            Params::Pbkdf2(Iterations(iterations)) => format!("{PBKDF2}i={iterations}${salt}${hash}"),
            Params::Argon2id(Cost { memory, passes, lanes }) => {
                format!("{ARGON2ID}m={memory},t={passes},p={lanes}${salt}${hash}")
            }
        }
    }

    /// Reads the store's text.
    pub fn decode(text: &str) -> Result<Self, PasswordError> {
        let wrong = PasswordError::Encoding;
        let (is_pbkdf2, rest) = match (text.strip_prefix(PBKDF2), text.strip_prefix(ARGON2ID)) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(wrong("its kind or version is unknown")),
        };
        let mut parts = rest.split('$');
        let (Some(cost), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("it does not have three parts"));
        };
        let params = if is_pbkdf2 {
            Params::new(number(cost, "i=").ok_or(wrong("the iterations are no number"))?)?
        } else {
            cost_of(cost).ok_or(wrong("the cost is not m=,t=,p="))??
        };
        let octets = |part: &str| STANDARD_NO_PAD.decode(part).map_err(|_| wrong("it is not base64"));
        Ok(Self {
            params,
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

fn derive(password: &str, salt: &[u8; 16], params: Params) -> Option<[u8; 32]> {
    // A password beyond the limit is never hashed: its beginning stands in, so that refusing it
    // takes the same time, and `verify` refuses it whatever the hash.
    let octets = password.as_bytes();
    let octets = octets.get(..MAX_OCTETS).unwrap_or(octets);
    match params {
        Params::Pbkdf2(Iterations(iterations)) => {
            Some(pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(octets, salt, iterations))
        }
        Params::Argon2id(cost) => argon2id(octets, salt, cost),
    }
}

/// None where there is not enough memory; costs are within bounds, so that nothing else can be wrong.
fn argon2id(octets: &[u8], salt: &[u8; 16], Cost { memory, passes, lanes }: Cost) -> Option<[u8; 32]> {
    use argon2::{Algorithm, Argon2, Version};

    let mut hash = [0; 32];
    let params = argon2::Params::new(memory, passes, lanes, Some(hash.len())).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(octets, salt, &mut hash).ok()?;
    Some(hash)
}
