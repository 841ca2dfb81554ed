//! Logins on a real database: what is in their way, what users are told afterwards, what becomes of accounts
//! that nobody uses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netwarden_model::{Plane, UserId};
use netwarden_store::testing::TestStore;
use netwarden_store::{Condition, Count, ListQuery};
use zeroize::Zeroizing;

use super::at;
use crate::login::{self, Because};
use crate::login_policies::{self, PolicyKind};
use crate::password::{Params, PasswordPolicy, Person, StandIns};
use crate::{
    ACCOUNTS, Account, AccountPolicy, Admitted, Attempt, AttributesEdit, Bar, Identified, Identity,
    IdentityError, IdentityPolicy, LOGIN_POLICIES, LOGINS, LoginMode, LoginResult, MIGRATIONS, NewUser,
    Presence, Role, Subject, Through, TokenWish, Unused, UnusedAct, accounts,
};

const PASSWORD: &str = "correct-horse";
const HERE: &str = "192.0.2.1";

struct Case {
    test: TestStore,
    identity: Identity,
}

impl Case {
    async fn new() -> Self {
        Self::over(TestStore::sqlite(&[MIGRATIONS]).await.unwrap())
    }

    fn over(test: TestStore) -> Self {
        let hash = Params::new(10_000).unwrap();
        let passwords = PasswordPolicy { hash, ..PasswordPolicy::default() };
        let policy = IdentityPolicy { passwords: passwords.into(), ..IdentityPolicy::default() };
        let identity = Identity::new(test.store.clone(), policy);
        Self { test, identity }
    }

    async fn user(&self, name: &str) -> UserId {
        let password = Zeroizing::new(PASSWORD.to_owned());
        let person = Person { name, ..Person::default() };
        let password = self.identity.hash_new_password(person, password, [3; 16]).await.unwrap();
        let grants = [Role::Administrator.into()].into();
        let user = NewUser {
            plane: Plane::Om,
            name: name.to_owned(),
            grants,
            password,
            tenant: None,
            must_change_password: false,
        };
        self.identity.create_user(user, at(0)).await.unwrap()
    }

    async fn login(&self, name: &str, password: &str, from: Option<&str>, second: i64) -> LoginResult {
        let password = Zeroizing::new(password.to_owned());
        let address = from.map(|from| from.parse::<IpAddr>().unwrap());
        let attempt =
            Attempt { plane: Plane::Om, name: name.to_owned(), password, address, device: String::new() };
        let random = std::array::from_fn(|n| second.to_le_bytes()[n % 8] ^ n as u8 ^ name.len() as u8);
        self.identity.login(attempt, at(second), [9; 16], random).await.unwrap()
    }

    async fn admitted(&self, name: &str, second: i64) -> Admitted {
        match self.login(name, PASSWORD, Some(HERE), second).await {
            LoginResult::Admitted(admitted) => *admitted,
            LoginResult::Refused(refused) => panic!("{refused:?}"),
        }
    }

    async fn because(&self, name: &str, from: Option<&str>, second: i64) -> Option<Because> {
        match self.login(name, PASSWORD, from, second).await {
            LoginResult::Refused(refused) => Some(refused.because),
            LoginResult::Admitted(_) => None,
        }
    }

    async fn session(&self, secret: &str, from: Option<&str>, second: i64) -> Option<Identified> {
        let from = from.map(|from| from.parse().unwrap());
        match self.identity.authenticate_session(secret, from, Presence::Acts, at(second)).await.unwrap() {
            Some(Subject::User(user)) => Some(user),
            _ => None,
        }
    }

    async fn edit(&self, user: UserId, edit: AttributesEdit, second: i64) -> Result<(), IdentityError> {
        self.test
            .store
            .write(move |tx| {
                Box::pin(async move { accounts::set_attributes(tx, user, edit, at(second)).await })
            })
            .await
    }

    async fn policy(&self, name: &'static str, kind: PolicyKind, lines: &'static str) {
        self.test
            .store
            .write(move |tx| {
                Box::pin(async move { login_policies::create(tx, name, kind, lines, "admin", at(0)).await })
            })
            .await
            .unwrap();
    }

