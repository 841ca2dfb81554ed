//! System's pages and the adoption wizard, by their forms as a browser without scripts sends them.

use std::time::Duration;

use serde_json::json;

use crate::desk::{Answer, Bench, MAC, bench};

/// Nobody would write this into a page by chance.
const SECRET: &str = "hush-4711-sesame";

impl Bench {
    /// A credential set, a channel, a group, a name source and an account, made once; answers the set's id.
    pub async fn have_something_to_administer(&self) -> i64 {
        let sets = self.call(Some("administrator"), "GET", "/api/v1/credentials", None).await.json();
        if let Some(id) = sets["items"][0]["id"].as_i64() {
            return id;
        }
        let things = [
            ("groups", json!({ "reason": "a test", "name": "desks" })),
            (
                "channels",
                json!({ "reason": "a test", "name": "log",
                    "definition": { "kind": "syslog", "host": "127.0.0.1", "port": 9, "transport": "danger-udp" } }),
            ),
            (
                "names/sources",
                json!({ "reason": "a test", "name": "look", "kind": "reverse_dns", "address": "127.0.0.1:9" }),
            ),
            (
                "policies/logins",
                json!({ "reason": "a test", "name": "office", "kind": "addresses", "lines": "0.0.0.0/0\n::/0" }),
            ),
            ("roles", json!({ "reason": "a test", "name": "night", "operations": ["port.read"] })),
            ("blocklist", json!({ "reason": "a test", "kind": "user", "who": "otto", "denies": ["backup"] })),
            ("tenants", json!({ "reason": "a test", "name": "acme", "kind": "company" })),
            ("domains", json!({ "reason": "a test", "name": "north", "belongs": { "regions": ["north"] } })),
            ("users", json!({ "name": "anna", "password": "Horse-battery/3", "roles": ["Helpdesk"] })),
            (
                "credentials",
                json!({ "name": "watch", "kind": "v3", "user": "watch", "auth_protocol": "SHA-256",
                    "auth_password": SECRET, "priv_protocol": "AES-128", "priv_password": SECRET }),
            ),
        ];
        let mut id = None;
        for (path, body) in things {
            let made = self.json("administrator", "POST", &format!("/api/v1/{path}"), body).await;
            assert_eq!(made.status, 201, "{path}: {}", made.body);
            id = made.json()["id"].as_i64();
        }
        id.unwrap()
    }

    /// The page to which a form has led.
    async fn follow(&self, user: &str, answer: &Answer) -> String {
        assert_eq!(answer.status, 303, "{}", answer.body);
        let page = self.page(user, answer.headers["location"].to_str().unwrap()).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.body
    }

    /// The wizard's page of a job, once it has ended.
    async fn ended(&self, user: &str, answer: &Answer) -> String {
        for _ in 0..500 {
            let page = self.follow(user, answer).await;
            if !page.contains(">running<") {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the job did not end");
    }
}

/// The value of the field `name` in a page.
fn value<'p>(page: &'p str, name: &str) -> &'p str {
    let rest = page.split(&format!("name=\"{name}\"")).nth(1);
    let rest = rest.and_then(|rest| rest.split(" value=\"").nth(1));
    rest.unwrap_or_else(|| panic!("no field {name}: {page}")).split('"').next().unwrap()
}

// proves: NEM-09
#[tokio::test]
async fn a_parameter_is_changed_by_its_form_and_a_wrong_value_is_told_at_its_field() {
    let bench = bench().await;
    let list = bench.page("operator", "/system/parameters").await.body;
    for told in ["ui.page_rows", "1 to 1000", "rows on a page of a list"] {
        assert!(list.contains(told), "{told}");
    }
    let path = "/system/parameters/ui.page_rows";
    let form = bench.page("operator", path).await.body;
    assert!(form.contains("min=\"1\" max=\"1000\"") && value(&form, "value") == "100", "{form}");
    let version = value(&form, "version").to_owned();

    let wrong = bench.form("operator", path, &format!("version={version}&value=5000&reason=a+test")).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("id=\"fault-value\">ui.page_rows: &#39;5000&#39; is refused"),
        "{}",
        wrong.body
    );
    assert_eq!(value(&wrong.body, "value"), "5000", "what was written stays");
    let silent = bench.form("operator", path, &format!("version={version}&value=50&reason=+")).await;
    assert!(silent.body.contains("id=\"fault-reason\">a reason is needed"), "{}", silent.body);

    let right = bench.form("operator", path, &format!("version={version}&value=50&reason=a+test")).await;
    let list = bench.follow("operator", &right).await;
    assert!(list.contains("s-info\">50<"), "{list}");
    // Who has looked before that is told so, and overwrites nothing.
    let late = bench.form("operator", path, &format!("version={version}&value=70&reason=a+test")).await;
    assert_eq!(late.status, 412);
    assert!(late.body.contains("changed by somebody else"), "{}", late.body);
    let kept = bench.call(Some("operator"), "GET", "/api/v1/system/parameters/ui.page_rows", None).await;
    assert_eq!(kept.json()["value"], "50");
}

