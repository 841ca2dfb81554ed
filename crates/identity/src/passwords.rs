//! Passwords as the product changes them: what the pure rules ask is fetched here, and verified off the
//! runtime's workers.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use netwarden_model::UserId;
use netwarden_store::Tx;
use zeroize::Zeroizing;

use crate::accounts::Keep;
use crate::admission::AccountPolicy;
use crate::decide::{Identified, Through};
use crate::error::IdentityError;
use crate::lanes::Comer;
use crate::login::{self, Attempt};
use crate::password::history::{self, Compared};
use crate::password::{Breach, Candidate, Dictionary, PasswordHash, PasswordPolicy, Person, breaches};
use crate::service::Identity;
use crate::sql;

const POLICY: &str = "password-policy";
const DICTIONARY: &str = "password-dictionary";

/// How a person is reached; their passwords must not hold it.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// Mobile number; empty where none is known.
    #[serde(default)]
    pub mobile: String,
    /// Mail address; empty where none is known.
    #[serde(default)]
    pub mail: String,
}

impl Contact {
    /// Checks what people write: a number of digits with the usual signs between them, an address with one
    /// `@`; either may be empty.
    pub fn new(mobile: &str, mail: &str) -> Result<Self, IdentityError> {
        let (mobile, mail) = (mobile.trim(), mail.trim());
        let is_number = mobile.len() <= 32
            && mobile.chars().all(|c| c.is_ascii_digit() || "+-/(). ".contains(c))
            && mobile.chars().filter(char::is_ascii_digit).count() >= 5;
        if !mobile.is_empty() && !is_number {
            return Err(IdentityError::BadMobile(mobile.chars().take(32).collect()));
        }
        let is_address = mail.len() <= 254
            && !mail.chars().any(|c| c.is_whitespace() || c.is_control())
            && mail
                .split_once('@')
                .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
        if !mail.is_empty() && !is_address {
            return Err(IdentityError::BadMail(mail.chars().take(64).collect()));
        }
        Ok(Self { mobile: mobile.to_owned(), mail: mail.to_owned() })
    }
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact").finish_non_exhaustive()
    }
}

/// A password that its owner may have; see [`Identity::prepare_own_password`].
#[derive(Debug)]
pub struct OwnPassword {
    pub(crate) user: UserId,
    /// The hash that was verified: where it changed meanwhile, nothing is set.
    pub(crate) verified: String,
    pub(crate) hash: PasswordHash,
    pub(crate) keep: Keep,
}

/// The uploaded dictionary, without its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DictionaryEntry {
    /// Words that it has.
    pub words: usize,
    /// When it was uploaded; None where none was.
    pub changed: Option<Timestamp>,
    /// By whom.
    pub by: String,
}

impl Identity {
    /// Reads what is stored of settings; until then those hold that [`Identity::new`] was given.
    pub async fn load_settings(&self) -> Result<(), IdentityError> {
        if let Some(row) = sql::setting(self.store.read(), POLICY).await? {
            self.use_passwords(PasswordPolicy::decode(&row.value)?);
        }
        if let Some(row) = sql::setting(self.store.read(), DICTIONARY).await? {
            let (dictionary, _) = Dictionary::read(row.value.as_bytes())?;
            self.use_dictionary(dictionary);
        }
        self.blocklist().await?;
        Ok(())
    }

    /// Lets other settings hold, from the next password on.
    pub fn use_passwords(&self, passwords: PasswordPolicy) {
        let policy = self.policy();
        self.set_policy(crate::IdentityPolicy { passwords: Arc::new(passwords), ..policy });
    }

    /// Lets other settings of accounts hold, from the next request on.
    pub fn use_accounts(&self, accounts: AccountPolicy) {
        let policy = self.policy();
        self.set_policy(crate::IdentityPolicy { accounts, ..policy });
    }

    /// Lets another dictionary hold, from the next password on.
    pub fn use_dictionary(&self, dictionary: Dictionary) {
        *self.dictionary.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(dictionary);
    }

