//! Channels to the outside: mail, webhooks, syslog, commands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A channel; its secret is never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Name, by which rules call it.
    pub name: String,
    /// What it is.
    pub definition: Definition,
    /// True where it has a secret.
    pub has_secret: bool,
    /// What of it is not protected, in a sentence.
    pub exception: Option<String>,
    /// When it was last defined.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

/// A channel's definition, by its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Definition {
    /// The mail server; there is one at most. Its secret is the password of `user`.
    Mail(Mail),
    /// A webhook. Its secret is the key of the signature (HMAC-SHA256).
    Webhook(Webhook),
    /// A syslog server (RFC 5424).
    Syslog(Syslog),
    /// A program of the folder that the configuration file names. Only an administrator defines one.
    Command(Command),
}

/// The mail server, and how alarms look there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Host name or address; the name that the certificate must show.
    pub host: String,
    /// TCP port; the usual one of `security` where absent (587, 465, 25).
    pub port: Option<u16>,
    /// `starttls` (default), `tls`, or `danger-plain` for an exception that is recorded at each start.
    #[serde(default = "starttls")]
    pub security: String,
    /// User name of SMTP AUTH.
    pub user: Option<String>,
    /// Sender.
    pub from: String,
    /// Who gets mail of rules that name no address.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Template of the subject line, with `{subject}`.
    #[serde(default = "subject")]
    pub subject: String,
    /// Template of the text, with `{text}`.
    #[serde(default = "text")]
    pub text: String,
    /// Mails that go at once within the window (1 to 1000); what comes above that goes as a digest.
    #[serde(default = "at_once")]
    pub at_once: u32,
    /// The window, in seconds.
    #[serde(default = "window")]
    pub window_s: u32,
    /// How long the first mail of a digest waits, in seconds.
    #[serde(default = "digest_after")]
    pub digest_after_s: u32,
    /// Certificates of which one must have signed the server's, PEM; the system's authorities where absent.
    pub ca_pem: Option<String>,
}

fn starttls() -> String {
    "starttls".to_owned()
}

fn subject() -> String {
    "{subject}".to_owned()
}

fn text() -> String {
    "{text}".to_owned()
}

const fn at_once() -> u32 {
    5
}

const fn window() -> u32 {
    600
}

const fn digest_after() -> u32 {
    300
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to; https.
    pub url: String,
    /// http is allowed: an exception that is recorded at each start.
    #[serde(default)]
    pub danger_allow_plain: bool,
    /// Certificates of which one must have signed the server's, PEM; the system's authorities where absent.
    pub ca_pem: Option<String>,
}

/// A syslog server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// Host name or address; the name that the certificate must show.
    pub host: String,
    /// Port; the usual one where absent (6514 with TLS, else 514).
    pub port: Option<u16>,
    /// `tls` (default), or `danger-tcp` or `danger-udp` for an exception that is recorded at each start.
    #[serde(default = "tls")]
    pub transport: String,
    /// Certificates of which one must have signed the server's, PEM; the system's authorities where absent.
    pub ca_pem: Option<String>,
}

fn tls() -> String {
    "tls".to_owned()
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// File name of the program.
    pub program: String,
    /// Arguments before those of a rule, each passed as one; no shell reads them.
    #[serde(default)]
    pub args: Vec<String>,
    /// Seconds that it may take (1 to 3600).
    #[serde(default = "time_limit")]
    pub time_limit_s: u32,
}

const fn time_limit() -> u32 {
    10
}

/// A new channel.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// Name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Why, for the record.
    #[serde(default)]
    pub reason: String,
    /// What it is.
    pub definition: Definition,
    /// Its secret, where its kind has one.
    pub secret: Option<String>,
}

/// A channel defined anew; its kind stays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelChange {
    /// Why, for the record.
    #[serde(default)]
    pub reason: String,
    /// What it is from now on.
    pub definition: Definition,
    /// A new secret; the present one is kept where absent, unless the channel goes elsewhere now.
    pub secret: Option<String>,
}

/// A test message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelTest {
    /// Mail: to whom, instead of the channel's recipients.
    #[serde(default)]
    pub to: Vec<String>,
}

/// What a test told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelTested {
    /// True where the other side took the message, or the command ended well.
    pub delivered: bool,
    /// What came back, or why not.
    pub outcome: String,
}

impl std::fmt::Debug for NewChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewChannel").field("name", &self.name).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ChannelChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelChange").field("reason", &self.reason).finish_non_exhaustive()
    }
}
