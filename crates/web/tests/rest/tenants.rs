//! Tenants over HTTP: whose users see what, that an id of another tenant leads nowhere, and what goes with one.

use netwarden_identity::password::Person;
use netwarden_identity::{Grant, NewUser, Plane, TenantPath};
use netwarden_store::{query_one, values};
use netwarden_vault::KeyOwner;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::desk::{Answer, Bench, PASSWORD, bench};

impl Bench {
    /// The secret of a session of a new account of a tenant.
    async fn belongs(&self, tenant: &TenantPath, name: &str, role: &str) -> String {
        self.makes(name, role, Some(tenant.clone())).await
    }

    async fn makes(&self, name: &str, role: &str, tenant: Option<TenantPath>) -> String {
        let person = Person { name, ..Person::default() };
        let password = Zeroizing::new(PASSWORD.to_owned());
        let password = self.desk.identity.hash_new_password(person, password, [7; 16]).await.unwrap();
        let (name, grants) = (name.to_owned(), [Grant::from(role)].into());
        let user = NewUser {
            plane: Plane::Tenant,
            name: name.clone(),
            tenant,
            grants,
            password,
            must_change_password: false,
        };
        self.desk.identity.create_user(user, self.desk.clock.now()).await.unwrap();
        self.comes_in(&name, PASSWORD).await.json()["token"].as_str().unwrap().to_owned()
    }

    async fn comes_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({ "user": name, "password": password }).to_string();
        self.call(None, "POST", "/tenant/api/v1/sessions", Some(("application/json", body))).await
    }

    async fn there(&self, secret: &str, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/tenant/api/v1{path}");
        match method {
            "GET" | "DELETE" => self.call(Some(secret), method, &path, None).await,
            _ => self.json(secret, method, &path, body).await,
        }
    }

    /// The names that a list of the tenants' plane shows.
    async fn lists(&self, secret: &str, path: &str, key: &str) -> Vec<String> {
        let listed = self.there(secret, "GET", path, Value::Null).await;
        assert_eq!(listed.status, 200, "{path}: {}", listed.body);
        let listed = listed.json();
        let name = |item: &Value| item[key].as_str().unwrap().to_owned();
        let mut names: Vec<String> = listed["items"].as_array().unwrap().iter().map(name).collect();
        assert_eq!(listed["total"]["count"], names.len(), "what is counted is what is shown: {listed}");
        names.sort();
        names.dedup();
        names
    }

    /// The tenant under whose key the vault keeps something; None for the system's own.
    async fn sealed_for(&self, name: &str) -> Option<String> {
        let read = self.desk.store.read();
        let sql = "SELECT sealed FROM vault_secrets WHERE purpose = $1";
        let sealed = query_one(read, sql, values![format!("given/{name}")]).await.unwrap().unwrap();
        let sealed: Vec<u8> = sealed.try_get_by_index(0).unwrap();
        let sql = "SELECT t.name FROM vault_keys k JOIN identity_tenant t ON t.id = k.owner WHERE k.id = $1";
        let owner = query_one(read, sql, values![i64::from(sealed[4])]).await.unwrap();
        owner.map(|row| row.try_get_by_index(0).unwrap())
    }

    /// A session of the plane's `admin`.
    async fn admin_of_tenants(&self) -> String {
        self.makes("admin", "superuser", None).await
    }

    async fn tenant_page(&self, secret: &str, path: &str) -> Answer {
        let cookie = format!("__Host-netwarden-tenant={secret}");
        let headers = [("cookie", cookie.as_str()), ("accept-language", "en")];
        self.call_with(None, "GET", &format!("/tenant{path}"), None, &headers).await
    }
}

/// An agency `reseller` with the tenants `acme` below it and, of another, `globex`; each with a keeper and somebody.
struct Tenants {
    bench: Bench,
    agent: String,
    wile: String,
    hank: String,
}

