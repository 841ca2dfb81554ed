//! Accounts over HTTP: what is set of them, login policies, the account policy, logins and what is told of them.

use netwarden_identity::{Identity, Operation, Plane};
use netwarden_operate::{Caller, OperateError};
use netwarden_store::{Tx, execute, query_all, values};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::desk::{Answer, Bench, PASSWORD, bench};

const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.1";

impl Bench {
    pub async fn as_admin(&self, method: &str, path: &str, mut body: Value) -> Answer {
        body["reason"] = "a test".into();
        self.json("administrator", method, &format!("/api/v1{path}"), body).await
    }

    async fn read(&self, user: &str, path: &str) -> Value {
        let answer = self.call(Some(user), "GET", &format!("/api/v1{path}"), None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// A login as from an address; the new session's secret.
    async fn login(&self, user: &str, password: &str, from: &str) -> Result<String, OperateError> {
        let password = Zeroizing::new(password.to_owned());
        let opened = self.desk.login(Plane::Om, user, password, Some(from.parse().unwrap())).await?;
        Ok(opened.secret.to_string())
    }

    async fn comes(&self, secret: &str, from: &str) -> Caller {
        self.desk.identify_bearer(secret, Some(from.parse().unwrap())).await.unwrap()
    }

    /// Lets an account have been used so many days ago.
    async fn age(&self, user: &'static str, days: i64) {
        let then = self.desk.clock.now().as_microsecond() - days * 86_400_000_000;
        let set = self.desk.store.write(move |tx: &Tx| {
            Box::pin(async move {
                execute(tx, "UPDATE identity_user SET last_used = $2 WHERE name = $1", values![user, then])
                    .await
            })
        });
        set.await.unwrap();
    }
}

fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().unwrap()
}

// proves: IAM-06
#[tokio::test]
async fn every_attribute_is_set_shown_cleared_and_recorded() {
    let bench = bench().await;
    let policy = json!({ "name": "office", "kind": "addresses", "lines": "192.0.2.0/24\n2001:db8::/48" });
    assert_eq!(bench.as_admin("POST", "/policies/logins", policy).await.status, 201);
    let hours = json!({ "name": "day", "kind": "hours", "lines": "zone Europe/Berlin\nmon-sun 00:00-24:00" });
    assert_eq!(bench.as_admin("POST", "/policies/logins", hours).await.status, 201);
    let all = json!({
        "description": "night shift", "welcome": "Mind the gap", "address_policy": "office", "hours_policy": "day",
        "max_sessions": 2, "valid_days": 30, "allowed_logins": 9, "unused_days": 60, "unused_act": "delete",
        "idle_s": 600, "password_validity_days": 90, "password_warning_days": 9, "password_min_use_days": 1,
    });
    let set = bench.as_admin("PATCH", "/users/operator", json!({ "attributes": all })).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let shown = bench.read("revisor", "/users/operator").await;
    for (name, value) in all.as_object().unwrap() {
        match name.as_str() {
            "valid_days" => assert!(shown["attributes"]["valid_until"].is_string(), "{shown}"),
            name => assert_eq!(&shown["attributes"][name], value, "{name}"),
        }
    }
    assert_eq!((&shown["kind"], &shown["attributes"]["used_logins"]), (&json!("local"), &json!(0)));
    assert_eq!(bench.records("user.modify", "success").await, 2, "of the user, and of from where and when");
    let trail = bench.read("revisor", "/audit?operation=user.modify").await;
    let record = &items(&trail)[1];
    assert!(record["new"].to_string().contains("Mind the gap"), "{record}");
    assert!(items(&trail)[0]["new"].to_string().contains("office"), "{trail}");
    assert!(!record["old"].to_string().contains("Mind the gap"), "{record}");

    let listed = bench.read("revisor", "/users?address_policy=office").await;
    assert_eq!(items(&listed).len(), 1);
    let policies = bench.read("revisor", "/policies/logins?sort=name").await;
    assert_eq!(
        items(&policies).iter().map(|one| one["users"].as_u64()).collect::<Vec<_>>(),
        [Some(1), Some(1)]
    );
    let used =
        bench.call(Some("administrator"), "DELETE", "/api/v1/policies/logins/day?reason=x", None).await;
    assert_eq!(
        (used.status.as_u16(), used.detail().contains("1 accounts follow")),
        (409, true),
        "{}",
        used.body
    );

    let names: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
    let cleared =
        bench.as_admin("PATCH", "/users/operator", json!({ "attributes": { "clear": names } })).await;
    assert_eq!(cleared.json()["attributes"], json!({}), "{}", cleared.body);
    for (wish, detail) in [
        (json!({ "clear": ["shoe_size"] }), "there is no attribute 'shoe_size'"),
        (json!({ "max_sessions": 0 }), "max_sessions takes 1 to 1000, not 0"),
        (json!({ "unused_act": "forget" }), "'forget' cannot become of an unused account"),
        (json!({ "address_policy": "day" }), "is of the kind hours, not addresses"),
        (json!({ "hours_policy": "never" }), "login policy 'never' does not exist"),
    ] {
        let refused = bench.as_admin("PATCH", "/users/operator", json!({ "attributes": wish })).await;
        assert!(refused.status.is_client_error() && refused.body.contains(detail), "{}", refused.body);
    }
    let range =
        bench.as_admin("PATCH", "/users/operator", json!({ "attributes": { "idle_s": 5 } })).await.json();
    assert_eq!(range["input"], "idle_s", "{range}");

    // Each by itself: the other is as the account policy has it.
    let days = json!({ "attributes": { "unused_days": 60 } });
    let days = bench.as_admin("PATCH", "/users/operator", days).await.json();
    assert_eq!(days["attributes"], json!({ "unused_days": 60 }));
    let act = json!({ "attributes": { "unused_act": "none", "clear": ["unused_days"] } });
    let act = bench.as_admin("PATCH", "/users/operator", act).await.json();
    assert_eq!(act["attributes"], json!({ "unused_act": "none" }));
    bench.as_admin("PATCH", "/users/operator", json!({ "attributes": { "clear": ["unused_act"] } })).await;

    // Like another: what is said besides comes first.
    bench
        .as_admin("PATCH", "/users/operator", json!({ "attributes": { "idle_s": 600, "max_sessions": 2 } }))
        .await;
    let new = json!({
        "name": "ines", "password": "Horse-battery/3", "like": "operator", "attributes": { "idle_s": 900 },
    });
    let made = bench.json("administrator", "POST", "/api/v1/users", new).await.json();
    assert_eq!(made["roles"], json!(["operator"]));
    assert_eq!(made["attributes"], json!({ "idle_s": 900, "max_sessions": 2 }));
    bench.records("user.create", "success").await;
    let trail = bench.read("revisor", "/audit?operation=user.create").await;
    assert!(items(&trail)[0]["new"].to_string().contains("900"), "{trail}");
    // An end is a limit that is not lost on the way.
    bench.as_admin("PATCH", "/users/operator", json!({ "attributes": { "valid_days": 3 } })).await;
    let new = json!({ "name": "jan", "password": "Horse-battery/3", "like": "operator" });
    let made = bench.json("administrator", "POST", "/api/v1/users", new).await.json();
    let like = bench.read("revisor", "/users/operator").await;
    assert_eq!(made["attributes"]["valid_until"], like["attributes"]["valid_until"]);
    assert!(made["attributes"]["valid_until"].is_string());
}

// proves: IAM-11
#[tokio::test]
async fn who_knows_the_password_learns_what_stands_in_the_way_and_nobody_else() {
    let bench = bench().await;
    let policy = json!({ "name": "office", "kind": "addresses", "lines": HERE });
    assert_eq!(bench.as_admin("POST", "/policies/logins", policy).await.status, 201);
    let attributes = json!({ "attributes": { "address_policy": "office" } });
    assert_eq!(bench.as_admin("PATCH", "/users/operator", attributes).await.status, 200);
    let told = bench.login("operator", PASSWORD, ELSEWHERE).await.unwrap_err();
    assert_eq!(told.to_string(), "the login was refused: the account may not be used from this address");
    let wrong = bench.login("operator", "wrong", ELSEWHERE).await.unwrap_err().to_string();
    let nobody = bench.login("nobody", PASSWORD, ELSEWHERE).await.unwrap_err().to_string();
    assert_eq!(wrong, nobody);
    let secret = bench.login("operator", PASSWORD, HERE).await.unwrap();
    assert!(bench.comes(&secret, HERE).await.name().is_some());
    assert!(bench.comes(&secret, ELSEWHERE).await.name().is_none(), "the session is of no use elsewhere");
    let logins = bench.read("revisor", "/logins?all=true&user=operator&was_refused=true").await;
    let because: Vec<&str> = items(&logins).iter().map(|one| one["refused"].as_str().unwrap()).collect();
    assert_eq!(because, ["wrong_password", "address"]);
    // The trail says why, in words.
    assert!(bench.records("session.login", "failure").await > 0);
    let trail = bench.read("revisor", "/audit?operation=session.login&limit=100").await;
    let details: Vec<&str> = items(&trail).iter().filter_map(|one| one["details"].as_str()).collect();
    assert!(details.contains(&"the account may not be used from this address"), "{details:?}");
    // Over HTTP it is another problem than wrong credentials, and on the page a sentence in its language.
    let change = json!({ "attributes": { "clear": ["address_policy"], "valid_days": 1 } });
    bench.as_admin("PATCH", "/users/operator", change).await;
    let past = bench.desk.store.write(|tx: &Tx| {
        Box::pin(async move {
            let ended = r#"{"ends":"2020-01-01T00:00:00Z","renewal":{}}"#;
            execute(tx, "UPDATE identity_user SET attributes = $1 WHERE name = 'operator'", values![ended])
                .await
        })
    });
    past.await.unwrap();
    let body = json!({ "user": "operator", "password": PASSWORD });
    let sent = Some(("application/json", body.to_string()));
    let barred = bench.call(None, "POST", "/api/v1/sessions", sent).await;
    assert_eq!(
        (barred.status.as_u16(), barred.json()["type"].as_str()),
        (403, Some("urn:netwarden:problem:login-barred")),
        "{}",
        barred.body
    );
    let form = format!("user=operator&password={}&to=/", PASSWORD.replace('/', "%2F"));
    let headers = [("accept-language", "de"), ("sec-fetch-site", "same-origin")];
    let sent = Some(("application/x-www-form-urlencoded", form));
    let page = bench.call_with(None, "POST", "/sign-in", sent, &headers).await;
    assert!(page.body.contains("das Konto ist abgelaufen"), "{}", page.body);
}

// proves: IAM-08
#[tokio::test]
async fn the_account_policy_is_set_by_who_keeps_the_accounts_and_by_nobody_else() {
    let bench = bench().await;
    let path = "/policies/accounts/identity.lockout_failures";
    let listed = bench.read("revisor", "/policies/accounts?limit=100").await;
    assert_eq!(items(&listed).len(), 24);
    let of_system = bench.read("operator", "/system/parameters?limit=100").await;
    assert!(items(&of_system).iter().all(|one| !one["name"].as_str().unwrap().starts_with("identity.")));
    for user in ["operator", "helpdesk"] {
        let body = json!({ "reason": "a test", "value": "99" });
        assert_eq!(
            bench.json(user, "PUT", &format!("/api/v1{path}"), body.clone()).await.status,
            403,
            "{user}"
        );
        let behind = "/api/v1/system/parameters/identity.lockout_failures";
        let status = bench.json(user, "PUT", behind, body).await.status.as_u16();
        assert!(status == 403 || status == 404, "{user}: {status}");
    }
    for (value, status) in [("0", 422), ("100", 422), ("many", 422), ("2", 204)] {
        assert_eq!(bench.as_admin("PUT", path, json!({ "value": value })).await.status, status, "{value}");
    }
    // It counts from the next failure on.
    bench.login("helpdesk", "wrong", HERE).await.unwrap_err();
    bench.login("helpdesk", "wrong", HERE).await.unwrap_err();
    bench.login("helpdesk", PASSWORD, HERE).await.unwrap_err();
    assert_eq!(bench.as_admin("POST", "/users/helpdesk/unlock", json!({})).await.status, 204);
    bench.login("helpdesk", PASSWORD, HERE).await.unwrap();
    let most = "/policies/accounts/identity.sessions_most";
    assert_eq!(bench.as_admin("PUT", most, json!({ "value": "1" })).await.status, 204);
    let told = bench.login("helpdesk", PASSWORD, HERE).await.unwrap_err().to_string();
    assert!(told.contains("as many sessions as it may have"), "{told}");
}

// proves: IAM-08
#[tokio::test]
async fn more_than_three_failures_since_the_last_success_raise_an_alarm_once() {
    let bench = bench().await;
    let alarms = async || items(&bench.read("revisor", "/events?kind=login_failures").await).clone();
    for n in 1..=3 {
        bench.login("helpdesk", "wrong", &format!("192.0.2.{n}")).await.unwrap_err();
    }
    bench.login("nobody", "wrong", HERE).await.unwrap_err();
    assert_eq!(alarms().await, Vec::<Value>::new());
    bench.login("helpdesk", "wrong", "192.0.2.4").await.unwrap_err();
    bench.login("helpdesk", "wrong", "192.0.2.5").await.unwrap_err();
    let raised = alarms().await;
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0]["severity"], "major");
    let page = bench.page("revisor", "/events?kind=login_failures").await.body;
    assert!(page.contains("failed to log in 4 times in a row, the last time from 192.0.2.4"), "{page}");
    // Only who may see who logs in sees it.
    let hidden = bench.read("helpdesk", "/events?kind=login_failures").await;
    assert_eq!(items(&hidden).len(), 0, "{hidden}");
    let one = format!("/api/v1/events/{}", raised[0]["seq"]);
    assert_eq!(bench.call(Some("operator"), "GET", &one, None).await.status, 404);
    assert_eq!(bench.call(Some("revisor"), "GET", &one, None).await.status, 200);
    // After a success it begins anew.
    bench.as_admin("POST", "/users/helpdesk/unlock", json!({})).await;
    bench.login("helpdesk", PASSWORD, HERE).await.unwrap();
    for n in 1..=4 {
        bench.login("helpdesk", "wrong", &format!("192.0.2.1{n}")).await.unwrap_err();
    }
    assert_eq!(alarms().await.len(), 2);
}

