//! `netwarden channels …`: where alarms go and commands run. Secrets go in and never come out.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use netwarden_api::channel::{
    Channel, ChannelChange, ChannelTest, ChannelTested, Command, Definition, Mail, NewChannel, Syslog,
    Webhook,
};
use netwarden_api::client::{Method, segment};
use serde_json::Value;

use super::ask::{ReasonArgument, secret};
use super::fault::{Fault, failed};
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::Session;
use crate::output::Cell;

/// Verbs of channels.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists channels; never their secrets.
    List(Paging),
    /// Shows a channel.
    Show {
        /// Name.
        channel: String,
    },
    /// Defines a channel. Its secret is asked for without echo, or read from NETWARDEN_CHANNEL_SECRET, or
    /// from standard input with --secret-stdin.
    #[command(subcommand)]
    Add(Kind),
    /// Defines a channel anew, all of it; its secret stays unless --new-secret is given.
    #[command(subcommand)]
    Edit(Kind),
    /// Removes a channel that no enabled rule uses.
    Remove {
        /// Name.
        channel: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Sends a test message, or runs the command, and tells how that went.
    Test {
        /// Name.
        channel: String,
        /// Mail: to this address instead of the channel's recipients.
        #[arg(long)]
        to: Vec<String>,
    },
}

/// What a channel is.
#[derive(Debug, Subcommand)]
pub enum Kind {
    /// The mail server.
    Mail(MailArguments),
    /// A webhook, signed.
    Webhook(WebhookArguments),
    /// A syslog server.
    Syslog(SyslogArguments),
    /// A program of the folder that the configuration file names; the Administrator's alone.
    Command(CommandArguments),
}

/// What all kinds have.
#[derive(Debug, Args)]
pub struct Common {
    /// The channel's name.
    name: String,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Where a secret comes from.
#[derive(Debug, Args)]
pub struct SecretArguments {
    /// Read the secret from standard input, one line.
    #[arg(long)]
    secret_stdin: bool,
    /// edit: give a new secret.
    #[arg(long)]
    new_secret: bool,
}

/// A mail server.
#[derive(Debug, Args)]
pub struct MailArguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    secret: SecretArguments,
    /// Host name or address; the name that the certificate must show.
    #[arg(long)]
    host: String,
    /// TCP port; 587 with starttls, 465 with tls.
    #[arg(long)]
    port: Option<u16>,
    /// starttls, tls, or danger-plain for an exception that is recorded at each start.
    #[arg(long, default_value = "starttls")]
    security: String,
    /// User name of SMTP AUTH; its password is the channel's secret.
    #[arg(long)]
    user: Option<String>,
    /// Sender.
    #[arg(long)]
    from: String,
    /// Who gets mail of rules that name no address; may be repeated.
    #[arg(long)]
    recipient: Vec<String>,
    /// Template of the subject line.
    #[arg(long, default_value = "{subject}")]
    subject: String,
    /// Template of the text.
    #[arg(long, default_value = "{text}")]
    text: String,
    /// Mails that go at once within the window; what comes above that goes as a digest.
    #[arg(long, default_value_t = 5)]
    at_once: u32,
    /// The window, in seconds.
    #[arg(long, default_value_t = 600)]
    window_s: u32,
    /// How long the first mail of a digest waits, in seconds.
    #[arg(long, default_value_t = 300)]
    digest_after_s: u32,
    /// File of the certificates of which one must have signed the server's (PEM).
    #[arg(long)]
    ca: Option<PathBuf>,
}

/// A webhook.
#[derive(Debug, Args)]
pub struct WebhookArguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    secret: SecretArguments,
    /// Where to; https.
    #[arg(long)]
    url: String,
    /// Allow http: an exception that is recorded at each start.
    #[arg(long)]
    danger_allow_plain: bool,
    /// File of the certificates of which one must have signed the server's (PEM).
    #[arg(long)]
    ca: Option<PathBuf>,
}

/// A syslog server.
#[derive(Debug, Args)]
pub struct SyslogArguments {
    #[command(flatten)]
    common: Common,
    /// Host name or address; the name that the certificate must show.
    #[arg(long)]
    host: String,
    /// Port; 6514 with TLS, else 514.
    #[arg(long)]
    port: Option<u16>,
    /// tls, or danger-tcp or danger-udp for an exception that is recorded at each start.
    #[arg(long, default_value = "tls")]
    transport: String,
    /// File of the certificates of which one must have signed the server's (PEM).
    #[arg(long)]
    ca: Option<PathBuf>,
}