    async fn follow(
        &self,
        user: UserId,
        addresses: Option<Option<&str>>,
        hours: Option<Option<&str>>,
    ) -> Result<(), IdentityError> {
        let owned = |wish: Option<Option<&str>>| wish.map(|name| name.map(str::to_owned));
        let (addresses, hours) = (owned(addresses), owned(hours));
        self.test
            .store
            .write(move |tx| {
                Box::pin(async move { accounts::set_login_policies(tx, user, addresses, hours).await })
            })
            .await
    }

    fn set(&self, accounts: AccountPolicy) {
        self.identity.use_accounts(accounts);
    }

    async fn account(&self, name: &str) -> Account {
        let query = ListQuery::unscoped(&ACCOUNTS).filter("name", Condition::Eq(name.into())).unwrap();
        self.identity.list_users(&query).await.unwrap().items.pop().unwrap()
    }
}

// proves: IAM-11
#[tokio::test]
async fn a_login_policy_keeps_out_at_login_and_from_the_next_request_on() {
    let case = Case::new().await;
    let bob = case.user("bob").await;
    case.policy("office", PolicyKind::Addresses, "192.0.2.0/24").await;
    // The tests' clock begins on Tuesday, 2023-11-14 22:13:20 UTC.
    case.policy("night", PolicyKind::Hours, "tue 22:00-23:00").await;
    let before = case.admitted("bob", 0).await;
    case.follow(bob, Some(Some("office")), None).await.unwrap();
    assert_eq!(case.because("bob", Some("198.51.100.1"), 1).await, Some(Because::Barred(Bar::Address)));
    assert_eq!(case.because("bob", None, 2).await, None, "the local socket");
    assert!(case.session(&before.secret, Some(HERE), 3).await.is_some());
    assert!(case.session(&before.secret, Some("198.51.100.1"), 3).await.is_none(), "a stolen session");
    case.follow(bob, Some(None), Some(Some("night"))).await.unwrap();
    assert!(case.session(&before.secret, Some("198.51.100.1"), 4).await.is_some());
    let eleven = 47 * 60;
    assert_eq!(case.because("bob", Some(HERE), eleven).await, Some(Because::Barred(Bar::Hours)));
    assert!(case.session(&before.secret, Some(HERE), eleven).await.is_none(), "the hours are over");

    // A policy of the other kind, or of no name, is none; one that is followed stays.
    let wrong = case.follow(bob, Some(Some("night")), None).await;
    assert!(matches!(wrong, Err(IdentityError::PolicyKind { .. })), "{wrong:?}");
    let wrong = case.follow(bob, Some(Some("nowhere")), None).await;
    assert!(matches!(wrong, Err(IdentityError::NoSuchPolicy(_))), "{wrong:?}");
    let listed = case.identity.list_login_policies(&ListQuery::unscoped(&LOGIN_POLICIES)).await.unwrap();
    let mut policies = listed.items;
    assert_eq!(
        policies.iter().map(|one| (one.name.as_str(), one.users)).collect::<Vec<_>>(),
        [("office", 0), ("night", 1)]
    );
    let (night, office) = (policies.pop().unwrap(), policies.pop().unwrap());
    let delete = async |policy| {
        case.test
            .store
            .write(move |tx| Box::pin(async move { login_policies::delete(tx, &policy).await }))
            .await
    };
    assert!(matches!(delete(night.clone()).await, Err(IdentityError::PolicyInUse(1))));
    delete(office).await.unwrap();
    // Others follow what it says from their next request on.
    let change = case.test.store.write(move |tx| {
        Box::pin(async move { login_policies::change(tx, &night, "tue 22:00-24:00", "eve", at(5)).await })
    });
    change.await.unwrap();
    // Idle for longer than half an hour by then, so a new one.
    assert_eq!(case.because("bob", Some(HERE), eleven).await, None);
}