// proves: AUD-14
#[tokio::test]
async fn a_refused_operation_raises_an_event_once_a_minute_and_user() {
    let bench = bench().await;
    for _ in 0..3 {
        assert_eq!(bench.call(Some("helpdesk"), "GET", "/api/v1/elements", None).await.status, 403);
    }
    assert_eq!(bench.call(Some("foreign"), "GET", "/api/v1/rules", None).await.status, 403);
    let raised = bench.read("revisor", "/events?kind=operation_refused&sort=at").await;
    let raised = items(&raised);
    assert_eq!(raised.len(), 2, "{raised:?}");
    assert_eq!(bench.records("ne.read", "denied").await, 3, "the trail has every one");
    let page = bench.page("revisor", "/events?kind=operation_refused").await.body;
    assert!(page.contains("wanted ne.read"), "{page}");
}

// proves: IAM-13
#[tokio::test]
async fn the_notice_after_a_login_stays_on_every_page_until_it_is_acknowledged() {
    let bench = bench().await;
    bench
        .as_admin("PATCH", "/users/operator", json!({ "attributes": { "welcome": "Mind the <gap>" } }))
        .await;
    bench.login("operator", "wrong", ELSEWHERE).await.unwrap_err();
    let notice = async || bench.read("operator", "/sessions/own").await["notice"].clone();
    let told = notice().await;
    assert_eq!(
        (&told["welcome"], &told["failures"], &told["last_failure_from"]),
        (&json!("Mind the <gap>"), &json!(1), &json!(ELSEWHERE))
    );
    for path in ["/", "/endpoints"] {
        let page = bench.page("operator", path).await.body;
        assert!(page.contains("Mind the &#60;gap&#62;") && page.contains(ELSEWHERE), "{path}: {page}");
    }
    // One more comes while it is read.
    bench.login("operator", "wrong", HERE).await.unwrap_err();
    let acknowledge = async || {
        let body = json!({ "failures": 1 });
        bench.json("operator", "POST", "/api/v1/sessions/own/acknowledge", body).await.status.as_u16()
    };
    assert_eq!(acknowledge().await, 204);
    assert_eq!((notice().await, acknowledge().await), (Value::Null, 409));
    assert!(!bench.page("operator", "/").await.body.contains("Mind the"));
    let secret = bench.login("operator", PASSWORD, HERE).await.unwrap();
    let next = bench.read(&secret, "/sessions/own").await["notice"].clone();
    assert_eq!((&next["failures"], &next["last_failure_from"]), (&json!(1), &json!(HERE)));
    assert!(next["last_success_at"].is_string());
    // A token has no login to be told of.
    let token = json!({ "name": "script", "days": 1, "operations": ["session.read_own"] });
    let token = bench.json("operator", "POST", "/api/v1/tokens", token).await.json();
    let own = bench.read(token["token"].as_str().unwrap(), "/sessions/own").await;
    assert_eq!(own["notice"], Value::Null);
}

