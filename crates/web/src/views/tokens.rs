//! Tokens of programs (IAM-17): one's own, made and revoked, and everybody's for those who keep the accounts.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{Access, Operation, Plane, Token};
use netwarden_operate::{Desk, ListedToken, OperateError, Said, TokenFor};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind};
use super::frame::{answered, led_to};
use super::language::Language;
use super::roles::{given_by_roles, ticked, ticks};
use super::section::{Listing, Section, Told, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::shape;

const OWN: &str = "/own/tokens";
const NEW: &str = "/own/tokens/new";
const ALL: &str = "/system/tokens";
/// Days that a token lasts where nothing else is said, as on the command line.
const USUAL_DAYS: u16 = 90;
const MOST_DAYS: u16 = 366;

const OWN_COLUMNS: Columns = &[
    ("column-label", Some("label")),
    ("column-status", None),
    ("column-operations", None),
    ("column-last-used", None),
    ("column-ends", Some("expires")),
    ("column-acts", None),
];
const ALL_COLUMNS: Columns = &[
    ("column-user", None),
    ("column-label", Some("label")),
    ("column-status", None),
    ("column-operations", None),
    ("column-last-used", None),
    ("column-ends", Some("expires")),
    ("column-acts", None),
];
const FILTERS: Filters = &[("text", "filter-text", None)];
const OWN_LISTING: &Listing =
    &Listing { path: OWN, columns: OWN_COLUMNS, filters: FILTERS, file: "tokens.csv", watched: false };
const ALL_LISTING: &Listing =
    &Listing { path: ALL, columns: ALL_COLUMNS, filters: FILTERS, file: "tokens.csv", watched: false };

/// Whose tokens a page shows, and what it calls them.
struct Whose {
    is_everybodys: bool,
    listing: &'static Listing,
    revoke: Operation,
    title: &'static str,
    about: &'static str,
    none: &'static str,
}

const MINE: Whose = Whose {
    is_everybodys: false,
    listing: OWN_LISTING,
    revoke: Operation::TokenRevokeOwn,
    title: "own-tokens",
    about: "own-tokens-about",
    none: "own-tokens-none",
};
const EVERYBODYS: Whose = Whose {
    is_everybodys: true,
    listing: ALL_LISTING,
    revoke: Operation::TokenRevoke,
    title: "tokens",
    about: "tokens-about",
    none: "tokens-none",
};

/// All of them where it was made for whatever its owner may do.
fn operations_text(l: Language, operations: &BTreeSet<Operation>) -> String {
    const MOST: usize = 4;
    let of_roles = netwarden_identity::OPERATIONS
        .iter()
        .filter(|line| matches!(line.access, Access::Roles(_)))
        .all(|line| operations.contains(&line.operation));
    if of_roles {
        return l.t("token-all");
    }
    let names: Vec<&str> = operations.iter().take(MOST).map(|operation| operation.name()).collect();
    match operations.len().saturating_sub(MOST) {
        0 => names.join(", "),
        more => l.with("token-and-more", &[("names", names.join(", ").into()), ("count", more.into())]),
    }
}

/// What it may be used for, and where.
fn good_for(l: Language, token: &Token) -> String {
    let operations = operations_text(l, &token.operations);
    if token.domains.is_empty() {
        return operations;
    }
    let domains = token.domains.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    l.with("token-confined", &[("operations", operations.into()), ("domains", domains.into())])
}

fn row(desk: &Desk, visitor: &Visitor, (token, user): &ListedToken, whose: &Whose) -> Row {
    let (l, here) = (visitor.language(), whose.listing.path);
    let (word, key) = match (token.revoked, token.expires <= desk.clock.now()) {
        (Some(_), _) => ("off", "token-revoked"),
        (None, true) => ("off", "token-ended"),
        (None, false) => ("ok", "token-good"),
    };
    let offered =
        (word == "ok").then(|| (whose.revoke, "token-revoke", format!("{here}/{}/revoke", token.id), true));
    let owner = whose.is_everybodys.then(|| Cell::Text(user.clone()));
    let rest = [
        Cell::Text(token.label.clone()),
        Cell::Status { word: word.to_owned(), text: l.t(key) },
        Cell::Text(good_for(l, token)),
        Cell::Time(token.last_used),
        Cell::Time(Some(token.expires)),
        acts(desk, visitor, &token.label, offered),
    ];
    Row { cells: owner.into_iter().chain(rest).collect() }
}

pub(crate) async fn own(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    listed(&desk, &visitor, query, &MINE).await
}

pub(crate) async fn all(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    listed(&desk, &visitor, query, &EVERYBODYS).await
}

async fn listed(desk: &Desk, visitor: &Visitor, query: Option<String>, whose: &Whose) -> Response {
    let query = Query::of(query.as_deref());
    answered(desk, visitor, async {
        let l = visitor.language();
        let wish = whose.listing.wish(&query)?;
        let listed = desk.tokens(visitor.caller(), whose.is_everybodys, wish).await?;
        let rows = shape::page(listed, |token| row(desk, visitor, &token, whose));
        let add =
            (!whose.is_everybodys).then(|| (Operation::TokenCreateOwn, "token-add", NEW.to_owned(), false));
        let section = Section {
            title: l.t(whose.title),
            about: l.t(whose.about),
            warnings: Vec::new(),
            buttons: buttons(desk, visitor, add),
            listing: whose.listing,
            rows,
            none: l.t(whose.none),
        };
        section.shown(desk, visitor, &query).await
    })
    .await
}

/// What is ticked for a token that does whatever its owner may.
const EVERYTHING: &str = "everything";

fn new_form(desk: &Desk, visitor: &Visitor) -> Form {
    let l = visitor.language();
    // What one may not do oneself, no token of one's own may.
    let mut offered = given_by_roles(visitor.caller().plane());
    offered.retain(|line| visitor.may(desk, line.operation));
    Form::new(l.t("token-add"), l.t("act-add"), NEW, OWN)
        .telling([l.t("token-add-told")])
        .asking([
            Field::new("name", l.t("column-label"), Kind::Text).hinted(l.t("token-label-hint")).needed(),
            Field::new("days", l.t("token-days"), Kind::Number(1, MOST_DAYS.into()))
                .with(USUAL_DAYS.to_string())
                .needed(),
            Field::new("domains", l.t("token-domains"), Kind::Text).hinted(l.t("token-domains-hint")),
            Field::new(EVERYTHING, l.t("token-all"), Kind::Tick),
        ])
        .asking(ticks(l, offered, &BTreeSet::new()))
}

/// What the token is for. Nothing ticked is nothing: only who says so gets a token for everything.
fn wanted(plane: Plane, given: &Given) -> Result<BTreeSet<Operation>, OperateError> {
    if given.text(EVERYTHING).is_some() {
        return Ok(BTreeSet::new());
    }
    let ticked = ticked(given_by_roles(plane), given);
    let operations: BTreeSet<Operation> = ticked.iter().filter_map(|name| name.parse().ok()).collect();
    if operations.is_empty() {
        return Err(OperateError::Invalid(Said::TokenForNothing));
    }
    Ok(operations)
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::TokenCreateOwn, async { Ok(new_form(&desk, &visitor)) }).await
}

