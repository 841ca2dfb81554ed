//! Words that passwords are held against.
//!
//! | list | where it comes from | compared |
//! |---|---|---|
//! | dictionary | uploaded, one word a line, replaceable | a password holds none of it, whatever the case (rule 22) |
//! | hacker dictionary | words in the settings | as before, and with digits and signs read as letters: `p4$$w0rd` (rule 22) |
//! | common passwords | a short list of our own, and the dictionary | a password is as a whole none of it, nor one of it with digits and signs at its ends, nor one of it several times (rule 25) |

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::policy::PolicyError;

/// Octets of an uploaded dictionary, at most.
pub const MOST_OCTETS: usize = 1 << 20;
/// Words of an uploaded dictionary, at most.
pub const MOST_WORDS: usize = 100_000;
/// Characters of a word: shorter ones stand in every other password by chance.
const CHARACTERS: std::ops::RangeInclusive<usize> = 4..=64;

/// The hacker dictionary to begin with.
pub(super) const HACKER_WORDS: &[&str] = &[
    "admin",
    "changeme",
    "default",
    "geheim",
    "iloveyou",
    "kennwort",
    "letmein",
    "master",
    "netwarden",
    "operator",
    "password",
    "passwort",
    "qwerty",
    "qwertz",
    "secret",
    "welcome",
    "willkommen",
];

const COMMON: &str = include_str!("common.txt");

/// Characters of a word, to check it.
pub(super) fn word(text: &str) -> Result<String, PolicyError> {
    let word = text.trim().to_lowercase();
    let fits = CHARACTERS.contains(&word.chars().count())
        && !word.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits { Ok(word) } else { Err(PolicyError::NoWord(text.chars().take(64).collect())) }
}

/// An uploaded dictionary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dictionary {
    words: HashSet<Box<str>>,
    longest: usize,
}

/// Why a dictionary is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryError {
    /// Too many octets.
    #[error("a dictionary has at most {MOST_OCTETS} octets, not {0}")]
    Octets(usize),
    /// Too many words.
    #[error("a dictionary has at most {MOST_WORDS} words")]
    Words,
    /// Octets that are no text.
    #[error("the dictionary is no text in UTF-8: octet {0} is the first that cannot be read")]
    NotText(usize),
}

impl Dictionary {
    /// Reads one word a line, and how many lines were left out since they hold no word of 4 to 64
    /// characters. Empty lines are no words.
    pub fn read(octets: &[u8]) -> Result<(Self, usize), DictionaryError> {
        if octets.len() > MOST_OCTETS {
            return Err(DictionaryError::Octets(octets.len()));
        }
        let text =
            std::str::from_utf8(octets).map_err(|error| DictionaryError::NotText(error.valid_up_to()))?;
        let (mut dictionary, mut left_out) = (Self::default(), 0);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Ok(word) = word(line) else {
                left_out += 1;
                continue;
            };
            dictionary.longest = dictionary.longest.max(word.chars().count());
            dictionary.words.insert(word.into());
            if dictionary.words.len() > MOST_WORDS {
                return Err(DictionaryError::Words);
            }
        }
        Ok((dictionary, left_out))
    }

    /// The text for the store: its words in order.
    pub fn text(&self) -> String {
        let mut words: Vec<&str> = self.words.iter().map(AsRef::as_ref).collect();
        words.sort_unstable();
        words.join("\n")
    }

    /// How many words it has.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// True where it has no word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// True where a part of `text`, which is in small letters, is a word.
    fn is_within(&self, text: &str) -> bool {
        let starts: Vec<usize> =
            text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect();
        starts.iter().enumerate().any(|(first, from)| {
            let ends = starts.iter().skip(first + CHARACTERS.start());
            let ends = ends.take((self.longest + 1).saturating_sub(*CHARACTERS.start()));
            ends.filter_map(|to| text.get(*from..*to)).any(|part| self.words.contains(part))
        })
    }
}

/// A password in small letters; and with digits and signs read as the letters that they stand for.
pub(super) struct Forms {
    lower: Zeroizing<String>,
    plain: Zeroizing<String>,
}

impl Forms {
    pub(super) fn of(password: &str) -> Self {
        let lower = Zeroizing::new(password.to_lowercase());
        let plain = unleet(&lower);
        Self { lower, plain }
    }

    /// In small letters.
    pub(super) fn lower(&self) -> &str {
        &self.lower
    }

    /// What is left of it without what stands at its ends, with digits and signs read as letters.
    pub(super) fn plain_core(&self) -> Zeroizing<String> {
        unleet(core(&self.lower))
    }

    /// True where it holds a word of the dictionary, or one of these in either form.
    pub(super) fn hold_word(&self, dictionary: &Dictionary, hacker_words: &[String]) -> bool {
        let holds =
            |word: &String| self.lower.contains(word.as_str()) || self.plain.contains(unleet(word).as_str());
        dictionary.is_within(&self.lower) || hacker_words.iter().any(holds)
    }

    /// True where it is a common password, or a common one with more at its ends or several times.
    pub(super) fn are_common(&self, dictionary: &Dictionary) -> bool {
        let is_listed =
            |text: &str| COMMON.lines().any(|common| common == text) || dictionary.words.contains(text);
        let is_read_so = |text: &str| COMMON.lines().any(|common| *unleet(common) == text);
        let core = core(&self.lower);
        [self.lower(), period(&self.lower), core, period(core)].into_iter().any(is_listed)
            || [&*self.plain, &*self.plain_core()].into_iter().any(|form| is_read_so(period(form)))
    }
}

/// With digits and signs read as letters. What may stand for `i` or for `l` makes both the same.
fn unleet(lower: &str) -> Zeroizing<String> {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' | 'l' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '2' => 'z',
        '(' => 'c',
        other => other,
    };
    Zeroizing::new(lower.chars().map(letter).collect())
}

/// What is left without the digits and signs at both ends.
fn core(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

/// What a text repeats throughout; the text itself where it repeats nothing.
fn period(text: &str) -> &str {
    let repeats = |end: &usize| {
        let part = text.get(..*end).unwrap_or_default();
        text.len().is_multiple_of(*end) && text.as_bytes().chunks(*end).all(|chunk| chunk == part.as_bytes())
    };
    let ends = text.char_indices().map(|(at, _)| at).skip(1);
    let end = ends.take_while(|end| *end <= text.len() / 2).find(repeats);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
