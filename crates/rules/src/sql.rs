//! The rules' tables: the rules as edited, every revision of them, which of them judged from which
//! event on, and what they remember.
//!
//! Editing and judging are apart. An edit adds a revision and the editor appends a `rule_set_changed`
//! event in the same transaction; the judge takes it in when it reaches that event
//! ([`store_step`]). So a backlog is judged by the revisions that were valid then.

use jiff::Timestamp;
use netwarden_model::{EventSeq, RuleId, RuleRevision};
use netwarden_store::{
    Column, ColumnKind, ConnectionTrait, ListError, ListQuery, ListTable, Listed, Migration, QueryResult,
    StoreError, execute, from_micros, insert_many, query_all, query_one, to_micros, upsert_many, values,
};

use crate::book::RuleChange;
use crate::compiled::{CompiledRule, RuleError};
use crate::rule::Rule;
use crate::state::{Last, StateKey, StateRow};

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "rules-0001-rules",
    up: "
CREATE TABLE rules (
    id {id},
    name TEXT NOT NULL,
    revision BIGINT NOT NULL,
    enabled {bool} NOT NULL,
    deleted {bool} NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX rules_name ON rules (name) WHERE NOT deleted;
CREATE TABLE rule_revisions (
    rule BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    written_by TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (rule, revision)
);
CREATE TABLE rule_changes (
    seq BIGINT PRIMARY KEY,
    rule BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    enabled {bool} NOT NULL
);
CREATE TABLE rule_state (
    rule BIGINT NOT NULL,
    about TEXT NOT NULL,
    last_fired BIGINT NOT NULL,
    quiet_until BIGINT NOT NULL,
    PRIMARY KEY (rule, about)
);
",
}];

/// Why a rule could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RuleStoreError {
    /// The database.
    #[error("the rules could not be read or written")]
    Store(#[from] StoreError),
    /// The rule itself.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// There is none.
    #[error("there is no rule {0}")]
    NoRule(RuleId),
    /// There is no such revision.
    #[error("rule {0} has no revision {1}")]
    NoRevision(RuleId, RuleRevision),
    /// Another rule has the name.
    #[error("another rule is called '{0}'")]
    NameTaken(String),
    /// Somebody else was faster.
    #[error("rule {rule} is at revision {present} by now, the edit was made on revision {given}")]
    Outdated {
        /// Which rule.
        rule: RuleId,
        /// The revision that the edit was made on.
        given: RuleRevision,
        /// The present one.
        present: RuleRevision,
    },
}

/// A rule in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRule {
    /// Its present revision.
    pub rule: Rule,
    /// When it was last edited, enabled or disabled.
    pub changed_at: Timestamp,
}

/// One revision, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The rule; `enabled` is as it was written.
    pub rule: Rule,
    /// When.
    pub written_at: Timestamp,
    /// By whom.
    pub written_by: String,
}

/// The list of rules.
pub static RULES: ListTable = ListTable {
    from: "rules JOIN rule_revisions ON rule_revisions.rule = rules.id AND rule_revisions.revision = rules.revision",
    id: Column::new("id", "rules.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "rules.id", ColumnKind::Integer).sorts(),
        Column::new("name", "rules.name", ColumnKind::Text).sorts(),
        Column::new("enabled", "rules.enabled", ColumnKind::Bool),
        Column::new("changed_at", "rules.changed_at", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

const COLUMNS: &str = "rules.id AS id, rules.revision AS revision, rules.enabled AS enabled, rules.changed_at AS changed_at, rule_revisions.body AS body";

/// The query of all rules that are not deleted, to be filtered, sorted and paged.
pub fn list_query() -> Result<ListQuery, ListError> {
    ListQuery::unscoped(&RULES).and("NOT rules.deleted", Vec::new())
}

/// A page of the rules.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<ListedRule>, RuleStoreError> {
    query.fetch(connection, COLUMNS).await?.try_map(|row| listed(&row)).map_err(Into::into)
}

/// All rules that are not deleted, by id.
pub async fn all<C: ConnectionTrait>(connection: &C) -> Result<Vec<ListedRule>, RuleStoreError> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE NOT rules.deleted ORDER BY rules.id", RULES.from);
    let rows = query_all(connection, sql, []).await?;
    rows.iter().map(|row| listed(row).map_err(Into::into)).collect()
}

/// The present revision of a rule.
pub async fn show<C: ConnectionTrait>(connection: &C, id: RuleId) -> Result<ListedRule, RuleStoreError> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE NOT rules.deleted AND rules.id = $1", RULES.from);
    match query_one(connection, sql, values![id.0]).await? {
        Some(row) => Ok(listed(&row)?),
        None => Err(RuleStoreError::NoRule(id)),
    }
}

