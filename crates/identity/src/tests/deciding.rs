//! Who may do what: the whole table, and every way of being denied.

use std::sync::Arc;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use netwarden_model::{NeId, Scope, UserId};

use super::{at, golden};
use crate::{
    Access, AuditReach, Because, Circumstances, Domain, Grant, Identified, Members, OPERATIONS, Object,
    ObjectKind, Operation, Plane, Reach, Role, Roles, SecondFactor, Separation, Standing, Subject, Through,
    TokenLimits, audit_reach, decide, decide_named,
};

pub(super) fn user(role: Role) -> Identified {
    Identified {
        tenant: None,
        denied: Arc::default(),
        user: UserId(7),
        name: "somebody".to_owned(),
        grants: [role.into()].into(),
        dormant: Arc::default(),
        roles: Arc::new(Roles::new(Plane::Om, Separation::Nac, [])),
        members: Arc::default(),
        enabled: true,
        must_change_password: false,
        password_ends: None,
        has_notice: false,
        second_factor: SecondFactor::NotAsked,
        through: Through::Session(1),
        policy_version: 1,
    }
}

fn now() -> Circumstances {
    Circumstances { at: at(0), address: None }
}

pub(super) fn asked(user: &Identified, operation: Operation, object: &Object) -> Result<Because, Because> {
    let decision = decide(&Subject::User(user.clone()), operation, object, &now());
    if decision.allowed { Ok(decision.because) } else { Err(decision.because) }
}

fn may(role: &Role, operation: Operation) -> bool {
    asked(&user(role.clone()), operation, &Object::owned(operation.object(), UserId(7))).is_ok()
}

// proves: IAM-04
#[test]
fn rights_are_those_of_the_committed_table() {
    let mut table = format!("{:<28} change  {}\n", "operation", "administrator operator helpdesk revisor");
    for line in OPERATIONS {
        let mark = |role: &Role| if may(role, line.operation) { "yes" } else { "-" };
        let [a, o, h, r] = Role::NAC.each_ref().map(mark);
        let change = if line.change { "change" } else { "" };
        let _ = writeln!(
            table,
            "{}",
            format!("{:<28} {change:<7} {a:<13} {o:<8} {h:<8} {r}", line.name).trim_end()
        );
    }
    golden("rights.txt", &table);

    for line in OPERATIONS {
        let (operation, own) = (line.operation, line.access == Access::Own);
        let open = line.access == Access::Anyone;
        // Administrator: everything in NAC, its accounts and their passwords.
        assert!(may(&Role::Administrator, operation), "{operation}");
        // Operator: everything but users, tenants and the blocklist, copies of the whole system, and what the server itself executes.
        let accounts = matches!(
            line.object,
            ObjectKind::User
                | ObjectKind::Session
                | ObjectKind::Token
                | ObjectKind::Policy
                | ObjectKind::Role
                | ObjectKind::Domain
                | ObjectKind::Factor
                | ObjectKind::Tenant
                | ObjectKind::Blocklist
        );
        let holds_accounts = matches!(operation, Operation::BackupDownload | Operation::BackupRestore);
        assert_eq!(
            may(&Role::Operator, operation),
            own || open || !(accounts || holds_accounts || operation == Operation::ChannelDefineCommand),
            "{operation}"
        );
        // Helpdesk: changes endpoints and groups only; of these, what sets no port.
        let theirs = matches!(line.object, ObjectKind::Endpoint | ObjectKind::Group);
        if line.change && operation != Operation::EndpointMove {
            assert_eq!(may(&Role::Helpdesk, operation), theirs || own || open, "{operation}");
        }
        // Revisor: reads everything but copies of the whole system, changes nothing but their own.
        let reads = !line.change && operation != Operation::BackupDownload;
        assert_eq!(may(&Role::Revisor, operation), reads || own || open, "{operation}");
    }
    // Table 12: properties of the system, rules and elements are hidden from Helpdesk.
    for operation in [
        Operation::ParameterRead,
        Operation::RuleRead,
        Operation::NeRead,
        Operation::CredentialRead,
        Operation::UserRead,
    ] {
        assert!(!may(&Role::Helpdesk, operation), "{operation}");
    }
    // Table 10: audit records.
    let reach = |role: Role| audit_reach(&Subject::User(user(role)));
    assert_eq!(reach(Role::Administrator), AuditReach::All);
    assert_eq!(reach(Role::Operator), AuditReach::All);
    assert_eq!(reach(Role::Revisor), AuditReach::All);
    assert_eq!(reach(Role::Helpdesk), AuditReach::EndpointsOnly);
    assert_eq!(reach(Role::from("guest")), AuditReach::Nothing);
    assert_eq!(audit_reach(&Subject::Unidentified), AuditReach::Nothing);
}

fn in_plane(plane: Plane, role: Role) -> Identified {
    Identified { roles: Arc::new(Roles::new(plane, Separation::Strict, [])), ..user(role) }
}

