//! BIND: look-ups, and transfers with and without TSIG, whole and by serial.

use std::path::Path;
use std::time::Duration;

use netwarden_names::Source;
use netwarden_names::dns::reverse::Outcome;
use netwarden_names::dns::zone::Zone;
use netwarden_names::fetch::dns::{name_of, transfer};
use serde_json::json;

use crate::{Running, free_port, installed, now, source, until};

const NAMED: &str = "/usr/sbin/named";
const KEY: &str = "c2VjcmV0IG9mIHRoZSB0ZXN0IHpvbmUgdHJhbnNmZXI=";

struct Bind {
    folder: tempfile::TempDir,
    address: String,
    running: Running,
}

async fn bind() -> Bind {
    let folder = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let (path, port) = (folder.path().display().to_string(), free_port());
    let configuration = format!(
        r#"options {{ directory "{path}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            pid-file "{path}/named.pid"; session-keyfile "{path}/session.key"; recursion no;
            allow-transfer {{ none; }}; dnssec-validation no; }};
        controls {{ }};
        key "xfer" {{ algorithm hmac-sha256; secret "{KEY}"; }};
        zone "example.net" {{ type primary; file "{path}/example.net"; allow-transfer {{ key xfer; }};
            ixfr-from-differences yes; journal "{path}/example.net.jnl"; }};
        zone "2.0.192.in-addr.arpa" {{ type primary; file "{path}/reverse"; allow-transfer {{ 127.0.0.1; }}; }};
        zone "8.b.d.0.1.0.0.2.ip6.arpa" {{ type primary; file "{path}/reverse6"; }};"#
    );
    std::fs::write(folder.path().join("named.conf"), configuration).unwrap();
    zone_file(folder.path(), 1, "pc7 A 192.0.2.7\npc8 A 192.0.2.8\n");
    let head = "$TTL 600\n@ SOA ns.example.net. x.example.net. 1 3600 600 86400 120\n@ NS ns.example.net.\n";
    let many: String =
        (1..=90).map(|n| format!("9 PTR {}{n}.example.net.\n", "long-name-of-a-host-".repeat(2))).collect();
    std::fs::write(folder.path().join("reverse"), format!("{head}7 PTR PC7.example.net.\n{many}")).unwrap();
    let six = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR pc6.example.net.\n";
    std::fs::write(folder.path().join("reverse6"), format!("{head}{six}")).unwrap();
    let log = folder.path().join("log");
    let running = Running::start(NAMED, &["-g", "-c", &format!("{path}/named.conf")], &log);
    // The line before the last says "running as …"; only the one that ends so means that it answers.
    let answers =
        || std::fs::read_to_string(&log).unwrap_or_default().lines().any(|l| l.ends_with(" running"));
    until("named is running", answers).await;
    Bind { folder, address: format!("127.0.0.1:{port}"), running }
}

fn zone_file(folder: &Path, serial: u32, hosts: &str) {
    let text = format!(
        "$TTL 600\n@ SOA ns x {serial} 3600 600 86400 120\n@ NS ns\nns A 192.0.2.53\n* A 192.0.2.99\n_x._tcp SRV 0 0 1 ns\n{hosts}"
    );
    std::fs::write(folder.join("example.net"), text).unwrap();
}

// proves: NAC-05
#[tokio::test]
async fn addresses_are_looked_up() {
    if !installed(&[NAMED]) {
        return;
    }
    let bind = bind().await;
    let servers = [bind.address.parse().unwrap()];
    let ask = |ip: &'static str| name_of(&servers, ip.parse().unwrap(), rand::random);
    let holds = Duration::from_secs(600);
    assert_eq!(ask("192.0.2.7").await.unwrap(), Outcome::Name { name: "pc7.example.net".into(), holds });
    assert_eq!(ask("2001:db8::1").await.unwrap(), Outcome::Name { name: "pc6.example.net".into(), holds });
    // No such name: as long as the zone's SOA says.
    assert_eq!(ask("192.0.2.200").await.unwrap(), Outcome::Absent { holds: Duration::from_secs(120) });
    // An answer that fits no datagram comes over TCP.
    let Outcome::Name { name, .. } = ask("192.0.2.9").await.unwrap() else { panic!() };
    assert!(name.starts_with("long-name-of-a-host-"), "{name}");
    // A zone that is not the server's is refused; a server that is not there is told.
    assert!(ask("198.51.100.1").await.unwrap_err().to_string().contains("answers"));
    let nobody = [format!("127.0.0.1:{}", free_port()).parse().unwrap(), servers[0]];
    let found = name_of(&nobody, "192.0.2.7".parse().unwrap(), rand::random).await.unwrap();
    assert!(matches!(found, Outcome::Name { .. }), "the second server answers for the first");
}

