//! Messages: the community-based ones of v1 and v2c (RFC 1157 section 4, RFC 3584) and SNMPv3's
//! (RFC 3412 section 6) with the parameters of the User-based Security Model (RFC 3414 section 2.4).

use crate::ber::{DecodeError, Problem, Reader, tag};
use crate::encode::{EncodeError, Writer};
use crate::pdu::AnyPdu;
use crate::usm::{LocalisedUser, SecurityLevel};

/// The most octets of a message over UDP (RFC 3417 section 3.2: at least 484; what IPv4 carries).
pub const MAX_MESSAGE_OCTETS: usize = 65_507;
/// msgSecurityModel of the User-based Security Model (RFC 3411 section 5).
pub const USM_MODEL: i32 = 3;
/// msgFlags: authenticated.
pub const FLAG_AUTH: u8 = 0x01;
/// msgFlags: encrypted.
pub const FLAG_PRIV: u8 = 0x02;
/// msgFlags: a Report may be sent back.
pub const FLAG_REPORTABLE: u8 = 0x04;

/// Version of the community-based messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommunityVersion {
    /// SNMPv1.
    V1,
    /// SNMPv2c.
    V2c,
}

/// A message of any version, borrowed from its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// SNMPv1 or SNMPv2c.
    Community(CommunityMessage<'a>),
    /// SNMPv3.
    V3(V3Message<'a>),
}

/// A message of SNMPv1 or SNMPv2c.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommunityMessage<'a> {
    /// Which of the two.
    pub version: CommunityVersion,
    /// community.
    pub community: &'a [u8],
    /// data.
    pub pdu: AnyPdu<'a>,
}

/// A message of SNMPv3; nothing of it is verified yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct V3Message<'a> {
    /// The octets of the message, which the digest is made over.
    pub whole: &'a [u8],
    /// msgID.
    pub msg_id: i32,
    /// msgMaxSize: octets that the sender can receive.
    pub max_size: i32,
    /// msgFlags.
    pub flags: u8,
    /// msgSecurityParameters.
    pub usm: UsmParameters<'a>,
    /// msgData.
    pub data: ScopedData<'a>,
}

/// UsmSecurityParameters (RFC 3414 section 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsmParameters<'a> {
    /// msgAuthoritativeEngineID.
    pub engine_id: &'a [u8],
    /// msgAuthoritativeEngineBoots.
    pub boots: u32,
    /// msgAuthoritativeEngineTime, in seconds.
    pub time: u32,
    /// msgUserName.
    pub user: &'a [u8],
    /// msgAuthenticationParameters.
    pub auth: &'a [u8],
    /// Where msgAuthenticationParameters stand in the message.
    pub auth_offset: usize,
    /// msgPrivacyParameters: the salt.
    pub privacy: &'a [u8],
}

/// msgData.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopedData<'a> {
    /// In clear.
    Plain(ScopedPdu<'a>),
    /// encryptedPDU.
    Encrypted(&'a [u8]),
}

/// scopedPDU (RFC 3412 section 6.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopedPdu<'a> {
    /// contextEngineID.
    pub context_engine_id: &'a [u8],
    /// contextName.
    pub context_name: &'a [u8],
    /// data.
    pub pdu: AnyPdu<'a>,
}

impl<'a> Message<'a> {
    /// Reads a datagram. Octets behind the message are left alone.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, DecodeError> {
        let mut outer = Reader::new(datagram);
        let mut content = outer.expect(tag::SEQUENCE, "message")?;
        let before = content;
        let version = match content.integer("version")? {
            0 => CommunityVersion::V1,
            1 => CommunityVersion::V2c,
            3 => {
                let whole = datagram.get(..outer.offset()).unwrap_or(datagram);
                return V3Message::decode_content(whole, &mut content).map(Message::V3);
            }
            other => return Err(before.error("version", Problem::Range(other))),
        };
        Ok(Message::Community(CommunityMessage {
            version,
            community: content.octet_string("community")?,
            pdu: AnyPdu::decode(&mut content)?,
        }))
    }
}

