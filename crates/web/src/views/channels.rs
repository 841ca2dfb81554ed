//! Notifications: the channels through which alarms leave and commands run; added, changed, tested, removed.
//! A secret that was given is never shown again.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{
    ChannelDefinition, ChannelWish, CommandChannel, Desk, MailChannel, MailSecurity, StoredChannel,
    SyslogChannel, SyslogTransport, WebhookChannel,
};
use zeroize::Zeroizing;

use super::act::{ActForm, Given};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Section, Told, acts, buttons, table};
use super::table::{Cell, Columns, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;

const HERE: &str = "/system/channels";
const NEW: &str = "/system/new-channel";
const COLUMNS: Columns = &[
    ("column-name", None),
    ("column-kind", None),
    ("column-to", None),
    ("column-secret", None),
    ("column-exception", None),
    ("column-changed", None),
    ("column-acts", None),
];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

/// Where it goes, in short.
fn destination(definition: &ChannelDefinition) -> String {
    match definition {
        ChannelDefinition::Mail(mail) => format!("{} → {}", mail.host, mail.recipients.join(", ")),
        ChannelDefinition::Webhook(hook) => hook.url.clone(),
        ChannelDefinition::Syslog(server) => server.host.clone(),
        ChannelDefinition::Command(command) => {
            let words = std::iter::once(&command.program).chain(&command.args);
            words.map(String::as_str).collect::<Vec<_>>().join(" ")
        }
    }
}

/// The right to change a channel of this kind: commands are the Administrator's alone.
fn changing(kind: &str) -> Operation {
    if kind == "command" { Operation::ChannelDefineCommand } else { Operation::ChannelModify }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let channels = desk.channels(visitor.caller()).await?;
        let rows = channels.iter().map(|channel| {
            let kind = channel.definition.kind();
            let here = address(&channel.name);
            let offered = [
                (Operation::ChannelTest, "channel-test", format!("{here}/test"), false),
                (changing(kind), "act-change", here.clone(), false),
                (changing(kind), "act-remove", format!("{here}/remove"), true),
            ];
            let exception = channel.definition.exception(&channel.name);
            Row {
                cells: vec![
                    Cell::Text(channel.name.clone()),
                    Cell::Text(l.word("channel", kind)),
                    Cell::Code(destination(&channel.definition)),
                    Cell::Text(if channel.has_secret { l.t("secret-set") } else { l.t("secret-none") }),
                    match exception {
                        Some(text) => Cell::Status { word: "degraded".to_owned(), text },
                        None => Cell::Text(String::new()),
                    },
                    Cell::Time(Some(channel.changed_at)),
                    acts(&desk, &visitor, &channel.name, offered),
                ],
            }
        });
        let at = |kind: &str| Query::default().with("kind", kind).at(NEW);
        let offered = [
            (changing("mail"), "channel-add-mail", at("mail"), false),
            (changing("webhook"), "channel-add-webhook", at("webhook"), false),
            (changing("syslog"), "channel-add-syslog", at("syslog"), false),
            (changing("command"), "channel-add-command", at("command"), false),
        ];
        let section = Section {
            title: l.t("channels"),
            about: l.t("channels-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, offered),
            table: table(l, l.t("channels"), COLUMNS, rows.collect(), l.t("channels-none")),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

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
fn fresh(kind: &str) -> ChannelDefinition {
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
fn fields(l: Language, definition: &ChannelDefinition, has_secret: bool) -> Vec<Field> {
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
    text.parse().map(Some).map_err(|_| Refusal::malformed(format!("{name}: '{shown}' is no such number")))
}

/// One thing a line, or several with commas between them where none of them can have one.
fn lines(given: &Given, name: &str, commas: bool) -> Vec<String> {
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

fn wish(given: &Given, name: String, kind: &str) -> Result<ChannelWish, Refusal> {
    let secret = given.rest.get("secret").filter(|secret| !secret.is_empty());
    let secret = secret.cloned().map(Zeroizing::new);
    Ok(ChannelWish { name, definition: definition(given, kind)?, secret })
}

fn new_form(l: Language, kind: &str) -> Form {
    let title = match kind {
        "webhook" => "channel-add-webhook",
        "syslog" => "channel-add-syslog",
        "command" => "channel-add-command",
        _ => "channel-add-mail",
    };
    Form::new(l.t(title), l.t("act-add"), NEW, HERE)
        .telling([l.word("channel", &format!("{kind}-told"))])
        .carrying("kind", kind)
        .asking([Field::new("name", l.t("column-name"), Kind::Text)
            .hinted(l.t("channel-name-hint"))
            .needed()])
        .asking(fields(l, &fresh(kind), false))
        .asking([reason(l)])
}

/// A kind's word as it was given; mail where it was none.
fn kind_of(word: Option<&str>) -> &'static str {
    match word {
        Some("webhook") => "webhook",
        Some("syslog") => "syslog",
        Some("command") => "command",
        _ => "mail",
    }
}

pub(crate) async fn new_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let kind = kind_of(query.get("kind"));
        desk.permit_of(visitor.caller(), changing(kind)).await?;
        new_form(visitor.language(), kind).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn create(
    State(desk): State<Desk>,
    visitor: Visitor,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let kind = kind_of(given.text("kind").as_deref());
        let done = async {
            let wish = wish(&given, given.text("name").unwrap_or_default(), kind)?;
            Ok::<_, Refusal>(desk.create_channel(visitor.caller(), wish, &given.reason).await?)
        };
        match done.await {
            Ok(_) => Ok(led_to(&format!("{HERE}?done=added"))),
            Err(refusal) => {
                new_form(visitor.language(), kind).refused(&desk, &visitor, &given, refusal).await
            }
        }
    })
    .await
}

fn edit_form(l: Language, channel: &StoredChannel) -> Form {
    let title = l.t1("channel-change", "name", channel.name.clone());
    Form::new(title, l.t("act-save"), address(&channel.name), HERE)
        .telling([l.t("channel-change-told")])
        .asking(fields(l, &channel.definition, channel.has_secret))
        .asking([reason(l)])
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::ChannelModify).await?;
        let channel = desk.channel(visitor.caller(), &name).await?;
        desk.permit_of(visitor.caller(), changing(channel.definition.kind())).await?;
        edit_form(visitor.language(), &channel).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        desk.permit_of(visitor.caller(), Operation::ChannelModify).await?;
        let channel = desk.channel(visitor.caller(), &name).await?;
        let done = async {
            let wish = wish(&given, name.clone(), channel.definition.kind())?;
            Ok::<_, Refusal>(desk.modify_channel(visitor.caller(), wish, &given.reason).await?)
        };
        match done.await {
            Ok(_) => Ok(led_to(&format!("{HERE}?done=changed"))),
            Err(refusal) => {
                edit_form(visitor.language(), &channel).refused(&desk, &visitor, &given, refusal).await
            }
        }
    })
    .await
}

