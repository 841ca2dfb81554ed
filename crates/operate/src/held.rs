//! Lists that are held whole, page by page: credential sets, channels, sources of names, parameters, backups,
//! jobs and revisions of rules (SCL-03): for each its columns, its order, and what it is filtered by.

use netwarden_identity::{Access, Declaration as Line, Operation};
use netwarden_rules::sql::Revision;
use netwarden_store::{Direction, FilterValue, HeldColumn, HeldList, HeldQuery, to_micros};
use netwarden_vault::CredentialEntry;

use crate::backups::Backup;
use crate::caller::Caller;
use crate::channels::StoredChannel;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::jobs::Job;
use crate::lists::{Counted, Filters, ListWish, Reads, conditions, direction, page};
use crate::names::ShownNameSource;
use crate::parameters::Declaration;
use crate::passwords::ShownRule;
use crate::roles::{Holder, Right, ShownRole};

/// A parameter with its value in force.
pub type ShownParameter = (&'static Declaration, String);

static CREDENTIALS: HeldList<CredentialEntry> = HeldList {
    name: "credentials",
    id: |set| set.id.0.into(),
    columns: &[
        HeldColumn { name: "position", value: |set| Some(set.position.into()) },
        HeldColumn { name: "name", value: |set| Some(set.name.clone().into()) },
        HeldColumn { name: "kind", value: |set| Some(set.kind.clone().into()) },
        HeldColumn { name: "changed_at", value: |set| Some(set.changed_at_us.into()) },
    ],
    sorted: ("position", Direction::Ascending),
};
const CREDENTIAL_FILTERS: Filters = &[("name", Reads::Part), ("kind", Reads::Part)];

static CHANNELS: HeldList<StoredChannel> = HeldList {
    name: "channels",
    id: |channel| channel.name.clone().into(),
    columns: &[
        HeldColumn { name: "name", value: |channel| Some(channel.name.clone().into()) },
        HeldColumn { name: "kind", value: |channel| Some(channel.definition.kind().into()) },
        HeldColumn { name: "to", value: |channel| Some(channel.definition.leads_to().into()) },
        HeldColumn { name: "has_secret", value: |channel| Some(channel.has_secret.into()) },
        HeldColumn { name: "changed_at", value: |channel| Some(to_micros(channel.changed_at).into()) },
    ],
    sorted: ("name", Direction::Ascending),
};
const CHANNEL_FILTERS: Filters =
    &[("name", Reads::Part), ("kind", Reads::Text), ("to", Reads::Part), ("has_secret", Reads::Truth)];

static NAME_SOURCES: HeldList<ShownNameSource> = HeldList {
    name: "name-sources",
    id: |shown| shown.source.id.into(),
    columns: &[
        HeldColumn { name: "name", value: |shown| Some(shown.source.name.clone().into()) },
        HeldColumn { name: "kind", value: |shown| Some(shown.source.kind.as_str().into()) },
        HeldColumn { name: "address", value: |shown| Some(shown.source.address.clone().into()) },
        HeldColumn { name: "enabled", value: |shown| Some(shown.source.enabled.into()) },
        HeldColumn {
            name: "ran_at",
            value: |shown| shown.run.as_ref().map(|run| to_micros(run.ran_at).into()),
        },
        HeldColumn { name: "entries", value: |shown| shown.run.as_ref().map(|run| number(run.entries)) },
    ],
    sorted: ("name", Direction::Ascending),
};
const NAME_SOURCE_FILTERS: Filters =
    &[("name", Reads::Part), ("kind", Reads::Text), ("address", Reads::Part), ("enabled", Reads::Truth)];

static PARAMETERS: HeldList<ShownParameter> = HeldList {
    name: "parameters",
    id: |(declaration, _)| declaration.name.into(),
    columns: &[
        HeldColumn { name: "name", value: |(declaration, _)| Some(declaration.name.into()) },
        HeldColumn { name: "value", value: |(_, value)| Some(value.clone().into()) },
        HeldColumn { name: "description", value: |(declaration, _)| Some(declaration.description.into()) },
        HeldColumn {
            name: "changed",
            value: |(declaration, value)| Some((value != declaration.default).into()),
        },
    ],
    sorted: ("name", Direction::Ascending),
};
const PARAMETER_FILTERS: Filters =
    &[("name", Reads::Part), ("value", Reads::Part), ("changed", Reads::Truth)];

static ROLES: HeldList<ShownRole> = HeldList {
    name: "roles",
    id: |role| role.name.clone().into(),
    columns: &[
        HeldColumn { name: "name", value: |role| Some(role.name.clone().into()) },
        HeldColumn { name: "built_in", value: |role| Some(role.built_in.into()) },
        HeldColumn { name: "description", value: |role| Some(role.description.clone().into()) },
        HeldColumn {
            name: "changed_at",
            value: |role| role.changed.as_ref().map(|one| to_micros(one.0).into()),
        },
        // The built-in ones stand first where nobody wants another order.
        HeldColumn { name: "order", value: |role| Some(format!("{} {}", !role.built_in, role.name).into()) },
    ],
    sorted: ("order", Direction::Ascending),
};
const ROLE_FILTERS: Filters = &[("name", Reads::Part), ("built_in", Reads::Truth)];

static OPERATIONS: HeldList<&'static Line> = HeldList {
    name: "operations",
    id: |line| line.name.into(),
    columns: &[
        HeldColumn { name: "name", value: |line| Some(line.name.into()) },
        HeldColumn { name: "object", value: |line| Some(line.object.as_str().into()) },
        HeldColumn { name: "change", value: |line| Some(line.change.into()) },
        HeldColumn { name: "access", value: |line| Some(access_word(line).into()) },
    ],
    sorted: ("name", Direction::Ascending),
};
const OPERATION_FILTERS: Filters =
    &[("name", Reads::Part), ("object", Reads::Text), ("change", Reads::Truth), ("access", Reads::Text)];

