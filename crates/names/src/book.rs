//! All that the sources have told, and which name an endpoint has by it.
//!
//! A look-up's or a zone's word about an address is kept as a lease too: whole name as host name, no
//! client, and until when it holds. An answer that there is no name has none.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::Mac;

use crate::lease::Lease;
use crate::source::Kind;

/// A source's id.
pub type SourceId = i64;

/// What the sources say of one name of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They say nothing: what is known stays.
    Unknown,
    /// It has none.
    Absent,
    /// This one.
    Named {
        /// The name.
        name: String,
        /// Who says so.
        source: SourceId,
        /// The address it goes by.
        ip: IpAddr,
    },
}

#[derive(Debug, Clone)]
struct Shelf {
    kind: Kind,
    rows: BTreeMap<IpAddr, Lease>,
}

/// What the sources have told.
#[derive(Debug, Clone, Default)]
pub struct Book {
    shelves: BTreeMap<SourceId, Shelf>,
    by_mac: BTreeMap<Mac, BTreeSet<(SourceId, IpAddr)>>,
}

/// What a change of the book means for its rows in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows that are new or changed.
    pub put: Vec<Lease>,
    /// Rows that went.
    pub gone: Vec<IpAddr>,
}

impl Difference {
    /// True where nothing changed.
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.gone.is_empty()
    }
}

impl Book {
    /// Makes room for a source; a source whose kind changed begins anew.
    pub fn open(&mut self, source: SourceId, kind: Kind) {
        if self.shelves.get(&source).is_some_and(|shelf| shelf.kind != kind) {
            self.close(source);
        }
        self.shelves.entry(source).or_insert_with(|| Shelf { kind, rows: BTreeMap::new() });
    }

    /// Forgets a source and what it told.
    pub fn close(&mut self, source: SourceId) {
        self.shelves.remove(&source);
        self.by_mac.retain(|_, rows| {
            rows.retain(|(from, _)| *from != source);
            !rows.is_empty()
        });
    }

