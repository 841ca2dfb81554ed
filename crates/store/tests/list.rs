//! Lists against a reference that sorts and filters in memory.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use netwarden_model::{NeId, Scope};
use netwarden_store::testing::TestStore;
use netwarden_store::{
    Column, ColumnKind, Condition, Count, Dialect, Direction, FilterValue, ListError, ListQuery, ListTable,
    Migration, Page, StoreError, Value, insert_many,
};

const SCHEMA: &[Migration] = &[Migration {
    name: "test-0001-things",
    up: "CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, note TEXT, size SMALLINT, mac {bytes} NOT NULL, ne BIGINT, ok {bool} NOT NULL);
{sqlite} CREATE VIRTUAL TABLE things_text USING fts5 (name, content='things', content_rowid='id', tokenize='trigram');
{sqlite} CREATE TRIGGER things_added AFTER INSERT ON things BEGIN
{sqlite} INSERT INTO things_text (rowid, name) VALUES (new.id, new.name);
{sqlite} END;
",
}];

static THINGS: ListTable = ListTable {
    from: "things",
    id: Column::new("id", "id", ColumnKind::Integer),
    columns: &[
        Column::new("id", "id", ColumnKind::Integer).sorts(),
        Column::new("name", "name", ColumnKind::Text).sorts().trigram("things_text"),
        Column::new("called", "name", ColumnKind::Text).trigram_among("things_text"),
        Column::new("remark", "note", ColumnKind::Text).nullable().few("things", "note"),
        Column::new("note", "note", ColumnKind::Text).nullable().sorts(),
        Column::new("size", "size", ColumnKind::Integer).nullable().sorts(),
        Column::new("mac", "mac", ColumnKind::Bytes).sorts(),
        Column::new("ok", "ok", ColumnKind::Bool),
    ],
    scope: Some("ne"),
};

#[derive(Debug, Clone)]
struct Thing {
    id: i64,
    name: String,
    note: Option<String>,
    size: Option<i64>,
    mac: Vec<u8>,
    ne: Option<i64>,
    ok: bool,
}

fn things() -> Vec<Thing> {
    (1..=157_i64)
        .map(|id| Thing {
            id,
            name: format!(
                "{} {}",
                ["Printer", "phone", "100%_sure", "back\\slash"][(id % 4) as usize],
                id % 9
            ),
            note: (id % 3 != 0).then(|| format!("note {}", id % 5)),
            size: (id % 7 != 0).then_some(id % 11),
            mac: vec![(id % 2) as u8 * 0xff, 0xff, id as u8],
            ne: (id % 6 != 0).then_some(id % 4),
            ok: id % 2 == 0,
        })
        .collect()
}

async fn stores() -> Vec<TestStore> {
    let tests = TestStore::all(&[SCHEMA]).await.unwrap();
    for test in &tests {
        let inserted = test.store.write::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let rows = things().into_iter().map(|it| {
                    vec![
                        it.id.into(),
                        it.name.into(),
                        Value::String(it.note),
                        Value::BigInt(it.size),
                        it.mac.into(),
                        Value::BigInt(it.ne),
                        it.ok.into(),
                    ]
                });
                insert_many(tx, "things", &["id", "name", "note", "size", "mac", "ne", "ok"], rows).await
            })
        });
        assert_eq!(inserted.await.unwrap(), 157);
    }
    tests
}

/// All ids, page by page.
async fn walk(test: &TestStore, query: ListQuery, limit: u64) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut page = Page::first(limit);
    loop {
        let listed = query.clone().page(page.clone()).fetch(test.store.read(), "id").await.unwrap();
        assert!(listed.items.len() as u64 <= limit);
        ids.extend(listed.items.iter().map(|row| row.try_get::<i64>("", "id").unwrap()));
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn pages_together_are_the_whole_list_in_order() {
    for test in stores().await {
        for column in ["id", "name", "note", "size", "mac"] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut expected = things();
                expected.sort_by(|a, b| {
                    let by = match column {
                        "id" => a.id.cmp(&b.id),
                        "name" => a.name.cmp(&b.name),
                        "note" => nulls_last(&a.note, &b.note, direction),
                        "size" => nulls_last(&a.size, &b.size, direction),
                        _ => a.mac.cmp(&b.mac),
                    };
                    let by = by.then(a.id.cmp(&b.id));
                    if direction == Direction::Descending { by.reverse() } else { by }
                });
                let expected: Vec<i64> = expected.iter().map(|it| it.id).collect();
                for limit in [1, 7, 156, 157, 1_000] {
                    let query = ListQuery::new(&THINGS, &Scope::All).sort(column, direction).unwrap();
                    let found = walk(&test, query, limit).await;
                    assert_eq!(found, expected, "{column} {direction:?} by {limit}");
                }
            }
        }
    }
}

