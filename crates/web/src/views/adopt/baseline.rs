//! Fourth step: who is present is looked through by group and accepted, so that the first rules do not take
//! them for strangers.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use netwarden_identity::Operation;
use netwarden_model::{Mac, NeId};
use netwarden_operate::{BaselineFilter, Candidate, Desk, ListWish};

use super::{Course, vlan_of};
use crate::address::Query;
use crate::refusal::Refusal;
use crate::views::act::Given;
use crate::views::dialog::Dialog;
use crate::views::endpoints;
use crate::views::form::{Field, Form, Kind, reason};
use crate::views::frame::{self, Frame, answered, led_to};
use crate::views::language::Language;
use crate::views::section::{table, told};
use crate::views::table::{Cell, Columns, Row, Table};
use crate::views::visitor::Visitor;

/// Id of the form that accepts, to which the boxes in the tables belong.
const ACCEPTS: &str = "accepts";
/// Rows that are shown of all groups together; the rest is counted.
const SHOWN: usize = 500;
const COLUMNS: Columns = &[
    ("column-mac", None),
    ("column-name", None),
    ("column-vendor", None),
    ("column-ip", None),
    ("column-place", None),
    ("column-vlan", None),
    ("column-shared", None),
    ("column-left-out", None),
];
/// What the choice of a group says for those who are in none; groups have names, so none is called so.
const NO_GROUP: &str = "-";
/// Before the MAC in the name of the box that leaves somebody out.
const LEFT_OUT: &str = "except-";

/// A group with those of it who would be accepted.
struct Group {
    title: String,
    count: String,
    table: Table,
    /// How many more there are than are shown.
    more: String,
}

#[derive(Template)]
#[template(path = "adopt_baseline.html")]
struct BaselinePage {
    frame: Frame,
    course: Course,
    /// Elements to choose from: id and name, and whether it is the chosen one.
    elements: Vec<(i64, String, bool)>,
    vlan: String,
    /// Groups to choose from: value and name, and whether it is the chosen one.
    choices: Vec<(String, String, bool)>,
    groups: Vec<Group>,
    told: String,
    /// None where nobody is to be accepted, or not by this reader.
    form: Option<Form>,
}

/// What the reader narrows it to.
#[derive(Debug, Clone, Default)]
struct Narrowed {
    ne: Option<i64>,
    vlan: String,
    /// A group's name, or [`NO_GROUP`]; empty for all.
    group: String,
    /// Who is not to be accepted.
    except: BTreeSet<Mac>,
    /// When the reader looked.
    seen_by: Option<Timestamp>,
}

impl Narrowed {
    fn of(query: &Query) -> Self {
        let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
        let ne = query.get("ne").and_then(|ne| ne.parse().ok());
        Self { ne, vlan: text("vlan"), group: text("of"), ..Self::default() }
    }

    fn given(given: &Given) -> Self {
        let text = |name: &str| given.text(name).unwrap_or_default();
        let except = given.rest.keys().filter_map(|name| name.strip_prefix(LEFT_OUT)?.parse().ok());
        Self {
            ne: given.text("ne").and_then(|ne| ne.parse().ok()),
            vlan: text("vlan"),
            group: text("of"),
            except: except.collect(),
            // Without the time of a review nobody has been reviewed.
            seen_by: Some(text("seen_by").parse().unwrap_or(Timestamp::UNIX_EPOCH)),
        }
    }

    fn filter(&self, l: Language) -> Result<BaselineFilter, Refusal> {
        let group = match self.group.as_str() {
            "" => None,
            NO_GROUP => Some(None),
            name => Some(Some(name.to_owned())),
        };
        let rest = [("vlan".to_owned(), self.vlan.clone().into())].into();
        let given = Given { rest, ..Given::default() };
        Ok(BaselineFilter {
            elements: self.ne.into_iter().map(NeId).collect(),
            vlans: vlan_of(l, &given, "vlan")?.into_iter().collect(),
            groups: group.into_iter().collect(),
            except: self.except.clone(),
            seen_by: self.seen_by,
            ..BaselineFilter::default()
        })
    }
}

