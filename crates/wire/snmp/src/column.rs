//! What lies below one column: names without their common beginning, and values, all in memory that the
//! column owns as a whole.
//!
//! A table of a switch has tens of thousands of variables whose names begin alike. Kept one by one, each
//! with a name of its own, most of the memory that a walk touches is that beginning, again and again.

use std::net::Ipv4Addr;

use crate::pdu::{OidRef, ValueRef};
use crate::{Oid, Value, VarBind};

/// Octets of values after which a column counts as full.
const FULL: usize = 256 << 20;

/// Variables below one object identifier, in the order in which they were added; that of a walk is the
/// order of their names (RFC 3416 section 4.2.2).
#[derive(Debug, Clone, Default)]
pub struct Column {
    prefix: Oid,
    rows: Vec<Row>,
    /// Indexes of the rows, and values that are object identifiers.
    sub_ids: Vec<u32>,
    /// Values that are octets.
    octets: Vec<u8>,
}

/// Where a variable's index and value are.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Its index's first place in `sub_ids`.
    start: u32,
    /// Sub-identifiers of its index; names have 128 at most.
    length: u8,
    value: Held,
}

/// A value. What has no size of its own lies in the column, at a place of that length.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Held {
    Integer(i32),
    OctetString(Place),
    Null,
    ObjectId(Place),
    IpAddress(Ipv4Addr),
    Counter32(u32),
    Gauge32(u32),
    TimeTicks(u32),
    Opaque(Place),
    Counter64(Wide),
    NoSuchObject,
    NoSuchInstance,
    EndOfMibView,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    length: u32,
}

/// 64 bits that ask for no more alignment than 32, which keeps a row at 16 octets.
#[derive(Debug, Clone, Copy)]
struct Wide([u32; 2]);

impl From<u64> for Wide {
    fn from(value: u64) -> Self {
        Self([(value >> 32) as u32, value as u32])
    }
}

impl From<Wide> for u64 {
    fn from(Wide([high, low]): Wide) -> Self {
        (u64::from(high) << 32) | u64::from(low)
    }
}

impl Column {
    /// Without variables yet.
    pub fn new(prefix: Oid) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// Of variables whose names have nothing in common; what [`Column::push`] does not take is left out.
    pub fn of(bindings: impl IntoIterator<Item = VarBind>) -> Self {
        let mut column = Self::default();
        for VarBind { oid, value } in bindings {
            column.push(oid.sub_ids(), value.borrowed());
        }
        column
    }

    /// True where the values are so many octets that an agent must be out of its mind.
    pub fn is_full(&self) -> bool {
        self.octets.len() >= FULL
    }

    /// What all names begin with.
    pub fn prefix(&self) -> &Oid {
        &self.prefix
    }

    /// How many variables there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The variable at a place: what follows the prefix in its name, and its value.
    pub fn get(&self, at: usize) -> Option<(&[u32], ValueRef<'_>)> {
        self.rows.get(at).map(|row| self.read(row))
    }

