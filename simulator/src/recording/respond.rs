//! Answers SNMPv1 and v2c requests from a recording (RFC 3416 section 4.2), odd ones on demand.

use async_snmp::message::CommunityMessage;
use async_snmp::pdu::StandardPduType;
use async_snmp::{
    CommunityVersion, DecodeConfig, Error, Oid, Pdu, PduBody, PduType, Value, VarBind, Version,
};
use bytes::Bytes;

use super::{Device, Oddity, Recording};
use crate::agent::DEFAULT_MESSAGE_SIZE;

const TOO_BIG: i32 = 1;
const NO_SUCH_NAME: i32 = 2;
const GEN_ERR: i32 = 5;
const NOT_WRITABLE: i32 = 17;
/// Octets of bindings that a GET is answered with at most: an IP datagram's room.
const LARGEST: usize = 65_000;
/// Room for everything but the bindings and the community.
const ENVELOPE: usize = 64;

/// True where the message's version field says SNMPv3 (RFC 3412 section 6): SEQUENCE, length, INTEGER 3.
pub(super) fn is_v3(datagram: &[u8]) -> bool {
    let Some((0x30, rest)) = datagram.split_first().map(|(tag, rest)| (*tag, rest)) else { return false };
    let skip = match rest.first() {
        Some(length @ 0x81..=0x84) => 1 + usize::from(length & 0x7f),
        _ => 1,
    };
    rest.get(skip..).is_some_and(|body| body.starts_with(&[2, 1, 3]))
}

/// The answer to a datagram.
pub(super) fn respond(datagram: &[u8], device: &Device, oddity: Oddity) -> Result<Vec<u8>, Box<Error>> {
    let message = CommunityMessage::decode(Bytes::copy_from_slice(datagram), DecodeConfig::default())?.value;
    let (version, community, pdu) = message.into_parts();
    let Some(pdu) = pdu.standard().cloned() else {
        return Err(Error::Config("a trap is no request".into()).boxed());
    };
    let recording = device.view(community.as_bytes());
    let room = DEFAULT_MESSAGE_SIZE.saturating_sub(ENVELOPE + community.as_bytes().len());
    let (status, index, bindings) = answer(recording, version, &pdu, oddity, room);
    let request_id = pdu.into_raw_parts().0;
    let request_id = if oddity == Oddity::WrongRequestId { request_id.wrapping_add(1) } else { request_id };
    let body =
        PduBody::Standard { pdu_type: StandardPduType::Response, error_status: status, error_index: index };
    let response = Pdu::from_raw_parts(request_id, body, bindings);
    let version = match version {
        Version::V1 => CommunityVersion::V1,
        _ => CommunityVersion::V2c,
    };
    let mut octets = CommunityMessage::new(version, community, response)?.encode()?.to_vec();
    if oddity == Oddity::Truncated {
        octets.truncate(octets.len() / 2);
    }
    Ok(octets)
}

