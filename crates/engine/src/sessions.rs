//! Sessions with the elements of the inventory, opened with the credentials that the vault keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use netwarden_model::element::Schedule;
use netwarden_model::{CredentialId, NeId};
use netwarden_reach::{
    Credentials, CredentialsError, SessionOptions, SnmpEngine, SnmpSession, TrapPrincipals, TrapUser,
};
use netwarden_vault::{Vault, VaultError};

use crate::keeper::Picture;

/// Why there is no session with an element.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The element was taken out of the inventory.
    #[error("network element {0} is not in the inventory")]
    NoElement(NeId),
    /// No credentials were found for it yet.
    #[error("{0} has no credentials: none of the sets in the vault has worked")]
    NoCredentials(String),
    /// What is less than SNMPv3 authPriv needs an exception.
    #[error(
        "{0} would be spoken to without SNMPv3 authPriv ({1}), for which it has no exception (--allow-v2c)"
    )]
    Unprotected(String, &'static str),
    /// The vault does not give them out.
    #[error("the credentials of {0} cannot be opened")]
    Vault(String, #[source] VaultError),
    /// What the vault holds is no set of credentials.
    #[error("the credentials of {0} cannot be read")]
    Unreadable(String, #[source] serde_json::Error),
    /// They cannot be used.
    #[error(transparent)]
    Unusable(#[from] CredentialsError),
}

/// What a session was opened with; another means another session.
#[derive(Debug, Clone, PartialEq)]
struct OpenedWith {
    address: std::net::SocketAddr,
    credential: CredentialId,
    allow_v2c: bool,
    timeout: Duration,
    retries: u8,
}

/// Opens sessions, and keeps them for the next time: engine id, boots and learned sizes stay with them.
#[derive(Debug)]
pub struct Sessions {
    engine: SnmpEngine,
    vault: Arc<Vault>,
    picture: Picture,
    open: Mutex<HashMap<NeId, (OpenedWith, SnmpSession)>>,
}

impl Sessions {
    /// Sessions over `engine`.
    pub fn new(engine: SnmpEngine, vault: Arc<Vault>, picture: Picture) -> Self {
        Self { engine, vault, picture, open: Mutex::default() }
    }

    /// The SNMP engine, for elements that are not in the inventory yet.
    pub fn engine(&self) -> &SnmpEngine {
        &self.engine
    }

    /// A session with `ne`, with the patience of `schedule` where one is given.
    pub async fn session(&self, ne: NeId, schedule: Option<Schedule>) -> Result<SnmpSession, SessionError> {
        let element = self
            .picture
            .read()
            .element(ne)
            .map(|e| e.base.element.clone())
            .ok_or(SessionError::NoElement(ne))?;
        let credential =
            element.credential.ok_or_else(|| SessionError::NoCredentials(element.name.clone()))?;
        let patience =
            schedule.unwrap_or_else(|| Schedule::default_for(netwarden_model::element::Method::Forwarding));
        let wanted = OpenedWith {
            address: element.address,
            credential,
            allow_v2c: element.allow_v2c,
            timeout: patience.timeout,
            retries: patience.retries,
        };
        if let Some((with, session)) = self.kept().get(&ne)
            && *with == wanted
        {
            return Ok(session.clone());
        }
        let credentials = self.credentials(&element.name, credential).await?;
        if !element.allow_v2c && !credentials.is_protected() {
            return Err(SessionError::Unprotected(element.name, credentials.kind()));
        }
        let options = SessionOptions {
            timeout: wanted.timeout,
            retries: u32::from(wanted.retries),
            ..SessionOptions::default()
        };
        let session = self.engine.session(element.address, &credentials, options)?;
        self.kept().insert(ne, (wanted, session.clone()));
        Ok(session)
    }

    /// Who may send notifications: the sender of a trap is the authoritative engine (RFC 3414 section 3),
    /// so its keys are those that it is polled with.
    pub async fn trap_principals(&self) -> Result<TrapPrincipals, SessionError> {
        let mut principals = TrapPrincipals::default();
        let failed = |error| SessionError::Vault("the vault".to_owned(), error);
        for set in self.vault.credentials().await.map_err(failed)? {
            match self.credentials(&set.name, set.id).await? {
                Credentials::V3 { user, auth, privacy, .. } => {
                    principals.users.push(TrapUser { name: user, auth, privacy });
                }
                Credentials::V1 { community } | Credentials::V2c { community } => {
                    principals.communities.push((set.name, community));
                }
            }
        }
        Ok(principals)
    }

    /// Forgets the session with an element: its credentials were changed, or it is gone.
    pub fn forget(&self, ne: NeId) {
        self.kept().remove(&ne);
    }

    async fn credentials(&self, name: &str, id: CredentialId) -> Result<Credentials, SessionError> {
        let secret = self
            .vault
            .credential_secret(id)
            .await
            .map_err(|error| SessionError::Vault(name.to_owned(), error))?;
        serde_json::from_slice(&secret).map_err(|error| SessionError::Unreadable(name.to_owned(), error))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<NeId, (OpenedWith, SnmpSession)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
