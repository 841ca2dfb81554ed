//! A second factor from its setting up to its loss: by REST and on pages, and what it keeps out.

use jiff::SignedDuration;
use netwarden_identity::password::Person;
use netwarden_identity::{NewUser, Plane, TotpSecret};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::desk::{Answer, Bench, PASSWORD, bench};

/// The secret behind base32, as an app reads it.
fn read(base32: &str) -> TotpSecret {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = base32.bytes().map(|letter| letters.iter().position(|known| *known == letter).unwrap());
    let bits: Vec<usize> = bits.flat_map(|five| (0..5).rev().map(move |at| five >> at & 1)).collect();
    let octets: Vec<u8> =
        bits.chunks(8).map(|eight| eight.iter().fold(0, |octet, bit| octet << 1 | *bit as u8)).collect();
    TotpSecret::from_octets(&octets).unwrap()
}

impl Bench {
    fn code(&self, secret: &TotpSecret) -> String {
        secret.code(self.desk.clock.now().as_second() / 30).to_string()
    }

    async fn asks_for(&self, secret: &str, path: &str) -> Answer {
        self.call(Some(secret), "GET", &format!("/api/v1{path}"), None).await
    }

    async fn sends(&self, secret: &str, method: &str, path: &str, body: Value) -> Answer {
        self.json(secret, method, &format!("/api/v1{path}"), body).await
    }

    /// Sets up a factor in the session of an account; the session's new secret, and the app.
    async fn sets_up(&self, session: &str) -> (String, TotpSecret, i64) {
        let new = json!({ "label": "phone", "password": PASSWORD });
        let begun = self.sends(session, "POST", "/factors", new).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        let app = read(begun.json()["secret"].as_str().unwrap());
        let id = begun.json()["id"].as_i64().unwrap();
        assert!(begun.json()["uri"].as_str().unwrap().starts_with("otpauth://totp/Netwarden:"));
        let path = format!("/factors/{id}/confirm");
        let confirmed = self.sends(session, "POST", &path, json!({ "code": self.code(&app) })).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.body);
        (confirmed.json()["token"].as_str().unwrap().to_owned(), app, id)
    }

    async fn opens(&self, name: &str) -> String {
        let opened =
            self.desk.login(Plane::Om, name, Zeroizing::new(PASSWORD.to_owned()), None).await.unwrap();
        opened.secret.to_string()
    }

    async fn sets(&self, name: &str, value: &str) {
        let body = json!({ "value": value, "reason": "a test" });
        let set = self.json("administrator", "PUT", &format!("/api/v1/policies/accounts/{name}"), body).await;
        assert_eq!(set.status, 204, "{}", set.body);
    }
}

// proves: IAM-10
#[tokio::test]
async fn a_second_factor_is_set_up_and_asked_for_from_then_on() {
    let bench = bench().await;
    let first = bench.opens("operator").await;
    let wrong =
        bench.sends(&first, "POST", "/factors", json!({ "label": "phone", "password": "wrong" })).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["input"]), (422, &json!("password")), "{}", wrong.body);
    let (proven, app, id) = bench.sets_up(&first).await;
    assert_eq!(bench.asks_for(&proven, "/sessions/own").await.json()["second_factor"], "proven");
    assert_eq!(bench.asks_for(&proven, "/endpoints").await.status, 200);
    let listed = bench.asks_for(&proven, "/factors").await.json();
    assert_eq!((&listed["items"][0]["confirmed"], &listed["total"]["count"]), (&json!(true), &json!(1)));
    assert!(!listed.to_string().contains("secret"), "{listed}");

    // With the password alone nothing is had, and the code that was used opens nothing more.
    let second = bench.opens("operator").await;
    assert_eq!(bench.asks_for(&second, "/sessions/own").await.json()["second_factor"], "missing");
    for path in ["/endpoints", "/factors", "/tokens"] {
        let refused = bench.asks_for(&second, path).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.body);
        assert!(refused.detail().contains("second factor must be proven first"), "{}", refused.body);
    }
    let add =
        bench.sends(&second, "POST", "/factors", json!({ "label": "thief", "password": PASSWORD })).await;
    assert_eq!(add.status, 403, "{}", add.body);
    let used = bench.sends(&second, "POST", "/sessions/own/prove", json!({ "code": bench.code(&app) })).await;
    assert_eq!(
        (used.status.as_u16(), &used.json()["input"]),
        (422, &json!("code")),
        "a replay: {}",
        used.body
    );
    assert_eq!(bench.records("session.prove", "failure").await, 1);
    assert_eq!(bench.asks_for(&first, "/sessions/own").await.status, 401, "the secret was replaced");
    bench.wait(SignedDuration::from_secs(30));
    let again =
        bench.sends(&second, "POST", "/sessions/own/prove", json!({ "code": bench.code(&app) })).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let again = again.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(bench.asks_for(&again, "/endpoints").await.status, 200);

    // With name, password and code at once.
    bench.wait(SignedDuration::from_secs(30));
    let login = json!({ "user": "operator", "password": PASSWORD, "code": bench.code(&app) });
    let opened =
        bench.call(None, "POST", "/api/v1/sessions", Some(("application/json", login.to_string()))).await;
    assert_eq!(opened.json()["second_factor"], "proven", "{}", opened.body);

    // The owner takes it away; another account's is not theirs to take.
    let other = bench.opens("helpdesk").await;
    assert_eq!(bench.sends(&other, "DELETE", &format!("/factors/{id}"), json!({})).await.status, 422);
    let gone = bench.sends(&again, "DELETE", &format!("/factors/{id}"), json!({})).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let after = bench.opens("operator").await;
    assert_eq!(bench.asks_for(&after, "/sessions/own").await.json()["second_factor"], "not_asked");
}

