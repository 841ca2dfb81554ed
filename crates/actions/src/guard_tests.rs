use super::*;
use netwarden_model::{EventSeq, RuleRevision};

const NOW: &str = "2026-03-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn mac(last: u8) -> Mac {
    Mac::new([0x00, 0x1b, 0x21, 0, 0, last])
}

fn port(ne: i64, name: &str) -> PortRef {
    PortRef { ne: NeId(ne), port: name.into() }
}

fn element() -> ElementFacts {
    ElementFacts {
        ne: NeId(1),
        name: "sw-1".into(),
        enforcement: true,
        maintenance: vec![],
        vlans: Some([VlanId::new(10).unwrap(), VlanId::new(99).unwrap()].into()),
        voice_vlan: None,
    }
}

fn rogue(last: u8) -> PresentEndpoint {
    PresentEndpoint { mac: mac(last), status: EndpointStatus::New, voice: false }
}

fn facts() -> PortFacts {
    PortFacts { endpoints: vec![rogue(1)], ..PortFacts::default() }
}

fn rule() -> Originator {
    Originator::Rule { rule: RuleId(1), revision: RuleRevision(1), name: "rogue".into(), event: EventSeq(1) }
}

fn person() -> Originator {
    Originator::Person { user: "ann".into(), reason: "told so".into() }
}

fn quarantine() -> PortAccess {
    PortAccess::Vlan { vlan: VlanId::new(99).unwrap(), bounce: true }
}

struct Case {
    settings: Settings,
    element: ElementFacts,
    facts: PortFacts,
    recent: Vec<Enforced>,
    access: PortAccess,
    by: Originator,
    reassertion: bool,
}

impl Case {
    fn new() -> Self {
        Self {
            settings: Settings::default(),
            element: element(),
            facts: facts(),
            recent: vec![],
            access: quarantine(),
            by: rule(),
            reassertion: false,
        }
    }

    fn judge(&self) -> Verdict {
        let port = port(1, "Gi1/0/7");
        let question = Question {
            port: &port,
            access: &self.access,
            endpoint: Some(mac(1)),
            originator: &self.by,
            reassertion: self.reassertion,
        };
        judge(&self.settings, &self.element, &self.facts, &self.recent, &question, now())
    }

