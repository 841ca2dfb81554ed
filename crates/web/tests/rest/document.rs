//! The OpenAPI document as it is committed.

use netwarden_web::contract;

/// `NETWARDEN_UPDATE_OPENAPI=1` rewrites it.
#[test]
fn the_document_is_the_committed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let now = serde_json::to_string_pretty(&contract().unwrap()).unwrap() + "\n";
    if std::env::var_os("NETWARDEN_UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == now,
        "the interface has changed: run with NETWARDEN_UPDATE_OPENAPI=1 and look at the difference"
    );
}
