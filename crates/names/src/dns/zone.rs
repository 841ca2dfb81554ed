//! Zone transfer: whole (AXFR, RFC 5936) or what changed since a serial (IXFR, RFC 1995), as a machine
//! that takes messages. Of a zone only which address has which name is kept.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::{DnsError, message, shown};

/// Records that a zone may have.
const MOST_RECORDS: usize = 4_000_000;

/// One record as far as it names: its address, whether it is a pointer, and the name.
type Named = (IpAddr, bool, String);

/// A zone's names at a serial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The serial of its SOA.
    pub serial: u32,
    names: BTreeSet<Named>,
}

impl Zone {
    /// Addresses with their names; a pointer before a host's own record, then by the alphabet.
    pub fn names(&self) -> Vec<(IpAddr, String)> {
        let mut names: Vec<(IpAddr, String)> = Vec::new();
        let mut sorted: Vec<&Named> = self.names.iter().collect();
        sorted.sort_by_key(|(ip, pointer, name)| (*ip, !*pointer, name.as_str()));
        for (ip, _, name) in sorted {
            if names.last().is_none_or(|(last, _)| last != ip) {
                names.push((*ip, name.clone()));
            }
        }
        names
    }
}

/// The question for a zone: what changed since `known`, or the whole.
///
/// # Errors
/// Where it cannot be encoded.
pub fn question(zone: &Name, known: Option<u32>, id: u16) -> Result<Message, DnsError> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    let kind = if known.is_some() { RecordType::IXFR } else { RecordType::AXFR };
    message.add_query(Query::query(zone.clone(), kind));
    if let Some(serial) = known {
        // RFC 1995 section 3: of this SOA only the serial is read.
        let soa = SOA::new(Name::root(), Name::root(), serial, 0, 0, 0, 0);
        message.add_authority(Record::from_rdata(zone.clone(), 0, RData::SOA(soa)));
    }
    Ok(message)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing came yet.
    Start,
    /// The first SOA came, of this serial.
    Opened(u32),
    /// The whole zone comes.
    Whole(u32),
    /// What went comes; to this serial in the end.
    Removing { to: u32 },
    /// What is new with serial `at` comes.
    Adding { to: u32, at: u32 },
    /// Nothing more is awaited.
    Done(u32),
    /// There is nothing newer.
    Unchanged,
}

/// A transfer on its way.
#[derive(Debug)]
pub struct Transfer {
    zone: Name,
    id: u16,
    known: Option<Zone>,
    state: State,
    names: BTreeSet<Named>,
    records: usize,
}

/// How a transfer ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is newer than what was known.
    Unchanged,
    /// The zone as it is now.
    Zone(Zone),
}

impl Transfer {
    /// Awaits the answers to [`question`]; `known` is what it was asked with.
    pub fn new(zone: Name, id: u16, known: Option<Zone>) -> Self {
        Self { zone, id, known, state: State::Start, names: BTreeSet::new(), records: 0 }
    }

    /// Takes an answer; true where it was the last.
    ///
    /// # Errors
    /// Where it is none of this transfer, or the server refuses.
    pub fn take(&mut self, octets: &[u8]) -> Result<bool, DnsError> {
        let message = message(octets, self.id)?;
        if message.metadata.response_code != ResponseCode::NoError {
            return Err(DnsError::Refused(message.metadata.response_code.to_string()));
        }
        // Later messages need no question (RFC 5936 section 2.2.2).
        if let Some(query) = message.queries.first()
            && query.name().to_lowercase() != self.zone.to_lowercase()
        {
            return Err(DnsError::Unreadable("it answers another question".to_owned()));
        }
        if message.answers.is_empty() {
            return Err(DnsError::Broken("a message has no records"));
        }
        let sole = message.answers.len() == 1;
        for record in &message.answers {
            self.record(record)?;
        }
        if let (State::Opened(serial), true, Some(known)) = (self.state, sole, &self.known)
            && !is_newer(serial, known.serial)
        {
            self.state = State::Unchanged;
        }
        Ok(matches!(self.state, State::Done(_) | State::Unchanged))
    }

