//! What a caller sees if DynamoDB refuses a request, by a client whose responses are fixed.
#![cfg(feature = "aws")]

#[path = "common/clients.rs"]
mod clients;

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use crud::store::Users;
use pilaster::BoxError;
use pilaster::table::Table;
use pilaster::testing::Caller;
use pilaster::testing::http::{self, TestResponse};
use serde_json::{Value, json};

use self::clients::{KEY, clients};

/// Finds no item, and answers each write and query with this error.
#[derive(Clone, Debug)]
struct Refuses(Value);

impl HttpConnector for Refuses {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_read = request.headers().get("x-amz-target").is_some_and(|target| target.ends_with("GetItem"));
        let (status, body) = if is_read { (200, json!({})) } else { (400, self.0.clone()) };
        let status = status.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.to_string()))))
    }
}

async fn respond(error: Value, request: http::Request) -> Result<TestResponse, BoxError> {
    let connector = SharedHttpConnector::new(Refuses(error));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    let clients = clients();
    clients.insert(Users::new(Table::new(Client::from_conf(config), "users")));
    let crud = Caller::new(crud::service()).with_clients(clients).with_time_left(Duration::from_secs(60));
    Ok(crud.send(request.header("x-api-key", KEY)).await?)
}

fn error(name: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "the table of a bank" })
}

fn create() -> http::Request {
    http::post("/users").json(json!({ "email": "ada@example.com", "name": "Ada" }))
}

#[tokio::test(start_paused = true)]
async fn throttling_is_a_503_with_retry_after() -> Result<(), BoxError> {
    for name in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        for request in [create(), http::get("/users")] {
            let response = respond(error(name), request).await?;
            assert_eq!((response.status(), response.header("retry-after")), (503, Some("1")), "{name}");
            assert!(!response.text().contains("bank"), "{}", response.text());
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_always_conflicts_is_a_503() -> Result<(), BoxError> {
    let mut conflict = error("TransactionCanceledException");
    conflict["CancellationReasons"] = json!([{ "Code": "TransactionConflict" }, { "Code": "None" }]);
    let response = respond(conflict, create()).await?;
    assert_eq!((response.status(), response.header("retry-after")), (503, Some("1")), "{}", response.text());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn any_other_error_is_an_opaque_500() -> Result<(), BoxError> {
    let response = respond(error("ResourceNotFoundException"), create()).await?;
    assert_eq!(response.json::<Value>()?, json!({ "status": 500, "title": "Internal Server Error" }));
    Ok(())
}
