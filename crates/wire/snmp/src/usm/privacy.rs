//! Privacy protocols: CFB128-AES-128 (RFC 3826) and AES-192 and AES-256 in the same way
//! (draft-blumenthal-aes-usm-04), with both ways in use to stretch a key.

use std::fmt;
use std::str::FromStr;

use aes::cipher::InnerIvInit;
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use hmac::KeyInit;
use serde::{Deserialize, Serialize};

use super::UnknownProtocol;

/// How messages are encrypted, and how a localised key too short for it is extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PrivProtocol {
    /// usmAesCfb128Protocol (RFC 3826).
    #[serde(rename = "aes128")]
    Aes128,
    /// AES-192, key extended as draft-blumenthal-aes-usm-04 section 3.1.2.1 says.
    #[serde(rename = "aes192")]
    Aes192Blumenthal,
    /// AES-256, key extended as draft-blumenthal-aes-usm-04 section 3.1.2.1 says.
    #[serde(rename = "aes256")]
    Aes256Blumenthal,
    /// AES-192, key extended as draft-reeder-snmpv3-usm-3desede section 2.1 says (Cisco's).
    #[serde(rename = "aes192-reeder")]
    Aes192Reeder,
    /// AES-256, key extended as draft-reeder-snmpv3-usm-3desede section 2.1 says (Cisco's).
    #[serde(rename = "aes256-reeder")]
    Aes256Reeder,
}

/// How a localised key is made longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    Blumenthal,
    Reeder,
}

impl PrivProtocol {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Aes128,
        Self::Aes192Blumenthal,
        Self::Aes256Blumenthal,
        Self::Aes192Reeder,
        Self::Aes256Reeder,
    ];

    /// Octets of the key.
    pub const fn key_octets(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192Blumenthal | Self::Aes192Reeder => 24,
            Self::Aes256Blumenthal | Self::Aes256Reeder => 32,
        }
    }

    pub(super) const fn extension(self) -> Extension {
        match self {
            Self::Aes128 | Self::Aes192Blumenthal | Self::Aes256Blumenthal => Extension::Blumenthal,
            Self::Aes192Reeder | Self::Aes256Reeder => Extension::Reeder,
        }
    }

    /// The name used in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128 => "aes128",
            Self::Aes192Blumenthal => "aes192",
            Self::Aes256Blumenthal => "aes256",
            Self::Aes192Reeder => "aes192-reeder",
            Self::Aes256Reeder => "aes256-reeder",
        }
    }
}

impl fmt::Display for PrivProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PrivProtocol {
    type Err = UnknownProtocol;

    /// Reads `aes256`, `AES-256` and, for Reeder's extension, `aes256-reeder`, `AES-256-C`, `aes256c`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.replace('-', "").to_ascii_lowercase().as_str() {
            "aes" | "aes128" => Self::Aes128,
            "aes192" => Self::Aes192Blumenthal,
            "aes256" => Self::Aes256Blumenthal,
            "aes192reeder" | "aes192c" => Self::Aes192Reeder,
            "aes256reeder" | "aes256c" => Self::Aes256Reeder,
            _ => return Err(UnknownProtocol(text.to_owned(), "privacy")),
        })
    }
}

#[derive(Clone)]
enum Cipher {
    Aes128(Aes128Enc),
    Aes192(Aes192Enc),
    Aes256(Aes256Enc),
}

/// A privacy key localised to one engine, its round keys made.
#[derive(Clone)]
pub struct PrivKey {
    cipher: Box<Cipher>,
    protocol: PrivProtocol,
}

impl PrivKey {
    /// `key` is at least [`PrivProtocol::key_octets`] long; only these octets are used. None where it
    /// is shorter.
    pub(super) fn new(protocol: PrivProtocol, key: &[u8]) -> Option<Self> {
        let key = key.get(..protocol.key_octets())?;
        let cipher = match protocol {
            PrivProtocol::Aes128 => Cipher::Aes128(Aes128Enc::new_from_slice(key).ok()?),
            PrivProtocol::Aes192Blumenthal | PrivProtocol::Aes192Reeder => {
                Cipher::Aes192(Aes192Enc::new_from_slice(key).ok()?)
            }
            PrivProtocol::Aes256Blumenthal | PrivProtocol::Aes256Reeder => {
                Cipher::Aes256(Aes256Enc::new_from_slice(key).ok()?)
            }
        };
        Some(Self { cipher: Box::new(cipher), protocol })
    }

