//! Accounts, logins, sessions and tokens on a real database.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netwarden_model::{Plane, UserId};
use netwarden_store::testing::{PostgresServer, TestStore};
use netwarden_store::{Condition, ListQuery, Store, StoreConfig, StoreError, execute, query_all, values};
use zeroize::Zeroizing;

use super::at;
use crate::grant::{Grant, has_whole};
use crate::lockout::Locked;
use crate::login::Because;
use crate::password::{Params, PasswordHash, PasswordPolicy, Person};
use crate::{
    ACCOUNTS, Admitted, Attempt, Bar, Circumstances, Identified, Identity, IdentityError, IdentityPolicy,
    Keep, LoginResult, MIGRATIONS, NewUser, Object, ObjectKind, Operation, Presence, Refused, Role, Subject,
    TOKENS, TokenWish, accounts, decide,
};

const PASSWORD: &str = "correct-horse";

struct Case {
    test: TestStore,
    identity: Identity,
}

fn policy(iterations: u32) -> IdentityPolicy {
    let passwords = PasswordPolicy { hash: Params::new(iterations).unwrap(), ..PasswordPolicy::default() };
    IdentityPolicy { passwords: passwords.into(), ..IdentityPolicy::default() }
}

impl Case {
    async fn new() -> Self {
        Self::over(TestStore::sqlite(&[MIGRATIONS]).await.unwrap())
    }

    fn over(test: TestStore) -> Self {
        let identity = Identity::new(test.store.clone(), policy(10_000));
        Self { test, identity }
    }

    async fn user(&self, name: &str, role: Role) -> UserId {
        let password = secret(PASSWORD);
        let person = Person { name, ..Person::default() };
        let password = self.identity.hash_new_password(person, password, [3; 16]).await.unwrap();
        let user = NewUser {
            plane: Plane::Om,
            name: name.to_owned(),
            grants: [role.into()].into(),
            password,
            tenant: None,
            must_change_password: false,
        };
        self.identity.create_user(user, at(0)).await.unwrap()
    }

    async fn login(&self, name: &str, password: &str, from: Option<&str>, second: i64) -> LoginResult {
        let random = std::array::from_fn(|n| (second as u8).wrapping_add(n as u8) ^ name.len() as u8);
        self.identity.login(attempt(name, password, from), at(second), [9; 16], random).await.unwrap()
    }

    async fn admitted(&self, name: &str, second: i64) -> Admitted {
        match self.login(name, PASSWORD, Some("192.0.2.1"), second).await {
            LoginResult::Admitted(admitted) => *admitted,
            LoginResult::Refused(refused) => panic!("{refused:?}"),
        }
    }

    async fn refused(&self, name: &str, password: &str, from: &str, second: i64) -> Refused {
        match self.login(name, password, Some(from), second).await {
            LoginResult::Refused(refused) => refused,
            LoginResult::Admitted(_) => panic!("{name} was let in"),
        }
    }

    async fn session(&self, secret: &str, second: i64) -> Option<Identified> {
        user(self.identity.authenticate_session(secret, None, Presence::Acts, at(second)).await.unwrap())
    }

    async fn token(&self, secret: &str, second: i64) -> Option<Identified> {
        user(self.identity.authenticate_token(secret, None, at(second)).await.unwrap())
    }
}

/// Runs one of the changes of `accounts` in a transaction.
macro_rules! change {
    ($case:expr, |$tx:ident| $call:expr) => {
        $case.test.store.write(move |$tx| Box::pin(async move { $call.await })).await
    };
}

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn attempt(name: &str, password: &str, from: Option<&str>) -> Attempt {
    let address = from.map(|from| from.parse::<IpAddr>().unwrap());
    Attempt {
        plane: Plane::Om,
        name: name.to_owned(),
        password: secret(password),
        address,
        device: String::new(),
    }
}

fn user(subject: Option<Subject>) -> Option<Identified> {
    match subject {
        Some(Subject::User(user)) => Some(user),
        _ => None,
    }
}

