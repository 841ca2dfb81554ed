//! What the server says, on the pages of a reader of German; REST says it in English.

use serde_json::json;

use crate::desk::{Answer, Bench, MAC, PORT, bench};

/// What the German browser of `user` is answered, to a form where it sends one.
async fn asked(bench: &Bench, user: &str, path: &str, form: Option<String>) -> Answer {
    let cookie = format!("__Host-netwarden-om={}", bench.secrets[user]);
    let headers = [("cookie", cookie.as_str()), ("accept-language", "de")];
    let method = if form.is_some() { "POST" } else { "GET" };
    let form = form.map(|fields| ("application/x-www-form-urlencoded", fields));
    bench.call_with(None, method, path, form, &headers).await
}

async fn page(bench: &Bench, user: &str, path: &str) -> Answer {
    asked(bench, user, path, None).await
}

/// Says all of `german`, and nothing of `english`.
fn says(answer: &Answer, german: &[&str], english: &[&str]) {
    for text in german {
        assert!(answer.body.contains(text), "'{text}' is missing: {}", answer.body);
    }
    for text in english {
        assert!(!answer.body.contains(text), "'{text}' is there: {}", answer.body);
    }
}

// proves: SCL-04
#[tokio::test]
async fn causes_ports_events_and_parts_are_told_in_german() {
    let bench = bench().await;
    let at_rest = page(&bench, "operator", &format!("/endpoints/{MAC}")).await;
    says(
        &at_rest,
        &[
            "am Port ist nichts von uns gesetzt",
            &format!("neues Endgerät: {MAC} (neu) an sw1 Port Gi1/0/1"),
            &format!("{MAC} wurde an sw1 Port Gi1/0/1 in VLAN 10 gesehen"),
        ],
        &["nothing of ours", "was seen on", "sw1 port"],
    );
    let moved = json!({ "reason": "it misbehaves" });
    bench.json("operator", "POST", &format!("/api/v1/endpoints/{MAC}/move"), moved).await;
    let endpoint = page(&bench, "operator", &format!("/endpoints/{MAC}")).await;
    says(
        &endpoint,
        &[
            "operator hat es verlangt: it misbehaves",
            "in VLAN 666 verschoben",
            "an sw1 Port Gi1/0/1 in VLAN 10",
        ],
        &["asked for it", "is to be moved", "sw1 port"],
    );
    let here = format!("/elements/{}/ports/{PORT}", bench.ne.0);
    for path in [here.as_str(), "/ports"] {
        says(
            &page(&bench, "operator", path).await,
            &["in VLAN 666 verschoben"],
            &["would be moved", "is to be moved"],
        );
    }
    says(
        &page(&bench, "operator", "/ports.csv").await,
        &["in VLAN 666 verschoben"],
        &["would be moved", "is to be moved"],
    );
    let events = page(&bench, "operator", "/events?kind=new_endpoint").await;
    says(&events, &[&format!("{MAC} (neu) an sw1 Port Gi1/0/1")], &["(new)"]);
    says(&page(&bench, "operator", "/system").await, &["wird gelesen und geschrieben"], &["it is read and"]);
}

// proves: SCL-04
#[tokio::test]
async fn refusals_are_told_in_german() {
    let bench = bench().await;
    let unknown = page(&bench, "operator", "/endpoints/00:1b:21:00:00:99").await;
    assert_eq!(unknown.status, 404);
    says(&unknown, &["Nicht gefunden", "Endgerät 00:1b:21:00:00:99 gibt es nicht"], &["does not exist"]);
    let denied = page(&bench, "helpdesk", "/system/parameters").await;
    assert_eq!(denied.status, 403);
    says(
        &denied,
        &["Nicht erlaubt", "parameter.read ist nicht erlaubt: keine Ihrer Rollen gibt das Recht dazu"],
        &["is not permitted", "none of the user"],
    );
    let filtered = page(&bench, "operator", "/endpoints?vlan=ten").await;
    says(
        &filtered,
        &["vlan: „ten“ ist nicht lesbar; gebraucht wird eine ganze Zahl"],
        &["is no whole number"],
    );
    let start = page(&bench, "operator", "/").await.body;
    let proof = start.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let act = async |act: &str, reason: &str| {
        let path = format!("/elements/{}/ports/{PORT}/{act}", bench.ne.0);
        asked(&bench, "operator", &path, Some(format!("proof={proof}&reason={reason}"))).await
    };
    says(&act("off", "").await, &["eine Begründung ist nötig"], &["a reason is needed"]);
    assert_eq!(act("protect", "x").await.status, 303);
    let spared = act("off", "x").await;
    assert_eq!(spared.status, 409);
    says(
        &spared,
        &["Gi1/0/1 an sw1 steht auf der Liste geschützter Ports und wird nie abgeschaltet"],
        &["is never shut"],
    );
}

