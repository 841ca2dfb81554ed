//! Sources of names (NAC-05): administered like system parameters, their secrets sealed in the vault.

use std::time::Duration;

use netwarden_audit::Value;
use netwarden_engine::{SentLeases, secret_name};
use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_inventory::sql::NameView;
use netwarden_model::{Mac, Severity};
use netwarden_names::format::parse;
use netwarden_names::sql::{self, Run};
use netwarden_names::{Kind, Parsed, Settings, Source};
use netwarden_store::Tx;
use netwarden_vault::KeyOwner;
use zeroize::Zeroizing;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::ports::require_reason;
use crate::said::{Said, Thing, Word};

/// From one run to the next, unless said otherwise.
const INTERVAL: Duration = Duration::from_secs(300);
/// Octets of a secret, at most.
const LONGEST_SECRET: usize = 1_024;
/// Reasons that an import answers with.
const REASONS: usize = 200;

/// A new source.
#[derive(Debug, Clone, Default)]
pub struct NameSourceWish {
    /// Unique name.
    pub name: String,
    /// What it is: the word of `netwarden_names::Kind`.
    pub kind: String,
    /// Server or URL; empty where files are sent.
    pub address: String,
    /// Seconds from one run to the next.
    pub interval_s: Option<u64>,
    /// Settings of its kind, as JSON; null for none.
    pub settings: serde_json::Value,
    /// Password or TSIG key.
    pub secret: Option<Zeroizing<String>>,
}

/// What shall be different of a source; None leaves it alone.
#[derive(Debug, Clone, Default)]
pub struct NameSourceEdit {
    /// Its name.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Seconds from one run to the next.
    pub interval_s: Option<u64>,
    /// Whether it is asked or taken from.
    pub enabled: Option<bool>,
    /// All settings of its kind.
    pub settings: Option<serde_json::Value>,
    /// Its secret; empty for none.
    pub secret: Option<Zeroizing<String>>,
}

/// A source, and how its last run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownNameSource {
    /// The source.
    pub source: Source,
    /// None before the first run.
    pub run: Option<Run>,
}

/// What came of leases that were sent or uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Rows of the file or message.
    pub leases: u64,
    /// Rows that differ from what was known.
    pub changed: u64,
    /// Rows that were left out, by line and reason, the first two hundred.
    pub dropped: Vec<String>,
}

impl Desk {
    /// All sources, by name; never their secrets.
    pub async fn name_sources(&self, caller: &Caller) -> Result<Vec<ShownNameSource>, OperateError> {
        self.permit_of(caller, Operation::NameSourceRead).await?;
        let mut runs = sql::runs(self.store.read()).await?;
        let sources = sql::sources(self.store.read()).await?.into_iter();
        Ok(sources
            .map(|source| {
                let run = runs.iter().position(|(id, _)| *id == source.id).map(|at| runs.swap_remove(at).1);
                ShownNameSource { source, run }
            })
            .collect())
    }

    /// One source, never its secret.
    pub async fn name_source(&self, caller: &Caller, name: &str) -> Result<ShownNameSource, OperateError> {
        let found = self.name_sources(caller).await?.into_iter().find(|shown| shown.source.name == name);
        found.ok_or_else(|| no_source(name))
    }

