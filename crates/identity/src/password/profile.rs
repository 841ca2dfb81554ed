//! Named sets of password rules, and where settings depart from them.
//!
//! | profile | source | in short |
//! |---|---|---|
//! | `source` | S3 FIA_SOS.1 and 6.1.2 | its rules with its numbers; where it says "cannot", the rule is on; where it says "number of" without naming one (letters, digits, validity), off |
//! | `3gpp-33.117` | 3GPP TS 33.117 section 4.2.3.4.3.1 | 8 or more characters, three of four kinds |
//! | `nist-800-63b` | NIST SP 800-63B-4 section 3.1.1.2 | 15 or more characters, 64 at least are taken, nothing about composition, no expiry, a list of common passwords |
//!
//! No set of rules meets all three: the source forbids blanks and sequences, of which the third says that
//! nothing may be asked. [`conflicts`] tells it rule by rule.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::policy::{Rules, Setting};
use super::rule::Rule;

/// A named set of rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Profile {
    /// The source document's.
    #[default]
    #[serde(rename = "source")]
    Source,
    /// 3GPP TS 33.117.
    #[serde(rename = "3gpp-33.117")]
    Gpp,
    /// NIST SP 800-63B.
    #[serde(rename = "nist-800-63b")]
    Nist,
}

/// What a profile asks of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// It is on.
    On,
    /// It is off.
    Off,
    /// It is on, with this number or a greater one.
    AtLeast(u32),
    /// It is on, with this number or a smaller one.
    AtMost(u32),
    /// It is off, or has this number or a greater one.
    OffOrAtLeast(u32),
}

impl Demand {
    /// The demand on a setting.
    pub const fn is_met(self, Setting { on, number }: Setting) -> bool {
        match self {
            Demand::On => on,
            Demand::Off => !on,
            Demand::AtLeast(least) => on && number >= least,
            Demand::AtMost(most) => on && number <= most,
            Demand::OffOrAtLeast(least) => !on || number >= least,
        }
    }
}

/// A rule that is not set as a profile asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// Whose demand it is.
    pub profile: Profile,
    /// Which rule.
    pub rule: Rule,
    /// What is asked of it.
    pub demand: Demand,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conflict { profile, rule, demand } = self;
        match demand {
            Demand::On => write!(f, "{profile}: {rule} is to be on"),
            Demand::Off => write!(f, "{profile}: {rule} is to be off"),
            Demand::AtLeast(least) => write!(f, "{profile}: {rule} is to be on, with {least} or more"),
            Demand::AtMost(most) => write!(f, "{profile}: {rule} is to be on, with {most} or less"),
            Demand::OffOrAtLeast(least) => {
                write!(f, "{profile}: {rule} is to be off, or to have {least} or more")
            }
        }
    }
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 3] = [Profile::Source, Profile::Gpp, Profile::Nist];

    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Source => "source",
            Profile::Gpp => "3gpp-33.117",
            Profile::Nist => "nist-800-63b",
        }
    }

    /// What it asks; of rules that are not named it asks nothing.
    pub const fn demands(self) -> &'static [(Rule, Demand)] {
        match self {
            Profile::Source => &[
                (Rule::MinLength, Demand::AtLeast(8)),
                (Rule::MinLengthAdministrator, Demand::AtLeast(8)),
                (Rule::MaxLength, Demand::On),
                (Rule::NotLast, Demand::On),
                (Rule::NotWithin, Demand::On),
                (Rule::MinUse, Demand::AtLeast(10)),
                (Rule::LogoutOnReset, Demand::On),
                (Rule::Different, Demand::AtLeast(3)),
                (Rule::NoSpaces, Demand::On),
                (Rule::NoUserName, Demand::On),
                (Rule::NoSequence, Demand::On),
                (Rule::SharedWithName, Demand::On),
                (Rule::NoRepetition, Demand::On),
                (Rule::Consecutive, Demand::AtMost(2)),
                (Rule::NoContact, Demand::On),
                (Rule::NoWord, Demand::On),
            ],
            Profile::Gpp => &[
                (Rule::MinLength, Demand::AtLeast(8)),
                (Rule::MinLengthAdministrator, Demand::AtLeast(8)),
                (Rule::Categories, Demand::AtLeast(3)),
            ],
            Profile::Nist => &[
                (Rule::MinLength, Demand::AtLeast(15)),
                (Rule::MinLengthAdministrator, Demand::AtLeast(15)),
                (Rule::MaxLength, Demand::OffOrAtLeast(64)),
                (Rule::Validity, Demand::Off),
                (Rule::Letters, Demand::Off),
                (Rule::Upper, Demand::Off),
                (Rule::Lower, Demand::Off),
                (Rule::Digits, Demand::Off),
                (Rule::Special, Demand::Off),
                (Rule::NoSpaces, Demand::Off),
                (Rule::NoSequence, Demand::Off),
                (Rule::NoRepetition, Demand::Off),
                (Rule::Consecutive, Demand::Off),
                // Words within a password are no reason to refuse it; the whole is looked up.
                (Rule::NoWord, Demand::Off),
                (Rule::Categories, Demand::Off),
                (Rule::NotCommon, Demand::On),
            ],
        }
    }

    /// The setting of a rule under this profile.
    pub fn setting(self, rule: Rule) -> Setting {
        let usual = rule.number().map_or(0, |number| number.usual);
        let demand = self.demands().iter().find(|(of, _)| *of == rule).map(|(_, demand)| *demand);
        match demand {
            Some(Demand::On) => Setting { on: true, number: usual },
            Some(Demand::AtLeast(number) | Demand::AtMost(number)) => Setting { on: true, number },
            Some(Demand::OffOrAtLeast(_)) => Setting { on: true, number: 128 },
            Some(Demand::Off) => Setting { on: false, number: usual },
            // What is asked by none and hinders nobody.
            None => Setting { on: self.adds(rule), number: usual },
        }
    }

    /// Rules that are on under a profile although its document leaves them open.
    const fn adds(self, rule: Rule) -> bool {
        match self {
            Profile::Source => matches!(rule, Rule::NotSimilar),
            Profile::Gpp => {
                matches!(rule, Rule::NotLast | Rule::LogoutOnReset | Rule::NoUserName | Rule::NotCommon)
            }
            // The user's name and what is derived from it belong to the list of what is refused.
            Profile::Nist => matches!(rule, Rule::LogoutOnReset | Rule::NoUserName),
        }
    }
}

/// Where settings depart from any of the profiles.
pub fn conflicts(rules: &Rules) -> Vec<Conflict> {
    let of = |profile: Profile| {
        let demands = profile.demands().iter();
        demands.map(move |(rule, demand)| Conflict { profile, rule: *rule, demand: *demand })
    };
    let all = Profile::ALL.into_iter().flat_map(of);
    all.filter(|conflict| !conflict.demand.is_met(rules.get(conflict.rule))).collect()
}

/// A name that stands for no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no profile of password rules: source, 3gpp-33.117 and nist-800-63b are")]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Profile::ALL.into_iter().find(|profile| profile.as_str() == name);
        found.ok_or_else(|| UnknownProfile(name.chars().take(64).collect()))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
