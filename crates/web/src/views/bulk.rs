//! Acts on many endpoints at once: one dialog that names how many and who is affected, one reason, and what
//! became of each.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_model::Mac;
use netwarden_operate::{Authorisation, Desk};

use super::act::{Act, Given, Input};
use super::dialog::{Dialog, submitted};
use super::endpoints::address;
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::ports::verb;
use super::table::{Cell, Columns, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Sent;
use crate::refusal::Refusal;
use crate::shape;

/// Endpoints of one act, at most: the rows of a page.
const MOST: usize = 1_000;
/// Endpoints that a dialog names.
const NAMED: usize = 10;

#[derive(Template)]
#[template(path = "bulk.html")]
struct BulkPage {
    frame: Frame,
    /// What came of it, in one sentence.
    told: String,
    results: Table,
    /// Where it can be undone.
    undo: Option<String>,
}

const RESULTS: Columns = &[("column-mac", None), ("column-outcome", None), ("column-what", None)];

fn operation_of(verb: &str) -> Operation {
    if verb == "block" { Operation::EndpointBlock } else { Operation::EndpointAuthorise }
}

fn read(l: Language, texts: impl Iterator<Item = String>) -> Result<Vec<Mac>, Refusal> {
    let mut macs = Vec::new();
    for text in texts {
        let shown: String = text.chars().take(64).collect();
        macs.push(shown.parse::<Mac>().map_err(|error| Refusal::malformed(error.to_string()))?);
    }
    macs.sort_unstable();
    macs.dedup();
    if macs.len() > MOST {
        return Err(Refusal::malformed(l.t1(
            "bulk-too-many",
            "count",
            i64::try_from(MOST).unwrap_or_default(),
        )));
    }
    Ok(macs)
}

async fn act_of(desk: &Desk, visitor: &Visitor, verb: &str, macs: &[Mac]) -> Result<Act, Refusal> {
    let l = visitor.language();
    let count = i64::try_from(macs.len()).unwrap_or(i64::MAX);
    let (mut names, mut online, mut authorised) = (Vec::new(), 0i64, 0i64);
    for mac in macs {
        let endpoint = shape::endpoint(desk.endpoint(visitor.caller(), *mac).await?);
        online += i64::from(endpoint.online);
        authorised += i64::from(endpoint.status == "authorised");
        if names.len() < NAMED {
            let name = endpoint.dns_name.or(endpoint.host_name).or(endpoint.owner).or(endpoint.vendor);
            names
                .push(name.map_or_else(|| endpoint.mac.clone(), |name| format!("{} ({name})", endpoint.mac)));
        }
    }
    let more = macs.len().saturating_sub(names.len());
    let mut who = names.join(", ");
    if more > 0 {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        who = l.with("bulk-and-more", &[("who", who.into()), ("count", more.into())]);
    }
    let (title, text, button) = match verb {
        "block" => ("bulk-block-title", "bulk-block-told", "act-block"),
        _ => ("bulk-authorise-title", "bulk-authorise-told", "act-authorise"),
    };
    let mut told = vec![l.t1(text, "count", count), who];
    if verb == "block" && online > 0 {
        told.push(l.t1("bulk-block-online", "count", online));
    }
    if verb == "block" && authorised > 0 {
        told.push(l.t1("bulk-block-authorised", "count", authorised));
    }
    Ok(Act {
        title: l.t1(title, "count", count),
        told,
        inputs: vec![Input {
            name: "macs",
            label: String::new(),
            kind: "hidden",
            value: macs.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            hint: String::new(),
        }],
        button: l.t(button),
        dangerous: verb == "block",
        action: format!("/endpoints/{verb}"),
        back: "/endpoints".to_owned(),
        fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, verb) = (visitor.language(), verb(&uri));
        desk.permit_of(visitor.caller(), operation_of(verb)).await?;
        let picked = query.pairs().filter(|(name, _)| *name == "mac").map(|(_, value)| value.to_owned());
        let macs = read(l, picked)?;
        if macs.is_empty() {
            return shown(&desk, &visitor, l.t("bulk-nothing"), Vec::new(), None).await;
        }
        act_of(&desk, &visitor, verb, &macs).await?.shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Sent(given): Sent<Given>,
) -> Response {
    let (l, verb) = (visitor.language(), verb(&uri));
    let picked = || {
        let macs = given.text("macs").unwrap_or_default();
        read(l, macs.split(',').filter(|mac| !mac.is_empty()).map(str::to_owned))
    };
    let done = async {
        desk.permit_of(visitor.caller(), operation_of(verb)).await?;
        let macs = picked()?;
        if macs.is_empty() {
            return shown(&desk, &visitor, l.t("bulk-nothing"), Vec::new(), None).await;
        }
        if given.reason.trim().is_empty() {
            let status = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Refusal::new(status, "invalid", "Not acceptable", l.t("bulk-no-reason")));
        }
        acted(&desk, &visitor, verb, macs, &given.reason).await
    };
    let dialog = async { act_of(&desk, &visitor, verb, &picked()?).await };
    submitted(&desk, &visitor, &given, done, dialog).await
}

/// Acts on each, and shows what became of it.
async fn acted(
    desk: &Desk,
    visitor: &Visitor,
    verb: &str,
    macs: Vec<Mac>,
    reason: &str,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let (mut rows, mut done) = (Vec::new(), Vec::new());
    for mac in macs {
        let outcome = match verb {
            "block" => desk.block(visitor.caller(), mac, reason).await,
            _ => {
                let wish = Authorisation { release: true, ..Authorisation::default() };
                desk.authorise(visitor.caller(), mac, wish, reason).await.map(drop)
            }
        };
        let (word, text) = match outcome {
            Ok(()) => {
                done.push(mac);
                ("success", l.t(if verb == "block" { "done-block" } else { "done-authorise" }))
            }
            // The sentence that is safe to show is the refusal's.
            Err(error) => ("failure", l.said(Refusal::from(error).detail())),
        };
        rows.push(Row {
            cells: vec![
                Cell::CodeLink { text: mac.to_string(), href: address(&mac.to_string()) },
                Cell::Status { word: word.to_owned(), text: l.word("outcome", word) },
                Cell::Text(text),
            ],
        });
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let numbers = [("done", count(done.len()).into()), ("all", count(rows.len()).into())];
    let told = l.with(if verb == "block" { "bulk-blocked" } else { "bulk-authorised" }, &numbers);
    let other = if verb == "block" { "authorise" } else { "block" };
    let undo = done.iter().fold(Query::default(), |query, mac| query.and("mac", &mac.to_string()));
    let undo = (!done.is_empty()).then(|| undo.at(&format!("/endpoints/{other}")));
    shown(desk, visitor, told, rows, undo).await
}

async fn shown(
    desk: &Desk,
    visitor: &Visitor,
    told: String,
    rows: Vec<Row>,
    undo: Option<String>,
) -> Result<Response, Refusal> {
    let (l, none) = (visitor.language(), Query::default());
    let results = Table::new(l, "", &l.t("bulk-results"), RESULTS, &[], &none)
        .filled(&none, rows, None)
        .or_empty(String::new());
    let frame = Frame::of(desk, visitor, l.t("bulk-results")).await;
    frame::page(&BulkPage { frame, told, results, undo })
}
