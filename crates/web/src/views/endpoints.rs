//! Endpoints: the list, the page of one with its why, and the acts on it.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use netwarden_api::endpoint::{Endpoint, Setting};
use netwarden_identity::Operation;
use netwarden_model::Mac;
use netwarden_operate::{Authorisation, Desk, ListWish, Said, Where};

use super::act::{Act, Given, Input, notice};
use super::acts;
use super::bulk::{self, Kind};
use super::chain::Chain;
use super::dialog::{asked, submitted};
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::sheet::{AT_ONCE, Sheet};
use super::table::{Cell, Columns, Filters, ListPart, Row, Table};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::MacAt;
use crate::refusal::Refusal;
use crate::shape;

const COLUMNS: Columns = &[
    ("column-mac", Some("mac")),
    ("column-name", Some("name")),
    ("column-status", Some("status")),
    ("column-presence", None),
    ("column-ip", None),
    ("column-vendor", Some("vendor")),
    ("column-place", None),
    ("column-vlan", None),
    ("column-group", Some("group")),
    ("column-last-seen", Some("last_seen")),
];
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("status", "column-status", Some(("status", &["new", "authorised", "unauthorised"]))),
    ("online", "column-presence", Some(("state", &["true", "false"]))),
    ("vlan", "column-vlan", None),
    ("group", "column-group", None),
];

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    frame: Frame,
    table: Table,
}

/// A list's page, or the list alone.
pub(super) async fn listed(
    desk: &Desk,
    visitor: &Visitor,
    title: String,
    table: Table,
) -> Result<Response, Refusal> {
    let table = table.viewed(&visitor.view, &visitor.here);
    if visitor.part {
        return frame::page(&ListPart { table });
    }
    let here = Query::of(visitor.here.split_once('?').map(|(_, query)| query));
    let done = notice(visitor.language(), &here, |_| None);
    frame::page(&ListPage { frame: Frame::of(desk, visitor, title).await.with_notice(done), table })
}

/// What a page's query asks of a list.
pub(super) fn wish(query: &Query) -> Result<ListWish, Refusal> {
    let of = |name: &str| query.get(name).map(str::to_owned);
    let filters = query.without(&["text", "sort", "limit", "after", "done", "as"]);
    let filter = |(name, value): (&str, &str)| match name {
        "from" | "until" => (name.to_owned(), in_utc(value)),
        _ => (name.to_owned(), value.to_owned()),
    };
    let limit = of("limit").map(|limit| {
        let given: String = limit.chars().take(32).collect();
        limit.parse().map_err(|_| Refusal::malformed(Said::NoLimit { given }))
    });
    Ok(ListWish {
        filters: filters.pairs().map(filter).collect(),
        text: of("text"),
        sort: of("sort"),
        limit: limit.transpose()?,
        after: of("after"),
    })
}

/// A time as a browser's field has it, `2026-11-29T08:00`, is one of UTC; others say their zone.
pub(super) fn in_utc(text: &str) -> String {
    match text.parse::<DateTime>() {
        Ok(at) if !text.ends_with(['Z', 'z']) => {
            at.to_zoned(TimeZone::UTC).map_or_else(|_| text.to_owned(), |at| at.timestamp().to_string())
        }
        _ => text.to_owned(),
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let page = shape::page(desk.endpoints(visitor.caller(), wish(&query)?).await?, shape::endpoint);
        let keys = page.items.iter().map(|endpoint| endpoint.mac.clone()).collect();
        let rows = page.items.iter().map(|endpoint| row(l, endpoint)).collect();
        let empty =
            if query.pairs().next().is_some() { l.t("endpoints-none-found") } else { l.t("endpoints-none") };
        let table = Table::new(l, "/endpoints", &l.t("nav-endpoints"), COLUMNS, FILTERS, &query)
            .filled(&query, rows, page.next.as_deref())
            .counted(page.total)
            .with_csv("/endpoints.csv", &query)
            .picked_by(bulk::Endpoint::NAME, bulk::offered::<bulk::Endpoint>(&desk, &visitor), keys)
            .or_empty(empty);
        listed(&desk, &visitor, l.t("nav-endpoints"), table).await
    })
    .await
}

