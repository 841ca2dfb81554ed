//! Sentences that other crates made as English text: reasons that lie in the database, in results of jobs and
//! in errors of inner crates. The console knows them again by a table of their forms and tells them in its
//! reader's language; so does whatever was stored before it had that language. What is not known again, as the
//! words of a device, of CEL's parser or of a person, stays as it is.
//!
//! `locales/heard.de.txt` has the forms; those of `operate` ([`Said::ALL`]) are known beside them.

use std::sync::OnceLock;

use fluent_bundle::FluentValue;
use netwarden_operate::Said;

use super::language::Language;

const TABLE: &str = include_str!("../../locales/heard.de.txt");
/// Longest text that is looked at, in octets: sentences are short, and what is longer quotes something.
const LONGEST: usize = 4_096;
/// Sentences within sentences.
const DEEPEST: usize = 6;

/// A piece of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Value(String),
}

/// How a sentence is told.
#[derive(Debug)]
enum Telling {
    /// By its German.
    Form(Vec<Piece>),
    /// By the key of the catalogues.
    Key(&'static str),
}

#[derive(Debug)]
struct Sentence {
    english: Vec<Piece>,
    german: Telling,
}

/// A form in its pieces: `{name}` is a value; `{{` and `}}` are braces.
fn pieces(form: &str) -> Vec<Piece> {
    let (mut pieces, mut literal) = (Vec::new(), String::new());
    let mut rest = form;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        let doubled = ["{{", "}}"].into_iter().find(|two| from.starts_with(two));
        let value = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        match (doubled, value) {
            (Some(two), _) => {
                literal.push_str(two.get(..1).unwrap_or_default());
                rest = from.get(2..).unwrap_or_default();
            }
            (None, Some((name, after))) => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Value(name.to_owned()));
                rest = after;
            }
            (None, None) => {
                literal.push_str(from.get(..1).unwrap_or_default());
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// Words of a form that are its own; single letters and signs are none.
fn words(pieces: &[Piece]) -> usize {
    let own =
        pieces.iter().filter_map(|piece| if let Piece::Literal(text) = piece { Some(text) } else { None });
    own.flat_map(|text| text.split_whitespace()).filter(|word| word.len() > 1).count()
}

/// Octets of a form that are its own.
fn own(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| if let Piece::Literal(text) = piece { text.len() } else { 0 }).sum()
}

/// All known forms; those with the most words of their own come first, since a lesser one may fit as well.
fn sentences() -> &'static [Sentence] {
    static SENTENCES: OnceLock<Vec<Sentence>> = OnceLock::new();
    SENTENCES.get_or_init(|| {
        let mut all: Vec<Sentence> = table()
            .map(|(english, german)| Sentence {
                english: pieces(english),
                german: Telling::Form(pieces(german)),
            })
            .collect();
        all.extend(Said::ALL.iter().filter_map(|(key, english)| {
            // One that says little of its own, such as "it failed: ...", would fit what it is not.
            let english = pieces(english);
            (words(&english) > 2).then_some(Sentence { english, german: Telling::Key(key) })
        }));
        all.sort_by_key(|sentence| std::cmp::Reverse(own(&sentence.english)));
        all
    })
}

/// The English and German of the table.
fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?.strip_prefix("= ")?)))
}

/// What stands in `text` where the form has values; None where it is not of this form.
fn values<'a, 't>(form: &'a [Piece], text: &'t str) -> Option<Vec<(&'a str, &'t str)>> {
    match form {
        [] => text.is_empty().then(Vec::new),
        [Piece::Literal(literal), rest @ ..] => values(rest, text.strip_prefix(literal.as_str())?),
        [Piece::Value(name)] => (!text.is_empty()).then(|| vec![(name.as_str(), text)]),
        [Piece::Value(name), rest @ ..] => {
            let [Piece::Literal(literal), ..] = rest else { return None };
            text.match_indices(literal.as_str()).filter(|(at, _)| *at > 0).find_map(|(at, _)| {
                let (value, after) = text.split_at(at);
                let mut found = values(rest, after)?;
                found.insert(0, (name.as_str(), value));
                Some(found)
            })
        }
    }
}

