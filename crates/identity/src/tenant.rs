//! Tenants (IAM-21): customers, each with users and data of its own, and agencies that keep the tenants below them. Pure.

use std::fmt;
use std::sync::Arc;

use netwarden_model::TenantId;
use serde::Serialize;

/// What a tenant is (S3 6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantKind {
    /// Keeps other tenants, and its own users.
    Agency,
    /// An enterprise, which keeps its own users.
    Company,
    /// A tenant of the basic kind.
    Basic,
}

impl TenantKind {
    /// All of them.
    pub const ALL: [TenantKind; 3] = [TenantKind::Agency, TenantKind::Company, TenantKind::Basic];

    /// The word used in interfaces and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            TenantKind::Agency => "agency",
            TenantKind::Company => "company",
            TenantKind::Basic => "basic",
        }
    }

    /// The kind of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A tenant with the agencies above it, the highest first: it stays the same for as long as there is the tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantPath(Arc<[TenantId]>);

impl TenantPath {
    /// A tenant below `above`, or below none.
    pub fn below(above: Option<&TenantPath>, id: TenantId) -> Self {
        let above = above.map_or(&[][..], |above| &above.0);
        Self(above.iter().copied().chain([id]).collect())
    }

    /// Reads the store's form: ids, each with `/` behind it.
    pub fn read(text: &str) -> Option<Self> {
        let ids = text.strip_suffix('/')?.split('/').map(|id| id.parse().map(TenantId));
        ids.collect::<Result<_, _>>().ok().map(Self)
    }

    /// The tenant itself.
    pub fn id(&self) -> TenantId {
        self.0.last().copied().unwrap_or(TenantId(-1))
    }

    /// Agencies above it.
    pub fn depth(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// True for `outer` itself, and for what is below it.
    pub fn is_within(&self, outer: &TenantPath) -> bool {
        self.0.starts_with(&outer.0)
    }
}

impl fmt::Display for TenantPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|id| write!(f, "{id}/"))
    }
}

impl Serialize for TenantPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The tenant to which an account belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantOf {
    /// Where it is among the tenants.
    pub path: TenantPath,
    /// Its name.
    pub name: String,
}
