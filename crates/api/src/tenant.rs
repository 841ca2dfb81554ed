//! Tenants: customers with users of their own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a tenant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantKind {
    /// Keeps other tenants, and its own users.
    Agency,
    /// An enterprise, which keeps its own users.
    Company,
    /// A tenant of the basic kind.
    Basic,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tenant {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: TenantKind,
    /// The agency that keeps it; absent where the operator does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// Who that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// False while none of its users may come in.
    pub enabled: bool,
    /// Its accounts.
    pub users: u64,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// By whom; empty for an upgrade.
    pub changed_by: String,
}

/// A tenant to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Its name: 1 to 64 lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// What it is.
    pub kind: TenantKind,
    /// The agency that keeps it; the operator where absent, or the agency that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// Who that is, at most 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// Why.
    pub reason: String,
}

/// What shall be different of a tenant; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantChange {
    /// Who that is, at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// False where none of its users may come in; it counts from their next request on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Why.
    pub reason: String,
}

/// An administrator that a tenant is to get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdministrator {
    /// The name of the account: 1 to 64 lower-case letters, digits, `.`, `_`, `-`, `@`, unique on the tenants' plane.
    pub user: String,
    /// Why.
    pub reason: String,
}