pub(super) fn address(mac: &str) -> String {
    format!("/endpoints/{}", escaped(mac))
}

pub(super) fn presence(l: Language, online: bool) -> Cell {
    let word = if online { "online" } else { "offline" };
    Cell::Status { word: word.to_owned(), text: l.word("state", word) }
}

fn place(endpoint: &Endpoint) -> Cell {
    match (&endpoint.ne, endpoint.ne_id, &endpoint.port) {
        (Some(ne), Some(id), Some(port)) => {
            let href = format!("/elements/{id}/ports/{}", escaped(port));
            Cell::Link { text: format!("{ne} · {port}"), href }
        }
        _ => Cell::Text(String::new()),
    }
}

fn row(l: Language, endpoint: &Endpoint) -> Row {
    let name = endpoint.dns_name.as_ref().or(endpoint.host_name.as_ref());
    Row {
        cells: vec![
            Cell::CodeLink { text: endpoint.mac.clone(), href: address(&endpoint.mac) },
            Cell::text(name.cloned()),
            Cell::Status { word: endpoint.status.clone(), text: l.word("status", &endpoint.status) },
            presence(l, endpoint.online),
            Cell::Code(endpoint.ips.join(" ")),
            Cell::text(vendor(l, endpoint)),
            place(endpoint),
            Cell::text(endpoint.vlan.map(|vlan| vlan.to_string())),
            Cell::text(endpoint.group.clone()),
            Cell::Time(endpoint.last_seen),
        ],
    }
}

fn vendor(l: Language, endpoint: &Endpoint) -> Option<String> {
    if endpoint.mac_randomised { Some(l.t("vendor-randomised")) } else { endpoint.vendor.clone() }
}

/// Exactly the columns and the filter of the list.
pub(crate) async fn csv(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut sheet = Sheet::new(&visitor, "/endpoints", COLUMNS);
        let mut wanted = ListWish { limit: Some(AT_ONCE), ..wish(&query)? };
        while !sheet.is_full() {
            let page = shape::page(desk.endpoints(visitor.caller(), wanted.clone()).await?, shape::endpoint);
            page.items.iter().for_each(|endpoint| sheet.push(&row(l, endpoint)));
            wanted.after = page.next;
            if wanted.after.is_none() {
                break;
            }
        }
        Ok(sheet.file("endpoints.csv", wanted.after.is_some()))
    })
    .await
}

/// A property of something, as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) cell: Cell,
}

/// An interval of the past.
struct Stay {
    place: String,
    href: String,
    vlan: String,
    user: String,
    from: Timestamp,
    until: Option<Timestamp>,
}

/// A button on a page: it leads to the act's form.
#[derive(Debug, Clone)]
pub(super) struct Button {
    pub(super) text: String,
    pub(super) href: String,
    pub(super) dangerous: bool,
}

#[derive(Template)]
#[template(path = "endpoint.html")]
struct EndpointPage {
    frame: Frame,
    mac: String,
    status: Cell,
    presence: Cell,
    properties: Vec<Property>,
    /// None where nothing was reported.
    configuration: Option<Table>,
    buttons: Vec<Button>,
    chain: Chain,
    stays: Vec<Stay>,
}

