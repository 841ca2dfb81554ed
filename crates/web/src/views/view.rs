//! How the reader likes lists and charts: columns, density, the charts of the start page. It is no secret and
//! changes nothing but what this browser shows, so it is kept there, in a cookie beside language and theme.

use std::collections::BTreeMap;

use axum::http::HeaderMap;

use super::visitor::cookie;

/// Cookie of columns and density: `endpoints~t~column-ip~column-vlan.events~n`.
const LISTS: &str = "__Host-netwarden-lists";
/// Cookie of charts: names of series with `~` between them.
const CHARTS: &str = "__Host-netwarden-charts";
/// Octets of a cookie that are read or written: browsers keep some 4,000.
const LONGEST: usize = 2_000;
/// Charts of a start page.
const MOST_CHARTS: usize = 12;

/// What is remembered of one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OfList {
    tight: bool,
    hidden: Vec<String>,
}

/// What this browser remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    lists: BTreeMap<String, OfList>,
    charts: Vec<String>,
}

impl View {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let read = |name| cookie(headers, name).filter(|text| text.len() <= LONGEST).unwrap_or_default();
        let lists = read(LISTS).split('.').filter_map(|entry| {
            let mut words = entry.split('~');
            let list = words.next().filter(|word| is_word(word))?;
            let tight = words.next()? == "t";
            let hidden = words.filter(|word| is_word(word)).map(str::to_owned).collect();
            Some((list.to_owned(), OfList { tight, hidden }))
        });
        let charts = read(CHARTS).split('~').filter(|name| is_series(name)).map(str::to_owned);
        Self { lists: lists.collect(), charts: charts.take(MOST_CHARTS).collect() }
    }

    /// Rows of the list at `path` stand close together.
    pub(super) fn is_tight(&self, path: &str) -> bool {
        self.lists.get(list_of(path)).is_some_and(|list| list.tight)
    }

    /// The list at `path` is shown without the column.
    pub(super) fn hides(&self, path: &str, column: &str) -> bool {
        self.lists.get(list_of(path)).is_some_and(|list| list.hidden.iter().any(|hidden| hidden == column))
    }

    /// Series that were chosen for the start page; none where nothing was chosen.
    pub(super) fn charts(&self) -> &[String] {
        &self.charts
    }

    /// With another choice for the list at `path`.
    pub(super) fn with_list(mut self, path: &str, tight: bool, hidden: Vec<String>) -> Self {
        let list = list_of(path);
        if is_word(list) {
            let hidden = hidden.into_iter().filter(|column| is_word(column)).collect();
            self.lists.insert(list.to_owned(), OfList { tight, hidden });
        }
        self
    }

    /// With other charts.
    pub(super) fn with_charts(mut self, charts: Vec<String>) -> Self {
        self.charts = charts.into_iter().filter(|name| is_series(name)).take(MOST_CHARTS).collect();
        self
    }

    /// The headers that make a browser remember it for a year.
    pub(super) fn set_cookies(&self) -> [String; 2] {
        let list = |(list, of): (&String, &OfList)| {
            let density = if of.tight { "t" } else { "n" };
            let words = [list.as_str(), density].into_iter().chain(of.hidden.iter().map(String::as_str));
            words.collect::<Vec<_>>().join("~")
        };
        let mut lists = String::new();
        for entry in self.lists.iter().map(list) {
            if lists.len() + entry.len() < LONGEST {
                lists.push_str(if lists.is_empty() { "" } else { "." });
                lists.push_str(&entry);
            }
        }
        let kept = |name: &str, value: &str| {
            format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=31536000")
        };
        [kept(LISTS, &lists), kept(CHARTS, &self.charts.join("~"))]
    }
}

/// `/endpoints.csv` shows the same list as `/endpoints`.
fn list_of(path: &str) -> &str {
    path.trim_start_matches('/').split(['.', '?']).next().unwrap_or_default()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-')
}

fn is_series(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|octet| octet.is_ascii_lowercase() || matches!(octet, b'.' | b'_' | b'0'..=b'9'))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn sent(cookies: &str) -> View {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookies).unwrap());
        View::of(&headers)
    }

    #[test]
    fn what_was_chosen_comes_back() {
        let view = View::default()
            .with_list("/endpoints", true, vec!["column-ip".into(), "; Path=/evil".into()])
            .with_list("/events", false, Vec::new())
            .with_charts(vec!["events.new_endpoint".into(), "<script>".into()]);
        let cookies = view.set_cookies().map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let again = sent(&cookies.join("; "));
        assert_eq!(again, view);
        assert!(again.is_tight("/endpoints.csv") && !again.is_tight("/events"));
        assert!(again.hides("/endpoints", "column-ip") && !again.hides("/events", "column-ip"));
        assert_eq!(again.charts(), ["events.new_endpoint"]);
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        let long = format!("__Host-netwarden-lists={}", "x".repeat(5_000));
        for cookies in ["__Host-netwarden-lists=~~~...", "__Host-netwarden-charts=<>", &long, ""] {
            assert_eq!(sent(cookies), View::default(), "{cookies}");
        }
    }
}
