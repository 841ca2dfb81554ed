//! In the lab: an existing network is taken over. What is there is found by a sweep and by LLDP, taken from a
//! file with its errors said by line, ordered by region and device set, and missed when it no longer answers.

use std::time::Duration;

use netwarden_lab::process::wait_until;
use netwarden_lab::product::{Product, TRAP_PORT};
use netwarden_lab::{AGENT_USER, Lab, why_not};
use serde_json::Value;

use crate::binary::path;
use crate::lab::text;

fn names(elements: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> = elements.iter().map(|element| text(element, "name")).collect();
    names.sort_unstable();
    names
}

fn listed(product: &Product, filter: &[&str]) -> Vec<Value> {
    product.list(&[&["ne", "list"], filter].concat()).unwrap()
}

// proves: NEM-01
#[test]
fn a_network_is_found_by_sweep_and_neighbours_taken_from_a_file_and_put_in_order() {
    if let Some(reason) = why_not() {
        println!("skipped: {reason}");
        return;
    }
    let lab = Lab::start(&path("netwarden-lab-bridge", "netwarden-lab"), TRAP_PORT).unwrap();
    let mut product = Product::install(&lab, &path("netwarden", "netwarden")).unwrap();
    product.start().unwrap();

    // Without credentials a sweep is refused before the first packet.
    let refused = product.run(&["ne", "discover", "10.77.255.8/29", "--reason", "lab"]).unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("add a set first"), "{said}");

    // The credentials go into the vault: nobody is shown them again.
    product.ask(&["credentials", "add", "--name", "lab", "--user", AGENT_USER]).unwrap();
    let sets = product.list(&["credentials", "list", "--filter", "kind=v3"]).unwrap();
    assert_eq!(sets.len(), 1, "{sets:#?}");
    assert!(!serde_json::to_string(&sets).unwrap().contains("lab-password"));

    // 10.77.255.8/29 holds 9 to 14, of which 11 to 13 are agents; a first look adds nothing.
    let found = product.ask(&["ne", "discover", "10.77.255.8/29", "--reason", "what is there"]).unwrap();
    let proposals = serde_json::to_string(&found).unwrap();
    for agent in Lab::AGENTS {
        assert!(proposals.contains(&agent.address.to_string()), "{} in {proposals}", agent.name);
    }
    assert_eq!(listed(&product, &[]).len(), 0);

    // .11 alone is added by a sweep; what it hears by LLDP is proposed, and is added by its address.
    product.ask(&["ne", "discover", "10.77.255.11/32", "--add", "--reason", "ours"]).unwrap();
    assert_eq!(names(&listed(&product, &[])), ["sw1"]);
    wait_until("sw1 tells of sw2", Duration::from_secs(40), || {
        let proposed = serde_json::to_string(&product.ask(&["ne", "neighbours"])?)?;
        Ok(proposed.contains("\"sw2\"") && proposed.contains("\"neighbour\""))
    })
    .unwrap_or_else(|error| {
        panic!(
            "{error:#}\n{:#?}\n{:#?}",
            product.ask(&["ne", "neighbours"]),
            product.ask(&["ne", "detail", "sw1"])
        )
    });
    product.ask(&["ne", "add", "10.77.255.12", "--reason", "ours"]).unwrap();
    assert_eq!(names(&listed(&product, &[])), ["sw1", "sw2"]);

    // The router is in a file, with what is wrong in it.
    let file = lab.dir().join("elements.csv");
    std::fs::write(
        &file,
        "address,name,class,groups,region,device_sets\n\
         10.77.255.13,,router,core,north,\"wan,lab\"\n\
         10.77.255.999,broken,router,,,\n\
         10.77.255.14,silent,switch,,,\n",
    )
    .unwrap();
    let imported = product
        .run(&["ne", "import", file.to_str().unwrap(), "--reason", "the list", "--format", "json"])
        .unwrap();
    assert_eq!(imported.status.code(), Some(1), "rows were refused: {imported:?}");
    let outcome = String::from_utf8(imported.stdout).unwrap();
    assert!(outcome.contains("line 3") && outcome.contains("10.77.255.999"), "{outcome}");
    assert!(outcome.contains("line 4") && outcome.contains("10.77.255.14"), "{outcome}");

    // Classes, groups, regions and device sets confine what is listed.
    product
        .ask(&[
            "ne",
            "set",
            "sw1",
            "--class",
            "switch",
            "--groups",
            "access",
            "--region",
            "south",
            "--device-sets",
            "lab",
            "--reason",
            "order",
        ])
        .unwrap();
    for (filter, expected) in [
        (&["--class", "router"][..], &["router"][..]),
        (&["--group", "access"], &["sw1"]),
        (&["--region", "south"], &["sw1"]),
        (&["--device-set", "lab"], &["router", "sw1"]),
        (&["--device-set", "wan"], &["router"]),
    ] {
        assert_eq!(names(&listed(&product, filter)), expected, "{filter:?}");
    }

    // Now nobody of ours is proposed any more.
    wait_until("all are read", Duration::from_secs(40), || {
        Ok(listed(&product, &["--status", "reachable"]).len() == 3)
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}\n{:#?}", product.log(), listed(&product, &[])));
    let neighbours = serde_json::to_string(&product.ask(&["ne", "neighbours"]).unwrap()).unwrap();
    for agent in Lab::AGENTS {
        assert!(!neighbours.contains(&format!("\"{}\"", agent.address)), "{neighbours}");
    }

    // An element that no longer answers is said to be unreachable.
    product
        .ask(&[
            "ne",
            "set",
            "router",
            "--timeout",
            "forwarding=200",
            "--timeout",
            "addresses=200",
            "--timeout",
            "inventory=200",
            "--reason",
            "soon",
        ])
        .unwrap();
    lab.cut_off("router").unwrap();
    wait_until("the router is missed", Duration::from_secs(120), || {
        let _ = product.ask(&["ne", "poll", "router"]);
        std::thread::sleep(Duration::from_secs(1));
        Ok(names(&listed(&product, &["--status", "unreachable"])) == ["router"])
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}\n{:#?}", product.log(), listed(&product, &[])));
}
