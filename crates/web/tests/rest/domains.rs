//! Roles that are confined to a domain: what they show, what they permit, and that a change counts at once.

use std::net::SocketAddr;

use netwarden_identity::password::Person;
use netwarden_identity::{Grant, NewUser, Operation, Plane};
use netwarden_inventory::ElementBase;
use netwarden_model::NeId;
use netwarden_model::element::Element;
use netwarden_store::Tx;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::desk::{Answer, Bench, MAC, PORT, bench};

const PASSWORD: &str = "kein-Leichtes#Wort7";

/// A new account is made without one.
fn with_reason(path: &str, body: &mut Value) {
    if path != "/users" {
        body["reason"] = "a test".into();
    }
}

impl Bench {
    async fn admin(&self, method: &str, path: &str, mut body: Value) -> Answer {
        with_reason(path, &mut body);
        self.json("administrator", method, &format!("/api/v1{path}"), body).await
    }

    async fn asks(&self, secret: &str, path: &str) -> Answer {
        self.call(Some(secret), "GET", &format!("/api/v1{path}"), None).await
    }

    async fn does(&self, secret: &str, method: &str, path: &str, mut body: Value) -> Answer {
        with_reason(path, &mut body);
        self.json(secret, method, &format!("/api/v1{path}"), body).await
    }

    async fn sees(&self, secret: &str, path: &str) -> Vec<String> {
        let listed = self.asks(secret, path).await;
        assert_eq!(listed.status, 200, "{path}: {}", listed.body);
        let listed = listed.json();
        let name = |item: &Value| {
            let name = ["name", "mac"].iter().find_map(|key| item[key].as_str());
            name.unwrap_or_default().to_owned()
        };
        let names: Vec<String> = listed["items"].as_array().unwrap().iter().map(name).collect();
        assert_eq!(listed["total"]["count"], names.len(), "what is counted is what is shown: {listed}");
        names
    }

    /// Another element, in the region south.
    async fn south(&self) -> NeId {
        let element = Element {
            id: NeId(0),
            name: "core1".into(),
            address: SocketAddr::from(([198, 51, 100, 7], 161)),
            credential: None,
            enforcement: false,
            allow_v2c: false,
            quarantine_vlan: None,
            voice_vlan: None,
        };
        let mut base = ElementBase::new(element, self.desk.clock.now());
        base.region = Some("south".to_owned());
        let row = base.clone();
        let insert = self.desk.store.write(move |tx: &Tx| {
            Box::pin(async move { netwarden_inventory::sql::insert_element(tx, &row).await })
        });
        base.element.id = insert.await.unwrap();
        let id = base.element.id;
        self.desk.engine.keeper().adjust(move |network| network.put_element(base)).await.unwrap();
        id
    }

    /// The session of a new account with these grants.
    async fn joins(&self, name: &str, grants: &[&str]) -> String {
        let password = || Zeroizing::new(PASSWORD.to_owned());
        let person = Person { name, ..Person::default() };
        let hash = self.desk.identity.hash_new_password(person, password(), [7; 16]).await.unwrap();
        let grants = grants.iter().map(|grant| Grant::from(*grant)).collect();
        let user = NewUser {
            plane: Plane::Om,
            name: name.into(),
            grants,
            password: hash,
            tenant: None,
            must_change_password: false,
        };
        self.desk.identity.create_user(user, self.desk.clock.now()).await.unwrap();
        self.desk.login(Plane::Om, name, password(), None).await.unwrap().secret.to_string()
    }

    async fn region(&self, ne: NeId, region: &str) {
        let moved = self.admin("PATCH", &format!("/elements/{}", ne.0), json!({ "region": region })).await;
        assert_eq!(moved.status, 200, "{}", moved.body);
    }
}

