//! ISC dhcpd and Kea lease to a real client in network namespaces; what they wrote is read.

use std::path::Path;
use std::process::Command;

use netwarden_names::format::{Format, Reading, parse};
use netwarden_names::{LeaseState, Parsed};

use crate::{Running, installed, until};

const CLIENT: &str = "/sbin/udhcpc";

/// A server's and a client's namespace with a cable between them; gone when dropped.
struct Cable(String);

impl Cable {
    fn lay(tag: &str) -> Option<Self> {
        let name = format!("nwn{tag}{}", std::process::id() % 100_000);
        let lines = [
            format!("netns add {name}s"),
            format!("netns add {name}c"),
            format!("link add d0 netns {name}s type veth peer name d1 netns {name}c"),
            format!("-n {name}s link set lo up"),
            format!("-n {name}s addr add 10.77.0.1/24 dev d0"),
            format!("-n {name}s link set d0 up"),
            format!("-n {name}c link set d1 address 02:00:00:00:77:07"),
            format!("-n {name}c link set d1 up"),
        ];
        let cable = Self(name);
        for line in lines {
            if !ip(&line) {
                eprintln!("skipped: network namespaces are not permitted here");
                return None;
            }
        }
        Some(cable)
    }

    fn serve(&self, line: &[&str], log: &Path) -> Running {
        let space = format!("{}s", self.0);
        let arguments: Vec<&str> =
            ["netns", "exec", &space].into_iter().chain(line.iter().copied()).collect();
        Running::start("ip", &arguments, log)
    }

    /// The client asks until it has a lease.
    fn lease(&self, host: &str) {
        let space = format!("{}c", self.0);
        let option = format!("hostname:{host}");
        let output = Command::new("ip")
            .args(["netns", "exec", &space, CLIENT, "-i", "d1", "-n", "-q", "-f", "-t", "20", "-T", "1"])
            .args(["-s", "/bin/true", "-x", &option])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        ip(&format!("netns del {}s", self.0));
        ip(&format!("netns del {}c", self.0));
    }
}

fn ip(line: &str) -> bool {
    Command::new("ip").args(line.split_whitespace()).output().is_ok_and(|output| output.status.success())
}

fn folder() -> tempfile::TempDir {
    // The servers may run as other users.
    tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .tempdir()
        .unwrap()
}

async fn read(file: &Path, format: Format, name: &str) -> Parsed {
    let read = || parse(format, &[&std::fs::read(file).unwrap_or_default()], &Reading::default());
    until("the lease is in the file", || {
        read().leases.iter().any(|lease| lease.host_name.as_deref() == Some(name))
    })
    .await;
    read()
}

fn check(parsed: &Parsed, name: &str) {
    assert_eq!(parsed.dropped, []);
    let [lease] = parsed.leases.as_slice() else { panic!("{parsed:?}") };
    assert_eq!(lease.host_name.as_deref(), Some(name));
    assert_eq!(lease.mac, "02:00:00:00:77:07".parse().ok());
    assert_eq!(lease.client_id.as_deref(), Some("01:02:00:00:00:77:07"));
    assert_eq!(lease.state, LeaseState::Active);
    assert!(lease.ip.to_string().starts_with("10.77.0."));
    let (starts, ends) = (lease.starts.unwrap(), lease.ends.unwrap());
    assert_eq!(ends.duration_since(starts).as_secs(), 600);
    assert!(crate::now().duration_since(starts).as_secs().abs() < 120, "{starts}");
}

// proves: NAC-05
#[tokio::test]
async fn isc_dhcpd_leases_to_a_client() {
    if !installed(&["/usr/sbin/dhcpd", CLIENT, "/usr/sbin/ip"]) {
        return;
    }
    let Some(cable) = Cable::lay("i") else { return };
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let configuration = "default-lease-time 600; max-lease-time 600; authoritative; update-conflict-detection false;\n\
        ping-check false; subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.10 10.77.0.20; }\n";
    std::fs::write(path("dhcpd.conf"), configuration).unwrap();
    std::fs::write(path("dhcpd.leases"), "").unwrap();
    let (conf, leases) = (path("dhcpd.conf"), path("dhcpd.leases"));
    let _server = cable.serve(
        &["/usr/sbin/dhcpd", "-4", "-f", "-cf", &conf, "-lf", &leases, "--no-pid", "d0"],
        &folder.path().join("log"),
    );
    cable.lease("laptop-7");
    check(&read(Path::new(&leases), Format::Isc, "laptop-7").await, "laptop-7");
    // The client comes with another name: the later entry counts.
    cable.lease("renamed-8");
    check(&read(Path::new(&leases), Format::Isc, "renamed-8").await, "renamed-8");
}

// proves: NAC-05
#[tokio::test]
async fn kea_leases_to_a_client() {
    if !installed(&["/usr/sbin/kea-dhcp4", CLIENT, "/usr/sbin/ip"]) {
        return;
    }
    let Some(cable) = Cable::lay("k") else { return };
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let configuration = serde_json::json!({ "Dhcp4": {
        "valid-lifetime": 600,
        "interfaces-config": { "interfaces": ["d0"] },
        "lease-database": { "type": "memfile", "persist": true, "name": path("leases.csv"), "lfc-interval": 0 },
        "subnet4": [{ "subnet": "10.77.0.0/24", "pools": [{ "pool": "10.77.0.30-10.77.0.40" }] }],
    }});
    std::fs::write(path("kea.json"), configuration.to_string()).unwrap();
    let conf = path("kea.json");
    let pids = format!("KEA_PIDFILE_DIR={}", folder.path().display());
    let _server = cable.serve(
        &["env", &pids, "KEA_LOCKFILE_DIR=none", "/usr/sbin/kea-dhcp4", "-c", &conf],
        &folder.path().join("log"),
    );
    cable.lease("laptop-8");
    check(&read(&folder.path().join("leases.csv"), Format::Kea4, "laptop-8").await, "laptop-8");
    cable.lease("renamed-9");
    check(&read(&folder.path().join("leases.csv"), Format::Kea4, "renamed-9").await, "renamed-9");
}
