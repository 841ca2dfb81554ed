//! Sessions against the agent of the async-snmp crate, an implementation that shares nothing with ours.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests, which the exemption for tests does not reach"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_snmp::agent::Agent;
use async_snmp::handler::{
    BoxFuture, GetNextResult, GetResult, HandlerResult, MibHandler, PreparedSet, RequestContext,
    SetCommitResult, SetTestError, SetTestResult, SetUndoResult,
};
use netwarden_reach::{
    AuthProtocol, Credentials, EngineConfig, PrivProtocol, SessionOptions, Snmp, SnmpEngine, SnmpError,
};
use netwarden_snmp::{Oid, Value, VarBind};

type Objects = Arc<Mutex<BTreeMap<Vec<u32>, i32>>>;

struct Handler(Objects);

struct Change {
    objects: Objects,
    before: Option<i32>,
}

impl PreparedSet for Change {
    fn commit<'a>(
        &'a mut self,
        _: &'a RequestContext,
        oid: &'a async_snmp::Oid,
        value: &'a async_snmp::value::Value,
    ) -> BoxFuture<'a, SetCommitResult> {
        Box::pin(async move {
            if let async_snmp::value::Value::Integer(n) = value {
                self.before = self.objects.lock().unwrap().insert(oid.as_ref().to_vec(), *n);
            }
            Ok(())
        })
    }

    fn undo<'a>(
        &'a mut self,
        _: &'a RequestContext,
        oid: &'a async_snmp::Oid,
        _: &'a async_snmp::value::Value,
    ) -> BoxFuture<'a, SetUndoResult> {
        Box::pin(async move {
            if let Some(before) = self.before {
                self.objects.lock().unwrap().insert(oid.as_ref().to_vec(), before);
            }
            Ok(())
        })
    }
}

impl MibHandler for Handler {
    fn get<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a async_snmp::Oid,
    ) -> BoxFuture<'a, HandlerResult<GetResult>> {
        Box::pin(async move {
            Ok(match self.0.lock().unwrap().get(oid.as_ref()) {
                Some(n) => GetResult::Value(async_snmp::value::Value::Integer(*n)),
                None => GetResult::NoSuchInstance,
            })
        })
    }

    fn get_next<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a async_snmp::Oid,
    ) -> BoxFuture<'a, HandlerResult<GetNextResult>> {
        Box::pin(async move {
            let after = (std::ops::Bound::Excluded(oid.as_ref().to_vec()), std::ops::Bound::Unbounded);
            Ok(match self.0.lock().unwrap().range(after).next() {
                Some((oid, n)) => GetNextResult::Value(async_snmp::varbind::VarBind::new(
                    async_snmp::Oid::from(oid.as_slice()),
                    async_snmp::value::Value::Integer(*n),
                )),
                None => GetNextResult::EndOfMibView,
            })
        })
    }

    fn test_set<'a>(
        &'a self,
        _: &'a RequestContext,
        _: &'a async_snmp::Oid,
        value: &'a async_snmp::value::Value,
    ) -> BoxFuture<'a, SetTestResult> {
        Box::pin(async move {
            match value {
                async_snmp::value::Value::Integer(n) if *n >= 0 => {
                    Ok(Box::new(Change { objects: Arc::clone(&self.0), before: None })
                        as Box<dyn PreparedSet>)
                }
                async_snmp::value::Value::Integer(_) => Err(SetTestError::WrongValue),
                _ => Err(SetTestError::WrongType),
            }
        })
    }
}

const AUTH: &str = "authpassword1";
const PRIV: &str = "privpassword2";

/// The crate's names of the protocols, in the order of ours.
const AUTHS: [async_snmp::AuthProtocol; 5] = [
    async_snmp::AuthProtocol::Sha1,
    async_snmp::AuthProtocol::Sha224,
    async_snmp::AuthProtocol::Sha256,
    async_snmp::AuthProtocol::Sha384,
    async_snmp::AuthProtocol::Sha512,
];
const PRIVS: [async_snmp::PrivProtocol; 5] = [
    async_snmp::PrivProtocol::Aes128,
    async_snmp::PrivProtocol::Aes192Blumenthal,
    async_snmp::PrivProtocol::Aes256Blumenthal,
    async_snmp::PrivProtocol::Aes192Reeder,
    async_snmp::PrivProtocol::Aes256Reeder,
];

async fn agent() -> (SocketAddr, Objects) {
    let objects: Objects = Arc::default();
    for column in 1..=3 {
        for row in 1..=200_i32 {
            let oid = vec![1, 3, 6, 1, 4, 1, 99_999, column, row.unsigned_abs()];
            objects.lock().unwrap().insert(oid, row);
        }
    }
    let engine =
        async_snmp::AuthoritativeEngine::install(b"agent-engine".to_vec(), |_| Ok::<(), Infallible>(()))
            .unwrap();
    let mut builder = Agent::builder()
        .bind("127.0.0.1:0")
        .community(b"private")
        .authoritative_engine(engine)
        .handler(
            async_snmp::Oid::from([1, 3, 6, 1, 4, 1, 99_999].as_slice()),
            Arc::new(Handler(Arc::clone(&objects))),
        )
        .allow_all_access();
    for (auth, theirs) in AuthProtocol::ALL.into_iter().zip(AUTHS) {
        for (privacy, their_privacy) in PrivProtocol::ALL.into_iter().zip(PRIVS) {
            builder = builder
                .usm_user(format!("{auth}-{privacy}"), |user| {
                    user.auth_priv(theirs, AUTH, their_privacy, PRIV)
                })
                .unwrap();
        }
    }
    let agent = builder.build().await.unwrap();
    let address = agent.local_addr();
    tokio::spawn(async move { agent.run().await });
    (address, objects)
}

fn column(n: u32) -> Oid {
    Oid::new([1, 3, 6, 1, 4, 1, 99_999, n])
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_gets_and_sets_in_all_versions_and_protocols() {
    let (address, objects) = agent().await;
    let engine =
        SnmpEngine::start(EngineConfig { buffer_octets: 1 << 20, lanes: 2, ..EngineConfig::default() })
            .unwrap();
    let mut all = vec![
        Credentials::V1 { community: "private".into() },
        Credentials::V2c { community: "private".into() },
    ];
    for auth in AuthProtocol::ALL {
        for privacy in PrivProtocol::ALL {
            all.push(Credentials::V3 {
                user: format!("{auth}-{privacy}"),
                auth: Some((auth, AUTH.into())),
                privacy: Some((privacy, PRIV.into())),
                context: String::new(),
            });
        }
    }
    for (number, credentials) in (1_i32..).zip(all) {
        let session = engine.session(address, &credentials, SessionOptions::default()).unwrap();
        let walked = session.walk(&[column(1), column(2), column(3)]).await.unwrap();
        assert_eq!((walked.len(), walked.quirks.len()), (600, 0), "{credentials:?}");
        assert!(walked.bindings().is_sorted_by(|a, b| a.oid < b.oid));
        let binding = VarBind::new(column(2).child([7]), Value::Integer(number));
        assert_eq!(session.set(std::slice::from_ref(&binding)).await.as_deref(), Ok(&[binding.clone()][..]));
        assert_eq!(session.get(std::slice::from_ref(&binding.oid)).await, Ok(vec![binding.clone()]));
        assert_eq!(objects.lock().unwrap().get(binding.oid.sub_ids()), Some(&number));
        let refused =
            session.set(&[VarBind::new(binding.oid.clone(), Value::Integer(-1))]).await.unwrap_err();
        assert!(matches!(&refused, SnmpError::Status { oid, .. } if *oid == binding.oid), "{refused}");
    }
}
