//! A passkey from its making to its loss, by REST and on pages, with an authenticator that does as it is told.

use netwarden_identity::Plane;
use netwarden_testkit::authenticator::Authenticator;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::desk::{Answer, Bench, PASSWORD, bench};

const NAME: &str = "nw.example.org";
const ASK: &str = "/sessions/own/passkey";

async fn opens(bench: &Bench) -> String {
    let password = Zeroizing::new(PASSWORD.to_owned());
    bench.desk.login(Plane::Om, "operator", password, None).await.unwrap().secret.to_string()
}

async fn sends(bench: &Bench, session: &str, path: &str, body: Value) -> Answer {
    bench.json(session, "POST", &format!("/api/v1{path}"), body).await
}

/// The options of what is asked.
async fn asked(bench: &Bench, session: &str, path: &str, body: Value) -> Value {
    let asked = sends(bench, session, path, body).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    asked.json()["options"].clone()
}

/// Makes a passkey in a new session; its new secret, and the key.
async fn made(bench: &Bench) -> (String, Authenticator) {
    let (session, mut key) = (opens(bench).await, Authenticator::new(NAME));
    let new = json!({ "label": "laptop", "password": PASSWORD });
    let options = asked(bench, &session, "/factors/passkeys", new).await;
    let answer = json!({ "credential": key.create(&options) });
    let made = sends(bench, &session, "/factors/passkeys/answer", answer).await;
    assert_eq!(made.status, 200, "{}", made.body);
    (made.json()["token"].as_str().unwrap().to_owned(), key)
}

// proves: IAM-10
#[tokio::test]
async fn a_passkey_is_made_and_asked_for_from_then_on() {
    let bench = bench().await;
    let first = opens(&bench).await;
    let wrong = json!({ "label": "laptop", "password": "wrong" });
    let wrong = sends(&bench, &first, "/factors/passkeys", wrong).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["input"]), (422, &json!("password")), "{}", wrong.body);
    let (proven, mut key) = made(&bench).await;
    assert_eq!(
        bench.call(Some(&proven), "GET", "/api/v1/sessions/own", None).await.json()["second_factor"],
        "proven"
    );
    let listed = bench.call(Some(&proven), "GET", "/api/v1/factors", None).await.json();
    assert_eq!((&listed["items"][0]["kind"], &listed["total"]["count"]), (&json!("passkey"), &json!(1)));
    assert_eq!(bench.records("factor.add_own", "success").await, 2, "begun, and made");

    // With the password alone nothing is had.
    let second = opens(&bench).await;
    assert_eq!(bench.call(Some(&second), "GET", "/api/v1/endpoints", None).await.status, 403);
    let options = asked(&bench, &second, ASK, json!({})).await;
    let answer = json!({ "credential": key.get(&options) });
    let answered = sends(&bench, &second, "/sessions/own/passkey/answer", answer.clone()).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let again = answered.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(bench.call(Some(&again), "GET", "/api/v1/endpoints", None).await.status, 200);
    assert_eq!(
        bench.call(Some(&second), "GET", "/api/v1/sessions/own", None).await.status,
        401,
        "the secret was replaced"
    );
    let replay = sends(&bench, &again, "/sessions/own/passkey/answer", answer).await;
    assert_eq!(replay.status, 409, "{}", replay.body);

    // Its owner takes it away, and nothing of it is left to prove with.
    let id = listed["items"][0]["id"].as_i64().unwrap();
    let gone = bench.json(&again, "DELETE", &format!("/api/v1/factors/{id}"), json!({})).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let secret = netwarden_identity::factors::secret_name(id);
    assert!(bench.desk.vault.named_secret(&secret).await.unwrap().is_none());
    let none = sends(&bench, &again, ASK, json!({})).await;
    assert_eq!(none.status, 409, "{}", none.body);
}

// proves: IAM-10, IAM-08
#[tokio::test]
async fn wrong_signatures_lock_the_account_as_wrong_codes_do() {
    let bench = bench().await;
    made(&bench).await;
    let session = opens(&bench).await;
    let mut thief = Authenticator::new(NAME);
    for round in 0..5 {
        let options = asked(&bench, &session, ASK, json!({})).await;
        let answer = json!({ "credential": thief.get(&options) });
        let refused = sends(&bench, &session, "/sessions/own/passkey/answer", answer).await;
        let told = (refused.status.as_u16(), refused.json()["input"].clone());
        assert_eq!(told, (422, json!("credential")), "{round}: {}", refused.body);
    }
    assert_eq!(bench.records("session.prove", "failure").await, 1, "those of a minute are counted");
    let locked =
        bench.desk.login(Plane::Om, "operator", Zeroizing::new(PASSWORD.to_owned()), None).await.unwrap_err();
    assert!(locked.to_string().contains("wrong user name or password"), "{locked}");
}

