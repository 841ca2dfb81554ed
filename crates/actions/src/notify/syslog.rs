//! Syslog: RFC 5424 messages over TLS (RFC 5425). At least once: the record id in the structured
//! data lets the receiver drop repeats.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netwarden_model::{RequestId, Severity};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

use super::{Delivery, Trust, chain};

/// SD-ID of our structured data. 32473 is the enterprise number of RFC 5612, until there is one.
pub const SD_ID: &str = "netwarden@32473";
/// Facility `log audit` (13).
const FACILITY: u8 = 13;
/// Longest message that a receiver should take (RFC 5425 section 4.3.1).
const LIMIT: usize = 8192;

/// How messages travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogTransport {
    /// TLS (RFC 5425).
    Tls(Trust),
    /// TCP in clear (RFC 6587, octet counting): only by an explicit, audited exception.
    DangerTcp,
    /// UDP (RFC 5426): only by an explicit, audited exception.
    DangerUdp,
}

/// A syslog server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogServer {
    /// Host name or address; the name that the certificate must show.
    pub host: String,
    /// Port; 6514 is TLS's own.
    pub port: u16,
    /// TLS, or an exception.
    pub transport: SyslogTransport,
    /// HOSTNAME of our messages.
    pub hostname: String,
    /// For connecting and sending together.
    pub timeout: Duration,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogMessage<'a> {
    /// The stable id of the record: the same whenever it is sent again.
    pub record: RequestId,
    /// When it happened.
    pub at: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// MSG.
    pub text: &'a str,
}

/// Severities of RFC 5424 section 6.2.1.
const fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 2,
        Severity::Major => 3,
        Severity::Minor | Severity::Warning => 4,
        Severity::Info => 6,
    }
}

/// A message as RFC 5424 section 6 writes it, in 8192 octets at most. Control characters of the
/// text become blanks, so that one message cannot look like two.
pub fn format(server: &SyslogServer, message: &SyslogMessage<'_>) -> String {
    let priority = FACILITY * 8 + level(message.severity);
    // Years have four digits (RFC 5424 section 6.2.3); a clock before 1970 is wrong.
    let at = message.at.max(Timestamp::UNIX_EPOCH);
    let time = at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
    let hostname: String = server.hostname.chars().filter(char::is_ascii_graphic).take(255).collect();
    let hostname = if hostname.is_empty() { "-" } else { &hostname };
    let text: String = message.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut line = format!(
        "<{priority}>1 {time} {hostname} netwarden - event [{SD_ID} record=\"{}\"] \u{feff}{text}",
        message.record
    );
    let mut end = line.len().min(LIMIT);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line
}

/// What can be known to be wrong with a server before anything is sent.
pub fn check(server: &SyslogServer) -> Result<(), String> {
    match &server.transport {
        SyslogTransport::Tls(trust) => client_config(trust).map(drop),
        SyslogTransport::DangerTcp | SyslogTransport::DangerUdp => Ok(()),
    }
}

/// Sends one message. Whatever fails may be tried again: the receiver knows the record's id.
pub async fn send(server: &SyslogServer, message: &SyslogMessage<'_>) -> Delivery {
    let place = format!("syslog server {}:{}", server.host, server.port);
    let line = format(server, message);
    match tokio::time::timeout(server.timeout, deliver(server, &line)).await {
        Ok(Ok(())) => Delivery::Done(format!("sent to {place}")),
        Ok(Err(why)) => Delivery::NotSent(format!("{place}: {why}")),
        Err(_) => Delivery::NotSent(format!("{place} did not take it within {:?}", server.timeout)),
    }
}

