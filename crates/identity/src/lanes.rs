//! Two lanes to the hashing of passwords, which costs on purpose, and which anybody can bring about (SEC-09).
//!
//! ```text
//! strangers ─▶ a bounded queue, few of one address ─▶ common lanes: one less than there are cores
//! known     ─▶ a queue of their own ────────────────▶ common lanes, or the one that is kept for them
//! ```
//!
//! Known is who is logged in, who asks on the local socket, and whoever comes from where somebody has logged in
//! lately. However many strangers guess, those pass them by; and what strangers can bring about never takes the last
//! core, where there is more than one.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::crowd::{Crowd, Full};

/// Strangers that wait, in all.
const MOST_WAITING: usize = 64;
/// Of one address.
const MOST_OF_ADDRESS: usize = 8;
/// Those that are known and wait.
const MOST_KNOWN: usize = 256;

/// Who wants a password worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comer {
    Known,
    /// As addresses are counted: an IPv6 host has a whole /64.
    Stranger(IpAddr),
}

#[derive(Debug)]
pub(crate) struct Lanes {
    common: Arc<Semaphore>,
    kept: Arc<Semaphore>,
    queue: Arc<Mutex<Queue>>,
}

/// Those that wait or are worked on.
#[derive(Debug, Default)]
struct Queue {
    known: usize,
    strangers: Crowd,
}

impl Queue {
    fn enter(&mut self, comer: Comer) -> Result<(), Full> {
        match comer {
            Comer::Known if self.known >= MOST_KNOWN => return Err(Full::All),
            Comer::Known => self.known += 1,
            Comer::Stranger(address) => self.strangers.enter(address, MOST_WAITING, MOST_OF_ADDRESS)?,
        }
        Ok(())
    }

    fn leave(&mut self, comer: Comer) {
        match comer {
            Comer::Known => self.known = self.known.saturating_sub(1),
            Comer::Stranger(address) => self.strangers.leave(address),
        }
    }
}

/// A place in the queue, given back when dropped: also by who does not wait any longer.
struct Place {
    queue: Arc<Mutex<Queue>>,
    comer: Comer,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).leave(self.comer);
    }
}

/// A lane, given back when dropped.
pub(crate) struct Lane {
    _lane: OwnedSemaphorePermit,
    _place: Place,
}

impl Lanes {
    /// For a machine of so many cores.
    pub(crate) fn new(cores: usize) -> Self {
        Self {
            common: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
            kept: Arc::new(Semaphore::new(1)),
            queue: Arc::default(),
        }
    }

    /// Waits for a lane, or says at once that too many do.
    pub(crate) async fn enter(&self, comer: Comer) -> Result<Lane, Full> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).enter(comer)?;
        let place = Place { queue: Arc::clone(&self.queue), comer };
        let common = Arc::clone(&self.common).acquire_owned();
        let lane = match comer {
            Comer::Stranger(_) => common.await,
            Comer::Known => tokio::select! {
                biased;
                lane = common => lane,
                lane = Arc::clone(&self.kept).acquire_owned() => lane,
            },
        };
        Ok(Lane { _lane: lane.map_err(|_| Full::All)?, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn stranger(n: u8) -> Comer {
        Comer::Stranger(IpAddr::from([192, 0, 2, n]))
    }

    /// Whether it gets a lane without anybody else's leaving.
    async fn passes(lanes: &Lanes, comer: Comer) -> bool {
        matches!(timeout(Duration::from_millis(20), lanes.enter(comer)).await, Ok(Ok(_)))
    }

    // proves: SEC-09
    #[tokio::test]
    async fn who_is_known_passes_strangers_by() {
        for cores in [1, 2, 8] {
            let lanes = Lanes::new(cores);
            let mut taken = Vec::new();
            for n in 0..cores.saturating_sub(1).max(1) {
                taken.push(lanes.enter(stranger(u8::try_from(n).unwrap())).await.unwrap());
            }
            assert!(!passes(&lanes, stranger(200)).await, "{cores}: a lane too many for strangers");
            let known = lanes.enter(Comer::Known).await.unwrap();
            assert!(!passes(&lanes, Comer::Known).await, "{cores}: there is one that is kept");
            drop(known);
            assert!(passes(&lanes, Comer::Known).await);
            taken.pop();
            assert!(passes(&lanes, stranger(200)).await, "{cores}: a lane that was given back");
        }
    }

    // proves: SEC-09
    #[tokio::test]
    async fn no_address_fills_the_queue_and_neither_do_all_of_them() {
        let lanes = Lanes::new(2);
        let _taken = lanes.enter(stranger(0)).await.unwrap();
        let others = u8::try_from(MOST_WAITING - MOST_OF_ADDRESS).unwrap();
        let mut waiting = Vec::new();
        for n in [0; MOST_OF_ADDRESS - 1].into_iter().chain(1..=others) {
            let mut entering = Box::pin(lanes.enter(stranger(n)));
            assert!(futures::poll!(&mut entering).is_pending());
            waiting.push(entering);
            if waiting.len() == MOST_OF_ADDRESS - 1 {
                assert!(matches!(lanes.enter(stranger(0)).await, Err(Full::Address)));
            }
        }
        assert!(matches!(lanes.enter(stranger(250)).await, Err(Full::All)));
        assert!(passes(&lanes, Comer::Known).await);
        // Who gives up leaves room for others.
        waiting.pop();
        assert!(!matches!(timeout(Duration::from_millis(20), lanes.enter(stranger(251))).await, Ok(Err(_))));
    }
}
