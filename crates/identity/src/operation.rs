//! Every operation of the product, declared once: routes, commands, audit records and tokens name
//! operations of this table and no others.
//!
//! Rights are those of S4 tables 10 to 12 (IAM-04). Where an operation touches two rows of a table,
//! it has the narrower right: moving an endpoint sets a port of a network element, so it is not
//! Helpdesk's; restoring a backup replaces the accounts, so it is the Administrator's alone.

use std::fmt;
use std::str::FromStr;

use netwarden_model::Plane;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::role::Role;

/// What an operation is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the words are the requirements' own
pub enum ObjectKind {
    System,
    User,
    Session,
    Token,
    Endpoint,
    Group,
    Ne,
    Credential,
    Port,
    Enforcement,
    Rule,
    Event,
    Audit,
    Parameter,
    Channel,
    Backup,
    Adoption,
    Probe,
    Job,
    NameSource,
    Policy,
    Chart,
    Role,
    Domain,
    Factor,
    Tenant,
    Blocklist,
}

impl ObjectKind {
    /// The word used in interfaces, audit and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            ObjectKind::System => "system",
            ObjectKind::User => "user",
            ObjectKind::Session => "session",
            ObjectKind::Token => "token",
            ObjectKind::Endpoint => "endpoint",
            ObjectKind::Group => "group",
            ObjectKind::Ne => "ne",
            ObjectKind::Credential => "credential",
            ObjectKind::Port => "port",
            ObjectKind::Enforcement => "enforcement",
            ObjectKind::Rule => "rule",
            ObjectKind::Event => "event",
            ObjectKind::Audit => "audit",
            ObjectKind::Parameter => "parameter",
            ObjectKind::Channel => "channel",
            ObjectKind::Backup => "backup",
            ObjectKind::Adoption => "adoption",
            ObjectKind::Probe => "probe",
            ObjectKind::Job => "job",
            ObjectKind::NameSource => "name_source",
            ObjectKind::Policy => "policy",
            ObjectKind::Chart => "chart",
            ObjectKind::Role => "role",
            ObjectKind::Domain => "domain",
            ObjectKind::Factor => "factor",
            ObjectKind::Tenant => "tenant",
            ObjectKind::Blocklist => "blocklist",
        }
    }
}

/// Who has the right to an operation unless something narrower forbids it. Of roles those of network access control
/// are named here (S4 tables 10 to 12); what the others have is in [`crate::rights`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Also a caller who is not identified: the list of exceptions of IAM-19, which may only shrink.
    Anyone,
    /// Every identified user, on what is their own.
    Own,
    /// The users with one of these roles.
    Roles(&'static [Role]),
}

/// Of what a role that is confined to a domain may do an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Of the domain's elements, and of what belongs to them; its lists show those.
    Elements,
    /// Of the accounts that are confined to the same domain.
    Accounts,
    /// Of nothing: it concerns the whole network, or the system itself.
    Whole,
}

/// An operation's line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// The operation.
    pub operation: Operation,
    /// `<object>.<verb>`; part of the interface, never reused.
    pub name: &'static str,
    /// What it is done to.
    pub object: ObjectKind,
    /// True where it changes something, here or in the network.
    pub change: bool,
    /// Who has the right.
    pub access: Access,
}

const A: &[Role] = &[Role::Administrator];
const AR: &[Role] = &[Role::Administrator, Role::Revisor];
const AO: &[Role] = &[Role::Administrator, Role::Operator];
const AOR: &[Role] = &[Role::Administrator, Role::Operator, Role::Revisor];
const AOH: &[Role] = &[Role::Administrator, Role::Operator, Role::Helpdesk];
const AOHR: &[Role] = &[Role::Administrator, Role::Operator, Role::Helpdesk, Role::Revisor];

macro_rules! operations {
    ($($variant:ident $name:literal $object:ident $effect:ident $access:tt;)*) => {
        /// Something that can be done with the product.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // each is described by its name in the table
        pub enum Operation { $($variant),* }

        /// The table of operations.
        pub const OPERATIONS: &[Declaration] = &[
            $(Declaration {
                operation: Operation::$variant,
                name: $name,
                object: ObjectKind::$object,
                change: operations!(@effect $effect),
                access: operations!(@access $access),
            }),*
        ];

        impl Operation {
            /// Its line of the table.
            pub const fn declaration(self) -> Declaration {
                match self {
                    $(Operation::$variant => Declaration {
                        operation: Operation::$variant,
                        name: $name,
                        object: ObjectKind::$object,
                        change: operations!(@effect $effect),
                        access: operations!(@access $access),
                    }),*
                }
            }
        }
    };
    (@effect read) => { false };
    (@effect change) => { true };
    (@access ANYONE) => { Access::Anyone };
    (@access OWN) => { Access::Own };
    (@access $roles:ident) => { Access::Roles($roles) };
}

