//! How a dialog is asked for and sent, whatever it is about: the right to it before anything of it is shown,
//! the proof that a page of ours sent it before anything of it is read, and itself once more where what was
//! written was not taken.

use axum::http::StatusCode;
use axum::response::Response;
use futures::future::BoxFuture;
use netwarden_identity::Operation;
use netwarden_operate::Desk;

use super::act::Given;
use super::frame::{Frame, answered};
use super::language::Language;
use super::visitor::Visitor;
use crate::refusal::Refusal;

/// What is asked before something is done: a reason for an act, or a form of several fields.
pub(super) trait Dialog: Sized + Send {
    fn title(&self) -> &str;

    /// As a page, or as the part of one that a `<dialog>` holds.
    fn page(self, frame: Frame, part: bool) -> Result<Response, Refusal>;

    /// Puts what was written, and why it was not taken, into it: at the field of that name where there is one.
    /// Secrets are not written back.
    fn put_back(&mut self, l: Language, given: &Given, why: String, input: Option<&str>);

    /// Puts what was written back where something else can be written; any other refusal is passed on.
    fn fill(&mut self, l: Language, given: &Given, refusal: Refusal) -> Result<StatusCode, Refusal> {
        let Some(status) = mendable(&refusal) else { return Err(refusal) };
        self.put_back(l, given, l.said(refusal.detail()), refusal.input());
        Ok(status)
    }

    fn shown(self, desk: &Desk, visitor: &Visitor) -> impl Future<Output = Result<Response, Refusal>> + Send {
        async {
            let frame = Frame::of(desk, visitor, self.title()).await;
            self.page(frame, visitor.part)
        }
    }
}

/// The status of a refusal that is mended by writing something else.
fn mendable(refusal: &Refusal) -> Option<StatusCode> {
    let status = refusal.problem().status;
    matches!(status, 400 | 409 | 412 | 422).then(|| StatusCode::from_u16(status).unwrap_or_default())
}

/// The dialog of `operation`, for those who may; nobody else has it made. Boxed, since dialogs are large.
pub(super) fn asked<'a, D: Dialog + 'a>(
    desk: &'a Desk,
    visitor: &'a Visitor,
    operation: Operation,
    dialog: impl Future<Output = Result<D, Refusal>> + Send + 'a,
) -> BoxFuture<'a, Response> {
    let answer = async move {
        desk.permit_some(visitor.caller(), operation).await?;
        dialog.await?.shown(desk, visitor).await
    };
    Box::pin(answered(desk, visitor, answer))
}

/// What comes of a dialog that was sent: `done`, which is where one is led to, or the dialog once more, whole
/// and made anew, with why it was not done. Boxed, since acts are large futures.
pub(super) fn submitted<'a, D: Dialog + 'a>(
    desk: &'a Desk,
    visitor: &'a Visitor,
    given: &'a Given,
    done: impl Future<Output = Result<Response, Refusal>> + Send + 'a,
    dialog: impl Future<Output = Result<D, Refusal>> + Send + 'a,
) -> BoxFuture<'a, Response> {
    let answer = async move {
        visitor.proven(&given.proof)?;
        let refusal = match done.await {
            Ok(response) => return Ok(response),
            Err(refusal) if mendable(&refusal).is_none() => return Err(refusal),
            Err(refusal) => refusal,
        };
        let mut dialog = dialog.await?;
        let status = dialog.fill(visitor.language(), given, refusal)?;
        let frame = Frame::of(desk, visitor, dialog.title()).await;
        let mut response = dialog.page(frame, false)?;
        *response.status_mut() = status;
        Ok(response)
    };
    Box::pin(answered(desk, visitor, answer))
}
