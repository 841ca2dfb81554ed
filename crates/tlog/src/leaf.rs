//! The canonical bytes of a leaf: one content has exactly one encoding.
//!
//! ```text
//! leaf    = magic version schema count field*
//! magic   = "NWL"          3 octets
//! version = 0x01           1 octet: of this encoding
//! schema  = uint16         which fields there are and what they mean; the user of the crate says
//! count   = uint16         number of fields
//! field   = tag length value
//! tag     = uint16         strictly ascending from field to field
//! length  = uint32         octets of the value
//! ```
//!
//! All numbers stand big end first. A text is UTF-8; a number is 8 octets, in two's complement where
//! it can be negative. An absent value has no field, so absent and empty differ. Anything that does
//! not read back to the same bytes is refused: unknown version, tags out of order, octets left over.

use std::collections::BTreeMap;

const MAGIC: [u8; 3] = *b"NWL";
const VERSION: u8 = 1;
const HEADER: usize = 8;

/// The content of a leaf: fields by tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    schema: u16,
    fields: BTreeMap<u16, Vec<u8>>,
}

/// Why bytes are no leaf, or a field is not what it should be. Offsets count octets from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Not a leaf at all.
    #[error("offset 0: the bytes do not begin as a leaf does")]
    Magic,
    /// A leaf of another version of the encoding.
    #[error("offset 3: version {0} of the leaf encoding is not known")]
    Version(u8),
    /// It ends within a field.
    #[error("offset {offset}: {needed} octets are needed for the {what}, {left} are left")]
    Truncated {
        /// Where it stands.
        offset: usize,
        /// Header, tag and length, or value.
        what: &'static str,
        /// Octets needed.
        needed: usize,
        /// Octets left.
        left: usize,
    },
    /// Fields out of order or twice.
    #[error("offset {offset}: field {tag} stands after field {previous}")]
    Order {
        /// Where it stands.
        offset: usize,
        /// Its tag.
        tag: u16,
        /// The tag before.
        previous: u16,
    },
    /// Something follows the last field.
    #[error("offset {offset}: {left} octets follow the last field")]
    Trailing {
        /// Where they begin.
        offset: usize,
        /// How many.
        left: usize,
    },
    /// More fields, or a larger one, than the encoding can say.
    #[error("field {tag} of {octets} octets is too large for a leaf")]
    TooLarge {
        /// Its tag.
        tag: u16,
        /// Its octets.
        octets: usize,
    },
    /// A field that must be there is not.
    #[error("field {0} is missing")]
    Missing(u16),
    /// A field's value is not of its type.
    #[error("field {tag} is no {expected}")]
    Type {
        /// Its tag.
        tag: u16,
        /// What it should be.
        expected: &'static str,
    },
}

impl Leaf {
    /// A leaf without fields.
    pub const fn new(schema: u16) -> Self {
        Self { schema, fields: BTreeMap::new() }
    }

    /// Which fields there are and what they mean.
    pub const fn schema(&self) -> u16 {
        self.schema
    }

    /// Sets a field to octets.
    pub fn set_bytes(&mut self, tag: u16, value: impl Into<Vec<u8>>) -> &mut Self {
        self.fields.insert(tag, value.into());
        self
    }

    /// Sets a field to a text.
    pub fn set_text(&mut self, tag: u16, value: &str) -> &mut Self {
        self.set_bytes(tag, value.as_bytes())
    }

