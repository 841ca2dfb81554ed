//! Signed notes as C2SP `signed-note` defines them, with Ed25519 keys (signature type 0x01).
//!
//! A note is a text that ends with a line feed, an empty line, and one line a signature:
//! `— <key name> <base64 of key id (4 octets) and signature>`.

use std::fmt;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const ED25519_TYPE: u8 = 0x01;
const SIGNATURE_MARK: &str = "\u{2014} ";
/// More signatures than this on one note are refused unread.
const MAX_SIGNATURES: usize = 64;
/// Larger notes are refused unread; a checkpoint has some 200 octets.
const MAX_NOTE: usize = 1 << 20;

/// Who signs: the private key lies outside (in the vault), only its use is lent.
pub trait Signer: Send + Sync {
    /// Name of the key, `netwarden/<node>`.
    fn key_name(&self) -> &str;
    /// Ed25519 public key (RFC 8032 section 5.1.5).
    fn public_key(&self) -> [u8; 32];
    /// Ed25519 signature over `message` (RFC 8032 section 5.1.6).
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// The key could not be used.
#[derive(Debug, thiserror::Error)]
#[error("the signing key {key} cannot be used: {reason}")]
pub struct SignError {
    /// Name of the key.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// Why a note is not trusted or not even one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It does not have a note's form.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// A key's name with a blank, a plus sign or nothing in it.
    #[error("'{0}' cannot name a key: it must not be empty nor hold blanks or '+'")]
    KeyName(String),
    /// A verifier key's text that does not hold together.
    #[error("not a verifier key: {0}")]
    Key(&'static str),
    /// No signature of the wanted key.
    #[error("the note is not signed by the key {0}")]
    Unsigned(String),
    /// The wanted key's signature does not fit the text.
    #[error("the signature of the key {0} does not fit the note")]
    Signature(String),
}

/// A named Ed25519 public key; its text is a C2SP verifier key `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    key: [u8; 32],
}

impl VerifyingKey {
    /// From its name and the 32 octets of the public key.
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(NoteError::KeyName(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// The public half of what a signer signs with.
    pub fn of(signer: &dyn Signer) -> Result<Self, NoteError> {
        Self::new(signer.key_name(), signer.public_key())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The first four octets of SHA-256(name || 0x0a || 0x01 || key).
    pub fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', ED25519_TYPE]);
        hasher.update(self.key);
        let [a, b, c, d, ..]: [u8; 32] = hasher.finalize().into();
        [a, b, c, d]
    }

    /// Verifies the note's signature by this key and returns its text, line feed included.
    /// Signatures by other keys are passed over, as the specification asks.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note)?;
        let mut verdict = Err(NoteError::Unsigned(self.name.clone()));
        for line in signatures {
            let (name, id, signature) = signature_line(line)?;
            if name != self.name || id != self.id() {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, &self.key)
                .verify(text.as_bytes(), &signature)
                .map_err(|_| NoteError::Signature(self.name.clone()))?;
            verdict = Ok(text);
        }
        verdict
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed = vec![ED25519_TYPE];
        typed.extend_from_slice(&self.key);
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(typed))
    }
}

impl std::str::FromStr for VerifyingKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("name, hash and key are divided by '+'"));
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key("the key is not base64"))?;
        let Some((&ED25519_TYPE, key)) = key.split_first() else {
            return Err(NoteError::Key("the key is not of the type Ed25519"));
        };
        let key = key.try_into().map_err(|_| NoteError::Key("an Ed25519 key has 32 octets"))?;
        let verifier = Self::new(name, key)?;
        if format!("{:08x}", u32::from_be_bytes(verifier.id())) != id {
            return Err(NoteError::Key("the hash does not fit name and key"));
        }
        Ok(verifier)
    }
}

/// Why a text was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The text or the key's name cannot stand in a note.
    #[error("the text cannot be signed as a note")]
    Note(#[from] NoteError),
    /// The key refused.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Signs `text`, which must end with a line feed, and returns the note.
pub fn seal(text: &str, signer: &dyn Signer) -> Result<String, SealError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Form("the text does not end with a line feed").into());
    }
    if text.chars().any(|c| c != '\n' && c.is_control()) {
        return Err(NoteError::Form("the text holds control characters").into());
    }
    let key = VerifyingKey::of(signer)?;
    let mut line = key.id().to_vec();
    line.extend_from_slice(&signer.sign(text.as_bytes())?);
    Ok(format!("{text}\n{SIGNATURE_MARK}{} {}\n", key.name(), STANDARD.encode(line)))
}

/// The text and the signature lines of a note, unverified.
fn split(note: &str) -> Result<(&str, impl Iterator<Item = &str>), NoteError> {
    if note.len() > MAX_NOTE {
        return Err(NoteError::Form("it is larger than 1 MiB"));
    }
    if note.chars().any(|c| c != '\n' && c.is_control()) {
        return Err(NoteError::Form("it holds control characters"));
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Form("no empty line before the signatures"))?;
    let (text, rest) = note.split_at_checked(at + 1).ok_or(NoteError::Form("no text"))?;
    let signatures = rest
        .strip_prefix('\n')
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or(NoteError::Form("the last signature does not end with a line feed"))?;
    if signatures.lines().count() > MAX_SIGNATURES {
        return Err(NoteError::Form("it has more than 64 signatures"));
    }
    Ok((text, signatures.split('\n')))
}

/// Key name, key id and signature of one line.
fn signature_line(line: &str) -> Result<(&str, [u8; 4], Vec<u8>), NoteError> {
    let body = line.strip_prefix(SIGNATURE_MARK).ok_or(NoteError::Form("a signature begins with a dash"))?;
    let (name, encoded) = body.split_once(' ').ok_or(NoteError::Form("a signature has no key name"))?;
    let octets = STANDARD.decode(encoded).map_err(|_| NoteError::Form("a signature is not base64"))?;
    let (id, signature) =
        octets.split_first_chunk::<4>().ok_or(NoteError::Form("a signature has no key id"))?;
    if name.is_empty() || signature.is_empty() {
        return Err(NoteError::Form("a signature is empty"));
    }
    Ok((name, *id, signature.to_vec()))
}
