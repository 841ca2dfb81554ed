//! Times as people write them: `2026-11-22`, `2026-11-22 14:05`, RFC 3339, or a span such as `2h`.
//!
//! Pure: the present and the zone are arguments.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

/// What a span without a date is counted from, and which end of a day a date stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// `2h` is two hours ago; a date is its first moment.
    PastFrom,
    /// `2h` is two hours ago; a date is its last moment.
    PastUntil,
    /// `30d` is in thirty days; a date is its last moment.
    Future,
}

/// Reads a time.
///
/// # Errors
/// One sentence that says what is understood.
pub fn parse(text: &str, sense: Sense, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || {
        format!(
            "'{text}' is no time: write 2026-11-22, '2026-11-22 14:05', 2026-11-22T14:05:00Z, now, \
             or a span such as 30min, 2h or 7d"
        )
    };
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let in_zone = |time: DateTime| time.to_zoned(zone.clone()).ok().map(|time| time.timestamp());
    // A date may be read as a date-time at midnight, so it comes first.
    if let Some(date) = date_alone(text) {
        let moment = match sense {
            Sense::PastFrom => in_zone(date.at(0, 0, 0, 0)),
            Sense::PastUntil | Sense::Future => date
                .checked_add(1.day())
                .ok()
                .and_then(|next| in_zone(next.at(0, 0, 0, 0)))
                .and_then(|next| next.checked_sub(1.microsecond()).ok()),
        };
        return moment.ok_or_else(wrong);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return in_zone(time).ok_or_else(wrong);
    }
    let span: Span = text.parse().map_err(|_| wrong())?;
    let span = span.abs();
    let present: Zoned = now.to_zoned(zone.clone());
    let moved = match sense {
        Sense::PastFrom | Sense::PastUntil => present.checked_sub(span),
        Sense::Future => present.checked_add(span),
    };
    moved.map(|time| time.timestamp()).map_err(|_| wrong())
}

fn date_alone(text: &str) -> Option<Date> {
    let has_time = text.contains([':', 'T', ' ']);
    if has_time { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, sense: Sense) -> Result<String, String> {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        parse(text, sense, now, &zone).map(|at| at.to_string())
    }

    #[test]
    fn people_write_times_in_many_ways() {
        use Sense::{Future, PastFrom, PastUntil};
        let cases = [
            ("2026-11-20T10:00:00Z", PastFrom, "2026-11-20T10:00:00Z"),
            ("2026-11-20T10:00:00+02:00", PastUntil, "2026-11-20T08:00:00Z"),
            ("2026-11-20 10:00", PastFrom, "2026-11-20T09:00:00Z"),
            ("2026-11-20T10:00:30", PastFrom, "2026-11-20T09:00:30Z"),
            ("2026-11-20", PastFrom, "2026-11-19T23:00:00Z"),
            ("2026-11-20", PastUntil, "2026-11-20T22:59:59.999999Z"),
            ("2026-12-31", Future, "2026-12-31T22:59:59.999999Z"),
            ("2h", PastFrom, "2026-11-22T10:00:00Z"),
            ("2h ago", PastFrom, "2026-11-22T10:00:00Z"),
            ("1h 30min", PastUntil, "2026-11-22T10:30:00Z"),
            ("30d", Future, "2026-12-22T12:00:00Z"),
            ("P1D", PastFrom, "2026-11-21T12:00:00Z"),
            ("now", Future, "2026-11-22T12:00:00Z"),
        ];
        for (text, sense, expected) in cases {
            assert_eq!(read(text, sense).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_said() {
        for text in ["", "yesterday-ish", "2026-13-01", "25:00", "99999999999y", "12"] {
            let error = read(text, Sense::PastFrom).unwrap_err();
            assert!(error.contains("is no time"), "{text}: {error}");
        }
    }
}
