//! Records as leaves: which field has which tag.
//!
//! | tag | field | form |
//! |---|---|---|
//! | 1 | index in the trail | number |
//! | 2 | hash of the leaf before; absent in the first | 32 octets |
//! | 3 | time | microseconds UTC |
//! | 4, 5, 7, 16 | kind, level, plane, outcome | code |
//! | 6, 8 | user, operation | text |
//! | 9, 10 | kind of object, object | text |
//! | 11, 12, 13 | terminal address, session, request | text |
//! | 14, 15, 17 | old value, new value, details | value |
//! | 18 | cause | text |
//! | 40 | the opened record that this one completes | number |
//!
//! A value is an octet of form, then: 0 and the text; 1, SHA-256 and number of octets (8 octets) of a
//! text that stands in the side table; 2 and nothing for a secret; 3, SHA-256 and number of octets of a salt of 16
//! octets and a text about a person, which stand in the side table until they are erased. Schema 1 is a record, schema 2 a
//! completion. Tags and codes are never reused.

use jiff::Timestamp;
use netwarden_model::Severity;
use netwarden_tlog::{Hash, Leaf, LeafError};

use crate::AuditError;
use crate::record::{Completion, Kind, ObjectRef, Outcome, Record, Value, plane_code, plane_of_code};

const RECORD: u16 = 1;
const COMPLETION: u16 = 2;

mod tag {
    pub const INDEX: u16 = 1;
    pub const PREVIOUS: u16 = 2;
    pub const AT: u16 = 3;
    pub const KIND: u16 = 4;
    pub const LEVEL: u16 = 5;
    pub const USER: u16 = 6;
    pub const PLANE: u16 = 7;
    pub const OPERATION: u16 = 8;
    pub const OBJECT_KIND: u16 = 9;
    pub const OBJECT_ID: u16 = 10;
    pub const ADDRESS: u16 = 11;
    pub const SESSION: u16 = 12;
    pub const REQUEST: u16 = 13;
    pub const OLD: u16 = 14;
    pub const NEW: u16 = 15;
    pub const OUTCOME: u16 = 16;
    pub const DETAILS: u16 = 17;
    pub const CAUSE: u16 = 18;
    pub const COMPLETES: u16 = 40;
}

/// Larger texts stand in the side table.
const INLINE: usize = 1024;
/// Largest value.
pub(crate) const LARGEST: usize = 4 << 20;
/// Characters of a name.
const NAME: usize = 512;

/// What a leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Record(Box<Record>),
    Completion { of: u64, completion: Completion },
}

/// A leaf that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) index: u64,
    pub(crate) previous: Option<Hash>,
    pub(crate) content: Content,
}

/// A value in the side table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) hash: Hash,
    /// It may have been erased.
    pub(crate) is_personal: bool,
}

impl Entry {
    /// Its values in the side table.
    pub(crate) fn beside(&self) -> Vec<Beside> {
        let values: [Option<&Value>; 2] = match &self.content {
            Content::Record(record) => [record.old.as_ref(), record.new.as_ref()],
            Content::Completion { completion, .. } => [completion.new.as_ref(), None],
        };
        values
            .into_iter()
            .flatten()
            .filter_map(|value| {
                let (sha256, is_personal) = match value {
                    Value::Large { sha256, .. } => (sha256, false),
                    Value::Personal { sha256, .. } => (sha256, true),
                    _ => return None,
                };
                Some(Beside { hash: Hash::from_hex(sha256)?, is_personal })
            })
            .collect()
    }
}

/// A leaf that still lacks its place, and the values that go into the side table with it.
#[derive(Debug)]
pub(crate) struct Pending {
    leaf: Leaf,
    pub(crate) values: Vec<(Hash, Vec<u8>)>,
    /// Whose values these are.
    pub(crate) persons: Vec<(String, Hash)>,
}

impl Pending {
    const fn new(schema: u16) -> Self {
        Self { leaf: Leaf::new(schema), values: Vec::new(), persons: Vec::new() }
    }