fn names(zone: &Zone) -> Vec<String> {
    zone.names().into_iter().map(|(ip, name)| format!("{ip} {name}")).collect()
}

async fn xfer(source: &Source, zone: &str, known: Option<&Zone>) -> Result<Option<Zone>, String> {
    let secret = source.has_secret.then(|| KEY.to_owned().into());
    let ended = transfer(source, zone, known, secret.as_ref(), now(), rand::random).await;
    ended.map_err(|error| error.to_string())
}

// proves: NAC-05
#[tokio::test]
async fn zones_are_transferred_whole_and_by_serial() {
    if !installed(&[NAMED]) {
        return;
    }
    let bind = bind().await;
    let signed = json!({ "zones": ["example.net"], "tsig_key": "xfer", "tsig_algorithm": "hmac-sha256" });
    let signed = source("zone", &bind.address, signed, true);
    let zone = xfer(&signed, "example.net", None).await.unwrap().unwrap();
    assert_eq!(zone.serial, 1);
    let expected = ["192.0.2.7 pc7.example.net", "192.0.2.8 pc8.example.net", "192.0.2.53 ns.example.net"];
    assert_eq!(names(&zone), expected);
    assert_eq!(xfer(&signed, "example.net", Some(&zone)).await, Ok(None), "nothing is newer");

    // One host more, one other: what changed is asked for by serial.
    zone_file(bind.folder.path(), 2, "pc7 A 192.0.2.7\npc9 A 192.0.2.9\n");
    bind.running.hang_up();
    let log = bind.folder.path().join("log");
    until("the zone is loaded again", || {
        std::fs::read_to_string(&log).unwrap_or_default().contains("example.net/IN: loaded serial 2")
    })
    .await;
    let newer = xfer(&signed, "example.net", Some(&zone)).await.unwrap().unwrap();
    assert_eq!(newer.serial, 2);
    assert_eq!(
        names(&newer),
        ["192.0.2.7 pc7.example.net", "192.0.2.9 pc9.example.net", "192.0.2.53 ns.example.net"]
    );
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(told.contains("IXFR started") || told.contains("IXFR ended"), "it was incremental: {told}");

    // Pointers, without a key.
    let open = source("zone", &bind.address, json!({ "zones": ["2.0.192.in-addr.arpa"] }), false);
    let reverse = xfer(&open, "2.0.192.in-addr.arpa", None).await.unwrap().unwrap();
    assert_eq!(names(&reverse)[0], "192.0.2.7 pc7.example.net");
}

#[tokio::test]
async fn a_transfer_without_the_right_key_brings_nothing() {
    if !installed(&[NAMED]) {
        return;
    }
    let bind = bind().await;
    let open = source("zone", &bind.address, json!({ "zones": ["example.net"] }), false);
    assert!(xfer(&open, "example.net", None).await.unwrap_err().contains("Refused"), "no key");
    let wrong = source("zone", &bind.address, json!({ "zones": ["example.net"], "tsig_key": "xfer" }), true);
    let secret = "d3JvbmcgIHNlY3JldCBvZiAzMiBvY3RldHMgYWx0b2c=".to_owned().into();
    let ended = transfer(&wrong, "example.net", None, Some(&secret), now(), rand::random).await;
    assert!(ended.is_err(), "another key's signature");
    let base =
        transfer(&wrong, "example.net", None, Some(&"%%%".to_owned().into()), now(), rand::random).await;
    assert!(base.unwrap_err().to_string().contains("base64"));
    let late = now() - jiff::SignedDuration::from_hours(2);
    let ended = transfer(&wrong, "example.net", None, Some(&KEY.to_owned().into()), late, rand::random).await;
    assert!(ended.is_err(), "a signature of two hours ago");
}
