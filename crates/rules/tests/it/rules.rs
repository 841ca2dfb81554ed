//! Saving rules: what is refused; templates and what they never let through; the starter set.

use netwarden_model::*;
use netwarden_rules::template::Template;
use netwarden_rules::view::View;
use netwarden_rules::*;

use crate::events::{new_endpoint, rule, unreachable};

fn refused(rule: Rule) -> String {
    match CompiledRule::compile(rule) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

fn with(reaction: Reaction) -> Rule {
    rule(1, &[EventKind::NewEndpoint], "", vec![reaction])
}

#[test]
fn a_rule_that_cannot_work_is_refused_with_a_sentence() {
    let mail = |to: &str| Reaction::Mail { to: vec![to.into()], subject: "s".into(), body: "b".into() };
    let base = || with(Reaction::ShutPort);
    for (rule, said) in [
        (Rule { name: " ".into(), ..base() }, "the rule's name is empty"),
        (Rule { name: "a\nb".into(), ..base() }, "holds a control character"),
        (Rule { on: vec![], ..base() }, "it names no kind of event"),
        (Rule { reactions: vec![], ..base() }, "neither an alarm nor a reaction"),
        (Rule { reactions: vec![Reaction::ShutPort; 17], ..base() }, "more than 16 reactions"),
        (
            Rule { condition: "endpoint.vln == 1".into(), ..base() },
            "rule 'rule 1': condition, line 1, column 1: there is no property 'endpoint.vln'; did you mean 'endpoint.vlan'?",
        ),
        (
            Rule { on: vec![EventKind::NewEndpoint, EventKind::Tick], ..base() },
            "reaction 1 needs an endpoint, and tick is about none",
        ),
        (with(mail("nobody")), "'nobody' is no mail address"),
        (with(mail("a@b\r\nBcc: c@d")), "is no mail address"),
        (with(mail("a@b,c@d")), "is no mail address"),
        (
            with(Reaction::Syslog { name: "s".into(), message: "{{ endpoint.mca }}".into() }),
            "reaction 1, '{{ endpoint.mca }}': there is no property 'endpoint.mca'; did you mean 'endpoint.mac'?",
        ),
        (
            with(Reaction::Syslog { name: "s".into(), message: "{{ endpoint.mac".into() }),
            "'{{' is not closed by '}}'",
        ),
        (with(Reaction::Command { name: "".into(), args: vec![] }), "the command is empty"),
        (with(Reaction::SetGroup { group: "x".repeat(101) }), "longer than 100 characters"),
        (with(Reaction::SetStatus { status: EndpointStatus::New }), "the status 'new' is not given by rules"),
        (
            Rule {
                period: Some(Period { every: Some(jiff::SignedDuration::ZERO), schedule: None }),
                ..base()
            },
            "is not between one second and 366 days",
        ),
        (
            Rule {
                period: Some(Period {
                    every: None,
                    schedule: Some(Schedule {
                        days: vec![],
                        from: jiff::civil::Time::midnight(),
                        to: jiff::civil::Time::midnight(),
                        time_zone: "Mars/Base".into(),
                    }),
                }),
                ..base()
            },
            "'Mars/Base' is no time zone",
        ),
    ] {
        let error = refused(rule);
        assert!(error.contains(said), "said: {error}\nwant: {said}");
    }
    let twice = RuleSet::compile(vec![base(), Rule { id: RuleId(2), ..base() }]).unwrap_err();
    assert_eq!(twice.to_string(), "rule 'rule 1': another rule has this name");
}

// proves: NAC-05
#[test]
fn names_are_not_offered_in_conditions_that_authorise() {
    let authorise = Reaction::SetStatus { status: EndpointStatus::Authorised };
    for condition in
        ["endpoint.dns_name.endsWith('.example.net')", "true || lower(endpoint.host_name) == 'pc'"]
    {
        for reaction in [authorise.clone(), Reaction::ReleasePort] {
            let error = refused(rule(
                1,
                &[EventKind::NewEndpoint],
                condition,
                vec![Reaction::Webhook { name: "w".into() }, reaction],
            ));
            assert!(
                error.contains("reaction 2 lets an endpoint in, and the condition asks for endpoint."),
                "{error}"
            );
        }
        let refuse = Reaction::SetStatus { status: EndpointStatus::Unauthorised };
        assert!(CompiledRule::compile(rule(1, &[EventKind::NewEndpoint], condition, vec![refuse])).is_ok());
    }
    assert!(
        CompiledRule::compile(rule(1, &[EventKind::NewEndpoint], "endpoint.group == 'pc'", vec![authorise]))
            .is_ok()
    );
}

#[test]
fn what_is_inserted_cannot_break_out() {
    let mut event = new_endpoint(1, 0, 7);
    let facts = event.event.facts.as_mut().unwrap();
    facts.host_name = Some("x\r\nBcc: evil@example.net\u{2028}y".into());
    facts.port_alias = Some("--delete-everything".into());
    facts.dns_name = Some("$(reboot); `id` {{ endpoint.mac }}\0".into());
    let view = View::new(&event);
    let template = |text: &str| Template::parse(text).unwrap();
    assert_eq!(template("new {{endpoint.host_name}}!").line(view), "new x  Bcc: evil@example.net y!");
    assert_eq!(template("a\nb {{ endpoint.host_name }}").text(view), "a\nb x  Bcc: evil@example.net y");
    // one argument each, not looked at again, no NUL
    assert_eq!(
        template("{{ endpoint.dns_name }}").argument(view).unwrap(),
        "$(reboot); `id` {{ endpoint.mac }} "
    );
    let error = template("{{ endpoint.port_alias }}").argument(view).unwrap_err();
    assert!(error.to_string().contains("would begin with '-'"), "{error}");
    assert_eq!(
        template("--alias={{ endpoint.port_alias }}").argument(view).unwrap(),
        "--alias=--delete-everything"
    );
    assert_eq!(template("at {{ event.at }}, {{ event.ne }}").text(view), "at 2026-01-01T10:00:00Z, 3");
}

#[test]
fn a_command_gets_each_template_as_one_argument() {
    let command = Reaction::Command {
        name: "isolate".into(),
        args: vec!["--mac".into(), "{{ endpoint.mac }}".into(), "{{ endpoint.ips }}".into()],
    };
    let set = RuleSet::compile(vec![with(command)]).unwrap();
    let judgement = judge(&set, &mut RuleState::default(), &new_endpoint(1, 0, 7));
    assert_eq!(
        judgement.decisions[0].action,
        Action::Command {
            name: "isolate".into(),
            args: vec!["--mac".into(), "00:1b:21:00:00:07".into(), "192.0.2.17, 2001:db8::17".into()],
        }
    );
}

#[test]
fn rules_are_written_in_toml_and_come_back() {
    let text = r#"
name = "guests at night"
on = ["new_endpoint", "mac_online"]
condition = "endpoint.group == 'guests'"
severity = "major"
alarm = { to = "mail", addresses = ["noc@example.net"] }

[period]
every = "1h 30m"
schedule = { days = ["mon", "fri"], from = "22:00", to = "06:00", time_zone = "Europe/Berlin" }

[[reactions]]
do = "quarantine"

[[reactions]]
do = "command"
name = "page"
args = ["{{ endpoint.mac }}"]
"#;
    let rule: Rule = toml::from_str(text).unwrap();
    assert_eq!(rule.reactions[0], Reaction::Quarantine { vlan: None, bounce: true });
    assert_eq!(rule.period.as_ref().unwrap().every, Some(jiff::SignedDuration::from_mins(90)));
    CompiledRule::compile(rule.clone()).unwrap();
    assert_eq!(toml::from_str::<Rule>(&toml::to_string(&rule).unwrap()).unwrap(), rule);
    assert_eq!(serde_json::from_str::<Rule>(&serde_json::to_string(&rule).unwrap()).unwrap(), rule);
    assert!(toml::from_str::<Rule>("name = 'x'\non = ['tick']\ncondtion = ''").is_err());
}

#[test]
fn the_starter_set_is_sound_described_and_disabled() {
    let rules: Vec<Rule> =
        starter_rules().into_iter().zip(1..).map(|(rule, id)| Rule { id: RuleId(id), ..rule }).collect();
    assert!(rules.iter().all(|rule| !rule.enabled && rule.description.ends_with('.')));
    assert!(RuleSet::compile(rules.clone()).unwrap().rules().is_empty());
    let enabled = rules.into_iter().map(|rule| Rule { enabled: true, ..rule }).collect();
    let settings = Settings {
        vlans: QuarantineVlans { default: Some(VlanId::new(999).unwrap()), ..QuarantineVlans::default() },
        ..Settings::default()
    };
    let set = RuleSet::compile_with(enabled, settings).unwrap();
    let mut state = RuleState::default();
    let names =
        |judgement: Judgement| -> Vec<String> { judgement.matches.into_iter().map(|m| m.name).collect() };
    assert_eq!(names(judge(&set, &mut state, &new_endpoint(1, 0, 1))), ["quarantine new endpoints"]);
    assert_eq!(names(judge(&set, &mut state, &unreachable(2, 0, 3))), ["alarm on unreachable elements"]);
}

#[test]
fn an_alarm_by_mail_tells_every_known_property() {
    let rule = Rule {
        alarm: Some(Destination::Mail { addresses: vec!["noc@example.net".into()] }),
        description: "Why.".into(),
        ..with(Reaction::ShutPort)
    };
    let judgement =
        judge(&RuleSet::compile(vec![rule]).unwrap(), &mut RuleState::default(), &new_endpoint(1, 0, 7));
    let Action::Mail { to, subject, body } = &judgement.decisions[0].action else { panic!() };
    assert_eq!(to, &["noc@example.net"]);
    assert_eq!(subject, "[minor] rule 1: new_endpoint of 00:1b:21:00:00:07");
    for line in [
        "Why.",
        "endpoint.ips: 192.0.2.17, 2001:db8::17",
        "endpoint.port: Gi1/0/7",
        "event.at: 2026-01-01T10:00:00Z",
    ] {
        assert!(body.lines().any(|known| known == line), "{line} in\n{body}");
    }
    assert!(!body.contains("endpoint.custom1"));
}

#[test]
fn what_an_event_is_about_begins_no_line_of_an_alarm() {
    let rule = Rule {
        alarm: Some(Destination::Mail { addresses: vec!["noc@example.net".into()] }),
        ..with(Reaction::ShutPort)
    };
    let mut event = new_endpoint(1, 0, 7);
    event.event.subject = Subject::System("a\r\nBcc: x\u{2028}b\u{85}c".into());
    let judgement = judge(&RuleSet::compile(vec![rule]).unwrap(), &mut RuleState::default(), &event);
    let Action::Mail { subject, .. } = &judgement.decisions[0].action else { panic!() };
    assert_eq!(subject, "[minor] rule 1: new_endpoint of a  Bcc: x b c");
}

// proves: AUD-15
#[test]
fn each_event_is_told_to_its_own_people_in_its_own_words() {
    let tells = |id: i64, kind: EventKind, to: &[&str], subject: &str, body: &str| {
        let to = to.iter().map(|to| (*to).to_owned()).collect();
        rule(id, &[kind], "", vec![Reaction::Mail { to, subject: subject.into(), body: body.into() }])
    };
    let set = RuleSet::compile(vec![
        tells(
            1,
            EventKind::NewEndpoint,
            &["desk@example.net"],
            "Somebody new",
            "Look at {{ endpoint.mac }}.",
        ),
        tells(
            2,
            EventKind::NeUnreachable,
            &["noc@example.net", "boss@example.net"],
            "Gone",
            "{{ event.kind }}",
        ),
    ])
    .unwrap();
    let mut state = RuleState::default();
    let mut told = |event| {
        let judgement = judge(&set, &mut state, &event);
        assert_eq!(judgement.decisions.len(), 1, "{judgement:?}");
        match judgement.decisions.into_iter().next().unwrap().action {
            Action::Mail { to, subject, body } => (to.join(" "), subject, body),
            other => panic!("{other:?}"),
        }
    };
    let new = told(new_endpoint(1, 0, 7));
    assert_eq!(new, ("desk@example.net".into(), "Somebody new".into(), "Look at 00:1b:21:00:00:07.".into()));
    let gone = told(unreachable(2, 1, 3));
    assert_eq!(gone, ("noc@example.net boss@example.net".into(), "Gone".into(), "ne_unreachable".into()));
}