// proves: IAM-11
#[tokio::test]
async fn sessions_logins_and_ends_are_counted_on_the_account() {
    let case = Case::new().await;
    let bob = case.user("bob").await;
    let none = AttributesEdit::default;
    case.edit(bob, AttributesEdit { max_sessions: Some(Some(2)), ..none() }, 0).await.unwrap();
    case.admitted("bob", 0).await;
    case.admitted("bob", 1).await;
    assert_eq!(case.because("bob", Some(HERE), 2).await, Some(Because::Barred(Bar::Sessions)));
    // Half an hour later nobody is in these sessions any more.
    assert_eq!(case.because("bob", Some(HERE), 1_801).await, None);

    case.edit(
        bob,
        AttributesEdit { max_sessions: Some(None), allowed_logins: Some(Some(2)), ..none() },
        2_000,
    )
    .await
    .unwrap();
    assert_eq!(case.account("bob").await.logins, 0, "counted anew");
    case.admitted("bob", 2_001).await;
    case.admitted("bob", 2_002).await;
    assert_eq!(case.because("bob", Some(HERE), 2_003).await, Some(Because::Barred(Bar::LoginsUsedUp)));
    // What stands in the way is no guess: the account does not lock.
    for second in 2_004..2_010 {
        assert_eq!(
            case.because("bob", Some(HERE), second).await,
            Some(Because::Barred(Bar::LoginsUsedUp)),
            "{second}"
        );
    }
    case.edit(bob, AttributesEdit { allowed_logins: Some(None), valid_days: Some(Some(1)), ..none() }, 2_010)
        .await
        .unwrap();
    let open = case.admitted("bob", 2_011).await;
    let day = 86_400 + 2_010;
    assert_eq!(case.because("bob", Some(HERE), day).await, Some(Because::Barred(Bar::Expired)));
    assert!(case.session(&open.secret, Some(HERE), day).await.is_none());

    let admin = case.user("admin").await;
    for edit in [
        AttributesEdit { max_sessions: Some(Some(2)), ..none() },
        AttributesEdit { valid_days: Some(Some(2)), ..none() },
        AttributesEdit { allowed_logins: Some(Some(2)), ..none() },
        AttributesEdit { unused_act: Some(Some(UnusedAct::Delete)), ..none() },
    ] {
        assert!(matches!(case.edit(admin, edit, 0).await, Err(IdentityError::AdminComesIn)));
    }
    case.edit(admin, AttributesEdit { welcome: Some("hello".into()), ..none() }, 0).await.unwrap();
}

// proves: IAM-11
#[tokio::test]
async fn the_single_user_mode_leaves_admin_tokens_and_the_local_socket() {
    let case = Case::new().await;
    let (admin, bob) = (case.user("admin").await, case.user("bob").await);
    let (of_admin, of_bob) = (case.admitted("admin", 0).await, case.admitted("bob", 1).await);
    let subject = Subject::User(of_bob.user.clone());
    let wish = TokenWish {
        user: bob,
        label: "script".into(),
        operations: [crate::Operation::NeRead].into(),
        domains: BTreeSet::new(),
        expires: at(1_000_000),
    };
    let token = case.identity.create_token(subject, wish, at(2), [7; 32]).await.unwrap();
    case.test
        .store
        .write(move |tx| Box::pin(async move { accounts::map_local_uid(tx, 1000, bob, true).await }))
        .await
        .unwrap();
    case.set(AccountPolicy { login_mode: LoginMode::Single, ..AccountPolicy::default() });
    assert!(case.session(&of_bob.secret, Some(HERE), 3).await.is_none());
    assert!(case.session(&of_admin.secret, Some(HERE), 3).await.is_some());
    assert_eq!(case.because("bob", Some(HERE), 3).await, Some(Because::Barred(Bar::SingleUser)));
    let by_token = case.identity.authenticate_token(&token.secret, None, at(3)).await.unwrap();
    assert!(by_token.is_some());
    assert!(case.identity.authenticate_local(Plane::Om, 1000, at(3)).await.unwrap().is_some());
    case.test.store.write(|tx| Box::pin(accounts::end_sessions_but_admins(tx))).await.unwrap();
    case.set(AccountPolicy::default());
    assert!(case.session(&of_bob.secret, Some(HERE), 4).await.is_none(), "it has ended");
    assert!(case.session(&of_admin.secret, Some(HERE), 4).await.is_some());
    assert_eq!(admin, of_admin.user.user);
}

