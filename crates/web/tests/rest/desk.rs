//! A desk over a temporary store with one element, one port and one endpoint on it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use jiff::Timestamp;
use netwarden_actions::Pace;
use netwarden_actions::notify::Channels;
use netwarden_audit::{AuditQuery, CheckpointPolicy, Reach, SignError, Signer, Trail};
use netwarden_engine::{Engine, Machine, Parts};
use netwarden_identity::password::{Params, PasswordPolicy, Person};
use netwarden_identity::{Identity, IdentityPolicy, NewToken, NewUser, Operation, Plane, Role};
use netwarden_inventory::{ElementBase, Read, Settings};
use netwarden_model::element::{Element, Method};
use netwarden_model::reading::{FdbEntry, FdbStatus, Interface};
use netwarden_model::{Clock, IfIndex, NeId, Reading};
use netwarden_operate::{Caller, Desk, Inner, Jobs, TokenFor};
use netwarden_reach::{EngineConfig, SnmpEngine};
use netwarden_spine::Spine;
use netwarden_store::{Condition, Page, Store, StoreConfig, Tx, execute, values};
use netwarden_vault::{SigningKey, Vault, VaultConfig};
use serde_json::Value;
use tower::ServiceExt;
use zeroize::Zeroizing;

pub const MAC: &str = "00:1b:21:3a:4f:5e";
pub const PORT: &str = "Gi1%2F0%2F1";
/// The address of this server's interface, and where its default route leads.
pub const SERVER_MAC: &str = "00:1b:21:00:00:99";
pub const GATEWAY: &str = "192.0.2.1";
pub const PASSWORD: &str = "Gravel-path/7up";

/// The time, as far ahead as a test has waited.
#[derive(Debug, Default)]
pub struct Now {
    ahead_s: std::sync::atomic::AtomicI64,
}

impl Clock for Now {
    #[allow(clippy::disallowed_methods, reason = "sessions are to hold while the test runs")]
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_s.load(std::sync::atomic::Ordering::Relaxed);
        Timestamp::now() + jiff::SignedDuration::from_secs(ahead)
    }
}

struct Key(SigningKey);

impl Signer for Key {
    fn key_name(&self) -> &str {
        "netwarden/test"
    }
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).unwrap())
    }
}

/// The interface, and who may use it.
pub struct Bench {
    pub desk: Desk,
    pub app: Router,
    pub ne: NeId,
    /// Session secrets by user name: the four roles, and `foreign` with a role of another plane.
    pub secrets: BTreeMap<String, String>,
    pub folder: tempfile::TempDir,
    pub clock: Arc<Now>,
}

pub async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let (data, keys) = (folder.path().join("data"), folder.path().join("keys"));
    std::fs::create_dir(&data).unwrap();
    std::fs::create_dir(&keys).unwrap();
    let mut config = StoreConfig::sqlite(data.join("test.db"));
    config.reserve_bytes = 64 << 10;
    let store = Store::open(config, netwarden_operate::SCHEMA).await.unwrap();
    let waits = Arc::new(Now::default());
    let clock: Arc<dyn Clock> = Arc::clone(&waits) as Arc<dyn Clock>;
    let now = clock.now();
    let vault = VaultConfig { key_file: keys.join("key"), data_folder: Some(data), credential: None };
    let vault = Arc::new(Vault::unlock(store.clone(), vault, now).await.unwrap());
    let key = Key(vault.signing_key("audit", now).await.unwrap());
    let trail = Trail::new(store.clone(), Arc::new(key), CheckpointPolicy::default()).unwrap();
    let passwords = PasswordPolicy { hash: Params::new(10_000).unwrap(), ..PasswordPolicy::default() };
    let mut parameters = netwarden_operate::load_parameters(&store).await.unwrap();
    // One administrator keeps all there is, as S4 has it; where duties are separated, a test says so.
    parameters.set("identity.separation", "nac").unwrap();
    let policy = IdentityPolicy { passwords: passwords.into(), accounts: parameters.accounts() };
    let identity = Identity::new(store.clone(), policy);
    let network = netwarden_inventory::sql::load(store.read(), Settings::default(), now).await.unwrap();
    let spine = Spine::open(store.clone()).await.unwrap();
    let snmp =
        EngineConfig { bind_v4: Some([127, 0, 0, 1].into()), bind_v6: None, ..EngineConfig::default() };
    let engine = Engine::start(Parts {
        store: store.clone(),
        spine: spine.clone(),
        vault: Arc::clone(&vault),
        clock: Arc::clone(&clock),
        snmp: SnmpEngine::start(snmp).unwrap(),
        network,
        guard: parameters.guard(),
        channels: Channels::default(),
        in_flight: 4,
        pace: Pace::default(),
        machine: machine_of(&folder),
    });
    let desk = Desk::new(Inner {
        store,
        spine,
        trail,
        identity,
        passkeys: netwarden_identity::Passkeys::new("nw.example.org"),
        turned_away: std::sync::atomic::AtomicU64::default(),
        vault,
        engine,
        clock,
        jobs: Jobs::default(),
        domains: netwarden_operate::Placing::default(),
        online: netwarden_operate::Online::default(),
        refusals: netwarden_operate::Refusals::default(),
        parameters: RwLock::new(parameters),
        outside: netwarden_operate::Outside::new(
            "nw.example.org".into(),
            Some(folder.path().join("commands")),
        ),
        backups: Some(folder.path().join("backups")),
        started: now,
    });
    std::fs::create_dir(folder.path().join("backups")).unwrap();
    std::fs::write(folder.path().join("backups/kept.db"), "a backup").unwrap();
    let ne = element(&desk).await;
    let secrets = users(&desk).await;
    Bench { app: netwarden_web::router(desk.clone()), desk, ne, secrets, folder, clock: waits }
}