/// The id of the rule of that name.
pub async fn find<C: ConnectionTrait>(connection: &C, name: &str) -> Result<Option<RuleId>, StoreError> {
    let row =
        query_one(connection, "SELECT id FROM rules WHERE NOT deleted AND name = $1", values![name]).await?;
    row.map(|row| Ok(RuleId(row.try_get("", "id")?))).transpose()
}

/// Every revision of a rule, deleted or not, the oldest first.
pub async fn revisions<C: ConnectionTrait>(
    connection: &C,
    id: RuleId,
) -> Result<Vec<Revision>, RuleStoreError> {
    let sql = "SELECT rule, revision, written_at, written_by, body FROM rule_revisions WHERE rule = $1 ORDER BY revision";
    let rows = query_all(connection, sql, values![id.0]).await?;
    if rows.is_empty() {
        return Err(RuleStoreError::NoRule(id));
    }
    rows.iter().map(|row| revision_of(row).map_err(Into::into)).collect()
}

/// One revision; what [`crate::RuleBook::missing`] asks for.
pub async fn revision<C: ConnectionTrait>(
    connection: &C,
    id: RuleId,
    revision: RuleRevision,
) -> Result<Revision, RuleStoreError> {
    let sql = "SELECT rule, revision, written_at, written_by, body FROM rule_revisions WHERE rule = $1 AND revision = $2";
    match query_one(connection, sql, values![id.0, revision.0]).await? {
        Some(row) => Ok(revision_of(&row)?),
        None => Err(RuleStoreError::NoRevision(id, revision)),
    }
}

/// Checks and adds a rule. The caller appends the `rule_set_changed` event in the same transaction if
/// it is enabled.
pub async fn add<C: ConnectionTrait>(
    connection: &C,
    rule: Rule,
    at: Timestamp,
    by: &str,
) -> Result<Rule, RuleStoreError> {
    let rule = Rule { revision: RuleRevision(1), ..CompiledRule::compile(rule)?.rule().clone() };
    if find(connection, &rule.name).await?.is_some() {
        return Err(RuleStoreError::NameTaken(rule.name));
    }
    let sql = "INSERT INTO rules (name, revision, enabled, deleted, changed_at) VALUES ($1, 1, $2, $3, $4) RETURNING id";
    let row =
        query_one(connection, sql, values![rule.name.as_str(), rule.enabled, false, to_micros(at)]).await?;
    let row = row.ok_or_else(|| StoreError::Unreadable("a new rule got no id".to_owned()))?;
    let id = RuleId(row.try_get("", "id").map_err(StoreError::from)?);
    let rule = Rule { id, ..rule };
    write_revision(connection, &rule, at, by).await?;
    Ok(rule)
}

