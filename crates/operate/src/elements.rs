//! Network elements: added, changed, read at once, taken out (NEM-01); discovery of more of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_collect::discovery::try_credentials;
use netwarden_engine::{Engine, Order};
use netwarden_identity::{Object, ObjectKind, Operation, Subject};
use netwarden_inventory::{ElementBase, ElementState, MaintenanceWindow, PollWhat, PollWish};
use netwarden_model::element::{Element, Method, Scan, Schedule};
use netwarden_model::{CredentialId, NeId, Severity, VlanId};
use netwarden_reach::{Credentials, SessionOptions, SnmpEngine, SnmpError};
use netwarden_store::{FilterValue, Tx};
use netwarden_vault::Vault;
use tokio::sync::Mutex;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing, Word};
use crate::version::{Version, met};

/// UDP port of SNMP agents (RFC 3417 section 3).
pub(crate) const SNMP_PORT: u16 = 161;
/// How long an agent that is not known yet is waited for, with one set of credentials.
const TRY: SessionOptionsOfTry = SessionOptionsOfTry { timeout: Duration::from_secs(1), retries: 1 };
struct SessionOptionsOfTry {
    timeout: Duration,
    retries: u32,
}

/// One edit of elements at a time: an edit is computed from the picture that the one before has left.
pub(crate) static EDITING: Mutex<()> = Mutex::const_new(());

/// An element that is to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ElementWish {
    /// Its name; sysName, else its address, where None.
    pub name: Option<String>,
    /// `HOST[:PORT]`.
    pub address: String,
    /// Name of the credential set; all are tried in order where None.
    pub credential: Option<String>,
    /// Device class; `switch` where None.
    pub class: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// Region in which it stands.
    pub region: Option<String>,
    /// Device sets that it belongs to.
    pub device_sets: Vec<String>,
    /// Quarantine VLAN.
    pub quarantine_vlan: Option<VlanId>,
    /// Voice VLAN.
    pub voice_vlan: Option<VlanId>,
    /// Sets of less than SNMPv3 authPriv (v1, v2c, v3 without authentication or privacy) may be used: an
    /// audited exception.
    pub allow_v2c: bool,
    /// Keep it with the named set even if it does not answer now.
    pub unanswered: bool,
}

/// What shall be different of an element; None leaves a property alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
pub struct ElementEdit {
    /// Its name.
    pub name: Option<String>,
    /// `HOST[:PORT]` of its agent.
    pub address: Option<String>,
    /// Device class.
    pub class: Option<String>,
    /// Groups.
    pub groups: Option<Vec<String>>,
    /// Region in which it stands.
    pub region: Option<Option<String>>,
    /// Device sets that it belongs to.
    pub device_sets: Option<Vec<String>>,
    /// Name of the credential set.
    pub credential: Option<String>,
    /// Quarantine VLAN.
    pub quarantine_vlan: Option<Option<VlanId>>,
    /// Voice VLAN.
    pub voice_vlan: Option<Option<VlanId>>,
    /// Sets of less than SNMPv3 authPriv may be used.
    pub allow_v2c: Option<bool>,
    /// How methods are polled.
    pub schedules: BTreeMap<Method, ScheduleEdit>,
    /// Scans that are switched on or off.
    pub scans: BTreeMap<Scan, bool>,
    /// Changes may be sent.
    pub enforcement: Option<bool>,
    /// When its work is being done on; nothing is enforced then.
    pub maintenance: Option<Option<MaintenanceWindow>>,
    /// The version that the edit was made on; refused where it is another by now.
    #[serde(skip)]
    pub expected: Option<Version>,
}

/// What shall be different of how a method is polled (NAC-02); None leaves it alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ScheduleEdit {
    /// Between two polls: 5 to 86,400 s.
    pub interval: Option<Duration>,
    /// Until a request counts as lost: 100 ms to 60 s.
    pub timeout: Option<Duration>,
    /// Retransmissions after the first loss: 0 to 10.
    pub retries: Option<u8>,
}

/// An element as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownElement {
    /// As administered.
    pub base: ElementBase,
    /// Name of its credential set.
    pub credential: Option<String>,
    /// `unknown`, `reachable` or `unreachable`.
    pub status: &'static str,
    /// Last good poll of the forwarding table.
    pub last_poll: Option<Timestamp>,
    /// Scans that the last poll did not bring to their end, with the tables that are missing and why.
    pub incomplete: BTreeMap<Scan, Vec<String>>,
    /// sysDescr.
    pub descr: Option<String>,
    /// sysLocation.
    pub location: Option<String>,
    /// The version of what is administered.
    pub version: Version,
}

