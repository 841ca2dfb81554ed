//! Tenants: whose users see and do what, as decisions, as lists, and as they are kept.

use std::sync::Arc;

use netwarden_model::{TenantId, UserId};
use netwarden_store::testing::{PostgresServer, TestStore};
use netwarden_store::{Condition, ListQuery, Store, StoreConfig, Tx, execute, values};

use super::at;
use super::deciding::{asked, user};
use crate::tenant::{TenantKind, TenantPath};
use crate::tenants::{self, NewTenant, TENANTS};
use crate::{
    AuditReach, Because, Identified, Identity, IdentityError, IdentityPolicy, MIGRATIONS, Object, ObjectKind,
    Operation, Plane, Role, Roles, Separation, Subject, TenantScope, audit_reach,
};

/// An agency, an agency of its, a company of that one, and a company of the operator's.
const TREE: [&[i64]; 4] = [&[1], &[1, 2], &[1, 2, 3], &[4]];

fn path(ids: &[i64]) -> TenantPath {
    let text: String = ids.iter().map(|id| format!("{id}/")).collect();
    TenantPath::read(&text).unwrap()
}

fn of(tenant: Option<&[i64]>, role: Role) -> Identified {
    let roles = Arc::new(Roles::new(Plane::Tenant, Separation::Strict, []));
    Identified { tenant: tenant.map(path), roles, ..user(role) }
}

fn account(tenant: Option<&[i64]>) -> Object {
    let grants = [Role::BasisTenant.into()].into();
    Object::account(ObjectKind::User, UserId(8), Plane::Tenant, grants).of_tenant(tenant.map(path))
}

#[test]
fn a_place_among_tenants_is_written_and_read() {
    for ids in TREE {
        let place = path(ids);
        assert_eq!(TenantPath::read(&place.to_string()), Some(place.clone()));
        assert_eq!((place.id(), place.depth()), (TenantId(*ids.last().unwrap()), ids.len() - 1));
    }
    assert_eq!(TenantPath::below(Some(&path(&[1])), TenantId(2)), path(&[1, 2]));
    for nothing in ["", "/", "1", "1//", "x/", "/1/"] {
        assert_eq!(TenantPath::read(nothing), None, "{nothing}");
    }
    // What begins alike is not the same.
    assert!(!path(&[12]).is_within(&path(&[1])));
}

// proves: IAM-21
#[test]
fn users_of_a_tenant_see_and_do_what_is_its_alone_and_agencies_what_is_below_them() {
    for own in TREE {
        for role in [Role::Agency, Role::CompanyTenant] {
            let somebody = of(Some(own), role.clone());
            let scope = somebody.tenants(Operation::UserRead);
            for tenant in TREE {
                let expected = tenant == own || (role == Role::Agency && tenant.starts_with(own));
                let listed = match &scope {
                    TenantScope::Within(outer) => path(tenant).is_within(outer),
                    TenantScope::Only(only) => path(tenant) == *only,
                    TenantScope::All => true,
                    TenantScope::None => false,
                };
                assert_eq!(listed, expected, "{role} of {own:?} sees {tenant:?}");
                for operation in [
                    Operation::UserRead,
                    Operation::UserCreate,
                    Operation::UserModify,
                    Operation::UserSetRoles,
                    Operation::UserResetPassword,
                    Operation::UserDelete,
                ] {
                    let answer = asked(&somebody, operation, &account(Some(tenant)));
                    assert_eq!(answer.is_ok(), expected, "{role} of {own:?}: {operation} in {tenant:?}");
                    if !expected {
                        assert_eq!(answer, Err(Because::OtherTenant));
                    }
                }
                for kind in [ObjectKind::Session, ObjectKind::Token, ObjectKind::Factor] {
                    let operation = match kind {
                        ObjectKind::Session => Operation::SessionEnd,
                        ObjectKind::Token => Operation::TokenRevoke,
                        _ => Operation::FactorReset,
                    };
                    let object = Object { kind, ..account(Some(tenant)) };
                    assert_eq!(asked(&somebody, operation, &object).is_ok(), expected, "{operation}");
                }
            }
            // What belongs to no tenant, or is not there, is answered as what is another's.
            for object in [account(None), Object::everywhere(ObjectKind::User)] {
                assert_eq!(asked(&somebody, Operation::UserRead, &object), Err(Because::OtherTenant));
            }
            // The trail and the roles are the plane's as a whole.
            assert_eq!(audit_reach(&Subject::User(somebody.clone())), AuditReach::Nothing);
            let made = Roles::new(
                Plane::Tenant,
                Separation::Strict,
                [("all".to_owned(), [Operation::AuditRead, Operation::RoleRead].into())],
            );
            let wide = Identified { roles: Arc::new(made), ..of(Some(own), Role::from("all")) };
            for operation in [Operation::AuditRead, Operation::RoleRead] {
                let denied = asked(&wide, operation, &Object::of(operation.object()));
                assert_eq!(denied, Err(Because::OtherTenant), "{operation}");
            }
            assert_eq!(audit_reach(&Subject::User(wide)), AuditReach::Nothing);
        }
    }
    let admin = of(None, Role::Superuser);
    assert_eq!(admin.tenants(Operation::UserRead), TenantScope::All);
    assert!(TREE.iter().all(|tenant| asked(&admin, Operation::UserDelete, &account(Some(tenant))).is_ok()));
    // An account without a tenant that is not the super user is nobody's.
    let stray = of(None, Role::CompanyTenant);
    assert_eq!(stray.tenants(Operation::UserRead), TenantScope::None);
    for object in [account(None), account(Some(&[4]))] {
        assert_eq!(asked(&stray, Operation::UserRead, &object), Err(Because::OtherTenant));
    }
}

