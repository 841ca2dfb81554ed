//! A caller's write as the writer sees it, whatever its types.

use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::{StoreError, Tx};

/// Runs inside a savepoint, is told how the transaction ended, and answers its caller.
pub(crate) trait Job: Send {
    /// True while somebody waits for the answer.
    fn is_wanted(&self) -> bool;

    /// Does the work; true where it is to be kept.
    fn run<'t>(&'t mut self, tx: &'t Tx) -> BoxFuture<'t, bool>;

    /// Answers the caller. Where the work itself failed, its own error is the answer.
    fn finish(self: Box<Self>, end: Result<(), StoreError>);
}

pub(crate) struct TypedJob<T, E, F> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> TypedJob<T, E, F> {
    pub(crate) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work: Some(work), result: None, reply }, answer)
    }
}

impl<T, E, F> Job for TypedJob<T, E, F>
where
    F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run<'t>(&'t mut self, tx: &'t Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            let result = work(tx).await;
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn finish(self: Box<Self>, end: Result<(), StoreError>) {
        let answer = match (self.result, end) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(end)) => Err(E::from(end)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(E::from(StoreError::Closed)),
        };
        // Who no longer waits does not want to know.
        let _ = self.reply.send(answer);
    }
}