/// A set of the vault, opened for tries.
#[derive(Clone)]
pub(crate) struct OpenedSet {
    pub(crate) id: CredentialId,
    pub(crate) name: String,
    pub(crate) credentials: Credentials,
}

impl Desk {
    /// Adds an element that answers to one of the sets, observed only until enforcement is switched on.
    pub async fn add_element(
        &self,
        caller: &Caller,
        wish: ElementWish,
        reason: &str,
    ) -> Result<NeId, OperateError> {
        let object = Object::of(ObjectKind::Ne);
        let permit = self.permit(caller, Operation::NeCreate, &object, Some(wish.address.clone())).await?;
        let sets = self.opened_sets(wish.credential.as_deref()).await?;
        self.put_new_element(&permit, wish, &sets, reason).await
    }

    /// [`Desk::add_element`] after permission was given, for imports too.
    pub(crate) async fn put_new_element(
        &self,
        permit: &Permit,
        wish: ElementWish,
        sets: &[OpenedSet],
        reason: &str,
    ) -> Result<NeId, OperateError> {
        let address = resolve(&wish.address).await?;
        if let Some(name) = self.name_at(address) {
            return Err(OperateError::Conflict(Said::HasAddress { name, address }));
        }
        let allowed = allowed(sets, wish.allow_v2c);
        let answer = answered(self.engine.sessions().engine(), address, &allowed).await;
        let (credential, sys_name) = match answer {
            Ok((set, name)) => (Some(set.id), name),
            Err(_) if wish.unanswered && wish.credential.is_some() => {
                (allowed.first().map(|set| set.id), None)
            }
            Err(reasons) => {
                return Err(OperateError::Conflict(no_answer(address, sets, &allowed, &reasons)));
            }
        };
        let name = wish.name.or(sys_name).filter(|name| !name.trim().is_empty());
        let element = Element {
            id: NeId(0),
            name: name.unwrap_or_else(|| address.ip().to_string()),
            address,
            credential,
            enforcement: false,
            allow_v2c: wish.allow_v2c,
            quarantine_vlan: wish.quarantine_vlan,
            voice_vlan: wish.voice_vlan,
        };
        let mut base = ElementBase {
            groups: wish.groups,
            region: wish.region,
            device_sets: wish.device_sets,
            ..ElementBase::new(element, permit.at)
        };
        base.class = wish.class.unwrap_or(base.class);
        let mut record = permit.record(None, as_value(&base), reason);
        if base.element.allow_v2c {
            record.level = Severity::Warning;
        }
        let row = base.clone();
        let id = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let inserted = netwarden_inventory::sql::insert_element(tx, &row).await;
                    let id = inserted.map_err(|error| address_taken(error, row.element.address))?;
                    record.object.id = Some(id.to_string());
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>(id)
                })
            })
            .await?;
        base.element.id = id;
        self.engine.keeper().adjust(move |network| network.put_element(base)).await?;
        self.engine.element_changed(id);
        Ok(id)
    }

    /// Changes what is administered of an element. Each kind of change has a right and a record of its own.
    pub async fn edit_element(
        &self,
        caller: &Caller,
        ne: NeId,
        edit: ElementEdit,
        reason: &str,
    ) -> Result<(), OperateError> {
        let mut permits = Vec::new();
        for operation in operations_of(&edit) {
            let object = Object::placed(operation.object(), Some(ne));
            permits.push(self.permit(caller, operation, &object, Some(ne.to_string())).await?);
        }
        if edit.reaches_elsewhere() {
            // Nobody comes to another device, or to another part of the network, by way of an element of theirs.
            let anywhere = Object::everywhere(ObjectKind::Ne);
            self.permit(caller, Operation::NeModify, &anywhere, Some(ne.to_string())).await?;
        }
        require_reason(reason)?;
        check(&edit)?;
        let _one_at_a_time = EDITING.lock().await;
        let before = self.base_of(ne)?;
        met(edit.expected.as_ref(), &Version::of(&before), Said::called(Thing::NetworkElement, ne))?;
        let after = self.edited(before.clone(), &edit).await?;
        if let Some(name) = self.name_at(after.element.address)
            && after.element.address != before.element.address
        {
            let address = after.element.address;
            return Err(OperateError::Conflict(Said::HasAddress { name, address }));
        }
        let switched_on = after.element.enforcement && !before.element.enforcement;
        let records: Vec<_> = permits
            .iter()
            .map(|permit| {
                let mut record = permit.record(as_value(&before), as_value(&after), reason);
                if edit.allow_v2c == Some(true) || edit.enforcement.is_some() {
                    record.level = Severity::Warning;
                }
                record
            })
            .collect();
        let now = self.clock.now();
        let (row, wake) = (after.clone(), self.engine.enforcer().clone());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let updated = netwarden_inventory::sql::update_element(tx, &row).await;
                    if !updated.map_err(|error| address_taken(error, row.element.address))? {
                        return Err(no_element(ne));
                    }
                    for record in &records {
                        netwarden_audit::record(tx, record).await?;
                    }
                    if switched_on {
                        netwarden_actions::reconsider(tx, now, ne).await?;
                    }
                    tx.after_commit(move || wake.now());
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        if before.element.credential != after.element.credential
            || before.element.address != after.element.address
        {
            self.engine.sessions().forget(ne);
        }
        self.engine.keeper().adjust(move |network| network.put_element(after)).await?;
        self.engine.element_changed(ne);
        Ok(())
    }

    /// Takes an element out. Its history stays. Refused while something of ours stands on its ports, for
    /// nobody would restore them afterwards.
    pub async fn remove_element(&self, caller: &Caller, ne: NeId, reason: &str) -> Result<(), OperateError> {
        let permit = self.permit_element(caller, Operation::NeDelete, ne).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let base = self.base_of(ne)?;
        let held = self.held_where(Some(("ne", FilterValue::Integer(ne.0)))).await?;
        if let Some(row) = held.iter().find(|row| row.standing.changed) {
            let (port, element) = (row.port.port.clone(), base.element.name);
            return Err(OperateError::Conflict(Said::StillHeld { port, element }));
        }
        let record = permit.record(as_value(&base), None, reason);
        let plan = move |network: &netwarden_inventory::Network, now| Ok(network.plan_removal(ne, now)?);
        self.engine.keeper().edit(record, plan).await?;
        self.engine.sessions().forget(ne);
        self.engine.element_changed(ne);
        Ok(())
    }

    /// Reads everything of an element as soon as the poller can.
    pub async fn poll_element(&self, caller: &Caller, ne: NeId) -> Result<(), OperateError> {
        let permit = self.permit_element(caller, Operation::NePoll, ne).await?;
        self.base_of(ne)?;
        self.record(permit.record(None, None, "")).await?;
        order_poll(&self.engine, ne, permit.at);
        Ok(())
    }

    /// One element.
    pub async fn element(&self, caller: &Caller, ne: NeId) -> Result<ShownElement, OperateError> {
        self.permit_element(caller, Operation::NeRead, ne).await?;
        let names = self.credential_names().await?;
        let network = self.engine.keeper().picture().read();
        network.element(ne).map(|state| shown(state, &names)).ok_or_else(|| no_element(ne))
    }

    /// Elements as the picture has them, for the ids of a page of a list.
    pub(crate) async fn shown_elements(&self, ids: &[NeId]) -> Result<Vec<ShownElement>, OperateError> {
        let names = self.credential_names().await?;
        let network = self.engine.keeper().picture().read();
        Ok(ids.iter().filter_map(|ne| network.element(*ne)).map(|state| shown(state, &names)).collect())
    }

    /// Every set of the vault in its order, or the named one.
    pub(crate) async fn opened_sets(&self, named: Option<&str>) -> Result<Vec<OpenedSet>, OperateError> {
        let mut sets = Vec::new();
        for entry in self.vault.credentials().await? {
            if named.is_some_and(|name| name != entry.name) {
                continue;
            }
            sets.push(open_set(&self.vault, entry.id, entry.name).await?);
        }
        if let (Some(name), true) = (named, sets.is_empty()) {
            return Err(OperateError::not_found(Thing::CredentialSet, format!("'{name}'")));
        }
        Ok(sets)
    }

    pub(crate) fn base_of(&self, ne: NeId) -> Result<ElementBase, OperateError> {
        let network = self.engine.keeper().picture().read();
        network.element(ne).map(|state| state.base.clone()).ok_or_else(|| no_element(ne))
    }

    fn name_at(&self, address: SocketAddr) -> Option<String> {
        let network = self.engine.keeper().picture().read();
        let mut elements = network.elements();
        elements.find(|(_, e)| e.base.element.address == address).map(|(_, e)| e.base.element.name.clone())
    }

    async fn permit_element(
        &self,
        caller: &Caller,
        operation: Operation,
        ne: NeId,
    ) -> Result<Permit, OperateError> {
        let object = Object::placed(ObjectKind::Ne, Some(ne));
        self.permit(caller, operation, &object, Some(ne.to_string())).await
    }

    async fn credential_names(&self) -> Result<BTreeMap<CredentialId, String>, OperateError> {
        let entries = self.vault.credentials().await?;
        Ok(entries.into_iter().map(|entry| (entry.id, entry.name)).collect())
    }

    async fn edited(&self, mut base: ElementBase, edit: &ElementEdit) -> Result<ElementBase, OperateError> {
        if let Some(name) = &edit.credential {
            let found = self.vault.credentials().await?.into_iter().find(|entry| entry.name == *name);
            let found =
                found.ok_or_else(|| OperateError::not_found(Thing::CredentialSet, format!("'{name}'")))?;
            base.element.credential = Some(found.id);
        }
        if let Some(address) = &edit.address {
            base.element.address = resolve(address).await?;
        }
        let element = &mut base.element;
        if let Some(name) = &edit.name {
            element.name.clone_from(name);
        }
        element.quarantine_vlan = edit.quarantine_vlan.unwrap_or(element.quarantine_vlan);
        element.voice_vlan = edit.voice_vlan.unwrap_or(element.voice_vlan);
        element.allow_v2c = edit.allow_v2c.unwrap_or(element.allow_v2c);
        element.enforcement = edit.enforcement.unwrap_or(element.enforcement);
        base.maintenance = edit.maintenance.unwrap_or(base.maintenance);
        if let Some(class) = &edit.class {
            base.class.clone_from(class);
        }
        if let Some(groups) = &edit.groups {
            base.groups.clone_from(groups);
        }
        if let Some(region) = &edit.region {
            base.region.clone_from(region);
        }
        if let Some(sets) = &edit.device_sets {
            base.device_sets.clone_from(sets);
        }
        for (method, wish) in &edit.schedules {
            let now = base.schedule(*method);
            let schedule = Schedule {
                interval: wish.interval.unwrap_or(now.interval),
                timeout: wish.timeout.unwrap_or(now.timeout),
                retries: wish.retries.unwrap_or(now.retries),
            };
            base.schedules.insert(*method, schedule);
        }
        for (scan, on) in &edit.scans {
            if *on {
                base.scans_off.remove(scan);
            } else {
                base.scans_off.insert(*scan);
            }
        }
        Ok(base)
    }
}

