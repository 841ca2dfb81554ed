//! DNS over sockets: look-ups by UDP, over TCP where the answer does not fit; transfers over TCP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use base64::Engine;
use hickory_proto::rr::TSigner;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::FetchError;
use crate::dns::reverse::{self, Outcome};
use crate::dns::zone::{self, Ended, Transfer, Zone};
use crate::dns::{DnsError, domain};
use crate::source::{Source, TsigAlgorithm};

/// For one question to one server, and how often it is sent.
const PATIENCE: Duration = Duration::from_secs(2);
const TRIES: usize = 2;
/// For a whole transfer.
const TRANSFER: Duration = Duration::from_secs(300);
/// Seconds by which clocks may differ (RFC 8945 section 10).
const FUDGE: u16 = 300;

/// Asks the servers in turn for the name of an address; `id` gives each question another id.
///
/// # Errors
/// What the last server said, where none answered.
pub async fn name_of(
    servers: &[SocketAddr],
    ip: IpAddr,
    mut id: impl FnMut() -> u16,
) -> Result<Outcome, FetchError> {
    let mut last = FetchError::Source(crate::source::SourceError("the source names no server".to_owned()));
    for server in servers {
        for _ in 0..TRIES {
            match asked(*server, ip, id()).await {
                Ok(outcome) => return Ok(outcome),
                Err(error @ FetchError::Silent { .. }) => last = error,
                Err(error) => {
                    last = error;
                    break;
                }
            }
        }
    }
    Err(last)
}

async fn asked(server: SocketAddr, ip: IpAddr, id: u16) -> Result<Outcome, FetchError> {
    let unreachable = |error: std::io::Error| FetchError::Unreachable {
        server: server.to_string(),
        reason: error.to_string(),
    };
    let question = reverse::question(ip, id).map_err(|error| FetchError::dns(server, &error))?;
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // A fresh port for each question, and no other sender's datagrams (RFC 5452 section 9.2).
    let socket = UdpSocket::bind((any, 0)).await.map_err(unreachable)?;
    socket.connect(server).await.map_err(unreachable)?;
    socket.send(&question).await.map_err(unreachable)?;
    let until = Instant::now() + PATIENCE;
    let mut buffer = [0u8; 4096];
    loop {
        let received =
            timeout_at(until, socket.recv(&mut buffer)).await.map_err(|_| silent(server, PATIENCE))?;
        let octets = buffer.get(..received.map_err(unreachable)?).unwrap_or_default();
        match reverse::answer(octets, ip, id) {
            Ok(Outcome::Truncated) => break,
            Ok(outcome) => return Ok(outcome),
            // Somebody who guesses is not let in and does not end the waiting either.
            Err(error @ DnsError::Unreadable(_)) => tracing::debug!(%server, %error, "answer dropped"),
            Err(error) => return Err(FetchError::dns(server, &error)),
        }
    }
    let work = async {
        let mut stream = TcpStream::connect(server).await.map_err(unreachable)?;
        send(&mut stream, &question).await.map_err(unreachable)?;
        let octets = receive(&mut stream).await.map_err(unreachable)?;
        match reverse::answer(&octets, ip, id) {
            Ok(Outcome::Truncated) => Err(DnsError::Unreadable("it is cut off even over TCP".to_owned())),
            answer => answer,
        }
        .map_err(|error| FetchError::dns(server, &error))
    };
    timeout_at(Instant::now() + PATIENCE, work).await.map_err(|_| silent(server, PATIENCE))?
}

