//! Our evaluator against the reference interpreter (crate `cel`), and evaluation against its bound.

use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Program, Value as Cel};
use netwarden_model::*;
use netwarden_rules::properties::PROPERTIES;
use netwarden_rules::value::Value;
use netwarden_rules::view::View;
use netwarden_rules::{Condition, EvaluationError};
use proptest::prelude::*;

use crate::events;

fn cel_value(value: Value<'_>) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(truth),
        Value::Int(number) => Cel::Int(number),
        Value::Text(text) => Cel::String(Arc::new(text.into_owned())),
        Value::List(items) => Cel::List(Arc::new(items.into_iter().map(cel_value).collect())),
    }
}

fn text(value: &Cel) -> String {
    match value {
        Cel::String(text) => text.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

fn reference(source: &str, event: &Event) -> Result<bool, String> {
    let view = View::new(event);
    let mut context = Context::default();
    let mut maps: HashMap<&str, HashMap<String, Cel>> = HashMap::new();
    for known in PROPERTIES {
        let value = cel_value(view.get(known.property));
        match known.name.split_once('.') {
            Some((map, key)) => drop(maps.entry(map).or_default().insert(key.to_owned(), value)),
            None => context.add_variable_from_value(known.name, value),
        }
    }
    for (name, map) in maps {
        context.add_variable_from_value(name, map);
    }
    context.add_function("lower", |of: Arc<String>| of.to_lowercase()).unwrap();
    context
        .add_function("oui", |of: Arc<String>| match of.parse::<Mac>() {
            Ok(mac) => mac.to_string()[..8].to_owned(),
            Err(_) => String::new(),
        })
        .unwrap();
    context
        .add_function("in_subnet", |ip: Arc<String>, prefix: Arc<String>| {
            let (net, length) = prefix.split_once('/').unwrap();
            let bits = |text: &str| match text.parse::<std::net::IpAddr>() {
                Ok(std::net::IpAddr::V4(ip)) => format!("{:032b}", ip.to_bits()),
                Ok(std::net::IpAddr::V6(ip)) => format!("{:0128b}", ip.to_bits()),
                Err(_) => String::new(),
            };
            let (net, ip) = (bits(net), bits(&ip));
            net.len() == ip.len() && net[..length.parse().unwrap()] == ip[..length.parse().unwrap()]
        })
        .unwrap();
    let zoned =
        |second: i64, zone: &Cel| jiff::Timestamp::from_second(second).unwrap().in_tz(&text(zone)).unwrap();
    context
        .add_function("hour", move |time: Cel, zone: Cel| match time {
            Cel::Int(second) => Cel::Int(zoned(second, &zone).hour().into()),
            _ => Cel::Null,
        })
        .unwrap();
    context
        .add_function("weekday", move |time: Cel, zone: Cel| match time {
            Cel::Int(second) => zoned(second, &zone).strftime("%a").to_string().to_lowercase(),
            _ => String::new(),
        })
        .unwrap();
    let program = Program::compile(source).map_err(|error| panic!("{source}: {error}")).unwrap();
    match program.execute(&context) {
        Ok(Cel::Bool(truth)) => Ok(truth),
        Ok(other) => panic!("{source} gives {other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

fn numbers() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        (-3i64..30).prop_map(|n| n.to_string()),
        Just("9223372036854775807".to_owned()),
        proptest::sample::select(vec![
            "event.ne",
            "endpoint.vlan",
            "endpoint.if_index",
            "event.silent_for",
            "event.found_ne",
            "endpoint.first_seen",
            "event.at",
            "now",
            "ne.id",
            "event.depth",
            "endpoint.port_endpoints",
        ])
        .prop_map(str::to_owned),
        proptest::sample::select(vec!["endpoint.last_seen", "event.at", "now"])
            .prop_map(|time| format!("hour({time}, 'Europe/Berlin')")),
        texts(1).prop_map(|text| format!("size({text})")),
        Just("size(endpoint.ips)".to_owned()),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), proptest::sample::select(vec!["+", "-", "*", "/", "%"]))
                .prop_map(|(a, b, op)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("(event.ne == 3 ? {a} : {b})")),
        ]
    })
    .boxed()
}

fn texts(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        proptest::sample::select(vec!["''", "'new'", "'pc17'", "'GI1'", "'é\\n\\'x\\\\'", "'192.0.2.17'",])
            .prop_map(str::to_owned),
        proptest::sample::select(vec![
            "event.subject",
            "event.port",
            "endpoint.vendor",
            "endpoint.group",
            "endpoint.host_name",
            "event.reason",
            "event.found",
            "endpoint.port_alias",
            "endpoint.ne_name",
            "ne.name",
        ])
        .prop_map(str::to_owned),
        Just("weekday(now, 'America/New_York')".to_owned()),
        Just("weekday(endpoint.first_seen, 'UTC')".to_owned()),
        Just("oui(endpoint.mac)".to_owned()),
        Just("string(endpoint.vlan)".to_owned()),
    ];
    leaf.prop_recursive(depth, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
            inner.prop_map(|a| format!("lower({a})")),
        ]
    })
    .boxed()
}

