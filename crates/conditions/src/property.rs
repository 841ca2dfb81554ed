//! What conditions speak of: a vocabulary of properties, each with a type, and where their values are read from.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::value::Value;

/// What kind of value a property has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyType {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Number,
    /// Seconds since 1970-01-01 UTC; may be compared, subtracted, given to `hour` and `weekday`.
    Time,
    /// Any text; the empty text where nothing is known.
    Text,
    /// A MAC address written as `00:1b:21:3a:4f:5e`.
    Mac,
    /// An IP address.
    Ip,
    /// One of a few words.
    Choice(Choice),
    /// A list of IP addresses, at most [`MAX_LIST`].
    Ips,
    /// A list of texts, at most [`MAX_LIST`].
    Texts,
}

impl PropertyType {
    /// The word for it in lists of properties.
    pub const fn as_str(self) -> &'static str {
        match self {
            PropertyType::Bool => "truth value",
            PropertyType::Number => "number",
            PropertyType::Time => "time",
            PropertyType::Text => "text",
            PropertyType::Mac => "MAC address",
            PropertyType::Ip => "IP address",
            PropertyType::Choice(_) => "word",
            PropertyType::Ips => "list of IP addresses",
            PropertyType::Texts => "list of texts",
        }
    }
}

/// A closed list of words, of at most 24 octets each, known by its name.
#[derive(Clone, Copy)]
pub struct Choice {
    /// What they are words for.
    pub name: &'static str,
    words: fn() -> Vec<&'static str>,
}

impl Choice {
    /// Of this name and these words.
    pub const fn new(name: &'static str, words: fn() -> Vec<&'static str>) -> Self {
        Self { name, words }
    }

    /// The words to choose from.
    pub fn words(self) -> Vec<&'static str> {
        (self.words)()
    }
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Choice {}

impl Hash for Choice {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Choice").field(&self.name).finish()
    }
}

/// Longest text, in octets, that a property gives; longer ones are cut at a character. The static
/// bound of a condition's cost rests on it.
pub const MAX_TEXT: usize = 1024;

/// Most items that a list property gives. The static bound of a condition's cost rests on it.
pub const MAX_LIST: usize = 64;

/// A property of a vocabulary.
pub trait Property: Copy + Ord + fmt::Debug + 'static {
    /// All of the vocabulary, in the order in which lists show them.
    fn all() -> impl Iterator<Item = Self>;

    /// Its name in conditions, its parts divided by points.
    fn name(self) -> &'static str;

    /// What kind of value it has.
    fn kind(self) -> PropertyType;

    /// True where the value can be unknown (`null`): of numbers and times alone.
    fn is_nullable(self) -> bool;

    /// The property of that name.
    fn find(name: &str) -> Option<Self> {
        Self::all().find(|known| known.name() == name)
    }

    /// The name closest to `wrong`, where one is close: a transposed, missing or wrong letter or two.
    fn suggest(wrong: &str) -> Option<&'static str> {
        Self::all()
            .map(|known| (distance(known.name(), wrong), known.name()))
            .filter(|(distance, _)| *distance <= 3)
            .min()
            .map(|(_, name)| name)
    }
}

/// Where the values of a vocabulary are read from; what is read lives as long as `'a`.
pub trait Reads<'a, P>: Copy {
    /// The value of `property`; texts are at most [`MAX_TEXT`] octets, lists at most [`MAX_LIST`] items.
    fn get(&self, property: P) -> Value<'a>;
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(80).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, ca) in a.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (&cb, &above) in b.iter().zip(row.iter().skip(1)) {
            let cost = diagonal + usize::from(ca != cb);
            left = cost.min(above + 1).min(left + 1);
            next.push(left);
            diagonal = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
