//! Which rules a new password breaks: all of them at once, as typed data.

use std::fmt;

use super::hash::MAX_OCTETS;
use super::policy::{PasswordPolicy, Rules};
use super::rule::Rule;
use super::words::{Dictionary, Forms};

/// Characters of a name or an address from which on a password must not hold it: shorter ones stand in
/// every other password by chance.
const NAME_CHARACTERS: usize = 3;
/// Digits of a mobile number from its end, which stay the same however it is written.
const NUMBER_DIGITS: usize = 7;

/// Whose password it is.
#[derive(Clone, Copy, Default)]
pub struct Person<'a> {
    /// The user name.
    pub name: &'a str,
    /// Has the role of an administrator.
    pub is_administrator: bool,
    /// Mobile number; empty where none is known.
    pub mobile: &'a str,
    /// Mail address; empty where none is known.
    pub mail: &'a str,
}

/// A new password.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// It.
    pub new: &'a str,
    /// The present one, which its owner was asked for again; None where somebody else chooses.
    pub old: Option<&'a str>,
    /// Whose it is.
    pub person: Person<'a>,
}

/// What a new password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// It is empty; no setting permits that.
    Empty,
    /// It has more than [`MAX_OCTETS`] octets; no setting permits that.
    Octets,
    /// It is the present one; no setting permits that.
    Unchanged,
    /// A rule, with the rule's number.
    Of(Rule, u32),
}

impl Breach {
    /// The word of the rule, or of what no setting permits.
    pub const fn as_str(self) -> &'static str {
        match self {
            Breach::Empty => "empty",
            Breach::Octets => "octets",
            Breach::Unchanged => "unchanged",
            Breach::Of(rule, _) => rule.as_str(),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Breach::Of(rule, n) = self else {
            return match self {
                Breach::Empty => f.write_str("it must not be empty"),
                Breach::Octets => write!(f, "it must not have more than {MAX_OCTETS} octets"),
                Breach::Unchanged | Breach::Of(..) => f.write_str("it must differ from the present one"),
            };
        };
        match rule {
            Rule::MinLength => write!(f, "it needs at least {n} characters"),
            Rule::MinLengthAdministrator => write!(f, "an administrator's needs at least {n} characters"),
            Rule::MaxLength => write!(f, "it must not have more than {n} characters"),
            Rule::NotLast => write!(f, "it must be none of the last {n} passwords"),
            Rule::NotWithin => write!(f, "it must not have been in use within the last {n} months"),
            Rule::MinUse => write!(f, "the present one is to be kept for at least {n} days"),
            Rule::Validity => write!(f, "it is good for {n} days"),
            Rule::LogoutOnReset => f.write_str("a reset ends the sessions of the account"),
            Rule::Different => write!(f, "it must differ from the present one in at least {n} characters"),
            Rule::Letters => write!(f, "it needs at least {n} letters"),
            Rule::Upper => write!(f, "it needs at least {n} capital letters"),
            Rule::Lower => write!(f, "it needs at least {n} small letters"),
            Rule::Digits => write!(f, "it needs at least {n} digits"),
            Rule::Special => write!(f, "it needs at least {n} special characters"),
            Rule::NoSpaces => f.write_str("it must not have blanks"),
            Rule::NoUserName => f.write_str("it must not hold the user name, forwards or backwards"),
            Rule::NoSequence => {
                write!(f, "it must not have {n} characters that rise, fall or go in equal steps, as in 1234")
            }
            Rule::SharedWithName => {
                write!(f, "it must not have more than {n} characters in a row that the user name has as well")
            }
            Rule::NoRepetition => write!(f, "it must not have a sequence of {n} characters twice"),
            Rule::Consecutive => write!(f, "it must not have a character more than {n} times in a row"),
            Rule::NoContact => f.write_str("it must not hold the mobile number or the mail address"),
            Rule::NoWord => f.write_str(
                "it must not hold a word of the dictionaries, also with digits and signs for letters",
            ),
            Rule::NotSimilar => write!(f, "it must not be like the present one or the {n} before it"),
            Rule::Categories => write!(
                f,
                "it needs characters of {n} of these kinds: capital letters, small letters, digits, others"
            ),
            Rule::NotCommon => f.write_str("it must not be a common password"),
        }
    }
}

