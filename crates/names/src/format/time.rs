//! Times as exports write them: in the culture of whoever exported.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// A time; None where it is not one, or where day and month cannot be told apart. Without a zone it is
/// in `zone`.
pub(crate) fn read(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(at) = text.parse::<DateTime>() {
        return at.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    }
    // LDAP GeneralizedTime (RFC 4517 section 3.3.13), the form without fractions.
    if text.len() == 15 && text.ends_with('Z') && text.bytes().take(14).all(|octet| octet.is_ascii_digit()) {
        let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<i16>().ok());
        let small = |from: usize, to: usize| part(from, to).and_then(|n| i8::try_from(n).ok());
        let at = DateTime::new(
            part(0, 4)?,
            small(4, 6)?,
            small(6, 8)?,
            small(8, 10)?,
            small(10, 12)?,
            small(12, 14)?,
            0,
        );
        return at.ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    let (date, rest) = text.split_once(' ').unwrap_or((text, ""));
    let at = DateTime::from_parts(day(date, rest)?, clock(rest)?);
    at.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

fn day(text: &str, rest: &str) -> Option<Date> {
    let separator = text.chars().find(|c| matches!(c, '/' | '.' | '-'))?;
    let mut parts = text.trim_end_matches(separator).splitn(3, separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let small = |text: &str| text.parse::<i8>().ok();
    let year = |text: &str| text.parse::<i16>().ok().map(|year| if year < 100 { year + 2000 } else { year });
    if first.len() == 4 {
        return Date::new(year(first)?, small(second)?, small(third)?).ok();
    }
    let (a, b, year) = (small(first)?, small(second)?, year(third)?);
    let upper = rest.to_ascii_uppercase();
    let halves = upper.ends_with("AM") || upper.ends_with("PM");
    // Dots are the German way, day first; AM and PM come with the American, month first. Else only a
    // number above 12 tells.
    let (day, month) = match separator {
        '.' => (a, b),
        _ if halves || b > 12 => (b, a),
        _ if a > 12 || a == b => (a, b),
        _ => return None,
    };
    Date::new(year, month, day).ok()
}

fn clock(text: &str) -> Option<Time> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Time::midnight());
    }
    let upper = text.to_ascii_uppercase();
    let (digits, half) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(rest), _) => (rest, Some(0)),
        (_, Some(rest)) => (rest, Some(12)),
        _ => (upper.as_str(), None),
    };
    let mut parts = digits.trim().splitn(3, ':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cultures_are_told_apart_or_not_guessed() {
        let cases = [
            ("2026-11-22T14:05:00Z", Some("2026-11-22T14:05:00Z")),
            ("2026-11-22 14:05:00", Some("2026-11-22T14:05:00Z")),
            ("11/22/2026 2:05:00 PM", Some("2026-11-22T14:05:00Z")),
            ("1/2/2026 12:00:00 AM", Some("2026-01-02T00:00:00Z")),
            ("22/11/2026 14:05", Some("2026-11-22T14:05:00Z")),
            ("22.11.2026 14:05:09", Some("2026-11-22T14:05:09Z")),
            ("02.11.26 14:05:09", Some("2026-11-02T14:05:09Z")),
            ("2026/11/22 01:02:03", Some("2026-11-22T01:02:03Z")),
            ("20261122140500Z", Some("2026-11-22T14:05:00Z")),
            ("2/11/2026 14:05:00", None),
            ("30/30/2026 14:05:00", None),
            ("11/22/2026 13:05:00 PM", None),
            ("soon", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let read = read(text, &TimeZone::UTC).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(read("22.11.2026 14:05:00", &berlin), "2026-11-22T13:05:00Z".parse().ok());
    }
}
