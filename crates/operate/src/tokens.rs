//! Tokens of programs (IAM-17): made, listed and revoked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use netwarden_audit::{Redacted, Value};
use netwarden_identity::accounts::{create_token, owner_of_token, revoke_token};
use netwarden_identity::{
    ACCOUNTS, NewToken, OPERATIONS, Object, ObjectKind, Operation, TOKENS, Token, TokenWish,
};
use netwarden_model::UserId;
use netwarden_store::{Condition, FilterValue, ListQuery, PAGE_LIMIT, Page, Tx};

use crate::accounts::{of_plane, of_seen_accounts};
use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::lists::{Counted, Filters, ListWish, Reads, filled};
use crate::people::{identified, random};
use crate::ports::as_value;
use crate::said::Said;

/// Characters of what a token is for, at most.
const LONGEST_LABEL: usize = 64;
/// Days that a token lasts, at most.
const MOST_DAYS: u16 = 366;
const FILTERS: Filters = &[("label", Reads::Part)];

/// A token, and whose it is.
pub type ListedToken = (Token, String);

/// What a token is to be good for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenFor {
    /// What it is for, in 1 to 64 characters.
    pub label: String,
    /// What it may do; all that its owner may where empty.
    pub operations: BTreeSet<Operation>,
    /// To which domains it is confined; none where it goes as far as its owner.
    pub domains: BTreeSet<String>,
    /// Days until it ends, 1 to 366.
    pub days: u16,
}

impl Desk {
    /// Makes a token of the caller's own.
    pub async fn create_token(
        &self,
        caller: &Caller,
        wish: TokenFor,
    ) -> Result<(NewToken, Timestamp), OperateError> {
        let user = identified(caller)?.user;
        let object = Object::owned(ObjectKind::Token, user);
        let label = wish.label.clone();
        let permit = self.permit(caller, Operation::TokenCreateOwn, &object, Some(label)).await?;
        self.put_token(permit, user, wish).await
    }

    /// Makes a token of another account, such as a script's that nobody logs in with: it may do what that
    /// account may.
    pub async fn create_token_for(
        &self,
        caller: &Caller,
        user: &str,
        wish: TokenFor,
    ) -> Result<(NewToken, Timestamp), OperateError> {
        let account = self.account_or_denied(caller, Operation::TokenCreate, user).await?;
        let object = account.object(ObjectKind::Token);
        let label = wish.label.clone();
        let permit = self.permit(caller, Operation::TokenCreate, &object, Some(label)).await?;
        self.put_token(permit, account.id, wish).await
    }

    async fn put_token(
        &self,
        permit: Permit,
        user: UserId,
        wish: TokenFor,
    ) -> Result<(NewToken, Timestamp), OperateError> {
        let TokenFor { label, operations, domains, days } = wish;
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(OperateError::Invalid(Said::TokenDays { given: days.into() }));
        }
        let label = label.trim();
        if label.is_empty() || label.chars().count() > LONGEST_LABEL {
            return Err(OperateError::Invalid(Said::TokenLabel));
        }
        let expires = permit.at + SignedDuration::from_hours(24 * i64::from(days));
        // The secret is recorded nowhere; how far it goes is.
        let good_for = serde_json::json!({ "operations": operations, "domains": domains, "days": days });
        let record = permit.record(None, as_value(&good_for), "");
        let operations = if operations.is_empty() { all_operations() } else { operations };
        let wish = TokenWish { user, label: label.to_owned(), operations, domains, expires };
        let (creator, at, secret) = (permit.caller.subject.clone(), permit.at, random::<32>());
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let token = create_token(tx, &creator, &wish, at, &secret).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<_, OperateError>((token, expires))
                })
            })
            .await
    }

    /// The caller's own tokens, each with whose it is, without their secrets; with `all` everybody's.
    pub async fn tokens(
        &self,
        caller: &Caller,
        all: bool,
        wish: ListWish,
    ) -> Result<Counted<ListedToken>, OperateError> {
        let wish = self.paged(wish);
        let mut query = of_plane(ListQuery::unscoped(&TOKENS), caller.plane())?;
        if all {
            self.permit_of(caller, Operation::TokenRead).await?;
            query = of_seen_accounts(caller, Operation::TokenRead, ListQuery::unscoped(&TOKENS))?;
        } else {
            let user = owner(caller).unwrap_or(UserId(-1));
            let object = Object::owned(ObjectKind::Token, user);
            self.permit(caller, Operation::TokenReadOwn, &object, None).await?;
            query = query.filter("user", Condition::Eq(user.0.into()))?;
        }
        let query = filled(query, FILTERS, &["label"], wish)?;
        let listed = self.identity.list_tokens(&query).await?;
        let ids = listed.items.iter().map(|token| FilterValue::Integer(token.user.0)).collect();
        let users = ListQuery::unscoped(&ACCOUNTS).filter("id", Condition::In(ids))?;
        let users = self.identity.list_users(&users.page(Page::first(PAGE_LIMIT))).await?;
        let names: BTreeMap<_, _> = users.items.into_iter().map(|user| (user.id, user.name)).collect();
        let named = |token: Token| {
            let name = names.get(&token.user).cloned().unwrap_or_default();
            (token, name)
        };
        let items = listed.items.into_iter().map(named).collect();
        Ok(Counted { count: query.count(self.store.read()).await?, items, next: listed.next })
    }

    /// Revokes a token: one's own, or with the right to, anybody's.
    pub async fn revoke_token(&self, caller: &Caller, id: i64) -> Result<(), OperateError> {
        // Whose it is decides which right is asked for; what is nobody's needs the wider one.
        let whose = owner_of_token(self.store.read(), id).await;
        let own = whose.as_ref().is_ok_and(|whose| owner(caller) == Some(*whose));
        let operation = if own { Operation::TokenRevokeOwn } else { Operation::TokenRevoke };
        let object = self.object_of(ObjectKind::Token, whose.as_ref().ok().copied()).await?;
        let permit = self.permit(caller, operation, &object, Some(id.to_string())).await?;
        whose?;
        let record = permit.record(Some(Redacted.into()), Some(Value::text("revoked")), "");
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    revoke_token(tx, id, permit.at).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }
}

fn all_operations() -> BTreeSet<Operation> {
    OPERATIONS.iter().map(|line| line.operation).collect()
}
