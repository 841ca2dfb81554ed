//! Whose certificates are believed: the operating system's authorities, or those that the source names
//! and none besides.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::FetchError;

/// A client's side of TLS.
pub(crate) fn client(ca: Option<&str>) -> Result<ClientConfig, FetchError> {
    let wrong = |error: &dyn std::error::Error| FetchError::Authorities(super::chain(error));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?;
    let Some(pem) = ca else {
        let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(|error| wrong(&error))?;
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| FetchError::Authorities(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(FetchError::Authorities("there is none in it".to_owned()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::client;

    #[test]
    fn what_is_no_authority_is_refused() {
        assert!(client(Some("")).is_err());
        assert!(client(Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).is_err());
        assert!(client(None).is_ok());
    }
}
