//! The pages of rules: written, told at its place what is wrong, mended, rehearsed, enabled; edited by two
//! at once; compared, and taken away. And the pages of long work.

use std::time::Duration;

use netwarden_identity::Operation;

use crate::desk::{Answer, Bench, MAC, bench};

/// The form of the rule that the tests write, with this condition.
fn fields(name: &str, condition: &str) -> String {
    let escaped = |text: &str| -> String { text.bytes().map(|octet| format!("%{octet:02X}")).collect() };
    format!(
        "name={}&description=For+tests&on=new_endpoint&on=mac_spoofing&condition={}&severity=major&every=1h\
         &alarm=&from=00%3A00&to=00%3A00&zone=UTC&do.1=quarantine&vlan.1=&bounce.1=on\
         &do.2=set_status&status.2=unauthorised",
        escaped(name),
        escaped(condition)
    )
}

impl Bench {
    /// As htmx sends a form: only a part is wanted.
    async fn rule_part(&self, user: &str, path: &str, fields: &str) -> Answer {
        let page = self.page(user, "/").await.body;
        let proof = page.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields = format!("proof={proof}&{fields}");
        self.form_with(user, path, &fields, &[("hx-request", "true")]).await
    }

    async fn kept_rule(&self, name: &str) -> serde_json::Value {
        self.call(Some("administrator"), "GET", &format!("/api/v1/rules/{name}"), None).await.json()
    }

    /// The job's page once the work has ended.
    async fn ended_job(&self, user: &str, job: &str) -> String {
        for _ in 0..500 {
            let page = self.page(user, job).await;
            assert_eq!(page.status, 200, "{}", page.body);
            if !page.body.contains("s-job-running") {
                return page.body;
            }
            assert!(page.body.contains("hx-trigger=\"every 1s\""), "a running job's page renews itself");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{job} did not end");
    }
}

fn led(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.headers["location"].to_str().unwrap().to_owned()
}

// proves: NAC-10, NAC-17
#[tokio::test]
async fn a_rule_is_written_mended_rehearsed_and_enabled() {
    let bench = bench().await;
    let page = bench.page("operator", "/rules/new").await.body;
    assert!(page.contains("endpoint.status") && page.contains("formaction=\"/rules/draft\""));
    assert!(page.contains("<code>sw1</code>"), "with values of what was recorded: {page}");
    // As it is typed.
    let wrong = fields("strangers", "endpoint.vlan == 10 &&\n  endpoint.stauts == 'new'");
    let told = bench.rule_part("operator", "/rules/check", &wrong).await;
    assert_eq!(told.status, 200, "{}", told.body);
    assert!(told.body.contains("Line 2, column 3: there is no property"), "{}", told.body);
    assert!(told.body.contains("<mark>endpoint.stauts</mark> == &#39;new&#39;"), "{}", told.body);
    assert!(!told.body.contains("<html"));
    // Saving says the same, and keeps what was written.
    let refused = bench.form("operator", "/rules/new", &format!("{wrong}&reason=a+test")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("<mark>endpoint.stauts</mark>"), "{}", refused.body);
    assert!(refused.body.contains("name=\"reason\" rows=\"2\" required maxlength=\"1000\">\na test<"));
    assert!(refused.body.contains("value=\"strangers\""));
    assert_eq!(bench.kept_rule("strangers").await["status"], 404);
    // Mended; without a reason it is not kept.
    let right = fields("strangers", "endpoint.vlan == 10 &&\n  endpoint.status == 'new'");
    let told = bench.rule_part("operator", "/rules/check", &right).await.body;
    assert!(told.contains("class=\"fine\"") && told.contains("steps at most; 100"), "{told}");
    let refused = bench.form("operator", "/rules/new", &right).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("a reason is needed"), "{}", refused.body);
    let at = led(&bench.form("operator", "/rules/new", &format!("{right}&reason=a+test")).await);
    let kept = bench.kept_rule("strangers").await;
    let here = format!("/rules/{}", kept["id"]);
    assert_eq!(at, format!("{here}?done=saved"));
    assert_eq!((kept["enabled"].as_bool(), kept["severity"].as_str()), (Some(false), Some("major")));
    assert_eq!(kept["condition"], "endpoint.vlan == 10 &&\n  endpoint.status == 'new'");
    let reactions = serde_json::json!([
        { "do": "quarantine", "bounce": true }, { "do": "set_status", "status": "unauthorised" }
    ]);
    assert_eq!(kept["reactions"], reactions);
    assert!(bench.page("operator", &at).await.body.contains("The rule is saved."));
    // Rehearsed over what was recorded: the endpoint that the bench has.
    assert!(bench.page("revisor", &format!("{here}/rehearse")).await.body.contains("endpoint.vlan == 10"));
    let unsure = bench.page("operator", &format!("{here}/enable")).await.body;
    assert!(unsure.contains("has not been rehearsed"), "{unsure}");
    let odd = bench.form("operator", &format!("{here}/rehearse"), "from-time=yesterday").await;
    assert_eq!(odd.status, 422, "{}", odd.body);
    assert!(odd.body.contains("“yesterday” is no date and time"), "{}", odd.body);
    let job = led(&bench.form("operator", &format!("{here}/rehearse"), "span=day").await);
    let found = bench.ended_job("operator", &job).await;
    let escaped = MAC.replace(':', "%3A");
    for expected in [
        "1 matched.",
        "1 port would have been moved",
        &format!("href=\"/endpoints/{escaped}\""),
        &format!("href=\"/elements/{}/ports/Gi1%2F0%2F1\"", bench.ne.0),
        "move the port, set the status",
    ] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert!(bench.page("revisor", "/jobs").await.body.contains(&format!("href=\"{job}\"")));
    // Enabled, knowing what that means.
    let sure = bench.page("operator", &format!("{here}/enable")).await.body;
    for expected in
        ["quarantine VLAN", "Its last rehearsal:", "1 matched.", "It can change ports of 0 network elements"]
    {
        assert!(sure.contains(expected), "{expected}: {sure}");
    }
    let on = led(&bench.form("operator", &format!("{here}/enable"), "reason=it+is+right").await);
    assert_eq!(on, format!("{here}?done=enable"));
    assert_eq!(bench.kept_rule("strangers").await["enabled"], true);
}

