//! Values of variable bindings (RFC 2578 section 7, RFC 3416 section 3).

use std::net::Ipv4Addr;

use crate::Oid;
use crate::pdu::{OidRef, ValueRef};

/// The value of one variable, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// INTEGER, Integer32.
    Integer(i32),
    /// OCTET STRING.
    OctetString(Vec<u8>),
    /// NULL: unspecified, in requests.
    Null,
    /// OBJECT IDENTIFIER. Boxed: few values are one, and an [`Oid`] is three times as large as the others,
    /// which every row of every walk would carry.
    ObjectId(Box<Oid>),
    /// IpAddress.
    IpAddress(Ipv4Addr),
    /// Counter32.
    Counter32(u32),
    /// Gauge32 or Unsigned32.
    Gauge32(u32),
    /// TimeTicks, in hundredths of a second.
    TimeTicks(u32),
    /// Opaque.
    Opaque(Vec<u8>),
    /// Counter64.
    Counter64(u64),
    /// The agent does not know the object at all.
    NoSuchObject,
    /// The agent knows the object, not this instance.
    NoSuchInstance,
    /// Nothing lies behind the name that was asked for.
    EndOfMibView,
}

impl From<Oid> for Value {
    fn from(oid: Oid) -> Self {
        Value::ObjectId(Box::new(oid))
    }
}

impl Value {
    /// The same value, borrowed.
    pub fn borrowed(&self) -> ValueRef<'_> {
        match self {
            Value::Integer(n) => ValueRef::Integer(*n),
            Value::OctetString(octets) => ValueRef::OctetString(octets),
            Value::Null => ValueRef::Null,
            Value::ObjectId(oid) => ValueRef::ObjectId(OidRef::plain(oid.sub_ids())),
            Value::IpAddress(address) => ValueRef::IpAddress(*address),
            Value::Counter32(n) => ValueRef::Counter32(*n),
            Value::Gauge32(n) => ValueRef::Gauge32(*n),
            Value::TimeTicks(n) => ValueRef::TimeTicks(*n),
            Value::Opaque(octets) => ValueRef::Opaque(octets),
            Value::Counter64(n) => ValueRef::Counter64(*n),
            Value::NoSuchObject => ValueRef::NoSuchObject,
            Value::NoSuchInstance => ValueRef::NoSuchInstance,
            Value::EndOfMibView => ValueRef::EndOfMibView,
        }
    }

    /// The number in any of the integer types, None for the others.
    pub fn as_i64(&self) -> Option<i64> {
        self.borrowed().as_i64()
    }

    /// The octets of an OCTET STRING or Opaque.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.borrowed().as_bytes()
    }

    /// True for the three exceptions of RFC 3416 section 3.
    pub fn is_exception(&self) -> bool {
        self.borrowed().is_exception()
    }
}

/// A variable binding: a name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarBind {
    /// The name of the variable: column and instance.
    pub oid: Oid,
    /// Its value.
    pub value: Value,
}

impl VarBind {
    /// A binding of `value` to `oid`.
    pub fn new(oid: Oid, value: Value) -> Self {
        Self { oid, value }
    }
}
