//! What is set for passwords: every rule with its switch and its number, and how they are hashed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::hash::Params;
use super::profile::Profile;
use super::rule::Rule;
use super::words;

/// Days before the end of a password from which its owner is told.
pub const WARNING_DAYS: std::ops::RangeInclusive<u32> = 1..=90;
/// Words that the hacker dictionary has at most.
pub const MOST_HACKER_WORDS: usize = 1_000;

/// A rule's switch and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// It is asked.
    pub on: bool,
    /// Its number; 0 where the rule has none.
    #[serde(default)]
    pub number: u32,
}

/// The settings of all rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Rules(BTreeMap<Rule, Setting>);

impl Rules {
    /// As under a profile.
    pub fn of(profile: Profile) -> Self {
        Self(Rule::ALL.iter().map(|rule| (*rule, profile.setting(*rule))).collect())
    }

    /// The setting of one.
    pub fn get(&self, rule: Rule) -> Setting {
        self.0.get(&rule).copied().unwrap_or_else(|| Profile::Source.setting(rule))
    }

    /// The number of a rule that is on.
    pub fn number(&self, rule: Rule) -> Option<u32> {
        let setting = self.get(rule);
        setting.on.then_some(setting.number)
    }

    /// True where a rule is on.
    pub fn is_on(&self, rule: Rule) -> bool {
        self.get(rule).on
    }

    fn set(&mut self, rule: Rule, setting: Setting) -> Result<(), PolicyError> {
        match rule.number() {
            Some(number) if !(number.least..=number.most).contains(&setting.number) => {
                return Err(PolicyError::Range {
                    rule,
                    least: number.least,
                    most: number.most,
                    given: setting.number,
                });
            }
            None if setting.number != 0 => return Err(PolicyError::NoNumber(rule)),
            _ => {}
        }
        self.0.insert(rule, setting);
        Ok(())
    }

    /// No password could be as long as it must and as short as it must.
    fn check_lengths(&self) -> Result<(), PolicyError> {
        let Some(most) = self.number(Rule::MaxLength) else { return Ok(()) };
        let least =
            [Rule::MinLength, Rule::MinLengthAdministrator].into_iter().filter_map(|rule| self.number(rule));
        match least.max() {
            Some(least) if least > most => Err(PolicyError::Lengths { least, most }),
            _ => Ok(()),
        }
    }
}

/// When a user's password is to be renewed, where it differs from the rules for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// It ends so many days after it was set; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_days: Option<u32>,
    /// The user is told so many days before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning_days: Option<u32>,
    /// The user may change it after so many days at the earliest; 0 for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_use_days: Option<u32>,
}

/// What is set for passwords (IAM-07).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The profile that was taken last; single rules may have been set otherwise since.
    pub profile: Profile,
    /// The rules.
    pub rules: Rules,
    /// Days before a password's end from which its owner is told.
    pub warning_days: u32,
    /// Words that no password holds, nor with digits and signs for letters.
    pub hacker_words: Vec<String>,
    /// How new hashes are made.
    pub hash: Params,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            rules: Rules::of(Profile::default()),
            warning_days: 7,
            hacker_words: words::HACKER_WORDS.iter().map(|word| (*word).to_owned()).collect(),
            hash: Params::default(),
        }
    }
}

/// What shall be different; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyEdit {
    /// All rules as under this profile, before single ones are set.
    pub profile: Option<Profile>,
    /// Rules with switch and number.
    pub rules: Vec<(Rule, Option<bool>, Option<u32>)>,
    /// Other days of warning.
    pub warning_days: Option<u32>,
    /// Another hacker dictionary.
    pub hacker_words: Option<Vec<String>>,
    /// Another way to hash.
    pub hash: Option<Params>,
}

