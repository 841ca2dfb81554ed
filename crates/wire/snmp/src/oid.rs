//! Object identifiers (ITU-T X.660; RFC 2578 section 7.1.3).

use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;

/// The most sub-identifiers an OBJECT IDENTIFIER of SNMP may have (RFC 2578 section 3.5).
pub const MAX_SUB_IDS: usize = 128;

/// Sub-identifiers that need no memory of their own: a row of dot1qTpFdbTable has 20.
const INLINE: usize = 20;

/// Sub-identifiers on their way into an [`Oid`].
pub(crate) type SubIds = SmallVec<[u32; INLINE]>;

/// An object identifier; orders as SNMP walks do (RFC 3416 section 4.2.2, lexicographically).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(SubIds);

impl Oid {
    /// From the sub-identifiers in order, for instance `Oid::new([1, 3, 6, 1])`.
    pub fn new(sub_ids: impl AsRef<[u32]>) -> Self {
        Self(SmallVec::from_slice(sub_ids.as_ref()))
    }

    /// The sub-identifiers in order.
    pub fn sub_ids(&self) -> &[u32] {
        &self.0
    }

    /// True where `self` is `prefix` or lies below it.
    pub fn starts_with(&self, prefix: &Oid) -> bool {
        self.0.starts_with(prefix.sub_ids())
    }

    /// The part below `prefix` (the instance, for a column), or None where `self` is not below it.
    pub fn index_below(&self, prefix: &Oid) -> Option<&[u32]> {
        self.0.strip_prefix(prefix.sub_ids())
    }

    /// `self` with `index` appended: the instance of a column.
    #[must_use]
    pub fn child(&self, index: impl AsRef<[u32]>) -> Oid {
        let index = index.as_ref();
        let mut sub_ids = SubIds::with_capacity(self.0.len() + index.len());
        sub_ids.extend_from_slice(&self.0);
        sub_ids.extend_from_slice(index);
        Oid(sub_ids)
    }
}

impl From<&[u32]> for Oid {
    fn from(sub_ids: &[u32]) -> Self {
        Oid::new(sub_ids)
    }
}

impl<const N: usize> From<[u32; N]> for Oid {
    fn from(sub_ids: [u32; N]) -> Self {
        Oid::new(sub_ids)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, sub_id) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            write!(f, "{sub_id}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

/// Why a text is no object identifier.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParseOidError {
    /// A part between two dots is no number from 0 to 4294967295.
    #[error("'{0}' is no sub-identifier (a number from 0 to 4294967295)")]
    SubId(String),
    /// More than [`MAX_SUB_IDS`] parts.
    #[error("more than {MAX_SUB_IDS} sub-identifiers")]
    TooLong,
}

impl FromStr for Oid {
    type Err = ParseOidError;

    /// Reads `1.3.6.1` and `.1.3.6.1`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix('.').unwrap_or(text);
        let sub_ids = text
            .split('.')
            .map(|part| part.parse::<u32>().map_err(|_| ParseOidError::SubId(part.to_owned())))
            .collect::<Result<SubIds, _>>()?;
        if sub_ids.len() > MAX_SUB_IDS {
            return Err(ParseOidError::TooLong);
        }
        Ok(Oid(sub_ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_with_and_without_leading_dot() {
        assert_eq!(".1.3.6.1".parse(), Ok(Oid::new([1, 3, 6, 1])));
        assert_eq!("1.3.6.1".parse(), Ok(Oid::new([1, 3, 6, 1])));
        assert_eq!("1..3".parse::<Oid>(), Err(ParseOidError::SubId(String::new())));
        assert_eq!("1.4294967296".parse::<Oid>(), Err(ParseOidError::SubId("4294967296".into())));
    }

    #[test]
    fn orders_like_a_walk() {
        let mut oids = ["1.3.10", "1.3.2.1", "1.3.2", "1.3.2.0.9"].map(|t| t.parse::<Oid>().unwrap());
        oids.sort();
        assert_eq!(oids.map(|o| o.to_string()), ["1.3.2", "1.3.2.0.9", "1.3.2.1", "1.3.10"]);
    }

    #[test]
    fn index_is_what_lies_below() {
        let column = Oid::new([1, 3, 6]);
        assert_eq!(column.child([7, 8]).index_below(&column), Some(&[7, 8][..]));
        assert_eq!(Oid::new([1, 3, 7]).index_below(&column), None);
    }
}
