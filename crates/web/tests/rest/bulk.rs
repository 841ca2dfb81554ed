//! Acts on many ports and many network elements: one dialog that names who is affected, one reason, and what
//! became of each.

use std::time::Duration;

use crate::desk::{Bench, MAC, bench};

async fn recorded(bench: &Bench, operation: &str) -> bool {
    for _ in 0..100 {
        if bench.records(operation, "success").await > 0 {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

// proves: NAC-12
#[tokio::test]
async fn many_ports_are_acted_on_with_one_reason() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let list = bench.page("operator", "/ports").await.body;
    assert!(list.contains(&format!("name=\"port\" value=\"{ne} Gi1/0/1\" form=\"picked\"")), "{list}");
    for act in ["release", "on", "move", "off"] {
        assert!(list.contains(&format!("formaction=\"/ports/{act}\"")), "{act}: {list}");
    }
    for reader in ["revisor", "helpdesk"] {
        assert!(!bench.page(reader, "/ports").await.body.contains("form=\"picked\""), "{reader}");
    }
    let nothing = bench.page("operator", "/ports/off").await;
    assert!(nothing.status == 200 && nothing.body.contains("Nothing is selected"), "{}", nothing.body);
    let dialog = bench.page("operator", &format!("/ports/off?port={ne}+Gi1%2F0%2F1")).await.body;
    assert!(dialog.contains("Switch 1 ports off") && dialog.contains("sw1 · Gi1/0/1"), "{dialog}");
    assert!(dialog.contains(MAC) && dialog.contains("loses its present access"), "who is affected: {dialog}");
    let bad = bench.page("operator", "/ports/off?port=nonsense").await;
    assert!(bad.status == 400 && bad.body.contains("is no port"), "{}", bad.body);

    let picked = format!("picked={ne}+Gi1%2F0%2F1%0A{ne}+Gi9%2F9%2F9");
    let refused = bench.form("operator", "/ports/off", &format!("reason=+&{picked}")).await;
    assert_eq!(refused.status, 404, "one that is not there is not acted on unseen: {}", refused.body);
    let silent = bench.form("operator", "/ports/off", &format!("reason=+&picked={ne}+Gi1%2F0%2F1")).await;
    assert_eq!(silent.status, 422);
    assert!(silent.body.contains("id=\"fault-reason\">a reason is needed"), "{}", silent.body);
    let vlan = format!("reason=x&vlan=9999&picked={ne}+Gi1%2F0%2F1");
    let vlan = bench.form("operator", "/ports/move", &vlan).await;
    assert!(vlan.status == 400 && vlan.body.contains("id=\"fault-vlan\""), "{}", vlan.body);
    assert_eq!(bench.records("port.off", "success").await + bench.records("port.move", "success").await, 0);

    let done = bench.form("operator", "/ports/off", &format!("reason=lost&{picked}")).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("Switching 1 of 2 ports off was asked for."), "{}", done.body);
    assert!(done.body.contains("Gi9/9/9") && done.body.contains("does not exist"), "{}", done.body);
    assert!(done.body.contains(&format!("/ports/on?port={ne}%20Gi1%2F0%2F1\"")), "its undo: {}", done.body);
    assert!(recorded(&bench, "port.off").await);
    for (act, fields, operation) in
        [("release", "", "port.release"), ("move", "vlan=20&", "port.move"), ("on", "", "port.on")]
    {
        if act == "on" {
            bench.shut_from_outside().await;
        }
        let fields = format!("reason=x&{fields}picked={ne}+Gi1%2F0%2F1");
        let done = bench.form("operator", &format!("/ports/{act}"), &fields).await;
        assert!(done.status == 200 && done.body.contains("1 of 1"), "{act}: {}", done.body);
        assert!(recorded(&bench, operation).await, "{act}");
        // Given back before the next, which may not find it held.
        let release = format!("reason=x&picked={ne}+Gi1%2F0%2F1");
        bench.form("operator", "/ports/release", &release).await;
    }
}

// proves: NAC-12
#[tokio::test]
async fn many_elements_are_acted_on_with_one_reason() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let list = bench.page("operator", "/elements").await.body;
    assert!(list.contains(&format!("name=\"ne\" value=\"{ne}\" form=\"picked\"")), "{list}");
    assert!(!bench.page("revisor", "/elements").await.body.contains("form=\"picked\""));
    let dialog = bench.page("operator", &format!("/elements/enforce?ne={ne}")).await.body;
    assert!(dialog.contains("for 1 network elements") && dialog.contains("sw1"), "{dialog}");
    let element = async || {
        let path = format!("/api/v1/elements/{ne}");
        bench.call(Some("operator"), "GET", &path, None).await.json()
    };
    let act = async |act: &str, fields: &str| {
        let done =
            bench.form("operator", &format!("/elements/{act}"), &format!("{fields}&picked={ne}")).await;
        assert!(done.status == 200 && done.body.contains("1 of 1"), "{act}: {}", done.body);
        done.body
    };
    let done = act("enforce", "reason=x").await;
    assert_eq!(element().await["enforcement"], true);
    assert!(done.contains(&format!("/elements/observe?ne={ne}\"")), "its undo: {done}");
    act("observe", "reason=x").await;
    assert_eq!(element().await["enforcement"], false);
    let window = "reason=x&from=2030-01-01T10%3A00&until=2030-01-01T12%3A00";
    act("maintain", window).await;
    assert_eq!(element().await["maintenance"]["until"], "2030-01-01T12:00:00Z");
    act("maintained", "reason=x").await;
    assert!(element().await["maintenance"].is_null());
    for (operation, count) in
        [("enforcement.enable", 1), ("enforcement.disable", 1), ("ne.set_maintenance", 2)]
    {
        assert_eq!(bench.records(operation, "success").await, count, "{operation}");
    }
    // One result for each: what is unfit for one does not keep the others from it.
    let bad =
        bench.form("operator", "/elements/maintain", &format!("reason=x&from=x&until=y&picked={ne}")).await;
    assert!(bad.status == 400 && bad.body.contains("id=\"fault-from\""), "{}", bad.body);
}
