//! DNS without sockets: questions and answers of reverse look-ups, and the machine of zone transfers.

pub mod reverse;
pub mod zone;

use hickory_proto::op::Message;
use hickory_proto::rr::Name;

/// Why an answer of a DNS server is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// It is no message, or not one that was asked for.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    /// The server refuses or fails.
    #[error("the server answers {0}")]
    Refused(String),
    /// The records are not in the order of a zone transfer.
    #[error("the zone transfer is broken: {0}")]
    Broken(&'static str),
    /// A name that is none.
    #[error("'{0}' is no domain name")]
    NoName(String),
}

/// A domain name as people write it, absolute.
///
/// # Errors
/// Where it is none.
pub fn domain(text: &str) -> Result<Name, DnsError> {
    let no_name = || DnsError::NoName(text.chars().take(64).collect());
    // Any printable character: names of classless delegations (RFC 2317) hold slashes.
    let labels = text.trim().trim_end_matches('.').split('.');
    if labels.clone().any(|label| label.is_empty() || !label.bytes().all(|octet| octet.is_ascii_graphic())) {
        return Err(no_name());
    }
    let mut name = Name::from_labels(labels.map(str::as_bytes)).map_err(|_| no_name())?;
    name.set_fqdn(true);
    Ok(name)
}

/// A name of DNS as the inventory keeps it; None where it holds what is not shown.
fn shown(name: &Name) -> Option<String> {
    // Letters beyond ASCII are shown as such only where they are a valid IDN; escapes stay escapes.
    let text = name.to_ascii();
    crate::name::written(&text).ok().flatten().map(|written| written.full().to_lowercase())
}

/// Decodes an answer and holds it against the question's id.
fn message(octets: &[u8], id: u16) -> Result<Message, DnsError> {
    let message = Message::from_vec(octets).map_err(|error| DnsError::Unreadable(error.to_string()))?;
    if message.metadata.message_type != hickory_proto::op::MessageType::Response {
        return Err(DnsError::Unreadable("it is no response".to_owned()));
    }
    if message.metadata.id != id {
        return Err(DnsError::Unreadable("it has another id than the question".to_owned()));
    }
    Ok(message)
}
