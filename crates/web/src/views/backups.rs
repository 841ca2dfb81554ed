//! Copies of the database, and the verification of the audit trail: started here, their jobs say the rest.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use netwarden_identity::Operation;
use netwarden_operate::Desk;

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
use crate::stream::octets;

const HERE: &str = "/system/backups";
const NEW: &str = "/system/new-backup";
const VERIFY: &str = "/system/verify-trail";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-time", Some("made_at")),
    ("column-octets", Some("octets")),
    ("column-acts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "backups.csv", watched: false };
const FILTERS: Filters = &[("text", "filter-text", None)];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let may_take = visitor.may(&desk, Operation::BackupDownload);
        let backups = desk.list_backups(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(backups, |backup| {
            let remove = format!("{}/remove", address(&backup.name));
            let name = backup.name.clone();
            Row {
                cells: vec![
                    match may_take {
                        true => Cell::Link { text: name, href: address(&backup.name) },
                        false => Cell::Text(name),
                    },
                    Cell::Time(Some(backup.made)),
                    Cell::Text(backup.octets.to_string()),
                    acts(
                        &desk,
                        &visitor,
                        &backup.name,
                        [(Operation::BackupDelete, "act-remove", remove, true)],
                    ),
                ],
            }
        });
        let offered = [
            (Operation::BackupCreate, "backup-start", NEW.to_owned(), false),
            (Operation::AuditVerify, "verify-start", VERIFY.to_owned(), false),
        ];
        let section = Section {
            title: l.t("backups"),
            about: l.t("backups-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, offered),
            listing: LISTING,
            rows,
            none: l.t("backups-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn new_form(l: Language) -> Form {
    Form::new(l.t("backup-start"), l.t("backup-start"), NEW, HERE)
        .telling([l.t("backup-told")])
        .asking([Field::new("name", l.t("column-name"), Kind::Text).hinted(l.t("backup-name-hint"))])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    let form = async { Ok(new_form(visitor.language())) };
    asked(&desk, &visitor, Operation::BackupCreate, form).await
}

/// Starts a backup; its job says how it goes and what came of it.
pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let id = desk.create_backup(visitor.caller(), given.text("name")).await?;
        Ok(led_to(&format!("/jobs/{id}")))
    };
    let form = async { Ok(new_form(visitor.language())) };
    submitted(&desk, &visitor, &given, done, form).await
}

pub(crate) async fn download(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        let (backup, file) = desk.open_backup(visitor.caller(), &name).await?;
        let headers = [
            (header::CONTENT_TYPE, "application/vnd.sqlite3".to_owned()),
            (header::CONTENT_LENGTH, backup.octets.to_string()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.db\"", backup.name)),
        ];
        Ok((headers, Body::from_stream(octets(file, None))).into_response())
    })
    .await
}

fn remove_form(l: Language, name: &str) -> Form {
    let action = format!("{}/remove", address(name));
    Form::new(l.t1("backup-remove", "name", name), l.t("act-remove"), action, HERE)
        .telling([l.t("backup-remove-told")])
        .asking([reason(l)])
        .dangerous()
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    let form = async { Ok(remove_form(visitor.language(), &name)) };
    asked(&desk, &visitor, Operation::BackupDelete, form).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_backup(visitor.caller(), &name, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    let form = async { Ok(remove_form(visitor.language(), &name)) };
    submitted(&desk, &visitor, &given, done, form).await
}

async fn verify_form(desk: &Desk, visitor: &Visitor) -> Result<Form, Refusal> {
    let (l, key) = (visitor.language(), desk.audit_key(visitor.caller()).await?);
    Ok(Form::new(l.t("verify-start"), l.t("verify-start"), VERIFY, HERE)
        .telling([l.t("verify-told"), l.t1("verify-key", "key", key)]))
}

pub(crate) async fn verify_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::AuditVerify, verify_form(&desk, &visitor)).await
}

pub(crate) async fn verify(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let id = desk.verify_audit(visitor.caller()).await?;
        Ok(led_to(&format!("/jobs/{id}")))
    };
    submitted(&desk, &visitor, &given, done, verify_form(&desk, &visitor)).await
}