/// Every rule that a new password breaks, as far as that can be told without the hashes of earlier ones
/// ([`super::history`]); by position.
pub fn breaches(policy: &PasswordPolicy, dictionary: &Dictionary, candidate: &Candidate<'_>) -> Vec<Breach> {
    let Candidate { new, old, .. } = *candidate;
    if new.is_empty() {
        return vec![Breach::Empty];
    }
    if new.len() > MAX_OCTETS {
        return vec![Breach::Octets];
    }
    let mut found = Vec::new();
    if old == Some(new) {
        found.push(Breach::Unchanged);
    }
    let facts = Facts::of(new, policy, dictionary);
    for rule in Rule::ALL {
        let Some(number) = policy.rules.number(*rule) else { continue };
        if facts.breaks(*rule, number, candidate, &policy.rules) {
            found.push(Breach::Of(*rule, number));
        }
    }
    found
}

/// What is counted once, for all rules.
struct Facts<'a> {
    characters: Vec<char>,
    forms: Forms,
    policy: &'a PasswordPolicy,
    dictionary: &'a Dictionary,
}

impl<'a> Facts<'a> {
    fn of(new: &str, policy: &'a PasswordPolicy, dictionary: &'a Dictionary) -> Self {
        Self { characters: new.chars().collect(), forms: Forms::of(new), policy, dictionary }
    }

    fn count(&self, kind: impl Fn(char) -> bool) -> usize {
        self.characters.iter().filter(|c| kind(**c)).count()
    }

    fn breaks(&self, rule: Rule, number: u32, candidate: &Candidate<'_>, rules: &Rules) -> bool {
        let n = usize::try_from(number).unwrap_or(usize::MAX);
        let (length, person) = (self.characters.len(), &candidate.person);
        let lower = self.forms.lower();
        match rule {
            Rule::MinLength => length < n && !(person.is_administrator && self.has_own_least(rules)),
            Rule::MinLengthAdministrator => person.is_administrator && length < n,
            Rule::MaxLength => length > n,
            Rule::Different => candidate.old.is_some_and(|old| distance(old, candidate.new) < n),
            Rule::Letters => self.count(char::is_alphabetic) < n,
            Rule::Upper => self.count(char::is_uppercase) < n,
            Rule::Lower => self.count(char::is_lowercase) < n,
            Rule::Digits => self.count(char::is_numeric) < n,
            Rule::Special => self.count(is_special) < n,
            Rule::NoSpaces => self.count(char::is_whitespace) > 0,
            Rule::NoUserName => holds_name(lower, person.name),
            Rule::NoSequence => longest_sequence(&self.characters) >= n,
            Rule::SharedWithName => shared(lower, &person.name.to_lowercase()) > n,
            Rule::NoRepetition => repeats(&self.characters, n),
            Rule::Consecutive => longest_run(&self.characters) > n,
            Rule::NoContact => holds_number(candidate.new, person.mobile) || holds_mail(lower, person.mail),
            Rule::NoWord => self.forms.hold_word(self.dictionary, &self.policy.hacker_words),
            Rule::NotSimilar => candidate.old.is_some_and(|old| is_similar(old, candidate.new)),
            Rule::Categories => self.kinds() < n,
            Rule::NotCommon => self.forms.are_common(self.dictionary),
            // They are about time and about earlier passwords.
            Rule::NotLast | Rule::NotWithin | Rule::MinUse | Rule::Validity | Rule::LogoutOnReset => false,
        }
    }

    /// An administrator's least length stands in place of the others', where it is asked.
    fn has_own_least(&self, rules: &Rules) -> bool {
        let (own, others) = (rules.number(Rule::MinLengthAdministrator), rules.number(Rule::MinLength));
        own >= others
    }

    fn kinds(&self) -> usize {
        let has = |kind: fn(char) -> bool| usize::from(self.count(kind) > 0);
        let other = |c: char| !c.is_uppercase() && !c.is_lowercase() && !c.is_numeric();
        has(char::is_uppercase) + has(char::is_lowercase) + has(char::is_numeric) + has(other)
    }
}

