//! Credential sets of network elements: kept sealed in the vault, never shown again.

use netwarden_audit::Redacted;
use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_model::CredentialId;
use netwarden_reach::{AuthProtocol, Credentials, PrivProtocol, Secret, SessionOptions};
use netwarden_store::Tx;
use netwarden_vault::CredentialEntry;
use zeroize::Zeroizing;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::ports::as_value;
use crate::said::{Said, Thing};
use crate::version::{Version, met};

/// Octets that a set's name has at most.
const LONGEST_NAME: usize = 64;

/// A set as people write it.
#[derive(Clone, Default)]
pub struct CredentialWish {
    /// Unique name.
    pub name: String,
    /// `v1`, `v2c` or `v3`.
    pub kind: String,
    /// v1 and v2c: community.
    pub community: Option<Zeroizing<String>>,
    /// v3: user name.
    pub user: Option<String>,
    /// v3: `SHA-256` and the like.
    pub auth_protocol: Option<String>,
    /// v3: at least 8 characters.
    pub auth_password: Option<Zeroizing<String>>,
    /// v3: `AES-128` and the like.
    pub priv_protocol: Option<String>,
    /// v3: at least 8 characters.
    pub priv_password: Option<Zeroizing<String>>,
    /// v3: contextName, usually empty.
    pub context: Option<String>,
}