    /// The variables in their order: what follows the prefix in their names, and their values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u32], ValueRef<'_>)> {
        self.rows.iter().map(|row| self.read(row))
    }

    /// The variables with names and values of their own.
    pub fn bindings(&self) -> impl ExactSizeIterator<Item = VarBind> {
        // What is held was read when it was added: it has a value.
        let owned = |value: ValueRef<'_>| value.to_owned().unwrap_or(Value::Null);
        self.iter().map(move |(index, value)| VarBind::new(self.prefix.child(index), owned(value)))
    }

    /// What follows the prefix in the last variable's name.
    pub fn last(&self) -> Option<&[u32]> {
        self.rows.last().map(|row| self.index(row))
    }

    /// How many variables from the start have an index that `is_before` is true of, where those come first.
    pub fn partition_point(&self, mut is_before: impl FnMut(&[u32]) -> bool) -> usize {
        self.rows.partition_point(|row| is_before(self.index(row)))
    }

    /// The variables from a place on.
    pub fn iter_from(&self, at: usize) -> impl ExactSizeIterator<Item = (&[u32], ValueRef<'_>)> {
        self.rows.get(at..).unwrap_or_default().iter().map(|row| self.read(row))
    }

    /// True where each name comes after the one before.
    pub fn is_sorted(&self) -> bool {
        self.rows.is_sorted_by(|a, b| self.index(a) < self.index(b))
    }

    /// In the order of names, each of them once.
    #[must_use]
    pub fn sorted(self) -> Self {
        if self.is_sorted() { self } else { merged(&self, &Self::default()) }
    }

    /// Without the exceptions of RFC 3416 section 3, which are no values.
    #[must_use]
    pub fn without_exceptions(mut self) -> Self {
        self.rows.retain(|row| {
            !matches!(row.value, Held::NoSuchObject | Held::NoSuchInstance | Held::EndOfMibView)
        });
        self
    }

    /// Room for more variables.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.rows.reserve(rows);
        self.sub_ids.reserve(rows);
    }

    /// Adds a variable; false, and nothing is added, where its index or a value that is an object identifier
    /// is longer than any (RFC 2578 section 3.5), or the column has 4 GiB.
    pub fn push(&mut self, index: &[u32], value: ValueRef<'_>) -> bool {
        let start = self.sub_ids.len();
        self.sub_ids.extend_from_slice(index);
        self.finish_row(start, value)
    }

    /// Adds a variable whose index `write` adds behind what it is given; None, and nothing is added, where
    /// it gives none. `fits` is told the index of the variable before, if there is one, and this one.
    #[inline]
    pub(crate) fn push_with(
        &mut self,
        write: impl FnOnce(&mut Vec<u32>) -> Option<()>,
        fits: impl FnOnce(Option<&[u32]>, &[u32]) -> bool,
        value: ValueRef<'_>,
    ) -> Option<()> {
        let start = self.sub_ids.len();
        let written = write(&mut self.sub_ids);
        let before = self.rows.last().map(|row| self.index(row));
        let index = self.sub_ids.get(start..).unwrap_or_default();
        if written.is_none() || !fits(before, index) {
            self.sub_ids.truncate(start);
            return None;
        }
        self.finish_row(start, value).then_some(())
    }

    /// A row whose index stands behind `start` already.
    #[inline]
    fn finish_row(&mut self, start: usize, value: ValueRef<'_>) -> bool {
        let length = u8::try_from(self.sub_ids.len() - start).ok();
        let held = length.zip(u32::try_from(start).ok()).zip(self.hold(value));
        match held {
            Some(((length, start), value)) => {
                self.rows.push(Row { start, length, value });
                true
            }
            None => {
                self.sub_ids.truncate(start);
                false
            }
        }
    }

    #[inline]
    fn hold(&mut self, value: ValueRef<'_>) -> Option<Held> {
        Some(match value {
            ValueRef::Integer(n) => Held::Integer(n),
            ValueRef::OctetString(octets) => Held::OctetString(self.hold_octets(octets)?),
            ValueRef::Null => Held::Null,
            ValueRef::ObjectId(oid) => {
                let (start, mut sub_ids) = (self.sub_ids.len(), Vec::new());
                oid.read_into(&mut sub_ids).ok()?;
                self.sub_ids.extend_from_slice(&sub_ids);
                Held::ObjectId(place(start, sub_ids.len())?)
            }
            ValueRef::IpAddress(address) => Held::IpAddress(address),
            ValueRef::Counter32(n) => Held::Counter32(n),
            ValueRef::Gauge32(n) => Held::Gauge32(n),
            ValueRef::TimeTicks(n) => Held::TimeTicks(n),
            ValueRef::Opaque(octets) => Held::Opaque(self.hold_octets(octets)?),
            ValueRef::Counter64(n) => Held::Counter64(n.into()),
            ValueRef::NoSuchObject => Held::NoSuchObject,
            ValueRef::NoSuchInstance => Held::NoSuchInstance,
            ValueRef::EndOfMibView => Held::EndOfMibView,
        })
    }

    fn hold_octets(&mut self, octets: &[u8]) -> Option<Place> {
        let start = self.octets.len();
        let place = place(start, octets.len())?;
        self.octets.extend_from_slice(octets);
        Some(place)
    }

    fn index(&self, row: &Row) -> &[u32] {
        part(&self.sub_ids, Place { start: row.start, length: u32::from(row.length) })
    }

    #[inline]
    fn read(&self, row: &Row) -> (&[u32], ValueRef<'_>) {
        let value = match row.value {
            Held::Integer(n) => ValueRef::Integer(n),
            Held::OctetString(place) => ValueRef::OctetString(part(&self.octets, place)),
            Held::Null => ValueRef::Null,
            Held::ObjectId(place) => ValueRef::ObjectId(OidRef::plain(part(&self.sub_ids, place))),
            Held::IpAddress(address) => ValueRef::IpAddress(address),
            Held::Counter32(n) => ValueRef::Counter32(n),
            Held::Gauge32(n) => ValueRef::Gauge32(n),
            Held::TimeTicks(n) => ValueRef::TimeTicks(n),
            Held::Opaque(place) => ValueRef::Opaque(part(&self.octets, place)),
            Held::Counter64(n) => ValueRef::Counter64(n.into()),
            Held::NoSuchObject => ValueRef::NoSuchObject,
            Held::NoSuchInstance => ValueRef::NoSuchInstance,
            Held::EndOfMibView => ValueRef::EndOfMibView,
        };
        (self.index(row), value)
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.prefix == other.prefix && self.iter().eq(other.iter())
    }
}

impl Eq for Column {}

fn place(start: usize, length: usize) -> Option<Place> {
    Some(Place { start: u32::try_from(start).ok()?, length: u32::try_from(length).ok()? })
}

