//! Passkeys of users (IAM-10): made with the password asked again, and proven in a session. What is looked at in
//! answers is [`netwarden_identity::passkey`]'s.

use std::sync::Arc;

use netwarden_audit::Value;
use netwarden_identity::factors::{self, FactorKind, Presented, secret_name};
use netwarden_identity::{Identified, IdentityError, Operation, PasskeyError, Signed, Through};
use netwarden_model::UserId;
use netwarden_store::{ConnectionTrait, Tx};
use zeroize::Zeroizing;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::factors::Settling;
use crate::people::identified;
use crate::said::Said;
use crate::tenants::key_owner;

impl From<PasskeyError> for OperateError {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::NoName(name) => Self::Conflict(Said::PasskeyNeedsName { name }),
            PasskeyError::NoChallenge => Self::Conflict(Said::PasskeyNotAsked),
            PasskeyError::Busy => Self::Busy(Said::PasskeysBusy),
            PasskeyError::Unreadable(_) | PasskeyError::Refused(_) => Self::Invalid(Said::PasskeyRefused),
            PasskeyError::Stored(id) => Self::Conflict(Said::PasskeyUnreadable { id }),
        }
    }
}

impl Desk {
    /// The name that passkeys are bound to: the console's `host_name`; None where that is an address.
    pub fn passkey_name(&self) -> Option<&str> {
        self.passkeys.name()
    }

    /// Begins to make a passkey of the caller's own; the password is asked again. The options of
    /// `navigator.credentials.create`, as JSON.
    pub async fn begin_passkey(
        &self,
        caller: &Caller,
        label: &str,
        password: Zeroizing<String>,
    ) -> Result<String, OperateError> {
        let permit = self.permit_factor(caller, Operation::FactorAddOwn, label).await?;
        let user = identified(caller)?;
        let session = session_of(user)?;
        let label = factors::checked_label(label)?;
        self.ask_password_again(&permit, user, password).await?;
        let kept = self.kept_passkeys(user.user).await?;
        let known = (user.user, user.name.as_str());
        let options = self.passkeys.begin_making(session, known, label, &kept, permit.at)?;
        self.record(permit.warning(None, Some(Value::text(FactorKind::Passkey.as_str())), "begun")).await?;
        Ok(options)
    }

    /// Ends it with what the authenticator answered, the JSON of a `PublicKeyCredential`; the session is proven by
    /// it. Its new secret.
    pub async fn make_passkey(
        &self,
        caller: &Caller,
        answer: &str,
    ) -> Result<Zeroizing<String>, OperateError> {
        let permit = self.permit_factor(caller, Operation::FactorAddOwn, "passkey").await?;
        let user = identified(caller)?;
        let session = session_of(user)?;
        let made = match self.passkeys.finish_making(session, answer, permit.at) {
            Ok(made) => made,
            // Nothing was tried: the page was left open for too long, or sent twice.
            Err(error @ PasskeyError::NoChallenge) => return Err(error.into()),
            Err(error) => {
                self.record_failure(&permit, &error.to_string()).await?;
                return Err(error.into());
            }
        };
        let (owner, at, vault) = (user.user, permit.at, Arc::clone(&self.vault));
        let keys = key_owner(user.tenant.as_ref());
        let (settling, mut record) = (Settling::of(self, &permit, user)?, permit.warning(None, None, ""));
        record.details = Some(format!("passkey '{}'", made.label));
        let settled = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let wanted = (FactorKind::Passkey, made.label.as_str());
                    let (id, gone) = factors::add(tx, owner, wanted, at).await?;
                    for begun in gone {
                        vault.remove_secret(tx, &secret_name(begun)).await?;
                    }
                    vault.put_secret(tx, keys, &secret_name(id), &made.kept, at).await?;
                    // Whether and how it counts is seen when it signs for the first time.
                    let presented = Presented::Passkey { factor: id, counter: 0 };
                    let settled = settling.settle(tx, Some(presented), record).await?;
                    if settled.is_err() {
                        factors::remove(tx, owner, id).await?;
                        vault.remove_secret(tx, &secret_name(id)).await?;
                    }
                    Ok::<_, OperateError>(settled)
                })
            })
            .await?;
        settled.map_err(|_| OperateError::Invalid(Said::PasskeyRefused))
    }

    /// Asks the caller's session for a signature; the options of `navigator.credentials.get`, as JSON. None where
    /// the account has no passkey that could be asked for.
    pub async fn ask_passkey(&self, caller: &Caller) -> Result<Option<String>, OperateError> {
        let permit = self.permit_prove(caller).await?;
        let user = identified(caller)?;
        let session = session_of(user)?;
        let kept = self.kept_passkeys(user.user).await?;
        if kept.is_empty() || self.passkey_name().is_none() {
            return Ok(None);
        }
        Ok(Some(self.passkeys.begin_proving(session, &kept, permit.at)?))
    }

    /// Proves the caller's session by what the authenticator answered; its new secret. What is not right counts as
    /// a failed login does.
    pub async fn prove_passkey(
        &self,
        caller: &Caller,
        answer: &str,
    ) -> Result<Zeroizing<String>, OperateError> {
        let permit = self.permit_prove(caller).await?;
        let user = identified(caller)?;
        let session = session_of(user)?;
        let (signed, why) = match self.passkeys.finish_proving(session, answer, permit.at) {
            Ok(signed) => (Some(signed), None),
            // Nothing was tried: the page was left open for too long, or sent twice.
            Err(error @ PasskeyError::NoChallenge) => return Err(error.into()),
            Err(error) => (None, Some(error.to_string())),
        };
        let (at, vault, keys) = (permit.at, Arc::clone(&self.vault), key_owner(user.tenant.as_ref()));
        let (settling, mut record) = (Settling::of(self, &permit, user)?, permit.warning(None, None, ""));
        record.details = why;
        let settled = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let presented = signed.as_ref().map(|Signed { factor, counter, .. }| {
                        Presented::Passkey { factor: *factor, counter: *counter }
                    });
                    let settled = settling.settle(tx, presented, record).await?;
                    if let (Ok(_), Some(Signed { factor, kept: Some(kept), .. })) = (&settled, signed) {
                        vault.put_secret(tx, keys, &secret_name(factor), &kept, at).await?;
                    }
                    Ok::<_, OperateError>(settled)
                })
            })
            .await?;
        settled.map_err(|_| OperateError::Invalid(Said::PasskeyRefused))
    }

    /// The account's passkeys, as they are kept.
    async fn kept_passkeys(&self, user: UserId) -> Result<Vec<(i64, Vec<u8>)>, OperateError> {
        let mut kept = Vec::new();
        for factor in rows_of(self.store.read(), user, FactorKind::Passkey).await? {
            if let Some(octets) = self.vault.named_secret(&secret_name(factor)).await? {
                kept.push((factor, octets.to_vec()));
            }
        }
        Ok(kept)
    }
}

/// The rows of the account's factors of a kind that open something.
pub(crate) async fn rows_of<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    kind: FactorKind,
) -> Result<Vec<i64>, IdentityError> {
    let rows = factors::rows_of(connection, user, true).await?;
    Ok(rows.into_iter().filter(|(_, of)| *of == kind).map(|(factor, _)| factor).collect())
}

pub(crate) fn session_of(user: &Identified) -> Result<i64, OperateError> {
    match user.through {
        Through::Session(session) => Ok(session),
        _ => Err(OperateError::Conflict(Said::NoSession)),
    }
}