    fn record(&mut self, record: &Record) -> Result<(), DnsError> {
        self.records += 1;
        if self.records > MOST_RECORDS {
            return Err(DnsError::Broken("it has too many records"));
        }
        let soa = match &record.data {
            RData::SOA(soa) if record.name.to_lowercase() == self.zone.to_lowercase() => Some(soa.serial),
            RData::SOA(_) => return Err(DnsError::Broken("a SOA of another zone is in it")),
            _ => None,
        };
        self.state = match (self.state, soa) {
            (State::Start, Some(serial)) => State::Opened(serial),
            (State::Start, None) => return Err(DnsError::Broken("it does not begin with a SOA")),
            (State::Opened(to), Some(serial)) => match &self.known {
                Some(known) if serial == known.serial && serial != to => {
                    self.names.clone_from(&known.names);
                    State::Removing { to }
                }
                // A zone of a SOA alone.
                _ if serial == to => State::Done(to),
                _ => return Err(DnsError::Broken("the changes begin at another serial")),
            },
            (State::Opened(to), None) => {
                self.add(record);
                State::Whole(to)
            }
            (State::Whole(to), Some(serial)) if serial == to => State::Done(to),
            (State::Whole(_), Some(_)) => return Err(DnsError::Broken("the serial changed on the way")),
            (State::Whole(to), None) => {
                self.add(record);
                State::Whole(to)
            }
            (State::Removing { to }, Some(at)) => State::Adding { to, at },
            (State::Removing { to }, None) => {
                if let Some(named) = named(record) {
                    self.names.remove(&named);
                }
                State::Removing { to }
            }
            (State::Adding { to, at }, Some(serial)) if serial == to && at == to => State::Done(to),
            (State::Adding { to, at }, Some(serial)) if serial == at => State::Removing { to },
            (State::Adding { .. }, Some(_)) => return Err(DnsError::Broken("the changes have a gap")),
            (State::Adding { to, at }, None) => {
                self.add(record);
                State::Adding { to, at }
            }
            (State::Done(_) | State::Unchanged, _) => {
                return Err(DnsError::Broken("records follow the last SOA"));
            }
        };
        Ok(())
    }

    fn add(&mut self, record: &Record) {
        if let Some(named) = named(record) {
            self.names.insert(named);
        }
    }

    /// What the transfer brought.
    ///
    /// # Errors
    /// Where it had not ended.
    pub fn finish(self) -> Result<Ended, DnsError> {
        match self.state {
            State::Done(serial) => Ok(Ended::Zone(Zone { serial, names: self.names })),
            State::Unchanged => Ok(Ended::Unchanged),
            _ => Err(DnsError::Broken("it ends before the last SOA")),
        }
    }
}

fn named(record: &Record) -> Option<Named> {
    match &record.data {
        RData::A(a) => Some((IpAddr::V4(a.0), false, host(&record.name)?)),
        RData::AAAA(aaaa) => Some((IpAddr::V6(aaaa.0), false, host(&record.name)?)),
        RData::PTR(target) => Some((pointed(&record.name)?, true, shown(&target.0)?)),
        _ => None,
    }
}

/// Wildcards, and names with an underscore in front (RFC 8552), are no hosts' names.
fn host(name: &Name) -> Option<String> {
    shown(name).filter(|name| !name.starts_with(['*', '_']))
}

/// The address that a name below in-addr.arpa or ip6.arpa stands for; None for a part of one.
fn pointed(name: &Name) -> Option<IpAddr> {
    let text = name.to_ascii().to_lowercase();
    let text = text.trim_end_matches('.');
    if let Some(rest) = text.strip_suffix(".in-addr.arpa") {
        let mut labels: Vec<&str> = rest.split('.').collect();
        // Within a classless delegation (RFC 2317) one more label stands there: 7.0/25.2.0.192.
        if labels.len() == 5 {
            labels.remove(1);
        }
        labels.reverse();
        return (labels.len() == 4).then(|| labels.join(".").parse().ok().map(IpAddr::V4)).flatten();
    }
    let digits: Vec<u8> = text
        .strip_suffix(".ip6.arpa")?
        .split('.')
        .rev()
        .map(|digit| u8::from_str_radix(digit, 16).ok().filter(|_| digit.len() == 1))
        .collect::<Option<_>>()?;
    let octets: Vec<u8> =
        digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect();
    <[u8; 16]>::try_from(octets).ok().filter(|_| digits.len() == 32).map(IpAddr::from)
}