/// As at the first start; None where there are users.
async fn first_start(case: &Case, random: &[u8; 36], now: i64) -> Option<Zeroizing<String>> {
    let (password, hash) = case.identity.first_password(Plane::Om, random).await.unwrap()?;
    let made = case
        .test
        .store
        .write(move |tx| Box::pin(async move { accounts::create_admin(tx, Plane::Om, &hash, at(now)).await }))
        .await;
    made.unwrap().map(|_| password)
}

#[tokio::test]
async fn the_first_start_makes_admin_whose_password_must_be_changed() {
    let case = Case::new().await;
    let random: [u8; 36] = std::array::from_fn(|n| n as u8);
    let password = first_start(&case, &random, 0).await.unwrap();
    assert!(first_start(&case, &random, 1).await.is_none(), "once");
    let LoginResult::Admitted(admitted) = case.login("admin", &password, None, 2).await else { panic!() };
    assert!(admitted.user.must_change_password && has_whole(&admitted.user.grants, &Role::Superuser));
    let may = |user: &Identified| {
        let circumstances = Circumstances { at: at(3), address: None };
        decide(&Subject::User(user.clone()), Operation::NeRead, &Object::of(ObjectKind::Ne), &circumstances)
            .allowed
    };
    assert!(!may(&admitted.user));

    let change = async |old: &str, new: &str| {
        let old = attempt("admin", old, None);
        super::change_own_password(&case.identity, &admitted.user, old, secret(new), at(4)).await
    };
    assert!(matches!(change("wrong old one", "brand-new-phrase").await, Err(IdentityError::OldPassword)));
    assert!(matches!(change(&password, &password).await, Err(IdentityError::Refused(_))), "unchanged");
    assert!(matches!(change(&password, "short").await, Err(IdentityError::Refused(_))));
    change(&password, "brand-new-phrase").await.unwrap();
    let user = case.session(&admitted.secret, 5).await.unwrap();
    assert!(!user.must_change_password && may(&user), "the session that changed it goes on");
    let LoginResult::Refused(_) = case.login("admin", &password, None, 6).await else {
        panic!("old password")
    };
}

#[tokio::test]
async fn a_refusal_says_the_same_whatever_the_reason() {
    let case = Case::new().await;
    let bob = case.user("bob", Role::Operator).await;
    case.user("eve", Role::Operator).await;
    change!(case, |tx| accounts::set_enabled(tx, bob, false, at(0))).unwrap();
    let disabled = case.refused("bob", "wrong", "192.0.2.1", 0).await;
    let wrong = case.refused("eve", "wrong", "192.0.2.2", 0).await;
    let unknown = case.refused("mallory", PASSWORD, "192.0.2.3", 0).await;
    let hostile = case.refused(&"'; DROP TABLE x; --".repeat(50), PASSWORD, "192.0.2.4", 0).await;
    let reasons = [disabled.because, wrong.because, unknown.because, hostile.because];
    assert_eq!(
        reasons,
        [Because::WrongPassword, Because::WrongPassword, Because::UnknownUser, Because::UnknownUser]
    );
    let texts: BTreeSet<String> =
        [disabled, wrong, unknown, hostile].iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 1);
    // Who knows the password may know what else is in the way.
    let known = case.refused("bob", PASSWORD, "192.0.2.1", 0).await;
    assert_eq!(known.because, Because::Barred(Bar::Disabled));
    assert!(known.to_string().contains("switched off"), "{known}");
    // The same work is done for who does not exist, with the iterations of new hashes.
    let mut work = Vec::new();
    for (name, from) in [("eve", "192.0.2.5"), ("mallory", "192.0.2.6"), ("bob", "192.0.2.7")] {
        let before = case.identity.password_work();
        case.refused(name, "wrong", from, 1).await;
        work.push(case.identity.password_work() - before);
    }
    assert_eq!(work, [1, 1, 1]);
    let dummy = PasswordHash::dummy(policy(10_000).passwords.hash);
    assert_eq!(
        dummy.params(),
        PasswordHash::make("x", [0; 16], policy(10_000).passwords.hash).unwrap().params()
    );
}

