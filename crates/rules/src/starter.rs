//! The starter set: rules that most networks want, all disabled until somebody has rehearsed and
//! enabled them. Alarms go to the syslog server that the configuration calls `default`.

use jiff::SignedDuration;
use jiff::civil::Time;
use netwarden_model::{EventKind, RuleId, RuleRevision, Severity};

use crate::rule::{Destination, Period, Reaction, Rule, Schedule};

/// The rules, without ids.
pub fn starter_rules() -> Vec<Rule> {
    vec![
        Rule {
            reactions: vec![Reaction::Quarantine { vlan: None, bounce: true }],
            ..rule(
                "quarantine new endpoints",
                &[EventKind::NewEndpoint, EventKind::Unauthorised],
                "endpoint.status == 'new' && endpoint.port_endpoints == 1",
                None,
                Severity::Minor,
                "Moves the port of an endpoint that nobody has judged yet to the quarantine VLAN, if it is alone on \
                 its port. Enable it after the baseline has been accepted; authorising the endpoint releases its port.",
            )
        },
        Rule {
            reactions: vec![Reaction::Quarantine { vlan: None, bounce: true }],
            ..rule(
                "quarantine refused endpoints",
                &[EventKind::Unauthorised],
                "endpoint.status == 'unauthorised'",
                None,
                Severity::Major,
                "Moves the port of an endpoint that was refused to the quarantine VLAN, whoever shares the port.",
            )
        },
        rule(
            "alarm on unauthorised endpoints",
            &[EventKind::Unauthorised],
            "",
            Some(3600),
            Severity::Minor,
            "Announces each endpoint that is in the network without being authorised, once an hour at most.",
        ),
        rule(
            "alarm on MAC spoofing",
            &[EventKind::MacSpoofing],
            "",
            Some(900),
            Severity::Major,
            "A MAC address is in use where it does not belong: somebody may be passing off a device as another one.",
        ),
        Rule {
            reactions: vec![Reaction::ShutPort],
            ..rule(
                "shut the port of a masquerade",
                &[EventKind::MacSpoofing],
                "event.because in ['bound_elsewhere', 'class_changed']",
                None,
                Severity::Critical,
                "Shuts the port on which a bound or changed MAC address was found. The port where it belongs is left alone.",
            )
        },
        rule(
            "alarm on ARP spoofing",
            &[EventKind::ArpSpoofing],
            "",
            Some(900),
            Severity::Major,
            "An IP address changed its owner or has two: traffic may be diverted through another device.",
        ),
        rule(
            "alarm on randomised MAC addresses",
            &[EventKind::NewEndpoint],
            "endpoint.mac_randomised",
            Some(86_400),
            Severity::Info,
            "A new endpoint uses a locally administered address: a phone's privacy setting, a virtual machine, or \
             somebody who hides.",
        ),
        rule(
            "alarm on unreachable elements",
            &[EventKind::NeUnreachable],
            "",
            Some(3600),
            Severity::Major,
            "A network element does not answer: its endpoints are not watched.",
        ),
        rule(
            "alarm on restarts of elements",
            &[EventKind::NeRebooted],
            "",
            None,
            Severity::Warning,
            "A network element has restarted.",
        ),
        rule(
            "alarm on lost compliance",
            &[EventKind::NowNoncompliant, EventKind::WrongTpmSignature, EventKind::FingerprintChanged],
            "",
            Some(3600),
            Severity::Major,
            "An endpoint's security configuration, fingerprint or TPM signature is not as it should be.",
        ),
        rule(
            "alarm on failed enforcement",
            &[EventKind::EnforcementFailed, EventKind::EnforcementHeld, EventKind::ReactionFailed],
            "",
            Some(900),
            Severity::Major,
            "A port could not be changed as decided, was held back by a guard rail, or another reaction failed.",
        ),
        rule(
            "alarm on failures of this system",
            &[EventKind::CriticalSystemFailure],
            "",
            Some(300),
            Severity::Critical,
            "A part of this system fails.",
        ),
        Rule {
            period: Some(Period {
                every: Some(SignedDuration::from_hours(20)),
                schedule: Some(Schedule {
                    days: Vec::new(),
                    from: Time::constant(8, 0, 0, 0),
                    to: Time::constant(9, 0, 0, 0),
                    time_zone: "UTC".to_owned(),
                }),
            }),
            ..rule(
                "daily sign of life",
                &[EventKind::Tick],
                "",
                None,
                Severity::Info,
                "Announces once a day, in the hour from 8, that this system judges events: silence means that it \
                 does not. A tick is recorded each quarter of an hour; period and schedule make of it what is wanted.",
            )
        },
    ]
}

fn rule(
    name: &str,
    on: &[EventKind],
    condition: &str,
    every_s: Option<i64>,
    severity: Severity,
    description: &str,
) -> Rule {
    Rule {
        id: RuleId(0),
        revision: RuleRevision(0),
        name: name.to_owned(),
        description: description.to_owned(),
        enabled: false,
        on: on.to_vec(),
        condition: condition.to_owned(),
        period: every_s.map(|every| Period { every: Some(SignedDuration::from_secs(every)), schedule: None }),
        severity,
        alarm: Some(Destination::Syslog { name: "default".to_owned() }),
        reactions: Vec::new(),
    }
}
