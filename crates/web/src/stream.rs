//! Long answers, read piece by piece as the client takes them.

use std::io;

use axum::body::Bytes;
use futures::Stream;
use futures::stream::unfold;
use netwarden_operate::OperateError;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;

/// Octets of a piece, at most.
const PIECE: usize = 64 << 10;

/// What `reader` gives, to its end. Where `ended` then says that the whole was not given, the stream
/// breaks off with an error, so that the client does not take a part for the whole.
pub(crate) fn octets<R: AsyncRead + Unpin + Send + 'static>(
    reader: R,
    ended: Option<JoinHandle<Result<(), OperateError>>>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    unfold(Some((reader, ended)), |state| async move {
        let (mut reader, ended) = state?;
        let mut piece = vec![0; PIECE];
        match reader.read(&mut piece).await {
            Ok(0) => {
                let outcome = match ended {
                    Some(ended) => ended.await,
                    None => return None,
                };
                let reason = match outcome {
                    Ok(Ok(())) => return None,
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                };
                tracing::error!(reason, "a long answer broke off");
                Some((Err(io::Error::other("the answer broke off")), None))
            }
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(Bytes::from(piece)), Some((reader, ended))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}
