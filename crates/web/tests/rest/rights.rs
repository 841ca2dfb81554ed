//! Who may do what, as it is committed (S4 tables 10 to 12): every route and every role.

use std::fmt::Write;

use netwarden_identity::{Access, OPERATIONS, Role};

use crate::desk::{MAC, bench};

fn table() -> String {
    let mut text = String::from("operation administrator operator helpdesk revisor\n");
    for line in OPERATIONS {
        let has = |role: Role| match line.access {
            Access::Anyone => "anyone",
            Access::Own => "own",
            Access::Roles(roles) if roles.contains(&role) => "yes",
            Access::Roles(_) => "-",
        };
        let words: Vec<&str> = Role::NAC.into_iter().map(has).collect();
        writeln!(text, "{} {}", line.name, words.join(" ")).unwrap();
    }
    text
}

/// `NETWARDEN_UPDATE_RIGHTS=1` rewrites the file.
#[test]
fn rights_are_the_committed_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rest/rights.txt");
    let now = table();
    if std::env::var_os("NETWARDEN_UPDATE_RIGHTS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == now,
        "rights have changed: run with NETWARDEN_UPDATE_RIGHTS=1 and look at the difference"
    );
}

// proves: NAC-22
#[tokio::test]
async fn network_data_is_for_the_four_roles_and_helpdesk_reads_records_of_endpoints_only() {
    let bench = bench().await;
    for path in ["/api/v1/endpoints", "/api/v1/events", "/api/v1/ports", "/api/v1/history?ip=192.0.2.1"] {
        for user in ["administrator", "operator", "helpdesk", "revisor"] {
            assert_eq!(bench.call(Some(user), "GET", path, None).await.status, 200, "{path} {user}");
        }
        assert_eq!(bench.call(Some("foreign"), "GET", path, None).await.status, 403, "{path}");
        assert_eq!(bench.call(None, "GET", path, None).await.status, 401, "{path}");
    }
    let note = serde_json::json!({ "reason": "a test", "note": "hall" });
    bench.json("operator", "PATCH", &format!("/api/v1/endpoints/{MAC}"), note).await;
    let value = serde_json::json!({ "reason": "a test", "value": "7" });
    bench.json("operator", "PUT", "/api/v1/system/parameters/enforcement.budget_per_ne", value).await;
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let kinds = async |user: &str| {
        let listed = bench.call(Some(user), "GET", "/api/v1/audit?limit=1000", None).await.json();
        let items = listed["items"].as_array().unwrap().clone();
        let kinds: std::collections::BTreeSet<String> = items
            .iter()
            .map(|i| i["object"].as_str().unwrap().split(' ').next().unwrap().to_owned())
            .collect();
        kinds
    };
    assert_eq!(kinds("helpdesk").await, ["endpoint".to_owned()].into());
    assert!(kinds("revisor").await.contains("parameter"));
}
