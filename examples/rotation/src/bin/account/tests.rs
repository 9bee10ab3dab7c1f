#[path = "../../../tests/common/secrets_manager.rs"]
mod secrets_manager;

use pilaster::Clients;
use pilaster::testing::Caller;
use serde_json::{Value, json};

use super::*;
use secrets_manager::SecretsManager;

/// The id of a resource whose creation timed out: that of the resource in its template, and that of the request.
const DERIVED: &str = "Account-5478a6d4-4d4f-4f4f-9a3b-0f4f5f6f7f8f";

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
    secrets_manager::accepts(&clients.get::<Service>().await?, name, key).await
}

/// Rotates the secret: sets the key of a new version, and makes it the current one.
async fn rotate(secret: &SecretsManager, service: &Service, token: &str) -> Result<(), BoxError> {
    secret.begin(token);
    let versions = service.versions("the-secret", token).await?.ok_or("it is the current version")?;
    service.create_key(&versions).await?;
    let (current, pending) = (service.value(&versions[0]).await?, service.value(&versions[1]).await?);
    service.set_key(&versions, [&current, &pending]).await?;
    service.finish(&versions).await
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
    for token in ["second", "third"] {
        rotate(&secret, &clients.get().await?, token).await?;
    }
    let keys = ["AWSCURRENT", "AWSPREVIOUS"].map(|stage| secret.value(stage).expect("a version")["key"].clone());
    for kind in ["Update", "Create"] {
        call(&clients, request(kind, "shop", "stack-1")).await?;
        for (key, is_accepted) in [(&keys[0], true), (&keys[1], true), (&json!("one"), false)] {
            assert_eq!(accepts(&clients, "shop", key.as_str().expect("a key")).await?, is_accepted, "{kind}");
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
    let new = SecretsManager::with_version("new first", &json!({ "account": "shop", "key": "of the new secret" }));
    let clients = new.clients_for(&clients.get::<Service>().await?.accounts).await?;
    let mut update = request("Update", "shop", "stack-1");
    update["OldResourceProperties"] = update["ResourceProperties"].clone();
    update["ResourceProperties"]["Secret"] = "the-new-secret".into();
    for _ in ["sent", "sent again"] {
        assert_eq!(call(&clients, update.clone()).await?["PhysicalResourceId"], "shop", "it is not replaced");
        assert!(accepts(&clients, "shop", "of the new secret").await? && accepts(&clients, "shop", "one").await?);
    }
    assert_eq!(secrets_manager::accepted(&clients.get().await?, "shop").await?.len(), 2);
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
    rollback["PhysicalResourceId"] = DERIVED.into();
    call(&clients, rollback).await?;
    assert!(accepts(&clients, "shop", "one").await?);
    Ok(())
}

#[tokio::test]
async fn a_creation_that_timed_out_is_rolled_back() -> Result<(), BoxError> {
    let clients = clients();
    call(&clients, request("Create", "shop", "stack-1")).await?;
    let mut rollback = request("Delete", "shop", "stack-1");
    rollback["PhysicalResourceId"] = DERIVED.into();
    call(&clients, rollback).await?;
    assert!(!accepts(&clients, "shop", "one").await?);
    Ok(())
}

#[tokio::test]
async fn the_deletion_of_what_was_never_created_succeeds() -> Result<(), BoxError> {
    let clients = clients();
    call(&clients, request("Create", "bank", "stack-1")).await?;
    for id in ["shop", DERIVED, "an id of CloudFormation"] {
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

/// An account may have a name that begins with the id of the resource in its template.
#[tokio::test]
async fn an_account_whose_name_looks_like_an_id_is_deleted_alone() -> Result<(), BoxError> {
    for name in ["Account-a", "Account-", "Account-r-1", "Account"] {
        let clients = clients();
        call(&clients, request("Create", name, "stack-1")).await?;
        let mut update = request("Update", "bank", "stack-1");
        update["PhysicalResourceId"] = name.into();
        assert_eq!(call(&clients, update).await?["PhysicalResourceId"], "bank");
        for properties in ["bank", name] {
            let mut delete = request("Delete", properties, "stack-1");
            delete["PhysicalResourceId"] = name.into();
            call(&clients, delete).await?;
            assert!(accepts(&clients, "bank", "one").await? && !accepts(&clients, name, "one").await?, "{name}");
        }
    }
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