// proves: IAM-21
#[test]
fn agencies_keep_the_tenants_below_them_and_not_themselves() {
    let tenant = |ids: &[i64]| Object::of(ObjectKind::Tenant).of_tenant(Some(path(ids)));
    let agency = of(Some(&[1]), Role::Agency);
    for operation in [Operation::TenantModify, Operation::TenantDelete, Operation::TenantAddAdministrator] {
        for (ids, expected) in [(TREE[0], false), (TREE[1], true), (TREE[2], true), (TREE[3], false)] {
            assert_eq!(asked(&agency, operation, &tenant(ids)).is_ok(), expected, "{operation} {ids:?}");
        }
        assert!(asked(&of(Some(&[4]), Role::CompanyTenant), operation, &tenant(&[4])).is_err());
    }
    // Made below it, and nowhere else.
    assert!(asked(&agency, Operation::TenantCreate, &tenant(&[1])).is_ok());
    for elsewhere in [Object::of(ObjectKind::Tenant), tenant(&[4])] {
        assert_eq!(asked(&agency, Operation::TenantCreate, &elsewhere), Err(Because::OtherTenant));
    }
    // Who keeps the users of an agency gives none of them the keeping of its tenants, nor takes over who has it.
    let clerk = of(Some(&[1]), Role::CompanyTenant);
    let colleague = |role: Role| Object { grants: [role.into()].into(), ..account(Some(&[1])) };
    for operation in [
        Operation::UserCreate,
        Operation::UserSetRoles,
        Operation::UserResetPassword,
        Operation::FactorReset,
        Operation::UserDelete,
    ] {
        let of_kind = |object: Object| Object { kind: operation.object(), ..object };
        assert!(asked(&clerk, operation, &of_kind(colleague(Role::BasisTenant))).is_ok(), "{operation}");
        let denied = asked(&clerk, operation, &of_kind(colleague(Role::Agency)));
        assert_eq!(denied, Err(Because::WiderRole("agency_role".into())), "{operation}");
        assert!(asked(&agency, operation, &of_kind(colleague(Role::Agency))).is_ok(), "{operation}");
    }
    // In the network's plane who keeps tenants keeps nothing else.
    let keeper = Identified {
        roles: Arc::new(Roles::new(Plane::Om, Separation::Strict, [])),
        ..user(Role::TenantAdministrators)
    };
    assert!(asked(&keeper, Operation::TenantCreate, &Object::of(ObjectKind::Tenant)).is_ok());
    assert!(asked(&keeper, Operation::TenantDelete, &tenant(&[4])).is_ok());
    for operation in [Operation::UserRead, Operation::NeRead, Operation::AuditRead] {
        assert!(asked(&keeper, operation, &Object::of(operation.object())).is_err(), "{operation}");
    }
    let administrators = Identified { grants: [Role::Administrators.into()].into(), ..keeper.clone() };
    assert!(asked(&administrators, Operation::TenantRead, &Object::of(ObjectKind::Tenant)).is_ok());
    assert!(asked(&administrators, Operation::TenantAddAdministrator, &tenant(&[4])).is_err());
    for role in [Role::Guest, Role::MaintenanceGroup, Role::OperatorGroup, Role::SmManagers] {
        let other = Identified { grants: [role.clone().into()].into(), ..keeper.clone() };
        let list = Object::of(ObjectKind::Tenant);
        assert!(asked(&other, Operation::TenantRead, &list).is_err(), "{role}");
        assert!(asked(&other, Operation::TenantCreate, &list).is_err(), "{role}");
    }
}

