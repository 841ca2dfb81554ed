//! Sources of names, as administrators keep them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::format::{Columns, Format, Reading};

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A DNS server that is asked for the name of each address (PTR, RFC 1035 section 3.5).
    ReverseDns,
    /// A DNS server that gives whole zones (AXFR, RFC 5936; IXFR, RFC 1995).
    Zone,
    /// A directory with leases.
    Ldap,
    /// Infoblox's web interface.
    Infoblox,
    /// Lease files and exports, sent by the DHCP agent or uploaded.
    Leases(Format),
}

impl Kind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = Kind> {
        [Kind::ReverseDns, Kind::Zone, Kind::Ldap, Kind::Infoblox]
            .into_iter()
            .chain(Format::ALL.into_iter().map(Kind::Leases))
    }

    /// The word used in interfaces and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::ReverseDns => "reverse_dns",
            Kind::Zone => "zone",
            Kind::Ldap => "ldap",
            Kind::Infoblox => "infoblox",
            Kind::Leases(format) => format.as_str(),
        }
    }

    /// True where this system asks; others are sent here.
    pub const fn is_asked(self) -> bool {
        !matches!(self, Kind::Leases(_))
    }

    /// True where its files are tables whose columns bear headings.
    pub const fn has_headings(self) -> bool {
        matches!(self, Kind::Leases(format) if format.has_headings())
    }

    /// True where its names are DNS names, else they are host names of DHCP.
    pub const fn is_dns(self) -> bool {
        matches!(self, Kind::ReverseDns | Kind::Zone)
    }
}

impl std::str::FromStr for Kind {
    type Err = SourceError;
    fn from_str(text: &str) -> Result<Self, SourceError> {
        Self::all().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let words: Vec<&str> = Self::all().map(Kind::as_str).collect();
            let shown: String = text.chars().take(32).collect();
            SourceError(format!("'{shown}' is no kind of source ({})", words.join(", ")))
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a source cannot be as it is described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// HMACs of TSIG that are offered (RFC 8945 section 6; those with MD5 and SHA-1 are not).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // the words are the RFC's
pub enum TsigAlgorithm {
    #[default]
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    #[serde(rename = "hmac-sha384")]
    HmacSha384,
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
}

/// Names of a directory's attributes. As they stand here they are those of `dhcpLeases`
/// (draft-ietf-dhc-ldap-schema).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LdapAttributes {
    /// The address.
    pub ip: String,
    /// The hardware address.
    pub mac: String,
    /// Client identifier.
    pub client_id: String,
    /// Host name; the first that an entry has counts.
    pub host_name: Vec<String>,
    /// Domain.
    pub domain: String,
    /// Since when.
    pub starts: String,
    /// Until when.
    pub ends: String,
    /// State.
    pub state: String,
}

impl Default for LdapAttributes {
    fn default() -> Self {
        Self {
            ip: "cn".into(),
            mac: "dhcpHWAddress".into(),
            client_id: "dhcpClientId".into(),
            host_name: vec!["dhcpAssignedHostName".into(), "dhcpRequestedHostName".into()],
            domain: "dhcpDomainName".into(),
            starts: "dhcpStartTimeOfState".into(),
            ends: "dhcpExpirationTime".into(),
            state: "dhcpAddressState".into(),
        }
    }
}

impl LdapAttributes {
    /// All names, as a search asks for them.
    pub fn wanted(&self) -> Vec<&str> {
        let single =
            [&self.ip, &self.mac, &self.client_id, &self.domain, &self.starts, &self.ends, &self.state];
        let names = single.into_iter().chain(&self.host_name).map(String::as_str);
        names.filter(|name| !name.is_empty()).collect()
    }
}

/// What some kinds need beside an address; what a kind does not know is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Reverse look-up: questions a second, 1 to 1,000; 20 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Zone: which zones are transferred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Zone: name of the TSIG key; its secret, in base64, is the source's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tsig_key: Option<String>,
    /// Zone: HMAC of the TSIG key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tsig_algorithm: Option<TsigAlgorithm>,
    /// Directory: where the search begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Directory: which entries; `(objectClass=dhcpLeases)` unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Directory: as whom to bind; anonymous unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind_dn: Option<String>,
    /// Directory: StartTLS on a plain connection (RFC 4511 section 4.14).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub starttls: bool,
    /// Directory: other attributes than those of `dhcpLeases`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<LdapAttributes>,
    /// Directory: `ldap://` without StartTLS: an explicit, audited exception.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub danger_allow_plain: bool,
    /// Infoblox: user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Infoblox: version of the interface, such as 2.10, which it is unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wapi_version: Option<String>,
    /// Directory and Infoblox: authorities that may have signed the server's certificate, PEM; the
    /// operating system's unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Files: zone of times that bear none (`Europe/Berlin`); UTC unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Exports with headings: how the columns are called, where they are not called as usual. Only these are
    /// read then, and `ip` must be among them.
    #[serde(skip_serializing_if = "Columns::is_empty")]
    pub columns: Columns,
}