impl std::fmt::Debug for CredentialWish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialWish")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// Keeps a new set behind the others.
    pub async fn create_credential(
        &self,
        caller: &Caller,
        wish: CredentialWish,
    ) -> Result<CredentialEntry, OperateError> {
        let permit = self.permit_credential(caller, Operation::CredentialCreate, &wish.name).await?;
        let name = wish.name.trim().to_owned();
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(OperateError::Invalid(Said::CredentialName { most: LONGEST_NAME }));
        }
        let credentials = credentials(wish)?;
        let secret = self.sealable(&credentials)?;
        let kind = credentials.kind();
        let record = permit.warning(None, Some(Redacted.into()), kind);
        let (vault, at, set_name) = (self.vault.clone(), permit.at, name.clone());
        let id = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let id = vault.create_credential(tx, &set_name, kind, &secret, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>(id)
                })
            })
            .await?;
        self.heard_by_traps().await;
        Ok(self.vault.credential(id).await?)
    }

    /// All sets in the order in which they are tried, without their secrets.
    pub async fn credentials(&self, caller: &Caller) -> Result<Vec<CredentialEntry>, OperateError> {
        self.permit_of(caller, Operation::CredentialRead).await?;
        Ok(self.vault.credentials().await?)
    }

    /// One set, without its secrets.
    pub async fn credential(
        &self,
        caller: &Caller,
        id: CredentialId,
    ) -> Result<CredentialEntry, OperateError> {
        let found = self.credentials(caller).await?.into_iter().find(|entry| entry.id == id);
        found.ok_or_else(|| OperateError::not_found(Thing::CredentialSet, id))
    }

    /// Gives a set another name, other secrets, or both: a `kind` that is empty leaves the secrets alone.
    /// Elements that use it are read with the new ones from their next poll on.
    pub async fn edit_credential(
        &self,
        caller: &Caller,
        id: CredentialId,
        wish: CredentialWish,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<CredentialEntry, OperateError> {
        let permit = self.permit_credential(caller, Operation::CredentialModify, &id.to_string()).await?;
        crate::ports::require_reason(reason)?;
        let entry = self.vault.credential(id).await?;
        met(expected.as_ref(), &credential_version(&entry), called(&entry.name))?;
        let name = wish.name.trim().to_owned();
        if name.len() > LONGEST_NAME {
            return Err(OperateError::Invalid(Said::CredentialName { most: LONGEST_NAME }));
        }
        let renamed = Some(name).filter(|name| !name.is_empty() && *name != entry.name);
        let secret = if wish.kind.is_empty() {
            None
        } else {
            let credentials = credentials(wish)?;
            if credentials.kind().split(' ').next() != entry.kind.split(' ').next() {
                return Err(OperateError::Invalid(Said::CredentialOfKind {
                    name: entry.name,
                    kind: entry.kind,
                }));
            }
            Some(self.sealable(&credentials)?)
        };
        if renamed.is_none() && secret.is_none() {
            return Err(OperateError::Invalid(Said::NothingToChange));
        }
        let new_name = renamed.clone().unwrap_or_else(|| entry.name.clone());
        let what = if secret.is_some() { "other secrets" } else { "another name" };
        let mut record =
            permit.warning(Some(Redacted.into()), Some(Redacted.into()), &format!("{what}: {reason}"));
        record.details = Some(format!("'{}' → '{new_name}', {what}: {reason}", entry.name));
        let (vault, at) = (self.vault.clone(), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    if let Some(name) = renamed {
                        vault.rename_credential(tx, id, &name).await?;
                    }
                    if let Some(secret) = secret {
                        vault.change_secret(tx, id, &secret, at).await?;
                    }
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        for ne in self.users_of(id) {
            self.engine.sessions().forget(ne);
        }
        self.heard_by_traps().await;
        Ok(self.vault.credential(id).await?)
    }

    /// The octets to seal, where keys can be made of the credentials: that shows with a session, for
    /// which nothing is sent.
    fn sealable(&self, credentials: &Credentials) -> Result<Zeroizing<Vec<u8>>, OperateError> {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 161));
        self.engine
            .sessions()
            .engine()
            .session(nowhere, credentials, SessionOptions::default())
            .map_err(|error| OperateError::Invalid(error.to_string().into()))?;
        serde_json::to_vec(credentials)
            .map(Zeroizing::new)
            .map_err(|_| OperateError::Failed("the credentials cannot be written down".to_owned()))
    }

    fn users_of(&self, id: CredentialId) -> Vec<netwarden_model::NeId> {
        let network = self.engine.keeper().picture().read();
        let users = network.elements().filter(|(_, e)| e.base.element.credential == Some(id));
        users.map(|(ne, _)| ne).collect()
    }

    /// Removes a set. Refused while an element uses it.
    pub async fn delete_credential(
        &self,
        caller: &Caller,
        id: CredentialId,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_credential(caller, Operation::CredentialDelete, &id.to_string()).await?;
        let entry = self.vault.credential(id).await?;
        met(expected.as_ref(), &credential_version(&entry), called(&entry.name))?;
        if let Some(name) = self.user_of(id) {
            return Err(OperateError::Conflict(Said::CredentialInUse { name: entry.name, element: name }));
        }
        let record = permit.warning(Some(Redacted.into()), None, &entry.name);
        let vault = self.vault.clone();
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    vault.delete_credential(tx, id).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.heard_by_traps().await;
        Ok(())
    }

    /// Sets the order in which sets are tried; `order` names each of them once.
    pub async fn order_credentials(
        &self,
        caller: &Caller,
        order: Vec<CredentialId>,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_of(caller, Operation::CredentialModify).await?;
        let entries = self.vault.credentials().await?;
        met(expected.as_ref(), &order_version(&entries), Said::CredentialOrder)?;
        let old: Vec<CredentialId> = entries.into_iter().map(|entry| entry.id).collect();
        let record = permit.record(as_value(&old), as_value(&order), "order");
        let vault = self.vault.clone();
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    vault.order_credentials(tx, &order).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Who sends traps is known by the same sets; the change itself is durable already.
    async fn heard_by_traps(&self) {
        if let Err(error) = self.engine.credentials_changed().await {
            tracing::error!(%error, "traps are still received with the earlier credentials");
        }
    }

    async fn permit_credential(
        &self,
        caller: &Caller,
        operation: Operation,
        named: &str,
    ) -> Result<Permit, OperateError> {
        let named = named.chars().take(LONGEST_NAME).collect();
        self.permit(caller, operation, &Object::of(ObjectKind::Credential), Some(named)).await
    }

    fn user_of(&self, id: CredentialId) -> Option<String> {
        let network = self.engine.keeper().picture().read();
        let mut elements = network.elements();
        elements
            .find(|(_, e)| e.base.element.credential == Some(id))
            .map(|(_, e)| e.base.element.name.clone())
    }
}

/// The version of a set, without its secret.
pub fn credential_version(entry: &CredentialEntry) -> Version {
    Version::of(&(entry.id.0, &entry.name, &entry.kind, entry.changed_at_us))
}

/// The version of the order in which sets are tried.
pub fn order_version(entries: &[CredentialEntry]) -> Version {
    Version::of(&entries.iter().map(|entry| entry.id.0).collect::<Vec<_>>())
}

