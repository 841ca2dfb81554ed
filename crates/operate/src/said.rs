//! What the product says of its own accord: one table of sentences, each with what it names as typed values.
//!
//! `Display` is the English, which REST and the command line show. The console tells a sentence in its reader's
//! language, by [`Said::key`] and [`Said::values`] from its catalogues, whose English is held to this one by a
//! test. What comes from outside or was stored (reasons that people wrote, notes of attempts, errors of devices,
//! names) is a value; of it the console tells in its reader's language what it knows to be our own words.
//!
//! A new sentence is a line in `said/sentences.rs` and a line in each catalogue.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use netwarden_identity::Operation;
use netwarden_model::access::PortAccess;
use netwarden_model::{EventSeq, IfIndex, Mac, NeId, PortName, PortRef, RuleId, RuleRevision, VlanId};
use uuid::Uuid;

/// A sentence, or a part of one, inside another.
pub type Clause = Box<Said>;

/// Characters of a name that nothing has, as a sentence repeats it.
const LONGEST_NAME: usize = 64;

/// What stands in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'s> {
    /// Shown as it is.
    Text(String),
    /// A number, for which a language may have a plural.
    Number(i64),
    /// A word that catalogues explain under its kind; else shown as it is.
    Word {
        /// The kind, as `status`.
        kind: &'static str,
        /// The word, as `new`.
        word: &'s str,
    },
    /// Another sentence.
    Said(&'s Said),
}

/// A word of the product, or of a MIB, that catalogues may explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    kind: &'static str,
    word: String,
}

impl Word {
    /// The word of this kind.
    pub fn new(kind: &'static str, word: impl Into<String>) -> Self {
        Self { kind, word: word.into() }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word)
    }
}

/// Kinds of things that operations are about, as sentences name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described by its word")]
pub enum Thing {
    AuditRecord,
    Backup,
    BlocklistEntry,
    Channel,
    CredentialSet,
    Domain,
    Endpoint,
    Event,
    Group,
    Job,
    LoginPolicy,
    NetworkElement,
    Parameter,
    Port,
    Revision,
    Role,
    Rule,
    Series,
    Session,
    SourceOfNames,
    Tenant,
    Token,
    User,
}

impl Thing {
    /// Every kind.
    pub const ALL: [Thing; 23] = [
        Thing::AuditRecord,
        Thing::Backup,
        Thing::BlocklistEntry,
        Thing::Channel,
        Thing::CredentialSet,
        Thing::Domain,
        Thing::Endpoint,
        Thing::Event,
        Thing::Group,
        Thing::Job,
        Thing::LoginPolicy,
        Thing::NetworkElement,
        Thing::Parameter,
        Thing::Port,
        Thing::Revision,
        Thing::Role,
        Thing::Rule,
        Thing::Series,
        Thing::Session,
        Thing::SourceOfNames,
        Thing::Tenant,
        Thing::Token,
        Thing::User,
    ];

    /// The word used in sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Thing::AuditRecord => "audit record",
            Thing::Backup => "backup",
            Thing::BlocklistEntry => "entry of the blocklist",
            Thing::Channel => "channel",
            Thing::CredentialSet => "credential set",
            Thing::Domain => "domain",
            Thing::Endpoint => "endpoint",
            Thing::Event => "event",
            Thing::Group => "group",
            Thing::Job => "job",
            Thing::LoginPolicy => "login policy",
            Thing::NetworkElement => "network element",
            Thing::Parameter => "parameter",
            Thing::Port => "port",
            Thing::Revision => "revision",
            Thing::Role => "role",
            Thing::Rule => "rule",
            Thing::Series => "series",
            Thing::Session => "session",
            Thing::SourceOfNames => "source of names",
            Thing::Tenant => "tenant",
            Thing::Token => "token",
            Thing::User => "user",
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a sentence can name.
trait Named {
    fn value(&self) -> Value<'_>;
}

impl Named for Clause {
    fn value(&self) -> Value<'_> {
        Value::Said(self)
    }
}

impl Named for Word {
    fn value(&self) -> Value<'_> {
        Value::Word { kind: self.kind, word: &self.word }
    }
}

impl Named for Thing {
    fn value(&self) -> Value<'_> {
        Value::Word { kind: "thing", word: self.as_str() }
    }
}

macro_rules! texts {
    ($($name:ty),+ $(,)?) => {
        $(impl Named for $name {
            fn value(&self) -> Value<'_> {
                Value::Text(self.to_string())
            }
        })+
    };
}

