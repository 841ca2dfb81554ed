//! Lists, single records and answers to acts, in every format.

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use netwarden_api::{Page, Total};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::{Fault, failed};
use super::session::{Printer, Session};
use crate::output::{Cell, Format, Rows};

/// Rows that a page of `--all` has (the server's largest).
const FULL_PAGE: u32 = 1_000;

/// A thing that can stand in a row.
pub trait Tabular: DeserializeOwned {
    /// The columns, the ones that people look for first at the front.
    const COLUMNS: &'static [&'static str];
    /// How many of them a table of many has; CSV and single records have all.
    const BRIEF: usize;
    /// One cell for each column.
    fn cells(&self) -> Vec<Cell>;
}

/// Which part of a list.
#[derive(Debug, Clone, Args)]
pub struct Part {
    /// Rows on a page (1 to 1,000).
    #[arg(long, value_name = "ROWS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Go on after this place: `next` of the page before.
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    /// Follow the pages to the end.
    #[arg(long)]
    pub all: bool,
}

/// Which part of a list, and in which order.
#[derive(Debug, Clone, Args)]
pub struct Paging {
    #[command(flatten)]
    pub part: Part,
    /// Column to sort by; with a minus in front the largest first.
    #[arg(long, value_name = "[-]COLUMN", allow_hyphen_values = true)]
    pub sort: Option<String>,
    /// A further filter of the REST interface; can be given several times.
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = pair)]
    pub filters: Vec<(String, String)>,
}

impl Paging {
    fn query(&self) -> Vec<(&str, String)> {
        let mut query = Vec::new();
        if let Some(sort) = &self.sort {
            query.push(("sort", sort.clone()));
        }
        query.extend(self.filters.iter().map(|(name, value)| (name.as_str(), value.clone())));
        query
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(format!("'{text}' is no NAME=VALUE")),
    }
}

/// Filters as they were given: what is absent is not asked for.
#[derive(Debug, Default)]
pub struct Filters(Vec<(&'static str, String)>);

impl Filters {
    /// Adds a filter where it was given.
    pub fn with<T: ToString>(mut self, name: &'static str, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.0.push((name, value.to_string()));
        }
        self
    }

    /// As a query.
    pub fn pairs(&self) -> &[(&'static str, String)] {
        &self.0
    }
}

/// Prints a list.
pub async fn list<T: Tabular>(
    session: &Session,
    path: &str,
    filters: Filters,
    paging: &Paging,
) -> Result<(), Fault> {
    let mut query: Vec<(&str, String)> = filters.0;
    query.extend(paging.query());
    pages::<T>(session, path, &query, &paging.part).await
}

/// Prints part of a list that has an order of its own, such as a history.
pub async fn part<T: Tabular>(
    session: &Session,
    path: &str,
    filters: Filters,
    part: &Part,
) -> Result<(), Fault> {
    pages::<T>(session, path, &filters.0, part).await
}

async fn pages<T: Tabular>(
    session: &Session,
    path: &str,
    wanted: &[(&str, String)],
    part: &Part,
) -> Result<(), Fault> {
    let mut shown = Shown::new::<T>(&session.out);
    let mut after = part.after.clone();
    loop {
        let mut query = wanted.to_vec();
        query.push(("limit", if part.all { FULL_PAGE } else { part.limit }.to_string()));
        if let Some(after) = &after {
            query.push(("after", after.clone()));
        }
        let answer: Value = session.client.get(path, &query).await?;
        let page = page_of(answer)?;
        let next = page.next.clone();
        if !part.all {
            return shown.one::<T>(page);
        }
        let is_stuck = next.is_some() && next == after;
        shown.more::<T>(page)?;
        if is_stuck {
            return Err(failed(format!("{path}: the server gives the same page again")));
        }
        if next.is_none() {
            return shown.end();
        }
        after = next;
    }
}

/// Prints a list that comes whole.
pub async fn whole<T: Tabular>(session: &Session, path: &str, filters: Filters) -> Result<(), Fault> {
    let answer: Value = session.client.get(path, filters.pairs()).await?;
    if session.out.format == Format::Json {
        return session.out.json(&answer);
    }
    Shown::new::<T>(&session.out).one::<T>(page_of(answer)?)
}

/// Every row of a list, for look-ups by name.
pub async fn everything<T: DeserializeOwned>(
    session: &Session,
    path: &str,
    filters: &[(&str, String)],
) -> Result<Vec<T>, Fault> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = filters.to_vec();
        query.push(("limit", FULL_PAGE.to_string()));
        if let Some(after) = &after {
            query.push(("after", after.clone()));
        }
        let page = page_of(session.client.get(path, &query).await?)?;
        for item in page.items {
            found.push(
                serde_json::from_value(item).with_context(|| format!("{path} answered an unknown row"))?,
            );
        }
        if page.next.is_none() || page.next == after {
            return Ok(found);
        }
        after = page.next;
    }
}