/// sw1 in the north with an endpoint, core1 in the south; a domain each.
async fn divided() -> (Bench, NeId) {
    let bench = bench().await;
    let south = bench.south().await;
    bench.region(bench.ne, "north").await;
    let by_region = json!({ "name": "north", "belongs": { "regions": ["north"] } });
    assert_eq!(bench.admin("POST", "/domains", by_region).await.status, 201);
    let by_subnet = json!({ "name": "south", "belongs": { "subnets": ["198.51.100.0/24"] } });
    let made = bench.admin("POST", "/domains", by_subnet).await;
    assert_eq!((made.status.as_u16(), &made.json()["elements"]), (201, &json!(1)), "{}", made.body);
    (bench, south)
}

// proves: IAM-05
#[tokio::test]
async fn outside_the_domain_nothing_is_seen_or_done() {
    let (bench, south) = divided().await;
    let nora = bench.joins("nora", &["operator@north"]).await;
    assert_eq!(bench.sees(&nora, "/elements").await, ["sw1"]);
    assert_eq!(bench.sees(&nora, "/endpoints").await, [MAC]);
    let ports = bench.asks(&nora, "/ports").await.json();
    assert!(ports["items"].as_array().unwrap().iter().all(|port| port["ne"] == "sw1"), "{ports}");
    let map = bench.asks(&nora, "/topology").await;
    assert!(map.body.contains("sw1") && !map.body.contains("core1"), "{}", map.body);
    let status = bench.asks(&nora, "/system/status").await.json();
    assert_eq!((&status["elements"], &status["endpoints"]), (&json!(1), &json!(1)), "{status}");
    assert!(bench.asks(&nora, "/events").await.json()["items"][0].is_object());

    let here = bench.ne.0;
    for (method, path, status) in [
        ("POST", format!("/ports/{here}/{PORT}/off"), 202),
        ("POST", format!("/endpoints/{MAC}/block"), 200),
        ("PATCH", format!("/elements/{here}"), 200),
    ] {
        let body = if method == "PATCH" { json!({ "groups": ["mine"] }) } else { json!({}) };
        let done = bench.does(&nora, method, &path, body).await;
        assert_eq!(done.status, status, "{path}: {}", done.body);
    }
    // An element of theirs is no way to another device, nor out of the domain.
    for edit in [
        json!({ "address": "198.51.100.7" }),
        json!({ "credential": "core" }),
        json!({ "allow_v2c": true }),
        json!({ "region": "south" }),
    ] {
        let refused = bench.does(&nora, "PATCH", &format!("/elements/{here}"), edit.clone()).await;
        assert_eq!(refused.status, 403, "{edit}: {}", refused.body);
    }
    // What is not theirs is refused as what is not there, and each time the trail has it.
    let before = bench.records("ne.read", "denied").await;
    for ne in [south.0, 4_711] {
        let refused = bench.asks(&nora, &format!("/elements/{ne}")).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert!(refused.detail().contains("outside the part of the network"), "{}", refused.body);
        let port = bench.does(&nora, "POST", &format!("/ports/{ne}/{PORT}/off"), json!({})).await;
        assert_eq!(port.status, 403, "{}", port.body);
    }
    assert_eq!(bench.records("ne.read", "denied").await, before + 2);
    // What concerns the whole network is not for them, whatever the role says.
    for path in [
        "/rules",
        "/system/parameters",
        "/credentials",
        "/audit",
        "/groups",
        "/users",
        "/domains",
        "/sessions",
        "/tokens?all=true",
    ] {
        let refused = bench.asks(&nora, path).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.body);
    }
    let whole = bench.does(&nora, "POST", "/system/stop", json!({})).await;
    assert!(whole.detail().contains("confined to the domain 'north'"), "{}", whole.body);
    let element = json!({ "address": "192.0.2.99", "credential": "core" });
    assert_eq!(bench.does(&nora, "POST", "/elements", element).await.status, 403);
}

