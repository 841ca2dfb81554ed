//! What browsers answer for authenticators: whatever comes, and genuine answers with some octets turned.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use netwarden_identity::{PasskeyError, Passkeys};
use netwarden_model::UserId;
use netwarden_testkit::authenticator::Authenticator;
use serde_json::Value;

use crate::script::Script;

const NAME: &str = "nw.example.org";
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A passkey that was made, as it is kept, with its authenticator.
fn made() -> (Authenticator, Vec<u8>) {
    let (passkeys, mut key) = (Passkeys::new(NAME), Authenticator::new(NAME));
    let options = passkeys.begin_making(1, (UserId(7), "bob"), "laptop", &[], NOW).unwrap();
    let answer = key.create(&serde_json::from_str(&options).unwrap()).to_string();
    let kept = passkeys.finish_making(1, &answer, NOW).unwrap().kept;
    (key, kept)
}

/// Turns octets of one part of an answer; false where it is what it was.
fn turned(answer: &mut Value, part: &str, script: &mut Script<'_>) -> bool {
    let field = &mut answer["response"][part];
    let genuine = URL_SAFE_NO_PAD.decode(field.as_str().unwrap()).unwrap();
    let mut octets = genuine.clone();
    if script.byte().is_multiple_of(4) {
        octets.truncate(usize::from(script.byte()));
    }
    while let [_, _, ..] = script.0 {
        let (at, bits) = (usize::from(script.byte()), script.byte());
        match octets.get_mut(at) {
            Some(octet) => *octet ^= bits,
            None => octets.push(bits),
        }
    }
    *field = URL_SAFE_NO_PAD.encode(&octets).into();
    octets != genuine
}

/// Answers to both ceremonies. What makes a key can be asked for again; no answer proves anything that was not signed.
pub fn passkey(octets: &[u8]) {
    static KEPT: OnceLock<Vec<u8>> = OnceLock::new();
    let mut script = Script(octets);
    let passkeys = Passkeys::new(NAME);
    match script.byte() % 4 {
        0 => {
            passkeys.begin_making(1, (UserId(7), "bob"), "laptop", &[], NOW).unwrap();
            let answer = String::from_utf8_lossy(script.0);
            assert!(passkeys.finish_making(1, &answer, NOW).is_err(), "it holds no challenge of ours");
        }
        1 => {
            let kept = [(3, KEPT.get_or_init(|| made().1).clone())];
            passkeys.begin_proving(1, &kept, NOW).unwrap();
            let answer = String::from_utf8_lossy(script.0);
            assert!(passkeys.finish_proving(1, &answer, NOW).is_err(), "it holds no challenge of ours");
            assert_eq!(
                passkeys.finish_proving(1, &answer, NOW),
                Err(PasskeyError::NoChallenge),
                "it is taken once"
            );
        }
        2 => {
            let mut key = Authenticator::new(NAME);
            let options = passkeys.begin_making(1, (UserId(7), "bob"), "laptop", &[], NOW).unwrap();
            let mut answer = key.create(&serde_json::from_str(&options).unwrap());
            turned(&mut answer, "attestationObject", &mut script);
            // Attestation is not asked for: another key, counter or flag may be taken.
            if let Ok(made) = passkeys.finish_making(1, &answer.to_string(), NOW) {
                passkeys.begin_proving(1, &[(3, made.kept)], NOW).unwrap();
            }
        }
        _ => {
            let (mut key, kept) = made();
            let options = passkeys.begin_proving(1, &[(3, kept)], NOW).unwrap();
            let mut answer = key.get(&serde_json::from_str(&options).unwrap());
            let part = ["authenticatorData", "clientDataJSON", "signature"][usize::from(script.byte() % 3)];
            let is_turned = turned(&mut answer, part, &mut script);
            let proven = passkeys.finish_proving(1, &answer.to_string(), NOW);
            assert_eq!(proven.is_err(), is_turned, "{part}: {proven:?}");
            let again = passkeys.finish_proving(1, &answer.to_string(), NOW);
            assert_eq!(again, Err(PasskeyError::NoChallenge), "it is taken once");
        }
    }
}
