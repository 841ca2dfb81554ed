//! The table: one piece for every list, with sorting, filters as chips, choice of columns, selection, pages
//! by key and CSV.

use askama::Template;
use jiff::Timestamp;
use netwarden_api::Total;

use super::endpoints::Button;
use super::language::Language;
use super::view::View;
use crate::address::Query;

/// A column's head.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// Key of its text, by which a reader's choice is remembered.
    pub(super) key: &'static str,
    pub(super) text: String,
    /// Sorts by it, the other way round where it does already.
    pub(super) href: Option<String>,
    /// `ascending` or `descending`, as ARIA has it.
    pub(super) sorted: Option<&'static str>,
}

/// What stands in a row's column.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Text(String),
    /// MAC, IP and the like.
    Code(String),
    Link {
        text: String,
        href: String,
    },
    CodeLink {
        text: String,
        href: String,
    },
    /// A word of the product with its colour and shape.
    Status {
        word: String,
        text: String,
    },
    Time(Option<Timestamp>),
    /// A box that picks the row for an act on many.
    Pick {
        name: &'static str,
        value: String,
        /// Whom it picks, for those who do not see the row.
        label: String,
    },
    /// A box of the form with the id `form`.
    Tick {
        name: String,
        form: &'static str,
        on: bool,
        /// What it says, for those who do not see the row.
        label: String,
    },
    /// What can be done to the row's thing, which is called `of`.
    ActsOn {
        of: String,
        buttons: Vec<Button>,
    },
}

impl Cell {
    /// A link where it may be followed, else its text.
    pub(super) fn link_where(may: bool, text: String, href: String) -> Self {
        if may { Cell::Link { text, href } } else { Cell::Text(text) }
    }

    pub(super) fn text(text: Option<impl Into<String>>) -> Self {
        Cell::Text(text.map(Into::into).unwrap_or_default())
    }
}

/// One row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
}

/// A filter that is set, and the address without it.
#[derive(Debug, Clone)]
pub(super) struct Chip {
    pub(super) text: String,
    pub(super) href: String,
}

/// A field of the filters.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) value: String,
    /// Value and text of what can be chosen; a text field where empty.
    pub(super) choices: Vec<(String, String)>,
    /// HTML's `type` where nothing is to be chosen from.
    pub(super) kind: &'static str,
}

/// An act on all rows that are picked.
#[derive(Debug, Clone)]
pub(super) struct Bulk {
    pub(super) text: String,
    pub(super) href: String,
    pub(super) dangerous: bool,
}

/// A list as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) l: Language,
    pub(super) path: &'static str,
    pub(super) caption: String,
    pub(super) fields: Vec<Field>,
    pub(super) chips: Vec<Chip>,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Row>,
    /// How many there are; None where they are not counted.
    pub(super) total: Option<String>,
    pub(super) next: Option<String>,
    pub(super) first: Option<String>,
    pub(super) csv: Option<String>,
    /// What to do where there is nothing.
    pub(super) empty: String,
    pub(super) sort: String,
    /// Where rows come from as they arise.
    pub(super) live: Option<String>,
    /// What is asked for again every few seconds.
    pub(super) watched: Option<String>,
    /// Acts on the rows that are picked; the first cell of each is its box then.
    pub(super) bulk: Vec<Bulk>,
    /// Columns that can be left out, and whether each is shown.
    pub(super) columns: Vec<(&'static str, String, bool)>,
    /// Rows stand close together.
    pub(super) tight: bool,
    /// Path and query of the page, to come back to.
    pub(super) here: String,
}

/// A list without the page around it, as its filters and pages are exchanged.
#[derive(Template)]
#[template(path = "list.html", block = "list")]
pub(super) struct ListPart {
    pub(super) table: Table,
}

/// The columns of a list: key of the text, and name to sort by.
pub(super) type Columns = &'static [(&'static str, Option<&'static str>)];
/// The filters of a list: name, key of the label, and kind of words to choose from with the words.
pub(super) type Filters =
    &'static [(&'static str, &'static str, Option<(&'static str, &'static [&'static str])>)];

impl Table {
    pub(super) fn new(
        l: Language,
        path: &'static str,
        caption: &str,
        columns: Columns,
        filters: Filters,
        query: &Query,
    ) -> Self {
        let sort = query.get("sort").unwrap_or_default();
        let heads = columns.iter().map(|(key, name)| head(l, path, query, sort, key, *name)).collect();
        let fields = filters.iter().map(|filter| field(l, query, filter)).collect();
        let chips = query.pairs().filter_map(|(name, value)| {
            if matches!(name, "sort" | "after" | "limit" | "done" | "as") {
                return None;
            }
            let filter = filters.iter().find(|(found, ..)| *found == name);
            let label = filter.map_or_else(|| name.to_owned(), |(_, key, _)| l.t(key));
            let value = match filter {
                Some((.., Some((kind, _)))) => l.word(kind, value),
                _ if matches!(name, "from" | "until") => value.replace('T', " "),
                _ => value.to_owned(),
            };
            Some(Chip { text: format!("{label}: {value}"), href: query.without(&[name, "after"]).at(path) })
        });
        Self {
            l,
            path,
            caption: caption.to_owned(),
            fields,
            chips: chips.collect(),
            heads,
            rows: Vec::new(),
            total: None,
            next: None,
            first: query.get("after").map(|_| query.without(&["after"]).at(path)),
            csv: None,
            empty: String::new(),
            sort: sort.to_owned(),
            live: None,
            watched: None,
            bulk: Vec::new(),
            columns: Vec::new(),
            tight: false,
            here: path.to_owned(),
        }
    }

    /// With the rows of a page.
    pub(super) fn filled(mut self, query: &Query, rows: Vec<Row>, next: Option<&str>) -> Self {
        self.rows = rows;
        self.next = next.map(|next| query.with("after", next).at(self.path));
        self
    }

