//! The charts of the start page: which ones each user has chosen, how they are drawn, and the events behind
//! each bar.

use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use netwarden_identity::Operation;
use netwarden_operate::{Desk, Point};

use super::frame::{answered, led_to};
use super::overview::number;
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Sent;
use crate::refusal::Refusal;

/// Spans of a chart.
const BARS: i64 = 48;
/// Seconds of one of them: half an hour, a day in all.
const STEP_S: i64 = 1_800;
/// Size of a chart, in its own units.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 96.0;

/// A bar of a chart, in its coordinates.
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) value: String,
    /// The events that it counts; None where it counts none.
    pub(super) href: Option<String>,
}

/// A series over the last day.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) bars: Vec<Bar>,
    pub(super) most: String,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) sum: String,
}

/// The charts of a page, and what could be on it: name, title, and whether it is.
#[derive(Default)]
pub(super) struct Charts {
    pub(super) shown: Vec<Chart>,
    pub(super) choices: Vec<(String, String, bool)>,
}

/// The charts that the address names, else those that this user has chosen.
pub(super) async fn of(desk: &Desk, visitor: &Visitor, query: &Query) -> Result<Charts, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    let mut charts = Charts::default();
    if !visitor.may(desk, Operation::StatisticsRead) {
        return Ok(charts);
    }
    let named: Vec<String> =
        query.pairs().filter(|(name, _)| *name == "chart").map(|(_, value)| value.to_owned()).collect();
    let chosen = if named.is_empty() { desk.own_charts(caller).await? } else { named };
    let series = desk.statistics_series(caller).await?;
    for name in chosen.iter().take(netwarden_operate::MOST_CHARTS) {
        if series.iter().any(|series| series.name == *name) {
            charts.shown.push(chart(desk, visitor, name).await?);
        }
    }
    let choice = |name: String| {
        let (title, is_chosen) = (l.word("series", &name), chosen.contains(&name));
        (name, title, is_chosen)
    };
    charts.choices = series.into_iter().map(|series| choice(series.name)).collect();
    Ok(charts)
}

/// When a chart begins: at a span's beginning, as spans are put together, so that the one under way is the last
/// and no two share a place.
fn begins(until: Timestamp) -> Timestamp {
    let last = until.as_second().div_euclid(STEP_S) * STEP_S;
    Timestamp::from_second(last - (BARS - 1) * STEP_S).unwrap_or(Timestamp::MIN)
}

async fn chart(desk: &Desk, visitor: &Visitor, series: &str) -> Result<Chart, Refusal> {
    let l = visitor.language();
    let until = desk.clock.now();
    let from = begins(until);
    let step = u64::try_from(STEP_S).unwrap_or(1_800);
    let (_, points) = desk.statistics(visitor.caller(), series, Some(from), Some(until), Some(step)).await?;
    let kind = series.strip_prefix("events.");
    // What is counted in an interval adds up over a span; of how things are, the highest is shown.
    let value = |point: &Point| if kind.is_some() { point.sum } else { point.max };
    let most = points.iter().map(value).fold(0.0, f64::max).max(1.0);
    // Nothing summed is minus zero.
    let sum = points.iter().map(value).fold(0.0, |sum, value| sum + value);
    let link = kind.filter(|_| visitor.may(desk, Operation::EventRead));
    let bar = |point: &Point| {
        let width = WIDTH / BARS as f64;
        let x = point.at.duration_since(from).as_secs_f64() / STEP_S as f64 * width;
        let value = value(point);
        let height = value / most * HEIGHT;
        let end = point.at.saturating_add(SignedDuration::from_secs(STEP_S)).unwrap_or(point.at);
        let events = |kind: &str| {
            let span = Query::default().with("kind", kind).with("from", &point.at.to_string());
            span.with("until", &end.to_string()).at("/events")
        };
        Bar {
            x: x.clamp(0.0, WIDTH - width),
            y: HEIGHT - height,
            width: width - 1.0,
            height,
            from: point.at,
            until: end,
            value: number(l, value),
            href: link.filter(|_| value > 0.0).map(events),
        }
    };
    Ok(Chart {
        bars: points.iter().map(bar).collect(),
        title: l.word("series", series),
        most: number(l, most),
        from,
        until,
        sum: if kind.is_some() { l.t1("chart-sum", "value", sum) } else { String::new() },
    })
}

/// Chooses the charts of one's own start page.
pub(crate) async fn choose(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    answered(&desk, &visitor, async {
        let all = |wanted: &str| -> Vec<String> {
            fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
        };
        visitor.proven(all("proof").first().map(String::as_str).unwrap_or_default())?;
        desk.choose_own_charts(visitor.caller(), all("chart")).await?;
        Ok(led_to("/?done=charts"))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_place_for_each_span_and_the_present_one_is_the_last() {
        for second in [0, 1, 1_799, 1_800, 1_764_439_200, 1_764_439_201] {
            let until = Timestamp::from_second(second).unwrap();
            let from = begins(until);
            assert_eq!(from.as_second().rem_euclid(STEP_S), 0, "{until}");
            let place = until.duration_since(from).as_secs() / STEP_S;
            assert_eq!(place, BARS - 1, "{until}");
        }
    }
}