#[tokio::test]
async fn an_account_locks_and_opens_again() {
    let case = Case::new().await;
    case.user("bob", Role::Operator).await;
    for second in 0..4 {
        let refused = case.refused("bob", "wrong", "192.0.2.1", second).await;
        assert_eq!((refused.because, refused.locked), (Because::WrongPassword, None));
        assert_eq!(refused.failures_since_success, second + 1);
    }
    let fifth = case.refused("bob", "wrong", "192.0.2.1", 4).await;
    assert_eq!(fifth.locked, Some(Locked::Account));
    // The right password does not help, from nowhere; others are not hindered.
    let locked = case.refused("bob", PASSWORD, "192.0.2.9", 5).await;
    assert_eq!(locked.because, Because::Locked(Locked::Account));
    case.user("eve", Role::Operator).await;
    case.admitted("eve", 6).await;
    case.admitted("Bob ", 4 + 1800).await;

    for second in 2_000..2_005 {
        case.refused("bob", "wrong", "192.0.2.1", second).await;
    }
    change!(case, |tx| Identity::unlock(tx, Plane::Om, "bob")).unwrap();
    case.admitted("bob", 2_010).await;
}

#[tokio::test]
async fn guesses_sent_at_once_do_not_outrun_the_lock() {
    let case = Case::new().await;
    case.user("bob", Role::Operator).await;
    let from = Some("192.0.2.1");
    // All are checked before any is settled, the right one among them last.
    let mut checked = Vec::new();
    for n in 0..7 {
        let password = if n == 6 { PASSWORD } else { "wrong" };
        checked.push(case.identity.check(attempt("bob", password, from), at(0), [9; 16]).await.unwrap());
    }
    let mut results = Vec::new();
    for checked in checked {
        let identity = case.identity.clone();
        let result = change!(case, |tx| identity.settle_login(tx, &checked, at(0), &[1; 32])).unwrap();
        results.push(result);
    }
    let LoginResult::Refused(last) = results.pop().unwrap() else { panic!("the seventh guess was let in") };
    assert_eq!(last.because, Because::Locked(Locked::Account));
}

#[tokio::test]
async fn an_address_locks_over_many_names_and_admin_never_does() {
    let case = Case::new().await;
    let random: [u8; 36] = std::array::from_fn(|n| n as u8);
    let password = first_start(&case, &random, 0).await.unwrap();
    for n in 0..9 {
        let refused = case.refused(&format!("user{n}"), "guess", "2001:db8::1", n).await;
        assert_eq!(refused.locked, None);
    }
    let tenth = case.refused("user9", "guess", "2001:db8::2", 9).await;
    assert_eq!(tenth.locked, Some(Locked::Address), "one /64 is one caller");
    let before = case.identity.password_work();
    case.refused("user3", "guess", "2001:db8::9", 9).await;
    assert_eq!(case.identity.password_work(), before, "a locked address costs no work");
    let admin = case.refused("admin", &password, "2001:db8::3", 10).await;
    assert_eq!(admin.because, Because::Locked(Locked::Address));
    // From elsewhere admin gets in, whatever was tried, and locally always.
    for n in 0..5 {
        case.refused("admin", "guess", "198.51.100.7", 20 + n).await;
    }
    let locked = case.refused("admin", &password, "198.51.100.7", 26).await;
    assert_eq!(locked.because, Because::Locked(Locked::Address));
    assert!(matches!(
        case.login("admin", &password, Some("203.0.113.1"), 27).await,
        LoginResult::Admitted(_)
    ));
    assert!(matches!(case.login("admin", &password, None, 28).await, LoginResult::Admitted(_)));
    assert!(matches!(
        case.login("admin", &password, Some("198.51.100.7"), 24 + 600).await,
        LoginResult::Admitted(_)
    ));
    // Names that cannot be are counted by address alone: the table does not fill.
    for n in 0..5 {
        case.refused(&format!("no such name {n}"), "x", "192.0.2.200", 700 + n).await;
    }
    let rows = query_all(
        case.test.store.read(),
        "SELECT counted FROM identity_tally WHERE counted LIKE '%no such%'",
        [],
    )
    .await
    .unwrap();
    assert!(rows.is_empty());
}

