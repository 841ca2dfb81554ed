//! Reading of BER (ITU-T X.690) as SNMP uses it (RFC 3417 section 8).
//!
//! Tolerant where agents are known to be sloppy (lengths and integers longer than need be, integers
//! wider than their type, octets behind the message), strict where reading on would be guessing
//! (indefinite lengths, contents longer than what holds them).

use std::fmt;

/// BER tags of SNMP (RFC 3416 section 3, RFC 2578 section 7).
pub mod tag {
    #![allow(missing_docs, reason = "the names are those of the ASN.1 types")]
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OBJECT_ID: u8 = 0x06;
    pub const SEQUENCE: u8 = 0x30;
    pub const IP_ADDRESS: u8 = 0x40;
    pub const COUNTER32: u8 = 0x41;
    pub const GAUGE32: u8 = 0x42;
    pub const TIME_TICKS: u8 = 0x43;
    pub const OPAQUE: u8 = 0x44;
    pub const NSAP_ADDRESS: u8 = 0x45;
    pub const COUNTER64: u8 = 0x46;
    pub const UINTEGER32: u8 = 0x47;
    pub const NO_SUCH_OBJECT: u8 = 0x80;
    pub const NO_SUCH_INSTANCE: u8 = 0x81;
    pub const END_OF_MIB_VIEW: u8 = 0x82;
}

/// Why octets are no SNMP: what was read, where, and what was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} at octet {offset}: {problem}")]
pub struct DecodeError {
    /// Octets from the start of the datagram (of the decrypted scopedPDU, inside it).
    pub offset: usize,
    /// The field that was being read, in the words of the RFCs.
    pub field: &'static str,
    /// What was wrong.
    pub problem: Problem,
}

/// What was wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The octets end before the field does.
    Truncated,
    /// Another type than this one stands there.
    Tag {
        /// The tag that belongs there.
        expected: u8,
        /// The tag that stands there.
        found: u8,
    },
    /// A tag that no value of SNMP has.
    UnknownTag(u8),
    /// An indefinite length, or one of more than eight octets.
    Length,
    /// An integer without octets or of more than its type can be stretched to.
    Integer,
    /// An object identifier that ends inside a sub-identifier, or is too long.
    ObjectId,
    /// A number outside of what the field allows.
    Range(i64),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Truncated => f.write_str("the octets end before the field does"),
            Problem::Tag { expected, found } => {
                write!(f, "tag 0x{found:02x} where 0x{expected:02x} belongs")
            }
            Problem::UnknownTag(found) => write!(f, "tag 0x{found:02x} is no type of SNMP"),
            Problem::Length => f.write_str("the length is indefinite or not readable"),
            Problem::Integer => f.write_str("the integer is empty or too long"),
            Problem::ObjectId => f.write_str("the object identifier is cut off or too long"),
            Problem::Range(value) => write!(f, "{value} is outside of what the field allows"),
        }
    }
}

