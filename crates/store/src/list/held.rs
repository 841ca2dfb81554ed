//! Lists that are held whole: some dozens of rows in memory, in a folder or in a small table, filtered,
//! searched, sorted and paged by key with the same words and cursors as those in the database.

use std::cmp::Ordering;

use super::condition::{Condition, FilterValue};
use super::table::{ALTERNATIVES, Count, Direction, ListError, Listed, PAGE_LIMIT, Page};
use crate::cursor::{Cursor, CursorError, Key, order_tag};

/// A column of a list that is held whole; it filters and sorts.
#[derive(Debug, Clone, Copy)]
pub struct HeldColumn<T: 'static> {
    /// What clients call it.
    pub name: &'static str,
    /// What a row has there; None where it has nothing, which stands last in both directions.
    pub value: fn(&T) -> Option<FilterValue>,
}

/// A list that is held whole, as the source describes it.
#[derive(Debug, Clone, Copy)]
pub struct HeldList<T: 'static> {
    /// Its name, which binds cursors to it.
    pub name: &'static str,
    /// The unique key that ends every sort order.
    pub id: fn(&T) -> FilterValue,
    /// What clients may name.
    pub columns: &'static [HeldColumn<T>],
    /// The order of those who name none.
    pub sorted: (&'static str, Direction),
}

/// What one client wants to see of a list that is held whole.
#[derive(Debug, Clone, Default)]
pub struct HeldQuery {
    /// Columns, and what each must be.
    pub conditions: Vec<(String, Condition)>,
    /// Columns of which at least one contains this text.
    pub search: Option<(&'static [&'static str], String)>,
    /// The order, if not the list's own.
    pub sort: Option<(String, Direction)>,
    /// Which part.
    pub page: Page,
}

impl<T: 'static> HeldList<T> {
    /// The page of `rows`, and how many rows all pages have.
    pub fn page(&self, rows: Vec<T>, query: &HeldQuery) -> Result<(Listed<T>, Count), ListError> {
        let mut conditions = Vec::new();
        for (name, condition) in &query.conditions {
            let column = self.column(name)?;
            conditions.push((column, check(column.name, condition)?));
        }
        let mut searched = Vec::new();
        for name in query.search.iter().flat_map(|(names, _)| names.iter()) {
            searched.push(self.column(name)?);
        }
        let text = query.search.as_ref().map(|(_, text)| text.to_ascii_lowercase());
        let (sort, direction) = match &query.sort {
            Some((name, direction)) => (self.column(name)?, *direction),
            None => (self.column(self.sorted.0)?, self.sorted.1),
        };
        let mut found: Vec<(Place, T)> = rows
            .into_iter()
            .filter(|row| {
                conditions.iter().all(|(column, wanted)| meets((column.value)(row).as_ref(), wanted))
            })
            .filter(|row| {
                text.as_deref().is_none_or(|text| {
                    searched.iter().any(|column| contains((column.value)(row).as_ref(), text))
                })
            })
            .map(|row| (Place { sort: (sort.value)(&row), id: (self.id)(&row) }, row))
            .collect();
        found.sort_by(|(a, _), (b, _)| a.compare(b, direction));
        let count = Count::Exact(u64::try_from(found.len()).unwrap_or(u64::MAX));

        let order = self.order(sort.name, direction);
        let start = match &query.page.after {
            None => 0,
            Some(after) => {
                let after = Place::decode(after, order)?;
                found.partition_point(|(place, _)| place.compare(&after, direction) != Ordering::Greater)
            }
        };
        let limit = usize::try_from(query.page.limit.clamp(1, PAGE_LIMIT)).unwrap_or(usize::MAX);
        let goes_on = found.len() > start.saturating_add(limit);
        let page: Vec<(Place, T)> = found.into_iter().skip(start).take(limit).collect();
        let next = page.last().filter(|_| goes_on).map(|(place, _)| place.encode(order));
        Ok((Listed { items: page.into_iter().map(|(_, row)| row).collect(), next }, count))
    }

    fn column(&self, name: &str) -> Result<&'static HeldColumn<T>, ListError> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| ListError::UnknownColumn {
            name: name.chars().take(64).collect(),
            known: self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", "),
        })
    }

    fn order(&self, sort: &str, direction: Direction) -> [u8; 4] {
        let direction = match direction {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
        };
        order_tag(&[self.name, sort, direction])
    }
}

/// Where a row stands in the order.
struct Place {
    sort: Option<FilterValue>,
    id: FilterValue,
}

impl Place {
    fn compare(&self, other: &Self, direction: Direction) -> Ordering {
        let turned = |order: Ordering| match direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        };
        let by_sort = match (&self.sort, &other.sort) {
            (Some(a), Some(b)) => turned(compare(a, b)),
            // Nothing stands last, whatever the direction.
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        by_sort.then_with(|| turned(compare(&self.id, &other.id)))
    }

