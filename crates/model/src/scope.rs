//! What part of the network a user may see: computed by `identity`, turned into SQL by `store`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::NeId;

/// A set of network elements to which a list or an act is confined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// No restriction.
    All,
    /// Only what belongs to these elements; the empty set sees nothing.
    Elements(BTreeSet<NeId>),
}

impl Scope {
    /// True where `ne` lies inside. What belongs to no element (`None`) is inside `All` only.
    pub fn contains(&self, ne: Option<NeId>) -> bool {
        match (self, ne) {
            (Scope::All, _) => true,
            (Scope::Elements(elements), Some(ne)) => elements.contains(&ne),
            (Scope::Elements(_), None) => false,
        }
    }
}