    fn dictionary(&self) -> Arc<Dictionary> {
        Arc::clone(&self.dictionary.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Stores settings of passwords in the caller's transaction.
    pub async fn put_passwords(
        tx: &Tx,
        passwords: &PasswordPolicy,
        by: &str,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        sql::put_setting(tx, POLICY, &passwords.encode(), by, now.as_microsecond()).await?;
        sql::bump_policy(tx).await
    }

    /// Stores a dictionary in the caller's transaction.
    pub async fn put_dictionary(
        tx: &Tx,
        dictionary: &Dictionary,
        by: &str,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        sql::put_setting(tx, DICTIONARY, &dictionary.text(), by, now.as_microsecond()).await
    }

    /// What is known of the uploaded dictionary.
    pub async fn dictionary_entry(&self) -> Result<DictionaryEntry, IdentityError> {
        let row = sql::setting(self.store.read(), DICTIONARY).await?;
        let words = self.dictionary().len();
        Ok(row.map_or_else(DictionaryEntry::default, |row| DictionaryEntry {
            words,
            changed: Timestamp::from_microsecond(row.changed_at).ok(),
            by: row.changed_by,
        }))
    }

    /// Every rule that a password would break, without any of its history.
    pub fn try_password(&self, candidate: &Candidate<'_>) -> Vec<Breach> {
        breaches(&self.policy().passwords, &self.dictionary(), candidate)
    }

    /// Checks a password that somebody else chooses for `person`, and hashes it. `salt` is fresh.
    pub async fn hash_new_password(
        &self,
        person: Person<'_>,
        password: Zeroizing<String>,
        salt: [u8; 16],
    ) -> Result<PasswordHash, IdentityError> {
        let broken = self.try_password(&Candidate { new: &password, old: None, person });
        if !broken.is_empty() {
            return Err(IdentityError::Refused(broken));
        }
        self.hash(password, salt).await
    }

    /// The password of a user once more, counted and locked as a login is; `salt` is fresh.
    ///
    /// # Errors
    /// [`IdentityError::OldPassword`] where it is not theirs, or the account is locked.
    pub async fn ask_password(
        &self,
        user: &Identified,
        presented: Attempt,
        now: Timestamp,
        salt: [u8; 16],
    ) -> Result<(), IdentityError> {
        self.asked_again(user, presented, now, salt).await.map(drop)
    }

    async fn asked_again(
        &self,
        user: &Identified,
        presented: Attempt,
        now: Timestamp,
        salt: [u8; 16],
    ) -> Result<sql::UserRow, IdentityError> {
        let attempt = Attempt { plane: user.plane(), name: user.name.clone(), ..presented };
        let (this, accounts) = (self.clone(), self.policy().accounts);
        // On a task of its own, since what was tried counts also where nobody waits for it any longer.
        let settled = tokio::spawn(async move {
            let checked = this.check_of(Comer::Known, attempt, now, salt).await?;
            let store = this.store.clone();
            let settle = store.write(move |tx| {
                Box::pin(async move {
                    Ok::<_, IdentityError>(match login::settle(tx, &checked, &accounts, now).await? {
                        Ok((user, mut counts)) => {
                            counts.forget(tx, &accounts.lockout).await?;
                            Ok(user)
                        }
                        Err(refused) => Err(refused),
                    })
                })
            });
            settle.await
        });
        let settled = settled.await.map_err(|_| IdentityError::Background)??;
        match settled {
            Ok(row) if row.id == user.user => Ok(row),
            _ => Err(IdentityError::OldPassword),
        }
    }

    /// Checks a user's own new password, for which the old one was asked again: first the old one, counted
    /// and locked as a login is, then every rule. To be set by [`crate::accounts::set_own_password`].
    /// `salts` are fresh.
    pub async fn prepare_own_password(
        &self,
        user: &Identified,
        contact: &Contact,
        old: Attempt,
        new: Zeroizing<String>,
        now: Timestamp,
        salts: [[u8; 16]; 2],
    ) -> Result<OwnPassword, IdentityError> {
        let [first, second] = salts;
        let present = old.password.clone();
        let row = self.asked_again(user, old, now, first).await?;
        let person = Person {
            name: &row.name,
            is_administrator: row.grants.iter().any(|grant| grant.role.is_administrative()),
            mobile: &contact.mobile,
            mail: &contact.mail,
        };
        let mut broken = self.try_password(&Candidate { new: &new, old: Some(&present), person });
        let passwords = self.policy().passwords;
        if !user.must_change_password {
            let set = Timestamp::from_microsecond(row.password_set).unwrap_or(Timestamp::MIN);
            broken.extend(history::too_soon(&passwords, &row.attributes.renewal, set, now));
        }
        // What cannot be a password at all is not worth the work.
        if !broken.iter().any(|breach| matches!(breach, Breach::Empty | Breach::Octets)) {
            let earlier = self.compare_earlier(row.id, &passwords, &new).await?;
            broken.extend(history::breaches(&passwords, &earlier, now));
        }
        broken.sort_unstable();
        broken.dedup();
        if !broken.is_empty() {
            return Err(IdentityError::Refused(broken));
        }
        let hash = self.hash(new, second).await?;
        let keep = match user.through {
            Through::Session(id) => Keep::One(id),
            _ => Keep::Nothing,
        };
        Ok(OwnPassword { user: row.id, verified: row.password, hash, keep })
    }

    /// Verifies a new password, and what it may have been made of, against the hashes of earlier ones. Each
    /// verification waits for its turn anew, so that logins are not held up.
    async fn compare_earlier(
        &self,
        user: UserId,
        passwords: &PasswordPolicy,
        new: &Zeroizing<String>,
    ) -> Result<Vec<Compared>, IdentityError> {
        let (same, similar) = history::wanted(passwords);
        let rows = sql::earlier_passwords(self.store.read(), user, same.max(similar)).await?;
        let mut compared = Vec::with_capacity(rows.len());
        for (back, row) in (0u32..).zip(rows) {
            let hash = PasswordHash::decode(&row.password)?;
            let mut one = Compared {
                replaced: Timestamp::from_microsecond(row.replaced).unwrap_or(Timestamp::MAX),
                same: self.is_hash_of(&hash, new.clone()).await?,
                similar: false,
            };
            if usize::try_from(back).is_ok_and(|back| back < similar) && !one.same {
                for variant in history::variants(new, back + 1) {
                    if self.is_hash_of(&hash, variant).await? {
                        one.similar = true;
                        break;
                    }
                }
            }
            compared.push(one);
        }
        Ok(compared)
    }

    async fn is_hash_of(
        &self,
        hash: &PasswordHash,
        password: Zeroizing<String>,
    ) -> Result<bool, IdentityError> {
        let hash = hash.clone();
        self.work(Comer::Known, move || hash.verify(&password)).await
    }
}
