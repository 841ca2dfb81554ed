//! Many accounts at once, from a CSV file or what is written into a field: what was made, with each one-time password
//! this once, and what was refused.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ImportedUsers};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{self, Frame};
use super::section::table;
use super::table::{Cell, Columns, Row, Table};
use super::visitor::Visitor;
use crate::refusal::Refusal;

const HERE: &str = "/system/import-accounts";
const BACK: &str = "/system/accounts";
const MADE: Columns = &[("column-name", None), ("account-once", None)];
const REFUSED: Columns = &[("column-what", None)];

#[derive(Template)]
#[template(path = "accounts_import.html")]
struct ImportPage {
    frame: Frame,
    told: String,
    made: Table,
    refused: Table,
    any_made: bool,
    any_refused: bool,
}

async fn form(visitor: &Visitor) -> Result<Form, Refusal> {
    let l = visitor.language();
    Ok(Form::new(l.t("accounts-import"), l.t("accounts-import-act"), HERE, BACK)
        .telling([l.t("accounts-import-told"), l.t("accounts-import-columns")])
        .asking([
            Field::new("csv", l.t("accounts-import-rows"), Kind::Lines(8))
                .hinted("name;roles;mail\nines;operator guest;ines@example.net")
                .needed(),
            reason(l),
        ]))
}

pub(crate) async fn page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::UserCreate, form(&visitor)).await
}

pub(crate) async fn act(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let csv = given.get("csv").unwrap_or_default();
        let imported = desk.import_users(visitor.caller(), csv.as_bytes(), &given.reason).await?;
        shown(&desk, &visitor, imported).await
    };
    submitted(&desk, &visitor, &given, done, form(&visitor)).await
}

async fn shown(desk: &Desk, visitor: &Visitor, imported: ImportedUsers) -> Result<Response, Refusal> {
    let l = visitor.language();
    let ImportedUsers { made, refused } = imported;
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let numbers = [("made", count(made.len()).into()), ("refused", count(refused.len()).into())];
    let told = l.with("accounts-imported", &numbers);
    let (any_made, any_refused) = (!made.is_empty(), !refused.is_empty());
    let made = made
        .into_iter()
        .map(|(name, password)| Row { cells: vec![Cell::Text(name), Cell::Code(password.to_string())] });
    let made = table(l, l.t("accounts-made"), MADE, made.collect(), String::new());
    let refused = refused.into_iter().map(|line| Row { cells: vec![Cell::Text(l.heard(&line))] });
    let refused = table(l, l.t("accounts-refused"), REFUSED, refused.collect(), String::new());
    let frame = Frame::of(desk, visitor, l.t("accounts-import")).await;
    frame::page(&ImportPage { frame, told, made, refused, any_made, any_refused })
}