/// Why settings are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A number that a rule does not take.
    #[error("{rule} takes {least} to {most}, not {given}")]
    Range {
        /// Which.
        rule: Rule,
        /// Least.
        least: u32,
        /// Most.
        most: u32,
        /// What was given.
        given: u32,
    },
    /// A number for a rule that has none.
    #[error("{0} is on or off and takes no number")]
    NoNumber(Rule),
    /// No password could fit.
    #[error("a password would need {least} characters and could have {most} only")]
    Lengths {
        /// Characters needed.
        least: u32,
        /// Characters permitted.
        most: u32,
    },
    /// Days of warning out of range.
    #[error("the end of a password is told 1 to 90 days before, not {0}")]
    Warning(u32),
    /// A hacker dictionary that is too large.
    #[error("the hacker dictionary has at most {MOST_HACKER_WORDS} words, not {0}")]
    ManyWords(usize),
    /// Something that is no word of a dictionary.
    #[error("'{0}' is no word of a dictionary: 4 to 64 characters without blanks are")]
    NoWord(String),
    /// What is stored is not what this release writes.
    #[error("the stored password policy cannot be read: {0}")]
    Stored(String),
}

impl PasswordPolicy {
    /// With the changes of `edit`; nothing where one of them is refused.
    pub fn edited(&self, edit: PolicyEdit) -> Result<Self, PolicyError> {
        let mut new = self.clone();
        if let Some(profile) = edit.profile {
            (new.profile, new.rules) = (profile, Rules::of(profile));
        }
        for (rule, on, number) in edit.rules {
            let old = new.rules.get(rule);
            let setting = Setting { on: on.unwrap_or(old.on), number: number.unwrap_or(old.number) };
            new.rules.set(rule, setting)?;
        }
        new.rules.check_lengths()?;
        if let Some(days) = edit.warning_days {
            if !WARNING_DAYS.contains(&days) {
                return Err(PolicyError::Warning(days));
            }
            new.warning_days = days;
        }
        if let Some(words) = edit.hacker_words {
            if words.len() > MOST_HACKER_WORDS {
                return Err(PolicyError::ManyWords(words.len()));
            }
            new.hacker_words = words.iter().map(|word| words::word(word)).collect::<Result<_, _>>()?;
        }
        if let Some(hash) = edit.hash {
            new.hash = hash;
        }
        Ok(new)
    }

    /// When a password that was set then ends; None where it does not. What the account says itself comes
    /// before the rules.
    pub fn ends(&self, renewal: &Renewal, set: Timestamp) -> Option<Timestamp> {
        let usual = || self.rules.number(Rule::Validity).unwrap_or(0);
        let days = renewal.validity_days.unwrap_or_else(usual);
        (days > 0).then(|| set.checked_add(days_of(days)).unwrap_or(Timestamp::MAX))
    }

    /// True from when on the end of a password is told.
    pub fn is_told(&self, renewal: &Renewal, ends: Timestamp, now: Timestamp) -> bool {
        ends.duration_since(now) <= days_of(renewal.warning_days.unwrap_or(self.warning_days))
    }

    /// The text for the store.
    pub fn encode(&self) -> String {
        let rules = self.rules.0.iter().map(|(rule, setting)| (rule.as_str().to_owned(), *setting)).collect();
        let stored = Stored {
            profile: self.profile,
            rules,
            warning_days: self.warning_days,
            hacker_words: self.hacker_words.clone(),
            hash: self.hash.to_string(),
        };
        serde_json::json!(stored).to_string()
    }

    /// Reads the store's text. Rules that a later release has are left out, those that an earlier one had
    /// not are as under the profile.
    pub fn decode(text: &str) -> Result<Self, PolicyError> {
        let wrong = |error: &dyn std::fmt::Display| PolicyError::Stored(error.to_string());
        let stored: Stored = serde_json::from_str(text).map_err(|error| wrong(&error))?;
        let mut rules = Rules::of(stored.profile);
        for (word, setting) in stored.rules {
            if let Ok(rule) = word.parse::<Rule>() {
                rules.set(rule, setting)?;
            }
        }
        rules.check_lengths()?;
        Ok(Self {
            profile: stored.profile,
            rules,
            warning_days: stored.warning_days,
            hacker_words: stored.hacker_words,
            hash: stored.hash.parse().map_err(|error| wrong(&error))?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    profile: Profile,
    rules: BTreeMap<String, Setting>,
    warning_days: u32,
    hacker_words: Vec<String>,
    hash: String,
}

/// So many days of 24 hours.
pub(crate) fn days_of(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}
