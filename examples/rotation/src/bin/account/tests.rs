#[path = "../../../tests/common/secrets_manager.rs"]
mod secrets_manager;

use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use super::*;
use secrets_manager::SecretsManager;

fn request(kind: &str, name: &str, stack: &str) -> Value {
    json!({
        "RequestType": kind,
        "ResponseURL": "...",
        "StackId": stack,
        "RequestId": "r-1",
        "LogicalResourceId": "Account",
        "PhysicalResourceId": if kind == "Create" { Value::Null } else { name.into() },
        "ResourceType": "Custom::Account",
        "ResourceProperties": { "ServiceToken": "...", "Name": name, "Secret": "the-secret" },
    })
}

/// Clients of a secret with the key `one`.
fn clients() -> Clients {
    SecretsManager::with_current(&json!({ "account": "shop", "key": "one" })).clients()
}

async fn call(clients: &Clients, event: Value) -> Result<Value, BoxError> {
    Ok(Caller::new(account::function()).with_clients(clients.clone()).call(event).await?)
}

async fn accepts(clients: &Clients, name: &str, key: &str) -> Result<bool, BoxError> {
    clients.get::<Service>().await?.accepts(name, &key.to_owned().into()).await
}

#[tokio::test]
async fn an_account_is_created_and_deleted_with_its_stack() -> Result<(), BoxError> {
    let clients = clients();
    for _ in ["created", "sent again"] {
        let response = call(&clients, request("Create", "shop", "stack-1")).await?;
        assert_eq!(response["PhysicalResourceId"], "shop");
        assert!(accepts(&clients, "shop", "one").await?);
    }
    for _ in ["deleted", "sent again"] {
        call(&clients, request("Delete", "shop", "stack-1")).await?;
        assert!(!accepts(&clients, "shop", "one").await?);
    }
    Ok(())
}

#[tokio::test]
async fn an_update_keeps_the_keys_that_were_rotated_since() -> Result<(), BoxError> {
    let secret = SecretsManager::with_current(&json!({ "account": "shop", "key": "one" }));
    let clients = secret.clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    let service: Service = clients.get().await?;
    for [pending, current] in [["two", "one"], ["three", "two"]] {
        service.set_keys("shop", [&pending.to_owned().into(), &current.to_owned().into()]).await?;
        secret.set_current(&json!({ "account": "shop", "key": pending }));
    }
    for kind in ["Update", "Create"] {
        call(&clients, request(kind, "shop", "stack-1")).await?;
        for (key, is_accepted) in [("three", true), ("two", true), ("one", false)] {
            assert_eq!(accepts(&clients, "shop", key).await?, is_accepted, "{kind}: {key}");
        }
    }
    Ok(())
}

/// The new secret has a key of its own. Callers have the old one until they read the new one.
#[tokio::test]
async fn an_update_to_another_secret_lets_the_account_accept_the_keys_of_both() -> Result<(), BoxError> {
    let secret = SecretsManager::with_current(&json!({ "account": "shop", "key": "one" }));
    let clients = secret.clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    secret.set_current(&json!({ "account": "shop", "key": "of the new secret" }));
    let mut update = request("Update", "shop", "stack-1");
    update["OldResourceProperties"] = update["ResourceProperties"].clone();
    update["ResourceProperties"]["Secret"] = "the-new-secret".into();
    for _ in ["sent", "sent again"] {
        assert_eq!(call(&clients, update.clone()).await?["PhysicalResourceId"], "shop", "it is not replaced");
        assert!(accepts(&clients, "shop", "of the new secret").await? && accepts(&clients, "shop", "one").await?);
    }
    let accounts = clients.get::<Service>().await?.accounts;
    assert_eq!(accounts.get::<Value>("shop").await?.expect("the account")["keys"].as_array().map(Vec::len), Some(2));
    // The first rotation of the new secret ends the life of the old key.
    let keys = ["rotated", "of the new secret"].map(|key| key.to_owned().into());
    clients.get::<Service>().await?.set_keys("shop", [&keys[0], &keys[1]]).await?;
    assert!(accepts(&clients, "shop", "rotated").await? && !accepts(&clients, "shop", "one").await?);
    Ok(())
}

