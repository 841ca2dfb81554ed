//! A caller's write as the writer sees it, whatever its types.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::{StoreError, Tx};

/// Runs inside a savepoint, is told how the transaction ended, and answers its caller.
pub(crate) trait Job: Send {
    /// True while somebody waits for the answer.
    fn is_wanted(&self) -> bool;

    /// Does the work; true where it is to be kept.
    fn run<'t>(&'t mut self, tx: &'t Tx) -> BoxFuture<'t, bool>;

    /// Told at once where the work took too long or panicked: what builds on it must not be done.
    fn broke_off(&self);

    /// Answers the caller. Where the work itself failed, its own error is the answer.
    fn finish(self: Box<Self>, end: Result<(), StoreError>);
}

/// Writes each of which builds on those before it. Once one has failed, those behind it are refused with
/// [`StoreError::BuiltOnFailed`], in the same transaction and in later ones, and the chain is at its end.
#[derive(Debug, Clone, Default)]
pub struct Chain(Arc<AtomicBool>);

impl Chain {
    /// True once one of its writes has failed.
    pub fn is_broken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The outcome of a write that waits or is under way.
#[derive(Debug)]
pub struct Pending<T, E>(pub(crate) oneshot::Receiver<Result<T, E>>);

impl<T, E: From<StoreError>> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_unpin(context).map(|answer| answer.unwrap_or_else(|_| Err(StoreError::Closed.into())))
    }
}

pub(crate) struct TypedJob<T, E, F> {
    chain: Option<Chain>,
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> TypedJob<T, E, F> {
    pub(crate) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { chain: None, work: Some(work), result: None, reply }, answer)
    }

    /// As one of `chain`.
    pub(crate) fn chained(self, chain: Chain) -> Self {
        Self { chain: Some(chain), ..self }
    }

    fn end_chain(&self) {
        if let Some(chain) = &self.chain {
            chain.end();
        }
    }
}

impl<T, E, F> Job for TypedJob<T, E, F>
where
    F: for<'t> FnOnce(&'t Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        // What others build on is done whether or not somebody still listens.
        self.chain.is_some() || !self.reply.is_closed()
    }

    fn run<'t>(&'t mut self, tx: &'t Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            if self.chain.as_ref().is_some_and(Chain::is_broken) {
                self.result = Some(Err(StoreError::BuiltOnFailed.into()));
                return false;
            }
            let result = work(tx).await;
            let keep = result.is_ok();
            if !keep {
                self.end_chain();
            }
            self.result = Some(result);
            keep
        })
    }

    fn broke_off(&self) {
        self.end_chain();
    }

    fn finish(self: Box<Self>, end: Result<(), StoreError>) {
        // Before the next transaction begins: the writer answers first.
        if end.is_err() {
            self.end_chain();
        }
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