pub(crate) async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    MacAt(mac): MacAt,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let caller = visitor.caller();
        let endpoint = shape::endpoint(desk.endpoint(caller, mac).await?);
        let chain = Chain::of(&desk, &visitor, desk.why_endpoint(caller, mac).await?);
        let now = desk.clock.now();
        let stays = desk.history(caller, &Where::Mac(mac), Timestamp::UNIX_EPOCH, now).await?;
        let stays = stays.into_iter().take(100).map(|view| Stay {
            place: format!("{} · {}", view.ne_name.unwrap_or_default(), view.port.port),
            href: format!("/elements/{}/ports/{}", view.port.ne.0, escaped(&view.port.port.0)),
            vlan: view.vlan.map(|vlan| vlan.to_string()).unwrap_or_default(),
            user: view.user.unwrap_or_default(),
            from: view.started,
            until: view.ended,
        });
        let named = endpoint.dns_name.as_ref().or(endpoint.host_name.as_ref());
        let title = named.map_or_else(|| endpoint.mac.clone(), |name| format!("{name} · {}", endpoint.mac));
        let here = address(&endpoint.mac);
        let undo = |done: &str| match done {
            "authorise" => Some(format!("{here}/block")),
            "block" => Some(format!("{here}/authorise")),
            "move" => endpoint
                .ne_id
                .zip(endpoint.port.as_ref())
                .map(|(ne, port)| format!("{}/release", super::ports::address(ne, port))),
            _ => None,
        };
        let frame = Frame::of(&desk, &visitor, title).await.with_notice(notice(l, &query, undo));
        frame::page(&EndpointPage {
            frame,
            mac: endpoint.mac.clone(),
            status: Cell::Status { word: endpoint.status.clone(), text: l.word("status", &endpoint.status) },
            presence: presence(l, endpoint.online),
            properties: properties(l, &endpoint),
            configuration: configuration(l, &endpoint),
            buttons: acts::with_port(&desk, &visitor, &endpoint).await,
            chain,
            stays: stays.collect(),
        })
    })
    .await
}

const CONFIGURATION: Columns = &[
    ("column-property", None),
    ("column-as-wanted", None),
    ("column-reported", None),
    ("column-expected", None),
];

/// The security configuration, what differs first.
fn configuration(l: Language, endpoint: &Endpoint) -> Option<Table> {
    let mut all: Vec<(&String, &Setting)> = endpoint.configuration.iter().collect();
    all.sort_by_key(|(_, setting)| !setting.differs());
    let row = |(name, setting): (&String, &Setting)| {
        let wanted = match (&setting.expected, setting.differs()) {
            (None, _) => Cell::Text(String::new()),
            (Some(_), true) => status(l, "failure"),
            (Some(_), false) => status(l, "success"),
        };
        Row {
            cells: vec![
                Cell::Code(name.clone()),
                wanted,
                Cell::Text(setting.found.clone()),
                Cell::text(setting.expected.clone()),
            ],
        }
    };
    fn status(l: Language, word: &str) -> Cell {
        Cell::Status { word: word.to_owned(), text: l.word("works", word) }
    }
    let rows: Vec<Row> = all.into_iter().map(row).collect();
    (!rows.is_empty())
        .then(|| super::section::table(l, l.t("configuration"), CONFIGURATION, rows, String::new()))
}

fn properties(l: Language, endpoint: &Endpoint) -> Vec<Property> {
    let text = |value: &Option<String>| Cell::text(value.clone());
    let all = [
        ("column-place", place(endpoint)),
        ("property-port-alias", text(&endpoint.port_alias)),
        ("property-if-index", Cell::text(endpoint.if_index.map(|index| index.to_string()))),
        ("column-vlan", Cell::text(endpoint.vlan.map(|vlan| vlan.to_string()))),
        ("column-ip", Cell::Code(endpoint.ips.join(" "))),
        ("property-dns-name", text(&endpoint.dns_name)),
        ("property-host-name", text(&endpoint.host_name)),
        ("property-user", text(&endpoint.user)),
        ("property-fingerprint", text(&endpoint.fingerprint)),
        ("column-vendor", Cell::text(vendor(l, endpoint))),
        ("column-group", text(&endpoint.group)),
        ("property-compliance", Cell::Text(l.word("compliance", &endpoint.compliance))),
        ("property-owner", text(&endpoint.owner)),
        ("property-note", text(&endpoint.note)),
        ("property-bound-to", text(&endpoint.bound_to)),
        ("property-valid-until", Cell::Time(endpoint.valid_until)),
        ("property-first-seen", Cell::Time(endpoint.first_seen)),
        ("column-last-seen", Cell::Time(endpoint.last_seen)),
        ("property-custom1", text(&endpoint.custom1)),
        ("property-custom2", text(&endpoint.custom2)),
    ];
    let is_said = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Code(text) => !text.is_empty(),
        Cell::Time(at) => at.is_some(),
        _ => true,
    };
    let said = all.into_iter().filter(|(_, cell)| is_said(cell));
    said.map(|(key, cell)| Property { name: l.t(key), cell }).collect()
}

