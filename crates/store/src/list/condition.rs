//! Conditions on columns, as SQL with `?` as placeholders.

use sea_orm::Value;

use super::table::{ALTERNATIVES, Column, ColumnKind, Few, Holds, ListError, ListTable, Trigram};

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

/// A condition for each of the dialects, with the values of its `?`.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) sqlite: Part,
    pub(super) postgres: Part,
    /// On SQLite, a statement that has as many rows as meet the condition, and reads none of them.
    pub(super) counted: Option<Part>,
}

/// SQL and the values of its `?`.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Piece {
    pub(super) fn both(text: impl Into<String>, values: Vec<Value>) -> Self {
        let part = Part { text: text.into(), values };
        Self { sqlite: part.clone(), postgres: part, counted: None }
    }

    /// Any of `pieces`; None where there are none.
    pub(super) fn any(pieces: Vec<Piece>) -> Option<Self> {
        let (mut sqlite, mut postgres) = (Part::default(), Part::default());
        let counted = match pieces.as_slice() {
            [one] => one.counted.clone(),
            _ => None,
        };
        for piece in pieces {
            for (all, one) in [(&mut sqlite, piece.sqlite), (&mut postgres, piece.postgres)] {
                all.text.push_str(if all.text.is_empty() { "(" } else { " OR " });
                all.text.push_str(&one.text);
                all.values.extend(one.values);
            }
        }
        sqlite.text.push(')');
        postgres.text.push(')');
        (sqlite.text.len() > 1).then_some(Self { sqlite, postgres, counted })
    }
}

/// The SQL of `condition` on `column` of `table`.
pub(super) fn piece(table: &ListTable, column: Column, condition: Condition) -> Result<Piece, ListError> {
    if has_nul(&condition) {
        return Err(ListError::Nul { name: column.name });
    }
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
        Condition::Contains(text) if column.kind == ColumnKind::Text => contains(table, &column, &text),
        Condition::Prefix(_) | Condition::Contains(_) => return Err(wrong),
        Condition::IsNull(true) => Piece::both(format!("{sql} IS NULL"), Vec::new()),
        Condition::IsNull(false) => Piece::both(format!("{sql} IS NOT NULL"), Vec::new()),
    })
}

fn has_nul(condition: &Condition) -> bool {
    let in_text = |value: &FilterValue| matches!(value, FilterValue::Text(text) if text.contains('\0'));
    match condition {
        Condition::Eq(value) | Condition::NotEq(value) | Condition::Prefix(value) => in_text(value),
        Condition::In(values) => values.iter().any(in_text),
        Condition::Range { from, to } => [from, to].into_iter().flatten().any(in_text),
        Condition::Contains(text) => text.contains('\0'),
        Condition::IsNull(_) => false,
    }
}

fn contains(table: &ListTable, column: &Column, text: &str) -> Piece {
    let pattern = format!("%{}%", escaped(text));
    if let Some(few) = column.few {
        return among_few(column.sql, few, pattern);
    }
    let plain = like(column.sql, pattern);
    let Some(trigram) = column.trigram.filter(|_| Trigram::knows(text)) else { return plain };
    let phrase = format!("\"{}\"", text.replace('"', "\"\""));
    let fts = trigram.table;
    let matching = format!("{} IN (SELECT rowid FROM {fts} WHERE {fts} MATCH ?)", table.id.sql);
    match trigram.holds {
        Holds::Column => {
            let values = vec![phrase.into()];
            let counted =
                Part { text: format!("SELECT 1 FROM {fts} WHERE {fts} MATCH ?"), values: values.clone() };
            Piece { sqlite: Part { text: matching, values }, counted: Some(counted), ..plain }
        }
        Holds::More => {
            let mut values = vec![phrase.into()];
            values.extend(plain.sqlite.values);
            let text = format!("({matching} AND {})", plain.sqlite.text);
            Piece { sqlite: Part { text, values }, ..plain }
        }
    }
}

/// One of the few different values of a column that are like `pattern`, each found by a step in its index.
fn among_few(sql: &str, Few { table, column }: Few, pattern: String) -> Piece {
    let among = |part: Part| Part {
        text: format!(
            "{sql} IN (WITH RECURSIVE few(value) AS (SELECT min({column}) FROM {table} UNION ALL \
             SELECT (SELECT min({column}) FROM {table} WHERE {column} > few.value) FROM few \
             WHERE few.value IS NOT NULL) SELECT value FROM few WHERE {})",
            part.text
        ),
        values: part.values,
    };
    let alike = like("value", pattern);
    Piece { sqlite: among(alike.sqlite), postgres: among(alike.postgres), counted: None }
}

/// SQLite's LIKE ignores the case of ASCII letters, PostgreSQL's needs to be told.
fn like(sql: &str, pattern: String) -> Piece {
    let part =
        |like| Part { text: format!("{sql} {like} ? ESCAPE '\\'"), values: vec![pattern.clone().into()] };
    Piece { sqlite: part("LIKE"), postgres: part("ILIKE"), counted: None }
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