/// The order that the caller reverses for descending, so that NULL ends up last in both.
fn nulls_last<T: Ord>(a: &Option<T>, b: &Option<T>, direction: Direction) -> std::cmp::Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (None, None) => std::cmp::Ordering::Equal,
        (a, _) => {
            let last = if a.is_none() { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
            if direction == Direction::Descending { last.reverse() } else { last }
        }
    }
}

#[tokio::test]
async fn filters_list_what_they_say() {
    type Keep = fn(&Thing) -> bool;
    let cases: Vec<(&str, Condition, Keep)> = vec![
        ("name", Condition::Eq("phone 1".into()), |it| it.name == "phone 1"),
        ("name", Condition::Prefix("PRINT".into()), |it| it.name.starts_with("Printer")),
        ("name", Condition::Contains("RINTER 3".into()), |it| it.name == "Printer 3"),
        ("name", Condition::Contains("%".into()), |it| it.name.contains('%')),
        ("name", Condition::Contains("0%_s".into()), |it| it.name.contains("0%_s")),
        ("name", Condition::Contains("k\\s".into()), |it| it.name.contains("k\\s")),
        ("name", Condition::Contains("_".into()), |it| it.name.contains('_')),
        ("name", Condition::Contains("' OR 1=1 --".into()), |_| false),
        ("name", Condition::Contains("\"*".into()), |_| false),
        ("name", Condition::Contains("x\" OR \"Printer".into()), |_| false),
        ("called", Condition::Contains("RINTER 3".into()), |it| it.name == "Printer 3"),
        ("called", Condition::Contains("0%_s".into()), |it| it.name.contains("0%_s")),
        ("called", Condition::Contains("k\\".into()), |it| it.name.contains("k\\")),
        ("remark", Condition::Contains("NOTE 1".into()), |it| {
            it.note.as_ref().is_some_and(|note| note.contains("note 1"))
        }),
        ("remark", Condition::Contains("no such".into()), |_| false),
        ("note", Condition::NotEq("note 1".into()), |it| it.note.as_deref() != Some("note 1")),
        ("note", Condition::IsNull(true), |it| it.note.is_none()),
        ("note", Condition::IsNull(false), |it| it.note.is_some()),
        ("size", Condition::In(vec![2.into(), 5.into()]), |it| matches!(it.size, Some(2 | 5))),
        ("size", Condition::In(vec![]), |_| false),
        ("size", Condition::Range { from: Some(3.into()), to: Some(6.into()) }, |it| {
            it.size.is_some_and(|size| (3..6).contains(&size))
        }),
        ("size", Condition::Range { from: None, to: None }, |_| true),
        ("mac", Condition::Prefix(vec![0xff, 0xff].into()), |it| it.mac.starts_with(&[0xff, 0xff])),
        ("mac", Condition::Prefix(vec![0, 0xff].into()), |it| it.mac.starts_with(&[0, 0xff])),
        ("mac", Condition::Eq(vec![0xff, 0xff, 9].into()), |it| it.mac == [0xff, 0xff, 9]),
        ("ok", Condition::Eq(true.into()), |it| it.ok),
    ];
    for test in stores().await {
        for (name, condition, keep) in &cases {
            let query = ListQuery::new(&THINGS, &Scope::All).filter(name, condition.clone()).unwrap();
            let expected: Vec<i64> = things().iter().filter(|it| keep(it)).map(|it| it.id).collect();
            assert_eq!(query.count(test.store.read()).await.unwrap(), Count::Exact(expected.len() as u64));
            assert_eq!(walk(&test, query, 10).await, expected, "{name} {condition:?}");
        }
        let query = ListQuery::new(&THINGS, &Scope::All).search(&["name", "note"], "e 4").unwrap();
        let expected = things();
        let expected: Vec<i64> = expected
            .iter()
            .filter(|it| it.name.contains("e 4") || it.note.as_ref().is_some_and(|note| note.contains("e 4")))
            .map(|it| it.id)
            .collect();
        assert_eq!(walk(&test, query, 10).await, expected);
        let query = ListQuery::new(&THINGS, &Scope::All).and("id > ? AND id < ?", vec![5.into(), 9.into()]);
        assert_eq!(walk(&test, query.unwrap(), 10).await, [6, 7, 8]);
    }
}