#[tokio::test]
async fn another_name_is_another_account_and_the_old_one_is_deleted_afterwards() -> Result<(), BoxError> {
    let clients = clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    let mut update = request("Update", "bank", "stack-1");
    update["PhysicalResourceId"] = "shop".into();
    assert_eq!(call(&clients, update).await?["PhysicalResourceId"], "bank");
    assert!(accepts(&clients, "shop", "one").await?, "until CloudFormation deletes it");
    // The id says which one; the properties may be those of either.
    for (name, times) in [("shop", 2), ("bank", 2)] {
        for _ in 0..times {
            let mut delete = request("Delete", name, "stack-1");
            delete["PhysicalResourceId"] = "shop".into();
            call(&clients, delete).await?;
            assert!(accepts(&clients, "bank", "one").await? && !accepts(&clients, "shop", "one").await?, "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_account_of_another_stack_is_neither_taken_nor_deleted() -> Result<(), BoxError> {
    let clients = clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    let error = call(&clients, request("Create", "shop", "stack-2")).await.expect_err("it is taken");
    assert!(error.to_string().contains("belongs to another owner"), "{error}");
    // The rollback of a creation that timed out has another id.
    let mut rollback = request("Delete", "shop", "stack-2");
    rollback["PhysicalResourceId"] = "Account-r-1".into();
    call(&clients, rollback).await?;
    assert!(accepts(&clients, "shop", "one").await?);
    Ok(())
}

#[tokio::test]
async fn a_creation_that_timed_out_is_rolled_back() -> Result<(), BoxError> {
    let clients = clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    let mut rollback = request("Delete", "shop", "stack-1");
    rollback["PhysicalResourceId"] = "Account-r-1".into();
    call(&clients, rollback).await?;
    assert!(!accepts(&clients, "shop", "one").await?);
    Ok(())
}

#[tokio::test]
async fn the_deletion_of_what_was_never_created_succeeds() -> Result<(), BoxError> {
    let clients = clients();
    call(&clients, request("Create", "bank", "stack-1")).await?;
    for id in ["shop", "Account-r-1", "an id of CloudFormation"] {
        for properties in [json!({ "Name": "shop", "Secret": "the-secret" }), json!({}), json!({ "Name": ["shop"] })] {
            let mut delete = request("Delete", "shop", "stack-1");
            delete["PhysicalResourceId"] = id.into();
            delete["ResourceProperties"] = properties;
            let response = call(&clients, delete.clone()).await.unwrap_or_else(|error| panic!("{delete}: {error}"));
            assert_eq!(response["PhysicalResourceId"], id);
        }
    }
    assert!(accepts(&clients, "bank", "one").await?);
    Ok(())
}

/// The function is not called for it: Pilaster knows by the id that nothing was created.
#[tokio::test]
async fn the_rollback_of_a_failed_creation_succeeds_and_deletes_nothing() -> Result<(), BoxError> {
    let clients = clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    let taken = Caller::new(account::function()).with_clients(clients.clone()).without_logs();
    let mut create = request("Create", "shop", "stack-2");
    create["ResponseURL"] = "https://cloudformation.example.com/response".into();
    let response = taken.call(create).await?;
    assert_eq!(response["Status"], "FAILED", "{response}");
    let mut rollback = request("Delete", "shop", "stack-2");
    rollback["ResponseURL"] = "https://cloudformation.example.com/response".into();
    rollback["PhysicalResourceId"] = response["PhysicalResourceId"].clone();
    assert_eq!(taken.call(rollback).await?["Status"], "SUCCESS");
    assert!(accepts(&clients, "shop", "one").await?);
    Ok(())
}

/// With the developer's credentials, a local run would read a secret that is in use.
#[tokio::test]
async fn a_local_run_has_a_sample_and_does_not_call_aws() -> Result<(), BoxError> {
    let clients = Clients::new();
    let caller = Caller::new(account::function()).with_clients(clients.clone()).without_logs();
    caller.warm_up().await;
    assert!(clients.contains::<Service>(), "it is ready before the first event");
    let sample = include_str!("../../../events/account.json");
    assert_eq!(caller.call_text(sample).await?["PhysicalResourceId"], "pilaster-rotation");
    assert!(accepts(&clients, "pilaster-rotation", "one").await?);
    caller.call(request("Create", "shop", "stack-1")).await.expect_err("it is another secret");
    assert!(!clients.contains::<aws_sdk_secretsmanager::Client>(), "no client of AWS exists");
    Ok(())
}