/// A page; short lists may come as they are.
fn page_of(answer: Value) -> Result<Page<Value>, Fault> {
    if let Value::Array(items) = answer {
        let count = items.len() as u64;
        return Ok(Page { items, next: None, total: Total { count, more: false } });
    }
    Ok(serde_json::from_value(answer).context("the server's answer is no page of a list")?)
}

/// A list that is being printed.
struct Shown<'a> {
    out: &'a Printer,
    columns: &'static [&'static str],
    table: Rows,
    pages: usize,
    rows: u64,
    total: Total,
}

impl<'a> Shown<'a> {
    fn new<T: Tabular>(out: &'a Printer) -> Self {
        let columns = match out.format {
            Format::Table => T::COLUMNS.get(..T::BRIEF).unwrap_or(T::COLUMNS),
            _ => T::COLUMNS,
        };
        let total = Total { count: 0, more: false };
        Self { out, columns, table: Rows::new(columns), pages: 0, rows: 0, total }
    }

    /// The only page that was asked for.
    fn one<T: Tabular>(mut self, page: Page<Value>) -> Result<(), Fault> {
        if self.out.format == Format::Json {
            return self.out.json(&page);
        }
        let next = page.next.clone();
        self.more::<T>(page)?;
        let (rows, total) = (self.rows, self.total);
        let out = self.out;
        match next {
            None => self.end(),
            Some(next) => {
                self.print_table()?;
                // Logs that only grow are not counted: then the total is what is shown, and more.
                let shown = Total { count: rows, more: false };
                let known = if total.count > rows { of(total) } else { "more".to_owned() };
                out.note(&format!("{} of {known}; the next page: --after {next}, all: --all", of(shown)));
                Ok(())
            }
        }
    }

    fn more<T: Tabular>(&mut self, page: Page<Value>) -> Result<(), Fault> {
        if self.pages == 0 {
            self.total = page.total;
        }
        match self.out.format {
            Format::Json => {
                let mut text = String::new();
                for item in &page.items {
                    text.push_str(if self.rows == 0 { "{\"items\":[\n" } else { ",\n" });
                    text.push_str(&self.out.json_text(item)?);
                    self.rows += 1;
                }
                self.out.write(&text)?;
            }
            Format::Csv => {
                let mut rows = Rows::new(self.columns);
                self.rows += fill::<T>(&mut rows, page.items)?;
                self.out.write(&rows.to_csv(self.pages == 0)?)?;
            }
            Format::Table => self.rows += fill::<T>(&mut self.table, page.items)?,
        }
        self.pages += 1;
        Ok(())
    }

    fn end(self) -> Result<(), Fault> {
        match self.out.format {
            Format::Csv => Ok(()),
            Format::Json => {
                let open = if self.rows == 0 { "{\"items\":[" } else { "\n]" };
                let close = if self.rows == 0 { "]" } else { "" };
                let total = Total { count: self.rows, more: false };
                let total = self.out.json_text(&total)?;
                self.out.write(&format!("{open}{close},\"total\":{total}}}\n"))
            }
            Format::Table => {
                self.print_table()?;
                self.out.note(&of(Total { count: self.rows, more: false }));
                Ok(())
            }
        }
    }

    fn print_table(&self) -> Result<(), Fault> {
        match self.out.format {
            Format::Table => self.out.write(&self.table.to_table_in(&self.out.zone)),
            Format::Json | Format::Csv => Ok(()),
        }
    }
}

fn fill<T: Tabular>(rows: &mut Rows, items: Vec<Value>) -> Result<u64, Fault> {
    let count = items.len() as u64;
    let width = rows.width();
    for item in items {
        let item: T = serde_json::from_value(item).context("the server answered an unknown row")?;
        rows.push_cells(item.cells().into_iter().take(width));
    }
    Ok(count)
}

/// A total as people read it: `1 row`, `10,000+ rows`.
fn of(total: Total) -> String {
    let digits = total.count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let one = total.count == 1 && !total.more;
    format!("{grouped}{} {}", if total.more { "+" } else { "" }, if one { "row" } else { "rows" })
}

