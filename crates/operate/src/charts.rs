//! The charts of the start page, as each user has chosen them (AUD-15). They are the user's, not a browser's:
//! two people at one screen see each their own, and one person sees the same everywhere.

use netwarden_audit::Value;
use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_model::UserId;
use netwarden_store::{ConnectionTrait, StoreError, Tx, execute, insert_many, query_all, values};

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::said::Said;
use crate::statistics::series;

/// Charts of who has chosen none.
pub const USUAL_CHARTS: [&str; 2] = ["events.new_endpoint", "events.unauthorised"];
/// Charts of a start page, at most.
pub const MOST_CHARTS: usize = 12;

impl Desk {
    /// The series on the caller's start page, in their order; the usual ones where none was chosen.
    pub async fn own_charts(&self, caller: &Caller) -> Result<Vec<String>, OperateError> {
        let (user, _) = self.permit_own_charts(caller, Operation::ChartReadOwn).await?;
        Ok(or_usual(chosen(self.store.read(), user).await?))
    }

    /// Puts these series on the caller's start page, in this order; none at all for the usual ones.
    pub async fn choose_own_charts(&self, caller: &Caller, charts: Vec<String>) -> Result<(), OperateError> {
        let (user, permit) = self.permit_own_charts(caller, Operation::ChartChooseOwn).await?;
        let charts = checked(charts)?;
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let old = or_usual(chosen(tx, user).await?).join(", ");
                    let new = or_usual(charts.clone()).join(", ");
                    let record = permit.record(Some(Value::text(&old)), Some(Value::text(&new)), "");
                    forget_charts(tx, user).await?;
                    let rows = charts.into_iter().zip(0_i64..);
                    let rows = rows.map(|(series, place)| values![user.0, place, series].to_vec());
                    insert_many(tx, "chosen_charts", &["user_id", "place", "series"], rows).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await
    }

    async fn permit_own_charts(
        &self,
        caller: &Caller,
        operation: Operation,
    ) -> Result<(UserId, Permit), OperateError> {
        let user = owner(caller).unwrap_or(UserId(-1));
        let object = Object::owned(ObjectKind::Chart, user);
        let permit = self.permit(caller, operation, &object, caller.name().map(str::to_owned)).await?;
        Ok((user, permit))
    }
}

/// Takes the choice of an account that is deleted with it.
pub(crate) async fn forget_charts(tx: &Tx, user: UserId) -> Result<(), StoreError> {
    execute(tx, "DELETE FROM chosen_charts WHERE user_id = $1", values![user.0]).await?;
    Ok(())
}

async fn chosen<C: ConnectionTrait>(connection: &C, user: UserId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT series FROM chosen_charts WHERE user_id = $1 ORDER BY place";
    let rows = query_all(connection, sql, values![user.0]).await?;
    let known = series();
    let mut charts = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: String = row.try_get_by_index(0)?;
        // A later version may keep other series.
        if known.iter().any(|series| series.name == name) {
            charts.push(name);
        }
    }
    Ok(charts)
}

fn or_usual(charts: Vec<String>) -> Vec<String> {
    if charts.is_empty() { USUAL_CHARTS.map(str::to_owned).to_vec() } else { charts }
}

/// Each once, in the order given; refuses what is no series, and more than a page has room for.
fn checked(given: Vec<String>) -> Result<Vec<String>, OperateError> {
    let known = series();
    let mut charts: Vec<String> = Vec::new();
    for name in given {
        if !known.iter().any(|series| series.name == name) {
            let name = name.chars().take(64).collect();
            return Err(OperateError::Invalid(Said::NoChart { name }));
        }
        if !charts.contains(&name) {
            charts.push(name);
        }
        if charts.len() > MOST_CHARTS {
            return Err(OperateError::Invalid(Said::TooManyCharts { most: MOST_CHARTS }));
        }
    }
    Ok(charts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_of_known_series_each_once_and_not_too_many() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let twice = checked(names(&["polls.good", "events.tick", "polls.good"])).unwrap();
        assert_eq!(twice, names(&["polls.good", "events.tick"]));
        let unknown = checked(names(&["polls.good", "weather"])).unwrap_err();
        assert_eq!(unknown.to_string(), "'weather' is no series of statistics");
        let all: Vec<String> = series().into_iter().map(|series| series.name).collect();
        assert!(checked(all.iter().take(MOST_CHARTS).cloned().collect()).is_ok());
        let many = checked(all.into_iter().take(MOST_CHARTS + 1).collect()).unwrap_err();
        assert_eq!(many.to_string(), "a start page has room for 12 charts at most");
        assert!(USUAL_CHARTS.iter().all(|usual| checked(vec![(*usual).to_owned()]).is_ok()));
    }
}
