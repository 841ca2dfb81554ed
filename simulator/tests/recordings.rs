//! Recorded devices and odd agents, asked by net-snmp's tools and by the crate's manager.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use netwarden_simulator::recording::usual_user;
use netwarden_simulator::{Fault, Oddity, RecordedAgent, Relay};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn tools() -> bool {
    let there = Command::new("snmpget").arg("-V").output().is_ok();
    if !there {
        println!("skipped: net-snmp's tools (Debian: snmp) are not installed");
    }
    there
}

async fn run(tool: &'static str, agent: SocketAddr, security: &[&str], more: &[&str]) -> Output {
    let mut args: Vec<String> = security.iter().map(|a| (*a).to_owned()).collect();
    args.extend(["-On", "-t1", "-r0"].map(str::to_owned));
    args.push(agent.to_string());
    args.extend(more.iter().map(|a| (*a).to_owned()));
    tokio::task::spawn_blocking(move || Command::new(tool).args(args).output().unwrap()).await.unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn device(folder: &Path) -> PathBuf {
    let file = folder.join("bridge.snmprec");
    let mut rows = String::from("# a small bridge\n1.3.6.1.2.1.1.5.0|4|bridge\n1.3.6.1.2.1.1.3.0|67|4711\n");
    for port in 1..=60 {
        rows.push_str(&format!("1.3.6.1.2.1.2.2.1.2.{port}|4|port {port}\n"));
        rows.push_str(&format!("1.3.6.1.2.1.31.1.1.1.6.{port}|70|{}\n", u64::MAX - port));
    }
    std::fs::write(&file, rows).unwrap();
    std::fs::write(folder.join("bridge@10.snmprec"), "1.3.6.1.2.1.1.5.0|4|bridge, VLAN 10\n").unwrap();
    file
}

const V2C: [&str; 3] = ["-v2c", "-c", "whatever"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_answers_every_version_and_its_vlans() {
    if !tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let agent = RecordedAgent::start(&device(folder.path()), LOOPBACK).await.unwrap();
    assert_eq!(agent.variables(), 122);
    let at = agent.address();
    let lines = |output: &Output| {
        text(output).lines().filter(|l| l.contains(" = ") && !l.contains("No more variables")).count()
    };
    let bulk = run("snmpbulkwalk", at, &V2C, &["-Cr50", ".1"]).await;
    assert_eq!(lines(&bulk), 122, "{}", text(&bulk));
    let first = run("snmpwalk", at, &["-v1", "-c", "x"], &[".1.3.6.1.2.1.2"]).await;
    assert_eq!(lines(&first), 60, "{}", text(&first));
    let name = |output: &Output| text(output).split('"').nth(1).unwrap_or_default().to_owned();
    let sys_name = [".1.3.6.1.2.1.1.5.0"];
    assert_eq!(name(&run("snmpget", at, &["-v2c", "-c", "x@10"], &sys_name).await), "bridge, VLAN 10");
    assert_eq!(name(&run("snmpget", at, &["-v2c", "-c", "x@11"], &sys_name).await), "bridge");
    let user = usual_user();
    let v3 = [
        "-v3",
        "-l",
        "authPriv",
        "-u",
        &user.user,
        "-a",
        "SHA-256",
        "-A",
        &user.auth_password,
        "-x",
        "AES",
        "-X",
        &user.privacy_password,
    ];
    let walked = run("snmpbulkwalk", at, &v3, &[".1"]).await;
    assert_eq!(lines(&walked), 122, "{}", text(&walked));
    let in_context: Vec<&str> = v3.into_iter().chain(["-n", "vlan-10"]).collect();
    assert_eq!(name(&run("snmpget", at, &in_context, &sys_name).await), "bridge, VLAN 10");
    let set = run("snmpset", at, &V2C, &[".1.3.6.1.2.1.1.5.0", "s", "x"]).await;
    assert!(text(&set).contains("notWritable"), "{}", text(&set));
    agent.stop().await;
    let missing = RecordedAgent::start(Path::new("no-such-file.snmprec"), LOOPBACK).await.unwrap_err();
    assert!(missing.to_string().contains("no-such-file"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_agents_are_odd_as_ordered() {
    if !tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = device(folder.path());
    let odd = async |oddity: Oddity| {
        RecordedAgent::start_odd(&file, LOOPBACK, &[usual_user()], oddity).await.unwrap()
    };
    for (oddity, tool, more, expected) in [
        (Oddity::StandsStill { after: 5 }, "snmpwalk", &[".1.3"][..], "OID not increasing"),
        (Oddity::Loops, "snmpwalk", &[".1.3"], "OID not increasing"),
        (Oddity::GeneralError, "snmpget", &[".1.3.6.1.2.1.1.5.0"], "genError"),
        (Oddity::TooBigAbove { repetitions: 10 }, "snmpbulkget", &["-Cr11", ".1.3"], "tooBig"),
        (Oddity::TooBigAbove { repetitions: 10 }, "snmpbulkget", &["-Cr10", ".1.3"], "\"bridge\""),
        (Oddity::WrongRequestId, "snmpget", &[".1.3.6.1.2.1.1.5.0"], "Timeout"),
        (Oddity::Truncated, "snmpget", &[".1.3.6.1.2.1.1.5.0"], "Timeout"),
    ] {
        let agent = odd(oddity).await;
        let said = text(&run(tool, agent.address(), &V2C, more).await);
        assert!(said.contains(expected), "{oddity:?}: {said}");
        agent.stop().await;
    }
    // Rows without end, each after the one before it.
    let agent = odd(Oddity::Endless).await;
    let bulk = run("snmpbulkget", agent.address(), &V2C, &["-Cr40", ".1.3.6.1.2.1.31.1.1.1.6.58"]).await;
    assert!(text(&bulk).contains(".6.60.38 "), "{}", text(&bulk));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_loses_delays_and_bends() {
    if !tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let agent = RecordedAgent::start(&device(folder.path()), LOOPBACK).await.unwrap();
    let sys_name = [".1.3.6.1.2.1.1.5.0"];
    for (fault, answers) in [
        (Fault::default(), true),
        (Fault { delay: Duration::from_millis(300), ..Fault::default() }, true),
        (Fault { duplicate_percent: 100, ..Fault::default() }, true),
        (Fault { silent: true, ..Fault::default() }, false),
        (Fault { drop_percent: 100, ..Fault::default() }, false),
        (Fault { garbage: true, ..Fault::default() }, false),
        (Fault { delay: Duration::from_millis(1500), ..Fault::default() }, false),
    ] {
        let relay = Relay::start(LOOPBACK, agent.address(), fault.clone(), 1).await.unwrap();
        let output = run("snmpget", relay.address(), &V2C, &sys_name).await;
        assert_eq!(text(&output).contains("\"bridge\""), answers, "{fault:?}: {}", text(&output));
        relay.stop().await;
    }
    // From another address: seen by the socket itself.
    let fault = Fault { other_address: true, ..Fault::default() };
    let relay = Relay::start(LOOPBACK, agent.address(), fault, 1).await.unwrap();
    let socket = tokio::net::UdpSocket::bind(LOOPBACK).await.unwrap();
    // GET sysName.0, SNMPv2c, community "x", request-id 1.
    let request = [
        0x30, 0x21, 2, 1, 1, 4, 1, b'x', 0xa0, 0x19, 2, 1, 1, 2, 1, 0, 2, 1, 0, 0x30, 0x0e, 0x30, 0x0c, 6, 8,
        0x2b, 6, 1, 2, 1, 1, 5, 0, 5, 0,
    ];
    let mut buffer = [0; 1500];
    socket.send_to(&request, relay.address()).await.unwrap();
    let (_, from) =
        tokio::time::timeout(Duration::from_secs(2), socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    assert_ne!(from, relay.address());
    relay.stop().await;
    agent.stop().await;
}

/// The real devices' walks, where they are at hand: every line is read, every variable is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_recordings_are_served_whole() {
    if !tools() {
        return;
    }
    let folder = std::env::var_os("NETWARDEN_RECORDINGS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/snmp-recordings"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no recordings at {}", folder.display());
        return;
    };
    let mut files: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "snmprec"));
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let agent = RecordedAgent::start(&file, LOOPBACK).await.unwrap();
        // One of the walks has a line that makes no sense: an INTEGER of value 0.0.
        assert!(agent.rejects().len() <= 1, "{}: {:?}", file.display(), agent.rejects());
        let mut walked = 0;
        for start in [".0", ".1", ".2"] {
            let output = run("snmpbulkwalk", agent.address(), &V2C, &["-Cr50", "-Oqx", start]).await;
            walked += String::from_utf8_lossy(&output.stdout)
                .lines()
                .filter(|l| l.starts_with('.') && !l.contains("No more variables") && !l.contains("No Such"))
                .count();
        }
        assert!(walked >= agent.variables(), "{}: {walked} of {}", file.display(), agent.variables());
        agent.stop().await;
    }
}
