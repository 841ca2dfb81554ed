//! The one access decision on one core, and lists of many elements that are kept to a domain.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use netwarden_identity::{
    Access, Circumstances, Domain, Grant, Identified, Members, OPERATIONS, Object, Operation, Plane, Reach,
    Role, Roles, SecondFactor, Separation, Standing, Subject, Through, decide,
};
use netwarden_inventory::ElementBase;
use netwarden_inventory::sql::{ELEMENTS, insert_element, list_elements};
use netwarden_model::element::Element;
use netwarden_model::{Clock as _, NeId, Scope, UserId};
use netwarden_store::{Condition, ListQuery, Page, Store, StoreConfig, Tx};
use serde_json::json;

use crate::numbers::{Percentiles, Sequence, SystemClock};

/// How large the organisation is.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Users, each with one to three grants.
    pub users: usize,
    /// Roles that were made here, each with five to forty operations.
    pub roles: usize,
    /// Elements.
    pub elements: usize,
    /// Regions, each with its domain; the first has as many elements as all others together.
    pub regions: usize,
}

/// Elements that are written in one transaction.
const BATCH: usize = 2_000;

fn region(element: usize, regions: usize) -> String {
    let region = if element.is_multiple_of(2) { 0 } else { 1 + element / 2 % (regions - 1).max(1) };
    format!("region-{region}")
}

fn address(element: usize) -> SocketAddr {
    let [_, a, b, c] = u32::try_from(element).unwrap_or(u32::MAX).to_be_bytes();
    SocketAddr::from(([10, a, b, c], 161))
}

fn members(sizes: Sizes) -> (Members, f64) {
    let domains: BTreeMap<String, Domain> = (0..sizes.regions)
        .map(|region| {
            let regions = BTreeSet::from([format!("region-{region}")]);
            (format!("domain-{region}"), Domain { regions, ..Domain::default() })
        })
        .collect();
    let regions: Vec<String> = (0..sizes.elements).map(|element| region(element, sizes.regions)).collect();
    let standings = regions.iter().enumerate().map(|(element, region)| Standing {
        ne: NeId(i64::try_from(element).unwrap_or(i64::MAX) + 1),
        region: Some(region),
        device_sets: &[],
        class: Some("switch"),
        address: address(element).ip(),
    });
    let started = Instant::now();
    let members = Members::of(&domains, standings);
    (members, started.elapsed().as_secs_f64())
}

fn users(sizes: Sizes, members: &Arc<Members>, sequence: &mut Sequence) -> Vec<Subject> {
    let given: Vec<Operation> = OPERATIONS
        .iter()
        .filter(|line| matches!(line.access, Access::Roles(_)))
        .map(|line| line.operation)
        .collect();
    let made = (0..sizes.roles).map(|role| {
        let count = 5 + sequence.below(36);
        let operations = (0..count).filter_map(|_| given.get(sequence.below(given.len())).copied());
        (format!("role-{role}"), operations.collect::<BTreeSet<Operation>>())
    });
    let roles = Arc::new(Roles::new(Plane::Om, Separation::Strict, made));
    let user = |user: usize, sequence: &mut Sequence| {
        let grants = (0..1 + sequence.below(3)).map(|_| {
            let domain = sequence.below(sizes.regions);
            // One of ten is not confined.
            let domain = (sequence.below(10) > 0).then(|| format!("domain-{domain}"));
            Grant { role: Role::from(format!("role-{}", sequence.below(sizes.roles)).as_str()), domain }
        });
        Subject::User(Identified {
            tenant: None,
            denied: Arc::default(),
            user: UserId(i64::try_from(user).unwrap_or(i64::MAX)),
            name: format!("user-{user}"),
            grants: grants.collect(),
            dormant: Arc::default(),
            roles: Arc::clone(&roles),
            members: Arc::clone(members),
            enabled: true,
            must_change_password: false,
            password_ends: None,
            has_notice: false,
            second_factor: SecondFactor::NotAsked,
            through: Through::Session(1),
            policy_version: 1,
        })
    };
    (0..sizes.users).map(|at| user(at, sequence)).collect()
}

