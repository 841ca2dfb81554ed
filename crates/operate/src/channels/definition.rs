//! What a channel is, in the words of interfaces and store; pure.

use serde::{Deserialize, Serialize};

use crate::error::OperateError;
use crate::said::Said;

/// Recipients of a mail channel, arguments of a command, at most.
const MOST: usize = 32;
/// Characters of one text, at most.
const LONGEST: usize = 4096;
/// Octets of pinned certificates, at most.
const LONGEST_PEM: usize = 65_536;

/// A channel's definition, by its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelDefinition {
    /// The mail server.
    Mail(MailChannel),
    /// A webhook.
    Webhook(WebhookChannel),
    /// A syslog server.
    Syslog(SyslogChannel),
    /// A program of this server.
    Command(CommandChannel),
}

/// How the way to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailSecurity {
    /// STARTTLS, and nothing without it (RFC 3207).
    Starttls,
    /// TLS from the first octet (RFC 8314).
    Tls,
    /// In clear: an exception, recorded at each start.
    DangerPlain,
}

/// The mail server, and how alarms look there. Its secret is the password of `user`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailChannel {
    /// Host name or address.
    pub host: String,
    /// TCP port; None for the usual one of `security` (587, 465, 25).
    pub port: Option<u16>,
    /// TLS, or the exception.
    pub security: MailSecurity,
    /// User name of SMTP AUTH.
    pub user: Option<String>,
    /// Sender.
    pub from: String,
    /// Who gets mail of rules that name nobody.
    pub recipients: Vec<String>,
    /// Subject line, with `{subject}`.
    pub subject: String,
    /// Text, with `{text}`.
    pub text: String,
    /// Mails that go at once within the window.
    pub at_once: u32,
    /// The window, in seconds.
    pub window_s: u32,
    /// How long what comes above that waits for the digest, in seconds.
    pub digest_after_s: u32,
    /// Certificates of which one must have signed the server's, PEM; None for the system's authorities.
    pub ca_pem: Option<String>,
}

/// A webhook. Its secret is the key of the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookChannel {
    /// Where to.
    pub url: String,
    /// `http` is allowed: an exception, recorded at each start.
    pub danger_allow_plain: bool,
    /// As with mail.
    pub ca_pem: Option<String>,
}

/// How syslog travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyslogTransport {
    /// TLS (RFC 5425).
    Tls,
    /// TCP in clear (RFC 6587): an exception, recorded at each start.
    DangerTcp,
    /// UDP (RFC 5426): an exception, recorded at each start.
    DangerUdp,
}

/// A syslog server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyslogChannel {
    /// Host name or address.
    pub host: String,
    /// Port; None for the usual one (6514 with TLS, else 514).
    pub port: Option<u16>,
    /// TLS, or an exception.
    pub transport: SyslogTransport,
    /// As with mail.
    pub ca_pem: Option<String>,
}

/// A program of the folder that the configuration file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandChannel {
    /// Its file name.
    pub program: String,
    /// Arguments before those of a rule.
    pub args: Vec<String>,
    /// Time that it may take, 1 to 3600 seconds.
    pub time_limit_s: u32,
}

