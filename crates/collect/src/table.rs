//! What a walk brought, by column and instance.

use netwarden_snmp::{Value, VarBind};

/// Bindings in OID order, without repetitions and exceptions.
#[derive(Debug, Clone, Default)]
pub struct Table {
    bindings: Vec<VarBind>,
}

impl Table {
    /// From bindings in any order; agents are not trusted to sort them.
    pub fn new(mut bindings: Vec<VarBind>) -> Self {
        bindings.retain(|binding| !binding.value.is_exception());
        if !bindings.is_sorted_by(|a, b| a.oid < b.oid) {
            bindings.sort_by(|a, b| a.oid.cmp(&b.oid));
            bindings.dedup_by(|a, b| a.oid == b.oid);
        }
        Self { bindings }
    }

    /// True where nothing came.
    pub fn is_empty(&self) -> bool {
        self.bindings.is_empty()
    }

    /// How many bindings there are.
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// The instances of `column`, by index.
    pub fn column<'t>(&'t self, column: &'t [u32]) -> impl Iterator<Item = (&'t [u32], &'t Value)> {
        let start = self.bindings.partition_point(|binding| binding.oid.sub_ids() < column);
        self.bindings
            .get(start..)
            .unwrap_or_default()
            .iter()
            .map_while(move |binding| Some((binding.oid.sub_ids().strip_prefix(column)?, &binding.value)))
    }

    /// True where `column` has at least one instance.
    pub fn has(&self, column: &[u32]) -> bool {
        self.column(column).next().is_some()
    }

    /// One instance of `column`.
    pub fn get(&self, column: &[u32], index: &[u32]) -> Option<&Value> {
        let at = self
            .bindings
            .binary_search_by(|binding| binding.oid.sub_ids().iter().cmp(column.iter().chain(index)))
            .ok()?;
        self.bindings.get(at).map(|binding| &binding.value)
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::Oid;

    use super::*;

    #[test]
    fn columns_do_not_run_into_each_other() {
        let bind = |oid: &[u32], n| VarBind::new(Oid::from(oid), Value::Integer(n));
        let table = Table::new(vec![
            bind(&[1, 2, 10, 1], 4),
            bind(&[1, 2, 1, 2], 2),
            bind(&[1, 2, 1, 1], 1),
            bind(&[1, 2, 1, 1], 1),
            VarBind::new(Oid::from([1, 2, 1, 9]), Value::NoSuchInstance),
        ]);
        let first: Vec<_> = table.column(&[1, 2, 1]).map(|(index, _)| index.to_vec()).collect();
        assert_eq!(first, [vec![1], vec![2]]);
        assert_eq!(table.get(&[1, 2, 10], &[1]), Some(&Value::Integer(4)));
        assert_eq!(table.get(&[1, 2, 1], &[9]), None);
        assert!(!table.has(&[1, 2, 3]));
    }
}
