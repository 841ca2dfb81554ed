//! Recorded cases: `cases/NN-*.json` holds rules, settings and a log, `expected` what came of it.
//! `NETWARDEN_UPDATE_CASES=1` writes `expected` anew; read the difference before committing it.

use std::path::Path;

use netwarden_model::{Event, VlanId};
use netwarden_rules::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Serialize, Deserialize)]
struct Case {
    about: String,
    quarantine_vlan: Option<VlanId>,
    rules: Vec<Rule>,
    log: Vec<Event>,
    #[serde(default)]
    expected: Vec<Value>,
}

#[test]
fn recorded_cases_give_what_they_gave() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let update = std::env::var_os("NETWARDEN_UPDATE_CASES").is_some();
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let mut case: Case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let got = run(&case);
        if update {
            case.expected = got;
            std::fs::write(&path, serde_json::to_string_pretty(&case).unwrap() + "\n").unwrap();
        } else {
            assert_eq!(json!(case.expected), json!(got), "{}: {}", path.display(), case.about);
        }
    }
}

fn run(case: &Case) -> Vec<Value> {
    let settings = Settings {
        vlans: QuarantineVlans { default: case.quarantine_vlan, ..QuarantineVlans::default() },
        ..Settings::default()
    };
    let mut book = RuleBook::load(settings, case.rules.clone(), Vec::new());
    let mut state = RuleState::default();
    let mut out = Vec::new();
    for event in &case.log {
        let step = book.judge(&mut state, event);
        let judgement = step.judgement;
        out.push(json!({
            "event": event.seq,
            "matches": judgement.matches.iter().map(|m| json!([m.name, format!("{:?}", m.held)])).collect::<Vec<_>>(),
            "decisions": judgement.decisions.iter().map(|d| json!({
                "key": d.key, "depth": d.depth, "originator": d.originator, "action": d.action,
            })).collect::<Vec<_>>(),
            "failures": judgement.failures.iter().map(|f| json!([f.name, f.reaction, f.reason])).collect::<Vec<_>>(),
            "too_deep": judgement.too_deep,
            "state": state.take_changes().iter().map(|row| json!([row.key.rule, row.key.about, row.last.at])).collect::<Vec<_>>(),
        }));
    }
    out
}

/// Makes the logs of the cases from the events of these tests; run by hand to begin a new case.
#[test]
#[ignore = "writes files"]
fn begin_cases() {
    use crate::events::*;
    use netwarden_model::*;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let starter: Vec<Rule> = starter_rules()
        .into_iter()
        .zip(1..)
        .map(|(rule, id)| Rule { id: RuleId(id), revision: RuleRevision(1), ..rule })
        .collect();
    let enable = |ids: &[i64]| ids.iter().map(|id| changed(*id, 0, *id, 1, true)).collect::<Vec<_>>();
    let vlan = VlanId::new(999).ok();
    let mut log = enable(&(1..=12).collect::<Vec<_>>());
    log.extend([
        new_endpoint(13, 10, 1),
        caused(new_endpoint(14, 15, 1), 1),
        spoofing(15, 20, 2),
        spoofing(16, 30, 2),
        arp(17, 40, 3),
        unreachable(18, 50, 3),
        unreachable(19, 3650, 3),
        caused(unreachable(20, 9000, 3), 3),
    ]);
    let starter = Case {
        about: "the starter set, enabled, on one of each".into(),
        quarantine_vlan: vlan,
        rules: starter,
        log,
        expected: vec![],
    };
    let mail = Reaction::Mail {
        to: vec!["noc@example.net".into()],
        subject: "{{ event.kind }}: {{ endpoint.mac }}".into(),
        body: "{{ endpoint.ips }}\n{{ endpoint.ne_name }} {{ endpoint.port }}\n".into(),
    };
    let revised = |revision, reactions| Rule {
        revision: RuleRevision(revision),
        ..rule(
            1,
            &[EventKind::NewEndpoint],
            "in_subnet('192.0.2.17', '192.0.2.0/24') && endpoint.ips.exists(ip, in_subnet(ip, '192.0.2.0/24'))",
            reactions,
        )
    };
    let quarantine = Reaction::Quarantine { vlan: None, bounce: false };
    let revisions = Case {
        about: "a rule is changed and disabled in the middle of a log; elements without quarantine VLAN fail aloud".into(),
        quarantine_vlan: None,
        rules: vec![revised(1, vec![mail]), revised(2, vec![quarantine, Reaction::ShutPort])],
        log: vec![new_endpoint(1, 0, 1), changed(2, 1, 1, 1, true), new_endpoint(3, 2, 1), changed(4, 3, 1, 2, true), new_endpoint(5, 4, 1), changed(6, 5, 1, 2, false), new_endpoint(7, 6, 1), changed(8, 7, 1, 3, true)],
        expected: vec![],
    };
    for (name, case) in [("01-starter-set.json", starter), ("02-revisions.json", revisions)] {
        std::fs::write(folder.join(name), serde_json::to_string_pretty(&case).unwrap()).unwrap();
    }
}
