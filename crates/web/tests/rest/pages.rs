//! The console's pages, held to the operations that they declare: what is not permitted is neither shown nor
//! answered, forms of other sites change nothing, and nothing in a page runs.

use std::collections::BTreeSet;

use netwarden_identity::{Access, Operation, Role};
use netwarden_web::{PAGES, PageOf};
use serde_json::json;

use crate::desk::{Answer, Bench, MAC, PORT, bench};

impl Bench {
    /// A page, as the browser of `user` asks for it.
    pub async fn page(&self, user: &str, path: &str) -> Answer {
        let cookie = format!("__Host-netwarden-om={}", self.secrets.get(user).map_or(user, String::as_str));
        self.call_with(None, "GET", path, None, &[("cookie", &cookie), ("accept-language", "en")]).await
    }

    /// A form, as the browser of `user` sends it, with the proof that their pages carry.
    pub async fn form(&self, user: &str, path: &str, fields: &str) -> Answer {
        let page = self.page(user, "/").await.body;
        let proof = page.split("name=\"proof\" value=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
        self.form_with(user, path, &format!("proof={}&{fields}", proof.unwrap_or_default()), &[]).await
    }

    pub async fn form_with(&self, user: &str, path: &str, fields: &str, headers: &[(&str, &str)]) -> Answer {
        let cookie = format!("__Host-netwarden-om={}", self.secrets.get(user).map_or(user, String::as_str));
        let mut all = vec![("cookie", cookie.as_str()), ("accept-language", "en")];
        all.extend(headers);
        let body = ("application/x-www-form-urlencoded", fields.to_owned());
        self.call_with(None, "POST", path, Some(body), &all).await
    }

    /// The address of a page about what the bench has.
    async fn address(&self, page: &PageOf) -> String {
        let rules = self.call(Some("administrator"), "GET", "/api/v1/rules", None).await.json();
        let rule = match rules["items"][0]["id"].as_i64() {
            Some(id) => id,
            None => {
                let rule = json!({ "name": "a rule", "on": ["new_endpoint"], "condition": "true", "reason": "a test",
                    "reactions": [{ "do": "quarantine" }] });
                let made = self.json("administrator", "POST", "/api/v1/rules", rule).await;
                made.json()["id"].as_i64().unwrap_or_else(|| panic!("{}", made.body))
            }
        };
        self.desk.trail.tick(self.desk.clock.now()).await.unwrap();
        let job = match self.desk.jobs.list().first() {
            Some(job) => job.id,
            None => {
                let now = self.desk.clock.now();
                let work = |_| async { Ok(serde_json::Value::Null) };
                self.desk.jobs.start("a test".into(), Operation::JobRead, None, now, work)
            }
        };
        let set = self.have_something_to_administer().await;
        page.path
            .replace("{set}", &set.to_string())
            .replace("{parameter}", "ui.page_rows")
            .replace("{channel}", "log")
            .replace("{group}", "desks")
            .replace("{source}", "look")
            .replace("{backup}", "kept")
            .replace("{account}", "anna")
            .replace("{policy}", "office")
            .replace("{role}", "night")
            .replace("{domain}", "north")
            .replace("{tenant}", "acme")
            .replace("{entry}", "1")
            .replace("{factor}", "1")
            .replace("{session}", "1")
            .replace("{token}", "1")
            .replace("{setting}", "identity.sessions_most")
            .replace("{mac}", MAC)
            .replace("{ne}", &self.ne.0.to_string())
            .replace("{port}", PORT)
            .replace("{seq}", "1")
            .replace("{id}", &rule.to_string())
            .replace("{index}", "0")
            .replace("{job}", &job.to_string())
    }
}

/// Pages without an operation: signing in, files, language and theme.
fn with_operation() -> impl Iterator<Item = (&'static PageOf, Operation)> {
    PAGES.iter().filter_map(|page| Some((page, page.operation?)))
}

fn may(role: &Role, operation: Operation) -> bool {
    match operation.declaration().access {
        Access::Anyone | Access::Own => true,
        Access::Roles(roles) => roles.contains(role),
    }
}

const ROLES: [(&str, Role); 4] = [
    ("administrator", Role::Administrator),
    ("operator", Role::Operator),
    ("helpdesk", Role::Helpdesk),
    ("revisor", Role::Revisor),
];

#[test]
fn every_page_declares_an_operation_or_is_for_everybody() {
    let open: BTreeSet<&str> = PAGES.iter().filter(|page| page.operation.is_none()).map(|p| p.path).collect();
    assert_eq!(open, BTreeSet::from(["/assets/{hash}/{name}", "/look", "/sign-in"]));
}

/// What a route asks for besides the operation that it declares, since one request changes several things.
const ASKED_BESIDES: [(Operation, &str); 9] = [
    (Operation::UserEnable, "PATCH /api/v1/users/{name}"),
    (Operation::UserDisable, "PATCH /api/v1/users/{name}"),
    (Operation::EnforcementEnable, "PATCH /api/v1/elements/{id}"),
    (Operation::EnforcementDisable, "PATCH /api/v1/elements/{id}"),
    (Operation::NeSetMaintenance, "PATCH /api/v1/elements/{id}"),
    (Operation::PortProtect, "PATCH /api/v1/ports/{ne}/{name}"),
    (Operation::NeImport, "POST /api/v1/adoption/import"),
    (Operation::TokenRead, "GET /api/v1/tokens"),
    (Operation::TokenRevokeOwn, "DELETE /api/v1/tokens/{id}"),
];

/// The command line has a verb for each route of REST (its own ratchet holds it to that), and so for each page.
// proves: NAC-21
#[test]
fn what_pages_do_is_done_by_rest_as_well() {
    let routes = crate::ratchet::routes();
    let mut by_rest: BTreeSet<Operation> = routes.values().copied().collect();
    for (operation, route) in ASKED_BESIDES {
        assert!(routes.contains_key(route), "{route}");
        assert!(by_rest.insert(operation), "{route} is not the only one that asks for {operation}");
    }
    let alone: BTreeSet<&str> = with_operation()
        .filter(|(_, operation)| !by_rest.contains(operation))
        .map(|(page, _)| page.path)
        .collect();
    assert_eq!(alone, BTreeSet::new());
}

// proves: IAM-19
#[tokio::test]
async fn strangers_are_led_to_the_sign_in_and_see_nothing() {
    let bench = bench().await;
    for (page, _) in with_operation() {
        let path = bench.address(page).await;
        for secret in ["", "no-such-secret"] {
            let answer = match page.method {
                "get" => bench.page(secret, &path).await,
                _ => bench.form_with(secret, &path, "reason=x", &[]).await,
            };
            assert_eq!(answer.status, 303, "{} {path}", page.method);
            assert!(answer.headers["location"].to_str().unwrap().starts_with("/sign-in?to=%2F"), "{path}");
            assert_eq!(answer.body, "", "{path}");
        }
    }
}

// proves: NAC-22, AUD-14
#[tokio::test]
async fn pages_are_shown_to_those_who_may_and_refusals_are_recorded() {
    let bench = bench().await;
    for (page, operation) in with_operation().filter(|(page, _)| page.method == "get") {
        let path = bench.address(page).await;
        for (name, role) in ROLES {
            let before = bench.records(operation.name(), "denied").await;
            let answer = bench.page(name, &path).await;
            if may(&role, operation) {
                // A record of the trail is only for those whose part of it holds it.
                let found = if path == "/audit/0" && name == "helpdesk" { 404 } else { 200 };
                assert_eq!(answer.status, found, "{path} as {name}: {}", answer.body);
                continue;
            }
            assert_eq!(answer.status, 403, "{path} as {name}");
            assert!(!answer.body.contains("sw1"), "{path} as {name} tells something");
            let after = bench.records(operation.name(), "denied").await;
            assert!(after > before, "{path} as {name} left no record of {operation}");
        }
    }
}

// proves: AUD-14
#[tokio::test]
async fn acts_need_the_right_the_proof_and_a_page_of_ours() {
    let bench = bench().await;
    for (page, operation) in with_operation().filter(|(page, _)| page.method == "post") {
        let path = bench.address(page).await;
        // What everybody may do to what is their own; people.rs and others hold it to the proof.
        if operation.declaration().access == Access::Own {
            continue;
        }
        let denied = bench.records(operation.name(), "denied").await;
        let done = bench.records(operation.name(), "success").await;
        // Without the right, with everything else.
        let lacks = ROLES.into_iter().rev().find(|(_, role)| !may(role, operation));
        let (lacks, _) = lacks.unwrap_or_else(|| panic!("everybody may {operation}"));
        let refused = bench.form(lacks, &path, "reason=a+test").await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.body);
        assert!(bench.records(operation.name(), "denied").await > denied, "{path} left no record");
        // With the right, without the proof; with a proof of somebody else's session; from elsewhere.
        let other = bench.page("operator", "/").await.body;
        let other = other.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        for (fields, headers) in
            [("reason=a+test".to_owned(), &[][..]), (format!("proof={other}&reason=a+test"), &[])]
        {
            let foreign = bench.form_with("administrator", &path, &fields, headers).await;
            assert_eq!(foreign.status, 403, "{path}: {}", foreign.body);
        }
        let proof = bench.page("administrator", "/").await.body;
        let proof = proof.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields = format!("proof={proof}&reason=a+test");
        for headers in
            [&[("sec-fetch-site", "cross-site")][..], &[("origin", "https://evil.example"), ("host", "nw")]]
        {
            let foreign = bench.form_with("administrator", &path, &fields, headers).await;
            assert_eq!(foreign.status, 403, "{path} {headers:?}");
        }
        assert_eq!(bench.records(operation.name(), "success").await, done, "{path} was done all the same");
    }
}