impl ChannelDefinition {
    /// The kind's word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Webhook(_) => "webhook",
            Self::Syslog(_) => "syslog",
            Self::Command(_) => "command",
        }
    }

    /// Where it goes, in short.
    pub fn leads_to(&self) -> String {
        match self {
            Self::Mail(mail) => format!("{} → {}", mail.host, mail.recipients.join(", ")),
            Self::Webhook(hook) => hook.url.clone(),
            Self::Syslog(server) => server.host.clone(),
            Self::Command(command) => {
                let words = std::iter::once(&command.program).chain(&command.args);
                words.map(String::as_str).collect::<Vec<_>>().join(" ")
            }
        }
    }

    pub(super) const fn is_mail(&self) -> bool {
        matches!(self, Self::Mail(_))
    }

    pub(super) const fn is_command(&self) -> bool {
        matches!(self, Self::Command(_))
    }

    /// True where it has a secret, and needs one.
    pub(super) const fn takes_secret(&self) -> bool {
        match self {
            Self::Mail(mail) => mail.user.is_some(),
            Self::Webhook(_) => true,
            Self::Syslog(_) | Self::Command(_) => false,
        }
    }

    /// True where a secret that is there is to be forgotten.
    pub(super) const fn drops_secret(&self) -> bool {
        !self.takes_secret()
    }

    /// To whom the secret is shown, or what protects it on the way: all that must not change under a
    /// secret which the one who changes it does not know.
    pub(super) fn destination(&self) -> String {
        match self {
            Self::Mail(mail) => {
                format!("{:?}", (&mail.host, mail.port, mail.security, &mail.user, &mail.ca_pem))
            }
            Self::Webhook(hook) => format!("{:?}", (&hook.url, hook.danger_allow_plain, &hook.ca_pem)),
            Self::Syslog(_) | Self::Command(_) => String::new(),
        }
    }

    /// What of it is not protected, in a sentence.
    pub fn exception(&self, name: &str) -> Option<String> {
        match self {
            Self::Mail(mail) if mail.security == MailSecurity::DangerPlain => {
                Some(format!("mail to {} goes in clear", mail.host))
            }
            Self::Webhook(hook) if hook.danger_allow_plain => {
                Some(format!("webhook '{name}' may go in clear"))
            }
            Self::Syslog(server) if server.transport != SyslogTransport::Tls => {
                Some(format!("syslog server '{name}' is spoken to in clear"))
            }
            _ => None,
        }
    }

    /// Lengths, ranges and what does not go together.
    pub(super) fn check(&self) -> Result<(), OperateError> {
        let invalid = |why: Said| Err(OperateError::Invalid(why));
        let host = |host: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
            if host.is_empty() || host.len() > 253 || !host.chars().all(fits) {
                return invalid(Said::HostIsName);
            }
            Ok(())
        };
        let pem = |pem: &Option<String>| match pem {
            Some(pem) if pem.len() > LONGEST_PEM || !pem.contains("BEGIN CERTIFICATE") => {
                invalid(Said::NoPem)
            }
            _ => Ok(()),
        };
        match self {
            Self::Mail(mail) => {
                host(&mail.host)?;
                pem(&mail.ca_pem)?;
                if mail.security == MailSecurity::DangerPlain && mail.user.is_some() {
                    return invalid(Said::PasswordInClear);
                }
                let texts = [&mail.subject, &mail.text, &mail.from];
                let texts = texts.into_iter().chain(&mail.user).chain(&mail.recipients);
                if mail.recipients.len() > MOST || texts.into_iter().any(|text| text.len() > LONGEST) {
                    return invalid(Said::MailRange { most: MOST, longest: LONGEST });
                }
                if !mail.text.contains("{text}") {
                    return invalid(Said::NoPlaceholder { placeholder: "{text}".to_owned() });
                }
                let ranges = (1..=1000).contains(&mail.at_once)
                    && (1..=86_400).contains(&mail.window_s)
                    && (1..=86_400).contains(&mail.digest_after_s);
                if !ranges {
                    return invalid(Said::MailTimes);
                }
                Ok(())
            }
            Self::Webhook(hook) => {
                pem(&hook.ca_pem)?;
                let plain = hook.url.starts_with("http://") && hook.danger_allow_plain;
                if hook.url.len() > LONGEST || !(hook.url.starts_with("https://") || plain) {
                    return invalid(Said::WebhookHttps);
                }
                Ok(())
            }
            Self::Syslog(server) => {
                pem(&server.ca_pem)?;
                host(&server.host)
            }
            Self::Command(command) => {
                let name = &command.program;
                if name.is_empty() || name.len() > 255 || name.contains(['/', '\0']) || name.starts_with('.')
                {
                    return invalid(Said::ProgramName);
                }
                if command.args.len() > MOST || command.args.iter().any(|arg| arg.len() > LONGEST) {
                    return invalid(Said::ArgumentRange { most: MOST, longest: LONGEST });
                }
                if !(1..=3600).contains(&command.time_limit_s) {
                    return invalid(Said::TimeLimit);
                }
                Ok(())
            }
        }
    }
}
