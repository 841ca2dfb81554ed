//! Keys from passwords (RFC 3414 appendix A.2) and their localisation (section 2.6), kept so that the
//! hash of 1 MiB is made once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::auth::{AuthKey, AuthProtocol};
use super::privacy::{Extension, PrivKey, PrivProtocol};

/// Octets of repeated password that the key is the hash of.
const STRETCHED_OCTETS: usize = 1_048_576;
/// RFC 3414 section 11.2: a password is at least eight characters long.
const MIN_PASSWORD_OCTETS: usize = 8;
/// Engines for which a key's extension is kept; beyond that all are forgotten.
const MAX_EXTENDED: usize = 16_384;

/// A password under eight characters (RFC 3414 section 11.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password is shorter than {MIN_PASSWORD_OCTETS} characters")]
pub struct PasswordTooShort;

/// Ku: a key made from a password, not yet bound to an engine.
pub struct MasterKey {
    protocol: AuthProtocol,
    ku: Zeroizing<Vec<u8>>,
    /// Second parts of Reeder's extension by engine: each costs a hash of 1 MiB.
    extended: Mutex<KeyParts>,
}

/// Parts of keys by engine id.
type KeyParts = HashMap<Box<[u8]>, Zeroizing<Vec<u8>>>;

impl MasterKey {
    /// RFC 3414 appendix A.2: hashes 1 MiB, some milliseconds of CPU.
    pub fn from_password(protocol: AuthProtocol, password: &[u8]) -> Result<Self, PasswordTooShort> {
        if password.len() < MIN_PASSWORD_OCTETS {
            return Err(PasswordTooShort);
        }
        Ok(Self { protocol, ku: stretch(protocol, password), extended: Mutex::default() })
    }

    /// The authentication key for `engine_id`.
    pub fn auth_key(&self, engine_id: &[u8]) -> AuthKey {
        AuthKey::new(self.protocol, &self.localised(engine_id))
    }

    /// The privacy key for `engine_id`; None only if it could not be made as long as it must be.
    pub fn priv_key(&self, protocol: PrivProtocol, engine_id: &[u8]) -> Option<PrivKey> {
        let mut key = self.localised(engine_id);
        while key.len() < protocol.key_octets() {
            let more = match protocol.extension() {
                // Kul = Kul || H(Kul), as often as need be.
                Extension::Blumenthal => self.protocol.hash(&[&key]),
                Extension::Reeder => self.second_part(&key, engine_id),
            };
            key.extend_from_slice(&more);
        }
        PrivKey::new(protocol, &key)
    }

    /// Kul = H(Ku || snmpEngineID || Ku), RFC 3414 section 2.6.
    fn localised(&self, engine_id: &[u8]) -> Zeroizing<Vec<u8>> {
        self.protocol.hash(&[&self.ku, engine_id, &self.ku])
    }

    /// The localised key taken as a password again. Its length never needs a third part: 20 octets and
    /// 20 more are above 32.
    fn second_part(&self, kul: &[u8], engine_id: &[u8]) -> Zeroizing<Vec<u8>> {
        let known = |map: &KeyParts| map.get(engine_id).cloned();
        if let Some(part) = known(&self.extended.lock().unwrap_or_else(PoisonError::into_inner)) {
            return part;
        }
        let ku = stretch(self.protocol, kul);
        let part = self.protocol.hash(&[&ku, engine_id, &ku]);
        let mut extended = self.extended.lock().unwrap_or_else(PoisonError::into_inner);
        if extended.len() >= MAX_EXTENDED {
            extended.clear();
        }
        extended.insert(engine_id.into(), part.clone());
        part
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

/// The hash of `password` repeated to 1 MiB.
fn stretch(protocol: AuthProtocol, password: &[u8]) -> Zeroizing<Vec<u8>> {
    if password.is_empty() {
        return protocol.hash(&[]);
    }
    // A block that holds the password a whole number of times can itself be repeated.
    let block = Zeroizing::new(password.repeat(4_096_usize.div_ceil(password.len())));
    let whole = STRETCHED_OCTETS / block.len();
    let mut parts = vec![block.as_slice(); whole];
    parts.extend(block.get(..STRETCHED_OCTETS % block.len()));
    protocol.hash(&parts)
}

#[derive(PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
struct Password(Vec<u8>);

/// Master keys by password, so that a thousand agents with the same credentials cost one hash.
#[derive(Default)]
pub struct KeyCache {
    keys: Mutex<HashMap<(AuthProtocol, Password), Arc<MasterKey>>>,
}

impl KeyCache {
    /// Passwords kept; beyond that all are forgotten.
    const MAX_KEYS: usize = 4_096;

    /// The key of a password, made if it is not known yet.
    pub fn master_key(
        &self,
        protocol: AuthProtocol,
        password: &[u8],
    ) -> Result<Arc<MasterKey>, PasswordTooShort> {
        let name = (protocol, Password(password.to_vec()));
        if let Some(key) = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(MasterKey::from_password(protocol, password)?);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= Self::MAX_KEYS {
            keys.clear();
        }
        Ok(Arc::clone(keys.entry(name).or_insert(key)))
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// RFC 3414 appendix A.3.2.
    #[test]
    fn sha1_key_as_rfc_3414_says() {
        let key = MasterKey::from_password(AuthProtocol::Sha1, b"maplesyrup").unwrap();
        assert_eq!(hex(&key.ku), "9fb5cc0381497b3793528939ff788d5d79145211");
        assert_eq!(hex(&key.localised(&ENGINE)), "6695febc9288e36282235fc7151f128497b38f3f");
    }

    /// draft-reeder-snmpv3-usm-3desede appendix B.2 (the chained key of the same password).
    #[test]
    fn reeder_extension_as_its_draft_says() {
        let key = MasterKey::from_password(AuthProtocol::Sha1, b"maplesyrup").unwrap();
        let first = key.localised(&ENGINE);
        let second = key.second_part(&first, &ENGINE);
        assert_eq!(hex(&second), "9b8b6d78936ba6e7d19dfd9cd2d5065547743fb5");
        assert_eq!(key.extended.lock().unwrap().len(), 1, "kept for the next message");
    }

    #[test]
    fn a_short_password_is_refused() {
        assert_eq!(MasterKey::from_password(AuthProtocol::Sha256, b"1234567").err(), Some(PasswordTooShort));
    }

    #[test]
    fn the_cache_makes_a_key_once() {
        let cache = KeyCache::default();
        let first = cache.master_key(AuthProtocol::Sha256, b"correct horse").unwrap();
        let again = cache.master_key(AuthProtocol::Sha256, b"correct horse").unwrap();
        let other = cache.master_key(AuthProtocol::Sha512, b"correct horse").unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &other));
    }
}