#[tokio::test]
async fn what_is_not_kept_is_rehearsed_and_rearranged() {
    let bench = bench().await;
    let right = fields("", "endpoint.status == 'new'");
    let job = led(&bench.form("operator", "/rules/rehearse", &format!("{right}&span=all")).await);
    let found = bench.ended_job("operator", &job).await;
    assert!(found.contains("not named yet") && found.contains("1 matched."), "{found}");
    assert_eq!(bench.call(Some("operator"), "GET", "/api/v1/rules", None).await.json()["total"]["count"], 0);
    // Beside the form a fault is told in its place; without scripts the form comes back with it.
    let wrong = fields("", "endpoint.status");
    let told = bench.rule_part("operator", "/rules/rehearse", &wrong).await;
    assert!(told.body.trim_start().starts_with("<p class=\"banner bad\""), "{}", told.body);
    let page = bench.form("operator", "/rules/rehearse", &wrong).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("must be true or false"), "{}", page.body);
    // Reactions come and go without anything being kept.
    let more = bench.form("operator", "/rules/draft", &format!("{right}&add=1&kind=mail")).await.body;
    assert!(more.contains("name=\"do.3\" value=\"mail\"") && more.contains("name=\"subject.3\""), "{more}");
    let turned = bench.form("operator", "/rules/draft", &format!("{right}&earlier=2")).await.body;
    assert!(turned.contains("name=\"do.1\" value=\"set_status\""), "{turned}");
    let less = bench.form("operator", "/rules/draft", &format!("{right}&remove=1")).await.body;
    assert!(less.contains("name=\"do.1\" value=\"set_status\"") && !less.contains("name=\"do.2\""), "{less}");
}

