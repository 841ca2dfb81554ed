//! What a record says.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use netwarden_model::{Plane, Severity};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word used in interfaces and in the search index.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// The code in leaves; never reused.
            pub(crate) const fn code(self) -> u64 {
                match self { $($name::$variant => $code),* }
            }

            /// The reverse of `code`.
            pub(crate) const fn from_code(code: u64) -> Option<Self> {
                match code { $($code => Some($name::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// Which log a record belongs to (AUD-02).
    Kind {
        /// Logins, users, rights, passwords, keys.
        Security = 1 "security",
        /// What users do with the product.
        Operation = 2 "operation",
        /// What the system does by itself.
        System = 3 "system",
        /// What happened on network elements.
        Ne = 4 "ne",
    }
);

/// A plane's code in leaves; never reused.
pub(crate) const fn plane_code(plane: Plane) -> u64 {
    match plane {
        Plane::Management => 1,
        Plane::Om => 2,
        Plane::Tenant => 3,
    }
}

/// The reverse of [`plane_code`].
pub(crate) fn plane_of_code(code: u64) -> Option<Plane> {
    Plane::ALL.iter().find(|plane| plane_code(**plane) == code).copied()
}

words!(
    /// How it went.
    Outcome {
        /// About to be done: the completion tells how it went.
        Opened = 1 "opened",
        /// Done.
        Success = 2 "success",
        /// Tried, and failed.
        Failure = 3 "failure",
        /// Refused: the right was missing.
        Denied = 4 "denied",
        /// Nobody knows: it was interrupted.
        Unknown = 5 "unknown",
    }
);

/// Stands for the value of a password, key, mobile number or mail address: that it changed is
/// recorded, what it was and is cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted;

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("changed")
    }
}

/// An old or a new value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// As it is.
    Text(String),
    /// Too large for the leaf: its SHA-256 stands there, and it itself beside the trail.
    Large {
        /// SHA-256 in hexadecimal.
        sha256: String,
        /// Octets.
        octets: u64,
    },
    /// A secret.
    Redacted,
    /// What is to be written of a person, and can be erased.
    #[serde(skip)]
    OfPerson(Personal),
    /// What was written of a person: the SHA-256 of salt and text stands in the leaf, they themselves beside the trail
    /// until they are erased.
    Personal {
        /// SHA-256 in hexadecimal.
        sha256: String,
        /// Octets of salt and text.
        octets: u64,
    },
    /// What was written of a person who was erased.
    Erased,
}

/// A text about a person. Its leaf holds a salted hash of it, from which nobody finds the text once the salt is gone;
/// the proof of the trail stands without either.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal {
    /// Whose it is: the plane and the name of the account.
    pub(crate) person: String,
    /// Salt, and the text.
    pub(crate) salted: Vec<u8>,
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Personal").field("person", &self.person).finish_non_exhaustive()
    }
}

/// Octets of a salt.
const SALT: usize = 16;

impl Personal {
    /// The text of what stands beside the trail.
    pub(crate) fn text(salted: &[u8]) -> Option<&str> {
        std::str::from_utf8(salted.get(SALT..)?).ok()
    }
}

/// Whose values are kept under which name. Where a name is somebody else in parts of a plane, the part stands before the
/// name, with a `/` behind it.
pub fn person(plane: Plane, name: &str) -> String {
    format!("{plane}/{name}")
}

/// A property among others in one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// As it is.
    Shown(serde_json::Value),
    /// A secret.
    Hidden(Redacted),
}

impl From<&str> for Property {
    fn from(text: &str) -> Self {
        Property::Shown(text.into())
    }
}

impl From<serde_json::Value> for Property {
    fn from(value: serde_json::Value) -> Self {
        Property::Shown(value)
    }
}

impl From<Redacted> for Property {
    fn from(redacted: Redacted) -> Self {
        Property::Hidden(redacted)
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }

    /// A text about the account of this name, which can be erased. `salt` is fresh.
    pub fn of_person(plane: Plane, name: &str, text: &str, salt: [u8; SALT]) -> Self {
        let salted = [salt.as_slice(), text.as_bytes()].concat();
        Value::OfPerson(Personal { person: person(plane, name), salted })
    }

    /// The same text as one about the account of this name; what is no text stays as it is.
    #[must_use]
    pub fn personal(self, plane: Plane, name: &str, salt: [u8; SALT]) -> Self {
        match self {
            Value::Text(text) => Self::of_person(plane, name, &text, salt),
            other => other,
        }
    }

    /// Several properties as one JSON object, in the order of their names; secrets read "changed".
    pub fn properties<'a, P: Into<Property>>(properties: impl IntoIterator<Item = (&'a str, P)>) -> Self {
        let object: BTreeMap<&str, serde_json::Value> = properties
            .into_iter()
            .map(|(name, property)| match property.into() {
                Property::Shown(value) => (name, value),
                Property::Hidden(redacted) => (name, redacted.to_string().into()),
            })
            .collect();
        Value::Text(serde_json::json!(object).to_string())
    }
}

impl From<Redacted> for Value {
    fn from(_: Redacted) -> Self {
        Value::Redacted
    }
}

/// What was acted upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Kind of object, in the words of the operations: `endpoint`, `user`, `port`...
    pub kind: String,
    /// Which one, as users name it; None for all or none of them.
    pub id: Option<String>,
}

impl ObjectRef {
    /// The object `id` of `kind`.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: Some(id.into()) }
    }

    /// No certain object of `kind`.
    pub fn any(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: None }
    }
}

/// A record. Names longer than 512 characters are cut; values and details may be larger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When; kept to the microsecond.
    pub at: Timestamp,
    /// Which log.
    pub kind: Kind,
    /// How much it matters.
    pub level: Severity,
    /// Name of the user; None where the system acted by itself or nobody was identified.
    pub user: Option<String>,
    /// In which user space.
    pub plane: Plane,
    /// Name of the operation, `endpoint.authorise`.
    pub operation: String,
    /// Acted upon what.
    pub object: ObjectRef,
    /// Terminal address; None on the local socket and where the system acted.
    pub address: Option<String>,
    /// Session or token, by its row, never by its secret.
    pub session: Option<String>,
    /// The request, so that its records can be found together.
    pub request: Option<String>,
    /// Value before.
    pub old: Option<Value>,
    /// Value after.
    pub new: Option<Value>,
    /// How it went.
    pub outcome: Outcome,
    /// In words.
    pub details: Option<String>,
    /// What caused it: a rule's match, an order, a schedule.
    pub cause: Option<String>,
}

impl Record {
    /// A record of the O&M plane with what every record has; the rest is set on the fields.
    pub fn new(
        at: Timestamp,
        kind: Kind,
        operation: impl Into<String>,
        object: ObjectRef,
        outcome: Outcome,
    ) -> Self {
        Self {
            at,
            kind,
            level: Severity::Info,
            user: None,
            plane: Plane::Om,
            operation: operation.into(),
            object,
            address: None,
            session: None,
            request: None,
            old: None,
            new: None,
            outcome,
            details: None,
            cause: None,
        }
    }
}

/// What is known after an act that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// When.
    pub at: Timestamp,
    /// How it went; not `opened`.
    pub outcome: Outcome,
    /// Value after, as read back.
    pub new: Option<Value>,
    /// In words.
    pub details: Option<String>,
}
