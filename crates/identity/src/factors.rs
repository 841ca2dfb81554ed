//! Second factors as they are kept: whose, under which label, and which code was the last. Their secrets are the
//! vault's, under [`secret_name`].

use jiff::{SignedDuration, Timestamp};
use netwarden_model::UserId;
use netwarden_store::{
    Column, ColumnKind, ListQuery, ListTable, Listed, Tx, execute, query_all, query_one, values,
};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::IdentityError;
use crate::login::{self, Because, Counts, Refused, refused};
use crate::secret::{self, SecretKind};
use crate::service::Identity;
use crate::sql;

/// Factors that one account has at most.
pub const MOST_FACTORS: i64 = 8;
/// Characters of a label, at most.
pub const LONGEST_LABEL: usize = 64;

/// What a second factor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// One-time passwords by time (RFC 6238).
    Code,
    /// A key pair of an authenticator (WebAuthn); ours is the public one.
    Passkey,
}

impl FactorKind {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Passkey => "passkey",
        }
    }

    fn of(text: &str) -> Result<Self, IdentityError> {
        [Self::Code, Self::Passkey]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(IdentityError::Background)
    }
}

/// A second factor: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Factor {
    /// Its row.
    pub id: i64,
    /// Whose.
    pub user: UserId,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// When a code of it was last taken.
    pub last_used: Option<Timestamp>,
    /// False until its first code has shown that the app has the secret; it opens nothing before.
    pub confirmed: bool,
}