#[tokio::test]
async fn a_secret_stands_on_no_page_and_sets_are_ordered_and_removed() {
    let bench = bench().await;
    let v3 = format!(
        "kind=v3&name=core&user=watch&auth_protocol=SHA-256&auth_password={SECRET}&priv_protocol=AES-128\
         &priv_password={SECRET}&context="
    );
    let short = v3.replace(SECRET, "short");
    let refused = bench.form("operator", "/system/new-credential", &short).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("role=\"alert\"") && !refused.body.contains("short\""), "{}", refused.body);
    let added = bench.form("operator", "/system/new-credential", &v3).await;
    assert!(bench.follow("operator", &added).await.contains("SNMPv3 authPriv"));
    let v2c = format!("kind=v2c&name=old&community={SECRET}&to=%2Fadopt%2Fcredentials");
    let added = bench.form("operator", "/system/new-credential", &v2c).await;
    let page = bench.follow("operator", &added).await;
    assert!(page.contains("SNMPv2c, in clear") && page.contains("class=\"steps\""), "{page}");

    let sets = bench.call(Some("operator"), "GET", "/api/v1/credentials", None).await.json();
    let (core, old) = (sets["items"][0]["id"].as_i64().unwrap(), sets["items"][1]["id"].as_i64().unwrap());
    for path in [
        "/system/credentials".to_owned(),
        format!("/system/credentials/{core}"),
        format!("/system/credentials/{old}"),
        format!("/system/credentials/{old}/remove"),
        "/system/credentials/order".to_owned(),
        "/adopt/credentials".to_owned(),
        "/adopt/discover".to_owned(),
        "/audit".to_owned(),
    ] {
        let page = bench.page("administrator", &path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains(SECRET), "{path} tells the secret");
    }
    let form = bench.page("operator", "/system/credentials/order").await.body;
    let fields = format!("version={}&position-{core}=2&position-{old}=1", value(&form, "version"));
    bench.follow("operator", &bench.form("operator", "/system/credentials/order", &fields).await).await;
    let sets = bench.call(Some("operator"), "GET", "/api/v1/credentials", None).await.json();
    assert_eq!(sets["items"][0]["id"].as_i64(), Some(old));

    let form = bench.page("operator", &format!("/system/credentials/{core}")).await.body;
    let renamed = format!("version={}&name=campus&reason=a+test", value(&form, "version"));
    let renamed = bench.form("operator", &format!("/system/credentials/{core}"), &renamed).await;
    assert!(bench.follow("operator", &renamed).await.contains("campus"));
    let removed = bench.form("operator", &format!("/system/credentials/{old}/remove"), "").await;
    assert!(!bench.follow("operator", &removed).await.contains("SNMPv2c, in clear"));
}

#[tokio::test]
async fn channels_are_added_changed_tested_and_removed_and_commands_are_the_administrators() {
    let bench = bench().await;
    let hook =
        format!("kind=webhook&name=pager&url=https%3A%2F%2F127.0.0.1%3A9%2F&secret={SECRET}&reason=a+test");
    let wrong = bench.form("operator", "/system/new-channel", &hook.replace("https", "ftp")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("begins with https://") && !wrong.body.contains(SECRET), "{}", wrong.body);
    let added = bench.form("operator", "/system/new-channel", &hook).await;
    let list = bench.follow("operator", &added).await;
    assert!(list.contains("https://127.0.0.1:9/") && !list.contains(SECRET), "{list}");
    let form = bench.page("operator", "/system/channels/pager").await.body;
    assert!(!form.contains(SECRET) && form.contains("type=\"password\""), "{form}");
    // The secret does not go to somebody else with the channel.
    let elsewhere = "url=https%3A%2F%2F127.0.0.1%3A8%2F&reason=a+test";
    let elsewhere = bench.form("operator", "/system/channels/pager", elsewhere).await;
    assert!(elsewhere.body.contains("give its secret anew"), "{}", elsewhere.body);
    let tested = bench.form("operator", "/system/channels/pager/test", "").await;
    assert_eq!(tested.status, 200, "{}", tested.body);
    assert!(tested.body.contains("It failed: "), "{}", tested.body);
    let syslog = "kind=syslog&name=log&host=127.0.0.1&port=9&transport=danger-udp&reason=a+test";
    let list = bench.follow("operator", &bench.form("operator", "/system/new-channel", syslog).await).await;
    assert!(list.contains("spoken to in clear"), "the exception is told: {list}");
    assert!(!list.contains("kind=command"), "what is not permitted is not offered");
    let command = "kind=command&name=run&program=x&reason=a+test";
    assert_eq!(bench.form("operator", "/system/new-channel", command).await.status, 403);
    let removed = bench.form("operator", "/system/channels/pager/remove", "reason=a+test").await;
    assert!(!bench.follow("operator", &removed).await.contains("https://127.0.0.1:9/"));
}

