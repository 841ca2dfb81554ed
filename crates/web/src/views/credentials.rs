//! Credential sets: the list in the order in which they are tried, and the forms of adding, changing,
//! ordering and removing them. A secret that was given is never shown again.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use netwarden_identity::Operation;
use netwarden_model::CredentialId;
use netwarden_operate::{CredentialEntry, CredentialWish, Desk, credential_version, order_version};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, acts, buttons, table};
use super::table::{Cell, Columns, Filters, Row, Table};
use super::visitor::Visitor;
use crate::address::{Query, inside};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const COLUMNS: Columns = &[
    ("column-position", Some("position")),
    ("column-name", Some("name")),
    ("column-kind", Some("kind")),
    ("column-changed", Some("changed_at")),
    ("column-acts", None),
];
/// The same where all sets are shown in their order.
const UNSORTED: Columns = &[
    ("column-position", None),
    ("column-name", None),
    ("column-kind", None),
    ("column-changed", None),
    ("column-acts", None),
];
const HERE: &str = "/system/credentials";
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "credentials.csv", watched: false };
const FILTERS: Filters =
    &[("text", "filter-text", None), ("kind", "column-kind", Some(("snmp", &["v3", "v2c", "v1"])))];
/// As `wire/snmp` reads them, the strongest first.
const AUTH: [(&str, &str); 5] = [
    ("SHA-512", "HMAC-SHA-512 (RFC 7860)"),
    ("SHA-384", "HMAC-SHA-384 (RFC 7860)"),
    ("SHA-256", "HMAC-SHA-256 (RFC 7860)"),
    ("SHA-224", "HMAC-SHA-224 (RFC 7860)"),
    ("SHA-1", "HMAC-SHA-1 (RFC 3414)"),
];
const PRIVACY: [(&str, &str); 5] = [
    ("AES-256", "AES-256 (Blumenthal)"),
    ("AES-192", "AES-192 (Blumenthal)"),
    ("AES-256-C", "AES-256 (Reeder, Cisco)"),
    ("AES-192-C", "AES-192 (Reeder, Cisco)"),
    ("AES-128", "AES-128 (RFC 3826)"),
];

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let page = desk.list_credentials(visitor.caller(), LISTING.wish(&query)?).await?;
        let sets = desk.credentials(visitor.caller()).await?.len();
        let section = Section {
            title: l.t("credentials"),
            about: l.t("credentials-about"),
            warnings: Vec::new(),
            buttons: adding(&desk, &visitor, HERE, sets),
            listing: LISTING,
            rows: shape::page(page, |entry| row(&desk, &visitor, &entry, HERE)),
            none: l.t("credentials-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

/// The buttons above the list; `to` is the page to which their forms lead back.
pub(super) fn adding(desk: &Desk, visitor: &Visitor, to: &str, sets: usize) -> Vec<super::endpoints::Button> {
    let at = |path: &str, kind: &str| Query::default().with("kind", kind).with("to", to).at(path);
    let order = Query::default().with("to", to).at("/system/credentials/order");
    let mut offered = vec![
        (Operation::CredentialCreate, "credential-add-v3", at("/system/new-credential", "v3"), false),
        (Operation::CredentialCreate, "credential-add-v2c", at("/system/new-credential", "v2c"), false),
    ];
    if sets > 1 {
        offered.push((Operation::CredentialModify, "credential-order", order, false));
    }
    buttons(desk, visitor, offered)
}

/// All sets in their order.
pub(super) fn listed(desk: &Desk, visitor: &Visitor, entries: &[CredentialEntry], to: &str) -> Table {
    let l = visitor.language();
    let rows = entries.iter().map(|entry| row(desk, visitor, entry, to));
    table(l, l.t("credentials"), UNSORTED, rows.collect(), l.t("credentials-none"))
}

fn row(desk: &Desk, visitor: &Visitor, entry: &CredentialEntry, to: &str) -> Row {
    let at = |verb: &str| Query::default().with("to", to).at(&format!("{HERE}/{}{verb}", entry.id.0));
    let offered = [
        (Operation::CredentialModify, "act-change", at(""), false),
        (Operation::CredentialDelete, "act-remove", at("/remove"), true),
    ];
    Row {
        cells: vec![
            Cell::Text(entry.position.to_string()),
            Cell::Text(entry.name.clone()),
            kind_of(visitor.language(), &entry.kind),
            Cell::Time(Timestamp::from_microsecond(entry.changed_at_us).ok()),
            acts(desk, visitor, &entry.name, offered),
        ],
    }
}

/// What speaks in clear is marked.
fn kind_of(l: Language, kind: &str) -> Cell {
    let in_clear = matches!(kind, "v1" | "v2c");
    if in_clear {
        return Cell::Status { word: "degraded".to_owned(), text: l.t1("credential-in-clear", "kind", kind) };
    }
    Cell::Text(format!("SNMP{kind}"))
}

fn choices(l: Language, words: &[(&str, &str)], none: &str) -> Kind {
    let none = (String::new(), l.t(none));
    let words = words.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned()));
    Kind::Choice(std::iter::once(none).chain(words).collect())
}

