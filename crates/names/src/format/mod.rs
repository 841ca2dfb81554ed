//! Files and answers of DHCP servers, read by pure functions over octets.

pub mod hanewin;
pub mod infoblox;
pub mod isc;
pub mod kea;
pub mod ldap;
pub mod netsh;
pub mod qip;
mod table;
mod text;
mod time;
pub mod windows;

use serde::{Deserialize, Serialize};

use crate::lease::Parsed;
pub use table::{Columns, Part, Reading};

/// A kind of file that holds leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `dhcpd.leases` and `dhcpd6.leases` of ISC dhcpd.
    Isc,
    /// Kea's memfile for DHCPv4.
    Kea4,
    /// Kea's memfile for DHCPv6.
    Kea6,
    /// `Get-DhcpServerv4Lease | Export-Csv` (and v6) of Windows.
    Windows,
    /// `netsh dhcp server scope … show clients 1`, and reservations of a dump.
    Netsh,
    /// Export of haneWIN's DHCP server.
    Hanewin,
    /// Export of VitalQIP.
    Qip,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 7] = [
        Format::Isc,
        Format::Kea4,
        Format::Kea6,
        Format::Windows,
        Format::Netsh,
        Format::Hanewin,
        Format::Qip,
    ];

    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Isc => "isc",
            Format::Kea4 => "kea4",
            Format::Kea6 => "kea6",
            Format::Windows => "windows",
            Format::Netsh => "netsh",
            Format::Hanewin => "hanewin",
            Format::Qip => "qip",
        }
    }

    /// True for tables whose columns bear headings.
    pub const fn has_headings(self) -> bool {
        matches!(self, Format::Windows | Format::Hanewin | Format::Qip)
    }
}

impl std::str::FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let words = Self::ALL.map(Format::as_str).join(", ");
            format!("'{text}' is no kind of lease file ({words})")
        })
    }
}

/// Reads files of one format, the oldest first: later entries replace earlier ones.
pub fn parse(format: Format, files: &[&[u8]], reading: &Reading) -> Parsed {
    match format {
        Format::Isc => isc::parse(files),
        Format::Kea4 => kea::parse(files, kea::Family::V4),
        Format::Kea6 => kea::parse(files, kea::Family::V6),
        Format::Windows => windows::parse(files, reading),
        Format::Netsh => netsh::parse(files, &reading.zone),
        Format::Hanewin => hanewin::parse(files, reading),
        Format::Qip => qip::parse(files, reading),
    }
}

/// A file as text, whatever encoding it has: UTF-8, UTF-16 with a byte order mark, else ISO 8859-1.
pub fn text_of(octets: &[u8]) -> String {
    text::decode(octets)
}

/// Octets as hexadecimal with colons.
pub(crate) fn hex(octets: &[u8]) -> Option<String> {
    if octets.is_empty() {
        return None;
    }
    let parts: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    Some(parts.join(":"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_octets_make_a_parser_fall(octets in proptest::collection::vec(any::<u8>(), 0..400), pick in 0usize..7) {
            let _ = parse(Format::ALL[pick], &[&octets], &Reading::default());
        }

        #[test]
        fn no_text_of_their_own_words_does_either(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "lease ", "10.0.0.1 ", "{", "}", ";", "\"", "\\", "ends ", "never", "epoch ", "\n", "ia-na ", "iaaddr ",
                "2001:db8::1", ",", "address,hwaddr,hostname,state,valid_lifetime,expire\n", "&#x2c", "&#x", "IPAddress;ClientId;HostName\n",
                "00-1b-21-3a-4f-5e", " - ", "-D-", "4294967295", "99999999999999999999", "binding state active", "#", "hardware ethernet ",
                "ObjectAddress=", "\u{202e}", "12/31/2026 1:00:00 PM",
            ]), 0..60),
            pick in 0usize..7,
        ) {
            let text = words.concat();
            let parsed = parse(Format::ALL[pick], &[text.as_bytes()], &Reading::default());
            let mut ips: Vec<_> = parsed.leases.iter().map(|lease| lease.ip).collect();
            ips.dedup();
            prop_assert_eq!(ips.len(), parsed.leases.len());
        }
    }

    #[test]
    fn formats_have_one_word_each() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert!("kea".parse::<Format>().unwrap_err().contains("kea4"));
    }
}