/// Whose job it is.
pub(crate) fn owner(caller: &Caller) -> Option<netwarden_model::UserId> {
    match &caller.subject {
        Subject::User(user) => Some(user.user),
        Subject::Unidentified => None,
    }
}

impl ElementEdit {
    /// True where it says which device the element is, how it is spoken to, or where it belongs.
    const fn reaches_elsewhere(&self) -> bool {
        self.address.is_some()
            || self.credential.is_some()
            || self.allow_v2c.is_some()
            || self.region.is_some()
            || self.device_sets.is_some()
            || self.class.is_some()
    }
}

/// The rights that an edit needs: naming nothing still needs the one to modify.
fn operations_of(edit: &ElementEdit) -> Vec<Operation> {
    let mut operations = Vec::new();
    match edit.enforcement {
        Some(true) => operations.push(Operation::EnforcementEnable),
        Some(false) => operations.push(Operation::EnforcementDisable),
        None => {}
    }
    if edit.maintenance.is_some() {
        operations.push(Operation::NeSetMaintenance);
    }
    let rest = ElementEdit { enforcement: None, maintenance: None, expected: None, ..edit.clone() };
    if operations.is_empty() || rest != ElementEdit::default() {
        operations.push(Operation::NeModify);
    }
    operations
}

fn check(edit: &ElementEdit) -> Result<(), OperateError> {
    let refuse = |why: Said| Err(OperateError::Invalid(why));
    if edit.name.as_ref().is_some_and(|name| name.trim().is_empty() || name.len() > 255) {
        return refuse(Said::ElementName);
    }
    for (method, wish) in &edit.schedules {
        let method = Word::new("method", method.as_str());
        if let Some(given) = wish.interval.filter(|interval| !(5..=86_400).contains(&interval.as_secs())) {
            return refuse(Said::IntervalRange { given: given.as_secs(), method });
        }
        if let Some(given) = wish.timeout.filter(|timeout| !(100..=60_000).contains(&timeout.as_millis())) {
            let given = u64::try_from(given.as_millis()).unwrap_or(u64::MAX);
            return refuse(Said::TimeoutRange { given, method });
        }
        if let Some(given) = wish.retries.filter(|retries| *retries > 10) {
            return refuse(Said::RetriesRange { given, method });
        }
    }
    if edit.scans.get(&Scan::Interfaces) == Some(&false) {
        return refuse(Said::InterfacesAlways);
    }
    let class = edit.class.iter().map(|word| (Said::ADeviceClass, word));
    let region = edit.region.iter().flatten().map(|word| (Said::ARegion, word));
    let groups = edit.groups.iter().flatten().map(|word| (Said::AGroup, word));
    let sets = edit.device_sets.iter().flatten().map(|word| (Said::ADeviceSet, word));
    for (what, word) in class.chain(region).chain(groups).chain(sets) {
        check_label(what, word)?;
    }
    if [&edit.groups, &edit.device_sets].into_iter().flatten().any(|words| words.len() > MOST_LABELS) {
        return refuse(Said::ManyLabels { most: MOST_LABELS });
    }
    if let Some(Some(window)) = edit.maintenance
        && window.until <= window.from
    {
        return refuse(Said::WindowEnds);
    }
    Ok(())
}

