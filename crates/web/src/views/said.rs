//! What `operate` says, in the reader's language.

use netwarden_operate::Said;
use netwarden_operate::said::Value;

use super::language::Language;

impl Language {
    /// The sentence, with what stands in it.
    pub(crate) fn said(self, said: &Said) -> String {
        let values = said.values().into_iter().map(|(name, value)| {
            // What may be of our own making, in English; what a person gave as a reason never is.
            let is_heard = match name {
                "text" | "note" | "why" | "values" => true,
                "reason" => matches!(said, Said::SystemAsked { .. }),
                _ => false,
            };
            let value = match value {
                Value::Text(text) if is_heard => isolated(self.heard(&text)).into(),
                Value::Text(text) => isolated(text).into(),
                Value::Number(number) => number.into(),
                Value::Word { kind, word } => self.word(kind, word).into(),
                Value::Said(said) => self.said(said).into(),
            };
            (name, value)
        });
        self.with(said.key(), &values.collect::<Vec<_>>())
    }
}

/// What may run from right to left stays within itself (Unicode Bidirectional Algorithm, UAX #9, section 2.4):
/// the rest of the sentence is not to be turned by a name. Other texts are left as they are.
fn isolated(text: String) -> String {
    let turns = |c: char| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    if text.contains(turns) { format!("\u{2068}{text}\u{2069}") } else { text }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fluent_bundle::FluentValue;
    use netwarden_model::{EventSeq, VlanId};
    use netwarden_operate::said::{Thing, Word};

    use super::*;

    const ENGLISH: &str = include_str!("../../locales/en.ftl");

    /// The names in braces of a sentence's English.
    fn names(english: &str) -> impl Iterator<Item = &str> {
        english.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
    }

    fn has_words(english: &str) -> bool {
        let outside = english.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
        outside.flat_map(str::chars).any(char::is_alphabetic)
    }

    // proves: SCL-04
    #[test]
    fn every_sentence_is_told_in_both_languages() {
        for (key, english) in Said::ALL {
            let values: Vec<_> =
                names(english).map(|name| (name, FluentValue::from(format!("{{{name}}}")))).collect();
            assert_eq!(Language::English.with(key, &values), *english, "{key}: en.ftl and said.rs differ");
            let german = Language::German.with(key, &values);
            for (name, _) in &values {
                assert!(
                    german.contains(&format!("{{{name}}}")),
                    "{key}: the German leaves out {name}: {german}"
                );
            }
            let is_same = !has_words(english) || *key == "said-in-vlan";
            assert_eq!(german == *english, is_same, "{key} has no German text: {german}");
        }
        for thing in Thing::ALL {
            let word = thing.as_str();
            assert_eq!(Language::English.word("thing", word), word);
            assert_ne!(Language::German.word("thing", word), word, "{word} has no German word");
        }
    }

    #[test]
    fn no_sentence_of_the_catalogues_is_said_no_more() {
        let said = Said::ALL.iter().map(|(key, _)| (*key).to_owned());
        let things = Thing::ALL.iter().map(|thing| format!("thing-{}", thing.as_str().replace(' ', "-")));
        let known: BTreeSet<String> = said.chain(things).collect();
        let keys = ENGLISH.lines().filter_map(|line| Some(line.split_once(" = ")?.0));
        let of_ours: BTreeSet<String> = keys
            .filter(|key| key.starts_with("said-") || key.starts_with("thing-"))
            .map(str::to_owned)
            .collect();
        assert_eq!(of_ours, known);
    }

    #[test]
    fn a_name_turns_nothing_but_itself() {
        let on = |ne: &str| Said::PortOf { ne: Said::from(ne).into(), port: "Gi1/0/7".into() };
        let turned = Language::English.said(&on("\u{202e}evil"));
        assert_eq!(turned, "\u{2068}\u{202e}evil\u{2069} port Gi1/0/7");
        assert_eq!(Language::English.said(&on("plain")), "plain port Gi1/0/7");
    }

    #[test]
    fn sentences_within_sentences_and_words_are_in_the_readers_language() {
        let port = Said::PortOf { ne: Said::from("sw1").into(), port: "Gi1/0/7".into() };
        let moved = Said::Moved { vlan: VlanId::new(666).unwrap() };
        let wanted = Said::ToBeHeld {
            access: moved.into(),
            note: "enforcement is stopped for the whole network".into(),
        };
        let held = Said::Holds { port: port.clone().into(), wanted: wanted.into() };
        let stopped = Said::AllStopped { standing: held.into() };
        let status = Word::new("status", "unauthorised");
        let whom = Said::WithStatus { what: Said::from("00:1b:21:3a:4f:5e").into(), status };
        let at = Said::At { what: whom.into(), place: port.into() };
        let happened = Said::Happened { kind: Word::new("kind", "new_endpoint"), what: at.into() };
        for (said, english, german) in [
            (
                &stopped,
                "sw1 port Gi1/0/7: to be moved to VLAN 666, held: enforcement is stopped for the whole network (all enforcement is stopped)",
                "sw1 Port Gi1/0/7: soll in VLAN 666 verschoben werden, zurückgehalten: Eingriffe sind für das ganze Netz angehalten (alle Eingriffe sind angehalten)",
            ),
            (
                &happened,
                "new endpoint: 00:1b:21:3a:4f:5e (unauthorised) on sw1 port Gi1/0/7",
                "neues Endgerät: 00:1b:21:3a:4f:5e (nicht zugelassen) an sw1 Port Gi1/0/7",
            ),
            (
                &Said::Unindexed { records: 1 },
                "1 records are not yet found by search",
                "1 Eintrag ist über die Suche noch nicht zu finden",
            ),
            (
                &Said::RuleOnEvent { name: "strangers".into(), event: EventSeq(12_345) },
                "rule 'strangers' on event 12345",
                "Regel „strangers“ bei Ereignis 12345",
            ),
        ] {
            assert_eq!(Language::English.said(said), english);
            assert_eq!(Language::German.said(said), german);
        }
    }
}