// proves: IAM-10
#[tokio::test]
async fn the_right_password_between_wrong_codes_wipes_nothing_out() {
    let bench = bench().await;
    bench.sets_up(&bench.opens("operator").await).await;
    bench.wait(SignedDuration::from_secs(30));
    for _ in 0..5 {
        let session = bench.opens("operator").await;
        let wrong = bench.sends(&session, "POST", "/sessions/own/prove", json!({ "code": "000000" })).await;
        assert_eq!(wrong.status, 422, "{}", wrong.body);
    }
    let password = Zeroizing::new(PASSWORD.to_owned());
    assert!(bench.desk.login(Plane::Om, "operator", password, None).await.is_err(), "the account is locked");
}

// proves: IAM-10
#[tokio::test]
async fn a_login_with_a_wrong_code_leaves_no_session_behind() {
    let bench = bench().await;
    let (_, app, _) = bench.sets_up(&bench.opens("operator").await).await;
    bench.wait(SignedDuration::from_secs(30));
    let login = |code: String| json!({ "user": "operator", "password": PASSWORD, "code": code }).to_string();
    let open = async || {
        let listed = bench.call(Some("administrator"), "GET", "/api/v1/sessions", None).await.json();
        listed["items"].as_array().unwrap().iter().filter(|session| session["user"] == "operator").count()
    };
    let before = open().await;
    let body = Some(("application/json", login("000000".to_owned())));
    let refused = bench.call(None, "POST", "/api/v1/sessions", body).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["input"]),
        (422, &json!("code")),
        "{}",
        refused.body
    );
    assert_eq!(open().await, before);
    let body = Some(("application/json", login(bench.code(&app))));
    let opened = bench.call(None, "POST", "/api/v1/sessions", body).await;
    assert_eq!(opened.json()["second_factor"], "proven", "{}", opened.body);
    assert_eq!(open().await, before + 1);
}

// proves: IAM-10
#[tokio::test]
async fn wrong_codes_lock_the_account_as_wrong_passwords_do() {
    let bench = bench().await;
    let (_, app, _) = bench.sets_up(&bench.opens("operator").await).await;
    bench.wait(SignedDuration::from_secs(30));
    let session = bench.opens("operator").await;
    for _ in 0..5 {
        let wrong = bench.sends(&session, "POST", "/sessions/own/prove", json!({ "code": "000000" })).await;
        assert_eq!(wrong.status, 422, "{}", wrong.body);
    }
    let right = json!({ "code": bench.code(&app) });
    let locked = bench.sends(&session, "POST", "/sessions/own/prove", right).await;
    assert_eq!(locked.status, 422, "the right one comes too late: {}", locked.body);
    let password = Zeroizing::new(PASSWORD.to_owned());
    assert!(bench.desk.login(Plane::Om, "operator", password, None).await.is_err(), "the account is locked");
    let events =
        bench.call(Some("administrator"), "GET", "/api/v1/events?kind=login_failures", None).await.json();
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
}