#[test]
fn what_texts_contain_is_counted_less_far() {
    let counted = |condition: Condition| {
        let query = ListQuery::new(&THINGS, &Scope::All).filter("name", condition);
        query.unwrap().select_count(Dialect::Sqlite).0
    };
    // Too short for the index: each row is looked at.
    let sql = counted(Condition::Contains("pr".into()));
    assert!(sql.contains("FROM things") && sql.contains("LIMIT 101)"), "{sql}");
    // The index knows how many there are, where nothing else is wanted of the rows.
    let sql = counted(Condition::Contains("pri".into()));
    assert!(!sql.contains("FROM things ") && sql.contains("LIMIT 1001)"), "{sql}");
    let of_some = ListQuery::new(&THINGS, &Scope::from([NeId(1)]));
    let of_some = of_some.filter("name", Condition::Contains("pri".into())).unwrap();
    let sql = of_some.select_count(Dialect::Sqlite).0;
    assert!(sql.contains("FROM things") && sql.contains("LIMIT 1001)"), "{sql}");
    let sql = counted(Condition::Eq("pri".into()));
    assert!(sql.contains("LIMIT 10001)"), "{sql}");
}

#[tokio::test]
async fn nothing_outside_the_scope_is_listed() {
    for test in stores().await {
        for elements in [vec![], vec![2], vec![1, 3]] {
            let scope = Scope::Elements(std::sync::Arc::new(elements.iter().copied().map(NeId).collect()));
            let expected: Vec<i64> =
                things().iter().filter(|it| scope.contains(it.ne.map(NeId))).map(|it| it.id).collect();
            let query = ListQuery::new(&THINGS, &scope);
            assert_eq!(walk(&test, query.clone(), 9).await, expected);
            assert_eq!(query.count(test.store.read()).await.unwrap(), Count::Exact(expected.len() as u64));
            // A cursor from a wider list does not widen it.
            let wide = ListQuery::new(&THINGS, &Scope::All).page(Page::first(1));
            let next = wide.fetch(test.store.read(), "id").await.unwrap().next;
            let page = Page { limit: 1_000, after: next };
            let listed = query.page(page).fetch(test.store.read(), "id, ne").await.unwrap();
            for row in listed.items {
                assert!(scope.contains(row.try_get::<Option<i64>>("", "ne").unwrap().map(NeId)));
            }
        }
    }
}

#[test]
fn what_a_list_does_not_offer_is_refused_in_words() {
    let query = || ListQuery::new(&THINGS, &Scope::All);
    let injected = "id; DROP TABLE things";
    assert!(matches!(query().sort(injected, Direction::Ascending), Err(ListError::UnknownColumn { .. })));
    assert!(matches!(
        query().filter(injected, Condition::IsNull(true)),
        Err(ListError::UnknownColumn { .. })
    ));
    assert!(matches!(query().sort("ok", Direction::Ascending), Err(ListError::NotSortable { .. })));
    for (name, condition) in [
        ("size", Condition::Eq("three".into())),
        ("size", Condition::Contains("3".into())),
        ("ok", Condition::Range { from: Some(true.into()), to: None }),
        ("mac", Condition::Prefix("ff".into())),
        ("name", Condition::Eq(FilterValue::Integer(1))),
    ] {
        let refused = query().filter(name, condition.clone());
        assert!(matches!(refused, Err(ListError::WrongCondition { .. })), "{name} {condition:?}");
    }
    // SQLite's LIKE would read it as "a" and list more than was asked for.
    let nul = || FilterValue::from("a\0b");
    for condition in [
        Condition::Contains("a\0b".into()),
        Condition::Eq(nul()),
        Condition::NotEq(nul()),
        Condition::Prefix(nul()),
        Condition::In(vec!["a".into(), nul()]),
        Condition::Range { from: None, to: Some(nul()) },
    ] {
        let refused = query().filter("name", condition.clone());
        assert!(matches!(refused, Err(ListError::Nul { name: "name" })), "{condition:?}");
    }
    let many = Condition::In((0..1_001_i64).map(FilterValue::from).collect());
    assert!(matches!(query().filter("size", many), Err(ListError::TooMany { .. })));
    assert!(matches!(query().and("id = ?", vec![]), Err(ListError::Placeholders { .. })));
    let other = query().page(Page { limit: 1, after: Some("AQAAAAABAAAAAAAAAAE".into()) });
    assert!(matches!(other.select(Dialect::Sqlite, "id"), Err(ListError::Cursor(_))));
}

#[test]
fn clients_never_write_sql() {
    let hostile = "x' OR '1'='1";
    let (sql, values) = ListQuery::new(&THINGS, &Scope::All)
        .filter("name", Condition::Contains(hostile.into()))
        .unwrap()
        .filter("note", Condition::Eq(hostile.into()))
        .unwrap()
        .sort("note", Direction::Descending)
        .unwrap()
        .select(Dialect::Postgres, "id")
        .unwrap();
    assert_eq!(
        sql,
        "SELECT id, note AS list_sort, CAST(id AS BIGINT) AS list_id FROM things WHERE id IN \
         (SELECT id FROM things WHERE name ILIKE $1 ESCAPE '\\' AND note = $2 \
         ORDER BY note DESC NULLS LAST, id DESC LIMIT 101) ORDER BY note DESC NULLS LAST, id DESC LIMIT 101"
    );
    assert_eq!(values.len(), 2);
}
