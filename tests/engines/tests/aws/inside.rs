//! The process with the engine's environment.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use engines::Engine;
use pilaster::config::secrets::{ExposeSecret, SecretString};
use pilaster::{BoxError, Clients, FromSecret, Secrets};
use serde::Deserialize;
use tokio::time::{advance, pause, resume};

use crate::tables;

/// Moves the clock of the cache while everything else goes on in real time.
async fn later(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

#[tokio::test]
#[ignore = "started by its namesake with the engine's environment"]
async fn puts_and_gets_an_item() -> Result<(), BoxError> {
    let clients = Clients::new();
    let dynamodb: aws_sdk_dynamodb::Client = clients.get().await?;
    dynamodb
        .create_table()
        .table_name("umbrellas")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?,
        )
        .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
        .send()
        .await?;
    let id = AttributeValue::S("7".to_owned());
    let colour = AttributeValue::S("red".to_owned());
    dynamodb.put_item().table_name("umbrellas").item("id", id.clone()).item("colour", colour.clone()).send().await?;
    let found = dynamodb.get_item().table_name("umbrellas").key("id", id).send().await?;
    assert_eq!(found.item().and_then(|item| item.get("colour")), Some(&colour));
    Ok(())
}

#[path = "../../../../examples/crud/tests/contract.rs"]
mod contract;

#[tokio::test]
#[ignore = "started by its namesake with the engine's environment"]
async fn keeps_users_as_every_store_must() -> Result<(), BoxError> {
    let (dynamodb, table) = tables::create("contract").await?;
    contract::run(&crud::store::Users::new(table)).await?;
    let left = dynamodb.scan().table_name("contract").send().await?;
    assert_eq!(left.count(), 0, "no user and no lock of an e-mail address stays behind: {:?}", left.items());
    Ok(())
}

#[derive(Deserialize, FromSecret)]
#[secret(id = "engines/database")]
struct Database {
    user: String,
    password: SecretString,
}

#[derive(FromSecret)]
#[secret(id = "engines/database", stage = "AWSPREVIOUS", text)]
struct Previous(SecretString);

/// `AWS_REGION` stands for a variable that names a secret: the environment has it, and a secret may have any name.
#[derive(FromSecret)]
#[secret(env = "AWS_REGION", binary)]
struct Key(pilaster::config::secrets::SecretSlice<u8>);

#[tokio::test]
#[ignore = "started by its namesake with the engine's environment"]
async fn reads_and_rotates_a_secret() -> Result<(), BoxError> {
    let clients = Clients::new();
    let manager: aws_sdk_secretsmanager::Client = clients.get().await?;
    let secrets: Secrets = clients.get().await?;

    const FIRST: &str = r#"{"user": "app", "password": "one"}"#;
    const SECOND: &str = r#"{"user": "app", "password": "two"}"#;
    manager.create_secret().name("engines/database").secret_string(FIRST).send().await?;
    let database = secrets.typed::<Database>().await?.0;
    assert_eq!((database.user.as_str(), database.password.expose_secret()), ("app", "one"));
    assert!(database.fresh().await.unwrap_err().is_unchanged());

    // The pause after an unchanged response is over, and the value is still kept.
    later(Duration::from_secs(10)).await;
    let rotated = manager.put_secret_value().secret_id("engines/database").secret_string(SECOND).send().await?;
    assert_eq!(secrets.typed::<Database>().await?.password.expose_secret(), "one");
    let fresh = database.fresh().await?;
    assert_eq!(fresh.password.expose_secret(), "two");
    assert_eq!(fresh.version(), rotated.version_id());
    assert_eq!(secrets.typed::<Database>().await?.password.expose_secret(), "two");

    assert_eq!(secrets.typed::<Previous>().await?.0.0.expose_secret(), FIRST);
    let first = secrets.get("engines/database").version(database.version().unwrap());
    assert_eq!(first.text().await?.expose_secret(), FIRST);

    let blob = aws_sdk_secretsmanager::primitives::Blob::new(*b"\x00\xff");
    manager.create_secret().name("us-east-1").secret_binary(blob).send().await?;
    assert_eq!(secrets.typed::<Key>().await?.0.0.expose_secret(), b"\x00\xff");

    // A function that rotates it itself: the next version is the current one, here at once.
    let third = secrets.set("engines/database", r#"{"user": "app", "password": "three"}"#).await?;
    assert_eq!(secrets.typed::<Database>().await?.password.expose_secret(), "three");
    assert_eq!(secrets.get("engines/database").value().await?.version(), third.as_deref());
    assert_eq!(secrets.typed::<Previous>().await?.0.0.expose_secret(), SECOND);
    secrets.set_binary("engines/made", b"\x01\x02".to_vec()).await?;
    assert_eq!(secrets.get("engines/made").binary().await?.expose_secret(), b"\x01\x02");

    let error = secrets.get("engines/nowhere").text().await.unwrap_err();
    assert!(error.is_unavailable());
    assert_eq!(error.to_string(), "could not get secret `engines/nowhere`");
    Ok(())
}

#[tokio::test]
#[ignore = "started by its namesake with the engine's environment"]
async fn outlives_an_outage() -> Result<(), BoxError> {
    let port = std::env::var("ENGINE_PORT")?.parse()?;
    let engine = Engine::on(port);
    let clients = Clients::new();
    let manager: aws_sdk_secretsmanager::Client = clients.get().await?;
    let secrets: Secrets = clients.get().await?;
    manager.create_secret().name("engines/outage").secret_string("kept").send().await?;
    assert_eq!(secrets.get("engines/outage").text().await?.expose_secret(), "kept");

    engine.stop();
    later(Duration::from_secs(301)).await;
    assert_eq!(secrets.get("engines/outage").text().await?.expose_secret(), "kept");
    assert!(secrets.get("engines/outage").force().text().await.unwrap_err().is_unavailable());

    later(Duration::from_secs(3600)).await;
    let error = secrets.get("engines/outage").text().await.unwrap_err();
    assert_eq!(error.to_string(), "could not get secret `engines/outage`");

    let back = Engine::on(port);
    manager.create_secret().name("engines/outage").secret_string("new").send().await?;
    assert_eq!(secrets.get("engines/outage").text().await?.expose_secret(), "new");
    drop(back);
    Ok(())
}
