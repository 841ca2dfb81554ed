//! System parameters: each with its value, default, unit and range, and the form of changing one.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{LoginMode, Operation};
use netwarden_operate::parameters::{Declaration, Domain};
use netwarden_operate::{Desk, ShownParameter, parameter_version};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, acts};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/parameters";
const COLUMNS: Columns = &[
    ("column-parameter", Some("name")),
    ("column-value", Some("value")),
    ("column-default", None),
    ("column-range", None),
    ("column-meaning", None),
    ("column-acts", None),
];
const ACCOUNTS: &str = "/system/account-policy";
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "parameters.csv", watched: false };
const ACCOUNT_LISTING: &Listing = &Listing {
    path: ACCOUNTS,
    columns: COLUMNS,
    filters: FILTERS,
    file: "account-policy.csv",
    watched: false,
};
const FILTERS: Filters =
    &[("text", "filter-text", None), ("changed", "filter-changed", Some(("truth", &["true", "false"])))];

/// What it governs, in the reader's language.
fn meaning(l: Language, declaration: &Declaration) -> String {
    let told = l.word("parameter", declaration.name);
    if told == declaration.name { declaration.description.to_owned() } else { told }
}

fn range(l: Language, domain: Domain) -> String {
    match domain {
        Domain::Integer(least, most) => l.with(
            "parameter-from-to",
            &[("least", least.to_string().into()), ("most", most.to_string().into())],
        ),
        Domain::OffOr(least, most) => l.with(
            "parameter-off-or",
            &[("least", least.to_string().into()), ("most", most.to_string().into())],
        ),
        Domain::Truth => "true, false".to_owned(),
        Domain::Word(words) => words.join(", "),
        Domain::Macs => l.t("parameter-macs"),
        Domain::Roles => l.t("parameter-roles"),
    }
}

fn row(desk: &Desk, visitor: &Visitor, (declaration, value): ShownParameter) -> Row {
    let l = visitor.language();
    let (here, operation) = match declaration.is_of_accounts() {
        true => (ACCOUNTS, Operation::PolicyModify),
        false => (HERE, Operation::ParameterModify),
    };
    let with_unit = |value: &str| match declaration.unit() {
        "" => value.to_owned(),
        unit => format!("{value} {unit}"),
    };
    let is_set = value != declaration.default;
    let value = match is_set {
        // What is not as it is delivered is seen at a glance.
        true => Cell::Status { word: "info".to_owned(), text: with_unit(&value) },
        false => Cell::Code(with_unit(&value)),
    };
    let offered = [(operation, "act-change", format!("{here}/{}", escaped(declaration.name)), false)];
    Row {
        cells: vec![
            Cell::Code(declaration.name.to_owned()),
            value,
            Cell::Code(with_unit(declaration.default)),
            Cell::Text(range(l, declaration.domain)),
            Cell::Text(meaning(l, declaration)),
            acts(desk, visitor, declaration.name, offered),
        ],
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.list_parameters(visitor.caller(), LISTING.wish(&query)?).await?;
        let section = Section {
            title: l.t("parameters"),
            about: l.t("parameters-about"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: LISTING,
            rows: shape::page(listed, |shown| row(&desk, &visitor, shown)),
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

/// The account policy: lockouts, alarm, sessions, unused accounts, login mode.
pub(crate) async fn accounts(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.list_account_settings(visitor.caller(), ACCOUNT_LISTING.wish(&query)?).await?;
        let is_single = desk.identity.policy().accounts.login_mode == LoginMode::Single;
        let section = Section {
            title: l.t("account-policy"),
            about: l.t("account-policy-about"),
            warnings: is_single.then(|| l.t("account-policy-single")).into_iter().collect(),
            buttons: Vec::new(),
            listing: ACCOUNT_LISTING,
            rows: shape::page(listed, |shown| row(&desk, &visitor, shown)),
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

async fn form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let shown = desk.parameter(visitor.caller(), name).await?;
    Ok(form_of(visitor.language(), shown, HERE))
}

async fn account_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let shown = desk.account_setting(visitor.caller(), name).await?;
    Ok(form_of(visitor.language(), shown, ACCOUNTS))
}

fn form_of(l: Language, (declaration, value): ShownParameter, here: &str) -> Form {
    let word = |word: &str| (word.to_owned(), word.to_owned());
    let kind = match declaration.domain {
        Domain::Integer(least, most) => Kind::Number(least, most),
        Domain::OffOr(_, most) => Kind::Number(0, most),
        Domain::Truth => Kind::Choice(["true", "false"].map(word).to_vec()),
        Domain::Word(words) => Kind::Choice(words.iter().map(|one| word(one)).collect()),
        Domain::Macs | Domain::Roles => Kind::Text,
    };
    let about = [("default", declaration.default.into()), ("range", range(l, declaration.domain).into())];
    let unit = declaration.unit();
    let label = l.t("column-value");
    let label = if unit.is_empty() { label } else { format!("{label} ({unit})") };
    let field = Field::new("value", label, kind).with(&*value).hinted(l.with("parameter-hint", &about));
    let action = format!("{here}/{}", escaped(declaration.name));
    Form::new(declaration.name.to_owned(), l.t("act-save"), action, here)
        .telling([meaning(l, declaration)])
        .carrying("version", parameter_version(declaration.name, &value).as_str())
        .asking([match declaration.domain {
            // None is an answer.
            Domain::Macs | Domain::Roles => field,
            _ => field.needed(),
        }])
        .asking([reason(l)])
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::ParameterModify, form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let value = given.text("value").unwrap_or_default();
        desk.set_parameter(visitor.caller(), &name, &value, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, form(&desk, &visitor, &name)).await
}

pub(crate) async fn account_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::PolicyModify, account_form(&desk, &visitor, &name)).await
}

pub(crate) async fn account(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let value = given.text("value").unwrap_or_default();
        desk.set_account_setting(visitor.caller(), &name, &value, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{ACCOUNTS}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, account_form(&desk, &visitor, &name)).await
}

#[cfg(test)]
mod tests {
    use netwarden_operate::parameters::PARAMETERS;

    use super::*;

    #[test]
    fn the_catalogue_says_of_each_parameter_what_its_declaration_says() {
        for declaration in PARAMETERS {
            assert_eq!(Language::English.word("parameter", declaration.name), declaration.description);
            assert_ne!(Language::German.word("parameter", declaration.name), declaration.description);
        }
    }
}
