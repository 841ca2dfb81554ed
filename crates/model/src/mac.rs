//! MAC addresses (IEEE 802 EUI-48) in every spelling that people and devices use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An EUI-48 address. Displays as `00:1b:21:3a:4f:5e`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

impl Mac {
    /// From its six octets in transmission order.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The six octets in transmission order.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// From exactly six octets, as SNMP agents give MacAddress (RFC 2579).
    pub fn from_slice(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The 48 bits as a number; the store's key.
    pub fn to_u64(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The reverse of [`Mac::to_u64`]; None for numbers of more than 48 bits.
    pub fn from_u64(bits: u64) -> Option<Self> {
        match bits.to_be_bytes() {
            [0, 0, a, b, c, d, e, f] => Some(Self([a, b, c, d, e, f])),
            _ => None,
        }
    }

    /// Group bit (I/G) set: multicast or broadcast, never an endpoint's own address.
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Locally administered bit (U/L) set: randomised, virtual or chosen by hand.
    pub const fn is_locally_administered(self) -> bool {
        self.0[0] & 2 == 2
    }

    /// An address that one endpoint can have: no group address, not all zeros.
    pub fn is_endpoint(self) -> bool {
        !self.is_group() && self.0 != [0; 6]
    }

    /// A virtual router's address: VRRP (RFC 9568 section 7.3), HSRP v1 and v2, GLBP. Many elements
    /// announce the same one by design.
    pub fn is_virtual_router(self) -> bool {
        matches!(
            self.0,
            [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
                | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
                | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
                | [0x00, 0x05, 0x73, 0xa0..=0xaf, _, _]
                | [0x00, 0x07, 0xb4, 0x00, _, _]
        )
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mac({self})")
    }
}

/// Why a text is no MAC address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParseMacError {
    /// Something other than hexadecimal digits and separators.
    #[error("'{text}' is no MAC address: '{found}' is neither a hexadecimal digit nor a separator")]
    Digit {
        /// What was read.
        text: String,
        /// The first character that does not belong there.
        found: char,
    },
    /// Digits in groups that make no six octets.
    #[error("'{text}' is no MAC address: it needs 12 hexadecimal digits, as in 00:1b:21:3a:4f:5e")]
    Length {
        /// What was read.
        text: String,
    },
}

impl FromStr for Mac {
    type Err = ParseMacError;

    /// Reads `00:1b:21:3a:4f:5e`, `0:1B:21:3A:4F:5E`, `00-1B-21-3A-4F-5E`, `001b.213a.4f5e`,
    /// `001b-213a-4f5e`, `001b21-3a4f5e`, `001b213a4f5e`, `0x001b213a4f5e` and
    /// `00 1B 21 3A 4F 5E`, with blanks around.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong_length = || ParseMacError::Length { text: text.to_owned() };
        let trimmed = text.trim();
        let body = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X")).unwrap_or(trimmed);
        if let Some(found) =
            body.chars().find(|c| !c.is_ascii_hexdigit() && !matches!(c, ':' | '-' | '.' | ' '))
        {
            return Err(ParseMacError::Digit { text: text.to_owned(), found });
        }
        let groups: Vec<&str> = body.split([':', '-', '.', ' ']).collect();
        let digits: String = match groups.len() {
            6 if groups.iter().all(|g| matches!(g.len(), 1 | 2)) => {
                groups.iter().map(|g| format!("{g:0>2}")).collect()
            }
            1..=3 if groups.iter().all(|g| g.len() == 12 / groups.len()) => groups.concat(),
            _ => return Err(wrong_length()),
        };
        u64::from_str_radix(&digits, 16).ok().and_then(Mac::from_u64).ok_or_else(wrong_length)
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_reads_as_the_same_address() {
        let expected = Mac::new([0x00, 0x1b, 0x21, 0x3a, 0x4f, 0x5e]);
        for text in [
            "00:1b:21:3a:4f:5e",
            "0:1B:21:3A:4F:5E",
            "00-1B-21-3A-4F-5E",
            "001b.213a.4f5e",
            "001B-213A-4F5E",
            "001b21-3a4f5e",
            "001b213a4f5e",
            "0x001B213A4F5E",
            " 00 1b 21 3a 4f 5e ",
        ] {
            assert_eq!(text.parse::<Mac>(), Ok(expected), "{text}");
        }
        assert_eq!(expected.to_string().parse(), Ok(expected));
        assert_eq!(Mac::from_u64(expected.to_u64()), Some(expected));
    }

    #[test]
    fn what_is_no_address_is_said_plainly() {
        for text in ["", "00:1b:21:3a:4f", "00:1b:21:3a:4f:5e:00", "001b21", "000:1b:21:3a:4f:5e"] {
            assert!(matches!(text.parse::<Mac>(), Err(ParseMacError::Length { .. })), "{text}");
        }
        let error = "00:1b:21:3a:4f:5g".parse::<Mac>().unwrap_err();
        assert!(error.to_string().contains("'g'"), "{error}");
        assert_eq!(Mac::from_u64(1 << 48), None);
    }

    #[test]
    fn kinds_of_address() {
        let mac = |t: &str| t.parse::<Mac>().unwrap();
        assert!(mac("01:80:c2:00:00:0e").is_group());
        assert!(mac("da:a1:19:00:00:01").is_locally_administered());
        assert!(mac("00:00:5e:00:01:0a").is_virtual_router());
        assert!(mac("00:00:0c:07:ac:01").is_virtual_router());
        assert!(!mac("00:00:0c:01:02:03").is_virtual_router());
        assert!(!mac("00:00:00:00:00:00").is_endpoint());
    }
}
