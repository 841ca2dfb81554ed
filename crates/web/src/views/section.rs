//! The parts of System: a list of what there is, what it is for, and buttons; all of them look alike.

use askama::Template;
use axum::response::Response;
use netwarden_api::Page;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ListWish};

use super::endpoints::{Button, wish};
use super::frame::{self, Frame, Notice};
use super::language::Language;
use super::sheet::{AT_ONCE, Sheet};
use super::table::{Cell, Columns, Filters, ListPart, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::refusal::Refusal;

/// The list of a part of System, as it can be asked for.
pub(super) struct Listing {
    pub(super) path: &'static str,
    pub(super) columns: Columns,
    pub(super) filters: Filters,
    /// Name of the file that it is given as.
    pub(super) file: &'static str,
    /// It is looked at again every few seconds.
    pub(super) watched: bool,
}

impl Listing {
    /// What the address asks for: a page, or a file of as many rows as one page can have.
    pub(super) fn wish(&self, query: &Query) -> Result<ListWish, Refusal> {
        let wish = wish(query)?;
        Ok(if is_file(query) { ListWish { limit: Some(AT_ONCE), ..wish } } else { wish })
    }
}

/// The list is asked for as a file.
fn is_file(query: &Query) -> bool {
    query.get("as") == Some("csv")
}

/// A part of System on its page.
pub(super) struct Section {
    pub(super) title: String,
    /// What it is for.
    pub(super) about: String,
    /// What is not as it should be.
    pub(super) warnings: Vec<String>,
    pub(super) buttons: Vec<Button>,
    pub(super) listing: &'static Listing,
    pub(super) rows: Page<Row>,
    /// What is said where there is nothing yet.
    pub(super) none: String,
}

#[derive(Template)]
#[template(path = "section.html")]
struct SectionPage {
    frame: Frame,
    about: String,
    warnings: Vec<String>,
    buttons: Vec<Button>,
    table: Table,
}

impl Section {
    /// The page, its list alone, or its file.
    pub(super) async fn shown(
        self,
        desk: &Desk,
        visitor: &Visitor,
        query: &Query,
    ) -> Result<Response, Refusal> {
        self.shown_with::<super::bulk::Account>(desk, visitor, query, None).await
    }

    /// [`Section::shown`], with a box before each row for acts on many, by their keys.
    pub(super) async fn shown_with<K: super::bulk::Kind>(
        self,
        desk: &Desk,
        visitor: &Visitor,
        query: &Query,
        keys: Option<Vec<String>>,
    ) -> Result<Response, Refusal> {
        let (l, Listing { path, columns, filters, file, watched }) = (visitor.language(), self.listing);
        if is_file(query) {
            let mut sheet = Sheet::new(visitor, path, columns);
            self.rows.items.iter().for_each(|row| sheet.push(row));
            return Ok(sheet.file(file, self.rows.next.is_some()));
        }
        let is_narrowed = filters.iter().any(|(name, ..)| query.get(name).is_some());
        let Page { items, next, total } = self.rows;
        let mut table = Table::new(l, path, &self.title, columns, filters, query)
            .filled(query, items, next.as_deref())
            .counted(total)
            .or_empty(if is_narrowed { l.t("none-fits") } else { self.none });
        if let Some(keys) = keys {
            table = table.picked_by(K::NAME, super::bulk::offered::<K>(desk, visitor), keys);
        }
        table.watched = watched.then(|| query.without(&["done"]).at(path));
        let is_known = !table.rows.is_empty();
        table.csv = is_known.then(|| query.without(&["limit", "done"]).with("as", "csv").at(path));
        if visitor.part {
            return frame::page(&ListPart { table });
        }
        let frame = Frame::of(desk, visitor, self.title).await.with_notice(told(l, query));
        let Self { about, warnings, buttons, .. } = self;
        frame::page(&SectionPage { frame, about, warnings, buttons, table })
    }
}

/// A table without filters, sorting and pages.
pub(super) fn table(l: Language, caption: String, columns: Columns, rows: Vec<Row>, empty: String) -> Table {
    let none = Query::default();
    Table::new(l, "", &caption, columns, &[], &none).filled(&none, rows, None).or_empty(empty)
}

/// What can be done to a row's thing by this reader.
pub(super) fn acts<'a>(
    desk: &Desk,
    visitor: &Visitor,
    of: &str,
    offered: impl IntoIterator<Item = (Operation, &'a str, String, bool)>,
) -> Cell {
    Cell::ActsOn { of: of.to_owned(), buttons: buttons(desk, visitor, offered) }
}

/// The buttons whose operation this reader may do: operation, key of the text, address, danger.
pub(super) fn buttons<'a>(
    desk: &Desk,
    visitor: &Visitor,
    offered: impl IntoIterator<Item = (Operation, &'a str, String, bool)>,
) -> Vec<Button> {
    let l = visitor.language();
    offered
        .into_iter()
        .filter(|(operation, ..)| visitor.may(desk, *operation))
        .map(|(_, key, href, dangerous)| Button { text: l.t(key), href, dangerous })
        .collect()
}

/// What was done before the page was called.
pub(super) fn told(l: Language, query: &Query) -> Option<Notice> {
    let text = match query.get("done")? {
        "added" => l.t("done-added"),
        "changed" => l.t("done-changed"),
        "removed" => l.t("done-removed"),
        "ended" => l.t("done-session-ended"),
        "accepted" => {
            let count: i64 = query.get("count").and_then(|count| count.parse().ok()).unwrap_or(0);
            l.t1("done-accepted", "count", count)
        }
        "enforce" => l.t("done-enforce"),
        "observe" => l.t("done-observe"),
        "cancelled" => l.t("done-cancelled"),
        "started" => l.t("done-started"),
        _ => return None,
    };
    Some(Notice { text, undo: None })
}

#[derive(Template)]
#[template(path = "told.html")]
struct ToldPage {
    frame: Frame,
    good: bool,
    text: String,
    /// What is shown this once.
    once: String,
    back: String,
    back_text: String,
}

/// The outcome of something that was tried, on a page of its own.
pub(super) struct Told {
    pub(super) title: String,
    pub(super) good: bool,
    pub(super) text: String,
    /// What is shown this once; empty for nothing.
    pub(super) once: String,
    /// Where one goes from there, and what that is called.
    pub(super) back: (String, String),
}

impl Told {
    pub(super) async fn shown(self, desk: &Desk, visitor: &Visitor) -> Result<Response, Refusal> {
        let frame = Frame::of(desk, visitor, self.title).await;
        let (back, back_text) = self.back;
        frame::page(&ToldPage { frame, good: self.good, text: self.text, once: self.once, back, back_text })
    }
}
