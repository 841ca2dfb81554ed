//! The campus' agents, asked by net-snmp's tools: an implementation of the manager's side that is
//! neither ours nor the agents'.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use netwarden_model::{Clock, Mac};
use netwarden_simulator::{
    AuthAlgorithm, Campus, CampusAgent, CampusOptions, Community, Credentials, Happening, PrivacyAlgorithm,
};

#[derive(Debug)]
struct WallClock;

impl Clock for WallClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

fn options() -> CampusOptions {
    CampusOptions { speed: 20.0, ..CampusOptions::new(Arc::new(WallClock)) }
}

/// False, and a line that says so, where net-snmp's tools are not installed.
fn tools() -> bool {
    let there = Command::new("snmpget").arg("-V").output().is_ok();
    if !there {
        println!("skipped: net-snmp's tools (Debian: snmp) are not installed");
    }
    there
}

async fn run(tool: &'static str, args: Vec<String>) -> Output {
    tokio::task::spawn_blocking(move || Command::new(tool).args(args).output().unwrap()).await.unwrap()
}

fn v3(agent: &CampusAgent, user: &Credentials) -> Vec<String> {
    let args = [
        "-v3",
        "-l",
        "authPriv",
        "-u",
        &user.user,
        "-a",
        user.auth.as_str(),
        "-A",
        &user.auth_password,
        "-x",
        user.privacy.as_str(),
        "-X",
        &user.privacy_password,
        "-On",
        "-t",
        "2",
        "-r",
        "1",
        &agent.address.to_string(),
    ];
    args.map(str::to_owned).to_vec()
}

async fn ask(tool: &'static str, agent: &CampusAgent, more: &[&str]) -> String {
    let mut args = v3(agent, &agent.users[0]);
    args.extend(more.iter().map(|a| (*a).to_owned()));
    let output = run(tool, args.clone()).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{tool} {args:?}\n{text}{errors}");
    text
}

