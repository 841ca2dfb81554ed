//! Channels to the outside: what they are, who may define them, whether they work.
//!
//! A definition is stored in clear and shown; its one secret (a password, the key of a signature) lies in
//! the vault and is never shown. A channel's secret stays with its destination: whoever points the
//! channel elsewhere gives the secret anew, else the right to change channels would be one to read
//! passwords. Commands are the Administrator's alone, and only programs of the folder that the
//! configuration file names: a web user gains no shell.

mod definition;
mod open;
mod sql;

use netwarden_actions::notify::Delivery;
use netwarden_audit::{Outcome, Redacted, Value};
use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_model::Severity;
use netwarden_rules::{Destination, Reaction};
use netwarden_store::Tx;
use netwarden_vault::KeyOwner;
use zeroize::Zeroizing;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::ports::require_reason;
use crate::said::{Said, Thing, Word};

pub use definition::{
    ChannelDefinition, CommandChannel, MailChannel, MailSecurity, SyslogChannel, SyslogTransport,
    WebhookChannel,
};
pub use open::{Outside, load_channels};
pub use sql::StoredChannel;

/// Characters that a channel's name has at most.
const LONGEST_NAME: usize = 64;
/// Octets of a secret, at most.
const LONGEST_SECRET: usize = 4096;

/// A channel as people write it.
#[derive(Clone)]
pub struct ChannelWish {
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What it is.
    pub definition: ChannelDefinition,
    /// Its secret; None keeps the one that it has.
    pub secret: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for ChannelWish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChannelWish").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a test told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelTest {
    /// True where the other side took the message, or the command ended well.
    pub delivered: bool,
    /// What came back, or why not.
    pub outcome: String,
}

impl Desk {
    /// All channels by name, without their secrets.
    pub async fn channels(&self, caller: &Caller) -> Result<Vec<StoredChannel>, OperateError> {
        self.permit_of(caller, Operation::ChannelRead).await?;
        sql::all(self.store.read()).await
    }

    /// One channel without its secret.
    pub async fn channel(&self, caller: &Caller, name: &str) -> Result<StoredChannel, OperateError> {
        self.permit_channel(caller, Operation::ChannelRead, name).await?;
        self.stored_channel(name).await
    }

    /// Defines a channel; it counts at once.
    pub async fn create_channel(
        &self,
        caller: &Caller,
        wish: ChannelWish,
        reason: &str,
    ) -> Result<StoredChannel, OperateError> {
        let permit = self.permit_change(caller, &wish.name, wish.definition.is_command()).await?;
        require_reason(reason)?;
        check_name(&wish.name)?;
        let _alone = self.outside.changing.lock().await;
        let all = sql::all(self.store.read()).await?;
        if all.iter().any(|channel| channel.name == wish.name) {
            return Err(OperateError::Conflict(Said::ChannelIsThere { name: wish.name }));
        }
        let mail = all.iter().find(|channel| channel.definition.is_mail());
        if let (true, Some(other)) = (wish.definition.is_mail(), mail) {
            return Err(OperateError::Conflict(Said::OneMailChannel { name: other.name.clone() }));
        }
        self.check_channel(&wish, None)?;
        self.keep_channel(permit, None, wish, reason).await
    }

    /// Defines a channel anew, of the same kind; it counts at once.
    pub async fn modify_channel(
        &self,
        caller: &Caller,
        wish: ChannelWish,
        reason: &str,
    ) -> Result<StoredChannel, OperateError> {
        let present = sql::find(self.store.read(), &wish.name).await?;
        let command =
            wish.definition.is_command() || present.is_some_and(|channel| channel.definition.is_command());
        let permit = self.permit_change(caller, &wish.name, command).await?;
        require_reason(reason)?;
        let _alone = self.outside.changing.lock().await;
        let old = self.stored_channel(&wish.name).await?;
        if old.definition.kind() != wish.definition.kind() {
            return Err(OperateError::Conflict(Said::ChannelOfKind {
                kind: Word::new("channel", old.definition.kind()),
                name: old.name,
            }));
        }
        self.check_channel(&wish, Some(&old))?;
        self.keep_channel(permit, Some(old), wish, reason).await
    }

