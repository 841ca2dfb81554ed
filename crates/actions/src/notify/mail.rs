//! Mail by SMTP over TLS (RFC 8314, RFC 3207). The Message-ID derives from the request, so that a
//! receiver sees whether one came twice.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use netwarden_model::RequestId;

use super::digest::FloodLimit;
use super::{Delivery, Secret, Trust, chain};

/// How the way to the mail server is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the first octet (port 465).
    Implicit(Trust),
    /// STARTTLS, and nothing without it (port 587).
    StartTls(Trust),
    /// In clear: only by an explicit, audited exception.
    DangerPlain,
}

/// The mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Host name or address; the name that the certificate must show.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS, or the exception.
    pub security: MailSecurity,
    /// User name and password.
    pub credentials: Option<(String, Secret)>,
    /// Sender.
    pub from: String,
    /// Who gets a mail that names nobody.
    pub recipients: Vec<String>,
    /// What stands around each mail.
    pub frame: Frame,
    /// Right side of Message-IDs.
    pub domain: String,
    /// For each step of the conversation.
    pub timeout: Duration,
    /// Against floods.
    pub flood: FloodLimit,
}

/// What stands around each mail of a server: texts in which `{subject}` and `{text}` are replaced by
/// the mail's own. Nothing that was inserted is read as a placeholder again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Subject line; default `{subject}`.
    pub subject: String,
    /// Text; default `{text}`.
    pub text: String,
}

impl Default for Frame {
    fn default() -> Self {
        Self { subject: "{subject}".to_owned(), text: "{text}".to_owned() }
    }
}

impl Frame {
    fn around(&self, mail: &Mail) -> (String, String) {
        let filled = |frame: &str| {
            let parts = frame.split("{subject}").map(|part| part.replace("{text}", &mail.body));
            parts.collect::<Vec<_>>().join(&mail.subject)
        };
        (filled(&self.subject), filled(&self.text))
    }
}

/// One mail, its text as it is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The request behind it; of a digest: the oldest.
    pub request: RequestId,
    /// Date.
    pub at: Timestamp,
    /// Recipients.
    pub to: Vec<String>,
    /// Subject line; control characters become blanks.
    pub subject: String,
    /// Text.
    pub body: String,
}

/// The Message-ID of a request's mail.
pub fn message_id(request: RequestId, domain: &str) -> String {
    format!("<{request}@{domain}>")
}

/// One mail of several.
pub fn digest(mails: &[Mail]) -> Option<Mail> {
    let first = mails.first()?;
    let mut body = format!("{} messages, held together because so many came at once:\n", mails.len());
    for mail in mails {
        body.push_str(&format!("\n== {} ({})\n{}\n", one_line(&mail.subject), mail.at, mail.body));
    }
    Some(Mail {
        subject: format!("{} messages: {}, ...", mails.len(), one_line(&first.subject)),
        body,
        ..first.clone()
    })
}

/// Header lines end at the first line break: none gets in.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Sends one mail.
pub async fn send(server: &MailServer, mail: &Mail) -> Delivery {
    let message = match message(server, mail) {
        Ok(message) => message,
        Err(why) => return Delivery::Failed(why),
    };
    let transport = match transport(server) {
        Ok(transport) => transport,
        Err(why) => return Delivery::Failed(why),
    };
    let at = format!("mail server {}:{}", server.host, server.port);
    // A conversation without a message: what fails here has certainly sent nothing.
    match transport.test_connection().await {
        Ok(true) => {}
        Ok(false) => return Delivery::NotSent(format!("{at} is not ready")),
        Err(error) => return Delivery::NotSent(format!("{at}: {}", chain(&error))),
    }
    match transport.send(message).await {
        Ok(response) => {
            let said: Vec<&str> = response.message().collect();
            Delivery::Done(format!("accepted by {at}: {}", said.join(" ")))
        }
        // 4yz: the server says that it has not taken it (RFC 5321 section 4.2.1).
        Err(error) if error.is_transient() => Delivery::NotSent(format!("{at}: {}", chain(&error))),
        Err(error) => Delivery::Failed(format!("{at}: {}", chain(&error))),
    }
}

/// What can be known to be wrong with a server before anything is sent.
pub fn check(server: &MailServer) -> Result<(), String> {
    for address in server.recipients.iter().chain([&server.from]) {
        address
            .parse::<Mailbox>()
            .map_err(|error| format!("'{}' is no mail address: {error}", one_line(address)))?;
    }
    transport(server).map(drop)
}

