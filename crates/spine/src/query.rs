//! Lists of events, newest first.

use jiff::Timestamp;
use netwarden_model::{Event, EventKind, EventSeq, NeId, Scope, Severity, Subject};
use netwarden_store::{ConnectionTrait, Listed, PAGE_LIMIT, Page, Value, query_all, scope_condition, values};

use crate::sql::{self, COLUMNS};
use crate::{SpineError, subject};

/// Which events to list; the default is all of them.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Of one of these kinds; empty for any.
    pub kinds: Vec<EventKind>,
    /// About this subject.
    pub subject: Option<Subject>,
    /// Shown by this element.
    pub ne: Option<NeId>,
    /// At least so severe.
    pub min_severity: Option<Severity>,
    /// Recorded after this time.
    pub from: Option<Timestamp>,
    /// Recorded at this time or before.
    pub to: Option<Timestamp>,
}

/// A condition on the events, with its values in the order of its `?`.
type Part = (String, Vec<Value>);

/// Reads a page of what `query` describes and `scope` allows.
pub(crate) async fn list<C: ConnectionTrait>(
    connection: &C,
    query: &EventQuery,
    scope: &Scope,
    page: &Page,
) -> Result<Listed<Event>, SpineError> {
    let limit = page.limit.clamp(1, PAGE_LIMIT);
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let parts = conditions(connection, query, scope, page).await?;
    let mut found = Vec::new();
    if query.kinds.is_empty() {
        found = read(connection, &parts, None, limit + 1).await?;
    } else {
        // One read per kind: each comes from the index on (kind, seq) in order and stops at the limit,
        // where a condition with IN would walk the whole log for rare kinds.
        let mut kinds = query.kinds.clone();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            found.extend(read(connection, &parts, Some(kind), limit + 1).await?);
        }
        found.sort_unstable_by_key(|event| std::cmp::Reverse(event.seq));
    }
    let more = found.len() > wanted;
    found.truncate(wanted);
    let next = found.last().filter(|_| more).map(|event| event.seq.to_string());
    Ok(Listed { items: found, next })
}

async fn conditions<C: ConnectionTrait>(
    connection: &C,
    query: &EventQuery,
    scope: &Scope,
    page: &Page,
) -> Result<Vec<Part>, SpineError> {
    let mut parts: Vec<Part> = Vec::new();
    // Not from the index on (ne, seq): of many elements it would have to sort all that they ever showed.
    if let Some(condition) = scope_condition("+ne", scope) {
        parts.push((condition, Vec::new()));
    }
    if let Some(after) = &page.after {
        let seq: i64 = after.parse().map_err(|_| SpineError::BadCursor(after.chars().take(40).collect()))?;
        parts.push(("seq < ?".into(), values![seq].into()));
    }
    // Times become places, which are the key.
    if let Some(from) = query.from {
        let EventSeq(seq) = sql::seq_at(connection, from).await?;
        parts.push(("seq > ?".into(), values![seq].into()));
    }
    if let Some(to) = query.to {
        let EventSeq(seq) = sql::seq_at(connection, to).await?;
        parts.push(("seq <= ?".into(), values![seq].into()));
    }
    if let Some(about) = &query.subject {
        parts.push(("subject = ?".into(), values![subject::encode(about)].into()));
    }
    if let Some(NeId(ne)) = query.ne {
        parts.push(("ne = ?".into(), values![ne].into()));
    }
    if let Some(severity) = query.min_severity {
        // As the partial indexes have it, whose condition the databases must find in the text.
        let noted = match (severity, query.ne) {
            (Severity::Info, _) => "",
            (Severity::Minor | Severity::Major | Severity::Critical, Some(_)) => "severity >= 2 AND ",
            _ => "severity >= 1 AND ",
        };
        parts.push((format!("{noted}severity >= ?"), values![sql::severity_code(severity)].into()));
    }
    Ok(parts)
}

async fn read<C: ConnectionTrait>(
    connection: &C,
    parts: &[Part],
    kind: Option<EventKind>,
    limit: u64,
) -> Result<Vec<Event>, SpineError> {
    let mut text = String::new();
    let mut values = Vec::new();
    let kind = kind.map(|kind| ("kind = ?".to_owned(), values![kind.code()].to_vec()));
    for (condition, bound) in parts.iter().chain(&kind) {
        text.push_str(if text.is_empty() { " WHERE " } else { " AND " });
        // A condition has at most one placeholder.
        text.push_str(&condition.replace('?', &format!("${}", values.len() + 1)));
        values.extend(bound.iter().cloned());
    }
    let sql = format!("SELECT {COLUMNS} FROM spine_events{text} ORDER BY seq DESC LIMIT {limit}");
    sql::events(&query_all(connection, sql, values).await?)
}