// proves: IAM-12
#[tokio::test]
async fn online_users_and_what_they_did_are_shown_and_can_be_expelled() {
    let bench = bench().await;
    let secret = bench.login("operator", PASSWORD, HERE).await.unwrap();
    let caller = bench.comes(&secret, HERE).await;
    bench.desk.permit_of(&caller, Operation::RuleRead).await.unwrap();
    let online = bench.read("revisor", "/sessions?user=operator&address=192.0.2.1").await;
    let online = &items(&online)[0];
    assert_eq!((&online["operation"], &online["user"]), (&json!("rule.read"), &json!("operator")));
    let page = bench.page("administrator", "/system/sessions").await.body;
    assert!(page.contains("rule.read") && page.contains(HERE), "{page}");
    let id = online["id"].as_i64().unwrap();
    // One sees and ends one's own; others need the right, and a reason.
    let own = bench.read("operator", "/sessions?own=true&user=administrator").await;
    assert!(items(&own).iter().all(|one| one["user"] == "operator") && items(&own).len() == 2, "{own}");
    let end = async |user: &str, query: &str| {
        let path = format!("/api/v1/sessions/{id}{query}");
        bench.call(Some(user), "DELETE", &path, None).await.status.as_u16()
    };
    assert_eq!((end("helpdesk", "?reason=x").await, end("administrator", "?reason=").await), (403, 422));
    assert!(bench.comes(&secret, HERE).await.name().is_some());
    assert_eq!(end("administrator", "?reason=x").await, 204);
    assert!(bench.comes(&secret, HERE).await.name().is_none());
    let secret = bench.login("operator", PASSWORD, HERE).await.unwrap();
    let own = bench.read("operator", "/sessions?own=true&address=192.0.2.1").await;
    let id = items(&own)[0]["id"].as_i64().unwrap();
    let path = format!("/api/v1/sessions/{id}?reason=");
    assert_eq!(bench.call(Some("operator"), "DELETE", &path, None).await.status, 204);
    assert!(bench.comes(&secret, HERE).await.name().is_none());
}

