//! Textual conventions (RFC 2579, RFC 4001, RFC 4363) as devices really fill them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netwarden_model::{Mac, VlanId};
use netwarden_snmp::ValueRef;

/// Text of an OCTET STRING: UTF-8, else Latin-1; NULs and blanks at the ends cut off, other control
/// characters turned into blanks. None where nothing is left.
pub fn text(value: ValueRef<'_>) -> Option<String> {
    let text = text_of_bytes(value.as_bytes()?);
    (!text.is_empty()).then_some(text)
}

/// As [`text`], of octets.
pub fn text_of_bytes(bytes: &[u8]) -> String {
    let ends_at_nul = bytes.split(|byte| *byte == 0).find(|part| !part.is_empty()).unwrap_or_default();
    let decoded = match std::str::from_utf8(ends_at_nul) {
        Ok(text) => text.to_owned(),
        Err(_) => ends_at_nul.iter().map(|byte| char::from(*byte)).collect(),
    };
    let clean: String = decoded.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    clean.trim().to_owned()
}

/// A non-negative number of 32 bits. Agents send any integer type where a MIB says another.
pub fn unsigned(value: ValueRef<'_>) -> Option<u32> {
    value.as_i64().and_then(|n| u32::try_from(n).ok())
}

/// A number of 64 bits.
pub fn unsigned64(value: ValueRef<'_>) -> Option<u64> {
    match value {
        ValueRef::Counter64(n) => Some(n),
        other => other.as_i64().and_then(|n| u64::try_from(n).ok()),
    }
}

/// A VLAN id from 1 to 4094.
pub fn vlan_id(value: ValueRef<'_>) -> Option<VlanId> {
    value.as_i64().and_then(|n| VlanId::new(n).ok())
}

/// A VLAN id from an index.
pub fn vlan_of_index(sub_id: u32) -> Option<VlanId> {
    VlanId::new(i64::from(sub_id)).ok()
}

/// PhysAddress or MacAddress: six octets, or the address written out as text
/// (`0:1b:21:3a:4f:5e`, `00-1B-..`), which some agents send instead.
pub fn mac(value: ValueRef<'_>) -> Option<Mac> {
    mac_of_bytes(value.as_bytes()?)
}

/// As [`mac`], of octets.
pub fn mac_of_bytes(bytes: &[u8]) -> Option<Mac> {
    if let Some(mac) = Mac::from_slice(bytes) {
        return Some(mac);
    }
    if !(11..=20).contains(&bytes.len()) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.trim_matches(['\0', ' ', '\n']).parse().ok()
}

/// Six sub-identifiers of an index as an address; None where one exceeds 255.
pub fn mac_of_index(index: &[u32]) -> Option<Mac> {
    let octets: Vec<u8> = octets_of_index(index)?;
    Mac::from_slice(&octets)
}

/// Sub-identifiers as octets; None where one exceeds 255.
pub fn octets_of_index(index: &[u32]) -> Option<Vec<u8>> {
    index.iter().map(|sub_id| u8::try_from(*sub_id).ok()).collect()
}

/// An address of 4 or 16 octets; the zoned forms of InetAddress (RFC 4001) have 4 octets more.
pub fn ip_of_bytes(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 | 8 => <[u8; 4]>::try_from(bytes.get(..4)?).ok().map(|b| IpAddr::V4(Ipv4Addr::from(b))),
        16 | 20 => <[u8; 16]>::try_from(bytes.get(..16)?).ok().map(|b| IpAddr::V6(Ipv6Addr::from(b))),
        _ => None,
    }
}

/// InetAddressType and InetAddress in an index (RFC 4001 section 4.1): type, length, octets; some
/// agents leave the length out. Gives the address and what follows it.
pub fn inet_address(index: &[u32]) -> Option<(IpAddr, &[u32])> {
    let (kind, rest) = index.split_first()?;
    let octets: usize = match kind {
        1 => 4,
        2 => 16,
        3 => 8,
        4 => 20,
        _ => return None,
    };
    let declared = rest.first().and_then(|n| usize::try_from(*n).ok());
    let body = match declared {
        Some(n) if n == octets && rest.len() > octets => rest.get(1..)?,
        _ if rest.len() == octets => rest,
        _ => return None,
    };
    let ip = ip_of_bytes(&octets_of_index(body.get(..octets)?)?)?;
    Some((ip, body.get(octets..)?))
}