    fn encode(&self, order: [u8; 4]) -> String {
        Cursor { sort: self.sort.clone().map_or(Key::Null, key), id: key(self.id.clone()) }.encode(order)
    }

    fn decode(text: &str, order: [u8; 4]) -> Result<Self, CursorError> {
        let cursor = Cursor::decode(text, order)?;
        let id = value(cursor.id).ok_or(CursorError::Malformed)?;
        Ok(Self { sort: value(cursor.sort), id })
    }
}

fn key(value: FilterValue) -> Key {
    match value {
        FilterValue::Integer(number) => Key::Integer(number),
        FilterValue::Text(text) => Key::Text(text),
        FilterValue::Bytes(octets) => Key::Bytes(octets),
        FilterValue::Bool(truth) => Key::Integer(truth.into()),
    }
}

fn value(key: Key) -> Option<FilterValue> {
    match key {
        Key::Null => None,
        Key::Integer(number) => Some(FilterValue::Integer(number)),
        Key::Text(text) => Some(FilterValue::Text(text)),
        Key::Bytes(octets) => Some(FilterValue::Bytes(octets)),
    }
}

/// Values of one column are of one kind; a truth value sorts, and comes back from a cursor, as a number.
fn compare(a: &FilterValue, b: &FilterValue) -> Ordering {
    match (a, b) {
        (FilterValue::Text(a), FilterValue::Text(b)) => a.cmp(b),
        (FilterValue::Bytes(a), FilterValue::Bytes(b)) => a.cmp(b),
        _ => number(a).cmp(&number(b)),
    }
}

fn number(value: &FilterValue) -> Option<i64> {
    match value {
        FilterValue::Integer(number) => Some(*number),
        FilterValue::Bool(truth) => Some((*truth).into()),
        FilterValue::Text(_) | FilterValue::Bytes(_) => None,
    }
}

fn check<'c>(name: &'static str, condition: &'c Condition) -> Result<&'c Condition, ListError> {
    match condition {
        Condition::In(values) if values.len() > ALTERNATIVES => Err(ListError::TooMany { name }),
        wanted => Ok(wanted),
    }
}

fn meets(value: Option<&FilterValue>, condition: &Condition) -> bool {
    let is = |wanted: &FilterValue| value == Some(wanted);
    match condition {
        Condition::Eq(wanted) => is(wanted),
        Condition::NotEq(wanted) => !is(wanted),
        Condition::In(values) => values.iter().any(is),
        Condition::Range { from, to } => value.is_some_and(|value| {
            from.as_ref().is_none_or(|from| compare(value, from) != Ordering::Less)
                && to.as_ref().is_none_or(|to| compare(value, to) == Ordering::Less)
        }),
        Condition::Prefix(FilterValue::Text(start)) => matches!(value, Some(FilterValue::Text(text))
            if text.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase())),
        Condition::Prefix(FilterValue::Bytes(start)) => {
            matches!(value, Some(FilterValue::Bytes(octets)) if octets.starts_with(start))
        }
        Condition::Prefix(_) => false,
        Condition::Contains(part) => contains(value, &part.to_ascii_lowercase()),
        Condition::IsNull(wanted) => value.is_none() == *wanted,
    }
}