// proves: IAM-12
#[tokio::test]
async fn what_an_open_page_asks_by_itself_is_no_use_of_the_session() {
    let bench = bench().await;
    let cookie = format!("__Host-netwarden-om={}", bench.secrets["administrator"]);
    let long_ago = bench.desk.clock.now().as_microsecond() - 1_000_000_000;
    let set = bench.desk.store.write(move |tx: &Tx| {
        Box::pin(
            async move { execute(tx, "UPDATE identity_session SET last_used = $1", values![long_ago]).await },
        )
    });
    set.await.unwrap();
    let last_used = async || {
        let sql = "SELECT MIN(last_used) FROM identity_session WHERE user_id = 1";
        let row = query_all(bench.desk.store.read(), sql, []).await.unwrap();
        row[0].try_get_by_index::<i64>(0).unwrap()
    };
    let page = bench.page("revisor", "/system/sessions").await.body;
    assert!(page.contains("X-Netwarden-Watch") && page.contains("every 5s"), "{page}");
    let headers = [("cookie", cookie.as_str()), ("hx-request", "true"), ("x-netwarden-watch", "1")];
    let looked = bench.call_with(None, "GET", "/system/sessions", None, &headers).await;
    assert_eq!((looked.status.as_u16(), last_used().await), (200, long_ago));
    let looked = bench.call_with(None, "GET", "/system/sessions", None, &headers[..2]).await;
    assert_eq!(looked.status, 200);
    assert!(last_used().await > long_ago);
}

