//! Tables for people, JSON and comma-separated values for programs.
//!
//! What devices and strangers call themselves is input from outside: a cell can harm neither the terminal
//! nor the spreadsheet in which it ends.

use anyhow::Context;
use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Longest cell of a table, in characters; JSON, CSV and single records show the whole.
const WIDEST: usize = 100;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Table,
    /// JSON.
    Json,
    /// Comma-separated values with a head line (RFC 4180).
    Csv,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text from anywhere.
    Text(String),
    /// A number.
    Number(String),
    /// A point in time: people see their own zone, programs UTC.
    Time(Timestamp),
    /// Yes or no.
    Truth(bool),
    /// Not known.
    Unknown,
}

impl Cell {
    /// As people read it.
    pub fn shown(&self, zone: &TimeZone) -> String {
        match self {
            Cell::Text(text) => plain(text),
            Cell::Number(number) => number.clone(),
            Cell::Time(at) => at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Cell::Truth(truth) => if *truth { "yes" } else { "no" }.to_owned(),
            Cell::Unknown => "-".to_owned(),
        }
    }

    /// As a value of JSON.
    fn to_json(&self) -> serde_json::Value {
        match self {
            Cell::Text(text) => text.as_str().into(),
            Cell::Number(number) => serde_json::from_str(number).unwrap_or_else(|_| number.as_str().into()),
            Cell::Time(at) => at.to_string().into(),
            Cell::Truth(truth) => (*truth).into(),
            Cell::Unknown => serde_json::Value::Null,
        }
    }

    /// As a field of comma-separated values; the unknown is empty.
    fn field(&self) -> String {
        match self {
            Cell::Text(text) => harmless(text),
            Cell::Number(number) => number.clone(),
            Cell::Time(at) => at.to_string(),
            Cell::Truth(truth) => truth.to_string(),
            Cell::Unknown => String::new(),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Cell::Text(text.clone())
    }
}

impl From<bool> for Cell {
    fn from(truth: bool) -> Self {
        Cell::Truth(truth)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Cell::Time(at)
    }
}

macro_rules! numbers {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Cell {
            fn from(number: $kind) -> Self {
                Cell::Number(number.to_string())
            }
        })*
    };
}
numbers!(u16, u32, u64, i64, usize);

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Unknown, Into::into)
    }
}

/// A table with a head line, rows as wide as they need, and `-` where nothing is known.
pub struct Rows {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Rows {
    /// A table without rows.
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        self.push_cells(cells.into_iter().map(Cell::Text));
    }

    /// Adds a row of cells.
    pub fn push_cells(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.head.len()
    }

    /// The table as text, times in the system's zone.
    pub fn to_table(&self) -> String {
        self.to_table_in(&TimeZone::system())
    }

    /// The table as text.
    pub fn to_table_in(&self, zone: &TimeZone) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.head.iter().map(|h| h.to_uppercase()));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| narrow(cell.shown(zone))));
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// The rows as objects, named by the head line.
    pub fn to_json(&self) -> serde_json::Value {
        let object = |row: &Vec<Cell>| {
            let fields = self.head.iter().zip(row);
            fields
                .map(|(name, cell)| (name.replace(' ', "_"), cell.to_json()))
                .collect::<serde_json::Map<_, _>>()
        };
        self.rows.iter().map(object).collect()
    }

    /// The rows as comma-separated values, with or without their head line.
    pub fn to_csv(&self, with_head: bool) -> anyhow::Result<String> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(Vec::new());
        if with_head {
            writer.write_record(&self.head).context("the head line cannot be written")?;
        }
        for row in &self.rows {
            writer.write_record(row.iter().map(Cell::field)).context("a row cannot be written")?;
        }
        let octets =
            writer.into_inner().map_err(|error| anyhow::anyhow!("rows cannot be written: {error}"))?;
        String::from_utf8(octets).context("rows cannot be written")
    }
}

/// The text of something that may be unknown.
pub fn or_dash<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "-".to_owned(), T::to_string)
}

/// A text that cannot harm a terminal: no control characters, and nothing that is invisible or turns the
/// direction of what stands beside it.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || is_invisible(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// Marks of direction (Unicode Standard Annex 9), widthless characters and tags.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}'
            | '\u{034f}'
            | '\u{061c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// A cell no wider than a table can bear.