fn remove_form(l: Language, name: &str) -> Form {
    let title = l.t1("channel-remove", "name", name);
    Form::new(title, l.t("act-remove"), format!("{}/remove", address(name)), HERE)
        .telling([l.t("channel-remove-told")])
        .asking([reason(l)])
        .dangerous()
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::ChannelModify).await?;
        let channel = desk.channel(visitor.caller(), &name).await?;
        remove_form(visitor.language(), &channel.name).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        match desk.remove_channel(visitor.caller(), &name, &given.reason).await {
            Ok(()) => Ok(led_to(&format!("{HERE}?done=removed"))),
            Err(error) => {
                let form = remove_form(visitor.language(), &name);
                form.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

fn test_form(l: Language, channel: &StoredChannel) -> Form {
    let title = l.t1("channel-test-title", "name", channel.name.clone());
    let form = Form::new(title, l.t("channel-test"), format!("{}/test", address(&channel.name)), HERE);
    match &channel.definition {
        ChannelDefinition::Command(_) => form.telling([l.t("channel-test-command-told")]),
        ChannelDefinition::Mail(_) => form.telling([l.t("channel-test-told")]).asking([Field::new(
            "to",
            l.t("field-recipients"),
            Kind::Text,
        )
        .hinted(l.t("channel-test-to-hint"))]),
        _ => form.telling([l.t("channel-test-told")]),
    }
}

pub(crate) async fn test_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::ChannelTest).await?;
        let channel = desk.channel(visitor.caller(), &name).await?;
        test_form(visitor.language(), &channel).shown(&desk, &visitor).await
    })
    .await
}

/// Sends a test message, and says what came of it.
pub(crate) async fn test(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let l = visitor.language();
        let tested = desk.test_channel(visitor.caller(), &name, lines(&given, "to", true)).await;
        match tested {
            Ok(tested) => {
                let key = if tested.delivered { "channel-test-good" } else { "channel-test-bad" };
                let told = Told {
                    title: l.t1("channel-test-title", "name", &*name),
                    good: tested.delivered,
                    text: l.t1(key, "outcome", tested.outcome),
                    once: String::new(),
                    back: (HERE.to_owned(), l.t("channels")),
                };
                told.shown(&desk, &visitor).await
            }
            Err(error) => {
                let refusal = Refusal::from(error);
                let Ok(channel) = desk.channel(visitor.caller(), &name).await else { return Err(refusal) };
                test_form(l, &channel).refused(&desk, &visitor, &given, refusal).await
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_people_write_them() {
        let rest = [("to".to_owned(), "a@x.org, b@x.org\r\n\r\n c@x.org".to_owned())].into();
        let given = Given { proof: String::new(), reason: String::new(), rest };
        assert_eq!(lines(&given, "to", true), ["a@x.org", "b@x.org", "c@x.org"]);
        assert_eq!(lines(&given, "to", false), ["a@x.org, b@x.org", "c@x.org"]);
    }
}
