//! What `operate` answers, in the types of the interface.

use netwarden_api as api;
use netwarden_model::element::Method;
use netwarden_model::{Event, EventSeq, RuleId, RuleRevision};
use netwarden_operate::{
    AuditValue, Count, Counted, Job, JobState, Link, ListedRecord, ShownElement, ShownEndpoint, ShownPort,
    Target, Why,
};

use crate::address::escaped;
use crate::refusal::Refusal;

pub(crate) fn page<T, U>(listed: Counted<T>, convert: impl FnMut(T) -> U) -> api::Page<U> {
    let total = match listed.count {
        Count::Exact(count) => api::Total { count, more: false },
        Count::MoreThan(count) => api::Total { count, more: true },
    };
    api::Page { items: listed.items.into_iter().map(convert).collect(), next: listed.next, total }
}

pub(crate) fn endpoint(shown: ShownEndpoint) -> api::endpoint::Endpoint {
    let ShownEndpoint { view, bound_to, offline_after_s, version: _ } = shown;
    api::endpoint::Endpoint {
        mac: view.mac.to_string(),
        vendor: view.vendor,
        mac_randomised: view.mac.is_locally_administered(),
        status: view.status,
        compliance: view.compliance,
        online: view.online,
        ne: view.ne_name,
        ne_id: view.ne.map(|ne| ne.0),
        port: view.port.map(|port| port.0),
        vlan: view.vlan.map(|vlan| vlan.get()),
        ips: view.ips.iter().map(ToString::to_string).collect(),
        dns_name: view.dns_name,
        host_name: view.host_name,
        group: view.group,
        bound_to: bound_to.map(|(port, name)| format!("{name} {}", port.port)),
        owner: view.owner,
        note: view.note,
        offline_after_s,
        valid_until: view.valid_until,
        first_seen: view.first_seen,
        last_seen: view.last_seen,
        custom1: view.custom1,
        custom2: view.custom2,
    }
}

pub(crate) fn element(shown: ShownElement) -> api::network::Element {
    let ShownElement { base, credential, status, last_poll, incomplete, descr, location, version: _ } = shown;
    let schedules = Method::ALL.into_iter().map(|method| {
        let schedule = base.schedule(method);
        let shaped = api::network::Schedule {
            interval_s: schedule.interval.as_secs(),
            timeout_ms: u64::try_from(schedule.timeout.as_millis()).unwrap_or(u64::MAX),
            retries: schedule.retries,
        };
        (method.as_str().to_owned(), shaped)
    });
    let schedules = schedules.collect();
    let forwarding = base.schedule(Method::Forwarding);
    api::network::Element {
        id: base.element.id.0,
        name: base.element.name,
        address: base.element.address.to_string(),
        credential,
        status: status.to_owned(),
        enforcement: base.element.enforcement,
        allow_v2c: base.element.allow_v2c,
        quarantine_vlan: base.element.quarantine_vlan.map(|vlan| vlan.get()),
        voice_vlan: base.element.voice_vlan.map(|vlan| vlan.get()),
        forwarding_interval_s: forwarding.interval.as_secs(),
        schedules,
        scans_off: base.scans_off.iter().map(|scan| scan.as_str().to_owned()).collect(),
        region: base.region,
        device_sets: base.device_sets,
        last_poll,
        incomplete: incomplete
            .into_iter()
            .map(|(scan, reasons)| (scan.as_str().to_owned(), reasons))
            .collect(),
        descr,
        location,
        class: base.class,
        groups: base.groups,
        maintenance: base
            .maintenance
            .map(|window| api::network::Maintenance { from: window.from, until: window.until }),
    }
}

pub(crate) fn port(shown: ShownPort) -> api::network::Port {
    let ShownPort { view, role_reason, endpoints, enforcement, because, version: _ } = shown;
    api::network::Port {
        ne_id: view.ne.0,
        ne: view.ne_name,
        name: view.name.0,
        if_index: view.if_index.map(|index| index.0),
        alias: view.alias,
        admin_status: view.admin_status,
        oper_status: view.oper_status,
        pvid: view.pvid.map(|vlan| vlan.get()),
        role: view.role,
        role_reason,
        protected: view.protected,
        endpoints: u32::try_from(endpoints.len()).unwrap_or(u32::MAX),
        enforcement,
        because,
    }
}