operations! {
    SystemAlive            "system.alive"              System      read   ANYONE;
    SystemStatus           "system.status"             System      read   AOHR;
    SystemMetrics          "system.metrics"            System      read   AOR;
    StatisticsRead         "system.statistics"           System      read   AOHR;
    ChartReadOwn           "chart.read_own"            Chart       read   OWN;
    ChartChooseOwn         "chart.choose_own"          Chart       change OWN;
    SystemCheck            "system.check"              System      change AO;
    SystemStop             "system.stop"               System      change AO;
    SystemRotateKeys       "system.rotate_keys"        System      change AO;

    SessionLogin           "session.login"             Session     change ANYONE;
    SessionReadOwn         "session.read_own"          Session     read   OWN;
    SessionLogout          "session.logout"            Session     change OWN;
    SessionAcknowledge     "session.acknowledge"       Session     change OWN;
    SessionProve           "session.prove"             Session     change OWN;
    SessionHistoryOwn      "session.history_own"       Session     read   OWN;
    SessionHistory         "session.history"           Session     read   AR;
    SessionRead            "session.read"              Session     read   AR;
    SessionEnd             "session.end"               Session     change A;

    UserReadOwn            "user.read_own"             User        read   OWN;
    UserChangeOwnPassword  "user.change_own_password"  User        change OWN;
    FactorReadOwn          "factor.read_own"           Factor      read   OWN;
    FactorAddOwn           "factor.add_own"            Factor      change OWN;
    FactorRemoveOwn        "factor.remove_own"         Factor      change OWN;
    FactorReset            "factor.reset"              Factor      change A;

    UserRead               "user.read"                 User        read   AR;
    UserCreate             "user.create"               User        change A;
    UserModify             "user.modify"               User        change A;
    UserSetRoles           "user.set_roles"            User        change A;
    UserResetPassword      "user.reset_password"       User        change A;
    UserEnable             "user.enable"               User        change A;
    UserDisable            "user.disable"              User        change A;
    UserUnlock             "user.unlock"               User        change A;
    UserDelete             "user.delete"               User        change A;
    UserErase              "user.erase"                User        change A;
    UserMapLocal           "user.map_local"            User        change A;

    RoleRead               "role.read"                 Role        read   AR;
    RoleCreate             "role.create"               Role        change A;
    RoleModify             "role.modify"               Role        change A;
    RoleDelete             "role.delete"               Role        change A;

    DomainRead             "domain.read"               Domain      read   AR;
    DomainCreate           "domain.create"             Domain      change A;
    DomainModify           "domain.modify"             Domain      change A;
    DomainDelete           "domain.delete"             Domain      change A;

    TenantRead             "tenant.read"               Tenant      read   AR;
    TenantCreate           "tenant.create"             Tenant      change A;
    TenantModify           "tenant.modify"             Tenant      change A;
    TenantDelete           "tenant.delete"             Tenant      change A;
    TenantAddAdministrator "tenant.add_administrator"  Tenant      change A;

    BlocklistRead          "blocklist.read"            Blocklist   read   AR;
    BlocklistAdd           "blocklist.add"             Blocklist   change A;
    BlocklistRemove        "blocklist.remove"          Blocklist   change A;

    PolicyRead             "policy.read"               Policy      read   AR;
    PolicyModify           "policy.modify"             Policy      change A;
    PolicyCreate           "policy.create"             Policy      change A;
    PolicyDelete           "policy.delete"             Policy      change A;
    PolicySetDictionary    "policy.set_dictionary"     Policy      change A;
    PolicyTryPassword      "policy.try_password"       Policy      read   AR;

    TokenReadOwn           "token.read_own"            Token       read   OWN;
    TokenCreateOwn         "token.create_own"          Token       change OWN;
    TokenRevokeOwn         "token.revoke_own"          Token       change OWN;
    TokenRead              "token.read"                Token       read   AR;
    TokenCreate            "token.create"              Token       change A;
    TokenRevoke            "token.revoke"              Token       change A;

    EndpointRead           "endpoint.read"             Endpoint    read   AOHR;
    EndpointExplain        "endpoint.explain"          Endpoint    read   AOHR;
    EndpointHistory        "endpoint.history"          Endpoint    read   AOHR;
    EndpointCreate         "endpoint.create"           Endpoint    change AOH;
    EndpointModify         "endpoint.modify"           Endpoint    change AOH;
    EndpointDelete         "endpoint.delete"           Endpoint    change AOH;
    EndpointImport         "endpoint.import"           Endpoint    change AOH;
    EndpointAuthorise      "endpoint.authorise"        Endpoint    change AOH;
    EndpointBlock          "endpoint.block"            Endpoint    change AOH;
    EndpointReport         "endpoint.report"           Endpoint    change AOH;
    EndpointMove           "endpoint.move"             Endpoint    change AO;

    GroupRead              "group.read"                Group       read   AOHR;
    GroupCreate            "group.create"              Group       change AOH;
    GroupModify            "group.modify"              Group       change AOH;
    GroupDelete            "group.delete"              Group       change AOH;

    NeRead                 "ne.read"                   Ne          read   AOR;
    NeCreate               "ne.create"                 Ne          change AO;
    NeModify               "ne.modify"                 Ne          change AO;
    NeDelete               "ne.delete"                 Ne          change AO;
    NeImport               "ne.import"                 Ne          change AO;
    NePoll                 "ne.poll"                   Ne          change AO;
    NeSetMaintenance       "ne.set_maintenance"        Ne          change AO;

    CredentialRead         "credential.read"           Credential  read   AOR;
    CredentialCreate       "credential.create"         Credential  change AO;
    CredentialModify       "credential.modify"         Credential  change AO;
    CredentialDelete       "credential.delete"         Credential  change AO;

    PortRead               "port.read"                 Port        read   AOHR;
    PortHistory            "port.history"              Port        read   AOHR;
    PortModify             "port.modify"               Port        change AO;
    PortProtect            "port.protect"              Port        change AO;
    PortOn                 "port.on"                   Port        change AO;
    PortOff                "port.off"                  Port        change AO;
    PortMove               "port.move"                 Port        change AO;
    PortRelease            "port.release"              Port        change AO;

    EnforcementRead        "enforcement.read"          Enforcement read   AOR;
    EnforcementEnable      "enforcement.enable"        Enforcement change AO;
    EnforcementDisable     "enforcement.disable"       Enforcement change AO;
    EnforcementStop        "enforcement.stop"          Enforcement change AO;
    EnforcementResume      "enforcement.resume"        Enforcement change AO;
    EnforcementReleaseAll  "enforcement.release_all"   Enforcement change AO;

    RuleRead               "rule.read"                 Rule        read   AOR;
    RuleRehearse           "rule.rehearse"             Rule        read   AOR;
    RuleCreate             "rule.create"               Rule        change AO;
    RuleModify             "rule.modify"               Rule        change AO;
    RuleDelete             "rule.delete"               Rule        change AO;
    RuleEnable             "rule.enable"               Rule        change AO;
    RuleDisable            "rule.disable"              Rule        change AO;

    EventRead              "event.read"                Event       read   AOHR;

    AuditRead              "audit.read"                Audit       read   AOHR;
    AuditExport            "audit.export"              Audit       read   AOR;
    AuditVerify            "audit.verify"              Audit       read   AOR;

    ParameterRead          "parameter.read"            Parameter   read   AOR;
    ParameterModify        "parameter.modify"          Parameter   change AO;

    ChannelRead            "channel.read"              Channel     read   AOR;
    ChannelModify          "channel.modify"            Channel     change AO;
    ChannelDefineCommand   "channel.define_command"    Channel     change A;
    ChannelTest            "channel.test"              Channel     change AO;

    NameSourceRead         "name_source.read"          NameSource  read   AOR;
    NameSourceCreate       "name_source.create"        NameSource  change AO;
    NameSourceModify       "name_source.modify"        NameSource  change AO;
    NameSourceDelete       "name_source.delete"        NameSource  change AO;
    NameSourceRun          "name_source.run"           NameSource  change AO;
    NameSourceImport       "name_source.import"        NameSource  change AO;
    NameSourcePush         "name_source.push"          NameSource  change AO;

    BackupRead             "backup.read"               Backup      read   AOR;
    BackupCreate           "backup.create"             Backup      change AO;
    BackupDelete           "backup.delete"             Backup      change AO;
    BackupDownload         "backup.download"           Backup      read   A;
    BackupRestore          "backup.restore"            Backup      change A;

    AdoptionRead           "adoption.read"             Adoption    read   AOR;
    AdoptionDiscover       "adoption.discover"         Adoption    change AO;
    AdoptionAccept         "adoption.accept"           Adoption    change AO;

    ProbeRun               "probe.run"                 Probe       change AO;
    ProbePreflight         "probe.preflight"           Probe       change AO;

    JobRead                "job.read"                  Job         read   AOHR;
    JobCancel              "job.cancel"                Job         change AO;
    JobReadOwn             "job.read_own"              Job         read   OWN;
    JobCancelOwn           "job.cancel_own"            Job         change OWN;
}