/// Checks and writes a new revision of a rule. `rule.revision` is the one that the edit was made on:
/// where it is no longer the present one, nothing is written. Whether it is enabled is as in `rule`.
pub async fn edit<C: ConnectionTrait>(
    connection: &C,
    rule: Rule,
    at: Timestamp,
    by: &str,
) -> Result<Rule, RuleStoreError> {
    let rule = CompiledRule::compile(rule)?.rule().clone();
    let present = show(connection, rule.id).await?.rule.revision;
    if present != rule.revision {
        return Err(RuleStoreError::Outdated { rule: rule.id, given: rule.revision, present });
    }
    if find(connection, &rule.name).await?.is_some_and(|other| other != rule.id) {
        return Err(RuleStoreError::NameTaken(rule.name));
    }
    let rule = Rule { revision: next_revision(connection, rule.id).await?, ..rule };
    let sql = "UPDATE rules SET name = $1, revision = $2, enabled = $3, changed_at = $4 WHERE id = $5";
    let bound = values![rule.name.as_str(), rule.revision.0, rule.enabled, to_micros(at), rule.id.0];
    execute(connection, sql, bound).await?;
    write_revision(connection, &rule, at, by).await?;
    Ok(rule)
}

/// Enables or disables a rule; no new revision. Answers with the rule, and whether that changed
/// anything (then a `rule_set_changed` event is due).
pub async fn set_enabled<C: ConnectionTrait>(
    connection: &C,
    id: RuleId,
    enabled: bool,
    at: Timestamp,
) -> Result<(Rule, bool), RuleStoreError> {
    let present = show(connection, id).await?.rule;
    if present.enabled == enabled {
        return Ok((present, false));
    }
    if enabled {
        // a rule written by an earlier version may no longer pass
        CompiledRule::compile(present.clone())?;
    }
    let sql = "UPDATE rules SET enabled = $1, changed_at = $2 WHERE id = $3";
    execute(connection, sql, values![enabled, to_micros(at), id.0]).await?;
    Ok((Rule { enabled, ..present }, true))
}

/// Marks a rule as deleted and disables it: its revisions stay, for what it decided refers to them.
/// Answers with the rule as it was; where it was enabled, a `rule_set_changed` event is due.
pub async fn delete<C: ConnectionTrait>(
    connection: &C,
    id: RuleId,
    at: Timestamp,
) -> Result<Rule, RuleStoreError> {
    let present = show(connection, id).await?.rule;
    let sql = "UPDATE rules SET deleted = $1, enabled = $2, changed_at = $3 WHERE id = $4";
    execute(connection, sql, values![true, false, to_micros(at), id.0]).await?;
    Ok(present)
}

/// What the judge has to load when it starts: all changes that it has judged, by event.
pub async fn changes<C: ConnectionTrait>(connection: &C) -> Result<Vec<RuleChange>, StoreError> {
    let rows =
        query_all(connection, "SELECT seq, rule, revision, enabled FROM rule_changes ORDER BY seq", [])
            .await?;
    rows.iter()
        .map(|row| {
            Ok(RuleChange {
                seq: EventSeq(row.try_get("", "seq")?),
                rule: RuleId(row.try_get("", "rule")?),
                revision: RuleRevision(row.try_get("", "revision")?),
                enabled: row.try_get("", "enabled")?,
            })
        })
        .collect()
}

/// The revisions that those changes speak of, and the present ones: what [`crate::RuleBook::load`] takes.
pub async fn judging_revisions<C: ConnectionTrait>(connection: &C) -> Result<Vec<Rule>, StoreError> {
    let sql = "SELECT rule, revision, written_at, written_by, body FROM rule_revisions AS r
        WHERE EXISTS (SELECT 1 FROM rule_changes AS c WHERE c.rule = r.rule AND c.revision = r.revision)
        OR EXISTS (SELECT 1 FROM rules WHERE rules.id = r.rule AND rules.revision = r.revision AND NOT rules.deleted)
        ORDER BY rule, revision";
    let rows = query_all(connection, sql, []).await?;
    rows.iter().map(|row| revision_of(row).map(|revision| revision.rule)).collect()
}