/// A place in the octets, and the end of what holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// From the start of `octets`.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, offset: 0 }
    }

    /// From octets that start `offset` octets into the datagram.
    pub fn at(octets: &'a [u8], offset: usize) -> Self {
        Self { rest: octets, offset }
    }

    /// Where the next octet stands.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// True where nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// An error at the present place.
    pub fn error(&self, field: &'static str, problem: Problem) -> DecodeError {
        DecodeError { offset: self.offset, field, problem }
    }

    fn octet(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        let Some((first, rest)) = self.rest.split_first() else {
            return Err(self.error(field, Problem::Truncated));
        };
        self.rest = rest;
        self.offset += 1;
        Ok(*first)
    }

    /// The next element: its tag, and a reader of its content.
    #[inline]
    pub fn element(&mut self, field: &'static str) -> Result<(u8, Reader<'a>), DecodeError> {
        let start = *self;
        let tag = self.octet(field)?;
        let first = self.octet(field)?;
        let length = if first < 0x80 { usize::from(first) } else { self.long_length(first, field, start)? };
        let Some((content, rest)) = self.rest.split_at_checked(length) else {
            return Err(start.error(field, Problem::Truncated));
        };
        let content = Reader { rest: content, offset: self.offset };
        self.rest = rest;
        self.offset += length;
        Ok((tag, content))
    }

    /// X.690 section 8.1.3.5; more octets than need be are accepted (section 8.1.3 asks nothing else).
    #[cold]
    fn long_length(
        &mut self,
        first: u8,
        field: &'static str,
        start: Reader<'a>,
    ) -> Result<usize, DecodeError> {
        let octets = usize::from(first & 0x7f);
        if octets == 0 || octets > 8 {
            return Err(start.error(field, Problem::Length));
        }
        let mut length: u64 = 0;
        for _ in 0..octets {
            length = (length << 8) | u64::from(self.octet(field)?);
        }
        usize::try_from(length).map_err(|_| start.error(field, Problem::Length))
    }

    /// The content of the next element, whose tag must be `expected`.
    #[inline]
    pub fn expect(&mut self, expected: u8, field: &'static str) -> Result<Reader<'a>, DecodeError> {
        let start = *self;
        let (found, content) = self.element(field)?;
        if found != expected {
            return Err(start.error(field, Problem::Tag { expected, found }));
        }
        Ok(content)
    }

    /// The next INTEGER, as wide as its octets say.
    pub fn integer(&mut self, field: &'static str) -> Result<i64, DecodeError> {
        self.expect(tag::INTEGER, field)?.signed(field)
    }

    /// The next INTEGER of 32 bits. Wider ones wrap: agents exist that send an unsigned number as such.
    pub fn integer32(&mut self, field: &'static str) -> Result<i32, DecodeError> {
        Ok(self.integer(field)? as i32)
    }

    /// The next OCTET STRING.
    pub fn octet_string(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        Ok(self.expect(tag::OCTET_STRING, field)?.rest)
    }

    /// The content read as a signed number of up to 64 bits.
    #[inline]
    pub fn signed(&self, field: &'static str) -> Result<i64, DecodeError> {
        let Some(first) = self.rest.first() else {
            return Err(self.error(field, Problem::Integer));
        };
        let fill = if first & 0x80 == 0 { 0 } else { -1_i64 };
        self.significant(fill.to_be_bytes()[0], field)
            .map(|octets| octets.iter().fold(fill, |n, octet| (n << 8) | i64::from(*octet)))
    }

    /// The content read as an unsigned number of up to 64 bits. A leading octet with its top bit set is
    /// taken as part of the number: agents leave the leading zero out.
    #[inline]
    pub fn unsigned(&self, field: &'static str) -> Result<u64, DecodeError> {
        if self.rest.is_empty() {
            return Err(self.error(field, Problem::Integer));
        }
        self.significant(0, field)
            .map(|octets| octets.iter().fold(0, |n, octet| (n << 8) | u64::from(*octet)))
    }

    /// The last eight octets at most; what stands before them must be mere `fill`.
    #[inline]
    fn significant(&self, fill: u8, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let surplus = self.rest.len().saturating_sub(8);
        if surplus == 0 {
            return Ok(self.rest);
        }
        match self.rest.split_at_checked(surplus) {
            Some((lead, octets)) if lead.iter().all(|octet| *octet == fill) => Ok(octets),
            _ => Err(self.error(field, Problem::Integer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sloppy_integers() {
        let cases: [(&[u8], i64); 7] = [
            (&[2, 1, 0x7f], 127),
            (&[2, 1, 0x80], -128),
            (&[2, 0x81, 1, 5], 5),
            (&[2, 0x84, 0, 0, 0, 1, 5], 5),
            (&[2, 4, 0, 0, 0, 9], 9),
            (&[2, 5, 0, 0xff, 0xff, 0xff, 0xff], 0xffff_ffff),
            (&[2, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], -2),
        ];
        for (octets, expected) in cases {
            assert_eq!(Reader::new(octets).integer("n"), Ok(expected), "{octets:?}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let cases: [(&[u8], Problem); 7] = [
            (&[], Problem::Truncated),
            (&[2], Problem::Truncated),
            (&[2, 3, 1, 2], Problem::Truncated),
            (&[2, 0x80, 1], Problem::Length),
            (&[2, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0], Problem::Length),
            (&[4, 1, 1], Problem::Tag { expected: 2, found: 4 }),
            (&[2, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Problem::Truncated),
        ];
        for (octets, problem) in cases {
            assert_eq!(Reader::new(octets).integer("n").unwrap_err().problem, problem, "{octets:?}");
        }
        assert_eq!(Reader::new(&[2, 0]).integer("n").unwrap_err().problem, Problem::Integer);
        let long = [2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let error = Reader::new(&long).integer("request-id").unwrap_err();
        assert_eq!(error.to_string(), "request-id at octet 2: the integer is empty or too long");
    }
}
