//! Lists of records: filtered and sorted by every field, full text, within the reader's rights.

use std::collections::BTreeSet;

use netwarden_model::Plane;
use netwarden_store::{
    Column, ColumnKind, Condition, Count, Direction, FilterValue, ListQuery, ListTable, Listed, Page, Store,
};
use netwarden_tlog::Hash;
use sea_orm::QueryResult;

use crate::append::RecordIndex;
use crate::codec::{Content, decode};
use crate::error::AuditError;
use crate::record::{Completion, Kind, Outcome, Personal, Record, Value};
use crate::sql;

/// Which records a reader may see; decided outside (AUD-04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Of these kinds.
    pub kinds: BTreeSet<Kind>,
    /// Only about endpoints and groups of endpoints (Helpdesk).
    pub endpoints_only: bool,
    /// Only those of this user.
    pub own_only: Option<String>,
    /// Of these planes.
    pub planes: BTreeSet<Plane>,
}

impl Reach {
    /// Everything.
    pub fn all() -> Self {
        Self {
            kinds: Kind::ALL.iter().copied().collect(),
            endpoints_only: false,
            own_only: None,
            planes: Plane::ALL.iter().copied().collect(),
        }
    }

    /// Records about endpoints and groups of endpoints, of every kind.
    pub fn endpoints() -> Self {
        Self { endpoints_only: true, ..Self::all() }
    }

    /// Nothing.
    pub const fn nothing() -> Self {
        Self { kinds: BTreeSet::new(), endpoints_only: false, own_only: None, planes: BTreeSet::new() }
    }
}

/// What a reader wants to see of it. Columns: `index`, `at` (microseconds), `kind`, `level` (0 info to
/// 4 critical), `user`, `plane`, `operation`, `object_kind`, `object`, `address`, `session`, `request`,
/// `outcome`, `details`; all but `details` sort. An absent text is the empty one.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// By column.
    pub filters: Vec<(String, Condition)>,
    /// Found in details, object, cause, old or new value.
    pub text: Option<String>,
    /// Column and direction; None for the latest first.
    pub sort: Option<(String, Direction)>,
    /// Which part.
    pub page: Page,
}

/// A record as readers see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListedRecord {
    /// Its place.
    pub index: RecordIndex,
    /// The record, from its leaf.
    #[serde(flatten)]
    pub record: Record,
    /// How it went in the end: the completion's outcome, and `unknown` for an act that was opened and
    /// never completed.
    #[serde(rename = "result")]
    pub outcome: Outcome,
    /// What was known after the act.
    pub completion: Option<Completion>,
}

static TABLE: ListTable = ListTable {
    from: "audit_search s JOIN audit_leaf l ON l.idx = s.idx LEFT JOIN audit_leaf c ON c.idx = s.completed",
    id: Column::new("index", "s.idx", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("index", "s.idx", ColumnKind::Integer).sorts(),
        Column::new("at", "s.at", ColumnKind::Integer).sorts(),
        Column::new("kind", "s.kind", ColumnKind::Text).sorts(),
        Column::new("level", "s.level", ColumnKind::Integer).sorts(),
        Column::new("user", "s.user_name", ColumnKind::Text).sorts(),
        Column::new("plane", "s.plane", ColumnKind::Text).sorts(),
        Column::new("operation", "s.operation", ColumnKind::Text).sorts(),
        Column::new("object_kind", "s.object_kind", ColumnKind::Text).sorts(),
        Column::new("object", "s.object_id", ColumnKind::Text).sorts(),
        Column::new("address", "s.address", ColumnKind::Text).sorts(),
        Column::new("session", "s.session", ColumnKind::Text).sorts(),
        Column::new("request", "s.request", ColumnKind::Text).sorts(),
        Column::new("outcome", "s.outcome", ColumnKind::Text).sorts(),
        Column::new("details", "s.words", ColumnKind::Text).trigram("audit_words"),
    ],
    scope: None,
};

