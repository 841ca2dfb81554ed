//! What a list is made of, and what is asked of it.

use crate::cursor::CursorError;

/// Rows on one page at most.
pub const PAGE_LIMIT: u64 = 1_000;
/// Counts are exact up to here.
pub const COUNT_LIMIT: u64 = 10_000;
/// And up to here where each row has to be looked at that an index of texts proposes.
pub(super) const TEXT_COUNT_LIMIT: u64 = 1_000;
/// And up to here where all rows have to be looked at, since the text is too short for an index.
pub(super) const SHORT_TEXT_COUNT_LIMIT: u64 = 100;
/// Alternatives in one [`super::Condition::In`] at most.
pub(super) const ALTERNATIVES: usize = 1_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// `i64`; times as microseconds.
    Integer,
    /// Text.
    Text,
    /// Octets: MACs, addresses.
    Bytes,
    /// A truth value; filters, does not sort.
    Bool,
}

/// An FTS5 table with the trigram tokenizer that speeds up [`super::Condition::Contains`] on SQLite. Its
/// rowids are the list's ids. It has one column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trigram {
    pub(super) table: &'static str,
    pub(super) holds: Holds,
}

/// What an FTS5 table has of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// It and nothing else.
    Column,
    /// It, among others.
    More,
}

/// An indexed column with few different values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Few {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
}

/// A column that clients may filter by, and perhaps sort by.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    pub(super) kind: ColumnKind,
    pub(super) nullable: bool,
    pub(super) sorts: bool,
    pub(super) trigram: Option<Trigram>,
    pub(super) few: Option<Few>,
}

impl Trigram {
    /// A trigram index knows texts of three characters and more.
    pub(super) fn knows(text: &str) -> bool {
        text.chars().nth(2).is_some()
    }
}

impl Column {
    /// A column that clients call `name` and that `sql` (a column or an expression) yields; never
    /// NULL, does not sort.
    pub const fn new(name: &'static str, sql: &'static str, kind: ColumnKind) -> Self {
        Self { name, sql, kind, nullable: false, sorts: false, trigram: None, few: None }
    }

    /// It may be NULL; such rows stand last in both directions.
    pub const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// Clients may sort by it; there should be an index on (it, id).
    pub const fn sorts(self) -> Self {
        Self { sorts: true, ..self }
    }

    /// Text search on SQLite goes through this FTS5 table, which holds the column of every row of the list.
    pub const fn trigram(self, table: &'static str) -> Self {
        Self { trigram: Some(Trigram { table, holds: Holds::Column }), ..self }
    }

    /// Text search on SQLite is narrowed by this FTS5 table, which holds the column among others.
    pub const fn trigram_among(self, table: &'static str) -> Self {
        Self { trigram: Some(Trigram { table, holds: Holds::More }), ..self }
    }

    /// `column` of `table`, which it is, has few different values and an index: text search looks at the
    /// values, not at the rows.
    pub const fn few(self, table: &'static str, column: &'static str) -> Self {
        Self { few: Some(Few { table, column }), ..self }
    }
}

/// A list as the source describes it.
#[derive(Debug, Clone, Copy)]
pub struct ListTable {
    /// What follows FROM: a table or joins.
    pub from: &'static str,
    /// The unique key that ends every sort order; an integer, text or octets, never NULL.
    pub id: Column,
    /// What clients may name, the id included if they may.
    pub columns: &'static [Column],
    /// The column with the element's id; None where the list belongs to no element.
    pub scope: Option<&'static str>,
}

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows wanted, 1 to [`PAGE_LIMIT`]; others are taken for the nearest of these.
    pub limit: u64,
    /// The `next` of the page before; None for the first.
    pub after: Option<String>,
}

impl Page {
    /// The first `limit` rows.
    pub const fn first(limit: u64) -> Self {
        Self { limit, after: None }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::first(100)
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where it goes on; None after the last row.
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// The same page of something else; the first error ends it.
    pub fn try_map<U, E>(self, convert: impl FnMut(T) -> Result<U, E>) -> Result<Listed<U>, E> {
        let items = self.items.into_iter().map(convert).collect::<Result<Vec<U>, E>>()?;
        Ok(Listed { items, next: self.next })
    }
}

/// How many rows a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exact(u64),
    /// More than so many: counting ended there, at [`COUNT_LIMIT`] or before.
    MoreThan(u64),
}

/// A list was asked for in a way that it does not offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A name that the list does not have.
    #[error("there is no column '{name}'; there are {known}")]
    UnknownColumn {
        /// As the client wrote it, cut to 64 characters.
        name: String,
        /// The names that exist, by commas.
        known: String,
    },
    /// It exists but does not sort.
    #[error("the list cannot be sorted by '{name}', only by {known}")]
    NotSortable {
        /// The column.
        name: &'static str,
        /// The names that sort, by commas.
        known: String,
    },
    /// The condition does not suit the column's kind.
    #[error("column '{name}' cannot be compared in this way")]
    WrongCondition {
        /// The column.
        name: &'static str,
    },
    /// Too many alternatives.
    #[error("column '{name}' was given more than {ALTERNATIVES} alternatives")]
    TooMany {
        /// The column.
        name: &'static str,
    },
    /// A text that no row can hold: PostgreSQL refuses it, SQLite's LIKE reads it as if it ended there.
    #[error("column '{name}' was compared with a text that holds a NUL character: no text here has one")]
    Nul {
        /// The column.
        name: &'static str,
    },
    /// Bad cursor.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The source gave a condition with another number of `?` than values.
    #[error("a list's own condition has {marks} placeholders and {values} values")]
    Placeholders {
        /// `?` in its text.
        marks: usize,
        /// Values given.
        values: usize,
    },
}
