//! Shared accounts (IAM-10; S0 R1-1): one account that two people seem to use. Pure.
//!
//! Three things are looked for: the account in use from two places or devices at once; logins from two places so far
//! apart that nobody travels between them in the time; and second factors that take turns within minutes. Each finding
//! says what was seen, for a person to judge: it proves nothing by itself.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharingPolicy {
    /// What happens within this time happens at once; None where nobody looks.
    pub within: Option<SignedDuration>,
    /// Nobody travels faster, in km/h; 0 where nobody looks.
    pub fastest_kmh: u32,
}

impl Default for SharingPolicy {
    fn default() -> Self {
        Self { within: Some(SignedDuration::from_mins(5)), fastest_kmh: 900 }
    }
}

/// Where on earth, in millionths of a degree (WGS 84): north and east are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coordinates {
    /// -90,000,000 to 90,000,000.
    pub latitude: i32,
    /// -180,000,000 to 180,000,000.
    pub longitude: i32,
}

impl Coordinates {
    /// Reads `48.2082 16.3738`, degrees north and east.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split([' ', ',']).filter(|part| !part.is_empty());
        let (latitude, longitude) = (parts.next()?, parts.next()?);
        let read = |text: &str, most: f64| {
            let degrees: f64 = text.parse().ok()?;
            // Within its bounds it fits.
            #[allow(clippy::cast_possible_truncation)]
            (degrees.abs() <= most).then(|| (degrees * 1e6).round() as i32)
        };
        let (latitude, longitude) = (read(latitude, 90.0)?, read(longitude, 180.0)?);
        parts.next().is_none().then_some(Self { latitude, longitude })
    }

    /// The way along the surface in kilometres, the earth taken for a sphere of 6,371 km.
    pub fn kilometres_to(self, other: Self) -> f64 {
        let radians = |micro: i32| (f64::from(micro) / 1e6).to_radians();
        let (a, b) = (radians(self.latitude), radians(other.latitude));
        let (north, east) = (b - a, radians(other.longitude) - radians(self.longitude));
        let h = (north / 2.0).sin().powi(2) + a.cos() * b.cos() * (east / 2.0).sin().powi(2);
        2.0 * 6371.0 * h.sqrt().min(1.0).asin()
    }
}

/// One use of an account: a session, or the login that opened one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When it was used last, or opened.
    pub at: Timestamp,
    /// From where; empty for the local socket.
    pub address: String,
    /// With what, as it calls itself; empty where it does not.
    pub device: String,
    /// Where the address is, where that is known.
    pub place: Option<(String, Coordinates)>,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = if self.address.is_empty() { "the local socket" } else { &self.address };
        f.write_str(address)?;
        match (&self.place, self.device.is_empty()) {
            (Some((place, _)), true) => write!(f, " ({place})"),
            (Some((place, _)), false) => write!(f, " ({place}, {})", self.device),
            (None, true) => Ok(()),
            (None, false) => write!(f, " ({})", self.device),
        }
    }
}

/// What is known of one account's latest uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// Sessions that are open, each with its last use.
    pub sessions: Vec<Use>,
    /// Logins, the oldest first.
    pub logins: Vec<Use>,
    /// Proofs of second factors, the oldest first: when, and by which, as it is called.
    pub proofs: Vec<(Timestamp, String)>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharingKind {
    /// In use from two places or devices at once.
    AtOnce,
    /// Logins from two places that are too far apart.
    Travel,
    /// Two second factors take turns.
    Factors,
}

impl SharingKind {
    /// The word used in interfaces and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            SharingKind::AtOnce => "at_once",
            SharingKind::Travel => "travel",
            SharingKind::Factors => "factors",
        }
    }
}

/// A finding about one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// What was found.
    pub kind: SharingKind,
    /// What it is about: the same again is no news.
    pub key: String,
    /// The evidence, in one sentence.
    pub told: String,
}

/// What the uses of one account show at `now`; at most one finding of each kind.
pub fn found(uses: &Uses, policy: &SharingPolicy, now: Timestamp) -> Vec<Sharing> {
    let at_once = policy.within.and_then(|within| at_once(&uses.sessions, within, now));
    let travel = travel(&uses.logins, policy.fastest_kmh);
    let factors = policy.within.and_then(|within| factors(&uses.proofs, within, now));
    at_once.into_iter().chain(travel).chain(factors).collect()
}

