//! Passwords: how they are hashed, what is asked of new ones, and what is remembered of earlier ones.
//!
//! Pure throughout: time and randomness are arguments. [`policy`] holds what an administrator has set,
//! [`rule`] the table of rules, [`profile`] the named sets of them and where settings depart from one,
//! [`judge`] says which rules a new password breaks, [`history`] the same of what needs the hashes of
//! earlier passwords, [`words`] the words that no password may hold, [`hash`] how passwords are kept, and
//! [`stand_ins`] what is worked on in place of the password of a user who does not exist.

pub mod hash;
pub mod history;
pub mod judge;
pub mod policy;
pub mod profile;
pub mod rule;
pub mod stand_ins;
pub mod words;

pub use hash::{MAX_ITERATIONS, MAX_OCTETS, MIN_ITERATIONS, Params, PasswordError, PasswordHash};
pub use judge::{Breach, Candidate, Person, breaches};
pub use policy::{PasswordPolicy, PolicyEdit, PolicyError, Renewal, Setting};
pub use profile::{Conflict, Demand, Profile, conflicts};
pub use rule::{Number, Rule, Unit};
pub use stand_ins::StandIns;
pub use words::Dictionary;

use zeroize::Zeroizing;

/// Letters and digits that are not taken for one another when read aloud or from a screen.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A one-time password from fresh randomness: four groups of five characters, 100 bits. No rule is asked
/// of it: nobody chose it, and nothing is done with it but choosing another.
pub fn one_time(random: &[u8; 20]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(23));
    for (at, octet) in random.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32, so the remainder favours no character.
        if let Some(character) = READABLE.get(usize::from(octet % 32)) {
            text.push(char::from(*character));
        }
    }
    text
}
