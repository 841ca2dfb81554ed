//! What REST does the command line does: every route of the OpenAPI document is asked for by a verb, or it is said why
//! not.

use serde_json::Value;

use super::{Server, problem};
use crate::output::Format;

/// What REST offers and no verb asks for, each with its reason. The list may only shrink.
const WITHOUT_VERB: &[(&str, &str)] = &[
    ("GET /healthz", "for supervisors of processes"),
    ("GET /readyz", "for load balancers"),
    ("GET /metrics", "for Prometheus; people have system health and system statistics"),
    ("GET /api/v1/openapi.json", "for programs"),
    ("POST /api/v1/sessions", "login has a connection of its own, without a token"),
    ("PUT /api/v1/users/own/password", "login --change-password changes it with the login"),
    ("GET /api/v1/elements/{id}/ports", "ports list --ne asks the list of all ports"),
    ("GET /api/v1/adoption/baseline", "system baseline --review asks the route that accepts"),
    ("GET /api/v1/credentials/{id}", "credentials list shows all that there is of a set"),
    ("PATCH /api/v1/credentials/{id}", "credentials set sends it after it has looked the set up"),
    ("DELETE /api/v1/credentials/{id}", "credentials remove sends it after it has looked the set up"),
    ("PUT /api/v1/credentials/order", "credentials order sends it after it has looked the sets up"),
    ("PATCH /api/v1/groups/{name}", "endpoints group sends it where there is such a group"),
    ("POST /api/v1/groups", "endpoints group sends it where there is no such group"),
    ("POST /api/v1/rules", "rules add reads a file first, which its own test has"),
    ("PUT /api/v1/rules/{rule}", "rules edit reads a file first, which its own test has"),
    ("POST /api/v1/rules/check", "rules check reads a file first, which its own test has"),
    ("POST /api/v1/adoption/import", "the imports read a file first, which their own tests have"),
    ("POST /api/v1/imports/users", "users import reads a file first, which its own test has"),
    ("POST /api/v1/factors", "factors add asks for the password first; people have the page as well"),
    ("POST /api/v1/factors/passkeys", "a passkey is made where the authenticator is: in a browser"),
    ("POST /api/v1/factors/passkeys/answer", "a passkey is made where the authenticator is: in a browser"),
    ("POST /api/v1/sessions/own/passkey", "a passkey signs where the authenticator is: in a browser"),
    ("POST /api/v1/sessions/own/passkey/answer", "a passkey signs where the authenticator is: in a browser"),
    ("POST /api/v1/users", "users add asks for a password first, which its own test has"),
    (
        "POST /api/v1/sessions/own/acknowledge",
        "it reads what is to be acknowledged first, which its own test has",
    ),
    (
        "PUT /api/v1/policies/passwords/dictionary",
        "passwords dictionary reads a file first, which its own test has",
    ),
    (
        "POST /api/v1/policies/passwords/try",
        "passwords try asks for a password first; people have the page as well",
    ),
    ("POST /api/v1/credentials", "credentials add asks for secrets first, which its own test has"),
];