static RIGHTS: HeldList<Right> = HeldList {
    name: "rights",
    id: |right| right.operation.name().into(),
    columns: &[
        HeldColumn { name: "operation", value: |right| Some(right.operation.name().into()) },
        HeldColumn { name: "object", value: |right| Some(right.operation.object().as_str().into()) },
        HeldColumn { name: "change", value: |right| Some(right.operation.is_change().into()) },
    ],
    sorted: ("operation", Direction::Ascending),
};
const RIGHT_FILTERS: Filters =
    &[("operation", Reads::Part), ("object", Reads::Text), ("change", Reads::Truth)];

static HOLDERS: HeldList<Holder> = HeldList {
    name: "holders",
    id: |holder| holder.user.clone().into(),
    columns: &[
        HeldColumn { name: "user", value: |holder| Some(holder.user.clone().into()) },
        HeldColumn { name: "enabled", value: |holder| Some(holder.enabled.into()) },
    ],
    sorted: ("user", Direction::Ascending),
};
const HOLDER_FILTERS: Filters = &[("user", Reads::Part), ("enabled", Reads::Truth)];

const fn access_word(line: &Line) -> &'static str {
    match line.access {
        Access::Anyone => "anyone",
        Access::Own => "own",
        Access::Roles(_) => "roles",
    }
}

static PASSWORD_RULES: HeldList<ShownRule> = HeldList {
    name: "password-rules",
    id: |shown| i64::from(shown.rule.position()).into(),
    columns: &[
        HeldColumn { name: "position", value: |shown| Some(i64::from(shown.rule.position()).into()) },
        HeldColumn { name: "rule", value: |shown| Some(shown.rule.as_str().into()) },
        HeldColumn { name: "text", value: |shown| Some(shown.rule.text().into()) },
        HeldColumn { name: "on", value: |shown| Some(shown.setting.on.into()) },
        HeldColumn { name: "conflicts", value: |shown| Some((!shown.conflicts.is_empty()).into()) },
    ],
    sorted: ("position", Direction::Ascending),
};
const PASSWORD_RULE_FILTERS: Filters =
    &[("rule", Reads::Text), ("on", Reads::Truth), ("conflicts", Reads::Truth)];

static BACKUPS: HeldList<Backup> = HeldList {
    name: "backups",
    id: |backup| backup.name.clone().into(),
    columns: &[
        HeldColumn { name: "name", value: |backup| Some(backup.name.clone().into()) },
        HeldColumn { name: "octets", value: |backup| Some(number(backup.octets)) },
        HeldColumn { name: "made_at", value: |backup| Some(to_micros(backup.made).into()) },
    ],
    sorted: ("made_at", Direction::Descending),
};
const BACKUP_FILTERS: Filters = &[("name", Reads::Part)];

static JOBS: HeldList<Job> = HeldList {
    name: "jobs",
    id: |job| job.id.to_string().into(),
    columns: &[
        HeldColumn { name: "what", value: |job| Some(job.what.to_string().into()) },
        HeldColumn { name: "state", value: |job| Some(job.state.as_str().into()) },
        HeldColumn { name: "operation", value: |job| Some(job.operation.name().into()) },
        HeldColumn { name: "started_at", value: |job| Some(to_micros(job.started).into()) },
    ],
    sorted: ("started_at", Direction::Descending),
};
const JOB_FILTERS: Filters = &[("what", Reads::Part), ("state", Reads::Text), ("operation", Reads::Text)];

static REVISIONS: HeldList<Revision> = HeldList {
    name: "rule-revisions",
    id: |revision| revision.rule.revision.0.into(),
    columns: &[
        HeldColumn { name: "revision", value: |revision| Some(revision.rule.revision.0.into()) },
        HeldColumn { name: "name", value: |revision| Some(revision.rule.name.clone().into()) },
        HeldColumn { name: "description", value: |revision| Some(revision.rule.description.clone().into()) },
        HeldColumn { name: "condition", value: |revision| Some(revision.rule.condition.clone().into()) },
        HeldColumn { name: "written_by", value: |revision| Some(revision.written_by.clone().into()) },
        HeldColumn { name: "written_at", value: |revision| Some(to_micros(revision.written_at).into()) },
    ],
    sorted: ("revision", Direction::Ascending),
};
const REVISION_FILTERS: Filters = &[("revision", Reads::Number), ("written_by", Reads::Part)];

