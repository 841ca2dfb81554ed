//! Leases of Windows' DHCP server, as `Get-DhcpServerv4Lease -ScopeId … -AllLeases | Export-Csv FILE`
//! (and `Get-DhcpServerv6Lease`) writes them: columns are the properties of the class
//! `DhcpServerv4Lease` (AddressState, ClientId, HostName, IPAddress, LeaseExpiryTime, ...), times are in
//! zone and culture of whoever exported.

use super::table::{self, Aliases, Known, Part, Reading};
use crate::lease::{LeaseState, Parsed};

const COLUMNS: Aliases = &[
    ("ipaddress", Part::Ip),
    ("clientid", Part::Mac),
    ("clientduid", Part::ClientId),
    ("hostname", Part::HostName),
    ("addressstate", Part::State),
    ("leaseexpirytime", Part::Ends),
];

/// Reads exports, the oldest first.
pub fn parse(files: &[&[u8]], reading: &Reading) -> Parsed {
    table::read_all(files, Known { columns: COLUMNS, state }, reading)
}

/// The words of AddressState; a reservation that is in use says so.
fn state(word: &str) -> Option<LeaseState> {
    Some(match word.to_ascii_lowercase().as_str() {
        "active" | "activereservation" => LeaseState::Active,
        "inactivereservation" => LeaseState::Reserved,
        "offered" => LeaseState::Offered,
        "expired" => LeaseState::Expired,
        "declined" => LeaseState::Declined,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: NAC-05
    #[test]
    fn what_powershell_exports_is_read() {
        let file = "#TYPE Microsoft.Management.Infrastructure.CimInstance#root/Microsoft/Windows/DHCP/DhcpServerv4Lease\r\n\
            \"IPAddress\",\"ScopeId\",\"Description\",\"ClientId\",\"HostName\",\"ClientType\",\"AddressState\",\"DnsRR\",\"DnsRegistration\",\"LeaseExpiryTime\",\"NapCapable\",\"NapStatus\",\"PolicyName\",\"ProbationEnds\",\"ServerIP\",\"PSComputerName\"\r\n\
            \"10.0.0.17\",\"10.0.0.0\",,\"00-1b-21-3a-4f-5e\",\"pc17.example.net\",\"Dhcp\",\"Active\",\"AandPTR\",\"Complete\",\"11/22/2026 2:05:00 PM\",\"False\",\"FullAccess\",,,\"10.0.0.1\",\r\n\
            \"10.0.0.18\",\"10.0.0.0\",,\"00-1b-21-3a-4f-5f\",\"printer\",\"Dhcp\",\"InactiveReservation\",\"NoRegistration\",\"NotApplicable\",,\"False\",\"FullAccess\",,,\"10.0.0.1\",\r\n\
            \"10.0.0.19\",\"10.0.0.0\",,\"52-41-53-20-d0-fe-1a-77-01-00-00-00\",\"RAS.x\",\"Dhcp\",\"Active\",,,,,,,,,\r\n\
            \"10.0.0.20\",\"10.0.0.0\",,\"00-1b-21-3a-4f-60\",,\"Dhcp\",\"Surprising\",,,,,,,,,\r\n\
            \"here\",\"10.0.0.0\",,\"00-1b-21-3a-4f-60\",,\"Dhcp\",\"Active\",,,,,,,,,\r\n";
        let parsed = parse(&[file.as_bytes()], &Reading::default());
        assert_eq!(parsed.leases.len(), 3);
        let lease = &parsed.leases[0];
        assert_eq!(lease.mac, "00:1b:21:3a:4f:5e".parse().ok());
        assert_eq!(
            (lease.host_name.as_deref(), lease.domain.as_deref()),
            (Some("pc17"), Some("example.net"))
        );
        assert_eq!(lease.ends.map(|at| at.to_string()).as_deref(), Some("2026-11-22T14:05:00Z"));
        assert_eq!(parsed.leases[1].state, LeaseState::Reserved);
        assert_eq!(parsed.leases[2].mac, None);
        assert!(parsed.leases[2].client_id.as_deref().unwrap().starts_with("52:41:53"));
        assert_eq!(parsed.dropped.iter().map(|row| row.line).collect::<Vec<_>>(), [6, 7]);
    }

    #[test]
    fn utf_16_and_the_culture_s_delimiter() {
        let text = "\"IPAddress\";\"ClientId\";\"HostName\";\"AddressState\";\"LeaseExpiryTime\"\r\n\
                    \"10.0.0.17\";\"00-1b-21-3a-4f-5e\";\"büro\";\"Active\";\"22.11.2026 14:05:00\"\r\n";
        let mut file = vec![0xff, 0xfe];
        file.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let parsed = parse(
            &[&file],
            &Reading { zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(1)), ..Reading::default() },
        );
        assert_eq!(parsed.dropped, []);
        assert_eq!(parsed.leases[0].host_name.as_deref(), Some("büro"));
        assert_eq!(parsed.leases[0].ends.map(|at| at.to_string()).as_deref(), Some("2026-11-22T13:05:00Z"));
    }

    #[test]
    fn version_six_goes_by_duid() {
        let file = "\"IPAddress\",\"ClientDuid\",\"Iaid\",\"HostName\",\"AddressState\"\n\"2001:db8::17\",\"00-01-00-01-2f-d2\",\"7\",\"pc6.example.net\",\"Active\"\n";
        let parsed = parse(&[file.as_bytes()], &Reading::default());
        assert_eq!(parsed.leases[0].client_id.as_deref(), Some("00:01:00:01:2f:d2"));
    }
}
