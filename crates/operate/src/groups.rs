//! Groups of endpoints: what they are for, and how long their members may be silent (NAC-06).

use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_inventory::sql::{self, Group};
use netwarden_store::Tx;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::EDITING;
use crate::error::OperateError;
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};
use crate::version::{Version, met};

/// Seconds of silence that a group may allow its members: 10 s to 30 days.
const SILENCE_S: std::ops::RangeInclusive<i64> = 10..=30 * 86_400;

/// A group as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownGroup {
    /// As administered.
    pub group: Group,
    /// Endpoints in it.
    pub endpoints: u64,
    /// The version of what is administered.
    pub version: Version,
}

/// What shall be different of a group; None leaves it alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
pub struct GroupEdit {
    /// What it is for.
    pub description: Option<String>,
    /// Own time-out for mac_offline, in seconds.
    pub offline_after_s: Option<Option<i64>>,
    /// The version that the edit was made on.
    pub expected: Option<Version>,
}

impl Desk {
    /// Groups of endpoints, by name.
    pub async fn groups(&self, caller: &Caller) -> Result<Vec<ShownGroup>, OperateError> {
        self.permit_of(caller, Operation::GroupRead).await?;
        let groups = sql::groups(self.store.read()).await?;
        Ok(groups.into_iter().map(|group| self.shown_group(group)).collect())
    }

    /// One group.
    pub async fn group(&self, caller: &Caller, name: &str) -> Result<ShownGroup, OperateError> {
        let found = self.groups(caller).await?.into_iter().find(|shown| shown.group.name == name);
        found.ok_or_else(|| OperateError::not_found(Thing::Group, Said::quoted(name)))
    }

    /// Makes a group.
    pub async fn create_group(
        &self,
        caller: &Caller,
        group: Group,
        reason: &str,
    ) -> Result<ShownGroup, OperateError> {
        let permit = self.permit_group(caller, Operation::GroupCreate, &group.name).await?;
        require_reason(reason)?;
        check(&group)?;
        let _one_at_a_time = EDITING.lock().await;
        if self.find_group(&group.name).await?.is_some() {
            let what = called(&group.name).into();
            return Err(OperateError::Conflict(Said::IsThere { what }));
        }
        let record = permit.record(None, described(&group), reason);
        self.write_group(group.clone(), record).await?;
        Ok(self.shown_group(group))
    }

    /// Changes a group.
    pub async fn edit_group(
        &self,
        caller: &Caller,
        name: &str,
        edit: GroupEdit,
        reason: &str,
    ) -> Result<ShownGroup, OperateError> {
        let permit = self.permit_group(caller, Operation::GroupModify, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let old = self.find_group(name).await?.ok_or_else(|| no_group(name))?;
        met(edit.expected.as_ref(), &version(&old), called(name))?;
        let new = Group {
            name: old.name.clone(),
            description: edit.description.unwrap_or_else(|| old.description.clone()),
            offline_after_s: edit.offline_after_s.unwrap_or(old.offline_after_s),
        };
        check(&new)?;
        let record = permit.record(described(&old), described(&new), reason);
        self.write_group(new.clone(), record).await?;
        Ok(self.shown_group(new))
    }

    /// Removes a group that nobody is in any longer.
    pub async fn delete_group(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_group(caller, Operation::GroupDelete, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let old = self.find_group(name).await?.ok_or_else(|| no_group(name))?;
        met(expected.as_ref(), &version(&old), called(name))?;
        let members = self.members(name);
        if members > 0 {
            return Err(OperateError::Conflict(Said::GroupInUse { members, name: name.to_owned() }));
        }
        let record = permit.record(described(&old), None, reason);
        let name = name.to_owned();
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    sql::delete_group(tx, &name).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.use_groups().await
    }

    async fn write_group(&self, group: Group, record: netwarden_audit::Record) -> Result<(), OperateError> {
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    sql::put_group(tx, &group).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.use_groups().await
    }

    /// Lets the groups' time-outs govern their members; all other settings stay as they are in force, also where
    /// they are not those of the parameters, as in the demo.
    async fn use_groups(&self) -> Result<(), OperateError> {
        let offline_after_by_group = crate::system::silence_by_group(&self.store).await?;
        let adjusted = self.engine.keeper().adjust(move |network| {
            let settings = network.settings().clone();
            network.set_settings(netwarden_inventory::Settings { offline_after_by_group, ..settings });
        });
        Ok(adjusted.await?)
    }

    async fn find_group(&self, name: &str) -> Result<Option<Group>, OperateError> {
        let groups = sql::groups(self.store.read()).await?;
        Ok(groups.into_iter().find(|group| group.name == name))
    }

    fn members(&self, name: &str) -> u64 {
        let network = self.engine.keeper().picture().read();
        let count = network.endpoints().filter(|endpoint| endpoint.group.as_deref() == Some(name)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    pub(crate) fn shown_group(&self, group: Group) -> ShownGroup {
        ShownGroup { endpoints: self.members(&group.name), version: version(&group), group }
    }

    async fn permit_group(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<Permit, OperateError> {
        let named = name.chars().take(64).collect();
        self.permit(caller, operation, &Object::of(ObjectKind::Group), Some(named)).await
    }
}

fn check(group: &Group) -> Result<(), OperateError> {
    let name = &group.name;
    if name.trim() != name
        || name.is_empty()
        || name.chars().count() > 64
        || name.chars().any(char::is_control)
    {
        return Err(OperateError::Invalid(Said::GroupName));
    }
    if group.description.chars().count() > 1_000 {
        return Err(OperateError::Invalid(Said::GroupDescription));
    }
    if let Some(silence) = group.offline_after_s.filter(|silence| !SILENCE_S.contains(silence)) {
        let (least, most) = (*SILENCE_S.start(), *SILENCE_S.end());
        return Err(OperateError::Invalid(Said::GroupSilence { least, most, given: silence }));
    }
    Ok(())
}

fn called(name: &str) -> Said {
    Said::called(Thing::Group, format!("'{name}'"))
}

fn version(group: &Group) -> Version {
    Version::of(&(&group.name, &group.description, group.offline_after_s))
}

fn described(group: &Group) -> Option<netwarden_audit::Value> {
    as_value(&serde_json::json!({
        "name": group.name,
        "description": group.description,
        "offline_after_s": group.offline_after_s,
    }))
}

fn no_group(name: &str) -> OperateError {
    OperateError::NotFound(called(&name.chars().take(64).collect::<String>()))
}
