//! The limits of access on real sockets (SEC-09): whoever takes all connections that one may have shuts out nobody
//! else, and whoever takes all there are does not shut out who has been here before, nor the local socket.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::{self, Running};
use crate::https::Server;

/// A new server, and the folder with all of it.
fn started() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("netwarden.toml");
    binary::run(binary::netwarden().arg("init").arg("--config").arg(&config));
    let server = Server::start(&config);
    (folder, server)
}

/// The status that curl is answered from an address of loopback; None where there is no answer.
fn status(server: SocketAddr, from: &str, options: &[&str]) -> Option<u16> {
    let output = Command::new("curl")
        .args(["--silent", "--insecure", "--max-time", "20", "--interface", from])
        .args(["--output", "/dev/null", "--write-out", "%{http_code}"])
        .args(options)
        .arg(format!("https://{server}/api/v1/sessions"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().parse().ok().filter(|status| *status != 0)
}

/// Whether the server keeps all of the connections open; it drops what begins no handshake after ten seconds.
fn are_open(streams: &[TcpStream]) -> bool {
    std::thread::sleep(Duration::from_millis(300));
    streams.iter().all(|mut stream| {
        stream.set_nonblocking(true).unwrap();
        stream.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    })
}

// proves: SEC-09
#[test]
fn who_takes_all_connections_shuts_out_neither_others_nor_who_was_here_before() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not installed");
        return;
    }
    let (folder, server) = started();
    let socket = folder.path().join("data/netwarden.sock");
    // It is listened on after the port.
    let until = Instant::now() + Duration::from_secs(60);
    while !socket.exists() {
        assert!(Instant::now() < until, "there is no {}", socket.display());
        std::thread::sleep(Duration::from_millis(20));
    }
    let netwarden = |arguments: &[&str]| {
        let output = binary::run(binary::netwarden().args(arguments).arg("--socket").arg(&socket));
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let set = |name, value| netwarden(&["system", "set", name, value, "--reason", "a test"]);

    // Somebody logs in from 127.0.0.9.
    netwarden(&["policies", "set-accounts", "identity.separation", "nac", "--reason", "a test"]);
    let mut add = binary::netwarden();
    add.args(["users", "add", "visitor", "--role", "helpdesk"])
        .env("NETWARDEN_NEW_PASSWORD", "Only-for-0nce!");
    assert!(binary::run(add.arg("--socket").arg(&socket)).status.success());
    let login = serde_json::json!({
        "user": "visitor", "password": "Only-for-0nce!", "new_password": "Eleven-green/bottles"
    })
    .to_string();
    let login = ["--header", "Content-Type: application/json", "--data", &login];
    assert_eq!(status(server.address, "127.0.0.9", &login), Some(201));

    // One address takes all that it may have.
    set("access.source_connections", "20");
    let connect = || TcpStream::connect(server.address).unwrap();
    let taken: Vec<TcpStream> = (0..20).map(|_| connect()).collect();
    assert!(are_open(&taken));
    assert!(!are_open(&[connect()]), "one more than it may have");
    assert_eq!(status(server.address, "127.0.0.2", &[]), Some(401), "another address");

    // All that there are.
    set("access.source_connections", "1000");
    set("access.connections", "64");
    let more: Vec<TcpStream> = (0..36).map(|_| connect()).collect();
    assert!(are_open(&more));
    assert!(!are_open(&[connect()]) && status(server.address, "127.0.0.2", &[]).is_none(), "strangers");
    assert_eq!(status(server.address, "127.0.0.9", &[]), Some(401), "where somebody has logged in");
    assert!(netwarden(&["system", "status"]).contains("events"), "the local socket");
    drop((taken, more));
    let again = (0..50).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        status(server.address, "127.0.0.2", &[])
    });
    assert_eq!(again, Some(401), "who leaves makes room");
}

// proves: SEC-09
#[test]
fn whoever_says_nothing_after_the_handshake_holds_no_place_for_long() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    let (_folder, server) = started();
    for options in [&["-alpn", "h2"][..], &["-alpn", "http/1.1"]] {
        let silent = Command::new("openssl")
            .args(["s_client", "-quiet", "-connect", &server.address.to_string()])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut silent = Running(silent);
        let until = Instant::now() + Duration::from_secs(40);
        while silent.0.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "{options:?}: it is still connected");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