/// Prints one thing, one line a column.
pub fn show<T: Tabular>(out: &Printer, answer: Value) -> Result<(), Fault> {
    if out.format == Format::Json {
        return out.json(&answer);
    }
    let item: T = serde_json::from_value(answer).context("the server answered something unknown")?;
    if out.format == Format::Csv {
        let mut rows = Rows::new(T::COLUMNS);
        rows.push_cells(item.cells());
        return out.write(&rows.to_csv(true)?);
    }
    let lines = T::COLUMNS.iter().map(|name| (*name).to_owned()).zip(item.cells()).collect();
    out.write(&upright(out, lines))
}

/// Prints what was asked of the network; it is done, and read back, after that.
pub fn requested(out: &Printer, sent: &Value) -> Result<(), Fault> {
    let id = sent.get("request").and_then(Value::as_str);
    match (out.format, id) {
        (Format::Table, None) => {
            out.note("Done; nothing had to be asked of the network.");
            Ok(())
        }
        (Format::Table, Some(_)) => {
            answer(out, sent)?;
            out.note("Asked for; `why` shows how far it is.");
            Ok(())
        }
        _ => answer(out, sent),
    }
}

/// Prints what an act answered, whatever it is; nothing where there was no answer.
pub fn answer(out: &Printer, answer: &Value) -> Result<(), Fault> {
    match (out.format, answer) {
        (_, Value::Null) => Ok(()),
        (Format::Json, _) => out.json(answer),
        (Format::Table, Value::Object(fields)) => {
            let lines = fields.iter().map(|(name, value)| (name.replace('_', " "), cell(value))).collect();
            out.write(&upright(out, lines))
        }
        (Format::Table, Value::Array(items)) => {
            let text: String = items.iter().map(|item| cell(item).shown(&out.zone) + "\n").collect();
            out.write(&text)
        }
        (Format::Table, value) => out.write(&(cell(value).shown(&out.zone) + "\n")),
        (Format::Csv, value) => {
            let mut rows = Rows::new(&["name", "value"]);
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        rows.push_cells([Cell::from(name), cell(value)]);
                    }
                }
                Value::Array(items) => {
                    for (at, item) in items.iter().enumerate() {
                        rows.push_cells([Cell::from(at), cell(item)]);
                    }
                }
                value => rows.push_cells([Cell::from("answer"), cell(value)]),
            }
            out.write(&rows.to_csv(true)?)
        }
    }
}

/// A value of JSON as a cell.
fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Unknown,
        Value::Bool(truth) => Cell::Truth(*truth),
        Value::Number(number) => Cell::Number(number.to_string()),
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(at) => Cell::Time(at),
            Err(_) => Cell::Text(text.clone()),
        },
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            Cell::Text(texts.join(", "))
        }
        nested => Cell::Text(nested.to_string()),
    }
}

/// Names left, values right; values whole, however long.
fn upright(out: &Printer, lines: Vec<(String, Cell)>) -> String {
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    lines
        .into_iter()
        .map(|(name, cell)| {
            let name = crate::output::plain(&name);
            format!("{name:width$}  {}\n", cell.shown(&out.zone))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_honest_about_their_limit() {
        let total = |count, more| of(Total { count, more });
        assert_eq!(total(10_000, true), "10,000+ rows");
        assert_eq!(total(1, false), "1 row");
        assert_eq!(total(0, false), "0 rows");
        assert_eq!(total(987, false), "987 rows");
        assert_eq!(total(1_234_567, false), "1,234,567 rows");
    }

    #[test]
    fn short_lists_may_come_as_they_are() {
        let page = page_of(serde_json::json!([1, 2])).unwrap();
        assert_eq!((page.items.len(), page.total.count, page.next), (2, 2, None));
        let page =
            page_of(serde_json::json!({"items": [1], "next": "x", "total": {"count": 10000, "more": true}}));
        assert_eq!(page.unwrap().next.as_deref(), Some("x"));
        assert!(page_of(serde_json::json!({"rows": []})).is_err());
    }

    #[test]
    fn filters_are_name_and_value() {
        assert_eq!(pair("vlan=7"), Ok(("vlan".to_owned(), "7".to_owned())));
        assert_eq!(pair("text=a=b").unwrap().1, "a=b");
        assert!(pair("vlan").is_err());
        assert!(pair("=7").is_err());
    }

    #[test]
    fn hostile_fields_of_an_answer_stay_on_their_line() {
        let out = Printer::keeping(Format::Table);
        let text = upright(&out, vec![("a\u{1b}[2J".into(), Cell::from("x\ny\u{202e}z"))]);
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    }
}