pub(crate) fn why(why: Why) -> api::endpoint::Why {
    api::endpoint::Why { access: why.access, chain: why.chain.into_iter().map(link).collect() }
}

fn link(link: Link) -> api::endpoint::WhyLink {
    let target = link.target.map(|target| match target {
        Target::Event(EventSeq(seq)) => format!("/events/{seq}"),
        Target::Rule(RuleId(id), RuleRevision(revision)) => format!("/rules/{id}/revisions#{revision}"),
        Target::Record(index) => format!("/audit/{index}"),
        Target::History(mac) => format!("/endpoints/{}/history", escaped(&mac.to_string())),
    });
    api::endpoint::WhyLink {
        stage: link.stage.as_str().to_owned(),
        at: link.at,
        text: link.text,
        link: target,
    }
}

pub(crate) fn event(event: &Event) -> Result<api::event::Event, Refusal> {
    let json = |value: Result<serde_json::Value, serde_json::Error>| {
        value.map_err(|_| {
            let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            Refusal::new(status, "failed", "Failed", format!("event {} cannot be shown", event.seq))
        })
    };
    Ok(api::event::Event {
        seq: event.seq.0,
        at: event.at,
        recorded_at: event.recorded_at,
        kind: event.kind.as_str().to_owned(),
        severity: event.severity.as_str().to_owned(),
        outcome: match event.outcome {
            netwarden_model::Outcome::Success => "success",
            netwarden_model::Outcome::Failure => "failure",
            netwarden_model::Outcome::Unknown => "unknown",
        }
        .to_owned(),
        subject: event.subject.to_string(),
        ne_id: event.ne.map(|ne| ne.0),
        port: event.port.as_ref().map(|port| port.0.clone()),
        text: netwarden_operate::event_text(event),
        details: json(serde_json::to_value(&event.payload))?,
        endpoint: event.facts.as_ref().map(serde_json::to_value).map(json).transpose()?,
        cause: event.cause.as_ref().map(|cause| cause.request.to_string()),
    })
}

pub(crate) fn job(job: Job) -> api::rule::Job {
    let (state, result, error) = match job.state {
        JobState::Running => ("running", None, None),
        JobState::Done(result) => ("done", Some(result), None),
        JobState::Failed(reason) => ("failed", None, Some(reason)),
        JobState::Cancelled(result) => ("cancelled", result, None),
    };
    api::rule::Job {
        id: job.id.to_string(),
        what: job.what,
        state: state.to_owned(),
        done: job.done,
        total: job.total,
        result,
        error,
        started_at: job.started,
    }
}

pub(crate) fn record(listed: ListedRecord) -> api::audit::Record {
    let ListedRecord { index, record, outcome, completion } = listed;
    let object = match &record.object.id {
        Some(id) => format!("{} {id}", record.object.kind),
        None => record.object.kind.clone(),
    };
    let (after, more) = match completion {
        Some(completion) => (completion.new.or(record.new), completion.details),
        None => (record.new, None),
    };
    let details = record.details.into_iter().chain(more).collect::<Vec<_>>().join("; ");
    api::audit::Record {
        index: index.0,
        at: record.at,
        kind: record.kind.as_str().to_owned(),
        user: record.user.unwrap_or_default(),
        operation: record.operation,
        object,
        terminal: record.address,
        outcome: outcome.as_str().to_owned(),
        old: record.old.map(value),
        new: after.map(value),
        details,
    }
}

/// A value of the trail as people read it; what a secret was and is stands nowhere.
fn value(value: AuditValue) -> String {
    match value {
        AuditValue::Text(text) => text,
        AuditValue::Large { sha256, octets } => format!("{octets} octets, SHA-256 {sha256}"),
        AuditValue::Redacted => "changed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_links_are_escaped() {
        assert_eq!(escaped("Gi1/0/1 a\u{e9}"), "Gi1%2F0%2F1%20a%C3%A9");
    }
}
