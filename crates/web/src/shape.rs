//! What `operate` answers, in the types of the interface.

use netwarden_api as api;
use netwarden_model::element::Method;
use netwarden_model::{Event, EventSeq, RuleId, RuleRevision};
use netwarden_operate::{
    AuditValue, Count, Counted, ElementDetail, End, Job, JobState, Joint, Link, ListedRecord, Said,
    ShownElement, ShownEndpoint, ShownPort, Target, Topology, Why,
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
    let ShownEndpoint { view, bound_to, offline_after_s, configuration, version: _ } = shown;
    let shaped = |(name, setting): (String, netwarden_model::Setting)| {
        let netwarden_model::Setting { found, expected } = setting;
        (name, api::endpoint::Setting { found, expected })
    };
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
        port_alias: view.port_alias,
        if_index: view.if_index.map(|index| index.0),
        vlan: view.vlan.map(|vlan| vlan.get()),
        ips: view.ips.iter().map(ToString::to_string).collect(),
        dns_name: view.dns_name,
        host_name: view.host_name,
        user: view.user_name,
        fingerprint: view.fingerprint,
        configuration: configuration.into_iter().map(shaped).collect(),
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

pub(crate) fn detail(detail: ElementDetail) -> api::network::Detail {
    let vlans = detail.vlans.into_iter().map(|on| api::network::VlanOn {
        vlan: on.vlan.get(),
        ports: on.ports.into_iter().map(|port| port.0).collect(),
        endpoints: u64::try_from(on.endpoints).unwrap_or(u64::MAX),
        quarantine: on.quarantine,
        voice: on.voice,
    });
    let neighbours = detail.neighbours.into_iter().map(|on| {
        let (ne_id, ne) = on.element.map(|(id, name)| (id.0, name)).unzip();
        api::network::NeighbourOn {
            port: on.port.map(|port| port.0),
            protocol: on.protocol.to_owned(),
            name: on.name,
            remote_port: on.remote_port,
            descr: on.descr,
            capabilities: on.capabilities,
            ne_id,
            ne,
        }
    });
    let last_good =
        detail.polls.iter().filter_map(|of| Some((of.method.as_str().to_owned(), of.last_good?))).collect();
    let (trouble_at, trouble) = detail.trouble.unzip();
    api::network::Detail {
        vlans: vlans.collect(),
        neighbours: neighbours.collect(),
        last_good,
        failures: detail.failures,
        trouble,
        trouble_at,
    }
}

pub(crate) fn port(shown: ShownPort) -> api::network::Port {
    let ShownPort { view, role_reason, endpoints, enforcement, because, version: _ } = shown;
    let in_english = |said: Option<Said>| said.map(|said| said.to_string());
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
        role_reason: in_english(role_reason),
        protected: view.protected,
        endpoints: u32::try_from(endpoints.len()).unwrap_or(u32::MAX),
        enforcement: in_english(enforcement),
        because: in_english(because),
    }
}

pub(crate) fn topology(map: Topology) -> api::topology::Topology {
    use api::topology::{TopologyLink, TopologyNode};

    let mut segments = std::collections::BTreeSet::new();
    let links = map.links.into_iter().map(|link| {
        for end in &link.ends {
            segments.extend(matches!(end.at, Joint::Segment(_)).then(|| end.at.clone()));
        }
        let [from, to] = link.ends.map(end);
        let (by, status) = (link.by.as_str().to_owned(), link.status.as_str().to_owned());
        TopologyLink { from, to, by, status, members: link.members }
    });
    let links = links.collect();
    let elements = map.elements.into_iter().map(|element| TopologyNode {
        id: node(&Joint::Element(element.ne)),
        kind: "element".to_owned(),
        name: element.name,
        ne_id: Some(element.ne.0),
        class: Some(element.class),
        region: element.region.filter(|region| !region.is_empty()),
        status: element.status.to_owned(),
        endpoints: element.endpoints,
        held: element.held,
        descr: None,
        addresses: Vec::new(),
    });
    let other = |id: String, kind: &str, name: String| TopologyNode {
        id,
        kind: kind.to_owned(),
        name,
        ne_id: None,
        class: None,
        region: None,
        status: "unknown".to_owned(),
        endpoints: 0,
        held: 0,
        descr: None,
        addresses: Vec::new(),
    };
    let strangers = map.strangers.into_iter().map(|(key, stranger)| TopologyNode {
        descr: stranger.descr,
        addresses: stranger.addresses.iter().map(ToString::to_string).collect(),
        ..other(node(&Joint::Neighbour(key.clone())), "neighbour", stranger.name.unwrap_or(key))
    });
    let segments = segments.into_iter().map(|segment| other(node(&segment), "segment", node(&segment)));
    api::topology::Topology { nodes: elements.chain(strangers).chain(segments).collect(), links }
}

fn end(end: End) -> api::topology::TopologyEnd {
    api::topology::TopologyEnd { node: node(&end.at), port: end.port }
}

/// What a node is called in links.
fn node(joint: &Joint) -> String {
    match joint {
        Joint::Element(ne) => ne.0.to_string(),
        Joint::Neighbour(key) => format!("neighbour {key}"),
        Joint::Segment(number) => format!("segment {number}"),
    }
}

pub(crate) fn why(why: Why) -> api::endpoint::Why {
    api::endpoint::Why { access: why.access.to_string(), chain: why.chain.into_iter().map(link).collect() }
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
        text: link.text.to_string(),
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
        text: netwarden_operate::event_text(event).to_string(),
        details: json(serde_json::to_value(&event.payload))?,
        endpoint: event.facts.as_ref().map(serde_json::to_value).map(json).transpose()?,
        cause: event.cause.as_ref().map(|cause| cause.request.to_string()),
    })
}

pub(crate) fn job(job: Job) -> api::rule::Job {
    let state = job.state.as_str();
    let (result, error) = match job.state {
        JobState::Running => (None, None),
        JobState::Done(result) => (Some(result), None),
        JobState::Failed(reason) => (None, Some(reason.to_string())),
        JobState::Cancelled(result) => (result, None),
    };
    api::rule::Job {
        id: job.id.to_string(),
        what: job.what.to_string(),
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
        plane: record.plane.to_string(),
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
        AuditValue::Large { sha256, octets } | AuditValue::Personal { sha256, octets } => {
            format!("{octets} octets, SHA-256 {sha256}")
        }
        AuditValue::Redacted => "changed".to_owned(),
        // The former is only ever written.
        AuditValue::OfPerson(_) | AuditValue::Erased => "erased".to_owned(),
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