fn credentials(wish: CredentialWish) -> Result<Credentials, OperateError> {
    let missing = |what: Said| {
        OperateError::Invalid(Said::CredentialNeeds { kind: wish.kind.clone(), what: what.into() })
    };
    let secret = |text: &Zeroizing<String>| Secret::new(text.as_str());
    let v3_only = [&wish.user, &wish.auth_protocol, &wish.priv_protocol, &wish.context];
    let is_v3 = wish.kind == "v3";
    if !is_v3
        && (v3_only.iter().any(|given| given.is_some())
            || wish.auth_password.is_some()
            || wish.priv_password.is_some())
    {
        return Err(OperateError::Invalid(Said::CommunityOnly { kind: wish.kind }));
    }
    match wish.kind.as_str() {
        "v1" | "v2c" => {
            let community = wish.community.as_ref().filter(|text| !text.is_empty());
            let community = secret(community.ok_or_else(|| missing(Said::ACommunity))?);
            Ok(if wish.kind == "v1" { Credentials::V1 { community } } else { Credentials::V2c { community } })
        }
        "v3" if wish.community.is_some() => Err(OperateError::Invalid(Said::NoCommunity)),
        "v3" => {
            let auth = match (&wish.auth_protocol, &wish.auth_password) {
                (None, None) => None,
                (Some(protocol), Some(password)) => {
                    Some((protocol.parse::<AuthProtocol>().map_err(invalid)?, secret(password)))
                }
                _ => return Err(missing(Said::AuthTogether)),
            };
            let privacy = match (&wish.priv_protocol, &wish.priv_password) {
                (None, None) => None,
                (Some(protocol), Some(password)) => {
                    Some((protocol.parse::<PrivProtocol>().map_err(invalid)?, secret(password)))
                }
                _ => return Err(missing(Said::PrivTogether)),
            };
            let user = wish.user.clone().ok_or_else(|| missing(Said::AUserName))?;
            Ok(Credentials::V3 { user, auth, privacy, context: wish.context.clone().unwrap_or_default() })
        }
        other => Err(OperateError::Invalid(Said::NoCredentialKind { given: other.to_owned() })),
    }
}

fn called(name: &str) -> Said {
    Said::called(Thing::CredentialSet, format!("'{name}'"))
}

fn invalid(error: impl std::fmt::Display) -> OperateError {
    OperateError::Invalid(error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(kind: &str) -> CredentialWish {
        CredentialWish { name: "a".into(), kind: kind.into(), ..CredentialWish::default() }
    }

    fn text(text: &str) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let refused = [
            wish("v4"),
            wish("v2c"),
            wish("v3"),
            CredentialWish { community: text(""), ..wish("v2c") },
            CredentialWish { community: text("c"), user: Some("u".into()), ..wish("v1") },
            CredentialWish { community: text("c"), user: Some("u".into()), ..wish("v3") },
            CredentialWish { user: Some("u".into()), auth_protocol: Some("SHA-256".into()), ..wish("v3") },
            CredentialWish { user: Some("u".into()), priv_password: text("password"), ..wish("v3") },
            CredentialWish {
                user: Some("u".into()),
                auth_protocol: Some("MD5".into()),
                auth_password: text("password"),
                ..wish("v3")
            },
        ];
        for wish in refused {
            assert!(matches!(credentials(wish.clone()), Err(OperateError::Invalid(_))), "{wish:?}");
        }
    }

    #[test]
    fn each_kind_is_made_and_no_wish_shows_its_secrets() {
        let v3 = CredentialWish {
            user: Some("u".into()),
            auth_protocol: Some("SHA-256".into()),
            auth_password: text("open sesame"),
            priv_protocol: Some("AES-256-Reeder".into()),
            priv_password: text("close sesame"),
            ..wish("v3")
        };
        assert!(!format!("{v3:?}").contains("sesame"));
        assert_eq!(credentials(v3).unwrap().kind(), "v3 authPriv");
        let v2c = CredentialWish { community: text("sesame"), ..wish("v2c") };
        assert!(!format!("{v2c:?}").contains("sesame"));
        assert_eq!(credentials(v2c).unwrap().kind(), "v2c");
    }
}
