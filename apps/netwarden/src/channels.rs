//! The channels to the outside as the configuration file names them: mail, webhooks, syslog, commands.
//!
//! Secrets stand in files of their own, which only their owner may read, never in the configuration.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use netwarden_actions::notify::command::Program;
use netwarden_actions::notify::digest::FloodLimit;
use netwarden_actions::notify::mail::{MailSecurity, MailServer};
use netwarden_actions::notify::syslog::{SyslogServer, SyslogTransport};
use netwarden_actions::notify::webhook::Webhook;
use netwarden_actions::notify::{Channels, Secret, Trust};
use serde::Deserialize;

/// Time for one step of a conversation.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Octets kept of a command's output.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// The tables of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelTables {
    mail: Option<MailTable>,
    webhooks: BTreeMap<String, WebhookTable>,
    syslog: BTreeMap<String, SyslogTable>,
    commands: BTreeMap<String, CommandTable>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MailTable {
    host: String,
    port: Option<u16>,
    #[serde(default)]
    security: Security,
    user: Option<String>,
    password_file: Option<PathBuf>,
    from: String,
    ca_file: Option<PathBuf>,
}

/// How a connection is protected; what is plain says so in its name, and is recorded at each start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Security {
    #[default]
    Starttls,
    Tls,
    DangerPlain,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookTable {
    url: String,
    secret_file: PathBuf,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    danger_allow_plain: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SyslogTable {
    host: String,
    port: Option<u16>,
    #[serde(default)]
    transport: Transport,
    ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Transport {
    #[default]
    Tls,
    DangerTcp,
    DangerUdp,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandTable {
    path: PathBuf,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default = "ten")]
    time_limit_s: u64,
}

const fn ten() -> u64 {
    10
}

impl ChannelTables {
    /// The channels, and a sentence for each that is not protected.
    pub fn open(&self, folder: &Path, host_name: &str) -> anyhow::Result<(Channels, Vec<String>)> {
        let mut channels = Channels::default();
        let mut plain = Vec::new();
        if let Some(table) = &self.mail {
            channels.mail = Some(table.open(folder, host_name).context("[channels.mail]")?);
            if table.security == Security::DangerPlain {
                plain.push(format!("mail to {} goes in clear", table.host));
            }
        }
        for (name, table) in &self.webhooks {
            let webhook = Webhook {
                url: table.url.clone(),
                secret: secret(folder, &table.secret_file)?,
                trust: trust(folder, table.ca_file.as_deref())?,
                timeout: TIMEOUT,
                danger_allow_plain: table.danger_allow_plain,
            };
            if table.danger_allow_plain {
                plain.push(format!("webhook '{name}' may go in clear"));
            }
            channels.webhooks.insert(name.clone(), webhook);
        }
        for (name, table) in &self.syslog {
            let (transport, port) = match table.transport {
                Transport::Tls => (SyslogTransport::Tls(trust(folder, table.ca_file.as_deref())?), 6514),
                Transport::DangerTcp => (SyslogTransport::DangerTcp, 514),
                Transport::DangerUdp => (SyslogTransport::DangerUdp, 514),
            };
            if table.transport != Transport::Tls {
                plain.push(format!("syslog server '{name}' is spoken to in clear"));
            }
            let server = SyslogServer {
                host: table.host.clone(),
                port: table.port.unwrap_or(port),
                transport,
                hostname: host_name.to_owned(),
                timeout: TIMEOUT,
            };
            channels.syslog.insert(name.clone(), server);
        }
        for (name, table) in &self.commands {
            if !table.path.is_absolute() {
                bail!("[channels.commands.{name}] path {} is not absolute", table.path.display());
            }
            let program = Program {
                path: table.path.clone(),
                args: table.args.clone(),
                environment: table.environment.clone(),
                time_limit: Duration::from_secs(table.time_limit_s.clamp(1, 3600)),
                output_limit: OUTPUT_LIMIT,
            };
            channels.commands.insert(name.clone(), program);
        }
        Ok((channels, plain))
    }
}

impl MailTable {
    fn open(&self, folder: &Path, host_name: &str) -> anyhow::Result<MailServer> {
        let credentials = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Some((user.clone(), secret(folder, file)?)),
            (None, None) => None,
            _ => bail!("user and password_file go together"),
        };
        if self.security == Security::DangerPlain && credentials.is_some() {
            bail!("a password is not sent in clear: take starttls or tls");
        }
        let trust = || trust(folder, self.ca_file.as_deref());
        let (security, port) = match self.security {
            Security::Starttls => (MailSecurity::StartTls(trust()?), 587),
            Security::Tls => (MailSecurity::Implicit(trust()?), 465),
            Security::DangerPlain => (MailSecurity::DangerPlain, 25),
        };
        Ok(MailServer {
            host: self.host.clone(),
            port: self.port.unwrap_or(port),
            security,
            credentials,
            from: self.from.clone(),
            domain: host_name.to_owned(),
            timeout: TIMEOUT,
            flood: FloodLimit::default(),
        })
    }
}

fn trust(folder: &Path, ca_file: Option<&Path>) -> anyhow::Result<Trust> {
    let Some(file) = ca_file else { return Ok(Trust::System) };
    let path = folder.join(file);
    let pem = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Trust::Pinned(pem))
}

/// A secret's file, which nobody but its owner may read; line ends at its end do not count.
fn secret(folder: &Path, file: &Path) -> anyhow::Result<Secret> {
    let path = folder.join(file);
    let metadata = std::fs::metadata(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        bail!("{} may be read by others: chmod 600 it", path.display());
    }
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        bail!("{} is empty", path.display());
    }
    Ok(Secret::new(text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str, folder: &Path) -> anyhow::Result<(Channels, Vec<String>)> {
        toml::from_str::<ChannelTables>(text)?.open(folder, "nw.example")
    }

    fn folder_with(name: &str, mode: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, "hunter2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    #[test]
    fn tls_is_what_is_used_unless_an_exception_is_named() {
        let folder = folder_with("key", 0o600);
        let text = "[mail]\nhost = 'mx'\nfrom = 'nw@example.org'\n\
                    [syslog.default]\nhost = 'log'\n[webhooks.soc]\nurl = 'https://soc/'\nsecret_file = 'key'";
        let (channels, plain) = open(text, folder.path()).unwrap();
        assert!(plain.is_empty());
        assert_eq!(channels.mail.unwrap().port, 587);
        assert_eq!(channels.syslog["default"].port, 6514);
        let (_, plain) =
            open("[syslog.default]\nhost = 'log'\ntransport = 'danger-udp'", folder.path()).unwrap();
        assert_eq!(plain, ["syslog server 'default' is spoken to in clear"]);
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let folder = folder_with("key", 0o644);
        let text = "[webhooks.soc]\nurl = 'https://soc/'\nsecret_file = 'key'";
        let error = open(text, folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("chmod 600"), "{error:#}");
    }

    #[test]
    fn a_password_never_goes_in_clear() {
        let folder = folder_with("key", 0o600);
        let text =
            "[mail]\nhost = 'mx'\nfrom = 'a@b'\nsecurity = 'danger-plain'\nuser = 'u'\npassword_file = 'key'";
        let error = open(text, folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("not sent in clear"), "{error:#}");
    }

    #[test]
    fn commands_are_named_by_their_whole_path() {
        let error = open("[commands.tell]\npath = 'tell.sh'", Path::new("/")).unwrap_err();
        assert!(error.to_string().contains("not absolute"), "{error}");
    }
}
