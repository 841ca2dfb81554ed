//! What is asked of passwords, over HTTP: read, set, tried, and asked of every new password at once.

use netwarden_identity::password::Rule;
use netwarden_identity::{Identity, IdentityPolicy};
use netwarden_store::{Tx, execute, query_all, values};
use serde_json::{Value, json};

use crate::desk::{Answer, Bench, PASSWORD, bench};

const POLICY: &str = "/api/v1/policies/passwords";

impl Bench {
    async fn set_rules(&self, change: Value) -> Answer {
        let mut body = change;
        body["reason"] = "a test".into();
        self.json("administrator", "PATCH", POLICY, body).await
    }

    async fn new_user(&self, name: &str, password: &str) -> Answer {
        let body = json!({ "name": name, "password": password, "roles": ["Helpdesk"] });
        self.json("administrator", "POST", "/api/v1/users", body).await
    }

    async fn own_password(&self, user: &str, old: &str, new: &str) -> Answer {
        self.json(user, "PUT", "/api/v1/users/own/password", json!({ "old": old, "new": new })).await
    }

    /// Lets a user's password be set so many days ago.
    async fn age_password(&self, user: &'static str, days: i64) {
        let then = self.desk.clock.now().as_microsecond() - days * 86_400_000_000;
        let set = self.desk.store.write(move |tx: &Tx| {
            Box::pin(async move {
                let sql = "UPDATE identity_user SET password_set = $2 WHERE name = $1";
                execute(tx, sql, values![user, then]).await
            })
        });
        set.await.unwrap();
    }
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect()
}

// proves: IAM-07
#[tokio::test]
async fn every_rule_is_listed_with_its_number_and_what_departs_from_profiles() {
    let bench = bench().await;
    let listed = bench.call(Some("revisor"), "GET", &format!("{POLICY}/rules?limit=100"), None).await.json();
    let rules = listed["items"].as_array().unwrap();
    assert_eq!(rules.len(), Rule::ALL.len());
    let first = &rules[0];
    assert_eq!(
        (&first["rule"], &first["on"], &first["number"], &first["least"], &first["most"], &first["unit"]),
        (&json!("min_length"), &json!(true), &json!(8), &json!(6), &json!(128), &json!("characters"))
    );
    assert_eq!(first["conflicts"][0]["text"], "nist-800-63b: min_length is to be on, with 15 or more");
    let policy = bench.call(Some("revisor"), "GET", POLICY, None).await.json();
    assert_eq!((&policy["profile"], &policy["hash"]), (&json!("source"), &json!("pbkdf2-sha256,i=10000")));
    assert!(words(&policy["conflicts"]).contains(&"no_spaces"), "{policy}");
    // A profile that is taken conflicts with itself in nothing.
    let taken = bench.set_rules(json!({ "profile": "nist-800-63b" })).await.json();
    let own =
        taken["conflicts"].as_array().unwrap().iter().filter(|one| one["profile"] == "nist-800-63b").count();
    assert_eq!((own, &taken["profile"]), (0, &json!("nist-800-63b")));
    for user in ["operator", "helpdesk"] {
        assert_eq!(bench.call(Some(user), "GET", POLICY, None).await.status, 403, "{user}");
    }
    let refused = bench.json("revisor", "PATCH", POLICY, json!({ "reason": "x", "warning_days": 9 })).await;
    assert_eq!(refused.status, 403);
}

// proves: IAM-07
#[tokio::test]
async fn a_password_is_told_every_rule_that_it_breaks() {
    let bench = bench().await;
    let refused = bench.new_user("carla", "carla 1234").await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.detail(),
        "the password is refused: it must not have blanks; it must not hold the user name, forwards or \
         backwards; it must not have 4 characters that rise, fall or go in equal steps, as in 1234; it must not \
         have more than 3 characters in a row that the user name has as well"
    );
    assert_eq!(bench.new_user("carla", "Gr4vel-path").await.status, 201);
    // On the page in its reader's language.
    let cookie = format!("__Host-netwarden-om={}", bench.secrets["administrator"]);
    let page = bench.page("administrator", "/").await.body;
    let proof = page.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = format!("proof={proof}&name=dora&password=Kwyj&role-helpdesk=true");
    let body = ("application/x-www-form-urlencoded", fields);
    let headers = [("cookie", cookie.as_str()), ("accept-language", "de")];
    let told = bench.call_with(None, "POST", "/system/new-account", Some(body), &headers).await;
    assert_eq!(told.status, 422);
    assert!(
        told.body.contains("das Passwort wird abgelehnt: es braucht mindestens 8 Zeichen"),
        "{}",
        told.body
    );
    assert!(!told.body.contains("Kwyj"), "it is not written back");
}

