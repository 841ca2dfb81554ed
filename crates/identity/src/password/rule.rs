//! The table of password rules: the twenty-two of the source (S3 FIA_SOS.1, IAM-07), and three more.
//!
//! A rule has its number (1 to 22 are the source's), the word by which interfaces know it, and where it
//! counts something a range, a number to begin with and a unit. Where the source names no number, the one
//! to begin with is ours.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a rule's number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Characters.
    Characters,
    /// Passwords.
    Passwords,
    /// Days of 24 hours.
    Days,
    /// Months of the calendar.
    Months,
    /// Kinds of characters.
    Kinds,
}

impl Unit {
    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Characters => "characters",
            Unit::Passwords => "passwords",
            Unit::Days => "days",
            Unit::Months => "months",
            Unit::Kinds => "kinds",
        }
    }
}

/// The number of a rule that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Least that can be set.
    pub least: u32,
    /// Most that can be set.
    pub most: u32,
    /// What it is to begin with.
    pub usual: u32,
    /// What it counts.
    pub unit: Unit,
}

macro_rules! rules {
    ($($(#[$about:meta])* $variant:ident $position:literal $word:literal $({$least:literal $most:literal $usual:literal $unit:ident})? $text:literal;)*) => {
        /// A rule for passwords.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$about])* $variant),* }

        impl Rule {
            /// Every rule, by position.
            pub const ALL: &[Rule] = &[$(Rule::$variant),*];

            /// 1 to 22 as in the source; our own follow.
            pub const fn position(self) -> u32 {
                match self { $(Rule::$variant => $position),* }
            }

            /// The word used in interfaces and in the store; never reused.
            pub const fn as_str(self) -> &'static str {
                match self { $(Rule::$variant => $word),* }
            }

            /// Its number, where it has one.
            pub const fn number(self) -> Option<Number> {
                match self { $(Rule::$variant => rules!(@number $({$least $most $usual $unit})?)),* }
            }

            /// What it asks, in one line; `N` stands for its number.
            pub const fn text(self) -> &'static str {
                match self { $(Rule::$variant => $text),* }
            }
        }
    };
    (@number) => { None };
    (@number {$least:literal $most:literal $usual:literal $unit:ident}) => {
        Some(Number { least: $least, most: $most, usual: $usual, unit: Unit::$unit })
    };
}

rules! {
    /// The least length.
    MinLength 1 "min_length" {6 128 8 Characters}
        "at least N characters";
    /// The least length of an administrator's.
    MinLengthAdministrator 2 "min_length_administrator" {6 128 8 Characters}
        "at least N characters for administrators";
    /// The greatest length.
    MaxLength 3 "max_length" {16 256 32 Characters}
        "at most N characters";
    /// None of the latest, the present one among them.
    NotLast 4 "not_last" {1 24 5 Passwords}
        "none of the last N passwords";
    /// None that was in use not long ago.
    NotWithin 5 "not_within" {1 60 6 Months}
        "none that was in use within N months";
    /// How long one is kept before its owner may change it.
    MinUse 6 "min_use" {1 365 10 Days}
        "kept for at least N days; not where it must be changed";
    /// How long one is good.
    Validity 7 "validity" {1 3650 90 Days}
        "good for N days, then it must be changed";
    /// Sessions end when it is reset.
    LogoutOnReset 8 "logout_on_reset"
        "a reset ends the sessions of the account";
    /// How much it differs from the present one.
    Different 9 "different" {1 32 3 Characters}
        "at least N characters different from the present one";
    /// Letters of any kind.
    Letters 10 "letters" {1 32 1 Characters}
        "at least N letters";
    /// Capital letters.
    Upper 11 "upper" {1 32 1 Characters}
        "at least N capital letters";
    /// Small letters.
    Lower 12 "lower" {1 32 1 Characters}
        "at least N small letters";
    /// Digits.
    Digits 13 "digits" {1 32 1 Characters}
        "at least N digits";
    /// What is no letter, no digit and no blank.
    Special 14 "special" {1 32 1 Characters}
        "at least N special characters";
    /// No blanks of any kind.
    NoSpaces 15 "no_spaces"
        "no blanks";
    /// Not the user's name.
    NoUserName 16 "no_user_name"
        "not the user name, forwards or backwards";
    /// No characters in sequence.
    NoSequence 17 "no_sequence" {3 32 4 Characters}
        "no N characters that rise, fall or go in equal steps";
    /// Little of the user's name.
    SharedWithName 18 "shared_with_name" {1 32 3 Characters}
        "at most N characters in a row that the user name has as well";
    /// Nothing twice.
    NoRepetition 19 "no_repetition" {2 16 3 Characters}
        "no sequence of N characters twice";
    /// No character over and over.
    Consecutive 20 "consecutive" {1 16 2 Characters}
        "no character more than N times in a row";
    /// Not the user's mobile number or mail address.
    NoContact 21 "no_contact"
        "not the mobile number or mail address of the user";
    /// No word of the dictionaries.
    NoWord 22 "no_word"
        "no word of the dictionaries, also with digits and signs for letters";
    /// Nothing like an earlier one.
    NotSimilar 23 "not_similar" {1 5 3 Passwords}
        "not like the present one, nor like the N before it";
    /// Characters of several kinds (3GPP TS 33.117 section 4.2.3.4.3.1).
    Categories 24 "categories" {1 4 3 Kinds}
        "N of four kinds of characters: capitals, small letters, digits, others";
    /// Not one that everybody tries (NIST SP 800-63B section 3.1.1.2).
    NotCommon 25 "not_common"
        "not as a whole a common password";
}

impl Rule {
    /// True where it is asked of a new password, or of the time of its change; the others say how long
    /// one is good and what a reset does.
    pub const fn is_asked(self) -> bool {
        !matches!(self, Rule::Validity | Rule::LogoutOnReset)
    }
}

/// A word that stands for no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no rule for passwords")]
pub struct UnknownRule(pub String);

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Rule::ALL.iter().copied().find(|rule| rule.as_str() == word);
        found.ok_or_else(|| UnknownRule(word.chars().take(64).collect()))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
