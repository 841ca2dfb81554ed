//! Sessions and the notification receiver against net-snmp's `snmpd`, `snmpinform` and `snmptrap`.
//! Where these are not installed, each test says so and passes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests, which the exemption for tests does not reach"
)]

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netwarden_reach::{
    AuthProtocol, Credentials, EngineConfig, Principal, PrivProtocol, SessionOptions, Snmp, SnmpEngine,
    SnmpError, SnmpSession, TrapPrincipals, TrapReceiver, TrapReceiverConfig, TrapUser,
};
use netwarden_snmp::{Oid, Value, VarBind};

const AUTH: &str = "authpassword1";
const PRIV: &str = "privpassword2";

/// A running snmpd, ended when dropped.
struct Snmpd {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
    conf: String,
}

fn installed(program: &str) -> Option<PathBuf> {
    let path = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .map(|folder| PathBuf::from(folder).join(program))
        .find(|path| path.exists());
    if path.is_none() {
        println!("skipped: {program} of net-snmp is not installed");
    }
    path
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn combinations() -> Vec<(String, AuthProtocol, Option<PrivProtocol>)> {
    let mut all = Vec::new();
    for auth in AuthProtocol::ALL {
        all.push((format!("{auth}-none"), auth, None));
        for privacy in PrivProtocol::ALL {
            all.push((format!("{auth}-{privacy}"), auth, Some(privacy)));
        }
    }
    all
}

fn auth_name(auth: AuthProtocol) -> &'static str {
    match auth {
        AuthProtocol::Sha1 => "SHA",
        AuthProtocol::Sha224 => "SHA-224",
        AuthProtocol::Sha256 => "SHA-256",
        AuthProtocol::Sha384 => "SHA-384",
        AuthProtocol::Sha512 => "SHA-512",
    }
}

fn priv_name(privacy: PrivProtocol) -> &'static str {
    match privacy {
        PrivProtocol::Aes128 => "AES",
        PrivProtocol::Aes192Blumenthal => "AES-192",
        PrivProtocol::Aes256Blumenthal => "AES-256",
        PrivProtocol::Aes192Reeder => "AES-192-C",
        PrivProtocol::Aes256Reeder => "AES-256-C",
    }
}

impl Snmpd {
    fn start() -> Option<Self> {
        installed("snmpd")?;
        let mut conf = String::from(
            "rwcommunity private\nrocommunity public@10\nrwuser plain noauth\ncreateUser plain\n",
        );
        for (name, auth, privacy) in combinations() {
            let auth = auth_name(auth);
            match privacy {
                None => conf += &format!("createUser {name} {auth} \"{AUTH}\"\nrwuser {name} auth\n"),
                Some(privacy) => {
                    let privacy = priv_name(privacy);
                    conf += &format!(
                        "createUser {name} {auth} \"{AUTH}\" {privacy} \"{PRIV}\"\nrwuser {name} priv\n"
                    );
                }
            }
        }
        Some(Self::with_conf(conf))
    }

    fn with_conf(conf: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let child = Self::spawn(&folder, &conf, address);
        let snmpd = Self { child, address, folder, conf };
        snmpd.wait_until_up();
        snmpd
    }

