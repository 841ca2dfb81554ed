//! Conditions of roles: what they may ask for, when they hold, and what becomes of the rights meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use netwarden_model::UserId;

use super::at;
use crate::admission::Addresses;
use crate::condition::{Asking, CIRCUMSTANCES, RoleCondition};
use crate::grant::Grant;
use crate::{Because, Circumstances, Object, ObjectKind, Operation, Plane, Role, Roles, Separation, Subject};
use crate::{Identified, SecondFactor, Through, decide};

/// 2023-11-14 22:13:20 UTC, a Tuesday.
const SESSION: Through = Through::Session(1);

fn asking(through: &Through) -> Asking<'_> {
    Asking {
        at: at(0),
        address: Some("192.0.2.7".parse().unwrap()),
        places: vec!["office"],
        through,
        opened: Some(at(-600)),
        proven: None,
        user: "ann",
        labels: vec!["night", "vie-2"],
    }
}

fn holds(condition: &str, asking: &Asking<'_>) -> bool {
    RoleCondition::compile(condition).unwrap_or_else(|error| panic!("{condition}: {error}")).holds(asking)
}

// proves: IAM-05
#[test]
fn a_condition_asks_for_time_duration_route_place_strength_and_labels() {
    let usual = asking(&SESSION);
    for (condition, expected) in [
        ("", true),
        ("hour(now, 'UTC') == 22", true),
        ("hour(now, 'Europe/Vienna') == 22", false),
        ("weekday(now, 'UTC') in ['mon', 'tue']", true),
        ("weekday(now, 'UTC') in ['sat', 'sun']", false),
        ("now < 1700000001", true),
        ("now < 1700000000", false),
        ("session.age_s < 601", true),
        ("session.age_s < 600", false),
        ("in_subnet(request.address, '192.0.2.0/24')", true),
        ("in_subnet(request.address, '198.51.100.0/24')", false),
        ("request.interface == 'https'", true),
        ("'office' in request.places", true),
        ("'home' in request.places", false),
        ("session.strength == 'second_factor'", false),
        ("session.strength == 'password'", true),
        ("session.proven_s < 60", false),
        ("'night' in user.labels && user.name == 'ann'", true),
        ("user.labels.exists(label, label.startsWith('vie-'))", true),
        ("'day' in user.labels", false),
    ] {
        assert_eq!(holds(condition, &usual), expected, "{condition}");
    }
    let proven = Asking { proven: Some(at(-30)), ..usual.clone() };
    assert!(holds("session.strength == 'second_factor' && session.proven_s < 60", &proven));
    let local = Through::LocalUid(0);
    let local = Asking { address: None, places: Vec::new(), opened: None, ..asking(&local) };
    assert!(holds("request.interface == 'local' && session.strength == 'local'", &local));
    // What is not known holds in no comparison.
    for condition in [
        "session.age_s < 601",
        "session.age_s >= 0",
        "in_subnet(request.address, '0.0.0.0/0')",
        "size(request.places) > 0",
    ] {
        assert!(!holds(condition, &local), "{condition}");
    }
}

// proves: IAM-05
#[test]
fn what_cannot_be_understood_is_refused_and_what_cannot_be_evaluated_does_not_hold() {
    for (condition, told) in [
        ("session.strenght == 'token'", "did you mean 'session.strength'?"),
        ("session.strength == 'secret'", "'secret'"),
        ("now", "must be true or false"),
        ("event.kind == 'new_endpoint'", "there is no property 'event.kind'"),
        ("hour(now, 'Nowhere') == 1", "Nowhere"),
        ("1 ==", "line 1"),
    ] {
        let error = RoleCondition::compile(condition).unwrap_err().to_string();
        assert!(error.contains(told) && error.starts_with("line 1, column "), "{condition}: {error}");
    }
    assert!(!holds("now * 9000000000000000000 > 0", &asking(&SESSION)), "it overflows");
    assert!(!holds("!(now / (now - now) == 1)", &asking(&SESSION)), "it divides by zero");
    // Of another release: never.
    let unknown = RoleCondition::stored("moon.phase == 'full'");
    assert!(!unknown.holds(&asking(&SESSION)));
    assert_eq!(unknown.source(), "moon.phase == 'full'", "it is kept as it was written");
}

#[test]
fn every_circumstance_is_described_and_can_be_asked_for() {
    for (circumstance, told) in CIRCUMSTANCES {
        assert!(told.ends_with('.'), "{told}");
        let name = circumstance.name();
        let any = [format!("{name} == {name}"), format!("size({name}) >= 0")];
        assert!(any.iter().any(|condition| RoleCondition::compile(condition).is_ok()), "{name}");
    }
}

// proves: IAM-05
#[test]
fn a_role_whose_condition_does_not_hold_gives_nothing_and_takes_nothing_of_ones_own() {
    let operations: BTreeSet<Operation> = [Operation::PortOff].into();
    let places = Arc::new(vec![("office".to_owned(), Addresses::parse("192.0.2.0/24").unwrap())]);
    let condition = RoleCondition::compile("'office' in request.places").unwrap();
    let roles = Roles::new(Plane::Om, Separation::Strict, [("night".to_owned(), operations)])
        .conditioned("night", condition)
        .at(&places);
    let user = |from: &str| {
        let address = Some(from.parse().unwrap());
        let asking = Asking { address, places: roles.places(address), ..asking(&SESSION) };
        let all = [Grant::from("night"), Grant::from("guest")].into();
        let (grants, dormant) = roles.in_force(all, &asking);
        Identified {
            tenant: None,
            denied: Arc::default(),
            user: UserId(7),
            name: "ann".to_owned(),
            grants,
            dormant: Arc::new(dormant),
            roles: Arc::new(roles.clone()),
            members: Arc::default(),
            enabled: true,
            must_change_password: false,
            password_ends: None,
            has_notice: false,
            second_factor: SecondFactor::NotAsked,
            through: SESSION,
            policy_version: 1,
        }
    };
    let asked = |from: &str, operation: Operation, object: &Object| {
        let now = Circumstances { at: at(0), address: Some(from.parse().unwrap()) };
        decide(&Subject::User(user(from)), operation, object, &now).because
    };
    let port = Object::of(ObjectKind::Port);
    let has = Because::RoleHas(Role::from("night").into());
    assert_eq!(asked("192.0.2.9", Operation::PortOff, &port), has);
    assert_eq!(asked("198.51.100.9", Operation::PortOff, &port), Because::NotNow("night".into()));
    // What others give stays, and so does one's own.
    for from in ["192.0.2.9", "198.51.100.9"] {
        let guest = Because::RoleHas(Role::Guest.into());
        assert_eq!(asked(from, Operation::PortRead, &port), guest, "{from}");
        let own = Object::owned(ObjectKind::Session, UserId(7));
        assert_eq!(asked(from, Operation::SessionLogout, &own), Because::IsOwn, "{from}");
    }
    let only = Identified { grants: [].into(), ..user("198.51.100.9") };
    let now = Circumstances { at: at(0), address: None };
    let own = Object::owned(ObjectKind::Session, UserId(7));
    let logout = decide(&Subject::User(only), Operation::SessionLogout, &own, &now);
    assert!(logout.allowed, "who has no right now can still leave");
}
