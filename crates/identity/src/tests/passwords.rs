//! Passwords and secrets.

use std::num::NonZeroU32;

use proptest::prelude::*;

use super::golden;
use crate::password::hash::DEFAULT_ITERATIONS;
use crate::password::{MAX_OCTETS, MIN_ITERATIONS, Params, PasswordError, PasswordHash, one_time};
use crate::secret::{SecretKind, digest, make};

fn quick() -> Params {
    Params::new(MIN_ITERATIONS).unwrap()
}

#[test]
fn hashes_are_pbkdf2_with_sha256_as_another_library_computes_it() {
    let salt = *b"sixteen octets!!";
    let hash = PasswordHash::make("correct horse – Grüße", salt, quick()).unwrap();
    let mut expected = [0; 32];
    aws_lc_rs::pbkdf2::derive(
        aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256,
        NonZeroU32::new(MIN_ITERATIONS).unwrap(),
        &salt,
        "correct horse – Grüße".as_bytes(),
        &mut expected,
    );
    use base64::Engine as _;
    let encoded = hash.encode();
    assert!(
        encoded.ends_with(&base64::engine::general_purpose::STANDARD_NO_PAD.encode(expected)),
        "{encoded}"
    );
    golden("password.txt", &(encoded + "\n"));
    assert_eq!(DEFAULT_ITERATIONS, 600_000, "OWASP's advice");
    assert_eq!(Params::default().iterations(), Some(DEFAULT_ITERATIONS));
    assert_eq!(Params::new(9_999), Err(PasswordError::Iterations(9_999)));
    assert!(Params::new(10_000_001).is_err());
}

// proves: IAM-16
#[test]
fn hashes_are_argon2id_as_rfc_9106_has_it() {
    // The committed hash is the one that the reference implementation in C gives for these values.
    let params = Params::argon2id(7_168, 1, 1).unwrap();
    let hash = PasswordHash::make("correct horse", *b"sixteen octets!!", params).unwrap();
    let encoded = hash.encode();
    golden("argon2id.txt", &format!("{encoded}\n"));
    assert!(encoded.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"), "{encoded}");
    let read = PasswordHash::decode(&encoded).unwrap();
    assert!(read.verify("correct horse") && !read.verify("correct horsf"));
    assert!(read.needs_rehash(Params::usual_argon2id()) && !read.needs_rehash(params));
    assert!(!PasswordHash::dummy(params).verify(""));
}

// proves: IAM-16
#[test]
fn ways_to_hash_are_read_as_they_are_written_within_bounds() {
    for (text, shown) in [
        ("pbkdf2-sha256", "pbkdf2-sha256,i=600000"),
        ("pbkdf2-sha256,i=10000", "pbkdf2-sha256,i=10000"),
        ("argon2id", "argon2id,m=19456,t=2,p=1"),
        ("argon2id,m=47104,t=1,p=1", "argon2id,m=47104,t=1,p=1"),
    ] {
        assert_eq!(text.parse::<Params>().unwrap().to_string(), shown);
    }
    for text in [
        "",
        "md5",
        "pbkdf2-sha256,i=9999",
        "pbkdf2-sha256,i=+20000",
        "argon2id,m=7167,t=1,p=1",
        "argon2id,m=262145,t=1,p=1",
        "argon2id,m=19456,t=17,p=1",
        "argon2id,m=19456,t=2,p=5",
        "argon2id,m=19456,t=2",
        "argon2id,m=19456,t=2,p=1,k=1",
        "argon2id,i=600000",
    ] {
        assert!(text.parse::<Params>().is_err(), "{text}");
    }
}

#[test]
fn only_the_password_verifies() {
    let hash = PasswordHash::make("correct horse", [7; 16], quick()).unwrap();
    let read = PasswordHash::decode(&hash.encode()).unwrap();
    assert_eq!(read, hash);
    assert!(read.verify("correct horse"));
    for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
        assert!(!read.verify(wrong), "{wrong}");
    }
    let long = "x".repeat(MAX_OCTETS);
    let hash = PasswordHash::make(&long, [7; 16], quick()).unwrap();
    assert!(hash.verify(&long));
    assert!(!hash.verify(&(long.clone() + "y")), "the end of a password counts");
    assert!(!format!("{hash:?}").contains("hash:"), "{hash:?}");
    assert!(!PasswordHash::dummy(quick()).verify(""));
    assert!(hash.needs_rehash(Params::default()) && !hash.needs_rehash(quick()));
}

#[test]
fn planted_hashes_are_refused() {
    let good = PasswordHash::make("correct horse", [7; 16], quick()).unwrap().encode();
    for bad in [
        "",
        "correct horse",
        "$2b$12$abc",
        &good.replace("v=1", "v=2"),
        &good.replace("i=10000", "i=9999"),
        &good.replace("i=10000", "i=4294967295"),
        &good.replace("i=10000", "i=99999999999"),
        &good.replace("i=10000", "i=-1"),
        &good[..good.len() - 2],
        &format!("{good}$x"),
    ] {
        assert!(PasswordHash::decode(bad).is_err(), "{bad}");
    }
}

#[test]
fn one_time_passwords_can_be_read_aloud() {
    let random: [u8; 20] = std::array::from_fn(|n| (n * 13) as u8);
    let password = one_time(&random);
    golden("one-time.txt", &format!("{}\n", *password));
    assert!(!password.contains(['0', 'o', '1', 'l']));
    let every: std::collections::BTreeSet<char> =
        (0..=255u8).flat_map(|n| one_time(&[n; 20]).chars().collect::<Vec<_>>()).collect();
    assert_eq!(every.len(), 33, "32 characters and the dash");
}

#[test]
fn secrets_are_told_apart_and_kept_as_digests() {
    let token = make(SecretKind::Token, &[1; 32]);
    let session = make(SecretKind::Session, &[1; 32]);
    assert!(token.starts_with("nwt_") && session.starts_with("nws_"));
    assert!(digest(SecretKind::Token, &token).is_some());
    assert_ne!(digest(SecretKind::Token, &token), digest(SecretKind::Session, &session));
    for wrong in ["", "nwt_", "nwt_!!!", &token[..20], &session, &format!("{}A", *token)] {
        assert_eq!(digest(SecretKind::Token, wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn hostile_texts_do_no_harm(text in ".{0,120}") {
        let _ = PasswordHash::decode(&text);
        prop_assert_eq!(digest(SecretKind::Token, &text), None);
        let planted = format!("$pbkdf2-sha256$v=1$i=10000${text}");
        prop_assert!(PasswordHash::decode(&planted).is_err());
    }
}