    /// Ids of the sources.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> {
        self.shelves.keys().copied()
    }

    /// What a source says of an address.
    pub fn row(&self, source: SourceId, ip: IpAddr) -> Option<&Lease> {
        self.shelves.get(&source)?.rows.get(&ip)
    }

    /// How many rows a source has.
    pub fn len(&self, source: SourceId) -> usize {
        self.shelves.get(&source).map_or(0, |shelf| shelf.rows.len())
    }

    /// What would be different if these rows were all that the source says (`whole`), or if they came
    /// and `gone` went. [`Book::apply`] makes it so.
    pub fn difference(&self, source: SourceId, rows: Vec<Lease>, gone: &[IpAddr], whole: bool) -> Difference {
        let Some(shelf) = self.shelves.get(&source) else { return Difference::default() };
        // Of several rows for an address the last counts.
        let rows: BTreeMap<IpAddr, Lease> = rows.into_iter().map(|lease| (lease.ip, lease)).collect();
        let gone = match whole {
            true => shelf.rows.keys().filter(|ip| !rows.contains_key(ip)).copied().collect(),
            false => {
                let gone: BTreeSet<IpAddr> = gone.iter().copied().collect();
                gone.into_iter().filter(|ip| shelf.rows.contains_key(ip) && !rows.contains_key(ip)).collect()
            }
        };
        let put = rows.into_values().filter(|lease| shelf.rows.get(&lease.ip) != Some(lease)).collect();
        Difference { put, gone }
    }

    /// Makes a difference so.
    pub fn apply(&mut self, source: SourceId, difference: Difference) {
        let Some(shelf) = self.shelves.get_mut(&source) else { return };
        let mut changes: Vec<(IpAddr, Option<Lease>)> =
            difference.gone.into_iter().map(|ip| (ip, None)).collect();
        changes.extend(difference.put.into_iter().map(|lease| (lease.ip, Some(lease))));
        for (ip, lease) in changes {
            let new = lease.as_ref().and_then(|lease| lease.mac);
            let before = match lease {
                Some(lease) => shelf.rows.insert(ip, lease),
                None => shelf.rows.remove(&ip),
            };
            if let Some(mac) = before.and_then(|lease| lease.mac)
                && let Some(rows) = self.by_mac.get_mut(&mac)
            {
                rows.remove(&(source, ip));
                if rows.is_empty() {
                    self.by_mac.remove(&mac);
                }
            }
            if let Some(mac) = new {
                self.by_mac.entry(mac).or_default().insert((source, ip));
            }
        }
    }

    /// The host name of the endpoint with this address, by DHCP: of the lease that is in force, the
    /// youngest first; a name stays its client's when the lease has ended. A source that knows no
    /// hardware addresses (DHCPv6) names whoever has the leased address now.
    pub fn host_name(&self, mac: Mac, ips: &BTreeSet<IpAddr>, now: Timestamp) -> Verdict {
        let own = self.by_mac.get(&mac).into_iter().flatten();
        let own = own.filter_map(|(source, ip)| Some((*source, self.shelves.get(source)?.rows.get(ip)?)));
        let by_ip =
            self.shelves.iter().filter(|(_, shelf)| !shelf.kind.is_dns()).flat_map(|(source, shelf)| {
                let rows = ips.iter().filter_map(move |ip| shelf.rows.get(ip));
                rows.filter(|lease| lease.mac.is_none() && in_force(lease, now))
                    .map(move |lease| (*source, lease))
            });
        let named =
            own.chain(by_ip).filter(|(_, lease)| lease.state.names_its_client() && lease.host_name.is_some());
        let best = named.max_by_key(|(source, lease)| {
            (in_force(lease, now), lease.starts, lease.ends, std::cmp::Reverse(*source), lease.ip)
        });
        match best {
            Some((source, lease)) => {
                Verdict::Named { name: lease.host_name.clone().unwrap_or_default(), source, ip: lease.ip }
            }
            None => Verdict::Unknown,
        }
    }

    /// The DNS name of an endpoint with these addresses: of the first of them that has one (IPv4 before
    /// IPv6), by look-up before by zone. That it has none is said only where every server that is asked
    /// has said so of every address.
    pub fn dns_name(&self, ips: &BTreeSet<IpAddr>) -> Verdict {
        let mut shelves: Vec<(SourceId, &Shelf)> = self
            .shelves
            .iter()
            .filter(|(_, shelf)| shelf.kind.is_dns())
            .map(|(id, shelf)| (*id, shelf))
            .collect();
        shelves.sort_by_key(|(id, shelf)| (shelf.kind, *id));
        let asked = || ips.iter().filter(|ip| crate::dns::reverse::is_asked(**ip));
        for ip in asked() {
            for (source, shelf) in &shelves {
                if let Some(name) = shelf.rows.get(ip).and_then(|row| row.host_name.clone()) {
                    return Verdict::Named { name, source: *source, ip: *ip };
                }
            }
        }
        let told = |ip: &IpAddr| {
            shelves.iter().all(|(_, shelf)| match shelf.kind {
                Kind::ReverseDns => shelf.rows.contains_key(ip),
                // A zone that was never transferred has no rows.
                _ => !shelf.rows.is_empty(),
            })
        };
        match !shelves.is_empty() && asked().next().is_some() && asked().all(told) {
            true => Verdict::Absent,
            false => Verdict::Unknown,
        }
    }

    /// Of these addresses those that a source of look-ups is to be asked for: never asked first, then the
    /// longest overdue, at most `most`.
    pub fn due(
        &self,
        source: SourceId,
        ips: impl Iterator<Item = IpAddr>,
        now: Timestamp,
        most: usize,
    ) -> Vec<IpAddr> {
        let Some(shelf) = self.shelves.get(&source) else { return Vec::new() };
        let mut due: Vec<(Option<Timestamp>, IpAddr)> = ips
            .filter(|ip| crate::dns::reverse::is_asked(*ip))
            .filter_map(|ip| match shelf.rows.get(&ip) {
                None => Some((None, ip)),
                Some(row) => row.ends.filter(|ends| *ends <= now).map(|ends| (Some(ends), ip)),
            })
            .collect();
        due.sort_unstable();
        due.dedup();
        due.truncate(most);
        due.into_iter().map(|(_, ip)| ip).collect()
    }

    /// Addresses of a source that nobody has any more; they are forgotten when they end.
    pub fn unused(&self, source: SourceId, used: &BTreeSet<IpAddr>, now: Timestamp) -> Vec<IpAddr> {
        let rows = self.shelves.get(&source).into_iter().flat_map(|shelf| shelf.rows.values());
        rows.filter(|row| row.ends.is_some_and(|ends| ends <= now) && !used.contains(&row.ip))
            .map(|row| row.ip)
            .collect()
    }
}

