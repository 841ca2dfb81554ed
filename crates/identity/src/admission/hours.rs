//! When an account may be used: weekdays and hours in a time zone, between two dates.
//!
//! ```text
//! zone Europe/Berlin
//! mon-fri 07:00-19:00
//! sat,sun 22:00-02:00      over midnight: it is Saturday's and Sunday's
//! from 2026-01-01
//! until 2026-12-31         that day included
//! ```

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::addresses::MOST_LINES;

/// Why the lines of a policy are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A line that is no address, range or network.
    #[error("line {line}: '{text}' is no address, no range FIRST-LAST and no network ADDRESS/LENGTH")]
    Address {
        /// Its number, from 1 on.
        line: usize,
        /// Its text.
        text: String,
    },
    /// A line that says no hours.
    #[error(
        "line {line}: '{text}' is none of 'zone NAME', 'DAYS HH:MM-HH:MM', 'from YYYY-MM-DD' and \
         'until YYYY-MM-DD'"
    )]
    Hours {
        /// Its number, from 1 on.
        line: usize,
        /// Its text.
        text: String,
    },
    /// A time zone that is not in the IANA database.
    #[error("line {line}: there is no time zone '{text}'")]
    Zone {
        /// Its number, from 1 on.
        line: usize,
        /// Its text.
        text: String,
    },
    /// The end lies before the beginning.
    #[error("the policy would end before it begins")]
    Backwards,
    /// Nothing is said.
    #[error("the policy says nothing, so nobody could log in")]
    Empty,
    /// Too many lines.
    #[error("a policy has at most {0} lines")]
    TooLong(usize),
}

impl TextError {
    pub(super) fn address(line: usize, text: &str) -> Self {
        TextError::Address { line, text: text.chars().take(64).collect() }
    }

    fn hours(line: usize, text: &str) -> Self {
        TextError::Hours { line, text: text.chars().take(64).collect() }
    }
}

/// Lines with something on them, by number.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(n, line)| (n.saturating_add(1), line));
    let told = numbered.map(|(n, line)| (n, line.split('#').next().unwrap_or_default().trim()));
    told.filter(|(_, line)| !line.is_empty())
}

/// Hours of some days; where the end is not behind the beginning, it is the next day's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    days: Vec<Weekday>,
    begin: Time,
    end: Time,
}

/// A login time policy.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: TimeZone,
    windows: Vec<Window>,
    from: Option<Date>,
    until: Option<Date>,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Hours {
    /// Reads the lines; see the module. Without a zone times are UTC, without hours every hour is meant.
    ///
    /// # Errors
    /// The first line that says nothing of the kind, by its number; nothing at all.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let mut hours = Self { zone: TimeZone::UTC, windows: Vec::new(), from: None, until: None };
        let mut said = 0usize;
        for (number, line) in lines(text) {
            said = said.saturating_add(1);
            if said > MOST_LINES {
                return Err(TextError::TooLong(MOST_LINES));
            }
            let wrong = || TextError::hours(number, line);
            let (word, rest) = line.split_once(char::is_whitespace).ok_or_else(wrong)?;
            let rest = rest.trim();
            match word {
                "zone" => {
                    let text = || rest.chars().take(64).collect();
                    let zone = TimeZone::get(rest);
                    hours.zone = zone.map_err(|_| TextError::Zone { line: number, text: text() })?;
                }
                "from" => hours.from = Some(date(rest).ok_or_else(wrong)?),
                "until" => hours.until = Some(date(rest).ok_or_else(wrong)?),
                days => hours.windows.push(window(days, rest).ok_or_else(wrong)?),
            }
        }
        match (hours.from, hours.until) {
            _ if said == 0 => Err(TextError::Empty),
            (Some(from), Some(until)) if until < from => Err(TextError::Backwards),
            _ => Ok(hours),
        }
    }

    /// Nobody may come at any time.
    pub const fn never() -> Self {
        Self { zone: TimeZone::UTC, windows: Vec::new(), from: Some(Date::MAX), until: Some(Date::MIN) }
    }

    /// True where the account may be used at `now`.
    pub fn contains(&self, now: Timestamp) -> bool {
        let local = now.to_zoned(self.zone.clone()).datetime();
        let (today, time) = (local.date(), local.time());
        // A night is the day's on which it begins, also at the first and at the last.
        let is_within = |day: Date| {
            self.from.is_none_or(|from| day >= from) && self.until.is_none_or(|until| day <= until)
        };
        let is_of = |days: &[Weekday], day: Date| is_within(day) && days.contains(&day.weekday());
        let yesterday = today.yesterday().unwrap_or(today);
        if self.windows.is_empty() {
            return is_within(today);
        }
        self.windows.iter().any(|Window { days, begin, end }| match begin < end {
            true => is_of(days, today) && *begin <= time && time < *end,
            false => (is_of(days, today) && *begin <= time) || (is_of(days, yesterday) && time < *end),
        })
    }
}

fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let shaped = year.len() == 4 && month.len() == 2 && day.len() == 2;
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    shaped.then_some(date)
}

fn window(days: &str, hours: &str) -> Option<Window> {
    let (begin, end) = hours.split_once('-')?;
    let mut chosen = Vec::new();
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (weekday(first)?, weekday(last)?);
        chosen.push(day);
        while day != last {
            day = day.next();
            chosen.push(day);
        }
    }
    Some(Window { days: chosen, begin: time(begin)?, end: time(end)? })
}

fn weekday(text: &str) -> Option<Weekday> {
    let word = text.trim().to_ascii_lowercase();
    DAYS.iter().find(|(name, _)| *name == word).map(|(_, day)| *day)
}

/// `HH:MM`; `24:00` is the end of the day, as midnight is its beginning.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let shaped = hour.len() <= 2 && minute.len() == 2;
    let numbers = |text: &str| text.chars().all(|c| c.is_ascii_digit()).then(|| text.parse::<i8>().ok())?;
    match (numbers(hour)?, numbers(minute)?) {
        (24, 0) if shaped => Some(Time::midnight()),
        (hour, minute) if shaped => Time::new(hour, minute, 0, 0).ok(),
        _ => None,
    }
}
