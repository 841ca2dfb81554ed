//! Doors for fuzzing: what the console reads of what browsers send; never part of the product.

use axum::http::HeaderMap;

use super::view::View;
use crate::address::Query;

/// Names and values of what follows `?` in an address.
pub fn query_pairs(text: &str) -> Vec<(String, String)> {
    let query = Query::of(Some(text));
    query.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `path` with this query, as links of pages have it.
pub fn query_at(text: &str, path: &str) -> String {
    Query::of(Some(text)).at(path)
}

/// A name as a segment of a path, or as a value of a query.
pub fn escaped(text: &str) -> String {
    crate::address::escaped(text)
}

/// Where a form leads that asks to be led to `path`.
pub fn inside(path: &str) -> &str {
    crate::address::inside(path)
}

/// The cookie of this name.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    super::visitor::cookie(headers, name)
}

/// What forms of the session with this secret carry.
pub fn proof_of(secret: &str) -> String {
    super::visitor::proof_of(secret)
}

/// How the reader likes lists, as their browser remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered(View);

impl Remembered {
    /// As the browser says.
    pub fn of(headers: &HeaderMap) -> Self {
        Self(View::of(headers))
    }

    /// With another choice for the list at `path`.
    #[must_use]
    pub fn with_list(self, path: &str, tight: bool, hidden: Vec<String>) -> Self {
        Self(self.0.with_list(path, tight, hidden))
    }

    /// What the browser is told.
    pub fn set_cookies(&self) -> Vec<String> {
        self.0.set_cookies()
    }
}
