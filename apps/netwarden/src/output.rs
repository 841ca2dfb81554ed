//! Tables for people and JSON for programs.

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};

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

/// A table with a head line, rows as wide as they need, and `-` where nothing is known.
pub struct Rows {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Rows {
    /// A table without rows.
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The table as text.
    pub fn to_table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.head.iter().map(|h| h.to_uppercase()));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| plain(cell)));
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}

/// The text of something that may be unknown.
pub fn or_dash<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "-".to_owned(), T::to_string)
}

/// A cell that cannot harm a terminal: what devices call themselves is input from outside.
fn plain(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let mut rows = Rows::new(&["name"]);
        rows.push(["sw\u{1b}[2J1".to_owned()]);
        assert!(!rows.to_table().contains('\u{1b}'));
    }

    #[test]
    fn unknown_is_a_dash() {
        assert_eq!(or_dash::<u32>(&None), "-");
        assert_eq!(or_dash(&Some(7)), "7");
    }
}
