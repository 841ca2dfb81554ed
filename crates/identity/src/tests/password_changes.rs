//! Changes of passwords on a real database: history, age, likeness, settings that hold at once.

use netwarden_model::{Plane, UserId};
use netwarden_store::testing::TestStore;
use zeroize::Zeroizing;

use super::at;
use crate::password::{
    Breach, Dictionary, Params, PasswordHash, PasswordPolicy, Person, PolicyEdit, Profile, Rule,
};
use crate::{
    Admitted, Attempt, Contact, Identified, Identity, IdentityError, IdentityPolicy, Keep, LoginResult,
    MIGRATIONS, NewUser, Role, Subject, accounts,
};

const DAY: i64 = 86_400;
const FIRST: &str = "Gravel-path7";

struct Case {
    test: TestStore,
    identity: Identity,
    bob: UserId,
    /// Logins so far: each has a secret of its own.
    logins: std::sync::atomic::AtomicU8,
}

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn attempt(password: &str) -> Attempt {
    Attempt {
        plane: Plane::Om,
        name: "bob".to_owned(),
        password: secret(password),
        address: None,
        device: String::new(),
    }
}

impl Case {
    async fn over(test: TestStore, rules: &[(Rule, u32)]) -> Self {
        let off = Rule::ALL.iter().map(|rule| (*rule, Some(false), None));
        let number = |rule: Rule, number| rule.number().map(|_| number);
        let on = rules.iter().map(|(rule, n)| (*rule, Some(true), number(*rule, *n)));
        let edit = PolicyEdit {
            rules: off.chain(on).collect(),
            hash: Some(Params::new(10_000).unwrap()),
            ..PolicyEdit::default()
        };
        let passwords = PasswordPolicy::default().edited(edit).unwrap();
        let policy = IdentityPolicy { passwords: passwords.into(), ..IdentityPolicy::default() };
        let identity = Identity::new(test.store.clone(), policy);
        let person = Person { name: "bob", ..Person::default() };
        let password = identity.hash_new_password(person, secret(FIRST), [3; 16]).await.unwrap();
        let user = NewUser {
            plane: Plane::Om,
            name: "bob".to_owned(),
            grants: [Role::Operator.into()].into(),
            password,
            tenant: None,
            must_change_password: false,
        };
        let bob = identity.create_user(user, at(0)).await.unwrap();
        Self { test, identity, bob, logins: Default::default() }
    }

    async fn new(rules: &[(Rule, u32)]) -> Self {
        Self::over(TestStore::sqlite(&[MIGRATIONS]).await.unwrap(), rules).await
    }

    async fn login(&self, password: &str, second: i64) -> Admitted {
        let random = [self.logins.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 32];
        match self.identity.login(attempt(password), at(second), [9; 16], random).await.unwrap() {
            LoginResult::Admitted(admitted) => *admitted,
            LoginResult::Refused(refused) => panic!("{refused:?}"),
        }
    }

    async fn change(&self, old: &str, new: &str, second: i64) -> Result<(), IdentityError> {
        let user = self.login(old, second).await.user;
        super::change_own_password(&self.identity, &user, attempt(old), secret(new), at(second)).await
    }

    async fn session(&self, secret: &str, second: i64) -> Option<Identified> {
        match self
            .identity
            .authenticate_session(secret, None, crate::Presence::Acts, at(second))
            .await
            .unwrap()
        {
            Some(Subject::User(user)) => Some(user),
            _ => None,
        }
    }
}

