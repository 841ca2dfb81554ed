//! Tests of the pure parts, then of the accounts on a real database file.

mod accounts;
mod admission;
mod blocklist;
mod conditions;
mod deciding;
mod guessing;
mod logins;
mod password_changes;
mod password_rules;
mod passwords;
mod tenants;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::passwords::Contact;
use crate::{Attempt, Identified, Identity, IdentityError};

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

/// A user's own new password, prepared and set as `operate` does it.
pub async fn change_own_password(
    identity: &Identity,
    user: &Identified,
    old: Attempt,
    new: Zeroizing<String>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let salts = [[1; 16], [2; 16]];
    let own = identity.prepare_own_password(user, &Contact::default(), old, new, now, salts).await?;
    identity
        .store
        .write(move |tx| Box::pin(async move { crate::accounts::set_own_password(tx, &own, now).await }))
        .await
}

/// Compares with `cases/NAME`; `UPDATE_GOLDEN=1` writes it instead.
pub fn golden(name: &str, found: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(found, expected, "{} differs; UPDATE_GOLDEN=1 writes it anew", path.display());
}
