//! PDUs (RFC 3416 section 3; RFC 1157 section 4.1.6) and their variable bindings, borrowed from the
//! datagram.

use std::fmt;
use std::net::Ipv4Addr;

use crate::ber::{DecodeError, Problem, Reader, tag};
use crate::encode::{EncodeError, Writer};
use crate::oid::MAX_SUB_IDS;
use crate::{Oid, Value, VarBind};

/// Which PDU (RFC 3416 section 3; the tag's number).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PduKind {
    /// GetRequest-PDU.
    Get = 0xa0,
    /// GetNextRequest-PDU.
    GetNext = 0xa1,
    /// Response-PDU (GetResponse-PDU of v1).
    Response = 0xa2,
    /// SetRequest-PDU.
    Set = 0xa3,
    /// GetBulkRequest-PDU.
    GetBulk = 0xa5,
    /// InformRequest-PDU.
    Inform = 0xa6,
    /// SNMPv2-Trap-PDU.
    TrapV2 = 0xa7,
    /// Report-PDU (RFC 3412 section 6).
    Report = 0xa8,
}

/// Tag of the Trap-PDU of v1 (RFC 1157 section 4.1.6).
pub const TRAP_V1_TAG: u8 = 0xa4;

impl PduKind {
    fn from_tag(tag: u8) -> Option<Self> {
        Some(match tag {
            0xa0 => Self::Get,
            0xa1 => Self::GetNext,
            0xa2 => Self::Response,
            0xa3 => Self::Set,
            0xa5 => Self::GetBulk,
            0xa6 => Self::Inform,
            0xa7 => Self::TrapV2,
            0xa8 => Self::Report,
            _ => return None,
        })
    }

    /// True where the receiver is expected to answer (RFC 3411 section 2.8, confirmed class).
    pub fn is_confirmed(self) -> bool {
        matches!(self, Self::Get | Self::GetNext | Self::Set | Self::GetBulk | Self::Inform)
    }
}

/// Error status of a Response (RFC 3416 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorStatus(pub i32);

impl ErrorStatus {
    /// noError.
    pub const NO_ERROR: Self = Self(0);
    /// tooBig.
    pub const TOO_BIG: Self = Self(1);
    /// noSuchName (v1).
    pub const NO_SUCH_NAME: Self = Self(2);
    /// genErr.
    pub const GEN_ERR: Self = Self(5);

    /// The name in RFC 3416.
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 19] = [
            "noError",
            "tooBig",
            "noSuchName",
            "badValue",
            "readOnly",
            "genErr",
            "noAccess",
            "wrongType",
            "wrongLength",
            "wrongEncoding",
            "wrongValue",
            "noCreation",
            "inconsistentValue",
            "resourceUnavailable",
            "commitFailed",
            "undoFailed",
            "authorizationError",
            "notWritable",
            "inconsistentName",
        ];
        usize::try_from(self.0).ok().and_then(|at| NAMES.get(at).copied())
    }
}

impl fmt::Display for ErrorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error status {}", self.0),
        }
    }
}

/// A PDU of any kind but the Trap-PDU of v1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pdu<'a> {
    /// Which PDU.
    pub kind: PduKind,
    /// request-id.
    pub request_id: i32,
    /// error-status; non-repeaters of a GetBulkRequest.
    pub error_status: i32,
    /// error-index, from 1; max-repetitions of a GetBulkRequest.
    pub error_index: i32,
    /// variable-bindings.
    pub bindings: Bindings<'a>,
}

/// The Trap-PDU of v1 (RFC 1157 section 4.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrapV1<'a> {
    /// enterprise.
    pub enterprise: OidRef<'a>,
    /// agent-addr.
    pub agent_addr: Ipv4Addr,
    /// generic-trap, 0 to 6.
    pub generic_trap: i32,
    /// specific-trap.
    pub specific_trap: i32,
    /// time-stamp, in hundredths of a second.
    pub time_stamp: u32,
    /// variable-bindings.
    pub bindings: Bindings<'a>,
}

