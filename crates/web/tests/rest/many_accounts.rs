//! Many accounts at once: imported from CSV, and changed together.

use serde_json::json;

use crate::desk::bench;

// proves: IAM-06
#[tokio::test]
async fn accounts_are_imported_with_one_time_passwords_and_bad_rows_are_named() {
    let bench = bench().await;
    let csv = "name;roles;labels;mail;max_sessions;like\n\
               ines;operator;night vie-2;ines@example.net;2;\n\
               Bob;helpdesk revisor;;;;\n\
               operator;helpdesk;;;;\n\
               eve;landscape_gardener;;;;\n\
               kay;;;;;ines\n\
               zoe;;;;;\n";
    let send = async |user: &str| {
        let body = Some(("text/csv", csv.to_owned()));
        bench.call(Some(user), "POST", "/api/v1/imports/users?reason=new+shift", body).await
    };
    assert_eq!(send("operator").await.status, 403);
    let imported = send("administrator").await;
    assert_eq!(imported.status, 200, "{}", imported.body);
    let made: Vec<(String, String)> = imported.json()["made"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap().to_owned(), one["password"].as_str().unwrap().to_owned()))
        .collect();
    let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["ines", "bob", "kay"]);
    let refused = imported.json()["refused"].as_array().unwrap().clone();
    for (at, part) in [
        (0, "line 4: there is a user 'operator' already"),
        (
            1,
            "line 5: user.create is not permitted: accounts with the role 'landscape_gardener' are managed elsewhere",
        ),
        (2, "line 7: a user needs at least one role"),
    ] {
        assert!(refused[at].as_str().unwrap().contains(part), "{refused:#?}");
    }
    let ines = bench.call(Some("administrator"), "GET", "/api/v1/users/ines", None).await.json();
    assert_eq!((&ines["roles"], &ines["mail"]), (&json!(["operator"]), &json!("ines@example.net")));
    assert_eq!(ines["attributes"]["labels"], json!(["night", "vie-2"]));
    assert_eq!(ines["attributes"]["max_sessions"], 2);
    assert_eq!(ines["must_change_password"], true);
    let kay = bench.call(Some("administrator"), "GET", "/api/v1/users/kay", None).await.json();
    assert_eq!(
        (&kay["roles"], &kay["attributes"]["max_sessions"]),
        (&json!(["operator"]), &json!(2)),
        "like ines"
    );
    // Each password opens its own account, to be changed; none stands in the trail.
    for (name, password) in &made {
        let body = json!({ "user": name, "password": password }).to_string();
        let opened = bench.call(None, "POST", "/api/v1/sessions", Some(("application/json", body))).await;
        assert_eq!(
            (opened.status.as_u16(), &opened.json()["must_change_password"]),
            (201, &json!(true)),
            "{name}"
        );
    }
    assert_eq!(bench.records("user.create", "success").await, 5, "two of them say something of their users");
    let trail = bench.call(Some("administrator"), "GET", "/api/v1/audit?operation=user.create", None).await;
    assert!(
        trail.body.contains("new shift") && made.iter().all(|(_, password)| !trail.body.contains(password))
    );
    // By the page, with the passwords once.
    let page = bench.page("administrator", "/system/import-accounts").await;
    assert!(page.body.contains("name=\"csv\""), "{}", page.body);
    let fields = "csv=name%2Croles%0Auma%2Chelpdesk%0Auma%2Chelpdesk&reason=a+test";
    let shown = bench.form("administrator", "/system/import-accounts", fields).await;
    assert!(shown.body.contains("1 accounts were made, 1 rows were refused"), "{}", shown.body);
    assert!(
        shown.body.contains("uma") && shown.body.contains("line 3: &#39;uma&#39; stands on line 2"),
        "{}",
        shown.body
    );
    assert_eq!(bench.form("operator", "/system/import-accounts", fields).await.status, 403);
}

// proves: IAM-06, IAM-03
#[tokio::test]
async fn many_accounts_are_changed_by_one_form_and_each_outcome_is_told() {
    let bench = bench().await;
    for name in ["enable", "disable", "ines"] {
        bench.joins_plane(netwarden_identity::Plane::Om, name, "helpdesk").await;
    }
    let list = bench.page("administrator", "/system/accounts").await.body;
    assert!(list.contains("formaction=\"/system/many-accounts/disable\""), "{list}");
    assert!(list.contains("name=\"account\" value=\"ines\""), "{list}");
    assert!(!bench.page("revisor", "/system/accounts").await.body.contains("many-accounts"), "revisors read");
    let picked = "account=enable&account=disable&account=ines";
    let dialog = bench.page("administrator", &format!("/system/many-accounts/give?{picked}")).await.body;
    assert!(dialog.contains("Give 3 accounts a role") && dialog.contains("name=\"role\""), "{dialog}");
    let act = async |verb: &str, more: &str| {
        let fields = format!("picked=enable%0Adisable%0Aines%0Anobody&reason=a+test{more}");
        bench.form("administrator", &format!("/system/many-accounts/{verb}"), &fields).await.body
    };
    let account = async |name: &str| {
        bench.call(Some("administrator"), "GET", &format!("/api/v1/users/{name}"), None).await.json()
    };
    let told = act("give", "&role=Guest").await;
    assert!(
        told.contains("0 of 4 accounts have the role"),
        "guests are no role of network access control: {told}"
    );
    let told = act("give", "&role=revisor").await;
    assert!(told.contains("3 of 4 accounts have the role"), "{told}");
    assert!(told.contains("does not exist"), "what became of the fourth: {told}");
    assert_eq!(account("ines").await["roles"], json!(["helpdesk", "revisor"]));
    act("take", "&role=helpdesk").await;
    assert_eq!(account("ines").await["roles"], json!(["revisor"]));
    let told = act("take", "&role=revisor").await;
    assert!(told.contains("0 of 4") && told.contains("a user needs at least one role"), "{told}");
    let off = act("disable", "").await;
    assert!(
        off.contains("3 of 4 accounts are off") && off.contains("/system/many-accounts/enable?"),
        "undo: {off}"
    );
    assert_eq!(account("enable").await["enabled"], false);
    act("enable", "").await;
    assert_eq!(account("enable").await["enabled"], true);
    assert!(act("unlock", "").await.contains("3 of 4 accounts are unlocked"));
    assert!(act("delete", "").await.contains("3 of 4 accounts are deleted"));
    assert_eq!(bench.call(Some("administrator"), "GET", "/api/v1/users/ines", None).await.status, 404);
    assert_eq!(bench.records("user.delete", "success").await, 3);
    let fields = "picked=operator&reason=a+test";
    assert_eq!(bench.form("operator", "/system/many-accounts/disable", fields).await.status, 403);
}