async fn tenants() -> Tenants {
    let bench = bench().await;
    let reseller = bench.tenant("reseller", None).await;
    let acme = bench.tenant("acme", Some(reseller.clone())).await;
    let globex = bench.tenant("globex", None).await;
    let agent = bench.belongs(&reseller, "agent", "agency_role").await;
    let wile = bench.belongs(&acme, "wile", "company_tenant").await;
    bench.belongs(&acme, "bird", "basis_tenant").await;
    let hank = bench.belongs(&globex, "hank", "company_tenant").await;
    bench.belongs(&globex, "homer", "basis_tenant").await;
    Tenants { bench, agent, wile, hank }
}

// proves: IAM-21
#[tokio::test]
async fn users_of_a_tenant_see_what_is_its_alone() {
    let Tenants { bench, agent, wile, hank } = tenants().await;
    for (secret, users) in [
        (&wile, vec!["bird", "wile"]),
        (&hank, vec!["hank", "homer"]),
        (&agent, vec!["agent", "bird", "wile"]),
    ] {
        for (path, key) in [
            ("/users", "name"),
            ("/users?text=r&sort=-name", "name"),
            ("/sessions", "user"),
            ("/logins?all=true", "user"),
        ] {
            let expected: Vec<&str> =
                users.iter().copied().filter(|name| !path.contains("text=r") || name.contains('r')).collect();
            assert_eq!(bench.lists(secret, path, key).await, expected, "{path}");
        }
        let token = json!({ "name": "mine", "days": 1 });
        assert_eq!(bench.there(secret, "POST", "/tokens", token).await.status, 201);
    }
    assert_eq!(bench.lists(&wile, "/tokens?all=true", "user").await, ["wile"]);
    assert_eq!(bench.lists(&agent, "/tokens?all=true", "user").await, ["agent", "wile"]);
    // Of tenants an agency sees itself and those below, a company itself.
    assert_eq!(bench.lists(&agent, "/tenants", "name").await, ["acme", "reseller"]);
    assert_eq!(bench.lists(&hank, "/tenants", "name").await, ["globex"]);
    // The trail and the roles are the plane's as a whole.
    for path in ["/audit", "/roles", "/elements", "/endpoints", "/system/parameters"] {
        assert_eq!(bench.there(&agent, "GET", path, Value::Null).await.status, 403, "{path}");
    }
    let page = bench.tenant_page(&agent, "/system/accounts").await.body;
    assert!(page.contains("bird") && page.contains("acme") && !page.contains("homer"), "{page}");
    let form = bench.tenant_page(&wile, "/system/new-account").await;
    assert_eq!(form.status, 200, "{}", form.body);
    assert!(form.body.contains("Empty for your own"), "{}", form.body);
}