#[tokio::test]
async fn acts_are_done_with_their_reason_and_lead_back_to_their_page() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let acts = [
        (format!("/endpoints/{MAC}/authorise"), "owner=Facility&until=2030-01-31", "endpoint.authorise"),
        (format!("/endpoints/{MAC}/block"), "", "endpoint.block"),
        (format!("/endpoints/{MAC}/move"), "vlan=20", "endpoint.move"),
        (format!("/elements/{ne}/enforce"), "", "enforcement.enable"),
        (format!("/elements/{ne}/observe"), "", "enforcement.disable"),
        (format!("/elements/{ne}/ports/{PORT}/release"), "", "port.release"),
        (format!("/elements/{ne}/ports/{PORT}/off"), "", "port.off"),
        (format!("/elements/{ne}/ports/{PORT}/quarantine"), "", "port.move"),
        ("/system/stop".to_owned(), "", "enforcement.stop"),
        ("/system/resume".to_owned(), "", "enforcement.resume"),
    ];
    for (path, fields, operation) in acts {
        let shown = bench.page("administrator", &path).await;
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        // Without a reason nothing is done, and what was written stays.
        let refused = bench.form("administrator", &path, &format!("reason=++&{fields}")).await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.body);
        assert!(refused.body.contains("reason is needed"), "{path}");
        let before = bench.records(operation, "success").await;
        let done = bench.form("administrator", &path, &format!("reason=a+%3Ctest%3E&{fields}")).await;
        assert_eq!(done.status, 303, "{path}: {}", done.body);
        let to = done.headers["location"].to_str().unwrap();
        assert_eq!(bench.page("administrator", to).await.status, 200, "{path} leads to {to}");
        let recorded = async || bench.records(operation, "success").await > before;
        for _ in 0..100 {
            if recorded().await {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(recorded().await, "{path} left no record of {operation}");
    }
    let endpoint =
        bench.call(Some("operator"), "GET", &format!("/api/v1/endpoints/{MAC}"), None).await.json();
    assert_eq!(endpoint["owner"], "Facility");
    let page = bench.page("revisor", &format!("/endpoints/{MAC}")).await.body;
    assert!(page.contains("a &#60;test&#62;"), "the reason stands in the chain: {page}");
    let undo = bench.page("administrator", &format!("/endpoints/{MAC}?done=block")).await.body;
    assert!(undo.contains(&format!("/endpoints/{}/authorise", MAC.replace(':', "%3A"))), "with its undo");
}

