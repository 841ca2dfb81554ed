//! Failures of callers who are not identified: the first from an address in a minute is recorded
//! whole, the others are counted, so that guessing cannot fill the store.
//!
//! Pure: time is an argument. At most [`Limits::records`] whole records and [`Limits::addresses`]
//! addresses a minute; what goes beyond is counted together.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::Severity;

use crate::record::{Kind, ObjectRef, Outcome, Record};
use netwarden_model::Plane;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// How much is remembered and recorded in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Records that are written whole.
    pub records: usize,
    /// Addresses that are counted apart.
    pub addresses: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { records: 120, addresses: 1_000 }
    }
}

/// What to do with a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Write its record.
    Record,
    /// It was counted.
    Counted,
}

/// What was counted and not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct More {
    /// From this address; None for those that were too many to be counted apart.
    pub address: Option<String>,
    /// So many.
    pub count: u64,
    /// From the minute that began here.
    pub since: Timestamp,
}

#[derive(Debug)]
struct Minute {
    began: Timestamp,
    more: u64,
}

/// The counts of the present minute.
#[derive(Debug, Default)]
pub struct Coalescer {
    limits: Limits,
    addresses: HashMap<String, Minute>,
    others: Option<Minute>,
    /// Whole records of the minute that began at the time.
    written: Option<(Timestamp, usize)>,
}

impl Coalescer {
    /// With these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// A caller at `address` failed.
    pub fn failure(&mut self, now: Timestamp, address: &str) -> Verdict {
        if let Some(minute) = self.addresses.get_mut(address) {
            minute.more = minute.more.saturating_add(1);
            return Verdict::Counted;
        }
        let written = match self.written {
            Some((began, written)) if is_within(began, now) => (began, written),
            _ => (now, 0),
        };
        if self.addresses.len() >= self.limits.addresses || written.1 >= self.limits.records {
            let others = self.others.get_or_insert(Minute { began: now, more: 0 });
            others.more = others.more.saturating_add(1);
            return Verdict::Counted;
        }
        self.written = Some((written.0, written.1 + 1));
        self.addresses.insert(address.to_owned(), Minute { began: now, more: 0 });
        Verdict::Record
    }

    /// What the minutes that are over have counted, by address; to be called every few seconds and
    /// with `all` before the end.
    pub fn due(&mut self, now: Timestamp, all: bool) -> Vec<More> {
        let mut due = Vec::new();
        self.addresses.retain(|address, minute| {
            if !all && is_within(minute.began, now) {
                return true;
            }
            if minute.more > 0 {
                due.push(More { address: Some(address.clone()), count: minute.more, since: minute.began });
            }
            false
        });
        due.sort_by(|a, b| a.address.cmp(&b.address));
        if let Some(others) = self.others.take_if(|minute| all || !is_within(minute.began, now)) {
            due.push(More { address: None, count: others.more, since: others.began });
        }
        due
    }

    /// Takes back what could not be recorded; it counts with the minutes to come.
    pub fn give_back(&mut self, due: Vec<More>) {
        for more in due {
            let minute = match more.address {
                Some(address) if self.addresses.len() < self.limits.addresses => {
                    self.addresses.entry(address).or_insert(Minute { began: more.since, more: 0 })
                }
                _ => self.others.get_or_insert(Minute { began: more.since, more: 0 }),
            };
            minute.more = minute.more.saturating_add(more.count);
        }
    }
}

impl More {
    /// The record that tells of it.
    pub fn record(&self, now: Timestamp, operation: &str) -> Record {
        let from = self.address.as_deref().unwrap_or("further addresses");
        Record {
            level: Severity::Warning,
            plane: Plane::Management,
            address: self.address.clone(),
            details: Some(format!("{} more from {from} in the minute from {}", self.count, self.since)),
            ..Record::new(now, Kind::Security, operation, ObjectRef::any("session"), Outcome::Denied)
        }
    }
}

/// Also false where the clock was set back by more than a minute, so that nothing waits for ever.
fn is_within(began: Timestamp, now: Timestamp) -> bool {
    now.duration_since(began).abs() < MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_first_in_a_minute_is_written_and_the_others_are_counted() {
        let mut coalescer = Coalescer::default();
        assert_eq!(coalescer.failure(at(0), "192.0.2.1"), Verdict::Record);
        for second in 1..50 {
            assert_eq!(coalescer.failure(at(second), "192.0.2.1"), Verdict::Counted);
        }
        assert_eq!(coalescer.failure(at(50), "192.0.2.2"), Verdict::Record);
        assert_eq!(coalescer.due(at(59), false), []);
        let due = coalescer.due(at(60), false);
        let more = More { address: Some("192.0.2.1".to_owned()), count: 49, since: at(0) };
        assert_eq!(due, [more]);
        let record = due[0].record(at(60), "session.login");
        assert_eq!(
            record.details.as_deref(),
            Some("49 more from 192.0.2.1 in the minute from 2023-11-14T22:13:20Z")
        );
        // The minute is over: the next one is written again. A single failure leaves nothing behind.
        assert_eq!(coalescer.failure(at(61), "192.0.2.1"), Verdict::Record);
        assert_eq!(coalescer.due(at(300), false), []);
        assert!(coalescer.addresses.is_empty());
    }

    #[test]
    fn many_addresses_fill_neither_memory_nor_store() {
        let mut coalescer = Coalescer::new(Limits { records: 10, addresses: 1_000 });
        let written =
            (0..5_000).filter(|n| coalescer.failure(at(0), &format!("addr {n}")) == Verdict::Record).count();
        assert_eq!(written, 10);
        assert_eq!(coalescer.addresses.len(), 10);
        assert_eq!(coalescer.due(at(60), false), [More { address: None, count: 4_990, since: at(0) }]);
        let mut few = Coalescer::new(Limits { records: 10, addresses: 2 });
        assert_eq!((0..5).filter(|n| few.failure(at(0), &n.to_string()) == Verdict::Record).count(), 2);
        assert_eq!(few.due(at(1), true), [More { address: None, count: 3, since: at(0) }]);
    }

    #[test]
    fn what_could_not_be_recorded_is_not_forgotten() {
        let mut coalescer = Coalescer::new(Limits { records: 10, addresses: 1 });
        for address in ["a", "a", "b"] {
            coalescer.failure(at(0), address);
        }
        let due = coalescer.due(at(60), false);
        assert_eq!(due.len(), 2);
        coalescer.give_back(due.clone());
        assert_eq!(coalescer.due(at(61), false), due);
    }

    #[test]
    fn a_clock_set_back_keeps_nothing_waiting() {
        let mut coalescer = Coalescer::default();
        coalescer.failure(at(0), "a");
        coalescer.failure(at(0), "a");
        assert_eq!(coalescer.due(at(-3_600), false).len(), 1);
    }
}