/// A line of the command line for every other route.
const BY_VERB: &[&str] = &[
    "names of 00:1b:21:3a:4f:5e",
    "endpoints list",
    "endpoints show 001b213a4f5e",
    "endpoints why 001b213a4f5e",
    "endpoints history 001b213a4f5e",
    "endpoints history 192.0.2.7",
    "endpoints authorise 001b213a4f5e --reason x",
    "endpoints block 001b213a4f5e --reason x",
    "factors list",
    "factors confirm 1 123456",
    "factors remove 1",
    "factors prove 123456",
    "users reset-factors anna --reason x",
    "blocklist list",
    "blocklist show 3",
    "blocklist add --user ann --deny port --until 2h --reason x",
    "blocklist remove 3 --reason x",
    "tenants list",
    "tenants show acme",
    "tenants add acme --kind company --reason x",
    "tenants set acme --enabled false --reason x",
    "tenants add-administrator acme wile --reason x",
    "tenants remove acme --reason x",
    "domains list",
    "domains show north",
    "domains add north --region north --reason x",
    "domains set north --region west --reason x",
    "domains remove north --reason x",
    "endpoints report 001b213a4f5e --found firewall=off --expected firewall=on --reason x",
    "endpoints move 001b213a4f5e --reason x",
    "endpoints set 001b213a4f5e --note x --reason x",
    "endpoints forget 001b213a4f5e --reason x",
    "endpoints groups",
    "endpoints group desks --reason x",
    "endpoints remove-group desks --reason x",
    "ne list",
    "ne show 3",
    "ne add 192.0.2.1",
    "ne set 3 --name x --reason x",
    "ne remove 3 --reason x",
    "ne poll 3",
    "ne discover 192.0.2.0/24",
    "ne topology",
    "ne detail 3",
    "ne preflight 3 --reason x",
    "ports list",
    "ports show 3 Gi1",
    "ports history 3 Gi1",
    "ports why 3 Gi1",
    "ports on 3 Gi1 --reason x",
    "ports off 3 Gi1 --reason x",
    "ports move 3 Gi1 --reason x",
    "ports release 3 Gi1 --reason x",
    "ports set 3 Gi1 --protected yes --reason x",
    "events list",
    "events show 7",
    "events follow",
    "rules list",
    "rules show r",
    "rules enable r --reason x",
    "rules disable r --reason x",
    "rules delete r --reason x",
    "rules revisions r",
    "rules rehearse r",
    "audit list",
    "audit show 7",
    "audit verify",
    "audit key",
    "audit export",
    "jobs list",
    "jobs show 7",
    "jobs cancel 7",
    "system status",
    "system health",
    "system statistics",
    "system statistics endpoints.online",
    "system parameters",
    "system parameters ui.page_rows",
    "system charts",
    "system charts polls.good",
    "system set ui.page_rows 7 --reason x",
    "system stop --reason x",
    "system resume --reason x",
    "system release-all --reason x",
    "system baseline --reason x",
    "system rotate-keys root --reason x",
    "system backup",
    "system backups",
    "system fetch-backup b",
    "system remove-backup b --reason x",
    "credentials list",
    "users list",
    "users show ann",
    "users set ann --enabled no --reason x",
    "users reset-password ann --reason x",
    "users unlock ann --reason x",
    "users remove ann --reason x",
    "users erase ann --reason x",
    "passwords show",
    "passwords rules",
    "passwords set min_length=12 --reason x",
    "sessions list",
    "sessions show",
    "sessions own",
    "sessions shared",
    "sessions logins",
    "policies accounts",
    "policies accounts identity.lockout_s",
    "policies set-accounts identity.lockout_s 600 --reason x",
    "roles list",
    "roles show helpdesk",
    "roles add night --operation port.off --reason x",
    "roles set night --operation port.on --reason x",
    "roles remove night --reason x",
    "roles operations",
    "roles rights ann",
    "roles who-may port.off",
    "policies list",
    "policies show office",
    "policies add office --kind addresses --line 192.0.2.0/24 --reason x",
    "policies set office --line 192.0.2.0/25 --reason x",
    "policies remove office --reason x",
    "sessions end",
    "sessions end 7 --reason x",
    "tokens list",
    "tokens add t",
    "tokens revoke 7",
];

fn is_of(route: &str, line: &str) -> bool {
    let line = line.split('?').next().unwrap();
    let (route, line): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), line.split('/').collect());
    let fits = |(part, said): (&&str, &&str)| part.starts_with('{') || part == said;
    route.len() == line.len() && route.iter().zip(&line).all(fits)
}

// proves: NAC-21
#[tokio::test]
async fn what_rest_does_the_command_line_does() {
    let document: Value =
        serde_json::from_str(include_str!("../../../../../crates/web/openapi.json")).unwrap();
    let server = Server::start(Format::Json, |_| problem(404));
    for line in BY_VERB {
        let _ = server.run(line).await;
    }
    let sent: Vec<String> = server.sent().into_iter().map(|sent| sent.line).collect();
    let mut missing = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        // Channels and sources of names have tests of their verbs beside them.
        if path.starts_with("/api/v1/channels") || path.starts_with("/api/v1/names") {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let route = format!("{} {path}", method.to_uppercase());
            let literal = sent.iter().any(|line| line.split('?').next() == Some(route.as_str()));
            let explained = WITHOUT_VERB.iter().any(|(without, _)| *without == route);
            if !literal && !explained && !sent.iter().any(|line| is_of(&route, line)) {
                missing.push(route);
            }
        }
    }
    assert!(missing.is_empty(), "no verb asks for {missing:?}; sent were {sent:#?}");
}
