//! Targets and credentials as they are written on the command line and in `--targets` files.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use anyhow::{Context, bail};

/// SNMP's port (RFC 3417).
pub const SNMP_PORT: u16 = 161;

/// One line of a targets file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As it was written.
    pub host: String,
    /// Where the agent answers.
    pub port: u16,
    /// How to speak to it; None where the line gives no credentials and those of the command line hold.
    pub access: Option<Access>,
}

/// Version and secrets, as words.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// SNMPv1 with this community.
    V1(String),
    /// SNMPv2c with this community.
    V2c(String),
    /// SNMPv3.
    V3(V3),
}

/// SNMPv3's user and protocols.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct V3 {
    /// User name.
    pub user: String,
    /// Authentication protocol's name and password.
    pub auth: Option<(String, String)>,
    /// Privacy protocol's name and password.
    pub privacy: Option<(String, String)>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Access::V1(_) => "v1",
            Access::V2c(_) => "v2c",
            Access::V3(_) => "v3",
        })
    }
}

impl Target {
    /// Reads `HOST`, `HOST:PORT`, `[V6]:PORT`.
    pub fn parse_host(text: &str) -> anyhow::Result<(String, u16)> {
        if let Ok(address) = text.parse::<SocketAddr>()
            && address.port() > 0
        {
            return Ok((address.ip().to_string(), address.port()));
        }
        if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok((ip.to_string(), SNMP_PORT));
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => {
                let Some(port) = port.parse().ok().filter(|port| *port > 0) else {
                    bail!("'{text}': '{port}' is no port (1 to 65535)");
                };
                if host.is_empty() {
                    bail!("'{text}': the host is missing");
                }
                Ok((host.to_owned(), port))
            }
            Some(_) => bail!("'{text}' is no address: write IPv6 with a port as [ADDRESS]:PORT"),
            None if text.is_empty() => bail!("the host is missing"),
            None => Ok((text.to_owned(), SNMP_PORT)),
        }
    }

    /// Reads a line `HOST[:PORT] [PORT] [v1 COMMUNITY | v2c COMMUNITY | COMMUNITY | v3 USER [AUTH PASSWORD
    /// [PRIV PASSWORD]]]`; fields are separated by blanks, tabs or commas. None for empty lines and comments.
    pub fn parse_line(line: &str) -> anyhow::Result<Option<Self>> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let mut words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty()).peekable();
        let (host, mut port) = Self::parse_host(words.next().unwrap_or_default())?;
        if let Some(number) = words.peek().and_then(|word| word.parse::<u16>().ok()) {
            port = number;
            words.next();
        }
        let rest: Vec<String> = words.map(str::to_owned).collect();
        let access = match rest.as_slice() {
            [] => None,
            [version, community] if version == "v1" => Some(Access::V1(community.clone())),
            [version, community] if version == "v2c" => Some(Access::V2c(community.clone())),
            [version, v3 @ ..] if version == "v3" => Some(Access::V3(parse_v3(v3)?)),
            [community] => Some(Access::V2c(community.clone())),
            _ => bail!("credentials are not understood (v1 COMMUNITY, v2c COMMUNITY or v3 USER ...)"),
        };
        Ok(Some(Self { host, port, access }))
    }

    /// The first address of the host.
    pub fn resolve(&self) -> anyhow::Result<SocketAddr> {
        let mut addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .with_context(|| format!("{}: the host is not known", self.host))?;
        addresses.next().with_context(|| format!("{}: the host has no address", self.host))
    }
}

fn parse_v3(words: &[String]) -> anyhow::Result<V3> {
    let pair = |protocol: &String, password: &String| Some((protocol.clone(), password.clone()));
    Ok(match words {
        [user] => V3 { user: user.clone(), ..V3::default() },
        [user, auth, password] => V3 { user: user.clone(), auth: pair(auth, password), privacy: None },
        [user, auth, auth_password, privacy, privacy_password] => V3 {
            user: user.clone(),
            auth: pair(auth, auth_password),
            privacy: pair(privacy, privacy_password),
        },
        _ => bail!("v3 needs USER, USER AUTH PASSWORD, or USER AUTH PASSWORD PRIV PASSWORD"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for (text, host, port) in [
            ("sw1", "sw1", 161),
            ("sw1:1161", "sw1", 1161),
            ("192.0.2.1", "192.0.2.1", 161),
            ("192.0.2.1:162", "192.0.2.1", 162),
            ("2001:db8::1", "2001:db8::1", 161),
            ("[2001:db8::1]:1161", "2001:db8::1", 1161),
            ("[2001:db8::1]", "2001:db8::1", 161),
        ] {
            assert_eq!(Target::parse_host(text).unwrap(), (host.to_owned(), port), "{text}");
        }
        assert!(Target::parse_host("sw1:99999").is_err());
        assert!(Target::parse_host("").is_err());
        assert!(Target::parse_host(":161").unwrap_err().to_string().contains("the host is missing"));
        assert!(Target::parse_host("sw1:0").is_err() && Target::parse_host("192.0.2.1:0").is_err());
    }

    #[test]
    fn lines_with_every_kind_of_credentials() {
        let line = |text| Target::parse_line(text).unwrap().unwrap();
        assert_eq!(line("sw1").access, None);
        assert_eq!(line("sw1 1161 public").access, Some(Access::V2c("public".into())));
        assert_eq!(line("sw1,1161,v2c,public").port, 1161);
        assert_eq!(line("sw1:7 v1 public").access, Some(Access::V1("public".into())));
        let Some(Access::V3(v3)) = line("sw1 v3 ops SHA-256 aaaaaaaa AES-128 bbbbbbbb").access else {
            panic!()
        };
        assert_eq!(v3.privacy, Some(("AES-128".into(), "bbbbbbbb".into())));
        assert_eq!(Target::parse_line("  # comment").unwrap(), None);
        assert!(Target::parse_line("sw1 v3 ops SHA-256").is_err());
    }

    #[test]
    fn secrets_are_not_in_debug_output() {
        assert!(!format!("{:?}", Target::parse_line("sw1 v2c geheim").unwrap()).contains("geheim"));
    }
}