// proves: IAM-11
#[tokio::test]
async fn the_single_user_mode_ends_the_sessions_of_all_but_admin_in_flight() {
    let bench = bench().await;
    let mode = "/policies/accounts/identity.login_mode";
    assert_eq!(bench.call(Some("operator"), "GET", "/api/v1/elements", None).await.status, 200);
    assert_eq!(bench.as_admin("PUT", mode, json!({ "value": "single" })).await.status, 204);
    for user in ["operator", "revisor", "administrator"] {
        assert_eq!(bench.call(Some(user), "GET", "/api/v1/sessions/own", None).await.status, 401, "{user}");
    }
    let told = bench.login("operator", PASSWORD, HERE).await.unwrap_err();
    assert_eq!(told.to_string(), "the login was refused: only 'admin' may log in at present");
    // A server that starts again is in the same mode.
    let stored = netwarden_operate::load_parameters(&bench.desk.store).await.unwrap();
    let policy = netwarden_identity::IdentityPolicy { accounts: stored.accounts(), ..Default::default() };
    let again = Identity::new(bench.desk.store.clone(), policy);
    assert_eq!(again.policy().accounts.login_mode, netwarden_identity::LoginMode::Single);
}

// proves: IAM-06
#[tokio::test]
async fn accounts_that_nobody_uses_are_switched_off_or_deleted_with_a_record() {
    let bench = bench().await;
    let set = |value| json!({ "value": value });
    assert_eq!(
        bench.as_admin("PUT", "/policies/accounts/identity.unused_act", set("disable")).await.status,
        204
    );
    assert_eq!(bench.as_admin("PUT", "/policies/accounts/identity.unused_days", set("30")).await.status, 204);
    let own = json!({ "attributes": { "unused_days": 10, "unused_act": "delete" } });
    assert_eq!(bench.as_admin("PATCH", "/users/foreign", own.clone()).await.status, 403, "of another plane");
    assert_eq!(bench.as_admin("PATCH", "/users/revisor", own).await.status, 200);
    bench.age("helpdesk", 31).await;
    bench.age("operator", 29).await;
    bench.age("revisor", 11).await;
    assert_eq!(bench.desk.end_unused_accounts().await.unwrap(), 2);
    assert_eq!(bench.desk.end_unused_accounts().await.unwrap(), 0);
    let left = bench.read("administrator", "/users?limit=100").await;
    let left: Vec<(&str, bool)> =
        items(&left).iter().map(|one| (one["name"].as_str().unwrap(), one["enabled"] == true)).collect();
    assert!(left.contains(&("helpdesk", false)) && left.contains(&("operator", true)), "{left:?}");
    assert!(!left.iter().any(|(name, _)| *name == "revisor"), "{left:?}");
    assert_eq!(
        (bench.records("user.disable", "success").await, bench.records("user.delete", "success").await),
        (1, 1)
    );
    assert_eq!(bench.call(Some("helpdesk"), "GET", "/api/v1/endpoints", None).await.status, 401, "in flight");
}

