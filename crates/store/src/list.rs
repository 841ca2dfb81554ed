//! Lists: filtered, sorted, confined to a scope, paged by key.
//!
//! A capability's `sql.rs` describes its list once as a [`ListTable`] with the names that clients may
//! use; a [`ListQuery`] turns a client's wishes into SQL. Identifiers in the SQL come from the source
//! alone (`&'static str`): what clients send is compared with the names, or bound as a value.

use netwarden_model::Scope;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::cursor::{Cursor, CursorError, Key, order_tag};
use crate::{Dialect, StoreError, dialect_of, query_all, query_one, scope_condition};

/// Rows on one page at most.
pub const PAGE_LIMIT: u64 = 1_000;
/// Counts are exact up to here.
pub const COUNT_LIMIT: u64 = 10_000;
/// Alternatives in one [`Condition::In`] at most.
const ALTERNATIVES: usize = 1_000;

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

/// An FTS5 table with the trigram tokenizer that speeds up [`Condition::Contains`] on SQLite. Its
/// rowids are the list's ids.
#[derive(Debug, Clone, Copy)]
pub struct Trigram {
    /// The FTS5 table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
}

/// A column that clients may filter by, and perhaps sort by.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    name: &'static str,
    sql: &'static str,
    kind: ColumnKind,
    nullable: bool,
    sorts: bool,
    trigram: Option<Trigram>,
}

impl Column {
    /// A column that clients call `name` and that `sql` (a column or an expression) yields; never
    /// NULL, does not sort.
    pub const fn new(name: &'static str, sql: &'static str, kind: ColumnKind) -> Self {
        Self { name, sql, kind, nullable: false, sorts: false, trigram: None }
    }

    /// It may be NULL; such rows stand last in both directions.
    pub const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    /// Clients may sort by it; there should be an index on (it, id).
    pub const fn sorts(self) -> Self {
        Self { sorts: true, ..self }
    }

    /// Text search on SQLite goes through this FTS5 table.
    pub const fn trigram(self, table: &'static str, column: &'static str) -> Self {
        Self { trigram: Some(Trigram { table, column }), ..self }
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

/// A value that a client filters by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterValue {
    /// For [`ColumnKind::Integer`].
    Integer(i64),
    /// For [`ColumnKind::Text`].
    Text(String),
    /// For [`ColumnKind::Bytes`].
    Bytes(Vec<u8>),
    /// For [`ColumnKind::Bool`].
    Bool(bool),
}

impl From<i64> for FilterValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for FilterValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for FilterValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for FilterValue {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<bool> for FilterValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// What a column must be for its row to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Equal to this.
    Eq(FilterValue),
    /// Not equal to this; NULL counts as different.
    NotEq(FilterValue),
    /// One of these, 1,000 at most; none of them lists nothing.
    In(Vec<FilterValue>),
    /// At least `from` and less than `to`.
    Range {
        /// Included.
        from: Option<FilterValue>,
        /// Excluded.
        to: Option<FilterValue>,
    },
    /// Text that begins so, whatever the case of ASCII letters; octets that begin so.
    Prefix(FilterValue),
    /// Text that contains this, whatever the case of ASCII letters.
    Contains(String),
    /// NULL, or not.
    IsNull(bool),
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
    /// More than [`COUNT_LIMIT`].
    More,
}

/// A list as one client wants it.
#[derive(Debug, Clone)]
pub struct ListQuery {
    table: &'static ListTable,
    conditions: Vec<Piece>,
    sort: Column,
    direction: Direction,
    page: Page,
}

/// A condition that differs between the dialects only where its text says so.
#[derive(Debug, Clone)]
struct Piece {
    sqlite: String,
    postgres: String,
    values: Vec<Value>,
}

impl Piece {
    fn both(text: impl Into<String>, values: Vec<Value>) -> Self {
        let text = text.into();
        Self { sqlite: text.clone(), postgres: text, values }
    }
}

impl ListQuery {
    /// All rows of `table` inside `scope`, by ascending id.
    pub fn new(table: &'static ListTable, scope: &Scope) -> Self {
        let confined = match table.scope {
            Some(column) => scope_condition(column, scope),
            // What belongs to no element is seen by those who see everything.
            None => match scope {
                Scope::All => None,
                Scope::Elements(_) => Some("1 = 0".to_owned()),
            },
        };
        Self {
            table,
            conditions: confined.into_iter().map(|text| Piece::both(text, Vec::new())).collect(),
            sort: table.id,
            direction: Direction::Ascending,
            page: Page::default(),
        }
    }

