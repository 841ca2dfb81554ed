//! What the console's pages say and offer beyond being there: an element's whole standing, acts on many, files
//! of what is shown, chains of cause, and what a browser remembers.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_inventory::{ElementBase, Read};
use netwarden_model::element::{Element, Method};
use netwarden_model::reading::{Interface, Neighbour, NeighbourProtocol};
use netwarden_model::{IfIndex, NeId, Reading};
use netwarden_store::Tx;
use serde_json::json;

use crate::desk::{Bench, MAC, PORT, bench};

/// Another element, which announces itself at the first one's port.
async fn neighbour(bench: &Bench) -> NeId {
    let element = Element {
        id: NeId(0),
        name: "core1".into(),
        address: SocketAddr::from(([192, 0, 2, 7], 161)),
        credential: None,
        enforcement: false,
        allow_v2c: false,
        quarantine_vlan: None,
        voice_vlan: None,
    };
    let mut base = ElementBase::new(element, bench.desk.clock.now());
    let row = base.clone();
    let insert = bench.desk.store.write(move |tx: &Tx| {
        Box::pin(async move { netwarden_inventory::sql::insert_element(tx, &row).await })
    });
    let id = insert.await.unwrap();
    base.element.id = id;
    bench.desk.engine.keeper().adjust(move |network| network.put_element(base)).await.unwrap();
    let port = |index: u32, name: &str| Interface {
        if_index: IfIndex(index),
        name: Some(name.into()),
        descr: None,
        alias: None,
        mac: None,
        if_type: Some(6),
        type_name: None,
        admin_status: Some("up".into()),
        oper_status: Some("up".into()),
        speed: None,
        base_port: Some(index),
        pvid: Some(10.try_into().unwrap()),
        lag: None,
        trunk: None,
    };
    let seen = Neighbour {
        if_index: Some(IfIndex(2)),
        if_name: Some("Gi1/0/2".into()),
        protocol: NeighbourProtocol::Lldp,
        chassis_id: Some("02:00:00:00:00:07".into()),
        chassis_mac: None,
        port_id: Some("Te1/1".into()),
        port_descr: None,
        system_name: Some("core1.example.org".into()),
        system_descr: Some("A switch\nof two lines".into()),
        platform: None,
        addresses: vec![[192, 0, 2, 7].into()],
        capabilities: vec!["bridge".into()],
    };
    let reading = Reading {
        interfaces: vec![port(1, "Gi1/0/1"), port(2, "Gi1/0/2")],
        neighbours: vec![seen],
        ..Reading::default()
    };
    let read = Read::Methods(vec![Method::Inventory]);
    bench.desk.engine.keeper().read(bench.ne, read, reading, bench.desk.clock.now()).await;
    id
}