// proves: IAM-12
#[tokio::test]
async fn what_is_ones_own_needs_the_proof_of_ones_own_page() {
    let bench = bench().await;
    let mine = bench.login("operator", PASSWORD, HERE).await.unwrap();
    let own = bench.read("operator", "/sessions?own=true&address=192.0.2.1").await;
    let end = format!("/own/sessions/{}/end", items(&own)[0]["id"]);
    let theirs = bench.read("revisor", "/sessions?user=administrator").await;
    let theirs = format!("/own/sessions/{}/end", items(&theirs)[0]["id"]);
    for path in ["/acknowledge", end.as_str()] {
        let page = bench.page("administrator", "/").await.body;
        let other = page.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        for fields in [String::new(), format!("proof={other}")] {
            let refused = bench.form_with("operator", path, &format!("{fields}&failures=9"), &[]).await;
            assert_eq!(refused.status, 403, "{path}: {}", refused.body);
        }
        let page = bench.page("operator", "/").await.body;
        let proof = page.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let headers = [("sec-fetch-site", "cross-site")];
        let refused = bench.form_with("operator", path, &format!("proof={proof}&failures=9"), &headers).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.body);
    }
    assert!(bench.comes(&mine, HERE).await.name().is_some());
    assert_ne!(bench.read("operator", "/sessions/own").await["notice"], Value::Null);
    // With it, one's own ends, and nobody else's.
    let refused = bench.form("operator", &theirs, "").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let done = bench.form("operator", &end, "").await;
    assert_eq!(done.headers["location"], "/own/sessions?done=ended", "{}", done.body);
    assert!(bench.comes(&mine, HERE).await.name().is_none());
    let done = bench.form("operator", "/acknowledge", "failures=0&to=%2Frules").await;
    assert_eq!(done.headers["location"], "/rules");
    let away = bench.form("operator", "/acknowledge", "failures=0&to=https%3A%2F%2Fevil.example").await;
    assert_eq!(away.headers["location"], "/", "another window was faster, and nobody is led away");
}

