//! What is refused when a condition is saved, and how that is said; what missing values do.

use netwarden_rules::Condition;
use netwarden_rules::cost::MAX_COST;
use netwarden_rules::view::View;

use crate::events;

fn refused(source: &str) -> String {
    match Condition::compile(source) {
        Ok(condition) => panic!("{source} was accepted as {}", condition.canonical()),
        Err(error) => error.to_string(),
    }
}

// proves: NAC-10
#[test]
fn every_event_and_endpoint_property_may_stand_in_a_condition() {
    use netwarden_rules::properties::{PROPERTIES, PropertyType as T};
    for known in PROPERTIES {
        let source = match known.kind {
            T::Bool => format!("{} == {}", known.name, known.sample),
            T::Number | T::Time => format!("{} >= {}", known.name, known.sample),
            T::Ips | T::Texts => format!("'{}' in {}", known.sample.split(',').next().unwrap(), known.name),
            _ => format!("{} == '{}'", known.name, known.sample),
        };
        let condition = Condition::compile(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(condition.properties(), [known.property]);
        for event in [events::new_endpoint(1, 0, 7), events::unreachable(2, 0, 3), events::tick(3, 0)] {
            condition.holds(View::new(&event)).unwrap_or_else(|error| panic!("{source}: {error}"));
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (source, said) in [
        (
            "endpoint.stauts == 'new'",
            "line 1, column 1: there is no property 'endpoint.stauts'; did you mean 'endpoint.status'?",
        ),
        (
            "endpoint.status == 'new' &&\n  weather == 'fine'",
            "line 2, column 3: there is no property 'weather'",
        ),
        ("endpoint.status == 'old'", "line 1, column 20: 'old' is none of new, authorised, unauthorised"),
        ("endpoint.status in ['new', 'old']", "'old' is none of new, authorised, unauthorised"),
        ("endpoint.mac == '00:1b:21'", "it needs 12 hexadecimal digits"),
        ("event.ip == '192.0.2'", "line 1, column 13: '192.0.2' is no IP address"),
        ("endpoint.vlan == 'ten'", "'==' compares a number with a text"),
        ("endpoint.vlan", "line 1, column 1: the condition gives a number, it must be true or false"),
        ("endpoint.ips == []", "an empty list says nothing"),
        ("endpoint.ips == ['192.0.2.1']", "lists are not compared"),
        ("endpoint.ips[0] == '192.0.2.1'", "lists are not indexed here"),
        ("endpoint.vlan == 10u", "numbers are written without 'u'"),
        ("endpoint.vlan == 1.5", "only whole numbers are known here"),
        ("event.seq == null", "this number is never missing"),
        ("hour(now, 'Mars/Base') > 8", "line 1, column 11: 'Mars/Base' is no time zone known here"),
        ("hour(now, 'Mars\\nBase') > 8", "line 1, column 11: 'Mars Base' is no time zone known here"),
        ("in_subnet(event.ip, '192.0.2.0')", "line 1, column 21: '192.0.2.0' is no IP prefix"),
        ("endpoint.host_name.matches('(')", "is no regular expression"),
        ("endpoint.host_name.matches(event.subject)", "as a plain text, so that its cost is known"),
        ("shell('rm')", "shell() is not known with this use"),
        ("endpoint.ips.all(event, true)", "'event' already has a meaning"),
        ("endpoint.ips.all(x, endpoint.ips.all(x, true))", "'x' is already in use here"),
        ("'a' + 1 == 'a'", "'+' adds numbers or joins texts, not a text and a number"),
        ("{'a': 1}.a == 1", "'.' stands between the parts"),
        ("[endpoint.vlan].exists(v, v > 1)", "a list may not hold a number that can be missing"),
    ] {
        let error = refused(source);
        assert!(error.contains(said), "{source}\n  said: {error}\n  want: {said}");
        assert!(error.starts_with("line "), "{error}");
    }
    let error = refused("endpoint.vlan == ");
    assert!(error.starts_with("line 1, column 1"), "{error}");
    let error = refused("'é' == 'ü' && nothing");
    assert!(error.starts_with("line 1, column 15:"), "{error}");
}

#[test]
fn five_nested_all_over_twenty_items_are_refused_with_their_cost() {
    let list = format!("[{}]", (1..=20).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let nest = |levels: usize| {
        (0..levels).rev().fold("true".to_owned(), |body, level| format!("{list}.all(v{level}, {body})"))
    };
    assert!(Condition::compile(&nest(3)).is_ok());
    let error = refused(&nest(5));
    assert!(error.contains("steps for one event; the limit is 100000"), "{error}");
    let cost: u64 = error.split("may cost ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(cost > 20u64.pow(5), "{error}");
}

#[test]
fn every_way_to_spend_time_has_its_limit() {
    // properties that are lists count with their longest
    let ips = "endpoint.ips.all(a, endpoint.ips.all(b, endpoint.ips.exists(c, a != b && b != c)))";
    assert!(refused(ips).contains("the limit is"), "{ips}");
    // membership inside of comprehensions
    let membership = "endpoint.ips.all(a, endpoint.ips.all(b, a in endpoint.ips && b in endpoint.ips))";
    assert!(refused(membership).contains("the limit is"));
    // regular expressions count with text and pattern
    let pattern = format!("endpoint.ips.all(a, endpoint.ips.all(b, a.matches('{}')))", "a?".repeat(60));
    assert!(refused(&pattern).contains("the limit is"));
    // long regular expressions, and those that grow when compiled
    let long = format!("endpoint.vendor.matches('{}')", "a".repeat(257));
    assert!(refused(&long).contains("longer than 256 characters"));
    let swells = "endpoint.vendor.matches('((a{100}){100}){100}')";
    assert!(refused(swells).contains("octets when compiled"), "{}", refused(swells));
    // texts that grow
    let mut joined = "endpoint.vendor".to_owned();
    for _ in 0..5 {
        joined = format!("({joined} + {joined})");
    }
    assert!(refused(&format!("size({joined}) > 1")).contains("the limit is 16384"));
    let inside = format!("endpoint.ips.exists(a, size({}a) > 1)", "endpoint.vendor + ".repeat(20));
    assert!(refused(&inside).contains("the limit is"));
    // long sources and deep nesting
    assert!(refused(&format!("true{}", " && true".repeat(600))).contains("longer than 4096"));
    assert!(refused(&format!("{}true{}", "(".repeat(70), ")".repeat(70))).contains("more than 64 operators"));
    assert!(
        refused(&format!("{}true", "!".repeat(100))).contains("more than 64 operators, calls or brackets")
    );
    assert!(
        Condition::compile("endpoint.vendor.matches('^Int.*') && endpoint.vlan in [1,2,3]").unwrap().cost()
            < MAX_COST / 100
    );
}

#[test]
fn a_missing_number_never_fails_and_never_matches_an_order() {
    let event = events::unreachable(1, 0, 3); // about no endpoint
    for (source, holds) in [
        ("endpoint.vlan > 10", false),
        ("endpoint.vlan <= 10", false),
        ("!(endpoint.vlan > 10)", true),
        ("endpoint.vlan == null", true),
        ("endpoint.vlan != 10", true),
        ("endpoint.vlan in [10, 20]", false),
        ("now - endpoint.first_seen < 3600", false),
        ("endpoint.vlan + 1 != 5", false),
        ("hour(endpoint.first_seen, 'UTC') >= 0", false),
        ("string(endpoint.vlan) == ''", false),
        ("endpoint.status == ''", true),
        ("endpoint.group == null", true),
        ("endpoint.host_name.startsWith('pc')", false),
        ("endpoint.ips.all(ip, false)", true),
        ("has(endpoint.vlan) || has(endpoint.group) || has(endpoint.ips)", false),
        ("event.reason.contains('no reply') && ne.id == 3", true),
    ] {
        let condition = Condition::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(condition.holds(View::new(&event)), Ok(holds), "{source}");
    }
}

#[test]
fn macs_compare_in_every_spelling() {
    let event = events::new_endpoint(1, 0, 7);
    for source in [
        "endpoint.mac == '00-1B-21-00-00-07'",
        "endpoint.mac in ['001b.2100.0007']",
        "endpoint.mac.startsWith('00:1B:21')",
        "oui(endpoint.mac) == '00:1b:21'",
    ] {
        assert_eq!(Condition::compile(source).unwrap().holds(View::new(&event)), Ok(true), "{source}");
    }
}

#[test]
fn long_chains_are_refused_before_they_fill_a_stack() {
    let chain = |first: &str, link: &str| {
        let mut source = first.to_owned();
        while source.len() + link.len() < 4000 {
            source.push_str(link);
        }
        source
    };
    // as much stack as a worker of the server has
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        for source in [
            chain("1", "+1") + " > 0",
            chain("'a'", "+'a'") + " == ''",
            chain("1", "<1"),
            chain("a", ".a"),
            chain("'a'", ".contains('a')"),
            chain("[1]", "[0]"),
            chain("true", "?true:true"),
            chain("1", " in[1]"),
            chain("true", "||true"),
            chain("true", "&&false"),
            chain("true", "&&true||true"),
            chain("", "!") + "true",
            chain("", "-") + "1 > 0",
            chain("", "("),
            chain("", "lower("),
            chain("", "[["),
            chain("", "{'a':"),
            chain("", "a{b:"),
            chain("[1]", ".map(a,a)"),
            chain("[1]", ".filter(a,true)") + ".all(a,true)",
        ] {
            let _ = Condition::compile(&source);
        }
        // as deep as is let through, in every way
        for (first, link, last) in [
            ("1", "+1", " > 0"),
            ("a", ".a", ""),
            ("'a'", ".contains('a')", ""),
            ("[1]", "[0]", ""),
            ("true", "?true:true", ""),
            ("1", " in[1]", ""),
            ("", "!", "true"),
            ("", "(", "1"),
            ("", "lower(", "1"),
            ("", "[", "1"),
            ("", "{'a':", "1"),
            ("", "a{b:", "1"),
            ("[1]", ".map(a,a)", ""),
            ("1", "<1", ""),
            ("", "[1].all(a,", "true"),
            ("", "1+(", "1"),
        ] {
            for depth in 1..70 {
                let source = format!("{first}{}{last}", link.repeat(depth));
                let _ = Condition::compile(&source);
                let closed = format!(
                    "{source}{}",
                    ")".repeat(source.matches('(').count() - source.matches(')').count())
                );
                let _ = Condition::compile(&closed);
            }
        }
        // a quotation mark does not hide a chain
        for hider in [
            r"r'\' == ''",
            r"'''a'b''' == ''",
            r#""'" == ''"#,
            r"'\'' == ''",
            "// '\ntrue",
            r"br'\' == b''",
            r"bar'\''",
        ] {
            let source = chain(&format!("{hider} && 1"), "+1") + " > 0";
            assert!(refused(&source).contains("more than 64 operators, calls or brackets"), "{source:.40}");
        }
        let many = chain("'1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1' == ''", r#"||'\'+' == "+""#);
        for source in [chain("true", "||true"), chain("true", "&&false"), many] {
            assert!(Condition::compile(&source).is_ok(), "{source:.40}");
        }
    });
    worker.unwrap().join().unwrap();
}
