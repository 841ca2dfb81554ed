//! What is asked of passwords: read, set, taken from a profile, tried (IAM-07).

use std::collections::BTreeMap;
use std::sync::Arc;

use netwarden_identity::password::words::MOST_OCTETS;
use netwarden_identity::password::{
    Breach, Candidate, Conflict, Dictionary, PasswordPolicy, Person, PolicyEdit, Rule, Setting, conflicts,
};
use netwarden_identity::{DictionaryEntry, Identity, Object, ObjectKind, Operation};
use netwarden_store::Tx;
use zeroize::Zeroizing;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::{EDITING, owner};
use crate::error::OperateError;
use crate::ports::{as_value, require_reason};
use crate::said::Said;
use crate::version::{Version, met};

/// Octets of an uploaded dictionary, at most.
pub const MOST_DICTIONARY_OCTETS: usize = MOST_OCTETS;

/// What is set for passwords, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPasswords {
    /// What is set.
    pub policy: Arc<PasswordPolicy>,
    /// The uploaded dictionary.
    pub dictionary: DictionaryEntry,
    /// Where the settings depart from a profile.
    pub conflicts: Vec<Conflict>,
    /// The version of what is set.
    pub version: Version,
}

/// A rule as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRule {
    /// Which.
    pub rule: Rule,
    /// Its switch and number.
    pub setting: Setting,
    /// The profiles that ask something else of it.
    pub conflicts: Vec<Conflict>,
}

impl Desk {
    /// What is set for passwords.
    pub async fn password_policy(&self, caller: &Caller) -> Result<ShownPasswords, OperateError> {
        self.permit_of(caller, Operation::PolicyRead).await?;
        self.shown_passwords().await
    }

    /// Every rule with its switch and number.
    pub async fn password_rules(&self, caller: &Caller) -> Result<Vec<ShownRule>, OperateError> {
        self.permit_of(caller, Operation::PolicyRead).await?;
        let rules = &self.identity.policy().passwords.rules;
        let conflicts = conflicts(rules);
        let shown = |rule: &Rule| ShownRule {
            rule: *rule,
            setting: rules.get(*rule),
            conflicts: conflicts.iter().filter(|conflict| conflict.rule == *rule).copied().collect(),
        };
        Ok(Rule::ALL.iter().map(shown).collect())
    }