    /// Sets a field to a text, or leaves it absent.
    pub fn set_text_if(&mut self, tag: u16, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.set_text(tag, value);
        }
        self
    }

    /// Sets a field to a number.
    pub fn set_i64(&mut self, tag: u16, value: i64) -> &mut Self {
        self.set_bytes(tag, value.to_be_bytes())
    }

    /// Sets a field to a number that is never negative.
    pub fn set_u64(&mut self, tag: u16, value: u64) -> &mut Self {
        self.set_bytes(tag, value.to_be_bytes())
    }

    /// The octets of a field, if it is there.
    pub fn bytes(&self, tag: u16) -> Option<&[u8]> {
        self.fields.get(&tag).map(Vec::as_slice)
    }

    /// The text of a field, if it is there.
    pub fn text_if(&self, tag: u16) -> Result<Option<&str>, LeafError> {
        self.bytes(tag)
            .map(|value| {
                std::str::from_utf8(value).map_err(|_| LeafError::Type { tag, expected: "UTF-8 text" })
            })
            .transpose()
    }

    /// The text of a field that must be there.
    pub fn text(&self, tag: u16) -> Result<&str, LeafError> {
        self.text_if(tag)?.ok_or(LeafError::Missing(tag))
    }

    /// The number of a field that must be there.
    pub fn i64(&self, tag: u16) -> Result<i64, LeafError> {
        self.octets8(tag).map(i64::from_be_bytes)
    }

    /// The number of a field that must be there and is never negative.
    pub fn u64(&self, tag: u16) -> Result<u64, LeafError> {
        self.octets8(tag).map(u64::from_be_bytes)
    }

    /// The tags of the fields that are there, ascending.
    pub fn tags(&self) -> impl Iterator<Item = u16> + '_ {
        self.fields.keys().copied()
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Result<Vec<u8>, LeafError> {
        let size = HEADER + self.fields.values().map(|value| 6 + value.len()).sum::<usize>();
        let count = u16::try_from(self.fields.len())
            .map_err(|_| LeafError::TooLarge { tag: u16::MAX, octets: size })?;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.schema.to_be_bytes());
        bytes.extend_from_slice(&count.to_be_bytes());
        for (tag, value) in &self.fields {
            let length = u32::try_from(value.len())
                .map_err(|_| LeafError::TooLarge { tag: *tag, octets: value.len() })?;
            bytes.extend_from_slice(&tag.to_be_bytes());
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(value);
        }
        Ok(bytes)
    }

    /// Reads canonical bytes; whatever [`Leaf::encode`] would not write is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        let Some(([m0, m1, m2, version, s0, s1, c0, c1], mut rest)) = bytes.split_first_chunk::<HEADER>()
        else {
            return Err(LeafError::Truncated {
                offset: 0,
                what: "header",
                needed: HEADER,
                left: bytes.len(),
            });
        };
        if [*m0, *m1, *m2] != MAGIC {
            return Err(LeafError::Magic);
        }
        if *version != VERSION {
            return Err(LeafError::Version(*version));
        }
        let mut fields = BTreeMap::new();
        let mut previous = None;
        for _ in 0..u16::from_be_bytes([*c0, *c1]) {
            let offset = bytes.len() - rest.len();
            let Some(([t0, t1, l0, l1, l2, l3], tail)) = rest.split_first_chunk::<6>() else {
                let left = rest.len();
                return Err(LeafError::Truncated { offset, what: "tag and length", needed: 6, left });
            };
            let tag = u16::from_be_bytes([*t0, *t1]);
            if let Some(previous) = previous.filter(|previous| *previous >= tag) {
                return Err(LeafError::Order { offset, tag, previous });
            }
            let needed = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
            let Some((value, tail)) = tail.split_at_checked(needed) else {
                let left = tail.len();
                return Err(LeafError::Truncated { offset: offset + 6, what: "value", needed, left });
            };
            fields.insert(tag, value.to_vec());
            previous = Some(tag);
            rest = tail;
        }
        if !rest.is_empty() {
            return Err(LeafError::Trailing { offset: bytes.len() - rest.len(), left: rest.len() });
        }
        Ok(Self { schema: u16::from_be_bytes([*s0, *s1]), fields })
    }

    fn octets8(&self, tag: u16) -> Result<[u8; 8], LeafError> {
        let value = self.bytes(tag).ok_or(LeafError::Missing(tag))?;
        value.try_into().map_err(|_| LeafError::Type { tag, expected: "number of 8 octets" })
    }
}
