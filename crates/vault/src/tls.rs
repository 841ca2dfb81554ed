//! The server's certificate: self-signed at the first start, replaceable by files.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::files::{make_folder_of, read_any, read_private, write_whole};

/// Clients pin the certificate by its fingerprint, so that a short life would only break them.
const YEARS: i16 = 10;

/// The certificate that the server shows, and its key.
#[derive(Clone)]
pub struct ServerCertificate {
    /// The chain, PEM, the server's own first.
    pub chain_pem: String,
    /// The private key, PEM (PKCS #8); wiped from memory when dropped.
    pub key_pem: Zeroizing<String>,
    /// SHA-256 of the server's own certificate (DER), upper-case hexadecimal with colons.
    pub fingerprint: String,
    /// Where the chain lies.
    pub chain_file: PathBuf,
    /// Where the key lies, mode 0600.
    pub key_file: PathBuf,
}

impl std::fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerCertificate")
            .field("chain_file", &self.chain_file)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// The certificate in `folder` (`server.crt`, `server.key`); where there is none, a self-signed one
/// (ECDSA P-256) for `localhost`, the loopback addresses and `host_name` is made and kept there. Files
/// that an administrator put there are used as they are. Blocks for file access.
///
/// # Errors
/// Where the key may be read by others, does not belong to the certificate, or either is unreadable.
pub fn server_certificate(
    folder: &Path,
    host_name: Option<&str>,
    now: Timestamp,
) -> Result<ServerCertificate, VaultError> {
    let chain_file = folder.join("server.crt");
    let key_file = folder.join("server.key");
    let chain = read_any(&chain_file)?;
    let key = match (read_private(&key_file)?, &chain) {
        (Some(key), _) => pem_text(&key_file, key)?,
        (None, Some(_)) => {
            let reason = "the key of server.crt is missing".to_owned();
            return Err(VaultError::Certificate { path: key_file, reason });
        }
        (None, None) => {
            let made = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256);
            let made = made.map_err(|_| VaultError::Crypto("making the server's key"))?;
            let pem = Zeroizing::new(made.serialize_pem());
            make_folder_of(&key_file)?;
            write_whole(&key_file, 0o600, pem.as_bytes())?;
            pem
        }
    };
    let pair = KeyPair::from_pem(&key).map_err(|error| unreadable(&key_file, error))?;
    let chain = match chain {
        Some(chain) => pem_text(&chain_file, chain)?.to_string(),
        // The key alone: a crash came between the two files.
        None => {
            let made = self_signed(&pair, host_name, now).map_err(|error| unreadable(&chain_file, error))?;
            write_whole(&chain_file, 0o644, made.as_bytes())?;
            made
        }
    };
    let own =
        CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|error| unreadable(&chain_file, error))?;
    if !contains(&own, pair.public_key_raw()) {
        let reason = "server.key is not the key of this certificate".to_owned();
        return Err(VaultError::Certificate { path: chain_file, reason });
    }
    let fingerprint = fingerprint(&own);
    Ok(ServerCertificate { chain_pem: chain, key_pem: key, fingerprint, chain_file, key_file })
}

fn self_signed(pair: &KeyPair, host_name: Option<&str>, now: Timestamp) -> Result<String, rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if let Some(name) = host_name.filter(|name| !names.iter().any(|known| known == name)) {
        names.push(name.to_owned());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, host_name.unwrap_or("localhost"));
    params.distinguished_name.push(DnType::OrganizationName, "Netwarden");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // The first of the month exists in every year, and lies far enough back for clocks that go slow.
    let today = TimeZone::UTC.to_datetime(now);
    let month = today.month().unsigned_abs();
    params.not_before = date_time_ymd(i32::from(today.year()), month, 1);
    params.not_after = date_time_ymd(i32::from(today.year().saturating_add(YEARS)), month, 1);
    Ok(params.self_signed(pair)?.pem())
}

fn fingerprint(der: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, der);
    digest.as_ref().iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":")
}

/// The certificate carries its public key's octets as they are (RFC 5280 section 4.1.2.7).
fn contains(der: &[u8], public_key: &[u8]) -> bool {
    !public_key.is_empty() && der.windows(public_key.len()).any(|window| window == public_key)
}

fn pem_text(path: &Path, content: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, VaultError> {
    match std::str::from_utf8(&content) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> VaultError {
    VaultError::Certificate { path: path.to_owned(), reason: format!("it cannot be used: {error}") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn now() -> Timestamp {
        "2028-02-29T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_first_start_makes_a_certificate_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let made = server_certificate(&folder, Some("nac.example.net"), now()).unwrap();
        assert_eq!(made.fingerprint.len(), 32 * 3 - 1);
        let mode = std::fs::metadata(&made.key_file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = server_certificate(&folder, Some("other.example.net"), now()).unwrap();
        assert_eq!((&again.fingerprint, &again.chain_pem), (&made.fingerprint, &made.chain_pem));
        let der = CertificateDer::from_pem_slice(made.chain_pem.as_bytes()).unwrap();
        for name in [b"localhost".as_slice(), b"nac.example.net", &[127, 0, 0, 1]] {
            assert!(contains(&der, name), "{name:?} is missing");
        }
        assert!(!format!("{made:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_crash_between_key_and_certificate_is_healed() {
        let folder = tempfile::tempdir().unwrap();
        let made = server_certificate(folder.path(), None, now()).unwrap();
        std::fs::remove_file(&made.chain_file).unwrap();
        let healed = server_certificate(folder.path(), None, now()).unwrap();
        assert_eq!(*healed.key_pem, *made.key_pem);
    }

    #[test]
    fn replaced_files_are_used_if_they_fit() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = server_certificate(one.path(), None, now()).unwrap();
        let other = server_certificate(two.path(), Some("b.example"), now()).unwrap();
        std::fs::copy(&other.chain_file, &first.chain_file).unwrap();
        let refused = server_certificate(one.path(), None, now()).unwrap_err();
        assert!(refused.to_string().contains("not the key"), "{refused}");
        std::fs::copy(&other.key_file, &first.key_file).unwrap();
        assert_eq!(server_certificate(one.path(), None, now()).unwrap().fingerprint, other.fingerprint);
        std::fs::write(&first.chain_file, "no certificate").unwrap();
        assert!(matches!(server_certificate(one.path(), None, now()), Err(VaultError::Certificate { .. })));
        std::fs::remove_file(&other.key_file).unwrap();
        assert!(matches!(server_certificate(two.path(), None, now()), Err(VaultError::Certificate { .. })));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let made = server_certificate(folder.path(), None, now()).unwrap();
        std::fs::set_permissions(&made.key_file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = server_certificate(folder.path(), None, now());
        assert!(matches!(refused, Err(VaultError::Exposed { mode: 0o640, .. })), "{refused:?}");
    }

    #[test]
    fn an_impossible_host_name_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        assert!(server_certificate(folder.path(), Some("nicht\u{fc}blich"), now()).is_err());
    }
}
