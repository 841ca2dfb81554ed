//! Roles: what a user is, and so may do. Many are built in ([`crate::rights`]); others are made of any operations
//! by those who may (IAM-03). A role means something within a plane (IAM-02).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use netwarden_model::Plane;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::admission::Addresses;
use crate::condition::{Asking, RoleCondition};
use crate::grant::Grants;
use crate::operation::{Access, Operation};
use crate::rights;
use crate::sharing::Coordinates;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident $name:literal [$($plane:ident)*];)*) => {
        /// A role. Those that are built in have the rights of [`crate::rights`] in their planes; any other name
        /// has those of the role that was made under it, else none.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $($(#[$doc])* $variant,)*
            /// A role that was made here ([`Roles`]), or one of another release, which has no rights.
            Other(String),
        }

        /// The roles that are built in, each with the planes in which it is, in the order in which they are shown.
        pub const BUILT_IN: &[(Role, &[Plane])] = &[$((Role::$variant, &[$(Plane::$plane),*]),)*];

        impl Role {
            /// The word used in interfaces and in the store.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Role::$variant => $name,)*
                    Role::Other(name) => name,
                }
            }
        }
    };
}

roles! {
    /// Everything in its plane: what `admin` is, and nobody else.
    Superuser "superuser" [Management Om Tenant];
    /// Network access control (S4): everything there; its accounts too, where duties are not separated.
    Administrator "administrator" [Om];
    /// Network access control: everything but accounts.
    Operator "operator" [Om];
    /// Network access control: endpoints and groups of endpoints, and the audit records about endpoints.
    Helpdesk "helpdesk" [Om];
    /// Network access control: reads everything, changes nothing.
    Revisor "revisor" [Om];
    /// S3: everything but users, security logs and online users.
    Administrators "administrators" [Management Om];
    /// S3: users, their rights and security, and nothing of the network or the platform.
    SmManagers "smmanagers" [Management Om];
    /// S3: watches what the platform does.
    Monitors "monitors" [Management];
    /// S3: performs what is no matter of security on the platform.
    Operators "operators" [Management];
    /// S3: channels to other systems.
    NbiUserGroup "nbi_user_group" [Om];
    /// S3: queries.
    Guest "guest" [Om];
    /// S3: also configures what affects service.
    MaintenanceGroup "maintenance_group" [Om];
    /// S3: queries, and changes what does not affect service.
    OperatorGroup "operator_group" [Om];
    /// S3: what is analysed.
    AnalyzerUserGroup "analyzer_user_group" [Om];
    /// S3: files, here copies of the whole system.
    HofsGroup "hofs_group" [Om];
    /// S3: keeps the tenants.
    TenantAdministrators "tenant_administrators" [Om];
    /// S3: what an application for consumers shows of their devices.
    ConsumerSdk "consumer_sdk" [Om];
    /// S3: the map of the network.
    OdnVisualizer "odn_visualizer" [Om];
    /// S3: logins and interfaces of third parties.
    ThirdLogin "third_login" [Om];
    /// S3: people in the field.
    FieldOperation "ifield_operation_user" [Om Tenant];
    /// S3: the tenant's interfaces for programs.
    OpenApiOperator "open_api_operator" [Tenant];
    /// S3: a home's own view.
    HomeInsight "home_insight" [Tenant];
    /// S3: keeps an agency's users and those of what is subordinate to it.
    Agency "agency_role" [Tenant];
    /// S3: a tenant of the basic kind.
    BasisTenant "basis_tenant" [Tenant];
    /// S3: keeps a company's users.
    CompanyTenant "company_tenant" [Tenant];
    /// S3: acts for an agency.
    AgentTenant "agent_tenant" [Tenant];
}

impl Role {
    /// The four roles of network access control.
    pub const NAC: [Role; 4] = [Role::Administrator, Role::Operator, Role::Helpdesk, Role::Revisor];

    /// True for the four roles of network access control.
    pub const fn is_nac(&self) -> bool {
        matches!(self, Role::Administrator | Role::Operator | Role::Helpdesk | Role::Revisor)
    }

    /// True for what is built in, in whatever plane.
    pub const fn is_built_in(&self) -> bool {
        !matches!(self, Role::Other(_))
    }

    /// True for roles whose passwords are those of administrators (IAM-07, rule 2).
    pub const fn is_administrative(&self) -> bool {
        matches!(self, Role::Superuser | Role::Administrator | Role::Administrators | Role::SmManagers)
    }

    /// The roles that are built in to a plane, in the order in which they are shown.
    pub fn built_in(plane: Plane) -> impl Iterator<Item = &'static Role> {
        BUILT_IN.iter().filter(move |(_, planes)| planes.contains(&plane)).map(|(role, _)| role)
    }

    fn is_built_in_to(&self, plane: Plane) -> bool {
        Role::built_in(plane).any(|role| role == self)
    }
}

impl From<&str> for Role {
    fn from(name: &str) -> Self {
        let found = BUILT_IN.iter().find(|(role, _)| role.as_str() == name);
        found.map_or_else(|| Role::Other(name.to_owned()), |(role, _)| role.clone())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Role::from(String::deserialize(deserializer)?.as_str()))
    }
}