/// English forms of all that the console can be told: the table of operate, and what other crates make.
fn english_forms() -> impl Iterator<Item = &'static str> {
    let heard = include_str!("../../locales/heard.de.txt").lines();
    let heard = heard.filter(|line| !line.is_empty() && !line.starts_with(['#', '=']));
    netwarden_operate::Said::ALL.iter().map(|(_, english)| *english).chain(heard)
}

/// Holds no words of any English sentence that we make; what is quoted of others has none of them.
fn is_german(what: &str, answer: &Answer) {
    for form in english_forms() {
        for piece in form.split(['{', '}']).step_by(2) {
            if piece.split_whitespace().filter(|word| word.len() > 1).count() < 3 {
                continue;
            }
            let shown = piece.replace('&', "&#38;").replace('\'', "&#39;").replace('<', "&lt;");
            assert!(!answer.body.contains(&shown), "{what} says '{piece}': {}", answer.body);
        }
    }
}

/// The German page of a job once it has ended.
async fn ended(bench: &Bench, job: &Answer) -> Answer {
    assert_eq!(job.status, 202, "{}", job.body);
    let path = format!("/jobs/{}", job.json()["id"].as_str().unwrap());
    for _ in 0..1_000 {
        let shown = page(bench, "administrator", &path).await;
        if !shown.body.contains("s-job-running") {
            return shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{path} did not end");
}

// proves: SCL-04
#[tokio::test]
async fn lists_are_refused_in_german() {
    let bench = bench().await;
    for (path, german) in [
        ("/endpoints?sort=weather", "es gibt keine Spalte „weather“"),
        ("/endpoints?sort=vlan", "lässt sich nicht nach „vlan“ sortieren"),
        ("/endpoints?weather=1", "es gibt keine Spalte „weather“"),
        ("/endpoints?after=AAAA", "stammt von keiner Liste"),
        ("/elements?sort=weather", "es gibt keine Spalte „weather“"),
        ("/ports?pvid=ten", "gebraucht wird eine ganze Zahl"),
        ("/audit?outcome=x&sort=weather", "es gibt keine Spalte „weather“"),
        ("/jobs?sort=weather", "es gibt keine Spalte „weather“"),
        ("/jobs?weather=1", "es gibt keine Spalte „weather“"),
        ("/system/parameters?sort=weather", "es gibt keine Spalte „weather“"),
        ("/events?sort=mac", "Ereignisse"),
        ("/events?kind=weather", "„weather“ ist keine Ereignisart"),
        ("/events?after=AAAA", "AAAA"),
        ("/events?severity=loud", "„loud“"),
    ] {
        let refused = page(&bench, "administrator", path).await;
        assert!(refused.status.is_client_error(), "{path}: {} {}", refused.status, refused.body);
        says(&refused, &[german], &[]);
        is_german(path, &refused);
    }
}

// proves: SCL-04
#[tokio::test]
async fn what_is_wrong_with_a_rule_is_told_in_german() {
    let bench = bench().await;
    let start = page(&bench, "administrator", "/").await.body;
    let proof = start.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let escaped = |text: &str| -> String { text.bytes().map(|octet| format!("%{octet:02X}")).collect() };
    for (condition, german) in [
        ("endpoint.stauts == 'new'", "ist „endpoint.status“ gemeint?"),
        ("endpoint.vlan", "die Bedingung muss wahr oder falsch sein; hier ergibt sie: eine Zahl"),
        ("endpoint.vlan == 'ten'", "„==“ vergleicht Gleichartiges; hier stehen eine Zahl und ein Text"),
        ("endpoint.vlan && true", "braucht einen Wahrheitswert, dies ist eine Zahl"),
        ("endpoint.mac == 'x'", "ist keine MAC-Adresse"),
        ("'x' in endpoint.ips", "ist keine IP-Adresse"),
        ("endpoint.status == 'x'", "„x“ ist keines von"),
        ("1.5 < 2.0", "nur ganze Zahlen"),
        ("[] == []", "Liste"),
        ("size(1) > 0", "braucht einen Text oder eine Liste"),
        ("endpoint.mac.matches('(')", "ist kein regulärer Ausdruck"),
        ("hour(now, 'Moon') == 1", "ist keine hier bekannte Zeitzone"),
        ("frobnicate(1)", "in dieser Verwendung nicht bekannt"),
        ("endpoint.ips.exists(ip, in_subnet(ip, 'x'))", "ist kein IP-Präfix"),
        ("has(1)", "has() braucht eine Eigenschaft"),
        ("endpoint.ips.all(1, true)", "all() braucht"),
    ] {
        let form = format!("proof={proof}&condition={}", escaped(condition));
        let told = asked(&bench, "administrator", "/rules/check", Some(form)).await;
        assert_eq!(told.status, 200, "{condition}: {}", told.body);
        says(&told, &[german], &[]);
        is_german(condition, &told);
    }
    // And where it is saved, at its place: a template, a name, a reaction that does not fit.
    for (fields, german) in [
        ("name=a&on=new_endpoint&do.1=syslog&name.1=log&message.1=%7B%7Bweather%7D%7D", "weather"),
        ("name=&on=new_endpoint&do.1=shut_port", "der Name der Regel ist leer"),
        ("name=a&do.1=shut_port", "sie nennt keine Ereignisart"),
        ("name=a&on=new_endpoint", "sie hat weder einen Alarm noch eine Reaktion"),
        ("name=a&on=tick&do.1=shut_port", "braucht ein Endgerät"),
    ] {
        let form = format!(
            "proof={proof}&reason=x&description=&condition=&severity=major&every=&alarm=&from=00%3A00&to=00%3A00&zone=UTC&{fields}"
        );
        let refused = asked(&bench, "administrator", "/rules/new", Some(form)).await;
        assert_eq!(refused.status, 422, "{fields}: {}", refused.body);
        says(&refused, &[german], &[]);
        is_german(fields, &refused);
    }
}

// proves: SCL-04
#[tokio::test]
async fn results_of_long_work_and_reasons_of_devices_are_told_in_german() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let start = page(&bench, "administrator", "/").await.body;
    let proof = start.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();

    let csv =
        "address,quarantine_vlan,weather\nx,,\n192.0.2.1,9999,\n192.0.2.2,,\n192.0.2.2,,\n192.0.2.3,,,,,\n";
    let import = "/api/v1/adoption/import?kind=elements&reason=a+test";
    let job = bench.call(Some("administrator"), "POST", import, Some(("text/csv", csv.to_owned()))).await;
    let shown = ended(&bench, &job).await;
    says(
        &shown,
        &[
            "Zeile 2: „x“ ist keine IP-Adresse",
            "ist keine VLAN-Nummer",
            "steht schon in Zeile",
            "Zugangsdaten",
        ],
        &[],
    );
    is_german("an import", &shown);
    let review = format!("/adopt/review?job={}", job.json()["id"].as_str().unwrap());
    is_german("the review of an import", &page(&bench, "administrator", &review).await);

    let preflight = bench
        .json("administrator", "POST", &format!("/api/v1/elements/{ne}/preflight"), json!({ "reason": "x" }))
        .await;
    let shown = ended(&bench, &preflight).await;
    says(&shown, &["sw1 hat keine Zugangsdaten"], &[]);
    is_german("a preflight", &shown);

    let backup =
        bench.json("administrator", "POST", "/api/v1/system/backups", json!({ "name": "one" })).await;
    let shown = ended(&bench, &backup).await;
    says(&shown, &["bewahren Sie davon anderswo eine Kopie auf"], &[]);
    is_german("a backup", &shown);

    // Nobody answers to any set of credentials, and the element keeps silent.
    let set = json!({ "name": "core", "kind": "v2c", "community": "a-community" });
    assert_eq!(bench.json("administrator", "POST", "/api/v1/credentials", set).await.status, 201);
    let form = format!(
        "proof={proof}&reason=x&address=127.0.0.1:9&name=&credential=core&quarantine_vlan=&allow_v2c=true"
    );
    let refused = asked(&bench, "administrator", "/adopt/host", Some(form)).await;
    is_german("an element that does not answer", &refused);
    let keeper = bench.desk.engine.keeper();
    let why = "the system group could not be read: 127.0.0.1:9: no answer after 3 attempts of 1000 ms";
    keeper.failed(bench.ne, why.to_owned(), bench.desk.clock.now()).await;
    // Its own polls fail for want of credentials meanwhile: either is told.
    let reasons =
        ["die Systemgruppe konnte nicht gelesen werden: 127.0.0.1:9: keine Antwort nach 3", "sw1 hat keine"];
    let mut told = page(&bench, "administrator", &format!("/elements/{ne}")).await;
    for _ in 0..200 {
        if reasons.iter().any(|reason| told.body.contains(reason)) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        told = page(&bench, "administrator", &format!("/elements/{ne}")).await;
    }
    assert!(reasons.iter().any(|reason| told.body.contains(reason)), "{}", told.body);
    is_german("an element's trouble", &told);

    // Channels that reach nobody.
    let log = json!({ "kind": "syslog", "host": "127.0.0.1", "port": 9, "transport": "danger-tcp" });
    let hook = json!({ "kind": "webhook", "url": "https://127.0.0.1:1/" });
    for (name, definition, secret, german) in [
        ("log", log, None, "Syslog-Server 127.0.0.1:9: Verbindung abgelehnt"),
        ("hook", hook, Some("k"), "Webhook bei 127.0.0.1: die Anfrage konnte nicht gesendet werden"),
    ] {
        let mut new = json!({ "name": name, "reason": "a test", "definition": definition });
        if let Some(secret) = secret {
            new["secret"] = json!(secret);
        }
        let made = bench.json("administrator", "POST", "/api/v1/channels", new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let path = format!("/system/channels/{name}/test");
        let tested = asked(&bench, "administrator", &path, Some(format!("proof={proof}&to="))).await;
        says(&tested, &[german], &[]);
        is_german(name, &tested);
    }
    let listed = page(&bench, "administrator", "/system/channels").await;
    says(&listed, &["mit dem Syslog-Server „log“ wird im Klartext gesprochen"], &[]);
    is_german("the channels", &listed);
    let fields = format!("proof={proof}&reason=x&value=many");
    let refused = asked(&bench, "administrator", "/system/parameters/ui.page_rows", Some(fields)).await;
    says(&refused, &["eine ganze Zahl von 1 bis 1000"], &[]);
    is_german("a parameter", &refused);
}

// proves: SCL-04
#[tokio::test]
async fn the_starter_rules_of_a_german_reader_are_german() {
    let bench = bench().await;
    let dialog = page(&bench, "operator", "/rules/starter").await;
    says(&dialog, &["neue Endgeräte in Quarantäne", "tägliches Lebenszeichen"], &["daily sign", "alarm on"]);
    let proof = dialog.body.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let sent = format!("proof={proof}&reason=Anfang");
    let added = asked(&bench, "operator", "/rules/starter", Some(sent)).await;
    assert_eq!(added.status, 303, "{}", added.body);
    let rules = bench.call(Some("operator"), "GET", "/api/v1/rules", None).await.json();
    let rules = rules["items"].as_array().unwrap();
    assert!(!rules.is_empty());
    for rule in rules {
        let (name, description) = (rule["name"].as_str().unwrap(), rule["description"].as_str().unwrap());
        let is_english = |form| [name, description].contains(&form);
        assert!(!english_forms().any(is_english), "{name}: {description}");
    }
    is_german("the rules", &page(&bench, "operator", "/rules").await);
}
