//! Authentication protocols: HMAC-SHA-96 (RFC 3414 section 7) and HMAC-SHA-2 (RFC 7860).

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::UnknownProtocol;

/// How messages are authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AuthProtocol {
    /// usmHMACSHAAuthProtocol: SHA-1, 96 bits. For old gear.
    #[serde(rename = "sha1")]
    Sha1,
    /// usmHMAC128SHA224AuthProtocol.
    #[serde(rename = "sha224")]
    Sha224,
    /// usmHMAC192SHA256AuthProtocol.
    #[serde(rename = "sha256")]
    Sha256,
    /// usmHMAC256SHA384AuthProtocol.
    #[serde(rename = "sha384")]
    Sha384,
    /// usmHMAC384SHA512AuthProtocol.
    #[serde(rename = "sha512")]
    Sha512,
}

impl AuthProtocol {
    /// All, weakest first.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Octets of msgAuthenticationParameters.
    pub const fn tag_octets(self) -> usize {
        match self {
            Self::Sha1 => 12,
            Self::Sha224 => 16,
            Self::Sha256 => 24,
            Self::Sha384 => 32,
            Self::Sha512 => 48,
        }
    }

    pub(crate) const fn zeros(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &[0; 12],
            Self::Sha224 => &[0; 16],
            Self::Sha256 => &[0; 24],
            Self::Sha384 => &[0; 32],
            Self::Sha512 => &[0; 48],
        }
    }

    /// The hash of `parts`, one after the other.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        fn run<D: Digest>(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
            let mut digest = D::new();
            for part in parts {
                digest.update(part);
            }
            Zeroizing::new(digest.finalize().to_vec())
        }
        match self {
            Self::Sha1 => run::<Sha1>(parts),
            Self::Sha224 => run::<Sha224>(parts),
            Self::Sha256 => run::<Sha256>(parts),
            Self::Sha384 => run::<Sha384>(parts),
            Self::Sha512 => run::<Sha512>(parts),
        }
    }

    /// The name used in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}

impl fmt::Display for AuthProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AuthProtocol {
    type Err = UnknownProtocol;

    /// Reads `sha256`, `SHA-256` and the like; `sha` is SHA-1.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.replace('-', "").to_ascii_lowercase();
        if plain == "sha" {
            return Ok(Self::Sha1);
        }
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.name() == plain)
            .ok_or_else(|| UnknownProtocol(text.to_owned(), "authentication"))
    }
}

/// The state of an HMAC with its key taken in, so that a message costs no hash of the key.
#[derive(Clone)]
enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

/// An authentication key localised to one engine.
#[derive(Clone)]
pub struct AuthKey {
    keyed: Box<Keyed>,
    protocol: AuthProtocol,
}

impl AuthKey {
    pub(super) fn new(protocol: AuthProtocol, key: &[u8]) -> Self {
        // HMAC takes keys of any length (RFC 2104): the default never comes to be.
        fn keyed<M: KeyInit>(key: &[u8]) -> M {
            M::new_from_slice(key).unwrap_or_else(|_| M::new(&Default::default()))
        }
        let keyed = match protocol {
            AuthProtocol::Sha1 => Keyed::Sha1(keyed(key)),
            AuthProtocol::Sha224 => Keyed::Sha224(keyed(key)),
            AuthProtocol::Sha256 => Keyed::Sha256(keyed(key)),
            AuthProtocol::Sha384 => Keyed::Sha384(keyed(key)),
            AuthProtocol::Sha512 => Keyed::Sha512(keyed(key)),
        };
        Self { keyed: Box::new(keyed), protocol }
    }

    /// The protocol the key is for.
    pub fn protocol(&self) -> AuthProtocol {
        self.protocol
    }

    /// The whole HMAC of `parts`, zero-filled to 64 octets.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; 64] {
        fn run<M: Mac>(mut mac: M, parts: &[&[u8]]) -> [u8; 64] {
            for part in parts {
                mac.update(part);
            }
            let mut digest = [0; 64];
            for (to, from) in digest.iter_mut().zip(mac.finalize().into_bytes()) {
                *to = from;
            }
            digest
        }
        match self.keyed.as_ref() {
            Keyed::Sha1(mac) => run(mac.clone(), parts),
            Keyed::Sha224(mac) => run(mac.clone(), parts),
            Keyed::Sha256(mac) => run(mac.clone(), parts),
            Keyed::Sha384(mac) => run(mac.clone(), parts),
            Keyed::Sha512(mac) => run(mac.clone(), parts),
        }
    }

    /// RFC 3414 section 6.3.2, RFC 7860 section 4.2.2: whether `tag`, which stands `offset` octets into
    /// `message`, is its digest. Takes the same time whether it is or not.
    pub fn verify(&self, message: &[u8], offset: usize, tag: &[u8]) -> bool {
        let length = self.protocol.tag_octets();
        if tag.len() != length {
            return false;
        }
        let (Some(before), Some(behind)) = (message.get(..offset), message.get(offset + length..)) else {
            return false;
        };
        let digest = self.digest(&[before, self.protocol.zeros(), behind]);
        digest.get(..length).is_some_and(|expected| expected.ct_eq(tag).into())
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthKey").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 section 3, case 1; RFC 4231 section 4.2.
    #[test]
    fn hmac_as_the_rfcs_say() {
        let cases = [
            (AuthProtocol::Sha1, "b617318655057264e28bc0b6"),
            (AuthProtocol::Sha224, "896fb1128abbdf196832107cd49df33f"),
            (AuthProtocol::Sha256, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da7"),
            (AuthProtocol::Sha384, "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"),
            (
                AuthProtocol::Sha512,
                "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4",
            ),
        ];
        for (protocol, expected) in cases {
            let digest = AuthKey::new(protocol, &[0x0b; 20]).digest(&[b"Hi ", b"There"]);
            let tag: String = digest[..protocol.tag_octets()].iter().map(|o| format!("{o:02x}")).collect();
            assert_eq!(tag, expected, "{protocol}");
        }
    }

    #[test]
    fn a_changed_octet_is_noticed() {
        for protocol in AuthProtocol::ALL {
            let key = AuthKey::new(protocol, b"some key of some length");
            let length = protocol.tag_octets();
            let mut message = vec![0x30; 10];
            message.extend(protocol.zeros());
            message.extend([0x31; 40]);
            let tag = key.digest(&[&message])[..length].to_vec();
            message[10..10 + length].copy_from_slice(&tag);
            assert!(key.verify(&message, 10, &tag));
            assert!(!key.verify(&message, 10, &tag[1..]));
            assert!(!key.verify(&message, 1_000, &tag));
            for at in (0..10).chain(10 + length..message.len()) {
                let mut changed = message.clone();
                changed[at] ^= 1;
                assert!(!key.verify(&changed, 10, &tag), "{protocol} octet {at}");
            }
            for at in 0..length {
                let mut wrong = tag.clone();
                wrong[at] ^= 1;
                assert!(!key.verify(&message, 10, &wrong), "{protocol} tag octet {at}");
            }
        }
    }

    #[test]
    fn names_are_read_in_their_usual_spellings() {
        assert_eq!("SHA".parse(), Ok(AuthProtocol::Sha1));
        assert_eq!("SHA-512".parse(), Ok(AuthProtocol::Sha512));
        assert!("MD5".parse::<AuthProtocol>().is_err());
    }
}