#[tokio::test]
async fn a_hash_of_other_parameters_is_renewed_at_login() {
    let case = Case::new().await;
    case.user("bob", Role::Operator).await;
    let stronger = Identity::new(case.test.store.clone(), policy(12_000));
    let result = stronger.login(attempt("bob", PASSWORD, None), at(1), [5; 16], [1; 32]).await.unwrap();
    assert!(matches!(result, LoginResult::Admitted(_)));
    let stored =
        crate::sql::user_by_name(case.test.store.read(), Plane::Om, "bob").await.unwrap().unwrap().password;
    assert_eq!(PasswordHash::decode(&stored).unwrap().params().iterations(), Some(12_000));
    assert!(matches!(case.login("bob", PASSWORD, None, 2).await, LoginResult::Admitted(_)));
}

#[tokio::test]
async fn sessions_end_when_idle_in_any_case_and_at_logout() {
    let case = Case::new().await;
    let bob = case.user("bob", Role::Operator).await;
    let first = case.admitted("bob", 0).await;
    assert_eq!(case.session(&first.secret, 10).await.unwrap().user, bob);
    assert!(case.session(&first.secret, 1799).await.is_some(), "just in time");
    assert!(case.session(&first.secret, 1799 + 1799).await.is_some(), "being used keeps it alive");
    assert!(case.session(&first.secret, 1799 + 1799 + 1800).await.is_none(), "idle for 30 minutes");

    let second = case.admitted("bob", 1).await;
    for minutes in (20..720).step_by(20) {
        assert!(case.session(&second.secret, minutes * 60).await.is_some(), "{minutes}");
    }
    assert!(case.session(&second.secret, 720 * 60).await.is_some(), "a second is left");
    assert!(case.session(&second.secret, 720 * 60 + 1).await.is_none(), "twelve hours are the end");

    let third = case.admitted("bob", 3).await;
    let crate::Through::Session(id) = third.user.through else { panic!() };
    assert_eq!(accounts::owner_of_session(case.test.store.read(), id).await.unwrap(), bob);
    change!(case, |tx| accounts::end_session(tx, id)).unwrap();
    assert!(case.session(&third.secret, 5).await.is_none());
    for wrong in ["", "nws_x", "nwt_AAAA"] {
        assert!(case.session(wrong, 5).await.is_none());
    }
    // Of the secrets, nothing stands in the database.
    let rows =
        query_all(case.test.store.read(), "SELECT hex(digest) FROM identity_session", []).await.unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let digest: String = row.try_get_by_index(0).unwrap();
        assert_eq!(digest.len(), 64);
    }
}

#[tokio::test]
async fn changes_of_rights_take_effect_at_the_next_request() {
    let case = Case::new().await;
    let bob = case.user("bob", Role::Operator).await;
    let admitted = case.admitted("bob", 0).await;
    let version = case.identity.policy_version().await.unwrap();
    assert_eq!(admitted.user.policy_version, version);
    change!(case, |tx| accounts::set_grants(tx, bob, &[Role::Revisor.into()].into())).unwrap();
    let user = case.session(&admitted.secret, 1).await.unwrap();
    assert_eq!(user.grants, [Role::Revisor.into()].into());
    assert!(user.policy_version > version);
    change!(case, |tx| accounts::set_enabled(tx, bob, false, at(0))).unwrap();
    assert!(case.session(&admitted.secret, 2).await.is_none());
    change!(case, |tx| accounts::set_enabled(tx, bob, true, at(0))).unwrap();
    assert!(case.session(&admitted.secret, 3).await.is_none(), "ended is ended");

    let again = case.admitted("bob", 4).await;
    let reset = PasswordHash::make("another password", [1; 16], policy(10_000).passwords.hash).unwrap();
    change!(case, |tx| accounts::set_password(tx, bob, &reset, true, Keep::Nothing, at(5))).unwrap();
    assert!(case.session(&again.secret, 6).await.is_none());
    let LoginResult::Admitted(fresh) = case.login("bob", "another password", None, 7).await else { panic!() };
    assert!(fresh.user.must_change_password);
    change!(case, |tx| accounts::delete_user(tx, bob)).unwrap();
    assert!(case.session(&fresh.secret, 8).await.is_none());
}