#[tokio::test]
async fn login_policies_are_edited_on_their_pages_with_faults_at_their_place() {
    let bench = bench().await;
    let cookie = format!("__Host-netwarden-om={}", bench.secrets["administrator"]);
    let page = bench.page("administrator", "/system/login-policies").await.body;
    assert!(page.contains("No login policy yet"), "{page}");
    let proof = page.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let send = async |path: &str, fields: &str, language: &str| {
        let body = ("application/x-www-form-urlencoded", format!("proof={proof}&reason=a+test&{fields}"));
        let headers = [("cookie", cookie.as_str()), ("accept-language", language)];
        bench.call_with(None, "POST", path, Some(body), &headers).await
    };
    let new = "/system/new-login-policy";
    let wrong = send(new, "name=night&kind=hours&lines=zone+Mars", "de").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("Zeile 1: es gibt keine Zeitzone &#39;Mars&#39;"), "{}", wrong.body);
    assert!(wrong.body.contains("id=\"fault-lines\""), "{}", wrong.body);
    let made = send(new, "name=night+%26+day&kind=hours&lines=mon+22:00-06:00", "en").await;
    assert_eq!(made.status, 303, "{}", made.body);
    let form = bench.page("administrator", "/system/login-policies/night%20%26%20day").await.body;
    assert!(form.contains("mon 22:00-06:00"), "{form}");
    let version =
        form.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = format!("version={version}&lines=mon+21:00-06:00");
    let here = "/system/login-policies/night%20%26%20day";
    assert_eq!(send(here, &fields, "en").await.status, 303);
    assert_eq!(send(here, &fields, "en").await.status, 412, "on an outdated version");
    let removed = send(&format!("{here}/remove"), "", "en").await;
    assert_eq!(removed.status, 303, "{}", removed.body);
}

