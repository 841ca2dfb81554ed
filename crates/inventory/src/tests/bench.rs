//! A look at the cost of a cycle; it asserts nothing about time.

use std::time::Instant;

use super::tree::{Shape, grow};

#[test]
#[ignore = "prints times; run it with --release --run-ignored all --no-capture"]
fn cycles_of_a_thousand_switches() {
    for (lldp, chatty) in [(true, true), (false, true), (false, false)] {
        let start = Instant::now();
        let switches = std::env::var("SWITCHES").map_or(1_000, |n| n.parse().unwrap());
        let shape = Shape { seed: 7, switches, endpoints: switches as u32 * 40, lldp, chatty, unmanaged: 0 };
        let mut tree = grow(&shape);
        println!("grown {:?}", start.elapsed());
        for cycle in ["first", "unchanged", "unchanged"] {
            let start = Instant::now();
            tree.lab.wait(60);
            tree.lab.poll_all();
            println!(
                "lldp {lldp} chatty {chatty}, {cycle}: {:?} {:?}",
                start.elapsed(),
                tree.lab.net.counters()
            );
        }
    }
}
