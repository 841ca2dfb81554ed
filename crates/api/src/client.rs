//! The client: over the local socket, or over HTTPS with a token and a pinned certificate.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
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
            .build()
            .map_err(|error| unreachable(&server, &error))?;
        Ok(Self { http, base: "http://localhost".to_owned(), server, token: None })
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

    /// GET below `/api/v1`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ClientError> {
        self.call(Method::GET, path, query, None::<&()>).await
    }

    /// POST below `/api/v1`; an Idempotency-Key makes a repeated act harmless.
    pub async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    /// PUT below `/api/v1`.
    pub async fn put<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        self.call(Method::PUT, path, &[], Some(body)).await
    }

    /// PATCH below `/api/v1`.
    pub async fn patch<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        self.call(Method::PATCH, path, &[], Some(body)).await
    }

    /// DELETE below `/api/v1`.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::DELETE, path, &[], None::<&()>).await
    }

    async fn call<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&B>,
    ) -> Result<T, ClientError> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base)).query(query);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| unreachable(&self.server, &error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| unreachable(&self.server, &error))?;
        if !status.is_success() {
            return Err(serde_json::from_slice::<Problem>(&bytes).map_or_else(
                |_| self.not_understood(format!("status {status} without a problem document")),
                ClientError::Problem,
            ));
        }
        let body: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(body).map_err(|error| self.not_understood(error.to_string()))
    }

    fn not_understood(&self, reason: String) -> ClientError {
        ClientError::Answer { server: self.server.clone(), reason }
    }
}

/// The innermost reason, since reqwest's own words are only "error sending request".
fn unreachable(server: &str, error: &reqwest::Error) -> ClientError {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    ClientError::Unreachable { server: server.to_owned(), reason: reason.to_string() }
}