    pub(crate) fn record(record: &Record) -> Result<Self, AuditError> {
        let mut pending = Self::new(RECORD);
        pending
            .leaf
            .set_i64(tag::AT, record.at.as_microsecond())
            .set_u64(tag::KIND, record.kind.code())
            .set_u64(tag::LEVEL, level_code(record.level))
            .set_text_if(tag::USER, record.user.as_deref().map(cut))
            .set_u64(tag::PLANE, plane_code(record.plane))
            .set_text(tag::OPERATION, cut(&record.operation))
            .set_text(tag::OBJECT_KIND, cut(&record.object.kind))
            .set_text_if(tag::OBJECT_ID, record.object.id.as_deref().map(cut))
            .set_text_if(tag::ADDRESS, record.address.as_deref().map(cut))
            .set_text_if(tag::SESSION, record.session.as_deref().map(cut))
            .set_text_if(tag::REQUEST, record.request.as_deref().map(cut))
            .set_u64(tag::OUTCOME, record.outcome.code())
            .set_text_if(tag::CAUSE, record.cause.as_deref().map(cut));
        pending.set_value(tag::OLD, "old value", record.old.as_ref())?;
        pending.set_value(tag::NEW, "new value", record.new.as_ref())?;
        pending.set_details(record.details.as_deref())?;
        Ok(pending)
    }

    pub(crate) fn completion(of: u64, completion: &Completion) -> Result<Self, AuditError> {
        let mut pending = Self::new(COMPLETION);
        pending
            .leaf
            .set_i64(tag::AT, completion.at.as_microsecond())
            .set_u64(tag::OUTCOME, completion.outcome.code())
            .set_u64(tag::COMPLETES, of);
        pending.set_value(tag::NEW, "new value", completion.new.as_ref())?;
        pending.set_details(completion.details.as_deref())?;
        Ok(pending)
    }

    /// The canonical bytes at `index` after the leaf with hash `previous`.
    pub(crate) fn encode(&mut self, index: u64, previous: Option<Hash>) -> Result<Vec<u8>, AuditError> {
        self.leaf.set_u64(tag::INDEX, index);
        if let Some(previous) = previous {
            self.leaf.set_bytes(tag::PREVIOUS, *previous.as_bytes());
        }
        self.leaf.encode().map_err(AuditError::Encode)
    }

    fn set_value(&mut self, tag: u16, field: &'static str, value: Option<&Value>) -> Result<(), AuditError> {
        let bytes = match value {
            None => return Ok(()),
            // What was erased is not known: that there was something is all that can be said of it again.
            Some(Value::Redacted | Value::Erased) => vec![2],
            Some(Value::OfPerson(personal)) if personal.salted.len() > LARGEST => {
                return Err(AuditError::TooLarge { field, octets: personal.salted.len(), limit: LARGEST });
            }
            Some(Value::OfPerson(personal)) => {
                let hash = Hash::of_value(&personal.salted);
                self.values.push((hash, personal.salted.clone()));
                self.persons.push((personal.person.clone(), hash));
                [&[3], hash.as_bytes().as_slice(), &(personal.salted.len() as u64).to_be_bytes()].concat()
            }
            Some(Value::Text(text)) if text.len() <= INLINE => [&[0], text.as_bytes()].concat(),
            Some(Value::Text(text)) if text.len() > LARGEST => {
                return Err(AuditError::TooLarge { field, octets: text.len(), limit: LARGEST });
            }
            Some(Value::Text(text)) => {
                let hash = Hash::of_value(text.as_bytes());
                self.values.push((hash, text.as_bytes().to_vec()));
                [&[1], hash.as_bytes().as_slice(), &(text.len() as u64).to_be_bytes()].concat()
            }
            // A value that was read from the trail and is written to it again.
            Some(Value::Large { sha256, octets } | Value::Personal { sha256, octets }) => {
                let hash = Hash::from_hex(sha256).ok_or(AuditError::Damaged("a hash is no hash"))?;
                let form = if matches!(value, Some(Value::Personal { .. })) { 3 } else { 1 };
                [&[form], hash.as_bytes().as_slice(), &octets.to_be_bytes()].concat()
            }
        };
        self.leaf.set_bytes(tag, bytes);
        Ok(())
    }

    /// Details stay in the leaf, for they are what readers read; 16 KiB at most.
    fn set_details(&mut self, details: Option<&str>) -> Result<(), AuditError> {
        const LIMIT: usize = 16 << 10;
        match details {
            Some(text) if text.len() > LIMIT => {
                Err(AuditError::TooLarge { field: "details", octets: text.len(), limit: LIMIT })
            }
            details => {
                self.leaf.set_text_if(tag::DETAILS, details);
                Ok(())
            }
        }
    }
}