#[tokio::test]
async fn what_accounts_cannot_be_is_refused() {
    let case = Case::new().await;
    first_start(&case, &[7; 36], 0).await.unwrap();
    let admin = case.identity.find_user(Plane::Om, "admin").await.unwrap().user;
    case.user("bob", Role::Helpdesk).await;
    let hash = PasswordHash::make("whatever it is", [1; 16], policy(10_000).passwords.hash).unwrap();
    let new = |name: &str, roles: &[&str]| NewUser {
        plane: Plane::Om,
        name: name.to_owned(),
        grants: roles.iter().map(|role| Grant::from(*role)).collect(),
        password: hash.clone(),
        tenant: None,
        must_change_password: true,
    };
    let made = async |user| case.identity.create_user(user, at(1)).await;
    assert!(matches!(made(new("BOB", &["operator"])).await, Err(IdentityError::NameTaken(_))));
    for name in ["", "two words", "ä", &"x".repeat(65)] {
        assert!(matches!(made(new(name, &["operator"])).await, Err(IdentityError::BadName(_))), "{name}");
    }
    assert!(matches!(made(new("eve", &[])).await, Err(IdentityError::NoRole)));
    assert!(matches!(made(new("eve", &["root"])).await, Err(IdentityError::NoSuchRole(_))));
    assert!(matches!(made(new("eve", &["operator@north"])).await, Err(IdentityError::NoSuchDomain(_))));
    let stays = |result| assert!(matches!(result, Err(IdentityError::AdminStays)));
    stays(change!(case, |tx| accounts::set_enabled(tx, admin, false, at(0))));
    stays(change!(case, |tx| accounts::delete_user(tx, admin)));
    stays(change!(case, |tx| accounts::set_grants(tx, admin, &[Role::Operator.into()].into())));
    let nobody = UserId(99);
    let missing = change!(case, |tx| accounts::set_enabled(tx, nobody, true, at(0)));
    assert!(matches!(missing, Err(IdentityError::NoSuchUser(_))));
    let names = ListQuery::unscoped(&ACCOUNTS).filter("name", Condition::Prefix("b".into())).unwrap();
    let listed = case.identity.list_users(&names).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].name.as_str(), listed[0].enabled), ("bob", true));
}