// proves: IAM-10
#[tokio::test]
async fn a_role_demands_one_and_who_lost_theirs_gets_another() {
    let bench = bench().await;
    bench.sets("identity.second_factor_roles", "operator").await;
    let session = bench.opens("operator").await;
    assert_eq!(bench.asks_for(&session, "/sessions/own").await.json()["second_factor"], "to_be_made");
    let refused = bench.asks_for(&session, "/endpoints").await;
    assert!(refused.detail().contains("must be set up first"), "{}", refused.body);
    // Running sessions of the role are asked at their next action, too.
    assert_eq!(bench.asks_for("operator", "/endpoints").await.status, 403);
    assert_eq!(bench.asks_for("helpdesk", "/endpoints").await.status, 200);
    let (proven, ..) = bench.sets_up(&session).await;
    assert_eq!(bench.asks_for(&proven, "/endpoints").await.status, 200);
    assert_eq!(bench.asks_for("operator", "/endpoints").await.status, 403, "it has not proven it");

    let by_operator = "/api/v1/users/operator/factors?reason=lost";
    assert_eq!(bench.call(Some("helpdesk"), "DELETE", by_operator, None).await.status, 403);
    let reset = bench.call(Some("administrator"), "DELETE", by_operator, None).await;
    assert_eq!(reset.status, 204, "{}", reset.body);
    assert_eq!(bench.asks_for(&proven, "/sessions/own").await.status, 401, "its sessions have ended");
    let session = bench.opens("operator").await;
    assert_eq!(bench.asks_for(&session, "/sessions/own").await.json()["second_factor"], "to_be_made");
}

// proves: IAM-10
#[tokio::test]
async fn what_is_dangerous_asks_once_more() {
    let bench = bench().await;
    let (proven, app, _) = bench.sets_up(&bench.opens("administrator").await).await;
    let stop = async |session: &str, act: &str| {
        bench.sends(session, "POST", &format!("/system/{act}"), json!({ "reason": "a test" })).await
    };
    assert_eq!(stop(&proven, "stop").await.status.as_u16() / 100, 2);
    assert_eq!(stop(&proven, "resume").await.status.as_u16() / 100, 2);
    bench.wait(SignedDuration::from_mins(16));
    let refused = stop(&proven, "stop").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(refused.json()["type"].as_str().unwrap().ends_with("step-up"), "{}", refused.body);
    assert_eq!(bench.asks_for(&proven, "/endpoints").await.status, 200, "what is not dangerous goes on");
    let again =
        bench.sends(&proven, "POST", "/sessions/own/prove", json!({ "code": bench.code(&app) })).await;
    let again = again.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(stop(&again, "stop").await.status.as_u16() / 100, 2);
    // Where it is not wished for, one proof of the session will do.
    let off = json!({ "value": "0", "reason": "a test" });
    let set = bench.sends(&again, "PUT", "/policies/accounts/identity.step_up_s", off).await;
    assert_eq!(set.status, 204, "{}", set.body);
    bench.wait(SignedDuration::from_mins(16));
    assert_eq!(stop(&again, "resume").await.status.as_u16() / 100, 2);
    assert_eq!(stop(&again, "stop").await.status.as_u16() / 100, 2);
}