fn at_once(sessions: &[Use], within: SignedDuration, now: Timestamp) -> Option<Sharing> {
    let lately: Vec<&Use> = sessions.iter().filter(|one| now.duration_since(one.at) < within).collect();
    let differs = |a: &Use, b: &Use| a.address != b.address || a.device != b.device;
    let (first, second) = lately.iter().enumerate().find_map(|(at, first)| {
        let second = lately.iter().skip(at + 1).find(|second| differs(first, second))?;
        Some((*first, *second))
    })?;
    let (minutes, told) = (minutes(within), [first.to_string(), second.to_string()]);
    Some(Sharing {
        kind: SharingKind::AtOnce,
        key: key([first, second]),
        told: format!("used within {minutes} min from {} and from {}", told[0], told[1]),
    })
}

/// The latest two logins from places with coordinates.
fn travel(logins: &[Use], fastest_kmh: u32) -> Option<Sharing> {
    if fastest_kmh == 0 {
        return None;
    }
    let mut placed = logins.iter().rev().filter_map(|one| one.place.as_ref().map(|(_, at)| (one, *at)));
    let (later, there) = placed.next()?;
    let (earlier, here) = placed.next()?;
    let kilometres = here.kilometres_to(there);
    let took = later.at.duration_since(earlier.at).max(SignedDuration::from_secs(1));
    let hours = took.as_secs_f64() / 3600.0;
    if kilometres / hours <= f64::from(fastest_kmh) {
        return None;
    }
    let (kilometres, took) = (kilometres.round(), minutes(took));
    Some(Sharing {
        kind: SharingKind::Travel,
        key: key([earlier, later]),
        told: format!("logged in from {earlier} and {took} min later from {later}, {kilometres} km away"),
    })
}

/// First, second, first again: two changes in a row.
fn factors(proofs: &[(Timestamp, String)], within: SignedDuration, now: Timestamp) -> Option<Sharing> {
    let span = within.checked_mul(2)?;
    let lately: Vec<&str> = proofs
        .iter()
        .filter(|(at, _)| now.duration_since(*at) < span)
        .map(|(_, factor)| factor.as_str())
        .collect();
    let turns = lately.windows(3).find(|turns| matches!(turns, [a, b, c] if a == c && a != b))?;
    let [first, second, _] = turns else { return None };
    let mut both = [*first, *second];
    both.sort_unstable();
    Some(Sharing {
        kind: SharingKind::Factors,
        key: both.join(" "),
        told: format!("the second factors '{first}' and '{second}' took turns within {} min", minutes(span)),
    })
}

fn key(both: [&Use; 2]) -> String {
    let mut both = both.map(|one| format!("{} {}", one.address, one.device));
    both.sort();
    both.join(" | ")
}

