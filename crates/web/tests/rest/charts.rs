//! The start page: each user's own charts, wherever they sign in, with the events behind each bar; and who is
//! told of which event, with which text.

use netwarden_identity::{NewUser, Plane};
use serde_json::json;
use zeroize::Zeroizing;

use crate::desk::{PASSWORD, bench};

const OWN: &str = "/api/v1/users/own/charts";

fn chosen(series: &str) -> String {
    format!("name=\"chart\" value=\"{series}\" checked")
}

// proves: AUD-15
#[tokio::test]
async fn each_user_has_charts_of_their_own_in_every_browser() {
    let bench = bench().await;
    for user in ["administrator", "operator", "helpdesk", "revisor"] {
        let start = bench.page(user, "/").await.body;
        assert_eq!(start.matches("<figure>").count(), 2, "{user} begins with the usual two: {start}");
        assert!(start.contains(&chosen("events.new_endpoint")), "{user}");
    }
    let fields = "chart=polls.good&chart=endpoints.online&chart=events.tick";
    let done = bench.form("operator", "/charts", fields).await;
    assert_eq!((done.status.as_u16(), &done.headers["location"]), (303, &"/?done=charts".parse().unwrap()));
    assert_eq!(done.headers.get("set-cookie"), None, "it is no browser's");

    // Another browser of theirs; and another user, at whatever browser.
    let password = Zeroizing::new(PASSWORD.to_owned());
    let elsewhere = bench.desk.login(Plane::Om, "operator", password, None).await.unwrap();
    let start = bench.page(&elsewhere.secret, "/").await.body;
    assert_eq!(start.matches("<figure>").count(), 3, "{start}");
    assert!(start.contains(&chosen("polls.good")) && !start.contains(&chosen("events.new_endpoint")));
    let other = bench.page("administrator", "/").await.body;
    assert!(!other.contains(&chosen("polls.good")), "{other}");
    // An address that names charts can be handed on, and changes nothing.
    let named = bench.page("operator", "/?chart=judging.behind").await.body;
    assert!(named.contains(&chosen("judging.behind")) && !named.contains(&chosen("polls.good")));

    let own = bench.call(Some("operator"), "GET", OWN, None).await.json();
    assert_eq!(own, json!({ "charts": ["polls.good", "endpoints.online", "events.tick"] }));
    assert_eq!(bench.records("chart.choose_own", "success").await, 1);
    let records = "/api/v1/audit?operation=chart.choose_own";
    let record = bench.call(Some("administrator"), "GET", records, None).await.json()["items"][0].clone();
    assert_eq!(record["old"], "events.new_endpoint, events.unauthorised", "{record}");
    assert_eq!(
        (&record["new"], &record["user"]),
        (&json!("polls.good, endpoints.online, events.tick"), &json!("operator"))
    );

    for (body, words) in [
        (json!({ "charts": ["weather"] }), "'weather' is no series of statistics"),
        (
            json!({ "charts": bench.desk.statistics_series(&bench.caller("operator").await).await.unwrap().iter()
            .map(|series| series.name.clone()).collect::<Vec<_>>() }),
            "room for 12 charts",
        ),
    ] {
        let refused = bench.json("operator", "PUT", OWN, body).await;
        assert_eq!(refused.status, 422);
        assert!(refused.detail().contains(words), "{}", refused.body);
        assert_eq!(refused.json()["input"], "charts", "{}", refused.body);
    }
    assert_eq!(bench.json("operator", "PUT", OWN, json!({ "charts": [] })).await.status, 204);
    assert!(bench.page("operator", "/").await.body.contains(&chosen("events.unauthorised")));
}

#[tokio::test]
async fn charts_are_chosen_with_the_right_and_from_a_page_of_ours() {
    let bench = bench().await;
    let before = bench.records("chart.choose_own", "denied").await;
    assert_eq!(bench.json("foreign", "PUT", OWN, json!({ "charts": [] })).await.status, 403);
    assert_eq!(bench.records("chart.choose_own", "denied").await, before + 1);
    let without = bench.form_with("operator", "/charts", "chart=polls.good", &[]).await;
    assert_eq!(without.status, 403, "{}", without.body);
    assert_eq!(bench.records("chart.choose_own", "success").await, 0);
}