fn row(l: Language, candidate: &Candidate, except: &BTreeSet<Mac>) -> Row {
    let entry = &candidate.entry;
    let mac = entry.mac.to_string();
    let href = endpoints::address(&mac);
    let ne = candidate.ne.as_deref().unwrap_or_default();
    let place = entry.port.as_ref().map(|port| format!("{ne} · {}", port.port));
    let vendor = if entry.mac_randomised { Some(l.t("vendor-randomised")) } else { entry.vendor.clone() };
    let shared = i64::from(entry.port_endpoints);
    Row {
        cells: vec![
            Cell::CodeLink { text: mac.clone(), href },
            Cell::text(entry.name.clone()),
            Cell::text(vendor),
            Cell::Code(entry.ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
            Cell::text(place),
            Cell::text(entry.vlan.map(|vlan| vlan.to_string())),
            Cell::Text(if shared > 1 { l.t1("baseline-shared", "count", shared) } else { String::new() }),
            Cell::Tick {
                name: format!("{LEFT_OUT}{mac}"),
                form: ACCEPTS,
                on: except.contains(&entry.mac),
                label: l.t1("baseline-leave-out", "name", mac.clone()),
            },
        ],
    }
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    query: &Query,
    narrowed: Narrowed,
    refused: Option<(&Given, Refusal)>,
) -> Result<Response, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    // What was refused is told beside the form, whatever it was narrowed to.
    let filter = match &refused {
        None => narrowed.filter(l)?,
        Some(_) => narrowed.filter(l).unwrap_or_default(),
    };
    // Whom the reader leaves out stays in sight, and so do the groups that were not chosen, as choices.
    let chosen = filter.groups.clone();
    let filter = BaselineFilter { except: BTreeSet::new(), seen_by: None, groups: BTreeSet::new(), ..filter };
    let looked = desk.clock.now();
    let mut reviewed = desk.review_baseline(caller, &filter).await?;
    let choices = group_choices(l, &reviewed, &narrowed.group);
    reviewed.retain(|candidate| chosen.is_empty() || chosen.contains(&candidate.group));
    let count = |key: &str, count: usize| l.t1(key, "count", i64::try_from(count).unwrap_or(i64::MAX));
    let all = reviewed.len();
    let mut left = SHOWN;
    // They come by group.
    let groups = reviewed.chunk_by(|one, next| one.group == next.group).map(|entries| {
        let shown = entries.len().min(left);
        left -= shown;
        let rows = entries.iter().take(shown).map(|candidate| row(l, candidate, &narrowed.except)).collect();
        let name = entries.first().and_then(|candidate| candidate.group.clone());
        let title = name.unwrap_or_else(|| l.t("baseline-no-group"));
        let more = entries.len() - shown;
        Group {
            table: table(l, title.clone(), COLUMNS, rows, String::new()),
            title,
            count: count("socket-endpoints", entries.len()),
            more: if more > 0 { count("baseline-more", more) } else { String::new() },
        }
    });
    let groups = groups.collect();
    let may = all > 0 && visitor.may(desk, Operation::AdoptionAccept);
    let binds = desk.engine.keeper().picture().read().settings().bind_on_baseline;
    let mut form = may.then(|| form(l, &narrowed, all, binds, looked));
    let mut status = StatusCode::OK;
    if let Some((given, refusal)) = refused {
        match &mut form {
            Some(form) => status = form.fill(l, given, refusal)?,
            None => return Err(refusal),
        }
    }
    let wanted = ListWish { limit: Some(1_000), sort: Some("name".to_owned()), ..ListWish::default() };
    let elements = desk.elements(caller, wanted).await?.items;
    let elements = elements.into_iter().map(|shown| shown.base.element);
    let frame = Frame::of(desk, visitor, l.t("adopt-baseline")).await;
    let mut response = frame::page(&BaselinePage {
        frame: frame.with_notice(told(l, query)),
        course: Course::of(desk, visitor, "baseline").await?,
        elements: elements.map(|one| (one.id.0, one.name, narrowed.ne == Some(one.id.0))).collect(),
        choices,
        vlan: narrowed.vlan,
        groups,
        told: if all > 0 { count("baseline-present", all) } else { l.t("baseline-nobody") },
        form,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The groups of those who wait, to choose one.
fn group_choices(l: Language, waiting: &[Candidate], chosen: &str) -> Vec<(String, String, bool)> {
    let groups = waiting.chunk_by(|one, next| one.group == next.group).filter_map(<[_]>::first);
    let choice = |candidate: &Candidate| {
        let (value, text) = match &candidate.group {
            Some(name) => (name.clone(), name.clone()),
            None => (NO_GROUP.to_owned(), l.t("baseline-no-group")),
        };
        let is_chosen = value == chosen;
        (value, text, is_chosen)
    };
    groups.map(choice).collect()
}

/// `binds` is what the parameter `inventory.bind_on_baseline` says, which the reader may change here.
fn form(l: Language, narrowed: &Narrowed, all: usize, binds: bool, looked: Timestamp) -> Form {
    let count = i64::try_from(all).unwrap_or(i64::MAX);
    Form::new(l.t("baseline-accept-title"), l.t1("baseline-accept", "count", count), "/adopt/baseline", "")
        .telling([l.t("baseline-accept-told")])
        .carrying("ne", narrowed.ne.map(|ne| ne.to_string()).unwrap_or_default())
        .carrying("vlan", narrowed.vlan.clone())
        .carrying("of", narrowed.group.clone())
        .carrying("seen_by", looked.to_string())
        .asking([
            Field::new("group", l.t("column-group"), Kind::Text).hinted(l.t("baseline-group-hint")),
            Field::new("bind", l.t("baseline-bind"), Kind::Tick)
                .with(if binds { "true" } else { "" })
                .hinted(l.t("baseline-bind-hint")),
            reason(l),
        ])
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let narrowed = Narrowed::of(&query);
        page(&desk, &visitor, &query, narrowed, None).await
    })
    .await
}

pub(crate) async fn accept(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let narrowed = Narrowed::given(&given);
        let accepted = async {
            let filter = narrowed.filter(visitor.language())?;
            let bind = given.text("bind").is_some();
            let (group, reason) = (given.text("group"), &given.reason);
            Ok::<_, Refusal>(
                desk.accept_baseline(visitor.caller(), &filter, group, Some(bind), reason).await?,
            )
        };
        match accepted.await {
            Ok(macs) => Ok(led_to(&format!("/adopt/baseline?done=accepted&count={}", macs.len()))),
            Err(refusal) => page(&desk, &visitor, &Query::default(), narrowed, Some((&given, refusal))).await,
        }
    })
    .await
}
