//! What is asked of passwords.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rule for passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordRule {
    /// 1 to 22 as in the requirement; rules of profiles follow.
    pub position: u32,
    /// Its word, for instance `min_length`.
    pub rule: String,
    /// What it asks; `N` stands for its number.
    pub text: String,
    /// It is asked.
    pub on: bool,
    /// Its number, where it has one.
    pub number: Option<u32>,
    /// Least that can be set.
    pub least: Option<u32>,
    /// Most that can be set.
    pub most: Option<u32>,
    /// What the number is to begin with.
    pub usual: Option<u32>,
    /// `characters`, `passwords`, `days`, `months` or `kinds`.
    pub unit: Option<String>,
    /// Profiles that ask something else of it.
    pub conflicts: Vec<PasswordConflict>,
}

/// A rule that is not set as a profile asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordConflict {
    /// `source`, `3gpp-33.117` or `nist-800-63b`.
    pub profile: String,
    /// The rule's word.
    pub rule: String,
    /// In one sentence.
    pub text: String,
}

/// What is set for passwords besides the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordPolicy {
    /// The profile that was taken last: `source`, `3gpp-33.117` or `nist-800-63b`.
    pub profile: String,
    /// Days before a password's end from which its owner is told.
    pub warning_days: u32,
    /// How new hashes are made, for instance `pbkdf2-sha256,i=600000` or `argon2id,m=19456,t=2,p=1`.
    pub hash: String,
    /// Words that no password holds, nor with digits and signs for letters.
    pub hacker_words: Vec<String>,
    /// Words of the uploaded dictionary.
    pub dictionary_words: u64,
    /// When the dictionary was uploaded.
    pub dictionary_changed_at: Option<Timestamp>,
    /// Who uploaded it.
    pub dictionary_changed_by: Option<String>,
    /// Where the rules depart from profiles.
    pub conflicts: Vec<PasswordConflict>,
}

/// A rule's switch and number; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSetting {
    /// It is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
}

/// Changes to what is asked of passwords; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordPolicyChange {
    /// Why, for the record.
    pub reason: String,
    /// All rules as under this profile, before single ones are set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Rules by their words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules: BTreeMap<String, RuleSetting>,
    /// Days of warning, 1 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning_days: Option<u32>,
    /// How hashes are to be made; `pbkdf2-sha256` or `argon2id` alone with its usual cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Another hacker dictionary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hacker_words: Option<Vec<String>>,
}

/// A dictionary that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DictionaryTaken {
    /// Words that it has.
    pub words: u64,
    /// Lines that were left out: a word has 4 to 64 characters and no blanks.
    pub left_out: u64,
}

/// A password to be tried; it is neither stored nor recorded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordTrial {
    /// It.
    pub password: String,
    /// The name of whose it would be.
    #[serde(default)]
    pub user: String,
    /// It would be an administrator's.
    #[serde(default)]
    pub is_administrator: bool,
}

/// What a password would break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordVerdict {
    /// No rule is broken, as far as that can be told without earlier passwords.
    pub good: bool,
    /// Every rule that is broken.
    pub broken: Vec<BrokenRule>,
}

/// A rule that a password breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrokenRule {
    /// The rule's word; `empty`, `octets` and `unchanged` are what no setting permits.
    pub rule: String,
    /// In one sentence.
    pub text: String,
}