impl Language {
    /// What was made as English text, in this language as far as it is known.
    pub(crate) fn heard(self, text: &str) -> String {
        if self == Language::English || text.len() > LONGEST {
            return text.to_owned();
        }
        self.heard_in(text, 0).unwrap_or_else(|| text.to_owned())
    }

    fn heard_in(self, text: &str, depth: usize) -> Option<String> {
        if depth > DEEPEST {
            return None;
        }
        self.listed(text, depth).or_else(|| self.whole(text, depth)).or_else(|| self.joined(text, depth))
    }

    /// A text that is one sentence.
    fn whole(self, text: &str, depth: usize) -> Option<String> {
        sentences().iter().find_map(|sentence| {
            let found = values(&sentence.english, text)?;
            // A cause before it is a sentence of its own, and nothing that this one begins with.
            let begins = sentence.english.first().is_some_and(|piece| matches!(piece, Piece::Value(_)));
            if begins && found.first().is_some_and(|(_, value)| value.contains(": ")) {
                return None;
            }
            let told = |name: &str, value: &str| match &sentence.german {
                Telling::Form(_) if name.starts_with("why") => self.heard_in(value, depth + 1),
                Telling::Form(_) if name.starts_with("kind") => self.whole(value, depth + 1),
                Telling::Form(_) => None,
                Telling::Key(_) => self.heard_in(value, depth + 1),
            };
            let found: Vec<(&str, String)> = found
                .into_iter()
                .map(|(name, value)| (name, told(name, value).unwrap_or_else(|| value.to_owned())))
                .collect();
            Some(match &sentence.german {
                Telling::Form(german) => german
                    .iter()
                    .map(|piece| match piece {
                        Piece::Literal(text) => text.as_str(),
                        Piece::Value(name) => {
                            found.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
                        }
                    })
                    .collect(),
                Telling::Key(key) => {
                    let found = found.into_iter().map(|(name, value)| {
                        let number = value.parse::<i64>().ok().map(FluentValue::from);
                        (name, number.unwrap_or_else(|| value.into()))
                    });
                    self.with(key, &found.collect::<Vec<_>>())
                }
            })
        })
    }

    /// What is listed by commas, where each is known by itself; no cause and effect, which have commas of their own.
    fn listed(self, text: &str, depth: usize) -> Option<String> {
        if text.contains(": ") {
            return None;
        }
        let told: Option<Vec<String>> = text.split(", ").map(|part| self.whole(part, depth + 1)).collect();
        told.filter(|told| told.len() > 1).map(|told| told.join(", "))
    }

    /// Sentences one after the other, or a cause behind what it led to; at least one of them is known.
    fn joined(self, text: &str, depth: usize) -> Option<String> {
        if text.contains("; ") {
            let told: Vec<Option<String>> =
                text.split("; ").map(|part| self.heard_in(part, depth + 1)).collect();
            if told.iter().any(Option::is_some) {
                let parts = text.split("; ").zip(told);
                let parts: Vec<String> =
                    parts.map(|(part, told)| told.unwrap_or_else(|| part.to_owned())).collect();
                return Some(parts.join("; "));
            }
        }
        text.match_indices(": ").find_map(|(at, _)| {
            let (head, tail) = (text.get(..at)?, text.get(at + 2..)?);
            let (first, second) = (self.whole(head, depth + 1), self.heard_in(tail, depth + 1));
            if first.is_none() && second.is_none() {
                return None;
            }
            let first = first.unwrap_or_else(|| head.to_owned());
            Some(format!("{first}: {}", second.unwrap_or_else(|| tail.to_owned())))
        })
    }

