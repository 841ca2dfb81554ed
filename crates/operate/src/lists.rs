//! Lists: endpoints, elements, ports, groups, rules, the trail, users, tokens; history of places (NAC-16).

use std::collections::BTreeMap;

use jiff::Timestamp;
use netwarden_actions::DesiredPort;
use netwarden_audit::{AuditQuery, ListedRecord};
use netwarden_identity::{ACCOUNTS, Account, Object, ObjectKind, Operation};
use netwarden_inventory::sql::{
    self, ELEMENTS, ENDPOINTS, EndpointRow, EndpointView, PORTS, PortView, SightingView, Where,
};
use netwarden_inventory::{Network, RoleOverride, UplinkBy};
use netwarden_model::access::Progress;
use netwarden_model::action::Originator;
use netwarden_model::{
    Configuration, Event, EventKind, EventSeq, Mac, NeId, PortName, PortRef, Scope, Severity, VlanId,
};
use netwarden_rules::sql::ListedRule;
use netwarden_spine::EventQuery;
use netwarden_store::{
    Condition, Count, Direction, FilterValue, ListError, ListQuery, PAGE_LIMIT, Page, to_micros,
};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::ShownElement;
use crate::endpoints::endpoint_version;
use crate::error::OperateError;
use crate::events::is_of_people;
use crate::groups::ShownGroup;
use crate::ports::{not_known, port_version};
use crate::said::{Said, Thing};
use crate::version::Version;
use crate::why::ne_name;

/// Rows on a page unless the caller says otherwise.
const DEFAULT_LIMIT: u64 = 100;

/// What a caller wants to see of a list, in the words of the interfaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListWish {
    /// Column and value.
    pub filters: Vec<(String, String)>,
    /// Found in the list's texts.
    pub text: Option<String>,
    /// Column; `-` before it for descending.
    pub sort: Option<String>,
    /// Rows wanted, 1 to 1,000.
    pub limit: Option<u64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// A page, and how many rows there are on all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where it goes on; None after the last row.
    pub next: Option<String>,
    /// Rows of all pages.
    pub count: Count,
}

/// An endpoint as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownEndpoint {
    /// Its row.
    pub view: EndpointView,
    /// The only port where it belongs, with the element's name.
    pub bound_to: Option<(PortRef, String)>,
    /// Own time-out for mac_offline, in seconds.
    pub offline_after_s: Option<u64>,
    /// Its security configuration, as it was reported.
    pub configuration: Configuration,
    /// The version of what people and rules set of it.
    pub version: Version,
}

/// A port as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPort {
    /// Its row.
    pub view: PortView,
    /// Why it has its role; None for an access port by default.
    pub role_reason: Option<Said>,
    /// Endpoints on it now.
    pub endpoints: Vec<Mac>,
    /// What we want of it; None where nothing of ours is on it.
    pub enforcement: Option<Said>,
    /// Who wanted that, and why; None where nothing of ours is on it.
    pub because: Option<Said>,
    /// The version of what an administrator says of it.
    pub version: Version,
}

/// How a filter's text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reads {
    Text,
    Part,
    Number,
    Truth,
    Mac,
}

/// Of the list of ports those whose access we hold, or want to.
const HELD: &str = "EXISTS (SELECT 1 FROM desired_ports d WHERE d.ne = p.ne AND d.port = p.name \
                    AND d.progress <> 'released')";

pub(crate) type Filters = &'static [(&'static str, Reads)];

