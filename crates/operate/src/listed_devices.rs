//! Devices on the blocklist (SEC-10): refused for as long as their entry holds, whoever says otherwise of them meanwhile, and
//! afterwards what they were before. From stored state alone: whatever was missed is made up for at the next look.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_audit::{Kind, ObjectRef, Outcome, Record};
use netwarden_engine::KeeperError;
use netwarden_identity::blocklists::note_device;
use netwarden_identity::{ListedDevice, Operation};
use netwarden_inventory::Network;
use netwarden_inventory::edit::EndpointEdit;
use netwarden_model::{EndpointStatus, Mac, Severity};
use netwarden_store::Tx;
use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::endpoints::{Act, Readmitted};
use crate::error::OperateError;
use crate::ports::as_value;

/// What was said of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Was {
    status: EndpointStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
}

/// Nobody has said anything of it.
const NOTHING: Was = Was { status: EndpointStatus::New, valid_until: None };

/// What is to be done about a listed device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Refuse it, and note first what was said of it where that is not noted.
    Refuse(Option<Was>),
    /// Say again what was said of it.
    Restore(Was),
    /// Forget what was said of it: somebody has said otherwise meanwhile, or it is over.
    Forget,
}

/// Pure: what follows from an entry, what was noted with it, and what is said of the device now.
fn step(holds: bool, noted: Option<Was>, now: Was, at: Timestamp) -> Option<Step> {
    let is_refused = now.status == EndpointStatus::Unauthorised;
    match (holds, noted) {
        (true, None) => Some(Step::Refuse(Some(now))),
        (true, Some(_)) if !is_refused => Some(Step::Refuse(None)),
        (true, Some(_)) | (false, None) => None,
        // An authorisation that would have ended meanwhile has.
        (false, Some(was)) if is_refused && was.valid_until.is_none_or(|until| at < until) => {
            Some(Step::Restore(was))
        }
        (false, Some(_)) => Some(Step::Forget),
    }
}

/// Pure: the entries that have ended and of whose device another one holds by now, which is to know what was said of it.
fn handovers<'d>(
    devices: &'d [ListedDevice],
    holds: impl Fn(&ListedDevice) -> bool,
) -> Vec<(&'d ListedDevice, &'d ListedDevice)> {
    let ended = devices.iter().filter(|device| device.was.is_some() && !holds(device));
    let heir = |from: &'d ListedDevice| {
        devices.iter().find(|to| to.device == from.device && to.was.is_none() && holds(to))
    };
    ended.filter_map(|from| Some((from, heir(from)?))).collect()
}

