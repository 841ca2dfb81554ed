//! One agent: how it is asked, and what is known of it.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::Pending;
use super::engine::Engine;
use super::sizing::Sizing;
use crate::stats::Stats;
use crate::usm::UsmUser;

/// Names an agent towards its [`CommandGenerator`](super::CommandGenerator).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentId(pub(super) u64);

/// Version and credentials.
#[derive(Clone)]
pub enum Security {
    /// SNMPv1.
    V1 {
        /// community.
        community: Zeroizing<Vec<u8>>,
    },
    /// SNMPv2c.
    V2c {
        /// community.
        community: Zeroizing<Vec<u8>>,
    },
    /// SNMPv3 with the User-based Security Model; always at the level that the user's keys give.
    V3 {
        /// The user.
        user: UsmUser,
        /// contextName, usually empty.
        context: Vec<u8>,
    },
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Security::V1 { .. } => f.write_str("V1"),
            Security::V2c { .. } => f.write_str("V2c"),
            Security::V3 { user, .. } => f.debug_tuple("V3").field(user).finish(),
        }
    }
}

/// How an agent is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOptions {
    /// The longest wait for an answer, given to the last attempt in full.
    pub timeout: Duration,
    /// Retransmissions after the first datagram.
    pub retries: u32,
    /// Wait before the first retransmission, while the agent's round trip is not known; doubled with
    /// each.
    pub first_wait: Duration,
    /// max-repetitions of the first GETBULK.
    pub max_repetitions: u32,
    /// Whether max-repetitions follows the agent's answers; if not, only tooBig lowers it.
    pub adapt: bool,
    /// Octets that answers of GETBULK shall fill; what the path carries without fragments.
    pub reply_octets: u32,
    /// Columns asked for in one GETBULK or GETNEXT.
    pub max_columns: usize,
    /// Rows read of one column.
    pub max_rows: usize,
    /// Variables asked for in one GET.
    pub max_get: usize,
    /// Messages under way at once.
    pub max_in_flight: usize,
}

impl Default for AgentOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            retries: 3,
            first_wait: Duration::from_millis(400),
            max_repetitions: 25,
            adapt: true,
            reply_octets: 1_400,
            max_columns: 10,
            max_rows: 500_000,
            max_get: 40,
            max_in_flight: 4,
        }
    }
}

/// An agent to be asked.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// Version and credentials.
    pub security: Security,
    /// How it is asked.
    pub options: AgentOptions,
}

/// An agent's engine as the manager knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// snmpEngineID.
    pub id: Vec<u8>,
    /// snmpEngineBoots.
    pub boots: u32,
    /// snmpEngineTime now, in seconds.
    pub time: u32,
}

#[derive(Debug)]
pub(super) struct Agent {
    pub config: AgentConfig,
    pub sizing: Sizing,
    pub engine: Option<Engine>,
    pub discovering: bool,
    pub waiting: VecDeque<Box<Pending>>,
    pub in_flight: usize,
    pub stats: Stats,
    /// The last datagram from its address that could not be read, and when.
    pub unreadable: Option<(Instant, String)>,
    /// The other address that was last reported.
    pub elsewhere: Option<SocketAddr>,
    /// Smoothed round trip and its variation (RFC 6298 section 2).
    round_trip: Option<(Duration, Duration)>,
}

/// No retransmission comes earlier: agents compute answers for longer than the network takes.
const SHORTEST_WAIT: Duration = Duration::from_millis(150);
/// SETs are not hurried: an agent may take its time to act, and acting twice is worse than waiting.
const SHORTEST_SET_WAIT: Duration = Duration::from_millis(1_000);

impl Agent {
    pub(super) fn new(config: AgentConfig) -> Self {
        let options = &config.options;
        let sizing = Sizing::new(options.max_repetitions, options.adapt, options.reply_octets);
        Self {
            config,
            sizing,
            engine: None,
            discovering: false,
            waiting: VecDeque::new(),
            in_flight: 0,
            stats: Stats::default(),
            unreadable: None,
            elsewhere: None,
            round_trip: None,
        }
    }

    pub(super) fn needs_discovery(&self) -> bool {
        matches!(self.config.security, Security::V3 { .. }) && self.engine.is_none()
    }

    /// How long to wait after `attempts` datagrams were sent before this one.
    pub(super) fn wait(&self, attempts: u32, is_set: bool) -> Duration {
        let options = &self.config.options;
        if attempts >= options.retries {
            return options.timeout;
        }
        let first = match self.round_trip {
            Some((smoothed, variation)) => (smoothed + variation * 4).max(SHORTEST_WAIT),
            None => options.first_wait,
        };
        let first = if is_set { first.max(SHORTEST_SET_WAIT) } else { first };
        first.saturating_mul(1_u32.checked_shl(attempts.min(16)).unwrap_or(u32::MAX)).min(options.timeout)
    }

    /// A round trip without retransmission (RFC 6298 section 3, Karn's rule).
    pub(super) fn measured(&mut self, sample: Duration) {
        self.round_trip = Some(match self.round_trip {
            None => (sample, sample / 2),
            Some((smoothed, variation)) => {
                (smoothed * 7 / 8 + sample / 8, variation * 3 / 4 + smoothed.abs_diff(sample) / 4)
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        Agent::new(AgentConfig {
            address: ([127, 0, 0, 1], 161).into(),
            security: Security::V2c { community: Zeroizing::new(b"public".to_vec()) },
            options: AgentOptions { retries: 3, ..AgentOptions::default() },
        })
    }

    #[test]
    fn waits_short_first_and_the_whole_timeout_last() {
        let mut agent = agent();
        let waits = |agent: &Agent| [0, 1, 2, 3].map(|n| agent.wait(n, false).as_millis());
        assert_eq!(waits(&agent), [400, 800, 1_600, 3_000]);
        agent.measured(Duration::from_millis(10));
        assert_eq!(waits(&agent), [150, 300, 600, 3_000]);
        assert_eq!(agent.wait(0, true).as_millis(), 1_000);
        for _ in 0..50 {
            agent.measured(Duration::from_millis(900));
        }
        assert!(agent.wait(0, false) >= Duration::from_millis(900));
    }
}