fn narrow(cell: String) -> String {
    match cell.char_indices().nth(WIDEST) {
        None => cell,
        Some(_) => cell.chars().take(WIDEST - 1).chain(['…']).collect(),
    }
}

/// A field that no spreadsheet takes for a formula: such a one gets an apostrophe in front.
fn harmless(text: &str) -> String {
    // Programs differ in what they pass over at the beginning, so everything that shows nothing is.
    let first = text.chars().find(|c| !(c.is_whitespace() || c.is_control() || is_invisible(*c)));
    let is_formula =
        matches!(first, Some('=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'))
            || text.trim_start_matches([' ', '\u{a0}', '\u{feff}']).starts_with(['\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_of(cell: &str) -> String {
        let mut rows = Rows::new(&["name"]);
        rows.push([cell.to_owned()]);
        rows.to_table()
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        for hostile in ["sw\u{1b}[2J1", "sw\u{9b}31m", "a\rb", "a\u{7}", "a\u{0}b", "a\nb"] {
            let table = table_of(hostile);
            assert!(
                !table.trim_end_matches('\n').contains(|c: char| c.is_control() && c != '\n'),
                "{table:?}"
            );
            assert_eq!(table.lines().count(), 2, "{table:?}");
        }
    }

    #[test]
    fn nothing_turns_the_direction_of_a_line() {
        for hostile in ["user\u{202e}nimda", "\u{200f}x", "\u{2066}x\u{2069}", "a\u{200b}b", "\u{feff}a"] {
            let table = table_of(hostile);
            assert!(!table.chars().any(is_invisible), "{table:?}");
            assert!(table.contains('\u{fffd}'), "what was taken out is to be seen: {table:?}");
        }
        assert!(table_of("שלום Grün 交换机").contains("שלום Grün 交换机"));
    }

    #[test]
    fn a_very_long_name_does_not_push_the_table_away() {
        let table = table_of(&"ü".repeat(70_000));
        assert!(table.lines().all(|line| line.chars().count() <= WIDEST + 2));
        assert!(table.contains('…'));
        assert!(table_of(&"x".repeat(WIDEST)).contains(&"x".repeat(WIDEST)));
    }

    #[test]
    fn unknown_is_a_dash() {
        assert_eq!(or_dash::<u32>(&None), "-");
        assert_eq!(or_dash(&Some(7)), "7");
        assert_eq!(Cell::from(None::<u16>).shown(&TimeZone::UTC), "-");
    }

    #[test]
    fn fields_are_no_formulas() {
        let cases = [
            ("=HYPERLINK(\"http://x\";\"y\")", "'=HYPERLINK(\"http://x\";\"y\")"),
            ("+1", "'+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            (" =1", "' =1"),
            ("\r=1", "'\r=1"),
            ("＝1", "'＝1"),
            ("\u{c}+1", "'\u{c}+1"),
            ("\u{200b}\u{0}@SUM(A1)", "'\u{200b}\u{0}@SUM(A1)"),
            ("Gi1/0/7", "Gi1/0/7"),
            ("a=b", "a=b"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(harmless(text), expected);
        }
    }

    #[test]
    fn csv_is_as_rfc_4180_has_it() {
        let mut rows = Rows::new(&["name", "vlan", "seen", "online"]);
        let at = Timestamp::UNIX_EPOCH;
        rows.push_cells(["a \"b\", c\nd".into(), Some(7u16).into(), at.into(), true.into()]);
        rows.push_cells(["=1".into(), Cell::from(-5i64), Cell::Unknown, false.into()]);
        assert_eq!(
            rows.to_csv(true).unwrap(),
            "name,vlan,seen,online\r\n\"a \"\"b\"\", c\nd\",7,1970-01-01T00:00:00Z,true\r\n'=1,-5,,false\r\n"
        );
        assert!(!rows.to_csv(false).unwrap().contains("vlan"));
    }

    #[test]
    fn people_see_times_in_their_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(Cell::from(Timestamp::UNIX_EPOCH).shown(&zone), "1970-01-01 02:00:00");
    }
}
