//! Acts on many things at once: one dialog that names how many and who is affected, one reason, and what became
//! of each. What differs between endpoints, ports and elements is a [`Kind`] each.

mod accounts;
mod elements;
mod endpoints;
mod ports;

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use futures::future::BoxFuture;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, OperateError, Said};

pub(in crate::views) use self::accounts::Account;
pub(in crate::views) use self::elements::Element;
pub(in crate::views) use self::endpoints::Endpoint;
pub(in crate::views) use self::ports::Port;
use super::act::{Act, Given, Input};
use super::dialog::{Dialog, submitted};
use super::endpoints::Button;
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::ports::verb as last_part;
use super::table::{Bulk, Cell, Columns, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::refusal::Refusal;

/// Things of one act, at most: the rows of a page.
const MOST: usize = 1_000;
/// Things that a dialog names.
const NAMED: usize = 10;
/// The field that carries what was picked through the dialog.
const PICKED: &str = "picked";

/// An act on many, as the list of the things offers it.
pub(in crate::views) struct Verb {
    /// The last part of its address.
    pub(super) name: &'static str,
    operation: Operation,
    /// Keys of its texts: the button, the dialog's title, what it will do, and what was done in the end.
    button: &'static str,
    title: &'static str,
    told: &'static str,
    done: &'static str,
    dangerous: bool,
    /// The verb that undoes it.
    undo: Option<&'static str>,
}

/// An act on many; `texts` are the keys of its title, of what it will do and of what was done.
const fn verb(
    name: &'static str,
    operation: Operation,
    button: &'static str,
    texts: [&'static str; 3],
    dangerous: bool,
    undo: Option<&'static str>,
) -> Verb {
    let [title, told, done] = texts;
    Verb { name, operation, button, title, told, done, dangerous, undo }
}

/// Who is affected, and what besides the reason is asked.
#[derive(Default)]
pub(in crate::views) struct Asked {
    names: Vec<String>,
    /// A sentence each.
    affected: Vec<String>,
    inputs: Vec<Input>,
}

/// Things that can be picked in their list.
pub(in crate::views) trait Kind: Clone + Ord + Send + Sync + 'static {
    /// The path of their list.
    const LIST: &'static str;
    /// What stands before the name of an act in its address.
    const ACTS: &'static str = Self::LIST;
    /// What a box of the list, and so the address of a dialog, calls one.
    const NAME: &'static str;
    /// Key of the text that leads back to the list, of the list's name, and of the column of results.
    const BACK: &'static str;
    const CRUMB: &'static str;
    const RESULTS: Columns;
    const VERBS: &'static [Verb];
    /// What was written into the form besides the reason.
    type Wish: Send + Sync;

    fn read(text: &str) -> Result<Self, Refusal>;
    /// As [`Kind::read`] takes it.
    fn written(&self) -> String;
    fn asked<'a>(
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        all: &'a [Self],
    ) -> BoxFuture<'a, Result<Asked, Refusal>>;
    fn wish(l: Language, verb: &Verb, given: &Given) -> Result<Self::Wish, Refusal>;
    fn act<'a>(
        &'a self,
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        wish: &'a Self::Wish,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OperateError>>;
    /// It, in the list of results.
    fn cell<'a>(&'a self, desk: &'a Desk, visitor: &'a Visitor) -> BoxFuture<'a, Cell>;
}

#[derive(Template)]
#[template(path = "bulk.html")]
struct BulkPage {
    frame: Frame,
    list: &'static str,
    crumb: String,
    back: String,
    /// What came of it, in one sentence.
    told: String,
    results: Table,
    /// Where it can be undone.
    undo: Option<String>,
}

/// The acts on many that this reader may do, as buttons above the list.
pub(super) fn offered<K: Kind>(desk: &Desk, visitor: &Visitor) -> Vec<Bulk> {
    let l = visitor.language();
    K::VERBS
        .iter()
        .filter(|verb| visitor.may(desk, verb.operation))
        .map(|verb| Bulk {
            text: l.t(verb.button),
            href: format!("{}/{}", K::ACTS, verb.name),
            dangerous: verb.dangerous,
        })
        .collect()
}

/// The acts of these names on exactly `all`, as buttons where they stand in another list; none where that is
/// nothing, or more than one act takes.
pub(super) fn on_these<K: Kind>(desk: &Desk, visitor: &Visitor, verbs: &[&str], all: &[K]) -> Vec<Button> {
    if all.is_empty() || all.len() > MOST {
        return Vec::new();
    }
    let l = visitor.language();
    let offered = K::VERBS.iter().filter(|verb| verbs.contains(&verb.name));
    let offered = offered.filter(|verb| visitor.may(desk, verb.operation));
    offered
        .map(|verb| Button {
            text: l.t1(verb.title, "count", count(all.len())),
            href: picked_address(verb.name, all),
            dangerous: verb.dangerous,
        })
        .collect()
}

/// Where the dialog of an act on exactly `all` is.
fn picked_address<K: Kind>(verb: &str, all: &[K]) -> String {
    let picked = all.iter().fold(Query::default(), |query, one| query.and(K::NAME, &one.written()));
    picked.at(&format!("{}/{verb}", K::ACTS))
}

