//! One-shots that leave the network alone: mail, webhook, syslog, a configured command.
//!
//! Each module sends one thing once and says how that went. Whether and when is the performer's
//! business (`perform`).

pub mod command;
pub mod digest;
pub mod mail;
pub mod syslog;
pub mod webhook;

use std::collections::BTreeMap;

/// How sending went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It is done, with what came back.
    Done(String),
    /// It certainly did not happen, so that it may be tried again.
    NotSent(String),
    /// It was refused, or it failed when it may have happened: it is not repeated.
    Failed(String),
}

/// Whom a TLS peer's certificate must be signed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// One of the operating system's authorities.
    System,
    /// One of these, PEM, and none besides.
    Pinned(String),
}

/// The channels to the outside as they are configured. Secrets come opened from the vault and are
/// wiped when this is dropped.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    /// The mail server.
    pub mail: Option<mail::MailServer>,
    /// Webhooks by name.
    pub webhooks: BTreeMap<String, webhook::Webhook>,
    /// Syslog servers by name.
    pub syslog: BTreeMap<String, syslog::SyslogServer>,
    /// Commands by name.
    pub commands: BTreeMap<String, command::Program>,
}

/// A secret that shows nothing of itself when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(zeroize::Zeroizing<Vec<u8>>);

impl Secret {
    /// From its octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(zeroize::Zeroizing::new(octets.into()))
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let said = deeper.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = deeper.source();
    }
    text
}
