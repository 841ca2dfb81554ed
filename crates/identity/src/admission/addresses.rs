//! From where an account may be used: single addresses, ranges and networks, of IPv4 and IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::hours::TextError;
use crate::sharing::Coordinates;

/// Lines that a policy has at most.
pub const MOST_LINES: usize = 256;

/// First and last address, both included and of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: IpAddr,
    last: IpAddr,
}

/// A client address policy: where none of its ranges has the caller's address, there is no session. It may say where
/// on earth these addresses are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    ranges: Vec<Range>,
    at: Option<Coordinates>,
}

impl Addresses {
    /// Reads one line an entry: `192.0.2.7`, `192.0.2.10-192.0.2.20`, `192.0.2.0/24`, `2001:db8::/48`; and, once,
    /// `at 48.2082 16.3738` for where they are, in degrees north and east. Empty lines and what follows a `#` are
    /// left out.
    ///
    /// # Errors
    /// The line that is none of these, by its number; nothing at all, which would let nobody in.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let (mut ranges, mut at) = (Vec::new(), None);
        for (number, line) in super::hours::lines(text) {
            if ranges.len() == MOST_LINES {
                return Err(TextError::TooLong(MOST_LINES));
            }
            if let Some(coordinates) = line.strip_prefix("at ").filter(|_| at.is_none()) {
                let read = Coordinates::parse(coordinates);
                at = Some(read.ok_or_else(|| TextError::address(number, line))?);
                continue;
            }
            ranges.push(range(line).ok_or_else(|| TextError::address(number, line))?);
        }
        if ranges.is_empty() {
            return Err(TextError::Empty);
        }
        Ok(Self { ranges, at })
    }

    /// Nobody may come from anywhere.
    pub const fn nowhere() -> Self {
        Self { ranges: Vec::new(), at: None }
    }

    /// Where on earth they are, if that was said.
    pub const fn at(&self) -> Option<Coordinates> {
        self.at
    }

    /// True where the address lies in one of the ranges; an IPv4 address that is mapped into IPv6 counts as
    /// what it is (RFC 4291 section 2.5.5.2).
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.ranges.iter().any(|range| {
            range.first.is_ipv4() == address.is_ipv4() && range.first <= address && address <= range.last
        })
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Range { first, last }) in self.ranges.iter().enumerate() {
            let line_end = if n == 0 { "" } else { "\n" };
            match first == last {
                true => write!(f, "{line_end}{first}")?,
                false => write!(f, "{line_end}{first}-{last}")?,
            }
        }
        if let Some(Coordinates { latitude, longitude }) = self.at {
            write!(f, "\nat {} {}", f64::from(latitude) / 1e6, f64::from(longitude) / 1e6)?;
        }
        Ok(())
    }
}

fn range(line: &str) -> Option<Range> {
    let address = |text: &str| text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical());
    if let Some((address_text, length)) = line.split_once('/') {
        return network(address_text.trim().parse().ok()?, length.trim().parse().ok()?);
    }
    let (first, last) = line.split_once('-').unwrap_or((line, line));
    let (first, last) = (address(first)?, address(last)?);
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Range { first, last })
}

/// All addresses of a network; of one written with bits behind the prefix too, as people do.
fn network(address: IpAddr, length: u32) -> Option<Range> {
    match address {
        IpAddr::V4(v4) => {
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            (length <= 32).then(|| Range {
                first: Ipv4Addr::from_bits(v4.to_bits() & !host).into(),
                last: Ipv4Addr::from_bits(v4.to_bits() | host).into(),
            })
        }
        // Callers are counted as IPv4 where they are, so a network of theirs is one of IPv4.
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            network(v6.to_ipv4_mapped()?.into(), length.checked_sub(96)?)
        }
        IpAddr::V6(v6) => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            (length <= 128).then(|| Range {
                first: Ipv6Addr::from_bits(v6.to_bits() & !host).into(),
                last: Ipv6Addr::from_bits(v6.to_bits() | host).into(),
            })
        }
    }
}