/// The choice goes with the account.
#[tokio::test]
async fn a_deleted_user_leaves_no_charts() {
    let bench = bench().await;
    let password = || Zeroizing::new(PASSWORD.to_owned());
    let person = netwarden_identity::password::Person { name: "ann", ..Default::default() };
    let hash = bench.desk.identity.hash_new_password(person, password(), [9; 16]).await.unwrap();
    let grants = [netwarden_identity::Role::Helpdesk.into()].into();
    let user = NewUser {
        plane: Plane::Om,
        name: "ann".into(),
        grants,
        password: hash,
        tenant: None,
        must_change_password: false,
    };
    bench.desk.identity.create_user(user, bench.desk.clock.now()).await.unwrap();
    let secret = bench.desk.login(Plane::Om, "ann", password(), None).await.unwrap().secret;
    assert_eq!(bench.json(&secret, "PUT", OWN, json!({ "charts": ["polls.good"] })).await.status, 204);
    let count = async || {
        let sql = "SELECT COUNT(*) FROM chosen_charts";
        let row = netwarden_store::query_one(bench.desk.store.read(), sql, []).await.unwrap().unwrap();
        row.try_get_by_index::<i64>(0).unwrap()
    };
    assert_eq!(count().await, 1);
    let gone = bench.call(Some("administrator"), "DELETE", "/api/v1/users/ann?reason=a+test", None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(count().await, 0);
}

// proves: AUD-15
#[tokio::test]
async fn a_bar_leads_to_the_events_that_it_counts() {
    let bench = bench().await;
    let seen = bench.desk.collect_statistics(None).await.unwrap();
    let newcomers = ["00:1b:21:00:00:11", "00:1b:21:00:00:12"];
    bench.seen(&newcomers).await;
    // The picture is ahead of the log by a moment.
    for tries in 0.. {
        let told = bench.call(Some("helpdesk"), "GET", "/api/v1/events?kind=new_endpoint", None).await.body;
        if newcomers.iter().all(|mac| told.contains(mac)) {
            break;
        }
        assert!(tries < 500, "no event tells of them: {told}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    bench.desk.collect_statistics(Some(seen)).await.unwrap();
    let start = bench.page("helpdesk", "/").await.body;
    let link = start.split("<a href=\"").find(|rest| rest.starts_with("/events?kind=new_endpoint&")).unwrap();
    let (link, rest) = link.split_once('"').unwrap();
    assert!(rest.contains(": 2\""), "it says how many: {rest}");
    let events = bench.page("helpdesk", &link.replace("&amp;", "&").replace("&#38;", "&")).await.body;
    assert!(newcomers.iter().all(|mac| events.contains(mac)), "{link}: {events}");
    // The same for those who do not see bars.
    assert!(start.contains("<details><summary>As a table"), "{start}");
}

// proves: AUD-15
#[tokio::test]
async fn who_is_told_and_with_which_text_is_set_for_each_event() {
    let bench = bench().await;
    let page = bench.page("operator", "/rules/notifications").await.body;
    assert!(page.contains("nobody is told") && page.contains("/rules/new?tell=ne_unreachable"), "{page}");
    let form = bench.page("operator", "/rules/new?tell=ne_unreachable").await.body;
    assert!(form.contains("value=\"ne_unreachable\" checked"), "{form}");
    for (kind, to, subject, body) in [
        ("new_endpoint", "desk%40example.org", "Somebody+new", "Look+at+%7B%7B+endpoint.mac+%7D%7D"),
        ("ne_unreachable", "noc%40example.org%2C+boss%40example.org", "Gone", "%7B%7B+event.subject+%7D%7D"),
    ] {
        let fields = format!(
            "name=tell+{kind}&on={kind}&severity=minor&do.1=mail&to.1={to}&subject.1={subject}&body.1={body}&reason=a+test"
        );
        let made = bench.form("operator", "/rules/new", &fields).await;
        assert_eq!(made.status, 303, "{}", made.body);
    }
    let page = bench.page("revisor", "/rules/notifications").await.body;
    let row = |title: &str| {
        let at =
            page.find(&format!("<th scope=\"row\">{title}")).unwrap_or_else(|| panic!("{title} in {page}"));
        page[at..].split("</tr>").next().unwrap().to_owned()
    };
    let (new, gone) = (row("new endpoint"), row("element unreachable"));
    assert!(new.contains("desk@example.org") && new.contains("Somebody new"), "{new}");
    assert!(new.contains("<pre>Look at {{ endpoint.mac }}</pre>") && !new.contains("noc@"), "{new}");
    assert!(
        gone.contains("noc@example.org, boss@example.org") && gone.contains("tell ne_unreachable"),
        "{gone}"
    );
    assert!(!page.contains("/rules/new?tell="), "who may not write rules is not offered it");
    assert_eq!(bench.page("helpdesk", "/rules/notifications").await.status, 403);
}