#[tokio::test]
async fn groups_sources_backups_and_accounts_are_administered_by_forms() {
    let bench = bench().await;
    bench.have_something_to_administer().await;
    let changed = "description=hall&offline_after_s=60&reason=a+test";
    let list = bench.follow("helpdesk", &bench.form("helpdesk", "/system/groups/desks", changed).await).await;
    assert!(list.contains("hall") && list.contains("60 s"), "{list}");
    let off = "address=127.0.0.1%3A9&interval_s=300&settings=&reason=a+test";
    let list = bench.follow("operator", &bench.form("operator", "/system/sources/look", off).await).await;
    assert!(list.contains("s-disabled\">off<"), "{list}");
    let wrong = bench.form("operator", "/system/sources/look", "settings=%7B&reason=a+test").await;
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    let made = bench.form("operator", "/system/new-backup", "name=made").await;
    assert!(made.headers["location"].to_str().unwrap().starts_with("/jobs/"), "{}", made.body);
    let copy = bench.page("administrator", "/system/backups/kept").await;
    assert!(copy.headers["content-disposition"].to_str().unwrap().contains("kept.db"));
    assert_eq!(copy.body, "a backup");
    assert_eq!(bench.page("operator", "/system/backups/kept").await.status, 403);

    let page = bench.page("administrator", "/system/accounts/anna").await.body;
    assert!(page.contains("name=\"role-helpdesk\" value=\"true\" checked"), "{page}");
    let fields = format!("version={}&role-revisor=true&reason=a+test", value(&page, "version"));
    let list = bench.form("administrator", "/system/accounts/anna", &fields).await;
    let list = bench.follow("administrator", &list).await;
    assert!(list.contains("switched off"), "without the tick she may not sign in: {list}");
    let anna = bench.call(Some("administrator"), "GET", "/api/v1/users/anna", None).await.json();
    assert_eq!(anna["roles"], json!(["revisor"]));
    let reset = bench.form("administrator", "/system/accounts/anna/reset", "reason=a+test").await;
    let once = reset.body.split("class=\"once\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(once.len() >= 12, "{}", reset.body);
    assert!(!bench.page("administrator", "/system/accounts").await.body.contains(&once));

    // Refused for want of a reason, it still holds to what was shown: nobody changes her unseen meanwhile.
    let shown = bench.page("administrator", "/system/accounts/anna/remove").await.body;
    let refused = bench.form("administrator", "/system/accounts/anna/remove", "reason=").await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(value(&refused.body, "version"), value(&shown, "version"));
}

// proves: NEM-01
#[tokio::test]
async fn the_wizard_leads_from_credentials_to_elements() {
    let bench = bench().await;
    let start = bench.page("operator", "/adopt").await.body;
    assert!(start.contains("href=\"/adopt/credentials\"") && start.contains("On to: Credentials"), "{start}");
    // Without credentials a search says so at once.
    let sweep = "subnet=127.0.0.0%2F30&port=9";
    let refused = bench.form("operator", "/adopt/discover", sweep).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("there are no credentials to try"), "{}", refused.body);
    let wrong = bench.form("operator", "/adopt/discover", "subnet=nowhere").await;
    assert_eq!(wrong.status, 422);
    assert_eq!(value(&wrong.body, "subnet"), "nowhere");
    bench.have_something_to_administer().await;

    // A search by subnet: nothing answers here, and that is told.
    let page = bench.ended("operator", &bench.form("operator", "/adopt/discover", sweep).await).await;
    assert!(page.contains("search in 127.0.0.0/30"), "{page}");
    assert!(page.contains("did not answer") || page.contains("Why not"), "{page}");
    assert_eq!(bench.form("revisor", "/adopt/discover", sweep).await.status, 403);

    // One element, which does not answer: the reason is told, and what was written stays.
    let host = bench.form("operator", "/adopt/host", "address=127.0.0.1%3A7&quarantine_vlan=666").await;
    assert_eq!(host.status, 409, "{}", host.body);
    assert!(host.body.contains("no credential set was answered"), "{}", host.body);
    assert_eq!(value(&host.body, "address"), "127.0.0.1:7");

    // A list: whoever names credentials is kept although it does not answer now; a bad row is told.
    let csv = "csv=address%2Cname%2Ccredential%2Cquarantine_vlan%0D%0A127.0.0.1%3A10%2Csw2%2Cwatch%2C666%0D%0Anonsense%2C%2C%2C\
               &reason=a+test";
    let page = bench.ended("operator", &bench.form("operator", "/adopt/import", csv).await).await;
    assert!(
        page.contains("1 row was taken") && page.contains("&#39;nonsense&#39; is no IP address"),
        "{page}"
    );
    let elements = bench.call(Some("operator"), "GET", "/api/v1/elements?name=sw2", None).await.json();
    assert_eq!(elements["items"][0]["enforcement"], false, "it is observed only: {elements}");

    // Nothing is added that was not chosen, or found.
    let none = bench.form("operator", "/adopt/review", "reason=a+test&choose-0=true").await;
    assert_eq!(none.status, 404, "{}", none.body);
}