/// `part` is in small letters.
fn contains(value: Option<&FilterValue>, part: &str) -> bool {
    matches!(value, Some(FilterValue::Text(text)) if text.to_ascii_lowercase().contains(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Tool {
        id: i64,
        name: String,
        weight: Option<i64>,
        sharp: bool,
    }

    static TOOLS: HeldList<Tool> = HeldList {
        name: "tools",
        id: |tool| tool.id.into(),
        columns: &[
            HeldColumn { name: "name", value: |tool| Some(tool.name.clone().into()) },
            HeldColumn { name: "weight", value: |tool| tool.weight.map(FilterValue::from) },
            HeldColumn { name: "sharp", value: |tool| Some(tool.sharp.into()) },
        ],
        sorted: ("name", Direction::Ascending),
    };

    fn tools() -> Vec<Tool> {
        let tool = |id, name: &str, weight, sharp| Tool { id, name: name.to_owned(), weight, sharp };
        vec![
            tool(1, "Saw", Some(700), true),
            tool(2, "hammer", Some(900), false),
            tool(3, "chisel", None, true),
            tool(4, "saw", Some(700), true),
        ]
    }

    fn ids(query: &HeldQuery) -> Vec<i64> {
        TOOLS.page(tools(), query).unwrap().0.items.iter().map(|tool| tool.id).collect()
    }

    fn sorted(name: &str, direction: Direction) -> HeldQuery {
        HeldQuery { sort: Some((name.to_owned(), direction)), ..HeldQuery::default() }
    }

    fn with(name: &str, condition: Condition) -> HeldQuery {
        HeldQuery { conditions: vec![(name.to_owned(), condition)], ..HeldQuery::default() }
    }

    #[test]
    fn rows_stand_in_the_order_asked_for_and_nothing_stands_last() {
        assert_eq!(
            ids(&HeldQuery::default()),
            [1, 3, 2, 4],
            "as the list has it: by octets, as SQL compares"
        );
        assert_eq!(ids(&sorted("weight", Direction::Ascending)), [1, 4, 2, 3]);
        assert_eq!(ids(&sorted("weight", Direction::Descending)), [2, 4, 1, 3]);
        assert_eq!(ids(&sorted("sharp", Direction::Ascending)), [2, 1, 3, 4]);
    }

    #[test]
    fn conditions_keep_what_they_say() {
        let number = |n: i64| FilterValue::from(n);
        for (name, condition, found) in [
            ("name", Condition::Contains("SA".into()), &[1, 4][..]),
            ("name", Condition::Eq("saw".into()), &[4]),
            ("name", Condition::Prefix("h".into()), &[2]),
            ("name", Condition::In(vec!["chisel".into(), "Saw".into()]), &[1, 3]),
            ("weight", Condition::NotEq(number(700)), &[3, 2]),
            ("weight", Condition::Range { from: Some(number(700)), to: Some(number(900)) }, &[1, 4]),
            ("weight", Condition::IsNull(true), &[3]),
            ("sharp", Condition::Eq(false.into()), &[2]),
            // A text is no number, and a number contains nothing.
            ("weight", Condition::Eq("700".into()), &[]),
            ("weight", Condition::Contains("7".into()), &[]),
        ] {
            assert_eq!(ids(&with(name, condition.clone())), found, "{name} {condition:?}");
        }
        let search = HeldQuery { search: Some((&["name"], "mm".into())), ..HeldQuery::default() };
        assert_eq!(ids(&search), [2]);
    }

    #[test]
    fn what_the_list_does_not_have_is_refused_by_name() {
        let unknown = TOOLS.page(tools(), &with("price", Condition::IsNull(true))).unwrap_err();
        assert_eq!(unknown.to_string(), "there is no column 'price'; there are name, weight, sharp");
        assert!(TOOLS.page(tools(), &sorted("price", Direction::Ascending)).is_err());
        let many = with("name", Condition::In(vec!["x".into(); ALTERNATIVES + 1]));
        assert_eq!(TOOLS.page(tools(), &many).unwrap_err(), ListError::TooMany { name: "name" });
    }

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let first = HeldQuery { page: Page::first(1), ..HeldQuery::default() };
        let next = TOOLS.page(tools(), &first).unwrap().0.next;
        let other =
            HeldQuery { page: Page { limit: 1, after: next }, ..sorted("name", Direction::Descending) };
        assert_eq!(TOOLS.page(tools(), &other).unwrap_err(), ListError::Cursor(CursorError::OtherOrder));
    }

    proptest! {
        /// Page by page come the rows of one large page, each once; a row that goes away meanwhile, the
        /// cursor's own even, is the only one missing.
        #[test]
        fn pages_are_the_list(
            weights in proptest::collection::vec(proptest::option::of(0_i64..4), 0..30),
            limit in 1_u64..7,
            descending in any::<bool>(),
            gone in 0_usize..30,
        ) {
            let rows: Vec<Tool> = weights
                .iter()
                .zip(0..)
                .map(|(weight, id)| Tool { id, name: String::new(), weight: *weight, sharp: false })
                .collect();
            let direction = if descending { Direction::Descending } else { Direction::Ascending };
            let mut query = sorted("weight", direction);
            query.page = Page::first(PAGE_LIMIT);
            let (whole, count) = TOOLS.page(rows.clone(), &query).unwrap();
            prop_assert_eq!(count, Count::Exact(rows.len() as u64));
            prop_assert_eq!(whole.next, None);

            let mut found: Vec<Tool> = Vec::new();
            let mut left = rows.clone();
            query.page = Page::first(limit);
            loop {
                let (page, _) = TOOLS.page(left.clone(), &query).unwrap();
                prop_assert!(page.items.len() as u64 <= limit);
                let last = page.items.last().map(|tool| tool.id);
                found.extend(page.items);
                if found.len() > gone {
                    left.retain(|tool| Some(tool.id) != last);
                }
                match page.next {
                    Some(next) => query.page.after = Some(next),
                    None => break,
                }
            }
            prop_assert_eq!(found, whole.items);
        }
    }
}
