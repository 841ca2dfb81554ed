//! Which rights the built-in roles have (IAM-02, IAM-04, IAM-20). Pure.
//!
//! The roles of network access control (S4 tables 10 to 12) stand in the table of operations itself; those of S3
//! (FMT_MOF.1 and 6.1.1) are described here, each by what it is for, so that an operation that is added falls to
//! whom the source would give it. What the source leaves open, and what was chosen, is in ADR 8.

use netwarden_model::Plane;

use crate::operation::{Access, ObjectKind, Operation};
use crate::role::{Role, Separation};

/// True where a role that is built in to the plane has the right to an operation of the plane.
pub(crate) fn has(plane: Plane, separation: Separation, role: &Role, operation: Operation) -> bool {
    match plane {
        Plane::Management => on_the_platform(role, operation),
        Plane::Om => in_the_network(separation, role, operation),
        Plane::Tenant => of_a_tenant(role, operation),
    }
}

fn on_the_platform(role: &Role, operation: Operation) -> bool {
    use Operation as O;

    match role {
        Role::Superuser => true,
        Role::Administrators => !is_security(operation) && operation != O::AuditExport,
        Role::SmManagers => is_security(operation) || operation.object() == ObjectKind::Audit,
        Role::Monitors => is_query(operation),
        Role::Operators => {
            let keeps = matches!(operation, O::BackupDelete | O::BackupRestore | O::SystemStop);
            !is_security(operation) && !is_audit(operation) && (keeps || !is_of_administrators(operation))
        }
        _ => false,
    }
}

fn in_the_network(separation: Separation, role: &Role, operation: Operation) -> bool {
    use Operation as O;

    match role {
        Role::Superuser => true,
        Role::Administrator | Role::Operator | Role::Helpdesk | Role::Revisor => {
            let is_theirs =
                matches!(operation.declaration().access, Access::Roles(roles) if roles.contains(role));
            let of_accounts = matches!(operation, O::BackupDownload | O::BackupRestore)
                || (is_security(operation) && operation.is_change());
            is_theirs && (separation == Separation::Nac || !of_accounts)
        }
        // Copies of the whole system hold the accounts: they are the platform's.
        Role::Administrators => {
            let holds_all = matches!(operation, O::BackupDownload | O::BackupRestore | O::AuditExport);
            // Who keeps a tenant keeps its users.
            let of_tenants = is_of_tenants(operation) && operation.is_change();
            !is_security(operation) && !holds_all && !of_tenants
        }
        Role::SmManagers => is_security(operation) || is_audit(operation),
        Role::TenantAdministrators => is_of_tenants(operation),
        Role::Guest => is_guests(operation),
        Role::OperatorGroup => is_guests(operation) || is_operator_groups(operation),
        Role::MaintenanceGroup => {
            is_guests(operation)
                || is_operator_groups(operation)
                || !(is_security(operation)
                    || is_audit(operation)
                    || is_of_tenants(operation)
                    || is_of_administrators(operation))
        }
        Role::NbiUserGroup | Role::ThirdLogin => {
            matches!(operation, O::ChannelRead | O::ChannelModify | O::ChannelTest)
        }
        Role::AnalyzerUserGroup => {
            let analysed = matches!(
                operation.object(),
                ObjectKind::System
                    | ObjectKind::Endpoint
                    | ObjectKind::Group
                    | ObjectKind::Ne
                    | ObjectKind::Port
                    | ObjectKind::Event
                    | ObjectKind::Rule
                    | ObjectKind::Job
            );
            analysed && !operation.is_change()
        }
        Role::HofsGroup => {
            matches!(operation, O::BackupRead | O::BackupCreate | O::BackupDelete | O::JobRead)
        }
        Role::ConsumerSdk => matches!(operation, O::EndpointRead | O::EndpointExplain),
        Role::OdnVisualizer => matches!(operation, O::NeRead | O::PortRead),
        Role::FieldOperation => matches!(
            operation,
            O::NeRead
                | O::NePoll
                | O::NeSetMaintenance
                | O::PortRead
                | O::PortHistory
                | O::EndpointRead
                | O::EndpointExplain
                | O::EndpointHistory
                | O::ProbeRun
                | O::ProbePreflight
                | O::JobRead
        ),
        _ => false,
    }
}

fn of_a_tenant(role: &Role, operation: Operation) -> bool {
    match role {
        Role::Superuser => true,
        // Roles are everybody's in the plane: those of one tenant are not another's to make.
        Role::Agency => {
            (is_security(operation) && operation.object() != ObjectKind::Role) || is_of_tenants(operation)
        }
        Role::CompanyTenant => {
            (is_security(operation) && operation.object() != ObjectKind::Role)
                || operation == Operation::TenantRead
        }
        Role::OpenApiOperator => operation.object() == ObjectKind::Token,
        _ => false,
    }
}

/// Users, their rights and their sessions: what the managers of security keep, and nobody else (S3 6.1.1).
pub(crate) const fn is_security(operation: Operation) -> bool {
    matches!(
        operation.object(),
        ObjectKind::User
            | ObjectKind::Session
            | ObjectKind::Token
            | ObjectKind::Policy
            | ObjectKind::Role
            | ObjectKind::Domain
            | ObjectKind::Factor
            | ObjectKind::Blocklist
    )
}

/// Who the operator's customers are.
const fn is_of_tenants(operation: Operation) -> bool {
    matches!(operation.object(), ObjectKind::Tenant)
}

const fn is_audit(operation: Operation) -> bool {
    matches!(operation.object(), ObjectKind::Audit)
}

/// What shows how the network or the platform is, changes nothing, and costs nothing to speak of.
const fn is_query(operation: Operation) -> bool {
    use Operation as O;

    !operation.is_change()
        && !is_security(operation)
        && !is_audit(operation)
        && !is_of_tenants(operation)
        && !matches!(operation, O::BackupDownload | O::RuleRehearse)
}

/// S3: "operation rights for default monitor operation sets"; where things are kept is nothing to watch.
const fn is_guests(operation: Operation) -> bool {
    is_query(operation) && !matches!(operation.object(), ObjectKind::Credential | ObjectKind::Backup)
}

/// S3: elements, command groups, channels, and what does not affect service.
const fn is_operator_groups(operation: Operation) -> bool {
    use Operation as O;

    matches!(
        operation,
        O::SystemCheck
            | O::EndpointModify
            | O::GroupCreate
            | O::GroupModify
            | O::GroupDelete
            | O::CredentialRead
            | O::CredentialCreate
            | O::CredentialModify
            | O::CredentialDelete
            | O::NeCreate
            | O::NeModify
            | O::NeDelete
            | O::NeImport
            | O::NePoll
            | O::NeSetMaintenance
            | O::PortModify
            | O::RuleRehearse
            | O::ChannelModify
            | O::ChannelTest
            | O::NameSourceCreate
            | O::NameSourceModify
            | O::NameSourceDelete
            | O::NameSourceRun
            | O::NameSourceImport
            | O::NameSourcePush
            | O::AdoptionDiscover
            | O::ProbeRun
            | O::ProbePreflight
            | O::JobCancel
    )
}

/// What puts the program itself, its keys or all it holds into somebody's hands.
const fn is_of_administrators(operation: Operation) -> bool {
    use Operation as O;

    matches!(
        operation,
        O::SystemStop
            | O::SystemRotateKeys
            | O::BackupDownload
            | O::BackupDelete
            | O::BackupRestore
            | O::ChannelDefineCommand
    )
}
