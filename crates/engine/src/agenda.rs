//! What is to be polled when: pure bookkeeping of intervals, wishes and polls under way.
//!
//! Each element has at most one poll of whole tables under way, since most agents answer one request at a
//! time; what falls due meanwhile waits and is done together. A re-read of single addresses (after a trap,
//! to settle a question) is a few variables: it goes first, and beside a poll of tables.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use netwarden_inventory::{PollWhat, PollWish};
use netwarden_model::element::Method;
use netwarden_model::{Mac, NeId, VlanId};

/// One poll to be made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Of which element.
    pub ne: NeId,
    /// What is to be read.
    pub what: What,
}

/// What one poll reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Whole methods, in their order.
    Methods(Vec<Method>),
    /// The rows of these addresses, each in a VLAN where that is known.
    Macs(Vec<(Mac, Option<VlanId>)>),
}

#[derive(Debug, Default)]
struct Entry {
    intervals: BTreeMap<Method, Duration>,
    due: BTreeMap<Method, Timestamp>,
    wished_methods: BTreeMap<Method, BTreeSet<Timestamp>>,
    wished_macs: BTreeMap<Mac, (Option<VlanId>, BTreeSet<Timestamp>)>,
    tables_under_way: bool,
    macs_under_way: bool,
}

/// More wished addresses than this are read faster with the whole table.
const MOST_MACS: usize = 64;

/// The polls of all elements.
#[derive(Debug, Default)]
pub struct Agenda {
    entries: BTreeMap<NeId, Entry>,
}

impl Agenda {
    /// Takes an element in, or its changed intervals. A new one is due at once, method by method.
    pub fn put(&mut self, ne: NeId, intervals: BTreeMap<Method, Duration>, now: Timestamp) {
        let entry = self.entries.entry(ne).or_default();
        for (method, interval) in &intervals {
            let latest = later(now, *interval);
            let due = entry.due.entry(*method).or_insert(now);
            *due = (*due).min(latest);
        }
        entry.due.retain(|method, _| intervals.contains_key(method));
        entry.intervals = intervals;
    }

    /// Forgets an element.
    pub fn remove(&mut self, ne: NeId) {
        self.entries.remove(&ne);
    }

    /// Notes a wish; of an element that is not known (any more) it is dropped.
    pub fn wish(&mut self, wish: PollWish) {
        let Some(entry) = self.entries.get_mut(&wish.ne) else { return };
        match wish.what {
            PollWhat::Methods(methods) => {
                // What is switched off for the element is not read by a wish either.
                for method in methods.into_iter().filter(|method| entry.intervals.contains_key(method)) {
                    entry.wished_methods.entry(method).or_default().insert(wish.due);
                }
            }
            PollWhat::Mac { .. } if !entry.intervals.contains_key(&Method::Forwarding) => {}
            PollWhat::Mac { mac, vlan, .. } => {
                let wished = entry.wished_macs.entry(mac).or_insert((vlan, BTreeSet::new()));
                wished.1.insert(wish.due);
                if entry.wished_macs.len() > MOST_MACS {
                    entry.wished_macs.clear();
                    entry.wished_methods.entry(Method::Forwarding).or_default().insert(wish.due);
                }
            }
        }
    }

    /// Takes the polls that are due, `limit` at most, and marks them as under way. Re-reads of single
    /// addresses come first, then whole methods.
    pub fn take_due(&mut self, now: Timestamp, limit: usize) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (ne, entry) in &mut self.entries {
            if jobs.len() < limit
                && !entry.macs_under_way
                && let Some(what) = entry.take_due_macs(now)
            {
                entry.macs_under_way = true;
                jobs.push(Job { ne: *ne, what });
            }
        }
        let mut wishes_first: Vec<(&NeId, &mut Entry)> =
            self.entries.iter_mut().filter(|(_, entry)| !entry.tables_under_way).collect();
        wishes_first.sort_by_key(|(_, entry)| entry.wished_methods.is_empty());
        for (ne, entry) in wishes_first {
            if jobs.len() >= limit {
                break;
            }
            if let Some(what) = entry.take_due_methods(now) {
                entry.tables_under_way = true;
                jobs.push(Job { ne: *ne, what });
            }
        }
        jobs
    }

    /// A poll ended. What it read by interval is due again after the interval and a part of it between
    /// 0 and a tenth, given by `jitter` (0 to 255), so that elements added together drift apart.
    pub fn done(&mut self, job: &Job, now: Timestamp, jitter: u8) {
        let Some(entry) = self.entries.get_mut(&job.ne) else { return };
        let What::Methods(methods) = &job.what else {
            entry.macs_under_way = false;
            return;
        };
        entry.tables_under_way = false;
        for method in methods {
            if let Some(interval) = entry.intervals.get(method) {
                let extra = interval.mul_f64(f64::from(jitter) / 2560.0);
                entry.due.insert(*method, later(now, interval.saturating_add(extra)));
            }
        }
    }

    /// When the next poll falls due that nothing of the same element holds up.
    pub fn next_due(&self) -> Option<Timestamp> {
        let tables = self.entries.values().filter(|entry| !entry.tables_under_way).flat_map(|entry| {
            entry.due.values().chain(entry.wished_methods.values().filter_map(BTreeSet::first))
        });
        let macs = self
            .entries
            .values()
            .filter(|entry| !entry.macs_under_way)
            .flat_map(|entry| entry.wished_macs.values().filter_map(|(_, due)| due.first()));
        tables.chain(macs).min().copied()
    }

    /// How many polls are under way.
    pub fn under_way(&self) -> usize {
        let of = |entry: &Entry| usize::from(entry.tables_under_way) + usize::from(entry.macs_under_way);
        self.entries.values().map(of).sum()
    }
}