    /// As [`ListQuery::new`] for a list that concerns no element, such as users: whoever may read it at
    /// all reads all of it.
    pub fn unscoped(table: &'static ListTable) -> Self {
        Self::new(table, &Scope::All)
    }

    /// Only rows whose column `name` meets `condition`.
    pub fn filter(mut self, name: &str, condition: Condition) -> Result<Self, ListError> {
        let column = self.column(name)?;
        let piece = self.piece(column, condition)?;
        self.conditions.push(piece);
        Ok(self)
    }

    /// Only rows of which at least one of the text columns `names` contains `text`.
    pub fn search(mut self, names: &[&str], text: &str) -> Result<Self, ListError> {
        let mut any = Piece::both("", Vec::new());
        for name in names {
            let column = self.column(name)?;
            let piece = self.piece(column, Condition::Contains(text.to_owned()))?;
            for (all, one) in [(&mut any.sqlite, piece.sqlite), (&mut any.postgres, piece.postgres)] {
                all.push_str(if all.is_empty() { "(" } else { " OR " });
                all.push_str(&one);
            }
            any.values.extend(piece.values);
        }
        if any.sqlite.is_empty() {
            return Ok(self);
        }
        any.sqlite.push(')');
        any.postgres.push(')');
        self.conditions.push(any);
        Ok(self)
    }

    /// A condition that the source itself adds, with `?` for each of `values`.
    pub fn and(mut self, condition: &'static str, values: Vec<Value>) -> Result<Self, ListError> {
        let marks = condition.matches('?').count();
        if marks != values.len() {
            return Err(ListError::Placeholders { marks, values: values.len() });
        }
        self.conditions.push(Piece::both(format!("({condition})"), values));
        Ok(self)
    }

    /// Sorts by column `name`, then by id in the same direction.
    pub fn sort(mut self, name: &str, direction: Direction) -> Result<Self, ListError> {
        let column = self.column(name)?;
        if !column.sorts || column.kind == ColumnKind::Bool {
            let known = names(self.table.columns.iter().filter(|column| column.sorts));
            return Err(ListError::NotSortable { name: column.name, known });
        }
        self.sort = column;
        self.direction = direction;
        Ok(self)
    }

    /// Sorts by id alone.
    pub const fn by_id(mut self, direction: Direction) -> Self {
        self.sort = self.table.id;
        self.direction = direction;
        self
    }

    /// Only this page.
    pub fn page(mut self, page: Page) -> Self {
        self.page = page;
        self
    }

    /// Rows on the page, at most.
    pub fn limit(&self) -> u64 {
        self.page.limit.clamp(1, PAGE_LIMIT)
    }

    /// The statement and its values, one row more than the page has. `select` is the list of columns
    /// to read, after which the sort value and the id stand as `list_sort` and `list_id`.
    pub fn select(&self, dialect: Dialect, select: &'static str) -> Result<(String, Vec<Value>), ListError> {
        let (mut conditions, mut values) = self.where_parts(dialect);
        if let Some(after) = &self.page.after {
            let cursor = Cursor::decode(after, self.order())?;
            let (text, bound) = self.after(&cursor)?;
            conditions.push(numbered(&text, values.len()));
            values.extend(bound);
        }
        let (order, id_order) = (self.order_of(&self.sort), self.order_of(&self.table.id));
        let order = if self.sorts_by_id() { id_order } else { format!("{order}, {id_order}") };
        let sql = format!(
            "SELECT {select}, {} AS list_sort, {} AS list_id FROM {}{} ORDER BY {order} LIMIT {}",
            key_sql(&self.sort),
            key_sql(&self.table.id),
            self.table.from,
            where_clause(&conditions),
            self.limit() + 1,
        );
        Ok((sql, values))
    }