/// The list of factors; columns `id`, `user`, `label`, `created`.
pub static FACTORS: ListTable = ListTable {
    from: "identity_factor",
    id: Column::new("id", "id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "id", ColumnKind::Integer).sorts(),
        Column::new("user", "user_id", ColumnKind::Integer),
        Column::new("label", "label", ColumnKind::Text).sorts(),
        Column::new("created", "created", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

/// The name under which the vault keeps a factor's secret.
pub fn secret_name(factor: i64) -> String {
    format!("factor/{factor}")
}

/// A second factor that was presented, and was right as far as cryptography goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// A code, which may have been used before.
    Code {
        /// The factor's row.
        factor: i64,
        /// The step whose code it was.
        step: i64,
    },
    /// A passkey, which signed a challenge that is taken once.
    Passkey {
        /// The factor's row.
        factor: i64,
        /// How often it has signed, as it counts itself.
        counter: u32,
    },
}

/// What its owner calls a factor, without blanks around it.
pub fn checked_label(label: &str) -> Result<&str, IdentityError> {
    let label = label.trim();
    if !(1..=LONGEST_LABEL).contains(&label.chars().count()) || label.chars().any(char::is_control) {
        return Err(IdentityError::FactorLabel);
    }
    Ok(label)
}

/// Makes a factor, and takes away those of the account that never got as far as their first proof; the new row, and
/// the rows that went. It opens nothing before that proof is settled ([`Identity::settle_proof`]).
pub async fn add(
    tx: &Tx,
    user: UserId,
    (kind, label): (FactorKind, &str),
    now: Timestamp,
) -> Result<(i64, Vec<i64>), IdentityError> {
    let label = checked_label(label)?;
    let begun = "DELETE FROM identity_factor WHERE user_id = $1 AND NOT confirmed RETURNING id";
    let rows = query_all(tx, begun, values![user.0]).await?;
    let gone = rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect::<Result<_, IdentityError>>()?;
    let count = "SELECT COUNT(*) FROM identity_factor WHERE user_id = $1";
    let count: i64 =
        query_one(tx, count, values![user.0]).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if count >= MOST_FACTORS {
        return Err(IdentityError::MostFactors(MOST_FACTORS));
    }
    let sql = "INSERT INTO identity_factor (user_id, label, created, last_step, confirmed, kind) \
               VALUES ($1, $2, $3, 0, $4, $5) RETURNING id";
    let given = values![user.0, label, now.as_microsecond(), false, kind.as_str()];
    let row = query_one(tx, sql, given).await?;
    let id = row.ok_or(IdentityError::Background)?.try_get_by_index(0)?;
    Ok((id, gone))
}

/// Takes away a factor of the account.
pub async fn remove(tx: &Tx, user: UserId, factor: i64) -> Result<(), IdentityError> {
    let sql = "DELETE FROM identity_factor WHERE id = $1 AND user_id = $2";
    match execute(tx, sql, values![factor, user.0]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchFactor(factor)),
    }
}

/// Takes away all factors of an account; their rows.
pub async fn remove_all(tx: &Tx, user: UserId) -> Result<Vec<i64>, IdentityError> {
    let sql = "DELETE FROM identity_factor WHERE user_id = $1 RETURNING id";
    let rows = query_all(tx, sql, values![user.0]).await?;
    sql::bump_policy(tx).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// The rows of an account's factors, and what each is: of those that open something, or of the one that is begun.
pub async fn rows_of<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    confirmed: bool,
) -> Result<Vec<(i64, FactorKind)>, IdentityError> {
    let sql = "SELECT id, kind FROM identity_factor WHERE user_id = $1 AND confirmed = $2 ORDER BY id";
    let rows = query_all(connection, sql, values![user.0, confirmed]).await?;
    let of = |row: &netwarden_store::QueryResult| {
        Ok((row.try_get_by_index(0)?, FactorKind::of(&row.try_get_by_index::<String>(1)?)?))
    };
    rows.iter().map(of).collect()
}

/// Remembers by which factor a proof was given, for a day.
async fn remember_proof(tx: &Tx, user: UserId, factor: i64, now: Timestamp) -> Result<(), IdentityError> {
    let insert = "INSERT INTO identity_proof (user_id, at, factor) SELECT user_id, $3, label FROM identity_factor \
                  WHERE id = $2 AND user_id = $1";
    execute(tx, insert, values![user.0, factor, now.as_microsecond()]).await?;
    let over = now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    execute(tx, "DELETE FROM identity_proof WHERE at < $1", values![over.as_microsecond()]).await?;
    Ok(())
}

impl Identity {
    /// The factors that `query` over [`FACTORS`] asks for.
    pub async fn list_factors(&self, query: &ListQuery) -> Result<Listed<Factor>, IdentityError> {
        let select = "id, user_id, kind, label, created, last_used, confirmed";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let last: Option<i64> = row.try_get("", "last_used")?;
            Ok(Factor {
                id: row.try_get("", "id")?,
                user: UserId(row.try_get("", "user_id")?),
                kind: FactorKind::of(&row.try_get::<String>("", "kind")?)?,
                label: row.try_get("", "label")?,
                created: netwarden_store::from_micros(row.try_get("", "created")?)?,
                last_used: last.map(netwarden_store::from_micros).transpose()?,
                confirmed: row.try_get("", "confirmed")?,
            })
        })
    }

    /// Settles that a session presented a second factor, in the caller's transaction, which is to be committed either way:
    /// where it was right, and was not used before, the session is proven and gets a new secret; else that counts
    /// as a failed login of the account. `random` is fresh.
    pub async fn settle_proof(
        &self,
        tx: &Tx,
        session: i64,
        address: Option<std::net::IpAddr>,
        presented: Option<Presented>,
        now: Timestamp,
        random: &[u8; 32],
    ) -> Result<Result<Zeroizing<String>, Refused>, IdentityError> {
        let policy = self.policy().accounts;
        let owner = "SELECT user_id FROM identity_session WHERE id = $1";
        let row = query_one(tx, owner, values![session]).await?;
        let user = UserId(row.ok_or(IdentityError::NoSuchSession(session))?.try_get_by_index(0)?);
        let account = sql::user_by_id(tx, user).await?;
        let account = account.ok_or_else(|| IdentityError::NoSuchUser(user.to_string()))?;
        let (plane, name) = (account.plane, account.name);
        let mut counts = Counts::read(tx, (plane, &name), address).await?;
        let micros = now.as_microsecond();
        // A code is taken once (RFC 6238 section 5.2), and none that is older than the last.
        let take = "UPDATE identity_factor SET last_step = $3, last_used = $4, confirmed = $5 \
                    WHERE id = $1 AND user_id = $2 AND last_step < $3 AND kind = 'code'";
        // So is each count of a passkey that counts (Web Authentication section 6.1.1): it goes up, here and now.
        let signed = "UPDATE identity_factor SET last_step = $3, last_used = $4, confirmed = $5 \
                      WHERE id = $1 AND user_id = $2 AND kind = 'passkey' \
                      AND (last_step < $3 OR (last_step = 0 AND $3 = 0))";
        let because = match (counts.locked(now), presented) {
            (Some(locked), _) => Some(Because::Locked(locked)),
            (None, Some(Presented::Code { factor, step })) => {
                let taken = execute(tx, take, values![factor, user.0, step, micros, true]).await? == 1;
                (!taken).then_some(Because::WrongCode)
            }
            (None, Some(Presented::Passkey { factor, counter })) => {
                let count = i64::from(counter);
                let taken = execute(tx, signed, values![factor, user.0, count, micros, true]).await? == 1;
                (!taken).then_some(Because::WrongCode)
            }
            (None, None) => Some(Because::WrongCode),
        };
        if let Some(because) = because {
            return Ok(Err(refused(tx, &mut counts, &policy, (user, name), address, because, now).await?));
        }
        counts.forget(tx, &policy.lockout).await?;
        login::forget_failures(tx, user).await?;
        login::remember_address(tx, address, now).await?;
        if let Some(Presented::Code { factor, .. } | Presented::Passkey { factor, .. }) = presented {
            remember_proof(tx, user, factor, now).await?;
        }
        let secret = secret::make(SecretKind::Session, random);
        let digest = secret::digest(SecretKind::Session, &secret).ok_or(IdentityError::Background)?;
        let prove = "UPDATE identity_session SET digest = $2, proven_at = $3, last_used = $3 WHERE id = $1";
        execute(tx, prove, values![session, digest.0.to_vec(), micros]).await?;
        Ok(Ok(secret))
    }
}
