//! The planes over HTTP: the built-in roles of each against every route, and that nothing leads from one into
//! another.

use axum::http::StatusCode;
use netwarden_identity::password::Person;
use netwarden_identity::{
    Access, Grant, NewTenant, NewUser, Operation, Plane, Role, Roles, Separation, TenantKind, TenantPath,
    tenants,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::calls::calls;
use crate::desk::{Answer, Bench, PASSWORD, bench};
use crate::ratchet::{prepared, routes};

const fn prefix(plane: Plane) -> &'static str {
    match plane {
        Plane::Om => "",
        Plane::Management => "/management",
        Plane::Tenant => "/tenant",
    }
}

impl Bench {
    /// An account of a plane.
    async fn has(&self, plane: Plane, name: &str, role: &str) {
        let person = Person { name, ..Person::default() };
        let password = Zeroizing::new(PASSWORD.to_owned());
        let password = self.desk.identity.hash_new_password(person, password, [7; 16]).await.unwrap();
        let (name, grants) = (name.to_owned(), [Grant::from(role)].into());
        let tenant = if plane == Plane::Tenant { Some(self.tenant("home", None).await) } else { None };
        let user = NewUser { plane, name, grants, password, tenant, must_change_password: false };
        self.desk.identity.create_user(user, self.desk.clock.now()).await.unwrap();
    }

    /// A new agency, or an agency below it.
    pub async fn tenant(&self, name: &str, above: Option<TenantPath>) -> TenantPath {
        let now = self.desk.clock.now();
        let tenant =
            NewTenant { name: name.to_owned(), kind: TenantKind::Agency, above, description: String::new() };
        let make = self
            .desk
            .store
            .write(move |tx| Box::pin(async move { tenants::create(tx, &tenant, "admin", now).await }));
        let path = make.await.unwrap();
        self.desk.keep_tenant_keys().await.unwrap();
        path
    }

    /// A session, opened where the plane is reached.
    async fn logs_in(&self, plane: Plane, name: &str) -> Answer {
        let body = json!({ "user": name, "password": PASSWORD });
        let path = format!("{}/api/v1/sessions", prefix(plane));
        self.call(None, "POST", &path, Some(("application/json", body.to_string()))).await
    }

    /// The secret of a session of a new account.
    pub async fn joins_plane(&self, plane: Plane, name: &str, role: &str) -> String {
        self.has(plane, name, role).await;
        let opened = self.logs_in(plane, name).await;
        opened.json()["token"].as_str().unwrap_or_else(|| panic!("{name}: {}", opened.body)).to_owned()
    }

    pub async fn separate(&self) {
        let set = json!({ "reason": "a test", "value": "strict" });
        let path = "/api/v1/policies/accounts/identity.separation";
        assert_eq!(self.json("administrator", "PUT", path, set).await.status, 204);
    }
}

/// What a route asks for besides the operation that it declares.
const ASKED_BESIDES: [(&str, Operation); 6] = [
    // The job of the table is a rehearsal.
    ("GET /api/v1/jobs/{id}", Operation::RuleRehearse),
    ("PATCH /api/v1/ports/{ne}/{name}", Operation::PortProtect),
    ("POST /api/v1/adoption/import", Operation::NeImport),
    ("GET /api/v1/logins", Operation::SessionHistory),
    ("GET /api/v1/tokens", Operation::TokenReadOwn),
    ("DELETE /api/v1/tokens/{id}", Operation::TokenRevoke),
];

/// Every route as every built-in role of a plane but those of S4, which ratchet.rs has: refused where the role has
/// no right to its operation, and nowhere else.
async fn every_route_as_every_role(plane: Plane) {
    let mut wrong = Vec::new();
    let routes = routes();
    let roles = Roles::new(plane, Separation::Strict, []);
    for role in Role::built_in(plane).filter(|role| !role.is_nac() && **role != Role::Superuser) {
        let bench = bench().await;
        let (token, job) = prepared(&bench).await;
        bench.separate().await;
        let secret = bench.joins_plane(plane, "somebody", role.as_str()).await;
        let (mut allowed, mut denied, mut others) = (0, 0, 0);
        for call in calls(&bench, token, &job) {
            let route = format!("{} {}", call.method, call.route);
            // What is the caller's own would end the session, or is another's here.
            if matches!(routes[&route].declaration().access, Access::Own | Access::Anyone) {
                continue;
            }
            let mut asked = vec![routes[&route]];
            asked.extend(ASKED_BESIDES.iter().filter(|(of, _)| *of == route).map(|(_, besides)| *besides));
            let may = asked.iter().all(|operation| roles.has(role, *operation));
            let path = format!("{}{}", prefix(plane), call.path);
            let answer = bench.call(Some(&secret), call.method, &path, call.body()).await;
            // Accounts of another plane, and roles that are none in this one, are nobody's here.
            let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED);
            let is_others = ["plane 'om'", "managed elsewhere", "not for users of this tenant"]
                .iter()
                .any(|told| answer.body.contains(told));
            match (may, refused) {
                (true, true) if is_others => others += 1,
                (true, false) => allowed += 1,
                (false, true) => denied += 1,
                _ => wrong.push(format!("{role}: {route}: {} {}", answer.status, answer.body)),
            }
        }
        assert!(denied > 0, "{role} may everything");
        let has_rights = netwarden_identity::OPERATIONS.iter().any(|line| roles.has(role, line.operation));
        assert!(allowed + others > 0 || !has_rights, "{role} may nothing");
    }
    assert!(wrong.is_empty(), "in the plane {plane}: {wrong:#?}");
}

