//! How the reader likes lists: columns and density. It is no secret and changes nothing but what this browser
//! shows, so it is kept there, in a cookie for each list beside language and theme.

use std::collections::BTreeMap;

use axum::http::HeaderMap;

use super::visitor::cookies;

/// What the cookie of a list is called, before the list: `__Host-netwarden-list-endpoints=t~column-ip`.
const LIST: &str = "__Host-netwarden-list-";
/// Octets of a name within a cookie.
const LONGEST_WORD: usize = 64;
/// Columns that can be left out of one list. With [`LONGEST_WORD`] a cookie stays below the 4,096 octets that
/// browsers keep (RFC 6265, section 6.1), so that nothing of a choice is lost.
const MOST_HIDDEN: usize = 32;
/// Lists that are remembered.
const MOST_LISTS: usize = 64;

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
}

impl View {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lists = cookies(headers).filter_map(|(name, value)| {
            let list = name.strip_prefix(LIST).filter(|list| is_word(list))?;
            let mut words = value.split('~');
            let tight = words.next()? == "t";
            let hidden = words.filter(|word| is_word(word)).take(MOST_HIDDEN).map(str::to_owned).collect();
            Some((list.to_owned(), OfList { tight, hidden }))
        });
        Self { lists: lists.take(MOST_LISTS).collect() }
    }

    /// Rows of the list at `path` stand close together.
    pub(super) fn is_tight(&self, path: &str) -> bool {
        self.lists.get(&list_of(path)).is_some_and(|list| list.tight)
    }

    /// The list at `path` is shown without the column.
    pub(super) fn hides(&self, path: &str, column: &str) -> bool {
        self.lists.get(&list_of(path)).is_some_and(|list| list.hidden.iter().any(|hidden| hidden == column))
    }

    /// With another choice for the list at `path`.
    pub(super) fn with_list(mut self, path: &str, tight: bool, hidden: Vec<String>) -> Self {
        let list = list_of(path);
        if is_word(&list) && (self.lists.contains_key(&list) || self.lists.len() < MOST_LISTS) {
            let hidden = hidden.into_iter().filter(|column| is_word(column)).take(MOST_HIDDEN).collect();
            self.lists.insert(list, OfList { tight, hidden });
        }
        self
    }

    /// The headers that make a browser remember it for a year, one for each list.
    pub(super) fn set_cookies(&self) -> Vec<String> {
        let cookie = |(list, of): (&String, &OfList)| {
            let density = if of.tight { "t" } else { "n" };
            let words = [density].into_iter().chain(of.hidden.iter().map(String::as_str));
            let value = words.collect::<Vec<_>>().join("~");
            format!("{LIST}{list}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=31536000")
        };
        self.lists.iter().map(cookie).collect()
    }
}

/// `/endpoints.csv` shows the same list as `/endpoints`; `/system/accounts` is `system.accounts`.
fn list_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default().trim_matches('/');
    path.strip_suffix(".csv").unwrap_or(path).replace('/', ".")
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_WORD
        && text
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || matches!(octet, b'-' | b'.'))
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

    fn pairs(view: &View) -> String {
        let cookies = view.set_cookies();
        let pairs = cookies.iter().map(|cookie| cookie.split(';').next().unwrap());
        pairs.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_was_chosen_comes_back() {
        let view = View::default()
            .with_list("/endpoints", true, vec!["column-ip".into(), "; Path=/evil".into()])
            .with_list("/system/accounts", true, Vec::new())
            .with_list("/events", false, Vec::new());
        let again = sent(&pairs(&view));
        assert_eq!(again, view);
        assert!(again.is_tight("/endpoints.csv") && !again.is_tight("/events"));
        assert!(again.is_tight("/system/accounts"), "lists of the system as well");
        assert!(again.hides("/endpoints", "column-ip") && !again.hides("/events", "column-ip"));
    }

    /// A browser drops a cookie that is too long, and says nothing.
    #[test]
    fn the_longest_choice_for_every_list_comes_back_whole() {
        let columns: Vec<String> = (0..MOST_HIDDEN).map(|n| format!("{n:0>LONGEST_WORD$}")).collect();
        let view = (0..MOST_LISTS)
            .fold(View::default(), |view, n| view.with_list(&format!("/list{n}"), true, columns.clone()));
        assert!(view.set_cookies().iter().all(|cookie| cookie.len() < 4_096));
        let again = sent(&pairs(&view));
        assert_eq!(again, view);
        assert!(again.hides("/list63", columns.last().unwrap()));
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        for cookies in ["__Host-netwarden-list-=t~a", "__Host-netwarden-list-A/b=t", "__Host-netwarden=t", ""]
        {
            assert_eq!(sent(cookies), View::default(), "{cookies}");
        }
        assert_eq!(pairs(&sent("__Host-netwarden-list-a=x~<>~~b")), "__Host-netwarden-list-a=n~b");
    }
}
