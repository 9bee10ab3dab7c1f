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
    clients.get::<Accounts>().await?.accepts(name, &key.to_owned().into()).await
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
    let clients = clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    let accounts: Accounts = clients.get().await?;
    accounts.set_keys("shop", [&"three".to_owned().into(), &"two".to_owned().into()]).await?;
    for kind in ["Update", "Create"] {
        call(&clients, request(kind, "shop", "stack-1")).await?;
        assert!(accepts(&clients, "shop", "three").await? && !accepts(&clients, "shop", "one").await?, "{kind}");
    }
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
    call(&clients, request("Delete", "shop", "stack-1")).await?;
    assert!(accepts(&clients, "bank", "one").await? && !accepts(&clients, "shop", "one").await?);
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
async fn the_clients_are_ready_before_the_first_event() {
    let clients = clients();
    Caller::new(account::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Secrets>() && clients.contains::<Accounts>());
}
