//! Domains: parts of the network to which rights are confined (IAM-05), and which elements belong to each now.

use std::sync::{Arc, PoisonError, RwLock};

use netwarden_identity::{
    DOMAINS, Domain, Grant, ListedDomain, Members, Object, ObjectKind, Operation, Role, Standing, Subject,
    domains,
};
use netwarden_inventory::Network;
use netwarden_model::NeId;
use netwarden_store::{Condition, ListQuery, Tx};

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::EDITING;
use crate::error::OperateError;
use crate::lists::{Counted, ListWish};
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};
use crate::version::{Version, met};

/// The elements of the domains, as of a version of the rights and one of the elements.
type Placed = ((i64, u64), Arc<Members>);

/// Which elements belong to which domain: found out anew when a domain or an element has changed.
#[derive(Debug, Default)]
pub struct Placing(RwLock<Option<Placed>>);

/// What is to belong to a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in Domain, with elements by id, name or address")]
pub struct DomainWish {
    pub regions: Vec<String>,
    pub device_sets: Vec<String>,
    pub classes: Vec<String>,
    pub subnets: Vec<String>,
    pub elements: Vec<String>,
}

/// A domain as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDomain {
    /// Itself.
    pub kept: ListedDomain,
    /// Names of the elements that it names; ids of those that are no more.
    pub named: Vec<String>,
    /// How many elements belong to it now.
    pub elements: usize,
}

/// The version of what can be edited of a domain.
pub fn domain_version(kept: &ListedDomain) -> Version {
    Version::of(&(kept.id, &kept.name, &kept.description, &kept.domain))
}

fn standings(network: &Network) -> impl Iterator<Item = Standing<'_>> + Clone {
    let all: Vec<Standing<'_>> = network
        .elements()
        .map(|(ne, state)| Standing {
            ne,
            region: state.base.region.as_deref(),
            device_sets: &state.base.device_sets,
            class: Some(state.base.class.as_str()),
            address: state.base.element.address.ip(),
        })
        .collect();
    all.into_iter()
}

impl Desk {
    /// The subject with the elements of the domains to which it is confined.
    pub(crate) async fn placed(&self, mut subject: Subject) -> Result<Subject, OperateError> {
        if let Subject::User(user) = &mut subject
            && user.grants.iter().any(|grant| !grant.is_whole())
        {
            user.members = self.members_at(user.policy_version).await?;
        }
        Ok(subject)
    }

    async fn members_at(&self, version: i64) -> Result<Arc<Members>, OperateError> {
        let domains = self.identity.domains_at(version).await?;
        let network = self.engine.keeper().picture().read();
        let at = (version, network.elements_version());
        let kept = self.domains.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((known, members)) = kept
            && known == at
        {
            return Ok(members);
        }
        let members = Arc::new(Members::of(&domains, standings(&network)));
        *self.domains.0.write().unwrap_or_else(PoisonError::into_inner) = Some((at, Arc::clone(&members)));
        Ok(members)
    }