/// Transfers a zone from the first server that gives it: what changed since `known`, or the whole.
/// Answers None where nothing did.
///
/// # Errors
/// What the last server said, where none gave it.
pub async fn transfer(
    source: &Source,
    zone: &str,
    known: Option<&Zone>,
    secret: Option<&Zeroizing<String>>,
    now: Timestamp,
    mut id: impl FnMut() -> u16,
) -> Result<Option<Zone>, FetchError> {
    let signer = secret.map(|secret| signer(source, secret)).transpose()?;
    let mut last = FetchError::Source(crate::source::SourceError("the source names no server".to_owned()));
    for server in source.servers()? {
        let work = one_transfer(server, zone, known, signer.as_ref(), now, id());
        match tokio::time::timeout(TRANSFER, work).await {
            Ok(Ok(ended)) => return Ok(ended),
            Ok(Err(error)) => last = error,
            Err(_) => last = silent(server, TRANSFER),
        }
    }
    Err(last)
}

async fn one_transfer(
    server: SocketAddr,
    zone: &str,
    known: Option<&Zone>,
    signer: Option<&TSigner>,
    now: Timestamp,
    id: u16,
) -> Result<Option<Zone>, FetchError> {
    let of_zone = |error: &DnsError| FetchError::Answer {
        server: server.to_string(),
        reason: format!("zone {}: {error}", zone.chars().take(253).collect::<String>()),
    };
    let unreachable = |error: std::io::Error| FetchError::Unreachable {
        server: server.to_string(),
        reason: error.to_string(),
    };
    let unreadable = |error: hickory_proto::ProtoError| of_zone(&DnsError::Unreadable(error.to_string()));
    let name = domain(zone).map_err(|error| of_zone(&error))?;
    let mut question =
        zone::question(&name, known.map(|zone| zone.serial), id).map_err(|error| of_zone(&error))?;
    let mut verifier = None;
    if let Some(signer) = signer {
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        verifier = question.finalize(signer, seconds).map_err(unreadable)?;
    }
    let octets = question.to_vec().map_err(unreadable)?;
    let mut stream = TcpStream::connect(server).await.map_err(unreachable)?;
    send(&mut stream, &octets).await.map_err(unreachable)?;
    let mut transfer = Transfer::new(name, id, known.cloned());
    loop {
        let octets = receive(&mut stream).await.map_err(unreachable)?;
        // Every message must be signed: servers may leave some out (RFC 8945 section 5.3.1), which
        // would let somebody in between put in names of their own until the next signature.
        if let Some(verifier) = &mut verifier {
            verifier.verify(&octets).map_err(|error| {
                of_zone(&DnsError::Unreadable(format!("its TSIG does not verify ({error})")))
            })?;
        }
        if transfer.take(&octets).map_err(|error| of_zone(&error))? {
            break;
        }
    }
    match transfer.finish().map_err(|error| of_zone(&error))? {
        Ended::Unchanged => Ok(None),
        Ended::Zone(zone) => Ok(Some(zone)),
    }
}

fn signer(source: &Source, secret: &Zeroizing<String>) -> Result<TSigner, FetchError> {
    use hickory_proto::rr::rdata::tsig::TsigAlgorithm as Hmac;

    let key = base64::engine::general_purpose::STANDARD
        .decode(secret.trim())
        .map_err(|_| FetchError::Secret("a TSIG key is written in base64"))?;
    let algorithm = match source.settings.tsig_algorithm.unwrap_or_default() {
        TsigAlgorithm::HmacSha256 => Hmac::HmacSha256,
        TsigAlgorithm::HmacSha384 => Hmac::HmacSha384,
        TsigAlgorithm::HmacSha512 => Hmac::HmacSha512,
    };
    let name = domain(source.settings.tsig_key.as_deref().unwrap_or_default())
        .map_err(|_| FetchError::Secret("its key has no name"))?;
    TSigner::new(key, algorithm, name, FUDGE)
        .map_err(|_| FetchError::Secret("the library refuses the TSIG key"))
}

fn silent(server: SocketAddr, patience: Duration) -> FetchError {
    FetchError::Silent { server: server.to_string(), seconds: patience.as_secs() }
}

/// A message over TCP has its length in front (RFC 1035 section 4.2.2).
async fn send(stream: &mut TcpStream, message: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).await
}

async fn receive(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}