    /// Sets other rules for passwords, which hold from the next one on.
    pub async fn edit_password_policy(
        &self,
        caller: &Caller,
        edit: PolicyEdit,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<ShownPasswords, OperateError> {
        let object = Object::of(ObjectKind::Policy);
        let permit = self.permit(caller, Operation::PolicyModify, &object, Some("passwords".into())).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let old = self.identity.policy().passwords;
        met(expected.as_ref(), &passwords_version(&old), Said::ThePasswordPolicy)?;
        let new = old.edited(edit).map_err(netwarden_identity::IdentityError::from)?;
        if new == *old {
            return Err(OperateError::Invalid(Said::NothingToChange));
        }
        let (was, is) = differences(&old, &new);
        let record = permit.warning(as_value(&was), as_value(&is), reason);
        let (by, at, stored) = (permit.user().to_owned(), permit.at, new.clone());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    Identity::put_passwords(tx, &stored, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.identity.use_passwords(new);
        self.shown_passwords().await
    }

    /// Puts another dictionary in place of the present one; how many lines were no words.
    pub async fn set_dictionary(
        &self,
        caller: &Caller,
        octets: &[u8],
        reason: &str,
    ) -> Result<(DictionaryEntry, usize), OperateError> {
        let object = Object::of(ObjectKind::Policy);
        let named = Some("password dictionary".to_owned());
        let permit = self.permit(caller, Operation::PolicySetDictionary, &object, named).await?;
        require_reason(reason)?;
        let (dictionary, left_out) =
            Dictionary::read(octets).map_err(netwarden_identity::IdentityError::from)?;
        let _one_at_a_time = EDITING.lock().await;
        let old = self.identity.dictionary_entry().await?;
        let words = |words: usize| as_value(&BTreeMap::from([("words", words)]));
        let record = permit.warning(words(old.words), words(dictionary.len()), reason);
        let (by, at, stored) = (permit.user().to_owned(), permit.at, dictionary.clone());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    Identity::put_dictionary(tx, &stored, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.identity.use_dictionary(dictionary);
        Ok((self.identity.dictionary_entry().await?, left_out))
    }

    /// Which rules a password would break for a user of this name. It is neither stored nor recorded, and
    /// no account is asked for its history.
    pub async fn try_password(
        &self,
        caller: &Caller,
        user: &str,
        is_administrator: bool,
        password: Zeroizing<String>,
    ) -> Result<Vec<Breach>, OperateError> {
        self.permit_of(caller, Operation::PolicyTryPassword).await?;
        let person = Person { name: user.trim(), is_administrator, ..Person::default() };
        Ok(self.identity.try_password(&Candidate { new: &password, old: None, person }))
    }

    /// The rules that are asked of the caller's own new password.
    pub async fn rules_of_own_password(&self, caller: &Caller) -> Result<Vec<(Rule, u32)>, OperateError> {
        let user = owner(caller).unwrap_or(netwarden_model::UserId(-1));
        let object = Object::owned(ObjectKind::User, user);
        self.permit(caller, Operation::UserChangeOwnPassword, &object, caller.name().map(str::to_owned))
            .await?;
        let (is_administrator, must) = match &caller.subject {
            netwarden_identity::Subject::User(user) => {
                (user.grants.iter().any(|grant| grant.role.is_administrative()), user.must_change_password)
            }
            netwarden_identity::Subject::Unidentified => (false, false),
        };
        let rules = &self.identity.policy().passwords.rules;
        let asked = Rule::ALL.iter().filter(|rule| match rule {
            Rule::MinLengthAdministrator => is_administrator,
            Rule::MinUse => !must,
            rule => rule.is_asked(),
        });
        Ok(asked.filter_map(|rule| Some((*rule, rules.number(*rule)?))).collect())
    }

    async fn shown_passwords(&self) -> Result<ShownPasswords, OperateError> {
        let policy = self.identity.policy().passwords;
        let dictionary = self.identity.dictionary_entry().await?;
        let (conflicts, version) = (conflicts(&policy.rules), passwords_version(&policy));
        Ok(ShownPasswords { policy, dictionary, conflicts, version })
    }
}

fn passwords_version(policy: &PasswordPolicy) -> Version {
    Version::of(&policy.encode())
}

/// What differs, before and after: what the trail keeps of a change.
fn differences(
    old: &PasswordPolicy,
    new: &PasswordPolicy,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut was, mut is) = (described(old), described(new));
    let same: Vec<String> =
        was.iter().filter(|(name, text)| is.get(*name) == Some(text)).map(|(name, _)| name.clone()).collect();
    for name in same {
        was.remove(&name);
        is.remove(&name);
    }
    (was, is)
}

fn described(policy: &PasswordPolicy) -> BTreeMap<String, String> {
    let rule = |rule: &Rule| {
        let Setting { on, number } = policy.rules.get(*rule);
        let text = match (on, rule.number()) {
            (false, _) => "off".to_owned(),
            (true, None) => "on".to_owned(),
            (true, Some(_)) => number.to_string(),
        };
        (rule.as_str().to_owned(), text)
    };
    let mut all: BTreeMap<String, String> = Rule::ALL.iter().map(rule).collect();
    all.insert("profile".to_owned(), policy.profile.to_string());
    all.insert("warning_days".to_owned(), policy.warning_days.to_string());
    all.insert("hacker_words".to_owned(), policy.hacker_words.join(" "));
    all.insert("hash".to_owned(), policy.hash.to_string());
    all
}
