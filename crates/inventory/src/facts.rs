//! An endpoint's properties as they are now, for those who act rather than judge.

use jiff::Timestamp;
use netwarden_model::{EndpointFacts, Mac};

use crate::network::Network;
use crate::plan::Draft;

impl Network {
    /// All properties of an endpoint that is known.
    pub fn facts(&self, mac: Mac) -> Option<EndpointFacts> {
        let endpoint = self.endpoint(mac)?;
        let last_seen = self.last_seen(endpoint).or(endpoint.first_seen).unwrap_or(Timestamp::UNIX_EPOCH);
        Some(EndpointFacts { last_seen, ..Draft::new(self, last_seen).facts(mac) })
    }
}