/// One at a time looks after the devices on the list, or changes which they are.
pub(crate) static LISTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl Desk {
    /// Refuses the devices that are listed, and restores those whose entry has ended; for how many something was done.
    pub async fn keep_listed_devices(&self) -> Result<usize, OperateError> {
        let _one_at_a_time = LISTING.lock().await;
        // Who is deaf to whom, and who is shut out, is asked of what was read last.
        self.identity.blocklist().await?;
        self.keep_all_devices(None).await
    }

    /// As if the entry `without` had ended; [`LISTING`] is held.
    pub(crate) async fn keep_all_devices(&self, without: Option<i64>) -> Result<usize, OperateError> {
        let (devices, now) = (self.identity.listed_devices().await?, self.clock.now());
        let holds =
            |device: &ListedDevice| Some(device.id) != without && device.ends.is_none_or(|ends| now < ends);
        let kept_out: BTreeSet<Mac> =
            devices.iter().filter(|device| holds(device)).map(|device| device.device).collect();
        self.engine.keeper().adjust(move |network| network.keep_out(kept_out)).await?;
        let (mut count, mut handed_on) = (0, false);
        for (from, to) in handovers(&devices, holds) {
            self.hand_on(from, to).await?;
            handed_on = true;
        }
        let devices = if handed_on { self.identity.listed_devices().await? } else { devices };
        for device in &devices {
            match self.keep_device(device, holds(device)).await {
                Ok(done) => count += usize::from(done),
                // The others are looked at all the same.
                Err(error) => tracing::error!(
                    device = %device.device, error = &error as &dyn std::error::Error,
                    "a device on the blocklist cannot be kept"
                ),
            }
        }
        Ok(count)
    }

    /// Does for one device what follows.
    async fn keep_device(&self, device: &ListedDevice, holds: bool) -> Result<bool, OperateError> {
        let (now, mac) = (self.clock.now(), device.device);
        let present = self.said_of(mac);
        // What cannot be read was written by another release: nothing is known of it.
        let noted = device.was.as_deref().map(|text| serde_json::from_str(text).unwrap_or(NOTHING));
        let Some(step) = step(holds, noted, present, now) else { return Ok(false) };
        match step {
            Step::Refuse(was) => {
                if let Some(was) = was
                    && !self.note_device(device.id, Some(was)).await?
                {
                    return Ok(false);
                }
                if present.status != EndpointStatus::Unauthorised {
                    let refused = Was { status: EndpointStatus::Unauthorised, valid_until: None };
                    self.say(device, present, refused, Operation::EndpointBlock).await?;
                }
            }
            Step::Restore(was) => {
                if was.status != EndpointStatus::Unauthorised {
                    self.say(device, present, was, Operation::EndpointAuthorise).await?;
                }
                self.note_device(device.id, None).await?;
            }
            Step::Forget => {
                self.note_device(device.id, None).await?;
            }
        }
        Ok(true)
    }

    /// Somebody says something of a listed device: that is what holds once its entry has ended.
    pub(crate) async fn note_said(
        &self,
        mac: Mac,
        said: Option<EndpointStatus>,
        now: Timestamp,
    ) -> Result<(), OperateError> {
        let Some(status) = said.filter(|status| *status != EndpointStatus::Authorised) else {
            return Ok(());
        };
        if let Some(entry) = self.identity.blocklist().await?.of_device(mac, now) {
            let _one_at_a_time = LISTING.lock().await;
            self.note_device(entry, Some(Was { status, valid_until: None })).await?;
        }
        Ok(())
    }

    /// What was said of a device goes from an entry to the one that holds now.
    async fn hand_on(&self, from: &ListedDevice, to: &ListedDevice) -> Result<(), OperateError> {
        let (from, to, was) = (from.id, to.id, from.was.clone());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    note_device(tx, to, was.as_deref()).await?;
                    note_device(tx, from, None).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    fn said_of(&self, mac: Mac) -> Was {
        let network = self.engine.keeper().picture().read();
        network
            .endpoint(mac)
            .map_or(NOTHING, |endpoint| Was { status: endpoint.status, valid_until: endpoint.valid_until })
    }

    /// Says something else of a device, by itself; whoever may connect from then on gets a port back that was taken.
    async fn say(
        &self,
        device: &ListedDevice,
        before: Was,
        then: Was,
        operation: Operation,
    ) -> Result<(), OperateError> {
        let mac = device.device;
        let why = format!("entry {} of the blocklist: {}", device.id, device.reason);
        let record = Record {
            level: Severity::Warning,
            old: as_value(&before),
            new: as_value(&then),
            cause: Some(why.clone()),
            ..Record::new(
                self.clock.now(),
                Kind::Operation,
                operation.name(),
                ObjectRef::new("endpoint", mac.to_string()),
                Outcome::Success,
            )
        };
        let edit = EndpointEdit {
            status: Some(then.status),
            valid_until: Some(then.valid_until),
            ..EndpointEdit::default()
        };
        let plan = move |network: &Network, now| {
            network.plan_edit(mac, &edit, now).map_err(|error| KeeperError::Refused(error.to_string()))
        };
        let may_connect = then.status == EndpointStatus::Authorised;
        let endpoints = if may_connect { BTreeSet::from([mac]) } else { BTreeSet::new() };
        let readmitted = Readmitted { endpoints, whoever_shares: false };
        // What was taken before was taken for another reason.
        let act = Act::of_system(record.clone(), &why, device.made);
        match self.edit_and_readmit(act, vec![record], readmitted, plan).await {
            Ok(_) => Ok(()),
            // It is an element's own address by now: it is none that is refused.
            Err(KeeperError::Refused(why)) => {
                tracing::warn!(%mac, why, "a device on the blocklist cannot be refused");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// False where there is no such entry any more.
    async fn note_device(&self, id: i64, was: Option<Was>) -> Result<bool, OperateError> {
        let text = was.map(|was| serde_json::to_string(&was)).transpose();
        let text = text.map_err(|error| OperateError::failed(&error))?;
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move { Ok::<bool, OperateError>(note_device(tx, id, text.as_deref()).await?) })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn was(status: EndpointStatus, valid_until_s: Option<i64>) -> Was {
        Was { status, valid_until: valid_until_s.map(|second| Timestamp::from_second(second).unwrap()) }
    }

    // proves: SEC-10
    #[test]
    fn what_was_said_of_a_device_goes_to_the_entry_that_holds_now() {
        let entry = |id: i64, device: u8, ends: Option<i64>, was: Option<&str>| ListedDevice {
            id,
            device: Mac::new([0, 0x1b, 0x21, 0, 0, device]),
            made: AT,
            ends: ends.map(|second| Timestamp::from_second(second).unwrap()),
            reason: String::new(),
            was: was.map(str::to_owned),
        };
        let holds = |one: &ListedDevice| one.ends.is_none_or(|ends| AT < ends);
        let all = [
            entry(1, 1, Some(-1), Some("authorised")),
            entry(2, 1, None, None),
            // Nobody follows this one; that one knows already; of this one nothing is known.
            entry(3, 2, Some(-1), Some("authorised")),
            entry(4, 3, Some(-1), Some("authorised")),
            entry(5, 3, None, Some("new")),
            entry(6, 4, Some(-1), None),
            entry(7, 4, None, None),
        ];
        let found: Vec<_> = handovers(&all, holds).into_iter().map(|(from, to)| (from.id, to.id)).collect();
        assert_eq!(found, [(1, 2)]);
    }

    // proves: SEC-10
    #[test]
    fn what_was_said_of_a_device_comes_back_unless_somebody_said_otherwise() {
        use EndpointStatus::{Authorised, New, Unauthorised};
        let (yes, no, never) = (was(Authorised, None), was(Unauthorised, None), was(New, None));
        let (soon, over) = (was(Authorised, Some(10)), was(Authorised, Some(-10)));
        for (holds, noted, now, expected) in [
            (true, None, yes, Some(Step::Refuse(Some(yes)))),
            (true, None, never, Some(Step::Refuse(Some(never)))),
            // Refused already: it stays so afterwards.
            (true, None, no, Some(Step::Refuse(Some(no)))),
            (true, Some(yes), no, None),
            // Somebody, or a rule, has authorised it meanwhile.
            (true, Some(never), yes, Some(Step::Refuse(None))),
            (false, Some(soon), no, Some(Step::Restore(soon))),
            (false, Some(never), no, Some(Step::Restore(never))),
            (false, Some(no), no, Some(Step::Restore(no))),
            (false, Some(over), no, Some(Step::Forget)),
            (false, Some(never), yes, Some(Step::Forget)),
            (false, None, no, None),
            (false, None, yes, None),
        ] {
            assert_eq!(step(holds, noted, now, AT), expected, "{holds} {noted:?} {now:?}");
        }
        for one in [yes, no, never, soon] {
            let text = serde_json::to_string(&one).unwrap();
            assert_eq!(serde_json::from_str::<Was>(&text).unwrap(), one);
        }
    }
}
