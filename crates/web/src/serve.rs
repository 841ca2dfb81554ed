//! Serving: HTTPS for everybody, a Unix socket for this machine.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use netwarden_operate::Desk;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::intake::{Counting, Intake};
use crate::routes::{router, router_behind};

/// Requests under way are waited for so long when the server ends.
const GRACE: Duration = Duration::from_secs(10);
/// Until the head of a request must have come.
const HEAD: Duration = Duration::from_secs(15);

/// Why the interface is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address.
    #[error("{address} cannot be listened on")]
    Address {
        /// Which.
        address: SocketAddr,
        /// The operating system's words.
        #[source]
        source: io::Error,
    },
    /// The socket's file.
    #[error("the socket {path} cannot be used")]
    Socket {
        /// Which.
        path: PathBuf,
        /// The operating system's words.
        #[source]
        source: io::Error,
    },
    /// Somebody else answers on the socket.
    #[error("another server answers on the socket {0} already")]
    InUse(PathBuf),
    /// Certificate or key.
    #[error("the server's certificate or key cannot be used: {0}")]
    Certificate(String),
    /// While serving.
    #[error("serving failed")]
    Serving(#[source] io::Error),
}

/// TLS 1.2 and 1.3 with this chain and key, both PEM; HTTP/2 and HTTP/1.1.
pub fn tls_config(chain_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, ServeError> {
    let wrong = |error: &dyn std::fmt::Display| ServeError::Certificate(error.to_string());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain_pem).collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
    let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| wrong(&error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| wrong(&error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A listener at work; ready when it has ended.
pub type Serving = JoinHandle<Result<(), ServeError>>;

/// Serves HTTPS at `address` until `stopped` is true; requests under way are ended properly. It listens
/// when this returns.
pub async fn serve_tls(
    desk: Desk,
    address: SocketAddr,
    chain_pem: impl AsRef<[u8]>,
    key_pem: impl AsRef<[u8]>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Serving, ServeError> {
    let tls = tls_config(chain_pem.as_ref(), key_pem.as_ref())?;
    let failed = |source| ServeError::Address { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let handle = Handle::new();
    let ending = handle.clone();
    let waiting = tokio::spawn(async move {
        ended(&mut stopped).await;
        ending.graceful_shutdown(Some(GRACE));
    });
    let intake = Intake::new(desk.clone());
    // The end of an answer does not wait for the other side's delayed acknowledgement (RFC 9293 section 3.7.4).
    let mut server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(tls))
        .map_err(ServeError::Serving)?
        .map(|acceptor| acceptor.acceptor(Counting { intake: intake.clone() }))
        // Whoever has finished the handshake and says nothing holds a place as well.
        .first_request_timeout(HEAD)
        .handle(handle);
    server.http_builder().http1().header_read_timeout(HEAD);
    server.http_builder().http2().keep_alive_interval(Some(HEAD));
    let app = router_behind(desk, intake).into_make_service_with_connect_info::<SocketAddr>();
    Ok(tokio::spawn(async move {
        let served = server.serve(app).await;
        waiting.abort();
        served.map_err(ServeError::Serving)
    }))
}

/// Ready when the server is to end: it was said, or nobody is left to say it.
async fn ended(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Who is at the other end of the local socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalPeer {
    /// The peer's uid, as the kernel tells it; None where it does not.
    pub uid: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for LocalPeer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { uid: stream.io().peer_cred().ok().map(|peer| peer.uid()) }
    }
}

/// Serves plain HTTP on a Unix socket at `path` until `stopped` is true; the kernel says who the peer
/// is. The socket is for its owner and group (mode 0660) and is removed at the end.
pub async fn serve_socket(
    desk: Desk,
    path: &Path,
    stopped: watch::Receiver<bool>,
) -> Result<Serving, ServeError> {
    let failed = |source| ServeError::Socket { path: path.to_owned(), source };
    if path.exists() {
        // What a crash has left answers nobody.
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(ServeError::InUse(path.to_owned()));
        }
        std::fs::remove_file(path).map_err(failed)?;
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
    let app = router(desk).into_make_service_with_connect_info::<LocalPeer>();
    let (mut signalled, mut over, path) = (stopped.clone(), stopped, path.to_owned());
    Ok(tokio::spawn(async move {
        let signal = async move { ended(&mut signalled).await };
        // Live streams never end by themselves.
        let grace = async move {
            ended(&mut over).await;
            tokio::time::sleep(GRACE).await;
        };
        let served = tokio::select! {
            served = axum::serve(listener, app).with_graceful_shutdown(signal) => served,
            () = grace => Ok(()),
        };
        let removed = std::fs::remove_file(&path);
        served.map_err(ServeError::Serving)?;
        removed.map_err(|source| ServeError::Socket { path, source })
    }))
}