#[tokio::test]
async fn faults_stand_at_their_fields() {
    let bench = bench().await;
    let right = fields("a rule", "true");
    for (from, to, id, said) in [
        ("name=%61%20%72%75%6C%65", "name=+", "fault-name", "name is empty"),
        ("on=new_endpoint&on=mac_spoofing", "x=y", "fault-events", "names no kind of event"),
        ("every=1h", "every=often", "fault-period", "“often” is no time such as"),
        ("every=1h", "every=&scheduled=on&zone=Mars", "fault-period", "no time zone known here"),
        ("alarm=&", "alarm=mail&alarm_to=nobody&", "fault-alarm", "no mail address"),
        ("vlan.1=", "vlan.1=9999", "fault-reaction-1", "The VLAN must be a number"),
        ("status.2=unauthorised", "status.2=new", "fault-reaction-2", "Choose a status"),
        ("on=mac_spoofing", "on=tick", "fault-reaction-1", "tick is about none"),
    ] {
        // The zone that stands first counts.
        let fields = format!(
            "{}&reason=x",
            right.replacen(from, to, 1).replacen("&zone=UTC", "", usize::from(to.contains("zone")))
        );
        let answer = bench.form("operator", "/rules/new", &fields).await;
        assert_eq!(answer.status, 422, "{to}: {}", answer.body);
        let told = answer.body.split(&format!("class=\"fault\" id=\"{id}\">")).nth(1);
        let told = told.unwrap_or_else(|| panic!("{to}: no {id} in {}", answer.body)).split("</p>").next();
        assert!(told.unwrap().contains(said), "{to}: {told:?}");
    }
    let once = bench.form("operator", "/rules/new", &format!("{right}&reason=x")).await;
    led(&once);
    let twice = bench.form("operator", "/rules/new", &format!("{right}&reason=x")).await;
    assert_eq!(twice.status, 409);
    assert!(twice.body.contains("id=\"fault-name\">another rule is called"), "{}", twice.body);
}

#[tokio::test]
async fn two_who_edit_at_once_are_told_and_revisions_are_compared() {
    let bench = bench().await;
    led(&bench.form("operator", "/rules/new", &format!("{}&reason=x", fields("shared", "true"))).await);
    let here = format!("/rules/{}", bench.kept_rule("shared").await["id"]);
    let edit = format!("{here}/edit");
    let page = bench.page("operator", &edit).await.body;
    assert!(page.contains("name=\"revision\" value=\"1\"") && page.contains("<legend>1. quarantine"));
    let save = async |user: &str, condition: &str, rest: &str| {
        bench.form(user, &edit, &format!("{}&reason=x&{rest}", fields("shared", condition))).await
    };
    led(&save("operator", "endpoint.vlan == 10", "revision=1").await);
    // Who began with the first revision, or with none, is told; what was written stays.
    for begun in ["revision=1", "revision=", "x=y"] {
        let late = save("administrator", "endpoint.vlan == 20", begun).await;
        assert_eq!(late.status, 412, "{begun}: {}", late.body);
        assert!(late.body.contains("endpoint.vlan == 20</textarea>"), "{}", late.body);
        assert!(
            late.body.contains("name=\"over\" value=\"2\"") && late.body.contains("new=2"),
            "{}",
            late.body
        );
    }
    assert_eq!(bench.kept_rule("shared").await["condition"], "endpoint.vlan == 10");
    // Saving over it is said in so many words.
    led(&save("administrator", "endpoint.vlan == 20", "revision=1&over=2").await);
    assert_eq!(bench.kept_rule("shared").await["revision"], 3);
    let diff = bench.page("revisor", &format!("{here}/diff")).await.body;
    assert!(diff.contains("endpoint.vlan == <del>1</del>0</pre>"), "{diff}");
    assert!(diff.contains("endpoint.vlan == <ins>2</ins>0</pre>"), "{diff}");
    assert!(diff.contains("Revision 2, by operator") && diff.contains("Unchanged: Name,"), "{diff}");
    let same = bench.page("revisor", &format!("{here}/diff?old=2&new=2")).await.body;
    assert!(same.contains("say the same"), "{same}");
    assert_eq!(bench.page("revisor", &format!("{here}/diff?old=1&new=9")).await.status, 404);
    // Taken away with a reason.
    assert_eq!(bench.form("operator", &format!("{here}/delete"), "reason=").await.status, 422);
    let gone = led(&bench.form("operator", &format!("{here}/delete"), "reason=no+use").await);
    assert!(bench.page("operator", &gone).await.body.contains("The rule is deleted."));
    assert_eq!(bench.page("operator", &here).await.status, 404);
}

