//! What a channel is, as the fields of its form, and back.

use netwarden_operate::{
    ChannelDefinition, ChannelWish, CommandChannel, MailChannel, MailSecurity, Said, SyslogChannel,
    SyslogTransport, WebhookChannel,
};

use crate::refusal::Refusal;
use crate::views::act::Given;
use crate::views::form::{Field, Kind};
use crate::views::language::Language;

fn security(security: MailSecurity) -> &'static str {
    match security {
        MailSecurity::Starttls => "starttls",
        MailSecurity::Tls => "tls",
        MailSecurity::DangerPlain => "danger-plain",
    }
}

fn transport(transport: SyslogTransport) -> &'static str {
    match transport {
        SyslogTransport::Tls => "tls",
        SyslogTransport::DangerTcp => "danger-tcp",
        SyslogTransport::DangerUdp => "danger-udp",
    }
}

fn choices(l: Language, words: &[&str]) -> Kind {
    Kind::Choice(words.iter().map(|word| ((*word).to_owned(), l.word("channel", word))).collect())
}

/// What a channel of a kind is before anybody says otherwise, as REST has it.
pub(super) fn fresh(kind: &str) -> ChannelDefinition {
    match kind {
        "webhook" => ChannelDefinition::Webhook(WebhookChannel {
            url: String::new(),
            danger_allow_plain: false,
            ca_pem: None,
        }),
        "syslog" => ChannelDefinition::Syslog(SyslogChannel {
            host: String::new(),
            port: None,
            transport: SyslogTransport::Tls,
            ca_pem: None,
        }),
        "command" => ChannelDefinition::Command(CommandChannel {
            program: String::new(),
            args: Vec::new(),
            time_limit_s: 10,
        }),
        _ => ChannelDefinition::Mail(MailChannel {
            host: String::new(),
            port: None,
            security: MailSecurity::Starttls,
            user: None,
            from: String::new(),
            recipients: Vec::new(),
            subject: "{subject}".to_owned(),
            text: "{text}".to_owned(),
            at_once: 5,
            window_s: 600,
            digest_after_s: 300,
            ca_pem: None,
        }),
    }
}

/// The fields of a definition; `has_secret` where one is kept already.
pub(super) fn fields(l: Language, definition: &ChannelDefinition, has_secret: bool) -> Vec<Field> {
    let port = |port: Option<u16>| {
        Field::new("port", l.t("field-port"), Kind::Number(1, 65_535))
            .with(port.map(|port| port.to_string()).unwrap_or_default())
            .hinted(l.t("field-port-hint"))
    };
    let pem = |pem: &Option<String>| {
        Field::new("ca_pem", l.t("field-ca-pem"), Kind::Lines(3))
            .with(pem.clone().unwrap_or_default())
            .hinted(l.t("field-ca-pem-hint"))
    };
    let host = |host: &str| Field::new("host", l.t("field-host"), Kind::Text).with(host).needed();
    let secret = |key: &str| {
        let hint = if has_secret { l.t("secret-keep-hint") } else { l.t("secret-hint") };
        Field::new("secret", l.t(key), Kind::Secret).hinted(hint)
    };
    let number = |name: &str, key: &str, most: i64, value: u32| {
        Field::new(name, l.t(key), Kind::Number(1, most)).with(value.to_string()).needed()
    };
    match definition {
        ChannelDefinition::Mail(mail) => vec![
            host(&mail.host),
            port(mail.port),
            Field::new("security", l.t("field-security"), choices(l, &["starttls", "tls", "danger-plain"]))
                .with(security(mail.security)),
            Field::new("user", l.t("field-mail-user"), Kind::Text)
                .with(mail.user.clone().unwrap_or_default()),
            secret("password"),
            Field::new("from", l.t("field-mail-from"), Kind::Text).with(&*mail.from).needed(),
            Field::new("recipients", l.t("field-recipients"), Kind::Lines(2))
                .with(mail.recipients.join("\n"))
                .hinted(l.t("field-recipients-hint")),
            Field::new("subject", l.t("field-subject"), Kind::Text).with(&*mail.subject).needed(),
            Field::new("text", l.t("field-mail-text"), Kind::Lines(3))
                .with(&*mail.text)
                .hinted(l.t("field-mail-text-hint"))
                .needed(),
            number("at_once", "field-at-once", 1_000, mail.at_once),
            number("window_s", "field-window", 86_400, mail.window_s),
            number("digest_after_s", "field-digest", 86_400, mail.digest_after_s),
            pem(&mail.ca_pem),
        ],
        ChannelDefinition::Webhook(hook) => vec![
            Field::new("url", l.t("field-url"), Kind::Text).with(&*hook.url).hinted("https://…").needed(),
            secret("field-signature-key"),
            Field::new("danger_allow_plain", l.t("field-allow-plain"), Kind::Tick)
                .with(if hook.danger_allow_plain { "true" } else { "" })
                .hinted(l.t("field-exception-hint")),
            pem(&hook.ca_pem),
        ],
        ChannelDefinition::Syslog(server) => vec![
            host(&server.host),
            port(server.port),
            Field::new("transport", l.t("field-transport"), choices(l, &["tls", "danger-tcp", "danger-udp"]))
                .with(transport(server.transport))
                .hinted(l.t("field-exception-hint")),
            pem(&server.ca_pem),
        ],
        ChannelDefinition::Command(command) => vec![
            Field::new("program", l.t("field-program"), Kind::Text)
                .with(&*command.program)
                .hinted(l.t("field-program-hint"))
                .needed(),
            Field::new("args", l.t("field-args"), Kind::Lines(3))
                .with(command.args.join("\n"))
                .hinted(l.t("field-args-hint")),
            number("time_limit_s", "field-time-limit", 3_600, command.time_limit_s),
        ],
    }
}