    /// The statement that counts the rows of all pages, up to one more than [`COUNT_LIMIT`].
    pub fn select_count(&self, dialect: Dialect) -> (String, Vec<Value>) {
        let (conditions, values) = self.where_parts(dialect);
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {}{} LIMIT {}) AS counted",
            self.table.from,
            where_clause(&conditions),
            COUNT_LIMIT + 1,
        );
        (sql, values)
    }

    /// Reads the page.
    pub async fn fetch<C: ConnectionTrait>(
        &self,
        connection: &C,
        select: &'static str,
    ) -> Result<Listed<QueryResult>, StoreError> {
        let (sql, values) = self.select(dialect_of(connection), select)?;
        let mut items = query_all(connection, sql, values).await?;
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        if items.len() <= limit {
            return Ok(Listed { items, next: None });
        }
        items.truncate(limit);
        let next = match items.last() {
            Some(last) => {
                let sort = read_key(last, "list_sort", self.sort.kind)?;
                let id = read_key(last, "list_id", self.table.id.kind)?;
                Some(Cursor { sort, id }.encode(self.order()))
            }
            None => None,
        };
        Ok(Listed { items, next })
    }

    /// Counts the rows of all pages.
    pub async fn count<C: ConnectionTrait>(&self, connection: &C) -> Result<Count, StoreError> {
        let (sql, values) = self.select_count(dialect_of(connection));
        let row = query_one(connection, sql, values).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let count = u64::try_from(count).unwrap_or(0);
        Ok(if count > COUNT_LIMIT { Count::More } else { Count::Exact(count) })
    }

    fn column(&self, name: &str) -> Result<Column, ListError> {
        let found = self.table.columns.iter().find(|column| column.name == name);
        found.copied().ok_or_else(|| ListError::UnknownColumn {
            name: name.chars().take(64).collect(),
            known: names(self.table.columns.iter()),
        })
    }

    fn sorts_by_id(&self) -> bool {
        self.sort.sql == self.table.id.sql
    }

    fn order(&self) -> [u8; 4] {
        let direction = match self.direction {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
        };
        order_tag(&[self.table.from, self.sort.name, direction])
    }

    fn order_of(&self, column: &Column) -> String {
        let direction = match self.direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        let nulls = if column.nullable { " NULLS LAST" } else { "" };
        format!("{} {direction}{nulls}", column.sql)
    }

    /// The rows after `cursor`, with `?` as placeholders.
    fn after(&self, cursor: &Cursor) -> Result<(String, Vec<Value>), ListError> {
        let sort_fits =
            (cursor.sort == Key::Null && self.sort.nullable) || fits(&cursor.sort, self.sort.kind);
        if !sort_fits || !fits(&cursor.id, self.table.id.kind) {
            return Err(CursorError::Malformed.into());
        }
        let than = match self.direction {
            Direction::Ascending => ">",
            Direction::Descending => "<",
        };
        let (sort, id) = (self.sort.sql, self.table.id.sql);
        let (sort_value, id_value): (Value, Value) = (cursor.sort.clone().into(), cursor.id.clone().into());
        if self.sorts_by_id() {
            return Ok((format!("{id} {than} ?"), vec![id_value]));
        }
        if cursor.sort == Key::Null {
            return Ok((format!("({sort} IS NULL AND {id} {than} ?)"), vec![id_value]));
        }
        // A comparison of rows can be answered from an index on (sort, id).
        let by_row = format!("({sort}, {id}) {than} (?, ?)");
        let text = if self.sort.nullable { format!("({by_row} OR {sort} IS NULL)") } else { by_row };
        Ok((text, vec![sort_value, id_value]))
    }

    fn where_parts(&self, dialect: Dialect) -> (Vec<String>, Vec<Value>) {
        let mut texts = Vec::new();
        let mut values = Vec::new();
        for piece in &self.conditions {
            let text = match dialect {
                Dialect::Sqlite => &piece.sqlite,
                Dialect::Postgres => &piece.postgres,
            };
            texts.push(numbered(text, values.len()));
            values.extend(piece.values.iter().cloned());
        }
        (texts, values)
    }

    fn piece(&self, column: Column, condition: Condition) -> Result<Piece, ListError> {
        let sql = column.sql;
        let wrong = ListError::WrongCondition { name: column.name };
        let bind = |value: FilterValue| bound(&column, value);
        Ok(match condition {
            Condition::Eq(value) => Piece::both(format!("{sql} = ?"), vec![bind(value)?]),
            Condition::NotEq(value) => {
                let value = bind(value)?;
                let or_null = if column.nullable { format!(" OR {sql} IS NULL") } else { String::new() };
                Piece::both(format!("({sql} <> ?{or_null})"), vec![value])
            }
            Condition::In(values) if values.is_empty() => Piece::both("1 = 0", Vec::new()),
            Condition::In(values) if values.len() > ALTERNATIVES => {
                return Err(ListError::TooMany { name: column.name });
            }
            Condition::In(values) => {
                let marks = vec!["?"; values.len()].join(", ");
                let values = values.into_iter().map(bind).collect::<Result<_, _>>()?;
                Piece::both(format!("{sql} IN ({marks})"), values)
            }
            Condition::Range { .. } if column.kind == ColumnKind::Bool => return Err(wrong),
            Condition::Range { from, to } => {
                let (mut texts, mut values) = (Vec::new(), Vec::new());
                for (value, than) in [(from, ">="), (to, "<")] {
                    if let Some(value) = value {
                        texts.push(format!("{sql} {than} ?"));
                        values.push(bind(value)?);
                    }
                }
                if texts.is_empty() {
                    texts.push("1 = 1".to_owned());
                }
                Piece::both(format!("({})", texts.join(" AND ")), values)
            }
            Condition::Prefix(FilterValue::Bytes(prefix)) if column.kind == ColumnKind::Bytes => {
                bytes_prefix(sql, prefix)
            }
            Condition::Prefix(FilterValue::Text(prefix)) if column.kind == ColumnKind::Text => {
                like(sql, format!("{}%", escaped(&prefix)))
            }
            Condition::Contains(text) if column.kind == ColumnKind::Text => self.contains(&column, &text),
            Condition::Prefix(_) | Condition::Contains(_) => return Err(wrong),
            Condition::IsNull(true) => Piece::both(format!("{sql} IS NULL"), Vec::new()),
            Condition::IsNull(false) => Piece::both(format!("{sql} IS NOT NULL"), Vec::new()),
        })
    }

    fn contains(&self, column: &Column, text: &str) -> Piece {
        let plain = like(column.sql, format!("%{}%", escaped(text)));
        let Some(trigram) = column.trigram else { return plain };
        // The trigram index serves LIKE of three characters and more, and not with ESCAPE.
        if text.chars().count() < 3 || text.contains(['%', '_', '\\']) {
            return plain;
        }
        let sqlite = format!(
            "{} IN (SELECT rowid FROM {} WHERE {} LIKE ?)",
            self.table.id.sql, trigram.table, trigram.column
        );
        Piece { sqlite, ..plain }
    }
}

