//! Conditions of roles (IAM-05): a role that was made here may count only at some times, from some places, or for
//! sessions that have proven more than a password. Pure.
//!
//! A condition is CEL over what is known of a request ([`Circumstance`]). It is asked when the caller is identified,
//! at every request: a role whose condition does not hold then gives nothing, and what cannot be evaluated does not
//! hold.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_conditions::property::{MAX_LIST, MAX_TEXT};
use netwarden_conditions::{Choice, Condition, ConditionError, Property, PropertyType, Reads, Value};

use crate::decide::Through;

macro_rules! circumstances {
    ($($id:ident $name:literal $kind:expr, $description:literal;)*) => {
        /// What is known of a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs)] // described in CIRCUMSTANCES
        pub enum Circumstance { $($id),* }

        /// Every one, in the order in which lists show them: its name, and what it tells in one sentence.
        pub const CIRCUMSTANCES: &[(Circumstance, &str)] = &[$((Circumstance::$id, $description)),*];

        impl Circumstance {
            /// Its name in conditions.
            pub const fn name(self) -> &'static str {
                match self { $(Circumstance::$id => $name),* }
            }
        }

        impl Property for Circumstance {
            fn all() -> impl Iterator<Item = Self> {
                CIRCUMSTANCES.iter().map(|(circumstance, _)| *circumstance)
            }

            fn name(self) -> &'static str {
                Circumstance::name(self)
            }

            fn kind(self) -> PropertyType {
                match self { $(Circumstance::$id => $kind),* }
            }

            fn is_nullable(self) -> bool {
                matches!(self, Circumstance::SessionAge | Circumstance::SessionProven)
            }
        }
    };
}

const INTERFACE: Choice = Choice::new("interface", || vec!["https", "local"]);
const STRENGTH: Choice = Choice::new("strength", || vec!["password", "second_factor", "token", "local"]);

circumstances! {
    Now "now" PropertyType::Time, "When it is asked; for hour() and weekday().";
    RequestAddress "request.address" PropertyType::Ip, "From where; empty on the local socket.";
    RequestInterface "request.interface" PropertyType::Choice(INTERFACE), "By which way it came in: https or local.";
    RequestPlaces "request.places" PropertyType::Texts,
        "The login policies of addresses in which the address lies: places by name.";
    SessionStrength "session.strength" PropertyType::Choice(STRENGTH),
        "By what the caller is known: password, second_factor, token or local.";
    SessionAge "session.age_s" PropertyType::Number, "Seconds since the session was opened; null without a session.";
    SessionProven "session.proven_s" PropertyType::Number,
        "Seconds since a second factor was proven in the session; null where none was.";
    UserName "user.name" PropertyType::Text, "The user's name.";
    UserLabels "user.labels" PropertyType::Texts, "The labels of the account.";
}

/// A request, as far as conditions may ask about it.
#[derive(Debug, Clone)]
pub struct Asking<'a> {
    /// When.
    pub at: Timestamp,
    /// From where; None on the local socket.
    pub address: Option<IpAddr>,
    /// Names of places in which the address lies.
    pub places: Vec<&'a str>,
    /// By what the caller is known.
    pub through: &'a Through,
    /// When the session was opened.
    pub opened: Option<Timestamp>,
    /// When a second factor was proven in it.
    pub proven: Option<Timestamp>,
    /// The user's name.
    pub user: &'a str,
    /// The labels of the account.
    pub labels: Vec<&'a str>,
}

impl Asking<'_> {
    const fn strength(&self) -> &'static str {
        match (self.through, self.proven) {
            (Through::Session(_), Some(_)) => "second_factor",
            (Through::Session(_), None) => "password",
            (Through::Token { .. }, _) => "token",
            (Through::LocalUid(_), _) => "local",
        }
    }

    fn since(&self, then: Option<Timestamp>) -> Value<'static> {
        then.map_or(Value::Null, |then| Value::Int(self.at.duration_since(then).as_secs()))
    }
}

impl<'a> Reads<'a, Circumstance> for &'a Asking<'a> {
    fn get(&self, circumstance: Circumstance) -> Value<'a> {
        match circumstance {
            Circumstance::Now => Value::Int(self.at.as_second()),
            Circumstance::RequestAddress => {
                Value::owned(self.address.map(|address| address.to_string()).unwrap_or_default())
            }
            Circumstance::RequestInterface => {
                Value::text(if matches!(self.through, Through::LocalUid(_)) { "local" } else { "https" })
            }
            Circumstance::RequestPlaces => texts(&self.places),
            Circumstance::SessionStrength => Value::text(self.strength()),
            Circumstance::SessionAge => self.since(self.opened),
            Circumstance::SessionProven => self.since(self.proven),
            Circumstance::UserName => Value::text(cut(self.user)),
            Circumstance::UserLabels => texts(&self.labels),
        }
    }
}

fn texts<'a>(texts: &[&'a str]) -> Value<'a> {
    Value::List(texts.iter().take(MAX_LIST).map(|text| Value::text(cut(text))).collect())
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default()
}

/// The condition of a role; the empty one always holds.
#[derive(Debug, Clone, Default)]
pub struct RoleCondition {
    source: String,
    /// None where it always holds, or, if there is a source, never: it is of another release.
    condition: Option<Arc<Condition<Circumstance>>>,
}

impl PartialEq for RoleCondition {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for RoleCondition {}

impl RoleCondition {
    /// Checks a condition.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn compile(source: &str) -> Result<Self, ConditionError> {
        let source = source.trim();
        let condition = match source {
            "" => None,
            _ => Some(Arc::new(Condition::compile(source)?)),
        };
        Ok(Self { source: source.to_owned(), condition })
    }

    /// As it is stored; one that is no longer understood never holds.
    pub(crate) fn stored(source: &str) -> Self {
        Self::compile(source).unwrap_or_else(|_| Self { source: source.to_owned(), condition: None })
    }

    /// As it was written; empty where it always holds.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds.
    pub fn holds(&self, asking: &Asking<'_>) -> bool {
        match &self.condition {
            None => self.source.is_empty(),
            Some(condition) => condition.holds(asking).unwrap_or(false),
        }
    }
}