/// What rules remember: what [`crate::RuleState::load`] takes.
pub async fn state<C: ConnectionTrait>(connection: &C) -> Result<Vec<StateRow>, StoreError> {
    let rows =
        query_all(connection, "SELECT rule, about, last_fired, quiet_until FROM rule_state", []).await?;
    rows.iter()
        .map(|row| {
            Ok(StateRow {
                key: StateKey { rule: RuleId(row.try_get("", "rule")?), about: row.try_get("", "about")? },
                last: Last {
                    at: from_micros(row.try_get("", "last_fired")?)?,
                    until: from_micros(row.try_get("", "quiet_until")?)?,
                },
            })
        })
        .collect()
}

/// The rules' part of T1: the rows that changed ([`crate::RuleState::take_changes`]) and the changes of
/// the rule set that a batch of events brought. To be called in the transaction that moves the cursor.
pub async fn store_step<C: ConnectionTrait>(
    connection: &C,
    rows: &[StateRow],
    changes: &[RuleChange],
) -> Result<(), StoreError> {
    let columns = &["rule", "about", "last_fired", "quiet_until"];
    let lines = rows.iter().map(|row| {
        let (last, until) = (to_micros(row.last.at), to_micros(row.last.until));
        values![row.key.rule.0, row.key.about.as_str(), last, until].to_vec()
    });
    upsert_many(connection, "rule_state", columns, 2, lines.collect::<Vec<_>>()).await?;
    let mut changed = Vec::with_capacity(changes.len());
    for change in changes {
        changed.push(values![change.seq.0, change.rule.0, change.revision.0, change.enabled].to_vec());
    }
    insert_many(connection, "rule_changes", &["seq", "rule", "revision", "enabled"], changed).await?;
    Ok(())
}

/// Forgets what rows no longer say anything: [`crate::RuleState::expire`] names them.
pub async fn forget<C: ConnectionTrait>(connection: &C, keys: &[StateKey]) -> Result<(), StoreError> {
    for key in keys {
        let sql = "DELETE FROM rule_state WHERE rule = $1 AND about = $2";
        execute(connection, sql, values![key.rule.0, key.about.as_str()]).await?;
    }
    Ok(())
}

async fn next_revision<C: ConnectionTrait>(connection: &C, id: RuleId) -> Result<RuleRevision, StoreError> {
    let sql = "SELECT max(revision) AS latest FROM rule_revisions WHERE rule = $1";
    let latest: Option<i64> = match query_one(connection, sql, values![id.0]).await? {
        Some(row) => row.try_get("", "latest")?,
        None => None,
    };
    Ok(RuleRevision(latest.unwrap_or(0) + 1))
}

async fn write_revision<C: ConnectionTrait>(
    connection: &C,
    rule: &Rule,
    at: Timestamp,
    by: &str,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(rule)
        .map_err(|error| StoreError::Unreadable(format!("rule {}: {error}", rule.id)))?;
    let row = values![rule.id.0, rule.revision.0, to_micros(at), by, body].to_vec();
    let columns = ["rule", "revision", "written_at", "written_by", "body"];
    insert_many(connection, "rule_revisions", &columns, [row]).await?;
    Ok(())
}

fn body(id: i64, row: &QueryResult) -> Result<Rule, StoreError> {
    let body: String = row.try_get("", "body")?;
    serde_json::from_str(&body)
        .map_err(|error| StoreError::Unreadable(format!("the text of rule {id}: {error}")))
}

fn listed(row: &QueryResult) -> Result<ListedRule, StoreError> {
    let id: i64 = row.try_get("", "id")?;
    let rule = Rule { enabled: row.try_get("", "enabled")?, ..body(id, row)? };
    Ok(ListedRule { rule, changed_at: from_micros(row.try_get("", "changed_at")?)? })
}

fn revision_of(row: &QueryResult) -> Result<Revision, StoreError> {
    Ok(Revision {
        rule: body(row.try_get("", "rule")?, row)?,
        written_at: from_micros(row.try_get("", "written_at")?)?,
        written_by: row.try_get("", "written_by")?,
    })
}
