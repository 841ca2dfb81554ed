//! Whether an element has restarted between two readings.

use jiff::Timestamp;
use netwarden_model::reading::System;

use crate::element::Live;

/// sysUpTime is a TimeTicks: it wraps after 2^32 hundredths of a second (RFC 2578 section 7.1.8).
const WRAP_CS: u64 = 1 << 32;

/// So much older than the last one may a reading be that was begun before it.
const OVERLAP_CS: u64 = 6_000;

/// True where snmpEngineBoots has grown (RFC 3414 section 2.2.2), or sysUpTime is less than the time
/// that has passed would make it, beyond its wrap and beyond the clocks' drift.
pub(crate) fn restarted(before: &Live, now: &System, at: Timestamp) -> bool {
    if let (Some(before), Some(now)) = (before.engine_boots, now.engine_boots)
        && now > before
    {
        return true;
    }
    let (Some((read_at, before)), Some(now)) = (before.up_time, now.up_time_cs) else { return false };
    // Polls of one element overlap: what one read first may arrive last. A restart within a minute of
    // another one shows in snmpEngineBoots.
    if now < before && before - now <= OVERLAP_CS {
        return false;
    }
    let elapsed_ms = at.duration_since(read_at).as_millis();
    let elapsed = u64::try_from(elapsed_ms / 10).unwrap_or(0);
    // A minute, and a hundredth for agents whose ticks are not quite hundredths of a second.
    let slack = 6_000 + elapsed / 100;
    let expected = before.saturating_add(elapsed);
    let seems = if now >= before { now } else { now.saturating_add(WRAP_CS) };
    if now < before && seems > expected.saturating_add(slack) {
        return true;
    }
    seems.saturating_add(slack) < expected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: u64, now: u64, elapsed_s: i64) -> bool {
        let start = Timestamp::UNIX_EPOCH;
        let live = Live { up_time: Some((start, before)), ..Live::default() };
        let at = Timestamp::from_second(elapsed_s).unwrap();
        restarted(&live, &System { up_time_cs: Some(now), ..System::default() }, at)
    }

    #[test]
    fn only_a_restart_is_a_restart() {
        assert!(!check(1_000, 7_000, 60), "time went on");
        assert!(check(100_000, 500, 60), "it went back");
        assert!(check(1_000, 2_000, 3_600), "it is far less than the hour that passed");
        assert!(!check(WRAP_CS - 3_000, 3_000, 60), "497 days: it wrapped");
        assert!(check(WRAP_CS - 3_000, 100_000, 60), "too far after the wrap for one minute");
        assert!(!check(0, 2_000_000, 60), "a jump ahead is a clock's matter");
        assert!(!check(1_000, 3_000, 60), "an agent with a coarse clock");
        assert!(!check(100_000, 99_700, 0), "a longer poll that was begun three seconds earlier");
    }

    #[test]
    fn engine_boots_tell_without_sysuptime() {
        let live = Live { engine_boots: Some(4), ..Live::default() };
        let with = |boots| System { engine_boots: Some(boots), ..System::default() };
        assert!(restarted(&live, &with(5), Timestamp::UNIX_EPOCH));
        assert!(!restarted(&live, &with(4), Timestamp::UNIX_EPOCH));
    }
}