/// The message as it is handed to the server.
///
/// # Errors
/// In words, where an address is none or there is no recipient.
pub fn message(server: &MailServer, mail: &Mail) -> Result<Message, String> {
    let mailbox = |address: &str| {
        address
            .parse::<Mailbox>()
            .map_err(|error| format!("'{}' is no mail address: {error}", one_line(address)))
    };
    // The header's writer knows no time before 1970; a clock that does is wrong.
    let date = SystemTime::from(mail.at.max(Timestamp::UNIX_EPOCH));
    let (subject, text) = server.frame.around(mail);
    let mut builder = Message::builder()
        .from(mailbox(&server.from)?)
        .date(date)
        .message_id(Some(message_id(mail.request, &server.domain)))
        .subject(one_line(&subject))
        .header(ContentType::TEXT_PLAIN);
    let to = if mail.to.is_empty() { &server.recipients } else { &mail.to };
    if to.is_empty() {
        return Err("the mail has no recipient".to_owned());
    }
    for to in to {
        builder = builder.to(mailbox(to)?);
    }
    builder.body(text).map_err(|error| format!("the mail cannot be written: {error}"))
}

fn transport(server: &MailServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match &server.security {
        MailSecurity::DangerPlain => Tls::None,
        MailSecurity::Implicit(trust) => Tls::Wrapper(parameters(server, trust)?),
        MailSecurity::StartTls(trust) => Tls::Required(parameters(server, trust)?),
    };
    // Names no protection by itself: `tls` does.
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .tls(tls)
        .timeout(Some(server.timeout));
    if let Some((user, password)) = &server.credentials {
        let password = String::from_utf8_lossy(password.octets()).into_owned();
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(builder.build())
}

fn parameters(server: &MailServer, trust: &Trust) -> Result<TlsParameters, String> {
    let wrong = |error: lettre::transport::smtp::Error| {
        format!("the certificate authority of mail server {} cannot be used: {}", server.host, chain(&error))
    };
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Trust::Pinned(pem) = trust {
        builder = builder.certificate_store(CertificateStore::None);
        builder = builder.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(wrong)?);
    }
    builder.build_rustls().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str) -> Mail {
        Mail {
            request: RequestId(uuid::Uuid::from_u128(1)),
            at: Timestamp::UNIX_EPOCH,
            to: vec!["soc@example.org".into()],
            subject: subject.into(),
            body: "text".into(),
        }
    }

    fn server() -> MailServer {
        MailServer {
            host: "127.0.0.1".into(),
            port: 25,
            security: MailSecurity::DangerPlain,
            credentials: None,
            from: "Netwarden <netwarden@example.org>".into(),
            recipients: vec![],
            frame: Frame::default(),
            domain: "example.org".into(),
            timeout: Duration::from_secs(5),
            flood: FloodLimit::default(),
        }
    }

    #[test]
    fn a_subject_brings_no_header_of_its_own() {
        let message = message(&server(), &mail("x\r\nBcc: all@example.org\n\n<evil>")).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        assert!(!text.contains("\nBcc:"), "{text}");
        assert!(text.contains("Message-ID: <00000000-0000-0000-0000-000000000001@example.org>"), "{text}");
        assert_eq!(message.envelope().to().len(), 1);
    }

    #[test]
    fn a_clock_before_1970_sends_mail_all_the_same() {
        let early = Mail { at: Timestamp::MIN, ..mail("x") };
        let text = String::from_utf8(message(&server(), &early).unwrap().formatted()).unwrap();
        assert!(text.contains("Date: Thu, 01 Jan 1970 00:00:00"), "{text}");
    }

    #[test]
    fn a_recipient_that_is_none_is_said() {
        let wrong = Mail { to: vec!["nobody".into()], ..mail("x") };
        assert!(message(&server(), &wrong).unwrap_err().contains("'nobody' is no mail address"));
        let none = Mail { to: vec![], ..mail("x") };
        assert!(message(&server(), &none).is_err());
    }

    #[test]
    fn mail_to_nobody_goes_to_the_channel_s_recipients_in_its_frame() {
        let frame =
            Frame { subject: "[nw] {subject}".into(), text: "{subject}:\n{text}\n--\nNetwarden".into() };
        let server = MailServer { recipients: vec!["noc@example.org".into()], frame, ..server() };
        let hostile = Mail { to: vec![], body: "text {subject}".into(), ..mail("{text}") };
        let message = message(&server, &hostile).unwrap();
        assert_eq!(message.envelope().to()[0].to_string(), "noc@example.org");
        let text = String::from_utf8(message.formatted()).unwrap();
        assert!(text.contains("Subject: [nw] {text}\r\n"), "{text}");
        assert!(text.contains("{text}:\r\ntext {subject}\r\n--\r\nNetwarden"), "{text}");
    }

    #[test]
    fn a_digest_holds_all() {
        let all = digest(&[mail("one"), mail("two")]).unwrap();
        assert!(all.body.contains("== one") && all.body.contains("== two"));
        assert_eq!(digest(&[]), None);
    }
}
