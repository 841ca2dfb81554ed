//! From definition and secret to what performers send with.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_actions::notify::digest::FloodLimit;
use netwarden_actions::notify::mail::{self, Frame, Mail, MailServer};
use netwarden_actions::notify::syslog::{self, SyslogMessage, SyslogServer};
use netwarden_actions::notify::webhook::{self, Webhook};
use netwarden_actions::notify::{Channels, Delivery, Secret, Trust, command};
use netwarden_model::{RequestId, Severity};
use netwarden_store::Store;
use netwarden_vault::{Vault, Zeroizing};

use super::definition::{ChannelDefinition, MailChannel, MailSecurity, SyslogChannel, SyslogTransport};
use super::sql::{self, StoredChannel};
use crate::error::OperateError;
use crate::said::Said;

/// Time for one step of a conversation.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Octets kept of a command's output.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// What the configuration file says of the way to the outside, and the lock of its changes.
#[derive(Debug, Default)]
pub struct Outside {
    /// Our name in messages.
    pub host_name: String,
    /// The only folder whose programs may be commands; None for no commands at all.
    pub command_folder: Option<PathBuf>,
    /// Held from a change of channels until it counts, so that the last one counts last.
    pub(super) changing: tokio::sync::Mutex<()>,
}

impl Outside {
    /// As the configuration file says.
    pub fn new(host_name: String, command_folder: Option<PathBuf>) -> Self {
        Self { host_name, command_folder, changing: tokio::sync::Mutex::default() }
    }

    /// A channel ready to send. Its secret is wiped when it is dropped.
    pub(super) fn open(
        &self,
        channel: &StoredChannel,
        secret: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Opened, OperateError> {
        let secret = || {
            let secret = secret.as_ref().map(|secret| Secret::new(secret.as_slice()));
            secret.ok_or_else(|| OperateError::Failed(format!("channel '{}' lacks its secret", channel.name)))
        };
        Ok(match &channel.definition {
            ChannelDefinition::Mail(mail) => {
                let credentials = match &mail.user {
                    Some(user) => Some((user.clone(), secret()?)),
                    None => None,
                };
                let server = self.mail(mail, credentials);
                mail::check(&server).map_err(|why| OperateError::Invalid(why.into()))?;
                Opened::Mail(Box::new(server))
            }
            ChannelDefinition::Webhook(hook) => Opened::Webhook(Webhook {
                url: hook.url.clone(),
                secret: secret()?,
                trust: trust(hook.ca_pem.as_ref()),
                timeout: TIMEOUT,
                danger_allow_plain: hook.danger_allow_plain,
            }),
            ChannelDefinition::Syslog(server) => {
                let server = self.syslog(server);
                syslog::check(&server).map_err(|why| OperateError::Invalid(why.into()))?;
                Opened::Syslog(server)
            }
            ChannelDefinition::Command(command) => {
                let folder = self
                    .command_folder
                    .clone()
                    .ok_or_else(|| OperateError::Conflict(Said::NoCommandFolder))?;
                let path = folder.join(&command.program);
                command::runnable(&folder, &path).map_err(|why| OperateError::Invalid(why.into()))?;
                Opened::Command(command::Program {
                    path,
                    folder,
                    args: command.args.clone(),
                    environment: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into(),
                    time_limit: Duration::from_secs(command.time_limit_s.into()),
                    output_limit: OUTPUT_LIMIT,
                })
            }
        })
    }

    fn mail(&self, mail: &MailChannel, credentials: Option<(String, Secret)>) -> MailServer {
        let trust = || trust(mail.ca_pem.as_ref());
        let (security, port) = match mail.security {
            MailSecurity::Starttls => (mail::MailSecurity::StartTls(trust()), 587),
            MailSecurity::Tls => (mail::MailSecurity::Implicit(trust()), 465),
            MailSecurity::DangerPlain => (mail::MailSecurity::DangerPlain, 25),
        };
        MailServer {
            host: mail.host.clone(),
            port: mail.port.unwrap_or(port),
            security,
            credentials,
            from: mail.from.clone(),
            recipients: mail.recipients.clone(),
            frame: Frame { subject: mail.subject.clone(), text: mail.text.clone() },
            domain: self.host_name.clone(),
            timeout: TIMEOUT,
            flood: FloodLimit {
                at_once: mail.at_once,
                window: Duration::from_secs(mail.window_s.into()),
                digest_after: Duration::from_secs(mail.digest_after_s.into()),
            },
        }
    }

    fn syslog(&self, server: &SyslogChannel) -> SyslogServer {
        let (transport, port) = match server.transport {
            SyslogTransport::Tls => (syslog::SyslogTransport::Tls(trust(server.ca_pem.as_ref())), 6514),
            SyslogTransport::DangerTcp => (syslog::SyslogTransport::DangerTcp, 514),
            SyslogTransport::DangerUdp => (syslog::SyslogTransport::DangerUdp, 514),
        };
        SyslogServer {
            host: server.host.clone(),
            port: server.port.unwrap_or(port),
            transport,
            hostname: self.host_name.clone(),
            timeout: TIMEOUT,
        }
    }
}

fn trust(ca_pem: Option<&String>) -> Trust {
    ca_pem.map_or(Trust::System, |pem| Trust::Pinned(pem.clone()))
}

/// A channel ready to send.
#[derive(Debug)]
pub(super) enum Opened {
    Mail(Box<MailServer>),
    Webhook(Webhook),
    Syslog(SyslogServer),
    Command(command::Program),
}

impl Opened {
    /// Sends one test message; a command is run with its own arguments alone.
    pub(super) async fn test(
        &self,
        request: RequestId,
        at: Timestamp,
        user: &str,
        to: Vec<String>,
    ) -> Delivery {
        let text =
            format!("This is a test of Netwarden's alarms, asked for by {user}. Nothing has happened.");
        match self {
            Opened::Mail(server) => {
                let mail =
                    Mail { request, at, to, subject: "Test of Netwarden's alarms".to_owned(), body: text };
                mail::send(server, &mail).await
            }
            Opened::Webhook(hook) => {
                let body = serde_json::json!({ "test": true, "at": at.to_string(), "text": text });
                webhook::post(hook, request, at, &body).await
            }
            Opened::Syslog(server) => {
                let message = SyslogMessage { record: request, at, severity: Severity::Info, text: &text };
                syslog::send(server, &message).await
            }
            Opened::Command(program) => command::run(program, &[]).await,
        }
    }
}

/// The stored channels, and a sentence for each that is not protected. One that cannot be opened is told
/// and left out: its reactions fail, and say so.
pub async fn load_channels(
    store: &Store,
    vault: &Vault,
    outside: &Outside,
) -> Result<(Channels, Vec<String>), OperateError> {
    let mut channels = Channels::default();
    let mut exceptions = Vec::new();
    for channel in sql::all(store.read()).await? {
        let secret = vault.named_secret(&sql::secret_name(&channel.name)).await?;
        exceptions.extend(channel.definition.exception(&channel.name));
        let name = channel.name.clone();
        match outside.open(&channel, secret) {
            Ok(Opened::Mail(server)) => channels.mail = Some(*server),
            Ok(Opened::Webhook(hook)) => drop(channels.webhooks.insert(name, hook)),
            Ok(Opened::Syslog(server)) => drop(channels.syslog.insert(name, server)),
            Ok(Opened::Command(program)) => drop(channels.commands.insert(name, program)),
            Err(error) => tracing::error!(channel = name, %error, "a channel cannot be used"),
        }
    }
    Ok((channels, exceptions))
}