// proves: IAM-03
#[tokio::test]
async fn a_role_of_any_operations_holds_from_the_next_action_on() {
    let bench = bench().await;
    let role = |operations: Value| json!({ "name": "night-shift", "description": "ports", "operations": operations });
    let refused = bench.as_admin("POST", "/roles", role(json!([]))).await;
    assert_eq!(refused.detail(), "a role needs at least one operation");
    let refused = bench.as_admin("POST", "/roles", role(json!(["token.read_own"]))).await;
    assert!(refused.detail().contains("'token.read_own' is given by no role"), "{}", refused.body);
    let refused = bench.as_admin("POST", "/roles", role(json!(["port.explode"]))).await;
    assert!(refused.detail().contains("there is no operation 'port.explode'"), "{}", refused.body);
    let made = bench.as_admin("POST", "/roles", role(json!(["port.read", "ne.read"]))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(bench.as_admin("POST", "/roles", role(json!(["ne.read"]))).await.status, 409);

    let rules = async || bench.call(Some("helpdesk"), "GET", "/api/v1/rules", None).await.status.as_u16();
    let elements =
        async || bench.call(Some("helpdesk"), "GET", "/api/v1/elements", None).await.status.as_u16();
    assert_eq!((rules().await, elements().await), (403, 403));
    let set =
        bench.as_admin("PATCH", "/users/helpdesk", json!({ "roles": ["helpdesk", "night-shift"] })).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!((rules().await, elements().await), (403, 200), "in the session that is open");
    let change = json!({ "operations": ["port.read", "rule.read"] });
    assert_eq!(bench.as_admin("PATCH", "/roles/night-shift", change).await.status, 200);
    assert_eq!((rules().await, elements().await), (200, 403));
    let page = bench.page("helpdesk", "/rules").await;
    assert_eq!(page.status, 200);

    // What an account may do and through which role; who may do it.
    let rights = bench.read("revisor", "/users/helpdesk/rights?operation=rule.read").await;
    assert_eq!(items(&rights)[0]["through"], json!(["night-shift"]));
    let rights = bench.read("revisor", "/users/helpdesk/rights?operation=port.read").await;
    assert_eq!(items(&rights)[0]["through"], json!(["helpdesk", "night-shift"]));
    let who = bench.read("revisor", "/operations/rule.read/users?sort=user").await;
    let who: Vec<&str> = items(&who).iter().map(|one| one["user"].as_str().unwrap()).collect();
    assert_eq!(who, ["administrator", "helpdesk", "operator", "revisor"]);
    let page = bench.page("revisor", "/system/operation-users?operation=rule.read").await.body;
    assert!(page.contains("night-shift"), "{page}");
    let page = bench.page("revisor", "/system/account-rights?account=helpdesk").await.body;
    assert!(page.contains("rule.read") && page.contains("night-shift"), "{page}");
    let page = bench.page("revisor", "/system/operation-users").await;
    assert!(page.status == 200 && page.body.contains("No account has the right to it"), "{}", page.body);

    let used = bench.call(Some("administrator"), "DELETE", "/api/v1/roles/night-shift?reason=x", None).await;
    assert_eq!(used.status, 409, "{}", used.body);
    bench.as_admin("PATCH", "/users/helpdesk", json!({ "roles": ["helpdesk"] })).await;
    let gone = bench.call(Some("administrator"), "DELETE", "/api/v1/roles/night-shift?reason=x", None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let unknown = bench.as_admin("PATCH", "/users/helpdesk", json!({ "roles": ["night-shift"] })).await;
    assert_eq!(unknown.status, 403, "{}", unknown.body);
    let built_in = bench.as_admin("PATCH", "/roles/helpdesk", json!({ "operations": ["ne.read"] })).await;
    assert_eq!(built_in.status, 404, "{}", built_in.body);
}

// proves: IAM-03
#[tokio::test]
async fn who_keeps_accounts_through_a_role_gives_no_more_than_they_have() {
    let bench = bench().await;
    let lead = json!({ "name": "lead", "operations": ["user.read", "user.create", "user.set_roles",
        "user.reset_password", "role.read", "role.create", "role.modify", "endpoint.read"] });
    assert_eq!(bench.as_admin("POST", "/roles", lead).await.status, 201);
    let wide = json!({ "name": "wide", "operations": ["port.off"] });
    assert_eq!(bench.as_admin("POST", "/roles", wide).await.status, 201);
    assert_eq!(bench.as_admin("PATCH", "/users/helpdesk", json!({ "roles": ["lead"] })).await.status, 200);
    let tries = async |method: &str, path: &str, mut body: Value| {
        body["reason"] = "a test".into();
        bench.json("helpdesk", method, &format!("/api/v1{path}"), body).await
    };
    for (method, path, body) in [
        ("PATCH", "/users/helpdesk", json!({ "roles": ["administrator"] })),
        ("PATCH", "/users/helpdesk", json!({ "roles": ["lead", "wide"] })),
        ("POST", "/users/administrator/reset-password", json!({})),
        ("POST", "/roles", json!({ "name": "mine", "operations": ["port.off"] })),
        ("PATCH", "/roles/lead", json!({ "operations": ["user.read", "port.off"] })),
        ("PATCH", "/roles/wide", json!({ "operations": ["endpoint.read"] })),
    ] {
        let refused = tries(method, path, body).await;
        assert_eq!(refused.status, 403, "{method} {path}: {}", refused.body);
    }
    let new = json!({ "name": "ines", "password": "Horse-battery/3", "roles": ["revisor"] });
    assert_eq!(bench.json("helpdesk", "POST", "/api/v1/users", new).await.status, 403);
    let mine = tries("POST", "/roles", json!({ "name": "mine", "operations": ["endpoint.read"] })).await;
    assert_eq!(mine.status, 201, "{}", mine.body);
    let new = json!({ "name": "ines", "password": "Horse-battery/3", "roles": ["mine"] });
    assert_eq!(bench.json("helpdesk", "POST", "/api/v1/users", new).await.status, 201);

    // The forms are theirs too, though they may not read login policies: that of the account stays.
    let office = json!({ "name": "office", "kind": "addresses", "lines": "192.0.2.0/24" });
    assert_eq!(bench.as_admin("POST", "/policies/logins", office).await.status, 201);
    let follows = json!({ "attributes": { "address_policy": "office", "welcome": "one\ntwo" } });
    assert_eq!(bench.as_admin("PATCH", "/users/ines", follows).await.status, 200);
    assert_eq!(bench.page("helpdesk", "/system/new-account").await.status, 200);
    let form = bench.page("helpdesk", "/system/accounts/ines").await;
    assert_eq!(form.status, 200);
    assert!(form.body.contains("<option value=\"office\" selected"), "{}", form.body);
    let value = |name: &str| {
        let from = form.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        from.split('"').next().unwrap().to_owned()
    };
    let fields = format!(
        "proof={}&version={}&reason=x&role-mine=true&address_policy=office&welcome=one%0D%0Atwo",
        value("proof"),
        value("version"),
    );
    let cookie = format!("__Host-netwarden-om={}", bench.secrets["helpdesk"]);
    let body = ("application/x-www-form-urlencoded", fields);
    let headers = [("cookie", cookie.as_str()), ("accept-language", "en")];
    let off = bench.call_with(None, "POST", "/system/accounts/ines", Some(body), &headers).await;
    // Switched off, and nothing else: for more they have no right.
    assert_eq!((off.status.as_u16(), off.body.contains("user.disable")), (403, true), "{}", off.body);
}
