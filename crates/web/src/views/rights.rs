//! Rights: every operation, who may do it, and what an account may do.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{Access, Grant, Operation};
use netwarden_operate::{Count, Counted, Desk, ListWish};

use super::frame::answered;
use super::language::Language;
use super::roles::{grant_text, role_text};
use super::section::{Listing, Section, acts};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::refusal::Refusal;
use crate::shape;

/// Where it stands what an account may do.
pub(super) fn rights_of(account: &str) -> String {
    format!("{}?account={}", RIGHT_LISTING.path, escaped(account))
}

/// Kinds of objects as filters offer them.
const OBJECTS: &[&str] = &[
    "adoption",
    "audit",
    "backup",
    "blocklist",
    "channel",
    "chart",
    "credential",
    "domain",
    "endpoint",
    "enforcement",
    "event",
    "factor",
    "group",
    "job",
    "name_source",
    "ne",
    "parameter",
    "policy",
    "port",
    "probe",
    "role",
    "rule",
    "session",
    "system",
    "tenant",
    "token",
    "user",
];
const OPERATION_COLUMNS: Columns = &[
    ("column-operation", Some("name")),
    ("column-object", Some("object")),
    ("column-effect", Some("change")),
    ("column-roles", None),
    ("column-acts", None),
];
const OPERATION_LISTING: &Listing = &Listing {
    path: "/system/operations",
    columns: OPERATION_COLUMNS,
    filters: OPERATION_FILTERS,
    file: "operations.csv",
    watched: false,
};
const OPERATION_FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("object", "column-object", Some(("object", OBJECTS))),
    ("change", "filter-change", Some(("truth", &["true", "false"]))),
];

fn effect(l: Language, change: bool) -> Cell {
    Cell::Text(l.t(if change { "effect-changes" } else { "effect-reads" }))
}

fn named(l: Language, grants: &[Grant]) -> String {
    grants.iter().map(|grant| grant_text(l, grant)).collect::<Vec<_>>().join(", ")
}

/// Every operation, with the built-in roles that give it.
pub(crate) async fn operations(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.list_operations(visitor.caller(), OPERATION_LISTING.wish(&query)?).await?;
        let rows = shape::page(listed, |line| {
            let through = match line.access {
                Access::Anyone => l.t("access-anyone"),
                Access::Own => l.t("access-own"),
                Access::Roles(roles) => {
                    roles.iter().map(|role| role_text(l, role)).collect::<Vec<_>>().join(", ")
                }
            };
            let who = format!("{}?operation={}", HOLDER_LISTING.path, escaped(line.name));
            let offered = match line.access {
                Access::Roles(_) => vec![(Operation::UserRead, "operation-who", who, false)],
                Access::Anyone | Access::Own => Vec::new(),
            };
            Row {
                cells: vec![
                    Cell::Code(line.name.to_owned()),
                    Cell::Text(l.word("object", line.object.as_str())),
                    effect(l, line.change),
                    Cell::Text(through),
                    acts(&desk, &visitor, line.name, offered),
                ],
            }
        });
        let section = Section {
            title: l.t("operations"),
            about: l.t("operations-about"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: OPERATION_LISTING,
            rows,
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

const HOLDER_COLUMNS: Columns =
    &[("column-user", Some("user")), ("column-status", Some("enabled")), ("column-through", None)];
const HOLDER_LISTING: &Listing = &Listing {
    path: "/system/operation-users",
    columns: HOLDER_COLUMNS,
    filters: &[
        ("operation", "column-operation", None),
        ("domain", "filter-domain", None),
        ("text", "filter-text", None),
    ],
    file: "holders.csv",
    watched: false,
};

/// What a list is about, by the filter `whose`, and what else is wished of it.
fn asked_about(listing: &Listing, query: &Query, whose: &str) -> Result<(Option<String>, ListWish), Refusal> {
    let mut wish = listing.wish(query)?;
    wish.filters.retain(|(filter, _)| filter != whose);
    Ok((query.get(whose).map(str::to_owned), wish))
}

/// A list of nothing, for those who may read accounts.
async fn nothing<T>(desk: &Desk, visitor: &Visitor) -> Result<Counted<T>, Refusal> {
    desk.permit_of(visitor.caller(), Operation::UserRead).await?;
    Ok(Counted { items: Vec::new(), next: None, count: Count::Exact(0) })
}

/// Who may do an operation.
pub(crate) async fn holders(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let (name, wish) = asked_about(HOLDER_LISTING, &query, "operation")?;
        // Without an operation nobody is listed, until one is written into the filter.
        let listed = match &name {
            Some(name) => desk.who_may(visitor.caller(), name, wish).await?,
            None => nothing(&desk, &visitor).await?,
        };
        let rows = shape::page(listed, |holder| {
            let (word, key) = if holder.enabled { ("ok", "account-on") } else { ("disabled", "account-off") };
            Row {
                cells: vec![
                    Cell::Text(holder.user),
                    Cell::Status { word: word.to_owned(), text: l.t(key) },
                    Cell::Text(named(l, &holder.through)),
                ],
            }
        });
        let section = Section {
            title: l.t1("operation-who-title", "operation", name.unwrap_or_else(|| "…".to_owned())),
            about: l.t("operation-who-about"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: HOLDER_LISTING,
            rows,
            none: l.t("operation-nobody"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

const RIGHT_COLUMNS: Columns = &[
    ("column-operation", Some("operation")),
    ("column-object", Some("object")),
    ("column-effect", Some("change")),
    ("column-through", None),
];
const RIGHT_LISTING: &Listing = &Listing {
    path: "/system/account-rights",
    columns: RIGHT_COLUMNS,
    filters: &[
        ("account", "column-user", None),
        ("text", "filter-text", None),
        ("object", "column-object", Some(("object", OBJECTS))),
        ("change", "filter-change", Some(("truth", &["true", "false"]))),
    ],
    file: "rights.csv",
    watched: false,
};

/// What an account may do, and through which of its roles.
pub(crate) async fn rights(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let (name, wish) = asked_about(RIGHT_LISTING, &query, "account")?;
        let listed = match &name {
            Some(name) => desk.list_rights(visitor.caller(), name, wish).await?,
            None => nothing(&desk, &visitor).await?,
        };
        let rows = shape::page(listed, |right| {
            let through = if right.through.is_empty() { l.t("access-own") } else { named(l, &right.through) };
            Row {
                cells: vec![
                    Cell::Code(right.operation.name().to_owned()),
                    Cell::Text(l.word("object", right.operation.object().as_str())),
                    effect(l, right.operation.is_change()),
                    Cell::Text(through),
                ],
            }
        });
        let section = Section {
            title: l.t1("rights-title", "name", name.unwrap_or_else(|| "…".to_owned())),
            about: l.t("rights-about"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: RIGHT_LISTING,
            rows,
            none: l.t("rights-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use netwarden_identity::OPERATIONS;

    use super::OBJECTS;

    #[test]
    fn every_object_that_something_is_done_to_can_be_filtered_by() {
        let objects: BTreeSet<&str> = OPERATIONS.iter().map(|line| line.object.as_str()).collect();
        assert_eq!(OBJECTS.iter().copied().collect::<BTreeSet<_>>(), objects);
    }
}
