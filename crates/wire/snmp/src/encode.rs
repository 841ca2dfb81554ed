//! Writing of BER: always the shortest form, definite lengths.

use crate::ber::tag;
use crate::usm::SecurityLevel;
use crate::{Oid, Value, oid::MAX_SUB_IDS};

/// What cannot be written as SNMP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// X.690 section 8.19.4: the first sub-identifier is 0 to 2, the second under 40 below 0 and 1.
    #[error("{0} cannot be written as an object identifier")]
    ObjectId(Oid),
    /// A message was to be protected further than the keys reach; it is not sent in clear instead.
    #[error("there is no key to send a message with the level {0}")]
    MissingKey(SecurityLevel),
    /// More octets than a datagram holds.
    #[error("{0} octets are more than a datagram holds")]
    TooLong(usize),
}

/// Writes a message from its end to its start, so that every length is known when its turn comes and
/// nothing is moved. The octets stand reversed in the buffer until [`Writer::finish`].
#[derive(Debug)]
pub struct Writer<'b> {
    reversed: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    /// Starts with an empty `buffer`; its capacity is kept.
    pub fn new(buffer: &'b mut Vec<u8>) -> Self {
        buffer.clear();
        Self { reversed: buffer }
    }

    /// Octets written so far.
    pub fn written(&self) -> usize {
        self.reversed.len()
    }

    /// Octets as they are, before what stands already.
    pub fn raw(&mut self, octets: &[u8]) {
        self.reversed.extend(octets.iter().rev());
    }

    /// Tag and length of a content of `length` octets that was just written.
    pub fn header(&mut self, tag: u8, length: usize) {
        if length < 0x80 {
            self.reversed.push(length.to_le_bytes()[0]);
        } else {
            let mut count = 0_u8;
            let mut left = length;
            while left > 0 {
                self.reversed.push(left.to_le_bytes()[0]);
                left >>= 8;
                count += 1;
            }
            self.reversed.push(0x80 | count);
        }
        self.reversed.push(tag);
    }

    /// An element whose content `content` writes (its parts last to first).
    pub fn wrap<E>(&mut self, tag: u8, content: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<(), E> {
        let start = self.written();
        content(self)?;
        self.header(tag, self.written() - start);
        Ok(())
    }

    /// OCTET STRING, or another type made of octets.
    pub fn octets(&mut self, tag: u8, octets: &[u8]) {
        self.raw(octets);
        self.header(tag, octets.len());
    }

    /// A signed number.
    pub fn signed(&mut self, tag: u8, value: i64) {
        let start = self.written();
        let mut left = value;
        loop {
            let octet = left.to_le_bytes()[0];
            self.reversed.push(octet);
            left >>= 8;
            let negative = octet & 0x80 != 0;
            if (left == 0 && !negative) || (left == -1 && negative) {
                break;
            }
        }
        self.header(tag, self.written() - start);
    }

    /// An unsigned number.
    pub fn unsigned(&mut self, tag: u8, value: u64) {
        let start = self.written();
        let mut left = value;
        loop {
            let octet = left.to_le_bytes()[0];
            self.reversed.push(octet);
            left >>= 8;
            if left == 0 {
                if octet & 0x80 != 0 {
                    self.reversed.push(0);
                }
                break;
            }
        }
        self.header(tag, self.written() - start);
    }

    /// INTEGER.
    pub fn integer(&mut self, value: i32) {
        self.signed(tag::INTEGER, i64::from(value));
    }

    /// OBJECT IDENTIFIER. One or no sub-identifier is filled up with zeros, as `1` stands for `1.0`
    /// where a walk starts.
    pub fn object_id(&mut self, sub_ids: &[u32]) -> Result<(), EncodeError> {
        let (first, second, rest) = match sub_ids {
            [] => (0, 0, &[][..]),
            [first] => (*first, 0, &[][..]),
            [first, second, rest @ ..] => (*first, *second, rest),
        };
        if first > 2 || (first < 2 && second >= 40) || sub_ids.len() > MAX_SUB_IDS {
            return Err(EncodeError::ObjectId(Oid::from(sub_ids)));
        }
        let start = self.written();
        for sub_id in rest.iter().rev() {
            self.sub_id(u64::from(*sub_id));
        }
        self.sub_id(u64::from(first) * 40 + u64::from(second));
        self.header(tag::OBJECT_ID, self.written() - start);
        Ok(())
    }

    #[inline]
    fn sub_id(&mut self, sub_id: u64) {
        self.reversed.push(sub_id.to_le_bytes()[0] & 0x7f);
        let mut left = sub_id >> 7;
        while left > 0 {
            self.reversed.push(left.to_le_bytes()[0] | 0x80);
            left >>= 7;
        }
    }

    /// The value of a binding.
    pub fn value(&mut self, value: &Value) -> Result<(), EncodeError> {
        match value {
            Value::Integer(n) => self.integer(*n),
            Value::OctetString(octets) => self.octets(tag::OCTET_STRING, octets),
            Value::Null => self.header(tag::NULL, 0),
            Value::ObjectId(oid) => self.object_id(oid.sub_ids())?,
            Value::IpAddress(address) => self.octets(tag::IP_ADDRESS, &address.octets()),
            Value::Counter32(n) => self.unsigned(tag::COUNTER32, u64::from(*n)),
            Value::Gauge32(n) => self.unsigned(tag::GAUGE32, u64::from(*n)),
            Value::TimeTicks(n) => self.unsigned(tag::TIME_TICKS, u64::from(*n)),
            Value::Opaque(octets) => self.octets(tag::OPAQUE, octets),
            Value::Counter64(n) => self.unsigned(tag::COUNTER64, *n),
            Value::NoSuchObject => self.header(tag::NO_SUCH_OBJECT, 0),
            Value::NoSuchInstance => self.header(tag::NO_SUCH_INSTANCE, 0),
            Value::EndOfMibView => self.header(tag::END_OF_MIB_VIEW, 0),
        }
        Ok(())
    }

    /// One variable binding.
    pub fn binding(&mut self, name: &[u32], value: &Value) -> Result<(), EncodeError> {
        self.wrap(tag::SEQUENCE, |w| {
            w.value(value)?;
            w.object_id(name)
        })
    }

    /// The content written so far, turned the right way round for the time of `change`; used to
    /// encrypt what was written.
    pub(crate) fn in_order<R>(&mut self, change: impl FnOnce(&mut [u8]) -> R) -> R {
        self.reversed.reverse();
        let result = change(self.reversed);
        self.reversed.reverse();
        result
    }

    /// Turns the buffer the right way round.
    pub fn finish(self) {
        self.reversed.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut buffer = Vec::new();
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer);
        writer.finish();
        buffer
    }

    #[test]
    fn writes_the_shortest_form() {
        assert_eq!(written(|w| w.integer(0)), [2, 1, 0]);
        assert_eq!(written(|w| w.integer(127)), [2, 1, 0x7f]);
        assert_eq!(written(|w| w.integer(128)), [2, 2, 0, 0x80]);
        assert_eq!(written(|w| w.integer(-128)), [2, 1, 0x80]);
        assert_eq!(written(|w| w.integer(-129)), [2, 2, 0xff, 0x7f]);
        assert_eq!(written(|w| w.unsigned(0x41, 0xffff_ffff)), [0x41, 5, 0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(written(|w| w.object_id(&[1, 3, 6, 1]).unwrap()), [6, 3, 0x2b, 6, 1]);
        assert_eq!(written(|w| w.object_id(&[2, 999, 3]).unwrap()), [6, 3, 0x88, 0x37, 3]);
        assert_eq!(written(|w| w.object_id(&[1]).unwrap()), [6, 1, 40]);
        let long = written(|w| w.octets(tag::OCTET_STRING, &[7; 300]));
        assert_eq!(&long[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn refuses_what_is_no_object_identifier() {
        let mut buffer = Vec::new();
        for bad in [&[3, 1][..], &[1, 40], &[0, 41, 1], &[1; 129]] {
            assert!(Writer::new(&mut buffer).object_id(bad).is_err(), "{bad:?}");
        }
    }
}
