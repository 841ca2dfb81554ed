//! Connections on their places.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_server::accept::{Accept, NoDelayAcceptor};
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::{Intake, Place};

/// Accepts a connection where there is a place for it, and drops it otherwise: nobody's handshake is begun.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    pub(crate) intake: Intake,
}

/// A connection on its place.
#[derive(Debug)]
pub(crate) struct Placed {
    stream: TcpStream,
    _place: Place,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Counting {
    type Stream = Placed;
    type Service = S;
    type Future = BoxFuture<'static, io::Result<(Placed, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let intake = self.intake.clone();
        Box::pin(async move {
            let address = stream.peer_addr()?.ip().to_canonical();
            let Some(place) = intake.connection(address).await else {
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "too many connections"));
            };
            let (stream, service) = NoDelayAcceptor::new().accept(stream, service).await?;
            Ok((Placed { stream, _place: place }, service))
        })
    }
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
