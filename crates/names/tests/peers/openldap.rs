//! OpenLDAP with leases as Open Enterprise Server stores them: LDAPS, StartTLS, and what is refused.

use netwarden_names::Parsed;
use netwarden_names::fetch::ldap::leases;
use serde_json::json;

use crate::{Running, free_port, installed, source, until};

const SLAPD: &str = "/usr/sbin/slapd";
/// Attributes and class of draft-ietf-dhc-ldap-schema, as far as the test needs them.
const SCHEMA: &str = "\
attributetype ( 2.16.840.1.113719.1.203.4.22 NAME 'dhcpAddressState' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )
attributetype ( 2.16.840.1.113719.1.203.4.23 NAME 'dhcpExpirationTime' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 2.16.840.1.113719.1.203.4.29 NAME 'dhcpAssignedHostName' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )
attributetype ( 2.16.840.1.113719.1.203.4.34 NAME 'dhcpHWAddress' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )
objectclass ( 2.16.840.1.113719.1.203.6.8 NAME 'dhcpLeases' SUP top STRUCTURAL MUST ( cn $ dhcpAddressState ) MAY ( dhcpExpirationTime $ dhcpAssignedHostName $ dhcpHWAddress ) )
";
const LEASES: usize = 1_203;

struct Directory {
    _folder: tempfile::TempDir,
    _running: Running,
    plain: u16,
    tls: u16,
    ca: String,
}

async fn directory() -> Directory {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(at("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(at("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::create_dir(at("db")).unwrap();
    let configuration = format!(
        "include /etc/ldap/schema/core.schema\n{SCHEMA}modulepath /usr/lib/ldap\nmoduleload back_mdb\n\
         TLSCertificateFile {}\nTLSCertificateKeyFile {}\npidfile {}\n\
         database mdb\nsuffix \"o=lab\"\nrootdn \"cn=admin,o=lab\"\nrootpw secret\ndirectory {}\nsizelimit 1000\n\
         limits dn.exact=\"cn=reader,o=lab\" size=1000 size.prtotal=unlimited\n\
         access to * by dn.exact=\"cn=reader,o=lab\" read by anonymous auth by * none\n",
        at("cert.pem"),
        at("key.pem"),
        at("pid"),
        at("db")
    );
    std::fs::write(at("slapd.conf"), configuration).unwrap();
    let mut entries = "dn: o=lab\nobjectClass: organization\no: lab\n\n\
        dn: cn=reader,o=lab\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: read it\n\n\
        dn: cn=broken,o=lab\nobjectClass: dhcpLeases\ncn: broken\ndhcpAddressState: ACTIVE\n\n"
        .to_owned();
    for n in 0..LEASES {
        let (a, b) = (n / 250, n % 250 + 1);
        entries.push_str(&format!(
            "dn: cn=10.1.{a}.{b},o=lab\nobjectClass: dhcpLeases\ncn: 10.1.{a}.{b}\ndhcpAddressState: ACTIVE\n\
             dhcpHWAddress: ethernet 02:00:00:01:{a:02x}:{b:02x}\ndhcpAssignedHostName: pc{n}\ndhcpExpirationTime: 20991231235959Z\n\n"
        ));
    }
    std::fs::write(at("leases.ldif"), entries).unwrap();
    let loaded = std::process::Command::new("/usr/sbin/slapadd")
        .args(["-q", "-f", &at("slapd.conf"), "-l", &at("leases.ldif")])
        .output()
        .unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let (plain, tls) = (free_port(), free_port());
    let urls = format!("ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{tls}/");
    let running =
        Running::start(SLAPD, &["-f", &at("slapd.conf"), "-h", &urls, "-d", "0"], &folder.path().join("log"));
    until("slapd answers", || std::net::TcpStream::connect(("127.0.0.1", tls)).is_ok()).await;
    Directory { _folder: folder, _running: running, plain, tls, ca: made.cert.pem() }
}

fn check(parsed: &Parsed) {
    assert_eq!(parsed.leases.len(), LEASES, "more than the server gives at once: they come in pages");
    let lease = parsed.leases.iter().find(|lease| lease.ip.to_string() == "10.1.0.8").unwrap();
    assert_eq!(lease.host_name.as_deref(), Some("pc7"));
    assert_eq!(lease.mac, "02:00:00:01:00:08".parse().ok());
    assert_eq!(lease.ends.unwrap().to_string(), "2099-12-31T23:59:59Z");
    assert_eq!(parsed.dropped.len(), 1);
    assert!(parsed.dropped[0].reason.contains("cn=broken"), "{:?}", parsed.dropped);
}

// proves: NAC-05
#[tokio::test]
async fn leases_come_over_ldaps_and_starttls_and_wrong_ones_are_refused() {
    if !installed(&[SLAPD, "/usr/sbin/slapadd"]) {
        return;
    }
    let directory = directory().await;
    let settings = |more: serde_json::Value| {
        let mut all = json!({ "base": "o=lab", "bind_dn": "cn=reader,o=lab", "ca": directory.ca });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let password = || zeroize::Zeroizing::new("read it".to_owned());
    let ldaps = format!("ldaps://localhost:{}", directory.tls);
    let secure = source("ldap", &ldaps, settings(json!({})), true);
    check(&leases(&secure, Some(&password())).await.unwrap());
    let ldap = format!("ldap://localhost:{}", directory.plain);
    let upgraded = source("ldap", &ldap, settings(json!({ "starttls": true })), true);
    check(&leases(&upgraded, Some(&password())).await.unwrap());
    let plain = source("ldap", &ldap, settings(json!({ "danger_allow_plain": true })), true);
    check(&leases(&plain, Some(&password())).await.unwrap());

    let wrong = leases(&secure, Some(&zeroize::Zeroizing::new("wrong".to_owned()))).await.unwrap_err();
    assert!(wrong.to_string().contains("49") || wrong.to_string().contains("nvalid"), "{wrong}");
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem();
    for address in [&ldaps, &ldap] {
        let starttls = address.starts_with("ldap:");
        let impostor = source("ldap", address, settings(json!({ "ca": other, "starttls": starttls })), true);
        let refused = leases(&impostor, Some(&password())).await.unwrap_err().to_string();
        assert!(refused.contains("ertificate") || refused.contains("reached"), "{refused}");
    }
    let filter = settings(json!({ "filter": "(cn=10.1.0.1" }));
    assert!(leases(&source("ldap", &ldaps, filter, true), Some(&password())).await.is_err());
}