    /// Whoever asks, and whatever is asked, it is refused with a sentence that has `words`.
    fn assert_never_done(mut self, words: &str) {
        for by in [rule(), person(), Originator::System { reason: "re-assertion".into() }] {
            for access in [PortAccess::Shut, quarantine()] {
                (self.by, self.access) = (by.clone(), access);
                match self.judge() {
                    Verdict::Refused(why) => assert!(why.contains(words), "{why}"),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    fn held(&self, words: &str) -> (Option<Timestamp>, bool) {
        match self.judge() {
            Verdict::Held { why, until, alarm } => {
                assert!(why.contains(words), "{why}");
                (until, alarm)
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nothing_stands_against_a_lone_rogue() {
    assert_eq!(Case::new().judge(), Verdict::Go);
}

#[test]
fn an_element_is_only_observed_until_enforcement_is_on() {
    let mut case = Case::new();
    case.element.enforcement = false;
    for by in [rule(), person()] {
        case.by = by;
        let Verdict::ObserveOnly(why) = case.judge() else { panic!() };
        assert!(why.contains("would have been moved to VLAN 99 and bounced"), "{why}");
    }
}

#[test]
fn the_global_stop_holds_everybody() {
    let mut case = Case::new();
    case.settings.global_stop = true;
    case.held("stopped");
    case.by = person();
    case.held("stopped");
}

// proves: NAC-13
#[test]
fn an_uplink_is_never_shut_or_moved() {
    let mut case = Case::new();
    case.facts.uplink = true;
    case.assert_never_done("uplink");
}

#[test]
fn an_aggregate_is_never_shut_or_moved() {
    let mut case = Case::new();
    case.facts.lag = true;
    case.assert_never_done("aggregate");
}

#[test]
fn a_trunk_is_never_shut_or_moved() {
    let mut case = Case::new();
    case.facts.trunk = true;
    case.assert_never_done("trunk");
}

// proves: NAC-13
#[test]
fn a_protected_port_is_never_shut_or_moved() {
    let mut case = Case::new();
    case.settings.protected.insert(port(1, "Gi1/0/7"));
    case.assert_never_done("protected");
    let mut case = Case::new();
    case.settings.protected.insert(port(2, "Gi1/0/7"));
    assert_eq!(case.judge(), Verdict::Go, "the same name on another element");
}

// proves: NAC-13
#[test]
fn our_own_path_is_never_cut() {
    let mut case = Case::new();
    case.facts.endpoints.push(rogue(9));
    case.settings.own_path.insert(mac(9));
    case.assert_never_done("own path");
    // A gateway that is an element or a virtual router is no endpoint.
    let mut case = Case::new();
    case.facts.learned.push(mac(9));
    case.settings.own_path.insert(mac(9));
    case.assert_never_done("own path");
}

#[test]
fn the_vlan_must_exist_on_the_element() {
    let mut case = Case::new();
    case.element.vlans = Some([VlanId::new(10).unwrap()].into());
    assert!(matches!(case.judge(), Verdict::Refused(why) if why.contains("VLAN 99 does not exist on sw-1")));
    case.access = PortAccess::Shut;
    assert_eq!(case.judge(), Verdict::Go, "no VLAN is concerned");
}

#[test]
fn a_maintenance_window_holds_rules_but_no_person() {
    let mut case = Case::new();
    let until = now() + Duration::from_secs(60);
    case.element.maintenance = vec![(now() - Duration::from_secs(60), until)];
    assert_eq!(case.held("maintenance"), (Some(until), false));
    case.by = person();
    assert_eq!(case.judge(), Verdict::Go);
    case.by = rule();
    case.element.maintenance = vec![(now() - Duration::from_secs(60), now())];
    assert_eq!(case.judge(), Verdict::Go, "the end is not part of it");
}

#[test]
fn an_authorised_bystander_holds_the_port() {
    let mut case = Case::new();
    case.facts.endpoints.push(rogue(2));
    assert_eq!(case.judge(), Verdict::Go, "two rogues");
    case.facts.endpoints.push(PresentEndpoint { status: EndpointStatus::Authorised, ..rogue(3) });
    assert_eq!(case.held("00:1b:21:00:00:03 shares Gi1/0/7"), (None, false));
    // A telephone in the voice VLAN is no bystander.
    case.facts.endpoints[2].voice = true;
    assert_eq!(case.judge(), Verdict::Go);
    case.settings.shared_ports = SharedPorts::HoldAlways;
    case.held("2 endpoints share");
    case.settings.despite_sharing.insert(RuleId(1));
    assert_eq!(case.judge(), Verdict::Go, "the rule says so");
    case.settings.despite_sharing.clear();
    case.by = person();
    assert_eq!(case.judge(), Verdict::Go, "a person decides for themselves");
}

#[test]
fn the_budget_of_one_element() {
    let mut case = Case::new();
    let done = |n: u64| Enforced {
        port: port(1, &format!("Gi1/0/{}", 20 + n)),
        at: now() - Duration::from_secs(60 * n),
    };
    case.recent = (1..5).map(done).collect();
    assert_eq!(case.judge(), Verdict::Go, "the fifth port");
    case.recent.push(done(5));
    let (until, alarm) = case.held("the budget of 5 ports in 10 minutes on sw-1 is used up");
    assert!(alarm);
    assert_eq!(until, Some(now() + Duration::from_secs(300)));
    case.reassertion = true;
    assert_eq!(case.judge(), Verdict::Go, "a re-assertion was counted before");
    case.reassertion = false;
    case.recent[4].at = now() - Duration::from_secs(600);
    assert_eq!(case.judge(), Verdict::Go, "the oldest has left the window");
    // Repeats on one port count once, and the port itself not at all.
    case.recent = (1..9).map(|n| Enforced { port: port(1, "Gi1/0/8"), at: done(n).at }).collect();
    case.recent.extend((1..4).map(done));
    case.recent.push(Enforced { port: port(1, "Gi1/0/7"), at: now() });
    assert_eq!(case.judge(), Verdict::Go);
    case.by = person();
    case.recent.extend((1..9).map(done));
    assert_eq!(case.judge(), Verdict::Go, "a person is not held by the budget");
}

#[test]
fn the_budget_of_all_elements() {
    let mut case = Case::new();
    case.recent = (2..21).map(|ne| Enforced { port: port(ne, "1"), at: now() }).collect();
    assert_eq!(case.judge(), Verdict::Go, "the twentieth port");
    case.recent.push(Enforced { port: port(30, "1"), at: now() });
    let (_, alarm) = case.held("20 ports in 10 minutes on all elements");
    assert!(alarm);
}

// proves: NAC-13
#[test]
fn a_port_with_a_crowd_behind_it_is_left_to_people() {
    let ask = |endpoints: u8, by: Originator| {
        let case = Case {
            settings: Settings { shared_ports: SharedPorts::Act, ..Settings::default() },
            facts: PortFacts { endpoints: (1..=endpoints).map(rogue).collect(), ..PortFacts::default() },
            by,
            ..Case::new()
        };
        case.judge()
    };
    assert_eq!(ask(7, rule()), Verdict::Go);
    let held = ask(8, rule());
    assert!(matches!(&held, Verdict::Held { why, .. } if why.contains("not known yet")), "{held:?}");
    assert_eq!(ask(8, person()), Verdict::Go);
}

#[test]
fn what_is_never_done_can_be_asked_before() {
    let (settings, place) = (Settings::default(), port(1, "Gi1/0/1"));
    let why = |facts: &PortFacts, access: &PortAccess| {
        refusal(&settings, &element(), facts, &place, access).map(|never| never.to_string())
    };
    let uplink = PortFacts { uplink: true, ..facts() };
    assert_eq!(why(&facts(), &PortAccess::Shut), None);
    let said = why(&uplink, &PortAccess::Shut).unwrap();
    assert!(said.contains("is an uplink to another network element and is never shut"), "{said}");
    assert!(why(&uplink, &quarantine()).is_some());
    // The interface of a VLAN is how the element itself is reached.
    let logical = PortFacts { logical: true, ..facts() };
    let said = why(&logical, &PortAccess::Shut).unwrap();
    assert!(said.contains("is no physical port and is never shut"), "{said}");
    assert!(why(&logical, &quarantine()).unwrap().contains("never moved"));
    assert_eq!(why(&uplink, &PortAccess::Open), None);
    let absent = PortAccess::Vlan { vlan: VlanId::new(77).unwrap(), bounce: false };
    assert!(why(&facts(), &absent).unwrap().contains("VLAN 77 does not exist"));
}