// proves: NAC-06
#[tokio::test]
async fn the_wizard_accepts_who_is_present_and_switches_enforcement_on() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let page = bench.page("operator", "/adopt/baseline").await.body;
    assert!(page.contains(MAC) && page.contains("1 endpoint is present"), "{page}");
    let other = bench.page("operator", "/adopt/baseline?vlan=11").await.body;
    assert!(!other.contains(MAC), "{other}");
    let silent = bench.form("operator", "/adopt/baseline", "group=").await;
    assert!(silent.body.contains("a reason is needed"), "{}", silent.body);
    // Who came after the page was opened has been looked at by nobody, and who is left out stays new.
    let seen_by = value(&page, "seen_by");
    for rest in ["", "&seen_by=2020-01-01T00:00:00Z", &format!("&seen_by={seen_by}&except-{MAC}=true")] {
        let accepted =
            bench.form("operator", "/adopt/baseline", &format!("reason=the+first+day{rest}")).await;
        let page = bench.follow("operator", &accepted).await;
        assert!(page.contains("0 endpoints were accepted") && page.contains(MAC), "{rest}: {page}");
    }
    let elsewhere = format!("reason=the+first+day&of=desks&seen_by={seen_by}");
    let accepted = bench.form("operator", "/adopt/baseline", &elsewhere).await;
    assert!(bench.follow("operator", &accepted).await.contains("0 endpoints were accepted"));
    let all = format!("group=&reason=the+first+day&seen_by={seen_by}");
    let accepted = bench.form("operator", "/adopt/baseline", &all).await;
    assert!(bench.follow("operator", &accepted).await.contains("1 endpoint was accepted"));
    let endpoint =
        bench.call(Some("operator"), "GET", &format!("/api/v1/endpoints/{MAC}"), None).await.json();
    assert_eq!(endpoint["status"], "authorised");

    let here = format!("/adopt/enforce/{ne}");
    assert!(bench.page("operator", "/adopt/enforce").await.body.contains(&here));
    let checked = bench.form("operator", &format!("{here}/preflight"), "").await;
    let page = bench.ended("operator", &checked).await;
    assert!(page.contains("sw1 has no credentials"), "why it could not be read is told: {page}");
    let wrong = bench.form("operator", &format!("{here}/vlan"), "quarantine_vlan=5000&reason=a+test").await;
    assert!(wrong.body.contains("id=\"fault-quarantine_vlan\""), "{}", wrong.body);
    let changed = bench.form("operator", &format!("{here}/vlan"), "quarantine_vlan=667&reason=a+test").await;
    bench.follow("operator", &changed).await;
    for (on, expected) in [("true", true), ("false", false)] {
        let switch =
            bench.form("operator", &format!("{here}/switch"), &format!("on={on}&reason=a+test")).await;
        bench.follow("operator", &switch).await;
        let element =
            bench.call(Some("operator"), "GET", &format!("/api/v1/elements/{ne}"), None).await.json();
        assert_eq!((&element["enforcement"], &element["quarantine_vlan"]), (&json!(expected), &json!(667)));
    }
    let page = bench.page("revisor", &here).await.body;
    assert!(!page.contains("/switch\"") && !page.contains("/preflight\""), "readers are offered nothing");
}