    fn spawn(folder: &tempfile::TempDir, conf: &str, address: SocketAddr) -> Child {
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("snmpd.conf"), conf).unwrap();
        Command::new(installed("snmpd").unwrap())
            .env("SNMP_PERSISTENT_DIR", at("state"))
            // Not -C -c: that would leave the stored engine id and boots unread, too.
            .env("SNMPCONFPATH", format!("{}:{}", folder.path().display(), at("state")))
            .env("MIBS", "")
            .args(["-f", "-Lf", &at("log"), "-p", &at("pid")])
            .arg(format!("udp:{address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn wait_until_up(&self) {
        // GET of sysUpTime.0 in v2c with the community `private`, by hand: independent of what is tested.
        let probe = [
            0x30, 0x27, 2, 1, 1, 4, 7, b'p', b'r', b'i', b'v', b'a', b't', b'e', 0xa0, 0x19, 2, 1, 1, 2, 1,
            0, 2, 1, 0, 0x30, 0x0e, 0x30, 0x0c, 6, 8, 0x2b, 6, 1, 2, 1, 1, 3, 0, 5, 0,
        ];
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            let _ = socket.send_to(&probe, self.address);
            if socket.recv(&mut [0; 500]).is_ok() {
                return;
            }
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("snmpd did not start:\n{log}");
    }

    /// By SIGTERM, at which snmpd stores its engine id and boots.
    fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts again; its boots go up, unless its state is wiped: then its engine id changes, too.
    fn restart(&mut self, wipe: bool) {
        self.stop();
        if wipe {
            let _ = std::fs::remove_dir_all(self.folder.path().join("state"));
        }
        self.child = Self::spawn(&self.folder, &self.conf, self.address);
        self.wait_until_up();
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn engine() -> SnmpEngine {
    SnmpEngine::start(EngineConfig { buffer_octets: 1 << 20, ..EngineConfig::default() }).unwrap()
}

fn v3(user: &str, auth: Option<(AuthProtocol, &str)>, privacy: Option<(PrivProtocol, &str)>) -> Credentials {
    Credentials::V3 {
        user: user.to_owned(),
        auth: auth.map(|(protocol, password)| (protocol, password.into())),
        privacy: privacy.map(|(protocol, password)| (protocol, password.into())),
        context: String::new(),
    }
}

fn best() -> Credentials {
    v3("sha512-aes256", Some((AuthProtocol::Sha512, AUTH)), Some((PrivProtocol::Aes256Blumenthal, PRIV)))
}

fn v2c() -> Credentials {
    Credentials::V2c { community: "private".into() }
}

fn quick() -> SessionOptions {
    SessionOptions {
        timeout: Duration::from_millis(600),
        retries: 2,
        first_wait: Duration::from_millis(200),
        ..SessionOptions::default()
    }
}

fn session(engine: &SnmpEngine, target: SocketAddr, credentials: &Credentials) -> SnmpSession {
    engine.session(target, credentials, SessionOptions::default()).unwrap()
}

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

const SYS_CONTACT: &str = "1.3.6.1.2.1.1.4.0";
const SYS_UPTIME: &str = "1.3.6.1.2.1.1.3.0";

// proves: SEC-02
#[tokio::test(flavor = "multi_thread")]
async fn reads_and_writes_with_every_combination_of_protocols() {
    let Some(snmpd) = Snmpd::start() else { return };
    let engine = engine();
    for (name, auth, privacy) in combinations() {
        let credentials = v3(&name, Some((auth, AUTH)), privacy.map(|privacy| (privacy, PRIV)));
        let session = session(&engine, snmpd.address, &credentials);
        let contact = VarBind::new(oid(SYS_CONTACT), Value::OctetString(name.clone().into_bytes()));
        let set = session.set(std::slice::from_ref(&contact)).await;
        assert_eq!(set.as_deref(), Ok(&[contact.clone()][..]), "{name}");
        let read = session.get(&[oid(SYS_CONTACT), oid("1.3.6.1.2.1.1.99.0")]).await.unwrap();
        assert_eq!(read[0], contact, "{name}");
        assert_eq!(read[1].value, Value::NoSuchObject, "{name}");
        let stats = session.stats();
        assert_eq!((stats.discoveries, stats.dropped.wrong_digest, stats.losses), (1, 0, 0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_agree_between_versions_and_with_the_reference_tool() {
    let Some(snmpd) = Snmpd::start() else { return };
    let engine = engine();
    // The agent's own tables of its MIB modules and users do not change while they are read.
    let columns = [oid("1.3.6.1.2.1.1.9.1.2"), oid("1.3.6.1.2.1.1.9.1.3"), oid("1.3.6.1.6.3.15.1.2.2.1.5")];
    let mut results = Vec::new();
    for credentials in [Credentials::V1 { community: "private".into() }, v2c(), best()] {
        let session = session(&engine, snmpd.address, &credentials);
        let walked = session.walk(&columns).await.unwrap();
        assert!(walked.quirks.is_empty(), "{:?}", walked.quirks);
        assert!(walked.len() > 35, "{}", walked.len());
        let bindings: Vec<VarBind> = walked.bindings().collect();
        assert!(bindings.is_sorted_by(|a, b| a.oid < b.oid));
        results.push(bindings);
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[1], results[2]);

    if let Some(tool) = installed("snmpbulkwalk") {
        let output = Command::new(tool)
            .env("MIBS", "")
            .args([
                "-v2c",
                "-cprivate",
                "-On",
                "-Oe",
                &format!("udp:{}", snmpd.address),
                "1.3.6.1.2.1.1.9.1.3",
            ])
            .output()
            .unwrap();
        let theirs: Vec<String> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| Some(line.split_once(" = ")?.0.trim_start_matches('.').to_owned()))
            .collect();
        let ours: Vec<String> = results[1]
            .iter()
            .filter(|binding| binding.oid.starts_with(&columns[1]))
            .map(|binding| binding.oid.to_string())
            .collect();
        assert_eq!(ours, theirs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_agent_is_walked() {
    let Some(snmpd) = Snmpd::start() else { return };
    let engine = engine();
    let session = session(&engine, snmpd.address, &best());
    let walked = session.walk(&[oid("1.3.6.1.2.1"), oid("1.3.6.1.6.3")]).await.unwrap();
    assert!(walked.len() > 300, "{}", walked.len());
    assert!(walked.bindings().is_sorted_by(|a, b| a.oid < b.oid));
    let stats = session.stats();
    assert!(stats.variables >= walked.len() as u64);
    assert!(stats.requests < stats.variables / 5, "several variables a request: {stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_named() {
    let Some(snmpd) = Snmpd::start() else { return };
    let engine = engine();
    let sha512 = AuthProtocol::Sha512;
    let aes256 = PrivProtocol::Aes256Blumenthal;
    let cases = [
        (
            v3("sha512-aes256", Some((sha512, "not the password")), Some((aes256, PRIV))),
            "usmStatsWrongDigests",
        ),
        (
            v3("sha512-aes256", Some((AuthProtocol::Sha256, AUTH)), Some((aes256, PRIV))),
            "usmStatsWrongDigests",
        ),
        (v3("nobody", Some((sha512, AUTH)), Some((aes256, PRIV))), "usmStatsUnknownUserNames"),
        (v3("sha512-none", Some((sha512, AUTH)), Some((aes256, PRIV))), "usmStatsUnsupportedSecLevels"),
    ];
    for (credentials, expected) in cases {
        let session = engine.session(snmpd.address, &credentials, quick()).unwrap();
        match session.get(&[oid(SYS_UPTIME)]).await {
            Err(SnmpError::Security { agent, reason }) => {
                assert_eq!(agent, snmpd.address.to_string());
                assert!(reason.contains(expected), "{reason}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
    // A wrong privacy password: the agent decrypts nonsense; net-snmp stays silent or reports it.
    let credentials = v3("sha512-aes256", Some((sha512, AUTH)), Some((aes256, "not the password")));
    let session = engine.session(snmpd.address, &credentials, quick()).unwrap();
    let error = session.get(&[oid(SYS_UPTIME)]).await.unwrap_err();
    assert!(matches!(error, SnmpError::Timeout { .. } | SnmpError::Security { .. }), "{error}");
    // A wrong community: silence.
    let session =
        engine.session(snmpd.address, &Credentials::V2c { community: "wrong".into() }, quick()).unwrap();
    let error = session.get(&[oid(SYS_UPTIME)]).await.unwrap_err();
    assert_eq!(error, SnmpError::Timeout { agent: snmpd.address.to_string(), attempts: 3, timeout_ms: 600 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_set_names_status_and_variable() {
    let Some(snmpd) = Snmpd::start() else { return };
    let engine = engine();
    for (credentials, expected) in [(v2c(), "notWritable"), (best(), "notWritable")] {
        let session = session(&engine, snmpd.address, &credentials);
        let bindings = [
            VarBind::new(oid(SYS_CONTACT), Value::OctetString(b"someone".to_vec())),
            VarBind::new(oid(SYS_UPTIME), Value::TimeTicks(1)),
        ];
        match session.set(&bindings).await {
            Err(SnmpError::Status { status, oid: at, .. }) => {
                assert_eq!((status.as_str(), at), (expected, oid(SYS_UPTIME)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_reboots_or_changes_its_engine_is_found_again() {
    let Some(mut snmpd) = Snmpd::start() else { return };
    let engine = engine();
    let session = session(&engine, snmpd.address, &best());
    session.get(&[oid(SYS_UPTIME)]).await.unwrap();
    let (id, boots) = (session.engine_id().unwrap(), session.engine_boots().unwrap());

    snmpd.restart(false);
    session.get(&[oid(SYS_UPTIME)]).await.unwrap();
    assert_eq!(session.engine_id().as_ref(), Some(&id));
    assert_ne!(session.engine_boots(), Some(boots), "the reboot was noticed");
    assert!(session.stats().reports.not_in_time_windows > 0);

    snmpd.restart(true);
    session.get(&[oid(SYS_UPTIME)]).await.unwrap();
    assert_ne!(session.engine_id().as_ref(), Some(&id), "the new engine was discovered");
    assert_eq!(session.stats().losses, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_agent_stalls_nobody() {
    let Some(snmpd) = Snmpd::start() else { return };
    let engine = engine();
    let dead = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let gone = engine.session(dead, &best(), quick()).unwrap();
    let alive = session(&engine, snmpd.address, &best());
    let start = Instant::now();
    let uptime = [oid(SYS_UPTIME)];
    let (lost, read) = tokio::join!(gone.get(&uptime), async {
        let read = alive.get(&uptime).await;
        (read, start.elapsed())
    });
    assert!(matches!(lost, Err(SnmpError::Timeout { .. })), "{lost:?}");
    assert!(read.0.is_ok());
    assert!(read.1 < start.elapsed());
}

const LINK_DOWN: &str = "1.3.6.1.6.3.1.1.5.3";
const IF_INDEX: &str = "1.3.6.1.2.1.2.2.1.1.7";
const SENDER_ENGINE: &str = "0x80001f8804726563656976657274657374";

fn receiver() -> TrapReceiver {
    let user = |name: &str, auth, privacy: Option<PrivProtocol>| TrapUser {
        name: name.to_owned(),
        auth: Some((auth, AUTH.into())),
        privacy: privacy.map(|privacy| (privacy, PRIV.into())),
    };
    let mut users: Vec<TrapUser> =
        combinations().into_iter().map(|(name, auth, privacy)| user(&name, auth, privacy)).collect();
    users.push(TrapUser { name: "plain".to_owned(), auth: None, privacy: None });
    TrapReceiver::bind(TrapReceiverConfig {
        bind: SocketAddr::from(([127, 0, 0, 1], 0)),
        buffer_octets: 1 << 20,
        engine_id: vec![0x80, 0, 0, 0, 4, b'n', b'w'],
        engine_boots: 7,
        principals: TrapPrincipals { communities: vec![("lab".to_owned(), "trapcom".into())], users },
    })
    .unwrap()
}

/// Runs net-snmp's sender; true where it ended well (for an inform: where it was answered).
async fn send(program: &str, receiver: &TrapReceiver, arguments: &[&str], trap: &[&str]) -> bool {
    let path = installed(program).unwrap();
    let state = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(path)
        .env("MIBS", "")
        .env("SNMP_PERSISTENT_DIR", state.path())
        .env("SNMPCONFPATH", state.path())
        .args(["-r", "0", "-t", "5"])
        .args(arguments)
        .arg(format!("udp:{}", receiver.local_addr()))
        .args(trap)
        .output()
        .await
        .unwrap();
    output.status.success()
}

const TRAP: [&str; 5] = ["", LINK_DOWN, IF_INDEX, "i", "7"];

// proves: SEC-02
#[tokio::test(flavor = "multi_thread")]
async fn informs_and_traps_of_every_combination_arrive() {
    if installed("snmpinform").is_none() || installed("snmptrap").is_none() {
        return;
    }
    let mut receiver = receiver();
    // The tools know the key extensions of Blumenthal alone by name on the command line.
    let offered = |privacy: Option<PrivProtocol>| {
        !matches!(privacy, Some(PrivProtocol::Aes192Reeder | PrivProtocol::Aes256Reeder))
    };
    for (name, auth, privacy) in combinations().into_iter().filter(|(_, _, privacy)| offered(*privacy)) {
        let mut arguments = vec!["-v3", "-u", &name, "-a", auth_name(auth), "-A", AUTH];
        match privacy {
            Some(privacy) => arguments.extend(["-l", "authPriv", "-x", priv_name(privacy), "-X", PRIV]),
            None => arguments.extend(["-l", "authNoPriv"]),
        }
        for confirmed in [true, false] {
            let mut arguments = arguments.clone();
            if !confirmed {
                arguments.extend(["-e", SENDER_ENGINE]);
            }
            let program = if confirmed { "snmpinform" } else { "snmptrap" };
            assert!(
                send(program, &receiver, &arguments, &TRAP).await,
                "{program} {name}: {:?}",
                receiver.stats()
            );
            let notification = tokio::time::timeout(Duration::from_secs(5), receiver.recv())
                .await
                .unwrap_or_else(|_| panic!("{program} {name}: {:?}", receiver.stats()))
                .unwrap();
            assert_eq!(notification.confirmed, confirmed);
            assert_eq!(notification.trap_oid, oid(LINK_DOWN));
            assert_eq!(notification.bindings, [VarBind::new(oid(IF_INDEX), Value::Integer(7))]);
            assert!(notification.up_time.is_some());
            match notification.principal {
                Principal::User { name: user, .. } => assert_eq!(user, name),
                other => panic!("{other:?}"),
            }
        }
    }
    let stats = receiver.stats();
    assert_eq!((stats.wrong_digests, stats.replays, stats.undecodable), (0, 0, 0), "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn community_notifications_of_all_kinds_arrive() {
    if installed("snmpinform").is_none() || installed("snmptrap").is_none() {
        return;
    }
    let mut receiver = receiver();
    let v1_link_down = ["1.3.6.1.4.1.99999", "10.1.2.3", "2", "0", "500", IF_INDEX, "i", "7"];
    let v1_specific = ["1.3.6.1.4.1.99999", "10.1.2.3", "6", "42", "500"];
    let cases: [(&str, &str, &[&str], &str, bool); 4] = [
        ("snmptrap", "-v2c", &TRAP, LINK_DOWN, false),
        ("snmpinform", "-v2c", &TRAP, LINK_DOWN, true),
        ("snmptrap", "-v1", &v1_link_down, LINK_DOWN, false),
        ("snmptrap", "-v1", &v1_specific, "1.3.6.1.4.1.99999.0.42", false),
    ];
    for (program, version, trap, expected, confirmed) in cases {
        assert!(send(program, &receiver, &[version, "-c", "trapcom"], trap).await, "{program} {version}");
        let notification =
            tokio::time::timeout(Duration::from_secs(5), receiver.recv()).await.unwrap().unwrap();
        assert_eq!(notification.trap_oid, oid(expected));
        assert_eq!(notification.confirmed, confirmed);
        assert_eq!(notification.principal, Principal::Community { name: "lab".to_owned() });
        if version == "-v1" {
            assert_eq!(notification.agent_address, Some([10, 1, 2, 3].into()));
            assert_eq!(notification.up_time, Some(500));
        }
    }
    assert!(send("snmptrap", &receiver, &["-v2c", "-c", "other"], &TRAP).await);
    assert!(!send("snmpinform", &receiver, &["-v2c", "-c", "other", "-t", "1"], &TRAP).await);
    assert_eq!(receiver.stats().unknown_communities, 2);
    assert_eq!(receiver.stats().notifications, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_that_are_not_authentic_are_dropped_and_counted() {
    if installed("snmpinform").is_none() || installed("snmptrap").is_none() {
        return;
    }
    let receiver = receiver();
    let sha = ["-v3", "-u", "sha256-aes128", "-a", "SHA-256", "-x", "AES", "-t", "1"];
    let with = |more: &[&'static str]| sha.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    for (program, more) in [("snmpinform", &[][..]), ("snmptrap", &["-e", SENDER_ENGINE][..])] {
        let wrong = with(&[more, &["-l", "authPriv", "-A", "not the password", "-X", PRIV]].concat());
        send(program, &receiver, &wrong, &TRAP).await;
        let garbled = with(&[more, &["-l", "authPriv", "-A", AUTH, "-X", "not the password"]].concat());
        send(program, &receiver, &garbled, &TRAP).await;
        let low = with(&[more, &["-l", "authNoPriv", "-A", AUTH]].concat());
        send(program, &receiver, &low, &TRAP).await;
        let lowest = with(&[more, &["-l", "noAuthNoPriv"]].concat());
        send(program, &receiver, &lowest, &TRAP).await;
        let nobody = [&["-v3", "-u", "nobody", "-l", "noAuthNoPriv", "-t", "1"], more].concat();
        send(program, &receiver, &nobody, &TRAP).await;
    }
    let stats = receiver.stats();
    assert_eq!(stats.notifications, 0, "{stats:?}");
    assert!(stats.wrong_digests >= 2, "{stats:?}");
    assert!(stats.decryption_errors >= 2, "{stats:?}");
    assert!(stats.too_low_level >= 4, "{stats:?}");
    assert!(stats.unknown_user_names >= 2, "{stats:?}");
    assert!(stats.reports_sent >= 5, "{stats:?}");
}