/// A source of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Server or URL; empty where files are sent.
    pub address: String,
    /// From one run to the next.
    pub interval: Duration,
    /// It is asked, and what it sends is taken.
    pub enabled: bool,
    /// The rest.
    pub settings: Settings,
    /// The vault holds a secret for it.
    pub has_secret: bool,
}

/// Octets of a name of a source, at most.
pub const LONGEST_NAME: usize = 64;
/// Shortest and longest interval.
pub const INTERVALS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(7 * 86_400));

impl Source {
    /// Whether it is fit for use.
    ///
    /// # Errors
    /// One sentence that says what is missing or does not belong there.
    pub fn check(&self) -> Result<(), SourceError> {
        let refuse = |text: String| Err(SourceError(text));
        let shown = |c: char| !c.is_control() && c != '/';
        if self.name.trim() != self.name
            || self.name.is_empty()
            || self.name.len() > LONGEST_NAME
            || !self.name.chars().all(shown)
        {
            return refuse(format!("a source's name has 1 to {LONGEST_NAME} characters, and no '/'"));
        }
        if self.interval < INTERVALS.0 || self.interval > INTERVALS.1 {
            return refuse("the interval must be from 10 seconds to 7 days".to_owned());
        }
        let set = &self.settings;
        let given = [
            (set.per_second.is_some(), "per_second", self.kind == Kind::ReverseDns),
            (!set.zones.is_empty(), "zones", self.kind == Kind::Zone),
            (set.tsig_key.is_some(), "tsig_key", self.kind == Kind::Zone),
            (set.tsig_algorithm.is_some(), "tsig_algorithm", self.kind == Kind::Zone),
            (set.base.is_some(), "base", self.kind == Kind::Ldap),
            (set.filter.is_some(), "filter", self.kind == Kind::Ldap),
            (set.bind_dn.is_some(), "bind_dn", self.kind == Kind::Ldap),
            (set.starttls, "starttls", self.kind == Kind::Ldap),
            (set.attributes.is_some(), "attributes", self.kind == Kind::Ldap),
            (set.danger_allow_plain, "danger_allow_plain", self.kind == Kind::Ldap),
            (set.user.is_some(), "user", self.kind == Kind::Infoblox),
            (set.wapi_version.is_some(), "wapi_version", self.kind == Kind::Infoblox),
            (set.ca.is_some(), "ca", matches!(self.kind, Kind::Ldap | Kind::Infoblox)),
            (set.time_zone.is_some(), "time_zone", !self.kind.is_asked()),
            (!set.columns.is_empty(), "columns", self.kind.has_headings()),
            (!self.address.is_empty(), "address", self.kind.is_asked()),
            (self.has_secret, "secret", matches!(self.kind, Kind::Zone | Kind::Ldap | Kind::Infoblox)),
        ];
        if let Some((_, name, _)) = given.iter().find(|(given, _, fits)| *given && !fits) {
            return refuse(format!("a source of kind {} has no '{name}'", self.kind));
        }
        match self.kind {
            Kind::ReverseDns => {
                self.servers()?;
                if !(1..=1_000).contains(&self.per_second()) {
                    return refuse("per_second must be from 1 to 1000".to_owned());
                }
            }
            Kind::Zone => {
                self.servers()?;
                if set.zones.is_empty() || set.zones.len() > 256 {
                    return refuse("a source of kind zone names 1 to 256 zones".to_owned());
                }
                for zone in &set.zones {
                    crate::dns::domain(zone).map_err(|error| SourceError(error.to_string()))?;
                }
                if let Some(key) = &set.tsig_key {
                    crate::dns::domain(key).map_err(|error| SourceError(error.to_string()))?;
                }
                if set.tsig_key.is_some() != self.has_secret {
                    return refuse("tsig_key and a secret belong together".to_owned());
                }
            }
            Kind::Ldap => self.check_ldap()?,
            Kind::Infoblox => {
                let host = self.address.strip_prefix("https://").unwrap_or_default();
                if host.is_empty() || host.contains(['@', '?', '#']) {
                    return refuse("the address of an Infoblox is https://HOST".to_owned());
                }
                if set.user.as_deref().is_none_or(str::is_empty) || !self.has_secret {
                    return refuse("an Infoblox needs user and secret".to_owned());
                }
                let version = self.wapi_version();
                if version.is_empty() || !version.chars().all(|c| c.is_ascii_digit() || c == '.') {
                    return refuse("wapi_version is a version such as 2.10".to_owned());
                }
            }
            Kind::Leases(_) => {
                self.reading()?;
            }
        }
        Ok(())
    }