impl<'a> V3Message<'a> {
    fn decode_content(whole: &'a [u8], content: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut global = content.expect(tag::SEQUENCE, "msgGlobalData")?;
        let msg_id = global.integer32("msgID")?;
        let max_size = global.integer32("msgMaxSize")?;
        let before = global;
        let flags = match global.octet_string("msgFlags")? {
            [flags, ..] => *flags,
            [] => return Err(before.error("msgFlags", Problem::Truncated)),
        };
        let before = global;
        let model = global.integer("msgSecurityModel")?;
        if model != i64::from(USM_MODEL) {
            return Err(before.error("msgSecurityModel", Problem::Range(model)));
        }
        let mut security = content.expect(tag::OCTET_STRING, "msgSecurityParameters")?;
        let usm = UsmParameters::decode(&mut security)?;
        let data = if flags & FLAG_PRIV != 0 {
            ScopedData::Encrypted(content.octet_string("encryptedPDU")?)
        } else {
            ScopedData::Plain(ScopedPdu::decode(content)?)
        };
        Ok(Self { whole, msg_id, max_size, flags, usm, data })
    }

    /// securityLevel; None for "privacy without authentication", which RFC 3412 section 6.4 forbids.
    pub fn level(&self) -> Option<SecurityLevel> {
        match self.flags & (FLAG_AUTH | FLAG_PRIV) {
            0 => Some(SecurityLevel::NoAuthNoPriv),
            FLAG_AUTH => Some(SecurityLevel::AuthNoPriv),
            FLAG_PRIV => None,
            _ => Some(SecurityLevel::AuthPriv),
        }
    }

    /// True where the sender wants a Report back if the message cannot be processed.
    pub fn is_reportable(&self) -> bool {
        self.flags & FLAG_REPORTABLE != 0
    }
}

impl<'a> UsmParameters<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut content = reader.expect(tag::SEQUENCE, "UsmSecurityParameters")?;
        let engine_id = content.octet_string("msgAuthoritativeEngineID")?;
        let boots = counter(&mut content, "msgAuthoritativeEngineBoots")?;
        let time = counter(&mut content, "msgAuthoritativeEngineTime")?;
        let user = content.octet_string("msgUserName")?;
        let auth = content.expect(tag::OCTET_STRING, "msgAuthenticationParameters")?;
        let privacy = content.octet_string("msgPrivacyParameters")?;
        Ok(Self { engine_id, boots, time, user, auth: auth.rest(), auth_offset: auth.offset(), privacy })
    }
}

fn counter(reader: &mut Reader<'_>, field: &'static str) -> Result<u32, DecodeError> {
    let before = *reader;
    let value = reader.integer(field)?;
    u32::try_from(value).map_err(|_| before.error(field, Problem::Range(value)))
}

impl<'a> ScopedPdu<'a> {
    /// Reads a scopedPDU that stands in clear or was decrypted (what follows it is padding).
    pub fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut content = reader.expect(tag::SEQUENCE, "scopedPDU")?;
        Ok(Self {
            context_engine_id: content.octet_string("contextEngineID")?,
            context_name: content.octet_string("contextName")?,
            pdu: AnyPdu::decode(&mut content)?,
        })
    }
}

/// Writes a message of SNMPv1 or SNMPv2c over what `buffer` held; `pdu` writes the PDU.
pub fn encode_community(
    buffer: &mut Vec<u8>,
    version: CommunityVersion,
    community: &[u8],
    pdu: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let mut writer = Writer::new(buffer);
    writer.wrap(tag::SEQUENCE, |w| {
        pdu(w)?;
        w.octets(tag::OCTET_STRING, community);
        w.integer(match version {
            CommunityVersion::V1 => 0,
            CommunityVersion::V2c => 1,
        });
        Ok(())
    })?;
    finish(writer)
}