/// False for addresses that no neighbour has: unspecified, loopback, multicast, limited broadcast.
pub fn is_host_address(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || ip.is_broadcast())
        }
        IpAddr::V6(ip) => !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast()),
    }
}

/// The numbers of the bits that are set, most significant bit of the first octet first, counted
/// from `first` (PortList of RFC 4363: 1).
pub fn bits(bytes: &[u8], first: u32) -> Vec<u32> {
    let mut set = Vec::new();
    let mut number = first;
    for byte in bytes {
        for bit in (0..8).rev() {
            if byte >> bit & 1 == 1 {
                set.push(number);
            }
            number = number.saturating_add(1);
        }
    }
    set
}

/// A port list written as decimal numbers (`513,0,4097`), as Junos does where its ports do not fit a
/// bitmap. None where it is anything else.
pub fn decimal_list(bytes: &[u8]) -> Option<Vec<u32>> {
    let text = std::str::from_utf8(bytes).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split([',', ' ']).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(bytes: &[u8]) -> ValueRef<'_> {
        ValueRef::OctetString(bytes)
    }

    #[test]
    fn text_survives_what_devices_send() {
        assert_eq!(text(octets(b"Gi1/0/1\0\0\0")).as_deref(), Some("Gi1/0/1"));
        assert_eq!(text(octets(b"B\xfcro")).as_deref(), Some("Büro"));
        assert_eq!(text(octets("Büro".as_bytes())).as_deref(), Some("Büro"));
        assert_eq!(text(octets(b"\0\0")), None);
        assert_eq!(text(octets(b"  ")), None);
        assert_eq!(text(ValueRef::Integer(1)), None);
    }

    #[test]
    fn addresses_as_octets_and_as_text() {
        let expected = "00:1b:21:3a:4f:5e".parse().ok();
        assert_eq!(mac(octets(&[0, 0x1b, 0x21, 0x3a, 0x4f, 0x5e])), expected);
        assert_eq!(mac(octets(b"0:1b:21:3a:4f:5e")), expected);
        assert_eq!(mac(octets(b"00-1B-21-3A-4F-5E\0")), expected);
        assert_eq!(mac(octets(b"")), None);
        assert_eq!(mac(octets(&[0; 8])), None);
        assert_eq!(mac_of_index(&[0, 27, 33, 58, 79, 94]), expected);
        assert_eq!(mac_of_index(&[0, 27, 33, 58, 79, 256]), None);
    }

    #[test]
    fn inet_addresses_with_and_without_length() {
        let v4 = IpAddr::from([10, 0, 0, 1]);
        assert_eq!(inet_address(&[1, 4, 10, 0, 0, 1]), Some((v4, &[][..])));
        assert_eq!(inet_address(&[1, 10, 0, 0, 1]), Some((v4, &[][..])));
        assert_eq!(inet_address(&[1, 4, 10, 0, 0, 1, 7]), Some((v4, &[7][..])));
        assert_eq!(inet_address(&[1, 4, 10, 0]), None);
        assert_eq!(inet_address(&[16, 3, 1, 1, 1]), None);
        assert_eq!(inet_address(&[]), None);
    }

    #[test]
    fn bitmaps_and_lists() {
        assert_eq!(bits(&[0b1000_0001, 0b0100_0000], 1), [1, 8, 10]);
        assert_eq!(bits(&[0b1000_0000], 0), [0]);
        assert_eq!(decimal_list(b"0,4097,4099"), Some(vec![0, 4097, 4099]));
        assert_eq!(decimal_list(b""), Some(vec![]));
        assert_eq!(decimal_list(&[0x80, 0x01]), None);
    }
}