#[tokio::test]
async fn the_first_rules_are_offered_and_kept_disabled() {
    let bench = bench().await;
    let page = bench.page("operator", "/rules").await.body;
    assert!(page.contains("quarantine new endpoints") && page.contains("href=\"/rules/starter\""), "{page}");
    let first = bench.page("operator", "/rules/new?starter=0").await.body;
    assert!(
        first.contains("value=\"quarantine new endpoints\"") && first.contains("name=\"do.1\""),
        "{first}"
    );
    // Who may not write rules sees what there could be, and no way to it.
    let read = bench.page("revisor", "/rules").await.body;
    assert!(read.contains("quarantine new endpoints") && !read.contains("/rules/starter"), "{read}");
    assert_eq!(bench.form("operator", "/rules/starter", "reason=").await.status, 422);
    let before = bench.records("rule.create", "success").await;
    led(&bench.form("operator", "/rules/starter", "reason=first+steps").await);
    let all = bench.call(Some("operator"), "GET", "/api/v1/rules", None).await.json();
    let count = all["items"].as_array().unwrap().len();
    assert!(count > 10 && all["items"].as_array().unwrap().iter().all(|rule| rule["enabled"] == false));
    assert_eq!(bench.records("rule.create", "success").await, before + count);
    led(&bench.form("operator", "/rules/starter", "reason=again").await);
    let again = bench.call(Some("operator"), "GET", "/api/v1/rules", None).await.json();
    assert_eq!(again["total"]["count"], count, "names that are taken are left alone");
    let page = bench.page("operator", "/rules").await.body;
    assert!(!page.contains("/rules/starter") && page.contains("href=\"/rules/new\""));
    let copy = bench.page("operator", &format!("/rules/new?copy={}", all["items"][0]["id"])).await.body;
    assert!(copy.contains("(copy)\"") && copy.contains("name=\"rule\" value=\"\""), "{copy}");
}

// proves: SCL-03
#[tokio::test]
async fn long_work_shows_its_progress_is_stopped_and_keeps_its_result() {
    let bench = bench().await;
    let now = bench.desk.clock.now();
    let id = bench.desk.jobs.start(
        "counting <sheep>".into(),
        Operation::RuleRehearse,
        None,
        now,
        |progress| async move {
            progress.set_total(10);
            progress.set_done(4);
            while !progress.is_cancelled() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(serde_json::json!({ "octets": 4, "found": [{ "address": "192.0.2.1" }], "removed": [] }))
        },
    );
    let at = format!("/jobs/{id}");
    let mut page = String::new();
    for _ in 0..500 {
        page = bench.page("operator", &at).await.body;
        if page.contains("4 of 10") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(page.contains("value=\"4\" max=\"10\"") && page.contains("counting &#60;sheep&#62;"), "{page}");
    assert!(page.contains("hx-trigger=\"every 1s\"") && page.contains(&format!("action=\"{at}/cancel\"")));
    // Who may not do what it does sees nothing of it; who may not stop it is not offered to.
    assert_eq!(bench.page("helpdesk", &at).await.status, 403);
    assert!(!bench.page("helpdesk", "/jobs").await.body.contains("counting"));
    assert!(!bench.page("revisor", &at).await.body.contains("/cancel"));
    led(&bench.form("operator", &format!("{at}/cancel"), "").await);
    let found = bench.ended_job("operator", &at).await;
    for expected in ["s-job-cancelled", "<dd>4</dd>", "192.0.2.1", "<dd>none</dd>"] {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert!(!found.contains("hx-trigger=\"every"));
    led(&bench.form("operator", &format!("{at}/cancel"), "").await);
}