/// The fields of a kind's secrets; `new` where there are none yet.
fn secrets(l: Language, kind: &str, new: bool) -> Vec<Field> {
    let needed = |field: Field| if new { field.needed() } else { field };
    if kind != "v3" {
        return vec![needed(Field::new("community", l.t("credential-community"), Kind::Secret))];
    }
    let auth = Field::new("auth_protocol", l.t("credential-auth"), choices(l, &AUTH, "credential-no-auth"));
    let privacy =
        Field::new("priv_protocol", l.t("credential-priv"), choices(l, &PRIVACY, "credential-no-priv"));
    let (auth, privacy) = if new { (auth.with("SHA-256"), privacy.with("AES-128")) } else { (auth, privacy) };
    vec![
        needed(Field::new("user", l.t("credential-user"), Kind::Text)),
        auth,
        Field::new("auth_password", l.t("credential-auth-password"), Kind::Secret)
            .hinted(l.t("credential-password-hint")),
        privacy,
        Field::new("priv_password", l.t("credential-priv-password"), Kind::Secret)
            .hinted(l.t("credential-password-hint")),
        Field::new("context", l.t("credential-context"), Kind::Text).hinted(l.t("credential-context-hint")),
    ]
}

fn wish(given: &Given, kind: &str) -> CredentialWish {
    let v3 = |name: &str| given.text(name).filter(|_| kind == "v3");
    CredentialWish {
        name: given.text("name").unwrap_or_default(),
        kind: kind.to_owned(),
        community: given.secret("community").filter(|_| kind != "v3"),
        user: v3("user"),
        auth_protocol: v3("auth_protocol"),
        auth_password: given.secret("auth_password").filter(|_| kind == "v3"),
        priv_protocol: v3("priv_protocol"),
        priv_password: given.secret("priv_password").filter(|_| kind == "v3"),
        context: v3("context"),
    }
}

/// Where a form leads back to: what it carries, or its address says.
fn origin(to: Option<&str>) -> &str {
    to.map(inside).filter(|to| *to != "/").unwrap_or(HERE)
}

/// That page, with what was done.
fn back(given: &Given, done: &str) -> Response {
    let path = origin(given.get("to")).split('?').next().unwrap_or(HERE);
    led_to(&format!("{path}?done={done}"))
}

fn new_form(l: Language, kind: &str, to: &str) -> Form {
    let (kind, title, told) = match kind {
        "v2c" => ("v2c", "credential-add-v2c", "credential-v2c-told"),
        _ => ("v3", "credential-add-v3", "credential-v3-told"),
    };
    Form::new(l.t(title), l.t("act-add"), "/system/new-credential", to)
        .telling([l.t(told)])
        .carrying("kind", kind)
        .carrying("to", to)
        .asking([Field::new("name", l.t("column-name"), Kind::Text)
            .hinted(l.t("credential-name-hint"))
            .needed()])
        .asking(secrets(l, kind, true))
}

pub(crate) async fn new_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    let form = async {
        let kind = query.get("kind").unwrap_or("v3");
        Ok(new_form(visitor.language(), kind, origin(query.get("to"))))
    };
    asked(&desk, &visitor, Operation::CredentialCreate, form).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let kind = given.text("kind").unwrap_or_else(|| "v3".to_owned());
    let done = async {
        desk.create_credential(visitor.caller(), wish(&given, &kind)).await?;
        Ok(back(&given, "added"))
    };
    let form = async { Ok(new_form(visitor.language(), &kind, origin(given.get("to")))) };
    submitted(&desk, &visitor, &given, done, form).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, id: i64, to: &str) -> Result<Form, Refusal> {
    let (l, entry) = (visitor.language(), desk.credential(visitor.caller(), CredentialId(id)).await?);
    let title = l.t1("credential-change", "name", &*entry.name);
    Ok(Form::new(title, l.t("act-save"), format!("{HERE}/{id}"), to)
        .telling([l.t("credential-change-told")])
        .carrying("version", credential_version(&entry).as_str())
        .carrying("to", to)
        .asking([Field::new("name", l.t("column-name"), Kind::Text).with(&*entry.name).needed()])
        .asking(secrets(l, version_of(&entry), false))
        .asking([reason(l)]))
}

