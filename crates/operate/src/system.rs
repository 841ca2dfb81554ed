//! The system itself: status, parameters, global stop, release of everything, backup; events and the trail.

use netwarden_actions::set_global_stop;
use std::collections::BTreeSet;

use netwarden_audit::{AuditQuery, Kind, ListedRecord, Outcome, Reach, Value};
use netwarden_identity::accounts::end_sessions_but_admins;
use netwarden_identity::{AuditReach, LoginMode, Operation, Separation, Subject, audit_reach};
use netwarden_inventory::{Counters, Endpoint};
use netwarden_model::action::Originator;
use netwarden_model::{Event, EventSeq, Plane, PortRef, Scope, Severity};
use netwarden_spine::EventQuery;
use netwarden_store::{Count, Listed, Page, Tx, execute, query_all, to_micros, values};

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::EDITING;
use crate::error::OperateError;
use crate::events::is_of_people;
use crate::parameters::{Declaration, PARAMETERS, Parameters};
use crate::ports::require_reason;
use crate::said::{Said, Thing};
use crate::version::{Version, met};

/// The state of the whole at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Elements, endpoints, those online, rows.
    pub counters: Counters,
    /// Elements that do not answer.
    pub unreachable: usize,
    /// Elements of which an essential part has been missing for several polls.
    pub incomplete: usize,
    /// Endpoints that nobody has judged.
    pub new: usize,
    /// Endpoints that are refused.
    pub unauthorised: usize,
    /// The last event.
    pub latest: EventSeq,
    /// Events that wait to be judged.
    pub behind: i64,
    /// The global stop is on.
    pub stopped: bool,
    /// The disk is full: nothing new is recorded or done.
    pub disk_full: bool,
    /// Good and failed polls.
    pub polls: netwarden_engine::PollStats,
    /// Records in the trail.
    pub records: u64,
}

/// What every page tells of the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The global stop is on.
    pub stopped: bool,
    /// The disk is full: nothing new is recorded or done.
    pub disk_full: bool,
}

/// The parameter with the roles that demand a second factor.
const SECOND_FACTOR_ROLES: &str = "identity.second_factor_roles";

impl Desk {
    /// What whoever is signed in is told on every page.
    pub async fn standing(&self) -> Result<Standing, OperateError> {
        let stopped = netwarden_actions::global_stop(self.store.read()).await?.is_some();
        Ok(Standing { stopped, disk_full: *self.store.space().borrow() == netwarden_store::Space::OnReserve })
    }

    /// The state of the whole.
    pub async fn status(&self, caller: &Caller) -> Result<Status, OperateError> {
        self.permit_of(caller, Operation::SystemStatus).await?;
        self.status_within(&caller.scope(Operation::SystemStatus)).await
    }

    /// The state of the whole, for parts of the system itself.
    pub async fn status_now(&self) -> Result<Status, OperateError> {
        self.status_within(&Scope::All).await
    }

    /// The state of the system, with what is counted of the network inside a scope.
    pub(crate) async fn status_within(&self, scope: &Scope) -> Result<Status, OperateError> {
        use netwarden_inventory::Reachability;
        use netwarden_model::EndpointStatus;

        let latest = self.spine.latest().await?;
        let consumers = self.spine.consumers().await?;
        let judged = consumers.iter().find(|c| c.name == netwarden_engine::JUDGE).map_or(0, |c| c.position.0);
        let stopped = netwarden_actions::global_stop(self.store.read()).await?.is_some();
        let records = self.trail.size().await?;
        let network = self.engine.keeper().picture().read();
        let inside = |endpoint: &&Endpoint| {
            *scope == Scope::All || scope.contains(endpoint.place.map(|place| place.ne))
        };
        let endpoints = || network.endpoints().filter(inside);
        let elements = || network.elements().filter(|(ne, _)| scope.contains(Some(*ne)));
        let of_status = |status| endpoints().filter(|e| e.status == status && e.first_seen.is_some()).count();
        let counters = match scope {
            Scope::All => network.counters(),
            Scope::Elements(_) => Counters {
                elements: elements().count(),
                endpoints: endpoints().count(),
                online: endpoints().filter(|endpoint| endpoint.online).count(),
                ..network.counters()
            },
        };
        Ok(Status {
            counters,
            unreachable: elements().filter(|(_, e)| e.live.reachability == Reachability::Unreachable).count(),
            incomplete: elements()
                .filter(|(_, element)| element.live.gaps.values().any(|gap| gap.told))
                .count(),
            new: of_status(EndpointStatus::New),
            unauthorised: of_status(EndpointStatus::Unauthorised),
            latest,
            behind: latest.0 - judged,
            stopped,
            disk_full: *self.store.space().borrow() == netwarden_store::Space::OnReserve,
            polls: self.engine.polls(),
            records,
        })
    }

