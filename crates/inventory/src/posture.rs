//! What is reported of an endpoint's security configuration (NAC-04), and the events that follow (NAC-08).

use jiff::Timestamp;
use netwarden_model::event::NacPayload;
use netwarden_model::{Compliance, Configuration, EventKind, Mac, compliance_of};
use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::network::Network;
use crate::plan::Draft;

/// Properties of one configuration, at most.
pub const MOST_SETTINGS: usize = 64;
/// Characters of a property's name, at most.
pub const LONGEST_SETTING: usize = 64;
/// Characters of a value and of a fingerprint, at most.
pub const LONGEST_VALUE: usize = 256;

/// A report; None leaves alone what was reported before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Posture {
    /// Fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The whole configuration; the empty one takes back what was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Configuration>,
}

/// Why a report is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostureError {
    /// Too many properties.
    #[error("a configuration has at most {MOST_SETTINGS} properties, not {0}")]
    TooMany(usize),
    /// A name that conditions and files could not name.
    #[error(
        "'{0}' is no name of a property: it has 1 to {LONGEST_SETTING} letters, digits, '.', '_' and '-'"
    )]
    Name(String),
    /// A value that is too long, or has control characters.
    #[error("{0} has 1 to {LONGEST_VALUE} characters, and none of control")]
    Value(String),
    /// Nobody has seen this endpoint, and nobody has put it on the list.
    #[error("{0} is not in the inventory")]
    Unknown(Mac),
}

impl Posture {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// The first thing that cannot.
    pub fn check(&self) -> Result<(), PostureError> {
        let is_value = |text: &str| {
            (1..=LONGEST_VALUE).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        if self.fingerprint.as_ref().is_some_and(|fingerprint| !is_value(fingerprint)) {
            return Err(PostureError::Value("fingerprint".to_owned()));
        }
        let Some(configuration) = &self.configuration else { return Ok(()) };
        if configuration.len() > MOST_SETTINGS {
            return Err(PostureError::TooMany(configuration.len()));
        }
        for (name, setting) in configuration {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            if !(1..=LONGEST_SETTING).contains(&name.len()) || !name.chars().all(fits) {
                return Err(PostureError::Name(name.chars().take(LONGEST_SETTING).collect()));
            }
            if !is_value(&setting.found) || setting.expected.as_ref().is_some_and(|text| !is_value(text)) {
                return Err(PostureError::Value(name.clone()));
            }
        }
        Ok(())
    }
}

impl Network {
    /// What a report of one endpoint changes. A fingerprint other than the known one raises
    /// `fingerprint_changed`; each property that has become other than it should be, `now_noncompliant`; and
    /// `now_compliant` follows once all are as they should be again.
    ///
    /// # Errors
    /// Where it cannot be kept, or the endpoint is not known.
    pub fn plan_posture(&self, mac: Mac, posture: &Posture, now: Timestamp) -> Result<Changes, PostureError> {
        posture.check()?;
        let known = self.endpoint(mac).ok_or(PostureError::Unknown(mac))?;
        let (fingerprint, before, was) =
            (known.fingerprint.clone(), known.configuration.clone(), known.compliance);
        let mut draft = Draft::new(self, now);
        let endpoint = draft.endpoint_mut(mac);
        if let Some(found) = &posture.fingerprint {
            endpoint.fingerprint = Some(found.clone());
        }
        if let Some(configuration) = &posture.configuration {
            endpoint.configuration.clone_from(configuration);
            endpoint.compliance = compliance_of(configuration);
        }
        let is = endpoint.compliance;
        if let (Some(known), Some(found)) = (fingerprint, posture.fingerprint.clone())
            && known != found
        {
            let payload = NacPayload::FingerprintChanged { known, found };
            draft.endpoint_event(EventKind::FingerprintChanged, mac, payload);
        }
        for (property, setting) in posture.configuration.iter().flatten() {
            let Some(expected) = setting.expected.clone().filter(|_| setting.differs()) else { continue };
            if before.get(property) != Some(setting) {
                let (property, found) = (property.clone(), setting.found.clone());
                let payload = NacPayload::NowNoncompliant { property, expected, found };
                draft.endpoint_event(EventKind::NowNoncompliant, mac, payload);
            }
        }
        if was == Compliance::NonCompliant && is == Compliance::Compliant {
            draft.endpoint_event(EventKind::NowCompliant, mac, NacPayload::NowCompliant);
        }
        Ok(draft.finish())
    }
}
