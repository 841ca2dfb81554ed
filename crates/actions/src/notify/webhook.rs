//! Webhooks: one POST of JSON, signed. The receiver recomputes HMAC-SHA256 over the time stamp, a
//! dot and the body, compares, and refuses time stamps that are too old.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use netwarden_model::RequestId;
use reqwest::redirect::Policy;
use sha2::Sha256;

use super::{Delivery, Secret, Trust, chain};

/// Seconds since 1970 at which the request was signed.
pub const TIMESTAMP_HEADER: &str = "X-Netwarden-Timestamp";
/// `v1=` and the signature in hexadecimal.
pub const SIGNATURE_HEADER: &str = "X-Netwarden-Signature";
/// The request's id, by which the receiver can drop repeats.
pub const REQUEST_HEADER: &str = "X-Netwarden-Request";

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where to. `https`, unless `danger_allow_plain`.
    pub url: String,
    /// Key of the signature.
    pub secret: Secret,
    /// Who must have signed the server's certificate.
    pub trust: Trust,
    /// For the whole exchange.
    pub timeout: Duration,
    /// `http` is allowed: only by an explicit, audited exception.
    pub danger_allow_plain: bool,
}

/// The value of [`SIGNATURE_HEADER`]; None where the key is empty: an unsigned webhook is none.
pub fn signature(secret: &Secret, timestamp: i64, body: &[u8]) -> Option<String> {
    if secret.octets().is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.octets()).ok()?;
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    Some(format!("v1={hex}"))
}

/// Posts `body` once. Redirects are not followed: what was signed for one place goes to no other.
pub async fn post(hook: &Webhook, request: RequestId, now: Timestamp, body: &serde_json::Value) -> Delivery {
    let url = match reqwest::Url::parse(&hook.url) {
        Ok(url) => url,
        Err(error) => return Delivery::Failed(format!("the webhook's address cannot be read: {error}")),
    };
    match (url.scheme(), hook.danger_allow_plain) {
        ("https", _) | ("http", true) => {}
        ("http", false) => {
            return Delivery::Failed("the webhook is not https, and no exception allows that".to_owned());
        }
        (other, _) => return Delivery::Failed(format!("a webhook goes by https, not by {other}")),
    }
    // Without its path and query, which may hold tokens.
    let place = format!("webhook at {}", url.host_str().unwrap_or("nowhere"));
    let client = match client(hook) {
        Ok(client) => client,
        Err(why) => return Delivery::Failed(format!("{place}: {why}")),
    };
    let body = body.to_string();
    let timestamp = now.as_second();
    let Some(signature) = signature(&hook.secret, timestamp, body.as_bytes()) else {
        return Delivery::Failed(format!("{place} has no key to sign with"));
    };
    let sent = client
        .post(url)
        .header("Content-Type", "application/json")
        .header(TIMESTAMP_HEADER, timestamp.to_string())
        .header(SIGNATURE_HEADER, signature)
        .header(REQUEST_HEADER, request.to_string())
        .body(body)
        .send()
        .await;
    match sent {
        Ok(answer) if answer.status().is_success() => {
            Delivery::Done(format!("{place} answered {}", answer.status().as_u16()))
        }
        Ok(answer) if answer.status().is_redirection() => {
            let status = answer.status().as_u16();
            Delivery::Failed(format!("{place} answered {status}; redirects are not followed"))
        }
        Ok(answer) => Delivery::Failed(format!("{place} answered {}", answer.status().as_u16())),
        Err(error) if error.is_connect() => {
            Delivery::NotSent(format!("{place}: {}", chain(&error.without_url())))
        }
        Err(error) => Delivery::Failed(format!("{place}: {}", chain(&error.without_url()))),
    }
}

fn client(hook: &Webhook) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .timeout(hook.timeout)
        .no_proxy()
        .user_agent(concat!("netwarden/", env!("CARGO_PKG_VERSION")));
    if let Trust::Pinned(pem) = &hook.trust {
        let pinned = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
            .map_err(|error| format!("the pinned certificate cannot be read: {}", chain(&error)))?;
        if pinned.is_empty() {
            return Err("there is no certificate in what is pinned".to_owned());
        }
        builder = builder.tls_certs_only(pinned);
    }
    builder.build().map_err(|error| chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_covers_time_and_body() {
        let key = Secret::new("key");
        // echo -n '1700000000.{}' | openssl dgst -sha256 -hmac key
        let signed = signature(&key, 1_700_000_000, b"{}").unwrap();
        assert_eq!(signed.len(), 3 + 64);
        assert_ne!(signature(&key, 1_700_000_001, b"{}").unwrap(), signed);
        assert_ne!(signature(&key, 1_700_000_000, b"{ }").unwrap(), signed);
        assert_ne!(signature(&Secret::new("other"), 1_700_000_000, b"{}").unwrap(), signed);
        assert_eq!(signature(&Secret::new(""), 1_700_000_000, b"{}"), None);
        assert_eq!(format!("{key:?}"), "Secret(..)");
    }
}
