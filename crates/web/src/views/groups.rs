//! Groups of endpoints: what they are for, and how long their members may be silent.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, Group, GroupEdit, ShownGroup};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/groups";
const NEW: &str = "/system/new-group";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-meaning", Some("description")),
    ("column-silence", None),
    ("column-endpoints", None),
    ("column-acts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "groups.csv", watched: false };
const FILTERS: Filters = &[("text", "filter-text", None)];
/// Seconds that REST takes: 10 s to 30 days.
const SILENCE: Kind = Kind::Number(10, 30 * 86_400);

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let groups = desk.list_groups(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(groups, |shown| {
            let name = &shown.group.name;
            let offered = [
                (Operation::GroupModify, "act-change", address(name), false),
                (Operation::GroupDelete, "act-remove", format!("{}/remove", address(name)), true),
            ];
            let members = Query::default().with("group", name).at("/endpoints");
            Row {
                cells: vec![
                    Cell::Link { text: name.clone(), href: members },
                    Cell::Text(shown.group.description.clone()),
                    Cell::text(shown.group.offline_after_s.map(|silence| format!("{silence} s"))),
                    Cell::Text(shown.endpoints.to_string()),
                    acts(&desk, &visitor, name, offered),
                ],
            }
        });
        let section = Section {
            title: l.t("groups"),
            about: l.t("groups-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, [(Operation::GroupCreate, "group-add", NEW.to_owned(), false)]),
            listing: LISTING,
            rows,
            none: l.t("groups-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn fields(l: Language, group: Option<&ShownGroup>) -> Vec<Field> {
    let description = group.map(|shown| shown.group.description.clone()).unwrap_or_default();
    let silence = group.and_then(|shown| shown.group.offline_after_s);
    vec![
        Field::new("description", l.t("column-meaning"), Kind::Text).with(description),
        Field::new("offline_after_s", l.t("field-silence"), SILENCE)
            .with(silence.map(|silence| silence.to_string()).unwrap_or_default())
            .hinted(l.t("field-silence-hint")),
    ]
}

fn new_form(l: Language) -> Form {
    Form::new(l.t("group-add"), l.t("act-add"), NEW, HERE)
        .asking([Field::new("name", l.t("column-name"), Kind::Text).needed()])
        .asking(fields(l, None))
        .asking([reason(l)])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    let form = async { Ok(new_form(visitor.language())) };
    asked(&desk, &visitor, Operation::GroupCreate, form).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let group = Group {
            name: given.text("name").unwrap_or_default(),
            description: given.text("description").unwrap_or_default(),
            offline_after_s: given.seconds("offline_after_s")?,
        };
        desk.create_group(visitor.caller(), group, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    let form = async { Ok(new_form(visitor.language())) };
    submitted(&desk, &visitor, &given, done, form).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let (l, shown) = (visitor.language(), desk.group(visitor.caller(), name).await?);
    Ok(Form::new(l.t1("group-change", "name", name), l.t("act-save"), address(name), HERE)
        .carrying("version", shown.version.as_str())
        .asking(fields(l, Some(&shown)))
        .asking([reason(l)]))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::GroupModify, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let edit = GroupEdit {
            description: Some(given.text("description").unwrap_or_default()),
            offline_after_s: Some(given.seconds("offline_after_s")?),
            expected: given.version(),
        };
        desk.edit_group(visitor.caller(), &name, edit, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let (l, shown) = (visitor.language(), desk.group(visitor.caller(), name).await?);
    let action = format!("{}/remove", address(name));
    Ok(Form::new(l.t1("group-remove", "name", name), l.t("act-remove"), action, HERE)
        .telling([l.t("group-remove-told")])
        .carrying("version", shown.version.as_str())
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::GroupDelete, remove_form(&desk, &visitor, &name)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_group(visitor.caller(), &name, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, &name)).await
}