#[tokio::test]
async fn what_is_not_permitted_is_not_offered() {
    let bench = bench().await;
    let (endpoint, ne) = (format!("/endpoints/{MAC}"), bench.ne.0);
    for (name, role) in ROLES {
        for path in [&endpoint, "/", &format!("/elements/{ne}/ports/{PORT}"), "/system"] {
            let page = bench.page(name, path).await.body;
            for (offered, operation) in [
                ("/move\"", Operation::EndpointMove),
                ("/block\"", Operation::EndpointBlock),
                ("href=\"/rules\"", Operation::RuleRead),
                ("href=\"/elements\" ", Operation::NeRead),
                ("/off\"", Operation::PortOff),
                ("/system/stop", Operation::EnforcementStop),
            ] {
                assert!(
                    may(&role, operation) || !page.contains(offered),
                    "{path} offers {offered} to {name}"
                );
            }
        }
    }
    let page = bench.page("administrator", &endpoint).await.body;
    assert!(page.contains("/move\"") && page.contains("/block\""));
}

#[tokio::test]
async fn signing_in_opens_a_new_session_each_time_and_tells_nothing_to_others() {
    let bench = bench().await;
    let sign_in = async |fields: &str| {
        let body = ("application/x-www-form-urlencoded", fields.to_owned());
        bench.call_with(None, "POST", "/sign-in", Some(body), &[("accept-language", "de")]).await
    };
    let mut texts = BTreeSet::new();
    for wrong in ["user=operator&password=x", "user=nobody&password=x"] {
        let answer = sign_in(wrong).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.headers.contains_key("set-cookie"));
        let told = answer.body.split("role=\"alert\">").nth(1).unwrap();
        texts.insert(told.split('<').next().unwrap().to_owned());
    }
    assert_eq!(
        texts,
        BTreeSet::from(["Benutzer oder Passwort ist falsch, oder das Konto ist gesperrt.".to_owned()])
    );
    let mut secrets = BTreeSet::new();
    for to in ["%2Fendpoints%3Fstatus%3Dnew", "https%3A%2F%2Fevil.example", "%2F%2Fevil.example"] {
        let answer = sign_in(&format!("user=operator&password=Gravel-path/7up&to={to}")).await;
        assert_eq!(answer.status, 303);
        let led = answer.headers["location"].to_str().unwrap();
        assert_eq!(led, if to.starts_with("%2Fe") { "/endpoints?status=new" } else { "/" });
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
        let secret = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
        assert_eq!(bench.page(&secret, "/").await.status, 200);
        secrets.insert(secret);
    }
    assert_eq!(secrets.len(), 3);
    let secret = secrets.first().unwrap();
    let ended = bench.form(secret, "/sign-out", "").await;
    assert_eq!(ended.status, 303, "{}", ended.body);
    assert!(ended.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(bench.page(secret, "/").await.status, 303, "the session has ended at the server");
    // A token is for programs: as a cookie it opens nothing, and a cookie is no bearer for REST.
    let made = bench
        .json("operator", "POST", "/api/v1/tokens", json!({"name":"t","days":1,"operations":["event.read"]}))
        .await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(bench.page(&token, "/events").await.status, 303);
    assert_eq!(bench.page("operator", "/api/v1/events").await.status, 401);
}