// proves: IAM-21
#[tokio::test]
async fn ids_and_names_of_another_tenant_lead_nowhere() {
    let Tenants { bench, agent, wile, hank } = tenants().await;
    let of_hank = bench.there(&hank, "GET", "/sessions", Value::Null).await.json();
    let session = of_hank["items"].as_array().unwrap().iter().find(|item| item["user"] == "homer").unwrap();
    let made = bench.there(&hank, "POST", "/tokens", json!({ "name": "mine", "days": 1 })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let token = bench.there(&hank, "GET", "/tokens", Value::Null).await.json()["items"][0]["id"].clone();
    let reason = json!({ "reason": "a test" });
    let user = json!({ "name": "spy", "password": PASSWORD, "roles": ["company_tenant"] });
    let into = |tenant: &str| {
        let mut user = user.clone();
        user["tenant"] = tenant.into();
        user
    };
    for name in ["homer", "nobody-at-all"] {
        for (method, path, body) in [
            ("GET", format!("/users/{name}"), Value::Null),
            ("PATCH", format!("/users/{name}"), json!({ "reason": "x", "enabled": false })),
            ("PATCH", format!("/users/{name}"), json!({ "reason": "x", "roles": ["agency_role"] })),
            ("POST", format!("/users/{name}/reset-password"), reason.clone()),
            ("POST", format!("/users/{name}/unlock"), reason.clone()),
            ("POST", format!("/users/{name}/erase"), reason.clone()),
            ("DELETE", format!("/users/{name}?reason=x"), Value::Null),
            ("POST", "/users".to_owned(), {
                let mut like = user.clone();
                like["like"] = name.into();
                like
            }),
            ("POST", "/tokens".to_owned(), json!({ "name": "x", "days": 1, "user": name })),
            ("GET", "/tenants/globex".to_owned(), Value::Null),
            ("GET", "/tenants/nowhere".to_owned(), Value::Null),
            ("PATCH", "/tenants/globex".to_owned(), json!({ "reason": "x", "enabled": false })),
            ("DELETE", "/tenants/globex?reason=x".to_owned(), Value::Null),
            ("POST", "/tenants/globex/administrators".to_owned(), json!({ "reason": "x", "user": "spy" })),
            ("POST", "/users".to_owned(), into("globex")),
            ("POST", "/users".to_owned(), into("nowhere")),
            ("DELETE", format!("/sessions/{}?reason=x", session["id"]), Value::Null),
            ("DELETE", "/sessions/99999?reason=x".to_owned(), Value::Null),
            ("DELETE", format!("/tokens/{token}"), Value::Null),
        ] {
            for secret in [&wile, &agent] {
                let refused = bench.there(secret, method, &path, body.clone()).await;
                assert_eq!(refused.status, 403, "{method} {path}: {}", refused.body);
                let keeps = secret == &agent || !path.starts_with("/tenants") || method == "GET";
                if keeps {
                    assert!(
                        refused.detail().contains("not for users of this tenant"),
                        "{path}: {}",
                        refused.body
                    );
                }
            }
        }
    }
    assert!(bench.records("user.read", "denied").await >= 2);
    assert!(
        bench.there(&hank, "GET", "/users/homer", Value::Null).await.json()["enabled"].as_bool().unwrap()
    );
    // Nobody keeps the tenant to which they belong, nor gives themselves what they have not.
    let own = bench
        .there(&agent, "PATCH", "/tenants/reseller", json!({ "reason": "x", "description": "me" }))
        .await;
    assert_eq!(own.status, 403, "{}", own.body);
    let self_made = json!({ "reason": "x", "roles": ["company_tenant", "agency_role"] });
    assert_eq!(bench.there(&wile, "PATCH", "/users/wile", self_made).await.status, 403);
    // Login policies are the operator's.
    let office = json!({ "reason": "x", "name": "office", "kind": "addresses", "lines": "192.0.2.0/24" });
    let office = bench.json("administrator", "POST", "/api/v1/policies/logins", office).await;
    assert_eq!(office.status, 201, "{}", office.body);
    for policy in ["office", "no-such"] {
        let followed = json!({ "reason": "x", "attributes": { "address_policy": policy } });
        let refused = bench.there(&wile, "PATCH", "/users/bird", followed).await;
        assert_eq!(refused.status, 403, "{policy}: {}", refused.body);
        let cleared = json!({ "reason": "x", "attributes": { "clear": ["address_policy"] } });
        let same = bench.there(&wile, "PATCH", "/users/bird", cleared).await;
        assert_eq!(same.status, 200, "there is none: {}", same.body);
        let mut user = into("acme");
        user["attributes"] = json!({ "hours_policy": policy });
        assert_eq!(bench.there(&wile, "POST", "/users", user).await.status, 403, "{policy}");
    }
    // In the other planes a tenant is no attribute of an account.
    let here = bench.json("administrator", "POST", "/api/v1/users", into("globex")).await;
    assert_eq!(here.status, 422, "{}", here.body);
    assert!(here.detail().contains("only accounts on the tenants' plane"), "{}", here.body);
}

// proves: IAM-21, SEC-08
#[tokio::test]
async fn who_gets_a_name_that_was_another_tenants_erases_nothing_of_it() {
    let Tenants { bench, wile, hank, .. } = tenants().await;
    let admin = bench.admin_of_tenants().await;
    let user = |tenant: &str, text: &str| {
        json!({ "name": "ann@mail", "password": "Tunnel-paint/9", "roles": ["basis_tenant"], "tenant": tenant,
                "attributes": { "description": text } })
    };
    let reason = json!({ "reason": "asked for it" });
    let erases =
        async |secret: &str| bench.there(secret, "POST", "/users/ann@mail/erase", reason.clone()).await;
    let made = bench.there(&wile, "POST", "/users", user("acme", "of Acme's")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(bench.there(&wile, "DELETE", "/users/ann@mail?reason=left", Value::Null).await.status, 204);
    assert_eq!(bench.there(&hank, "POST", "/users", user("globex", "of Globex's")).await.status, 201);
    assert_eq!(erases(&hank).await.json()["texts"], 1, "Globex's alone");
    assert_eq!(erases(&hank).await.status, 403, "of who is no more the plane's administrator alone learns");
    // Acme's was there all the time.
    assert_eq!(erases(&admin).await.json()["texts"], 1);
    assert_eq!(erases(&admin).await.status, 404);
}

// proves: IAM-21
#[tokio::test]
async fn what_was_sealed_before_there_were_tenants_goes_under_their_keys() {
    let bench = bench().await;
    let home = bench.tenant("home", None).await;
    bench.belongs(&home, "ann", "basis_tenant").await;
    let ann = bench.desk.identity.find_user(Plane::Tenant, "ann").await.unwrap().user;
    let contact = format!("contact/{ann}");
    let (vault, name, now) = (bench.desk.vault.clone(), contact.clone(), bench.desk.clock.now());
    let held = vault.hold_keys().await;
    let before: Result<(), netwarden_vault::VaultError> = bench
        .desk
        .store
        .write(move |tx| {
            Box::pin(async move {
                vault.delete_keys(tx, held, KeyOwner(home.id().0)).await?;
                vault
                    .put_secret(tx, KeyOwner::SYSTEM, &name, b"{\"mobile\":\"+43\",\"mail\":\"\"}", now)
                    .await
            })
        })
        .await;
    before.unwrap();
    assert_eq!(bench.sealed_for(&contact).await, None);
    bench.desk.keep_tenant_keys().await.unwrap();
    assert_eq!(bench.sealed_for(&contact).await, None, "as a crash would leave it");
    bench.desk.seal_for_tenants().await.unwrap();
    assert_eq!(bench.sealed_for(&contact).await.as_deref(), Some("home"));
    assert!(bench.desk.vault.named_secret(&contact).await.unwrap().is_some());
}

// proves: IAM-21
#[tokio::test]
async fn an_operator_makes_tenants_and_these_keep_their_users() {
    let bench = bench().await;
    let om = async |method: &str, path: &str, mut body: Value| {
        body["reason"] = "a test".into();
        bench.json("administrator", method, &format!("/api/v1{path}"), body).await
    };
    let made = om("POST", "/tenants", json!({ "name": "Reseller", "kind": "agency" })).await;
    assert_eq!((made.status.as_u16(), &made.json()["name"]), (201, &json!("reseller")), "{}", made.body);
    for (body, status, told) in [
        (json!({ "name": "reseller", "kind": "basic" }), 409, "already"),
        (json!({ "name": "a b", "kind": "basic" }), 422, "no name of a tenant"),
        (json!({ "name": "x", "kind": "basic", "agency": "nowhere" }), 404, "nowhere"),
    ] {
        let refused = om("POST", "/tenants", body).await;
        assert_eq!(refused.status, status, "{}", refused.body);
        assert!(refused.detail().contains(told), "{}", refused.body);
    }
    let password = om("POST", "/tenants/reseller/administrators", json!({ "user": "Agent@Reseller" })).await;
    assert_eq!(password.status, 201, "{}", password.body);
    let once = password.json()["password"].as_str().unwrap().to_owned();
    let opened = bench.comes_in("agent@reseller", &once).await.json();
    assert_eq!(opened["must_change_password"], true, "{opened}");
    let agent = opened["token"].as_str().unwrap();
    let change = json!({ "old": once, "new": PASSWORD });
    assert_eq!(bench.there(agent, "PUT", "/users/own/password", change).await.status, 204);
    // What an agency makes is below it.
    let below = json!({ "name": "acme", "kind": "company", "description": "Acme", "reason": "signed" });
    let below = bench.there(agent, "POST", "/tenants", below).await;
    assert_eq!((below.status.as_u16(), &below.json()["agency"]), (201, &json!("reseller")), "{}", below.body);
    let user = json!({ "name": "wile", "password": "Tunnel-paint/9", "roles": ["company_tenant"], "tenant": "acme",
                       "mail": "wile@acme.example" });
    let user = bench.there(agent, "POST", "/users", user).await;
    assert_eq!((user.status.as_u16(), &user.json()["tenant"]), (201, &json!("acme")), "{}", user.body);

    // Their mail addresses are sealed under the tenant's own key.
    let contact = format!("contact/{}", user.json()["id"]);
    let kept = async || bench.desk.vault.named_secret(&contact).await;
    assert!(kept().await.unwrap().is_some());
    assert_eq!(bench.sealed_for(&contact).await.as_deref(), Some("acme"));

    // Switched off, none of its users does anything, from the next request on.
    let opened = bench.comes_in("wile", "Tunnel-paint/9").await.json();
    let wile = opened["token"].as_str().unwrap();
    let mine = async || bench.there(wile, "GET", "/sessions/own", Value::Null).await.status;
    assert_eq!(mine().await, 200);
    let off = om("PATCH", "/tenants/acme", json!({ "enabled": false })).await;
    assert_eq!((off.status.as_u16(), &off.json()["enabled"]), (200, &json!(false)), "{}", off.body);
    assert_eq!(mine().await, 401);
    let barred = bench.comes_in("wile", "Tunnel-paint/9").await;
    assert_eq!(barred.status, 403, "{}", barred.body);
    assert!(barred.detail().contains("tenant to which the account belongs"), "{}", barred.body);
    assert_eq!(bench.comes_in("wile", "wrong").await.status, 401, "only who knows the password is told");
    assert_eq!(bench.there(agent, "GET", "/sessions/own", Value::Null).await.status, 200);

    // Deleted, it takes its users, what is sealed, and the keys along.
    let kept_by = om("DELETE", "/tenants/reseller?reason=x", json!({})).await;
    assert_eq!(kept_by.status, 409, "{}", kept_by.body);
    let path = "/tenants/acme?reason=contract+ended";
    assert_eq!(bench.there(agent, "DELETE", path, Value::Null).await.status, 204);
    assert!(kept().await.unwrap().is_none());
    assert_eq!(bench.comes_in("wile", "Tunnel-paint/9").await.status, 401);
    assert_eq!(bench.lists(agent, "/users", "name").await, ["agent@reseller"]);
    let keys = query_one(bench.desk.store.read(), "SELECT COUNT(*) FROM vault_keys WHERE owner <> 0", []);
    assert_eq!(keys.await.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap(), 1);
    // The account of the administrator, and that which went with its tenant, have records of their own.
    for (operation, count) in [("user.create", 2), ("user.delete", 1)] {
        assert_eq!(bench.records(operation, "success").await, count, "{operation}");
    }
    for (operation, count) in
        [("tenant.create", 2), ("tenant.modify", 1), ("tenant.delete", 1), ("tenant.add_administrator", 1)]
    {
        assert_eq!(bench.records(operation, "success").await, count, "{operation}");
    }
}
