//! Sealed values: AES-256-GCM with everything in front that is needed to open them but the key.
//!
//! Version (1), key id (4 octets big-endian), nonce (12), ciphertext and tag (16). Authenticated with
//! it: the header, the purpose and the caller's associated data, each preceded by its length, so that a
//! value cannot be moved to another row or another use.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::VaultError;
use crate::keyring::Key;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4;

/// Octets that only the vault can open; they may be stored and backed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// For the database.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// As stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key that it needs; None where these are no sealed octets.
    pub(crate) fn key_id(&self) -> Option<u32> {
        let (version, rest) = self.0.split_first()?;
        let (key_id, _) = rest.split_first_chunk::<4>()?;
        (*version == VERSION).then(|| u32::from_be_bytes(*key_id))
    }
}

/// How everything begins that is sealed under a key.
pub(crate) fn header(key_id: u32) -> [u8; HEADER] {
    let mut header = [VERSION; HEADER];
    header[1..].copy_from_slice(&key_id.to_be_bytes());
    header
}

impl From<Vec<u8>> for Sealed {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Seals under `key`. A nonce must not be used twice with the same key: callers pass a random one, of
/// which 2^32 are safe (NIST SP 800-38D section 8.3).
pub(crate) fn seal(
    key: &Key,
    key_id: u32,
    nonce: [u8; NONCE_LEN],
    purpose: &str,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Sealed, VaultError> {
    let mut bytes = Vec::with_capacity(HEADER + NONCE_LEN + plaintext.len() + AES_256_GCM.tag_len());
    bytes.extend(header(key_id));
    let aad = Aad::from(bound(&bytes, purpose, aad));
    bytes.extend(nonce);
    let mut content = Zeroizing::new(plaintext.to_vec());
    let tag = cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, content.as_mut_slice())
        .map_err(|_| VaultError::Crypto("sealing"))?;
    bytes.extend_from_slice(&content);
    bytes.extend_from_slice(tag.as_ref());
    Ok(Sealed(bytes))
}

/// Opens what was sealed under `key` for the same purpose and associated data.
pub(crate) fn open(
    key: &Key,
    purpose: &str,
    aad: &[u8],
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (header, rest) = sealed.0.split_at_checked(HEADER).ok_or(VaultError::NotSealed)?;
    let (nonce, content) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::NotSealed)?;
    let aad = Aad::from(bound(header, purpose, aad));
    let mut content = Zeroizing::new(content.to_vec());
    let length = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, content.as_mut_slice())
        .map_err(|_| VaultError::Altered { purpose: purpose.to_owned() })?
        .len();
    content.truncate(length);
    Ok(content)
}

fn cipher(key: &Key) -> Result<LessSafeKey, VaultError> {
    let key =
        UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| VaultError::Crypto("making a key"))?;
    Ok(LessSafeKey::new(key))
}

fn bound(header: &[u8], purpose: &str, aad: &[u8]) -> Vec<u8> {
    let mut bound = header.to_vec();
    for part in [purpose.as_bytes(), aad] {
        bound.extend((part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [1; 32];

    fn key() -> Key {
        Zeroizing::new(KEY)
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
            aad in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let sealed = seal(&key(), 5, [2; NONCE_LEN], "test", &aad, &plaintext).unwrap();
            prop_assert_eq!(sealed.key_id(), Some(5));
            let opened = open(&key(), "test", &aad, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        }

        #[test]
        fn any_altered_bit_is_noticed(at in 0_usize..1_000, bit in 0_u8..8) {
            let mut bytes = seal(&key(), 5, [2; NONCE_LEN], "test", b"row 1", b"secret").unwrap().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(open(&key(), "test", b"row 1", &bytes.into()).is_err());
        }

        #[test]
        fn any_octets_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let sealed = Sealed::from(bytes);
            let _ = sealed.key_id();
            prop_assert!(open(&key(), "test", b"", &sealed).is_err());
        }
    }

    #[test]
    fn another_purpose_row_or_key_opens_nothing() {
        let sealed = seal(&key(), 1, [3; NONCE_LEN], "credential", b"row 1", b"secret").unwrap();
        assert!(!sealed.as_bytes().windows(6).any(|window| window == b"secret"));
        open(&key(), "credential", b"row 1", &sealed).unwrap();
        for (key, purpose, aad) in [
            (key(), "credential", b"row 2".as_slice()),
            (key(), "signing", b"row 1"),
            (key(), "credentialr", b"ow 1"),
            (Zeroizing::new([9; 32]), "credential", b"row 1"),
        ] {
            let refused = open(&key, purpose, aad, &sealed);
            assert!(matches!(refused, Err(VaultError::Altered { .. })), "{purpose} {aad:?}");
        }
    }
}
