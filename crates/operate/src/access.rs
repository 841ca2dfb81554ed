//! What users learn of logins: the notice after one's own, and the history (IAM-13).

use netwarden_audit::Value;
use netwarden_identity::{
    LOGINS, ListedLogin, ListedSession, ListedSharing, Notice, Object, ObjectKind, Operation, SESSIONS,
    SHARINGS, Subject, Through,
};
use netwarden_model::UserId;
use netwarden_store::{Condition, ListQuery, Tx};

use crate::accounts::{of_plane, of_seen_accounts};
use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::lists::{Counted, ListWish};
use crate::said::Said;

impl Desk {
    /// What the caller is to be told of the login that opened their session; None where there is nothing, or
    /// they have acknowledged it.
    pub async fn notice(&self, caller: &Caller) -> Result<Option<Notice>, OperateError> {
        self.permit_session(caller, Operation::SessionReadOwn).await?;
        match of_session(caller) {
            Some((user, session)) => Ok(self.identity.notice(user, session).await?),
            None => Ok(None),
        }
    }

    /// Remembers that the caller has read the notice, which told of so many failures: those that came since
    /// are told after the next login.
    pub async fn acknowledge(&self, caller: &Caller, failures: i64) -> Result<(), OperateError> {
        let permit = self.permit_session(caller, Operation::SessionAcknowledge).await?;
        let Some((user, session)) = of_session(caller) else {
            return Err(OperateError::Conflict(Said::NoNotice));
        };
        if self.identity.notice(user, session).await?.is_none() {
            return Err(OperateError::Conflict(Said::NoNotice));
        }
        let record = permit.record(None, Some(Value::text(format!("{failures} failures"))), "");
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    netwarden_identity::login::acknowledge(tx, user, session, failures).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    /// The caller's own logins, let in and refused; with `all` everybody's.
    pub async fn logins(
        &self,
        caller: &Caller,
        all: bool,
        wish: ListWish,
    ) -> Result<Counted<ListedLogin>, OperateError> {
        let mut query = of_plane(ListQuery::unscoped(&LOGINS), caller.plane())?;
        if all {
            self.permit_of(caller, Operation::SessionHistory).await?;
            query = of_seen_accounts(caller, Operation::SessionHistory, ListQuery::unscoped(&LOGINS))?;
        } else {
            self.permit_session(caller, Operation::SessionHistoryOwn).await?;
            let user = owner(caller).unwrap_or(UserId(-1));
            query = query.filter("user_id", Condition::Eq(user.0.into()))?;
        }
        let query = crate::lists::login_query(query, self.paged(wish))?;
        let listed = self.identity.list_logins(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// Findings that accounts are shared, the newest first unless sorted otherwise.
    pub async fn sharings(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ListedSharing>, OperateError> {
        self.permit_of(caller, Operation::SessionHistory).await?;
        let query = of_seen_accounts(caller, Operation::SessionHistory, ListQuery::unscoped(&SHARINGS))?;
        let query = crate::lists::sharing_query(query, self.paged(wish))?;
        let listed = self.identity.list_sharings(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// The caller's own sessions that hold.
    pub async fn own_sessions(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ListedSession>, OperateError> {
        self.permit_session(caller, Operation::SessionReadOwn).await?;
        self.identity.end_idle_sessions(self.clock.now()).await?;
        let mut wish = self.paged(wish);
        wish.filters.retain(|(name, _)| name != "user");
        let name = caller.name().unwrap_or_default().to_owned();
        let sessions = of_plane(ListQuery::unscoped(&SESSIONS), caller.plane())?;
        let query = crate::lists::session_query(sessions, wish)?
            .filter("user", Condition::Eq(name.as_str().into()))?;
        let listed = self.identity.list_sessions(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    async fn permit_session(&self, caller: &Caller, operation: Operation) -> Result<Permit, OperateError> {
        let object = Object::owned(ObjectKind::Session, owner(caller).unwrap_or(UserId(-1)));
        self.permit(caller, operation, &object, caller.name().map(str::to_owned)).await
    }
}

/// User and session of who came by one.
fn of_session(caller: &Caller) -> Option<(UserId, i64)> {
    match &caller.subject {
        Subject::User(user) => match user.through {
            Through::Session(id) => Some((user.user, id)),
            _ => None,
        },
        Subject::Unidentified => None,
    }
}