/// How duties are divided among the roles of the network's plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Separation {
    /// As S3 has it: who keeps accounts and their rights, and that is `smmanagers`, keeps nothing else.
    #[default]
    Strict,
    /// As S4 has it: the administrator of network access control also keeps the accounts of its roles.
    Nac,
}

impl Separation {
    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Separation::Strict => "strict",
            Separation::Nac => "nac",
        }
    }
}

/// The roles of one plane: what is built in, and what was made here, each with its operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    plane: Plane,
    separation: Separation,
    made: BTreeMap<String, BTreeSet<Operation>>,
    /// Those of roles that do not always count.
    conditions: BTreeMap<String, RoleCondition>,
    places: Arc<Places>,
}

/// Where addresses lie: the login policies of addresses, by name.
pub type Places = Vec<(String, Addresses)>;

impl Roles {
    /// The roles of a plane, with those that were made there.
    pub fn new(
        plane: Plane,
        separation: Separation,
        made: impl IntoIterator<Item = (String, BTreeSet<Operation>)>,
    ) -> Self {
        let made = made.into_iter().collect();
        Self { plane, separation, made, conditions: BTreeMap::new(), places: Arc::default() }
    }

    /// With a condition for a role that was made here.
    #[must_use]
    pub fn conditioned(mut self, role: &str, condition: RoleCondition) -> Self {
        if !condition.source().is_empty() {
            self.conditions.insert(role.to_owned(), condition);
        }
        self
    }

    /// With the places in which addresses lie.
    #[must_use]
    pub fn at(mut self, places: &Arc<Places>) -> Self {
        self.places = Arc::clone(places);
        self
    }

    /// Which places an address lies in.
    pub fn places(&self, address: Option<IpAddr>) -> Vec<&str> {
        let Some(address) = address else { return Vec::new() };
        let inside = self.places.iter().filter(|(_, addresses)| addresses.contains(address));
        inside.map(|(name, _)| name.as_str()).collect()
    }

    /// Which place with coordinates an address lies in, and where that is.
    pub fn whereabouts(&self, address: IpAddr) -> Option<(String, Coordinates)> {
        let mut inside = self.places.iter().filter(|(_, addresses)| addresses.contains(address));
        inside.find_map(|(name, addresses)| Some((name.clone(), addresses.at()?)))
    }

    /// The grants that count under these circumstances, and those that do not.
    pub fn in_force(&self, grants: Grants, asking: &Asking<'_>) -> (Grants, Grants) {
        grants.into_iter().partition(|grant| match &grant.role {
            Role::Other(name) => self.conditions.get(name).is_none_or(|condition| condition.holds(asking)),
            _ => true,
        })
    }

    /// The condition of a role, as it was written; empty where it always counts.
    pub fn condition(&self, role: &Role) -> &str {
        match role {
            Role::Other(name) => self.conditions.get(name).map_or("", RoleCondition::source),
            _ => "",
        }
    }

    /// Of which plane they are.
    pub const fn plane(&self) -> Plane {
        self.plane
    }

    /// How duties are divided.
    pub const fn separation(&self) -> Separation {
        self.separation
    }

    /// The operations of a role that was made here; None for any other.
    pub fn made(&self, role: &Role) -> Option<&BTreeSet<Operation>> {
        match role {
            Role::Other(name) => self.made.get(name),
            _ => None,
        }
    }

    /// True where the role is built in to the plane or was made in it.
    pub fn knows(&self, role: &Role) -> bool {
        role.is_built_in_to(self.plane) || self.made(role).is_some()
    }

    /// True where the role has the right to the operation.
    pub fn has(&self, role: &Role, operation: Operation) -> bool {
        if !matches!(operation.declaration().access, Access::Roles(_)) || !operation.is_in(self.plane) {
            return false;
        }
        // An export is the whole trail, of all planes, for only so it can be verified.
        let is_separated = self.plane == Plane::Om && self.separation == Separation::Strict;
        if operation == Operation::AuditExport && is_separated && *role != Role::Superuser {
            return false;
        }
        match role {
            Role::Other(_) => self.made(role).is_some_and(|operations| operations.contains(&operation)),
            _ => role.is_built_in_to(self.plane) && rights::has(self.plane, self.separation, role, operation),
        }
    }
}

/// The roles of all planes, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RolesByPlane(BTreeMap<Plane, Arc<Roles>>);

impl RolesByPlane {
    /// With the roles that were made in each plane.
    pub(crate) fn new(
        separation: Separation,
        made: impl IntoIterator<Item = (Plane, String, BTreeSet<Operation>, RoleCondition)>,
        places: Places,
    ) -> Self {
        let places = Arc::new(places);
        let mut all: BTreeMap<Plane, Roles> =
            Plane::ALL.iter().map(|plane| (*plane, Roles::new(*plane, separation, []).at(&places))).collect();
        for (plane, name, operations, condition) in made {
            if let Some(roles) = all.remove(&plane) {
                let mut roles = roles.conditioned(&name, condition);
                roles.made.insert(name, operations);
                all.insert(plane, roles);
            }
        }
        Self(all.into_iter().map(|(plane, roles)| (plane, Arc::new(roles))).collect())
    }

    /// Those of a plane.
    pub(crate) fn of(&self, plane: Plane) -> Arc<Roles> {
        self.0.get(&plane).cloned().unwrap_or_default()
    }
}
