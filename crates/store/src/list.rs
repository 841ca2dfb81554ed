//! Lists: filtered, sorted, confined to a scope, paged by key.
//!
//! A capability's `sql.rs` describes its list once as a [`ListTable`] with the names that clients may
//! use; a [`ListQuery`] turns a client's wishes into SQL. Identifiers in the SQL come from the source
//! alone (`&'static str`): what clients send is compared with the names, or bound as a value.

use netwarden_model::Scope;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::cursor::{Cursor, CursorError, Key, order_tag};
use crate::{Dialect, StoreError, dialect_of, query_all, query_one, scope_condition};

mod condition;
mod held;
mod table;

pub use condition::{Condition, FilterValue};
pub use held::{HeldColumn, HeldList, HeldQuery};
pub use table::{
    COUNT_LIMIT, Column, ColumnKind, Count, Direction, ListError, ListTable, Listed, PAGE_LIMIT, Page,
};

use condition::{Piece, piece};
use table::{SHORT_TEXT_COUNT_LIMIT, TEXT_COUNT_LIMIT, Trigram};

/// A list as one client wants it.
#[derive(Debug, Clone)]
pub struct ListQuery {
    table: &'static ListTable,
    conditions: Vec<Piece>,
    sort: Column,
    direction: Direction,
    page: Page,
    count_limit: u64,
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
            count_limit: COUNT_LIMIT,
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
        self.count_less(column, &condition);
        let met = piece(self.table, column, condition)?;
        self.conditions.push(met);
        Ok(self)
    }

    /// Only rows of which at least one of the text columns `names` contains `text`.
    pub fn search(mut self, names: &[&str], text: &str) -> Result<Self, ListError> {
        let mut pieces = Vec::with_capacity(names.len());
        for name in names {
            let (column, condition) = (self.column(name)?, Condition::Contains(text.to_owned()));
            self.count_less(column, &condition);
            pieces.push(piece(self.table, column, condition)?);
        }
        self.conditions.extend(Piece::any(pieces));
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

    /// At least one of these conditions that the source itself adds, each with `?` for its values; none of them
    /// lists nothing.
    pub fn any(mut self, conditions: Vec<(&'static str, Vec<Value>)>) -> Result<Self, ListError> {
        let mut pieces = Vec::with_capacity(conditions.len());
        for (condition, values) in conditions {
            let marks = condition.matches('?').count();
            if marks != values.len() {
                return Err(ListError::Placeholders { marks, values: values.len() });
            }
            pieces.push(Piece::both(format!("({condition})"), values));
        }
        let none = || Piece::both("1 = 0", Vec::new());
        self.conditions.push(Piece::any(pieces).unwrap_or_else(none));
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
        let (from, id, limit) = (self.table.from, self.table.id.sql, self.limit() + 1);
        let mut place = where_clause(&conditions);
        if !self.conditions.is_empty() {
            // The rows of the page are chosen by the columns that an index holds, and only they are read whole.
            place = format!(" WHERE {id} IN (SELECT {id} FROM {from}{place} ORDER BY {order} LIMIT {limit})");
        }
        let sql = format!(
            "SELECT {select}, {} AS list_sort, {} AS list_id FROM {from}{place} ORDER BY {order} LIMIT {limit}",
            key_sql(&self.sort),
            key_sql(&self.table.id),
        );
        Ok((sql, values))
    }

    /// The statement that counts the rows of all pages, up to one more than the limit.
    pub fn select_count(&self, dialect: Dialect) -> (String, Vec<Value>) {
        let by_index = match self.conditions.as_slice() {
            [only] if dialect == Dialect::Sqlite => only.counted.as_ref(),
            _ => None,
        };
        let (rows, values) = match by_index {
            // The index of texts alone knows how many there are; their rows lie all over the table.
            Some(part) => (numbered(&part.text, 0), part.values.clone()),
            None => {
                let (conditions, values) = self.where_parts(dialect);
                (format!("SELECT 1 FROM {}{}", self.table.from, where_clause(&conditions)), values)
            }
        };
        let limit = self.count_limit + 1;
        (format!("SELECT count(*) FROM ({rows} LIMIT {limit}) AS counted"), values)
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
        Ok(if count > self.count_limit { Count::MoreThan(self.count_limit) } else { Count::Exact(count) })
    }

    fn count_less(&mut self, column: Column, condition: &Condition) {
        if let (Some(_), Condition::Contains(text)) = (column.trigram, condition) {
            let limit = if Trigram::knows(text) { TEXT_COUNT_LIMIT } else { SHORT_TEXT_COUNT_LIMIT };
            self.count_limit = self.count_limit.min(limit);
        }
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
            let part = match dialect {
                Dialect::Sqlite => &piece.sqlite,
                Dialect::Postgres => &piece.postgres,
            };
            texts.push(numbered(&part.text, values.len()));
            values.extend(part.values.iter().cloned());
        }
        (texts, values)
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
