//! Reports of fingerprint and security configuration.

use netwarden_model::event::NacPayload;
use netwarden_model::{Compliance, Configuration, EventKind::*, Setting};

use super::lab::*;
use crate::{Posture, PostureError};

fn setting(found: &str, expected: Option<&str>) -> Setting {
    Setting { found: found.to_owned(), expected: expected.map(str::to_owned) }
}

fn configuration(all: &[(&str, &str, Option<&str>)]) -> Configuration {
    all.iter().map(|(name, found, expected)| ((*name).to_owned(), setting(found, *expected))).collect()
}

fn lab_with_one() -> Lab {
    let mut lab = Lab::switches(1);
    lab.learn(1, mac(1), 5);
    lab.wait(60);
    lab.poll(1);
    lab.kinds();
    lab
}

impl Lab {
    fn report(&mut self, posture: &Posture) -> Compliance {
        let changes = self.net.plan_posture(mac(1), posture, self.now).unwrap();
        self.take(changes);
        self.net.endpoint(mac(1)).unwrap().compliance
    }

    fn reports(&mut self, all: &[(&str, &str, Option<&str>)]) -> Compliance {
        self.report(&Posture { configuration: Some(configuration(all)), ..Posture::default() })
    }
}

// proves: NAC-04
#[test]
fn compliance_follows_from_what_is_expected() {
    let mut lab = lab_with_one();
    assert_eq!(lab.reports(&[("os", "Debian 13", None)]), Compliance::Unknown);
    assert_eq!(lab.kinds(), [], "nothing is expected");
    assert_eq!(lab.reports(&[("firewall", "on", Some("on"))]), Compliance::Compliant);
    assert_eq!(lab.kinds(), [], "it was not other before");

    let two = [("firewall", "off", Some("on")), ("disk", "plain", Some("encrypted")), ("os", "x", None)];
    assert_eq!(lab.reports(&two), Compliance::NonCompliant);
    let differs = |property: &str, expected: &str, found: &str| NacPayload::NowNoncompliant {
        property: property.into(),
        expected: expected.into(),
        found: found.into(),
    };
    let told = [differs("disk", "encrypted", "plain"), differs("firewall", "on", "off")];
    let events = lab.events.clone();
    assert_eq!(lab.payloads(NowNoncompliant), told);
    let facts = events.last().unwrap().facts.clone().unwrap();
    assert_eq!((facts.compliance, facts.configuration.len()), (Compliance::NonCompliant, 3));

    lab.kinds();
    assert_eq!(lab.reports(&two), Compliance::NonCompliant);
    assert_eq!(lab.kinds(), [], "the same again");
    assert_eq!(lab.reports(&[("firewall", "on", Some("on")), two[1]]), Compliance::NonCompliant);
    assert_eq!(lab.kinds(), [], "one is mended, the other was told");
    assert_eq!(lab.reports(&[("disk", "raw", Some("encrypted"))]), Compliance::NonCompliant);
    assert_eq!(lab.kinds(), [NowNoncompliant], "it differs otherwise");
    assert_eq!(lab.reports(&[("disk", "encrypted", Some("encrypted"))]), Compliance::Compliant);
    assert_eq!(lab.kinds(), [NowCompliant]);
    assert_eq!(lab.reports(&[]), Compliance::Unknown);
    assert_eq!(lab.kinds(), []);
}

#[test]
fn another_fingerprint_than_the_known_one_is_told_once() {
    let mut lab = lab_with_one();
    let with = |text: &str| Posture { fingerprint: Some(text.to_owned()), ..Posture::default() };
    lab.report(&with("9f2c41aa"));
    assert_eq!(lab.kinds(), [], "none was known");
    lab.report(&with("77aa0102"));
    let told = NacPayload::FingerprintChanged { known: "9f2c41aa".into(), found: "77aa0102".into() };
    assert_eq!(lab.payloads(FingerprintChanged), [told]);
    lab.kinds();
    lab.report(&with("77aa0102"));
    assert_eq!(lab.kinds(), []);
    // A report without it leaves it alone.
    lab.reports(&[("os", "x", None)]);
    assert_eq!(lab.net.endpoint(mac(1)).unwrap().fingerprint.as_deref(), Some("77aa0102"));
}

#[test]
fn what_cannot_be_kept_is_refused_in_words() {
    let lab = lab_with_one();
    let refused = |mac, posture: &Posture| match lab.net.plan_posture(mac, posture, lab.now) {
        Ok(_) => panic!("{posture:?} was taken"),
        Err(error) => error,
    };
    assert_eq!(refused(mac(9), &Posture::default()), PostureError::Unknown(mac(9)));
    let fingerprint = |text: String| Posture { fingerprint: Some(text), ..Posture::default() };
    for bad in [String::new(), "a\nb".to_owned(), "x".repeat(257)] {
        assert_eq!(refused(mac(1), &fingerprint(bad)), PostureError::Value("fingerprint".into()));
    }
    let with = |all: &[(&str, &str, Option<&str>)]| Posture {
        configuration: Some(configuration(all)),
        ..Posture::default()
    };
    assert_eq!(refused(mac(1), &with(&[("a b", "x", None)])), PostureError::Name("a b".into()));
    assert_eq!(refused(mac(1), &with(&[("", "x", None)])), PostureError::Name(String::new()));
    assert_eq!(refused(mac(1), &with(&[("a", "", None)])), PostureError::Value("a".into()));
    assert_eq!(refused(mac(1), &with(&[("a", "x", Some(""))])), PostureError::Value("a".into()));
    let many: Vec<String> = (0..65).map(|n| format!("p{n}")).collect();
    let many: Vec<(&str, &str, Option<&str>)> = many.iter().map(|name| (name.as_str(), "x", None)).collect();
    assert_eq!(refused(mac(1), &with(&many)), PostureError::TooMany(65));
}
