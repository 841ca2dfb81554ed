//! A network element administered: its name and place, how it is polled, when it is being worked on, its removal.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use netwarden_api::network::Element;
use netwarden_identity::Operation;
use netwarden_model::element::Method;
use netwarden_model::{NeId, VlanId};
use netwarden_operate::{Desk, ElementEdit, MaintenanceWindow, ScheduleEdit, vlan};

use super::act::{Act, Given, Input};
use super::dialog::{asked, submitted};
use super::frame::{answered, led_to};
use super::language::Language;
use super::ports::verb;
use super::visitor::Visitor;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

/// As HTML's field of a time has it.
const FIELD: &str = "%Y-%m-%dT%H:%M";

fn operation_of(verb: &str) -> Operation {
    match verb {
        "edit" => Operation::NeModify,
        "remove" => Operation::NeDelete,
        _ => Operation::NeSetMaintenance,
    }
}

fn input(l: Language, name: &'static str, key: &str, kind: &'static str, value: String, hint: &str) -> Input {
    let hint = if hint.is_empty() { String::new() } else { l.t(hint) };
    Input::new(name, l.t(key), kind).with(value).hinted(hint)
}

/// What can be edited, as it is now.
fn present(element: &Element) -> BTreeMap<&'static str, String> {
    let number = |vlan: Option<u16>| vlan.map(|vlan| vlan.to_string()).unwrap_or_default();
    let interval = |method: &str| {
        element.schedules.get(method).map(|schedule| schedule.interval_s.to_string()).unwrap_or_default()
    };
    [
        ("name", element.name.clone()),
        ("address", element.address.clone()),
        ("class", element.class.clone()),
        ("region", element.region.clone().unwrap_or_default()),
        ("groups", element.groups.join(", ")),
        ("device_sets", element.device_sets.join(", ")),
        ("quarantine_vlan", number(element.quarantine_vlan)),
        ("voice_vlan", number(element.voice_vlan)),
        ("inventory", interval("inventory")),
        ("forwarding", interval("forwarding")),
        ("addresses", interval("addresses")),
    ]
    .into()
}

fn edit_inputs(l: Language, element: &Element) -> Vec<Input> {
    let now = present(element);
    [
        ("name", "column-name", "text", ""),
        ("address", "column-address", "text", "edit-address-hint"),
        ("class", "column-class", "text", ""),
        ("region", "column-region", "text", ""),
        ("groups", "property-groups", "text", "edit-commas"),
        ("device_sets", "property-device-sets", "text", "edit-commas"),
        ("quarantine_vlan", "property-quarantine-vlan", "text", "edit-vlan-hint"),
        ("voice_vlan", "property-voice-vlan", "text", "edit-vlan-hint"),
        ("inventory", "edit-inventory", "number", "edit-interval-hint"),
        ("forwarding", "edit-forwarding", "number", ""),
        ("addresses", "edit-addresses", "number", ""),
    ]
    .into_iter()
    .map(|(name, key, kind, hint)| {
        input(l, name, key, kind, now.get(name).cloned().unwrap_or_default(), hint)
    })
    .collect()
}

