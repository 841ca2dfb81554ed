//! The network that outlives the server, and its adoption by REST: simulated switches with real agents,
//! rules that quarantine, tell and run a command, rogues that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use netwarden_api::Client;
use netwarden_api::endpoint::{Authorise, Endpoint};
use netwarden_api::network::{Baseline, BaselineResult, Element, ElementChange, NewCredential, NewElement};
use netwarden_model::Mac;
use netwarden_simulator::agent::NotificationTarget;
use netwarden_simulator::world::Change;
use netwarden_simulator::{Campus, CampusOptions, Chance, Script, SetRecord};
use serde_json::{Value, json};

use crate::SystemClock;
use crate::server::{Home, PROGRAM};

const USER: &str = "netwarden";
const AUTH_PASSWORD: &str = "tortured-auth";
const PRIV_PASSWORD: &str = "tortured-priv";

/// The switches that the server looks after; the others of the campus stand around them.
pub const SWITCHES: [&str; 3] = ["acc-a1", "acc-a2", "acc-b1"];

/// The quarantine VLAN.
pub const QUARANTINE: u16 = 666;

/// One rule and one mailbox for each last digit of an address, so that several rules judge.
const MAILBOXES: &str = "0123456789abcdef";

/// Each switch's settings, as changes that bring them about.
pub type Configuration = BTreeMap<String, Vec<Change>>;

/// A rogue and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rogue {
    /// sysName of the switch.
    pub device: String,
    /// ifName.
    pub port: String,
    /// The server has answered that it is authorised.
    pub authorised: bool,
    /// It is connected.
    pub plugged: bool,
}

/// The network.
pub struct Stage {
    campus: Campus,
    rogues: BTreeMap<Mac, Rogue>,
    next: u32,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("rogues", &self.rogues).finish_non_exhaustive()
    }
}

impl Stage {
    /// Starts the switches; their traps go to where the server will listen.
    pub async fn start(home: &Home, seed: u64) -> anyhow::Result<Self> {
        let user = netwarden_simulator::agent::Credentials::usual(USER, AUTH_PASSWORD, PRIV_PASSWORD);
        let notifications =
            Some(NotificationTarget { address: home.traps, credentials: user.clone(), inform: false });
        let options = CampusOptions {
            seed,
            script: Script::Still,
            users: vec![user],
            notifications,
            ..CampusOptions::new(Arc::new(SystemClock))
        };
        let campus = Campus::start(options).await.context("the simulated switches")?;
        Ok(Self { campus, rogues: BTreeMap::new(), next: 1 })
    }

    /// Adoption: channels, credentials, elements, the baseline, limits, rules, enforcement; as an
    /// administrator does it.
    pub async fn adopt(&self, client: &Client, mail: SocketAddr, webhook: SocketAddr) -> anyhow::Result<()> {
        for channel in channels(mail, webhook) {
            client.post::<_, Value>("/channels", &channel).await.context("a channel")?;
        }
        let credential = NewCredential {
            name: "campus".into(),
            kind: "v3".into(),
            community: None,
            user: Some(USER.into()),
            auth_protocol: Some("SHA-256".into()),
            auth_password: Some(AUTH_PASSWORD.into()),
            priv_protocol: Some("AES-128".into()),
            priv_password: Some(PRIV_PASSWORD.into()),
            context: None,
        };
        client.post::<_, Value>("/credentials", &credential).await.context("the credentials")?;
        // Every port of the campus may be changed within the run: the budget is not what is tortured.
        for name in ["enforcement.budget_in_all", "enforcement.budget_per_ne"] {
            let value = json!({ "reason": "torture", "value": "10000" });
            client
                .put::<_, Value>(&format!("/system/parameters/{name}"), &value)
                .await
                .context("the budget")?;
        }
        // A rogue may come to a port that an accepted one has left a moment ago: without this it would be
        // held, since that one still counts as present.
        for (name, value) in [("inventory.settle_limit_s", "20"), ("enforcement.shared_ports", "act")] {
            let value = json!({ "reason": "torture", "value": value });
            let path = format!("/system/parameters/{name}");
            client.put::<_, Value>(&path, &value).await.context("a parameter")?;
        }
        let mut elements = Vec::new();
        for name in SWITCHES {
            let agent = self.campus.agent(name).with_context(|| format!("there is no switch {name}"))?;
            let new = NewElement {
                address: agent.address.to_string(),
                quarantine_vlan: Some(QUARANTINE),
                reason: "torture".into(),
                ..NewElement::default()
            };
            let element: Element = client.post("/elements", &new).await.with_context(|| name.to_owned())?;
            let change = ElementChange {
                reason: "torture".into(),
                enforcement: Some(true),
                forwarding_interval_s: Some(5),
                ..ElementChange::default()
            };
            let path = format!("/elements/{}", element.id);
            elements.push(client.patch::<_, Element>(&path, &change).await.context("enforcement")?);
        }
        self.accept_present(client).await?;
        for rule in rules() {
            let name = rule.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            client.post::<_, Value>("/rules", &rule).await.with_context(|| format!("rule '{name}'"))?;
            let path = format!("/rules/{}/enable", name.replace(' ', "%20"));
            client
                .post::<_, Value>(&path, &json!({ "reason": "torture" }))
                .await
                .context("enabling a rule")?;
        }
        Ok(())
    }

