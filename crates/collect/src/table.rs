//! What a walk brought, by column and instance.

use netwarden_snmp::column::disjoint;
use netwarden_snmp::{Column, ValueRef, VarBind};

/// Variables in the order of their names, without repetitions and exceptions.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// None of them lies below another.
    columns: Vec<Column>,
}

impl Table {
    /// From walked columns in any order; agents are not trusted to sort their rows.
    pub fn of(columns: Vec<Column>) -> Self {
        let columns = columns.into_iter().map(Column::without_exceptions).map(Column::sorted).collect();
        Self { columns: disjoint(columns) }
    }

    /// From bindings in any order.
    pub fn new(bindings: Vec<VarBind>) -> Self {
        Self::of(vec![Column::of(bindings)])
    }

    /// True where nothing came.
    pub fn is_empty(&self) -> bool {
        self.columns.iter().all(Column::is_empty)
    }

    /// How many variables there are.
    pub fn len(&self) -> usize {
        self.columns.iter().map(Column::len).sum()
    }

    /// The instances of `column`, by index. It is one that was walked, or lies below one.
    pub fn column<'t>(&'t self, column: &'t [u32]) -> impl Iterator<Item = (&'t [u32], ValueRef<'t>)> {
        self.around(column).into_iter().flat_map(|(walked, below)| {
            let start = walked.partition_point(|index| index < below);
            let rows = walked.iter_from(start);
            rows.map_while(move |(index, value)| Some((index.strip_prefix(below)?, value)))
        })
    }

    /// True where `column` has at least one instance.
    pub fn has(&self, column: &[u32]) -> bool {
        self.column(column).next().is_some()
    }

    /// One instance of `column`.
    pub fn get(&self, column: &[u32], index: &[u32]) -> Option<ValueRef<'_>> {
        let (walked, below) = self.around(column)?;
        let wanted = || below.iter().chain(index);
        let at = walked.partition_point(|index| index.iter().lt(wanted()));
        let (found, value) = walked.get(at)?;
        found.iter().eq(wanted()).then_some(value)
    }

    /// What was walked that `column` is, or is part of, and where in it.
    fn around<'c>(&self, column: &'c [u32]) -> Option<(&Column, &'c [u32])> {
        self.columns.iter().find_map(|walked| Some((walked, column.strip_prefix(walked.prefix().sub_ids())?)))
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value};

    use super::*;

    fn bind(oid: &[u32], n: i32) -> VarBind {
        VarBind::new(Oid::from(oid), Value::Integer(n))
    }

    #[test]
    fn columns_do_not_run_into_each_other() {
        let table = Table::new(vec![
            bind(&[1, 2, 10, 1], 4),
            bind(&[1, 2, 1, 2], 2),
            bind(&[1, 2, 1, 1], 1),
            bind(&[1, 2, 1, 1], 1),
            VarBind::new(Oid::from([1, 2, 1, 9]), Value::NoSuchInstance),
        ]);
        let first: Vec<_> = table.column(&[1, 2, 1]).map(|(index, _)| index.to_vec()).collect();
        assert_eq!(first, [vec![1], vec![2]]);
        assert_eq!(table.get(&[1, 2, 10], &[1]), Some(ValueRef::Integer(4)));
        assert_eq!(table.get(&[1, 2, 1], &[9]), None);
        assert!(!table.has(&[1, 2, 3]));
        assert_eq!((table.len(), table.is_empty()), (3, false));
    }

    #[test]
    fn what_was_walked_as_a_subtree_is_found_by_its_columns() {
        let mut subtree = Column::new(Oid::from([1, 2]));
        for (index, n) in [([1, 5], 1), ([1, 6], 2), ([3, 5], 3)] {
            assert!(subtree.push(&index, ValueRef::Integer(n)));
        }
        let mut other = Column::new(Oid::from([1, 3]));
        assert!(other.push(&[5], ValueRef::Integer(9)));
        let table = Table::of(vec![other, subtree]);
        let second: Vec<_> = table.column(&[1, 2, 1]).collect();
        assert_eq!(second, [(&[5][..], ValueRef::Integer(1)), (&[6], ValueRef::Integer(2))]);
        assert_eq!(table.get(&[1, 3], &[5]), Some(ValueRef::Integer(9)));
        assert_eq!(table.get(&[1, 2, 3], &[5]), Some(ValueRef::Integer(3)));
        assert!(!table.has(&[1, 2, 2]) && !table.has(&[1, 4]));
    }
}