fn minutes(span: SignedDuration) -> i64 {
    (span.as_secs() + 59) / 60
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn used(seconds: i64, address: &str, device: &str) -> Use {
        Use { at: at(seconds), address: address.into(), device: device.into(), place: None }
    }

    fn placed(seconds: i64, place: &str, coordinates: &str) -> Use {
        let coordinates = Coordinates::parse(coordinates).unwrap();
        Use { place: Some((place.into(), coordinates)), ..used(seconds, "192.0.2.1", "") }
    }

    fn kinds(uses: &Uses) -> Vec<SharingKind> {
        found(uses, &SharingPolicy::default(), at(0)).into_iter().map(|one| one.kind).collect()
    }

    // proves: IAM-10
    #[test]
    fn two_places_or_devices_at_once_are_found_and_two_in_turn_are_not() {
        let sessions = |all: &[(i64, &str, &str)]| Uses {
            sessions: all.iter().map(|(at, from, with)| used(*at, from, with)).collect(),
            ..Uses::default()
        };
        for (all, found) in [
            (&[(-10, "192.0.2.1", "Firefox"), (-20, "192.0.2.2", "Firefox")][..], true),
            (&[(-10, "192.0.2.1", "Firefox"), (-20, "192.0.2.1", "curl")], true),
            (&[(-10, "192.0.2.1", "Firefox"), (-20, "192.0.2.1", "Firefox")], false),
            (&[(-10, "192.0.2.1", "Firefox"), (-300, "192.0.2.2", "Firefox")], false),
            (&[(-10, "192.0.2.1", "Firefox")], false),
            (&[], false),
        ] {
            let expected = if found { vec![SharingKind::AtOnce] } else { vec![] };
            assert_eq!(kinds(&sessions(all)), expected, "{all:?}");
        }
        let both = sessions(&[(-10, "192.0.2.1", "Firefox"), (-20, "", "curl")]);
        let one = found(&both, &SharingPolicy::default(), at(0)).remove(0);
        assert_eq!(one.told, "used within 5 min from 192.0.2.1 (Firefox) and from the local socket (curl)");
        // The same again has the same key, whichever was used last.
        let turned = sessions(&[(-20, "", "curl"), (-5, "192.0.2.1", "Firefox")]);
        assert_eq!(found(&turned, &SharingPolicy::default(), at(0)).remove(0).key, one.key);
        let off = SharingPolicy { within: None, fastest_kmh: 0 };
        assert!(found(&both, &off, at(0)).is_empty());
    }

    // proves: IAM-10
    #[test]
    fn who_is_too_far_away_too_soon_is_found() {
        let (vienna, graz, tokyo) = ("48.2082 16.3738", "47.0707,15.4395", "35.6762 139.6503");
        let between = |a: &str, b: &str| {
            Coordinates::parse(a).unwrap().kilometres_to(Coordinates::parse(b).unwrap()).round()
        };
        assert_eq!((between(vienna, graz), between(vienna, tokyo)), (145.0, 9127.0));
        assert_eq!(between(vienna, vienna), 0.0);
        let logins = |all: Vec<Use>| Uses { logins: all, ..Uses::default() };
        for (all, found) in [
            (vec![placed(-7200, "vienna", vienna), placed(0, "graz", graz)], false),
            (vec![placed(-300, "vienna", vienna), placed(0, "graz", graz)], true),
            (vec![placed(-7200, "vienna", vienna), placed(0, "tokyo", tokyo)], true),
            (vec![placed(-43200, "vienna", vienna), placed(0, "tokyo", tokyo)], false),
            (vec![placed(0, "vienna", vienna), placed(0, "tokyo", tokyo)], true),
            (vec![placed(-60, "vienna", vienna), placed(0, "vienna", vienna)], false),
            // What has no place says nothing of the way.
            (
                vec![placed(-60, "vienna", vienna), used(-30, "203.0.113.7", ""), placed(0, "tokyo", tokyo)],
                true,
            ),
            (vec![used(-60, "203.0.113.7", ""), placed(0, "tokyo", tokyo)], false),
        ] {
            let expected = if found { vec![SharingKind::Travel] } else { vec![] };
            assert_eq!(kinds(&logins(all.clone())), expected, "{all:?}");
        }
        let far = logins(vec![placed(-7200, "vienna", vienna), placed(0, "tokyo", tokyo)]);
        let told = found(&far, &SharingPolicy::default(), at(0)).remove(0).told;
        assert_eq!(
            told,
            "logged in from 192.0.2.1 (vienna) and 120 min later from 192.0.2.1 (tokyo), 9127 km away"
        );
        for odd in ["", "48", "91 0", "0 181", "48 16 7", "north east", "NaN 0", "inf 0"] {
            assert_eq!(Coordinates::parse(odd), None, "{odd}");
        }
    }

    // proves: IAM-10
    #[test]
    fn second_factors_that_take_turns_are_found() {
        let proofs = |all: &[(i64, &str)]| Uses {
            proofs: all.iter().map(|(seconds, factor)| (at(*seconds), (*factor).to_owned())).collect(),
            ..Uses::default()
        };
        for (all, found) in [
            (&[(-300, "ann's"), (-200, "bob's"), (-100, "ann's")][..], true),
            (&[(-300, "ann's"), (-200, "bob's")], false),
            (&[(-300, "ann's"), (-200, "ann's"), (-100, "bob's")], false),
            (&[(-900, "ann's"), (-200, "bob's"), (-100, "ann's")], false),
            (&[(-300, "a"), (-200, "b"), (-100, "c")], false),
        ] {
            let expected = if found { vec![SharingKind::Factors] } else { vec![] };
            assert_eq!(kinds(&proofs(all)), expected, "{all:?}");
        }
    }
}