    /// A result of long work, whose texts are told as [`Language::heard`] does.
    pub(crate) fn heard_within(self, value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => Value::String(self.heard(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.heard_within(item)).collect(),
            Value::Object(fields) => Value::Object(
                fields.into_iter().map(|(name, item)| (name, self.heard_within(item))).collect(),
            ),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    const DE: Language = Language::German;

    #[test]
    fn the_table_is_whole() {
        let lines: Vec<&str> =
            TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        for (at, pair) in lines.chunks(2).enumerate() {
            let [english, german] = pair else { panic!("the last line has no German: {pair:?}") };
            assert!(!english.starts_with("= ") && german.starts_with("= "), "pair {at}: {pair:?}");
        }
        let mut seen = BTreeSet::new();
        for (english, german) in table() {
            assert!(seen.insert(english), "twice: {english}");
            assert_ne!(english, german);
            let names = |form: &str| -> BTreeSet<String> {
                let values = pieces(form).into_iter();
                values
                    .filter_map(|piece| if let Piece::Value(name) = piece { Some(name) } else { None })
                    .collect()
            };
            assert_eq!(names(english), names(german), "{english}");
        }
    }

    // proves: SCL-04
    #[test]
    fn what_was_made_in_english_is_told_in_german() {
        for (english, german) in [
            (
                "192.0.2.1:161: no answer after 3 attempts of 1000 ms",
                "192.0.2.1:161: keine Antwort nach 3 Versuchen von 1000 ms",
            ),
            (
                "the system group could not be read: 192.0.2.1:161: no answer after 3 attempts of 1000 ms",
                "die Systemgruppe konnte nicht gelesen werden: 192.0.2.1:161: keine Antwort nach 3 Versuchen von 1000 ms",
            ),
            (
                "the system group could not be read: 192.0.2.1:161: the agent does not know the user name (usmStatsUnknownUserNames)",
                "die Systemgruppe konnte nicht gelesen werden: 192.0.2.1:161: der Agent kennt den Benutzernamen nicht (usmStatsUnknownUserNames)",
            ),
            (
                "line 1, column 8: there is no property 'endpoint.stauts'; did you mean 'endpoint.status'?",
                "Zeile 1, Spalte 8: es gibt keine Eigenschaft „endpoint.stauts“; ist „endpoint.status“ gemeint?",
            ),
            (
                "rule 'a': reaction 2, '{{x}}': there is no property 'x'",
                "Regel „a“: Reaktion 2, „{{x}}“: es gibt keine Eigenschaft „x“",
            ),
            (
                "'&&' needs a truth value, this is a number",
                "„&&“ braucht einen Wahrheitswert, dies ist eine Zahl",
            ),
            (
                "syslog server log.example:6514: Connection refused (os error 111)",
                "Syslog-Server log.example:6514: Verbindung abgelehnt (os error 111)",
            ),
            (
                "the PVID 10, in the untagged ports of VLAN 10",
                "PVID 10, unter den ungetaggten Ports von VLAN 10",
            ),
            ("line 3: there is no network element 'sw9'", "Zeile 3: es gibt keine Netzwerkkomponente „sw9“"),
            // A sentence of operate, known by its key.
            (
                "VLAN 7 is the management VLAN and no quarantine",
                "VLAN 7 ist das Verwaltungs-VLAN und keine Quarantäne",
            ),
            (
                "192.0.2.1:161: no answer after 3 attempts of 1000 ms; no credential set was answered (core)",
                "192.0.2.1:161: keine Antwort nach 3 Versuchen von 1000 ms; auf keinen Satz von Zugangsdaten kam eine Antwort (core)",
            ),
            // Made of several parts, in notify and guard.
            ("mail server mx.example:25 is not ready", "Mailserver mx.example:25 ist nicht bereit"),
            ("sent to syslog server log.example:6514", "gesendet an Syslog-Server log.example:6514"),
            (
                "webhook at x.example answered 302; redirects are not followed",
                "Webhook bei x.example antwortete 302; Umleitungen wird nicht gefolgt",
            ),
            ("/opt/x ended well; output: ok", "/opt/x endete gut; output: ok"),
            (
                "the budget of 5 ports in 10 minutes on all elements together is used up",
                "das Kontingent von 5 Ports in 10 Minuten an allen Komponenten zusammen ist aufgebraucht",
            ),
            (
                "3 leases, 1 rows left out, the first: line 7: the row has no address",
                "3 Leases, 1 Zeilen ausgelassen, die erste: Zeile 7: the row has no address",
            ),
            ("sw1:161: noAccess at 1.3.6.1.2.1.17", "sw1:161: noAccess bei 1.3.6.1.2.1.17"),
            // Of somebody else.
            ("the tiger is in the server room", "the tiger is in the server room"),
            ("", ""),
        ] {
            assert_eq!(DE.heard(english), german);
            assert_eq!(Language::English.heard(english), english);
        }
    }

    #[test]
    fn what_is_long_or_deep_stays_as_it_is() {
        let deep = format!("{}the address is missing", "line 1: ".repeat(400));
        assert!(DE.heard(&deep).starts_with("Zeile 1: "));
        let long = format!("line 1: {}", "x".repeat(LONGEST));
        assert_eq!(DE.heard(&long), long);
    }

    #[test]
    fn results_of_jobs_are_told_throughout() {
        let found = serde_json::json!({ "found": [{ "not_added": "the address is missing", "n": 3 }] });
        let german = serde_json::json!({ "found": [{ "not_added": "die Adresse fehlt", "n": 3 }] });
        assert_eq!(DE.heard_within(found), german);
    }

    /// Text of a crate without its tests and comments.
    fn source(path: &Path) -> String {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }

    fn files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, into);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
                into.push(path);
            }
        }
    }

    /// The literals behind `mark`, with something in place of each value.
    fn literals(code: &str, mark: &str) -> Vec<String> {
        let mut found = Vec::new();
        for rest in code.split(mark).skip(1) {
            let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
            let mut text = String::new();
            let mut chars = rest.chars();
            while let Some(c) = chars.next() {
                match c {
                    '"' => break,
                    '\\' => match chars.next() {
                        // A literal over several lines.
                        Some('\n') => {
                            let left = chars.as_str().trim_start();
                            chars = left.chars();
                        }
                        Some(other) => text.push(other),
                        None => {}
                    },
                    c => text.push(c),
                }
            }
            let filled = pieces(&text).into_iter().map(|piece| match piece {
                Piece::Literal(text) => text,
                Piece::Value(_) => "7".to_owned(),
            });
            found.push(filled.collect());
        }
        found
    }

    /// Crates whose errors come to pages.
    const ERRORS_OF: &[&str] = &[
        "actions",
        "collect",
        "engine",
        "inventory",
        "model",
        "names",
        "reach",
        "rules",
        "store",
        "wire/snmp",
    ];
    /// Errors that come to no page, since the server tells of them by "a part of the system failed", or since
    /// they are made of others alone. It may only shrink.
    const BENEATH: &[&str] = &[
        "cannot be used",
        "cannot be written",
        "could not be written",
        "cannot be read",
        "cannot be recorded",
        "could not be noted",
        "could not be read or written",
        "is closed",
        "are closed",
        "cannot be reached",
        "a desired state that is 7 cannot take 7",
        "there is no request 7",
        "cannot listen for SNMP notifications",
        "the disk that holds",
        "the database",
        "there is such a row already",
        "a row that is referred to",
        "migration 7",
        "two migrations",
        "a write ",
        "7 failed",
        // A word of SNMP and an object identifier, which is not to be taken for any other text.
        "7 at 7",
        "no snmpTrapOID.0",
        "sub-identifier",
    ];

    fn is_told(english: &str) -> bool {
        DE.heard(english) != english
    }

    // proves: SCL-04
    #[test]
    fn every_error_that_comes_to_a_page_has_its_german() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let (mut looked_at, mut unknown) = (0, Vec::new());
        for name in ERRORS_OF {
            let mut all = Vec::new();
            files(&root.join(name).join("src"), &mut all);
            for path in all {
                for english in literals(&source(&path), "#[error(") {
                    looked_at += 1;
                    let of_values = !english.chars().any(|c| c.is_alphabetic());
                    let is_beneath = BENEATH.iter().any(|beneath| english.contains(beneath));
                    if !of_values && !is_beneath && !is_told(&english) {
                        unknown.push(format!("{}: {english}", path.display()));
                    }
                }
            }
        }
        assert!(looked_at > 80, "{looked_at}");
        assert!(unknown.is_empty(), "they have no German in heard.de.txt: {unknown:#?}");
    }

    /// Files whose sentences are made in place, beside their errors.
    const SAID_IN: &[&str] = &[
        "conditions/src/lower.rs",
        "conditions/src/condition.rs",
        "rules/src/compiled.rs",
        "rules/src/set.rs",
        "inventory/src/import.rs",
        "names/src/source.rs",
        "names/src/fetch/dns.rs",
        "names/src/fetch/infoblox.rs",
        "names/src/dns/zone.rs",
        "names/src/dns/mod.rs",
        "engine/src/names.rs",
        "collect/src/read.rs",
        "collect/src/read/forwarding.rs",
        "actions/src/guard.rs",
        "actions/src/enforce.rs",
        "actions/src/perform.rs",
        "actions/src/plan.rs",
        "actions/src/notify/command.rs",
        "actions/src/notify/mail.rs",
        "actions/src/notify/syslog.rs",
        "actions/src/notify/webhook.rs",
        "operate/src/imports.rs",
        "operate/src/channels/definition.rs",
    ];
    /// What stands in those files and is no sentence for a page: notes of the trail, texts that are sent, parts
    /// of sentences that are known as a whole.
    const NOT_SHOWN: &[&str] = &[
        // Parts.
        "'!' needs",
        "'-' needs",
        "'&&' needs",
        "'||' needs",
        "'in' needs",
        "'?' needs",
        "'7' needs",
        "7() needs",
        "matches() needs",
        "lower() needs",
        "oui() needs",
        "in_subnet() needs",
        "hour() needs",
        "weekday() needs",
        "7 7, this is 7",
        "in 7 minutes",
        "on 7",
        "on all elements together",
        "mail server 7:7",
        "syslog server 7:7",
        "webhook at 7",
        ", the first: 7",
        "; 7: 7",
        "not in the 7",
        "in the 7",
        "port 7",
        "rule 7",
        "zone 7: 7",
        "7 is not ready",
        "accepted by 7",
        "sent to 7",
        "7 did not take it",
        "7 has no key to sign with",
        "7 answered 7",
        "7 ended well7",
        "7 leases, 7 rows left out7",
        "the budget of 7 ports in 7 minutes 7 is used up",
        // What is sent.
        "7 messages, held together",
        "7 messages: 7, ...",
        "Rule '7' matched.",
        "7: 7 of 7",
        "[7] 7",
        "7 (severity 7, event 7)",
        "<7>1 7 7",
        "n== 7 (7)",
        "a value of another type",
        "null",
    ];

    // proves: SCL-04
    #[test]
    fn every_sentence_made_in_place_has_its_german() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let (mut looked_at, mut unknown) = (0, Vec::new());
        for name in SAID_IN {
            let code = source(&root.join(name));
            let marks = [
                "format!(",
                "Err(",
                "refuse(",
                "SourceError(",
                "Unreadable(",
                "Broken(",
                "ok_or(",
                "Some(format!(",
                "self.error(at, ",
                "self.error(of.at, ",
                "part, ",
                "answer(",
                "Failed(",
                "NotSent(",
                "other(",
            ];
            for mark in marks {
                for english in literals(&code, mark) {
                    let words =
                        english.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic));
                    if words.count() < 2 {
                        continue;
                    }
                    looked_at += 1;
                    let is_part = NOT_SHOWN.iter().any(|part| english == *part || english.starts_with(part));
                    if !is_part && !is_told(&english) {
                        unknown.push(format!("{name}: {english}"));
                    }
                }
            }
        }
        assert!(looked_at > 120, "{looked_at}");
        assert!(unknown.is_empty(), "they have no German in heard.de.txt: {unknown:#?}");
    }
}
