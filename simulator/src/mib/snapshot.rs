//! A device's variables at one moment: columns that share their table's index, so that a thousand
//! switches fit into memory.

use std::sync::Arc;

/// A value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// The row lacks this column.
    Absent,
    /// INTEGER.
    Int(i32),
    /// OCTET STRING.
    Octets(Box<[u8]>),
    /// OCTET STRING of six octets.
    Mac([u8; 6]),
    /// OBJECT IDENTIFIER.
    Oid(Box<[u32]>),
    /// IpAddress.
    Ip([u8; 4]),
    /// Counter32.
    Counter(u32),
    /// Gauge32 or Unsigned32.
    Gauge(u32),
    /// TimeTicks.
    Ticks(u32),
    /// sysUpTime, as it is when it is asked for.
    UpTime,
    /// snmpEngineID.
    EngineId,
    /// snmpEngineBoots.
    EngineBoots,
    /// snmpEngineTime.
    EngineTime,
}

impl Cell {
    /// OCTET STRING of a text.
    pub fn text(text: &str) -> Self {
        Cell::Octets(text.as_bytes().into())
    }
}

/// The rows' indexes of a table, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Index {
    arcs: Vec<u32>,
    ends: Vec<u32>,
}

impl Index {
    fn push(&mut self, index: &[u32]) {
        self.arcs.extend_from_slice(index);
        self.ends.push(u32::try_from(self.arcs.len()).unwrap_or(u32::MAX));
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, row: usize) -> &[u32] {
        let end = self.ends.get(row).copied().unwrap_or(0) as usize;
        let start = row.checked_sub(1).and_then(|r| self.ends.get(r)).copied().unwrap_or(0) as usize;
        self.arcs.get(start..end).unwrap_or(&[])
    }

    /// The first row whose index is not less than `index`, and whether it is equal.
    fn find(&self, index: &[u32]) -> (usize, bool) {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.get(middle) < index { low = middle + 1 } else { high = middle }
        }
        (low, low < self.len() && self.get(low) == index)
    }
}

/// One column of a table, or a scalar (a column with the one row `0`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    object: Box<[u32]>,
    index: Arc<Index>,
    cells: Box<[Cell]>,
}

impl Column {
    fn first_from(&self, row: usize) -> Option<(&[u32], &[u32], &Cell)> {
        (row..self.index.len())
            .filter_map(|r| self.cells.get(r).map(|cell| (r, cell)))
            .find(|(_, cell)| **cell != Cell::Absent)
            .map(|(r, cell)| (&*self.object, self.index.get(r), cell))
    }
}

/// Builds the columns of a conceptual table.
#[derive(Debug)]
pub struct TableBuilder<'a> {
    entry: &'a [u32],
    columns: &'a [u32],
    rows: Vec<(Vec<u32>, Vec<Cell>)>,
}

impl<'a> TableBuilder<'a> {
    /// A table whose entry object is `entry`, with these columns, ascending.
    pub fn new(entry: &'a [u32], columns: &'a [u32]) -> Self {
        Self { entry, columns, rows: Vec::new() }
    }

    /// Adds a row; cells in the order of the columns.
    pub fn row(&mut self, index: Vec<u32>, cells: Vec<Cell>) {
        self.rows.push((index, cells));
    }

    /// The finished columns; of two rows with the same index the first stays.
    pub fn finish(mut self) -> Vec<Arc<Column>> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        self.rows.sort_by(|a, b| a.0.cmp(&b.0));
        self.rows.dedup_by(|later, earlier| later.0 == earlier.0);
        let mut index = Index::default();
        let mut columns: Vec<Vec<Cell>> =
            self.columns.iter().map(|_| Vec::with_capacity(self.rows.len())).collect();
        for (row, cells) in self.rows {
            index.push(&row);
            let mut cells = cells.into_iter();
            for column in &mut columns {
                column.push(cells.next().unwrap_or(Cell::Absent));
            }
        }
        let index = Arc::new(index);
        self.columns
            .iter()
            .zip(columns)
            .map(|(number, cells)| {
                let object = self.entry.iter().copied().chain([*number]).collect();
                Arc::new(Column { object, index: Arc::clone(&index), cells: cells.into() })
            })
            .collect()
    }
}