/// Groups, and device sets, of one element.
const MOST_LABELS: usize = 32;

/// Names by which elements are sorted are short and printable.
fn check_label(what: Said, word: &str) -> Result<(), OperateError> {
    let fits = !word.trim().is_empty() && word.chars().count() <= 64 && !word.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    let shown: String = word.chars().filter(|c| !c.is_control()).take(64).collect();
    Err(OperateError::Invalid(Said::LabelRange { given: shown, what: what.into() }))
}

/// Everything of an element, as soon as the poller can.
pub(crate) fn order_poll(engine: &Engine, ne: NeId, at: Timestamp) {
    let what = PollWhat::Methods(Method::ALL.to_vec());
    engine.order(Order::Wish(PollWish { ne, what, due: at }));
}

fn shown(state: &ElementState, names: &BTreeMap<CredentialId, String>) -> ShownElement {
    ShownElement {
        version: Version::of(&state.base),
        base: state.base.clone(),
        credential: state.base.element.credential.and_then(|id| names.get(&id).cloned()),
        status: state.live.reachability.as_str(),
        last_poll: state.live.last_good.get(&Method::Forwarding).copied(),
        incomplete: state.live.gaps.iter().map(|(scan, gap)| (*scan, gap.reasons.clone())).collect(),
        descr: state.live.system.descr.clone(),
        location: state.live.system.location.clone(),
    }
}

