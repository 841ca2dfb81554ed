//! Accounts that two people seem to use: found, recorded, told once, and shown with what was seen.

use jiff::SignedDuration;
use serde_json::json;

use crate::desk::{Bench, PASSWORD, bench};

impl Bench {
    async fn enters(&self, user: &str, from: &str, with: &str) {
        let body = json!({ "user": user, "password": PASSWORD }).to_string().into_bytes();
        let headers = [("content-type", "application/json"), ("user-agent", with)];
        let opened = self.from(from, "POST", "/api/v1/sessions", &headers, body).await;
        assert_eq!(opened.status, 201, "{user} from {from}: {}", opened.body);
    }

    async fn sharings(&self, filter: &str) -> Vec<(String, String, String)> {
        let path = format!("/api/v1/sharings?{filter}");
        let listed = self.call(Some("revisor"), "GET", &path, None).await.json();
        let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
        let items = listed["items"].as_array().unwrap_or_else(|| panic!("{listed}")).iter();
        items.map(|one| (text(one, "user"), text(one, "kind"), text(one, "told"))).collect()
    }

    async fn looks(&self) -> usize {
        self.desk.look_for_shared_accounts().await.unwrap()
    }
}

// proves: IAM-10
#[tokio::test]
async fn an_account_in_use_from_two_devices_at_once_is_found_and_told_once() {
    let bench = bench().await;
    bench.wait(SignedDuration::from_mins(6));
    assert_eq!(bench.looks().await, 0, "one session each");
    bench.enters("operator", "192.0.2.1", "Firefox/140").await;
    assert_eq!(bench.looks().await, 0);
    bench.enters("operator", "198.51.100.2", "curl/8\u{9}evil").await;
    assert_eq!(bench.looks().await, 1);
    assert_eq!(bench.looks().await, 0, "the same again is no news");
    let told = "used within 5 min from 198.51.100.2 (curl/8 evil) and from 192.0.2.1 (Firefox/140)";
    assert_eq!(bench.sharings("").await, [("operator".into(), "at_once".into(), told.into())]);
    assert!(bench.sharings("kind=travel").await.is_empty() && bench.sharings("user=rev").await.is_empty());
    let events = bench.call(Some("revisor"), "GET", "/api/v1/events?kind=shared_account", None).await;
    assert!(events.body.contains(told) && events.body.contains("operator"), "{}", events.body);
    let hidden = bench.call(Some("helpdesk"), "GET", "/api/v1/events?kind=shared_account", None).await;
    assert!(!hidden.body.contains(told), "events of people are for those who keep them");
    assert_eq!(bench.records("user.shared", "success").await, 1);
    let page = bench.page("revisor", "/system/sharing?text=operator").await;
    assert!(page.body.contains("curl/8 evil") && page.body.contains("at once"), "{}", page.body);
    assert_eq!(bench.call(Some("operator"), "GET", "/api/v1/sharings", None).await.status, 403);
    assert_eq!(bench.page("operator", "/system/sharing").await.status, 403);
    // A day later it is news again; switched off, nobody looks.
    bench.wait(SignedDuration::from_hours(25));
    assert_eq!(bench.looks().await, 0, "nobody has used it for a day");
    bench.enters("helpdesk", "192.0.2.1", "Firefox/140").await;
    bench.enters("helpdesk", "192.0.2.2", "Firefox/140").await;
    for setting in ["identity.sharing_within_s", "identity.sharing_speed_kmh"] {
        let off = json!({ "reason": "a test", "value": "0" });
        let path = format!("/api/v1/policies/accounts/{setting}");
        let admin = bench.desk.login(
            netwarden_identity::Plane::Om,
            "administrator",
            zeroize::Zeroizing::new(PASSWORD.into()),
            None,
        );
        let admin = admin.await.unwrap().secret;
        assert_eq!(bench.json(&admin, "PUT", &path, off).await.status, 204);
    }
    assert_eq!(bench.looks().await, 0);
}

// proves: IAM-10
#[tokio::test]
async fn who_logs_in_too_far_away_too_soon_is_found_by_the_places_that_were_entered() {
    let bench = bench().await;
    for (name, lines) in [
        ("vienna", "192.0.2.0/24\nat 48.2082 16.3738"),
        ("tokyo", "198.51.100.0/24\nat 35.6762 139.6503  # the other office"),
    ] {
        let body = json!({ "reason": "a test", "name": name, "kind": "addresses", "lines": lines });
        let made = bench.json("administrator", "POST", "/api/v1/policies/logins", body).await;
        assert!(made.status.is_success(), "{}", made.body);
    }
    let odd =
        json!({ "reason": "a test", "name": "moon", "kind": "addresses", "lines": "192.0.2.1\nat the moon" });
    let refused = bench.json("administrator", "POST", "/api/v1/policies/logins", odd).await;
    assert!(refused.detail().contains("line 2"), "{}", refused.body);
    bench.enters("revisor", "192.0.2.7", "Firefox/140").await;
    bench.wait(SignedDuration::from_hours(2));
    bench.enters("revisor", "198.51.100.7", "Firefox/140").await;
    assert_eq!(bench.looks().await, 1);
    let secret = bench.desk.login(
        netwarden_identity::Plane::Om,
        "administrator",
        zeroize::Zeroizing::new(PASSWORD.into()),
        None,
    );
    let secret = secret.await.unwrap().secret;
    let listed = bench.call(Some(&secret), "GET", "/api/v1/sharings", None).await;
    let told = "logged in from 192.0.2.7 (vienna, Firefox/140) and 120 min later from 198.51.100.7 (tokyo, Firefox/140), 9127 km away";
    assert!(listed.body.contains(told), "{}", listed.body);
}