fn number<N: std::str::FromStr>(given: &Given, name: &str) -> Result<Option<N>, Refusal> {
    let Some(text) = given.text(name) else { return Ok(None) };
    let shown: String = text.chars().take(32).collect();
    text.parse().map(Some).map_err(|_| {
        Refusal::malformed(Said::IsNo {
            column: name.to_owned(),
            given: shown,
            what: Said::WholeNumber.into(),
        })
    })
}

/// One thing a line, or several with commas between them where none of them can have one.
pub(super) fn lines(given: &Given, name: &str, commas: bool) -> Vec<String> {
    let text = given.text(name).unwrap_or_default();
    let parts = text.split(|c: char| c == '\n' || (commas && c == ','));
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn definition(given: &Given, kind: &str) -> Result<ChannelDefinition, Refusal> {
    let text = |name: &str| given.text(name).unwrap_or_default();
    Ok(match fresh(kind) {
        ChannelDefinition::Mail(usual) => ChannelDefinition::Mail(MailChannel {
            host: text("host"),
            port: number(given, "port")?,
            security: match text("security").as_str() {
                "tls" => MailSecurity::Tls,
                "danger-plain" => MailSecurity::DangerPlain,
                _ => MailSecurity::Starttls,
            },
            user: given.text("user"),
            from: text("from"),
            recipients: lines(given, "recipients", true),
            subject: text("subject"),
            text: text("text"),
            at_once: number(given, "at_once")?.unwrap_or(usual.at_once),
            window_s: number(given, "window_s")?.unwrap_or(usual.window_s),
            digest_after_s: number(given, "digest_after_s")?.unwrap_or(usual.digest_after_s),
            ca_pem: given.text("ca_pem"),
        }),
        ChannelDefinition::Webhook(_) => ChannelDefinition::Webhook(WebhookChannel {
            url: text("url"),
            danger_allow_plain: given.text("danger_allow_plain").is_some(),
            ca_pem: given.text("ca_pem"),
        }),
        ChannelDefinition::Syslog(_) => ChannelDefinition::Syslog(SyslogChannel {
            host: text("host"),
            port: number(given, "port")?,
            transport: match text("transport").as_str() {
                "danger-tcp" => SyslogTransport::DangerTcp,
                "danger-udp" => SyslogTransport::DangerUdp,
                _ => SyslogTransport::Tls,
            },
            ca_pem: given.text("ca_pem"),
        }),
        ChannelDefinition::Command(usual) => ChannelDefinition::Command(CommandChannel {
            program: text("program"),
            args: lines(given, "args", false),
            time_limit_s: number(given, "time_limit_s")?.unwrap_or(usual.time_limit_s),
        }),
    })
}

pub(super) fn wish(given: &Given, name: String, kind: &str) -> Result<ChannelWish, Refusal> {
    Ok(ChannelWish { name, definition: definition(given, kind)?, secret: given.secret("secret") })
}

/// A kind's word as it was given; mail where it was none.
pub(super) fn kind_of(word: Option<&str>) -> &'static str {
    match word {
        Some("webhook") => "webhook",
        Some("syslog") => "syslog",
        Some("command") => "command",
        _ => "mail",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_people_write_them() {
        let given = Given::of(b"to=a%40x.org%2C+b%40x.org%0D%0A%0D%0A+c%40x.org").unwrap();
        assert_eq!(lines(&given, "to", true), ["a@x.org", "b@x.org", "c@x.org"]);
        assert_eq!(lines(&given, "to", false), ["a@x.org, b@x.org", "c@x.org"]);
    }
}