fn in_force(lease: &Lease, now: Timestamp) -> bool {
    use crate::lease::LeaseState::{Active, Reserved};
    matches!(lease.state, Active | Reserved) && lease.ends.is_none_or(|ends| ends > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::lease::LeaseState;

    const ISC: Kind = Kind::Leases(Format::Isc);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn mac(last: u8) -> Mac {
        Mac::new([0, 0x1b, 0x21, 0x3a, 0x4f, last])
    }

    fn row(ip: &str, client: Option<u8>, name: Option<&str>, starts: i64, ends: i64) -> Lease {
        Lease {
            mac: client.map(mac),
            host_name: name.map(str::to_owned),
            starts: Some(at(starts)),
            ends: Some(at(ends)),
            ..Lease::new(ip.parse().unwrap(), LeaseState::Active)
        }
    }

    fn ips(texts: &[&str]) -> BTreeSet<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn put(book: &mut Book, source: SourceId, rows: Vec<Lease>, whole: bool) -> Difference {
        let difference = book.difference(source, rows, &[], whole);
        book.apply(source, difference.clone());
        difference
    }

    fn name(verdict: Verdict) -> String {
        match verdict {
            Verdict::Named { name, source, .. } => format!("{name} by {source}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_lease_in_force_names_and_the_youngest_of_several() {
        let mut book = Book::default();
        book.open(1, ISC);
        book.open(2, Kind::Ldap);
        let none = ips(&[]);
        assert_eq!(book.host_name(mac(1), &none, at(50)), Verdict::Unknown);
        put(
            &mut book,
            1,
            vec![row("10.0.0.1", Some(1), Some("old"), 0, 100), row("10.0.0.2", Some(2), None, 0, 100)],
            true,
        );
        put(&mut book, 2, vec![row("10.0.0.9", Some(1), Some("young"), 10, 60)], true);
        assert_eq!(name(book.host_name(mac(1), &none, at(50))), "young by 2");
        assert_eq!(name(book.host_name(mac(1), &none, at(70))), "old by 1");
        assert_eq!(
            name(book.host_name(mac(1), &none, at(170))),
            "young by 2",
            "after the end it stays named"
        );
        assert_eq!(book.host_name(mac(2), &none, at(50)), Verdict::Unknown);
        // The address goes to another client: the name with it.
        put(&mut book, 2, vec![row("10.0.0.9", Some(3), Some("third"), 80, 160)], false);
        assert_eq!(name(book.host_name(mac(1), &none, at(90))), "old by 1");
        assert_eq!(name(book.host_name(mac(3), &none, at(90))), "third by 2");
        book.close(1);
        assert_eq!(book.host_name(mac(1), &none, at(90)), Verdict::Unknown);
    }

    #[test]
    fn a_lease_without_hardware_address_names_who_has_the_address_while_it_runs() {
        let mut book = Book::default();
        book.open(1, Kind::Leases(Format::Kea6));
        put(&mut book, 1, vec![row("2001:db8::7", None, Some("pc6"), 0, 100)], true);
        assert_eq!(name(book.host_name(mac(1), &ips(&["2001:db8::7"]), at(50))), "pc6 by 1");
        assert_eq!(book.host_name(mac(1), &ips(&["2001:db8::7"]), at(100)), Verdict::Unknown);
        assert_eq!(book.host_name(mac(1), &ips(&["2001:db8::8"]), at(50)), Verdict::Unknown);
    }

    #[test]
    fn look_ups_go_before_zones_and_absence_must_be_said_by_all() {
        let mut book = Book::default();
        let both = ips(&["10.0.0.1", "fe80::1"]);
        assert_eq!(book.dns_name(&both), Verdict::Unknown);
        book.open(1, Kind::Zone);
        book.open(2, Kind::ReverseDns);
        put(&mut book, 1, vec![row("10.0.0.1", None, Some("zone.example.net"), 0, 0)], true);
        assert_eq!(name(book.dns_name(&both)), "zone.example.net by 1");
        put(&mut book, 2, vec![row("10.0.0.1", None, Some("ptr.example.net"), 0, 0)], false);
        assert_eq!(name(book.dns_name(&both)), "ptr.example.net by 2");
        put(&mut book, 2, vec![row("10.0.0.1", None, None, 0, 0)], false);
        assert_eq!(name(book.dns_name(&both)), "zone.example.net by 1");
        put(&mut book, 1, vec![row("10.0.0.5", None, Some("x"), 0, 0)], true);
        assert_eq!(book.dns_name(&both), Verdict::Absent);
        assert_eq!(book.dns_name(&ips(&["10.0.0.1", "10.0.0.3"])), Verdict::Unknown, "one was not asked yet");
        assert_eq!(book.dns_name(&ips(&[])), Verdict::Unknown);
    }

    #[test]
    fn only_differences_are_written() {
        let mut book = Book::default();
        book.open(1, ISC);
        let rows =
            || vec![row("10.0.0.1", Some(1), Some("a"), 0, 1), row("10.0.0.2", Some(2), Some("b"), 0, 1)];
        assert_eq!(put(&mut book, 1, rows(), true).put.len(), 2);
        assert!(put(&mut book, 1, rows(), true).is_empty());
        let less = put(&mut book, 1, vec![row("10.0.0.1", Some(1), Some("a"), 0, 1)], true);
        assert_eq!((less.put.len(), less.gone), (0, vec!["10.0.0.2".parse().unwrap()]));
        let none =
            book.difference(1, vec![], &["10.0.0.1".parse().unwrap(), "10.9.9.9".parse().unwrap()], false);
        assert_eq!(none.gone.len(), 1);
        assert!(book.difference(7, rows(), &[], true).is_empty(), "nobody's rows are not kept");
    }

    #[test]
    fn questions_are_few_and_in_order() {
        let mut book = Book::default();
        book.open(1, Kind::ReverseDns);
        put(
            &mut book,
            1,
            vec![row("10.0.0.1", None, None, 0, 100), row("10.0.0.2", None, Some("b"), 0, 50)],
            false,
        );
        let all = || ips(&["10.0.0.1", "10.0.0.2", "10.0.0.3", "fe80::1", "127.0.0.1"]).into_iter();
        let text = |ips: Vec<IpAddr>| ips.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(book.due(1, all(), at(40), 9)), ["10.0.0.3"]);
        assert_eq!(text(book.due(1, all(), at(60), 9)), ["10.0.0.3", "10.0.0.2"]);
        assert_eq!(text(book.due(1, all(), at(200), 2)), ["10.0.0.3", "10.0.0.2"]);
        assert_eq!(text(book.unused(1, &ips(&["10.0.0.1"]), at(60))), ["10.0.0.2"]);
    }
}
