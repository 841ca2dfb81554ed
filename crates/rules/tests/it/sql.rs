//! The rules' tables, on every database that there is.

use netwarden_model::*;
use netwarden_rules::sql::{self, RuleStoreError};
use netwarden_rules::*;
use netwarden_store::testing::TestStore;
use netwarden_store::{Condition as Only, Direction, Page};

use crate::events::{at, new_endpoint, rule};

async fn write<T: Send + 'static>(
    store: &TestStore,
    job: impl for<'t> FnOnce(
        &'t netwarden_store::Tx,
    )
        -> std::pin::Pin<Box<dyn Future<Output = Result<T, RuleStoreError>> + Send + 't>>
    + Send
    + 'static,
) -> Result<T, RuleStoreError> {
    store.store.write(job).await
}

fn fresh(name: &str) -> Rule {
    Rule {
        name: name.into(),
        ..rule(0, &[EventKind::NewEndpoint], "endpoint.status == 'new'", vec![Reaction::ShutPort])
    }
}

// proves: NAC-10
#[tokio::test]
async fn rules_are_kept_edited_enabled_disabled_and_deleted() {
    for store in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let first = write(&store, |tx| Box::pin(sql::add(tx, fresh("one"), at(0), "ann"))).await.unwrap();
        assert_eq!(first.revision, RuleRevision(1));
        let second =
            write(&store, |tx| Box::pin(sql::add(tx, Rule { enabled: false, ..fresh("two") }, at(1), "ann")))
                .await
                .unwrap();
        assert_ne!(first.id, second.id);
        let taken = write(&store, |tx| Box::pin(sql::add(tx, fresh("one"), at(1), "bob"))).await;
        assert!(matches!(taken, Err(RuleStoreError::NameTaken(name)) if name == "one"));
        let broken = write(&store, |tx| {
            Box::pin(sql::add(tx, Rule { condition: "x".into(), ..fresh("three") }, at(1), "bob"))
        })
        .await;
        assert!(matches!(broken, Err(RuleStoreError::Rule(_))));

        let edited = Rule { name: "one, better".into(), ..first.clone() };
        let again = edited.clone();
        let edited = write(&store, move |tx| Box::pin(sql::edit(tx, edited, at(2), "bob"))).await.unwrap();
        assert_eq!(edited.revision, RuleRevision(2));
        let outdated = write(&store, move |tx| Box::pin(sql::edit(tx, again, at(3), "cid"))).await;
        assert!(matches!(outdated, Err(RuleStoreError::Outdated { present: RuleRevision(2), .. })));
        let clash = Rule { name: "two".into(), ..edited.clone() };
        let clash = write(&store, move |tx| Box::pin(sql::edit(tx, clash, at(3), "cid"))).await;
        assert!(matches!(clash, Err(RuleStoreError::NameTaken(_))));

        let id = second.id;
        let (enabled, did) =
            write(&store, move |tx| Box::pin(sql::set_enabled(tx, id, true, at(4)))).await.unwrap();
        assert!(enabled.enabled && did && enabled.revision == RuleRevision(1));
        let (_, did) =
            write(&store, move |tx| Box::pin(sql::set_enabled(tx, id, true, at(5)))).await.unwrap();
        assert!(!did);

        let read = store.store.read();
        assert_eq!(sql::show(read, first.id).await.unwrap().rule, edited);
        assert_eq!(sql::find(read, "two").await.unwrap(), Some(second.id));
        let query =
            sql::list_query().unwrap().sort("name", Direction::Descending).unwrap().page(Page::first(1));
        let page = sql::list(read, &query).await.unwrap();
        assert_eq!(page.items[0].rule.name, "two");
        let page = sql::list(read, &query.clone().page(Page { limit: 1, after: page.next })).await.unwrap();
        assert_eq!((page.items[0].rule.name.as_str(), page.next), ("one, better", None));
        let query = sql::list_query().unwrap().filter("enabled", Only::Eq(false.into())).unwrap();
        assert!(sql::list(read, &query).await.unwrap().items.is_empty());

        let gone = first.id;
        write(&store, move |tx| Box::pin(sql::delete(tx, gone, at(6)))).await.unwrap();
        assert!(matches!(sql::show(read, gone).await, Err(RuleStoreError::NoRule(_))));
        assert_eq!(sql::all(read).await.unwrap().len(), 1);
        let revisions = sql::revisions(read, gone).await.unwrap();
        let written: Vec<(&str, &str)> =
            revisions.iter().map(|r| (r.rule.name.as_str(), r.written_by.as_str())).collect();
        assert_eq!(written, [("one", "ann"), ("one, better", "bob")]);
        let free = write(&store, |tx| Box::pin(sql::add(tx, fresh("one, better"), at(7), "ann"))).await;
        assert!(free.is_ok(), "a deleted rule's name is free: {free:?}");
    }
}

#[tokio::test]
async fn what_was_judged_and_remembered_comes_back() {
    for store in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let added = write(&store, |tx| {
            Box::pin(sql::add(
                tx,
                Rule {
                    period: Some(Period { every: Some(jiff::SignedDuration::from_mins(5)), schedule: None }),
                    ..fresh("one")
                },
                at(0),
                "ann",
            ))
        })
        .await
        .unwrap();
        let id = added.id;
        let mut book = RuleBook::new(Settings::default());
        let mut state = RuleState::default();
        book.learn(sql::revision(store.store.read(), id, added.revision).await.unwrap().rule);
        let mut steps = vec![book.judge(&mut state, &crate::events::changed(1, 0, id.0, 1, true))];
        steps.push(book.judge(&mut state, &new_endpoint(2, 10, 1)));
        assert_eq!(steps[1].judgement.decisions.len(), 1);
        let changes: Vec<RuleChange> = steps.iter().filter_map(|step| step.change).collect();
        for second in [0, 1] {
            let (rows, changes) = (state.take_changes(), if second == 0 { changes.clone() } else { vec![] });
            write(&store, move |tx| Box::pin(async move { Ok(sql::store_step(tx, &rows, &changes).await?) }))
                .await
                .unwrap();
            judge(book.current(), &mut state, &new_endpoint(3, 400, 1));
        }
        let read = store.store.read();
        let mut again = RuleBook::load(
            Settings::default(),
            sql::judging_revisions(read).await.unwrap(),
            sql::changes(read).await.unwrap(),
        );
        let mut remembered = RuleState::load(sql::state(read).await.unwrap());
        assert_eq!(remembered.rows().count(), 2);
        assert!(again.judge(&mut remembered, &new_endpoint(4, 500, 1)).judgement.decisions.is_empty());
        let over = remembered.expire(at(1000));
        assert_eq!(over.len(), 1);
        write(&store, move |tx| Box::pin(async move { Ok(sql::forget(tx, &over).await?) })).await.unwrap();
        assert_eq!(sql::state(read).await.unwrap().len(), 1);
    }
}
