//! Keys, secrets, certificates.
//!
//! Two layers: a root key, derived from components that are never kept together (a key file outside
//! the data folder, a row of the database, optionally a credential from systemd), wraps working keys;
//! working keys seal secrets. A backup of the database alone opens nothing, nor does the key file.
//!
//! Beside the flow: reach asks for credentials of network elements, audit for its signing key, the
//! server for its certificate. The vault does not know what is inside a secret, never lists, logs or
//! answers one except to who asks for it by id, and wipes keys from memory when it is done with them.

mod components;
mod credentials;
mod error;
mod files;
mod keyring;
mod named;
mod owners;
mod rotate;
mod sealed;
mod signing;
mod sql;
mod tls;
mod vault;

pub use components::systemd_credential;
pub use credentials::CredentialEntry;
pub use error::VaultError;
pub use keyring::KeyOwner;
pub use owners::{FreshKey, HeldKeys};
pub use rotate::{Place, Resealed};
pub use sealed::Sealed;
pub use signing::{SigningKey, verify};
pub use sql::MIGRATIONS;
pub use tls::{ServerCertificate, server_certificate};
pub use vault::{Vault, VaultConfig};
pub use zeroize::Zeroizing;
