//! `netwarden probe` as its users type it: against net-snmp's agent, and against nobody.

use std::io::Write;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::binary::{Running, netwarden, run};

struct Snmpd {
    _child: Running,
    port: u16,
    _dir: tempfile::TempDir,
}

/// net-snmp's agent on a free port, or None where it is not installed.
fn snmpd() -> Option<Snmpd> {
    let program = Path::new("/usr/sbin/snmpd");
    if !program.exists() {
        println!("skipped: {} is not installed", program.display());
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let configuration = format!(
        "agentaddress udp:127.0.0.1:{port}\nsysName probed\nrocommunity public 127.0.0.1\n\
         createUser ops SHA-256 \"authenticate\" AES \"encipher-it\"\nrwuser ops priv\n"
    );
    std::fs::write(dir.path().join("snmpd.conf"), configuration).unwrap();
    let child = Command::new(program)
        .args(["-f", "-Lf"])
        .arg(dir.path().join("log"))
        .arg("-C")
        .arg("-c")
        .arg(dir.path().join("snmpd.conf"))
        .arg("-p")
        .arg(dir.path().join("pid"))
        .env("SNMP_PERSISTENT_DIR", dir.path())
        .env("MIBS", "")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    Some(Snmpd { _child: Running(child), port, _dir: dir })
}

#[test]
fn one_agent_over_v3_as_json_with_the_promised_keys() {
    let Some(agent) = snmpd() else { return };
    let output = run(netwarden()
        .args(["probe", &format!("127.0.0.1:{}", agent.port), "--v3-user", "ops", "--format", "json"])
        .env("NETWARDEN_V3_AUTH_PASSWORD", "authenticate")
        .env("NETWARDEN_V3_PRIV_PASSWORD", "encipher-it"));
    assert!(output.status.success());
    let reading: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<&String> = reading.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["arp", "fdb", "interfaces", "neighbours", "quirks", "sessions", "system", "vlans"]);
    assert_eq!(reading["system"]["name"], "probed");
    assert!(reading["interfaces"].as_array().unwrap().iter().any(|i| i["name"] == "lo"));
}

#[test]
fn what_is_wrong_is_said_in_one_sentence() {
    let Some(agent) = snmpd() else { return };
    let address = format!("127.0.0.1:{}", agent.port);
    let cases: [(&[&str], &str); 4] = [
        (&["--v3-user", "ops", "--v3-auth-password", "not-the-password"], "wrong authentication password"),
        (&["--v3-user", "nobody", "--v3-auth-password", "whatever-it-is"], "user"),
        (&["--community", "private", "--timeout", "100", "--retries", "1"], "no answer after 2 attempts"),
        (&["--v3-user", "ops", "--v3-auth-password", "short"], "shorter than 8 characters"),
    ];
    for (options, expected) in cases {
        let output = run(netwarden().args(["probe", &address]).args(options));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(error.contains(expected), "{options:?}: {error}");
        assert_eq!(error.trim().lines().count(), 1, "{error}");
    }
    let output = run(netwarden().args(["probe", "no-such-host.invalid", "--community", "x"]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-host.invalid: the host is not known"));
}

#[test]
fn many_targets_end_with_totals_and_reasons() {
    let Some(agent) = snmpd() else { return };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "# the lab\n127.0.0.1 {} public", agent.port).unwrap();
    writeln!(file, "127.0.0.1:{} v3 ops SHA-256 authenticate AES-128 encipher-it", agent.port).unwrap();
    writeln!(file, "127.0.0.1:9 v2c public").unwrap();
    let output = run(netwarden()
        .args(["probe", "--format", "json", "--timeout", "100", "--retries", "0", "--targets"])
        .arg(file.path()));
    assert!(!output.status.success(), "one target does not answer");
    let text = String::from_utf8(output.stdout).unwrap();
    let totals: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let totals = &totals["totals"];
    assert_eq!((totals["devices"].as_u64(), totals["read"].as_u64()), (Some(3), Some(2)));
    assert!(totals["failures"]["127.0.0.1:9"].as_str().is_some());
    assert!(totals["variables"].as_u64().unwrap() > 50);
}
