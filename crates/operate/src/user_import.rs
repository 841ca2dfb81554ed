//! Many accounts from a CSV file: good rows are taken, each with a one-time password that is shown this once, bad
//! ones are named by line and reason.

use std::collections::{BTreeMap, BTreeSet};

use netwarden_identity::{AttributesEdit, Grant, Grants, Object, Operation, accounts};
use netwarden_inventory::import::{Cells, Imported, Rejected, read};
use zeroize::Zeroizing;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::imports::told;
use crate::people::NewAccount;
use crate::ports::require_reason;

/// Accounts of one file: each costs the hash of a password.
pub const MOST_ACCOUNTS: usize = 250;

/// The columns, of which `name` is needed. Roles and labels are divided by blanks or `|`.
const COLUMNS: [&str; 12] = [
    "name",
    "roles",
    "like",
    "mobile",
    "mail",
    "description",
    "labels",
    "address_policy",
    "hours_policy",
    "max_sessions",
    "valid_days",
    "tenant",
];

/// What became of an import of accounts.
#[derive(Debug, Default)]
pub struct ImportedUsers {
    /// Those that were made, by name, each with its one-time password.
    pub made: Vec<(String, Zeroizing<String>)>,
    /// Rows that were not taken, with line and reason, by line.
    pub refused: Vec<String>,
}

/// Reads accounts that are to be made. Pure.
pub fn user_rows(csv: &[u8]) -> Imported<NewAccount> {
    let mut seen = BTreeMap::new();
    read(csv, &COLUMNS, "name", |line, row| {
        let name = accounts::user_name(row.get("name").ok_or("the name is missing")?);
        let name = name.map_err(|error| error.to_string())?;
        if let Some(earlier) = seen.insert(name.clone(), line) {
            return Err(format!("'{name}' stands on line {earlier} already"));
        }
        let grants: Grants =
            words(row, "roles").map(|role| Grant::from(role.to_lowercase().as_str())).collect();
        let labels: BTreeSet<String> = words(row, "labels").map(str::to_owned).collect();
        Ok(NewAccount {
            name,
            password: None,
            grants,
            like: row.text("like"),
            tenant: row.text("tenant"),
            mobile: row.text("mobile").unwrap_or_default(),
            mail: row.text("mail").unwrap_or_default(),
            attributes: AttributesEdit {
                description: row.text("description"),
                labels: Some(labels).filter(|labels| !labels.is_empty()),
                max_sessions: number(row, "max_sessions")?.map(Some),
                valid_days: number(row, "valid_days")?.map(Some),
                ..AttributesEdit::default()
            },
            address_policy: row.text("address_policy").map(Some),
            hours_policy: row.text("hours_policy").map(Some),
            reason: String::new(),
        })
    })
}

fn words<'r>(row: &'r Cells<'_>, column: &str) -> impl Iterator<Item = &'r str> {
    let words = row.get(column).unwrap_or_default().split([' ', '|', ',']);
    words.filter(|word| !word.is_empty())
}

fn number(row: &Cells<'_>, column: &str) -> Result<Option<u32>, String> {
    let read = |text: &str| text.parse().map_err(|_| format!("{column}: '{text}' is no whole number"));
    row.get(column).map(read).transpose()
}

impl Desk {
    /// Makes the accounts of a CSV file. Each has a right and a record of its own; what one row asks too much for is
    /// refused without the others.
    pub async fn import_users(
        &self,
        caller: &Caller,
        csv: &[u8],
        reason: &str,
    ) -> Result<ImportedUsers, OperateError> {
        self.permit(caller, Operation::UserCreate, &Object::some(Operation::UserCreate.object()), None)
            .await?;
        require_reason(reason)?;
        let Imported { rows, mut rejected } = user_rows(csv);
        let mut outcome = ImportedUsers::default();
        for (at, (line, row)) in rows.into_iter().enumerate() {
            if at >= MOST_ACCOUNTS {
                let reason =
                    format!("a file makes at most {MOST_ACCOUNTS} accounts: send the rest in another");
                rejected.push(Rejected { line, reason });
                break;
            }
            let name = row.name.clone();
            match self.create_user(caller, NewAccount { reason: reason.to_owned(), ..row }).await {
                Ok((_, password)) => outcome.made.push((name, password.unwrap_or_default())),
                // Nothing more will be taken.
                Err(error @ (OperateError::Unrecorded(_) | OperateError::Failed(_))) => return Err(error),
                Err(error) => rejected.push(Rejected { line, reason: error.said().to_string() }),
            }
        }
        outcome.refused = told(rejected);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_in_any_spelling_and_bad_ones_are_named() {
        let text = "Name;Roles;Labels;Max-Sessions;Like;Weather\r\n\
                    # a remark\r\n\
                    Ann;operator guest@north;night|vie-2;2;;\r\n\
                    ann;guest;;;;\r\n\
                    b c;guest;;;;\r\n\
                    ;guest;;;;\r\n\
                    dora;;;many;;\r\n\
                    eve;;;;ann;\r\n";
        let Imported { rows, rejected } = user_rows(text.as_bytes());
        let names: Vec<(u64, &str)> = rows.iter().map(|(line, row)| (*line, row.name.as_str())).collect();
        assert_eq!(names, [(3, "ann"), (8, "eve")]);
        let ann = &rows[0].1;
        assert_eq!(ann.grants, ["operator", "guest@north"].map(Grant::from).into());
        assert_eq!(ann.attributes.labels, Some(["night", "vie-2"].map(str::to_owned).into()));
        assert_eq!(ann.attributes.max_sessions, Some(Some(2)));
        assert_eq!(rows[1].1.like.as_deref(), Some("ann"));
        let told: Vec<String> = rejected.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 5, "{told:#?}");
        for (at, part) in [
            (0, "line 1: column 'weather' is not known"),
            (1, "line 4: 'ann' stands on line 3 already"),
            (2, "line 5: 'b c' is no user name"),
            (3, "line 6: the name is missing"),
            (4, "line 7: max_sessions: 'many' is no whole number"),
        ] {
            assert!(told[at].starts_with(part), "{}", told[at]);
        }
        assert!(user_rows(b"").rows.is_empty());
        assert_eq!(user_rows(b"mail\nx@y").rejected[0].line, 1, "no names");
    }
}