/// Serial number arithmetic (RFC 1982 section 3.2).
fn is_newer(serial: u32, than: u32) -> bool {
    serial != than && serial.wrapping_sub(than) < 1 << 31
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::{A, PTR};
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        super::super::domain(text).unwrap()
    }

    fn soa(serial: u32) -> Record {
        let soa = SOA::new(name("ns.example.net"), name("x.example.net"), serial, 1, 1, 1, 1);
        Record::from_rdata(name("example.net"), 60, RData::SOA(soa))
    }

    fn a(host: &str, last: u8) -> Record {
        Record::from_rdata(name(&format!("{host}.example.net")), 60, RData::A(A::new(192, 0, 2, last)))
    }

    fn reply(records: &[Record]) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.add_answers(records.iter().cloned());
        message.to_vec().unwrap()
    }

    fn run(known: Option<&Zone>, messages: &[&[Record]]) -> Result<Ended, DnsError> {
        let mut transfer = Transfer::new(name("example.net"), 7, known.cloned());
        for records in messages {
            if transfer.take(&reply(records))? {
                break;
            }
        }
        transfer.finish()
    }

    fn names(ended: Ended) -> (u32, Vec<String>) {
        let Ended::Zone(zone) = ended else { panic!("{ended:?}") };
        let serial = zone.serial;
        (serial, zone.names().into_iter().map(|(ip, name)| format!("{ip} {name}")).collect())
    }

    #[test]
    fn whole_zones_in_one_message_or_many() {
        let whole = [soa(3), a("b", 1), a("a", 1), a("*", 9), a("_x", 8), soa(3)];
        let expected = (3, vec!["192.0.2.1 a.example.net".to_owned()]);
        assert_eq!(names(run(None, &[&whole]).unwrap()), expected);
        let one_by_one: Vec<&[Record]> = whole.chunks(1).collect();
        assert_eq!(names(run(None, &one_by_one).unwrap()), expected);
        assert_eq!(names(run(None, &[&[soa(3), soa(3)]]).unwrap()), (3, vec![]));
    }

    #[test]
    fn changes_are_applied_to_what_is_known() {
        let Ended::Zone(known) = run(None, &[&[soa(1), a("a", 1), a("b", 2), soa(1)]]).unwrap() else {
            panic!()
        };
        let changes =
            [soa(3), soa(1), a("a", 1), soa(2), a("c", 3), soa(2), a("b", 2), soa(3), a("d", 2), soa(3)];
        let expected = (3, vec!["192.0.2.2 d.example.net".to_owned(), "192.0.2.3 c.example.net".to_owned()]);
        assert_eq!(names(run(Some(&known), &[&changes]).unwrap()), expected);
        // The same in pieces; and a server that answers an IXFR with the whole zone.
        let pieces: Vec<&[Record]> = changes.chunks(3).collect();
        assert_eq!(names(run(Some(&known), &pieces).unwrap()), expected);
        let whole = [soa(3), a("d", 2), a("c", 3), soa(3)];
        assert_eq!(names(run(Some(&known), &[&whole]).unwrap()), expected);
        assert_eq!(run(Some(&known), &[&[soa(1)]]), Ok(Ended::Unchanged));
        // An older serial is none to go back to.
        assert_eq!(run(Some(&known), &[&[soa(u32::MAX)]]), Ok(Ended::Unchanged));
    }

    #[test]
    fn what_is_broken_changes_nothing() {
        let Ended::Zone(known) = run(None, &[&[soa(1), a("a", 1), soa(1)]]).unwrap() else { panic!() };
        for records in [
            vec![a("a", 1)],
            vec![soa(3), a("a", 1)],
            vec![soa(3), a("a", 1), soa(4)],
            vec![soa(3), a("a", 1), soa(3), a("b", 1)],
            vec![soa(3), soa(2), a("a", 1), soa(3), soa(3)],
            vec![soa(3), soa(1), soa(2), a("a", 1), soa(3)],
        ] {
            assert!(run(Some(&known), &[&records]).is_err(), "{records:?}");
        }
    }

    #[test]
    fn pointers_name_their_address() {
        let cases = [
            ("7.2.0.192.in-addr.arpa", Some("192.0.2.7")),
            ("7.0/25.2.0.192.in-addr.arpa", Some("192.0.2.7")),
            ("2.0.192.in-addr.arpa", None),
            ("300.2.0.192.in-addr.arpa", None),
            ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", Some("2001:db8::1")),
            ("8.b.d.0.1.0.0.2.ip6.arpa", None),
            ("example.net", None),
        ];
        for (text, expected) in cases {
            let pointer = Record::from_rdata(name(text), 1, RData::PTR(PTR(name("PC.example.net"))));
            let found = named(&pointer).map(|(ip, _, name)| {
                assert_eq!(name, "pc.example.net");
                ip.to_string()
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_fall(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut transfer = Transfer::new(name("example.net"), 7, None);
            let _ = transfer.take(&octets);
        }
    }
}