/// A scalar object: its only instance is `.0`.
pub fn scalar(object: &[u32], cell: Cell) -> Arc<Column> {
    let mut index = Index::default();
    index.push(&[0]);
    Arc::new(Column { object: object.into(), index: Arc::new(index), cells: Box::new([cell]) })
}

/// What GET finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// The variable.
    Cell(&'a Cell),
    /// The object is there, this instance of it is not.
    NoInstance,
    /// There is no such object.
    NoObject,
}

/// All variables, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    columns: Vec<Arc<Column>>,
}

impl Snapshot {
    /// From columns in any order. No object may lie below another.
    pub fn new(mut columns: Vec<Arc<Column>>) -> Self {
        columns.sort_by(|a, b| a.object.cmp(&b.object));
        Self { columns }
    }

    /// The variable itself.
    pub fn get(&self, oid: &[u32]) -> Found<'_> {
        let Some(column) = self.column_of(oid) else { return Found::NoObject };
        let suffix = oid.get(column.object.len()..).unwrap_or(&[]);
        let (row, exact) = column.index.find(suffix);
        match column.cells.get(row) {
            Some(cell) if exact && *cell != Cell::Absent => Found::Cell(cell),
            _ => Found::NoInstance,
        }
    }

    /// The next variable after `oid`: its object, its index, its value.
    pub fn next(&self, oid: &[u32]) -> Option<(&[u32], &[u32], &Cell)> {
        let after = self.columns.partition_point(|c| &*c.object <= oid);
        if let Some(column) = self.column_of(oid) {
            let suffix = oid.get(column.object.len()..).unwrap_or(&[]);
            let (row, exact) = column.index.find(suffix);
            if let Some(found) = column.first_from(if exact { row + 1 } else { row }) {
                return Some(found);
            }
        }
        self.columns.get(after..)?.iter().find_map(|c| c.first_from(0))
    }

    /// Number of variables.
    pub fn len(&self) -> usize {
        self.columns.iter().map(|c| c.cells.iter().filter(|cell| **cell != Cell::Absent).count()).sum()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn column_of(&self, oid: &[u32]) -> Option<&Column> {
        let after = self.columns.partition_point(|c| &*c.object <= oid);
        let column = self.columns.get(after.checked_sub(1)?)?;
        oid.starts_with(&column.object).then_some(column)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the plain model: a sorted map of full OIDs.
        #[test]
        fn walks_like_a_sorted_map(
            rows in proptest::collection::btree_map(
                proptest::collection::vec(0u32..4, 1..4), proptest::collection::vec(any::<bool>(), 3), 0..12),
            probes in proptest::collection::vec(proptest::collection::vec(0u32..5, 0..8), 20),
        ) {
            let mut table = TableBuilder::new(&[1, 2, 1], &[1, 3, 4]);
            let mut model = BTreeMap::new();
            for (index, present) in &rows {
                let cells = present.iter().map(|p| if *p { Cell::Int(7) } else { Cell::Absent }).collect();
                table.row(index.clone(), cells);
                for (column, present) in [1, 3, 4].into_iter().zip(present) {
                    if *present {
                        model.insert([&[1, 2, 1, column], index.as_slice()].concat(), Cell::Int(7));
                    }
                }
            }
            let mut columns = table.finish();
            for (object, value) in [([1, 1], 1), ([1, 3], 2)] {
                columns.push(scalar(&object, Cell::Int(value)));
                model.insert([object.as_slice(), &[0]].concat(), Cell::Int(value));
            }
            let snapshot = Snapshot::new(columns);
            prop_assert_eq!(snapshot.len(), model.len());
            for probe in probes {
                let expected = model.range::<[u32], _>((std::ops::Bound::Excluded(&probe[..]), std::ops::Bound::Unbounded)).next();
                let found = snapshot.next(&probe).map(|(o, i, c)| ([o, i].concat(), c.clone()));
                prop_assert_eq!(found.as_ref().map(|(o, c)| (o, c)), expected);
                let got = match snapshot.get(&probe) { Found::Cell(c) => Some(c), _ => None };
                prop_assert_eq!(got, model.get(&probe));
            }
        }
    }
}
