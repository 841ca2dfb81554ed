//! Passkeys as second factors (W3C Web Authentication Level 3): an authenticator makes a key pair for the console's
//! name, and signs a challenge with it after it has looked at its owner (user verification is asked for always).
//!
//! The ceremonies and their cryptography are webauthn-rs'; challenges are made by it, from the system's randomness.
//! Kept here is which session waits for which answer: each challenge is taken once, whatever comes of it, holds for
//! [`WAITS`], and belongs to one session. A restart forgets them, and asks anew.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use netwarden_model::UserId;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use thiserror::Error;
use webauthn_rs::prelude::{Passkey, PasskeyAuthentication, PasskeyRegistration, Url, Uuid, WebauthnError};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// How long a challenge waits for its answer.
pub const WAITS: SignedDuration = SignedDuration::from_mins(5);
/// Octets of an answer, at most: those of authenticators have some hundreds to a few thousand.
pub const LONGEST_ANSWER: usize = 32 * 1024;
/// Challenges of one purpose that wait at a time; who comes after them waits for the oldest to be over.
const MOST_WAITING: usize = 10_000;

/// What stands in the way of a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PasskeyError {
    /// Passkeys are bound to names, and the console has none.
    #[error("passkeys are bound to a name, and the console's host_name, {0}, is none")]
    NoName(String),
    /// Nothing waits for an answer of this session.
    #[error("no challenge of this session waits for an answer: begin again")]
    NoChallenge,
    /// Too many challenges wait.
    #[error("too many challenges wait for their answers: try again in some minutes")]
    Busy,
    /// It is not what authenticators answer.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    /// It was read, and is not right.
    #[error("the answer is not right: {0}")]
    Refused(String),
    /// A stored passkey cannot be read.
    #[error("the stored passkey of factor {0} cannot be read")]
    Stored(i64),
}

/// A passkey that was made: what is to be kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What its owner calls it.
    pub label: String,
    /// Its public key, counter and flags, as [`Passkeys::begin_proving`] reads them.
    pub kept: Vec<u8>,
}

/// A challenge that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The factor's row.
    pub factor: i64,
    /// How often the key has signed, as it counts itself; 0 where it does not count.
    pub counter: u32,
    /// What is to be kept of it from now on, where its counter or flags have changed.
    pub kept: Option<Vec<u8>>,
}

struct Making {
    label: String,
    state: PasskeyRegistration,
}

struct Proving {
    keys: Vec<(i64, Passkey)>,
    state: PasskeyAuthentication,
}

/// Sessions that were asked something, and until when they may answer.
struct Waiting<T>(Mutex<HashMap<i64, (Timestamp, T)>>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Waiting<T> {
    fn put(&self, session: i64, asked: T, now: Timestamp) -> Result<(), PasskeyError> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST_WAITING {
            waiting.retain(|_, (until, _)| *until > now);
        }
        if waiting.len() >= MOST_WAITING && !waiting.contains_key(&session) {
            return Err(PasskeyError::Busy);
        }
        waiting.insert(session, (now.saturating_add(WAITS).unwrap_or(Timestamp::MAX), asked));
        Ok(())
    }

    fn take(&self, session: i64, now: Timestamp) -> Result<T, PasskeyError> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.remove(&session) {
            Some((until, asked)) if until > now => Ok(asked),
            _ => Err(PasskeyError::NoChallenge),
        }
    }
}

/// The relying party: the console under its name.
pub struct Passkeys {
    name: String,
    party: Option<Webauthn>,
    making: Waiting<Making>,
    proving: Waiting<Proving>,
}