/// Places are made by [`place`] and what they name is never taken away: the empty part is never read.
fn part<T>(of: &[T], Place { start, length }: Place) -> &[T] {
    let start = start as usize;
    of.get(start..start + length as usize).unwrap_or_default()
}

/// Brings columns into the order of their names. Those that overlap, because one was asked for below
/// another or twice, become one, in which a name stands once.
pub fn disjoint(mut columns: Vec<Column>) -> Vec<Column> {
    columns.sort_by(|a, b| a.prefix.cmp(&b.prefix));
    let mut apart: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns {
        match apart.last_mut() {
            Some(before) if column.prefix.starts_with(&before.prefix) => *before = merged(before, &column),
            _ => apart.push(column),
        }
    }
    apart
}

/// The variables of two columns, the second below the first; where both have a name, the first's.
fn merged(above: &Column, below: &Column) -> Column {
    let mut bindings: Vec<VarBind> = above.bindings().chain(below.bindings()).collect();
    bindings.sort_by(|a, b| a.oid.cmp(&b.oid));
    bindings.dedup_by(|a, b| a.oid == b.oid);
    let mut column = Column::new(above.prefix.clone());
    for VarBind { oid, value } in bindings {
        let index = oid.index_below(&above.prefix).unwrap_or_default();
        column.push(index, value.borrowed());
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> Vec<Value> {
        vec![
            Value::Integer(-7),
            Value::OctetString(b"eth0".to_vec()),
            Value::OctetString(Vec::new()),
            Value::Null,
            Oid::new([1, 3, 6, 1]).into(),
            Value::IpAddress([192, 0, 2, 1].into()),
            Value::Counter32(u32::MAX),
            Value::Gauge32(1),
            Value::TimeTicks(2),
            Value::Opaque(vec![0, 255]),
            Value::Counter64(u64::MAX - 1),
            Value::NoSuchObject,
            Value::NoSuchInstance,
            Value::EndOfMibView,
        ]
    }

    fn column_of(prefix: &[u32], indexes: &[&[u32]]) -> Column {
        let mut column = Column::new(Oid::from(prefix));
        for (at, index) in indexes.iter().enumerate() {
            assert!(column.push(index, ValueRef::Integer(i32::try_from(at).unwrap())));
        }
        column
    }

    #[test]
    fn gives_back_what_it_was_given() {
        let bindings: Vec<VarBind> =
            (0..).zip(every_kind()).map(|(at, value)| VarBind::new(Oid::new([1, 3, at]), value)).collect();
        let column = Column::of(bindings.clone());
        assert_eq!(column.bindings().collect::<Vec<_>>(), bindings);
        assert_eq!((column.len(), column.last()), (14, Some(&[1, 3, 13][..])));
        assert_eq!(column.without_exceptions().len(), 11);
    }

    #[test]
    fn a_row_takes_20_octets_at_most() {
        assert!(size_of::<Row>() <= 20, "{}", size_of::<Row>());
    }

    #[test]
    fn what_overlaps_becomes_one_and_a_name_stands_once() {
        let columns = vec![
            column_of(&[1, 3, 2], &[&[1], &[2]]),
            column_of(&[1, 3], &[&[1, 9], &[2, 1], &[4]]),
            column_of(&[1, 4], &[&[1]]),
            column_of(&[1, 3, 2], &[&[7]]),
        ];
        let apart = disjoint(columns);
        let names: Vec<String> =
            apart.iter().flat_map(Column::bindings).map(|binding| binding.oid.to_string()).collect();
        assert_eq!(names, ["1.3.1.9", "1.3.2.1", "1.3.2.2", "1.3.2.7", "1.3.4", "1.4.1"]);
        assert_eq!(apart.iter().map(Column::len).collect::<Vec<_>>(), [5, 1]);
        assert!(apart.iter().all(Column::is_sorted));
    }

    #[test]
    fn an_index_that_is_too_long_is_not_held() {
        let mut column = Column::new(Oid::new([1]));
        assert!(!column.push(&[1; 256], ValueRef::Null));
        assert!(column.is_empty() && column.last().is_none());
        assert!(column.push(&[1; 128], ValueRef::Null));
    }

    #[test]
    fn what_does_not_fit_leaves_no_trace() {
        let mut column = column_of(&[1], &[&[5]]);
        let write = |sub_ids: &mut Vec<u32>| {
            sub_ids.push(4);
            Some(())
        };
        let after = |before: Option<&[u32]>, index: &[u32]| before.is_none_or(|before| index > before);
        assert_eq!(column.push_with(write, after, ValueRef::Null), None);
        assert_eq!(column.bindings().map(|binding| binding.oid).collect::<Vec<_>>(), [Oid::new([1, 5])]);
        assert_eq!(column, column_of(&[1], &[&[5]]));
    }
}
