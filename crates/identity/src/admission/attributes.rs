//! What an administrator sets of an account beside its name, password and roles (IAM-06).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use netwarden_conditions::property::MAX_LIST;
use serde::{Deserialize, Serialize};

use crate::error::IdentityError;
use crate::password::policy::{Renewal, days_of};

/// Characters of a description and of a welcome message, at most.
pub const MOST_CHARACTERS: usize = 1_000;

/// What becomes of an account that nobody uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedAct {
    /// Nothing.
    #[default]
    None,
    /// It is switched off.
    Disable,
    /// It is deleted.
    Delete,
}

impl UnusedAct {
    /// Every one.
    pub const ALL: [UnusedAct; 3] = [UnusedAct::None, UnusedAct::Disable, UnusedAct::Delete];

    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            UnusedAct::None => "none",
            UnusedAct::Disable => "disable",
            UnusedAct::Delete => "delete",
        }
    }
}

impl std::str::FromStr for UnusedAct {
    type Err = IdentityError;
    fn from_str(word: &str) -> Result<Self, IdentityError> {
        let found = Self::ALL.into_iter().find(|act| act.as_str() == word);
        found.ok_or_else(|| IdentityError::BadUnusedAct(word.chars().take(32).collect()))
    }
}

/// What becomes of an account after so many days without a login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// Days.
    pub days: u32,
    /// What then.
    pub act: UnusedAct,
}

impl Unused {
    /// True where something is to become of an account that was last used then.
    pub fn is_overdue(&self, last_used: Timestamp, now: Timestamp) -> bool {
        self.act != UnusedAct::None && now.duration_since(last_used) >= days_of(self.days)
    }
}

/// The attributes. What is None is as the system's policy has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// What the account is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What the user is told after each login.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub welcome: String,
    /// Words that conditions of roles may ask for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Sessions at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sessions: Option<u32>,
    /// The account's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// Logins, counted from when this was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_logins: Option<u32>,
    /// It is unused after so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<u32>,
    /// What becomes of it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_act: Option<UnusedAct>,
    /// A session ends after so many seconds without a request; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_s: Option<u32>,
    /// When the password is to be renewed.
    #[serde(default)]
    pub renewal: Renewal,
}