fn broken(result: Result<(), IdentityError>) -> Vec<Rule> {
    match result {
        Err(IdentityError::Refused(breaches)) => breaches
            .iter()
            .map(|breach| match breach {
                Breach::Of(rule, _) => *rule,
                other => panic!("{other}"),
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

// proves: IAM-07, IAM-15
#[tokio::test]
async fn earlier_passwords_are_refused_by_their_hashes() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let case = Case::over(test, &[(Rule::NotLast, 3), (Rule::NotWithin, 6)]).await;
        case.change(FIRST, "Second-one", DAY).await.unwrap();
        let both = [Rule::NotLast, Rule::NotWithin];
        assert_eq!(broken(case.change("Second-one", FIRST, 2 * DAY).await), both);
        case.change("Second-one", "Third-one", 3 * DAY).await.unwrap();
        assert_eq!(broken(case.change("Third-one", FIRST, 4 * DAY).await), both);
        case.change("Third-one", "Fourth-one", 5 * DAY).await.unwrap();
        // No longer among the last three, but in use within six months ...
        assert_eq!(broken(case.change("Fourth-one", FIRST, 6 * DAY).await), [Rule::NotWithin]);
        // ... which are over in the seventh.
        case.change("Fourth-one", FIRST, 200 * DAY).await.unwrap();
        case.login(FIRST, 200 * DAY + 1).await;
        // No text of a password is stored, nor more hashes than are kept.
        let bob = case.bob;
        for n in 0..26 {
            let hash = PasswordHash::dummy(Params::new(10_000).unwrap());
            let set = case.test.store.write(move |tx| {
                Box::pin(async move {
                    accounts::set_password(tx, bob, &hash, false, Keep::Everything, at((300 + n) * DAY)).await
                })
            });
            set.await.unwrap();
        }
        let sql = "SELECT password FROM identity_password";
        let rows = netwarden_store::query_all(case.test.store.read(), sql, []).await.unwrap();
        assert_eq!(rows.len(), 24);
        for row in rows {
            let text: String = row.try_get_by_index(0).unwrap();
            assert!(text.starts_with("$pbkdf2-sha256$"), "{text}");
        }
        let deleted =
            case.test.store.write(move |tx| Box::pin(async move { accounts::delete_user(tx, bob).await }));
        deleted.await.unwrap();
        let left = netwarden_store::query_all(case.test.store.read(), sql, []).await.unwrap();
        assert!(left.is_empty(), "they go with their user");
    }
}

// proves: IAM-07
#[tokio::test]
async fn what_is_like_an_earlier_password_is_refused() {
    let case = Case::new(&[(Rule::NotSimilar, 2)]).await;
    assert_eq!(broken(case.change(FIRST, "gr4vel-path8", DAY).await), [Rule::NotSimilar]);
    case.change(FIRST, "Other-words3", DAY).await.unwrap();
    case.change("Other-words3", "Third-thing1", 2 * DAY).await.unwrap();
    // Two changes ago, with its number counted on; and the one before with the case of its first letter.
    for like in ["Gravel-path8", "Gravel-path10", "other-words3", "Other-words3!", "Gravel-path7"] {
        assert_eq!(broken(case.change("Third-thing1", like, 3 * DAY).await), [Rule::NotSimilar], "{like}");
    }
    case.change("Third-thing1", "Fourth-idea", 4 * DAY).await.unwrap();
    case.change("Fourth-idea", "Gravel-path8", 5 * DAY).await.unwrap();
}

// proves: IAM-07, IAM-15
#[tokio::test]
async fn a_password_is_kept_for_some_days_unless_it_must_be_changed() {
    let case = Case::new(&[(Rule::MinUse, 10), (Rule::LogoutOnReset, 0)]).await;
    case.change(FIRST, "Second-one", 10 * DAY).await.unwrap();
    assert_eq!(broken(case.change("Second-one", "Third-one", 19 * DAY).await), [Rule::MinUse]);
    let reset = case.identity.hash(secret("for-once-only"), [4; 16]).await.unwrap();
    let session = case.login("Second-one", 19 * DAY).await;
    let bob = case.bob;
    let set = async move |tx: &netwarden_store::Tx, keep| {
        accounts::set_password(tx, bob, &reset, true, keep, at(19 * DAY)).await
    };
    let kept = set.clone();
    case.test.store.write(move |tx| Box::pin(async move { kept(tx, Keep::Everything).await })).await.unwrap();
    let user = case.session(&session.secret, 19 * DAY + 1).await.unwrap();
    assert!(user.must_change_password, "it goes on, and can do nothing else");
    case.test.store.write(move |tx| Box::pin(async move { set(tx, Keep::Nothing).await })).await.unwrap();
    assert!(case.session(&session.secret, 19 * DAY + 1).await.is_none());
    case.change("for-once-only", "Fourth-one", 19 * DAY + 2).await.unwrap();
}

// proves: IAM-07
#[tokio::test]
async fn a_password_that_has_ended_is_good_for_its_change_and_nothing_else() {
    let case = Case::new(&[(Rule::Validity, 90), (Rule::MinUse, 100)]).await;
    let early = case.login(FIRST, 82 * DAY).await.user;
    assert_eq!((early.must_change_password, early.password_ends), (false, None));
    let told = case.login(FIRST, 84 * DAY).await;
    assert_eq!((told.user.must_change_password, told.user.password_ends), (false, Some(at(90 * DAY))));
    let last = case.login(FIRST, 90 * DAY - 60).await;
    let running = case.session(&last.secret, 90 * DAY).await.unwrap();
    assert!(running.must_change_password, "a running session too, at its next request");
    let ended = case.login(FIRST, 91 * DAY).await;
    assert!(ended.user.must_change_password);
    case.change(FIRST, "Second-one", 91 * DAY).await.unwrap();
    let user = case.login("Second-one", 91 * DAY + 1).await.user;
    assert_eq!((user.must_change_password, user.password_ends), (false, None));
}

// proves: IAM-07
#[tokio::test]
async fn settings_and_dictionary_are_stored_and_hold_at_once() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let case = Case::over(test, &[]).await;
        let edit = PolicyEdit {
            profile: Some(Profile::Nist),
            hash: Some(Params::argon2id(7_168, 1, 1).unwrap()),
            ..PolicyEdit::default()
        };
        let passwords = case.identity.policy().passwords.edited(edit).unwrap();
        let (dictionary, _) =
            Dictionary::read(b"gravel path behind the mill\nmillstone-millstone\n").unwrap();
        let stored = (passwords.clone(), dictionary.clone());
        case.test
            .store
            .write(move |tx| {
                Box::pin(async move {
                    Identity::put_passwords(tx, &stored.0, "anna", at(1)).await?;
                    Identity::put_dictionary(tx, &stored.1, "anna", at(1)).await
                })
            })
            .await
            .unwrap();
        // After a start they are read.
        let again = Identity::new(case.test.store.clone(), IdentityPolicy::default());
        again.load_settings().await.unwrap();
        assert_eq!(*again.policy().passwords, passwords);
        let entry = again.dictionary_entry().await.unwrap();
        assert_eq!((entry.words, entry.changed, entry.by.as_str()), (1, Some(at(1)), "anna"));
        let case = Case { identity: again, ..case };
        assert_eq!(broken(case.change(FIRST, "Millstone-Millstone", 9).await), [Rule::NotCommon]);
        assert_eq!(broken(case.change(FIRST, "too-short", 9).await), [Rule::MinLength]);
        // The login has made its hash anew, and what is new is made so as well.
        let stored = async || {
            crate::sql::user_by_id(case.test.store.read(), case.bob).await.unwrap().unwrap().password
        };
        assert!(stored().await.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"));
        case.change(FIRST, "a path behind the mill", 10).await.unwrap();
        case.login("a path behind the mill", 11).await;
    }
}

// proves: IAM-15
#[tokio::test]
async fn the_old_password_is_asked_for_before_anything_is_told_and_guesses_count() {
    let case = Case::new(&[(Rule::MinLength, 8)]).await;
    let user = case.login(FIRST, 0).await.user;
    let change = async |old: &str, second: i64| {
        let contact = Contact::default();
        let salts = [[1; 16], [2; 16]];
        let prepared = case.identity.prepare_own_password(
            &user,
            &contact,
            attempt(old),
            secret("short"),
            at(second),
            salts,
        );
        prepared.await.map(|_| ())
    };
    assert_eq!(broken(change(FIRST, 1).await), [Rule::MinLength]);
    for second in 2..7 {
        assert!(matches!(change("a guess", second).await, Err(IdentityError::OldPassword)));
    }
    // Locked: the right one is told no better than a wrong one.
    assert!(matches!(change(FIRST, 8).await, Err(IdentityError::OldPassword)));
}

// proves: IAM-15
#[tokio::test]
async fn of_two_changes_at_once_one_is_done() {
    let case = Case::new(&[]).await;
    let user = case.login(FIRST, 0).await.user;
    let prepared = async |new: &str| {
        let salts = [[1; 16], [2; 16]];
        let contact = Contact::default();
        case.identity
            .prepare_own_password(&user, &contact, attempt(FIRST), secret(new), at(1), salts)
            .await
            .unwrap()
    };
    let (one, two) = (prepared("Second-one").await, prepared("Third-one").await);
    let set = async |own| {
        let write = case
            .test
            .store
            .write(move |tx| Box::pin(async move { accounts::set_own_password(tx, &own, at(2)).await }));
        write.await
    };
    set(one).await.unwrap();
    assert!(matches!(set(two).await, Err(IdentityError::OldPassword)));
    case.login("Second-one", 3).await;
}