    pub(super) fn counted(mut self, total: Total) -> Self {
        let count = self.l.t1("table-count", "count", i64::try_from(total.count).unwrap_or(i64::MAX));
        self.total = Some(if total.more { self.l.t1("table-more-than", "rows", count) } else { count });
        self
    }

    pub(super) fn with_csv(mut self, path: &str, query: &Query) -> Self {
        self.csv = Some(query.without(&["after", "limit"]).at(path));
        self
    }

    /// With a box before each row, for acts on those that are picked, by their keys in the order of the rows;
    /// nothing where there is no such act.
    pub(super) fn picked_by(mut self, name: &'static str, bulk: Vec<Bulk>, keys: Vec<String>) -> Self {
        if bulk.is_empty() {
            return self;
        }
        self.bulk = bulk;
        self.heads.insert(0, head(self.l, self.path, &Query::default(), "", PICK, None));
        for (row, value) in self.rows.iter_mut().zip(keys) {
            let label = self.l.t1("pick-row", "name", value.clone());
            row.cells.insert(0, Cell::Pick { name, value, label });
        }
        self
    }

    /// As the reader likes its columns and density.
    pub(super) fn viewed(mut self, view: &View, here: &str) -> Self {
        self.here = here.to_owned();
        self.tight = view.is_tight(self.path);
        // What names a row, and what picks it, always stands there.
        let fixed = if self.bulk.is_empty() { 1 } else { 2 };
        let shown: Vec<bool> = self
            .heads
            .iter()
            .enumerate()
            .map(|(at, head)| at < fixed || !view.hides(self.path, head.key))
            .collect();
        let choices = self.heads.iter().zip(&shown).skip(fixed);
        self.columns = choices.map(|(head, shown)| (head.key, head.text.clone(), *shown)).collect();
        retain(&mut self.heads, &shown);
        for row in &mut self.rows {
            retain(&mut row.cells, &shown);
        }
        self
    }

    pub(super) fn or_empty(mut self, text: String) -> Self {
        self.empty = text;
        self
    }
}

/// Key of the column of boxes.
const PICK: &str = "column-pick";

/// A row of the list at `path` by itself, with the columns that the reader has left.
pub(super) fn viewed_row(mut row: Row, view: &View, path: &str, columns: Columns) -> Row {
    let mut shown = vec![true];
    shown.extend(columns.iter().skip(1).map(|(key, _)| !view.hides(path, key)));
    retain(&mut row.cells, &shown);
    row
}

/// Keeps what stands at a place that is kept; what there is no word about, too.
fn retain<T>(all: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter().copied();
    all.retain(|_| kept.next().unwrap_or(true));
}

fn head(
    l: Language,
    path: &str,
    query: &Query,
    sort: &str,
    key: &'static str,
    name: Option<&'static str>,
) -> Head {
    let Some(name) = name else { return Head { key, text: l.t(key), href: None, sorted: None } };
    let sorted = match sort.strip_prefix('-') {
        Some(by) if by == name => Some("descending"),
        None if sort == name => Some("ascending"),
        _ => None,
    };
    let next = if sorted == Some("ascending") { format!("-{name}") } else { name.to_owned() };
    Head { key, text: l.t(key), href: Some(query.with("sort", &next).at(path)), sorted }
}

fn field(
    l: Language,
    query: &Query,
    (name, key, words): &(&'static str, &'static str, Option<(&'static str, &'static [&'static str])>),
) -> Field {
    let choices = words.map_or_else(Vec::new, |(kind, words)| {
        words.iter().map(|word| ((*word).to_owned(), l.word(kind, word))).collect()
    });
    let value = query.get(name).unwrap_or_default();
    let (kind, value) = match *name {
        "from" | "until" => ("datetime-local", to_the_minute(value)),
        _ => ("text", value),
    };
    Field { name, label: l.t(key), value: value.to_owned(), choices, kind }
}

/// A time as a field of HTML takes it, `2026-11-29T08:00`: seconds and zone are cut off.
fn to_the_minute(text: &str) -> &str {
    text.get(..16).unwrap_or(text)
}

/// A line of CSV (RFC 4180). What a spreadsheet would take for a formula is kept from being one by an
/// apostrophe before it.
pub(super) fn csv_line(cells: &[String]) -> String {
    let mut line = String::new();
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push(',');
        }
        let formula = cell.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r']);
        let cell = if formula { format!("'{cell}") } else { cell.clone() };
        if cell.contains(['"', ',', '\n', '\r']) {
            line.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            line.push_str(&cell);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheets_run_nothing() {
        let cells = ["=cmd|' /C calc'!A0", "a,b", "say \"hi\"", "-1", "plain"].map(str::to_owned);
        let line = csv_line(&cells);
        assert_eq!(line, "'=cmd|' /C calc'!A0,\"a,b\",\"say \"\"hi\"\"\",'-1,plain\r\n");
    }

    #[test]
    fn a_second_click_turns_the_order() {
        let columns: Columns = &[("column-mac", Some("mac")), ("column-name", Some("name"))];
        let query = Query::of(Some("sort=mac&status=new&after=x"));
        let table = Table::new(Language::English, "/endpoints", "", columns, &[], &query);
        assert_eq!(table.heads[0].sorted, Some("ascending"));
        assert_eq!(table.heads[0].href.as_deref(), Some("/endpoints?status=new&sort=-mac"));
        assert_eq!(table.heads[1].href.as_deref(), Some("/endpoints?status=new&sort=name"));
        assert_eq!(table.first.as_deref(), Some("/endpoints?sort=mac&status=new"));
        assert_eq!(table.chips[0].href, "/endpoints?sort=mac");
    }
}