    fn check_ldap(&self) -> Result<(), SourceError> {
        let set = &self.settings;
        let plain = self.address.starts_with("ldap://");
        if !plain && !self.address.starts_with("ldaps://") {
            return Err(SourceError("the address of a directory is ldaps://HOST or ldap://HOST".to_owned()));
        }
        if plain && !set.starttls && !set.danger_allow_plain {
            let text = "ldap:// without starttls would be in clear, for which the source has no exception \
                        (danger_allow_plain)";
            return Err(SourceError(text.to_owned()));
        }
        if !plain && set.starttls {
            return Err(SourceError("ldaps:// is protected from the start: no starttls".to_owned()));
        }
        if set.bind_dn.is_some() != self.has_secret {
            return Err(SourceError("bind_dn and a secret belong together".to_owned()));
        }
        if set.base.as_deref().is_none_or(|base| base.trim().is_empty()) {
            return Err(SourceError("a directory needs a base, where the search begins".to_owned()));
        }
        if self.attributes().ip.is_empty() {
            return Err(SourceError("attributes: the one that holds the address has no name".to_owned()));
        }
        Ok(())
    }

    /// The DNS servers, asked in this order; port 53 unless given.
    ///
    /// # Errors
    /// Where one is no address.
    pub fn servers(&self) -> Result<Vec<SocketAddr>, SourceError> {
        let words = self.address.split([',', ' ']).filter(|word| !word.is_empty());
        let servers: Result<Vec<SocketAddr>, SourceError> = words
            .map(|word| {
                let bare = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(word);
                let server =
                    bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)).or_else(|_| word.parse());
                server.ok().filter(|server| server.port() > 0).ok_or_else(|| {
                    let shown: String = word.chars().take(64).collect();
                    SourceError(format!("'{shown}' is no address of a DNS server (IP or IP:PORT)"))
                })
            })
            .collect();
        match servers? {
            servers if servers.is_empty() || servers.len() > 8 => {
                Err(SourceError("the address names 1 to 8 DNS servers".to_owned()))
            }
            servers => Ok(servers),
        }
    }

    /// Questions a second.
    pub fn per_second(&self) -> u32 {
        self.settings.per_second.unwrap_or(20)
    }

    /// Version of Infoblox's interface.
    pub fn wapi_version(&self) -> &str {
        self.settings.wapi_version.as_deref().unwrap_or("2.10")
    }

    /// Attributes of a directory.
    pub fn attributes(&self) -> LdapAttributes {
        self.settings.attributes.clone().unwrap_or_default()
    }

    /// How its files are read.
    ///
    /// # Errors
    /// Where there is no such zone, or the columns cannot be told apart.
    pub fn reading(&self) -> Result<Reading, SourceError> {
        let zone = match &self.settings.time_zone {
            None => jiff::tz::TimeZone::UTC,
            Some(name) => jiff::tz::TimeZone::get(name).map_err(|_| {
                SourceError(format!("'{}' is no time zone", name.chars().take(64).collect::<String>()))
            })?,
        };
        Reading::new(zone, self.settings.columns.clone()).map_err(SourceError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(kind: &str, address: &str, settings: &str, has_secret: bool) -> Result<(), SourceError> {
        Source {
            id: 1,
            name: "x".into(),
            kind: kind.parse()?,
            address: address.into(),
            interval: Duration::from_secs(300),
            enabled: true,
            settings: serde_json::from_str(settings).map_err(|error| SourceError(error.to_string()))?,
            has_secret,
        }
        .check()
    }

    #[test]
    fn what_fits_together_is_taken() {
        for (kind, address, settings, secret) in [
            ("reverse_dns", "192.0.2.53, [2001:db8::53]:5353", r#"{"per_second": 100}"#, false),
            ("zone", "192.0.2.53", r#"{"zones": ["example.net", "2.0.192.in-addr.arpa"]}"#, false),
            (
                "zone",
                "192.0.2.53",
                r#"{"zones": ["example.net"], "tsig_key": "k", "tsig_algorithm": "hmac-sha512"}"#,
                true,
            ),
            ("ldap", "ldaps://dir.example.net", r#"{"base": "o=x", "bind_dn": "cn=r,o=x"}"#, true),
            ("ldap", "ldap://dir.example.net", r#"{"base": "o=x", "starttls": true}"#, false),
            (
                "ldap",
                "ldap://dir.example.net",
                r#"{"base": "o=x", "danger_allow_plain": true, "attributes": {"ip": "ipHostNumber"}}"#,
                false,
            ),
            ("infoblox", "https://grid.example.net", r#"{"user": "reader"}"#, true),
            ("windows", "", r#"{"time_zone": "Europe/Berlin"}"#, false),
            ("hanewin", "", r#"{"columns": {"ip": "Adresse", "host_name": "Rechner"}}"#, false),
            ("isc", "", "{}", false),
        ] {
            assert_eq!(source(kind, address, settings, secret), Ok(()), "{kind}");
        }
    }

    #[test]
    fn what_does_not_is_refused_in_words() {
        for (kind, address, settings, secret, word) in [
            ("bind", "192.0.2.53", "{}", false, "no kind"),
            ("reverse_dns", "", "{}", false, "1 to 8"),
            ("reverse_dns", "ns.example.net", "{}", false, "no address"),
            ("reverse_dns", "192.0.2.53", r#"{"per_second": 0}"#, false, "per_second"),
            ("reverse_dns", "192.0.2.53", r#"{"zones": ["a"]}"#, false, "'zones'"),
            ("zone", "192.0.2.53", "{}", false, "zones"),
            ("zone", "192.0.2.53", r#"{"zones": ["a"], "tsig_key": "k"}"#, false, "belong together"),
            ("ldap", "ldap://x", r#"{"base": "o=x"}"#, false, "in clear"),
            ("ldap", "http://x", r#"{"base": "o=x"}"#, false, "ldaps://"),
            ("ldap", "ldaps://x", "{}", false, "base"),
            ("ldap", "ldaps://x", r#"{"base": "o=x", "bind_dn": "cn=y"}"#, false, "belong together"),
            ("infoblox", "http://x", r#"{"user": "u"}"#, true, "https://"),
            ("infoblox", "https://x", r#"{"user": "u"}"#, false, "secret"),
            ("isc", "10.0.0.1", "{}", false, "'address'"),
            ("isc", "", "{}", true, "'secret'"),
            ("windows", "", r#"{"time_zone": "Mars"}"#, false, "time zone"),
            ("isc", "", r#"{"surprise": 1}"#, false, "surprise"),
            ("isc", "", r#"{"columns": {"ip": "Adresse"}}"#, false, "'columns'"),
            ("qip", "", r#"{"columns": {"mac": "Karte"}}"#, false, "(ip) has no name"),
            ("qip", "", r#"{"columns": {"ip": " - "}}"#, false, "1 to 128"),
            ("qip", "", r#"{"columns": {"ip": "A b", "mac": "a-B"}}"#, false, "two are called"),
            ("qip", "", r#"{"columns": {"colour": "x"}}"#, false, "colour"),
        ] {
            let refused = source(kind, address, settings, secret).unwrap_err().to_string();
            assert!(refused.contains(word), "{kind} {settings}: {refused}");
        }
    }
}
