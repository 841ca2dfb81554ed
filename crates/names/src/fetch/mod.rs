//! The shells that speak to servers. Each does one run and answers with what it brought; when, and what
//! is done with it, others decide.

pub mod dns;
pub mod infoblox;
pub mod ldap;
mod trust;

use crate::dns::DnsError;
use crate::source::SourceError;

/// Why a source brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The source is not fit for use.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its secret cannot be used.
    #[error("the source's secret cannot be used: {0}")]
    Secret(&'static str),
    /// No connection, or it broke.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Server.
        server: String,
        /// Why.
        reason: String,
    },
    /// It took too long.
    #[error("{server} did not answer in {seconds} s")]
    Silent {
        /// Server.
        server: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It answers what cannot be used.
    #[error("{server}: {reason}")]
    Answer {
        /// Server.
        server: String,
        /// Why.
        reason: String,
    },
    /// The authorities of the source's certificate.
    #[error("the certificates of the authorities cannot be used: {0}")]
    Authorities(String),
}

impl FetchError {
    fn dns(server: impl ToString, error: &DnsError) -> Self {
        Self::Answer { server: server.to_string(), reason: error.to_string() }
    }
}

/// An error and what lies beneath it, once each.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text.chars().take(500).collect()
}