#[tokio::test]
async fn a_password_for_once_opens_nothing_but_its_change() {
    let bench = bench().await;
    let once = "Only-for-0nce!";
    let new = json!({ "name": "fresh", "password": "Only-for-0nce!", "roles": ["Operator"] });
    let made = bench.json("administrator", "POST", "/api/v1/users", new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let body = ("application/x-www-form-urlencoded", format!("user=fresh&password={once}"));
    let answer = bench.call_with(None, "POST", "/sign-in", Some(body), &[]).await;
    assert_eq!(answer.headers["location"], "/password");
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let secret = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    assert_eq!(bench.page(&secret, "/endpoints").await.headers["location"], "/password");
    let page = bench.page(&secret, "/password").await.body;
    let proof = page.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let change = async |new: &str, again: &str| {
        let fields = format!("proof={proof}&old={once}&new={new}&again={again}");
        bench.form_with(&secret, "/password", &fields, &[]).await
    };
    assert_eq!(change("Second-thing/2", "Third-thing/3").await.status, 422);
    assert_eq!(change("short", "short").await.status, 422);
    assert_eq!(change("Second-thing/2", "Second-thing/2").await.status, 303);
}

#[tokio::test]
async fn nothing_in_a_page_runs_and_names_are_only_text() {
    let bench = bench().await;
    let long = "x".repeat(10_000);
    let hostile =
        ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u{202e}txt.exe", &long, "=1+1"];
    for name in hostile {
        let change = json!({ "reason": name, "note": name, "owner": name });
        let answer = bench.json("operator", "PATCH", &format!("/api/v1/endpoints/{MAC}"), change).await;
        // What is too long is refused; everything else is kept as it is.
        assert!(answer.status == 200 || name.len() > 1_000, "{}", answer.body);
        for (page, _) in
            with_operation().filter(|(page, _)| page.method == "get" && page.path != "/events/live")
        {
            let answer = bench.page("administrator", &bench.address(page).await).await;
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{}", page.path);
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers["cache-control"], "no-store", "{}", page.path);
            if !answer.headers["content-type"].as_bytes().starts_with(b"text/html") {
                continue;
            }
            for bad in ["<script>", "<img", " style=", " onclick=", "javascript:"] {
                assert!(!answer.body.contains(bad), "{} has {bad}", page.path);
            }
        }
    }
    let csv = bench.page("administrator", "/endpoints.csv").await;
    assert!(csv.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert!(csv.body.lines().count() == 2 && csv.body.contains(MAC), "{}", csv.body);
}

#[tokio::test]
async fn files_are_kept_for_good_under_addresses_that_change() {
    let bench = bench().await;
    let page = bench.call(None, "GET", "/sign-in", None).await.body;
    let addresses: Vec<&str> = page.split(['"']).filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(addresses.len(), 4, "{addresses:?}");
    for address in addresses {
        let answer = bench.call(None, "GET", address, None).await;
        assert_eq!(answer.status, 200, "{address}");
        assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable");
    }
    assert_eq!(bench.call(None, "GET", "/assets/000000000000/console.js", None).await.status, 404);
}

#[tokio::test]
async fn a_part_is_what_a_page_asks_for() {
    let bench = bench().await;
    let cookie = format!("__Host-netwarden-om={}", bench.secrets["operator"]);
    let part = async |path: &str| {
        let headers = [("cookie", cookie.as_str()), ("hx-request", "true"), ("accept-language", "en")];
        bench.call_with(None, "GET", path, None, &headers).await.body
    };
    for (path, begins) in [
        ("/endpoints?status=new".to_owned(), "<section id=\"list\">"),
        (format!("/endpoints/{MAC}/authorise"), "<form class=\"act\""),
        (format!("/search?q={}", &MAC[..8]), "<section class=\"hits\">"),
    ] {
        let body = part(&path).await;
        assert!(body.trim_start().starts_with(begins), "{path}: {body}");
        assert!(!body.contains("<html"), "{path}");
    }
    assert!(part("/search?q=nobody-is-called-so").await.contains("Nothing is called"));
}

#[tokio::test]
async fn forms_that_cannot_be_read_are_told_in_one_sentence() {
    let bench = bench().await;
    let cookie = format!("__Host-netwarden-om={}", bench.secrets["administrator"]);
    let (form, long) = ("application/x-www-form-urlencoded", "x".repeat(2 << 20));
    for (path, kind, body, status, words) in [
        (
            format!("/endpoints/{MAC}/block"),
            form,
            "reason=a&reason=b",
            400,
            "&#39;reason&#39; stands in it twice",
        ),
        (format!("/endpoints/{MAC}/block"), "text/plain", "reason=a", 415, "must be a form"),
        (format!("/endpoints/{MAC}/block"), form, &long, 413, "larger than this address takes"),
        ("/rules/draft".to_owned(), "application/json", "{}", 415, "must be a form"),
        ("/sign-in".to_owned(), form, "user=a", 400, "missing field `password`"),
        ("/password".to_owned(), form, "old=a", 400, "missing field `new`"),
        ("/look".to_owned(), form, &long, 413, "larger than this address takes"),
    ] {
        let body = Some((kind, body.to_owned()));
        let answer = bench.call_with(None, "POST", &path, body, &[("cookie", &cookie)]).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{path}");
        assert!(answer.body.contains(words), "{path}: {}", answer.body);
    }
}

/// A form is not made anew for a refusal that no other words in it would mend: who is denied an act is not
/// denied another one besides.
#[tokio::test]
async fn who_is_denied_is_told_of_what_they_asked_for_alone() {
    let bench = bench().await;
    bench.have_something_to_administer().await;
    let refused = bench.form("helpdesk", "/system/channels/log/test", "").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(bench.records("channel.test", "denied").await, 1);
    assert_eq!(bench.records("channel.read", "denied").await, 0);
}

#[tokio::test]
async fn what_is_not_there_is_said_whatever_else_is_wrong() {
    let bench = bench().await;
    for (path, fields) in [
        ("/system/groups/none", "offline_after_s=x&reason=a+test"),
        ("/system/groups/none/remove", "reason="),
        ("/system/sources/none", "interval_s=x&reason=a+test"),
        ("/system/sources/none/remove", "reason="),
        ("/system/channels/none/remove", "reason="),
        ("/system/accounts/none/remove", "reason="),
        ("/system/parameters/none", "value=1&reason="),
        ("/elements/999/enforce", "reason="),
        ("/endpoints/00:00:5e:00:53:01/block", "reason="),
    ] {
        let answer = bench.form("administrator", path, fields).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        assert!(answer.body.contains("does not exist"), "{path}: {}", answer.body);
    }
}
