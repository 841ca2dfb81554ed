//! A set of rules, indexed so that few are candidates for an event: by its kind, then by the one
//! first-level equality of each condition that divides events best.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use netwarden_model::event::NacPayload;
use netwarden_model::event::nac::QuarantineAt;
use netwarden_model::{Event, EventKind, Payload, RuleId};

use crate::compiled::{CompiledRule, QuarantineVlans, RuleError, RulePart};
use crate::properties::Property;
use crate::rule::Rule;
use crate::view::View;
use netwarden_conditions::{Key, Value};

/// What holds for all rules of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where quarantined ports go.
    pub vlans: QuarantineVlans,
    /// Events with this many of our own requests behind them are judged no more.
    pub max_depth: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { vlans: QuarantineVlans::default(), max_depth: 3 }
    }
}

impl Settings {
    /// What holds from the event on, where it is one that says so.
    pub fn of(event: &Event) -> Option<Self> {
        let Payload::Nac(NacPayload::RuleSettingsChanged { quarantine, max_depth }) = &event.payload else {
            return None;
        };
        let by_element = quarantine.iter().map(|at| (at.ne, at.vlan)).collect();
        Some(Self { vlans: QuarantineVlans { default: None, by_element }, max_depth: *max_depth })
    }

    /// As an event of the log says it; a VLAN for elements that have none of their own is not said.
    pub fn payload(&self) -> NacPayload {
        let quarantine = self.vlans.by_element.iter().map(|(ne, vlan)| QuarantineAt { ne: *ne, vlan: *vlan });
        NacPayload::RuleSettingsChanged { quarantine: quarantine.collect(), max_depth: self.max_depth }
    }
}

/// The rules that judge, and their index.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rules: Vec<Arc<CompiledRule>>,
    kinds: Vec<KindIndex>,
    settings: Arc<Settings>,
}

/// Candidates for events of one kind, as places in `rules`.
#[derive(Debug, Clone, Default)]
struct KindIndex {
    always: Vec<usize>,
    tables: BTreeMap<Property, Table>,
}

#[derive(Debug, Clone, Default)]
struct Table {
    texts: HashMap<String, Vec<usize>>,
    numbers: HashMap<i64, Vec<usize>>,
    truths: [Vec<usize>; 2],
}

impl Table {
    fn add(&mut self, key: Key, place: usize) {
        let places = match key {
            Key::Text(text) => self.texts.entry(text).or_default(),
            Key::Int(number) => self.numbers.entry(number).or_default(),
            Key::Bool(truth) => {
                let [no, yes] = &mut self.truths;
                if truth { yes } else { no }
            }
        };
        // a list may name a value twice
        if places.last() != Some(&place) {
            places.push(place);
        }
    }

    fn get(&self, value: &Value<'_>) -> &[usize] {
        let [no, yes] = &self.truths;
        match value {
            Value::Text(text) => self.texts.get(text.as_ref()).map_or(&[], Vec::as_slice),
            Value::Int(number) => self.numbers.get(number).map_or(&[], Vec::as_slice),
            Value::Bool(true) => yes,
            Value::Bool(false) => no,
            Value::Null | Value::List(_) => &[],
        }
    }
}

/// How well equality with a property divides events; the higher, the better.
const fn rank(property: Property) -> u8 {
    match property {
        Property::EventKind => 0, // decided before
        Property::EndpointMac | Property::EventSubject => 9,
        Property::EndpointFingerprint | Property::EventIp => 8,
        Property::EndpointPort | Property::EventPort | Property::EndpointBoundTo => 7,
        Property::EndpointNe
        | Property::EndpointNeName
        | Property::EventNe
        | Property::NeId
        | Property::NeName => 6,
        Property::EndpointVlan | Property::EndpointGroup | Property::EndpointVendor => 5,
        Property::EndpointStatus | Property::EndpointCompliance => 3,
        Property::EventSeverity | Property::EventOutcome => 2,
        _ => 4,
    }
}

impl RuleSet {
    /// The enabled ones of `rules`, checked; names and ids must be unique among all of them.
    pub fn compile(rules: Vec<Rule>) -> Result<Self, RuleError> {
        Self::compile_with(rules, Settings::default())
    }

    /// As [`RuleSet::compile`], with settings.
    pub fn compile_with(rules: Vec<Rule>, settings: Settings) -> Result<Self, RuleError> {
        let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
        let mut enabled = Vec::new();
        for rule in rules {
            let twice =
                |message: String| RuleError::Other { rule: rule.name.clone(), part: RulePart::Name, message };
            if !names.insert(rule.name.clone()) {
                return Err(twice("another rule has this name".to_owned()));
            }
            if !ids.insert(rule.id) {
                return Err(twice(format!("another rule has the id {}", rule.id)));
            }
            let judges = rule.enabled;
            let compiled = CompiledRule::compile(rule)?;
            if judges {
                enabled.push(Arc::new(compiled));
            }
        }
        Ok(Self::new(enabled, settings))
    }

    /// Of rules that are checked, whether they are enabled or not: rehearsal judges disabled ones.
    pub fn new(mut rules: Vec<Arc<CompiledRule>>, settings: Settings) -> Self {
        rules.sort_by_key(|rule| rule.rule().id);
        let mut kinds: Vec<KindIndex> = EventKind::ALL.iter().map(|_| KindIndex::default()).collect();
        for (place, rule) in rules.iter().enumerate() {
            let best = rule
                .condition()
                .equalities()
                .into_iter()
                .max_by_key(|(property, keys)| (rank(*property), usize::MAX - keys.len()))
                .filter(|(property, _)| rank(*property) > 0);
            let on: BTreeSet<EventKind> = rule.rule().on.iter().copied().collect();
            for kind in on {
                let Some(index) = kinds.get_mut(kind as usize) else { continue };
                match &best {
                    None => index.always.push(place),
                    Some((property, keys)) => {
                        let table = index.tables.entry(*property).or_default();
                        for key in keys {
                            table.add(key.clone(), place);
                        }
                    }
                }
            }
        }
        Self { rules, kinds, settings: Arc::new(settings) }
    }

    /// The rules, by id.
    pub fn rules(&self) -> &[Arc<CompiledRule>] {
        &self.rules
    }

    /// The rule of that id.
    pub fn rule(&self, id: RuleId) -> Option<&Arc<CompiledRule>> {
        let place = self.rules.binary_search_by_key(&id, |rule| rule.rule().id).ok()?;
        self.rules.get(place)
    }

    /// What holds for all of them.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The rules that may match the event behind `view`, by id.
    pub fn candidates(&self, view: View<'_>) -> Vec<&CompiledRule> {
        let Some(index) = self.kinds.get(view.event().kind as usize) else { return Vec::new() };
        let mut places = index.always.clone();
        for (property, table) in &index.tables {
            places.extend_from_slice(table.get(&view.get(*property)));
        }
        if !index.tables.is_empty() {
            places.sort_unstable();
        }
        places.into_iter().filter_map(|place| self.rules.get(place)).map(Arc::as_ref).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_knows_every_kind() {
        for (place, kind) in EventKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