async fn open_set(vault: &Arc<Vault>, id: CredentialId, name: String) -> Result<OpenedSet, OperateError> {
    let secret = vault.credential_secret(id).await?;
    let credentials = serde_json::from_slice(&secret)
        .map_err(|_| OperateError::Failed(format!("credential set '{name}' cannot be read")))?;
    Ok(OpenedSet { id, name, credentials })
}

/// Without those of less than SNMPv3 authPriv, unless that is allowed.
pub(crate) fn allowed(sets: &[OpenedSet], allow_v2c: bool) -> Vec<OpenedSet> {
    let may = |set: &&OpenedSet| allow_v2c || set.credentials.is_protected();
    sets.iter().filter(may).cloned().collect()
}

/// The first set that an agent answers to, and its sysName.
async fn answered(
    engine: &SnmpEngine,
    address: SocketAddr,
    sets: &[OpenedSet],
) -> Result<(OpenedSet, Option<String>), Vec<SnmpError>> {
    let found = try_sets(engine, address, sets).await?;
    Ok((found.0, found.1.name))
}

pub(crate) async fn try_sets(
    engine: &SnmpEngine,
    address: SocketAddr,
    sets: &[OpenedSet],
) -> Result<(OpenedSet, netwarden_model::reading::System), Vec<SnmpError>> {
    let options = SessionOptions { timeout: TRY.timeout, retries: TRY.retries, ..SessionOptions::default() };
    let open =
        |set: &OpenedSet| {
            let session = engine.session(address, &set.credentials, options);
            std::future::ready(session.map_err(|error| SnmpError::Security {
                agent: address.to_string(),
                reason: error.to_string(),
            }))
        };
    let answered = try_credentials(sets, open).await?;
    match sets.get(answered.set) {
        Some(set) => Ok((set.clone(), answered.system)),
        None => Err(Vec::new()),
    }
}

