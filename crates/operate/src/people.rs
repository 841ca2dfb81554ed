//! Users, logins and tokens, as far as the first release has them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netwarden_audit::{ObjectRef, Outcome, Plane, Record, Redacted};
use netwarden_identity::password::Person;
use netwarden_identity::{
    Attempt, Identified, IdentityError, LoginResult, NewToken, NewUser, Object, ObjectKind, Operation, Role,
    Roles, Subject, TokenWish,
};
use netwarden_model::{Severity, UserId};
use netwarden_store::Tx;
use rand::Rng;
use zeroize::Zeroizing;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::said::Said;

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Its secret, shown this once.
    pub secret: Zeroizing<String>,
    /// It ends at the latest then.
    pub ends: jiff::Timestamp,
    /// Nothing else is permitted before the password is changed.
    pub must_change_password: bool,
    /// When the password ends, where that is soon or past.
    pub password_ends: Option<jiff::Timestamp>,
}

impl Desk {
    /// Opens a session for the right name and password. Every failure reads the same to the caller; the
    /// reason is in the trail.
    pub async fn login(
        &self,
        name: &str,
        password: Zeroizing<String>,
        address: Option<IpAddr>,
    ) -> Result<Opened, OperateError> {
        let now = self.clock.now();
        let attempt = Attempt { name: name.to_owned(), password, address };
        let checked = self.identity.check(attempt, now, random()).await?;
        let who = name.trim().to_lowercase();
        let (identity, secret, trail) = (self.identity.clone(), random::<32>(), self.trail.clone());
        let result = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let result = identity.settle_login(tx, &checked, now, &secret).await?;
                    // Guessing must not fill the trail: after the first of a minute failures are counted.
                    let from =
                        address.map_or_else(|| "local socket".to_owned(), |address| address.to_string());
                    if matches!(result, LoginResult::Admitted(_)) || trail.is_failure_recorded(now, &from) {
                        netwarden_audit::record(tx, &login_record(&who, address, &result, now)).await?;
                    }
                    Ok::<_, OperateError>(result)
                })
            })
            .await?;
        match result {
            LoginResult::Admitted(admitted) => Ok(Opened {
                secret: admitted.secret,
                ends: admitted.ends,
                must_change_password: admitted.user.must_change_password,
                password_ends: admitted.user.password_ends,
            }),
            LoginResult::Refused(refused) => Err(OperateError::NotIdentified(refused.to_string())),
        }
    }

    /// Changes the caller's own password; the old one is asked for again.
    pub async fn change_own_password(
        &self,
        caller: &Caller,
        old: Zeroizing<String>,
        new: Zeroizing<String>,
    ) -> Result<(), OperateError> {
        let user = identified(caller)?;
        let object = Object::owned(ObjectKind::User, user.user);
        let permit =
            self.permit(caller, Operation::UserChangeOwnPassword, &object, Some(user.name.clone())).await?;
        let attempt = Attempt { name: user.name.clone(), password: old, address: caller.address };
        let contact = self.contact_of(user.user).await?;
        let salts = [random(), random()];
        let prepared =
            self.identity.prepare_own_password(user, &contact, attempt, new, permit.at, salts).await;
        let own = match prepared {
            Ok(own) => own,
            Err(error @ IdentityError::OldPassword) => {
                let mut record = permit.record(None, None, &error.to_string());
                (record.outcome, record.level) = (Outcome::Failure, Severity::Warning);
                self.record(record).await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        let (record, at) = (permit.record(None, Some(Redacted.into()), ""), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    netwarden_identity::accounts::set_own_password(tx, &own, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Makes a user with a first password, which must be changed at the first login.
    pub async fn create_user(
        &self,
        caller: &Caller,
        name: &str,
        password: Zeroizing<String>,
        roles: Roles,
    ) -> Result<UserId, OperateError> {
        let object = Object::new_account(roles.clone());
        let permit = self.permit(caller, Operation::UserCreate, &object, Some(name.to_owned())).await?;
        let is_administrator = roles.contains(&Role::Administrator);
        let person = Person { name, is_administrator, ..Person::default() };
        let hash = self.identity.hash_new_password(person, password, random()).await?;
        let shown: Vec<String> = roles.iter().map(ToString::to_string).collect();
        let mut record = permit.record(None, crate::ports::as_value(&shown), "");
        record.level = Severity::Warning;
        let user = NewUser { name: name.to_owned(), password: hash, must_change_password: true, roles };
        let at = permit.at;
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let id = netwarden_identity::accounts::create_user(tx, &user, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>(id)
                })
            })
            .await
    }

    /// Makes a token of the caller's own, for these operations (all that the caller may do where empty).
    pub async fn create_token(
        &self,
        caller: &Caller,
        label: &str,
        operations: BTreeSet<Operation>,
        days: u16,
    ) -> Result<(NewToken, jiff::Timestamp), OperateError> {
        let user = identified(caller)?.user;
        let object = Object::owned(ObjectKind::Token, user);
        let permit = self.permit(caller, Operation::TokenCreateOwn, &object, Some(label.to_owned())).await?;
        self.put_token(permit, user, label, operations, days).await
    }

    /// Makes a token of another account, such as a script's that nobody logs in with: it may do what that
    /// account may.
    pub async fn create_token_for(
        &self,
        caller: &Caller,
        user: &str,
        label: &str,
        operations: BTreeSet<Operation>,
        days: u16,
    ) -> Result<(NewToken, jiff::Timestamp), OperateError> {
        let account = self.account_or_denied(caller, Operation::TokenCreate, user).await?;
        let object = Object::account(ObjectKind::Token, account.id, account.roles.clone());
        let permit = self.permit(caller, Operation::TokenCreate, &object, Some(label.to_owned())).await?;
        self.put_token(permit, account.id, label, operations, days).await
    }

    async fn put_token(
        &self,
        permit: Permit,
        user: UserId,
        label: &str,
        operations: BTreeSet<Operation>,
        days: u16,
    ) -> Result<(NewToken, jiff::Timestamp), OperateError> {
        if !(1..=366).contains(&days) {
            return Err(OperateError::Invalid(Said::TokenDays { given: days.into() }));
        }
        let expires = permit.at + jiff::SignedDuration::from_hours(24 * i64::from(days));
        let operations = if operations.is_empty() { all_operations() } else { operations };
        let wish = TokenWish { user, label: label.to_owned(), operations, expires };
        let record = permit.record(None, Some(Redacted.into()), "");
        let (creator, at, secret) = (permit.caller.subject.clone(), permit.at, random::<32>());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let token =
                        netwarden_identity::accounts::create_token(tx, &creator, &wish, at, &secret).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>((token, expires))
                })
            })
            .await
    }

    /// Writes one record, for acts that have no transaction of their own to write it in.
    pub(crate) async fn record(&self, record: Record) -> Result<(), OperateError> {
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }
}