    /// Events, newest first, of what the caller may see.
    pub async fn events(
        &self,
        caller: &Caller,
        query: &EventQuery,
        page: &Page,
    ) -> Result<Listed<Event>, OperateError> {
        self.permit_of(caller, Operation::EventRead).await?;
        let mut listed = self.spine.list(query, &caller.scope(Operation::EventRead), page).await?;
        // What others may not read makes a page shorter, not the list.
        if !self.may_see_people(caller) {
            listed.items.retain(|event| !is_of_people(event));
        }
        Ok(listed)
    }

    /// One event.
    pub async fn event(&self, caller: &Caller, seq: EventSeq) -> Result<Event, OperateError> {
        self.permit_of(caller, Operation::EventRead).await?;
        let event = self.spine.get(seq).await?;
        let people = self.may_see_people(caller);
        let event = event.filter(|event| {
            caller.scope(Operation::EventRead).contains(event.ne) && (people || !is_of_people(event))
        });
        event.ok_or_else(|| OperateError::not_found(Thing::Event, seq))
    }

    /// Records of the trail that the caller may read (AUD-04).
    pub async fn audit(
        &self,
        caller: &Caller,
        query: AuditQuery,
    ) -> Result<Listed<ListedRecord>, OperateError> {
        self.permit_of(caller, Operation::AuditRead).await?;
        Ok(self.trail.list(&reach(caller), query).await?)
    }

    /// How many records a query meets.
    pub async fn audit_count(&self, caller: &Caller, query: AuditQuery) -> Result<Count, OperateError> {
        self.permit_of(caller, Operation::AuditRead).await?;
        Ok(self.trail.count(&reach(caller), query).await?)
    }

    /// Every system parameter with its value in force; those of the account policy are not among them.
    pub async fn parameters(
        &self,
        caller: &Caller,
    ) -> Result<Vec<(&'static Declaration, String)>, OperateError> {
        self.permit_of(caller, Operation::ParameterRead).await?;
        Ok(self.parameters_of(false))
    }

    /// Every setting of the account policy with its value in force (IAM-08).
    pub async fn account_settings(
        &self,
        caller: &Caller,
    ) -> Result<Vec<(&'static Declaration, String)>, OperateError> {
        self.permit_of(caller, Operation::PolicyRead).await?;
        Ok(self.parameters_of(true))
    }

    fn parameters_of(&self, accounts: bool) -> Vec<(&'static Declaration, String)> {
        let parameters = self.parameters_now();
        let wanted = PARAMETERS.iter().filter(|declaration| declaration.is_of_accounts() == accounts);
        wanted.map(|declaration| (declaration, parameters.get(declaration).to_owned())).collect()
    }