/// See the module.
pub async fn run(sizes: Sizes) -> anyhow::Result<serde_json::Value> {
    let mut sequence = Sequence(7);
    let (members, placing) = members(sizes);
    let members = Arc::new(members);
    let users = users(sizes, &members, &mut sequence);
    let asked: Vec<Operation> = OPERATIONS
        .iter()
        .filter(|line| line.operation.reach() == Reach::Elements && line.object.as_str() != "system")
        .map(|line| line.operation)
        .collect();
    let questions: Vec<(usize, Operation, Object)> = (0..1_000_000)
        .filter_map(|_| {
            let operation = *asked.get(sequence.below(asked.len()))?;
            let ne = NeId(i64::try_from(sequence.below(sizes.elements)).ok()? + 1);
            Some((sequence.below(users.len()), operation, Object::placed(operation.object(), Some(ne))))
        })
        .collect();
    let circumstances = Circumstances { at: SystemClock.now(), address: None };
    let (started, mut allowed) = (Instant::now(), 0u64);
    for (user, operation, object) in &questions {
        let Some(user) = users.get(*user) else { continue };
        allowed += u64::from(decide(user, *operation, object, &circumstances).allowed);
    }
    let deciding = started.elapsed().as_secs_f64();

    let folder = tempfile::tempdir()?;
    let config = StoreConfig::sqlite(folder.path().join("elements.db"));
    let store = Store::open(config, &[netwarden_inventory::sql::MIGRATIONS]).await?;
    fill(&store, sizes).await?;
    let mut lists = Vec::new();
    for domain in ["domain-0", "domain-1"] {
        let inside = members.get(domain).context("a domain of the bench")?;
        let scope = Scope::Elements(Arc::clone(inside));
        lists.push(json!({
            "elements": inside.len(),
            "first_page": listed(&store, &scope, None).await?,
            "by_text": listed(&store, &scope, Some("sw-4")).await?,
        }));
    }
    let all = listed(&store, &Scope::All, None).await?;
    store.close().await?;
    Ok(json!({
        "decisions_per_second": questions.len() as f64 / deciding,
        "allowed": allowed,
        "placing_seconds": placing,
        "lists": lists,
        "without_domain": all,
    }))
}

async fn fill(store: &Store, sizes: Sizes) -> anyhow::Result<()> {
    for first in (0..sizes.elements).step_by(BATCH) {
        let last = sizes.elements.min(first + BATCH);
        let write = store.write(move |tx: &Tx| {
            Box::pin(async move {
                for at in first..last {
                    let element = Element {
                        id: NeId(0),
                        name: format!("sw-{at}"),
                        address: address(at),
                        credential: None,
                        enforcement: false,
                        allow_v2c: false,
                        quarantine_vlan: None,
                        voice_vlan: None,
                    };
                    let mut base = ElementBase::new(element, Timestamp::UNIX_EPOCH);
                    base.region = Some(region(at, sizes.regions));
                    insert_element(tx, &base).await?;
                }
                Ok::<(), netwarden_store::StoreError>(())
            })
        });
        write.await?;
    }
    Ok(())
}

/// A page of 100 with its count, 100 times.
async fn listed(store: &Store, scope: &Scope, text: Option<&str>) -> anyhow::Result<Percentiles> {
    let mut times = Vec::new();
    for _ in 0..100 {
        let started = Instant::now();
        let mut query = ListQuery::new(&ELEMENTS, scope);
        if let Some(text) = text {
            query = query.filter("name", Condition::Contains(text.to_owned()))?;
        }
        let query = query.page(Page::first(100));
        let read = store.read();
        let (page, count) = tokio::try_join!(list_elements(read, &query), query.count(read))?;
        anyhow::ensure!(
            !page.items.is_empty() && count != netwarden_store::Count::Exact(0),
            "nothing was listed"
        );
        times.push(started.elapsed());
    }
    Ok(Percentiles::of(times))
}