// proves: IAM-10
#[tokio::test]
async fn pages_lead_to_the_second_factor_and_back() {
    let bench = bench().await;
    let with = |secret: &str| format!("__Host-netwarden-om={secret}");
    let page = async |secret: &str, path: &str| {
        let cookie = with(secret);
        bench.call_with(None, "GET", path, None, &[("cookie", &cookie), ("accept-language", "en")]).await
    };
    let form = async |secret: &str, path: &str, fields: &str| {
        let proof = page(secret, "/own/factors").await.body;
        let proof = match proof.split("name=\"proof\" value=\"").nth(1) {
            Some(rest) => rest.split('"').next().unwrap().to_owned(),
            None => {
                let prove = page(secret, "/prove").await.body;
                prove.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
            }
        };
        bench.form_with(secret, path, &format!("proof={proof}&{fields}"), &[]).await
    };
    let cookie_of = |answer: &Answer| {
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        cookie.trim_start_matches("__Host-netwarden-om=").split(';').next().unwrap().to_owned()
    };
    let session = bench.opens("administrator").await;
    assert!(page(&session, "/own/factors").await.body.contains("You have no second factor"));
    let begun = form(&session, "/own/factors/new", &format!("label=phone&password={PASSWORD}")).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    assert!(
        begun.body.contains("<svg class=\"qr\"") && begun.body.contains("M4 4h1v1h-1z"),
        "{}",
        begun.body
    );
    let secret = begun.body.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    let app = read(secret);
    let confirm = begun.body.split("action=\"/own/factors/").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/own/factors/{confirm}");
    let wrong = form(&session, &path, "code=123").await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("the code is not right") && !wrong.body.contains(secret), "{}", wrong.body);
    let done = form(&session, &path, &format!("code={}", bench.code(&app))).await;
    assert_eq!(
        (done.status.as_u16(), &done.headers["location"]),
        (303, &"/own/factors?done=added".parse().unwrap())
    );
    let current = cookie_of(&done);
    assert!(page(&current, "/own/factors").await.body.contains("in use"));

    for path in ["/prove", "/own/factors/new", "/own/factors/1/confirm", "/own/factors/1/remove"] {
        let foreign = bench.form_with(&current, path, "proof=x&code=123456&label=x&password=x", &[]).await;
        assert_eq!(foreign.status, 403, "{path}: {}", foreign.body);
    }

    // A new session is led to the code, and from there to where it wanted to go.
    bench.wait(SignedDuration::from_secs(30));
    let session = bench.opens("administrator").await;
    let sent = page(&session, "/elements?sort=name").await;
    assert_eq!(sent.headers["location"], "/prove?to=%2Felements%3Fsort%3Dname");
    let asked = page(&session, "/prove?to=%2Felements").await.body;
    assert!(
        asked.contains("one-time-code") && !asked.contains("href=\"/endpoints\""),
        "no menu yet: {asked}"
    );
    let fields = format!("code={}&to=%2Felements", bench.code(&app));
    let proven = form(&session, "/prove", &fields).await;
    assert_eq!(proven.headers["location"], "/elements", "{}", proven.body);
    let proven = cookie_of(&proven);
    assert_eq!(page(&proven, "/elements").await.status, 200);
    let outside = form(&proven, "/prove", "code=1&to=https%3A%2F%2Fevil.example").await;
    assert!(!outside.body.contains("evil.example"), "{}", outside.body);

    // What is dangerous leads there as well, once the proof is old.
    bench.wait(SignedDuration::from_mins(16));
    let sent = page(&proven, "/system/stop").await;
    assert_eq!(sent.headers["location"], "/prove?to=%2Fsystem%2Fstop", "{}", sent.body);
    assert_eq!(page(&proven, "/elements").await.status, 200);
}

#[tokio::test]
async fn tokens_and_the_local_socket_are_not_asked() {
    let bench = bench().await;
    let session = bench.opens("operator").await;
    let body = json!({ "name": "script", "operations": ["endpoint.read"], "days": 7 });
    let token =
        bench.sends(&session, "POST", "/tokens", body).await.json()["token"].as_str().unwrap().to_owned();
    bench.sets("identity.second_factor_roles", "operator").await;
    assert_eq!(
        bench.asks_for(&token, "/endpoints").await.status,
        200,
        "a token was made by who had proven it"
    );
    for (method, path) in [("POST", "/factors"), ("DELETE", "/factors/1")] {
        let body = json!({ "label": "thief", "password": PASSWORD });
        let refused = bench.sends(&token, method, path, body).await;
        assert_eq!(refused.status, 403, "{method} {path}: {}", refused.body);
    }
    let person = Person { name: "new", ..Person::default() };
    let hash = bench
        .desk
        .identity
        .hash_new_password(person, Zeroizing::new(PASSWORD.into()), [7; 16])
        .await
        .unwrap();
    let grants = ["operator".into()].into();
    let user = NewUser {
        plane: Plane::Om,
        name: "new".into(),
        grants,
        password: hash,
        tenant: None,
        must_change_password: true,
    };
    bench.desk.identity.create_user(user, bench.desk.clock.now()).await.unwrap();
    let session = bench.opens("new").await;
    let refused = bench.asks_for(&session, "/factors").await;
    assert!(
        refused.status == 200 || refused.detail().contains("password must be changed"),
        "{}",
        refused.body
    );
}