async fn refused(agent: &CampusAgent, more: &[&str]) -> String {
    let mut args = v3(agent, &agent.users[0]);
    args.extend(more.iter().map(|a| (*a).to_owned()));
    let output = run("snmpset", args).await;
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_agent_walks_to_its_end() {
    if !tools() {
        return;
    }
    let campus = Campus::start(options()).await.unwrap();
    let mut engines = Vec::new();
    for agent in campus.agents() {
        let text = ask("snmpbulkwalk", agent, &["-Cr40", ".1"]).await;
        let lines = text.lines().filter(|l| l.starts_with('.')).count();
        assert!(lines > 150, "{}: {lines} variables\n{text}", agent.name);
        assert!(text.contains(&format!("\"{}\"", agent.name)), "{}", agent.name);
        assert!(text.contains(".1.3.6.1.6.3.10.2.1.1.0"), "snmpEngineID of {}", agent.name);
        engines.push(agent.engine_id.clone());
    }
    engines.sort();
    engines.dedup();
    assert_eq!(engines.len(), 16);
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn setting_the_vlan_moves_the_endpoint_and_setting_it_back_returns_it() {
    if !tools() {
        return;
    }
    let campus = Campus::start(options()).await.unwrap();
    let mac = |name: &str| {
        campus.with_world(|w| w.endpoint_named(name).and_then(|e| w.endpoint(e)).map(|e| e.mac)).unwrap()
    };
    let (pc, neighbour) = (mac("pc-009"), mac("pc-010"));
    let place = campus.truth(pc).remove(0);
    let agent = campus.agent(&place.device).unwrap();
    assert!(campus.reachable(pc, neighbour));
    // pc-009 is on the ninth port: bridge port 9, the first bit of the second octet.
    assert_eq!(place.if_name, "GigabitEthernet0/9");
    let pvid = ".1.3.6.1.2.1.17.7.1.4.5.1.1.9";
    let egress = |vlan: u32| format!(".1.3.6.1.2.1.17.7.1.4.3.1.2.{vlan}");
    let untagged = |vlan: u32| format!(".1.3.6.1.2.1.17.7.1.4.3.1.4.{vlan}");
    let octets = async |oid: &str| -> String {
        let text = ask("snmpget", agent, &["-Oxq", oid]).await;
        text.split('"').nth(1).unwrap().split_whitespace().collect()
    };
    let (users_out, users_untagged) = (octets(&egress(10)).await, octets(&untagged(10)).await);
    let (quarantine_out, quarantine_untagged) = (octets(&egress(666)).await, octets(&untagged(666)).await);
    let flip = |list: &str| {
        let octet = u8::from_str_radix(&list[2..4], 16).unwrap() ^ 0x80;
        format!("{}{octet:02X}{}", &list[..2], &list[4..])
    };
    let set = async |sets: [(&str, &str, &str); 5]| {
        let args: Vec<&str> = sets.iter().flat_map(|(oid, kind, value)| [*oid, *kind, *value]).collect();
        ask("snmpset", agent, &args).await
    };
    set([
        (&untagged(10), "x", &flip(&users_untagged)),
        (&egress(10), "x", &flip(&users_out)),
        (&egress(666), "x", &flip(&quarantine_out)),
        (&untagged(666), "x", &flip(&quarantine_untagged)),
        (pvid, "u", "666"),
    ])
    .await;
    assert!(!campus.reachable(pc, neighbour), "cut off");
    assert_eq!(campus.truth(pc)[0].vlan, Some(666));
    assert_eq!(ask("snmpget", agent, &["-Oqv", pvid]).await.trim(), "666");
    set([
        (&untagged(666), "x", &quarantine_untagged),
        (&egress(666), "x", &quarantine_out),
        (&egress(10), "x", &users_out),
        (&untagged(10), "x", &users_untagged),
        (pvid, "u", "10"),
    ])
    .await;
    assert!(campus.reachable(pc, neighbour), "back");
    // The same again changes nothing, and the log says so.
    ask("snmpset", agent, &[pvid, "u", "10"]).await;
    let log = campus.set_log();
    let sizes: Vec<usize> = log.iter().map(|r| r.changes.len()).collect();
    assert_eq!(sizes, [5, 5, 0], "{log:#?}");
    assert!(log[0].changes.iter().any(|c| c.object == "dot1qPvid" && c.before == "10" && c.after == "666"));
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_refuse_what_cannot_be_and_then_change_nothing() {
    if !tools() {
        return;
    }
    let campus = Campus::start(options()).await.unwrap();
    let agent = campus.agent("acc-a1").unwrap();
    let pvid = ".1.3.6.1.2.1.17.7.1.4.5.1.1.9";
    assert!(refused(agent, &[pvid, "u", "777"]).await.contains("inconsistentValue"));
    assert!(refused(agent, &[pvid, "u", "5000"]).await.contains("wrongValue"));
    assert!(refused(agent, &[".1.3.6.1.2.1.17.7.1.4.3.1.2.777", "x", "80"]).await.contains("noCreation"));
    // One bad binding spoils the request.
    let admin = ".1.3.6.1.2.1.2.2.1.7.10109";
    refused(agent, &[admin, "i", "2", pvid, "u", "777"]).await;
    assert_eq!(ask("snmpget", agent, &["-Oqv", admin]).await.trim(), "1");
    // Untagged where it is no egress port.
    refused(agent, &[".1.3.6.1.2.1.17.7.1.4.3.1.4.666", "x", "0080"]).await;
    assert!(campus.set_log().is_empty());
    // A user that does not exist, a wrong password: silence or a report, never data.
    let mut wrong = agent.users[0].clone();
    wrong.auth_password = "not-the-password".to_owned();
    let mut args = v3(agent, &wrong);
    args.push(".1.3.6.1.2.1.1.5.0".to_owned());
    assert!(!run("snmpget", args).await.status.success());
    let mut clear = v3(agent, &agent.users[0]);
    clear[2] = "authNoPriv".to_owned();
    clear.push(".1.3.6.1.2.1.1.5.0".to_owned());
    assert!(!run("snmpget", clear).await.status.success(), "authNoPriv is not enough");
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_combination_of_algorithms_is_spoken() {
    if !tools() {
        return;
    }
    let mut options = options();
    options.users = AuthAlgorithm::ALL
        .into_iter()
        .flat_map(|auth| PrivacyAlgorithm::ALL.map(|privacy| (auth, privacy)))
        .map(|(auth, privacy)| Credentials {
            user: format!("u-{}-{}", auth.as_str(), privacy.as_str()),
            auth,
            auth_password: "authentication".to_owned(),
            privacy,
            privacy_password: "and privacy".to_owned(),
        })
        .collect();
    options.communities = vec![Community { name: "public".to_owned(), write: false }];
    let campus = Campus::start(options).await.unwrap();
    let agent = campus.agent("core-1").unwrap();
    for user in &agent.users {
        let mut args = v3(agent, user);
        args.push(".1.3.6.1.2.1.1.5.0".to_owned());
        let output = run("snmpget", args).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        // Some builds of net-snmp leave out the longer keys.
        if errors.contains("Invalid privacy protocol") {
            println!("skipped in part: these net-snmp tools do not know {}", user.privacy.as_str());
            continue;
        }
        assert!(String::from_utf8_lossy(&output.stdout).contains("core-1"), "{}: {errors}", user.user);
    }
    let v2c = |tool: &'static str, more: &[&str]| {
        let mut args: Vec<String> = ["-v2c", "-c", "public", "-On", "-t1", "-r0"].map(str::to_owned).to_vec();
        args.push(agent.address.to_string());
        args.extend(more.iter().map(|m| (*m).to_owned()));
        run(tool, args)
    };
    assert!(v2c("snmpget", &[".1.3.6.1.2.1.1.5.0"]).await.status.success());
    let set = v2c("snmpset", &[".1.3.6.1.2.1.2.2.1.7.20", "i", "2"]).await;
    assert!(!set.status.success(), "public reads only");
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reboot_counts_its_boots_and_renumbers_the_stack() {
    if !tools() {
        return;
    }
    let campus = Campus::start(CampusOptions { speed: 200.0, ..options() }).await.unwrap();
    let agent = campus.agent("stack-b").unwrap();
    let boots = ".1.3.6.1.6.3.10.2.1.2.0";
    assert_eq!(ask("snmpget", agent, &["-Oqv", boots]).await.trim(), "1");
    let before = ask("snmpwalk", agent, &[".1.3.6.1.2.1.31.1.1.1.1"]).await;
    let device = campus.with_world(|w| w.device_named("stack-b")).unwrap();
    campus.inject(Happening::Reboots(device));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(ask("snmpget", agent, &["-Oqv", boots]).await.trim(), "2");
    let up = ask("snmpget", agent, &["-Oqvt", ".1.3.6.1.2.1.1.3.0"]).await;
    assert!(up.trim().parse::<u64>().unwrap() < 3000, "{up}");
    let after = ask("snmpwalk", agent, &[".1.3.6.1.2.1.31.1.1.1.1"]).await;
    assert!(before.contains(".10101 = ") && after.contains(".20101 = ") && !after.contains(".10101 = "));
    let names =
        |text: &str| text.lines().filter_map(|l| l.split('"').nth(1).map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    campus.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rogue_by_hand_is_learned_at_its_port() {
    if !tools() {
        return;
    }
    let campus = Campus::start(options()).await.unwrap();
    let mac: Mac = "b8:27:eb:00:00:01".parse().unwrap();
    let mut heard = campus.subscribe();
    campus.rogue_arrives("acc-a1", "GigabitEthernet0/40", mac).unwrap();
    let said = heard.recv().await.unwrap();
    assert!(said.sentence.contains("acc-a1 port GigabitEthernet0/40"), "{}", said.sentence);
    let agent = campus.agent("acc-a1").unwrap();
    let row = ".1.3.6.1.2.1.17.7.1.2.2.1.2.10.184.39.235.0.0.1";
    assert_eq!(ask("snmpget", agent, &["-Oqv", row]).await.trim(), "40");
    // By hand too: the same address elsewhere, a pairing stolen, a move, everything off a port.
    campus.spoof(mac, "acc-b1", "GigabitEthernet0/40").unwrap();
    assert_eq!(campus.truth(mac).len(), 2);
    campus.unplug_port("acc-b1", "GigabitEthernet0/40").unwrap();
    assert_eq!(campus.truth(mac).len(), 1);
    let gateway = std::net::Ipv4Addr::new(10, 10, 0, 1);
    campus.steal_arp(mac, gateway).unwrap();
    let readings = campus.readings();
    let (_, router) = readings.iter().find(|(name, _)| name == "rtr-2").unwrap();
    assert!(router.arp.iter().any(|e| e.ip == gateway && e.mac == mac));
    campus.move_to(mac, "acc-a1", "GigabitEthernet0/40").unwrap();
    campus.unplug(mac);
    assert!(ask("snmpget", agent, &["-Oqv", row]).await.contains("No Such Instance"));
    assert!(campus.rogue_arrives("acc-a1", "nowhere", mac).unwrap_err().to_string().contains("nowhere"));
    campus.stop().await;
}