    /// One system parameter with its value in force.
    pub async fn parameter(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(&'static Declaration, String), OperateError> {
        self.permit_of(caller, Operation::ParameterRead).await?;
        self.parameter_of(name, false)
    }

    /// One setting of the account policy with its value in force.
    pub async fn account_setting(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(&'static Declaration, String), OperateError> {
        self.permit_of(caller, Operation::PolicyRead).await?;
        self.parameter_of(name, true)
    }

    fn parameter_of(
        &self,
        name: &str,
        accounts: bool,
    ) -> Result<(&'static Declaration, String), OperateError> {
        let found = Declaration::find(name).ok().filter(|found| found.is_of_accounts() == accounts);
        let declaration =
            found.ok_or_else(|| OperateError::not_found(Thing::Parameter, Said::quoted(name)))?;
        Ok((declaration, self.parameters_now().get(declaration).to_owned()))
    }

    /// Sets a system parameter; it counts at once.
    pub async fn set_parameter(
        &self,
        caller: &Caller,
        name: &str,
        value: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_of(caller, Operation::ParameterModify).await?;
        require_reason(reason)?;
        let (declaration, _) = self.parameter_of(name, false)?;
        self.put_parameter(permit, declaration, value, reason, expected).await
    }

    /// Sets something of the account policy; it counts from the next request on.
    pub async fn set_account_setting(
        &self,
        caller: &Caller,
        name: &str,
        value: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_of(caller, Operation::PolicyModify).await?;
        require_reason(reason)?;
        let (declaration, _) = self.parameter_of(name, true)?;
        self.put_parameter(permit, declaration, value, reason, expected).await
    }

    async fn put_parameter(
        &self,
        permit: Permit,
        declaration: &'static Declaration,
        value: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let _one_at_a_time = EDITING.lock().await;
        let name = declaration.name;
        let mut parameters = self.parameters_now();
        let old = parameters.set(name, value)?;
        if name == SECOND_FACTOR_ROLES {
            // A role that nobody can have would demand nothing of anybody.
            for role in parameters.accounts().second_factor_roles {
                if !self.identity.knows_role(&role).await? {
                    return Err(OperateError::Invalid(Said::NoSuchRole { name: role.to_string() }));
                }
            }
        }
        met(expected.as_ref(), &parameter_version(name, &old), Said::called(Thing::Parameter, name))?;
        let mut record = permit.record(Some(Value::text(old)), Some(Value::text(value)), reason);
        record.object.id = Some(name.to_owned());
        if declaration.is_of_accounts() {
            record.level = Severity::Warning;
        }
        let is_mode = name == "identity.login_mode";
        let alone = is_mode && parameters.accounts().login_mode == LoginMode::Single;
        let (row, at) = ((name, value.to_owned()), to_micros(permit.at));
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO parameters (name, value, changed_at) VALUES ($1, $2, $3) \
                               ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at";
                    execute(tx, sql, values![row.0, row.1, at]).await?;
                    if alone {
                        end_sessions_but_admins(tx).await?;
                    }
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.use_parameters(parameters).await
    }

    /// Stops all enforcement, or lets it go on. Releases are never stopped.
    pub async fn set_global_stop(
        &self,
        caller: &Caller,
        stop: bool,
        reason: &str,
    ) -> Result<(), OperateError> {
        let operation = if stop { Operation::EnforcementStop } else { Operation::EnforcementResume };
        let permit = self.permit_of(caller, operation).await?;
        require_reason(reason)?;
        let record =
            permit.record(None, Some(Value::text(if stop { "stopped" } else { "going on" })), reason);
        let (at, by, wake) = (permit.at, permit.user().to_owned(), self.engine.enforcer().clone());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    set_global_stop(tx, at, &by, stop).await?;
                    netwarden_audit::record(tx, &record).await?;
                    tx.after_commit(move || wake.now());
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Asks for the release of every port that we hold.
    pub async fn release_all(&self, caller: &Caller, reason: &str) -> Result<Vec<PortRef>, OperateError> {
        let permit = self.permit_of(caller, Operation::EnforcementReleaseAll).await?;
        require_reason(reason)?;
        let originator = Originator::Person { user: permit.user().to_owned(), reason: reason.to_owned() };
        let record = permit.record(None, None, reason);
        let (at, wake) = (permit.at, self.engine.enforcer().clone());
        self.store
            .write_essential(move |tx: &Tx| {
                let (originator, record, wake) = (originator.clone(), record.clone(), wake.clone());
                Box::pin(async move {
                    let ports = netwarden_actions::release_all(tx, at, &originator, Desk::request_id).await?;
                    netwarden_audit::record(tx, &record).await?;
                    tx.after_commit(move || wake.now());
                    Ok::<_, OperateError>(ports)
                })
            })
            .await
    }

    /// Lets parameters govern what they govern.
    async fn use_parameters(&self, parameters: Parameters) -> Result<(), OperateError> {
        self.engine.set_guard(parameters.guard());
        self.engine.set_in_flight(parameters.polls_in_flight());
        self.engine.set_rules_depth(parameters.rules_depth());
        self.identity.use_accounts(parameters.accounts());
        let inventory = inventory_settings(&self.store, &parameters).await?;
        self.engine.keeper().adjust(move |network| network.set_settings(inventory)).await?;
        *self.parameters.write().unwrap_or_else(std::sync::PoisonError::into_inner) = parameters;
        Ok(())
    }
}

/// The version of a parameter's value.
pub fn parameter_version(name: &str, value: &str) -> Version {
    Version::of(&(name, value))
}

/// The settings of location and detection: those of the parameters, and the groups' own time-outs.
pub async fn inventory_settings(
    store: &netwarden_store::Store,
    parameters: &Parameters,
) -> Result<netwarden_inventory::Settings, OperateError> {
    let offline_after_by_group = silence_by_group(store).await?;
    Ok(netwarden_inventory::Settings { offline_after_by_group, ..parameters.inventory() })
}

/// How long members of groups may be silent, where a group says it.
pub(crate) async fn silence_by_group(
    store: &netwarden_store::Store,
) -> Result<std::collections::BTreeMap<String, std::time::Duration>, OperateError> {
    let groups = netwarden_inventory::sql::groups(store.read()).await?;
    let own = groups.into_iter().filter_map(|group| {
        let silence = u64::try_from(group.offline_after_s?).ok()?;
        Some((group.name, std::time::Duration::from_secs(silence)))
    });
    Ok(own.collect())
}

/// Records, at each start, which channels to other systems are not protected (SEC-03).
pub async fn record_exceptions(
    store: &netwarden_store::Store,
    sentences: &[String],
    now: jiff::Timestamp,
) -> Result<(), OperateError> {
    use netwarden_audit::{ObjectRef, Record};

    let records: Vec<Record> = sentences
        .iter()
        .map(|sentence| Record {
            at: now,
            kind: Kind::Security,
            level: Severity::Warning,
            user: None,
            plane: Plane::Om,
            operation: Operation::ChannelModify.name().to_owned(),
            object: ObjectRef::any("channel"),
            address: None,
            session: None,
            request: None,
            old: None,
            new: None,
            outcome: Outcome::Success,
            details: Some(sentence.clone()),
            cause: Some("the channel's definition".to_owned()),
        })
        .collect();
    if records.is_empty() {
        return Ok(());
    }
    store
        .write(move |tx: &Tx| {
            Box::pin(async move {
                netwarden_audit::record_many(tx, &records).await?;
                Ok::<(), OperateError>(())
            })
        })
        .await
}

/// Counts one more start of our own SNMP engine and answers with its snmpEngineBoots (RFC 3414 section
/// 2.2.2); at its end, 2147483647, it stays.
pub async fn count_engine_start(store: &netwarden_store::Store) -> Result<u32, OperateError> {
    let boots = store
        .write(|tx: &Tx| {
            Box::pin(async move {
                let sql = "INSERT INTO own_snmp_engine (id, boots) VALUES (1, 1) ON CONFLICT (id) \
                           DO UPDATE SET boots = CASE WHEN own_snmp_engine.boots < 2147483647 \
                           THEN own_snmp_engine.boots + 1 ELSE 2147483647 END RETURNING boots";
                let rows = query_all(tx, sql, []).await?;
                let boots = rows.first().map(|row| row.try_get_by_index::<i64>(0)).transpose();
                Ok::<_, OperateError>(boots.map_err(netwarden_store::StoreError::from)?.unwrap_or(1))
            })
        })
        .await?;
    Ok(u32::try_from(boots).unwrap_or(2_147_483_647))
}

/// The stored parameters; what is no longer understood is told and left out.
pub async fn load_parameters(store: &netwarden_store::Store) -> Result<Parameters, OperateError> {
    let rows = query_all(store.read(), "SELECT name, value FROM parameters", []).await?;
    let mut stored = Vec::with_capacity(rows.len());
    for row in rows {
        let name: String = row.try_get_by_index(0).map_err(netwarden_store::StoreError::from)?;
        let value: String = row.try_get_by_index(1).map_err(netwarden_store::StoreError::from)?;
        stored.push((name, value));
    }
    let (parameters, refused) = Parameters::from_stored(stored);
    for error in refused {
        tracing::warn!(%error, "a stored parameter is not used");
    }
    Ok(parameters)
}

/// Which records the caller may read: those of their plane, and as much of it as their roles give. Where one
/// administrator keeps all there is, the records of the platform are read in the network's plane as well.
pub(crate) fn reach(caller: &Caller) -> Reach {
    let reach = match audit_reach(&caller.subject) {
        AuditReach::All => Reach::all(),
        AuditReach::NoSecurity => {
            let mut reach = Reach::all();
            reach.kinds.remove(&Kind::Security);
            reach
        }
        AuditReach::EndpointsOnly => Reach::endpoints(),
        AuditReach::Nothing => Reach::nothing(),
    };
    let Subject::User(user) = &caller.subject else { return Reach::nothing() };
    let mut planes = BTreeSet::from([user.plane()]);
    if user.plane() == Plane::Om && user.roles.separation() == Separation::Nac {
        planes.insert(Plane::Management);
    }
    Reach { planes, ..reach }
}
