//! Logins, one's own password, and new accounts.

use std::net::IpAddr;
use std::sync::Arc;

use netwarden_audit::{Completion, ObjectRef, OpenedRecord, Outcome, Record, Redacted, Value};
use netwarden_identity::accounts::{set_attributes, set_login_policies};
use netwarden_identity::lockout::Locked;
use netwarden_identity::password::Person;
use netwarden_identity::{
    Attempt, Attributes, AttributesEdit, Contact, Grants, Identified, IdentityError, LoginResult, NewUser,
    Object, ObjectKind, Operation, Refused, SecondFactor, Subject,
};
use netwarden_model::event::PeoplePayload;
use netwarden_model::{EventKind, NewEvent, Plane, Severity, UserId};
use netwarden_store::Tx;
use rand::Rng;
use zeroize::Zeroizing;

use crate::accounts::{contact_name, person_name};
use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::tenants::key_owner;

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
    /// Nothing else is permitted before a second factor is proven, or set up.
    pub second_factor: SecondFactor,
}

/// An account that is to be made.
#[derive(Debug, Default)]
#[allow(clippy::option_option, reason = "absent, none and a name are three different wishes")]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Its first password; None for a one-time password of ours.
    pub password: Option<Zeroizing<String>>,
    /// Its roles; those of `like` where none are given.
    pub grants: Grants,
    /// The account that it is to be like.
    pub like: Option<String>,
    /// The tenant to which it is to belong; that of `like`, or else the caller's, where none is given.
    pub tenant: Option<String>,
    /// Mobile number; empty for none.
    pub mobile: String,
    /// Mail address; empty for none.
    pub mail: String,
    /// What else is set of it.
    pub attributes: AttributesEdit,
    /// The policy that says from where it may be used.
    pub address_policy: Option<Option<String>>,
    /// The policy that says when it may be used.
    pub hours_policy: Option<Option<String>>,
    /// Why, for the record.
    pub reason: String,
}

/// From where, and with what, somebody comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// None on the local socket.
    pub address: Option<IpAddr>,
    /// What the program calls itself (User-Agent of RFC 9110 section 10.1.5); empty where it does not.
    pub device: String,
}

impl From<Option<IpAddr>> for Origin {
    fn from(address: Option<IpAddr>) -> Self {
        Self { address, device: String::new() }
    }
}

impl Desk {
    /// Opens a session for the right name and password. Every failure reads the same to the caller; the
    /// reason is in the trail.
    pub async fn login(
        &self,
        plane: Plane,
        name: &str,
        password: Zeroizing<String>,
        origin: impl Into<Origin>,
    ) -> Result<Opened, OperateError> {
        let (desk, origin, name) = (self.clone(), origin.into(), name.to_owned());
        // On a task of its own, since what was tried counts also where nobody waits for it any longer.
        let tried = tokio::spawn(async move { desk.try_login(plane, &name, password, origin).await });
        tried.await.map_err(|error| OperateError::failed(&error))?
    }

    async fn try_login(
        &self,
        plane: Plane,
        name: &str,
        password: Zeroizing<String>,
        origin: Origin,
    ) -> Result<Opened, OperateError> {
        let now = self.clock.now();
        let Origin { address, device } = origin;
        let attempt = Attempt { plane, name: name.to_owned(), password, address, device };
        let checked = self.identity.check(attempt, now, random()).await?;
        let who = name.trim().to_lowercase();
        let (identity, secret, trail) = (self.identity.clone(), random::<32>(), self.trail.clone());
        let spine = self.spine.clone();
        let result = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let result = identity.settle_login(tx, &checked, now, &secret).await?;
                    // Guessing must not fill the trail: after the first of a minute failures are counted.
                    let from =
                        address.map_or_else(|| "local socket".to_owned(), |address| address.to_string());
                    if matches!(result, LoginResult::Admitted(_)) || trail.is_failure_recorded(now, &from) {
                        netwarden_audit::record(tx, &login_record((plane, &who), address, &result, now))
                            .await?;
                    }
                    if let LoginResult::Refused(refused) = &result
                        && let Some(event) = login_alarm(plane, refused, address, now)
                    {
                        spine.append(tx, now, &[event]).await?;
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
                second_factor: admitted.user.second_factor,
            }),
            LoginResult::Refused(refused) => Err(match refused.bar() {
                Some(bar) => OperateError::Barred(bar),
                None => OperateError::NotIdentified(refused.to_string()),
            }),
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
        let plane = user.plane();
        let attempt = Attempt {
            plane,
            name: user.name.clone(),
            password: old,
            address: caller.address,
            device: String::new(),
        };
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