/// A command.
#[derive(Debug, Args)]
pub struct CommandArguments {
    #[command(flatten)]
    common: Common,
    /// File name of the program.
    #[arg(long)]
    program: String,
    /// An argument before those of a rule; may be repeated.
    #[arg(long, allow_hyphen_values = true)]
    arg: Vec<String>,
    /// Seconds that it may take.
    #[arg(long, default_value_t = 10)]
    time_limit_s: u32,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let client = &session.client;
    match verb {
        Verb::List(paging) => list::<Channel>(session, "/channels", Filters::default(), &paging).await,
        Verb::Show { channel } => show::<Channel>(&session.out, client.get(&path(&channel), &[]).await?),
        Verb::Add(kind) => {
            let (common, definition, secret) = collect(kind, true)?;
            let body = NewChannel { name: common.name, reason: common.reason.get()?, definition, secret };
            show::<Channel>(&session.out, client.post("/channels", &body).await?)
        }
        Verb::Edit(kind) => {
            let (common, definition, secret) = collect(kind, false)?;
            let body = ChannelChange { reason: common.reason.get()?, definition, secret };
            show::<Channel>(&session.out, client.put(&path(&common.name), &body).await?)
        }
        Verb::Remove { channel, reason } => {
            let query = [("reason", reason.get()?)];
            let request = client.request(Method::DELETE, &path(&channel)).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        Verb::Test { channel, to } => {
            let told: Value = client.post(&format!("{}/test", path(&channel)), &ChannelTest { to }).await?;
            answer(&session.out, &told)?;
            let told: ChannelTested =
                serde_json::from_value(told).context("the server answered something unknown")?;
            if told.delivered {
                Ok(())
            } else {
                Err(failed(format!("the test did not arrive: {}", told.outcome)))
            }
        }
    }
}

fn path(name: &str) -> String {
    format!("/channels/{}", segment(name))
}

fn collect(kind: Kind, new: bool) -> Result<(Common, Definition, Option<String>), Fault> {
    let ca = |file: Option<PathBuf>| {
        let read = |file: PathBuf| {
            std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
        };
        file.map(read).transpose()
    };
    let given = |prompt: &str, from: &SecretArguments, needed: bool| {
        let wanted = if new { needed } else { from.new_secret };
        wanted
            .then(|| {
                secret(prompt, "NETWARDEN_CHANNEL_SECRET", from.secret_stdin).map(|text| text.to_string())
            })
            .transpose()
    };
    Ok(match kind {
        Kind::Mail(mail) => {
            let secret = given("Password", &mail.secret, mail.user.is_some())?;
            let definition = Mail {
                host: mail.host,
                port: mail.port,
                security: mail.security,
                user: mail.user,
                from: mail.from,
                recipients: mail.recipient,
                subject: mail.subject,
                text: mail.text,
                at_once: mail.at_once,
                window_s: mail.window_s,
                digest_after_s: mail.digest_after_s,
                ca_pem: ca(mail.ca)?,
            };
            (mail.common, Definition::Mail(definition), secret)
        }
        Kind::Webhook(hook) => {
            let secret = given("Key of the signature", &hook.secret, true)?;
            let definition =
                Webhook { url: hook.url, danger_allow_plain: hook.danger_allow_plain, ca_pem: ca(hook.ca)? };
            (hook.common, Definition::Webhook(definition), secret)
        }
        Kind::Syslog(server) => {
            let definition = Syslog {
                host: server.host,
                port: server.port,
                transport: server.transport,
                ca_pem: ca(server.ca)?,
            };
            (server.common, Definition::Syslog(definition), None)
        }
        Kind::Command(command) => {
            let definition =
                Command { program: command.program, args: command.arg, time_limit_s: command.time_limit_s };
            (command.common, Definition::Command(definition), None)
        }
    })
}

impl Tabular for Channel {
    const COLUMNS: &'static [&'static str] = &["name", "kind", "to", "exception", "secret", "changed_at"];
    const BRIEF: usize = 4;

    fn cells(&self) -> Vec<Cell> {
        let (kind, to) = match &self.definition {
            Definition::Mail(mail) => ("mail", mail.host.clone()),
            Definition::Webhook(hook) => ("webhook", hook.url.clone()),
            Definition::Syslog(server) => ("syslog", format!("{} ({})", server.host, server.transport)),
            Definition::Command(command) => ("command", command.program.clone()),
        };
        let exception = self.exception.as_ref().map_or(Cell::Unknown, Cell::from);
        vec![
            Cell::from(&self.name),
            kind.into(),
            to.into(),
            exception,
            self.has_secret.into(),
            self.changed_at.into(),
        ]
    }
}