/// What a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyPdu<'a> {
    /// Every kind but one.
    Pdu(Pdu<'a>),
    /// The Trap-PDU of v1.
    TrapV1(TrapV1<'a>),
}

impl<'a> AnyPdu<'a> {
    /// Reads the PDU at `reader`; its bindings are read when iterated.
    pub fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = *reader;
        let (tag, mut content) = reader.element("PDU")?;
        if tag == TRAP_V1_TAG {
            return TrapV1::decode_content(&mut content).map(AnyPdu::TrapV1);
        }
        let Some(kind) = PduKind::from_tag(tag) else {
            return Err(start.error("PDU", Problem::UnknownTag(tag)));
        };
        Ok(AnyPdu::Pdu(Pdu {
            kind,
            request_id: content.integer32("request-id")?,
            error_status: content.integer32("error-status")?,
            error_index: content.integer32("error-index")?,
            bindings: Bindings { reader: content.expect(tag::SEQUENCE, "variable-bindings")? },
        }))
    }
}

impl<'a> TrapV1<'a> {
    fn decode_content(content: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let enterprise = content.expect(tag::OBJECT_ID, "enterprise")?;
        let address = content.expect(tag::IP_ADDRESS, "agent-addr")?;
        let agent_addr = <[u8; 4]>::try_from(address.rest())
            .map_err(|_| address.error("agent-addr", Problem::Length))?
            .into();
        let generic_trap = content.integer32("generic-trap")?;
        let specific_trap = content.integer32("specific-trap")?;
        let time_stamp = content.expect(tag::TIME_TICKS, "time-stamp")?;
        Ok(Self {
            enterprise: OidRef(Form::Encoded(enterprise)),
            agent_addr,
            generic_trap,
            specific_trap,
            time_stamp: wrap_u32(time_stamp.unsigned("time-stamp")?),
            bindings: Bindings { reader: content.expect(tag::SEQUENCE, "variable-bindings")? },
        })
    }
}

/// variable-bindings, read one by one as they are iterated. After an error nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bindings<'a> {
    reader: Reader<'a>,
}

impl<'a> Bindings<'a> {
    /// The octets of the list, without its tag and length.
    pub fn octets(&self) -> &'a [u8] {
        self.reader.rest()
    }

    /// All bindings as owned values.
    pub fn to_owned(self) -> Result<Vec<VarBind>, DecodeError> {
        self.map(|binding| binding?.to_owned()).collect()
    }
}

impl<'a> Iterator for Bindings<'a> {
    type Item = Result<VarBindRef<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let binding = VarBindRef::decode(&mut self.reader);
        if binding.is_err() {
            self.reader = Reader::at(&[], self.reader.offset());
        }
        Some(binding)
    }
}

/// A variable binding that borrows the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VarBindRef<'a> {
    /// The name.
    pub name: OidRef<'a>,
    /// The value.
    pub value: ValueRef<'a>,
}

impl<'a> VarBindRef<'a> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut content = reader.expect(tag::SEQUENCE, "VarBind")?;
        let name = OidRef(Form::Encoded(content.expect(tag::OBJECT_ID, "name")?));
        Ok(Self { name, value: ValueRef::decode(&mut content)? })
    }

    /// The binding with its own memory.
    pub fn to_owned(self) -> Result<VarBind, DecodeError> {
        Ok(VarBind { oid: self.name.to_owned()?, value: self.value.to_owned()? })
    }
}