pub(crate) async fn list(
    store: &Store,
    reach: &Reach,
    query: AuditQuery,
) -> Result<Listed<ListedRecord>, AuditError> {
    let query = confined(reach, query)?;
    let listed = query.fetch(store.read(), "s.idx, l.leaf, c.leaf").await?;
    let mut listed = listed.try_map(|row| read(&row))?;
    for one in &mut listed.items {
        let completed = one.completion.as_mut().and_then(|completion| completion.new.as_mut());
        for value in [one.record.old.as_mut(), one.record.new.as_mut(), completed].into_iter().flatten() {
            tell(store, value).await?;
        }
    }
    Ok(listed)
}

/// Puts the text about a person in place of its hash, or says that it was erased.
async fn tell(store: &Store, value: &mut Value) -> Result<(), AuditError> {
    let Value::Personal { sha256, .. } = value else { return Ok(()) };
    let hash = Hash::from_hex(sha256).ok_or(AuditError::Damaged("a hash is no hash"))?;
    match sql::value(store.read(), &hash).await? {
        None => *value = Value::Erased,
        // What was altered is not shown; the verification says so.
        Some(salted) if Hash::of_value(&salted) != hash => {}
        Some(salted) => {
            let text = Personal::text(&salted);
            *value = Value::text(text.ok_or(AuditError::Damaged("a value about a person is no text"))?);
        }
    }
    Ok(())
}

pub(crate) async fn count(store: &Store, reach: &Reach, query: AuditQuery) -> Result<Count, AuditError> {
    Ok(confined(reach, query)?.count(store.read()).await?)
}

fn confined(reach: &Reach, query: AuditQuery) -> Result<ListQuery, AuditError> {
    let mut list = ListQuery::unscoped(&TABLE);
    let kinds = reach.kinds.iter().map(|kind| FilterValue::from(kind.as_str())).collect();
    list = list.filter("kind", Condition::In(kinds))?;
    if reach.planes.len() < Plane::ALL.len() {
        let planes = reach.planes.iter().map(|plane| FilterValue::from(plane.as_str())).collect();
        list = list.filter("plane", Condition::In(planes))?;
    }
    if reach.endpoints_only {
        let kinds = ["endpoint", "group"].into_iter().map(FilterValue::from).collect();
        list = list.filter("object_kind", Condition::In(kinds))?;
    }
    if let Some(user) = &reach.own_only {
        // The empty user stands for nobody, and nobody's records are not one's own.
        list = list.filter("user", Condition::Eq(user.as_str().into()))?;
        list = list.filter("user", Condition::NotEq("".into()))?;
    }
    for (column, condition) in query.filters {
        list = list.filter(&column, condition)?;
    }
    if let Some(text) = query.text {
        list = list.search(&["details"], &text)?;
    }
    list = match query.sort {
        Some((column, direction)) => list.sort(&column, direction)?,
        None => list.by_id(Direction::Descending),
    };
    Ok(list.page(query.page))
}

fn read(row: &QueryResult) -> Result<ListedRecord, AuditError> {
    let index: i64 = row.try_get_by_index(0)?;
    let index = u64::try_from(index).map_err(|_| AuditError::Damaged("an index is negative"))?;
    let leaf: Vec<u8> = row.try_get_by_index(1)?;
    let completed: Option<Vec<u8>> = row.try_get_by_index(2)?;
    let unreadable = |source| AuditError::Leaf { index, source };
    let Content::Record(record) = decode(&leaf).map_err(unreadable)?.content else {
        return Err(AuditError::Damaged("a record's place holds a completion"));
    };
    let completion = match completed.map(|leaf| decode(&leaf)).transpose().map_err(unreadable)? {
        None => None,
        Some(entry) => match entry.content {
            Content::Completion { of, completion } if of == index => Some(completion),
            _ => return Err(AuditError::Damaged("a completion's place holds something else")),
        },
    };
    let outcome = match (&completion, record.outcome) {
        (Some(completion), _) => completion.outcome,
        (None, Outcome::Opened) => Outcome::Unknown,
        (None, outcome) => outcome,
    };
    Ok(ListedRecord { index: RecordIndex(index), record: *record, outcome, completion })
}