/// What stands in the head of a message of SNMPv3.
#[derive(Debug, Clone, Copy)]
pub struct V3Header<'a> {
    /// msgID.
    pub msg_id: i32,
    /// Whether a Report may be sent back.
    pub reportable: bool,
    /// How far the message is protected; the user's keys must reach as far.
    pub level: SecurityLevel,
    /// msgAuthoritativeEngineID.
    pub engine_id: &'a [u8],
    /// msgAuthoritativeEngineBoots.
    pub boots: u32,
    /// msgAuthoritativeEngineTime, in seconds.
    pub time: u32,
    /// msgUserName.
    pub user: &'a [u8],
    /// contextEngineID.
    pub context_engine_id: &'a [u8],
    /// contextName.
    pub context_name: &'a [u8],
    /// Salt of the encryption, never used twice with the same key (RFC 3826 section 3.1.2.1).
    pub salt: u64,
}

/// Writes a message of SNMPv3 over what `buffer` held, encrypted and authenticated as its level says.
pub fn encode_v3(
    buffer: &mut Vec<u8>,
    header: &V3Header<'_>,
    keys: &LocalisedUser,
    pdu: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let auth = keys.auth().filter(|_| header.level >= SecurityLevel::AuthNoPriv);
    let privacy = keys.privacy().filter(|_| header.level == SecurityLevel::AuthPriv);
    if (header.level >= SecurityLevel::AuthNoPriv && auth.is_none())
        || (header.level == SecurityLevel::AuthPriv && privacy.is_none())
    {
        return Err(EncodeError::MissingKey(header.level));
    }
    let mut flags = if header.reportable { FLAG_REPORTABLE } else { 0 };
    if auth.is_some() {
        flags |= FLAG_AUTH;
    }
    if privacy.is_some() {
        flags |= FLAG_PRIV;
    }

    // Octets from the message's end to the end of msgAuthenticationParameters.
    let mut behind_auth = 0;
    let mut writer = Writer::new(buffer);
    writer.wrap(tag::SEQUENCE, |w| {
        w.wrap(tag::SEQUENCE, |w| {
            pdu(w)?;
            w.octets(tag::OCTET_STRING, header.context_name);
            w.octets(tag::OCTET_STRING, header.context_engine_id);
            Ok(())
        })?;
        let salt = header.salt.to_be_bytes();
        if let Some(privacy) = privacy {
            w.in_order(|scoped| privacy.encrypt(header.boots, header.time, salt, scoped));
            w.header(tag::OCTET_STRING, w.written());
        }
        w.wrap(tag::OCTET_STRING, |w| {
            w.wrap(tag::SEQUENCE, |w| {
                w.octets(tag::OCTET_STRING, if privacy.is_some() { &salt } else { &[] });
                behind_auth = w.written();
                match auth {
                    // RFC 3414 section 6.3.1 step 1: zeros while the digest is made.
                    Some(auth) => w.octets(tag::OCTET_STRING, auth.protocol().zeros()),
                    None => w.octets(tag::OCTET_STRING, &[]),
                }
                w.octets(tag::OCTET_STRING, header.user);
                w.unsigned(tag::INTEGER, u64::from(header.time));
                w.unsigned(tag::INTEGER, u64::from(header.boots));
                w.octets(tag::OCTET_STRING, header.engine_id);
                Ok(())
            })
        })?;
        w.wrap(tag::SEQUENCE, |w| {
            w.integer(USM_MODEL);
            w.octets(tag::OCTET_STRING, &[flags]);
            w.unsigned(tag::INTEGER, MAX_MESSAGE_OCTETS as u64);
            w.integer(header.msg_id);
            Ok(())
        })?;
        w.integer(3);
        Ok(())
    })?;
    finish(writer)?;

    if let Some(auth) = auth {
        let length = auth.protocol().tag_octets();
        let digest = auth.digest(&[buffer]);
        let start = buffer.len() - behind_auth - length;
        if let (Some(field), Some(digest)) = (buffer.get_mut(start..start + length), digest.get(..length)) {
            field.copy_from_slice(digest);
        }
    }
    Ok(())
}

fn finish(writer: Writer<'_>) -> Result<(), EncodeError> {
    let octets = writer.written();
    if octets > MAX_MESSAGE_OCTETS {
        return Err(EncodeError::TooLong(octets));
    }
    writer.finish();
    Ok(())
}
