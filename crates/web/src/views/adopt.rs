//! The adoption wizard: from an empty inventory to elements on which rules may act, one page a step.
//!
//! Nothing of it is kept anywhere: how far it has come is read from the system itself (are there
//! credentials, elements, endpoints nobody has judged), so that it can be left at any step and resumed at
//! another day, by somebody else too.

pub(super) mod baseline;
pub(super) mod credentials;
pub(super) mod discover;
pub(super) mod enforce;
pub(super) mod observe;
pub(super) mod review;
pub(super) mod work;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_model::VlanId;
use netwarden_operate::{Count, Desk, ListWish, vlan};

use super::act::Given;
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::visitor::Visitor;
use crate::refusal::Refusal;

/// A step in the list at the top of every page of the wizard.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) href: String,
    /// It is the page that is shown.
    pub(super) here: bool,
    /// What it is for has been reached.
    pub(super) done: bool,
    /// How it stands, in words.
    pub(super) state: String,
}

/// The steps in their order: name in the address, key of the title, key of what it is for.
const STEPS: [(&str, &str, &str); 6] = [
    ("credentials", "adopt-credentials", "adopt-credentials-told"),
    ("discover", "adopt-discover", "adopt-discover-told"),
    ("review", "adopt-review", "adopt-review-told"),
    ("baseline", "adopt-baseline", "adopt-baseline-told"),
    ("observe", "adopt-observe", "adopt-observe-told"),
    ("enforce", "adopt-enforce", "adopt-enforce-told"),
];

/// What surrounds a step: where it stands among the others, and what it is for.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) steps: Vec<Step>,
    /// What the shown step is for.
    pub(super) told: String,
    /// The step after it.
    pub(super) next: Option<Step>,
}

/// How far adoption has come, counted.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    sets: usize,
    searches: usize,
    elements: usize,
    endpoints: usize,
    unjudged: usize,
    observed: bool,
    enforced: u64,
}

impl Reached {
    async fn of(desk: &Desk, visitor: &Visitor) -> Result<Self, Refusal> {
        let caller = visitor.caller();
        let status = desk.status(caller).await?;
        let enforced = ListWish {
            filters: vec![("enforcement".to_owned(), "true".to_owned())],
            limit: Some(1),
            ..ListWish::default()
        };
        let enforced = match desk.elements(caller, enforced).await?.count {
            Count::Exact(count) | Count::MoreThan(count) => count,
        };
        let observed = !observe::observed(desk, visitor, 1).await?.is_empty();
        Ok(Self {
            sets: desk.credentials(caller).await?.len(),
            searches: work::jobs(desk, visitor).await?.len(),
            elements: status.counters.elements,
            endpoints: status.counters.endpoints,
            unjudged: status.new,
            observed,
            enforced,
        })
    }

    fn is_done(&self, step: &str) -> bool {
        match step {
            "credentials" => self.sets > 0,
            "discover" => self.searches > 0 || self.elements > 0,
            "review" => self.elements > 0,
            "baseline" => self.endpoints > 0 && self.unjudged == 0,
            "observe" => self.observed || self.enforced > 0,
            _ => self.enforced > 0,
        }
    }

    fn told(&self, l: Language, step: &str) -> String {
        let count = |key: &str, count: usize| l.t1(key, "count", i64::try_from(count).unwrap_or(i64::MAX));
        match step {
            "credentials" => count("adopt-sets", self.sets),
            "discover" => count("adopt-searches", self.searches),
            "review" => count("adopt-elements", self.elements),
            "baseline" => count("adopt-unjudged", self.unjudged),
            "observe" if self.observed => l.t("adopt-observed"),
            "observe" => l.t("adopt-not-observed"),
            _ => count("adopt-enforced", usize::try_from(self.enforced).unwrap_or(usize::MAX)),
        }
    }
}

impl Course {
    /// With `shown` as the page that is shown.
    pub(super) async fn of(desk: &Desk, visitor: &Visitor, shown: &str) -> Result<Self, Refusal> {
        let l = visitor.language();
        let reached = Reached::of(desk, visitor).await?;
        let steps = STEPS.iter().enumerate().map(|(at, (name, title, _))| Step {
            number: at + 1,
            text: l.t(title),
            href: format!("/adopt/{name}"),
            here: *name == shown,
            done: reached.is_done(name),
            state: reached.told(l, name),
        });
        let steps: Vec<Step> = steps.collect();
        let next = match steps.iter().position(|step| step.here) {
            Some(at) => steps.get(at + 1),
            // On the first page of all: the first step that is not done.
            None => steps.iter().find(|step| !step.done).or(steps.last()),
        };
        let told = STEPS.iter().find(|(name, ..)| *name == shown).map(|(.., told)| l.t(told));
        Ok(Self { next: next.cloned(), told: told.unwrap_or_else(|| l.t("adopt-told")), steps })
    }
}

#[derive(Template)]
#[template(path = "adopt.html")]
struct AdoptPage {
    frame: Frame,
    course: Course,
}

/// What the wizard does, how far it has come, and the way on.
pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::AdoptionRead).await?;
        let course = Course::of(&desk, &visitor, "").await?;
        let frame = Frame::of(&desk, &visitor, visitor.language().t("adopt-title")).await;
        frame::page(&AdoptPage { frame, course })
    })
    .await
}

/// A VLAN as it was written into a field; None where nothing was.
fn vlan_of(l: Language, given: &Given, name: &str) -> Result<Option<VlanId>, Refusal> {
    let Some(text) = given.text(name) else { return Ok(None) };
    let id = text.parse().ok().and_then(|id| vlan(id).ok());
    id.map(Some).ok_or_else(|| Refusal::malformed(l.t("error-no-vlan")).at(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_done_by_what_the_system_has() {
        let nothing = Reached::default();
        assert!(STEPS.iter().all(|(step, ..)| !nothing.is_done(step)));
        let found = Reached { sets: 1, elements: 3, endpoints: 40, unjudged: 2, ..nothing };
        let done: Vec<_> = STEPS.iter().filter(|(step, ..)| found.is_done(step)).map(|(s, ..)| *s).collect();
        assert_eq!(done, ["credentials", "discover", "review"]);
        assert!(Reached { unjudged: 0, ..found }.is_done("baseline"));
    }
}