async fn deliver(server: &SyslogServer, line: &str) -> Result<(), String> {
    let to = (server.host.as_str(), server.port);
    let io = |error: std::io::Error| chain(&error);
    match &server.transport {
        SyslogTransport::DangerUdp => {
            let socket = UdpSocket::bind(("0.0.0.0", 0)).await.map_err(io)?;
            socket.connect(to).await.map_err(io)?;
            socket.send(line.as_bytes()).await.map_err(io)?;
            Ok(())
        }
        SyslogTransport::DangerTcp => {
            let stream = TcpStream::connect(to).await.map_err(io)?;
            write(stream, line).await
        }
        SyslogTransport::Tls(trust) => {
            let config = client_config(trust)?;
            let name = ServerName::try_from(server.host.clone())
                .map_err(|_| "its name can stand in no certificate".to_owned())?;
            let stream = TcpStream::connect(to).await.map_err(io)?;
            let stream = TlsConnector::from(config).connect(name, stream).await.map_err(io)?;
            write(stream, line).await
        }
    }
}

/// MSG-LEN SP SYSLOG-MSG (RFC 5425 section 4.3), then an orderly end: the receiver's own end tells
/// that it was not cut off before.
async fn write<S: tokio::io::AsyncRead + AsyncWriteExt + Unpin>(
    mut stream: S,
    line: &str,
) -> Result<(), String> {
    let framed = format!("{} {line}", line.len());
    let io = |error: std::io::Error| chain(&error);
    stream.write_all(framed.as_bytes()).await.map_err(io)?;
    stream.flush().await.map_err(io)?;
    stream.shutdown().await.map_err(io)?;
    let mut rest = [0_u8; 64];
    // Servers that keep the connection open have taken it as well; a reset is an error.
    match tokio::time::timeout(Duration::from_millis(500), stream.read(&mut rest)).await {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionReset => Err(chain(&error)),
        _ => Ok(()),
    }
}

fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| chain(&error))?;
    let config = match trust {
        Trust::Pinned(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate =
                    certificate.map_err(|error| format!("the pinned certificate cannot be read: {error}"))?;
                roots
                    .add(certificate)
                    .map_err(|error| format!("the pinned certificate cannot be used: {error}"))?;
            }
            if roots.is_empty() {
                return Err("there is no certificate in what is pinned".to_owned());
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        Trust::System => {
            let verifier =
                rustls_platform_verifier::Verifier::new(provider).map_err(|error| chain(&error))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
    };
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> SyslogServer {
        SyslogServer {
            host: "127.0.0.1".into(),
            port: 6514,
            transport: SyslogTransport::DangerUdp,
            hostname: "nw.example.org".into(),
            timeout: Duration::from_secs(5),
        }
    }

    fn message(text: &str) -> SyslogMessage<'_> {
        SyslogMessage {
            record: RequestId(uuid::Uuid::from_u128(1)),
            at: "2026-03-01T12:00:00.123456Z".parse().unwrap(),
            severity: Severity::Major,
            text,
        }
    }

    #[test]
    fn the_line_is_as_rfc_5424_writes_it() {
        assert_eq!(
            format(&server(), &message("port shut")),
            "<107>1 2026-03-01T12:00:00.123456Z nw.example.org netwarden - event \
             [netwarden@32473 record=\"00000000-0000-0000-0000-000000000001\"] \u{feff}port shut"
        );
    }

    #[test]
    fn a_wrong_clock_keeps_the_form() {
        let early = SyslogMessage { at: Timestamp::MIN, ..message("x") };
        assert!(format(&server(), &early).starts_with("<107>1 1970-01-01T00:00:00.000000Z nw.example.org "));
        let late = SyslogMessage { at: Timestamp::MAX, ..message("x") };
        assert!(format(&server(), &late).starts_with("<107>1 9999-12-30T22:00:00.999999Z nw.example.org "));
    }

    #[test]
    fn a_hostile_text_stays_one_message_of_bounded_length() {
        let line = format(&server(), &message("a\n<107>1 - forged\u{0}"));
        assert!(!line.contains('\n') && !line.contains('\u{0}'));
        let long = "ü".repeat(10_000);
        assert!(format(&server(), &message(&long)).len() <= LIMIT);
    }
}