const ENDPOINT_FILTERS: Filters = &[
    ("mac", Reads::Mac),
    ("status", Reads::Text),
    ("compliance", Reads::Text),
    ("group", Reads::Text),
    ("vendor", Reads::Part),
    ("name", Reads::Part),
    ("ne", Reads::Number),
    ("port", Reads::Text),
    ("vlan", Reads::Number),
    ("online", Reads::Truth),
    ("owner", Reads::Part),
];
const ELEMENT_FILTERS: Filters = &[
    ("name", Reads::Part),
    ("address", Reads::Part),
    ("class", Reads::Text),
    ("status", Reads::Text),
    ("enforcement", Reads::Truth),
    ("groups", Reads::Part),
    ("region", Reads::Text),
    ("device_sets", Reads::Part),
    ("system", Reads::Part),
];
const PORT_FILTERS: Filters = &[
    ("ne", Reads::Number),
    ("ne_name", Reads::Part),
    ("name", Reads::Text),
    ("alias", Reads::Part),
    ("role", Reads::Text),
    ("protected", Reads::Truth),
    ("oper_status", Reads::Text),
    ("admin_status", Reads::Text),
    ("pvid", Reads::Number),
];
const GROUP_FILTERS: Filters = &[("name", Reads::Part), ("description", Reads::Part)];
const RULE_FILTERS: Filters = &[("name", Reads::Part), ("enabled", Reads::Truth)];
const USER_FILTERS: Filters = &[
    ("name", Reads::Part),
    ("roles", Reads::Part),
    ("enabled", Reads::Truth),
    ("address_policy", Reads::Text),
    ("hours_policy", Reads::Text),
    ("tenant", Reads::Text),
];

const SESSION_FILTERS: Filters = &[("user", Reads::Part), ("address", Reads::Part)];
const LOGIN_FILTERS: Filters = &[
    ("user", Reads::Part),
    ("address", Reads::Part),
    ("refused", Reads::Text),
    ("was_refused", Reads::Truth),
];
const SHARING_FILTERS: Filters = &[("user", Reads::Part), ("kind", Reads::Text)];
const LOGIN_POLICY_FILTERS: Filters = &[("name", Reads::Part), ("kind", Reads::Text)];
const FACTOR_FILTERS: Filters = &[("label", Reads::Part)];
const DOMAIN_FILTERS: Filters = &[("name", Reads::Part)];
const AUDIT_FILTERS: Filters = &[
    ("index", Reads::Number),
    ("kind", Reads::Text),
    ("user", Reads::Text),
    ("plane", Reads::Text),
    ("operation", Reads::Text),
    ("object_kind", Reads::Text),
    ("object", Reads::Text),
    ("address", Reads::Text),
    ("session", Reads::Text),
    ("request", Reads::Text),
    ("outcome", Reads::Text),
];