// proves: IAM-12
#[tokio::test]
async fn idle_sessions_end_after_what_is_set_and_never_where_that_is_set() {
    let case = Case::new().await;
    let bob = case.user("bob").await;
    case.user("eve").await;
    let (of_bob, of_eve) = (case.admitted("bob", 0).await, case.admitted("eve", 1).await);
    let open = async |secret: &str, second| case.session(secret, Some(HERE), second).await.is_some();
    assert!(open(&of_bob.secret, 1_799).await && open(&of_eve.secret, 1_799).await);
    assert!(!open(&of_eve.secret, 1_799 + 1_801).await, "half an hour unless said otherwise");
    let idle_s = Some(Some(60));
    case.edit(bob, AttributesEdit { idle_s, ..AttributesEdit::default() }, 0).await.unwrap();
    let of_bob = case.admitted("bob", 10_000).await;
    assert!(open(&of_bob.secret, 10_059).await && !open(&of_bob.secret, 10_119).await, "its own minute");
    case.edit(bob, AttributesEdit { idle_s: Some(Some(0)), ..AttributesEdit::default() }, 0).await.unwrap();
    let of_bob = case.admitted("bob", 20_000).await;
    assert!(open(&of_bob.secret, 20_000 + 43_199).await, "never, until the longest");
    assert!(!open(&of_bob.secret, 20_000 + 43_200).await);
    case.set(AccountPolicy { session_idle: None, session_longest: None, ..AccountPolicy::default() });
    let of_eve = case.admitted("eve", 100_000).await;
    assert!(open(&of_eve.secret, 100_000_000).await, "unlimited");
}

// proves: IAM-12
#[tokio::test]
async fn a_page_that_looks_by_itself_does_not_keep_a_session() {
    let case = Case::new().await;
    case.user("bob").await;
    let open = case.admitted("bob", 0).await;
    let watches = async |second| {
        let presence = Presence::Watches;
        case.identity.authenticate_session(&open.secret, None, presence, at(second)).await.unwrap().is_some()
    };
    for second in (0..1_800).step_by(60) {
        assert!(watches(second).await, "{second}");
    }
    assert!(!watches(1_800).await, "it was idle all the time");
}