// proves: IAM-17
#[tokio::test]
async fn tokens_are_scoped_expiring_shown_once_and_revocable() {
    let case = Case::new().await;
    let bob = case.user("bob", Role::Operator).await;
    let session = Subject::User(case.admitted("bob", 0).await.user);
    let wish = |operations: &[Operation], expires| TokenWish {
        user: bob,
        label: "inventory script".to_owned(),
        operations: operations.iter().copied().collect(),
        domains: BTreeSet::new(),
        expires: at(expires),
    };
    let make = async |creator: &Subject, wish, random: u8| {
        case.identity.create_token(creator.clone(), wish, at(1), [random; 32]).await
    };
    let two = [Operation::EndpointRead, Operation::TokenCreateOwn];
    let token = make(&session, wish(&two, 1_000), 1).await.unwrap();
    let user = case.token(&token.secret, 2).await.unwrap();
    let allowed = |operation: Operation| {
        let object = Object::owned(operation.object(), bob);
        decide(&Subject::User(user.clone()), operation, &object, &Circumstances { at: at(2), address: None })
            .allowed
    };
    assert!(allowed(Operation::EndpointRead) && !allowed(Operation::EndpointBlock));
    assert!(case.token(&token.secret, 999).await.is_some());
    assert!(case.token(&token.secret, 1_000).await.is_none(), "it has ended");

    // A token makes no wider and no longer one.
    let by_token = Subject::User(user.clone());
    make(&by_token, wish(&[Operation::EndpointRead], 1_000), 2).await.unwrap();
    for wider in [wish(&[Operation::EndpointBlock], 500), wish(&[Operation::EndpointRead], 1_001)] {
        assert!(matches!(make(&by_token, wider, 3).await, Err(IdentityError::WiderToken)));
    }
    assert!(matches!(make(&session, wish(&[], 500), 3).await, Err(IdentityError::NoOperation)));
    for end in [1, 367 * 86_400 + 2] {
        assert!(matches!(make(&session, wish(&two, end), 3).await, Err(IdentityError::TokenEnd(_))));
    }

    // Nothing shows the secret again.
    let listed = case.identity.list_tokens(&ListQuery::unscoped(&TOKENS)).await.unwrap().items;
    assert_eq!(listed.len(), 2);
    assert!(!format!("{listed:?}").contains(&token.secret[4..]));
    let id = token.id;
    assert_eq!(accounts::owner_of_token(case.test.store.read(), id).await.unwrap(), bob);
    change!(case, |tx| accounts::revoke_token(tx, id, at(3))).unwrap();
    assert!(case.token(&token.secret, 4).await.is_none());
    let twice = change!(case, |tx| accounts::revoke_token(tx, id, at(3)));
    assert!(matches!(twice, Err(IdentityError::NoSuchToken(_))));

    let second = make(&session, wish(&two, 1_000), 4).await.unwrap();
    change!(case, |tx| accounts::set_enabled(tx, bob, false, at(0))).unwrap();
    assert!(case.token(&second.secret, 5).await.is_none(), "of a disabled user");
}

#[tokio::test]
async fn the_local_socket_knows_mapped_users_only() {
    let case = Case::new().await;
    let bob = case.user("bob", Role::Operator).await;
    assert!(
        case.identity.authenticate_local(Plane::Om, 0, at(9_000)).await.unwrap().is_none(),
        "not even root"
    );
    change!(case, |tx| accounts::map_local_uid(tx, 1000, bob, true)).unwrap();
    let local = user(case.identity.authenticate_local(Plane::Om, 1000, at(9_000)).await.unwrap()).unwrap();
    assert_eq!((local.user, local.through), (bob, crate::Through::LocalUid(1000)));
    let nobody = change!(case, |tx| accounts::map_local_uid(tx, 1001, UserId(99), true));
    assert!(matches!(nobody, Err(IdentityError::NoSuchUser(_))));
    change!(case, |tx| accounts::map_local_uid(tx, 1000, bob, false)).unwrap();
    assert!(case.identity.authenticate_local(Plane::Om, 1000, at(9_000)).await.unwrap().is_none());
}

#[tokio::test]
async fn postgresql_knows_the_same_accounts() {
    let Some(test) = TestStore::postgres(&[MIGRATIONS]).await.unwrap() else { return };
    let case = Case::over(test);
    let bob = case.user("bob", Role::Operator).await;
    for second in 0..5 {
        case.refused("bob", "wrong", "192.0.2.1", second).await;
    }
    let locked = case.refused("bob", PASSWORD, "192.0.2.9", 5).await;
    assert_eq!(locked.because, Because::Locked(Locked::Account));
    let admitted = case.admitted("bob", 4_000).await;
    assert!(case.session(&admitted.secret, 4_100).await.is_some());
    let wish = TokenWish {
        user: bob,
        label: String::new(),
        operations: [Operation::EndpointRead].into(),
        domains: BTreeSet::new(),
        expires: at(9_000),
    };
    let creator = Subject::User(admitted.user);
    let token = case.identity.create_token(creator, wish, at(4_000), [8; 32]).await.unwrap();
    assert!(case.token(&token.secret, 4_001).await.is_some());
    assert!(matches!(
        case.identity
            .create_user(
                NewUser {
                    plane: Plane::Om,
                    name: "bob".into(),
                    grants: [Role::Operator.into()].into(),
                    password: PasswordHash::dummy(Params::default()),
                    tenant: None,
                    must_change_password: false,
                },
                at(0)
            )
            .await,
        Err(IdentityError::NameTaken(_))
    ));
    let listed = case.identity.list_users(&ListQuery::unscoped(&ACCOUNTS)).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    change!(case, |tx| accounts::delete_user(tx, bob)).unwrap();
}