fn checked_labels(labels: BTreeSet<String>) -> Result<BTreeSet<String>, IdentityError> {
    if labels.len() > MAX_LIST {
        return Err(IdentityError::MostLabels(MAX_LIST));
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let fits = |label: &&String| (1..=64).contains(&label.chars().count()) && label.chars().all(allowed);
    match labels.iter().find(|label| !fits(label)) {
        Some(bad) => Err(IdentityError::BadLabel(bad.chars().take(64).collect())),
        None => Ok(labels),
    }
}

/// What shall be different of the attributes; what is None stays, an inner None takes the account's own
/// setting away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
pub struct AttributesEdit {
    /// See [`Attributes::description`].
    pub description: Option<String>,
    /// See [`Attributes::welcome`].
    pub welcome: Option<String>,
    /// At most 64, each of 1 to 64 letters, digits, `_`, `-` and `.`.
    pub labels: Option<BTreeSet<String>>,
    /// 1 to 1000.
    pub max_sessions: Option<Option<u32>>,
    /// So many days from now, 1 to 3660.
    pub valid_days: Option<Option<u32>>,
    /// At this time, where no days are given.
    pub ends: Option<Option<Timestamp>>,
    /// 1 to 1000000.
    pub allowed_logins: Option<Option<u32>>,
    /// 1 to 3660 days.
    pub unused_days: Option<Option<u32>>,
    /// What becomes of it then.
    pub unused_act: Option<Option<UnusedAct>>,
    /// 60 to 86400; 0 for never.
    pub idle_s: Option<Option<u32>>,
    /// 1 to 3660; 0 for never.
    pub password_validity_days: Option<Option<u32>>,
    /// 1 to 90.
    pub password_warning_days: Option<Option<u32>>,
    /// 0 to 3660.
    pub password_min_use_days: Option<Option<u32>>,
}

impl AttributesEdit {
    /// True where nothing shall be different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// With what `usual` wants where this wants nothing.
    pub fn over(self, usual: Self) -> Self {
        Self {
            description: self.description.or(usual.description),
            welcome: self.welcome.or(usual.welcome),
            labels: self.labels.or(usual.labels),
            max_sessions: self.max_sessions.or(usual.max_sessions),
            ends: if self.valid_days.is_some() { None } else { self.ends.or(usual.ends) },
            valid_days: self.valid_days.or(usual.valid_days),
            allowed_logins: self.allowed_logins.or(usual.allowed_logins),
            unused_days: self.unused_days.or(usual.unused_days),
            unused_act: self.unused_act.or(usual.unused_act),
            idle_s: self.idle_s.or(usual.idle_s),
            password_validity_days: self.password_validity_days.or(usual.password_validity_days),
            password_warning_days: self.password_warning_days.or(usual.password_warning_days),
            password_min_use_days: self.password_min_use_days.or(usual.password_min_use_days),
        }
    }

    /// True where something shall be set that could keep the account out one day.
    pub fn may_keep_out(&self) -> bool {
        matches!(self.valid_days, Some(Some(_)))
            || matches!(self.allowed_logins, Some(Some(_)))
            || matches!(self.max_sessions, Some(Some(_)))
            || matches!(self.ends, Some(Some(_)))
            || matches!(self.unused_act, Some(Some(UnusedAct::Disable | UnusedAct::Delete)))
    }
}

/// A number that an attribute does not take.
fn within(
    attribute: &'static str,
    given: Option<Option<u32>>,
    zero: bool,
    least: u32,
    most: u32,
) -> Result<(), IdentityError> {
    match given {
        Some(Some(0)) if zero => Ok(()),
        Some(Some(number)) if !(least..=most).contains(&number) => {
            Err(IdentityError::AttributeRange { attribute, least, most, given: number })
        }
        _ => Ok(()),
    }
}

impl Attributes {
    /// With the changes of `edit`, made at `now`.
    ///
    /// # Errors
    /// The first attribute that does not take what is given.
    pub fn edited(&self, edit: AttributesEdit, now: Timestamp) -> Result<Self, IdentityError> {
        within("max_sessions", edit.max_sessions, false, 1, 1_000)?;
        within("valid_days", edit.valid_days, false, 1, 3_660)?;
        within("allowed_logins", edit.allowed_logins, false, 1, 1_000_000)?;
        within("unused_days", edit.unused_days, false, 1, 3_660)?;
        within("idle_s", edit.idle_s, true, 60, 86_400)?;
        within("password_validity_days", edit.password_validity_days, true, 1, 3_660)?;
        within("password_warning_days", edit.password_warning_days, false, 1, 90)?;
        within("password_min_use_days", edit.password_min_use_days, true, 1, 3_660)?;
        for (attribute, text) in [("description", &edit.description), ("welcome", &edit.welcome)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > MOST_CHARACTERS) {
                return Err(IdentityError::AttributeText { attribute, most: MOST_CHARACTERS });
            }
        }
        let mut new = self.clone();
        if let Some(labels) = edit.labels {
            new.labels = checked_labels(labels)?;
        }
        if let Some(text) = edit.description {
            text.trim().clone_into(&mut new.description);
        }
        if let Some(text) = edit.welcome {
            text.trim().clone_into(&mut new.welcome);
        }
        set(&mut new.ends, edit.ends);
        if let Some(days) = edit.valid_days {
            new.ends = days.map(|days| now.checked_add(days_of(days)).unwrap_or(Timestamp::MAX));
        }
        set(&mut new.max_sessions, edit.max_sessions);
        set(&mut new.allowed_logins, edit.allowed_logins);
        set(&mut new.unused_days, edit.unused_days);
        set(&mut new.unused_act, edit.unused_act);
        set(&mut new.idle_s, edit.idle_s);
        set(&mut new.renewal.validity_days, edit.password_validity_days);
        set(&mut new.renewal.warning_days, edit.password_warning_days);
        set(&mut new.renewal.min_use_days, edit.password_min_use_days);
        Ok(new)
    }

    /// What makes another account alike, with its end: a limit is not lost on the way. A description is of one
    /// account alone.
    pub fn as_edit(&self) -> AttributesEdit {
        AttributesEdit {
            welcome: Some(self.welcome.clone()),
            labels: Some(self.labels.clone()),
            max_sessions: Some(self.max_sessions),
            allowed_logins: Some(self.allowed_logins),
            ends: Some(self.ends),
            unused_days: Some(self.unused_days),
            unused_act: Some(self.unused_act),
            idle_s: Some(self.idle_s),
            password_validity_days: Some(self.renewal.validity_days),
            password_warning_days: Some(self.renewal.warning_days),
            password_min_use_days: Some(self.renewal.min_use_days),
            ..AttributesEdit::default()
        }
    }

    /// What becomes of the account when it is not used: each of both as `usual` where it says nothing itself.
    pub fn unused_or(&self, usual: Unused) -> Unused {
        Unused { days: self.unused_days.unwrap_or(usual.days), act: self.unused_act.unwrap_or(usual.act) }
    }

    /// How long a session may be without a request; None for as long as it likes.
    pub fn idle_or(&self, usual: Option<SignedDuration>) -> Option<SignedDuration> {
        match self.idle_s {
            Some(0) => None,
            Some(seconds) => Some(SignedDuration::from_secs(seconds.into())),
            None => usual,
        }
    }

    /// The text for the store.
    pub fn encode(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Reads the store's text; what a later release added is left out.
    pub fn decode(text: &str) -> Result<Self, IdentityError> {
        serde_json::from_str(text).map_err(|error| {
            netwarden_store::StoreError::Unreadable(format!("the attributes of an account: {error}")).into()
        })
    }
}

fn set<T>(field: &mut Option<T>, wish: Option<Option<T>>) {
    if let Some(value) = wish {
        *field = value;
    }
}
