//! The blocklist: who is denied what, until when and why.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::SignedDuration;
use netwarden_identity::{ListedKind, Operation};
use netwarden_operate::{BlockWish, Desk, ListedEntry, OperateError, Said};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/blocklist";
const NEW: &str = "/system/new-blocklist-entry";
/// Hours that an entry can be made for on the page: ten years.
const MOST_HOURS: i64 = 87_600;
const COLUMNS: Columns = &[
    ("column-kind", Some("kind")),
    ("column-who", Some("who")),
    ("column-denied", None),
    ("column-status", None),
    ("column-ends", Some("ends")),
    ("column-reason", None),
    ("column-made-by", Some("made_by")),
    ("column-acts", None),
];
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("kind", "column-kind", Some(("listed-kind", &["user", "address", "tenant", "source", "device"]))),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "blocklist.csv", watched: false };

/// What is denied, in words where there are some.
fn denied(l: Language, entry: &ListedEntry) -> String {
    let word = |name: &String| match name.as_str() {
        "everything" | "notifications" | "network" => l.word("denied", name),
        _ => name.clone(),
    };
    entry.denies.iter().map(word).collect::<Vec<_>>().join(", ")
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, now) = (visitor.language(), desk.clock.now());
        let listed = desk.blocklist(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(listed, |entry| {
            let (word, key) = match entry.ends {
                Some(ends) if ends <= now => ("off", "entry-ended"),
                _ => ("denied", "entry-holds"),
            };
            let remove =
                (Operation::BlocklistRemove, "act-remove", format!("{HERE}/{}/remove", entry.id), true);
            Row {
                cells: vec![
                    Cell::Text(l.word("listed-kind", &entry.kind)),
                    Cell::Text(entry.who.clone()),
                    Cell::Text(denied(l, &entry)),
                    Cell::Status { word: word.to_owned(), text: l.t(key) },
                    Cell::Time(entry.ends),
                    Cell::Text(entry.reason.clone()),
                    Cell::Text(entry.made_by.clone()),
                    acts(&desk, &visitor, &entry.who, [remove]),
                ],
            }
        });
        let section = Section {
            title: l.t("blocklist"),
            about: l.t("blocklist-about"),
            warnings: Vec::new(),
            buttons: buttons(
                &desk,
                &visitor,
                [(Operation::BlocklistAdd, "entry-add", NEW.to_owned(), false)],
            ),
            listing: LISTING,
            rows,
            none: l.t("blocklist-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn new_form(visitor: &Visitor) -> Form {
    let l = visitor.language();
    let kinds = ListedKind::ALL.map(|kind| (kind.as_str().to_owned(), l.word("listed-kind", kind.as_str())));
    Form::new(l.t("entry-add"), l.t("act-add"), NEW, HERE).telling([l.t("entry-add-told")]).asking([
        Field::new("kind", l.t("column-kind"), Kind::Choice(kinds.to_vec())).with(ListedKind::User.as_str()),
        Field::new("who", l.t("column-who"), Kind::Text).hinted(l.t("entry-who-hint")).needed(),
        Field::new("denies", l.t("column-denied"), Kind::Text)
            .with("everything")
            .hinted(l.t("entry-denies-hint")),
        Field::new("hours", l.t("entry-hours"), Kind::Number(1, MOST_HOURS)).hinted(l.t("entry-hours-hint")),
        reason(l),
    ])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::BlocklistAdd, async { Ok(new_form(&visitor)) }).await
}

/// When an entry ends that is made for so many hours.
fn ends(desk: &Desk, given: &Given) -> Result<Option<jiff::Timestamp>, OperateError> {
    let Some(text) = given.text("hours") else { return Ok(None) };
    let hours = text.parse().ok().filter(|hours| (1..=MOST_HOURS).contains(hours));
    let wrong = || Said::IsNo {
        column: "hours".to_owned(),
        given: text.chars().take(32).collect(),
        what: Said::WholeNumber.into(),
    };
    let hours = hours.ok_or_else(|| OperateError::Invalid(wrong()))?;
    Ok(desk.clock.now().checked_add(SignedDuration::from_hours(hours)).ok())
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        desk.permit_some(visitor.caller(), Operation::BlocklistAdd).await?;
        let kind = given.text("kind").unwrap_or_default();
        let denies = given.words("denies").unwrap_or_default();
        let who = given.text("who").unwrap_or_default();
        let wish = BlockWish { kind, who, denies, ends: ends(&desk, &given)? };
        desk.block_listed(visitor.caller(), wish, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    submitted(&desk, &visitor, &given, done, async { Ok(new_form(&visitor)) }).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, entry: i64) -> Result<Form, Refusal> {
    let l = visitor.language();
    let entry = desk.blocklist_entry(visitor.caller(), entry).await?;
    let action = format!("{HERE}/{}/remove", entry.id);
    Ok(Form::new(l.t1("entry-remove", "who", entry.who.clone()), l.t("act-remove"), action, HERE)
        .telling([l.t("entry-remove-told"), entry.reason])
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(entry): Place<i64>,
) -> Response {
    asked(&desk, &visitor, Operation::BlocklistRemove, remove_form(&desk, &visitor, entry)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(entry): Place<i64>,
    given: Given,
) -> Response {
    let done = async {
        desk.unblock_listed(visitor.caller(), entry, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, entry)).await
}