/// What may be done with it.
pub(super) fn buttons(desk: &Desk, visitor: &Visitor, endpoint: &Endpoint) -> Vec<Button> {
    let l = visitor.language();
    let here = address(&endpoint.mac);
    let mut buttons = Vec::new();
    let mut add = |operation, key: &str, act: &str, dangerous| {
        if visitor.may(desk, operation) {
            buttons.push(Button { text: l.t(key), href: format!("{here}/{act}"), dangerous });
        }
    };
    add(Operation::EndpointAuthorise, "act-authorise", "authorise", false);
    if endpoint.status != "unauthorised" {
        add(Operation::EndpointBlock, "act-block", "block", true);
    }
    if endpoint.port.is_some() {
        add(Operation::EndpointMove, "act-move", "move", true);
    }
    buttons
}

/// Who else is on the port of an endpoint, and what we hold there.
async fn on_its_port(desk: &Desk, visitor: &Visitor, mac: Mac) -> (Vec<String>, Option<Said>) {
    let location = desk.engine.keeper().picture().read().location(mac);
    let Some(port) = location else { return (Vec::new(), None) };
    match desk.port(visitor.caller(), &port).await {
        Ok(shown) => {
            let others = shown.endpoints.iter().filter(|other| **other != mac);
            (others.map(ToString::to_string).collect(), shown.enforcement)
        }
        Err(_) => (Vec::new(), None),
    }
}