    /// Makes a user with a first password, which must be changed at the first login; answers with that where it is one
    /// of ours. What `wish` leaves open is as with the account `like`; of its own that has nothing but roles,
    /// attributes and login policies.
    pub async fn create_user(
        &self,
        caller: &Caller,
        wish: NewAccount,
    ) -> Result<(UserId, Option<Zeroizing<String>>), OperateError> {
        // As it will be called: the trail finds its records by the name.
        let wish = NewAccount { name: wish.name.trim().to_lowercase(), ..wish };
        let like = match &wish.like {
            Some(name) => Some(self.user(caller, name).await?),
            None => None,
        };
        let usual = like.as_ref().map(|account| account.grants.clone()).unwrap_or_default();
        let grants = if wish.grants.is_empty() { usual } else { wish.grants };
        let usual = like.as_ref().and_then(|account| account.tenant.as_ref());
        let (tenant, tenant_name) = self.tenant_of_new(caller, wish.tenant.as_deref(), usual).await?.unzip();
        let object = Object::new_account(caller.plane(), grants.clone()).of_tenant(tenant.clone());
        let permit = self.permit(caller, Operation::UserCreate, &object, Some(wish.name.clone())).await?;
        let followed = like.as_ref().map(|account| [&account.address_policy, &account.hours_policy]);
        let wanted = [&wish.address_policy, &wish.hours_policy];
        self.permit_policies(caller, followed.unwrap_or([&None, &None]), wanted).await?;
        let contact = Contact::new(&wish.mobile, &wish.mail)?;
        let is_administrator = grants.iter().any(|grant| grant.role.is_administrative());
        let person =
            Person { name: &wish.name, is_administrator, mobile: &contact.mobile, mail: &contact.mail };
        let (hash, shown) = match wish.password {
            Some(password) => (self.identity.hash_new_password(person, password, random()).await?, None),
            None => {
                let (password, hash) = self.identity.one_time_password(&random()).await?;
                (hash, Some(password))
            }
        };
        let plane = caller.plane();
        let owner = key_owner(tenant.as_ref());
        let user =
            NewUser { plane, name: wish.name, tenant, password: hash, must_change_password: true, grants };
        let (at, vault) = (permit.at, Arc::clone(&self.vault));
        let usual = like.as_ref();
        let attributes = usual.map(|account| account.attributes.as_edit()).unwrap_or_default();
        let attributes = wish.attributes.over(attributes);
        let address_policy = wish.address_policy.or(usual.map(|account| account.address_policy.clone()));
        let hours_policy = wish.hours_policy.or(usual.map(|account| account.hours_policy.clone()));
        let made = serde_json::json!({
            "roles": user.grants,
            "like": wish.like,
            "tenant": tenant_name,
            "address_policy": address_policy.clone().flatten(),
            "hours_policy": hours_policy.clone().flatten(),
        });
        let mut records = vec![permit.warning(None, crate::ports::as_value(&made), &wish.reason)];
        // What is said of its user can be erased with them.
        if !attributes.is_empty() {
            let own = Attributes::default().edited(attributes.clone(), at)?;
            let own: Option<Value> = crate::ports::as_value(&serde_json::json!({ "attributes": own }));
            let own = own.map(|own| {
                own.personal(user.plane, &person_name(user.tenant.as_ref(), &user.name), random())
            });
            records.push(permit.warning(None, own, &wish.reason));
        }
        let reached = (contact != Contact::default()).then(|| serde_json::to_vec(&contact)).transpose();
        let reached = reached.map_err(|error| OperateError::failed(&error))?.map(Zeroizing::new);
        let id = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let id = netwarden_identity::accounts::create_user(tx, &user, at).await?;
                    if !attributes.is_empty() {
                        set_attributes(tx, id, attributes, at).await?;
                    }
                    set_login_policies(tx, id, address_policy, hours_policy).await?;
                    if let Some(reached) = reached {
                        vault.put_secret(tx, owner, &contact_name(id), &reached, at).await?;
                    }
                    netwarden_audit::record_many(tx, &records).await?;
                    Ok::<_, OperateError>(id)
                })
            })
            .await?;
        Ok((id, shown))
    }

    /// Opens a record, before an act outside the database.
    pub(crate) async fn open_record(&self, record: Record) -> Result<OpenedRecord, OperateError> {
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move { Ok::<_, OperateError>(netwarden_audit::open(tx, &record).await?) })
            })
            .await
    }

    /// Says how an act went whose record was opened before it.
    pub(crate) async fn complete(
        &self,
        opened: OpenedRecord,
        outcome: Outcome,
        details: Option<String>,
    ) -> Result<(), OperateError> {
        let completion = Completion { at: self.clock.now(), outcome, new: None, details };
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    netwarden_audit::complete(tx, opened, &completion).await?;
                    Ok::<(), OperateError>(())
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

pub(crate) fn identified(caller: &Caller) -> Result<&Identified, OperateError> {
    match &caller.subject {
        Subject::User(user) => Ok(user),
        Subject::Unidentified => {
            Err(OperateError::NotIdentified("log in first, or present a token".to_owned()))
        }
    }
}

/// Why a login was refused, and what it locked.
fn told(refused: &Refused) -> String {
    let because = refused.because.to_string();
    match refused.locked {
        Some(Locked::Account) => format!("{because}; the account is locked from now on"),
        Some(Locked::Address) => format!("{because}; the address is locked from now on"),
        None => because,
    }
}

/// What events, which are the network's, call an account: with its plane, where that is another.
pub(crate) fn named_in(plane: Plane, name: &str) -> String {
    match plane {
        Plane::Om => name.to_owned(),
        _ => format!("{plane}/{name}"),
    }
}

/// The alarm of too many failed logins (IAM-08), raised once until the next success. Of names that nobody has
/// there is none.
pub(crate) fn login_alarm(
    plane: Plane,
    refused: &Refused,
    address: Option<IpAddr>,
    at: jiff::Timestamp,
) -> Option<NewEvent> {
    if !refused.is_alarm {
        return None;
    }
    let failures = u32::try_from(refused.failures_since_success).unwrap_or(u32::MAX);
    let payload = PeoplePayload::LoginFailures { user: named_in(plane, &refused.name), failures, address };
    Some(crate::events::of_people(EventKind::LoginFailures, payload, at))
}

fn login_record(
    (plane, name): (Plane, &str),
    address: Option<IpAddr>,
    result: &LoginResult,
    at: jiff::Timestamp,
) -> Record {
    let refused = match result {
        LoginResult::Admitted(_) => None,
        LoginResult::Refused(refused) => Some(told(refused)),
    };
    Record {
        at,
        kind: netwarden_audit::Kind::Security,
        level: if refused.is_some() { Severity::Warning } else { Severity::Info },
        user: Some(name.to_owned()),
        plane,
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
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0u8; N];
    rand::rng().fill_bytes(&mut octets);
    octets
}
