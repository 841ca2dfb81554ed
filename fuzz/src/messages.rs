//! What goes out: mail, syslog, webhooks. Whatever stands in the texts, each stays one message with the
//! headers that we gave it.

use std::time::Duration;

use jiff::Timestamp;
use netwarden_actions::notify::Secret;
use netwarden_actions::notify::digest::FloodLimit;
use netwarden_actions::notify::mail::{Frame, Mail, MailSecurity, MailServer, digest, message};
use netwarden_actions::notify::syslog::{SyslogMessage, SyslogServer, SyslogTransport, format};
use netwarden_actions::notify::webhook::signature;
use netwarden_model::{RequestId, Severity};

use crate::script::Script;

/// Texts that an attacker has chosen, and names that an administrator has mistyped, in every message.
pub fn messages(octets: &[u8]) {
    let mut script = Script(octets);
    match script.byte() % 3 {
        0 => mails(&mut script),
        1 => syslog(&mut script),
        _ => webhook(&mut script),
    }
}

fn server(script: &mut Script<'_>) -> MailServer {
    let from = script.text_if().unwrap_or_else(|| "Netwarden <netwarden@example.org>".to_owned());
    MailServer {
        host: "127.0.0.1".into(),
        port: 465,
        security: MailSecurity::DangerPlain,
        credentials: None,
        from,
        domain: "example.org".into(),
        recipients: Vec::new(),
        frame: Frame {
            subject: script.text_if().unwrap_or_else(|| "{subject}".into()),
            text: "{text}".into(),
        },
        timeout: Duration::from_secs(1),
        flood: FloodLimit::default(),
    }
}

fn mails(script: &mut Script<'_>) {
    let server = server(script);
    let mut mails = Vec::new();
    for id in 0..=script.byte() % 3 {
        let to = script.text_if().unwrap_or_else(|| "soc@example.org".to_owned());
        let (subject, body) = (script.text(), script.text());
        let request = RequestId(uuid::Uuid::from_u128(u128::from(id)));
        let at = Timestamp::from_second(i64::from(script.number().cast_signed()) * 60).unwrap();
        mails.push(Mail { request, at, to: vec![to], subject, body });
    }
    let all = digest(&mails).unwrap();
    assert!(all.subject.chars().all(|c| !c.is_control()), "{:?}", all.subject);
    for mail in mails.iter().chain([&all]) {
        let Ok(message) = message(&server, mail) else { continue };
        assert_eq!(message.envelope().to().len(), 1, "one recipient was named: {:?}", mail.to);
        let written = message.formatted();
        headers(&written, mail);
    }
}

/// The lines of the header are ours, each there once, none too long (RFC 5322 sections 2.1.1 and 3.6).
fn headers(written: &[u8], mail: &Mail) {
    let end = written.windows(4).position(|four| four == b"\r\n\r\n").expect("a header and a body");
    let header = String::from_utf8(written[..end].to_vec()).expect("headers are ASCII or UTF-8");
    let unfolded = header.replace("\r\n ", " ").replace("\r\n\t", " ");
    assert!(!unfolded.replace("\r\n", "").contains(['\r', '\n', '\0']), "{header:?}");
    let mut names: Vec<&str> = Vec::new();
    for line in unfolded.split("\r\n") {
        let (name, _) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no header"));
        assert!(!names.contains(&name), "{name} stands twice: {header:?}");
        names.push(name);
    }
    let ours = [
        "From",
        "To",
        "Date",
        "Message-ID",
        "Subject",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ];
    assert!(names.iter().all(|name| ours.contains(name)), "{names:?} of {mail:?}");
    for needed in ["From", "To", "Date", "Message-ID", "Subject"] {
        assert!(names.contains(&needed), "{needed} is missing: {header:?}");
    }
    for line in written.split(|octet| *octet == b'\n') {
        assert!(line.len() <= 999, "a line of {} octets", line.len());
    }
}

fn syslog(script: &mut Script<'_>) {
    let severity = [Severity::Info, Severity::Warning, Severity::Minor, Severity::Major, Severity::Critical]
        [usize::from(script.byte() % 5)];
    let at = Timestamp::from_microsecond(script.long().cast_signed()).unwrap_or(Timestamp::UNIX_EPOCH);
    let server = SyslogServer {
        host: "127.0.0.1".into(),
        port: 6514,
        transport: SyslogTransport::DangerUdp,
        hostname: script.text(),
        timeout: Duration::from_secs(1),
    };
    let text = String::from_utf8_lossy(script.0).repeat(usize::from(script.0.len() % 7 == 6) * 60 + 1);
    let record = RequestId(uuid::Uuid::from_u128(7));
    let line = format(&server, &SyslogMessage { record, at, severity, text: &text });
    assert!(line.len() <= 8192, "{} octets", line.len());
    assert!(!line.contains(char::is_control), "{line:?}");
    // HEADER and STRUCTURED-DATA of RFC 5424 section 6: priority, version, five fields, one element.
    let fields: Vec<&str> = line.splitn(7, ' ').collect();
    let [first, time, host, app, process, kind, rest] = fields[..] else { panic!("{line:?}") };
    assert!(first.starts_with("<1") && first.ends_with(">1"), "{line:?}");
    assert!(time.len() == 27 && time.ends_with('Z'), "{line:?}");
    assert!((1..=255).contains(&host.len()) && host.chars().all(|c| c.is_ascii_graphic()), "{line:?}");
    assert_eq!((app, process, kind), ("netwarden", "-", "event"));
    let data = format!("[netwarden@32473 record=\"{record}\"] \u{feff}");
    assert!(rest.starts_with(&data), "{line:?}");
}

fn webhook(script: &mut Script<'_>) {
    let (key, second) = (Secret::new(script.octets()), script.long().cast_signed());
    let body = script.0;
    let Some(signed) = signature(&key, second, body) else { return };
    let hex = signed.strip_prefix("v1=").expect("its version");
    assert!(hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_ne!(signature(&key, second.wrapping_add(1), body), Some(signed.clone()));
    assert_ne!(signature(&key, second, &[body, b"."].concat()), Some(signed));
    assert_eq!(format!("{key:?}"), "Secret(..)");
}
