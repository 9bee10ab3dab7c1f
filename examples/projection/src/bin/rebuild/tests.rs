use pilaster::Clients;
use pilaster::table::Table;
use pilaster::testing::Caller;
use projection::money::{Currency, Money};
use projection::{Account, Event, sort_key};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), BoxError>;

/// Two tables, with this number of bookings of one euro on each account.
async fn projection(events: u64, accounts: &[&str]) -> Result<Projection, BoxError> {
    let projection = Projection { events: Table::in_memory(), accounts: Table::in_memory() };
    for account in accounts {
        for sequence in 1..=events {
            let event = Event { money: Money::new(100, Currency::Eur), owner: Some(format!("owner of {account}")) };
            projection.events.put((*account, sort_key(sequence)), &event).await?;
        }
    }
    Ok(projection)
}

async fn call(projection: &Projection, input: Value) -> Result<Value, pilaster::FunctionError> {
    let clients = Clients::new();
    clients.insert(projection.clone());
    Caller::new(rebuild::function()).with_clients(clients).call(input).await
}

#[tokio::test]
async fn an_account_with_an_earlier_layout_is_replaced_and_no_other_account_is() -> TestResult {
    let projection = projection(250, &["a-1", "a-2"]).await?;
    projection.accounts.put("a-1", &json!({ "version": 250, "cents": 1 })).await?;
    assert!(projection.accounts.get::<Account>("a-1").await.is_err(), "the layout of an earlier version");
    let input = serde_json::from_str(include_str!("../../../events/rebuild.json"))?;
    assert_eq!(call(&projection, input).await?, 250);
    let expected =
        Account { sequence: 250, owner: Some("owner of a-1".into()), balance: Some(Money::new(25_000, Currency::Eur)) };
    assert_eq!(projection.accounts.get("a-1").await?, Some(expected));
    assert_eq!(projection.accounts.get::<Value>("a-2").await?, None);
    Ok(())
}

#[tokio::test]
async fn an_account_with_a_missing_or_invalid_event_is_left_unchanged() -> TestResult {
    let projection = projection(120, &["a-1"]).await?;
    let stored = json!({ "sequence": 7, "owner": "ada", "balance": null });
    projection.accounts.put("a-1", &stored).await?;
    let invalid = json!({ "money": { "amount": "much", "currency": "EUR" } });
    let dollars = json!({ "money": { "amount": 1, "currency": "USD" } });
    for event in [None, Some(&invalid), Some(&dollars)] {
        match event {
            None => projection.events.delete(("a-1", sort_key(110))).await?,
            Some(event) => projection.events.put(("a-1", sort_key(110)), event).await?,
        }
        let error = call(&projection, json!("a-1")).await.expect_err("event 110");
        assert!(error.message().starts_with("event 110 of the account is missing"), "{error}");
        assert_eq!(projection.accounts.get::<Value>("a-1").await?.as_ref(), Some(&stored));
    }
    let error = call(&projection, json!("a-9")).await.expect_err("an account without events");
    assert!(error.message().starts_with("event 1 of the account is missing"), "{error}");
    assert_eq!(projection.accounts.get::<Value>("a-9").await?, None);
    Ok(())
}

#[tokio::test]
async fn the_tables_are_there_before_the_first_event() {
    let clients = Clients::new();
    Caller::new(rebuild::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Projection>());
}