    /// Adds a source; it is asked at once.
    pub async fn create_name_source(
        &self,
        caller: &Caller,
        wish: NameSourceWish,
        reason: &str,
    ) -> Result<ShownNameSource, OperateError> {
        let permit = self.permit_source(caller, Operation::NameSourceCreate, &wish.name).await?;
        require_reason(reason)?;
        let secret = wish.secret.filter(|secret| !secret.is_empty());
        check_secret(secret.as_ref())?;
        let source = Source {
            id: 0,
            name: wish.name,
            kind: wish.kind.parse::<Kind>().map_err(invalid)?,
            address: wish.address.trim().to_owned(),
            interval: wish.interval_s.map_or(INTERVAL, Duration::from_secs),
            enabled: true,
            settings: settings(wish.settings)?,
            has_secret: secret.is_some(),
        };
        source.check().map_err(invalid)?;
        let mut record = permit.record(None, Some(shown(&source, secret.is_some())), reason);
        record.level = level_of(&source);
        let (vault, at, row) = (self.vault.clone(), permit.at, source.clone());
        let id = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let id =
                        sql::insert_source(tx, &row, at).await.map_err(|error| taken(error, &row.name))?;
                    if let Some(secret) = secret {
                        vault
                            .put_secret(tx, KeyOwner::SYSTEM, &secret_name(id), secret.as_bytes(), at)
                            .await?;
                    }
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>(id)
                })
            })
            .await?;
        self.engine.names().changed().await;
        Ok(ShownNameSource { source: Source { id, ..source }, run: None })
    }

    /// Changes a source.
    pub async fn modify_name_source(
        &self,
        caller: &Caller,
        name: &str,
        edit: NameSourceEdit,
        reason: &str,
    ) -> Result<ShownNameSource, OperateError> {
        let permit = self.permit_source(caller, Operation::NameSourceModify, name).await?;
        require_reason(reason)?;
        let old = self.source_named(name).await?;
        check_secret(edit.secret.as_ref())?;
        let new = Source {
            id: old.id,
            name: edit.name.unwrap_or_else(|| old.name.clone()),
            kind: old.kind,
            address: edit.address.map_or_else(|| old.address.clone(), |address| address.trim().to_owned()),
            interval: edit.interval_s.map_or(old.interval, Duration::from_secs),
            enabled: edit.enabled.unwrap_or(old.enabled),
            settings: edit.settings.map(settings).transpose()?.unwrap_or_else(|| old.settings.clone()),
            has_secret: edit.secret.as_ref().map_or(old.has_secret, |secret| !secret.is_empty()),
        };
        new.check().map_err(invalid)?;
        let changed = edit.secret.is_some();
        let mut record = permit.record(Some(shown(&old, false)), Some(shown(&new, changed)), reason);
        record.level = level_of(&new);
        let (vault, at, row, secret) = (self.vault.clone(), permit.at, new.clone(), edit.secret);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let is_there =
                        sql::update_source(tx, &row, at).await.map_err(|error| taken(error, &row.name))?;
                    if !is_there {
                        return Err(no_source(&row.name));
                    }
                    match secret {
                        Some(secret) if secret.is_empty() => {
                            vault.remove_secret(tx, &secret_name(row.id)).await?;
                        }
                        Some(secret) => {
                            vault
                                .put_secret(tx, KeyOwner::SYSTEM, &secret_name(row.id), secret.as_bytes(), at)
                                .await?;
                        }
                        None => {}
                    }
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.engine.names().changed().await;
        let run = sql::runs(self.store.read()).await?.into_iter().find(|(id, _)| *id == new.id);
        Ok(ShownNameSource { source: new, run: run.map(|(_, run)| run) })
    }

    /// Removes a source with its secret and what it told; names that it gave stay until another source
    /// gives others.
    pub async fn delete_name_source(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
    ) -> Result<(), OperateError> {
        let permit = self.permit_source(caller, Operation::NameSourceDelete, name).await?;
        require_reason(reason)?;
        let old = self.source_named(name).await?;
        let record = permit.record(Some(shown(&old, false)), None, reason);
        let vault = self.vault.clone();
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    sql::delete_source(tx, old.id).await?;
                    vault.remove_secret(tx, &secret_name(old.id)).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.engine.names().changed().await;
        Ok(())
    }

    /// Asks a source now; how that went stands in the list.
    pub async fn run_name_source(&self, caller: &Caller, name: &str) -> Result<(), OperateError> {
        let permit = self.permit_source(caller, Operation::NameSourceRun, name).await?;
        let source = self.source_named(name).await?;
        self.engine.names().run(source.id).await?;
        self.record(permit.record(None, None, "")).await
    }

    /// Takes an export of a DHCP server. With `replace` it is all that the source says.
    pub async fn import_leases(
        &self,
        caller: &Caller,
        name: &str,
        file: &[u8],
        replace: bool,
        reason: &str,
    ) -> Result<Taken, OperateError> {
        let permit = self.permit_source(caller, Operation::NameSourceImport, name).await?;
        require_reason(reason)?;
        let source = self.source_named(name).await?;
        let Kind::Leases(format) = source.kind else {
            return Err(OperateError::Conflict(Said::SourceHasNoFiles {
                name: name.to_owned(),
                kind: Word::new("source", source.kind.as_str()),
            }));
        };
        let reading = source.reading().map_err(invalid)?;
        let octets = file.to_vec();
        let parsed = tokio::task::spawn_blocking(move || parse(format, &[&octets], &reading)).await;
        let Parsed { leases, dropped } =
            parsed.map_err(|_| OperateError::Failed("the file could not be read to its end".to_owned()))?;
        if leases.is_empty() && replace {
            let first = dropped.first().map_or_else(|| "it is empty".to_owned(), ToString::to_string);
            return Err(OperateError::Invalid(Said::NoLeases {
                kind: Word::new("source", format.as_str()),
                first,
            }));
        }
        let count = leases.len();
        let words = format!("{count} leases, {} rows left out: {reason}", dropped.len());
        let sent = SentLeases { whole: replace, leases, gone: Vec::new(), dropped: of(dropped.len()) };
        let changed = self.engine.names().take(source.id, sent, permit.record(None, None, &words)).await?;
        let dropped = dropped.iter().take(REASONS).map(ToString::to_string).collect();
        Ok(Taken { leases: of(count), changed, dropped })
    }

    /// Takes what a DHCP agent sends.
    pub async fn push_leases(
        &self,
        caller: &Caller,
        name: &str,
        sent: SentLeases,
    ) -> Result<Taken, OperateError> {
        let permit = self.permit_source(caller, Operation::NameSourcePush, name).await?;
        let source = self.source_named(name).await?;
        let count = of(sent.leases.len());
        let words = format!("{count} leases, {} addresses without one", sent.gone.len());
        let changed = self.engine.names().take(source.id, sent, permit.record(None, None, &words)).await?;
        Ok(Taken { leases: count, changed, dropped: Vec::new() })
    }

    /// The names that an endpoint has and had, with their sources, the latest first.
    pub async fn names_of(&self, caller: &Caller, mac: Mac) -> Result<Vec<NameView>, OperateError> {
        let ne = self.engine.keeper().picture().read().location(mac).map(|port| port.ne);
        let object = Object::placed(ObjectKind::Endpoint, ne);
        self.permit(caller, Operation::EndpointHistory, &object, Some(mac.to_string())).await?;
        Ok(netwarden_inventory::sql::names_of(self.store.read(), mac).await?)
    }

    async fn permit_source(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<Permit, OperateError> {
        let named = name.chars().take(64).collect();
        self.permit(caller, operation, &Object::of(ObjectKind::NameSource), Some(named)).await
    }

    async fn source_named(&self, name: &str) -> Result<Source, OperateError> {
        let all = sql::sources(self.store.read()).await?;
        all.into_iter().find(|source| source.name == name).ok_or_else(|| no_source(name))
    }
}