fn is_special(c: char) -> bool {
    !c.is_alphanumeric() && !c.is_whitespace()
}

fn holds_name(lower: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    if name.chars().count() < NAME_CHARACTERS {
        return lower == name && !name.is_empty();
    }
    let backwards: String = name.chars().rev().collect();
    lower.contains(&name) || lower.contains(&backwards)
}

/// The number from its end, as its owner would also write it: with another prefix, blanks or dashes.
fn holds_number(new: &str, mobile: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mobile = digits(mobile);
    let end = mobile.len().saturating_sub(NUMBER_DIGITS);
    let end = mobile.get(end..).unwrap_or_default();
    !end.is_empty() && digits(new).contains(end)
}

/// The address, or what stands before its @.
fn holds_mail(lower: &str, mail: &str) -> bool {
    let mail = mail.to_lowercase();
    let local = mail.split('@').next().unwrap_or_default();
    local.chars().count() >= NAME_CHARACTERS && lower.contains(local)
}

/// Characters of the longest run of one.
fn longest_run(characters: &[char]) -> usize {
    characters.chunk_by(|a, b| a == b).map(<[char]>::len).max().unwrap_or(0)
}

/// Characters of the longest run of digits, or of letters whatever their case, in equal steps up or down.
fn longest_sequence(characters: &[char]) -> usize {
    let lower = characters.iter().map(|c| c.to_ascii_lowercase());
    let place = |c: char| (c.is_ascii_lowercase() || c.is_ascii_digit()).then(|| i64::from(u32::from(c)));
    let is_digit = |place: i64| place < i64::from(b'a');
    let (mut longest, mut length, mut step, mut last) = (0, 0, 0, None);
    for c in lower {
        let now = place(c);
        let found = match (last, now) {
            (Some(last), Some(now)) if is_digit(last) == is_digit(now) => now - last,
            _ => 0,
        };
        length = match now {
            None => 0,
            Some(_) if found == 0 => 1,
            Some(_) if found == step => length + 1,
            Some(_) => 2,
        };
        (step, last) = (found, now);
        longest = longest.max(length);
    }
    longest
}

/// True where `n` characters in a row stand somewhere else once more.
fn repeats(characters: &[char], n: usize) -> bool {
    let windows = characters.windows(n.max(1));
    windows.enumerate().any(|(at, part)| {
        let rest = characters.get(at + n..).unwrap_or_default();
        rest.windows(n.max(1)).any(|other| other == part)
    })
}

/// Characters of the longest text that both have.
fn shared(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let (mut longest, mut above) = (0, vec![0; b.len() + 1]);
    for c in a.chars() {
        let mut row = vec![0; b.len() + 1];
        for ((other, diagonal), cell) in b.iter().zip(&above).zip(row.iter_mut().skip(1)) {
            *cell = if c == *other { diagonal + 1 } else { 0 };
            longest = longest.max(*cell);
        }
        above = row;
    }
    longest
}

/// Characters that must be put in, left out or replaced to make one of the other (Levenshtein).
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (line, c) in a.chars().enumerate() {
        let mut left = line + 1;
        let mut row = Vec::with_capacity(above.len());
        row.push(left);
        for ((other, diagonal), up) in b.iter().zip(&above).zip(above.iter().skip(1)) {
            left = (diagonal + usize::from(c != *other)).min(up + 1).min(left + 1);
            row.push(left);
        }
        above = row;
    }
    above.last().copied().unwrap_or(0)
}

/// True where two passwords are the same but for case, digits and signs that stand for letters, and what
/// stands at their ends; or where no more than a quarter of the characters differ.
pub(super) fn is_similar(a: &str, b: &str) -> bool {
    let (a, b) = (Forms::of(a), Forms::of(b));
    // Small letters that are the same are the same when they are read so.
    let (core_a, core_b) = (a.plain_core(), b.plain_core());
    if core_a == core_b && core_a.chars().count() >= 4 {
        return true;
    }
    let longest = a.lower().chars().count().max(b.lower().chars().count());
    distance(a.lower(), b.lower()) * 4 <= longest
}
