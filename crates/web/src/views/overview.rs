//! The start page: how the network and the system are, what needs attention, and events over time.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ListWish, Point, Status};

use super::act::notice;
use super::acts;
use super::events::{severity, told, what};
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::system;
use super::table::{Cell, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::refusal::Refusal;

/// A number with the list behind it.
struct Count {
    text: String,
    value: String,
    href: &'static str,
    /// Its colour where it is not zero.
    word: &'static str,
}

/// A bar of a chart, in its coordinates.
struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    told: String,
}

/// A series over the last day.
struct Chart {
    title: String,
    bars: Vec<Bar>,
    most: String,
    from: Timestamp,
    until: Timestamp,
    sum: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    /// Nothing is in the inventory yet.
    empty: bool,
    may_add: bool,
    counts: Vec<Count>,
    worries: Vec<Row>,
    charts: Vec<Chart>,
    choices: Vec<(String, String, bool)>,
    parts: Table,
}

/// Series that are shown unless the reader chooses others.
const USUAL: [&str; 2] = ["events.new_endpoint", "events.unauthorised"];
/// Spans of a chart.
const BARS: i64 = 48;
/// Size of a chart, in its own units.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 96.0;

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        let status = desk.status(caller).await?;
        let mut worries = Vec::new();
        if visitor.may(&desk, Operation::EventRead) {
            let day =
                desk.clock.now().saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
            let wanted = ListWish {
                filters: vec![
                    ("severity".to_owned(), "minor".to_owned()),
                    ("from".to_owned(), day.to_string()),
                ],
                limit: Some(10),
                ..ListWish::default()
            };
            for event in desk.list_events(caller, wanted).await?.items {
                let event = told(l, &desk, caller, &event)?;
                worries.push(Row {
                    cells: vec![
                        Cell::Time(Some(event.at)),
                        severity(l, &event),
                        Cell::Link {
                            text: l.word("kind", &event.kind),
                            href: format!("/events/{}", event.seq),
                        },
                        what(&event, visitor.may(&desk, Operation::NeRead)),
                        Cell::ActsOn {
                            buttons: acts::at_hand(&desk, &visitor, &event.subject).await,
                            of: event.subject,
                        },
                    ],
                });
            }
        }
        // An address that names charts counts before what this browser remembers.
        let named: Vec<&str> = query.pairs().filter(|(name, _)| *name == "chart").map(|(_, v)| v).collect();
        let remembered = visitor.view.charts().iter().map(String::as_str);
        let chosen: Vec<&str> = if named.is_empty() { remembered.collect() } else { named };
        let chosen = if chosen.is_empty() { USUAL.to_vec() } else { chosen };
        let (mut charts, mut choices) = (Vec::new(), Vec::new());
        if visitor.may(&desk, Operation::StatisticsRead) {
            for series in desk.statistics_series(caller).await? {
                let title = l.word("series", &series.name);
                let is_chosen = chosen.contains(&series.name.as_str());
                if is_chosen {
                    charts.push(chart(&desk, &visitor, &series.name, title.clone()).await?);
                }
                choices.push((series.name, title, is_chosen));
            }
        }
        let frame = Frame::of(&desk, &visitor, l.t("nav-overview")).await;
        let held = usize::try_from(desk.ports_enforced().await?).unwrap_or(usize::MAX);
        frame::page(&OverviewPage {
            frame: frame.with_notice(notice(l, &query, |_| None)),
            empty: status.counters.elements == 0,
            may_add: visitor.may(&desk, Operation::NeCreate),
            counts: counts(&desk, &visitor, &status, held),
            worries,
            charts,
            choices,
            parts: system::parts(&desk, &visitor).await?,
        })
    })
    .await
}

/// The counts whose lists this reader may open.
fn counts(desk: &Desk, visitor: &Visitor, status: &Status, held: usize) -> Vec<Count> {
    let l = visitor.language();
    let count = |key: &str, value: usize, href, word| Count {
        text: l.t(key),
        value: number(l, value as f64),
        href,
        word: if value > 0 { word } else { "" },
    };
    let all = [
        (
            Operation::EndpointRead,
            count("count-online", status.counters.online, "/endpoints?online=true", "online"),
        ),
        (Operation::EndpointRead, count("count-new", status.new, "/endpoints?status=new", "new")),
        (
            Operation::EndpointRead,
            count(
                "count-unauthorised",
                status.unauthorised,
                "/endpoints?status=unauthorised",
                "unauthorised",
            ),
        ),
        (Operation::PortRead, count("count-held", held, "/ports?enforced=true", "enforced")),
        (Operation::EndpointRead, count("count-endpoints", status.counters.endpoints, "/endpoints", "")),
        (Operation::NeRead, count("count-elements", status.counters.elements, "/elements", "")),
        (
            Operation::NeRead,
            count("count-unreachable", status.unreachable, "/elements?status=unreachable", "unreachable"),
        ),
    ];
    let open = all.into_iter().filter(|(operation, _)| visitor.may(desk, *operation));
    open.map(|(_, count)| count).collect()
}

fn number(l: Language, value: f64) -> String {
    l.t1("number", "value", value)
}

async fn chart(desk: &Desk, visitor: &Visitor, series: &str, title: String) -> Result<Chart, Refusal> {
    let l = visitor.language();
    let until = desk.clock.now();
    let span = SignedDuration::from_hours(24);
    let from = until.saturating_sub(span).unwrap_or(until);
    let step = u64::try_from(span.as_secs() / BARS).unwrap_or(1_800);
    let (_, points) = desk.statistics(visitor.caller(), series, Some(from), Some(until), Some(step)).await?;
    let most = points.iter().map(|point| point.max).fold(0.0, f64::max).max(1.0);
    // Nothing summed is minus zero.
    let sum = points.iter().map(|point| point.max).fold(0.0, |sum, value| sum + value);
    let told = if series.starts_with("events.") { l.t1("chart-sum", "value", sum) } else { String::new() };
    Ok(Chart {
        bars: points.iter().map(|point| bar(l, point, from, most)).collect(),
        title,
        most: number(l, most),
        from,
        until,
        sum: told,
    })
}

fn bar(l: Language, point: &Point, from: Timestamp, most: f64) -> Bar {
    let day = 86_400.0;
    let width = WIDTH / BARS as f64;
    let x = (point.at.duration_since(from).as_secs_f64() / day * WIDTH).clamp(0.0, WIDTH - width);
    let height = point.max / most * HEIGHT;
    let told = format!("{}: {}", point.at.strftime("%H:%M UTC"), number(l, point.max));
    Bar { x, y: HEIGHT - height, width: width - 1.0, height, told }
}
