//! Lists of events, newest first unless the oldest are wanted.

use jiff::Timestamp;
use netwarden_model::{Event, EventKind, EventSeq, NeId, Scope, Severity, Subject};
use netwarden_store::{
    ConnectionTrait, Listed, PAGE_LIMIT, Page, StoreError, Value, query_all, scope_condition, values,
};

use crate::sql::{self, COLUMNS};
use crate::{SpineError, subject};

/// One of several things that events may be about; each has an index of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// About this subject.
    Subject(Subject),
    /// Shown by this element.
    Ne(NeId),
    /// Of this kind.
    Kind(EventKind),
}

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
    /// About at least one of these; None for anything. Each is one read from an index that stops at the page's
    /// limit, so that what it costs does not grow with the log.
    pub about: Option<Vec<About>>,
    /// The oldest first.
    pub oldest_first: bool,
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
    let order = if query.oldest_first { "ASC" } else { "DESC" };
    let mut found = Vec::new();
    let mut alternatives = alternatives(query);
    if let [only] = alternatives.as_mut_slice() {
        let only = std::mem::take(only);
        found = read(connection, &[parts, only].concat(), order, limit + 1).await?;
    } else {
        // One read for each: it comes from the index in order and stops at the limit, where a condition with
        // IN would walk the whole log for what is rare. Only places are read, and the events of the page then.
        let mut places = Vec::new();
        for alternative in alternatives {
            let parts = [parts.clone(), alternative].concat();
            places.extend(read_places(connection, &parts, order, limit + 1).await?);
        }
        places.sort_unstable();
        places.dedup();
        if !query.oldest_first {
            places.reverse();
        }
        places.truncate(wanted + 1);
        if !places.is_empty() {
            let places = places.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            let these: Part = (format!("seq IN ({places})"), Vec::new());
            found = read(connection, &[these], order, limit + 1).await?;
        }
    }
    let more = found.len() > wanted;
    found.truncate(wanted);
    let next = found.last().filter(|_| more).map(|event| event.seq.to_string());
    Ok(Listed { items: found, next })
}

/// What is read one after the other: each of the kinds, or each of the things that events may be about, of
/// which then only the kinds that are wanted. There are never more of them than kinds or things.
fn alternatives(query: &EventQuery) -> Vec<Vec<Part>> {
    let mut kinds = query.kinds.clone();
    kinds.sort_unstable();
    kinds.dedup();
    let of_kind = |kind: EventKind| -> Part { ("kind = ?".into(), values![kind.code()].into()) };
    let Some(all) = &query.about else {
        return match kinds.is_empty() {
            true => vec![Vec::new()],
            false => kinds.into_iter().map(|kind| vec![of_kind(kind)]).collect(),
        };
    };
    // Not from the index on kinds: what one thing has shown is less than all that is of a kind.
    let of_kinds = || -> Option<Part> {
        let codes = kinds.iter().map(|kind| kind.code().to_string()).collect::<Vec<_>>().join(", ");
        (!kinds.is_empty()).then(|| (format!("+kind IN ({codes})"), Vec::new()))
    };
    let of = |condition: &str, value: Value| -> Vec<Part> {
        std::iter::once((condition.to_owned(), vec![value])).chain(of_kinds()).collect()
    };
    let about = all.iter().filter_map(|about| match about {
        About::Subject(about) => Some(of("subject = ?", subject::encode(about).into())),
        About::Ne(NeId(ne)) => Some(of("ne = ?", (*ne).into())),
        About::Kind(kind) => (kinds.is_empty() || kinds.contains(kind)).then(|| vec![of_kind(*kind)]),
    });
    about.collect()
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
        let beyond = if query.oldest_first { "seq > ?" } else { "seq < ?" };
        parts.push((beyond.into(), values![seq].into()));
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
    order: &str,
    limit: u64,
) -> Result<Vec<Event>, SpineError> {
    let (text, values) = condition(parts);
    let sql = format!("SELECT {COLUMNS} FROM spine_events{text} ORDER BY seq {order} LIMIT {limit}");
    sql::events(&query_all(connection, sql, values).await?)
}

/// Only where the events are in the log.
async fn read_places<C: ConnectionTrait>(
    connection: &C,
    parts: &[Part],
    order: &str,
    limit: u64,
) -> Result<Vec<i64>, SpineError> {
    let (text, values) = condition(parts);
    let sql = format!("SELECT seq FROM spine_events{text} ORDER BY seq {order} LIMIT {limit}");
    let rows = query_all(connection, sql, values).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0).map_err(StoreError::from)?)).collect()
}

fn condition(parts: &[Part]) -> (String, Vec<Value>) {
    let mut text = String::new();
    let mut values = Vec::new();
    for (condition, bound) in parts {
        text.push_str(if text.is_empty() { " WHERE " } else { " AND " });
        // A condition has at most one placeholder.
        text.push_str(&condition.replace('?', &format!("${}", values.len() + 1)));
        values.extend(bound.iter().cloned());
    }
    (text, values)
}