// proves: IAM-07
#[tokio::test]
async fn settings_hold_from_the_next_password_on_and_are_recorded() {
    let bench = bench().await;
    let before = bench.call(Some("administrator"), "GET", POLICY, None).await;
    let tag = before.headers["etag"].to_str().unwrap().to_owned();
    let set = bench
        .set_rules(json!({ "rules": { "min_length": { "number": 12 }, "digits": { "on": true } } }))
        .await;
    assert_eq!(set.status, 200, "{}", set.body);
    let refused = bench.new_user("carla", "Gravel-path").await;
    assert!(
        refused.detail().contains("at least 12 characters; it needs at least 1 digits"),
        "{}",
        refused.detail()
    );
    // What was read before is no longer so.
    let body = ("application/json", json!({ "reason": "late", "warning_days": 9 }).to_string());
    let late = bench
        .call_with(Some("administrator"), "PATCH", POLICY, Some(body), &[("if-match", tag.as_str())])
        .await;
    assert_eq!(
        (late.status.as_u16(), late.detail().contains("the password policy was changed")),
        (412, true)
    );
    for (change, told) in [
        (json!({ "rules": { "min_length": { "number": 5 } } }), "min_length takes 6 to 128, not 5"),
        (json!({ "rules": { "no_spaces": { "number": 1 } } }), "no_spaces is on or off and takes no number"),
        (json!({ "rules": { "min_size": {} } }), "'min_size' is no rule for passwords"),
        (json!({ "profile": "strict" }), "'strict' is no profile of password rules"),
        (json!({ "hash": "md5" }), "'md5' is no way to hash passwords"),
        (json!({ "hash": "pbkdf2-sha256,i=1" }), "1 iterations are outside 10000 to 10000000"),
        (json!({ "warning_days": 0 }), "1 to 90 days before, not 0"),
        (json!({ "hacker_words": ["a b"] }), "'a b' is no word of a dictionary"),
        (
            json!({ "rules": { "max_length": { "number": 16 }, "min_length": { "number": 20 } } }),
            "would need 20",
        ),
        (json!({}), "there is nothing to change"),
    ] {
        let refused = bench.set_rules(change.clone()).await;
        assert_eq!(refused.status, 422, "{change}");
        assert!(refused.detail().contains(told), "{change}: {}", refused.detail());
    }
    let silent =
        bench.json("administrator", "PATCH", POLICY, json!({ "reason": " ", "warning_days": 9 })).await;
    assert!(silent.detail().contains("a reason is needed"), "{}", silent.detail());
    // One change, one record, with what was and what is.
    assert_eq!(bench.records("policy.modify", "success").await, 1);
    let trail = bench.call(Some("administrator"), "GET", "/api/v1/audit?operation=policy.modify", None).await;
    let index = trail.json()["items"][0]["index"].as_i64().unwrap();
    let record = bench.call(Some("administrator"), "GET", &format!("/api/v1/audit/{index}"), None).await.body;
    assert!(
        record.contains("min_length") && record.contains("12") && !record.contains("max_length"),
        "{record}"
    );
    // A restart finds them.
    let again = Identity::new(bench.desk.store.clone(), IdentityPolicy::default());
    again.load_settings().await.unwrap();
    assert_eq!(again.policy().passwords.rules.number(Rule::MinLength), Some(12));
}

// proves: IAM-07
#[tokio::test]
async fn a_dictionary_is_replaced_as_a_whole_within_bounds() {
    let bench = bench().await;
    let path = format!("{POLICY}/dictionary?reason=a+test");
    let upload = async |text: &str| {
        bench.call(Some("administrator"), "PUT", &path, Some(("text/plain", text.to_owned()))).await
    };
    let taken = upload("Lokomotive\nab\nzwei Worte\nGleis\n").await;
    assert_eq!(taken.json(), json!({ "words": 2, "left_out": 2 }), "{}", taken.body);
    let refused = bench.new_user("carla", "My-LOKOMOTIVE7").await;
    assert!(refused.detail().contains("a word of the dictionaries"), "{}", refused.detail());
    let policy = bench.call(Some("administrator"), "GET", POLICY, None).await.json();
    assert_eq!(
        (&policy["dictionary_words"], &policy["dictionary_changed_by"]),
        (&json!(2), &json!("administrator"))
    );
    let large = upload(&"Lokomotive\n".repeat(100_000)).await;
    assert_eq!(large.status, 422, "{}", large.body);
    assert!(large.detail().contains("at most 1048576 octets, not 1100000"), "{}", large.detail());
    assert_eq!(upload(&"x".repeat(3 << 20)).await.status, 413);
    assert_eq!(bench.records("policy.set_dictionary", "success").await, 1);
    assert_eq!(upload("").await.json(), json!({ "words": 0, "left_out": 0 }));
    assert_eq!(bench.new_user("carla", "My-LOKOMOTIVE7").await.status, 201);
}