// proves: IAM-13
#[tokio::test]
async fn the_notice_stays_until_it_is_acknowledged_and_loses_no_failure() {
    let case = Case::new().await;
    let bob = case.user("bob").await;
    let welcome = Some("Mind the gap".to_owned());
    case.edit(bob, AttributesEdit { welcome, ..AttributesEdit::default() }, 0).await.unwrap();
    let notice = async |session: &Admitted| {
        let Through::Session(id) = session.user.through else { panic!() };
        case.identity.notice(bob, id).await.unwrap()
    };
    let acknowledge = async |session: &Admitted, failures| {
        let Through::Session(id) = session.user.through else { panic!() };
        let done = case
            .test
            .store
            .write(move |tx| Box::pin(async move { login::acknowledge(tx, bob, id, failures).await }));
        done.await.unwrap();
    };
    let first = case.admitted("bob", 10).await;
    let told = notice(&first).await.unwrap();
    assert_eq!(
        (told.welcome.as_str(), &told.success, &told.failure, told.failures),
        ("Mind the gap", &None, &None, 0)
    );
    assert!(case.session(&first.secret, Some(HERE), 11).await.unwrap().has_notice);
    for (second, from) in [(20, "198.51.100.1"), (21, "198.51.100.2")] {
        case.login("bob", "wrong", Some(from), second).await;
    }
    // A second login, without having acknowledged the first: nothing is lost.
    let second = case.admitted("bob", 30).await;
    let told = notice(&second).await.unwrap();
    assert_eq!(told.success, Some((at(10), HERE.to_owned())));
    assert_eq!(told.failure, Some((at(21), "198.51.100.2".to_owned())));
    assert_eq!(told.failures, 2);
    // One more comes while the notice is read.
    case.login("bob", "wrong", Some("198.51.100.3"), 40).await;
    acknowledge(&second, 2).await;
    assert_eq!(notice(&second).await, None);
    assert_eq!(notice(&first).await, None, "the later one tells of the earlier as well");
    assert!(!case.session(&second.secret, Some(HERE), 41).await.unwrap().has_notice);
    let third = case.admitted("bob", 50).await;
    let told = notice(&third).await.unwrap();
    assert_eq!((told.failures, told.failure), (1, Some((at(40), "198.51.100.3".to_owned()))));
    acknowledge(&third, 1_000_000).await;
    let fourth = case.admitted("bob", 60).await;
    assert_eq!(notice(&fourth).await.unwrap().failures, 0);

    // Nobody acknowledges for somebody else.
    let eve = case.user("eve").await;
    let Through::Session(id) = fourth.user.through else { panic!() };
    let foreign =
        case.test.store.write(move |tx| Box::pin(async move { login::acknowledge(tx, eve, id, 0).await }));
    assert!(matches!(foreign.await, Err(IdentityError::NoSuchSession(_))));
    assert_eq!(case.identity.notice(eve, id).await.unwrap(), None);

    let listed = case.identity.list_logins(&ListQuery::unscoped(&LOGINS)).await.unwrap().items;
    let told: Vec<_> = listed.iter().map(|login| (login.at, login.refused.as_deref())).collect();
    let wrong = Some("wrong_password");
    assert_eq!(
        told,
        [
            (at(10), None),
            (at(20), wrong),
            (at(21), wrong),
            (at(30), None),
            (at(40), wrong),
            (at(50), None),
            (at(60), None)
        ]
    );
}

#[tokio::test]
async fn refused_logins_do_not_push_out_those_that_were_let_in() {
    let case = Case::new().await;
    let bob = case.user("bob").await;
    case.admitted("bob", 0).await;
    let many = case.test.store.write(move |tx| {
        Box::pin(async move {
            for second in 1..=600 {
                crate::sql::remember_login(tx, bob, second, ("192.0.2.9", ""), "wrong_password").await?;
            }
            Ok::<_, IdentityError>(())
        })
    });
    many.await.unwrap();
    let of = async |was_refused: bool| {
        let query =
            ListQuery::unscoped(&LOGINS).filter("was_refused", Condition::Eq(was_refused.into())).unwrap();
        query.count(case.test.store.read()).await.unwrap()
    };
    assert_eq!((of(true).await, of(false).await), (Count::Exact(500), Count::Exact(1)));
}

// proves: IAM-06
#[tokio::test]
async fn accounts_that_nobody_uses_are_overdue_and_use_is_more_than_a_login() {
    let case = Case::new().await;
    let names = ["admin", "idle", "script", "local", "kept", "gone"];
    let mut ids = Vec::new();
    for name in names {
        ids.push(case.user(name).await);
    }
    let [_, _, script, local, kept, gone] = ids[..] else { panic!() };
    let day = 86_400;
    case.set(AccountPolicy {
        unused: Unused { days: 30, act: UnusedAct::Disable },
        ..AccountPolicy::default()
    });
    let own = |act| AttributesEdit {
        unused_days: Some(Some(10)),
        unused_act: Some(Some(act)),
        ..AttributesEdit::default()
    };
    case.edit(kept, own(UnusedAct::None), 0).await.unwrap();
    case.edit(gone, own(UnusedAct::Delete), 0).await.unwrap();
    let subject = Subject::User(case.identity.find_user(Plane::Om, "script").await.unwrap());
    let wish = TokenWish {
        user: script,
        label: "nightly".into(),
        operations: [crate::Operation::NeRead].into(),
        domains: BTreeSet::new(),
        expires: at(60 * day),
    };
    let token = case.identity.create_token(subject, wish, at(0), [7; 32]).await.unwrap();
    case.test
        .store
        .write(move |tx| Box::pin(async move { accounts::map_local_uid(tx, 1000, local, true).await }))
        .await
        .unwrap();
    assert!(case.identity.authenticate_token(&token.secret, None, at(20 * day)).await.unwrap().is_some());
    assert!(case.identity.authenticate_local(Plane::Om, 1000, at(20 * day)).await.unwrap().is_some());
    assert_eq!(case.account("script").await.last_used, at(20 * day));
    let overdue = async |days: i64| {
        let found = case.identity.overdue(at(days * day)).await.unwrap();
        found.into_iter().map(|(_, _, name)| name).collect::<Vec<_>>()
    };
    assert!(overdue(9).await.is_empty());
    assert_eq!(overdue(10).await, ["gone".to_owned()]);
    let at_thirty = ["idle".to_owned(), "gone".to_owned()];
    assert_eq!(overdue(30).await, at_thirty);
    assert_eq!(case.because("idle", Some(HERE), 30 * day).await, Some(Because::Barred(Bar::Unused)));
    assert_eq!(overdue(50).await.len(), 4, "but admin, and who is kept");
}

