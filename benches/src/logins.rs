//! Logins: bound by the hash, and starving nothing else, whoever guesses (SEC-09).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use netwarden_identity::accounts::create_admin;
use netwarden_identity::{
    ADMIN, Attempt, Identity, IdentityError, IdentityPolicy, LoginResult, Plane, Presence,
};
use netwarden_model::Clock as _;
use netwarden_store::{Store, StoreConfig};
use serde_json::json;
use zeroize::Zeroizing;

use crate::numbers::{Percentiles, SystemClock};

/// Where users come from, and have come from before.
const OFFICE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

struct Site {
    identity: Identity,
    password: Zeroizing<String>,
}

impl Site {
    async fn login(&self, address: IpAddr, password: &str) -> Result<LoginResult, IdentityError> {
        let attempt = Attempt {
            plane: Plane::Om,
            name: ADMIN.to_owned(),
            password: Zeroizing::new(password.to_owned()),
            address: Some(address),
            device: String::new(),
        };
        self.identity.login(attempt, SystemClock.now(), rand::random(), rand::random()).await
    }

    /// A login that is let in: its session, and how long it took.
    async fn comes_in(&self) -> anyhow::Result<(Zeroizing<String>, Duration)> {
        let started = Instant::now();
        match self.login(OFFICE, &self.password).await? {
            LoginResult::Admitted(admitted) => Ok((admitted.secret, started.elapsed())),
            LoginResult::Refused(refused) => bail!("{refused}"),
        }
    }

    /// For so long: requests of a session every 5 ms, and a login of the same user every half second.
    async fn watch(&self, span: Duration) -> anyhow::Result<(Percentiles, Percentiles)> {
        let (secret, _) = self.comes_in().await?;
        let (mut requests, mut logins) = (Vec::new(), Vec::new());
        let began = Instant::now();
        while began.elapsed() < span {
            for _ in 0..100 {
                let started = Instant::now();
                let now = SystemClock.now();
                let known =
                    self.identity.authenticate_session(&secret, Some(OFFICE), Presence::Acts, now).await?;
                known.context("the session has ended")?;
                requests.push(started.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            logins.push(self.comes_in().await?.1);
        }
        Ok((Percentiles::of(requests), Percentiles::of(logins)))
    }
}

/// Many at once log in for `span`; logins a second.
async fn rush(site: &Arc<Site>, span: Duration) -> anyhow::Result<f64> {
    let began = Instant::now();
    let comers: Vec<_> = (0..16)
        .map(|_| {
            let site = Arc::clone(site);
            tokio::spawn(async move {
                let mut logins = 0u32;
                while began.elapsed() < span {
                    site.comes_in().await?;
                    logins += 1;
                }
                anyhow::Ok(logins)
            })
        })
        .collect();
    let mut logins = 0;
    for comer in comers {
        logins += comer.await??;
    }
    Ok(f64::from(logins) / began.elapsed().as_secs_f64())
}

/// Strangers that guess as fast as they are let, each from many addresses, until `over`.
fn strangers(site: &Arc<Site>, over: &Arc<AtomicBool>, tried: &Arc<AtomicU64>) {
    for n in 0u8..200 {
        let (site, over, tried) = (Arc::clone(site), Arc::clone(over), Arc::clone(tried));
        tokio::spawn(async move {
            let mut from = 0u32;
            while !over.load(Ordering::Relaxed) {
                from = from.wrapping_add(1);
                let [.., b, c] = from.to_be_bytes();
                match site.login(IpAddr::from([10, n, b, c]), "a guess").await {
                    Ok(_) => {
                        tried.fetch_add(1, Ordering::Relaxed);
                    }
                    // Turned away: a guesser comes again.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
    }
}

/// See the module.
pub async fn run(span_s: u64) -> anyhow::Result<serde_json::Value> {
    let span = Duration::from_secs(span_s);
    let folder = tempfile::tempdir()?;
    let config = StoreConfig::sqlite(folder.path().join("people.db"));
    let store = Store::open(config, &[netwarden_identity::MIGRATIONS]).await?;
    let identity = Identity::new(store.clone(), IdentityPolicy::default());
    let fill: [[u8; 12]; 3] = [rand::random(), rand::random(), rand::random()];
    let mut random = [0; 36];
    for (to, from) in random.iter_mut().zip(fill.as_flattened()) {
        *to = *from;
    }
    let (password, hash) = identity.first_password(Plane::Om, &random).await?.context("users")?;
    let now = SystemClock.now();
    store
        .write(move |tx| Box::pin(async move { create_admin(tx, Plane::Om, &hash, now).await.map(drop) }))
        .await?;
    let site = Arc::new(Site { identity, password });
    let mut alone = Vec::new();
    for _ in 0..50 {
        alone.push(site.comes_in().await?.1);
    }
    let per_s = rush(&site, span).await?;
    let quiet = site.watch(span).await?;
    let (over, tried) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    strangers(&site, &over, &tried);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, began) = (tried.load(Ordering::Relaxed), Instant::now());
    let guessed = site.watch(span).await?;
    let guesses = tried.load(Ordering::Relaxed) - before;
    let guesses_per_s =
        u32::try_from(guesses).map_or(f64::INFINITY, f64::from) / began.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    Ok(json!({
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "alone": Percentiles::of(alone),
        "per_second": per_s,
        "quiet": { "requests": quiet.0, "logins": quiet.1 },
        "guessed": { "requests": guessed.0, "logins": guessed.1, "guesses_per_second": guesses_per_s },
    }))
}