/// The page once it says `text`.
async fn until(bench: &Bench, path: &str, text: &str) -> String {
    let mut body = String::new();
    for _ in 0..200 {
        body = bench.page("administrator", path).await.body;
        if body.contains(text) {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} never says '{text}': {body}");
}

/// Where a form has led to.
async fn led(bench: &Bench, path: &str, fields: &str) -> String {
    let answer = bench.form("administrator", path, fields).await;
    assert_eq!(answer.status, 303, "{path}: {}", answer.body);
    answer.headers["location"].to_str().unwrap().to_owned()
}

// proves: NAC-22
#[tokio::test]
async fn an_elements_page_tells_of_vlans_neighbours_polls_and_alarms() {
    let bench = bench().await;
    let here = format!("/elements/{}", bench.ne.0);
    let other = neighbour(&bench).await;
    let page = until(&bench, &here, "core1").await;
    assert!(page.contains(&format!("href=\"/elements/{}\">core1</a>", other.0)), "{page}");
    assert!(page.contains("Te1/1") && page.contains("LLDP") && page.contains("A switch"), "{page}");
    assert!(!page.contains("of two lines"));
    assert!(page.contains(&format!("/endpoints?ne={}&#38;vlan=10", bench.ne.0)), "{page}");
    assert!(page.contains("Quarantine VLAN") && page.contains("666"));
    let now = bench.desk.clock.now();
    for _ in 0..9 {
        bench.desk.engine.keeper().failed(bench.ne, "no answer from <b>".into(), now).await;
    }
    let page = until(&bench, &here, "The last 9 polls failed").await;
    assert!(page.contains("no answer from &#60;b&#62;"));
    assert!(page.contains("element unreachable") && page.contains("severity=minor"), "its alarm: {page}");
    // Who may only read is offered nothing.
    let page = bench.page("revisor", &here).await.body;
    for act in ["/poll\"", "/edit\"", "/remove\"", "/maintain\"", "/preflight\"", "/enforce\""] {
        assert!(!page.contains(act), "{act} is offered to the Revisor");
    }
}

#[tokio::test]
async fn an_element_is_edited_maintained_polled_and_removed() {
    let bench = bench().await;
    let here = format!("/elements/{}", bench.ne.0);
    let rest = format!("/api/v1/elements/{}", bench.ne.0);
    let shown = async || bench.call(Some("operator"), "GET", &rest, None).await.json();
    let fields = "reason=moved&name=sw9&region=Wing+B&groups=floor2%2C+office&quarantine_vlan=&forwarding=45";
    assert_eq!(led(&bench, &format!("{here}/edit"), fields).await, format!("{here}?done=edit"));
    let now = shown().await;
    assert_eq!((&now["name"], &now["region"]), (&json!("sw9"), &json!("Wing B")));
    assert_eq!((&now["groups"], &now["quarantine_vlan"]), (&json!(["floor2", "office"]), &json!(null)));
    assert_eq!(now["schedules"]["forwarding"]["interval_s"], 45);
    assert_eq!(now["address"], "127.0.0.1:9", "what was not in the form stays");
    for (wrong, status) in [("forwarding=soon", 400), ("forwarding=1", 422), ("voice_vlan=9999", 400)] {
        let answer = bench.form("administrator", &format!("{here}/edit"), &format!("reason=x&{wrong}")).await;
        assert!([400, 422].contains(&answer.status.as_u16()), "{wrong}: {} not {status}", answer.status);
        assert!(answer.body.contains("class=\"fault\""), "{wrong}");
    }
    let window = "reason=power&from=2030-01-01T08:00&until=2030-01-01T10:00";
    assert_eq!(led(&bench, &format!("{here}/maintain"), window).await, format!("{here}?done=maintain"));
    assert_eq!(shown().await["maintenance"]["until"], "2030-01-01T10:00:00Z");
    let page = bench.page("administrator", &format!("{here}?done=maintain")).await.body;
    assert!(page.contains("/maintained\"") && page.contains("2030-01-01 08:00:00 UTC"), "{page}");
    led(&bench, &format!("{here}/maintained"), "reason=done").await;
    assert_eq!(shown().await["maintenance"], json!(null));
    assert_eq!(led(&bench, &format!("{here}/poll"), "").await, format!("{here}?done=poll"));
    assert_eq!(bench.records("ne.poll", "success").await, 1);
    assert_eq!(led(&bench, &format!("{here}/remove"), "reason=scrapped").await, "/elements?done=remove");
    let gone = bench.page("administrator", &here).await;
    assert_eq!(gone.status, 404);
    assert!(gone.body.contains("may have been removed") && gone.body.contains("href=\"/search?q="));
    assert!(bench.page("administrator", "/elements?done=remove").await.body.contains("was removed"));
}

// proves: NAC-22
#[tokio::test]
async fn a_preflight_says_why_it_could_not_be_made() {
    let bench = bench().await;
    let path = format!("/elements/{}/preflight", bench.ne.0);
    let form = bench.page("administrator", &path).await.body;
    assert!(form.contains("value=\"666\"") && form.contains("set to itself"), "{form}");
    let bad = bench.form("administrator", &path, "reason=x&vlan=many").await;
    assert_eq!(bad.status, 400);
    let to = led(&bench, &path, "reason=before+we+enforce&vlan=666").await;
    assert!(to.starts_with(&format!("{path}?job=")), "{to}");
    let page = until(&bench, &to, "could not be read").await;
    assert!(page.contains("no credentials"), "{page}");
    assert_eq!(bench.records("probe.preflight", "success").await, 1);
    assert_eq!(bench.page("revisor", &to).await.status, 403);
}

#[tokio::test]
async fn a_port_is_protected_and_moved_from_its_page() {
    let bench = bench().await;
    let here = format!("/elements/{}/ports/{PORT}", bench.ne.0);
    let page = bench.page("administrator", &here).await.body;
    let mac = MAC.replace(':', "%3A");
    assert!(page.contains(&format!("/endpoints/{mac}/block\"")), "acts on who is on it: {page}");
    assert!(page.contains("/move\"") && page.contains("/protect\""));
    let bad = bench.form("administrator", &format!("{here}/move"), "reason=x&vlan=many").await;
    assert_eq!(bad.status, 400, "{}", bad.body);
    assert!(bad.body.contains("number from 1 to 4094") && bad.body.contains("value=\"many\""));
    let dialog = bench.page("administrator", &format!("{here}/move")).await.body;
    assert!(dialog.contains(MAC), "it names who is affected");
    assert_eq!(
        led(&bench, &format!("{here}/protect"), "reason=server").await,
        format!("{here}?done=protect")
    );
    let page = bench.page("administrator", &format!("{here}?done=protect")).await.body;
    assert!(page.contains("/unprotect\"") && !page.contains("/off\""), "{page}");
    assert!(bench.page("revisor", "/ports?protected=true").await.body.contains(&here));
    led(&bench, &format!("{here}/unprotect"), "reason=server+left").await;
    assert!(!bench.page("revisor", "/ports?protected=true").await.body.contains(&here));
    led(&bench, &format!("{here}/move"), "reason=visitor&vlan=20").await;
    until(&bench, "/ports?enforced=true", "Gi1/0/1").await;
    // The page of who is there offers the acts on the port too.
    let page = bench.page("administrator", &format!("/endpoints/{MAC}")).await.body;
    assert!(page.contains(&format!("{here}/release\"")), "{page}");
}

// proves: NAC-12
#[tokio::test]
async fn many_endpoints_are_acted_on_with_one_reason_and_undone() {
    let bench = bench().await;
    let other = "00:1b:21:00:00:02";
    let body = json!({ "mac": other, "reason": "x" });
    let _ = bench.json("operator", "POST", "/api/v1/endpoints", body).await;
    let list = bench.page("operator", "/endpoints").await.body;
    assert!(list.contains(&format!("name=\"mac\" value=\"{MAC}\" form=\"picked\"")), "{list}");
    assert!(!bench.page("revisor", "/endpoints").await.body.contains("form=\"picked\""));
    let nothing = bench.page("operator", "/endpoints/block").await;
    assert!(nothing.status == 200 && nothing.body.contains("Nothing is selected"));
    let dialog = bench.page("operator", &format!("/endpoints/block?mac={MAC}")).await.body;
    assert!(dialog.contains("Refuse 1 endpoints") && dialog.contains(MAC), "{dialog}");
    assert!(dialog.contains("1 of them is online"), "{dialog}");
    let refused = bench.form("operator", "/endpoints/block", &format!("reason=+&picked={MAC}")).await;
    assert_eq!(refused.status, 422);
    assert_eq!(bench.records("endpoint.block", "success").await, 0);
    let unknown = "00:1b:21:ff:ff:ff";
    let done =
        bench.form("operator", "/endpoints/block", &format!("reason=lost&picked={MAC}%0A{unknown}")).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body.contains("endpoints were refused") && done.body.contains(unknown), "{}", done.body);
    let mac = MAC.replace(':', "%3A");
    assert!(done.body.contains(&format!("/endpoints/authorise?mac={mac}")), "its undo: {}", done.body);
    let now = bench.call(Some("operator"), "GET", &format!("/api/v1/endpoints/{MAC}"), None).await.json();
    assert_eq!(now["status"], "unauthorised");
    let bad = bench.form("operator", "/endpoints/block", "reason=x&picked=nonsense").await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn a_browser_remembers_columns_and_density() {
    let bench = bench().await;
    let session = format!("__Host-netwarden-om={}", bench.secrets["operator"]);
    let choose = async |fields: &str| {
        let body = ("application/x-www-form-urlencoded", fields.to_owned());
        let answer = bench.call_with(None, "POST", "/look", Some(body), &[]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let set = answer.headers.get_all("set-cookie").iter();
        let set: Vec<_> =
            set.map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        (answer.headers["location"].to_str().unwrap().to_owned(), set.join("; "))
    };
    let page = async |path: &str, cookies: &str| {
        let cookie = format!("{session}; {cookies}");
        let headers = [("cookie", cookie.as_str()), ("accept-language", "en")];
        bench.call_with(None, "GET", path, None, &headers).await.body
    };
    let fields = "to=%2Fendpoints&list=%2Fendpoints&density=tight&column=column-vendor&column=column-ip&show=column-ip";
    let (to, cookies) = choose(fields).await;
    assert_eq!(to, "/endpoints");
    let list = page("/endpoints", &cookies).await;
    assert!(list.contains("class=\"wide tight\"") && list.contains(">IP address<"), "{list}");
    assert!(!list.contains("scope=\"col\">Vendor") && !list.contains("sort=vendor"), "{list}");
    let csv = page("/endpoints.csv", &cookies).await;
    assert!(csv.starts_with("MAC address,Name,Status,Presence,IP address,Port,"), "{csv}");
    assert!(page("/endpoints.csv", "").await.contains("IP address,Vendor,Port"));
}

// proves: AUD-05
#[tokio::test]
async fn files_hold_what_is_shown_and_records_their_chain() {
    let bench = bench().await;
    let here = format!("/elements/{}/ports/{PORT}", bench.ne.0);
    let patch = json!({ "reason": "x", "owner": "=HYPERLINK(1)" });
    bench.json("operator", "PATCH", &format!("/api/v1/endpoints/{MAC}"), patch).await;
    led(&bench, &format!("{here}/quarantine"), "reason=%3D1%2B1").await;
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let csv = bench.page("administrator", "/audit.csv?operation=port.move").await;
    assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"), "{}", csv.body);
    assert!(csv.body.contains("'=1+1") && csv.body.lines().count() == 2, "{}", csv.body);
    let none = bench.page("administrator", "/audit.csv?operation=port.move&from=2099-01-01T00:00").await;
    assert_eq!(none.body.lines().count(), 1, "{}", none.body);
    let events = bench.page("administrator", "/events.csv?kind=new_endpoint").await.body;
    assert!(events.contains("new endpoint") && events.contains(MAC), "{events}");
    assert!(bench.page("administrator", "/ports.csv").await.body.contains("Gi1/0/1"));
    let signed = bench.page("administrator", "/audit/export").await;
    assert!(signed.headers["content-disposition"].to_str().unwrap().contains("audit-0-"), "{}", signed.body);
    assert!(signed.body.lines().count() > 3);
    let list = bench.page("administrator", "/audit?operation=port.move").await.body;
    assert!(list.contains("/audit/export") && list.contains("name=\"session\""), "{list}");
    let at =
        list.split("href=\"/audit/").filter_map(|rest| rest.split('"').next()?.parse::<u64>().ok()).next();
    let record = bench.page("administrator", &format!("/audit/{}", at.unwrap())).await.body;
    assert!(record.contains("Chain of cause") && record.contains("g-request"), "{record}");
    assert!(record.contains(&format!("href=\"{here}\"")), "the way to its object: {record}");
    bench
        .json("operator", "PATCH", &format!("/api/v1/endpoints/{MAC}"), json!({"reason":"y","owner":"Ann"}))
        .await;
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let list = bench.page("administrator", "/audit?operation=endpoint.modify").await.body;
    let at =
        list.split("href=\"/audit/").filter_map(|rest| rest.split('"').next()?.parse::<u64>().ok()).next();
    let record = bench.page("administrator", &format!("/audit/{}", at.unwrap())).await.body;
    assert!(record.contains("class=\"differs\"") && record.contains("Before and after"), "{record}");
}

#[tokio::test]
async fn an_event_leads_to_its_effects_and_the_acts_on_whom_it_is_about() {
    let bench = bench().await;
    let events = bench.call(Some("operator"), "GET", "/api/v1/events?kind=new_endpoint", None).await.json();
    let seq = events["items"][0]["seq"].as_i64().unwrap();
    let page = bench.page("operator", &format!("/events/{seq}")).await.body;
    let mac = MAC.replace(':', "%3A");
    assert!(page.contains(&format!("/endpoints/{mac}/block\"")) && page.contains("/off\""), "{page}");
    assert!(page.contains("no rule has asked for anything") && page.contains("g-sighting"), "{page}");
    assert!(!bench.page("revisor", &format!("/events/{seq}")).await.body.contains("/block\""));
    let rule = json!({ "name": "strangers", "on": ["unauthorised"], "condition": "true", "reason": "a test",
        "reactions": [{ "do": "shut_port" }] });
    let made = bench.json("administrator", "POST", "/api/v1/rules", rule).await;
    let id = made.json()["id"].as_i64().unwrap_or_else(|| panic!("{}", made.body));
    let enabled = bench
        .json("administrator", "POST", &format!("/api/v1/rules/{id}/enable"), json!({"reason":"x"}))
        .await;
    assert!(enabled.status.is_success(), "{}", enabled.body);
    led(&bench, &format!("/endpoints/{MAC}/block"), "reason=lost").await;
    let find = async || {
        let found =
            bench.call(Some("operator"), "GET", "/api/v1/events?kind=unauthorised", None).await.json();
        found["items"][0]["seq"].as_i64()
    };
    let mut found = find().await;
    for _ in 0..200 {
        if found.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        found = find().await;
    }
    let page = until(&bench, &format!("/events/{}", found.unwrap()), "strangers").await;
    assert!(page.contains("g-request") && page.contains(&format!("href=\"/rules/{id}\"")), "{page}");
    // A time range that ends before anything has happened shows nothing, and what to do.
    let until = Timestamp::UNIX_EPOCH.to_string();
    let empty = bench.page("operator", &format!("/events?until={until}")).await.body;
    assert!(empty.contains("widen the time") && empty.contains("type=\"datetime-local\""), "{empty}");
}

#[tokio::test]
async fn the_search_finds_people_ports_and_events() {
    let bench = bench().await;
    let patch = json!({ "reason": "x", "owner": "Grace Hopper" });
    bench.json("operator", "PATCH", &format!("/api/v1/endpoints/{MAC}"), patch).await;
    let search = async |user: &str, text: &str| bench.page(user, &format!("/search?q={text}")).await.body;
    let found = search("operator", "hopper").await;
    assert!(found.contains("Users and owners") && found.contains("Grace Hopper"), "{found}");
    assert!(found.contains("<h2>Events</h2>") && found.contains("/events/"), "events about it: {found}");
    assert!(search("operator", "new+endpoint").await.contains("<h2>Events</h2>"));
    assert!(search("operator", "%231").await.contains("href=\"/events/1\""));
    assert!(search("operator", "Gi1").await.contains("<h2>Ports</h2>"));
    let none = search("operator", "nobody-is-called-so").await;
    assert!(none.contains("Nothing is called") && !none.contains("<h2>"), "{none}");
    assert!(!search("helpdesk", "sw1").await.contains("Network elements</h2>"));
}

#[tokio::test]
async fn the_start_page_has_the_acts_at_hand_and_the_stop_is_everywhere() {
    let bench = bench().await;
    led(&bench, &format!("/endpoints/{MAC}/block"), "reason=lost").await;
    let mac = MAC.replace(':', "%3A");
    let start = until(&bench, "/", &format!("/endpoints/{mac}/authorise\"")).await;
    assert!(start.contains("/ports?enforced=true") && start.contains("Parts of the system"));
    for path in ["/", "/endpoints", "/events", "/audit"] {
        assert!(bench.page("operator", path).await.body.contains("href=\"/system/stop\""), "{path}");
        assert!(!bench.page("helpdesk", path).await.body.contains("/system/stop"), "{path}");
    }
    led(&bench, "/system/stop", "reason=fire").await;
    assert!(bench.page("operator", "/endpoints").await.body.contains("href=\"/system/resume\""));
    let refused = bench.page("helpdesk", "/elements").await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("Your role does not permit this"), "{}", refused.body);
}
