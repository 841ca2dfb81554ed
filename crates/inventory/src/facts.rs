//! An endpoint's properties as they are now, for those who act rather than judge.

use jiff::Timestamp;
use netwarden_model::{EndpointFacts, Mac};

use crate::network::Network;
use crate::plan::Draft;

impl Network {
    /// All properties of an endpoint that is known.
    pub fn facts(&self, mac: Mac) -> Option<EndpointFacts> {
        self.endpoint(mac)?;
        Some(Draft::new(self, Timestamp::UNIX_EPOCH).facts(mac))
    }
}
