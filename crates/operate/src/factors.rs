//! Second factors of users (IAM-10): set up with the password asked again, proven in a session, taken away by their
//! owner or by who keeps the account. Those that are codes are proven here, those that are keys in
//! [`crate::passkeys`].

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_audit::{Outcome, Record, Redacted, Trail, Value};
use netwarden_identity::factors::{self, FactorKind, Presented, secret_name};
use netwarden_identity::{
    Attempt, FACTORS, Factor, Identified, Identity, IdentityError, Object, ObjectKind, Operation, Plane,
    Refused, TotpSecret,
};
use netwarden_model::{Severity, UserId};
use netwarden_spine::Spine;
use netwarden_store::{Condition, ListQuery, Tx};
use zeroize::Zeroizing;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::lists::{Counted, ListWish};
use crate::passkeys::{rows_of, session_of};
use crate::people::{identified, login_alarm, random};
use crate::ports::require_reason;
use crate::said::Said;
use crate::tenants::key_owner;

/// Who made the secret, as apps show it beside the account.
const ISSUER: &str = "Netwarden";

/// A second factor that is being set up: its secret is shown this once.
#[derive(Debug)]
pub struct BegunFactor {
    /// Its id.
    pub id: i64,
    /// The secret in base32, for apps that take it by hand.
    pub secret: Zeroizing<String>,
    /// The `otpauth` URI, for a QR code.
    pub uri: Zeroizing<String>,
}

/// What settles a proof of a session, in a transaction of the caller's.
pub(crate) struct Settling {
    identity: Identity,
    spine: Spine,
    trail: Trail,
    session: i64,
    plane: Plane,
    address: Option<IpAddr>,
    at: Timestamp,
    fresh: [u8; 32],
}

impl Settling {
    pub(crate) fn of(desk: &Desk, permit: &Permit, user: &Identified) -> Result<Self, OperateError> {
        Ok(Self {
            identity: desk.identity.clone(),
            spine: desk.spine.clone(),
            trail: desk.trail.clone(),
            session: session_of(user)?,
            plane: user.plane(),
            address: permit.caller.address,
            at: permit.at,
            fresh: random(),
        })
    }

    /// The session's new secret, or why there is none; either is recorded, and is to be committed.
    pub(crate) async fn settle(
        self,
        tx: &Tx,
        presented: Option<Presented>,
        mut record: Record,
    ) -> Result<Result<Zeroizing<String>, Refused>, OperateError> {
        let Self { identity, spine, trail, session, plane, address, at, fresh } = self;
        let settled = identity.settle_proof(tx, session, address, presented, at, &fresh).await?;
        if let Err(refused) = &settled {
            record.outcome = Outcome::Failure;
            let because = refused.because.to_string();
            record.details = Some(match record.details.take() {
                Some(why) if !why.is_empty() => format!("{because}: {why}"),
                _ => because,
            });
            if let Some(event) = login_alarm(plane, refused, address, at) {
                spine.append(tx, at, &[event]).await?;
            }
        }
        // Guessing must not fill the trail: after the first of a minute failures are counted.
        let from = address.map_or_else(|| "local socket".to_owned(), |address| address.to_string());
        if settled.is_ok() || trail.is_failure_recorded(at, &from) {
            netwarden_audit::record(tx, &record).await?;
        }
        Ok(settled)
    }
}

impl Desk {
    /// The caller's own second factors; filter `label`.
    pub async fn own_factors(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<Factor>, OperateError> {
        self.permit_factor(caller, Operation::FactorReadOwn, "own").await?;
        let user = owner(caller).unwrap_or(UserId(-1));
        let query = ListQuery::unscoped(&FACTORS).filter("user", Condition::Eq(user.0.into()))?;
        let query = crate::lists::factor_query(query, self.paged(wish))?;
        let listed = self.identity.list_factors(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// Begins to set up a second factor of the caller's own; the password is asked again, so that nobody who
    /// finds a session makes it theirs.
    pub async fn begin_factor(
        &self,
        caller: &Caller,
        label: &str,
        password: Zeroizing<String>,
    ) -> Result<BegunFactor, OperateError> {
        let permit = self.permit_factor(caller, Operation::FactorAddOwn, label).await?;
        let user = identified(caller)?;
        self.ask_password_again(&permit, user, password).await?;
        let secret = TotpSecret::new(random());
        let (shown, uri) = (secret.base32(), secret.uri(ISSUER, &user.name));
        let record = permit.warning(None, Some(Redacted.into()), "begun");
        let (owner, label, at, vault) = (user.user, label.to_owned(), permit.at, Arc::clone(&self.vault));
        let keys = key_owner(user.tenant.as_ref());
        let id = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let (id, gone) = factors::add(tx, owner, (FactorKind::Code, &label), at).await?;
                    for begun in gone {
                        vault.remove_secret(tx, &secret_name(begun)).await?;
                    }
                    vault.put_secret(tx, keys, &secret_name(id), secret.octets(), at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>(id)
                })
            })
            .await?;
        Ok(BegunFactor { id, secret: shown, uri })
    }

    /// Ends the setting up with the factor's first code; the session is proven by it. Its new secret.
    pub async fn confirm_factor(
        &self,
        caller: &Caller,
        factor: i64,
        code: &str,
    ) -> Result<Zeroizing<String>, OperateError> {
        let permit = self.permit_factor(caller, Operation::FactorAddOwn, &factor.to_string()).await?;
        let user = identified(caller)?;
        let begun = factors::rows_of(self.store.read(), user.user, false).await?;
        if !begun.contains(&(factor, FactorKind::Code)) {
            return Err(IdentityError::NoSuchFactor(factor).into());
        }
        self.proven(permit, user, &[factor], code).await
    }