    /// Removes a channel with its secret. Refused while a rule that is enabled uses it.
    pub async fn remove_channel(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
    ) -> Result<(), OperateError> {
        let present = sql::find(self.store.read(), name).await?;
        let command = present.is_some_and(|channel| channel.definition.is_command());
        let permit = self.permit_change(caller, name, command).await?;
        require_reason(reason)?;
        let _alone = self.outside.changing.lock().await;
        let old = self.stored_channel(name).await?;
        for listed in netwarden_rules::sql::all(self.store.read()).await? {
            if listed.rule.enabled && uses(&listed.rule, &old) {
                return Err(OperateError::Conflict(Said::ChannelInUse {
                    name: name.to_owned(),
                    rule: listed.rule.name.clone(),
                }));
            }
        }
        let record = permit.warning(Some(shown(&old.definition, old.has_secret, false)), None, reason);
        let (vault, row) = (self.vault.clone(), old.name);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    sql::delete(tx, &row).await?;
                    vault.remove_secret(tx, &sql::secret_name(&row)).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.use_channels().await
    }

    /// Sends one test message by a channel, or runs its command, and tells how that went. `to` are mail
    /// addresses instead of the channel's own recipients.
    pub async fn test_channel(
        &self,
        caller: &Caller,
        name: &str,
        to: Vec<String>,
    ) -> Result<ChannelTest, OperateError> {
        let permit = self.permit_channel(caller, Operation::ChannelTest, name).await?;
        let channel = self.stored_channel(name).await?;
        if !to.is_empty() && !channel.definition.is_mail() {
            return Err(OperateError::Invalid(Said::NoRecipients { name: name.to_owned() }));
        }
        let secret = self.vault.named_secret(&sql::secret_name(name)).await?;
        let opened = self.outside.open(&channel, secret)?;
        let record = permit.record(None, None, "a test message");
        let leaf = self.open_record(record).await?;
        let delivery = opened.test(Self::request_id(), permit.at, permit.user(), to).await;
        let (delivered, outcome) = match delivery {
            Delivery::Done(said) => (true, said),
            Delivery::NotSent(why) | Delivery::Failed(why) => (false, why),
        };
        let how = if delivered { Outcome::Success } else { Outcome::Failure };
        self.complete(leaf, how, Some(outcome.clone())).await?;
        Ok(ChannelTest { delivered, outcome })
    }

