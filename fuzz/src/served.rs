//! What the server serves, over a desk and a database of its own on each thread, and the parts of addresses
//! that are asked for.

use std::cell::OnceCell;

use tokio::runtime::Runtime;

use crate::script::Script;

// The desk of the interface's own tests.
#[path = "../../crates/web/tests/rest/desk.rs"]
#[allow(dead_code)]
pub(crate) mod desk;

struct Place {
    runtime: Runtime,
    bench: desk::Bench,
}

/// Lets `asked` ask the server.
pub(crate) fn served(asked: impl AsyncFnOnce(&desk::Bench)) {
    thread_local! {
        // Leaked: a runtime is not to be taken down while a thread's own values are.
        static PLACE: OnceCell<&'static Place> = const { OnceCell::new() };
    }
    PLACE.with(|place| {
        let place = place.get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let bench = runtime.block_on(desk::bench());
            Box::leak(Box::new(Place { runtime, bench }))
        });
        place.runtime.block_on(asked(&place.bench));
    });
}

/// A part of an address: as it is, or one that exists.
pub(crate) fn part(script: &mut Script<'_>) -> String {
    match script.byte() % 6 {
        0 => desk::MAC.to_owned(),
        1 => desk::PORT.to_owned(),
        2 => script.byte().to_string(),
        3 => "seen".to_owned(),
        _ => encoded(script.octets()),
    }
}

/// Octets as they stand in a query or a form (RFC 3986 section 2.1).
pub(crate) fn encoded(octets: &[u8]) -> String {
    octets
        .iter()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(*octet).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
