//! What is read back from the store, and what clients ask of lists.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use netwarden_model::Scope;
use netwarden_store::testing::TestStore;
use netwarden_store::{
    Column, ColumnKind, Condition, Direction, FilterValue, ListQuery, ListTable, Migration, Page, StoreError,
    Tx, execute, values,
};
use tokio::runtime::Runtime;

use crate::script::Script;

/// Any text as the stored body of an event: what is read is written, and read as the same.
pub fn event_body(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    match netwarden_spine::testing::rewrite_body(&text) {
        Ok(written) => {
            let again = netwarden_spine::testing::rewrite_body(&written);
            assert_eq!(again.as_ref(), Ok(&written), "{text}");
        }
        Err(reason) => assert!(!reason.is_empty() && reason.len() < 1_000 + 2 * text.len()),
    }
}

const MIGRATIONS: &[Migration] = &[Migration {
    name: "fuzz-0001-list",
    up: "CREATE TABLE listed (id {id}, name TEXT, mac {bytes} NOT NULL, on_air {bool} NOT NULL, size BIGINT);\n",
}];

static LIST: ListTable = ListTable {
    from: "listed",
    id: Column::new("id", "listed.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "listed.id", ColumnKind::Integer).sorts(),
        Column::new("name", "listed.name", ColumnKind::Text).nullable().sorts(),
        Column::new("mac", "listed.mac", ColumnKind::Bytes).sorts(),
        Column::new("on", "listed.on_air", ColumnKind::Bool),
        Column::new("size", "listed.size", ColumnKind::Integer).nullable().sorts(),
    ],
    scope: None,
};

/// A row, as the oracle keeps it.
#[derive(Debug, Clone)]
struct Row {
    id: i64,
    name: Option<String>,
    mac: Vec<u8>,
    on: bool,
    size: Option<i64>,
}

fn rows() -> Vec<Row> {
    let names = [
        "",
        "a",
        "A",
        "ab",
        "%",
        "_",
        "\\",
        "a%b",
        "a_b",
        "'; --",
        "é",
        "É",
        "abcdef",
        "ABCDEF",
        "100%",
        "日本語",
    ];
    let row = |(at, name): (usize, Option<&str>)| Row {
        id: at as i64 + 1,
        name: name.map(str::to_owned),
        mac: [&[0, 255, at as u8][..], &vec![at as u8; at % 5]].concat(),
        on: at % 3 == 0,
        size: (at % 4 != 0).then_some(at as i64 - 8),
    };
    names.into_iter().map(Some).chain([None, None]).enumerate().map(row).collect()
}

struct Place {
    runtime: Runtime,
    store: TestStore,
}

