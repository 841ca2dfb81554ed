//! [`Scope`] as SQL.

use netwarden_model::Scope;

/// The condition that keeps a list inside `scope`, for the column (or expression) that holds the
/// element's id; None where nothing is restricted. What belongs to no element (NULL) is inside
/// `Scope::All` only.
pub fn scope_condition(column: &'static str, scope: &Scope) -> Option<String> {
    match scope {
        Scope::All => None,
        Scope::Elements(elements) if elements.is_empty() => Some("1 = 0".to_owned()),
        // Numbers can be written out without harm, and do not use up placeholders.
        Scope::Elements(elements) => {
            let ids: Vec<String> = elements.iter().map(|ne| ne.0.to_string()).collect();
            Some(format!("{column} IN ({})", ids.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use netwarden_model::NeId;

    use super::*;

    #[test]
    fn scopes_become_conditions() {
        assert_eq!(scope_condition("e.ne", &Scope::All), None);
        assert_eq!(scope_condition("e.ne", &Scope::from([])), Some("1 = 0".into()));
        let two = Scope::from([NeId(7), NeId(-2)]);
        assert_eq!(scope_condition("e.ne", &two), Some("e.ne IN (-2, 7)".into()));
    }
}