// proves: IAM-14
#[tokio::test]
async fn an_unknown_name_takes_the_time_of_one_of_the_accounts() {
    let case = Case::new().await;
    for name in ["admin", "bob", "eve"] {
        case.user(name).await;
    }
    let stored = crate::sql::passwords(case.test.store.read()).await.unwrap();
    let stand_ins = StandIns::of(&stored);
    let ten_thousand = Params::new(10_000).unwrap();
    // The way to hash has changed: nobody has logged in since, so every account still has the old one.
    let hash = Params::new(20_000).unwrap();
    let passwords = PasswordPolicy { hash, ..PasswordPolicy::default() };
    case.identity.use_passwords(passwords);
    let before = case.identity.worked_on(Plane::Om, "nobody").await.unwrap().1;
    assert_eq!(before.params(), ten_thousand);
    for n in 0..50 {
        assert_eq!(stand_ins.of_name(&format!("nobody{n}")), Some(ten_thousand));
    }
    case.admitted("bob", 0).await;
    let mixed = StandIns::of(&crate::sql::passwords(case.test.store.read()).await.unwrap());
    let found: Vec<_> = (0..300).map(|n| mixed.of_name(&format!("nobody{n}")).unwrap()).collect();
    let new = found.iter().filter(|params| **params == hash).count();
    assert!((50..150).contains(&new), "one account of three: {new}");
    assert_eq!(mixed.of_name("nobody1"), mixed.of_name("nobody1"), "the same each time");
    assert_eq!(StandIns::of(&[]).of_name("nobody"), None);
    assert_eq!(StandIns::of(&["what is this".to_owned()]).of_name("nobody"), None, "it shuts out nobody");
    // What is worked on for a name follows the hashes there are, from the next attempt on.
    let worked_on = async |name: &str| case.identity.worked_on(Plane::Om, name).await.unwrap().1.params();
    for (second, name) in [(10, "admin"), (11, "eve")] {
        case.admitted(name, second).await;
    }
    for n in 0..50 {
        assert_eq!(worked_on(&format!("nobody{n}")).await, hash, "nobody has the old one any more");
    }
    assert_eq!(worked_on("bob").await, hash);
}

// proves: IAM-08
#[tokio::test]
async fn a_long_lock_lasts_as_long_as_it_says_whoever_else_fails() {
    let case = Case::new().await;
    case.user("bob").await;
    let mut policy = AccountPolicy::default();
    policy.lockout.account.lock_s = 86_400;
    case.set(policy);
    for second in 0..5 {
        case.login("bob", "wrong", Some("192.0.2.7"), second).await;
    }
    for hour in [1, 3, 12, 23] {
        case.login("nobody", "wrong", Some("198.51.100.7"), hour * 3_600).await;
        let because = case.because("bob", Some(HERE), hour * 3_600 + 1).await;
        assert_eq!(because, Some(Because::Locked(crate::lockout::Locked::Account)), "{hour}");
    }
    assert_eq!(case.because("bob", Some(HERE), 86_405).await, None);
}

