//! Who on the blocklist is denied what.

use std::collections::BTreeSet;
use std::sync::Arc;

use netwarden_model::TenantId;
use netwarden_store::testing::TestStore;
use netwarden_store::{ListQuery, Store};

use super::at;
use super::deciding::{asked, user};
use crate::admission::Addresses;
use crate::blocklist::{Blocklist, Comer, Entry, ListedKind, Who};
use crate::blocklists::{self, BLOCKLIST, NewEntry};
use crate::tenant::TenantKind;
use crate::tenants::{self, NewTenant};
use crate::{
    Because, Denied, Identified, Identity, IdentityError, IdentityPolicy, MIGRATIONS, Object, Operation,
    Plane, Resource, Role, TenantPath,
};

fn resources(words: &str) -> BTreeSet<Resource> {
    words.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

fn entry(id: i64, who: Who, denies: &str, ends: Option<i64>) -> Entry {
    Entry { id, who, denies: resources(denies), ends: ends.map(at) }
}

fn tenant(ids: &str) -> TenantPath {
    TenantPath::read(ids).unwrap()
}

// proves: SEC-10
#[test]
fn resources_are_everything_objects_and_operations() {
    for word in
        ["everything", "notifications", "network", "port", "name_source", "port.off", "backup.download"]
    {
        assert_eq!(word.parse::<Resource>().unwrap().to_string(), word);
    }
    for word in ["", "port.", "port.of", "Port", "everything ", "*"] {
        let refused = word.parse::<Resource>().unwrap_err().to_string();
        assert!(refused.starts_with(&format!("'{word}' is nothing that can be denied")), "{refused}");
    }
}

// proves: SEC-10
#[test]
fn who_is_meant_is_denied_for_as_long_as_the_entry_holds() {
    let addresses = |text: &str| Addresses::parse(text).unwrap();
    let list = Blocklist::of(vec![
        entry(1, Who::User(Plane::Om, "ann".into()), "port.off backup", Some(100)),
        entry(2, Who::Address(addresses("192.0.2.0/24")), "rule", None),
        entry(3, Who::Tenant(tenant("1/")), "user", None),
        entry(4, Who::Source(addresses("198.51.100.7")), "notifications", Some(100)),
        entry(5, Who::User(Plane::Tenant, "ann".into()), "everything", None),
    ]);
    let below = TenantPath::below(Some(&tenant("1/")), TenantId(2));
    let (ann, bob) = (Some("ann"), Some("bob"));
    let (acme, other) = (Some(&below), tenant("12/"));
    for (what, plane, name, of, from, second, expected) in [
        ("ann in the network", Plane::Om, ann, None, None, 99, "backup port.off"),
        ("once it has ended", Plane::Om, ann, None, None, 100, ""),
        ("somebody else", Plane::Om, bob, None, Some("203.0.113.1"), 0, ""),
        ("from there", Plane::Om, bob, None, Some("192.0.2.7"), 0, "rule"),
        ("mapped into IPv6", Plane::Om, bob, None, Some("::ffff:192.0.2.7"), 0, "rule"),
        ("both", Plane::Om, ann, None, Some("192.0.2.7"), 0, "backup rule port.off"),
        ("ann of a tenant", Plane::Tenant, ann, None, None, 0, "everything"),
        ("of a tenant below", Plane::Tenant, bob, acme, None, 0, "user"),
        ("of a tenant that begins alike", Plane::Tenant, bob, Some(&other), None, 0, ""),
        ("a source of notifications", Plane::Om, bob, None, Some("198.51.100.7"), 0, ""),
        ("on the platform", Plane::Management, ann, None, Some("192.0.2.7"), 0, ""),
    ] {
        let address = from.map(|from| from.parse().unwrap());
        let denied = list.denied(Comer { plane, name, tenant: of, address }, at(second));
        let expected = resources(expected);
        for line in crate::OPERATIONS {
            let is_meant = |resource: &Resource| match resource {
                Resource::Everything => true,
                Resource::Object(kind) => *kind == line.object,
                Resource::Operation(operation) => *operation == line.operation,
                Resource::Notifications | Resource::Network => false,
            };
            let meant = expected.iter().any(is_meant) && line.operation != Operation::SessionLogout;
            assert_eq!(denied.operation(line.operation).is_some(), meant, "{what}: {}", line.name);
        }
        assert_eq!(denied.everything().is_some(), expected.contains(&Resource::Everything), "{what}");
    }
    let deaf = |from: &str, second| list.is_deaf_to(from.parse().unwrap(), at(second));
    assert!(deaf("198.51.100.7", 99) && deaf("::ffff:198.51.100.7", 0));
    assert!(!deaf("198.51.100.7", 100) && !deaf("192.0.2.7", 0));
}

// proves: SEC-10
#[test]
fn the_decision_names_the_entry_that_denies() {
    let list = Blocklist::of(vec![entry(7, Who::User(Plane::Om, "ann".into()), "rule session", None)]);
    let comer = Comer { plane: Plane::Om, name: Some("ann"), tenant: None, address: None };
    let denied = Arc::new(list.denied(comer, at(0)));
    assert_ne!(*denied, Denied::default());
    let ann = Identified { denied, ..user(Role::Administrator) };
    let rule = Object::of(Operation::RuleRead.object());
    assert_eq!(asked(&ann, Operation::RuleRead, &rule), Err(Because::Listed(7)));
    assert!(asked(&ann, Operation::GroupRead, &Object::of(Operation::GroupRead.object())).is_ok());
    let own = |operation: Operation| asked(&ann, operation, &Object::owned(operation.object(), ann.user));
    assert_eq!(own(Operation::SessionReadOwn), Err(Because::Listed(7)));
    assert!(own(Operation::SessionLogout).is_ok(), "nobody is kept from leaving");
}

async fn listed(store: &Store, kind: ListedKind, who: &str, denies: &str) -> Result<i64, IdentityError> {
    let (who, denies, reason) = (who.to_owned(), resources(denies), "spreads a worm".to_owned());
    let entry = NewEntry { kind, who, denies, ends: Some(at(100)), reason };
    let made = store.write(move |tx| {
        Box::pin(async move { blocklists::create(tx, &entry, "ann", at(0)).await.map(|(id, _)| id) })
    });
    made.await
}

// proves: SEC-10
#[tokio::test]
async fn the_list_is_kept_noted_and_mended_in_every_store() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let store = &test.store;
        let identity = Identity::new(store.clone(), IdentityPolicy::default());
        let acme = NewTenant {
            name: "acme".to_owned(),
            kind: TenantKind::Company,
            above: None,
            description: String::new(),
        };
        store
            .write(move |tx| Box::pin(async move { tenants::create(tx, &acme, "ann", at(0)).await }))
            .await
            .unwrap();
        let mut ids = Vec::new();
        for (kind, who, denies) in [
            (ListedKind::User, " Otto ", "port.off"),
            (ListedKind::User, "tenant/otto", "everything"),
            (ListedKind::Address, "192.0.2.0/24", "everything"),
            (ListedKind::Source, "198.51.100.7", ""),
            (ListedKind::Device, "00-00-5E-00-53-01", ""),
            (ListedKind::Tenant, "ACME", "user"),
        ] {
            ids.push(listed(store, kind, who, denies).await.unwrap());
        }
        for (kind, who, denies, told) in [
            (ListedKind::Device, "00:00:5e:00:53:01", "", "keeps this device out already"),
            (ListedKind::Tenant, "nowhere", "user", "there is no tenant 'nowhere'"),
            (ListedKind::User, "otto", "port network", "'network' is nothing that can be denied"),
            (ListedKind::User, "otto", "", "denies at least one thing"),
        ] {
            let refused = listed(store, kind, who, denies).await.unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
        let shown = || async {
            let items = identity.list_blocklist(&ListQuery::unscoped(&BLOCKLIST)).await.unwrap().items;
            items.into_iter().map(|one| format!("{} {}", one.kind, one.who)).collect::<Vec<_>>()
        };
        let all = [
            "user otto",
            "user tenant/otto",
            "address 192.0.2.0/24",
            "source 198.51.100.7",
            "device 00:00:5e:00:53:01",
            "tenant acme",
        ];
        assert_eq!(shown().await, all);
        let blocklist = identity.blocklist().await.unwrap();
        let otto = Comer { plane: Plane::Om, name: Some("otto"), tenant: None, address: None };
        let is_denied =
            |list: &Blocklist, second| list.denied(otto, at(second)).operation(Operation::PortOff).is_some();
        assert!(is_denied(&blocklist, 99) && !is_denied(&blocklist, 100));
        assert!(identity.is_deaf_to("198.51.100.7".parse().unwrap(), at(1)));
        assert!(identity.shut_out(Plane::Om, "192.0.2.9".parse().unwrap(), at(1)).is_some());

        let device = ids[4];
        let note = |was: Option<&'static str>, id: i64| {
            store.write(move |tx| Box::pin(async move { blocklists::note_device(tx, id, was).await }))
        };
        for was in [Some("allowed"), None] {
            assert!(note(was, device).await.unwrap());
            let devices = identity.listed_devices().await.unwrap();
            assert_eq!(devices.len(), 1);
            assert_eq!((devices[0].id, devices[0].was.as_deref()), (device, was));
            assert_eq!((devices[0].made, devices[0].ends), (at(0), Some(at(100))));
        }
        assert!(!note(None, 4711).await.unwrap());

        let take = |id| store.write(move |tx| Box::pin(async move { blocklists::delete(tx, id).await }));
        take(ids[0]).await.unwrap();
        assert!(matches!(take(ids[0]).await, Err(IdentityError::NoSuchEntry(_))));
        assert_eq!(shown().await, all[1..]);
        assert!(!is_denied(&identity.blocklist().await.unwrap(), 1), "read anew");
    }
}