// proves: IAM-10
#[tokio::test]
async fn pages_ask_for_the_passkey_and_take_its_answer() {
    let bench = bench().await;
    let (_, mut key) = made(&bench).await;
    let session = opens(&bench).await;
    let cookie = format!("__Host-netwarden-om={session}");
    let page = bench.call_with(None, "GET", "/prove?to=%2Fendpoints", None, &[("cookie", &cookie)]).await;
    assert!(page.body.contains("data-passkey=\"get\""), "{}", page.body);
    assert!(!page.body.contains("one-time-code"), "there is no app to ask for a code");
    let between =
        |before: &str| page.body.split(before).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let options = between("data-options=\"").replace("&#34;", "\"");
    let answer = key.get(&serde_json::from_str(&options).unwrap()).to_string();
    let proof = between("name=\"proof\" value=\"");
    let fields = |proof: &str, answer: &str| {
        let fields = [("proof", proof), ("to", "/endpoints"), ("credential", answer)];
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    };
    let foreign = bench.form_with(&session, "/prove", &fields("x", &answer), &[]).await;
    assert_eq!(foreign.status, 403, "{}", foreign.body);
    let done = bench.form_with(&session, "/prove", &fields(&proof, &answer), &[]).await;
    assert_eq!((done.status.as_u16(), &done.headers["location"]), (303, &"/endpoints".parse().unwrap()));
    assert!(done.headers["set-cookie"].to_str().unwrap().starts_with("__Host-netwarden-om="));
}

// proves: IAM-08, IAM-10
#[tokio::test]
async fn while_the_account_is_locked_no_passkey_comes_to_be() {
    let bench = bench().await;
    let (session, mut key) = (opens(&bench).await, Authenticator::new(NAME));
    let new = json!({ "label": "laptop", "password": PASSWORD });
    let options = asked(&bench, &session, "/factors/passkeys", new).await;
    for _ in 0..5 {
        let wrong = Zeroizing::new("wrong".to_owned());
        bench.desk.login(Plane::Om, "operator", wrong, None).await.unwrap_err();
    }
    let answer = json!({ "credential": key.create(&options) });
    let refused = sends(&bench, &session, "/factors/passkeys/answer", answer).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let own = bench.call(Some(&session), "GET", "/api/v1/sessions/own", None).await.json();
    assert_eq!(own["second_factor"], "not_asked", "{own}");
    let listed = bench.call(Some(&session), "GET", "/api/v1/factors", None).await.json();
    assert_eq!(listed["items"], json!([]));
}

// proves: IAM-10
#[tokio::test]
async fn a_count_that_was_asked_for_early_does_not_come_after_a_later_one() {
    let bench = bench().await;
    let (_, mut key) = made(&bench).await;
    let (thief, owner) = (opens(&bench).await, opens(&bench).await);
    let early = asked(&bench, &thief, ASK, json!({})).await;
    let late = asked(&bench, &owner, ASK, json!({})).await;
    let copied = key.counter;
    key.counter += 3;
    let proven = json!({ "credential": key.get(&late) });
    assert_eq!(sends(&bench, &owner, "/sessions/own/passkey/answer", proven).await.status, 200);
    key.counter = copied;
    let copy = json!({ "credential": key.get(&early) });
    let refused = sends(&bench, &thief, "/sessions/own/passkey/answer", copy).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
}

// proves: IAM-10
#[tokio::test]
async fn an_answer_to_what_another_window_asked_counts_as_nothing() {
    let bench = bench().await;
    let (_, mut key) = made(&bench).await;
    let session = opens(&bench).await;
    for _ in 0..6 {
        let first = asked(&bench, &session, ASK, json!({})).await;
        asked(&bench, &session, ASK, json!({})).await;
        let answer = json!({ "credential": key.get(&first) });
        let told = sends(&bench, &session, "/sessions/own/passkey/answer", answer).await;
        assert_eq!(told.status, 409, "{}", told.body);
    }
    let options = asked(&bench, &session, ASK, json!({})).await;
    let answer = json!({ "credential": key.get(&options) });
    assert_eq!(sends(&bench, &session, "/sessions/own/passkey/answer", answer).await.status, 200);
}