/// SQLite's LIKE ignores the case of ASCII letters, PostgreSQL's needs to be told.
fn like(sql: &str, pattern: String) -> Piece {
    Piece {
        sqlite: format!("{sql} LIKE ? ESCAPE '\\'"),
        postgres: format!("{sql} ILIKE ? ESCAPE '\\'"),
        values: vec![pattern.into()],
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Octets that begin with `prefix` lie from it up to its successor.
fn bytes_prefix(sql: &str, prefix: Vec<u8>) -> Piece {
    let mut successor = prefix.clone();
    while successor.last() == Some(&0xff) {
        successor.pop();
    }
    match successor.last_mut() {
        Some(last) => {
            *last = last.saturating_add(1);
            let values = vec![prefix.into(), successor.into()];
            Piece::both(format!("({sql} >= ? AND {sql} < ?)"), values)
        }
        None => Piece::both(format!("{sql} >= ?"), vec![prefix.into()]),
    }
}

fn bound(column: &Column, value: FilterValue) -> Result<Value, ListError> {
    match (column.kind, value) {
        (ColumnKind::Integer, FilterValue::Integer(value)) => Ok(value.into()),
        (ColumnKind::Text, FilterValue::Text(value)) => Ok(value.into()),
        (ColumnKind::Bytes, FilterValue::Bytes(value)) => Ok(value.into()),
        (ColumnKind::Bool, FilterValue::Bool(value)) => Ok(value.into()),
        _ => Err(ListError::WrongCondition { name: column.name }),
    }
}

const fn fits(key: &Key, kind: ColumnKind) -> bool {
    matches!(
        (key, kind),
        (Key::Integer(_), ColumnKind::Integer)
            | (Key::Text(_), ColumnKind::Text)
            | (Key::Bytes(_), ColumnKind::Bytes)
    )
}

/// PostgreSQL's smaller integers must be read as what they are compared as.
fn key_sql(column: &Column) -> String {
    match column.kind {
        ColumnKind::Integer => format!("CAST({} AS BIGINT)", column.sql),
        _ => column.sql.to_owned(),
    }
}

fn read_key(row: &QueryResult, name: &str, kind: ColumnKind) -> Result<Key, StoreError> {
    Ok(match kind {
        ColumnKind::Integer | ColumnKind::Bool => {
            row.try_get::<Option<i64>>("", name)?.map_or(Key::Null, Key::Integer)
        }
        ColumnKind::Text => row.try_get::<Option<String>>("", name)?.map_or(Key::Null, Key::Text),
        ColumnKind::Bytes => row.try_get::<Option<Vec<u8>>>("", name)?.map_or(Key::Null, Key::Bytes),
    })
}

/// Replaces each `?` by `$n`, counting on from `from`.
fn numbered(text: &str, from: usize) -> String {
    let mut numbered = String::with_capacity(text.len() + 8);
    let mut number = from;
    for character in text.chars() {
        if character == '?' {
            number += 1;
            numbered.push('$');
            numbered.push_str(&number.to_string());
        } else {
            numbered.push(character);
        }
    }
    numbered
}

fn where_clause(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

fn names<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns.map(|column| column.name).collect::<Vec<_>>().join(", ")
}
