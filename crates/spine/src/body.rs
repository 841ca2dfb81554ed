//! The part of an event that is stored as JSON, its version, and the up-casters from older versions.

use netwarden_model::{Cause, EndpointFacts, NewEvent, Outcome, Payload, PortName, Severity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version that is written. Raised when a field changes its meaning or name; a new optional field
/// needs no new version.
pub(crate) const VERSION: i64 = 1;

/// How what [`write`] writes begins: read without looking for the version first, which would go through
/// the whole text.
const NEWEST: &str = r#"{"v":1,"#;

/// Turns a body of one version into one of the next.
type UpCaster = fn(Value) -> Result<Value, String>;

/// The up-caster at place n reads version n + 1 and yields version n + 2.
const UP_CASTERS: &[UpCaster] = &[];

#[derive(Serialize)]
struct BodyToWrite<'a> {
    #[serde(rename = "v")]
    version: i64,
    port: &'a Option<PortName>,
    severity: Severity,
    outcome: Outcome,
    facts: &'a Option<EndpointFacts>,
    payload: &'a Payload,
    cause: &'a Option<Cause>,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Body {
    pub(crate) port: Option<PortName>,
    pub(crate) severity: Severity,
    pub(crate) outcome: Outcome,
    pub(crate) facts: Option<EndpointFacts>,
    pub(crate) payload: Payload,
    pub(crate) cause: Option<Cause>,
}

pub(crate) fn write(event: &NewEvent) -> Result<String, String> {
    let body = BodyToWrite {
        version: VERSION,
        port: &event.port,
        severity: event.severity,
        outcome: event.outcome,
        facts: &event.facts,
        payload: &event.payload,
        cause: &event.cause,
    };
    serde_json::to_string(&body).map_err(|error| error.to_string())
}

pub(crate) fn read(text: &str) -> Result<Body, String> {
    #[derive(Deserialize)]
    struct Versioned {
        v: i64,
    }
    if text.starts_with(NEWEST) {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let Versioned { v } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if v == VERSION {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let old = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let new = up_cast(old, v, UP_CASTERS)?;
    serde_json::from_value(new).map_err(|error| format!("version {v}: {error}"))
}

/// Brings `body` from `version` to the one after the last of `casters`.
fn up_cast(mut body: Value, version: i64, casters: &[UpCaster]) -> Result<Value, String> {
    let newest = i64::try_from(casters.len()).map_or(i64::MAX, |count| count + 1);
    if version > newest {
        return Err(format!(
            "it has version {version}, written by a newer program; this one reads up to {newest}"
        ));
    }
    let missing = usize::try_from(version - 1).ok().and_then(|from| casters.get(from..));
    for cast in missing.ok_or_else(|| format!("{version} is no version"))? {
        body = cast(body)?;
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use netwarden_model::event::NacPayload;
    use serde_json::json;

    use super::*;

    #[test]
    fn old_versions_are_brought_up_step_by_step() {
        let rename: UpCaster = |mut body| {
            let old = body["old"].take();
            body["name"] = old;
            Ok(body)
        };
        let double: UpCaster = |mut body| {
            let count = body["count"].as_i64().ok_or("count is no number")?;
            body["count"] = (count * 2).into();
            Ok(body)
        };
        let casters = [rename, double];
        let first = json!({"old": "a", "count": 3});
        assert_eq!(up_cast(first, 1, &casters).unwrap()["name"], "a");
        let second = json!({"name": "a", "count": 3});
        assert_eq!(up_cast(second.clone(), 2, &casters).unwrap()["count"], 6);
        assert_eq!(up_cast(second.clone(), 3, &casters).unwrap(), second);
        for (version, words) in [(4, "newer program"), (0, "no version"), (-1, "no version")] {
            let refused = up_cast(second.clone(), version, &casters).unwrap_err();
            assert!(refused.contains(words), "{version}: {refused}");
        }
        assert!(up_cast(json!({"name": "a"}), 2, &casters).is_err());
    }

    /// An effect names its rule since this is noted; those from before name none.
    #[test]
    fn causes_are_read_with_and_without_their_rule() {
        let stored = |cause: &str| {
            format!(
                r#"{{"v":1,"port":null,"severity":"info","outcome":"success","facts":null,"payload":{{"capability":"nac","detail":"mac_online"}},"cause":{cause}}}"#
            )
        };
        let id = "00000000-0000-0000-0000-000000000001";
        let old = read(&stored(&format!(r#"{{"request":"{id}","depth":1}}"#))).unwrap().cause.unwrap();
        assert_eq!((old.rule, old.depth), (None, 1));
        let new = read(&stored(&format!(r#"{{"request":"{id}","rule":7,"depth":1}}"#))).unwrap();
        assert_eq!(new.cause.unwrap().rule, Some(netwarden_model::RuleId(7)));
    }

    #[test]
    fn what_is_written_begins_as_the_newest_does() {
        assert_eq!(NEWEST, format!("{{\"v\":{VERSION},"));
        let stored = r#"{"v":1,"port":null,"severity":"info","outcome":"success","facts":null,"payload":{"capability":"nac","detail":"mac_online"},"cause":null}"#;
        let turned = r#"{"port":null,"v":1,"severity":"info","outcome":"success","facts":null,"payload":{"capability":"nac","detail":"mac_online"},"cause":null}"#;
        assert_eq!(read(stored), read(turned));
        assert!(read(stored).is_ok());
    }

    /// The text as stored today must be readable for ever.
    #[test]
    fn version_one_is_read() {
        let stored = r#"{"v":1,"port":"Gi1/0/7","severity":"info","outcome":"success","facts":null,"payload":{"capability":"nac","detail":"mac_offline","silent_for_s":300},"cause":null}"#;
        let body = read(stored).unwrap();
        assert_eq!(body.port, Some("Gi1/0/7".into()));
        assert_eq!(body.payload, Payload::Nac(NacPayload::MacOffline { silent_for_s: 300 }));
        for bad in ["", "{}", r#"{"v":1}"#, r#"{"v":9}"#, r#"{"v":"1"}"#, "[1]"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
