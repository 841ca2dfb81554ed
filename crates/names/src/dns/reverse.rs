//! Reverse look-up: which name does an address have (PTR, RFC 1035 section 3.5, RFC 3596 section 2.5)?

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use super::{DnsError, message, shown};

/// How long an answer holds, whatever its TTL says.
pub const HOLDS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(86_400));
/// How long it holds that there is no name (RFC 2308 section 5 advises at most three hours).
pub const ABSENCE_HOLDS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(10_800));
/// The same where the answer has no SOA to say (RFC 2308 section 2.2).
const ABSENCE_UNSAID: Duration = Duration::from_secs(300);

/// What a server says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its name; of several the first by the alphabet, so that it stays the same.
    Name {
        /// The name, in lower case.
        name: String,
        /// How long that holds.
        holds: Duration,
    },
    /// It has none.
    Absent {
        /// How long that holds.
        holds: Duration,
    },
    /// The answer did not fit: ask again over TCP (RFC 7766 section 5).
    Truncated,
}

/// The question for an address.
///
/// # Errors
/// Where it cannot be encoded.
pub fn question(ip: IpAddr, id: u16) -> Result<Vec<u8>, DnsError> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from(ip), RecordType::PTR));
    message.to_vec().map_err(|error| DnsError::Unreadable(error.to_string()))
}

/// Reads the answer to [`question`] with this address and id.
///
/// # Errors
/// Where it is another answer, or the server refuses or fails.
pub fn answer(octets: &[u8], ip: IpAddr, id: u16) -> Result<Outcome, DnsError> {
    let message = message(octets, id)?;
    let asked = Name::from(ip);
    let fits = message.queries.first().is_some_and(|query| {
        query.query_type() == RecordType::PTR && query.name().to_lowercase() == asked.to_lowercase()
    });
    if !fits {
        return Err(DnsError::Unreadable("it answers another question".to_owned()));
    }
    if message.metadata.truncation {
        return Ok(Outcome::Truncated);
    }
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        code => return Err(DnsError::Refused(code.to_string())),
    }
    // Behind a CNAME stand the pointers of a classless delegation (RFC 2317).
    let pointers = message.answers.iter().filter_map(|record| match &record.data {
        RData::PTR(target) => Some((shown(&target.0)?, record.ttl)),
        _ => None,
    });
    if let Some((name, ttl)) = pointers.min() {
        let holds = Duration::from_secs(u64::from(ttl)).clamp(HOLDS.0, HOLDS.1);
        return Ok(Outcome::Name { name, holds });
    }
    let said = message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(Duration::from_secs(u64::from(record.ttl.min(soa.minimum)))),
        _ => None,
    });
    Ok(Outcome::Absent { holds: said.unwrap_or(ABSENCE_UNSAID).clamp(ABSENCE_HOLDS.0, ABSENCE_HOLDS.1) })
}

/// Whether an address is worth a question: link-local and group addresses have no names.
pub fn is_asked(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            !(v4.is_link_local() || v4.is_loopback() || v4.is_multicast() || v4.is_unspecified())
        }
        IpAddr::V6(v6) => {
            !(v6.is_unicast_link_local() || v6.is_loopback() || v6.is_multicast() || v6.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{PTR, SOA};
    use proptest::prelude::*;

    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    fn reply(change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.add_query(Query::query(Name::from(IP), RecordType::PTR));
        change(&mut message);
        message.to_vec().unwrap()
    }

    fn pointer(name: &str, ttl: u32) -> Record {
        Record::from_rdata(Name::from(IP), ttl, RData::PTR(PTR(Name::from_ascii(name).unwrap())))
    }

    #[test]
    fn the_question_is_the_reverse_name() {
        let asked = Message::from_vec(&question(IP, 9).unwrap()).unwrap();
        assert_eq!(asked.queries[0].name().to_ascii(), "7.2.0.192.in-addr.arpa.");
        let asked = Message::from_vec(&question("2001:db8::1".parse().unwrap(), 9).unwrap()).unwrap();
        assert!(asked.queries[0].name().to_ascii().ends_with("8.b.d.0.1.0.0.2.ip6.arpa."));
    }

    #[test]
    fn names_absence_and_how_long_they_hold() {
        let name = |ttl| answer(&reply(|m| m.insert_answers(vec![pointer("PC7.example.net.", ttl)])), IP, 7);
        let found = |s| Ok(Outcome::Name { name: "pc7.example.net".into(), holds: Duration::from_secs(s) });
        assert_eq!(name(3600), found(3600));
        assert_eq!(name(1), found(60));
        assert_eq!(name(u32::MAX), found(86_400));
        let soa = |ttl, minimum| {
            let root = || Name::from_ascii("a.").unwrap();
            let soa = SOA::new(root(), root(), 1, 2, 3, 4, minimum);
            reply(|m| {
                m.metadata.response_code = ResponseCode::NXDomain;
                m.add_authority(Record::from_rdata(root(), ttl, RData::SOA(soa)));
            })
        };
        let absent = |s| Ok(Outcome::Absent { holds: Duration::from_secs(s) });
        assert_eq!(answer(&soa(900, 600), IP, 7), absent(600));
        assert_eq!(answer(&soa(100_000, 100_000), IP, 7), absent(10_800));
        assert_eq!(answer(&reply(|_| ()), IP, 7), absent(300));
        let two = reply(|m| {
            m.add_answer(pointer("b.example.net.", 60));
            m.add_answer(pointer("a.example.net.", 60));
        });
        assert!(matches!(answer(&two, IP, 7), Ok(Outcome::Name { name, .. }) if name == "a.example.net"));
        assert_eq!(answer(&reply(|m| m.metadata.truncation = true), IP, 7), Ok(Outcome::Truncated));
    }

    #[test]
    fn other_answers_are_not_taken() {
        let good = reply(|m| m.insert_answers(vec![pointer("x.", 60)]));
        assert!(answer(&good, IP, 8).is_err(), "another id");
        assert!(answer(&good, "192.0.2.8".parse().unwrap(), 7).is_err(), "another question");
        assert!(answer(&question(IP, 7).unwrap(), IP, 7).is_err(), "no response");
        let failed = reply(|m| m.metadata.response_code = ResponseCode::ServFail);
        assert!(matches!(answer(&failed, IP, 7), Err(DnsError::Refused(_))));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_fall(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(&octets, IP, 7);
        }
    }
}