// proves: IAM-08
#[tokio::test]
async fn who_knows_the_password_of_a_barred_account_does_not_wipe_out_an_addresss_failures() {
    let case = Case::new().await;
    let gone = case.user("gone").await;
    let off = case
        .test
        .store
        .write(move |tx| Box::pin(async move { accounts::set_enabled(tx, gone, false, at(0)).await }));
    off.await.unwrap();
    for second in 0..9 {
        case.login(&format!("nobody{second}"), "wrong", Some(HERE), second).await;
    }
    assert_eq!(case.because("gone", Some(HERE), 10).await, Some(Because::Barred(Bar::Disabled)));
    case.login("nobody", "wrong", Some(HERE), 11).await;
    let because = case.because("gone", Some(HERE), 12).await;
    assert_eq!(because, Some(Because::Locked(crate::lockout::Locked::Address)));
}

// proves: IAM-10
#[tokio::test]
async fn a_locked_address_leaves_nothing_in_the_history_of_who_is_to_prove_a_code() {
    let case = Case::new().await;
    case.user("bob").await;
    let open = case.admitted("bob", 0).await;
    let Through::Session(session) = open.user.through else { panic!("a login makes a session") };
    let address = HERE.parse().ok();
    let prove = async |second| {
        let identity = case.identity.clone();
        let settled = case.test.store.write(move |tx| {
            Box::pin(
                async move { identity.settle_proof(tx, session, address, None, at(second), &[7; 32]).await },
            )
        });
        let refused = settled.await.unwrap().unwrap_err();
        (refused.because, refused.failures_since_success)
    };
    assert_eq!(prove(1).await, (Because::WrongCode, 1));
    for second in 2..11 {
        case.login(&format!("nobody{second}"), "wrong", Some(HERE), second).await;
    }
    for second in 12..15 {
        assert_eq!(prove(second).await, (Because::Locked(crate::lockout::Locked::Address), 0));
    }
    let elsewhere = case.login("bob", "wrong", Some("203.0.113.9"), 15).await;
    let LoginResult::Refused(refused) = elsewhere else { panic!("the password is wrong") };
    assert_eq!(refused.failures_since_success, 2, "the code and the password, and nothing between");
}

// proves: IAM-06
#[tokio::test]
async fn who_was_switched_off_for_want_of_use_can_be_brought_back() {
    let case = Case::new().await;
    let bob = case.user("bob").await;
    let unused = Unused { days: 30, act: UnusedAct::Disable };
    case.set(AccountPolicy { unused, ..AccountPolicy::default() });
    let day = 86_400;
    let enable = async |enabled, second| {
        let set = case.test.store.write(move |tx| {
            Box::pin(async move { accounts::set_enabled(tx, bob, enabled, at(second)).await })
        });
        set.await.unwrap();
    };
    enable(false, 31 * day).await;
    enable(true, 40 * day).await;
    assert_eq!(case.identity.overdue(at(40 * day)).await.unwrap(), []);
    // Whoever works in a session uses the account.
    case.set(AccountPolicy { unused, session_idle: None, session_longest: None, ..AccountPolicy::default() });
    let open = case.admitted("bob", 40 * day + 1).await;
    for days in (41..140).step_by(10) {
        assert!(case.session(&open.secret, Some(HERE), days * day).await.is_some(), "{days}");
    }
}

// proves: IAM-12
#[tokio::test]
async fn sessions_that_nobody_is_in_are_ended_so_that_lists_show_who_is_there() {
    let case = Case::new().await;
    let (bob, _) = (case.user("bob").await, case.user("eve").await);
    let idle_s = Some(Some(0));
    case.edit(bob, AttributesEdit { idle_s, ..AttributesEdit::default() }, 0).await.unwrap();
    case.admitted("bob", 0).await;
    case.admitted("eve", 1).await;
    assert_eq!(case.identity.end_idle_sessions(at(1_800)).await.unwrap(), 0);
    assert_eq!(case.identity.end_idle_sessions(at(1_801)).await.unwrap(), 1, "eve's; bob's never is idle");
    assert_eq!(case.identity.end_idle_sessions(at(43_200)).await.unwrap(), 1, "but ends at the latest then");
}