impl Operation {
    /// `<object>.<verb>`.
    pub const fn name(self) -> &'static str {
        self.declaration().name
    }

    /// What it is done to.
    pub const fn object(self) -> ObjectKind {
        self.declaration().object
    }

    /// True where it changes something, here or in the network.
    pub const fn is_change(self) -> bool {
        self.declaration().change
    }

    /// True where a session must have proven its second factor a short while ago, if it has one: what takes the
    /// network's protection away at once, what gives rights or takes accounts over, and what copies or replaces all
    /// there is.
    pub const fn is_dangerous(self) -> bool {
        use Operation as O;

        matches!(
            self,
            O::EnforcementStop
                | O::EnforcementReleaseAll
                | O::UserCreate
                | O::UserSetRoles
                | O::UserResetPassword
                | O::UserDelete
                | O::UserErase
                | O::UserMapLocal
                | O::UserModify
                | O::UserEnable
                | O::RoleCreate
                | O::RoleModify
                | O::RoleDelete
                | O::DomainCreate
                | O::DomainModify
                | O::BlocklistAdd
                | O::BlocklistRemove
                | O::TenantCreate
                | O::TenantModify
                | O::TenantDelete
                | O::TenantAddAdministrator
                | O::DomainDelete
                | O::PolicyCreate
                | O::PolicyModify
                | O::PolicyDelete
                | O::PolicySetDictionary
                | O::TokenCreate
                | O::TokenCreateOwn
                | O::FactorAddOwn
                | O::FactorRemoveOwn
                | O::FactorReset
                | O::ChannelDefineCommand
                | O::BackupDownload
                | O::BackupRestore
                | O::SystemRotateKeys
        )
    }

    /// True where it is something that users of the plane do (IAM-01): the management plane keeps the platform and
    /// manages no elements, the tenants' plane knows its users alone, and in the network's plane there is
    /// everything, so that a house with one plane needs no other.
    pub const fn is_in(self, plane: Plane) -> bool {
        use ObjectKind as K;
        use Operation as O;

        let is_of_people =
            matches!(self.object(), K::User | K::Session | K::Token | K::Factor | K::Role | K::Audit);
        match plane {
            Plane::Om => true,
            Plane::Tenant => {
                matches!(self, O::SystemAlive)
                    || matches!(self.object(), K::Tenant)
                    || (is_of_people && !matches!(self, O::UserMapLocal | O::AuditExport | O::AuditVerify))
            }
            Plane::Management => {
                let is_of_platform = matches!(
                    self.object(),
                    K::System | K::Policy | K::Parameter | K::Channel | K::Backup | K::Blocklist
                );
                let is_own_work = matches!(self, O::JobReadOwn | O::JobCancelOwn);
                is_of_people || is_own_work || (is_of_platform && !matches!(self, O::StatisticsRead))
            }
        }
    }

    /// Of what a role that is confined to a domain may do it.
    pub const fn reach(self) -> Reach {
        use ObjectKind as K;
        use Operation as O;

        match self {
            // What they are done to is in no domain yet, or in all of them.
            O::EndpointCreate
            | O::EndpointImport
            | O::NeCreate
            | O::NeImport
            | O::EnforcementStop
            | O::EnforcementResume
            | O::EnforcementReleaseAll
            | O::ProbeRun
            // Lists of what everybody has, and who is who on this machine.
            | O::SessionRead
            | O::SessionHistory
            | O::TokenRead
            | O::UserMapLocal => Reach::Whole,
            // What they show is counted, or chosen, by domain.
            O::SystemStatus | O::JobRead => Reach::Elements,
            _ => match self.object() {
                K::Endpoint | K::Ne | K::Port | K::Enforcement | K::Event | K::Probe => Reach::Elements,
                K::User | K::Token | K::Session | K::Factor => Reach::Accounts,
                _ => Reach::Whole,
            },
        }
    }
}

/// A name that stands for no operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no operation")]
pub struct UnknownOperation(pub String);

impl FromStr for Operation {
    type Err = UnknownOperation;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        OPERATIONS
            .iter()
            .find(|line| line.name == name)
            .map(|line| line.operation)
            .ok_or_else(|| UnknownOperation(name.to_owned()))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