fn answer(
    recording: &Recording,
    version: Version,
    pdu: &Pdu,
    oddity: Oddity,
    room: usize,
) -> (i32, i32, Vec<VarBind>) {
    let asked = pdu.varbinds();
    let refuse = |status: i32, index: usize| (status, i32::try_from(index).unwrap_or(0), asked.to_vec());
    if oddity == Oddity::GeneralError {
        return refuse(GEN_ERR, usize::from(!asked.is_empty()));
    }
    let mut bindings = Vec::with_capacity(asked.len());
    match pdu.pdu_type() {
        PduType::GetRequest => {
            for (index, binding) in asked.iter().enumerate() {
                match recording.get(&binding.oid) {
                    Some(value) => bindings.push(VarBind::new(binding.oid.clone(), value.clone())),
                    None if version == Version::V1 => return refuse(NO_SUCH_NAME, index + 1),
                    None => bindings.push(VarBind::new(binding.oid.clone(), Value::NoSuchInstance)),
                }
            }
        }
        PduType::GetNextRequest => {
            for (index, binding) in asked.iter().enumerate() {
                match next(recording, &binding.oid, oddity) {
                    Some(binding) => bindings.push(binding),
                    None if version == Version::V1 => return refuse(NO_SUCH_NAME, index + 1),
                    None => bindings.push(VarBind::new(binding.oid.clone(), Value::EndOfMibView)),
                }
            }
        }
        PduType::GetBulkRequest => {
            let (non_repeaters, repetitions) = pdu.get_bulk_fields().unwrap_or((0, 0));
            if matches!(oddity, Oddity::TooBigAbove { repetitions: most } if repetitions > most) {
                return (TOO_BIG, 0, Vec::new());
            }
            return (0, 0, bulk(recording, asked, non_repeaters, repetitions, oddity, room));
        }
        _ => return refuse(if version == Version::V1 { NO_SUCH_NAME } else { NOT_WRITABLE }, 1),
    }
    if bindings.iter().map(VarBind::encoded_size).sum::<usize>() > LARGEST {
        let bindings = if version == Version::V1 { asked.to_vec() } else { Vec::new() };
        return (TOO_BIG, 0, bindings);
    }
    (0, 0, bindings)
}

/// GETBULK (RFC 3416 section 4.2.3): as many bindings as there is room for.
fn bulk(
    recording: &Recording,
    asked: &[VarBind],
    non_repeaters: u32,
    repetitions: u32,
    oddity: Oddity,
    room: usize,
) -> Vec<VarBind> {
    let mut bindings: Vec<VarBind> = Vec::new();
    let mut used = 0;
    let mut push = |bindings: &mut Vec<VarBind>, binding: VarBind| {
        used += binding.encoded_size();
        // A value larger than a frame goes alone: an empty answer would have the manager ask for ever.
        let fits = used <= room || bindings.is_empty();
        if fits {
            bindings.push(binding);
        }
        fits
    };
    let step = |oid: &Oid| {
        next(recording, oid, oddity).unwrap_or_else(|| VarBind::new(oid.clone(), Value::EndOfMibView))
    };
    let (single, repeated) = asked.split_at((non_repeaters as usize).min(asked.len()));
    for binding in single {
        if !push(&mut bindings, step(&binding.oid)) {
            return bindings;
        }
    }
    let mut columns: Vec<Oid> = repeated.iter().map(|b| b.oid.clone()).collect();
    for _ in 0..repetitions {
        let mut ended = true;
        for column in &mut columns {
            let binding = step(column);
            ended &= binding.value == Value::EndOfMibView;
            *column = binding.oid.clone();
            if !push(&mut bindings, binding) {
                return bindings;
            }
        }
        if ended {
            break;
        }
    }
    bindings
}

fn next(recording: &Recording, oid: &Oid, oddity: Oddity) -> Option<VarBind> {
    let position = recording.position_after(oid);
    if let Oddity::StandsStill { after } = oddity
        && position >= after
        && let Some((last, value)) = recording.rows().get(position.saturating_sub(1))
    {
        return Some(VarBind::new(last.clone(), value.clone()));
    }
    let found = recording.rows().get(position);
    let (name, value) = match (found, oddity) {
        (Some(row), _) => row,
        (None, Oddity::Loops) => recording.rows().first()?,
        (None, Oddity::Endless) => {
            let (last, value) = recording.rows().last()?;
            let rising = match oid.arcs().get(last.len()) {
                Some(arc) if oid.starts_with(last) => arc.checked_add(1)?,
                _ => 1,
            };
            return Some(VarBind::new(last.child(rising), value.clone()));
        }
        (None, _) => return None,
    };
    Some(VarBind::new(name.clone(), value.clone()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn hostile_datagrams_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..120)) {
            is_v3(&octets);
            drop(respond(&octets, &Device::default(), Oddity::None));
            let mut framed = vec![0x30, octets.len() as u8, 2, 1, 1, 4, 1, b'x'];
            framed.extend(&octets);
            drop(respond(&framed, &Device::default(), Oddity::Loops));
        }
    }
}