impl Desk {
    /// Endpoints inside the caller's scope. `ip` keeps those who have the address now.
    pub async fn endpoints(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownEndpoint>, OperateError> {
        let wish = self.paged(wish);
        self.permit_of(caller, Operation::EndpointRead).await?;
        let (ip, wish) = take(wish, "ip");
        let mut query = ListQuery::new(&ENDPOINTS, &caller.scope(Operation::EndpointRead));
        if let Some(ip) = ip {
            let ip = ip.parse().map_err(|_| is_no("ip", &ip, Said::IpAddress))?;
            query = sql::having_ip(query, ip)?;
        }
        let query = filled(query, ENDPOINT_FILTERS, &["text"], wish)?;
        let read = self.store.read();
        let (listed, count) = tokio::try_join!(sql::list_endpoints(read, &query), query.count(read))?;
        let network = self.engine.keeper().picture().read();
        let shown = |row: EndpointRow| shown_endpoint(&network, row.placed(&network));
        Ok(Counted { items: listed.items.into_iter().map(shown).collect(), next: listed.next, count })
    }

    /// One endpoint.
    pub async fn endpoint(&self, caller: &Caller, mac: Mac) -> Result<ShownEndpoint, OperateError> {
        let ne = self.engine.keeper().picture().read().location(mac).map(|port| port.ne);
        let object = Object::placed(ObjectKind::Endpoint, ne);
        self.permit(caller, Operation::EndpointRead, &object, Some(mac.to_string())).await?;
        let key = FilterValue::Integer(i64::try_from(mac.to_u64()).unwrap_or_default());
        let query = ListQuery::new(&ENDPOINTS, &caller.scope(Operation::EndpointRead))
            .filter("mac", Condition::Eq(key))?;
        let row = sql::list_endpoints(self.store.read(), &query).await?.items.pop();
        let row = row.ok_or_else(|| no_endpoint(mac))?;
        let network = self.engine.keeper().picture().read();
        Ok(shown_endpoint(&network, row.placed(&network)))
    }

    /// Elements inside the caller's scope.
    pub async fn elements(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownElement>, OperateError> {
        let wish = self.paged(wish);
        self.permit_of(caller, Operation::NeRead).await?;
        let query = ListQuery::new(&ELEMENTS, &caller.scope(Operation::NeRead));
        let query = filled(query, ELEMENT_FILTERS, &["name", "address", "system", "groups"], wish)?;
        let listed = sql::list_elements(self.store.read(), &query).await?;
        let count = query.count(self.store.read()).await?;
        let ids: Vec<NeId> = listed.items.iter().map(|view| view.id).collect();
        Ok(Counted { items: self.shown_elements(&ids).await?, next: listed.next, count })
    }

    /// Ports inside the caller's scope.
    pub async fn ports(&self, caller: &Caller, wish: ListWish) -> Result<Counted<ShownPort>, OperateError> {
        let wish = self.paged(wish);
        self.permit_of(caller, Operation::PortRead).await?;
        let (enforced, wish) = take(wish, "enforced");
        let held = self.held_ports().await?;
        let mut query = ListQuery::new(&PORTS, &caller.scope(Operation::PortRead));
        if let Some(enforced) = enforced {
            if enforced != "true" {
                return Err(OperateError::Invalid(Said::EnforcedTakesTrue));
            }
            // By the rows, not by a list of ids, which has at most 1,000.
            query = query.and(HELD, Vec::new())?;
        }
        let query = filled(query, PORT_FILTERS, &["name", "alias", "ne_name"], wish)?;
        let read = self.store.read();
        let (listed, count) = tokio::try_join!(sql::list_ports(read, &query), query.count(read))?;
        Ok(Counted { items: self.shown_ports(listed.items, &held).await?, next: listed.next, count })
    }

    /// One port.
    pub async fn port(&self, caller: &Caller, port: &PortRef) -> Result<ShownPort, OperateError> {
        self.permit_port(caller, Operation::PortRead, port).await?;
        let query = ListQuery::new(&PORTS, &caller.scope(Operation::PortRead))
            .filter("ne", Condition::Eq(port.ne.0.into()))?
            .filter("name", Condition::Eq(port.port.0.clone().into()))?;
        let listed = sql::list_ports(self.store.read(), &query).await?;
        let held = self.held_ports().await?;
        let shown = self.shown_ports(listed.items, &held).await?.pop();
        shown.ok_or_else(|| not_known(port))
    }

    async fn shown_ports(
        &self,
        views: Vec<PortView>,
        held: &BTreeMap<PortRef, DesiredPort>,
    ) -> Result<Vec<ShownPort>, OperateError> {
        let mut because = BTreeMap::new();
        for view in &views {
            let port = PortRef { ne: view.ne, port: view.name.clone() };
            let Some(row) = held.get(&port) else { continue };
            let request = netwarden_actions::request_by_id(self.store.read(), row.request).await?;
            because.insert(port, originator_words(&request.request.originator));
        }
        let network = self.engine.keeper().picture().read();
        Ok(views.into_iter().map(|view| shown_port(&network, held, &mut because, view)).collect())
    }

    /// With as many rows on a page as the parameter says, where the caller says nothing.
    pub(crate) fn paged(&self, wish: ListWish) -> ListWish {
        ListWish { limit: wish.limit.or_else(|| Some(self.parameters_now().page_rows())), ..wish }
    }

    /// Ports whose access we hold, or want to.
    pub(crate) async fn held_ports(&self) -> Result<BTreeMap<PortRef, DesiredPort>, OperateError> {
        let held = self.held_where(None).await?;
        Ok(held.into_iter().map(|row| (row.port.clone(), row)).collect())
    }

    /// Ports whose access we hold, or want to, with this value in a column: all of them, however many pages
    /// they fill and however many released ones stand between them.
    pub(crate) async fn held_where(
        &self,
        only: Option<(&str, FilterValue)>,
    ) -> Result<Vec<DesiredPort>, OperateError> {
        let mut wanted = ListQuery::unscoped(&netwarden_actions::sql::DESIRED_PORTS)
            .filter("progress", Condition::NotEq(FilterValue::from("released")))?;
        if let Some((column, value)) = only {
            wanted = wanted.filter(column, Condition::Eq(value))?;
        }
        let (mut held, mut after) = (Vec::new(), None);
        loop {
            let query = wanted.clone().page(Page { limit: PAGE_LIMIT, after });
            let listed = netwarden_actions::list_desired(self.store.read(), &query).await?;
            held.extend(listed.items);
            after = listed.next;
            if after.is_none() {
                return Ok(held);
            }
        }
    }

    /// How many ports' access inside a scope we hold, or want to.
    pub async fn ports_enforced(&self, scope: &Scope) -> Result<u64, OperateError> {
        let held = self.held_ports().await?;
        let inside = held.keys().filter(|port| scope.contains(Some(port.ne))).count();
        Ok(u64::try_from(inside).unwrap_or(u64::MAX))
    }

    /// Where this endpoint, address, name or user was; what was on this port. At one time where `from`
    /// and `until` are equal. The latest 1,000 rows; [`Desk::list_history`] has all of them.
    pub async fn history(
        &self,
        caller: &Caller,
        whom: &Where,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<SightingView>, OperateError> {
        let query = self.history_query(caller, whom, from, until).await?.page(Page::first(PAGE_LIMIT));
        Ok(sql::list_sightings(self.store.read(), &query).await?.items)
    }

    /// A page of [`Desk::history`], the latest first unless sorted otherwise. A text is found in the port, its
    /// element, the user, and in what the endpoint is found by.
    pub async fn list_history(
        &self,
        caller: &Caller,
        whom: &Where,
        (from, until): (Timestamp, Timestamp),
        wish: ListWish,
    ) -> Result<Counted<SightingView>, OperateError> {
        let wish = self.paged(wish);
        let query = self.history_query(caller, whom, from, until).await?;
        let query = filled(query, &[], &["port", "ne_name", "user", "text"], wish)?;
        let read = self.store.read();
        let (listed, count) = tokio::try_join!(sql::list_sightings(read, &query), query.count(read))?;
        Ok(Counted { items: listed.items, next: listed.next, count })
    }

    async fn history_query(
        &self,
        caller: &Caller,
        whom: &Where,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<ListQuery, OperateError> {
        match whom {
            Where::Port(port) => {
                self.permit_port(caller, Operation::PortHistory, port).await?;
            }
            _ => {
                self.permit_of(caller, Operation::EndpointHistory).await?;
            }
        }
        if until < from {
            return Err(OperateError::Invalid(Said::EndsBeforeItBegins));
        }
        Ok(sql::sightings_of(&caller.scope(Operation::EndpointHistory), whom, from, until)?)
    }

    /// Groups of endpoints, by name unless sorted otherwise.
    pub async fn list_groups(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownGroup>, OperateError> {
        let wish = self.paged(wish);
        self.permit_of(caller, Operation::GroupRead).await?;
        let query = ListQuery::unscoped(&sql::GROUPS);
        let query = filled(query, GROUP_FILTERS, &["name", "description"], wish)?;
        let read = self.store.read();
        let (listed, count) = tokio::try_join!(sql::list_groups(read, &query), query.count(read))?;
        let items = listed.items.into_iter().map(|group| self.shown_group(group)).collect();
        Ok(Counted { items, next: listed.next, count })
    }

    /// Rules.
    pub async fn list_rules(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ListedRule>, OperateError> {
        let wish = self.paged(wish);
        let query = filled(netwarden_rules::sql::list_query()?, RULE_FILTERS, &["name"], wish)?;
        let listed = self.rules(caller, &query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// Records of the trail, the latest first unless sorted otherwise; `from` and `until` confine them.
    pub async fn list_audit(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ListedRecord>, OperateError> {
        let wish = self.paged(wish);
        let (from, wish) = take(wish, "from");
        let (until, wish) = take(wish, "until");
        let mut filters = conditions(AUDIT_FILTERS, &wish.filters)?;
        let (from, until) = (time("from", from)?, time("until", until)?);
        if from.is_some() || until.is_some() {
            let micros = |time: Timestamp| FilterValue::Integer(to_micros(time));
            filters
                .push(("at".to_owned(), Condition::Range { from: from.map(micros), to: until.map(micros) }));
        }
        let sort = wish.sort.as_deref().map(direction).map(|(name, way)| (name.to_owned(), way));
        let page = page(&wish)?;
        let query = AuditQuery { filters, text: wish.text, sort, page };
        let listed = self.audit(caller, query.clone()).await?;
        let count = self.audit_count(caller, query).await?;
        Ok(Counted { items: listed.items, next: listed.next, count })
    }

    /// Events after `after` that the caller may see and `filters` (as of [`Desk::list_events`]) describe, oldest first, and the place that was read up to.
    pub async fn events_after(
        &self,
        caller: &Caller,
        filters: &[(String, String)],
        after: EventSeq,
        limit: u64,
    ) -> Result<(Vec<Event>, EventSeq), OperateError> {
        self.permit_of(caller, Operation::EventRead).await?;
        let query = event_query(filters.to_vec())?;
        let mut events = self.spine.read_from(after, limit).await?;
        let last = events.last().map_or(after, |event| event.seq);
        let scope = caller.scope(Operation::EventRead);
        let people = self.may_see_people(caller);
        events.retain(|event| {
            scope.contains(event.ne) && meets(&query, event) && (people || !is_of_people(event))
        });
        Ok((events, last))
    }

    /// Accounts, without their passwords.
    pub async fn users(&self, caller: &Caller, wish: ListWish) -> Result<Counted<Account>, OperateError> {
        let wish = self.paged(wish);
        self.permit_of(caller, Operation::UserRead).await?;
        let seen = crate::accounts::seen_by(caller, ListQuery::unscoped(&ACCOUNTS))?;
        let query = filled(seen, USER_FILTERS, &["name"], wish)?;
        let listed = self.identity.list_users(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }
}

/// What is wanted of the list of sessions.
pub(crate) fn session_query(sessions: ListQuery, wish: ListWish) -> Result<ListQuery, OperateError> {
    filled(sessions, SESSION_FILTERS, &["user", "address"], wish)
}

/// The newest first unless sorted otherwise.
pub(crate) fn login_query(query: ListQuery, wish: ListWish) -> Result<ListQuery, OperateError> {
    let sort = wish.sort.or_else(|| Some("-id".to_owned()));
    filled(query, LOGIN_FILTERS, &["user", "address"], ListWish { sort, ..wish })
}

/// The newest first unless sorted otherwise.
pub(crate) fn sharing_query(query: ListQuery, wish: ListWish) -> Result<ListQuery, OperateError> {
    let sort = wish.sort.or_else(|| Some("-id".to_owned()));
    filled(query, SHARING_FILTERS, &["user", "told"], ListWish { sort, ..wish })
}

pub(crate) fn login_policy_query(wish: ListWish) -> Result<ListQuery, OperateError> {
    filled(ListQuery::unscoped(&netwarden_identity::LOGIN_POLICIES), LOGIN_POLICY_FILTERS, &["name"], wish)
}

pub(crate) fn factor_query(query: ListQuery, wish: ListWish) -> Result<ListQuery, OperateError> {
    filled(query, FACTOR_FILTERS, &["label"], wish)
}

pub(crate) fn domain_query(wish: ListWish) -> Result<ListQuery, OperateError> {
    filled(
        ListQuery::unscoped(&netwarden_identity::DOMAINS),
        DOMAIN_FILTERS,
        &["name", "description", "definition"],
        wish,
    )
}

/// An endpoint that nobody has ever seen or listed.
pub(crate) fn no_endpoint(mac: Mac) -> OperateError {
    OperateError::not_found(Thing::Endpoint, mac)
}

/// What we want of a port, and how far it is.
pub(crate) fn wanted(row: &DesiredPort) -> Said {
    let access = Said::from(&row.access).into();
    let note = row.standing.note.clone();
    match row.standing.progress {
        Progress::Pending => Said::ToBe { access },
        Progress::ObserveOnly => Said::WouldBe { access },
        Progress::Held => Said::ToBeHeld { access, note },
        Progress::Attempted => Said::BeingDone { access },
        Progress::Verified => Said::Verified { access },
        Progress::Releasing => Said::BeingReleased { access },
        Progress::Released => Said::Released,
        Progress::Failed => Said::ToBeFailed { access, note },
    }
}

/// Who wanted something, and why.
fn originator_words(originator: &Originator) -> Said {
    let because = |who: Said, reason: &String| Said::Noted { said: who.into(), note: reason.clone() };
    match originator {
        Originator::Rule { name, event, .. } => Said::RuleOnEvent { name: name.clone(), event: *event },
        Originator::Person { user, reason } => because(user.clone().into(), reason),
        Originator::System { reason } => because(Said::TheSystem, reason),
    }
}

fn shown_endpoint(network: &Network, view: EndpointView) -> ShownEndpoint {
    let bound = network.endpoint(view.mac).and_then(|endpoint| endpoint.bound_to.clone());
    let bound_to = bound.map(|port| {
        let name = network.element(port.ne).map(|element| element.base.element.name.clone());
        let name = name.unwrap_or_else(|| format!("NE {}", port.ne));
        (port, name)
    });
    let known = network.endpoint(view.mac);
    let offline_after_s = known.and_then(|endpoint| endpoint.offline_after).map(|after| after.as_secs());
    let version = known.map_or_else(|| Version::of(""), endpoint_version);
    let configuration = known.map(|endpoint| endpoint.configuration.clone()).unwrap_or_default();
    ShownEndpoint { view, bound_to, offline_after_s, configuration, version }
}

fn shown_port(
    network: &Network,
    held: &BTreeMap<PortRef, DesiredPort>,
    because: &mut BTreeMap<PortRef, Said>,
    view: PortView,
) -> ShownPort {
    let port = PortRef { ne: view.ne, port: view.name.clone() };
    let mut endpoints: Vec<Mac> = network.endpoints_on(port.ne, &port.port).iter().map(|e| e.mac).collect();
    endpoints.sort_unstable();
    ShownPort {
        role_reason: role_reason(network, &port),
        endpoints,
        enforcement: held.get(&port).map(wanted),
        because: because.remove(&port),
        version: port_version(network, &port),
        view,
    }
}

fn role_reason(network: &Network, port: &PortRef) -> Option<Said> {
    let element = network.element(port.ne)?;
    let found = element.port(&port.port)?;
    if let Some(role) = found.role_override {
        return Some(match role {
            RoleOverride::Uplink => Said::SaidUplink,
            RoleOverride::Access => Said::SaidAccess,
        });
    }
    if let Some(aggregate) = found.lag.as_ref().filter(|aggregate| **aggregate != port.port) {
        return Some(Said::OfAggregate { aggregate: aggregate.clone() });
    }
    let name = |ne: &NeId| ne_name(network, *ne).into();
    Some(match found.uplink.as_ref()? {
        UplinkBy::Neighbour { name: neighbour, .. } => Said::NeighbourBehind { neighbour: neighbour.clone() },
        UplinkBy::ElementMac { mac, ne } => Said::ElementLearned { mac: mac.to_string(), ne: name(ne) },
        UplinkBy::Behind { ne } => Said::ElementBehind { ne: name(ne) },
        UplinkBy::Count { macs } => Said::Crowd { macs: *macs },
    })
}

/// Takes a filter out that is no column.
fn take(mut wish: ListWish, name: &str) -> (Option<String>, ListWish) {
    let at = wish.filters.iter().position(|(column, _)| column == name);
    let taken = at.map(|at| wish.filters.swap_remove(at).1);
    (taken, wish)
}

pub(crate) fn page(wish: &ListWish) -> Result<Page, OperateError> {
    let limit = wish.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        return Err(OperateError::Invalid(Said::PageRows { most: PAGE_LIMIT, given: limit }));
    }
    Ok(Page { limit, after: wish.after.clone() })
}

pub(crate) fn direction(sort: &str) -> (&str, Direction) {
    match sort.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (sort, Direction::Ascending),
    }
}

pub(crate) fn filled(
    mut query: ListQuery,
    filters: Filters,
    texts: &[&str],
    wish: ListWish,
) -> Result<ListQuery, OperateError> {
    let page = page(&wish)?;
    for (name, condition) in conditions(filters, &wish.filters)? {
        query = query.filter(&name, condition)?;
    }
    if let Some(text) = wish.text.filter(|text| !text.is_empty()) {
        query = query.search(texts, &text)?;
    }
    if let Some(sort) = &wish.sort {
        let (name, way) = direction(sort);
        query = query.sort(name, way)?;
    }
    Ok(query.page(page))
}

pub(crate) fn conditions(
    filters: Filters,
    wanted: &[(String, String)],
) -> Result<Vec<(String, Condition)>, OperateError> {
    wanted
        .iter()
        .map(|(name, text)| {
            let found = filters.iter().find(|(column, _)| column == name);
            let (column, reads) = found.ok_or_else(|| {
                let known = filters.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(", ");
                ListError::UnknownColumn { name: name.chars().take(64).collect(), known }
            })?;
            Ok(((*column).to_owned(), condition(column, *reads, text)?))
        })
        .collect()
}

/// What was given for a column is nothing that it takes.
fn is_no(column: &str, given: &str, what: Said) -> OperateError {
    let (column, given) = (column.to_owned(), given.chars().take(64).collect());
    OperateError::Invalid(Said::IsNo { column, given, what: what.into() })
}

fn condition(column: &str, reads: Reads, text: &str) -> Result<Condition, OperateError> {
    let wrong = |what: Said| is_no(column, text, what);
    Ok(match reads {
        Reads::Part => Condition::Contains(text.to_owned()),
        // Several words by commas, as in status=new,unauthorised.
        Reads::Text if text.contains(',') => Condition::In(text.split(',').map(FilterValue::from).collect()),
        Reads::Text => Condition::Eq(text.into()),
        Reads::Number => Condition::Eq(text.parse::<i64>().map_err(|_| wrong(Said::WholeNumber))?.into()),
        Reads::Truth => Condition::Eq(text.parse::<bool>().map_err(|_| wrong(Said::TrueOrFalse))?.into()),
        Reads::Mac => {
            let mac: Mac = text.parse().map_err(|_| wrong(Said::MacAddress))?;
            Condition::Eq(i64::try_from(mac.to_u64()).unwrap_or_default().into())
        }
    })
}

pub(crate) fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>, OperateError> {
    text.map(|text| text.parse().map_err(|_| is_no(name, &text, Said::Time))).transpose()
}

pub(crate) fn event_query(filters: Vec<(String, String)>) -> Result<EventQuery, OperateError> {
    let mut query = EventQuery::default();
    for (name, text) in filters {
        let wrong = |what: Said| is_no(&name, &text, what);
        match name.as_str() {
            "kind" => {
                for kind in text.split(',').filter(|kind| !kind.is_empty()) {
                    let kind = kind.parse::<EventKind>();
                    query.kinds.push(kind.map_err(|error| OperateError::Invalid(error.into()))?);
                }
            }
            "mac" => {
                let mac = text.parse().map_err(|_| wrong(Said::MacAddress))?;
                query.subject = Some(netwarden_model::Subject::Mac(mac));
            }
            "ne" => query.ne = Some(NeId(text.parse().map_err(|_| wrong(Said::WholeNumber))?)),
            "severity" => query.min_severity = Some(severity(&text).ok_or_else(|| wrong(Said::Severity))?),
            "from" => query.from = time("from", Some(text.clone()))?,
            "until" => query.to = time("until", Some(text.clone()))?,
            _ => {
                let known = "kind, mac, ne, severity, from, until".to_owned();
                return Err(ListError::UnknownColumn { name: name.chars().take(64).collect(), known }.into());
            }
        }
    }
    Ok(query)
}

/// What [`netwarden_spine`] decides in SQL, for events that were read already.
fn meets(query: &EventQuery, event: &Event) -> bool {
    (query.kinds.is_empty() || query.kinds.contains(&event.kind))
        && query.subject.as_ref().is_none_or(|subject| *subject == event.subject)
        && query.ne.is_none_or(|ne| event.ne == Some(ne))
        && query.min_severity.is_none_or(|severity| event.severity >= severity)
        && query.from.is_none_or(|from| event.recorded_at > from)
        && query.to.is_none_or(|to| event.recorded_at <= to)
}

fn severity(text: &str) -> Option<Severity> {
    use Severity::{Critical, Info, Major, Minor, Warning};

    [Info, Warning, Minor, Major, Critical].into_iter().find(|severity| severity.as_str() == text)
}

/// Reads the name of a port in an address.
pub fn port_ref(ne: i64, name: &str) -> PortRef {
    PortRef { ne: NeId(ne), port: PortName(name.to_owned()) }
}

/// Reads a VLAN id.
pub fn vlan(id: u16) -> Result<VlanId, OperateError> {
    VlanId::try_from(id).map_err(|error| OperateError::Invalid(error.to_string().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(name: &str, value: &str) -> ListWish {
        ListWish { filters: vec![(name.to_owned(), value.to_owned())], ..ListWish::default() }
    }

    fn refusal(wish: ListWish) -> String {
        let query = ListQuery::unscoped(&ENDPOINTS);
        filled(query, ENDPOINT_FILTERS, &["text"], wish).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_asked_is_said_in_one_sentence() {
        assert_eq!(refusal(wish("vlan", "ten")), "vlan: 'ten' is no whole number");
        assert_eq!(refusal(wish("online", "yes")), "online: 'yes' is no true or false");
        assert_eq!(refusal(wish("mac", "00:11")), "mac: '00:11' is no MAC address");
        assert!(
            refusal(wish("password", "x"))
                .starts_with("there is no column 'password'; there are mac, status")
        );
        let huge = ListWish { limit: Some(u64::MAX), ..ListWish::default() };
        assert_eq!(refusal(huge), "a page has 1 to 1000 rows, not 18446744073709551615");
        assert!(refusal(ListWish { limit: Some(0), ..ListWish::default() }).contains("1 to 1000"));
        let sort = ListWish { sort: Some("-note".into()), ..ListWish::default() };
        assert!(refusal(sort).contains("'note'"));
    }

    #[test]
    fn events_are_filtered_by_known_words_only() {
        let one = |name: &str, value: &str| event_query(vec![(name.to_owned(), value.to_owned())]);
        assert_eq!(one("kind", "mac_online,new_endpoint").unwrap().kinds.len(), 2);
        assert_eq!(one("severity", "major").unwrap().min_severity, Some(Severity::Major));
        for (name, value) in
            [("kind", "nothing"), ("mac", "x"), ("ne", "x"), ("severity", "bad"), ("from", "x"), ("x", "y")]
        {
            assert!(matches!(one(name, value), Err(OperateError::Invalid(_))), "{name}");
        }
    }
}
