//! Versions of what is edited, so that two who edit at once do not overwrite one another.
//!
//! Pure: a version is a digest of all that can be edited of a thing, so what changes by itself (who is
//! online, when an element was last read) makes no other version.

use netwarden_engine::KeeperError;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::OperateError;
use crate::said::Said;

/// Octets of the digest that are kept: enough that two versions of one thing never look the same.
const KEPT: usize = 12;

/// The version of a thing; the interfaces' ETag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// The version of what can be edited of a thing.
    pub fn of<T: Serialize + ?Sized>(editable: &T) -> Self {
        // What cannot be written down has no version that anybody could have read.
        let text = serde_json::to_vec(editable).unwrap_or_default();
        let digest = Sha256::digest(text);
        Self(digest.iter().take(KEPT).map(|octet| format!("{octet:02x}")).collect())
    }

    /// A version that counts, as the revisions of rules do.
    pub fn counted(revision: i64) -> Self {
        Self(revision.to_string())
    }

    /// A version as a caller presents it.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text: letters and digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Refuses an edit that was made on another version than the present one. Who names none overwrites.
pub(crate) fn met(expected: Option<&Version>, now: &Version, what: Said) -> Result<(), OperateError> {
    match expected {
        Some(expected) if expected != now => {
            Err(OperateError::Outdated(Said::Outdated { what: what.into() }))
        }
        _ => Ok(()),
    }
}

/// Why the keeper did not edit `what`, whose version its plan had compared by [`met`].
pub(crate) fn not_edited(error: KeeperError, what: Said) -> OperateError {
    match error {
        KeeperError::Outdated(_) => OperateError::Outdated(Said::Outdated { what: what.into() }),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::said::Thing;

    #[test]
    fn versions_differ_where_something_differs() {
        let (a, b) = (Version::of(&("a", 1)), Version::of(&("a", 2)));
        assert_ne!(a, b);
        assert_eq!(a, Version::of(&("a", 1)));
        assert_eq!(a.as_str().len(), 2 * KEPT);
        assert!(a.as_str().chars().all(|c| c.is_ascii_hexdigit()));
    }

    #[test]
    fn an_edit_of_another_version_is_refused_in_one_sentence() {
        let now = Version::of("now");
        let rule = || Said::called(Thing::Rule, "'x'");
        met(None, &now, rule()).unwrap();
        met(Some(&now), &now, rule()).unwrap();
        let Err(OperateError::Outdated(said)) = met(Some(&Version::of("then")), &now, rule()) else {
            panic!("it was taken")
        };
        let said = said.to_string();
        assert!(said.starts_with("rule 'x' was changed by somebody else"), "{said}");
    }
}
