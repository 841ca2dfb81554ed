//! Against floods of mail: the first few go at once, what follows waits and goes as one digest.
//! Pure.

use std::time::Duration;

use jiff::Timestamp;

/// When mail is held together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FloodLimit {
    /// Mails that go at once within the window; default 5.
    pub at_once: u32,
    /// The window; default 10 minutes.
    pub window: Duration,
    /// How long the first of those that wait does so; default 5 minutes.
    pub digest_after: Duration,
}

impl Default for FloodLimit {
    fn default() -> Self {
        Self { at_once: 5, window: Duration::from_secs(600), digest_after: Duration::from_secs(300) }
    }
}

/// What is to be done with those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The first so many go now, each by itself; the others go on waiting until that time.
    Send {
        /// How many; at most as many as wait.
        now: usize,
        /// When the others are due; None where there are none.
        rest: Option<Timestamp>,
    },
    /// All that wait go now, in one mail.
    Digest,
}

/// Decides for one set of recipients. `sent` are the times of mails to them (a digest is one),
/// `waiting` the times at which the waiting ones were asked for, oldest first.
pub fn decide(limit: &FloodLimit, sent: &[Timestamp], waiting: &[Timestamp], now: Timestamp) -> Decision {
    let Some(oldest) = waiting.first() else { return Decision::Send { now: 0, rest: None } };
    let due = oldest.checked_add(limit.digest_after).unwrap_or(Timestamp::MAX);
    if waiting.len() > 1 && due <= now {
        return Decision::Digest;
    }
    let start = now.checked_sub(limit.window).unwrap_or(Timestamp::MIN);
    let used = sent.iter().filter(|at| **at > start).count();
    let free = usize::try_from(limit.at_once.max(1)).unwrap_or(usize::MAX).saturating_sub(used);
    // One that has waited its time goes, whatever went before.
    let free = if due <= now { free.max(1) } else { free };
    let send = free.min(waiting.len());
    let rest = waiting.get(send).map(|at| at.checked_add(limit.digest_after).unwrap_or(Timestamp::MAX));
    Decision::Send { now: send, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_first_five_go_and_the_rest_becomes_one() {
        let limit = FloodLimit::default();
        let burst: Vec<Timestamp> = (0..100).map(at).collect();
        assert_eq!(decide(&limit, &[], &burst[..3], at(3)), Decision::Send { now: 3, rest: None });
        assert_eq!(decide(&limit, &[], &burst, at(100)), Decision::Send { now: 5, rest: Some(at(305)) });
        let sent: Vec<Timestamp> = (0..5).map(at).collect();
        assert_eq!(
            decide(&limit, &sent, &burst[5..], at(304)),
            Decision::Send { now: 0, rest: Some(at(305)) }
        );
        assert_eq!(decide(&limit, &sent, &burst[5..], at(305)), Decision::Digest);
        // A lone one that waited goes as itself.
        assert_eq!(decide(&limit, &sent, &burst[5..6], at(305)), Decision::Send { now: 1, rest: None });
        // When the window is over, they go at once again.
        assert_eq!(decide(&limit, &sent, &[at(700)], at(700)), Decision::Send { now: 1, rest: None });
        assert_eq!(decide(&limit, &sent, &[], at(700)), Decision::Send { now: 0, rest: None });
    }

    #[test]
    fn a_thousand_alarms_in_an_hour_are_few_mails() {
        let limit = FloodLimit::default();
        let (mut sent, mut waiting, mut mails) = (vec![], vec![], 0);
        for second in 0..3600 {
            if second % 3 == 0 {
                waiting.push(at(second));
            }
            match decide(&limit, &sent, &waiting, at(second)) {
                Decision::Digest => {
                    waiting.clear();
                    sent.push(at(second));
                    mails += 1;
                }
                Decision::Send { now, .. } => {
                    waiting.drain(..now);
                    sent.extend(std::iter::repeat_n(at(second), now));
                    mails += now;
                }
            }
        }
        assert!(mails <= 36, "{mails}");
        assert!(waiting.len() < 110);
    }
}