// proves: IAM-17
#[tokio::test]
async fn a_token_that_is_confined_to_a_domain_goes_no_further() {
    let (bench, south) = divided().await;
    let olga = bench.joins("olga", &["operator"]).await;
    let token = |domains: Value, days| json!({ "name": "script", "days": days, "domains": domains });
    let unknown = bench.json(&olga, "POST", "/api/v1/tokens", token(json!(["east"]), 2)).await;
    assert_eq!(unknown.status, 422, "{}", unknown.body);
    assert!(unknown.detail().contains("no domain 'east'"), "{}", unknown.body);
    let made = bench.json(&olga, "POST", "/api/v1/tokens", token(json!(["north"]), 2)).await.json();
    let secret = made["token"].as_str().unwrap().to_owned();
    assert_eq!(bench.sees(&olga, "/elements").await, ["sw1", "core1"]);
    assert_eq!(bench.sees(&secret, "/elements").await, ["sw1"]);
    let off = |ne: i64| format!("/ports/{ne}/{PORT}/off");
    assert_eq!(bench.does(&secret, "POST", &off(south.0), json!({})).await.status, 403);
    assert_eq!(bench.does(&secret, "POST", &off(bench.ne.0), json!({})).await.status, 202);
    let whole = bench.does(&secret, "POST", "/system/stop", json!({})).await;
    assert_eq!(whole.status, 403, "{}", whole.body);
    // Nor does what it makes.
    for (domains, status) in [(json!([]), 422), (json!(["north", "south"]), 422), (json!(["north"]), 201)] {
        let made = bench.json(&secret, "POST", "/api/v1/tokens", token(domains.clone(), 1)).await;
        assert_eq!(made.status, status, "{domains}: {}", made.body);
    }
    // What is its owner's may be of more: jobs, sessions, tokens.
    let caller = bench.desk.identify_bearer(&olga, None).await.unwrap();
    let netwarden_identity::Subject::User(owner) = &caller.subject else { panic!("{caller:?}") };
    let (now, work) = (bench.desk.clock.now(), |_| async { Ok(Value::Null) });
    let job = bench.desk.jobs.start("a test".into(), Operation::RuleRehearse, Some(owner.user), now, work);
    assert_eq!(bench.asks(&olga, &format!("/jobs/{job}")).await.status, 200);
    assert_eq!(bench.asks(&secret, &format!("/jobs/{job}")).await.status, 403);
    assert!(!bench.asks(&secret, "/jobs").await.body.contains(&job.to_string()));
    let wider = bench.json(&olga, "POST", "/api/v1/tokens", json!({ "name": "wide", "days": 1 })).await;
    assert_eq!(wider.status, 201, "{}", wider.body);
    let mine = bench.asks(&olga, "/tokens?text=wide").await.json()["items"][0]["id"].clone();
    let session = bench.asks(&olga, "/sessions?own=true").await.json()["items"][0]["id"].clone();
    for path in [format!("/tokens/{mine}"), format!("/sessions/{session}?reason=x")] {
        let refused = bench.call(Some(&secret), "DELETE", &format!("/api/v1{path}"), None).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.body);
    }
    assert_eq!(bench.call(Some(&olga), "DELETE", &format!("/api/v1/tokens/{mine}"), None).await.status, 204);
    // It is listed with its domain, its record tells of it, and it holds the domain.
    let listed = bench.asks(&olga, "/tokens?text=script").await.json();
    assert_eq!(listed["items"][0]["domains"], json!(["north"]), "{listed}");
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let records = bench.asks("administrator", "/audit?operation=token.create_own").await;
    assert!(records.body.contains(r#"\"domains\":[\"north\"]"#), "{}", records.body);
    let drop =
        async || bench.call(Some("administrator"), "DELETE", "/api/v1/domains/north?reason=x", None).await;
    assert_eq!(drop().await.status, 409);
    for token in listed["items"].as_array().unwrap() {
        let path = format!("/api/v1/tokens/{}", token["id"]);
        assert_eq!(bench.call(Some(&olga), "DELETE", &path, None).await.status, 204);
    }
    assert_eq!(drop().await.status, 204);
}

// proves: IAM-03, IAM-05
#[tokio::test]
async fn changes_of_domain_and_element_count_at_the_next_action() {
    let (bench, south) = divided().await;
    let nora = bench.joins("nora", &["revisor@north"]).await;
    assert_eq!(bench.sees(&nora, "/elements").await, ["sw1"]);
    bench.region(south, "north").await;
    assert_eq!(bench.sees(&nora, "/elements").await, ["sw1", "core1"]);
    bench.region(bench.ne, "west").await;
    assert_eq!(bench.sees(&nora, "/elements").await, ["core1"]);
    assert_eq!(bench.sees(&nora, "/endpoints").await, Vec::<String>::new(), "it is where its element is");
    let change = json!({ "belongs": { "regions": ["west"], "elements": ["core1"] } });
    let changed = bench.admin("PATCH", "/domains/north", change).await;
    assert_eq!(changed.json()["belongs"]["elements"], json!(["core1"]), "{}", changed.body);
    assert_eq!(bench.sees(&nora, "/elements").await, ["sw1", "core1"]);
    let grants = json!({ "roles": ["revisor@south"] });
    assert_eq!(bench.admin("PATCH", "/users/nora", grants).await.status, 200);
    assert_eq!(bench.sees(&nora, "/elements").await, ["core1"]);
    let in_use = bench.call(Some("administrator"), "DELETE", "/api/v1/domains/south?reason=x", None).await;
    assert_eq!(in_use.status, 409, "{}", in_use.body);
}

// proves: IAM-05
#[tokio::test]
async fn who_administers_a_domain_keeps_its_accounts() {
    let (bench, _) = divided().await;
    bench.joins("nora", &["operator@north"]).await;
    bench.joins("sam", &["operator@south"]).await;
    bench.joins("both", &["operator@north", "operator@south"]).await;
    let lead = bench.joins("lead", &["administrator@north"]).await;
    assert_eq!(bench.sees(&lead, "/users?sort=name").await, ["lead", "nora"]);
    for (path, status) in
        [("/users/nora", 200), ("/users/sam", 403), ("/users/both", 403), ("/users/operator", 403)]
    {
        assert_eq!(bench.asks(&lead, path).await.status, status, "{path}");
    }
    let new = |name: &str, role: &str| json!({ "name": name, "password": PASSWORD, "roles": [role] });
    let made = bench.does(&lead, "POST", "/users", new("nils", "helpdesk@north")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    for role in ["helpdesk", "helpdesk@south", "administrator"] {
        assert_eq!(bench.does(&lead, "POST", "/users", new("eve", role)).await.status, 403, "{role}");
    }
    for roles in [json!(["operator"]), json!(["operator@north", "operator@south"])] {
        let wider = bench.does(&lead, "PATCH", "/users/nora", json!({ "roles": roles })).await;
        assert_eq!(wider.status, 403, "{}", wider.body);
    }
    assert_eq!(bench.does(&lead, "PATCH", "/users/nora", json!({ "enabled": false })).await.status, 200);
    assert_eq!(bench.does(&lead, "PATCH", "/users/sam", json!({ "enabled": false })).await.status, 403);
    let nowhere = bench.admin("POST", "/users", new("eve", "operator@nowhere")).await;
    assert_eq!(
        (nowhere.status.as_u16(), &nowhere.json()["input"]),
        (422, &json!("roles")),
        "{}",
        nowhere.body
    );

    // The sessions of all are not theirs to see; those of their accounts are theirs to end.
    for path in ["/sessions", "/tokens?all=true"] {
        assert_eq!(bench.asks(&lead, path).await.status, 403, "{path}");
    }
    bench.desk.login(Plane::Om, "nils", Zeroizing::new(PASSWORD.to_owned()), None).await.unwrap();
    for (name, status) in [("sam", 403), ("both", 403), ("nils", 204)] {
        let open = bench.asks("administrator", "/sessions").await.json();
        let of_name = open["items"].as_array().unwrap().iter().find(|session| session["user"] == name);
        let path = format!("/sessions/{}?reason=left", of_name.unwrap()["id"]);
        let ended = bench.does(&lead, "DELETE", &path, json!({})).await;
        assert_eq!(ended.status, status, "{name}: {}", ended.body);
    }

    // Who can shut a port in the north, and who in the south.
    let holders = async |domain: &str| {
        let path = format!("/operations/port.off/users?domain={domain}&sort=user");
        let listed = bench.asks("administrator", &path).await.json();
        let users = listed["items"].as_array().unwrap().iter();
        users.map(|holder| holder["user"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(holders("south").await, ["administrator", "both", "operator", "sam"]);
    assert_eq!(holders("north").await, ["administrator", "both", "lead", "nora", "operator"]);
    let rights = bench.asks("administrator", "/users/both/rights?operation=port.off").await.json();
    assert_eq!(rights["items"][0]["through"], json!(["operator@north", "operator@south"]), "{rights}");
    let rights = bench.asks("administrator", "/users/nora/rights?limit=1000").await;
    assert!(!rights.body.contains("rule.create"), "a confined role makes no rules: {}", rights.body);
}

// proves: IAM-05
#[tokio::test]
async fn pages_show_a_confined_user_their_domain_and_keep_domains() {
    let (bench, south) = divided().await;
    let nora = bench.joins("nora", &["operator@north"]).await;
    let cookie = format!("__Host-netwarden-om={nora}");
    let page =
        async |path: &str| bench.call_with(None, "GET", path, None, &[("cookie", cookie.as_str())]).await;
    for path in ["/", "/elements", "/endpoints", "/events", "/topology"] {
        let shown = page(path).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        assert!(
            !shown.body.contains("core1") && !shown.body.contains("href=\"/rules\""),
            "{path}: {}",
            shown.body
        );
    }
    assert!(page(&format!("/elements/{}", bench.ne.0)).await.body.contains("sw1"));
    assert_eq!(page(&format!("/elements/{}", south.0)).await.status, 403);
    assert_eq!(page(&format!("/elements/{}/ports/{PORT}/off", bench.ne.0)).await.status, 200, "the dialog");
    assert_eq!(page(&format!("/elements/{}/ports/{PORT}/off", south.0)).await.status, 403);

    let who =
        bench.page("administrator", "/system/operation-users?operation=port.off&domain=south").await.body;
    assert!(who.contains("operator") && !who.contains("nora"), "{who}");

    let listed = bench.page("administrator", "/system/domains").await.body;
    for needed in ["north", "Regions: north", "Subnets: 198.51.100.0/24"] {
        assert!(listed.contains(needed), "{needed}: {listed}");
    }
    let bad =
        bench.form("administrator", "/system/new-domain", "name=x&subnets=10.0.0.0%2F99&reason=x").await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    assert!(bad.body.contains("is no address, range or network"), "{}", bad.body);
    let made =
        bench.form("administrator", "/system/new-domain", "name=core&elements=core1%0Asw1&reason=x").await;
    assert_eq!(made.status, 303, "{}", made.body);
    let shown = bench.asks("administrator", "/domains/core").await.json();
    assert_eq!((&shown["elements"], &shown["belongs"]["elements"]), (&json!(2), &json!(["sw1", "core1"])));

    // The form of an account takes roles in domains, and leaves them where nothing is written about them.
    let form = bench.page("administrator", "/system/accounts/nora").await.body;
    assert!(form.contains("operator@north") && form.contains("Domains: core, north, south"), "{form}");
    let version =
        form.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = format!("version={version}&enabled=true&roles=helpdesk%40core%0Aoperator%40north&reason=x");
    let saved = bench.form("administrator", "/system/accounts/nora", &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let roles = bench.asks("administrator", "/users/nora").await.json()["roles"].clone();
    assert_eq!(roles, json!(["operator@north", "helpdesk@core"]));
}