/// An object identifier that is borrowed: from the datagram as it stands there, or from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OidRef<'a>(Form<'a>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form<'a> {
    Encoded(Reader<'a>),
    Plain(&'a [u32]),
}

impl<'a> OidRef<'a> {
    /// Of sub-identifiers in memory.
    pub fn plain(sub_ids: &'a [u32]) -> Self {
        Self(Form::Plain(sub_ids))
    }

    /// Writes the sub-identifiers over what `sub_ids` held. Sub-identifiers wider than 32 bits wrap:
    /// agents exist that send an index of theirs as a negative number. No octets at all are an empty
    /// object identifier, as some agents send for "none".
    #[inline]
    pub fn read_into(&self, sub_ids: &mut Vec<u32>) -> Result<(), DecodeError> {
        let content = match self.0 {
            Form::Encoded(content) => content,
            Form::Plain(plain) => {
                sub_ids.clear();
                sub_ids.extend_from_slice(plain);
                return Ok(());
            }
        };
        sub_ids.clear();
        let mut octets = content.rest().iter();
        let mut sub_id: u64 = 0;
        let mut width = 0_u32;
        let mut first = true;
        for octet in octets.by_ref() {
            sub_id = (sub_id << 7) | u64::from(octet & 0x7f);
            if octet & 0x80 != 0 {
                width += 1;
                // Ten octets hold 64 bits: more is no sign extension, but nonsense.
                if width > 9 {
                    return Err(content.error("name", Problem::ObjectId));
                }
                continue;
            }
            if first {
                // X.690 section 8.19.4: the first two in one.
                first = false;
                let root = (sub_id / 40).min(2);
                sub_ids.push(root as u32);
                sub_ids.push((sub_id - root * 40) as u32);
            } else {
                if sub_ids.len() >= MAX_SUB_IDS {
                    return Err(content.error("name", Problem::ObjectId));
                }
                sub_ids.push(sub_id as u32);
            }
            sub_id = 0;
            width = 0;
        }
        if width > 0 {
            return Err(content.error("name", Problem::ObjectId));
        }
        Ok(())
    }

    /// Adds what follows `prefix`, the octets of a whole object identifier, to `sub_ids`; None where this one
    /// does not begin so, or is not plain, and then what was added is to be taken away again. The fast way of
    /// walks. `length` is the prefix's own, in sub-identifiers.
    #[inline]
    pub(crate) fn read_below(&self, prefix: &[u8], length: usize, sub_ids: &mut Vec<u32>) -> Option<()> {
        let Form::Encoded(content) = self.0 else { return None };
        let index = content.rest().strip_prefix(prefix)?;
        if index.last().is_none_or(|octet| octet & 0x80 != 0) {
            return None;
        }
        let start = sub_ids.len();
        let mut sub_id: u32 = 0;
        for octet in index {
            // More than 32 bits: left to the tolerant way.
            if sub_id >> 25 != 0 {
                return None;
            }
            sub_id = (sub_id << 7) | u32::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                sub_ids.push(sub_id);
                sub_id = 0;
            }
        }
        (length + sub_ids.len() - start <= MAX_SUB_IDS).then_some(())
    }

    /// The object identifier with its own memory.
    pub fn to_owned(self) -> Result<Oid, DecodeError> {
        let mut sub_ids = Vec::new();
        self.read_into(&mut sub_ids)?;
        Ok(Oid::new(sub_ids))
    }
}