fn truths() -> BoxedStrategy<String> {
    let order = || proptest::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("endpoint.mac_randomised".to_owned()),
        (numbers(), numbers(), order()).prop_map(|(a, b, op)| format!("{a} {op} {b}")),
        (texts(2), texts(2), order()).prop_map(|(a, b, op)| format!("{a} {op} {b}")),
        proptest::sample::select(vec![
            "endpoint.status == 'new'",
            "endpoint.mac == '001B.2100.0007'",
            "endpoint.vlan == null",
            "endpoint.vlan in [10, 20]",
            "event.kind in ['new_endpoint', 'tick']",
            "'192.0.2.17' in endpoint.ips",
            "has(endpoint.group)",
            "has(endpoint.ips)",
            "has(event.ne)",
            "endpoint.host_name == null",
            "endpoint.ips.all(ip, in_subnet(ip, '192.0.2.0/24'))",
            "endpoint.ips.exists(ip, in_subnet(ip, '2001:db8::/32'))",
            "endpoint.ips.exists_one(ip, ip.contains('.'))",
            "endpoint.ips.filter(ip, ip.contains(':')).map(ip, size(ip)).exists(n, n > endpoint.vlan)",
            "endpoint.ips.all(ip, 1 / (event.ne - 3) > 0 || ip == '')",
            "[1, 2, 0].exists(n, 6 / n == 3)",
            "[0, 2].all(n, 6 / n == 2)",
            "[0, 2].exists_one(n, 6 / n == 3)",
            "in_subnet(event.ip, '192.0.2.0/28')",
        ])
        .prop_map(str::to_owned),
        (texts(1), texts(1), proptest::sample::select(vec!["startsWith", "endsWith", "contains"]))
            .prop_map(|(a, b, test)| format!("{a}.{test}({b})")),
        (texts(1), proptest::sample::select(vec!["^pc\\\\d+$", "(?i)gi", "[a-z]{2,4}.", "é"]))
            .prop_map(|(a, pattern)| format!("{a}.matches('{pattern}')")),
        (texts(1), texts(1))
            .prop_map(|(a, b)| format!("{a} in [{b}, 'new']"))
            .prop_filter("may be missing", |s| !s.contains("string(")),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a}) ? ({b}) : ({c})")),
        ]
    })
    .boxed()
}

fn some_event() -> BoxedStrategy<Event> {
    let seq = 1i64..5;
    prop_oneof![
        (seq.clone(), 1u8..9).prop_map(|(seq, n)| events::new_endpoint(seq, seq * 60, n)),
        (seq.clone(), 1u8..9).prop_map(|(seq, n)| events::spoofing(seq, seq, n)),
        (seq.clone(), 1u8..9).prop_map(|(seq, n)| events::arp(seq, seq, n)),
        seq.clone().prop_map(|seq| events::unreachable(seq, seq, seq)),
        seq.clone().prop_map(|seq| events::tick(seq, seq)),
        (seq, 1u8..9, any::<bool>(), any::<bool>()).prop_map(|(seq, n, vlan, names)| {
            let mut event = events::new_endpoint(seq, seq, n);
            if let Some(facts) = event.event.facts.as_mut() {
                if vlan {
                    facts.vlan = None;
                    facts.ne = None;
                }
                if names {
                    facts.host_name = None;
                    facts.group = Some("printers".into());
                    facts.ips.clear();
                    facts.mac_randomised = true;
                }
            }
            event
        }),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn our_evaluator_and_the_reference_interpreter_agree(source in truths(), event in some_event()) {
        let condition = Condition::compile(&source).map_err(|error| {
            TestCaseError::reject(format!("{source}: {error}"))
        })?;
        let ours = condition.holds(View::new(&event));
        prop_assert!(!matches!(ours, Err(EvaluationError::Type | EvaluationError::Budget)), "{}: {:?}", source, ours);
        let theirs = reference(&condition.canonical(), &event);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs, "{} as {}", source, condition.canonical()),
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{} as {}: {:?}, {:?}", source, condition.canonical(), ours, theirs),
        }
    }

    #[test]
    fn no_evaluation_takes_more_steps_than_its_bound(source in truths(), event in some_event()) {
        let condition = Condition::compile(&source).map_err(|error| TestCaseError::reject(error.to_string()))?;
        let (_, steps) = condition.holds_counting(View::new(&event));
        prop_assert!(steps <= condition.cost(), "{}: {} steps, bound {}", source, steps, condition.cost());
    }

    #[test]
    fn what_was_understood_means_the_same_when_read_again(source in truths(), event in some_event()) {
        let condition = Condition::compile(&source).map_err(|error| TestCaseError::reject(error.to_string()))?;
        let again = Condition::compile(&condition.canonical());
        // the guards of guards may cost too much; they never mean something else
        if let Ok(again) = again {
            prop_assert_eq!(again.holds(View::new(&event)), condition.holds(View::new(&event)), "{}", condition.canonical());
        }
    }

    #[test]
    fn any_text_is_refused_or_understood_without_harm(source in "[a-z.()\\[\\]{}<>=!&|?:+*/%'\"0-9 ,\\\\éu-]{0,60}") {
        let _ = Condition::compile(&source);
    }
}
