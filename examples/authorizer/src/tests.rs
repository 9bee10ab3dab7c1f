use std::time::{Duration, SystemTime};

use authorizer::{Partner, hash};
use pilaster::observe::logging::CapturedLogs;
use pilaster::table::{Item, Table};
use pilaster::testing::Caller;
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// The function as it is deployed, and its table in memory.
async fn deployed() -> (Caller<impl RawService>, Table) {
    let clients = Clients::new();
    let Accounts(table) = clients.get().await.expect("a table in memory");
    (Caller::new(authorize::function()).with_clients(clients), table)
}

async fn add(table: &Table, key: &str, partner: &str, is_read_only: bool) -> TestResult {
    let partner = Partner { partner: partner.to_owned(), is_read_only };
    Ok(table.put(format!("key#{}", hash(key)), &partner).await?)
}

fn request(method: &str, authorization: Option<&str>) -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../events/authorize.json")).expect("JSON");
    event["requestContext"]["http"]["method"] = method.into();
    match authorization {
        Some(authorization) => event["headers"]["authorization"] = authorization.into(),
        None => drop(event["headers"].as_object_mut().and_then(|headers| headers.remove("authorization"))),
    }
    event
}

fn denied() -> Value {
    json!({ "isAuthorized": false })
}

#[tokio::test]
async fn a_partner_is_allowed_with_each_of_its_keys() -> TestResult {
    let (caller, table) = deployed().await;
    add(&table, "old", "acme", false).await?;
    add(&table, "new", "acme", false).await?;
    for authorization in ["Bearer old", "Bearer new", "bearer  new"] {
        let response = caller.call(request("POST", Some(authorization))).await?;
        assert_eq!(response, json!({ "isAuthorized": true, "context": { "partner": "acme" } }), "{authorization}");
    }
    Ok(())
}

#[tokio::test]
async fn any_other_request_is_denied() -> TestResult {
    let (caller, table) = deployed().await;
    add(&table, "key", "acme", false).await?;
    let stored = hash("key");
    let hash_as_key = format!("Bearer {stored}");
    for authorization in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("key"),
        Some("Basic key"),
        Some("Bearer Key"),
        Some("Bearer key, key"),
        Some(&*hash_as_key),
    ] {
        assert_eq!(caller.call(request("GET", authorization)).await?, denied(), "{authorization:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_read_only_key_allows_no_change() -> TestResult {
    let (caller, table) = deployed().await;
    add(&table, "key", "acme", true).await?;
    assert_eq!(caller.call(request("GET", Some("Bearer key"))).await?["isAuthorized"], true);
    for method in ["POST", "PUT", "DELETE", "get", ""] {
        assert_eq!(caller.call(request(method, Some("Bearer key"))).await?, denied(), "{method}");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_that_has_expired_is_denied() -> TestResult {
    let (caller, table) = deployed().await;
    let partner = Partner { partner: "acme".to_owned(), is_read_only: false };
    let item = Item::new(format!("key#{}", hash("key")), &partner)?;
    table.put_item(item.expires_at(SystemTime::now() - Duration::from_secs(1))).await?;
    assert_eq!(caller.call(request("GET", Some("Bearer key"))).await?, denied());
    Ok(())
}

#[tokio::test]
async fn a_failure_allows_nothing_and_shows_no_key() -> TestResult {
    let (caller, table) = deployed().await;
    let logs = CapturedLogs::default();
    let caller = caller.with_logs(&logs);
    table.put(format!("key#{}", hash("secret-key")), &json!({ "partner": 7 })).await?;
    let error = caller.call(request("GET", Some("Bearer secret-key"))).await.expect_err("the item is not a partner");
    let lines = format!("{error:?} {:?}", logs.lines());
    assert!(!lines.contains("secret-key") && !lines.contains(&hash("secret-key")), "{lines}");
    Ok(())
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_event() {
    let clients = Clients::new();
    Caller::new(authorize::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Accounts>());
}