#[tokio::test]
async fn attempts_from_a_locked_address_do_not_wash_out_the_history() {
    let case = Case::new().await;
    case.user("bob").await;
    for second in 0..10 {
        case.login("nobody", "wrong", Some("198.51.100.7"), second).await;
    }
    case.login("bob", "wrong", Some(HERE), 11).await;
    for second in 12..100 {
        case.login("bob", "wrong", Some("198.51.100.7"), second).await;
    }
    let listed = case.identity.list_logins(&ListQuery::unscoped(&LOGINS)).await.unwrap().items;
    let told: Vec<_> =
        listed.iter().map(|login| (login.address.as_str(), login.refused.as_deref())).collect();
    assert_eq!(told, [(HERE, Some("wrong_password"))]);
}

#[tokio::test]
async fn postgresql_knows_the_same_logins() {
    let Some(test) = TestStore::postgres(&[MIGRATIONS]).await.unwrap() else { return };
    let case = Case::over(test);
    let bob = case.user("bob").await;
    case.policy("office", PolicyKind::Addresses, "192.0.2.0/24").await;
    case.follow(bob, Some(Some("office")), None).await.unwrap();
    case.edit(bob, AttributesEdit { max_sessions: Some(Some(1)), ..AttributesEdit::default() }, 0)
        .await
        .unwrap();
    assert_eq!(case.because("bob", Some("198.51.100.1"), 1).await, Some(Because::Barred(Bar::Address)));
    case.login("bob", "wrong", Some(HERE), 2).await;
    let open = case.admitted("bob", 3).await;
    assert_eq!(case.because("bob", Some(HERE), 4).await, Some(Because::Barred(Bar::Sessions)));
    assert!(case.session(&open.secret, Some(HERE), 100).await.unwrap().has_notice);
    let Through::Session(id) = open.user.through else { panic!() };
    assert_eq!(case.identity.notice(bob, id).await.unwrap().unwrap().failures, 3);
    let done =
        case.test.store.write(move |tx| Box::pin(async move { login::acknowledge(tx, bob, id, 3).await }));
    done.await.unwrap();
    assert_eq!(case.identity.notice(bob, id).await.unwrap(), None);
    let query = ListQuery::unscoped(&LOGINS).filter("was_refused", Condition::Eq(true.into())).unwrap();
    assert_eq!(query.count(case.test.store.read()).await.unwrap(), Count::Exact(3));
    for second in 1..=510 {
        let remember = case.test.store.write(move |tx| {
            Box::pin(async move {
                crate::sql::remember_login(tx, bob, second, (HERE, ""), "wrong_password").await
            })
        });
        remember.await.unwrap();
    }
    assert_eq!(query.count(case.test.store.read()).await.unwrap(), Count::Exact(500));
    let listed = case.identity.list_login_policies(&ListQuery::unscoped(&LOGIN_POLICIES)).await.unwrap();
    assert_eq!(listed.items[0].users, 1);
    let role = case.test.store.write(move |tx| {
        Box::pin(async move {
            let operations = [crate::Operation::NeRead].into();
            let night = crate::RoleText { operations, ..crate::RoleText::default() };
            crate::roles::create(tx, Plane::Om, "night", &night, "admin", at(0)).await?;
            accounts::set_grants(tx, bob, &[Role::from("night").into()].into()).await
        })
    });
    role.await.unwrap();
    assert!(
        case.session(&open.secret, Some(HERE), 101)
            .await
            .unwrap()
            .grants_with(crate::Operation::NeRead)
            .next()
            .is_some()
    );
    assert_eq!(case.identity.end_idle_sessions(at(10_000)).await.unwrap(), 1);
    assert_eq!(case.identity.overdue(at(10_000)).await.unwrap(), []);
}