async fn authorise_act(desk: &Desk, visitor: &Visitor, mac: Mac) -> Result<Act, Refusal> {
    let l = visitor.language();
    let endpoint = shape::endpoint(desk.endpoint(visitor.caller(), mac).await?);
    let (_, held) = on_its_port(desk, visitor, mac).await;
    let mut told = vec![l.t1("authorise-told", "mac", endpoint.mac.clone())];
    if let Some(held) = held {
        told.push(l.t1("authorise-releases", "state", l.said(&held)));
    }
    let input = |name, key: &str, kind, value: Option<String>, hint: &str| {
        let hint = if hint.is_empty() { String::new() } else { l.t(hint) };
        Input::new(name, l.t(key), kind).with(value.unwrap_or_default()).hinted(hint)
    };
    Ok(Act {
        title: l.t1("authorise-title", "mac", endpoint.mac.clone()),
        told,
        inputs: vec![
            input("until", "property-valid-until", "date", None, "authorise-until-hint"),
            input("owner", "property-owner", "text", endpoint.owner, ""),
            input("group", "column-group", "text", endpoint.group, ""),
        ],
        button: l.t("act-authorise"),
        dangerous: false,
        action: format!("{}/authorise", address(&endpoint.mac)),
        back: address(&endpoint.mac),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn authorise_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    MacAt(mac): MacAt,
) -> Response {
    asked(&desk, &visitor, Operation::EndpointAuthorise, authorise_act(&desk, &visitor, mac)).await
}

pub(crate) async fn authorise(
    State(desk): State<Desk>,
    visitor: Visitor,
    MacAt(mac): MacAt,
    given: Given,
) -> Response {
    let done = async {
        let wish = Authorisation {
            until: until(visitor.language(), &given)?,
            owner: given.text("owner"),
            note: None,
            group: given.text("group"),
            release: true,
        };
        desk.authorise(visitor.caller(), mac, wish, &given.reason).await?;
        Ok(led_to(&format!("{}?done=authorise", address(&mac.to_string()))))
    };
    submitted(&desk, &visitor, &given, done, authorise_act(&desk, &visitor, mac)).await
}

/// The end of the day that was chosen, in UTC.
fn until(l: Language, given: &Given) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = given.text("until") else { return Ok(None) };
    let day: Option<Date> = text.parse().ok();
    let end = day.and_then(|day| day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok());
    let end = end.ok_or_else(|| Refusal::malformed(l.t("error-no-date")).at("until"))?;
    Ok(Some(end.timestamp()))
}

async fn block_act(desk: &Desk, visitor: &Visitor, mac: Mac) -> Result<Act, Refusal> {
    let l = visitor.language();
    let endpoint = shape::endpoint(desk.endpoint(visitor.caller(), mac).await?);
    let mut told = vec![l.t1("block-told", "mac", endpoint.mac.clone())];
    if endpoint.online {
        told.push(l.t("block-told-online"));
    }
    Ok(Act {
        title: l.t1("block-title", "mac", endpoint.mac.clone()),
        told,
        inputs: Vec::new(),
        button: l.t("act-block"),
        dangerous: true,
        action: format!("{}/block", address(&endpoint.mac)),
        back: address(&endpoint.mac),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn block_page(State(desk): State<Desk>, visitor: Visitor, MacAt(mac): MacAt) -> Response {
    asked(&desk, &visitor, Operation::EndpointBlock, block_act(&desk, &visitor, mac)).await
}

pub(crate) async fn block(
    State(desk): State<Desk>,
    visitor: Visitor,
    MacAt(mac): MacAt,
    given: Given,
) -> Response {
    let done = async {
        desk.block(visitor.caller(), mac, &given.reason).await?;
        Ok(led_to(&format!("{}?done=block", address(&mac.to_string()))))
    };
    submitted(&desk, &visitor, &given, done, block_act(&desk, &visitor, mac)).await
}

async fn move_act(desk: &Desk, visitor: &Visitor, mac: Mac) -> Result<Act, Refusal> {
    let l = visitor.language();
    let endpoint = shape::endpoint(desk.endpoint(visitor.caller(), mac).await?);
    let (others, _) = on_its_port(desk, visitor, mac).await;
    let place = match (&endpoint.ne, &endpoint.port) {
        (Some(ne), Some(port)) => format!("{ne} · {port}"),
        _ => String::new(),
    };
    let mut told =
        vec![l.with("move-told", &[("mac", endpoint.mac.clone().into()), ("place", place.into())])];
    if !others.is_empty() {
        let count = i64::try_from(others.len()).unwrap_or(i64::MAX);
        let shown = others.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        told.push(l.with("affected-others", &[("count", count.into()), ("macs", shown.into())]));
    }
    Ok(Act {
        title: l.t1("move-title", "mac", endpoint.mac.clone()),
        told,
        inputs: vec![Input::new("vlan", l.t("column-vlan"), "text").hinted(l.t("move-vlan-hint"))],
        button: l.t("act-move"),
        dangerous: true,
        action: format!("{}/move", address(&endpoint.mac)),
        back: address(&endpoint.mac),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn move_page(State(desk): State<Desk>, visitor: Visitor, MacAt(mac): MacAt) -> Response {
    asked(&desk, &visitor, Operation::EndpointMove, move_act(&desk, &visitor, mac)).await
}

pub(crate) async fn move_it(
    State(desk): State<Desk>,
    visitor: Visitor,
    MacAt(mac): MacAt,
    given: Given,
) -> Response {
    let done = async {
        let to = given.vlan(visitor.language(), "vlan")?;
        desk.move_endpoint(visitor.caller(), mac, to, true, &given.reason, None).await?;
        Ok(led_to(&format!("{}?done=move", address(&mac.to_string()))))
    };
    submitted(&desk, &visitor, &given, done, move_act(&desk, &visitor, mac)).await
}
