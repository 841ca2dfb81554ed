//! What part of the network a user may see: computed by `identity`, turned into SQL by `store`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::NeId;

/// A set of network elements to which a list or an act is confined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// No restriction.
    All,
    /// Only what belongs to these elements; the empty set sees nothing.
    Elements(Arc<BTreeSet<NeId>>),
}

impl<const N: usize> From<[NeId; N]> for Scope {
    fn from(elements: [NeId; N]) -> Self {
        Scope::Elements(Arc::new(elements.into()))
    }
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
