//! New passwords against earlier ones, of which nothing but hashes is kept.
//!
//! No plain text of a password is stored, nor anything made of one that is easier to search than its
//! hash: no fingerprint of its letters, no length. So this is what can be told, and what cannot:
//!
//! - *The same* (rules 4 and 5): the new password is verified against the hashes of the earlier ones.
//! - *Like the present one* (rules 9 and 23): its owner is asked for it again, so that both are compared
//!   in the clear, once, in memory.
//! - *Like one before that* (rule 23): what people commonly do to a password when they must change it is
//!   undone to the new one, and the results are verified against the hashes ([`variants`]): the number in
//!   it counted back, another case of the first letter, what was added at its end taken away (as in Zhang,
//!   Monrose and Reiter, "The security of modern password expiration", CCS 2010). A likeness of another
//!   kind to those before the present one is not found: finding it would need what is not kept.
//!
//! Each verification costs as much as a login; [`MOST`] bounds how many hashes are kept.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use zeroize::Zeroizing;

use super::judge::Breach;
use super::policy::{PasswordPolicy, Renewal, days_of};
use super::rule::Rule;

/// Earlier passwords whose hashes are kept, the present one not among them.
pub const MOST: usize = 24;

/// An earlier password, compared with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// When it was replaced by another.
    pub replaced: Timestamp,
    /// The new one is the same.
    pub same: bool,
    /// The new one is like it.
    pub similar: bool,
}

/// How many earlier passwords are compared for sameness, and how many for likeness.
pub fn wanted(policy: &PasswordPolicy) -> (usize, usize) {
    let number = |rule| policy.rules.number(rule).and_then(|number| usize::try_from(number).ok());
    let similar = number(Rule::NotSimilar).unwrap_or(0);
    let same = match number(Rule::NotWithin) {
        Some(_) => MOST,
        // The present one is the first of the last.
        None => number(Rule::NotLast).unwrap_or(1).saturating_sub(1),
    };
    (same.min(MOST), similar.min(MOST))
}

/// The rules that a new password breaks, given what it was compared with, the latest first.
pub fn breaches(policy: &PasswordPolicy, earlier: &[Compared], now: Timestamp) -> Vec<Breach> {
    let mut found = Vec::new();
    if let Some(number) = policy.rules.number(Rule::NotLast) {
        let last = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        if earlier.iter().take(last).any(|one| one.same) {
            found.push(Breach::Of(Rule::NotLast, number));
        }
    }
    if let Some(number) = policy.rules.number(Rule::NotWithin) {
        let since = months_before(now, number);
        if earlier.iter().any(|one| one.same && one.replaced > since) {
            found.push(Breach::Of(Rule::NotWithin, number));
        }
    }
    if let Some(number) = policy.rules.number(Rule::NotSimilar) {
        let last = usize::try_from(number).unwrap_or(usize::MAX);
        if earlier.iter().take(last).any(|one| one.same || one.similar) {
            found.push(Breach::Of(Rule::NotSimilar, number));
        }
    }
    found
}

/// Broken by who changes a password too soon; not asked of who must. What the account says itself comes
/// before the rules.
pub fn too_soon(
    policy: &PasswordPolicy,
    renewal: &Renewal,
    set: Timestamp,
    now: Timestamp,
) -> Option<Breach> {
    let number = renewal.min_use_days.or_else(|| policy.rules.number(Rule::MinUse))?;
    (now.duration_since(set) < days_of(number)).then_some(Breach::Of(Rule::MinUse, number))
}

fn months_before(now: Timestamp, months: u32) -> Timestamp {
    let now_utc = now.to_zoned(TimeZone::UTC);
    now_utc.checked_sub(i64::from(months).months()).map_or(Timestamp::MIN, |then| then.timestamp())
}

/// What the password `back` changes ago may have been, if each change was the usual one.
pub fn variants(new: &str, back: u32) -> Vec<Zeroizing<String>> {
    let mut found: Vec<Zeroizing<String>> = Vec::new();
    let mut push = |text: Option<String>| {
        let text = text.map(Zeroizing::new);
        found.extend(text.filter(|text| !text.is_empty() && **text != new));
    };
    push(counted(new, -1));
    push(counted(new, -i64::from(back) - 1));
    push(counted(new, 1));
    push(other_case(new));
    push(new.char_indices().next_back().and_then(|(at, _)| new.get(..at)).map(str::to_owned));
    found.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    found.dedup();
    found
}

/// With the last number in it counted on; zeros before it stay.
fn counted(text: &str, by: i64) -> Option<String> {
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = text.get(..end)?.rfind(|c: char| !c.is_ascii_digit());
    let start = match start {
        Some(at) => at + text.get(at..)?.chars().next()?.len_utf8(),
        None => 0,
    };
    let digits = text.get(start..end)?;
    let number = digits.parse::<i64>().ok()?.checked_add(by).filter(|number| *number >= 0)?;
    let width = if digits.starts_with('0') { digits.len() } else { 0 };
    Some(format!("{}{number:0width$}{}", text.get(..start)?, text.get(end..)?))
}

/// With the first letter in the other case.
fn other_case(text: &str) -> Option<String> {
    let (at, letter) = text.char_indices().find(|(_, c)| c.is_alphabetic())?;
    let turned: String = match letter.is_uppercase() {
        true => letter.to_lowercase().collect(),
        false => letter.to_uppercase().collect(),
    };
    Some(format!("{}{turned}{}", text.get(..at)?, text.get(at + letter.len_utf8()..)?))
}