/// A machine with one interface and one route, told by files as the kernel would.
fn machine_of(folder: &tempfile::TempDir) -> Machine {
    let at = folder.path().join("machine");
    std::fs::create_dir_all(at.join("net/eth0")).unwrap();
    std::fs::write(at.join("net/eth0/address"), format!("{SERVER_MAC}\n")).unwrap();
    let gateway: std::net::Ipv4Addr = GATEWAY.parse().unwrap();
    let word = u32::from_ne_bytes(gateway.octets());
    let routes = format!("Iface\tDestination\tGateway\tFlags\neth0\t00000000\t{word:08X}\t0003\n");
    std::fs::write(at.join("route"), routes).unwrap();
    Machine {
        interfaces: at.join("net"),
        routes: at.join("route"),
        routes_v6: at.join("route6"),
        neighbours: at.join("arp"),
    }
}

/// The interface of the only port.
pub fn interface(admin_status: &str) -> Interface {
    Interface {
        if_index: IfIndex(1),
        name: Some("Gi1/0/1".into()),
        descr: None,
        alias: None,
        mac: None,
        if_type: Some(6),
        type_name: None,
        admin_status: Some(admin_status.into()),
        oper_status: Some("up".into()),
        speed: None,
        base_port: Some(1),
        pvid: Some(10.try_into().unwrap()),
        lag: None,
        trunk: None,
    }
}

fn learned(mac: &str) -> FdbEntry {
    FdbEntry {
        mac: mac.parse().unwrap(),
        if_index: Some(IfIndex(1)),
        if_name: Some("Gi1/0/1".into()),
        vlan: Some(10.try_into().unwrap()),
        status: FdbStatus::Learned,
    }
}

async fn element(desk: &Desk) -> NeId {
    let now = desk.clock.now();
    let element = Element {
        id: NeId(0),
        name: "sw1".into(),
        address: SocketAddr::from(([127, 0, 0, 1], 9)),
        credential: None,
        enforcement: false,
        allow_v2c: false,
        quarantine_vlan: Some(666.try_into().unwrap()),
        voice_vlan: None,
    };
    let mut base = ElementBase::new(element, now);
    let row = base.clone();
    let ne = desk
        .store
        .write(move |tx: &Tx| {
            Box::pin(async move { netwarden_inventory::sql::insert_element(tx, &row).await })
        })
        .await
        .unwrap();
    base.element.id = ne;
    desk.engine.keeper().adjust(move |network| network.put_element(base)).await.unwrap();
    desk.engine.element_changed(ne);
    let reading =
        Reading { interfaces: vec![interface("up")], fdb: vec![learned(MAC)], ..Reading::default() };
    desk.engine.keeper().read(ne, Read::Methods(Method::ALL.to_vec()), reading, now).await;
    let located = || desk.engine.keeper().picture().read().location(MAC.parse().unwrap()).is_some();
    for _ in 0..500 {
        if located() {
            return ne;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the endpoint was not located");
}

async fn users(desk: &Desk) -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::new();
    let names = ["administrator", "operator", "helpdesk", "revisor", "foreign"];
    for name in names {
        let password = || Zeroizing::new(PASSWORD.to_owned());
        let person = Person { name, ..Person::default() };
        let hash = desk.identity.hash_new_password(person, password(), [7; 16]).await.unwrap();
        let role = if name == "foreign" { Role::Revisor } else { Role::from(name) };
        let user = NewUser {
            plane: Plane::Om,
            name: name.into(),
            grants: [role.into()].into(),
            password: hash,
            tenant: None,
            must_change_password: false,
        };
        desk.identity.create_user(user, desk.clock.now()).await.unwrap();
        let opened = desk.login(Plane::Om, name, password(), None).await.unwrap();
        secrets.insert(name.to_owned(), opened.secret.to_string());
    }
    desk.store
        .write(|tx: &Tx| {
            Box::pin(async move {
                let sql = "UPDATE identity_user SET roles = $1 WHERE name = 'foreign'";
                execute(tx, sql, values!["landscape_gardener"]).await
            })
        })
        .await
        .unwrap();
    secrets
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
    pub fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap_or_default().to_owned()
    }
}