async fn made(identity: &Identity, tenant: NewTenant) -> Result<TenantPath, IdentityError> {
    identity
        .store
        .write(move |tx| Box::pin(async move { tenants::create(tx, &tenant, "admin", at(1)).await }))
        .await
}

fn new(name: &str, kind: TenantKind, above: Option<TenantPath>) -> NewTenant {
    NewTenant { name: name.to_owned(), kind, above, description: String::new() }
}

// proves: IAM-21
#[tokio::test]
async fn tenants_are_kept_below_agencies() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let identity = Identity::new(test.store.clone(), IdentityPolicy::default());
        let agency = made(&identity, new(" Reseller ", TenantKind::Agency, None)).await.unwrap();
        let acme = made(&identity, new("acme", TenantKind::Company, Some(agency.clone()))).await.unwrap();
        assert!(acme.is_within(&agency) && acme != agency);
        for (tenant, expected) in [
            (new("acme", TenantKind::Basic, None), "there is a tenant 'acme' already"),
            (new("a b", TenantKind::Basic, None), "'a b' is no name of a tenant"),
            (new("x", TenantKind::Basic, Some(acme.clone())), "only an agency keeps other tenants"),
            (new("y", TenantKind::Basic, Some(path(&[99]))), "there is no tenant '99/'"),
        ] {
            let refused = made(&identity, tenant).await.unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
        let mut deepest = agency.clone();
        for depth in 1..=7 {
            deepest =
                made(&identity, new(&format!("a{depth}"), TenantKind::Agency, Some(deepest))).await.unwrap();
        }
        let deeper = made(&identity, new("too-deep", TenantKind::Basic, Some(deepest))).await;
        assert!(matches!(deeper, Err(IdentityError::AgenciesAbove(7))), "{deeper:?}");

        let within = ListQuery::unscoped(&TENANTS)
            .filter("path", Condition::Prefix(agency.to_string().as_str().into()))
            .unwrap();
        let listed = identity.list_tenants(&within).await.unwrap().items;
        assert_eq!(listed.len(), 9);
        let found = |name: &str| listed.iter().find(|tenant| tenant.name == name).unwrap().clone();
        assert_eq!(found("acme").agency.as_deref(), Some("reseller"));
        let (kept, gone) = (found("reseller"), found("acme"));
        let deleted = |tenant| {
            test.store.write(move |tx: &Tx| Box::pin(async move { tenants::delete(tx, &tenant).await }))
        };
        assert!(matches!(deleted(kept).await, Err(IdentityError::TenantKeepsOthers(2))));
        deleted(gone.clone()).await.unwrap();
        assert!(matches!(deleted(gone).await, Err(IdentityError::NoSuchTenant(_))));
    }
}

#[tokio::test]
async fn who_was_on_the_tenants_plane_before_belongs_to_one_customer() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::start().unwrap();
    let mut file = StoreConfig::sqlite(folder.path().join("old.db"));
    file.reserve_bytes = 64 << 10;
    let there = server.as_ref().map(|server| StoreConfig::postgres(&server.url));
    let before = MIGRATIONS.iter().position(|one| one.name == "identity-0013-tenants").unwrap();
    for config in std::iter::once(file).chain(there) {
        let old = Store::open(config.clone(), &[&MIGRATIONS[..before]]).await.unwrap();
        let fill = old.write(|tx| {
            Box::pin(async move {
                for (plane, name) in [("tenant", "admin"), ("tenant", "kim"), ("om", "lee")] {
                    let sql = "INSERT INTO identity_user (name, roles, password, enabled, must_change, created, \
                               failures_since, plane, login) VALUES ($1, 'x', '', $2, $2, 0, 0, $3, $4)";
                    execute(tx, sql, values![name, true, plane, format!("{plane}/{name}")]).await?;
                }
                Ok::<(), IdentityError>(())
            })
        });
        fill.await.unwrap();
        drop(old);
        let identity =
            Identity::new(Store::open(config, &[MIGRATIONS]).await.unwrap(), IdentityPolicy::default());
        for (plane, name, tenant) in
            [(Plane::Om, "lee", None), (Plane::Tenant, "admin", None), (Plane::Tenant, "kim", Some("1/"))]
        {
            let found = identity.find_user(plane, name).await.unwrap().tenant;
            assert_eq!(found.map(|tenant| tenant.to_string()).as_deref(), tenant, "{name}");
        }
        let customer = identity.list_tenants(&ListQuery::unscoped(&TENANTS)).await.unwrap().items;
        assert_eq!((customer[0].name.as_str(), customer[0].users), ("customer", 1));
    }
}
