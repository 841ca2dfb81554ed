//! Texts of the console in the languages of their readers: Fluent catalogues, one a language.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// A language of the console.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    German,
}

const CATALOGUES: [(&str, &str); 2] =
    [("en", include_str!("../../locales/en.ftl")), ("de", include_str!("../../locales/de.ftl"))];

type Bundle = FluentBundle<FluentResource>;

fn bundles() -> &'static [Bundle; 2] {
    static BUNDLES: OnceLock<[Bundle; 2]> = OnceLock::new();
    BUNDLES.get_or_init(|| CATALOGUES.map(|(tag, text)| bundle(tag, text)))
}

/// A line that cannot be read is left out, and found by the test of the catalogues.
fn bundle(tag: &str, text: &str) -> Bundle {
    let mut bundle = Bundle::new_concurrent(tag.parse().into_iter().collect());
    // The marks that isolate directions would stand in attributes and in files of CSV.
    bundle.set_use_isolating(false);
    let resource = match FluentResource::try_new(text.to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    bundle.add_resource_overriding(resource);
    bundle
}

impl Language {
    /// As in HTML's `lang` and in Accept-Language.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }

    /// The language with this tag.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        match tag {
            "en" => Some(Language::English),
            "de" => Some(Language::German),
            _ => None,
        }
    }

    /// What a reader likes best of what there is (RFC 9110, section 12.5.4).
    pub(crate) fn accepted(header: &str) -> Self {
        let mut best: Option<(Self, f32)> = None;
        for range in header.split(',').take(16) {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").map(|weight| weight.parse().unwrap_or(0.0)))
                .unwrap_or(1.0);
            if let Some(language) = Self::of_tag(&tag.to_ascii_lowercase())
                && weight > 0.0
                && best.is_none_or(|(_, most)| weight > most)
            {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language).unwrap_or_default()
    }

    /// The text called `key`.
    pub(crate) fn t(self, key: &str) -> String {
        self.format(key, None)
    }

    /// The text called `key`, with one value in it.
    pub(crate) fn t1<'a>(self, key: &str, name: &'a str, value: impl Into<FluentValue<'a>>) -> String {
        self.with(key, &[(name, value.into())])
    }

    /// The text called `key`, with values in it.
    pub(crate) fn with(self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.format(key, Some(&args))
    }

    /// A word that the product uses in its interfaces, where the catalogue explains it; else itself.
    pub(crate) fn word(self, kind: &str, word: &str) -> String {
        let key = format!("{kind}-{}", word.replace(['_', '.', ' '], "-"));
        self.find(&key, None).unwrap_or_else(|| word.to_owned())
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        self.find(key, args).unwrap_or_else(|| key.to_owned())
    }

    fn find(self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let [english, german] = bundles();
        let own = match self {
            Language::English => english,
            Language::German => german,
        };
        [own, english].into_iter().find_map(|bundle| {
            let pattern = bundle.get_message(key)?.value()?;
            Some(bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn keys(text: &str) -> BTreeSet<&str> {
        text.lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
            .filter_map(|line| Some(line.split_once(" =")?.0))
            .collect()
    }

    fn sources(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "html") {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn no_text_is_there_twice() {
        for (tag, text) in CATALOGUES {
            let mut seen = BTreeSet::new();
            let keys = text.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
            let twice: Vec<&str> =
                keys.filter(|key| !key.starts_with([' ', '#']) && !seen.insert(*key)).collect();
            assert!(twice.is_empty(), "{tag}.ftl, of which the last would count: {twice:?}");
        }
    }

    #[test]
    fn both_catalogues_have_the_same_texts() {
        for (tag, text) in CATALOGUES {
            assert!(FluentResource::try_new(text.to_owned()).is_ok(), "{tag}.ftl cannot be read");
        }
        let [english, german] = CATALOGUES.map(|(_, text)| keys(text));
        assert_eq!(english, german);
    }

    #[test]
    fn every_text_is_used_and_every_used_text_is_there() {
        let mut all = String::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        sources(&root.join("src/views"), &mut all);
        sources(&root.join("templates"), &mut all);
        let keys = keys(CATALOGUES[0].1);
        // Words of the product are looked up by kind, such as status-new.
        const KINDS: &[&str] = &[
            "status-",
            "mode-",
            "rule-",
            "kind-",
            "severity-",
            "stage-",
            "part-",
            "state-",
            "outcome-",
            "role-",
            "series-",
            "log-",
            "plane-",
            "held-",
            "admin-",
            "protected-",
            "method-",
            "works-",
            "topology-by-",
            "topology-link-",
            "topology-kind-",
            // Rules and long work.
            "about-",
            "alarm-to-",
            "day-",
            "do-",
            "job-",
            "result-",
            "span-",
            "type-",
            "parameter-",
            "channel-",
            "source-",
            "compliance-",
            "snmp-",
            "truth-",
            "domain-part-",
            "tenant-kind-",
            "listed-kind-",
            "denied-",
            "domain-hint-",
            "password-rule-",
            "attribute-",
            "object-",
            "login-refused-",
            "sharing-",
            "policy-kind-",
            "unused-act-",
            "profile-",
            "unit-",
            // What operate says, which a test of its own holds to the catalogues.
            "said-",
            "thing-",
        ];
        let unused: Vec<_> = keys
            .iter()
            .filter(|key| !KINDS.iter().any(|kind| key.starts_with(kind)))
            .filter(|key| !all.contains(&format!("\"{key}\"")))
            .collect();
        assert!(unused.is_empty(), "nobody uses {unused:?}");
        let mut missing = BTreeSet::new();
        for call in [".t(\"", ".t1(\"", ".with(\""] {
            for rest in all.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit());
                if is_key && key.contains('-') && !keys.contains(key) {
                    missing.insert(key);
                }
            }
        }
        assert!(missing.is_empty(), "no catalogue has {missing:?}");
    }

    #[test]
    fn the_reader_chooses() {
        for (header, expected) in [
            ("de-DE,de;q=0.9,en;q=0.8", Language::German),
            ("en-GB,en;q=0.9,de;q=0.8", Language::English),
            ("fr, de;q=0.5, en;q=0.4", Language::German),
            ("de;q=0, en;q=0.1", Language::English),
            ("", Language::English),
            ("de;q=x", Language::English),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }
}
