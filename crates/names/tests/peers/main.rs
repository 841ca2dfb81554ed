//! Sources of names against real servers: BIND, ISC dhcpd, Kea, OpenLDAP. Where one is not installed its
//! test says so and is skipped. Infoblox, Windows, haneWIN and VitalQIP have no peer here: Infoblox's
//! shell is held against a server that answers in its documented form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod bind;
mod dhcp;
mod infoblox;
mod openldap;

use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that is ended by its id when the test ends.
pub struct Running(Child);

impl Running {
    pub fn start(program: &str, arguments: &[&str], log: &Path) -> Self {
        let file = std::fs::File::create(log).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self(child)
    }

    pub fn hang_up(&self) {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGHUP).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// True where every program is there; else says which is missing.
pub fn installed(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs.iter().filter(|path| !Path::new(path).exists()).collect();
    if !missing.is_empty() {
        eprintln!("skipped: {missing:?} not installed");
    }
    missing.is_empty()
}

/// A port that is free for TCP and UDP.
pub fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub fn source(
    kind: &str,
    address: &str,
    settings: serde_json::Value,
    has_secret: bool,
) -> netwarden_names::Source {
    let source = netwarden_names::Source {
        id: 1,
        name: "test".into(),
        kind: kind.parse().unwrap(),
        address: address.into(),
        interval: Duration::from_secs(300),
        enabled: true,
        settings: serde_json::from_value(settings).unwrap(),
        has_secret,
    };
    source.check().unwrap();
    source
}

#[allow(clippy::disallowed_methods, reason = "TSIG is checked against the server's clock")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
