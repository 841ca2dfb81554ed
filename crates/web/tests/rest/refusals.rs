//! What cannot be read is refused on a page that says what and where; programs keep problem details. What was
//! written into a form and not taken is told at its own field.

use crate::desk::{Answer, Bench, MAC, PORT, bench};

fn is_page(answer: &Answer) -> bool {
    answer.headers["content-type"].to_str().unwrap().starts_with("text/html")
        && answer.body.starts_with("<!doctype html>")
}

// proves: NAC-22
#[tokio::test]
async fn an_address_that_cannot_be_read_is_told_on_a_page() {
    let bench = bench().await;
    let port = format!("/elements/x/ports/{PORT}");
    for (path, status, words) in [
        ("/no-such-page", 404, "there is nothing at this address"),
        ("/endpoints/00:1b:21", 400, "&#39;00:1b:21&#39; is no MAC address"),
        ("/endpoints/%ff%fe", 400, "octets that are no UTF-8"),
        ("/elements/seven", 400, "&#39;seven&#39; stands where a whole number belongs"),
        ("/elements/9223372036854775808", 400, "stands where a whole number belongs"),
        (port.as_str(), 400, "&#39;x&#39; stands where a whole number belongs"),
        ("/events/x", 400, "&#39;x&#39; stands where a whole number belongs"),
        ("/rules/x", 400, "&#39;x&#39; stands where a whole number belongs"),
        ("/audit/-1", 400, "&#39;-1&#39; stands where a whole number belongs"),
        ("/jobs/no-uuid", 400, "no-uuid"),
        ("/elements/999", 404, "network element 999 does not exist"),
        ("/endpoints?limit=ten", 400, "limit: &#39;ten&#39; is no whole number from 1 to 1000"),
        ("/endpoints?sort=weather", 422, "there is no column"),
        ("/endpoints?after=AAAA", 422, ""),
        ("/events?kind=weather", 422, "weather"),
        ("/system/stop/x", 404, "there is nothing at this address"),
    ] {
        let answer = bench.page("operator", path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(is_page(&answer), "{path}: {}", answer.body);
        assert!(answer.body.contains(words), "{path}: {}", answer.body);
        assert!(answer.body.contains("<nav class=\"side\""), "one can go on from there: {path}");
        let shown = path.replace('\'', "&#39;").replace('&', "&#38;");
        assert!(answer.body.contains(&shown), "it says which address: {path}: {}", answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    }
    // A form that is none, a method that is none, a body that is too large.
    let cookie = format!("__Host-netwarden-om={}", bench.secrets["operator"]);
    let headers = [("cookie", cookie.as_str()), ("accept-language", "en")];
    let large = "x".repeat(2 << 20);
    for (method, path, body, status, words) in [
        ("POST", "/system/stop", ("application/json", "{}".to_owned()), 415, "the body must be a form"),
        ("DELETE", "/system", ("text/plain", String::new()), 405, "does not take that method"),
        ("POST", "/system/stop", ("application/x-www-form-urlencoded", large), 413, "larger than"),
    ] {
        let answer = bench.call_with(None, method, path, Some(body), &headers).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(is_page(&answer) && answer.body.contains(words), "{method} {path}: {}", answer.body);
    }
}

#[tokio::test]
async fn programs_keep_problem_details_and_strangers_learn_nothing() {
    let bench = bench().await;
    for (path, status) in [("/api/v1/no-such", 404), ("/api", 404), ("/api/v1/elements/seven", 400)] {
        let answer = bench.call(Some("operator"), "GET", path, None).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
    }
    let stranger = bench.page("", "/no-such-page").await;
    assert_eq!(stranger.status, 404);
    assert!(is_page(&stranger) && !stranger.body.contains("<nav class=\"side\""), "{}", stranger.body);
    let stranger = bench.page("", "/elements/seven").await;
    assert_eq!(stranger.status, 303, "they sign in first");
}

// proves: SCL-04
#[tokio::test]
async fn what_cannot_be_read_is_told_in_german() {
    let bench = bench().await;
    let cookie = format!("__Host-netwarden-om={}; __Host-netwarden-look=de.", bench.secrets["operator"]);
    for (path, words) in [
        ("/no-such-page", "unter dieser Adresse gibt es nichts"),
        ("/elements/seven", "„seven“ steht, wo eine ganze Zahl hingehört"),
        ("/endpoints/00:1b:21", "ist keine MAC-Adresse"),
        ("/endpoints?limit=ten", "ist keine ganze Zahl von 1 bis 1000"),
    ] {
        let answer = bench.call_with(None, "GET", path, None, &[("cookie", &cookie)]).await;
        assert!(
            answer.body.contains("lang=\"de\"") && answer.body.contains(words),
            "{path}: {}",
            answer.body
        );
    }
}

impl Bench {
    /// A form that is not taken: the field that is to blame is marked, told of and has the focus; and what was
    /// written stays.
    async fn blamed(&self, path: &str, fields: &str, field: &str, words: &str) -> String {
        let answer = self.form("administrator", path, fields).await;
        assert!(
            [400, 409, 422].contains(&answer.status.as_u16()),
            "{path}: {} {}",
            answer.status,
            answer.body
        );
        let body = answer.body;
        let marked: Vec<&str> = body.split('<').filter(|tag| tag.contains("aria-invalid=\"true\"")).collect();
        assert_eq!(marked.len(), 1, "{path}: {marked:?} {body}");
        assert!(marked[0].contains(&format!("name=\"{field}\"")), "{path}: {}", marked[0]);
        assert!(marked[0].contains(&format!("aria-describedby=\"fault-{field}")), "{path}: {}", marked[0]);
        assert!(marked[0].contains("autofocus"), "{path}: {}", marked[0]);
        assert_eq!(body.matches("autofocus").count(), 1, "{path}: {body}");
        let told = body.split(&format!("id=\"fault-{field}\">")).nth(1).unwrap().split('<').next().unwrap();
        assert!(told.contains(words), "{path}: {told}");
        assert!(!body.contains("role=\"alert\""), "it is told at its place alone: {path}: {body}");
        body
    }
}

// proves: SCL-04
#[tokio::test]
async fn a_fault_is_told_at_the_field_that_it_is_about() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let made = "reason=x&name=desks&description=d&offline_after_s=";
    assert_eq!(bench.form("administrator", "/system/new-group", made).await.status, 303);
    let group = "reason=x&description=a+hall&offline_after_s=";
    let silent =
        bench.blamed("/system/new-group", &format!("{group}1&name=new"), "offline_after_s", "not 1 s").await;
    assert!(silent.contains("value=\"a hall\"") && silent.contains("value=\"new\""), "{silent}");
    bench
        .blamed(
            "/system/new-group",
            &format!("{group}soon&name=new"),
            "offline_after_s",
            "no number of seconds",
        )
        .await;
    bench.blamed("/system/new-group", &format!("{group}&name=desks"), "name", "there is a group").await;
    bench.blamed("/system/new-group", &format!("{group}&name=++"), "name", "1 to 64 printable").await;

    let account = "name=ann&role-helpdesk=true&password=";
    let short =
        bench.blamed("/system/new-account", &format!("{account}sesame"), "password", "characters").await;
    assert!(!short.contains("sesame") && short.contains("value=\"ann\""), "{short}");
    let named = "name=Ann+Lee&role-helpdesk=true&password=Gravel-path%2F7up";
    bench.blamed("/system/new-account", named, "name", "is no user name").await;
    let taken = "name=operator&role-helpdesk=true&password=Gravel-path%2F7up";
    bench.blamed("/system/new-account", taken, "name", "already").await;

    let v3 = "kind=v3&name=core&user=watch&auth_protocol=SHA-256&auth_password=&priv_protocol=&priv_password=&context=";
    bench.blamed("/system/new-credential", v3, "auth_password", "together").await;
    let hook = "kind=webhook&name=desk&url=http%3A%2F%2Fx.example&secret=&ca_pem=&reason=x";
    bench.blamed("/system/new-channel", hook, "url", "https://").await;
    let named = "kind=syslog&name=a+b&host=log.example&port=&transport=tls&ca_pem=&reason=x";
    bench.blamed("/system/new-channel", named, "name", "letters, digits").await;
    let port = "kind=syslog&name=log&host=log.example&port=many&transport=tls&ca_pem=&reason=x";
    bench.blamed("/system/new-channel", port, "port", "whole number").await;

    let edit = format!("/elements/{ne}/edit");
    bench.blamed(&edit, "reason=x&name=sw1&quarantine_vlan=9999", "quarantine_vlan", "4094").await;
    bench.blamed(&edit, "reason=x&forwarding=1", "forwarding", "not 1 s").await;
    bench.blamed(&edit, "reason=x&name=+", "name", "1 to 255").await;
    bench.blamed(&edit, "reason=&name=sw2", "reason", "a reason is needed").await;
    let window = "reason=x&from=2030-01-01T10%3A00&until=2030-01-01T09%3A00";
    bench.blamed(&format!("/elements/{ne}/maintain"), window, "until", "end after it begins").await;
    let moved = format!("/elements/{ne}/ports/{PORT}/move");
    let kept = bench.blamed(&moved, "reason=because&vlan=none", "vlan", "4094").await;
    assert!(kept.contains(">because</textarea>"), "{kept}");
    let host = "reason=x&address=a+b&name=&credential=&quarantine_vlan=";
    bench.blamed("/adopt/host", host, "address", "is no address").await;
    bench.blamed("/adopt/discover", "reason=x&subnet=nowhere&port=161", "subnet", "nowhere").await;
    let mac = format!("picked={MAC}&reason=+");
    bench.blamed("/endpoints/block", &mac, "reason", "a reason is needed").await;

    let password = "old=wrong+password&new=another+long+password&again=another+long+password";
    let old = bench.blamed("/password", password, "old", "old password").await;
    assert!(!old.contains("another long"), "{old}");
    bench.blamed("/password", "old=a&new=one+long+password&again=two+long+passwords", "again", "").await;
}