impl Entry {
    fn take_due_macs(&mut self, now: Timestamp) -> Option<What> {
        let mut macs = Vec::new();
        self.wished_macs.retain(|mac, (vlan, due)| {
            if take_passed(due, now) {
                macs.push((*mac, *vlan));
            }
            !due.is_empty()
        });
        (!macs.is_empty()).then_some(What::Macs(macs))
    }

    fn take_due_methods(&mut self, now: Timestamp) -> Option<What> {
        let mut methods: BTreeSet<Method> =
            self.due.iter().filter(|(_, due)| **due <= now).map(|(method, _)| *method).collect();
        self.wished_methods.retain(|method, due| {
            if take_passed(due, now) {
                methods.insert(*method);
            }
            !due.is_empty()
        });
        (!methods.is_empty()).then(|| What::Methods(methods.into_iter().collect()))
    }
}

/// Drops the times up to `now`; true where there was one.
fn take_passed(due: &mut BTreeSet<Timestamp>, now: Timestamp) -> bool {
    let before = due.len();
    due.retain(|at| *at > now);
    due.len() < before
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| from.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NE: NeId = NeId(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn agenda() -> Agenda {
        let mut agenda = Agenda::default();
        let intervals = [(Method::Inventory, 600), (Method::Forwarding, 60)];
        agenda.put(NE, intervals.map(|(m, s)| (m, Duration::from_secs(s))).into(), at(0));
        agenda
    }

    // proves: NAC-02
    #[test]
    fn each_method_has_its_own_interval() {
        let mut agenda = agenda();
        let all = agenda.take_due(at(0), 9);
        let [job] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(job.what, What::Methods(vec![Method::Inventory, Method::Forwarding]));
        agenda.done(job, at(1), 0);
        assert_eq!(agenda.next_due(), Some(at(61)));
        assert_eq!(agenda.take_due(at(60), 9), []);
        let [job] = &agenda.take_due(at(61), 9)[..] else { panic!() };
        assert_eq!(job.what, What::Methods(vec![Method::Forwarding]));
    }

    #[test]
    fn a_shorter_interval_counts_at_once() {
        let mut agenda = agenda();
        let job = agenda.take_due(at(0), 1).remove(0);
        agenda.done(&job, at(0), 0);
        agenda.put(NE, [(Method::Forwarding, Duration::from_secs(5))].into(), at(10));
        assert_eq!(agenda.next_due(), Some(at(15)));
    }

    fn wish(agenda: &mut Agenda, what: PollWhat, due: i64) {
        agenda.wish(PollWish { ne: NE, what, due: at(due) });
    }

    #[test]
    fn tables_one_after_the_other_and_addresses_beside_them() {
        let mut agenda = agenda();
        let job = agenda.take_due(at(0), 9).remove(0);
        let mac = Mac::new([2, 0, 0, 0, 0, 1]);
        wish(&mut agenda, PollWhat::Mac { mac, vlan: None, port: None }, 1);
        wish(&mut agenda, PollWhat::Methods(vec![Method::Forwarding]), 1);
        assert_eq!(agenda.take_due(at(2), 9), [Job { ne: NE, what: What::Macs(vec![(mac, None)]) }]);
        assert_eq!(agenda.take_due(at(2), 9), []);
        agenda.done(&job, at(3), 0);
        assert_eq!(
            agenda.take_due(at(3), 9),
            [Job { ne: NE, what: What::Methods(vec![Method::Forwarding]) }]
        );
    }

    #[test]
    fn several_wishes_for_later_are_all_kept() {
        let mut agenda = agenda();
        let job = agenda.take_due(at(0), 9).remove(0);
        agenda.done(&job, at(0), 0);
        for due in [1, 3, 10] {
            wish(&mut agenda, PollWhat::Methods(vec![Method::Forwarding]), due);
        }
        for due in [1, 3, 10] {
            assert_eq!(agenda.next_due(), Some(at(due)));
            let job = agenda.take_due(at(due), 9).remove(0);
            agenda.done(&job, at(due), 0);
        }
    }

    #[test]
    fn a_flood_of_addresses_becomes_one_read_of_the_table() {
        let mut agenda = agenda();
        let job = agenda.take_due(at(0), 9).remove(0);
        agenda.done(&job, at(0), 0);
        for number in 0..100u64 {
            let mac = Mac::from_u64(0x0200_0000_0000 + number).unwrap();
            wish(&mut agenda, PollWhat::Mac { mac, vlan: None, port: None }, 1);
        }
        let jobs = agenda.take_due(at(1), 9);
        assert!(jobs.iter().any(|job| job.what == What::Methods(vec![Method::Forwarding])), "{jobs:?}");
    }

    #[test]
    fn jitter_is_at_most_a_tenth() {
        let mut agenda = agenda();
        let job = agenda.take_due(at(0), 9).remove(0);
        agenda.done(&job, at(0), 255);
        let due = agenda.next_due().unwrap();
        assert!(due > at(60) && due <= at(66), "{due}");
    }

    #[test]
    fn elements_with_wishes_go_first() {
        let mut agenda = agenda();
        agenda.put(NeId(2), [(Method::Forwarding, Duration::from_secs(60))].into(), at(0));
        let what = PollWhat::Methods(vec![Method::Forwarding]);
        agenda.wish(PollWish { ne: NeId(2), what, due: at(0) });
        assert_eq!(agenda.take_due(at(0), 1)[0].ne, NeId(2));
    }
}
