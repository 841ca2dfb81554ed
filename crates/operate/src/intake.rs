//! Who is let in although the network is at its limits (SEC-09): administrators, and those who come from where
//! somebody has logged in lately. What is settable of the limits is in [`crate::parameters`].

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use netwarden_identity::{Operation, Plane};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::parameters::AccessLimits;

/// Whoever may do one of these keeps the system going; one for each plane's administration.
const KEEPING: [Operation; 3] =
    [Operation::ParameterModify, Operation::SessionEnd, Operation::EnforcementStop];

impl Desk {
    /// How much is let in over the network.
    pub fn access_limits(&self) -> AccessLimits {
        self.parameters_now().access()
    }

    /// Whether somebody has logged in from there lately.
    pub async fn is_known_address(&self, address: IpAddr) -> Result<bool, OperateError> {
        Ok(self.identity.is_known_address(address, self.clock.now()).await?)
    }

    /// Whether the caller is one of those who keep the system going.
    pub fn is_administrator(&self, caller: &Caller) -> bool {
        KEEPING.into_iter().any(|operation| self.may(caller, operation))
    }

    /// Counts that somebody was turned away at the limits; where it is to be `recorded`, the trail says from where.
    pub async fn turn_away(
        &self,
        plane: Plane,
        from: IpAddr,
        why: &str,
        recorded: bool,
    ) -> Result<(), OperateError> {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        if recorded {
            self.refuse_unidentified(plane, &from.to_string(), why).await?;
        }
        Ok(())
    }
}
