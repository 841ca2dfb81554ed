//! Tokens on pages: made for certain operations, shown once, of use for these, and revoked.

use serde_json::json;

use crate::desk::{Bench, bench};

async fn reads(bench: &Bench, token: &str, path: &str) -> u16 {
    bench.call(Some(token), "GET", &format!("/api/v1{path}"), None).await.status.as_u16()
}

async fn own(bench: &Bench, user: &str) -> Vec<i64> {
    let listed = bench.call(Some(user), "GET", "/api/v1/tokens", None).await.json();
    listed["items"].as_array().unwrap().iter().map(|token| token["id"].as_i64().unwrap()).collect()
}

// proves: IAM-17
#[tokio::test]
async fn a_token_is_made_on_a_page_for_what_was_ticked_and_revoked_there() {
    let bench = bench().await;
    let form = bench.page("operator", "/own/tokens/new").await.body;
    assert!(form.contains("name=\"op-endpoint.read\"") && form.contains("name=\"op-rule.create\""), "{form}");
    assert!(!form.contains("name=\"op-user.create\""), "what one may not do oneself is not offered");

    // What was not taken is told at its field, and nothing is made.
    let before = own(&bench, "operator").await;
    for (fields, field) in [
        ("name=x&days=367&everything=true", "days"),
        ("name=&days=1&everything=true", "name"),
        // Nothing is not everything, also where what was ticked is offered no longer, or never was.
        ("name=x&days=1", "everything"),
        ("name=x&days=1&op-nobody.knows=true", "everything"),
    ] {
        let refused = bench.form("operator", "/own/tokens/new", fields).await;
        assert_eq!(refused.status, 422, "{fields}: {}", refused.body);
        let at = refused.body.split("aria-invalid=\"true\"").next().unwrap();
        assert!(
            at.rsplit("<input").next().unwrap().contains(&format!("name=\"{field}\"")),
            "{}",
            refused.body
        );
    }
    assert_eq!(own(&bench, "operator").await, before);

    let fields = "name=inventory&days=30&op-endpoint.read=true&op-user.create=true";
    let made = bench.form("operator", "/own/tokens/new", fields).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let token = made.body.split("nwt_").nth(1).unwrap();
    let token = format!("nwt_{}", token.split(['<', '"']).next().unwrap());
    assert_eq!(
        [reads(&bench, &token, "/endpoints").await, reads(&bench, &token, "/rules").await],
        [200, 403]
    );
    // What its owner may not do is given by no tick.
    let user = json!({ "name": "eve", "password": "Horse-battery/3", "roles": ["helpdesk"] });
    assert_eq!(bench.json(&token, "POST", "/api/v1/users", user).await.status, 403);
    let list = bench.page("operator", "/own/tokens").await.body;
    assert!(
        list.contains("inventory") && list.contains("endpoint.read") && list.contains("user.create"),
        "{list}"
    );
    assert!(!list.contains(&token[4..]), "the secret is shown once");

    // It is nobody else's, and those who keep the accounts see it.
    let id = own(&bench, "operator").await.into_iter().find(|id| !before.contains(id)).unwrap();
    for path in [format!("/own/tokens/{id}/revoke"), format!("/system/tokens/{id}/revoke")] {
        assert_eq!(bench.form("helpdesk", &path, "").await.status, 403, "{path}");
    }
    assert!(!bench.page("helpdesk", "/own/tokens").await.body.contains("inventory"));
    let all = bench.page("administrator", "/system/tokens").await.body;
    assert!(
        all.contains("inventory")
            && all.contains("operator")
            && all.contains(&format!("/system/tokens/{id}/revoke"))
    );
    let gone = bench.form("operator", &format!("/own/tokens/{id}/revoke"), "").await;
    assert_eq!(
        (gone.status.as_u16(), &gone.headers["location"]),
        (303, &"/own/tokens?done=removed".parse().unwrap())
    );
    assert_eq!(reads(&bench, &token, "/endpoints").await, 401);
    let list = bench.page("operator", "/own/tokens").await.body;
    assert!(list.contains("revoked") && !list.contains(&format!("{id}/revoke")), "{list}");
    assert_eq!(bench.records("token.create_own", "success").await, 1);
}

// proves: IAM-17
#[tokio::test]
async fn who_asks_for_everything_gets_a_token_that_does_what_its_owner_may() {
    let bench = bench().await;
    let new = json!({ "name": "all", "days": 1, "operations": [] });
    let made = bench.json("helpdesk", "POST", "/api/v1/tokens", new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = bench.form("helpdesk", "/own/tokens/new", "name=script&days=1&everything=true").await;
    assert_eq!(made.status, 200, "{}", made.body);
    let list = bench.page("helpdesk", "/own/tokens").await.body;
    assert_eq!(list.matches("<td>whatever its owner may do").count(), 2, "{list}");
}