    /// Domains; filter `name`.
    pub async fn list_domains(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ShownDomain>, OperateError> {
        self.permit_of(caller, Operation::DomainRead).await?;
        let query = crate::lists::domain_query(self.paged(wish))?;
        let listed = self.identity.list_domains(&query).await?;
        let count = query.count(self.store.read()).await?;
        let members = self.members_now().await?;
        let items = listed.items.into_iter().map(|kept| self.with_size(kept, &members)).collect();
        Ok(Counted { items, next: listed.next, count })
    }

    async fn members_now(&self) -> Result<Arc<Members>, OperateError> {
        self.members_at(self.identity.policy_version().await?).await
    }

    fn with_size(&self, kept: ListedDomain, members: &Members) -> ShownDomain {
        let network = self.engine.keeper().picture().read();
        let elements = members.get(&kept.name).map_or(0, |members| members.len());
        let name = |ne: &NeId| match network.element(*ne) {
            Some(element) => element.base.element.name.clone(),
            None => ne.to_string(),
        };
        let named = kept.domain.elements.iter().map(name).collect();
        ShownDomain { kept, named, elements }
    }

    fn wished_domain(&self, wish: DomainWish) -> Result<Domain, OperateError> {
        let network = self.engine.keeper().picture().read();
        let element = |text: &String| match text.trim().parse().map(NeId) {
            Ok(ne) => Ok(ne),
            Err(_) => crate::imports::named(&network, text.trim()),
        };
        let elements: Result<_, String> = wish.elements.iter().map(element).collect();
        let names = |names: Vec<String>| names.into_iter().map(|name| name.trim().to_owned()).collect();
        Ok(Domain {
            regions: names(wish.regions),
            device_sets: names(wish.device_sets),
            classes: names(wish.classes),
            subnets: names(wish.subnets),
            elements: elements.map_err(|error| OperateError::Invalid(error.into()))?,
        })
    }

    /// The names of all domains, for those who give rights.
    pub async fn domain_names(&self, caller: &Caller) -> Result<Vec<String>, OperateError> {
        self.permit_of(caller, Operation::DomainRead).await?;
        let version = self.identity.policy_version().await?;
        Ok(self.identity.domains_at(version).await?.keys().cloned().collect())
    }

    /// One domain.
    pub async fn domain(&self, caller: &Caller, name: &str) -> Result<ShownDomain, OperateError> {
        self.permit_of(caller, Operation::DomainRead).await?;
        let kept = self.domain_named(name).await?;
        Ok(self.with_size(kept, &*self.members_now().await?))
    }

    /// Makes a domain.
    pub async fn create_domain(
        &self,
        caller: &Caller,
        name: &str,
        description: &str,
        wish: DomainWish,
        reason: &str,
    ) -> Result<(), OperateError> {
        let permit = self.permit_domain(caller, Operation::DomainCreate, name).await?;
        require_reason(reason)?;
        let domain = self.wished_domain(wish)?;
        let record = permit.warning(None, as_value(&domain), reason);
        let (by, at) = (permit.user().to_owned(), permit.at);
        let (name, description) = (name.to_owned(), description.to_owned());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    domains::create(tx, &name, &description, &domain, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Says otherwise what belongs to a domain; what is None stays.
    pub async fn change_domain(
        &self,
        caller: &Caller,
        name: &str,
        description: Option<String>,
        wish: Option<DomainWish>,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_domain(caller, Operation::DomainModify, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let kept = self.domain_named(name).await?;
        met(expected.as_ref(), &domain_version(&kept), Said::called(Thing::Domain, Said::quoted(name)))?;
        let description = description.unwrap_or_else(|| kept.description.clone());
        let domain = wish.map(|wish| self.wished_domain(wish)).transpose()?;
        let domain = domain.unwrap_or_else(|| kept.domain.clone());
        if domain == kept.domain && description.trim() == kept.description {
            return Err(OperateError::Invalid(Said::NothingToChange));
        }
        // Nobody widens the domain to which they are confined, unless they have the same role everywhere.
        let held = caller.held();
        let is_whole = |role: &Role| held.iter().any(|grant| grant.is_whole() && grant.role == *role);
        let confined =
            |grant: &&&Grant| grant.domain.as_deref() == Some(kept.name.as_str()) && !is_whole(&grant.role);
        if domain != kept.domain && held.iter().any(|grant| confined(&grant)) {
            return Err(self.own_rights(&permit).await);
        }
        let record = permit.warning(as_value(&kept.domain), as_value(&domain), reason);
        let (by, at) = (permit.user().to_owned(), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    domains::change(tx, &kept, &description, &domain, &by, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// Deletes a domain to which nobody is confined.
    pub async fn delete_domain(
        &self,
        caller: &Caller,
        name: &str,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_domain(caller, Operation::DomainDelete, name).await?;
        require_reason(reason)?;
        let _one_at_a_time = EDITING.lock().await;
        let kept = self.domain_named(name).await?;
        met(expected.as_ref(), &domain_version(&kept), Said::called(Thing::Domain, Said::quoted(name)))?;
        let (record, at) = (permit.warning(as_value(&kept.domain), None, reason), permit.at);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    domains::delete(tx, &kept, at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    async fn permit_domain(
        &self,
        caller: &Caller,
        operation: Operation,
        name: &str,
    ) -> Result<Permit, OperateError> {
        let named = name.chars().take(64).collect();
        self.permit(caller, operation, &Object::of(ObjectKind::Domain), Some(named)).await
    }

    async fn domain_named(&self, name: &str) -> Result<ListedDomain, OperateError> {
        let wanted = name.trim().to_lowercase();
        let query = ListQuery::unscoped(&DOMAINS).filter("name", Condition::Eq(wanted.as_str().into()))?;
        let mut listed = self.identity.list_domains(&query).await?;
        listed.items.pop().ok_or_else(|| OperateError::not_found(Thing::Domain, Said::quoted(name)))
    }
}