fn no_answer(address: SocketAddr, all: &[OpenedSet], tried: &[OpenedSet], reasons: &[SnmpError]) -> Said {
    if all.is_empty() {
        return Said::NoCredentials;
    }
    if tried.is_empty() {
        return Said::OnlyInClear { address };
    }
    let tried: Vec<String> =
        tried.iter().zip(reasons).map(|(set, reason)| format!("'{}': {reason}", set.name)).collect();
    Said::NoSetAnswered { tried: tried.join("; ") }
}

/// `HOST`, `HOST:PORT`, `[IPv6]:PORT` or a bare IPv6 address.
async fn resolve(text: &str) -> Result<SocketAddr, OperateError> {
    let text = text.trim();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, SNMP_PORT));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => {
            let port =
                port.parse().map_err(|_| OperateError::Invalid(Said::NoUdpPort { port: port.to_owned() }))?;
            (host, port)
        }
        None => (text, SNMP_PORT),
    };
    let is_name = !host.is_empty()
        && host.len() <= 253
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if !is_name {
        return Err(OperateError::Invalid(Said::NoAddress { text: text.to_owned() }));
    }
    let found = tokio::net::lookup_host((host, port)).await.ok().and_then(|mut found| found.next());
    found.ok_or_else(|| OperateError::Invalid(Said::NoAddressOf { host: host.to_owned() }))
}

fn address_taken(error: netwarden_store::StoreError, address: SocketAddr) -> OperateError {
    if error.is_duplicate() {
        return OperateError::Conflict(Said::AddressTaken { address });
    }
    error.into()
}

pub(crate) fn no_element(ne: NeId) -> OperateError {
    OperateError::not_found(Thing::NetworkElement, ne)
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: NAC-01, SEC-02
    #[test]
    fn what_is_less_than_auth_priv_is_tried_only_where_that_is_allowed() {
        let set =
            |id, name: &str, credentials| OpenedSet { id: CredentialId(id), name: name.into(), credentials };
        let v3 = |auth: bool, privacy: bool| Credentials::V3 {
            user: "netwarden".into(),
            auth: auth.then(|| (netwarden_reach::AuthProtocol::Sha256, "authenticate".into())),
            privacy: privacy.then(|| (netwarden_reach::PrivProtocol::Aes128, "encipher-it".into())),
            context: String::new(),
        };
        let sets = [
            set(1, "v1", Credentials::V1 { community: "c".into() }),
            set(2, "v2c", Credentials::V2c { community: "c".into() }),
            set(3, "noAuthNoPriv", v3(false, false)),
            set(4, "authNoPriv", v3(true, false)),
            set(5, "authPriv", v3(true, true)),
        ];
        let tried = |allow| allowed(&sets, allow).into_iter().map(|set| set.id.0).collect::<Vec<_>>();
        assert_eq!(tried(false), [5]);
        assert_eq!(tried(true), [1, 2, 3, 4, 5], "in their order");
    }

    #[tokio::test]
    async fn addresses_are_read_as_people_write_them() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1:161"),
            (" 192.0.2.1:1161 ", "192.0.2.1:1161"),
            ("2001:db8::1", "[2001:db8::1]:161"),
            ("[2001:db8::1]", "[2001:db8::1]:161"),
            ("[2001:db8::1]:1161", "[2001:db8::1]:1161"),
        ] {
            assert_eq!(resolve(text).await.unwrap().to_string(), address, "{text}");
        }
        for text in ["", ":161", "a b", "sw1:snmp", "sw1:70000", "http://sw1/"] {
            assert!(matches!(resolve(text).await, Err(OperateError::Invalid(_))), "{text}");
        }
    }

    #[test]
    fn an_edit_needs_the_right_of_each_kind_of_change() {
        let of = |edit: ElementEdit| operations_of(&edit);
        let none = ElementEdit::default();
        assert_eq!(of(none.clone()), [Operation::NeModify]);
        assert_eq!(
            of(ElementEdit { enforcement: Some(true), ..none.clone() }),
            [Operation::EnforcementEnable]
        );
        assert_eq!(
            of(ElementEdit { maintenance: Some(None), ..none.clone() }),
            [Operation::NeSetMaintenance]
        );
        let both = ElementEdit { enforcement: Some(false), name: Some("a".into()), ..none };
        assert_eq!(of(both), [Operation::EnforcementDisable, Operation::NeModify]);
    }
}
