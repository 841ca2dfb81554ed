//! Addresses of pages: a query in which one thing is changed, and names as a part of a path.

/// A name as one segment of a path, or as a value of a query.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(octet));
        } else {
            escaped.push_str(&format!("%{octet:02X}"));
        }
    }
    escaped
}

/// The query of a page as its reader has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// From what follows `?`; empty values are nothing said.
    pub(crate) fn of(text: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().filter(|(_, value)| !value.is_empty()).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Without `names`.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
    }

    /// With `name` as `value`, and on the first page.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut query = self.without(&[name, "after"]);
        query.0.push((name.to_owned(), value.to_owned()));
        query
    }

    /// With one more value of `name`.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `path` with this query.
    pub(crate) fn at(&self, path: &str) -> String {
        let mut address = path.to_owned();
        for (at, (name, value)) in self.0.iter().enumerate() {
            address.push(if at == 0 { '?' } else { '&' });
            address.push_str(&format!("{}={}", escaped(name), escaped(value)));
        }
        address
    }
}

/// A path of this console that a form may lead back to: nothing that leaves it.
pub(crate) fn inside(path: &str) -> &str {
    let safe = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(['\\', '\r', '\n'])
        && path.bytes().all(|octet| octet.is_ascii_graphic());
    if safe { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_changed_in_one_place() {
        let query = Query::of(Some("status=new&text=a%20b&after=xyz&vlan="));
        assert_eq!(query.get("text"), Some("a b"));
        assert_eq!(query.get("vlan"), None);
        assert_eq!(query.with("status", "authorised").at("/e"), "/e?text=a%20b&status=authorised");
        assert_eq!(query.without(&["status", "text", "after"]).at("/e"), "/e");
        assert_eq!(escaped("Gi1/0/1"), "Gi1%2F0%2F1");
    }

    #[test]
    fn nobody_is_led_elsewhere() {
        for (given, led) in [
            ("/endpoints?status=new", "/endpoints?status=new"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(inside(given), led, "{given}");
        }
    }
}