fn place() -> Place {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime.block_on(async {
        let place = TestStore::sqlite(&[MIGRATIONS]).await.unwrap();
        place
            .store
            .write(|tx: &Tx| {
                Box::pin(async move {
                    for row in rows() {
                        let sql =
                            "INSERT INTO listed (id, name, mac, on_air, size) VALUES ($1, $2, $3, $4, $5)";
                        execute(tx, sql, values![row.id, row.name, row.mac, row.on, row.size]).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await
            .unwrap();
        place
    });
    Place { runtime, store }
}

fn filter_value(script: &mut Script<'_>) -> FilterValue {
    match script.byte() % 8 {
        0 => FilterValue::Integer(i64::from(script.byte()) - 10),
        1 => FilterValue::Integer(script.long().cast_signed()),
        2 => FilterValue::Bytes(script.octets().to_vec()),
        3 => FilterValue::Bool(script.byte().is_multiple_of(2)),
        _ => FilterValue::Text(script.text()),
    }
}

fn condition(script: &mut Script<'_>) -> Condition {
    match script.byte() % 7 {
        0 => Condition::Eq(filter_value(script)),
        1 => Condition::NotEq(filter_value(script)),
        2 => Condition::In((0..script.byte() % 5).map(|_| filter_value(script)).collect()),
        3 => {
            let mut end = || (!script.byte().is_multiple_of(3)).then(|| filter_value(script));
            Condition::Range { from: end(), to: end() }
        }
        4 => Condition::Prefix(filter_value(script)),
        5 => Condition::Contains(script.text()),
        _ => Condition::IsNull(script.byte().is_multiple_of(2)),
    }
}

/// The row's value in a column; None for NULL.
fn cell(row: &Row, column: &str) -> Option<FilterValue> {
    match column {
        "id" => Some(FilterValue::Integer(row.id)),
        "name" => row.name.clone().map(FilterValue::Text),
        "mac" => Some(FilterValue::Bytes(row.mac.clone())),
        "on" => Some(FilterValue::Bool(row.on)),
        _ => row.size.map(FilterValue::Integer),
    }
}

fn order(a: &FilterValue, b: &FilterValue) -> std::cmp::Ordering {
    match (a, b) {
        (FilterValue::Integer(a), FilterValue::Integer(b)) => a.cmp(b),
        (FilterValue::Text(a), FilterValue::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (FilterValue::Bytes(a), FilterValue::Bytes(b)) => a.cmp(b),
        (FilterValue::Bool(a), FilterValue::Bool(b)) => a.cmp(b),
        _ => panic!("two kinds in one column"),
    }
}

/// What the condition means, without SQL.
fn meets(row: &Row, column: &str, condition: &Condition) -> bool {
    let cell = cell(row, column);
    let lower = |text: &str| text.to_ascii_lowercase();
    match (condition, &cell) {
        (Condition::IsNull(wanted), cell) => cell.is_none() == *wanted,
        (Condition::NotEq(value), cell) => cell.as_ref() != Some(value),
        (Condition::Range { from: None, to: None }, _) => true,
        (_, None) => false,
        (Condition::Eq(value), Some(cell)) => cell == value,
        (Condition::In(values), Some(cell)) => values.contains(cell),
        (Condition::Range { from, to }, Some(cell)) => {
            from.as_ref().is_none_or(|from| order(cell, from).is_ge())
                && to.as_ref().is_none_or(|to| order(cell, to).is_lt())
        }
        (Condition::Prefix(FilterValue::Text(prefix)), Some(FilterValue::Text(cell))) => {
            lower(cell).starts_with(&lower(prefix))
        }
        (Condition::Prefix(FilterValue::Bytes(prefix)), Some(FilterValue::Bytes(cell))) => {
            cell.starts_with(prefix)
        }
        (Condition::Contains(part), Some(FilterValue::Text(cell))) => lower(cell).contains(&lower(part)),
        _ => panic!("a condition of another kind was accepted"),
    }
}

/// Filters, sorting, pages and cursors as clients send them, on a real table: the pages together are what the
/// same question gives without SQL, in order, each row once.
pub fn list_query(octets: &[u8]) {
    thread_local! {
        // Leaked: a runtime is not to be taken down while a thread's own values are.
        static PLACE: OnceCell<&'static Place> = const { OnceCell::new() };
    }
    PLACE.with(|place_cell| {
        let place = place_cell.get_or_init(|| Box::leak(Box::new(place())));
        place.runtime.block_on(asked(octets, &place.store));
    });
}

async fn asked(octets: &[u8], place: &TestStore) {
    let mut script = Script(octets);
    let mut query = ListQuery::new(&LIST, &Scope::All);
    let mut wanted = Vec::new();
    for _ in 0..script.byte() % 4 {
        let column = match script.byte() % 6 {
            5 => script.text(),
            known => ["id", "name", "mac", "on", "size"][usize::from(known)].to_owned(),
        };
        let condition = condition(&mut script);
        match query.clone().filter(&column, condition.clone()) {
            Ok(filtered) => {
                query = filtered;
                wanted.push((column, condition));
            }
            Err(error) => assert!(error.to_string().len() < 800, "{error}"),
        }
    }
    let direction = if script.byte() % 2 == 0 { Direction::Ascending } else { Direction::Descending };
    let sort = *script.choose(&["id", "name", "mac", "size"]);
    query = query.sort(sort, direction).unwrap();
    let limit = u64::from(script.byte() % 20);
    // A cursor from anywhere is refused, or goes on somewhere in this list.
    if script.byte() % 4 == 0 {
        let after = script.text();
        let page = Page { limit, after: Some(after) };
        if let Ok(listed) = query.clone().page(page).fetch(place.store.read(), "listed.id AS id").await {
            assert!(listed.items.len() as u64 <= limit.max(1));
        }
    }
    let mut found = Vec::new();
    let mut after = None;
    for _ in 0..rows().len() + 1 {
        let page = Page { limit, after: after.take() };
        let listed = query.clone().page(page).fetch(place.store.read(), "listed.id AS id").await.unwrap();
        for item in &listed.items {
            found.push(item.try_get::<i64>("", "id").unwrap());
        }
        after = listed.next;
        if after.is_none() {
            break;
        }
    }
    assert!(after.is_none(), "a list without end");
    let all: Vec<Row> = rows();
    let expected: BTreeSet<i64> = all
        .iter()
        .filter(|row| wanted.iter().all(|(column, condition)| meets(row, column, condition)))
        .map(|row| row.id)
        .collect();
    assert_eq!(found.iter().copied().collect::<BTreeSet<i64>>(), expected, "{wanted:?} by {sort}");
    assert_eq!(found.len(), expected.len(), "a row twice");
    let row = |id: &i64| all.iter().find(|row| row.id == *id).unwrap();
    for pair in found.windows(2) {
        let (a, b) = (cell(row(&pair[0]), sort), cell(row(&pair[1]), sort));
        let in_order = match (&a, &b) {
            (Some(a), Some(b)) if direction == Direction::Ascending => order(a, b).is_le(),
            (Some(a), Some(b)) => order(a, b).is_ge(),
            (None, Some(_)) => false,
            _ => true,
        };
        assert!(in_order, "{a:?} before {b:?}");
    }
}