impl fmt::Debug for Passkeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passkeys").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Passkeys {
    /// For the console under this DNS name, on whatever port; an IP address has no passkeys.
    pub fn new(host_name: &str) -> Self {
        let name = host_name.to_ascii_lowercase();
        let party = Url::parse(&format!("https://{name}")).ok().and_then(|origin| {
            WebauthnBuilder::new(&name, &origin).ok()?.allow_any_port(true).rp_name("Netwarden").build().ok()
        });
        Self { name, party, making: Waiting::default(), proving: Waiting::default() }
    }

    /// The name that passkeys are bound to; None where there are none.
    pub fn name(&self) -> Option<&str> {
        self.party.as_ref().map(|_| self.name.as_str())
    }

    fn party(&self) -> Result<&Webauthn, PasskeyError> {
        self.party.as_ref().ok_or_else(|| PasskeyError::NoName(self.name.clone()))
    }

    /// What authenticators know an account by: neither its name nor its number as it is (section 14.6.1).
    fn handle(&self, user: UserId) -> Uuid {
        let digest = Sha256::digest(format!("netwarden/{}/{}", self.name, user.0));
        let mut octets = [0; 16];
        for (octet, hashed) in octets.iter_mut().zip(digest) {
            *octet = hashed;
        }
        Uuid::from_bytes(octets)
    }

    /// Asks a session's authenticator for a passkey, which is none of those that the account has; the options of
    /// `navigator.credentials.create`, as JSON (section 5.4).
    ///
    /// # Errors
    /// [`PasskeyError::NoName`], [`PasskeyError::Busy`].
    pub fn begin_making(
        &self,
        session: i64,
        (user, account): (UserId, &str),
        label: &str,
        kept: &[(i64, Vec<u8>)],
        now: Timestamp,
    ) -> Result<String, PasskeyError> {
        let others = readable(kept).into_iter().map(|(_, key)| key.cred_id().clone()).collect();
        let (options, state) = self
            .party()?
            .start_passkey_registration(self.handle(user), account, account, Some(others))
            .map_err(refused)?;
        self.making.put(session, Making { label: label.to_owned(), state }, now)?;
        text(&options)
    }

    /// Takes the answer to [`Passkeys::begin_making`] (section 7.1).
    ///
    /// # Errors
    /// All but [`PasskeyError::Busy`].
    pub fn finish_making(&self, session: i64, answer: &str, now: Timestamp) -> Result<Made, PasskeyError> {
        let Making { label, state } = self.making.take(session, now)?;
        let key = self.party()?.finish_passkey_registration(&read(answer)?, &state).map_err(refused)?;
        Ok(Made { label, kept: text(&key)?.into_bytes() })
    }

    /// Asks for the signature of one of these passkeys; the options of `navigator.credentials.get`, as JSON
    /// (section 5.5).
    ///
    /// # Errors
    /// [`PasskeyError::NoName`], [`PasskeyError::Busy`], [`PasskeyError::Stored`] where none can be read.
    pub fn begin_proving(
        &self,
        session: i64,
        kept: &[(i64, Vec<u8>)],
        now: Timestamp,
    ) -> Result<String, PasskeyError> {
        let keys = readable(kept);
        if let (true, Some((factor, _))) = (keys.is_empty(), kept.first()) {
            return Err(PasskeyError::Stored(*factor));
        }
        let all: Vec<Passkey> = keys.iter().map(|(_, key)| key.clone()).collect();
        let (options, state) = self.party()?.start_passkey_authentication(&all).map_err(refused)?;
        self.proving.put(session, Proving { keys, state }, now)?;
        text(&options)
    }

    /// Takes the answer to [`Passkeys::begin_proving`] (section 7.2). A counter that does not go up is refused: the
    /// key may have been copied. What answers another challenge, asked in another window, has tried nothing.
    ///
    /// # Errors
    /// All but [`PasskeyError::Busy`].
    pub fn finish_proving(&self, session: i64, answer: &str, now: Timestamp) -> Result<Signed, PasskeyError> {
        let Proving { keys, state } = self.proving.take(session, now)?;
        let result = match self.party()?.finish_passkey_authentication(&read(answer)?, &state) {
            Err(WebauthnError::MismatchedChallenge) => return Err(PasskeyError::NoChallenge),
            other => other.map_err(refused)?,
        };
        let found = keys.into_iter().find(|(_, key)| key.cred_id() == result.cred_id());
        let (factor, mut key) = found.ok_or_else(|| PasskeyError::Refused("it is another's".to_owned()))?;
        let changed = key.update_credential(&result) == Some(true);
        let kept = changed.then(|| text(&key).map(String::into_bytes)).transpose()?;
        Ok(Signed { factor, counter: result.counter(), kept })
    }
}