fn verb_of<K: Kind>(uri: &axum::http::Uri) -> Result<&'static Verb, Refusal> {
    let name = last_part(uri);
    K::VERBS.iter().find(|verb| verb.name == name).ok_or_else(|| Refusal::not_found(Said::NothingHere))
}

fn read<K: Kind>(l: Language, texts: impl Iterator<Item = String>) -> Result<Vec<K>, Refusal> {
    let mut all = texts.map(|text| K::read(&text)).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    all.dedup();
    if all.len() > MOST {
        return Err(Refusal::malformed(l.t1("bulk-too-many", "count", count(MOST))));
    }
    Ok(all)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

async fn act_of<K: Kind>(
    desk: &Desk,
    visitor: &Visitor,
    verb: &'static Verb,
    all: &[K],
) -> Result<Act, Refusal> {
    let l = visitor.language();
    let Asked { names, affected, mut inputs } = K::asked(desk, visitor, verb, all).await?;
    let more = all.len().saturating_sub(NAMED.min(names.len()));
    let mut who = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        who = l.with("bulk-and-more", &[("who", who.into()), ("count", count(more).into())]);
    }
    let picked = all.iter().map(K::written).collect::<Vec<_>>().join("\n");
    inputs.push(Input::new(PICKED, String::new(), "hidden").with(picked));
    Ok(Act {
        title: l.t1(verb.title, "count", count(all.len())),
        told: [l.t1(verb.told, "count", count(all.len())), who].into_iter().chain(affected).collect(),
        inputs,
        button: l.t(verb.button),
        dangerous: verb.dangerous,
        action: format!("{}/{}", K::ACTS, verb.name),
        back: K::LIST.to_owned(),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(in crate::views) async fn page<K: Kind>(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, verb) = (visitor.language(), verb_of::<K>(&uri)?);
        desk.permit_some(visitor.caller(), verb.operation).await?;
        let picked = query.pairs().filter(|(name, _)| *name == K::NAME).map(|(_, value)| value.to_owned());
        let all = read::<K>(l, picked)?;
        if all.is_empty() {
            return shown::<K>(&desk, &visitor, l.t("bulk-nothing"), Vec::new(), None).await;
        }
        act_of(&desk, &visitor, verb, &all).await?.shown(&desk, &visitor).await
    })
    .await
}

pub(in crate::views) async fn act<K: Kind>(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    given: Given,
) -> Response {
    let l = visitor.language();
    let picked = || {
        let picked = given.text(PICKED).unwrap_or_default();
        read::<K>(l, picked.split('\n').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned))
    };
    let done = async {
        let verb = verb_of::<K>(&uri)?;
        desk.permit_some(visitor.caller(), verb.operation).await?;
        let all = picked()?;
        if all.is_empty() {
            return shown::<K>(&desk, &visitor, l.t("bulk-nothing"), Vec::new(), None).await;
        }
        if given.reason.trim().is_empty() {
            return Err(OperateError::Invalid(Said::ReasonNeeded).into());
        }
        let wish = K::wish(l, verb, &given)?;
        acted(&desk, &visitor, verb, all, &wish, &given.reason).await
    };
    let dialog = async { act_of(&desk, &visitor, verb_of::<K>(&uri)?, &picked()?).await };
    submitted(&desk, &visitor, &given, done, dialog).await
}

/// Acts on each, and shows what became of it.
async fn acted<K: Kind>(
    desk: &Desk,
    visitor: &Visitor,
    verb: &'static Verb,
    all: Vec<K>,
    wish: &K::Wish,
    reason: &str,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let (mut rows, mut done) = (Vec::new(), Vec::new());
    for one in all {
        let (word, text) = match one.act(desk, visitor, verb, wish, reason).await {
            Ok(()) => {
                done.push(one.clone());
                ("success", l.t(verb.button))
            }
            // The sentence that is safe to show is the refusal's.
            Err(error) => ("failure", l.said(Refusal::from(error).detail())),
        };
        let outcome = Cell::Status { word: word.to_owned(), text: l.word("outcome", word) };
        rows.push(Row { cells: vec![one.cell(desk, visitor).await, outcome, Cell::Text(text)] });
    }
    let numbers = [("done", count(done.len()).into()), ("all", count(rows.len()).into())];
    let told = l.with(verb.done, &numbers);
    let undo = verb.undo.filter(|_| !done.is_empty()).map(|undo| picked_address(undo, &done));
    shown::<K>(desk, visitor, told, rows, undo).await
}

async fn shown<K: Kind>(
    desk: &Desk,
    visitor: &Visitor,
    told: String,
    rows: Vec<Row>,
    undo: Option<String>,
) -> Result<Response, Refusal> {
    let (l, none) = (visitor.language(), Query::default());
    let results = Table::new(l, "", &l.t("bulk-results"), K::RESULTS, &[], &none)
        .filled(&none, rows, None)
        .or_empty(String::new());
    let frame = Frame::of(desk, visitor, l.t("bulk-results")).await;
    let (list, crumb, back) = (K::LIST, l.t(K::CRUMB), l.t(K::BACK));
    frame::page(&BulkPage { frame, list, crumb, back, told, results, undo })
}