#[tokio::test]
async fn a_full_disk_throws_nobody_out() {
    let case = Case::new().await;
    case.user("bob", Role::Operator).await;
    let admitted = case.admitted("bob", 0).await;
    case.test.store.use_reserve().await.unwrap();
    let refused = case.identity.login(attempt("bob", PASSWORD, None), at(1), [9; 16], [1; 32]).await;
    assert!(matches!(refused, Err(IdentityError::Store(StoreError::DiskFull))), "{refused:?}");
    assert!(case.session(&admitted.secret, 100).await.is_some());
}

// proves: IAM-01
#[tokio::test]
async fn accounts_from_before_there_were_planes_are_the_networks_and_admin_is_its_super_user() {
    let folder = tempfile::tempdir().unwrap();
    let server = PostgresServer::start().unwrap();
    let mut file = StoreConfig::sqlite(folder.path().join("old.db"));
    file.reserve_bytes = 64 << 10;
    let there = server.as_ref().map(|server| StoreConfig::postgres(&server.url));
    for config in std::iter::once(file).chain(there) {
        let before = MIGRATIONS.iter().position(|one| one.name == "identity-0007-planes").unwrap();
        let old = Store::open(config.clone(), &[&MIGRATIONS[..before]]).await.unwrap();
        let fill = old.write(|tx| {
            Box::pin(async move {
                for (name, roles) in [("admin", "administrator"), ("bob", "night operator@north")] {
                    let sql = "INSERT INTO identity_user (name, roles, password, enabled, must_change, created, \
                               failures_since) VALUES ($1, $2, 'x', $3, $4, 0, 0)";
                    execute(tx, sql, values![name, roles, true, false]).await?;
                }
                let mapped = "INSERT INTO identity_local_uid (uid, user_id) SELECT 4711, id FROM identity_user \
                              WHERE name = 'bob'";
                execute(tx, mapped, []).await?;
                let role = "INSERT INTO identity_role (name, description, operations, changed_at, changed_by) \
                            VALUES ('night', '', 'port.off', 0, 'admin')";
                execute(tx, role, []).await?;
                Ok::<(), IdentityError>(())
            })
        });
        fill.await.unwrap();
        drop(old);
        let identity = Identity::new(Store::open(config, &[MIGRATIONS]).await.unwrap(), policy(10_000));
        let admin = identity.find_user(Plane::Om, "admin").await.unwrap();
        assert_eq!(admin.grants, [Role::Superuser.into()].into());
        let bob = identity.find_user(Plane::Om, "bob").await.unwrap();
        assert_eq!(bob.grants, ["night", "operator@north"].map(Grant::from).into());
        assert!(bob.roles.has(&Role::from("night"), Operation::PortOff) && bob.plane() == Plane::Om);
        let local = async |plane| identity.authenticate_local(plane, 4711, at(0)).await.unwrap();
        assert!(matches!(local(Plane::Om).await, Some(Subject::User(user)) if user.name == "bob"));
        assert_eq!(local(Plane::Management).await, None);
        // The name is free in the other planes, and taken in its own.
        let password =
            identity.hash_new_password(Person::default(), secret(PASSWORD), [3; 16]).await.unwrap();
        for (plane, role, is_free) in
            [(Plane::Management, Role::Monitors, true), (Plane::Om, Role::Guest, false)]
        {
            let password = password.clone();
            let grants = [role.into()].into();
            let user = NewUser {
                plane,
                name: "bob".into(),
                grants,
                password,
                tenant: None,
                must_change_password: false,
            };
            assert_eq!(identity.create_user(user, at(0)).await.is_ok(), is_free, "{plane}");
        }
    }
}