/// The value of a binding, borrowed from the datagram or from memory. Types that nobody may send any more are read
/// as their successors: BIT STRING and NsapAddress as OCTET STRING, UInteger32 as Gauge32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Value`")]
pub enum ValueRef<'a> {
    Integer(i32),
    OctetString(&'a [u8]),
    Null,
    ObjectId(OidRef<'a>),
    IpAddress(Ipv4Addr),
    Counter32(u32),
    Gauge32(u32),
    TimeTicks(u32),
    Opaque(&'a [u8]),
    Counter64(u64),
    NoSuchObject,
    NoSuchInstance,
    EndOfMibView,
}

impl<'a> ValueRef<'a> {
    #[inline]
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let start = *reader;
        let (tag, content) = reader.element("value")?;
        Ok(match tag {
            tag::INTEGER => Self::Integer(content.signed("value")? as i32),
            tag::OCTET_STRING | tag::BIT_STRING | tag::NSAP_ADDRESS => Self::OctetString(content.rest()),
            tag::NULL => Self::Null,
            tag::OBJECT_ID => Self::ObjectId(OidRef(Form::Encoded(content))),
            // Agents exist that answer with no octets or with an IPv6 address: kept as they are.
            tag::IP_ADDRESS => match <[u8; 4]>::try_from(content.rest()) {
                Ok(octets) => Self::IpAddress(octets.into()),
                Err(_) => Self::OctetString(content.rest()),
            },
            tag::COUNTER32 => Self::Counter32(wrap_u32(content.unsigned("value")?)),
            tag::GAUGE32 | tag::UINTEGER32 => Self::Gauge32(wrap_u32(content.unsigned("value")?)),
            tag::TIME_TICKS => Self::TimeTicks(wrap_u32(content.unsigned("value")?)),
            tag::OPAQUE => Self::Opaque(content.rest()),
            tag::COUNTER64 => Self::Counter64(content.unsigned("value")?),
            tag::NO_SUCH_OBJECT => Self::NoSuchObject,
            tag::NO_SUCH_INSTANCE => Self::NoSuchInstance,
            tag::END_OF_MIB_VIEW => Self::EndOfMibView,
            other => return Err(start.error("value", Problem::UnknownTag(other))),
        })
    }

    /// The number in any of the integer types, None for the others.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Integer(n) => Some(i64::from(n)),
            Self::Counter32(n) | Self::Gauge32(n) | Self::TimeTicks(n) => Some(i64::from(n)),
            Self::Counter64(n) => i64::try_from(n).ok(),
            _ => None,
        }
    }

    /// The octets of an OCTET STRING or Opaque.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::OctetString(octets) | Self::Opaque(octets) => Some(octets),
            _ => None,
        }
    }

    /// True for the three exceptions of RFC 3416 section 3.
    pub fn is_exception(self) -> bool {
        matches!(self, Self::NoSuchObject | Self::NoSuchInstance | Self::EndOfMibView)
    }

    /// The value with its own memory.
    #[inline]
    pub fn to_owned(self) -> Result<Value, DecodeError> {
        Ok(match self {
            Self::Integer(n) => Value::Integer(n),
            Self::OctetString(octets) => Value::OctetString(octets.to_vec()),
            Self::Null => Value::Null,
            Self::ObjectId(oid) => oid.to_owned()?.into(),
            Self::IpAddress(address) => Value::IpAddress(address),
            Self::Counter32(n) => Value::Counter32(n),
            Self::Gauge32(n) => Value::Gauge32(n),
            Self::TimeTicks(n) => Value::TimeTicks(n),
            Self::Opaque(octets) => Value::Opaque(octets.to_vec()),
            Self::Counter64(n) => Value::Counter64(n),
            Self::NoSuchObject => Value::NoSuchObject,
            Self::NoSuchInstance => Value::NoSuchInstance,
            Self::EndOfMibView => Value::EndOfMibView,
        })
    }
}

/// Writes a PDU; `bindings` writes the variable bindings, last to first.
pub fn encode_pdu(
    writer: &mut Writer<'_>,
    kind: PduKind,
    request_id: i32,
    error_status: i32,
    error_index: i32,
    bindings: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    writer.wrap(kind as u8, |w| {
        w.wrap(tag::SEQUENCE, bindings)?;
        w.integer(error_index);
        w.integer(error_status);
        w.integer(request_id);
        Ok(())
    })
}

/// Writes `bindings` in their order.
pub fn encode_bindings(writer: &mut Writer<'_>, bindings: &[VarBind]) -> Result<(), EncodeError> {
    bindings.iter().rev().try_for_each(|binding| writer.binding(binding.oid.sub_ids(), &binding.value))
}

/// RFC 2578 section 7.1.6 and following: the types are 32 bits wide; agents that count on send more.
fn wrap_u32(value: u64) -> u32 {
    value as u32
}