/// Makes it; the secret is shown this once.
pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let l = visitor.language();
        let label = given.text("name").unwrap_or_default();
        // What is no number of days is none that a token takes.
        let days = given.text("days").and_then(|days| days.parse().ok()).unwrap_or(0);
        let wish = TokenFor {
            label: label.clone(),
            operations: wanted(visitor.caller().plane(), &given)?,
            domains: given.words("domains").unwrap_or_default(),
            days,
        };
        let (made, ends) = desk.create_token(visitor.caller(), wish).await?;
        let told = Told {
            title: l.t1("token-made-title", "name", label),
            good: true,
            text: l.t1("token-made", "until", ends.strftime("%Y-%m-%d %H:%M UTC").to_string()),
            once: made.secret.to_string(),
            back: (OWN.to_owned(), l.t("own-tokens")),
        };
        told.shown(&desk, &visitor).await
    };
    submitted(&desk, &visitor, &given, done, async { Ok(new_form(&desk, &visitor)) }).await
}

fn revoke_form(visitor: &Visitor, token: i64, here: &str) -> Form {
    let l = visitor.language();
    Form::new(l.t("token-revoke-title"), l.t("token-revoke"), format!("{here}/{token}/revoke"), here)
        .telling([l.t("token-revoke-told")])
        .dangerous()
}

async fn asked_to_revoke(desk: &Desk, visitor: &Visitor, token: i64, whose: &Whose) -> Response {
    let form = async { Ok(revoke_form(visitor, token, whose.listing.path)) };
    asked(desk, visitor, whose.revoke, form).await
}

async fn revoked(desk: &Desk, visitor: &Visitor, token: i64, given: &Given, whose: &Whose) -> Response {
    let here = whose.listing.path;
    let done = async {
        desk.revoke_token(visitor.caller(), token).await?;
        Ok(led_to(&format!("{here}?done=removed")))
    };
    submitted(desk, visitor, given, done, async { Ok(revoke_form(visitor, token, here)) }).await
}

pub(crate) async fn revoke_own_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(token): Place<i64>,
) -> Response {
    asked_to_revoke(&desk, &visitor, token, &MINE).await
}

pub(crate) async fn revoke_own(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(token): Place<i64>,
    given: Given,
) -> Response {
    revoked(&desk, &visitor, token, &given, &MINE).await
}

pub(crate) async fn revoke_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(token): Place<i64>,
) -> Response {
    asked_to_revoke(&desk, &visitor, token, &EVERYBODYS).await
}

pub(crate) async fn revoke(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(token): Place<i64>,
    given: Given,
) -> Response {
    revoked(&desk, &visitor, token, &given, &EVERYBODYS).await
}