fn refused(error: impl fmt::Display) -> PasskeyError {
    PasskeyError::Refused(error.to_string())
}

/// The keys as they are kept; one that cannot be read does not shut out the others.
fn readable(kept: &[(i64, Vec<u8>)]) -> Vec<(i64, Passkey)> {
    kept.iter().filter_map(|(factor, octets)| Some((*factor, serde_json::from_slice(octets).ok()?))).collect()
}

/// An answer as browsers write it: the JSON of a `PublicKeyCredential`, its octets in base64url (section 5.1.8).
fn read<T: DeserializeOwned>(answer: &str) -> Result<T, PasskeyError> {
    if answer.len() > LONGEST_ANSWER {
        return Err(PasskeyError::Unreadable(format!("it is longer than {LONGEST_ANSWER} octets")));
    }
    serde_json::from_str(answer).map_err(|error| PasskeyError::Unreadable(error.to_string()))
}

fn text(value: &impl serde::Serialize) -> Result<String, PasskeyError> {
    serde_json::to_string(value).map_err(|error| PasskeyError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use netwarden_testkit::authenticator::Authenticator;
    use serde_json::Value;

    use super::*;

    const NAME: &str = "nw.example.org";
    const OWNER: (UserId, &str) = (UserId(7), "bob");

    type Bend = fn(&mut Authenticator);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn made(passkeys: &Passkeys, key: &mut Authenticator) -> Result<Made, PasskeyError> {
        let options = passkeys.begin_making(1, OWNER, "laptop", &[], at(0))?;
        passkeys.finish_making(1, &key.create(&json(&options)).to_string(), at(1))
    }

    // proves: IAM-10
    #[test]
    fn a_key_is_made_and_signs_once_for_each_challenge() {
        let (passkeys, mut key) = (Passkeys::new(NAME), Authenticator::new(NAME));
        let made = made(&passkeys, &mut key).unwrap();
        assert_eq!(made.label, "laptop");
        let kept = [(3, made.kept)];
        let options = passkeys.begin_proving(1, &kept, at(10)).unwrap();
        let answer = key.get(&json(&options)).to_string();
        assert_eq!(passkeys.finish_proving(2, &answer, at(11)), Err(PasskeyError::NoChallenge), "another's");
        let signed = passkeys.finish_proving(1, &answer, at(11)).unwrap();
        assert_eq!(signed.factor, 3);
        assert_eq!(passkeys.finish_proving(1, &answer, at(12)), Err(PasskeyError::NoChallenge), "a replay");

        // The answer to an earlier challenge is none to the present one, and uses it up.
        passkeys.begin_proving(1, &kept, at(20)).unwrap();
        assert_eq!(passkeys.finish_proving(1, &answer, at(21)), Err(PasskeyError::NoChallenge));
        assert_eq!(passkeys.finish_proving(1, &answer, at(22)), Err(PasskeyError::NoChallenge));

        // A counter that does not go up is a copy's.
        let kept = [(3, signed.kept.expect("the counter went up"))];
        let options = passkeys.begin_proving(1, &kept, at(30)).unwrap();
        key.counter = 2;
        let copied = key.get(&json(&options)).to_string();
        assert!(matches!(passkeys.finish_proving(1, &copied, at(31)), Err(PasskeyError::Refused(_))));
    }

    // proves: IAM-10
    #[test]
    fn what_is_not_the_owners_answer_here_is_refused() {
        let passkeys = Passkeys::new(NAME);
        let bends: [(&str, Bend); 4] = [
            ("another site", |key| key.origin = "https://nw.example.com".into()),
            ("a name below ours", |key| key.origin = "https://evil.nw.example.org".into()),
            ("a key of another name", |key| key.party = "nw.example.com".into()),
            ("nobody looked at its owner", |key| key.verifies = false),
        ];
        for (what, bend) in bends {
            let mut key = Authenticator::new(NAME);
            bend(&mut key);
            assert!(matches!(made(&passkeys, &mut key), Err(PasskeyError::Refused(_))), "{what}");

            let mut key = Authenticator::new(NAME);
            let kept = [(3, made(&passkeys, &mut key).unwrap().kept)];
            let options = passkeys.begin_proving(1, &kept, at(10)).unwrap();
            bend(&mut key);
            let answer = key.get(&json(&options)).to_string();
            let taken = passkeys.finish_proving(1, &answer, at(11));
            assert!(matches!(taken, Err(PasskeyError::Refused(_))), "{what}: {taken:?}");
        }
        // Another key than those of the account.
        let (mut ours, mut others) = (Authenticator::new(NAME), Authenticator::new(NAME));
        let kept = [(3, made(&passkeys, &mut ours).unwrap().kept)];
        let options = passkeys.begin_proving(1, &kept, at(10)).unwrap();
        let answer = others.get(&json(&options)).to_string();
        assert!(matches!(passkeys.finish_proving(1, &answer, at(11)), Err(PasskeyError::Refused(_))));
    }

    #[test]
    fn late_long_and_unreadable_answers_are_told_apart_from_none() {
        let (passkeys, mut key) = (Passkeys::new(NAME), Authenticator::new(NAME));
        let options = passkeys.begin_making(1, OWNER, "laptop", &[], at(0)).unwrap();
        let answer = key.create(&json(&options)).to_string();
        assert_eq!(passkeys.finish_making(1, &answer, at(300)), Err(PasskeyError::NoChallenge));
        for unreadable in [String::new(), "{}".into(), "[1]".into(), " ".repeat(LONGEST_ANSWER + 1)] {
            passkeys.begin_making(1, OWNER, "laptop", &[], at(0)).unwrap();
            let taken = passkeys.finish_making(1, &unreadable, at(1));
            assert!(matches!(taken, Err(PasskeyError::Unreadable(_))), "{taken:?}");
        }
        let stored = passkeys.begin_proving(1, &[(9, b"{}".to_vec())], at(0));
        assert_eq!(stored, Err(PasskeyError::Stored(9)));
    }

    #[test]
    fn an_address_has_no_passkeys_and_a_name_has_on_every_port() {
        for address in ["127.0.0.1", "[::1]", "", "a b"] {
            let passkeys = Passkeys::new(address);
            assert_eq!(passkeys.name(), None, "{address}");
            let asked = passkeys.begin_making(1, OWNER, "laptop", &[], at(0));
            assert!(matches!(asked, Err(PasskeyError::NoName(_))), "{address}");
        }
        assert_eq!(Passkeys::new("NW.example.org").name(), Some(NAME));
        let mut key = Authenticator::new("localhost");
        assert_eq!(key.origin, "https://localhost:8443");
        assert!(made(&Passkeys::new("localhost"), &mut key).is_ok());
    }

    // The account is asked for none of the keys that it has.
    #[test]
    fn a_key_that_is_there_is_excluded() {
        let (passkeys, mut key) = (Passkeys::new(NAME), Authenticator::new(NAME));
        let kept = [(3, made(&passkeys, &mut key).unwrap().kept)];
        let options = json(&passkeys.begin_making(1, OWNER, "again", &kept, at(5)).unwrap());
        assert_eq!(options["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 1);
        assert_eq!(options["publicKey"]["authenticatorSelection"]["userVerification"], "required");
    }
}