fn number(count: u64) -> FilterValue {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

impl Desk {
    /// Credential sets without their secrets, in the order in which they are tried unless sorted otherwise.
    pub async fn list_credentials(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<CredentialEntry>, OperateError> {
        let all = self.credentials(caller).await?;
        self.part(&CREDENTIALS, CREDENTIAL_FILTERS, &["name"], all, wish)
    }

    /// Channels without their secrets, by name unless sorted otherwise.
    pub async fn list_channels(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<StoredChannel>, OperateError> {
        let all = self.channels(caller).await?;
        self.part(&CHANNELS, CHANNEL_FILTERS, &["name", "to"], all, wish)
    }

    /// Sources of names without their secrets, by name unless sorted otherwise.
    pub async fn list_name_sources(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownNameSource>, OperateError> {
        let all = self.name_sources(caller).await?;
        self.part(&NAME_SOURCES, NAME_SOURCE_FILTERS, &["name", "address"], all, wish)
    }

    /// Parameters with the values in force, by name unless sorted otherwise.
    pub async fn list_parameters(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownParameter>, OperateError> {
        let all = self.parameters(caller).await?;
        self.part(&PARAMETERS, PARAMETER_FILTERS, &["name", "description"], all, wish)
    }

    /// The settings of the account policy with the values in force, by name unless sorted otherwise.
    pub async fn list_account_settings(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownParameter>, OperateError> {
        let all = self.account_settings(caller).await?;
        self.part(&PARAMETERS, PARAMETER_FILTERS, &["name", "description"], all, wish)
    }

    /// Roles, the built-in ones first unless sorted otherwise.
    pub async fn list_roles(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownRole>, OperateError> {
        let all = self.roles(caller).await?;
        self.part(&ROLES, ROLE_FILTERS, &["name", "description"], all, wish)
    }

    /// Every operation, by name unless sorted otherwise.
    pub async fn list_operations(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<&'static Line>, OperateError> {
        self.permit_of(caller, Operation::RoleRead).await?;
        let plane = caller.plane();
        let all = netwarden_identity::OPERATIONS.iter().filter(|line| line.operation.is_in(plane)).collect();
        self.part(&OPERATIONS, OPERATION_FILTERS, &["name"], all, wish)
    }

    /// What an account may do, by operation unless sorted otherwise.
    pub async fn list_rights(
        &self,
        caller: &Caller,
        name: &str,
        wish: ListWish,
    ) -> Result<Counted<Right>, OperateError> {
        let (_, all) = self.rights_of(caller, name).await?;
        self.part(&RIGHTS, RIGHT_FILTERS, &["operation"], all, wish)
    }

    pub(crate) fn holders_page(
        &self,
        all: Vec<Holder>,
        wish: ListWish,
    ) -> Result<Counted<Holder>, OperateError> {
        self.part(&HOLDERS, HOLDER_FILTERS, &["user"], all, wish)
    }

    /// The rules for passwords, in their order unless sorted otherwise.
    pub async fn list_password_rules(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownRule>, OperateError> {
        let all = self.password_rules(caller).await?;
        self.part(&PASSWORD_RULES, PASSWORD_RULE_FILTERS, &["rule", "text"], all, wish)
    }

    /// Backups, the latest first unless sorted otherwise.
    pub async fn list_backups(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<Backup>, OperateError> {
        let all = self.backups(caller).await?;
        self.part(&BACKUPS, BACKUP_FILTERS, &["name"], all, wish)
    }

    /// Jobs of this process that the caller may see, the newest first unless sorted otherwise.
    pub async fn list_jobs(&self, caller: &Caller, wish: ListWish) -> Result<Counted<Job>, OperateError> {
        let all = self.all_jobs(caller).await?;
        self.part(&JOBS, JOB_FILTERS, &["what"], all, wish)
    }

    /// Revisions of a rule, the oldest first unless sorted otherwise.
    pub async fn list_rule_revisions(
        &self,
        caller: &Caller,
        named: &str,
        wish: ListWish,
    ) -> Result<Counted<Revision>, OperateError> {
        let all = self.rule_revisions(caller, named).await?;
        let texts = &["name", "description", "condition", "written_by"];
        self.part(&REVISIONS, REVISION_FILTERS, texts, all, wish)
    }

    fn part<T>(
        &self,
        list: &HeldList<T>,
        filters: Filters,
        texts: &'static [&'static str],
        all: Vec<T>,
        wish: ListWish,
    ) -> Result<Counted<T>, OperateError> {
        let wish = self.paged(wish);
        let query = HeldQuery {
            conditions: conditions(filters, &wish.filters)?,
            page: page(&wish)?,
            sort: wish.sort.as_deref().map(direction).map(|(name, way)| (name.to_owned(), way)),
            search: wish.text.filter(|text| !text.is_empty()).map(|text| (texts, text)),
        };
        let (listed, count) = list.page(all, &query)?;
        Ok(Counted { items: listed.items, next: listed.next, count })
    }
}
