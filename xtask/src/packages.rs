//! Debian packages that the tests use as real peers.

use std::path::Path;

use crate::shell;

/// The programs that tests start, and the package that each comes from.
const PEERS: &[(&str, &str)] = &[
    ("/usr/sbin/snmpd", "snmpd"),
    ("/usr/bin/snmpbulkwalk", "snmp"),
    ("/usr/bin/ovs-vsctl", "openvswitch-switch"),
    ("/usr/sbin/rsyslogd", "rsyslog"),
    ("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so", "rsyslog-gnutls"),
    ("/usr/sbin/exim4", "exim4-daemon-light"),
    ("/usr/sbin/lldpd", "lldpd"),
    ("/usr/lib/postgresql/15/bin/initdb", "postgresql-15"),
    ("/usr/sbin/named", "bind9"),
    ("/usr/sbin/dhcpd", "isc-dhcp-server"),
    ("/usr/sbin/kea-dhcp4", "kea-dhcp4-server"),
    ("/usr/sbin/slapd", "slapd"),
    ("/sbin/udhcpc", "udhcpc"),
    ("/usr/bin/oathtool", "oathtool"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/sbin/ethtool", "ethtool"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/ping", "iputils-ping"),
    ("/usr/bin/promtool", "prometheus"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/node", "nodejs"),
    ("/usr/bin/npm", "npm"),
    ("/usr/bin/curl", "curl"),
    ("/usr/lib/python3.11/ensurepip/__init__.py", "python3-venv"),
];

/// Makes sure that `cargo nextest` is there.
pub fn test_runner(root: &Path) -> anyhow::Result<()> {
    if shell::output(root, "cargo", &["nextest", "--version"]).is_ok() {
        return Ok(());
    }
    shell::run(root, "cargo", &["install", "--locked", "cargo-nextest"])
}

/// Installs the packages whose programs are missing. Where that cannot be done (no root, no apt) it says
/// so: the tests that need them then skip themselves with a line of their own.
pub fn install(root: &Path) {
    let missing: Vec<&str> =
        PEERS.iter().filter(|(path, _)| !Path::new(path).exists()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return;
    }
    println!("missing peers: {}", missing.join(" "));
    let mut install =
        vec!["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends"];
    install.extend(&missing);
    let installed = shell::run(root, "apt-get", &["update", "--quiet=2"])
        .and_then(|()| shell::run(root, "env", &install));
    if let Err(error) = installed {
        println!("could not install {}: {error:#}; the tests that need them are skipped", missing.join(" "));
    }
}