// proves: IAM-07
#[tokio::test]
async fn a_password_is_tried_without_a_trace() {
    let bench = bench().await;
    let path = format!("{POLICY}/try");
    let secret = "P4$$w0rd-of-nobody";
    let tried =
        bench.json("revisor", "POST", &path, json!({ "password": secret, "user": "nobody" })).await.json();
    assert_eq!(tried["good"], false);
    assert_eq!(words(&tried["broken"]), ["no_user_name", "shared_with_name", "no_word"]);
    let admin = json!({ "password": "Gr4vel-path", "is_administrator": true });
    assert_eq!(
        bench.json("revisor", "POST", &path, admin).await.json(),
        json!({ "good": true, "broken": [] })
    );
    assert_eq!(bench.json("helpdesk", "POST", &path, json!({ "password": secret })).await.status, 403);
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    for entry in std::fs::read_dir(bench.folder.path().join("data")).unwrap() {
        let octets = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!octets.windows(secret.len()).any(|part| part == secret.as_bytes()), "it was stored");
    }
    let page = bench.form("revisor", "/system/passwords/try", "password=Kwyj&user=x").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.contains("it needs at least 8 characters") && !page.body.contains("Kwyj"),
        "{}",
        page.body
    );
    let good = bench.form("revisor", "/system/passwords/try", "password=Gr4vel-path").await;
    assert!(good.body.contains("No rule is broken."), "{}", good.body);
}

