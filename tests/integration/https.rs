//! How the server may be reached from afar: HTTPS and nothing else, seen with OpenSSL.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::{self, Running};

/// `netwarden serve` on a port of loopback; ended when dropped.
pub struct Server {
    child: Running,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(config: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = binary::netwarden()
            .args(["serve", "--config"])
            .arg(config)
            .env("NETWARDEN_LISTEN", address.to_string())
            .env("NETWARDEN_TRAPS", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child: Running(child), address };
        let limit = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            assert!(server.child.0.try_wait().unwrap().is_none(), "the server has ended");
            assert!(Instant::now() < limit, "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// What OpenSSL says of a handshake with these options, and whether it came about.
    fn handshake(&self, options: &[&str]) -> (bool, String) {
        let output = Command::new("openssl")
            .args(["s_client", "-brief", "-connect", &self.address.to_string(), "-servername", "localhost"])
            .args(options)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("s_client {options:?}: {}\n{said}", output.status);
        (said.contains("CONNECTION ESTABLISHED"), said)
    }

    /// SHA-256 of the certificate that it shows.
    fn fingerprint(&self) -> String {
        let address = self.address.to_string();
        let shown = Command::new("openssl")
            .args(["s_client", "-connect", &address])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let mut told = Command::new("openssl")
            .args(["x509", "-noout", "-fingerprint", "-sha256"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        told.stdin.take().unwrap().write_all(&shown.stdout).unwrap();
        let text = String::from_utf8(told.wait_with_output().unwrap().stdout).unwrap();
        text.trim().split_once('=').map(|(_, fingerprint)| fingerprint.to_owned()).unwrap()
    }

    /// Ports of TCP on which the process listens (proc(5)).
    fn listens(&self) -> BTreeSet<u16> {
        let process = PathBuf::from(format!("/proc/{}", self.child.0.id()));
        let sockets: BTreeSet<String> = std::fs::read_dir(process.join("fd"))
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter_map(|target| {
                Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
            })
            .collect();
        let mut ports = BTreeSet::new();
        for table in ["net/tcp", "net/tcp6"] {
            for line in std::fs::read_to_string(process.join(table)).unwrap_or_default().lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                let (local, state, inode) = (fields[1], fields[3], fields[9]);
                if state == "0A" && sockets.contains(inode) {
                    ports.insert(u16::from_str_radix(local.rsplit(':').next().unwrap(), 16).unwrap());
                }
            }
        }
        ports
    }
}

/// A certificate of somebody else's making in place of the server's own.
fn replace_certificate(folder: &Path) -> String {
    let (key, certificate) = (folder.join("server.key"), folder.join("server.crt"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"])
        .args(["-subj", "/CN=nac.example.net", "-addext", "subjectAltName=DNS:nac.example.net", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    let told = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(&certificate)
        .output()
        .unwrap();
    String::from_utf8(told.stdout).unwrap().trim().split_once('=').unwrap().1.to_owned()
}

/// Where `init` has put the certificate.
fn folder_of(certificate: &str, below: &Path) -> PathBuf {
    let mut waiting = vec![below.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.ends_with(certificate) {
                return folder;
            }
        }
    }
    panic!("there is no {certificate}");
}

// proves: SEC-01
#[test]
fn remote_management_is_https_with_strong_suites_and_a_certificate_that_can_be_replaced() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("netwarden.toml");
    let made = binary::run(binary::netwarden().arg("init").arg("--config").arg(&config));
    let printed = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let server = Server::start(&config);

    assert_eq!(server.listens(), BTreeSet::from([server.address.port()]), "no other way in");
    assert_eq!(server.fingerprint(), printed, "made by init, and no other");
    for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let (established, said) = server.handshake(&[version]);
        assert!(established && said.contains(name), "{said}");
        assert!(["GCM", "CHACHA20"].iter().any(|suite| said.contains(suite)), "{said}");
    }
    // Offered by the client without scruples: old versions, no forward secrecy, CBC, no encryption.
    for options in [
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "eNULL:aNULL:@SECLEVEL=0"],
    ] {
        let (established, said) = server.handshake(options);
        // The server's refusal: a client that could not even ask shows nothing.
        assert!(!established && said.contains("SSL alert number"), "{options:?}: {said}");
    }
    let mut plain = TcpStream::connect(server.address).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    plain.write_all(b"GET /api/v1/endpoints HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
    drop(server);

    let theirs = replace_certificate(&folder_of("server.crt", folder.path()));
    assert_ne!(theirs, printed);
    assert_eq!(Server::start(&config).fingerprint(), theirs);
}
