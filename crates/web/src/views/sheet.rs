//! A list as a file of CSV: exactly what is shown of it, all its pages up to a limit.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::table::{Cell, Columns, Row, csv_line};
use super::visitor::Visitor;

/// Rows of a file, at most: as many as are counted.
const MOST_LINES: usize = 10_000;
/// Rows that are asked for at once.
pub(super) const AT_ONCE: u64 = 1_000;

/// A file as it grows.
pub(super) struct Sheet {
    text: String,
    lines: usize,
    /// Which columns the reader has left.
    shown: Vec<bool>,
    /// What is said where it was cut.
    cut: String,
}

impl Sheet {
    /// With the heads of the list at `path`, as the reader likes its columns.
    pub(super) fn new(visitor: &Visitor, path: &str, columns: Columns) -> Self {
        let l = visitor.language();
        let shown: Vec<bool> = columns
            .iter()
            .enumerate()
            .map(|(at, (key, _))| at == 0 || !visitor.view.hides(path, key))
            .collect();
        let heads = columns.iter().zip(&shown).filter(|(_, shown)| **shown).map(|((key, _), _)| l.t(key));
        let text = csv_line(&heads.collect::<Vec<_>>());
        let cut = l.t1("csv-cut", "count", i64::try_from(MOST_LINES).unwrap_or(i64::MAX));
        Self { text, lines: 0, shown, cut }
    }

    /// Another row; nothing beyond the limit.
    pub(super) fn push(&mut self, row: &Row) {
        if !self.is_full() {
            let cells = row.cells.iter().zip(&self.shown).filter(|(_, shown)| **shown);
            self.text.push_str(&csv_line(&cells.map(|(cell, _)| said(cell)).collect::<Vec<_>>()));
            self.lines += 1;
        }
    }

    /// No other row is taken.
    pub(super) fn is_full(&self) -> bool {
        self.lines >= MOST_LINES
    }

    /// The file; with a last line that says so where there was more.
    pub(super) fn file(mut self, name: &str, is_cut: bool) -> Response {
        if is_cut {
            self.text.push_str(&csv_line(&[self.cut]));
        }
        let kept = format!("attachment; filename=\"{name}\"");
        let kind = "text/csv; charset=utf-8; header=present".to_owned();
        ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, kept)], self.text).into_response()
    }
}

/// What a cell says; times in UTC.
fn said(cell: &Cell) -> String {
    match cell {
        Cell::Text(text)
        | Cell::Code(text)
        | Cell::Link { text, .. }
        | Cell::CodeLink { text, .. }
        | Cell::Status { text, .. } => text.clone(),
        Cell::Time(at) => at.map(|at| at.to_string()).unwrap_or_default(),
        Cell::Pick { .. } | Cell::Tick { .. } | Cell::ActsOn { .. } => String::new(),
    }
}