fn all_operations() -> BTreeSet<Operation> {
    netwarden_identity::OPERATIONS.iter().map(|line| line.operation).collect()
}

fn identified(caller: &Caller) -> Result<&Identified, OperateError> {
    match &caller.subject {
        Subject::User(user) => Ok(user),
        Subject::Unidentified => {
            Err(OperateError::NotIdentified("log in first, or present a token".to_owned()))
        }
    }
}

fn login_record(name: &str, address: Option<IpAddr>, result: &LoginResult, at: jiff::Timestamp) -> Record {
    let refused = match result {
        LoginResult::Admitted(_) => None,
        LoginResult::Refused(refused) => Some(format!("{:?}", refused.because)),
    };
    Record {
        at,
        kind: netwarden_audit::Kind::Security,
        level: if refused.is_some() { Severity::Warning } else { Severity::Info },
        user: Some(name.to_owned()),
        plane: Plane::Om,
        operation: Operation::SessionLogin.name().to_owned(),
        object: ObjectRef::new("user", name),
        address: address.map(|address| address.to_string()),
        session: None,
        request: None,
        old: None,
        new: None,
        outcome: if refused.is_some() { Outcome::Failure } else { Outcome::Success },
        details: refused,
        cause: None,
    }
}

/// Fresh random octets for salts and secrets.
fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0u8; N];
    rand::rng().fill_bytes(&mut octets);
    octets
}