/// `v3` of `v3 user`.
fn version_of(entry: &CredentialEntry) -> &str {
    entry.kind.split(' ').next().unwrap_or_default()
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    let form = edit_form(&desk, &visitor, id, origin(query.get("to")));
    asked(&desk, &visitor, Operation::CredentialModify, form).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    given: Given,
) -> Response {
    let done = async {
        desk.permit_of(visitor.caller(), Operation::CredentialModify).await?;
        let entry = desk.credential(visitor.caller(), CredentialId(id)).await?;
        let is_new = ["community", "user", "auth_password", "priv_password"];
        let is_new = is_new.iter().any(|name| given.rest.get(*name).is_some_and(|text| !text.is_empty()));
        let change = if is_new {
            wish(&given, version_of(&entry))
        } else {
            CredentialWish { name: given.text("name").unwrap_or_default(), ..CredentialWish::default() }
        };
        let (id, expected) = (CredentialId(id), given.version());
        desk.edit_credential(visitor.caller(), id, change, &given.reason, expected).await?;
        Ok(back(&given, "changed"))
    };
    let form = edit_form(&desk, &visitor, id, origin(given.get("to")));
    submitted(&desk, &visitor, &given, done, form).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, id: i64, to: &str) -> Result<Form, Refusal> {
    let (l, entry) = (visitor.language(), desk.credential(visitor.caller(), CredentialId(id)).await?);
    let title = l.t1("credential-remove", "name", &*entry.name);
    Ok(Form::new(title, l.t("act-remove"), format!("{HERE}/{id}/remove"), to)
        .telling([l.t("credential-remove-told")])
        .carrying("version", credential_version(&entry).as_str())
        .carrying("to", to)
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    let form = remove_form(&desk, &visitor, id, origin(query.get("to")));
    asked(&desk, &visitor, Operation::CredentialDelete, form).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_credential(visitor.caller(), CredentialId(id), given.version()).await?;
        Ok(back(&given, "removed"))
    };
    let form = remove_form(&desk, &visitor, id, origin(given.get("to")));
    submitted(&desk, &visitor, &given, done, form).await
}

/// A number a set: people write 1, 2, 3, and what has the same number stays in its present order.
async fn order_form(desk: &Desk, visitor: &Visitor, to: &str) -> Result<Form, Refusal> {
    let (l, entries) = (visitor.language(), desk.credentials(visitor.caller()).await?);
    let most = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let fields = entries.iter().map(|entry| {
        let name = format!("position-{}", entry.id.0);
        Field::new(name, entry.name.clone(), Kind::Number(1, most)).with(entry.position.to_string()).needed()
    });
    Ok(Form::new(l.t("credential-order"), l.t("act-save"), "/system/credentials/order", to)
        .telling([l.t("credential-order-told")])
        .carrying("version", order_version(&entries).as_str())
        .carrying("to", to)
        .asking(fields))
}

pub(crate) async fn order_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    let form = order_form(&desk, &visitor, origin(query.get("to")));
    asked(&desk, &visitor, Operation::CredentialModify, form).await
}

pub(crate) async fn order(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        desk.permit_of(visitor.caller(), Operation::CredentialModify).await?;
        let entries = desk.credentials(visitor.caller()).await?;
        let position = |entry: &CredentialEntry| {
            given
                .text(&format!("position-{}", entry.id.0))
                .and_then(|text| text.parse().ok())
                .unwrap_or(entry.position)
        };
        let mut sorted: Vec<(i64, CredentialId)> =
            entries.iter().map(|entry| (position(entry), entry.id)).collect();
        sorted.sort_by_key(|(position, _)| *position);
        let wanted = sorted.into_iter().map(|(_, id)| id).collect();
        desk.order_credentials(visitor.caller(), wanted, given.version()).await?;
        Ok(back(&given, "changed"))
    };
    submitted(&desk, &visitor, &given, done, order_form(&desk, &visitor, origin(given.get("to")))).await
}