    /// Until nobody turns up who was not accepted.
    async fn accept_present(&self, client: &Client) -> anyhow::Result<()> {
        let (mut accepted, mut quiet) = (0, 0);
        let began = Instant::now();
        while quiet < 3 || accepted == 0 {
            if began.elapsed() > Duration::from_secs(90) {
                bail!("the switches were not read within 90 s");
            }
            let baseline = Baseline { reason: "who is here".into(), ..Baseline::default() };
            let result: BaselineResult =
                client.post("/adoption/baseline", &baseline).await.context("the baseline")?;
            accepted += result.endpoints.len();
            quiet = if result.endpoints.is_empty() && accepted > 0 { quiet + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        Ok(())
    }

    /// Somebody whom nobody knows is connected to a free port; None where none is free.
    pub fn rogue_arrives(&mut self, chance: &mut Chance) -> Option<Mac> {
        let taken: BTreeSet<(&str, &str)> = self
            .rogues
            .values()
            .filter(|rogue| rogue.plugged || !rogue.authorised)
            .map(|rogue| (rogue.device.as_str(), rogue.port.as_str()))
            .collect();
        let free: Vec<(String, String)> = self.campus.with_world(|world| {
            let mut free = Vec::new();
            for name in SWITCHES {
                let Some(number) = world.device_named(name) else { continue };
                let Some(device) = world.device(number) else { continue };
                for port in world.free_ports(number) {
                    free.push((name.to_owned(), device.port_name(port).to_owned()));
                }
            }
            free
        });
        let free: Vec<_> =
            free.into_iter().filter(|(device, port)| !taken.contains(&(device, port))).collect();
        let (device, port) = chance.pick(&free)?.clone();
        let [_, b, c, d] = self.next.to_be_bytes();
        // 00:1b:21 is a vendor's block: nothing is special about the address.
        let mac: Mac = format!("00:1b:21:{b:02x}:{c:02x}:{d:02x}").parse().ok()?;
        self.next += 1;
        self.campus.rogue_arrives(&device, &port, mac).ok()?;
        self.rogues.insert(mac, Rogue { device, port, authorised: false, plugged: true });
        Some(mac)
    }

    /// Asks the server to authorise this rogue; where it answers yes, that is remembered as promised and
    /// the rogue leaves in half of the cases.
    pub async fn authorise(
        &mut self,
        client: &Client,
        mac: Mac,
        reason: &str,
        leaves: bool,
    ) -> anyhow::Result<()> {
        let wish = Authorise { reason: reason.to_owned(), ..Authorise::default() };
        client.post::<_, Value>(&format!("/endpoints/{mac}/authorise"), &wish).await?;
        if let Some(rogue) = self.rogues.get_mut(&mac) {
            rogue.authorised = true;
            rogue.plugged = !leaves;
        }
        if leaves {
            self.campus.unplug(mac);
        }
        Ok(())
    }

    /// All rogues so far.
    pub fn rogues(&self) -> &BTreeMap<Mac, Rogue> {
        &self.rogues
    }

    /// The rogues that nobody has accepted.
    pub fn unaccepted(&self) -> Vec<Mac> {
        self.rogues.iter().filter(|(_, rogue)| !rogue.authorised).map(|(mac, _)| *mac).collect()
    }

    /// The rogues that the server believes to know as new.
    pub async fn is_known(&self, client: &Client, mac: Mac) -> bool {
        client.get::<Endpoint>(&format!("/endpoints/{mac}"), &[]).await.is_ok()
    }

    /// PVID and ifAdminStatus of the ports on which a rogue is or was, by switch and port.
    pub fn ports(&self) -> BTreeMap<(String, String), (u16, bool)> {
        let wanted: BTreeSet<(String, String)> =
            self.rogues.values().map(|rogue| (rogue.device.clone(), rogue.port.clone())).collect();
        self.campus.with_world(|world| {
            wanted
                .into_iter()
                .filter_map(|(device, port)| {
                    let place = world.place(&device, &port)?;
                    let shown = world.device(place.device)?.port(place.port)?;
                    Some(((device, port), (shown.pvid, shown.admin_up)))
                })
                .collect()
        })
    }

    /// Every SET that an agent carried out, in order.
    pub fn sets(&self) -> Vec<SetRecord> {
        self.campus.set_log()
    }

    /// PVIDs and VLANs' sets of the switches as they are now: their start-up configuration.
    pub fn configuration(&self) -> Configuration {
        self.campus.with_world(|world| {
            let devices = SWITCHES.iter().filter_map(|name| {
                let device = world.device(world.device_named(name)?)?;
                let mut changes = Vec::new();
                for (vlan, row) in &device.vlans {
                    changes.push(Change::Egress { vlan: *vlan, ports: row.egress.clone() });
                    changes.push(Change::Untagged { vlan: *vlan, ports: row.untagged.clone() });
                }
                let pvids = device.numbered_ports().filter(|(_, port)| port.base_port.is_some());
                changes.extend(pvids.map(|(port, shown)| Change::Pvid { port, vlan: shown.pvid }));
                Some(((*name).to_owned(), changes))
            });
            devices.collect()
        })
    }

    /// The switch of this rogue restarts, and comes up with `configuration`: what was set by SNMP is gone.
    pub fn loses_configuration(&self, mac: Mac, configuration: &Configuration) -> anyhow::Result<()> {
        let device = &self.rogues.get(&mac).context("no such rogue")?.device;
        let changes = configuration.get(device).context("no such switch")?;
        self.campus.with_world(|world| {
            let number = world.device_named(device).context("no such switch")?;
            world.apply(number, changes).context("the start-up configuration")?;
            world.reboot(number, Duration::from_secs(1));
            anyhow::Ok(())
        })
    }

    /// The PVID of the port on which this rogue is.
    pub fn pvid(&self, mac: Mac) -> Option<u16> {
        let rogue = self.rogues.get(&mac)?;
        self.ports().get(&(rogue.device.clone(), rogue.port.clone())).map(|(pvid, _)| *pvid)
    }

    /// Somebody has let this rogue in.
    pub fn accepted(&mut self, mac: Mac) {
        if let Some(rogue) = self.rogues.get_mut(&mac) {
            rogue.authorised = true;
        }
    }

    /// Who runs it.
    pub fn campus(&self) -> &Campus {
        &self.campus
    }

    /// Ends the switches.
    pub async fn stop(self) {
        self.campus.stop().await;
    }
}

/// Mail, webhook and command. No mail waits for a digest: each is to be seen by itself.
fn channels(mail: SocketAddr, webhook: SocketAddr) -> Vec<Value> {
    let definitions = [
        (
            "mail",
            json!({ "kind": "mail", "host": "127.0.0.1", "port": mail.port(), "security": "danger-plain",
                    "from": "netwarden@example.org", "at_once": 1000 }),
        ),
        (
            "soc",
            json!({ "kind": "webhook", "url": format!("http://{webhook}/hook"), "danger_allow_plain": true }),
        ),
        ("note", json!({ "kind": "command", "program": PROGRAM })),
    ];
    definitions
        .into_iter()
        .map(|(name, definition)| {
            let secret = (name == "soc").then_some("the key of the signature");
            json!({ "name": name, "reason": "torture", "definition": definition, "secret": secret })
        })
        .collect()
}

/// One rule a mailbox for those who are new, and one that tells what was enforced.
fn rules() -> Vec<Value> {
    let mut rules: Vec<Value> = MAILBOXES
        .chars()
        .map(|digit| {
            json!({
                "name": format!("quarantine {digit}"),
                "on": ["new_endpoint"],
                "condition": format!("endpoint.status == 'new' && endpoint.mac.endsWith('{digit}')"),
                "reactions": [
                    { "do": "quarantine", "bounce": digit == '3' || digit == 'b' },
                    { "do": "webhook", "name": "soc" },
                    { "do": "command", "name": "note", "args": ["{{ endpoint.mac }} {{ event.seq }}"] },
                    { "do": "mail", "to": [format!("soc-{digit}@example.org")],
                      "subject": "new: {{ endpoint.mac }}", "body": "It was put into quarantine." },
                ],
                "period": { "every": "1h" },
                "reason": "torture",
            })
        })
        .collect();
    rules.push(json!({
        "name": "tell what was enforced",
        "on": ["enforcement_done"],
        "reactions": [{ "do": "webhook", "name": "soc" }],
        "reason": "torture",
    }));
    rules
}