texts!(
    String,
    EventSeq,
    IfIndex,
    IpAddr,
    Mac,
    NeId,
    Operation,
    PortName,
    RuleId,
    RuleRevision,
    SocketAddr,
    Timestamp,
    Uuid,
    VlanId,
);

macro_rules! numbers {
    ($($name:ty: $from:expr),+ $(,)?) => {
        $(impl Named for $name {
            fn value(&self) -> Value<'_> {
                Value::Number($from(*self))
            }
        })+
    };
}

numbers!(
    u8: i64::from,
    u32: i64::from,
    i64: std::convert::identity,
    u64: |count| i64::try_from(count).unwrap_or(i64::MAX),
    usize: |count| i64::try_from(count).unwrap_or(i64::MAX),
);

macro_rules! sentences {
    ($($name:ident $({ $($field:ident: $type:ty),+ })? = $key:literal, $english:literal;)+) => {
        /// A sentence, or a part of one.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is described by its own English")]
        pub enum Said {
            $($name $({ $($field: $type),+ })?,)+
        }

        impl Said {
            /// Every sentence: its key in catalogues, and its English with the names of its values in braces.
            pub const ALL: &[(&str, &str)] = &[$(($key, $english)),+];

            /// Its key in catalogues.
            pub const fn key(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $key,)+
                }
            }

            /// What stands in it, by the names that catalogues use.
            pub fn values(&self) -> Vec<(&'static str, Value<'_>)> {
                match self {
                    $(Self::$name $({ $($field),+ })? => vec![$($((stringify!($field), $field.value())),+)?],)+
                }
            }
        }

        impl fmt::Display for Said {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name $({ $($field),+ })? => write!(f, $english),)+
                }
            }
        }
    };
}

mod inner;
mod inputs;
mod sentences;

pub use sentences::Said;

impl Said {
    /// A thing by its kind and name.
    pub(crate) fn called(thing: Thing, id: impl fmt::Display) -> Self {
        Said::Called { thing, id: id.to_string() }
    }

    /// What somebody gave as a name, cut to what a line takes and between quotes.
    pub(crate) fn quoted(name: &str) -> String {
        format!("'{}'", name.chars().take(LONGEST_NAME).collect::<String>())
    }

    /// A port whose element's name is not at hand.
    pub(crate) fn port(port: &PortRef) -> Self {
        Said::PortOf { ne: Said::Element { ne: port.ne }.into(), port: port.port.clone() }
    }

    /// One after the other, as one sentence; None where there is none.
    pub(crate) fn listed(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().reduce(|first, second| Said::Both { first: first.into(), second: second.into() })
    }

    /// With what somebody wrote, or what was noted, behind it; nothing where that is empty.
    pub(crate) fn noted(self, note: &str) -> Self {
        if note.is_empty() {
            return self;
        }
        Said::Noted { said: self.into(), note: note.to_owned() }
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Said::Plain { text }
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&PortAccess> for Said {
    fn from(access: &PortAccess) -> Self {
        match access {
            PortAccess::Vlan { vlan, .. } => Said::Moved { vlan: *vlan },
            PortAccess::Shut => Said::Shut,
            PortAccess::Open => Said::SwitchedOn,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_sentence_has_a_key_of_its_own() {
        let keys: BTreeSet<&str> = Said::ALL.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys.len(), Said::ALL.len());
        assert!(keys.iter().all(|key| key.starts_with("said-")), "{keys:?}");
    }

    #[test]
    fn a_sentence_names_what_stands_in_it() {
        let place = Said::PortOf { ne: Said::from("sw1").into(), port: "7".into() };
        let vlan = VlanId::new(20).unwrap();
        let said = Said::InVlan { place: place.clone().into(), vlan };
        assert_eq!(said.to_string(), "sw1 port 7 in VLAN 20");
        assert_eq!(said.key(), "said-in-vlan");
        assert_eq!(said.values(), [("place", Value::Said(&place)), ("vlan", Value::Text("20".to_owned()))]);
        let status = Said::StatusToBe { status: Word::new("status", "new") };
        assert_eq!(status.values(), [("status", Value::Word { kind: "status", word: "new" })]);
        assert_eq!(Said::Crowd { macs: 12 }.values(), [("macs", Value::Number(12))]);
        assert_eq!(Said::Held.noted("").to_string(), "held");
        assert_eq!(Said::Held.noted("stop").to_string(), "held: stop");
    }
}
