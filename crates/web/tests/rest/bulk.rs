//! Acts on many ports and many network elements: one dialog that names who is affected, one reason, and what
//! became of each.

use std::time::Duration;

use netwarden_inventory::Read;
use netwarden_model::element::Method;
use netwarden_model::event::NacPayload;
use netwarden_model::reading::Interface;
use netwarden_model::{EventKind, IfIndex, NewEvent, Outcome, Payload, Reading, Severity, Subject};
use netwarden_store::Tx;

use crate::desk::{Bench, MAC, bench, interface};

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

/// The element shows these interfaces from now on, each with its ifType and ifAdminStatus.
async fn with_interfaces(bench: &Bench, interfaces: &[(&str, u32, &str)]) {
    let all = interfaces.iter().zip(1..).map(|((name, if_type, admin), index)| Interface {
        if_index: IfIndex(index),
        name: Some((*name).to_owned()),
        if_type: Some(*if_type),
        base_port: (*if_type == 6).then_some(index),
        pvid: None,
        ..interface(admin)
    });
    let reading = Reading { interfaces: all.collect(), ..Reading::default() };
    let keeper = bench.desk.engine.keeper();
    let now = bench.desk.clock.now();
    keeper.read(bench.ne, Read::Methods(vec![Method::Inventory]), reading, now).await;
    let last = netwarden_operate::port_ref(bench.ne.0, interfaces.last().unwrap().0);
    for _ in 0..500 {
        if keeper.picture().read().role(&last).is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the interfaces were not read");
}

// proves: NAC-12
#[tokio::test]
async fn what_is_no_port_is_neither_offered_nor_done() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let all = [("Gi1/0/1", 6, "up"), ("Vlan10", 53, "up"), ("Lo0", 24, "down"), ("Po1", 161, "up")];
    with_interfaces(&bench, &all).await;
    let access = bench.call(Some("operator"), "GET", "/api/v1/ports?role=access", None).await.json();
    let names: Vec<&str> =
        access["items"].as_array().unwrap().iter().map(|port| port["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Gi1/0/1"]);
    let real = bench.page("operator", &format!("/elements/{ne}/ports/Gi1%2F0%2F1")).await.body;
    assert!(real.contains("/Gi1%2F0%2F1/off\"") && real.contains("/Gi1%2F0%2F1/move\""), "{real}");
    for (name, role) in [("Vlan10", "no port"), ("Lo0", "no port"), ("Po1", "aggregate")] {
        let page = bench.page("operator", &format!("/elements/{ne}/ports/{name}")).await.body;
        assert!(page.contains(role), "{name}: {page}");
        for act in ["off", "on", "move", "quarantine"] {
            assert!(!page.contains(&format!("/{name}/{act}\"")), "{name} offers {act}: {page}");
        }
        for act in ["off", "move"] {
            let fields = format!("reason=x&vlan=20&picked={ne}+{name}");
            let done = bench.form("operator", &format!("/ports/{act}"), &fields).await;
            assert!(done.body.contains("0 of 1"), "{name} {act}: {}", done.body);
            let why = if name == "Po1" { "belongs to a link aggregate" } else { "is no physical port" };
            assert!(done.body.contains(why), "{name} {act}: {}", done.body);
        }
        let dialog = bench.page("operator", &format!("/ports/off?port={ne}+{name}")).await.body;
        assert!(dialog.contains("Nobody is on these ports now"), "{dialog}");
    }
    let on = bench.form("operator", "/ports/on", &format!("reason=x&picked={ne}+Lo0")).await;
    assert!(on.body.contains("0 of 1") && on.body.contains("is not switched"), "{}", on.body);
    let element = bench.page("operator", &format!("/elements/{ne}")).await.body;
    let grid = element.split("class=\"faceplate").nth(1).map(|grid| grid.split("</ul>").next().unwrap());
    assert!(grid.is_none_or(|grid| !grid.contains("Vlan10")), "{grid:?}");
}

// proves: NAC-12
#[tokio::test]
async fn many_ports_that_need_attention_are_one_line_with_acts_on_exactly_these() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let names: Vec<String> = (1..=12).map(|port| format!("Gi1/0/{port}")).collect();
    let all: Vec<(&str, u32, &str)> = names.iter().map(|name| (name.as_str(), 6, "up")).collect();
    with_interfaces(&bench, &all).await;
    // One of them, and one port that the element has no more, is named by several events.
    let gone = "Gi9/9/9".to_owned();
    let named: Vec<&String> = names.iter().chain([&gone, &names[0]]).collect();
    let at = bench.desk.clock.now();
    let events: Vec<NewEvent> = named
        .into_iter()
        .zip(1..)
        .map(|(name, mac)| NewEvent {
            at,
            kind: EventKind::Unauthorised,
            subject: Subject::Mac(netwarden_model::Mac::from_u64(mac).unwrap()),
            ne: Some(bench.ne),
            port: Some(name.as_str().into()),
            severity: Severity::Minor,
            outcome: Outcome::Success,
            facts: None,
            payload: Payload::Nac(NacPayload::Unauthorised),
            cause: None,
        })
        .collect();
    let spine = bench.desk.spine.clone();
    bench
        .desk
        .store
        .write(move |tx: &Tx| Box::pin(async move { spine.append(tx, at, &events).await.map(drop) }))
        .await
        .unwrap();
    let start = bench.page("operator", "/").await.body;
    let picked: Vec<String> = {
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.iter().map(|name| format!("port={ne}%20{}", name.replace('/', "%2F"))).collect()
    };
    for act in ["off", "move"] {
        let address = format!("/ports/{act}?{}", picked.join("&"));
        let shown = address.replace('&', "&#38;");
        assert!(start.contains(&format!("href=\"{shown}\"")), "{act}: {shown} is not on {start}");
        let dialog = bench.page("operator", &address).await;
        assert_eq!(dialog.status, 200, "{}", dialog.body);
        assert!(dialog.body.contains("12 ports"), "{}", dialog.body);
    }
    assert!(start.contains("Switch 12 ports off"), "{start}");
    let reader = bench.page("revisor", "/").await.body;
    assert!(!reader.contains("/ports/off?"), "{reader}");
}
