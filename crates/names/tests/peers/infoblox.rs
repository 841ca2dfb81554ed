//! Infoblox's interface as it is documented: pages, a wrong password, an untrusted certificate, redirects.
//! The server is the test's own: no Infoblox runs here.

use std::sync::{Arc, Mutex};

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use netwarden_names::fetch::infoblox::leases;
use serde_json::json;

use crate::source;

type Asked = Arc<Mutex<Vec<std::collections::BTreeMap<String, String>>>>;

async fn grid(asked: Asked) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![made.cert.der().clone()],
            rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap(),
        )
        .unwrap();
    let answer = move |headers: HeaderMap,
                       Query(query): Query<std::collections::BTreeMap<String, String>>| {
        let asked = Arc::clone(&asked);
        async move { page(&headers, query, &asked) }
    };
    let app = axum::Router::new().route("/wapi/v2.10/lease", get(answer)).route(
        "/wapi/v2.11/lease",
        get(|| async { (StatusCode::FOUND, [("location", "https://localhost:1/")]).into_response() }),
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = axum_server::from_tcp_rustls(
        listener,
        axum_server::tls_rustls::RustlsConfig::from_config(Arc::new(config)),
    )
    .unwrap();
    tokio::spawn(server.serve(app.into_make_service()));
    (address, made.cert.pem())
}

fn page(headers: &HeaderMap, query: std::collections::BTreeMap<String, String>, asked: &Asked) -> Response {
    let expected = base64::engine::general_purpose::STANDARD.encode("reader:pass word");
    if headers["authorization"] != format!("Basic {expected}") {
        return (StatusCode::UNAUTHORIZED, "Authorization Required").into_response();
    }
    let id = query.get("_page_id").cloned();
    asked.lock().unwrap().push(query);
    let lease = |n: u8| json!({ "address": format!("10.0.0.{n}"), "binding_state": "ACTIVE", "client_hostname": format!("pc{n}"), "hardware": format!("00:1b:21:3a:4f:{n:02x}") });
    axum::Json(match id.as_deref() {
        None => json!({ "next_page_id": "p2", "result": [lease(1), lease(2)] }),
        Some("p2") => json!({ "result": [lease(3), { "address": "nonsense" }] }),
        Some(_) => json!({ "Error": "AdmConProtoError: Invalid page id" }),
    })
    .into_response()
}

// proves: NAC-05
#[tokio::test]
async fn pages_are_followed_and_wrong_servers_are_not_believed() {
    let asked = Asked::default();
    let (address, ca) = grid(Arc::clone(&asked)).await;
    let settings = json!({ "user": "reader", "ca": ca });
    let password = zeroize::Zeroizing::new("pass word".to_owned());
    let grid = source("infoblox", &address, settings.clone(), true);
    let parsed = leases(&grid, &password).await.unwrap();
    let names: Vec<_> = parsed.leases.iter().filter_map(|lease| lease.host_name.as_deref()).collect();
    assert_eq!(names, ["pc1", "pc2", "pc3"]);
    assert_eq!(parsed.dropped.iter().map(|row| row.line).collect::<Vec<_>>(), [4]);
    {
        let asked = asked.lock().unwrap();
        assert_eq!(asked[0]["_paging"], "1");
        assert!(asked[0]["_return_fields"].contains("client_hostname"));
        assert_eq!(asked[1]["_page_id"], "p2");
    }
    let refused = leases(&grid, &zeroize::Zeroizing::new("wrong".to_owned())).await.unwrap_err().to_string();
    assert!(refused.contains("refuses the user"), "{refused}");
    let mut elsewhere = settings.clone();
    elsewhere["wapi_version"] = "2.11".into();
    assert!(leases(&source("infoblox", &address, elsewhere, true), &password).await.is_err(), "a redirect");
    let mut other = settings;
    other["ca"] = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem().into();
    let impostor =
        leases(&source("infoblox", &address, other, true), &password).await.unwrap_err().to_string();
    assert!(impostor.contains("reached"), "{impostor}");
}
