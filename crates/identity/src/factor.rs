//! One-time passwords by time (RFC 6238) as a second factor: six digits of HMAC-SHA-1 (RFC 4226), a new one every
//! 30 seconds, which is what authenticator apps take without asking. Pure: time and secret are arguments.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Seconds for which a code holds (RFC 6238 section 4.1).
pub const STEP_S: i64 = 30;
/// Steps before and after the present one that are taken, for clocks that differ (RFC 6238 section 5.2).
const SKEW: i64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// Octets of a secret: as long as the hash (RFC 4226 section 4, R6).
pub const SECRET_OCTETS: usize = 20;
/// The alphabet of RFC 4648 section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What server and app share.
pub struct TotpSecret(Zeroizing<[u8; SECRET_OCTETS]>);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

impl TotpSecret {
    /// From fresh randomness.
    pub fn new(random: [u8; SECRET_OCTETS]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// As it was stored; None for anything else.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self::new)
    }

    /// As it is stored.
    pub fn octets(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// As apps take it by hand: base32 without padding.
    pub fn base32(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SECRET_OCTETS * 8 / 5));
        for five in self.0.chunks(5) {
            let bits = five.iter().fold(0u64, |bits, octet| bits << 8 | u64::from(*octet));
            for place in (0..8).rev() {
                let letter = usize::try_from(bits >> (place * 5) & 31).unwrap_or(0);
                text.push(char::from(BASE32.get(letter).copied().unwrap_or(b'A')));
            }
        }
        text
    }

    /// As apps take it from a QR code: the `otpauth` URI that they have in common.
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (escaped(issuer), escaped(account));
        let secret = self.base32();
        Zeroizing::new(format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", *secret))
    }

    /// The code of a step.
    pub fn code(&self, step: i64) -> Zeroizing<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.octets());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        // Dynamic truncation (RFC 4226 section 5.3).
        let at = tag.last().map_or(0, |last| usize::from(last & 0x0f));
        let four = tag.get(at..at + 4).unwrap_or_default();
        let number = four.iter().fold(0u32, |number, octet| number << 8 | u32::from(*octet)) & 0x7fff_ffff;
        Zeroizing::new(format!("{:0DIGITS$}", number % 1_000_000))
    }

    /// The step whose code this is, around now; None where it is none's. Blanks within are left out, as apps
    /// show them.
    pub fn step_of(&self, presented: &str, now: Timestamp) -> Option<i64> {
        let presented = Zeroizing::new(presented.chars().filter(|c| !c.is_whitespace()).collect::<String>());
        let present = now.as_second().div_euclid(STEP_S);
        let mut found = None;
        // Each is compared, so that the time does not tell which one it was.
        for step in present - SKEW..=present + SKEW {
            let is_it: bool = self.code(step).as_bytes().ct_eq(presented.as_bytes()).into();
            found = if is_it { Some(step) } else { found };
        }
        found
    }
}

/// What a URI takes as it is (RFC 3986 section 2.3); the rest in percent.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(octet));
        } else {
            let _ = write!(escaped, "%{octet:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_THE_RFC: &[u8; 20] = b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    // proves: IAM-10
    #[test]
    fn codes_are_those_of_the_rfcs() {
        let secret = TotpSecret::new(*OF_THE_RFC);
        // RFC 4226 appendix D.
        for (step, code) in [(0, "755224"), (1, "287082"), (2, "359152"), (9, "520489")] {
            assert_eq!(*secret.code(step), code);
        }
        // RFC 6238 appendix B, the last six of its eight digits.
        for (second, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(*secret.code(second / STEP_S), code);
            assert_eq!(secret.step_of(code, at(second)), Some(second / STEP_S));
        }
        assert_eq!(*secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn clocks_may_differ_by_one_step_and_no_more() {
        let secret = TotpSecret::new([7; 20]);
        let code = secret.code(100);
        for (step, taken) in [(98, false), (99, true), (100, true), (101, true), (102, false)] {
            assert_eq!(secret.step_of(&code, at(step * STEP_S + 29)).is_some(), taken, "{step}");
        }
        assert_eq!(secret.step_of(&format!(" {} {} ", &code[..3], &code[3..]), at(3_000)), Some(100));
        for wrong in ["", "12345", "1234567", "abcdef", "٣٣٣٣٣٣"] {
            assert_eq!(secret.step_of(wrong, at(3_000)), None, "{wrong}");
        }
    }

    #[test]
    fn apps_are_told_issuer_and_account() {
        let uri = TotpSecret::new(*OF_THE_RFC).uri("Netwarden", "b.keller@x/ä");
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(
            *uri,
            format!("otpauth://totp/Netwarden:b.keller%40x%2F%C3%A4?secret={secret}&issuer=Netwarden")
        );
        assert!(TotpSecret::from_octets(&[1; 19]).is_none());
    }
}
