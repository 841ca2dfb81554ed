//! The gate's counts: pure, time is an argument.
//!
//! | what | limit | kept for those who are known |
//! |---|---|---|
//! | connections | in all; of an address | an eighth of all |
//! | requests at once | in all; a quarter of them of an address | an eighth of all |
//! | requests in a second | of an address, ten times as many at once | as many again of an account |
//!
//! An IPv6 host is counted by its /64.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use netwarden_identity::crowd::{Crowd, Full};
use netwarden_operate::AccessLimits;

/// Seconds of the long run's rate that may come at once.
const BURST_S: f64 = 10.0;
/// Addresses or accounts whose rates are remembered; those beyond share one.
const MOST_REMEMBERED: usize = 65_536;

/// Requests of each key in a second: a bucket that fills at the rate, and holds ten seconds of it.
#[derive(Debug)]
pub(super) struct Rates<K> {
    buckets: HashMap<K, Bucket>,
    /// Of those that are too many to be remembered.
    others: Bucket,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// What was taken, less what has come since.
    used: f64,
    at: Duration,
}

impl Bucket {
    fn used_at(self, now: Duration, per_s: f64) -> f64 {
        (self.used - now.saturating_sub(self.at).as_secs_f64() * per_s).max(0.0)
    }

    fn take(&mut self, now: Duration, per_s: f64) -> bool {
        let used = self.used_at(now, per_s);
        let fits = used + 1.0 <= per_s * BURST_S;
        *self = Bucket { used: if fits { used + 1.0 } else { used }, at: now };
        fits
    }
}

impl<K> Default for Rates<K> {
    fn default() -> Self {
        Self { buckets: HashMap::new(), others: Bucket::default() }
    }
}

impl<K: Eq + Hash> Rates<K> {
    /// Takes one request of `key`; false where it has had as many as it may.
    pub(super) fn take(&mut self, key: K, now: Duration, per_s: u32) -> bool {
        let per_s = f64::from(per_s);
        if self.buckets.len() >= MOST_REMEMBERED && !self.buckets.contains_key(&key) {
            // Whoever has used nothing for a while is as good as new.
            self.buckets.retain(|_, bucket| bucket.used_at(now, per_s) > 0.0);
        }
        if self.buckets.len() >= MOST_REMEMBERED && !self.buckets.contains_key(&key) {
            return self.others.take(now, per_s);
        }
        self.buckets.entry(key).or_default().take(now, per_s)
    }
}

/// What there is a limited number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) all: usize,
    pub(super) of_address: usize,
}

impl Limit {
    pub(super) const fn of_connections(limits: &AccessLimits) -> Self {
        Self { all: limits.connections, of_address: limits.source_connections }
    }

    pub(super) const fn of_requests(limits: &AccessLimits) -> Self {
        Self { all: limits.requests_at_once, of_address: limits.requests_at_once.div_ceil(4) }
    }

    /// Of them, so many are kept for those who are known.
    const fn kept(&self) -> usize {
        self.all / 8
    }
}

/// Who is inside, on common places and on those that are kept.
#[derive(Debug, Default)]
pub(super) struct Places {
    common: Crowd,
    kept: Crowd,
}

/// Which kind of place somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Common,
    Kept,
}

impl Places {
    /// A common place, for whomever.
    pub(super) fn enter(&mut self, address: IpAddr, limit: &Limit) -> Result<Kind, Full> {
        let most = limit.all - limit.kept();
        self.common.enter(address, most, limit.of_address).map(|()| Kind::Common)
    }

    /// A place that is kept. Of them, too, one address takes a quarter at most.
    pub(super) fn enter_kept(&mut self, address: IpAddr, limit: &Limit) -> Result<Kind, Full> {
        let kept = limit.kept().max(1);
        self.kept.enter(address, kept, kept.div_ceil(4)).map(|()| Kind::Kept)
    }

    pub(super) fn leave(&mut self, address: IpAddr, kind: Kind) {
        match kind {
            Kind::Common => self.common.leave(address),
            Kind::Kept => self.kept.leave(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    // proves: SEC-09
    #[test]
    fn a_source_has_ten_seconds_of_its_rate_at_once_and_then_the_rate() {
        let mut rates = Rates::default();
        let taken = |rates: &mut Rates<u8>, key, at, wanted| {
            (0..wanted).filter(|_| rates.take(key, second(at), 5)).count()
        };
        assert_eq!(taken(&mut rates, 1, 0, 100), 50);
        assert_eq!(taken(&mut rates, 2, 0, 100), 50, "another source has its own");
        assert_eq!(taken(&mut rates, 1, 1, 100), 5);
        assert_eq!(taken(&mut rates, 1, 1_000, 100), 50);
        // Time that goes back gives nothing.
        assert_eq!(taken(&mut rates, 1, 999, 100), 0);
    }

    // proves: SEC-09
    #[test]
    fn more_sources_than_are_remembered_share_one_rate_until_others_have_rested() {
        let mut rates = Rates::default();
        for n in 0..u32::try_from(MOST_REMEMBERED).unwrap() {
            assert!(rates.take(n, second(0), 1));
        }
        let late = (0..100).filter(|n| rates.take(1_000_000 + n, second(0), 1)).count();
        assert_eq!(late, 10);
        assert_eq!(rates.buckets.len(), MOST_REMEMBERED);
        assert!(rates.take(2_000_000, second(2), 1));
        assert_eq!(rates.buckets.len(), 1, "those that have rested are forgotten");
    }

    // proves: SEC-09
    #[test]
    fn places_are_kept_whatever_strangers_do() {
        let limit = Limit { all: 16, of_address: 4 };
        let mut places = Places::default();
        let mut inside = 0;
        for n in 0..20 {
            while places.enter(address(n), &limit).is_ok() {
                inside += 1;
            }
        }
        assert_eq!(inside, 14);
        assert_eq!(places.enter(address(0), &limit), Err(Full::Address));
        assert_eq!(places.enter(address(30), &limit), Err(Full::All));
        assert_eq!(places.enter_kept(address(0), &limit), Ok(Kind::Kept));
        assert_eq!(places.enter_kept(address(0), &limit), Err(Full::Address));
        assert_eq!(places.enter_kept(address(30), &limit), Ok(Kind::Kept));
        assert_eq!(places.enter_kept(address(31), &limit), Err(Full::All));
        places.leave(address(0), Kind::Common);
        assert_eq!(places.enter(address(30), &limit), Ok(Kind::Common));
    }
}
