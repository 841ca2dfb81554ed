//! Locks against guessing, with time as an argument.

use std::net::IpAddr;

use proptest::prelude::*;

use super::at;
use crate::lockout::{Limit, Locked, LockoutPolicy, Tallies, Tally, counted_address};

const FIVE: Limit = Limit { failures: 5, within_s: 600, lock_s: 1800 };

#[test]
fn five_failures_in_ten_minutes_lock_for_thirty() {
    // Seconds of the failures, when it locks, and until when.
    for (failures, locks, until) in [
        (vec![0, 1, 2, 3], false, 0),
        (vec![0, 1, 2, 3, 4], true, 1804),
        (vec![0, 150, 300, 450, 599], true, 2399),
        // The first is ten minutes old when the fifth comes.
        (vec![0, 150, 300, 450, 600], false, 0),
        (vec![0, 150, 300, 450, 600, 601], true, 2401),
        (vec![0, 700, 1400, 2100, 2800, 3500], false, 0),
    ] {
        let mut tally = Tally::default();
        let mut locked = false;
        for second in &failures {
            locked = tally.fail(at(*second), &FIVE);
        }
        assert_eq!(locked, locks, "{failures:?}");
        let last = *failures.last().unwrap();
        assert_eq!(tally.is_locked(at(last)), locks);
        if locks {
            assert!(tally.is_locked(at(until - 1)) && !tally.is_locked(at(until)), "{failures:?}");
        }
    }
}

#[test]
fn a_success_begins_anew_and_a_lock_is_not_prolonged() {
    let mut tally = Tally::default();
    for second in 0..4 {
        tally.fail(at(second), &FIVE);
    }
    tally.succeed();
    assert!(tally.is_idle(at(5)));
    for second in 5..9 {
        assert!(!tally.fail(at(second), &FIVE));
    }
    assert!(tally.fail(at(9), &FIVE));
    for second in 10..100 {
        assert!(!tally.fail(at(second), &FIVE));
    }
    assert!(!tally.is_locked(at(1809)), "hammering does not keep the user out longer");
    assert!(!tally.fail(at(1810), &FIVE), "and counting begins at one");
}

#[test]
fn the_defaults_are_those_of_the_source() {
    let policy = LockoutPolicy::default();
    let name = |tallies: &mut Tallies, admin, times: &[i64]| {
        times.iter().map(|s| tallies.fail(&policy, admin, at(*s))).collect::<Vec<_>>()
    };
    // Account: 5 in 10 min.
    let mut tallies = Tallies::default();
    let locked = name(&mut tallies, false, &[0, 100, 200, 300, 400]);
    assert_eq!(locked, [None, None, None, None, Some(Locked::Account)]);
    assert_eq!(tallies.locked(false, at(400)), Some(Locked::Account));
    assert_eq!(tallies.locked(false, at(400 + 1800)), None);
    // Address: 10 in a minute, over several accounts.
    let mut tallies = Tallies::default();
    for n in 0..10 {
        tallies.account = Tally::default();
        let locked = tallies.fail(&policy, false, at(n));
        assert_eq!(locked, (n == 9).then_some(Locked::Address));
    }
    tallies.account = Tally::default();
    assert_eq!(tallies.locked(false, at(9 + 1799)), Some(Locked::Address));
    assert_eq!(tallies.locked(false, at(9 + 1800)), None);
    // Address: three accounts locked from it in 10 min.
    let mut tallies = Tallies::default();
    for account in 0..3 {
        tallies.account = Tally::default();
        let base = account * 150;
        let locked = name(&mut tallies, false, &[base, base + 30, base + 60, base + 90, base + 120]);
        let expected = if account == 2 { Locked::Address } else { Locked::Account };
        assert_eq!(locked.last(), Some(&Some(expected)));
    }
    tallies.account = Tally::default();
    assert_eq!(tallies.locked(false, at(430)), Some(Locked::Address));
    // admin: never as account; its address for 10 min.
    let mut tallies = Tallies::default();
    let locked = name(&mut tallies, true, &[0, 100, 200, 300, 400]);
    assert_eq!(locked.last(), Some(&Some(Locked::Address)));
    assert_eq!(tallies.account, Tally::default());
    assert_eq!(tallies.locked(true, at(999)), Some(Locked::Address));
    assert_eq!(tallies.locked(true, at(1000)), None);
    assert_eq!(tallies.locked(false, at(500)), None, "other accounts are not hindered there");
    // More than three failures since the last success raise an alarm: `Refused` says how many.
    for (failures, valid) in [(0, false), (1, true), (99, true), (100, false)] {
        assert_eq!(Limit { failures, ..FIVE }.is_valid(), valid);
    }
}

#[test]
fn an_ipv6_network_is_one_caller() {
    let counted = |text: &str| counted_address(text.parse::<IpAddr>().unwrap()).to_string();
    assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    assert_eq!(counted("2001:db8:1:2::ffff"), "2001:db8:1:2::");
    assert_eq!(counted("192.0.2.1"), "192.0.2.1");
    assert_eq!(counted("::ffff:192.0.2.1"), "192.0.2.1");
}

proptest! {
    // Whatever the times: no more failures than the limit pass between two locks.
    #[test]
    fn never_more_guesses_than_the_limit(steps in proptest::collection::vec(0i64..60, 1..200)) {
        let mut tally = Tally::default();
        let (mut now, mut guesses) = (0, Vec::new());
        for step in steps {
            now += step;
            if !tally.is_locked(at(now)) {
                guesses.push(now);
                tally.fail(at(now), &FIVE);
            }
            prop_assert!(tally.failures.len() < 5);
        }
        for window in guesses.windows(6) {
            prop_assert!(window[5] - window[0] >= 600, "six guesses within {} s", window[5] - window[0]);
        }
    }
}