// proves: IAM-02, IAM-20
#[tokio::test]
async fn every_route_answers_the_roles_of_the_network_as_the_table_says() {
    every_route_as_every_role(Plane::Om).await;
}

// proves: IAM-02, IAM-20
#[tokio::test]
async fn every_route_answers_the_roles_of_the_platform_as_the_table_says() {
    every_route_as_every_role(Plane::Management).await;
}

// proves: IAM-02
#[tokio::test]
async fn every_route_answers_the_roles_of_tenants_as_the_table_says() {
    every_route_as_every_role(Plane::Tenant).await;
}

// proves: IAM-01
#[tokio::test]
async fn one_name_is_somebody_else_in_each_plane_and_no_session_leads_from_one_to_another() {
    let bench = bench().await;
    bench.separate().await;
    let network = bench.joins_plane(Plane::Om, "ann", "smmanagers").await;
    let platform = bench.joins_plane(Plane::Management, "ann", "smmanagers").await;
    let own = async |secret: &str, plane| {
        bench.call(Some(secret), "GET", &format!("{}/api/v1/sessions/own", prefix(plane)), None).await
    };
    for (secret, home) in [(&network, Plane::Om), (&platform, Plane::Management)] {
        for plane in Plane::ALL.iter().copied() {
            let answer = own(secret, plane).await;
            let expected = if plane == home { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{home} in {plane}: {}", answer.body);
        }
        assert_eq!(own(secret, home).await.json()["plane"], home.as_str());
    }
    // Neither sees the other's accounts, sessions, logins and tokens.
    for list in ["users", "sessions", "logins?all=true", "tokens?all=true", "roles"] {
        let names = async |secret: &str, plane| -> String {
            let path = format!("{}/api/v1/{list}", prefix(plane));
            let answer = bench.call(Some(secret), "GET", &path, None).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            answer.body
        };
        let (of_network, of_platform) =
            (names(&network, Plane::Om).await, names(&platform, Plane::Management).await);
        assert!(!of_platform.contains("revisor"), "{list}: {of_platform}");
        assert!(list == "tokens?all=true" || of_network.contains("revisor"), "{list}: {of_network}");
    }
    // Nor can one touch them, by name or by number.
    let sessions = bench.call(Some(&network), "GET", "/api/v1/sessions?limit=1000", None).await.json();
    let of_others = sessions["items"][0]["id"].as_i64().unwrap();
    let caller = bench.desk.identify_bearer(&bench.secrets["operator"], None).await.unwrap();
    let token = bench.lent(&caller, Operation::EventRead).await;
    for (method, path, status) in [
        ("GET", "users/operator".to_owned(), 404),
        ("POST", "users/operator/reset-password".to_owned(), 404),
        ("DELETE", format!("sessions/{of_others}?reason=a+test"), 403),
        ("DELETE", format!("tokens/{}", token.id), 403),
    ] {
        let body = (method == "POST").then(|| ("application/json", r#"{"reason":"a test"}"#.to_owned()));
        let path = format!("/management/api/v1/{path}");
        let answer = bench.call(Some(&platform), method, &path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }
    assert_eq!(bench.call(Some("operator"), "GET", "/api/v1/sessions/own", None).await.status, 200);
    // A lock in one plane is none in the other.
    for _ in 0..6 {
        let body = json!({ "user": "ann", "password": "wrong" });
        let body = Some(("application/json", body.to_string()));
        assert_eq!(bench.call(None, "POST", "/management/api/v1/sessions", body).await.status, 401);
    }
    assert_eq!(bench.logs_in(Plane::Management, "ann").await.status, 401, "locked");
    assert_eq!(bench.logs_in(Plane::Om, "ann").await.status, 201);
}

// proves: IAM-01, AUD-01
#[tokio::test]
async fn each_plane_reads_its_own_records() {
    let bench = bench().await;
    bench.separate().await;
    let network = bench.joins_plane(Plane::Om, "ann", "smmanagers").await;
    let platform = bench.joins_plane(Plane::Management, "bob", "smmanagers").await;
    let keeper = bench.joins_plane(Plane::Om, "kay", "administrators").await;
    let note = json!({ "reason": "a test", "name": "sw-1" });
    let renamed = bench.json(&keeper, "PATCH", &format!("/api/v1/elements/{}", bench.ne.0), note).await;
    assert!(renamed.status.is_success(), "{}", renamed.body);
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let read = async |secret: &str, plane: Plane| -> Vec<Value> {
        let path = format!("{}/api/v1/audit?limit=1000", prefix(plane));
        let listed = bench.call(Some(secret), "GET", &path, None).await.json();
        listed["items"].as_array().unwrap().clone()
    };
    let planes = |records: &[Value]| {
        let planes = records.iter().map(|record| record["plane"].as_str().unwrap().to_owned());
        planes.collect::<std::collections::BTreeSet<String>>()
    };
    let has = |records: &[Value], operation: &str, user: &str| {
        records.iter().any(|record| record["operation"] == operation && record["user"] == user)
    };
    let of_network = read(&network, Plane::Om).await;
    assert_eq!(planes(&of_network), ["om".to_owned()].into());
    assert!(has(&of_network, "session.login", "ann") && has(&of_network, "ne.modify", "kay"));
    assert!(!has(&of_network, "session.login", "bob"));
    let of_platform = read(&platform, Plane::Management).await;
    assert_eq!(planes(&of_platform), ["management".to_owned()].into());
    assert!(has(&of_platform, "session.login", "bob"));
    // Who keeps no users reads nothing of their logins.
    let of_keeper = read(&keeper, Plane::Om).await;
    assert!(has(&of_keeper, "ne.modify", "kay") && !has(&of_keeper, "session.login", "ann"));
    assert!(of_keeper.iter().all(|record| record["kind"] != "security"), "{of_keeper:?}");
}

// proves: IAM-01
#[tokio::test]
async fn the_console_of_a_plane_stays_in_it() {
    let bench = bench().await;
    let secret = bench.joins_plane(Plane::Management, "bob", "administrators").await;
    let cookie = format!("__Host-netwarden-management={secret}");
    let page = async |path: &str, cookie: &str| {
        bench.call_with(None, "GET", path, None, &[("cookie", cookie), ("accept-language", "en")]).await
    };
    let at = |answer: &Answer| answer.headers.get("location").map(|to| to.to_str().unwrap().to_owned());
    let strange = page("/management/system", "").await;
    assert_eq!(at(&strange).as_deref(), Some("/management/sign-in?to=%2Fsystem"));
    let sign_in = page("/management/sign-in?to=%2Fsystem", "").await;
    assert!(sign_in.body.contains("Plane: platform"), "{}", sign_in.body);
    assert!(sign_in.body.contains("action=\"/management/sign-in\""));
    let fields = format!("user=bob&password={}&to=%2Fsystem", PASSWORD.replace('/', "%2F"));
    let form = ("application/x-www-form-urlencoded", fields);
    let opened = bench.call_with(None, "POST", "/management/sign-in", Some(form), &[]).await;
    assert_eq!(at(&opened).as_deref(), Some("/management/system"), "{}", opened.body);
    let set = opened.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-netwarden-management=") && set.contains("; Path=/; Secure; HttpOnly"));
    // What is there leads nowhere else, and the network is not among it.
    for path in ["/management", "/management/"] {
        assert_eq!(at(&page(path, &cookie).await).as_deref(), Some("/management/system"), "{path}");
    }
    let system = page("/management/system", &cookie).await;
    assert_eq!(system.status, 200);
    let leads: Vec<&str> =
        system.body.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(leads.len() > 8, "{leads:?}");
    for to in &leads {
        let stays = to.starts_with("/management/") || to.starts_with("/assets/") || to.starts_with('#');
        assert!(stays, "{to}");
    }
    assert!(
        leads.contains(&"/management/system/backups") && !leads.contains(&"/management/system/credentials")
    );
    assert!(!leads.contains(&"/management/system/accounts"), "who administers keeps no users");
    for to in leads.iter().filter(|to| to.starts_with("/management/")) {
        let answer = page(to, &cookie).await;
        assert!(answer.status.is_success() || at(&answer).is_some(), "{to}: {}", answer.status);
    }
    assert_eq!(page("/management/endpoints", &cookie).await.status, 403);
    // The cookie of one plane is none of another, however it is called.
    for (path, name) in [("/system", "om"), ("/tenant/system", "tenant"), ("/system", "management")] {
        let answer = page(path, &format!("__Host-netwarden-{name}={secret}")).await;
        assert!(at(&answer).is_some_and(|to| to.contains("/sign-in")), "{path} {name}: {}", answer.status);
    }
    let network = &bench.secrets["operator"];
    let answer = page("/management/system", &format!("__Host-netwarden-management={network}")).await;
    assert!(at(&answer).is_some_and(|to| to.contains("/management/sign-in")), "{}", answer.status);
}