    async fn keep_channel(
        &self,
        permit: Permit,
        old: Option<StoredChannel>,
        wish: ChannelWish,
        reason: &str,
    ) -> Result<StoredChannel, OperateError> {
        let kept = !wish.definition.drops_secret() && old.as_ref().is_some_and(|old| old.has_secret);
        let channel = StoredChannel {
            has_secret: wish.secret.is_some() || kept,
            name: wish.name,
            definition: wish.definition,
            changed_at: permit.at,
        };
        let before = old.as_ref().map(|old| shown(&old.definition, old.has_secret, false));
        let after = shown(&channel.definition, channel.has_secret, wish.secret.is_some());
        let mut record = permit.record(before, Some(after), reason);
        if channel.definition.exception(&channel.name).is_some() || channel.definition.is_command() {
            record.level = Severity::Warning;
        }
        let (vault, row, secret, at) = (self.vault.clone(), channel.clone(), wish.secret, permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    sql::put(tx, &row).await?;
                    let name = sql::secret_name(&row.name);
                    if let Some(secret) = &secret {
                        vault.put_secret(tx, KeyOwner::SYSTEM, &name, secret.as_bytes(), at).await?;
                    } else if !row.has_secret {
                        vault.remove_secret(tx, &name).await?;
                    }
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.use_channels().await?;
        Ok(channel)
    }

    /// What is stored counts from now on. To be called while `outside.changing` is held.
    async fn use_channels(&self) -> Result<(), OperateError> {
        let (channels, _) = load_channels(&self.store, &self.vault, &self.outside).await?;
        self.engine.set_channels(channels);
        Ok(())
    }

    /// Everything that can be known to be wrong before it is stored.
    fn check_channel(&self, wish: &ChannelWish, old: Option<&StoredChannel>) -> Result<(), OperateError> {
        wish.definition.check()?;
        if let Some(secret) = &wish.secret
            && (secret.is_empty() || secret.len() > LONGEST_SECRET)
        {
            return Err(OperateError::Invalid(Said::SecretRange { most: LONGEST_SECRET }));
        }
        let kept = old.filter(|old| old.has_secret);
        if wish.secret.is_none()
            && let Some(old) = kept
            && !wish.definition.drops_secret()
            && old.definition.destination() != wish.definition.destination()
        {
            return Err(OperateError::Invalid(Said::GoesElsewhere { name: wish.name.clone() }));
        }
        match (wish.definition.takes_secret(), wish.secret.is_some() || kept.is_some()) {
            (true, false) => {
                return Err(OperateError::Invalid(Said::NeedsSecret { name: wish.name.clone() }));
            }
            (false, _) if wish.secret.is_some() => {
                return Err(OperateError::Invalid(Said::TakesNoSecret { name: wish.name.clone() }));
            }
            _ => {}
        }
        // What is configured wrongly shows by opening it, for which nothing is sent.
        let stored = StoredChannel {
            name: wish.name.clone(),
            definition: wish.definition.clone(),
            has_secret: wish.definition.takes_secret(),
            changed_at: self.clock.now(),
        };
        let any = Zeroizing::new(b"to be tried".to_vec());
        self.outside.open(&stored, Some(any)).map(drop)
    }

    async fn stored_channel(&self, name: &str) -> Result<StoredChannel, OperateError> {
        let found = sql::find(self.store.read(), name).await?;
        found.ok_or_else(|| OperateError::not_found(Thing::Channel, name))
    }

    async fn permit_change(
        &self,
        caller: &Caller,
        name: &str,
        command: bool,
    ) -> Result<Permit, OperateError> {
        let operation = if command { Operation::ChannelDefineCommand } else { Operation::ChannelModify };
        self.permit_channel(caller, operation, name).await
    }

    async fn permit_channel(
        &self,
        caller: &Caller,
        operation: Operation,
        named: &str,
    ) -> Result<Permit, OperateError> {
        let named = named.chars().take(LONGEST_NAME).collect();
        self.permit(caller, operation, &Object::of(ObjectKind::Channel), Some(named)).await
    }
}

fn check_name(name: &str) -> Result<(), OperateError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(fits) || name.starts_with('.') {
        return Err(OperateError::Invalid(Said::ChannelName { most: LONGEST_NAME }));
    }
    Ok(())
}

/// A definition as the trail keeps it: never its secret, only whether there is one and was changed.
fn shown(definition: &ChannelDefinition, has_secret: bool, changed: bool) -> Value {
    use netwarden_audit::Property;

    let definition = serde_json::to_value(definition).unwrap_or(serde_json::Value::Null);
    let secret = match (has_secret, changed) {
        (true, true) => Property::from(Redacted),
        (true, false) => Property::Shown("set".into()),
        (false, _) => Property::Shown("none".into()),
    };
    Value::properties([("definition", Property::Shown(definition)), ("secret", secret)])
}

/// True where a rule announces or acts through the channel.
fn uses(rule: &netwarden_rules::Rule, channel: &StoredChannel) -> bool {
    let kind = channel.definition.kind();
    let alarm = rule.alarm.iter().any(|alarm| match alarm {
        Destination::Mail { .. } => kind == "mail",
        Destination::Webhook { name } => kind == "webhook" && *name == channel.name,
        Destination::Syslog { name } => kind == "syslog" && *name == channel.name,
    });
    alarm
        || rule.reactions.iter().any(|reaction| match reaction {
            Reaction::Mail { .. } => kind == "mail",
            Reaction::Webhook { name } => kind == "webhook" && *name == channel.name,
            Reaction::Syslog { name, .. } => kind == "syslog" && *name == channel.name,
            Reaction::Command { name, .. } => kind == "command" && *name == channel.name,
            _ => false,
        })
}
