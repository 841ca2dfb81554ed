//! `/channels`: where alarms go and commands run; never their secrets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netwarden_api::channel as api;
use netwarden_api::{Page, Problem};
use netwarden_operate as operate;
use netwarden_operate::{Desk, OperateError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, ListParams, Place, ReasonParam, Wish};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, modify, remove))
        .routes(routes!(test))
}

/// Channels, by name; filters name, kind, to, has_secret.
#[utoipa::path(get, path = "/channels", tag = "channels", params(ListParams),
    responses((status = 200, body = Page<api::Channel>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("channel.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<api::Channel>> {
    Ok(Json(shape::page(desk.list_channels(&asker.caller, wish).await?, shaped)))
}

/// Defines a channel. A command is the Administrator's alone (`channel.define_command`).
#[utoipa::path(post, path = "/channels", tag = "channels", request_body = api::NewChannel,
    responses((status = 201, body = api::Channel), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("channel.modify"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<api::NewChannel>,
) -> Result<(StatusCode, Json<api::Channel>), Refusal> {
    let wish = wish(new.name, new.definition, new.secret)?;
    let channel = desk.create_channel(&asker.caller, wish, &new.reason).await?;
    Ok((StatusCode::CREATED, Json(shaped(channel))))
}

/// One channel.
#[utoipa::path(get, path = "/channels/{name}", tag = "channels", params(("name" = String, Path)),
    responses((status = 200, body = api::Channel), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("channel.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(name): Place<String>) -> Answer<api::Channel> {
    Ok(Json(shaped(desk.channel(&asker.caller, &name).await?)))
}

/// Defines a channel anew; it counts at once. A command is the Administrator's alone.
#[utoipa::path(put, path = "/channels/{name}", tag = "channels", params(("name" = String, Path)),
    request_body = api::ChannelChange,
    responses((status = 200, body = api::Channel), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("channel.modify"))))]
async fn modify(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(change): Body<api::ChannelChange>,
) -> Answer<api::Channel> {
    let wish = wish(name, change.definition, change.secret)?;
    Ok(Json(shaped(desk.modify_channel(&asker.caller, wish, &change.reason).await?)))
}

/// Removes a channel that no enabled rule uses, with its secret.
#[utoipa::path(delete, path = "/channels/{name}", tag = "channels",
    params(("name" = String, Path), ReasonParam),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("channel.modify"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Asked(query): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.remove_channel(&asker.caller, &name, &query.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test message, or runs the command, and tells how that went.
#[utoipa::path(post, path = "/channels/{name}/test", tag = "channels", params(("name" = String, Path)),
    request_body = api::ChannelTest,
    responses((status = 200, body = api::ChannelTested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("channel.test"))))]
async fn test(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(wish): Body<api::ChannelTest>,
) -> Answer<api::ChannelTested> {
    let told = desk.test_channel(&asker.caller, &name, wish.to).await?;
    Ok(Json(api::ChannelTested { delivered: told.delivered, outcome: told.outcome }))
}

fn wish(
    name: String,
    definition: api::Definition,
    secret: Option<String>,
) -> Result<operate::ChannelWish, OperateError> {
    Ok(operate::ChannelWish {
        name,
        definition: definition_of(definition)?,
        secret: secret.map(Zeroizing::new),
    })
}

fn definition_of(definition: api::Definition) -> Result<operate::ChannelDefinition, OperateError> {
    use operate::{ChannelDefinition, MailSecurity, SyslogTransport};

    let unknown = |what: &str, word: &str, words: &str| {
        Err(OperateError::Invalid(format!("'{word}' is no {what} ({words})").into()))
    };
    Ok(match definition {
        api::Definition::Mail(mail) => ChannelDefinition::Mail(operate::MailChannel {
            security: match mail.security.as_str() {
                "starttls" => MailSecurity::Starttls,
                "tls" => MailSecurity::Tls,
                "danger-plain" => MailSecurity::DangerPlain,
                other => return unknown("security", other, "starttls, tls, danger-plain"),
            },
            host: mail.host,
            port: mail.port,
            user: mail.user,
            from: mail.from,
            recipients: mail.recipients,
            subject: mail.subject,
            text: mail.text,
            at_once: mail.at_once,
            window_s: mail.window_s,
            digest_after_s: mail.digest_after_s,
            ca_pem: mail.ca_pem,
        }),
        api::Definition::Webhook(hook) => ChannelDefinition::Webhook(operate::WebhookChannel {
            url: hook.url,
            danger_allow_plain: hook.danger_allow_plain,
            ca_pem: hook.ca_pem,
        }),
        api::Definition::Syslog(server) => ChannelDefinition::Syslog(operate::SyslogChannel {
            transport: match server.transport.as_str() {
                "tls" => SyslogTransport::Tls,
                "danger-tcp" => SyslogTransport::DangerTcp,
                "danger-udp" => SyslogTransport::DangerUdp,
                other => return unknown("transport", other, "tls, danger-tcp, danger-udp"),
            },
            host: server.host,
            port: server.port,
            ca_pem: server.ca_pem,
        }),
        api::Definition::Command(command) => ChannelDefinition::Command(operate::CommandChannel {
            program: command.program,
            args: command.args,
            time_limit_s: command.time_limit_s,
        }),
    })
}

fn shaped(channel: operate::StoredChannel) -> api::Channel {
    use operate::{ChannelDefinition, MailSecurity, SyslogTransport};

    let exception = channel.definition.exception(&channel.name);
    let definition = match channel.definition {
        ChannelDefinition::Mail(mail) => api::Definition::Mail(api::Mail {
            security: match mail.security {
                MailSecurity::Starttls => "starttls",
                MailSecurity::Tls => "tls",
                MailSecurity::DangerPlain => "danger-plain",
            }
            .to_owned(),
            host: mail.host,
            port: mail.port,
            user: mail.user,
            from: mail.from,
            recipients: mail.recipients,
            subject: mail.subject,
            text: mail.text,
            at_once: mail.at_once,
            window_s: mail.window_s,
            digest_after_s: mail.digest_after_s,
            ca_pem: mail.ca_pem,
        }),
        ChannelDefinition::Webhook(hook) => api::Definition::Webhook(api::Webhook {
            url: hook.url,
            danger_allow_plain: hook.danger_allow_plain,
            ca_pem: hook.ca_pem,
        }),
        ChannelDefinition::Syslog(server) => api::Definition::Syslog(api::Syslog {
            transport: match server.transport {
                SyslogTransport::Tls => "tls",
                SyslogTransport::DangerTcp => "danger-tcp",
                SyslogTransport::DangerUdp => "danger-udp",
            }
            .to_owned(),
            host: server.host,
            port: server.port,
            ca_pem: server.ca_pem,
        }),
        ChannelDefinition::Command(command) => api::Definition::Command(api::Command {
            program: command.program,
            args: command.args,
            time_limit_s: command.time_limit_s,
        }),
    };
    api::Channel {
        name: channel.name,
        definition,
        has_secret: channel.has_secret,
        exception,
        changed_at: channel.changed_at,
    }
}
