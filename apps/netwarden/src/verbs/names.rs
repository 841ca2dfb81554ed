//! `netwarden names …`: sources of names, exports of DHCP servers, the names of an endpoint.

pub mod agent;

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use netwarden_api::client::{Method, segment};
use netwarden_api::name::{EndpointName, LeasesTaken, NameSource, NameSourceChange, NewNameSource};
use serde_json::Value;

use super::ask::{ReasonArgument, secret};
use super::fault::{Fault, failed};
use super::list::{Filters, Paging, Tabular, answer, list, show, whole};
use super::session::Session;
use crate::output::{Cell, Format};

/// Largest export, in octets.
const LARGEST: u64 = 32 << 20;

/// Verbs of names.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Where names come from.
    #[command(subcommand)]
    Sources(SourceVerb),
    /// The names that an endpoint has and had, with their sources.
    Of {
        /// Its MAC address, in any spelling.
        mac: String,
    },
}

/// Verbs of sources.
#[derive(Debug, Subcommand)]
pub enum SourceVerb {
    /// Lists sources and how their last runs went; never their secrets.
    List(Paging),
    /// Adds a source: reverse_dns, zone, ldap, infoblox; or isc, kea4, kea6, windows, netsh, hanewin, qip,
    /// whose leases the DHCP agent sends or you import.
    Add(AddArguments),
    /// Changes a source; what is not given stays.
    Set(SetArguments),
    /// Removes a source; the names that it gave stay until another gives others.
    Remove {
        /// Its name.
        source: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Asks a source now.
    Run {
        /// Its name.
        source: String,
    },
    /// Takes an export of a DHCP server.
    Import {
        /// The source's name.
        source: String,
        /// The export; `-` for standard input.
        file: PathBuf,
        /// It comes beside what is known, instead of replacing it.
        #[arg(long)]
        beside: bool,
        #[command(flatten)]
        reason: ReasonArgument,
    },
}

/// A new source.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// Its name.
    name: String,
    /// What it is.
    #[arg(long)]
    kind: String,
    /// DNS servers (IP[:PORT], separated by commas), ldaps://HOST or https://HOST.
    #[arg(long, default_value = "")]
    address: String,
    /// Seconds from one run to the next.
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u64>,
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    secret: SecretArguments,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// A change of a source.
#[derive(Debug, Args)]
pub struct SetArguments {
    /// Its name.
    source: String,
    /// Another name.
    #[arg(long)]
    name: Option<String>,
    /// Another address.
    #[arg(long)]
    address: Option<String>,
    /// Seconds from one run to the next.
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u64>,
    /// It is asked, or what it sends is taken.
    #[arg(long)]
    enabled: Option<bool>,
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    secret: SecretArguments,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Settings of a source's kind.
#[derive(Debug, Args)]
pub struct SettingsArguments {
    /// A setting of the kind, for instance zones=example.net,2.0.192.in-addr.arpa, base=o=x, starttls=true,
    /// time_zone=Europe/Berlin; can be given several times. `netwarden names sources set` replaces all.
    #[arg(long = "setting", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Authorities that may have signed the server's certificate, PEM.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// The secret of a source.
#[derive(Debug, Args)]
pub struct SecretArguments {
    /// It has a secret: asked for without echo, or read from NETWARDEN_SOURCE_SECRET.
    #[arg(long)]
    secret: bool,
    /// Read the secret from standard input.
    #[arg(long)]
    secret_stdin: bool,
}

impl SecretArguments {
    fn get(&self) -> Result<Option<String>, Fault> {
        if !self.secret && !self.secret_stdin {
            return Ok(None);
        }
        Ok(Some(secret("Secret of the source", "NETWARDEN_SOURCE_SECRET", self.secret_stdin)?.to_string()))
    }
}

impl SettingsArguments {
    /// As JSON; None where nothing was given.
    fn get(&self) -> Result<Option<Value>, Fault> {
        if self.settings.is_empty() && self.ca.is_none() {
            return Ok(None);
        }
        let mut settings = serde_json::Map::new();
        for setting in &self.settings {
            let Some((name, value)) = setting.split_once('=') else {
                return Err(Fault::Usage(format!("--setting {setting}: no NAME=VALUE")));
            };
            let text = || Value::from(value);
            let value = match name {
                "zones" => value.split(',').map(str::trim).filter(|zone| !zone.is_empty()).collect(),
                "per_second" => value.parse::<u32>().map_or_else(|_| text(), Value::from),
                "starttls" | "danger_allow_plain" => {
                    value.parse::<bool>().map_or_else(|_| text(), Value::from)
                }
                "attributes" => serde_json::from_str(value)
                    .map_err(|error| Fault::Usage(format!("--setting attributes: no JSON: {error}")))?,
                _ => text(),
            };
            settings.insert(name.to_owned(), value);
        }
        if let Some(file) = &self.ca {
            let pem = std::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            settings.insert("ca".to_owned(), pem.into());
        }
        Ok(Some(Value::Object(settings)))
    }
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::Of { mac } => {
            let path = format!("/endpoints/{}/names", segment(&mac));
            whole::<EndpointName>(session, &path, Filters::default()).await
        }
        Verb::Sources(verb) => sources(session, verb).await,
    }
}

async fn sources(session: &Session, verb: SourceVerb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    let at = |name: &str| format!("/names/sources/{}", segment(name));
    match verb {
        SourceVerb::List(paging) => {
            list::<NameSource>(session, "/names/sources", Filters::default(), &paging).await
        }
        SourceVerb::Add(arguments) => {
            let body = NewNameSource {
                reason: arguments.reason.get()?,
                name: arguments.name,
                kind: arguments.kind,
                address: arguments.address,
                interval_s: arguments.interval,
                settings: arguments.settings.get()?.unwrap_or_default(),
                secret: arguments.secret.get()?,
            };
            show::<NameSource>(out, client.post("/names/sources", &body).await?)
        }
        SourceVerb::Set(arguments) => {
            let body = NameSourceChange {
                reason: arguments.reason.get()?,
                name: arguments.name,
                address: arguments.address,
                interval_s: arguments.interval,
                enabled: arguments.enabled,
                settings: arguments.settings.get()?,
                secret: arguments.secret.get()?,
            };
            show::<NameSource>(out, client.patch(&at(&arguments.source), &body).await?)
        }
        SourceVerb::Remove { source, reason } => {
            let query = [("reason", reason.get()?)];
            let sent = client.request(Method::DELETE, &at(&source)).query(&query).send::<Value>().await?;
            answer(out, &sent)
        }
        SourceVerb::Run { source } => {
            let path = format!("{}/run", at(&source));
            answer(out, &client.request(Method::POST, &path).send::<Value>().await?)
        }
        SourceVerb::Import { source, file, beside, reason } => {
            let text = export(&file)?;
            let query = [("replace", (!beside).to_string()), ("reason", reason.get()?)];
            let request = client.request(Method::POST, &format!("{}/import", at(&source))).query(&query);
            let taken: LeasesTaken = request.text("text/plain", text).send().await?;
            if out.format == Format::Json {
                out.json(&taken)?;
            } else {
                let mut text = format!("{} leases, {} of them new or changed\n", taken.leases, taken.changed);
                for dropped in &taken.dropped {
                    text.push_str(&format!("left out: {}\n", crate::output::plain(dropped)));
                }
                out.write(&text)?;
            }
            match taken.dropped.len() {
                0 => Ok(()),
                count => Err(Fault::Bad(format!("{count} rows were left out"))),
            }
        }
    }
}

/// Exports come in whatever encoding the exporting system likes.
fn export(file: &Path) -> Result<String, Fault> {
    let name = file.display();
    let mut octets = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST).read_to_end(&mut octets)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST).read_to_end(&mut octets))
    };
    let count = read.with_context(|| format!("{name} cannot be read"))?;
    if count as u64 >= LARGEST {
        return Err(failed(format!("{name} is larger than 32 MiB")));
    }
    Ok(netwarden_names::format::text_of(&octets))
}

impl Tabular for NameSource {
    const COLUMNS: &'static [&'static str] = &[
        "name",
        "kind",
        "address",
        "enabled",
        "entries",
        "last run",
        "outcome",
        "last good",
        "interval s",
        "dropped",
        "secret",
        "settings",
    ];
    const BRIEF: usize = 7;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            Cell::from(&self.kind),
            Cell::from(&self.address),
            self.enabled.into(),
            self.entries.into(),
            self.ran_at.into(),
            self.outcome.clone().into(),
            self.good_at.into(),
            self.interval_s.into(),
            self.dropped.into(),
            self.has_secret.into(),
            self.settings.to_string().into(),
        ]
    }
}

impl Tabular for EndpointName {
    const COLUMNS: &'static [&'static str] = &["name", "kind", "source", "ip", "since", "until"];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            Cell::from(&self.kind),
            Cell::from(&self.source),
            self.ip.clone().into(),
            self.since.into(),
            self.until.into(),
        ]
    }
}
