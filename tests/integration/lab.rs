//! The main job on a real network: Open vSwitch, net-snmp, endpoints that ping one another.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netwarden_api::endpoint::{Authorise, Endpoint, Why};
use netwarden_api::network::{Baseline, BaselineResult, Element, ElementChange, NewCredential, NewElement};
use netwarden_api::{Client, Page};
use netwarden_lab::{AGENT_PASSWORD, AGENT_USER, Lab, why_not};
use serde_json::{Value, json};

use crate::binary::path;

const TRAP_PORT: u16 = 1162;

/// `netwarden serve` in the lab's management network.
struct Server(Child);

impl Server {
    fn start(lab: &Lab, config: &Path) -> Self {
        let log = std::fs::File::create(lab.dir().join("netwarden.log")).unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", &lab.namespace("mgmt")])
            .arg(path("netwarden", "netwarden"))
            .args(["--log", "info", "serve", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `ip netns exec` has become the server itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn configuration(lab: &Lab) -> std::path::PathBuf {
    let path = lab.dir().join("netwarden.toml");
    let text = format!(
        "data_dir = 'data'\nkey_file = 'netwarden.key'\nlisten = '{0}:8443'\ntraps = '{0}:{TRAP_PORT}'\n",
        Lab::SERVER
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// Tries until it succeeds; the log of the server is shown where it does not.
async fn eventually<T, F: Future<Output = Option<T>>>(
    lab: &Lab,
    what: &str,
    mut attempt: impl FnMut() -> F,
) -> T {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        if let Some(found) = attempt().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let log = std::fs::read_to_string(lab.dir().join("netwarden.log")).unwrap_or_default();
    let events = match Client::local(&lab.dir().join("data/netwarden.sock")) {
        Ok(client) => client.get::<Page<Value>>("/events", &[("limit", "40".into())]).await.ok(),
        Err(_) => None,
    };
    let events: Vec<String> = events
        .map(|page| page.items.iter().map(|event| format!("{} {}", event["at"], event["text"])).collect())
        .unwrap_or_default();
    println!("--- events, newest first\n{}", events.join("\n"));
    for agent in Lab::AGENTS {
        let log = std::fs::read_to_string(lab.dir().join(format!("snmpd-{}/watch.log", agent.name)));
        println!("--- watcher of {}\n{}", agent.name, log.unwrap_or_default());
    }
    panic!("not within 60 s: {what}\n--- netwarden\n{log}");
}

async fn endpoint(client: &Client, mac: &str) -> Option<Endpoint> {
    client.get(&format!("/endpoints/{mac}"), &[]).await.ok()
}

// proves: NAC-01, NAC-03, NAC-11, NAC-12, NAC-13, NAC-15
#[tokio::test(flavor = "multi_thread")]
async fn the_rogue_is_found_cut_off_and_released_on_a_real_network() {
    if let Some(reason) = why_not() {
        println!("skipped: {reason}");
        return;
    }
    let lab = Lab::start(&path("netwarden-lab-bridge", "netwarden-lab"), TRAP_PORT).unwrap();
    let config = configuration(&lab);
    let _server = Server::start(&lab, &config);
    let socket = lab.dir().join("data/netwarden.sock");
    let client = eventually(&lab, "the local socket answers", || async {
        let client = Client::local(&socket).ok()?;
        client.get::<Value>("/system/status", &[]).await.ok().map(|_| client)
    })
    .await;

    // Everybody is there and talks before anything is adopted.
    for host in ["pc1", "pc2", "pc3", "pc4"] {
        assert!(lab.pings(host, "10.77.10.1"), "{host} reaches the router");
    }
    let credential = NewCredential {
        name: "lab".into(),
        kind: "v3".into(),
        community: None,
        user: Some(AGENT_USER.into()),
        auth_protocol: Some("SHA-256".into()),
        auth_password: Some(AGENT_PASSWORD.into()),
        priv_protocol: Some("AES-128".into()),
        priv_password: Some(AGENT_PASSWORD.into()),
        context: None,
    };
    client.post::<_, Value>("/credentials", &credential).await.unwrap();
    let mut elements = Vec::new();
    for agent in Lab::AGENTS {
        let new = NewElement {
            address: agent.address.to_string(),
            quarantine_vlan: Some(666),
            ..NewElement::default()
        };
        elements.push(client.post::<_, Element>("/elements", &new).await.unwrap());
    }
    let rogue_mac = lab.mac("rogue").unwrap();
    let pc3 = lab.mac("pc3").unwrap();
    // Until sw2 is read, sw1's trunk is where pc3 seems to be: nothing else is known of it.
    let located = eventually(&lab, "pc3 is located at its access port, not at a trunk", || async {
        lab.pings("pc3", "10.77.10.1");
        endpoint(&client, &pc3).await.filter(|e| e.ne.as_deref() == Some("sw2"))
    })
    .await;
    assert_eq!((located.port.as_deref(), located.vlan), (Some("p1"), Some(10)));

    // Adoption: who is present is accepted, then the rule judges, then enforcement is switched on.
    let baseline = Baseline { reason: "taken over".into(), ..Baseline::default() };
    let accepted: BaselineResult = client.post("/adoption/baseline", &baseline).await.unwrap();
    assert!(accepted.endpoints.contains(&pc3), "{accepted:?}");
    let rule = json!({
        "name": "quarantine new endpoints", "on": ["new_endpoint"], "condition": "endpoint.status == 'new'",
        "reactions": [{ "do": "quarantine" }], "reason": "lab",
    });
    client.post::<_, Value>("/rules", &rule).await.unwrap();
    let enable = json!({ "reason": "rehearsed" });
    client.post::<_, Value>("/rules/quarantine%20new%20endpoints/enable", &enable).await.unwrap();
    for element in &elements {
        let change =
            ElementChange { enforcement: Some(true), reason: "lab".into(), ..ElementChange::default() };
        client.patch::<_, Value>(&format!("/elements/{}", element.id), &change).await.unwrap();
    }

    // The rogue is plugged in, and talks to its neighbours until it is found.
    lab.link_up("rogue").unwrap();
    eventually(&lab, "the rogue's pings stop", || async {
        let cut = !lab.pings("rogue", "10.77.10.103") && !lab.pings("rogue", "10.77.10.101");
        let known = endpoint(&client, &rogue_mac).await.is_some_and(|e| e.status == "new");
        (cut && known).then_some(())
    })
    .await;
    assert!(lab.pings("pc3", "10.77.10.1"), "nobody else is cut off");
    let why = eventually(&lab, "the port is read back as wanted", || async {
        let why: Why = client.get(&format!("/endpoints/{rogue_mac}/why"), &[]).await.ok()?;
        why.chain.iter().any(|link| link.stage == "read_back").then_some(why)
    })
    .await;
    let stages: Vec<&str> = why.chain.iter().map(|link| link.stage.as_str()).collect();
    for stage in ["set", "request", "rule", "event", "sighting"] {
        assert!(stages.contains(&stage), "{stage} in {why:#?}");
    }

    // Somebody authorises it: the port comes back as it was.
    let authorise = Authorise { reason: "it is the new printer".into(), ..Authorise::default() };
    client.post::<_, Value>(&format!("/endpoints/{rogue_mac}/authorise"), &authorise).await.unwrap();
    eventually(&lab, "the rogue's pings go again", || async {
        lab.pings("rogue", "10.77.10.103").then_some(())
    })
    .await;

    let page: Page<Value> = client.get("/audit", &[("limit", "200".into())]).await.unwrap();
    assert!(page.items.iter().any(|record| record["operation"] == "endpoint.authorise"), "{page:#?}");
    let verified: Value = client.get("/audit/verify", &[]).await.unwrap();
    assert!(verified["fault"].is_null(), "{verified}");
}