/// Reads a leaf.
pub(crate) fn decode(bytes: &[u8]) -> Result<Entry, LeafError> {
    let leaf = Leaf::decode(bytes)?;
    let wrong = |tag, expected| LeafError::Type { tag, expected };
    let previous = leaf
        .bytes(tag::PREVIOUS)
        .map(|octets| Hash::from_slice(octets).ok_or(wrong(tag::PREVIOUS, "hash of 32 octets")))
        .transpose()?;
    let at = Timestamp::from_microsecond(leaf.i64(tag::AT)?).map_err(|_| wrong(tag::AT, "time"))?;
    let outcome = Outcome::from_code(leaf.u64(tag::OUTCOME)?).ok_or(wrong(tag::OUTCOME, "outcome"))?;
    let details = leaf.text_if(tag::DETAILS)?.map(str::to_owned);
    let new = value(&leaf, tag::NEW)?;
    let content = match leaf.schema() {
        RECORD => {
            let text = |tag| Ok::<_, LeafError>(leaf.text_if(tag)?.map(str::to_owned));
            Content::Record(Box::new(Record {
                at,
                kind: Kind::from_code(leaf.u64(tag::KIND)?).ok_or(wrong(tag::KIND, "kind"))?,
                level: level(leaf.u64(tag::LEVEL)?).ok_or(wrong(tag::LEVEL, "level"))?,
                user: text(tag::USER)?,
                plane: plane_of_code(leaf.u64(tag::PLANE)?).ok_or(wrong(tag::PLANE, "plane"))?,
                operation: leaf.text(tag::OPERATION)?.to_owned(),
                object: ObjectRef {
                    kind: leaf.text(tag::OBJECT_KIND)?.to_owned(),
                    id: text(tag::OBJECT_ID)?,
                },
                address: text(tag::ADDRESS)?,
                session: text(tag::SESSION)?,
                request: text(tag::REQUEST)?,
                old: value(&leaf, tag::OLD)?,
                new,
                outcome,
                details,
                cause: text(tag::CAUSE)?,
            }))
        }
        COMPLETION => Content::Completion {
            of: leaf.u64(tag::COMPLETES)?,
            completion: Completion { at, outcome, new, details },
        },
        _ => return Err(wrong(0, "schema that this release knows")),
    };
    Ok(Entry { index: leaf.u64(tag::INDEX)?, previous, content })
}

fn value(leaf: &Leaf, tag: u16) -> Result<Option<Value>, LeafError> {
    let wrong = LeafError::Type { tag, expected: "value" };
    let Some(bytes) = leaf.bytes(tag) else { return Ok(None) };
    let value = match bytes.split_first() {
        Some((0, text)) => Value::Text(std::str::from_utf8(text).map_err(|_| wrong)?.to_owned()),
        Some((form @ (1 | 3), rest)) => {
            let (hash, octets) = rest.split_at_checked(32).ok_or(wrong.clone())?;
            let sha256 = Hash::from_slice(hash).ok_or(wrong.clone())?.to_string();
            let octets = u64::from_be_bytes(octets.try_into().map_err(|_| wrong)?);
            if *form == 1 { Value::Large { sha256, octets } } else { Value::Personal { sha256, octets } }
        }
        Some((2, [])) => Value::Redacted,
        _ => return Err(wrong),
    };
    Ok(Some(value))
}

const fn level_code(level: Severity) -> u64 {
    match level {
        Severity::Info => 1,
        Severity::Warning => 2,
        Severity::Minor => 3,
        Severity::Major => 4,
        Severity::Critical => 5,
    }
}

const fn level(code: u64) -> Option<Severity> {
    Some(match code {
        1 => Severity::Info,
        2 => Severity::Warning,
        3 => Severity::Minor,
        4 => Severity::Major,
        5 => Severity::Critical,
        _ => return None,
    })
}

/// The first 512 characters.
fn cut(name: &str) -> &str {
    name.char_indices().nth(NAME).and_then(|(at, _)| name.get(..at)).unwrap_or(name)
}
