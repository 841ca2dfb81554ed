//! The counterpart of `benches/peers/walk.c`: the same columns, max-repetitions and agents in flight, and
//! the same line of JSON at the end.
//!
//! ```text
//! walk TARGETS MAX_REPETITIONS IN_FLIGHT v2c COMMUNITY            COLUMN...
//! walk TARGETS MAX_REPETITIONS IN_FLIGHT v3  USER AUTH_PW PRIV_PW COLUMN...   (SHA-256, AES-128)
//! ```
//!
//! With `AGENTxREQUESTS` in place of IN_FLIGHT (`100x4`), the columns of each agent are walked in so many
//! parts side by side, each with a request of its own under way; the C client cannot do that.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::net::SocketAddr;
use std::time::Instant;

use netwarden_reach::{
    AuthProtocol, Credentials, EngineConfig, PrivProtocol, Secret, SessionOptions, Snmp, SnmpEngine,
    SnmpError, SnmpSession,
};
use netwarden_snmp::{Column, Oid, ValueRef};

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [targets, repetitions, in_flight, rest @ ..] = arguments.as_slice() else {
        return Err("usage: see the head of walk.rs".into());
    };
    let (credentials, columns) = match rest {
        [version, community, columns @ ..] if version == "v2c" => {
            (Credentials::V2c { community: Secret::new(community) }, columns)
        }
        [version, user, auth, privacy, columns @ ..] if version == "v3" => (
            Credentials::V3 {
                user: user.clone(),
                auth: Some((AuthProtocol::Sha256, Secret::new(auth))),
                privacy: Some((PrivProtocol::Aes128, Secret::new(privacy))),
                context: String::new(),
            },
            columns,
        ),
        _ => return Err("usage: see the head of walk.rs".into()),
    };
    let columns: Vec<Oid> = columns.iter().map(|column| column.parse()).collect::<Result<_, _>>()?;
    let text = std::fs::read_to_string(targets)?;
    let targets: Vec<SocketAddr> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let options = SessionOptions {
        max_repetitions: repetitions.parse()?,
        adapt: false,
        max_columns: columns.len(),
        ..SessionOptions::default()
    };
    let (in_flight, parts) = in_flight.split_once('x').unwrap_or((in_flight, "1"));
    let (in_flight, parts): (usize, usize) = (in_flight.parse()?, parts.parse()?);

    let started = Instant::now();
    let engine = SnmpEngine::start(EngineConfig::default())?;
    let mut walks = tokio::task::JoinSet::new();
    let mut waiting = targets.iter();
    let (mut variables, mut failures, mut hash) = (0u64, 0u64, 0u64);
    loop {
        while walks.len() < in_flight {
            let Some(target) = waiting.next() else { break };
            let session = engine.session(*target, &credentials, options)?;
            let columns = columns.clone();
            walks.spawn(async move { side_by_side(&session, &columns, parts.max(1)).await });
        }
        match walks.join_next().await {
            None => break,
            Some(Ok(Ok(columns))) => {
                for column in &columns {
                    variables += column.len() as u64;
                    for (index, value) in column.iter() {
                        let name = fnv_sub_ids(fnv_sub_ids(FNV_BASIS, column.prefix().sub_ids()), index);
                        hash = hash.wrapping_add(hash_of(name, value)?);
                    }
                }
            }
            Some(_) => failures += 1,
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{{\"agents\":{},\"failures\":{failures},\"variables\":{variables},\"requests\":{},\"seconds\":{seconds:.3},\
         \"cpu_seconds\":{:.3},\"hash\":\"{hash:016x}\"}}",
        targets.len(),
        engine.stats().requests,
        cpu_seconds()?,
    );
    if failures > 0 { Err(format!("{failures} walks failed").into()) } else { Ok(()) }
}

async fn side_by_side(
    session: &SnmpSession,
    columns: &[Oid],
    parts: usize,
) -> Result<Vec<Column>, SnmpError> {
    if parts == 1 {
        return Ok(session.walk(columns).await?.columns);
    }
    let each = columns.len().div_ceil(parts).max(1);
    let mut walks = tokio::task::JoinSet::new();
    for part in columns.chunks(each) {
        let (session, part) = (session.clone(), part.to_vec());
        walks.spawn(async move { session.walk(&part).await });
    }
    let mut columns = Vec::new();
    for walked in walks.join_all().await {
        columns.extend(walked?.columns);
    }
    Ok(columns)
}

/// User and system time of this process so far (proc(5), in hundredths of a second).
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok()).unwrap_or(0);
    Ok(f64::from(ticks(11) + ticks(12)) / 100.0)
}

fn fnv(state: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(state, |state, octet| (state ^ u64::from(*octet)).wrapping_mul(FNV_PRIME))
}

fn fnv_sub_ids(state: u64, sub_ids: &[u32]) -> u64 {
    sub_ids.iter().fold(state, |state, sub_id| (state ^ u64::from(*sub_id)).wrapping_mul(FNV_PRIME))
}

/// Of a variable whose name has the hash `state`. Does not depend on the order of variables: the hashes are
/// added up.
fn hash_of(state: u64, value: ValueRef<'_>) -> Result<u64, Failure> {
    let number = |tag: u8, number: i64| fnv(fnv(state, &[tag]), &number.to_be_bytes());
    Ok(match value {
        ValueRef::Integer(n) => number(0x02, i64::from(n)),
        ValueRef::Counter32(n) => number(0x41, i64::from(n)),
        ValueRef::Gauge32(n) => number(0x42, i64::from(n)),
        ValueRef::TimeTicks(n) => number(0x43, i64::from(n)),
        ValueRef::Counter64(n) => fnv(fnv(state, &[0x46]), &n.to_be_bytes()),
        ValueRef::OctetString(octets) => fnv(fnv(state, &[0x04]), octets),
        ValueRef::Opaque(octets) => fnv(fnv(state, &[0x44]), octets),
        ValueRef::ObjectId(oid) => fnv_sub_ids(fnv(state, &[0x06]), oid.to_owned()?.sub_ids()),
        ValueRef::IpAddress(ip) => fnv(fnv(state, &[0x40]), &ip.octets()),
        ValueRef::Null => fnv(state, &[0x05]),
        ValueRef::NoSuchObject => fnv(state, &[0x80]),
        ValueRef::NoSuchInstance => fnv(state, &[0x81]),
        ValueRef::EndOfMibView => fnv(state, &[0x82]),
    })
}
