//! The client: over the local socket, or over HTTPS with a token and a pinned certificate.

use std::path::Path;
use std::time::Duration;

pub use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pin::{Fingerprint, PinnedServer};
use crate::problem::Problem;

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server refused or failed, and says why.
    #[error("{}", .0.detail)]
    Problem(Problem),
    /// No server there, or the connection broke.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Socket or address.
        server: String,
        /// Why.
        reason: String,
    },
    /// The answer is not what this version of the client knows.
    #[error("{server} answered something that this version does not understand: {reason}")]
    Answer {
        /// Socket or address.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A connection to one server's REST interface.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    server: String,
    token: Option<String>,
}

impl Client {
    /// Through the local socket: the server knows the caller by the socket's peer credentials.
    pub fn local(socket: &Path) -> Result<Self, ClientError> {
        let server = socket.display().to_string();
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            .no_proxy()
            .build()
            .map_err(|error| unreachable(&server, &error))?;
        Ok(Self { http, base: "http://localhost".to_owned(), server, token: None })
    }

    /// As of another plane than the network's: all that is asked is below its name.
    pub fn below(self, plane: &str) -> Self {
        Self { base: format!("{}/{plane}", self.base), ..self }
    }

    /// Over HTTPS: `server` is `https://HOST:PORT`; only the certificate with `fingerprint` is trusted.
    pub fn remote(server: &str, token: String, fingerprint: Fingerprint) -> Result<Self, ClientError> {
        let tls = PinnedServer::tls(fingerprint).map_err(|error| ClientError::Unreachable {
            server: server.to_owned(),
            reason: error.to_string(),
        })?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| unreachable(server, &error))?;
        let base = server.trim_end_matches('/').to_owned();
        Ok(Self { http, base: base.clone(), server: base, token: Some(token) })
    }

    /// Over HTTPS as [`Client::remote`], for the login that brings the token.
    pub fn anonymous(server: &str, fingerprint: Fingerprint) -> Result<Self, ClientError> {
        let client = Self::remote(server, String::new(), fingerprint)?;
        Ok(Self { token: None, ..client })
    }

    /// GET below `/api/v1`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        self.request(Method::GET, path).query(query).send().await
    }

    /// POST below `/api/v1`; an Idempotency-Key makes a repeated act harmless.
    pub async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        self.request(Method::POST, path).json(body).send().await
    }

    /// PUT below `/api/v1`.
    pub async fn put<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        self.request(Method::PUT, path).json(body).send().await
    }

    /// PATCH below `/api/v1`.
    pub async fn patch<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        self.request(Method::PATCH, path).json(body).send().await
    }

    /// DELETE below `/api/v1`.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.request(Method::DELETE, path).send().await
    }

    /// A call to be completed and sent. A POST carries a fresh Idempotency-Key from the start.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let posts = method == Method::POST;
        let mut inner = self.http.request(method, format!("{}/api/v1{path}", self.base));
        if let Some(token) = &self.token {
            inner = inner.bearer_auth(token);
        }
        if posts {
            inner = inner.header("Idempotency-Key", uuid::Uuid::now_v7().to_string());
        }
        Request { inner, server: self.server.clone() }
    }
}

/// A call that is being put together.
#[derive(Debug)]
pub struct Request {
    inner: reqwest::RequestBuilder,
    server: String,
}

impl Request {
    /// Adds to the query.
    pub fn query(mut self, query: &[(&str, String)]) -> Self {
        if !query.is_empty() {
            self.inner = self.inner.query(query);
        }
        self
    }

    /// Sets the body.
    pub fn json<B: Serialize>(mut self, body: &B) -> Self {
        self.inner = self.inner.json(body);
        self
    }

    /// Sets the body as it is, with its media type.
    pub fn text(mut self, media_type: &'static str, body: String) -> Self {
        self.inner = self.inner.header("Content-Type", media_type).body(body);
        self
    }

    /// Only where the thing still is what this ETag says (RFC 9110 section 13.1.1).
    pub fn if_match(mut self, etag: &str) -> Self {
        self.inner = self.inner.header("If-Match", etag);
        self
    }

    /// Sends it and reads the answer.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        self.send_tagged().await.map(|(answer, _)| answer)
    }

    /// Sends it and reads the answer with its ETag.
    pub async fn send_tagged<T: DeserializeOwned>(self) -> Result<(T, Option<String>), ClientError> {
        let (server, response) = self.open().await?;
        let tag = response.headers().get("ETag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await.map_err(|error| unreachable(&server, &error))?;
        let body: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        let answer =
            serde_json::from_slice(body).map_err(|error| not_understood(&server, error.to_string()))?;
        Ok((answer, tag))
    }

    /// Sends it and reads the answer as it comes.
    pub async fn stream(self) -> Result<Stream, ClientError> {
        let (server, response) = self.open().await?;
        Ok(Stream { response, server })
    }

    async fn open(self) -> Result<(String, reqwest::Response), ClientError> {
        let server = self.server;
        let response = self.inner.send().await.map_err(|error| unreachable(&server, &error))?;
        let status = response.status();
        if status.is_success() {
            return Ok((server, response));
        }
        let bytes = response.bytes().await.map_err(|error| unreachable(&server, &error))?;
        Err(serde_json::from_slice::<Problem>(&bytes).map_or_else(
            |_| not_understood(&server, format!("status {status} without a problem document")),
            ClientError::Problem,
        ))
    }
}

/// An answer that is read as it comes.
#[derive(Debug)]
pub struct Stream {
    response: reqwest::Response,
    server: String,
}

impl Stream {
    /// The next piece, of any size; None at the end.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        let chunk = self.response.chunk().await.map_err(|error| unreachable(&self.server, &error))?;
        Ok(chunk.map(|chunk| chunk.to_vec()))
    }
}

/// One part of a path, percent-encoded: names of ports hold slashes (RFC 3986 section 2.1).
pub fn segment(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => encoded.push(char::from(octet)),
            // A dot alone, or two, would be taken for a step in the path, encoded or not.
            b'.' if text != "." && text != ".." => encoded.push('.'),
            _ => {
                let _ = write!(encoded, "%{octet:02X}");
            }
        }
    }
    encoded
}

fn not_understood(server: &str, reason: String) -> ClientError {
    ClientError::Answer { server: server.to_owned(), reason }
}

/// The innermost reason, since reqwest's own words are only "error sending request".
fn unreachable(server: &str, error: &reqwest::Error) -> ClientError {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    ClientError::Unreachable { server: server.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pass_as_one_part_of_a_path() {
        let cases = [
            ("GigabitEthernet1/0/7", "GigabitEthernet1%2F0%2F7"),
            ("Port 3", "Port%203"),
            ("00:1b:21:3a:4f:5e", "00%3A1b%3A21%3A3a%3A4f%3A5e"),
            ("Grün?#%", "Gr%C3%BCn%3F%23%25"),
            ("ge-0.1", "ge-0.1"),
            ("..", "%2E%2E"),
        ];
        for (name, expected) in cases {
            assert_eq!(segment(name), expected);
        }
    }
}
