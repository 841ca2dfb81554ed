//! Names as other systems write them. A device chooses its host name freely (RFC 2132 section 3.14 asks
//! for little), so only what would harm a terminal, a page or a list is refused.

use std::net::IpAddr;

/// Octets of a domain name in text, at most (RFC 1035 section 2.3.4).
const LONGEST: usize = 253;

/// A name in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The first label.
    pub host: String,
    /// What follows it.
    pub domain: Option<String>,
}

impl Written {
    /// Both parts together.
    pub fn full(&self) -> String {
        match &self.domain {
            Some(domain) => format!("{}.{domain}", self.host),
            None => self.host.clone(),
        }
    }
}

/// A name in its parts; None where there is none, the reason where it cannot be used.
///
/// # Errors
/// Where it is too long or holds characters that are not shown.
pub fn written(text: &str) -> Result<Option<Written>, String> {
    let text = text.trim_matches(is_around);
    if text.len() > LONGEST {
        return Err(format!("a name of {} octets is longer than {LONGEST}", text.len()));
    }
    if text.chars().any(is_unshown) {
        return Err("the name holds characters that are not shown".to_owned());
    }
    let labels: Vec<&str> = text.split('.').map(str::trim).filter(|label| !label.is_empty()).collect();
    let Some((host, rest)) = labels.split_first() else { return Ok(None) };
    if is_placeholder(host) {
        return Ok(None);
    }
    // What is written in place of a domain is none either.
    let domain = written(&rest.join("."))?.map(|domain| domain.full());
    let name = Written { host: (*host).to_owned(), domain };
    Ok(Some(name).filter(|name| !is_placeholder(&name.full())))
}

/// What may stand around a name and is no part of it.
fn is_around(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '\0')
}

/// What servers write where there is no name.
fn is_placeholder(text: &str) -> bool {
    text == "-" || text == "*" || text.parse::<IpAddr>().is_ok()
}

/// Controls, marks of direction, and others that make a name look like another one.
fn is_unshown(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fffd}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_and_what_is_none_is_none() {
        let parts = |text| written(text).unwrap().map(|name| (name.host, name.domain));
        let some = |host: &str, domain: Option<&str>| Some((host.to_owned(), domain.map(str::to_owned)));
        assert_eq!(parts("pc17"), some("pc17", None));
        assert_eq!(parts(" pc17.example.net. "), some("pc17", Some("example.net")));
        assert_eq!(parts("Annas iPhone"), some("Annas iPhone", None));
        assert_eq!(parts("printer .example . net"), some("printer", Some("example.net")));
        assert_eq!(parts("..pc17..net\0."), some("pc17", Some("net")));
        assert_eq!(parts("pc17.*"), some("pc17", None));
        assert_eq!(parts("pc17.192.0.2.7"), some("pc17", None));
        for nothing in
            ["", " ", ".", "-", "*", "*.example.net", "-.net", "192.0.2.7", "192. 0.2.7.", "2001:db8::1"]
        {
            assert_eq!(parts(nothing), None, "{nothing:?}");
        }
        assert!(written(&"a".repeat(254)).is_err());
        for hostile in ["a\u{1b}[31m", "a\u{202e}b", "a\nb", "a\u{fffd}"] {
            assert!(written(hostile).is_err(), "{hostile:?}");
        }
        assert_eq!(written("a.b.c").unwrap().unwrap().full(), "a.b.c");
    }
}