// proves: IAM-07, SEC-08
#[tokio::test]
async fn how_a_user_is_reached_is_sealed_and_no_password_holds_it() {
    let bench = bench().await;
    let path = "/api/v1/users/operator";
    let contact = json!({ "reason": "a test", "mobile": "+49 171 2345678", "mail": "otto@example.org" });
    let set = bench.json("administrator", "PATCH", path, contact).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(
        (&set.json()["mobile"], &set.json()["mail"]),
        (&json!("+49 171 2345678"), &json!("otto@example.org"))
    );
    assert_eq!(bench.json("operator", "PATCH", path, json!({ "reason": "x", "mail": "" })).await.status, 403);
    for (change, told) in [
        (json!({ "mobile": "call me" }), "'call me' is no mobile number"),
        (json!({ "mail": "otto" }), "'otto' is no mail address"),
    ] {
        let mut body = change;
        body["reason"] = "x".into();
        let refused = bench.json("administrator", "PATCH", path, body).await;
        assert!(refused.status == 422 && refused.detail().contains(told), "{}", refused.body);
    }
    assert_eq!(bench.set_rules(json!({ "rules": { "min_use": { "on": false } } })).await.status, 200);
    for new in ["0171-2345678/Xy", "Dear-Otto!9"] {
        let refused = bench.own_password("operator", PASSWORD, new).await;
        assert!(
            refused.detail().contains("the mobile number or the mail address"),
            "{new}: {}",
            refused.body
        );
    }
    // It stands in no file of the database, and the trail says only that it was changed.
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    for entry in std::fs::read_dir(bench.folder.path().join("data")).unwrap() {
        let octets = std::fs::read(entry.unwrap().path()).unwrap();
        for part in ["2345678", "otto@example"] {
            assert!(!octets.windows(part.len()).any(|window| window == part.as_bytes()), "{part} is stored");
        }
    }
    assert_eq!(bench.records("user.modify", "success").await, 1);
    // The new key opens it, and it goes with its account.
    let rotate = json!({ "reason": "a test", "layer": "working" });
    let rotated = bench.json("administrator", "POST", "/api/v1/system/rotate-keys", rotate).await;
    assert_eq!(rotated.status, 202, "{}", rotated.body);
    let ended = crate::editing::ended(&bench, &rotated.json()).await;
    assert!(ended["result"]["resealed"].as_u64().is_some_and(|count| count >= 2), "{ended}");
    assert_eq!(ended["result"]["unreadable"], json!([]));
    // What a crash leaves under an older key is sealed anew at the next start.
    bench.desk.vault.rotate_working(bench.desk.clock.now()).await.unwrap();
    assert!(bench.desk.vault.sealed_before().await.unwrap() > 0);
    bench.desk.finish_resealing().await.unwrap();
    assert_eq!(bench.desk.vault.sealed_before().await.unwrap(), 0);
    assert_eq!(bench.records("system.rotate_keys", "success").await, 2, "by hand, and after a start");
    let shown = bench.call(Some("administrator"), "GET", path, None).await.json();
    assert_eq!(shown["mail"], "otto@example.org");
    let form = bench.page("administrator", "/system/accounts/operator").await.body;
    assert!(form.contains("otto@example.org"), "{form}");
    let gone = bench.call(Some("administrator"), "DELETE", &format!("{path}?reason=a+test"), None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let sql = "SELECT purpose FROM vault_secrets WHERE purpose LIKE 'given/contact/%'";
    assert!(query_all(bench.desk.store.read(), sql, []).await.unwrap().is_empty());
}

// proves: IAM-15
#[tokio::test]
async fn ones_own_password_is_changed_with_the_old_one_and_failures_are_recorded() {
    let bench = bench().await;
    let early = bench.own_password("helpdesk", PASSWORD, "Harbour-crane/4").await;
    assert!(early.detail().contains("to be kept for at least 10 days"), "{}", early.detail());
    bench.age_password("helpdesk", 11).await;
    let wrong = bench.own_password("helpdesk", "a guess", "Harbour-crane/4").await;
    assert_eq!((wrong.status.as_u16(), wrong.detail().as_str()), (422, "the old password is not right"));
    assert_eq!(bench.records("user.change_own_password", "failure").await, 1);
    assert_eq!(bench.own_password("helpdesk", PASSWORD, "Harbour-crane/4").await.status, 204);
    assert_eq!(bench.records("user.change_own_password", "success").await, 1);
    bench.age_password("helpdesk", 11).await;
    let back = bench.own_password("helpdesk", "Harbour-crane/4", PASSWORD).await;
    let told =
        "it must be none of the last 5 passwords; it must not have been in use within the last 6 months";
    assert!(back.detail().contains(told), "{}", back.detail());
}

// proves: IAM-07, IAM-11
#[tokio::test]
async fn a_password_ends_is_told_before_and_opens_nothing_but_its_change_after() {
    let bench = bench().await;
    let rules = json!({ "rules": { "validity": { "on": true, "number": 90 } }, "warning_days": 7 });
    assert_eq!(bench.set_rules(rules).await.status, 200);
    let session = async || bench.call(Some("operator"), "GET", "/api/v1/sessions/own", None).await.json();
    assert_eq!(session().await["password_ends_at"], Value::Null);
    bench.age_password("operator", 84).await;
    assert!(session().await["password_ends_at"].is_string());
    assert!(bench.page("operator", "/").await.body.contains("Your password ends on"));
    // The session that runs is held to it as well.
    bench.age_password("operator", 91).await;
    assert_eq!(session().await["must_change_password"], true);
    assert_eq!(bench.call(Some("operator"), "GET", "/api/v1/elements", None).await.status, 403);
    assert_eq!(bench.page("operator", "/elements").await.headers["location"], "/password");
    let page = bench.page("operator", "/password").await.body;
    assert!(page.contains("it needs at least 8 characters") && !page.contains("at least 10 days"), "{page}");
    let login = json!({ "user": "operator", "password": PASSWORD, "new_password": "Harbour-crane/4" });
    let opened = bench.json("nobody", "POST", "/api/v1/sessions", login).await;
    assert_eq!((opened.status.as_u16(), &opened.json()["must_change_password"]), (201, &json!(false)));
    let token = opened.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(bench.call(Some(&token), "GET", "/api/v1/elements", None).await.status, 200);
}

// proves: IAM-15
#[tokio::test]
async fn a_reset_ends_sessions_where_the_rule_is_on() {
    let bench = bench().await;
    let reset = async |user: &str| {
        let path = format!("/api/v1/users/{user}/reset-password");
        bench.json("administrator", "POST", &path, json!({ "reason": "a test" })).await.status.as_u16()
    };
    assert_eq!(reset("helpdesk").await, 200);
    assert_eq!(bench.call(Some("helpdesk"), "GET", "/api/v1/sessions/own", None).await.status, 401);
    let off = bench.set_rules(json!({ "rules": { "logout_on_reset": { "on": false } } })).await;
    assert_eq!(off.status, 200);
    assert_eq!(reset("revisor").await, 200);
    let own = bench.call(Some("revisor"), "GET", "/api/v1/sessions/own", None).await;
    assert_eq!((own.status.as_u16(), &own.json()["must_change_password"]), (200, &json!(true)));
    assert_eq!(bench.call(Some("revisor"), "GET", "/api/v1/elements", None).await.status, 403);
}

// proves: IAM-16
#[tokio::test]
async fn argon2id_is_chosen_and_a_login_makes_the_hash_anew() {
    let bench = bench().await;
    let sql = "SELECT password FROM identity_user WHERE name = 'operator'";
    let stored = async || {
        let rows = query_all(bench.desk.store.read(), sql, []).await.unwrap();
        rows[0].try_get_by_index::<String>(0).unwrap()
    };
    assert!(stored().await.starts_with("$pbkdf2-sha256$v=1$i=10000$"));
    let chosen = bench.set_rules(json!({ "hash": "argon2id,m=7168,t=1,p=1" })).await.json();
    assert_eq!(chosen["hash"], "argon2id,m=7168,t=1,p=1");
    let login = json!({ "user": "operator", "password": PASSWORD });
    assert_eq!(bench.json("nobody", "POST", "/api/v1/sessions", login.clone()).await.status, 201);
    assert!(stored().await.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"));
    assert_eq!(bench.json("nobody", "POST", "/api/v1/sessions", login).await.status, 201);
}

// proves: IAM-07
#[tokio::test]
async fn rules_profile_and_dictionary_are_set_by_their_forms() {
    let bench = bench().await;
    let list = bench.page("administrator", "/system/passwords").await.body;
    for told in ["at least N characters", "8 characters", "6 to 128", "nist-800-63b: no blanks is to be off"]
    {
        assert!(list.contains(told), "{told}: {list}");
    }
    let readers = bench.page("revisor", "/system/passwords").await.body;
    assert!(!readers.contains("/system/passwords/rules") && readers.contains("/system/passwords/try"));
    let form = bench.page("administrator", "/system/passwords/rules").await.body;
    let version =
        form.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = |change: &dyn Fn(Rule) -> (bool, u32)| {
        let mut fields =
            format!("version={version}&reason=a+test&warning_days=9&hash=argon2id&hacker_words=Netz+");
        for rule in Rule::ALL {
            let (on, number) = change(*rule);
            if on {
                fields += &format!("&on-{rule}=true");
            }
            if rule.number().is_some() {
                fields += &format!("&n-{rule}={number}");
            }
        }
        fields
    };
    let usual = |rule: Rule| rule.number().map_or(0, |number| number.usual);
    let wrong = fields(&|rule| (false, if rule == Rule::MinLength { 500 } else { usual(rule) }));
    let refused = bench.form("administrator", "/system/passwords/rules", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("at least N characters takes 6 to 128, not 500"), "{}", refused.body);
    assert!(refused.body.contains("value=\"500\""), "what was written stays");
    let right =
        fields(&|rule| (rule == Rule::MinLength, if rule == Rule::MinLength { 14 } else { usual(rule) }));
    let set = bench.form("administrator", "/system/passwords/rules", &right).await;
    assert_eq!(set.status, 303, "{}", set.body);
    let policy = bench.desk.identity.policy().passwords;
    assert_eq!((policy.rules.number(Rule::MinLength), policy.rules.is_on(Rule::NoSpaces)), (Some(14), false));
    assert_eq!((policy.warning_days, policy.hash.kind(), policy.hacker_words.len()), (9, "argon2id", 1));
    let list = bench.page("administrator", "/system/passwords").await.body;
    assert!(list.contains("14 characters") && list.contains("rules are not as the profile asks"), "{list}");

    let taken =
        bench.form("administrator", "/system/passwords/profile", "profile=3gpp-33.117&reason=a+test").await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    let policy = bench.desk.identity.policy().passwords;
    assert_eq!((policy.profile.as_str(), policy.rules.number(Rule::Categories)), ("3gpp-33.117", Some(3)));
    let words = "words=Lokomotive%0D%0AGleis&reason=a+test";
    assert_eq!(bench.form("administrator", "/system/passwords/dictionary", words).await.status, 303);
    let list = bench.page("administrator", "/system/passwords").await.body;
    assert!(list.contains("Words in the uploaded dictionary: 2."), "{list}");
}
