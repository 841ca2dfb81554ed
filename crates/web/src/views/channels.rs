//! Notifications: the channels through which alarms leave and commands run; added, changed, tested, removed.
//! A secret that was given is never shown again.

mod definition;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{ChannelDefinition, Desk};

use self::definition::{fields, fresh, kind_of, lines, wish};
use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, Told, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/channels";
const NEW: &str = "/system/new-channel";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-kind", Some("kind")),
    ("column-to", Some("to")),
    ("column-secret", Some("has_secret")),
    ("column-exception", None),
    ("column-changed", Some("changed_at")),
    ("column-acts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "channels.csv", watched: false };
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("kind", "column-kind", Some(("channel", &["mail", "webhook", "syslog", "command"]))),
];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

/// The right to change a channel of this kind: commands are the Administrator's alone.
fn changing(kind: &str) -> Operation {
    if kind == "command" { Operation::ChannelDefineCommand } else { Operation::ChannelModify }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let channels = desk.list_channels(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(channels, |channel| {
            let kind = channel.definition.kind();
            let here = address(&channel.name);
            let offered = [
                (Operation::ChannelTest, "channel-test", format!("{here}/test"), false),
                (changing(kind), "act-change", here.clone(), false),
                (changing(kind), "act-remove", format!("{here}/remove"), true),
            ];
            let exception = channel.definition.exception(&channel.name);
            Row {
                cells: vec![
                    Cell::Text(channel.name.clone()),
                    Cell::Text(l.word("channel", kind)),
                    Cell::Code(channel.definition.leads_to()),
                    Cell::Text(if channel.has_secret { l.t("secret-set") } else { l.t("secret-none") }),
                    match exception {
                        Some(text) => Cell::Status { word: "degraded".to_owned(), text: l.heard(&text) },
                        None => Cell::Text(String::new()),
                    },
                    Cell::Time(Some(channel.changed_at)),
                    acts(&desk, &visitor, &channel.name, offered),
                ],
            }
        });
        let at = |kind: &str| Query::default().with("kind", kind).at(NEW);
        let offered = [
            (changing("mail"), "channel-add-mail", at("mail"), false),
            (changing("webhook"), "channel-add-webhook", at("webhook"), false),
            (changing("syslog"), "channel-add-syslog", at("syslog"), false),
            (changing("command"), "channel-add-command", at("command"), false),
        ];
        let section = Section {
            title: l.t("channels"),
            about: l.t("channels-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, offered),
            listing: LISTING,
            rows,
            none: l.t("channels-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn new_form(l: Language, kind: &str) -> Form {
    let title = match kind {
        "webhook" => "channel-add-webhook",
        "syslog" => "channel-add-syslog",
        "command" => "channel-add-command",
        _ => "channel-add-mail",
    };
    Form::new(l.t(title), l.t("act-add"), NEW, HERE)
        .telling([l.word("channel", &format!("{kind}-told"))])
        .carrying("kind", kind)
        .asking([Field::new("name", l.t("column-name"), Kind::Text)
            .hinted(l.t("channel-name-hint"))
            .needed()])
        .asking(fields(l, &fresh(kind), false))
        .asking([reason(l)])
}

pub(crate) async fn new_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    let kind = kind_of(query.get("kind"));
    let form = async { Ok(new_form(visitor.language(), kind)) };
    asked(&desk, &visitor, changing(kind), form).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let kind = kind_of(given.text("kind").as_deref());
    let done = async {
        let wish = wish(&given, given.text("name").unwrap_or_default(), kind)?;
        desk.create_channel(visitor.caller(), wish, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    let form = async { Ok(new_form(visitor.language(), kind)) };
    submitted(&desk, &visitor, &given, done, form).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let (l, channel) = (visitor.language(), desk.channel(visitor.caller(), name).await?);
    desk.permit_of(visitor.caller(), changing(channel.definition.kind())).await?;
    Ok(Form::new(l.t1("channel-change", "name", name), l.t("act-save"), address(name), HERE)
        .telling([l.t("channel-change-told")])
        .asking(fields(l, &channel.definition, channel.has_secret))
        .asking([reason(l)]))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::ChannelModify, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.permit_of(visitor.caller(), Operation::ChannelModify).await?;
        let channel = desk.channel(visitor.caller(), &name).await?;
        let wish = wish(&given, name.clone(), channel.definition.kind())?;
        desk.modify_channel(visitor.caller(), wish, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    desk.channel(visitor.caller(), name).await?;
    let action = format!("{}/remove", address(name));
    Ok(Form::new(l.t1("channel-remove", "name", name), l.t("act-remove"), action, HERE)
        .telling([l.t("channel-remove-told")])
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::ChannelModify, remove_form(&desk, &visitor, &name)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.remove_channel(visitor.caller(), &name, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, &name)).await
}

async fn test_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let (l, channel) = (visitor.language(), desk.channel(visitor.caller(), name).await?);
    let title = l.t1("channel-test-title", "name", name);
    let form = Form::new(title, l.t("channel-test"), format!("{}/test", address(name)), HERE);
    let to = Field::new("to", l.t("field-recipients"), Kind::Text).hinted(l.t("channel-test-to-hint"));
    Ok(match &channel.definition {
        ChannelDefinition::Command(_) => form.telling([l.t("channel-test-command-told")]),
        ChannelDefinition::Mail(_) => form.telling([l.t("channel-test-told")]).asking([to]),
        _ => form.telling([l.t("channel-test-told")]),
    })
}

pub(crate) async fn test_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::ChannelTest, test_form(&desk, &visitor, &name)).await
}

/// Sends a test message, and says what came of it.
pub(crate) async fn test(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let l = visitor.language();
        let to = lines(&given, "to", true);
        let tested = Box::pin(desk.test_channel(visitor.caller(), &name, to)).await?;
        let key = if tested.delivered { "channel-test-good" } else { "channel-test-bad" };
        let told = Told {
            title: l.t1("channel-test-title", "name", &*name),
            good: tested.delivered,
            text: l.t1(key, "outcome", l.heard(&tested.outcome)),
            once: String::new(),
            back: (HERE.to_owned(), l.t("channels")),
        };
        told.shown(&desk, &visitor).await
    };
    submitted(&desk, &visitor, &given, done, test_form(&desk, &visitor, &name)).await
}