async fn act_of(desk: &Desk, visitor: &Visitor, ne: i64, verb: &str) -> Result<Act, Refusal> {
    let l = visitor.language();
    let element = shape::element(desk.element(visitor.caller(), NeId(ne)).await?);
    let (title, told, button) = match verb {
        "edit" => ("edit-title", "edit-told", "act-edit"),
        "maintain" => ("maintain-title", "maintain-told", "act-maintain"),
        "maintained" => ("maintained-title", "maintained-told", "act-maintained"),
        _ => ("remove-title", "remove-told", "act-remove"),
    };
    let inputs = match verb {
        "edit" => edit_inputs(l, &element),
        "maintain" => window_inputs(l, desk.clock.now()),
        _ => Vec::new(),
    };
    Ok(Act {
        title: l.t1(title, "name", element.name.clone()),
        told: vec![l.t1(told, "name", element.name.clone())],
        inputs,
        button: l.t(button),
        dangerous: verb == "remove",
        action: format!("/elements/{ne}/{verb}"),
        back: format!("/elements/{ne}"),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

/// Begin and end of a maintenance window, two hours from now on unless others are written.
pub(super) fn window_inputs(l: Language, now: Timestamp) -> Vec<Input> {
    let at = |hours| now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(now);
    vec![
        input(l, "from", "property-maintenance-from", "datetime-local", field(at(0)), "utc-hint"),
        input(l, "until", "property-maintenance-until", "datetime-local", field(at(2)), "utc-hint"),
    ]
}

fn field(at: Timestamp) -> String {
    at.strftime(FIELD).to_string()
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(ne): Place<i64>,
) -> Response {
    let verb = verb(&uri);
    asked(&desk, &visitor, operation_of(verb), act_of(&desk, &visitor, ne, verb)).await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(ne): Place<i64>,
    given: Given,
) -> Response {
    let verb = verb(&uri);
    let done = async {
        let caller = visitor.caller();
        // Who may not is refused before what was written is read.
        desk.permit_some(caller, operation_of(verb)).await?;
        let edit = match verb {
            "remove" => {
                desk.remove_element(caller, NeId(ne), &given.reason).await?;
                return Ok(led_to("/elements?done=remove"));
            }
            "edit" => {
                let shown = desk.element(caller, NeId(ne)).await?;
                edit_of(visitor.language(), &shape::element(shown), &given)?
            }
            "maintain" => {
                let window = window_of(visitor.language(), &given)?;
                ElementEdit { maintenance: Some(Some(window)), ..ElementEdit::default() }
            }
            _ => ElementEdit { maintenance: Some(None), ..ElementEdit::default() },
        };
        desk.edit_element(caller, NeId(ne), edit, &given.reason).await?;
        Ok(led_to(&format!("/elements/{ne}?done={verb}")))
    };
    submitted(&desk, &visitor, &given, done, act_of(&desk, &visitor, ne, verb)).await
}

/// What is different of what was shown: what was left as it was is nobody's wish.
fn edit_of(l: Language, element: &Element, given: &Given) -> Result<ElementEdit, Refusal> {
    let now = present(element);
    let changed = |name: &str| {
        let text = given.rest.get(name).map(|text| text.trim().to_owned())?;
        (now.get(name) != Some(&text)).then_some(text)
    };
    let words = |text: String| -> Vec<String> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let mut schedules = BTreeMap::new();
    for method in Method::ALL {
        let Some(text) = changed(method.as_str()) else { continue };
        let seconds: u64 =
            text.parse().map_err(|_| Refusal::malformed(l.t("error-no-interval")).at(method.as_str()))?;
        let edit = ScheduleEdit { interval: Some(Duration::from_secs(seconds)), ..ScheduleEdit::default() };
        schedules.insert(method, edit);
    }
    Ok(ElementEdit {
        name: changed("name"),
        address: changed("address"),
        class: changed("class"),
        region: changed("region").map(|region| Some(region).filter(|region| !region.is_empty())),
        groups: changed("groups").map(words),
        device_sets: changed("device_sets").map(words),
        quarantine_vlan: changed("quarantine_vlan")
            .map(|text| vlan_of(l, "quarantine_vlan", &text))
            .transpose()?,
        voice_vlan: changed("voice_vlan").map(|text| vlan_of(l, "voice_vlan", &text)).transpose()?,
        schedules,
        ..ElementEdit::default()
    })
}

/// Nothing written is no VLAN.
fn vlan_of(l: Language, name: &str, text: &str) -> Result<Option<VlanId>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let unfit = || Refusal::malformed(l.t("error-no-vlan")).at(name);
    let number = text.parse().map_err(|_| unfit())?;
    Ok(Some(vlan(number).map_err(|_| unfit())?))
}

pub(super) fn window_of(l: Language, given: &Given) -> Result<MaintenanceWindow, Refusal> {
    let time = |name: &str| {
        let at = given.text(name).and_then(|text| text.parse::<DateTime>().ok());
        let at = at.and_then(|at| at.to_zoned(TimeZone::UTC).ok());
        at.map(|at| at.timestamp()).ok_or_else(|| Refusal::malformed(l.t("error-no-time")).at(name))
    };
    Ok(MaintenanceWindow { from: time("from")?, until: time("until")? })
}

/// Reads everything of it as soon as the poller can.
pub(crate) async fn poll(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    given: Given,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        desk.poll_element(visitor.caller(), NeId(ne)).await?;
        Ok(led_to(&format!("/elements/{ne}?done=poll")))
    })
    .await
}