fn may_in(plane: Plane, role: &Role, operation: Operation) -> bool {
    let somebody = in_plane(plane, role.clone());
    let object = Object::owned(operation.object(), UserId(7));
    if plane != Plane::Tenant || *role == Role::Superuser {
        return asked(&somebody, operation, &object).is_ok();
    }
    // Within their own tenant, and to tenants below it.
    let own = crate::TenantPath::below(None, netwarden_model::TenantId(1));
    let below = crate::TenantPath::below(Some(&own), netwarden_model::TenantId(2));
    let of = if object.kind == ObjectKind::Tenant { below } else { own.clone() };
    let somebody = Identified { tenant: Some(own), ..somebody };
    asked(&somebody, operation, &object.of_tenant(Some(of))).is_ok()
}

// proves: IAM-02, IAM-20
#[test]
fn the_built_in_roles_of_every_plane_have_the_rights_of_the_committed_tables() {
    for plane in Plane::ALL.iter().copied() {
        let roles: Vec<&Role> = Role::built_in(plane).filter(|role| !role.is_nac()).collect();
        let mut table = format!("{:<26}", "operation");
        for role in &roles {
            let _ = write!(table, " {role}");
        }
        table.push('\n');
        for line in OPERATIONS.iter().filter(|line| matches!(line.access, Access::Roles(_))) {
            if !roles.iter().any(|role| may_in(plane, role, line.operation)) {
                continue;
            }
            let _ = write!(table, "{:<26}", line.name);
            for role in &roles {
                let mark = if may_in(plane, role, line.operation) { "yes" } else { "-" };
                let _ = write!(table, " {mark:<width$}", width = role.as_str().len());
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
        golden(&format!("rights-{plane}.txt"), &table);
    }
}

// proves: IAM-01, IAM-20
#[test]
fn who_keeps_the_rights_keeps_nothing_else_and_who_keeps_all_else_keeps_no_rights() {
    for line in OPERATIONS.iter().filter(|line| matches!(line.access, Access::Roles(_))) {
        let operation = line.operation;
        let security = matches!(
            line.object,
            ObjectKind::User
                | ObjectKind::Session
                | ObjectKind::Token
                | ObjectKind::Policy
                | ObjectKind::Role
                | ObjectKind::Domain
                | ObjectKind::Factor
                | ObjectKind::Blocklist
        );
        for plane in [Plane::Management, Plane::Om] {
            let (manages, administers) = (
                may_in(plane, &Role::SmManagers, operation),
                may_in(plane, &Role::Administrators, operation),
            );
            let is_audit = line.object == ObjectKind::Audit;
            assert!(!(manages && administers) || is_audit, "{operation} in {plane}: both");
            if operation.is_in(plane) {
                let is_whole = operation == Operation::AuditExport && plane == Plane::Om;
                assert_eq!(manages, (security || is_audit) && !is_whole, "{operation} in {plane}");
                assert!(may_in(plane, &Role::Superuser, operation), "{operation} in {plane}: admin");
            } else {
                assert!(Role::built_in(plane).all(|role| !may_in(plane, role, operation)), "{operation}");
            }
        }
        // Each has what the one before it has, and more.
        for [less, more] in [
            [Role::Guest, Role::OperatorGroup],
            [Role::OperatorGroup, Role::MaintenanceGroup],
            [Role::MaintenanceGroup, Role::Administrators],
            [Role::Administrators, Role::Superuser],
            [Role::NbiUserGroup, Role::OperatorGroup],
        ] {
            let has = |role: &Role| may_in(Plane::Om, role, operation);
            assert!(!has(&less) || has(&more), "{operation}: {less} has it, {more} not");
        }
        let of = |role: &Role| may_in(Plane::Om, role, operation);
        assert!(!line.change || !of(&Role::Guest), "{operation}: guests query");
        let affects = matches!(line.object, ObjectKind::Enforcement)
            || matches!(operation, Operation::PortOff | Operation::PortMove | Operation::RuleEnable);
        assert!(!(affects && line.change && of(&Role::OperatorGroup)), "{operation}: affects service");
        assert!(!affects || of(&Role::MaintenanceGroup), "{operation}: configures service");
        assert!(!line.change || !may_in(Plane::Management, &Role::Monitors, operation), "{operation}");
        // Where duties are separated, the administrator of network access control keeps no accounts either.
        assert!(!(security && line.change && of(&Role::Administrator)), "{operation}: separated");
    }
    // The platform manages no elements.
    for operation in [Operation::NeRead, Operation::EndpointRead, Operation::RuleRead, Operation::EventRead] {
        let denied =
            asked(&in_plane(Plane::Management, Role::Superuser), operation, &Object::of(operation.object()));
        assert_eq!(denied, Err(Because::NotInPlane(Plane::Management)), "{operation}");
    }
    let reach = |plane, role| audit_reach(&Subject::User(in_plane(plane, role)));
    assert_eq!(reach(Plane::Om, Role::Administrators), AuditReach::NoSecurity);
    assert_eq!(reach(Plane::Om, Role::SmManagers), AuditReach::All);
    assert_eq!(reach(Plane::Management, Role::Monitors), AuditReach::Nothing);
}

// proves: IAM-01
#[test]
fn an_account_of_one_plane_is_nothing_in_another() {
    let account =
        |plane, role: &str| Object::account(ObjectKind::User, UserId(8), plane, [Grant::from(role)].into());
    for (own, other) in
        [(Plane::Om, Plane::Management), (Plane::Management, Plane::Om), (Plane::Om, Plane::Tenant)]
    {
        let admin = in_plane(own, Role::Superuser);
        for operation in [Operation::UserRead, Operation::UserResetPassword, Operation::UserDelete] {
            assert!(asked(&admin, operation, &account(own, "smmanagers")).is_ok(), "{operation}");
            let denied = asked(&admin, operation, &account(other, "smmanagers"));
            assert_eq!(denied, Err(Because::OtherPlane(other)), "{operation}");
        }
    }
    // A role means nothing where it is not built in.
    let stray = in_plane(Plane::Management, Role::Guest);
    let own = Object::owned(ObjectKind::Session, UserId(7));
    assert_eq!(asked(&stray, Operation::SessionReadOwn, &own), Err(Because::NoRoleHas));
}

// proves: IAM-01, IAM-20
#[test]
fn managers_of_security_give_what_they_have_not_but_never_to_themselves() {
    let manager = in_plane(Plane::Om, Role::SmManagers);
    let account = |id, roles: &[&str]| {
        let grants = roles.iter().map(|role| Grant::from(*role)).collect();
        Object::account(ObjectKind::User, UserId(id), Plane::Om, grants)
    };
    let set = Operation::UserSetRoles;
    for role in ["administrators", "administrator", "guest", "maintenance_group", "operator@north"] {
        assert!(asked(&manager, set, &account(8, &[role])).is_ok(), "{role}");
        assert_eq!(
            asked(&manager, set, &account(7, &["smmanagers", role])),
            Err(Because::OwnRights),
            "{role}"
        );
    }
    assert!(asked(&manager, set, &account(7, &["smmanagers"])).is_ok(), "nothing is given");
    for operation in [set, Operation::UserResetPassword, Operation::FactorReset] {
        let admin = Object { kind: operation.object(), ..account(8, &["superuser"]) };
        assert_eq!(
            asked(&manager, operation, &admin),
            Err(Because::WiderRole("superuser".into())),
            "{operation}"
        );
    }
    // A token would be in their own hands.
    let token = Object { kind: ObjectKind::Token, ..account(8, &["operator"]) };
    assert_eq!(asked(&manager, Operation::TokenCreate, &token), Err(Because::WiderRole("operator".into())));
    assert!(asked(&manager, Operation::TokenRevoke, &token).is_ok());
    // Confined to a domain, they keep those who are confined to it.
    let members = confined(&[], &[("north", &[1])]).members;
    let north = Identified { members, grants: [Grant::from("smmanagers@north")].into(), ..manager };
    assert!(asked(&north, set, &account(8, &["operator@north"])).is_ok());
    for wider in ["operator", "operator@south"] {
        assert!(asked(&north, set, &account(8, &[wider])).is_err(), "{wider}");
    }
    // The administrator of network access control keeps the accounts of its roles, where that is so.
    let nac = user(Role::Administrator);
    assert!(asked(&nac, set, &account(8, &["operator"])).is_ok());
    for role in ["guest", "smmanagers", "superuser"] {
        assert_eq!(asked(&nac, set, &account(8, &[role])), Err(Because::ForeignRole(role.into())));
    }
    let separated = in_plane(Plane::Om, Role::Administrator);
    assert_eq!(asked(&separated, set, &account(8, &["operator"])), Err(Because::NoRoleHas));
    assert!(asked(&separated, Operation::UserRead, &account(8, &["operator"])).is_ok());
}

#[test]
fn names_are_unique_and_say_their_object() {
    let mut names = BTreeSet::new();
    for line in OPERATIONS {
        assert!(names.insert(line.name), "{} twice", line.name);
        assert_eq!(line.name.parse(), Ok(line.operation));
        assert_eq!(line.name.split('.').next(), Some(line.object.as_str()), "{}", line.name);
        assert_eq!(line.operation.declaration().name, line.name);
    }
    assert!("endpoint.explode".parse::<Operation>().is_err());
}

#[test]
fn who_is_not_identified_may_do_almost_nothing() {
    let open: Vec<_> = OPERATIONS
        .iter()
        .filter(|line| {
            let object = Object::of(line.object);
            decide(&Subject::Unidentified, line.operation, &object, &now()).allowed
        })
        .map(|line| line.name)
        .collect();
    // This list may only shrink (IAM-19).
    assert_eq!(open, ["system.alive", "session.login"]);
    let denied =
        decide(&Subject::Unidentified, Operation::EndpointRead, &Object::of(ObjectKind::Endpoint), &now());
    assert_eq!(denied.because, Because::NotIdentified);
}

#[test]
fn what_is_unknown_is_denied() {
    let admin = Subject::User(user(Role::Administrator));
    let decision = decide_named(&admin, "endpoint.explode", &Object::of(ObjectKind::Endpoint), &now());
    assert_eq!(
        (decision.allowed, decision.because),
        (false, Because::NoSuchOperation("endpoint.explode".into()))
    );
    let stranger = user(Role::from("landscape_gardener"));
    for line in OPERATIONS.iter().filter(|line| line.access != Access::Anyone) {
        let object = Object::owned(line.object, UserId(7));
        assert_eq!(asked(&stranger, line.operation, &object), Err(Because::NoRoleHas), "{}", line.name);
    }
    let nobody = Identified { grants: [].into(), ..user(Role::Revisor) };
    assert_eq!(
        asked(&nobody, Operation::UserReadOwn, &Object::owned(ObjectKind::User, UserId(7))),
        Err(Because::NoRoleHas)
    );
}

#[test]
fn an_operation_is_for_its_kind_of_object_only() {
    let found = asked(&user(Role::Administrator), Operation::EndpointRead, &Object::of(ObjectKind::User));
    let expected = Because::WrongObject { expected: ObjectKind::Endpoint, found: ObjectKind::User };
    assert_eq!(found, Err(expected));
}

#[test]
fn a_disabled_account_may_do_nothing() {
    let off = Identified { enabled: false, ..user(Role::Administrator) };
    for line in OPERATIONS.iter().filter(|line| line.access != Access::Anyone) {
        let object = Object::owned(line.object, UserId(7));
        assert_eq!(asked(&off, line.operation, &object), Err(Because::AccountDisabled), "{}", line.name);
    }
}

#[test]
fn a_password_of_somebody_elses_choice_must_be_changed_first() {
    let fresh = Identified { must_change_password: true, ..user(Role::Administrator) };
    let mut allowed = Vec::new();
    for line in OPERATIONS.iter().filter(|line| line.access != Access::Anyone) {
        match asked(&fresh, line.operation, &Object::owned(line.object, UserId(7))) {
            Ok(_) => allowed.push(line.name),
            Err(because) => assert_eq!(because, Because::PasswordMustChange),
        }
    }
    assert_eq!(allowed, ["session.read_own", "session.logout", "user.read_own", "user.change_own_password"]);
    let local = Identified { through: Through::LocalUid(1000), ..fresh };
    assert!(asked(&local, Operation::NeRead, &Object::of(ObjectKind::Ne)).is_ok());
}

#[test]
fn ones_own_is_not_somebody_elses() {
    let revisor = user(Role::Revisor);
    let own = Object::owned(ObjectKind::Session, UserId(7));
    assert_eq!(asked(&revisor, Operation::SessionLogout, &own), Ok(Because::IsOwn));
    for other in [Object::owned(ObjectKind::Session, UserId(8)), Object::of(ObjectKind::Session)] {
        assert_eq!(asked(&revisor, Operation::SessionLogout, &other), Err(Because::NotOwn));
    }
    let admin = user(Role::Administrator);
    let password = Object::owned(ObjectKind::User, UserId(8));
    assert_eq!(asked(&admin, Operation::UserChangeOwnPassword, &password), Err(Because::NotOwn));
}

// proves: IAM-17
#[test]
fn a_token_narrows_and_ends() {
    let with = |operations: &[Operation], expires| Identified {
        through: Through::Token {
            id: 1,
            limits: Arc::new(TokenLimits {
                operations: operations.iter().copied().collect(),
                domains: BTreeSet::new(),
                expires,
            }),
        },
        ..user(Role::Helpdesk)
    };
    let endpoint = Object::of(ObjectKind::Endpoint);
    let reads = with(&[Operation::EndpointRead, Operation::RuleModify], at(10));
    assert!(asked(&reads, Operation::EndpointRead, &endpoint).is_ok());
    assert_eq!(asked(&reads, Operation::EndpointBlock, &endpoint), Err(Because::TokenNotForThis));
    // It never widens what its user may do.
    assert_eq!(asked(&reads, Operation::RuleModify, &Object::of(ObjectKind::Rule)), Err(Because::NoRoleHas));
    assert_eq!(asked(&with(&[], at(10)), Operation::EndpointRead, &endpoint), Err(Because::TokenNotForThis));
    for ended in [at(0), at(-1)] {
        let token = with(&[Operation::EndpointRead], ended);
        assert_eq!(asked(&token, Operation::EndpointRead, &endpoint), Err(Because::TokenExpired));
    }
}

#[test]
fn what_lies_outside_the_scope_is_denied() {
    let confined = confined(&["administrator@north"], &[("north", &[1])]);
    let port = |ne| Object::placed(ObjectKind::Port, ne);
    assert!(asked(&confined, Operation::PortOff, &port(Some(NeId(1)))).is_ok());
    assert_eq!(asked(&confined, Operation::PortOff, &port(Some(NeId(2)))), Err(Because::OutsideScope));
    assert_eq!(asked(&confined, Operation::PortOff, &port(None)), Err(Because::OutsideScope));
    assert!(asked(&user(Role::Administrator), Operation::PortOff, &port(None)).is_ok());
}

#[test]
fn accounts_of_other_planes_are_not_touched() {
    let admin = user(Role::Administrator);
    let account = |roles: &[&str]| {
        Object::account(
            ObjectKind::User,
            UserId(8),
            Plane::Om,
            roles.iter().map(|role| Grant::from(*role)).collect(),
        )
    };
    assert!(asked(&admin, Operation::UserResetPassword, &account(&["operator", "revisor"])).is_ok());
    let foreign = Err(Because::ForeignRole("smmanagers".into()));
    for operation in [
        Operation::UserModify,
        Operation::UserSetRoles,
        Operation::UserResetPassword,
        Operation::UserDisable,
        Operation::UserDelete,
    ] {
        assert_eq!(asked(&admin, operation, &account(&["operator", "smmanagers"])), foreign, "{operation}");
    }
    let new = Object::new_account(Plane::Om, [Role::from("smmanagers").into()].into());
    assert_eq!(asked(&admin, Operation::UserCreate, &new), foreign);
    let token = Object { kind: ObjectKind::Token, ..account(&["smmanagers"]) };
    assert_eq!(asked(&admin, Operation::TokenCreate, &token), foreign);
    assert!(asked(&admin, Operation::UserRead, &account(&["smmanagers"])).is_ok());
}

#[test]
fn every_reason_is_one_plain_clause() {
    for because in [
        Because::RoleHas(Role::Operator.into()),
        Because::ConfinedTo("north".into()),
        Because::NotIdentified,
        Because::TokenNotForThis,
        Because::ForeignRole("x".into()),
        Because::WiderRole("x".into()),
        Because::WrongObject { expected: ObjectKind::Ne, found: ObjectKind::Port },
    ] {
        let text = because.to_string();
        assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
    }
}

fn made_here(roles: &[(&str, &[Operation])]) -> Arc<Roles> {
    let made =
        roles.iter().map(|(name, operations)| ((*name).to_owned(), operations.iter().copied().collect()));
    Arc::new(Roles::new(Plane::Om, Separation::Nac, made))
}

// proves: IAM-03
#[test]
fn a_role_that_was_made_here_gives_what_it_says_and_nothing_else() {
    let custom = made_here(&[("night", &[Operation::PortOff, Operation::AuditRead]), ("none", &[])]);
    let of = |name: &str| Identified { roles: Arc::clone(&custom), ..user(Role::from(name)) };
    for line in OPERATIONS {
        let allowed = asked(&of("night"), line.operation, &Object::of(line.object)).is_ok();
        let expected = match line.access {
            Access::Anyone => true,
            Access::Own => false,
            Access::Roles(_) => matches!(line.operation, Operation::PortOff | Operation::AuditRead),
        };
        assert_eq!(allowed, expected, "{}", line.name);
    }
    let because = asked(&of("night"), Operation::PortOff, &Object::of(ObjectKind::Port));
    assert_eq!(because, Ok(Because::RoleHas(Role::from("night").into())));
    let own = Object::owned(ObjectKind::Session, UserId(7));
    assert!(asked(&of("night"), Operation::SessionLogout, &own).is_ok(), "what is one's own");
    assert_eq!(asked(&of("gone"), Operation::SessionLogout, &own), Err(Because::NoRoleHas));
    assert_eq!(audit_reach(&Subject::User(of("night"))), AuditReach::All);
    assert_eq!(audit_reach(&Subject::User(of("none"))), AuditReach::Nothing);
}

// proves: IAM-03
#[test]
fn nobody_comes_to_rights_by_giving_them_or_by_taking_an_account_over() {
    let accounts: &[Operation] = &[
        Operation::UserRead,
        Operation::UserCreate,
        Operation::UserSetRoles,
        Operation::UserResetPassword,
        Operation::TokenCreate,
        Operation::EndpointRead,
    ];
    let custom = made_here(&[("desk-lead", accounts), ("reader", &[Operation::EndpointRead])]);
    let lead = Identified { roles: Arc::clone(&custom), ..user(Role::from("desk-lead")) };
    let account = |roles: &[&str]| {
        Object::account(
            ObjectKind::User,
            UserId(8),
            Plane::Om,
            roles.iter().map(|role| Grant::from(*role)).collect(),
        )
    };
    assert!(asked(&lead, Operation::UserSetRoles, &account(&["reader"])).is_ok());
    assert!(asked(&lead, Operation::UserSetRoles, &account(&["desk-lead", "reader"])).is_ok());
    for operation in [Operation::UserSetRoles, Operation::UserResetPassword] {
        for wider in ["administrator", "helpdesk", "revisor"] {
            let refused = asked(&lead, operation, &account(&["reader", wider]));
            assert_eq!(refused, Err(Because::WiderRole(wider.to_owned())), "{operation}");
        }
    }
    let new = Object::new_account(Plane::Om, [Role::Administrator.into()].into());
    assert_eq!(asked(&lead, Operation::UserCreate, &new), Err(Because::WiderRole("administrator".into())));
    let token = Object { kind: ObjectKind::Token, ..account(&["helpdesk"]) };
    assert_eq!(asked(&lead, Operation::TokenCreate, &token), Err(Because::WiderRole("helpdesk".into())));
    let foreign = asked(&lead, Operation::UserSetRoles, &account(&["smmanagers"]));
    assert_eq!(foreign, Err(Because::WiderRole("smmanagers".into())));
    let unknown = asked(&lead, Operation::UserSetRoles, &account(&["landscape_gardener"]));
    assert_eq!(unknown, Err(Because::ForeignRole("landscape_gardener".into())));
    let admin = Identified { roles: custom, ..user(Role::Administrator) };
    assert!(asked(&admin, Operation::UserSetRoles, &account(&["desk-lead", "administrator"])).is_ok());
}

// proves: IAM-10
#[test]
fn a_second_factor_stands_before_everything_else() {
    let with = |second_factor, role| Identified { second_factor, ..user(role) };
    let may = |user: &Identified| -> Vec<&str> {
        let of = |line: &&crate::Declaration| {
            line.access != Access::Anyone
                && asked(user, line.operation, &Object::owned(line.object, UserId(7))).is_ok()
        };
        OPERATIONS.iter().filter(of).map(|line| line.name).collect()
    };
    let missing = with(SecondFactor::Missing, Role::Administrator);
    assert_eq!(may(&missing), ["session.read_own", "session.logout", "session.prove", "user.read_own"]);
    let to_be_made = with(SecondFactor::ToBeMade, Role::Administrator);
    assert_eq!(
        may(&to_be_made),
        [
            "session.read_own",
            "session.logout",
            "session.prove",
            "user.read_own",
            "user.change_own_password",
            "factor.read_own",
            "factor.add_own",
        ]
    );
    // Once proven a while ago, all but what is dangerous.
    let lapsed = with(SecondFactor::Proven { until: at(0) }, Role::Administrator);
    let fresh = with(SecondFactor::Proven { until: at(1) }, Role::Administrator);
    for line in OPERATIONS.iter().filter(|line| line.access != Access::Anyone) {
        let object = Object::owned(line.object, UserId(7));
        assert!(asked(&fresh, line.operation, &object).is_ok(), "{}", line.name);
        let expected = if line.operation.is_dangerous() { Err(Because::ProofTooOld) } else { Ok(()) };
        assert_eq!(asked(&lapsed, line.operation, &object).map(drop), expected, "{}", line.name);
    }
}

// proves: IAM-10
#[test]
fn which_sessions_are_asked_for_a_second_factor() {
    let policy = crate::AccountPolicy {
        second_factor_roles: [Role::Administrator].into(),
        step_up_after: Some(jiff::SignedDuration::from_mins(15)),
        ..crate::AccountPolicy::default()
    };
    let stands = |grant: &str, has, proven| policy.second_factor(&[grant.into()].into(), has, proven);
    for grant in ["administrator", "administrator@north"] {
        assert_eq!(stands(grant, false, None), SecondFactor::ToBeMade);
    }
    assert_eq!(stands("operator", false, None), SecondFactor::NotAsked);
    assert_eq!(stands("operator", true, None), SecondFactor::Missing, "who has one is asked for it");
    assert_eq!(stands("operator", true, Some(at(0))), SecondFactor::Proven { until: at(900) });
    // The last one was taken away: an old proof is none of another.
    assert_eq!(stands("administrator", false, Some(at(0))), SecondFactor::ToBeMade);
    let never = crate::AccountPolicy { step_up_after: None, ..policy.clone() };
    let for_ever = SecondFactor::Proven { until: jiff::Timestamp::MAX };
    assert_eq!(never.second_factor(&["operator".into()].into(), true, Some(at(0))), for_ever);
    // What is demanded of an administrator is demanded of 'admin'.
    let demanded = crate::AccountPolicy {
        second_factor_roles: [Role::Administrator].into(),
        ..crate::AccountPolicy::default()
    };
    for (role, expected) in
        [(Role::Superuser, SecondFactor::ToBeMade), (Role::Operator, SecondFactor::NotAsked)]
    {
        assert_eq!(demanded.second_factor(&[role.into()].into(), false, None), expected);
    }
}

fn confined(grants: &[&str], domains: &[(&str, &[i64])]) -> Identified {
    let only = |elements: &[i64]| Domain {
        elements: elements.iter().copied().map(NeId).collect(),
        ..Domain::default()
    };
    let domains = domains.iter().map(|(name, elements)| ((*name).to_owned(), only(elements))).collect();
    let standing = |ne| Standing {
        ne: NeId(ne),
        region: None,
        device_sets: &[],
        class: None,
        address: [192, 0, 2, 1].into(),
    };
    let members = Members::of(&domains, (0..20).map(standing));
    Identified {
        grants: grants.iter().map(|grant| Grant::from(*grant)).collect(),
        members: Arc::new(members),
        ..user(Role::Revisor)
    }
}

// proves: IAM-05
#[test]
fn a_confined_role_is_good_for_its_domain_and_nothing_else() {
    let north = confined(&["operator@north", "revisor@south"], &[("north", &[1, 2]), ("south", &[3])]);
    let port = |ne| Object::placed(ObjectKind::Port, Some(NeId(ne)));
    let because = Because::RoleHas("operator@north".into());
    assert_eq!(asked(&north, Operation::PortOff, &port(1)), Ok(because));
    assert_eq!(asked(&north, Operation::PortOff, &port(3)), Err(Because::OutsideScope), "reads only");
    assert!(asked(&north, Operation::PortRead, &port(3)).is_ok());
    assert_eq!(asked(&north, Operation::PortRead, &port(4)), Err(Because::OutsideScope));
    assert_eq!(north.scope(Operation::PortRead), [NeId(1), NeId(2), NeId(3)].into());
    assert_eq!(north.scope(Operation::PortOff), [NeId(1), NeId(2)].into());
    assert_eq!(north.scope(Operation::UserRead), Scope::from([NeId(3)]), "of the revisor");
    assert_eq!(user(Role::Operator).scope(Operation::PortOff), Scope::All);

    // A list shows what lies inside; what changes something must say what.
    assert!(asked(&north, Operation::PortRead, &Object::of(ObjectKind::Port)).is_ok());
    let beyond = |operation: Operation, object: &Object| match asked(&north, operation, object) {
        Err(Because::ConfinedTo(_)) => {}
        other => panic!("{operation}: {other:?}"),
    };
    beyond(Operation::PortOff, &Object::of(ObjectKind::Port));
    assert!(asked(&north, Operation::PortOff, &Object::some(ObjectKind::Port)).is_ok(), "of some");
    for line in OPERATIONS.iter().filter(|line| matches!(line.access, Access::Roles(_))) {
        if line.operation.reach() != Reach::Whole || north.grants_with(line.operation).next().is_none() {
            continue;
        }
        for object in [Object::of(line.object), Object::some(line.object), Object::everywhere(line.object)] {
            beyond(line.operation, &object);
        }
    }
    beyond(Operation::PortRead, &Object::everywhere(ObjectKind::Port));
    let nowhere = asked(&north, Operation::EndpointRead, &Object::placed(ObjectKind::Endpoint, None));
    assert_eq!(nowhere, Err(Because::OutsideScope), "never located");

    // A domain that is no more, or whose elements are not known, contains nothing.
    let lost = confined(&["operator@north"], &[]);
    assert_eq!(asked(&lost, Operation::PortOff, &port(1)), Err(Because::OutsideScope));
    assert_eq!(lost.scope(Operation::PortOff), Scope::from([]));
    assert_eq!(audit_reach(&Subject::User(north)), AuditReach::Nothing);
}

// proves: IAM-05
#[test]
fn who_administers_a_domain_keeps_its_accounts_and_no_others() {
    let lead = confined(&["administrator@north"], &[("north", &[1]), ("south", &[2])]);
    let account = |roles: &[&str]| {
        Object::account(
            ObjectKind::User,
            UserId(8),
            Plane::Om,
            roles.iter().map(|role| Grant::from(*role)).collect(),
        )
    };
    for operation in [Operation::UserRead, Operation::UserSetRoles, Operation::UserDelete] {
        assert!(asked(&lead, operation, &account(&["operator@north", "revisor@north"])).is_ok());
        for other in [&["operator"][..], &["operator@south"], &["operator@north", "revisor@south"]] {
            let refused = asked(&lead, operation, &account(other));
            assert_eq!(refused, Err(Because::ConfinedTo("north".into())), "{operation} {other:?}");
        }
    }
    let new = Object::new_account(Plane::Om, ["helpdesk@north".into()].into());
    assert!(asked(&lead, Operation::UserCreate, &new).is_ok());
    // Whose account it is must be said where something is done to it; a list is filtered.
    for object in [Object::of(ObjectKind::User), Object::owned(ObjectKind::User, UserId(8))] {
        assert!(asked(&lead, Operation::UserDelete, &object).is_err());
    }
    assert!(asked(&lead, Operation::UserRead, &Object::of(ObjectKind::User)).is_ok());
    assert!(asked(&lead, Operation::UserRead, &Object::owned(ObjectKind::User, UserId(8))).is_err());
    assert!(asked(&lead, Operation::RoleCreate, &Object::of(ObjectKind::Role)).is_err());
    let whole = user(Role::Administrator);
    assert!(asked(&whole, Operation::UserSetRoles, &account(&["administrator@north"])).is_ok());
}

mod organisations {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    const REGIONS: [&str; 3] = ["north", "south", "west"];
    const SETS: [&str; 3] = ["core", "access", "wlan"];
    const CLASSES: [&str; 2] = ["switch", "router"];
    const DOMAINS: [&str; 3] = ["a", "b", "c"];

    #[derive(Debug, Clone)]
    struct Element {
        region: Option<&'static str>,
        sets: Vec<String>,
        class: Option<&'static str>,
        last: u8,
    }

    fn names(of: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
        proptest::sample::subsequence(of, 0..=of.len())
            .prop_map(|names| names.into_iter().map(str::to_owned).collect())
    }

    fn element() -> impl Strategy<Value = Element> {
        let one = |of: &'static [&'static str]| proptest::option::of(proptest::sample::select(of));
        (one(&REGIONS), names(&SETS), one(&CLASSES), any::<u8>()).prop_map(|(region, sets, class, last)| {
            Element { region, sets: sets.into_iter().collect(), class, last }
        })
    }

    fn domain() -> impl Strategy<Value = (Domain, u8, u8)> {
        let elements = proptest::collection::btree_set(0i64..12, 0..3);
        let range = (any::<u8>(), any::<u8>()).prop_map(|(a, b)| (a.min(b), a.max(b)));
        (names(&REGIONS), names(&SETS), names(&CLASSES), elements, proptest::option::of(range)).prop_map(
            |(regions, device_sets, classes, elements, range)| {
                let subnets = range
                    .map(|(first, last)| format!("192.0.2.{first}-192.0.2.{last}"))
                    .into_iter()
                    .collect();
                let elements = elements.into_iter().map(NeId).collect();
                let (first, last) = range.unwrap_or((1, 0));
                (Domain { regions, device_sets, classes, subnets, elements }, first, last)
            },
        )
    }

    fn grant() -> impl Strategy<Value = Grant> {
        let role = proptest::sample::select(vec!["administrator", "operator", "helpdesk", "revisor", "gone"]);
        let domain = proptest::option::weighted(0.8, proptest::sample::select(vec!["a", "b", "c", "gone"]));
        (role, domain)
            .prop_map(|(role, domain)| Grant { role: Role::from(role), domain: domain.map(str::to_owned) })
    }

    proptest! {
        // proves: IAM-05
        #[test]
        fn decision_scope_and_a_plain_reading_of_the_rights_agree(
            elements in proptest::collection::vec(element(), 0..12),
            domains in proptest::collection::vec(domain(), 3),
            grants in proptest::collection::btree_set(grant(), 0..4),
        ) {
            let standing = |(ne, element): (usize, &'_ Element)| -> (i64, Element) { (ne as i64, element.clone()) };
            let elements: Vec<(i64, Element)> = elements.iter().enumerate().map(standing).collect();
            let named: BTreeMap<String, Domain> =
                DOMAINS.iter().zip(&domains).map(|(name, (domain, ..))| ((*name).to_owned(), domain.clone())).collect();
            let standings = elements.iter().map(|(ne, element)| Standing {
                ne: NeId(*ne),
                region: element.region,
                device_sets: &element.sets,
                class: element.class,
                address: [192, 0, 2, element.last].into(),
            });
            let members = Members::of(&named, standings);
            let someone = Identified { grants: grants.clone(), members: Arc::new(members), ..user(Role::Revisor) };
            // What the words of the requirement say, without any of the code that decides.
            let belongs = |element: &Element, ne: i64, domain: &str| {
                let Some(at) = DOMAINS.iter().position(|name| *name == domain) else { return false };
                let (domain, first, last) = &domains[at];
                domain.regions.iter().any(|region| Some(region.as_str()) == element.region)
                    || domain.device_sets.iter().any(|set| element.sets.contains(set))
                    || domain.classes.iter().any(|class| Some(class.as_str()) == element.class)
                    || domain.elements.contains(&NeId(ne))
                    || (*first..=*last).contains(&element.last)
            };
            let reading = OPERATIONS.iter().filter(|line| line.operation.reach() == Reach::Elements);
            for line in reading {
                let Access::Roles(roles) = line.access else { continue };
                let scope = someone.scope(line.operation);
                for (ne, element) in &elements {
                    let expected = grants.iter().any(|grant| {
                        let here = grant.domain.as_deref().is_none_or(|domain| belongs(element, *ne, domain));
                        roles.contains(&grant.role) && here
                    });
                    let object = Object::placed(line.object, Some(NeId(*ne)));
                    let allowed = asked(&someone, line.operation, &object).is_ok();
                    prop_assert_eq!(allowed, expected, "{} of {} by {:?}", line.name, ne, grants);
                    prop_assert_eq!(scope.contains(Some(NeId(*ne))), expected, "the list of {}", line.name);
                }
                let nowhere = asked(&someone, line.operation, &Object::placed(line.object, None)).is_ok();
                prop_assert_eq!(nowhere, scope.contains(None));
            }
        }
    }
}