    /// The protocol the key is for.
    pub fn protocol(&self) -> PrivProtocol {
        self.protocol
    }

    /// RFC 3826 section 3.1.3, in place.
    pub fn encrypt(&self, boots: u32, time: u32, salt: [u8; 8], octets: &mut [u8]) {
        let iv = initialisation_vector(boots, time, salt).into();
        match self.cipher.as_ref() {
            Cipher::Aes128(aes) => cfb_mode::Encryptor::inner_iv_init(aes.clone(), &iv).encrypt(octets),
            Cipher::Aes192(aes) => cfb_mode::Encryptor::inner_iv_init(aes.clone(), &iv).encrypt(octets),
            Cipher::Aes256(aes) => cfb_mode::Encryptor::inner_iv_init(aes.clone(), &iv).encrypt(octets),
        }
    }

    /// RFC 3826 section 3.1.4, in place. False where msgPrivacyParameters are no salt of 8 octets.
    #[must_use]
    pub fn decrypt(&self, boots: u32, time: u32, salt: &[u8], octets: &mut [u8]) -> bool {
        let Ok(salt) = <[u8; 8]>::try_from(salt) else {
            return false;
        };
        let iv = initialisation_vector(boots, time, salt).into();
        match self.cipher.as_ref() {
            Cipher::Aes128(aes) => cfb_mode::Decryptor::inner_iv_init(aes.clone(), &iv).decrypt(octets),
            Cipher::Aes192(aes) => cfb_mode::Decryptor::inner_iv_init(aes.clone(), &iv).decrypt(octets),
            Cipher::Aes256(aes) => cfb_mode::Decryptor::inner_iv_init(aes.clone(), &iv).decrypt(octets),
        }
        true
    }
}

impl fmt::Debug for PrivKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivKey").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

/// RFC 3826 section 3.1.2.1: boots, time, salt.
fn initialisation_vector(boots: u32, time: u32, salt: [u8; 8]) -> [u8; 16] {
    let ([b0, b1, b2, b3], [t0, t1, t2, t3]) = (boots.to_be_bytes(), time.to_be_bytes());
    let [s0, s1, s2, s3, s4, s5, s6, s7] = salt;
    [b0, b1, b2, b3, t0, t1, t2, t3, s0, s1, s2, s3, s4, s5, s6, s7]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST SP 800-38A sections F.3.13, F.3.15 and F.3.17 (CFB128), first block; its vector 000102..0f
    /// stands for boots, time and salt.
    #[test]
    fn cfb128_as_nist_says() {
        let plain =
            [0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a];
        let cases: [(PrivProtocol, &[u8], [u8; 16]); 2] = [
            (
                PrivProtocol::Aes128,
                &[
                    0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f,
                    0x3c,
                ],
                [
                    0x3b, 0x3f, 0xd9, 0x2e, 0xb7, 0x2d, 0xad, 0x20, 0x33, 0x34, 0x49, 0xf8, 0xe8, 0x3c, 0xfb,
                    0x4a,
                ],
            ),
            (
                PrivProtocol::Aes256Blumenthal,
                &[
                    0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77,
                    0x81, 0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14,
                    0xdf, 0xf4,
                ],
                [
                    0xdc, 0x7e, 0x84, 0xbf, 0xda, 0x79, 0x16, 0x4b, 0x7e, 0xcd, 0x84, 0x86, 0x98, 0x5d, 0x38,
                    0x60,
                ],
            ),
        ];
        let (boots, time, salt) = (0x0001_0203, 0x0405_0607, [8, 9, 10, 11, 12, 13, 14, 15]);
        for (protocol, key, cipher) in cases {
            let key = PrivKey::new(protocol, key).unwrap();
            let mut octets = plain;
            key.encrypt(boots, time, salt, &mut octets);
            assert_eq!(octets, cipher, "{protocol}");
            assert!(key.decrypt(boots, time, &salt, &mut octets));
            assert_eq!(octets, plain);
            assert!(!key.decrypt(boots, time, &salt[1..], &mut octets), "a short salt is no salt");
        }
    }
}
