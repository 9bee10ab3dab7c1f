use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Account {
    cents: i64,
}

fn account(cents: i64) -> Account {
    Account { cents }
}

async fn transfer(table: Table, from: String, to: String, cents: i64) -> Result<(), TableError> {
    table
        .atomically(async |transaction| {
            let payer = transaction.get::<Account>(from.clone()).await?.unwrap_or(account(0));
            // Another task runs between the reads.
            tokio::task::yield_now().await;
            let payee = transaction.get::<Account>(to.clone()).await?.unwrap_or(account(0));
            transaction.put(from.clone(), &account(payer.cents - cents))?;
            transaction.put(to.clone(), &account(payee.cents + cents))
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn no_transfer_is_lost_when_many_run_at_the_same_time() {
    let table = Table::in_memory();
    let tasks: tokio::task::JoinSet<_> = (0..40_i64)
        .map(|n| transfer(table.clone(), format!("account#{}", n % 4), format!("account#{}", (n + 1) % 4), n))
        .collect();
    for outcome in tasks.join_all().await {
        outcome.unwrap();
    }
    let mut expected = [0; 4];
    for n in 0..40_i64 {
        expected[n as usize % 4] -= n;
        expected[(n as usize + 1) % 4] += n;
    }
    for (n, cents) in expected.into_iter().enumerate() {
        assert_eq!(table.get(format!("account#{n}")).await.unwrap(), Some(account(cents)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_of_many_puts_if_absent_is_stored() {
    let table = Table::in_memory();
    let tasks: tokio::task::JoinSet<_> = (0..20)
        .map(|n| {
            let table = table.clone();
            async move { table.put_if_absent("a", &account(n)).await.unwrap() }
        })
        .collect();
    let outcomes = tasks.join_all().await;
    let stored = table.get::<Account>("a").await.unwrap().unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == PutIfAbsent::Stored).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == PutIfAbsent::Present(stored.clone())).count(), 19);
}

#[tokio::test]
async fn work_that_fails_writes_nothing() {
    let table = Table::in_memory();
    let outcome = table
        .atomically(async |transaction| -> Result<(), BoxError> {
            transaction.put("a", &account(1))?;
            assert_eq!(transaction.get("a").await?, Some(account(1)), "its own write");
            transaction.delete("a")?;
            assert_eq!(transaction.get::<Account>("a").await?, None);
            transaction.put("a", &account(2))?;
            Err("no".into())
        })
        .await;
    assert_eq!(outcome.unwrap_err().to_string(), "no");
    assert_eq!(table.get::<Account>("a").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_only_read_must_be_unchanged_too() {
    let table = Table::in_memory();
    table.put("rate", &account(2)).await.unwrap();
    let runs = std::cell::Cell::new(0);
    let priced = table.atomically(async |transaction| {
        let rate = transaction.get::<Account>("rate").await?.map_or(0, |rate| rate.cents);
        runs.set(runs.get() + 1);
        if runs.get() == 1 {
            table.put("rate", &account(3)).await?;
        }
        transaction.put("price", &account(rate * 100))
    });
    priced.await.unwrap();
    assert_eq!((table.get("price").await.unwrap(), runs.get()), (Some(account(300)), 2));
}

#[tokio::test(start_paused = true)]
async fn what_a_transaction_has_read_is_of_one_time_also_if_it_writes_nothing_or_fails() {
    let table = Table::in_memory();
    for fails in [false, true] {
        table.put("a", &account(100)).await.unwrap();
        table.put("b", &account(0)).await.unwrap();
        let runs = std::cell::Cell::new(0);
        let sum = table.atomically(async |transaction| -> Result<i64, BoxError> {
            let a = transaction.get::<Account>("a").await?.map_or(0, |a| a.cents);
            runs.set(runs.get() + 1);
            if runs.get() == 1 {
                transfer(table.clone(), "a".into(), "b".into(), 100).await?;
            }
            let b = transaction.get::<Account>("b").await?.map_or(0, |b| b.cents);
            if fails { Err((a + b).to_string().into()) } else { Ok(a + b) }
        });
        let sum = sum.await.map_or_else(|error| error.to_string(), |sum| sum.to_string());
        assert_eq!((sum.as_str(), runs.get()), ("100", 2), "fails: {fails}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_read_twice_at_the_same_time_is_read_once() {
    let table = Table::in_memory();
    table.put("a", &account(10)).await.unwrap();
    let took = table.atomically(async |transaction| {
        let first = transaction.get::<Account>("a");
        let second = async {
            table.put("a", &account(transaction.get::<Account>("a").await?.map_or(0, |a| a.cents) - 1)).await?;
            transaction.get::<Account>("a").await
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first?, second?);
        Err::<(), BoxError>("stop".into())
    });
    assert_eq!(took.await.unwrap_err().to_string(), "stop");
}

#[tokio::test]
async fn an_item_that_is_changed_keeps_its_expiry_and_its_index() {
    let table = Table::in_memory();
    let expiry = SystemTime::now() + Duration::from_secs(2);
    table.put_item(Item::new("a", &account(1)).unwrap().index(("x", "1")).expires_at(expiry)).await.unwrap();
    let changed = table.atomically(async |transaction| {
        let old = transaction.get::<Account>("a").await?.map_or(0, |old| old.cents);
        transaction.put("a", &account(old + 1))?;
        transaction.put("a", &account(old + 2))
    });
    changed.await.unwrap();
    let found = table.query::<Account>("x").index().send().await.unwrap();
    assert_eq!((&found[0].value, found[0].index.as_ref()), (&account(3), Some(&Key::new("x", "1"))));
    assert!(table.row(&Key::from("a")).await.unwrap().unwrap().expires_at.is_some());

    table.atomically(async |transaction| transaction.put("a", &account(4))).await.unwrap();
    assert_eq!(table.query::<Account>("x").index().send().await.unwrap(), [], "it was not read");
}

#[tokio::test]
async fn a_handle_of_a_transaction_that_has_ended_is_of_no_use() {
    let table = Table::in_memory();
    let kept = table.atomically(async |transaction| Ok::<_, TableError>(transaction)).await.unwrap();
    let ended = "the transaction has ended: use its handle within the work alone";
    assert_eq!(kept.put("a", &account(1)).unwrap_err().to_string(), ended);
    assert_eq!(kept.delete("a").unwrap_err().to_string(), ended);
    assert_eq!(kept.get::<Account>("a").await.unwrap_err().to_string(), ended);
}

#[tokio::test]
async fn a_transaction_has_at_most_100_items() {
    let table = Table::in_memory();
    for (count, is_allowed) in [(100, true), (101, false)] {
        let outcome = table.atomically(async |transaction| {
            (0..count).try_for_each(|n| transaction.put(format!("item#{n}"), &account(n)))
        });
        assert_eq!(outcome.await.is_ok(), is_allowed);
    }
}

#[tokio::test]
async fn debug_shows_neither_a_value_nor_a_key() {
    let table = Table::in_memory();
    let item = Item::new("ada@example.com", &json!({ "pan": "4111" })).unwrap().index(("secret", "x"));
    let text = format!("{item:?} {:?} {table:?}", table.query::<Value>("ada@example.com").prefix("secret"));
    assert!(!["ada", "4111", "secret"].iter().any(|hidden| text.contains(hidden)), "{text}");
}

#[tokio::test(start_paused = true)]
async fn items_that_change_in_each_attempt_are_a_conflict() {
    let table = Table::in_memory();
    let outcome = table.atomically(async |transaction| {
        let seen = transaction.get::<Account>("a").await?.map_or(0, |seen| seen.cents);
        table.put("a", &account(seen + 1)).await?;
        transaction.put("a", &account(seen))
    });
    let error = outcome.await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(table.get("a").await.unwrap(), Some(account(i64::from(ATTEMPTS))), "only the others have written");
}

#[tokio::test]
async fn an_item_that_has_expired_is_absent() {
    let table = Table::in_memory();
    let item = |key: &str, cents, at| Item::new(key, &account(cents)).unwrap().expires_at(at);
    let (past, future) = (SystemTime::now() - Duration::from_secs(2), SystemTime::now() + Duration::from_secs(60));
    table.put_item(item("old", 1, past)).await.unwrap();
    table.put_item(item("new", 1, future)).await.unwrap();
    assert_eq!(table.get::<Account>("old").await.unwrap(), None);
    assert_eq!(table.get("new").await.unwrap(), Some(account(1)));
    assert_eq!(table.query::<Account>("old").send().await.unwrap(), []);
    assert_eq!(
        table.put_item_if_absent::<Account>(item("new", 2, future)).await.unwrap(),
        PutIfAbsent::Present(account(1))
    );
    assert_eq!(table.put_item_if_absent::<Account>(item("old", 2, future)).await.unwrap(), PutIfAbsent::Stored);
    assert_eq!(table.get("old").await.unwrap(), Some(account(2)));

    table.put_item(item("old", 3, past)).await.unwrap();
    let seen = table.atomically(async |transaction| {
        let seen = transaction.get::<Account>("old").await?;
        transaction.put("old", &account(4))?;
        Ok::<_, TableError>(seen)
    });
    assert_eq!(seen.await.unwrap(), None);
    assert_eq!(table.get("old").await.unwrap(), Some(account(4)));
}

#[tokio::test]
async fn a_value_or_a_key_that_cannot_be_stored_is_an_error_without_the_value() {
    let table = Table::in_memory();
    let said = |outcome: Result<(), TableError>| outcome.unwrap_err().to_string();
    for name in item::OWN {
        let error = said(table.put("a", &json!({ name: "secret" })).await);
        assert_eq!(error, format!("the value of an item must not have a field `{name}`: rename it"));
    }
    for value in [json!(1), json!("secret"), json!([]), json!(null)] {
        assert_eq!(said(table.put("a", &value).await), "the value of an item must be a struct or a map");
    }
    assert_eq!(said(table.put("", &account(1)).await), "the partition key must not be empty");
    assert_eq!(said(table.put(("a", ""), &account(1)).await), "the sort key must not be empty");
    assert_eq!(said(table.delete("a".repeat(2049)).await), "the partition key must have at most 2048 bytes");
    assert_eq!(
        said(table.put(("a", "b".repeat(1025)), &account(1)).await),
        "the sort key must have at most 1024 bytes"
    );
    let indexed = Item::new("a", &account(1)).unwrap().index(("", "b"));
    assert_eq!(said(table.put_item(indexed).await), "the partition key must not be empty");

    table.put("a", &json!({ "cents": "secret" })).await.unwrap();
    let error = table.get::<Account>("a").await.unwrap_err();
    let text = format!("{error} {error:?} {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains("cannot be read as `") && !text.contains("secret"), "{text}");
}

/// A second implementation: the definition of each restriction, applied to each item.
#[tokio::test]
async fn a_query_returns_the_items_within_all_its_restrictions() {
    let sorts =
        ["", "a", "a\0", "aa", "ab", "a\u{d7ff}", "a\u{e000}", "a\u{10ffff}", "a\u{10ffff}b", "b", "ä", "\u{10ffff}"];
    let table = Table::in_memory();
    let mut sorted: Vec<&str> = sorts[1..].to_vec();
    sorted.sort_unstable();
    for sort in &sorted {
        let item = Item::new((format!("other {sort}"), "-"), &json!({ "sort": sort })).unwrap();
        table.put_item(item.index(("p", *sort))).await.unwrap();
        table.put(("p", *sort), &json!({ "sort": sort })).await.unwrap();
    }
    for prefix in sorts {
        for after in sorts {
            for before in sorts {
                let is_in = |sort: &&&str| {
                    sort.starts_with(prefix)
                        && (after.is_empty() || **sort > after)
                        && (before.is_empty() || **sort < before)
                };
                let expected: Vec<&&str> = sorted.iter().filter(is_in).collect();
                for index in [false, true] {
                    let mut query = table.query::<Value>("p").prefix(prefix);
                    for (text, apply) in [(after, Query::after as fn(_, &str) -> _), (before, Query::before)] {
                        query = if text.is_empty() { query } else { apply(query, text) };
                    }
                    let query = if index { query.index() } else { query };
                    let found = query.send().await.unwrap();
                    let found: Vec<&str> = found.iter().map(|found| found.value["sort"].as_str().unwrap()).collect();
                    assert!(found.iter().eq(expected.iter().copied()), "{prefix:?} {after:?} {before:?}: {found:?}");
                }
            }
        }
    }
    let last = table.query::<Value>("p").after("a").descending().limit(2).send().await.unwrap();
    assert_eq!(last.iter().map(|found| found.key.sort()).collect::<Vec<_>>(), ["\u{10ffff}", "ä"]);
    assert_eq!(table.query::<Value>("p").limit(0).send().await.unwrap(), []);
    assert!(table.query::<Value>("").send().await.is_err());
}

#[tokio::test]
async fn a_table_of_the_environment_is_never_ignored() {
    let clients = Clients::new();
    let local = async || Table::from_env(&clients, "PILASTER_TEST_NO_SUCH_TABLE").await;
    local().await.unwrap().put("a", &account(1)).await.unwrap();
    assert_eq!(local().await.unwrap().get("a").await.unwrap(), Some(account(1)), "one table for each variable");
    let on_lambda = Clients::new().with_variable("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
    let error = Table::from_env(&on_lambda, "PILASTER_TEST_NO_SUCH_TABLE").await.unwrap_err();
    assert_eq!(error.to_string(), "the environment variable PILASTER_TEST_NO_SUCH_TABLE is not set, or blank");
    let watched = on_lambda.with_variable("AWS_LAMBDA_RUNTIME_API", "http://127.0.0.1:9000/.rt/crud");
    assert!(Table::from_env(&watched, "PILASTER_TEST_NO_SUCH_TABLE").await.is_ok());
    let clients = clients.with_variable("ORDERS_TABLE", "orders");
    let outcome = Table::from_env(&clients, "ORDERS_TABLE").await;
    match outcome {
        Ok(table) => assert!(cfg!(feature = "dynamodb") && !matches!(table.store, Store::Memory(_))),
        Err(error) => assert!(!cfg!(feature = "dynamodb") && error.to_string().starts_with("ORDERS_TABLE names")),
    }
}