    /// Whether the caller may prove a second factor at all: it is asked for on a page.
    pub async fn permit_prove(&self, caller: &Caller) -> Result<Permit, OperateError> {
        let object = Object::owned(ObjectKind::Session, owner(caller).unwrap_or(UserId(-1)));
        self.permit(caller, Operation::SessionProve, &object, caller.name().map(str::to_owned)).await
    }

    /// Whether the caller may be asked for a code: they have an app that shows them.
    pub async fn has_codes(&self, caller: &Caller) -> Result<bool, OperateError> {
        self.permit_prove(caller).await?;
        let user = identified(caller)?.user;
        Ok(!rows_of(self.store.read(), user, FactorKind::Code).await?.is_empty())
    }

    /// Proves the caller's second factor in their session, which gets a new secret: the one before is good for
    /// nothing more.
    pub async fn prove(&self, caller: &Caller, code: &str) -> Result<Zeroizing<String>, OperateError> {
        let permit = self.permit_prove(caller).await?;
        let user = identified(caller)?;
        if factors::rows_of(self.store.read(), user.user, true).await?.is_empty() {
            return Err(OperateError::Conflict(Said::NoSecondFactor));
        }
        let codes = rows_of(self.store.read(), user.user, FactorKind::Code).await?;
        self.proven(permit, user, &codes, code).await
    }

    async fn proven(
        &self,
        permit: Permit,
        user: &Identified,
        factors: &[i64],
        code: &str,
    ) -> Result<Zeroizing<String>, OperateError> {
        let settling = Settling::of(self, &permit, user)?;
        let mut presented = None;
        for factor in factors.iter().copied() {
            let Some(octets) = self.vault.named_secret(&secret_name(factor)).await? else { continue };
            let Some(secret) = TotpSecret::from_octets(&octets) else { continue };
            let step = secret.step_of(code, permit.at);
            presented = presented.or(step.map(|step| Presented::Code { factor, step }));
        }
        let record = permit.warning(None, None, "");
        let settled = self
            .store
            .write(move |tx: &Tx| Box::pin(async move { settling.settle(tx, presented, record).await }))
            .await?;
        // Why it was not taken is in the trail: who guesses codes learns no more than that.
        settled.map_err(|_| OperateError::Invalid(Said::WrongCode))
    }

    /// Takes away a second factor of the caller's own.
    pub async fn remove_factor(&self, caller: &Caller, factor: i64) -> Result<(), OperateError> {
        let permit = self.permit_factor(caller, Operation::FactorRemoveOwn, &factor.to_string()).await?;
        let user = identified(caller)?.user;
        let (record, vault) = (permit.warning(Some(Redacted.into()), None, ""), Arc::clone(&self.vault));
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    factors::remove(tx, user, factor).await?;
                    vault.remove_secret(tx, &secret_name(factor)).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Takes all second factors from an account, for who has lost theirs; how many there were. Its sessions end,
    /// since whoever found the device may be in.
    pub async fn reset_factors(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
    ) -> Result<usize, OperateError> {
        let account = self.account_or_denied(caller, Operation::FactorReset, name).await?;
        let object = account.object(ObjectKind::Factor);
        let permit = self.permit(caller, Operation::FactorReset, &object, Some(account.name.clone())).await?;
        require_reason(reason)?;
        let vault = Arc::clone(&self.vault);
        let record = permit.warning(Some(Redacted.into()), Some(Value::text("none")), reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    netwarden_identity::accounts::still_has(tx, account.id, &account.grants).await?;
                    let gone = factors::remove_all(tx, account.id).await?;
                    for factor in &gone {
                        vault.remove_secret(tx, &secret_name(*factor)).await?;
                    }
                    netwarden_identity::accounts::end_sessions_of(tx, account.id, None).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>(gone.len())
                })
            })
            .await
    }

    /// Asks for the password of the caller's account once more.
    pub(crate) async fn ask_password_again(
        &self,
        permit: &Permit,
        user: &Identified,
        password: Zeroizing<String>,
    ) -> Result<(), OperateError> {
        let (plane, name, address) = (user.plane(), user.name.clone(), permit.caller.address);
        let presented = Attempt { plane, name, password, address, device: String::new() };
        match self.identity.ask_password(user, presented, permit.at, random()).await {
            Err(error @ IdentityError::OldPassword) => {
                self.record_failure(permit, &error.to_string()).await?;
                Err(OperateError::Invalid(Said::PasswordWrong))
            }
            other => Ok(other?),
        }
    }

    pub(crate) async fn record_failure(&self, permit: &Permit, why: &str) -> Result<(), OperateError> {
        let mut record = permit.record(None, None, why);
        (record.outcome, record.level) = (Outcome::Failure, Severity::Warning);
        self.record(record).await
    }

    pub(crate) async fn permit_factor(
        &self,
        caller: &Caller,
        operation: Operation,
        named: &str,
    ) -> Result<Permit, OperateError> {
        let user = owner(caller).unwrap_or(UserId(-1));
        let named = named.chars().take(64).collect();
        self.permit(caller, operation, &Object::owned(ObjectKind::Factor, user), Some(named)).await
    }
}
