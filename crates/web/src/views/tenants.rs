//! Tenants: customers with users of their own, kept by the operator and by agencies.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{Operation, Plane, TenantKind};
use netwarden_operate::{Desk, TenantEdit, TenantWish, tenant_version};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::section::{Listing, Section, Told, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/tenants";
const NEW: &str = "/system/new-tenant";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-kind", Some("kind")),
    ("column-agency", Some("agency")),
    ("column-status", None),
    ("column-accounts", None),
    ("column-description", None),
    ("column-acts", None),
];
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("kind", "column-kind", Some(("tenant-kind", &["agency", "company", "basic"]))),
    ("enabled", "filter-may-sign-in", Some(("truth", &["true", "false"]))),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "tenants.csv", watched: false };

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut wish = LISTING.wish(&query)?;
        wish.sort.get_or_insert_with(|| "name".to_owned());
        let listed = desk.list_tenants(visitor.caller(), wish).await?;
        let rows = shape::page(listed, |tenant| {
            let here = address(&tenant.name);
            // Nobody keeps the tenant to which they belong themselves.
            let is_own = visitor.caller().tenant() == Some(&tenant.path);
            let offered = [
                (Operation::TenantModify, "act-change", here.clone(), false),
                (
                    Operation::TenantAddAdministrator,
                    "tenant-administrator",
                    format!("{here}/administrator"),
                    false,
                ),
                (Operation::TenantDelete, "act-remove", format!("{here}/remove"), true),
            ];
            let (word, key) = if tenant.enabled { ("ok", "tenant-on") } else { ("disabled", "tenant-off") };
            Row {
                cells: vec![
                    Cell::Text(tenant.name.clone()),
                    Cell::Text(l.word("tenant-kind", tenant.kind.as_str())),
                    Cell::Text(tenant.agency.clone().unwrap_or_default()),
                    Cell::Status { word: word.to_owned(), text: l.t(key) },
                    Cell::Text(tenant.users.to_string()),
                    Cell::Text(tenant.description.clone()),
                    acts(&desk, &visitor, &tenant.name, offered.into_iter().filter(|_| !is_own)),
                ],
            }
        });
        let section = Section {
            title: l.t("tenants"),
            about: l.t("tenants-about"),
            warnings: Vec::new(),
            buttons: buttons(
                &desk,
                &visitor,
                [(Operation::TenantCreate, "tenant-add", NEW.to_owned(), false)],
            ),
            listing: LISTING,
            rows,
            none: l.t("tenants-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn new_form(visitor: &Visitor) -> Form {
    let l = visitor.language();
    let kinds = TenantKind::ALL.map(|kind| (kind.as_str().to_owned(), l.word("tenant-kind", kind.as_str())));
    Form::new(l.t("tenant-add"), l.t("act-add"), NEW, HERE).telling([l.t("tenant-add-told")]).asking([
        Field::new("name", l.t("column-name"), Kind::Text).hinted(l.t("tenant-name-hint")).needed(),
        Field::new("kind", l.t("column-kind"), Kind::Choice(kinds.to_vec()))
            .with(TenantKind::Company.as_str()),
        Field::new("agency", l.t("column-agency"), Kind::Text).hinted(l.t(match visitor.caller().plane() {
            Plane::Tenant => "tenant-agency-own-hint",
            _ => "tenant-agency-hint",
        })),
        Field::new("description", l.t("column-description"), Kind::Text),
        reason(l),
    ])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::TenantCreate, async { Ok(new_form(&visitor)) }).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let wish = TenantWish {
            name: given.text("name").unwrap_or_default(),
            kind: given.text("kind").unwrap_or_default(),
            agency: given.text("agency"),
            description: given.text("description").unwrap_or_default(),
        };
        desk.create_tenant(visitor.caller(), wish, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    submitted(&desk, &visitor, &given, done, async { Ok(new_form(&visitor)) }).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let tenant = desk.tenant(visitor.caller(), name).await?;
    let on = if tenant.enabled { "true" } else { "" };
    Ok(Form::new(l.t1("tenant-change", "name", &*tenant.name), l.t("act-save"), address(&tenant.name), HERE)
        .carrying("version", tenant_version(&tenant).as_str())
        .asking([
            Field::new("description", l.t("column-description"), Kind::Text).with(tenant.description),
            Field::new("enabled", l.t("tenant-on"), Kind::Tick).with(on).hinted(l.t("tenant-enabled-hint")),
            reason(l),
        ]))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::TenantModify, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let edit = TenantEdit {
            description: given.get("description").map(str::to_owned),
            enabled: Some(given.text("enabled").is_some()),
            expected: given.version(),
        };
        desk.change_tenant(visitor.caller(), &name, edit, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

async fn administrator_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let tenant = desk.tenant(visitor.caller(), name).await?;
    let action = format!("{}/administrator", address(&tenant.name));
    let told = match tenant.kind {
        TenantKind::Agency => l.t("tenant-administrator-agency"),
        TenantKind::Company | TenantKind::Basic => l.t("tenant-administrator-company"),
    };
    let title = l.t1("tenant-administrator-title", "name", &*tenant.name);
    Ok(Form::new(title, l.t("act-add"), action, HERE).telling([told]).asking([
        Field::new("user", l.t("column-user"), Kind::Text).hinted(l.t("tenant-administrator-hint")).needed(),
        reason(l),
    ]))
}

pub(crate) async fn administrator_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    let form = administrator_form(&desk, &visitor, &name);
    asked(&desk, &visitor, Operation::TenantAddAdministrator, form).await
}

/// Makes the account; its one-time password is shown this once.
pub(crate) async fn administrator(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let l = visitor.language();
        let user = given.text("user").unwrap_or_default();
        let password = desk.add_tenant_administrator(visitor.caller(), &name, &user, &given.reason).await?;
        let told = Told {
            title: l.t1("tenant-administrator-title", "name", &*name),
            good: true,
            text: l.t1("tenant-administrator-done", "user", user.to_lowercase()),
            once: password.to_string(),
            back: (HERE.to_owned(), l.t("tenants")),
        };
        told.shown(&desk, &visitor).await
    };
    submitted(&desk, &visitor, &given, done, administrator_form(&desk, &visitor, &name)).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let tenant = desk.tenant(visitor.caller(), name).await?;
    let action = format!("{}/remove", address(&tenant.name));
    Ok(Form::new(l.t1("tenant-remove", "name", &*tenant.name), l.t("act-remove"), action, HERE)
        .telling([l.t1("tenant-remove-told", "count", tenant.users)])
        .carrying("version", tenant_version(&tenant).as_str())
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::TenantDelete, remove_form(&desk, &visitor, &name)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_tenant(visitor.caller(), &name, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, &name)).await
}