/// The words of all kinds of sources.
pub fn name_source_kinds() -> impl Iterator<Item = &'static str> {
    Kind::all().map(Kind::as_str)
}

fn of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn invalid(error: impl std::fmt::Display) -> OperateError {
    OperateError::Invalid(error.to_string().into())
}

fn no_source(name: &str) -> OperateError {
    OperateError::not_found(Thing::SourceOfNames, name.chars().take(64).collect::<String>())
}

fn taken(error: netwarden_store::StoreError, name: &str) -> OperateError {
    match error.is_duplicate() {
        true => OperateError::Conflict(Said::SourceIsThere { name: name.to_owned() }),
        false => error.into(),
    }
}

fn settings(given: serde_json::Value) -> Result<Settings, OperateError> {
    if given.is_null() {
        return Ok(Settings::default());
    }
    serde_json::from_value(given)
        .map_err(|error| OperateError::Invalid(Said::SettingsUnfit { why: error.to_string() }))
}

fn check_secret(secret: Option<&Zeroizing<String>>) -> Result<(), OperateError> {
    match secret {
        Some(secret) if secret.len() > LONGEST_SECRET => {
            Err(OperateError::Invalid(Said::SecretMost { most: LONGEST_SECRET }))
        }
        _ => Ok(()),
    }
}

/// What goes in clear is looked at tomorrow.
fn level_of(source: &Source) -> Severity {
    if source.settings.danger_allow_plain { Severity::Warning } else { Severity::Info }
}

/// A source as the record has it: that its secret was set, never what it is.
fn shown(source: &Source, secret_set: bool) -> Value {
    let text = serde_json::json!({
        "name": source.name,
        "kind": source.kind.as_str(),
        "address": source.address,
        "interval_s": source.interval.as_secs(),
        "enabled": source.enabled,
        "settings": source.settings,
        "secret": match (source.has_secret, secret_set) {
            (true, true) => "set",
            (true, false) => "kept",
            (false, _) => "none",
        },
    });
    Value::text(text.to_string())
}
