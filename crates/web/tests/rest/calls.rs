//! One call that succeeds for every route, in an order in which each finds what it needs.

use serde_json::{Value, json};

use crate::desk::{Bench, MAC, PORT};

pub enum Sent {
    Nothing,
    Json(Value),
    Csv(&'static str),
}

/// A call of a route.
pub struct Call {
    pub method: &'static str,
    /// As in the document.
    pub route: &'static str,
    pub path: String,
    pub sent: Sent,
    pub status: u16,
}

impl Call {
    pub fn body(&self) -> Option<(&'static str, String)> {
        match &self.sent {
            Sent::Nothing => None,
            Sent::Json(body) => Some(("application/json", body.to_string())),
            Sent::Csv(text) => Some(("text/csv", (*text).to_owned())),
        }
    }
}

/// The table. `token` and `job` are there to be revoked and cancelled.
pub fn calls(bench: &Bench, token: i64, job: &str) -> Vec<Call> {
    let ne = bench.ne.0;
    let port = format!("/api/v1/ports/{ne}/{PORT}");
    let endpoint = format!("/api/v1/endpoints/{MAC}");
    let reason = || Sent::Json(json!({ "reason": "a test" }));
    let rule = |description: &str| {
        Sent::Json(
            json!({ "reason": "a test", "name": "seen", "on": ["mac_online"], "reactions": [{ "do": "quarantine" }], "description": description }),
        )
    };
    let call =
        |method, route, path: &str, sent, status| Call { method, route, path: path.to_owned(), sent, status };
    vec![
        call("GET", "/healthz", "/healthz", Sent::Nothing, 200),
        call("GET", "/readyz", "/readyz", Sent::Nothing, 200),
        call("GET", "/metrics", "/metrics", Sent::Nothing, 200),
        call("GET", "/api/v1/openapi.json", "/api/v1/openapi.json", Sent::Nothing, 200),
        call("GET", "/api/v1/endpoints", "/api/v1/endpoints?text=3a4f&online=true", Sent::Nothing, 200),
        call("GET", "/api/v1/endpoints/{mac}", &endpoint, Sent::Nothing, 200),
        call("GET", "/api/v1/endpoints/{mac}/why", &format!("{endpoint}/why"), Sent::Nothing, 200),
        call("GET", "/api/v1/endpoints/{mac}/history", &format!("{endpoint}/history"), Sent::Nothing, 200),
        call("GET", "/api/v1/history", &format!("/api/v1/history?mac={MAC}"), Sent::Nothing, 200),
        call(
            "PATCH",
            "/api/v1/endpoints/{mac}",
            &endpoint,
            Sent::Json(json!({ "reason": "a test", "note": "hall" })),
            200,
        ),
        call("POST", "/api/v1/endpoints/{mac}/authorise", &format!("{endpoint}/authorise"), reason(), 200),
        call("POST", "/api/v1/endpoints/{mac}/block", &format!("{endpoint}/block"), reason(), 200),
        call("POST", "/api/v1/endpoints/{mac}/move", &format!("{endpoint}/move"), reason(), 202),
        call(
            "POST",
            "/api/v1/groups",
            "/api/v1/groups",
            Sent::Json(json!({ "reason": "a test", "name": "desks" })),
            201,
        ),
        call("GET", "/api/v1/groups", "/api/v1/groups", Sent::Nothing, 200),
        call("GET", "/api/v1/groups/{name}", "/api/v1/groups/desks", Sent::Nothing, 200),
        call(
            "PATCH",
            "/api/v1/groups/{name}",
            "/api/v1/groups/desks",
            Sent::Json(json!({ "reason": "a test", "description": "x" })),
            200,
        ),
        call("DELETE", "/api/v1/groups/{name}", "/api/v1/groups/desks?reason=a+test", Sent::Nothing, 204),
        call(
            "POST",
            "/api/v1/credentials",
            "/api/v1/credentials",
            Sent::Json(
                json!({ "name": "watch", "kind": "v3", "user": "watch", "auth_protocol": "SHA-256", "auth_password": "open sesame" }),
            ),
            201,
        ),
        call("GET", "/api/v1/credentials", "/api/v1/credentials", Sent::Nothing, 200),
        call(
            "PUT",
            "/api/v1/credentials/order",
            "/api/v1/credentials/order",
            Sent::Json(json!({ "order": [1] })),
            204,
        ),
        call("GET", "/api/v1/credentials/{id}", "/api/v1/credentials/1", Sent::Nothing, 200),
        call(
            "PATCH",
            "/api/v1/credentials/{id}",
            "/api/v1/credentials/1",
            Sent::Json(json!({ "reason": "a test", "name": "look" })),
            200,
        ),
        call("DELETE", "/api/v1/credentials/{id}", "/api/v1/credentials/1", Sent::Nothing, 204),
        call(
            "POST",
            "/api/v1/channels",
            "/api/v1/channels",
            Sent::Json(
                json!({ "reason": "a test", "name": "log", "definition": { "kind": "syslog", "host": "127.0.0.1", "port": 9, "transport": "danger-udp" } }),
            ),
            201,
        ),
        call("GET", "/api/v1/channels", "/api/v1/channels", Sent::Nothing, 200),
        call("GET", "/api/v1/channels/{name}", "/api/v1/channels/log", Sent::Nothing, 200),
        call("POST", "/api/v1/channels/{name}/test", "/api/v1/channels/log/test", Sent::Json(json!({})), 200),
        call(
            "PUT",
            "/api/v1/channels/{name}",
            "/api/v1/channels/log",
            Sent::Json(
                json!({ "reason": "a test", "definition": { "kind": "syslog", "host": "127.0.0.1", "port": 10, "transport": "danger-udp" } }),
            ),
            200,
        ),
        call("DELETE", "/api/v1/channels/{name}", "/api/v1/channels/log?reason=a+test", Sent::Nothing, 204),
        call("GET", "/api/v1/elements", "/api/v1/elements?sort=-name", Sent::Nothing, 200),
        call("GET", "/api/v1/elements/{id}", &format!("/api/v1/elements/{ne}"), Sent::Nothing, 200),
        call(
            "PATCH",
            "/api/v1/elements/{id}",
            &format!("/api/v1/elements/{ne}"),
            Sent::Json(json!({ "reason": "a test", "name": "sw-1" })),
            200,
        ),
        call(
            "POST",
            "/api/v1/elements/{id}/poll",
            &format!("/api/v1/elements/{ne}/poll"),
            Sent::Nothing,
            202,
        ),
        call(
            "GET",
            "/api/v1/elements/{id}/ports",
            &format!("/api/v1/elements/{ne}/ports"),
            Sent::Nothing,
            200,
        ),
        call(
            "GET",
            "/api/v1/elements/{id}/detail",
            &format!("/api/v1/elements/{ne}/detail"),
            Sent::Nothing,
            200,
        ),
        call(
            "POST",
            "/api/v1/elements/{id}/preflight",
            &format!("/api/v1/elements/{ne}/preflight"),
            reason(),
            202,
        ),
        call("POST", "/api/v1/elements/discover", "/api/v1/elements/discover", Sent::Json(json!({})), 202),
        call("GET", "/api/v1/topology", "/api/v1/topology", Sent::Nothing, 200),
        call("GET", "/api/v1/ports", &format!("/api/v1/ports?ne={ne}"), Sent::Nothing, 200),
        call(
            "PATCH",
            "/api/v1/ports/{ne}/{name}",
            &port,
            Sent::Json(json!({ "reason": "a test", "role": "auto", "protected": false })),
            204,
        ),
        call("GET", "/api/v1/ports/{ne}/{name}", &port, Sent::Nothing, 200),
        call("GET", "/api/v1/ports/{ne}/{name}/history", &format!("{port}/history"), Sent::Nothing, 200),
        call("GET", "/api/v1/ports/{ne}/{name}/why", &format!("{port}/why"), Sent::Nothing, 200),
        call("POST", "/api/v1/ports/{ne}/{name}/move", &format!("{port}/move"), reason(), 202),
        call("POST", "/api/v1/ports/{ne}/{name}/off", &format!("{port}/off"), reason(), 202),
        call("POST", "/api/v1/ports/{ne}/{name}/on", &format!("{port}/on"), reason(), 202),
        call("POST", "/api/v1/ports/{ne}/{name}/release", &format!("{port}/release"), reason(), 202),
        call("GET", "/api/v1/adoption/baseline", "/api/v1/adoption/baseline", Sent::Nothing, 200),
        call("POST", "/api/v1/adoption/baseline", "/api/v1/adoption/baseline", reason(), 200),
        call(
            "POST",
            "/api/v1/adoption/import",
            "/api/v1/adoption/import?kind=endpoints&reason=a+test",
            Sent::Csv("mac,owner\n00:1b:21:3a:4f:70,anna\n"),
            200,
        ),
        call(
            "POST",
            "/api/v1/names/sources",
            "/api/v1/names/sources",
            Sent::Json(json!({ "reason": "a test", "name": "dhcp-1", "kind": "isc" })),
            201,
        ),
        call("GET", "/api/v1/names/sources", "/api/v1/names/sources", Sent::Nothing, 200),
        call(
            "POST",
            "/api/v1/names/sources/{name}/import",
            "/api/v1/names/sources/dhcp-1/import?reason=a+test",
            Sent::Csv("lease 10.0.0.7 {\n  binding state active;\n  client-hostname \"pc7\";\n}\n"),
            200,
        ),
        call(
            "POST",
            "/api/v1/names/sources/{name}/leases",
            "/api/v1/names/sources/dhcp-1/leases",
            Sent::Json(
                json!({ "leases": [{ "ip": "10.0.0.8", "mac": MAC, "host_name": "pc8", "state": "active" }] }),
            ),
            200,
        ),
        call(
            "PATCH",
            "/api/v1/names/sources/{name}",
            "/api/v1/names/sources/dhcp-1",
            Sent::Json(json!({ "reason": "a test", "enabled": false })),
            200,
        ),
        call(
            "DELETE",
            "/api/v1/names/sources/{name}",
            "/api/v1/names/sources/dhcp-1?reason=a+test",
            Sent::Nothing,
            204,
        ),
        call(
            "POST",
            "/api/v1/names/sources",
            "/api/v1/names/sources",
            Sent::Json(
                json!({ "reason": "a test", "name": "look", "kind": "reverse_dns", "address": "127.0.0.1:9" }),
            ),
            201,
        ),
        call(
            "POST",
            "/api/v1/names/sources/{name}/run",
            "/api/v1/names/sources/look/run",
            Sent::Nothing,
            202,
        ),
        call("GET", "/api/v1/endpoints/{mac}/names", &format!("{endpoint}/names"), Sent::Nothing, 200),
        call("GET", "/api/v1/events", "/api/v1/events?limit=5", Sent::Nothing, 200),
        call("GET", "/api/v1/events/stream", "/api/v1/events/stream?kind=mac_online", Sent::Nothing, 200),
        call("GET", "/api/v1/events/{seq}", "/api/v1/events/1", Sent::Nothing, 200),
        call("POST", "/api/v1/rules", "/api/v1/rules", rule(""), 201),
        call(
            "POST",
            "/api/v1/rules/check",
            "/api/v1/rules/check",
            Sent::Json(json!({ "name": "x", "on": ["mac_online"], "reactions": [{ "do": "quarantine" }] })),
            204,
        ),
        call("GET", "/api/v1/rules", "/api/v1/rules", Sent::Nothing, 200),
        call("GET", "/api/v1/rules/{rule}", "/api/v1/rules/seen", Sent::Nothing, 200),
        call("PUT", "/api/v1/rules/{rule}", "/api/v1/rules/seen", rule("whoever comes"), 200),
        call("POST", "/api/v1/rules/{rule}/enable", "/api/v1/rules/seen/enable", reason(), 200),
        call("POST", "/api/v1/rules/{rule}/disable", "/api/v1/rules/seen/disable", reason(), 200),
        call(
            "POST",
            "/api/v1/rules/{rule}/rehearse",
            "/api/v1/rules/seen/rehearse",
            Sent::Json(json!({})),
            202,
        ),
        call("GET", "/api/v1/rules/{rule}/revisions", "/api/v1/rules/seen/revisions", Sent::Nothing, 200),
        call("DELETE", "/api/v1/rules/{rule}", "/api/v1/rules/seen?reason=a+test", Sent::Nothing, 204),
        call("GET", "/api/v1/audit", "/api/v1/audit?outcome=success", Sent::Nothing, 200),
        call("GET", "/api/v1/audit/{index}", "/api/v1/audit/0", Sent::Nothing, 200),
        call("POST", "/api/v1/audit/verify", "/api/v1/audit/verify", Sent::Nothing, 202),
        call("GET", "/api/v1/audit/key", "/api/v1/audit/key", Sent::Nothing, 200),
        call("GET", "/api/v1/audit/export", "/api/v1/audit/export", Sent::Nothing, 200),
        call("GET", "/api/v1/jobs", "/api/v1/jobs", Sent::Nothing, 200),
        call("GET", "/api/v1/jobs/{id}", &format!("/api/v1/jobs/{job}"), Sent::Nothing, 200),
        call("POST", "/api/v1/jobs/{id}/cancel", &format!("/api/v1/jobs/{job}/cancel"), Sent::Nothing, 202),
        call("GET", "/api/v1/system/status", "/api/v1/system/status", Sent::Nothing, 200),
        call("GET", "/api/v1/system/parameters", "/api/v1/system/parameters", Sent::Nothing, 200),
        call(
            "PUT",
            "/api/v1/system/parameters/{name}",
            "/api/v1/system/parameters/enforcement.budget_per_ne",
            Sent::Json(json!({ "reason": "a test", "value": "7" })),
            204,
        ),
        call("POST", "/api/v1/system/stop", "/api/v1/system/stop", reason(), 204),
        call("POST", "/api/v1/system/resume", "/api/v1/system/resume", reason(), 204),
        call("POST", "/api/v1/system/release-all", "/api/v1/system/release-all", reason(), 202),
        call(
            "POST",
            "/api/v1/system/rotate-keys",
            "/api/v1/system/rotate-keys",
            Sent::Json(json!({ "reason": "a test", "layer": "working" })),
            204,
        ),
        call(
            "POST",
            "/api/v1/system/backups",
            "/api/v1/system/backups",
            Sent::Json(json!({ "name": "made" })),
            202,
        ),
        call("GET", "/api/v1/system/backups", "/api/v1/system/backups", Sent::Nothing, 200),
        call("GET", "/api/v1/system/backups/{name}", "/api/v1/system/backups/kept", Sent::Nothing, 200),
        call(
            "DELETE",
            "/api/v1/system/backups/{name}",
            "/api/v1/system/backups/kept?reason=a+test",
            Sent::Nothing,
            204,
        ),
        call("GET", "/api/v1/system/health", "/api/v1/system/health", Sent::Nothing, 200),
        call("GET", "/api/v1/statistics", "/api/v1/statistics", Sent::Nothing, 200),
        call("GET", "/api/v1/statistics/{series}", "/api/v1/statistics/endpoints.online", Sent::Nothing, 200),
        call(
            "GET",
            "/api/v1/system/parameters/{name}",
            "/api/v1/system/parameters/ui.page_rows",
            Sent::Nothing,
            200,
        ),
        call(
            "POST",
            "/api/v1/users",
            "/api/v1/users",
            Sent::Json(json!({ "name": "anna", "password": "correct horse battery", "roles": ["Helpdesk"] })),
            201,
        ),
        call("GET", "/api/v1/users", "/api/v1/users?sort=name", Sent::Nothing, 200),
        call("GET", "/api/v1/users/{name}", "/api/v1/users/anna", Sent::Nothing, 200),
        call(
            "PATCH",
            "/api/v1/users/{name}",
            "/api/v1/users/anna",
            Sent::Json(json!({ "reason": "a test", "roles": ["Revisor"] })),
            200,
        ),
        call(
            "POST",
            "/api/v1/users/{name}/reset-password",
            "/api/v1/users/anna/reset-password",
            reason(),
            200,
        ),
        call("POST", "/api/v1/users/{name}/unlock", "/api/v1/users/anna/unlock", reason(), 204),
        call("DELETE", "/api/v1/users/{name}", "/api/v1/users/anna?reason=a+test", Sent::Nothing, 204),
        call("GET", "/api/v1/sessions", "/api/v1/sessions?sort=-last_used", Sent::Nothing, 200),
        call("DELETE", "/api/v1/sessions/{id}", "/api/v1/sessions/5?reason=a+test", Sent::Nothing, 204),
        call(
            "POST",
            "/api/v1/tokens",
            "/api/v1/tokens",
            Sent::Json(json!({ "name": "script", "days": 3, "operations": ["event.read"] })),
            201,
        ),
        call("GET", "/api/v1/tokens", "/api/v1/tokens", Sent::Nothing, 200),
        call("DELETE", "/api/v1/tokens/{id}", &format!("/api/v1/tokens/{token}"), Sent::Nothing, 204),
        call("DELETE", "/api/v1/endpoints/{mac}", &format!("{endpoint}?reason=a+test"), Sent::Nothing, 204),
        call(
            "DELETE",
            "/api/v1/elements/{id}",
            &format!("/api/v1/elements/{ne}?reason=a+test"),
            Sent::Nothing,
            204,
        ),
        call(
            "PUT",
            "/api/v1/users/own/password",
            "/api/v1/users/own/password",
            Sent::Json(json!({ "old": "a long enough password", "new": "another good password" })),
            204,
        ),
        call(
            "POST",
            "/api/v1/sessions",
            "/api/v1/sessions",
            Sent::Json(json!({ "user": "administrator", "password": "another good password" })),
            201,
        ),
        call("GET", "/api/v1/sessions/own", "/api/v1/sessions/own", Sent::Nothing, 200),
        call("DELETE", "/api/v1/sessions/own", "/api/v1/sessions/own", Sent::Nothing, 204),
    ]
}