impl Bench {
    /// A token of the caller's own, for this operation alone.
    pub async fn lent(&self, caller: &Caller, operation: Operation) -> NewToken {
        let wish = TokenFor {
            label: "lent".to_owned(),
            operations: [operation].into(),
            days: 1,
            ..TokenFor::default()
        };
        self.desk.create_token(caller, wish).await.unwrap().0
    }

    /// So much time passes for the server.
    pub fn wait(&self, time: jiff::SignedDuration) {
        self.clock.ahead_s.fetch_add(time.as_secs(), std::sync::atomic::Ordering::Relaxed);
    }

    pub async fn call(
        &self,
        user: Option<&str>,
        method: &str,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Answer {
        self.call_with(user, method, path, body, &[]).await
    }

    pub async fn call_with(
        &self,
        user: Option<&str>,
        method: &str,
        path: &str,
        body: Option<(&str, String)>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(user) = user {
            let secret = self.secrets.get(user).map_or(user, String::as_str);
            request = request.header("authorization", format!("Bearer {secret}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            None => Body::empty(),
            Some((kind, text)) => {
                request = request.header("content-type", kind);
                Body::from(text)
            }
        };
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        // A live stream has no end.
        let is_stream =
            parts.headers.get("content-type").is_some_and(|kind| kind.as_bytes() == b"text/event-stream");
        let body = if is_stream { Vec::new() } else { to_bytes(body, 1 << 24).await.unwrap().to_vec() };
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body).unwrap() }
    }

    /// The port's ifAdminStatus as if somebody had set it at the element itself.
    pub async fn shut_from_outside(&self) {
        let now = self.desk.clock.now();
        let reading = Reading { interfaces: vec![interface("down")], ..Reading::default() };
        let keeper = self.desk.engine.keeper();
        keeper.read(self.ne, Read::Methods(vec![Method::Inventory]), reading, now).await;
        let port = netwarden_operate::port_ref(self.ne.0, "Gi1/0/1").port;
        for _ in 0..500 {
            let admin =
                keeper.picture().read().element(self.ne).unwrap().port(&port).unwrap().admin_status.clone();
            if admin.as_deref() == Some("down") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the port was not read");
    }

    /// The port's forwarding table: these are on it from now on, and nobody else.
    pub async fn seen(&self, macs: &[&str]) {
        let reading = Reading { fdb: macs.iter().map(|mac| learned(mac)).collect(), ..Reading::default() };
        let keeper = self.desk.engine.keeper();
        let now = self.desk.clock.now();
        keeper.read(self.ne, Read::Methods(vec![Method::Forwarding]), reading, now).await;
        let located = || {
            let network = keeper.picture().read();
            macs.iter().all(|mac| network.location(mac.parse().unwrap()).is_some())
        };
        for _ in 0..500 {
            if located() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{macs:?} were not located");
    }

    pub async fn caller(&self, user: &str) -> Caller {
        self.desk.identify_bearer(&self.secrets[user], None).await.unwrap()
    }

    pub async fn json(&self, user: &str, method: &str, path: &str, body: Value) -> Answer {
        self.call(Some(user), method, path, Some(("application/json", body.to_string()))).await
    }

    /// Records of an operation with an outcome.
    pub async fn records(&self, operation: &str, outcome: &str) -> usize {
        self.desk.trail.tick(self.desk.clock.now()).await.unwrap();
        let query = AuditQuery {
            filters: vec![
                ("operation".into(), Condition::Eq(operation.into())),
                ("outcome".into(), Condition::Eq(outcome.into())),
            ],
            page: Page::first(1_000),
            ..AuditQuery::default()
        };
        self.desk.trail.list(&Reach::all(), query).await.unwrap().items.len()
    }
}
